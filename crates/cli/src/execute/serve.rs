//! What servers do by themselves: backups, restores, settings. The journal's line first, then the deed, and where nobody
//! knows how a deed ended, the item's own check.

use std::collections::BTreeMap;
use std::time::Instant;

use envclone_core::account::{Account, judge};
use envclone_core::journal::{Event, Progress, State};
use envclone_core::plan::{ADOPT, CLONE, Item, Plan, ServerDeed, Side};
use envclone_db::{Copied, DbError, Engine, Go, Trouble};

use super::{Execution, Stop, interrupted, millis};
use crate::failure::{Exit, Failure, Why};
use crate::ui::counted;

/// How many troubles of an account are shown.
const SHOWN: usize = 10;

/// The database whose server does something; its name where the plan has none.
fn place(plan: &Plan, on: Side, item: &Item) -> Result<String, DbError> {
    plan.locator(on, &item.database)
        .map(str::to_owned)
        .ok_or_else(|| {
            let name = item.database.to_string();
            DbError::new(Trouble::NotFound, "the plan does not say where it is").at(&name)
        })
}

/// What is in the way of a plan: a database of a copy's name, a file at one of its places.
///
/// # Errors
/// [`DbError`] where a server can't be asked.
pub fn obstacles<'a>(
    engine: &dyn Engine,
    plan: &'a Plan,
    begun: impl Fn(&Item) -> bool,
) -> Result<Vec<&'a str>, DbError> {
    let mut found = Vec::new();
    for item in plan.items.iter().filter(|item| !begun(item)) {
        let envclone_core::plan::Deed::Server(deed) = &item.deed else {
            continue;
        };
        if deed.obstacles.is_empty() {
            continue;
        }
        let mut session = engine.server(&place(plan, deed.on, item)?)?;
        for obstacle in &deed.obstacles {
            match session.number(&obstacle.batch()) {
                Ok(0) => {}
                Ok(_) => found.push(obstacle.what.as_str()),
                // Whoever may not look for files still has the server's own refusal to restore over one.
                Err(error) if error.trouble == Trouble::NotPermitted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// A refusal because of what is in the way; nothing where the way is free.
#[must_use]
pub fn in_the_way(found: &[&str]) -> Option<Failure> {
    let why: Vec<Why> = found
        .iter()
        .map(|what| format!("{what} [target-exists]").into())
        .collect();
    let first = why.first()?.clone();
    let mut failure = Failure::before(Exit::Refused, first).hint(
        "name a new target, or move what is there away: nothing is ever copied over something",
    );
    failure.why = why;
    Some(failure)
}

fn all_of(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

impl Execution<'_> {
    /// Nothing is begun for the first time where something is in its way: also not a backup of an hour whose restore
    /// would then be refused.
    pub(super) fn nothing_in_the_way(&self, progress: &Progress) -> Result<(), Stop> {
        let begun = |item: &Item| {
            progress
                .items
                .get(&item.seq)
                .is_some_and(|state| *state != State::Pending)
        };
        let found = obstacles(self.engine, self.plan, begun)?;
        in_the_way(&found).map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Has a server do something, unless it was done by the process that died meanwhile.
    pub(super) fn serve(
        &mut self,
        item: &Item,
        deed: &ServerDeed,
        notes: &BTreeMap<String, String>,
        progress: &Progress,
    ) -> Result<(), Stop> {
        let name = place(self.plan, deed.on, item)?;
        let begun = progress
            .items
            .get(&item.seq)
            .is_some_and(|state| *state != State::Pending);
        self.watch.phase(match item.step.as_str() {
            ADOPT => ADOPT,
            _ => CLONE,
        });
        let began = Instant::now();
        let before = self.counted(&item.count, &name)?;
        self.journal.append(&Event::Started {
            seq: item.seq,
            before,
        })?;
        let done = if begun && self.left(item, &name)? == Some(0) {
            // It ended, and how it ended may never have been read.
            match &deed.account {
                Some(account) => self.read(item, account, &name),
                None => Ok(()),
            }
        } else {
            self.work(item, deed, &name, notes)
        };
        if let Err(stop) = done {
            if !matches!(stop, Stop::Journal(_)) {
                self.journal.append(&Event::Failed {
                    seq: item.seq,
                    error: stop.reason(),
                })?;
            }
            return Err(stop.leaving(&deed.remains));
        }
        if deed.makes {
            self.made(item)?;
        }
        self.journal.append(&Event::Succeeded {
            seq: item.seq,
            // Its check has found none left.
            rows: before.unwrap_or(0),
            millis: millis(began),
        })?;
        self.watch.done(&item.title);
        Ok(())
    }

    /// What an item's check counts; nothing where it has none.
    fn left(&self, item: &Item, name: &str) -> Result<Option<u64>, DbError> {
        self.counted(&item.check, name)
    }

    /// What a query counts; nothing where there is none.
    fn counted(&self, sql: &str, name: &str) -> Result<Option<u64>, DbError> {
        if sql.is_empty() {
            return Ok(None);
        }
        let mut session = self.engine.server(name)?;
        session.number(sql).map(Some)
    }

    fn work(
        &mut self,
        item: &Item,
        deed: &ServerDeed,
        name: &str,
        notes: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let taken = deed
            .takes
            .iter()
            .map(|note| {
                let value = notes.get(note).ok_or_else(|| {
                    let why = format!(
                        "item {} needs the note `{note}`, which no item wrote",
                        item.seq
                    );
                    Failure::before(Exit::Invalid, why)
                })?;
                Ok((note.as_str(), value.as_str()))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        for statement in &deed.statements {
            if interrupted() {
                return Err(Stop::Interrupted);
            }
            let watch = &mut *self.watch;
            watch.progress(&statement.comment, 0, 0);
            let sql = self.dialect.with_notes(&statement.sql, &taken);
            self.engine.work(name, &sql, &mut |copied: Copied| {
                let left = copied.left.map_or_else(String::new, |left| {
                    format!(", {} left", indicatif::HumanDuration(left))
                });
                watch.progress(
                    &format!("{}{left}", statement.comment),
                    copied.done,
                    copied.of,
                );
                match interrupted() {
                    true => Go::Break(()),
                    false => Go::Continue(()),
                }
            })?;
        }
        if let Some(listing) = &deed.lists {
            let mut there = self.engine.server(name)?.texts(&listing.sql)?;
            let mut planned = listing.names.clone();
            there.sort_unstable();
            planned.sort_unstable();
            if there != planned {
                let why = format!(
                    "{} (listed: {}; planned: {})",
                    listing.otherwise,
                    all_of(&there),
                    all_of(&planned)
                );
                return Err(Failure::before(Exit::Refused, why)
                    .hint(listing.hint.clone())
                    .into());
            }
        }
        if let Some(account) = &deed.account {
            self.read(item, account, name)?;
        }
        match self.left(item, name)? {
            None | Some(0) => Ok(()),
            Some(_) => {
                let why = format!(
                    "item {} ({}) ran, and its check does not find it done",
                    item.seq, item.title
                );
                Err(Failure::before(Exit::Stopped, why).into())
            }
        }
    }

    /// Reads what a server wrote about what it did. What was to be expected is told, and anything else ends the run.
    fn read(&mut self, item: &Item, account: &Account, name: &str) -> Result<(), Stop> {
        let written = self.engine.server(name)?.texts(&account.sql)?.concat();
        let judged = judge(&written, &account.expected);
        for (because, count) in &judged.expected {
            let times = counted(*count as u64, "expected message", "expected messages");
            self.watch
                .done(&format!("{}: {times}: {because}", item.title));
        }
        let Some(first) = judged.troubles.first() else {
            return Ok(());
        };
        let why = |text: &String| Why::from(format!("{}: {text}", item.title));
        let mut failure = Failure::before(Exit::Stopped, why(first)).hint(
            "look at the whole log on the server, mend the cause, remove what is incomplete, and begin anew with `envclone refresh`",
        );
        failure.why = judged.troubles.iter().take(SHOWN).map(why).collect();
        if judged.troubles.len() > SHOWN {
            let more = format!("and {} more of its kind", judged.troubles.len() - SHOWN);
            failure.why.push(more.into());
        }
        Err(failure.into())
    }

    /// Writes down which database was made, here and in the copy itself.
    fn made(&mut self, item: &Item) -> Result<(), Stop> {
        let from = place(self.plan, Side::Source, item)?;
        let to = place(self.plan, Side::Target, item)?;
        self.mark_clone(&from, &to)?;
        self.journal.append(&Event::Cloned {
            seq: item.seq,
            identity: self.engine.look(&to)?.file,
        })?;
        Ok(())
    }

    /// Asks a server something that later items use.
    pub(super) fn note(
        &mut self,
        item: &Item,
        on: Side,
        name: &str,
        sql: &str,
    ) -> Result<String, Stop> {
        let began = Instant::now();
        self.watch.phase(CLONE);
        self.journal.append(&Event::Started {
            seq: item.seq,
            before: None,
        })?;
        let asked = place(self.plan, on, item)
            .and_then(|place| self.engine.server(&place))
            .and_then(|mut session| session.texts(sql))
            .and_then(|texts| {
                texts.into_iter().next().ok_or_else(|| {
                    DbError::new(Trouble::Other, "the server did not answer with a text")
                })
            });
        let value = match asked {
            Ok(value) => value,
            Err(error) => {
                self.journal.append(&Event::Failed {
                    seq: item.seq,
                    error: error.to_string(),
                })?;
                return Err(error.into());
            }
        };
        self.journal.append(&Event::Noted {
            seq: item.seq,
            name: name.to_owned(),
            value: value.clone(),
        })?;
        self.journal.append(&Event::Succeeded {
            seq: item.seq,
            rows: 0,
            millis: millis(began),
        })?;
        self.watch.done(&format!("{}: {value}", item.title));
        Ok(value)
    }
}
