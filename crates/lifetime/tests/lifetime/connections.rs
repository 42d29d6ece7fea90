//! Database connections.

use crate::{client, kind, played};
use envclone_lifetime::{ConnectionData, ConnectionMade, Holder, Kind};
use envclone_lifetime_server::{Fault, Options as Played};
use secrecy::{ExposeSecret, SecretString};

const QA: &str = "c7155bc0-2154-4b8e-9570-df86cad30b40";

fn data(name: &str) -> ConnectionData {
    ConnectionData {
        name: name.to_owned(),
        provider_key: "SqlServer".to_owned(),
        description: "the other system".to_owned(),
        user: "reader".to_owned(),
        password: SecretString::from("p\"ss"),
        parameters: None,
    }
}

#[test]
fn a_connection_is_made_and_changed() {
    let server = played();
    let lifetime = client(&server);
    let providers = lifetime.connection_providers(QA).unwrap();
    assert_eq!(providers[0].provider_key, "SqlServer");
    assert_eq!(
        lifetime.create_connection(QA, &data("CRM / EU")).unwrap(),
        ConnectionMade::Done
    );
    let changed = ConnectionData {
        user: "writer".to_owned(),
        parameters: Some(SecretString::from("Server=x;Password=y")),
        ..data("CRM / EU")
    };
    lifetime.update_connection(QA, &changed).unwrap();
    let known = &server.state().connections[0];
    assert_eq!(
        (known.username.as_str(), known.password.as_str()),
        ("writer", "p\"ss")
    );
    let listed = lifetime.connections(QA).unwrap();
    assert_eq!(
        (listed[0].name.as_str(), listed[0].provider.as_str()),
        ("CRM / EU", "SQL Server")
    );
    assert!(listed[0].advanced);
    let configuration = listed[0].configuration.as_ref().unwrap();
    assert_eq!(configuration.expose_secret(), "Server=x;Password=y");
    assert_eq!(server.count("PUT", "/dbconnections/CRM%20%2F%20EU/"), 1);
}

#[test]
fn a_connection_that_is_there_is_not_made_again() {
    let server = played();
    let lifetime = client(&server);
    lifetime.create_connection(QA, &data("CRM")).unwrap();
    assert_eq!(
        kind(lifetime.create_connection(QA, &data("crm"))),
        Kind::Exists
    );
    assert_eq!(server.count("POST", ""), 1);
}

#[test]
fn a_connection_whose_answer_was_lost_is_asked_about() {
    let server = played();
    let lifetime = client(&server);
    server.fail("POST", "/dbconnections/", Fault::CutAfter);
    assert_eq!(
        lifetime.create_connection(QA, &data("CRM")).unwrap(),
        ConnectionMade::DoneUnheard
    );
    server.fail("POST", "/dbconnections/", Fault::CutBefore);
    assert_eq!(
        kind(lifetime.create_connection(QA, &data("ERP"))),
        Kind::Unsettled
    );
    server.fail(
        "POST",
        "/dbconnections/",
        Fault::Status(500, "{\"Errors\":[\"no\"]}".to_owned()),
    );
    let error = lifetime.create_connection(QA, &data("ERP")).unwrap_err();
    assert_eq!(error.kind, Kind::Server);
    assert!(
        error.message.starts_with("LifeTime does not list `ERP`"),
        "{error}"
    );
    let behind = Fault::Behind(std::time::Duration::from_millis(60));
    server.fail("POST", "/dbconnections/", behind);
    assert_eq!(
        lifetime.create_connection(QA, &data("HR")).unwrap(),
        ConnectionMade::DoneUnheard
    );
    server.fail("PUT", "/dbconnections/", Fault::CutAfter);
    let error = lifetime.update_connection(QA, &data("CRM")).unwrap_err();
    assert_eq!(error.kind, Kind::Unsettled);
    assert!(error.message.contains("again does no harm"), "{error}");
    assert_eq!((server.count("POST", ""), server.count("PUT", "")), (4, 1));
}

#[test]
fn a_test_tells_what_the_environment_says() {
    let server = played();
    client(&server).test_connection(QA, &data("CRM")).unwrap();
    let played = Played {
        database_trouble: Some("ORA-01017".to_owned()),
        ..Played::default()
    };
    let server = played.start().unwrap();
    let error = client(&server)
        .test_connection(QA, &data("CRM"))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Server);
    assert!(error.message.contains("reader: ORA-01017"), "{error}");
    assert_eq!(
        server.count("POST", ""),
        1,
        "a log-in that failed is not tried again"
    );
}

#[test]
fn permissions_are_set_by_the_identifier_of_their_level() {
    let server = played();
    let lifetime = client(&server);
    lifetime.create_connection(QA, &data("CRM")).unwrap();
    let levels = lifetime.connection_levels().unwrap();
    let read_only = levels
        .iter()
        .find(|level| level.label == "Read-Only")
        .unwrap();
    for holder in [Holder::Role("Developer"), Holder::User("j doe")] {
        let before = lifetime.connection_permission(QA, "CRM", holder).unwrap();
        assert_eq!(before.label, "No Access");
        lifetime
            .set_connection_permission(QA, "CRM", holder, read_only.id)
            .unwrap();
        assert_eq!(
            &lifetime.connection_permission(QA, "CRM", holder).unwrap(),
            read_only
        );
    }
}

#[test]
fn an_older_lifetime_an_unknown_environment_and_an_unknown_connection_are_told_apart() {
    let server = played();
    let lifetime = client(&server);
    assert_eq!(
        kind(lifetime.connections("nowhere")),
        Kind::UnknownEnvironment
    );
    assert_eq!(
        kind(lifetime.create_connection("nowhere", &data("x"))),
        Kind::UnknownEnvironment
    );
    assert_eq!(
        kind(lifetime.update_connection(QA, &data("x"))),
        Kind::Unknown
    );
    assert_eq!(
        kind(lifetime.connection_permission(QA, "x", Holder::User("u"))),
        Kind::Unknown
    );
    assert_eq!(
        kind(lifetime.update_connection(QA, &data(".."))),
        Kind::Unknown
    );
    assert_eq!(kind(lifetime.connections("")), Kind::Unknown);
    for unknown_path in [404, 405] {
        let server = Played {
            version: 12,
            unknown_path,
            ..Played::default()
        }
        .start()
        .unwrap();
        let lifetime = client(&server);
        assert_eq!(kind(lifetime.connections(QA)), Kind::NotOffered);
        assert_eq!(kind(lifetime.connection_levels()), Kind::NotOffered);
        assert_eq!(
            kind(lifetime.update_connection(QA, &data("x"))),
            Kind::NotOffered
        );
        assert_eq!(
            kind(lifetime.test_connection(QA, &data("x"))),
            Kind::NotOffered
        );
        assert_eq!(
            kind(lifetime.create_connection(QA, &data("x"))),
            Kind::NotOffered
        );
    }
}

#[test]
fn a_page_that_answers_in_lifetimes_place_is_no_yes() {
    let server = played();
    let lifetime = client(&server);
    lifetime.create_connection(QA, &data("CRM")).unwrap();
    let page = || Fault::Status(200, "<html>Please log in</html>".to_owned());
    server.fail("POST", "/testdbconnection/", page());
    assert_eq!(
        kind(lifetime.test_connection(QA, &data("CRM"))),
        Kind::Unexpected
    );
    server.fail("PUT", "/dbconnections/", page());
    assert_eq!(
        kind(lifetime.update_connection(QA, &data("CRM"))),
        Kind::Unsettled
    );
    server.fail("GET", "/dbconnections/", page());
    assert_eq!(kind(lifetime.connections(QA)), Kind::Unexpected);
}
