//! Users, their roles and groups, and the traces of their logging in.

use super::words;
use crate::World;
use crate::moment::{BASE, DAY, HOUR, MINUTE};
use crate::random::{Rng, hex};
use crate::row::Row;

/// The id of the first end user; the others follow without a gap.
pub(crate) const FIRST_END_USER: i64 = 1000;

/// The id of the first developer.
pub(crate) const FIRST_DEVELOPER: i64 = 11;

/// The user that the platform itself needs.
pub(crate) const ADMIN: i64 = 2;

/// The user that stands for a program.
pub(crate) const SERVICE_ACCOUNT: i64 = 19;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rng = Rng::new(world.seed, "people");
    let mut rows = staff(&mut rng);
    rows.extend(end_users(world, &mut rng));
    rows.extend(groups(world, &mut rng));
    rows.extend(attempts(world, &mut rng));
    rows.extend(sessions(world, &mut rng));
    rows
}

fn staff(rng: &mut Rng) -> Vec<Row> {
    let mut rows = vec![
        user(ADMIN, 1, "Administrator".to_owned(), "admin".to_owned())
            .set("EMAIL", "admin@example.com"),
        user(
            SERVICE_ACCOUNT,
            1,
            "Deployment robot".to_owned(),
            "robot.deploy".to_owned(),
        ),
    ];
    for count in 0..5 {
        let id = FIRST_DEVELOPER + count;
        let name = words::person(rng);
        rows.push(user(id, 1, name, format!("dev{count}@example.com")));
        rows.push(
            Row::new("OSSYS_DEVELOPER")
                .set("ID", id)
                .set("USER_ID", id)
                .set("ALLOW_SOLUTIONS", true)
                .set("ALLOW_NEW_ESPACE", true),
        );
        rows.push(
            Row::new("OSSYS_USER_DEVELOPER")
                .set("ID", id)
                .set("USER_ID", id)
                .set("DEVELOPER_ID", id),
        );
        rows.push(Row::new("OSSYS_SERVICECENTER_USER").set("USER_ID", id));
    }
    rows
}

fn user(id: i64, tenant: i64, name: String, login: String) -> Row {
    let password = format!("$1${}", hex(&login, 64));
    Row::new("ossys_User")
        .set("ID", id)
        .set("TENANT_ID", tenant)
        .set("IS_ACTIVE", true)
        .set("CREATION_DATE", BASE.before(700 * DAY))
        .set("LAST_LOGIN", BASE.before(DAY))
        .set("NAME", name)
        .set("USERNAME", login)
        .set("PASSWORD", password)
}

fn end_users(world: &World<'_>, rng: &mut Rng) -> Vec<Row> {
    let tenants: Vec<i64> = world
        .factory
        .tenants
        .iter()
        .filter(|it| it.module != 1)
        .map(|it| it.id)
        .collect();
    let roles = 2 * world.factory.modules.len() as i64;
    let mut rows = Vec::new();
    for (count, id) in (0..world.sizes.users).zip(FIRST_END_USER..) {
        let tenant = tenants[rng.below(tenants.len() as u64) as usize];
        let name = words::person(rng);
        let email = format!("user{count}@example.com");
        rows.push(
            user(id, tenant, name, email.clone())
                .set("EMAIL", email)
                .set("MobilePhone", words::phone(rng))
                .set("IS_ACTIVE", !rng.one_in(12)),
        );
        rows.push(
            Row::new("ossys_User_Role")
                .set("ID", id)
                .set("USER_ID", id)
                .set("Role_Id", 1 + rng.int(roles))
                .set("TENANT_ID", tenant),
        );
        rows.push(
            Row::new("OSSYS_GROUP_USER")
                .set("ID", id)
                .set("USER_ID", id)
                .set("GROUP_ID", 1 + rng.int(GROUPS.len() as i64))
                .set("Tenant_Id", tenant),
        );
    }
    rows
}

const GROUPS: [&str; 4] = ["Desk", "Field", "Finance", "Partners"];

fn groups(world: &World<'_>, rng: &mut Rng) -> Vec<Row> {
    let roles = 2 * world.factory.modules.len() as i64;
    let mut rows = Vec::new();
    for (id, name) in (1_i64..).zip(GROUPS) {
        rows.push(
            Row::new("OSSYS_GROUP")
                .set("ID", id)
                .set("NAME", name)
                .set("CREATED_BY", ADMIN)
                .set("CREATED", BASE.before(600 * DAY))
                .set("TENANT_ID", 2),
        );
        rows.push(
            Row::new("OSSYS_GROUP_ROLE")
                .set("ID", id)
                .set("GROUP_ID", id)
                .set("ROLE_ID", 1 + rng.int(roles))
                .set("Tenant_Id", 2),
        );
    }
    rows
}

fn attempts(world: &World<'_>, rng: &mut Rng) -> Vec<Row> {
    let users = world.sizes.users;
    let mut rows = Vec::new();
    for id in 100..100 + world.sizes.attempts {
        let number = rng.int(users);
        let right = !rng.one_in(9);
        rows.push(
            Row::new("OSSYS_LOGIN_ATTEMPT")
                .set("ID", id)
                .set("USERID", FIRST_END_USER + number)
                .set("USERNAME", format!("user{number}@example.com"))
                .set("SUCCESS", right)
                .set("INSTANT", BASE.before(rng.int(30 * DAY)))
                .set("IPADDRESS", client(rng))
                .set("USERAGENT", "Mozilla/5.0 (invented)")
                .set("VISITOR", rng.guid())
                .set("REQUESTKEY", rng.guid())
                .set("RESULT", if right { "OK" } else { "WrongPassword" }),
        );
    }
    rows
}

/// The address of someone's browser.
pub(crate) fn client(rng: &mut Rng) -> String {
    format!("203.0.113.{}", 1 + rng.below(250))
}

fn sessions(world: &World<'_>, rng: &mut Rng) -> Vec<Row> {
    let mut rows = Vec::new();
    for id in 100..100 + world.sizes.sessions {
        let user = FIRST_END_USER + rng.int(world.sizes.users);
        let expires = BASE.after(rng.int(20 * DAY / MINUTE) * MINUTE);
        rows.push(
            Row::new("OSSYS_LOGIN")
                .set("LOGIN_ID", rng.guid())
                .set("USER_ID", user)
                .set("TENANT_ID", 2)
                .set("EXPIRATION_DATE", expires.ticks())
                .set("IS_PERSISTENT", true),
        );
        rows.push(
            Row::new("ossys_Persistent_Login")
                .set("ID", id)
                .set("USER_ID", user)
                .set("TENANT_ID", 2)
                .set("TERMINAL_TYPE", "WEB")
                .set("SECRET", format!("fake-{}", rng.guid()))
                .set("EXPIRES", expires),
        );
        rows.push(
            Row::new("OSSYS_SSO_SESSION")
                .set("ID", id)
                .set("PERSISTENTLOGINID", id),
        );
        rows.push(
            Row::new("OSSYS_REFRESH_TOKEN")
                .set("REFERENCE_HASH", format!("fake-{}", rng.guid()))
                .set("CREATION_TIME", BASE.before(rng.int(24) * HOUR))
                .set("LIFETIME", 86_400)
                .set("SERIALIZED_ACCESS_TOKEN", format!("fake-{}", rng.guid()))
                .set("VERSION", 4)
                .set("CLIENT_ID", "fake-client")
                .set("SUBJECT_ID", user.to_string()),
        );
    }
    rows
}
