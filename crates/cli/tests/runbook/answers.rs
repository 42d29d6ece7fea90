//! What LifeTime and the databases answer, and what is made of it.

use std::fs;

use envclone_lifetime_server::{Connection, Fault, Options};
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
