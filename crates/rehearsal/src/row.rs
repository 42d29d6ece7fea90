//! A row by column names, and what is to be remembered about it.

use crate::{Cell, RemovedIn, names};
use std::borrow::Cow;

/// Which database of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The platform database: the metamodel, the main catalog's application tables and old logs.
    Platform,
    /// The log database.
    Log,
    /// An extra catalog, by its physical name.
    Catalog(String),
}

impl Role {
    /// How a manifest spells it.
    pub fn name(&self) -> String {
        match self {
            Self::Platform => "platform".to_owned(),
            Self::Log => "log".to_owned(),
            Self::Catalog(name) => format!("catalog:{name}"),
        }
    }
}

/// The same without text, to be copied about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Platform,
    Log,
    Catalog,
}

impl Place {
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Platform => Role::Platform,
            Self::Log => Role::Log,
            Self::Catalog => Role::Catalog(names::CATALOG.to_owned()),
        }
    }
}

/// What a manifest is to say about one cell of a row.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// What removes it; nothing does when it has to stay.
    pub(crate) removed_in: Option<RemovedIn>,
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) column: &'static str,
}

/// A row: the columns that matter, the others take their defaults.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) table: Cow<'static, str>,
    pub(crate) cells: Vec<(&'static str, Cell)>,
    pub(crate) facts: Vec<Fact>,
}

impl Row {
    pub(crate) fn new(table: impl Into<Cow<'static, str>>) -> Self {
        Self {
            place: Place::Platform,
            table: table.into(),
            cells: Vec::new(),
            facts: Vec::new(),
        }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn set(mut self, column: &'static str, cell: impl Into<Cell>) -> Self {
        self.cells.push((column, cell.into()));
        self
    }

    /// Sets a cell that a clean-up has to remove, or a verification to report.
    pub(crate) fn plant(
        self,
        removed_in: RemovedIn,
        id: impl Into<String>,
        what: impl Into<String>,
        column: &'static str,
        cell: impl Into<Cell>,
    ) -> Self {
        self.fact(Some(removed_in), id.into(), what.into(), column)
            .set(column, cell)
    }

    /// Sets a cell that a clean-up has to leave alone.
    pub(crate) fn keep(
        self,
        id: impl Into<String>,
        what: impl Into<String>,
        column: &'static str,
        cell: impl Into<Cell>,
    ) -> Self {
        self.fact(None, id.into(), what.into(), column)
            .set(column, cell)
    }

    fn fact(
        mut self,
        removed_in: Option<RemovedIn>,
        id: String,
        what: String,
        column: &'static str,
    ) -> Self {
        self.facts.push(Fact {
            removed_in,
            id,
            what,
            column,
        });
        self
    }
}
