//! Looks at the users of a database, on engines that have some.

use envclone_core::dialect::{Dialect, UserQueries};
use envclone_core::evidence::Observed;
use envclone_core::principal::{
    LoginOf, Owned, Permission, PermissionState, Principal, PrincipalKind, Principals, Securable,
    SecurableKind,
};
use envclone_db::{DbError, Go, Session, Trouble, Value};

use super::{rows, unseen};

/// The users of a database, and who is logged in: the user and the host.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) principals: Option<Observed<Principals>>,
    pub(super) sessions: Vec<(String, String)>,
}

/// What may be seen: users of the database, logins and sessions of the server.
#[derive(Clone, Copy)]
pub struct Sight {
    /// All users of the database.
    pub users: bool,
    /// All logins of the server.
    pub logins: bool,
    /// All sessions of the server.
    pub sessions: bool,
}

/// Whether an error says that something is not there or not allowed, and not that the connection has ended.
fn is_about_the_question(error: &DbError) -> bool {
    !matches!(error.trouble, Trouble::Interrupted | Trouble::Lost)
}

/// What the session's login may see.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn sight(session: &mut dyn Session, sql: &str) -> Result<Sight, DbError> {
    let row = rows(session, sql)?.into_iter().next().unwrap_or_default();
    let may = |column: usize| row.get(column).is_some_and(|value| value == "1");
    Ok(Sight {
        users: may(0),
        logins: may(1),
        sessions: may(2),
    })
}

/// A value of bytes in hexadecimal digits after `0x`; empty where there is none.
#[must_use]
pub fn hexadecimal(value: Value<'_>) -> String {
    match value {
        Value::Bytes(bytes) if !bytes.is_empty() => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("0x{digits}")
        }
        _ => String::new(),
    }
}

/// The users of a database; none on engines whose databases have none.
pub(super) fn read(session: &mut dyn Session, dialect: &dyn Dialect) -> Result<Seen, DbError> {
    let Ok(users) = dialect.users() else {
        return Ok(Seen::default());
    };
    let queries = users.inspection();
    match seen(session, &queries) {
        Ok(seen) => Ok(seen),
        Err(error) if is_about_the_question(&error) => Ok(Seen {
            principals: Some(unseen(&error.message)),
            sessions: Vec::new(),
        }),
        Err(error) => Err(error),
    }
}

fn seen(session: &mut dyn Session, queries: &UserQueries) -> Result<Seen, DbError> {
    let sight = sight(session, &queries.sight)?;
    if !sight.users {
        return Ok(Seen {
            principals: Some(unseen(
                "the login may not see all users of the database (VIEW DEFINITION is missing)",
            )),
            sessions: Vec::new(),
        });
    }
    let mut principals = Principals {
        all: all(session, queries, sight)?,
        unseen: Vec::new(),
    };
    for row in rows(session, &queries.roles)? {
        if let [member, role] = row.as_slice() {
            with(&mut principals, member, |it| it.roles.push(role.clone()));
        }
    }
    for row in rows(session, &queries.permissions)? {
        if let [user, count] = row.as_slice() {
            let count = count.parse().unwrap_or(0);
            with(&mut principals, user, |it| it.permissions = count);
        }
    }
    each(session, &queries.modules, &mut principals, |it, row| {
        it.runs_modules.extend(row.get(1).cloned());
    })?;
    each(session, &queries.owned, &mut principals, |it, row| {
        it.owns.extend(owned(row));
    })?;
    each(session, &queries.given, &mut principals, |it, row| {
        it.gives.extend(permission(row));
    })?;
    let sessions = match rows(session, &queries.sessions) {
        Ok(rows) if sight.sessions => rows,
        Err(error) if !is_about_the_question(&error) => return Err(error),
        _ => Vec::new(),
    };
    let pair = |row: Vec<String>| {
        let [user, host] = <[String; 2]>::try_from(row).ok()?;
        Some((user, host))
    };
    Ok(Seen {
        principals: Some(Observed::Known(principals)),
        sessions: sessions.into_iter().filter_map(pair).collect(),
    })
}

/// Asks several queries, each of which names a user first; what can't be asked is noted.
fn each(
    session: &mut dyn Session,
    queries: &[(String, String)],
    principals: &mut Principals,
    take: impl Fn(&mut Principal, &[String]),
) -> Result<(), DbError> {
    for (what, sql) in queries {
        match rows(session, sql) {
            Ok(rows) => {
                for row in rows {
                    if let Some(user) = row.first() {
                        with(principals, user, |it| take(it, &row));
                    }
                }
            }
            Err(error) if is_about_the_question(&error) => {
                let note = format!("{what}: {}", error.message);
                if !principals.unseen.contains(&note) {
                    principals.unseen.push(note);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn with(principals: &mut Principals, name: &str, change: impl FnOnce(&mut Principal)) {
    // The names of one answer and another are the engine's own: they match as they are.
    if let Some(found) = principals.all.iter_mut().find(|one| one.name == name) {
        change(found);
    }
}

fn all(
    session: &mut dyn Session,
    queries: &UserQueries,
    sight: Sight,
) -> Result<Vec<Principal>, DbError> {
    let mut all = Vec::new();
    session.query(&queries.users, &mut |row| {
        let needs_login = row.value(6).integer() == Some(1);
        let login = match row.text(5) {
            login if !login.is_empty() => LoginOf::Named(login),
            _ if !needs_login => LoginOf::Unneeded,
            _ if sight.logins => LoginOf::Missing,
            _ => LoginOf::Unseen,
        };
        all.push(Principal {
            name: row.text(0),
            kind: kind(&row.text(1)),
            sid: hexadecimal(row.value(2)),
            created: row.text(3),
            login,
            default_schema: Some(row.text(4)).filter(|schema| !schema.is_empty()),
            roles: Vec::new(),
            owns: Vec::new(),
            runs_modules: Vec::new(),
            permissions: 0,
            gives: Vec::new(),
            found_as: Vec::new(),
        });
        Go::Continue(())
    })?;
    Ok(all)
}

fn kind(word: &str) -> PrincipalKind {
    match word {
        "sql-user" => PrincipalKind::SqlUser,
        "windows-user" => PrincipalKind::WindowsUser,
        "windows-group" => PrincipalKind::WindowsGroup,
        "key-user" => PrincipalKind::KeyUser,
        "role" => PrincipalKind::Role,
        "application-role" => PrincipalKind::ApplicationRole,
        _ => PrincipalKind::ExternalUser,
    }
}

/// NULL is empty in a row of texts.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn owned(row: &[String]) -> Option<Owned> {
    let [_, kind, schema, name, holds] = row else {
        return None;
    };
    Some(Owned {
        what: Securable {
            kind: SecurableKind::named(kind),
            schema: some(schema),
            name: name.clone(),
        },
        holds: holds.parse().ok(),
    })
}

fn permission(row: &[String]) -> Option<Permission> {
    let [_, state, name, kind, schema, on, column, to, by] = row else {
        return None;
    };
    Some(Permission {
        state: match state.trim() {
            "D" => PermissionState::Denied,
            "W" => PermissionState::GrantedOn,
            _ => PermissionState::Granted,
        },
        name: name.clone(),
        on: Securable {
            kind: SecurableKind::named(kind),
            schema: some(schema),
            name: on.clone(),
        },
        column: some(column),
        to: to.clone(),
        by: by.clone(),
    })
}

/// The logins that are users of a database; none on engines where that is no question.
pub(super) fn logins(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
) -> Result<Option<Observed<Vec<String>>>, DbError> {
    let Ok(users) = dialect.users() else {
        return Ok(None);
    };
    let asked = sight(session, &users.inspection().sight)
        .and_then(|sight| Ok((sight, session.texts(&users.logins())?)));
    match asked {
        Ok((sight, logins)) if sight.users && sight.logins => Ok(Some(Observed::Known(logins))),
        Ok(_) => Ok(Some(unseen(
            "the login may not see all users and logins (VIEW DEFINITION and VIEW ANY DEFINITION)",
        ))),
        Err(error) if is_about_the_question(&error) => Ok(Some(unseen(&error.message))),
        Err(error) => Err(error),
    }
}
