//! How fast cells are searched, and how fast the alternatives would be: `cargo bench -p envclone-core --bench scan`.
//!
//! Every alternative only finds candidates; the scanner also looks at what stands around them.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use envclone_core::scan::{Scanner, SecretDigest, Term};
use memchr::memmem::Finder;

const KEY: [u8; 32] = [1; 32];
const TOTAL: usize = 8 << 20;

/// A small generator of the same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// What an environment is known by: front-ends, their full names and addresses, zones, catalogs, logins, URLs.
fn terms(count: usize) -> Vec<Term> {
    let kinds: [fn(usize) -> String; 8] = [
        |n| format!("prodfe{n:02}"),
        |n| format!("prodfe{n:02}.corp.example.com"),
        |n| format!("10.20.{}.{}", n % 7, 10 + n),
        |n| format!("apps{n}.example.com"),
        |n| format!("OSPROD_CATALOG{n}"),
        |n| format!("svc_osprod_{n}"),
        |n| {
            format!(
                "{}.example.org",
                ["crm", "billing", "portal", "intranet", "claims", "booking"][n % 6].to_owned()
                    + &"x".repeat(n / 6)
            )
        },
        |n| format!("sqlprod{n}\\OUTSYSTEMS"),
    ];
    (0..count)
        .map(|id| Term {
            id,
            text: kinds[id % kinds.len()](id / kinds.len() + 1),
        })
        .collect()
}

const WORDS: [&str; 32] = [
    "the",
    "order",
    "was",
    "approved",
    "by",
    "customer",
    "service",
    "on",
    "Monday",
    "and",
    "product",
    "will",
    "be",
    "sent",
    "to",
    "address",
    "in",
    "Lisbon",
    "please",
    "contact",
    "support",
    "for",
    "more",
    "information",
    "about",
    "production",
    "process",
    "example",
    "server",
    "application",
    "catalog",
    "portal",
];

fn guid(dice: &mut Dice) -> String {
    let mut part = |digits: usize| {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[dice.below(16)]))
            .collect::<String>()
    };
    format!(
        "{}-{}-{}-{}-{}",
        part(8),
        part(4),
        part(4),
        part(4),
        part(12)
    )
}

fn prose(dice: &mut Dice, length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(dice.pick(&WORDS));
        text.push(if dice.below(9) == 0 { ',' } else { ' ' });
    }
    text
}

fn url(dice: &mut Dice) -> String {
    let host = dice.pick(&[
        "www.outsystems.com",
        "dev.internal.example",
        "cdn.jsdelivr.net",
        "login.microsoftonline.com",
        "devfe01.corp.test",
        "10.30.1.17",
    ]);
    format!(
        "https://{host}/{}/{}.aspx?id={}&ts=2024-03-1{}T10:2{}:00",
        dice.pick(&WORDS),
        dice.pick(&WORDS),
        dice.below(99999),
        dice.below(9),
        dice.below(9)
    )
}

fn json(dice: &mut Dice, length: usize) -> String {
    let mut text = String::from("{");
    while text.len() < length {
        let entry = match dice.below(4) {
            0 => format!("\"{}Id\":{},", dice.pick(&WORDS), dice.below(1_000_000)),
            1 => format!("\"key\":\"{}\",", guid(dice)),
            2 => format!("\"url\":\"{}\",", url(dice)),
            _ => format!("\"{}\":\"{}\",", dice.pick(&WORDS), prose(dice, 30)),
        };
        text.push_str(&entry);
    }
    text + "\"end\":true}"
}

/// Cells of 20 to 2000 bytes, few of them with a trace.
fn cells(terms: &[Term]) -> Vec<Vec<u8>> {
    let mut dice = Dice(42);
    let mut cells = Vec::new();
    let mut total = 0;
    while total < TOTAL {
        let mut cell = match dice.below(10) {
            0..=2 => guid(&mut dice),
            3..=4 => url(&mut dice),
            5 => {
                let length = 20 + dice.below(60);
                prose(&mut dice, length)
            }
            6..=7 => {
                let length = 100 + dice.below(900);
                prose(&mut dice, length)
            }
            _ => {
                let length = 200 + dice.below(1800);
                json(&mut dice, length)
            }
        };
        if dice.below(100) == 0 {
            cell.push_str(" https://");
            cell.push_str(&terms[dice.below(terms.len())].text);
            cell.push_str("/x");
        }
        total += cell.len();
        cells.push(cell.into_bytes());
    }
    cells
}

fn automaton(terms: &[Term], kind: AhoCorasickKind, prefilter: bool) -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .prefilter(prefilter)
        .kind(Some(kind))
        .build(terms.iter().map(|term| &term.text))
        .unwrap()
}

fn scan(c: &mut Criterion) {
    for count in [50, 200] {
        let terms = terms(count);
        let cells = cells(&terms);
        let bytes: usize = cells.iter().map(Vec::len).sum();
        let secrets: Vec<_> = (0..5)
            .map(|n| SecretDigest::of(n, &KEY, &"s".repeat(11 + 7 * n)))
            .collect();
        let scanner = Scanner::new(&terms, &secrets, &KEY).unwrap();
        let mut group = c.benchmark_group(format!("{count} terms"));
        group
            .throughput(Throughput::Bytes(bytes as u64))
            .sample_size(10);

        group.bench_function("scanner, text", |b| {
            b.iter(|| {
                let mut hits = 0;
                cells
                    .iter()
                    .for_each(|cell| scanner.cell(cell, &mut |_| hits += 1));
                black_box(hits)
            });
        });
        group.bench_function("scanner, binary", |b| {
            b.iter(|| {
                let mut hits = 0;
                cells
                    .iter()
                    .for_each(|cell| scanner.blob(cell, &mut |_| hits += 1));
                black_box(hits)
            });
        });
        for length in [36, 200, 2000] {
            let some: Vec<_> = cells
                .iter()
                .filter(|cell| cell.len() >= length)
                .map(|cell| &cell[..length])
                .collect();
            group.throughput(Throughput::Bytes((some.len() * length) as u64));
            group.bench_with_input(
                BenchmarkId::new("scanner, text, cells of", length),
                &some,
                |b, some| {
                    b.iter(|| {
                        let mut hits = 0;
                        some.iter()
                            .for_each(|cell| scanner.cell(cell, &mut |_| hits += 1));
                        black_box(hits)
                    });
                },
            );
        }
        group.throughput(Throughput::Bytes(bytes as u64));
        let kinds = [
            ("automaton, DFA", AhoCorasickKind::DFA, false),
            ("automaton, DFA with prefilter", AhoCorasickKind::DFA, true),
            (
                "automaton, contiguous NFA",
                AhoCorasickKind::ContiguousNFA,
                false,
            ),
        ];
        for (name, kind, prefilter) in kinds {
            let automaton = automaton(&terms, kind, prefilter);
            group.bench_function(name, |b| {
                b.iter(|| {
                    cells
                        .iter()
                        .map(|cell| automaton.find_overlapping_iter(cell).count())
                        .sum::<usize>()
                });
            });
        }
        let lower: Vec<String> = terms
            .iter()
            .map(|term| term.text.to_ascii_lowercase())
            .collect();
        let finders: Vec<_> = lower
            .iter()
            .map(|term| Finder::new(term.as_bytes()))
            .collect();
        group.bench_function("memmem per term, lower-cased cell", |b| {
            let mut folded = Vec::new();
            b.iter(|| {
                let mut hits = 0;
                for cell in &cells {
                    folded.clear();
                    folded.extend(cell.iter().map(u8::to_ascii_lowercase));
                    hits += finders
                        .iter()
                        .map(|finder| finder.find_iter(&folded).count())
                        .sum::<usize>();
                }
                hits
            });
        });
        group.bench_function("naive, contains per term", |b| {
            b.iter(|| {
                let mut hits = 0;
                for cell in &cells {
                    let folded = String::from_utf8_lossy(cell).to_lowercase();
                    hits += lower
                        .iter()
                        .filter(|term| folded.contains(term.as_str()))
                        .count();
                }
                hits
            });
        });
        group.finish();
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
