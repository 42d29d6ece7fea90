//! Holding what would fire, and letting it go, on files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use envclone_core::release::ReleaseCheck;
use support::{Lab, approval_of, dump};

const PLATFORM: &str = "outsystems.db";
const ALL: &str = "timers,emails,processes";

fn platform(lab: &Lab) -> String {
    dump(&lab.target(PLATFORM))
}

fn sql(lab: &Lab, sql: &str) {
    lab.sql(&lab.target(PLATFORM), sql);
}

fn number(lab: &Lab, sql: &str) -> i64 {
    lab.number(&lab.target(PLATFORM), sql)
}

fn check(lab: &Lab) -> ReleaseCheck {
    serde_json::from_str(&lab.run(&["release-check", "--json"]).out).unwrap()
}

fn red(lab: &Lab) -> Vec<String> {
    let rows = check(lab).rows.into_iter();
    rows.filter(|row| row.fires && row.count.known() != Some(&0))
        .map(|row| row.id)
        .collect()
}

#[test]
fn all_is_held_and_put_back_as_it_was() {
    let lab = Lab::adopted();
    let before = platform(&lab);
    let ran = lab.hold("--hold", ALL);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(check(&lab).is_green());
    let held = platform(&lab);
    assert_ne!(held, before);
    // Nothing is deleted, and no mail or event is taken for done.
    assert_eq!(held.lines().count(), before.lines().count());
    assert_eq!(
        number(
            &lab,
            "SELECT COUNT(*) FROM OSSYS_EMAIL_STATUS WHERE SENT = '1900-01-01 00:00:00'"
        ),
        1
    );
    let lines = number(&lab, "SELECT COUNT(*) FROM envclone_held");

    let ran = lab.hold("--hold", ALL);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("nothing to hold"), "{}", ran.err);
    assert_eq!(platform(&lab), held);
    assert_eq!(number(&lab, "SELECT COUNT(*) FROM envclone_held"), lines);

    let ran = lab.hold("--release", ALL);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(platform(&lab), before);
    let ran = lab.hold("--release", ALL);
    assert!(ran.err.contains("nothing to put back"), "{}", ran.err);
    assert_eq!(platform(&lab), before);
}

#[test]
fn each_kind_is_held_by_itself() {
    let lab = Lab::adopted();
    let starts = |word: &str, red: &[String]| red.iter().any(|id| id.starts_with(word));
    for (kind, word) in [
        ("emails", "emails"),
        ("processes", "activities"),
        ("timers", "timers"),
    ] {
        assert!(starts(word, &red(&lab)));
        let ran = lab.hold("--hold", kind);
        assert_eq!(ran.code == 0, kind == "timers", "{}", ran.err);
        assert!(!starts(word, &red(&lab)), "{:?}", red(&lab));
    }
    assert_eq!(lab.hold("--release", "emails").code, 0);
    assert_eq!(red(&lab), ["emails-queued"]);
}

#[test]
fn nothing_is_held_that_nobody_approved() {
    let lab = Lab::adopted();
    let before = platform(&lab);
    let asked = lab.run(&["release-check", "--hold", "timers"]);
    let id = approval_of(&asked);
    // What is to be approved is shown.
    assert!(
        asked.err.contains("ossys_cyclic_job_shared") && asked.err.contains("SCHEDULE"),
        "{}",
        asked.err
    );
    for wrong in [&id[..11], "0123456789ab", ""] {
        let ran = lab.run(&["release-check", "--hold", "timers", "--approve", wrong]);
        assert_eq!(ran.code, 8, "{wrong}: {}", ran.err);
    }
    // It is no approval of other kinds, nor of letting go, nor of what is there later.
    assert_eq!(
        lab.run(&["release-check", "--hold", ALL, "--approve", &id])
            .code,
        8
    );
    assert_eq!(platform(&lab), before);
    sql(
        &lab,
        "UPDATE ossys_Cyclic_Job SET SCHEDULE = 'When Published' WHERE ID = 91",
    );
    assert_eq!(
        lab.run(&["release-check", "--hold", "timers", "--approve", &id])
            .code,
        8
    );
    assert_eq!(
        number(
            &lab,
            "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'envclone_held'"
        ),
        0
    );
}

#[test]
fn what_somebody_changed_since_is_left_and_said() {
    let lab = Lab::adopted();
    lab.hold("--hold", "timers");
    sql(
        &lab,
        "UPDATE ossys_Cyclic_Job_Shared SET NEXT_RUN = '2031-01-01 00:00:00' WHERE META_CYCLIC_JOB_ID = 11; \
         DELETE FROM ossys_Cyclic_Job WHERE ID = 92;",
    );
    let asked = lab.run(&["release-check", "--release", "timers"]);
    assert_eq!(asked.code, 8);
    assert!(
        asked
            .err
            .contains("1 that somebody changed and 1 whose row is gone"),
        "{}",
        asked.err
    );
    // Every date of the rehearsal is past.
    let overdue = number(
        &lab,
        "SELECT COUNT(*) FROM envclone_held WHERE col = 'NEXT_RUN'",
    ) - 3;
    assert!(
        asked
            .err
            .contains(&format!("{overdue} dates among them overdue")),
        "{}",
        asked.err
    );
    assert_eq!(lab.hold("--release", "timers").code, 0);
    let next = |id: i64| {
        number(
            &lab,
            &format!(
                "SELECT COUNT(*) FROM ossys_Cyclic_Job_Shared WHERE META_CYCLIC_JOB_ID = {id} AND NEXT_RUN LIKE '2031%'"
            ),
        )
    };
    assert_eq!(next(11), 1);
    let states = "SELECT COUNT(*) FROM envclone_held WHERE state = ";
    assert_eq!(number(&lab, &format!("{states}'changed'")), 1);
    assert_eq!(
        number(&lab, &format!("{states}'gone' AND col = 'NEXT_RUN'")),
        1
    );
    assert_eq!(number(&lab, &format!("{states}'held'")), 0);
}

#[test]
fn what_fires_again_is_held_again_with_its_new_value() {
    let lab = Lab::adopted();
    lab.hold("--hold", "timers");
    sql(
        &lab,
        "UPDATE ossys_Cyclic_Job_Shared SET NEXT_RUN = '2020-05-05 05:05:05' WHERE META_CYCLIC_JOB_ID = 11",
    );
    assert_eq!(red(&lab).first().map(String::as_str), Some("timers-due"));
    lab.hold("--hold", "timers");
    lab.hold("--release", "timers");
    let sql = "SELECT COUNT(*) FROM ossys_Cyclic_Job_Shared WHERE META_CYCLIC_JOB_ID = 11 AND NEXT_RUN = '2020-05-05 05:05:05'";
    assert_eq!(number(&lab, sql), 1);
    // What it was before is in the table still.
    let first = "SELECT COUNT(*) FROM envclone_held WHERE row_key = 11 AND col = 'NEXT_RUN' AND state = 'changed' AND old_date LIKE '2026%'";
    assert_eq!(number(&lab, first), 1);
}

#[test]
fn nothing_of_the_source_is_held() {
    let lab = Lab::adopted();
    lab.settings_with("adopt", "", "source", "source");
    let before = dump(&lab.source(PLATFORM));
    for option in ["--hold", "--release"] {
        lab.run(&["release-check", option, ALL])
            .refused_by("target-is-source");
    }
    assert_eq!(dump(&lab.source(PLATFORM)), before);
}

#[test]
fn what_is_unknown_to_hold_is_no_command() {
    let lab = Lab::adopted();
    for wrong in [
        &["--hold", "everything"][..],
        &["--hold", "timers", "--release", "emails"],
    ] {
        assert_eq!(lab.run(&[&["release-check"], wrong].concat()).code, 2);
    }
}
