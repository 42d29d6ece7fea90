//! What a server wrote about something long that it did, judged line by line: what was to be expected, and what was not.

use serde::{Deserialize, Serialize};

/// A server's own account of what it did, which is read when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The query that reads it: pieces of text, in order, a row each.
    pub sql: String,
    /// Troubles that were to be expected.
    pub expected: Vec<Expected>,
}

/// A trouble that was to be expected: it is told, and ends nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What it says: each of these texts is in it.
    pub says: Vec<String>,
    /// Why it was to be expected.
    pub because: String,
}

/// What an account comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Troubles that nobody expected, in the server's words.
    pub troubles: Vec<String>,
    /// How often each of the expected troubles was there, by why it was expected; only those that were.
    pub expected: Vec<(String, usize)>,
}

/// Judges an account. A trouble begins with a line that has an error's number (`ORA-` and five digits) in it, and goes on
/// over the lines after it that begin with one: those say what it came from.
#[must_use]
pub fn judge(text: &str, expected: &[Expected]) -> Judged {
    let mut judged = Judged::default();
    for trouble in troubles(text) {
        let known = expected
            .iter()
            .find(|one| one.says.iter().all(|part| trouble.contains(part.as_str())));
        match known {
            None => judged.troubles.push(trouble),
            Some(known) => {
                let counted = judged
                    .expected
                    .iter_mut()
                    .find(|(because, _)| *because == known.because);
                match counted {
                    Some((_, count)) => *count += 1,
                    None => judged.expected.push((known.because.clone(), 1)),
                }
            }
        }
    }
    judged
}

fn troubles(text: &str) -> Vec<String> {
    let mut troubles: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines().map(str::trim) {
        let begins = number(line) == Some(0);
        if goes_on && begins && !is_of_an_object(line) {
            if let Some(last) = troubles.last_mut() {
                last.push_str("; ");
                last.push_str(line);
            }
        } else if number(line).is_some() {
            troubles.push(line.to_owned());
            goes_on = true;
        } else {
            goes_on = false;
        }
    }
    troubles
}

/// Where a line has an error's number.
fn number(line: &str) -> Option<usize> {
    line.match_indices("ORA-").map(|(at, _)| at).find(|at| {
        let digits = line.get(at + 4..at + 9);
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Whether a line speaks of another object than the one before it: nothing of that is its cause.
fn is_of_an_object(line: &str) -> bool {
    line.contains(": Object type ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<Expected> {
        let one = |says: &[&str], because: &str| Expected {
            says: says.iter().map(|part| (*part).to_owned()).collect(),
            because: because.to_owned(),
        };
        vec![
            one(&["ORA-31684", "Object type USER"], "the users exist"),
            one(
                &["ORA-39083", "OBJECT_GRANT", "ORA-01917"],
                "nobody is there to grant it to",
            ),
        ]
    }

    #[test]
    fn what_was_expected_is_counted_and_all_else_is_trouble() {
        let log = "Master table \"SYSTEM\".\"J\" successfully loaded/unloaded\n\
                   Starting \"SYSTEM\".\"J\":\n\
                   Processing object type SCHEMA_EXPORT/USER\n\
                   ORA-31684: Object type USER:\"QA_OSADMIN\" already exists\n\
                   ORA-31684: Object type USER:\"QA_OSRUNTIME\" already exists\n\n\
                   Processing object type SCHEMA_EXPORT/TABLE/GRANT/OWNER_GRANT/OBJECT_GRANT\n\
                   ORA-39083: Object type OBJECT_GRANT failed to create with error:\n\
                   ORA-01917: user or role 'REPORTS' does not exist\n\n\
                   Failing sql is:\nGRANT SELECT ON \"QA_OSADMIN\".\"OSSYS_USER\" TO \"REPORTS\"\n\n\
                   ORA-39083: Object type TABLE:\"QA_OSADMIN\".\"T\" failed to create with error:\n\
                   ORA-00959: tablespace 'OSUSR' does not exist\n\
                   Job \"SYSTEM\".\"J\" completed with 4 error(s) at Fri Nov 27 11:00:00 2026 elapsed 0 00:00:10\n";
        let judged = judge(log, &expected());
        assert_eq!(
            judged.troubles,
            [
                "ORA-39083: Object type TABLE:\"QA_OSADMIN\".\"T\" failed to create with error:; ORA-00959: tablespace 'OSUSR' does not exist"
            ]
        );
        assert_eq!(
            judged.expected,
            [
                ("the users exist".to_owned(), 2),
                ("nobody is there to grant it to".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn a_grant_that_failed_for_another_reason_is_trouble() {
        let log = "ORA-39083: Object type OBJECT_GRANT failed to create with error:\nORA-00942: table or view does not exist\n";
        assert_eq!(judge(log, &expected()).troubles.len(), 1);
    }

    #[test]
    fn a_quiet_account_has_no_trouble() {
        let log = "Dump file set for SYSTEM.J is:\n  /u01/FLORA-12.dmp\nJob \"SYSTEM\".\"J\" successfully completed\n";
        assert_eq!(judge(log, &expected()), Judged::default());
    }
}
