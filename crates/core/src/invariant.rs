//! What must hold in a copy that is safe to start, whoever cleaned it and however.
//!
//! Each invariant names rows that such a copy does not have. They are derived from what the platform does when
//! its services start (who is called, deployed to, mailed, logged in), not from the catalogue of steps.

use crate::dialect::Dialect;
use crate::engine::Role;
use crate::filter::{Filter, Rows, Source, Test};
use crate::inventory::{Inventory, Table};

/// Rows that a safe copy does not have.
struct Invariant {
    id: &'static str,
    title: &'static str,
    of: Of,
    /// The column that a finding is reported for; empty where the row itself is what is left.
    column: &'static str,
    filter: Filter,
}

/// Where they would be.
enum Of {
    /// In tables whose names begin so, in every database.
    Tables(&'static str),
    /// In this table of the platform database.
    Table(&'static str),
    /// In the tables of the active entities with this key.
    Entity(&'static str),
}

/// A check, spelled for an engine.
#[derive(Clone, Debug)]
pub struct Query {
    /// The invariant.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// The database.
    pub database: Role,
    /// The table.
    pub table: String,
    /// The column that a finding is reported for.
    pub column: String,
    /// Counts the rows that should not be there.
    pub count: String,
}

/// The checks that this environment's tables allow.
#[must_use]
pub fn queries(inventory: &Inventory, dialect: &dyn Dialect) -> Vec<Query> {
    let mut queries = Vec::new();
    for invariant in invariants() {
        for (role, table) in places(inventory, &invariant.of) {
            let missing = invariant
                .filter
                .columns()
                .into_iter()
                .any(|column| table.column(column).is_none());
            let blind = invariant
                .filter
                .lookups()
                .iter()
                .any(|(name, _)| inventory.table(&role, name).is_none());
            if missing || blind {
                continue;
            }
            queries.push(Query {
                id: invariant.id.to_owned(),
                title: invariant.title.to_owned(),
                table: table.name.clone(),
                column: invariant.column.to_owned(),
                count: dialect.count(&table.name, &invariant.filter),
                database: role,
            });
        }
    }
    queries
}

fn places<'a>(inventory: &'a Inventory, of: &Of) -> Vec<(Role, &'a Table)> {
    match of {
        Of::Table(name) => inventory
            .table(&Role::Platform, name)
            .map(|table| (Role::Platform, table))
            .into_iter()
            .collect(),
        Of::Tables(start) => inventory
            .databases
            .iter()
            .flat_map(|database| {
                database
                    .tables
                    .iter()
                    .map(|table| (database.role.clone(), table))
            })
            .filter(|(_, table)| {
                table
                    .name
                    .get(..start.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(start))
            })
            // The one table of that prefix that holds settings and no history.
            .filter(|(_, table)| !table.name.eq_ignore_ascii_case("oslog_parameter"))
            .collect(),
        Of::Entity(key) => inventory
            .entities
            .iter()
            .filter(|entity| entity.key.eq_ignore_ascii_case(key))
            .filter_map(|entity| {
                Some((
                    entity.database.clone(),
                    inventory.table(&entity.database, &entity.table)?,
                ))
            })
            .collect(),
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn any() -> Filter {
    Filter::default()
}

fn has(column: &str) -> Filter {
    Filter::column(column, Test::Empty(false))
}

fn in_rows(column: &str, table: &str, of: &str, filter: Filter) -> Filter {
    Filter::column(
        column,
        Test::InRows(Box::new(Rows {
            table: text(table),
            column: text(of),
            filter,
        })),
    )
}

#[rustfmt::skip]
fn invariants() -> Vec<Invariant> {
    use Of::{Entity, Table, Tables};
    let one = |id, title, of, column, filter| Invariant { id, title, of, column, filter };
    let mut all = vec![
        one("no-connection", "no connection leads to a database of the source", Table("ossys_dbconnection"), "", Filter::column("NAME", Test::Not(text("$OS_LOG_DB_7e3e8ce0")))),
        one("no-extension-connection", "no extension is bound to a connection of the source", Table("ossys_extension_dbconnection"), "", has("DBCONNECTIONID")),
        one("no-connection-in-progress", "no operation in progress is bound to a connection", Table("ossys_async_op_logicaldatabase"), "", has("DBCONNECTION_ID")),
        one("no-developer-connection", "no permission refers to a connection of the source", Table("ossys_developer_dbconnection"), "", has("DBCONNECTION_ID")),
        one("no-newer-connection", "no external connection of the newer kind is left", Table("ossys_dbconfiguration"), "DB_KEY", any()),
        one("no-catalog-user", "no extra catalog is opened as the source's user", Table("ossys_dbcatalog"), "USERNAME", Filter::column("NAME", Test::Not(text("(Main)"))).and(has("USERNAME"))),
        one("no-catalog-password", "no extra catalog keeps a password", Table("ossys_dbcatalog"), "PASSWORD", Filter::column("NAME", Test::Not(text("(Main)"))).and(has("PASSWORD"))),
        one("no-catalog-owner", "no extra schema keeps its owner's name", Table("ossys_dbcatalog"), "OwnerUsername", Filter::column("NAME", Test::Not(text("(Main)"))).and(has("OwnerUsername"))),
        one("no-catalog-owner-password", "no extra schema keeps its owner's password", Table("ossys_dbcatalog"), "OwnerPassword", Filter::column("NAME", Test::Not(text("(Main)"))).and(has("OwnerPassword"))),
        one("not-watched", "nobody is notified of what happens in the copy", Table("ossys_platformsvcs_observer"), "", any()),
        one("not-watched-by-cloud", "no cloud service is notified of what happens in the copy", Table("ossys_cloudservices_observer"), "", any()),
        one("no-managed-environment", "LifeTime's registry in the copy manages nothing", Entity("3312b1cd-b12e-4a29-bcdc-51edcdd86ef1"), "ISACTIVE", Filter::column("ISACTIVE", Test::IsNumber(1))),
        one("no-environment-key", "the keys of all servers are made anew", Table("ossys_parameter"), "VAL", Filter::Any(vec![Filter::column("NAME", Test::Contains(text("HashKey"))), Filter::column("NAME", Test::Contains(text("EncryptKey"))), Filter::column("NAME", Test::Contains(text("EncryptionKey"))), Filter::column("NAME", Test::Contains(text("HMACKey"))), Filter::column("NAME", Test::Contains(text("Token"))), Filter::column("NAME", Test::Is(text("privateKeyValidation")))])),
        one("no-identity-service", "nobody logs in through the source's identity service", Table("ossys_parameter"), "VAL", Filter::column("NAME", Test::StartsWith(text("OutSystems.IdentityService.")))),
        one("no-server-setting", "no setting is kept for a server of the source", Table("ossys_parameter"), "HOST", has("HOST")),
        one("no-deployment-zone", "no zone of the source decides what is deployed where", Table("ossys_platformconfig"), "VALUE", Filter::column("NAME", Test::Contains(text("Deploy"))).and(has("VALUE"))),
        one("no-module-on-front-end", "no module is bound to a front-end of the source", Table("ossys_modulefrontend"), "", any()),
        one("no-zone-address", "no module is called at an address of the source", Table("ossys_moduleinternaladdress"), "", any()),
        one("no-front-end", "publishing deploys to no front-end of the source", Table("ossys_server"), "", any()),
        one("no-pool-on-front-end", "no application pool is bound to a front-end of the source", Table("ossys_app_pool_server"), "", any()),
        one("no-front-end-in-zone", "no zone holds a front-end of the source", Table("ossys_zone_server"), "", any()),
        one("no-pending-mail", "no mail waits to be sent", Table("ossys_email_status"), "", Filter::column("SENT", Test::NoDate(true))),
        one("no-mail", "no mail to real people is kept", Table("ossys_email"), "", any()),
        one("no-mail-content", "no content of a mail to real people is kept", Table("ossys_email_content"), "", any()),
        one("no-queued-event", "no process event waits to be handled", Table("ossys_bpm_event"), "", any()),
        one("no-queued-light-event", "no light process event waits to be handled", Table("ossys_bpm_event_queue"), "", any()),
        one("no-due-activity", "no process activity is due when the scheduler starts", Table("ossys_bpm_activity"), "Next_Run", Filter::column("Next_Run", Test::NoDate(false)).and(Filter::column("Closed", Test::NoDate(true)))),
        one("no-auth-provider", "no external directory decides who may log in", Table("ossys_authprovider"), "ISACTIVE", Filter::column("ISACTIVE", Test::IsNumber(1))),
        one("no-mobile-configuration", "no mobile application is built with the source's configuration", Table("ossys_app_mobile_config"), "", any()),
        one("no-mobile-certificate", "no mobile application is signed with the source's certificate", Table("ossys_mobile_certificate"), "", any()),
        one("no-mobile-file", "no file of the source's mobile configuration is kept", Table("ossys_mobile_config_data"), "", any()),
        one("no-login-attempt", "no login attempt of a real person is kept", Table("ossys_login_attempt"), "", any()),
        one("no-users-login-attempt", "no login attempt of an end user is kept", Entity("2ae5a9cc-208c-4e8b-a2ed-83369ba2fbd9"), "", any()),
        one("no-login-message", "no log names who logged in", Tables("oslog_general_"), "Message", Filter::column("Message", Test::StartsWith(text("Login (")))),
        one("no-service-account", "no service account of the source can call LifeTime's interface", Table("ossys_userserviceaccount"), "", any()),
        one("no-console-token", "no token of the source opens Service Center", Table("ossys_servicecenter_token"), "TOKEN", has("TOKEN")),
        one("no-secret", "no secret of the source's platform is kept", Table("ossys_secrets"), "VAL", has("VAL")),
    ];
    all.push(one("no-history", "no log of what real people did on the source is kept", Tables("oslog_"), "", any()));
    for table in ["ossys_app_mobile_build", "ossys_app_mobile_build_data", "ossys_app_mobile_build_queue", "ossys_app_mob_conf_mabs", "ossys_android_config_details", "ossys_ios_config_details"] {
        all.push(one("no-mobile-build", "no build of a mobile application refers to the source's configuration", Table(table), "", any()));
    }
    for table in ["ossys_login", "ossys_persistent_login", "ossys_sso_session", "ossys_sessiontoken", "ossys_refresh_token", "ossys_user_refresh_tokens", "ossys_idserv_codeverifier", "ossys_mtsi_codeverifier"] {
        all.push(one("no-session", "no session of the source is valid in the copy", Table(table), "", any()));
    }
    for table in ["ossys_cyclic_job", "ossys_cyclic_job_shared"] {
        all.push(one("no-running-timer", "no timer counts as running on a front-end of the source", Table(table), "IS_RUNNING_SINCE", Filter::column("IS_RUNNING_SINCE", Test::NoDate(false))));
        all.push(one("no-timer-on-front-end", "no timer is held by a front-end of the source", Table(table), "IS_RUNNING_BY", has("IS_RUNNING_BY")));
    }
    for (table, columns) in [
        ("ossys_rest_web_reference", &["EFFECTIVE_URL", "EFFECTIVE_USERNAME", "EFFECTIVE_PASSWORD", "EFFECTIVE_CLIENTID", "EFFECTIVE_CLIENTSECRET", "EFFECTIVE_TOKENURL"][..]),
        ("ossys_soap_consume", &["EFFECTIVE_URL", "EFFECTIVE_USERNAME", "EFFECTIVE_PASSWORD"][..]),
        ("ossys_web_reference", &["EFFECTIVE_URL"][..]),
        ("ossys_sapconfig", &["EFFECTIVE_SAPROUTERSTRING", "EFFECTIVE_INSTANCENUMBER", "EFFECTIVE_APPLICATIONSERVER", "EFFECTIVE_CLIENT", "EFFECTIVE_USERNAME", "EFFECTIVE_PASSWORD", "EFFECTIVE_SYSTEMID"][..]),
    ] {
        for column in columns {
            let nowhere = Filter::column(column, Test::Not(text("https://endpoint.invalid/")));
            all.push(one("no-integration", "no integration calls a partner as the source would", Table(table), column, has(column).and(nowhere)));
        }
    }
    for entity in ["e6beea48-9b97-473a-9d3c-ab51d496e12f", "945e807a-97e7-4ce3-a923-46e105279358", "b22b359d-23d9-45be-8e3c-4b0a5d9f42ff", "e3a741d5-f28a-455d-9c11-aed81daf9560", "2f5e2a92-c8a6-48a0-b443-a93c1f462a86", "e8f1f445-df4e-4fcf-8b46-b898eb40da5a"] {
        all.push(one("no-saml", "no end user logs in through the source's identity provider", Entity(entity), "", any()));
    }
    let definition = |filter| in_rows("SITE_PROPERTY_DEFINITION_ID", "ossys_site_property_definition", "ID", filter);
    let provider = || in_rows("ESPACE_ID", "ossys_espace", "ID", Filter::column("IS_USER_PROVIDER", Test::IsNumber(1)));
    for table in ["ossys_site_property", "ossys_site_property_shared"] {
        let secret = in_rows("SITE_PROPERTY_DEFINITION_ID", "ossys_site_property_def_ext", "SITE_PROPERTY_DEFINITION_ID", Filter::column("IS_SECRET", Test::IsNumber(1)));
        let default = Source::Lookup { table: text("ossys_site_property_definition"), column: text("DEFAULT_VALUE"), key: text("ID"), matches: text("SITE_PROPERTY_DEFINITION_ID") };
        all.push(one("no-secret-property", "no site property keeps a secret of the source", Table(table), "PROPERTY_VALUE", secret.and(Filter::column("PROPERTY_VALUE", Test::Differs(default)))));
        let keys = Filter::column("SS_KEY", Test::In(vec![text("1aaec1be-d60f-43d4-ba32-391f4c3080a6"), text("441f6eef-9c7f-4bb4-b3dd-7220272269ad")]));
        all.push(one("no-lifetime-key", "LifeTime can't take the copy for its source", Table(table), "PROPERTY_VALUE", definition(keys).and(has("PROPERTY_VALUE"))));
        let external = |name: &str| definition(provider().and(Filter::column("NAME", Test::Is(text(name)))));
        for name in ["UseSAMLLogin", "UseActiveDirectoryLogin", "UseLDAPLogin", "UseIntegratedAuthenticationLogin"] {
            all.push(one("no-external-login", "end users log in with passwords of the copy", Table(table), "PROPERTY_VALUE", external(name).and(Filter::column("PROPERTY_VALUE", Test::Is(text("True"))))));
        }
        all.push(one("no-external-login", "end users log in with passwords of the copy", Table(table), "PROPERTY_VALUE", external("UseLDAPStandard").and(Filter::column("PROPERTY_VALUE", Test::Is(text("False"))))));
    }
    all
}
