//! Both ways from start to end.

use std::fs;

use super::child::told;
use super::support::Ran;
use super::world::{SCHEDULER, SECRETS, SOURCE_KEY, World, fingerprint};

/// What a person does by hand on a front-end: the controller's files, and Apply.
pub(crate) fn copy_to_front_end(world: &World) {
    let read = |name: &str| fs::read(world.file("APP1", name)).unwrap();
    let (hsconf, key) = (read("server.hsconf"), read("private.key"));
    fs::write(world.file("APP2", "server.hsconf"), hsconf).unwrap();
    fs::write(world.file("APP2", "private.key"), key).unwrap();
}

#[track_caller]
pub(crate) fn says(text: &str, all: &[&str]) {
    for one in all {
        assert!(text.contains(one), "no `{one}` in\n{text}");
    }
}

/// Goes a reconfiguration's steps up to one of them, which is not taken.
pub(crate) fn reconfigured_until(world: &World, end: &str) {
    world.must("APP1", &["start", "reconfigure"]);
    reconfigure_on(world, end);
}

/// Goes on with what is open, as an operator would.
pub(crate) fn reconfigure_on(world: &World, end: &str) {
    loop {
        let list: serde_json::Value =
            serde_json::from_str(&world.must("APP1", &["--json"]).out).unwrap();
        let states = list["states"].as_array().unwrap();
        let settled = ["done", "skipped", "overridden"];
        let Some(open) = states
            .iter()
            .find(|state| !settled.contains(&state["state"].as_str().unwrap()))
        else {
            return;
        };
        let at = usize::try_from(open["step"].as_u64().unwrap()).unwrap() - 1;
        let step = &list["runbook"]["steps"][at];
        let id = step["id"].as_str().unwrap();
        if id == end {
            return;
        }
        step_of(world, id, step);
    }
}

fn step_of(world: &World, id: &str, step: &serde_json::Value) {
    let automated = !step["deeds"].as_array().unwrap().is_empty();
    let every = step["on"] == "every-machine";
    let machines: &[&str] = match id {
        "other-machines" => &["APP2"],
        _ if every => &["APP1", "APP2"],
        _ => &["APP1"],
    };
    for machine in machines {
        let n = world.n(id);
        match id {
            // What a played server can't tell.
            "application-settings" => {
                let because = ["done", &n, "--because", "looked at by hand"];
                world.must(machine, &because);
            }
            "release-check" => {
                let because = "release-gate=decided with M.";
                world.must(machine, &["done", &n, "--override", because]);
            }
            "other-machines" => {
                copy_to_front_end(world);
                world.goes(machine, id);
            }
            _ if automated => {
                let progress = world.must(machine, &["show", &n]);
                // Another one of two machines may have been done before an interruption.
                if !progress.out.contains(&format!("done on {machine}")) {
                    world.goes(machine, id);
                }
            }
            _ => drop(world.done(machine, id)),
        }
    }
}

#[test]
fn an_installation_is_led_to_the_copy_from_start_to_end() {
    let world = World::new();
    reconfigured_until(&world, "license-backup");
    let list = world.must("APP1", &[]);
    says(
        &list.out,
        &["open", "Stop the OutSystems services", "automated"],
    );
    says(
        &list.err,
        &["next is step 1: Keep the environment's own license"],
    );
    let next = world.must("APP1", &["next"]);
    says(
        &next.out,
        &["Step 1 of 22", "why", "where", "APP1", "SERIAL-1"],
    );
    says(&next.err, &["`envclone runbook done 1` records"]);

    reconfigure_on(&world, "platform-database");
    for machine in ["APP1", "APP2"] {
        let seen = world.seen(machine);
        assert_eq!(told(&seen, SCHEDULER), "disabled stopped");
        assert_eq!(
            told(&seen, "OutSystems Deployment Service"),
            "automatic stopped"
        );
        assert_eq!(told(&seen, "W3SVC"), "automatic stopped");
        for folder in ["share", "BAR"] {
            let mut left = fs::read_dir(world.file(machine, folder)).unwrap();
            assert!(left.next().is_none(), "{folder}");
        }
    }
    assert!(world.lifetime.state().environment("QA").is_none());
    let key = fs::read_to_string(world.file("APP1", "private.key")).unwrap();
    assert_ne!(fingerprint(&key), fingerprint(SOURCE_KEY));

    reconfigure_on(&world, "apply");
    let hsconf = fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap();
    says(
        &hsconf,
        &[
            "T_platform",
            "T_log",
            "T_sessions",
            "<CompilerServerHostname>APP1<",
        ],
    );
    assert!(!hsconf.contains("OUTSYSTEMS_OLD"));
    reconfigure_on(&world, "start-services");
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
    reconfigure_on(&world, "");
    assert_eq!(
        world.tool_calls("APP1"),
        [
            vec![
                "/SetupInstall",
                "dba",
                SECRETS[0].1,
                "dba",
                SECRETS[0].1,
                "/RebuildSession",
                "dba",
                SECRETS[0].1
            ],
            vec![
                "/UpgradeInstall",
                "/InstallServiceCenter",
                "/InstallSystemComponents"
            ],
            vec!["/UploadLicense", &license(&world), "admin", SECRETS[2].1],
        ]
    );
    let published = world.seen("APP1").calls_at(&world.osp_tool());
    let host = world.lifetime.address().replace("http://", "");
    assert_eq!(
        published,
        [vec![
            "/PublishFactory",
            &host,
            "admin",
            SECRETS[2].1,
            "/catalogmappings",
            &mappings(&world),
        ]]
    );
    for machine in ["APP1", "APP2"] {
        assert_eq!(told(&world.seen(machine), SCHEDULER), "automatic running");
        assert_eq!(told(&world.seen(machine), "W3SVC"), "automatic running");
    }
    let state = world.lifetime.state();
    let position = state.environments.iter().position(|it| it.name == "QA");
    assert_eq!(position, Some(1), "it has its old position");
    finished(&world);
    clear_text_is_nowhere(&world);
}

fn mappings(world: &World) -> String {
    world.lab.path("mappings.xml").display().to_string()
}

fn license(world: &World) -> String {
    world.lab.path("acceptance.lic").display().to_string()
}

/// Everything is settled, and nothing can be taken twice.
#[track_caller]
fn finished(world: &World) {
    let list: serde_json::Value =
        serde_json::from_str(&world.must("APP1", &["--json"]).out).unwrap();
    assert_eq!(list["finished"], true);
    let last = list["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(last["entry"]["event"], "finished");
    let next = world.must("APP1", &["next"]);
    says(&next.err, &["every step is done or skipped"]);
    let again = world.run("APP1", &["do", "3", "--approve", &world.id()]);
    assert_eq!(again.code, 3, "{}", again.err);
    world.no_secrets();
    let page = world.must("APP1", &["--print"]).out;
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("☑") && page.ends_with("</html>\n")
    );
}

/// Once the Configuration Tool has run, no password is left on either machine's disk.
#[track_caller]
fn clear_text_is_nowhere(world: &World) {
    for machine in ["APP1", "APP2"] {
        let key = world.file(machine, "private.key");
        for entry in fs::read_dir(key.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let record = path.to_string_lossy().ends_with(".calls");
            if path.is_dir() || record {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (_, secret) in SECRETS {
                assert!(!text.contains(secret), "{} holds {secret}", path.display());
            }
        }
    }
}

#[test]
fn the_platform_is_installed_anew_from_start_to_end() {
    let world = World::new();
    for machine in ["APP1", "APP2"] {
        let key = world.file(machine, "private.key");
        fs::remove_file(key).unwrap();
        fs::remove_file(world.file(machine, "server.hsconf")).unwrap();
    }
    world.must("APP1", &["start", "fresh"]);
    reconfigure_on(&world, "start-services");
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
    reconfigure_on(&world, "lifetime-register");
    // A new environment has no registration that was saved.
    let refused = world.go("APP1", "lifetime-register");
    assert_eq!(refused.code, 4, "{}", refused.err);
    let n = world.n("lifetime-register");
    let skip = ["skip", n.as_str(), "--because", "a new environment"];
    world.must("APP1", &skip);
    let undone = world.must("APP1", &["undo", &n]);
    says(&undone.err, &["is open again", "next is step"]);
    world.must("APP1", &skip);
    let installer = world
        .seen("APP1")
        .calls_at(&world.lab.path("PlatformServer.exe"));
    assert_eq!(installer.len(), 2, "once on each machine");
    assert_eq!(installer[0], ["/S", "/InstallPrerequisites=True"]);
    finished(&world);
    clear_text_is_nowhere(&world);
}

pub(crate) fn states(ran: &Ran) -> Vec<(u64, String)> {
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let states = list["states"].as_array().unwrap().iter();
    states
        .map(|it| {
            (
                it["step"].as_u64().unwrap(),
                it["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn what_the_databases_say_is_looked_at_for_real() {
    let world = World::on_files();
    world.must("APP1", &["start", "reconfigure"]);
    // The rehearsal's copy fires, so that the gate is closed until it is held.
    let gate = world.run("APP1", &["check", &world.n("release-check")]);
    assert_eq!(gate.code, 5, "{}", gate.err);
    says(&gate.out, &["FAILS"]);
    let trace = world.run("APP1", &["check", &world.n("application-settings")]);
    assert_eq!(trace.code, 5);
    says(
        &trace.out,
        &["places still name the source; `envclone verify` lists them"],
    );
    let front_ends = world.run("APP1", &["check", &world.n("republish"), "--json"]);
    says(
        &front_ends.out,
        &["it lists none: none has registered itself yet"],
    );
    let held = world.lab.hold("--hold", "timers,emails,processes");
    assert_eq!(held.code, 0, "{}", held.err);
    let gate = world.must("APP1", &["done", &world.n("release-check")]);
    says(&gate.err, &["holds", "could be called"]);
    let n = world.n("release-check").parse().unwrap();
    assert!(states(&world.must("APP1", &["--json"])).contains(&(n, "done".to_owned())));
}

#[test]
fn several_machines_go_on_with_one_runbook() {
    let world = World::new();
    reconfigured_until(&world, "stop-services");
    let n = world.n("stop-services");
    let ran = world.goes("APP1", "stop-services");
    says(
        &ran.err,
        &[
            "step 3 is done on APP1, and open on APP2",
            "next is step 3: Stop the OutSystems services, on APP2;",
        ],
    );
    let show = world.must("APP1", &["show", &n]);
    says(
        &show.out,
        &["begun; done on APP1 by ana", "still open on APP2"],
    );
    // Nobody is asked on the machine that did its part, and the next one is told.
    let next = world.must("APP1", &["next"]);
    says(&next.out, &["still open on APP2"]);
    let wrong = world.run("APP1", &["done", &n, "--machine", "APP9"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    says(
        &wrong.err,
        &["`APP9` is none of the step's machines: APP1, APP2"],
    );
    // From APP1, only its own services can be looked at, so that a person has to say why.
    let other = world.must(
        "APP1",
        &["done", &n, "--machine", "app2", "--because", "seen there"],
    );
    says(&other.err, &["step 3 is done on APP2"]);
    assert_eq!(
        states(&world.must("APP2", &["--json"]))[2],
        (3, "overridden".to_owned())
    );
}

#[test]
fn on_oracle_the_file_names_service_users_and_tablespaces() {
    let world = World::new();
    let side = "server = { host = \"127.0.0.1\", port = 9, service = \"APPS\", user = \"DBA1\", password = { file = \"T_DBA\" }, connect-seconds = 2 }";
    let names = |prefix: &str| {
        format!(
            "engine = \"oracle\"\nplatform = \"{prefix}ADMIN\"\nruntime = \"{prefix}RUNTIME\"\nlog = \"{prefix}LOG\"\n\
             log-runtime = \"{prefix}LOGRUN\"\n{side}\n"
        )
    };
    let spaces = "[runbook.session]\ntablespace = \"TS_SESSION\"\n[runbook.tablespaces]\nadmin = \"TS_ADMIN\"\n\
                  index = \"TS_INDEX\"\nruntime = \"TS_RUNTIME\"\nlog = \"TS_LOG\"\nlog-index = \"TS_LOGINDEX\"\n\
                  log-runtime = \"TS_LOGRUN\"\n";
    let text = format!(
        "[source]\n{}[target]\n{}{}{spaces}",
        names("OS"),
        names("T_"),
        world.about(true)
    );
    world.told(&text);
    fs::remove_file(world.file("APP1", "server.hsconf")).unwrap();
    world.must("APP1", &["start", "reconfigure"]);
    let show = world.must("APP1", &["show", &world.n("platform-database")]);
    says(
        &show.out,
        &[
            "DBMS: Oracle Database",
            "127.0.0.1:9/APPS",
            "TS_ADMIN",
            "T_ADMIN",
        ],
    );
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    let hsconf = fs::read_to_string(world.file("APP1", "server.hsconf")).unwrap();
    let values = [
        "ProviderKey=\"Oracle\"",
        ">APPS<",
        ">TS_INDEX<",
        ">TS_SESSION<",
        ">APP1<",
    ];
    says(&hsconf, &values);
    // Nobody answers there: it is done, and not recorded as done.
    let tool = world.go("APP1", "session-database");
    assert_eq!(tool.code, 5, "{}", tool.err);
    says(
        &tool.err,
        &[
            "could not log in to T_ADMIN",
            "is not recorded as done; what was done stays done",
        ],
    );
    assert_eq!(
        world.tool_calls("APP1"),
        [["/SetupInstall", "/RebuildSession", "dba", SECRETS[0].1]]
    );
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
}

#[test]
fn the_report_says_who_did_what_what_was_seen_and_what_is_left() {
    let world = World::on_files();
    world.must("APP1", &["start", "reconfigure"]);
    world.goes("APP1", "stop-services");
    let n = world.n("purpose");
    world.must("APP1", &["skip", &n, "--because", "set <before>"]);
    let ran = world.lab.run(&["report"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let file = |name: &str| fs::read_to_string(world.lab.newest_run().join(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&file("report.json")).unwrap();
    let runbook = &report["runbook"];
    assert_eq!(
        (&runbook["by"]["who"], &runbook["by"]["machine"]),
        (&"ana".into(), &"APP1".into())
    );
    let steps = runbook["steps"].as_array().unwrap();
    let step = |id: &str| &steps[world.n(id).parse::<usize>().unwrap() - 1];
    let stopped = step("stop-services");
    let happened = stopped["happened"].to_string();
    says(
        &happened,
        &[
            "approved: disable and stop",
            "done on APP1",
            "\"who\":\"ana\"",
        ],
    );
    says(
        &stopped["seen"].to_string(),
        &["services-stopped", "scheduler-off", "holds"],
    );
    let skipped = step("purpose");
    assert_eq!(skipped["state"], "skipped");
    let open = runbook["open"].as_u64().unwrap();
    let tasks = report["tasks"].as_array().unwrap();
    let left = tasks
        .iter()
        .filter(|task| task["kind"] == "runbook")
        .count();
    assert_eq!(left as u64, open, "each open step is work that remains");
    for (name, skipped) in [
        ("report.html", "skipped: set &lt;before&gt;"),
        ("report.md", "skipped: set"),
    ] {
        let page = file(name);
        says(
            &page,
            &["What followed the clean-up", "done on APP1", skipped],
        );
        assert!(!page.contains("No runbook was begun"));
    }
    world.no_secrets();
}
