//! What LifeTime lists: environments, and roles with what they may do there.

use crate::LifeTime;
use crate::address;
use crate::error::{Error, Kind};
use crate::http::Call;
use serde::Deserialize;

/// An environment as LifeTime lists it. The documentation calls every field optional; key and name are needed here.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct Environment {
    /// LifeTime's identifier. It is LifeTime's own: registered again, an environment may have another one.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The platform's version.
    #[serde(rename = "OSVersion", default)]
    pub os_version: Option<String>,
    /// Its position, counted from 0.
    #[serde(default)]
    pub order: Option<u32>,
    /// The address that it is registered with.
    #[serde(default)]
    pub host_name: Option<String>,
    /// Whether LifeTime speaks TLS with it.
    #[serde(rename = "UseHTTPS", default)]
    pub use_https: Option<bool>,
    /// `Development`, `Test` or `Production`; it is the environment's purpose in Service Center.
    #[serde(default)]
    pub environment_type: Option<String>,
    /// How many front-end servers it has.
    #[serde(default)]
    pub number_of_front_ends: Option<u32>,
    /// `SqlServer` or `Oracle`, in more than one spelling.
    #[serde(default)]
    pub database_provider: Option<String>,
}

impl Environment {
    /// Whether a person means this one by a name or a key. Neither has a case.
    #[must_use]
    pub fn is_called(&self, name_or_key: &str) -> bool {
        self.name.eq_ignore_ascii_case(name_or_key) || self.key.eq_ignore_ascii_case(name_or_key)
    }
}

/// A role of LifeTime.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// LifeTime's identifier. The documentation's table says `key`, its example `Key`.
    #[serde(alias = "Key")]
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it may do, environment by environment; empty where it was not asked for.
    #[serde(default)]
    pub environment_permissions: Vec<EnvironmentPermission>,
}

/// What a role may do in an environment.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentPermission {
    /// The environment's key.
    pub environment_key: String,
    /// From 0 (No Access) to 6 (Full Control). Labels are left alone: the documentation's own example has a wrong one.
    pub level: u32,
    /// Whether applications can be made.
    #[serde(default)]
    pub create_applications: bool,
    /// Whether dependencies on system applications can be added.
    #[serde(default)]
    pub add_dependencies_to_system: bool,
}

/// How old a LifeTime is, as far as it can be told. The API has no call that names LifeTime's version; this is which of
/// the documented calls it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Older than 11.5.0: it knows no roles, and does not register.
    Before11_5,
    /// 11.5.0 or newer, older than 11.13.0: whether it registers (from 11.11.0 on) shows when it is told to.
    Since11_5,
    /// 11.13.0 or newer.
    Since11_13,
}

impl LifeTime {
    /// All environments, in LifeTime's order.
    ///
    /// # Errors
    /// If LifeTime can't be asked, or its answer not be understood.
    pub fn environments(&self) -> Result<Vec<Environment>, Error> {
        let what = "list its environments";
        let call = Call::get(self.url("environments/"));
        let reply = self.http.send(&call).map_err(|failure| failure.error)?;
        if reply.status == 404 || reply.status == 405 {
            let message = format!(
                "`{}` has no LifeTime API v2 ({})",
                self.http.server(),
                reply.status
            );
            return Err(Error::new(Kind::NoLifeTime, message));
        }
        let reply = self.accepted(reply, what)?;
        let mut all: Vec<Environment> = reply.value(what)?;
        all.sort_by_key(|environment| environment.order.unwrap_or(u32::MAX));
        Ok(all)
    }

    /// The environment of this name or key.
    ///
    /// # Errors
    /// If there is none or more than one, or LifeTime can't be asked.
    pub fn environment(&self, name_or_key: &str) -> Result<Environment, Error> {
        let all = self.environments()?;
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        let names = match names.as_slice() {
            [] => "no environment".to_owned(),
            names => format!("`{}`", names.join("`, `")),
        };
        let mut called = all.iter().filter(|one| one.is_called(name_or_key));
        match (called.next(), called.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(_), Some(_)) => Err(Error::new(
                Kind::Ambiguous,
                format!("LifeTime lists more than one environment as `{name_or_key}`: {names}"),
            )),
            _ => Err(Error::new(
                Kind::UnknownEnvironment,
                format!("LifeTime lists no environment `{name_or_key}`, but {names}"),
            )),
        }
    }

    /// All roles, with what they may do in each environment.
    ///
    /// # Errors
    /// If LifeTime can't be asked, or its answer not be understood; [`Kind::NotOffered`] before LifeTime 11.5.0.
    pub fn roles(&self) -> Result<Vec<Role>, Error> {
        let what = "list its roles";
        let call = Call::get(self.url("roles/?IncludeEnvPermissions=true"));
        let reply = self.http.send(&call).map_err(|failure| failure.error)?;
        if reply.status == 404 {
            return Err(self.not_offered(what, "11.5.0", 404));
        }
        self.accepted(reply, what)?.value(what)
    }

    /// How old this LifeTime is at least.
    ///
    /// # Errors
    /// If it can't be asked, or answers neither yes nor no.
    pub fn age(&self) -> Result<Age, Error> {
        let calls = [
            (
                "environments/dbconnection/permissionlevels/",
                Age::Since11_13,
            ),
            ("roles/", Age::Since11_5),
            ("environments/", Age::Before11_5),
        ];
        for (path, age) in calls {
            let call = Call::get(self.url(path));
            let reply = self.http.send(&call).map_err(|failure| failure.error)?;
            if age == Age::Before11_5 || !matches!(reply.status, 404 | 405) {
                self.accepted(reply, "say what it can do")?;
                return Ok(age);
            }
        }
        Ok(Age::Before11_5)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.http
            .address
            .at(&format!("/lifetimeapi/rest/v2/{path}"))
    }

    /// The path below an environment.
    pub(crate) fn below(&self, key: &str, parts: &[&str]) -> Result<String, Error> {
        let all = ["environments", key]
            .into_iter()
            .chain(parts.iter().copied());
        Ok(self.url(&address::path(all)?))
    }

    pub(crate) fn not_offered(&self, what: &str, since: &str, status: u16) -> Error {
        let message = format!(
            "this LifeTime can't {what}: it is older than {since}, or the feature is not enabled ({status})"
        );
        Error::new(Kind::NotOffered, message)
    }
}
