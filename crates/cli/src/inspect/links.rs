//! What leads out of databases.

use envclone_core::dialect::Dialect;
use envclone_core::evidence::Observed;
use envclone_core::filter::{Filter, Test};
use envclone_core::link::{Link, Links};
use envclone_db::{DbError, Session, Trouble};

use super::{Look, rows};

/// Every kind that a database has any of, and every kind that could not be seen.
pub(super) fn read(session: &mut dyn Session, dialect: &dyn Dialect) -> Vec<Links> {
    let mut all = Vec::new();
    let queries = dialect.inspection();
    let mut is_own = None;
    for query in queries.links {
        let mut asked = rows(session, &query.sql);
        if let (Err(error), Some(own)) = (&asked, &query.own)
            && is_hidden(error)
        {
            let own_login = queries.own_login.as_deref();
            if *is_own.get_or_insert_with(|| is_own_user(session, own_login)) {
                asked = rows(session, own);
            }
        }
        let found = match asked {
            Ok(rows) => Observed::Known(rows.into_iter().filter_map(link).collect()),
            // An older server without the view has none of this kind.
            Err(error) if error.trouble == Trouble::NotFound && query.own.is_none() => {
                Observed::Known(Vec::new())
            }
            Err(error) => Observed::Unknown { why: error.message },
        };
        if found
            .known()
            .is_none_or(|links: &Vec<Link>| !links.is_empty())
        {
            all.push(Links {
                kind: query.kind.to_owned(),
                of_server: query.of_server,
                found,
            });
        }
    }
    all
}

/// Whether a view is not there for this login, which some engines say of views that it may not ask.
fn is_hidden(error: &DbError) -> bool {
    matches!(error.trouble, Trouble::NotFound | Trouble::NotPermitted)
}

fn is_own_user(session: &mut dyn Session, query: Option<&str>) -> bool {
    query.is_some_and(|sql| session.number(sql).is_ok_and(|it| it == 1))
}

fn link(row: Vec<String>) -> Option<Link> {
    let [name, to] = <[String; 2]>::try_from(row).ok()?;
    Some(Link { name, to })
}

impl Look<'_> {
    /// Entities whose tables stand somewhere else: their names have a database or a schema in them.
    pub(super) fn external_entities(&mut self) -> Result<Vec<Links>, DbError> {
        let elsewhere = Filter::column("PHYSICAL_TABLE_NAME", Test::Contains(".".to_owned()))
            .and(Filter::column("IS_EXTERNAL", Test::IsNumber(1)))
            .and(Filter::column("IS_ACTIVE", Test::IsNumber(1)));
        let columns = ["NAME", "PHYSICAL_TABLE_NAME"];
        let rows = self.select("ossys_entity", &columns, &elsewhere)?;
        let found: Vec<Link> = rows.into_iter().filter_map(link).collect();
        Ok(match found.is_empty() {
            true => Vec::new(),
            false => vec![Links {
                kind: "external entity".to_owned(),
                of_server: false,
                found: Observed::Known(found),
            }],
        })
    }
}
