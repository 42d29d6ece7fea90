//! A transaction that had to give way to others begins again, whole, and gives up after a while.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use envclone::config::Config;
use envclone::failure::Failure;
use envclone::run::Phases;
use envclone::ui::Silent;
use envclone_db::checkup::{Need, Purpose};
use envclone_db::{
    Access, Copied, Copies, DbError, Engine, Facts, Go, Lineage, Row, Session, Trouble,
};
use support::{CATALOG, Lab, dump};

/// What becomes of the statements that write, one after the other; afterwards they succeed.
type Fate = Rc<RefCell<Vec<Option<Trouble>>>>;

struct Fickle {
    engine: Box<dyn Engine>,
    fate: Fate,
}

struct FickleSession {
    session: Box<dyn Session>,
    fate: Fate,
}

impl Session for FickleSession {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        self.session.query(sql, each)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let writes = sql.starts_with("DELETE") || sql.starts_with("UPDATE");
        match writes
            .then(|| self.fate.borrow_mut().pop())
            .flatten()
            .flatten()
        {
            Some(trouble) => Err(DbError::new(trouble, "somebody was in the way")),
            None => self.session.execute(sql),
        }
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

impl Engine for Fickle {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        Ok(Box::new(FickleSession {
            session: self.engine.open(name, access)?,
            fate: Rc::clone(&self.fate),
        }))
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

fn lab() -> Lab {
    let lab = Lab::new();
    lab.settings("make", "skip = [\"empty-logs\", \"empty-logs-platform\"]");
    lab
}

fn run(lab: &Lab, mut fate: Vec<Option<Trouble>>) -> Result<(), Failure> {
    fate.reverse();
    let config = Config::load(Path::new(&lab.path("envclone.toml"))).unwrap();
    let engine = Fickle {
        engine: config.engine().unwrap(),
        fate: Rc::new(RefCell::new(fate)),
    };
    let mut watch = Silent;
    let mut phases = Phases::new(&config, &engine, Vec::new(), &mut watch).unwrap();
    let planned = phases.plan().unwrap();
    let (run, journal, progress) = phases.begin(&planned).unwrap();
    phases
        .execute(&run, &planned.plan, journal, &progress)
        .map(drop)
}

fn content(lab: &Lab) -> [String; 3] {
    [
        lab.target("outsystems.db"),
        lab.target("outsystems_log.db"),
        lab.target(&format!("{CATALOG}.db")),
    ]
    .map(|file| dump(&file))
}

#[test]
fn a_deadlock_and_a_lock_that_is_held_are_tried_again() {
    let (plain, tried) = (lab(), lab());
    run(&plain, Vec::new()).unwrap();
    run(
        &tried,
        vec![
            None,
            None,
            Some(Trouble::Deadlock),
            None,
            Some(Trouble::Locked),
        ],
    )
    .unwrap();
    assert!(
        content(&plain) == content(&tried),
        "a second attempt leaves what one does"
    );
}

#[test]
fn what_does_not_pass_is_not_tried_again_and_what_stays_is_given_up() {
    for fate in [
        vec![Some(Trouble::Constraint)],
        vec![Some(Trouble::Lost)],
        vec![Some(Trouble::Deadlock); 4],
    ] {
        let lab = lab();
        let failure = run(&lab, fate.clone()).unwrap_err();
        assert!(
            failure.why[0].what.contains("in the way"),
            "{fate:?}: {failure:?}"
        );
        // All was undone, and a later attempt finishes it.
        let resumed = lab.run(&["resume"]);
        assert!([0, 7].contains(&resumed.code), "{}", resumed.err);
    }
}
