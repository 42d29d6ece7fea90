//! Statements and the values that they are given, seen with the driver that envclone speaks to Oracle with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

mod common;

use common::{code, config, open, read_text, statements, with_both};
use envclone_tns_server::{Answer, Call, Options, Request, Server, Type, Value};
use jiff::civil::datetime;
use oracledb::{
    BindParameters, DB_TYPE_CLOB, DB_TYPE_NUMBER, DB_TYPE_VARCHAR, Lob, OracleNumber,
    OracleTimestamp, ToDbValue,
};

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
        let script = |_: &Request| {
            let rows = (0..100_i64).map(|number| [number.into(), "x".repeat(1000).into()]);
            Answer::rows([("N", Type::Number), ("V", Type::Varchar2(1000))], rows)
        };
        let server = options.start(script).unwrap();
        let descriptor = format!(
            "(DESCRIPTION=(SDU={theirs})(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={}))(CONNECT_DATA=(SERVICE_NAME=freepdb1)))",
            server.port()
        );
        let config = config(&server).set_connect_string(&descriptor).unwrap();
        let connection = oracledb::connect(config).unwrap();
        let sql = format!("SELECT n, v FROM t /* {} */", "x".repeat(20_000));
        assert_eq!(connection.query(&sql, &[]).unwrap().count(), 100);
        assert_eq!(statements(&server), [sql]);
    }
}

#[test]
fn blocks_give_values() {
    let script = |request: &Request| match request.binds.len() {
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
    let script = |_: &Request| Answer::Returned(vec![vec![1.into()], vec![2.into()]]);
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
    let script = |request: &Request| Answer::Changed(vec![2; request.rows.len()]);
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
    assert_eq!(code(connection.query("SELECT 30 FROM t", &[])), 1000);
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
    let script = |request: &Request| {
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

#[test]
fn what_gives_no_rows_has_none_to_fetch() {
    let server = Server::start(|_| Answer::changed(1)).unwrap();
    let connection = open(&server);
    let mut rows = connection.query("UPDATE t SET a = 1", &[]).unwrap();
    assert_eq!(code(rows.next().unwrap()), 1002);
}
