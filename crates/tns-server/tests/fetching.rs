//! Rows and LOBs, seen with the driver that envclone speaks to Oracle with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

mod common;

use common::{open, read_text, with_both};
use envclone_tns_server::{Answer, Column, Request, Type, Value};
use jiff::civil::datetime;
use oracledb::{DB_TYPE_CLOB, Lob, OracleTimestamp};
use std::io::{Read, Write};

#[test]
fn rows_of_all_types_are_read() {
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
        ("L", Type::Long),
    ];
    let script = move |_: &Request| {
        let full: Vec<Value> = vec![
            Value::Number("0.05".to_owned()),
            Value::Number("-12.5".to_owned()),
            "naïve".into(),
            "ñandú €".into(),
            "ab   ".into(),
            datetime(2026, 1, 2, 3, 4, 5, 0).into(),
            datetime(2026, 1, 2, 3, 4, 5, 600_000_000).into(),
            vec![1, 2, 3].into(),
            (-2.5).into(),
            "long".into(),
        ];
        Answer::rows(columns, [full, vec![Value::Null; 10]])
    };
    with_both(script, |server| {
        let connection = open(server);
        let mut rows = connection.query("SELECT * FROM t", &[]).unwrap();
        let kinds: Vec<String> = rows
            .columns()
            .iter()
            .map(|column| column.data_type())
            .collect();
        assert_eq!(
            kinds,
            [
                "NUMBER",
                "NUMBER(10,2)",
                "VARCHAR2(50)",
                "NVARCHAR2(50)",
                "CHAR(5)",
                "DATE",
                "TIMESTAMP(6)",
                "RAW(16)",
                "BINARY_DOUBLE",
                "LONG"
            ]
        );
        let row = rows.next().unwrap().unwrap();
        assert_eq!(row.get::<String>("N").unwrap(), "0.05");
        assert_eq!(row.get::<f64>("D").unwrap(), -12.5);
        assert_eq!(row.get::<String>("V").unwrap(), "naïve");
        assert_eq!(row.get::<String>("NV").unwrap(), "ñandú €");
        assert_eq!(row.get::<String>("C").unwrap(), "ab   ");
        assert_eq!(
            row.get::<OracleTimestamp>("DT").unwrap().to_string(),
            "2026-01-02T03:04:05.000000000"
        );
        assert_eq!(
            row.get::<OracleTimestamp>("TS").unwrap().to_string(),
            "2026-01-02T03:04:05.600000000"
        );
        assert_eq!(row.get::<Vec<u8>>("R").unwrap(), [1, 2, 3]);
        assert_eq!(row.get::<f64>("BD").unwrap(), -2.5);
        assert_eq!(row.get::<String>("L").unwrap(), "long");
        let row = rows.next().unwrap().unwrap();
        for at in 0..10 {
            assert_eq!(row.get::<Option<String>>(at).unwrap(), None);
        }
        assert!(rows.next().is_none());
    });
}

#[test]
fn an_empty_result_has_its_columns() {
    let columns = || {
        vec![
            Column {
                name: "ID".to_owned(),
                kind: Type::Decimal(10, 0),
                nullable: false,
            },
            ("TEXT", Type::Clob).into(),
        ]
    };
    with_both(
        move |_| Answer::Rows {
            columns: columns(),
            rows: Vec::new(),
        },
        |server| {
            let connection = open(server);
            let rows = connection.query("SELECT id, text FROM t", &[]).unwrap();
            let about: Vec<_> = rows
                .columns()
                .iter()
                .map(|column| (column.name().to_owned(), column.nullable()))
                .collect();
            assert_eq!(about, [("ID".to_owned(), false), ("TEXT".to_owned(), true)]);
            assert_eq!(rows.count(), 0);
        },
    );
}

#[test]
fn rows_are_fetched_piece_by_piece() {
    let script = |_: &Request| {
        let rows = (0..1050_i64).map(|number| [number.into(), "x".repeat(1000).into()]);
        Answer::rows([("N", Type::Number), ("V", Type::Varchar2(1000))], rows)
    };
    with_both(script, |server| {
        let connection = open(server);
        for (prefetch, size) in [
            (2, 100),
            (1, 1),
            (0, 7),
            (1050, 50),
            (1050, 1050),
            (3000, 10),
        ] {
            let statement = connection.statement("SELECT n, v FROM t").unwrap();
            let statement = statement
                .prefetch_rows(prefetch)
                .fetch_array_size(size)
                .build()
                .unwrap();
            let numbers: Vec<i64> = statement
                .query(&[])
                .unwrap()
                .map(|row| row.unwrap().get(0).unwrap())
                .collect();
            assert_eq!(numbers, (0..1050).collect::<Vec<_>>(), "{prefetch} {size}");
        }
    });
}

#[test]
fn two_cursors_are_open_at_once() {
    with_both(
        |request| {
            let from: i64 = if request.sql.contains('a') { 0 } else { 1000 };
            Answer::rows(
                [("N", Type::Number)],
                (from..from + 300).map(|number| [number.into()]),
            )
        },
        |server| {
            let connection = open(server);
            let first = connection.query("SELECT n FROM a", &[]).unwrap();
            let second = connection.query("SELECT n FROM b", &[]).unwrap();
            for (at, (a, b)) in first.zip(second).enumerate() {
                let (a, b): (i64, i64) = (a.unwrap().get(0).unwrap(), b.unwrap().get(0).unwrap());
                assert_eq!((a, b), (at as i64, at as i64 + 1000));
            }
        },
    );
}

#[test]
fn wide_rows_are_read() {
    let names: Vec<String> = (0..400).map(|number| format!("COLUMN_{number}")).collect();
    let script = move |_: &Request| {
        let columns = names
            .iter()
            .map(|name| (name.as_str(), Type::Varchar2(4000)));
        let row = |text: &str| {
            (0..400)
                .map(|_| text.repeat(200).into())
                .collect::<Vec<Value>>()
        };
        Answer::rows(columns, [row("a"), row("b")])
    };
    with_both(script, |server| {
        let rows: Vec<_> = open(server)
            .query("SELECT * FROM t", &[])
            .unwrap()
            .collect();
        assert_eq!(rows.len(), 2);
        let last: String = rows[1].as_ref().unwrap().get(399).unwrap();
        assert_eq!(last, "b".repeat(200));
    });
}

#[test]
fn lobs_are_read_as_values() {
    let script = |_: &Request| {
        let text = "é€".repeat(50_000);
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        Answer::rows(
            [
                ("ID", Type::Number),
                ("C", Type::Clob),
                ("N", Type::NClob),
                ("B", Type::Blob),
            ],
            [
                vec![1.into(), text.as_str().into(), "ñ".into(), bytes.into()],
                vec![2.into(), Value::Null, Value::Null, Value::Null],
                vec![3.into(), "short".into(), "x".into(), vec![1].into()],
            ],
        )
    };
    with_both(script, |server| {
        let connection = open(server);
        for _ in 0..2 {
            let rows: Vec<_> = connection
                .query("SELECT * FROM t", &[])
                .unwrap()
                .map(|row| {
                    let row = row.unwrap();
                    let (text, national): (Option<String>, Option<String>) =
                        (row.get(1).unwrap(), row.get(2).unwrap());
                    (text, national, row.get::<Option<Vec<u8>>>(3).unwrap())
                })
                .collect();
            assert_eq!(rows[0].0.as_ref().unwrap(), &"é€".repeat(50_000));
            assert_eq!(rows[0].2.as_ref().unwrap().len(), 100_000);
            assert_eq!(rows[1], (None, None, None));
            assert_eq!(
                rows[2],
                (
                    Some("short".to_owned()),
                    Some("x".to_owned()),
                    Some(vec![1])
                )
            );
        }
    });
}

#[test]
fn lobs_are_read_by_their_locators() {
    let script = |_: &Request| {
        let row = vec![
            "é€".repeat(5_000).into(),
            vec![7; 100_000].into(),
            Value::Null,
        ];
        Answer::rows(
            [("C", Type::Clob), ("B", Type::Blob), ("E", Type::Clob)],
            [row],
        )
    };
    with_both(script, |server| {
        let connection = open(server);
        let statement = connection.statement("SELECT c, b, e FROM t").unwrap();
        let mut rows = statement.fetch_lobs().build().unwrap().query(&[]).unwrap();
        let mut row = rows.next().unwrap().unwrap();
        let mut text: Lob = row.take(0).unwrap();
        // In units of UTF-16. Two that belong together the driver may read apart, and fail: no such characters here.
        assert_eq!(text.get_size().unwrap(), 10_000);
        let whole = read_text(&mut text);
        assert_eq!(whole, "é€".repeat(5_000));
        let mut bytes: Lob = row.take(1).unwrap();
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole).unwrap();
        assert_eq!(whole, vec![7; 100_000]);
        assert!(row.take::<Option<Lob>>(2).unwrap().is_none());
    });
}

#[test]
fn temporary_lobs_are_written_read_and_freed() {
    with_both(
        |_| Answer::Done,
        |server| {
            let connection = open(server);
            let mut lob = connection.create_lob(DB_TYPE_CLOB).unwrap();
            lob.write_all("naïve".as_bytes()).unwrap();
            lob.write_all(" text".as_bytes()).unwrap();
            assert_eq!(lob.get_size().unwrap(), 10);
            lob.trim(5).unwrap();
            lob.open().unwrap();
            assert!(lob.is_open().unwrap());
            lob.close().unwrap();
            drop(lob);
            connection.ping().unwrap();
        },
    );
}

#[test]
fn rows_can_come_several_times_over() {
    let script = |request: &Request| {
        let rows = (1..=3_i64).map(|number| [number.into()]);
        let times = request.sql.matches("again").count() as u64;
        Answer::rows([("N", Type::Number)], rows).again(times)
    };
    with_both(script, |server| {
        let connection = open(server);
        for (sql, times) in [
            ("SELECT n FROM again_again_again", 3),
            ("SELECT n FROM again", 1),
            ("SELECT n FROM t", 1),
        ] {
            let rows = connection.query(sql, &[]).unwrap();
            let numbers: Vec<i64> = rows.map(|row| row.unwrap().get(0).unwrap()).collect();
            assert_eq!(numbers, [1, 2, 3].repeat(times), "{sql}");
        }
    });
}
