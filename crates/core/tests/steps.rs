//! What every step does, spelled for every engine: one snapshot for each step.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::Dialect;
use envclone_core::engine::Engine;
use envclone_core::inventory::{Inventory, Table};
use envclone_core::plan::{Deed, LeftOut, Plan, Reason};
use envclone_core::step::Step;

/// An environment with every table of the platform. Of the tables that logs rotate through, two speak for all ten.
fn inventory(engine: Engine) -> Inventory {
    let mut inventory = support::inventory(1, engine);
    for database in &mut inventory.databases {
        let rotates = |table: &Table| {
            table.name.starts_with("oslog_")
                && table
                    .name
                    .ends_with(|digit: char| ('2'..='9').contains(&digit))
        };
        database.tables.retain(|table| !rotates(table));
    }
    inventory
}

#[test]
fn every_step_is_spelled_for_every_engine() {
    let plans: Vec<_> = Engine::ALL
        .into_iter()
        .map(|engine| support::plan(&inventory(engine)))
        .collect();
    for step in Catalogue::with(&[]).unwrap().steps() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/steps");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(step.id.as_str(), page(step, &plans)));
    }
}

#[test]
fn every_step_does_something_here() {
    for engine in Engine::ALL {
        let (plan, _) = support::plan(&inventory(engine));
        for step in Catalogue::with(&[]).unwrap().steps() {
            let deeds = plan.items.iter().filter(|item| item.step == step.id);
            let guides = plan.guides.iter().filter(|guide| guide.step == step.id);
            let nothing_there =
                |out: &LeftOut| out.step == step.id && out.reason == Reason::NoUsers;
            assert!(
                deeds.count() + guides.count() > 0 || plan.left_out.iter().any(nothing_there),
                "{} on {engine}",
                step.id
            );
        }
    }
}

#[test]
fn nothing_is_done_twice() {
    let (plan, _) = support::plan(&inventory(Engine::Sqlite));
    let mut seen = std::collections::BTreeSet::new();
    for item in &plan.items {
        assert!(
            seen.insert((item.database.clone(), format!("{:?}", item.deed))),
            "item {} of {} was there already",
            item.seq,
            item.step
        );
    }
}

fn page(step: &Step, plans: &[(Plan, &'static dyn Dialect)]) -> String {
    let mut page = format!("{} ({})\n", step.title, step.profile.name());
    let (first, _) = &plans[0];
    for guide in first.guides.iter().filter(|guide| guide.step == step.id) {
        writeln!(page, "\nby hand:\n{}", guide.text).unwrap();
    }
    for left_out in first.left_out.iter().filter(|it| it.step == step.id) {
        writeln!(page, "\nleft out: {}: {}", left_out.part, left_out.reason).unwrap();
    }
    for (plan, dialect) in plans {
        let items: Vec<_> = plan.items.iter().filter(|it| it.step == step.id).collect();
        if !items.is_empty() {
            writeln!(page, "\n---- {} ----", dialect.engine()).unwrap();
        }
        for item in items {
            writeln!(page, "\n[{}]", item.database).unwrap();
            let Deed::Sql { statements } = &item.deed else {
                panic!("{} copies a database", step.id);
            };
            for statement in statements {
                writeln!(page, "{};", statement.sql).unwrap();
            }
            writeln!(page, "count: {};", item.count).unwrap();
            if let Some(save) = &item.save {
                writeln!(page, "save: {};", save.sql).unwrap();
                writeln!(page, "secret: {}", save.secret.join(", ")).unwrap();
            }
        }
    }
    page
}
