//! Tables and rows into a schema that has none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use envclone_db::oracle::{Kind, Loader};
use envclone_db::{DbError, Trouble, Value};
use envclone_tns_server::{self as tns, Answer, Call, Listener, Value as Sent};

use super::{BOTH, alone, asked, never, number, of_release, options, server};
use envclone_tns_server::Options;

/// A server on which a schema is or is not, and has so many tables.
fn with(exists: i64, tables: i64) -> tns::Server {
    options(Options::default(), move |request| {
        answer(request, exists, tables)
    })
}

fn answer(request: &tns::Request, exists: i64, tables: i64) -> Answer {
    if request.sql.contains("all_users") {
        number(exists)
    } else if request.sql.contains("all_tables") {
        number(tables)
    } else if request.verb() == "INSERT" {
        Answer::Changed(vec![1; request.executions()])
    } else {
        Answer::Done
    }
}

fn loader(at: &tns::Server) -> Loader {
    Loader::open(&server(at), "qa", never).unwrap()
}

fn failed(at: &tns::Server) -> DbError {
    Loader::open(&server(at), "qa", never).err().unwrap()
}

#[test]
fn only_a_schema_without_tables_is_filled() {
    let at = with(0, 0);
    let error = failed(&at);
    assert_eq!(error.trouble, Trouble::NotFound);
    assert_eq!(error.database, "qa@ora1/pdb");
    let error = failed(&with(1, 3));
    assert_eq!(error.trouble, Trouble::Exists);
    assert!(error.to_string().contains("has tables"), "{error}");

    let at = with(1, 0);
    let loader = loader(&at);
    assert_eq!(loader.schema(), "QA");
    loader.run("CREATE TABLE t (a NUMBER)").unwrap();
    let sqls = asked(&at);
    assert_eq!(
        sqls[sqls.len() - 2..],
        [
            "ALTER SESSION SET CURRENT_SCHEMA = \"QA\" NLS_LENGTH_SEMANTICS = CHAR",
            "CREATE TABLE t (a NUMBER)"
        ]
    );
    assert!(sqls[0].contains("username = 'QA'") && sqls[1].contains("owner = 'QA'"));
}

fn moment(text: &str) -> Sent {
    let at: jiff::civil::DateTime = text.parse().unwrap();
    at.into()
}

const COLUMNS: [(&str, Kind); 5] = [
    ("id", Kind::Number),
    ("price", Kind::Number),
    ("made", Kind::DateTime),
    ("name", Kind::Text),
    ("content", Kind::Bytes),
];

#[test]
fn values_go_out_as_their_columns_want_them() {
    for release in BOTH {
        let at = of_release(release, |request| answer(request, 1, 0));
        let rows = [
            [Value::Null; 5],
            [
                Value::Integer(i64::MAX),
                Value::Text(b"-12.50"),
                Value::Text(b"2026-11-02 08:05:00"),
                Value::Text("Zürich ✓".as_bytes()),
                Value::Bytes(&[0, 1, 255]),
            ],
            [
                Value::Integer(-7),
                Value::Real(0.5),
                Value::Text(b"1900-01-01 00:00:00"),
                Value::Text(b""),
                Value::Bytes(&[]),
            ],
            [
                Value::Text(b"12"),
                Value::Integer(3),
                Value::Text(b"2026-11-02 08:05:00.12"),
                Value::Text(b" "),
                Value::Null,
            ],
        ];
        loader(&at).load("people", &COLUMNS, rows).unwrap();
        let received = at.received();
        let insert = received.iter().find(|it| it.verb() == "INSERT").unwrap();
        assert_eq!(
            insert.sql,
            "INSERT INTO \"QA\".\"PEOPLE\" (\"ID\", \"PRICE\", \"MADE\", \"NAME\", \"CONTENT\") VALUES (:1, :2, :3, :4, :5)"
        );
        let expected: [[Sent; 5]; 4] = [
            [const { Sent::Null }; 5],
            [
                i64::MAX.into(),
                Sent::Number("-12.5".to_owned()),
                moment("2026-11-02T08:05:00"),
                "Zürich ✓".into(),
                vec![0, 1, 255].into(),
            ],
            [
                (-7).into(),
                Sent::Number("0.5".to_owned()),
                moment("1900-01-01T00:00:00"),
                " ".into(),
                Sent::Null,
            ],
            [
                12.into(),
                3.into(),
                moment("2026-11-02T08:05:00.12"),
                " ".into(),
                Sent::Null,
            ],
        ];
        assert_eq!(insert.rows, expected);
        assert_eq!(received.last().unwrap().call, Call::Commit);
    }
}

#[test]
fn many_and_large_rows_are_loaded() {
    for release in BOTH {
        let at = of_release(release, |request| answer(request, 1, 0));
        let large = "é".repeat(40_000);
        let texts: Vec<String> = (0..1234)
            .map(|n| match n {
                3 | 700 => large.clone(),
                _ => "x".repeat(n % 50 + 1),
            })
            .collect();
        let rows = texts
            .iter()
            .zip(0..)
            .map(|(text, n)| [Value::Integer(n), Value::Text(text.as_bytes())]);
        let columns = [("n", Kind::Number), ("t", Kind::Text)];
        loader(&at).load("t", &columns, rows).unwrap();
        let inserts: Vec<_> = at
            .received()
            .into_iter()
            .filter(|request| request.verb() == "INSERT")
            .collect();
        let sizes: Vec<usize> = inserts.iter().map(|insert| insert.rows.len()).collect();
        assert_eq!(sizes, [500, 500, 234]);
        let sent = inserts.iter().flat_map(|insert| &insert.rows);
        for ((row, text), n) in sent.zip(&texts).zip(0_i64..) {
            assert_eq!(row[0], n.into());
            assert!(row[1] == text.as_str().into(), "row {n}");
        }
        let commits = asked(&at).iter().filter(|sql| *sql == "COMMIT").count();
        assert_eq!(commits, 1);
    }
}

#[test]
fn nothing_to_load_is_no_statement() {
    let at = with(1, 0);
    let none: [[Value<'_>; 5]; 0] = [];
    loader(&at).load("people", &COLUMNS, none).unwrap();
    assert!(!asked(&at).iter().any(|sql| sql.starts_with("INSERT")));
}

#[test]
fn a_value_that_does_not_fit_its_column_is_not_sent() {
    let at = with(1, 0);
    let loader = loader(&at);
    for (kind, value) in [
        (Kind::Number, Value::Text(b"many")),
        (Kind::Number, Value::Text(b"")),
        (Kind::Number, Value::Bytes(b"1")),
        (Kind::DateTime, Value::Text(b"yesterday")),
        (Kind::DateTime, Value::Bytes(b"2026-11-02 08:05:00")),
        (Kind::Text, Value::Bytes(b"text")),
        (Kind::Bytes, Value::Text(b"bytes")),
        (Kind::Bytes, Value::Integer(1)),
    ] {
        let error = loader.load("t", &[("a", kind)], [[value]]).unwrap_err();
        assert_eq!(error.trouble, Trouble::Other, "{kind:?} {value:?}");
        assert!(error.to_string().contains("does not fit"), "{error}");
        assert_eq!(error.database, "qa@ora1/pdb");
    }
    assert!(!asked(&at).iter().any(|sql| sql.starts_with("INSERT")));
}

static LOOKS: AtomicUsize = AtomicUsize::new(usize::MAX);

#[test]
fn a_person_can_stop_it_between_batches() {
    let at = with(1, 0);
    let loader = Loader::open(&server(&at), "qa", || {
        LOOKS
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(left.saturating_sub(1))
            })
            .unwrap()
            == 0
    })
    .unwrap();
    LOOKS.store(2, Ordering::SeqCst);
    let rows = (0..5000).map(|n| [Value::Integer(n)]);
    let error = loader.load("t", &[("n", Kind::Number)], rows).unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted);
    let error = loader.run("CREATE TABLE u (a NUMBER)").unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted);
    let sqls = asked(&at);
    let inserts = sqls.iter().filter(|sql| sql.starts_with("INSERT")).count();
    assert_eq!(inserts, 2);
    assert!(!sqls.iter().any(|sql| sql == "COMMIT"), "{sqls:?}");
    drop(loader);
    // What was sent of it is undone.
    assert_eq!(asked(&at).last().unwrap(), "ROLLBACK");
}

#[test]
fn what_the_server_refuses_is_said() {
    let at = options(Options::default(), |request| {
        match request.verb().as_str() {
            "INSERT" => Answer::error(1658, "unable to create INITIAL extent"),
            _ => answer(request, 1, 0),
        }
    });
    let error = loader(&at)
        .load("t", &[("n", Kind::Number)], [[Value::Integer(1)]])
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Full, "{error}");
    assert_eq!(error.database, "qa@ora1/pdb");
}

#[test]
fn a_server_that_cannot_be_spoken_to_is_an_error_here_as_well() {
    let test = "loading::a_server_that_cannot_be_spoken_to_is_an_error_here_as_well";
    if let Some(printed) = alone(test) {
        assert!(!printed.contains("panicked"), "{printed}");
        return;
    }
    let at = with(1, 0);
    at.set_listener(Listener::DemandsEncryption);
    assert_eq!(failed(&at).trouble, Trouble::Unsupported);
    at.set_listener(Listener::Hangs(Duration::from_secs(60)));
    let mut server = server(&at);
    server.connect = Duration::from_millis(500);
    let error = Loader::open(&server, "qa", never).err().unwrap();
    assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
}
