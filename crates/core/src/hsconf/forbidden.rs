//! What belongs to the source, and how its names are recognised under another spelling.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What belongs to the source, and must not be in the target's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Forbidden {
    /// Machines that only the source uses, by names and by addresses: its front-ends, its controller, its cache invalidation
    /// service. A database server that both use is none of them.
    pub hosts: Vec<String>,
    /// Its catalogs.
    pub catalogs: Vec<Owned>,
    /// Its database users. On Oracle these are its schemas, too.
    pub users: Vec<Owned>,
}

/// A catalog or user of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// Its name.
    pub name: String,
    /// The server that it is on: `HOST`, `HOST\INSTANCE`, `HOST,PORT`, `HOST:PORT/SERVICE`, or an alias of `tnsnames.ora`.
    /// When absent, the name is the source's wherever it is.
    #[serde(default)]
    pub server: Option<String>,
}

/// A server as the target's file names it.
pub(super) struct Server {
    pub(super) text: String,
    /// Whether it is an alias, which does not say where it leads.
    pub(super) alias: bool,
}

/// The parts of a server's name.
#[derive(Debug, PartialEq)]
struct Address {
    host: String,
    instance: Option<String>,
    port: Option<String>,
    service: Option<String>,
}

/// How clients of SQL Server can say which protocol is meant.
const PROTOCOLS: [&str; 4] = ["tcp:", "np:", "lpc:", "admin:"];

/// The machine itself, whatever it is called: the source's and the target's are not the same one.
const ITSELF: [&str; 3] = [".", "(local)", "localhost"];

impl Address {
    fn of(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        let text = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest);
        let text = PROTOCOLS
            .iter()
            .find_map(|protocol| text.strip_prefix(protocol))
            .unwrap_or(text);
        let (text, service) = cut(text, '/');
        let (text, comma_port) = cut(text, ',');
        let (text, instance) = cut(text, '\\');
        let (host, colon_port) = host_and_port(text);
        Self {
            host: host.trim().trim_end_matches('.').to_owned(),
            // The default instance has a name, too.
            instance: instance.filter(|it| it != "mssqlserver"),
            port: comma_port.or(colon_port),
            service,
        }
    }

    fn is_itself(&self) -> bool {
        let loopback = self.host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        loopback || self.host.is_empty() || ITSELF.contains(&self.host.as_str())
    }

    fn same_host(&self, other: &Self) -> bool {
        !self.is_itself() && !other.is_itself() && same_name(&self.host, &other.host)
    }

    /// Whether only the other one leads to a named instance, and this one to the default one.
    fn other_instance(&self, other: &Self) -> bool {
        let plain = self.instance.is_none() && self.port.is_none() && self.service.is_none();
        plain && other.instance.is_some()
    }
}

fn cut(text: &str, at: char) -> (&str, Option<String>) {
    match text.split_once(at) {
        Some((before, after)) => (
            before,
            Some(after.trim().to_owned()).filter(|it| !it.is_empty()),
        ),
        None => (text, None),
    }
}

/// Parts `HOST:PORT`. An address of IPv6 has colons of its own, and brackets where a port follows.
fn host_and_port(text: &str) -> (&str, Option<String>) {
    if let Some((address, rest)) = text
        .trim()
        .strip_prefix('[')
        .and_then(|it| it.split_once(']'))
    {
        return (address, rest.strip_prefix(':').map(str::to_owned));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port.trim().to_owned())),
        _ => (text, None),
    }
}

/// Whether two names are the same machine or service: the same, or one of them with its domain and the other without.
fn same_name(one: &str, other: &str) -> bool {
    let (one_address, other_address) = (one.parse::<IpAddr>(), other.parse::<IpAddr>());
    if let (Ok(one), Ok(other)) = (&one_address, &other_address) {
        return one == other;
    }
    if one_address.is_ok() || other_address.is_ok() {
        return false;
    }
    let short = |full: &str, short: &str| {
        !short.contains('.') && full.split_once('.').is_some_and(|(it, _)| it == short)
    };
    one == other || short(one, other) || short(other, one)
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

/// Whether a text names one certain machine, and not whichever machine it is read on.
#[must_use]
pub fn names_a_machine(text: &str) -> bool {
    !Address::of(text).is_itself()
}

/// Whether two texts name the same machine: in another spelling, or one with its domain and the other without.
#[must_use]
pub fn same_host(one: &str, other: &str) -> bool {
    Address::of(one).same_host(&Address::of(other))
}

/// Whether two texts lead to the same server for certain. A name that stands for the machine itself leads to the same one where
/// both have it: the settings are written as the environment's machines see it.
pub(super) fn same_server(one: &str, other: &str) -> bool {
    let (left, right) = (Address::of(one), Address::of(other));
    let port = |it: &Address| match (&it.port, &it.instance, &it.service) {
        (None, None, None) => Some("1433".to_owned()),
        (None, None, Some(_)) => Some("1521".to_owned()),
        (port, _, _) => port.clone(),
    };
    let instances = match (&left.instance, &right.instance) {
        // Where an instance is named, its port says nothing more.
        (Some(left), Some(right)) => left == right,
        (None, None) => port(&left) == port(&right),
        _ => false,
    };
    let services = match (&left.service, &right.service) {
        (Some(left), Some(right)) => same_name(left, right),
        (None, None) => true,
        _ => false,
    };
    instances && services && (left.host == right.host || left.same_host(&right))
}

/// Whether a user is the same, with its domain or without.
fn same_user(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let text = text.trim().to_lowercase();
        match (text.split_once('\\'), text.split_once('@')) {
            (Some((domain, name)), _) => (name.to_owned(), Some(domain.to_owned())),
            (None, Some((name, domain))) => (name.to_owned(), Some(domain.to_owned())),
            (None, None) => (text, None),
        }
    };
    let ((one, one_domain), (other, other_domain)) = (parts(one), parts(other));
    let domains = match (&one_domain, &other_domain) {
        (Some(one), Some(other)) => same_name(one, other),
        _ => true,
    };
    one == other && domains
}

impl Server {
    /// Whether the source's server is this one, or could be: what can't be told apart is not told apart.
    pub(super) fn is(&self, source: &str) -> bool {
        let (one, other) = (Address::of(&self.text), Address::of(source));
        if self.alias || one.service.is_some() != other.service.is_some() {
            return true;
        }
        let services = match (&one.service, &other.service) {
            (Some(one), Some(other)) => same_name(one, other),
            _ => true,
        };
        services
            && one.same_host(&other)
            && !differ(one.instance.as_ref(), other.instance.as_ref())
            && !differ(one.port.as_ref(), other.port.as_ref())
            && !one.other_instance(&other)
            && !other.other_instance(&one)
    }
}

impl Owned {
    /// Wherever it is.
    #[must_use]
    pub fn anywhere(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            server: None,
        }
    }

    /// On a server.
    #[must_use]
    pub fn on(server: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            server: Some(server.to_owned()),
        }
    }

    fn on_server(&self, server: &Server) -> bool {
        self.server
            .as_deref()
            .is_none_or(|source| server.is(source))
    }
}

impl Forbidden {
    /// The machine of the source that a text names. It may name several.
    pub(super) fn host(&self, text: &str) -> Option<&str> {
        let parts = || text.split([',', ';', ' ']).filter(|part| !part.is_empty());
        self.hosts
            .iter()
            .find(|host| same_host(host, text) || parts().any(|part| same_host(host, part)))
            .map(String::as_str)
    }

    pub(super) fn has_catalog(&self, name: &str, server: &Server) -> bool {
        let name = name.trim().to_lowercase();
        self.catalogs
            .iter()
            .any(|it| it.name.trim().to_lowercase() == name && it.on_server(server))
    }

    pub(super) fn has_user(&self, name: &str, server: &Server) -> bool {
        self.users
            .iter()
            .any(|it| same_user(&it.name, name) && it.on_server(server))
    }

    /// What is looked for in texts that have a host somewhere in them: each name, and without its domain.
    pub(crate) fn terms(&self) -> Vec<&str> {
        let short = |host: &'_ str| {
            host.parse::<IpAddr>()
                .is_err()
                .then(|| host.find('.'))
                .flatten()
        };
        self.hosts
            .iter()
            .map(|host| host.trim())
            .flat_map(|host| [Some(host), short(host).map(|dot| &host[..dot])])
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_recognised_under_other_spellings() {
        for (one, other) in [
            ("PRODWEB01", "prodweb01"),
            ("prodweb01", "PRODWEB01.corp.example"),
            ("prodweb01.corp.example.", "prodweb01.corp.example"),
            ("prodsql\\OS11", "PRODSQL,1433"),
            ("tcp:prodsql.corp.example,1499", "prodsql"),
            ("amqp://prodmq:5671", "prodmq"),
            ("[2001:db8::7]:5672", "2001:DB8:0::7"),
            ("192.0.2.7:5672", "192.0.2.7"),
        ] {
            assert!(same_host(one, other), "{one} {other}");
            assert!(same_host(other, one), "{other} {one}");
        }
    }

    #[test]
    fn other_machines_are_others() {
        for (one, other) in [
            ("prodweb01", "prodweb02"),
            ("prodweb01.corp.example", "prodweb01.lab.example"),
            ("192.0.2.7", "192.0.2.70"),
            ("192", "192.0.2.7"),
            ("localhost", "LOCALHOST"),
            ("127.0.0.1", "127.0.0.1"),
            (".\\OS11", ".\\OS11"),
            ("", ""),
        ] {
            assert!(!same_host(one, other), "{one} {other}");
        }
    }

    #[test]
    fn only_what_is_certain_is_the_same_server() {
        for (one, other) in [
            ("sql01", "SQL01.corp.example,1433"),
            ("sql01\\OS11", "tcp:sql01.corp.example\\os11,1499"),
            ("127.0.0.1,1499", "127.0.0.1,1499"),
            (
                "ora01/OSTEST",
                "ora01.corp.example:1521/ostest.corp.example",
            ),
            ("OSTEST", "ostest"),
        ] {
            assert!(same_server(one, other), "{one} {other}");
            assert!(same_server(other, one), "{other} {one}");
        }
        for (one, other) in [
            ("sql01", "sql02"),
            ("sql01", "sql01\\OS11"),
            ("sql01,1499", "sql01\\OS11"),
            ("sql01", "sql01,1499"),
            ("ora01:1521/OSTEST", "ora01:1521/OSPROD"),
            ("ora01:1521/OSTEST", "OSTEST"),
        ] {
            assert!(!same_server(one, other), "{one} {other}");
            assert!(!same_server(other, one), "{other} {one}");
        }
    }

    fn is(server: &str, source: &str) -> bool {
        Server {
            text: server.to_owned(),
            alias: false,
        }
        .is(source)
    }

    #[test]
    fn a_server_is_the_source_s_unless_it_can_be_told_apart() {
        assert!(is("sql01", "SQL01.corp.example"));
        assert!(is("sql01\\OS11", "sql01\\os11"));
        assert!(is("sql01\\MSSQLSERVER", "sql01"));
        assert!(
            is("sql01\\OS11", "sql01,1499"),
            "the port may be that instance's"
        );
        assert!(is(
            "ora01:1521/OSPROD",
            "ora01.corp.example/osprod.corp.example"
        ));
        assert!(is("ora01:1521/OSPROD", "OSPROD"), "an alias may lead there");
        assert!(!is("sql01", "sql02"));
        assert!(!is("sql01\\OS11", "sql01\\OS12"));
        assert!(
            !is("sql01\\OS11", "sql01"),
            "the default instance is another one"
        );
        assert!(!is("sql01", "sql01\\OS11"), "and the other way round");
        assert!(!is("sql01,1433", "sql01,1499"));
        assert!(!is("ora01:1521/OSTEST", "ora01:1521/OSPROD"));
        let alias = Server {
            text: "OSTEST".to_owned(),
            alias: true,
        };
        assert!(alias.is("ora01:1521/OSPROD") && alias.is("OSPROD"));
    }

    #[test]
    fn a_user_is_recognised_with_its_domain_and_without() {
        assert!(same_user("OSADMIN", "osadmin"));
        assert!(same_user("CORP\\osadmin", "osadmin@corp.example"));
        assert!(same_user("CORP\\osadmin", "osadmin"));
        assert!(!same_user("CORP\\osadmin", "LAB\\osadmin"));
        assert!(!same_user("osadmin", "osadmin_t"));
    }
}
