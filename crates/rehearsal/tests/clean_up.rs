//! The planted leftovers tell the clean-ups apart: each removes its own and those of the smaller ones, and no more.

#![allow(clippy::unwrap_used)]

use envclone_rehearsal::RemovedIn::{Documented, Extra, Never, Official};
use envclone_rehearsal::{Manifest, RemovedIn, Spec, sqlite};
use rusqlite::Connection;
use std::collections::BTreeMap;

type Databases = BTreeMap<String, Connection>;

/// The published procedure, children first, with references enforced.
const OFFICIAL: &str = "
    DELETE FROM ossys_Parameter WHERE NAME IN (
        'ClientApplicationToken', 'privateKeyValidation', 'LifetTime.FallbackAuthToken',
        'OutSystems.HubEdition.MobileLogin_AuthenticationHMACKey',
        'OutSystems.HubEdition.MobileLogin_AuthenticationEncryptKey',
        'OutSystems.HubEdition.References.AuthenticationEncryptKey',
        'OutSystems.HubEdition.References.HashKey',
        'OutSystems.SystemComponents.Users.AuthenticationEncryptKey',
        'OutSystems.SystemComponents.Users.HashKey',
        'OutSystems.SiteProperties.EncryptionKey')
        OR NAME LIKE 'OutSystems.IdentityService.%';
    DELETE FROM OSSYS_APP_MOBILE_BUILD_DATA;
    DELETE FROM OSSYS_APP_MOBILE_BUILD_QUEUE;
    DELETE FROM OSSYS_APP_MOBILE_BUILD;
    DELETE FROM OSSYS_APP_MOB_CONF_MABS;
    DELETE FROM OSSYS_ANDROID_CONFIG_DETAILS;
    DELETE FROM OSSYS_IOS_CONFIG_DETAILS;
    DELETE FROM OSSYS_APP_MOBILE_CONFIG;
    DELETE FROM OSSYS_MOBILE_CERTIFICATE;
    DELETE FROM OSSYS_MOBILE_CONFIG_DATA;
    DELETE FROM OSSYS_MODULEFRONTEND;
    DELETE FROM OSSYS_MODULEINTERNALADDRESS;
    DELETE FROM OSSYS_PLATFORMCONFIG WHERE NAME IN (
        'Application Deployment Configuration', 'Default Application Deploy Instance',
        'Previous Deployment Zone Used', 'Previous Deployment Zone Key',
        'Configured Application Deploy');
    DELETE FROM OSSYS_APP_POOL_SERVER;
    DELETE FROM ossys_Zone_Server;
    DELETE FROM ossys_Server;
    UPDATE OSSYS_DBCATALOG SET USERNAME = '', PASSWORD = '' WHERE NAME <> '(Main)';
    DELETE FROM OSSYS_EXTENSION_DBCONNECTION;
    DELETE FROM OSSYS_ASYNC_OP_LOGICALDATABASE;
    DELETE FROM OSSYS_DEVELOPER_DBCONNECTION;
    DELETE FROM OSSYS_DBCONNECTION WHERE NAME <> '$OS_LOG_DB_7e3e8ce0';
    DELETE FROM OSSYS_PLATFORMSVCS_OBSERVER;
    DELETE FROM OSSYS_CLOUDSERVICES_OBSERVER;
    UPDATE ossys_Site_Property_Shared SET PROPERTY_VALUE = '' WHERE SITE_PROPERTY_DEFINITION_ID IN (
        SELECT ID FROM ossys_Site_Property_Definition WHERE SS_KEY IN (
            '1aaec1be-d60f-43d4-ba32-391f4c3080a6', '441f6eef-9c7f-4bb4-b3dd-7220272269ad'));
    UPDATE ossys_Site_Property_Shared SET USER_MODIFIED = 0, PROPERTY_VALUE = (
        SELECT DEFAULT_VALUE FROM ossys_Site_Property_Definition WHERE ID = SITE_PROPERTY_DEFINITION_ID)
        WHERE SITE_PROPERTY_DEFINITION_ID IN (
            SELECT SITE_PROPERTY_DEFINITION_ID FROM OSSYS_SITE_PROPERTY_DEF_EXT WHERE IS_SECRET = 1);
    UPDATE ossys_Site_Property SET User_Modified = 0, PROPERTY_VALUE = (
        SELECT DEFAULT_VALUE FROM ossys_Site_Property_Definition WHERE ID = SITE_PROPERTY_DEFINITION_ID)
        WHERE SITE_PROPERTY_DEFINITION_ID IN (
            SELECT SITE_PROPERTY_DEFINITION_ID FROM OSSYS_SITE_PROPERTY_DEF_EXT WHERE IS_SECRET = 1);";

/// How people log in, back to what the platform ships.
const LOGIN: &str = "
    UPDATE {table} SET PROPERTY_VALUE = CASE WHEN SITE_PROPERTY_DEFINITION_ID IN (
            SELECT ID FROM ossys_Site_Property_Definition WHERE NAME = 'UseLDAPStandard')
            THEN 'True' ELSE 'False' END
        WHERE SITE_PROPERTY_DEFINITION_ID IN (
            SELECT D.ID FROM ossys_Site_Property_Definition D JOIN ossys_Espace M ON M.ID = D.ESPACE_ID
            WHERE M.SS_KEY = '65106059-0439-4be5-b011-2f01fba4afa6' AND D.NAME IN (
                'UseActiveDirectoryLogin', 'UseLDAPLogin', 'UseSAMLLogin', 'UseLDAPStandard',
                'UseIntegratedAuthenticationLogin'));";

/// Entities of the user providers, those that refer before those that are referred to.
const SAML: [&str; 6] = [
    "945e807a-97e7-4ce3-a923-46e105279358",
    "e6beea48-9b97-473a-9d3c-ab51d496e12f",
    "b22b359d-23d9-45be-8e3c-4b0a5d9f42ff",
    "2f5e2a92-c8a6-48a0-b443-a93c1f462a86",
    "e3a741d5-f28a-455d-9c11-aed81daf9560",
    "e8f1f445-df4e-4fcf-8b46-b898eb40da5a",
];
const LOGIN_ATTEMPT: &str = "2ae5a9cc-208c-4e8b-a2ed-83369ba2fbd9";
const ENVIRONMENT: &str = "3312b1cd-b12e-4a29-bcdc-51edcdd86ef1";

const DOCUMENTED: &str = "
    DELETE FROM OSSYS_EMAIL_CONTENT;
    DELETE FROM OSSYS_EMAIL_STATUS;
    DELETE FROM OSSYS_EMAIL;
    DELETE FROM OSSYS_LOGIN_ATTEMPT;
    DELETE FROM ossys_BPM_Event;
    DELETE FROM ossys_BPM_Event_Queue;
    UPDATE OSSYS_AUTHPROVIDER SET ISACTIVE = 0;";

const EXTRA: &str = "
    DELETE FROM ossys_Parameter WHERE HOST <> '';
    UPDATE OSSYS_DBCATALOG SET OwnerUsername = '', OwnerPassword = '' WHERE NAME <> '(Main)';
    DELETE FROM OSSYS_LOGIN;
    DELETE FROM OSSYS_SSO_SESSION;
    DELETE FROM ossys_Persistent_Login;
    DELETE FROM OSSYS_SESSIONTOKEN;
    DELETE FROM OSSYS_REFRESH_TOKEN;
    DELETE FROM OSSYS_USER_REFRESH_TOKENS;
    DELETE FROM OSSYS_IDSERV_CODEVERIFIER;
    DELETE FROM OSSYS_MTSI_CODEVERIFIER;
    UPDATE ossys_Cyclic_Job SET IS_RUNNING_SINCE = NULL, IS_RUNNING_BY = NULL;
    UPDATE ossys_Cyclic_Job_Shared SET IS_RUNNING_SINCE = NULL, IS_RUNNING_BY = NULL;
    UPDATE OSSYS_REST_WEB_REFERENCE SET EFFECTIVE_URL = '', EFFECTIVE_USERNAME = '', EFFECTIVE_PASSWORD = '',
        EFFECTIVE_CLIENTID = '', EFFECTIVE_CLIENTSECRET = '', EFFECTIVE_TOKENURL = '';
    UPDATE OSSYS_SOAP_CONSUME SET EFFECTIVE_URL = '', EFFECTIVE_USERNAME = '', EFFECTIVE_PASSWORD = '';
    UPDATE ossys_Web_Reference SET EFFECTIVE_URL = '';
    UPDATE OSSYS_SAPCONFIG SET EFFECTIVE_SAPROUTERSTRING = '', EFFECTIVE_INSTANCENUMBER = '',
        EFFECTIVE_APPLICATIONSERVER = '', EFFECTIVE_CLIENT = '', EFFECTIVE_LANGUAGE = '',
        EFFECTIVE_USERNAME = '', EFFECTIVE_PASSWORD = '', EFFECTIVE_SYSTEMID = '';";

#[test]
fn each_clean_up_removes_its_own_leftovers_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec { scale: 1, seed: 5 };
    let (files, manifest) = sqlite::create(folder.path(), &spec, &mut |_| {}).unwrap();
    let mut databases = Databases::from([
        (
            "platform".to_owned(),
            Connection::open(&files.platform).unwrap(),
        ),
        ("log".to_owned(), Connection::open(&files.log).unwrap()),
    ]);
    for (name, path) in &files.catalogs {
        databases.insert(format!("catalog:{name}"), Connection::open(path).unwrap());
    }
    for database in databases.values() {
        database.pragma_update(None, "foreign_keys", true).unwrap();
    }

    official(&databases["platform"]);
    only_left(&databases, &manifest, &[Documented, Extra, Never]);
    documented(&databases);
    only_left(&databases, &manifest, &[Extra, Never]);
    extra(&databases);
    only_left(&databases, &manifest, &[Never]);
    for (name, database) in &databases {
        nothing_unplanted_names_the_source(name, database, &manifest);
    }
}

/// What still names the source after everything is what the manifest says, so that a scan can be held to it.
fn nothing_unplanted_names_the_source(name: &str, database: &Connection, manifest: &Manifest) {
    let source = &manifest.source;
    let mut marks: Vec<&String> = source.front_ends.iter().collect();
    marks.extend(&source.addresses);
    marks.extend(&source.hosts);
    marks.extend(&source.catalogs[1..]);
    let columns = "SELECT T.name || '|' || C.name FROM sqlite_master T
        JOIN pragma_table_info(T.name) C WHERE T.type = 'table'";
    for place in names(database, columns) {
        let (table, column) = place.split_once('|').unwrap();
        for mark in &marks {
            let sql = format!(
                "SELECT CAST(\"{column}\" AS TEXT) FROM \"{table}\" WHERE instr(lower(\"{column}\"), lower('{mark}')) > 0"
            );
            for value in names(database, &sql) {
                let known = manifest.planted.iter().any(|it| {
                    it.removed_in == Never
                        && it.database == name
                        && it.table == table
                        && it.column == column
                        && it.value == value
                });
                assert!(known, "{place}: {value}");
            }
        }
    }
}

fn official(platform: &Connection) {
    platform.execute_batch(OFFICIAL).unwrap();
    for table in ["ossys_Site_Property", "ossys_Site_Property_Shared"] {
        let sql = LOGIN.replace("{table}", table);
        platform.execute_batch(&sql).unwrap();
    }
    for key in SAML {
        empty(platform, key, 2);
    }
    for table in tables_of(platform, ENVIRONMENT) {
        let sql = format!("UPDATE {table} SET ISACTIVE = 0");
        platform.execute(&sql, []).unwrap();
    }
}

fn documented(databases: &Databases) {
    let platform = &databases["platform"];
    platform.execute_batch(DOCUMENTED).unwrap();
    empty(platform, LOGIN_ATTEMPT, 2);
    for name in ["platform", "log"] {
        for suffix in 0..10 {
            let sql = format!("DELETE FROM oslog_General_{suffix} WHERE Message LIKE 'Login (%'");
            databases[name].execute(&sql, []).unwrap();
        }
    }
}

fn extra(databases: &Databases) {
    databases["platform"].execute_batch(EXTRA).unwrap();
    for name in ["platform", "log"] {
        let logs = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'oslog~_%' ESCAPE '~'
            AND name <> 'oslog_Parameter'";
        for table in names(&databases[name], logs) {
            let sql = format!("DELETE FROM {table}");
            databases[name].execute(&sql, []).unwrap();
        }
    }
}

fn names(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn tables_of(platform: &Connection, entity: &str) -> Vec<String> {
    let sql = format!("SELECT PHYSICAL_TABLE_NAME FROM ossys_Entity WHERE SS_KEY = '{entity}'");
    names(platform, &sql)
}

/// Empties an entity of each user provider.
fn empty(platform: &Connection, entity: &str, providers: usize) {
    let tables = tables_of(platform, entity);
    assert_eq!(tables.len(), providers, "{entity}");
    for table in tables {
        let deleted = platform
            .execute(&format!("DELETE FROM {table}"), [])
            .unwrap();
        assert!(deleted > 0, "{table}");
    }
}

fn only_left(databases: &Databases, manifest: &Manifest, left: &[RemovedIn]) {
    let count = |database: &str, table: &str, column: &str, value: &str| -> i64 {
        let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE CAST(\"{column}\" AS TEXT) = ?1");
        let counted = databases[database].query_row(&sql, [value], |row| row.get(0));
        counted.unwrap()
    };
    for it in &manifest.planted {
        let found = count(&it.database, &it.table, &it.column, &it.value);
        assert_eq!(found > 0, left.contains(&it.removed_in), "{left:?} {it:?}");
    }
    for it in &manifest.kept {
        let found = count(&it.database, &it.table, &it.column, &it.value);
        assert!(found > 0, "{it:?}");
    }
    assert!(!left.contains(&Official));
}
