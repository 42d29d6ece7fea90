//! Copies that a server makes by BACKUP and RESTORE: what is in the plan, in which order, and when there is none.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

mod support;

use envclone_core::dialect;
use envclone_core::engine::{Engine, Role};
use envclone_core::inventory::{Inventory, Server};
use envclone_core::plan::{Deed, DraftError, Item, NoCopy, Plan, Reason, ServerDeed, Side};

fn source() -> Inventory {
    let mut inventory = support::inventory(1, Engine::SqlServer);
    for (at, database) in (1..).zip(&mut inventory.databases) {
        database.bytes = at << 30;
    }
    inventory
}

fn destination() -> Server {
    support::server("16.0.1000.6")
}

fn made(inventory: &Inventory, copy: &str) -> Plan {
    support::making(inventory, copy, Some(&destination())).unwrap()
}

fn refused(inventory: &Inventory, copy: &str, destination: &Server) -> NoCopy {
    match support::making(inventory, copy, Some(destination)).unwrap_err() {
        DraftError::NoCopy(why) => why,
        other => panic!("{other}"),
    }
}

/// The items that make the copy, with what they do.
fn deeds(plan: &Plan) -> Vec<(&Item, &ServerDeed)> {
    let served = |item| -> Option<(&Item, &ServerDeed)> {
        let item: &Item = item;
        match &item.deed {
            Deed::Server(deed) => Some((item, deed)),
            _ => None,
        }
    };
    plan.items.iter().filter_map(served).collect()
}

/// All that is sent to make the copy.
fn sent(plan: &Plan) -> String {
    let statements = deeds(plan)
        .into_iter()
        .flat_map(|(_, deed)| &deed.statements);
    let texts: Vec<&str> = statements.map(|one| one.sql.as_str()).collect();
    texts.join(";\n")
}

#[test]
fn the_order_is_backups_one_moment_logs_restores_clean_up_and_only_then_the_opening() {
    let plan = made(&source(), "");
    let titles: Vec<&str> = plan
        .items
        .iter()
        .filter(|item| item.group.is_none())
        .map(|item| item.title.as_str())
        .collect();
    insta::assert_snapshot!(titles.join("\n"));
    let last_row = plan.items.iter().rposition(|item| item.group.is_some());
    let opened = plan
        .items
        .iter()
        .position(|item| item.title.starts_with("Open"));
    assert!(last_row < opened, "a copy opens before it is clean");
}

#[test]
fn the_statements_of_one_database() {
    let plan = made(&source(), "stripes = 2");
    let statements: Vec<String> = plan
        .items
        .iter()
        .filter(|item| item.group.is_none() && item.database == Role::Log)
        .flat_map(|item| item.deed.statements())
        .map(|one| format!("-- {}\n{}", one.comment, one.sql))
        .collect();
    insta::assert_snapshot!(statements.join(";\n"));
}

#[test]
fn a_source_gets_nothing_but_copy_only_backups() {
    for (item, deed) in deeds(&made(&source(), "")) {
        for statement in &deed.statements {
            let is_a_backup = statement.sql.starts_with("BACKUP ");
            assert_eq!(deed.on == Side::Source, is_a_backup, "{}", item.title);
            assert!(!is_a_backup || statement.sql.contains("COPY_ONLY"));
        }
    }
}

#[test]
fn a_copy_has_another_name_and_other_files_and_nothing_may_be_in_its_way() {
    let inventory = source();
    let plan = made(
        &inventory,
        "data-folder = 'D:\\sql'\nlog-folder = 'D:\\sql'",
    );
    let mut places = Vec::new();
    for (item, deed) in deeds(&plan).into_iter().filter(|(_, deed)| deed.makes) {
        let restore = &deed.statements[1].sql;
        let files = &inventory.database(&item.database).unwrap().files;
        assert_eq!(restore.matches("MOVE ").count(), files.len(), "{restore}");
        for file in files {
            assert!(!restore.contains(&format!("TO N'{}'", file.path)));
        }
        let to = restore
            .lines()
            .filter_map(|line| line.split("TO N'").nth(1));
        places.extend(to.map(|rest| rest.split('\'').next().unwrap().to_owned()));
        assert!(!restore.contains("REPLACE"), "it would go over a database");
        let obstacles: String = deed
            .obstacles
            .iter()
            .map(|one| one.count.as_str())
            .collect();
        for place in ["sys.databases", "sys.master_files"] {
            assert!(obstacles.contains(place), "{place}");
        }
        let asked = deed
            .obstacles
            .iter()
            .filter(|one| one.first.contains("xp_fileexist"));
        assert_eq!(asked.count(), files.len());
    }
    let all = places.len();
    places.sort_unstable();
    places.dedup();
    assert_eq!((all, places.len()), (12, 12), "two files at one place");
}

#[test]
fn what_an_interrupted_restore_left_is_removed_and_nothing_else() {
    let plan = made(&source(), "");
    for (_, deed) in deeds(&plan).into_iter().filter(|(_, deed)| deed.makes) {
        let first = &deed.statements[0].sql;
        let guarded = first.find("state_desc = N'RESTORING'").unwrap();
        assert!(guarded < first.find("DROP DATABASE").unwrap(), "{first}");
        assert!(first.contains("THROW 51000"), "{first}");
        assert_eq!(sent(&plan).matches("DROP ").count(), 3);
    }
}

#[test]
fn one_database_needs_no_moment() {
    let mut inventory = source();
    inventory
        .databases
        .retain(|database| database.role == Role::Platform);
    // The plan is for the databases that were found.
    let plan = made(&inventory, "");
    let sent = sent(&plan);
    assert!(
        !sent.contains("BACKUP LOG") && !sent.contains("STOPAT"),
        "{sent}"
    );
    assert!(
        !plan
            .items
            .iter()
            .any(|item| matches!(item.deed, Deed::Note { .. }))
    );
}

#[test]
fn where_a_database_keeps_no_log_the_plan_says_so_and_so_it_does_where_the_settings_want_none() {
    for (model, copy) in [
        (Some("SIMPLE"), ""),
        (Some("FULL without a chain of log backups"), ""),
        (None, ""),
        (Some("FULL"), "together = false"),
    ] {
        let mut inventory = source();
        inventory.databases[1].recovery_model = model.map(str::to_owned);
        let plan = made(&inventory, copy);
        assert!(!sent(&plan).contains("STOPAT"));
        let mut left_out = plan.left_out.iter();
        let reason = left_out.find(|one| one.part == "one moment for all databases");
        let reason = &reason.unwrap().reason;
        assert_eq!(
            matches!(reason, Reason::NoLog { .. }),
            copy.is_empty(),
            "{reason}"
        );
    }
}

#[test]
fn settings_become_statements() {
    let inventory = source();
    for (copy, says, not) in [
        ("", "COMPRESSION", "\0"),
        ("compress = false", "BACKUP", "COMPRESSION"),
        ("", "FILEGROWTH = 512MB", "\0"),
        ("growth-mb = 64", "FILEGROWTH = 64MB", "512MB"),
        ("", "SET RECOVERY SIMPLE", "\0"),
        ("recovery = 'full'", "SET RECOVERY FULL", "SIMPLE"),
        ("recovery = 'keep'", "BACKUP", "SET RECOVERY"),
        ("", "SET DISABLE_BROKER", "NEW_BROKER"),
        ("broker = 'new'", "SET NEW_BROKER", "DISABLE_BROKER"),
        ("", "SET TRUSTWORTHY OFF", "TRUSTWORTHY ON"),
        (
            "trustworthy = true",
            "SET TRUSTWORTHY ON",
            "TRUSTWORTHY OFF",
        ),
        ("", "RESTRICTED_USER", "\0"),
        ("", "SET MULTI_USER", "\0"),
        ("restricted = false", "BACKUP", "RESTRICTED_USER"),
        ("", "SUSER_SNAME(0x01)", "\0"),
        ("owner = \"it's\"", "[it's]", "0x01"),
        ("owner = 'login'", "BACKUP", "ALTER AUTHORIZATION"),
        ("compatibility = 150", "COMPATIBILITY_LEVEL = 150", "\0"),
        (
            "backup-folder = 'https://a.example/b'",
            "TO URL = N'https://a.example/b/",
            "DISK",
        ),
        (
            "backup-folder = '/var/b'\nrestore-folder = '/mnt/b'",
            "FROM DISK = N'/mnt/b/OSPROD-",
            "FROM DISK = N'/var",
        ),
    ] {
        let sent = sent(&made(&inventory, copy));
        assert!(sent.contains(says), "`{copy}` says no `{says}`:\n{sent}");
        assert!(!sent.contains(not), "`{copy}` says `{not}`:\n{sent}");
    }
    let mut express = source();
    express.server.as_mut().unwrap().compresses = false;
    assert!(!sent(&made(&express, "")).contains("COMPRESSION"));
}

#[test]
fn there_is_no_plan_where_it_could_not_be_carried_out() {
    let inventory = source();
    let why = refused(&inventory, "", &support::server("14.0.1.1"));
    assert!(matches!(why, NoCopy::OlderServer { .. }), "{why}");
    let mut azure = destination();
    azure.edition = "SQL Azure".to_owned();
    let why = refused(&inventory, "", &azure);
    assert!(matches!(why, NoCopy::Service(_)), "{why}");
    assert!(why.hint().contains("AS COPY OF"));
    let mut bare = destination();
    bare.data_folder = None;
    let why = refused(&inventory, "", &bare);
    assert!(
        matches!(
            why,
            NoCopy::Folder {
                key: "data-folder",
                ..
            }
        ),
        "{why}"
    );
    let mut blind = source();
    blind.server = None;
    let why = refused(&blind, "", &destination());
    assert!(
        matches!(
            why,
            NoCopy::Folder {
                key: "backup-folder",
                ..
            }
        ),
        "{why}"
    );
    let mut blind = source();
    blind.databases[0].files.clear();
    let why = refused(&blind, "", &destination());
    assert!(matches!(why, NoCopy::NoFiles(_)), "{why}");
    assert!(!why.hint().is_empty());
}

#[test]
fn the_scripts_make_the_copy_as_well() {
    let plan = made(&source(), "");
    let files = dialect::of(Engine::SqlServer).script(&plan, &support::guard());
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let expected = [
        "back-up.sql",
        "restore.sql",
        "clean-platform.sql",
        "clean-log.sql",
        "open.sql",
    ];
    assert_eq!(names, expected);
    for (name, file) in names.iter().zip(&files) {
        let statements = plan.items.iter().flat_map(|item| item.deed.statements());
        let backups = statements.filter(|one| file.text.contains(&one.sql));
        assert!(backups.count() > 0, "{name} has nothing of the plan");
        insta::with_settings!({filters => vec![(r"plan [0-9a-f]{12}", "plan ID")]}, {
            if !name.starts_with("clean") {
                insta::assert_snapshot!(*name, file.text);
            }
        });
    }
    let guide = plan.guides.iter().find(|guide| guide.step == "clone");
    for (_, deed) in deeds(&plan) {
        for file in deed.obstacles.iter().filter(|_| deed.on == Side::Source) {
            let path = file.what.split(' ').nth(3).unwrap();
            assert!(guide.unwrap().text.contains(path), "{path} is forgotten");
        }
    }
    let in_files: usize = files.iter().map(|file| file.items).sum();
    let of_catalog = plan
        .items
        .iter()
        .filter(|item| item.group.is_some() && matches!(item.database, Role::Catalog(_)));
    assert_eq!(in_files + of_catalog.count(), plan.items.len());
}

#[test]
fn what_was_approved_is_the_same_plan_a_minute_later_and_its_backups_are_others() {
    let (now, mut later) = (source(), source());
    later.taken_at = "2026-03-02T08:01:00Z".to_owned();
    let (now, later) = (made(&now, ""), made(&later, ""));
    assert_eq!(now.id, later.id);
    assert!(sent(&now) != sent(&later));
    assert_ne!(now.id, made(&source(), "growth-mb = 64").id);
    let text = serde_json::to_string(&later).unwrap();
    Plan::read(&text).unwrap();
    let edited = text.replace("COPY_ONLY, ", "");
    assert!(
        Plan::read(&edited).is_err(),
        "a plan edited by hand is taken"
    );
}
