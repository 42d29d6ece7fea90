//! Foreign keys as they are found, beside those that steps know of: who goes first, and who would be left in the lurch.

use serde::{Deserialize, Serialize};

use super::Item;
use crate::dialect::{Dialect, catalog_of};
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
    /// Where the table that refers is not in the item's own database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
}

/// Another database than the item's own, which the item's transaction spans as well. Questions about it have its name in
/// them, and it has another one in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Which one.
    pub database: Role,
    /// What is asked when the plan is made, where it is made from the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_source: Option<Questions>,
}

/// What is asked of a referrer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// As [`Referrer::count`].
    pub count: String,
    /// As [`Referrer::rows`].
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
        let of = self.elsewhere.as_ref().map_or_else(String::new, |it| {
            format!(" of the {}", it.database.phrase())
        });
        format!("{key} from `{}.{}`{of}", self.table, self.column)
    }

    /// The same with what is asked when the plan is made.
    #[must_use]
    pub fn when_planned(&self) -> Self {
        let mut planned = self.clone();
        let of_source = self.elsewhere.as_ref().and_then(|it| it.of_source.clone());
        if let Some(Questions { count, rows }) = of_source {
            planned.count = count;
            planned.rows = rows;
        }
        planned
    }

    /// Whether an item changes the table that refers to rows of another item.
    pub(super) fn is_of(&self, child: &Item, parent: &Item) -> bool {
        let database = match &self.elsewhere {
            Some(elsewhere) => &elsewhere.database,
            None => &parent.database,
        };
        let table = child.table.as_deref().unwrap_or_default();
        child.group == parent.group
            && child.database == *database
            && self.table.eq_ignore_ascii_case(table)
    }
}

/// Rows of a table that an item deletes.
pub(super) struct Deleted<'a> {
    pub(super) role: &'a Role,
    pub(super) table: &'a Table,
    pub(super) filter: &'a Filter,
}

impl Deleted<'_> {
    /// The rows that refer to them by a key.
    fn referring(&self, key: &ForeignKey) -> Filter {
        let rows = Rows {
            table: self.table.name.clone(),
            column: key.to.clone(),
            filter: self.filter.clone(),
        };
        Filter::column(&key.column, Test::InRows(Box::new(rows)))
    }
}

/// The foreign keys to some rows of a table, without those that are provided for: child table and column.
pub(super) fn referrers(
    inventory: &Inventory,
    dialect: &dyn Dialect,
    deleted: &Deleted<'_>,
    provided: &[(&str, &str)],
) -> Vec<Referrer> {
    let database = inventory.database(deleted.role);
    let parent = deleted.table;
    let mut found = Vec::new();
    for child in database.into_iter().flat_map(|it| &it.tables) {
        // Rows of one table that refer to each other go in one statement, and the engine judges its end.
        if child.name.eq_ignore_ascii_case(&parent.name) {
            continue;
        }
        for key in keys_to(child, parent, "") {
            let is_provided = provided.iter().any(|(table, column)| {
                table.eq_ignore_ascii_case(&child.name) && column.eq_ignore_ascii_case(&key.column)
            });
            if is_provided {
                continue;
            }
            let referring = deleted.referring(key);
            found.push(Referrer {
                table: child.name.clone(),
                column: key.column.clone(),
                key: key.name.clone(),
                count: dialect.count(&child.name, &referring),
                rows: dialect.select(&child.name, &[first_column(child)], &referring),
                elsewhere: None,
            });
        }
    }
    found
}

/// A database that the transaction spans as well, and the names of its like on both sides.
pub(super) struct Beside<'a> {
    pub(super) role: &'a Role,
    pub(super) target: &'a str,
    /// Where rows are counted in the source.
    pub(super) source: Option<&'a str>,
}

/// The foreign keys to some rows of a table that lead there from another database which the transaction spans. No step can
/// provide for them beforehand.
pub(super) fn referrers_beside(
    inventory: &Inventory,
    dialect: &dyn Dialect,
    deleted: &Deleted<'_>,
    beside: &Beside<'_>,
) -> Vec<Referrer> {
    let (Some(parents), Some(children)) = (
        inventory.database(deleted.role),
        inventory.database(beside.role),
    ) else {
        return Vec::new();
    };
    let schema = catalog_of(&parents.locator);
    let asked = |locator: &str, child: &Table, referring: &Filter| {
        Some(Questions {
            count: dialect.count_elsewhere(locator, &child.name, referring)?,
            rows: dialect.select_elsewhere(locator, &child.name, first_column(child), referring)?,
        })
    };
    let mut found = Vec::new();
    for child in &children.tables {
        for key in keys_to(child, deleted.table, schema) {
            let referring = deleted.referring(key);
            let Some(Questions { count, rows }) = asked(beside.target, child, &referring) else {
                continue;
            };
            let source = beside.source;
            found.push(Referrer {
                table: child.name.clone(),
                column: key.column.clone(),
                key: key.name.clone(),
                count,
                rows,
                elsewhere: Some(Elsewhere {
                    database: beside.role.clone(),
                    of_source: source.and_then(|it| asked(it, child, &referring)),
                }),
            });
        }
    }
    found
}

fn first_column(table: &Table) -> &str {
    table.columns.first().map_or("", String::as_str)
}

/// `schema` is the parent's where that is another one than the child's.
fn keys_to<'a>(
    child: &'a Table,
    parent: &'a Table,
    schema: &'a str,
) -> impl Iterator<Item = &'a ForeignKey> {
    child.foreign_keys.iter().filter(move |key| {
        key.table.eq_ignore_ascii_case(&parent.name)
            && key.schema.eq_ignore_ascii_case(schema)
            && !key.to.is_empty()
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
        self.deletes
            && self.item.group.is_some()
            && parent
                .referrers
                .iter()
                .any(|referrer| referrer.is_of(&self.item, parent))
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
            elsewhere: None,
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
        // Another table of that name, in the same transaction.
        let mut namesake = item("b", "B", &[]);
        namesake.item.database = Role::Log;
        assert_eq!(
            order(vec![item("a", "A", &["B"]), namesake]),
            ["a A", "b B"]
        );
        let right = vec![item("b", "B", &[]), item("a", "A", &["B"])];
        assert_eq!(order(right), ["b B", "a A"]);
    }

    #[test]
    fn a_child_in_another_database_of_the_transaction_goes_before_its_parent() {
        let mut parent = item("a", "A", &["B"]);
        parent.item.referrers[0].elsewhere = Some(Elsewhere {
            database: Role::Log,
            of_source: None,
        });
        let (namesake, mut child) = (item("x", "B", &[]), item("b", "B", &[]));
        child.item.database = Role::Log;
        assert_eq!(order(vec![parent, namesake, child]), ["b B", "a A", "x B"]);
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
