//! Registering and unregistering, and knowing which of it was done.

use crate::LifeTime;
use crate::change::{Doubt, Sent, UNCHANGED};
use crate::environment::Environment;
use crate::error::{Error, Kind};
use crate::http::{Call, Reply};
use crate::saved::SavedRole;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ureq::http::Method;

/// How it is that an environment is unregistered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unregistered {
    /// LifeTime was told to, and said that it is done.
    Done,
    /// LifeTime was told to, its answer was lost or an error, and its list no longer has the environment.
    DoneUnheard,
    /// LifeTime's list did not have it; nothing was sent.
    WasGone,
}

/// What registers an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The environment's name in LifeTime.
    pub name: String,
    /// The host that LifeTime will reach it at, without a scheme.
    pub address: String,
    /// An administrator of its Service Center; the password comes with the call.
    pub user: String,
    /// The host that the environment will reach LifeTime at, without a scheme: both speak TLS whatever is asked for.
    pub lifetime_address: String,
    /// Its position, counted from 0.
    pub position: u32,
    /// Whether it may be taken from another LifeTime that it still points at. Never for a copy: what it would still point at
    /// is its source's LifeTime.
    pub override_previous: bool,
    /// What the roles may do there. Without any, LifeTime gives administrators full control, and everybody else the list
    /// of applications.
    pub roles: Vec<SavedRole>,
}

/// A registered environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its key in LifeTime.
    pub key: String,
    /// Whom LifeTime took over from it; nothing if the answer was lost, and LifeTime's list showed that it was done.
    pub imported_users: Option<Vec<ImportedUser>>,
}

/// Somebody whom LifeTime did not know before.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct ImportedUser {
    /// The name for logging in.
    pub username: String,
    /// The person's name.
    #[serde(default)]
    pub name: String,
    /// The person's address.
    #[serde(default)]
    pub email: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RegistrationBody<'a> {
    environment_name: &'a str,
    environment_address: &'a str,
    service_center_username: &'a str,
    service_center_password: &'a str,
    #[serde(rename = "LifeTimeAddress")]
    lifetime_address: &'a str,
    environment_position: u32,
    #[serde(rename = "OverridePreviousLifetime")]
    override_previous: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environment_role_permissions: Vec<RoleBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleBody<'a> {
    role_key: &'a str,
    permission_level: u32,
    can_create_applications: bool,
    can_add_dependencies_to_system: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RegisteredBody {
    environment_key: String,
    #[serde(default)]
    imported_users: Vec<ImportedUser>,
}

impl LifeTime {
    /// Takes an environment out of LifeTime. The key is LifeTime's; a name would be too easily another environment's.
    ///
    /// # Errors
    /// If nothing was changed, or [`Kind::Unsettled`] if that is not known. The message says which.
    pub fn unregister(&self, key: &str) -> Result<Unregistered, Error> {
        let listed = || {
            let mut all = self.environments()?.into_iter();
            Ok::<_, Error>(all.find(|one| one.key.eq_ignore_ascii_case(key)))
        };
        let Some(environment) = listed().map_err(|error| error.after(UNCHANGED))? else {
            return Ok(Unregistered::WasGone);
        };
        let name = environment.name;
        let what = format!("unregister `{name}`");
        let call = Call {
            method: Method::DELETE,
            url: self.below(&environment.key, &[])?,
            body: None,
            asks: false,
            secrets: Vec::new(),
        };
        let gone = || Ok(listed()?.is_none().then_some(Unregistered::DoneUnheard));
        match self.change(&call, &what)? {
            Sent::Done(_) => Ok(Unregistered::Done),
            Sent::Doubtful(doubt) => self.settle(
                &what,
                &format!("LifeTime still lists `{name}`"),
                doubt,
                gone,
            ),
            Sent::NotFound => match listed().map_err(|error| error.after(UNCHANGED))? {
                Some(_) => Err(self.not_offered(&what, "11.11.0", 404).after(UNCHANGED)),
                None => Ok(Unregistered::WasGone),
            },
        }
    }

    /// Registers an environment, which its Service Center has to agree to.
    ///
    /// # Errors
    /// If nothing was changed, or [`Kind::Unsettled`] if that is not known. The message says which.
    /// [`Kind::Exists`] if LifeTime lists one of this name or address already.
    pub fn register(
        &self,
        registration: &Registration,
        password: &SecretString,
    ) -> Result<Registered, Error> {
        registration.names_hosts()?;
        let Registration { name, address, .. } = registration;
        let listed = || {
            let mut all = self.environments()?.into_iter();
            Ok::<_, Error>(all.find(|one| registration.is(one)))
        };
        if let Some(one) = listed().map_err(|error| error.after(UNCHANGED))? {
            let at = one
                .host_name
                .as_deref()
                .unwrap_or("an address that it does not say");
            let message = format!(
                "{UNCHANGED}: LifeTime lists `{}` at `{at}` already",
                one.name
            );
            return Err(Error::new(Kind::Exists, message));
        }
        let what = format!("register `{name}`");
        let call = Call {
            method: Method::POST,
            url: self.url("environments/"),
            body: Some(("application/json", registration.body(password)?)),
            asks: false,
            secrets: vec![password.clone()],
        };
        let doubt = match self.change(&call, &what)? {
            Sent::Done(reply) => match registered(&reply, &what) {
                Ok(registered) => return Ok(registered),
                Err(error) => Doubt::about(error, self),
            },
            Sent::Doubtful(doubt) => doubt,
            Sent::NotFound => {
                return Err(self.not_offered(&what, "11.11.0", 404).after(UNCHANGED));
            }
        };
        let missing = format!("LifeTime does not list `{name}` at `{address}`");
        self.settle(&what, &missing, doubt, || {
            let key = listed()?.map(|one| one.key);
            Ok(key.map(|key| Registered {
                key,
                imported_users: None,
            }))
        })
    }
}

fn registered(reply: &Reply, what: &str) -> Result<Registered, Error> {
    let body: RegisteredBody = reply.value(what)?;
    if body.environment_key.is_empty() {
        let message = format!("the answer to the question to {what} has no key");
        return Err(Error::new(Kind::Unexpected, message));
    }
    Ok(Registered {
        key: body.environment_key,
        imported_users: Some(body.imported_users),
    })
}

impl Registration {
    /// Both addresses are bare hosts in the documented request. One with a scheme may be taken for a host of that name.
    fn names_hosts(&self) -> Result<(), Error> {
        let mut both = [&self.address, &self.lifetime_address].into_iter();
        match both.find(|address| address.contains("://")) {
            None => Ok(()),
            Some(address) => {
                let message = format!(
                    "{UNCHANGED}: LifeTime registers by hosts, and `{address}` has a scheme before it"
                );
                Err(Error::new(Kind::Settings, message))
            }
        }
    }

    /// Whether LifeTime lists it as this one.
    fn is(&self, environment: &Environment) -> bool {
        let host = environment.host_name.as_deref();
        environment.name.eq_ignore_ascii_case(&self.name)
            || host.is_some_and(|host| host.eq_ignore_ascii_case(&self.address))
    }

    fn body(&self, password: &SecretString) -> Result<Zeroizing<Vec<u8>>, Error> {
        let roles = self.roles.iter().map(|role| RoleBody {
            role_key: &role.key,
            permission_level: role.permission.map_or(0, |one| one.level),
            can_create_applications: role.permission.is_some_and(|one| one.create_applications),
            can_add_dependencies_to_system: role
                .permission
                .is_some_and(|one| one.add_dependencies_to_system),
        });
        json(&RegistrationBody {
            environment_name: &self.name,
            environment_address: &self.address,
            service_center_username: &self.user,
            service_center_password: password.expose_secret(),
            lifetime_address: &self.lifetime_address,
            environment_position: self.position,
            override_previous: self.override_previous,
            environment_role_permissions: roles.collect(),
        })
    }
}

/// A request's text, which is wiped when it was sent.
pub(crate) fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = serde_json::to_vec(value);
    // The library's own message could quote a value.
    let text = text.map_err(|_| Error::new(Kind::Settings, "the request can't be written as JSON"));
    Ok(Zeroizing::new(text?))
}
