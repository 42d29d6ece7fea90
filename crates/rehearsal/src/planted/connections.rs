//! Database catalogs and connections, and what refers to them.

use super::{cipher, secret};
use crate::RemovedIn::{Extra, Never, Official};
use crate::World;
use crate::bulk::people::FIRST_DEVELOPER;
use crate::factory::id_of;
use crate::names::{CATALOG, LOG_CONNECTION};
use crate::random::guid;
use crate::row::{Place, Row};

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = catalogs(world);
    rows.extend(connections());
    rows.extend(references());
    rows.push(
        Row::new("OSSYS_DBCONFIGURATION")
            .set("ID", 5)
            .set("NAME", "CRM")
            .set("PROVIDERNAME", "SqlServer")
            .plant(
                Never,
                "connection/configuration",
                "an external database of the newer kind",
                "DB_KEY",
                secret("dbconfiguration"),
            ),
    );
    rows.push(
        Row::new("OSSYS_ESPACE_DBCONFIG")
            .set("ESPACEID", world.factory.module("Partner_IS"))
            .set("DBCONFIGURATIONID", 5),
    );
    rows
}

fn catalogs(world: &World<'_>) -> Vec<Row> {
    let id = id_of(Place::Catalog);
    vec![
        Row::new("OSSYS_DBCATALOG")
            .set("ID", id_of(Place::Platform))
            .set("NAME", "(Main)")
            .set("Logical_Name", "(Main)")
            .keep(
                "catalog/main-user",
                "the user of the main catalog",
                "USERNAME",
                "OSRUNTIME",
            ),
        extra_catalog(id),
        Row::new("OSSYS_DEVELOPER_DBCATALOG")
            .set("ID", 6)
            .set("DEVELOPER_ID", FIRST_DEVELOPER)
            .set("DBCATALOG_ID", id)
            .set("SECURITY_LEVEL", 2),
        Row::new("OSSYS_ASYNC_OP_STATE")
            .set("ID", 12)
            .set("TARGET_OBJECT_SSKEY", guid("Ledger_CS"))
            .set("STATE", "Finished"),
        Row::new("OSSYS_ASYNC_OP_DBCATALOG")
            .set("ID", 13)
            .set("ESPACE_ID", world.factory.module("Ledger_CS"))
            .set("ESPACE", "Ledger_CS")
            .set("DBCATALOG_ID", id)
            .set("STATE_ID", 12)
            .plant(
                Never,
                "catalog/name-in-operation",
                "an operation that names the source's extra catalog",
                "DBCATALOGNAME",
                CATALOG,
            ),
    ]
}

fn extra_catalog(id: i64) -> Row {
    Row::new("OSSYS_DBCATALOG")
        .set("ID", id)
        .set("Logical_Name", "Ledger")
        .plant(
            Never,
            "catalog/name",
            "the source's extra catalog by its physical name",
            "NAME",
            CATALOG,
        )
        .plant(
            Official,
            "catalog/user",
            "the user of the source's extra catalog",
            "USERNAME",
            "LEDGER_APP_PROD",
        )
        .plant(
            Official,
            "catalog/password",
            "the password of the source's extra catalog",
            "PASSWORD",
            cipher("catalog/password"),
        )
        .plant(
            Extra,
            "catalog/owner",
            "the owner of the source's extra catalog",
            "OwnerUsername",
            "LEDGER_OWNER_PROD",
        )
        .plant(
            Extra,
            "catalog/owner-password",
            "the owner's password of the source's extra catalog",
            "OwnerPassword",
            cipher("catalog/owner-password"),
        )
}

/// The connection to the company's other systems, by id.
const ERP: i64 = 4;
const ARCHIVE: i64 = 6;
const LEDGER: i64 = 8;
const UNUSED: i64 = 10;

fn connections() -> Vec<Row> {
    let mut rows = vec![
        Row::new("OSSYS_DBCONNECTION")
            .set("ID", 1)
            .set("PROVIDERNAME", "SqlServer")
            .set("DATABASE_CONFIGURATION", cipher("connection/log"))
            .keep(
                "connection/log",
                "the connection to the log database",
                "NAME",
                LOG_CONNECTION,
            ),
    ];
    for (id, name) in [
        (ERP, "ERP"),
        (ARCHIVE, "ERP_ARCHIVE"),
        (LEDGER, "LEDGER"),
        (UNUSED, "OLD_CRM"),
    ] {
        rows.push(
            Row::new("OSSYS_DBCONNECTION")
                .set("ID", id)
                .set("NAME", name)
                .set("DBMS_ID", 1)
                .set("PROVIDERNAME", "SqlServer")
                .plant(
                    Official,
                    format!("connection/{name}"),
                    "a connection to another system of the source",
                    "DATABASE_CONFIGURATION",
                    cipher(&format!("connection/{name}")),
                ),
        );
    }
    rows
}

/// Three tables refer to connections, and all of them hold a deletion up.
fn references() -> Vec<Row> {
    let logical = [
        (21_i64, "ERP", 9_i64, ERP),
        (22, "ERP_ARCHIVE", 9, ARCHIVE),
        (23, "LEDGER", 14, LEDGER),
    ];
    let mut rows: Vec<Row> = logical
        .into_iter()
        .map(|(id, name, extension, connection)| {
            Row::new("OSSYS_EXTENSION_DBCONNECTION")
                .set("ID", id)
                .set("EXTENSIONID", extension)
                .set("DBCONNECTIONID", connection)
                .plant(
                    Official,
                    format!("connection/extension-{name}"),
                    "a logical database of an extension",
                    "LOGICALDATABASE",
                    name,
                )
        })
        .collect();
    rows.push(
        Row::new("OSSYS_ASYNC_OP_LOGICALDATABASE")
            .set("ID", 31)
            .set("EXTENSION_ID", 9)
            .set("EXTENSION", "ErpConnector")
            .set("DBCONNECTION_ID", ERP)
            .set("STATE_ID", 12)
            .plant(
                Official,
                "connection/operation",
                "an operation on a connection",
                "LOGICALDATABASE",
                "ERP",
            ),
    );
    rows.push(
        Row::new("OSSYS_DEVELOPER_DBCONNECTION")
            .set("DEVELOPER_ID", FIRST_DEVELOPER)
            .set("DBCONNECTION_ID", ERP)
            .set("SECURITY_LEVEL", "FullControl")
            .plant(
                Official,
                "connection/developer",
                "a developer's rights on a connection",
                "ID",
                41,
            ),
    );
    rows
}
