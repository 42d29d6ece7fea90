//! Business processes: queued events, and an activity that is due.

use crate::RemovedIn::{Documented, Never};
use crate::bulk::work::{ACTIVE, READY};
use crate::moment::{BASE, HOUR, MINUTE};
use crate::names::FRONT_ENDS;
use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        process(),
        activity(51).set("Name", "Approve refund").plant(
            Never,
            "process/due",
            "an activity that starts as soon as the scheduler does",
            "Next_Run",
            BASE.before(19 * MINUTE - 13),
        ),
        activity(52)
            .set("Name", "Send refund")
            .set("Is_Running_Since", BASE.before(7 * MINUTE))
            .plant(
                Never,
                "process/running",
                "an activity that was running on a front-end of the source",
                "Is_Running_At",
                FRONT_ENDS[0].name,
            ),
        event("ossys_BPM_Event", 61).plant(
            Documented,
            "process/light-event",
            "a queued event of the source",
            "Entity_Record_Id",
            "PLANTED-LIGHT-61",
        ),
        event("ossys_BPM_Event_Queue", 62).plant(
            Documented,
            "process/event",
            "a queued event of the source",
            "Data_Id",
            "PLANTED-EVENT-62",
        ),
    ]
}

fn process() -> Row {
    Row::new("ossys_BPM_Process")
        .set("Tenant_Id", 2)
        .set("Id", 41)
        .set("LABEL", "Refund of order PLANTED-41")
        .set("CREATED", BASE.before(3 * HOUR))
        .set("PROCESS_DEF_ID", 1)
        .set("TOP_PROCESS_ID", 41)
        .set("STATUS_ID", ACTIVE)
}

fn activity(id: i64) -> Row {
    Row::new("ossys_BPM_Activity")
        .set("Tenant_Id", 2)
        .set("Id", id)
        .set("Activity_Def_Id", 1)
        .set("Process_Id", 41)
        .set("Created", BASE.before(3 * HOUR))
        .set("Status_Id", READY)
}

fn event(table: &'static str, id: i64) -> Row {
    Row::new(table)
        .set("Id", id)
        .set("Espace_Id", 31)
        .set("Tenant_Id", 2)
        .set("Process_Def_Id", 1)
        .set("Enqueue_Time", BASE.before(20 * MINUTE))
        .set("Error_Count", 0)
        .set("Next_Run", BASE.before(20 * MINUTE))
}
