//! The many rows of the logs: five weeks in the log database, and what the platform database kept from before.

mod maker;

use crate::moment::{BASE, DAY};
use crate::row::Place;
use crate::writer::Writer;
use crate::{Sink, Stage, World};
use maker::Maker;

/// A family of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    CyclicJob,
    Error,
    ErrorDetail,
    Extension,
    General,
    Integration,
    IntegrationDetail,
    MobileRequest,
    MobileDetail,
    RequestEvent,
    Screen,
    Sms,
    WebReference,
    WebService,
}

/// Each family with its name in table names and its part of the rows.
const FAMILIES: [(Family, &str, u64); 14] = [
    (Family::CyclicJob, "Cyclic_Job", 4),
    (Family::Error, "Error", 3),
    (Family::ErrorDetail, "Error_Detail", 3),
    (Family::Extension, "Extension", 4),
    (Family::General, "General", 9),
    (Family::Integration, "Integration", 6),
    (Family::IntegrationDetail, "Int_Detail", 3),
    (Family::MobileRequest, "mobile_request", 5),
    (Family::MobileDetail, "MR_Detail", 2),
    (Family::RequestEvent, "RequestEvent", 5),
    (Family::Screen, "Screen", 9),
    (Family::Sms, "Sms", 1),
    (Family::WebReference, "Web_Reference", 2),
    (Family::WebService, "Web_Service", 2),
];

/// How many weeks a log database keeps, this one included.
const WEEKS: i64 = 5;
/// How long ago the platform database got a log database beside it, and its own logs ended.
const OLD_DAYS: i64 = 400;

pub(crate) fn write<S: Sink>(
    world: &World<'_>,
    writer: &mut Writer<'_, S>,
) -> Result<(), S::Error> {
    let batches = batches(world);
    writer.begin(Stage::Logs, batches.iter().map(|it| it.rows).sum());
    for batch in &batches {
        let (role, table) = (batch.place.role(), batch.table());
        let Some(table) = writer.table(batch.place, &table) else {
            continue;
        };
        let mut maker = Maker::new(world, batch);
        for number in 0..batch.rows {
            let cells = maker.cells(batch.family, number);
            writer.write((batch.place, &role), table, &cells)?;
        }
    }
    Ok(())
}

/// The rows of one table.
struct Batch {
    place: Place,
    family: Family,
    name: &'static str,
    cycle: i64,
    rows: u64,
}

impl Batch {
    fn table(&self) -> String {
        format!("oslog_{}_{}", self.name, self.cycle.rem_euclid(10))
    }
}

fn batches(world: &World<'_>) -> Vec<Batch> {
    let now = BASE.cycle();
    let then = BASE.before(OLD_DAYS * DAY).cycle();
    let parts = [
        (Place::Log, now - WEEKS + 1..=now, world.sizes.log_rows),
        (Place::Platform, then - 9..=then, world.sizes.old_log_rows),
    ];
    let weights: u64 = FAMILIES.iter().map(|it| it.2).sum();
    let mut batches = Vec::new();
    for (place, cycles, rows) in parts {
        let weeks = cycles.clone().count() as u64;
        for cycle in cycles {
            for (family, name, weight) in FAMILIES {
                let rows = rows * weight / weights / weeks;
                batches.push(Batch {
                    place,
                    family,
                    name,
                    cycle,
                    rows,
                });
            }
        }
    }
    batches
}
