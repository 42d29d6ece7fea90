//! The goals of `docs/performance.md` for Oracle, against a front that plays it and has a MariaDB of its own execute.
//! `cargo bench -p envclone --bench oracle -- walk` measures one of them.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark"
)]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
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
use envclone_db::oracle::{Loader, Oracle, Server, Side};
use envclone_db::{Access, Engine as _};
use envclone_rehearsal::oracle::{Loaders, fill};
use envclone_rehearsal::{CATALOGS, Spec};
use envclone_testing::oracle::{DBA, OracleLab, PASSWORD, server_at};
use envclone_tns_server::Answer;
use support::measure::{child, in_turns, median, ratio, timed};
use support::watched::{Part, Spent, Watched};
use support::{Bench, KEY, apply, scale_or};

const SOURCE: [&str; 4] = ["OSADMIN", "OSRUNTIME", "OSADMIN_LOG", "LEDGER"];
const TARGET: [&str; 4] = ["QA_OSADMIN", "QA_OSRUNTIME", "QA_OSADMIN_LOG", "QA_LEDGER"];

/// Names a folder to a process that does nothing but walk, so that its peak memory is the walk's.
const WALK: &str = "ENVCLONE_BENCH_WALK";

/// The same for one that only fetches.
const FETCH: &str = "ENVCLONE_BENCH_FETCH";

fn main() {
    if let Some(folder) = std::env::var_os(WALK) {
        return walk_alone(Path::new(&folder));
    }
    if let Some(folder) = std::env::var_os(FETCH) {
        return fetch_alone(Path::new(&folder));
    }
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
    if wanted("memory") {
        memory(&on, &source);
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
    /// What a walk asks for, as soon as that is known, and how often the rows of it are sent.
    again: Arc<(OnceLock<BTreeSet<String>>, AtomicU64)>,
}

/// Settings for both.
fn settings() -> Settings {
    let mut text = "profile = \"extra\"\nclone = \"adopt\"\n".to_owned();
    for (side, schemas) in [("source", SOURCE), ("target", TARGET)] {
        let [platform, runtime, log, extra] = schemas.map(|name| format!("{name}@test"));
        text += &format!(
            "[{side}]\nengine = \"oracle\"\nplatform = \"{platform}\"\nruntime = \"{runtime}\"\nlog = \"{log}\"\n\
             [{side}.catalogs]\n{} = \"{extra}\"\n",
            CATALOGS[0]
        );
    }
    Settings::read(&text).unwrap()
}

fn engine(server: &Server) -> Oracle {
    let side = |name: &str, schemas: [&str; 4], writable| Side {
        name: name.to_owned(),
        server: server.clone(),
        schemas: schemas.map(str::to_owned).to_vec(),
        writable,
    };
    let sides = vec![side("source", SOURCE, false), side("target", TARGET, true)];
    Oracle::new(sides, "ENVCLONE_MARK", || false)
}

impl On {
    fn start(bench: &Bench, spec: &Spec) -> Option<Self> {
        let again = Arc::new((OnceLock::<BTreeSet<String>>::new(), AtomicU64::new(1)));
        let told = Arc::clone(&again);
        let lab = OracleLab::start_with(&[SOURCE, TARGET].concat(), move |_, request| {
            let times = told.1.load(Ordering::SeqCst);
            let walked = || told.0.get().is_some_and(|all| all.contains(&request.sql));
            (times > 1 && walked()).then(|| Answer::PassOn.again(times))
        })?;
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
        Some(Self {
            engine: engine(&server),
            settings: settings(),
            dialect: dialect::of(Name::Oracle),
            folder: tempfile::tempdir_in(bench.folder.path()).unwrap().keep(),
            lab,
            again,
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

/// A schema, and the queries of a walk through it.
type Selects = Vec<(String, Vec<String>)>;

fn selects(on: &On) -> Selects {
    let environment = &on.settings.source;
    let found = on.inventory(environment);
    let of_one = |(role, name): (_, &str)| {
        let tables = &found.database(&role).unwrap().tables;
        let all = tables.iter().map(|table| {
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            on.dialect.select(&table.name, &columns, &Filter::default())
        });
        let schema = name.split('@').next().unwrap_or_default();
        (schema.to_owned(), all.collect())
    };
    environment.databases().into_iter().map(of_one).collect()
}

fn walk(on: &On, source: &Inventory) {
    let environment = &on.settings.source;
    let selects = selects(on);
    let spent = Rc::new(RefCell::new(Spent::default()));
    let mut engine = Watched::new(&on.engine, &spent);
    engine.walk = Rc::new(selects.iter().flat_map(|(_, all)| all).cloned().collect());
    let engine = engine;
    let mut coverage = Coverage::default();
    let front = &on.lab.front;
    let port = front.port();
    let asked = || (front.received().len() as u64, front.fetches());
    let before = asked();
    bare_fetches(port, &selects, None);
    let of_bare = asked();
    bare_fetches(port, &selects, Some(100));
    let of_first = asked();
    for (what, before, after) in [
        ("the driver's defaults", before, of_bare),
        ("what sessions ask for", of_bare, of_first),
    ] {
        println!(
            "walk: a bare fetch with {what}: {} queries, {} fetches",
            after.0 - before.0,
            after.1 - before.1
        );
    }
    let [searched, bare, first] = in_turns([
        &mut || {
            *spent.borrow_mut() = Spent::default();
            let verified = observe::verify(on.eyes(&engine), environment, source, &[], &mut Silent);
            coverage = verified.ok().unwrap().coverage;
            Duration::from_secs_f64(spent.borrow().seconds(&[Part::Walk]))
        },
        &mut || bare_fetches(port, &selects, None),
        &mut || bare_fetches(port, &selects, Some(100)),
    ]);
    let mb = coverage.text_bytes as f64 / 1e6;
    println!(
        "walk: {} tables, {} rows, {mb:.0} MB of text; searched {:.2} s",
        coverage.tables,
        coverage.rows,
        median(searched.clone()),
    );
    for (what, bare) in [
        ("with the driver's defaults", bare),
        ("that asks as sessions do", first),
    ] {
        println!(
            "walk: bare fetch {what}: {:.2} s; speed against it: {}",
            median(bare.clone()),
            ratio(&bare, &searched)
        );
    }
}

/// Reads every row with the driver alone, as many with each fetch as sessions do; how long that took, log-ins not counted.
/// Where so many rows are to come with the answer to a query, packets may be as large as those of sessions, too.
fn bare_fetches(port: u16, selects: &Selects, first: Option<u32>) -> Duration {
    let mut took = Duration::ZERO;
    let place = match first {
        None => format!("127.0.0.1:{port}/freepdb1"),
        Some(_) => format!(
            "(DESCRIPTION=(SDU=65535)(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))\
             (CONNECT_DATA=(SERVICE_NAME=freepdb1)))"
        ),
    };
    for (schema, all) in selects {
        let config = oracledb::Config::default()
            .set_credentials(DBA, PASSWORD)
            .set_connect_string(&place)
            .unwrap();
        let connection = oracledb::connect(config).unwrap();
        let alter = format!("ALTER SESSION SET CURRENT_SCHEMA = \"{schema}\"");
        connection.execute(&alter, &[]).unwrap();
        took += timed(|| {
            for sql in all {
                let builder = connection.statement(sql).unwrap();
                let mut builder = builder.exclude_from_cache().fetch_array_size(100);
                if let Some(first) = first {
                    builder = builder.prefetch_rows(first);
                }
                for row in builder.build().unwrap().query(&[]).unwrap() {
                    std::hint::black_box(row.unwrap());
                }
            }
        });
    }
    took
}

// Memory: a process that walks an environment, and others that walk one with more rows.

fn memory(on: &On, source: &Inventory) {
    let selects = selects(on);
    let texts = [
        ("port", on.lab.front.port().to_string()),
        ("inventory.json", serde_json::to_string(source).unwrap()),
        ("selects.json", serde_json::to_string(&selects).unwrap()),
    ];
    for (name, text) in texts {
        fs::write(on.folder.join(name), text).unwrap();
    }
    let walked = selects.into_iter().flat_map(|(_, all)| all).collect();
    on.again.0.set(walked).unwrap();
    for times in [1, 10, 50] {
        on.again.1.store(times, Ordering::SeqCst);
        for (what, variable) in [("walk", WALK), ("bare fetch", FETCH)] {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let (took, peak, lines) = child(command.env(variable, &on.folder));
            println!(
                "memory: {what}, every row {times} times: {took:.2} s, peak memory {peak:.1} MB"
            );
            for (_, line) in lines {
                println!("memory:   {line}");
            }
        }
    }
    on.again.1.store(1, Ordering::SeqCst);
}

fn port_in(folder: &Path) -> u16 {
    let text = fs::read_to_string(folder.join("port")).unwrap();
    text.parse().unwrap()
}

/// What such a process does.
fn walk_alone(folder: &Path) {
    let engine = engine(&server_at(port_in(folder)));
    let source = fs::read_to_string(folder.join("inventory.json")).unwrap();
    let source = Inventory::read(&source).unwrap();
    let eyes = Eyes {
        engine: &engine,
        dialect: dialect::of(Name::Oracle),
        key: &KEY,
    };
    let found = observe::verify(eyes, &settings().source, &source, &[], &mut Silent);
    let Coverage {
        rows, text_bytes, ..
    } = found.ok().unwrap().coverage;
    eprintln!("  {rows} rows, {} MB of text", text_bytes / 1_000_000);
}

fn fetch_alone(folder: &Path) {
    let selects = fs::read_to_string(folder.join("selects.json")).unwrap();
    let selects: Selects = serde_json::from_str(&selects).unwrap();
    bare_fetches(port_in(folder), &selects, Some(100));
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
