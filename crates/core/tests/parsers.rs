//! Everything that the catalogue spells, judged by parsers that others wrote.
//!
//! `ENVCLONE_CHECK_TSQL`, `ENVCLONE_CHECK_PLSQL` and `ENVCLONE_CHECK_SQLFLUFF` name the programs. Each reads a JSON
//! array of `{"name", "sql"}` and writes one of `{"name", "errors"}`. Without them these tests say so and pass.

// The core runs no programs; its tests ask some.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use envclone_core::dialect::Mark;
use envclone_core::engine::Engine;
use envclone_core::evidence::Observed;
use envclone_core::inventory::Inventory;
use envclone_core::plan::{Deed, Item};
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
    // It knows neither of these, as its authors say; Microsoft's own parser does.
    let unknown = |sql: &str| {
        let mut lines = sql.lines();
        lines.any(|line| line.starts_with("BACKUP ") || line.starts_with("RESTORE "))
    };
    let mut inventory = support::inventory(1, Engine::SqlServer);
    without_what_sqlfluff_lacks(&mut inventory);
    let mut texts = spelled(Engine::SqlServer, &inventory);
    texts.retain(|(_, sql)| !unknown(sql));
    envclone_testing::judge("ENVCLONE_CHECK_SQLFLUFF", &["tsql"], &texts);
}

#[test]
fn sqlfluff_takes_all_of_oracle() {
    // It knows neither tablespaces and users nor functions of a query; ANTLR's grammar does.
    let unknown = |sql: &str| {
        let words = ["CREATE BIGFILE TABLESPACE", "WITH FUNCTION", "ALTER USER"];
        words.iter().any(|word| sql.contains(word))
    };
    let mut texts = spelled(Engine::Oracle, &support::inventory(1, Engine::Oracle));
    texts.retain(|(_, sql)| !unknown(sql));
    envclone_testing::judge("ENVCLONE_CHECK_SQLFLUFF", &["oracle"], &texts);
}

fn judge(variable: &str, arguments: &[&str], engine: Engine) {
    let texts = spelled(engine, &support::inventory(1, engine));
    envclone_testing::judge(variable, arguments, &texts);
}

/// What makes the copies or takes them over, by settings that between them say everything once.
fn copied(engine: Engine) -> Vec<Item> {
    let mut inventory = support::inventory(1, engine);
    if engine.has_schemas() {
        support::with_rights(&mut inventory);
    }
    let ways: [&str; 3] = match engine.has_schemas() {
        true => [
            "",
            "directory = \"it's\"\nimport-directory = 'DUMPS'\nparallel = 4\ncompress = true\nmend-synonyms = true\nmend-grants = true\n\
             data-folder = '/u02/oradata'\ntablespaces.OSSYS = \"QA's\"",
            "data-folder = '+DATA'",
        ],
        false => [
            "",
            "stripes = 3\nbroker = 'new'\ncompatibility = 150\nowner = \"it's me\"\nrecovery = 'full'",
            "backup-folder = 'https://a.example/b'\ntrustworthy = true\nrestricted = false\ncompress = false",
        ],
    };
    if engine.is_embedded() {
        return Vec::new();
    }
    let plans = ways
        .into_iter()
        .map(|copy| support::making(&inventory, copy, inventory.server.as_ref()).unwrap());
    let mut copy = inventory.clone();
    if engine.has_schemas() {
        support::with_rights_across(&mut copy, ["OSPROD", "OSPRODLOG", "PROD_LEDGER"]);
    }
    let adopted = support::plan(&copy).0;
    let items = plans.chain([adopted]).flat_map(|plan| plan.items);
    items.filter(|item| item.group.is_none()).collect()
}

/// It knows no change of owners, no permission of columns, and no `]` in a name; Microsoft's own parser takes
/// all of them.
fn without_what_sqlfluff_lacks(inventory: &mut Inventory) {
    for database in &mut inventory.databases {
        let Some(Observed::Known(users)) = &mut database.principals else {
            continue;
        };
        users.all.retain(|user| !user.name.contains(']'));
        for user in &mut users.all {
            user.owns.retain(|owned| owned.holds == Some(0));
            user.gives.clear();
        }
    }
}

/// All that an engine is ever sent. Of texts that differ in digits only, as those on rotating log tables do, one.
fn spelled(engine: Engine, inventory: &Inventory) -> Vec<Named> {
    let (plan, dialect) = support::plan(inventory);
    let mut texts: BTreeMap<String, Named> = BTreeMap::new();
    let mut add = |name: String, sql: String| {
        let shape = sql.replace(|c: char| c.is_ascii_digit(), "");
        // What an engine has no text for is not sent.
        if !sql.is_empty() {
            texts.entry(shape).or_insert((name, sql));
        }
    };
    for item in plan.items.iter().chain(&copied(engine)) {
        let name = format!("{} {}", item.seq, item.step);
        for statement in item.deed.statements() {
            add(name.clone(), statement.sql.clone());
        }
        match &item.deed {
            Deed::Server(deed) => {
                for statement in deed.statements.iter().filter(|_| !deed.takes.is_empty()) {
                    let note = |name| (name, "2026-03-02T08:00:00.123");
                    let notes: Vec<_> = deed.takes.iter().map(String::as_str).map(note).collect();
                    add(name.clone(), dialect.with_notes(&statement.sql, &notes));
                }
                for obstacle in &deed.obstacles {
                    add(name.clone(), obstacle.batch());
                }
                let foreseen = deed.foresees.iter().flat_map(|one| &one.statements);
                foreseen.for_each(|one| add(format!("{name}: foreseen"), one.sql.clone()));
                if let Some(listing) = &deed.lists {
                    add(name.clone(), listing.sql.clone());
                }
                if let Some(account) = &deed.account {
                    add(name.clone(), account.sql.clone());
                }
            }
            Deed::Note { sql, .. } => add(name.clone(), sql.clone()),
            Deed::Sql { .. } | Deed::Copy { .. } => {}
        }
        add(format!("{name}: count"), item.count.clone());
        add(format!("{name}: check"), item.check.clone());
        for referrer in &item.referrers {
            add(format!("{name}: referrers"), referrer.count.clone());
            add(format!("{name}: rows of referrers"), referrer.rows.clone());
        }
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
    for query in &inspection.links {
        add(query.kind.to_owned(), query.sql.clone());
        let own = query.own.clone().unwrap_or_default();
        add(format!("{}, one's own", query.kind), own);
    }
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
        ("files", inspection.files.unwrap_or_default()),
        (
            "recovery model",
            inspection.recovery_model.unwrap_or_default(),
        ),
        ("server", inspection.server.unwrap_or_default()),
        ("own login", inspection.own_login.unwrap_or_default()),
        ("settings", inspection.settings.unwrap_or_default()),
        ("directories", inspection.directories.unwrap_or_default()),
        (
            "columns in bytes",
            inspection.byte_columns.unwrap_or_default(),
        ),
    ] {
        add(name.to_owned(), sql);
    }
    if let Ok(users) = dialect.users() {
        let asked = users.inspection();
        for (name, sql) in [
            ("sight", asked.sight),
            ("users", asked.users),
            ("roles", asked.roles),
            ("permissions", asked.permissions),
            ("sessions", asked.sessions),
            ("users left", users.left()),
            ("logins", users.logins()),
        ] {
            add(name.to_owned(), sql);
        }
        for (name, sql) in [asked.modules, asked.owned, asked.given].concat() {
            add(name, sql);
        }
    }
    for (name, sql) in support::release(inventory) {
        add(name, sql);
    }
    let guard = support::guard();
    let files = dialect.script(&plan, &guard);
    let transactions: BTreeSet<_> = guard
        .target
        .iter()
        .map(|(role, name)| dialect.transaction(role, name))
        .collect();
    // Users are parted in a file of its own where schemas have users.
    let parted = usize::from(engine.has_schemas());
    assert_eq!(
        files.len(),
        parted + transactions.len(),
        "one for each transaction"
    );
    let made = support::making(inventory, "", inventory.server.as_ref());
    let made = made
        .into_iter()
        .flat_map(|plan| dialect.script(&plan, &guard))
        .filter(|file| file.name.ends_with(".sql"));
    for file in files.into_iter().chain(made) {
        for batch in engines_own(engine, &file.text).split("\nGO\n") {
            add(file.name.clone(), batch.to_owned());
        }
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
            "ACCEPT ",
            "SET VERIFY",
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
