//! An entity in the making: attributes, columns and what fills them, side by side.

use super::templates::{Template, Type, type_name};
use super::{Attribute, Fill, Module, SERVICE_CENTER_KEY};
use crate::random::{Rng, guid};
use crate::row::Place;
use crate::schema::{Column, Kind, Table};
use crate::tables;

/// The key of the entity User of the platform.
pub(crate) const USER_ENTITY_KEY: &str = "b2f1a0c7-4b6d-4a56-9a0e-3c1d2e5f6a78";

/// An entity of the same module that a later one may refer to.
pub(crate) struct Sibling {
    pub(crate) name: &'static str,
    pub(crate) stock: usize,
    pub(crate) key: String,
    pub(crate) physical: String,
    pub(crate) id_kind: Kind,
}

/// An entity made of a template: attributes, columns and fills side by side.
pub(crate) struct Draft {
    pub(crate) key: String,
    pub(crate) id_kind: Kind,
    pub(crate) table: Table,
    pub(crate) fills: Vec<Fill>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) multi_tenant: bool,
}

impl Draft {
    pub(crate) fn new(
        module: &Module,
        template: &Template,
        siblings: &[Sibling],
        rng: &mut Rng,
    ) -> Self {
        let name = format!("OSUSR_{}_{}", module.short, template.name());
        let is_static = matches!(template, Template::Static { .. });
        let id_kind = if is_static || rng.one_in(2) {
            Kind::Int
        } else {
            Kind::BigInt
        };
        let mut draft = Self {
            key: guid(&format!("{}/{}", module.key, template.name())),
            id_kind,
            table: tables::table(name, &[], &["ID"]),
            fills: Vec::new(),
            attributes: Vec::new(),
            labels: Vec::new(),
            multi_tenant: false,
        };
        match template {
            Template::Static { labels, .. } => {
                draft.labels.clone_from(labels);
                draft.column("Id", id_kind, type_name(id_kind).to_owned(), Fill::Key);
                draft.column(
                    "Label",
                    Kind::Text(Some(50)),
                    "rtText".to_owned(),
                    Fill::Labels(labels.clone()),
                );
            }
            Template::Ordinary { attributes, .. } => {
                draft.multi_tenant = module.multi_tenant;
                if module.multi_tenant {
                    draft.tenant();
                }
                draft.column("Id", id_kind, type_name(id_kind).to_owned(), Fill::Key);
                for (name, kind) in attributes {
                    draft.attribute(name, *kind, module, siblings);
                    if let Some(last) = draft.attributes.last_mut() {
                        last.active = !rng.one_in(25);
                    }
                }
            }
        }
        draft
    }

    fn tenant(&mut self) {
        self.table.columns.push(column("TENANT_ID", Kind::Int));
        self.table.refer("TENANT_ID", "ossys_Tenant", "ID");
        self.fills.push(Fill::Tenant);
    }

    fn attribute(&mut self, name: &str, kind: Type, module: &Module, siblings: &[Sibling]) {
        match kind {
            Type::Word(word) => {
                self.column(
                    name,
                    word.kind(),
                    word.type_name().to_owned(),
                    Fill::Word(word),
                );
            }
            Type::User => {
                let kind = format!("bt{}*{USER_ENTITY_KEY}", SERVICE_CENTER_KEY);
                self.column(name, Kind::Int, kind, Fill::User);
                // A constraint can't leave its database.
                if module.place == Place::Platform {
                    self.protect(name, "ossys_User");
                }
            }
            Type::Entity(other) => {
                let Some(other) = siblings.iter().find(|it| it.name == other) else {
                    return;
                };
                let kind = format!("bt{}*{}", module.key, other.key);
                self.column(name, other.id_kind, kind, Fill::Parent(other.stock));
                self.protect(name, &other.physical);
            }
        }
    }

    fn protect(&mut self, name: &str, table: &str) {
        self.table.refer(&name.to_uppercase(), table, "ID");
        if let Some(last) = self.attributes.last_mut() {
            last.delete_rule = "Protect";
        }
    }

    fn column(&mut self, name: &str, kind: Kind, type_name: String, fill: Fill) {
        let mut column = column(&name.to_uppercase(), kind);
        column.nullable = name != "Id";
        let mut attribute = attribute(name, &column, &self.key);
        attribute.kind = type_name;
        self.table.columns.push(column);
        self.attributes.push(attribute);
        self.fills.push(fill);
    }
}

fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        nullable: false,
        default: None,
    }
}

/// The attributes of an entity whose table is known; the tenant is not one of them.
pub(crate) fn attributes_of(table: &Table, entity_key: &str) -> Vec<Attribute> {
    let own = |it: &&Column| !it.name.eq_ignore_ascii_case("TENANT_ID");
    table
        .columns
        .iter()
        .filter(own)
        .map(|it| attribute(&it.name, it, entity_key))
        .collect()
}

fn attribute(name: &str, column: &Column, entity_key: &str) -> Attribute {
    let is_id = column.name.eq_ignore_ascii_case("ID");
    Attribute {
        name: name.to_owned(),
        column: column.name.clone(),
        key: guid(&format!("{entity_key}/{}", column.name)),
        kind: type_name(column.kind).to_owned(),
        length: match column.kind {
            Kind::Text(Some(length)) => Some(i64::from(length)),
            _ => None,
        },
        mandatory: !column.nullable,
        autonumber: is_id && matches!(column.kind, Kind::Int | Kind::BigInt),
        delete_rule: "Ignore",
        active: true,
    }
}
