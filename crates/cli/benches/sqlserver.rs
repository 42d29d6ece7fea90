//! The goals of `docs/performance.md` for SQL Server. What needs no server that executes SQL is measured against one that
//! plays it (`support::played`), the rest where `ENVCLONE_TEST_SQLSERVER` names a server.
//! `cargo bench -p envclone --bench sqlserver -- trips walk` measures some of them.

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
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use envclone::config::Config;
use envclone::connect;
use envclone::inspect::{Eyes, inventory};
use envclone::observe;
use envclone::ui::Silent;
use envclone_core::dialect::{self, Dialect};
use envclone_core::engine::Engine as Name;
use envclone_core::filter::Filter;
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Basis, Deed, Plan, draft};
use envclone_core::settings::{Environment, Settings};
use envclone_core::verdict::Coverage;
use envclone_db::sqlserver::{Encryption, Loader, Login, Place, Server, Side, SqlServer, Trust};
use envclone_db::{Access, Engine, Go, Row};
use envclone_rehearsal::sqlserver::{Error as LoadError, Loaders, fill};
use envclone_rehearsal::{CATALOGS, Spec};
use envclone_tds_server::Request;
use envclone_testing::Databases;
use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use support::measure::{child, computed, in_turns, median, program, ratio, timed};
use support::played::Played;
use support::watched::{Part, Spent, Watched};
use support::{Bench, KEY, apply, padding, scale_or, server_settings};
use tokio_util::compat::TokioAsyncWriteCompatExt as _;

/// Names a folder to a process that does nothing but walk, so that its peak memory is the walk's.
const WALK: &str = "ENVCLONE_BENCH_WALK";

/// A large factory's database, as inspection's goal has it: tables and columns.
const LARGE: [usize; 2] = [3400, 21_600];

fn main() {
    if let Some(folder) = std::env::var_os(WALK) {
        return walk_alone(Path::new(&folder));
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
    if wanted("trips") {
        trips(&bench, &spec);
    }
    if wanted("walk") {
        for more in ["", "encryption = \"off\"\n"] {
            walk_played(&bench, &spec, more);
        }
    }
    if wanted("memory") {
        memory(&bench, &spec);
    }
    if wanted("inspect") {
        inspect_played(&bench, &spec);
    }
    let Some(server) = envclone_testing::sql_server() else {
        println!(
            "not measured, since no server is named: load, clean-up, walk and inspection there, rehearse"
        );
        return;
    };
    if ["load", "clean-up", "walk", "inspect"]
        .into_iter()
        .any(wanted)
    {
        live(&bench, &server, &spec, &wanted);
    }
    if wanted("rehearse") {
        rehearse(&server);
    }
}

/// An environment on a server.
struct On {
    what: &'static str,
    settings: Settings,
    engine: Box<dyn Engine>,
    dialect: &'static dyn Dialect,
    servers: [Server; 2],
    /// Where its settings are.
    folder: PathBuf,
}

impl On {
    fn new(what: &'static str, text: &str, folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).unwrap().keep();
        let file = folder.join("envclone.toml");
        fs::write(&file, text).unwrap();
        Self::load(what, &file)
    }

    fn load(what: &'static str, file: &Path) -> Self {
        let Config {
            settings, folder, ..
        } = Config::load(file).ok().unwrap();
        let sides = connect::sql_servers(&settings, &folder).ok().unwrap();
        Self {
            what,
            engine: connect::engine(&settings, &folder).ok().unwrap(),
            settings,
            dialect: dialect::of(Name::SqlServer),
            servers: sides.map(|side| side.server),
            folder,
        }
    }

    fn eyes<'a>(&'a self, engine: &'a dyn Engine) -> Eyes<'a> {
        Eyes {
            engine,
            dialect: self.dialect,
            key: &KEY,
        }
    }

    fn inventory(&self, of: &Environment) -> Inventory {
        inventory(self.eyes(self.engine.as_ref()), of).unwrap()
    }

    fn plan(&self, bench: &Bench, of: &Inventory) -> Plan {
        let (catalogue, settings) = (&bench.catalogue, &self.settings);
        draft(catalogue, settings, of, None, Basis::Target, self.dialect).unwrap()
    }

    /// A new folder for a run.
    fn run(&self) -> PathBuf {
        let folder = tempfile::tempdir_in(&self.folder).unwrap();
        folder.keep()
    }
}

// Round trips: what goes over the line in a clean-up, from the server's own record.

fn trips(bench: &Bench, spec: &Spec) {
    let played = Played::start(bench, spec);
    let on = On::new("played", &played.settings(bench, ""), bench.folder.path());
    let found = Inventory {
        engine: Name::SqlServer,
        ..bench.inventory.clone()
    }
    .sealed();
    let plan = on.plan(bench, &found);
    // The same items, counted in the files.
    let plan = plan.counted(&bench.counts(&bench.draft()));
    played.clean();
    let (requests, logins) = (played.server.received().len(), played.server.logins().len());
    apply(
        &plan,
        &on.settings,
        on.engine.as_ref(),
        on.dialect,
        &on.run(),
    );
    let requests = played.server.received().split_off(requests);
    let logins = played.server.logins().len() - logins;
    let mut table: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for request in &requests {
        let row = table.entry(&request.database).or_default();
        *row.entry(part(request)).or_default() += 1;
    }
    println!(
        "trips: a clean-up of {} items: {} requests after {logins} log-ins",
        plan.items.len(),
        requests.len()
    );
    for (database, parts) in table {
        println!(
            "trips:   {database}: {} {parts:?}",
            parts.values().sum::<usize>()
        );
    }
    let [ours] = in_turns([&mut || {
        timed(|| {
            apply(
                &plan,
                &on.settings,
                on.engine.as_ref(),
                on.dialect,
                &on.run(),
            )
        })
    }]);
    println!(
        "trips: against a server that answers at once: {:.2} s",
        median(ours)
    );
}

/// What a request of a clean-up is for.
fn part(request: &Request) -> &'static str {
    let begins = |with: &str| request.sql.starts_with(with);
    match () {
        () if begins("SET ") || begins("DECLARE @granted") => "settings and lock",
        () if request.database == "master" => "which database it is",
        () if begins("BEGIN ") => "begin",
        () if begins("COMMIT ") => "commit",
        () if begins("SELECT COUNT") => "counts before the first item",
        () if request.sql.contains("envclone_mark") || begins("SELECT CONVERT") => "mark",
        () if request.sql.contains("SELECT ROWCOUNT_BIG()") => "statements with their checks",
        () => "saved rows",
    }
}

// Walk: every cell of every table searched, against the same columns selected and thrown away.

fn walk_played(bench: &Bench, spec: &Spec, more: &str) {
    let played = Played::start(bench, spec);
    let what = if more.is_empty() {
        "played, encrypted"
    } else {
        "played, log-in encrypted"
    };
    let on = On::new(what, &played.settings(bench, more), bench.folder.path());
    played.repeat(10);
    walk(&on, &bench.inventory);
}

fn walk(on: &On, source: &Inventory) {
    let environment = &on.settings.source;
    let selects = selects(on, environment);
    let spent = Rc::new(RefCell::new(Spent::default()));
    let mut engine = Watched::new(on.engine.as_ref(), &spent);
    engine.walk = Rc::new(selects.iter().flat_map(|(_, all)| all).cloned().collect());
    let engine = engine;
    let mut coverage = Coverage::default();
    let mut processors = [Vec::new(), Vec::new()];
    let [searched, bare] = {
        let [ours, theirs] = &mut processors;
        in_turns([
            &mut || {
                *spent.borrow_mut() = Spent::default();
                let found =
                    observe::verify(on.eyes(&engine), environment, source, &[], &mut Silent);
                coverage = found.ok().unwrap().coverage;
                let spent = spent.borrow();
                ours.push(spent.computed.as_secs_f64());
                Duration::from_secs_f64(spent.seconds(&[Part::Walk]))
            },
            &mut || {
                let (took, computed) = bare_selects(&on.servers[0], &selects);
                theirs.push(computed.as_secs_f64());
                took
            },
        ])
    };
    let [ours, theirs] = processors.map(|all| all[1..].to_vec());
    let mb = coverage.text_bytes as f64 / 1e6;
    println!(
        "walk ({}): {} tables, {} rows, {mb:.0} MB of text, {} terms, {} secrets",
        on.what, coverage.tables, coverage.rows, coverage.terms, coverage.secrets
    );
    for (name, times, processor) in [
        ("searched", &searched, &ours),
        ("bare SELECT", &bare, &theirs),
    ] {
        let time = median(times.clone());
        println!(
            "walk ({}): {name}: {time:.2} s, {:.0} MB of text/s, {:.0} rows/s, {:.2} s of the processor",
            on.what,
            mb / time,
            coverage.rows as f64 / time,
            median(processor.clone())
        );
    }
    println!(
        "walk ({}): speed against the bare SELECT: {}, by processor time {}",
        on.what,
        ratio(&bare, &searched),
        ratio(&theirs, &ours)
    );
}

/// The queries of a walk, by the databases' names without their server.
fn selects(on: &On, environment: &Environment) -> Vec<(String, Vec<String>)> {
    let found = on.inventory(environment);
    let of_one = |(role, name): (_, &str)| {
        let tables = &found.database(&role).unwrap().tables;
        let all = tables.iter().map(|table| {
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            on.dialect.select(&table.name, &columns, &Filter::default())
        });
        let catalog = name.split('@').next().unwrap_or_default();
        (catalog.to_owned(), all.collect())
    };
    environment.databases().into_iter().map(of_one).collect()
}

/// Reads every row of these queries with the driver alone; how long that took, and how much of the processor, connections
/// not counted.
fn bare_selects(server: &Server, selects: &[(String, Vec<String>)]) -> (Duration, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (mut took, mut processor) = (Duration::ZERO, Duration::ZERO);
    for (catalog, all) in selects {
        let mut client = runtime.block_on(async {
            let config = config(server, catalog);
            let tcp = tokio::net::TcpStream::connect(config.get_addr())
                .await
                .unwrap();
            tcp.set_nodelay(true).unwrap();
            tiberius::Client::connect(config, tcp.compat_write())
                .await
                .unwrap()
        });
        for sql in all {
            let read = async {
                let mut stream = client.simple_query(sql).await.unwrap();
                while let Some(item) = stream.try_next().await.unwrap() {
                    std::hint::black_box(&item);
                }
            };
            // Each query for itself, as the walk's are measured.
            processor += computed(|| took += timed(|| runtime.block_on(read)));
        }
    }
    (took, processor)
}

fn config(server: &Server, catalog: &str) -> tiberius::Config {
    let (Login::Sql { user, password }, Place::Port(port)) = (&server.login, &server.place) else {
        panic!("a bench logs in with a password, at a port");
    };
    let mut config = tiberius::Config::new();
    config.host(&server.host);
    config.port(*port);
    config.database(catalog);
    config.authentication(tiberius::AuthMethod::sql_server(
        user,
        password.expose_secret(),
    ));
    config.encryption(match server.encryption {
        Encryption::Off => tiberius::EncryptionLevel::Off,
        Encryption::On | Encryption::Strict => tiberius::EncryptionLevel::Required,
    });
    if server.trust == Trust::Any {
        config.trust_cert();
    }
    config
}

// Memory: a process that walks a database, and one that walks some that are larger.

fn memory(bench: &Bench, spec: &Spec) {
    let played = Played::start(bench, spec);
    let on = On::new("played", &played.settings(bench, ""), bench.folder.path());
    let source = serde_json::to_string(&bench.inventory).unwrap();
    fs::write(on.folder.join("inventory.json"), source).unwrap();
    for times in [1, 10, 50] {
        played.repeat(times);
        let mut command = Command::new(std::env::current_exe().unwrap());
        let (took, peak, lines) = child(command.env(WALK, &on.folder));
        println!("memory: every row {times} times: {took:.2} s, peak memory {peak:.1} MB");
        for (_, line) in lines {
            println!("memory:   {line}");
        }
    }
}

/// What such a process does.
fn walk_alone(folder: &Path) {
    let on = On::load("alone", &folder.join("envclone.toml"));
    let source = fs::read_to_string(folder.join("inventory.json")).unwrap();
    let source = Inventory::read(&source).unwrap();
    let eyes = on.eyes(on.engine.as_ref());
    let found = observe::verify(eyes, &on.settings.source, &source, &[], &mut Silent);
    let Coverage {
        rows, text_bytes, ..
    } = found.ok().unwrap().coverage;
    eprintln!("  {rows} rows, {} MB of text", text_bytes / 1_000_000);
}

// Inspection of a database with many tables.

fn inspect_played(bench: &Bench, spec: &Spec) {
    let played = Played::start(bench, spec);
    let [tables, columns] = LARGE;
    played.pad(bench, tables, columns);
    let on = On::new("played", &played.settings(bench, ""), bench.folder.path());
    inspect(&on);
    let before = played.server.received().len();
    on.inventory(&on.settings.source);
    let requests = played.server.received().len() - before;
    println!("inspect (played): {requests} requests");
}

fn inspect(on: &On) {
    let spent = Rc::new(RefCell::new(Spent::default()));
    let engine = Watched::new(on.engine.as_ref(), &spent);
    let mut found = None;
    let mut processor = Vec::new();
    let mut shares = Vec::new();
    let [times] = in_turns([&mut || {
        *spent.borrow_mut() = Spent::default();
        let mut took = Duration::ZERO;
        let computed = computed(|| {
            took = timed(|| {
                found = Some(inventory(on.eyes(&engine), &on.settings.source).unwrap());
            });
        });
        processor.push(computed.as_secs_f64());
        let spent = spent.borrow();
        shares.push([
            spent.seconds(&[Part::Open]),
            spent.seconds(&[Part::Query, Part::Count]),
        ]);
        took
    }]);
    let found = found.unwrap();
    let platform = &found.databases[0].tables;
    let share = |at: usize| median(shares[1..].iter().map(|share| share[at]).collect());
    println!(
        "inspect ({}): {} tables and {} columns in the platform database: {:.2} s, of that log-ins {:.2} s, queries {:.2} s; {:.2} s of our processor time",
        on.what,
        platform.len(),
        platform
            .iter()
            .map(|table| table.columns.len())
            .sum::<usize>(),
        median(times),
        share(0),
        share(1),
        median(processor[1..].to_vec())
    );
}

// On a server that executes SQL: two environments are loaded, one is cleaned, the other walked.

fn live(bench: &Bench, server: &Server, spec: &Spec, wanted: &dyn Fn(&str) -> bool) {
    let databases = loaded(server, spec);
    let names = databases.names();
    let text = settings_of(server, bench.folder.path(), names);
    let on = On::new("server", &text, bench.folder.path());
    let source = on.inventory(&on.settings.source);
    if wanted("clean-up") {
        clean_up(bench, &on);
    }
    if wanted("walk") {
        walk(&on, &source);
    }
    if wanted("inspect") {
        let mut drops = Vec::new();
        let took = timed(|| drops = pad(server, &names[0], &source));
        println!(
            "inspect (server): creating the tables took {:.0} s",
            took.as_secs_f64()
        );
        inspect(&on);
        batches(server, &names[0], &drops);
    }
}

/// Settings for databases on it, source and target.
fn settings_of(server: &Server, folder: &Path, names: &[String]) -> String {
    let (Login::Sql { user, password }, Place::Port(port)) = (&server.login, &server.place) else {
        panic!("the named server has a port and a login of its own");
    };
    let file = folder.join("password");
    fs::write(&file, password.expose_secret()).unwrap();
    let trust = server.trust == Trust::Any;
    let text = format!(
        "host = \"{}\"\nport = {port}\nuser = \"{user}\"\npassword = {{ file = '{}' }}\ntrust-certificate = {trust}",
        server.host,
        file.display()
    );
    server_settings([&names[..3], &names[3..]], &text)
}

/// A source and a target, both full. Babelfish loses its place in some bulk loads (which ones depends on the seed, and on
/// nothing that SQL Server minds), so that another seed is tried where one fails.
fn loaded(server: &Server, spec: &Spec) -> Databases {
    for seed in spec.seed.. {
        let databases = Databases::create(server, "bench", 6);
        let spec = Spec { seed, ..*spec };
        let mut sides = databases.names().chunks(3);
        match sides.try_for_each(|names| load(server, names, &spec)) {
            Ok(()) => return databases,
            Err(error) => println!("load: seed {seed}: {}", envclone::failure::chain(&error)),
        }
        assert!(seed < spec.seed + 10, "no seed can be loaded");
    }
    panic!("there is always another seed");
}

fn load(server: &Server, names: &[String], spec: &Spec) -> Result<(), LoadError> {
    let open = |name: &String| Loader::open(server, name, || false).unwrap();
    let loaders = Loaders {
        platform: open(&names[0]),
        log: open(&names[1]),
        catalogs: vec![(CATALOGS[0].to_owned(), open(&names[2]))],
    };
    let began = Instant::now();
    let manifest = fill(loaders, spec, &mut |_| {})?;
    let seconds = began.elapsed().as_secs_f64();
    let rows: u64 = manifest.databases.iter().map(|one| one.rows).sum();
    println!(
        "load: seed {}, an environment with {rows} rows: {seconds:.1} s, {:.0} rows/s",
        spec.seed,
        rows as f64 / seconds
    );
    Ok(())
}

/// A clean-up with journal, counts, saved rows and checks, against its statements alone, and against as many questions.
/// All but one are undone at their end, so that each has the same to do.
fn clean_up(bench: &Bench, on: &On) {
    let found = on.inventory(&on.settings.target);
    let drafted = on.plan(bench, &found);
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
    let mut engine = Watched::new(on.engine.as_ref(), &spent);
    engine.undoes = true;
    let parts = [
        ("opening and closing", &[Part::Open, Part::Close][..]),
        ("counts before the first item", &[Part::Count]),
        ("statements with their checks", &[Part::Change]),
        ("other queries", &[Part::Query]),
        (
            "begin, commit and roll back",
            &[Part::Begin, Part::Commit, Part::Rollback],
        ),
    ];
    let shares = RefCell::new(Vec::new());
    let run = |engine: &Watched<'_>| {
        let folder = on.run();
        *spent.borrow_mut() = Spent::default();
        let took = timed(|| apply(&plan, &on.settings, engine, on.dialect, &folder));
        let spent = spent.borrow();
        shares
            .borrow_mut()
            .push(parts.map(|(_, parts)| spent.seconds(parts)));
        // A server may take a moment to notice that a session has ended, and its lock with it.
        std::thread::sleep(Duration::from_secs(1));
        took
    };
    let asked = trips_of(&plan);
    let [ours, bare, questions] = in_turns([
        &mut || run(&engine),
        &mut || statements(on, &plan),
        &mut || {
            let mut session = on
                .engine
                .open(&on.settings.target.platform, Access::Read)
                .unwrap();
            timed(|| (0..asked).for_each(|_| assert_eq!(session.number("SELECT 1").unwrap(), 1)))
        },
    ]);
    let undone = shares.take();
    engine.undoes = false;
    let committed = run(&engine).as_secs_f64();
    println!(
        "clean-up: {} items, {rows} rows: {:.2} s, and {committed:.2} s for the one that is committed; its statements alone {:.2} s, ratio {}; {asked} questions for the number 1 {:.2} s",
        plan.items.len(),
        median(ours.clone()),
        median(bare.clone()),
        ratio(&ours, &bare),
        median(questions)
    );
    let shares = shares.take();
    for (at, (name, _)) in parts.iter().enumerate() {
        let share = median(undone[1..].iter().map(|share| share[at]).collect());
        println!(
            "clean-up:   {name}: {share:.2} s, in the committed one {:.2} s",
            shares[0][at]
        );
    }
}

/// How often a clean-up asks for something between its beginnings and ends.
fn trips_of(plan: &Plan) -> usize {
    let one = |item: &envclone_core::plan::Item| {
        item.deed.statements().len() + usize::from(item.save.is_some())
    };
    plan.items.iter().map(one).sum()
}

/// A plan's statements and nothing else, undone at their end.
fn statements(on: &On, plan: &Plan) -> Duration {
    let mut took = Duration::ZERO;
    for (role, name) in on.settings.target.databases() {
        let mut session = on.engine.open(name, Access::Read).unwrap();
        took += timed(|| {
            session.begin().unwrap();
            for item in plan.items.iter().filter(|item| item.database == role) {
                if let Deed::Sql { statements } = &item.deed {
                    for statement in statements {
                        session.execute(&statement.sql).unwrap();
                    }
                }
            }
            session.rollback().unwrap();
        });
    }
    took
}

/// Adds tables to a database until it is as large as inspection's goal has it; what drops them again.
fn pad(server: &Server, name: &str, found: &Inventory) -> Vec<String> {
    let [tables, columns] = LARGE;
    let more = padding(&found.databases[0].tables, tables, columns);
    let create = more.iter().map(|(table, columns)| {
        let columns: Vec<String> = columns.iter().map(|name| format!("[{name}] int")).collect();
        format!("CREATE TABLE [dbo].[{table}] ({});", columns.join(", "))
    });
    batches(server, name, &create.collect::<Vec<_>>());
    let drop = more.iter();
    drop.map(|(table, _)| format!("DROP TABLE [dbo].[{table}];"))
        .collect()
}

/// Runs statements, some at once: thousands in one transaction are more than a server may have locks for.
fn batches(server: &Server, name: &str, statements: &[String]) {
    let side = Side {
        name: "target".to_owned(),
        server: server.clone(),
        catalogs: vec![name.to_owned()],
        writable: true,
    };
    let engine = SqlServer::new(vec![side], || false);
    let name = format!("{name}@{}", server.label);
    let mut session = engine.open(&name, Access::Write).unwrap();
    for some in statements.chunks(34) {
        let nobody = &mut |_: &dyn Row| Go::Continue(());
        session.query(&some.join("\n"), nobody).unwrap();
    }
}

// Whole processes: a rehearsal on the server, phase by phase, and the peak memory of verification at two sizes.

fn rehearse(server: &Server) {
    for scale in ["1", "10"] {
        // Another seed where one can't be loaded, as in `loaded`.
        let done = (1..10).any(|seed| rehearse_one(server, scale, &seed.to_string()));
        assert!(done, "no seed can be loaded");
    }
}

/// Whether it could be loaded, and so was measured.
fn rehearse_one(server: &Server, scale: &str, seed: &str) -> bool {
    let databases = Databases::create(server, "rehearsal", 6);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let settings = folder.path().join("envclone.toml");
    let text = settings_of(server, folder.path(), databases.names());
    fs::write(&settings, text).unwrap();
    let settings = settings.display().to_string();
    let of = ["--settings", &settings];
    let rehearse = [
        "rehearse",
        "--on",
        "sqlserver",
        "--scale",
        scale,
        "--seed",
        seed,
    ];
    let (took, peak, phases) = child(&mut program(&[&rehearse[..], &of].concat()));
    if !phases.iter().any(|(_, line)| line.starts_with("verify ")) {
        return false;
    }
    println!(
        "rehearse --on sqlserver --scale {scale} --seed {seed}: {took:.1} s, peak memory {peak:.1} MB"
    );
    for (took, line) in phases {
        println!("rehearse:   {took:6.2} s {line}");
    }
    let (took, peak, _) = child(&mut program(&[&["verify"][..], &of].concat()));
    println!("rehearse: verify at scale {scale}: {took:.1} s, peak memory {peak:.1} MB");
    true
}
