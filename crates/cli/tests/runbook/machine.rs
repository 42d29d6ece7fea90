//! What a machine is called, its services, installers and files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use envclone_machine::{Behaviour, StandIn, StartType, State};

use super::child::told;
use super::guards::{begun, refused};
use super::support::Ran;
use super::world::{INSTALLED, SCHEDULER, VERSION, World};

const CONTROLLER: &str = "OutSystems Deployment Controller Service";
const DEPLOYMENT: &str = "OutSystems Deployment Service";

/// What was seen of a check of a step.
#[track_caller]
fn looked(world: &World, machine: &str, step: &str, check: &str) -> (String, String) {
    let ran = world.run(machine, &["check", &world.n(step), "--json"]);
    let end = ran.out.rfind(']').map_or(0, |at| at + 1);
    let found: serde_json::Value = serde_json::from_str(&ran.out[..end])
        .unwrap_or_else(|error| panic!("{error}\n{}{}", ran.out, ran.err));
    let found = found.as_array().unwrap().iter();
    let one = found.into_iter().find(|it| it["check"] == check).unwrap();
    let text = |name: &str| one[name].as_str().unwrap().to_owned();
    (text("outcome"), text("seen"))
}

/// A service that somebody disabled and stopped on purpose.
fn off(machine: StandIn, name: &str) -> StandIn {
    machine
        .without(name)
        .service(name, State::Stopped, StartType::Disabled)
}

#[test]
fn a_front_end_without_a_controller_is_as_it_should_be() {
    let world = begun();
    world.changed("APP2", |machine| off(machine, CONTROLLER));
    let (outcome, seen) = looked(&world, "APP2", "start-services", "services-running");
    assert_eq!(outcome, "holds", "{seen}");
    assert!(
        seen.contains(&format!("{DEPLOYMENT} is running"))
            && seen.contains(&format!("{CONTROLLER} is disabled, left so")),
        "{seen}"
    );
    // On the controller itself it is needed.
    world.changed("APP1", |machine| off(machine, CONTROLLER));
    let (outcome, seen) = looked(&world, "APP1", "start-services", "services-running");
    assert_eq!(
        (outcome.as_str(), seen),
        ("fails", format!("{CONTROLLER} is disabled and stopped"))
    );
    // One that is stopped and would start with Windows is none that somebody wants off.
    world.changed("APP2", |machine| {
        machine
            .without(DEPLOYMENT)
            .service(DEPLOYMENT, State::Stopped, StartType::Automatic)
    });
    let (outcome, seen) = looked(&world, "APP2", "start-services", "services-running");
    assert_eq!(
        (outcome.as_str(), seen),
        ("fails", format!("{DEPLOYMENT} is stopped"))
    );
    // The Scheduler is what is asked for.
    world.changed("APP2", |machine| off(machine, SCHEDULER));
    let (outcome, seen) = looked(&world, "APP2", "start-services", "scheduler-running");
    assert_eq!(
        (outcome.as_str(), seen),
        ("fails", format!("{SCHEDULER} is disabled and stopped"))
    );
}

#[test]
fn where_all_are_disabled_nothing_runs() {
    let world = begun();
    world.changed("APP2", |machine| {
        [
            CONTROLLER,
            DEPLOYMENT,
            "OutSystems Log Service",
            "OutSystems SMS Connector Service",
        ]
        .into_iter()
        .fold(machine, off)
    });
    let (outcome, seen) = looked(&world, "APP2", "start-services", "services-running");
    assert_eq!(outcome, "fails");
    assert!(seen.starts_with("none of them runs: "), "{seen}");
}

#[test]
fn a_service_that_does_not_stop_is_told_with_what_was_done() {
    let world = begun();
    world.changed("APP1", |machine| {
        machine.behaves(DEPLOYMENT, Behaviour::NeverStops)
    });
    let ran = world.go("APP1", "stop-services");
    refused(
        &ran,
        6,
        &format!("`{DEPLOYMENT}` is stopping after 10 min, not stopped"),
    );
    let n = world.n("stop-services");
    let done = format!(
        "error: step {n} stopped: 2 of 3 were done; done before it ended: {SCHEDULER} disabled and stopped, \
         OutSystems SMS Connector Service stopped"
    );
    assert!(ran.err.contains(&done), "no `{done}` in\n{}", ran.err);
    assert!(ran.err.contains("Application event log"), "{}", ran.err);
    let seen = world.seen("APP1");
    assert_eq!(told(&seen, CONTROLLER), "automatic running", "left alone");
    world.changed("APP1", |machine| {
        machine
            .without(DEPLOYMENT)
            .service(DEPLOYMENT, State::Running, StartType::Automatic)
    });
    world.goes("APP1", "stop-services");
}

#[test]
fn a_scheduler_that_can_t_be_disabled_is_not_stopped_either() {
    let world = begun();
    world.changed("APP1", |machine| {
        machine.behaves(SCHEDULER, Behaviour::KeepsStartType)
    });
    let ran = world.go("APP1", "stop-services");
    refused(
        &ran,
        6,
        "could not be told to have the start type disabled: [SC] ChangeServiceConfig FAILED 1072",
    );
    assert!(ran.err.contains("stopped: 1 of 3 were done"), "{}", ran.err);
    let orders = world.seen("APP1").told();
    assert_eq!(orders, [format!("set {SCHEDULER} disabled")]);
}

/// A fresh installation whose installer does this.
fn installing(script: &str, change: impl FnOnce(StandIn) -> StandIn) -> World {
    let world = World::new();
    world.must("APP1", &["start", "fresh"]);
    world
        .seen("APP1")
        .program_at(&world.lab.path("PlatformServer.exe"), script);
    world.changed("APP1", change);
    world
}

fn installer_calls(world: &World) -> usize {
    let path = world.lab.path("PlatformServer.exe");
    world.seen("APP1").calls_at(&path).len()
}

#[test]
fn a_platform_that_has_the_version_is_left() {
    let world = installing("", |machine| machine);
    let asked = world.run("APP1", &["do", &world.n("platform-server")]);
    let left = format!("{VERSION} is installed already, and will be left");
    assert!(asked.err.contains(&left), "{}", asked.err);
    let ran = world.goes("APP1", "platform-server");
    assert!(ran.err.contains("and was left"), "{}", ran.err);
    assert_eq!(installer_calls(&world), 0);
}

#[test]
fn another_version_is_told_before_the_installer_runs() {
    let elsewhere = PathBuf::from("/srv/Platform Server");
    let world = installing("", |machine| machine.installed(&elsewhere, "11.27.0.1"));
    let asked = world.run("APP1", &["do", &world.n("platform-server")]);
    for text in [
        format!(
            "another version is installed, 11.27.0.1, which the installer replaces; the database has {VERSION}"
        ),
        "it is in /srv/Platform Server, where the installer leaves it; the settings say".to_owned(),
    ] {
        assert!(asked.err.contains(&text), "no `{text}` in\n{}", asked.err);
    }
    assert_eq!(installer_calls(&world), 0);
    world.goes("APP1", "platform-server");
    assert_eq!(installer_calls(&world), 1);
}

#[test]
fn the_same_folder_in_another_spelling_is_no_other_one() {
    let world = installing("", |machine| machine);
    let install = world.lab.path(INSTALLED);
    for spelled in [
        install.to_str().unwrap().to_uppercase(),
        format!("{}/", install.display()).to_lowercase(),
    ] {
        world.changed("APP1", |machine| {
            machine.installed(Path::new(&spelled), "11.27.0.1")
        });
        let asked = world.run("APP1", &["do", &world.n("platform-server")]);
        assert!(
            asked
                .err
                .contains("another version is installed, 11.27.0.1"),
            "{}",
            asked.err
        );
        assert!(
            !asked.err.contains("where the installer leaves it"),
            "{}",
            asked.err
        );
    }
}

#[test]
fn a_newer_platform_is_not_replaced() {
    // A number is newer, not a text: 11.100 comes after 11.28.
    let world = installing("", |machine| {
        machine.installed(Path::new("/srv"), "11.100.0.1")
    });
    let ran = world.go("APP1", "platform-server");
    refused(
        &ran,
        5,
        "11.100.0.1 is installed, which is newer than the database's 11.28.1.42108",
    );
    assert_eq!(installer_calls(&world), 0);
}

#[test]
fn an_installation_without_a_version_is_told() {
    let key = r"SOFTWARE\OutSystems\Installer\Server";
    let world = installing("", |machine| machine.without_value(key, "Server"));
    let asked = world.run("APP1", &["do", &world.n("platform-server")]);
    let unseen = "which version of the platform server is in `";
    assert!(asked.err.contains(unseen), "{}", asked.err);
}

#[test]
fn an_installer_that_wants_a_restart_has_not_failed() {
    let world = installing("exit 1", StandIn::uninstalled);
    let ran = world.goes("APP1", "platform-server");
    assert!(
        ran.err
            .contains("ended with 1: RESTART THIS MACHINE before going on"),
        "{}",
        ran.err
    );
    // It is kept for whoever goes on.
    let journal = fs::read_to_string(world.folder().join("journal.jsonl")).unwrap();
    assert!(journal.contains("RESTART THIS MACHINE"));
}

#[test]
fn an_installer_that_fails_is_told_with_where_its_logs_are() {
    let world = installing("echo no room; exit 2", StandIn::uninstalled);
    let ran = world.go("APP1", "platform-server");
    refused(&ran, 6, "ended with exit code 2; its last lines:");
    for text in [
        "0 of 1 were done; how far the installer came is not known",
        r"%LocalAppData%\OutSystems\PlatformInstaller",
    ] {
        assert!(ran.err.contains(text), "no `{text}` in\n{}", ran.err);
    }
}

#[test]
fn only_the_platform_s_installer_says_restart_with_1() {
    let world = installing("", |machine| machine);
    let studio = world.lab.path("ServiceStudio.exe");
    world.seen("APP1").program_at(&studio, "exit 1");
    let ran = world.go("APP1", "service-studio");
    refused(&ran, 6, "ended with exit code 1");
    assert!(!ran.err.contains("RESTART"), "{}", ran.err);
    world.seen("APP1").program_at(&studio, "");
    world.goes("APP1", "service-studio");
    assert_eq!(
        world.seen("APP1").calls_at(&studio),
        [["/S"], ["/S"]],
        "only the platform's folder is known"
    );
    // The Configuration Tool has no such code either.
    let world = super::tool::ready();
    world.tool("APP1", "exit 1");
    let ran = world.go("APP1", "session-database");
    refused(&ran, 6, "ended with exit code 1");
}

/// Tries to publish; its checks are no matter.
fn publishes(world: &World) -> Ran {
    world.go("APP1", "republish")
}

#[test]
fn the_tool_that_publishes_is_found_in_either_folder() {
    let world = begun();
    let first = world.osp_tool();
    let second = PathBuf::from(first.to_string_lossy().replace(r"\11\", r"\11.0\"));
    fs::remove_file(&first).unwrap();
    world.seen("APP1").program_at(&second, "echo published");
    let ran = publishes(&world);
    assert!(ran.err.contains(r"\11.0\OSPTool.com"), "{}", ran.err);
    assert_eq!(world.seen("APP1").calls_at(&second).len(), 1);
    // Where there are both, it is the newer name.
    world.seen("APP1").program_at(&first, "exit 9");
    let ran = publishes(&world);
    refused(&ran, 6, "ended with exit code 9");
    let unknown = "what it did before it ended is not known: modules may have been published";
    assert!(ran.err.contains(unknown), "{}", ran.err);
    for tool in [&first, &second] {
        fs::remove_file(tool).unwrap();
    }
    let ran = publishes(&world);
    let places = format!("`{}`, `{}`", first.display(), second.display());
    refused(&ran, 6, &format!("was not found in these places: {places}"));
    assert!(!ran.err.contains("not known"), "{}", ran.err);
}

#[test]
fn files_keep_who_may_read_them_and_leave_nothing_beside_them() {
    let world = begun();
    let names = ["server.hsconf", "private.key"];
    let files = names.map(|name| world.file("APP1", name));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
        // What a killed process left.
        let mut left = file.clone().into_os_string();
        left.push(".partial");
        fs::write(left, "left").unwrap();
    }
    world.goes("APP1", "stop-services");
    world.goes("APP1", "private-key");
    world.goes("APP1", "platform-database");
    for file in &files {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{}", file.display());
    }
    let beside = fs::read_dir(files[0].parent().unwrap()).unwrap();
    let left: Vec<_> = beside
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_configuration_of_32_bit_programs_is_searched_too() {
    let world = begun();
    let config = super::world::machine_config(&world.lab.path("APP1"));
    let config = config.to_string_lossy().replace("Framework64", "Framework");
    let check = || looked(&world, "APP1", "republish", "no-source-in-files");
    assert_eq!(check().0, "holds", "not every machine has it");
    fs::create_dir_all(Path::new(&config).parent().unwrap()).unwrap();
    let text = "<configuration><add key=\"x\" value=\"PRODFE01\"/></configuration>";
    fs::write(&config, text).unwrap();
    let (outcome, seen) = check();
    assert_eq!(outcome, "fails");
    let wanted = format!("`PRODFE01` stands in line 1 of {config}");
    assert!(seen.contains(&wanted), "{seen}");
}

/// An environment whose first machine the settings call `machine`; it has a NetBIOS name and a DNS name of its own.
fn called(machine: &str, netbios: &str, host: &str, domain: &str) -> World {
    const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
    let world = World::new();
    let settings = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    world.told(&settings.replace("[\"APP1\",", &format!("[\"{machine}\",")));
    world.changed("APP1", |it| {
        it.named(netbios)
            .value(PARAMETERS, "Hostname", host)
            .value(PARAMETERS, "Domain", domain)
    });
    world.must("APP1", &["start", "reconfigure"]);
    world
}

#[test]
fn a_machine_is_known_by_each_of_its_names() {
    for machine in ["APP1", "app1.corp.example"] {
        let world = called(machine, "APP1", "app1", "corp.example");
        let ran = world.goes("APP1", "stop-services");
        let done = format!("is done on {machine}, and open on APP2");
        assert!(ran.err.contains(&done), "{}", ran.err);
        let show = world.must("APP1", &["show", &world.n("stop-services")]);
        assert!(
            show.out.contains(&format!("done on {machine} by ana")),
            "{}",
            show.out
        );
    }
    for machine in [
        "CUSTOMER-WEB-SE",
        "customer-web-server-1",
        "customer-web-server-1.corp.example",
    ] {
        let world = called(
            machine,
            "CUSTOMER-WEB-SE",
            "customer-web-server-1",
            "corp.example",
        );
        let ran = world.goes("APP1", "stop-services");
        let done = format!("is done on {machine}, and open on APP2");
        assert!(ran.err.contains(&done), "{}", ran.err);
    }
}

#[test]
fn a_machine_of_another_domain_is_another_one() {
    let world = called("app1.corp.example", "APP1", "app1", "other.example");
    let ran = world.go("APP1", "stop-services");
    refused(
        &ran,
        5,
        "this machine is app1.other.example, and step 3 is for app1.corp.example, APP2",
    );
    assert!(world.seen("APP1").told().is_empty());
}
