//! Which databases a file leads to.

use serde::{Deserialize, Serialize};

use super::forbidden;
use super::keys::Category;
use super::{Hsconf, is_encrypted};
use crate::engine::Engine;
use crate::settings::Identity;

/// A catalog, or a schema, on a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseAt {
    /// Its name.
    pub name: String,
    /// Its server: `HOST`, `HOST\INSTANCE`, `HOST,PORT`, `HOST:PORT/SERVICE`, or an alias of `tnsnames.ora`.
    pub server: String,
}

impl std::fmt::Display for DatabaseAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.name, self.server)
    }
}

impl DatabaseAt {
    /// Whether it is on this server, for certain: what only could be the same is another one.
    #[must_use]
    pub fn is_on(&self, server: &str) -> bool {
        forbidden::same_server(&self.server, server)
    }
}

impl DatabaseAt {
    /// Whether it could be on this server: what can't be told apart is not told apart. An alias of Oracle's may lead anywhere.
    #[must_use]
    pub fn could_be_on(&self, server: &str, engine: Engine) -> bool {
        let own = forbidden::Server {
            text: self.server.clone(),
            alias: engine.has_schemas() && !self.server.contains([':', '/']),
        };
        own.is(server)
    }
}

impl Hsconf {
    /// The databases that the file leads to, in its own words; those that it does not say, or has encrypted, are not among them.
    #[must_use]
    pub fn leads_to(&self) -> Vec<DatabaseAt> {
        let mut found: Vec<DatabaseAt> = Category::DATABASES
            .into_iter()
            .flat_map(|category| self.named_by(category))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// What the file says of the environment that it belongs to; `key` is the fingerprint of the server's `private.key`.
    #[must_use]
    pub fn identity(&self, key: String) -> Identity {
        let sessions = self.named_by(Category::Session);
        let schemas = self.engine().is_some_and(Engine::has_schemas);
        let catalog = self.said(Category::Session, "Catalog");
        Identity {
            key: Some(key),
            controller: self.said(Category::Service, "CompilerServerHostname"),
            cache: self.said(Category::Cache, "ServiceHost"),
            session_server: sessions.first().map(|it| it.server.clone()),
            session_catalog: catalog.filter(|_| !schemas),
            session_user: self.said(Category::Session, "SessionUser"),
            retired: Vec::new(),
        }
    }

    fn said(&self, category: Category, key: &str) -> Option<String> {
        let element = self.key(category, key)?;
        let text = element.text.trim();
        (!is_encrypted(element) && !text.is_empty()).then(|| text.to_owned())
    }

    fn named_by(&self, category: Category) -> Vec<DatabaseAt> {
        let said = |key| self.said(category, key);
        let schemas = self.engine().is_some_and(Engine::has_schemas);
        let server = match (schemas, said("TNSName"), said("Host")) {
            (false, _, _) => said("Server"),
            (true, Some(alias), _) => Some(alias),
            (true, None, Some(host)) => {
                let port = said("Port").map(|port| format!(":{port}"));
                let service = said("ServiceName").map(|name| format!("/{name}"));
                Some(host + &port.unwrap_or_default() + &service.unwrap_or_default())
            }
            (true, None, None) => None,
        };
        // On Oracle a user is its schema, and applications have sessions of the Runtime user.
        let names = match schemas {
            false => vec![said("Catalog")],
            true => ["AdminUser", "RuntimeUser", "SessionUser"]
                .map(said)
                .to_vec(),
        };
        let Some(server) = server else {
            return Vec::new();
        };
        let at = |name| DatabaseAt {
            name,
            server: server.clone(),
        };
        names.into_iter().flatten().map(at).collect()
    }
}
