//! What the tests of the catalogue share: an environment that has every table, and plans for it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::{self, Dialect, ScriptGuard};
use envclone_core::engine::{Engine, Role};
use envclone_core::evidence::Observed;
use envclone_core::inventory::{
    Catalog, DataFile, Database, Entity, FORMAT, Factory, ForeignKey, Holds, Inventory, Server,
    Table,
};
use envclone_core::link::{Link, Links};
use envclone_core::plan::{Basis, DraftError, Plan, draft};
use envclone_core::principal::{
    FoundAs, LoginOf, Owned, Permission, PermissionState, Principal, PrincipalKind, Principals,
    Securable, SecurableKind,
};
use envclone_core::settings::Settings;
use envclone_rehearsal::{Cell, Sink, Spec};

/// Takes tables, and those rows of the metamodel that an inventory is made of.
#[derive(Default)]
struct Model {
    tables: Vec<(Role, Table)>,
    rows: BTreeMap<&'static str, Vec<BTreeMap<String, String>>>,
}

const READ: [&str; 3] = ["ossys_Espace", "ossys_Entity", "OSSYS_DBCATALOG"];

fn role(role: &envclone_rehearsal::Role) -> Role {
    role.name().parse().unwrap()
}

impl Sink for Model {
    type Error = Infallible;

    fn table(
        &mut self,
        place: &envclone_rehearsal::Role,
        table: &envclone_rehearsal::Table,
    ) -> Result<(), Infallible> {
        let foreign_keys = table.foreign_keys.iter().map(|key| ForeignKey {
            column: key.columns[0].clone(),
            table: key.table.clone(),
            to: key.references[0].clone(),
            name: format!("FK_{}", key.columns[0]),
            schema: String::new(),
        });
        let table = Table {
            name: table.name.clone(),
            columns: table.columns.iter().map(|it| it.name.clone()).collect(),
            foreign_keys: foreign_keys.collect(),
        };
        self.tables.push((role(place), table));
        Ok(())
    }

    fn row(
        &mut self,
        _place: &envclone_rehearsal::Role,
        table: &envclone_rehearsal::Table,
        cells: &[Cell],
    ) -> Result<(), Infallible> {
        if let Some(name) = READ.into_iter().find(|name| *name == table.name) {
            let texts = cells.iter().map(|cell| cell.to_text().unwrap_or_default());
            let names = table.columns.iter().map(|it| it.name.to_uppercase());
            let row = names.zip(texts.map(Into::into)).collect();
            self.rows.entry(name).or_default().push(row);
        }
        Ok(())
    }
}

/// An environment of this scale as inspection would find it on an engine.
pub(crate) fn inventory(scale: u32, engine: Engine) -> Inventory {
    let mut model = Model::default();
    let Ok(_) = envclone_rehearsal::build(&Spec { scale, seed: 1 }, &mut model, &mut |_| {});
    let mut databases: BTreeMap<Role, Vec<Table>> = BTreeMap::new();
    for (role, table) in model.tables {
        databases.entry(role).or_default().push(table);
    }
    let rows = |table: &str| model.rows.get(table).into_iter().flatten();
    let catalogs: BTreeMap<_, _> = rows("OSSYS_DBCATALOG")
        .filter(|row| row["NAME"] != "(Main)")
        .map(|row| (row["ID"].clone(), row))
        .collect();
    let modules: BTreeMap<_, _> = rows("ossys_Espace")
        .filter(|row| row["IS_ACTIVE"] == "1")
        .map(|row| (row["ID"].clone(), row))
        .collect();
    let entity = |row: &BTreeMap<String, String>| {
        let module = modules.get(&row["ESPACE_ID"])?;
        let catalog = catalogs.get(&module["DBCATALOG_ID"]);
        Some(Entity {
            key: row["SS_KEY"].clone(),
            name: row["NAME"].clone(),
            table: row["PHYSICAL_TABLE_NAME"].clone(),
            module: module["NAME"].clone(),
            user_provider: module["IS_USER_PROVIDER"] == "1",
            database: catalog.map_or(Role::Platform, |row| Role::Catalog(row["NAME"].clone())),
        })
    };
    let entities = rows("ossys_Entity").filter(|row| row["IS_ACTIVE"] == "1");
    let entities = entities.filter_map(entity).collect();
    let catalogs = catalogs.values().map(|row| Catalog {
        logical: row["LOGICAL_NAME"].clone(),
        name: row["NAME"].clone(),
    });
    Inventory {
        format: FORMAT,
        digest: String::new(),
        tool: String::new(),
        engine,
        taken_at: "2026-03-02T08:00:00Z".to_owned(),
        platform_version: None,
        server: Some(server("15.0.4430.1")),
        databases: databases
            .into_iter()
            .map(|(role, mut tables)| {
                tables.sort_by(|left, right| left.name.cmp(&right.name));
                Database {
                    file: format!("file of {role}"),
                    identity: format!("identity of {role}"),
                    locator: role.to_string(),
                    files: files(engine, &role),
                    recovery_model: Some("FULL".to_owned()),
                    links: Vec::new(),
                    principals: (engine == Engine::SqlServer)
                        .then(|| Observed::Known(principals(&role))),
                    role,
                    bytes: 0,
                    tables,
                }
            })
            .collect(),
        entities,
        catalogs: catalogs.collect(),
        factory: Factory::default(),
        key_check: String::new(),
        identities: Vec::new(),
    }
}

/// A user that nothing hangs on.
pub(crate) fn user(name: &str, found_as: &[FoundAs]) -> Principal {
    Principal {
        name: name.to_owned(),
        kind: PrincipalKind::SqlUser,
        sid: "0x0105AF".to_owned(),
        created: "2019-04-01T12:00:00.000".to_owned(),
        login: LoginOf::Named(name.to_owned()),
        default_schema: Some("dbo".to_owned()),
        roles: vec!["db_owner".to_owned()],
        owns: Vec::new(),
        runs_modules: Vec::new(),
        permissions: 1,
        gives: Vec::new(),
        found_as: found_as.to_vec(),
    }
}

/// Something that has an owner; what stands in a schema stands in `app`.
pub(crate) fn securable(kind: SecurableKind, name: &str) -> Securable {
    use SecurableKind as Kind;
    let in_schema = matches!(
        kind,
        Kind::Table
            | Kind::View
            | Kind::Procedure
            | Kind::Function
            | Kind::Object
            | Kind::Queue
            | Kind::Type
            | Kind::XmlSchemaCollection
    );
    Securable {
        kind,
        schema: in_schema.then(|| "app".to_owned()),
        name: name.to_owned(),
    }
}

/// A permission that somebody gave.
pub(crate) fn gave(by: &str, state: PermissionState, on: Securable, to: &str) -> Permission {
    Permission {
        state,
        name: "SELECT".to_owned(),
        on,
        column: None,
        to: to.to_owned(),
        by: by.to_owned(),
    }
}

/// What no user can give away, and what no user owns.
pub(crate) const NOT_GIVEN: [SecurableKind; 6] = [
    SecurableKind::Database,
    SecurableKind::Queue,
    SecurableKind::ApplicationRole,
    SecurableKind::User,
    SecurableKind::EventNotification,
    SecurableKind::Other,
];

/// A database's users: the platform's, with all that a user may own, and others.
pub(crate) fn principals(role: &Role) -> Principals {
    let all = match role {
        Role::Platform => {
            let mut admin = user("OSADMIN", &[FoundAs::DefaultName, FoundAs::Session]);
            let given = SecurableKind::ALL
                .iter()
                .filter(|kind| !NOT_GIVEN.contains(kind));
            admin.owns = given
                .map(|kind| Owned {
                    what: securable(*kind, &format!("its {}", kind.name())),
                    holds: (*kind == SecurableKind::Schema).then_some(12),
                })
                .collect();
            admin.owns.push(Owned {
                what: securable(SecurableKind::Schema, "OSADMIN"),
                holds: Some(0),
            });
            let table = || securable(SecurableKind::Table, "its table");
            let database = securable(SecurableKind::Database, "");
            let column = Permission {
                column: Some("Na]me".to_owned()),
                ..gave("OSADMIN", PermissionState::Granted, table(), "public")
            };
            let role = securable(SecurableKind::ApplicationRole, "kiosk");
            admin.gives = vec![
                gave("OSADMIN", PermissionState::GrantedOn, table(), "REPORTS"),
                gave("OSADMIN", PermissionState::Denied, table(), "TEMPS"),
                gave("OSADMIN", PermissionState::Granted, database, "REPORTS"),
                Permission {
                    name: "ALTER".to_owned(),
                    ..gave("OSADMIN", PermissionState::Granted, role, "REPORTS")
                },
                gave("dbo", PermissionState::Denied, table(), "GUESTS"),
                column,
            ];
            let mut jobs = user("OSJOBS", &[FoundAs::Session]);
            jobs.runs_modules = vec!["dbo.nightly".to_owned(), "app.hourly".to_owned()];
            let mut reports = user("REPORTS", &[]);
            reports.login = LoginOf::Missing;
            let runtime = user("OSRUNTIME", &[FoundAs::DefaultName]);
            vec![jobs, admin, runtime, reports]
        }
        Role::Log | Role::Runtime | Role::LogRuntime => vec![
            user("OSADMIN_LOG", &[FoundAs::DefaultName]),
            user("OSRUNTIME_LOG", &[FoundAs::DefaultName]),
        ],
        Role::Catalog(_) => {
            let mut hostile = user("o'b]; DROP USER x--\nien", &[FoundAs::Catalog]);
            hostile.owns = vec![Owned {
                what: securable(SecurableKind::Schema, "s'c]h"),
                holds: Some(1),
            }];
            vec![hostile]
        }
    };
    Principals {
        all,
        unseen: Vec::new(),
    }
}

/// A server that is asked where things go.
pub(crate) fn server(version: &str) -> Server {
    Server {
        name: "SQL01".to_owned(),
        version: version.to_owned(),
        edition: "Standard Edition (64-bit)".to_owned(),
        compresses: true,
        data_folder: Some("E:\\Data\\".to_owned()),
        log_folder: Some("F:\\Logs\\".to_owned()),
        backup_folder: Some("G:\\Backup".to_owned()),
        settings: None,
        directories: None,
    }
}

/// The files of a database, one of each kind, with names that need their quotes; or the tablespaces of a schema.
fn files(engine: Engine, role: &Role) -> Vec<DataFile> {
    if engine.has_schemas() {
        let names: &[&str] = match role {
            Role::Platform => &["OSSYS", "OSIDX", "OS'US R"],
            _ => &["OSIDX", "OSLOG"],
        };
        return (1..)
            .zip(names)
            .map(|(at, name)| DataFile {
                name: (*name).to_owned(),
                holds: Holds::Rows,
                path: String::new(),
                bytes: at << 36,
            })
            .collect();
    }
    let file = |name: &str, holds, path: &str| DataFile {
        name: format!("{role}{name}"),
        holds,
        path: path.to_owned(),
        bytes: 1 << 21,
    };
    vec![
        file("'s data", Holds::Rows, "D:\\sql\\os.mdf"),
        file("]more", Holds::Rows, "D:\\sql\\os2.ndf"),
        file("_log", Holds::Log, "D:\\sql\\os.ldf"),
        file("_docs", Holds::Other, "D:\\sql\\docs"),
    ]
}

/// Settings that take every step, with more lines, for a copy that envclone makes or takes over.
fn settings(engine: Engine, clone: &str, more: &str) -> Settings {
    let text = format!(
        "profile = \"extra\"\nclone = \"{clone}\"\n{more}\n\
         [source]\nengine = \"{0}\"\nplatform = \"OSPROD\"\nlog = \"OSPRODLOG\"\ncatalogs.PROD_LEDGER = \"PROD_LEDGER\"\n\
         [target]\nengine = \"{0}\"\nplatform = \"OSPRE\"\nlog = \"OSPRELOG\"\ncatalogs.PROD_LEDGER = \"PRE_LEDGER\"\n\
         [[security.create]]\ndatabases = [\"platform\", \"log\"]\nlogin = \"PRE_ADMIN\"\nuser = \"OSADMIN\"\nas = \"admin\"\n\
         [[security.create]]\ndatabases = [\"catalog:PROD_LEDGER\"]\nlogin = \"PRE'S RUNTIME\"\nas = \"runtime\"\n",
        engine.name()
    );
    Settings::read(&text).unwrap()
}

/// Gives the first schema rights of others on its objects: users whose schemas are copied as well, and one whose is not.
#[allow(dead_code, reason = "not every test is about rights")]
pub(crate) fn with_rights(inventory: &mut Inventory) {
    let right = |object: &str, privilege: &str, to: &str| Link {
        name: format!("{object}: {privilege}"),
        to: format!("granted to {to}"),
    };
    inventory.databases[0].links = vec![Links {
        kind: "right of another user".to_owned(),
        of_server: false,
        found: Observed::Known(vec![
            right("OSSYS_USER", "SELECT", "OSPRODLOG"),
            right("OSSYS_USER", "UPDATE", "OSPRODLOG"),
            right("It's", "SELECT", "OSPRODLOG"),
            right("OSSYS_USER", "SELECT", "PROD_LEDGER with grant option"),
            right("OSSYS_USER", "SELECT", "REPORTS"),
        ]),
    }];
}

/// Gives the first database of a side rights on the other side's objects and its users rights on this one's, as the dictionary
/// has them, among others that are nobody's here.
#[allow(dead_code, reason = "not every test is about rights")]
pub(crate) fn with_rights_across(inventory: &mut Inventory, [platform, log, ledger]: [&str; 3]) {
    let link = |name: &str, to: &str| Link {
        name: name.to_owned(),
        to: to.to_owned(),
    };
    let of = |kind: &str, found: Vec<Link>| Links {
        kind: kind.to_owned(),
        of_server: false,
        found: Observed::Known(found),
    };
    inventory.databases[0].links = vec![
        of(
            "right of another user",
            vec![
                link("OSSYS_USER: UPDATE", &format!("granted to {log}")),
                link("OSSYS_USER: SELECT", &format!("granted to {log}")),
                link(
                    "It's: SELECT",
                    &format!("granted to {ledger} with grant option"),
                ),
                link("OSSYS_USER: SELECT", "granted to REPORTS"),
            ],
        ),
        of(
            "right on another schema",
            vec![
                link("SELECT", &format!("{platform}.a.b")),
                link("DELETE", &format!("{log}.OSLOG_ERROR")),
                link("SELECT", "HR.PEOPLE"),
                link("SELECT", &format!("{platform}_OF_OTHERS.T")),
            ],
        ),
    ];
}

/// The plan with every built-in step, for a copy that somebody else has made.
#[allow(dead_code, reason = "not every test takes a copy over")]
pub(crate) fn plan(inventory: &Inventory) -> (Plan, &'static dyn Dialect) {
    let plan = adopting(inventory, Basis::Target, None, |_| ());
    (plan, dialect::of(inventory.engine))
}

/// The same, with the server of the side that the inventory is not of, by settings with other lines.
#[allow(dead_code, reason = "not every test takes a copy over")]
pub(crate) fn adopting(
    inventory: &Inventory,
    basis: Basis,
    other: Option<&Server>,
    edit: impl Fn(&mut Settings),
) -> Plan {
    let dialect = dialect::of(inventory.engine);
    let catalogue = Catalogue::with(&[]).unwrap();
    let mut settings = settings(inventory.engine, "adopt", "");
    edit(&mut settings);
    let plan = draft(&catalogue, &settings, inventory, other, basis, dialect).unwrap();
    let nobody_counted = vec![None; plan.items.len()];
    plan.counted(&nobody_counted)
}

/// The plan for a copy that is made by these settings on a server.
#[allow(dead_code, reason = "not every test makes a copy")]
pub(crate) fn making(
    inventory: &Inventory,
    copy: &str,
    destination: Option<&Server>,
) -> Result<Plan, DraftError> {
    making_as(inventory, copy, destination, |_| ())
}

/// The same by settings with other lines.
#[allow(dead_code, reason = "not every test makes a copy")]
pub(crate) fn making_as(
    inventory: &Inventory,
    copy: &str,
    destination: Option<&Server>,
    edit: impl Fn(&mut Settings),
) -> Result<Plan, DraftError> {
    let dialect = dialect::of(inventory.engine);
    let catalogue = Catalogue::with(&[]).unwrap();
    let mut settings = settings(inventory.engine, "make", &format!("[copy]\n{copy}"));
    edit(&mut settings);
    let plan = draft(
        &catalogue,
        &settings,
        inventory,
        destination,
        Basis::Source,
        dialect,
    )?;
    let nobody_counted = vec![None; plan.items.len()];
    Ok(plan.counted(&nobody_counted))
}

/// The names that scripts know the databases by.
#[allow(dead_code, reason = "not every test writes scripts")]
pub(crate) fn guard() -> ScriptGuard {
    let names = |platform: &str, log: &str| {
        vec![
            (Role::Platform, platform.to_owned()),
            (Role::Log, log.to_owned()),
        ]
    };
    ScriptGuard {
        target: names("OSPRE", "OSPRELOG"),
        source: names("OSPROD@PRODSQL", "OSPRODLOG"),
    }
}

/// All that a release check sends: what it counts and asks, and what it takes to hold and to let go.
#[allow(dead_code, reason = "not every test checks a release")]
pub(crate) fn release(inventory: &Inventory) -> Vec<(String, String)> {
    use envclone_core::release::{Kind, endpoints, hold, looks};
    let dialect = dialect::of(inventory.engine);
    let tables = &inventory.databases[0].tables;
    let mut all = Vec::new();
    let mut add = |name: String, sql: String| all.push((name, sql));
    for question in looks::questions(tables, dialect) {
        assert!(question.left_out.is_empty(), "{question:?}");
        for (table, sql) in question.counts {
            add(format!("{}: {table}", question.id), sql);
        }
    }
    let queries = endpoints::queries(tables, dialect);
    add("modules".to_owned(), queries.modules.unwrap());
    for query in queries.addresses {
        add(format!("{}: {}", query.kind, query.table), query.sql);
    }
    let properties = queries.properties.unwrap();
    add("site properties".to_owned(), properties.definitions);
    for sql in properties.values {
        add("values of site properties".to_owned(), sql);
    }
    add(
        "secret site properties".to_owned(),
        properties.secrets.unwrap(),
    );
    let (columns, left_out) = hold::columns(tables, &Kind::ALL);
    assert!(left_out.is_empty(), "{left_out:?}");
    add("create held".to_owned(), dialect.create_held());
    let (at, by) = ("2026-03-02 08:00:00", "it's me");
    for column in &columns {
        let name = |what: &str| format!("{what}: {}.{}", column.table, column.column);
        add(name("to hold"), hold::to_hold(column, dialect));
        add(name("to put back"), hold::to_put_back(column, dialect));
        if let Some(sql) = hold::overdue(column, dialect) {
            add(name("overdue"), sql);
        }
        add(name("changed"), hold::changed(column, dialect));
        add(name("gone"), hold::gone(column, dialect));
        for sql in hold::hold(column, dialect, at, by) {
            add(name("hold"), sql);
        }
        for sql in hold::release(column, dialect, at) {
            add(name("release"), sql);
        }
    }
    all
}
