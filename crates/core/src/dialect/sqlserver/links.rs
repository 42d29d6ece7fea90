//! What leads out of a SQL Server database: its own objects, and those of its server that work with it.

use crate::dialect::LinkQuery;

/// Kinds of things that belong to the server.
const OF_SERVER: [&str; 4] = [
    "linked server",
    "credential of the server",
    "SQL Agent job",
    "Database Mail profile",
];

/// Each asks for names, and where they lead. Some ask views that older versions lack, or that not every login may see: that
/// one is then not known.
pub(super) fn queries() -> Vec<LinkQuery> {
    [
        (
            "synonym",
            "SELECT SCHEMA_NAME(schema_id) + N'.' + name, base_object_name FROM sys.synonyms \
             WHERE base_object_name LIKE N'%.%.%' ORDER BY 1",
        ),
        (
            "code that names another database",
            "SELECT DISTINCT OBJECT_SCHEMA_NAME(referencing_id) + N'.' + OBJECT_NAME(referencing_id), \
             ISNULL(referenced_server_name + N'.', N'') + ISNULL(referenced_database_name, N'') + N'.' \
             + ISNULL(referenced_schema_name, N'') + N'.' + referenced_entity_name FROM sys.sql_expression_dependencies \
             WHERE (referenced_database_name IS NOT NULL AND referenced_database_name <> DB_NAME()) \
             OR referenced_server_name IS NOT NULL ORDER BY 1",
        ),
        (
            "Service Broker route",
            "SELECT name, ISNULL(address, N'') FROM sys.routes WHERE address <> N'LOCAL' ORDER BY 1",
        ),
        (
            "feature of the database that sends or copies",
            "SELECT f.name, f.what FROM sys.databases d CROSS APPLY (VALUES \
             (N'Service Broker', N'enabled', CAST(d.is_broker_enabled AS int)), \
             (N'change data capture', N'enabled', CAST(d.is_cdc_enabled AS int)), \
             (N'replication', N'published', CAST(d.is_published AS int)), \
             (N'replication', N'subscribed', CAST(d.is_subscribed AS int)), \
             (N'merge replication', N'published', CAST(d.is_merge_published AS int))) f (name, what, is_on) \
             WHERE d.database_id = DB_ID() AND f.is_on = 1 ORDER BY 1, 2",
        ),
        (
            "external data source",
            "SELECT name, location FROM sys.external_data_sources ORDER BY 1",
        ),
        (
            "credential of the database",
            "SELECT name, credential_identity FROM sys.database_scoped_credentials ORDER BY 1",
        ),
        (
            "linked server",
            "SELECT name, ISNULL(data_source, N'') FROM sys.servers WHERE is_linked = 1 ORDER BY 1",
        ),
        (
            "credential of the server",
            "SELECT name, ISNULL(credential_identity, N'') FROM sys.credentials ORDER BY 1",
        ),
        (
            "SQL Agent job",
            "SELECT j.name, s.step_name + N', in ' + ISNULL(s.database_name, N'') FROM msdb.dbo.sysjobs j \
             JOIN msdb.dbo.sysjobsteps s ON s.job_id = j.job_id WHERE j.enabled = 1 \
             AND (s.database_name = DB_NAME() OR CHARINDEX(DB_NAME(), s.command) > 0) ORDER BY 1, 2",
        ),
        (
            "Database Mail profile",
            "SELECT p.name, ISNULL(a.email_address, N'') FROM msdb.dbo.sysmail_profile p \
             LEFT JOIN msdb.dbo.sysmail_profileaccount b ON b.profile_id = p.profile_id \
             LEFT JOIN msdb.dbo.sysmail_account a ON a.account_id = b.account_id ORDER BY 1, 2",
        ),
    ]
    .map(|(kind, sql)| LinkQuery {
        kind,
        of_server: OF_SERVER.contains(&kind),
        sql: sql.to_owned(),
        own: None,
    })
    .to_vec()
}
