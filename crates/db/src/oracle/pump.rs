//! Data Pump as this program has it work: what is an export and nothing else, and how far a job is.

use super::session::{OracleSession, literal};
use crate::{Copied, Go, Session as _};

/// The words of a block that has an export done. Names, texts and comments apart, nothing else may stand in one.
const WORDS: [&str; 41] = [
    "DECLARE",
    "BEGIN",
    "END",
    "IF",
    "THEN",
    "ELSE",
    "IS",
    "NULL",
    "EXCEPTION",
    "WHEN",
    "OTHERS",
    "NUMBER",
    "VARCHAR2",
    "V_JOB",
    "V_STATE",
    "DBMS_DATAPUMP",
    "ATTACH",
    "OPEN",
    "OPERATION",
    "JOB_MODE",
    "JOB_NAME",
    "ADD_FILE",
    "HANDLE",
    "FILENAME",
    "DIRECTORY",
    "FILETYPE",
    "REUSEFILE",
    "KU$_FILE_TYPE_DUMP_FILE",
    "KU$_FILE_TYPE_LOG_FILE",
    "METADATA_FILTER",
    "NAME",
    "VALUE",
    "SET_PARAMETER",
    "SET_PARALLEL",
    "DEGREE",
    "START_JOB",
    "WAIT_FOR_JOB",
    "JOB_STATE",
    "TIMESTAMP_TO_SCN",
    "SYSTIMESTAMP",
    "RAISE_APPLICATION_ERROR",
];

/// Whether a statement is one block that has an export done, or goes on with one, and does nothing else.
pub(super) fn only_an_export(sql: &str) -> bool {
    let mut outside = String::new();
    let mut texts = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\'' {
            outside.push(c);
            continue;
        }
        let mut text = String::new();
        loop {
            match rest.next() {
                None => return false,
                // Twice, it is one of the text.
                Some('\'') if rest.next_if_eq(&'\'').is_none() => break,
                Some(c) => text.push(c),
            }
        }
        texts.push(text);
        outside.push(' ');
    }
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '#';
    let known = |word: &str| {
        WORDS.contains(&word.to_uppercase().as_str()) || word.chars().all(|c| c.is_ascii_digit())
    };
    let plain = |c: char| in_word(c) || c.is_whitespace() || "()=>,;.:-|<".contains(c);
    outside.chars().all(plain)
        && outside
            .split(|c| !in_word(c))
            .filter(|word| !word.is_empty())
            .all(known)
        && !outside.contains("--")
        && outside
            .split(|c| !in_word(c))
            .filter(|word| word.eq_ignore_ascii_case("OPEN"))
            .count()
            == 1
        // As this program writes it: an operation that is put together from texts could be another one.
        && sql.contains("DBMS_DATAPUMP.OPEN(operation => 'EXPORT',")
        && !texts
            .iter()
            .any(|text| ["IMPORT", "SQL_FILE"].contains(&text.to_uppercase().as_str()))
}

/// The job that a block has done.
pub(super) fn job_of(sql: &str) -> Option<&str> {
    sql.split_once("job_name => '")?.1.split('\'').next()
}

/// How far a job is, as the server tells of all that takes long; nothing where it does not.
pub(super) fn how_far(session: &mut OracleSession, job: &str) -> Option<Copied> {
    let mut copied = None;
    let asked = session.query(
        &format!(
            "SELECT SUM(o.sofar), SUM(o.totalwork) FROM v$session_longops o WHERE o.opname = {}",
            literal(job)
        ),
        &mut |row| {
            let number = |at| {
                row.value(at)
                    .integer()
                    .and_then(|it| u64::try_from(it).ok())
            };
            copied = number(0).zip(number(1)).map(|(done, of)| Copied {
                done,
                of,
                left: None,
            });
            Go::Break(())
        },
    );
    asked.ok()?;
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = "DECLARE\n  v_job NUMBER;\nBEGIN\n  v_job := DBMS_DATAPUMP.OPEN(operation => 'EXPORT', job_mode => 'SCHEMA', \
                          job_name => 'J');\n  DBMS_DATAPUMP.METADATA_FILTER(handle => v_job, name => 'SCHEMA_LIST', value => '''A'', ''it''''s''');\n  \
                          DBMS_DATAPUMP.START_JOB(handle => v_job);\nEND;";

    #[test]
    fn an_export_is_one_block_that_does_nothing_else() {
        assert!(only_an_export(EXPORT));
        for (from, to) in [
            ("'EXPORT'", "'IMPORT'"),
            ("'EXPORT'", "'SQL_FILE'"),
            ("'EXPORT'", "'IMP' || 'ORT'"),
            (
                "'EXPORT', job_mode",
                "'IMP' || 'ORT', job_name => 'EXPORT', job_mode",
            ),
            ("'EXPORT',", "'EXPORT' || '_X',"),
            (
                "END;",
                "dbms_datapump.open (operation => 'IMP' || 'ORT'); END;",
            ),
            ("END;", "DELETE FROM t; END;"),
            ("END;", "EXECUTE IMMEDIATE 'DROP TABLE t'; END;"),
            ("END;", "DBMS_DATAPUMP.OPEN(operation => 'IMPORT'); END;"),
            ("END;", "UTL_FILE.FREMOVE('D', 'f'); END;"),
            ("END;", "\"X\".y(); END;"),
            ("END;", "/* x */ END;"),
            ("''''s'''", "''''s"),
            ("START_JOB", "STOP_JOB"),
        ] {
            let other = EXPORT.replacen(from, to, 1);
            assert_ne!(other, EXPORT);
            assert!(!only_an_export(&other), "{other}");
        }
    }

    #[test]
    fn a_block_names_its_job() {
        assert_eq!(job_of(EXPORT), Some("J"));
        assert_eq!(job_of("BEGIN NULL; END;"), None);
    }
}
