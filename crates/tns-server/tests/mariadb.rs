//! SQL that is executed, by the driver and for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends where it is surprised, and says when it did not run"
)]

mod common;

use common::{code, connect_as, kind};
use envclone_tns_server::{Account, Answer, Call, MariaDb, Options, Request, Server, Value};
use oracledb::{
    BindParameters, Connection, DB_TYPE_NUMBER, DB_TYPE_VARCHAR, ErrorKind, OracleTimestamp,
    ToDbValue,
};
use std::thread;
use std::time::{Duration, Instant};

/// One for all tests that run at once, each of which has a schema of its own.
fn mariadb() -> Option<MariaDb> {
    if MariaDb::is_installed() {
        return Some(MariaDb::shared().unwrap());
    }
    eprintln!("not run: mariadb-server is not installed");
    None
}

/// A server for a schema of this name, with a table `t` in it.
fn server(
    mariadb: &MariaDb,
    schema: &str,
    script: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> Server {
    mariadb.create_schema(schema).unwrap();
    let table = format!(
        "CREATE TABLE {schema}.t (id NUMBER(10) NOT NULL PRIMARY KEY, name VARCHAR2(50) NOT NULL, amount NUMBER(12,2), \
         made DATE, exact DATETIME(6), text CLOB, data BLOB, hash RAW(16))"
    );
    mariadb.run(&[&table]).unwrap();
    let options = Options {
        accounts: vec![
            Account::new(schema, "let me in"),
            Account::new("sys", "let me in").with_sysdba(),
        ],
        ..Options::default()
    };
    options.start_before(mariadb.clone(), script).unwrap()
}

fn open(server: &Server, user: &str) -> Connection {
    connect_as(server, user, "let me in").unwrap()
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, &[]).unwrap().get(0).unwrap()
}

#[test]
fn rows_are_written_and_read() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "rows", |_| None);
    let connection = open(&server, "rows");
    let made = OracleTimestamp::new_timestamp(2026, 11, 27, 9, 8, 7, 0);
    let exact = OracleTimestamp::new_timestamp(1900, 1, 1, 0, 0, 0, 123_456_000);
    let insert = "INSERT INTO t (id, name, amount, made, text, data, hash) VALUES (:1, :2, :3, :4, :5, :6, :7)";
    let (text, data) = ("é€".repeat(20_000), vec![0_u8, 128, 255]);
    let full: [&dyn ToDbValue; 7] = [
        &1,
        &"C:\\naïve 'x'",
        &"12.50",
        &made,
        &text,
        &data,
        &vec![7_u8, 200],
    ];
    let empty: [&dyn ToDbValue; 7] = [
        &2,
        &" ",
        &None::<i64>,
        &None::<OracleTimestamp>,
        &"",
        &None::<Vec<u8>>,
        &None::<Vec<u8>>,
    ];
    assert_eq!(
        connection.execute(insert, &full).unwrap().rows_affected(),
        1
    );
    connection.execute(insert, &empty).unwrap();
    let rows: Vec<_> = connection
        .query("SELECT * FROM t ORDER BY id", &[])
        .unwrap()
        .collect();
    let (first, second) = (rows[0].as_ref().unwrap(), rows[1].as_ref().unwrap());
    let kinds: Vec<String> = first
        .columns()
        .iter()
        .map(|column| column.data_type())
        .collect();
    assert_eq!(
        kinds,
        [
            "NUMBER(10)",
            "VARCHAR2(50)",
            "NUMBER(12,2)",
            "DATE",
            "TIMESTAMP(6)",
            "LONG",
            "LONG RAW",
            "RAW(16)"
        ]
    );
    assert_eq!(first.columns()[0].name(), "ID");
    assert!(!first.columns()[0].nullable() && first.columns()[2].nullable());
    assert_eq!(first.get::<String>("NAME").unwrap(), "C:\\naïve 'x'");
    assert_eq!(first.get::<String>("AMOUNT").unwrap(), "12.5");
    assert_eq!(first.get::<OracleTimestamp>("MADE").unwrap(), made);
    assert_eq!(first.get::<String>("TEXT").unwrap(), text);
    assert_eq!(first.get::<Vec<u8>>("DATA").unwrap(), data);
    assert_eq!(first.get::<Vec<u8>>("HASH").unwrap(), [7, 200]);
    assert_eq!(second.get::<String>("NAME").unwrap(), " ");
    for at in 2..8 {
        assert_eq!(second.get::<Option<String>>(at).unwrap(), None, "{at}");
    }
    connection
        .execute("UPDATE t SET exact = :1 WHERE id = :2", &[&exact, &1])
        .unwrap();
    let row = connection
        .query_row("SELECT exact FROM t WHERE id = :1", &[&1])
        .unwrap();
    assert_eq!(row.get::<OracleTimestamp>(0).unwrap(), exact);
}

#[test]
fn empty_results_have_types_and_rows_are_counted_as_oracle_does() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "counts", |_| None);
    let connection = open(&server, "counts");
    let cursor = connection
        .query("SELECT id, text, made FROM t WHERE 1 = 0", &[])
        .unwrap();
    let kinds: Vec<String> = cursor
        .columns()
        .iter()
        .map(|column| column.data_type())
        .collect();
    assert_eq!(kinds, ["NUMBER(10)", "LONG", "DATE"]);
    assert_eq!(cursor.count(), 0);
    let values: Vec<[i64; 1]> = (1..=250).map(|id| [id]).collect();
    let values: Vec<[&dyn ToDbValue; 1]> = values
        .iter()
        .map(|row| [&row[0] as &dyn ToDbValue])
        .collect();
    let rows: Vec<&[&dyn ToDbValue]> = values.iter().map(|row| &row[..]).collect();
    let batch: BindParameters<'_> = rows.as_slice().into();
    let done = connection
        .execute_batch("INSERT INTO t (id, name) VALUES (:1, 'x')", batch)
        .unwrap();
    assert_eq!(done.rows_affected(), 250);
    let ids = connection
        .query("SELECT id FROM t ORDER BY id", &[])
        .unwrap();
    assert_eq!(
        ids.map(|row| row.unwrap().get::<i64>(0).unwrap())
            .sum::<i64>(),
        250 * 251 / 2
    );
    // Rows that stay as they are count, too.
    let same = connection
        .execute("UPDATE t SET name = 'x' WHERE id <= 10", &[])
        .unwrap();
    assert_eq!(same.rows_affected(), 10);
    assert_eq!(
        connection
            .execute("DELETE FROM t", &[])
            .unwrap()
            .rows_affected(),
        250
    );
}

#[test]
fn transactions_are_one_sessions_own() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "transactions", |_| None);
    let (one, other) = (open(&server, "transactions"), open(&server, "transactions"));
    let all = "SELECT COUNT(*) FROM t";
    one.execute("INSERT INTO t (id, name) VALUES (1, 'a')", &[])
        .unwrap();
    assert_eq!((count(&one, all), count(&other, all)), (1, 0));
    one.rollback().unwrap();
    assert_eq!(count(&one, all), 0);
    one.execute("INSERT INTO t (id, name) VALUES (1, 'a')", &[])
        .unwrap();
    one.commit().unwrap();
    assert_eq!(count(&other, all), 1);
    one.execute("DELETE FROM t", &[]).unwrap();
    one.execute("ROLLBACK", &[]).unwrap();
    one.execute("UPDATE t SET name = 'b'", &[]).unwrap();
    one.execute("COMMIT", &[]).unwrap();
    assert_eq!(count(&other, "SELECT COUNT(*) FROM t WHERE name = 'B'"), 1);
    one.execute("DELETE FROM t", &[]).unwrap();
    drop(one);
    assert_eq!(count(&other, all), 1);
}

#[test]
fn texts_compare_without_case_and_accents() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "compares", |_| None);
    let connection = open(&server, "compares");
    connection
        .execute("INSERT INTO t (id, name) VALUES (1, 'Ñandú')", &[])
        .unwrap();
    for (text, found) in [("nandu", 1), ("ÑANDÚ", 1), ("nandu ", 0)] {
        let sql = "SELECT COUNT(*) FROM t WHERE name = :1";
        let row = connection.query_row(sql, &[&text]).unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), found, "{text}");
    }
    assert_eq!(
        count(&connection, "SELECT COUNT(*) FROM t WHERE name LIKE 'nan%'"),
        1
    );
}

#[test]
fn blocks_are_executed() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "blocks", |_| None);
    let connection = open(&server, "blocks");
    connection
        .execute(
            "BEGIN INSERT INTO t (id, name) VALUES (1, 'a'); UPDATE t SET name = 'b'; END;",
            &[],
        )
        .unwrap();
    let sql = "DECLARE n NUMBER; BEGIN SELECT COUNT(*) INTO n FROM t; \
               IF n > 0 THEN EXECUTE IMMEDIATE 'DELETE FROM t'; END IF; END;";
    connection.execute(sql, &[]).unwrap();
    assert_eq!(count(&connection, "SELECT COUNT(*) FROM t"), 0);
    let sql = "BEGIN :sum := :a + :b; SELECT 'text' INTO :t FROM dual; END;";
    let params: [&dyn ToDbValue; 4] = [&DB_TYPE_NUMBER, &40, &2, &DB_TYPE_VARCHAR];
    for _ in 0..2 {
        let row = connection.execute(sql, &params).unwrap().out_bind_data();
        assert_eq!(row.get::<i64>(0).unwrap(), 42);
        assert_eq!(row.get::<String>(1).unwrap(), "text");
    }
    let failed = connection.execute("BEGIN INSERT INTO nowhere VALUES (1); END;", &[]);
    assert_eq!(code(failed), 942);
}

/// What OutSystems' published procedure for Oracle has people execute, in its own words.
#[test]
fn the_published_statements_are_executed() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "osadmin", |_| None);
    let tables = [
        "CREATE TABLE osadmin.ossys_server (id NUMBER(10))",
        "CREATE TABLE osadmin.ossys_dbcatalog (name VARCHAR2(50), username VARCHAR2(50) NOT NULL)",
        "CREATE TABLE osadmin.ossys_platformsvcs_observer (id NUMBER(10))",
        "CREATE TABLE osadmin.ossys_site_property_definition (id NUMBER(10), ss_key VARCHAR2(36))",
        "CREATE TABLE osadmin.ossys_site_property_shared (site_property_definition_id NUMBER(10), property_value CLOB NOT NULL)",
        "INSERT INTO osadmin.ossys_server VALUES (1)",
        "INSERT INTO osadmin.ossys_dbcatalog VALUES ('(Main)', 'a')",
        "INSERT INTO osadmin.ossys_dbcatalog VALUES ('other', 'b')",
        "INSERT INTO osadmin.ossys_platformsvcs_observer VALUES (1)",
        "INSERT INTO osadmin.ossys_site_property_definition VALUES (1, 'key')",
        "INSERT INTO osadmin.ossys_site_property_shared VALUES (1, 'secret')",
        "CREATE OR REPLACE VIEW sys_dictionary.user_tables AS SELECT UPPER(table_name) AS table_name \
         FROM information_schema.tables WHERE table_schema = LOWER(sys_dictionary.current_user_name())",
    ];
    mariadb.run(&tables).unwrap();
    let connection = open(&server, "osadmin");
    let statements = [
        "ALTER SESSION SET NLS_COMP=LINGUISTIC NLS_SORT=BINARY_AI",
        "ALTER SESSION SET CURRENT_SCHEMA = OSADMIN",
        "delete from ossys_server",
        "update ossys_dbcatalog set username =' ' where name <> '(Main)'",
        "DECLARE v_exists NUMBER(10,0);\nBEGIN\n\nselect Count(*) INTO v_exists\nfrom user_tables where table_name = \
         'OSSYS_PLATFORMSVCS_OBSERVER';\nIF v_exists > 0 THEN\nEXECUTE IMMEDIATE 'delete from OSSYS_PLATFORMSVCS_OBSERVER';\n\
         END IF;\nCOMMIT;\nEND;",
        "update ossys_Site_Property_Shared set property_value=' ' where site_property_definition_id in (\nselect \
         site_property_definition_id\nfrom ossys_Site_Property_Shared\ninner join ossys_Site_Property_Definition on \
         site_property_definition_id = ossys_Site_Property_Definition.id\nwhere ss_key = 'KEY')",
        "COMMIT",
    ];
    for sql in statements {
        connection.execute(sql, &[]).unwrap();
    }
    drop(connection);
    let left = |sql| mariadb.query(sql).unwrap();
    assert_eq!(
        left("SELECT COUNT(*) FROM osadmin.ossys_server"),
        [[0.into()]]
    );
    assert_eq!(
        left("SELECT COUNT(*) FROM osadmin.ossys_platformsvcs_observer"),
        [[0.into()]]
    );
    assert_eq!(
        left("SELECT username FROM osadmin.ossys_dbcatalog ORDER BY name"),
        [["a".into()], [" ".into()]]
    );
    assert_eq!(
        left("SELECT property_value FROM osadmin.ossys_site_property_shared"),
        [[" ".into()]]
    );
}

#[test]
fn errors_have_oracles_numbers() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "errors", |_| None);
    let connection = open(&server, "errors");
    let execute = |sql: &str| connection.execute(sql, &[]);
    execute("CREATE TABLE child (id NUMBER(10) PRIMARY KEY, t_id NUMBER(10), CONSTRAINT fk FOREIGN KEY (t_id) REFERENCES t (id))").unwrap();
    execute("INSERT INTO t (id, name) VALUES (1, 'a')").unwrap();
    execute("INSERT INTO child VALUES (1, 1)").unwrap();
    let cases = [
        ("SELECT 1 FROM nowhere", 942),
        ("DROP TABLE nowhere", 942),
        ("SELECT nothing FROM t", 904),
        ("SELEC 1", 900),
        ("INSERT INTO t (id, name) VALUES (1, 'b')", 1),
        ("INSERT INTO t (id, name) VALUES (2, '')", 1400),
        ("INSERT INTO t (id) VALUES (2)", 1400),
        ("UPDATE t SET name = ''", 1407),
        ("INSERT INTO child VALUES (2, 2)", 2291),
        ("DELETE FROM t", 2292),
        ("UPDATE t SET name = RPAD('x', 51, 'x')", 12_899),
        ("UPDATE t SET id = 12345678901", 1438),
        ("UPDATE t SET amount = 'x'", 1722),
        ("UPDATE t SET made = 'x'", 1861),
        ("CREATE TABLE t (id NUMBER)", 955),
        ("ALTER SESSION SET CURRENT_SCHEMA = nobody", 1435),
    ];
    for (sql, number) in cases {
        let failed = match sql.starts_with("SELECT") {
            true => connection.query(sql, &[]).map(drop),
            false => execute(sql).map(drop),
        };
        assert_eq!(code(failed), number, "{sql}");
    }
    let nullable = connection.execute("INSERT INTO t (id, name) VALUES (3, :1)", &[&""]);
    assert_eq!(code(nullable), 1400);
}

#[test]
fn schemas_are_databases() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "schemas", |_| None);
    mariadb.create_schema("elsewhere").unwrap();
    mariadb
        .run(&[
            "CREATE TABLE elsewhere.x (id NUMBER)",
            "INSERT INTO elsewhere.x VALUES (7)",
        ])
        .unwrap();
    let connection = open(&server, "schemas");
    let who =
        "SELECT sys_dictionary.current_user_name(), sys_dictionary.current_schema_name() FROM dual";
    let named = |connection: &Connection| {
        let row = connection.query_row(who, &[]).unwrap();
        (row.get::<String>(0).unwrap(), row.get::<String>(1).unwrap())
    };
    assert_eq!(
        named(&connection),
        ("SCHEMAS".to_owned(), "SCHEMAS".to_owned())
    );
    assert_eq!(count(&connection, "SELECT id FROM ELSEWHERE.X"), 7);
    connection
        .execute("ALTER SESSION SET CURRENT_SCHEMA = \"ELSEWHERE\"", &[])
        .unwrap();
    assert_eq!(
        named(&connection),
        ("SCHEMAS".to_owned(), "ELSEWHERE".to_owned())
    );
    assert_eq!(count(&connection, "SELECT id FROM x"), 7);
    connection
        .execute(
            "ALTER SESSION SET NLS_COMP = LINGUISTIC NLS_SORT = 'BINARY_AI'",
            &[],
        )
        .unwrap();
    let sort: String = connection
        .query_row("SELECT @nls_sort FROM dual", &[])
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(sort, "BINARY_AI");
    let config = common::config(&server).set_credentials("sys", "let me in");
    let sys = oracledb::connect(config.set_auth_mode(oracledb::AUTH_MODE_SYSDBA)).unwrap();
    assert_eq!(named(&sys), ("SYS".to_owned(), "SYS".to_owned()));
}

#[test]
fn dictionary_views_are_looked_for_in_their_place() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "dictionary", |_| None);
    let views = [
        "CREATE VIEW sys_dictionary.\"v$instance\" AS SELECT 'clone' AS instance_name, '19.0.0.0.0' AS version FROM dual",
        "CREATE OR REPLACE VIEW sys_dictionary.user_tables AS SELECT UPPER(table_name) AS table_name FROM information_schema.tables \
         WHERE table_schema = LOWER(sys_dictionary.current_user_name())",
        "CREATE FUNCTION sys_dictionary.sys_context(namespace VARCHAR2, parameter VARCHAR2) RETURN VARCHAR2(100) AS \
         BEGIN RETURN sys_dictionary.current_user_name(); END",
    ];
    mariadb.run(&views).unwrap();
    let connection = open(&server, "dictionary");
    for view in ["v$instance", "V$INSTANCE", "sys.v$instance"] {
        let sql = format!("SELECT instance_name FROM {view}");
        let name: String = connection.query_row(&sql, &[]).unwrap().get(0).unwrap();
        assert_eq!(name, "clone");
    }
    let table: String = connection
        .query_row("SELECT table_name FROM user_tables", &[])
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(table, "T");
    let sql = "SELECT SYS_CONTEXT('USERENV', 'SESSION_USER') FROM dual";
    let user: String = connection.query_row(sql, &[]).unwrap().get(0).unwrap();
    assert_eq!(user, "DICTIONARY");
    assert_eq!(
        code(connection.query("SELECT 1 FROM dba_nothing", &[])),
        942
    );
}

#[test]
fn oracles_words_are_understood() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "words", |_| None);
    let connection = open(&server, "words");
    connection
        .execute("INSERT INTO t (id, name) VALUES (1, 'a')", &[])
        .unwrap();
    connection
        .execute("INSERT INTO t (id, name) VALUES (2, 'b')", &[])
        .unwrap();
    let text = |sql: &str| {
        connection
            .query_row(sql, &[])
            .unwrap()
            .get::<String>(0)
            .unwrap()
    };
    assert_eq!(text("SELECT NVL(NULL, 'x') || 'y' FROM dual"), "xy");
    assert_eq!(
        text("SELECT name FROM t ORDER BY id DESC FETCH FIRST 1 ROWS ONLY"),
        "b"
    );
    assert_eq!(
        text(
            "SELECT TO_CHAR(made, 'YYYY-MM-DD') FROM (SELECT DATE '2026-11-27' AS made FROM dual)"
        ),
        "2026-11-27"
    );
    assert_eq!(text("SELECT DECODE(1, 1, 'one', 'other') FROM dual"), "one");
    let now: OracleTimestamp = connection
        .query_row("SELECT SYSDATE FROM dual", &[])
        .unwrap()
        .get(0)
        .unwrap();
    let exact: OracleTimestamp = connection
        .query_row("SELECT SYSTIMESTAMP FROM dual", &[])
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!((now.year(), now.month()), (exact.year(), exact.month()));
    assert_eq!(count(&connection, "SELECT id FROM t WHERE ROWNUM = 1"), 1);
    assert_eq!(
        count(&connection, "SELECT id FROM t MINUS SELECT 2 FROM dual"),
        1
    );
}

#[test]
fn a_script_can_play_what_it_likes() {
    let Some(mariadb) = mariadb() else { return };
    let script = |request: &Request| match (request.call, request.sql.as_str()) {
        (_, "SELECT SLEEP(20) FROM dual") => None,
        (Call::Commit, _) if request.user == "SCRIPTED" => Some(Answer::PassOn.lost()),
        (_, "DELETE FROM t") => Some(Answer::PassOn.lost()),
        (_, "UPDATE t SET id = 7") => Some(Answer::Cut),
        (_, sql) if sql.starts_with("MERGE") => Some(Answer::changed(9)),
        (_, sql) if sql.starts_with("SELECT id FROM t WHERE id > 0") => {
            Some(Answer::PassOn.cut_after(1))
        }
        _ => None,
    };
    let server = server(&mariadb, "scripted", script);
    let rows = || mariadb.query("SELECT id FROM scripted.t").unwrap();
    let connection = open(&server, "scripted");
    assert_eq!(
        connection
            .execute("MERGE INTO t", &[])
            .unwrap()
            .rows_affected(),
        9
    );
    // The commit is done, and not told.
    connection
        .execute("INSERT INTO t (id, name) VALUES (1, 'a')", &[])
        .unwrap();
    assert!(connection.commit().is_err());
    assert_eq!(rows(), [[Value::Integer(1)]]);
    // The statement was executed, the connection lost: it is as if it had not been.
    let connection = open(&server, "scripted");
    assert!(connection.execute("DELETE FROM t", &[]).is_err());
    let connection = open(&server, "scripted");
    assert!(connection.execute("UPDATE t SET id = 7", &[]).is_err());
    assert_eq!(rows(), [[Value::Integer(1)]]);
    let connection = open(&server, "scripted");
    let mut cut = connection.query("SELECT id FROM t WHERE id > 0 OR 1 = 1", &[]);
    let failed = match &mut cut {
        Ok(cursor) => cursor.any(|row| row.is_err()),
        Err(_) => true,
    };
    assert!(failed);
}

#[test]
fn locks_are_waited_for_and_given_up_on() {
    let Some(mariadb) = mariadb() else { return };
    let server = server(&mariadb, "locks", |_| None);
    let (one, other) = (open(&server, "locks"), open(&server, "locks"));
    for id in [1, 2] {
        one.execute("INSERT INTO t (id, name) VALUES (:1, 'a')", &[&id])
            .unwrap();
    }
    one.commit().unwrap();
    one.execute("UPDATE t SET name = 'b' WHERE id = 1", &[])
        .unwrap();
    let busy = other.query("SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", &[]);
    assert_eq!(code(busy), 54);
    // A call that takes too long ends on the server, too.
    other
        .set_call_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let began = Instant::now();
    assert_eq!(
        kind(other.execute("UPDATE t SET name = 'c' WHERE id = 1", &[])),
        "CallTimeoutExceeded"
    );
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(count(&other, "SELECT COUNT(*) FROM t"), 2);
    other.set_call_timeout(None).unwrap();
    // Each wants what the other has.
    other
        .execute("UPDATE t SET name = 'c' WHERE id = 2", &[])
        .unwrap();
    let waiting = thread::spawn(move || {
        one.execute("UPDATE t SET name = 'b' WHERE id = 2", &[])
            .map(drop)
    });
    thread::sleep(Duration::from_millis(300));
    let outcomes = [
        other
            .execute("UPDATE t SET name = 'c' WHERE id = 1", &[])
            .map(drop),
        waiting.join().unwrap(),
    ];
    let deadlocks = outcomes.iter().filter(|outcome| match outcome {
        Err(error) => matches!(error.kind(), ErrorKind::DbError(error) if error.code() == 60),
        Ok(()) => false,
    });
    assert_eq!(deadlocks.count(), 1);
}

#[test]
fn it_is_gone_with_its_last_clone() {
    if !MariaDb::is_installed() {
        return;
    }
    let mariadb = MariaDb::start().unwrap();
    let directory = mariadb.directory().to_owned();
    assert!(directory.join("data").is_dir());
    let other = mariadb.clone();
    drop(mariadb);
    other.query("SELECT 1").unwrap();
    drop(other);
    assert!(!directory.exists());
}
