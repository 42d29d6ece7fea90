//! Everything that the catalogue spells, judged by parsers that others wrote.
//!
//! `ENVCLONE_CHECK_TSQL`, `ENVCLONE_CHECK_PLSQL` and `ENVCLONE_CHECK_SQLFLUFF` name the programs. Each reads a JSON
//! array of `{"name", "sql"}` and writes one of `{"name", "errors"}`. Without them these tests say so and pass.

// The core runs no programs; its tests ask some.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use envclone_core::dialect::{Mark, ScriptGuard};
use envclone_core::engine::{Engine, Role};
use envclone_core::plan::Deed;
use envclone_testing::Named;

#[test]
fn a_parser_takes_all_of_sql_server() {
    judge("ENVCLONE_CHECK_TSQL", &[], Engine::SqlServer);
}

#[test]
fn a_parser_takes_all_of_oracle() {
    judge("ENVCLONE_CHECK_PLSQL", &[], Engine::Oracle);
}

#[test]
fn sqlfluff_takes_all_of_sql_server() {
    judge("ENVCLONE_CHECK_SQLFLUFF", &["tsql"], Engine::SqlServer);
}

#[test]
fn sqlfluff_takes_all_of_oracle() {
    judge("ENVCLONE_CHECK_SQLFLUFF", &["oracle"], Engine::Oracle);
}

fn judge(variable: &str, arguments: &[&str], engine: Engine) {
    let texts = spelled(engine);
    envclone_testing::judge(variable, arguments, &texts);
}

/// All that an engine is ever sent. Of texts that differ in digits only, as those on rotating log tables do, one.
fn spelled(engine: Engine) -> Vec<Named> {
    let (plan, dialect) = support::plan(&support::inventory(1, engine));
    let mut texts: BTreeMap<String, Named> = BTreeMap::new();
    let mut add = |name: String, sql: String| {
        let shape = sql.replace(|c: char| c.is_ascii_digit(), "");
        texts.entry(shape).or_insert((name, sql));
    };
    for item in &plan.items {
        let name = format!("{} {}", item.seq, item.step);
        if let Deed::Sql { statements } = &item.deed {
            for statement in statements {
                add(name.clone(), statement.sql.clone());
            }
        }
        add(format!("{name}: count"), item.count.clone());
        add(format!("{name}: check"), item.check.clone());
        if let Some(save) = &item.save {
            add(format!("{name}: save"), save.sql.clone());
        }
    }
    let mark = Mark {
        kind: "seal".to_owned(),
        run: "20260302-080000".to_owned(),
        plan: plan.id.clone(),
        group: String::new(),
        proof: "proof".to_owned(),
        at: "2026-03-02 08:00:00".to_owned(),
    };
    let inspection = dialect.inspection();
    for (name, sql) in [
        ("columns", inspection.columns),
        ("foreign keys", inspection.foreign_keys),
        ("now", dialect.now()),
        (
            "newest",
            dialect.newest(&[("oslog_Error_0", "Instant"), ("oslog_Error_1", "Instant")]),
        ),
        ("create marks", dialect.create_marks()),
        ("insert mark", dialect.insert_mark(&mark)),
        ("select marks", dialect.select_marks()),
    ] {
        add(name.to_owned(), sql);
    }
    let names = |platform: &str, log: &str| {
        vec![
            (Role::Platform, platform.to_owned()),
            (Role::Log, log.to_owned()),
        ]
    };
    let guard = ScriptGuard {
        target: names("OSPRE", "OSPRELOG"),
        source: names("OSPROD@PRODSQL", "OSPRODLOG"),
    };
    let files = dialect.script(&plan, &guard);
    assert_eq!(files.len(), 2, "a script for each database");
    for file in files {
        add(file.name, engines_own(engine, &file.text));
    }
    texts.into_values().collect()
}

/// A script without the lines that are for the program that sends it, `sqlcmd` or SQL*Plus.
fn engines_own(engine: Engine, script: &str) -> String {
    let for_the_program = |line: &&str| match engine {
        Engine::SqlServer => line.starts_with(':'),
        Engine::Oracle => [
            "WHENEVER ",
            "SET DEFINE",
            "SET AUTO",
            "SET FEED",
            "SPOOL ",
            "PROMPT ",
            "EXIT ",
        ]
        .iter()
        .any(|word| line.starts_with(word)),
        Engine::Sqlite => line.starts_with('.'),
    };
    let lines: Vec<_> = script
        .lines()
        .filter(|line| !for_the_program(line))
        .collect();
    lines.join("\n") + "\n"
}
