//! What the applications could call: effective addresses of active integrations, and site properties that hold one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::filter::{Filter, Test};
use crate::inventory::Table;

use super::LeftOut;
use super::looks::lacks;

/// Something that could be called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The host, in lower case; empty where the address names none.
    pub host: String,
    /// The module.
    pub module: String,
    /// `REST`, `SOAP` and so on.
    pub kind: String,
    /// What the integration or site property is called.
    pub name: String,
    /// The address, without credentials, query, and parts of the path that may be keys.
    pub address: String,
}

impl Endpoint {
    /// Whether it leads nowhere: names under `invalid` are reserved and never exist.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.host == "invalid" || self.host.ends_with(".invalid")
    }
}

/// A kind of integration: its table, and pairs of columns with the address of the design and the one that overrides it.
struct Place {
    table: &'static str,
    addresses: &'static [(&'static str, &'static str, &'static str)],
}

const PLACES: [Place; 4] = [
    Place {
        table: "ossys_web_reference",
        addresses: &[("SOAP (web reference)", "URL", "EFFECTIVE_URL")],
    },
    Place {
        table: "ossys_soap_consume",
        addresses: &[("SOAP", "URL", "EFFECTIVE_URL")],
    },
    Place {
        table: "ossys_rest_web_reference",
        addresses: &[
            ("REST", "URL", "EFFECTIVE_URL"),
            ("REST token", "TOKENURL", "EFFECTIVE_TOKENURL"),
        ],
    },
    Place {
        table: "ossys_sapconfig",
        addresses: &[
            ("SAP", "APPLICATIONSERVER", "EFFECTIVE_APPLICATIONSERVER"),
            ("SAP router", "SAPROUTERSTRING", "EFFECTIVE_SAPROUTERSTRING"),
        ],
    },
];

/// A query for addresses of one kind: module's id, name, address, the address that overrides it.
#[derive(Clone, Debug)]
pub struct Query {
    /// What they are.
    pub kind: &'static str,
    /// The table.
    pub table: &'static str,
    /// The query.
    pub sql: String,
}

/// Queries for site properties.
#[derive(Clone, Debug)]
pub struct PropertyQueries {
    /// Id, module's id, name and default of every active definition.
    pub definitions: String,
    /// Definition's id and value of every property that has one of its own, a query for each table.
    pub values: Vec<String>,
    /// Ids of those definitions whose values are secret; none where this environment knows no secret ones.
    pub secrets: Option<String>,
}

/// What is asked of a platform database.
#[derive(Clone, Debug)]
pub struct Queries {
    /// Id and name of every active module; none where this environment has no such table.
    pub modules: Option<String>,
    /// The addresses.
    pub addresses: Vec<Query>,
    /// The site properties; none where this environment has no table of their definitions.
    pub properties: Option<PropertyQueries>,
    /// The tables that are left out.
    pub left_out: Vec<LeftOut>,
}

/// A filter that names these columns.
fn wanted(columns: &[&str]) -> Filter {
    let named = |name: &&str| Filter::column(name, Test::Empty(false));
    Filter::All(columns.iter().map(named).collect())
}

fn active() -> Filter {
    Filter::column("IS_ACTIVE", Test::IsNumber(1))
}

/// What is asked of a platform database with these tables.
#[must_use]
pub fn queries(tables: &[Table], dialect: &dyn Dialect) -> Queries {
    let mut queries = Queries {
        modules: None,
        addresses: Vec::new(),
        properties: None,
        left_out: Vec::new(),
    };
    let modules = active().and(wanted(&["ID", "NAME"]));
    match lacks(tables, "ossys_espace", &modules) {
        Some(why) => queries.left_out.push(LeftOut {
            table: "ossys_espace".to_owned(),
            why,
        }),
        None => {
            queries.modules = Some(dialect.select("ossys_espace", &["ID", "NAME"], &active()));
        }
    }
    for place in PLACES {
        for (kind, design, effective) in place.addresses {
            let columns = ["ESPACE_ID", "NAME", design, effective];
            match lacks(tables, place.table, &active().and(wanted(&columns))) {
                Some(why) => queries.left_out.push(LeftOut {
                    table: place.table.to_owned(),
                    why,
                }),
                None => queries.addresses.push(Query {
                    kind,
                    table: place.table,
                    sql: dialect.select(place.table, &columns, &active()),
                }),
            }
        }
    }
    queries.properties = properties(tables, dialect, &mut queries.left_out);
    queries
}

fn properties(
    tables: &[Table],
    dialect: &dyn Dialect,
    left_out: &mut Vec<LeftOut>,
) -> Option<PropertyQueries> {
    let mut select = |table: &str, columns: &[&str], filter: Filter| match lacks(
        tables,
        table,
        &filter.clone().and(wanted(columns)),
    ) {
        None => Some(dialect.select(table, columns, &filter)),
        Some(why) => {
            left_out.push(LeftOut {
                table: table.to_owned(),
                why,
            });
            None
        }
    };
    let of_definition = ["ID", "ESPACE_ID", "NAME", "DEFAULT_VALUE"];
    let definitions = select("ossys_site_property_definition", &of_definition, active());
    let of_value = ["SITE_PROPERTY_DEFINITION_ID", "PROPERTY_VALUE"];
    let values = ["ossys_site_property", "ossys_site_property_shared"];
    let values = values.map(|table| select(table, &of_value, Filter::default()));
    let secret = Filter::column("IS_SECRET", Test::IsNumber(1));
    let secrets = "ossys_site_property_def_ext";
    let secrets = select(secrets, &["SITE_PROPERTY_DEFINITION_ID"], secret);
    Some(PropertyQueries {
        definitions: definitions?,
        values: values.into_iter().flatten().collect(),
        secrets,
    })
}

/// What the answers to [`PropertyQueries`] come to: values that are addresses, defaults where there is no value. A property
/// whose value is secret is none.
#[must_use]
pub fn of_properties(
    definitions: &[[String; 4]],
    values: &[[String; 2]],
    secrets: &[String],
    modules: &BTreeMap<String, String>,
) -> Vec<Endpoint> {
    let mut own: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for [definition, value] in values {
        own.entry(definition).or_default().push(value);
    }
    let mut all = Vec::new();
    for [id, module, name, default] in definitions {
        let Some(module) = modules.get(module).filter(|_| !secrets.contains(id)) else {
            continue;
        };
        let default = [default.as_str()];
        let values = own.get(id.as_str()).map_or(&default[..], Vec::as_slice);
        for address in values.iter().map(|value| value.trim()) {
            if is_address(address) {
                let Shown { host, address } = shown(address);
                all.push(Endpoint {
                    host,
                    module: module.clone(),
                    kind: "site property".to_owned(),
                    name: name.trim().to_owned(),
                    address,
                });
            }
        }
    }
    all
}

/// Whether a text is one address and nothing else.
fn is_address(text: &str) -> bool {
    let known = ["http", "https", "ws", "wss", "ftp", "ftps", "sftp"];
    text.split_once("://").is_some_and(|(scheme, rest)| {
        known.iter().any(|one| scheme.eq_ignore_ascii_case(one))
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace)
    })
}

/// An address as it counts: the effective one, unless it is blank. On Oracle an empty text is a blank.
#[must_use]
pub fn effective<'a>(design: &'a str, effective: &'a str) -> &'a str {
    match effective.trim() {
        "" => design.trim(),
        effective => effective,
    }
}

/// What an answer to a [`Query`] comes to, in the order of hosts; references of modules that are not active are none.
#[must_use]
pub fn found(
    kind: &str,
    rows: &[[String; 4]],
    modules: &BTreeMap<String, String>,
) -> Vec<Endpoint> {
    let mut all: Vec<Endpoint> = Vec::new();
    for [module, name, design, overriding] in rows {
        let address = effective(design, overriding);
        let Some(module) = modules.get(module).filter(|_| !address.is_empty()) else {
            continue;
        };
        let Shown { host, address } = shown(address);
        all.push(Endpoint {
            host,
            module: module.clone(),
            kind: kind.to_owned(),
            name: name.trim().to_owned(),
            address,
        });
    }
    all
}

/// An address as it may be shown, with its host.
struct Shown {
    host: String,
    address: String,
}

fn shown(address: &str) -> Shown {
    if address.starts_with("/H/") {
        return router(address);
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, address),
    };
    // A password may have any character in it: what does not end in a host and port is one, up to the last `@`.
    let authority = rest
        .split(['/', '\\', '?', '#', ';'])
        .next()
        .unwrap_or_default();
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let rest = match rest.rsplit_once('@') {
        Some((_, rest)) if !port.chars().all(|c| c.is_ascii_digit() || c == ']') => rest,
        _ => rest,
    };
    let rest = rest.split(['?', '#', ';']).next().unwrap_or_default();
    let (authority, path) = match rest.find(['/', '\\']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let scheme = scheme.map_or(String::new(), |scheme| format!("{scheme}://"));
    Shown {
        host: host(authority),
        address: format!("{scheme}{authority}{}", without_keys(path)),
    }
}

/// An authority without its port.
fn host(authority: &str) -> String {
    let bare = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    bare.trim_end_matches('.').to_lowercase()
}

/// A route through SAP routers, `/H/host/S/service/W/password/H/host`: the last host counts, and no password is shown.
fn router(route: &str) -> Shown {
    let mut parts = route.split('/').skip(1);
    let (mut hosts, mut address) = (Vec::new(), String::new());
    while let Some(word) = parts.next() {
        let value = parts.next().unwrap_or_default();
        match word.to_uppercase().as_str() {
            "H" => {
                hosts.push(host(value));
                address += &format!("/H/{value}");
            }
            "S" => address += &format!("/S/{value}"),
            _ => address += &format!("/{}/…", word.chars().next().unwrap_or('…')),
        }
    }
    Shown {
        host: hosts.pop().unwrap_or_default(),
        address,
    }
}

/// A path with `…` for parts that may be keys: long ones of letters and digits together.
fn without_keys(path: &str) -> String {
    let hidden = |part: &str| {
        let has = |test: fn(&char) -> bool| part.chars().any(|c| test(&c));
        part.len() > 8 && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    };
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if hidden(part) { "…" } else { part })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str) -> (String, String) {
        let Shown { host, address } = shown(address);
        (host, address)
    }

    #[test]
    fn a_blank_address_gives_way_to_the_designs() {
        assert_eq!(effective("https://a", " "), "https://a");
        assert_eq!(effective("https://a", ""), "https://a");
        assert_eq!(effective("https://a", "https://b"), "https://b");
        assert_eq!(effective(" ", " "), "");
    }

    #[test]
    fn hosts_are_taken_out_of_addresses() {
        for (address, host) in [
            ("https://A.example.com/x", "a.example.com"),
            ("https://a.example.com:8443", "a.example.com"),
            ("http://[2001:db8::1]:80/x", "2001:db8::1"),
            ("http://a.example.com./", "a.example.com"),
            ("a.example.com/x", "a.example.com"),
            ("https://me:pass@a.example.com/x", "a.example.com"),
            ("https://me:p/a@s?s@a.example.com/x", "a.example.com"),
            ("https://a.example.com/@scope/x", "a.example.com"),
            (
                "/H/router/S/3299/W/word/H/sap.example.com",
                "sap.example.com",
            ),
            ("/service/x", ""),
        ] {
            assert_eq!(told(address).0, host, "{address}");
        }
    }

    #[test]
    fn nothing_that_opens_anything_is_shown() {
        for (address, shown) in [
            ("https://me:pass@a.example.com/x", "https://a.example.com/x"),
            (
                "https://me:p/a@s?s@a.example.com/x",
                "https://a.example.com/x",
            ),
            ("https://a.example.com/x?key=1#y", "https://a.example.com/x"),
            (
                "https://a.example.com/T/B0123456789/x",
                "https://a.example.com/T/…/x",
            ),
            (
                "https://a.example.com/Services/v2",
                "https://a.example.com/Services/v2",
            ),
            (
                "/H/router/S/3299/W/word/H/sap",
                "/H/router/S/3299/W/…/H/sap",
            ),
        ] {
            assert_eq!(told(address).1, shown, "{address}");
        }
    }

    #[test]
    fn site_properties_count_as_they_are_set() {
        let text = |cells: [&str; 4]| cells.map(str::to_owned);
        let definitions = [
            text(["1", "7", "Default", "https://default.example.com"]),
            text(["2", "7", "Own", "https://default.example.com"]),
            text(["3", "7", "Secret", "https://secret.example.com"]),
            text(["4", "8", "Inactive", "https://inactive.example.com"]),
            text(["5", "7", "Text", "see https://text.example.com"]),
            text([
                "6",
                "7",
                "Connection",
                "sqlserver://db.example.com;password=x",
            ]),
            text(["7", "7", "Blank", "https://default.example.com"]),
        ];
        let values = [["2", "HTTPS://own.example.com/x;k=v"], ["7", " "]];
        let values = values.map(|cells| cells.map(str::to_owned));
        let modules = BTreeMap::from([("7".to_owned(), "Shop".to_owned())]);
        let found = of_properties(&definitions, &values, &["3".to_owned()], &modules);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.name.as_str(), one.host.as_str(), one.address.as_str()))
            .collect();
        let wanted = [
            (
                "Default",
                "default.example.com",
                "https://default.example.com",
            ),
            ("Own", "own.example.com", "HTTPS://own.example.com/x"),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn references_of_inactive_modules_call_nothing() {
        let modules = BTreeMap::from([("1".to_owned(), "One".to_owned())]);
        let row = |module: &str, effective: &str| {
            [module, "Name", "https://design.example.com", effective].map(str::to_owned)
        };
        let rows = [row("1", " "), row("1", "https://x.invalid"), row("2", " ")];
        let found = found("REST", &rows, &modules);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].host, "design.example.com");
        assert!(found[1].is_nowhere() && !found[0].is_nowhere());
    }
}
