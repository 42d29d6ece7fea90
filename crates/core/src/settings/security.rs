//! Which users of the source's are dropped in the copy, and which the copy gets.

use serde::Deserialize;

use super::Environment;
use crate::engine::Role;

/// Users that belong to every database, or to the engine itself.
const BUILT_IN: [&str; 5] = ["dbo", "guest", "sys", "INFORMATION_SCHEMA", "public"];

/// The users of the databases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Security {
    /// Users to drop besides those that are recognized as the platform's, whichever databases they are in.
    pub users: Vec<String>,
    /// Users that are never dropped.
    pub keep: Vec<String>,
    /// Users that the copy gets.
    pub create: Vec<NewUser>,
}

/// A user that the copy gets.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewUser {
    /// In which databases.
    pub databases: Vec<Role>,
    /// For which login, which the target's server has already.
    pub login: String,
    /// What it is called in the databases; the same as the login when absent.
    #[serde(default)]
    pub user: Option<String>,
    /// What it may do.
    #[serde(rename = "as")]
    pub rights: Rights,
}

/// What a new user may do: the least that the platform documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rights {
    /// Publish applications: read, write, change tables, and give rights.
    Admin,
    /// Run applications: read and write.
    Runtime,
}

impl Rights {
    /// The fixed roles that have them.
    #[must_use]
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Admin => &[
                "db_accessadmin",
                "db_datareader",
                "db_datawriter",
                "db_ddladmin",
                "db_securityadmin",
            ],
            Self::Runtime => &["db_datareader", "db_datawriter"],
        }
    }
}

impl NewUser {
    /// What it is called in the databases.
    #[must_use]
    pub fn name(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.login)
    }
}

/// Names of users are told apart without regard to case.
fn same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|one| same(one, name))
}

impl Security {
    /// Whether the settings want this user dropped.
    #[must_use]
    pub fn drops(&self, name: &str) -> bool {
        has(&self.users, name)
    }

    /// Whether the settings want this user kept.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        has(&self.keep, name)
    }

    /// Whether a user of this login in this database is one that the settings make.
    #[must_use]
    pub fn makes(&self, database: &Role, name: &str, login: &str) -> bool {
        self.create.iter().any(|new| {
            new.databases.contains(database) && same(new.name(), name) && same(&new.login, login)
        })
    }

    /// What contradicts itself.
    pub(super) fn mistake(&self, target: &Environment) -> Option<String> {
        let names = || self.users.iter().chain(&self.keep);
        let created = || {
            let both = |new: &'_ NewUser| [new.name().to_owned(), new.login.clone()];
            self.create.iter().flat_map(both)
        };
        if names()
            .cloned()
            .chain(created())
            .any(|name| name.trim().is_empty())
        {
            return Some("a name is empty".to_owned());
        }
        if let Some(name) = self.users.iter().find(|name| self.keeps(name)) {
            return Some(format!("`{name}` is in `users` and in `keep`"));
        }
        let built_in = |name: &String| {
            BUILT_IN.iter().any(|one| same(one, name)) || name.to_lowercase().starts_with("db_")
        };
        if let Some(name) = names().cloned().chain(created()).find(built_in) {
            return Some(format!(
                "`{name}` belongs to every database: it is never dropped, and never made"
            ));
        }
        let there: Vec<Role> = target
            .databases()
            .into_iter()
            .map(|(role, _)| role)
            .collect();
        let mut made: Vec<(&Role, &NewUser)> = Vec::new();
        for new in &self.create {
            if new.databases.is_empty() {
                return Some(format!("`{}` is made in no database", new.login));
            }
            for role in &new.databases {
                if !there.contains(role) {
                    return Some(format!(
                        "`{}` is made in the {}, which [target] does not have",
                        new.login,
                        role.phrase()
                    ));
                }
                let twice = |(other, one): &&(&Role, &NewUser)| {
                    *other == role && (same(&one.login, &new.login) || same(one.name(), new.name()))
                };
                if made.iter().find(twice).is_some() {
                    return Some(format!(
                        "`{}` is made twice in the {}: a login is one user of a database",
                        new.login,
                        role.phrase()
                    ));
                }
                made.push((role, new));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(security: &str) -> Result<Settings, String> {
        let text = format!(
            "[source]\nengine = \"sqlserver\"\nplatform = \"a\"\n[target]\nengine = \"sqlserver\"\nplatform = \"b\"\n\
             log = \"c\"\n[security]\n{security}\n"
        );
        Settings::read(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn users_that_are_dropped_kept_and_made() {
        let settings = read(
            "users = [\"Reports\"]\nkeep = [\"OSADMIN\"]\n[[security.create]]\ndatabases = [\"platform\", \"log\"]\n\
             login = \"QA_RUNTIME\"\nuser = \"OSRUNTIME\"\nas = \"runtime\"",
        )
        .unwrap();
        let security = &settings.security;
        assert!(security.drops("REPORTS") && !security.drops("OSADMIN"));
        assert!(security.keeps("osadmin"));
        let log = crate::engine::Role::Log;
        assert!(security.makes(&log, "osruntime", "qa_runtime"));
        assert!(!security.makes(&log, "osruntime", "osruntime"));
        assert_eq!(
            security.create[0].rights.roles(),
            ["db_datareader", "db_datawriter"]
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let create = |lines: &str| format!("[[security.create]]\nas = \"admin\"\n{lines}");
        for (said, wrong) in [
            (
                "users = [\"A\"]\nkeep = [\"a\"]".to_owned(),
                "`A` is in `users` and in `keep`",
            ),
            ("users = [\"DBO\"]".to_owned(), "every database"),
            ("users = [\"db_owner\"]".to_owned(), "every database"),
            ("keep = [\" \"]".to_owned(), "a name is empty"),
            (
                create("login = \"x\"\ndatabases = []"),
                "made in no database",
            ),
            (
                create("login = \"x\"\ndatabases = [\"catalog:L\"]"),
                "catalog L, which [target] does not have",
            ),
            (
                create("login = \"x\"\ndatabases = [\"log\"]")
                    + &create("login = \"X\"\nuser = \"y\"\ndatabases = [\"log\"]")
                        .replace("[[", "\n[["),
                "twice in the log database",
            ),
            (
                create("login = \"x\"\ndatabases = [\"log\"]\npassword = \"y\""),
                "password",
            ),
        ] {
            let error = read(&said).unwrap_err();
            assert!(error.contains(wrong), "{said}: {error}");
        }
    }
}
