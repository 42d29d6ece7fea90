//! `inspect` and `plan`: what is there, and what would be done.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table};
use envclone_core::evidence::Observed;
use envclone_core::inventory::{Directory, Inventory, Server};
use envclone_core::link::LEADS_OUT;
use envclone_core::plan::{Deed, Plan, ServerDeed, WHOLE_STEP};
use envclone_core::report::LeftOutGroup;

use super::{print_json, with_phases};
use crate::args::{Cli, Output, word};
use crate::failure::Failure;
use crate::folder::write_json;
use crate::ui::{counted, data, listed, number, say, table};

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

/// What leads out of the databases, which a copy brings along or its server has.
fn leading_out(inventory: &Inventory) -> Vec<(String, String)> {
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for links in inventory
        .databases
        .iter()
        .flat_map(|database| &database.links)
    {
        let lines = told.entry(&links.kind).or_default();
        match &links.found {
            Observed::Known(found) => {
                lines.extend(
                    found
                        .iter()
                        .map(|link| format!("{} → {}", link.name, link.to)),
                );
            }
            Observed::Unknown { why } => lines.push(format!("not seen: {why}")),
        }
        // What belongs to the server is seen from each of its databases.
        lines.sort_unstable();
        lines.dedup();
    }
    let row = |(kind, lines): (&str, Vec<String>)| {
        let shown = lines.iter().take(SHOWN).map(String::as_str);
        let mut what: Vec<&str> = shown.collect();
        let more = lines.len().saturating_sub(SHOWN);
        let more = format!("… {more} more");
        if lines.len() > SHOWN {
            what.push(&more);
        }
        (format!("{LEADS_OUT}{kind}"), what.join("\n"))
    };
    told.into_iter().map(row).collect()
}

/// What a server says of texts and of folders, where it does.
fn of_server(server: &Server) -> Vec<(String, String)> {
    let seen = |what: &str, lines: Observed<Vec<String>>| {
        let told = match lines {
            Observed::Known(lines) if lines.is_empty() => "none".to_owned(),
            Observed::Known(lines) => lines.join("\n"),
            Observed::Unknown { why } => format!("not seen: {why}"),
        };
        (what.to_owned(), told)
    };
    let settings = server.settings.as_ref().map(|found| {
        let line = |(name, value): (&String, &String)| format!("{name} {value}");
        seen(
            "server's settings",
            found.clone().map(|all| all.iter().map(line).collect()),
        )
    });
    let directories = server.directories.as_ref().map(|found| {
        let line = |one: &Directory| format!("{} → {}", one.name, one.path);
        seen(
            "directories",
            found.clone().map(|all| all.iter().map(line).collect()),
        )
    });
    settings.into_iter().chain(directories).collect()
}

/// How many lines of one kind are shown; the inventory has all of them.
const SHOWN: usize = 5;

/// A table of two columns.
fn pairs(rows: Vec<(String, String)>) -> Table {
    let mut table = table(false);
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
    if let Some(server) = &inventory.server {
        let what = format!(
            "{}, version {}, {}",
            server.name, server.version, server.edition
        );
        rows.push(("server".to_owned(), what));
        rows.extend(of_server(server));
    }
    for database in &inventory.databases {
        let mut what = format!(
            "{}, {}, {} MB",
            database.locator,
            counted(database.tables.len() as u64, "table", "tables"),
            database.bytes / 1_000_000
        );
        if let Some(model) = &database.recovery_model {
            what += &format!(", recovery model {model}");
        }
        if !database.files.is_empty() {
            what += &format!(
                ", {}",
                counted(database.files.len() as u64, "file", "files")
            );
        }
        rows.push((database.role.phrase(), what));
    }
    rows.extend(leading_out(inventory));
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
    let mut table = table(!as_data);
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
    if plan.items.is_empty() {
        print("nothing to do");
    } else {
        print(&table.to_string());
    }
    if as_data {
        for item in &plan.items {
            print(&format!("\n-- {} {}: {}", item.seq, item.step, item.title));
            match &item.deed {
                Deed::Copy { from, to } => print(&format!("-- copy {from} to {to}")),
                Deed::Sql { .. } => {}
                Deed::Server(deed) => print(&format!("-- on the {}'s server", deed.on)),
                Deed::Note { on, name, sql } => {
                    print(&format!(
                        "-- on the {on}'s server; the answer is called @{name}\n{sql};"
                    ));
                }
            }
            for statement in item.deed.statements() {
                print(&format!("{};", statement.sql));
            }
            foreseen(&item.deed).iter().for_each(|line| print(line));
        }
    }
    if !plan.left_out.is_empty() {
        print("\nleft out:");
        for group in LeftOutGroup::of(plan) {
            print(&format!("  {}:", group.reason));
            left_out(&group).iter().for_each(|line| print(line));
        }
    }
    if !plan.guides.is_empty() {
        print("\nleft for a person:");
        for guide in &plan.guides {
            print(&format!("  {}: {}", guide.step, guide.title));
        }
    }
}

/// What a deed that looks for itself will come to. The plan's file has all of it.
fn foreseen(deed: &Deed) -> Vec<String> {
    let Deed::Server(ServerDeed {
        foresees: Some(foreseen),
        ..
    }) = deed
    else {
        return Vec::new();
    };
    let all = foreseen.statements.len();
    let mut lines = vec![format!("-- {}", foreseen.about)];
    let shown = foreseen.statements.iter().take(FORESEEN);
    lines.extend(shown.map(|one| format!("--   {}; ({})", one.sql, one.comment)));
    if all == 0 && foreseen.unseen.is_empty() {
        lines.push("--   none is known".to_owned());
    }
    if all > FORESEEN {
        lines.push(format!("--   … {} more", all - FORESEEN));
    }
    let unseen = foreseen.unseen.iter();
    lines.extend(unseen.map(|one| format!("--   not seen: {one}")));
    lines
}

/// How many statements are shown that a deed is expected to come to.
const FORESEEN: usize = 20;

/// How many parts of one step are named.
const NAMED: usize = 6;

/// What was left out for one reason: whole steps in one list, then a step's parts.
fn left_out(group: &LeftOutGroup) -> Vec<String> {
    let mut whole = Vec::new();
    let mut steps: Vec<(&str, Vec<String>)> = Vec::new();
    for part in &group.parts {
        if part.part == WHOLE_STEP {
            whole.push(part.step.clone());
            continue;
        }
        // An item's title begins with its step's, which is said already.
        let name = part.part.rsplit(": ").next().unwrap_or(&part.part);
        let name = match &part.detail {
            Some(detail) => format!("{name} ({detail})"),
            None => name.to_owned(),
        };
        match steps.last_mut().filter(|(step, _)| *step == part.step) {
            Some((_, parts)) => parts.push(name),
            None => steps.push((&part.step, vec![name])),
        }
    }
    let mut lines = listed(&whole, 4);
    for (step, mut parts) in steps {
        let more = parts.len().saturating_sub(NAMED);
        parts.truncate(NAMED);
        if more > 0 {
            parts.push(format!("and {more} more"));
        }
        if let Some(first) = parts.first_mut() {
            *first = format!("{step}: {first}");
        }
        lines.extend(listed(&parts, 4));
    }
    lines
}

#[cfg(test)]
mod tests {
    use envclone_core::report::LeftOutPart;

    use super::*;

    #[test]
    fn what_is_left_out_for_one_reason_stands_together() {
        let part = |step: &str, part: String, detail: Option<&str>| LeftOutPart {
            step: step.to_owned(),
            part,
            detail: detail.map(str::to_owned),
        };
        let mut parts = vec![
            part("saml", WHOLE_STEP.to_owned(), None),
            part("emails", WHOLE_STEP.to_owned(), None),
            part("zones", "zone".to_owned(), Some("`zone.ID`")),
        ];
        parts.extend((0..8).map(|at| part("logs", format!("Empty: delete rows of l{at}"), None)));
        let group = LeftOutGroup {
            reason: String::new(),
            parts,
        };
        assert_eq!(
            left_out(&group),
            [
                "    saml, emails",
                "    zones: zone (`zone.ID`)",
                "    logs: delete rows of l0, delete rows of l1, delete rows of l2, delete rows of l3,",
                "    delete rows of l4, delete rows of l5, and 2 more",
            ]
        );
    }
}
