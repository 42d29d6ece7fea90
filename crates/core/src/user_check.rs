//! Which users a safe copy does not have, whoever cleaned it. Knows nothing of the step that drops them: it has names of its
//! own, and asks who is there in words of its own.

use crate::engine::Role;
use crate::evidence::Observed;
use crate::inventory::Inventory;
use crate::principal::Principal;
use crate::verdict::{Check, Verdict};

/// What a finding about a user stands under, instead of a table's name: this and the user's name.
pub const USER: &str = "user ";

/// The same for what concerns all of them.
pub const USERS: &str = "users";

/// What the platform's users are called unless somebody chose other names.
const USUAL: [&str; 4] = ["osadmin", "osruntime", "osadmin_log", "osruntime_log"];

/// A user of a copy's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Its identifier, in hexadecimal digits after `0x`.
    pub sid: String,
    /// When it was made, as the database prints it.
    pub created: String,
    /// Whether it needs a login to be of use.
    pub needs_login: bool,
    /// Its login; none where none can be seen.
    pub login: Option<String>,
}

/// The users of one database of a copy, and whether those who were asked could see all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Those that can be seen.
    pub users: Vec<Left>,
    /// Whether all users of the database can be.
    pub sees_users: bool,
    /// Whether all logins of the server can be.
    pub sees_logins: bool,
}

/// Judges the users of one database: none may be one that the platform had in the source, and each should have a login.
/// `dropped` are names that the settings add.
#[must_use]
pub fn judge(
    role: &Role,
    found: &Observed<Remaining>,
    source: &Inventory,
    dropped: &[String],
) -> Vec<Check> {
    let check = |id: &str, title: &str, user: &str, verdict| Check {
        id: id.to_owned(),
        title: title.to_owned(),
        database: role.to_string(),
        table: match user {
            "" => USERS.to_owned(),
            user => format!("{USER}{user}"),
        },
        column: String::new(),
        verdict,
    };
    let users = |user: &str, verdict| {
        let title = "no user of the source's platform is left";
        check("no-source-user", title, user, verdict)
    };
    let logins = |user: &str, verdict| {
        let title = "every user has a login on this server";
        check("no-orphaned-user", title, user, verdict)
    };
    let unknown = |why: &str| Verdict::Unknown {
        why: why.to_owned(),
    };
    let residue = |sample: String| Verdict::Residue { rows: 1, sample };
    let remaining = match found {
        Observed::Known(remaining) => remaining,
        Observed::Unknown { why } => return vec![users("", unknown(why))],
    };
    let mut checks = Vec::new();
    let known = source.database(role).and_then(|database| {
        let users = database.users()?;
        Some(users.all.as_slice())
    });
    for user in &remaining.users {
        if let Some(why) = of_the_source(user, known, dropped) {
            checks.push(users(&user.name, residue(why)));
        } else if remaining.sees_logins && user.needs_login && user.login.is_none() {
            checks.push(logins(&user.name, residue("it has none".to_owned())));
        }
    }
    if !remaining.sees_users {
        checks.push(users(
            "",
            unknown("the login may not see all users of the database"),
        ));
    } else if known.is_none() {
        checks.push(users("", unknown("which users the source has is not known, and the platform's may have names of their own")));
    } else if checks.iter().all(|one| one.id != "no-source-user") {
        checks.push(users("", Verdict::Clean));
    }
    if !remaining.sees_logins {
        checks.push(logins(
            "",
            unknown("the login may not see all logins of the server"),
        ));
    } else if remaining.sees_users && checks.iter().all(|one| one.id != "no-orphaned-user") {
        checks.push(logins("", Verdict::Clean));
    }
    checks
}

/// Why a user is one of the source's platform; none where it is not.
fn of_the_source(user: &Left, known: Option<&[Principal]>, dropped: &[String]) -> Option<String> {
    let name = user.name.to_lowercase();
    if dropped.iter().any(|one| one.to_lowercase() == name) {
        return Some("the settings want it dropped".to_owned());
    }
    let usual = USUAL.contains(&name.as_str());
    let Some(known) = known else {
        return usual.then(|| "the platform's usual name".to_owned());
    };
    let original = known.iter().find(|one| {
        one.name.to_lowercase() == name && (one.sid == user.sid || one.created == user.created)
    })?;
    (usual || !original.found_as.is_empty()).then(|| match &user.login {
        Some(login) => format!("it came with the copy, and the login {login} comes in as it"),
        None => "it came with the copy".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::inventory::{Database, FORMAT, Factory};
    use crate::principal::{FoundAs, LoginOf, PrincipalKind, Principals};

    fn source(users: Option<Observed<Principals>>) -> Inventory {
        Inventory {
            format: FORMAT,
            digest: String::new(),
            tool: String::new(),
            engine: Engine::SqlServer,
            taken_at: String::new(),
            platform_version: None,
            server: None,
            databases: vec![Database {
                role: Role::Log,
                file: String::new(),
                identity: String::new(),
                locator: String::new(),
                bytes: 0,
                files: Vec::new(),
                recovery_model: None,
                links: Vec::new(),
                principals: users,
                tables: Vec::new(),
            }],
            entities: Vec::new(),
            catalogs: Vec::new(),
            factory: Factory::default(),
            key_check: String::new(),
            identities: Vec::new(),
        }
    }

    /// A source with these users, the second of which was recognized by a session.
    fn known() -> Inventory {
        let user = |name: &str, found_as: &[FoundAs]| Principal {
            name: name.to_owned(),
            kind: PrincipalKind::SqlUser,
            sid: format!("0x{}", name.len()),
            created: "2019".to_owned(),
            login: LoginOf::Unseen,
            default_schema: None,
            roles: Vec::new(),
            owns: Vec::new(),
            runs_modules: Vec::new(),
            permissions: 0,
            gives: Vec::new(),
            found_as: found_as.to_vec(),
        };
        let all = vec![
            user("OSADMIN_LOG", &[]),
            user("OSWEB", &[FoundAs::Session]),
            user("STAFF", &[]),
        ];
        source(Some(Observed::Known(Principals {
            all,
            unseen: Vec::new(),
        })))
    }

    fn left(name: &str, created: &str, login: Option<&str>) -> Left {
        Left {
            name: name.to_owned(),
            sid: "0xFF".to_owned(),
            created: created.to_owned(),
            needs_login: true,
            login: login.map(str::to_owned),
        }
    }

    /// Check and user of everything that is not clean.
    fn found(users: Vec<Left>, source: &Inventory, dropped: &[String]) -> Vec<(String, String)> {
        let remaining = Remaining {
            users,
            sees_users: true,
            sees_logins: true,
        };
        judge(&Role::Log, &Observed::Known(remaining), source, dropped)
            .into_iter()
            .filter(|check| check.verdict != Verdict::Clean)
            .map(|check| (check.id, check.table))
            .collect()
    }

    fn pair(id: &str, user: &str) -> (String, String) {
        (id.to_owned(), user.to_owned())
    }

    #[test]
    fn a_user_that_came_along_is_residue_and_one_that_was_made_later_is_not() {
        let users = vec![
            left("osadmin_log", "2019", Some("qa")),
            left("OSWEB", "2019", None),
            left("OSRUNTIME_LOG", "2026", Some("qa_runtime")),
        ];
        assert_eq!(
            found(users, &known(), &[]),
            [
                pair("no-source-user", "user osadmin_log"),
                pair("no-source-user", "user OSWEB")
            ]
        );
        let new = vec![left("OSADMIN_LOG", "2026", Some("qa_admin"))];
        assert_eq!(found(new, &known(), &[]), []);
        assert_eq!(found(Vec::new(), &known(), &[]), []);
    }

    #[test]
    fn a_user_without_a_login_is_listed() {
        let mut contained = left("APP", "2019", None);
        contained.needs_login = false;
        let users = vec![left("STAFF", "2019", None), contained];
        assert_eq!(
            found(users, &known(), &[]),
            [pair("no-orphaned-user", "user STAFF")]
        );
        let users = vec![left("STAFF", "2019", Some("STAFF"))];
        assert_eq!(
            found(users, &known(), &["staff".to_owned()]),
            [pair("no-source-user", "user STAFF")]
        );
    }

    #[test]
    fn what_could_not_be_seen_is_not_clean() {
        let blind = source(Some(Observed::Unknown { why: String::new() }));
        for source in [blind, source(None)] {
            let users = vec![left("OSADMIN_LOG", "2026", Some("x"))];
            assert_eq!(
                found(users, &source, &[]),
                [
                    pair("no-source-user", "user OSADMIN_LOG"),
                    pair("no-source-user", "users")
                ]
            );
        }
        let hidden = Remaining {
            users: vec![left("STAFF", "2019", None)],
            sees_users: false,
            sees_logins: false,
        };
        let unknown = |found| {
            let checks = judge(&Role::Log, &found, &known(), &[]);
            let of = |check: &Check| matches!(check.verdict, Verdict::Unknown { .. });
            checks.iter().filter(|check| of(check)).count()
        };
        assert_eq!(unknown(Observed::Known(hidden)), 2);
        let why = "the connection was lost".to_owned();
        assert_eq!(unknown(Observed::Unknown { why }), 1);
    }
}
