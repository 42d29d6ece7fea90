//! What the environment is busy with: mail and business processes.

use super::people::FIRST_END_USER;
use super::words;
use crate::World;
use crate::factory::file;
use crate::moment::{BASE, DAY, HOUR, MINUTE};
use crate::random::{Rng, guid};
use crate::row::Row;

pub(crate) fn rows(world: &World<'_>) -> Vec<Row> {
    let mut rows = mails(world);
    rows.extend(processes(world));
    rows
}

fn mails(world: &World<'_>) -> Vec<Row> {
    let mut rng = Rng::new(world.seed, "mails");
    let mut rows = Vec::new();
    for id in 100..100 + world.sizes.mails {
        let created = BASE.before(rng.int(20 * DAY / MINUTE) * MINUTE);
        rows.push(
            Row::new("OSSYS_EMAIL")
                .set("ID", id)
                .set("FROM", "noreply@example.com")
                .set("TO", words::email(&mut rng))
                .set("SUBJECT", words::sentence(&mut rng))
                .set("CREATED", created)
                .set("EMAIL_DEFINITION_ID", 1)
                .set("STORE_CONTENT", true)
                .set("SIZE", 300)
                .set("MESSAGE_ID", format!("<{}@example.com>", rng.guid()))
                .set("TENANT_ID", 2),
        );
        let length = 100 + rng.below(400);
        rows.push(
            Row::new("OSSYS_EMAIL_CONTENT")
                .set("ID", id)
                .set("CONTENT", file("MIME", length, &mut rng))
                .set("TENANT_ID", 2),
        );
        rows.push(
            Row::new("OSSYS_EMAIL_STATUS")
                .set("ID", id)
                .set("SENT", created.after(30))
                .set("TENANT_ID", 2),
        );
    }
    rows
}

/// Definitions that instances, planted or not, belong to.
const DEFINITIONS: [(&str, &str); 3] = [
    ("HandleOrder", "Orders_CS"),
    ("CollectPayment", "Billing_CS"),
    ("ConfirmVisit", "FieldVisits"),
];

/// The status of an activity that waits for its turn.
pub(crate) const READY: i64 = 9;
const CLOSED_ACTIVITY: i64 = 5;
/// The status of a process that goes on.
pub(crate) const ACTIVE: i64 = 1;
const CLOSED_PROCESS: i64 = 2;

fn definitions(world: &World<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, (name, module)) in (1_i64..).zip(DEFINITIONS) {
        rows.push(
            Row::new("ossys_BPM_Process_Definition")
                .set("Id", id)
                .set("Name", name)
                .set("Label", name)
                .set("SS_Key", guid(name))
                .set("Is_Active", true)
                .set("Espace_Id", world.factory.module(module)),
        );
        rows.push(
            Row::new("ossys_BPM_Activity_Definition")
                .set("Id", id)
                .set("SS_Key", guid(&format!("{name}/step")))
                .set("Name", "Decide")
                .set("Label", "Decide")
                .set("Kind", 3)
                .set("Process_Def_Id", id)
                .set("Is_Active", true),
        );
    }
    rows
}

fn processes(world: &World<'_>) -> Vec<Row> {
    let mut rng = Rng::new(world.seed, "processes");
    let mut rows = definitions(world);
    for id in 100..100 + world.sizes.processes {
        let definition = 1 + rng.int(DEFINITIONS.len() as i64);
        let created = BASE.before(rng.int(200 * DAY / MINUTE) * MINUTE);
        let closed = !rng.one_in(6);
        rows.push(
            Row::new("ossys_BPM_Process")
                .set("Tenant_Id", 2)
                .set("Id", id)
                .set("LABEL", words::words(&mut rng))
                .set("CREATED", created)
                .set("PROCESS_DEF_ID", definition)
                .set("TOP_PROCESS_ID", id)
                .set("STATUS_ID", if closed { CLOSED_PROCESS } else { ACTIVE }),
        );
        for step in 0..2 {
            rows.push(activity(world, id, step, definition, closed, &mut rng));
        }
        rows.push(
            Row::new("ossys_BPM_Process_Input")
                .set("Tenant_Id", 2)
                .set("Id", id)
                .set("Process_Id", id)
                .set("SS_Key", guid("input"))
                .set("Name", "Requester")
                .set("Data_Type", "Text")
                .set("Input_Value", words::person(&mut rng))
                .set("SS_Type", "rtText"),
        );
    }
    rows
}

fn activity(
    world: &World<'_>,
    process: i64,
    step: i64,
    definition: i64,
    closed: bool,
    rng: &mut Rng,
) -> Row {
    let row = Row::new("ossys_BPM_Activity")
        .set("Tenant_Id", 2)
        .set("Id", 10 * process + step)
        .set("Activity_Def_Id", definition)
        .set("Process_Id", process)
        .set("Name", "Decide")
        .set("User_Id", FIRST_END_USER + rng.int(world.sizes.users))
        .set("Created", BASE.before(10 * DAY));
    if closed || step == 0 {
        row.set("Status_Id", CLOSED_ACTIVITY)
            .set("Closed", BASE.before(rng.int(9 * DAY / HOUR) * HOUR))
    } else {
        row.set("Status_Id", READY)
            .set("Next_Run", BASE.after(HOUR + rng.int(DAY)))
    }
}
