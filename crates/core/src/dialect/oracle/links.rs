//! What leads out of an Oracle schema: what an import writes over into another schema as it was.
//!
//! REMAP_SCHEMA renames owners, and nothing in the text of a view, a trigger or a procedure.

use crate::dialect::LinkQuery;

/// The schema that is looked at, as the session has it.
pub(super) const OWNER: &str = "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')";

/// Each asks for names, and where they lead. Some ask views that not every login may see: that one is then not known.
pub(super) fn queries() -> Vec<LinkQuery> {
    [
        (
            "synonym",
            format!(
                "SELECT s.synonym_name, CASE WHEN s.table_owner IS NULL THEN s.table_name ELSE s.table_owner || '.' || s.table_name END \
                 || CASE WHEN s.db_link IS NULL THEN '' ELSE '@' || s.db_link END FROM all_synonyms s WHERE s.owner = {OWNER} \
                 AND (s.table_owner IS NULL OR s.table_owner <> {OWNER} OR s.db_link IS NOT NULL) ORDER BY s.synonym_name"
            ),
        ),
        (
            "code that names another schema",
            format!(
                "SELECT DISTINCT d.type || ' ' || d.name AS code, d.referenced_owner || '.' || d.referenced_name AS named \
                 FROM all_dependencies d WHERE d.owner = {OWNER} AND d.referenced_owner <> {OWNER} \
                 AND d.referenced_owner NOT IN ('SYS', 'PUBLIC', 'SYSTEM', 'XDB') AND d.type <> 'SYNONYM' ORDER BY code, named"
            ),
        ),
        (
            // What is put together at run time is in no list of dependencies.
            "text of code with a name of another schema",
            format!(
                "SELECT DISTINCT c.type || ' ' || c.name || ', line ' || c.line AS code, u.username AS named FROM all_source c \
                 JOIN all_users u ON INSTR(UPPER(c.text), u.username || '.') > 0 WHERE c.owner = {OWNER} \
                 AND u.username <> {OWNER} AND u.username NOT IN ('SYS', 'PUBLIC', 'SYSTEM', 'XDB') ORDER BY code, named"
            ),
        ),
        (
            "database link",
            format!(
                "SELECT l.db_link, CASE WHEN l.username IS NULL THEN '' ELSE l.username || ' at ' END || l.host FROM all_db_links l \
                 WHERE l.owner = {OWNER} ORDER BY l.db_link"
            ),
        ),
        (
            "right of another user",
            format!(
                "SELECT g.table_name || ': ' || g.privilege AS given, 'granted to ' || g.grantee AS grantee FROM all_tab_privs g \
                 WHERE g.table_schema = {OWNER} AND g.grantee <> {OWNER} ORDER BY given, grantee"
            ),
        ),
        (
            "right on another schema",
            format!(
                "SELECT g.privilege AS given, g.table_schema || '.' || g.table_name AS named FROM all_tab_privs g \
                 WHERE g.grantee = {OWNER} AND g.table_schema NOT IN ({OWNER}, 'SYS', 'SYSTEM', 'XDB') ORDER BY given, named"
            ),
        ),
        (
            "scheduler job",
            format!(
                "SELECT j.job_name, CASE WHEN j.enabled = 'TRUE' THEN 'enabled: ' ELSE 'disabled: ' END || j.job_action \
                 FROM all_scheduler_jobs j WHERE j.owner = {OWNER} ORDER BY j.job_name"
            ),
        ),
        (
            "public database link",
            "SELECT l.db_link, CASE WHEN l.username IS NULL THEN '' ELSE l.username || ' at ' END || l.host FROM all_db_links l \
             WHERE l.owner = 'PUBLIC' ORDER BY l.db_link"
                .to_owned(),
        ),
    ]
    .map(|(kind, sql)| LinkQuery {
        kind,
        of_server: kind == "public database link",
        sql,
    })
    .to_vec()
}
