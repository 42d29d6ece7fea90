//! What leads out of an Oracle schema: what an import writes over into another schema as it was.
//!
//! REMAP_SCHEMA renames owners, and nothing in the text of a view, a trigger or a procedure.

use crate::dialect::LinkQuery;
use crate::evidence::Observed;
use crate::inventory::Database;
use crate::link::Link;

/// The schema that is looked at, as the session has it.
pub(super) const OWNER: &str = "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')";

/// Schemas of the database itself, to which everything leads.
const ITS_OWN: &str = "'SYS', 'PUBLIC', 'SYSTEM', 'XDB'";

/// What rights on the schema's objects are called.
const GIVEN: &str = "right of another user";
const HELD: &str = "right on another schema";
const GRANTED_TO: &str = "granted to ";
const GRANT_OPTION: &str = " with grant option";

/// 1 where the login is the schema's own user: what `ALL_` views show of the schema is then all that there is. To anybody else
/// they show what that one may use, which is not what leads out.
pub(super) fn own_login() -> String {
    format!(
        "SELECT CASE WHEN SYS_CONTEXT('USERENV', 'SESSION_USER') = {OWNER} THEN 1 ELSE 0 END FROM dual"
    )
}

/// A query of views whose names begin so.
type Spelled = fn(&str) -> String;

/// Each asks for names, and where they lead, of views that show everything to who may see them; and of those that show the
/// schema's own user everything of the schema.
pub(super) fn queries() -> Vec<LinkQuery> {
    let kinds: [(&'static str, Spelled); 9] = [
        ("synonym", synonyms),
        ("code that names another schema", dependencies),
        // What is put together at run time is in no list of dependencies, and neither is what does not compile.
        ("text of code with a name of another schema", source),
        ("text of a view with a name of another schema", views),
        ("database link", links),
        (GIVEN, given),
        (HELD, held),
        ("scheduler job", jobs),
        ("job", old_jobs),
    ];
    let mut queries: Vec<LinkQuery> = kinds
        .map(|(kind, sql)| LinkQuery {
            kind,
            of_server: false,
            sql: sql("dba"),
            own: Some(sql("all")),
        })
        .to_vec();
    queries.push(LinkQuery {
        kind: "public database link",
        of_server: true,
        sql: format!("SELECT l.db_link, {LEADS} FROM all_db_links l WHERE l.owner = 'PUBLIC' ORDER BY l.db_link"),
        own: None,
    });
    queries
}

/// Where a database link leads.
const LEADS: &str = "CASE WHEN l.username IS NULL THEN '' ELSE l.username || ' at ' END || l.host";

fn synonyms(views: &str) -> String {
    format!(
        "SELECT s.synonym_name, CASE WHEN s.table_owner IS NULL THEN s.table_name ELSE s.table_owner || '.' || s.table_name END \
         || CASE WHEN s.db_link IS NULL THEN '' ELSE '@' || s.db_link END FROM {views}_synonyms s WHERE s.owner = {OWNER} \
         AND (s.table_owner IS NULL OR s.table_owner <> {OWNER} OR s.db_link IS NOT NULL) ORDER BY s.synonym_name"
    )
}

fn dependencies(views: &str) -> String {
    format!(
        "SELECT DISTINCT d.type || ' ' || d.name AS code, d.referenced_owner || '.' || d.referenced_name AS named \
         FROM {views}_dependencies d WHERE d.owner = {OWNER} AND d.referenced_owner <> {OWNER} \
         AND d.referenced_owner NOT IN ({ITS_OWN}) AND d.type <> 'SYNONYM' ORDER BY code, named"
    )
}

/// That a text has another schema's name in it, with or without quotes.
fn names_another(text: &str) -> String {
    format!(
        "JOIN all_users u ON INSTR(REPLACE(UPPER({text}), '\"', ''), u.username || '.') > 0 \
         WHERE u.username <> {OWNER} AND u.username NOT IN ({ITS_OWN})"
    )
}

/// Procedures, functions, packages, types and triggers.
fn source(views: &str) -> String {
    format!(
        "SELECT DISTINCT c.type || ' ' || c.name || ', line ' || c.line AS code, u.username AS named FROM {views}_source c {} \
         AND c.owner = {OWNER} ORDER BY code, named",
        names_another("c.text")
    )
}

/// The first 4000 characters of each: the rest is in a column that no condition can look into.
fn views(views: &str) -> String {
    format!(
        "SELECT DISTINCT 'VIEW ' || v.view_name AS code, u.username AS named FROM {views}_views v {} \
         AND v.owner = {OWNER} ORDER BY code, named",
        names_another("v.text_vc")
    )
}

fn links(views: &str) -> String {
    format!(
        "SELECT l.db_link, {LEADS} FROM {views}_db_links l WHERE l.owner = {OWNER} ORDER BY l.db_link"
    )
}

/// What the two kinds of views call an object's owner in their lists of rights.
fn owner_in(views: &str) -> &'static str {
    match views {
        "dba" => "owner",
        _ => "table_schema",
    }
}

fn given(views: &str) -> String {
    let owner = owner_in(views);
    format!(
        "SELECT DISTINCT g.table_name || ': ' || g.privilege AS given, '{GRANTED_TO}' || g.grantee || \
         CASE WHEN g.grantable = 'YES' THEN '{GRANT_OPTION}' ELSE '' END AS grantee FROM {views}_tab_privs g \
         WHERE g.{owner} = {OWNER} AND g.grantee <> {OWNER} ORDER BY given, grantee"
    )
}

fn held(views: &str) -> String {
    let owner = owner_in(views);
    format!(
        "SELECT DISTINCT g.privilege AS given, g.{owner} || '.' || g.table_name AS named FROM {views}_tab_privs g \
         WHERE g.grantee = {OWNER} AND g.{owner} NOT IN ({OWNER}, 'SYS', 'SYSTEM', 'XDB') ORDER BY given, named"
    )
}

/// A job may name a program, which has what it does.
fn jobs(views: &str) -> String {
    format!(
        "SELECT j.job_name, CASE WHEN j.enabled = 'TRUE' THEN 'enabled: ' ELSE 'disabled: ' END || \
         CASE WHEN j.program_name IS NULL THEN j.job_action ELSE j.program_owner || '.' || j.program_name END \
         FROM {views}_scheduler_jobs j WHERE j.owner = {OWNER} ORDER BY j.job_name"
    )
}

/// Jobs of DBMS_JOB. Of those that are another's nobody but a DBA has a list.
fn old_jobs(views: &str) -> String {
    let views = if views == "dba" { "dba" } else { "user" };
    format!(
        "SELECT 'job ' || j.job AS job, j.what FROM {views}_jobs j WHERE j.schema_user = {OWNER} ORDER BY job"
    )
}

/// A right on an object of a schema that another user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Given<'a> {
    pub(super) object: &'a str,
    pub(super) grantee: &'a str,
    pub(super) privilege: &'a str,
    pub(super) grantable: bool,
}

/// What was found of the rights on a schema's objects: what the query above said, taken apart.
pub(super) fn rights_given(found: &Database) -> Observed<Vec<Given<'_>>> {
    of_kind(found, GIVEN).map(|all| all.iter().filter_map(taken_apart).collect())
}

/// What was found of a schema's rights on others' objects: each right, and the object with its owner.
pub(super) fn rights_held(found: &Database) -> Observed<Vec<(&str, &str)>> {
    of_kind(found, HELD).map(|all| {
        let pairs = all.iter();
        pairs
            .map(|link| (link.name.as_str(), link.to.as_str()))
            .collect()
    })
}

/// All of a kind. A schema that has none of it says nothing about it.
fn of_kind<'a>(found: &'a Database, kind: &str) -> Observed<&'a [Link]> {
    let links = found.links.iter().find(|links| links.kind == kind);
    match links.map(|links| &links.found) {
        None => Observed::Known(&[]),
        Some(Observed::Known(all)) => Observed::Known(all),
        Some(Observed::Unknown { why }) => Observed::Unknown { why: why.clone() },
    }
}

fn taken_apart(link: &Link) -> Option<Given<'_>> {
    let (object, privilege) = link.name.rsplit_once(": ")?;
    let to = link.to.strip_prefix(GRANTED_TO)?;
    let with_option = to.strip_suffix(GRANT_OPTION);
    Some(Given {
        object,
        grantee: with_option.unwrap_or(to),
        privilege,
        grantable: with_option.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: &str) -> LinkQuery {
        let mut all = queries().into_iter();
        all.find(|query| query.kind == kind).unwrap()
    }

    #[test]
    fn each_kind_that_an_import_does_not_rewrite_is_asked_for() {
        for (kind, view) in [
            ("synonym", "dba_synonyms"),
            // Views, triggers, procedures: what compiles, and what does not.
            ("code that names another schema", "dba_dependencies"),
            ("text of code with a name of another schema", "dba_source"),
            ("text of a view with a name of another schema", "dba_views"),
            ("database link", "dba_db_links"),
            (GIVEN, "dba_tab_privs"),
            ("right on another schema", "dba_tab_privs"),
            ("scheduler job", "dba_scheduler_jobs"),
            ("job", "dba_jobs"),
        ] {
            let query = named(kind);
            assert!(query.sql.contains(view), "{kind}: {}", query.sql);
            // What only the schema's own user may rely on is asked second.
            let own = query.own.unwrap();
            assert!(
                !own.contains("dba_") && !query.sql.contains("all_t"),
                "{kind}: {own}"
            );
        }
        assert!(named("public database link").of_server);
    }

    #[test]
    fn a_right_is_read_as_it_is_written() {
        let sql = named(GIVEN).sql;
        for part in ["': '", GRANTED_TO, GRANT_OPTION] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
        let link = |to: &str| Link {
            name: "T: U: SELECT".to_owned(),
            to: to.to_owned(),
        };
        let plain = link("granted to OSRUNTIME");
        let given = Given {
            object: "T: U",
            grantee: "OSRUNTIME",
            privilege: "SELECT",
            grantable: false,
        };
        assert_eq!(taken_apart(&plain), Some(given));
        let further = link("granted to OSRUNTIME with grant option");
        let given = Given {
            grantable: true,
            ..given
        };
        assert_eq!(taken_apart(&further), Some(given));
    }
}
