//! The server as a driver sees it that shares no code with the one that envclone uses: python-oracledb in its thin mode.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

use envclone_tns_server::{
    Account, AccountState, Answer, Options, OracleError, Release, Request, Type, Value,
};
use jiff::civil::datetime;
use std::process::Command;
use std::time::Duration;

/// Names a Python that has the package `oracledb`.
const VARIABLE: &str = "ENVCLONE_PYTHON_ORACLEDB";

fn python() -> Option<String> {
    let python = std::env::var(VARIABLE).ok()?;
    let import = Command::new(&python)
        .args(["-c", "import oracledb"])
        .output();
    import
        .is_ok_and(|done| done.status.success())
        .then_some(python)
}

fn long() -> String {
    "é€".repeat(30_000)
}

fn answer(request: &Request) -> Answer {
    let sql = request.sql.as_str();
    match sql {
        "SELECT * FROM all_types" => all_types(),
        "SELECT n FROM numbers" => Answer::rows(
            [("N", Type::Number)],
            (0..1000_i64).map(|number| [number.into()]),
        ),
        "SELECT n FROM nothing" => Answer::rows([("N", Type::Number)], [] as [Vec<Value>; 0]),
        "SELECT * FROM lobs" | "SELECT x.* FROM lobs x" => {
            let row = vec![long().into(), vec![7; 100_000].into(), Value::Null];
            Answer::rows(
                [("C", Type::Clob), ("B", Type::Blob), ("E", Type::Clob)],
                [row],
            )
        }
        "SELECT 1 FROM nowhere" => {
            Answer::Error(OracleError::new(942, "table or view does not exist").at(14))
        }
        "SELECT slowly FROM dual" => Answer::Done.after(Duration::from_secs(30)),
        "INSERT INTO counted VALUES (:1)" => Answer::Changed(vec![1, 2, 3]),
        _ if sql.starts_with("BEGIN") => {
            Answer::Out(vec![(1, 42.into()), (2, "text".into()), (3, long().into())])
        }
        _ => Answer::Changed(vec![2; request.rows.len()].into_iter().take(2000).collect())
            .or_one(request),
    }
}

/// One row where there are no batches.
trait OrOne {
    fn or_one(self, request: &Request) -> Self;
}

impl OrOne for Answer {
    fn or_one(self, request: &Request) -> Self {
        match request.rows.len() {
            0 | 1 => Self::changed(1),
            _ => self,
        }
    }
}

fn all_types() -> Answer {
    let columns = [
        ("N", Type::Number),
        ("D", Type::Decimal(10, 2)),
        ("V", Type::Varchar2(50)),
        ("NV", Type::NVarchar2(50)),
        ("C", Type::Char(5)),
        ("DT", Type::Date),
        ("TS", Type::Timestamp),
        ("R", Type::Raw(16)),
        ("BD", Type::BinaryDouble),
    ];
    let full: Vec<Value> = vec![
        7.into(),
        Value::Number("-12.5".to_owned()),
        "naïve".into(),
        "ñandú €".into(),
        "ab   ".into(),
        datetime(2026, 1, 2, 3, 4, 5, 0).into(),
        datetime(2026, 1, 2, 3, 4, 5, 600_000_000).into(),
        vec![1, 2].into(),
        (-2.5).into(),
    ];
    Answer::rows(columns, [full, vec![Value::Null; 9]])
}

#[test]
fn python_gets_along_with_it() {
    let Some(python) = python() else {
        eprintln!("not run: {VARIABLE} names no Python with oracledb");
        return;
    };
    for release in [Release::Nineteen, Release::TwentyThree] {
        let server = Options {
            release,
            accounts: vec![
                Account::new("system", "let me in").with_sysdba(),
                Account::new("locked", "let me in").in_state(AccountState::Locked),
            ],
            ..Options::default()
        }
        .start(answer)
        .unwrap();
        let done = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/witness.py"))
            .arg(server.port().to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{release:?}: {said}");

        let received = server.received();
        let values = &received[0].rows[0];
        assert_eq!(values[0], "naïve".into());
        assert_eq!(values[2], Value::Number("-12.5".to_owned()));
        assert_eq!(values[3], datetime(2026, 11, 27, 9, 8, 7, 0).into());
        assert_eq!(
            values[4],
            datetime(1899, 12, 31, 23, 59, 59, 123_456_000).into()
        );
        assert_eq!(values[5..], [vec![0, 255].into(), Value::Null, Value::Null]);
        assert_eq!(received[1].rows, [[long().into(), "x".into()]]);
        assert_eq!(received[2].rows.len(), 2000);
        let sent = |sql: &str| received.iter().filter(|request| request.sql == sql).count();
        assert_eq!((sent("COMMIT"), sent("ROLLBACK")), (1, 1));
        // With each call that follows it, as the driver does.
        assert!(sent("ALTER SESSION SET CURRENT_SCHEMA = \"ELSEWHERE\"") > 0);
        assert_eq!(sent("INSERT INTO lobs VALUES (:1)"), 1);
        let lob = received
            .iter()
            .find(|request| request.sql == "INSERT INTO lobs VALUES (:1)")
            .unwrap();
        assert_eq!(lob.rows, [["naïve".into()]]);
        assert!(received.iter().any(|request| request.autocommit));
        assert_eq!(server.breaks(), 1);
    }
}
