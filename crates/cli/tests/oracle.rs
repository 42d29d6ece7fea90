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

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use envclone_core::release::ReleaseCheck;
use envclone_testing::oracle::DBA;
use envclone_tns_server::{Answer, Call};
use serde_json::Value;
use support::Lab;
use support::oracle::{Oracle, SOURCE, TARGET, on_files, roles};

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

/// Every row of the copy's schemas.
fn copy(oracle: &Oracle) -> Vec<Vec<(String, Vec<String>)>> {
    let of = |role| oracle.content(TARGET, role);
    roles().iter().map(of).collect()
}

/// The folder of the only run.
fn run_of(oracle: &Oracle) -> PathBuf {
    fs::read_dir(oracle.folder().join("envclone-runs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap()
}

/// How many lines of the run's journal are about this.
fn journaled(oracle: &Oracle, event: &str) -> usize {
    let journal = fs::read_to_string(run_of(oracle).join("journal.jsonl")).unwrap();
    let event = format!("\"event\":\"{event}\"");
    journal.lines().filter(|line| line.contains(&event)).count()
}

/// The id of a plan, and the statements of its clean-up in their order, each with the schema that it changes.
fn planned(oracle: &Oracle) -> (String, Vec<(String, String)>) {
    let plan = oracle.run(&["plan", "--json"]);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    let id = text(&plan["id"])[..12].to_owned();
    let target = plan["target"].as_array().unwrap();
    let schema = |role: &Value| {
        let database = target.iter().find(|it| it["role"] == *role).unwrap();
        let name = database["locator"].as_str().unwrap();
        name.split('@').next().unwrap().to_owned()
    };
    let items = plan["items"].as_array().unwrap();
    let statements = items.iter().flat_map(|item| {
        let its = item["deed"]["sql"]["statements"].as_array().unwrap();
        its.iter()
            .map(|one| (schema(&item["database"]), text(&one["sql"])))
    });
    (id, statements.collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn one_transaction_changes_all_schemas_and_one_commit_ends_it() {
    let Some(oracle) = Oracle::adopting("documented") else {
        return;
    };
    let (id, planned) = planned(&oracle);
    let before = oracle.lab.front.received().len();
    let ran = oracle.run(&["refresh", "--approve", &id]);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    let told = "platform, runtime, log, catalog PROD_LEDGER: ";
    assert!(ran.err.contains(told), "{}", ran.err);

    let all = oracle.lab.front.received().split_off(before);
    let begins = all.iter().position(|it| it.sql.starts_with("LOCK TABLE"));
    let sessions = all[begins.unwrap()].connection;
    let all: Vec<_> = all.iter().filter(|it| it.connection == sessions).collect();
    let at = |what: &str| -> Vec<usize> {
        let there = |at: &usize| all[*at].sql.starts_with(what);
        (0..all.len()).filter(there).collect()
    };
    let (locks, commits) = (at("LOCK TABLE"), at("COMMIT"));
    assert_eq!((locks.len(), commits.len()), (1, 1));
    for schema in TARGET {
        let marks = format!("\"{schema}\".\"ENVCLONE_MARK\"");
        assert!(all[locks[0]].sql.contains(&marks), "{}", all[locks[0]].sql);
    }
    // Everything that was planned, each in its schema, after the one lock and before the one commit; what would commit
    // by itself is outside.
    let mut schema = "";
    let mut changed = Vec::new();
    for (at, request) in all.iter().enumerate() {
        let inside = (locks[0]..commits[0]).contains(&at);
        let sql = request.sql.as_str();
        assert!(!request.autocommit, "{sql}");
        if let Some(name) = sql.strip_prefix("ALTER SESSION SET CURRENT_SCHEMA = ") {
            schema = name.trim_matches('"');
        } else if ["DELETE", "UPDATE"].contains(&request.verb().as_str()) {
            assert!(inside, "{sql}");
            changed.push((schema.to_owned(), sql.to_owned()));
        } else if inside {
            let reads = ["LOCK", "SELECT", "INSERT"].contains(&request.verb().as_str());
            assert!(reads, "{sql}");
        }
    }
    assert_eq!(changed, planned);
    let marks: Vec<_> = at("INSERT INTO \"ENVCLONE_MARK\"");
    assert_eq!(marks, [commits[0] - 1], "the mark is in the transaction");
}

#[test]
fn a_failure_in_the_last_statement_leaves_every_schema_as_it_was() {
    let fails = Arc::new(Mutex::new(String::new()));
    let last = Arc::clone(&fails);
    let script = move |request: &envclone_tns_server::Request| {
        let mut last = last.lock().unwrap();
        (request.sql == *last).then(|| {
            last.clear();
            Answer::error(30_036, "unable to extend segment by 8 in undo tablespace")
        })
    };
    let Some(oracle) = Oracle::adopting_with("documented", script) else {
        return;
    };
    let (id, planned) = planned(&oracle);
    let before = copy(&oracle);
    let schemas: BTreeSet<&str> = planned.iter().map(|(schema, _)| schema.as_str()).collect();
    assert_eq!(
        schemas,
        BTreeSet::from(TARGET),
        "each has something to lose"
    );
    let last = planned.last().unwrap();
    let alike = planned.iter().filter(|it| it.1 == last.1).count();
    assert_eq!(alike, 1, "another one would fail first");
    last.1.clone_into(&mut fails.lock().unwrap());

    let ran = oracle.run(&["refresh", "--approve", &id]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
    assert!(ran.err.contains("ORA-30036"), "{}", ran.err);
    assert!(copy(&oracle) == before, "a schema was changed");
    assert_eq!(journaled(&oracle, "rolled-back"), 1);
    assert_eq!(journaled(&oracle, "committing"), 0);

    let resumed = oracle.run(&["resume"]);
    assert!([0, 7].contains(&resumed.code), "{}", resumed.err);
    assert_eq!(journaled(&oracle, "committed"), 1);
    oracle.assert_like(&on_files("documented"), "resumed");
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
        let before = copy(&oracle);
        let id = oracle.plan_id();
        armed.store(true, Ordering::SeqCst);
        let ran = oracle.run(&["refresh", "--approve", &id]);
        assert_eq!(ran.code, 6, "{done}: {}", ran.err);
        let run = run_of(&oracle);
        let journal = || fs::read_to_string(run.join("journal.jsonl")).unwrap();
        // All of it, or nothing: no schema without the others.
        let files = on_files("documented");
        match done {
            true => oracle.assert_like(&files, "committed"),
            false => assert!(copy(&oracle) == before, "a schema was changed"),
        }
        let last = journal().lines().last().unwrap().to_owned();
        assert!(last.contains("committing"), "{done}: {last}");
        let resumed = oracle.run(&["resume"]);
        assert!([0, 7].contains(&resumed.code), "{done}: {}", resumed.err);
        assert_eq!(journal().contains("\"marker\""), done);
        assert_eq!(journaled(&oracle, "committed"), 1, "{done}");
        oracle.assert_like(&files, &format!("{done}"));
    }
}

#[test]
fn rows_that_refer_from_another_schema_are_counted_and_not_taken_along_unseen() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    oracle.surprised(TARGET);
    let run = |sql: &str| oracle.lab.database.run(&[sql]).unwrap();
    let who = "rows refer by the foreign key `FK_RACK` from `OSUSR_ZZZ_RACK.SERVERID` of the runtime schema to rows that";
    let refused = oracle.run(&["plan"]);
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains(&format!("2 {who}")), "{}", refused.err);
    assert!(refused.err.contains("[foreign-key]"), "{}", refused.err);

    // They come after the plan was made.
    run("DELETE FROM qa_osruntime.osusr_zzz_rack");
    let plan = oracle.run(&["plan", "--out", "plan.json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    run(
        "INSERT INTO qa_osruntime.osusr_zzz_rack SELECT ID, ID FROM qa_osadmin.ossys_server ORDER BY ID LIMIT 2",
    );
    let plan = fs::read_to_string(oracle.folder().join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let before = copy(&oracle);
    let ran = oracle.run(&["apply", "plan.json", "--approve", &text(&plan["id"])[..12]]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains(&format!("2 {who}")), "{}", ran.err);
    assert!(copy(&oracle) == before, "a schema was changed");
    let left = "SELECT COUNT(*) FROM qa_osruntime.osusr_zzz_rack WHERE SERVERID = ID";
    let left = oracle.lab.database.query(left).unwrap();
    assert_eq!(left, [[2.into()]]);
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
fn what_would_fire_is_counted_held_and_put_back_as_in_files() {
    let Some(oracle) = Oracle::adopting("official") else {
        return;
    };
    let check = |ran: support::Ran| -> ReleaseCheck { serde_json::from_str(&ran.out).unwrap() };
    let counts = |check: &ReleaseCheck| -> Vec<(String, u64)> {
        let rows = check.rows.iter();
        rows.map(|row| (row.id.clone(), *row.count.known().unwrap()))
            .collect()
    };
    let here = check(oracle.run(&["release-check", "--json"]));
    let files = Lab::adopted();
    let there = check(files.run(&["release-check", "--json"]));
    assert_eq!(counts(&here), counts(&there));
    assert!(!here.is_green());
    assert_eq!(here.endpoints, there.endpoints);

    let content = || {
        let roles = roles();
        roles.map(|role| oracle.content(TARGET, &role))
    };
    let before = content();
    let kinds = "timers,emails,processes";
    let approved = |option: &str| {
        let id = support::approval_of(&oracle.run(&["release-check", option, kinds]));
        oracle.run(&["release-check", option, kinds, "--approve", &id])
    };
    let ran = approved("--hold");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(content() != before);
    let again = oracle.run(&["release-check", "--hold", kinds]);
    assert!(again.err.contains("nothing to hold"), "{}", again.err);
    assert!(check(oracle.run(&["release-check", "--json"])).is_green());
    let ran = approved("--release");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(content() == before, "something is not as it was");
    assert_eq!(
        counts(&check(oracle.run(&["release-check", "--json"]))),
        counts(&here)
    );
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
