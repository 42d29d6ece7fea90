//! What LifeTime and the databases answer, and what is made of it.

use std::fs;

use envclone::config::Config;
use envclone::folder::RunFolder;
use envclone::runbook::{Known, Open, by};
use envclone_core::harvest::{Identity, Kind};
use envclone_core::inventory::Inventory;
use envclone_core::runbook::make;
use envclone_core::runbook::step::Way;
use envclone_core::scan::secret_digest;
use envclone_lifetime_server::{Connection, Environment, Fault, Options};
use envclone_machine::{StartType, State};

use super::guards::{begun, refused};
use super::whole::reconfigured_until;
use super::world::{SCHEDULER, SECRETS, World, machine_config};

#[test]
fn lifetime_never_loses_the_source() {
    for address in [
        "apps.corp.example.com",
        "PRODFE01",
        "prodfe01.corp.example.com",
        "192.0.2.11",
    ] {
        let world = begun();
        world.lifetime.change(|state| {
            state.environments[1].address = address.to_owned();
        });
        refused(
            &world.go("APP1", "lifetime-unregister"),
            5,
            "which is the source's",
        );
        assert_eq!(world.lifetime.count("DELETE", ""), 0);
        assert!(world.lifetime.state().environment("QA").is_some());
        assert!(!world.folder().join("lifetime-registration.json").exists());
    }
}

#[test]
fn what_lifetime_knew_is_never_lost() {
    let world = begun();
    let expired = Fault::Status(401, "the token expired".to_owned());
    world.lifetime.fail("DELETE", "/environments/", expired);
    world
        .lifetime
        .fail("DELETE", "/environments/", Fault::CutAfter);
    let first = world.go("APP1", "lifetime-unregister");
    assert_ne!(first.code, 0, "{}", first.err);
    let saved = fs::read(world.folder().join("lifetime-registration.json")).unwrap();
    let lost = world.goes("APP1", "lifetime-unregister");
    assert!(
        lost.err.contains("LifeTime's answer was lost"),
        "{}",
        lost.err
    );
    assert!(world.lifetime.state().environment("QA").is_none());
    // Gone already, it is asked nothing that it could not answer any more.
    world.must("APP1", &["undo", "2"]);
    world.goes("APP1", "lifetime-unregister");
    assert_eq!(
        fs::read(world.folder().join("lifetime-registration.json")).unwrap(),
        saved
    );
}

#[test]
fn checks_see_what_is_wrong() {
    let world = begun();
    fs::write(world.lab.path("T_USERS"), "wrong").unwrap();
    let ran = world.run("APP1", &["check", &world.n("session-database")]);
    refused(&ran, 5, "acc could not log in to T_log");
    assert!(!ran.err.contains("the source's server"), "{}", ran.err);
    fs::write(world.lab.path("T_USERS"), SECRETS[1].1).unwrap();
    world.goes("APP1", "stop-services");
    let elsewhere = |catalog: &str| {
        world.database.lock().unwrap().elsewhere = vec![(catalog.to_owned(), "app2".to_owned())];
        world.run("APP1", &["check", &world.n("apply")])
    };
    refused(
        &elsewhere("outsystems"),
        5,
        "APP2 has a session with outsystems@localhost",
    );
    // What the environment had before is known from its own file.
    refused(
        &elsewhere("OSLOG_OLD"),
        5,
        "APP2 has a session with OSLOG_OLD@127.0.0.1",
    );
    // The copy's own sessions, and other programs' elsewhere, are no matter.
    let ran = elsewhere("T_platform");
    assert!(!ran.err.contains("has a session"), "{}", ran.err);
    {
        let mut database = world.database.lock().unwrap();
        database.front_ends.push("PRODFE01".to_owned());
        database.waiting = 3;
        database
            .catalogs
            .push(("PROD_LEDGER".to_owned(), "os".to_owned()));
    }
    let ran = world.run("APP1", &["check", &world.n("republish")]);
    refused(&ran, 5, "3 modules wait for a compilation");
    refused(&ran, 5, "it lists PRODFE01");
    refused(
        &world.run("APP1", &["check", &world.n("catalogs")]),
        5,
        "PROD_LEDGER is none of the copy's",
    );
    let config = machine_config(&world.lab.path("APP1"));
    fs::write(
        config,
        "<configuration><add key=\"x\" value=\"PRODFE01\"/></configuration>",
    )
    .unwrap();
    refused(
        &world.run("APP1", &["check", &world.n("republish")]),
        5,
        "`PRODFE01` stands in line 1",
    );
    world.changed("APP1", |machine| {
        machine
            .value(
                r"SOFTWARE\OutSystems\Platform Server",
                "SerialNumber",
                "OTHER",
            )
            .without(SCHEDULER)
            .service(SCHEDULER, State::Stopped, StartType::Manual)
    });
    refused(
        &world.run("APP1", &["check", &world.n("license")]),
        5,
        "it is OTHER, the license is for SERIAL-1",
    );
    refused(
        &world.run("APP1", &["check", &world.n("stop-services")]),
        5,
        "it is manual and stopped",
    );
    world.no_secrets();
}

/// Changes the settings' text.
fn edit(world: &World, from: &str, to: &str) {
    let path = world.lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "no `{from}` in\n{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn lifetime_is_believed_by_the_certificates_of_a_file() {
    let world = begun();
    let tls = Options {
        tls: true,
        ..Options::default()
    };
    let server = tls.start().unwrap();
    edit(&world, &world.lifetime.address(), &server.address());
    world.database.lock().unwrap().observers = vec![server.address() + "/LifeTimeEvents"];
    let check = ["check", &world.n("lifetime-register")];
    let stranger = world.run("APP1", &check);
    refused(&stranger, 5, "certificate");
    let file = world.lab.path("authority.pem");
    fs::copy(server.authority(), &file).unwrap();
    edit(
        &world,
        "[runbook.lifetime]",
        "[runbook.lifetime]\nca-file = \"authority.pem\"",
    );
    let known = world.must("APP1", &check);
    assert!(known.out.contains("LifeTime lists QA"), "{}", known.out);
}

#[test]
fn lifetime_makes_the_connections_that_there_were() {
    let world = World::new();
    let connection = format!(
        "[[runbook.connections]]\nname = \"ERP\"\naccount = {{ user = \"acc_erp\", password = {{ file = \"{}\" }} }}\n",
        SECRETS[1].0
    );
    let path = world.lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + &connection).unwrap();
    world.lifetime.change(|state| {
        let environment = state.environments[1].key.clone();
        state.connections.push(Connection {
            environment,
            name: "ERP".to_owned(),
            provider: "Oracle".to_owned(),
            description: String::new(),
            username: "prod_erp".to_owned(),
            password: "unseen".to_owned(),
            parameters: String::new(),
            permissions: Vec::new(),
        });
    });
    reconfigured_until(&world, "lifetime-connections");
    let saved = fs::read_to_string(world.folder().join("lifetime-connections.json")).unwrap();
    assert!(
        saved.contains("\"ERP\"") && saved.contains("\"Oracle\""),
        "{saved}"
    );
    let made = world.goes("APP1", "lifetime-connections");
    assert!(made.err.contains("ERP tested and made"), "{}", made.err);
    let state = world.lifetime.state();
    let registered = state.environment("QA").unwrap().key.clone();
    let found = state
        .connections
        .iter()
        .find(|it| it.environment == registered);
    let found = found.unwrap();
    // The provider is the one that it had before; the account is this environment's own.
    assert_eq!(
        (found.provider.as_str(), found.username.as_str()),
        ("Oracle", "acc_erp")
    );
    assert_eq!(found.password, SECRETS[1].1);
    world.no_secrets();
    // Taken again, it finds it made.
    let n = world.n("lifetime-connections");
    world.must("APP1", &["undo", &n]);
    let again = world.goes("APP1", "lifetime-connections");
    assert!(
        again.err.contains("ERP was there, and was left"),
        "{}",
        again.err
    );
}

/// Settings that name machines and addresses of the source where the copy's belong.
fn of_the_source(world: &World) {
    edit(
        world,
        &format!(
            "[runbook.service-center]\naddress = \"{}\"",
            world.lifetime.address()
        ),
        "[runbook.service-center]\naddress = \"https://prodfe01.corp.example.com\"",
    );
}

#[test]
fn settings_that_name_the_source_begin_nothing() {
    let world = World::new();
    of_the_source(&world);
    edit(
        &world,
        "host-name = \"acc.example.com\"",
        "host-name = \"apps.corp.example.com\"",
    );
    edit(&world, "[\"APP1\", \"APP2\"]", "[\"APP1\", \"prodfe02\"]");
    edit(
        &world,
        "[runbook.cache]\nhost = \"APP1\"",
        "[runbook.cache]\nhost = \"APP1, PRODFE01\"",
    );
    for way in ["reconfigure", "fresh"] {
        let ran = world.run("APP1", &["start", way]);
        for why in [
            "error: nothing was changed",
            "`[runbook.service-center] address` is `https://prodfe01.corp.example.com`, which is the source's `PRODFE01`",
            "`[runbook] host-name` is `apps.corp.example.com`, which is the source's",
            "`[runbook] machines` is `prodfe02`, which is the source's",
            "`[runbook.cache] host` is `PRODFE01`, which is the source's",
        ] {
            refused(&ran, 5, why);
        }
    }
    assert!(!world.folder().exists());
}

#[test]
fn a_runbook_is_not_renewed_to_the_source_and_nothing_is_sent_there() {
    let world = begun();
    decided(&world);
    of_the_source(&world);
    let journal = || fs::read_to_string(world.folder().join("journal.jsonl")).unwrap();
    let before = journal();
    refused(
        &world.run("APP1", &["renew"]),
        5,
        "`[runbook.service-center] address`",
    );
    for step in ["license", "republish", "lifetime-register"] {
        let ran = world.go("APP1", step);
        refused(&ran, 5, "`[runbook.service-center] address`");
        refused(&ran, 5, "nothing was changed");
    }
    assert_eq!(journal(), before);
    assert!(world.seen("APP1").calls_at(&world.osp_tool()).is_empty());
    assert!(world.tool_calls("APP1").is_empty());
    assert_eq!(world.lifetime.count("POST", ""), 0);
    // The source's Service Center answers, too.
    let n = world.n("apply");
    refused(
        &world.run("APP1", &["check", &n]),
        5,
        "https://prodfe01.corp.example.com is the source's `PRODFE01`",
    );
}

#[test]
fn a_runbook_that_was_made_for_the_source_does_not_publish_there() {
    let world = World::new();
    let right = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
    of_the_source(&world);
    // As a program without this guard would have begun it.
    let config = Config::load(&world.lab.path("envclone.toml")).unwrap();
    let run = RunFolder {
        path: world.lab.newest_run(),
    };
    let known = Known::of(&config, &run).unwrap();
    let runbook = make(Way::Reconfigure, &known.parts()).unwrap();
    drop(Open::start(&run, runbook, by("APP1")).unwrap());
    fs::write(world.lab.path("envclone.toml"), right).unwrap();
    refused(
        &world.go("APP1", "republish"),
        5,
        "the runbook has it publish on `PRODFE01`, which is the source's",
    );
    assert!(world.seen("APP1").calls_at(&world.osp_tool()).is_empty());
}

#[test]
fn service_center_has_the_version_of_the_database() {
    let world = begun();
    let check = || world.run("APP1", &["check", &world.n("apply")]);
    let unreadable = Fault::Status(404, String::new());
    world
        .lifetime
        .fail("POST", "OutSystemsPlatform", unreadable);
    let ran = check();
    assert!(
        ran.out
            .contains("unknown  Service Center answers, with the version of the database"),
        "{}",
        ran.out
    );
    assert!(
        check()
            .out
            .contains("it answers, with platform 11.28.1.42108")
    );
    world.has_version("11.28.0.1");
    refused(
        &check(),
        5,
        "it answers, with platform 11.28.1.42108; the database has 11.28.0.1",
    );
}

#[test]
fn each_module_is_on_a_front_end_of_this_environment() {
    let world = begun();
    let check = |undeployed: &[&str]| {
        let names = undeployed.iter().map(|it| (*it).to_owned()).collect();
        world.database.lock().unwrap().undeployed = names;
        world.run("APP1", &["check", &world.n("republish")]).out
    };
    let title =
        "every module is on a front-end of this environment, and none waits for a compilation";
    let says = |out: &str, outcome: &str, seen: &str| {
        let line = format!("{outcome:<9}{title}: {seen}");
        assert!(out.contains(&line), "no `{line}` in\n{out}");
    };
    says(&check(&[]), "holds", "7 modules are on front-ends");
    says(
        &check(&["Orders", "Stock"]),
        "FAILS",
        "2 of 5 modules are on no front-end of this environment: Orders, Stock",
    );
    says(
        &check(&["Orders", "Billing", "Customers", "Stock", "Reports"]),
        "FAILS",
        "5 of 5 modules are on no front-end of this environment: Orders, Billing, Customers and 2 more",
    );
    // What nobody documented raises no alarm, and is not green.
    says(
        &check(&["Widgets", "ServiceCenter"]),
        "unknown",
        "whether libraries and the platform's own modules belong on a front-end is not known, and 2 of them are on none: ServiceCenter, Widgets",
    );
    // The source's front-ends are none of this environment's.
    world.database.lock().unwrap().front_ends = vec!["PRODFE01".to_owned()];
    says(
        &check(&[]),
        "FAILS",
        "5 of 5 modules are on no front-end of this environment",
    );
}

#[test]
fn each_machine_has_registered_itself() {
    let world = begun();
    let check = |front_ends: &[&str]| {
        let names = front_ends.iter().map(|it| (*it).to_owned()).collect();
        world.database.lock().unwrap().front_ends = names;
        world.run("APP1", &["check", &world.n("republish")]).out
    };
    let title = "the database lists this environment's machines, and no others";
    let says = |out: &str, outcome: &str, seen: &str| {
        let line = format!("{outcome:<9}{title}: {seen}");
        assert!(out.contains(&line), "no `{line}` in\n{out}");
    };
    says(
        &check(&["app1.corp.example.com", "APP2"]),
        "holds",
        "app1.corp.example.com, APP2",
    );
    says(
        &check(&["APP1"]),
        "FAILS",
        "it lists APP1; APP2 has not registered itself",
    );
    // A controller that serves no applications.
    says(
        &check(&["APP2"]),
        "unknown",
        "it lists APP2; whether APP1 registers itself",
    );
    says(&check(&["APP1", "APP2", "APP3"]), "FAILS", "it lists APP3");
}

/// A world whose machines have these names besides.
fn with_machines(names: &str) -> World {
    let world = World::new();
    let path = world.lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    let own = "machines = [\"APP1\", \"APP2\"]";
    assert!(text.contains(own));
    fs::write(
        &path,
        text.replace(own, &format!("machines = [\"APP1\", {names}]")),
    )
    .unwrap();
    world.must("APP1", &["start", "reconfigure"]);
    world
}

/// What databases have of a machine is what `NetBIOS` calls it.
#[test]
fn a_machine_is_known_by_the_first_15_letters_of_its_name() {
    let long = "application-server-02.corp.example.com";
    let world = with_machines(&format!("\"{long}\""));
    let title = "the database lists this environment's machines, and no others";
    let modules =
        "every module is on a front-end of this environment, and none waits for a compilation";
    let check = |front_ends: &[&str]| {
        let names = front_ends.iter().map(|it| (*it).to_owned()).collect();
        world.database.lock().unwrap().front_ends = names;
        world.run("APP1", &["check", &world.n("republish")]).out
    };
    for cut in ["APPLICATION-SER", "application-server-02", long] {
        let out = check(&[cut, "APP1"]);
        for line in [
            format!("holds    {title}: {cut}, APP1"),
            format!("holds    {modules}: 7 modules"),
        ] {
            assert!(out.contains(&line), "no `{line}` in\n{out}");
        }
    }
    for other in [
        "APPLICATION-SE",
        "APPLICATION-SERV",
        "application-server-03",
        "APPLICATION-SER.lab.example",
    ] {
        let out = check(&[other, "APP1"]);
        let line = format!("FAILS    {title}: it lists {other}");
        assert!(out.contains(&line), "no `{line}` in\n{out}");
        let line = format!("FAILS    {modules}: 5 of 5 modules are on no front-end");
        assert!(out.contains(&line), "no `{line}` in\n{out}");
    }
    world.goes("APP1", "stop-services");
    let session = |machine: &str| {
        world.database.lock().unwrap().elsewhere =
            vec![("outsystems".to_owned(), machine.to_owned())];
        world.run("APP1", &["check", &world.n("apply")])
    };
    let told = format!("{long} has a session with outsystems@localhost");
    refused(&session("APPLICATION-SER"), 5, &told);
    let ran = session("APPLICATION-SE");
    assert!(!ran.err.contains("has a session"), "{}", ran.err);
}

#[test]
fn a_cut_name_of_two_machines_is_neither_s_but_its_session_counts() {
    let world =
        with_machines("\"application-server-02\", \"application-server-03.corp.example.com\"");
    {
        let mut database = world.database.lock().unwrap();
        database.front_ends = vec!["APPLICATION-SER".to_owned(), "APP1".to_owned()];
        database.elsewhere = vec![("outsystems".to_owned(), "APPLICATION-SER".to_owned())];
    }
    let out = world.run("APP1", &["check", &world.n("republish")]).out;
    for line in [
        "FAILS    the database lists this environment's machines, and no others: it lists APPLICATION-SER\n",
        "5 of 5 modules are on no front-end of this environment",
    ] {
        assert!(out.contains(line), "no `{line}` in\n{out}");
    }
    world.goes("APP1", "stop-services");
    refused(
        &world.run("APP1", &["check", &world.n("apply")]),
        5,
        "application-server-02 has a session with outsystems@localhost",
    );
}

/// A machine's own `%COMPUTERNAME%` is the cut one, too.
#[test]
fn a_machine_that_the_settings_name_by_its_cut_name_is_known_by_the_whole_one() {
    let world = with_machines("\"APPLICATION-SER\"");
    let names = ["application-server-02", "APP1"]
        .map(str::to_owned)
        .to_vec();
    world.database.lock().unwrap().front_ends = names;
    let out = world.run("APP1", &["check", &world.n("republish")]).out;
    let line = "holds    the database lists this environment's machines, and no others: application-server-02, APP1";
    assert!(out.contains(line), "{out}");
}

/// The source's machine may have the same first 15 letters.
#[test]
fn a_cut_name_that_the_source_has_is_the_source_s() {
    let world = with_machines("\"application-server-02\"");
    let run = world.lab.newest_run();
    let path = run.join("inventory.json");
    let mut inventory = Inventory::read(&fs::read_to_string(&path).unwrap()).unwrap();
    inventory.identities.push(Identity {
        kind: Kind::FrontEnd,
        value: "APPLICATION-SER".to_owned(),
        length: None,
        found_in: "ossys_server.NAME".to_owned(),
    });
    fs::write(&path, serde_json::to_vec(&inventory.sealed()).unwrap()).unwrap();
    let names = ["APPLICATION-SER", "APP1"].map(str::to_owned).to_vec();
    world.database.lock().unwrap().front_ends = names;
    let out = world.run("APP1", &["check", &world.n("republish")]).out;
    let line = "FAILS    the database lists this environment's machines, and no others: it lists APPLICATION-SER";
    assert!(out.contains(line), "{out}");
}

#[test]
fn a_connection_of_the_source_is_known_by_its_digest() {
    let world = begun();
    let run = world.lab.newest_run();
    let key = fs::read(run.parent().unwrap().join("digest.key")).unwrap();
    let path = run.join("inventory.json");
    let mut inventory = Inventory::read(&fs::read_to_string(&path).unwrap()).unwrap();
    inventory.identities.push(Identity {
        kind: Kind::Secret,
        value: secret_digest(&key.try_into().unwrap(), "$2$source"),
        length: Some(9),
        found_in: "ossys_dbconnection.DATABASE_CONFIGURATION".to_owned(),
    });
    fs::write(&path, serde_json::to_vec(&inventory.sealed()).unwrap()).unwrap();
    let check = |connections: &[(&str, &str)]| {
        let one = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        world.database.lock().unwrap().connections = connections.iter().map(one).collect();
        world.run("APP1", &["check", &world.n("database-connections")])
    };
    let own = check(&[("ERP", "$2$own"), ("Archive", "")]);
    assert!(own.out.contains("none of 2 is the source's"), "{}", own.out);
    assert_eq!(own.code, 0, "{}", own.err);
    refused(
        &check(&[("ERP", "$2$own"), ("Ledger", "$2$source")]),
        5,
        "1 of 2 are the source's: Ledger",
    );
}

#[test]
fn the_registration_of_before_is_not_the_copy_s() {
    let world = begun();
    let check = || world.run("APP1", &["check", &world.n("lifetime-register")]);
    // Nobody saw it gone, and nothing was saved.
    let ran = check();
    assert!(
        ran.out
            .contains("unknown  LifeTime lists the environment, registered after the copy"),
        "{}",
        ran.out
    );
    let expired = Fault::Status(401, "the token expired".to_owned());
    world.lifetime.fail("DELETE", "/environments/", expired);
    assert_ne!(world.go("APP1", "lifetime-unregister").code, 0);
    refused(
        &check(),
        5,
        "LifeTime lists QA, but it has the key that it had before",
    );
    // An observer in the copy came with a registration of the copy; one at another LifeTime says nothing.
    let observed = |at: &str| {
        world.database.lock().unwrap().observers = vec![format!("{at}/LifeTimeEvents")];
        check()
    };
    refused(
        &observed("https://lifetime.corp.example.com"),
        5,
        "the key that it had before",
    );
    let own = observed(&world.lifetime.address());
    assert!(
        own.out
            .contains("the copy's database notifies this LifeTime"),
        "{}",
        own.out
    );
    assert_eq!(own.code, 0, "{}", own.err);
}

#[test]
fn a_gap_of_another_environment_is_none_of_this_one() {
    let world = begun();
    edit(&world, "environment = \"QA\"", "environment = \"Quality\"");
    world.done("APP1", "lifetime-unregister");
    edit(&world, "environment = \"Quality\"", "environment = \"QA\"");
    refused(
        &world.run("APP1", &["check", &world.n("lifetime-register")]),
        5,
        "whether it was registered after the copy can't be told",
    );
}

#[test]
fn a_new_registration_is_known_by_another_key_or_by_a_gap() {
    let world = begun();
    let before = world.lifetime.state().environment("QA").unwrap().clone();
    // The settings may name the environment by its key.
    edit(
        &world,
        "environment = \"QA\"",
        &format!("environment = \"{}\"", before.key),
    );
    world.goes("APP1", "lifetime-unregister");
    let check = |environment: Environment| {
        world.lifetime.change(|state| {
            state.environments.retain(|it| it.name != "QA");
            state.environments.push(environment);
        });
        world.run("APP1", &["check", &world.n("lifetime-register")])
    };
    // A person registered it. LifeTime may give it the same key again, or another one.
    let same = check(before.clone());
    assert!(same.out.contains("saw it gone before"), "{}", same.out);
    let other = check(Environment {
        key: "another".to_owned(),
        ..before.clone()
    });
    assert!(
        other.out.contains("it has another key than before"),
        "{}",
        other.out
    );
    let at_source = check(Environment {
        address: "prodfe01.corp.example.com".to_owned(),
        ..before.clone()
    });
    let line = "FAILS    LifeTime lists the environment, registered after the copy: LifeTime reaches QA at the source's `PRODFE01`";
    assert!(at_source.out.contains(line), "{}", at_source.out);
    let productive = check(Environment {
        kind: "Production".to_owned(),
        ..before
    });
    refused(
        &productive,
        5,
        "LifeTime shows Production, and the environment is for Non-Production",
    );
    // What the runbook registered itself it knows by its key.
    decided(&world);
    world
        .lifetime
        .change(|state| state.environments.retain(|it| it.name != "QA"));
    let ran = world.goes("APP1", "lifetime-register");
    assert!(
        ran.err.contains("this runbook registered it"),
        "{}",
        ran.err
    );
    let received = world.lifetime.received();
    let post = received.iter().find(|it| it.method == "POST").unwrap();
    let host = world.lifetime.address().replace("http://", "");
    assert!(
        post.body
            .contains(&format!("\"LifeTimeAddress\":\"{host}\"")),
        "{}",
        post.body
    );
}

/// Goes past the gate by a decision.
fn decided(world: &World) {
    let gate = world.n("release-check");
    let because = "release-gate=decided with M.";
    world.must("APP1", &["done", &gate, "--override", because]);
}

/// A fresh installation whose settings were changed since.
fn fresh(from: &str, to: &str) -> World {
    let world = World::new();
    world.must("APP1", &["start", "fresh"]);
    decided(&world);
    edit(&world, from, to);
    world
}

#[test]
fn a_new_environment_is_registered_from_complete_settings_only() {
    let world = fresh("environment-name = \"Acceptance\"\n", "");
    refused(
        &world.go("APP1", "lifetime-register"),
        3,
        "the settings have no `environment-name` of `[runbook]`",
    );
    let world = fresh("host-name = \"acc.example.com\"\n", "");
    refused(
        &world.go("APP1", "lifetime-register"),
        3,
        "would lead LifeTime to itself",
    );
    assert_eq!(world.lifetime.count("POST", ""), 0);
    // What was unregistered by hand has a position and permissions that only people know.
    let world = begun();
    decided(&world);
    refused(
        &world.go("APP1", "lifetime-register"),
        3,
        "what LifeTime knew of the environment was not saved",
    );
    assert_eq!(world.lifetime.count("POST", ""), 0);
}

#[test]
fn a_new_environment_is_not_taken_for_one_that_is_listed() {
    let world = fresh(
        "environment-name = \"Acceptance\"",
        "environment-name = \"Production\"",
    );
    world.lifetime.change(|state| {
        state.environments[2].address = "prodfe01.corp.example.com".to_owned();
    });
    refused(
        &world.go("APP1", "lifetime-register"),
        5,
        "LifeTime reaches `Production` at prodfe01.corp.example.com, which is the source's",
    );
    // A registration of an installation before this one.
    let world = fresh("environment = \"QA\"", "environment = \"Acceptance\"");
    world.lifetime.change(|state| {
        let old = &mut state.environments[1];
        old.name = "Acceptance".to_owned();
        old.address = "acc.example.com".to_owned();
    });
    let ran = world.go("APP1", "lifetime-register");
    refused(
        &ran,
        4,
        "LifeTime lists `Acceptance` at `acc.example.com` already",
    );
    assert_eq!(world.lifetime.count("POST", ""), 0);
    // One that an earlier command made, and nobody heard the end of.
    world.database.lock().unwrap().observers = vec![world.lifetime.address() + "/LifeTimeEvents"];
    let ran = world.goes("APP1", "lifetime-register");
    assert!(
        ran.err.contains("LifeTime lists Acceptance already"),
        "{}",
        ran.err
    );
    assert_eq!(world.lifetime.count("POST", ""), 0);
}

#[test]
fn no_connection_is_made_in_the_source() {
    let world = World::new();
    let connection = format!(
        "[[runbook.connections]]\nname = \"ERP\"\nprovider = \"Oracle\"\naccount = {{ user = \"acc_erp\", password = {{ file = \"{}\" }} }}\n",
        SECRETS[1].0
    );
    let path = world.lab.path("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + &connection).unwrap();
    world.must("APP1", &["start", "reconfigure"]);
    decided(&world);
    world.lifetime.change(|state| {
        state.environments[1].address = "prodfe01.corp.example.com".to_owned();
    });
    refused(
        &world.go("APP1", "lifetime-connections"),
        5,
        "LifeTime reaches QA at the source's `PRODFE01`",
    );
    // Nor in the environment of before, whose database the copy replaces.
    world.lifetime.change(|state| {
        state.environments[1].address = "qa.example.com".to_owned();
    });
    refused(
        &world.go("APP1", "lifetime-connections"),
        5,
        "whether it was registered after the copy can't be told",
    );
    assert_eq!(world.lifetime.count("POST", ""), 0);
}

#[test]
fn a_saved_registration_of_the_source_is_neither_ended_nor_made() {
    let world = begun();
    world.goes("APP1", "lifetime-unregister");
    world.must("APP1", &["undo", &world.n("lifetime-unregister")]);
    decided(&world);
    // Whatever wrote the file, it names the source.
    let file = world.folder().join("lifetime-registration.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("qa.example.com"), "{text}");
    fs::write(
        &file,
        text.replace("qa.example.com", "prodfe02.corp.example.com"),
    )
    .unwrap();
    for step in ["lifetime-unregister", "lifetime-register"] {
        refused(
            &world.go("APP1", step),
            5,
            "LifeTime reaches `QA` at prodfe02.corp.example.com, which is the source's `PRODFE02`",
        );
    }
    assert_eq!(world.lifetime.count("DELETE", ""), 1);
    assert_eq!(world.lifetime.count("POST", ""), 0);
}

#[test]
fn modules_front_ends_and_connections_are_asked_for_in_real_tables() {
    let world = World::on_files();
    world.must("APP1", &["start", "reconfigure"]);
    let platform = world.lab.target("outsystems.db");
    let sql = |text: &str| world.lab.sql(&platform, text);
    let check = |step: &str| world.run("APP1", &["check", &world.n(step)]).out;
    sql(
        "INSERT INTO ossys_modulefrontend (ModuleKey, FrontendName) SELECT SS_KEY, 'app1' FROM ossys_espace WHERE IS_ACTIVE = 1",
    );
    // One that was deleted waits for nothing.
    sql(
        "UPDATE ossys_espace_runtime SET REQUIRES_COMPILATION = 1 WHERE ESPACE_ID IN (SELECT ID FROM ossys_espace WHERE IS_ACTIVE = 0)",
    );
    let out = check("republish");
    assert!(out.contains("modules are on front-ends"), "{out}");
    sql(
        "DELETE FROM ossys_modulefrontend WHERE ModuleKey IN (SELECT SS_KEY FROM ossys_espace WHERE IS_ACTIVE = 1 AND IS_SYSTEM = 1)",
    );
    let out = check("republish");
    assert!(
        out.contains("belong on a front-end is not known, and"),
        "{out}"
    );
    sql(
        "DELETE FROM ossys_modulefrontend WHERE ModuleKey = (SELECT MIN(SS_KEY) FROM ossys_espace WHERE IS_ACTIVE = 1 AND IS_SYSTEM = 0)",
    );
    let out = check("republish");
    assert!(
        out.contains("modules are on no front-end of this environment: "),
        "{out}"
    );
    sql("UPDATE ossys_espace_runtime SET REQUIRES_COMPILATION = 1");
    let out = check("republish");
    assert!(out.contains("modules wait for a compilation"), "{out}");
    let out = check("database-connections");
    assert!(out.contains("none of 0 is the source's"), "{out}");
    let out = check("lifetime-register");
    assert!(
        out.contains("the copy's database does not notify this LifeTime"),
        "{out}"
    );
}
