//! Rights between the source's users and the copy's, where both are in one database; and those that the copy's users need on
//! each other's objects.
//!
//! An import writes a right over to whoever had it at the source: what its users had on each other's objects, the source's
//! users then have on the copy's.

use std::collections::{BTreeMap, BTreeSet};

use super::Oracle;
use super::creation::names;
use super::data_pump::{Schema, part};
use super::links::{Given, rights_given};
use crate::dialect::{Dialect as _, Statement};
use crate::evidence::Observed;
use crate::plan::{Foreseen, NoCopy, Part, ServerDeed, Side};

/// How many objects one statement names: Oracle takes 1000 in a list.
const TOGETHER: usize = 500;

/// What rights are given on that a schema has.
const KINDS: [&str; 8] = [
    "TABLE",
    "VIEW",
    "MATERIALIZED VIEW",
    "SEQUENCE",
    "PROCEDURE",
    "FUNCTION",
    "PACKAGE",
    "TYPE",
];

/// In one database the copy's users may have rights on the source's objects, and the other way round: they are taken away.
pub(super) fn part_company(d: &Oracle, schemas: &[Schema<'_>]) -> Part {
    let title = "Take away rights between the source's and the copy's users".to_owned();
    let old = names(d, schemas, |one| one.from.clone());
    let new = names(d, schemas, |one| one.to.clone());
    // Those on columns are in a list of their own, and go with the same statement.
    let across = |view: &str| {
        format!(
            "SELECT p.privilege, p.owner, p.table_name, p.grantee FROM {view} p WHERE ((p.grantee IN ({new}) AND p.owner IN ({old})) \
             OR (p.grantee IN ({old}) AND p.owner IN ({new})))"
        )
    };
    let across = format!(
        "{}\n    UNION {}",
        across("dba_tab_privs"),
        across("dba_col_privs")
    );
    let sql = format!(
        "BEGIN\n  FOR r IN ({across})\n  LOOP\n    EXECUTE IMMEDIATE 'REVOKE ' || r.privilege || ' ON \"' || r.owner || '\".\"' || \
         r.table_name || '\" FROM \"' || r.grantee || '\"';\n  END LOOP;\nEND;"
    );
    let deed = ServerDeed {
        foresees: Some(Box::new(foreseen(d, schemas))),
        ..ServerDeed::new(
            Side::Target,
            vec![Statement {
                sql,
                comment: title.clone(),
            }],
            "some rights between the source's and the copy's users may be left; `envclone resume` takes them away".to_owned(),
        )
    };
    part(title, deed, format!("SELECT COUNT(*) FROM ({across}) x"))
}

/// The rights that the import gives the source's users on the copy's objects: those that they have on each other's.
fn foreseen(d: &Oracle, schemas: &[Schema<'_>]) -> Foreseen {
    let mut statements = Vec::new();
    let mut unseen = Vec::new();
    for schema in schemas {
        let given = match rights_given(schema.of.found) {
            Observed::Known(given) => given,
            Observed::Unknown { why } => {
                unseen.push(format!("rights on the objects of {}: {why}", schema.from));
                continue;
            }
        };
        let mut of_object: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for one in among(schemas, &given) {
            let key = (one.object, one.grantee);
            of_object.entry(key).or_default().insert(one.privilege);
        }
        statements.extend(of_object.into_iter().map(|((object, grantee), rights)| {
            let rights = Vec::from_iter(rights).join(", ");
            Statement {
                sql: format!(
                    "REVOKE {rights} ON {}.{} FROM {}",
                    d.identifier(&schema.to),
                    quoted(object),
                    d.identifier(grantee)
                ),
                comment: format!("{grantee} has {rights} on {}.{object}", schema.from),
            }
        }));
    }
    Foreseen {
        about: "what is known to be taken away, where the import gives the source's users on the copy's objects what they have on \
                each other's; all that is found when it is run goes"
            .to_owned(),
        statements,
        unseen,
    }
}

/// A name as the dictionary has it, whatever its case.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace(['\0', '"'], ""))
}

/// Rights that users have whose schemas are copied as well.
fn among<'a>(
    schemas: &'a [Schema<'_>],
    given: &'a [Given<'a>],
) -> impl Iterator<Item = &'a Given<'a>> {
    let copied = |name: &str| schemas.iter().any(|schema| schema.from == name);
    given.iter().filter(move |one| copied(one.grantee))
}

/// Gives each of the copy's users, on the copy's objects, the rights that the source's user has on the source's. What the
/// import gave already is given again, which changes nothing.
///
/// # Errors
/// [`NoCopy`] where nobody could see what rights there are.
pub(super) fn mend_grants(d: &Oracle, schemas: &[Schema<'_>]) -> Result<Vec<Part>, NoCopy> {
    let mut parts = Vec::new();
    for schema in schemas {
        let given = match rights_given(schema.of.found) {
            Observed::Known(given) => given,
            Observed::Unknown { why } => {
                return Err(NoCopy::NoGrants {
                    schema: schema.from.clone(),
                    why,
                });
            }
        };
        let mut of_object: BTreeMap<(&str, bool, &str), BTreeSet<&str>> = BTreeMap::new();
        for one in among(schemas, &given) {
            let key = (one.grantee, one.grantable, one.object);
            of_object.entry(key).or_default().insert(one.privilege);
        }
        let mut alike: BTreeMap<(&str, bool, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
        for ((grantee, grantable, object), rights) in of_object {
            let key = (grantee, grantable, rights);
            alike.entry(key).or_default().push(object);
        }
        for ((grantee, grantable, rights), objects) in alike {
            let Some(to) = schemas.iter().find(|one| one.from == grantee) else {
                continue;
            };
            parts.extend(objects.chunks(TOGETHER).map(|objects| {
                let mend = Mend {
                    schema,
                    to,
                    grantable,
                    rights: &rights,
                    objects,
                };
                mend.part(d)
            }));
        }
    }
    Ok(parts)
}

/// The same rights of one user on objects of one schema.
struct Mend<'a> {
    schema: &'a Schema<'a>,
    to: &'a Schema<'a>,
    grantable: bool,
    rights: &'a BTreeSet<&'a str>,
    objects: &'a [&'a str],
}

impl Mend<'_> {
    fn part(&self, d: &Oracle) -> Part {
        let (owner, to) = (&self.schema.to, &self.to.to);
        let rights: Vec<&str> = self.rights.iter().copied().collect();
        let option = match self.grantable {
            true => " WITH GRANT OPTION",
            false => "",
        };
        let title = format!(
            "Give {to} what {} has at the source: {}{} on {} {} of {owner}",
            self.to.from,
            rights.join(", "),
            option.to_lowercase(),
            self.objects.len(),
            if self.objects.len() == 1 {
                "object"
            } else {
                "objects"
            },
        );
        let list = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| d.text(text)).collect();
            texts.join(", ")
        };
        let there = format!(
            "SELECT DISTINCT o.object_name FROM dba_objects o WHERE o.owner = {} AND o.object_type IN ({}) AND o.object_name IN ({})",
            d.text(owner),
            list(&KINDS),
            list(self.objects)
        );
        let give = d.text(&format!(
            "GRANT {} ON {}.\"",
            rights.join(", "),
            d.identifier(owner)
        ));
        let whom = d.text(&format!("\" TO {}{option}", d.identifier(to)));
        let sql = format!(
            "BEGIN\n  FOR r IN ({there})\n  LOOP\n    EXECUTE IMMEDIATE {give} || r.object_name || {whom};\n  END LOOP;\nEND;"
        );
        let grantable = match self.grantable {
            true => " AND p.grantable = 'YES'",
            false => "",
        };
        let check = format!(
            "SELECT COUNT(*) FROM ({there}) x WHERE (SELECT COUNT(DISTINCT p.privilege) FROM dba_tab_privs p WHERE p.owner = {} \
             AND p.table_name = x.object_name AND p.grantee = {} AND p.privilege IN ({}){grantable}) < {}",
            d.text(owner),
            d.text(to),
            list(&rights),
            rights.len()
        );
        let deed = ServerDeed::new(
            Side::Target,
            vec![Statement {
                sql,
                comment: title.clone(),
            }],
            format!(
                "some rights of {to} on objects of {owner} may be missing; `envclone resume` gives them"
            ),
        );
        part(title, deed, check)
    }
}
