//! The Configuration Tool: when it is not started, what it leaves, and what is made of how it ended.

use std::fs;

use envclone::config::Config;
use envclone::folder::RunFolder;
use envclone::runbook::act::Act;
use envclone::runbook::look::Look;
use envclone::runbook::{Known, Standing};
use envclone_core::runbook::deed::Deed;
use envclone_machine::{Machine, StartType, State};

use super::child::told;
use super::guards::refused;
use super::support::Ran;
use super::world::{SCHEDULER, SECRETS, World, machine_config, wrote_log};

const STEP: &str = "session-database";

/// An environment of which the next step runs the tool.
pub(crate) fn ready() -> World {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    world
}

/// It stopped there, and was told so.
#[track_caller]
fn stopped(world: &World, ran: &Ran, code: i32, why: &str) {
    assert_eq!(ran.code, code, "{}", ran.err);
    let n = world.n(STEP);
    let state = format!("error: step {n} stopped: 0 of 1 were done");
    assert!(
        ran.err.contains(&state) && ran.err.contains(why),
        "{}",
        ran.err
    );
    let hint = format!("once it is put right, `envclone runbook do {n}");
    assert!(ran.err.contains(&hint), "{}", ran.err);
    assert!(
        world
            .must("APP1", &["show", &n])
            .out
            .contains("failed; it failed on")
    );
    world.no_secrets();
}

#[test]
fn it_is_not_started_where_its_file_leads_elsewhere() {
    let world = ready();
    let file = world.file("APP1", "server.hsconf");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, right.replace("T_platform", "outsystems")).unwrap();
    let ran = world.go("APP1", STEP);
    stopped(&world, &ran, 5, "the Configuration Tool was not started: ");
    // One that can't be read is as little known to be right.
    fs::write(&file, "<EnvironmentConfiguration").unwrap();
    stopped(&world, &world.go("APP1", STEP), 5, "was not started");
    assert_eq!(world.tool_calls("APP1").len(), 0);
    fs::write(&file, right).unwrap();
    world.goes("APP1", STEP);
    assert_eq!(world.tool_calls("APP1").len(), 1);
}

#[test]
fn it_is_not_started_while_the_scheduler_could_start() {
    let world = ready();
    // Stopped is not enough: the tool starts what is not disabled.
    world.changed("APP1", |machine| {
        machine
            .without(SCHEDULER)
            .service(SCHEDULER, State::Stopped, StartType::Automatic)
    });
    let ran = world.go("APP1", STEP);
    let why = "since it would start the Scheduler: it is automatic and stopped";
    stopped(&world, &ran, 5, why);
    stopped(&world, &world.go("APP1", STEP), 5, why);
    assert_eq!(world.tool_calls("APP1").len(), 0);
}

#[test]
fn the_scheduler_is_disabled_again_after_it() {
    let world = ready();
    let ran = world.goes("APP1", STEP);
    assert!(ran.err.contains("ended with 0"), "{}", ran.err);
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
    let orders = world.seen("APP1").told();
    let run = orders
        .iter()
        .position(|it| it.contains("/SetupInstall"))
        .unwrap();
    let after = &orders[run..];
    assert!(
        after
            .iter()
            .any(|it| *it == format!("set {SCHEDULER} disabled")),
        "{after:?}"
    );
}

#[test]
fn one_that_fails_is_told_with_its_words_and_without_its_passwords() {
    let world = ready();
    let folder = world.lab.path("APP1");
    let script = format!(
        "echo \"password is $3\"; echo \"bad $3\" >&2; {}; exit 3",
        wrote_log(&folder, "halfway")
    );
    world.tool("APP1", &script);
    let ran = world.go("APP1", STEP);
    stopped(&world, &ran, 6, "bad ***");
    assert!(ran.err.contains("password is ***"), "{}", ran.err);
    let unknown = "0 of 1 were done; what the Configuration Tool did before it ended is not known: it may have changed the databases";
    assert!(ran.err.contains(unknown), "{}", ran.err);
    // Whatever came of it, its log is for administrators only.
    assert_eq!(world.seen("APP1").calls("icacls.exe").len(), 1);
    world.tool("APP1", &wrote_log(&folder, "all is well"));
    world.goes("APP1", STEP);
}

#[test]
fn errors_in_its_log_count_although_it_ended_with_0() {
    let world = ready();
    let folder = world.lab.path("APP1");
    world.tool(
        "APP1",
        &wrote_log(&folder, "ERROR: Login failed for user dba"),
    );
    let ran = world.go("APP1", STEP);
    stopped(
        &world,
        &ran,
        6,
        "its log tells of 1 errors, the first: ERROR: Login failed for user dba",
    );
    assert!(
        ran.err
            .contains("it may have changed the databases and server.hsconf"),
        "{}",
        ran.err
    );
    // What an earlier run wrote there does not count.
    world.tool("APP1", &wrote_log(&folder, "all is well"));
    world.goes("APP1", STEP);
}

#[test]
fn its_log_is_kept_for_administrators_or_deleted() {
    let log_after = |version: &str, line: &str| {
        let world = ready();
        let folder = world.lab.path("APP1");
        let installed = world
            .file("APP1", "")
            .parent()
            .unwrap()
            .join("Platform Server");
        world.changed("APP1", |machine| machine.installed(&installed, version));
        world.has_version(version);
        world.tool("APP1", &wrote_log(&folder, line));
        world.goes("APP1", STEP);
        let protected = world.seen("APP1").calls("icacls.exe").len();
        (world.log("APP1").exists(), protected)
    };
    assert_eq!(log_after("11.28.1.42108", "all is well"), (true, 1));
    assert_eq!(
        log_after("11.15.2.1", "all is well"),
        (false, 0),
        "old ones hold passwords"
    );
    let leak = format!("connected with {}", SECRETS[0].1);
    assert_eq!(
        log_after("11.28.1.42108", &leak),
        (false, 0),
        "it holds one"
    );
}

#[test]
fn one_that_hangs_is_ended_and_its_log_protected() {
    let world = ready();
    let log = wrote_log(&world.lab.path("APP1"), "halfway");
    world.tool("APP1", &format!("{log}; sleep 600"));
    let config = Config::load(&world.lab.path("envclone.toml")).unwrap();
    let run = RunFolder {
        path: world.lab.newest_run(),
    };
    let known = Known::of(&config, &run).unwrap();
    let standing = Standing::read(&run).unwrap();
    let step = standing
        .runbook
        .steps
        .iter()
        .find(|step| step.id == STEP)
        .unwrap();
    let mut deed = step.deeds[0].clone();
    let Deed::Run { minutes, .. } = &mut deed else {
        panic!("{deed:?}");
    };
    *minutes = 0;
    let machine = world.seen("APP1");
    let look = Look::new(&known, &standing, &machine);
    let act = Act {
        look: &look,
        quiet: true,
        here: "APP1".to_owned(),
        again: false,
    };
    let failure = act.act(&deed).unwrap_err();
    assert_eq!(failure.exit as i32, 6, "{failure:?}");
    assert!(failure.why[0].what.contains("was ended"), "{failure:?}");
    let unknown = "what the Configuration Tool did before it ended is not known";
    assert!(failure.state.starts_with(unknown), "{failure:?}");
    for (_, secret) in SECRETS {
        assert!(!format!("{failure:?}").contains(secret));
    }
    assert_eq!(told(&machine, SCHEDULER), "disabled stopped");
    assert!(machine.elevated().unwrap());
}

#[test]
fn it_is_not_started_through_a_link() {
    let world = ready();
    let folder = world.file("APP1", "");
    let folder = folder.parent().unwrap().join("Platform Server");
    let real = world.lab.path("Real");
    fs::rename(&folder, &real).unwrap();
    std::os::unix::fs::symlink(&real, &folder).unwrap();
    let ran = world.go("APP1", STEP);
    let why = format!("`{}` is a link", folder.display());
    stopped(&world, &ran, 5, &why);
    assert!(
        ran.err
            .contains(&format!("by its real path, with {}", real.display())),
        "{}",
        ran.err
    );
    assert_eq!(world.tool_calls("APP1").len(), 0);
    fs::remove_file(&folder).unwrap();
    fs::rename(&real, &folder).unwrap();
    world.goes("APP1", STEP);
}

#[test]
fn it_is_not_started_where_the_installed_version_can_t_be_seen() {
    let key = r"SOFTWARE\OutSystems\Installer\Server";
    let world = ready();
    world.changed("APP1", |machine| machine.without_value(key, "Server"));
    refused(
        &world.go("APP1", STEP),
        4,
        "which version of the platform server is in `",
    );
    world.changed("APP1", |machine| machine.value(key, "Server", "eleven"));
    let asked = world.run("APP1", &["do", &world.n(STEP)]);
    let unknown = "can't be told: `eleven` is not a platform version";
    assert!(asked.err.contains(unknown), "{}", asked.err);
    world.changed("APP1", envclone_machine::StandIn::uninstalled);
    refused(
        &world.go("APP1", STEP),
        4,
        "no OutSystems platform server is installed",
    );
    assert_eq!(world.tool_calls("APP1").len(), 0);
}

#[test]
fn one_that_is_not_there_changed_nothing() {
    let world = ready();
    fs::remove_file(world.file("APP1", "ConfigurationTool.com")).unwrap();
    let ran = world.go("APP1", STEP);
    stopped(&world, &ran, 6, "was not found");
    assert!(!ran.err.contains("not known"), "{}", ran.err);
}

#[test]
fn a_machine_config_that_somebody_holds_is_waited_for() {
    for framework in ["Framework64", "Framework"] {
        let world = ready();
        let config = machine_config(&world.lab.path("APP1"));
        let config = config.to_string_lossy().replace("Framework64", framework);
        let config = std::path::Path::new(&config);
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(config, "<configuration/>").unwrap();
        world.changed("APP1", |machine| machine.locked(config, u32::MAX));
        let ran = world.go("APP1", STEP);
        let why = format!(
            "`{}` is still held by another program after 10 min",
            config.display()
        );
        stopped(&world, &ran, 6, &why);
        assert!(
            ran.err.contains("held by another program for 20 s"),
            "{}",
            ran.err
        );
        assert_eq!(world.tool_calls("APP1").len(), 0);
        world.changed("APP1", |machine| machine.locked(config, 3));
        let ran = world.goes("APP1", STEP);
        assert!(
            ran.err.contains("held by another program for 20 s"),
            "{}",
            ran.err
        );
        assert_eq!(world.tool_calls("APP1").len(), 1);
    }
}

#[test]
fn it_is_not_started_where_it_would_upgrade_the_database() {
    let world = ready();
    world.has_version("11.27.0.1");
    let ran = world.go("APP1", STEP);
    assert_eq!(ran.code, 5, "{}", ran.err);
    let why = "would upgrade the database to another version: 11.28.1.42108 is installed, the database has 11.27.0.1";
    assert!(ran.err.contains(why), "{}", ran.err);
    assert_eq!(world.tool_calls("APP1").len(), 0);
}

#[test]
fn what_a_version_gets_wrong_is_told_before_it_is_approved() {
    let world = ready();
    let installed = world.file("APP1", "ConfigurationTool.com");
    let installed = installed.parent().unwrap().to_owned();
    world.changed("APP1", |machine| machine.installed(&installed, "11.13.0.1"));
    let asked = world.run("APP1", &["do", &world.n(STEP)]);
    assert_eq!(asked.code, 8, "{}", asked.err);
    for text in [
        "known of 11.13.0.1: after a change the Configuration Tool may go on with the old database's connection",
        "the password of [runbook] superuser stands on the command line",
        "a person must approve this",
        "/SetupInstall dba *** dba *** /RebuildSession dba ***",
    ] {
        assert!(asked.err.contains(text), "no `{text}` in\n{}", asked.err);
    }
    assert_eq!(world.tool_calls("APP1").len(), 0);
}

#[test]
fn its_file_is_written_without_a_copy_that_keeps_passwords() {
    let world = ready();
    world.goes("APP1", "log-database");
    let file = world.file("APP1", "server.hsconf");
    let beside: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("server.hsconf.before-"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(beside.len(), 1);
    assert_eq!(beside[0], world.hsconf, "the file of before, once");
    let written = fs::read_to_string(file).unwrap();
    assert!(
        written.contains(SECRETS[1].1),
        "the tool has not encrypted it yet"
    );
}
