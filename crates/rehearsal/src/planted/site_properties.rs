//! Site properties: for the whole environment and for tenants, secret and not.

use super::{cipher, secret};
use crate::RemovedIn::{Never, Official};
use crate::World;
use crate::factory::USERS_CLONE;
use crate::names::{FRONT_END_HOST, INTERNAL_HOST};
use crate::random::guid;
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = managed_by_lifetime();
    rows.extend(of_orders(world));
    rows.extend(of_billing(world));
    rows.extend(of_users(world));
    rows
}

struct Definition {
    id: i64,
    module: i64,
    name: &'static str,
    key: String,
    default: &'static str,
    shared: bool,
    secret: bool,
}

impl Definition {
    fn new(id: i64, module: i64, name: &'static str, default: &'static str) -> Self {
        Self {
            id,
            module,
            name,
            key: guid(&format!("property/{name}")),
            default,
            shared: true,
            secret: false,
        }
    }

    fn for_tenants(self) -> Self {
        Self {
            shared: false,
            ..self
        }
    }

    fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    fn rows(&self) -> [Row; 2] {
        [
            Row::new("ossys_Site_Property_Definition")
                .set("ID", self.id)
                .set("ESPACE_ID", self.module)
                .set("SS_KEY", self.key.clone())
                .set("NAME", self.name)
                .set("IS_ACTIVE", true)
                .set("DEFAULT_VALUE", self.default)
                .set("DATA_TYPE", "Text")
                .set("Is_Shared", self.shared),
            Row::new("OSSYS_SITE_PROPERTY_DEF_EXT")
                .set("SITE_PROPERTY_DEFINITION_ID", self.id)
                .set("IS_SECRET", self.secret),
        ]
    }
}

fn shared(definition: i64) -> Row {
    Row::new("ossys_Site_Property_Shared")
        .set("SITE_PROPERTY_DEFINITION_ID", definition)
        .set("USER_MODIFIED", true)
}

fn of_tenant(id: i64, definition: i64, tenant: i64) -> Row {
    Row::new("ossys_Site_Property")
        .set("ID", id)
        .set("TENANT_ID", tenant)
        .set("SITE_PROPERTY_DEFINITION_ID", definition)
        .set("User_Modified", true)
}

const VALUE: &str = "PROPERTY_VALUE";

/// Two properties of the platform that tie the environment to its LifeTime.
fn managed_by_lifetime() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, name, key) in [
        (1, "LifeTimeToken", "1aaec1be-d60f-43d4-ba32-391f4c3080a6"),
        (
            2,
            "LifeTimeIdentity",
            "441f6eef-9c7f-4bb4-b3dd-7220272269ad",
        ),
    ] {
        let mut definition = Definition::new(id, 1, name, "");
        definition.key = key.to_owned();
        rows.extend(definition.rows());
        rows.push(shared(id).plant(
            Official,
            format!("site-property/{name}"),
            "what LifeTime knows the source by",
            VALUE,
            secret(key),
        ));
    }
    rows
}

fn of_orders(world: &World<'_>) -> Vec<Row> {
    let module = world.factory.module("Orders_CS");
    let mut rows = Vec::new();
    for definition in [
        Definition::new(11, module, "DocumentService", ""),
        Definition::new(12, module, "PartnerApiKey", "(not set)").secret(),
        Definition::new(13, module, "LinesPerPage", "50"),
        Definition::new(14, module, "NightlyExportPath", ""),
    ] {
        rows.extend(definition.rows());
    }
    rows.push(shared(11).plant(
        Never,
        "site-property/url",
        "a setting with an address on a front-end of the source",
        VALUE,
        format!("https://{FRONT_END_HOST}/DocumentService/rest/v1"),
    ));
    rows.push(shared(12).plant(
        Official,
        "site-property/secret",
        "a secret setting, encrypted with the source's key",
        VALUE,
        cipher("site-property/secret"),
    ));
    rows.push(shared(13).keep(
        "site-property/lines",
        "a setting that is not about the source",
        VALUE,
        "75",
    ));
    rows.push(shared(14).plant(
        Never,
        "site-property/share",
        "a setting with a folder on a front-end of the source",
        VALUE,
        "\\\\PRODFE02\\exports\\nightly",
    ));
    rows
}

fn of_billing(world: &World<'_>) -> Vec<Row> {
    let module = world.factory.module("Billing_CS");
    let mut rows = Vec::new();
    for definition in [
        Definition::new(21, module, "GatewaySecret", "(none)").secret(),
        Definition::new(22, module, "CallbackAddress", ""),
        Definition::new(23, module, "DaysToPay", "30"),
    ] {
        rows.extend(definition.for_tenants().rows());
    }
    for (id, tenant) in [(201, 4), (202, 6)] {
        rows.push(of_tenant(id, 21, tenant).plant(
            Official,
            format!("site-property/secret-of-tenant-{tenant}"),
            "a tenant's secret setting, encrypted with the source's key",
            VALUE,
            cipher(&format!("site-property/tenant-{tenant}")),
        ));
    }
    rows.push(of_tenant(203, 22, 4).plant(
        Never,
        "site-property/url-of-tenant",
        "a tenant's setting with the address of the source's zone",
        VALUE,
        format!("http://{INTERNAL_HOST}/Billing/callback"),
    ));
    rows.push(of_tenant(204, 23, 6).keep(
        "site-property/days",
        "a tenant's setting that is not about the source",
        VALUE,
        "45",
    ));
    rows
}

/// How people log in. The clone of Users has the same definitions under its own module.
///
/// The values differ in letter case, as hand-written ones do, so that no reset produces one of them elsewhere.
fn of_users(world: &World<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (first, module) in [(31, "Users"), (41, USERS_CLONE)] {
        let module = world.factory.module(module);
        for (id, (name, default)) in (first..).zip([
            ("UseActiveDirectoryLogin", "False"),
            ("UseLDAPLogin", "False"),
            ("UseSAMLLogin", "False"),
            ("UseIntegratedAuthenticationLogin", "False"),
            ("UseLDAPStandard", "True"),
        ]) {
            let definition = Definition::new(id, module, name, default);
            let definition = if name == "UseLDAPStandard" {
                definition.for_tenants()
            } else {
                definition
            };
            rows.extend(definition.rows());
        }
    }
    let login = |row: Row, name: &str, value: &'static str| {
        row.plant(
            Official,
            format!("site-property/{name}"),
            "how people log in to the source",
            VALUE,
            value,
        )
    };
    rows.push(login(shared(33), "UseSAMLLogin", "True"));
    rows.push(login(
        shared(34),
        "UseIntegratedAuthenticationLogin",
        "true",
    ));
    rows.push(login(of_tenant(205, 35, 2), "UseLDAPStandard", "False"));
    rows
}
