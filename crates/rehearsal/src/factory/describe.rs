//! The factory as rows of the metamodel.

use super::{Entity, Factory, Module, Owner};
use crate::Cell;
use crate::moment::{BASE, DAY, HOUR};
use crate::names;
use crate::random::{Rng, guid, hex};
use crate::row::{Place, Row};

/// The id of the catalog that a place is.
pub(crate) fn id_of(place: Place) -> i64 {
    match place {
        Place::Catalog => 3,
        Place::Platform | Place::Log => 1,
    }
}

/// The developer who published everything.
const PUBLISHER: i64 = 11;

pub(crate) fn rows(factory: &Factory, seed: u64) -> Vec<Row> {
    let mut rng = Rng::new(seed, "metamodel");
    let mut rows = kinds();
    rows.extend(applications(factory));
    rows.extend(tenants(factory));
    let mut ids = Ids::default();
    for module in &factory.modules {
        rows.extend(module_rows(module, &mut ids, &mut rng));
    }
    rows.extend(extensions(factory, &mut ids));
    for entity in &factory.entities {
        rows.extend(entity_rows(entity, factory, &mut ids));
    }
    rows.extend(event_rows(factory));
    rows
}

#[derive(Default)]
struct Ids {
    version: i64,
    module: i64,
    attribute: i64,
    record: i64,
    role: i64,
    timer: i64,
}

fn next(id: &mut i64) -> i64 {
    *id += 1;
    *id
}

fn kinds() -> Vec<Row> {
    let kinds = [(1, "eSpace"), (2, "Extension")].map(|(id, label)| {
        Row::new("OSSYS_MODULE_KIND")
            .set("ID", id)
            .set("LABEL", label)
            .set("ORDER", id)
    });
    kinds.to_vec()
}

fn applications(factory: &Factory) -> Vec<Row> {
    factory
        .applications
        .iter()
        .map(|it| {
            Row::new("OSSYS_APPLICATION")
                .set("ID", it.id)
                .set("NAME", it.name.clone())
                .set(
                    "DESCRIPTION",
                    format!("Everything about {}", it.name.to_lowercase()),
                )
                .set("KEY", it.key.clone())
                .set("IS_ACTIVE", true)
                .set(
                    "APPLICATIONKIND",
                    if it.mobile { "Mobile" } else { "WebResponsive" },
                )
                .set("CREATEDBY", PUBLISHER)
        })
        .collect()
}

fn tenants(factory: &Factory) -> Vec<Row> {
    factory
        .tenants
        .iter()
        .map(|it| {
            Row::new("ossys_Tenant")
                .set("ID", it.id)
                .set("NAME", it.name.clone())
                .set("ESPACE_ID", it.module)
                .set("IS_ACTIVE", true)
        })
        .collect()
}

fn module_rows(module: &Module, ids: &mut Ids, rng: &mut Rng) -> Vec<Row> {
    let mut rows = Vec::new();
    let versions = 2 + rng.int(3);
    for version in 1..=versions {
        rows.push(version_row(module, ids, version, rng));
    }
    rows.push(module_row(module, ids.version));
    let module_id = next(&mut ids.module);
    rows.push(
        Row::new("OSSYS_MODULE")
            .set("ID", module_id)
            .set("MODULE_KIND_ID", 1)
            .set("ESPACE_ID", module.id),
    );
    rows.push(
        Row::new("OSSYS_APP_DEFINITION_MODULE")
            .set("ID", module_id)
            .set("MODULE_ID", module_id)
            .set("application_id", module.application),
    );
    rows.push(
        Row::new("OSSYS_ESPACE_RUNTIME")
            .set("ID", module_id)
            .set("ESPACE_ID", module.id),
    );
    for name in ["Reader", "Editor"] {
        rows.push(
            Row::new("ossys_Role")
                .set("ID", next(&mut ids.role))
                .set("ESPACE_ID", module.id)
                .set("SS_KEY", guid(&format!("{}/{name}", module.key)))
                .set("NAME", format!("{}{name}", short_name(module)))
                .set("PERSISTENT", true)
                .set("IS_ACTIVE", module.active),
        );
    }
    if !module.system && rng.one_in(5) {
        rows.extend(timer_rows(module, next(&mut ids.timer), rng));
    }
    rows
}

/// The name without the mark of a deleted module.
fn short_name(module: &Module) -> &str {
    module
        .name
        .split(" (")
        .next()
        .unwrap_or(module.name.as_str())
}

fn module_row(module: &Module, version: i64) -> Row {
    let provider = if module.user_provider {
        (module.name.clone(), module.key.clone())
    } else {
        ("Users".to_owned(), super::USERS_KEY.to_owned())
    };
    Row::new("ossys_Espace")
        .set("ID", module.id)
        .set("NAME", module.name.clone())
        .set("IS_MULTITENANT", module.multi_tenant)
        .set("IS_ACTIVE", module.active)
        .set("SS_KEY", module.key.clone())
        .set("IS_SYSTEM", module.system)
        .set("VERSION_ID", version)
        .set("IS_CONSISTENT", true)
        .set("IS_USER_PROVIDER", module.user_provider)
        .set("USER_PROVIDER_NAME", provider.0)
        .set("USER_PROVIDER_KEY", provider.1)
        .set("DBCatalog_Id", id_of(module.place))
        .set("HMAC", hex(&module.key, 40))
        .set("HMACVersion", "2")
        .set("EspaceKind", module.kind)
}

fn version_row(module: &Module, ids: &mut Ids, version: i64, rng: &mut Rng) -> Row {
    let at = BASE.before((60 - version * 9) * DAY + rng.int(9) * HOUR);
    Row::new("ossys_Espace_Version")
        .set("Id", next(&mut ids.version))
        .set("Version", version)
        .set("OML_File", file("OML", 200 + rng.below(1200), rng))
        .set("Uploaded_By", PUBLISHER)
        .set("Uploaded_Date", at)
        .set("Espace_Id", module.id)
        .set("Is_Valid", true)
        .set("Service_Studio_Version", names::VERSION)
        .set("Hash", hex(&format!("{}/{version}", module.key), 32))
        .set("DBCatalog_Id", id_of(module.place))
        .set(
            "espace_name",
            short_name(module).chars().take(35).collect::<String>(),
        )
        .set("ESPACEKIND", module.kind)
}

/// Bytes that stand for a file.
pub(crate) fn file(mark: &str, length: u64, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = mark.as_bytes().to_vec();
    while (bytes.len() as u64) < length {
        bytes.extend(rng.next().to_le_bytes());
    }
    bytes
}

/// Timers of generated modules: not due for some hours.
fn timer_rows(module: &Module, count: i64, rng: &mut Rng) -> [Row; 2] {
    let id = 1000 + count;
    let schedule = rng.pick(&["03:15", "22:00 Mon Fri", "00:30", "06:45 1"]);
    [
        Row::new("ossys_Meta_Cyclic_Job")
            .set("ID", id)
            .set("ESPACE_ID", module.id)
            .set("NAME", "NightlyWork")
            .set("DEFAULT_SCHEDULE", schedule.to_owned())
            .set("PRIORITY", 1)
            .set("IS_ACTIVE", module.active)
            .set("SS_KEY", guid(&format!("{}/timer", module.key)))
            .set("TIMEOUT", 20)
            .set("Is_Shared", true),
        Row::new("ossys_Cyclic_Job_Shared")
            .set("META_CYCLIC_JOB_ID", id)
            .set("SCHEDULE", schedule.to_owned())
            .set("LAST_RUN", BASE.before(rng.int(20) * HOUR))
            .set("NEXT_RUN", BASE.after(HOUR + rng.int(20) * HOUR))
            .set("LAST_DURATION", rng.int(900)),
    ]
}

fn extensions(factory: &Factory, ids: &mut Ids) -> Vec<Row> {
    let mut rows = Vec::new();
    for it in &factory.extensions {
        rows.push(
            Row::new("ossys_Extension")
                .set("Id", it.id)
                .set("Name", it.name.clone())
                .set("SS_Key", it.key.clone())
                .set("Is_System", it.system)
                .set("Version_Id", it.id)
                .set("IS_ACTIVE", true)
                .set("Published_Date", BASE.before(40 * DAY))
                .set("Published_By", PUBLISHER),
        );
        rows.push(
            Row::new("ossys_Extension_Version")
                .set("Id", it.id)
                .set("Generation", 1)
                .set("Uploaded_By", PUBLISHER)
                .set("Uploaded_Date", BASE.before(40 * DAY))
                .set("Extension_Id", it.id)
                .set("Is_Valid", true)
                .set("Hash", hex(&it.key, 32))
                .set("NEEDEDDBCONNECTION", it.logical_databases.join(";")),
        );
        rows.push(
            Row::new("OSSYS_MODULE")
                .set("ID", next(&mut ids.module))
                .set("MODULE_KIND_ID", 2)
                .set("EXTENSION_ID", it.id),
        );
    }
    rows
}

fn entity_rows(entity: &Entity, factory: &Factory, ids: &mut Ids) -> Vec<Row> {
    let mut rows = vec![entity_row(entity, factory)];
    for (order, it) in (1_i64..).zip(&entity.attributes) {
        rows.push(
            Row::new("ossys_Entity_Attr")
                .set("ID", next(&mut ids.attribute))
                .set("ENTITY_ID", entity.id)
                .set("NAME", it.name.clone())
                .set("SS_KEY", it.key.clone())
                .set("TYPE", it.kind.clone())
                .set("LENGTH", it.length)
                .set("IS_MANDATORY", it.mandatory)
                .set("IS_AUTONUMBER", it.autonumber)
                .set("DELETE_RULE", it.delete_rule)
                .set("DEFAULT_LABEL", it.name.clone())
                .set("IS_ACTIVE", it.active)
                .set("ORDER_NUM", order)
                .set("DATABASE_NAME", it.column.clone()),
        );
    }
    let Owner::Module(module) = entity.owner else {
        return rows;
    };
    for (data_id, label) in (1_i64..).zip(&entity.labels) {
        rows.push(
            Row::new("ossys_Entity_Record")
                .set("Id", next(&mut ids.record))
                .set("Data_Id", data_id.to_string())
                .set("Name", label.replace(' ', ""))
                .set("SS_Key", guid(&format!("{}/{label}", entity.key)))
                .set("Entity_SS_Key", entity.key.clone())
                .set("Espace_Id", module)
                .set("Is_Active", true),
        );
    }
    rows
}

fn entity_row(entity: &Entity, factory: &Factory) -> Row {
    let row = Row::new("ossys_Entity")
        .set("ID", entity.id)
        .set("NAME", entity.name.clone())
        .set("SS_KEY", entity.key.clone())
        .set("MULTITENANT", entity.multi_tenant)
        .set("IS_ACTIVE", entity.active)
        .set("IS_SYSTEM", entity.system)
        .set(
            "PRIMARYKEY_SS_KEY",
            entity.attributes.first().map(|it| it.key.clone()),
        )
        .set(
            "Data_Kind",
            if entity.labels.is_empty() {
                "entity"
            } else {
                "staticEntity"
            },
        )
        .set("Expose_Process_Events", entity.event_table.is_some());
    let physical = entity.physical.clone();
    let named = || physical.replace("OSUSR_", "OSEVT_");
    let event_table = entity.event_table.clone().unwrap_or_else(named);
    match entity.owner {
        Owner::Module(module) => row
            .set("PHYSICAL_TABLE_NAME", physical)
            // Nearly every entity names a table of events; few of those tables exist.
            .set("Event_Table_Name", event_table)
            .set("ESPACE_ID", module),
        Owner::Extension(extension, logical) => external(row, &entity.name, physical)
            .set("IS_EXTERNAL", true)
            .set("Extension_Id", extension)
            .set("LOGICALDATABASE", logical)
            .set("DESCRIPTION", described(factory, extension)),
    }
}

/// Names in three parts lead into the source's own databases, wherever the clone stands.
fn external(row: Row, name: &str, physical: String) -> Row {
    use crate::RemovedIn::Never;
    let column = "PHYSICAL_TABLE_NAME";
    match name {
        "LedgerRate" => row.plant(
            Never,
            "external-entity/catalog",
            "an external entity names a table of the source's extra catalog",
            column,
            physical,
        ),
        "PlatformUser" => row.plant(
            Never,
            "external-entity/main-catalog",
            "an external entity names a table of the source's main catalog",
            column,
            physical,
        ),
        _ => row.set(column, physical),
    }
}

fn described(factory: &Factory, extension: i64) -> Cell {
    let found = factory.extensions.iter().find(|it| it.id == extension);
    found
        .map(|it| format!("A table seen through {}", it.name))
        .into()
}

/// Processes wait for changes of some entities.
fn event_rows(factory: &Factory) -> Vec<Row> {
    let waits = |it: &&Entity| it.event_table.is_some();
    let mut rows = Vec::new();
    for entity in factory.entities.iter().filter(waits) {
        let (Some(table), Owner::Module(module)) = (&entity.event_table, entity.owner) else {
            continue;
        };
        rows.push(
            Row::new(table.clone())
                .set("_ESPACE_ID", module)
                .set("_TENANT_ID", 2)
                .set("_PROCESS_DEF_ID", 1)
                .set("_IS_UPDATE", false)
                .set("_IS_LIGHT", true),
        );
    }
    rows
}
