//! `rehearse`: the whole refresh on an invented environment, and whether it did what it must.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use envclone_core::engine::Role;
use envclone_core::filter::{Filter, Test};
use envclone_core::report::Override;
use envclone_core::settings::{CloneMode, Environment, Settings};
use envclone_core::verdict::{Verdict, Verification};
use envclone_db::Access;
use envclone_db::sqlserver::{Loader, Side};
use envclone_rehearsal::sqlite::{Files, create};
use envclone_rehearsal::sqlserver::{Loaders, fill};
use envclone_rehearsal::{CATALOGS, Manifest, Planted, RemovedIn, Spec};

use super::apply::execute;
use super::print_json;
use crate::args::{Cli, ProfileArg, Rehearse, ServerArg};
use crate::config::Config;
use crate::connect;
use crate::execute::interrupted;
use crate::failure::{Exit, Failure, file_failure};
use crate::folder::write_json;
use crate::run::{Phases, who};
use crate::ui::{Terminal, Watch, counted, say};

/// What became of the planted facts.
#[derive(Debug, Default, serde::Serialize)]
struct Outcome {
    /// Gone from the copy.
    removed: usize,
    /// Still there, and reported.
    reported: usize,
    /// Still there, and reported nowhere.
    missed: Vec<String>,
}

/// Builds, refreshes, checks.
pub(super) fn run(cli: &Cli, args: &Rehearse) -> Result<(), Failure> {
    match args.on {
        None => in_files(cli, args),
        Some(ServerArg::Sqlserver) => on_server(cli, args),
    }
}

/// On databases that exist on a server and are empty. Nothing restores a backup here: the target is filled with the same
/// rows as the source, which the report says.
fn on_server(cli: &Cli, args: &Rehearse) -> Result<(), Failure> {
    let config = Config::load(&cli.settings)?;
    if config.settings.clone != CloneMode::Adopt {
        return Err(Failure::before(
            Exit::Invalid,
            "a rehearsal on a server takes over a target that it filled itself",
        )
        .hint("set `clone = \"adopt\"`"));
    }
    let mut watch = Terminal::watching(cli.quiet);
    watch.phase("fill");
    let spec = Spec {
        scale: args.scale,
        seed: args.seed,
    };
    // All are opened before the first is filled: one that is not empty ends it while nothing is changed.
    let [source, target] = connect::sql_servers(&config.settings, &config.folder)?;
    let loaders = [
        loaders(&config.settings.source, &source)?,
        loaders(&config.settings.target, &target)?,
    ];
    let mut manifest = None;
    for (loaders, side) in loaders.into_iter().zip(["source", "target"]) {
        let filled = fill(loaders, &spec, &mut |progress| {
            watch.progress(side, progress.done, progress.of)
        });
        manifest = Some(filled.map_err(|error| {
            Failure::before(Exit::NoAccess, crate::failure::chain(&error))
                .state("the rehearsal's databases are incomplete; nothing else was changed")
                .hint("drop them, create them again, and try again")
        })?);
    }
    let Some(manifest) = manifest else {
        return Ok(());
    };
    let rows: u64 = manifest.databases.iter().map(|one| one.rows).sum();
    watch.done(&format!(
        "source and target with {} each",
        counted(rows, "row", "rows")
    ));
    let filled = Override {
        lint: "restore-unproven".to_owned(),
        because: "the rehearsal filled the target itself, with the same rows as the source"
            .to_owned(),
        who: who(),
    };
    refresh(
        cli,
        &config,
        vec![filled],
        &manifest,
        watch.as_mut(),
        |outcome, folder| {
            let Settings { source, target, .. } = &config.settings;
            let places = [source.platform.clone(), target.platform.clone()];
            tell(&places, &cli.settings, &manifest, outcome, folder);
        },
    )
}

/// Opens an environment's databases, which must be empty.
fn loaders(environment: &Environment, side: &Side) -> Result<Loaders, Failure> {
    let open = |catalog: &String| Loader::open(&side.server, catalog, interrupted);
    let mut loaders: BTreeMap<Role, Loader> = BTreeMap::new();
    for ((role, _), catalog) in environment.databases().into_iter().zip(&side.catalogs) {
        loaders.insert(role, open(catalog)?);
    }
    let mut take = |role: Role| {
        loaders.remove(&role).ok_or_else(|| {
            let why = format!("the {} has no {}", side.name, role.phrase());
            let needs = CATALOGS.join(", ");
            Failure::before(Exit::Invalid, why).hint(format!(
                "the invented environment has a platform database, a log database and the catalogs {needs}: name an empty \
                 database for each"
            ))
        })
    };
    Ok(Loaders {
        platform: take(Role::Platform)?,
        log: take(Role::Log)?,
        catalogs: CATALOGS
            .iter()
            .map(|name| Ok(((*name).to_owned(), take(Role::Catalog((*name).to_owned()))?)))
            .collect::<Result<_, Failure>>()?,
    })
}

/// In files of a folder of its own.
fn in_files(cli: &Cli, args: &Rehearse) -> Result<(), Failure> {
    let occupied = fs::read_dir(&args.dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Failure::before(
            Exit::Refused,
            format!(
                "`{}` is not empty, and a rehearsal never overwrites anything",
                args.dir.display()
            ),
        )
        .hint("remove it, or name another folder with `--dir`"));
    }
    let mut watch = Terminal::watching(cli.quiet);
    let manifest = build(args, watch.as_mut())?;
    let settings = args.dir.join("envclone.toml");
    let config = Config::load(&settings)?;
    refresh(
        cli,
        &config,
        Vec::new(),
        &manifest,
        watch.as_mut(),
        |outcome, folder| {
            let places = ["source", "target"].map(|side| args.dir.join(side).display().to_string());
            tell(&places, &settings, &manifest, outcome, folder);
        },
    )
}

/// All phases, and whether they did what they must.
fn refresh(
    cli: &Cli,
    config: &Config,
    overrides: Vec<Override>,
    manifest: &Manifest,
    watch: &mut dyn Watch,
    tell: impl FnOnce(&Outcome, &Path),
) -> Result<(), Failure> {
    let engine = config.engine()?;
    let mut phases = Phases::new(config, engine.as_ref(), overrides, watch)?;
    let planned = phases.plan()?;
    let folder = execute(&mut phases, &planned)?;
    let verification = phases.verify(Some(&folder), &planned.inventory)?;
    let report = phases.report(&folder)?;
    let outcome = outcome(&phases, manifest, &verification)?;
    if cli.json {
        print_json(&serde_json::json!({ "format": 1, "outcome": outcome, "report": report }))?;
    } else {
        tell(&outcome, &folder.path);
    }
    if outcome.missed.is_empty() {
        Ok(())
    } else {
        Err(Failure {
            exit: Exit::Residue,
            state: format!(
                "{} neither removed nor reported",
                counted(
                    outcome.missed.len() as u64,
                    "planted leftover was",
                    "planted leftovers were"
                )
            ),
            why: outcome.missed.into_iter().map(Into::into).collect(),
            hint: Some(
                "this is a defect of envclone: please report it with the folder of the rehearsal"
                    .to_owned(),
            ),
        })
    }
}

fn build(args: &Rehearse, watch: &mut dyn Watch) -> Result<Manifest, Failure> {
    watch.phase("build");
    let source = args.dir.join("source");
    fs::create_dir_all(&source)
        .and_then(|()| fs::create_dir_all(args.dir.join("target")))
        .map_err(|error| file_failure("make the folder", &args.dir, &error))?;
    let spec = Spec {
        scale: args.scale,
        seed: args.seed,
    };
    let built = create(&source, &spec, &mut |progress| {
        watch.progress("source", progress.done, progress.of)
    });
    let (files, manifest) = built.map_err(|error| {
        Failure::before(Exit::NoAccess, crate::failure::chain(&error))
            .state("the rehearsal's environment is incomplete; nothing else was changed")
            .hint("check the free space, remove the folder, and try again")
    })?;
    write_json(&args.dir.join("manifest.json"), &manifest)?;
    let path = args.dir.join("envclone.toml");
    fs::write(&path, settings(args, &files))
        .map_err(|error| file_failure("write", &path, &error))?;
    let rows: u64 = manifest
        .databases
        .iter()
        .map(|database| database.rows)
        .sum();
    watch.done(&format!(
        "a source environment with {} and {}",
        counted(rows, "row", "rows"),
        counted(
            manifest.planted.len() as u64,
            "planted leftover",
            "planted leftovers"
        )
    ));
    Ok(manifest)
}

/// The settings of a rehearsal: the same as anyone's.
fn settings(args: &Rehearse, files: &Files) -> String {
    let profile = match args.profile {
        ProfileArg::Official => "official",
        ProfileArg::Documented => "documented",
        ProfileArg::Extra => "extra",
    };
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut text =
        format!("# Settings of a rehearsal.\nprofile = \"{profile}\"\nclone = \"make\"\n");
    for side in ["source", "target"] {
        text += &format!(
            "\n[{side}]\nengine = \"sqlite\"\nplatform = \"{side}/{}\"\nlog = \"{side}/{}\"\n",
            name(&files.platform),
            name(&files.log)
        );
        text += &format!("[{side}.catalogs]\n");
        for (catalog, path) in &files.catalogs {
            text += &format!("{catalog} = \"{side}/{}\"\n", name(path));
        }
    }
    text
}

/// Looks up every planted fact: gone, or reported where it stands.
fn outcome(
    phases: &Phases<'_>,
    manifest: &Manifest,
    verification: &Verification,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let dialect = phases.config.dialect();
    let names: BTreeMap<String, &str> = phases
        .config
        .settings
        .target
        .databases()
        .into_iter()
        .map(|(role, name)| (role.to_string(), name))
        .collect();
    let mut sessions = BTreeMap::new();
    for fact in &manifest.planted {
        let role: Role = fact.database.parse().map_err(|_| {
            Failure::before(
                Exit::Unexpected,
                format!("the manifest names the database `{}`", fact.database),
            )
        })?;
        let name = names.get(&role.to_string()).copied().unwrap_or_default();
        let session = match sessions.entry(role.to_string()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(phases.engine.open(name, Access::Read)?)
            }
        };
        let there = Filter::column(&fact.column, Test::Is(fact.value.clone()));
        let mut left = 0;
        session.query(
            &dialect.select(&fact.table, &[&fact.column], &there),
            &mut |row| {
                left += u64::from(row.text(0) == fact.value);
                envclone_db::Go::Continue(())
            },
        )?;
        if left == 0 {
            outcome.removed += 1;
        } else if reported(verification, fact) {
            outcome.reported += 1;
        } else {
            outcome.missed.push(format!(
                "{}: {} in {} {}.{}",
                fact.id, fact.what, fact.database, fact.table, fact.column
            ));
        }
    }
    Ok(outcome)
}

/// Whether verification names the place where a fact stands, the column or the row.
fn reported(verification: &Verification, fact: &Planted) -> bool {
    verification.checks.iter().any(|check| {
        let place =
            check.database == fact.database && check.table.eq_ignore_ascii_case(&fact.table);
        let column = check.column.is_empty() || check.column.eq_ignore_ascii_case(&fact.column);
        place
            && column
            && matches!(
                check.verdict,
                Verdict::Residue { .. } | Verdict::Accepted { .. }
            )
    })
}

fn tell(
    [source, target]: &[String; 2],
    settings: &Path,
    manifest: &Manifest,
    outcome: &Outcome,
    folder: &Path,
) {
    let person = manifest
        .planted
        .iter()
        .filter(|fact| fact.removed_in == RemovedIn::Never)
        .count();
    say(&format!(
        "\nRehearsed. Of {} planted leftovers {} removed, {} reported for a person, {} missed.",
        manifest.planted.len(),
        outcome.removed,
        outcome.reported,
        outcome.missed.len()
    ));
    say(&format!(
        "On a real environment what is reported would end the run with exit code 7 until a person settles or accepts it;
{person} of the planted leftovers are for a person in any profile, since no step can know what is right there."
    ));
    say(&format!("\n  source    {source}"));
    say(&format!("  target    {target}"));
    say(&format!("  settings  {}", settings.display()));
    for name in ["report.html", "report.md", "report.json"] {
        crate::ui::data(&folder.join(name).display().to_string());
    }
    say(&format!(
        "\nRead the report first: {}",
        folder.join("report.html").display()
    ));
}
