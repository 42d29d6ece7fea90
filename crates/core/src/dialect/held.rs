//! The table of what was held: values of the platform's own rows, until they are put back.

use crate::filter::{Filter, Literal, Test};
use crate::release::Kind;

/// Its name.
pub const HELD: &str = "envclone_held";

/// Its columns: what kind of thing, which table, row and column, the value as it was (a date or a text; none of both for
/// NULL), when and by whom it was held, how that stands, and since when.
pub const HELD_COLUMNS: [&str; 10] = [
    "kind", "tbl", "row_key", "col", "old_date", "old_text", "held_at", "held_by", "state",
    "ended_at",
];

/// What became of a value that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldState {
    /// It is held.
    Held,
    /// It was put back.
    Released,
    /// Somebody wrote another one, which was left as it is.
    Changed,
    /// Its row is gone.
    Gone,
}

impl HeldState {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// A column whose values are held, in rows that are known by one whole number.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldColumn {
    /// What kind of thing.
    pub kind: Kind,
    /// The table.
    pub table: &'static str,
    /// The column that names a row.
    pub key: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whether it holds dates; texts otherwise.
    pub dates: bool,
    /// Which of its rows are held.
    pub rows: Filter,
    /// What is written.
    pub to: Literal,
}

impl HeldColumn {
    /// The lines of this column in the table of what was held, as far as they are held still.
    #[must_use]
    pub fn lines(&self) -> Filter {
        let is = |column, text: &str| Filter::column(column, Test::Is(text.to_owned()));
        is("tbl", self.table)
            .and(is("col", self.column))
            .and(is("state", HeldState::Held.name()))
    }

    /// Where the table of what was held has the value.
    #[must_use]
    pub fn old(&self) -> &'static str {
        if self.dates { "old_date" } else { "old_text" }
    }
}
