//! Rows, as they come.

use envclone_db::{Go, Session, Trouble, Value};
use envclone_tns_server::{self as tns, Answer, Column, Type};

use super::{BOTH, asked, of_release, script, session};

/// The cells of an answer, in the order of rows, as owned texts that say what kind they are.
fn seen(session: &mut dyn Session, content: bool) -> Vec<Vec<String>> {
    let mut seen = Vec::new();
    session
        .query("SELECT * FROM t", &mut |row| {
            let cell = |at| {
                let value = if content {
                    row.content(at)
                } else {
                    row.value(at)
                };
                match value {
                    Value::Text(bytes) => format!("text {}", String::from_utf8_lossy(bytes)),
                    Value::Bytes(bytes) => format!("bytes {bytes:?}"),
                    Value::Integer(number) => format!("integer {number}"),
                    Value::Real(number) => format!("real {number}"),
                    Value::Null => "null".to_owned(),
                }
            };
            // One more than there are.
            seen.push((0..=row.len()).map(cell).collect());
            Go::Continue(())
        })
        .unwrap();
    seen
}

#[test]
fn numbers_come_as_they_are() {
    const NUMBERS: [(&str, &str); 14] = [
        ("0", "integer 0"),
        ("7", "integer 7"),
        ("-3", "integer -3"),
        ("100", "integer 100"),
        ("9223372036854775807", "integer 9223372036854775807"),
        ("-9223372036854775808", "integer -9223372036854775808"),
        ("9223372036854775808", "text 9223372036854775808"),
        (
            "-99999999999999999999999999999999999999",
            "text -99999999999999999999999999999999999999",
        ),
        (
            "1000000000000000000000000000000",
            "text 1000000000000000000000000000000",
        ),
        ("12.05", "text 12.05"),
        ("-12.5", "text -12.5"),
        ("0.5", "text 0.5"),
        ("-0.001", "text -0.001"),
        ("1234567.000001", "text 1234567.000001"),
    ];
    for release in BOTH {
        let at = of_release(release, |_| {
            let rows = NUMBERS.map(|(number, _)| [tns::Value::number(number)]);
            Answer::rows([("N", Type::Number)], rows)
        });
        let mut session = session(&at);
        let expected: Vec<Vec<String>> = NUMBERS
            .iter()
            .map(|(_, cell)| vec![(*cell).to_owned(), "null".to_owned()])
            .collect();
        assert_eq!(seen(session.as_mut(), false), expected);
        let none = vec![vec!["null".to_owned(); 2]; NUMBERS.len()];
        assert_eq!(seen(session.as_mut(), true), none);
    }
}

fn moment(text: &str) -> tns::Value {
    let at: jiff::civil::DateTime = text.parse().unwrap();
    at.into()
}

#[test]
fn everything_else_comes_as_it_is() {
    for release in BOTH {
        let at = of_release(release, |_| {
            let columns = [
                ("V", Type::Varchar2(50)),
                ("NV", Type::NVarchar2(50)),
                ("C", Type::Char(4)),
                ("R", Type::Raw(16)),
                ("D", Type::Date),
                ("TS", Type::Timestamp),
                ("T2", Type::Timestamp),
                ("X", Type::BinaryDouble),
                ("B", Type::Blob),
                ("CL", Type::Clob),
                ("NC", Type::NClob),
                ("L", Type::Long),
            ];
            let full = vec![
                "Zürich ✓ 🙂".into(),
                "ñandú".into(),
                "ab  ".into(),
                vec![0, 1, 255].into(),
                moment("2026-11-02T08:05:00"),
                moment("2026-11-02T08:05:00.12"),
                moment("1900-01-01T00:00:00"),
                0.5.into(),
                vec![1_u8, 2, 3].into(),
                "naïve".into(),
                "€".into(),
                "long".into(),
            ];
            let blank = vec![" ".into(); 2];
            let blank = [blank, vec![tns::Value::Null; 7], vec![" ".into(); 3]].concat();
            Answer::rows(columns, [full, blank, vec![tns::Value::Null; 12]])
        });
        let mut session = session(&at);
        let rows = seen(session.as_mut(), false);
        assert_eq!(
            rows[0],
            [
                "text Zürich ✓ 🙂",
                "text ñandú",
                "text ab  ",
                "bytes [0, 1, 255]",
                "text 2026-11-02 08:05:00",
                "text 2026-11-02 08:05:00.12",
                "text 1900-01-01 00:00:00",
                "real 0.5",
                "bytes [1, 2, 3]",
                "text naïve",
                "text €",
                "text long",
                "null",
            ]
        );
        for (at, cell) in rows[1].iter().enumerate() {
            let blank = [0, 1, 9, 10, 11].contains(&at);
            assert_eq!(cell, if blank { "text  " } else { "null" }, "{at}");
        }
        assert!(rows[2].iter().all(|cell| cell == "null"), "{:?}", rows[2]);

        let content = seen(session.as_mut(), true);
        for (at, cell) in content[0].iter().enumerate() {
            let shown = ![4, 5, 6, 7].contains(&at);
            assert_eq!(cell, if shown { &rows[0][at] } else { "null" }, "{at}");
        }
    }
}

#[test]
fn large_values_come_whole() {
    for release in BOTH {
        let at = of_release(release, |_| {
            let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
            let row = |text: &str| vec![text.repeat(100_000).into(), bytes.clone().into()];
            Answer::rows(
                [("C", Type::Clob), ("B", Type::Blob)],
                [row("é"), row("€"), row("x")],
            )
        });
        let mut lengths = Vec::new();
        session(&at)
            .query("SELECT c, b FROM t", &mut |row| {
                let Value::Bytes(bytes) = row.value(1) else {
                    panic!("no bytes");
                };
                lengths.push((row.text(0).chars().count(), bytes.len()));
                Go::Continue(())
            })
            .unwrap();
        assert_eq!(lengths, [(100_000, 300_000); 3]);
    }
}

#[test]
fn a_column_that_cannot_be_read_is_an_error_that_names_it() {
    // Their numbers in the protocol.
    for (number, name) in [(252, "BOOLEAN"), (183, "INTERVAL DAY")] {
        let at = script(move |request| match request.sql.contains("dual") {
            true => super::number(1),
            false => Answer::Rows {
                columns: vec![
                    ("ID", Type::Number).into(),
                    Column::from(("IS_ODD", Type::Other(number))),
                ],
                rows: Vec::new(),
            },
        });
        let mut session = session(&at);
        let error = session
            .query("SELECT * FROM t", &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
        let text = error.to_string();
        assert!(text.contains("IS_ODD") && text.contains(name), "{text}");
        assert!(text.starts_with("`QA@ora1/pdb`: "), "{text}");
        assert_eq!(session.number("SELECT 1 FROM dual").unwrap(), 1);
    }
}

fn many(count: i64) -> Answer {
    Answer::rows([("N", Type::Number)], (0..count).map(|n| [n.into()]))
}

#[test]
fn many_rows_come_in_order() {
    for release in BOTH {
        for count in [0, 1, 2, 3, 199, 200, 201, 202, 203, 402, 1050] {
            let at = of_release(release, move |_| many(count));
            let mut numbers = Vec::new();
            session(&at)
                .query("-- all of them\nSELECT n FROM t", &mut |row| {
                    numbers.extend(row.value(0).integer());
                    Go::Continue(())
                })
                .unwrap();
            assert_eq!(numbers, (0..count).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_small_table_takes_one_round_trip() {
    for release in BOTH {
        for (count, fetches) in [(0, 0), (1, 0), (99, 0), (100, 1), (199, 1), (200, 2)] {
            let at = of_release(release, move |_| many(count));
            let mut session = session(&at);
            let before = asked(&at).len();
            let mut seen = 0;
            session
                .query("SELECT n FROM t", &mut |_| {
                    seen += 1;
                    Go::Continue(())
                })
                .unwrap();
            assert_eq!((seen, at.fetches()), (count, fetches));
            assert_eq!(asked(&at).len(), before + 1);
        }
    }
}

#[test]
fn rows_that_nobody_wants_leave_the_session_usable() {
    for release in BOTH {
        let at = of_release(release, |request| match request.sql.as_str() {
            "WITH t AS (SELECT 1 FROM dual) SELECT * FROM t" => many(5000),
            _ => super::number(1),
        });
        let mut session = session(&at);
        for _ in 0..3 {
            let mut seen = 0;
            session
                .query(
                    "WITH t AS (SELECT 1 FROM dual) SELECT * FROM t",
                    &mut |_| {
                        seen += 1;
                        match seen {
                            250 => Go::Break(()),
                            _ => Go::Continue(()),
                        }
                    },
                )
                .unwrap();
            assert_eq!(seen, 250);
            assert_eq!(session.number("SELECT 1 FROM dual").unwrap(), 1);
        }
    }
}

/// What the server answers when it is asked how large the largest value is.
const LENGTHS: [(Option<i64>, usize); 4] = [
    // It does not say.
    (None, 56),
    (Some(5_000_000), 56),
    (Some(50_000), 40),
    (Some(5_000), 0),
];

#[test]
fn the_larger_rows_are_the_fewer_come_at_a_time() {
    for release in BOTH {
        for (kind, length, seen_before) in LENGTHS
            .map(|(length, seen)| (Type::Blob, length, seen))
            .into_iter()
            .chain(
                [Type::Clob, Type::NClob, Type::Long, Type::Varchar2(10)]
                    .map(|kind| (kind, None, 0)),
            )
        {
            let at = of_release(release, move |request| {
                if request.sql.contains("DBMS_LOB") {
                    return match length {
                        Some(length) => super::number(length),
                        None => Answer::error(918, "column ambiguously defined"),
                    };
                }
                let cell = || match kind {
                    Type::Blob => tns::Value::Bytes(vec![1]),
                    _ => "x".into(),
                };
                let rows = (0..120).map(|n| vec![n.into(), cell()]);
                Answer::rows([("N", Type::Number), ("C", kind)], rows).cut_after(57)
            });
            let mut seen = 0;
            let error = session(&at)
                .query("SELECT n, c FROM t", &mut |_| {
                    seen += 1;
                    Go::Continue(())
                })
                .unwrap_err();
            assert_eq!(error.trouble, Trouble::Lost, "{error}");
            assert_eq!(seen, seen_before, "{kind:?} {length:?}");
            let question = "SELECT MAX(DBMS_LOB.GETLENGTH(\"C\")) FROM (\nSELECT n, c FROM t\n)";
            let times = |sql: &str| asked(&at).iter().filter(|one| *one == sql).count();
            assert_eq!(times(question), usize::from(kind == Type::Blob));
            // Only where fewer come than it began with.
            let anew = usize::from(seen_before > 0);
            assert_eq!(times("SELECT n, c FROM t"), 1 + anew);
        }
    }
}
