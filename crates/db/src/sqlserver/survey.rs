//! What a login may do on a server and in a database, asked before anything begins.

use super::session::TdsSession;
use super::{first, ignores_case, literal};
use crate::checkup::{Need, Purpose, Side};
use crate::{DbError, Session as _};

/// The oldest major version that the platform and the statements are for: SQL Server 2012.
const OLDEST: u64 = 11;

/// The engine edition of Azure SQL Database, which has no BACKUP.
const AZURE_DATABASE: &str = "5";

/// Databases that belong to the server.
const SYSTEM: [&str; 5] = ["master", "model", "msdb", "tempdb", "distribution"];

/// Whether a database is one of the server's own.
pub(super) fn is_system(catalog: &str) -> bool {
    SYSTEM.iter().any(|name| name.eq_ignore_ascii_case(catalog))
}

/// A permission, and what it is needed for.
struct Permission {
    phase: &'static str,
    /// As HAS_PERMS_BY_NAME has it.
    name: &'static str,
    /// On what: the first two arguments of HAS_PERMS_BY_NAME.
    on: &'static str,
    /// Whether the run would end without it.
    needed: bool,
    hint: &'static str,
}

const SERVER: &str = "NULL, NULL";
const DATABASE: &str = "DB_NAME(), N'DATABASE'";

/// What a person is told whose login may not do all in the copy.
const OWNER: &str = "make it a member of db_owner in the copy";

/// What the login may do on any server.
const ON_SERVER: [Permission; 1] = [Permission {
    phase: "prove",
    name: "VIEW SERVER STATE",
    on: SERVER,
    needed: false,
    hint: "GRANT VIEW SERVER STATE TO the login: without it nobody sees who works with the copy, nor how far a backup or \
           restore is",
}];

/// On a server that a copy is made on.
const ON_MAKING_SERVER: [Permission; 2] = [
    Permission {
        phase: "clone",
        name: "CREATE ANY DATABASE",
        on: SERVER,
        needed: true,
        hint: "make it a member of dbcreator on the target's server, or restore the copy by hand and set `clone = \"adopt\"`",
    },
    Permission {
        phase: "clone",
        name: "IMPERSONATE",
        on: "SUSER_SNAME(0x01), N'LOGIN'",
        needed: false,
        hint: "the copy can't be given to the server's administrator: name another owner, or leave it to the login that \
               restores, by `owner = \"login\"` under [copy]",
    },
];

/// In any source database.
const IN_SOURCE: [Permission; 2] = [
    Permission {
        phase: "inspect",
        name: "SELECT",
        on: DATABASE,
        needed: true,
        hint: "make it a member of db_datareader",
    },
    Permission {
        phase: "inspect",
        name: "VIEW DEFINITION",
        on: DATABASE,
        needed: false,
        hint: "GRANT VIEW DEFINITION TO the login's user: without it nobody sees which users the source has, and none of them \
               is dropped from a copy that envclone makes",
    },
];

/// In a source database that is backed up.
const IN_COPIED_SOURCE: [Permission; 2] = [
    Permission {
        phase: "clone",
        name: "BACKUP DATABASE",
        on: DATABASE,
        needed: true,
        hint: "make it a member of db_backupoperator, or restore the copy by hand and set `clone = \"adopt\"`",
    },
    Permission {
        phase: "clone",
        name: "BACKUP LOG",
        on: DATABASE,
        needed: false,
        hint: "make it a member of db_backupoperator: it takes a log backup to roll all copies forward to one moment",
    },
];

/// In a target database that exists.
const IN_TARGET: [Permission; 5] = [
    Permission {
        phase: "inspect",
        name: "SELECT",
        on: DATABASE,
        needed: true,
        hint: OWNER,
    },
    Permission {
        phase: "clean",
        name: "DELETE",
        on: DATABASE,
        needed: true,
        hint: OWNER,
    },
    Permission {
        phase: "clean",
        name: "UPDATE",
        on: DATABASE,
        needed: true,
        hint: OWNER,
    },
    Permission {
        phase: "clean",
        name: "CREATE TABLE",
        on: DATABASE,
        needed: true,
        hint: OWNER,
    },
    Permission {
        phase: "clean",
        name: "ALTER ANY USER",
        on: DATABASE,
        needed: false,
        hint: "make it a member of db_owner in the copy: the source's users can't be dropped otherwise",
    },
];

/// Asks the server, from `master`.
pub(super) fn server(session: &mut TdsSession, purpose: Purpose) -> Vec<Need> {
    let mut needs = vec![version(session, purpose)];
    needs.extend(may_all(session, &ON_SERVER));
    if purpose.makes_the_copy && purpose.side == Side::Target {
        needs.extend(may_all(session, &ON_MAKING_SERVER));
    }
    needs.extend(history(session, purpose));
    needs.into_iter().map(Need::of_server).collect()
}

fn may_all(session: &mut TdsSession, permissions: &[Permission]) -> Vec<Need> {
    permissions.iter().map(|one| may(session, one)).collect()
}

fn version(session: &mut TdsSession, purpose: Purpose) -> Need {
    let what = "version that the platform runs on";
    let asked = first(
        session,
        "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)), \
         CAST(SERVERPROPERTY('EngineEdition') AS nvarchar(16)), CAST(SERVERPROPERTY('ServerName') AS nvarchar(256))",
    );
    let row = match asked {
        Ok(Some(row)) => row,
        Ok(None) => return Need::lacking("connect", what, "the server does not say", ""),
        Err(error) => return Need::lacking("connect", what, error.message, ""),
    };
    let told = format!("SQL Server {}, {}, called {}", row[0], row[1], row[3]);
    let major: u64 = row[0]
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if row[2] == AZURE_DATABASE && purpose.makes_the_copy {
        Need::missing(
            "connect",
            what,
            format!("{told}: Azure SQL Database has no BACKUP and no RESTORE"),
            "make the copy with `CREATE DATABASE … AS COPY OF …` and set `clone = \"adopt\"`; the run then needs \
             `--override restore-unproven=REASON`",
        )
    } else if major < OLDEST {
        Need::missing("connect", what, told, "use a server of 2012 or later")
    } else {
        Need::there("connect", what, told)
    }
}

/// The histories that the server keeps in `msdb`: that of backups says that one was made, that of restores that a copy is
/// one.
fn history(session: &mut TdsSession, purpose: Purpose) -> Option<Need> {
    let (phase, what, table, hint) = match (purpose.side, purpose.makes_the_copy) {
        (Side::Source, false) => return None,
        (Side::Source, true) => (
            "clone",
            "reading msdb's history of backups",
            "backupset",
            "GRANT SELECT ON msdb.dbo.backupset to the login: it says that a backup is complete",
        ),
        (Side::Target, _) => (
            "prove",
            "reading msdb's history of restores",
            "restorehistory",
            "GRANT SELECT ON msdb.dbo.restorehistory and msdb.dbo.backupset to the login: they prove that the copy is one",
        ),
    };
    Some(
        match session.number(&format!("SELECT COUNT(*) FROM msdb.dbo.{table}")) {
            Ok(count) => Need::there(phase, what, format!("{count} on record")),
            Err(error) if purpose.makes_the_copy => Need::missing(phase, what, error.message, hint),
            Err(error) => Need::lacking(phase, what, error.message, hint),
        },
    )
}

/// Whether the source's own log backups may come between the run's. COPY_ONLY leaves their chain alone, but each of them
/// takes the log that came before it: where one runs after a full backup of the run and before its log backup, the copy
/// can't be rolled forward. None where the history can't be read, which [`server`] says.
pub(super) fn log_backups(
    session: &mut TdsSession,
    catalog: &str,
    purpose: Purpose,
) -> Option<Need> {
    if purpose.side == Side::Target || !purpose.makes_the_copy {
        return None;
    }
    let what = "log backups at rest while the copy is made";
    let asked = session.number(&format!(
        "SELECT COUNT(*) FROM msdb.dbo.backupset WHERE database_name = {} AND type = 'L' AND is_copy_only = 0 \
         AND backup_finish_date > DATEADD(day, -1, GETDATE())",
        literal(catalog)
    ));
    Some(match asked.ok()? {
        0 => Need::there("clone", what, "none ran in the last 24 hours"),
        count => Need::lacking(
            "clone",
            what,
            format!("{count} ran in the last 24 hours"),
            "where several databases are copied to one moment, let the job that makes them rest meanwhile: one that runs \
             between a full backup of the run and its log backup ends the run, before anything is restored",
        ),
    })
}

/// Whether the login has a permission.
fn may(session: &mut TdsSession, permission: &Permission) -> Need {
    let Permission {
        phase,
        name,
        on,
        needed,
        hint,
    } = permission;
    let asked = session.number(&format!(
        "SELECT CASE WHEN HAS_PERMS_BY_NAME({on}, {}) = 1 THEN 1 ELSE 0 END",
        literal(name)
    ));
    let why = match asked {
        Ok(1) => return Need::there(phase, name, "granted"),
        Ok(_) => "not granted".to_owned(),
        Err(error) => error.message,
    };
    if *needed {
        Need::missing(phase, name, why, hint)
    } else {
        Need::lacking(phase, name, why, hint)
    }
}

/// What `sys.databases` says of a database, asked from `master`; none where it does not exist.
pub(super) fn state(session: &mut TdsSession, catalog: &str, purpose: Purpose) -> Vec<Need> {
    let side = purpose.side;
    let what = "database that is open to all";
    if is_system(catalog) {
        let why = "it belongs to the server itself";
        return vec![Need::missing(
            "connect",
            what,
            why,
            "name the platform's database",
        )];
    }
    let asked = first(
        session,
        &format!(
            "SELECT d.state_desc, d.user_access_desc, CASE WHEN d.is_read_only = 1 THEN 'read-only' ELSE 'writable' END, \
             d.recovery_model_desc, d.collation_name \
             FROM sys.databases d WHERE d.name = {}",
            literal(catalog)
        ),
    );
    let row = match (asked, side) {
        (Ok(Some(row)), _) => row,
        (Ok(None), Side::Source) => {
            let why = "there is none of this name, or the login may not see it";
            return vec![Need::missing(
                "connect",
                what,
                why,
                "correct the name in the settings",
            )];
        }
        (Ok(None), Side::Target) if purpose.makes_the_copy => return Vec::new(),
        (Ok(None), Side::Target) => {
            let why = "there is none of this name, or the login may not see it";
            let hint = "restore the copy, or let envclone make it with `clone = \"make\"`";
            return vec![Need::missing("connect", what, why, hint)];
        }
        (Err(error), _) => return vec![Need::lacking("connect", what, error.message, "")],
    };
    let told = row[..5].join(", ");
    if purpose.makes_the_copy && side == Side::Target {
        let hint = "name a new target, or take the existing copy over with `clone = \"adopt\"`";
        let what = "name that no database has";
        return vec![Need::missing("clone", what, told, hint)];
    }
    let online = row[0] == "ONLINE" && row[1] == "MULTI_USER";
    let writable = row[2] == "writable" || side == Side::Source;
    let open = if !online {
        let hint = "bring it online for everyone: RESTORE … WITH RECOVERY, ALTER DATABASE … SET ONLINE, MULTI_USER";
        Need::missing("connect", what, told, hint)
    } else if writable {
        Need::there("connect", what, told)
    } else {
        Need::missing("clean", what, told, "ALTER DATABASE … SET READ_WRITE")
    };
    vec![open, collation(&row[4])]
}

/// The platform asks for a collation that ignores case, and the statements rely on it.
fn collation(name: &str) -> Need {
    let what = "collation that ignores case";
    match ignores_case(name) {
        Some(true) => Need::there("inspect", what, name),
        Some(false) => Need::missing(
            "inspect",
            what,
            format!("{name} tells upper from lower case"),
            "the platform does not support it, and statements would miss rows: find out how the database came to it",
        ),
        None => Need::lacking(
            "inspect",
            what,
            format!("nobody says what {name} ignores"),
            "",
        ),
    }
}

/// Asks a database itself.
pub(super) fn database(session: &mut TdsSession, purpose: Purpose) -> Vec<Need> {
    let mut needs = may_all(
        session,
        match purpose.side {
            Side::Source => &IN_SOURCE,
            Side::Target => &IN_TARGET,
        },
    );
    if purpose.makes_the_copy && purpose.side == Side::Source {
        needs.extend(may_all(session, &IN_COPIED_SOURCE));
    }
    needs
}

/// A connection that did not come about.
pub(super) fn unreachable(error: &DbError) -> Need {
    Need::missing(
        "connect",
        "connection",
        error.message.clone(),
        error.trouble.hint(),
    )
}
