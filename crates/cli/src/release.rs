//! Asks a copy what would fire once its services start. Tells nobody: the value that comes back is shown elsewhere.

pub mod hold;

use std::collections::BTreeMap;

use envclone_core::dialect::Dialect;
use envclone_core::evidence::Observed;
use envclone_core::inventory::Table;
use envclone_core::release::endpoints::{self, Endpoint};
use envclone_core::release::looks::{self, Question};
use envclone_core::release::{Endpoints, FORMAT, ReleaseCheck, Row};
use envclone_core::settings::Environment;
use envclone_db::{Access, DbError, Session, Trouble};

use crate::execute::now;
use crate::inspect::{Eyes, rows, tables};

/// Counts what would fire in an environment's platform database, which is only read. That it is the copy and not the source
/// is for the caller to prove: [`crate::run::Phases::release_check`] does both.
///
/// # Errors
/// [`DbError`] where the database can't be read at all; a table that can't be read is not known, and so not green.
pub fn check(eyes: Eyes<'_>, target: &Environment) -> Result<ReleaseCheck, DbError> {
    let facts = eyes.engine.look(&target.platform)?;
    let mut session = eyes.engine.open(&target.platform, Access::Read)?;
    let tables = tables(session.as_mut(), eyes.dialect)?;
    let mut counted = Vec::new();
    for question in looks::questions(&tables, eyes.dialect) {
        counted.push(row(session.as_mut(), question)?);
    }
    Ok(ReleaseCheck {
        format: FORMAT,
        at: now(session.as_mut(), eyes.dialect)?,
        database: target.platform.clone(),
        file: facts.file,
        rows: counted,
        endpoints: called(session.as_mut(), eyes.dialect, &tables)?,
    })
}

/// What could not be read is not known. An interruption is no answer at all.
fn seen<T>(asked: Result<T, DbError>) -> Result<Observed<T>, DbError> {
    match asked {
        Ok(value) => Ok(Observed::Known(value)),
        Err(error) if error.trouble == Trouble::Interrupted => Err(error),
        Err(error) => Ok(Observed::Unknown {
            why: error.to_string(),
        }),
    }
}

fn row(session: &mut dyn Session, question: Question) -> Result<Row, DbError> {
    let count = match question.counts.is_empty() {
        true => Observed::Unknown {
            why: looks::nowhere(&question.left_out),
        },
        false => {
            let counts: Vec<&str> = question
                .counts
                .iter()
                .map(|(_, sql)| sql.as_str())
                .collect();
            seen(session.numbers(&counts))?.map(|counts| counts.iter().sum())
        }
    };
    Ok(Row {
        id: question.id.to_owned(),
        title: question.title.to_owned(),
        kind: question.kind,
        fires: question.fires,
        count,
        left_out: question.left_out,
    })
}

fn called(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
    tables: &[Table],
) -> Result<Endpoints, DbError> {
    let queries = endpoints::queries(tables, dialect);
    let found = match (&queries.modules, queries.addresses.is_empty()) {
        (Some(modules), false) => seen(addresses(session, modules, &queries))?,
        _ => Observed::Unknown {
            why: looks::nowhere(&queries.left_out),
        },
    };
    Ok(Endpoints {
        found,
        left_out: queries.left_out,
    })
}

fn addresses(
    session: &mut dyn Session,
    modules: &str,
    queries: &endpoints::Queries,
) -> Result<Vec<Endpoint>, DbError> {
    let modules: BTreeMap<String, String> = cells::<2>(session, modules)?
        .into_iter()
        .map(Into::into)
        .collect();
    let mut all = Vec::new();
    for query in &queries.addresses {
        let answers = cells(session, &query.sql)?;
        all.extend(endpoints::found(query.kind, &answers, &modules));
    }
    if let Some(queries) = &queries.properties {
        let definitions = cells(session, &queries.definitions)?;
        let mut values = Vec::new();
        for query in &queries.values {
            values.extend(cells(session, query)?);
        }
        let secrets = match &queries.secrets {
            Some(query) => session.texts(query)?,
            None => Vec::new(),
        };
        all.extend(endpoints::of_properties(
            &definitions,
            &values,
            &secrets,
            &modules,
        ));
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The answer to a query for so many columns.
fn cells<const N: usize>(
    session: &mut dyn Session,
    sql: &str,
) -> Result<Vec<[String; N]>, DbError> {
    let rows = rows(session, sql)?.into_iter();
    Ok(rows.filter_map(|row| row.try_into().ok()).collect())
}
