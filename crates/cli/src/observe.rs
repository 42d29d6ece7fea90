//! Looks at a copy to see what is left of the source: every cell of every table, and the invariants.

use std::collections::BTreeMap;

use envclone_core::dialect::Dialect;
use envclone_core::engine::Role;
use envclone_core::filter::Filter;
use envclone_core::harvest::Identity;
use envclone_core::invariant;
use envclone_core::inventory::{Inventory, Table};
use envclone_core::scan::{Batch, Found, Scanner, SecretDigest, Term, sample};
use envclone_core::settings::Environment;
use envclone_core::verdict::{Check, Coverage, FORMAT, Verdict, Verification};
use envclone_db::Access;
use envclone_db::{DbError, Engine, Go, Session, Trouble, Value};

use crate::execute::interrupted;
use crate::failure::{Exit, Failure};
use crate::inspect::{Eyes, inventory, key_check};
use crate::ui::{Watch, counted};

mod links;
mod users;

/// How wide a sample is, in bytes.
const SAMPLE: usize = 120;

/// Verifies the target against what gave the source away. `dropped` are users that the settings want dropped.
///
/// # Errors
/// [`Failure`] where the target can't be read at all; a table that can't be read is a verdict of its own.
pub fn verify(
    eyes: Eyes<'_>,
    target: &Environment,
    source: &Inventory,
    dropped: &[String],
    watch: &mut dyn Watch,
) -> Result<Verification, Failure> {
    watch.phase("verify");
    let found = inventory(eyes, target)?;
    let mut checks = invariants(eyes, target, &found)?;
    checks.extend(links::checks(&found, source, target));
    checks.extend(users::checks(eyes, target, source, dropped)?);
    let identities = comparable(eyes, source, &mut checks);
    let identities = identities.as_slice();
    let mut coverage = Coverage {
        invariants: checks.len() as u64,
        ..Coverage::default()
    };
    let scanner = scanner(identities, eyes.key, &mut checks, &mut coverage)?;
    let tables: usize = found
        .databases
        .iter()
        .map(|database| database.tables.len())
        .sum();
    let mut walked = 0;
    for (role, name) in target.databases() {
        let Some(database) = found.database(&role) else {
            continue;
        };
        let mut session = eyes.engine.open(name, Access::Read)?;
        for (at, table) in database.tables.iter().enumerate() {
            watch.progress(&table.name, walked, tables as u64);
            walked += 1;
            let mut walk = Walk {
                scanner: &scanner,
                identities,
                hits: BTreeMap::new(),
                coverage: &mut coverage,
            };
            if let Some(next) = database.tables.get(at + 1) {
                session.foresee(&all_cells(eyes.dialect, next));
            }
            match walk.table(session.as_mut(), eyes.dialect, table) {
                Ok(()) => checks.extend(walk.checks(&role, table)),
                Err(error) if error.trouble == Trouble::Interrupted => {
                    return Err(
                        Failure::before(Exit::Interrupted, "verification was interrupted")
                            .state("nothing was changed by verification")
                            .hint("`envclone verify` starts it again"),
                    );
                }
                Err(error) => checks.push(check(
                    "scan",
                    "every cell can be read",
                    &role,
                    &table.name,
                    "",
                    Verdict::Unknown {
                        why: error.to_string(),
                    },
                )),
            }
        }
        coverage.databases += 1;
    }
    let verification = Verification {
        format: FORMAT,
        checks,
        coverage,
    };
    let tally = verification.tally();
    watch.done(&format!(
        "{}, {} searched for {} and {}: {} with residue",
        counted(verification.coverage.tables, "table", "tables"),
        indicatif::DecimalBytes(
            verification.coverage.text_bytes + verification.coverage.binary_bytes
        ),
        counted(
            verification.coverage.terms,
            "name or address",
            "names and addresses"
        ),
        counted(verification.coverage.secrets, "secret", "secrets"),
        counted(tally.residue.into(), "place", "places")
    ));
    Ok(verification)
}

fn check(id: &str, title: &str, role: &Role, table: &str, column: &str, verdict: Verdict) -> Check {
    let text = str::to_owned;
    Check {
        id: text(id),
        title: text(title),
        database: role.to_string(),
        table: text(table),
        column: text(column),
        verdict,
    }
}

/// What can be searched for: secrets only with the key that the inventory was taken with, since with another one
/// none would ever be found.
fn comparable(eyes: Eyes<'_>, source: &Inventory, checks: &mut Vec<Check>) -> Vec<Identity> {
    let mut identities = source.identities.clone();
    if source.key_check != key_check(eyes.key) {
        identities.retain(|identity| !identity.kind.is_secret());
        let why = "the key of digests is not the one that the inventory was taken with".to_owned();
        checks.push(check(
            "scan",
            "no secret of the source is kept",
            &Role::Platform,
            "",
            "",
            Verdict::Unknown { why },
        ));
    }
    identities
}

fn invariants(
    eyes: Eyes<'_>,
    target: &Environment,
    found: &Inventory,
) -> Result<Vec<Check>, DbError> {
    let mut checks = Vec::new();
    for (role, name) in target.databases() {
        let mut session = eyes.engine.open(name, Access::Read)?;
        for query in invariant::queries(found, eyes.dialect)
            .into_iter()
            .filter(|query| query.database == role)
        {
            let verdict = match session.number(&query.count) {
                Ok(0) => Verdict::Clean,
                Ok(rows) => Verdict::Residue {
                    rows,
                    sample: String::new(),
                },
                Err(error) => Verdict::Unknown {
                    why: error.to_string(),
                },
            };
            checks.push(check(
                &query.id,
                &query.title,
                &role,
                &query.table,
                &query.column,
                verdict,
            ));
        }
    }
    Ok(checks)
}

fn scanner(
    identities: &[Identity],
    key: &[u8; 32],
    checks: &mut Vec<Check>,
    coverage: &mut Coverage,
) -> Result<Scanner, Failure> {
    let mut terms = Vec::new();
    let mut secrets = Vec::new();
    for (id, identity) in identities.iter().enumerate() {
        match identity.length {
            Some(length) => secrets.push(SecretDigest {
                id,
                length,
                digest: identity.value.clone(),
            }),
            None => terms.push(Term {
                id,
                text: identity.value.clone(),
            }),
        }
    }
    let scanner = Scanner::new(&terms, &secrets, key)
        .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
    coverage.terms = terms.len() as u64;
    coverage.secrets = secrets.len() as u64;
    for (id, why) in scanner.left_out() {
        if let Some(identity) = identities.get(*id) {
            let what = if identity.kind.is_secret() {
                identity.kind.title().to_owned()
            } else {
                format!("{} `{}`", identity.kind.title(), identity.value)
            };
            let verdict = Verdict::Unknown {
                why: format!("{what}: {why}"),
            };
            checks.push(check(
                "scan",
                "everything that gives the source away is searched for",
                &Role::Platform,
                &identity.found_in,
                "",
                verdict,
            ));
        }
    }
    if identities.is_empty() {
        let verdict = Verdict::Unknown {
            why: "nothing was found in the source that could be searched for".to_owned(),
        };
        checks.push(check(
            "scan",
            "the source gives itself away by something",
            &Role::Platform,
            "",
            "",
            verdict,
        ));
    }
    Ok(scanner)
}

/// What was found in one column.
struct Traces {
    rows: u64,
    sample: String,
    kinds: Vec<&'static str>,
}

/// A query for every cell of a table.
fn all_cells(dialect: &dyn Dialect, table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    dialect.select(&table.name, &columns, &Filter::default())
}

/// A walk through one table.
struct Walk<'a> {
    scanner: &'a Scanner,
    identities: &'a [Identity],
    hits: BTreeMap<usize, Traces>,
    coverage: &'a mut Coverage,
}

impl Walk<'_> {
    fn table(
        &mut self,
        session: &mut dyn Session,
        dialect: &dyn Dialect,
        table: &Table,
    ) -> Result<(), DbError> {
        let mut stopped = false;
        let (coverage, identities, hits) = (&mut self.coverage, self.identities, &mut self.hits);
        let mut note = |found: &Found<'_>| trace(identities, hits, found);
        let mut batch = Batch::new(self.scanner);
        session.query(&all_cells(dialect, table), &mut |row| {
            coverage.rows += 1;
            for column in 0..row.len() {
                match row.content(column) {
                    Value::Text(bytes) => {
                        coverage.text_bytes += bytes.len() as u64;
                        batch.text(column, bytes, &mut note);
                    }
                    Value::Bytes(bytes) => {
                        coverage.binary_bytes += bytes.len() as u64;
                        batch.blob(column, bytes, &mut note);
                    }
                    _ => {}
                }
            }
            stopped = coverage.rows.is_multiple_of(1024) && interrupted();
            if stopped {
                Go::Break(())
            } else {
                Go::Continue(())
            }
        })?;
        batch.finish(&mut note);
        if stopped {
            return Err(DbError::new(Trouble::Interrupted, "interrupted"));
        }
        self.coverage.tables += 1;
        Ok(())
    }

    /// What the walk found, a check for each column with a finding.
    fn checks(self, role: &Role, table: &Table) -> Vec<Check> {
        let one = |(column, found): (usize, Traces)| {
            let name = table
                .columns
                .get(column)
                .map(String::as_str)
                .unwrap_or_default();
            let title = format!("no {} of the source is named", found.kinds.join(", "));
            let verdict = Verdict::Residue {
                rows: found.rows,
                sample: found.sample,
            };
            check("scan", &title, role, &table.name, name, verdict)
        };
        self.hits.into_iter().map(one).collect()
    }
}

/// Notes a cell with residue at its column.
fn trace(identities: &[Identity], hits: &mut BTreeMap<usize, Traces>, found: &Found<'_>) {
    let Some(hit) = found.hits.first() else {
        return;
    };
    let kind = identities
        .get(hit.id)
        .map_or("trace", |identity| identity.kind.title());
    let traces = hits.entry(found.tag).or_insert_with(|| Traces {
        rows: 0,
        sample: sample(found.bytes, *hit, SAMPLE),
        kinds: Vec::new(),
    });
    traces.rows += 1;
    if !traces.kinds.contains(&kind) {
        traces.kinds.push(kind);
    }
}

/// The engine and its spelling are enough to say whether a target can be verified at all.
///
/// # Errors
/// Exit 4 where a database of the target does not exist.
pub fn must_exist(engine: &dyn Engine, target: &Environment) -> Result<(), Failure> {
    for (role, name) in target.databases() {
        if !engine.look(name)?.exists {
            return Err(Failure::before(
                Exit::NoAccess,
                format!("the target's {} `{name}` does not exist", role.phrase()),
            )
            .hint("`envclone refresh` makes it"));
        }
    }
    Ok(())
}
