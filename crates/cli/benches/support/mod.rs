//! A source environment to measure on, and the plan for a copy of it.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each benchmark uses its own part"
)]

pub mod measure;
pub mod played;
pub mod watched;

use std::path::{Path, PathBuf};

use envclone::config::read_catalogue;
use envclone::execute::Execution;
use envclone::inspect::{Eyes, inventory};
use envclone::journal_file::JournalFile;
use envclone::ui::Silent;
use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::{self, Dialect};
use envclone_core::engine::Engine as Name;
use envclone_core::inventory::{Inventory, Table};
use envclone_core::journal::{Event, FORMAT, replay};
use envclone_core::plan::{Basis, Plan, draft};
use envclone_core::settings::{Environment, Settings};
use envclone_db::Access;
use envclone_db::{Engine, Reach, engine};
use envclone_rehearsal::sqlite::create;
use envclone_rehearsal::{CATALOGS, Spec};

/// The key of digests; nothing here is secret.
pub const KEY: [u8; 32] = [7; 32];

/// Settings for environments on a server: a platform database, a log database and a catalog each. `server` is what the
/// settings say of it.
pub fn server_settings(sides: [&[String]; 2], server: &str) -> String {
    let mut text = "profile = \"extra\"\nclone = \"adopt\"\n".to_owned();
    for (side, names) in ["source", "target"].into_iter().zip(sides) {
        let [platform, log, catalog] = names else {
            panic!("an environment has three databases");
        };
        text += &format!(
            "[{side}]\nengine = \"sqlserver\"\nplatform = \"{platform}\"\nlog = \"{log}\"\n[{side}.catalogs]\n{} = \"{catalog}\"\n\
             [{side}.server]\n{server}\n",
            CATALOGS[0]
        );
    }
    text
}

/// Names for more tables and their columns, so that all in all there are so many.
pub fn padding(tables: &[Table], all: usize, columns: usize) -> Vec<(String, Vec<String>)> {
    let there: usize = tables.iter().map(|table| table.columns.len()).sum();
    let (more, columns) = (all - tables.len(), columns - there);
    (0..more)
        .map(|at| {
            let of_this = columns * (at + 1) / more - columns * at / more;
            let names = (0..of_this).map(|column| format!("COLUMN{column}"));
            (format!("OSUSR_PAD_TABLE{at}"), names.collect())
        })
        .collect()
}

/// Carries out a plan, with a journal in the folder.
pub fn apply(
    plan: &Plan,
    settings: &Settings,
    engine: &dyn Engine,
    dialect: &dyn Dialect,
    folder: &Path,
) {
    let mut journal = JournalFile::create(folder.join("journal.jsonl")).unwrap();
    let text = str::to_owned;
    let event = Event::RunStarted {
        format: FORMAT,
        run: text("bench"),
        plan: plan.id.clone(),
        tool: text("bench"),
        who: text("bench"),
        machine: text("bench"),
    };
    journal.append(&event).unwrap();
    let progress = replay(&[event], &plan.groups()).unwrap();
    let mut execution = Execution {
        plan,
        saved: &settings.saved,
        engine,
        dialect,
        journal,
        run: text("bench"),
        folder,
        watch: &mut Silent,
    };
    let failed = execution.run(&progress).err();
    assert!(failed.is_none(), "{failed:?}");
    execution.journal.append(&Event::Finished).unwrap();
}

/// A source, and where its copies go.
pub struct Bench {
    /// Removed with everything in it when the measuring is over.
    pub folder: tempfile::TempDir,
    pub engine: Box<dyn Engine>,
    pub dialect: &'static dyn Dialect,
    pub catalogue: Catalogue,
    pub settings: Settings,
    pub inventory: Inventory,
}

/// How large: `ENVCLONE_BENCH_SCALE`, or 100.
pub fn scale() -> u32 {
    scale_or(100)
}

/// How large: `ENVCLONE_BENCH_SCALE`, or what is given; 1 where nothing is measured, as under `cargo test --all-targets`.
pub fn scale_or(usual: u32) -> u32 {
    if !std::env::args().any(|argument| argument == "--bench") {
        return 1;
    }
    std::env::var("ENVCLONE_BENCH_SCALE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

impl Bench {
    pub fn new(scale: u32) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let source = folder.path().join("source");
        let (files, _) = create(&source, &Spec { scale, seed: 1 }, &mut |_| {}).unwrap();
        let mut text = "profile = \"extra\"\nclone = \"adopt\"\n".to_owned();
        for side in ["source", "target"] {
            let name = |file: &Path| {
                let name = file.file_name().unwrap_or_default();
                folder.path().join(side).join(name).display().to_string()
            };
            text += &format!(
                "[{side}]\nengine = \"sqlite\"\nplatform = '{}'\nlog = '{}'\n[{side}.catalogs]\n",
                name(&files.platform),
                name(&files.log)
            );
            for (catalog, file) in &files.catalogs {
                text += &format!("{catalog} = '{}'\n", name(file));
            }
        }
        let settings = Settings::read(&text).unwrap();
        let engine = engine(Reach::Files, || false);
        let dialect = dialect::of(Name::Sqlite);
        let eyes = Eyes {
            engine: engine.as_ref(),
            dialect,
            key: &KEY,
        };
        let inventory = inventory(eyes, &settings.source).unwrap();
        Self {
            folder,
            engine,
            dialect,
            catalogue: read_catalogue(&[]).unwrap(),
            settings,
            inventory,
        }
    }

    /// The files of an environment.
    pub fn files(environment: &Environment) -> Vec<PathBuf> {
        let names = environment.databases();
        names.into_iter().map(|(_, name)| name.into()).collect()
    }

    /// The plan before its rows are counted.
    pub fn draft(&self) -> Plan {
        self.draft_of(&self.inventory)
    }

    /// As [`Self::draft`], from another reading of the inventory.
    pub fn draft_of(&self, inventory: &Inventory) -> Plan {
        let (catalogue, settings) = (&self.catalogue, &self.settings);
        draft(
            catalogue,
            settings,
            inventory,
            None,
            Basis::Target,
            self.dialect,
        )
        .unwrap()
    }

    /// Counts the rows of each item in the source, which copies are equal to.
    pub fn counts(&self, plan: &Plan) -> Vec<Option<u64>> {
        let mut counts = vec![None; plan.items.len()];
        for (role, name) in self.settings.source.databases() {
            let mut session = self.engine.open(name, Access::Read).unwrap();
            for (item, count) in plan.items.iter().zip(&mut counts) {
                if item.database == role {
                    *count = Some(session.number(&item.count).unwrap());
                }
            }
        }
        counts
    }
}
