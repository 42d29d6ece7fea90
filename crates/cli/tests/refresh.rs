//! The main job, run as a user would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use support::{CATALOG, FILES, Lab, dump};

fn content(lab: &Lab) -> Vec<String> {
    FILES.iter().map(|name| dump(&lab.target(name))).collect()
}

#[test]
fn the_copy_is_cleaned_and_the_source_is_as_it_was() {
    let lab = Lab::new();
    let before: Vec<_> = FILES.iter().map(|name| dump(&lab.source(name))).collect();
    let ran = lab.refresh();
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert_eq!(
        before,
        FILES
            .iter()
            .map(|name| dump(&lab.source(name)))
            .collect::<Vec<_>>()
    );
    let target = lab.target("outsystems.db");
    for table in [
        "ossys_Server",
        "OSSYS_MODULEFRONTEND",
        "OSSYS_PLATFORMSVCS_OBSERVER",
        "OSSYS_EXTENSION_DBCONNECTION",
    ] {
        assert_eq!(
            lab.number(&target, &format!("SELECT COUNT(*) FROM {table}")),
            0,
            "{table}"
        );
    }
    assert_eq!(
        lab.number(&target, "SELECT COUNT(*) FROM OSSYS_DBCONNECTION"),
        1,
        "the log connection stays"
    );
    assert_eq!(
        lab.number(&target, "SELECT COUNT(*) FROM pragma_foreign_key_check"),
        0
    );
    for name in [
        "report.html",
        "report.md",
        "report.json",
        "verdicts.json",
        "inventory.json",
        "evidence.json",
        "plan.json",
        "journal.jsonl",
    ] {
        assert!(
            fs::metadata(lab.newest_run().join(name)).unwrap().len() > 0,
            "{name}"
        );
    }
}

#[test]
fn applied_twice_the_second_time_changes_nothing() {
    let lab = Lab::new();
    lab.refresh();
    let first = content(&lab);
    // The cleaned copy, taken over: every step counts nothing left to do.
    lab.settings("adopt", "");
    let plan = lab.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    assert!(
        plan.err.contains(" 0 items, 0 rows to change"),
        "{}",
        plan.err
    );
    assert!(
        plan.out
            .contains("the copy has no row left that it would touch"),
        "{}",
        plan.out
    );
    let again = lab.run(&["apply"]);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    // And the statements themselves, run again whatever the counts say.
    let plan: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(lab.newest_run().join("plan.json")).unwrap())
            .unwrap();
    for item in plan["items"].as_array().unwrap() {
        for statement in item["deed"]["sql"]["statements"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let file = match item["database"].as_str().unwrap() {
                "platform" => lab.target("outsystems.db"),
                "log" => lab.target("outsystems_log.db"),
                _ => lab.target(&format!("{CATALOG}.db")),
            };
            let connection = rusqlite::Connection::open(file).unwrap();
            let changed = connection
                .execute(statement["sql"].as_str().unwrap(), [])
                .unwrap();
            assert_eq!(changed, 0, "{} changes rows the second time", item["step"]);
        }
    }
    assert!(first == content(&lab));
}

#[test]
fn a_copy_made_by_hand_ends_the_same_as_one_made_by_envclone() {
    let made = Lab::new();
    made.refresh();
    let adopted = Lab::adopted();
    let ran = adopted.refresh();
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(content(&made) == content(&adopted));
    // The plan counts some rows for two items; whoever adds up is told.
    assert!(
        ran.err.contains(" more went with earlier ones), committed"),
        "{}",
        ran.err
    );
}

#[test]
fn the_copies_belong_to_one_moment_while_the_source_is_in_use() {
    let lab = Lab::new();
    let (platform, log) = (lab.source("outsystems.db"), lab.source("outsystems_log.db"));
    lab.sql(
        &platform,
        "CREATE TABLE ticks (n INTEGER); INSERT INTO ticks VALUES (0)",
    );
    lab.sql(
        &log,
        "CREATE TABLE ticks (n INTEGER); INSERT INTO ticks VALUES (0)",
    );
    // A plan in a file is what is approved, however the source goes on.
    assert_eq!(lab.run(&["plan", "--out", "plan.json"]).code, 0);
    let plan: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(lab.path("plan.json")).unwrap()).unwrap();
    let id = plan["id"].as_str().unwrap().to_owned();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let open = |path| {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection
                    .busy_timeout(std::time::Duration::from_secs(10))
                    .unwrap();
                connection
            };
            let (platform, log) = (open(&platform), open(&log));
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                platform.execute("UPDATE ticks SET n = n + 1", []).unwrap();
                log.execute("UPDATE ticks SET n = n + 1", []).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let ran = lab.run(&["apply", "plan.json", "--approve", &id]);
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(ran.code, 7, "{}", ran.err);
    });
    let tick = |name: &str| lab.number(&lab.target(name), "SELECT n FROM ticks");
    let (platform, log) = (tick("outsystems.db"), tick("outsystems_log.db"));
    assert!(
        platform - log == 0 || platform - log == 1,
        "platform at {platform}, log at {log}"
    );
}

#[test]
fn saved_rows_hold_no_secret_unless_they_are_encrypted() {
    let lab = Lab::new();
    lab.refresh();
    let secret: String = rusqlite::Connection::open(lab.source("outsystems.db"))
        .unwrap()
        .query_row("SELECT DATABASE_CONFIGURATION FROM OSSYS_DBCONNECTION WHERE NAME NOT LIKE '$OS%' AND LENGTH(DATABASE_CONFIGURATION) > 8 LIMIT 1", [], |row| row.get(0))
        .unwrap();
    let everything = |lab: &Lab| {
        let mut files = vec![lab.newest_run()];
        let mut text = Vec::new();
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(
                    fs::read_dir(path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                text.extend(fs::read(path).unwrap());
            }
        }
        text
    };
    let contains = |text: &[u8]| {
        text.windows(secret.len())
            .any(|window| window == secret.as_bytes())
    };
    assert!(
        !contains(&everything(&lab)),
        "a secret stands in a file of the run"
    );

    let key = age::x25519::Identity::generate();
    let lab = Lab::new();
    lab.settings(
        "make",
        &format!(
            "saved.secrets = \"encrypt\"\nsaved.recipients = [\"{}\"]",
            key.to_public()
        ),
    );
    lab.refresh();
    assert!(
        !contains(&everything(&lab)),
        "a secret stands in a file of the run"
    );
    let saved: Vec<_> = fs::read_dir(lab.newest_run().join("saved"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let open = |path: &std::path::PathBuf| age::decrypt(&key, &fs::read(path).unwrap()).unwrap();
    assert!(
        saved.iter().any(|path| contains(&open(path))),
        "no saved file holds the connection's configuration"
    );
}

#[test]
fn what_a_person_accepts_is_reported_as_accepted() {
    let lab = Lab::new();
    let rules: String = [
        "ossys_*", "osusr_*", "oslog_*", "osltm_*", "dba_*", "old_*", "osevt_*",
    ]
    .map(|table| format!("[[verify.accept]]\ntable = \"{table}\"\nbecause = \"looked at\"\n"))
    .concat();
    let path = lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap() + &rules;
    fs::write(&path, text).unwrap();
    let ran = lab.refresh();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let seals = lab.number(
        &lab.target("outsystems.db"),
        "SELECT COUNT(*) FROM envclone_mark WHERE kind = 'seal'",
    );
    assert_eq!(seals, 1, "a verified copy is sealed");
}

#[test]
fn the_rehearsal_misses_nothing_at_any_profile() {
    for profile in ["official", "documented", "extra"] {
        let folder = tempfile::tempdir().unwrap();
        let ran = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(["rehearse", "--profile", profile, "--json", "--seed", "11"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        let result: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let outcome = &result["outcome"];
        assert_eq!(outcome["missed"].as_array().unwrap().len(), 0);
        let manifest: serde_json::Value = serde_json::from_str(
            &fs::read_to_string(folder.path().join("rehearsal/manifest.json")).unwrap(),
        )
        .unwrap();
        let order = ["official", "documented", "extra", "never"];
        let reach = order.iter().position(|name| *name == profile).unwrap();
        let due = manifest["planted"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|fact| {
                order
                    .iter()
                    .position(|name| *name == fact["removed_in"].as_str().unwrap())
                    .unwrap()
                    <= reach
            })
            .count();
        assert_eq!(
            outcome["removed"].as_u64().unwrap() as usize,
            due,
            "{profile}"
        );
    }
}

/// The walk against a naive search through everything, in environments of several seeds: it reports no column in
/// which the text does not stand, and none is missed in which it stands between blanks, quotes or slashes.
#[test]
fn the_walk_finds_what_a_naive_search_finds() {
    for seed in 21..25 {
        let folder = tempfile::tempdir().unwrap();
        let ran = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args([
                "rehearse",
                "--profile",
                "official",
                "--quiet",
                "--seed",
                &seed.to_string(),
            ])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        let rehearsal = folder.path().join("rehearsal");
        let run = fs::read_dir(rehearsal.join("envclone-runs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir())
            .unwrap();
        let json = |name: &str| {
            serde_json::from_str::<serde_json::Value>(&fs::read_to_string(run.join(name)).unwrap())
                .unwrap()
        };
        let inventory = json("inventory.json");
        let terms: Vec<String> = inventory["identities"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["length"].is_null())
            .map(|one| one["value"].as_str().unwrap().to_lowercase())
            .collect();
        let verdicts = json("verdicts.json");
        let mut scanned = std::collections::BTreeSet::new();
        let mut secrets = std::collections::BTreeSet::new();
        for check in verdicts["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["id"] == "scan")
        {
            let place = [&check["database"], &check["table"], &check["column"]]
                .map(|text| text.as_str().unwrap().to_owned());
            let only_secret = ["no secret of", "no environment key of"]
                .iter()
                .any(|title| check["title"].as_str().unwrap().starts_with(title));
            if only_secret {
                secrets.insert(place)
            } else {
                scanned.insert(place)
            };
        }
        let (mut anywhere, mut alone) = (
            std::collections::BTreeSet::new(),
            std::collections::BTreeSet::new(),
        );
        for (database, file) in [
            ("platform", "outsystems.db"),
            ("log", "outsystems_log.db"),
            ("catalog:PROD_LEDGER", "PROD_LEDGER.db"),
        ] {
            naive(
                &rehearsal.join("target").join(file),
                &terms,
                |table, column, free| {
                    let place = [database.to_owned(), table.to_owned(), column.to_owned()];
                    anywhere.insert(place.clone());
                    if free {
                        alone.insert(place);
                    }
                },
            );
        }
        assert!(
            alone.len() > 20,
            "seed {seed}: the search has lost its meaning"
        );
        let missed: Vec<_> = alone
            .iter()
            .filter(|place| !scanned.contains(*place))
            .collect();
        assert!(missed.is_empty(), "seed {seed}: the walk missed {missed:?}");
        // Binary columns are searched as UTF-16 as well, which the naive search can't see.
        let invented: Vec<_> = scanned
            .iter()
            .filter(|place| {
                !anywhere.contains(*place) && !place[2].to_lowercase().contains("content")
            })
            .collect();
        assert!(
            invented.is_empty(),
            "seed {seed}: the walk invented {invented:?}"
        );
    }
}

/// Searches every cell for every text, slowly.
fn naive(file: &std::path::Path, terms: &[String], mut found: impl FnMut(&str, &str, bool)) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'envclone_mark'")
        .unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for table in tables {
        let mut rows = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns: Vec<String> = rows.column_names().map(str::to_owned).collect();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (at, column) in columns.iter().enumerate() {
                let cell = match row.get_ref(at).unwrap() {
                    rusqlite::types::ValueRef::Text(text)
                    | rusqlite::types::ValueRef::Blob(text) => {
                        String::from_utf8_lossy(text).to_lowercase()
                    }
                    _ => continue,
                };
                for term in terms.iter().filter(|term| cell.contains(term.as_str())) {
                    let edge = |c: Option<char>| c.is_none_or(|c| " \"'/\\;,<>()".contains(c));
                    let free = cell.match_indices(term.as_str()).any(|(start, hit)| {
                        edge(cell[..start].chars().next_back())
                            && edge(cell[start + hit.len()..].chars().next())
                    });
                    found(&table, column, free);
                }
            }
        }
    }
}

#[test]
fn an_external_entity_that_leads_to_the_source_is_found() {
    let lab = Lab::new();
    let home = lab.source("outsystems.db").display().to_string();
    // One that leads home, and one that leads elsewhere.
    for (at, to) in [(0, home.as_str()), (1, "WAREHOUSE")] {
        lab.sql(
            &lab.source("outsystems.db"),
            &format!(
                "UPDATE ossys_Entity SET IS_EXTERNAL = 1, IS_ACTIVE = 1, PHYSICAL_TABLE_NAME = '[{to}].[dbo].[T]' \
                 WHERE ID = (SELECT ID FROM ossys_Entity ORDER BY ID DESC LIMIT 1 OFFSET {at})"
            ),
        );
    }
    let inspected = lab.run(&["inspect"]);
    assert!(
        inspected.out.contains("leads out: external entity"),
        "{}",
        inspected.out
    );
    assert!(
        inspected.out.contains("[WAREHOUSE].[dbo].[T]"),
        "{}",
        inspected.out
    );
    let ran = lab.refresh();
    assert_eq!(ran.code, 7, "{}", ran.err);
    let report = fs::read_to_string(lab.newest_run().join("report.md")).unwrap();
    let about = "What leads out of the platform database (external entity)";
    assert!(report.contains(about), "{report}");
    let verdicts = fs::read_to_string(lab.newest_run().join("verdicts.json")).unwrap();
    let verdicts: serde_json::Value = serde_json::from_str(&verdicts).unwrap();
    let check = verdicts["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["id"] == "leads-home");
    assert_eq!(check.unwrap()["verdict"]["rows"], 1, "{check:?}");
}
