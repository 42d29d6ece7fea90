//! The server as the driver sees it that envclone speaks to SQL Server with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

use envclone_tds_server::{
    Answer, Browser, Cell, Encoded, Encryption, Options, Request, Server, Type,
};
use futures_util::TryStreamExt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tiberius::error::Error;
use tiberius::{AuthMethod, ColumnData, Config, EncryptionLevel, QueryItem, SqlBrowser};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

type Client = tiberius::Client<Compat<TcpStream>>;

const LONG: Duration = Duration::from_secs(60);

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { timeout(LONG, test).await.unwrap() })
}

/// A server that answers everything alike.
fn always(answer: Answer) -> Server {
    Server::start(move |_| answer.clone()).unwrap()
}

fn plain(server: &Server) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.port());
    config.authentication(AuthMethod::sql_server("sa", "let me in"));
    config.encryption(EncryptionLevel::NotSupported);
    config
}

fn encrypted(server: &Server, level: EncryptionLevel, authority: &Path) -> Config {
    let mut config = plain(server);
    config.encryption(level);
    config.trust_cert_ca(authority.display());
    config
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let tcp = TcpStream::connect(config.get_addr()).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    Client::connect(config.clone(), tcp.compat_write()).await
}

async fn open(server: &Server) -> Client {
    connect(&plain(server)).await.unwrap()
}

/// The results of a batch, all cells as the driver decoded them.
async fn batch(client: &mut Client, sql: &str) -> Result<Vec<Vec<tiberius::Row>>, Error> {
    client.simple_query(sql).await?.into_results().await
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> u32 {
    match result {
        Err(Error::Server(error)) => error.code(),
        other => panic!("no error of a server: {other:?}"),
    }
}

fn one_row() -> Answer {
    Answer::rows([("n", Type::Int)], [[1.into()]])
}

fn sent(server: &Server) -> Vec<String> {
    let requests = server.received().into_iter();
    requests.map(|request| request.sql).collect()
}

#[test]
fn logs_in_without_tls() {
    run(async {
        let server = always(one_row());
        let mut config = plain(&server);
        config.database("outsystems");
        config.application_name("envclone");
        config.readonly(true);
        let mut client = connect(&config).await.unwrap();
        let results = batch(&mut client, "SELECT 1 AS n").await.unwrap();
        assert_eq!(results[0][0].get("n"), Some(1_i32));

        let expected = Request {
            connection: 1,
            database: "outsystems".to_owned(),
            sql: "SELECT 1 AS n".to_owned(),
            call: false,
        };
        assert_eq!(server.received(), [expected]);
        let login = &server.logins()[0];
        assert_eq!(login.application, "envclone");
        assert!(login.read_only && !login.encrypted);
    });
}

#[test]
fn encrypts_all_or_the_login_alone() {
    run(async {
        let server = always(one_row());
        let levels = [
            EncryptionLevel::Off,
            EncryptionLevel::On,
            EncryptionLevel::Required,
        ];
        for level in levels {
            let config = encrypted(&server, level, server.authority());
            let mut client = connect(&config).await.unwrap();
            let results = batch(&mut client, "SELECT 1 AS n").await.unwrap();
            assert_eq!(results[0][0].get("n"), Some(1_i32));
        }
        let encrypted = server.logins().into_iter().map(|login| login.encrypted);
        assert_eq!(encrypted.collect::<Vec<_>>(), [false, true, true]);
    });
}

#[test]
fn a_server_can_insist_on_tls() {
    run(async {
        let options = Options {
            encryption: Encryption::Required,
            ..Options::default()
        };
        let server = options.start(|_| one_row()).unwrap();
        let config = encrypted(&server, EncryptionLevel::Off, server.authority());
        let mut client = connect(&config).await.unwrap();
        batch(&mut client, "SELECT 1 AS n").await.unwrap();
        assert!(server.logins()[0].encrypted);
    });
}

#[test]
fn a_server_without_tls_is_refused_by_a_client_that_wants_it() {
    run(async {
        let options = Options {
            encryption: Encryption::Unavailable,
            ..Options::default()
        };
        let server = options.start(|_| one_row()).unwrap();
        open(&server).await;
        let config = encrypted(&server, EncryptionLevel::Required, server.authority());
        let refused = connect(&config).await;
        assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
        assert_eq!(server.logins().len(), 1);
    });
}

#[test]
fn an_unknown_authority_is_refused() {
    run(async {
        let (server, other) = (always(one_row()), always(one_row()));
        let config = encrypted(&server, EncryptionLevel::Required, other.authority());
        let refused = connect(&config).await;
        assert!(matches!(refused, Err(Error::Tls(_))), "{refused:?}");
        assert!(server.logins().is_empty());
    });
}

#[test]
fn a_wrong_password_is_refused() {
    run(async {
        let server = always(one_row());
        let mut config = plain(&server);
        config.authentication(AuthMethod::sql_server("sa", "let me out"));
        assert_eq!(code(connect(&config).await), 18456);
        config.authentication(AuthMethod::sql_server("as", "let me in"));
        assert_eq!(code(connect(&config).await), 18456);
        assert_eq!(server.logins().len(), 2);
    });
}

#[test]
fn a_missing_database_is_refused() {
    run(async {
        let options = Options {
            databases: vec!["outsystems".to_owned()],
            ..Options::default()
        };
        let server = options.start(|_| one_row()).unwrap();
        let mut config = plain(&server);
        for (name, exists) in [("OutSystems", true), ("master", true), ("osys_log", false)] {
            config.database(name);
            let connected = connect(&config).await;
            if exists {
                connected.unwrap();
            } else {
                assert_eq!(code(connected), 4060);
            }
        }
    });
}

#[test]
fn a_batch_has_several_results() {
    run(async {
        let server = always(Answer::Many(vec![
            Answer::Done,
            one_row(),
            Answer::Info("half way".to_owned()),
            Answer::Changed(7),
            Answer::rows(
                [("a", Type::NVarchar(10)), ("b", Type::BigInt)],
                [
                    ["x".into(), i64::MAX.into()],
                    [Cell::Null, Cell::Null],
                    ["".into(), (-1).into()],
                ],
            ),
            Answer::Info("done".to_owned()),
        ]));
        let mut client = open(&server).await;
        for _ in 0..2 {
            let results = batch(&mut client, "one; two").await.unwrap();
            assert_eq!(results.len(), 2);
            assert_eq!(results[0][0].get("n"), Some(1_i32));
            let second: Vec<(Option<&str>, Option<i64>)> = results[1]
                .iter()
                .map(|row| (row.get("a"), row.get("b")))
                .collect();
            let expected = [
                (Some("x"), Some(i64::MAX)),
                (None, None),
                (Some(""), Some(-1)),
            ];
            assert_eq!(second, expected);
        }
    });
}

#[test]
fn an_encoded_answer_arrives_as_often_as_it_is_to() {
    run(async {
        let columns = vec![
            ("n".to_owned(), Type::Int),
            ("x".to_owned(), Type::NVarcharMax),
        ];
        let mut encoded = Encoded::new(columns);
        for n in 0..100 {
            encoded.push(&[n.into(), "x".repeat(1_000).into()]);
        }
        let server = always(Answer::Again(Arc::new(encoded), 3));
        let mut client = open(&server).await;
        let results = batch(&mut client, "SELECT n, x FROM t").await.unwrap();
        let numbers = results[0].iter().map(|row| row.get::<i32, _>("n").unwrap());
        let expected = (0..3).flat_map(|_| 0..100);
        assert!(numbers.eq(expected));
        assert_eq!(results[0][299].get::<&str, _>("x").unwrap().len(), 1_000);
    });
}

#[test]
fn row_counts_arrive() {
    run(async {
        let server = Server::start(|request| match request.call {
            true => Answer::Many(vec![Answer::Changed(3), Answer::Changed(0), one_row()]),
            false => Answer::Changed(5),
        })
        .unwrap();
        let mut client = open(&server).await;
        let counts = client.execute("UPDATE …; UPDATE …; SELECT 1", &[]);
        assert_eq!(counts.await.unwrap().rows_affected(), [3, 0, 1]);
        let counts = client.execute("DELETE FROM t WHERE a = @P1 OR a = @P2", &[&1, &"x"]);
        assert_eq!(counts.await.unwrap().total(), 4);
        batch(&mut client, "DELETE FROM t").await.unwrap();

        let received = server.received();
        assert_eq!(received[0].sql, "UPDATE …; UPDATE …; SELECT 1");
        assert_eq!(received[1].sql, "DELETE FROM t WHERE a = @P1 OR a = @P2");
        let calls = received.iter().map(|request| request.call);
        assert_eq!(calls.collect::<Vec<_>>(), [true, true, false]);
    });
}

#[test]
fn every_type_arrives() {
    let moment = jiff::civil::date(2026, 11, 23).at(12, 4, 6, 123_456_700);
    let guid = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF_u128;
    let long = "å🙂".repeat(50_000);
    let cells: [(Type, Cell); 15] = [
        (Type::Bit, true.into()),
        (Type::TinyInt, 255.into()),
        (Type::SmallInt, (-2).into()),
        (Type::Int, i32::MIN.into()),
        (Type::BigInt, i64::MIN.into()),
        (Type::Real, 0.5.into()),
        (Type::Float, (-0.1).into()),
        (Type::Decimal(8), Cell::Decimal(-12_345_678_901)),
        (Type::NVarchar(4_000), "a text".into()),
        (Type::NVarcharMax, long.clone().into()),
        (Type::Varbinary(8_000), vec![0, 255].into()),
        (Type::VarbinaryMax, vec![7; 100_000].into()),
        (Type::DateTime, moment.into()),
        (Type::DateTime2, moment.into()),
        (Type::UniqueIdentifier, Cell::Guid(guid)),
    ];
    run(async {
        let answer = Answer::rows(
            cells.iter().map(|(kind, _)| ("c", *kind)),
            [
                cells.clone().map(|(_, cell)| cell).to_vec(),
                vec![Cell::Null; cells.len()],
            ],
        );
        let server = always(answer);
        let mut client = open(&server).await;
        let rows = batch(&mut client, "SELECT …").await.unwrap().remove(0);
        let row = &rows[0];
        assert_eq!(row.get(0), Some(true));
        assert_eq!(row.get(1), Some(255_u8));
        assert_eq!(row.get(2), Some(-2_i16));
        assert_eq!(row.get(3), Some(i32::MIN));
        assert_eq!(row.get(4), Some(i64::MIN));
        assert_eq!(row.get(5), Some(0.5_f32));
        assert_eq!(row.get(6), Some(-0.1_f64));
        let decimal = row.get::<tiberius::numeric::Numeric, _>(7).unwrap();
        assert_eq!(decimal.to_string(), "-123.45678901");
        assert_eq!(row.get(8), Some("a text"));
        assert_eq!(row.get(9), Some(long.as_str()));
        assert_eq!(row.get(10), Some([0, 255].as_slice()));
        assert_eq!(row.get(11), Some([7; 100_000].as_slice()));

        let data: Vec<&ColumnData<'_>> = row.cells().map(|(_, data)| data).collect();
        let ColumnData::DateTime(Some(datetime)) = data[12] else {
            panic!("{:?}", data[12])
        };
        // Days since 1900, and three-hundredths of a second since midnight.
        assert_eq!(datetime.days(), 46_347);
        assert_eq!(
            datetime.seconds_fragments(),
            ((12 * 60 + 4) * 60 + 6) * 300 + 37
        );
        let ColumnData::DateTime2(Some(datetime)) = data[13] else {
            panic!("{:?}", data[13])
        };
        assert_eq!(datetime.date().days(), 46_347 + 693_595);
        let tenths_of_microseconds = ((12 * 60 + 4) * 60 + 6) * 10_000_000 + 1_234_567;
        assert_eq!(datetime.time().increments(), tenths_of_microseconds);
        let ColumnData::Guid(Some(found)) = data[14] else {
            panic!("{:?}", data[14])
        };
        assert_eq!(found.as_u128(), guid);

        for (_, data) in rows[1].cells() {
            assert!(format!("{data:?}").ends_with("(None)"), "{data:?}");
        }
    });
}

#[test]
fn errors_leave_the_connection_usable() {
    run(async {
        let server = Server::start(|request| match request.sql.as_str() {
            "key" => Answer::error(547, 16, "The DELETE statement conflicted with …"),
            "deadlock" => Answer::Error {
                number: 1205,
                severity: 13,
                state: 51,
                message: "Transaction (Process ID 51) was deadlocked …".to_owned(),
                then_close: false,
            },
            "lock" => Answer::Many(vec![
                Answer::Changed(1),
                Answer::error(1222, 16, "Lock request time out period exceeded."),
                Answer::Changed(2),
            ]),
            _ => one_row(),
        })
        .unwrap();
        let mut client = open(&server).await;
        for (sql, number) in [("key", 547), ("deadlock", 1205), ("lock", 1222)] {
            assert_eq!(code(batch(&mut client, sql).await), number);
            assert_eq!(code(client.execute(sql, &[]).await), number);
            batch(&mut client, "SELECT 1 AS n").await.unwrap();
        }
        let error = match batch(&mut client, "deadlock").await {
            Err(Error::Server(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!((error.class(), error.state()), (13, 51));
        assert!(error.message().starts_with("Transaction (Process ID 51)"));
        assert!(server.received().iter().all(|r| r.connection == 1));
    });
}

#[test]
fn an_error_can_end_the_connection() {
    run(async {
        let server = always(Answer::Error {
            number: 596,
            severity: 21,
            state: 1,
            message: "Cannot continue the execution because the session is in the kill state."
                .to_owned(),
            then_close: true,
        });
        let mut client = open(&server).await;
        assert_eq!(code(batch(&mut client, "SELECT 1").await), 596);
        let after = batch(&mut client, "SELECT 2").await;
        assert!(matches!(after, Err(Error::Io { .. })), "{after:?}");
        assert_eq!(sent(&server), ["SELECT 1"]);
    });
}

#[test]
fn a_slow_answer_arrives() {
    run(async {
        let server = always(one_row().after(Duration::from_millis(200)));
        let mut client = open(&server).await;
        let began = Instant::now();
        batch(&mut client, "SELECT 1 AS n").await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(200));
    });
}

#[test]
fn an_attention_ends_a_slow_answer() {
    run(async {
        let server = Server::start(|request| match request.sql.as_str() {
            "slow" => one_row().after(2 * LONG),
            "slow later" => Answer::Many(vec![
                one_row(),
                Answer::Changed(1).after(2 * LONG),
                one_row(),
            ]),
            _ => one_row(),
        })
        .unwrap();
        let plain = plain(&server);
        let encrypted = encrypted(&server, EncryptionLevel::Required, server.authority());
        for config in [plain, encrypted] {
            let mut client = connect(&config).await.unwrap();
            for sql in ["slow", "slow later"] {
                let patience = Duration::from_millis(100);
                let given_up = timeout(patience, batch(&mut client, sql)).await;
                assert!(given_up.is_err(), "{given_up:?}");
                client.cancel_query().await.unwrap();
                let results = batch(&mut client, "SELECT 1 AS n").await.unwrap();
                assert_eq!(results[0][0].get("n"), Some(1_i32));

                let given_up = timeout(patience, client.execute(sql, &[])).await;
                assert!(given_up.is_err(), "{given_up:?}");
                client.cancel_query().await.unwrap();
                client.execute("SELECT 1 AS n", &[]).await.unwrap();
            }
        }
        let received = sent(&server);
        assert_eq!(received.iter().filter(|sql| *sql == "slow").count(), 4);
    });
}

#[test]
fn an_attention_after_the_answer_is_answered() {
    run(async {
        let server = always(one_row());
        let mut client = open(&server).await;
        batch(&mut client, "SELECT 1 AS n").await.unwrap();
        client.cancel_query().await.unwrap();
        batch(&mut client, "SELECT 1 AS n").await.unwrap();
    });
}

#[test]
fn what_comes_before_a_wait_is_sent() {
    run(async {
        let server = always(Answer::Many(vec![one_row(), Answer::Done.after(2 * LONG)]));
        let mut client = open(&server).await;
        let mut stream = client.simple_query("SELECT 1 AS n").await.unwrap();
        while !matches!(stream.try_next().await.unwrap(), Some(QueryItem::Row(_))) {}
        drop(stream);
        client.cancel_query().await.unwrap();
    });
}

#[test]
fn a_server_can_vanish_during_a_commit() {
    run(async {
        let server = Server::start(|request| match request.sql.as_str() {
            "COMMIT" => Answer::Cut,
            _ => Answer::Done,
        })
        .unwrap();
        let plain = plain(&server);
        let encrypted = encrypted(&server, EncryptionLevel::Required, server.authority());
        for config in [plain, encrypted] {
            let mut client = connect(&config).await.unwrap();
            batch(&mut client, "BEGIN TRANSACTION").await.unwrap();
            let lost = batch(&mut client, "COMMIT").await;
            assert!(matches!(lost, Err(Error::Io { .. })), "{lost:?}");
            connect(&config).await.unwrap();
        }
        let connections = server.received().into_iter().map(|r| r.connection);
        assert_eq!(connections.collect::<Vec<_>>(), [1, 1, 3, 3]);
    });
}

#[test]
fn a_server_can_vanish_between_rows() {
    run(async {
        let answer = Answer::rows([("n", Type::Int)], (0..100).map(|n| [n.into()]));
        let server = always(answer.then_cut());
        let mut client = open(&server).await;
        let stream = client.simple_query("SELECT n FROM t").await.unwrap();
        let mut rows = stream.into_row_stream();
        let mut count = 0;
        let lost = loop {
            match rows.try_next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("complete after {count}"),
                Err(error) => break error,
            }
        };
        assert_eq!(count, 100);
        assert!(matches!(lost, Error::Io { .. }), "{lost:?}");
    });
}

#[test]
fn a_script_that_panics_cuts_its_connection_alone() {
    run(async {
        let server = Server::start(|request| {
            assert_ne!(request.sql, "surprise", "this panic belongs to the test");
            one_row()
        })
        .unwrap();
        let (mut one, mut other) = (open(&server).await, open(&server).await);
        let lost = batch(&mut one, "surprise").await;
        assert!(matches!(lost, Err(Error::Io { .. })), "{lost:?}");
        batch(&mut other, "SELECT 1 AS n").await.unwrap();
        assert_eq!(sent(&server), ["surprise", "SELECT 1 AS n"]);
    });
}

#[test]
fn long_batches_and_long_answers_arrive_whole() {
    let batch_of_400_kb = format!("-- {}", "0123456789".repeat(20_000));
    let rows = 10_000;
    run(async {
        let answer = Answer::rows(
            [("n", Type::Int), ("t", Type::NVarchar(50))],
            (0..rows).map(|n| [n.into(), format!("row {n} of many").into()]),
        );
        let server = always(answer);
        let plain = plain(&server);
        let encrypted = encrypted(&server, EncryptionLevel::Required, server.authority());
        for mut config in [plain, encrypted] {
            for packet_size in [512, 4_096, 32_767] {
                config.packet_size(packet_size);
                let mut client = connect(&config).await.unwrap();
                let stream = client.simple_query(batch_of_400_kb.as_str()).await.unwrap();
                let found = stream.into_first_result().await.unwrap();
                assert_eq!(found.len(), rows as usize);
                let last = found.last().unwrap();
                assert_eq!(last.get("t"), Some("row 9999 of many"));
                let result = client.execute(batch_of_400_kb.as_str(), &[]).await;
                assert_eq!(result.unwrap().total(), rows as u64);
            }
        }
        assert_eq!(sent(&server).len(), 12);
        assert!(sent(&server).iter().all(|sql| *sql == batch_of_400_kb));
    });
}

#[test]
fn a_session_can_change_its_database() {
    run(async {
        let server = Server::start(|request| match request.sql.as_str() {
            "USE [osys_log]" => Answer::Use("osys_log".to_owned()),
            _ => one_row(),
        })
        .unwrap();
        let mut client = open(&server).await;
        for sql in ["SELECT 1", "USE [osys_log]", "SELECT 2"] {
            batch(&mut client, sql).await.unwrap();
        }
        let databases = server.received().into_iter().map(|r| r.database);
        let expected = ["master", "master", "osys_log"];
        assert_eq!(databases.collect::<Vec<_>>(), expected);
    });
}

#[test]
fn a_server_that_is_dropped_is_gone() {
    run(async {
        let server = always(one_row());
        let config = plain(&server);
        let mut client = open(&server).await;
        drop(server);
        assert!(batch(&mut client, "SELECT 1").await.is_err());
        assert!(TcpStream::connect(config.get_addr()).await.is_err());
    });
}

#[test]
fn a_named_instance_is_found() {
    run(async {
        let server = always(one_row());
        let browser = Browser::start([("OUTSYSTEMS".to_owned(), server.port())]).unwrap();
        let mut config = plain(&server);
        config.instance_name("outsystems");
        config.port(browser.port());
        let tcp = TcpStream::connect_named(&config).await.unwrap();
        let mut client = Client::connect(config.clone(), tcp.compat_write())
            .await
            .unwrap();
        batch(&mut client, "SELECT 1").await.unwrap();

        config.instance_name("other");
        let unknown = TcpStream::connect_named(&config).await;
        assert!(matches!(unknown, Err(Error::Conversion(_))), "{unknown:?}");
    });
}
