//! Carries out a plan: the journal's line first, then the deed. Makes no choice that the plan has not made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use envclone_core::dialect::{Dialect, Mark};
use envclone_core::engine::Role;
use envclone_core::journal::{Event, GroupState, Progress, State};
use envclone_core::plan::{Basis, Deed, Item, Plan, Referrer};
use envclone_core::settings::Saved;
use envclone_db::Access;
use envclone_db::{DbError, Engine, Go, Session, Trouble};

use crate::failure::{Exit, Failure, Why, chain};
use crate::journal_file::{JournalFile, JournalFileError};
use crate::save;
use crate::ui::{Watch, counted};

mod serve;
mod together;

use together::Together;

pub use serve::{in_the_way, obstacles};

/// Set by the first Ctrl-C; looked at between statements and pages.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How often a transaction is begun that others are in the way of.
const ATTEMPTS: u32 = 4;

/// How long it waits before the second time; twice as long before the third, and so on.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// Whether a person asked to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// A run in progress.
pub struct Execution<'a> {
    /// What is carried out.
    pub plan: &'a Plan,
    /// What is done with saved rows.
    pub saved: &'a Saved,
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Its spelling.
    pub dialect: &'a dyn Dialect,
    /// The journal.
    pub journal: JournalFile,
    /// The run's id.
    pub run: String,
    /// The run's folder.
    pub folder: &'a Path,
    /// Who looks on.
    pub watch: &'a mut dyn Watch,
}

/// What became of rows.
#[derive(Default)]
struct Changed {
    /// Deleted or changed.
    rows: u64,
    /// Counted when the plan was made, and gone before their turn.
    gone: u64,
}

/// Why an execution stopped, before it is told in terms of the world.
enum Stop {
    Database(DbError),
    Journal(JournalFileError),
    Other(Failure),
    Interrupted,
    /// Any of them, in the middle of what leaves something on a server.
    Leaving(Box<Stop>, String),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        if error.trouble == Trouble::Interrupted {
            Self::Interrupted
        } else {
            Self::Database(error)
        }
    }
}

impl From<JournalFileError> for Stop {
    fn from(error: JournalFileError) -> Self {
        Self::Journal(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl Stop {
    fn reason(&self) -> String {
        match self {
            Self::Database(error) => error.to_string(),
            Self::Journal(error) => chain(error),
            Self::Other(failure) => failure.reasons(),
            Self::Interrupted => "interrupted".to_owned(),
            Self::Leaving(stop, _) => stop.reason(),
        }
    }

    /// The same, with what it leaves on a server.
    fn leaving(self, remains: &str) -> Self {
        Self::Leaving(Box::new(self), remains.to_owned())
    }

    /// The failure, told with what is done and what is not.
    fn failure(self, state: String) -> Failure {
        if let Self::Leaving(stop, remains) = self {
            return stop.failure(format!("{state}; {remains}"));
        }
        let why = self.reason();
        let (exit, hint) = match &self {
            Self::Interrupted => (Exit::Interrupted, Trouble::Interrupted.hint()),
            Self::Database(error) => (Exit::Stopped, error.trouble.hint()),
            Self::Journal(error) => (Exit::Stopped, error.hint()),
            Self::Other(failure) if failure.exit == Exit::Refused => {
                return Failure {
                    state,
                    ..failure_of(self)
                };
            }
            Self::Other(_) | Self::Leaving(..) => {
                (Exit::Stopped, "mend the cause, then run `envclone resume`")
            }
        };
        Failure {
            exit,
            state,
            why: vec![why.into()],
            hint: Some(hint.to_owned()),
        }
    }
}

fn failure_of(stop: Stop) -> Failure {
    match stop {
        Stop::Other(failure) => failure,
        other => Failure::before(Exit::Unexpected, other.reason()),
    }
}

impl Execution<'_> {
    /// Does what `progress` says is not done yet.
    ///
    /// # Errors
    /// A failure that says how many items are done; the run can be resumed.
    pub fn run(&mut self, progress: &Progress) -> Result<(), Failure> {
        let mut done = progress
            .items
            .values()
            .filter(|state| state.is_settled())
            .count();
        let outcome = self.phases(progress, &mut done);
        outcome.map_err(|stop| {
            let journal = self.journal.path().display();
            let state = match done {
                0 => format!("nothing was changed; the journal is `{journal}`"),
                _ => format!(
                    "{done} of {}, the rest is as it was; the journal is `{journal}`",
                    counted(
                        self.plan.items.len() as u64,
                        "item is done",
                        "items are done"
                    )
                ),
            };
            stop.failure(state)
        })
    }

    fn phases(&mut self, progress: &Progress, done: &mut usize) -> Result<(), Stop> {
        let plan = self.plan;
        self.nothing_in_the_way(progress)?;
        let copies: Vec<&Item> = plan
            .items
            .iter()
            .filter(|item| matches!(item.deed, Deed::Copy { .. }))
            .collect();
        let settled = |item: &&Item| progress.items.get(&item.seq).is_some_and(State::is_settled);
        if !copies.iter().all(settled) {
            self.clone_databases(&copies, progress)?;
            *done += copies.iter().filter(|item| !settled(item)).count();
        }
        let mut notes: BTreeMap<String, String> = progress.notes.clone();
        let mut cleaned: Vec<&str> = Vec::new();
        for item in &plan.items {
            match (item.group.as_deref(), &item.deed) {
                (Some(group), _) if cleaned.contains(&group) => {}
                (Some(group), _) => {
                    cleaned.push(group);
                    *done += self.clean_unless_done(group, progress)?;
                }
                (None, _) if settled(&item) => {}
                (None, Deed::Server(deed)) => {
                    self.serve(item, deed, &notes, progress)?;
                    *done += 1;
                }
                (None, Deed::Note { on, name, sql }) => {
                    let value = self.note(item, *on, name, sql)?;
                    notes.insert(name.clone(), value);
                    *done += 1;
                }
                (None, Deed::Copy { .. } | Deed::Sql { .. }) => {}
            }
        }
        Ok(())
    }

    /// How many items of a group were done, now or by the process that died around its commit.
    fn clean_unless_done(&mut self, group: &str, progress: &Progress) -> Result<usize, Stop> {
        let items: Vec<&Item> = self
            .plan
            .items
            .iter()
            .filter(|item| item.group.as_deref() == Some(group))
            .collect();
        let settled = match progress.groups.get(group) {
            Some(GroupState::Committed { .. }) => return Ok(0),
            Some(GroupState::InDoubt) => self.settle(group)?,
            _ => false,
        };
        if !settled {
            self.clean(group, &items)?;
        }
        Ok(items.len())
    }

    /// Copies all databases from one moment. Nothing gets its name before everything is complete, so that after a
    /// crash either no copy counts, or all that is missing is a name.
    fn clone_databases(&mut self, items: &[&Item], progress: &Progress) -> Result<(), Stop> {
        self.watch.phase("clone");
        let began = Instant::now();
        let places: Vec<(&str, &str)> = items
            .iter()
            .filter_map(|item| match &item.deed {
                Deed::Copy { from, to } => Some((from.as_str(), to.as_str())),
                _ => None,
            })
            .collect();
        let resumed = items.iter().any(|item| {
            progress
                .items
                .get(&item.seq)
                .is_some_and(|state| *state != State::Pending)
        });
        let mut published = false;
        for (_, to) in &places {
            published |= resumed && self.is_our_clone(to)?;
        }
        if !published {
            if resumed {
                for (_, to) in &places {
                    self.engine.discard(&self.engine.partial_name(to));
                }
            }
            self.copy_databases(items, &places, progress)?;
        }
        let mut bytes = 0;
        for (item, (_, to)) in items.iter().zip(&places) {
            if !self.is_our_clone(to)? {
                self.engine.publish(&self.engine.partial_name(to), to)?;
            }
            let facts = self.engine.look(to)?;
            bytes += facts.bytes;
            let settled = progress.items.get(&item.seq).is_some_and(State::is_settled);
            if !settled {
                self.journal.append(&Event::Cloned {
                    seq: item.seq,
                    identity: facts.file,
                })?;
                self.journal.append(&Event::Succeeded {
                    seq: item.seq,
                    rows: 0,
                    millis: millis(began),
                })?;
            }
        }
        self.watch.done(&format!(
            "{}, {} MB copied from one moment",
            counted(items.len() as u64, "database", "databases"),
            bytes / 1_000_000
        ));
        Ok(())
    }

    fn copy_databases(
        &mut self,
        items: &[&Item],
        places: &[(&str, &str)],
        progress: &Progress,
    ) -> Result<(), Stop> {
        for item in items {
            if progress
                .items
                .get(&item.seq)
                .is_none_or(|state| *state == State::Pending)
            {
                self.journal.append(&Event::Started {
                    seq: item.seq,
                    before: None,
                })?;
            }
        }
        let sources: Vec<String> = places.iter().map(|(from, _)| (*from).to_owned()).collect();
        let snapshot = self.engine.snapshot(&sources)?;
        for (index, (from, to)) in places.iter().enumerate() {
            let partial = self.engine.partial_name(to);
            let role = items
                .get(index)
                .map(|item| item.database.to_string())
                .unwrap_or_default();
            let watch = &mut *self.watch;
            let copied = snapshot.copy(index, &partial, &mut |copied| {
                watch.progress(&role, copied.done, copied.of);
                if interrupted() {
                    Go::Break(())
                } else {
                    Go::Continue(())
                }
            });
            let marked = copied.and_then(|()| self.mark_clone(from, &partial));
            if let Err(error) = marked {
                for (_, to) in places.iter().take(index + 1) {
                    self.engine.discard(&self.engine.partial_name(to));
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Writes into a copy that this run made it, of what.
    fn mark_clone(&self, from: &str, partial: &str) -> Result<(), DbError> {
        let source = self.engine.look(from)?.file;
        let proof = self.engine.look(partial)?.file;
        let mut session = self.engine.open(partial, Access::Write)?;
        session.execute(&self.dialect.create_marks())?;
        let at = now(session.as_mut(), self.dialect)?;
        let mark = Mark {
            kind: "clone".to_owned(),
            run: self.run.clone(),
            plan: self.plan.id.clone(),
            group: source,
            proof,
            at,
        };
        vouch(session.as_mut(), &[self.dialect.insert_mark(&mark)])
    }

    /// Whether a database is one that this very run copied.
    fn is_our_clone(&self, name: &str) -> Result<bool, DbError> {
        let facts = self.engine.look(name)?;
        if !facts.exists {
            return Ok(false);
        }
        let mut session = self.engine.open(name, Access::Read)?;
        Ok(marks(session.as_mut(), self.dialect)?
            .iter()
            .any(|mark| mark.kind == "clone" && mark.run == self.run && mark.proof == facts.file))
    }

    /// Finds out whether a transaction around whose commit the run died was committed.
    fn settle(&mut self, group: &str) -> Result<bool, Stop> {
        let spanned = self.plan.spanned(group);
        let Some(first) = spanned.first() else {
            return Ok(false);
        };
        // The one mark speaks for all that the transaction spans.
        let mut session = self.engine.open(&first.locator, Access::Read)?;
        let there = marks(session.as_mut(), self.dialect)?
            .iter()
            .any(|mark| mark.kind == "group" && mark.run == self.run && mark.group == group);
        let event = if there {
            Event::Committed {
                group: group.to_owned(),
                settled: Some("marker".to_owned()),
            }
        } else {
            Event::RolledBack {
                group: group.to_owned(),
                because: "the run died and the transaction left no mark".to_owned(),
            }
        };
        self.journal.append(&event)?;
        Ok(there)
    }

    /// Cleans the databases that one transaction spans. One that had to give way to others begins again, whole.
    fn clean(&mut self, group: &str, items: &[&Item]) -> Result<(), Stop> {
        let spanned = self.plan.spanned(group);
        let Some(first) = spanned.first() else {
            return Ok(());
        };
        self.watch.phase("clean");
        let mut together = Together::open(self.engine, &spanned)?;
        // Before the transaction: on some engines it would end with this.
        for database in &spanned {
            let session = together.within(&database.role)?;
            session.execute(&self.dialect.create_marks())?;
        }
        let mut attempts = 0;
        let Changed { rows, gone } = loop {
            attempts += 1;
            match self.transaction(group, items, &mut together) {
                Err(Stop::Database(error)) if error.trouble.passes() && attempts < ATTEMPTS => {
                    std::thread::sleep(PAUSE * attempts);
                }
                other => break other?,
            }
        };
        let session = together.within(&first.role)?;
        let at = now(session, self.dialect)?;
        let proof = self.engine.look(&first.locator)?.file;
        let mark = Mark {
            kind: "group".to_owned(),
            run: self.run.clone(),
            plan: self.plan.id.clone(),
            group: group.to_owned(),
            proof,
            at,
        };
        session.execute(&self.dialect.insert_mark(&mark))?;
        self.journal.append(&Event::Committing {
            group: group.to_owned(),
        })?;
        session.commit()?;
        self.journal.append(&Event::Committed {
            group: group.to_owned(),
            settled: None,
        })?;
        let names: Vec<String> = spanned.iter().map(|it| named(&it.role)).collect();
        self.watch.done(&format!(
            "{}: {}, {}{}, committed",
            names.join(", "),
            counted(items.len() as u64, "item", "items"),
            counted(rows, "row", "rows"),
            self.plan
                .basis
                .gone(gone)
                .map_or_else(String::new, |gone| format!(" ({gone})"))
        ));
        Ok(())
    }

    /// Begins a transaction and makes the group's changes in it; after an error it is undone, and the journal says so.
    fn transaction(
        &mut self,
        group: &str,
        items: &[&Item],
        together: &mut Together<'_>,
    ) -> Result<Changed, Stop> {
        together.session().begin()?;
        match self.changes(items, together) {
            Ok(changed) => Ok(changed),
            Err(stop) => {
                // Where even that fails the connection is gone, and the transaction with it: what stopped the run is
                // the better reason to tell.
                if together.session().rollback().is_ok() {
                    self.journal.append(&Event::RolledBack {
                        group: group.to_owned(),
                        because: stop.reason(),
                    })?;
                }
                Err(stop)
            }
        }
    }

    fn changes(&mut self, items: &[&Item], together: &mut Together<'_>) -> Result<Changed, Stop> {
        let mut all = Changed::default();
        let mut asked = Vec::new();
        let mut before: Option<&Item> = None;
        for (at, item) in items.iter().enumerate() {
            if interrupted() {
                return Err(Stop::Interrupted);
            }
            self.watch.progress(
                &format!("{} {}", named(&item.database), item.step),
                at as u64,
                items.len() as u64,
            );
            let session = together.within(&item.database)?;
            if before.is_none_or(|before| before.database != item.database) {
                asked = session.numbers(&questions_before(item))?;
            }
            before = Some(item);
            // What is asked ahead is asked where the session is.
            let next = items.get(at + 1).copied();
            let next = next.filter(|next| next.database == item.database);
            let changed = self.change(item, &asked, next, session);
            if let Err(stop) = &changed
                && !matches!(stop, Stop::Journal(_))
            {
                self.journal.append(&Event::Failed {
                    seq: item.seq,
                    error: stop.reason(),
                })?;
            }
            let (changed, of_the_next) = changed?;
            all.rows += changed.rows;
            all.gone += changed.gone;
            asked = of_the_next;
        }
        Ok(all)
    }

    /// Makes an item's change. `asked` answers the questions before it; those before the next one, if it is in the same
    /// database, are asked together with this one's check, since round trips are what a clean-up costs.
    fn change(
        &mut self,
        item: &Item,
        asked: &[u64],
        next: Option<&Item>,
        session: &mut dyn Session,
    ) -> Result<(Changed, Vec<u64>), Stop> {
        let began = Instant::now();
        let [before, referring @ ..] = asked else {
            return Err(unanswered(item).into());
        };
        let before = *before;
        self.journal.append(&Event::Started {
            seq: item.seq,
            before: Some(before),
        })?;
        // Items before it may have taken some of its rows; more than were shown is nobody's approval.
        let approved = item.expect.filter(|_| self.plan.basis == Basis::Target);
        if let Some(approved) = approved.filter(|approved| before > *approved) {
            let why = format!(
                "item {} would touch {}, and {approved} {} approved [target-changed]",
                item.seq,
                counted(before, "row", "rows"),
                if approved == 1 { "was" } else { "were" }
            );
            return Err(Failure::before(Exit::Refused, why)
                .hint("make a new plan with `envclone plan`, and look at what it would touch now")
                .into());
        }
        if let Some(failure) = left_in_the_lurch(item, &item.referrers, referring, session)? {
            return Err(failure.into());
        }
        if let Some(what) = &item.save {
            save::save(item, what, self.saved, session, self.folder)?;
        }
        let mut questions = vec![item.check.as_str()];
        questions.extend(next.into_iter().flat_map(questions_before));
        let mut rows = 0;
        let mut numbers = match item.deed.statements() {
            [] => session.numbers(&questions)?,
            [first @ .., last] => {
                for statement in first {
                    rows += session.execute(&statement.sql)?;
                }
                let answered = session.execute_and_ask(&last.sql, &questions)?;
                rows += answered.rows;
                answered.numbers
            }
        };
        let of_the_next = numbers.split_off(1);
        let left = numbers.first().copied().unwrap_or(u64::MAX);
        if left > 0 {
            let why = format!(
                "item {} ({}) ran and left {} that it should have changed",
                item.seq,
                item.title,
                counted(left, "row", "rows")
            );
            return Err(Failure::before(Exit::Stopped, why).into());
        }
        // Provisional until the group's commit, which is announced with a sync of its own.
        self.journal.note(&Event::Succeeded {
            seq: item.seq,
            rows,
            millis: millis(began),
        })?;
        let gone = item.expect.unwrap_or(before).saturating_sub(before);
        Ok((Changed { rows, gone }, of_the_next))
    }
}

/// A database as a line of progress names it.
fn named(role: &Role) -> String {
    role.to_string().replacen(':', " ", 1)
}

/// What has to be known before an item's turn: how many rows it would touch, and how many refer to them.
fn questions_before(item: &Item) -> Vec<&str> {
    let referring = item
        .referrers
        .iter()
        .map(|referrer| referrer.count.as_str());
    std::iter::once(item.count.as_str())
        .chain(referring)
        .collect()
}

/// Nothing is deleted on the word of a question that was not answered.
fn unanswered(item: &Item) -> DbError {
    let why = format!("a question before item {} was not answered", item.seq);
    DbError::new(Trouble::Other, why)
}

/// How many of the rows that refer to deleted ones are shown.
const SHOWN: usize = 3;

/// What refers to rows that an item is about to delete, and would be refused by the engine or, worse, go with them unseen:
/// `referring` says how many rows each of the referrers has.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn left_in_the_lurch<'a>(
    item: &Item,
    referrers: impl IntoIterator<Item = &'a Referrer>,
    referring: &[u64],
    session: &mut dyn Session,
) -> Result<Option<Failure>, DbError> {
    let mut why: Vec<Why> = Vec::new();
    let referrers: Vec<&Referrer> = referrers.into_iter().collect();
    if referrers.len() != referring.len() {
        return Err(unanswered(item));
    }
    for (referrer, rows) in referrers.into_iter().zip(referring.iter().copied()) {
        if rows > 0 {
            let mut shown = session.texts(&referrer.rows)?;
            shown.truncate(SHOWN);
            let more = if rows > SHOWN as u64 { ", …" } else { "" };
            why.push(
                format!(
                    "{} by {} to rows that item {} ({}) deletes: {}{more} [foreign-key]",
                    counted(rows, "row refers", "rows refer"),
                    referrer.phrase(),
                    item.seq,
                    item.title,
                    shown.join(", ")
                )
                .into(),
            );
        }
    }
    let Some(first) = why.first().cloned() else {
        return Ok(None);
    };
    let mut failure = Failure::before(Exit::Refused, first)
        .hint("add a step of your own that comes `before` and says what becomes of these rows");
    failure.why = why;
    Ok(Some(failure))
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Changes marks, in a transaction of their own: engines differ in whether a statement outside of one lasts.
///
/// # Errors
/// [`DbError`] as the engine reports it; nothing was changed then.
pub fn vouch(session: &mut dyn Session, statements: &[String]) -> Result<(), DbError> {
    session.begin()?;
    for statement in statements {
        if let Err(error) = session.execute(statement) {
            // Where even that fails the connection is gone, and the transaction with it.
            let _ = session.rollback();
            return Err(error);
        }
    }
    session.commit()
}

/// The database's clock.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn now(session: &mut dyn Session, dialect: &dyn Dialect) -> Result<String, DbError> {
    Ok(session
        .texts(&dialect.now())?
        .into_iter()
        .next()
        .unwrap_or_default())
}

/// Every mark of a database; none where envclone never wrote one.
fn marks(session: &mut dyn Session, dialect: &dyn Dialect) -> Result<Vec<Mark>, DbError> {
    let mut marks = Vec::new();
    let asked = session.query(&dialect.select_marks(), &mut |row| {
        let text = |column| row.text(column);
        marks.push(Mark {
            kind: text(0),
            run: text(1),
            plan: text(2),
            group: text(3),
            proof: text(4),
            at: text(5),
        });
        Go::Continue(())
    });
    match asked {
        Ok(()) => Ok(marks),
        // Engines differ in how they say that there is no such table.
        Err(error) if matches!(error.trouble, Trouble::Other | Trouble::NotFound) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
