//! `script`: the plan as files that a DBA runs.

use envclone_core::dialect::{self, Dialect, ScriptFile, ScriptGuard};
use envclone_core::engine::Engine;
use envclone_core::inventory::{Inventory, Server};
use envclone_core::lint::indistinguishable;
use envclone_core::plan::{Basis, Deed, DraftError, Plan, draft};
use envclone_core::report::LeftOutGroup;
use envclone_core::settings::{CloneMode, Environment, Settings};

use super::with_phases;
use crate::args::{Cli, EngineArg, Script};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::folder::read_inventory;
use crate::save::write_whole;
use crate::ui::{counted, data, say};

/// The engine that an option names.
pub(super) fn engine_of(arg: EngineArg) -> Engine {
    match arg {
        EngineArg::Sqlserver => Engine::SqlServer,
        EngineArg::Oracle => Engine::Oracle,
        EngineArg::Sqlite => Engine::Sqlite,
    }
}

/// What the scripts don't say: their order, and what they leave to people.
const README: &str = "README.txt";

/// What a script's line begins with that says how it is run.
const RUN_WITH: &str = "-- run with: ";

/// Writes the files.
pub(super) fn run(cli: &Cli, args: &Script) -> Result<(), Failure> {
    let config = Config::load(&cli.settings)?;
    let (inventory, destination) = match &args.inventory {
        Some(path) => (read_inventory(path)?, None),
        None => with_phases(cli, |phases| Ok((phases.inspect()?, phases.destination()?)))?,
    };
    let engine = args.engine.map_or(config.settings.source.engine, engine_of);
    write(&config, &inventory, destination.as_ref(), engine, args)
}

/// The environment with names as a script knows them: without the address that envclone reaches the server at, and with
/// the name that the server has for itself, where the settings say it.
fn as_scripts_see_it(environment: &Environment) -> Environment {
    let mut seen = environment.clone();
    let Some(server) = &environment.server else {
        return seen;
    };
    for name in seen.names_mut() {
        if let Some((catalog, _)) = name.rsplit_once('@') {
            *name = match &server.name {
                Some(own) => format!("{catalog}@{own}"),
                None => catalog.to_owned(),
            };
        }
    }
    seen
}

fn write(
    config: &Config,
    inventory: &Inventory,
    destination: Option<&Server>,
    engine: Engine,
    args: &Script,
) -> Result<(), Failure> {
    let settings = Settings {
        source: as_scripts_see_it(&config.settings.source),
        target: as_scripts_see_it(&config.settings.target),
        ..config.settings.clone()
    };
    if let Some(name) = indistinguishable(&settings.source, &settings.target) {
        return Err(Failure::before(Exit::Refused, format!("source and target are both called `{name}`: a script could not tell them apart [names-alike]"))
            .hint("write the server behind the name: `outsystems@SQLPROD01` (SQL Server's @@SERVERNAME, Oracle's DB_UNIQUE_NAME), or as `name` under `[source.server]` and `[target.server]`"));
    }
    for database in &inventory.databases {
        if !settings
            .target
            .databases()
            .iter()
            .any(|(role, _)| *role == database.role)
        {
            say(&format!(
                "warning: the inventory has a {}, the settings name none: no script cleans it",
                database.role.phrase()
            ));
        }
    }
    let dialect = dialect::of(engine);
    let plan = scripted(config, &settings, inventory, destination, dialect)
        .map_err(|error| Failure::undrafted(&error))?
        .counted(&[]);
    let names = |environment: &Environment| {
        environment
            .databases()
            .into_iter()
            .map(|(role, name)| (role, name.to_owned()))
            .collect()
    };
    let guard = ScriptGuard {
        target: names(&settings.target),
        source: names(&settings.source),
    };
    let files = dialect.script(&plan, &guard);
    for file in &files {
        let path = args.out.join(&file.name);
        write_whole(&path, file.text.as_bytes())?;
        data(&path.display().to_string());
    }
    let path = args.out.join(README);
    write_whole(&path, readme(&plan, &guard, &files).as_bytes())?;
    data(&path.display().to_string());
    say(&format!(
        "plan {} for {engine}: {} in {}, {} left out",
        plan.short_id(),
        counted(plan.items.len() as u64, "item", "items"),
        counted(files.len() as u64, "script", "scripts"),
        counted(plan.left_out.len() as u64, "part", "parts")
    ));
    Ok(())
}

/// The plan for scripts. Where no script could make the copies, somebody else makes them: an inventory of another engine
/// says nothing about this one's files, and not every engine copies by statements.
fn scripted(
    config: &Config,
    settings: &Settings,
    inventory: &Inventory,
    destination: Option<&Server>,
    dialect: &dyn Dialect,
) -> Result<Plan, DraftError> {
    let plan = |clone| {
        let settings = Settings {
            clone,
            ..settings.clone()
        };
        let catalogue = &config.catalogue;
        draft(
            catalogue,
            &settings,
            inventory,
            destination,
            Basis::Source,
            dialect,
        )
    };
    if inventory.engine != dialect.engine() {
        return plan(CloneMode::Adopt);
    }
    match plan(settings.clone) {
        Ok(made)
            if made
                .items
                .iter()
                .any(|item| matches!(item.deed, Deed::Copy { .. })) =>
        {
            plan(CloneMode::Adopt)
        }
        other => other,
    }
}

/// What a person reads before the scripts: which there are, in which order, and what no script does.
fn readme(plan: &Plan, guard: &ScriptGuard, files: &[ScriptFile]) -> String {
    let mut lines = vec![
        format!(
            "Scripts of envclone for {}, plan {}",
            plan.engine,
            plan.short_id()
        ),
        String::new(),
        format!(
            "They {}, {} in one transaction.",
            match plan.makes_the_copy() {
                true => "make a copy and clean it",
                false => "clean a copy that somebody else made",
            },
            match plan.transactions().len() {
                1 => "all of it",
                _ => "each database",
            }
        ),
        "They don't verify it. Read each before it is run, and run them in this order:".to_owned(),
        String::new(),
    ];
    for (at, file) in (1..).zip(files) {
        lines.push(format!(
            "{at:>3}. {}: {}, {}",
            file.name,
            file.about,
            counted(file.items as u64, "item", "items")
        ));
        let run = file
            .text
            .lines()
            .find_map(|line| line.strip_prefix(RUN_WITH));
        lines.extend(run.map(|run| format!("     {run}")));
    }
    for (role, name) in guard
        .target
        .iter()
        .filter(|(role, _)| !plan.writes_to(role))
    {
        lines.push(format!(
            "     The {} {name} has no script: nothing in it is to be changed.",
            role.phrase()
        ));
    }
    if !plan.guides.is_empty() {
        lines.push("\nLeft for a person, since no script can do it:".to_owned());
        for guide in &plan.guides {
            lines.push(format!("\n  {} ({})", guide.title, guide.step));
            lines.extend(
                guide
                    .text
                    .lines()
                    .map(|line| format!("    {}", line.trim())),
            );
        }
    }
    if !plan.left_out.is_empty() {
        lines.push("\nLeft out, and why:".to_owned());
        for group in LeftOutGroup::of(plan) {
            lines.push(format!("\n  {}", group.reason));
            lines.extend(group.parts.iter().map(|part| match &part.detail {
                Some(detail) => format!("    {}: {} ({detail})", part.step, part.part),
                None => format!("    {}: {}", part.step, part.part),
            }));
        }
    }
    lines.join("\n") + "\n"
}
