//! The driver against a server that says what a test makes it say.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use envclone_db::checkup::{self, Purpose};
use envclone_db::sqlserver::{Encryption, Login, Place, Server, Side, SqlServer, Trust};
use envclone_db::{Access, Answered, Copied, DbError, Engine, Go, Session, Trouble, Value};
use envclone_tds_server::{self as tds, Answer, Cell, Options, Request, Type};

fn never() -> bool {
    false
}

/// Answers what every session begins with, and the rest as a test wants.
fn script(rest: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> tds::Server {
    options(Options::default(), rest)
}

fn options(
    options: Options,
    rest: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> tds::Server {
    options
        .start(move |request| {
            if request.sql.starts_with("SET ANSI_NULLS") {
                Answer::Done
            } else if request.sql.contains("sp_getapplock") {
                Answer::rows([("granted", Type::Int)], [[0.into()]])
            } else {
                rest(request)
            }
        })
        .unwrap()
}

fn server(at: &tds::Server) -> Server {
    Server {
        label: "sql1".to_owned(),
        host: "127.0.0.1".to_owned(),
        place: Place::Port(at.port()),
        login: Login::Sql {
            user: "sa".to_owned(),
            password: "let me in".into(),
        },
        encryption: Encryption::On,
        trust: Trust::Authority(at.authority().to_owned()),
        application: "envclone".to_owned(),
        connect: Duration::from_secs(5),
        command: None,
        lock: Duration::from_secs(30),
        multi_subnet: false,
        read_intent: false,
    }
}

fn side(name: &str, server: &Server, catalog: &str) -> Side {
    Side {
        name: name.to_owned(),
        server: server.clone(),
        catalogs: vec![catalog.to_owned()],
        writable: name == "target",
    }
}

/// An engine whose source and target are catalogs of one server.
fn engine(server: &Server, interrupted: fn() -> bool) -> SqlServer {
    let sides = vec![side("source", server, "prod"), side("target", server, "qa")];
    SqlServer::new(sides, interrupted)
}

fn session(at: &tds::Server) -> Box<dyn Session> {
    engine(&server(at), never)
        .open("qa@sql1", Access::Write)
        .unwrap()
}

fn refused(server: &Server, name: &str) -> DbError {
    engine(server, never)
        .open(name, Access::Read)
        .err()
        .unwrap()
}

#[test]
fn every_session_begins_with_the_settings_that_the_rest_relies_on() {
    let at = script(|_| Answer::Done);
    drop(session(&at));
    let received = at.received();
    for setting in [
        "XACT_ABORT ON",
        "NOCOUNT ON",
        "IMPLICIT_TRANSACTIONS OFF",
        "ROWCOUNT 0",
        "LOCK_TIMEOUT 30000",
        "ISOLATION LEVEL READ COMMITTED",
    ] {
        assert!(received[0].sql.contains(setting), "{setting}");
    }
    assert!(received[1].sql.contains("sp_getapplock"));
    let login = &at.logins()[0];
    assert_eq!(login.application, "envclone");
    assert_eq!(login.database, "qa");
    assert!(login.encrypted);
}

#[test]
fn nothing_is_ever_written_to_the_source() {
    let at = script(|_| Answer::Done);
    let server = server(&at);
    let engine = engine(&server, never);
    for name in ["prod@sql1", "PROD@SQL1"] {
        let error = engine.open(name, Access::Write).err().unwrap();
        assert_eq!(error.trouble, Trouble::NotPermitted);
        assert!(error.to_string().contains("never written"), "{error}");
    }
    assert!(at.received().is_empty(), "nobody even connected");
    // A target that is the source is the source.
    let sides = vec![
        side("source", &server, "prod"),
        side("target", &server, "prod"),
    ];
    let same = SqlServer::new(sides, never);
    for name in ["prod@sql1", "prod@elsewhere", "prod"] {
        assert!(same.open(name, Access::Write).is_err(), "{name}");
    }
}

#[test]
fn the_servers_own_databases_are_no_environment() {
    let at = script(|_| Answer::Done);
    for name in ["master", "MSDB", "tempdb", "model"] {
        let engine = SqlServer::new(vec![side("target", &server(&at), name)], never);
        let error = engine.look(&format!("{name}@sql1")).unwrap_err();
        assert_eq!(error.trouble, Trouble::Unsuitable);
        assert!(error.to_string().contains("the target names"), "{error}");
    }
    assert!(at.received().is_empty(), "nobody even connected");
}

#[test]
fn another_run_on_the_same_copy_is_refused() {
    let at = Options::default()
        .start(|request| {
            if request.sql.contains("sp_getapplock") {
                Answer::rows([("granted", Type::Int)], [[Cell::Integer(-1)]])
            } else {
                Answer::Done
            }
        })
        .unwrap();
    let engine = engine(&server(&at), never);
    let error = engine.open("qa@sql1", Access::Write).err().unwrap();
    assert_eq!(error.trouble, Trouble::Locked);
    engine.open("qa@sql1", Access::Read).unwrap();
}

#[test]
fn who_does_not_get_in_is_told_which_side_and_why() {
    let only_qa = Options {
        databases: vec!["qa".to_owned()],
        ..Options::default()
    };
    let at = options(only_qa, |_| Answer::Done);
    let right = server(&at);

    let mut wrong = right.clone();
    wrong.login = Login::Sql {
        user: "sa".to_owned(),
        password: "hunter-22".into(),
    };
    let error = refused(&wrong, "qa@sql1");
    assert_eq!(error.trouble, Trouble::Login, "{error}");
    let told = error.to_string();
    assert!(told.contains("the target's server sql1"), "{told}");
    assert!(told.contains("18456") && !told.contains("hunter"), "{told}");

    let error = refused(&right, "prod@sql1");
    assert_eq!(error.trouble, Trouble::NotFound, "{error}");
    let told = error.to_string();
    assert!(told.contains("the source's server sql1"), "{told}");

    let port = at.port();
    drop(at);
    let mut gone = right;
    gone.place = Place::Port(port);
    gone.trust = Trust::Any;
    let error = refused(&gone, "qa@sql1");
    assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
}

#[test]
fn a_certificate_is_believed_only_on_grounds() {
    let (at, other) = (script(|_| Answer::Done), script(|_| Answer::Done));
    for trust in [
        Trust::System,
        Trust::Authority(other.authority().to_owned()),
        Trust::Authority("no-such-file.pem".into()),
    ] {
        let mut server = server(&at);
        server.trust = trust.clone();
        let error = refused(&server, "qa@sql1");
        assert_eq!(error.trouble, Trouble::Certificate, "{trust:?}: {error}");
    }
    let mut server = server(&at);
    server.trust = Trust::Any;
    engine(&server, never)
        .open("qa@sql1", Access::Read)
        .unwrap();
}

#[test]
fn encryption_that_is_not_to_be_had_is_not_done_without() {
    let plain = Options {
        encryption: tds::Encryption::Unavailable,
        ..Options::default()
    };
    let at = options(plain, |_| Answer::Done);
    let error = refused(&server(&at), "qa@sql1");
    assert_eq!(at.logins().len(), 0, "no password went out: {error}");
}

#[test]
fn rows_come_as_they_are() {
    let at = script(|_| {
        Answer::rows(
            [
                ("n", Type::Int),
                ("t", Type::NVarcharMax),
                ("b", Type::VarbinaryMax),
                ("f", Type::Bit),
                ("d", Type::Decimal(2)),
                ("x", Type::Float),
                ("nothing", Type::Int),
            ],
            [[
                7.into(),
                Cell::Text("Zürich ✓".to_owned()),
                Cell::Bytes(vec![0, 1, 255]),
                Cell::Integer(1),
                Cell::Decimal(1205),
                Cell::Real(0.5),
                Cell::Null,
            ]],
        )
    });
    let mut rows = 0;
    session(&at)
        .query("whatever", &mut |row| {
            rows += 1;
            assert_eq!(row.len(), 7);
            assert_eq!(row.value(0), Value::Integer(7));
            assert_eq!(row.value(1), Value::Text("Zürich ✓".as_bytes()));
            assert_eq!(row.value(2), Value::Bytes(&[0, 1, 255]));
            assert_eq!(row.value(3), Value::Integer(1));
            assert_eq!(row.text(4), "12.05");
            assert_eq!(row.value(5), Value::Real(0.5));
            assert_eq!(row.value(6), Value::Null);
            assert_eq!(row.value(7), Value::Null);
            Go::Continue(())
        })
        .unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_statement_says_how_many_rows_it_changed_itself() {
    let at = script(|request| {
        assert!(
            request.sql.ends_with("SELECT ROWCOUNT_BIG()"),
            "{}",
            request.sql
        );
        Answer::Many(vec![
            Answer::Changed(41),
            Answer::rows([("", Type::BigInt)], [[42.into()]]),
        ])
    });
    assert_eq!(session(&at).execute("DELETE FROM t -- all").unwrap(), 42);
}

#[test]
fn the_servers_numbers_become_kinds() {
    let at = script(|request| {
        let number = request.sql.split_whitespace().last().unwrap();
        Answer::error(number.parse().unwrap(), 16, "the server's own words")
    });
    let mut session = session(&at);
    for (number, trouble) in [
        (547, Trouble::Constraint),
        (1205, Trouble::Deadlock),
        (1222, Trouble::Locked),
        (229, Trouble::NotPermitted),
        (3906, Trouble::ReadOnly),
        (1105, Trouble::Full),
        (208, Trouble::NotFound),
        (3169, Trouble::OlderServer),
        (4305, Trouble::LogGap),
        (33111, Trouble::Key),
        (40510, Trouble::Unsupported),
        (3154, Trouble::Exists),
        (3241, Trouble::Damaged),
        (3257, Trouble::Full),
        (3110, Trouble::NotPermitted),
        (50000, Trouble::Other),
    ] {
        let error = session
            .query(&format!("fail with {number}"), &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, trouble);
        assert!(error.message.contains("the server's own words"), "{error}");
        assert!(error.message.contains(&number.to_string()), "{error}");
        assert_eq!(error.database, "qa@sql1");
    }
}

const BACKUP: &str = "BACKUP DATABASE [prod] TO DISK = N'x' WITH COPY_ONLY";

#[test]
fn what_a_server_says_of_its_files_has_the_systems_number_in_it() {
    for (number, words, trouble) in [
        (
            3201,
            r"Cannot open backup device 'D:\112\x.bak'. Operating system error 3(The system cannot find the path specified.).",
            Trouble::Path,
        ),
        (
            5133,
            "Directory lookup for the file failed with the operating system error 5(Zugriff verweigert).",
            Trouble::Path,
        ),
        (
            3202,
            "Write on \"x.bak\" failed: 112(There is not enough space on the disk.)",
            Trouble::Full,
        ),
        (
            3634,
            "Das Betriebssystem meldete '28(No space left on device)' bei 'CreateFile'.",
            Trouble::Full,
        ),
    ] {
        // The server says twice that a backup failed, and means the first.
        let at = script(move |request| {
            if request.sql.starts_with("BACKUP") {
                Answer::Many(vec![
                    Answer::error(number, 16, words),
                    Answer::error(3013, 16, "BACKUP DATABASE is terminating abnormally."),
                ])
            } else {
                Answer::rows([("", Type::Int)], [[51.into()]])
            }
        });
        let error = engine(&server(&at), never)
            .work("prod@sql1", BACKUP, &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, trouble, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.database, "prod@sql1");
    }
}

/// A server whose backup takes this long, and whose other sessions answer how far it is with these cells.
fn slow(wait: Duration, far: Option<[i64; 2]>) -> tds::Server {
    script(move |request| {
        if request.sql.starts_with("BACKUP") {
            Answer::Done.after(wait)
        } else if request.sql.contains("dm_exec_requests") {
            match far {
                Some([done, left]) => Answer::rows(
                    [("", Type::BigInt), ("", Type::BigInt)],
                    [[Cell::Integer(done), Cell::Integer(left)]],
                ),
                None => Answer::error(300, 14, "VIEW SERVER STATE permission was denied"),
            }
        } else {
            Answer::rows([("", Type::Int)], [[51.into()]])
        }
    })
}

#[test]
fn something_long_tells_how_far_it_is() {
    let at = slow(Duration::from_millis(2500), Some([4_250, 90_000]));
    let mut told = Vec::new();
    engine(&server(&at), never)
        .work("prod@sql1", BACKUP, &mut |copied| {
            told.push(copied);
            Go::Continue(())
        })
        .unwrap();
    let expected = Copied {
        done: 4_250,
        of: 10_000,
        left: Some(Duration::from_secs(90)),
    };
    assert_eq!(told.first(), Some(&expected));
    let asked = at
        .received()
        .into_iter()
        .find(|request| request.sql.contains("dm_exec_requests"))
        .unwrap();
    assert!(asked.sql.contains("session_id = 51"), "{}", asked.sql);
}

#[test]
fn where_nobody_may_see_how_far_it_is_it_goes_on() {
    let at = slow(Duration::from_millis(3500), None);
    let mut told = Vec::new();
    engine(&server(&at), never)
        .work("prod@sql1", BACKUP, &mut |copied| {
            told.push(copied);
            Go::Continue(())
        })
        .unwrap();
    assert!(!told.is_empty());
    assert!(
        told.iter()
            .all(|copied| copied.of == 0 && copied.left.is_none())
    );
    let asked = at.received();
    let asked = asked.iter().filter(|one| one.sql.contains("dm_exec"));
    assert_eq!(asked.count(), 1, "it asks no more where it was refused");
}

#[test]
fn something_long_is_cancelled_on_request() {
    let at = slow(Duration::from_secs(60), Some([1, 1]));
    let began = Instant::now();
    let error = engine(&server(&at), never)
        .work("prod@sql1", BACKUP, &mut |_| Go::Break(()))
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted);
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "it waited for the end"
    );
}

#[test]
fn a_server_that_vanishes_during_something_long_is_a_lost_connection() {
    let at = script(|request| {
        if request.sql.starts_with("BACKUP") {
            Answer::Cut.after(Duration::from_millis(300))
        } else {
            Answer::rows([("", Type::Int)], [[51.into()]])
        }
    });
    let error = engine(&server(&at), never)
        .work("prod@sql1", BACKUP, &mut |_| Go::Continue(()))
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Lost, "{error}");
    assert!(
        error.to_string().contains("the connection ended"),
        "{error}"
    );
}

/// What the environment had before may have been on the server of the source, which no side names.
#[test]
fn a_database_that_nobody_names_is_looked_at_on_the_source_s_server_and_never_written_to() {
    let at = script(|request| match request.sql.contains("dm_exec_sessions") {
        true => Answer::rows(
            ["host", "program", "login"].map(|name| (name, Type::NVarcharMax)),
            [["APP1", "OutSystems", "os"].map(Cell::from)],
        ),
        false => Answer::rows([("", Type::Int)], [[1.into()]]),
    });
    let source = server(&at);
    let mut target = side("target", &source, "qa");
    target.server.label = "sql2".to_owned();
    let engine = SqlServer::new(vec![side("source", &source, "prod"), target], never);
    let used = engine.in_use("former@SQL1").unwrap();
    assert_eq!(used.unwrap(), "`OutSystems` on APP1 as os");
    let before = at.received().len();
    let refused = |error: DbError| {
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
        assert!(error.to_string().contains("never written"), "{error}");
    };
    refused(engine.open("former@sql1", Access::Write).err().unwrap());
    for sql in [
        "DROP DATABASE [former]",
        "RESTORE DATABASE [former] FROM DISK = N'x'",
        "ALTER DATABASE [former] SET MULTI_USER",
        "CREATE DATABASE [former]",
    ] {
        refused(
            engine
                .work("former@sql1", sql, &mut |_| Go::Continue(()))
                .unwrap_err(),
        );
    }
    refused(engine.open_together(&["former@sql1"]).err().unwrap());
    assert!(engine.snapshot(&["former@sql1".to_owned()]).is_err());
    assert!(engine.publish("former@sql1", "former@sql1").is_err());
    engine.discard("former@sql1");
    assert_eq!(at.received().len(), before, "nobody even asked");
    let error = engine.in_use("former@sql3").unwrap_err();
    assert_eq!(error.trouble, Trouble::NotFound);
}

#[test]
fn the_sources_server_is_asked_for_backups_and_nothing_else() {
    let at = script(|_| Answer::rows([("", Type::Int)], [[51.into()]]));
    let server = server(&at);
    let work =
        |name: &str, sql: &str| engine(&server, never).work(name, sql, &mut |_| Go::Continue(()));
    for sql in [
        "RESTORE DATABASE [prod] FROM DISK = N'x'",
        "DROP DATABASE [prod]",
        "BACKUP DATABASE [prod] TO DISK = N'x'",
        "ALTER DATABASE [prod] SET MULTI_USER",
    ] {
        let error = work("prod@sql1", sql).unwrap_err();
        assert_eq!(error.trouble, Trouble::NotPermitted, "{sql}");
        assert!(error.to_string().contains("never written"), "{error}");
    }
    assert!(at.received().is_empty(), "nobody even connected");
    work("prod@sql1", BACKUP).unwrap();
    work("qa@sql1", "RESTORE DATABASE [qa] FROM DISK = N'x'").unwrap();
}

#[test]
fn rows_that_nobody_wants_leave_the_session_usable() {
    let at = script(|request| {
        let rows = if request.sql == "many" { 5000 } else { 1 };
        Answer::rows([("n", Type::Int)], (1..=rows).map(|n| [n.into()]))
    });
    let mut session = session(&at);
    for _ in 0..3 {
        assert_eq!(session.number("many").unwrap(), 1);
        assert_eq!(session.number("one").unwrap(), 1);
    }
}

static ASKED: AtomicBool = AtomicBool::new(false);

#[test]
fn an_interrupted_statement_is_cancelled_and_can_be_rolled_back() {
    let at = script(|request| {
        if request.sql == "slow" {
            ASKED.store(true, Ordering::SeqCst);
            Answer::Done.after(Duration::from_secs(60))
        } else {
            Answer::Done
        }
    });
    let engine = engine(&server(&at), || ASKED.load(Ordering::SeqCst));
    let mut session = engine.open("qa@sql1", Access::Write).unwrap();
    session.begin().unwrap();
    let began = Instant::now();
    let error = session
        .query("slow", &mut |_| Go::Continue(()))
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted);
    session.rollback().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "nobody waited for its end"
    );
    assert!(at.received().last().unwrap().sql.contains("ROLLBACK"));
}

#[test]
fn a_server_that_vanishes_is_a_lost_connection_in_every_phase() {
    for phase in ["BEGIN", "DELETE", "COMMIT", "IF @@TRANCOUNT"] {
        let at = script(move |request| {
            if request.sql.starts_with(phase) {
                Answer::Cut
            } else if request.sql.starts_with("DELETE") {
                Answer::rows([("", Type::BigInt)], [[1.into()]])
            } else {
                Answer::Done
            }
        });
        let mut session = session(&at);
        let mut run = || {
            session.begin()?;
            session.execute("DELETE FROM t")?;
            session.commit()?;
            session.rollback()
        };
        let error = run().unwrap_err();
        assert_eq!(error.trouble, Trouble::Lost, "{phase}: {error}");
    }
}

#[test]
fn a_login_that_may_not_see_others_says_so() {
    let at = script(|request| {
        assert!(
            !request.sql.contains("dm_exec_sessions"),
            "it must not look"
        );
        Answer::rows([("", Type::Int)], [[0.into()]])
    });
    let error = engine(&server(&at), never).in_use("qa@sql1").unwrap_err();
    assert_eq!(error.trouble, Trouble::NotPermitted);
    assert!(error.message.contains("VIEW SERVER STATE"), "{error}");
}

#[test]
fn a_change_and_what_is_asked_after_it_are_one_round_trip() {
    let at = script(|request| {
        let number = |number: i64| Answer::rows([("", Type::BigInt)], [[Cell::Integer(number)]]);
        let parts = request.parts();
        assert_eq!(parts[0], "DELETE FROM t -- some");
        let unanswered = parts.contains(&"SELECT 8");
        let answers = parts[1..].iter().map(|part| match *part {
            "SELECT ROWCOUNT_BIG()" => number(3),
            "SELECT 7" => number(7),
            _ => Answer::Rows {
                columns: vec![("".to_owned(), Type::BigInt)],
                rows: Vec::new(),
            },
        });
        assert_eq!(answers.len(), 2 + usize::from(unanswered));
        Answer::Many(answers.collect())
    });
    let mut session = session(&at);
    let before = at.received().len();
    let asked = session.execute_and_ask("DELETE FROM t -- some", &["SELECT 7"]);
    let Answered { rows, numbers } = asked.unwrap();
    assert_eq!((rows, numbers), (3, vec![7]));
    assert_eq!(at.received().len(), before + 1);
    let asked = session.execute_and_ask("DELETE FROM t -- some", &["SELECT 7", "SELECT 8"]);
    let error = asked.unwrap_err();
    assert!(
        error.message.contains("did not answer"),
        "{}",
        error.message
    );
}

/// What a server says of itself and of its databases.
#[derive(Clone)]
struct Told {
    version: &'static str,
    edition: &'static str,
    state: [&'static str; 5],
    granted: fn(&str) -> bool,
    history: bool,
    log_backups: i64,
    exists: bool,
}

const WELL: Told = Told {
    version: "16.0.4095.4",
    edition: "3",
    state: [
        "ONLINE",
        "MULTI_USER",
        "writable",
        "SIMPLE",
        "Latin1_General_CI_AI",
    ],
    granted: |_| true,
    history: true,
    log_backups: 0,
    exists: true,
};

const OPEN: &str = "database that is open to all";
const VERSION: &str = "version that the platform runs on";

/// What a server tells, the side it is asked for, and what is amiss.
type Case = (Told, Purpose, &'static [(&'static str, bool)]);

/// What a checkup finds amiss: what, and whether the run would end there.
fn amiss(told: Told, purpose: Purpose) -> Vec<(String, bool)> {
    let at = script(move |request| {
        let texts = |texts: &[&str]| {
            let columns = texts.iter().map(|_| ("", Type::NVarcharMax));
            let cells = texts.iter().map(|text| Cell::Text((*text).to_owned()));
            Answer::rows(columns, [cells.collect::<Vec<_>>()])
        };
        let number = |number: i64| Answer::rows([("", Type::Int)], [[Cell::Integer(number)]]);
        let sql = &request.sql;
        if sql.contains("ProductVersion") {
            texts(&[told.version, "Standard Edition", told.edition, "SQL1"])
        } else if sql.contains("HAS_PERMS_BY_NAME") {
            number(i64::from((told.granted)(sql)))
        } else if sql.contains("type = 'L'") && told.history {
            number(told.log_backups)
        } else if sql.contains("msdb") && told.history {
            number(3)
        } else if sql.contains("msdb") {
            Answer::error(229, 14, "The SELECT permission was denied")
        } else if sql.contains("sys.databases") && told.exists {
            texts(&told.state)
        } else if sql.contains("sys.databases") {
            let columns = told.state.map(|_| ("", Type::NVarcharMax));
            Answer::rows(columns, Vec::<Vec<Cell>>::new())
        } else {
            Answer::error(102, 15, "nobody expected this")
        }
    });
    engine(&server(&at), never)
        .checkup("qa@sql1", purpose)
        .into_iter()
        .filter(|need| !need.is_there())
        .map(|need| {
            let ends = matches!(need.state, checkup::State::Missing { .. });
            (need.what, ends)
        })
        .collect()
}

#[test]
fn a_checkup_says_what_would_end_a_run_and_what_a_person_must_decide() {
    let purpose = |side, makes_the_copy| Purpose {
        side,
        makes_the_copy,
    };
    let source = purpose(checkup::Side::Source, false);
    let target = purpose(checkup::Side::Target, false);
    let backed_up = purpose(checkup::Side::Source, true);
    let made = purpose(checkup::Side::Target, true);
    let state = |at: usize, text: &'static str| {
        let mut told = WELL;
        told.state[at] = text;
        told
    };
    let new = Told {
        exists: false,
        ..WELL
    };
    let old = Told {
        version: "10.50.6000.34",
        ..WELL
    };
    let azure = Told {
        edition: "5",
        ..WELL
    };
    let no_history = Told {
        history: false,
        ..WELL
    };
    let without = |granted| Told { granted, ..WELL };
    let cases: [Case; 27] = [
        (WELL, source, &[]),
        (
            without(|sql| !sql.contains("VIEW DEFINITION")),
            source,
            &[("VIEW DEFINITION", false)],
        ),
        (WELL, target, &[]),
        (WELL, backed_up, &[]),
        (
            Told {
                log_backups: 96,
                ..WELL
            },
            backed_up,
            &[("log backups at rest while the copy is made", false)],
        ),
        (
            Told {
                log_backups: 96,
                ..WELL
            },
            source,
            &[],
        ),
        (new.clone(), made, &[]),
        (WELL, made, &[("name that no database has", true)]),
        (new.clone(), target, &[(OPEN, true)]),
        (new, source, &[(OPEN, true)]),
        (old, source, &[(VERSION, true)]),
        (azure.clone(), backed_up, &[(VERSION, true)]),
        (azure, source, &[]),
        (state(0, "RESTORING"), target, &[(OPEN, true)]),
        (state(0, "OFFLINE"), source, &[(OPEN, true)]),
        (state(1, "SINGLE_USER"), target, &[(OPEN, true)]),
        (state(2, "read-only"), target, &[(OPEN, true)]),
        (state(2, "read-only"), source, &[]),
        (
            state(4, "Latin1_General_CS_AS"),
            target,
            &[("collation that ignores case", true)],
        ),
        (
            no_history.clone(),
            target,
            &[("reading msdb's history of restores", false)],
        ),
        (no_history.clone(), source, &[]),
        (
            no_history.clone(),
            backed_up,
            &[("reading msdb's history of backups", true)],
        ),
        (
            Told {
                exists: false,
                ..no_history
            },
            made,
            &[("reading msdb's history of restores", true)],
        ),
        (
            without(|sql| !sql.contains("DELETE") && !sql.contains("SERVER STATE")),
            target,
            &[("VIEW SERVER STATE", false), ("DELETE", true)],
        ),
        (
            without(|sql| !sql.contains("BACKUP")),
            backed_up,
            &[("BACKUP DATABASE", true), ("BACKUP LOG", false)],
        ),
        (without(|sql| !sql.contains("BACKUP")), source, &[]),
        (
            Told {
                exists: false,
                granted: |sql| !sql.contains("IMPERSONATE") && !sql.contains("CREATE"),
                ..WELL
            },
            made,
            &[("CREATE ANY DATABASE", true), ("IMPERSONATE", false)],
        ),
    ];
    for (at, (told, purpose, expected)) in cases.into_iter().enumerate() {
        let found = amiss(told, purpose);
        let found: Vec<(&str, bool)> = found
            .iter()
            .map(|(what, ends)| (what.as_str(), *ends))
            .collect();
        assert_eq!(found, expected, "case {at}");
    }
}
