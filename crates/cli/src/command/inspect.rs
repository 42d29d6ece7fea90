//! `inspect` and `plan`: what is there, and what would be done.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Deed, Plan};

use super::{print_json, with_phases};
use crate::args::{Cli, Output, word};
use crate::failure::Failure;
use crate::folder::write_json;
use crate::ui::{data, number, say};

/// `inspect`: the source's inventory.
pub(super) fn inspect(cli: &Cli, args: &Output) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let inventory = phases.inspect()?;
        if let Some(path) = &args.out {
            write_json(path, &inventory)?;
            say(&format!("wrote {}", path.display()));
        }
        if cli.json && args.out.is_none() {
            return print_json(&inventory);
        }
        tell(&inventory);
        Ok(())
    })
}

/// A table of two columns.
fn pairs(rows: Vec<(String, String)>) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    for (name, value) in rows {
        table.add_row([name, value]);
    }
    table
}

fn tell(inventory: &Inventory) {
    let yes = |it: bool| if it { "yes" } else { "no" }.to_owned();
    let factory = &inventory.factory;
    let mut rows = vec![
        (
            "platform version".to_owned(),
            inventory
                .platform_version
                .clone()
                .unwrap_or_else(|| "unknown".to_owned()),
        ),
        (
            "modules, entities".to_owned(),
            format!("{}, {}", number(factory.modules), number(factory.entities)),
        ),
        (
            "front-ends, users".to_owned(),
            format!("{}, {}", factory.front_ends, number(factory.users)),
        ),
        (
            "managed by LifeTime".to_owned(),
            yes(factory.managed_by_lifetime),
        ),
        ("runs LifeTime".to_owned(), yes(factory.runs_lifetime)),
    ];
    for database in &inventory.databases {
        let what = format!(
            "{}, {} tables, {} MB",
            database.locator,
            number(database.tables.len() as u64),
            database.bytes / 1_000_000
        );
        rows.push((database.role.phrase(), what));
    }
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for identity in &inventory.identities {
        let value = if identity.kind.is_secret() {
            ""
        } else {
            identity.value.as_str()
        };
        kinds.entry(identity.kind.title()).or_default().push(value);
    }
    for (kind, values) in kinds {
        let shown: Vec<_> = values
            .iter()
            .filter(|value| !value.is_empty())
            .take(6)
            .copied()
            .collect();
        let what = if shown.is_empty() {
            format!("{} (kept as digests)", values.len())
        } else {
            format!(
                "{}: {}{}",
                values.len(),
                shown.join(", "),
                if values.len() > shown.len() {
                    " …"
                } else {
                    ""
                }
            )
        };
        rows.push((format!("gives away: {kind}"), what));
    }
    data(&pairs(rows).to_string());
}

/// `plan`: what would be done.
pub(super) fn plan(cli: &Cli, args: &Output) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let planned = phases.plan()?;
        if let Some(path) = &args.out {
            write_json(path, &planned.plan)?;
            say(&format!("wrote {}", path.display()));
        }
        if cli.json && args.out.is_none() {
            return print_json(&planned.plan);
        }
        show(&planned.plan, true);
        let file = args
            .out
            .as_ref()
            .map(|path| format!(" {}", word(path)))
            .unwrap_or_default();
        let id = planned.plan.short_id();
        data(&cli.repeat(&format!(
            "\nplan {id}: `envclone apply{file} --approve {id}` carries it out"
        )));
        Ok(())
    })
}

/// Shows a plan: on stdout where it is the result, on stderr where it precedes a question.
pub(super) fn show(plan: &Plan, as_data: bool) {
    let print = |text: &str| if as_data { data(text) } else { say(text) };
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["#", "step", "database", "what", "rows"]);
    for item in &plan.items {
        let rows = item.expect.map_or_else(|| "-".to_owned(), number);
        table.add_row([
            item.seq.to_string(),
            item.step.clone(),
            item.database.to_string(),
            item.title.clone(),
            rows,
        ]);
    }
    for column in [0, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    print(&table.to_string());
    if as_data {
        for item in &plan.items {
            print(&format!("\n-- {} {}: {}", item.seq, item.step, item.title));
            match &item.deed {
                Deed::Copy { from, to } => print(&format!("-- copy {from} to {to}")),
                Deed::Sql { statements } => statements
                    .iter()
                    .for_each(|statement| print(&format!("{};", statement.sql))),
            }
        }
    }
    if !plan.left_out.is_empty() {
        print("\nleft out:");
        for out in &plan.left_out {
            print(&format!("  {} ({}): {}", out.step, out.part, out.reason));
        }
    }
    if !plan.guides.is_empty() {
        print("\nleft for a person:");
        for guide in &plan.guides {
            print(&format!("  {}: {}", guide.step, guide.title));
        }
    }
}
