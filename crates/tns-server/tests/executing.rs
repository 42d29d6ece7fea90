//! Statements, their values and their rows, seen with the driver that envclone speaks to Oracle with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

mod common;

use common::{open, statements};
use envclone_tns_server::{Answer, Call, Column, Options, Release, Server, Type, Value};
use jiff::civil::datetime;
use oracledb::{
    BindParameters, DB_TYPE_CLOB, DB_TYPE_NUMBER, DB_TYPE_VARCHAR, Lob, OracleNumber,
    OracleTimestamp, ToDbValue,
};
use std::io::{Read, Write};

/// All of a CLOB. The driver fails where there is room for less than a character, so that `read_to_string` won't do.
fn read_text(lob: &mut Lob) -> String {
    let (mut whole, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match lob.read(&mut piece).unwrap() {
            0 => return String::from_utf8(whole).unwrap(),
            length => whole.extend(&piece[..length]),
        }
    }
}

/// Once for each protocol.
fn with_both(
    script: impl Fn(&envclone_tns_server::Request) -> Answer + Clone + Send + Sync + 'static,
    test: impl Fn(&Server),
) {
    for release in [Release::Nineteen, Release::TwentyThree] {
        let options = Options {
            release,
            ..Options::default()
        };
        test(&options.start(script.clone()).unwrap());
    }
}

#[test]
fn values_are_bound() {
    with_both(
        |_| Answer::changed(3),
        |server| {
            let connection = open(server);
            let moment = OracleTimestamp::new_timestamp(2026, 11, 27, 9, 8, 7, 0);
            let fine = OracleTimestamp::new_timestamp(1899, 12, 31, 23, 59, 59, 123_456_789);
            let number: OracleNumber = "-12345678901234567890.5".parse().unwrap();
            let params: [&dyn ToDbValue; 9] = [
                &"naïve 'quote'",
                &42,
                &number,
                &moment,
                &fine,
                &vec![0_u8, 255],
                &None::<String>,
                &"",
                &1.5_f64,
            ];
            let sql = "UPDATE t SET a=:1, b=:2, c=:3, d=:4, e=:5, f=:6, g=:7, h=:8, i=:9";
            let done = connection.execute(sql, &params).unwrap();
            assert_eq!(done.rows_affected(), 3);
            let request = &server.received()[0];
            let expected = [
                "naïve 'quote'".into(),
                42.into(),
                Value::Number("-12345678901234567890.5".to_owned()),
                datetime(2026, 11, 27, 9, 8, 7, 0).into(),
                datetime(1899, 12, 31, 23, 59, 59, 123_456_789).into(),
                vec![0, 255].into(),
                Value::Null,
                Value::Null,
                1.5.into(),
            ];
            assert_eq!(request.rows, [expected]);
            let names: Vec<_> = request
                .binds
                .iter()
                .map(|bind| bind.name.as_str())
                .collect();
            assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
            assert_eq!(request.binds[1].kind, Type::Number);
            assert_eq!(request.binds[3].kind, Type::Timestamp);
            assert_eq!(request.binds[5].kind, Type::Raw(2));
        },
    );
}

#[test]
fn values_are_bound_by_name_and_in_any_order_of_lengths() {
    with_both(
        |_| Answer::changed(1),
        |server| {
            let connection = open(server);
            let long = "é".repeat(40_000);
            let params: [(&str, &dyn ToDbValue); 3] =
                [("last", &7), ("long", &long), ("first", &"x")];
            let sql = "INSERT INTO t VALUES (:long, :first, :last, :first)";
            connection.execute_named(sql, &params).unwrap();
            let request = &server.received()[0];
            assert_eq!(
                request.rows,
                [[long.as_str().into(), "x".into(), 7.into(), "x".into()]]
            );
            assert_eq!(request.binds[1].name, "FIRST");
        },
    );
}

#[test]
fn a_statement_of_many_packets_arrives() {
    with_both(
        |_| Answer::Done,
        |server| {
            let connection = open(server);
            for length in [8_000, 8_100, 8_150, 8_200, 100_000, 1_000_000] {
                let sql = format!("BEGIN NULL; /* {} */ END;", "x".repeat(length));
                connection.execute(&sql, &[]).unwrap();
                assert_eq!(server.received().last().unwrap().sql, sql);
            }
        },
    );
}

#[test]
fn packets_of_all_sizes_are_understood() {
    for (ours, theirs) in [(512, 8192), (65_535, 512), (65_535, 65_535), (2000, 1500)] {
        let options = Options {
            packet_size: ours,
            ..Options::default()
        };
        let script = |_: &envclone_tns_server::Request| {
            let rows = (0..100_i64).map(|number| [number.into(), "x".repeat(1000).into()]);
            Answer::rows([("N", Type::Number), ("V", Type::Varchar2(1000))], rows)
        };
        let server = options.start(script).unwrap();
        let descriptor = format!(
            "(DESCRIPTION=(SDU={theirs})(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={}))(CONNECT_DATA=(SERVICE_NAME=freepdb1)))",
            server.port()
        );
        let config = common::config(&server)
            .set_connect_string(&descriptor)
            .unwrap();
        let connection = oracledb::connect(config).unwrap();
        let sql = format!("SELECT n, v FROM t /* {} */", "x".repeat(20_000));
        assert_eq!(connection.query(&sql, &[]).unwrap().count(), 100);
        assert_eq!(statements(&server), [sql]);
    }
}

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
    let script = move |_: &envclone_tns_server::Request| {
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
    let script = |_: &envclone_tns_server::Request| {
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
    let script = move |_: &envclone_tns_server::Request| {
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
    let script = |_: &envclone_tns_server::Request| {
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
    let script = |_: &envclone_tns_server::Request| {
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
fn blocks_give_values() {
    let script = |request: &envclone_tns_server::Request| match request.binds.len() {
        4 => Answer::Out(vec![
            (1, 42.into()),
            (2, "text".into()),
            (3, "é".repeat(20_000).into()),
        ]),
        1 => Answer::Out(vec![(0, 6.into())]),
        3 => Answer::Out((0..3).map(|at| (at, Value::Null)).collect()),
        _ => Answer::Done,
    };
    with_both(script, |server| {
        let connection = open(server);
        for _ in 0..3 {
            let sql = "BEGIN p(:a, :n, :t, :c, :a); END;";
            let params: [&dyn ToDbValue; 4] =
                [&"in", &DB_TYPE_NUMBER, &DB_TYPE_VARCHAR, &DB_TYPE_CLOB];
            let mut row = connection.execute(sql, &params).unwrap().out_bind_data();
            assert_eq!(row.get::<i64>(0).unwrap(), 42);
            assert_eq!(row.get::<String>(1).unwrap(), "text");
            let text = read_text(&mut row.take(2).unwrap());
            assert_eq!(text, "é".repeat(20_000));
        }
        let row = connection
            .execute("BEGIN :x := :x + 1; END;", &[&5])
            .unwrap()
            .out_bind_data();
        assert_eq!(row.get::<i64>(0).unwrap(), 6);
        connection
            .execute("BEGIN q(:a, :b); END;", &[&1, &2])
            .unwrap();
        let nothing: [&dyn ToDbValue; 3] = [&DB_TYPE_NUMBER, &DB_TYPE_VARCHAR, &DB_TYPE_CLOB];
        let sql = "BEGIN r(:a, :b, :c); END;";
        let mut row = connection.execute(sql, &nothing).unwrap().out_bind_data();
        assert_eq!(row.get::<Option<i64>>(0).unwrap(), None);
        assert_eq!(row.get::<Option<String>>(1).unwrap(), None);
        assert!(row.take::<Option<Lob>>(2).unwrap().is_none());
        assert_eq!(server.received()[2].rows[0][0], "in".into());
    });
}

#[test]
fn updates_return_values() {
    let script =
        |_: &envclone_tns_server::Request| Answer::Returned(vec![vec![1.into()], vec![2.into()]]);
    with_both(script, |server| {
        let sql = "UPDATE t SET a = :1 RETURNING id INTO :2";
        let params: [&dyn ToDbValue; 2] = [&"x", &DB_TYPE_NUMBER];
        let mut done = open(server).execute(sql, &params).unwrap();
        let ids: Vec<i64> = done
            .returned_data()
            .iter()
            .map(|row| row.get(0).unwrap())
            .collect();
        assert_eq!((ids, done.rows_affected()), (vec![1, 2], 2));
    });
}

#[test]
fn batches_are_one_call() {
    let script =
        |request: &envclone_tns_server::Request| Answer::Changed(vec![2; request.rows.len()]);
    with_both(script, |server| {
        let connection = open(server);
        let names: Vec<String> = (0..3000).map(|number| "x".repeat(number % 50)).collect();
        let values: Vec<[&dyn ToDbValue; 2]> = names
            .iter()
            .map(|name| [name as &dyn ToDbValue, &1])
            .collect();
        let rows: Vec<&[&dyn ToDbValue]> = values.iter().map(|row| &row[..]).collect();
        for _ in 0..2 {
            let batch: BindParameters<'_> = rows.as_slice().into();
            let done = connection
                .execute_batch("INSERT INTO t VALUES (:1, :2)", batch)
                .unwrap();
            assert_eq!(done.rows_affected(), 6000);
        }
        let received = server.received();
        assert_eq!((received.len(), received[0].rows.len()), (2, 3000));
        assert_eq!(received[0].rows[49], ["x".repeat(49).into(), 1.into()]);
        assert_eq!(received[0].rows, received[1].rows);
        assert_eq!(
            (received[0].call, received[1].call),
            (Call::Statement, Call::Again)
        );
    });
}

#[test]
fn cursors_are_used_again_and_closed() {
    with_both(
        |_| Answer::changed(1),
        |server| {
            let connection = open(server);
            for round in 0..3_i64 {
                connection
                    .execute("UPDATE t SET a = :1", &[&round])
                    .unwrap();
            }
            // More statements than the driver keeps: it closes cursors on the way.
            for number in 0..100 {
                connection
                    .execute(&format!("UPDATE t SET a = {number}"), &[])
                    .unwrap();
            }
            let received = server.received();
            let calls: Vec<_> = received
                .iter()
                .take(4)
                .map(|request| request.call)
                .collect();
            assert_eq!(
                calls,
                [Call::Statement, Call::Again, Call::Again, Call::Statement]
            );
            assert_eq!(received[2].rows, [[Value::Integer(2)]]);
            assert_eq!(received[2].sql, "UPDATE t SET a = :1");
        },
    );
}

#[test]
fn cursors_that_stay_open_are_too_many_at_last() {
    let server = Options {
        open_cursors: 30,
        ..Options::default()
    }
    .start(|_| Answer::rows([("N", Type::Number)], [[1.into()], [2.into()], [3.into()]]))
    .unwrap();
    let connection = open(&server);
    let mut open = Vec::new();
    for number in 0..30 {
        open.push(
            connection
                .query(&format!("SELECT {number} FROM t"), &[])
                .unwrap(),
        );
    }
    assert_eq!(
        common::code(connection.query("SELECT 30 FROM t", &[])),
        1000
    );
    open.truncate(1);
    connection.query("SELECT 31 FROM t", &[]).unwrap();
}

#[test]
fn transactions_end_by_calls_and_by_statements() {
    with_both(
        |_| Answer::changed(1),
        |server| {
            let connection = open(server);
            connection.commit().unwrap();
            connection.rollback().unwrap();
            connection.execute("COMMIT", &[]).unwrap();
            connection.execute("rollback", &[]).unwrap();
            assert_eq!(
                statements(server),
                ["COMMIT", "ROLLBACK", "COMMIT", "rollback"]
            );
            let calls: Vec<_> = server
                .received()
                .iter()
                .map(|request| request.call)
                .collect();
            assert_eq!(
                calls,
                [
                    Call::Commit,
                    Call::Rollback,
                    Call::Statement,
                    Call::Statement
                ]
            );
        },
    );
}

#[test]
fn statements_are_described_without_being_executed() {
    let script = |request: &envclone_tns_server::Request| {
        assert_eq!(request.call, Call::Parse);
        Answer::Rows {
            columns: vec![("N", Type::Number).into()],
            rows: Vec::new(),
        }
    };
    with_both(script, |server| {
        let connection = open(server);
        let mut statement = connection
            .statement("SELECT n FROM t WHERE a = :1")
            .unwrap()
            .build()
            .unwrap();
        statement.ensure_fully_parsed().unwrap();
        assert_eq!(statement.out_metadata()[0].name(), "N");
    });
}

#[test]
fn a_script_without_an_answer_says_so() {
    let server = Server::start(|request| match request.sql.as_str() {
        "BEGIN NULL; END;" => Some(Answer::Done),
        _ => None,
    })
    .unwrap();
    let connection = open(&server);
    connection.execute("BEGIN NULL; END;", &[]).unwrap();
    let error = connection
        .execute("DROP TABLE t", &[])
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("not in the script: DROP TABLE t"), "{error}");
}
