//! The invented environment: who it is, where it runs and what it talks to.
//!
//! Addresses are of the ranges reserved for documentation and all domains are reserved ones, so nothing here can reach anything.

/// The name of the environment.
pub(crate) const ENVIRONMENT: &str = "Production";
/// The key under which LifeTime knows it.
pub(crate) const ENVIRONMENT_KEY: &str = "0f4c1d5e-5b1e-4c55-9a53-7d0c6a1e2f01";
/// The version of the platform.
pub(crate) const VERSION: &str = "11.28.1.42108";

/// The catalog of the platform database.
pub(crate) const MAIN_CATALOG: &str = "outsystems";
/// The catalog of the one module that keeps its tables apart.
pub(crate) const CATALOG: &str = "PROD_LEDGER";
/// The log connection that a clean-up must keep.
pub(crate) const LOG_CONNECTION: &str = "$OS_LOG_DB_7e3e8ce0";

/// A server of the farm.
pub(crate) struct FrontEnd {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) serial: &'static str,
}

/// The servers of the farm.
pub(crate) const FRONT_ENDS: [FrontEnd; 2] = [
    FrontEnd {
        id: 3,
        name: "PRODFE01",
        address: "192.0.2.11",
        serial: "FAKE-SERIAL-PRODFE01",
    },
    FrontEnd {
        id: 7,
        name: "PRODFE02",
        address: "192.0.2.12",
        serial: "FAKE-SERIAL-PRODFE02",
    },
];

/// The public address of the applications, and of the external deployment zone.
pub(crate) const PUBLIC_HOST: &str = "apps.corp.example.com";
/// The address of the internal deployment zone.
pub(crate) const INTERNAL_HOST: &str = "internal.corp.example.com";
/// The first front-end's full name.
pub(crate) const FRONT_END_HOST: &str = "prodfe01.corp.example.com";
/// Where LifeTime runs.
pub(crate) const LIFETIME_HOST: &str = "lifetime.corp.example.com";
