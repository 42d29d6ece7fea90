//! Copies that Data Pump makes: what is in the plan, in which order, and when there is none.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

mod support;

use envclone_core::dialect;
use envclone_core::engine::{Engine, Role};
use envclone_core::evidence::Observed;
use envclone_core::inventory::{ForeignKey, Inventory, Server};
use envclone_core::link::{Link, Links};
use envclone_core::plan::{Basis, Deed, DraftError, Item, NoCopy, Plan, Reason, ServerDeed, Side};
use envclone_core::settings::Settings;

fn source() -> Inventory {
    support::inventory(1, Engine::Oracle)
}

/// A database that is not the source's.
fn elsewhere() -> Server {
    Server {
        name: "QADB".to_owned(),
        ..support::server("19.0.0.0.0")
    }
}

fn made(copy: &str, destination: &Server) -> Plan {
    support::making(&source(), copy, Some(destination)).unwrap()
}

fn deeds(plan: &Plan) -> Vec<&ServerDeed> {
    let served = |item| -> Option<&ServerDeed> {
        let item: &envclone_core::plan::Item = item;
        match &item.deed {
            Deed::Server(deed) => Some(deed),
            _ => None,
        }
    };
    plan.items.iter().filter_map(served).collect()
}

fn titles(plan: &Plan) -> Vec<&str> {
    let items = plan.items.iter().filter(|item| item.group.is_none());
    items.map(|item| item.title.as_str()).collect()
}

fn sent(plan: &Plan) -> String {
    let statements = deeds(plan).into_iter().flat_map(|deed| &deed.statements);
    let texts: Vec<String> = statements
        .map(|one| format!("-- {}\n{}", one.comment, one.sql))
        .collect();
    texts.join("\n\n")
}

#[test]
fn the_order_is_export_places_import_and_parting_of_the_users() {
    // In the source's own database.
    let same = support::server("19.0.0.0.0");
    insta::assert_snapshot!(titles(&made("mend-synonyms = true", &same)).join("\n"));
}

#[test]
fn the_statements() {
    let same = support::server("19.0.0.0.0");
    let copy = "mend-synonyms = true\ndata-folder = '/u02/oradata'\nparallel = 4\ncompress = true";
    insta::assert_snapshot!(sent(&made(copy, &same)));
}

#[test]
fn rights_that_will_be_taken_away_are_listed_in_the_plan() {
    let same = support::server("19.0.0.0.0");
    let listed = |inventory: &Inventory| {
        let plan = support::making(inventory, "", Some(&same)).unwrap();
        let mut deeds = deeds(&plan).into_iter();
        let foreseen = deeds.find_map(|deed| deed.foresees.clone()).unwrap();
        (*foreseen, plan)
    };
    let mut inventory = source();
    assert_eq!(listed(&inventory).0.statements, []);
    support::with_rights(&mut inventory);
    let (foreseen, plan) = listed(&inventory);
    let lines: Vec<String> = foreseen
        .statements
        .iter()
        .map(|one| format!("{} -- {}", one.sql, one.comment))
        .collect();
    assert_eq!(
        lines,
        [
            "REVOKE SELECT ON \"OSPRE\".\"It's\" FROM \"OSPRODLOG\" -- OSPRODLOG has SELECT on OSPROD.It's",
            "REVOKE SELECT, UPDATE ON \"OSPRE\".\"OSSYS_USER\" FROM \"OSPRODLOG\" -- OSPRODLOG has SELECT, UPDATE on OSPROD.OSSYS_USER",
            "REVOKE SELECT ON \"OSPRE\".\"OSSYS_USER\" FROM \"PROD_LEDGER\" -- PROD_LEDGER has SELECT on OSPROD.OSSYS_USER",
        ]
    );
    assert_eq!(foreseen.unseen, [] as [String; 0]);
    let files = dialect::of(Engine::Oracle).script(&plan, &support::guard());
    let import = files.iter().find(|file| file.name == "import.sql").unwrap();
    assert!(
        import
            .text
            .contains(&format!("--   {};", foreseen.statements[1].sql))
    );
    // What nobody saw is not nothing.
    let why = "not permitted".to_owned();
    inventory.databases[0].links[0].found = Observed::Unknown { why };
    let (foreseen, _) = listed(&inventory);
    assert_eq!(
        foreseen.unseen,
        ["rights on the objects of OSPROD: not permitted"]
    );
}

#[test]
fn grants_are_mended_where_the_settings_say_so() {
    let mut inventory = source();
    support::with_rights(&mut inventory);
    let made =
        |copy: &str, inventory: &Inventory| support::making(inventory, copy, Some(&elsewhere()));
    let given = |plan: &Plan| {
        let items = plan
            .items
            .iter()
            .filter(|item| item.title.starts_with("Give "));
        items
            .map(|item| {
                let sql = item.deed.statements()[0].sql.as_str();
                format!(
                    "-- {}\n{sql}\n-- 0 when it is done\n{}",
                    item.title, item.check
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(given(&made("", &inventory).unwrap()), [] as [String; 0]);
    let plan = made("mend-grants = true", &inventory).unwrap();
    insta::assert_snapshot!(given(&plan).join("\n\n"));
    let why = "not permitted".to_owned();
    inventory.databases[0].links[0].found = Observed::Unknown { why };
    match made("mend-grants = true", &inventory).unwrap_err() {
        DraftError::NoCopy(why @ NoCopy::NoGrants { .. }) => {
            assert!(why.hint().contains("SELECT_CATALOG_ROLE"), "{}", why.hint());
        }
        other => panic!("{other}"),
    }
    made("", &inventory).unwrap();
}

#[test]
fn a_source_gets_nothing_but_an_export() {
    let plan = made("", &elsewhere());
    let on_source: Vec<_> = deeds(&plan)
        .into_iter()
        .filter(|deed| deed.on == Side::Source)
        .collect();
    let [export] = &on_source[..] else {
        panic!("one export");
    };
    let [statement] = &export.statements[..] else {
        panic!("one block");
    };
    assert!(statement.sql.contains("operation => 'EXPORT'"));
    assert!(statement.sql.contains("FLASHBACK_SCN"), "not one moment");
    for database in &source().databases {
        // In the list, and so quoted twice.
        let name = match database.role.to_string().as_str() {
            "platform" => "OSPROD",
            "log" => "OSPRODLOG",
            _ => "PROD_LEDGER",
        };
        assert!(statement.sql.contains(&format!("''{name}''")), "{name}");
    }
}

#[test]
fn users_are_parted_in_one_database_only() {
    let parts = |plan: &Plan| {
        titles(plan)
            .iter()
            .any(|title| title.starts_with("Take away"))
    };
    assert!(parts(&made("", &support::server("19.0.0.0.0"))));
    assert!(!parts(&made("", &elsewhere())));
    // Who only writes scripts may not know where the target is.
    assert!(parts(&support::making(&source(), "", None).unwrap()));
}

/// Names the copy's schemas as the source's, in another database.
fn alike(settings: &mut Settings) {
    settings.target.platform = "osprod@QADB".to_owned();
}

#[test]
fn users_of_schemas_that_are_called_alike_are_never_parted() {
    // They are in two databases, and what would be taken away is what the copy's users have on each other's objects.
    let made = support::making_as(&source(), "", None, alike).unwrap();
    assert!(!titles(&made).iter().any(|it| it.starts_with("Take away")));
    let adopted = support::adopting(&source(), Basis::Target, None, alike);
    assert_eq!(titles(&adopted), [""; 0]);
}

#[test]
fn an_adopted_copy_is_parted_from_its_source_where_both_may_be_one_database() {
    let same = support::server("19.0.0.0.0");
    let without_server = || {
        let mut inventory = source();
        inventory.server = None;
        inventory
    };
    for basis in [Basis::Source, Basis::Target] {
        let parts = |inventory: &Inventory, other: Option<&Server>| {
            let plan = support::adopting(inventory, basis, other, |_| ());
            plan.items.iter().any(|item| item.group.is_none())
        };
        assert!(parts(&source(), Some(&same)));
        assert!(!parts(&source(), Some(&elsewhere())));
        assert!(parts(&source(), None));
        assert!(parts(&without_server(), Some(&elsewhere())));
    }
    for engine in [Engine::SqlServer, Engine::Sqlite] {
        let inventory = support::inventory(1, engine);
        let plan = support::adopting(&inventory, Basis::Target, Some(&same), |_| ());
        assert!(plan.items.iter().all(|item| item.group.is_some()));
    }
}

/// The plan for a copy in the source's own database, with the item that parts their users.
fn adopted(inventory: &Inventory, basis: Basis) -> (Plan, Item) {
    let same = support::server("19.0.0.0.0");
    let plan = support::adopting(inventory, basis, Some(&same), |_| ());
    let mut items = plan.items.iter().filter(|item| item.group.is_none());
    let item = items.next().unwrap().clone();
    assert_eq!(items.next(), None);
    (plan, item)
}

fn listed(item: &Item) -> (Vec<String>, Vec<String>, String) {
    let Deed::Server(deed) = &item.deed else {
        panic!("a server does it");
    };
    let foreseen = deed.foresees.as_deref().unwrap();
    let lines = foreseen.statements.iter();
    let lines = lines.map(|one| format!("{} -- {}", one.sql, one.comment));
    (
        lines.collect(),
        foreseen.unseen.clone(),
        foreseen.about.clone(),
    )
}

#[test]
fn a_server_parts_the_users_before_the_one_transaction_and_nothing_is_done_twice() {
    let (plan, item) = adopted(&source(), Basis::Target);
    assert_eq!((item.seq, item.step.as_str()), (1, "adopt"));
    let Deed::Server(deed) = &item.deed else {
        panic!("a server does it");
    };
    assert_eq!((deed.on, deed.makes), (Side::Target, false));
    assert!(!plan.makes_the_copy());
    // The same block and check as where envclone makes the copy.
    let made = made("", &support::server("19.0.0.0.0"));
    let of_made = made.items.iter().find(|it| it.title == item.title).unwrap();
    assert_eq!(of_made.deed.statements(), item.deed.statements());
    assert_eq!((&of_made.check, &item.check), (&item.check, &item.count));
    for group in plan.transactions() {
        for one in plan
            .items
            .iter()
            .filter(|it| it.group.as_deref() == Some(group))
        {
            for statement in one.deed.statements() {
                assert!(!statement.sql.contains("REVOKE"), "{}", statement.sql);
            }
        }
    }
    let counts: Vec<Option<u64>> = plan.items.iter().map(|_| Some(0)).collect();
    let clean = plan.clone().counted(&counts);
    assert_eq!(clean.items, []);
    let out = clean.left_out.iter().find(|it| it.step == "adopt").unwrap();
    assert_eq!(
        (&out.part, &out.reason),
        (&item.title, &Reason::AlreadyClean)
    );
    let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(read, plan);
}

#[test]
fn who_has_what_of_the_other_side_is_listed_in_both_directions() {
    let mut copy = source();
    support::with_rights_across(&mut copy, ["OSPROD", "OSPRODLOG", "PROD_LEDGER"]);
    let (_, item) = adopted(&copy, Basis::Target);
    let (lines, unseen, about) = listed(&item);
    assert_eq!(
        lines,
        [
            "REVOKE SELECT ON \"OSPRE\".\"It's\" FROM \"PROD_LEDGER\" -- PROD_LEDGER has SELECT on OSPRE.It's",
            "REVOKE SELECT, UPDATE ON \"OSPRE\".\"OSSYS_USER\" FROM \"OSPRODLOG\" -- OSPRODLOG has SELECT, UPDATE on OSPRE.OSSYS_USER",
            "REVOKE SELECT ON \"OSPROD\".\"a.b\" FROM \"OSPRE\" -- OSPRE has SELECT on OSPROD.a.b",
            "REVOKE DELETE ON \"OSPRODLOG\".\"OSLOG_ERROR\" FROM \"OSPRE\" -- OSPRE has DELETE on OSPRODLOG.OSLOG_ERROR",
        ]
    );
    assert_eq!(unseen, [""; 0]);
    assert!(about.contains("the copy's inventory"), "{about}");

    // From the source the same rights are seen the other way round.
    let mut here = source();
    support::with_rights_across(&mut here, ["OSPRE", "OSPRELOG", "PRE_LEDGER"]);
    let (_, item) = adopted(&here, Basis::Source);
    let (lines, _, about) = listed(&item);
    assert_eq!(
        lines,
        [
            "REVOKE SELECT ON \"OSPRE\".\"a.b\" FROM \"OSPROD\" -- OSPROD has SELECT on OSPRE.a.b",
            "REVOKE DELETE ON \"OSPRELOG\".\"OSLOG_ERROR\" FROM \"OSPROD\" -- OSPROD has DELETE on OSPRELOG.OSLOG_ERROR",
            "REVOKE SELECT ON \"OSPROD\".\"It's\" FROM \"PRE_LEDGER\" -- PRE_LEDGER has SELECT on OSPROD.It's",
            "REVOKE SELECT, UPDATE ON \"OSPROD\".\"OSSYS_USER\" FROM \"OSPRELOG\" -- OSPRELOG has SELECT, UPDATE on OSPROD.OSSYS_USER",
        ]
    );
    assert!(about.contains("the source's inventory"), "{about}");
}

#[test]
fn what_nobody_saw_of_an_adopted_copys_rights_is_said() {
    let mut copy = source();
    support::with_rights_across(&mut copy, ["OSPROD", "OSPRODLOG", "PROD_LEDGER"]);
    for links in &mut copy.databases[0].links {
        let why = "ORA-00942".to_owned();
        links.found = Observed::Unknown { why };
    }
    copy.databases.truncate(2);
    let (_, item) = adopted(&copy, Basis::Target);
    let (lines, unseen, _) = listed(&item);
    assert_eq!(lines, [""; 0]);
    assert_eq!(
        unseen,
        [
            "rights on the objects of OSPRE: ORA-00942",
            "rights of OSPRE on the objects of others: ORA-00942",
            "rights of PRE_LEDGER and on its objects: the inventory does not have it",
        ]
    );
}

#[test]
fn a_script_parts_the_users_of_an_adopted_copy_before_it_is_cleaned() {
    let mut copy = source();
    support::with_rights_across(&mut copy, ["OSPROD", "OSPRODLOG", "PROD_LEDGER"]);
    let (plan, _) = adopted(&copy, Basis::Target);
    let oracle = dialect::of(Engine::Oracle);
    let files = oracle.script(&plan, &support::guard());
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["rights.sql", "clean.sql"]);
    assert!(!files[1].text.contains("REVOKE"), "DDL commits");
    insta::assert_snapshot!(files[0].text.replace(plan.short_id(), "PLAN"));
    let two = support::adopting(&copy, Basis::Target, Some(&elsewhere()), |_| ());
    let files = oracle.script(&two, &support::guard());
    assert_eq!(files.len(), 1);
}

#[test]
fn no_password_is_in_a_plan_or_script() {
    let plan = made("", &elsewhere());
    assert!(sent(&plan).contains("DBMS_RANDOM"));
    assert!(sent(&plan).contains("ACCOUNT LOCK"));
    for file in dialect::of(Engine::Oracle).script(&plan, &support::guard()) {
        for line in file
            .text
            .lines()
            .filter(|line| line.contains("IDENTIFIED BY"))
        {
            assert!(
                line.contains("EXECUTE IMMEDIATE") || line.contains("\"&envclone_password_"),
                "{}: {line}",
                file.name
            );
        }
    }
}

#[test]
fn a_schema_that_others_refer_to_and_nobody_copies_is_named() {
    let mut inventory = source();
    let link = |to: &str| Link {
        name: "x".to_owned(),
        to: to.to_owned(),
    };
    inventory.databases[0].links = vec![Links {
        kind: "synonym".to_owned(),
        of_server: false,
        found: Observed::Known(vec![
            link("HR.PEOPLE"),
            link("HR.TEAMS"),
            link("OSPRODLOG.OSLOG_ERROR"),
        ]),
    }];
    let plan = support::making(&inventory, "", Some(&elsewhere())).unwrap();
    let guide = plan
        .guides
        .iter()
        .find(|guide| guide.title.contains("not copied"));
    let text = &guide.unwrap().text;
    assert!(text.contains("HR: 2 "), "{text}");
    assert!(!text.contains("OSPRODLOG"), "{text}");
    let none = made("", &elsewhere());
    assert!(
        none.guides
            .iter()
            .all(|guide| !guide.title.contains("not copied"))
    );
}

#[test]
fn nothing_may_be_in_the_way() {
    let plan = made("", &elsewhere());
    for deed in deeds(&plan) {
        let sql: String = deed.statements.iter().map(|one| one.sql.as_str()).collect();
        let must = ["'EXPORT'", "TABLESPACE \"", "CREATE USER"];
        if must.iter().any(|word| sql.contains(word)) {
            assert!(!deed.obstacles.is_empty(), "{sql}");
        }
    }
}

#[test]
fn what_refers_from_another_schema_is_counted_in_the_source_and_in_the_copy() {
    let mut inventory = source();
    for (database, locator) in
        inventory
            .databases
            .iter_mut()
            .zip(["OSPROD", "OSPRODLOG", "PROD_LEDGER"])
    {
        let roles = ["platform", "log", "catalog:PROD_LEDGER"];
        assert!(roles.contains(&database.role.to_string().as_str()));
        database.locator = format!("{locator}@proddb");
    }
    let ledger = inventory
        .databases
        .iter_mut()
        .find(|it| matches!(it.role, Role::Catalog(_)));
    let child = &mut ledger.unwrap().tables[0];
    let (name, first) = (child.name.to_uppercase(), child.columns[0].to_uppercase());
    let key = |schema: &str, table: &str| ForeignKey {
        column: "SERVER_ID".to_owned(),
        table: table.to_owned(),
        to: "ID".to_owned(),
        name: format!("FK_{schema}_{table}"),
        schema: schema.to_owned(),
    };
    // Rows of the first go, those of the second stay, and the third leads to a table of the same name somewhere else.
    child.foreign_keys = vec![
        key("OSPROD", "OSSYS_SERVER"),
        key("OSPROD", "OSSYS_TENANT"),
        key("HR", "OSSYS_SERVER"),
    ];
    let plan = support::making(&inventory, "", Some(&elsewhere())).unwrap();
    let items = plan.items.iter();
    let found: Vec<_> = items
        .flat_map(|item| plan.unprovided(item).map(move |it| (item, it)))
        .filter(|(_, it)| it.elsewhere.is_some())
        .collect();
    let [(item, referrer)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(item.table.as_deref(), Some("ossys_Server"));
    assert_eq!(
        referrer.phrase(),
        format!(
            "the foreign key `FK_OSPROD_OSSYS_SERVER` from `{}.SERVER_ID` of the catalog PROD_LEDGER",
            child_name(&inventory)
        )
    );
    // It is asked where the parent is: only the child's table needs its schema.
    let counts = |schema: &str| {
        format!(
            "SELECT COUNT(*) FROM \"{schema}\".\"{name}\"\nWHERE \"SERVER_ID\" IN (SELECT \"ID\" FROM \"OSSYS_SERVER\""
        )
    };
    let shows = |schema: &str| format!("SELECT \"{first}\" FROM \"{schema}\".\"{name}\"\nWHERE ");
    assert!(
        referrer.count.starts_with(&counts("PRE_LEDGER")),
        "{}",
        referrer.count
    );
    assert!(
        referrer.rows.starts_with(&shows("PRE_LEDGER")),
        "{}",
        referrer.rows
    );
    let planned = referrer.when_planned();
    assert!(
        planned.count.starts_with(&counts("PROD_LEDGER")),
        "{}",
        planned.count
    );
    assert!(
        planned.rows.starts_with(&shows("PROD_LEDGER")),
        "{}",
        planned.rows
    );
    let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(read, plan);
}

fn child_name(inventory: &Inventory) -> &str {
    let ledger = inventory
        .databases
        .iter()
        .find(|it| matches!(it.role, Role::Catalog(_)));
    &ledger.unwrap().tables[0].name
}

#[test]
fn a_forgotten_runtime_schema_is_found_out() {
    let mut inventory = source();
    for database in &mut inventory.databases {
        database
            .tables
            .retain(|table| !table.name.starts_with("OSUSR_"));
    }
    match support::making(&inventory, "", Some(&elsewhere())).unwrap_err() {
        DraftError::NoApplicationTables {
            named: told,
            example,
        } => {
            assert!(told > 0);
            assert!(example.starts_with("OSUSR_"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn there_is_no_plan_where_it_could_not_be_carried_out() {
    let refused = |inventory: &Inventory, copy: &str, destination: &Server| match support::making(
        inventory,
        copy,
        Some(destination),
    )
    .unwrap_err()
    {
        DraftError::NoCopy(why) => why,
        other => panic!("{other}"),
    };
    let why = refused(&source(), "", &support::server("12.2.0.1.0"));
    assert!(matches!(why, NoCopy::OlderServer { .. }), "{why}");
    let mut long = source();
    long.databases[0].files[0].name = "A_TABLESPACE_WITH_A_LONG_NAME".to_owned();
    let why = refused(&long, "", &elsewhere());
    assert_eq!(
        why,
        NoCopy::Tablespace("A_TABLESPACE_WITH_A_LONG_NAME".to_owned())
    );
    let named = "tablespaces.A_TABLESPACE_WITH_A_LONG_NAME = \"QA_LONG\"";
    support::making(&long, named, Some(&elsewhere())).unwrap();
}

#[test]
fn the_scripts_make_the_copy_as_well() {
    let plan = made("", &elsewhere());
    let files = dialect::of(Engine::Oracle).script(&plan, &support::guard());
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "export.sql",
            "import.sql",
            "export.par",
            "import.par",
            "clean.sql",
            "passwords.sql"
        ]
    );
    let texts: Vec<String> = files
        .iter()
        .filter(|file| file.name != "clean.sql")
        .map(|file| {
            format!(
                "## {}\n{}",
                file.name,
                file.text.replace(plan.short_id(), "PLAN")
            )
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn one_transaction_spans_all_schemas_of_one_database() {
    let oracle = dialect::of(Engine::Oracle);
    let at = |name: &str| oracle.transaction(&Role::Log, name);
    assert_eq!(at("OSPRE"), at("OSPRELOG"));
    assert_eq!(at("OSPRE@QADB"), at("OSPRELOG@qadb"));
    assert_ne!(at("OSPRE@QADB"), at("OSPRE@QADB2"));
    assert_ne!(at("OSPRE@QADB"), at("OSPRE"));

    let plan = made("", &elsewhere());
    let [one] = plan.transactions()[..] else {
        panic!("{:?}", plan.transactions());
    };
    let spanned: Vec<&Role> = plan.spanned(one).iter().map(|it| &it.role).collect();
    assert_eq!(spanned, [&Role::Platform, &Role::Log]);
    for engine in [Engine::SqlServer, Engine::Sqlite] {
        let (plan, _) = support::plan(&support::inventory(1, engine));
        assert!(plan.transactions().len() > 1, "{engine}");
        for group in plan.transactions() {
            let spanned: Vec<_> = plan
                .spanned(group)
                .into_iter()
                .map(|it| it.role.to_string())
                .collect();
            assert_eq!(spanned, [group], "{engine}");
        }
    }
}

/// The lines that a script for SQL*Plus sends, by what they begin with.
fn places(text: &str, begins: &[&str]) -> Vec<usize> {
    let there = |line: &str| begins.iter().any(|word| line.starts_with(word));
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| there(line))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn a_script_changes_all_schemas_in_one_transaction() {
    let plan = made("", &elsewhere());
    let oracle = dialect::of(Engine::Oracle);
    let clean = |plan: &Plan| -> Vec<_> {
        let files = oracle.script(plan, &support::guard());
        files
            .into_iter()
            .filter(|file| file.name.starts_with("clean"))
            .collect()
    };
    let [file] = &clean(&plan)[..] else {
        panic!("one file");
    };
    let text = &file.text;
    let changes = places(text, &["DELETE ", "UPDATE ", "INSERT "]);
    let (first, last) = (changes[0], changes[changes.len() - 1]);
    let commits = places(text, &["COMMIT"]);
    assert!(commits.len() == 1 && commits[0] > last, "{commits:?}");
    for ends in ["CREATE ", "DROP ", "ALTER TABLE", "TRUNCATE ", "GRANT "] {
        assert_eq!(places(text, &[ends]), [0; 0], "{ends} commits");
    }
    // All schemas are judged before a row of any is touched, and each change is made in its own.
    for schema in ["OSPRE", "OSPRELOG"] {
        let judged =
            format!("'refused: this script was made for the schema {schema}; nothing was changed'");
        let at = text.lines().position(|line| line.contains(&judged));
        assert!(at.is_some_and(|at| at < first), "{schema}");
    }
    let mut schema = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("ALTER SESSION SET CURRENT_SCHEMA = ") {
            schema = rest;
        }
        if line.starts_with("PROMPT ") && line != "PROMPT committed" {
            found.push(schema);
        }
    }
    let guard = support::guard();
    let named = |role: &Role| guard.target.iter().find(|(its, _)| its == role);
    let planned = plan.items.iter().filter(|item| item.group.is_some());
    let expected: Vec<String> = planned
        .filter_map(|item| named(&item.database))
        .map(|(_, name)| format!("\"{name}\";"))
        .collect();
    assert_eq!(found, expected);

    // In two databases they can't share one.
    let mut parted = plan.clone();
    for item in &mut parted.items {
        if item.group.is_some() && item.database == Role::Log {
            item.group = Some(oracle.transaction(&Role::Log, "OSPRELOG@LOGDB"));
        }
    }
    let files = clean(&parted);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["clean-platform.sql", "clean-log.sql"]);
    for file in &files {
        assert_eq!(places(&file.text, &["COMMIT"]).len(), 1, "{}", file.name);
    }
}
