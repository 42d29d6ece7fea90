//! The factory: applications, modules, entities and the tables behind them, before any row is written.

mod describe;
mod draft;
mod entities;
mod modules;
mod templates;

pub(crate) use describe::{file, id_of, rows};

use crate::row::Place;
use crate::schema::{Kind, Table};
use crate::spec::{Sizes, Spec};
use crate::tables;

/// Keys that are the same in every environment.
pub(crate) const SERVICE_CENTER_KEY: &str = "478870b9-2d60-4f73-9eb3-7cd8b994a737";
pub(crate) const USERS_KEY: &str = "65106059-0439-4be5-b011-2f01fba4afa6";

/// The module that was made by cloning Users.
pub(crate) const USERS_CLONE: &str = "CustomerUsers";

/// What applications, modules, extensions and tables there are.
#[derive(Debug)]
pub(crate) struct Factory {
    pub(crate) applications: Vec<Application>,
    pub(crate) modules: Vec<Module>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) entities: Vec<Entity>,
    /// The tables of entities, and tables that their entities left behind.
    pub(crate) stocks: Vec<Stock>,
}

#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) mobile: bool,
}

#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: String,
    /// The three characters in the names of its tables.
    pub(crate) short: String,
    pub(crate) kind: &'static str,
    pub(crate) place: Place,
    pub(crate) active: bool,
    pub(crate) system: bool,
    pub(crate) multi_tenant: bool,
    pub(crate) user_provider: bool,
    /// The application it belongs to, by id.
    pub(crate) application: i64,
}

#[derive(Debug)]
pub(crate) struct Extension {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) system: bool,
    /// The logical databases that its entities name.
    pub(crate) logical_databases: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) module: i64,
}

#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) physical: String,
    pub(crate) owner: Owner,
    pub(crate) active: bool,
    pub(crate) multi_tenant: bool,
    pub(crate) system: bool,
    /// The labels of a static entity's records.
    pub(crate) labels: Vec<&'static str>,
    pub(crate) attributes: Vec<Attribute>,
    /// The table of events that processes wait for.
    pub(crate) event_table: Option<String>,
}

/// What an entity belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Module(i64),
    Extension(i64, &'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) column: String,
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) length: Option<i64>,
    pub(crate) mandatory: bool,
    pub(crate) autonumber: bool,
    pub(crate) delete_rule: &'static str,
    pub(crate) active: bool,
}

/// A table and how its rows are invented.
#[derive(Debug)]
pub(crate) struct Stock {
    pub(crate) place: Place,
    pub(crate) table: Table,
    /// One for each column; none for a table whose rows are planted one by one.
    pub(crate) fills: Vec<Fill>,
    pub(crate) rows: u64,
    /// How large a part of the application rows it gets.
    pub(crate) weight: u64,
}

/// What a column of an application table is filled with.
#[derive(Clone, Debug)]
pub(crate) enum Fill {
    /// 1, 2, 3, …
    Key,
    /// A record of the table of another stock.
    Parent(usize),
    /// The records of a static entity.
    Labels(Vec<&'static str>),
    Tenant,
    User,
    Word(Word),
}

/// What kind of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Company,
    Person,
    Email,
    Phone,
    Street,
    City,
    Url,
    Code,
    Words,
    Sentence,
    Paragraph,
    Amount,
    Count,
    Flag,
    When,
    Guid,
    Binary,
}

impl Factory {
    pub(crate) fn new(spec: &Spec, sizes: &Sizes) -> Self {
        let mut factory = Self {
            applications: Vec::new(),
            modules: Vec::new(),
            extensions: modules::extensions(sizes),
            tenants: modules::tenants(sizes),
            entities: Vec::new(),
            stocks: Vec::new(),
        };
        modules::add(&mut factory, spec, sizes);
        entities::add(&mut factory, spec, sizes);
        share_rows(&mut factory.stocks, sizes.application_rows);
        factory
    }

    pub(crate) fn module(&self, name: &str) -> i64 {
        let found = self.modules.iter().find(|it| it.name == name);
        debug_assert!(found.is_some(), "no module `{name}`");
        found.map_or(0, |it| it.id)
    }

    pub(crate) fn entity(&self, module: &str, name: &str) -> Option<&Entity> {
        let owner = Owner::Module(self.module(module));
        self.entities
            .iter()
            .find(|it| it.owner == owner && it.name == name)
    }

    /// The physical name of an entity's table.
    pub(crate) fn physical(&self, module: &str, entity: &str) -> String {
        let found = self.entity(module, entity);
        debug_assert!(found.is_some(), "no entity `{entity}` in `{module}`");
        found.map(|it| it.physical.clone()).unwrap_or_default()
    }

    /// The tables of events, one for each entity that processes wait for.
    pub(crate) fn event_tables(&self) -> Vec<Table> {
        let platform = ["OSEVT_ROLE", "OSEVT_GROUP"].map(str::to_owned);
        let own = self.entities.iter().filter_map(|it| it.event_table.clone());
        platform.into_iter().chain(own).map(event_table).collect()
    }
}

fn event_table(name: String) -> Table {
    let columns = [
        ("_ESPACE_ID", Kind::Int),
        ("_TENANT_ID", Kind::Int),
        ("_ACTIVITY_ID", Kind::Int),
        ("_PROCESS_DEF_ID", Kind::Int),
        ("_IS_UPDATE", Kind::Bit),
        ("ID", Kind::BigInt),
        ("_IS_LIGHT", Kind::Bit),
    ];
    // Tables made by older versions of the platform have no light events.
    let old = name == "OSEVT_ROLE";
    let columns = if old { &columns[..6] } else { &columns[..] };
    tables::table(name, columns, &[])
}

/// Gives each table its part of the rows by its weight, and never less than three.
fn share_rows(stocks: &mut [Stock], rows: u64) {
    let weights: u64 = stocks.iter().map(|it| it.weight).sum();
    for stock in stocks.iter_mut().filter(|it| it.weight > 0) {
        stock.rows = (rows * stock.weight / weights.max(1)).max(3);
    }
}
