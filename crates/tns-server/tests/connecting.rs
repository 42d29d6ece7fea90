//! How one comes to the server, and how one doesn't: with the driver that envclone speaks to Oracle with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

mod common;

use common::{code, config, connect_as, kind, open};
use envclone_tns_server::{Account, AccountState, Answer, Listener, Options, Release, Server};
use oracledb::{AUTH_MODE_SYSDBA, Config};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn silent(options: Options) -> Server {
    options.start(|_| Answer::Done).unwrap()
}

#[test]
fn logs_in_by_both_protocols() {
    for release in [Release::Nineteen, Release::TwentyThree] {
        let server = silent(Options {
            release,
            ..Options::default()
        });
        let config = config(&server)
            .set_program("envclone")
            .unwrap()
            .set_machine("somewhere")
            .unwrap()
            .set_driver_name("envclone's");
        let mut connection = oracledb::connect(config).unwrap();
        let version = connection.version().unwrap().to_string();
        match release {
            Release::Nineteen => assert!(version.starts_with("19."), "{version}"),
            Release::TwentyThree => assert!(version.starts_with("23."), "{version}"),
        }
        assert_eq!(connection.service_name().unwrap(), "freepdb1");
        assert_eq!(connection.db_name().unwrap(), "FREE");
        connection.ping().unwrap();
        connection.close().unwrap();

        assert_eq!((server.pings(), server.logoffs()), (1, 1));
        let login = &server.logins()[0];
        assert_eq!(login.user, "SYSTEM");
        assert_eq!(login.service, "freepdb1");
        assert_eq!(
            (login.program.as_str(), login.machine.as_str()),
            ("envclone", "somewhere")
        );
        assert_eq!(login.driver, "envclone's");
        assert!(!login.sysdba && !login.encrypted);
        assert_eq!(login.refused, None);
    }
}

#[test]
fn accounts_are_let_in_or_not() {
    let server = silent(Options {
        accounts: vec![
            Account::new(
                "osadmin",
                "Pa$$wörd \"with\" all sorts of things, and longer than sixteen bytes",
            ),
            Account::new("osruntime", "b"),
            Account::new("osold", "c").in_state(AccountState::Expired),
            Account::new("oslocked", "d").in_state(AccountState::Locked),
            Account::new("sys", "e").with_sysdba(),
        ],
        ..Options::default()
    });
    connect_as(
        &server,
        "osadmin",
        "Pa$$wörd \"with\" all sorts of things, and longer than sixteen bytes",
    )
    .unwrap();
    connect_as(&server, "OSruntime", "b").unwrap();
    assert_eq!(code(connect_as(&server, "osruntime", "B")), 1017);
    assert_eq!(code(connect_as(&server, "nobody", "b")), 1017);
    assert_eq!(code(connect_as(&server, "osold", "c")), 28_001);
    assert_eq!(code(connect_as(&server, "oslocked", "d")), 28_000);
    assert_eq!(code(connect_as(&server, "sys", "e")), 28_009);
    let refused: Vec<_> = server.logins().iter().map(|login| login.refused).collect();
    let expected = [
        None,
        None,
        Some(1017),
        Some(1017),
        Some(28_001),
        Some(28_000),
        Some(28_009),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn sysdba_is_noticed_and_not_for_all() {
    let server = Options {
        accounts: vec![
            Account::new("sys", "a").with_sysdba(),
            Account::new("osadmin", "b"),
        ],
        ..Options::default()
    }
    .start(|request| {
        assert_eq!(request.user, "SYS");
        Answer::Done
    })
    .unwrap();
    let as_sysdba = |user, password| {
        let config = config(&server).set_credentials(user, password);
        oracledb::connect(config.set_auth_mode(AUTH_MODE_SYSDBA))
    };
    let connection = as_sysdba("sys", "a").unwrap();
    connection
        .execute("ALTER USER osadmin ACCOUNT UNLOCK", &[])
        .unwrap();
    assert_eq!(code(as_sysdba("osadmin", "b")), 1031);
    let sysdba: Vec<_> = server.logins().iter().map(|login| login.sysdba).collect();
    assert_eq!(sysdba, [true, true]);
}

#[test]
fn services_and_sids_are_looked_up() {
    let server = silent(Options::default());
    let to = |descriptor: &str| {
        let config = Config::default()
            .set_credentials("system", "let me in")
            .set_connect_string(descriptor)
            .unwrap();
        oracledb::connect(config)
    };
    let port = server.port();
    to(&server.connect_string()).unwrap();
    to(&format!("127.0.0.1:{port}/FREEPDB1")).unwrap();
    let with = |data: &str| {
        format!(
            "(DESCRIPTION=(RETRY_DELAY=0)(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))(CONNECT_DATA=({data})))"
        )
    };
    to(&with("SID=FREE")).unwrap();
    let unknown = kind(to(&with("SERVICE_NAME=other")));
    assert!(unknown.starts_with("InvalidServiceName"), "{unknown}");
    let unknown = kind(to(&with("SID=other")));
    assert!(unknown.starts_with("InvalidSid"), "{unknown}");
    let refused: Vec<_> = server.logins().iter().map(|login| login.refused).collect();
    assert_eq!(refused, [None, None, None, Some(12_514), Some(12_505)]);
}

#[test]
fn long_connect_data_comes_in_a_second_packet() {
    let server = silent(Options::default());
    let config = config(&server).set_program("p".repeat(300)).unwrap();
    oracledb::connect(config).unwrap();
    assert_eq!(server.logins()[0].program.len(), 300);
}

#[test]
fn tnsnames_lead_to_it() {
    let server = silent(Options::default());
    let directory = tempfile::tempdir().unwrap();
    let entry = format!(
        "CLONE = (DESCRIPTION = (ADDRESS = (PROTOCOL = TCP)(HOST = 127.0.0.1)(PORT = {}))\n  (CONNECT_DATA = (SERVICE_NAME = freepdb1)))\n",
        server.port()
    );
    fs::write(directory.path().join("tnsnames.ora"), entry).unwrap();
    let config = Config::default()
        .set_credentials("system", "let me in")
        .set_config_dir(directory.path().to_str().unwrap())
        .set_connect_string("clone")
        .unwrap();
    oracledb::connect(config).unwrap();
}

#[test]
fn the_listener_refuses_closes_and_hangs() {
    let server = silent(Options::default());
    server.set_listener(Listener::Refuses(12_528));
    let refused = kind(oracledb::connect(config(&server)));
    assert!(
        refused.starts_with("ListenerRefusedConnection") && refused.contains("12528"),
        "{refused}"
    );

    server.set_listener(Listener::Closes);
    let closed = kind(oracledb::connect(config(&server)));
    assert!(
        ["DeadConnection", "StreamOperation"].contains(&closed.as_str()),
        "{closed}"
    );

    // The driver has no time-out for a listener that took the connection: it waits as long as that one does.
    server.set_listener(Listener::Hangs(Duration::from_millis(300)));
    let config = config(&server).set_transport_connect_timeout(Some(Duration::from_millis(10)));
    let hung = kind(oracledb::connect(config));
    assert!(
        ["DeadConnection", "StreamOperation"].contains(&hung.as_str()),
        "{hung}"
    );

    server.set_listener(Listener::Open);
    open(&server);
}

#[test]
fn a_server_that_demands_its_own_encryption_makes_the_driver_panic() {
    let server = silent(Options {
        listener: Listener::DemandsEncryption,
        ..Options::default()
    });
    let config = config(&server);
    let panicked = catch_unwind(AssertUnwindSafe(|| oracledb::connect(config).map(drop)));
    assert!(panicked.is_err());
}

#[test]
fn tls_is_spoken_with_those_who_know_the_authority() {
    for release in [Release::Nineteen, Release::TwentyThree] {
        let options = || Options {
            release,
            tls: true,
            ..Options::default()
        };
        let (server, other) = (silent(options()), silent(options()));
        let with = |wallet: &std::path::Path| {
            let config = config(&server).set_wallet_location(wallet.to_str().unwrap());
            oracledb::connect(config)
        };
        let connection = with(server.wallet()).unwrap();
        connection.execute("BEGIN NULL; END;", &[]).unwrap();
        assert!(server.logins()[0].encrypted);
        assert_eq!(kind(with(other.wallet())), "StreamOperation");
        assert_eq!(kind(oracledb::connect(config(&server))), "StreamOperation");
        assert_eq!(server.logins().len(), 1);
    }
}

#[test]
fn a_dropped_server_is_gone() {
    let server = silent(Options::default());
    let (connection, config) = (open(&server), config(&server));
    drop(server);
    assert!(connection.ping().is_err());
    assert_eq!(kind(oracledb::connect(config)), "StreamOperation");
}
