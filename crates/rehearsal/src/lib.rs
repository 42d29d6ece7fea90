//! A synthetic OutSystems 11 environment with planted leftovers, to rehearse a clone on.
//!
//! [`build`] invents a whole "production": a factory of applications, their data, people, logs and settings, and
//! among them everything that a copy of such a database must not keep. What was planted, and which clean-up removes
//! it, comes back as a [`Manifest`]. Where the rows go is up to a [`Sink`]: [`sqlite::create`] puts them into files,
//! [`sqlserver::fill`] into empty databases of a server, [`oracle::fill`] into empty schemas.
//!
//! Everything follows from a [`Spec`]: no clock, no environment, no chance. Nothing in it is real: addresses and
//! domains are reserved ones, people and secrets are made up.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bulk;
mod cell;
mod factory;
mod filling;
mod logs;
mod manifest;
mod moment;
mod names;
pub mod oracle;
mod planted;
mod random;
mod row;
mod schema;
mod spec;
pub mod sqlite;
pub mod sqlserver;
mod tables;
mod writer;

pub use cell::Cell;
pub use manifest::{FORMAT, Kept, Manifest, Planted, RemovedIn, Size, Source};
pub use row::Role;
pub use schema::{Column, ForeignKey, Kind, Table};
pub use spec::Spec;

use factory::Factory;
use tables::Tables;
use writer::Writer;

/// The extra catalogs that every environment has, by their physical names.
pub const CATALOGS: [&str; 1] = [names::CATALOG];

/// Takes the tables and rows of an environment.
pub trait Sink {
    /// Why it could not take one.
    type Error;

    /// Takes a table. All tables come before the first row.
    fn table(&mut self, role: &Role, table: &Table) -> Result<(), Self::Error>;

    /// Takes a row of a table, with one cell for each column. A row may come before the rows that it refers to;
    /// when all rows have come, every foreign key is satisfied.
    fn row(&mut self, role: &Role, table: &Table, row: &[Cell]) -> Result<(), Self::Error>;
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being written.
    pub stage: Stage,
    /// How many tables or rows of the stage are written.
    pub done: u64,
    /// How many it has.
    pub of: u64,
}

/// A part of a build, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The tables of all databases.
    Tables,
    /// The metamodel, settings, people and everything planted.
    Platform,
    /// The rows of the applications.
    Applications,
    /// The logs.
    Logs,
}

/// What a build knows while it writes.
pub(crate) struct World<'a> {
    pub(crate) seed: u64,
    pub(crate) sizes: spec::Sizes,
    pub(crate) factory: &'a Factory,
}

/// Invents the environment of a specification and hands it to a sink.
///
/// # Errors
///
/// Only those of the sink.
pub fn build<S: Sink>(
    spec: &Spec,
    sink: &mut S,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, S::Error> {
    let sizes = spec.sizes();
    let factory = Factory::new(spec, &sizes);
    let tables = Tables::of(&factory);
    let world = World {
        seed: spec.seed,
        sizes,
        factory: &factory,
    };
    let mut writer = Writer::new(sink, &tables, progress);
    writer.begin(Stage::Tables, tables.iter().count() as u64);
    writer.create_tables()?;
    let mut rows = factory::rows(&factory, spec.seed);
    rows.extend(planted::rows(&world));
    rows.extend(bulk::rows(&world));
    writer.begin(Stage::Platform, rows.len() as u64);
    for row in rows {
        writer.put(row)?;
    }
    bulk::applications(&world, &mut writer)?;
    logs::write(&world, &mut writer)?;
    Ok(Manifest {
        format: FORMAT,
        seed: spec.seed,
        scale: spec.scale,
        source: Source::new(),
        databases: writer.sizes(),
        planted: writer.planted,
        kept: writer.kept,
    })
}
