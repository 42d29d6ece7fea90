//! A runbook that is made again while it is under way: what was done stays done, where it still is what is asked for.

use std::fmt;

use super::progress::{Progress, StepState};
use super::value::ValueName;
use super::{Runbook, Step};

/// What a renewal changes for whoever goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A step that was not there.
    Added {
        /// Its number.
        n: u32,
        /// What it does.
        title: String,
    },
    /// A step that is not there any more.
    LeftOut {
        /// What it did.
        title: String,
        /// Why.
        because: String,
    },
    /// A step that was done, and has to be done again with other values.
    OpenAgain {
        /// Its number.
        n: u32,
        /// What it does.
        title: String,
    },
    /// A step that was done, and is open on machines that it did not have.
    OpenOn {
        /// Its number.
        n: u32,
        /// What it does.
        title: String,
        /// The machines.
        machines: String,
    },
    /// A step that has other values, or that envclone can do now, or can't any more.
    Other {
        /// Its number.
        n: u32,
        /// What it does.
        title: String,
        /// Who takes it.
        kind: &'static str,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { n, title } => write!(f, "step {n} is new: {title}"),
            Self::LeftOut { title, because } => write!(f, "left out: {title}: {because}"),
            Self::OpenAgain { n, title } => {
                write!(
                    f,
                    "step {n} is open again, since what it asks for, or a step before it, has changed: {title}"
                )
            }
            Self::OpenOn { n, title, machines } => {
                write!(f, "step {n} is open on {machines}: {title}")
            }
            Self::Other { n, title, kind } => write!(f, "step {n} has changed ({kind}): {title}"),
        }
    }
}

impl Change {
    /// What changes from one runbook to another, in the order of the new one's steps.
    #[must_use]
    pub fn between(old: &Runbook, progress: &Progress, new: &Runbook) -> Vec<Self> {
        let mut after = progress.clone();
        after.renew(old, new);
        let one = |step: &Step| {
            let (n, title) = (step.n, step.title.clone());
            let Some(before) = same_step(old, step) else {
                return Some(Self::Added { n, title });
            };
            let (was, is) = (progress.state(before)?, after.state(step)?);
            let settled = was.is_settled(old.machines_of(before));
            let open = is.open_on(new.machines_of(step));
            if is.outdated.len() > was.outdated.len() || is.deeds.len() < was.deeds.len() {
                return Some(Self::OpenAgain { n, title });
            }
            if settled && !is.is_settled(new.machines_of(step)) {
                let machines = open.join(", ");
                return Some(Self::OpenOn { n, title, machines });
            }
            (bare(before) != bare(step)).then(|| Self::Other {
                n,
                title,
                kind: step.kind(),
            })
        };
        let gone = old.steps.iter().filter_map(|step| {
            let out = new.left_out.iter().find(|out| out.id == step.id)?;
            Some(Self::LeftOut {
                title: out.title.clone(),
                because: out.because.clone(),
            })
        });
        new.steps.iter().filter_map(one).chain(gone).collect()
    }
}

/// A step without its number, which steps before it decide.
fn bare(step: &Step) -> Step {
    Step {
        n: 0,
        ..step.clone()
    }
}

fn same_step<'a>(runbook: &'a Runbook, step: &Step) -> Option<&'a Step> {
    runbook.steps.iter().find(|it| it.id == step.id)
}

/// Whether what was done of a step is what the new one asks for.
fn still_done(state: &StepState, old: &Step, new: &Step) -> bool {
    let known = |step: &Step| -> Vec<_> {
        // A machine more is one on which the step is open; what was done on the others is no other thing for it.
        let values = step
            .values
            .iter()
            .filter(|it| it.name != ValueName::Machines);
        values
            .map(|value| (value.name, value.value.clone()))
            .collect()
    };
    // What a person did is told by its values alone: settings that let envclone do it change nothing of what was done.
    known(old) == known(new) && (state.deeds.is_empty() || old.deeds == new.deeds)
}

impl Progress {
    /// Goes on with another runbook.
    pub(super) fn renew(&mut self, old: &Runbook, new: &Runbook) {
        let mut before = std::mem::take(&mut self.steps);
        let mut known = std::mem::take(&mut self.left_out);
        for step in &old.steps {
            let state = before.remove(&step.n).unwrap_or_default();
            known.retain(|(of, _)| of.id != step.id);
            known.push((step.clone(), state));
        }
        // What was settled and is open now, or was not there, comes before the gates behind it.
        let mut reopened = Vec::new();
        for step in &new.steps {
            let at = known.iter().position(|(of, _)| of.id == step.id);
            let state = match at.map(|at| known.remove(at)) {
                None => {
                    reopened.push(step.n);
                    StepState::default()
                }
                Some((of, state)) => {
                    let settled = state.is_settled(old.machines_of(&of));
                    let state = carried(state, &of, step);
                    if settled && !state.is_settled(new.machines_of(step)) {
                        reopened.push(step.n);
                    }
                    state
                }
            };
            self.steps.insert(step.n, state);
        }
        self.left_out = known;
        if let Some(first) = reopened.first() {
            self.close_gates_after(new, *first);
        }
        if self.next(new).is_some() {
            self.finished = None;
        }
    }
}

/// A step's state in the new runbook. That a deed was interrupted stays known, whatever else changes.
fn carried(mut state: StepState, old: &Step, new: &Step) -> StepState {
    if !still_done(&state, old, new) {
        state.outdated.append(&mut state.done);
        state.deeds.clear();
        state.checked.clear();
    }
    state
}
