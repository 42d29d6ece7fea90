//! An Oracle that is none: the wire in front of MariaDB, and as much of the dictionary as sessions ask for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use envclone_db::oracle::{Oracle, Place, Server, Side};
use envclone_tns_server::{self as tns, Account, Answer, MariaDb, Options, Request};

/// The password of everybody.
pub const PASSWORD: &str = "let me in";

/// Who logs in: a DBA.
pub const DBA: &str = "dba_of_tests";

/// A database of one's own, gone at the end of a test.
pub struct OracleLab {
    /// What executes.
    pub database: MariaDb,
    /// What speaks.
    pub front: tns::Server,
}

/// The views of the dictionary that are asked for, as far as MariaDB has what they tell. What it has none of is empty.
const DICTIONARY: [&str; 44] = [
    "CREATE VIEW live_all_users AS SELECT {u:s.schema_name} AS username, CRC32(s.schema_name) AS user_id, \
     TIMESTAMP '2026-11-02 08:00:00' AS created FROM information_schema.schemata s \
     WHERE s.schema_name NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys', 'sys_dictionary')",
    "CREATE VIEW live_all_tables AS SELECT {u:t.table_schema} AS owner, {u:t.table_name} AS table_name, \
     CASE WHEN t.table_name LIKE 'osusr%' THEN 'OSUSR' ELSE 'OSSYS' END AS tablespace_name, 4 AS blocks \
     FROM information_schema.tables t WHERE t.table_type = 'BASE TABLE'",
    "CREATE TABLE all_indexes (owner VARCHAR(128), tablespace_name VARCHAR(30), leaf_blocks INTEGER)",
    "CREATE TABLE all_lobs (owner VARCHAR(128), tablespace_name VARCHAR(30))",
    "CREATE TABLE session_roles (role VARCHAR(128))",
    "INSERT INTO session_roles VALUES ('EXP_FULL_DATABASE'), ('IMP_FULL_DATABASE')",
    "CREATE TABLE all_directories (directory_name VARCHAR(128), directory_path VARCHAR(4000))",
    "INSERT INTO all_directories VALUES ('DATA_PUMP_DIR', '/u01/dumps')",
    "CREATE TABLE dba_tablespaces (tablespace_name VARCHAR(30))",
    "CREATE TABLE dba_sys_privs (grantee VARCHAR(128), privilege VARCHAR(40))",
    "CREATE TABLE dba_tab_privs (grantee VARCHAR(128), owner VARCHAR(128), table_name VARCHAR(128), privilege VARCHAR(40), \
     grantable VARCHAR(3) DEFAULT 'NO')",
    "CREATE TABLE dba_col_privs (grantee VARCHAR(128), owner VARCHAR(128), table_name VARCHAR(128), column_name VARCHAR(128), \
     privilege VARCHAR(40))",
    "CREATE TABLE dba_datapump_jobs (owner_name VARCHAR(128), job_name VARCHAR(128), operation VARCHAR(128), state VARCHAR(128))",
    "CREATE TABLE \"v$database\" (dbid BIGINT, con_dbid BIGINT)",
    "CREATE TABLE \"v$session_longops\" (opname VARCHAR(64), sofar INTEGER, totalwork INTEGER)",
    "CREATE VIEW live_all_tab_columns AS SELECT {u:c.table_schema} AS owner, {u:c.table_name} AS table_name, \
     {u:c.column_name} AS column_name, c.ordinal_position AS column_id, \
     CASE WHEN c.data_type = 'varchar' THEN 'C' END AS char_used FROM information_schema.columns c",
    "CREATE VIEW live_all_constraints AS SELECT {u:r.constraint_schema} AS owner, {u:r.constraint_name} AS constraint_name, \
     'R' AS constraint_type, {u:r.table_name} AS table_name, {u:r.unique_constraint_schema} AS r_owner, \
     CONCAT('PK_', {u:r.referenced_table_name}) AS r_constraint_name, 'ENABLED' AS status \
     FROM information_schema.referential_constraints r",
    // All primary keys have one name there.
    "CREATE VIEW live_all_cons_columns AS SELECT {u:k.table_schema} AS owner, \
     CASE WHEN k.constraint_name = 'PRIMARY' THEN CONCAT('PK_', {u:k.table_name}) ELSE {u:k.constraint_name} END AS constraint_name, \
     {u:k.table_name} AS table_name, {u:k.column_name} AS column_name, k.ordinal_position AS position \
     FROM information_schema.key_column_usage k",
    "CREATE VIEW live_all_objects AS SELECT {u:t.table_schema} AS owner, {u:t.table_name} AS object_name, 'TABLE' AS object_type, \
     TIMESTAMP '2026-11-02 08:05:00' AS created FROM information_schema.tables t WHERE t.table_type = 'BASE TABLE'",
    "CREATE VIEW live_dba_segments AS SELECT {u:t.table_schema} AS owner, t.data_length AS bytes FROM information_schema.tables t",
    "CREATE TABLE dba_synonyms (owner VARCHAR(128), synonym_name VARCHAR(128), table_owner VARCHAR(128), table_name VARCHAR(128), \
     db_link VARCHAR(128))",
    "CREATE TABLE dba_dependencies (owner VARCHAR(128), name VARCHAR(128), type VARCHAR(30), referenced_owner VARCHAR(128), \
     referenced_name VARCHAR(128))",
    "CREATE TABLE dba_views (owner VARCHAR(128), view_name VARCHAR(128), text_vc VARCHAR(4000))",
    "CREATE TABLE dba_source (owner VARCHAR(128), name VARCHAR(128), type VARCHAR(30), line INTEGER, text VARCHAR(4000))",
    "CREATE TABLE dba_db_links (owner VARCHAR(128), db_link VARCHAR(128), username VARCHAR(128), host VARCHAR(2000))",
    "CREATE VIEW all_db_links AS SELECT * FROM dba_db_links WHERE owner = 'PUBLIC'",
    "CREATE TABLE dba_scheduler_jobs (owner VARCHAR(128), job_name VARCHAR(128), enabled VARCHAR(5), job_action VARCHAR(4000), \
     program_owner VARCHAR(128), program_name VARCHAR(128))",
    "CREATE TABLE dba_jobs (job INTEGER, schema_user VARCHAR(128), what VARCHAR(4000))",
    // To the one who is their own user these show the same.
    "CREATE VIEW all_synonyms AS SELECT * FROM dba_synonyms",
    "CREATE VIEW all_dependencies AS SELECT * FROM dba_dependencies",
    "CREATE VIEW all_source AS SELECT * FROM dba_source",
    "CREATE VIEW all_views AS SELECT * FROM dba_views",
    "CREATE VIEW all_tab_privs AS SELECT grantee, owner AS table_schema, table_name, privilege, grantable FROM dba_tab_privs",
    "CREATE VIEW all_scheduler_jobs AS SELECT * FROM dba_scheduler_jobs",
    "CREATE VIEW user_jobs AS SELECT * FROM dba_jobs",
    "CREATE TABLE \"v$session\" (type VARCHAR(10), schemaname VARCHAR(128), username VARCHAR(128), program VARCHAR(84), \
     machine VARCHAR(64))",
    "CREATE TABLE session_privs (privilege VARCHAR(40))",
    "INSERT INTO session_privs VALUES ('DELETE ANY TABLE'), ('UPDATE ANY TABLE'), ('INSERT ANY TABLE'), ('CREATE ANY TABLE'), ('LOCK ANY TABLE'), ('CREATE TABLESPACE'), ('CREATE USER'), ('GRANT ANY PRIVILEGE'), ('GRANT ANY OBJECT PRIVILEGE')",
    "CREATE VIEW product_component_version AS SELECT '19.0.0.0.0' AS version, \
     'Oracle Database 19c Standard Edition 2' AS product",
    "CREATE TABLE nls_database_parameters (parameter VARCHAR(128), value VARCHAR(64))",
    "INSERT INTO nls_database_parameters VALUES ('NLS_CHARACTERSET', 'AL32UTF8'), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16'), \
     ('NLS_LENGTH_SEMANTICS', 'BYTE'), ('NLS_COMP', 'BINARY'), ('NLS_SORT', 'BINARY'), ('NLS_LANGUAGE', 'AMERICAN'), \
     ('NLS_TERRITORY', 'AMERICA'), ('NLS_RDBMS_VERSION', '19.0.0.0.0')",
    "CREATE TABLE nls_instance_parameters (parameter VARCHAR(128), value VARCHAR(64))",
    "INSERT INTO nls_instance_parameters VALUES ('NLS_LENGTH_SEMANTICS', 'CHAR'), ('NLS_COMP', NULL)",
    "CREATE FUNCTION sys_context(space VARCHAR2(30), name VARCHAR2(40)) RETURN VARCHAR2(128) AS BEGIN \
     CASE name WHEN 'DB_UNIQUE_NAME' THEN RETURN 'FREE'; WHEN 'CON_NAME' THEN RETURN 'FREEPDB1'; \
     WHEN 'CON_ID' THEN RETURN '3'; WHEN 'DBID' THEN RETURN '1514744604'; WHEN 'CON_DBID' THEN RETURN '3638231841'; \
     WHEN 'CURRENT_SCHEMA' THEN RETURN @current_schema_name; WHEN 'SESSION_USER' THEN RETURN @current_user_name; \
     WHEN 'CLIENT_PROGRAM_NAME' THEN RETURN 'envclone'; WHEN 'HOST' THEN RETURN 'here'; ELSE RETURN NULL; END CASE; END",
];

/// What is kept of the dictionary, since MariaDB takes seconds to look it up: each is a table with what the view `live_…` had
/// when it was last looked at.
const KEPT: [&str; 7] = [
    "all_users",
    "all_tables",
    "all_tab_columns",
    "all_constraints",
    "all_cons_columns",
    "all_objects",
    "dba_segments",
];

/// Looks again at what is kept.
fn look(database: &MariaDb) {
    let mut statements = Vec::new();
    for name in KEPT {
        statements.push(format!("DELETE FROM sys_dictionary.{name}"));
        statements.push(format!(
            "INSERT INTO sys_dictionary.{name} SELECT * FROM sys_dictionary.live_{name}"
        ));
    }
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    database.run(&statements).unwrap();
}

/// Whether a statement may change what tables and users there are.
fn changes_what_there_is(sql: &str) -> bool {
    let sql = sql.to_uppercase();
    ["CREATE ", "DROP ", "ALTER TABLE"]
        .iter()
        .any(|word| sql.contains(word))
}

/// A name in capitals, and compared as all names are there.
fn spelled(view: &str) -> String {
    let mut sql = String::new();
    let mut rest = view;
    while let Some((before, after)) = rest.split_once("{u:") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        sql += before;
        sql += &format!("CONVERT(UPPER({name}) USING utf8mb4) COLLATE utf8mb4_unicode_nopad_ci");
        rest = after;
    }
    sql + rest
}

impl OracleLab {
    /// Starts one with empty schemas; nothing, and a line that says so, where MariaDB is not installed.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(schemas: &[&str]) -> Option<Self> {
        Self::start_with(schemas, |_, _| None)
    }

    /// The same, with a script that answers what it wants to, and leaves the rest.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start_with(
        schemas: &[&str],
        script: impl Fn(&MariaDb, &Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Option<Self> {
        if !MariaDb::is_installed() {
            eprintln!("not run: MariaDB is not installed (Debian's package mariadb-server)");
            return None;
        }
        let database = MariaDb::start().unwrap();
        let mut dictionary = vec!["USE sys_dictionary".to_owned()];
        dictionary.extend(DICTIONARY.iter().map(|view| spelled(view)));
        dictionary.extend(
            KEPT.map(|name| {
                format!("CREATE TABLE {name} AS SELECT * FROM live_{name} WHERE 1 = 0")
            }),
        );
        dictionary.push("CREATE VIEW dba_objects AS SELECT * FROM all_objects".to_owned());
        let dictionary: Vec<&str> = dictionary.iter().map(String::as_str).collect();
        database.run(&dictionary).unwrap();
        for schema in schemas {
            database.create_schema(schema).unwrap();
        }
        let mut accounts = vec![Account::new(DBA, PASSWORD).with_sysdba()];
        accounts.extend(schemas.iter().map(|schema| Account::new(*schema, PASSWORD)));
        let options = Options {
            accounts,
            ..Options::default()
        };
        let behind = database.clone();
        let stale = Mutex::new(true);
        let front = options.start_before(database.clone(), move |request: &Request| {
            let begins = |with: &str| request.sql.starts_with(with);
            let mut stale = stale.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = KEPT.iter().chain(["dba_objects"].iter());
            if *stale && { kept }.any(|name| request.sql.contains(name)) {
                look(&behind);
                *stale = false;
            }
            let own = begins("LOCK TABLE ").then_some(Answer::Done);
            let played = script(&behind, request).or(own);
            // What a script plays may be anything.
            *stale |= played.is_some() || changes_what_there_is(&request.sql);
            played
        });
        Some(Self {
            database,
            front: front.unwrap(),
        })
    }

    /// How the DBA gets there.
    #[must_use]
    pub fn server(&self) -> Server {
        server_at(self.front.port())
    }

    /// An engine for these schemas, which may be written: named `SCHEMA@test`.
    #[must_use]
    pub fn engine(&self, schemas: &[&str]) -> Oracle {
        let side = Side {
            name: "target".to_owned(),
            server: self.server(),
            schemas: schemas.iter().map(|schema| (*schema).to_owned()).collect(),
            writable: true,
        };
        Oracle::new(vec![side], "ENVCLONE_MARK", || false)
    }
}

/// How the DBA gets to one that another process started.
#[must_use]
pub fn server_at(port: u16) -> Server {
    Server {
        label: "test".to_owned(),
        place: Place::Service {
            host: "127.0.0.1".to_owned(),
            port,
            service: "freepdb1".to_owned(),
            encrypted: false,
        },
        user: DBA.to_owned(),
        password: PASSWORD.into(),
        sysdba: false,
        wallet: None,
        wallet_password: None,
        application: "envclone".to_owned(),
        connect: Duration::from_secs(10),
        command: Some(Duration::from_secs(120)),
        lock: Duration::from_secs(5),
    }
}
