//! The users of a database as they were found: who they are, what they own, and what hangs on them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The users and roles of one database, those that the engine needs for itself left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principals {
    /// By name.
    pub all: Vec<Principal>,
    /// What could not be looked at, and why: one of them may own something of that kind all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

impl Principals {
    /// Recognizes the platform's users: by the names that its installer proposes, by those in its list of catalogs, and by
    /// those that a front-end was logged in as.
    pub fn recognize(&mut self, in_catalogs: &[String], in_sessions: &[String]) {
        for principal in self.all.iter_mut().filter(|one| one.kind.is_user()) {
            let login = match &principal.login {
                LoginOf::Named(login) => login.to_lowercase(),
                _ => String::new(),
            };
            let name = principal.name.to_lowercase();
            let is_in = |names: &[String]| {
                let mut names = names.iter().map(|one| one.to_lowercase());
                names.any(|one| one == name || (one == login && !one.is_empty()))
            };
            let by_default = DEFAULT_NAMES.iter().any(|one| principal.is_named(one));
            let found = [
                (FoundAs::DefaultName, by_default),
                (FoundAs::Catalog, is_in(in_catalogs)),
                (FoundAs::Session, is_in(in_sessions)),
            ];
            for (found_as, _) in found.into_iter().filter(|(_, is)| *is) {
                principal.recognize(found_as);
            }
        }
    }

    /// Takes over what the source of a copy says: its users are recognized as there, and others did not come with the copy.
    pub fn compare(&mut self, source: &Self) {
        for principal in &mut self.all {
            let Some(original) = source.all.iter().find(|one| principal.is_same_as(one)) else {
                principal.found_as.clear();
                continue;
            };
            for found_as in &original.found_as {
                principal.recognize(*found_as);
            }
        }
    }
}

/// A user or role of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// Its name in the database.
    pub name: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// The engine's identifier of whoever may come in as it, in hexadecimal digits after `0x`; empty where it has none.
    /// A restored copy keeps it.
    pub sid: String,
    /// When it was made, as the database prints it. A restored copy keeps it.
    pub created: String,
    /// The login that comes in as it.
    pub login: LoginOf,
    /// Where its names are looked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_schema: Option<String>,
    /// The roles that it is a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// What it owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owns: Vec<Owned>,
    /// Code that runs as it, whoever calls it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs_modules: Vec<String>,
    /// How many permissions it was given by name.
    #[serde(default)]
    pub permissions: u64,
    /// Permissions of others that end with it: those that it gave, and all on what it owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gives: Vec<Permission>,
    /// By what it was recognized as one of the platform's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_as: Vec<FoundAs>,
}

impl Principal {
    /// Whether this is its name; database users are told apart without regard to case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }

    /// Whether a database and its copy mean the same user: one of that name that came with the copy keeps the moment at
    /// which it was made, and its identifier unless somebody gave it another login.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.is_named(&other.name) && (self.sid == other.sid || self.created == other.created)
    }

    /// Notes that it is recognized by this.
    pub fn recognize(&mut self, found_as: FoundAs) {
        if !self.found_as.contains(&found_as) {
            self.found_as.push(found_as);
            self.found_as.sort();
        }
    }
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// A user with a login of the server, or with a password or nothing at all.
    SqlUser,
    /// A Windows account.
    WindowsUser,
    /// A group of Windows accounts.
    WindowsGroup,
    /// An account or group of a directory in the cloud.
    ExternalUser,
    /// A user that stands for a certificate or a key.
    KeyUser,
    /// A role.
    Role,
    /// A role that applications switch on with a password.
    ApplicationRole,
}

impl PrincipalKind {
    /// Whether it is a user, and not a role.
    #[must_use]
    pub fn is_user(self) -> bool {
        !matches!(self, Self::Role | Self::ApplicationRole)
    }
}

/// The login that comes in as a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginOf {
    /// This one.
    Named(String),
    /// It needs one, and its server has none: nobody comes in as it until there is one with its identifier.
    Missing,
    /// It needs none.
    Unneeded,
    /// Nobody could see.
    Unseen,
}

/// By what a user was recognized as one of the platform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundAs {
    /// The platform's installer proposes its name.
    DefaultName,
    /// The platform's own list of catalogs names it, or its login.
    Catalog,
    /// A front-end of the environment was logged in as it.
    Session,
    /// The settings name it.
    Settings,
}

impl FoundAs {
    /// As a list of reasons says it.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        [
            "default name",
            "in the platform's list of catalogs",
            "a front-end's login",
            "named in the settings",
        ][self as usize]
    }
}

/// Names that the platform's installer proposes for its Admin and Runtime users.
pub const DEFAULT_NAMES: [&str; 4] = ["OSADMIN", "OSRUNTIME", "OSADMIN_LOG", "OSRUNTIME_LOG"];

/// Something in a database that has an owner, or that permissions are given on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Securable {
    /// What it is.
    pub kind: SecurableKind,
    /// The schema that it stands in; none for what stands in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name; empty for the database itself.
    pub name: String,
}

impl fmt::Display for Securable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.phrase();
        match &self.schema {
            _ if self.name.is_empty() => f.write_str(kind),
            Some(schema) => write!(f, "{kind} {schema}.{}", self.name),
            None => write!(f, "{kind} {}", self.name),
        }
    }
}

/// Something that a principal owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// What.
    pub what: Securable,
    /// How many things stand in it, for a schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<u64>,
}

/// A permission, given or denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Given or denied.
    pub state: PermissionState,
    /// What may be done, in the engine's words.
    pub name: String,
    /// With what.
    pub on: Securable,
    /// With which column of it; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Who may.
    pub to: String,
    /// Who said so.
    pub by: String,
}

/// Whether a permission is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionState {
    /// Given.
    Granted,
    /// Given, to be given on.
    GrantedOn,
    /// Denied, whatever else is given.
    Denied,
}

/// Names each kind, its word in files, and how a sentence calls it.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $phrase:literal;)*) => {
        /// The kinds of things that have owners.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum SecurableKind {
            $($(#[$doc])* $kind,)*
        }

        impl SecurableKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its word in queries and files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// As a sentence calls it.
            #[must_use]
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$kind => $phrase,)* }
            }
        }
    };
}

kinds! {
    /// The database itself.
    Database = "database", "the database";
    /// A schema.
    Schema = "schema", "schema";
    /// A table.
    Table = "table", "table";
    /// A view.
    View = "view", "view";
    /// A stored procedure.
    Procedure = "procedure", "procedure";
    /// A function.
    Function = "function", "function";
    /// A synonym, sequence or the like.
    Object = "object", "object";
    /// A queue of Service Broker.
    Queue = "queue", "queue";
    /// A type.
    Type = "type", "type";
    /// A collection of XML schemas.
    XmlSchemaCollection = "xml-schema-collection", "XML schema collection";
    /// A role.
    Role = "role", "role";
    /// A role that applications switch on.
    ApplicationRole = "application-role", "application role";
    /// A user.
    User = "user", "user";
    /// An assembly.
    Assembly = "assembly", "assembly";
    /// A certificate.
    Certificate = "certificate", "certificate";
    /// An asymmetric key.
    AsymmetricKey = "asymmetric-key", "asymmetric key";
    /// A symmetric key.
    SymmetricKey = "symmetric-key", "symmetric key";
    /// A full-text catalog.
    FulltextCatalog = "fulltext-catalog", "full-text catalog";
    /// A full-text list of stop words.
    FulltextStoplist = "fulltext-stoplist", "full-text stoplist";
    /// A list of searched properties.
    SearchPropertyList = "search-property-list", "search property list";
    /// A message type of Service Broker.
    MessageType = "message-type", "message type";
    /// A contract of Service Broker.
    Contract = "contract", "contract";
    /// A service of Service Broker.
    Service = "service", "service";
    /// A remote service binding of Service Broker.
    RemoteServiceBinding = "remote-service-binding", "remote service binding";
    /// A route of Service Broker.
    Route = "route", "route";
    /// An event notification.
    EventNotification = "event-notification", "event notification";
    /// Something that this version does not know by name.
    Other = "other", "something else,";
}

impl SecurableKind {
    /// The kind with this word.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let found = Self::ALL.iter().find(|kind| kind.name() == name);
        found.copied().unwrap_or(Self::Other)
    }
}

/// A user that is made for a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser<'a> {
    /// Its name in the database.
    pub name: &'a str,
    /// The login that comes in as it.
    pub login: &'a str,
    /// The fixed roles that it becomes a member of.
    pub roles: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, sid: &str, created: &str) -> Principal {
        Principal {
            name: name.to_owned(),
            kind: PrincipalKind::SqlUser,
            sid: sid.to_owned(),
            created: created.to_owned(),
            login: LoginOf::Missing,
            default_schema: None,
            roles: Vec::new(),
            owns: Vec::new(),
            runs_modules: Vec::new(),
            permissions: 0,
            gives: Vec::new(),
            found_as: Vec::new(),
        }
    }

    #[test]
    fn a_user_that_was_made_later_is_another_one() {
        let source = user("OSADMIN", "0x01", "2019");
        for (came_along, sid, created) in [
            (true, "0x01", "2019"),
            (true, "0x02", "2019"),
            (false, "0x02", "2026"),
        ] {
            let copy = user("osadmin", sid, created);
            assert_eq!(copy.is_same_as(&source), came_along, "{sid} {created}");
        }
        assert!(!user("OSRUNTIME", "0x01", "2019").is_same_as(&source));
    }

    #[test]
    fn a_kind_has_the_same_word_in_queries_and_in_files() {
        for kind in SecurableKind::ALL {
            let word = serde_json::to_string(kind).unwrap();
            assert_eq!(word, format!("\"{}\"", kind.name()));
            assert_eq!(SecurableKind::named(kind.name()), *kind);
        }
        assert_eq!(SecurableKind::named("spindle"), SecurableKind::Other);
    }
}
