//! The session of a transaction, and which of the databases that it spans it is in.

use envclone_core::engine::Role;
use envclone_core::plan::DatabaseId;
use envclone_db::{DbError, Engine, Session, Trouble};

/// The session of a transaction.
pub(super) struct Together<'a> {
    session: Box<dyn Session>,
    spanned: Vec<&'a DatabaseId>,
    /// Where it is.
    at: usize,
}

impl<'a> Together<'a> {
    /// Opens it, in the first of these.
    pub(super) fn open(engine: &dyn Engine, spanned: &[&'a DatabaseId]) -> Result<Self, DbError> {
        let names: Vec<&str> = spanned.iter().map(|it| it.locator.as_str()).collect();
        Ok(Self {
            session: engine.open_together(&names)?,
            spanned: spanned.to_vec(),
            at: 0,
        })
    }

    /// The session, wherever it is.
    pub(super) fn session(&mut self) -> &mut dyn Session {
        self.session.as_mut()
    }

    /// The session, in the database with this role.
    pub(super) fn within(&mut self, role: &Role) -> Result<&mut dyn Session, DbError> {
        let found = self.spanned.iter().position(|it| it.role == *role);
        let at = found.ok_or_else(|| {
            let why = format!("the target has no {}", role.phrase());
            DbError::new(Trouble::NotFound, why)
        })?;
        if at != self.at {
            self.session.enter(&self.spanned[at].locator)?;
            self.at = at;
        }
        Ok(self.session.as_mut())
    }
}
