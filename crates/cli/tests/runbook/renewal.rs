//! Settings that change while a runbook is under way.

use std::fs;

use super::guards::refused;
use super::whole::{reconfigure_on, says, states};
use super::world::World;

fn change(world: &World, from: &str, to: &str) {
    let path = world.lab.path("envclone.toml");
    let settings = fs::read_to_string(&path).unwrap();
    assert!(settings.contains(from), "{settings}");
    fs::write(&path, settings.replace(from, to)).unwrap();
}

fn state(world: &World, step: &str) -> String {
    let n: u64 = world.n(step).parse().unwrap();
    let all = states(&world.must("APP1", &["--json"]));
    all.into_iter().find(|(of, _)| *of == n).unwrap().1
}

/// LifeTime does not manage it any more, and the settings name none.
fn without_lifetime(world: &World) {
    let path = world.lab.path("envclone.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let (kept, _) = settings.split_once("[runbook.lifetime]").unwrap();
    fs::write(
        &path,
        format!("{kept}[runbook.session]\ncatalog = \"T_sessions\"\n"),
    )
    .unwrap();
    world.unmanaged();
}

#[test]
fn what_was_done_stays_done_and_what_changed_is_open_again() {
    let world = World::new();
    let superuser = "superuser = { user = \"dba\", password = { file = \"T_DBA\" } }\n";
    change(&world, superuser, "");
    world.must("APP1", &["start", "reconfigure"]);
    reconfigure_on(&world, "session-database");
    let begun = world.id();
    let ran = world.go("APP1", "session-database");
    refused(&ran, 3, "is for a person");
    says(
        &ran.err,
        &["[runbook] superuser", "`envclone runbook renew"],
    );
    let same = world.must("APP1", &["renew"]);
    says(&same.err, &["nothing was changed"]);
    assert!(!states(&world.must("APP1", &["renew", "--json"])).is_empty());
    assert_eq!(world.id(), begun);

    change(&world, "[runbook]\n", &format!("[runbook]\n{superuser}"));
    let renewed = world.must("APP1", &["renew"]);
    let n = world.n("session-database");
    says(
        &renewed.out,
        &[&format!("step {n} has changed (automated)")],
    );
    assert_ne!(world.id(), begun);
    for step in [
        "stop-services",
        "private-key",
        "platform-database",
        "log-database",
    ] {
        assert_eq!(state(&world, step), "done", "{step}");
    }
    // What was approved was another runbook.
    let old = world.run("APP1", &["do", &n, "--approve", &begun]);
    refused(&old, 8, "was approved, and this is runbook");
    world.goes("APP1", "session-database");

    // Another session database: what was written for the old one is written again.
    change(
        &world,
        "catalog = \"T_sessions\"",
        "catalog = \"T_sessions2\"",
    );
    // Until then the file is not what the settings say, whatever was written.
    let looked = world.run("APP1", &["check", &n]);
    refused(
        &looked,
        5,
        "the settings have changed since the runbook was made",
    );
    let renewed = world.must("APP1", &["renew"]);
    says(
        &renewed.out,
        &[&format!("step {n} is open again, since what it asks for")],
    );
    assert_eq!(state(&world, "stop-services"), "done");
    assert_eq!(state(&world, "platform-database"), "open");
    assert_eq!(state(&world, "session-database"), "open");
    let show = world.must("APP1", &["show", &n]);
    says(
        &show.out,
        &["taken on APP1 by ana", "which does not count any more"],
    );
    reconfigure_on(&world, "");
    says(
        &fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap(),
        &["T_sessions2"],
    );
    world.no_secrets();
}

#[test]
fn machines_and_steps_come_and_go_and_the_report_remembers() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    reconfigure_on(&world, "stop-iis");
    assert_eq!(state(&world, "stop-services"), "done");
    change(
        &world,
        "[\"APP1\", \"APP2\"]",
        "[\"APP1\", \"APP2\", \"APP3\"]",
    );
    without_lifetime(&world);
    let renewed = world.must("APP1", &["renew"]);
    says(
        &renewed.out,
        &["left out: ", "LifeTime did not manage the source"],
    );
    assert_eq!(state(&world, "stop-services"), "begun");
    says(
        &world.must("APP1", &["show", &world.n("stop-services")]).out,
        &["still open on APP3"],
    );
    let ran = world.lab.run(&["report"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let file = |name: &str| fs::read_to_string(world.lab.newest_run().join(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&file("report.json")).unwrap();
    let runbook = &report["runbook"];
    assert_eq!(runbook["renewed"][0]["by"]["who"], "ana");
    let dropped = runbook["dropped"][0]["happened"].to_string();
    assert!(dropped.contains("LifeTime"), "{runbook}");
    for name in ["report.md", "report.html"] {
        says(&file(name), &["made again", "before it was made again"]);
    }
    // Lines of the journal keep the numbers of their time, and the step's own name.
    let list: serde_json::Value =
        serde_json::from_str(&world.must("APP1", &["--json"]).out).unwrap();
    let entries = list["entries"].as_array().unwrap();
    let of = |id: &str| {
        entries
            .iter()
            .filter(|entry| entry["step_id"] == id)
            .count()
    };
    assert!(of("lifetime-unregister") >= 3 && of("stop-services") >= 6);
}

#[test]
fn a_renewal_that_was_killed_is_done_again() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    let begun = world.id();
    let journal = world.folder().join("journal.jsonl");
    let before = fs::read(&journal).unwrap();
    change(
        &world,
        "catalog = \"T_sessions\"",
        "catalog = \"T_sessions2\"",
    );
    world.must("APP1", &["renew"]);
    let renewed = world.id();
    // Its file was written, and the journal does not name it.
    fs::write(&journal, before).unwrap();
    assert_eq!(world.id(), begun);
    world.goes("APP1", "stop-services");
    world.must("APP1", &["renew"]);
    assert_eq!(world.id(), renewed);
    assert_eq!(state(&world, "stop-services"), "begun");
    // One whose file is gone, or was edited, is not guessed at.
    let file = world.folder().join(format!("runbook-{renewed}.json"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("T_sessions2", "T_sessions3")).unwrap();
    refused(
        &world.run("APP1", &["show"]),
        3,
        "it was changed after envclone wrote it",
    );
    fs::remove_file(&file).unwrap();
    refused(&world.run("APP1", &["show"]), 4, "runbook");
}

#[test]
fn a_runbook_whose_last_open_step_is_left_out_is_finished() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    reconfigure_on(&world, "lifetime-register");
    let path = world.lab.path("envclone.toml");
    let settings = fs::read_to_string(&path).unwrap();
    without_lifetime(&world);
    world.must("APP1", &["renew"]);
    let list = world.must("APP1", &["--json"]).out;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["finished"], true);
    // What was finished is open again once a step is there that was not.
    fs::write(&path, settings).unwrap();
    world.must("APP1", &["renew"]);
    assert_eq!(
        state(&world, "lifetime-unregister"),
        "done",
        "it was done before"
    );
    reconfigure_on(&world, "");
    // Killed before the last line was written, whoever asks what is next writes it.
    let journal = world.folder().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let kept: Vec<&str> = text.lines().collect();
    let (last, kept) = kept.split_last().unwrap();
    assert!(last.contains("finished"));
    fs::write(&journal, kept.join("\n") + "\n").unwrap();
    world.must("APP1", &["next"]);
    let list = world.must("APP1", &["--json"]).out;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["finished"], true);
}
