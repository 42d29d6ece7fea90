//! Sessions and tokens that would let someone of the source into its copy.

use super::secret;
use crate::RemovedIn::{Extra, Never};
use crate::bulk::people::{FIRST_END_USER, SERVICE_ACCOUNT};
use crate::moment::{BASE, DAY, HOUR};
use crate::random::guid;
use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = logins();
    rows.extend(refresh_tokens());
    rows.extend(verifiers());
    rows.extend(of_programs());
    rows
}

fn logins() -> Vec<Row> {
    vec![
        Row::new("OSSYS_LOGIN")
            .set("USER_ID", FIRST_END_USER)
            .set("TENANT_ID", 2)
            .set("EXPIRATION_DATE", BASE.after(DAY).ticks())
            .plant(
                Extra,
                "session/login",
                "someone who is logged in to the source",
                "LOGIN_ID",
                secret("session/login"),
            ),
        Row::new("ossys_Persistent_Login")
            .set("ID", 21)
            .set("USER_ID", FIRST_END_USER)
            .set("TENANT_ID", 2)
            .set("TERMINAL_TYPE", "WEB")
            .set("EXPIRES", BASE.after(20 * DAY))
            .plant(
                Extra,
                "session/persistent",
                "someone whom the source remembers",
                "SECRET",
                secret("session/persistent"),
            ),
        Row::new("OSSYS_SSO_SESSION")
            .set("PERSISTENTLOGINID", 21)
            .plant(
                Extra,
                "session/single-sign-on",
                "a session of all applications of the source",
                "ID",
                21,
            ),
        Row::new("OSSYS_SESSIONTOKEN")
            .set("ID", 22)
            .set("USERID", FIRST_END_USER)
            .set("VALIDITY", BASE.after(HOUR))
            .plant(
                Extra,
                "session/token",
                "the token of a session of the source",
                "TOKEN",
                secret("session/token"),
            ),
    ]
}

fn refresh_tokens() -> [Row; 2] {
    [
        Row::new("OSSYS_REFRESH_TOKEN")
            .set("CREATION_TIME", BASE.before(HOUR))
            .set("LIFETIME", 86_400)
            .set("VERSION", 4)
            .set("CLIENT_ID", "fake-client")
            .set("SUBJECT_ID", FIRST_END_USER.to_string())
            .plant(
                Extra,
                "session/refresh-token",
                "a token that renews a session of the source",
                "REFERENCE_HASH",
                secret("session/refresh"),
            )
            .plant(
                Extra,
                "session/access-token",
                "what it renews",
                "SERIALIZED_ACCESS_TOKEN",
                secret("session/access"),
            ),
        Row::new("OSSYS_USER_REFRESH_TOKENS")
            .set("ID", 23)
            .set("USER_ID", FIRST_END_USER)
            .set("TOKEN_REF", b"not a token".to_vec())
            .set("CLIENTID", "fake-client")
            .plant(
                Extra,
                "session/user-refresh-token",
                "a user's token that renews a session of the source",
                "USERNAME",
                "planted.orla.sampleton",
            ),
    ]
}

fn verifiers() -> [Row; 2] {
    let verifier = |table: &'static str, id: &'static str| {
        Row::new(table).set("ID", 24).set("STATE", "waiting").plant(
            Extra,
            id,
            "a login to the source that has only half happened",
            "CODEVERIFIER",
            secret(id),
        )
    };
    [
        verifier("OSSYS_IDSERV_CODEVERIFIER", "session/identity-verifier"),
        verifier("OSSYS_MTSI_CODEVERIFIER", "session/multi-tenant-verifier"),
    ]
}

/// Programs need theirs; whether they do in the copy is for a person to say.
fn of_programs() -> [Row; 3] {
    [
        Row::new("OSSYS_ServiceCenter_Token")
            .set("ID", 25)
            .set("NAME", "Deployment robot")
            .plant(
                Never,
                "token/service-center",
                "a token for the source's Service Center",
                "TOKEN",
                secret("token/service-center"),
            ),
        Row::new("OSSYS_USERSERVICEACCOUNT")
            .set("USERID", SERVICE_ACCOUNT)
            .set("ISSUEDAT", BASE.before(100 * DAY))
            .plant(
                Never,
                "token/service-account-key",
                "the key of a service account of the source",
                "KEY",
                guid("service-account/key"),
            )
            .plant(
                Never,
                "token/service-account",
                "the token of a service account of the source",
                "JWTID",
                guid("service-account/token"),
            ),
        Row::new("OSSYS_SECRETS")
            .set("Name", "FakePlatformSecret")
            .plant(
                Never,
                "token/platform-secret",
                "a secret of the source's platform",
                "VAL",
                secret("token/platform"),
            ),
    ]
}
