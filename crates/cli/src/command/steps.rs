//! `steps`: the catalogue.

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect;
use envclone_core::engine::Engine;
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Basis, Plan, draft};
use envclone_core::settings::Settings;
use envclone_core::step::Profile;
use serde_json::json;

use super::print_json;
use crate::args::{Cli, Steps};
use crate::config::{own_steps, read_catalogue};
use crate::failure::{Exit, Failure, chain};
use crate::folder::read_inventory;
use crate::nearest;
use crate::ui::{data, table};

/// The rehearsal's inventory: what steps are shown against when nobody names another one.
const REHEARSAL: &str = include_str!("../../../../docs/examples/inventory.json");

/// Lists the steps, or shows one.
pub(super) fn run(cli: &Cli, args: &Steps) -> Result<(), Failure> {
    let own = args
        .own
        .as_ref()
        .map(|folder| own_steps(folder))
        .transpose()?
        .unwrap_or_default();
    let catalogue = read_catalogue(&own)?;
    match &args.id {
        None => list(cli, &catalogue),
        Some(id) => show(args, &catalogue, id),
    }
}

fn list(cli: &Cli, catalogue: &Catalogue) -> Result<(), Failure> {
    if cli.json {
        let steps: Vec<_> = catalogue.steps().iter().map(|step| json!({ "id": step.id, "title": step.title, "profile": step.profile, "why": step.why, "source": step.source })).collect();
        return print_json(&json!({ "format": 1, "steps": steps }));
    }
    let mut table = table(false);
    table.set_header(["step", "profile", "what"]);
    for step in catalogue.steps() {
        table.add_row([step.id.as_str(), step.profile.name(), step.title.as_str()]);
    }
    data(&table.to_string());
    Ok(())
}

fn show(args: &Steps, catalogue: &Catalogue, id: &str) -> Result<(), Failure> {
    let Some(step) = catalogue.step(id) else {
        return Err(
            Failure::before(Exit::Usage, format!("there is no step `{id}`")).hint(nearest::hint(
                id,
                catalogue.steps().iter().map(|step| step.id.as_str()),
            )),
        );
    };
    data(&format!(
        "{}: {}\nprofile: {}\nsource:  {}\n\n{}",
        step.id,
        step.title,
        step.profile.name(),
        step.source,
        step.why.trim()
    ));
    let inventory = match &args.inventory {
        Some(path) => read_inventory(path)?,
        None => Inventory::read(REHEARSAL)
            .map_err(|error| Failure::before(Exit::Unexpected, chain(&error)))?,
    };
    for engine in Engine::ALL {
        data(&format!("\n{engine}:"));
        let plan = planned(catalogue, &inventory, engine)?;
        for item in plan.items.iter().filter(|item| item.step == id) {
            for statement in item.deed.statements() {
                data(&format!("{};", statement.sql));
            }
        }
        plan.left_out
            .iter()
            .filter(|out| out.step == id)
            .for_each(|out| data(&format!("-- left out: {}: {}", out.part, out.reason)));
        plan.guides
            .iter()
            .filter(|guide| guide.step == id)
            .for_each(|guide| data(&format!("by hand: {}", guide.text)));
    }
    Ok(())
}

fn planned(catalogue: &Catalogue, inventory: &Inventory, engine: Engine) -> Result<Plan, Failure> {
    let name = engine.name();
    let text = format!(
        "profile = \"{}\"\nclone = \"adopt\"\n[source]\nengine = \"{name}\"\nplatform = \"source\"\n[target]\nengine = \"{name}\"\nplatform = \"target\"\n",
        Profile::Extra.name()
    );
    let settings = Settings::read(&text)
        .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
    draft(
        catalogue,
        &settings,
        inventory,
        None,
        Basis::Source,
        dialect::of(engine),
    )
    .map_err(|error| Failure::before(Exit::Invalid, chain(&error)))
}
