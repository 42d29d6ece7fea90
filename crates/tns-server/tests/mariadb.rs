//! SQL that is executed, by the driver and for it.

use envclone_tns_server::{Account, MariaDb, Options, Server};

fn connect(server: &Server, user: &str) -> oracledb::Connection {
    let config = oracledb::Config::default()
        .set_credentials(user, "let me in")
        .set_connect_string(&server.connect_string())
        .unwrap();
    oracledb::connect(config).unwrap()
}

#[test]
fn executes() {
    if !MariaDb::is_installed() {
        println!("skipped: mariadb-server is not installed");
        return;
    }
    let mariadb = MariaDb::start().unwrap();
    mariadb.create_schema("osadmin").unwrap();
    let options = Options {
        accounts: vec![Account::new("osadmin", "let me in")],
        ..Options::default()
    };
    let server = options.start_with(mariadb.clone()).unwrap();
    let connection = connect(&server, "osadmin");
    connection.execute("CREATE TABLE t (id NUMBER(10) PRIMARY KEY, v VARCHAR2(50), d DATE, c CLOB, b BLOB, r RAW(16))", &[]).unwrap();
    let d = oracledb::OracleTimestamp::new_timestamp(2026, 11, 27, 1, 2, 3, 0);
    for id in 1..=10 {
        let n = connection
            .execute(
                "INSERT INTO t (id, v, d, c, b, r) VALUES (:1, :2, :3, :4, :5, :6)",
                &[
                    &id,
                    &"naïve",
                    &d,
                    &"x".repeat(5000),
                    &vec![1_u8, 2, 255],
                    &vec![7_u8],
                ],
            )
            .unwrap();
        assert_eq!(n.rows_affected(), 1);
    }
    connection.commit().unwrap();
    let rows = connection
        .query("SELECT id, v, d, c, b, r FROM t ORDER BY id", &[])
        .unwrap();
    for (at, row) in rows.enumerate() {
        let row = row.unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), at as i64 + 1);
        assert_eq!(row.get::<String>(1).unwrap(), "naïve");
        assert_eq!(row.get::<oracledb::OracleTimestamp>(2).unwrap(), d);
        assert_eq!(row.get::<String>(3).unwrap().len(), 5000);
        assert_eq!(row.get::<Vec<u8>>(4).unwrap(), [1, 2, 255]);
        assert_eq!(row.get::<Vec<u8>>(5).unwrap(), [7]);
    }
}
