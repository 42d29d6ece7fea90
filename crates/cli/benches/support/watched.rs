//! An engine that counts and times what it is asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::measure::computed;
use envclone_db::checkup::{Need, Purpose};
use envclone_db::{
    Access, Answered, Copied, Copies, DbError, Engine, Facts, Go, Lineage, Row, Session,
};

/// What a session is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Open,
    Begin,
    Count,
    Change,
    /// Going to another of the databases that a transaction spans.
    Enter,
    /// One of the walk's queries.
    Walk,
    /// Any other query.
    Query,
    Commit,
    Rollback,
    Close,
}

/// How often, and how long it took.
#[derive(Default)]
pub struct Spent {
    parts: BTreeMap<Part, (u64, Duration)>,
    /// The processor time of the walk's queries.
    pub computed: Duration,
}

impl Spent {
    pub fn seconds(&self, parts: &[Part]) -> f64 {
        let each = parts.iter().filter_map(|part| self.parts.get(part));
        each.map(|(_, took)| took.as_secs_f64()).sum()
    }

    pub fn times(&self, part: Part) -> u64 {
        self.parts.get(&part).map_or(0, |(times, _)| *times)
    }

    fn add(&mut self, part: Part, took: Duration) {
        let (times, sum) = self.parts.entry(part).or_default();
        *times += 1;
        *sum += took;
    }
}

/// An engine that takes the time.
pub struct Watched<'a> {
    engine: &'a dyn Engine,
    spent: Rc<RefCell<Spent>>,
    /// Whether transactions are undone where they should be committed, so that the same can be measured again.
    pub undoes: bool,
    /// The queries of the walk.
    pub walk: Rc<BTreeSet<String>>,
}

impl<'a> Watched<'a> {
    pub fn new(engine: &'a dyn Engine, spent: &Rc<RefCell<Spent>>) -> Self {
        Self {
            engine,
            spent: Rc::clone(spent),
            undoes: false,
            walk: Rc::default(),
        }
    }

    fn opened(
        &self,
        open: impl FnOnce(&dyn Engine) -> Result<Box<dyn Session>, DbError>,
    ) -> Result<Box<dyn Session>, DbError> {
        let began = Instant::now();
        let session = Some(open(self.engine)?);
        self.spent.borrow_mut().add(Part::Open, began.elapsed());
        Ok(Box::new(WatchedSession {
            session,
            spent: Rc::clone(&self.spent),
            undoes: self.undoes,
            walk: Rc::clone(&self.walk),
        }))
    }
}

struct WatchedSession {
    session: Option<Box<dyn Session>>,
    spent: Rc<RefCell<Spent>>,
    undoes: bool,
    walk: Rc<BTreeSet<String>>,
}

impl WatchedSession {
    fn during<T>(&mut self, part: Part, deed: impl FnOnce(&mut dyn Session) -> T) -> T {
        let began = Instant::now();
        let done = deed(self.session.as_mut().unwrap().as_mut());
        self.spent.borrow_mut().add(part, began.elapsed());
        done
    }
}

impl Session for WatchedSession {
    fn enter(&mut self, name: &str) -> Result<(), DbError> {
        self.during(Part::Enter, |session| session.enter(name))
    }

    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        if self.walk.contains(sql) {
            let mut done = Ok(());
            let computed = computed(|| {
                done = self.during(Part::Walk, |session| session.query(sql, each));
            });
            self.spent.borrow_mut().computed += computed;
            return done;
        }
        // `COUNT_BIG` as well.
        let part = if sql.starts_with("SELECT COUNT") {
            Part::Count
        } else {
            Part::Query
        };
        self.during(part, |session| session.query(sql, each))
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        self.during(Part::Change, |session| session.execute(sql))
    }

    fn execute_and_ask(&mut self, sql: &str, questions: &[&str]) -> Result<Answered, DbError> {
        self.during(Part::Change, |session| {
            session.execute_and_ask(sql, questions)
        })
    }

    fn numbers(&mut self, questions: &[&str]) -> Result<Vec<u64>, DbError> {
        self.during(Part::Count, |session| session.numbers(questions))
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.during(Part::Begin, |session| session.begin())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        if self.undoes {
            return self.rollback();
        }
        self.during(Part::Commit, |session| session.commit())
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.during(Part::Rollback, |session| session.rollback())
    }
}

impl Drop for WatchedSession {
    fn drop(&mut self) {
        // Closing may take its time: SQLite merges the write-ahead log into the file.
        let began = Instant::now();
        drop(self.session.take());
        self.spent.borrow_mut().add(Part::Close, began.elapsed());
    }
}

impl Engine for Watched<'_> {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        self.opened(|engine| engine.open(name, access))
    }

    fn open_together(&self, names: &[&str]) -> Result<Box<dyn Session>, DbError> {
        self.opened(|engine| engine.open_together(names))
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
