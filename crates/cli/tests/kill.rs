//! A run that is killed goes on where it was: for every call to the database, the process is killed (SIGKILL)
//! right before and right after it, `resume` finishes, and every table of the copy is what an uninterrupted run
//! leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use envclone::config::Config;
use envclone::folder::RunFolder;
use envclone::release::hold::Wish;
use envclone::run::Phases;
use envclone::ui::Silent;
use envclone_core::release::Kind;
use envclone_core::release::hold::Deed;
use envclone_db::Access;
use envclone_db::checkup::{Need, Purpose};
use envclone_db::{Copied, Copies, DbError, Engine, Facts, Go, Lineage, Row, Session};
use support::serving::{self, Serving};
use support::{CATALOG, Lab, dump};

/// Calls left until the process dies.
static FUSE: AtomicI64 = AtomicI64::new(i64::MAX);

/// One call less.
fn burn() {
    if FUSE.fetch_sub(1, Ordering::SeqCst) == 0 {
        let _ = Command::new("kill")
            .args(["-9", &std::process::id().to_string()])
            .status();
        std::thread::sleep(Duration::from_secs(60));
    }
}

/// An engine whose every call burns the fuse before and after.
struct Fatal(Box<dyn Engine>);
struct FatalSession(Box<dyn Session>);
struct FatalCopies(Box<dyn Copies>);

fn around<T>(call: impl FnOnce() -> T) -> T {
    burn();
    let result = call();
    burn();
    result
}

impl Session for FatalSession {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        // Reading changes nothing: dying before it is dying after it.
        burn();
        self.0.query(sql, each)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        around(|| self.0.execute(sql))
    }

    fn begin(&mut self) -> Result<(), DbError> {
        around(|| self.0.begin())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        around(|| self.0.commit())
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        around(|| self.0.rollback())
    }
}

impl Copies for FatalCopies {
    fn copy(
        &self,
        index: usize,
        to: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        around(|| {
            self.0.copy(index, to, &mut |copied| {
                burn();
                progress(copied)
            })
        })
    }
}

impl Engine for Fatal {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        Ok(Box::new(FatalSession(around(|| {
            self.0.open(name, access)
        })?)))
    }

    fn look(&self, name: &str) -> Result<Facts, DbError> {
        self.0.look(name)
    }

    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        self.0.in_use(name)
    }

    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError> {
        self.0.lineage(name)
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        self.0.checkup(name, purpose)
    }

    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError> {
        around(|| self.0.server(name))
    }

    fn work(
        &self,
        name: &str,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        around(|| {
            self.0.work(name, sql, &mut |copied| {
                burn();
                progress(copied)
            })
        })
    }

    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        Ok(Box::new(FatalCopies(around(|| self.0.snapshot(names))?)))
    }

    fn partial_name(&self, name: &str) -> String {
        self.0.partial_name(name)
    }

    fn publish(&self, partial: &str, name: &str) -> Result<(), DbError> {
        around(|| self.0.publish(partial, name))
    }

    fn discard(&self, partial: &str) {
        around(|| self.0.discard(partial));
    }
}

/// Not a test of its own: what the killed process does. Prints how many calls it made when it survives.
#[test]
fn child() {
    let (Ok(folder), Ok(fuse)) = (
        std::env::var("ENVCLONE_KILL_LAB"),
        std::env::var("ENVCLONE_KILL_AFTER"),
    ) else {
        return;
    };
    let folder = Path::new(&folder);
    let config = Config::load(&folder.join("envclone.toml")).unwrap();
    let files = config.engine().unwrap();
    let served = Way::of_child() == Way::Served;
    let engine = Fatal(match served {
        true => Box::new(Serving::new(files, folder)),
        false => files,
    });
    let mut watch = Silent;
    let mut phases = Phases::new(&config, &engine, Vec::new(), &mut watch).unwrap();
    if let Ok(run) = RunFolder::newest(&config.runs()) {
        let plan = run.plan().unwrap();
        let (journal, progress) = phases.reopen(&run, &plan).unwrap();
        phases.execute(&run, &plan, journal, &progress).unwrap();
        println!("CALLS=0");
        return;
    }
    let mut planned = phases.plan().unwrap();
    if served {
        planned.plan = serving::served(planned.plan, folder);
    }
    let (run, journal, progress) = phases.begin(&planned).unwrap();
    FUSE.store(fuse.parse().unwrap(), Ordering::SeqCst);
    phases
        .execute(&run, &planned.plan, journal, &progress)
        .unwrap();
    let made = fuse.parse::<i64>().unwrap() - FUSE.load(Ordering::SeqCst);
    println!("CALLS={made}");
}

/// Not a test of its own: a process that holds e-mails and is killed.
#[test]
fn holding_child() {
    let (Ok(folder), Ok(fuse)) = (
        std::env::var("ENVCLONE_HOLD_LAB"),
        std::env::var("ENVCLONE_HOLD_AFTER"),
    ) else {
        return;
    };
    let config = Config::load(&Path::new(&folder).join("envclone.toml")).unwrap();
    let engine = Fatal(config.engine().unwrap());
    let mut watch = Silent;
    let phases = Phases::new(&config, &engine, Vec::new(), &mut watch).unwrap();
    let deed = match std::env::var("ENVCLONE_HOLD_DEED").as_deref() {
        Ok("release") => Deed::Release,
        _ => Deed::Hold,
    };
    let wish = Wish {
        deed,
        kinds: vec![Kind::Emails],
    };
    let proposal = phases.propose(&wish).unwrap();
    FUSE.store(fuse.parse().unwrap(), Ordering::SeqCst);
    let target = &config.settings.target;
    envclone::release::hold::carry_out(phases.eyes(), target, &wish, &proposal, "somebody")
        .unwrap();
    let made = fuse.parse::<i64>().unwrap() - FUSE.load(Ordering::SeqCst);
    println!("CALLS={made}");
}

fn run_holding(lab: &Lab, fuse: i64, deed: &str) -> Option<i64> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "holding_child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("ENVCLONE_HOLD_LAB", lab.folder.path())
        .env("ENVCLONE_HOLD_AFTER", fuse.to_string())
        .env("ENVCLONE_HOLD_DEED", deed)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    calls_of(&child)
}

/// What is held: which rows, and their values as they were.
fn held(lab: &Lab) -> i64 {
    lab.number(
        &lab.target("outsystems.db"),
        "SELECT COUNT(*) FROM envclone_held WHERE state = 'held'",
    )
}

#[test]
fn killed_around_any_call_of_holding_a_rerun_finishes_and_no_original_is_lost() {
    let platform = |lab: &Lab| dump(&lab.target("outsystems.db"));
    let whole = Lab::adopted();
    let raw = platform(&whole);
    let holding = run_holding(&whole, 1_000_000, "hold").expect("an unlit fuse kills nobody");
    let (expected, lines) = (platform(&whole), held(&whole));
    let releasing = run_holding(&whole, 1_000_000, "release").unwrap();
    assert!(platform(&whole) == raw && expected != raw);
    assert!(holding > 20 && releasing > 20, "{holding} {releasing}");
    for (deed, calls) in [("hold", holding), ("release", releasing)] {
        let lab = Lab::adopted();
        for fuse in 0..calls {
            if deed == "release" {
                assert!(run_holding(&lab, 1_000_000, "hold").is_some());
            }
            let at = format!("{deed} killed at call {fuse} of {calls}");
            assert_eq!(run_holding(&lab, fuse, deed), None, "{at} did not kill");
            assert!(run_holding(&lab, 1_000_000, deed).is_some(), "{at}");
            if deed == "hold" {
                assert!(platform(&lab) == expected, "{at}");
                assert_eq!(held(&lab), lines, "{at}");
                assert!(run_holding(&lab, 1_000_000, "release").is_some(), "{at}");
            }
            assert!(platform(&lab) == raw, "{at}: an original is lost");
            assert_eq!(held(&lab), 0, "{at}");
        }
    }
}

/// How the child's copies are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By copying files.
    Files,
    /// By a server's backups and restores.
    Served,
}

impl Way {
    const VARIABLE: &'static str = "ENVCLONE_KILL_WAY";

    fn of_child() -> Self {
        match std::env::var(Self::VARIABLE).as_deref() {
            Ok("Served") => Self::Served,
            _ => Self::Files,
        }
    }
}

/// Runs the child; the number of calls that it made, or nothing when it was killed.
fn run_child(lab: &Lab, fuse: i64, way: Way) -> Option<i64> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("ENVCLONE_KILL_LAB", lab.folder.path())
        .env("ENVCLONE_KILL_AFTER", fuse.to_string())
        .env(Way::VARIABLE, format!("{way:?}"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    calls_of(&output)
}

/// The number of calls that a child made, or nothing when it was killed.
fn calls_of(output: &std::process::Output) -> Option<i64> {
    let text = String::from_utf8_lossy(&output.stdout);
    let calls = text
        .split("CALLS=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    assert_eq!(
        calls.is_some(),
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    calls
}

/// Every step, but for the some 300 log tables that one step empties alike.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.settings("make", "skip = [\"empty-logs\", \"empty-logs-platform\"]");
    lab
}

/// The whole content of the copy.
fn content(lab: &Lab) -> [String; 3] {
    [
        lab.target("outsystems.db"),
        lab.target("outsystems_log.db"),
        lab.target(&format!("{CATALOG}.db")),
    ]
    .map(|file| dump(&file))
}

/// Resumes a killed run, and compares.
#[track_caller]
fn resume_and_compare(lab: &Lab, expected: &[String; 3], at: &str) {
    let resumed = lab.run(&["resume"]);
    assert!([0, 7].contains(&resumed.code), "{at}: {}", resumed.err);
    for (index, (left, right)) in content(lab).iter().zip(expected).enumerate() {
        assert!(
            left == right,
            "{at}: database {index} differs from an uninterrupted run"
        );
    }
    let leftovers: Vec<_> = std::fs::read_dir(lab.path("target"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert!(leftovers.is_empty(), "{at}: {leftovers:?} was left behind");
}

/// Kills a run around every one of its calls, and hands each to whoever finishes it.
fn kill_around_any_call(
    lab: fn() -> Lab,
    way: Way,
    finish: impl Fn(&Lab, &[String; 3], &str) + Sync,
) {
    let whole = lab();
    let calls = run_child(&whole, 1_000_000, way).expect("an unlit fuse kills nobody");
    let expected = content(&whole);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let fuse = next.fetch_add(1, Ordering::SeqCst) as i64;
                    if fuse >= calls {
                        return;
                    }
                    let lab = lab();
                    let killed = run_child(&lab, fuse, way);
                    assert_eq!(killed, None, "call {fuse} of {calls} did not kill");
                    finish(
                        &lab,
                        &expected,
                        &format!("killed at call {fuse} of {calls}"),
                    );
                }
            });
        }
    });
    assert!(
        calls > 100,
        "only {calls} calls: the enumeration has lost its meaning"
    );
}

#[test]
fn killed_around_any_call_and_resumed_is_the_same_as_uninterrupted() {
    kill_around_any_call(lab, Way::Files, resume_and_compare);
}

#[test]
fn killed_around_any_call_of_a_server_and_resumed_is_the_same_as_uninterrupted() {
    kill_around_any_call(serving::lab, Way::Served, |lab, expected, at| {
        assert_eq!(run_child(lab, 1_000_000, Way::Served), Some(0), "{at}");
        assert!(
            content(lab) == *expected,
            "{at}: differs from an uninterrupted run"
        );
        let half = lab.target("outsystems.db.restoring");
        assert!(!half.exists(), "{at}: a half restored copy was left behind");
    });
}

#[test]
fn the_program_killed_at_any_time_can_be_resumed() {
    let whole = lab();
    assert!([0, 7].contains(&whole.refresh().code));
    let expected = content(&whole);
    let mut killed = 0;
    for millis in (2..60).step_by(4) {
        let lab = lab();
        let id = lab.plan_id();
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("envclone"))
            .args(["refresh", "--quiet", "--approve", &id])
            .current_dir(lab.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_the_journal(&lab);
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        resume_and_compare(&lab, &expected, &format!("killed after {millis} ms"));
    }
    assert!(killed > 0, "nothing was ever killed");
}

#[test]
fn a_run_that_was_killed_twice_can_be_resumed() {
    let whole = lab();
    let calls = run_child(&whole, 1_000_000, Way::Files).unwrap();
    let expected = content(&whole);
    let lab = lab();
    assert_eq!(run_child(&lab, calls / 2, Way::Files), None);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("envclone"))
        .args(["resume", "--quiet"])
        .current_dir(lab.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(25));
    child.kill().unwrap();
    child.wait().unwrap();
    resume_and_compare(&lab, &expected, "killed twice");
}

#[test]
fn interrupted_by_a_person_it_stops_at_a_safe_point_and_goes_on_later() {
    let whole = lab();
    assert!([0, 7].contains(&whole.refresh().code));
    let expected = content(&whole);
    let mut stopped = 0;
    for millis in (0..40).step_by(8) {
        let lab = lab();
        let id = lab.plan_id();
        let child = Command::new(assert_cmd::cargo::cargo_bin!("envclone"))
            .args(["refresh", "--quiet", "--approve", &id])
            .current_dir(lab.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_the_journal(&lab);
        std::thread::sleep(Duration::from_millis(millis));
        let _ = Command::new("kill")
            .args(["-2", &child.id().to_string()])
            .status();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(130) => {
                stopped += 1;
                assert!(
                    told.contains("nothing was changed")
                        || told.contains("items are done")
                        || told.contains("clean-up is done"),
                    "{told}"
                );
                assert!(told.contains("hint:"), "{told}");
            }
            code => assert!([Some(0), Some(7)].contains(&code), "{code:?} {told}"),
        }
        resume_and_compare(&lab, &expected, &format!("interrupted after {millis} ms"));
    }
    assert!(stopped > 0, "nothing was ever interrupted");
}

/// Waits until a run has written the first line of its journal, which is where there is something to resume.
fn wait_for_the_journal(lab: &Lab) {
    let begun = |run: std::io::Result<std::fs::DirEntry>| {
        run.unwrap()
            .path()
            .join("journal.jsonl")
            .metadata()
            .is_ok_and(|file| file.len() > 0)
    };
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while std::time::Instant::now() < until {
        if lab
            .path("envclone-runs")
            .read_dir()
            .is_ok_and(|mut runs| runs.any(begun))
        {
            return;
        }
        std::thread::yield_now();
    }
    panic!("no run began");
}
