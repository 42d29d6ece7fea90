//! The goals of `docs/performance.md`, each as a ratio against an alternative that does as little as possible, in turns
//! and in the same run. `cargo bench -p envclone --bench goals -- clone clean-up` measures some of them.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark"
)]

mod support;

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use envclone::inspect::{Eyes, inventory};
use envclone::journal_file::JournalFile;
use envclone::observe;
use envclone::ui::Silent;
use envclone_core::dialect::Statement;
use envclone_core::filter::Filter;
use envclone_core::journal::Event;
use envclone_core::plan::{Deed, Plan};
use envclone_core::scan::{Batch, Found, Scanner, SecretDigest, Term};
use envclone_core::settings::Environment;

use envclone_db::Access;
use envclone_db::sqlite::Snapshot;
use envclone_db::{Go, Value};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use support::measure::{child, computed, in_turns, median, program, ratio, timed};
use support::watched::{Part, Spent, Watched};
use support::{Bench, KEY, apply, scale};

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
    if wanted("help") {
        help();
    }
    if ["clone", "clean-up", "walk", "verify"]
        .into_iter()
        .any(wanted)
    {
        let bench = Bench::new(scale());
        let bytes: u64 = Bench::files(&bench.settings.source)
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .sum();
        println!("scale {}: {} MB in 3 files", scale(), bytes / 1_000_000);
        if wanted("clone") {
            clone(&bench, bytes);
        }
        if wanted("clean-up") {
            clean_up(&bench);
        }
        if wanted("walk") {
            walk(&bench);
        }
        if wanted("verify") {
            verify(&bench);
        }
    }
    if wanted("process") {
        process();
    }
}

// Help: the whole process, against a process that does nothing.

fn help() {
    let spawn = |program: &str, arguments: &[&str]| {
        timed(|| {
            for _ in 0..20 {
                let mut command = Command::new(program);
                command.args(arguments).stdout(Stdio::null());
                assert!(command.status().unwrap().success());
            }
        }) / 20
    };
    let [ours, bare] = in_turns([
        &mut || spawn(env!("CARGO_BIN_EXE_envclone"), &["--help"]),
        &mut || spawn("true", &[]),
    ]);
    println!(
        "help: {:.2} ms a process, `true` {:.2} ms, ratio {}",
        median(ours.clone()) * 1e3,
        median(bare.clone()) * 1e3,
        ratio(&ours, &bare)
    );
}

// Clone: a snapshot of all databases and a copy of each, against the engine's own backup of the same files.

fn clone(bench: &Bench, bytes: u64) {
    let files = Bench::files(&bench.settings.source);
    let folder = bench.folder.path().join("clone");
    fs::create_dir_all(&folder).unwrap();
    let place = |file: &PathBuf| folder.join(file.file_name().unwrap());
    let clear = || {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        // What the file system still writes would be charged to whoever comes next.
        File::open(&folder).unwrap().sync_all().unwrap();
    };
    let ours = || {
        clear();
        timed(|| {
            let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
            let snapshot = Snapshot::take(&paths).unwrap();
            for (index, file) in files.iter().enumerate() {
                let go = &mut |_| Go::Continue(());
                snapshot.copy(index, &place(file), go).unwrap();
            }
        })
    };
    // As the `sqlite3` shell's `.backup` has it: the target as SQLite opens it, journaled and synced.
    let backup = |pages: i32, pragmas: &str, sync: bool| {
        clear();
        timed(|| {
            for file in &files {
                let from = Connection::open(file).unwrap();
                let mut to = Connection::open(place(file)).unwrap();
                to.execute_batch(pragmas).unwrap();
                let backup = Backup::new(&from, &mut to).unwrap();
                while backup.step(pages).unwrap() != StepResult::Done {}
                drop(backup);
                drop(to);
                if sync {
                    File::open(place(file)).unwrap().sync_all().unwrap();
                }
            }
        })
    };
    let unsafe_pragmas = "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF";
    let [ours, whole, steps, quick] = in_turns([
        &mut || ours(),
        &mut || backup(-1, "", false),
        &mut || backup(100, "", false),
        &mut || backup(-1, unsafe_pragmas, true),
    ]);
    let tell = |name: &str, times: &[f64]| {
        println!(
            "clone: {name}: {:.2} s, {:.0} MB/s; our speed against it {}",
            median(times.to_vec()),
            bytes as f64 / 1e6 / median(times.to_vec()),
            ratio(times, &ours)
        );
    };
    tell("snapshot and copy, synced", &ours);
    tell("SQLite's backup in one step", &whole);
    tell("SQLite's backup, 100 pages a step", &steps);
    tell(
        "SQLite's backup, no journal, synced once at the end",
        &quick,
    );
    fs::remove_dir_all(&folder).unwrap();
}

// Clean-up: a run with journal, counts, saved rows and checks, against nothing but its statements.

fn clean_up(bench: &Bench) {
    let drafted = bench.draft();
    let counts = bench.counts(&drafted);
    let plan = drafted.counted(&counts);
    let rows: u64 = plan.items.iter().filter_map(|item| item.expect).sum();
    let spent = Rc::new(RefCell::new(Spent::default()));
    let engine = Watched::new(bench.engine.as_ref(), &spent);
    let mut shares: Vec<[f64; 6]> = Vec::new();
    let lines = std::cell::Cell::new(0);
    let mut runs = 0;
    let [ours, bare, fsyncs] = in_turns([
        &mut || {
            copy_target(bench);
            runs += 1;
            *spent.borrow_mut() = Spent::default();
            let folder = bench.folder.path().join(format!("run-{runs}"));
            fs::create_dir_all(&folder).unwrap();
            let took = timed(|| apply(&plan, &bench.settings, &engine, bench.dialect, &folder));
            let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
            lines.set(journal.lines().count() as u32);
            let spent = spent.borrow();
            let mut share = [0.0; 6];
            share[0] = spent.seconds(&[Part::Count]);
            share[1] = spent.seconds(&[Part::Change]);
            share[2] = spent.seconds(&[Part::Begin, Part::Commit, Part::Rollback]);
            share[3] = spent.seconds(&[Part::Query]);
            share[4] = spent.seconds(&[Part::Open, Part::Close]);
            share[5] = took.as_secs_f64() - share.iter().sum::<f64>();
            shares.push(share);
            took
        },
        &mut || {
            copy_target(bench);
            timed(|| statements(bench, &plan))
        },
        // What the journal alone costs: as many lines of its usual length.
        &mut || {
            let path = bench.folder.path().join("lines.jsonl");
            let _ = fs::remove_file(&path);
            timed(|| {
                let mut journal = JournalFile::create(&path).unwrap();
                for seq in 0..lines.get() {
                    journal
                        .append(&Event::Started { seq, before: None })
                        .unwrap();
                }
            })
        },
    ]);
    println!(
        "clean-up: {} items, {rows} rows: run {:.2} s, its statements alone {:.2} s, ratio {}",
        plan.items.len(),
        median(ours.clone()),
        median(bare.clone()),
        ratio(&ours, &bare)
    );
    let share = |at: usize| median(shares.iter().map(|share| share[at]).collect());
    println!(
        "clean-up: of the run: counts and checks {:.2} s, changes {:.2} s, begin and commit {:.2} s, other queries {:.2} s, opening and closing {:.2} s, the rest (journal, saved files) {:.2} s",
        share(0),
        share(1),
        share(2),
        share(3),
        share(4),
        share(5)
    );
    println!(
        "clean-up: {} lines of a journal, each synced, take {:.2} s",
        lines.get(),
        median(fsyncs)
    );
    fs::remove_dir_all(Path::new(&bench.settings.target.platform).parent().unwrap()).unwrap();
}

/// Makes the target an equal copy of the source, on the disk.
fn copy_target(bench: &Bench) {
    let files = Bench::files(&bench.settings.target);
    let folder = files[0].parent().unwrap();
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (from, to) in Bench::files(&bench.settings.source).iter().zip(&files) {
        fs::copy(from, to).unwrap();
        File::options()
            .write(true)
            .open(to)
            .unwrap()
            .sync_all()
            .unwrap();
    }
}

fn statements(bench: &Bench, plan: &Plan) {
    for (role, name) in bench.settings.target.databases() {
        let connection = Connection::open(name).unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = ON; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            )
            .unwrap();
        for item in plan.items.iter().filter(|item| item.database == role) {
            if let Deed::Sql { statements } = &item.deed {
                for Statement { sql, .. } in statements {
                    connection.execute(sql, []).unwrap();
                }
            }
        }
        connection.execute_batch("COMMIT").unwrap();
    }
}

// Walk: every cell of every table searched, against the same rows only stepped through.

fn walk(bench: &Bench) {
    let source = &bench.settings.source;
    let texts: Vec<&str> = bench
        .inventory
        .identities
        .iter()
        .filter(|identity| identity.length.is_none())
        .map(|identity| identity.value.as_str())
        .collect();
    // The invented source has fewer than fifty names; the rest are like them and found nowhere.
    let invented = (0..50).map(|n| format!("host{n:02}.plant{n:02}.example.net"));
    let fifty: Vec<String> = texts
        .iter()
        .map(|text| (*text).to_owned())
        .chain(invented)
        .filter(|text| text.len() >= 4)
        .take(50)
        .collect();
    let terms: Vec<Term> = fifty
        .iter()
        .enumerate()
        .map(|(id, text)| Term {
            id,
            text: text.clone(),
        })
        .collect();
    let secrets: Vec<SecretDigest> = bench
        .inventory
        .identities
        .iter()
        .enumerate()
        .filter_map(|(id, identity)| {
            Some(SecretDigest {
                id,
                length: identity.length?,
                digest: identity.value.clone(),
            })
        })
        .collect();
    let scanner = Scanner::new(&terms, &[], &KEY).unwrap();
    let with_secrets = Scanner::new(&terms, &secrets, &KEY).unwrap();
    let lower: Vec<String> = fifty.iter().map(|text| text.to_lowercase()).collect();
    let mut text_bytes = 0;
    let mut cells = 0;
    each_cell(bench, source, |value| {
        cells += 1;
        if let Value::Text(bytes) = value {
            text_bytes += bytes.len();
        }
    });
    let scan = |scanner: &Scanner| {
        computed(|| {
            let mut hits = 0_u64;
            let mut note = |found: &Found<'_>| hits += found.hits.len() as u64;
            let mut batch = Batch::new(scanner);
            each_cell(bench, source, |value| match value {
                Value::Text(bytes) => batch.text(0, bytes, &mut note),
                Value::Bytes(bytes) => batch.blob(0, bytes, &mut note),
                _ => {}
            });
            batch.finish(&mut note);
            std::hint::black_box(hits);
        })
    };
    let [searched, hashed, stepped, naive] = in_turns([
        &mut || scan(&scanner),
        &mut || scan(&with_secrets),
        &mut || {
            computed(|| {
                let mut all = 0;
                for (role, name) in source.databases() {
                    let connection = Connection::open(name).unwrap();
                    for table in &bench.inventory.database(&role).unwrap().tables {
                        all += step_through(&connection, &table.name);
                    }
                }
                std::hint::black_box(all);
            })
        },
        // One search for each term, in any case.
        &mut || {
            computed(|| {
                let mut hits = 0_u64;
                each_cell(bench, source, |value| {
                    if let Value::Text(bytes) = value {
                        let text = String::from_utf8_lossy(bytes).to_lowercase();
                        hits += lower.iter().filter(|term| text.contains(*term)).count() as u64;
                    }
                });
                std::hint::black_box(hits);
            })
        },
    ]);
    let mb = text_bytes as f64 / 1e6;
    println!(
        "walk: {cells} cells, {mb:.0} MB of text, {} terms",
        terms.len()
    );
    for (name, times) in [
        ("searched for the terms".to_owned(), &searched),
        (format!("and for {} secrets", secrets.len()), &hashed),
        (
            "every row stepped through, not searched".to_owned(),
            &stepped,
        ),
        ("one search for each term".to_owned(), &naive),
    ] {
        println!(
            "walk: {name}: {:.2} s, {:.0} MB of text/s, time against stepping {}",
            median(times.clone()),
            mb / median(times.clone()),
            ratio(times, &stepped)
        );
    }
    let searching = median(searched) - median(stepped);
    println!(
        "walk: the search without the stepping: {:.0} MB of text/s",
        mb / searching
    );
}

/// Reads every cell of a table with the driver alone; how many bytes they have.
fn step_through(connection: &Connection, table: &str) -> usize {
    let sql = format!("SELECT * FROM \"{table}\"");
    let mut statement = connection.prepare(&sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut all = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(column).unwrap() {
                all += bytes.len();
            }
        }
    }
    all
}

/// Shows every cell of an environment, as verification reads them.
fn each_cell(bench: &Bench, environment: &Environment, mut each: impl FnMut(Value<'_>)) {
    for (role, name) in environment.databases() {
        let mut session = bench.engine.open(name, Access::Read).unwrap();
        for table in &bench.inventory.database(&role).unwrap().tables {
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            let sql = bench
                .dialect
                .select(&table.name, &columns, &Filter::default());
            let read = session.query(&sql, &mut |row| {
                for column in 0..row.len() {
                    each(row.value(column));
                }
                Go::Continue(())
            });
            read.unwrap();
        }
    }
}

// Verification, whole: where its time goes.

fn verify(bench: &Bench) {
    let spent = Rc::new(RefCell::new(Spent::default()));
    let engine = Watched::new(bench.engine.as_ref(), &spent);
    let eyes = Eyes {
        engine: &engine,
        dialect: bench.dialect,
        key: &KEY,
    };
    // The source itself stands in for a copy that nobody cleaned: nothing is smaller.
    let target = &bench.settings.source;
    let mut counts = Vec::new();
    let [whole, inventories] = in_turns([
        &mut || {
            *spent.borrow_mut() = Spent::default();
            let took = computed(|| {
                let found = observe::verify(eyes, target, &bench.inventory, &[], &mut Silent);
                assert!(found.is_ok());
            });
            counts.push(spent.borrow().seconds(&[Part::Count]));
            took
        },
        &mut || computed(|| drop(inventory(eyes, target).unwrap())),
    ]);
    let (whole, inventories, counts) = (median(whole), median(inventories), median(counts));
    println!(
        "verify: an uncleaned copy: {whole:.2} s, of that the inventory {inventories:.2} s, counts of the invariants {counts:.2} s, the rest (walk) {:.2} s",
        whole - inventories - counts
    );
}

// Whole processes: phases of a rehearsal, and peak memory at two sizes.

fn process() {
    for scale in [10, 100] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let place = folder.path().join("rehearsal");
        let settings = place.join("envclone.toml");
        let (scale_text, place) = (scale.to_string(), place.display().to_string());
        let rehearse = ["rehearse", "--scale", &scale_text, "--dir", &place];
        let (took, peak, phases) = child(&mut program(&rehearse));
        println!("process: rehearse --scale {scale}: {took:.2} s, peak memory {peak:.1} MB");
        for (took, line) in phases {
            println!("process:   {took:6.2} s {line}");
        }
        let settings = settings.display().to_string();
        let (took, peak, _) = child(&mut program(&["verify", "--settings", &settings]));
        println!("process: verify at scale {scale}: {took:.2} s, peak memory {peak:.1} MB");
    }
}
