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
