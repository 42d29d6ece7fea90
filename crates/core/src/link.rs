//! What leads out of a database: synonyms, code that names other databases, routes, jobs, servers. In a copy they still lead
//! to where they led at the source.

use serde::{Deserialize, Serialize};

use crate::dialect::catalog_of;
use crate::evidence::Observed;
use crate::inventory::Inventory;
use crate::settings::Environment;

/// What a check is about that looks at a kind of things which lead out: this, and the kind.
pub const LEADS_OUT: &str = "leads out: ";

/// All of one kind that was found in a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// What they are, in the engine's own words.
    pub kind: String,
    /// Whether they belong to the server, and so to every database of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_server: bool,
    /// Each of them.
    pub found: Observed<Vec<Link>>,
}

/// Something that leads out of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it is called.
    pub name: String,
    /// Where it leads, as the engine has it.
    pub to: String,
}

/// What gives away that something leads to the source: names of its databases and servers, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(Vec<String>);

impl Home {
    /// The names of a source's databases and server that are none of the target's: in the copy, the target's lead to itself.
    #[must_use]
    pub fn new(source: &Inventory, target: &Environment, targets_server: Option<&str>) -> Self {
        let databases = target.databases();
        let own = databases.iter().map(|(_, name)| catalog_of(name));
        let names = source
            .databases
            .iter()
            .map(|database| catalog_of(&database.locator));
        let servers = source.server.iter().map(|server| server.name.as_str());
        Self::among(names.chain(servers), own.chain(targets_server))
    }

    fn among<'a>(names: impl Iterator<Item = &'a str>, own: impl Iterator<Item = &'a str>) -> Self {
        let own: Vec<String> = own.map(str::to_lowercase).collect();
        let mut names: Vec<String> = names
            .map(str::to_lowercase)
            .filter(|name| !name.is_empty() && !own.contains(name))
            .collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// Whether something leads there.
    #[must_use]
    pub fn is_meant_by(&self, link: &Link) -> bool {
        let to = link.to.to_lowercase();
        let parts = to.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '$'));
        let parts: Vec<&str> = parts.collect();
        // A name with other characters in it is looked for as it is.
        self.0.iter().any(|name| {
            parts.contains(&name.as_str())
                || (name.contains(|c: char| !c.is_alphanumeric()) && to.contains(name.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads_home(to: &str) -> bool {
        let home = Home(vec!["osprod".to_owned(), "sql01\\prod".to_owned()]);
        home.is_meant_by(&Link {
            name: "x".to_owned(),
            to: to.to_owned(),
        })
    }

    #[test]
    fn home_is_what_the_source_has_and_the_target_has_not() {
        // The copy of the platform database kept its name, on another server.
        let home = |server| {
            let names = ["OS", "OS_LOG", "SQL01"].into_iter();
            Home::among(names, ["os", "os_log_qa", server].into_iter()).0
        };
        assert_eq!(home("SQL02"), ["os_log", "sql01"]);
        assert_eq!(home("sql01"), ["os_log"]);
    }

    #[test]
    fn names_are_whole_ones_in_any_case_and_quotes() {
        for home in [
            "[OSPROD].[dbo].[t]",
            "osprod..t",
            "SRV.OsProd.dbo.t",
            "SQL01\\PROD",
            "tcp:sql01\\prod,1433",
        ] {
            assert!(leads_home(home), "{home}");
        }
        for elsewhere in ["OSPROD2.dbo.t", "dbo.t", "MYOSPROD", "sql01", ""] {
            assert!(!leads_home(elsewhere), "{elsewhere}");
        }
    }
}
