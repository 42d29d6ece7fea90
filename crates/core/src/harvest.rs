//! What gives the source away: found before the clean-up deletes it, searched for afterwards.
//!
//! This list of places is made from what identifies an environment, not from what the steps clean, so that
//! a step that is wrong does not make the verification wrong too.

use serde::{Deserialize, Serialize};

use crate::filter::{Filter, Test};

/// What kind of thing gives the source away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The name of a front-end or of the server that a licence or parameter was made for.
    FrontEnd,
    /// The address of a front-end.
    Address,
    /// The address of a deployment zone.
    ZoneAddress,
    /// A host that notifications go to: `LifeTime` or a cloud service.
    LifeTime,
    /// The name of an extra catalog or schema.
    Catalog,
    /// A host named in an integration's URL.
    EndpointHost,
    /// A secret, kept as a keyed digest.
    Secret,
    /// A key by which others know the environment, kept as a keyed digest.
    Key,
}

impl Kind {
    /// The name that reports use.
    #[must_use]
    pub fn title(self) -> &'static str {
        [
            "front-end",
            "address",
            "zone address",
            "LifeTime host",
            "catalog name",
            "integration's host",
            "secret",
            "environment key",
        ][self as usize]
    }

    /// Whether the value itself must not be kept.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Key)
    }
}

/// Something that gives the source away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// What it is.
    pub kind: Kind,
    /// The text to search for; for a secret its keyed digest.
    pub value: String,
    /// For a secret, the length of its text in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Where it was found: `table.column`.
    pub found_in: String,
}

/// How a cell becomes an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The whole cell.
    Whole,
    /// The hosts of the URLs in it.
    Hosts,
}

/// A place in the platform database where identities stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What stands there.
    pub kind: Kind,
    /// How the cell is read.
    pub take: Take,
    /// In which rows.
    pub filter: Filter,
}

/// Every place that is looked at.
#[must_use]
pub fn places() -> Vec<Place> {
    use Kind::{Address, Catalog, EndpointHost, FrontEnd, Key, LifeTime, Secret, ZoneAddress};
    let place = |(table, column, kind, take)| Place {
        table,
        column,
        kind,
        take,
        filter: Filter::default(),
    };
    let mut places: Vec<Place> = [
        ("ossys_server", "NAME", FrontEnd, Take::Whole),
        ("ossys_server", "IP_ADDRESS", Address, Take::Whole),
        (
            "ossys_modulefrontend",
            "FrontendName",
            FrontEnd,
            Take::Whole,
        ),
        ("ossys_parameter", "HOST", FrontEnd, Take::Whole),
        ("ossys_activation", "HOST", FrontEnd, Take::Whole),
        ("ossys_server", "Host_Serial", FrontEnd, Take::Whole),
        ("ossys_parameter", "Host_Serial", FrontEnd, Take::Whole),
        (
            "ossys_moduleinternaladdress",
            "DeploymentZoneAddress",
            ZoneAddress,
            Take::Whole,
        ),
        (
            "ossys_platformsvcs_observer",
            "NOTIFYURL",
            LifeTime,
            Take::Hosts,
        ),
        (
            "ossys_cloudservices_observer",
            "NOTIFYURL",
            LifeTime,
            Take::Hosts,
        ),
        (
            "ossys_platformsvcs_observer",
            "OBSERVERUID",
            Key,
            Take::Whole,
        ),
        (
            "ossys_cloudservices_observer",
            "OBSERVERUID",
            Key,
            Take::Whole,
        ),
        (
            "ossys_applicationmobile",
            "DOMAINNAME",
            EndpointHost,
            Take::Whole,
        ),
        (
            "ossys_rest_web_reference",
            "EFFECTIVE_URL",
            EndpointHost,
            Take::Hosts,
        ),
        ("ossys_rest_web_reference", "URL", EndpointHost, Take::Hosts),
        (
            "ossys_rest_web_reference",
            "EFFECTIVE_TOKENURL",
            EndpointHost,
            Take::Hosts,
        ),
        (
            "ossys_soap_consume",
            "EFFECTIVE_URL",
            EndpointHost,
            Take::Hosts,
        ),
        ("ossys_soap_consume", "URL", EndpointHost, Take::Hosts),
        (
            "ossys_web_reference",
            "EFFECTIVE_URL",
            EndpointHost,
            Take::Hosts,
        ),
        ("ossys_web_reference", "URL", EndpointHost, Take::Hosts),
        (
            "ossys_sapconfig",
            "EFFECTIVE_APPLICATIONSERVER",
            EndpointHost,
            Take::Whole,
        ),
        (
            "ossys_rest_web_reference",
            "EFFECTIVE_PASSWORD",
            Secret,
            Take::Whole,
        ),
        (
            "ossys_rest_web_reference",
            "EFFECTIVE_CLIENTSECRET",
            Secret,
            Take::Whole,
        ),
        (
            "ossys_soap_consume",
            "EFFECTIVE_PASSWORD",
            Secret,
            Take::Whole,
        ),
        ("ossys_sapconfig", "EFFECTIVE_PASSWORD", Secret, Take::Whole),
        (
            "ossys_dbconnection",
            "DATABASE_CONFIGURATION",
            Secret,
            Take::Whole,
        ),
        ("ossys_servicecenter_token", "TOKEN", Secret, Take::Whole),
        ("ossys_secrets", "VAL", Secret, Take::Whole),
        ("ossys_userserviceaccount", "JWTID", Secret, Take::Whole),
        (
            "ossys_mobile_certificate",
            "CERTIFICATE_PASSWORD",
            Secret,
            Take::Whole,
        ),
        (
            "ossys_android_config_details",
            "ALIASPASSWORD",
            Secret,
            Take::Whole,
        ),
        ("ossys_sessiontoken", "TOKEN", Secret, Take::Whole),
        ("ossys_persistent_login", "SECRET", Secret, Take::Whole),
    ]
    .into_iter()
    .map(place)
    .collect();
    // A parameter is a secret when its name says so; the value of any other is an ordinary setting.
    for word in ["Token", "Key"] {
        let filter = Filter::column("NAME", Test::Contains(word.to_owned()));
        places.push(Place {
            filter,
            ..place(("ossys_parameter", "VAL", Secret, Take::Whole))
        });
    }
    let extra = || Filter::column("NAME", Test::Not("(Main)".to_owned()));
    for (column, kind) in [
        ("NAME", Catalog),
        ("PASSWORD", Secret),
        ("OwnerPassword", Secret),
    ] {
        places.push(Place {
            filter: extra(),
            ..place(("ossys_dbcatalog", column, kind, Take::Whole))
        });
    }
    places
}

/// Texts that every environment has, which give nobody away.
const EVERYWHERE: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "(main)",
    "main",
    "dbo",
    "outsystems",
    "0.0.0.0",
];

/// The values that a cell holds for `take`, lower case where case carries no meaning.
#[must_use]
pub fn values(cell: &str, take: Take) -> Vec<String> {
    let mut values = match take {
        Take::Whole => vec![cell.trim().to_owned()],
        Take::Hosts => hosts(cell),
    };
    values
        .retain(|value| !value.is_empty() && !EVERYWHERE.contains(&value.to_lowercase().as_str()));
    values
}

/// The hosts of the URLs in a text, in lower case, without port and user.
#[must_use]
pub fn hosts(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = text
        .split("://")
        .skip(1)
        .filter_map(|rest| {
            let authority = rest
                .split(|c: char| "/?#\"'<>\\".contains(c) || c.is_whitespace())
                .next()?;
            let host = authority.rsplit('@').next()?.split(':').next()?;
            let plain = host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
            (plain && host.len() > 3).then(|| host.to_ascii_lowercase())
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_without_port_user_and_path() {
        let text = "a https://Api.Partner.example:8443/v1?x=1 b ftp://joe:pw@files.example and http://[::1]/";
        assert_eq!(hosts(text), ["api.partner.example", "files.example"]);
    }

    #[test]
    fn what_every_environment_has_gives_nobody_away() {
        assert!(values(" localhost ", Take::Whole).is_empty());
        assert_eq!(values("PRODFE01", Take::Whole), ["PRODFE01"]);
    }
}
