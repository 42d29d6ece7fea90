//! What a checkup finds.

use envclone_db::Engine as _;
use envclone_db::checkup::{Purpose, Side, State};
use envclone_tns_server::Answer;

use super::{engine, never, nothing, number, script, server, texts};

/// What a server says of itself and of its schemas.
#[derive(Clone)]
struct Told {
    version: &'static str,
    characters: &'static str,
    exists: bool,
    tables: i64,
    /// How many of the privileges to change a schema there are, of five.
    granted: i64,
    sessions: bool,
    /// How many roles for Data Pump, privileges to make users and tablespaces, and directories there are.
    pump: [i64; 3],
    /// Whether the lists of rights are seen, and how often the privilege to take such away is there.
    parting: (bool, i64),
}

const WELL: Told = Told {
    version: "19.0.0.0.0",
    characters: "AL32UTF8",
    exists: true,
    tables: 412,
    granted: 5,
    sessions: true,
    pump: [1, 3, 1],
    parting: (true, 1),
};

const VERSION: &str = "version that the platform runs on";
const CHARACTERS: &str = "character set that the platform supports";
const SCHEMA: &str = "schema";
const READING: &str = "reading the schema's tables";
const CHANGING: &str = "changing the schema's rows";
const PARTING: &str = "taking rights away between users";
const SESSIONS: &str = "seeing who works with the schema";

/// What a server tells, the side it is asked for, and what is amiss: what, and whether the run would end there.
type Case = (Told, Purpose, &'static [(&'static str, bool)]);

fn amiss(told: Told, purpose: Purpose) -> Vec<(String, bool)> {
    let at = script(move |request| {
        let sql = &request.sql;
        if sql.contains("product_component_version") {
            texts(&[told.version, "Oracle Database 19c ", "FREE", "FREEPDB1"])
        } else if sql.contains("nls_database_parameters") {
            texts(&[told.characters])
        } else if sql.contains("all_users") && told.exists {
            texts(&["2026-11-02 08:00:00"])
        } else if sql.contains("all_users") {
            nothing(1)
        } else if sql.contains("all_tables") {
            number(told.tables)
        } else if sql.contains("session_roles") {
            number(told.pump[0])
        } else if sql.contains("'CREATE TABLESPACE'") {
            number(told.pump[1])
        } else if sql.contains("dba_tablespaces") {
            number(7)
        } else if sql.contains("all_directories") && told.pump[2] > 0 {
            texts(&["DATA_PUMP_DIR"])
        } else if sql.contains("all_directories") {
            nothing(1)
        } else if ["dba_tab_privs", "dba_col_privs"]
            .iter()
            .any(|list| sql.contains(list))
        {
            match told.parting.0 {
                true => number(0),
                false => Answer::error(942, "table or view does not exist"),
            }
        } else if sql.contains("'GRANT ANY OBJECT PRIVILEGE'") {
            number(told.parting.1)
        } else if sql.contains("session_privs") {
            number(told.granted)
        } else if sql.contains("v$session") && told.sessions {
            nothing(3)
        } else if sql.contains("v$session") {
            Answer::error(942, "table or view does not exist")
        } else {
            Answer::error(900, "nobody expected this")
        }
    });
    let needs = engine(&server(&at), never).checkup("QA@ora1/pdb", purpose);
    let on_server: Vec<&str> = needs
        .iter()
        .filter(|need| need.on_server)
        .map(|need| need.what.as_str())
        .collect();
    assert_eq!(on_server[..2], [VERSION, CHARACTERS]);
    let target = purpose.side == Side::Target;
    assert_eq!(on_server.contains(&PARTING), target);
    assert_eq!(
        on_server.len() > 2 + usize::from(target),
        purpose.makes_the_copy
    );
    let missing = needs.into_iter().filter(|need| !need.is_there());
    missing
        .map(|need| (need.what, matches!(need.state, State::Missing { .. })))
        .collect()
}

#[test]
fn a_checkup_says_what_would_end_a_run_and_what_a_person_must_decide() {
    let purpose = |side, makes_the_copy| Purpose {
        side,
        makes_the_copy,
    };
    let source = purpose(Side::Source, false);
    let target = purpose(Side::Target, false);
    let exported = purpose(Side::Source, true);
    let made = purpose(Side::Target, true);
    let new = Told {
        exists: false,
        ..WELL
    };
    let version = |version| Told { version, ..WELL };
    let characters = |characters| Told { characters, ..WELL };
    let empty = Told { tables: 0, ..WELL };
    let granted = |granted| Told { granted, ..WELL };
    let blind = Told {
        sessions: false,
        ..WELL
    };
    let pump = |pump| Told { pump, ..WELL };
    let none = |pump| Told {
        exists: false,
        pump,
        ..WELL
    };
    let parting = |parting| Told { parting, ..WELL };
    let cases: [Case; 33] = [
        (parting((false, 1)), target, &[(PARTING, false)]),
        (parting((true, 0)), target, &[(PARTING, false)]),
        (parting((false, 0)), source, &[]),
        (WELL, source, &[]),
        (WELL, target, &[]),
        (WELL, exported, &[]),
        (WELL, made, &[("name that no user has", true)]),
        (pump([0, 3, 1]), exported, &[("role for Data Pump", true)]),
        (pump([1, 0, 1]), exported, &[]),
        (
            pump([1, 3, 0]),
            exported,
            &[("directory for dump files", true)],
        ),
        (none([0, 3, 1]), made, &[("role for Data Pump", true)]),
        (
            none([1, 2, 1]),
            made,
            &[("making tablespaces and users", true)],
        ),
        (none([1, 3, 0]), made, &[("directory for dump files", true)]),
        (version("11.2.0.4.0"), source, &[(VERSION, true)]),
        (version("9.2"), target, &[(VERSION, true)]),
        (version("nonsense"), target, &[(VERSION, true)]),
        (version("12.1.0.2.0"), target, &[]),
        (version("23.26.0.0.0"), source, &[]),
        (characters("WE8MSWIN1252"), source, &[]),
        (characters("WE8ISO8859P15"), source, &[(CHARACTERS, false)]),
        (characters("WE8ISO8859P15"), target, &[(CHARACTERS, false)]),
        (new.clone(), source, &[(SCHEMA, true)]),
        (new.clone(), target, &[(SCHEMA, true)]),
        (new.clone(), exported, &[(SCHEMA, true)]),
        (new, made, &[]),
        (empty.clone(), source, &[(READING, false)]),
        (empty, target, &[(READING, false)]),
        (granted(4), target, &[(CHANGING, true)]),
        (granted(0), target, &[(CHANGING, true)]),
        (granted(0), source, &[]),
        (granted(0), made, &[("name that no user has", true)]),
        (blind.clone(), source, &[(SESSIONS, false)]),
        (blind, target, &[(SESSIONS, false)]),
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

#[test]
fn the_right_to_change_is_asked_with_all_that_a_run_does() {
    let at = script(|request| match request.sql.contains("version") {
        true => texts(&["19.0.0.0.0", "Oracle Database", "FREE", "FREEPDB1"]),
        false => number(5),
    });
    let purpose = Purpose {
        side: Side::Target,
        makes_the_copy: false,
    };
    engine(&server(&at), never).checkup("qa@ora1/pdb", purpose);
    let sqls = super::asked(&at);
    let sql = sqls
        .iter()
        .find(|sql| sql.contains("session_privs") && sql.contains("ANY TABLE"))
        .unwrap();
    for verb in ["DELETE", "UPDATE", "INSERT", "CREATE", "LOCK"] {
        assert!(sql.contains(&format!("'{verb} ANY TABLE'")), "{sql}");
    }
    assert!(sql.contains("'SESSION_USER') = 'QA' THEN 5"), "{sql}");
}

#[test]
fn a_question_that_fails_says_why() {
    let at = script(|_| Answer::error(942, "table or view does not exist"));
    let purpose = Purpose {
        side: Side::Target,
        makes_the_copy: false,
    };
    let engine = engine(&server(&at), never);
    let needs = engine.checkup("QA@ora1/pdb", purpose);
    for need in &needs {
        let (State::Lacking { why, .. } | State::Missing { why, .. }) = &need.state else {
            panic!("{need:?}");
        };
        assert!(why.contains("ORA-00942"), "{why}");
    }
    let whats: Vec<&str> = needs.iter().map(|need| need.what.as_str()).collect();
    assert_eq!(whats, [VERSION, CHARACTERS, PARTING, SCHEMA]);
}

#[test]
fn a_server_that_is_not_reached_is_all_there_is_to_say() {
    let at = script(|_| Answer::Done);
    let gone = server(&at);
    drop(at);
    let purpose = Purpose {
        side: Side::Source,
        makes_the_copy: false,
    };
    for name in ["PROD@ora1/pdb", "PROD@elsewhere"] {
        let needs = engine(&gone, never).checkup(name, purpose);
        assert_eq!(needs.len(), 1, "{needs:?}");
        let State::Missing { why, hint } = &needs[0].state else {
            panic!("{needs:?}");
        };
        assert_eq!(needs[0].phase, "connect");
        assert!(!why.is_empty() && !hint.is_empty());
    }
}

#[test]
fn the_databases_own_schemas_are_no_environment() {
    let at = script(|_| texts(&["19.0.0.0.0", "Oracle Database", "FREE", "FREEPDB1"]));
    let purpose = Purpose {
        side: Side::Target,
        makes_the_copy: false,
    };
    let needs = engine(&server(&at), never).checkup("sys@ora1/pdb", purpose);
    let last = needs.last().unwrap();
    assert_eq!(last.what, SCHEMA);
    assert!(matches!(&last.state, State::Missing { .. }), "{last:?}");
}
