//! What a release check sends to each engine, and what it makes of an environment that lacks something.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

mod support;

use envclone_core::dialect;
use envclone_core::engine::Engine;
use envclone_core::inventory::Table;
use envclone_core::release::{Kind, endpoints, hold, looks};

#[test]
fn all_of_it_is_spelled_for_every_engine() {
    for engine in Engine::ALL {
        let texts = support::release(&support::inventory(1, engine));
        let texts: Vec<String> = texts
            .iter()
            .map(|(name, sql)| format!("-- {name}\n{sql}"))
            .collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(engine.name(), texts.join("\n\n")));
    }
}

fn tables() -> Vec<Table> {
    support::inventory(1, Engine::Sqlite)
        .databases
        .remove(0)
        .tables
}

#[test]
fn what_is_missing_is_left_out_with_a_reason() {
    let d = dialect::of(Engine::Sqlite);
    let mut tables = tables();
    tables.retain(|table| !table.name.eq_ignore_ascii_case("ossys_sapconfig"));
    for table in &mut tables {
        if table.name.eq_ignore_ascii_case("ossys_cyclic_job") {
            table.columns.retain(|name| name != "SCHEDULE");
        }
    }
    let questions = looks::questions(&tables, d);
    let one = |id: &str| questions.iter().find(|it| it.id == id).unwrap();
    assert_eq!(one("timers-due").counts.len(), 2);
    assert_eq!(one("timers-when-published").counts.len(), 1);
    let why = &one("timers-when-published").left_out[0].why;
    assert_eq!(why, "there is no column ossys_cyclic_job.SCHEDULE");
    let queries = endpoints::queries(&tables, d);
    assert_eq!(queries.left_out.len(), 2);
    assert_eq!(queries.addresses.len(), 4);
    let (columns, left_out) = hold::columns(&tables, &Kind::ALL);
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].why, why.as_str());
    assert_eq!(columns.len(), 15);
}

#[test]
fn a_lookup_into_a_missing_table_leaves_the_part_out() {
    let mut tables = tables();
    tables.retain(|table| {
        !table
            .name
            .eq_ignore_ascii_case("ossys_bpm_activity_definition")
    });
    let questions = looks::questions(&tables, dialect::of(Engine::Sqlite));
    let due = questions
        .iter()
        .find(|it| it.id == "activities-due")
        .unwrap();
    assert!(due.counts.is_empty());
    assert_eq!(
        looks::nowhere(&due.left_out),
        "there is no table ossys_bpm_activity_definition"
    );
}

#[test]
fn only_what_is_asked_for_is_held() {
    let tables = tables();
    let of = |kinds: &[Kind]| hold::columns(&tables, kinds).0;
    assert_eq!(of(&Kind::ALL).len(), 16);
    assert_eq!(of(&[]).len(), 0);
    for kind in Kind::ALL {
        assert!(of(&[kind]).iter().all(|column| column.kind == kind));
        assert!(!of(&[kind]).is_empty());
    }
}
