//! Which entities the modules have, and the tables behind them.

use super::draft::{Draft, Sibling, USER_ENTITY_KEY, attributes_of};
use super::templates::{self, Template};
use super::{Entity, Factory, Fill, Owner, Stock, USERS_CLONE};
use crate::names;
use crate::random::{Rng, guid};
use crate::row::Place;
use crate::schema::{Kind, Table, lines, parse_table};
use crate::spec::{Sizes, Spec};
use crate::tables::{self, sound};

const FIXED: &str = include_str!("../../data/fixed_entities.list");
const FIXED_REFERENCES: &str = include_str!("../../data/fixed_references.list");

/// Entities that the fixed modules have besides their own.
const CHOSEN: [(&str, &[&str]); 5] = [
    (
        "Orders_CS",
        &[
            "OrderStatus",
            "Customer",
            "Product",
            "SalesOrder",
            "OrderLine",
        ],
    ),
    (
        "Billing_CS",
        &["InvoiceStatus", "Customer", "Invoice", "Payment"],
    ),
    (
        "Ledger_CS",
        &["Currency", "Supplier", "Contract", "PriceList"],
    ),
    ("FieldVisits", &["VisitOutcome", "Employee", "Visit"]),
    ("LegacyShop (deleted0)", &["Product", "Subscription"]),
];

pub(crate) fn add(factory: &mut Factory, spec: &Spec, sizes: &Sizes) {
    let mut work = Work {
        factory,
        rng: Rng::new(spec.seed, "entities"),
        id: 200,
        templates: templates::all(),
    };
    work.fixed();
    work.system();
    work.external(sizes.external_entities);
    work.generated(sizes.entities);
    work.orphans(sizes.orphan_tables);
}

struct Work<'a> {
    factory: &'a mut Factory,
    rng: Rng,
    id: i64,
    templates: Vec<Template>,
}

impl Work<'_> {
    fn next_id(&mut self) -> i64 {
        self.id += 1 + self.rng.int(4);
        self.id
    }

    /// The entities that clean-up steps look for, with the clone of Users having those of Users again.
    fn fixed(&mut self) {
        for line in lines(FIXED) {
            let parts: Vec<&str> = line.splitn(4, " | ").collect();
            debug_assert_eq!(parts.len(), 4, "{line}");
            let [module, name, key, table] = parts[..] else {
                continue;
            };
            self.fixed_entity(module, name, key, table);
            if module == "Users" {
                self.fixed_entity(USERS_CLONE, name, key, table);
            }
        }
    }

    fn fixed_entity(&mut self, module: &str, name: &str, key: &str, table: &str) {
        let found = self.factory.modules.iter().find(|it| it.name == module);
        let Some(module) = found else { return };
        let (short, owner, place) = (module.short.clone(), Owner::Module(module.id), module.place);
        let multi_tenant = table.contains("TENANT_ID");
        let Some(table) = sound(parse_table(&table.replace("{key}", &short))) else {
            return;
        };
        let mut own = [table];
        tables::refer(&mut own, &FIXED_REFERENCES.replace("{key}", &short));
        let [mut table] = own;
        if multi_tenant {
            table.refer("TENANT_ID", "ossys_Tenant", "ID");
        }
        let key = if key == "-" {
            guid(&table.name)
        } else {
            key.to_owned()
        };
        let attributes = attributes_of(&table, &key);
        let physical = table.name.clone();
        self.stock(place, table, Vec::new(), 0);
        let entity = Entity {
            multi_tenant,
            attributes,
            ..self.blank(name, key, physical, owner)
        };
        self.factory.entities.push(entity);
    }

    /// Some of the platform's own entities: others refer to User.
    fn system(&mut self) {
        for (name, physical) in [
            ("User", "ossys_User"),
            ("Tenant", "ossys_Tenant"),
            ("Espace", "ossys_Espace"),
            ("Entity", "ossys_Entity"),
            ("Sent_Email", "OSSYS_EMAIL"),
            ("Site_Property", "ossys_Site_Property"),
        ] {
            let key = if name == "User" {
                USER_ENTITY_KEY.to_owned()
            } else {
                guid(physical)
            };
            let table = tables::platform()
                .into_iter()
                .find(|it| it.name == physical);
            let entity = Entity {
                system: true,
                attributes: table.map_or(Vec::new(), |it| attributes_of(&it, &key)),
                event_table: (name == "User").then(|| "OSEVT_USER".to_owned()),
                ..self.blank(name, key, physical.to_owned(), Owner::Module(1))
            };
            self.factory.entities.push(entity);
        }
    }

    /// Entities over tables that the platform did not make: through a logical database, or by a name in three parts.
    fn external(&mut self, count: u64) {
        let main = names::MAIN_CATALOG;
        let catalog = names::CATALOG;
        let fixed = [
            ("ErpInvoice", 9, "ERP", "[ERPDB].[dbo].[INVOICE]".to_owned()),
            ("ErpArticle", 9, "ERP", "ARTICLE".to_owned()),
            (
                "ArchivedInvoice",
                9,
                "ERP_ARCHIVE",
                "INVOICE_ARCHIVE".to_owned(),
            ),
            (
                "LedgerRate",
                14,
                "LEDGER",
                format!("[{catalog}].[dbo].[OSUSR_l3d_Rate]"),
            ),
            (
                "PlatformUser",
                14,
                "",
                format!("[{main}].[dbo].[ossys_User]"),
            ),
        ];
        let fixed_count = fixed.len() as u64;
        for (name, extension, logical, physical) in fixed {
            self.external_entity(name, extension, logical, physical);
        }
        for number in fixed_count..count {
            let (logical, physical) = match number % 3 {
                0 => ("ERP", format!("[ERPDB].[dbo].[SHEET_{number:03}]")),
                1 => ("ERP", format!("SHEET_{number:03}")),
                _ => ("", format!("oslog_General_{}", number % 10)),
            };
            let name = format!("ErpSheet{number:03}");
            self.external_entity(&name, 9, logical, physical);
        }
    }

    fn external_entity(
        &mut self,
        name: &str,
        extension: i64,
        logical: &'static str,
        physical: String,
    ) {
        let columns = [
            ("ID", Kind::Int),
            ("NAME", Kind::Text(Some(100))),
            ("AMOUNT", Kind::Decimal),
        ];
        let shape = tables::table(physical.clone(), &columns, &["ID"]);
        let key = guid(name);
        let entity = Entity {
            attributes: attributes_of(&shape, &key),
            ..self.blank(name, key, physical, Owner::Extension(extension, logical))
        };
        self.factory.entities.push(entity);
    }

    fn generated(&mut self, total: u64) {
        for (module, names) in CHOSEN {
            let at = self.factory.modules.iter().position(|it| it.name == module);
            let chosen = |it: &&Template| names.contains(&it.name());
            let templates = self.templates.iter().filter(chosen).cloned().collect();
            self.module_entities(at, templates);
        }
        let counts = self.counts(total);
        for (module, count) in counts {
            let templates = self.some_templates(count);
            self.module_entities(Some(module), templates);
        }
    }

    /// How many entities each generated module gets: three in five have some.
    fn counts(&mut self, total: u64) -> Vec<(usize, usize)> {
        let generated = self.factory.modules.iter().enumerate().skip(13);
        let mut counts: Vec<(usize, usize)> = generated
            .map(|(at, _)| (at, 0))
            .filter(|(at, _)| at % 5 < 3)
            .collect();
        let wanted = total.saturating_sub(self.factory.entities.len() as u64);
        let room = (counts.len() * self.templates.len()) as u64;
        let mut left = wanted.min(room);
        while left > 0 {
            let at = self.rng.below(counts.len() as u64) as usize;
            if counts[at].1 < self.templates.len() {
                counts[at].1 += 1;
                left -= 1;
            }
        }
        counts
    }

    /// So many different templates, in the file's order, so that what is referred to comes first.
    fn some_templates(&mut self, count: usize) -> Vec<Template> {
        let mut order: Vec<usize> = (0..self.templates.len()).collect();
        for at in 0..count {
            let other = at + self.rng.below((order.len() - at) as u64) as usize;
            order.swap(at, other);
        }
        order.truncate(count);
        order.sort_unstable();
        order
            .into_iter()
            .filter_map(|at| self.templates.get(at).cloned())
            .collect()
    }

    fn module_entities(&mut self, module: Option<usize>, templates: Vec<Template>) {
        let mut siblings: Vec<Sibling> = Vec::new();
        for template in templates {
            let Some(module) = module.and_then(|at| self.factory.modules.get(at)) else {
                return;
            };
            let draft = Draft::new(module, &template, &siblings, &mut self.rng);
            let owner = Owner::Module(module.id);
            let place = module.place;
            let alive = module.active;
            let weight = if draft.labels.is_empty() {
                [1, 1, 1, 2, 2, 3, 5, 8, 20][self.rng.below(9) as usize]
            } else {
                0
            };
            let physical = draft.table.name.clone();
            let stock = self.stock(place, draft.table, draft.fills, weight);
            if let Some(it) = self.factory.stocks.get_mut(stock) {
                it.rows = draft.labels.len() as u64;
            }
            siblings.push(Sibling {
                name: template.name(),
                stock,
                key: draft.key.clone(),
                physical: physical.clone(),
                id_kind: draft.id_kind,
            });
            let processes_wait = weight > 0 && place == Place::Platform && self.rng.one_in(40);
            let entity = Entity {
                active: alive && !self.rng.one_in(20),
                multi_tenant: draft.multi_tenant,
                labels: draft.labels,
                attributes: draft.attributes,
                event_table: processes_wait.then(|| physical.replace("OSUSR_", "OSEVT_")),
                ..self.blank(template.name(), draft.key, physical, owner)
            };
            self.factory.entities.push(entity);
        }
    }

    /// Tables whose entities are long gone.
    fn orphans(&mut self, count: u64) {
        for number in 0..count {
            let name = format!(
                "OSUSR_{}_OldTable{number}",
                ["q8z", "x2v", "w0w"][number as usize % 3]
            );
            let columns = [
                ("ID", Kind::Int),
                ("NAME", Kind::Text(Some(150))),
                ("EMAIL", Kind::Text(Some(250))),
                ("NOTES", Kind::Text(None)),
            ];
            let table = tables::table(name, &columns, &["ID"]);
            let words = [
                super::Word::Person,
                super::Word::Email,
                super::Word::Sentence,
            ];
            let mut fills = vec![Fill::Key];
            fills.extend(words.map(Fill::Word));
            self.stock(Place::Platform, table, fills, 1);
        }
    }

    fn stock(&mut self, place: Place, table: Table, fills: Vec<Fill>, weight: u64) -> usize {
        self.factory.stocks.push(Stock {
            place,
            table,
            fills,
            rows: 0,
            weight,
        });
        self.factory.stocks.len() - 1
    }

    fn blank(&mut self, name: &str, key: String, physical: String, owner: Owner) -> Entity {
        Entity {
            id: self.next_id(),
            name: name.to_owned(),
            key,
            physical,
            owner,
            active: true,
            multi_tenant: false,
            system: false,
            labels: Vec::new(),
            attributes: Vec::new(),
            event_table: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FIXED;
    use crate::schema::{lines, parse_table};

    #[test]
    fn every_fixed_entity_has_four_parts_and_a_table() {
        for line in lines(FIXED) {
            let parts: Vec<&str> = line.splitn(4, " | ").collect();
            assert_eq!(parts.len(), 4, "{line}");
            parse_table(parts[3]).unwrap();
        }
    }
}
