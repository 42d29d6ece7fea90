//! Which users a safe copy does not have, whoever cleaned it. Knows nothing of the step that drops them: it has names of its
//! own, and asks who is there in words of its own.

use crate::engine::Role;
use crate::evidence::Observed;
use crate::inventory::Inventory;
use crate::principal::Principal;
use crate::verdict::{Check, Verdict};

/// What findings about users are reported for: the catalog view that lists them.
pub const PLACE: &str = "sys.database_principals";

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
    let check = |id: &str, title: &str, column: &str, verdict| Check {
        id: id.to_owned(),
        title: title.to_owned(),
        database: role.to_string(),
        table: PLACE.to_owned(),
        column: column.to_owned(),
        verdict,
    };
    let users = |column: &str, verdict| {
        let title = "no user of the source's platform is left";
        check("no-source-user", title, column, verdict)
    };
    let logins = |column: &str, verdict| {
        let title = "every user has a login on this server";
        check("no-orphaned-user", title, column, verdict)
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
