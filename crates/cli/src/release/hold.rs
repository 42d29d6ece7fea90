//! Holds what would fire, and lets it go: proposed first, then done in one transaction.

use envclone_core::dialect::{Dialect, HELD, HeldColumn};
use envclone_core::release::Kind;
use envclone_core::release::hold::{self, Change, Deed, FORMAT, Proposal};
use envclone_core::settings::Environment;
use envclone_db::{Access, DbError, Session, Trouble};

use crate::execute::{interrupted, now};
use crate::failure::{Exit, Failure};
use crate::inspect::{Eyes, tables};
use crate::ui::counted;

/// What is done to which kinds.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Held, or let go.
    pub deed: Deed,
    /// What.
    pub kinds: Vec<Kind>,
}

/// Counts what would be changed; changes nothing.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn propose(eyes: Eyes<'_>, target: &Environment, wish: &Wish) -> Result<Proposal, DbError> {
    let facts = eyes.engine.look(&target.platform)?;
    let mut session = eyes.engine.open(&target.platform, Access::Read)?;
    let tables = tables(session.as_mut(), eyes.dialect)?;
    let ever_held = tables.iter().any(|one| one.name.eq_ignore_ascii_case(HELD));
    let (columns, left_out) = hold::columns(&tables, &wish.kinds);
    let mut changes = Vec::new();
    for column in &columns {
        let counts = match wish.deed == Deed::Hold || ever_held {
            true => count(session.as_mut(), eyes.dialect, wish.deed, column)?,
            false => Counts::default(),
        };
        let overdue = match hold::overdue(column, eyes.dialect) {
            Some(sql) if wish.deed == Deed::Release && ever_held => session.number(&sql)?,
            _ => 0,
        };
        changes.push(Change {
            kind: column.kind,
            table: column.table.to_owned(),
            column: column.column.to_owned(),
            rows: counts.rows,
            changed: counts.changed,
            gone: counts.gone,
            overdue,
        });
    }
    changes.retain(|one| one.rows + one.changed + one.gone > 0);
    Ok(Proposal {
        format: FORMAT,
        deed: wish.deed,
        database: target.platform.clone(),
        file: facts.file,
        changes,
        left_out,
    })
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    rows: u64,
    changed: u64,
    gone: u64,
}

fn count(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
    deed: Deed,
    column: &HeldColumn,
) -> Result<Counts, DbError> {
    Ok(match deed {
        Deed::Hold => Counts {
            rows: session.number(&hold::to_hold(column, dialect))?,
            ..Counts::default()
        },
        Deed::Release => Counts {
            rows: session.number(&hold::to_put_back(column, dialect))?,
            changed: session.number(&hold::changed(column, dialect))?,
            gone: session.number(&hold::gone(column, dialect))?,
        },
    })
}

/// Does what was approved, in one transaction: all of it, or nothing.
///
/// # Errors
/// Exit 5 where something else would be changed by now than what was approved; as the engine reports it otherwise.
pub fn carry_out(
    eyes: Eyes<'_>,
    target: &Environment,
    wish: &Wish,
    approved: &Proposal,
    who: &str,
) -> Result<(), Failure> {
    let mut session = eyes.engine.open(&target.platform, Access::Write)?;
    // Some engines' transactions begin with a lock on the table of marks.
    session.execute(&eyes.dialect.create_marks())?;
    session.execute(&eyes.dialect.create_held())?;
    let tables = tables(session.as_mut(), eyes.dialect)?;
    let (columns, _) = hold::columns(&tables, &wish.kinds);
    session.begin()?;
    let deed = Carrying {
        session: session.as_mut(),
        dialect: eyes.dialect,
        wish,
        approved,
        who,
    };
    if let Err(failure) = deed.all(&columns) {
        // Where even that fails the connection is gone, and the transaction with it.
        let _ = session.rollback();
        return Err(failure);
    }
    session.commit().map_err(|error| {
        Failure::from(error)
            .state("nobody knows whether it was committed: all of it was, or nothing")
            .hint("`envclone release-check` says how it stands; the same command again finishes it")
    })
}

struct Carrying<'a> {
    session: &'a mut dyn Session,
    dialect: &'a dyn Dialect,
    wish: &'a Wish,
    approved: &'a Proposal,
    who: &'a str,
}

impl Carrying<'_> {
    fn all(mut self, columns: &[HeldColumn]) -> Result<(), Failure> {
        let at = now(self.session, self.dialect)?;
        for column in columns {
            self.as_approved(column)?;
        }
        for column in columns {
            if interrupted() {
                return Err(Failure::before(Exit::Interrupted, "interrupted")
                    .hint(Trouble::Interrupted.hint()));
            }
            match self.wish.deed {
                Deed::Hold => self.hold(column, &at)?,
                Deed::Release => {
                    for sql in hold::release(column, self.dialect, &at) {
                        self.session.execute(&sql)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What is changed is what was shown, not what has come since.
    fn as_approved(&mut self, column: &HeldColumn) -> Result<(), Failure> {
        let found = count(self.session, self.dialect, self.wish.deed, column)?;
        let mut shown = self.approved.changes.iter();
        let shown = shown.find(|one| one.table == column.table && one.column == column.column);
        let shown = shown.map_or_else(Counts::default, |one| Counts {
            rows: one.rows,
            changed: one.changed,
            gone: one.gone,
        });
        match found == shown {
            true => Ok(()),
            false => Err(others_write(column)),
        }
    }

    /// Every value that is written over was kept, and none is left.
    fn hold(&mut self, column: &HeldColumn, at: &str) -> Result<(), Failure> {
        let mut changed = Vec::new();
        for sql in hold::hold(column, self.dialect, at, self.who) {
            changed.push(self.session.execute(&sql)?);
        }
        let left = self.session.number(&hold::to_hold(column, self.dialect))?;
        match changed.as_slice() {
            [_, kept, written] if kept == written && left == 0 => Ok(()),
            _ => Err(others_write(column)),
        }
    }
}

fn others_write(column: &HeldColumn) -> Failure {
    let why = format!(
        "other rows of {}.{} would be changed than those that were approved [target-changed]",
        column.table, column.column
    );
    Failure::before(Exit::Refused, why).hint(
        "somebody writes to the target: stop its services, and look at what would be changed now",
    )
}

/// What a proposal comes to, in one line.
#[must_use]
pub fn summary(proposal: &Proposal) -> String {
    let rows = counted(proposal.sum(|one| one.rows), "value", "values");
    match proposal.deed {
        Deed::Hold => format!("{rows} to hold"),
        Deed::Release => format!(
            "{rows} to put back, {} among them overdue: they fire at once; {} and {} left as they are",
            counted(proposal.sum(|one| one.overdue), "date", "dates"),
            counted(
                proposal.sum(|one| one.changed),
                "that somebody changed",
                "that somebody changed"
            ),
            counted(
                proposal.sum(|one| one.gone),
                "whose row is gone",
                "whose rows are gone"
            ),
        ),
    }
}
