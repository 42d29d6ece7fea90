//! Ways to point the tool at the wrong database. Each is refused by the one guard that is named, with exit code 5
//! and "nothing was changed"; where the guard is taken out its name is missing, and the test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use envclone::config::Config;
use envclone::failure::Exit;
use envclone::run::Phases;
use envclone::ui::Silent;
use support::{CATALOG, FILES, Lab, Ran, dump};

/// Tries to refresh without asking for a plan first, since planning is refused as well.
fn attempt(lab: &Lab) -> Ran {
    let before: Vec<_> = FILES
        .iter()
        .map(|name| fs::read(lab.source(name)).ok())
        .collect();
    let ran = lab.run(&["refresh", "--approve", "000000000000"]);
    let after: Vec<_> = FILES
        .iter()
        .map(|name| fs::read(lab.source(name)).ok())
        .collect();
    assert!(before == after, "the source was written to");
    ran
}

#[test]
fn the_target_is_the_source() {
    let lab = Lab::new();
    lab.settings_with("adopt", "", "source", "source");
    attempt(&lab).refused_by("target-is-source");
}

#[test]
fn the_target_is_the_source_by_another_spelling() {
    let lab = Lab::new();
    lab.settings_with("adopt", "", "source", "target/../source");
    attempt(&lab).refused_by("target-is-source");
}

#[test]
#[cfg(unix)]
fn the_target_is_a_hard_link_to_the_source() {
    let lab = Lab::adopted();
    fs::remove_file(lab.target("outsystems.db")).unwrap();
    fs::hard_link(lab.source("outsystems.db"), lab.target("outsystems.db")).unwrap();
    attempt(&lab).refused_by("target-is-source");
}

#[test]
#[cfg(unix)]
fn the_target_is_a_symbolic_link_to_the_source() {
    let lab = Lab::adopted();
    fs::remove_file(lab.target("outsystems.db")).unwrap();
    std::os::unix::fs::symlink(lab.source("outsystems.db"), lab.target("outsystems.db")).unwrap();
    attempt(&lab).refused_by("target-is-source");
}

#[test]
#[cfg(unix)]
fn the_targets_folder_is_a_link_to_the_sources() {
    let lab = Lab::new();
    std::os::unix::fs::symlink(lab.path("source"), lab.path("elsewhere")).unwrap();
    lab.settings_with("adopt", "", "source", "elsewhere");
    attempt(&lab).refused_by("target-is-source");
}

#[test]
fn only_the_targets_log_database_is_the_sources() {
    let lab = Lab::adopted();
    lab.edit(
        "log = \"target/outsystems_log.db\"",
        "log = \"source/outsystems_log.db\"",
    );
    attempt(&lab).refused_by("target-is-source");
}

#[test]
fn only_the_targets_catalog_is_the_sources() {
    let lab = Lab::adopted();
    lab.edit(
        &format!("\"target/{CATALOG}.db\""),
        &format!("\"source/{CATALOG}.db\""),
    );
    attempt(&lab).refused_by("target-is-source");
}

#[test]
fn the_targets_platform_is_the_sources_log() {
    let lab = Lab::adopted();
    lab.edit(
        "platform = \"target/outsystems.db\"",
        "platform = \"source/outsystems_log.db\"",
    );
    attempt(&lab).refused_by("target-is-source");
}

#[test]
fn the_source_is_given_twice() {
    let lab = Lab::new();
    lab.edit(
        "log = \"source/outsystems_log.db\"",
        "log = \"source/outsystems.db\"",
    );
    attempt(&lab).refused_by("source-twice");
}

#[test]
fn the_target_is_given_twice() {
    let lab = Lab::new();
    lab.edit(
        "log = \"target/outsystems_log.db\"",
        "log = \"target/outsystems.db\"",
    );
    attempt(&lab).refused_by("target-twice");
}

#[test]
fn the_target_is_protected_by_the_settings() {
    let lab = Lab::new();
    lab.settings("make", "safety.never = [\"/TARGET/\"]");
    attempt(&lab).refused_by("target-is-protected");
}

#[test]
fn the_source_does_not_exist() {
    let lab = Lab::new();
    fs::remove_file(lab.source("outsystems_log.db")).unwrap();
    attempt(&lab).refused_by("source-missing");
}

#[test]
fn the_source_is_no_platform_database() {
    let lab = Lab::new();
    lab.edit(
        "platform = \"source/outsystems.db\"",
        "platform = \"source/other.db\"",
    );
    lab.sql(
        &lab.source("other.db"),
        "CREATE TABLE something (id INTEGER)",
    );
    attempt(&lab).refused_by("source-is-no-platform");
}

#[test]
fn the_copy_would_go_over_an_existing_database() {
    let lab = Lab::new();
    fs::copy(lab.source("outsystems.db"), lab.target("outsystems.db")).unwrap();
    let before = fs::read(lab.target("outsystems.db")).unwrap();
    attempt(&lab).refused_by("target-exists");
    assert!(before == fs::read(lab.target("outsystems.db")).unwrap());
}

#[test]
fn the_copy_to_take_over_does_not_exist() {
    let lab = Lab::new();
    lab.settings("adopt", "");
    attempt(&lab).refused_by("target-missing");
}

#[test]
fn the_copy_to_take_over_is_empty() {
    let lab = Lab::adopted();
    fs::write(lab.target("outsystems.db"), "").unwrap();
    attempt(&lab).refused_by("target-is-no-platform");
}

#[test]
fn the_copy_to_take_over_is_some_other_database() {
    let lab = Lab::adopted();
    fs::remove_file(lab.target("outsystems.db")).unwrap();
    lab.sql(
        &lab.target("outsystems.db"),
        "CREATE TABLE something (id INTEGER)",
    );
    attempt(&lab).refused_by("target-is-no-platform");
}

#[test]
fn the_targets_log_database_has_no_logs() {
    let lab = Lab::adopted();
    fs::remove_file(lab.target("outsystems_log.db")).unwrap();
    lab.sql(
        &lab.target("outsystems_log.db"),
        "CREATE TABLE something (id INTEGER)",
    );
    attempt(&lab).refused_by("target-log-is-no-log");
}

#[test]
fn the_target_lacks_a_database_of_the_source() {
    let lab = Lab::adopted();
    lab.edit("log = \"target/outsystems_log.db\"\n", "");
    attempt(&lab).refused_by("databases-differ");
}

#[test]
fn a_catalog_of_the_platform_is_not_named() {
    let lab = Lab::adopted();
    lab.edit(&format!("{CATALOG} = \"source/{CATALOG}.db\"\n"), "");
    lab.edit(&format!("{CATALOG} = \"target/{CATALOG}.db\"\n"), "");
    attempt(&lab).refused_by("catalog-unknown");
}

#[test]
fn the_target_has_another_platform_version() {
    let lab = Lab::adopted();
    lab.sql(
        &lab.target("outsystems.db"),
        "UPDATE ossys_Parameter SET VAL = '11.99.0' WHERE NAME = 'Version'",
    );
    attempt(&lab).refused_by("platform-versions-differ");
}

#[test]
fn the_source_has_a_platform_that_the_steps_are_not_for() {
    let lab = Lab::new();
    let older = "UPDATE ossys_Parameter SET VAL = '9.1.621.0' WHERE NAME = 'Version'";
    lab.sql(&lab.source("outsystems.db"), older);
    attempt(&lab).refused_by("platform-too-old");
}

#[test]
fn the_targets_platform_version_is_unknown() {
    let lab = Lab::adopted();
    lab.sql(
        &lab.target("outsystems.db"),
        "DELETE FROM ossys_Parameter WHERE NAME = 'Version'",
    );
    attempt(&lab).refused_by("platform-versions-differ");
    // Missing evidence is for a person to decide, and who decided is recorded.
    let decided = [
        "--override",
        "platform-versions-differ=restored by hand, version read from the installer",
    ];
    let plan = lab.run(&[&["plan"], &decided[..]].concat());
    assert_eq!(plan.code, 0, "{}", plan.err);
}

#[test]
fn evidence_against_a_run_cannot_be_overridden() {
    let lab = Lab::adopted();
    // A guard that can't lack its evidence: the option would be without effect, and says so.
    let ran = lab.run(&["plan", "--override", "target-is-source=I know what I do"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("evidence against the run"), "{}", ran.err);
    // One that may lack it, and doesn't.
    lab.sql(
        &lab.target("outsystems_log.db"),
        "UPDATE oslog_Error_5 SET Instant = datetime('now', 'localtime', '-60 seconds')",
    );
    let ran = lab.run(&["plan", "--override", "fresh-heartbeat=I know what I do"]);
    ran.refused_by("fresh-heartbeat");
    assert!(
        ran.err.contains("here the evidence was seen"),
        "{}",
        ran.err
    );
}

#[test]
fn the_target_is_another_environment_of_the_same_factory() {
    let lab = Lab::adopted();
    // The same modules, but every id was given by another environment.
    lab.sql(
        &lab.target("outsystems.db"),
        "PRAGMA foreign_keys = OFF; UPDATE ossys_Espace SET ID = ID + 100000",
    );
    attempt(&lab).refused_by("not-a-copy");
}

#[test]
fn source_and_target_are_exchanged() {
    let lab = Lab::adopted();
    // The real source went on working after the copy was made.
    lab.sql(
        &lab.source("outsystems_log.db"),
        "UPDATE oslog_Error_5 SET Instant = '2026-03-09 10:00:00'",
    );
    lab.settings_with("adopt", "", "target", "source");
    attempt(&lab).refused_by("target-is-newer");
}

#[test]
fn the_source_is_a_copy_that_envclone_made_of_the_target() {
    let lab = Lab::new();
    assert!([0, 7].contains(&lab.refresh().code));
    lab.settings_with("adopt", "", "target", "source");
    attempt(&lab).refused_by("source-is-a-clone");
}

#[test]
fn the_target_writes_logs() {
    let lab = Lab::adopted();
    lab.sql(
        &lab.target("outsystems_log.db"),
        "UPDATE oslog_Error_5 SET Instant = datetime('now', 'localtime', '-60 seconds')",
    );
    attempt(&lab).refused_by("fresh-heartbeat");
}

#[test]
fn whether_the_target_is_live_cannot_be_seen() {
    let lab = Lab::adopted();
    lab.sql(
        &lab.target("outsystems_log.db"),
        "UPDATE oslog_Error_5 SET Instant = 'yesterday'",
    );
    attempt(&lab).refused_by("fresh-heartbeat");
}

#[test]
fn another_program_works_with_the_target() {
    let lab = Lab::adopted();
    let busy = rusqlite::Connection::open(lab.target("outsystems.db")).unwrap();
    busy.query_row("SELECT COUNT(*) FROM ossys_Espace", [], |_| Ok(()))
        .unwrap();
    attempt(&lab).refused_by("target-in-use");
    drop(busy);
}

#[test]
fn the_plan_is_for_another_target() {
    let lab = Lab::adopted();
    let id = planned(&lab);
    fs::create_dir(lab.path("other")).unwrap();
    for name in FILES {
        fs::rename(lab.target(name), lab.path("other").join(name)).unwrap();
    }
    lab.settings_with("adopt", "", "source", "other");
    lab.run(&["apply", "plan.json", "--approve", &id])
        .refused_by("plan-for-another-target");
}

#[test]
fn the_plan_is_for_another_source() {
    let lab = Lab::adopted();
    let id = planned(&lab);
    fs::create_dir(lab.path("other")).unwrap();
    for name in FILES {
        fs::rename(lab.source(name), lab.path("other").join(name)).unwrap();
    }
    lab.settings_with("adopt", "", "other", "target");
    lab.run(&["apply", "plan.json", "--approve", &id])
        .refused_by("plan-for-another-source");
}

#[test]
fn the_target_changed_since_the_plan_was_approved() {
    let lab = Lab::adopted();
    let id = planned(&lab);
    lab.sql(
        &lab.target("outsystems.db"),
        "UPDATE ossys_User SET NAME = 'Somebody Else' WHERE ID = (SELECT MIN(ID) FROM ossys_User)",
    );
    let before = dump(&lab.target("outsystems.db"));
    lab.run(&["apply", "plan.json", "--approve", &id])
        .refused_by("target-changed");
    assert_eq!(before, dump(&lab.target("outsystems.db")));
}

/// Between the last look at the target and the lock on it there is a moment in which nothing refuses a change but the
/// item's own count.
#[test]
fn a_row_that_came_after_the_last_look_is_nobodys_approval() {
    let lab = Lab::adopted();
    let config = Config::load(&lab.path("envclone.toml")).unwrap();
    let engine = config.engine().unwrap();
    let mut watch = Silent;
    let mut phases = Phases::new(&config, engine.as_ref(), Vec::new(), &mut watch).unwrap();
    let planned = phases.plan().unwrap();
    phases.prove(Some(&planned.plan)).unwrap();
    let before = lab.number(
        &lab.target("outsystems.db"),
        "SELECT COUNT(*) FROM ossys_Server",
    );
    let (run, journal, progress) = phases.begin(&planned).unwrap();
    lab.sql(
        &lab.target("outsystems.db"),
        "INSERT INTO ossys_Server (ID, NAME, IP_ADDRESS, IS_ACTIVE) SELECT MAX(ID) + 1, 'LATE', '192.0.2.1', 1 FROM ossys_Server",
    );
    let failure = phases
        .execute(&run, &planned.plan, journal, &progress)
        .unwrap_err();
    assert_eq!(failure.exit, Exit::Refused, "{failure:?}");
    assert!(
        failure.state.starts_with("nothing was changed"),
        "{failure:?}"
    );
    let why = failure.reasons();
    assert!(
        why.contains(&format!(
            "would touch {} rows, and {before} were approved [target-changed]",
            before + 1
        )),
        "{why}"
    );
    assert_eq!(
        lab.number(
            &lab.target("outsystems.db"),
            "SELECT COUNT(*) FROM ossys_Server"
        ),
        before + 1,
        "the late row and those that were approved are there"
    );
    assert_eq!(
        lab.number(
            &lab.target("outsystems.db"),
            "SELECT COUNT(*) FROM OSSYS_MODULEFRONTEND"
        ),
        lab.number(
            &lab.source("outsystems.db"),
            "SELECT COUNT(*) FROM OSSYS_MODULEFRONTEND"
        ),
        "what was done before the refusal is undone"
    );
}

#[test]
fn the_target_was_replaced_after_a_run_began() {
    let lab = Lab::new();
    assert!([0, 7].contains(&lab.refresh().code));
    let path = lab.target("outsystems.db");
    fs::copy(lab.source("outsystems.db"), lab.path("again.db")).unwrap();
    fs::rename(lab.path("again.db"), path).unwrap();
    lab.run(&["resume"]).refused_by("target-changed");
}

/// Writes a plan to `plan.json`; its id.
fn planned(lab: &Lab) -> String {
    let plan = lab.run(&["plan", "--out", "plan.json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let plan: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(lab.path("plan.json")).unwrap()).unwrap();
    plan["id"].as_str().unwrap().to_owned()
}

/// Accepts everything that a verification may find, table by table.
fn accept_all(lab: &Lab) {
    let path = lab.path("envclone.toml");
    let rules = [
        "ossys_*", "osusr_*", "oslog_*", "osltm_*", "dba_*", "old_*", "osevt_*",
    ]
    .map(|table| format!("[[verify.accept]]\ntable = \"{table}\"\nbecause = \"looked at\"\n"))
    .concat();
    fs::write(&path, fs::read_to_string(&path).unwrap() + &rules).unwrap();
}

#[test]
fn verification_never_writes_a_seal_into_the_source() {
    let lab = Lab::new();
    assert!([0, 7].contains(&lab.refresh().code));
    lab.settings_with("make", "", "source", "source");
    accept_all(&lab);
    let before: Vec<_> = FILES
        .iter()
        .map(|name| fs::read(lab.source(name)).unwrap())
        .collect();
    lab.run(&["verify"]).refused_by("target-is-source");
    assert!(
        before
            == FILES
                .iter()
                .map(|name| fs::read(lab.source(name)).unwrap())
                .collect::<Vec<_>>()
    );
}

#[test]
fn verification_of_a_run_looks_at_the_runs_own_target() {
    let lab = Lab::new();
    assert!([0, 7].contains(&lab.refresh().code));
    let verdicts = fs::read(lab.newest_run().join("verdicts.json")).unwrap();
    fs::create_dir(lab.path("other")).unwrap();
    for name in FILES {
        fs::copy(lab.target(name), lab.path("other").join(name)).unwrap();
    }
    lab.settings_with("make", "", "source", "other");
    lab.run(&["verify"]).refused_by("plan-for-another-target");
    assert!(verdicts == fs::read(lab.newest_run().join("verdicts.json")).unwrap());
    // Nor does a run go on with another target than the settings name.
    lab.run(&["resume"]).refused_by("plan-for-another-target");
}

#[test]
fn everything_cannot_be_accepted_at_once() {
    let lab = Lab::new();
    let path = lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap()
        + "[[verify.accept]]\ntable = \"*\"\nbecause = \"hurry\"\n";
    fs::write(&path, text).unwrap();
    let ran = lab.run(&["plan"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("would accept everything"), "{}", ran.err);
}

#[test]
fn secrets_are_unknown_when_the_key_of_digests_is_another_one() {
    let lab = Lab::new();
    accept_all(&lab);
    assert_eq!(lab.refresh().code, 0);
    let ran = lab.run(&["verify"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err
            .contains("verified: nothing of the source was found in "),
        "{}",
        ran.err
    );
    assert_eq!(
        lab.number(
            &lab.target("outsystems.db"),
            "SELECT COUNT(*) FROM envclone_mark WHERE kind = 'seal'"
        ),
        1
    );
    fs::remove_file(lab.path("envclone-runs/digest.key")).unwrap();
    let ran = lab.run(&["verify"]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(
        ran.err.contains("the key of digests is not the one"),
        "{}",
        ran.err
    );
    // What can't be proven is not sealed.
    assert_eq!(
        lab.number(
            &lab.target("outsystems.db"),
            "SELECT COUNT(*) FROM envclone_mark WHERE kind = 'seal'"
        ),
        0
    );
}

#[test]
fn the_settings_mean_the_same_files_from_any_folder() {
    let lab = Lab::new();
    let id = planned(&lab);
    let ran = assert_cmd::Command::cargo_bin("envclone")
        .unwrap()
        .args([
            "apply",
            "../plan.json",
            "--settings",
            "../envclone.toml",
            "--approve",
            &id,
        ])
        .current_dir(lab.path("source"))
        .output()
        .unwrap();
    assert_eq!(
        ran.status.code(),
        Some(7),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(lab.target("outsystems.db").exists());
}

#[test]
fn an_entity_that_must_be_unique_stands_in_two_modules() {
    let lab = Lab::new();
    let key = "3312b1cd-b12e-4a29-bcdc-51edcdd86ef1";
    let other = format!(
        "UPDATE ossys_Entity SET SS_KEY = '{key}' WHERE ID = (SELECT e.ID FROM ossys_Entity e JOIN ossys_Espace m ON m.ID = e.ESPACE_ID \
         WHERE e.IS_ACTIVE = 1 AND m.IS_ACTIVE = 1 AND e.SS_KEY <> '{key}' \
         AND m.ID <> (SELECT ESPACE_ID FROM ossys_Entity WHERE SS_KEY = '{key}') LIMIT 1)"
    );
    lab.sql(&lab.source("outsystems.db"), &other);
    let ran = lab.run(&["plan"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.err.contains("error: nothing was changed"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("stands in more than one active module"),
        "{}",
        ran.err
    );
}

#[test]
fn each_guard_says_what_to_do_about_it() {
    let lab = Lab::adopted();
    lab.edit("log = \"target/outsystems_log.db\"\n", "");
    fs::remove_file(lab.target(&format!("{CATALOG}.db"))).unwrap();
    let ran = attempt(&lab);
    ran.refused_by("databases-differ");
    ran.refused_by("target-missing");
    for hint in ["make the copy first", "give the target the same databases"] {
        assert!(ran.err.contains(hint), "{}", ran.err);
    }
}
