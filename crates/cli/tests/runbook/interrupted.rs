//! Interrupted at every step, it goes on: what is done is found done, and the end is the same.

use std::fs;

use envclone::journal_file::JournalFileOf;
use envclone_core::runbook::journal::{By, Event};

use super::child::told;
use super::tool::ready;
use super::whole::{reconfigure_on, reconfigured_until};
use super::world::{SCHEDULER, SOURCE_KEY, World, fingerprint};

/// The world as the runbook leaves it, but for what is new each time.
fn end(world: &World) -> String {
    let mut lines = Vec::new();
    for machine in ["APP1", "APP2"] {
        let seen = world.seen(machine);
        let services = [
            SCHEDULER,
            "OutSystems Deployment Service",
            "OutSystems Deployment Controller Service",
            "OutSystems SMS Connector Service",
            "OutSystems Log Service",
            "W3SVC",
        ];
        lines.extend(services.map(|name| format!("{machine} {name}: {}", told(&seen, name))));
        for folder in ["share", "BAR"] {
            let left = fs::read_dir(world.file(machine, folder)).unwrap().count();
            lines.push(format!("{machine} {folder}: {left}"));
        }
        let key = fs::read_to_string(world.file(machine, "private.key")).unwrap();
        let own = fingerprint(&key) != fingerprint(SOURCE_KEY);
        lines.push(format!("{machine} has an own key: {own}"));
        let hsconf = fs::read_to_string(world.file(machine, "server.hsconf")).unwrap();
        let values = ["Catalog", "Hostname", "ServiceHost", "User"];
        let kept = hsconf
            .lines()
            .filter(|line| values.iter().any(|value| line.contains(value)));
        lines.extend(kept.map(str::to_owned));
        lines.push(format!("clear: {}", hsconf.contains("Geheimnis")));
    }
    let state = world.lifetime.state();
    lines.extend(state.environments.iter().map(|it| it.name.clone()));
    let roles = state.roles.iter().map(|role| {
        let mut levels: Vec<_> = role.permissions.iter().map(|it| it.level).collect();
        levels.sort_unstable();
        format!("{} {levels:?}", role.name)
    });
    lines.extend(roles);
    lines.join("\n")
}

/// The steps in which something is done, in their order.
const DONE: [&str; 14] = [
    "lifetime-unregister",
    "stop-services",
    "stop-iis",
    "share-and-bar",
    "private-key",
    "platform-database",
    "log-database",
    "session-database",
    "start-iis",
    "apply",
    "license",
    "republish",
    "start-services",
    "lifetime-register",
];

/// Leaves the journal as if the process had been killed when the step's last deed was done, and nothing was written of its
/// end.
pub(crate) fn forget(world: &World, step: &str) {
    let begun = format!("\"step\":{},", world.n(step));
    let path = world.folder().join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines
        .iter()
        .rposition(|line| line.contains("\"deed-started\"") && line.contains(&begun));
    let kept = &lines[..=last.unwrap()];
    fs::write(&path, kept.join("\n") + "\n").unwrap();
}

#[test]
fn killed_before_or_after_any_deed_it_ends_the_same() {
    let whole = World::new();
    reconfigured_until(&whole, "");
    let expected = end(&whole);
    assert!(expected.contains("clear: false") && !expected.contains("clear: true"));
    // Before: the deed was announced, and nothing of it was done. After: all of it was done, and nothing was written.
    let before = World::new();
    before.must("APP1", &["start", "reconfigure"]);
    let after = World::new();
    after.must("APP1", &["start", "reconfigure"]);
    for step in DONE {
        reconfigure_on(&before, step);
        announce(&before, step);
        interrupted(&before, step);
        reconfigure_on(&after, step);
        after.goes("APP1", step);
        forget(&after, step);
        interrupted(&after, step);
    }
    for world in [&before, &after] {
        reconfigure_on(world, "");
        assert_eq!(end(world), expected);
        world.no_secrets();
    }
}

fn announce(world: &World, step: &str) {
    let path = world.folder().join("journal.jsonl");
    let (mut journal, _) = JournalFileOf::<Event>::open(path).unwrap();
    let event = Event::DeedStarted {
        step: world.n(step).parse().unwrap(),
        deed: 1,
        what: "what was shown".to_owned(),
        by: By {
            who: "ana".to_owned(),
            machine: "APP1".to_owned(),
        },
    };
    journal.append(&event).unwrap();
}

/// People are told that nobody knows how it ended.
#[track_caller]
fn interrupted(world: &World, step: &str) {
    let show = world.must("APP1", &["show", &world.n(step)]);
    let words: Vec<&str> = show.out.split_whitespace().collect();
    let told = "was begun on APP1, and nothing says how it ended";
    assert!(words.join(" ").contains(told), "{step}\n{}", show.out);
}

#[test]
fn killed_at_any_order_to_the_machine_it_ends_the_same() {
    let steps = [
        "stop-services",
        "stop-iis",
        "session-database",
        "start-services",
    ];
    for step in steps {
        let whole = before(step);
        whole.goes("APP1", step);
        let expected = machine(&whole);
        let mut killed = 0;
        let world = before(step);
        let saved = Saved::of(&world);
        for fuse in 0.. {
            saved.back(&world);
            let (n, id) = (world.n(step), world.id());
            let ran = world.run_until("APP1", &["do", &n, "--approve", &id], Some(fuse));
            if ran.code == 0 {
                break;
            }
            assert_eq!(ran.code, -1, "{}", ran.err);
            killed += 1;
            interrupted(&world, step);
            world.goes("APP1", step);
            assert_eq!(machine(&world), expected, "{step} killed at order {fuse}");
            assert!(fuse < 60);
        }
        assert!(killed >= 2, "{step}: {killed}");
    }
}

/// An environment in which this step can be taken, and as little as possible was done before.
fn before(step: &str) -> World {
    let world = ready();
    match step {
        "stop-services" => {
            let start = World::new();
            start.must("APP1", &["start", "reconfigure"]);
            return start;
        }
        "start-services" => {
            let gate = world.n("release-check");
            let decided = "release-gate=decided with M.";
            world.must("APP1", &["done", &gate, "--override", decided]);
        }
        _ => {}
    }
    world
}

fn machine(world: &World) -> String {
    let all = end(world);
    let kept: Vec<&str> = all
        .lines()
        .filter(|line| line.starts_with("APP1"))
        .collect();
    kept.join("\n")
}

/// Journal and machine as they were.
struct Saved {
    journal: Vec<u8>,
    machine: Vec<u8>,
    hsconf: Vec<u8>,
}

impl Saved {
    fn of(world: &World) -> Self {
        Self {
            journal: fs::read(world.folder().join("journal.jsonl")).unwrap(),
            machine: fs::read(world.lab.path("APP1/machine.json")).unwrap(),
            hsconf: fs::read(world.file("APP1", "server.hsconf")).unwrap(),
        }
    }

    fn back(&self, world: &World) {
        fs::write(world.folder().join("journal.jsonl"), &self.journal).unwrap();
        fs::write(world.lab.path("APP1/machine.json"), &self.machine).unwrap();
        fs::write(world.file("APP1", "server.hsconf"), &self.hsconf).unwrap();
    }
}

#[test]
fn a_torn_last_line_is_cut_off() {
    let world = ready();
    let path = world.folder().join("journal.jsonl");
    let mut text = fs::read(&path).unwrap();
    text.extend(b"{\"n\":99,\"at\":\"2026");
    fs::write(&path, &text).unwrap();
    assert_eq!(world.run("APP1", &["show"]).code, 0);
    world.goes("APP1", "stop-iis");
}
