//! What a machine and its files say speaks against a step, whatever anybody approves.

use std::fs;

use envclone::journal_file::JournalFileOf;
use envclone_core::runbook::fact::Fact;
use envclone_core::runbook::journal::{By, Event};

use super::child::told;
use super::guards::{begun, refused};
use super::interrupted::forget;
use super::world::{SCHEDULER, VERSION, World};

fn running(world: &World) {
    let scheduler = told(&world.seen("APP1"), SCHEDULER);
    assert_eq!(scheduler, "automatic running", "it was touched");
}

#[test]
fn nothing_is_done_on_a_machine_of_the_source() {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    world.told(&settings.replace("machines = [\"APP1\", \"APP2\"]\n", ""));
    world.must("APP1", &["start", "reconfigure"]);
    for name in ["PRODFE01", "prodfe01.corp.example.com"] {
        world.changed("APP1", |machine| machine.named(name));
        let ran = world.go("APP1", "stop-services");
        refused(
            &ran,
            5,
            &format!("this machine is {name}, and the source has the machine"),
        );
        refused(&world.go("APP1", "stop-iis"), 5, "and the source has");
        running(&world);
    }
    // The source's database only remembers it.
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    world.told(&settings.replace(
        "[runbook]\n",
        "[runbook]\nsource.retired = [\"prodfe01\"]\n",
    ));
    world.changed("APP1", |machine| machine.named("PRODFE01"));
    world.goes("APP1", "stop-services");
}

#[test]
fn a_machine_of_another_domain_is_another_machine() {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    let known = "[runbook]\nsource.controller = \"app1.prod.example\"\n";
    world.told(
        &settings
            .replace("machines = [\"APP1\", \"APP2\"]\n", "")
            .replace("host = \"APP1\"", "host = \"cache.lab.example\"")
            .replace("[runbook]\n", known),
    );
    world.must("APP1", &["start", "reconfigure"]);
    let why = "this machine is APP1, and the source has the machine app1.prod.example";
    refused(&world.go("APP1", "stop-services"), 5, why);
    let key = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
    world.changed("APP1", |machine| {
        machine
            .value(key, "Hostname", "app1")
            .value(key, "Domain", "lab.example")
    });
    world.goes("APP1", "stop-services");
}

#[test]
fn nothing_is_done_on_a_machine_that_works_with_the_source() {
    let world = begun();
    let file = world.file("APP1", "server.hsconf");
    let own = world.hsconf.clone();
    let source = own
        .replace("127.0.0.1,", "localhost,")
        .replace("OUTSYSTEMS_OLD", "OutSystems");
    fs::write(&file, &source).unwrap();
    let ran = world.go("APP1", "stop-services");
    refused(&ran, 5, "this machine works with the source");
    refused(&ran, 5, "leads to OutSystems on localhost,");
    running(&world);
    // A database of that name on another server is another one.
    fs::write(&file, own.replace("OUTSYSTEMS_OLD", "outsystems")).unwrap();
    world.goes("APP1", "stop-services");
}

#[test]
fn files_of_another_folder_than_the_installation_s_are_not_touched() {
    let world = begun();
    let elsewhere = world.lab.path("D/Platform Server");
    world.changed("APP1", |machine| machine.installed(&elsewhere, VERSION));
    let why = "the platform is installed in";
    for step in ["private-key", "platform-database", "start-iis"] {
        refused(&world.go("APP1", step), 5, why);
    }
    let looked = world.run("APP1", &["check", &world.n("platform-database")]);
    refused(&looked, 5, why);
    let left = fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap();
    assert_eq!(left, world.hsconf);
}

#[test]
fn the_scheduler_is_released_only_while_nothing_would_fire() {
    let world = begun();
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    // As if the gate had held an hour ago.
    let path = world.folder().join("journal.jsonl");
    let (mut journal, _) = JournalFileOf::<Event>::open(path).unwrap();
    let done = |because: Option<&str>| Event::Done {
        step: world.n("release-check").parse().unwrap(),
        on: "APP1".to_owned(),
        by: By {
            who: "ana".to_owned(),
            machine: "APP1".to_owned(),
        },
        because: because.map(str::to_owned),
    };
    journal.append(&done(None)).unwrap();
    drop(journal);
    let ran = world.go("APP1", "start-services");
    refused(&ran, 5, "the Scheduler was not started: ");
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
    // A step before it that is opened again opens the gate again.
    world.must("APP1", &["undo", &world.n("stop-services")]);
    let ran = world.go("APP1", "start-services");
    let gate = format!(
        "comes after step {}, which is open",
        world.n("release-check")
    );
    refused(&ran, 5, &gate);
    // What somebody decided about stays decided.
    let n = world.n("release-check");
    let decided = "release-gate=decided with M.";
    world.must("APP1", &["done", &n, "--override", decided]);
    world.goes("APP1", "start-services");
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "automatic running");
}

#[test]
fn a_license_for_another_machine_is_not_uploaded() {
    let world = begun();
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    let key = r"SOFTWARE\OutSystems\Platform Server";
    let serial = |serial: &str| {
        world.changed("APP1", |machine| machine.value(key, "SerialNumber", serial));
    };
    serial("SERIAL-2");
    let ran = world.go("APP1", "license");
    refused(&ran, 5, "the license was not uploaded");
    refused(&ran, 5, "it is SERIAL-2, the license is for SERIAL-1");
    assert_eq!(world.tool_calls("APP1").len(), 0);
    serial("SERIAL-1");
    world.goes("APP1", "license");
}

#[test]
fn once_it_runs_somewhere_what_it_does_is_no_reason_against_it() {
    let world = begun();
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    let path = world.folder().join("journal.jsonl");
    let (mut journal, _) = JournalFileOf::<Event>::open(path).unwrap();
    let number = |step: &str| world.n(step).parse().unwrap();
    let by = |machine: &str| By {
        who: "ana".to_owned(),
        machine: machine.to_owned(),
    };
    let start = number("start-services");
    let events = [
        Event::Done {
            step: number("release-check"),
            on: "APP1".to_owned(),
            by: by("APP1"),
            because: None,
        },
        Event::DeedStarted {
            step: start,
            deed: 2,
            what: "what was shown".to_owned(),
            by: by("APP2"),
        },
        Event::DeedDone {
            step: start,
            deed: 2,
            machine: "APP2".to_owned(),
            result: "started".to_owned(),
            facts: vec![Fact::Released],
            millis: 1,
        },
    ];
    for event in events {
        journal.append(&event).unwrap();
    }
    drop(journal);
    world.goes("APP1", "start-services");
}

#[test]
fn a_file_that_can_t_be_read_keeps_nobody_from_stopping_services() {
    let world = begun();
    fs::write(world.file("APP1", "server.hsconf"), "<Environment").unwrap();
    let ran = world.goes("APP1", "stop-services");
    assert!(ran.err.contains("can't be used"), "{}", ran.err);
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
}

#[test]
fn a_front_end_has_the_controller_s_key_and_is_done_once() {
    let world = begun();
    world.goes("APP1", "stop-services");
    let again = world.go("APP1", "stop-services");
    refused(&again, 3, "is done on APP1 already, and open on APP2");
    world.goes("APP2", "stop-services");
    world.goes("APP1", "private-key");
    world.goes("APP1", "platform-database");
    fs::write(
        world.file("APP2", "private.key"),
        "MDEyMzQ1Njc4OWFiY2RlZw==\n",
    )
    .unwrap();
    let looked = world.run("APP2", &["check", &world.n("other-machines")]);
    refused(&looked, 5, "it is another one than the controller's");
}

/// A world whose file has a password of the cache that the settings do not know.
fn with_an_unknown_password() -> World {
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    let account = "[runbook.cache]\nhost = \"APP1\"\naccount = { user = \"acc\", password = { file = \"T_USERS\" } }\n";
    assert!(settings.contains(account));
    world.told(&settings.replace(account, "[runbook.cache]\nhost = \"APP1\"\n"));
    world.must("APP1", &["start", "reconfigure"]);
    world.goes("APP1", "stop-services");
    world
}

const PASSWORD: &str = "CacheInvalidationConfiguration/ServicePassword";

#[test]
fn what_only_the_key_of_before_decrypts_is_entered_again() {
    // The key is new, or was made by a command that was killed before it could say so.
    for killed in [false, true] {
        let world = with_an_unknown_password();
        world.goes("APP1", "private-key");
        if killed {
            forget(&world, "private-key");
            world.goes("APP1", "private-key");
        }
        let ran = world.go("APP1", "platform-database");
        assert_eq!(ran.code, 4, "{}", ran.err);
        let shown = format!("{PASSWORD}: *** -> ***").replace('/', " ");
        assert!(ran.err.contains(&shown), "{}", ran.err);
        let asked = format!("the {PASSWORD}'s password should be asked for");
        assert!(ran.err.contains(&asked), "{}", ran.err);
        let left = fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap();
        assert_eq!(left, world.hsconf, "nothing was written");
    }
    // A person put another one there.
    let world = with_an_unknown_password();
    fs::write(
        world.file("APP1", "private.key"),
        "MDEyMzQ1Njc4OWFiY2RlZw==\n",
    )
    .unwrap();
    let ran = world.go("APP1", "platform-database");
    assert_eq!(ran.code, 4, "{}", ran.err);
    // With the key of before it can be decrypted still.
    let world = with_an_unknown_password();
    let ran = world.goes("APP1", "platform-database");
    assert!(
        !ran.err.contains(&PASSWORD.replace('/', " ")),
        "{}",
        ran.err
    );
}

#[test]
fn the_license_is_a_file_before_its_database_is_left_and_the_studio_is_in_the_registry() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    let n = world.n("license-backup");
    let license = world.lab.path("acceptance.lic");
    fs::write(&license, "").unwrap();
    refused(
        &world.run("APP1", &["done", &n]),
        5,
        "is no file, or is empty",
    );
    fs::remove_file(&license).unwrap();
    refused(&world.run("APP1", &["done", &n]), 5, "there is no ");
    fs::write(&license, "a license").unwrap();
    world.must("APP1", &["done", &n]);
    let world = World::new();
    world.must("APP1", &["start", "fresh"]);
    let n = world.n("service-studio");
    let seen = world.must("APP1", &["check", &n]);
    assert!(seen.out.contains("it is 11.55.10.1"), "{}", seen.out);
    let key = r"SOFTWARE\OutSystems\Installer\Service Studio 11";
    world.changed("APP1", |machine| {
        machine.without_value(key, "Service Studio 11")
    });
    refused(
        &world.run("APP1", &["check", &n]),
        5,
        "the registry has no Service Studio 11",
    );
}
