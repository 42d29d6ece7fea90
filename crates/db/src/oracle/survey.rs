//! What a login may do in a database and with a schema, asked before anything begins.

use super::session::{OracleSession, literal};
use super::{is_system, users};
use crate::checkup::{Need, Purpose, Side};
use crate::{DbError, Go, Session as _, Trouble};

/// The oldest major version that the driver speaks to.
const OLDEST: u64 = 12;

/// The character sets that the platform supports.
const CHARACTER_SETS: [&str; 2] = ["AL32UTF8", "WE8MSWIN1252"];

/// A connection that did not come about.
pub(super) fn unreachable(error: &DbError) -> Need {
    Need::missing(
        "connect",
        "connection",
        error.message.clone(),
        error.trouble.hint(),
    )
}

/// Everything that can be asked about a schema.
pub(super) fn all(session: &mut OracleSession, schema: &str, purpose: Purpose) -> Vec<Need> {
    let mut needs = vec![
        version(session).of_server(),
        character_set(session).of_server(),
    ];
    if purpose.makes_the_copy {
        needs.extend(
            data_pump(session, purpose.side)
                .into_iter()
                .map(Need::of_server),
        );
    }
    if purpose.side == Side::Target {
        needs.push(parting(session).of_server());
    }
    let there = state(session, schema, purpose);
    let open = there.as_ref().is_none_or(Need::is_there);
    let exists = there.is_some();
    needs.extend(there);
    if open && exists && !(purpose.makes_the_copy && purpose.side == Side::Target) {
        needs.push(visible(session, schema));
        if purpose.side == Side::Target && !purpose.makes_the_copy {
            needs.push(changeable(session, schema));
        }
        needs.push(sessions(session, schema));
    }
    needs
}

fn first(session: &mut OracleSession, sql: &str) -> Result<Option<Vec<String>>, DbError> {
    let mut first = None;
    session.query(sql, &mut |row| {
        first = Some((0..row.len()).map(|column| row.text(column)).collect());
        Go::Break(())
    })?;
    Ok(first)
}

fn version(session: &mut OracleSession) -> Need {
    let what = "version that the platform runs on";
    let asked = first(
        session,
        "SELECT p.version, p.product, SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME'), SYS_CONTEXT('USERENV', 'CON_NAME') \
         FROM SYS.product_component_version p WHERE p.product LIKE 'Oracle%'",
    );
    let row = match asked {
        Ok(Some(row)) => row,
        Ok(None) => return Need::lacking("connect", what, "the database does not say", ""),
        Err(error) => return Need::lacking("connect", what, error.message, ""),
    };
    let told = format!(
        "{} {}, called {} ({})",
        row[1].trim(),
        row[0],
        row[2],
        row[3]
    );
    let major: u64 = row[0]
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if major < OLDEST {
        Need::missing("connect", what, told, "use a database of 12c or later")
    } else {
        Need::there("connect", what, told)
    }
}

/// The platform supports two of them, and what another one does to its texts nobody knows.
fn character_set(session: &mut OracleSession) -> Need {
    let what = "character set that the platform supports";
    let asked = first(
        session,
        "SELECT p.value FROM SYS.nls_database_parameters p WHERE p.parameter = 'NLS_CHARACTERSET'",
    );
    match asked {
        Ok(Some(row)) if CHARACTER_SETS.contains(&row[0].as_str()) => {
            Need::there("inspect", what, row[0].clone())
        }
        Ok(Some(row)) => Need::lacking(
            "inspect",
            what,
            row[0].clone(),
            "the platform is made for AL32UTF8 and WE8MSWIN1252",
        ),
        Ok(None) => Need::lacking("inspect", what, "the database does not say", ""),
        Err(error) => Need::lacking("inspect", what, error.message, ""),
    }
}

/// Whether the schema is where the purpose wants it; none where it must not be, and is not.
fn state(session: &mut OracleSession, schema: &str, purpose: Purpose) -> Option<Need> {
    let what = "schema";
    if is_system(schema) {
        return Some(Need::missing(
            "connect",
            what,
            "it belongs to the database itself",
            "name the platform's schema",
        ));
    }
    let owner = literal(&schema.to_uppercase());
    let asked = first(
        session,
        &format!(
            "SELECT TO_CHAR(u.created, 'YYYY-MM-DD HH24:MI:SS') FROM all_users u WHERE u.username = {owner}"
        ),
    );
    let made = purpose.makes_the_copy && purpose.side == Side::Target;
    match asked {
        Ok(Some(row)) if made => Some(Need::missing(
            "clone",
            "name that no user has",
            format!("there is a user {schema}, made {}", row[0]),
            "name a new target, or take the existing copy over with `clone = \"adopt\"`",
        )),
        Ok(Some(row)) => Some(Need::there("connect", what, format!("made {}", row[0]))),
        Ok(None) if made => None,
        Ok(None) => Some(Need::missing(
            "connect",
            what,
            "there is no user of this name",
            match purpose.side {
                Side::Source => "correct the name in the settings",
                Side::Target => "import the copy, or let envclone make it with `clone = \"make\"`",
            },
        )),
        Err(error) => Some(Need::lacking("connect", what, error.message, "")),
    }
}

/// What exporting or importing other users' schemas takes, and on the target's side making their users and tablespaces.
fn data_pump(session: &mut OracleSession, side: Side) -> Vec<Need> {
    let role = match side {
        Side::Source => "EXP_FULL_DATABASE",
        Side::Target => "IMP_FULL_DATABASE",
    };
    let mut needs = vec![granted(
        session,
        "role for Data Pump",
        // Both roles of this kind bring the one that is asked for along.
        &format!("SELECT COUNT(*) FROM SYS.session_roles r WHERE r.role = '{role}'"),
        1,
        &format!("GRANT DATAPUMP_{role} TO the login"),
    )];
    if side == Side::Target {
        needs.push(granted(
            session,
            "making tablespaces and users",
            "SELECT COUNT(*) FROM SYS.session_privs p WHERE p.privilege IN ('CREATE TABLESPACE', 'CREATE USER', \
             'GRANT ANY PRIVILEGE')",
            3,
            "GRANT CREATE TABLESPACE, CREATE USER, GRANT ANY PRIVILEGE TO the login",
        ));
        let what = "reading what the database has";
        let hint = "GRANT SELECT_CATALOG_ROLE TO the login";
        needs.push(
            match session.number("SELECT COUNT(*) FROM dba_tablespaces") {
                Ok(count) => Need::there("clone", what, format!("{count} tablespaces")),
                Err(error) => Need::missing("clone", what, error.message, hint),
            },
        );
    }
    let what = "directory for dump files";
    let hint = "CREATE DIRECTORY … AS '…'; GRANT READ, WRITE ON DIRECTORY … TO the login; and name it under [copy]";
    let asked =
        session.texts("SELECT d.directory_name FROM all_directories d ORDER BY d.directory_name");
    needs.push(match asked {
        Ok(names) if names.is_empty() => Need::missing("clone", what, "the login sees none", hint),
        Ok(names) => Need::there("clone", what, names.join(", ")),
        Err(error) => Need::missing("clone", what, error.message, hint),
    });
    needs
}

/// Whether the login may take rights on objects away, and see who has them. Whether a run does, where source and copy are in one
/// database, is not known here.
fn parting(session: &mut OracleSession) -> Need {
    let what = "taking rights away between users";
    let hint = "where source and target are one database: GRANT GRANT ANY OBJECT PRIVILEGE, SELECT ANY DICTIONARY TO the login";
    let lists = [
        "SELECT COUNT(*) FROM dba_tab_privs p WHERE 1 = 0",
        "SELECT COUNT(*) FROM dba_col_privs p WHERE 1 = 0",
    ];
    let seen = lists
        .iter()
        .try_for_each(|sql| session.number(sql).map(drop));
    let granted = seen.and_then(|()| {
        session.number(
            "SELECT COUNT(*) FROM SYS.session_privs p WHERE p.privilege = 'GRANT ANY OBJECT PRIVILEGE'",
        )
    });
    match granted {
        Ok(0) => Need::lacking("clean", what, "not granted", hint),
        Ok(_) => Need::there("clean", what, "granted"),
        Err(error) => Need::lacking("clean", what, error.message, hint),
    }
}

/// Whether so many rights are there as are needed.
fn granted(session: &mut OracleSession, what: &str, count: &str, needed: u64, hint: &str) -> Need {
    match session.number(count) {
        Ok(there) if there >= needed => Need::there("clone", what, "granted"),
        Ok(_) => Need::missing("clone", what, "not granted", hint),
        Err(error) => Need::missing("clone", what, error.message, hint),
    }
}

/// Whether the login sees the schema's tables: it is its user, or a DBA.
fn visible(session: &mut OracleSession, schema: &str) -> Need {
    let what = "reading the schema's tables";
    let owner = literal(&schema.to_uppercase());
    let hint = "log in as the schema's own user, or GRANT SELECT ANY TABLE, SELECT ANY DICTIONARY TO the login";
    match session.number(&format!(
        "SELECT COUNT(*) FROM all_tables t WHERE t.owner = {owner}"
    )) {
        Ok(0) => Need::lacking("inspect", what, "the login sees no table in it", hint),
        Ok(count) => Need::there("inspect", what, format!("{count} tables")),
        Err(error) => Need::missing("inspect", what, error.message, hint),
    }
}

/// Whether the login may delete and update in the schema, and make a table there.
fn changeable(session: &mut OracleSession, schema: &str) -> Need {
    let what = "changing the schema's rows";
    let owner = literal(&schema.to_uppercase());
    let asked = session.number(&format!(
        "SELECT CASE WHEN SYS_CONTEXT('USERENV', 'SESSION_USER') = {owner} THEN 5 ELSE \
         (SELECT COUNT(*) FROM SYS.session_privs p WHERE p.privilege IN ('DELETE ANY TABLE', 'UPDATE ANY TABLE', \
         'INSERT ANY TABLE', 'CREATE ANY TABLE', 'LOCK ANY TABLE')) END FROM dual"
    ));
    let hint = "log in as the schema's own user, or GRANT DELETE ANY TABLE, UPDATE ANY TABLE, INSERT ANY TABLE, \
                CREATE ANY TABLE, LOCK ANY TABLE TO the login";
    match asked {
        Ok(5) => Need::there("clean", what, "granted"),
        Ok(_) => Need::missing("clean", what, "not all of it is granted", hint),
        Err(error) => Need::missing("clean", what, error.message, hint),
    }
}

fn sessions(session: &mut OracleSession, schema: &str) -> Need {
    let what = "seeing who works with the schema";
    match users(session, schema, schema) {
        Ok(_) => Need::there("prove", what, "granted"),
        Err(error) if error.trouble == Trouble::NotPermitted => Need::lacking(
            "prove",
            what,
            error.message,
            "GRANT SELECT ON SYS.V_$SESSION TO the login",
        ),
        Err(error) => Need::lacking("prove", what, error.message, ""),
    }
}
