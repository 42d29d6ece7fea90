//! How far a run came: the states of items and of transactions, and the events that change them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Damage, Event, FORMAT, Illegal, JournalError};

/// How far an item came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has not run, or what it did was rolled back.
    #[default]
    Pending,
    /// It began, and nothing says how that ended.
    InDoubt,
    /// It ran.
    Done {
        /// The rows that it touched.
        rows: u64,
    },
    /// It ran into an error.
    Failed {
        /// The error.
        error: String,
    },
    /// It is not run.
    Skipped {
        /// Who or what decided so.
        by: String,
    },
}

impl State {
    /// The state after an event that concerns the item or its group. Other events change nothing.
    ///
    /// # Errors
    /// [`Illegal`] if that can't have happened.
    pub fn after(self, event: &Event) -> Result<Self, Illegal> {
        match (self, event) {
            (Self::Pending | Self::InDoubt | Self::Failed { .. }, Event::Started { .. }) => {
                Ok(Self::InDoubt)
            }
            (Self::InDoubt, Event::Succeeded { rows, .. }) => Ok(Self::Done { rows: *rows }),
            (Self::InDoubt, Event::Failed { error, .. }) => Ok(Self::Failed {
                error: error.clone(),
            }),
            (Self::Pending | Self::Failed { .. }, Event::Skipped { by, .. }) => {
                Ok(Self::Skipped { by: by.clone() })
            }
            (state @ (Self::InDoubt | Self::Done { .. }), Event::Cloned { .. }) => Ok(state),
            (Self::InDoubt, Event::Noted { .. }) => Ok(Self::InDoubt),
            (state, Event::Committing { .. } | Event::Committed { .. }) if state.is_settled() => {
                Ok(state)
            }
            (state, Event::RolledBack { .. }) => Ok(state.undone()),
            (
                state,
                Event::RunStarted { .. }
                | Event::Resumed { .. }
                | Event::Verified { .. }
                | Event::Finished
                | Event::Unknown,
            ) => Ok(state),
            (state, event) => Err(Illegal {
                event: event.name(),
                what: "an item",
                state: state.name(),
            }),
        }
    }

    /// Whether nothing remains to do: done or skipped.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Skipped { .. })
    }

    /// The word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InDoubt => "in doubt",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// What remains when the transaction around it is gone.
    fn undone(self) -> Self {
        match self {
            Self::Skipped { by } => Self::Skipped { by },
            _ => Self::Pending,
        }
    }
}

/// How far a transaction came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GroupState {
    /// Nothing was committed.
    #[default]
    Pending,
    /// The commit was begun, and nothing says how that ended.
    InDoubt,
    /// It was committed.
    Committed {
        /// What showed it, when a resumed run found it out.
        settled: Option<String>,
    },
    /// It was rolled back, and nothing of it began again.
    RolledBack {
        /// Why.
        because: String,
    },
}

impl GroupState {
    /// The state after an event that concerns the group or one of its items. Other events change nothing.
    ///
    /// # Errors
    /// [`Illegal`] if that can't have happened.
    pub fn after(self, event: &Event) -> Result<Self, Illegal> {
        match (self, event) {
            (Self::Pending | Self::RolledBack { .. }, Event::Started { .. }) => Ok(Self::Pending),
            (
                state @ (Self::Pending | Self::RolledBack { .. }),
                Event::Succeeded { .. }
                | Event::Failed { .. }
                | Event::Skipped { .. }
                | Event::Noted { .. }
                | Event::Cloned { .. },
            ) => Ok(state),
            (Self::Pending | Self::RolledBack { .. }, Event::Committing { .. }) => {
                Ok(Self::InDoubt)
            }
            (Self::InDoubt, Event::Committed { settled, .. }) => Ok(Self::Committed {
                settled: settled.clone(),
            }),
            (
                Self::Pending | Self::InDoubt | Self::RolledBack { .. },
                Event::RolledBack { because, .. },
            ) => Ok(Self::RolledBack {
                because: because.clone(),
            }),
            (
                state,
                Event::RunStarted { .. }
                | Event::Resumed { .. }
                | Event::Verified { .. }
                | Event::Finished
                | Event::Unknown,
            ) => Ok(state),
            (state, event) => Err(Illegal {
                event: event.name(),
                what: "a group",
                state: state.name(),
            }),
        }
    }

    /// The word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InDoubt => "in doubt",
            Self::Committed { .. } => "committed",
            Self::RolledBack { .. } => "rolled back",
        }
    }
}

/// What a verification counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Checks that found nothing left.
    pub clean: u32,
    /// Checks that found something left.
    pub residue: u32,
    /// Checks that could not tell.
    pub unknown: u32,
}

/// How far a run came, if the process that wrote the journal is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The run's id.
    pub run: String,
    /// The plan's id.
    pub plan: String,
    /// Every item of the plan.
    pub items: BTreeMap<u32, State>,
    /// Every group of the plan.
    pub groups: BTreeMap<String, GroupState>,
    /// The last error of each item that has not succeeded since, also if it was rolled back.
    pub errors: BTreeMap<u32, String>,
    /// The identity of each clone that was made, by the item that made it.
    pub clones: BTreeMap<u32, String>,
    /// What servers answered, by the name that later items use.
    pub notes: BTreeMap<String, String>,
    /// How often the run was resumed.
    pub resumes: u32,
    /// What the last verification counted.
    pub verified: Option<Verified>,
    /// Whether every item is done or skipped, and the run said so.
    pub finished: bool,
    /// Events of a newer version, which this one passed over.
    pub unknown: u32,
}

impl Progress {
    /// How many items are done.
    #[must_use]
    pub fn done(&self) -> usize {
        let done = |state: &&State| matches!(state, State::Done { .. });
        self.items.values().filter(done).count()
    }
}

/// Says how far a run came, from its events and the plan's items with their groups.
///
/// The result is what is true once the process that wrote the journal is gone: items of a transaction that was not
/// committed are pending again.
///
/// # Errors
/// [`JournalError`] for events that can't have happened in this order, or that name what the plan does not have.
pub fn replay(events: &[Event], items: &[(u32, Option<String>)]) -> Result<Progress, JournalError> {
    let mut replay = Replay::new(items);
    let Some((first, rest)) = events.split_first() else {
        return Err(JournalError::Empty);
    };
    replay.begin(first)?;
    for (event, line) in rest.iter().zip(2..) {
        let damaged = |why| JournalError::Damaged { line, why };
        replay.take(event).map_err(damaged)?;
    }
    Ok(replay.end())
}

/// A replay under way: states of grouped items are those that the transaction sees.
struct Replay {
    progress: Progress,
    group_of: BTreeMap<u32, String>,
    members: BTreeMap<String, BTreeSet<u32>>,
    /// Items that the present process began; only a later one may find them in doubt and begin again.
    begun: BTreeSet<u32>,
}

impl Replay {
    fn new(items: &[(u32, Option<String>)]) -> Self {
        let mut replay = Self {
            progress: Progress::default(),
            group_of: BTreeMap::new(),
            members: BTreeMap::new(),
            begun: BTreeSet::new(),
        };
        for (seq, group) in items {
            replay.progress.items.insert(*seq, State::Pending);
            if let Some(group) = group {
                let groups = &mut replay.progress.groups;
                groups.insert(group.clone(), GroupState::Pending);
                replay.group_of.insert(*seq, group.clone());
                let members = replay.members.entry(group.clone()).or_default();
                members.insert(*seq);
            }
        }
        replay
    }

    fn begin(&mut self, first: &Event) -> Result<(), JournalError> {
        match first {
            Event::RunStarted { format, .. } if *format != FORMAT => Err(JournalError::Format {
                found: *format,
                reads: FORMAT,
            }),
            Event::RunStarted { run, plan, .. } => {
                self.progress.run.clone_from(run);
                self.progress.plan.clone_from(plan);
                Ok(())
            }
            _ => Err(JournalError::Damaged {
                line: 1,
                why: Damage::Headless,
            }),
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), Damage> {
        match event {
            Event::RunStarted { .. } => {
                return Err(Damage::Illegal(Illegal {
                    event: event.name(),
                    what: "a run",
                    state: "under way",
                }));
            }
            Event::Resumed { .. } => {
                self.lose_open_transactions();
                self.begun.clear();
                self.progress.resumes += 1;
            }
            Event::Started { seq, .. }
            | Event::Succeeded { seq, .. }
            | Event::Failed { seq, .. }
            | Event::Skipped { seq, .. }
            | Event::Noted { seq, .. }
            | Event::Cloned { seq, .. } => self.item(*seq, event)?,
            Event::Committing { group }
            | Event::Committed { group, .. }
            | Event::RolledBack { group, .. } => self.group(group, event)?,
            Event::Verified {
                clean,
                residue,
                unknown,
            } => {
                self.progress.verified = Some(Verified {
                    clean: *clean,
                    residue: *residue,
                    unknown: *unknown,
                });
            }
            Event::Finished => {
                self.unfinished()
                    .map_or(Ok(()), |seq| Err(Damage::Unfinished(seq)))?;
                self.progress.finished = true;
            }
            Event::Unknown => self.progress.unknown += 1,
        }
        Ok(())
    }

    fn item(&mut self, seq: u32, event: &Event) -> Result<(), Damage> {
        let progress = &mut self.progress;
        let state = progress
            .items
            .get_mut(&seq)
            .ok_or(Damage::NoSuchItem(seq))?;
        let next = state.clone().after(event)?;
        let group = self.group_of.get(&seq);
        if let Some(group) = group.and_then(|group| progress.groups.get_mut(group)) {
            *group = group.clone().after(event)?;
        }
        match event {
            Event::Started { .. } => {
                let first_time = self.begun.insert(seq);
                if *state == State::InDoubt && !first_time {
                    return Err(Damage::Illegal(Illegal {
                        event: event.name(),
                        what: "an item",
                        state: "running",
                    }));
                }
            }
            Event::Succeeded { .. } => {
                progress.errors.remove(&seq);
            }
            Event::Failed { error, .. } => {
                progress.errors.insert(seq, error.clone());
            }
            Event::Cloned { identity, .. } => {
                progress.clones.insert(seq, identity.clone());
            }
            Event::Noted { name, value, .. } => {
                progress.notes.insert(name.clone(), value.clone());
            }
            _ => {}
        }
        *state = next;
        Ok(())
    }

    fn group(&mut self, group: &str, event: &Event) -> Result<(), Damage> {
        let no_such = || Damage::NoSuchGroup(group.to_owned());
        let state = self.progress.groups.get_mut(group).ok_or_else(no_such)?;
        *state = state.clone().after(event)?;
        for seq in self.members.get(group).into_iter().flatten() {
            if let Some(item) = self.progress.items.get_mut(seq) {
                *item = item.clone().after(event)?;
            }
        }
        Ok(())
    }

    /// The first item that keeps the run from being finished.
    fn unfinished(&self) -> Option<u32> {
        let progress = &self.progress;
        let open = |seq: &u32, state: &State| match (state, self.group_of.get(seq)) {
            (State::Skipped { .. }, _) | (State::Done { .. }, None) => false,
            (State::Done { .. }, Some(group)) => !matches!(
                progress.groups.get(group),
                Some(GroupState::Committed { .. })
            ),
            _ => true,
        };
        let mut items = progress.items.iter();
        items.find(|(seq, state)| open(seq, state)).map(|it| *it.0)
    }

    /// The process is gone, and with it every transaction whose commit had not begun.
    fn lose_open_transactions(&mut self) {
        for (seq, group) in &self.group_of {
            // A group that was rolled back has nothing to lose: the first item that starts makes it pending.
            let provisional = self.progress.groups.get(group) == Some(&GroupState::Pending);
            if let Some(state) = self.progress.items.get_mut(seq).filter(|_| provisional) {
                *state = std::mem::take(state).undone();
            }
        }
    }

    fn end(mut self) -> Progress {
        self.lose_open_transactions();
        for (seq, group) in &self.group_of {
            let in_doubt = self.progress.groups.get(group) == Some(&GroupState::InDoubt);
            if let Some(state) = self.progress.items.get_mut(seq)
                && in_doubt
                && matches!(state, State::Done { .. })
            {
                *state = State::InDoubt;
            }
        }
        self.progress
    }
}
