//! Interrupted at every step, it goes on: what is done is found done, and the end is the same.

use std::fs;
use std::path::PathBuf;

use envclone::journal_file::JournalFileOf;
use envclone_core::runbook::journal::{By, Event};

use super::child::told;
use super::tool::ready;
use super::whole::{copy_to_front_end, reconfigure_on, reconfigured_until};
use super::world::{SCHEDULER, SOURCE_KEY, World, copy, fingerprint};
use envclone_lifetime_server::State;
use tempfile::TempDir;

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

#[track_caller]
fn interrupted(world: &World, step: &str) {
    begun_on(world, step, "APP1");
}

/// People are told that nobody knows how it ended.
#[track_caller]
fn begun_on(world: &World, step: &str, machine: &str) {
    let show = world.must(machine, &["show", &world.n(step)]);
    let words: Vec<&str> = show.out.split_whitespace().collect();
    let told = format!("was begun on {machine}, and nothing says how it ended");
    assert!(words.join(" ").contains(&told), "{step}\n{}", show.out);
}

#[test]
fn killed_at_any_order_of_a_reconfiguration_it_ends_the_same() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    let mut killed = 0;
    for step in DONE {
        if step == "republish" {
            killed += killed_at_every_order(&world, "other-machines");
        }
        killed += killed_at_every_order(&world, step);
    }
    assert!(killed > 50, "{killed}");
    reconfigure_on(&world, "");
    world.no_secrets();
}

#[test]
fn killed_at_any_order_of_a_fresh_installation_it_ends_the_same() {
    let world = World::new();
    world.must("APP1", &["start", "fresh"]);
    let mut killed = 0;
    let steps = [
        "platform-server",
        "scheduler-off",
        "platform-database",
        "session-database",
        "service-center",
        "service-studio",
        "integration-studio",
    ];
    for step in steps {
        killed += killed_at_every_order(&world, step);
    }
    assert!(killed > 20, "{killed}");
    world.no_secrets();
}

/// Goes up to a step and takes it as often as it has orders to the machine, killed at another one each time: going on, it
/// comes to the same. How often it was killed.
fn killed_at_every_order(world: &World, step: &str) -> u32 {
    reconfigure_on(world, step);
    let machine = match step {
        "other-machines" => "APP2",
        _ => "APP1",
    };
    if machine == "APP2" {
        copy_to_front_end(world);
    }
    let (n, id) = (world.n(step), world.id());
    let before = Saved::of(world, machine);
    world.goes(machine, step);
    let expected = end(world);
    for fuse in 0.. {
        before.back(world, machine);
        let ran = world.run_until(machine, &["do", &n, "--approve", &id], Some(fuse));
        if ran.code == 0 {
            assert_eq!(end(world), expected, "{step}");
            return fuse;
        }
        assert_eq!(ran.code, -1, "{}", ran.err);
        begun_on(world, step, machine);
        world.goes(machine, step);
        assert_eq!(end(world), expected, "{step} killed at order {fuse}");
        assert!(fuse < 60, "{step} has no end");
    }
    0
}

/// What a step can change, as it was.
struct Saved {
    folder: TempDir,
    lifetime: State,
}

impl Saved {
    const PARTS: [&str; 3] = ["runbook", "machine", "files"];

    /// Its parts in the world, in that order.
    fn parts(world: &World, machine: &str) -> [PathBuf; 3] {
        // The installation's files are where this machine sees them.
        let files = world.file(machine, "");
        [world.folder(), world.lab.path(machine), files]
    }

    fn of(world: &World, machine: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, from) in Self::PARTS.iter().zip(Self::parts(world, machine)) {
            copy(&from, &folder.path().join(name));
        }
        Self {
            folder,
            lifetime: world.lifetime.state(),
        }
    }

    fn back(&self, world: &World, machine: &str) {
        for (name, to) in Self::PARTS.iter().zip(Self::parts(world, machine)) {
            fs::remove_dir_all(&to).unwrap();
            copy(&self.folder.path().join(name), &to);
        }
        world
            .lifetime
            .change(|state| *state = self.lifetime.clone());
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
