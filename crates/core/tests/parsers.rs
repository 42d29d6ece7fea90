//! Everything that the catalogue spells, judged by parsers that others wrote.
//!
//! `ENVCLONE_CHECK_TSQL`, `ENVCLONE_CHECK_PLSQL` and `ENVCLONE_CHECK_SQLFLUFF` name the programs. Each reads a JSON
//! array of `{"name", "sql"}` and writes one of `{"name", "errors"}`. Without them these tests say so and pass.

// The core runs no programs; its tests ask some.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use envclone_core::dialect::{Mark, ScriptGuard};
use envclone_core::engine::{Engine, Role};
use envclone_core::plan::Deed;

/// A text and what it is called.
type Named = (String, String);

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

/// What no engine takes, so that a checker that takes everything is found out.
const BROKEN: [&str; 4] = [
    "DELETE FROM",
    "UPDATE t SET WHERE a = 1",
    "SELECT COUNT(* FROM t",
    "DELETE FROM t WHERE a = 'never closed",
];

fn judge(variable: &str, arguments: &[&str], engine: Engine) {
    let Ok(program) = std::env::var(variable) else {
        eprintln!("not run: {variable} names no checker for {engine}");
        return;
    };
    let mut texts = spelled(engine);
    let sound = texts.len();
    texts.extend(BROKEN.map(|sql| (format!("broken: {sql}"), sql.to_owned())));
    let errors = ask(&program, arguments, &texts);
    assert_eq!(errors.len(), texts.len(), "{program} left some out");
    let refused: Vec<_> = texts[..sound]
        .iter()
        .zip(&errors)
        .filter(|(_, errors)| !errors.is_empty())
        .map(|((name, sql), errors)| format!("{name}: {}\n{sql}", errors.join("; ")))
        .collect();
    assert!(
        refused.is_empty(),
        "{program} refuses {} of {sound}:\n{}",
        refused.len(),
        refused.join("\n\n")
    );
    for ((name, _), errors) in texts[sound..].iter().zip(&errors[sound..]) {
        assert!(!errors.is_empty(), "{program} takes {name}");
    }
}

/// The errors of each text, in order.
fn ask(program: &str, arguments: &[&str], texts: &[Named]) -> Vec<Vec<String>> {
    let asked: Vec<_> = texts
        .iter()
        .map(|(name, sql)| serde_json::json!({"name": name, "sql": sql}))
        .collect();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let sent = serde_json::to_vec(&asked).unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&sent));
    let output = child.wait_with_output().unwrap();
    // A program that ends early says why on its standard error, which is the test's.
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut answers = answers.into_iter();
    let errors = |(name, _): &Named| {
        let answer = answers.next().unwrap();
        assert_eq!(answer["name"], **name, "{program} answers out of order");
        let errors = answer["errors"].as_array().unwrap().iter();
        errors.map(ToString::to_string).collect()
    };
    texts.iter().map(errors).collect()
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
        ("newest", dialect.newest("oslog_Error_0", "Instant")),
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
