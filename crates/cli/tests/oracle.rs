//! The whole run over the Oracle wire, compared row by row with the same run on files.
//!
//! What speaks is the driver, and what executes is MariaDB in its Oracle mode, behind a front that plays Oracle. Where
//! MariaDB is not installed these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use envclone_testing::oracle::DBA;
use envclone_tns_server::{Answer, Call};
use support::oracle::{Oracle, SOURCE, on_files, roles};

#[test]
fn a_run_leaves_what_it_leaves_in_files() {
    for profile in ["official", "extra"] {
        let Some(oracle) = Oracle::adopting(profile) else {
            return;
        };
        let before: Vec<_> = roles()
            .iter()
            .map(|role| oracle.content(SOURCE, role))
            .collect();

        let id = oracle.plan_id();
        let ran = oracle.run(&["refresh", "--approve", &id]);
        eprintln!("{profile}:\n{}", ran.err);
        assert!([0, 7].contains(&ran.code), "{}", ran.err);

        oracle.assert_like(&on_files(profile), profile);
        for (before, role) in before.iter().zip(roles()) {
            assert!(
                oracle.content(SOURCE, &role) == *before,
                "{profile}: the source's {role:?} schemas were changed"
            );
        }
    }
}

#[test]
fn a_commit_that_nobody_heard_the_end_of_is_found_out() {
    for done in [false, true] {
        let armed = Arc::new(AtomicBool::new(false));
        let fires = Arc::clone(&armed);
        let script = move |request: &envclone_tns_server::Request| {
            let hit = request.call == Call::Commit && fires.swap(false, Ordering::SeqCst);
            hit.then(|| match done {
                true => Answer::PassOn.lost(),
                false => Answer::Cut,
            })
        };
        let Some(oracle) = Oracle::adopting_with("documented", script) else {
            return;
        };
        let id = oracle.plan_id();
        armed.store(true, Ordering::SeqCst);
        let ran = oracle.run(&["refresh", "--approve", &id]);
        assert_eq!(ran.code, 6, "{done}: {}", ran.err);
        let run = fs::read_dir(oracle.folder().join("envclone-runs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir())
            .unwrap();
        let journal = || fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let last = journal().lines().last().unwrap().to_owned();
        assert!(last.contains("committing"), "{done}: {last}");
        let resumed = oracle.run(&["resume"]);
        assert!([0, 7].contains(&resumed.code), "{done}: {}", resumed.err);
        assert_eq!(journal().contains("\"marker\""), done);
        oracle.assert_like(&on_files("documented"), &format!("{done}"));
    }
}

#[test]
fn a_doctor_finds_what_a_run_needs_and_an_inventory_what_there_is() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    let ran = oracle.run(&["doctor"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("AL32UTF8"), "{}", ran.out);
    let synonyms = [
        "INSERT INTO sys_dictionary.dba_synonyms VALUES ('OSADMIN', 'STAFF', 'HR', 'PEOPLE', NULL)",
        "INSERT INTO sys_dictionary.dba_synonyms VALUES ('QA_OSADMIN', 'OSSYS_X', 'OSADMIN', 'OSSYS_X', NULL)",
    ];
    oracle.lab.database.run(&synonyms).unwrap();
    let ran = oracle.run(&["inspect", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("HR.PEOPLE"), "{}", ran.out);
    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    // The copy's synonym leads to the source: verification says so.
    let ran = oracle.run(&["verify", "--json"]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(ran.out.contains("OSSYS_X: OSADMIN.OSSYS_X"), "{}", ran.out);
}

#[test]
fn a_forgotten_runtime_schema_ends_the_run_before_it_begins() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    let path = oracle.folder().join("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("runtime"))
        .collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let ran = oracle.run(&["plan"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.err.contains("OSUSR_") && ran.err.contains("`runtime`"),
        "{}",
        ran.err
    );
}

/// One of each kind that an import does not write over: in the copy each leads to the source, by its schema's name.
const LEADING_HOME: [(&str, &str); 9] = [
    (
        "synonym",
        "dba_synonyms VALUES ('QA_OSADMIN', 'OSSYS_X', 'OSADMIN', 'OSSYS_X', NULL)",
    ),
    (
        "code that names another schema",
        "dba_dependencies VALUES ('QA_OSADMIN', 'V_USERS', 'VIEW', 'OSADMIN', 'OSSYS_USER')",
    ),
    (
        "text of code with a name of another schema",
        "dba_source VALUES ('QA_OSADMIN', 'T_BPM', 'TRIGGER', 3, 'insert into \"OSADMIN\".\"T\"')",
    ),
    (
        "text of a view with a name of another schema",
        "dba_views VALUES ('QA_OSADMIN', 'V_BROKEN', 'select * from osadmin.gone')",
    ),
    (
        "database link",
        "dba_db_links VALUES ('QA_OSADMIN', 'REPORTS', 'OSADMIN', 'proddb')",
    ),
    (
        "right of another user",
        "dba_tab_privs VALUES ('OSRUNTIME', 'QA_OSADMIN', 'OSSYS_USER', 'SELECT', 'NO')",
    ),
    (
        "right on another schema",
        "dba_tab_privs VALUES ('QA_OSADMIN', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'NO')",
    ),
    (
        "scheduler job",
        "dba_scheduler_jobs VALUES ('QA_OSADMIN', 'NIGHTLY', 'TRUE', 'begin osadmin.tidy; end;', NULL, NULL)",
    ),
    ("job", "dba_jobs VALUES (7, 'QA_OSADMIN', 'osadmin.tidy;')"),
];

#[test]
fn what_an_import_does_not_write_over_is_found_each_kind_by_itself() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(
        !led_home(&oracle)
            .iter()
            .any(|(_, verdict)| *verdict == "residue")
    );
    for (_, row) in LEADING_HOME {
        let insert = format!("INSERT INTO sys_dictionary.{row}");
        oracle.lab.database.run(&[&insert]).unwrap();
    }
    let found = led_home(&oracle);
    for (kind, _) in LEADING_HOME {
        let named = found
            .iter()
            .find(|(what, _)| *what == format!("leads out: {kind}"));
        assert_eq!(
            named.map(|(_, verdict)| verdict.as_str()),
            Some("residue"),
            "{kind}: {found:?}"
        );
    }
}

/// What verification says of the kinds of things that lead out: each with its verdict.
fn led_home(oracle: &Oracle) -> Vec<(String, String)> {
    let ran = oracle.run(&["verify", "--json"]);
    let verification: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let checks = find(&verification, "checks").as_array().unwrap().clone();
    let of_links = checks.iter().filter(|check| check["id"] == "leads-home");
    of_links
        .map(|check| {
            let verdict = check["verdict"]["verdict"].as_str().unwrap().to_owned();
            (check["table"].as_str().unwrap().to_owned(), verdict)
        })
        .collect()
}

/// The value of this key, wherever it stands.
fn find<'a>(value: &'a serde_json::Value, key: &str) -> &'a serde_json::Value {
    value.get(key).unwrap_or_else(|| {
        let inner = value.as_object().unwrap().values();
        let mut inner = inner.filter(|it| it.get(key).is_some());
        &inner.next().unwrap()[key]
    })
}

#[test]
fn what_the_login_may_not_see_is_unknown_and_not_nothing() {
    let hidden = |request: &envclone_tns_server::Request| {
        let of_links = ["dba_tab_privs", "dba_source", "dba_db_links"];
        let asked = of_links.iter().any(|view| request.sql.contains(view));
        asked.then(|| Answer::error(942, "table or view does not exist"))
    };
    let Some(oracle) = Oracle::adopting_with("official", hidden) else {
        return;
    };
    let ran = oracle.run(&["inspect", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let inventory: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let links = inventory["databases"][0]["links"].as_array().unwrap();
    let unseen: Vec<&str> = links
        .iter()
        .filter(|links| links["found"].get("unknown").is_some())
        .map(|links| links["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        unseen,
        [
            "text of code with a name of another schema",
            "database link",
            "right of another user",
            "right on another schema"
        ]
    );
}

#[test]
fn a_schemas_own_user_sees_what_leads_out_of_it_and_not_what_leads_out_of_others() {
    let hidden = |request: &envclone_tns_server::Request| {
        let asked = request.sql.contains(" dba_");
        asked.then(|| Answer::error(942, "table or view does not exist"))
    };
    let Some(oracle) = Oracle::adopting_with("official", hidden) else {
        return;
    };
    let path = oracle.folder().join("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen(&format!("user = \"{DBA}\""), "user = \"OSADMIN\"", 1);
    fs::write(&path, text).unwrap();
    let right = "INSERT INTO sys_dictionary.dba_tab_privs VALUES ('OSRUNTIME', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'YES')";
    oracle.lab.database.run(&[right]).unwrap();
    let ran = oracle.run(&["inspect", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let inventory: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let links = |at: usize| {
        inventory["databases"][at]["links"]
            .as_array()
            .unwrap()
            .clone()
    };
    let own = serde_json::json!({
        "kind": "right of another user",
        "found": { "known": [{ "name": "OSSYS_USER: SELECT", "to": "granted to OSRUNTIME with grant option" }] },
    });
    assert_eq!(links(0)[0], own);
    assert_eq!(links(1).len(), 9, "{:?}", links(1));
    assert!(
        links(1)
            .iter()
            .all(|links| links["found"].get("unknown").is_some())
    );
}

#[test]
fn an_inventory_has_what_decides_about_texts_and_folders_and_evidence_the_databases_numbers() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    let ran = oracle.run(&["inspect", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let inventory: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let server = &inventory["server"];
    assert_eq!(server["version"], "19.0.0.0.0");
    let settings = serde_json::json!({
        "NLS_CHARACTERSET": "AL32UTF8",
        "NLS_NCHAR_CHARACTERSET": "AL16UTF16",
        // What the instance says goes before what the database was made with.
        "NLS_LENGTH_SEMANTICS": "CHAR",
        "NLS_COMP": "BINARY",
        "NLS_SORT": "BINARY",
        "NLS_LANGUAGE": "AMERICAN",
        "NLS_TERRITORY": "AMERICA",
    });
    assert_eq!(server["settings"]["known"], settings);
    let directories = serde_json::json!([{ "name": "DATA_PUMP_DIR", "path": "/u01/dumps" }]);
    assert_eq!(server["directories"]["known"], directories);
    let ran = oracle.run(&["inspect"]);
    for told in [
        "NLS_CHARACTERSET AL32UTF8",
        "DATA_PUMP_DIR → /u01/dumps",
        "19.0.0.0.0",
    ] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    let jobs = "INSERT INTO sys_dictionary.dba_datapump_jobs VALUES ('SYSTEM', 'SYS_IMPORT_FULL_01', 'IMPORT', 'NOT RUNNING'), \
                ('SYSTEM', 'NIGHTLY', 'EXPORT', 'EXECUTING')";
    oracle.lab.database.run(&[jobs]).unwrap();
    let ran = oracle.run(&["plan"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.err.contains("SYSTEM.SYS_IMPORT_FULL_01 (NOT RUNNING)"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("NIGHTLY"), "{}", ran.err);
    let decided = ["--override", "import-unfinished=of another environment"];
    let ran = oracle.run(&[["plan", "--json"], decided].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let plan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let id = plan["id"].as_str().unwrap()[..12].to_owned();
    let ran = oracle.run(&[["refresh", "--approve", &id].as_slice(), &decided].concat());
    assert_eq!(ran.code, 7, "{}", ran.err);
    let run = fs::read_dir(oracle.folder().join("envclone-runs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    let report = fs::read_to_string(run.join("report.md")).unwrap();
    for told in [
        "1514744604",
        "FREE/FREEPDB1, id 3, number 3638231841",
        "AL32UTF8",
        "SYS_IMPORT_FULL_01",
    ] {
        assert!(report.contains(told), "{told}: {report}");
    }
}
