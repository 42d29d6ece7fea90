//! How the user providers log people in by SAML, with the log of who tried.

use super::{cipher, secret};
use crate::RemovedIn::{Documented, Official};
use crate::World;
use crate::factory::USERS_CLONE;
use crate::moment::{BASE, HOUR};
use crate::names::PUBLIC_HOST;
use crate::random::hex;
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = provider(world, "Users", 2, 7100);
    rows.extend(provider(world, USERS_CLONE, 9, 7200));
    rows
}

struct Provider<'a> {
    world: &'a World<'a>,
    module: &'static str,
    tenant: i64,
    name: String,
}

impl Provider<'_> {
    fn row(&self, entity: &str) -> Row {
        Row::new(self.world.factory.physical(self.module, entity)).set("TENANT_ID", self.tenant)
    }

    fn id(&self, what: &str) -> String {
        format!("saml/{}-{what}", self.name)
    }
}

fn provider(world: &World<'_>, module: &'static str, tenant: i64, first: i64) -> Vec<Row> {
    let it = Provider {
        world,
        module,
        tenant,
        name: module.to_lowercase(),
    };
    let (identity, keystore, mapping) = (first + 1, first + 2, first + 3);
    let mut rows = files(&it, identity, keystore);
    rows.push(
        it.row("Config_UserMappings")
            .set("ID", mapping)
            .set("EMAIL_MAPPING", "mail")
            .plant(
                Official,
                it.id("mapping"),
                "which claim gives a user's name",
                "NAME_MAPPING",
                format!("urn:example:{}:displayName", it.name),
            ),
    );
    rows.push(identity_provider(&it, first, identity));
    rows.push(service_provider(&it, first, keystore, mapping));
    rows.push(
        it.row("ConfigInternal")
            .set("ID", first)
            .set("LOGINDEFAULTRETURNURL", "/")
            .set("AUTOUSERPROVISION", true)
            .plant(
                Official,
                it.id("public-url"),
                "the address under which the source is logged in to",
                "PUBLICURL",
                format!("https://{PUBLIC_HOST}/{module}"),
            ),
    );
    rows.push(attempt(&it, first));
    rows
}

fn files(it: &Provider<'_>, identity: i64, keystore: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, what) in [(identity, "idp-certificate"), (keystore, "keystore")] {
        rows.push(
            it.row("ConfigFile")
                .set("ID", id)
                .set("FILENAME", format!("{what}.pfx"))
                .set("MIMETYPE", "application/x-pkcs12")
                .set("SIZE", 17)
                .plant(
                    Official,
                    it.id(&format!("{what}-password")),
                    "the password of a key for logging in by SAML",
                    "FILEPASSWD",
                    secret(&it.id(what)),
                ),
        );
        rows.push(
            it.row("ConfigFileBinary")
                .set("CONTENT", b"not a certificate".to_vec())
                .plant(
                    Official,
                    it.id(what),
                    "a key for logging in by SAML",
                    "ID",
                    id,
                ),
        );
    }
    rows
}

fn identity_provider(it: &Provider<'_>, id: i64, certificate: i64) -> Row {
    let host = format!("login-{}.corp.example.com", it.name);
    it.row("ConfigIdP")
        .set("ID", id)
        .set("SLOURL", format!("https://{host}/saml/logout"))
        .set("WANTSIGNAUTHN", true)
        .set("IDPCERTIFICATEID", certificate)
        .set("HMAC", hex(&it.id("idp"), 40))
        .plant(
            Official,
            it.id("idp-issuer"),
            "who vouches for the source's users",
            "IDPISSUER",
            format!("https://{host}/saml"),
        )
        .plant(
            Official,
            it.id("idp-url"),
            "where the source's users log in",
            "SSOURL",
            format!("https://{host}/saml/login"),
        )
}

fn service_provider(it: &Provider<'_>, id: i64, keystore: i64, mapping: i64) -> Row {
    it.row("ConfigSP")
        .set("ID", id)
        .set("KEYSTOREID", keystore)
        .set("USERMAPPINGID", mapping)
        .set("CONTACT_NAME", "Desk")
        .plant(
            Official,
            it.id("sp-issuer"),
            "what the source calls itself when it logs people in",
            "SPISSUER",
            format!("https://{PUBLIC_HOST}/{}", it.module),
        )
        .plant(
            Official,
            it.id("sp-contact"),
            "who answers for it",
            "CONTACT_EMAIL",
            format!("desk.{}@example.com", it.name),
        )
        .plant(
            Official,
            it.id("sp-signature"),
            "the signature of its settings",
            "HMAC",
            cipher(&it.id("sp")).chars().take(50).collect::<String>(),
        )
}

fn attempt(it: &Provider<'_>, id: i64) -> Row {
    it.row("LoginAttempt")
        .set("ID", id)
        .set("SUCCESS", true)
        .set("INSTANT", BASE.before(HOUR))
        .set("USERAGENT", "Mozilla/5.0 (invented)")
        .plant(
            Documented,
            it.id("attempt-user"),
            "who logged in to the source",
            "USERNAME",
            format!("juno.exampleby@{}.example.com", it.name),
        )
        .plant(
            Documented,
            it.id("attempt-address"),
            "and from where",
            "IPADDRESS",
            format!("198.51.100.{}", id / 100),
        )
}
