//! How far a runbook came.

use std::collections::BTreeMap;

use super::check::{Looked, Outcome};
use super::deed::Deed;
use super::fact::Fact;
use super::journal::{By, Event};
use super::{Runbook, Step};
use crate::hsconf::{DatabaseAt, same_host};
use crate::journal::{Entry, Illegal};

/// How far a step came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepState {
    /// The machines that it was done on, with who said so and when.
    pub done: Vec<DoneOn>,
    /// Why it is not taken.
    pub skipped: Option<Skip>,
    /// A deed that began on a machine, with no word of how it ended: machine and number.
    pub in_doubt: BTreeMap<String, u32>,
    /// The last deed that was done on a machine.
    pub deeds: BTreeMap<String, u32>,
    /// How the last deed failed on a machine.
    pub failed: BTreeMap<String, String>,
    /// What was last seen of its checks, by the machine that it is about.
    pub checked: BTreeMap<String, Vec<Looked>>,
    /// The machines that it was done on before something changed that makes it count no more: its values with a renewal, or,
    /// for a gate, an earlier step that was opened again.
    pub outdated: Vec<DoneOn>,
}

/// A machine that a step was done on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneOn {
    /// The machine.
    pub on: String,
    /// Who said so, and where.
    pub by: By,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Why it counts as done although a check failed or could not be looked at.
    pub because: Option<String>,
}

/// Why a step is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Who decided.
    pub by: By,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Why.
    pub because: String,
}

/// Machines' names are told apart without regard to case, and one with its domain is the same as one without; in two domains
/// they are two.
#[must_use]
pub fn same_machine(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase() || same_host(left, right)
}

/// Which of the environment's machines is known by these names: NetBIOS' name, which ends after 15 letters, the host name,
/// and that with its domain. Where the domain is known, a machine that is named with another one is another machine.
///
/// None where it is none of them, or could be more than one.
#[must_use]
pub fn known_as<'a>(machines: &'a [String], names: &[String]) -> Option<&'a String> {
    let full: Vec<&String> = names.iter().filter(|name| name.contains('.')).collect();
    let is = |machine: &&String| match machine.contains('.') && !full.is_empty() {
        true => full.iter().any(|name| same_machine(machine, name)),
        false => names.iter().any(|name| same_machine(machine, name)),
    };
    let mut found = machines.iter().filter(is);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// What is known of a machine, which keeps the name that it was written down with.
fn of_machine<'a, T>(known: &'a BTreeMap<String, T>, machine: &str) -> Option<&'a T> {
    let mut all = known.iter();
    all.find(|(name, _)| same_machine(name, machine))
        .map(|(_, one)| one)
}

fn take<T>(known: &mut BTreeMap<String, T>, machine: &str) {
    known.retain(|name, _| !same_machine(name, machine));
}

fn put<T>(known: &mut BTreeMap<String, T>, machine: &str, one: T) {
    take(known, machine);
    known.insert(machine.to_owned(), one);
}

impl StepState {
    /// Whether it was done on a machine.
    #[must_use]
    pub fn is_done_on(&self, machine: &str) -> bool {
        let mut done = self.done.iter();
        done.any(|done| same_machine(&done.on, machine))
    }

    /// Whether a deed began on a machine, and nothing says how it ended.
    #[must_use]
    pub fn is_in_doubt_on(&self, machine: &str) -> bool {
        of_machine(&self.in_doubt, machine).is_some()
    }

    /// The machines that it still has to be done on; `machines` are those of the step.
    #[must_use]
    pub fn open_on<'a>(&self, machines: &'a [String]) -> Vec<&'a str> {
        machines
            .iter()
            .map(String::as_str)
            .filter(|machine| !self.is_done_on(machine))
            .collect()
    }

    /// Whether nothing remains to do.
    #[must_use]
    pub fn is_settled(&self, machines: &[String]) -> bool {
        let done = match machines.is_empty() {
            true => !self.done.is_empty(),
            false => self.open_on(machines).is_empty(),
        };
        self.skipped.is_some() || done
    }

    /// The word for it.
    #[must_use]
    pub fn name(&self, machines: &[String]) -> &'static str {
        if self.skipped.is_some() {
            "skipped"
        } else if self.is_settled(machines) {
            match self.done.iter().any(|done| done.because.is_some()) {
                true => "overridden",
                false => "done",
            }
        } else if !self.in_doubt.is_empty() {
            "interrupted"
        } else if !self.failed.is_empty() {
            "failed"
        } else if !self.done.is_empty() || !self.deeds.is_empty() {
            "begun"
        } else {
            "open"
        }
    }
}

/// How far a runbook came.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The state of each step, by number.
    pub steps: BTreeMap<u32, StepState>,
    /// When it was started, and by whom.
    pub started: (String, By),
    /// When it was renewed, and by whom.
    pub renewed: Vec<(String, By)>,
    /// When it was finished, and by whom; it is open again where a step was reopened since.
    pub finished: Option<(String, By)>,
    /// What deeds found or made, with the machine, in order.
    facts: Vec<(String, Fact)>,
    /// The states of steps that a renewal left out: they may come back.
    pub(super) left_out: Vec<(Step, StepState)>,
}

/// Why a journal says nothing about a runbook.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is empty.
    #[error("the journal has no line")]
    Empty,
    /// It belongs to another runbook.
    #[error("the journal belongs to the runbook {found}, this one is {wanted}")]
    OtherRunbook {
        /// The first digits of the id in the journal.
        found: String,
        /// Those of the runbook.
        wanted: String,
    },
    /// It names a step that the runbook does not have.
    #[error("line {line}: the runbook has no step {step}")]
    NoSuchStep {
        /// The number of the line.
        line: u64,
        /// The step.
        step: u32,
    },
    /// It says what can't have happened.
    #[error("line {line} of the journal is damaged")]
    Damaged {
        /// The number of the line.
        line: u64,
        /// What can't have happened.
        #[source]
        why: Illegal,
    },
}

/// Says how far a runbook came. `runbooks` are the one that was started and those that it was renewed to, in order; the last
/// one is the one that goes on.
///
/// # Errors
/// [`ReplayError`] for a journal of another runbook, or one that says what can't have happened.
pub fn replay(runbooks: &[Runbook], entries: &[Entry<Event>]) -> Result<Progress, ReplayError> {
    let (Some(runbook), Some(first)) = (runbooks.first(), entries.first()) else {
        return Err(ReplayError::Empty);
    };
    let Event::RunbookStarted { by, .. } = &first.event else {
        return Err(ReplayError::Empty);
    };
    belongs(&first.event, runbook)?;
    let fresh = runbook.steps.iter();
    let mut progress = Progress {
        steps: fresh.map(|step| (step.n, StepState::default())).collect(),
        started: (first.at.clone(), by.clone()),
        renewed: Vec::new(),
        finished: None,
        facts: Vec::new(),
        left_out: Vec::new(),
    };
    let (mut now, mut later) = (runbook, runbooks.iter().skip(1));
    for entry in entries.iter().skip(1) {
        let Event::Renewed { by, .. } = &entry.event else {
            progress.take(now, entry)?;
            continue;
        };
        let next = later.next().ok_or(ReplayError::Empty)?;
        belongs(&entry.event, next)?;
        progress.renew(now, next);
        progress.renewed.push((entry.at.clone(), by.clone()));
        now = next;
    }
    Ok(progress)
}

/// Whether a line begins this runbook.
fn belongs(event: &Event, runbook: &Runbook) -> Result<(), ReplayError> {
    match event.runbook() {
        Some(id) if id == runbook.id => Ok(()),
        other => Err(ReplayError::OtherRunbook {
            found: other.unwrap_or_default().chars().take(12).collect(),
            wanted: runbook.short_id().to_owned(),
        }),
    }
}

/// The id of the step that each line is about, whatever its number was when the line was written.
#[must_use]
pub fn step_ids<'a>(runbooks: &'a [Runbook], entries: &[Entry<Event>]) -> Vec<Option<&'a str>> {
    let mut at = 0;
    let one = |entry: &Entry<Event>| {
        at += usize::from(matches!(entry.event, Event::Renewed { .. }));
        let step = runbooks.get(at)?.step(entry.event.step()?)?;
        Some(step.id.as_str())
    };
    entries.iter().map(one).collect()
}

impl Progress {
    fn take(&mut self, runbook: &Runbook, entry: &Entry<Event>) -> Result<(), ReplayError> {
        let damaged = |what, state| ReplayError::Damaged {
            line: entry.n,
            why: Illegal {
                event: entry.event.name(),
                what,
                state,
            },
        };
        if let Event::Finished { by } = &entry.event {
            if self.next(runbook).is_some() {
                return Err(damaged("a runbook", "open"));
            }
            self.finished = Some((entry.at.clone(), by.clone()));
            return Ok(());
        }
        let Some(number) = entry.event.step() else {
            return match entry.event {
                Event::Unknown => Ok(()),
                _ => Err(damaged("a runbook", "started")),
            };
        };
        let (Some(step), Some(state)) = (runbook.step(number), self.steps.get_mut(&number)) else {
            return Err(ReplayError::NoSuchStep {
                line: entry.n,
                step: number,
            });
        };
        let machines = runbook.machines_of(step);
        let settled = state.is_settled(machines);
        match &entry.event {
            Event::Done { .. } | Event::Skipped { .. } | Event::DeedStarted { .. } if settled => {
                return Err(damaged("a step", state.name(machines)));
            }
            Event::Reopened { .. } if !settled && state.done.is_empty() => {
                return Err(damaged("a step", state.name(machines)));
            }
            Event::DeedDone { deed, machine, .. } | Event::DeedFailed { deed, machine, .. }
                if of_machine(&state.in_doubt, machine) != Some(deed) =>
            {
                return Err(damaged("a deed", "not begun"));
            }
            _ => {}
        }
        state.after(entry);
        match &entry.event {
            Event::Reopened { .. } => {
                self.finished = None;
                self.close_gates_after(runbook, number);
            }
            Event::DeedDone { machine, facts, .. } => {
                let told = facts.iter().map(|fact| (machine.clone(), fact.clone()));
                self.facts.extend(told);
            }
            _ => {}
        }
        Ok(())
    }

    /// What is done again can make something due: a gate behind it has to be looked at again.
    pub(super) fn close_gates_after(&mut self, runbook: &Runbook, number: u32) {
        for gate in runbook.steps.iter().filter(|it| it.gate && it.n > number) {
            if let Some(state) = self.steps.get_mut(&gate.n) {
                state.outdated.append(&mut state.done);
            }
        }
    }

    /// The databases that machines of the environment worked with before the runbook led them to the copy; none where no deed
    /// found that out.
    #[must_use]
    pub fn led_to(&self) -> Option<Vec<&DatabaseAt>> {
        let mut found = None;
        for (_, fact) in &self.facts {
            if let Fact::LedTo { databases } = fact {
                found.get_or_insert_with(Vec::new).extend(databases);
            }
        }
        found.map(|mut all: Vec<_>| {
            all.sort();
            all.dedup();
            all
        })
    }

    /// The key that `LifeTime` gave the environment when the runbook last registered it.
    #[must_use]
    pub fn registered(&self) -> Option<&str> {
        let facts = self.facts.iter().rev();
        facts
            .filter_map(|(_, fact)| match fact {
                Fact::Registered { key } => Some(key.as_str()),
                _ => None,
            })
            .next()
    }

    /// Whether the file of a machine may have values in it that only a key of before can decrypt: the environment got a new
    /// one, or `key`, the machine's own by its fingerprint, is another one than was found there.
    #[must_use]
    pub fn has_older_secrets(&self, machine: &str, key: Option<&str>) -> bool {
        let (mut older, mut was) = (false, None);
        for (on, fact) in &self.facts {
            let here = same_machine(on, machine);
            match fact {
                Fact::NewKey => older = true,
                Fact::KeyWas { fingerprint } if here => was = Some(fingerprint.as_str()),
                Fact::Configured { key } if here => {
                    older = false;
                    was = key.as_deref();
                }
                _ => {}
            }
        }
        older || was.zip(key).is_some_and(|(was, key)| was != key)
    }

    /// The key that a machine's file was last written for, by its fingerprint.
    #[must_use]
    pub fn configured_key(&self, machine: &str) -> Option<&str> {
        let facts = self.facts.iter().rev();
        let mut keys = facts.filter_map(|(on, fact)| match fact {
            Fact::Configured { key } if same_machine(on, machine) => key.as_deref(),
            _ => None,
        });
        keys.next()
    }

    /// Whether the Scheduler was released on a machine, or may have been: from then on timers run and mails are sent, as
    /// they should.
    #[must_use]
    pub fn may_have_released(&self, runbook: &Runbook) -> bool {
        let in_doubt = |step: &Step| {
            let at = step
                .deeds
                .iter()
                .position(|deed| *deed == Deed::ReleaseScheduler);
            let number = at.and_then(|at| u32::try_from(at + 1).ok());
            let state = self.state(step);
            state.is_some_and(|state| state.in_doubt.values().any(|deed| Some(*deed) == number))
        };
        let released = self.facts.iter().any(|(_, fact)| *fact == Fact::Released);
        released || runbook.steps.iter().any(in_doubt)
    }

    /// The first step that is neither done nor skipped.
    #[must_use]
    pub fn next<'a>(&self, runbook: &'a Runbook) -> Option<&'a Step> {
        runbook.steps.iter().find(|step| {
            let machines = runbook.machines_of(step);
            !self.state(step).is_some_and(|it| it.is_settled(machines))
        })
    }

    /// The gate before a step that is not open yet.
    #[must_use]
    pub fn gate_before<'a>(&self, runbook: &'a Runbook, step: &Step) -> Option<&'a Step> {
        runbook.steps.iter().find(|gate| {
            let machines = runbook.machines_of(gate);
            gate.gate
                && gate.n < step.n
                && !self.state(gate).is_some_and(|it| it.is_settled(machines))
        })
    }

    /// The state of a step.
    #[must_use]
    pub fn state(&self, step: &Step) -> Option<&StepState> {
        self.steps.get(&step.n)
    }
}

impl StepState {
    fn after(&mut self, entry: &Entry<Event>) {
        let at = || entry.at.clone();
        match &entry.event {
            Event::DeedStarted { deed, by, .. } => {
                put(&mut self.in_doubt, &by.machine, *deed);
                take(&mut self.failed, &by.machine);
            }
            Event::DeedDone { deed, machine, .. } => {
                take(&mut self.in_doubt, machine);
                put(&mut self.deeds, machine, *deed);
            }
            Event::DeedFailed { machine, error, .. } => {
                take(&mut self.in_doubt, machine);
                put(&mut self.failed, machine, error.clone());
            }
            Event::Checked { on, found, .. } => {
                put(&mut self.checked, on, found.clone());
            }
            Event::Done {
                on, by, because, ..
            } => {
                take(&mut self.in_doubt, on);
                take(&mut self.failed, on);
                self.done.push(DoneOn {
                    on: on.clone(),
                    by: by.clone(),
                    at: at(),
                    because: because.clone(),
                });
            }
            Event::Skipped { by, because, .. } => {
                self.skipped = Some(Skip {
                    by: by.clone(),
                    at: at(),
                    because: because.clone(),
                });
            }
            Event::Reopened { .. } => *self = Self::default(),
            Event::RunbookStarted { .. }
            | Event::Renewed { .. }
            | Event::Finished { .. }
            | Event::Unknown => {}
        }
    }
}

/// What keeps a step from being done, by what was seen of its checks: those that failed, and those that nobody could look
/// at.
#[must_use]
pub fn open_checks(found: &[Looked]) -> (Vec<&Looked>, Vec<&Looked>) {
    let of = |outcome| {
        let these = found.iter().filter(move |looked| looked.outcome == outcome);
        these.collect()
    };
    (of(Outcome::Fails), of(Outcome::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_machine_is_the_same_with_its_domain_and_without() {
        for (one, other, same) in [
            ("PROD1", "prod1", true),
            ("PROD1", "prod1.corp.example", true),
            ("prod1.corp.example", "PROD1.CORP.EXAMPLE", true),
            ("a.x.example", "a.y.example", false),
            ("PROD1", "PROD10", false),
            ("PROD1", "PROD10.corp.example", false),
            // Whichever machine it is read on, it is that name.
            ("localhost", "localhost", true),
        ] {
            assert_eq!(same_machine(one, other), same, "{one} {other}");
            assert_eq!(same_machine(other, one), same, "{other} {one}");
        }
    }

    #[test]
    fn a_machine_is_found_by_any_of_its_names() {
        let names = texts(&[
            "CUSTOMER-WEB-SE",
            "customer-web-server-1.corp.example",
            "customer-web-server-1",
        ]);
        for name in [
            "CUSTOMER-WEB-SE",
            "Customer-Web-Server-1",
            "customer-web-server-1.CORP.example",
        ] {
            let machines = texts(&["APP2", name]);
            assert_eq!(known_as(&machines, &names), Some(&machines[1]), "{name}");
        }
        for name in [
            "customer-web-server-2",
            "customer-web-server",
            "customer-web-server-1.other.example",
            "CUSTOMER-WEB",
        ] {
            assert_eq!(known_as(&texts(&["APP2", name]), &names), None, "{name}");
        }
    }

    #[test]
    fn one_that_could_be_two_machines_is_neither() {
        let machines = texts(&["app1.x.example", "app1.y.example"]);
        assert_eq!(known_as(&machines, &texts(&["APP1"])), None);
        let names = texts(&["APP1", "app1.y.example", "app1"]);
        assert_eq!(known_as(&machines, &names), Some(&machines[1]));
    }
}
