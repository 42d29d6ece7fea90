//! The rows of one log table, each family in the order of its columns.

use super::{Batch, Family};
use crate::bulk::people::{FIRST_END_USER, client};
use crate::bulk::words;
use crate::factory::Module;
use crate::moment::{BASE, DAY, Moment, WEEK};
use crate::names::{FRONT_ENDS, PUBLIC_HOST};
use crate::random::{Rng, rising_guid};
use crate::{Cell, World};

/// Makes the rows of one batch.
pub(crate) struct Maker<'a> {
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
    pub(crate) fn new(world: &World<'a>, batch: &Batch) -> Self {
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

    pub(crate) fn cells(&mut self, family: Family, number: u64) -> Vec<Cell> {
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
