//! Which rows a step means, apart from how an engine spells it.
//!
//! In a step file a filter is a table of columns, all of which must hold:
//!
//! ```toml
//! where.NAME.in = ["ClientApplicationToken", "privateKeyValidation"]
//! where.HOST.empty = false
//! where.DBCONNECTIONID.in-rows = { table = "ossys_dbconnection", column = "ID", where.NAME.not = "(Main)" }
//! ```
//!
//! Every test has two values, never the three of SQL: `not` and `not-in` hold for NULL as well, since a row
//! without a name is not the row with the given name. (The published `name <> '…'` leaves such rows behind.)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A value that a step writes or compares with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Literal {
    /// A text.
    Text(String),
    /// A whole number; booleans are 0 and 1 on all three engines.
    Integer(i64),
    /// The engine's empty text: `''`, on Oracle `' '` (where `''` is NULL and most columns are NOT NULL).
    Empty,
    /// NULL.
    Null,
    /// The platform's null date, 1900-01-01 00:00:00.
    NullDate,
    /// The date on which nothing is ever due, 3000-01-01 00:00:00: the platform itself has it for timers without a schedule.
    Never,
}

/// What a column must satisfy.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Test {
    /// Equal to this text, without regard to case.
    Is(String),
    /// Equal to this number.
    IsNumber(i64),
    /// Anything but this text, NULL included.
    Not(String),
    /// One of these texts.
    In(Vec<String>),
    /// None of these texts, or NULL.
    NotIn(Vec<String>),
    /// `true`: NULL, empty or blanks only. `false`: something else.
    Empty(bool),
    /// `true`: NULL or the platform's null date. `false`: a real date.
    NoDate(bool),
    /// Begins with this text.
    StartsWith(String),
    /// Contains this text.
    Contains(String),
    /// Equal to the value of a column in some row of another table.
    InRows(Box<Rows>),
    /// Equal to no value of a column in another table, and not NULL.
    NotInRows(Box<Rows>),
    /// Differs from this value. Built by the planner, so that a row that is right already is not touched.
    #[serde(skip)]
    Differs(Source),
    /// None of these numbers, or NULL. Built by the release check, as are the two below.
    #[serde(skip)]
    NotNumbers(Vec<i64>),
    /// A date that the database's clock has come to.
    #[serde(skip)]
    Due,
    /// A date that the database's clock comes to in so many hours, and has not come to yet.
    #[serde(skip)]
    Coming(u32),
}

/// Rows of another table, seen through one of its columns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rows {
    /// The table.
    pub table: String,
    /// The column whose values count.
    pub column: String,
    /// Which of its rows; all when absent.
    #[serde(default, rename = "where")]
    pub filter: Filter,
}

/// Where a column's new value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A value.
    Literal(Literal),
    /// A column of the one row of another table whose `key` equals this row's `matches`.
    Lookup {
        /// The other table.
        table: String,
        /// Its column with the value.
        column: String,
        /// Its unique column.
        key: String,
        /// The column of the row being written.
        matches: String,
    },
}

/// Which rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Rows for which all of these hold; with none, every row.
    All(Vec<Filter>),
    /// Rows for which at least one of these holds; with none, no row.
    Any(Vec<Filter>),
    /// Rows whose column passes the test.
    Column(String, Test),
}

impl Default for Filter {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Filter {
    /// This filter and another one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut left), Self::All(right)) => {
                left.extend(right);
                Self::All(left)
            }
            (Self::All(mut left), right) => {
                left.push(right);
                Self::All(left)
            }
            (left, right) => Self::All(vec![left]).and(right),
        }
    }

    /// A filter on one column.
    #[must_use]
    pub fn column(name: &str, test: Test) -> Self {
        Self::Column(name.to_owned(), test)
    }

    /// Whether it lets every row through.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// The columns of the filtered table that it names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::columns).collect(),
            Self::Column(name, _) => vec![name],
        }
    }

    /// The other tables that it looks into, with the columns it needs there.
    pub fn lookups(&self) -> Vec<(&str, Vec<&str>)> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::lookups).collect(),
            Self::Column(_, Test::InRows(rows) | Test::NotInRows(rows)) => {
                let mut columns = rows.filter.columns();
                columns.push(&rows.column);
                let mut all = rows.filter.lookups();
                all.push((&rows.table, columns));
                all
            }
            Self::Column(
                _,
                Test::Differs(Source::Lookup {
                    table, column, key, ..
                }),
            ) => {
                vec![(table, vec![column, key])]
            }
            Self::Column(..) => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Filter {
    /// Reads a table of columns, each with a table of tests: serde's externally tagged enum takes exactly one
    /// test, so each is read by itself and several tests on one column are possible.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = BTreeMap::<String, BTreeMap<String, toml::Value>>::deserialize(deserializer)?;
        let mut parts = Vec::new();
        for (column, tests) in columns {
            for (name, value) in tests {
                let one = toml::Table::from_iter([(name, value)]);
                let test =
                    Test::deserialize(toml::Value::Table(one)).map_err(serde::de::Error::custom)?;
                parts.push(Self::Column(column.clone(), test));
            }
        }
        Ok(Self::All(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        r#where: Filter,
    }

    fn parse(text: &str) -> Result<Filter, toml::de::Error> {
        toml::from_str::<Holder>(text).map(|holder| holder.r#where)
    }

    #[test]
    fn a_column_may_carry_several_tests() {
        let filter = parse("where.NAME = { not = \"(Main)\", empty = false }").unwrap();
        assert_eq!(filter.columns(), ["NAME", "NAME"]);
    }

    #[test]
    fn lookups_name_every_table_that_is_read() {
        let filter = parse(
            "where.A.in-rows = { table = \"t\", column = \"ID\", where.B.in-rows = { table = \"u\", column = \"K\" } }",
        )
        .unwrap();
        let tables: Vec<_> = filter
            .lookups()
            .into_iter()
            .map(|(table, _)| table)
            .collect();
        assert_eq!(tables, ["u", "t"]);
    }

    #[test]
    fn an_unknown_test_is_refused() {
        let error = parse("where.NAME.like = \"x\"").unwrap_err().to_string();
        assert!(error.contains("unknown variant `like`"), "{error}");
    }
}
