//! What is not written. Each check has a test here that fails without it.

use envclone_core::engine::Engine;
use envclone_core::hsconf::{
    At, Authentication, Category, Forbidden, Guard, Hsconf, HsconfError, Owned, Place, Refusal,
    Tablespace,
};

use crate::support::*;

#[test]
fn what_is_no_such_file_is_refused() {
    let fault = |text: &str| Hsconf::read(text.as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(fault("<configuration/>"), HsconfError::Root);
    for (text, line) in [
        ("", 1),
        ("no XML", 1),
        ("<EnvironmentConfiguration>\n<a>", 2),
        ("<EnvironmentConfiguration>\n</a>", 2),
        (
            "<EnvironmentConfiguration/>\n<EnvironmentConfiguration/>",
            2,
        ),
        ("<EnvironmentConfiguration/>\nbeside", 1),
        (
            "<EnvironmentConfiguration>&undefined;</EnvironmentConfiguration>",
            1,
        ),
        ("<EnvironmentConfiguration a='1' a='2'/>", 1),
        ("<EnvironmentConfiguration a='<'/>", 1),
        (
            "<EnvironmentConfiguration>&#1;</EnvironmentConfiguration>",
            1,
        ),
        ("\n<?xml version='1.0'?><EnvironmentConfiguration/>", 2),
        ("<!DOCTYPE a>\n<EnvironmentConfiguration/>", 1),
        (
            "<?xml version='1.0' encoding='windows-1252'?><EnvironmentConfiguration/>",
            1,
        ),
        (
            "<EnvironmentConfiguration>\u{1}</EnvironmentConfiguration>",
            1,
        ),
        ("<EnvironmentConfiguration>\n<!-- no end", 2),
    ] {
        match fault(text) {
            HsconfError::Xml(error) => assert_eq!(error.line, line, "{text}"),
            other => panic!("{text}: {other}"),
        }
    }
    assert!(matches!(
        Hsconf::read(b"\xFF"),
        Err(HsconfError::Encoding(_))
    ));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let twice = "<ServiceConfiguration/>\n<ServiceConfiguration/>\n</EnvironmentConfiguration>";
    let fault = |text: &str| Hsconf::read(text.as_bytes()).map(|_| ()).unwrap_err();
    let text = format!("<EnvironmentConfiguration>\n{twice}");
    assert!(matches!(fault(&text), HsconfError::Twice { line: 3, .. }));
    let text = ORACLE.replacen("<TNSName></TNSName>", "<Host>a</Host>", 1);
    assert!(matches!(fault(&text), HsconfError::Twice { name, .. } if name == "Host"));
    let text = ORACLE.replacen("<TNSName></TNSName>", "<TNSName><b/></TNSName>", 1);
    assert!(matches!(fault(&text), HsconfError::Nested { name, .. } if name == "TNSName"));
}

#[test]
fn a_file_for_another_engine_is_refused() {
    let found = refused(SQL_SERVER, &oracle(), &Guard::default());
    for category in Category::DATABASES {
        assert!(found.contains(&Refusal::Provider {
            category,
            found: "`SqlServer`".to_owned(),
            wanted: Engine::Oracle,
        }));
    }
    let mixed = ORACLE.replacen(
        "LoggingDatabaseConfiguration ProviderKey=\"Oracle\"",
        "LoggingDatabaseConfiguration ProviderKey=\"SqlServer\"",
        1,
    );
    let found = refused(&mixed, &oracle(), &Guard::default());
    let logging = |it: &Refusal| {
        matches!(
            it,
            Refusal::Provider {
                category: Category::Logging,
                ..
            }
        )
    };
    assert!(found.iter().all(logging) && found.len() == 1, "{found:?}");
    let nothing = ORACLE.replacen(
        "SessionDatabaseConfiguration ProviderKey=\"Oracle\"",
        "SessionDatabaseConfiguration",
        1,
    );
    let found = refused(&nothing, &oracle(), &Guard::default());
    assert!(matches!(
        &found[..],
        [Refusal::Provider {
            category: Category::Session,
            ..
        }]
    ));
}

#[test]
fn databases_on_two_engines_or_with_two_kinds_of_login_are_refused() {
    let mut wanted = oracle();
    wanted.session.place = sql_server_place("OSSESSION_T");
    let found = refused(ORACLE, &wanted, &Guard::default());
    assert!(found.contains(&Refusal::Engines {
        category: Category::Session
    }));
    let mut wanted = sql_server();
    wanted.logging.place = Place::SqlServer {
        server: "testsql".to_owned(),
        catalog: "OSLOG_T".to_owned(),
        authentication: Authentication::Windows,
    };
    let found = refused(SQL_SERVER, &wanted, &Guard::default());
    assert_eq!(
        found,
        [Refusal::Logins {
            category: Category::Logging
        }]
    );
}

#[test]
fn keys_that_a_category_does_not_have_are_refused() {
    let mut wanted = sql_server();
    wanted.platform.tablespaces = vec![(Tablespace::Admin, "OSSYS_T".to_owned())];
    let found = refused(SQL_SERVER, &wanted, &Guard::default());
    let at = At::new(Category::Platform, "AdminTablespace");
    assert_eq!(
        found,
        [Refusal::Unknown {
            at,
            engine: Engine::SqlServer
        }]
    );
    let mut wanted = oracle();
    wanted
        .platform
        .tablespaces
        .push((Tablespace::Log, "OSLOG_T".to_owned()));
    wanted
        .logging
        .tablespaces
        .push((Tablespace::Log, "OSLOG_U".to_owned()));
    let found = refused(ORACLE, &wanted, &Guard::default());
    let at = |category| At::new(category, "LogTablespace");
    let engine = Engine::Oracle;
    assert!(found.contains(&Refusal::Unknown {
        at: at(Category::Platform),
        engine
    }));
    assert!(found.contains(&Refusal::Twice {
        at: at(Category::Logging)
    }));
}

#[test]
fn values_that_the_platform_does_not_take_are_refused() {
    for (good, bad, key) in [
        (">600<", ">ten minutes<", "DDLLockTimeout"),
        (">false<", ">maybe<", "CI_AI"),
        (
            "<CompilerServerHostname>testweb01</CompilerServerHostname>",
            "<CompilerServerPort>0</CompilerServerPort>",
            "CompilerServerPort",
        ),
    ] {
        let text = ORACLE.replacen(good, bad, 1);
        assert_ne!(text, ORACLE);
        let found = refused(&text, &oracle(), &Guard::default());
        assert!(
            matches!(&found[..], [Refusal::Invalid { at, .. }] if at.key == key),
            "{found:?}"
        );
    }
    let empty = ORACLE.replacen(">600<", "><", 1);
    assert!(file(&empty).edit(&oracle(), &Guard::default()).is_ok());
    for bad in ["", " OSADMIN_T", "OS\nADMIN", "OS\u{1}ADMIN"] {
        let mut wanted = oracle();
        wanted.platform.admin = bad.to_owned();
        let found = refused(ORACLE, &wanted, &Guard::default());
        assert!(
            matches!(&found[..], [Refusal::Invalid { at, .. }] if at.key == "AdminUser"),
            "{bad:?}"
        );
    }
}

#[test]
fn the_source_s_cache_is_refused() {
    for host in ["TESTMQ", "testmq.corp.example", "testmq:5671"] {
        let found = refused(SQL_SERVER, &sql_server(), &hosts(&[host]));
        assert!(
            matches!(&found[..], [Refusal::Cache { .. }]),
            "{host}: {found:?}"
        );
    }
    // Also where nobody asked for it: the file was copied.
    let copied = ORACLE.replacen(
        "<ServiceHost>testweb01",
        "<ServiceHost>prodmq.corp.example",
        1,
    );
    let found = refused(&copied, &oracle(), &hosts(&["PRODMQ"]));
    assert!(matches!(&found[..], [Refusal::Cache { .. }]), "{found:?}");
}

#[test]
fn the_source_s_controller_is_refused() {
    let found = refused(
        SQL_SERVER,
        &sql_server(),
        &hosts(&["testweb02.corp.example"]),
    );
    assert!(
        matches!(&found[..], [Refusal::Controller { .. }]),
        "{found:?}"
    );
    let found = refused(ORACLE, &oracle(), &hosts(&["TESTWEB01"]));
    assert!(
        matches!(
            &found[..],
            [Refusal::Controller { .. }, Refusal::Cache { .. }]
        ),
        "{found:?}"
    );
}

#[test]
fn the_source_s_sessions_are_refused() {
    let catalogs = |server: Option<&str>| {
        let name = "ossession_t".to_owned();
        let server = server.map(str::to_owned);
        guard(Forbidden {
            catalogs: vec![Owned { name, server }],
            ..Forbidden::default()
        })
    };
    for server in [
        None,
        Some("TESTSQL\\os11"),
        Some("testsql.lab.example\\OS11,1500"),
    ] {
        let found = refused(SQL_SERVER, &sql_server(), &catalogs(server));
        assert!(
            matches!(&found[..], [Refusal::Session { .. }]),
            "{server:?}: {found:?}"
        );
    }
    for server in ["prodsql", "testsql\\OS12", "testsql"] {
        let edit = file(SQL_SERVER)
            .edit(&sql_server(), &catalogs(Some(server)))
            .map(|_| ());
        assert_eq!(edit, Ok(()), "{server}");
    }
    let users = |server: &str| {
        guard(Forbidden {
            users: vec![Owned::on(server, "osstate_t")],
            ..Forbidden::default()
        })
    };
    for server in ["testora:1522/ostest2.lab.example", "OSPROD"] {
        let found = refused(ORACLE, &oracle(), &users(server));
        assert!(
            matches!(&found[..], [Refusal::Session { .. }]),
            "{server}: {found:?}"
        );
    }
    assert!(
        file(ORACLE)
            .edit(&oracle(), &users("testora:1522/OSPROD"))
            .is_ok()
    );
}

#[test]
fn the_source_s_catalogs_and_users_are_refused() {
    let forbidden = Forbidden {
        catalogs: vec![
            Owned::anywhere("oslog_T"),
            Owned::on("testsql\\OS11", "OUTSYSTEMS_T"),
        ],
        users: vec![
            Owned::anywhere("CORP\\osruntime_t"),
            Owned::on("prodsql", "OSADMIN_T"),
        ],
        ..Forbidden::default()
    };
    let found = refused(SQL_SERVER, &sql_server(), &guard(forbidden));
    let at = |category, key| At::new(category, key);
    assert_eq!(
        found,
        [
            Refusal::Catalog {
                at: at(Category::Platform, "Catalog")
            },
            Refusal::User {
                at: at(Category::Platform, "RuntimeUser")
            },
            Refusal::Catalog {
                at: at(Category::Logging, "Catalog")
            },
        ]
    );
}

#[test]
fn the_source_s_machines_are_refused_wherever_they_stand() {
    let appended = SQL_SERVER.replacen("Tea &amp; Biscuits", "x;Failover Partner=PRODSQL2", 1);
    let found = refused(&appended, &sql_server(), &hosts(&["prodsql2.corp.example"]));
    assert!(
        matches!(&found[..], [Refusal::Elsewhere { at, .. }] if at.key == "RuntimeAdvancedSettings")
    );
    let address = SQL_SERVER.replacen(
        "<OutgoingIPAddress/>",
        "<OutgoingIPAddress>192.0.2.7</OutgoingIPAddress>",
        1,
    );
    let found = refused(&address, &sql_server(), &hosts(&["192.0.2.7"]));
    assert!(matches!(&found[..], [Refusal::Elsewhere { at, .. }] if at.key == "OutgoingIPAddress"));
    let found = refused(ORACLE, &oracle(), &hosts(&["testora"]));
    let keys: Vec<_> = found
        .iter()
        .map(|it| matches!(it, Refusal::Elsewhere { at, .. } if at.key == "Host"))
        .collect();
    assert_eq!(keys, [true, true, true]);
}

#[test]
fn a_machine_that_is_encrypted_is_refused_as_unknown() {
    let hidden = ORACLE.replacen(
        "<ServiceHost>testweb01",
        "<ServiceHost encrypted=\"true\">$2$bm90IGEgcmVhbCB2ZWN0b3I=c29tZXRoaW5nIGVuY3J5cHRlZA==",
        1,
    );
    let found = refused(&hidden, &oracle(), &Guard::default());
    assert!(matches!(&found[..], [Refusal::Hidden { at }] if at.key == "ServiceHost"));
}

#[test]
fn what_another_key_encrypted_has_to_be_entered_again() {
    let new_key = Guard {
        new_key: true,
        ..Guard::default()
    };
    let mut wanted = sql_server();
    wanted.cache = None;
    let keys = vec![At::new(Category::Cache, "ServicePassword")];
    let found = refused(SQL_SERVER, &wanted, &new_key);
    assert_eq!(found, [Refusal::Reenter { keys: keys.clone() }]);
    assert!(
        found[0]
            .to_string()
            .contains("CacheInvalidationConfiguration/ServicePassword")
    );
    // With the key that the file has, they stay.
    assert!(file(SQL_SERVER).edit(&wanted, &Guard::default()).is_ok());
    // Encrypted values that nobody marked count, too.
    let unmarked = SQL_SERVER.replacen(
        "<ServicePassword encrypted=\"true\">",
        "<ServicePassword>",
        1,
    );
    assert_eq!(refused(&unmarked, &wanted, &new_key), found);
    wanted.reenter = keys.clone();
    let hsconf = file(SQL_SERVER);
    let edit = hsconf.edit(&wanted, &new_key).unwrap();
    assert!(edit.secrets().any(|at| *at == keys[0]));
}
