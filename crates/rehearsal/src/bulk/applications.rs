//! The rows of the application tables.

use super::{people, words};
use crate::factory::{Fill, Stock, Word, file};
use crate::moment::{BASE, DAY, MINUTE};
use crate::random::Rng;
use crate::writer::Writer;
use crate::{Cell, Sink, Stage, World};

pub(crate) fn applications<S: Sink>(
    world: &World<'_>,
    writer: &mut Writer<'_, S>,
) -> Result<(), S::Error> {
    let stocks = &world.factory.stocks;
    writer.begin(Stage::Applications, stocks.iter().map(|it| it.rows).sum());
    let makers = Makers::new(world);
    for stock in stocks {
        let mut rng = Rng::new(world.seed, &stock.table.name);
        let role = stock.place.role();
        let mut cells = Vec::with_capacity(stock.fills.len());
        for number in 1..=stock.rows {
            cells.clear();
            let fills = stock.fills.iter();
            cells.extend(fills.map(|fill| makers.cell(fill, number, &mut rng)));
            writer.write((stock.place, &role), &stock.table, &cells)?;
        }
    }
    Ok(())
}

/// What the cells are drawn from.
struct Makers<'a> {
    stocks: &'a [Stock],
    tenants: Vec<i64>,
    users: i64,
}

impl<'a> Makers<'a> {
    fn new(world: &World<'a>) -> Self {
        let of_users = world.factory.tenants.iter().filter(|it| it.module == 5);
        Self {
            stocks: &world.factory.stocks,
            tenants: of_users.map(|it| it.id).collect(),
            users: world.sizes.users,
        }
    }

    fn cell(&self, fill: &Fill, number: u64, rng: &mut Rng) -> Cell {
        match fill {
            Fill::Key => Cell::Int(number as i64),
            Fill::Tenant => {
                let at = rng.below(self.tenants.len() as u64) as usize;
                Cell::Int(self.tenants.get(at).copied().unwrap_or(2))
            }
            Fill::User => Cell::Int(people::FIRST_END_USER + rng.int(self.users)),
            Fill::Parent(stock) => match self.stocks.get(*stock) {
                Some(parent) if parent.rows > 0 => Cell::Int(1 + rng.int(parent.rows as i64)),
                _ => Cell::Null,
            },
            Fill::Labels(labels) => {
                let label = labels.get(number as usize - 1);
                label.copied().map_or(Cell::Null, Cell::from)
            }
            Fill::Word(word) => word_cell(*word, rng),
        }
    }
}

fn word_cell(word: Word, rng: &mut Rng) -> Cell {
    match word {
        Word::Company => words::company(rng).into(),
        Word::Person => words::person(rng).into(),
        Word::Email => words::email(rng).into(),
        Word::Phone => words::phone(rng).into(),
        Word::Street => words::street(rng).into(),
        Word::City => words::city(rng).into(),
        Word::Url => words::url(rng).into(),
        Word::Code => words::code(rng).into(),
        Word::Words => words::words(rng).into(),
        Word::Sentence => words::sentence(rng).into(),
        Word::Paragraph => words::paragraph(rng).into(),
        Word::Amount => Cell::Decimal {
            unscaled: rng.int(5_000_000),
            scale: 2,
        },
        Word::Count => Cell::Int(rng.int(500)),
        Word::Flag => Cell::Int(rng.int(2)),
        Word::When => BASE.before(rng.int(1500 * DAY / MINUTE) * MINUTE).into(),
        Word::Guid => rng.guid().into(),
        Word::Binary => {
            let length = 40 + rng.below(200);
            file("FILE", length, rng).into()
        }
    }
}
