//! What the runbook refuses, and that nothing was done then.

use std::fs;

use envclone::journal_file::JournalFileOf;
use envclone_core::runbook::journal::Event;

use super::support::{Lab, Ran};
use super::world::{SOURCE_KEY, World, fingerprint};

#[track_caller]
pub(crate) fn refused(ran: &Ran, code: i32, why: &str) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("error: "), "{}", ran.err);
    assert!(ran.err.contains(why), "no `{why}` in\n{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

/// A runbook that was begun.
pub(crate) fn begun() -> World {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    world
}

#[test]
fn folders_are_emptied_only_while_nothing_runs() {
    let world = begun();
    refused(&world.go("APP1", "share-and-bar"), 5, "still runs");
    world.goes("APP1", "stop-services");
    refused(&world.go("APP1", "share-and-bar"), 5, "W3SVC still runs");
    assert!(world.file("APP1", "share/old/file").exists());
    assert!(world.file("APP1", "BAR/old/file").exists());
    world.goes("APP1", "stop-iis");
    world.goes("APP1", "share-and-bar");
    assert!(!world.file("APP1", "share/old").exists());
    assert!(world.file("APP1", "running/Module/file").exists());
}

#[test]
fn the_source_s_key_is_replaced_and_no_copy_of_it_kept_and_an_own_one_is_left() {
    let world = begun();
    let n = world.n("private-key");
    let file = world.file("APP1", "private.key");
    refused(&world.run("APP1", &["done", &n]), 5, "it is the source's");
    world.goes("APP1", "private-key");
    let own = fs::read_to_string(&file).unwrap();
    assert_ne!(fingerprint(&own), fingerprint(SOURCE_KEY));
    let beside = fs::read_dir(file.parent().unwrap()).unwrap();
    let has_it = |path: &std::path::Path| {
        fs::read_to_string(path).is_ok_and(|text| text.contains(SOURCE_KEY.trim()))
    };
    let mut copies = beside.map(|entry| entry.unwrap().path());
    assert!(
        !copies.any(|path| has_it(&path)),
        "the source's key is still here"
    );
    world.must("APP1", &["undo", &n]);
    let again = world.goes("APP1", "private-key");
    assert!(
        again
            .err
            .contains("it is the environment's own, and was left"),
        "{}",
        again.err
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), own);
}

#[test]
fn a_key_that_can_t_be_told_from_the_source_s_is_not_replaced() {
    let world = begun();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    let without: String = settings
        .lines()
        .filter(|line| !line.starts_with("source.key"))
        .flat_map(|line| [line, "\n"])
        .collect();
    world.told(&without);
    refused(
        &world.go("APP1", "private-key"),
        5,
        "have no `key` of `[runbook.source]`",
    );
    let key = fs::read_to_string(world.file("APP1", "private.key")).unwrap();
    assert_eq!(key, SOURCE_KEY);
    let printed = world.must("APP1", &["identity"]);
    let key = format!("key = \"{}\"", fingerprint(SOURCE_KEY));
    assert!(
        printed.out.starts_with("[runbook.source]\n"),
        "{}",
        printed.out
    );
    assert!(printed.out.contains(&key), "{}", printed.out);
    assert!(!printed.out.contains(SOURCE_KEY.trim()));
    // What it prints is what the settings take.
    world.told(&format!("{without}{}", printed.out));
    // Told to be the source's, this machine's own sessions speak against it.
    refused(
        &world.go("APP1", "private-key"),
        5,
        "leads to OSSESSION_OLD",
    );
    let key: Vec<&str> = printed.out.lines().take(2).collect();
    world.told(&format!("{without}{}\n", key.join("\n")));
    world.goes("APP1", "private-key");
}

#[test]
fn a_file_that_keeps_the_source_s_machines_is_not_written() {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    // Settings that leave the controller and the cache as the file has them.
    let without = settings
        .replace("machines = [\"APP1\", \"APP2\"]\n", "")
        .replace(
            "[runbook.cache]\nhost = \"APP1\"\naccount = { user = \"acc\", password = { file = \"T_USERS\" } }\n",
            "",
        );
    assert!(!without.contains("runbook.cache"));
    world.told(&without);
    world.must("APP1", &["start", "reconfigure"]);
    let file = world.file("APP1", "server.hsconf");
    let foreign = world
        .hsconf
        .replace("testweb01</Compiler", "prodfe01.corp.example.com</Compiler")
        .replace("testweb01</ServiceHost", "PRODFE02</ServiceHost");
    fs::write(&file, &foreign).unwrap();
    let ran = world.go("APP1", "platform-database");
    refused(
        &ran,
        5,
        "what is published here would be compiled and deployed there",
    );
    refused(
        &ran,
        5,
        "caches of both environments would be cleared together",
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), foreign);
    let journal = fs::read_to_string(world.folder().join("journal.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 1, "nothing was begun");
}

#[test]
fn the_source_s_own_database_is_not_written_into_the_file() {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    // The copy is on a server that only another name tells from the source's.
    let same = settings
        .replace("platform = \"T_platform\"", "platform = \"outsystems\"")
        .replace("host = \"localhost\"", "host = \"sql.example.com\"")
        .replace("host = \"127.0.0.1\"", "host = \"sql\"");
    world.told(&same);
    world.must("APP1", &["start", "reconfigure"]);
    let ran = world.go("APP1", "platform-database");
    refused(
        &ran,
        5,
        "`PlatformDatabaseConfiguration/Catalog` is a catalog of the source",
    );
    assert_eq!(
        fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap(),
        world.hsconf
    );
}

#[test]
fn nothing_goes_past_the_gate_but_a_decision_by_name() {
    let world = begun();
    let (gate, after) = (world.n("release-check"), world.n("start-services"));
    let scheduler = |ran: &Ran| {
        refused(
            ran,
            5,
            &format!("step {after} comes after step {gate}, which is open"),
        );
        assert!(
            !world
                .seen("APP1")
                .told()
                .iter()
                .any(|it| it.starts_with("start"))
        );
    };
    scheduler(&world.go("APP1", "start-services"));
    scheduler(&world.run("APP1", &["done", &after, "--because", "x"]));
    scheduler(&world.run("APP1", &["skip", &after, "--because", "x"]));
    let skip = world.run("APP1", &["skip", &gate, "--because", "no time"]);
    refused(
        &skip,
        5,
        "can't be skipped: services must not start past it",
    );
    refused(
        &world.run("APP1", &["done", &gate]),
        5,
        "nothing would fire when the Scheduler starts",
    );
    let because = world.run("APP1", &["done", &gate, "--because", "I know"]);
    refused(&because, 5, "nothing would fire when the Scheduler starts");
    let empty = world.run("APP1", &["done", &gate, "--override", "release-gate= "]);
    refused(&empty, 2, "has no reason");
    scheduler(&world.go("APP1", "start-services"));
    world.must(
        "APP1",
        &["done", &gate, "--override", "release-gate=decided with M."],
    );
    let show = world.must("APP1", &["show", &gate]);
    assert!(
        show.out
            .contains("--override release-gate: decided with M."),
        "{}",
        show.out
    );
    world.goes("APP1", "platform-database");
    world.goes("APP1", "start-services");
    world.must("APP1", &["undo", &gate]);
    scheduler_again(&world, &after);
}

/// A gate that was opened again keeps the other machine from starting.
#[track_caller]
fn scheduler_again(world: &World, after: &str) {
    let ran = world.go("APP2", "start-services");
    refused(&ran, 5, &format!("step {after} comes after"));
    assert!(world.seen("APP2").told().is_empty());
}

#[test]
fn deeds_are_done_on_the_step_s_machines_by_who_may() {
    let world = begun();
    world.changed("APP2", |machine| machine.named("APP9"));
    refused(
        &world.go("APP2", "stop-services"),
        5,
        "this machine is APP9, and step 3 is for APP1, APP2",
    );
    assert!(world.seen("APP2").told().is_empty());
    world.changed("APP1", envclone_machine::StandIn::not_elevated);
    refused(
        &world.go("APP1", "stop-services"),
        4,
        "this process is not elevated",
    );
    assert!(world.seen("APP1").told().is_empty());
    // From there, LifeTime can be told all the same.
    world.goes("APP2", "lifetime-unregister");
}

#[test]
fn on_another_system_than_windows_it_is_said() {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    world.told(&settings.replace("machines = [\"APP1\", \"APP2\"]\n", ""));
    let lab: &Lab = &world.lab;
    let start = lab.run(&["runbook", "start", "reconfigure"]);
    assert_eq!(start.code, 0, "{}", start.err);
    let ran = lab.run(&["runbook", "do", "2", "--approve", &world.id()]);
    assert!(start.out.contains("Stop the OutSystems services"));
    assert_eq!(ran.code, 0, "LifeTime needs no Windows: {}", ran.err);
    let n = world.n("stop-services");
    let ran = lab.run(&["runbook", "do", &n, "--approve", &world.id()]);
    refused(&ran, 4, "Windows");
    refused(&lab.run(&["runbook", "identity"]), 4, "Windows");
}

#[test]
fn only_the_runbook_s_own_id_approves() {
    let world = begun();
    let id = world.id();
    let other: String = id.chars().rev().collect();
    for wrong in ["0", &id[..11], &other] {
        refused(
            &world.run("APP1", &["do", "3", "--approve", wrong]),
            8,
            "this is runbook",
        );
    }
    let none = world.run("APP1", &["do", "3"]);
    refused(&none, 8, "there is no terminal to ask at");
    assert!(
        none.err.contains(&format!("do 3 --approve {id}")),
        "{}",
        none.err
    );
    assert!(
        none.err
            .contains("  - disable and stop the OutSystems Scheduler Service")
    );
    assert!(world.seen("APP1").told().is_empty());
}

#[test]
fn files_that_somebody_changed_are_refused() {
    let world = begun();
    world.goes("APP1", "stop-services");
    let file = world.folder().join("runbook.json");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, right.replace("T_platform", "outsystems")).unwrap();
    refused(
        &world.go("APP1", "stop-iis"),
        3,
        "it was changed after envclone wrote it",
    );
    fs::write(&file, "").unwrap();
    refused(&world.run("APP1", &[]), 3, "it is no runbook");
    fs::remove_file(&file).unwrap();
    refused(&world.run("APP1", &[]), 4, "read the runbook");
    fs::write(&file, &right).unwrap();

    let journal = world.folder().join("journal.jsonl");
    let lines = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, lines.replace("\"ana\"", "\"eve\"")).unwrap();
    for ran in [world.run("APP1", &[]), world.go("APP1", "stop-iis")] {
        refused(&ran, 3, "journal");
    }
    let other = begun();
    fs::copy(other.folder().join("journal.jsonl"), &journal).unwrap();
    refused(
        &world.run("APP1", &[]),
        3,
        "the journal belongs to the runbook",
    );
    fs::write(&journal, lines).unwrap();
    world.goes("APP1", "stop-iis");
}

#[test]
fn settings_of_another_copy_are_refused() {
    let world = begun();
    world
        .lab
        .edit("platform = \"T_platform\"", "platform = \"T_other\"");
    let why = "made another copy than the settings' target";
    refused(&world.go("APP1", "stop-services"), 5, why);
    refused(&world.run("APP1", &["done", "1"]), 5, why);
    assert!(world.seen("APP1").told().is_empty());
}

#[test]
fn a_run_that_did_not_end_has_no_runbook() {
    let world = World::new();
    let journal = world.lab.newest_run().join("journal.jsonl");
    let whole = fs::read_to_string(&journal).unwrap();
    let cut: Vec<&str> = whole.lines().take(whole.lines().count() / 2).collect();
    fs::write(&journal, cut.join("\n") + "\n").unwrap();
    refused(
        &world.run("APP1", &["start", "fresh"]),
        5,
        "is not finished",
    );
    assert!(!world.folder().exists());
    fs::write(&journal, whole).unwrap();
    for arguments in [&["next"][..], &["show", "1"], &["done", "1"], &["--print"]] {
        refused(&world.run("APP1", arguments), 3, "has no runbook");
    }
    world.must("APP1", &["start", "fresh"]);
    refused(
        &world.run("APP1", &["start", "fresh"]),
        3,
        "has a runbook already",
    );
    refused(
        &world.run("APP1", &["show", "99"]),
        2,
        "there is no step 99: the runbook has",
    );
}

#[test]
fn one_command_at_a_time_goes_on_with_a_runbook() {
    let world = begun();
    let held = JournalFileOf::<Event>::open(world.folder().join("journal.jsonl")).unwrap();
    refused(
        &world.go("APP1", "stop-services"),
        4,
        "somebody works with this runbook at the moment",
    );
    assert_eq!(
        world.run("APP1", &["show"]).code,
        0,
        "looking is always possible"
    );
    drop(held);
    world.goes("APP1", "stop-services");
}

#[test]
fn nothing_of_the_platform_starts_while_its_file_leads_elsewhere() {
    let world = begun();
    refused(&world.go("APP1", "start-iis"), 5, "IIS was not started");
    // A front-end that nobody copied the controller's file to.
    refused(
        &world.go("APP2", "other-machines"),
        5,
        "the Configuration Tool was not started",
    );
    let gate = world.n("release-check");
    let decided = ["done", &gate, "--override", "release-gate=decided with M."];
    world.must("APP1", &decided);
    let start = world.go("APP1", "start-services");
    refused(&start, 5, "the services were not started");
    for machine in ["APP1", "APP2"] {
        assert!(world.seen(machine).calls("iisreset.exe").is_empty());
    }
}
