//! The goals of `docs/performance.md` for Oracle, against a front that plays it and has a MariaDB of its own execute.
//! `cargo bench -p envclone --bench oracle -- walk` measures one of them.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark"
)]

mod support;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use envclone::inspect::{Eyes, inventory};
use envclone::observe;
use envclone::ui::Silent;
use envclone_core::dialect::{self, Dialect};
use envclone_core::engine::Engine as Name;
use envclone_core::filter::Filter;
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Basis, Plan, draft};
use envclone_core::settings::Settings;
use envclone_core::verdict::Coverage;
use envclone_db::oracle::{Loader, Oracle, Side};
use envclone_db::{Access, Engine as _};
use envclone_rehearsal::oracle::{Loaders, fill};
use envclone_rehearsal::{CATALOGS, Spec};
use envclone_testing::oracle::{DBA, OracleLab, PASSWORD};
use support::measure::{in_turns, median, ratio, timed};
use support::watched::{Part, Spent, Watched};
use support::{Bench, KEY, apply, scale_or};

const SOURCE: [&str; 4] = ["OSADMIN", "OSRUNTIME", "OSADMIN_LOG", "LEDGER"];
const TARGET: [&str; 4] = ["QA_OSADMIN", "QA_OSRUNTIME", "QA_OSADMIN_LOG", "QA_LEDGER"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this too, and wants no figures.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let named: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|one| *one == name);
    let spec = Spec {
        scale: scale_or(10),
        seed: 1,
    };
    println!("scale {}", spec.scale);
    let bench = Bench::new(spec.scale);
    let Some(on) = On::start(&bench, &spec) else {
        return;
    };
    let source = on.inventory(&on.settings.source);
    if wanted("walk") {
        walk(&on, &source);
    }
    if wanted("clean-up") {
        clean_up(&bench, &on);
    }
}

/// Two environments in one database.
struct On {
    lab: OracleLab,
    engine: Oracle,
    settings: Settings,
    dialect: &'static dyn Dialect,
    folder: PathBuf,
}

impl On {
    fn start(bench: &Bench, spec: &Spec) -> Option<Self> {
        let lab = OracleLab::start(&[SOURCE, TARGET].concat())?;
        let server = lab.server();
        for schemas in [SOURCE, TARGET] {
            let began = Instant::now();
            let open = |name: &str| Loader::open(&server, name, || false).unwrap();
            let loaders = Loaders {
                platform: open(schemas[0]),
                runtime: open(schemas[1]),
                log: open(schemas[2]),
                catalogs: vec![(CATALOGS[0].to_owned(), open(schemas[3]))],
            };
            fill(loaders, spec, &mut |_| {}).unwrap();
            println!("load: {:.1} s", began.elapsed().as_secs_f64());
        }
        let mut text = "profile = \"extra\"\nclone = \"adopt\"\n".to_owned();
        for (side, schemas) in [("source", SOURCE), ("target", TARGET)] {
            let [platform, runtime, log, extra] = schemas.map(|name| format!("{name}@test"));
            text += &format!(
                "[{side}]\nengine = \"oracle\"\nplatform = \"{platform}\"\nruntime = \"{runtime}\"\nlog = \"{log}\"\n\
                 [{side}.catalogs]\n{} = \"{extra}\"\n",
                CATALOGS[0]
            );
        }
        let side = |name: &str, schemas: [&str; 4], writable| Side {
            name: name.to_owned(),
            server: server.clone(),
            schemas: schemas.map(str::to_owned).to_vec(),
            writable,
        };
        let sides = vec![side("source", SOURCE, false), side("target", TARGET, true)];
        let folder = tempfile::tempdir_in(bench.folder.path()).unwrap().keep();
        Some(Self {
            engine: Oracle::new(sides, "ENVCLONE_MARK", || false),
            settings: Settings::read(&text).unwrap(),
            dialect: dialect::of(Name::Oracle),
            folder,
            lab,
        })
    }

    fn eyes<'a>(&'a self, engine: &'a dyn envclone_db::Engine) -> Eyes<'a> {
        Eyes {
            engine,
            dialect: self.dialect,
            key: &KEY,
        }
    }

    fn inventory(&self, of: &envclone_core::settings::Environment) -> Inventory {
        inventory(self.eyes(&self.engine), of).unwrap()
    }

    fn run(&self) -> PathBuf {
        tempfile::tempdir_in(&self.folder).unwrap().keep()
    }
}

// Walk: every cell of every table searched, against the same columns fetched and thrown away.

fn walk(on: &On, source: &Inventory) {
    let environment = &on.settings.source;
    let found = on.inventory(environment);
    let mut selects = Vec::new();
    for (role, name) in environment.databases() {
        let schema = name.split('@').next().unwrap_or_default().to_owned();
        let tables = &found.database(&role).unwrap().tables;
        let all: Vec<String> = tables
            .iter()
            .map(|table| {
                let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
                on.dialect.select(&table.name, &columns, &Filter::default())
            })
            .collect();
        selects.push((schema, all));
    }
    let spent = Rc::new(RefCell::new(Spent::default()));
    let mut engine = Watched::new(&on.engine, &spent);
    engine.walk = Rc::new(selects.iter().flat_map(|(_, all)| all).cloned().collect());
    let engine = engine;
    let mut coverage = Coverage::default();
    let [searched, bare] = in_turns([
        &mut || {
            *spent.borrow_mut() = Spent::default();
            let verified = observe::verify(on.eyes(&engine), environment, source, &[], &mut Silent);
            coverage = verified.ok().unwrap().coverage;
            Duration::from_secs_f64(spent.borrow().seconds(&[Part::Walk]))
        },
        &mut || bare_fetches(on, &selects),
    ]);
    let mb = coverage.text_bytes as f64 / 1e6;
    println!(
        "walk: {} tables, {} rows, {mb:.0} MB of text; searched {:.2} s, bare fetch {:.2} s; speed against the bare fetch: {}",
        coverage.tables,
        coverage.rows,
        median(searched.clone()),
        median(bare.clone()),
        ratio(&bare, &searched)
    );
}

/// Reads every row with the driver alone, as many at a time as sessions do; how long that took, log-ins not counted.
fn bare_fetches(on: &On, selects: &[(String, Vec<String>)]) -> Duration {
    let mut took = Duration::ZERO;
    for (schema, all) in selects {
        let config = oracledb::Config::default()
            .set_credentials(DBA, PASSWORD)
            .set_connect_string(&on.lab.front.connect_string())
            .unwrap();
        let connection = oracledb::connect(config).unwrap();
        let alter = format!("ALTER SESSION SET CURRENT_SCHEMA = \"{schema}\"");
        connection.execute(&alter, &[]).unwrap();
        took += timed(|| {
            for sql in all {
                let builder = connection.statement(sql).unwrap();
                let statement = builder.exclude_from_cache().fetch_array_size(100).build();
                for row in statement.unwrap().query(&[]).unwrap() {
                    std::hint::black_box(row.unwrap());
                }
            }
        });
    }
    took
}

// Clean-up: with journal, counts, saved rows and checks, against its statements alone.

fn clean_up(bench: &Bench, on: &On) {
    let found = on.inventory(&on.settings.target);
    let drafted = draft(
        &bench.catalogue,
        &on.settings,
        &found,
        None,
        Basis::Target,
        on.dialect,
    )
    .unwrap();
    let mut counts = vec![None; drafted.items.len()];
    for (role, name) in on.settings.target.databases() {
        let mut session = on.engine.open(name, Access::Read).unwrap();
        for (item, count) in drafted.items.iter().zip(&mut counts) {
            if item.database == role {
                *count = Some(session.number(&item.count).unwrap());
            }
        }
    }
    let plan = drafted.counted(&counts);
    let rows: u64 = plan.items.iter().filter_map(|item| item.expect).sum();
    let spent = Rc::new(RefCell::new(Spent::default()));
    let mut engine = Watched::new(&on.engine, &spent);
    engine.undoes = true;
    let engine = engine;
    let before = on.lab.front.received().len();
    let mut requests = 0;
    let [ours, bare] = in_turns([
        &mut || {
            let began = on.lab.front.received().len();
            let took = timed(|| apply(&plan, &on.settings, &engine, on.dialect, &on.run()));
            requests = on.lab.front.received().len() - began;
            took
        },
        &mut || statements(on, &plan),
    ]);
    assert!(on.lab.front.received().len() > before);
    println!(
        "clean-up: {} items, {rows} rows, {requests} requests: {:.2} s, its statements alone {:.2} s, ratio {}",
        plan.items.len(),
        median(ours.clone()),
        median(bare.clone()),
        ratio(&ours, &bare)
    );
}

/// The statements alone, in one transaction for all schemas, undone at its end.
fn statements(on: &On, plan: &Plan) -> Duration {
    let [group] = plan.transactions()[..] else {
        panic!("one transaction");
    };
    let spanned = plan.spanned(group);
    let names: Vec<&str> = spanned.iter().map(|it| it.locator.as_str()).collect();
    timed(|| {
        let mut session = on.engine.open_together(&names).unwrap();
        session.begin().unwrap();
        let mut at = &spanned[0].role;
        for item in &plan.items {
            if *at != item.database {
                at = &item.database;
                let there = spanned.iter().find(|it| it.role == *at).unwrap();
                session.enter(&there.locator).unwrap();
            }
            for statement in item.deed.statements() {
                session.execute(&statement.sql).unwrap();
            }
        }
        session.rollback().unwrap();
    })
}
