//! The platform's parameters: keys and tokens of this environment, and rows of its servers.

use super::secret;
use crate::RemovedIn::{Extra, Never, Official};
use crate::names::{FRONT_ENDS, PUBLIC_HOST, VERSION};
use crate::row::Row;

/// What the procedure deletes.
const SECRETS: [&str; 18] = [
    "ClientApplicationToken",
    "privateKeyValidation",
    "OutSystems.HubEdition.MobileLogin_AuthenticationHMACKey",
    "OutSystems.HubEdition.MobileLogin_AuthenticationEncryptKey",
    "OutSystems.HubEdition.References.AuthenticationEncryptKey",
    "OutSystems.HubEdition.References.HashKey",
    "OutSystems.SystemComponents.Users.AuthenticationEncryptKey",
    "OutSystems.SystemComponents.Users.HashKey",
    "LifetTime.FallbackAuthToken",
    "OutSystems.IdentityService.AllowIdPAuthOnly",
    "OutSystems.IdentityService.Claims.Username",
    "OutSystems.IdentityService.isActive",
    "OutSystems.IdentityService.LoginClient.ClientId",
    "OutSystems.IdentityService.LoginClient.NativeClientId",
    "OutSystems.IdentityService.LoginClient.WebClientId",
    "OutSystems.IdentityService.Scopes",
    "OutSystems.IdentityService.ServiceUrl",
    "OutSystems.SiteProperties.EncryptionKey",
];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, name) in (1_i64..).zip(SECRETS) {
        rows.push(parameter(id).set("NAME", name).plant(
            Official,
            format!("parameter/{name}"),
            "a key, token or identity setting of the source",
            "VAL",
            value(name),
        ));
    }
    rows.extend(of_servers());
    rows.extend(harmless());
    rows.push(
        parameter(60)
            .set("NAME", "OutSystems.Environment.Hostname")
            .plant(
                Never,
                "parameter/hostname",
                "the public address of the source",
                "VAL",
                PUBLIC_HOST,
            ),
    );
    rows
}

fn parameter(id: i64) -> Row {
    Row::new("ossys_Parameter").set("ID", id)
}

fn value(name: &str) -> String {
    if name.ends_with("ServiceUrl") {
        "https://login.corp.example.com/identity".to_owned()
    } else {
        secret(name)
    }
}

fn of_servers() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, server) in (30_i64..).zip(&FRONT_ENDS) {
        rows.push(
            parameter(id)
                .set("NAME", "OutSystems.Server.ExecuteTimers")
                .set("VAL", "True")
                .plant(
                    Extra,
                    format!("parameter/host-{}", server.name),
                    "a setting of one of the source's front-ends",
                    "HOST",
                    server.name,
                )
                .plant(
                    Extra,
                    format!("parameter/serial-{}", server.name),
                    "the serial number of one of the source's front-ends",
                    "Host_Serial",
                    server.serial,
                ),
        );
    }
    rows
}

fn harmless() -> Vec<Row> {
    let settings = [
        ("Version", VERSION),
        ("SessionVersion", VERSION),
        ("Scheduler.NumberOfThreadsForEmails", "2"),
        ("OutSystems.HubEdition.SanitizeSpreadsheetNumbers", "true"),
        ("Compiler.MobileRuntime.ApplyTZForNullDates", "false"),
        ("EnableBruteForceProtection", "true"),
    ];
    (40_i64..)
        .zip(settings)
        .map(|(id, (name, value))| {
            parameter(id).set("VAL", value).keep(
                format!("parameter/{name}"),
                "a setting that the platform needs",
                "NAME",
                name,
            )
        })
        .collect()
}
