//! Holding what would fire, and letting it go, on files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use envclone::config::Config;
use envclone::failure::{Exit, Failure};
use envclone::release::hold::{Wish, carry_out};
use envclone::run::Phases;
use envclone::ui::Silent;
use envclone_core::release::hold::Deed;
use envclone_core::release::{Kind, ReleaseCheck};
use envclone_db::checkup::{Need, Purpose};
use envclone_db::{Access, Copied, Copies, DbError, Engine, Facts, Go, Lineage, Row, Session};
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

/// An engine with somebody else at work: right before a statement that begins so, another one is run.
struct Meddled {
    engine: Box<dyn Engine>,
    before: &'static str,
    with: &'static str,
}

struct MeddledSession {
    session: Box<dyn Session>,
    before: &'static str,
    with: &'static str,
}

impl Session for MeddledSession {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        self.session.query(sql, each)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        if sql.starts_with(self.before) && !self.with.is_empty() {
            self.session.execute(std::mem::take(&mut self.with))?;
        }
        self.session.execute(sql)
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.session.begin()
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.session.commit()
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.session.rollback()
    }
}

impl Engine for Meddled {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        let Self { before, with, .. } = *self;
        let session = self.engine.open(name, access)?;
        Ok(match access {
            Access::Read => session,
            Access::Write => Box::new(MeddledSession {
                session,
                before,
                with,
            }),
        })
    }

    fn look(&self, name: &str) -> Result<Facts, DbError> {
        self.engine.look(name)
    }

    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        self.engine.in_use(name)
    }

    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError> {
        self.engine.lineage(name)
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        self.engine.checkup(name, purpose)
    }

    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError> {
        self.engine.server(name)
    }

    fn work(
        &self,
        name: &str,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        self.engine.work(name, sql, progress)
    }

    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        self.engine.snapshot(names)
    }

    fn partial_name(&self, name: &str) -> String {
        self.engine.partial_name(name)
    }

    fn publish(&self, partial: &str, name: &str) -> Result<(), DbError> {
        self.engine.publish(partial, name)
    }

    fn discard(&self, partial: &str) {
        self.engine.discard(partial);
    }
}

/// Holds e-mails while somebody else runs a statement before one of ours.
fn hold_meddled(lab: &Lab, before: &'static str, with: &'static str) -> Result<(), Failure> {
    let config = Config::load(&lab.path("envclone.toml")).unwrap();
    let engine = Meddled {
        engine: config.engine().unwrap(),
        before,
        with,
    };
    let mut watch = Silent;
    let phases = Phases::new(&config, &engine, Vec::new(), &mut watch).unwrap();
    let wish = Wish {
        deed: Deed::Hold,
        kinds: vec![Kind::Emails],
    };
    let proposal = phases.propose(&wish).unwrap();
    let target = &config.settings.target;
    carry_out(phases.eyes(), target, &wish, &proposal, "somebody")
}

#[test]
fn what_others_write_meanwhile_undoes_all_of_it() {
    let one_more = "INSERT INTO OSSYS_EMAIL_STATUS (ID, TENANT_ID) VALUES (100, 2)";
    let one_less = "UPDATE OSSYS_EMAIL_STATUS SET SENT = '2026-03-02 08:00:00' WHERE ID = 11";
    let cases = [
        // Other rows than those that were approved, before any was kept.
        ("CREATE TABLE IF NOT EXISTS \"envclone_held\"", one_more),
        // A value that was kept and not written over, and one that is left.
        ("UPDATE \"ossys_email_status\"", one_less),
        ("UPDATE \"ossys_email_status\"", one_more),
    ];
    for (before, with) in cases {
        let lab = Lab::adopted();
        lab.sql(
            &lab.target(PLATFORM),
            "PRAGMA foreign_keys = OFF; DELETE FROM OSSYS_EMAIL_STATUS WHERE ID >= 100",
        );
        let raw = platform(&lab);
        let failure = hold_meddled(&lab, before, with).unwrap_err();
        assert_eq!(failure.exit, Exit::Refused, "{failure:?}");
        assert_eq!(number(&lab, "SELECT COUNT(*) FROM envclone_held"), 0);
        // Only what was outside of the transaction is there.
        let left = match before.starts_with("CREATE") {
            true => platform(&lab).lines().count() - raw.lines().count(),
            false => usize::from(platform(&lab) != raw),
        };
        assert_eq!(left, usize::from(before.starts_with("CREATE")), "{before}");
    }
    let lab = Lab::adopted();
    hold_meddled(&lab, "nothing", "").unwrap();
}
