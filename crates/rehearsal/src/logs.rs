//! The many rows of the logs: five weeks in the log database, and what the platform database kept from before.

use crate::bulk::people::{FIRST_END_USER, client};
use crate::bulk::words;
use crate::factory::Module;
use crate::moment::{BASE, DAY, Moment, WEEK};
use crate::names::{FRONT_ENDS, PUBLIC_HOST};
use crate::random::{Rng, rising_guid};
use crate::row::Place;
use crate::writer::Writer;
use crate::{Cell, Sink, Stage, World};

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

/// Makes the rows of one batch.
struct Maker<'a> {
    rng: Rng,
    /// Identifiers that a family shares with that of its details.
    ids: Rng,
    modules: &'a [Module],
    users: i64,
    cycle: i64,
    start: Moment,
    /// Seconds between two rows.
    pace: i64,
}

impl<'a> Maker<'a> {
    fn new(world: &World<'a>, batch: &Batch) -> Self {
        let table = batch.table();
        let shared = match batch.family {
            Family::ErrorDetail => "Error",
            Family::IntegrationDetail => "Integration",
            Family::MobileDetail => "mobile_request",
            _ => batch.name,
        };
        let label = |it: &str| format!("log/{:?}/{it}/{}", batch.place, batch.cycle);
        let start = Moment::of_cycle(batch.cycle);
        let seconds = BASE.since(start).min(WEEK);
        Self {
            rng: Rng::new(world.seed, &label(&table)),
            ids: Rng::new(world.seed, &label(&format!("{shared}/ids"))),
            modules: &world.factory.modules,
            users: world.sizes.users,
            cycle: batch.cycle,
            start,
            pace: (seconds - 1) / batch.rows.max(1) as i64,
        }
    }

    fn cells(&mut self, family: Family, number: u64) -> Vec<Cell> {
        let at = self.start.after(self.pace * number as i64);
        match family {
            Family::CyclicJob => self.cyclic_job(at),
            Family::Error => self.error(at, number),
            Family::ErrorDetail => self.error_detail(number),
            Family::Extension => self.extension(at),
            Family::General => self.general(at),
            Family::Integration => self.integration(at, number),
            Family::IntegrationDetail | Family::MobileDetail => self.detail(number),
            Family::MobileRequest => self.mobile_request(at, number),
            Family::RequestEvent => self.request_event(at),
            Family::Screen => self.screen(at),
            Family::Sms => self.sms(at),
            Family::WebReference => self.web_reference(at),
            Family::WebService => self.web_service(at),
        }
    }

    fn id(&mut self, number: u64) -> Cell {
        rising_guid(number, &mut self.ids).into()
    }

    fn duration(&mut self) -> Cell {
        Cell::Int(self.rng.int(4000))
    }

    fn user(&mut self) -> Cell {
        Cell::Int(FIRST_END_USER + self.rng.int(self.users))
    }

    fn module(&mut self) -> Option<&'a Module> {
        let at = self.rng.below(self.modules.len() as u64) as usize;
        self.modules.get(at)
    }

    fn espace(&mut self) -> Cell {
        Cell::Int(self.module().map_or(1, |it| it.id))
    }

    fn server(&mut self) -> Cell {
        let at = self.rng.below(FRONT_ENDS.len() as u64) as usize;
        FRONT_ENDS.get(at).map(|it| it.name).into()
    }

    fn session(&mut self) -> Cell {
        format!("{:016x}{:08x}", self.rng.next(), self.rng.below(1 << 32)).into()
    }

    fn key(&mut self) -> Cell {
        self.rng.guid().into()
    }

    fn client(&mut self) -> Cell {
        client(&mut self.rng).into()
    }

    fn sentence(&mut self) -> Cell {
        words::sentence(&mut self.rng).into()
    }

    fn partner(&mut self) -> Cell {
        words::url(&mut self.rng).into()
    }

    fn cycle(&self) -> Cell {
        Cell::Int(self.cycle)
    }

    fn cyclic_job(&mut self, at: Moment) -> Vec<Cell> {
        vec![
            at.into(),
            self.duration(),
            self.key(),
            self.espace(),
            Cell::Int(2),
            self.server(),
            Cell::Null,
            at.before(self.rng.int(90)).into(),
            at.after(DAY).into(),
            self.cycle(),
            self.key(),
        ]
    }

    fn error(&mut self, at: Moment, number: u64) -> Vec<Cell> {
        vec![
            self.id(number),
            at.into(),
            self.session(),
            self.user(),
            self.espace(),
            Cell::Int(2),
            self.sentence(),
            "at Actions.Save() in Actions.cs:line 42".into(),
            "Orders_Portal".into(),
            self.server(),
            self.cycle(),
            "OS 10.0, .NET 4.8 (invented)".into(),
            self.key(),
            "Home".into(),
            "Save".into(),
        ]
    }

    fn error_detail(&mut self, number: u64) -> Vec<Cell> {
        let mut trace = String::from("System.Exception: ");
        trace.push_str(&words::sentence(&mut self.rng));
        for _ in 0..4 + self.rng.below(8) {
            trace.push_str("\r\n   at Invented.");
            trace.push_str(&words::code(&mut self.rng));
            trace.push_str(".Run()");
        }
        vec![self.id(number), trace.into()]
    }

    fn extension(&mut self, at: Moment) -> Vec<Cell> {
        vec![
            at.into(),
            self.duration(),
            "ErpConnector.Read".into(),
            self.session(),
            self.user(),
            self.espace(),
            Cell::Int(2),
            Cell::Int(9),
            self.server(),
            Cell::Null,
            self.cycle(),
            self.key(),
        ]
    }

    fn general(&mut self, at: Moment) -> Vec<Cell> {
        let message = if self.rng.one_in(6) {
            let number = self.rng.int(self.users);
            format!("Login (user{number}@example.com) accepted").into()
        } else {
            self.sentence()
        };
        vec![
            at.into(),
            self.session(),
            self.user(),
            self.espace(),
            Cell::Int(2),
            Cell::Null,
            message,
            "Info".into(),
            "Orders_CS".into(),
            self.cycle(),
            self.key(),
            "Home".into(),
            "Preparation".into(),
            self.client(),
        ]
    }

    fn integration(&mut self, at: Moment, number: u64) -> Vec<Cell> {
        let source = FRONT_ENDS[self.rng.below(2) as usize].address;
        vec![
            self.id(number),
            at.into(),
            self.duration(),
            source.into(),
            self.partner(),
            "PartnerApi.Send".into(),
            "REST (Consume)".into(),
            self.espace(),
            Cell::Int(2),
            Cell::Null,
            self.server(),
            Cell::Int(0),
            self.cycle(),
            self.key(),
        ]
    }

    fn detail(&mut self, number: u64) -> Vec<Cell> {
        vec![
            self.id(number),
            Cell::Int(2),
            self.sentence(),
            words::paragraph(&mut self.rng).into(),
            "HTTP Trace".into(),
            self.cycle(),
        ]
    }

    fn mobile_request(&mut self, at: Moment, number: u64) -> Vec<Cell> {
        let path = self.rng.below(40);
        vec![
            self.id(number),
            at.into(),
            self.espace(),
            Cell::Int(2),
            "Visits".into(),
            format!("https://{PUBLIC_HOST}/FieldVisits/screenservices/{path}").into(),
            self.client(),
            self.duration(),
            self.server(),
            Cell::Null,
            self.cycle(),
            self.key(),
            self.session(),
            self.user(),
        ]
    }

    fn request_event(&mut self, at: Moment) -> Vec<Cell> {
        let module = self.module();
        let key = module.map(|it| it.key.clone()).unwrap_or_default();
        let name = module.map(|it| it.name.clone()).unwrap_or_default();
        vec![
            at.into(),
            self.key(),
            "WebScreenServerExecuted".into(),
            key.clone().into(),
            name.clone().into(),
            key.into(),
            name.into(),
            format!("{{\"Duration\":{},\"Status\":200}}", self.rng.below(4000)).into(),
            self.cycle(),
        ]
    }

    fn screen(&mut self, at: Moment) -> Vec<Cell> {
        vec![
            at.into(),
            self.duration(),
            "Orders.Home".into(),
            self.session(),
            self.user(),
            self.espace(),
            Cell::Int(2),
            Cell::Null,
            "WEB".into(),
            self.cycle(),
            self.server(),
            Cell::Int(self.rng.int(9000)),
            Cell::Int(self.rng.int(4000)),
            Cell::Int(1),
            "Screen".into(),
            self.key(),
            "Preparation".into(),
            self.client(),
        ]
    }

    fn sms(&mut self, at: Moment) -> Vec<Cell> {
        let mut cells = vec![
            at.into(),
            self.user(),
            self.espace(),
            Cell::Int(2),
            self.sentence(),
            self.key(),
            "MT".into(),
            Cell::Int(0),
            self.cycle(),
            Cell::Null,
            words::phone(&mut self.rng).into(),
        ];
        cells.resize(23, Cell::Null);
        cells
    }

    fn web_reference(&mut self, at: Moment) -> Vec<Cell> {
        vec![
            at.into(),
            self.duration(),
            self.partner(),
            "Lookup".into(),
            self.espace(),
            Cell::Int(2),
            self.server(),
            Cell::Null,
            self.cycle(),
            Cell::Null,
        ]
    }

    fn web_service(&mut self, at: Moment) -> Vec<Cell> {
        vec![
            at.into(),
            self.duration(),
            "DirectoryLogin".into(),
            "Check".into(),
            self.espace(),
            Cell::Int(2),
            self.client(),
            self.server(),
            Cell::Null,
            self.cycle(),
        ]
    }
}
