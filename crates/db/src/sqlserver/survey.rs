//! What a login may do on a server and in a database, asked before anything begins.

use super::session::TdsSession;
use super::{first, ignores_case, literal};
use crate::checkup::{Need, Side};
use crate::{DbError, Session as _};

/// The oldest major version that the platform and the statements are for: SQL Server 2012.
const OLDEST: u64 = 11;

/// The engine edition of Azure SQL Database, which has no BACKUP.
const AZURE_DATABASE: &str = "5";

/// Databases that belong to the server.
const SYSTEM: [&str; 5] = ["master", "model", "msdb", "tempdb", "distribution"];

/// A permission, and what it is needed for.
struct Permission {
    phase: &'static str,
    name: &'static str,
    needed: bool,
    hint: &'static str,
}

const fn permission(
    phase: &'static str,
    name: &'static str,
    needed: bool,
    hint: &'static str,
) -> Permission {
    Permission {
        phase,
        name,
        needed,
        hint,
    }
}

/// What the login may do on the server.
const ON_SERVER: [Permission; 1] = [permission(
    "prove",
    "VIEW SERVER STATE",
    false,
    "GRANT VIEW SERVER STATE TO the login: without it nobody sees who works with the copy",
)];

/// What it may do in a source database.
const IN_SOURCE: [Permission; 2] = [
    permission(
        "inspect",
        "SELECT",
        true,
        "make it a member of db_datareader",
    ),
    permission(
        "clone",
        "BACKUP DATABASE",
        false,
        "make it a member of db_backupoperator, or restore the copy by hand and set `clone = \"adopt\"`",
    ),
];

/// What it may do in a target database that exists.
const IN_TARGET: [Permission; 5] = [
    permission(
        "inspect",
        "SELECT",
        true,
        "make it a member of db_owner in the copy",
    ),
    permission(
        "clean",
        "DELETE",
        true,
        "make it a member of db_owner in the copy",
    ),
    permission(
        "clean",
        "UPDATE",
        true,
        "make it a member of db_owner in the copy",
    ),
    permission(
        "clean",
        "CREATE TABLE",
        true,
        "make it a member of db_owner in the copy",
    ),
    permission(
        "clean",
        "ALTER ANY USER",
        false,
        "make it a member of db_owner in the copy: the source's users can't be dropped otherwise",
    ),
];

/// Asks the server, from `master`.
pub(super) fn server(session: &mut TdsSession, side: Side) -> Vec<Need> {
    let mut needs = vec![version(session)];
    for one in &ON_SERVER {
        needs.push(may(session, "NULL, NULL", one));
    }
    needs.push(history(session, side));
    needs.into_iter().map(Need::of_server).collect()
}

fn version(session: &mut TdsSession) -> Need {
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
    if row[2] == AZURE_DATABASE {
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

/// The history of restores says that a copy is one.
fn history(session: &mut TdsSession, side: Side) -> Need {
    let what = "reading msdb's history of restores";
    let asked = session.number("SELECT COUNT(*) FROM msdb.dbo.restorehistory");
    match (asked, side) {
        (Ok(count), _) => Need::there("prove", what, format!("{count} restores on record")),
        (Err(_), Side::Source) => Need::there("prove", what, "not needed of the source"),
        (Err(error), Side::Target) => Need::lacking(
            "prove",
            what,
            error.message,
            "GRANT SELECT ON msdb.dbo.restorehistory and msdb.dbo.backupset to the login: they prove that the copy is one",
        ),
    }
}

/// Whether the login has a permission on what is named by the first two arguments of HAS_PERMS_BY_NAME.
fn may(session: &mut TdsSession, on: &str, permission: &Permission) -> Need {
    let Permission {
        phase,
        name,
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
pub(super) fn state(session: &mut TdsSession, catalog: &str, side: Side) -> Vec<Need> {
    let what = "database that is open to all";
    if SYSTEM.iter().any(|name| name.eq_ignore_ascii_case(catalog)) {
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
        (Ok(None), Side::Target) => return Vec::new(),
        (Err(error), _) => return vec![Need::lacking("connect", what, error.message, "")],
    };
    let told = row[..5].join(", ");
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
pub(super) fn database(session: &mut TdsSession, side: Side) -> Vec<Need> {
    let permissions: &[Permission] = match side {
        Side::Source => &IN_SOURCE,
        Side::Target => &IN_TARGET,
    };
    permissions
        .iter()
        .map(|one| may(session, "DB_NAME(), N'DATABASE'", one))
        .collect()
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
