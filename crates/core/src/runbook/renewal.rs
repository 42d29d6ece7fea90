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
                    "step {n} is open again, since what it asks for has changed: {title}"
                )
            }
            Self::Other { n, title, kind } => write!(f, "step {n} has changed ({kind}): {title}"),
        }
    }
}

impl Change {
    /// What changes from one runbook to another, in the order of the new one's steps.
    #[must_use]
    pub fn between(old: &Runbook, progress: &Progress, new: &Runbook) -> Vec<Self> {
        let one = |step: &Step| {
            let (n, title) = (step.n, step.title.clone());
            let Some(before) = same_step(old, step) else {
                return Some(Self::Added { n, title });
            };
            let again = progress.state(before).is_some_and(|state| {
                let begun = !state.done.is_empty() || !state.deeds.is_empty();
                begun && !still_done(state, before, step)
            });
            let bare = |step: &Step| Step {
                n: 0,
                ..step.clone()
            };
            if again {
                Some(Self::OpenAgain { n, title })
            } else {
                (bare(before) != bare(step)).then(|| Self::Other {
                    n,
                    title,
                    kind: step.kind(),
                })
            }
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
        let one = |step: &Step| {
            let known = same_step(old, step);
            let state = known.and_then(|it| Some(carried(before.remove(&it.n)?, it, step)));
            (step.n, state.unwrap_or_default())
        };
        self.steps = new.steps.iter().map(one).collect();
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
