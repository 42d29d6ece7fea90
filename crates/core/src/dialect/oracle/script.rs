//! The plan as files for SQL*Plus: what a DBA runs in the source's database, in the target's, and in all copied schemas together;
//! and parameter files for who prefers the vendor's own tools.

use super::Oracle;
use crate::dialect::phases::{Phases, phases};
use crate::dialect::sqlite::file_name;
use crate::dialect::{Dialect as _, ScriptFile, ScriptGuard, name_and_server, spell};
use crate::engine::Role;
use crate::plan::{Deed, Item, Plan, ServerDeed, Side};

/// Every file, in the order in which they are run.
pub(super) fn files(d: &Oracle, plan: &Plan, guard: &ScriptGuard) -> Vec<ScriptFile> {
    let Phases {
        source,
        target,
        last,
    } = phases(plan);
    let mut files = Vec::new();
    let on_server = |name, does, on, items: &[&Item]| {
        let asked = Asked {
            name,
            does,
            on,
            items,
        };
        (!items.is_empty()).then(|| d.server_file(plan, guard, &asked))
    };
    files.extend(on_server(
        "export.sql",
        "export the source's schemas, of one moment",
        Side::Source,
        &source,
    ));
    let (name, does) = match plan.makes_the_copy() {
        true => (
            "import.sql",
            "make tablespaces and users for the copy, and import the schemas",
        ),
        false => (
            "rights.sql",
            "take away rights between the source's and the copy's users",
        ),
    };
    files.extend(on_server(name, does, Side::Target, &target));
    files.extend(by_hand(source.iter().chain(&target)));
    files.extend(cleanings(d, plan, guard));
    files.extend(on_server(
        "finish.sql",
        "finish the clean copies",
        Side::Target,
        &last,
    ));
    if plan.makes_the_copy() {
        files.push(d.passwords(plan, guard));
    }
    files
}

/// What one transaction cleans.
struct Cleaning<'a> {
    /// The schemas, by the names that scripts know them by.
    schemas: Vec<(&'a Role, &'a str)>,
    items: Vec<&'a Item>,
}

impl Cleaning<'_> {
    fn name_of(&self, role: &Role) -> Option<&str> {
        let found = self.schemas.iter().find(|(its, _)| *its == role);
        found.map(|(_, name)| *name)
    }
}

/// A file for each transaction of the plan.
fn cleanings(d: &Oracle, plan: &Plan, guard: &ScriptGuard) -> Vec<ScriptFile> {
    let cleaning = |group: &&str| {
        let of_it = |item: &&Item| item.group.as_deref() == Some(*group);
        let items = || plan.items.iter().filter(of_it);
        let changed = |role: &Role| items().any(|item| item.database == *role);
        let schemas: Vec<_> = guard
            .target
            .iter()
            .filter(|(role, _)| changed(role))
            .map(|(role, name)| (role, name.as_str()))
            .collect();
        let there = |item: &&Item| schemas.iter().any(|(role, _)| **role == item.database);
        Cleaning {
            items: items().filter(there).collect(),
            schemas,
        }
    };
    let cleanings: Vec<Cleaning<'_>> = plan
        .transactions()
        .iter()
        .map(cleaning)
        .filter(|it| !it.items.is_empty())
        .collect();
    let only = cleanings.len() == 1;
    cleanings
        .iter()
        .map(|it| d.script_file(plan, guard, it, only))
        .collect()
}

/// The same for the vendor's own tools.
fn by_hand<'a>(items: impl Iterator<Item = &'a &'a Item>) -> Vec<ScriptFile> {
    let of = |item: &&&Item| match &item.deed {
        Deed::Server(deed) => deed.by_hand.as_deref().cloned(),
        _ => None,
    };
    items
        .filter_map(|item| of(&item))
        .map(|file| ScriptFile {
            about: format!("instead of the block that does the same, {}", file.about),
            name: file.file,
            items: 1,
            text: file.text,
        })
        .collect()
}

/// A file that is run in a database, and not in a schema.
struct Asked<'a> {
    name: &'a str,
    does: &'a str,
    on: Side,
    items: &'a [&'a Item],
}

/// A statement with what tells SQL*Plus that it ends: a slash after a block, and after a query with functions of its own as
/// well as its semicolon.
fn ended(sql: &str) -> String {
    let begins = |word: &str| sql.starts_with(word);
    if begins("BEGIN") || begins("DECLARE") {
        format!("{sql}\n/\n")
    } else if begins("WITH FUNCTION") {
        format!("{sql};\n/\n")
    } else {
        format!("{sql};\n")
    }
}

/// What a block that looks for itself will come to: for reading, each line a comment.
fn foreseen(deed: &ServerDeed) -> String {
    let Some(foreseen) = &deed.foresees else {
        return String::new();
    };
    let mut lines = vec![foreseen.about.clone()];
    lines.extend(
        foreseen
            .statements
            .iter()
            .map(|one| format!("  {};", one.sql)),
    );
    lines.extend(
        foreseen
            .unseen
            .iter()
            .map(|one| format!("  not seen: {one}")),
    );
    lines
        .iter()
        .map(|line| spell::comment(line) + "\n")
        .collect()
}

impl Oracle {
    fn head(&self, about: &str, plan: &Plan, file: &str, more: &[&str]) -> String {
        let mut lines = vec![
            spell::comment(&format!("envclone: {about}, plan {}", plan.short_id())),
            spell::comment(&format!("run with: sqlplus USER@SERVICE @{file}")),
        ];
        lines.extend(more.iter().map(|line| spell::comment(line)));
        lines.extend(
            [
                "WHENEVER OSERROR EXIT FAILURE ROLLBACK",
                "WHENEVER SQLERROR EXIT FAILURE ROLLBACK",
                "SET DEFINE OFF",
                "SET AUTOCOMMIT OFF",
                "SET FEEDBACK ON",
            ]
            .map(str::to_owned),
        );
        lines.push(format!(
            "SPOOL envclone-{}.log",
            file.trim_end_matches(".sql")
        ));
        lines.join("\n") + "\n"
    }

    fn refuse(&self, why: &str) -> String {
        format!(
            "RAISE_APPLICATION_ERROR(-20001, {});",
            self.text(&format!("refused: {why}; nothing was changed"))
        )
    }

    /// That this is another database than the script was made for.
    fn another_database(&self, server: &str) -> String {
        // A name with a container has both, as the inventory has it.
        let own = "UPPER(SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME'))";
        let both = "UPPER(SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') || '/' || SYS_CONTEXT('USERENV', 'CON_NAME'))";
        let named = self.text(&server.to_uppercase());
        let is = if server.contains('/') { both } else { own };
        format!("{is} <> {named}")
    }

    fn server_file(&self, plan: &Plan, guard: &ScriptGuard, asked: &Asked<'_>) -> ScriptFile {
        let databases = match asked.on {
            Side::Source => &guard.source,
            Side::Target => &guard.target,
        };
        let server = databases
            .first()
            .and_then(|(_, name)| name_and_server(name).1);
        let mut text = self.head(asked.does, plan, asked.name, &[]);
        let mut body = String::new();
        if let Some(server) = server {
            body += &format!(
                "  IF {} THEN\n    {}\n  END IF;\n",
                self.another_database(server),
                self.refuse(&format!("this script was made for the database {server}"))
            );
        }
        if !plan.makes_the_copy() {
            body += &self.copies_users(guard);
        }
        let deeds = asked.items.iter().filter_map(|item| match &item.deed {
            Deed::Server(deed) => Some(deed),
            _ => None,
        });
        for obstacle in deeds.flat_map(|deed| &deed.obstacles) {
            body += &format!(
                "  SELECT ({}) INTO v_found FROM dual;\n  IF v_found <> 0 THEN\n    {}\n  END IF;\n",
                obstacle.batch(),
                self.refuse(&obstacle.what)
            );
        }
        if !body.is_empty() {
            text += &format!("DECLARE\n  v_found NUMBER;\nBEGIN\n{body}END;\n/\n");
        }
        for item in asked.items {
            text += &self.server_item(item);
        }
        text += "\nPROMPT done\nSPOOL OFF\nEXIT SUCCESS\n";
        ScriptFile {
            name: asked.name.to_owned(),
            about: asked.does.to_owned(),
            items: asked.items.len(),
            text,
        }
    }

    /// That the copy is here: elsewhere there would be nothing to take away, and the script would say that it is done.
    fn copies_users(&self, guard: &ScriptGuard) -> String {
        let mut body = String::new();
        for (_, target) in &guard.target {
            let schema = name_and_server(target).0.to_uppercase();
            body += &format!(
                "  SELECT COUNT(*) INTO v_found FROM all_users u WHERE u.username = {};\n  IF v_found = 0 THEN\n    {}\n  END IF;\n",
                self.text(&schema),
                self.refuse(&format!("the database has no user {schema}"))
            );
        }
        body
    }

    fn server_item(&self, item: &Item) -> String {
        let Deed::Server(deed) = &item.deed else {
            return String::new();
        };
        let mut text = format!(
            "\n{}\nPROMPT {} {}\n",
            spell::comment(&item.title),
            item.seq,
            item.step
        );
        for statement in &deed.statements {
            text += &spell::statement_comment(item, statement);
            text += &ended(&statement.sql);
        }
        text += &foreseen(deed);
        text += &self.account(deed);
        if item.check.starts_with("WITH ") {
            // Such a query can't stand in a block.
            text += "PROMPT this must be 0:\n";
            text += &ended(&item.check);
        } else if !item.check.is_empty() {
            text += &self.checked(&item.check, &format!("item {} is not done", item.seq));
        }
        text
    }

    /// A person looks at the log: what was to be expected is said.
    fn account(&self, deed: &ServerDeed) -> String {
        let Some(account) = &deed.account else {
            return String::new();
        };
        let mut text =
            String::from("PROMPT the log; any ORA- in it ends the work here, but for these:\n");
        for expected in &account.expected {
            text += &format!(
                "PROMPT - {}: {}\n",
                expected.says.join(" and "),
                expected.because
            );
        }
        text + &ended(&account.sql)
    }

    fn checked(&self, check: &str, why: &str) -> String {
        format!(
            "DECLARE\n  v_left NUMBER;\nBEGIN\n  SELECT ({check}) INTO v_left FROM dual;\n  IF v_left > 0 THEN\n    \
             RAISE_APPLICATION_ERROR(-20002, {});\n  END IF;\nEND;\n/\n",
            self.text(why)
        )
    }

    /// Asks for the new users' passwords and unlocks them, when the copy is clean. No password is in the file.
    fn passwords(&self, plan: &Plan, guard: &ScriptGuard) -> ScriptFile {
        let name = "passwords.sql";
        let does = "give the copy's users passwords, and let them in";
        let mut text = self.head(does, plan, name, &[]);
        let server = guard
            .target
            .first()
            .and_then(|(_, name)| name_and_server(name).1);
        let mut body = String::new();
        if let Some(server) = server {
            body += &format!(
                "  IF {} THEN\n    {}\n  END IF;\n",
                self.another_database(server),
                self.refuse(&format!("this script was made for the database {server}"))
            );
        }
        // The copy's users are locked until they get their passwords; nobody else's password is changed.
        for (_, target) in &guard.target {
            let schema = name_and_server(target).0.to_uppercase();
            body += &format!(
                "  SELECT COUNT(*) INTO v_found FROM dba_users u WHERE u.username = {} AND u.account_status LIKE '%LOCKED%';\n  \
                 IF v_found = 0 THEN\n    {}\n  END IF;\n",
                self.text(&schema),
                self.refuse(&format!("the database has no locked user {schema}"))
            );
        }
        text += &format!("DECLARE\n  v_found NUMBER;\nBEGIN\n{body}END;\n/\n");
        text += "SET DEFINE ON\nSET VERIFY OFF\n";
        for (at, (_, target)) in (1..).zip(&guard.target) {
            let schema = name_and_server(target).0.to_uppercase();
            text += &format!(
                "ACCEPT envclone_password_{at} CHAR PROMPT 'Password for {schema}: ' HIDE\nALTER USER {} IDENTIFIED BY \
                 \"&envclone_password_{at}\" ACCOUNT UNLOCK;\n",
                self.identifier(&schema)
            );
        }
        text += "PROMPT done\nSPOOL OFF\nEXIT SUCCESS\n";
        ScriptFile {
            name: name.to_owned(),
            about: does.to_owned(),
            items: guard.target.len(),
            text,
        }
    }

    fn script_file(
        &self,
        plan: &Plan,
        guard: &ScriptGuard,
        cleaning: &Cleaning<'_>,
        only: bool,
    ) -> ScriptFile {
        let first = cleaning.schemas.first();
        let file = match first.filter(|_| !only) {
            Some((role, _)) => format!("clean-{}.sql", file_name(&role.to_string())),
            None => "clean.sql".to_owned(),
        };
        let schemas: Vec<String> = cleaning
            .schemas
            .iter()
            .map(|(role, name)| {
                let its = role.phrase();
                let its = its
                    .trim_end_matches(" database")
                    .trim_end_matches(" schema");
                format!("{} ({its})", name_and_server(name).0)
            })
            .collect();
        let noun = if schemas.len() == 1 {
            "schema"
        } else {
            "schemas"
        };
        let schemas = format!("{noun} {}", schemas.join(", "));
        let one =
            "one transaction over all of them; any error undoes all of it and ends the script";
        let about = format!("clean-up of the {schemas}");
        let mut text = self.head(&about, plan, &file, &[one]);
        text += "ALTER SESSION SET NLS_COMP=LINGUISTIC NLS_SORT=BINARY_AI;\n";
        // Each schema is judged before a row of any is touched.
        for (_, name) in &cleaning.schemas {
            let (schema, server) = name_and_server(name);
            text += &self.enter(schema);
            text += &self.guards(guard, schema, server);
        }
        let mut at: Option<&Role> = None;
        for item in &cleaning.items {
            if at != Some(&item.database)
                && let Some(name) = cleaning.name_of(&item.database)
            {
                text += &format!("\n{}", self.enter(name_and_server(name).0));
                at = Some(&item.database);
            }
            text += &self.script_item(item);
        }
        text += "\nCOMMIT;\nPROMPT committed\nSPOOL OFF\nEXIT SUCCESS\n";
        ScriptFile {
            name: file,
            about: format!("clean the {schemas}"),
            items: cleaning.items.len(),
            text,
        }
    }

    /// Goes into a schema. That is no DDL: it commits nothing.
    fn enter(&self, schema: &str) -> String {
        let schema = self.identifier(schema);
        format!("ALTER SESSION SET CURRENT_SCHEMA = {schema};\n")
    }

    /// `all_tables` with an owner, where the published text asks `user_tables`, which follows the login and not
    /// `CURRENT_SCHEMA`: run by a DBA it finds nothing and skips in silence.
    fn guards(&self, guard: &ScriptGuard, schema: &str, server: Option<&str>) -> String {
        let owner = self.text(&schema.to_uppercase());
        let refuse = |why: &str| self.refuse(why);
        let mut body = format!(
            "  IF SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') <> {owner} THEN\n    {}\n  END IF;\n",
            refuse(&format!("this script was made for the schema {schema}"))
        );
        if let Some(server) = server {
            body += &format!(
                "  IF {} THEN\n    {}\n  END IF;\n",
                self.another_database(server),
                refuse(&format!("this script was made for the database {server}"))
            );
        }
        for (_, source) in &guard.source {
            let (name, server) = name_and_server(source);
            let same_server = server.map_or_else(String::new, |server| {
                format!(" AND NOT ({})", self.another_database(server))
            });
            body += &format!(
                "  IF SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') = {}{same_server} THEN\n    {}\n  END IF;\n",
                self.text(&name.to_uppercase()),
                refuse("this is the source")
            );
        }
        body += &format!("  SELECT COUNT(*) INTO v_found FROM all_tables WHERE owner = {owner};\n");
        body += &format!(
            "  IF v_found = 0 THEN\n    {}\n  END IF;\n",
            refuse("the schema has no tables")
        );
        format!("DECLARE\n  v_found NUMBER;\nBEGIN\n{body}END;\n/\n")
    }

    fn script_item(&self, item: &Item) -> String {
        let Deed::Sql { statements } = &item.deed else {
            return String::new();
        };
        let mut text = format!(
            "\n{}\nPROMPT {} {}\n",
            spell::comment(&item.title),
            item.seq,
            item.step
        );
        for statement in statements {
            text += &spell::statement_comment(item, statement);
            text += &ended(&statement.sql);
        }
        text + &self.checked(&item.check, &format!("step {} left rows behind", item.step))
    }
}
