//! Copies that a server makes: what is said where it fails, what is asked first, and what is never done twice.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::fs;

use envclone::config::Config;
use envclone::execute::INTERRUPTED;
use envclone::failure::{Exit, Failure};
use envclone::folder::RunFolder;
use envclone::run::Phases;
use envclone::ui::{Silent, Watch};
use envclone_core::plan::{Deed, Plan};
use support::serving::{self, Serving};
use support::{CATALOG, Lab, dump};

/// Begins a run or goes on with the one that is there.
fn run(lab: &Lab, watch: &mut dyn Watch) -> Result<(), Failure> {
    run_with(lab, watch, &|_| {})
}

fn run_with(lab: &Lab, watch: &mut dyn Watch, change: &dyn Fn(&mut Plan)) -> Result<(), Failure> {
    let config = Config::load(&lab.path("envclone.toml")).unwrap();
    let engine = Serving::new(config.engine().unwrap(), lab.folder.path());
    let mut phases = Phases::new(&config, &engine, Vec::new(), watch).unwrap();
    if let Ok(run) = RunFolder::newest(&config.runs()) {
        let plan = run.plan().unwrap();
        let (journal, progress) = phases.reopen(&run, &plan).unwrap();
        return phases.execute(&run, &plan, journal, &progress);
    }
    let mut planned = phases.plan()?;
    planned.plan = serving::served(planned.plan, lab.folder.path());
    change(&mut planned.plan);
    let (run, journal, progress) = phases.begin(&planned).unwrap();
    phases.execute(&run, &planned.plan, journal, &progress)
}

fn journal(lab: &Lab) -> String {
    fs::read_to_string(lab.newest_run().join("journal.jsonl")).unwrap()
}

fn content(lab: &Lab) -> Vec<String> {
    let catalog = format!("{CATALOG}.db");
    ["outsystems.db", "outsystems_log.db", &catalog]
        .map(|name| dump(&lab.target(name)))
        .to_vec()
}

fn uninterrupted() -> Vec<String> {
    let lab = serving::lab();
    run(&lab, &mut Silent).unwrap();
    content(&lab)
}

#[test]
fn where_a_server_fails_it_is_said_what_remains_and_a_resume_finishes() {
    let expected = uninterrupted();
    for (verb, remains) in [
        ("BACKUP", "nothing remains"),
        ("VERIFY", "nothing remains"),
        ("MAKE ROOM", "may be half restored"),
        ("RESTORE", "may be half restored"),
        ("RECOVER", "may be half restored"),
        ("WRITE", "nothing remains"),
    ] {
        let lab = serving::lab();
        fs::create_dir(lab.path("server")).unwrap();
        fs::write(lab.path("server").join("fails"), verb).unwrap();
        let failure = run(&lab, &mut Silent).unwrap_err();
        assert_eq!(failure.exit, Exit::Stopped, "{verb}");
        assert!(failure.state.contains(remains), "{verb}: {}", failure.state);
        assert!(failure.reasons().contains("3257"), "{verb}");
        assert!(failure.hint.unwrap().contains("free some space"), "{verb}");
        assert!(journal(&lab).contains("\"failed\""), "{verb}");
        fs::remove_file(lab.path("server").join("fails")).unwrap();
        run(&lab, &mut Silent).unwrap();
        assert!(
            content(&lab) == expected,
            "{verb}: another end than without"
        );
    }
}

/// Interrupts as soon as a server tells how far it is with something.
struct Impatient(&'static str);

impl Watch for Impatient {
    fn phase(&mut self, _name: &str) {}

    fn progress(&mut self, what: &str, done: u64, _of: u64) {
        if what.starts_with(self.0) && done > 0 {
            INTERRUPTED.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn note(&mut self, _text: &str) {}

    fn done(&mut self, _summary: &str) {}
}

const ALONE: &str = "ENVCLONE_ALONE";

/// Whoever interrupts does so for the whole process: this one has another to itself.
#[test]
fn interrupted_it_says_what_remains_and_a_resume_finishes() {
    if std::env::var_os(ALONE).is_none() {
        let name = "interrupted_it_says_what_remains_and_a_resume_finishes";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--test-threads=1"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}");
        return;
    }
    let expected = uninterrupted();
    for (what, remains) in [
        ("backup", "nothing remains"),
        ("restore", "may be half restored"),
    ] {
        let lab = serving::lab();
        let failure = run(&lab, &mut Impatient(what)).unwrap_err();
        INTERRUPTED.store(false, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(failure.exit, Exit::Interrupted, "{what}");
        assert!(failure.state.contains(remains), "{what}: {}", failure.state);
        run(&lab, &mut Silent).unwrap();
        assert!(
            content(&lab) == expected,
            "{what}: another end than without"
        );
    }
}

#[test]
fn what_is_in_the_way_is_found_before_anything_is_begun() {
    for name in ["target/outsystems_log.db", "server/platform.bak"] {
        let lab = serving::lab();
        fs::create_dir(lab.path("server")).unwrap();
        let failure = run_with(&lab, &mut Silent, &|_| {
            fs::write(lab.path(name), "somebody's").unwrap();
        });
        let failure = failure.unwrap_err();
        assert_eq!(failure.exit, Exit::Refused, "{name}");
        assert!(
            failure.state.contains("nothing was changed"),
            "{}",
            failure.state
        );
        assert!(failure.reasons().contains("exists already"), "{name}");
        assert!(failure.reasons().contains("[target-exists]"), "{name}");
        assert_eq!(fs::read_to_string(lab.path(name)).unwrap(), "somebody's");
        assert!(!lab.path("server/log.bak").exists(), "{name}: it was begun");
    }
}

#[test]
fn who_may_not_look_for_files_still_has_the_servers_own_refusal() {
    let lab = serving::lab();
    fs::create_dir(lab.path("server")).unwrap();
    fs::write(lab.path("server/blind"), "").unwrap();
    run(&lab, &mut Silent).unwrap();
    let lab = serving::lab();
    fs::create_dir(lab.path("server")).unwrap();
    fs::write(lab.path("server/blind"), "").unwrap();
    let failure = run_with(&lab, &mut Silent, &|_| {
        fs::write(lab.target("outsystems.db"), "somebody's").unwrap();
    });
    assert!(failure.unwrap_err().reasons().contains("exists"));
    let kept = fs::read_to_string(lab.target("outsystems.db")).unwrap();
    assert_eq!(kept, "somebody's");
}

#[test]
fn a_backup_of_other_files_than_were_planned_is_not_restored() {
    let lab = serving::lab();
    fs::create_dir(lab.path("server")).unwrap();
    fs::write(lab.path("server/platform.bak.files"), "data2").unwrap();
    let failure = run(&lab, &mut Silent).unwrap_err();
    assert_eq!(failure.exit, Exit::Refused);
    assert!(
        failure.reasons().contains("listed: data2; planned: data"),
        "{}",
        failure.reasons()
    );
    assert_eq!(failure.hint.as_deref(), Some("make a new plan"));
    assert!(!lab.target("outsystems.db").exists());
}

#[test]
fn all_copies_are_of_the_moment_that_the_journal_has() {
    let lab = serving::lab();
    fs::create_dir(lab.path("server")).unwrap();
    fs::write(lab.path("server").join("fails"), "RESTORE").unwrap();
    run(&lab, &mut Silent).unwrap_err();
    fs::remove_file(lab.path("server").join("fails")).unwrap();
    run(&lab, &mut Silent).unwrap();
    let journal = journal(&lab);
    assert_eq!(journal.matches("\"noted\"").count(), 1, "{journal}");
    assert!(journal.contains("moment 1"), "{journal}");
}

#[test]
fn a_restore_without_the_moment_is_not_tried() {
    let lab = serving::lab();
    let failure = run_with(&lab, &mut Silent, &|plan| {
        plan.items
            .retain(|item| !matches!(item.deed, Deed::Note { .. }));
        let expected: Vec<_> = plan.items.iter().map(|item| item.expect).collect();
        *plan = plan.clone().counted(&expected);
    });
    let failure = failure.unwrap_err();
    assert!(
        failure.reasons().contains("needs the note `moment`"),
        "{}",
        failure.reasons()
    );
    assert!(!lab.target("outsystems.db").exists());
}
