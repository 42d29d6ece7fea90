//! What a copy's schemas stand on: tablespaces and users of their own, synonyms that lead to the copy, code that compiles.

use super::Oracle;
use super::data_pump::{Schema, Tablespace, part};
use crate::dialect::{Dialect as _, Statement};
use crate::engine::Role;
use crate::inventory::Server;
use crate::plan::{CLONE, Deed, Guidance, Obstacle, Part, ServerDeed, Side};
use crate::settings::Copying;

/// What the owner of tables may do, as the published creation scripts have it.
const OWNERS_RIGHTS: [&str; 7] = [
    "CREATE SESSION",
    "CREATE VIEW",
    "CREATE TABLE",
    "ALTER SESSION",
    "CREATE SEQUENCE",
    "CREATE PROCEDURE",
    "CREATE TRIGGER",
];

/// What a Runtime user may do, as they have it.
const RUNTIME_RIGHTS: [&str; 1] = ["CREATE SESSION"];

/// How large a tablespace is at least at its creation, in MB.
const SMALLEST_MB: u64 = 100;

/// Tablespaces and users to be made.
pub(super) struct Making<'a> {
    pub(super) d: &'a Oracle,
    pub(super) settings: &'a Copying,
    pub(super) schemas: &'a [Schema<'a>],
    pub(super) tablespaces: &'a [Tablespace],
    pub(super) destination: Option<&'a Server>,
}

fn rights(role: &Role) -> &'static [&'static str] {
    match role {
        Role::Platform | Role::Log | Role::Catalog(_) => &OWNERS_RIGHTS,
        Role::Runtime | Role::LogRuntime => &RUNTIME_RIGHTS,
    }
}

impl Making<'_> {
    pub(super) fn tablespaces(&self) -> Vec<Part> {
        self.tablespaces
            .iter()
            .map(|one| self.tablespace(one))
            .collect()
    }

    fn tablespace(&self, tablespace: &Tablespace) -> Part {
        let d = self.d;
        let title = format!("Make the tablespace {}", tablespace.to);
        let named = d.text(&tablespace.to);
        // It grows; how full it gets nobody knows exactly, since large values are not counted. A file of a small-file
        // tablespace would end at 32 GB.
        let mb = (tablespace.bytes / 1_048_576).max(SMALLEST_MB);
        let path = self.folder().map_or_else(String::new, |folder| {
            let file = format!("{}.dbf", tablespace.to.to_lowercase());
            format!("{} ", d.text(&join(folder, &file)))
        });
        let sql = format!(
            "CREATE BIGFILE TABLESPACE {}\nDATAFILE {path}SIZE {mb}M AUTOEXTEND ON NEXT {}M MAXSIZE UNLIMITED\n\
             EXTENT MANAGEMENT LOCAL SEGMENT SPACE MANAGEMENT AUTO",
            d.identifier(&tablespace.to),
            self.settings.growth_mb
        );
        let count =
            format!("SELECT COUNT(*) FROM dba_tablespaces t WHERE t.tablespace_name = {named}");
        let deed = ServerDeed {
            obstacles: vec![Obstacle {
                first: String::new(),
                count: count.clone(),
                what: format!(
                    "the target's database has a tablespace {} already",
                    tablespace.to
                ),
            }],
            ..ServerDeed::new(
                Side::Target,
                vec![Statement {
                    sql,
                    comment: title.clone(),
                }],
                format!(
                    "the tablespace {0} may be there and empty; `envclone resume` goes on; to give up: DROP TABLESPACE {1} \
                     INCLUDING CONTENTS AND DATAFILES",
                    tablespace.to,
                    d.identifier(&tablespace.to)
                ),
            )
        };
        part(title, deed, format!("SELECT 1 - ({count}) FROM dual"))
    }

    /// Where the data files go; none where the database puts them itself.
    fn folder(&self) -> Option<&String> {
        let own = self.settings.data_folder.as_ref();
        own.or_else(|| {
            self.destination
                .and_then(|server| server.data_folder.as_ref())
        })
    }

    pub(super) fn users(&self) -> Vec<Part> {
        self.schemas
            .iter()
            .map(|schema| self.user(schema))
            .collect()
    }

    /// Locked, with a password that nobody knows: what is not clean yet is nobody's to work with, and no password is in a
    /// plan.
    fn user(&self, schema: &Schema<'_>) -> Part {
        let d = self.d;
        let title = format!("Make the user {}", schema.to);
        let (name, named) = (d.identifier(&schema.to), d.text(&schema.to));
        let mut own: Vec<&Tablespace> = self
            .tablespaces
            .iter()
            .filter(|one| {
                schema
                    .of
                    .found
                    .files
                    .iter()
                    .any(|file| file.name == one.from)
            })
            .collect();
        own.sort_by_key(|one| {
            let its = schema.of.found.files.iter();
            let bytes: u64 = its
                .filter(|file| file.name == one.from)
                .map(|file| file.bytes)
                .sum();
            std::cmp::Reverse(bytes)
        });
        let mut options: Vec<String> = own
            .first()
            .map(|one| format!(" DEFAULT TABLESPACE {}", d.identifier(&one.to)))
            .into_iter()
            .collect();
        options.extend(
            own.iter()
                .map(|one| format!(" QUOTA UNLIMITED ON {}", d.identifier(&one.to))),
        );
        let create = d.text(&format!("CREATE USER {name} IDENTIFIED BY \""));
        let options = d.text(&format!("\"{} ACCOUNT LOCK", options.concat()));
        // One that an interrupted attempt made is not made again: the obstacles see to it that it is no other.
        let there = format!("SELECT COUNT(*) FROM all_users u WHERE u.username = {named}");
        let mut statements = vec![Statement {
            sql: format!(
                "DECLARE\n  v_there NUMBER;\nBEGIN\n  SELECT ({there}) INTO v_there FROM dual;\n  IF v_there = 0 THEN\n    \
                 EXECUTE IMMEDIATE {create} || DBMS_RANDOM.STRING('A', 14) || '_' || DBMS_RANDOM.STRING('X', 12) || '9'\n      \
                 || {options};\n  END IF;\nEND;"
            ),
            comment: title.clone(),
        }];
        let rights = rights(&schema.of.role);
        statements.push(Statement {
            sql: format!("GRANT {} TO {name}", rights.join(", ")),
            comment: format!(
                "the rights of {}, as the published scripts have them",
                schema.to
            ),
        });
        let list: Vec<String> = rights.iter().map(|right| d.text(right)).collect();
        let check = format!(
            "SELECT {} - (SELECT COUNT(*) FROM dba_sys_privs p WHERE p.grantee = {named} AND p.privilege IN ({})) - ({there}) FROM dual",
            rights.len() + 1,
            list.join(", ")
        );
        let deed = ServerDeed {
            obstacles: vec![Obstacle {
                first: String::new(),
                count: there,
                what: format!("the target's database has a user {} already", schema.to),
            }],
            ..ServerDeed::new(
                Side::Target,
                statements,
                format!(
                    "the user {0} may be there and empty; to give up: DROP USER {name} CASCADE",
                    schema.to
                ),
            )
        };
        Part {
            database: schema.of.role.clone(),
            ..part(title, deed, check)
        }
    }

    /// What only a person can do with the new users.
    pub(super) fn guide(&self) -> Guidance {
        let unlock: Vec<String> = self
            .schemas
            .iter()
            .map(|schema| {
                format!(
                    "ALTER USER {} IDENTIFIED BY \"…\" ACCOUNT UNLOCK;",
                    self.d.identifier(&schema.to)
                )
            })
            .collect();
        Guidance {
            step: CLONE.to_owned(),
            title: "Give the new users their passwords".to_owned(),
            text: format!(
                "They are locked, and nobody knows a password of them. Once the copy is verified, choose passwords that the source \
                 does not have, and use them in the Configuration Tool:\n{}\nDone when the Configuration Tool's tests of the \
                 connections succeed.",
                unlock.join("\n")
            ),
        }
    }
}

/// A file in a folder of a server, or in a disk group of ASM.
fn join(folder: &str, name: &str) -> String {
    if folder.starts_with('+') {
        return folder.to_owned();
    }
    let slash = if folder.contains('\\') { '\\' } else { '/' };
    format!("{}{slash}{name}", folder.trim_end_matches(['/', '\\']))
}

/// Names of schemas, as a list of texts.
pub(super) fn names(
    d: &Oracle,
    schemas: &[Schema<'_>],
    name: impl Fn(&Schema<'_>) -> String,
) -> String {
    let names: Vec<String> = schemas.iter().map(|one| d.text(&name(one))).collect();
    names.join(", ")
}

/// Synonyms of the copy that lead to a copied schema of the source lead to the copy's.
pub(super) fn mend_synonyms(d: &Oracle, schemas: &[Schema<'_>]) -> Part {
    let title = "Lead the copy's synonyms to the copy".to_owned();
    let old = names(d, schemas, |one| one.from.clone());
    let new = names(d, schemas, |one| one.to.clone());
    let astray = format!(
        "s.owner IN ({new}) AND s.table_owner IN ({old}) AND s.table_owner NOT IN ({new}) AND s.db_link IS NULL"
    );
    let cases: Vec<String> = schemas
        .iter()
        .map(|one| format!("WHEN {} THEN {}", d.text(&one.from), d.text(&one.to)))
        .collect();
    let sql = format!(
        "BEGIN\n  FOR r IN (SELECT s.owner, s.synonym_name, CASE s.table_owner {} END AS leads_to, s.table_name FROM dba_synonyms s\n    \
         WHERE {astray})\n  LOOP\n    EXECUTE IMMEDIATE 'CREATE OR REPLACE SYNONYM \"' || r.owner || '\".\"' || r.synonym_name || '\" FOR \"' \
         || r.leads_to || '\".\"' || r.table_name || '\"';\n  END LOOP;\nEND;",
        cases.join(" ")
    );
    let deed = ServerDeed::new(
        Side::Target,
        vec![Statement {
            sql,
            comment: title.clone(),
        }],
        "some synonyms of the copy may lead to the source; `envclone resume` mends them".to_owned(),
    );
    part(
        title,
        deed,
        format!("SELECT COUNT(*) FROM dba_synonyms s WHERE {astray}"),
    )
}

/// The last part of making a schema: what the import left invalid is compiled, as far as it can be. The schema counts as
/// made after it.
pub(super) fn compile(d: &Oracle, schema: &Schema<'_>) -> Part {
    let title = format!("Compile the code of {}", schema.to);
    let named = d.text(&schema.to);
    let deed = ServerDeed {
        makes: true,
        ..ServerDeed::new(
            Side::Target,
            vec![Statement {
                sql: format!(
                    "BEGIN\n  DBMS_UTILITY.COMPILE_SCHEMA(schema => {named}, compile_all => FALSE);\nEND;"
                ),
                comment: title.clone(),
            }],
            format!(
                "the schema {} is imported, and not all of its code is compiled",
                schema.to
            ),
        )
    };
    Part {
        title,
        database: schema.of.role.clone(),
        deed: Deed::Server(deed),
        check: format!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM all_users u WHERE u.username = {named}) THEN 0 ELSE 1 END FROM dual"
        ),
    }
}
