//! Timers: overdue ones, one that wakes on publishing, and some that ran when the copy was made.

use crate::RemovedIn::Extra;
use crate::World;
use crate::moment::{BASE, DAY, HOUR, MINUTE};
use crate::names::FRONT_ENDS;
use crate::random::guid;
use crate::row::Row;

struct Timer {
    id: i64,
    module: &'static str,
    name: &'static str,
    schedule: &'static str,
    shared: bool,
}

const TIMERS: [Timer; 5] = [
    Timer {
        id: 11,
        module: "Orders_CS",
        name: "ExportOrders",
        schedule: "02:30",
        shared: true,
    },
    Timer {
        id: 12,
        module: "Orders_CS",
        name: "Bootstrap",
        schedule: "When Published",
        shared: true,
    },
    Timer {
        id: 13,
        module: "Partner_IS",
        name: "PushToPartners",
        schedule: "07:45",
        shared: true,
    },
    Timer {
        id: 14,
        module: "Billing_CS",
        name: "CollectPayments",
        schedule: "06:00 Mon Fri",
        shared: false,
    },
    Timer {
        id: 15,
        module: "LegacyShop (deleted0)",
        name: "CleanCarts",
        schedule: "",
        shared: true,
    },
];

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = TIMERS
        .iter()
        .map(|it| {
            Row::new("ossys_Meta_Cyclic_Job")
                .set("ID", it.id)
                .set("ESPACE_ID", world.factory.module(it.module))
                .set("NAME", it.name)
                .set("DEFAULT_SCHEDULE", it.schedule)
                .set("PRIORITY", 1)
                .set("IS_ACTIVE", !it.module.contains("(deleted"))
                .set("SS_KEY", guid(&format!("timer/{}", it.name)))
                .set("TIMEOUT", 20)
                .set("Is_Shared", it.shared)
        })
        .collect();
    rows.extend([
        // Overdue by half a day.
        shared(&TIMERS[0]).set("NEXT_RUN", BASE.before(HOUR * 11 / 2)),
        // Waits for the next publication.
        shared(&TIMERS[1]).set("NEXT_RUN", BASE.after(300_000 * DAY)),
        running(
            shared(&TIMERS[2]).set("NEXT_RUN", BASE.before(15 * MINUTE)),
            "shared",
            0,
        ),
        running(
            of_tenant(91, 4).set("NEXT_RUN", BASE.before(2 * HOUR)),
            "tenant",
            1,
        ),
        of_tenant(92, 6).set("NEXT_RUN", BASE.before(2 * HOUR)),
        shared(&TIMERS[4]),
    ]);
    rows
}

fn shared(timer: &Timer) -> Row {
    Row::new("ossys_Cyclic_Job_Shared")
        .set("META_CYCLIC_JOB_ID", timer.id)
        .set("SCHEDULE", timer.schedule)
        .set("LAST_RUN", BASE.before(DAY))
        .set("LAST_DURATION", 42)
}

fn of_tenant(id: i64, tenant: i64) -> Row {
    Row::new("ossys_Cyclic_Job")
        .set("ID", id)
        .set("META_CYCLIC_JOB_ID", TIMERS[3].id)
        .set("TENANT_ID", tenant)
        .set("SCHEDULE", TIMERS[3].schedule)
        .set("LAST_RUN", BASE.before(3 * DAY))
}

/// Marked as running on a front-end: nothing would ever start it again.
fn running(row: Row, kind: &str, server: usize) -> Row {
    let since = BASE.before(11 * MINUTE + server as i64);
    row.set("NUMBER_OF_TRIES", 1)
        .plant(
            Extra,
            format!("timer/{kind}-running-since"),
            "a timer that ran when the copy was made",
            "IS_RUNNING_SINCE",
            since,
        )
        .plant(
            Extra,
            format!("timer/{kind}-running-by"),
            "the front-end of the source that ran it",
            "IS_RUNNING_BY",
            FRONT_ENDS[server].name,
        )
}
