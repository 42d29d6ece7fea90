//! What the played LifeTime knows.

use serde_json::{Value, json};

/// An environment of the infrastructure.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Environment {
    /// LifeTime's identifier.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The address that it is registered with.
    pub address: String,
    /// The platform's version.
    pub version: String,
    /// `Development`, `Test` or `Production`.
    pub kind: String,
}

impl Environment {
    pub(crate) fn json(&self, position: usize) -> Value {
        json!({
            "Key": self.key,
            "Name": self.name,
            "OSVersion": self.version,
            "Order": position,
            "HostName": self.address,
            "UseHTTPS": true,
            "EnvironmentType": self.kind,
            "NumberOfFrontEnds": 1,
            "ApplicationServerType": ".NET",
            "ApplicationServer": "IIS",
            "DatabaseProvider": "SQLServer",
            "IsCloudEnvironment": false,
        })
    }
}

/// What a role may do in an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Permission {
    /// The environment's key.
    pub environment: String,
    /// From 0 (no access) to 6 (full control).
    pub level: i64,
    /// Whether applications can be made.
    pub create: bool,
    /// Whether dependencies to system applications can be added.
    pub depend: bool,
}

/// A role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    /// LifeTime's identifier.
    pub key: String,
    /// Its name.
    pub name: String,
    /// One for each environment.
    pub permissions: Vec<Permission>,
}

/// Who has a permission on a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Holder {
    /// A role, by its name.
    Role(String),
    /// A user, by its username.
    User(String),
}

/// A database connection of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connection {
    /// The environment's key.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// The key of a provider: `SqlServer` or `Oracle`.
    pub provider: String,
    /// What it is for.
    pub description: String,
    /// The database's user.
    pub username: String,
    /// The database's password, which no answer shows.
    pub password: String,
    /// Parameters of an advanced configuration.
    pub parameters: String,
    /// Levels by holder.
    pub permissions: Vec<(Holder, i64)>,
}

impl Connection {
    pub(crate) fn json(&self) -> Value {
        let provider = PROVIDERS.iter().find(|(key, _)| *key == self.provider);
        json!({
            "dbConnectionName": self.name,
            "description": self.description,
            "providerName": provider.map_or("", |(_, name)| name),
            "isAdvancedConfiguration": !self.parameters.is_empty(),
            "databaseConfiguration": self.parameters,
        })
    }
}

/// Keys and names of the providers that every environment has.
pub(crate) const PROVIDERS: [(&str, &str); 2] = [("SqlServer", "SQL Server"), ("Oracle", "Oracle")];

/// Identifiers and labels of the levels that a connection's permissions have.
pub(crate) const LEVELS: [(i64, &str); 3] =
    [(11, "No Access"), (12, "Read-Only"), (13, "Full Control")];

/// Everything that can change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// In the order of their positions, which count from 0.
    pub environments: Vec<Environment>,
    /// All roles.
    pub roles: Vec<Role>,
    /// The connections of all environments.
    pub connections: Vec<Connection>,
    /// Addresses of environments that still point at another LifeTime.
    pub elsewhere: Vec<String>,
    /// Counts what was registered, for new keys.
    pub(crate) registered: u64,
}

impl Default for State {
    /// Development, QA and Production, with an administrator's role and a developer's.
    fn default() -> Self {
        let environments = [
            ("f3582e43-43c7-4bb4-8cbb-d9f6cbcbd35e", "Development", "dev"),
            ("c7155bc0-2154-4b8e-9570-df86cad30b40", "QA", "qa"),
            ("1ee9297b-edfc-4826-ad95-2a8a6e40957f", "Production", "prod"),
        ];
        let environments = environments.map(|(key, name, host)| Environment {
            key: key.to_owned(),
            name: name.to_owned(),
            address: format!("{host}.example.com"),
            version: "11.33.0.44280".to_owned(),
            kind: name.replace("QA", "Test"),
        });
        let role = |key: &str, name: &str, levels: [i64; 3]| Role {
            key: key.to_owned(),
            name: name.to_owned(),
            permissions: environments
                .iter()
                .zip(levels)
                .map(|(environment, level)| Permission {
                    environment: environment.key.clone(),
                    level,
                    create: level >= 5,
                    depend: level >= 3,
                })
                .collect(),
        };
        Self {
            roles: vec![
                role(
                    "c4c49f62-ff68-42bf-9dc9-a023182f7ec9",
                    "Administrator",
                    [6, 6, 6],
                ),
                role(
                    "001c45e7-0cb6-41d1-85ba-8f0377453200",
                    "Developer",
                    [5, 4, 0],
                ),
            ],
            environments: environments.into(),
            connections: Vec::new(),
            elsewhere: Vec::new(),
            registered: 0,
        }
    }
}

impl State {
    /// An environment by its name.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }
}
