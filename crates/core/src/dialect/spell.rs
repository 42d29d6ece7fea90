//! What all three engines spell alike, given the parts that they do not.

use super::{Dialect, HELD, HeldColumn, HeldState, MARK_COLUMNS, MARKS, Mark, Statement};
use crate::filter::{Filter, Source, Test};
use crate::plan::Item;

/// A condition on rows of a table; a column is written as it is, since every query names one table.
fn condition(d: &dyn Dialect, table: &str, filter: &Filter) -> String {
    let join = |parts: &[Filter], word: &str, none: &str| match parts {
        [] => none.to_owned(),
        [one] => condition(d, table, one),
        many => many
            .iter()
            .map(|part| nested(d, table, part))
            .collect::<Vec<_>>()
            .join(word),
    };
    match filter {
        Filter::All(parts) => join(parts, " AND ", "1 = 1"),
        Filter::Any(parts) => join(parts, " OR ", "1 = 0"),
        Filter::Column(column, test) => test_on(d, table, &d.identifier(column), test),
    }
}

/// A condition that can stand between AND and OR.
fn nested(d: &dyn Dialect, table: &str, filter: &Filter) -> String {
    match filter {
        Filter::All(parts) | Filter::Any(parts) if parts.len() != 1 => {
            format!("({})", condition(d, table, filter))
        }
        _ => condition(d, table, filter),
    }
}

fn test_on(d: &dyn Dialect, table: &str, column: &str, test: &Test) -> String {
    let any_of = |texts: &[String]| {
        texts
            .iter()
            .map(|text| d.text_equals(column, &d.text(text)))
            .collect::<Vec<_>>()
            .join(" OR ")
    };
    match test {
        Test::Is(text) => d.text_equals(column, &d.text(text)),
        Test::IsNumber(number) => format!("{column} = {number}"),
        Test::Not(text) => format!(
            "({column} IS NULL OR NOT ({}))",
            d.text_equals(column, &d.text(text))
        ),
        Test::In(texts) if texts.is_empty() => "1 = 0".to_owned(),
        Test::In(texts) => format!("({})", any_of(texts)),
        Test::NotIn(texts) if texts.is_empty() => "1 = 1".to_owned(),
        Test::NotIn(texts) => format!("({column} IS NULL OR NOT ({}))", any_of(texts)),
        Test::Empty(true) => d.is_empty(column),
        Test::Empty(false) => format!("NOT {}", d.is_empty(column)),
        Test::NoDate(wanted) => {
            let none = format!(
                "({column} IS NULL OR {column} = {})",
                d.literal(&crate::filter::Literal::NullDate)
            );
            if *wanted { none } else { format!("NOT {none}") }
        }
        Test::StartsWith(text) => d.text_like(column, &d.text(&format!("{}%", like(text)))),
        Test::Contains(text) => d.text_like(column, &d.text(&format!("%{}%", like(text)))),
        Test::InRows(rows) => format!(
            "{column} IN ({})",
            d.select(&rows.table, &[&rows.column], &rows.filter)
        ),
        Test::NotInRows(rows) => {
            let there = Filter::All(vec![
                rows.filter.clone(),
                Filter::column(&rows.column, Test::Empty(false)),
            ]);
            format!(
                "({column} IS NOT NULL AND {column} NOT IN ({}))",
                d.select(&rows.table, &[&rows.column], &there)
            )
        }
        Test::Differs(source) => differs(d, table, column, source),
        Test::NotNumbers(numbers) if numbers.is_empty() => "1 = 1".to_owned(),
        Test::NotNumbers(numbers) => {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            format!(
                "({column} IS NULL OR {column} NOT IN ({}))",
                numbers.join(", ")
            )
        }
        Test::Due => format!("{column} <= {}", d.clock_in(0)),
        Test::Coming(hours) => format!(
            "({column} > {} AND {column} <= {})",
            d.clock_in(0),
            d.clock_in(*hours)
        ),
    }
}

/// Escapes what LIKE would take for a wildcard.
fn like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\' | '[') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// That a column does not hold the value already; NULL counts as a value.
fn differs(d: &dyn Dialect, table: &str, column: &str, source: &Source) -> String {
    use crate::filter::Literal;
    match source {
        Source::Literal(Literal::Null) => format!("{column} IS NOT NULL"),
        // Blank counts as empty on every engine, so that an empty text of another engine is not rewritten.
        Source::Literal(Literal::Empty) => {
            format!("({column} IS NULL OR NOT {})", d.is_empty(column))
        }
        _ => {
            let value = value(d, table, source);
            format!("({column} IS NULL OR {column} <> {value})")
        }
    }
}

/// A new value. A lookup is a correlated subquery, which all three engines have, where `UPDATE … FROM` differs
/// and Oracle's updatable join needs keys that a platform database need not declare. The column of the row being written
/// carries its table's name: without it a column of the same name in the other table would be meant.
fn value(d: &dyn Dialect, table: &str, source: &Source) -> String {
    match source {
        Source::Literal(literal) => d.literal(literal),
        Source::Lookup {
            table: other,
            column,
            key,
            matches,
        } => {
            let (row, other) = (d.table(table), d.table(other));
            let (column, key, matches) = (
                d.identifier(column),
                d.identifier(key),
                d.identifier(matches),
            );
            format!(
                "(SELECT looked_up.{column} FROM {other} looked_up WHERE looked_up.{key} = {row}.{matches})"
            )
        }
    }
}

/// `WHERE …`, or nothing when every row is meant.
fn where_clause(d: &dyn Dialect, table: &str, filter: &Filter) -> String {
    if filter.is_everything() {
        String::new()
    } else {
        format!("\nWHERE {}", condition(d, table, filter))
    }
}

pub(super) fn count(d: &dyn Dialect, table: &str, filter: &Filter) -> String {
    count_from(d, &d.table(table), table, filter)
}

/// The same where the table is called otherwise, since it is somewhere else.
pub(super) fn count_from(d: &dyn Dialect, place: &str, table: &str, filter: &Filter) -> String {
    format!(
        "SELECT COUNT(*) FROM {place}{}",
        where_clause(d, table, filter)
    )
}

pub(super) fn select(d: &dyn Dialect, table: &str, columns: &[&str], filter: &Filter) -> String {
    select_from(d, &d.table(table), table, columns, filter)
}

/// The same where the table is called otherwise, since it is somewhere else.
pub(super) fn select_from(
    d: &dyn Dialect,
    place: &str,
    table: &str,
    columns: &[&str],
    filter: &Filter,
) -> String {
    let columns: Vec<_> = columns.iter().map(|column| d.identifier(column)).collect();
    format!(
        "SELECT {} FROM {place}{}",
        columns.join(", "),
        where_clause(d, table, filter)
    )
}

pub(super) fn newest(d: &dyn Dialect, columns: &[(&str, &str)]) -> String {
    let each: Vec<_> = columns
        .iter()
        .map(|(table, column)| {
            format!(
                "SELECT MAX({}) AS newest FROM {}",
                d.identifier(column),
                d.table(table)
            )
        })
        .collect();
    format!(
        "SELECT MAX(each_one.newest) FROM ({}) each_one",
        each.join(" UNION ALL ")
    )
}

pub(super) fn delete_rows(d: &dyn Dialect, table: &str, filter: &Filter) -> String {
    format!(
        "DELETE FROM {}{}",
        d.table(table),
        where_clause(d, table, filter)
    )
}

pub(super) fn set_columns(
    d: &dyn Dialect,
    table: &str,
    set: &[(String, Source)],
    filter: &Filter,
) -> String {
    let set: Vec<_> = set
        .iter()
        .map(|(column, source)| format!("{} = {}", d.identifier(column), value(d, table, source)))
        .collect();
    format!(
        "UPDATE {}\nSET {}{}",
        d.table(table),
        set.join(",\n    "),
        where_clause(d, table, filter)
    )
}

/// What is about to be held, as lines of the table of what was held.
pub(super) fn keep_values(d: &dyn Dialect, it: &HeldColumn, at: &str, by: &str) -> String {
    let columns = [
        "kind",
        "tbl",
        "row_key",
        "col",
        it.old(),
        "held_at",
        "held_by",
        "state",
    ];
    let columns: Vec<_> = columns.iter().map(|name| d.identifier(name)).collect();
    format!(
        "INSERT INTO {} ({})\nSELECT {}, {}, {}, {}, {}, {}, {}, {} FROM {}{}",
        d.table(HELD),
        columns.join(", "),
        d.text(it.kind.name()),
        d.text(it.table),
        d.identifier(it.key),
        d.text(it.column),
        d.identifier(it.column),
        d.text(at),
        d.text(by),
        d.text(HeldState::Held.name()),
        d.table(it.table),
        where_clause(d, it.table, &it.rows)
    )
}

/// The old values into their rows. As in a lookup, the column of the row being written carries its table's name.
pub(super) fn put_back(d: &dyn Dialect, it: &HeldColumn) -> String {
    let (table, held, key) = (d.table(it.table), d.table(HELD), d.identifier("row_key"));
    let lines = condition(d, HELD, &it.lines());
    let (column, of_row, old) = (
        d.identifier(it.column),
        d.identifier(it.key),
        d.identifier(it.old()),
    );
    format!(
        "UPDATE {table}\nSET {column} = (SELECT kept.{old} FROM {held} kept WHERE {lines} AND kept.{key} = {table}.{of_row})\n\
         WHERE {of_row} IN (SELECT {key} FROM {held} WHERE {lines})"
    )
}

pub(super) fn insert_mark(d: &dyn Dialect, mark: &Mark) -> String {
    let columns: Vec<_> = MARK_COLUMNS
        .iter()
        .map(|column| d.identifier(column))
        .collect();
    // An empty text is NULL on Oracle: a dash stands for "none".
    let values: Vec<_> = mark
        .values()
        .iter()
        .map(|value| d.text(if value.is_empty() { "-" } else { value }))
        .collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        d.table(MARKS),
        columns.join(", "),
        values.join(", ")
    )
}

pub(super) fn select_marks(d: &dyn Dialect) -> String {
    select(d, MARKS, &MARK_COLUMNS, &Filter::default())
}

/// A statement's comment on a line of its own, unless the title of its item has said it just before.
pub(super) fn statement_comment(item: &Item, statement: &Statement) -> String {
    if item.title.ends_with(&statement.comment) {
        String::new()
    } else {
        comment(&statement.comment) + "\n"
    }
}

/// A comment that stays on its line.
pub(super) fn comment(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("-- {}", plain.trim_end())
}
