//! The runbook: every step of the article in its order, every value filled in, and a journal that can't say what did not happen.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use envclone_core::engine::Engine;
use envclone_core::hsconf::Owned;
use envclone_core::journal::Entry;
use envclone_core::runbook::check::{CheckKind, Looked};
use envclone_core::runbook::configuration::guard;
use envclone_core::runbook::deed::{AccountName, Argument, Deed, Installs};
use envclone_core::runbook::journal::{By, Event, FORMAT};
use envclone_core::runbook::progress::{Progress, ReplayError, replay};
use envclone_core::runbook::renewal::Change;
use envclone_core::runbook::step::Way;
use envclone_core::runbook::{Parts, Runbook, RunbookError, STEPS, make, steps};
use envclone_core::settings::Settings;

/// How long the article's lists are: older and newest version.
const LENGTHS: [(Way, Engine, u32, u32); 4] = [
    (Way::Fresh, Engine::SqlServer, 14, 14),
    (Way::Fresh, Engine::Oracle, 14, 13),
    (Way::Reconfigure, Engine::SqlServer, 13, 15),
    (Way::Reconfigure, Engine::Oracle, 13, 15),
];

fn settings(engine: Engine, more: &str) -> Settings {
    let server = |host: &str| match engine {
        Engine::Oracle => format!(
            "server = {{ host = \"{host}\", service = \"APPS\", user = \"DBA1\", password = \"prompt\" }}"
        ),
        _ => format!("server = {{ host = \"{host}\", user = \"dba\", password = \"prompt\" }}"),
    };
    let names = |prefix: &str| match engine {
        Engine::Oracle => format!(
            "platform = \"{prefix}ADMIN\"\nruntime = \"{prefix}RUNTIME\"\nlog = \"{prefix}ADMIN_LOG\"\nlog-runtime = \"{prefix}RUNTIME_LOG\""
        ),
        _ => format!("platform = \"{prefix}platform\"\nlog = \"{prefix}log\""),
    };
    let name = engine.name();
    let text = format!(
        "[source]\nengine = \"{name}\"\n{}\n{}\n[target]\nengine = \"{name}\"\n{}\n{}\n{more}",
        names("OS"),
        server("db-prod"),
        names("T_"),
        server("db-test"),
    );
    Settings::read(&text).unwrap()
}

/// What the settings of a complete environment say of it.
const ALL: &str = r#"
[runbook]
machines = ["APP1", "APP2"]
purpose = "non-production"
environment-name = "Acceptance"
host-name = "acceptance.example.com"
serial = "ABC-123"
catalog-mappings = 'D:\Setup\mappings.xml'
license-file = 'D:\Licenses\acceptance.lic'
platform-installer = 'D:\Setup\PlatformServer.exe'
superuser = { user = "setup", password = "prompt" }
[runbook.users]
platform-admin = { user = "acc_admin" }
platform-runtime = { user = "acc_runtime" }
log-admin = { user = "acc_log_admin" }
log-runtime = { user = "acc_log_runtime" }
session = { user = "acc_session" }
[runbook.service-center]
address = "https://acceptance.example.com"
account = { user = "admin", password = "prompt" }
[runbook.lifetime]
address = "https://lifetime.example.com"
token = { env = "LIFETIME_TOKEN" }
environment = "Acceptance"
"#;

fn on_sql_server() -> String {
    format!("{ALL}[runbook.session]\ncatalog = \"acc_sessions\"\n")
}

fn runbook(way: Way, engine: Engine, more: &str) -> Runbook {
    let settings = settings(engine, more);
    let mut inventory = support::inventory(1, engine);
    inventory.platform_version = Some("11.29.0.1".to_owned());
    let target: Vec<_> = settings
        .target
        .databases()
        .into_iter()
        .map(|(role, name)| (role, name.to_owned()))
        .collect();
    let parts = Parts {
        settings: &settings,
        inventory: &inventory,
        target: &target,
        run: Some("20261127-100000-abc"),
        plan: Some("abc"),
    };
    make(way, &parts).unwrap()
}

#[test]
fn every_step_file_is_read_and_has_its_place() {
    let (files, order) = steps().unwrap();
    for (id, text) in STEPS {
        let placed = Way::ALL
            .iter()
            .any(|way| order.of(*way).contains(&(*id).to_owned()));
        assert!(placed, "{id} is in no order");
        assert!(text.lines().count() <= 40, "{id} has more than 40 lines");
    }
    for way in Way::ALL {
        let mut ids = order.of(way).to_vec();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), order.of(way).len(), "{way}: a step stands twice");
    }
    let on_disk = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/runbook")).unwrap();
    assert_eq!(on_disk.count(), files.len() + 1, "a file is not read");
}

#[test]
fn every_number_of_the_article_has_a_step_and_the_newest_order_is_kept() {
    let (files, order) = steps().unwrap();
    for (way, engine, older, newest) in LENGTHS {
        let numbers = order.of(way).iter().filter_map(|id| {
            let file = files.iter().find(|file| file.id == *id).unwrap();
            file.published.numbers(way).map(|it| it.get(engine))
        });
        let (in_older, in_newest): (Vec<_>, Vec<_>) = numbers.unzip();
        let mut in_older: Vec<u32> = in_older.into_iter().flatten().collect();
        in_older.sort_unstable();
        assert_eq!(in_older, (1..=older).collect::<Vec<_>>(), "{way} {engine}");
        let mut in_newest: Vec<u32> = in_newest.into_iter().flatten().collect();
        assert!(in_newest.is_sorted(), "{way} {engine}: {in_newest:?}");
        // The newest version has one step for both development tools.
        in_newest.dedup();
        assert_eq!(
            in_newest,
            (1..=newest).collect::<Vec<_>>(),
            "{way} {engine}"
        );
    }
}

#[test]
fn a_complete_environment_has_every_value() {
    for way in Way::ALL {
        let runbook = runbook(way, Engine::SqlServer, &on_sql_server());
        insta::assert_snapshot!(format!("sqlserver-{way}"), shown(&runbook));
    }
    let runbook = runbook(Way::Reconfigure, Engine::Oracle, ALL);
    insta::assert_snapshot!("oracle-reconfigure", shown(&runbook));
}

fn shown(runbook: &Runbook) -> String {
    let mut lines = Vec::new();
    for step in &runbook.steps {
        let published = step.published.as_deref().unwrap_or("-");
        lines.push(format!(
            "{}. {} [{published}] {} ({})",
            step.n,
            step.title,
            step.on.phrase(),
            step.kind()
        ));
        for value in &step.values {
            let text = value.value.as_deref().unwrap_or("________");
            lines.push(format!("   {}: {text}", value.label));
        }
        lines.extend(
            step.deeds
                .iter()
                .map(|deed| format!("   > {}", deed.shown())),
        );
        if !step.missing.is_empty() {
            lines.push(format!("   needs {}", step.missing.join(", ")));
        }
        lines.extend(
            step.checks
                .iter()
                .map(|check| format!("   ? {}", check.title())),
        );
    }
    for left_out in &runbook.left_out {
        lines.push(format!("left out: {}: {}", left_out.id, left_out.because));
    }
    lines.join("\n")
}

#[test]
fn what_the_environment_does_not_have_is_left_out_with_a_reason() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, "");
    let ids: Vec<_> = runbook.left_out.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "lifetime-unregister",
            "other-machines",
            "lifetime-register",
            "lifetime-connections"
        ]
    );
    assert!(runbook.left_out.iter().all(|it| !it.because.is_empty()));
}

#[test]
fn a_step_is_done_wholly_or_guided() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, "");
    let step = runbook
        .steps
        .iter()
        .find(|step| step.id == "session-database")
        .unwrap();
    assert!(step.deeds.is_empty());
    assert_eq!(
        step.missing,
        [
            "[runbook.session] catalog",
            "[runbook.users] log-admin",
            "[runbook.users] log-runtime",
            "[runbook.users] platform-admin",
            "[runbook.users] platform-runtime",
            "[runbook.users] session",
            "[runbook] superuser"
        ]
    );
}

#[test]
fn no_password_is_in_a_runbook() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let deeds = runbook.steps.iter().flat_map(|step| &step.deeds);
    let passwords: Vec<_> = deeds.clone().flat_map(Deed::passwords).collect();
    assert_eq!(
        passwords,
        [
            AccountName::Superuser,
            AccountName::ServiceCenter,
            AccountName::ServiceCenter
        ]
    );
    for deed in deeds {
        let Deed::Run { arguments, .. } = deed else {
            continue;
        };
        let hidden = arguments
            .iter()
            .filter(|it| matches!(it, Argument::Password(_)));
        assert_eq!(deed.shown().matches("***").count(), hidden.count());
    }
}

/// What the steps that run installers do in an environment whose folder is this one; the default one when empty.
fn installers(folder: &str) -> Vec<Deed> {
    let more = match folder.is_empty() {
        true => String::new(),
        false => format!("install-folder = '{folder}'\n"),
    };
    let studio = r"service-studio-installer = 'D:\Setup\ServiceStudio.exe'";
    let all = on_sql_server().replace(
        "purpose = \"non-production\"\n",
        &format!("{more}{studio}\n"),
    );
    let runbook = runbook(Way::Fresh, Engine::SqlServer, &all);
    let deeds = runbook.steps.into_iter().flat_map(|step| step.deeds);
    deeds
        .filter(|deed| {
            matches!(
                deed,
                Deed::Run {
                    installs: Some(_),
                    ..
                }
            )
        })
        .collect()
}

#[test]
fn only_the_platform_s_installer_is_told_another_folder() {
    let words = |folder: &str| -> Vec<(Option<Installs>, Vec<Argument>)> {
        let one = |deed: Deed| match deed {
            Deed::Run {
                installs,
                arguments,
                ..
            } => (installs, arguments),
            other => panic!("{other:?}"),
        };
        installers(folder).into_iter().map(one).collect()
    };
    let text = |text: &str| Argument::Text(text.to_owned());
    let plain = [text("/S"), text("/InstallPrerequisites=True")];
    for usual in [
        "",
        r"C:\Program Files\OutSystems\Platform Server",
        r"c:\program files\outsystems\platform server\",
    ] {
        assert_eq!(
            words(usual),
            [
                (Some(Installs::Platform), plain.to_vec()),
                (Some(Installs::Studio), vec![text("/S")])
            ],
            "{usual}"
        );
    }
    let other = words(r"D:\Out Systems\Platform");
    let last = Argument::Unquoted(r"/D=D:\Out Systems\Platform".to_owned());
    assert_eq!(other[0].1, [&plain[..], &[last]].concat());
    assert_eq!(other[1].1, [text("/S")]);
    let shown = installers(r"D:\Out Systems\Platform")[0].shown();
    assert!(shown.ends_with(r"/S /InstallPrerequisites=True /D=D:\Out Systems\Platform"));
}

#[test]
fn a_folder_that_could_be_more_than_one_argument_is_refused() {
    let read = |line: &str| {
        let text = format!(
            "[source]\nengine = \"sqlite\"\nplatform = \"a\"\n[target]\nengine = \"sqlite\"\nplatform = \"b\"\n[runbook]\n{line}\n"
        );
        Settings::read(&text).map(drop).map_err(|it| it.to_string())
    };
    read(r"install-folder = 'D:\Out Systems\Platform'").unwrap();
    for folder in [
        r#"'D:\x" /Q "'"#,
        r#""D:\\x\n/Q""#,
        r#""D:\\x\u0000""#,
        r#""D:\\x\u0085""#,
    ] {
        let why = read(&format!("install-folder = {folder}")).unwrap_err();
        assert!(
            why.contains("a quote or a control character"),
            "{folder}: {why}"
        );
    }
    // With its domain or without, it is one machine.
    let twice = read("machines = [\"APP1\", \"app1.corp.example\"]").unwrap_err();
    assert!(twice.contains("names `app1.corp.example` twice"), "{twice}");
    read("machines = [\"app1.x.example\", \"app1.y.example\"]").unwrap();
}

#[test]
fn a_file_that_was_edited_or_is_of_another_format_is_refused() {
    let runbook = runbook(Way::Fresh, Engine::SqlServer, "");
    let text = serde_json::to_string(&runbook).unwrap();
    assert_eq!(Runbook::read(&text).unwrap(), runbook);
    let edited = text.replace("T_platform", "OSplatform");
    assert!(matches!(Runbook::read(&edited), Err(RunbookError::Edited)));
    let newer = text.replacen("\"format\":1", "\"format\":2", 1);
    assert!(matches!(
        Runbook::read(&newer),
        Err(RunbookError::Format { found: 2 })
    ));
    assert!(matches!(Runbook::read("{}"), Err(RunbookError::Shape(_))));
}

fn by(machine: &str) -> By {
    By {
        who: "ana".to_owned(),
        machine: machine.to_owned(),
    }
}

fn done(step: u32, on: &str) -> Event {
    Event::Done {
        step,
        on: on.to_owned(),
        by: by(on),
        because: None,
    }
}

fn skipped(step: u32) -> Event {
    Event::Skipped {
        step,
        by: by("DESK"),
        because: "not here".to_owned(),
    }
}

fn deed(step: u32, machine: &str) -> Event {
    Event::DeedStarted {
        step,
        deed: 1,
        what: "stop".to_owned(),
        by: by(machine),
    }
}

fn deed_done(step: u32, machine: &str) -> Event {
    Event::DeedDone {
        step,
        deed: 1,
        machine: machine.to_owned(),
        result: "stopped".to_owned(),
        facts: Vec::new(),
        millis: 1,
    }
}

fn replayed(runbook: &Runbook, events: &[Event]) -> Result<Progress, ReplayError> {
    replayed_over(std::slice::from_ref(runbook), events)
}

fn replayed_over(runbooks: &[Runbook], events: &[Event]) -> Result<Progress, ReplayError> {
    let first = Event::RunbookStarted {
        format: FORMAT,
        runbook: runbooks[0].id.clone(),
        tool: "0".to_owned(),
        by: by("DESK"),
    };
    let entries: Vec<_> = std::iter::once(&first)
        .chain(events)
        .zip(1..)
        .map(|(event, n)| Entry {
            n,
            at: "2026-11-27T10:00:00Z".to_owned(),
            prev: String::new(),
            event: event.clone(),
        })
        .collect();
    replay(runbooks, &entries)
}

/// The number of a step.
fn n(runbook: &Runbook, id: &str) -> u32 {
    runbook.steps.iter().find(|step| step.id == id).unwrap().n
}

#[test]
fn a_step_of_every_machine_is_done_when_it_was_done_on_each() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let stop = n(&runbook, "stop-services");
    let state = |events: &[Event]| {
        let progress = replayed(&runbook, events).unwrap();
        let step = runbook.step(stop).unwrap();
        let machines = runbook.machines_of(step);
        let state = progress.state(step).unwrap().clone();
        (state.name(machines), state.open_on(machines).join(","))
    };
    assert_eq!(state(&[]), ("open", "APP1,APP2".to_owned()));
    assert_eq!(
        state(&[deed(stop, "APP1")]),
        ("interrupted", "APP1,APP2".to_owned())
    );
    assert_eq!(state(&[done(stop, "app1")]), ("begun", "APP2".to_owned()));
    assert_eq!(
        state(&[done(stop, "app1"), done(stop, "APP2")]),
        ("done", String::new())
    );
    let again = [done(stop, "APP1"), done(stop, "APP2"), done(stop, "APP1")];
    assert!(matches!(
        replayed(&runbook, &again),
        Err(ReplayError::Damaged { line: 4, .. })
    ));
}

#[test]
fn nothing_is_taken_past_a_closed_gate() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let gate = runbook.step(n(&runbook, "release-check")).unwrap();
    let start = runbook.step(n(&runbook, "start-services")).unwrap();
    let before = replayed(&runbook, &[]).unwrap();
    assert_eq!(before.gate_before(&runbook, start), Some(gate));
    assert_eq!(before.gate_before(&runbook, gate), None);
    let after = replayed(&runbook, &[done(gate.n, "DESK")]).unwrap();
    assert_eq!(after.gate_before(&runbook, start), None);
}

#[test]
fn what_was_taken_back_is_open_again() {
    let runbook = runbook(Way::Fresh, Engine::SqlServer, "");
    let mut events: Vec<_> = runbook.steps.iter().map(|step| skipped(step.n)).collect();
    events.push(Event::Finished { by: by("DESK") });
    let progress = replayed(&runbook, &events).unwrap();
    assert!(progress.finished.is_some() && progress.next(&runbook).is_none());
    events.push(Event::Reopened {
        step: 3,
        by: by("DESK"),
    });
    let progress = replayed(&runbook, &events).unwrap();
    assert_eq!(progress.next(&runbook).unwrap().n, 3);
    assert!(progress.finished.is_none());
}

#[test]
fn a_journal_can_t_say_what_did_not_happen() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, "");
    let finished = Event::Finished { by: by("DESK") };
    let reopened = Event::Reopened {
        step: 1,
        by: by("DESK"),
    };
    let impossible: [(&str, Vec<Event>); 6] = [
        ("finished while open", vec![finished]),
        ("reopened while open", vec![reopened]),
        ("done after skipped", vec![skipped(1), done(1, "DESK")]),
        ("a deed that nobody began", vec![deed_done(2, "DESK")]),
        (
            "a deed on another machine",
            vec![deed(2, "APP1"), deed_done(2, "APP2")],
        ),
        ("no such step", vec![done(99, "DESK")]),
    ];
    for (what, events) in impossible {
        assert!(replayed(&runbook, &events).is_err(), "{what}");
    }
    let held = Looked::holds(CheckKind::IisStopped, "stopped");
    let checked = Event::Checked {
        on: "APP1".to_owned(),
        step: 2,
        by: by("APP1"),
        found: vec![held],
    };
    replayed(&runbook, &[deed(2, "APP1"), deed_done(2, "app1"), checked]).unwrap();
    let other = self::runbook(Way::Fresh, Engine::SqlServer, "");
    let entries = [Entry {
        n: 1,
        at: String::new(),
        prev: String::new(),
        event: Event::RunbookStarted {
            format: FORMAT,
            runbook: other.id.clone(),
            tool: String::new(),
            by: by("DESK"),
        },
    }];
    assert!(matches!(
        replay(&[runbook], &entries),
        Err(ReplayError::OtherRunbook { .. })
    ));
}

fn renewed(before: &Runbook, after: &Runbook, events: &[Event]) -> Progress {
    let renewal = Event::Renewed {
        runbook: after.id.clone(),
        tool: "0".to_owned(),
        by: by("DESK"),
    };
    let all: Vec<_> = events.iter().cloned().chain([renewal]).collect();
    replayed_over(&[before.clone(), after.clone()], &all).unwrap()
}

#[test]
fn a_renewal_keeps_what_is_still_what_is_asked_for() {
    let before = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let after = runbook(
        Way::Reconfigure,
        Engine::SqlServer,
        &on_sql_server().replace("acc_log_runtime", "acc_logs"),
    );
    let (services, log, session) = (
        n(&before, "stop-services"),
        n(&before, "log-database"),
        n(&before, "session-database"),
    );
    let events = [
        deed(services, "APP1"),
        deed_done(services, "APP1"),
        done(services, "APP1"),
        done(log, "APP1"),
        deed(session, "APP1"),
        done(n(&before, "release-check"), "APP1"),
    ];
    let progress = renewed(&before, &after, &events);
    let state = |step: u32| &progress.steps[&step];
    assert!(state(services).is_done_on("APP1"));
    assert!(state(log).done.is_empty(), "its user is another one");
    assert_eq!(state(log).outdated.len(), 1);
    assert!(
        state(session).is_in_doubt_on("APP1"),
        "that nobody knows how a deed ended stays known"
    );
    assert_eq!(progress.renewed.len(), 1);
    assert!(
        state(n(&after, "release-check")).done.is_empty(),
        "the gate comes after what is open again"
    );
    let changes = Change::between(&before, &replayed(&before, &events).unwrap(), &after);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(
        told.contains(&format!(
            "step {log} is open again, since what it asks for, or a step before it, has changed: Configure the log database"
        )),
        "{told:?}"
    );
}

#[test]
fn a_renewal_follows_steps_that_move() {
    let before = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let (kept, _) = ALL.split_once("[runbook.lifetime]").unwrap();
    let mut after = runbook(
        Way::Reconfigure,
        Engine::SqlServer,
        &format!("{kept}[runbook.session]\ncatalog = \"acc_sessions\"\n"),
    );
    after.steps.retain(|step| step.id != "lifetime-unregister");
    for (step, at) in after.steps.iter_mut().zip(1..) {
        step.n = at;
    }
    let events = [
        done(n(&before, "stop-services"), "APP1"),
        done(n(&before, "lifetime-unregister"), "DESK"),
    ];
    let progress = renewed(&before, &after, &events);
    assert_ne!(n(&before, "stop-services"), n(&after, "stop-services"));
    assert!(progress.steps[&n(&after, "stop-services")].is_done_on("APP1"));
    let other = runbook(Way::Fresh, Engine::SqlServer, "");
    let renewal = Event::Renewed {
        runbook: after.id.clone(),
        tool: String::new(),
        by: by("DESK"),
    };
    assert!(matches!(
        replayed_over(&[before, other], &[renewal]),
        Err(ReplayError::OtherRunbook { .. })
    ));
}

#[test]
fn a_gate_is_looked_at_again_once_a_step_before_it_was_opened_again() {
    let runbook = runbook(Way::Reconfigure, Engine::SqlServer, &on_sql_server());
    let (gate, republish) = (n(&runbook, "release-check"), n(&runbook, "republish"));
    let again = Event::Reopened {
        step: republish,
        by: by("DESK"),
    };
    let events = [done(republish, "APP1"), done(gate, "APP1")];
    let start = runbook.step(n(&runbook, "start-services")).unwrap();
    let progress = replayed(&runbook, &events).unwrap();
    assert!(progress.gate_before(&runbook, start).is_none());
    let all: Vec<_> = events.into_iter().chain([again]).collect();
    let progress = replayed(&runbook, &all).unwrap();
    assert!(progress.gate_before(&runbook, start).is_some());
}

#[test]
fn what_the_source_is_known_by_is_kept_out_of_the_file() {
    let known = r#"[runbook.source]
controller = "prodctl"
cache = "prodmq1,prodmq2 localhost"
session-server = "prodstate"
session-catalog = "prod_sessions"
"#;
    let guard_of = |engine: Engine, more: &str| {
        let settings = settings(engine, more);
        let inventory = support::inventory(1, engine);
        let parts = Parts {
            settings: &settings,
            inventory: &inventory,
            target: &[],
            run: None,
            plan: None,
        };
        guard(&parts, false)
    };
    let told = guard_of(Engine::SqlServer, known);
    for host in ["prodctl", "prodmq1", "prodmq2"] {
        assert!(told.forbidden.hosts.iter().any(|it| it == host), "{host}");
    }
    assert!(!told.forbidden.hosts.iter().any(|it| it == "localhost"));
    let sessions = Owned::on("prodstate", "prod_sessions");
    assert!(told.forbidden.catalogs.contains(&sessions));
    assert_eq!(told.sessions_unknown_on, None);
    let unknown = guard_of(Engine::SqlServer, "");
    assert_eq!(unknown.sessions_unknown_on.as_deref(), Some("db-prod"));
    // On Oracle sessions are a user's.
    let oracle = "[runbook.source]\nsession-user = \"OSSTATE\"\n";
    let told = guard_of(Engine::Oracle, oracle);
    assert!(told.forbidden.users.iter().any(|it| it.name == "OSSTATE"));
    assert_eq!(told.sessions_unknown_on, None);
    assert!(guard_of(Engine::Oracle, "").sessions_unknown_on.is_some());
}

#[test]
fn every_step_is_looked_at_but_where_nothing_documented_shows_it() {
    let (files, _) = steps().unwrap();
    let unseen = files.iter().filter(|file| file.checks.is_empty());
    let unseen: Vec<&str> = unseen.map(|file| file.id.as_str()).collect();
    assert_eq!(
        unseen,
        [
            "email-redirect",
            "integration-studio",
            "prerequisites",
            "purpose"
        ]
    );
}
