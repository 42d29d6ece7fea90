//! LifeTime: who watches the environment, and the registry of environments.

use super::secret;
use crate::RemovedIn::{Never, Official};
use crate::moment::{BASE, MINUTE};
use crate::names::{ENVIRONMENT, ENVIRONMENT_KEY, LIFETIME_HOST, PUBLIC_HOST, VERSION};
use crate::random::guid;
use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = observers();
    rows.extend(registry());
    rows.push(
        Row::new("OSSYS_ENVIRONMENT")
            .set("ID", 1)
            .set("KEY", ENVIRONMENT_KEY)
            .set("NAME", ENVIRONMENT)
            .set("VERSION", VERSION),
    );
    for (label, displayed) in [
        ("Production", "Production"),
        ("NonProduction", "Non-Production"),
    ] {
        rows.push(
            Row::new("OSSYS_PURPOSE")
                .set("LABEL", label)
                .set("DISPLAYLABEL", displayed),
        );
    }
    rows
}

fn observers() -> Vec<Row> {
    let mut rows = Vec::new();
    for (table, id, path) in [
        ("OSSYS_PLATFORMSVCS_OBSERVER", "platform", "LifeTimeEvents"),
        ("OSSYS_CLOUDSERVICES_OBSERVER", "cloud", "CloudEvents"),
    ] {
        rows.push(
            Row::new(table)
                .set("ID", 1)
                .set("ISACTIVE", true)
                .set("SYNCSEQUENTIALNUMBER", 418)
                .set("LASTNOTIFYINSTANT", BASE.before(MINUTE))
                .plant(
                    Official,
                    format!("lifetime/{id}-observer-url"),
                    "where the environment reports its changes",
                    "NOTIFYURL",
                    format!("https://{LIFETIME_HOST}/{path}/notify"),
                )
                .plant(
                    Official,
                    format!("lifetime/{id}-observer-key"),
                    "the key under which it reports them",
                    "OBSERVERUID",
                    secret(&format!("observer/{id}")),
                ),
        );
    }
    rows
}

fn registry() -> [Row; 3] {
    let environment = |id: i64, name: &'static str| {
        Row::new("OSLTM_ENVIRONMENT")
            .set("ID", id)
            .set("NAME", name)
            .set("UID", guid(&format!("environment/{name}")))
    };
    [
        environment(1, "Development")
            .set("HOST", "dev.corp.example.com")
            .set("ISACTIVE", true),
        environment(2, "Quality")
            .set("HOST", "quality.corp.example.com")
            .set("ISACTIVE", true),
        environment(3, "Production")
            .plant(
                Never,
                "lifetime/registry-host",
                "the source's address in the registry of environments",
                "HOST",
                PUBLIC_HOST,
            )
            .plant(
                Official,
                "lifetime/registry-active",
                "environments that LifeTime would manage",
                "ISACTIVE",
                true,
            ),
    ]
}
