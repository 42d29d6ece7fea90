//! What a table looks like, and the notation in which the crate keeps its tables.

use crate::Cell;
use crate::moment::NO_DATE;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    BigInt,
    /// 0 or 1.
    Bit,
    /// A date with time.
    DateTime,
    /// A number with digits after the point.
    Decimal,
    /// Text of at most so many characters; of any length without a number.
    Text(Option<u32>),
    /// Bytes of any length.
    Binary,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, in the letter case of the platform.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may hold no value.
    pub nullable: bool,
    /// What it holds when a row does not say.
    pub default: Option<Cell>,
}

/// Columns whose values must exist in another table of the same database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table that is referred to.
    pub table: String,
    /// Its columns, in the same order.
    pub references: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, in the letter case of the platform.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The names of its key columns; none for a table without a key.
    pub primary_key: Vec<String>,
    /// What it refers to.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Table {
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.name == column)
    }

    pub(crate) fn renamed(&self, name: String) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    pub(crate) fn refer(&mut self, column: &str, table: &str, references: &str) {
        self.foreign_keys.push(ForeignKey {
            columns: vec![column.to_owned()],
            table: table.to_owned(),
            references: vec![references.to_owned()],
        });
    }
}

/// Why a line of a data file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake(pub(crate) String);

/// The lines of a data file that say something.
pub(crate) fn lines(data: &str) -> impl Iterator<Item = &str> {
    data.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Reads `name: *KEY int, OTHER text(50)!='', …`.
pub(crate) fn parse_table(line: &str) -> Result<Table, Mistake> {
    let (name, rest) = line
        .split_once(": ")
        .ok_or_else(|| Mistake(format!("no `: ` in `{line}`")))?;
    let mut table = Table {
        name: name.to_owned(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        foreign_keys: Vec::new(),
    };
    for text in rest.split(", ") {
        let (is_key, text) = match text.strip_prefix('*') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let column = parse_column(text, is_key)?;
        if is_key {
            table.primary_key.push(column.name.clone());
        }
        table.columns.push(column);
    }
    Ok(table)
}

fn parse_column(text: &str, is_key: bool) -> Result<Column, Mistake> {
    let wrong = || Mistake(format!("not a column: `{text}`"));
    let (name, rest) = text.split_once(' ').ok_or_else(wrong)?;
    let (rest, default) = match rest.split_once('=') {
        Some((rest, default)) => (rest, Some(parse_default(default).ok_or_else(wrong)?)),
        None => (rest, None),
    };
    let (kind, required) = match rest.strip_suffix('!') {
        Some(kind) => (kind, true),
        None => (rest, false),
    };
    Ok(Column {
        name: name.to_owned(),
        kind: parse_kind(kind).ok_or_else(wrong)?,
        nullable: !(required || is_key),
        default,
    })
}

fn parse_kind(text: &str) -> Option<Kind> {
    Some(match text {
        "int" => Kind::Int,
        "bigint" => Kind::BigInt,
        "bit" => Kind::Bit,
        "datetime" => Kind::DateTime,
        "decimal" => Kind::Decimal,
        "text" => Kind::Text(None),
        "bytes" => Kind::Binary,
        _ => {
            let length = text.strip_prefix("text(")?.strip_suffix(')')?;
            Kind::Text(Some(length.parse().ok()?))
        }
    })
}

fn parse_default(text: &str) -> Option<Cell> {
    if text == "none" {
        return Some(NO_DATE.into());
    }
    match text.strip_prefix('\'') {
        Some(quoted) => Some(quoted.strip_suffix('\'')?.to_owned().into()),
        None => text.parse::<i64>().ok().map(Cell::Int),
    }
}

/// A reference between two tables, `table.COLUMN -> other.COLUMN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) to_table: &'a str,
    pub(crate) to_column: &'a str,
}

pub(crate) fn parse_reference(line: &str) -> Result<Reference<'_>, Mistake> {
    let wrong = || Mistake(format!("not a reference: `{line}`"));
    let (from, to) = line.split_once(" -> ").ok_or_else(wrong)?;
    let (table, column) = from.split_once('.').ok_or_else(wrong)?;
    let (to_table, to_column) = to.split_once('.').ok_or_else(wrong)?;
    Ok(Reference {
        table,
        column,
        to_table,
        to_column,
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse_reference, parse_table};
    use crate::Cell;

    #[test]
    fn a_line_is_a_table() {
        let table =
            parse_table("T: *ID int, NAME text(50)!='', AT datetime=none, N bit=1, X bytes")
                .unwrap();
        assert_eq!(table.name, "T");
        assert_eq!(table.primary_key, ["ID"]);
        let name = &table.columns[1];
        assert_eq!(name.kind, Kind::Text(Some(50)));
        assert!(!name.nullable);
        assert_eq!(name.default, Some(Cell::from("")));
        assert_eq!(
            table.columns[2].default,
            Some(Cell::from("1900-01-01 00:00:00"))
        );
        assert_eq!(table.columns[3].default, Some(Cell::Int(1)));
        assert_eq!(table.columns[4].kind, Kind::Binary);
        assert!(table.columns[4].nullable);
    }

    #[test]
    fn a_mistake_names_its_place() {
        for line in ["T", "T: ID", "T: ID number", "T: ID text(x)", "T: ID int=x"] {
            assert!(parse_table(line).is_err(), "{line}");
        }
        assert!(
            parse_table("T: ID number")
                .unwrap_err()
                .0
                .contains("ID number")
        );
    }

    #[test]
    fn a_reference_has_two_ends() {
        let reference = parse_reference("a.X -> b.Y").unwrap();
        assert_eq!((reference.table, reference.to_column), ("a", "Y"));
        assert!(parse_reference("a.X b.Y").is_err());
    }
}
