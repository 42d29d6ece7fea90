//! Foreign keys that no step knows of: named before anything is copied, or with the transaction undone.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::fs;

use support::{Lab, dump};

/// A table of an application that refers to front-ends, with a key of this kind and two rows that refer.
fn surprised(lab: &Lab, kind: &str) {
    lab.sql(
        &lab.source("outsystems.db"),
        &format!(
            "CREATE TABLE OSUSR_ZZZ_RACK (ID INTEGER PRIMARY KEY, SERVERID INTEGER REFERENCES ossys_Server (ID) {kind});
             INSERT INTO OSUSR_ZZZ_RACK SELECT 70 + ROW_NUMBER() OVER (), ID FROM ossys_Server ORDER BY ID LIMIT 2;"
        ),
    );
}

const WHO: &str = "2 rows refer by a foreign key from `OSUSR_ZZZ_RACK.SERVERID` to rows that item ";

#[test]
fn rows_that_nothing_provides_for_are_named_when_the_plan_is_made() {
    // With the last one the engine itself would delete them, and nobody would have seen it.
    for kind in ["", "ON DELETE SET NULL", "ON DELETE CASCADE"] {
        let lab = Lab::new();
        surprised(&lab, kind);
        let ran = lab.run(&["plan"]);
        ran.refused_by("foreign-key");
        assert!(ran.err.contains(WHO), "{}", ran.err);
        assert!(ran.err.contains("deletes: 71, 72 ["), "{}", ran.err);
        assert!(ran.err.contains("add a step of your own"), "{}", ran.err);
    }
}

#[test]
fn a_step_of_ones_own_provides_for_them_wherever_it_stands() {
    let lab = Lab::new();
    surprised(&lab, "");
    fs::create_dir(lab.path("own")).unwrap();
    fs::write(
        lab.path("own/racks.toml"),
        "title = \"Forget the racks\"\nwhy = \"They are the source's.\"\nsource = \"Our runbook\"\nprofile = \"official\"\n\
         [[do]]\ndelete-rows.table = \"OSUSR_ZZZ_RACK\"\n",
    )
    .unwrap();
    lab.settings("make", "steps = \"own\"");
    let ran = lab.refresh();
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    let left = "SELECT COUNT(*) FROM OSUSR_ZZZ_RACK";
    assert_eq!(lab.number(&lab.target("outsystems.db"), left), 0);
    assert_eq!(lab.number(&lab.source("outsystems.db"), left), 2);
}

#[test]
fn rows_that_came_after_the_plan_undo_the_transaction() {
    let lab = Lab::new();
    surprised(&lab, "ON DELETE CASCADE");
    let source = lab.source("outsystems.db");
    lab.sql(&source, "UPDATE OSUSR_ZZZ_RACK SET SERVERID = NULL");
    let plan = lab.run(&["plan", "--out", "plan.json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let again = "UPDATE OSUSR_ZZZ_RACK SET SERVERID = (SELECT MIN(ID) FROM ossys_Server)";
    lab.sql(&source, again);
    let before = dump(&source);
    let plan: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(lab.path("plan.json")).unwrap()).unwrap();
    let id = &plan["id"].as_str().unwrap()[..12];
    let ran = lab.run(&["apply", "plan.json", "--approve", id]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("[foreign-key]"), "{}", ran.err);
    assert!(ran.err.contains(WHO), "{}", ran.err);
    let copied = dump(&lab.target("outsystems.db"));
    assert!(copied == before, "the transaction was not undone");
}
