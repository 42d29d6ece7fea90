//! From steps and facts to a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::referrers::{Beside, Deleted, Ordered, children_first, referrers, referrers_beside};
use super::{
    ADOPT, Adopting, CLONE, CloneOf, Cloning, DatabaseId, Deed, FORMAT, Guidance, Item, LeftOut,
    NoCopy, OPEN, Part, Plan, Reason, Referrer, Save, Side, WHOLE_STEP,
};
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Statement};
use crate::engine::Role;
use crate::filter::{Filter, Rows, Source, Test};
use crate::inventory::{Inventory, Server, Table};
use crate::settings::{CloneMode, Security, Settings};
use crate::step::{Action, DeleteRows, Modules, Reference, SetColumns, Sql, Step, Then};

/// The environment that rows are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The source: the copy does not exist yet, and the source may change until it does.
    Source,
    /// The copy itself: what was counted must still be so when the plan is applied.
    Target,
}

impl Basis {
    /// Why fewer rows were changed than were counted: what to add to a sum, nothing where there is nothing to say.
    #[must_use]
    pub fn gone(self, rows: u64) -> Option<String> {
        let or = match self {
            Self::Source => ", or from the source",
            Self::Target => "",
        };
        (rows > 0).then(|| format!("{rows} more went with earlier ones{or}"))
    }
}

/// Why no plan can be made.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// An entity that must be unique is not.
    #[error("step `{step}`: the entity {key} stands in more than one active module: {modules}")]
    AmbiguousEntity {
        /// The step.
        step: String,
        /// The entity's key.
        key: String,
        /// The modules.
        modules: String,
    },
    /// The copy can't be made.
    #[error(transparent)]
    NoCopy(#[from] NoCopy),
    /// Not one of the applications' tables is where the settings say the environment is.
    #[error(
        "the platform names {named} tables of applications, `{example}` for one, and none of them is in the databases that the settings name"
    )]
    NoApplicationTables {
        /// How many it names.
        named: usize,
        /// One of them.
        example: String,
    },
    /// A step that is left out does not exist.
    #[error("`skip` names the step `{0}`, which does not exist")]
    UnknownSkip(String),
}

/// Makes a plan without counts: [`Plan::counted`] completes it. `other` is the server of the side that the inventory is not of,
/// where somebody could look at it: the target's, or for a copy that was looked at itself the source's.
///
/// # Errors
/// [`DraftError`] where the environment contradicts a step, or the settings name a step that does not exist.
pub fn draft(
    catalogue: &Catalogue,
    settings: &Settings,
    inventory: &Inventory,
    other: Option<&Server>,
    basis: Basis,
    dialect: &dyn Dialect,
) -> Result<Plan, DraftError> {
    if let Some(unknown) = settings.skip.iter().find(|id| catalogue.step(id).is_none()) {
        return Err(DraftError::UnknownSkip(unknown.clone()));
    }
    applications_are_there(inventory)?;
    let mut draft = Draft {
        inventory,
        dialect,
        settings,
        security: &settings.security,
        transactions: transactions(settings, dialect),
        basis,
        items: Vec::new(),
        left_out: Vec::new(),
        guides: Vec::new(),
        stamp: String::new(),
        deletes: Vec::new(),
    };
    let last = match settings.clone {
        CloneMode::Make => draft.clone_databases(settings, other)?,
        CloneMode::Adopt => {
            draft.adopt_databases(settings, other);
            Vec::new()
        }
    };
    for step in catalogue.steps() {
        if step.profile > settings.profile {
            draft.leave_out(
                step,
                WHOLE_STEP,
                Reason::NotInProfile {
                    needs: step.profile.name().to_owned(),
                },
            );
        } else if settings.skip.contains(&step.id) {
            draft.leave_out(step, WHOLE_STEP, Reason::SwitchedOff);
        } else {
            draft.step(step)?;
        }
    }
    draft.deletes.resize(draft.items.len(), false);
    let ordered = draft.items.drain(..).zip(draft.deletes.drain(..));
    let ordered = ordered.map(|(item, deletes)| Ordered { item, deletes });
    draft.items = children_first(ordered.collect());
    last.into_iter().for_each(|part| draft.part(OPEN, part));
    // A source that is in use changes all the time; that it is the same database is what counts. A copy that was
    // counted must be as it was.
    let ids = |environment: &crate::settings::Environment,
               identity: &dyn Fn(&crate::inventory::Database) -> String|
     -> Vec<DatabaseId> {
        let id = |(role, name): (Role, &str)| DatabaseId {
            identity: inventory.database(&role).map(identity).unwrap_or_default(),
            locator: name.to_owned(),
            role,
        };
        environment.databases().into_iter().map(id).collect()
    };
    let (source, target) = match basis {
        Basis::Source => (
            ids(&settings.source, &|database| database.file.clone()),
            ids(&settings.target, &|_| String::new()),
        ),
        Basis::Target => (
            ids(&settings.source, &|_| String::new()),
            ids(&settings.target, &|database| database.identity.clone()),
        ),
    };
    Ok(Plan {
        format: FORMAT,
        id: String::new(),
        stamp: draft.stamp,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue.digest().to_owned(),
        profile: settings.profile,
        engine: dialect.engine(),
        basis,
        source,
        target,
        items: draft.items,
        left_out: draft.left_out,
        guides: draft.guides,
    })
}

/// A copy without the applications' tables would pass for clean: a forgotten schema or catalog is found out before anything is
/// copied. Some entities may lack their table anywhere.
fn applications_are_there(inventory: &Inventory) -> Result<(), DraftError> {
    let own = |table: &&str| {
        let head = table.get(..APPLICATION.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(APPLICATION))
    };
    let mut named: BTreeMap<&Role, Vec<&str>> = BTreeMap::new();
    for entity in &inventory.entities {
        let table = Some(entity.table.as_str()).filter(own);
        named.entry(&entity.database).or_default().extend(table);
    }
    // A database that is not there at all is another guard's.
    named.retain(|role, _| inventory.database(role).is_some());
    for (role, tables) in named {
        let is_there = |table: &&str| inventory.table(role, table).is_some();
        if let Some(example) = tables.first()
            && !tables.iter().any(is_there)
        {
            return Err(DraftError::NoApplicationTables {
                named: tables.len(),
                example: (*example).to_owned(),
            });
        }
    }
    Ok(())
}

/// What names of applications' tables begin with.
const APPLICATION: &str = "OSUSR_";

/// The transaction that changes each of the target's databases.
fn transactions(settings: &Settings, dialect: &dyn Dialect) -> BTreeMap<Role, String> {
    let of = |(role, name): (Role, &str)| (role.clone(), dialect.transaction(&role, name));
    settings.target.databases().into_iter().map(of).collect()
}

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) dialect: &'a dyn Dialect,
    settings: &'a Settings,
    pub(super) security: &'a Security,
    transactions: BTreeMap<Role, String>,
    pub(super) basis: Basis,
    items: Vec<Item>,
    left_out: Vec<LeftOut>,
    pub(super) guides: Vec<Guidance>,
    stamp: String,
    /// Which of the items delete rows.
    deletes: Vec<bool>,
}

/// A table that an action works on, where it lives.
struct Place<'a> {
    role: Role,
    table: &'a Table,
}

impl<'a> Draft<'a> {
    /// What makes the copy, and what is left to do with it when all else is done.
    fn clone_databases(
        &mut self,
        settings: &Settings,
        destination: Option<&Server>,
    ) -> Result<Vec<Part>, NoCopy> {
        let inventory = self.inventory;
        let sources = settings.source.databases();
        let databases = settings
            .target
            .databases()
            .into_iter()
            .filter_map(|(role, to)| {
                let (_, from) = *sources.iter().find(|(other, _)| *other == role)?;
                let found = inventory.database(&role)?;
                Some(CloneOf {
                    role,
                    from,
                    to,
                    found,
                })
            })
            .collect();
        let digits = |c: &char| c.is_ascii_digit();
        let stamp: String = inventory.taken_at.chars().filter(digits).take(14).collect();
        let cloned = self.dialect.clone_databases(&Cloning {
            databases,
            settings: &settings.copy,
            source: inventory.server.as_ref(),
            destination,
            stamp: stamp.clone(),
        })?;
        if cloned.stamped {
            self.stamp = stamp;
        }
        cloned
            .first
            .into_iter()
            .for_each(|part| self.part(CLONE, part));
        self.left_out.extend(cloned.left_out);
        self.guides.extend(cloned.guides);
        Ok(cloned.last)
    }

    /// What a copy needs that somebody else made. Nothing of it comes after the clean-up.
    fn adopt_databases(&mut self, settings: &Settings, other: Option<&Server>) {
        let (source, target) = (settings.source.databases(), settings.target.databases());
        self.left_out.extend(target.iter().map(|(role, _)| LeftOut {
            step: CLONE.to_owned(),
            part: role.to_string(),
            reason: Reason::ByHand,
        }));
        // Another engine's inventory knows nothing of this one's databases and servers.
        let inventory = self.inventory;
        let known = inventory.engine == self.dialect.engine();
        let own = inventory.server.as_ref().filter(|_| known);
        let other = other.filter(|_| known);
        let (seen, sources_server, targets_server) = match self.basis {
            Basis::Source => (Side::Source, own, other),
            Basis::Target => (Side::Target, other, own),
        };
        let parts = self.dialect.adopt_databases(&Adopting {
            source,
            target,
            seen,
            found: if known { &inventory.databases } else { &[] },
            sources_server,
            targets_server,
        });
        for part in parts {
            self.push(Item {
                title: part.title,
                database: part.database,
                deed: part.deed,
                count: part.check.clone(),
                check: part.check,
                ..blank(ADOPT)
            });
        }
    }

    fn part(&mut self, step: &str, part: Part) {
        self.push(Item {
            title: part.title,
            database: part.database,
            deed: part.deed,
            check: part.check,
            ..blank(step)
        });
    }

    pub(super) fn push(&mut self, mut item: Item) {
        item.seq = u32::try_from(self.items.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        self.items.push(item);
    }

    /// The transaction that changes a database.
    pub(super) fn transaction(&self, role: &Role) -> String {
        let spanning = self.transactions.get(role).cloned();
        spanning.unwrap_or_else(|| role.to_string())
    }

    pub(super) fn leave_out(&mut self, step: &Step, part: &str, reason: Reason) {
        self.left_out.push(LeftOut {
            step: step.id.clone(),
            part: part.to_owned(),
            reason,
        });
    }

    fn step(&mut self, step: &Step) -> Result<(), DraftError> {
        for action in &step.actions {
            match action {
                Action::DeleteRows(it) => {
                    for place in
                        self.places(step, it.table.as_deref(), it.entity.as_deref(), it.modules)?
                    {
                        self.delete_rows(step, it, &place);
                    }
                }
                Action::SetColumns(it) => {
                    for place in
                        self.places(step, it.table.as_deref(), it.entity.as_deref(), it.modules)?
                    {
                        self.set_columns(step, it, &place);
                    }
                }
                Action::DropPrincipals(it) => self.drop_principals(step, it),
                Action::CreatePrincipals(it) => self.create_principals(step, it),
                Action::Sql(it) => self.sql(step, it),
                Action::Guide(it) => {
                    let (title, text) = (step.title.clone(), it.text.trim().to_owned());
                    self.guides.push(Guidance {
                        step: step.id.clone(),
                        title,
                        text,
                    });
                }
            }
        }
        Ok(())
    }

    /// The tables that an action means in this environment; what is not there is left out with a reason.
    fn places(
        &mut self,
        step: &Step,
        table: Option<&str>,
        entity: Option<&str>,
        modules: Modules,
    ) -> Result<Vec<Place<'a>>, DraftError> {
        let inventory = self.inventory;
        if let Some(key) = entity {
            return self.entity_places(step, key, modules);
        }
        let Some(name) = table else {
            return Ok(Vec::new());
        };
        if inventory.database(&step.database).is_none() {
            self.leave_out(
                step,
                name,
                Reason::NoSuchDatabase {
                    database: step.database.to_string(),
                },
            );
            return Ok(Vec::new());
        }
        let found = tables_named(inventory, &step.database, name);
        if found.is_empty() {
            self.leave_out(
                step,
                name,
                Reason::NoSuchTable {
                    table: name.to_owned(),
                },
            );
        }
        Ok(found
            .into_iter()
            .map(|table| Place {
                role: step.database.clone(),
                table,
            })
            .collect())
    }

    fn entity_places(
        &mut self,
        step: &Step,
        key: &str,
        modules: Modules,
    ) -> Result<Vec<Place<'a>>, DraftError> {
        let inventory = self.inventory;
        let named = inventory
            .entities
            .iter()
            .filter(|entity| entity.key.eq_ignore_ascii_case(key));
        let found: Vec<_> = match modules {
            Modules::One => named.collect(),
            Modules::UserProviders => named.filter(|entity| entity.user_provider).collect(),
        };
        if modules == Modules::One && found.len() > 1 {
            let modules = found
                .iter()
                .map(|entity| entity.module.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(DraftError::AmbiguousEntity {
                step: step.id.clone(),
                key: key.to_owned(),
                modules,
            });
        }
        if found.is_empty() {
            self.leave_out(
                step,
                key,
                Reason::NoSuchEntity {
                    key: key.to_owned(),
                },
            );
        }
        let mut places = Vec::new();
        for entity in found {
            match inventory.table(&entity.database, &entity.table) {
                Some(table) => places.push(Place {
                    role: entity.database.clone(),
                    table,
                }),
                None => self.leave_out(
                    step,
                    &entity.name,
                    Reason::NoSuchTable {
                        table: entity.table.clone(),
                    },
                ),
            }
        }
        Ok(places)
    }

    /// The first table or column that a filter needs and this environment does not have.
    fn missing(&self, place: &Place<'_>, columns: &[&str], filter: &Filter) -> Option<Reason> {
        let no_column = |table: &Table, column: &str| {
            table
                .column(column)
                .is_none()
                .then(|| Reason::NoSuchColumn {
                    table: table.name.clone(),
                    column: column.to_owned(),
                })
        };
        let own = columns
            .iter()
            .copied()
            .chain(filter.columns())
            .find_map(|column| no_column(place.table, column));
        own.or_else(|| {
            filter.lookups().into_iter().find_map(|(name, columns)| {
                match self.inventory.table(&place.role, name) {
                    None => Some(Reason::NoSuchTable {
                        table: name.to_owned(),
                    }),
                    Some(table) => columns
                        .into_iter()
                        .find_map(|column| no_column(table, column)),
                }
            })
        })
    }

    fn delete_rows(&mut self, step: &Step, it: &DeleteRows, place: &Place<'a>) {
        if let Some(reason) = self.missing(place, &[], &it.filter) {
            return self.leave_out(step, &place.table.name, reason);
        }
        for reference in &it.references {
            self.references(
                step,
                reference,
                &place.role,
                place.table,
                &it.filter,
                it.save,
            );
        }
        let comment = format!("delete rows of {}", place.table.name);
        let sql = self.dialect.delete_rows(&place.table.name, &it.filter);
        self.change(
            step,
            place,
            Change {
                comment,
                sql,
                touched: it.filter.clone(),
                save: it.save,
                deletes: Some(&it.references),
            },
        );
    }

    /// What happens first to the rows that refer to deleted ones, the farthest first.
    fn references(
        &mut self,
        step: &Step,
        reference: &Reference,
        role: &Role,
        parent: &Table,
        filter: &Filter,
        save: bool,
    ) {
        let inventory = self.inventory;
        let Some(table) = inventory.table(role, &reference.table) else {
            return self.leave_out(
                step,
                &reference.table,
                Reason::NoSuchTable {
                    table: reference.table.clone(),
                },
            );
        };
        let place = Place {
            role: role.clone(),
            table,
        };
        let rows = Rows {
            table: parent.name.clone(),
            column: reference.to.clone(),
            filter: filter.clone(),
        };
        let referring = Filter::column(&reference.column, Test::InRows(Box::new(rows)));
        if let Some(reason) = self.missing(&place, &[], &referring) {
            return self.leave_out(step, &reference.table, reason);
        }
        let mut deletes = None;
        let (comment, sql) = match reference.then {
            Then::Delete => {
                deletes = Some(reference.references.as_slice());
                for further in &reference.references {
                    self.references(step, further, role, table, &referring, save);
                }
                let comment = format!(
                    "delete rows of {} that refer to {}",
                    table.name, parent.name
                );
                (comment, self.dialect.delete_rows(&table.name, &referring))
            }
            Then::SetNull => {
                let set = [(
                    reference.column.clone(),
                    Source::Literal(crate::filter::Literal::Null),
                )];
                let comment = format!("detach rows of {} from {}", table.name, parent.name);
                (
                    comment,
                    self.dialect.set_columns(&table.name, &set, &referring),
                )
            }
        };
        self.change(
            step,
            &place,
            Change {
                comment,
                sql,
                touched: referring,
                save,
                deletes,
            },
        );
    }

    fn set_columns(&mut self, step: &Step, it: &SetColumns, place: &Place<'a>) {
        let set: Vec<_> = it
            .set
            .iter()
            .map(|(column, value)| (column.clone(), value.0.clone()))
            .collect();
        let differs = set
            .iter()
            .map(|(column, source)| Filter::column(column, Test::Differs(source.clone())))
            .collect();
        let touched = it.filter.clone().and(Filter::Any(differs));
        if let Some(reason) = self.missing(place, &[], &touched) {
            return self.leave_out(step, &place.table.name, reason);
        }
        let comment = format!("set columns of {}", place.table.name);
        let sql = self.dialect.set_columns(&place.table.name, &set, &touched);
        self.change(
            step,
            place,
            Change {
                comment,
                sql,
                touched,
                save: it.save,
                deletes: None,
            },
        );
    }

    fn change(&mut self, step: &Step, place: &Place<'_>, change: Change<'_>) {
        let count = self.dialect.count(&place.table.name, &change.touched);
        let save = change.save.then(|| {
            let columns: Vec<&str> = place.table.columns.iter().map(String::as_str).collect();
            Save {
                sql: self
                    .dialect
                    .select(&place.table.name, &columns, &change.touched),
                secret: columns
                    .iter()
                    .filter(|column| may_be_secret(column))
                    .map(|&column| column.to_owned())
                    .collect(),
                columns: columns.into_iter().map(str::to_owned).collect(),
            }
        });
        let referrers = change.deletes.map_or_else(Vec::new, |references| {
            let provided: Vec<(&str, &str)> = references
                .iter()
                .map(|it| (it.table.as_str(), it.column.as_str()))
                .collect();
            let deleted = Deleted {
                role: &place.role,
                table: place.table,
                filter: &change.touched,
            };
            let mut found = referrers(self.inventory, self.dialect, &deleted, &provided);
            found.extend(self.referrers_beside(&deleted));
            found
        });
        self.deletes.resize(self.items.len(), false);
        self.deletes.push(change.deletes.is_some());
        self.push(Item {
            referrers,
            title: format!("{}: {}", step.title, change.comment),
            profile: Some(step.profile),
            database: place.role.clone(),
            group: Some(self.transaction(&place.role)),
            table: Some(place.table.name.clone()),
            deed: Deed::Sql {
                statements: vec![Statement {
                    sql: change.sql,
                    comment: change.comment,
                }],
            },
            check: count.clone(),
            count,
            save,
            ..blank(&step.id)
        });
    }

    /// What refers to deleted rows from the other databases that their transaction spans.
    fn referrers_beside(&self, deleted: &Deleted<'_>) -> Vec<Referrer> {
        let own = self.transaction(deleted.role);
        let sources = self.settings.source.databases();
        let mut found = Vec::new();
        for (role, target) in self.settings.target.databases() {
            if role == *deleted.role || self.transaction(&role) != own {
                continue;
            }
            let source = sources.iter().find(|(other, _)| *other == role);
            let beside = Beside {
                role: &role,
                target,
                source: source
                    .filter(|_| self.basis == Basis::Source)
                    .map(|(_, name)| *name),
            };
            found.extend(referrers_beside(
                self.inventory,
                self.dialect,
                deleted,
                &beside,
            ));
        }
        found
    }

    fn sql(&mut self, step: &Step, it: &Sql) {
        if let Some(table) = it
            .tables
            .iter()
            .find(|table| self.inventory.table(&step.database, table).is_none())
        {
            return self.leave_out(
                step,
                table,
                Reason::NoSuchTable {
                    table: table.clone(),
                },
            );
        }
        let engine = self.dialect.engine();
        let count = it.count.get(engine).trim().to_owned();
        self.push(Item {
            title: step.title.clone(),
            profile: Some(step.profile),
            database: step.database.clone(),
            group: Some(self.transaction(&step.database)),
            table: it.tables.first().cloned(),
            deed: Deed::Sql {
                statements: vec![Statement {
                    sql: it.run.get(engine).trim().to_owned(),
                    comment: step.title.clone(),
                }],
            },
            check: count.clone(),
            count,
            ..blank(&step.id)
        });
    }
}

/// A change of one table's rows.
struct Change<'a> {
    comment: String,
    sql: String,
    /// The rows that it changes, none of which may be left afterwards.
    touched: Filter,
    save: bool,
    /// Where it deletes them: what the step does first to rows that refer to them.
    deletes: Option<&'a [Reference]>,
}

pub(super) fn blank(step: &str) -> Item {
    Item {
        seq: 0,
        step: step.to_owned(),
        title: String::new(),
        profile: None,
        database: Role::Platform,
        group: None,
        table: None,
        deed: Deed::Sql {
            statements: Vec::new(),
        },
        count: String::new(),
        check: String::new(),
        expect: None,
        save: None,
        referrers: Vec::new(),
    }
}

fn tables_named<'a>(inventory: &'a Inventory, role: &Role, pattern: &str) -> Vec<&'a Table> {
    let Some(start) = pattern.strip_suffix('*') else {
        return inventory.table(role, pattern).into_iter().collect();
    };
    let begins = |table: &&Table| {
        table
            .name
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    inventory
        .database(role)
        .map(|database| database.tables.iter().filter(begins).collect())
        .unwrap_or_default()
}

/// Whether a column's name says that its values may be secrets; of a column that may hold anything, it does.
fn may_be_secret(column: &str) -> bool {
    let name = column.to_ascii_lowercase();
    let words = [
        "password",
        "passwd",
        "secret",
        "token",
        "connection_string",
        "configuration",
        "key",
        "certificate",
        "user",
        "uid",
    ];
    ["val", "value"].contains(&name.as_str()) || words.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_went_before_their_turn_are_told_as_far_as_it_is_known() {
        assert_eq!(Basis::Target.gone(0), None);
        let told = Basis::Target.gone(5).unwrap();
        assert_eq!(told, "5 more went with earlier ones");
        assert!(
            Basis::Source
                .gone(5)
                .unwrap()
                .ends_with("or from the source")
        );
    }
}
