//! Which modules, applications, extensions and tenants there are.

use super::{Application, Extension, Factory, Module, Tenant, USERS_CLONE, USERS_KEY};
use crate::random::{Rng, guid};
use crate::row::Place;
use crate::spec::{Sizes, Spec};
use std::collections::HashSet;

/// A module that is there at every scale.
struct Fixed(
    i64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
);

/// Id, name, key (`-` makes one from the name), short key, kind, application.
const FIXED: [Fixed; 13] = [
    Fixed(
        1,
        "ServiceCenter",
        super::SERVICE_CENTER_KEY,
        "sc0",
        "WebResponsive",
        1,
    ),
    Fixed(5, "Users", USERS_KEY, "6wd", "WebResponsive", 2),
    Fixed(
        8,
        "EPA_Taskbox",
        "460089c7-af3d-437a-ab33-a93fa9d39bab",
        "tb5",
        "WebResponsive",
        1,
    ),
    Fixed(
        12,
        "ECT_Provider",
        "50957770-1dd0-42bf-9fcb-c57953b87ce1",
        "1ct",
        "WebResponsive",
        1,
    ),
    Fixed(17, "LifeTime", "-", "ltm", "WebResponsive", 4),
    Fixed(23, USERS_CLONE, "-", "k4p", "WebResponsive", 2),
    Fixed(31, "Orders_CS", "-", "9qk", "Service", 9),
    Fixed(34, "Orders_Portal", "-", "9qp", "CrossDevice", 9),
    Fixed(42, "Billing_CS", "-", "b7m", "Service", 11),
    Fixed(47, "Ledger_CS", "-", "l3d", "Service", 12),
    Fixed(53, "Partner_IS", "-", "p4r", "Service", 15),
    Fixed(60, "FieldVisits", "-", "7i3", "Mobile", 16),
    Fixed(66, "LegacyShop (deleted0)", "-", "z0x", "CrossDevice", 9),
];

const APPLICATIONS: [(i64, &str); 8] = [
    (1, "System Components"),
    (2, "Users"),
    (4, "LifeTime"),
    (9, "Orders"),
    (11, "Billing"),
    (12, "Ledger"),
    (15, "Partners"),
    (16, "Field Visits"),
];

const DOMAINS: [&str; 42] = [
    "Archive",
    "Assets",
    "Branch",
    "Budget",
    "Calendar",
    "Campaign",
    "Catalogue",
    "Claims",
    "Complaints",
    "Contracts",
    "Courses",
    "Credit",
    "Customer",
    "Dispatch",
    "Documents",
    "Employee",
    "Energy",
    "Events",
    "Fleet",
    "Forecast",
    "Grants",
    "Harbour",
    "Inspection",
    "Intake",
    "Inventory",
    "Library",
    "Loyalty",
    "Maintenance",
    "Meters",
    "Parking",
    "Payroll",
    "Permits",
    "Planning",
    "Pricing",
    "Purchase",
    "Quality",
    "Returns",
    "Safety",
    "Shipping",
    "Survey",
    "Tariffs",
    "Warehouse",
];

const LAYERS: [(&str, &str); 8] = [
    ("CS", "Service"),
    ("BL", "Service"),
    ("Portal", "CrossDevice"),
    ("Backoffice", "WebResponsive"),
    ("IS", "Service"),
    ("API", "Service"),
    ("App", "Mobile"),
    ("Lib", "ReactiveLibrary"),
];

pub(crate) fn add(factory: &mut Factory, spec: &Spec, sizes: &Sizes) {
    for (id, name) in APPLICATIONS {
        add_application(factory, id, name.to_owned(), guid(name));
    }
    for fixed in FIXED {
        factory.modules.push(fixed_module(&fixed));
    }
    let mut rng = Rng::new(spec.seed, "modules");
    let mut names = Names::default();
    let mut module_id = 100;
    let mut application_id = 20;
    let generated = sizes.modules.saturating_sub(FIXED.len() as u64);
    for count in 0..generated {
        module_id += 1 + rng.int(3);
        if count % 4 == 0 {
            application_id += 1 + rng.int(2);
            let name = format!("{} {application_id}", rng.pick(&DOMAINS));
            add_application(factory, application_id, name, rng.guid());
        }
        let module = generated_module(module_id, count, application_id, &mut names, &mut rng);
        factory.modules.push(module);
    }
}

fn add_application(factory: &mut Factory, id: i64, name: String, key: String) {
    let mobile = name == "Field Visits";
    factory.applications.push(Application {
        id,
        name,
        key,
        mobile,
    });
}

fn fixed_module(fixed: &Fixed) -> Module {
    let Fixed(id, name, key, short, kind, application) = *fixed;
    let key = if key == "-" {
        guid(name)
    } else {
        key.to_owned()
    };
    Module {
        id,
        name: name.to_owned(),
        key,
        short: short.to_owned(),
        kind,
        place: if name == "Ledger_CS" {
            Place::Catalog
        } else {
            Place::Platform
        },
        active: !name.contains("(deleted"),
        system: id <= 17,
        multi_tenant: ["Users", USERS_CLONE, "Billing_CS"].contains(&name),
        user_provider: ["Users", USERS_CLONE].contains(&name),
        application,
    }
}

fn generated_module(
    id: i64,
    count: u64,
    application: i64,
    names: &mut Names,
    rng: &mut Rng,
) -> Module {
    let (layer, kind) = LAYERS[rng.below(LAYERS.len() as u64) as usize];
    let base = format!("{}_{layer}", rng.pick(&DOMAINS));
    // 114 of 837 modules are deleted, and one of the fixed ones.
    let active = count * 114 / 837 == (count + 1) * 114 / 837;
    let name = names.unused(base);
    let name = if active {
        name
    } else {
        format!("{name} (deleted0)")
    };
    Module {
        id,
        name,
        key: rng.guid(),
        short: names.short(rng),
        kind,
        // One module in twenty keeps its tables in the extra catalog.
        place: if count % 20 == 3 {
            Place::Catalog
        } else {
            Place::Platform
        },
        active,
        system: false,
        multi_tenant: count % 56 == 9,
        user_provider: false,
        application,
    }
}

/// Names that are taken.
struct Names {
    modules: HashSet<String>,
    shorts: HashSet<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            modules: FIXED.iter().map(|it| it.1.to_owned()).collect(),
            shorts: FIXED.iter().map(|it| it.3.to_owned()).collect(),
        }
    }
}

impl Names {
    fn unused(&mut self, base: String) -> String {
        let mut name = base.clone();
        let mut number = 1;
        while !self.modules.insert(name.clone()) {
            number += 1;
            name = format!("{base}{number}");
        }
        name
    }

    fn short(&mut self, rng: &mut Rng) -> String {
        const DIGITS: [&str; 36] = [
            "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g",
            "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x",
            "y", "z",
        ];
        loop {
            let short: String = (0..3).map(|_| rng.pick(&DIGITS)).collect();
            if self.shorts.insert(short.clone()) {
                return short;
            }
        }
    }
}

pub(crate) fn extensions(sizes: &Sizes) -> Vec<Extension> {
    let fixed = [
        (2, "OMLProcessor", true, vec![]),
        (9, "ErpConnector", false, vec!["ERP", "ERP_ARCHIVE"]),
        (14, "LedgerBridge", false, vec!["LEDGER"]),
    ];
    let generated = (0..sizes.modules / 30).map(|count| Extension {
        id: 20 + 3 * count as i64,
        name: format!("Toolbox{count:02}"),
        key: guid(&format!("Toolbox{count:02}")),
        system: false,
        logical_databases: Vec::new(),
    });
    fixed
        .into_iter()
        .map(|(id, name, system, logical_databases)| Extension {
            id,
            name: name.to_owned(),
            key: guid(name),
            system,
            logical_databases,
        })
        .chain(generated)
        .collect()
}

/// The tenant of the people who manage the environment.
pub(crate) const IT_TENANT: i64 = 1;

pub(crate) fn tenants(sizes: &Sizes) -> Vec<Tenant> {
    let fixed = [
        (IT_TENANT, "ServiceCenter", 1),
        (2, "Users", 5),
        (4, "Northland", 5),
        (6, "Southmark", 5),
        (9, USERS_CLONE, 23),
    ];
    let fixed = fixed.into_iter().map(|(id, name, module)| Tenant {
        id,
        name: name.to_owned(),
        module,
    });
    let extra = (0..sizes.extra_tenants).map(|count| Tenant {
        id: 20 + 2 * count,
        name: format!("Region {count:02}"),
        module: 5,
    });
    fixed.chain(extra).collect()
}
