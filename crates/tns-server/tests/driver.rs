//! The server as the driver sees it that envclone speaks to Oracle with.

use envclone_tns_server::{Answer, Call, Options, Release, Server, Type, Value};

fn connect(server: &Server) -> oracledb::Connection {
    let config = oracledb::Config::default()
        .set_credentials("system", "let me in")
        .set_connect_string(&server.connect_string())
        .unwrap();
    oracledb::connect(config).unwrap()
}

#[test]
fn selects() {
    for release in [Release::Nineteen, Release::TwentyThree] {
        let options = Options {
            release,
            ..Options::default()
        };
        let server = options
            .start(|request| match request.sql.as_str() {
                "SELECT 1 FROM dual" => Answer::rows(
                    [("N", Type::Number)],
                    [[1.into()], [2.into()], [Value::Null]],
                ),
                "COMMIT" => Answer::Done,
                _ => Answer::changed(3),
            })
            .unwrap();
        let mut connection = connect(&server);
        let rows: Vec<Option<i64>> = connection
            .query("SELECT 1 FROM dual", &[])
            .unwrap()
            .map(|row| row.unwrap().get(0).unwrap())
            .collect();
        assert_eq!(rows, [Some(1), Some(2), None]);
        let changed = connection
            .execute("UPDATE t SET x = :1 WHERE y = :2", &[&"a", &5])
            .unwrap();
        assert_eq!(changed.rows_affected(), 3);
        connection.commit().unwrap();
        connection.close().unwrap();
        assert_eq!(server.received()[1].rows, [["a".into(), Value::Integer(5)]]);
        assert_eq!(server.received()[2].call, Call::Commit);
    }
}
