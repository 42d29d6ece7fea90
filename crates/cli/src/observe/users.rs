//! Looks at who is left in a copy's databases.

use envclone_core::dialect::Users;
use envclone_core::evidence::Observed;
use envclone_core::inventory::Inventory;
use envclone_core::settings::Environment;
use envclone_core::user_check::{Left, Remaining, judge};
use envclone_core::verdict::Check;
use envclone_db::{Access, DbError, Go, Session};

use crate::inspect::{Eyes, hexadecimal, sight};

/// What is to be said of the users of every database; nothing on engines whose databases have none.
///
/// # Errors
/// [`DbError`] where a database can't be opened; what can't be seen in it is a verdict of its own.
pub(super) fn checks(
    eyes: Eyes<'_>,
    target: &Environment,
    source: &Inventory,
    dropped: &[String],
) -> Result<Vec<Check>, DbError> {
    let Ok(users) = eyes.dialect.users() else {
        return Ok(Vec::new());
    };
    let mut checks = Vec::new();
    for (role, name) in target.databases() {
        let mut session = eyes.engine.open(name, Access::Read)?;
        let found = match remaining(session.as_mut(), users) {
            Ok(remaining) => Observed::Known(remaining),
            Err(error) => Observed::Unknown {
                why: error.to_string(),
            },
        };
        checks.extend(judge(&role, &found, source, dropped));
    }
    Ok(checks)
}

fn remaining(session: &mut dyn Session, users: &dyn Users) -> Result<Remaining, DbError> {
    let sight = sight(session, &users.inspection().sight)?;
    let mut left = Vec::new();
    session.query(&users.left(), &mut |row| {
        left.push(Left {
            name: row.text(0),
            sid: hexadecimal(row.value(1)),
            created: row.text(2),
            needs_login: row.value(3).integer() == Some(1),
            login: Some(row.text(4)).filter(|login| !login.is_empty()),
        });
        Go::Continue(())
    })?;
    Ok(Remaining {
        users: left,
        sees_users: sight.users,
        sees_logins: sight.logins,
    })
}
