//! Words for invented people, firms and texts.

use crate::random::Rng;

const FIRST: [&str; 32] = [
    "Ada", "Alba", "Bela", "Bram", "Cleo", "Dana", "Edda", "Emil", "Fern", "Finn", "Gaia", "Hugo",
    "Ines", "Ivo", "Juno", "Kai", "Lena", "Lux", "Mara", "Milo", "Nell", "Noa", "Odin", "Orla",
    "Pia", "Quin", "Remy", "Suri", "Theo", "Uma", "Vera", "Wren",
];

/// Surnames that nobody has.
const LAST: [&str; 24] = [
    "Exampleby",
    "Mockridge",
    "Sampleton",
    "Testworth",
    "Dummysen",
    "Placeholt",
    "Madeupson",
    "Nobodie",
    "Inventari",
    "Fictorius",
    "Specimenes",
    "Rehearsall",
    "Standinger",
    "Pretendo",
    "Lorimipsum",
    "Fixtureau",
    "Stubbings-Test",
    "Protoname",
    "Synthetica",
    "Imaginez",
    "Demosthein",
    "Fabricato",
    "Unrealova",
    "Phantomas",
];

const FIRMS: [&str; 20] = [
    "Acme",
    "Bluebox",
    "Cogworks",
    "Duskfield",
    "Emberly",
    "Foxglen",
    "Greyharbour",
    "Hollowbrook",
    "Ironleaf",
    "Juniper",
    "Kestrel",
    "Larkspur",
    "Moonmill",
    "Northgate",
    "Oakhurst",
    "Pinewater",
    "Quarry",
    "Redwharf",
    "Stonebridge",
    "Tidewell",
];

const FORMS: [&str; 5] = ["Trading", "Works", "Partners", "Supplies", "Group"];

const STREETS: [&str; 16] = [
    "Amber", "Birch", "Copper", "Dolphin", "Elm", "Fountain", "Garden", "Harbour", "Iris",
    "Juniper", "Kiln", "Lantern", "Meadow", "Needle", "Orchard", "Pepper",
];

const CITIES: [&str; 16] = [
    "Alderwick",
    "Brambleton",
    "Castlemere",
    "Dunholt",
    "Eastferry",
    "Fennbridge",
    "Glasswater",
    "Highmoor",
    "Inkwell",
    "Jadeport",
    "Kingsmarsh",
    "Lowtide",
    "Mistvale",
    "Newhithe",
    "Oldcross",
    "Plumstead Falls",
];

const WORDS: [&str; 80] = [
    "account",
    "address",
    "after",
    "again",
    "agreed",
    "already",
    "amount",
    "answer",
    "asked",
    "before",
    "booked",
    "branch",
    "broken",
    "called",
    "carrier",
    "change",
    "checked",
    "closed",
    "colleague",
    "complaint",
    "complete",
    "contract",
    "customer",
    "damage",
    "deadline",
    "delivered",
    "delivery",
    "department",
    "description",
    "details",
    "differs",
    "discount",
    "document",
    "early",
    "earlier",
    "entered",
    "expected",
    "forwarded",
    "found",
    "goods",
    "green",
    "invoice",
    "item",
    "kept",
    "later",
    "letter",
    "list",
    "manager",
    "message",
    "missing",
    "moment",
    "morning",
    "needs",
    "number",
    "office",
    "open",
    "order",
    "parcel",
    "part",
    "payment",
    "phone",
    "picked",
    "please",
    "price",
    "promised",
    "received",
    "refund",
    "remains",
    "repair",
    "request",
    "returned",
    "second",
    "sent",
    "signed",
    "still",
    "stock",
    "thanks",
    "visit",
    "wanted",
    "warehouse",
];

pub(crate) fn person(rng: &mut Rng) -> String {
    join(rng.pick(&FIRST), ' ', rng.pick(&LAST))
}

/// An address in a domain that nobody can own.
pub(crate) fn email(rng: &mut Rng) -> String {
    let number = rng.below(10_000);
    let mut text = String::with_capacity(48);
    text.push_str(rng.pick(&FIRST));
    text.push('.');
    text.push_str(rng.pick(&LAST));
    text.make_ascii_lowercase();
    text.push_str(&number.to_string());
    text.push_str(rng.pick(&["@example.com", "@example.org", "@mail.example.com"]));
    text
}

pub(crate) fn company(rng: &mut Rng) -> String {
    let mut text = join(rng.pick(&FIRMS), ' ', rng.pick(&STREETS));
    text.push(' ');
    text.push_str(rng.pick(&FORMS));
    text
}

/// A number of a range that is kept for films.
pub(crate) fn phone(rng: &mut Rng) -> String {
    format!("+1 555 01{:02}", rng.below(100))
}

pub(crate) fn street(rng: &mut Rng) -> String {
    format!(
        "{} {} {}",
        1 + rng.below(220),
        rng.pick(&STREETS),
        rng.pick(&["Street", "Lane", "Road", "Square"])
    )
}

pub(crate) fn city(rng: &mut Rng) -> &'static str {
    rng.pick(&CITIES)
}

pub(crate) fn url(rng: &mut Rng) -> String {
    format!(
        "https://www.{}{}.example.net/{}/{}",
        rng.pick(&FIRMS).to_ascii_lowercase(),
        rng.below(40),
        rng.pick(&WORDS),
        rng.below(100_000)
    )
}

pub(crate) fn code(rng: &mut Rng) -> String {
    format!(
        "{}-{:07}",
        rng.pick(&["AB", "CX", "KD", "MT", "QR", "ZW"]),
        rng.below(10_000_000)
    )
}

pub(crate) fn words(rng: &mut Rng) -> String {
    join(rng.pick(&WORDS), ' ', rng.pick(&WORDS))
}

pub(crate) fn sentence(rng: &mut Rng) -> String {
    let mut text = String::with_capacity(64);
    push_sentence(&mut text, rng);
    text
}

pub(crate) fn paragraph(rng: &mut Rng) -> String {
    let sentences = 1 + rng.below(6);
    let mut text = String::with_capacity(64 * sentences as usize);
    for count in 0..sentences {
        if count > 0 {
            text.push(' ');
        }
        push_sentence(&mut text, rng);
    }
    text
}

fn push_sentence(text: &mut String, rng: &mut Rng) {
    let start = text.len();
    let words = 4 + rng.below(8);
    for count in 0..words {
        if count > 0 {
            text.push(' ');
        }
        text.push_str(rng.pick(&WORDS));
    }
    if let Some(first) = text.get_mut(start..start + 1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
}

fn join(one: &str, between: char, other: &str) -> String {
    let mut text = String::with_capacity(one.len() + other.len() + 24);
    text.push_str(one);
    text.push(between);
    text.push_str(other);
    text
}
