//! The files and what is wanted of them.

use envclone_core::hsconf::{
    At, Authentication, CacheService, Database, Forbidden, Guard, Hsconf, Place, Refusal,
    SessionDatabase, Tablespace, Wanted,
};
use secrecy::{ExposeSecret, SecretString};

pub(crate) const SQL_SERVER: &str = include_str!("../files/sqlserver.hsconf");
pub(crate) const ORACLE: &str = include_str!("../files/oracle.hsconf");

/// Has everything in it that XML gives a meaning to.
pub(crate) const PASSWORD: &str = "p&<>\"'é ]]> $2$";
pub(crate) const PASSWORD_WRITTEN: &str = "p&amp;&lt;&gt;\"'é ]]&gt; $2$";

/// As Windows has it.
pub(crate) fn windows(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xEF, 0xBB, 0xBF];
    bytes.extend(text.replace('\n', "\r\n").bytes());
    bytes
}

pub(crate) fn sql_server_place(catalog: &str) -> Place {
    Place::SqlServer {
        server: "testsql.lab.example\\OS11".to_owned(),
        catalog: catalog.to_owned(),
        authentication: Authentication::Database,
    }
}

pub(crate) fn database(place: Place, suffix: &str) -> Database {
    Database {
        place,
        admin: format!("OSADMIN{suffix}"),
        runtime: format!("OSRUNTIME{suffix}"),
        tablespaces: Vec::new(),
    }
}

pub(crate) fn sql_server() -> Wanted {
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

pub(crate) fn oracle_with(place: Place) -> Wanted {
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

pub(crate) fn oracle() -> Wanted {
    oracle_with(Place::OracleService {
        host: "testora.lab.example".to_owned(),
        port: 1522,
        service: "OSTEST2".to_owned(),
    })
}

pub(crate) fn password(_: &At) -> Option<SecretString> {
    Some(SecretString::from(PASSWORD))
}

pub(crate) fn file(text: &str) -> Hsconf {
    Hsconf::read(text.as_bytes()).unwrap()
}

pub(crate) fn written(hsconf: &Hsconf, wanted: &Wanted) -> String {
    let edit = hsconf.edit(wanted, &Guard::default()).unwrap();
    let bytes = edit.write(&mut password).unwrap();
    String::from_utf8(bytes.expose_secret().to_vec()).unwrap()
}

pub(crate) fn refused(text: &str, wanted: &Wanted, guard: &Guard) -> Vec<Refusal> {
    let refused = file(text).edit(wanted, guard).map(|_| ()).unwrap_err();
    assert!(refused.iter().all(|it| !it.hint().is_empty()));
    refused
}

pub(crate) fn guard(forbidden: Forbidden) -> Guard {
    Guard {
        forbidden,
        ..Guard::default()
    }
}

pub(crate) fn hosts(names: &[&str]) -> Guard {
    guard(Forbidden {
        hosts: names.iter().map(|it| (*it).to_owned()).collect(),
        ..Forbidden::default()
    })
}

/// What the Configuration Tool does with the file: passwords are encrypted.
pub(crate) fn encrypted(text: &str) -> String {
    let value = "$2$YW4gaW5pdGlhbCB2ZWN0b3I=YW5kIHNvbWV0aGluZyBlbHNlIQ==";
    text.replace("'false' >", "\"false\">").replace(
        &format!("\"false\">{PASSWORD_WRITTEN}"),
        &format!("\"true\">{value}"),
    )
}
