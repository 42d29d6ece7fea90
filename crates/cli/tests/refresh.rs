//! The main job, run as a user would.

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
