//! Foreign keys as they are found, beside those that steps know of: who goes first, and who would be left in the lurch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CLONE, Guidance, Item};
use crate::dialect::Dialect;
use crate::engine::Role;
use crate::filter::{Filter, Rows, Test};
use crate::inventory::{ForeignKey, Inventory, Table};

/// A foreign key to rows that an item deletes, which no part of its step provides for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referrer {
    /// The table that refers.
    pub table: String,
    /// Its referring column.
    pub column: String,
    /// The foreign key's name, where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Counts the rows that refer to rows which the item would delete: no approval speaks of these.
    pub count: String,
    /// The first column of these rows.
    pub rows: String,
}

impl Referrer {
    /// The foreign key as a sentence names it.
    #[must_use]
    pub fn phrase(&self) -> String {
        let key = match self.key.as_str() {
            "" => "a foreign key".to_owned(),
            key => format!("the foreign key `{key}`"),
        };
        format!("{key} from `{}.{}`", self.table, self.column)
    }
}

/// The foreign keys to some rows of a table, without those that are provided for: child table and column.
pub(super) fn referrers(
    inventory: &Inventory,
    dialect: &dyn Dialect,
    role: &Role,
    parent: &Table,
    filter: &Filter,
    provided: &[(&str, &str)],
) -> Vec<Referrer> {
    let tables = inventory.database(role).map(|database| &database.tables);
    let mut found = Vec::new();
    for child in tables.into_iter().flatten() {
        // Rows of one table that refer to each other go in one statement, and the engine judges its end.
        if child.name.eq_ignore_ascii_case(&parent.name) {
            continue;
        }
        for key in keys_to(child, parent) {
            let is_provided = provided.iter().any(|(table, column)| {
                table.eq_ignore_ascii_case(&child.name) && column.eq_ignore_ascii_case(&key.column)
            });
            if is_provided {
                continue;
            }
            let referring = Filter::column(
                &key.column,
                Test::InRows(Box::new(Rows {
                    table: parent.name.clone(),
                    column: key.to.clone(),
                    filter: filter.clone(),
                })),
            );
            let first = child.columns.first().map_or("", String::as_str);
            found.push(Referrer {
                table: child.name.clone(),
                column: key.column.clone(),
                key: key.name.clone(),
                count: dialect.count(&child.name, &referring),
                rows: dialect.select(&child.name, &[first], &referring),
            });
        }
    }
    found
}

fn keys_to<'a>(child: &'a Table, parent: &'a Table) -> impl Iterator<Item = &'a ForeignKey> {
    child
        .foreign_keys
        .iter()
        .filter(|key| key.table.eq_ignore_ascii_case(&parent.name) && !key.to.is_empty())
}

/// Foreign keys that lead from one database of the environment to tables of another that rows are deleted from. Statements on one
/// can't count rows of the other, so a person looks at them.
pub(super) fn keys_from_elsewhere(
    inventory: &Inventory,
    items: &[Item],
    deletes: &[bool],
) -> Option<Guidance> {
    let mut keys = Vec::new();
    let mut parents: BTreeMap<(&Role, String), &str> = BTreeMap::new();
    for (item, _) in items.iter().zip(deletes).filter(|(_, deletes)| **deletes) {
        if let Some(table) = &item.table {
            let parent = (&item.database, table.to_uppercase());
            parents.entry(parent).or_insert(&item.step);
        }
    }
    for ((role, parent), step) in parents {
        let others = inventory.databases.iter().filter(|it| it.role != *role);
        // A table of this name of its own is the one that is meant.
        for database in others.filter(|it| inventory.table(&it.role, &parent).is_none()) {
            for child in &database.tables {
                let leads = child
                    .foreign_keys
                    .iter()
                    .filter(|key| key.table.eq_ignore_ascii_case(&parent));
                keys.extend(leads.map(|key| {
                    format!(
                        "{}.{} of the {} leads to {parent}, from which `{step}` deletes: {}",
                        child.name,
                        key.column,
                        database.role.phrase(),
                        key.name
                    )
                }));
            }
        }
    }
    (!keys.is_empty()).then(|| Guidance {
        step: CLONE.to_owned(),
        title: "Look at foreign keys between databases".to_owned(),
        text: format!(
            "Their rows are not counted beforehand. The database refuses a deletion that would leave one of them in the lurch, \
             and the transaction is undone; a key that deletes along does so unseen:\n{}\nDone when none of them deletes along, \
             or what it deletes may go.",
            keys.join("\n")
        ),
    })
}

/// An item, and whether it deletes rows of its table.
pub(super) struct Ordered {
    pub(super) item: Item,
    pub(super) deletes: bool,
}

impl Ordered {
    /// Whether it deletes what refers to rows that another item deletes.
    fn goes_before(&self, parent: &Item) -> bool {
        let table = self.item.table.as_deref().unwrap_or_default();
        self.deletes
            && self.item.group.is_some()
            && self.item.group == parent.group
            && self.item.database == parent.database
            && parent
                .referrers
                .iter()
                .any(|referrer| referrer.table.eq_ignore_ascii_case(table))
    }
}

/// Puts items that delete from tables which refer before those that delete from tables which are referred to, within their
/// transaction, and leaves everything else in its order. What a step does first to rows that refer to its own comes along.
pub(super) fn children_first(mut items: Vec<Ordered>) -> Vec<Item> {
    // Tables that refer to each other have no right order: each goes before the other once.
    let mut moved: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let parent = &items[at].item;
        let pair = |child: &Item| (child.title.clone(), parent.title.clone());
        let late = (at + 1..items.len()).find(|&late| {
            items[late].goes_before(parent) && !moved.contains(&pair(&items[late].item))
        });
        let Some(late) = late else {
            at += 1;
            continue;
        };
        moved.push(pair(&items[late].item));
        let with_it = |one: &Ordered| {
            one.item.step == items[late].item.step
                && one.item.group == items[late].item.group
                && one.item.database == items[late].item.database
        };
        let mut first = late;
        while first > at + 1 && with_it(&items[first - 1]) {
            first -= 1;
        }
        items[at..=late].rotate_right(late + 1 - first);
    }
    items.into_iter().map(|one| one.item).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::plan::{Deed, Item};

    /// An item of a step on a table, which these tables refer to.
    fn item(step: &str, table: &str, referred_by: &[&str]) -> Ordered {
        let referrer = |table: &&str| Referrer {
            table: (*table).to_owned(),
            column: "PARENT".to_owned(),
            key: String::new(),
            count: String::new(),
            rows: String::new(),
        };
        Ordered {
            item: Item {
                seq: 0,
                step: step.to_owned(),
                title: format!("{step} {table}"),
                profile: None,
                database: Role::Platform,
                group: Some("platform".to_owned()),
                table: Some(table.to_owned()),
                deed: Deed::Sql {
                    statements: Vec::new(),
                },
                count: String::new(),
                check: String::new(),
                expect: None,
                save: None,
                referrers: referred_by.iter().map(referrer).collect(),
            },
            deletes: true,
        }
    }

    fn order(items: Vec<Ordered>) -> Vec<String> {
        let items = children_first(items);
        items.into_iter().map(|item| item.title).collect()
    }

    #[test]
    fn a_child_goes_before_its_parent_and_takes_along_what_its_step_does_first() {
        let found = order(vec![
            item("a", "A", &["B"]),
            item("x", "X", &[]),
            item("b", "C", &[]),
            item("b", "b", &[]),
            item("y", "Y", &[]),
        ]);
        assert_eq!(found, ["b C", "b b", "a A", "x X", "y Y"]);
    }

    #[test]
    fn what_is_in_order_or_only_changes_columns_stays() {
        let mut sets = item("b", "B", &[]);
        sets.deletes = false;
        assert_eq!(order(vec![item("a", "A", &["B"]), sets]), ["a A", "b B"]);
        let mut elsewhere = item("b", "B", &[]);
        elsewhere.item.group = Some("log".to_owned());
        assert_eq!(
            order(vec![item("a", "A", &["B"]), elsewhere]),
            ["a A", "b B"]
        );
        let right = vec![item("b", "B", &[]), item("a", "A", &["B"])];
        assert_eq!(order(right), ["b B", "a A"]);
    }

    #[test]
    fn a_chain_is_turned_round_and_a_circle_ends() {
        let chain = vec![
            item("a", "A", &["B"]),
            item("b", "B", &["C"]),
            item("c", "C", &[]),
        ];
        assert_eq!(order(chain), ["c C", "b B", "a A"]);
        let circle = vec![item("a", "A", &["B"]), item("b", "B", &["A"])];
        assert_eq!(order(circle).len(), 2);
    }
}
