//! Places that name the source's hosts, and which no published step touches: a person has to decide about them.

use crate::RemovedIn::{Documented, Never};
use crate::World;
use crate::moment::{BASE, DAY, HOUR};
use crate::names::{CATALOG, FRONT_END_HOST, FRONT_ENDS, INTERNAL_HOST, PUBLIC_HOST};
use crate::row::{Place, Row};

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = of_the_platform(world);
    rows.extend(rules());
    rows.extend(authentication(world));
    rows.extend(of_applications(world));
    rows
}

fn of_the_platform(world: &World<'_>) -> Vec<Row> {
    vec![
        // Administrators keep tables of their own beside those of the platform.
        Row::new("DBA_SERVERS")
            .set("ID", 1)
            .set("REMARK", "ask before a restart")
            .plant(
                Never,
                "foreign/server",
                "a front-end of the source in a table that is not the platform's",
                "HOSTNAME",
                FRONT_END_HOST,
            ),
        Row::new("ossys_Activation")
            .set("ID", 1)
            .set("INFO", "not a licence")
            .set("BINARY_DATA", b"not a licence".to_vec())
            .plant(
                Never,
                "licence/host",
                "the server that the source's licence is for",
                "HOST",
                FRONT_ENDS[0].name,
            ),
        Row::new("OSSYS_SHAREDCONFIGURATION")
            .set("ID", 3)
            .set("NAME", "MailSettings")
            .set("KIND", "Email")
            .plant(
                Never,
                "setting/shared",
                "a setting of all modules that names a front-end of the source",
                "VALUE",
                format!("{{\"relay\":\"{FRONT_END_HOST}:25\"}}"),
            ),
        Row::new("ossys_Espace_Configuration")
            .set("ID", 4)
            .set("ESPACE_ID", world.factory.module("Orders_Portal"))
            .set("NAME", "PublicAddress")
            .plant(
                Never,
                "setting/module",
                "a module's setting that names the source",
                "VAL",
                format!("https://{PUBLIC_HOST}/Orders_Portal"),
            ),
        Row::new("ossys_App_Parameter")
            .set("ID", 5)
            .set("APPLICATIONID", 9)
            .set("NAME", "StartPage")
            .plant(
                Never,
                "setting/application",
                "an application's setting that names the source",
                "VAL",
                format!("https://{PUBLIC_HOST}/Orders_Portal/Home"),
            ),
        Row::new("ossys_Callback")
            .set("ID", 6)
            .set("CALLBACKNAME", "OrderChanged")
            .set("TENANTID", 2)
            .set("ESPACEID", world.factory.module("Orders_CS"))
            .set("ISACTIVE", true)
            .plant(
                Never,
                "callback/url",
                "an address that is called back on the source",
                "URL",
                format!("https://{FRONT_END_HOST}/Orders_CS/callback"),
            )
            .plant(
                Never,
                "callback/script",
                "a script that calls the source back",
                "SCRIPT",
                format!("fetch('http://{INTERNAL_HOST}/Orders_CS/ping')"),
            ),
        Row::new("OSSYS_HUBLINK")
            .set("ID", 7)
            .set("TITLE", "Operations")
            .plant(
                Never,
                "link/hub",
                "a link to the source",
                "URL",
                format!("https://{FRONT_END_HOST}/Operations"),
            ),
    ]
}

fn rules() -> Vec<Row> {
    vec![
        Row::new("OSSYS_SITERULE")
            .set("ID", 11)
            .set("TRANSLATION", "/Orders_Portal")
            .set("REDIRECT", true)
            .set("IS_ACTIVE", true)
            .plant(
                Never,
                "rule/site",
                "a rewriting rule for the source's address",
                "INCOMING",
                format!("https://{PUBLIC_HOST}/shop"),
            ),
        Row::new("OSSYS_APP_CSP")
            .set("ID", 12)
            .set("APPLICATIONID", 9)
            .set("DIRECTIVENAME", "frame-ancestors")
            .plant(
                Never,
                "rule/application-csp",
                "an application's content policy that trusts the source",
                "DIRECTIVEVALUE",
                format!("https://{PUBLIC_HOST}"),
            ),
        Row::new("OSSYS_ENV_CSP")
            .set("ID", 13)
            .set("DIRECTIVENAME", "connect-src")
            .plant(
                Never,
                "rule/environment-csp",
                "the environment's content policy that trusts the source",
                "DIRECTIVEVALUE",
                format!("https://{PUBLIC_HOST} https://{FRONT_END_HOST}"),
            ),
        Row::new("OSSYS_DOMAINSWHITELIST").plant(
            Never,
            "rule/domain",
            "a domain that is trusted because the source runs there",
            "DOMAIN",
            PUBLIC_HOST,
        ),
        Row::new("OSSYS_DOMAINSWHITELIST").set("DOMAIN", "maps.example.org"),
    ]
}

/// External authentication: the switch is documented, the settings behind it are nobody's.
fn authentication(world: &World<'_>) -> Vec<Row> {
    let property = |id: i64, name: &'static str| {
        Row::new("OSSYS_AUTHPROVIDERPROPERTIES")
            .set("ID", id)
            .set("EXTAUTHPROVIDERID", 21)
            .set("PROPERTYNAME", name)
    };
    vec![
        Row::new("OSSYS_AUTHPROVIDER")
            .set("ID", 21)
            .set("NAME", "ADAuthProvider")
            .set("ESPACEID", world.factory.module("Partner_IS"))
            .set("WEBSERVICEID", 61)
            .set("LASTUSED", BASE.before(HOUR))
            .plant(
                Documented,
                "authentication/active",
                "an external provider that decides who may log in",
                "ISACTIVE",
                true,
            ),
        property(22, "LdapServer").plant(
            Never,
            "authentication/server",
            "the directory that the source asks, on one of its front-ends",
            "PROPERTYVALUE",
            format!("ldap://{FRONT_END_HOST}:389"),
        ),
        property(23, "Domain").set("PROPERTYVALUE", "corp"),
    ]
}

/// The applications keep addresses of their own, in their own tables.
fn of_applications(world: &World<'_>) -> Vec<Row> {
    let factory = world.factory;
    let orders = || Row::new(factory.physical("Orders_CS", "AppSetting"));
    vec![
        orders()
            .set("ID", 1)
            .set("NAME", "AttachmentStore")
            .set("CHANGEDON", BASE.before(300 * DAY))
            .plant(
                Never,
                "application/setting",
                "an application's own setting with an address on a front-end of the source",
                "VALUE",
                format!("https://{FRONT_END_HOST}/Attachments"),
            ),
        orders().set("ID", 2).set("NAME", "Greeting").keep(
            "application/harmless-setting",
            "an application's own setting that is not about the source",
            "VALUE",
            "Welcome back",
        ),
        Row::new(factory.physical("Orders_CS", "OutboundMessage"))
            .set("ID", 1)
            .set("RECIPIENT", "partner@example.net")
            .set("QUEUEDON", BASE.before(HOUR))
            .plant(
                Never,
                "application/message",
                "an application's own queue with a text that leads to the source",
                "BODY",
                format!(
                    "Dear partner, your papers wait at http://{}:8080/papers?id=77 until Friday.",
                    FRONT_ENDS[1].name
                ),
            ),
        Row::new(factory.physical("Billing_CS", "BillingSetting"))
            .set("TENANT_ID", 4)
            .set("ID", 1)
            .set("NAME", "BankReturnAddress")
            .plant(
                Never,
                "application/tenant-setting",
                "a tenant's own setting with the source's address",
                "VALUE",
                format!("https://{PUBLIC_HOST}/Billing/return"),
            ),
        Row::new(factory.physical("Ledger_CS", "LedgerSetting"))
            .at(Place::Catalog)
            .set("ID", 1)
            .set("NAME", "ArchiveConnection")
            .plant(
                Never,
                "application/catalog-setting",
                "a setting in the extra catalog that names its source and its address",
                "VALUE",
                format!("Server={};Database={CATALOG}", FRONT_ENDS[0].address),
            ),
    ]
}
