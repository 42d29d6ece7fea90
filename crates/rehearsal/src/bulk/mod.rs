//! The many rows among which the planted ones hide.

mod applications;
pub(crate) mod people;
pub(crate) mod words;
pub(crate) mod work;

pub(crate) use applications::applications;

use crate::World;
use crate::row::Row;

/// The rows of the platform's own tables.
pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = people::rows(world);
    rows.extend(work::rows(world));
    rows
}
