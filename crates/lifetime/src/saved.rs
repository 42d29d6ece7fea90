//! A registration as it was, to be written to a file before it is taken away.

use crate::LifeTime;
use crate::environment::{Environment, Role};
use crate::error::{Error, Kind};
use crate::registration::Registration;
use serde::{Deserialize, Serialize};

/// Goes up with every change of what a saved registration looks like.
const FORMAT: u32 = 1;

/// What LifeTime knew of an environment. There are no secrets in it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SavedRegistration {
    /// The format of the file.
    pub format: u32,
    /// The LifeTime that it was registered in.
    pub lifetime: String,
    /// Its key there.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The address that LifeTime reached it at.
    pub address: String,
    /// Its position, counted from 0.
    pub position: u32,
    /// Whether LifeTime spoke TLS with it.
    pub use_https: Option<bool>,
    /// The platform's version.
    pub os_version: Option<String>,
    /// `Development`, `Test` or `Production`.
    pub environment_type: Option<String>,
    /// Every role.
    pub roles: Vec<SavedRole>,
}

/// A role, and what it might do there.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SavedRole {
    /// LifeTime's identifier.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it might do. Without it LifeTime said nothing of this role and environment; registered again, such a role
    /// gets no access, since anything else could be more than it had.
    pub permission: Option<SavedPermission>,
}

/// What a role might do in an environment.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SavedPermission {
    /// From 0 (No Access) to 6 (Full Control).
    pub level: u32,
    /// Whether applications can be made.
    pub create_applications: bool,
    /// Whether dependencies on system applications can be added.
    pub add_dependencies_to_system: bool,
}

impl LifeTime {
    /// What LifeTime knows of an environment, to be kept.
    ///
    /// # Errors
    /// If LifeTime can't be asked, doesn't know the environment, or leaves out what registering it again needs.
    pub fn save(&self, name_or_key: &str) -> Result<SavedRegistration, Error> {
        let environment = self.environment(name_or_key)?;
        let roles = self.roles()?;
        let missing = |what: &str| {
            let name = &environment.name;
            let message = format!(
                "LifeTime does not say the {what} of `{name}`, and without it the environment could not be registered again"
            );
            Error::new(Kind::Unexpected, message)
        };
        let address = environment.host_name.clone();
        Ok(SavedRegistration {
            format: FORMAT,
            lifetime: self.host().to_owned(),
            address: address.ok_or_else(|| missing("address"))?,
            position: environment.order.ok_or_else(|| missing("position"))?,
            roles: roles
                .into_iter()
                .map(|role| saved_role(role, &environment))
                .collect(),
            key: environment.key,
            name: environment.name,
            use_https: environment.use_https,
            os_version: environment.os_version,
            environment_type: environment.environment_type,
        })
    }
}

fn saved_role(role: Role, environment: &Environment) -> SavedRole {
    let mut permissions = role.environment_permissions.iter();
    let of = permissions.find(|one| one.environment_key.eq_ignore_ascii_case(&environment.key));
    SavedRole {
        permission: of.map(|one| SavedPermission {
            level: one.level,
            create_applications: one.create_applications,
            add_dependencies_to_system: one.add_dependencies_to_system,
        }),
        key: role.key,
        name: role.name,
    }
}

impl SavedRegistration {
    /// Its text, for a file.
    ///
    /// # Errors
    /// Never with the values that [`LifeTime::save`] makes.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|error| saved(&error.to_string()))
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// If it is another file, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let format: Format =
            serde_json::from_str(text).map_err(|error| saved(&error.to_string()))?;
        if format.format != FORMAT {
            return Err(saved(&format!(
                "it has format {}, and this program knows format {FORMAT}",
                format.format
            )));
        }
        serde_json::from_str(text).map_err(|error| saved(&error.to_string()))
    }

    /// What registers the environment as it was. `user` is an administrator of its Service Center.
    ///
    /// It never overrides a previous LifeTime. A copy that LifeTime takes for registered elsewhere still has the observers of
    /// its source: the clean-up that removes them did not reach it, and LifeTime's refusal is the last thing to show that.
    /// What the other LifeTime would be told of being overridden is not documented, and it is the source's.
    #[must_use]
    pub fn registration(&self, user: &str, lifetime_address: &str) -> Registration {
        Registration {
            name: self.name.clone(),
            address: self.address.clone(),
            user: user.to_owned(),
            lifetime_address: lifetime_address.to_owned(),
            position: self.position,
            override_previous: false,
            roles: self.roles.clone(),
        }
    }
}

fn saved(why: &str) -> Error {
    Error::new(
        Kind::Saved,
        format!("the saved registration can't be read: {why}"),
    )
}
