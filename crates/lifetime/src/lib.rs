//! Asks and tells LifeTime, through its API v2, and asks Service Center. Knows nothing of envclone's plans.
//!
//! # What is documented, and what is concluded
//!
//! Paths, fields, statuses and the releases that brought them are those of the published LifeTime API v2 reference and
//! its examples (register, unregister). Concluded from there, and to be held against a real LifeTime where one is at
//! hand:
//!
//! - `EnvironmentAddress` and `LifeTimeAddress` are bare hosts: the example has no scheme in them.
//! - Whether an environment that is registered again gets another `Key` is not said: a caller may not conclude from the key
//!   alone that a registration is an old one.
//! - `EnvironmentType` is Service Center's purpose; `Test` is its Non-Production.
//! - `EnvironmentPosition` is the `Order` of the list: in the examples both count from 0.
//! - A 404 does not say whether the environment or the call is unknown. It is told apart by asking for the list.
//! - A 405 is documented as «the feature is not enabled»; an older LifeTime may answer the same.
//! - A level for a connection is set by the `Id` that the list of levels names, not by its `Level`.
//! - 401 and 409 are not documented, and mean here what HTTP says.
//! - There is no call for LifeTime's own version: [`LifeTime::age`] asks which calls it has.
//!
//! Service Center's `GetPlatformInfo` has no published reference. Its request and answer (`Version`, `Serial`) are those
//! that the vendor's own setup tools and tests use.
//!
//! # Changes are asked about, not repeated
//!
//! Before [`LifeTime::unregister`] and [`LifeTime::register`] the list is read, so what is done already is not done again
//! and running them twice is safe. If the answer to a change gets lost, the list is read until it shows the change or
//! [`Options::patience`] is over; then it is [`Kind::Unsettled`]. No change is sent twice.
//!
//! ```no_run
//! # use envclone_lifetime::{Error, LifeTime, Options, SecretString};
//! # fn steps(token: SecretString, password: SecretString) -> Result<(), Error> {
//! let lifetime = LifeTime::new("lt.example.com", token, Options::default())?;
//! let saved = lifetime.save("QA")?;
//! let file = saved.to_json()?;
//! lifetime.unregister(&saved.key)?;
//! // … QA gets another database …
//! lifetime.register(&saved.registration("admin", lifetime.host()), &password)?;
//! # Ok(())
//! # }
//! ```

mod address;
mod change;
mod connection;
mod connection_permission;
mod environment;
mod error;
mod http;
mod options;
mod registration;
mod saved;
mod secrets;
mod service_center;

pub use connection::{Connection, ConnectionData, ConnectionMade, ConnectionProvider};
pub use connection_permission::{ConnectionLevel, Holder};
pub use environment::{Age, Environment, EnvironmentPermission, Role};
pub use error::{Error, Kind};
pub use options::{Options, Trust};
pub use registration::{ImportedUser, Registered, Registration, Unregistered};
pub use saved::{SavedPermission, SavedRegistration, SavedRole};
pub use secrecy::SecretString;
pub use service_center::{PlatformInfo, ServiceCenter, ServiceCenterReply};

use address::Address;
use http::{Http, Reply};
use secrecy::ExposeSecret;
use std::fmt;

/// A LifeTime, spoken to with the token of a service account.
pub struct LifeTime {
    http: Http,
}

impl fmt::Debug for LifeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LifeTime").field(&self.host()).finish()
    }
}

impl LifeTime {
    /// Speaks to the LifeTime at this address, from the first call on. Without a scheme the address is an `https://` one;
    /// LifeTime's own pages may be in it.
    ///
    /// # Errors
    /// If the address, the token or the authorities can't be used, or the token would go over the network without TLS.
    pub fn new(address: &str, token: SecretString, options: Options) -> Result<Self, Error> {
        let address = Address::parse(address, &["/lifetimeapi", "/lifetime"])?;
        let usable = |c: u8| c.is_ascii_graphic();
        let text = token.expose_secret();
        if text.is_empty() || !text.bytes().all(usable) {
            let message = "LifeTime's token is empty, or has characters that no token has (a space or the end of a line may have come along when it was copied)";
            return Err(Error::new(Kind::Settings, message));
        }
        let http = Http::new(address, Some(token), options)?;
        Ok(Self { http })
    }

    /// The server's name, with its port where that is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.http.server()
    }

    /// A reply that says yes, and is the API's own.
    pub(crate) fn accepted(&self, reply: Reply, what: &str) -> Result<Reply, Error> {
        let reply = self.http.accepted(reply, what)?;
        if reply.text().trim_start().starts_with('<') {
            let message = format!("asked to {what}, `{}` answered with a page", self.host());
            return Err(Error::new(Kind::Unexpected, message));
        }
        Ok(reply)
    }
}
