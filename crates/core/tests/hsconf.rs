//! Editing `server.hsconf`: what changes, what does not, and what is refused.
//!
//! The files are made up from the vendor's reference; their names are invented.

#![allow(clippy::unwrap_used)]

use envclone_core::engine::Engine;
use envclone_core::hsconf::{
    At, Authentication, CacheService, Category, Change, Database, Difference, Forbidden, Guard,
    Hsconf, HsconfError, Owned, Place, Refusal, SessionDatabase, Tablespace, Wanted, WriteError,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

const SQL_SERVER: &str = include_str!("files/sqlserver.hsconf");
const ORACLE: &str = include_str!("files/oracle.hsconf");

/// Has everything in it that XML gives a meaning to.
const PASSWORD: &str = "p&<>\"'é ]]> $2$";
const PASSWORD_WRITTEN: &str = "p&amp;&lt;&gt;\"'é ]]&gt; $2$";

/// As Windows has it.
fn windows(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xEF, 0xBB, 0xBF];
    bytes.extend(text.replace('\n', "\r\n").bytes());
    bytes
}

fn sql_server_place(catalog: &str) -> Place {
    Place::SqlServer {
        server: "testsql.lab.example\\OS11".to_owned(),
        catalog: catalog.to_owned(),
        authentication: Authentication::Database,
    }
}

fn database(place: Place, suffix: &str) -> Database {
    Database {
        place,
        admin: format!("OSADMIN{suffix}"),
        runtime: format!("OSRUNTIME{suffix}"),
        tablespaces: Vec::new(),
    }
}

fn sql_server() -> Wanted {
    Wanted {
        platform: database(sql_server_place("OUTSYSTEMS_T"), "_T"),
        logging: database(sql_server_place("OSLOG_T"), "_LOG_T"),
        session: SessionDatabase {
            place: sql_server_place("OSSESSION_T"),
            user: "OSSTATE_T".to_owned(),
            tablespace: None,
        },
        cache: Some(CacheService {
            host: "testmq".to_owned(),
            port: Some(5671),
            user: Some("outsystems".to_owned()),
            virtual_host: None,
        }),
        controller: Some("testweb02".to_owned()),
        reenter: Vec::new(),
    }
}

fn oracle_with(place: Place) -> Wanted {
    let tablespaces = |names: &[(Tablespace, &str)]| {
        let owned = names
            .iter()
            .map(|(which, name)| (*which, (*name).to_owned()));
        owned.collect()
    };
    Wanted {
        platform: Database {
            tablespaces: tablespaces(&[
                (Tablespace::Admin, "OSSYS_T"),
                (Tablespace::Index, "OSIDX_T"),
                (Tablespace::Runtime, "OSUSR_T"),
            ]),
            ..database(place.clone(), "_T")
        },
        logging: Database {
            tablespaces: tablespaces(&[(Tablespace::Log, "OSLOG_T")]),
            ..database(place.clone(), "_LOG_T")
        },
        session: SessionDatabase {
            place,
            user: "OSSTATE_T".to_owned(),
            tablespace: Some("OSSTATE_T".to_owned()),
        },
        cache: None,
        controller: None,
        reenter: Vec::new(),
    }
}

fn oracle() -> Wanted {
    oracle_with(Place::OracleService {
        host: "testora.lab.example".to_owned(),
        port: 1522,
        service: "OSTEST2".to_owned(),
    })
}

fn password(_: &At) -> Option<SecretString> {
    Some(SecretString::from(PASSWORD))
}

fn file(text: &str) -> Hsconf {
    Hsconf::read(text.as_bytes()).unwrap()
}

fn written(hsconf: &Hsconf, wanted: &Wanted) -> String {
    let edit = hsconf.edit(wanted, &Guard::default()).unwrap();
    let bytes = edit.write(&mut password).unwrap();
    String::from_utf8(bytes.expose_secret().to_vec()).unwrap()
}

fn refused(text: &str, wanted: &Wanted, guard: &Guard) -> Vec<Refusal> {
    let refused = file(text).edit(wanted, guard).map(|_| ()).unwrap_err();
    assert!(refused.iter().all(|it| !it.hint().is_empty()));
    refused
}

fn guard(forbidden: Forbidden) -> Guard {
    Guard {
        forbidden,
        new_key: false,
    }
}

fn hosts(names: &[&str]) -> Guard {
    guard(Forbidden {
        hosts: names.iter().map(|it| (*it).to_owned()).collect(),
        ..Forbidden::default()
    })
}

fn said(changes: &[Change]) -> String {
    let line = |it: &Change| {
        let from = it.from.as_deref().unwrap_or("(not there)");
        format!("{}/{}: {from} -> {}\n", it.category, it.key, it.to)
    };
    changes.iter().map(line).collect()
}

#[test]
fn a_file_for_sql_server_is_edited() {
    let hsconf = file(SQL_SERVER);
    insta::assert_snapshot!("sqlserver_file", written(&hsconf, &sql_server()));
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    insta::assert_snapshot!("sqlserver_changes", said(edit.changes()));
}

#[test]
fn a_file_for_oracle_is_edited() {
    let hsconf = file(ORACLE);
    insta::assert_snapshot!("oracle_file", written(&hsconf, &oracle()));
    let edit = hsconf.edit(&oracle(), &Guard::default()).unwrap();
    insta::assert_snapshot!("oracle_changes", said(edit.changes()));
}

#[test]
fn an_alias_empties_what_named_the_database_before() {
    let alias = Place::OracleAlias {
        name: "OSTEST2".to_owned(),
    };
    insta::assert_snapshot!("oracle_alias", written(&file(ORACLE), &oracle_with(alias)));
}

#[test]
fn files_are_made_from_nothing() {
    for (name, engine, wanted) in [
        ("sqlserver_fresh", Engine::SqlServer, sql_server()),
        ("oracle_fresh", Engine::Oracle, oracle()),
    ] {
        let text = written(&Hsconf::fresh(engine).unwrap(), &wanted);
        assert!(
            !text.replace("\r\n", "").contains('\n'),
            "lines end as on Windows"
        );
        insta::assert_snapshot!(name, text.replace("\r\n", "\n"));
        assert_eq!(file(&text).engine(), Some(engine));
    }
    assert!(Hsconf::fresh(Engine::Sqlite).is_err());
}

#[test]
fn marks_line_ends_and_encodings_stay() {
    let plain = written(&file(SQL_SERVER), &sql_server());
    let edit = |bytes: &[u8]| {
        let hsconf = Hsconf::read(bytes).unwrap();
        let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
        edit.write(&mut password).unwrap().expose_secret().to_vec()
    };
    assert_eq!(edit(&windows(SQL_SERVER)), windows(&plain));
    let wide = |text: &str| {
        let text = text.replace("utf-8", "utf-16");
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    assert_eq!(edit(&wide(SQL_SERVER)), wide(&plain));
}

#[test]
fn passwords_are_written_so_that_they_are_read_as_they_are() {
    let text = written(&file(SQL_SERVER), &sql_server());
    let line = format!("<AdminPassword encrypted=\"false\">{PASSWORD_WRITTEN}</AdminPassword>");
    assert_eq!(text.matches(&line).count(), 2, "{text}");
    assert!(Hsconf::read(text.as_bytes()).is_ok());
}

#[test]
fn names_are_written_so_that_they_are_read_as_they_are() {
    let mut wanted = sql_server();
    wanted.platform.admin = "R&D <\"admin\"> 'ü'".to_owned();
    let text = written(&file(SQL_SERVER), &wanted);
    assert!(
        text.contains("<AdminUser encrypted=\"false\">R&amp;D &lt;\"admin\"&gt; 'ü'</AdminUser>")
    );
    let again = file(&text);
    assert_eq!(
        again.value(Category::Platform, "AdminUser"),
        Some("R&D <\"admin\"> 'ü'")
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let clear = SQL_SERVER.replacen(
        "<AdminPassword encrypted=\"true\">$2$bm90IGEgcmVhbCB2ZWN0b3I=c29tZXRoaW5nIGVuY3J5cHRlZA==",
        "<AdminPassword encrypted=\"false\">hunter2 was here",
        1,
    );
    assert!(clear.contains("hunter2"));
    let hsconf = file(&clear);
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    let bytes = edit.write(&mut password).unwrap();
    let shown = format!(
        "{hsconf:?}{edit:?}{:?}{bytes:?}{}{:?}",
        edit.changes(),
        serde_json::to_string(edit.changes()).unwrap(),
        hsconf.differences(&sql_server()),
    );
    for secret in ["hunter2", "p&", "$2$", "bm90"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let passwords = edit
        .changes()
        .iter()
        .filter(|it| it.key.ends_with("Password"));
    let masked = |it: &Change| it.to == "***" && it.from.as_deref() == Some("***");
    assert_eq!(passwords.clone().count(), 6);
    assert!(passwords.clone().all(masked));
    assert_eq!(hsconf.value(Category::Platform, "AdminPassword"), None);
}

#[test]
fn the_from_of_an_encrypted_name_is_masked() {
    let encrypted = "$2$bm90IGEgcmVhbCB2ZWN0b3I=c29tZXRoaW5nIGVuY3J5cHRlZA==";
    let text = SQL_SERVER.replacen(
        "<Catalog>OSLOG_OLD",
        &format!("<Catalog encrypted=\"True\">{encrypted}"),
        1,
    );
    let hsconf = file(&text);
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    let is = |it: &&Change| it.category == Category::Logging && it.key == "Catalog";
    let change = edit.changes().iter().find(is).unwrap();
    assert_eq!(
        (change.from.as_deref(), change.to.as_str()),
        (Some("***"), "OSLOG_T")
    );
    assert!(written(&hsconf, &sql_server()).contains("<Catalog encrypted=\"false\">OSLOG_T<"));
}

#[test]
fn nothing_is_written_without_every_secret() {
    let hsconf = file(ORACLE);
    let wanted = oracle();
    let edit = hsconf.edit(&wanted, &Guard::default()).unwrap();
    assert_eq!(edit.secrets().count(), 5);
    let at = At::new(Category::Session, "SessionPassword");
    let write = |secret: Option<&str>| {
        let mut some = |asked: &At| match secret {
            other if *asked == at => other.map(SecretString::from),
            _ => password(asked),
        };
        edit.write(&mut some).map(|_| ()).unwrap_err()
    };
    assert_eq!(write(None), WriteError::NoSecret(at.clone()));
    assert_eq!(write(Some("")), WriteError::Empty(at.clone()));
    assert_eq!(write(Some("bell\u{7}")), WriteError::Character(at.clone()));
    assert_eq!(write(Some("two\nlines")), WriteError::Character(at.clone()));
}

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
        forbidden: Forbidden::default(),
        new_key: true,
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

/// What the Configuration Tool does with the file: passwords are encrypted.
fn encrypted(text: &str) -> String {
    let value = "$2$YW4gaW5pdGlhbCB2ZWN0b3I=YW5kIHNvbWV0aGluZyBlbHNlIQ==";
    text.replace(
        &format!("\"false\">{PASSWORD_WRITTEN}"),
        &format!("\"true\">{value}"),
    )
}

#[test]
fn a_file_that_says_what_was_wanted_has_no_differences() {
    for (before, wanted) in [(SQL_SERVER, sql_server()), (ORACLE, oracle())] {
        let text = written(&file(before), &wanted);
        let clear = file(&text).differences(&wanted);
        assert!(!clear.is_empty());
        assert!(
            clear
                .iter()
                .all(|it| matches!(it, Difference::ClearText { .. })),
            "{clear:?}"
        );
        assert_eq!(file(&encrypted(&text)).differences(&wanted), []);
    }
}

#[test]
fn what_points_elsewhere_is_seen() {
    let wanted = sql_server();
    let text = encrypted(&written(&file(SQL_SERVER), &wanted));
    let at = |category, key| At::new(category, key);
    let differences = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        file(&changed).differences(&wanted)
    };
    assert_eq!(
        differences("OUTSYSTEMS_T<", "OUTSYSTEMS_OLD<"),
        [Difference::Other {
            at: at(Category::Platform, "Catalog"),
            found: "OUTSYSTEMS_OLD".to_owned(),
            wanted: "OUTSYSTEMS_T".to_owned(),
        }]
    );
    let catalog = "<Catalog>OUTSYSTEMS_T</Catalog>";
    let gone = differences(catalog, "");
    assert_eq!(
        gone,
        [Difference::Missing {
            at: at(Category::Platform, "Catalog")
        }]
    );
    let hidden = differences(catalog, "<Catalog encrypted=\"true\">x</Catalog>");
    assert_eq!(
        hidden,
        [Difference::Hidden {
            at: at(Category::Platform, "Catalog")
        }]
    );
    let provider = differences(
        "<SessionDatabaseConfiguration ProviderKey=\"SqlServer\"",
        "<SessionDatabaseConfiguration ProviderKey=\"Oracle\"",
    );
    assert!(matches!(
        &provider[..],
        [Difference::Provider {
            category: Category::Session,
            ..
        }]
    ));
    let alias = ORACLE.replacen("<TNSName></TNSName>", "<TNSName>OSPROD</TNSName>", 1);
    let found = file(&alias).differences(&oracle());
    assert!(found.contains(&Difference::Other {
        at: at(Category::Platform, "TNSName"),
        found: "OSPROD".to_owned(),
        wanted: String::new(),
    }));
}

#[test]
fn a_second_edit_changes_nothing_but_secrets() {
    for (before, wanted) in [(SQL_SERVER, sql_server()), (ORACLE, oracle())] {
        let text = written(&file(before), &wanted);
        let again = file(&text);
        let edit = again.edit(&wanted, &Guard::default()).unwrap();
        assert!(edit.changes().iter().all(|it| it.key.ends_with("Password")));
        assert_eq!(written(&again, &wanted), text);
    }
}

/// A key of a made-up file.
#[derive(Clone, Debug)]
struct Key {
    name: String,
    attributes: String,
    value: String,
    before: String,
}

fn key_of(name: String) -> impl Strategy<Value = Key> {
    let attributes = prop::sample::select(vec![
        "",
        " encrypted=\"false\"",
        " other='a \"b\"'\n",
        "  encrypted = 'false' ",
    ]);
    let value = prop::sample::select(vec![
        "",
        "old",
        "<![CDATA[a<b]]>",
        "&#x41;&amp;",
        "é",
        "<!-- c -->x",
    ]);
    let before = prop::sample::select(vec![
        "",
        "\n",
        "\r\n\t",
        "\n    ",
        "<!-- AdminUser -->",
        "<?pi x?>\n",
    ]);
    (attributes, value, before).prop_map(move |(attributes, value, before)| Key {
        name: name.clone(),
        attributes: attributes.to_owned(),
        value: value.to_owned(),
        before: before.to_owned(),
    })
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let known = [
        "AdminUser",
        "AdminPassword",
        "RuntimeUser",
        "RuntimePassword",
        "Server",
        "Catalog",
        "UsedAuthenticationMode",
    ];
    let unknown = [
        "Admin",
        "AdminUser2",
        "adminuser",
        "Server.Name",
        "x-y",
        "Größe",
    ];
    let names: Vec<&str> = known.into_iter().chain(unknown).collect();
    let count = 0..names.len();
    prop::sample::subsequence(names, count)
        .prop_shuffle()
        .prop_flat_map(|names| {
            names
                .into_iter()
                .map(|name| key_of(name.to_owned()))
                .collect::<Vec<_>>()
        })
}

fn rendered(keys: &[Key]) -> String {
    let key = |key: &Key| {
        let Key {
            name,
            attributes,
            value,
            before,
        } = key;
        if value.is_empty() {
            format!("{before}<{name}{attributes}/>")
        } else {
            format!("{before}<{name}{attributes}>{value}</{name} >")
        }
    };
    let keys: String = keys.iter().map(key).collect();
    format!(
        "<EnvironmentConfiguration>\n<Other><AdminUser>stays</AdminUser></Other>\
         <PlatformDatabaseConfiguration ProviderKey='SqlServer'>{keys}</PlatformDatabaseConfiguration>\
         \n</EnvironmentConfiguration>"
    )
}

proptest! {
    /// Every line of the file that belongs to no wanted key is there afterwards as it was, in its order.
    #[test]
    fn only_wanted_keys_change(keys in keys(), admin in "[ -~é]{0,8}[!-~]") {
        let mut wanted = sql_server();
        wanted.platform.admin = admin.trim_start().to_owned();
        let before = rendered(&keys);
        let after = written(&file(&before), &wanted);
        let again = file(&after);
        prop_assert!(again.differences(&wanted).iter().all(|it| matches!(it, Difference::ClearText { .. })));
        prop_assert_eq!(again.value(Category::Platform, "AdminUser"), Some(wanted.platform.admin.as_str()));
        prop_assert!(after.contains("<Other><AdminUser>stays</AdminUser></Other>"));
        let known = ["AdminUser", "AdminPassword", "RuntimeUser", "RuntimePassword", "Server", "Catalog", "UsedAuthenticationMode"];
        let mut from = 0;
        for key in &keys {
            let part = if known.contains(&key.name.as_str()) {
                // What is in front of it and its other attributes stay.
                let attributes = key.attributes.replace("other", "other");
                let kept = if attributes.contains("other") { "other='a \"b\"'" } else { "" };
                let start = after[from..].find(&format!("{}<{}", key.before, key.name));
                prop_assert!(start.is_some());
                let start = from + start.unwrap();
                let tag = &after[start..];
                prop_assert!(tag[key.before.len()..].split('>').next().unwrap().contains(kept));
                from = start + key.before.len() + 1;
                continue;
            } else {
                let whole = rendered(std::slice::from_ref(key));
                let begin = whole.find("'SqlServer'>").unwrap() + "'SqlServer'>".len();
                let end = whole.find("</PlatformDatabase").unwrap();
                whole[begin..end].to_owned()
            };
            let at = after[from..].find(&part);
            prop_assert!(at.is_some(), "{} not in {}", part, after);
            from += at.unwrap() + part.len();
        }
    }

    /// Whatever is a password comes out as it went in, and only what is no XML is refused.
    #[test]
    fn any_password_is_read_as_it_was_entered(text in any::<String>()) {
        let hsconf = file(ORACLE);
        let wanted = oracle();
        let edit = hsconf.edit(&wanted, &Guard::default()).unwrap();
        let bad = text.is_empty()
            || text.chars().any(|c| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'));
        match edit.write(&mut |_| Some(SecretString::from(text.clone()))) {
            Err(_) => prop_assert!(bad),
            Ok(bytes) => {
                prop_assert!(!bad);
                let bytes = bytes.expose_secret();
                prop_assert!(Hsconf::read(bytes).is_ok());
                // Read by somebody else's rules: the five entities.
                let file = std::str::from_utf8(bytes).unwrap();
                let begin = file.find("<SessionPassword encrypted=\"false\">").unwrap() + "<SessionPassword encrypted=\"false\">".len();
                let end = begin + file[begin..].find('<').unwrap();
                let raw = &file[begin..end];
                let read = raw.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                prop_assert_eq!(read, text);
            }
        }
    }

    /// No text brings the reader down.
    #[test]
    fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(<|>|/|EnvironmentConfiguration|a|\\?|!|--|\\[CDATA\\[|\\]\\]>|=|\"|'|&|;|#| ){0,40}") {
        let _ = Hsconf::read(&bytes);
        let _ = Hsconf::read(text.as_bytes());
        let _ = Hsconf::read(format!("<EnvironmentConfiguration>{text}</EnvironmentConfiguration>").as_bytes());
    }
}
