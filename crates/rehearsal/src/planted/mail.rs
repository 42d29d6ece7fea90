//! Mail, pending and sent, and the log of who logged in.

use crate::RemovedIn::Documented;
use crate::World;
use crate::factory::file;
use crate::moment::{BASE, DAY, HOUR, MINUTE, NO_DATE};
use crate::names::FRONT_ENDS;
use crate::random::{Rng, guid};
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = vec![
        Row::new("OSSYS_EMAIL_DEFINITION")
            .set("ID", 1)
            .set("ESPACE_ID", world.factory.module("Orders_CS"))
            .set("NAME", "OrderConfirmation")
            .set("SS_KEY", guid("OrderConfirmation"))
            .set("IS_ACTIVE", true),
    ];
    rows.extend(mail(11, "pending"));
    rows.extend(mail(12, "sent"));
    rows.push(attempt());
    rows
}

fn mail(id: i64, state: &'static str) -> [Row; 3] {
    let mut rng = Rng::new(0, state);
    let pending = state == "pending";
    let status = Row::new("OSSYS_EMAIL_STATUS").set("TENANT_ID", 2).plant(
        Documented,
        format!("mail/{state}-status"),
        "how far a mail of the source is",
        "ID",
        id,
    );
    [
        Row::new("OSSYS_EMAIL")
            .set("ID", id)
            .set("FROM", "noreply@example.com")
            .set("CREATED", BASE.before(2 * HOUR))
            .set("EMAIL_DEFINITION_ID", 1)
            .set("STORE_CONTENT", true)
            .set("SIZE", 180)
            .set("TENANT_ID", 2)
            .plant(
                Documented,
                format!("mail/{state}-to"),
                "who a mail of the source goes to",
                "TO",
                format!("vera.placeholt.{state}@example.com"),
            )
            .plant(
                Documented,
                format!("mail/{state}-subject"),
                "what a mail of the source is about",
                "SUBJECT",
                format!("Your order PLANTED-{id} ({state})"),
            ),
        Row::new("OSSYS_EMAIL_CONTENT")
            .set("CONTENT", file("MIME", 180, &mut rng))
            .set("TENANT_ID", 2)
            .plant(
                Documented,
                format!("mail/{state}-content"),
                "what a mail of the source says",
                "ID",
                id,
            ),
        if pending {
            status
                .set("NEXT_RUN", BASE.before(5 * MINUTE))
                .set("ERROR_COUNT", 1)
                .set("SENT", NO_DATE)
                .plant(
                    Documented,
                    "mail/sender",
                    "the front-end that is about to send a mail",
                    "IS_RUNNING_AT",
                    FRONT_ENDS[1].name,
                )
        } else {
            status.set("SENT", BASE.before(HOUR))
        },
    ]
}

fn attempt() -> Row {
    Row::new("OSSYS_LOGIN_ATTEMPT")
        .set("ID", 9)
        .set("USERID", 1000)
        .set("INSTANT", BASE.before(DAY))
        .set("REQUESTKEY", guid("attempt/request"))
        .set("RESULT", "OK")
        .plant(
            Documented,
            "login-attempt/user",
            "who logged in to the source",
            "USERNAME",
            "planted.wren.mockridge@example.com",
        )
        .plant(
            Documented,
            "login-attempt/address",
            "and from where",
            "IPADDRESS",
            "198.51.100.91",
        )
        .plant(
            Documented,
            "login-attempt/visitor",
            "and with which browser",
            "VISITOR",
            guid("attempt/visitor"),
        )
}
