//! Users of a SQL Server database: how they are found, what they own goes to dbo, and how they are dropped and made.

use super::SqlServer;
use crate::dialect::users::{UserChange, UserQueries, Users};
use crate::dialect::{Dialect as _, Statement};
use crate::plan::Reason;
use crate::principal::{NewUser, Permission, PermissionState, Principal, Securable, SecurableKind};

/// Who gets what a dropped user owned.
const OWNER: &str = "dbo";

/// Principals that every database has.
const BUILT_IN: &str = "N'dbo', N'guest', N'sys', N'INFORMATION_SCHEMA', N'public'";

/// Where the server keeps a kind of thing.
struct Place {
    kind: SecurableKind,
    /// Its word in permissions and changes of owner; none where an owner can't be changed.
    word: Option<&'static str>,
    /// Its class in `sys.database_permissions`; none where no permission is given on it.
    class: Option<u8>,
    view: &'static str,
    id: &'static str,
    owner: &'static str,
    in_schema: bool,
    /// Which rows of the view are of this kind.
    rows: &'static str,
}

const fn place(
    kind: SecurableKind,
    word: &'static str,
    class: u8,
    view: &'static str,
    id: &'static str,
) -> Place {
    Place {
        kind,
        word: Some(word),
        class: Some(class),
        view,
        id,
        owner: "principal_id",
        in_schema: false,
        rows: "1 = 1",
    }
}

const fn in_schema(place: Place) -> Place {
    Place {
        in_schema: true,
        ..place
    }
}

const fn object(kind: SecurableKind, rows: &'static str) -> Place {
    Place {
        rows,
        ..in_schema(place(kind, "OBJECT", 1, "sys.objects", "object_id"))
    }
}

const fn principal(kind: SecurableKind, word: &'static str, rows: &'static str) -> Place {
    Place {
        owner: "owning_principal_id",
        rows,
        ..place(kind, word, 4, "sys.database_principals", "principal_id")
    }
}

/// All that may have an owner of its own, in the order in which owners are changed: what stands in a schema before the
/// schema.
const PLACES: &[Place] = &[
    object(SecurableKind::Table, "x.type = 'U'"),
    object(SecurableKind::View, "x.type = 'V'"),
    object(SecurableKind::Procedure, "x.type IN ('P', 'PC', 'X')"),
    object(
        SecurableKind::Function,
        "x.type IN ('FN', 'IF', 'TF', 'FS', 'FT', 'AF')",
    ),
    object(
        SecurableKind::Object,
        "x.type NOT IN ('U', 'V', 'P', 'PC', 'X', 'FN', 'IF', 'TF', 'FS', 'FT', 'AF', 'SQ')",
    ),
    Place {
        word: None,
        ..object(SecurableKind::Queue, "x.type = 'SQ'")
    },
    in_schema(place(
        SecurableKind::Type,
        "TYPE",
        6,
        "sys.types",
        "user_type_id",
    )),
    in_schema(place(
        SecurableKind::XmlSchemaCollection,
        "XML SCHEMA COLLECTION",
        10,
        "sys.xml_schema_collections",
        "xml_collection_id",
    )),
    place(
        SecurableKind::Schema,
        "SCHEMA",
        3,
        "sys.schemas",
        "schema_id",
    ),
    principal(SecurableKind::Role, "ROLE", "x.type = 'R'"),
    Place {
        word: None,
        ..principal(
            SecurableKind::ApplicationRole,
            "APPLICATION ROLE",
            "x.type = 'A'",
        )
    },
    Place {
        word: None,
        ..principal(SecurableKind::User, "USER", "x.type NOT IN ('A', 'R')")
    },
    place(
        SecurableKind::Certificate,
        "CERTIFICATE",
        25,
        "sys.certificates",
        "certificate_id",
    ),
    place(
        SecurableKind::AsymmetricKey,
        "ASYMMETRIC KEY",
        26,
        "sys.asymmetric_keys",
        "asymmetric_key_id",
    ),
    place(
        SecurableKind::SymmetricKey,
        "SYMMETRIC KEY",
        24,
        "sys.symmetric_keys",
        "symmetric_key_id",
    ),
    place(
        SecurableKind::Assembly,
        "ASSEMBLY",
        5,
        "sys.assemblies",
        "assembly_id",
    ),
    place(
        SecurableKind::FulltextCatalog,
        "FULLTEXT CATALOG",
        23,
        "sys.fulltext_catalogs",
        "fulltext_catalog_id",
    ),
    place(
        SecurableKind::FulltextStoplist,
        "FULLTEXT STOPLIST",
        29,
        "sys.fulltext_stoplists",
        "stoplist_id",
    ),
    place(
        SecurableKind::SearchPropertyList,
        "SEARCH PROPERTY LIST",
        31,
        "sys.registered_search_property_lists",
        "property_list_id",
    ),
    place(
        SecurableKind::MessageType,
        "MESSAGE TYPE",
        15,
        "sys.service_message_types",
        "message_type_id",
    ),
    place(
        SecurableKind::Contract,
        "CONTRACT",
        16,
        "sys.service_contracts",
        "service_contract_id",
    ),
    place(
        SecurableKind::Service,
        "SERVICE",
        17,
        "sys.services",
        "service_id",
    ),
    place(
        SecurableKind::RemoteServiceBinding,
        "REMOTE SERVICE BINDING",
        18,
        "sys.remote_service_bindings",
        "remote_service_binding_id",
    ),
    place(SecurableKind::Route, "ROUTE", 19, "sys.routes", "route_id"),
    Place {
        word: None,
        class: None,
        ..place(
            SecurableKind::EventNotification,
            "",
            0,
            "sys.event_notifications",
            "object_id",
        )
    },
];

/// The place of a kind; none for the database and for what is not known by name.
fn place_of(kind: SecurableKind) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.kind == kind)
}

impl Place {
    fn schema(&self) -> &'static str {
        if self.in_schema {
            "SCHEMA_NAME(x.schema_id)"
        } else {
            "NULL"
        }
    }

    /// How many things stand in each.
    fn holds(&self) -> &'static str {
        match self.kind {
            SecurableKind::Schema => {
                "(SELECT COUNT(*) FROM sys.objects i WHERE i.schema_id = x.schema_id) \
                 + (SELECT COUNT(*) FROM sys.types i WHERE i.schema_id = x.schema_id) \
                 + (SELECT COUNT(*) FROM sys.xml_schema_collections i WHERE i.schema_id = x.schema_id)"
            }
            _ => "NULL",
        }
    }

    /// Which things of this kind each principal owns in its own name.
    fn owned(&self) -> String {
        let Self {
            kind,
            view,
            owner,
            rows,
            ..
        } = self;
        format!(
            "SELECT w.name, '{}', {}, x.name, {} FROM {view} x JOIN sys.database_principals w ON w.principal_id = x.{owner} \
             WHERE w.name NOT IN ({BUILT_IN}) AND {rows} ORDER BY 1, 3, 4",
            kind.name(),
            self.schema(),
            self.holds()
        )
    }

    /// Permissions on things of this kind that end with a principal: those that it gave, and those on what it owns.
    fn given(&self) -> Option<String> {
        let Self {
            kind,
            class,
            view,
            id,
            owner,
            rows,
            ..
        } = self;
        let (schemas, owner) = if self.in_schema {
            (
                " JOIN sys.schemas s ON s.schema_id = x.schema_id",
                format!("COALESCE(x.{owner}, s.principal_id)"),
            )
        } else {
            ("", format!("x.{owner}"))
        };
        let (column, columns) = match class {
            Some(1) => (
                "c.name",
                " LEFT JOIN sys.columns c ON c.object_id = p.major_id AND c.column_id = p.minor_id AND p.minor_id > 0",
            ),
            _ => ("NULL", ""),
        };
        Some(format!(
            "SELECT w.name, p.state, p.permission_name, '{}', {}, x.name, {column}, e.name, g.name \
             FROM sys.database_permissions p JOIN {view} x ON x.{id} = p.major_id{schemas}{columns} \
             JOIN sys.database_principals e ON e.principal_id = p.grantee_principal_id \
             JOIN sys.database_principals g ON g.principal_id = p.grantor_principal_id \
             JOIN sys.database_principals w ON w.principal_id IN (p.grantor_principal_id, {owner}) \
             WHERE p.class = {} AND w.principal_id <> e.principal_id AND w.name NOT IN ({BUILT_IN}) AND {rows} \
             ORDER BY 1, 5, 6, 7, 8, 3",
            kind.name(),
            self.schema(),
            (*class)?
        ))
    }
}

/// Permissions that a principal gave on the database itself, or on what is not known by name.
fn given_elsewhere(kind: SecurableKind, name: &str, classes: &str) -> String {
    format!(
        "SELECT w.name, p.state, p.permission_name, '{}', NULL, {name}, NULL, e.name, w.name \
         FROM sys.database_permissions p JOIN sys.database_principals e ON e.principal_id = p.grantee_principal_id \
         JOIN sys.database_principals w ON w.principal_id = p.grantor_principal_id \
         WHERE p.class {classes} AND w.name NOT IN ({BUILT_IN}) ORDER BY 1, 6, 8, 3",
        kind.name()
    )
}

fn of_phrase(kind: SecurableKind, sql: String) -> (String, String) {
    (kind.phrase().to_owned(), sql)
}

impl Users for SqlServer {
    fn inspection(&self) -> UserQueries {
        let owned = PLACES.iter().map(|it| of_phrase(it.kind, it.owned()));
        let given = PLACES
            .iter()
            .filter_map(|it| Some(of_phrase(it.kind, it.given()?)));
        let classes: Vec<String> = PLACES
            .iter()
            .filter_map(|it| it.class)
            .chain([0])
            .map(|class| class.to_string())
            .collect();
        let elsewhere = [
            of_phrase(
                SecurableKind::Database,
                given_elsewhere(SecurableKind::Database, "N''", "= 0"),
            ),
            of_phrase(
                SecurableKind::Other,
                given_elsewhere(
                    SecurableKind::Other,
                    "p.class_desc",
                    &format!("NOT IN ({})", classes.join(", ")),
                ),
            ),
        ];
        let runs = |from: &str| {
            format!(
                "SELECT u.name, COALESCE(SCHEMA_NAME(o.schema_id) + N'.' + o.name, t.name) \
                 FROM {from} m JOIN sys.database_principals u ON u.principal_id = m.execute_as_principal_id \
                 LEFT JOIN sys.objects o ON o.object_id = m.object_id \
                 LEFT JOIN sys.triggers t ON t.object_id = m.object_id WHERE u.name NOT IN ({BUILT_IN}) ORDER BY 1, 2"
            )
        };
        UserQueries {
            sight: "SELECT CASE WHEN HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), N'DATABASE', N'VIEW DEFINITION') = 1 \
                    OR HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), N'DATABASE', N'CONTROL') = 1 THEN 1 ELSE 0 END, \
                    CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') = 1 \
                    OR HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY LOGIN') = 1 OR IS_SRVROLEMEMBER(N'sysadmin') = 1 THEN 1 ELSE 0 END, \
                    CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1 THEN 1 ELSE 0 END"
                .to_owned(),
            users: format!(
                "SELECT p.name, CASE p.type WHEN 'S' THEN 'sql-user' WHEN 'U' THEN 'windows-user' WHEN 'G' THEN 'windows-group' \
                 WHEN 'C' THEN 'key-user' WHEN 'K' THEN 'key-user' WHEN 'R' THEN 'role' WHEN 'A' THEN 'application-role' \
                 ELSE 'external-user' END, p.sid, CONVERT(varchar(23), p.create_date, 126), p.default_schema_name, l.name, \
                 CASE WHEN p.type IN ('U', 'G') OR p.type = 'S' AND p.authentication_type = 1 THEN 1 ELSE 0 END \
                 FROM sys.database_principals p LEFT JOIN sys.server_principals l ON l.sid = p.sid AND p.type NOT IN ('A', 'R') \
                 WHERE NOT (p.type = 'R' AND p.is_fixed_role = 1) AND p.name NOT IN ({BUILT_IN}) ORDER BY p.name"
            ),
            roles: "SELECT u.name, r.name FROM sys.database_role_members m \
                    JOIN sys.database_principals u ON u.principal_id = m.member_principal_id \
                    JOIN sys.database_principals r ON r.principal_id = m.role_principal_id ORDER BY 1, 2"
                .to_owned(),
            permissions: "SELECT e.name, COUNT(*) FROM sys.database_permissions p \
                          JOIN sys.database_principals e ON e.principal_id = p.grantee_principal_id GROUP BY e.name"
                .to_owned(),
            modules: [
                ("modules", "sys.sql_modules"),
                ("modules of assemblies", "sys.assembly_modules"),
                ("queues that start procedures", "sys.service_queues"),
            ]
            .into_iter()
            .map(|(what, view)| (what.to_owned(), runs(view)))
            .collect(),
            owned: owned.collect(),
            given: given.chain(elsewhere).collect(),
            sessions: "SELECT DISTINCT u.name, s.host_name FROM sys.dm_exec_sessions s \
                       JOIN sys.database_principals u ON u.sid = s.security_id WHERE s.database_id = DB_ID() AND s.session_id <> @@SPID"
                .to_owned(),
        }
    }

    fn drop_user(&self, user: &Principal) -> Result<UserChange, Reason> {
        if let Some(fixed) = user.owns.iter().find(|owned| !can_be_given(&owned.what)) {
            return Err(Reason::OwnsForGood {
                what: fixed.what.to_string(),
            });
        }
        let mut statements = Vec::new();
        let mut effects = Vec::new();
        let own = |given: &&Permission| user.is_named(&given.by);
        for given in user.gives.iter().filter(own) {
            let statement = self.revoke(user, given)?;
            effects.push(statement.comment.clone());
            statements.push(statement);
        }
        let in_order = |owned: &&crate::principal::Owned| {
            PLACES
                .iter()
                .position(|place| place.kind == owned.what.kind)
        };
        let mut owns: Vec<_> = user.owns.iter().collect();
        owns.sort_by_key(in_order);
        let goes = |schema: &str, holds| user.is_named(schema) && holds == Some(0);
        let mut dropped = Vec::new();
        for owned in owns {
            let what = &owned.what;
            if what.kind == SecurableKind::Schema && goes(&what.name, owned.holds) {
                dropped.push(what);
                statements.push(self.drop_schema(user, what));
            } else {
                let statement = self.give_to_owner(user, what);
                effects.push(statement.comment.clone());
                statements.push(statement);
            }
        }
        let ends = user.gives.iter().filter(|given| {
            given.state != PermissionState::Denied && !own(given) && !dropped.contains(&&given.on)
        });
        effects.extend(ends.map(|given| {
            format!(
                "{} ends for {}, with the change of owner",
                phrase(given),
                given.to
            )
        }));
        let comment = format!("drop the user {}", user.name);
        let itself = format!(
            "IF EXISTS (SELECT 1 FROM sys.database_principals u WHERE {})\n    DROP USER {}",
            self.is_user(user),
            self.identifier(&user.name)
        );
        statements.push(Statement {
            sql: itself,
            comment: comment.clone(),
        });
        // A change of owner ends all permissions. One that is missed shows itself; a denial that is missed does not.
        let denied = |given: &&Permission| {
            given.state == PermissionState::Denied && !dropped.contains(&&given.on)
        };
        for given in user.gives.iter().filter(denied) {
            statements.push(self.deny_again(user, given)?);
        }
        Ok(UserChange {
            statements,
            comment,
            effects,
            count: format!(
                "SELECT COUNT_BIG(*) FROM sys.database_principals u WHERE {}",
                self.is_user(user)
            ),
        })
    }

    fn create_user(&self, user: &NewUser<'_>) -> UserChange {
        let (name, login) = (self.identifier(user.name), self.identifier(user.login));
        let comment = format!(
            "create the user {} for the login {}, in {}",
            user.name,
            user.login,
            user.roles.join(", ")
        );
        let itself = Statement {
            sql: format!(
                "IF DATABASE_PRINCIPAL_ID({}) IS NULL\n    CREATE USER {name} FOR LOGIN {login}",
                self.text(user.name)
            ),
            comment: comment.clone(),
        };
        let member = |role: &&str| Statement {
            sql: format!("ALTER ROLE {} ADD MEMBER {name}", self.identifier(role)),
            comment: format!("make {} a member of {role}", user.name),
        };
        let roles: Vec<_> = user
            .roles
            .iter()
            .map(|role| format!("({})", self.text(role)))
            .collect();
        let count = format!(
            "SELECT COUNT_BIG(*) FROM (VALUES {}) AS wanted (name) WHERE NOT EXISTS (\
             SELECT 1 FROM sys.database_role_members m JOIN sys.database_principals u ON u.principal_id = m.member_principal_id \
             JOIN sys.database_principals r ON r.principal_id = m.role_principal_id \
             WHERE r.name = wanted.name AND u.name = {} AND u.sid = SUSER_SID({}))",
            roles.join(", "),
            self.text(user.name),
            self.text(user.login)
        );
        UserChange {
            statements: std::iter::once(itself)
                .chain(user.roles.iter().map(member))
                .collect(),
            comment,
            effects: Vec::new(),
            count,
        }
    }

    fn left(&self) -> String {
        "SELECT u.name, u.sid, CONVERT(varchar(23), u.create_date, 126), \
         CASE u.authentication_type WHEN 1 THEN 1 WHEN 3 THEN 1 ELSE 0 END, \
         (SELECT MIN(s.name) FROM sys.server_principals s WHERE s.sid = u.sid) \
         FROM sys.database_principals u WHERE u.type NOT IN ('A', 'R') \
         AND u.name NOT IN (N'dbo', N'guest', N'INFORMATION_SCHEMA', N'sys') ORDER BY u.name"
            .to_owned()
    }

    fn logins(&self) -> String {
        "SELECT DISTINCT l.name FROM sys.database_principals u JOIN sys.server_principals l ON l.sid = u.sid \
         WHERE u.type NOT IN ('A', 'R') ORDER BY l.name"
            .to_owned()
    }
}

/// Whether it can have another owner.
fn can_be_given(what: &Securable) -> bool {
    place_of(what.kind).is_some_and(|place| place.word.is_some())
}

impl SqlServer {
    /// That `u` is this very user, and none that was made later under its name.
    fn is_user(&self, user: &Principal) -> String {
        let named = format!("u.name = {}", self.text(&user.name));
        let digits = user.sid.strip_prefix("0x").unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return named;
        }
        format!("{named} AND u.sid = 0x{digits}")
    }

    /// Something by its full name, with the word for its kind: `SCHEMA::[app]`. None where it has none.
    fn entity(&self, what: &Securable) -> Option<String> {
        let word = match what.kind {
            // Permissions can be given on these, and owners not be changed.
            SecurableKind::Queue => "OBJECT",
            SecurableKind::User => "USER",
            SecurableKind::ApplicationRole => "APPLICATION ROLE",
            kind => place_of(kind)?.word?,
        };
        let name = self.identifier(&what.name);
        Some(match &what.schema {
            Some(schema) => format!("{word}::{}.{name}", self.identifier(schema)),
            None => format!("{word}::{name}"),
        })
    }

    /// That a thing is there, and this user's.
    fn is_owned(&self, user: &Principal, what: &Securable) -> String {
        let (view, owner) = place_of(what.kind).map_or(("sys.schemas", "principal_id"), |place| {
            (place.view, place.owner)
        });
        let schema = what.schema.as_ref().map_or_else(String::new, |schema| {
            format!(" AND x.schema_id = SCHEMA_ID({})", self.text(schema))
        });
        format!(
            "EXISTS (SELECT 1 FROM {view} x JOIN sys.database_principals u ON u.principal_id = x.{owner} \
             WHERE x.name = {}{schema} AND {})",
            self.text(&what.name),
            self.is_user(user)
        )
    }

    fn drop_schema(&self, user: &Principal, schema: &Securable) -> Statement {
        Statement {
            sql: format!(
                "IF {}\n    DROP SCHEMA {}",
                self.is_owned(user, schema),
                self.identifier(&schema.name)
            ),
            comment: format!("drop the empty {schema} of {}", user.name),
        }
    }

    fn give_to_owner(&self, user: &Principal, what: &Securable) -> Statement {
        let entity = self.entity(what).unwrap_or_default();
        Statement {
            sql: format!(
                "IF {}\n    ALTER AUTHORIZATION ON {entity} TO {}",
                self.is_owned(user, what),
                self.identifier(OWNER)
            ),
            comment: format!(
                "give the {what} to {OWNER}: {}",
                effect(what.kind, &user.name)
            ),
        }
    }

    /// What a permission is called in GRANT, REVOKE and DENY, with the column and what it is on.
    fn permission(&self, given: &Permission) -> Result<String, Reason> {
        // The server's own words have no other characters; in an inventory that somebody made there could be any.
        let words: String = given
            .name
            .chars()
            .filter(|c| c.is_ascii_alphabetic() || *c == ' ')
            .collect();
        if given.on.kind == SecurableKind::Database {
            return Ok(words);
        }
        let entity = self.entity(&given.on).ok_or_else(|| Reason::OwnsForGood {
            what: format!("a permission on {}", given.on),
        })?;
        let column = given.column.as_ref().map_or_else(String::new, |column| {
            format!(" ({})", self.identifier(column))
        });
        Ok(format!("{words} ON {entity}{column}"))
    }

    fn revoke(&self, user: &Principal, given: &Permission) -> Result<Statement, Reason> {
        let permission = self.permission(given)?;
        let (to, by) = (self.identifier(&given.to), self.identifier(&user.name));
        let what = phrase(given);
        let comment = match given.state {
            PermissionState::Denied => format!(
                "take back that {} denied {what} to {}, to deny it again in {OWNER}'s name",
                user.name, given.to
            ),
            PermissionState::Granted | PermissionState::GrantedOn => format!(
                "take back {what} that {} gave to {}: it can't do that any more, unless it may for another reason or somebody \
                 gives it again",
                user.name, given.to
            ),
        };
        Ok(Statement {
            sql: format!(
                "IF DATABASE_PRINCIPAL_ID({}) IS NOT NULL AND EXISTS (SELECT 1 FROM sys.database_principals u WHERE {})\n    \
                 REVOKE {permission} FROM {to} CASCADE AS {by}",
                self.text(&given.to),
                self.is_user(user)
            ),
            comment,
        })
    }

    fn deny_again(&self, user: &Principal, given: &Permission) -> Result<Statement, Reason> {
        let permission = self.permission(given)?;
        Ok(Statement {
            sql: format!(
                "IF DATABASE_PRINCIPAL_ID({}) IS NOT NULL\n    DENY {permission} TO {} CASCADE",
                self.text(&given.to),
                self.identifier(&given.to)
            ),
            comment: format!(
                "deny {} to {} again: that ended with {}",
                phrase(given),
                given.to,
                user.name
            ),
        })
    }
}

/// A permission as a sentence says it.
fn phrase(given: &Permission) -> String {
    let column = given
        .column
        .as_ref()
        .map_or_else(String::new, |column| format!(", column {column}"));
    let article = match given.on.kind {
        SecurableKind::Database | SecurableKind::Other => "",
        _ => "the ",
    };
    format!("{} on {article}{}{column}", given.name, given.on)
}

/// What a change of owner means for applications.
fn effect(kind: SecurableKind, user: &str) -> String {
    use SecurableKind as Kind;
    match kind {
        Kind::Schema => format!(
            "code in it keeps running, now with {OWNER}'s ownership chain, and as {OWNER} where it says EXECUTE AS OWNER; \
             permissions on it and on what stands in it end; code that relies on the schema's owner {user} for its ownership \
             chain, or that connects as it, stops working"
        ),
        Kind::View | Kind::Procedure | Kind::Function | Kind::Assembly => format!(
            "it keeps running, now with {OWNER}'s ownership chain, and as {OWNER} where it says EXECUTE AS OWNER; permissions on \
             it end; code that relies on its owner {user} for its ownership chain, or that connects as it, stops working"
        ),
        Kind::Table | Kind::Object | Kind::Queue => format!(
            "code of {OWNER} reaches it without a permission; permissions on it end; code of {user} that reached it as its \
             owner's, and what connects as {user}, stops working"
        ),
        Kind::Role => format!(
            "its members keep what the role may; {OWNER} decides who is one, and {user} does not any more"
        ),
        Kind::Certificate | Kind::AsymmetricKey | Kind::SymmetricKey => format!(
            "permissions on it end; code that signs or decrypts with it as {user} stops working, code of {OWNER} can"
        ),
        Kind::Service
        | Kind::RemoteServiceBinding
        | Kind::Contract
        | Kind::MessageType
        | Kind::Route => format!(
            "messages that are sent and received with the rights of its owner {user} now have those of {OWNER}; permissions on \
             it end"
        ),
        _ => format!(
            "it works as before; permissions on it end, and {user} can't change it any more"
        ),
    }
}
