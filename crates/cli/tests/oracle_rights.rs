//! Rights between the users of a source and those of a copy that somebody else imported into the same database, over the Oracle
//! wire: listed, taken away before the clean-up, and looked for again. A script plays the block that takes them away, which
//! MariaDB does not execute. Where it is not installed these tests say so and pass.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use envclone_tns_server::{Answer, MariaDb, Request, Type, Value};
use support::oracle::{Oracle, SOURCE, TARGET, on_files, roles};

/// How the database does what takes rights away.
#[derive(Default)]
struct Played {
    /// How often it did.
    parted: usize,
    /// Whether rights stay.
    keeps: bool,
    /// Whether the connection is cut after it, once.
    cuts: bool,
    /// Whether the lists of rights may not be seen.
    hides: bool,
    /// Whether the first change of the clean-up fails, once.
    fails: bool,
    /// What source and target call their databases, where these are two, and how often that was asked.
    two: Option<([&'static str; 2], usize)>,
}

type Shared = Arc<Mutex<Played>>;

fn locked(played: &Shared) -> std::sync::MutexGuard<'_, Played> {
    played.lock().unwrap_or_else(PoisonError::into_inner)
}

const LISTS: [&str; 2] = ["dba_tab_privs", "dba_col_privs"];

fn play(played: &Shared, database: &MariaDb, request: &Request) -> Option<Answer> {
    let sql = request.sql.as_str();
    let mut played = locked(played);
    if played.hides && LISTS.iter().any(|view| sql.contains(view)) {
        return Some(Answer::error(942, "table or view does not exist"));
    }
    if sql.contains("product_component_version")
        && let Some((names, asked)) = &mut played.two
    {
        let name = names[*asked % 2];
        *asked += 1;
        return Some(called(name));
    }
    if request.verb() == "DELETE" && std::mem::take(&mut played.fails) {
        return Some(Answer::error(
            30_036,
            "unable to extend segment by 8 in undo tablespace",
        ));
    }
    if !sql.contains("'REVOKE '") {
        return None;
    }
    played.parted += 1;
    if !played.keeps {
        for list in LISTS {
            // What the block itself looks for.
            let (_, across) = sql.split_once(&format!("FROM {list} p WHERE ")).unwrap();
            let end = across.find("UNION").or_else(|| across.find(")\n  LOOP"));
            let across = across[..end.unwrap()].replace("p.", "");
            let delete = format!("DELETE FROM sys_dictionary.{list} WHERE {across}");
            database.run(&[&delete]).unwrap();
        }
    }
    Some(match std::mem::take(&mut played.cuts) {
        true => Answer::Cut,
        false => Answer::Done,
    })
}

/// What a database says of itself.
fn called(name: &str) -> Answer {
    let text = Type::Varchar2(128);
    let columns = ["NAME", "VERSION", "PRODUCT", "DATA", "LOG", "BACKUP"];
    let mut columns: Vec<(&str, Type)> = columns.map(|column| (column, text)).to_vec();
    columns.insert(3, ("COMPRESSES", Type::Number));
    let row = [
        Value::from(name),
        Value::from("19.0.0.0.0"),
        Value::from("Oracle Database 19c"),
        Value::Integer(1),
        Value::Null,
        Value::Null,
        Value::Null,
    ];
    Answer::rows(columns, [row])
}

/// A copy in the source's database, whose users have rights across.
fn started(played: Played) -> Option<(Oracle, Shared)> {
    let played = Arc::new(Mutex::new(played));
    let shared = Arc::clone(&played);
    let oracle = Oracle::adopting_played("documented", move |database, request| {
        play(&shared, database, request)
    })?;
    let rights = "INSERT INTO sys_dictionary.dba_tab_privs VALUES ('OSRUNTIME', 'QA_OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), \
                  ('OSRUNTIME', 'QA_OSADMIN', 'OSSYS_USER', 'UPDATE', 'NO'), ('QA_OSADMIN', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), \
                  ('OSRUNTIME', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), ('QA_OSRUNTIME', 'QA_OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), \
                  ('REPORTS', 'QA_OSADMIN', 'OSSYS_USER', 'SELECT', 'NO')";
    let of_column = "INSERT INTO sys_dictionary.dba_col_privs VALUES ('QA_OSRUNTIME', 'OSADMIN', 'OSSYS_USER', 'NAME', 'UPDATE')";
    oracle.lab.database.run(&[rights, of_column]).unwrap();
    Some((oracle, played))
}

/// Who has what now, and is meant to keep it: both sides' users among themselves, and somebody else.
const KEPT: [&str; 3] = [
    "OSRUNTIME SELECT OSADMIN.OSSYS_USER",
    "QA_OSRUNTIME SELECT QA_OSADMIN.OSSYS_USER",
    "REPORTS SELECT QA_OSADMIN.OSSYS_USER",
];

fn rights(oracle: &Oracle) -> Vec<String> {
    let all = LISTS.map(|list| {
        format!("SELECT CONCAT(grantee, ' ', privilege, ' ', owner, '.', table_name) FROM sys_dictionary.{list}")
    });
    let rows = oracle
        .lab
        .database
        .query(&format!("{} ORDER BY 1", all.join(" UNION ALL ")));
    let text = |row: Vec<Value>| match row.into_iter().next() {
        Some(Value::Text(text)) => text,
        other => panic!("{other:?}"),
    };
    rows.unwrap().into_iter().map(text).collect()
}

/// Every row of the copy's schemas.
fn copy(oracle: &Oracle) -> Vec<Vec<(String, Vec<String>)>> {
    roles()
        .iter()
        .map(|role| oracle.content(TARGET, role))
        .collect()
}

fn run_of(oracle: &Oracle) -> PathBuf {
    let runs = fs::read_dir(oracle.folder().join("envclone-runs")).unwrap();
    let mut folders = runs.map(|entry| entry.unwrap().path());
    folders.find(|path| path.is_dir()).unwrap()
}

#[test]
fn rights_across_are_listed_and_gone_before_the_clean_up_begins() {
    let Some((oracle, played)) = started(Played::default()) else {
        return;
    };
    let before: Vec<_> = roles()
        .iter()
        .map(|role| oracle.content(SOURCE, role))
        .collect();
    let plan = oracle.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    for listed in [
        "--   REVOKE SELECT, UPDATE ON \"QA_OSADMIN\".\"OSSYS_USER\" FROM \"OSRUNTIME\"; (OSRUNTIME has SELECT, UPDATE on \
         QA_OSADMIN.OSSYS_USER)",
        "--   REVOKE SELECT ON \"OSADMIN\".\"OSSYS_USER\" FROM \"QA_OSADMIN\"; (QA_OSADMIN has SELECT on OSADMIN.OSSYS_USER)",
    ] {
        assert!(plan.out.contains(listed), "{listed}: {}", plan.out);
    }
    assert!(!plan.out.contains("FROM \"REPORTS\""), "{}", plan.out);

    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    assert_eq!(rights(&oracle), KEPT);
    assert_eq!(locked(&played).parted, 1);
    // It commits, so it is over before the transaction begins.
    let received = oracle.lab.front.received();
    let at = |what: &str| {
        received
            .iter()
            .position(|it| it.sql.contains(what))
            .unwrap()
    };
    assert!(at("'REVOKE '") < at("LOCK TABLE"));
    let after = received.iter().rposition(|it| it.sql.contains("'REVOKE '"));
    assert!(after.unwrap() < at("LOCK TABLE"));
    oracle.assert_like(&on_files("documented"), "adopted");
    for (before, role) in before.iter().zip(roles()) {
        assert!(oracle.content(SOURCE, &role) == *before, "{role:?}");
    }
    // Four lines of the two lists were there, and none is left.
    let report = fs::read_to_string(run_of(&oracle).join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let steps = report["steps"].as_array().unwrap();
    let adopt = steps.iter().find(|step| step["step"] == "adopt").unwrap();
    let item = &adopt["items"][0];
    for (key, value) in [("planned", 4), ("before", 4), ("rows", 4), ("after", 0)] {
        assert_eq!(item[key], value, "{key}: {item}");
    }

    let again = oracle.run(&["plan"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(!again.out.contains("REVOKE"), "{}", again.out);
    assert!(
        again.out.contains("adopt: Take away rights"),
        "{}",
        again.out
    );
}

#[test]
fn a_run_that_stops_on_the_way_has_cleaned_nothing_and_is_resumed() {
    let Some((oracle, played)) = started(Played {
        hides: true,
        ..Played::default()
    }) else {
        return;
    };
    let before = copy(&oracle);
    let stops = |arguments: &[&str], said: &str, parted: usize| {
        let ran = oracle.run(arguments);
        assert_eq!(ran.code, 6, "{said}: {}", ran.err);
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
        assert!(copy(&oracle) == before, "{said}: a row was changed");
        assert_eq!(locked(&played).parted, parted, "{said}");
        ran.err
    };
    // What the login may not see is said in the plan, and ends the run.
    let plan = oracle.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    for schema in TARGET {
        for unseen in [
            format!("--   not seen: rights on the objects of {schema}: ORA-00942"),
            format!("--   not seen: rights of {schema} on the objects of others: ORA-00942"),
        ] {
            assert!(plan.out.contains(&unseen), "{unseen}: {}", plan.out);
        }
    }
    let refresh = ["refresh", "--approve", &oracle.plan_id()];
    let told = stops(&refresh, "ORA-00942", 0);
    assert!(told.contains("nothing was changed"), "{told}");

    // Rights that stay end it.
    let now = |edit: fn(&mut Played)| edit(&mut locked(&played));
    now(|it| (it.hides, it.keeps) = (false, true));
    let left = "rights between the source's and the copy's users may be left";
    stops(&["resume"], left, 1);

    // They are taken away, and nobody hears of it: a resume looks, and does not do it again. The clean-up has a transaction
    // of its own.
    now(|it| (it.keeps, it.cuts) = (false, true));
    stops(&["resume"], left, 2);
    assert_eq!(rights(&oracle), KEPT);
    now(|it| it.fails = true);
    let told = stops(&["resume"], "ORA-30036", 2);
    assert!(told.contains("1 of "), "{told}");

    let resumed = oracle.run(&["resume"]);
    assert!([0, 7].contains(&resumed.code), "{}", resumed.err);
    assert_eq!(locked(&played).parted, 2);
    assert_eq!(rights(&oracle), KEPT);
    oracle.assert_like(&on_files("documented"), "resumed");
}

#[test]
fn users_of_two_databases_are_not_parted() {
    let Some((oracle, _)) = started(Played {
        two: Some((["PRODDB", "QADB"], 0)),
        ..Played::default()
    }) else {
        return;
    };
    let plan = oracle.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    assert!(!plan.out.contains("REVOKE"), "{}", plan.out);
    assert!(!plan.out.contains("Take away rights"), "{}", plan.out);
}
