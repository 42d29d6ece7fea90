//! Front-ends and deployment zones: where the source's modules run.

use crate::RemovedIn::Official;
use crate::World;
use crate::moment::{BASE, HOUR};
use crate::names::{FRONT_ENDS, FrontEnd, INTERNAL_HOST, PUBLIC_HOST};
use crate::random::guid;
use crate::row::Row;

/// The names of zone settings that the procedure deletes.
const SETTINGS: [&str; 5] = [
    "Application Deployment Configuration",
    "Default Application Deploy Instance",
    "Previous Deployment Zone Used",
    "Previous Deployment Zone Key",
    "Configured Application Deploy",
];

const SCOPE: &str = "fake-scope-0001";

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = settings();
    for server in &FRONT_ENDS {
        rows.extend(front_end(server));
    }
    rows.push(zone(1, "Internal"));
    rows.push(zone(2, "External"));
    rows.push(
        Row::new("OSSYS_APP_POOL_CONFIG")
            .set("ID", 5)
            .set("APPLICATION_POOL_NAME", "OutSystemsApplications")
            .set("LAST_MODIFIED", BASE.before(900 * HOUR)),
    );
    rows.extend(of_modules(world));
    rows
}

fn settings() -> Vec<Row> {
    let mut rows = vec![
        Row::new("OSSYS_SCOPE")
            .set("ID", SCOPE)
            .set("APPLICATIONKEY", guid("Orders")),
        Row::new("OSSYS_PLATFORMCONFIG")
            .set("ID", 109)
            .set("PARAMETERNAME", "Theme")
            .set("VALUE", "dark")
            .keep(
                "zone/unrelated-setting",
                "a setting that is not about zones",
                "NAME",
                "Service Center Appearance",
            ),
    ];
    for (id, name) in (101_i64..).zip(SETTINGS) {
        rows.push(
            Row::new("OSSYS_PLATFORMCONFIG")
                .set("ID", id)
                .set("SCOPEID", SCOPE)
                .set("INSTANCEKEY", guid(name))
                .set("NAME", name)
                .set("PARAMETERNAME", "Zone")
                .plant(
                    Official,
                    format!("zone/setting-{}", name.to_lowercase().replace(' ', "-")),
                    "a setting of the source's deployment zones",
                    "VALUE",
                    format!("{{\"zone\":\"{name}\",\"address\":\"{INTERNAL_HOST}\"}}"),
                ),
        );
    }
    rows
}

fn zone(id: i64, name: &'static str) -> Row {
    Row::new("ossys_Zone").set("ID", id).set("NAME", name)
}

fn front_end(server: &FrontEnd) -> [Row; 3] {
    let name = server.name;
    [
        Row::new("ossys_Server")
            .set("ID", server.id)
            .set("IS_ACTIVE", true)
            .plant(
                Official,
                format!("front-end/name-{name}"),
                "the name of one of the source's front-ends",
                "NAME",
                name,
            )
            .plant(
                Official,
                format!("front-end/address-{name}"),
                "the address of one of the source's front-ends",
                "IP_ADDRESS",
                server.address,
            )
            .plant(
                Official,
                format!("front-end/serial-{name}"),
                "the serial number of one of the source's front-ends",
                "Host_Serial",
                server.serial,
            ),
        Row::new("ossys_Zone_Server")
            .set("ZONE_ID", 1 + server.id % 2)
            .set("SERVER_ID", server.id)
            .plant(
                Official,
                format!("front-end/zone-{name}"),
                "a front-end of the source as part of a zone",
                "ID",
                8100 + server.id,
            ),
        Row::new("OSSYS_APP_POOL_SERVER")
            .set("APP_POOL_ID", 5)
            .set("SERVER_ID", server.id)
            .set("LAST_APPLY", BASE.before(HOUR))
            .plant(
                Official,
                format!("front-end/pool-{name}"),
                "an application pool on one of the source's front-ends",
                "ID",
                8200 + server.id,
            ),
    ]
}

/// Each active module runs on both front-ends and in one zone; one of each is enough to count.
fn of_modules(world: &World<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let active = world.factory.modules.iter().filter(|it| it.active);
    for (count, module) in active.enumerate() {
        for server in &FRONT_ENDS {
            let row = Row::new("OSSYS_MODULEFRONTEND").set("ModuleKey", module.key.clone());
            rows.push(if count == 0 {
                row.plant(
                    Official,
                    format!("zone/module-on-{}", server.name),
                    "modules that are deployed to a front-end of the source",
                    "FrontendName",
                    server.name,
                )
            } else {
                row.set("FrontendName", server.name)
            });
        }
        rows.push(zone_address(count, &module.key));
    }
    rows
}

fn zone_address(count: usize, key: &str) -> Row {
    let row = Row::new("OSSYS_MODULEINTERNALADDRESS").set("ModuleKey", key.to_owned());
    let column = "DeploymentZoneAddress";
    match count {
        0 => row.plant(
            Official,
            "zone/internal-address",
            "the address of the source's internal zone",
            column,
            INTERNAL_HOST,
        ),
        1 => row.plant(
            Official,
            "zone/external-address",
            "the address of the source's external zone",
            column,
            PUBLIC_HOST,
        ),
        _ => row.set(
            column,
            if count.is_multiple_of(2) {
                INTERNAL_HOST
            } else {
                PUBLIC_HOST
            },
        ),
    }
}
