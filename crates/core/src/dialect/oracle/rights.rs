//! Rights between the source's users and the copy's, where both are in one database; and those that the copy's users need on
//! each other's objects.
//!
//! An import writes a right over to whoever had it at the source: what its users had on each other's objects, the source's
//! users then have on the copy's.

use std::collections::{BTreeMap, BTreeSet};

use super::Oracle;
use super::data_pump::{Schema, part};
use super::links::{Given, rights_given, rights_held};
use crate::dialect::{Dialect as _, Statement, name_and_server};
use crate::engine::Role;
use crate::evidence::Observed;
use crate::inventory::{Database, Server};
use crate::plan::{Adopting, Foreseen, NoCopy, Part, ServerDeed, Side};

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

/// The users of both sides, each of whom has a schema of its name, in capitals.
struct Sides {
    source: Vec<String>,
    copy: Vec<String>,
}

impl Sides {
    fn of(schemas: &[Schema<'_>]) -> Self {
        Self {
            source: schemas.iter().map(|one| one.from.clone()).collect(),
            copy: schemas.iter().map(|one| one.to.clone()).collect(),
        }
    }

    /// Whether both may be in one database. Where nobody knows they may: where they are two there is nothing to take away.
    fn may_be_together(&self, source: Option<&Server>, target: Option<&Server>) -> bool {
        // One database has no two users of one name; what is taken away would be what the copy's users need.
        if self.source.iter().any(|name| self.copy.contains(name)) {
            return false;
        }
        match (source, target) {
            (Some(source), Some(target)) => source.name.eq_ignore_ascii_case(&target.name),
            _ => true,
        }
    }
}

/// What parts the users of a copy that is made from those of its source; nothing where they are in two databases.
pub(super) fn part_company(
    d: &Oracle,
    schemas: &[Schema<'_>],
    source: Option<&Server>,
    target: Option<&Server>,
) -> Option<Part> {
    let sides = Sides::of(schemas);
    let together = sides.may_be_together(source, target);
    together.then(|| parted(d, &sides, foreseen(d, schemas)))
}

/// The same for a copy that somebody else made.
pub(super) fn part_adopted(d: &Oracle, adopting: &Adopting<'_>) -> Option<Part> {
    let schemas = |all: &[(Role, &str)]| -> Vec<String> {
        let schema = |(_, name): &(Role, &str)| name_and_server(name).0.to_uppercase();
        all.iter().map(schema).collect()
    };
    let sides = Sides {
        source: schemas(&adopting.source),
        copy: schemas(&adopting.target),
    };
    let together = sides.may_be_together(adopting.sources_server, adopting.targets_server);
    together.then(|| parted(d, &sides, seen_across(d, adopting, &sides)))
}

/// In one database the copy's users may have rights on the source's objects, and the other way round: they are taken away.
fn parted(d: &Oracle, sides: &Sides, foreseen: Foreseen) -> Part {
    let title = "Take away rights between the source's and the copy's users".to_owned();
    let list = |names: &[String]| {
        let texts: Vec<String> = names.iter().map(|name| d.text(name)).collect();
        texts.join(", ")
    };
    let (old, new) = (list(&sides.source), list(&sides.copy));
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
        foresees: Some(Box::new(foreseen)),
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
            revoke(d, &rights, [&schema.to, object, grantee], &schema.from)
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

/// Takes rights on an object of an owner away from a user, who was seen to have them on that of another owner, or of the same.
fn revoke(
    d: &Oracle,
    rights: &BTreeSet<&str>,
    [owner, object, grantee]: [&str; 3],
    seen: &str,
) -> Statement {
    let rights = Vec::from_iter(rights.iter().copied()).join(", ");
    Statement {
        sql: format!(
            "REVOKE {rights} ON {}.{} FROM {}",
            d.identifier(owner),
            quoted(object),
            d.identifier(grantee)
        ),
        comment: format!("{grantee} has {rights} on {seen}.{object}"),
    }
}

/// The rights between the two sides' users that were seen from the one that was looked at: what others have on its objects, and
/// what its users have on others'. That is both directions.
fn seen_across(d: &Oracle, adopting: &Adopting<'_>, sides: &Sides) -> Foreseen {
    let (databases, own, others, whose) = match adopting.seen {
        Side::Source => (&adopting.source, &sides.source, &sides.copy, "source"),
        Side::Target => (&adopting.target, &sides.copy, &sides.source, "copy"),
    };
    let mut across = Across {
        others,
        known: BTreeMap::new(),
        unseen: Vec::new(),
    };
    for ((role, _), own) in databases.iter().zip(own) {
        match adopting.found.iter().find(|found| found.role == *role) {
            Some(found) => across.of(own, found),
            None => {
                let why = "the inventory does not have it";
                across
                    .unseen
                    .push(format!("rights of {own} and on its objects: {why}"));
            }
        }
    }
    Foreseen {
        about: format!(
            "what is known to be taken away: the rights that the {whose}'s inventory has, without those on single columns; all \
             that is found when it is run goes"
        ),
        statements: across
            .known
            .into_iter()
            .map(|(key, rights)| revoke(d, &rights, key, key[0]))
            .collect(),
        unseen: across.unseen,
    }
}

/// Rights between a side's users and the other side's.
struct Across<'a> {
    /// The other side's users.
    others: &'a [String],
    /// By owner, object and who has them.
    known: BTreeMap<[&'a str; 3], BTreeSet<&'a str>>,
    unseen: Vec<String>,
}

impl<'a> Across<'a> {
    /// Takes in what was found of a schema and its user.
    fn of(&mut self, own: &'a str, found: &'a Database) {
        match rights_given(found) {
            Observed::Known(given) => {
                let others = |one: &Given<'_>| self.others.iter().any(|it| it == one.grantee);
                for one in given.into_iter().filter(others).collect::<Vec<_>>() {
                    self.add([own, one.object, one.grantee], one.privilege);
                }
            }
            Observed::Unknown { why } => {
                let what = format!("rights on the objects of {own}: {why}");
                self.unseen.push(what);
            }
        }
        match rights_held(found) {
            Observed::Known(held) => {
                for (privilege, on) in held {
                    let of_owner = |owner: &'a String| {
                        let object = on.strip_prefix(owner.as_str())?.strip_prefix('.')?;
                        Some([owner.as_str(), object, own])
                    };
                    if let Some(key) = self.others.iter().find_map(of_owner) {
                        self.add(key, privilege);
                    }
                }
            }
            Observed::Unknown { why } => {
                let what = format!("rights of {own} on the objects of others: {why}");
                self.unseen.push(what);
            }
        }
    }

    fn add(&mut self, key: [&'a str; 3], privilege: &'a str) {
        self.known.entry(key).or_default().insert(privilege);
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
