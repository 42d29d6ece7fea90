//! Which users of a copy are dropped and made, in which words, and which are left to a person.

#![allow(clippy::unwrap_used)]

mod support;

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect;
use envclone_core::engine::{Engine, Role};
use envclone_core::evidence::Observed;
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Basis, Deed, Item, Plan, Reason, draft};
use envclone_core::principal::{
    FoundAs, LoginOf, Owned, PermissionState, Principal, PrincipalKind, SecurableKind,
};
use envclone_core::settings::Settings;
use support::{gave, securable, user};

const STEP: &str = "database-users";

/// An environment with these users in its platform database, and none elsewhere.
fn with(users: Vec<Principal>) -> Inventory {
    let mut inventory = support::inventory(1, Engine::SqlServer);
    for database in &mut inventory.databases {
        database.tables.clear();
        let Some(Observed::Known(principals)) = &mut database.principals else {
            panic!("this engine has users");
        };
        principals.all = if database.role == Role::Platform {
            users.clone()
        } else {
            Vec::new()
        };
    }
    inventory.entities.clear();
    inventory
}

fn planned(inventory: &Inventory, security: &str, basis: Basis) -> Plan {
    let text = format!(
        "clone = \"adopt\"\n[source]\nengine = \"sqlserver\"\nplatform = \"OSPROD\"\nlog = \"OSPRODLOG\"\n\
         [target]\nengine = \"sqlserver\"\nplatform = \"OSPRE\"\nlog = \"OSPRELOG\"\n[security]\n{security}\n"
    );
    let dialect = dialect::of(inventory.engine);
    let settings = Settings::read(&text).unwrap();
    let catalogue = Catalogue::with(&[]).unwrap();
    draft(&catalogue, &settings, inventory, None, basis, dialect).unwrap()
}

fn items<'a>(plan: &'a Plan, step: &'a str) -> Vec<&'a Item> {
    plan.items.iter().filter(|item| item.step == step).collect()
}

fn sql(item: &Item) -> Vec<&str> {
    let Deed::Sql { statements } = &item.deed else {
        panic!("users are dropped by SQL");
    };
    statements.iter().map(|one| one.sql.as_str()).collect()
}

/// What the plan leaves out of dropping users.
fn left_out(plan: &Plan) -> Vec<(&str, &Reason)> {
    let ours = plan.left_out.iter().filter(|out| out.step == STEP);
    ours.map(|out| (out.part.as_str(), &out.reason)).collect()
}

#[test]
fn a_user_that_owns_nothing_is_dropped() {
    let admin = user("OSADMIN", &[FoundAs::DefaultName]);
    let plan = planned(&with(vec![admin]), "", Basis::Target);
    let [item] = items(&plan, STEP)[..] else {
        panic!("one user, one item");
    };
    assert_eq!(
        item.title,
        "Drop the database users that came with the copy: drop the user OSADMIN (default name)"
    );
    assert_eq!(item.group.as_deref(), Some("platform"));
    assert_eq!(item.check, item.count);
    assert_eq!(
        item.count,
        "SELECT COUNT_BIG(*) FROM sys.database_principals u WHERE u.name = N'OSADMIN' AND u.sid = 0x0105AF"
    );
    assert_eq!(
        sql(item),
        [
            "IF EXISTS (SELECT 1 FROM sys.database_principals u WHERE u.name = N'OSADMIN' AND u.sid = 0x0105AF)\n    DROP USER [OSADMIN]"
        ]
    );
}

#[test]
fn what_it_owns_goes_to_dbo_first_and_an_empty_schema_of_its_name_goes_with_it() {
    let mut admin = user("OSADMIN", &[FoundAs::DefaultName]);
    let schema = |name: &str, holds| Owned {
        what: securable(SecurableKind::Schema, name),
        holds: Some(holds),
    };
    admin.owns = vec![
        schema("app", 12),
        schema("empty", 0),
        schema("osadmin", 0),
        Owned {
            what: securable(SecurableKind::Procedure, "pay"),
            holds: None,
        },
    ];
    let plan = planned(&with(vec![admin.clone()]), "", Basis::Target);
    let said = sql(items(&plan, STEP)[0]);
    let ends: Vec<&str> = said
        .iter()
        .filter_map(|sql| sql.rsplit("\n    ").next())
        .collect();
    assert_eq!(
        ends,
        [
            "ALTER AUTHORIZATION ON OBJECT::[app].[pay] TO [dbo]",
            "ALTER AUTHORIZATION ON SCHEMA::[app] TO [dbo]",
            "ALTER AUTHORIZATION ON SCHEMA::[empty] TO [dbo]",
            "DROP SCHEMA [osadmin]",
            "DROP USER [OSADMIN]",
        ]
    );
    assert!(said.iter().all(|sql| sql.starts_with("IF EXISTS (")));
    assert!(said[0].contains("x.name = N'pay' AND x.schema_id = SCHEMA_ID(N'app')"));

    // A schema of its name that holds something stays, and is dbo's.
    admin.owns = vec![schema("OSADMIN", 1)];
    let plan = planned(&with(vec![admin]), "", Basis::Target);
    let said = sql(items(&plan, STEP)[0]).join("\n");
    assert!(said.contains("ALTER AUTHORIZATION ON SCHEMA::[OSADMIN] TO [dbo]"));
    assert!(!said.contains("DROP SCHEMA"));
}

#[test]
fn every_kind_that_can_have_another_owner_is_given_to_dbo() {
    for kind in SecurableKind::ALL {
        let mut admin = user("OSADMIN", &[FoundAs::DefaultName]);
        admin.owns = vec![Owned {
            what: securable(*kind, "thing"),
            holds: Some(3),
        }];
        let plan = planned(&with(vec![admin]), "", Basis::Target);
        if support::NOT_GIVEN.contains(kind) {
            let left_out = left_out(&plan);
            let what = securable(*kind, "thing").to_string();
            assert_eq!(left_out[0].1, &Reason::OwnsForGood { what });
            assert_eq!(left_out[0].0, "OSADMIN of the platform database");
            continue;
        }
        let item = items(&plan, STEP)[0];
        let Deed::Sql { statements } = &item.deed else {
            panic!("SQL");
        };
        assert!(statements[0].sql.contains("ALTER AUTHORIZATION ON "));
        assert!(
            statements[0].sql.ends_with("[thing] TO [dbo]"),
            "{}",
            statements[0].sql
        );
        // The effect is named where it is done, and once more for the person who judges it.
        let effect = &statements[0].comment;
        assert!(effect.contains("to dbo: "), "{effect}");
        let told = plan.guides.iter().any(|guide| guide.text.contains(effect));
        assert!(told, "{effect}");
    }
}

#[test]
fn what_others_lose_is_taken_back_first_and_denials_are_made_again() {
    let mut admin = user("OSADMIN", &[FoundAs::DefaultName]);
    let table = || securable(SecurableKind::Table, "pay");
    admin.owns = vec![Owned {
        what: table(),
        holds: None,
    }];
    let mut column = gave("OSADMIN", PermissionState::GrantedOn, table(), "REPORTS");
    column.column = Some("amount".to_owned());
    admin.gives = vec![
        column,
        gave("dbo", PermissionState::Denied, table(), "TEMPS"),
        gave("dbo", PermissionState::Granted, table(), "STAFF"),
    ];
    let plan = planned(&with(vec![admin]), "", Basis::Target);
    let said = sql(items(&plan, STEP)[0]);
    assert!(said[0].ends_with(
        "REVOKE SELECT ON OBJECT::[app].[pay] ([amount]) FROM [REPORTS] CASCADE AS [OSADMIN]"
    ));
    assert!(said[1].ends_with("ALTER AUTHORIZATION ON OBJECT::[app].[pay] TO [dbo]"));
    assert!(said[2].ends_with("DROP USER [OSADMIN]"));
    assert!(said[3].ends_with("DENY SELECT ON OBJECT::[app].[pay] TO [TEMPS] CASCADE"));
    assert_eq!(said.len(), 4, "a permission that dbo gave ends by itself");
    let lost = "SELECT on the table app.pay ends for STAFF, with the change of owner";
    assert!(plan.guides.iter().any(|guide| guide.text.contains(lost)));
}

#[test]
fn a_user_that_code_runs_as_stays_and_the_code_is_named() {
    let mut admin = user("OSADMIN", &[FoundAs::DefaultName]);
    admin.runs_modules = vec!["dbo.nightly".to_owned()];
    let plan = planned(&with(vec![admin]), "", Basis::Target);
    assert!(items(&plan, STEP).is_empty());
    let (_, reason) = left_out(&plan)[0];
    assert!(reason.to_string().contains("dbo.nightly"), "{reason}");
}

#[test]
fn no_name_ends_its_quotes() {
    let name = "a]'; DROP TABLE x; --\n\"";
    let mut hostile = user(name, &[FoundAs::Catalog]);
    hostile.sid = "0x01; DROP TABLE x".to_owned();
    hostile.owns = SecurableKind::ALL
        .iter()
        .filter(|kind| !support::NOT_GIVEN.contains(kind))
        .map(|kind| Owned {
            what: securable(*kind, name),
            holds: Some(1),
        })
        .collect();
    let mut permission = gave(
        name,
        PermissionState::Denied,
        securable(SecurableKind::View, name),
        name,
    );
    permission.name = "SELECT ON x; DROP TABLE x --".to_owned();
    permission.column = Some(name.to_owned());
    hostile.gives = vec![permission];
    let create = format!(
        "[[security.create]]\ndatabases = [\"platform\"]\nas = \"runtime\"\nlogin = {0}\nuser = {0}",
        toml::Value::from(name)
    );
    let plan = planned(&with(vec![hostile]), &create, Basis::Target);
    for item in items(&plan, STEP)
        .into_iter()
        .chain(items(&plan, "new-database-users"))
    {
        for sql in sql(item).into_iter().chain([item.count.as_str()]) {
            let bare = sql
                .replace("[a]]'; DROP TABLE x; --\n\"]", "NAME")
                .replace("N'a]''; DROP TABLE x; --\n\"'", "TEXT");
            assert!(!bare.contains("DROP TABLE"), "{sql}");
            assert!(!bare.contains(';'), "{sql}");
        }
    }
    // Nor does a comment end its line.
    let guard = dialect::ScriptGuard {
        target: vec![(Role::Platform, "OSPRE".to_owned())],
        source: Vec::new(),
    };
    let script = dialect::of(Engine::SqlServer).script(&plan, &guard);
    let text = &script[0].text;
    let inside =
        |line: &&str| line.starts_with('"') && !line.starts_with("\"]") && !line.starts_with("\"'");
    assert_eq!(text.lines().find(inside), None);
}

#[test]
fn the_settings_add_and_keep_users() {
    let mut role = user("TELLERS", &[]);
    role.kind = PrincipalKind::Role;
    let users = vec![
        user("OSADMIN", &[FoundAs::DefaultName]),
        user("REPORTS", &[]),
        user("STAFF", &[]),
        role,
    ];
    let security = "users = [\"reports\", \"TELLERS\", \"NOBODY\"]\nkeep = [\"osadmin\"]";
    let plan = planned(&with(users), security, Basis::Target);
    let [item] = items(&plan, STEP)[..] else {
        panic!("one user is dropped");
    };
    assert!(
        item.title
            .ends_with("drop the user REPORTS (named in the settings)")
    );
    let out = left_out(&plan);
    assert!(out.contains(&("OSADMIN of the platform database", &Reason::Kept)));
    assert!(out.contains(&("TELLERS of the platform database", &Reason::NoUser)));
    assert!(out.contains(&("NOBODY", &Reason::NoSuchUser)));
    assert!(out.contains(&("log database", &Reason::NoPlatformUser)));
    let staying = plan
        .guides
        .iter()
        .find(|guide| guide.text.contains("STAFF"));
    assert!(staying.unwrap().text.contains("by the login STAFF"));
}

#[test]
fn users_without_a_login_are_told_apart_where_their_server_was_asked() {
    let mut orphan = user("STAFF", &[]);
    orphan.login = LoginOf::Missing;
    let inventory = with(vec![orphan, user("REPORTS", &[])]);
    let plan = planned(&inventory, "", Basis::Target);
    let about = |plan: &Plan, title: &str| {
        let found = plan.guides.iter().find(|guide| guide.title.contains(title));
        found.map(|guide| guide.text.clone()).unwrap_or_default()
    };
    let orphans = about(&plan, "without a login");
    assert!(orphans.contains("- STAFF of the platform database"));
    assert!(!orphans.contains("REPORTS"));
    // The source's server says nothing of the target's logins.
    let plan = planned(&inventory, "", Basis::Source);
    assert_eq!(about(&plan, "without a login"), "");
    assert!(about(&plan, "other users").contains("STAFF"));
}

#[test]
fn users_that_could_not_be_seen_are_left_to_a_person() {
    let mut inventory = with(Vec::new());
    let why = "VIEW DEFINITION is missing".to_owned();
    inventory.databases[0].principals = Some(Observed::Unknown { why: why.clone() });
    inventory.databases[1].principals = None;
    let plan = planned(&inventory, "users = [\"NOBODY\"]", Basis::Target);
    let out = left_out(&plan);
    assert_eq!(out[0].1, &Reason::UsersUnseen { why });
    assert!(matches!(out[1].1, Reason::UsersUnseen { .. }));
    assert!(out.iter().all(|(part, _)| *part != "NOBODY"));
    assert!(plan.guides.iter().any(|guide| guide.step == STEP));
}

#[test]
fn new_users_get_the_least_that_the_platform_documents() {
    let security = "[[security.create]]\ndatabases = [\"platform\", \"log\"]\nlogin = \"PRE_ADMIN\"\nuser = \"OSADMIN\"\n\
                    as = \"admin\"\n[[security.create]]\ndatabases = [\"log\"]\nlogin = \"PRE_RUNTIME\"\nas = \"runtime\"";
    let plan = planned(&with(Vec::new()), security, Basis::Target);
    let made = items(&plan, "new-database-users");
    assert_eq!(made.len(), 3);
    assert_eq!(
        sql(made[2]),
        [
            "IF DATABASE_PRINCIPAL_ID(N'PRE_RUNTIME') IS NULL\n    CREATE USER [PRE_RUNTIME] FOR LOGIN [PRE_RUNTIME]",
            "ALTER ROLE [db_datareader] ADD MEMBER [PRE_RUNTIME]",
            "ALTER ROLE [db_datawriter] ADD MEMBER [PRE_RUNTIME]",
        ]
    );
    assert_eq!(sql(made[0]).len(), 6);
    assert!(sql(made[0])[0].ends_with("CREATE USER [OSADMIN] FOR LOGIN [PRE_ADMIN]"));
    assert!(made[0].check.contains("u.sid = SUSER_SID(N'PRE_ADMIN')"));
}

#[test]
fn a_user_that_the_settings_made_is_not_dropped_by_the_next_run() {
    let mut made = user("OSADMIN", &[FoundAs::DefaultName]);
    made.login = LoginOf::Named("PRE_ADMIN".to_owned());
    let security = "[[security.create]]\ndatabases = [\"platform\"]\nlogin = \"PRE_ADMIN\"\nuser = \"OSADMIN\"\nas = \"admin\"";
    let plan = planned(&with(vec![made]), security, Basis::Target);
    assert!(items(&plan, STEP).is_empty());
    assert_eq!(left_out(&plan)[0].1, &Reason::MadeHere);
}

#[test]
fn who_was_made_after_the_copy_is_nobody_of_the_sources() {
    let source = with(vec![
        user("OSADMIN", &[FoundAs::DefaultName]),
        user("OSWEB", &[FoundAs::Session]),
    ]);
    let mut later = user("OSADMIN", &[FoundAs::DefaultName]);
    later.sid = "0x02".to_owned();
    later.created = "2026-11-02T08:00:00.000".to_owned();
    let copy = with(vec![later, user("OSWEB", &[])]).with_users_of(&source);
    let plan = planned(&copy, "", Basis::Target);
    let [item] = items(&plan, STEP)[..] else {
        panic!("one user came with the copy");
    };
    assert!(
        item.title
            .ends_with("drop the user OSWEB (a front-end's login)")
    );
}

#[test]
fn engines_without_users_say_so() {
    for (engine, reason, guided) in [
        (Engine::Sqlite, Reason::NoUsers, false),
        (Engine::Oracle, Reason::NewSchemas, true),
    ] {
        let (plan, _) = support::plan(&support::inventory(1, engine));
        assert!(items(&plan, STEP).is_empty());
        assert_eq!(left_out(&plan), [("whole step", &reason)]);
        assert_eq!(plan.guides.iter().any(|it| it.step == STEP), guided);
    }
}
