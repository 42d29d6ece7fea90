//! Unregistering and registering, heard and unheard.

use crate::{client, kind, played, quick, token};
use envclone_lifetime::{Kind, LifeTime, Options, Registered, Registration, Unregistered};
use envclone_lifetime_server::{Fault, Options as Played, Server};
use secrecy::SecretString;
use std::time::Duration;

const QA: &str = "c7155bc0-2154-4b8e-9570-df86cad30b40";

fn password() -> SecretString {
    SecretString::from("open sesame")
}

/// QA's registration, which was just taken away.
fn taken_away(server: &Server) -> Registration {
    let lifetime = client(server);
    let saved = lifetime.save("QA").unwrap();
    assert_eq!(lifetime.unregister(&saved.key).unwrap(), Unregistered::Done);
    saved.registration("admin", lifetime.host())
}

#[test]
fn an_environment_comes_back_as_it_was() {
    let server = played();
    let levels = |server: &Server| -> Vec<_> {
        let key = server.state().environment("QA").unwrap().key.clone();
        let roles = server.state().roles;
        let of = |role: &envclone_lifetime_server::Role| {
            let one = role
                .permissions
                .iter()
                .find(|one| one.environment == key)
                .unwrap();
            (role.name.clone(), one.level, one.create, one.depend)
        };
        roles.iter().map(of).collect()
    };
    let before = levels(&server);
    let registration = taken_away(&server);
    assert!(server.state().environment("QA").is_none());
    let registered = client(&server)
        .register(&registration, &password())
        .unwrap();
    let state = server.state();
    assert_eq!(state.environments[1].name, "QA", "its old position");
    assert_eq!(state.environments[1].address, "qa.example.com");
    assert_eq!(state.environments[1].key, registered.key);
    assert_ne!(registered.key, QA);
    assert_eq!(registered.imported_users.unwrap()[0].username, "jdoe");
    assert_eq!(levels(&server), before);
    let body = &server.received().pop().unwrap().body;
    assert!(
        body.contains("\"OverridePreviousLifetime\":false"),
        "{body}"
    );
    let host = client(&server).host().to_owned();
    assert!(
        body.contains(&format!("\"LifeTimeAddress\":\"{host}\"")),
        "{body}"
    );
}

#[test]
fn an_address_with_a_scheme_is_never_sent() {
    let server = played();
    let registration = taken_away(&server);
    let with_scheme = [
        Registration {
            lifetime_address: server.address(),
            ..registration.clone()
        },
        Registration {
            address: "https://qa.example.com".to_owned(),
            ..registration
        },
    ];
    for one in with_scheme {
        let refused = client(&server).register(&one, &password());
        assert_eq!(kind(refused), Kind::Settings);
    }
    assert_eq!(server.count("POST", ""), 0);
}

#[test]
fn a_role_that_nothing_was_said_of_gets_no_access() {
    let server = played();
    server.change(|state| drop(state.roles[1].permissions.remove(1)));
    let registration = taken_away(&server);
    let key = client(&server)
        .register(&registration, &password())
        .unwrap()
        .key;
    let role = &server.state().roles[1];
    let permission = role
        .permissions
        .iter()
        .find(|one| one.environment == key)
        .unwrap();
    assert_eq!((permission.level, permission.create), (0, false));
}

#[test]
fn what_is_done_already_is_not_done_again() {
    let server = played();
    let lifetime = client(&server);
    let registration = taken_away(&server);
    assert_eq!(lifetime.unregister(QA).unwrap(), Unregistered::WasGone);
    assert_eq!(server.count("DELETE", ""), 1);
    lifetime.register(&registration, &password()).unwrap();
    assert_eq!(
        kind(lifetime.register(&registration, &password())),
        Kind::Exists
    );
    // The same machine under another name, and another machine under the same name.
    let renamed = Registration {
        name: "QA 2".to_owned(),
        ..registration.clone()
    };
    let moved = Registration {
        address: "qa2.example.com".to_owned(),
        ..registration
    };
    for taken in [renamed, moved] {
        assert_eq!(kind(lifetime.register(&taken, &password())), Kind::Exists);
    }
    assert_eq!(server.count("POST", ""), 1);
}

#[test]
fn unregistering_needs_the_key() {
    let server = played();
    assert_eq!(
        client(&server).unregister("QA").unwrap(),
        Unregistered::WasGone
    );
    assert_eq!(server.count("DELETE", ""), 0);
}

#[test]
fn an_unregistering_whose_answer_was_lost_is_asked_about() {
    for fault in [Fault::CutAfter, Fault::Behind(Duration::from_millis(60))] {
        let server = played();
        server.fail("DELETE", "/environments/", fault);
        assert_eq!(
            client(&server).unregister(QA).unwrap(),
            Unregistered::DoneUnheard
        );
        assert_eq!(server.count("DELETE", ""), 1);
        assert!(server.state().environment("QA").is_none());
    }
}

#[test]
fn an_unregistering_that_was_not_done_is_not_sent_again() {
    let server = played();
    server.fail("DELETE", "/environments/", Fault::CutBefore);
    let error = client(&server).unregister(QA).unwrap_err();
    assert_eq!(error.kind, Kind::Unsettled);
    assert!(error.message.starts_with("it is not known"), "{error}");
    assert!(error.message.contains("still lists `QA`"), "{error}");
    assert_eq!(server.count("DELETE", ""), 1);
    assert!(
        server.count("GET", "/environments/") > 2,
        "watched for a while"
    );
    assert_eq!(client(&server).unregister(QA).unwrap(), Unregistered::Done);
}

#[test]
fn a_registering_whose_answer_was_lost_is_asked_about() {
    for fault in [
        Fault::CutAfter,
        Fault::CutWithin,
        Fault::Behind(Duration::from_millis(60)),
        Fault::After(504, "<html>gateway</html>".to_owned()),
        Fault::After(500, "{\"Errors\": [\"late\"]}".to_owned()),
        Fault::After(201, "<html>a page</html>".to_owned()),
        Fault::After(201, "{\"EnvironmentKey\": \"\"}".to_owned()),
    ] {
        let server = played();
        let registration = taken_away(&server);
        server.fail("POST", "/environments/", fault.clone());
        let registered = client(&server)
            .register(&registration, &password())
            .unwrap();
        let key = server.state().environment("QA").unwrap().key.clone();
        assert_eq!(
            registered,
            Registered {
                key,
                imported_users: None
            },
            "{fault:?}"
        );
        assert_eq!(server.count("POST", ""), 1);
    }
}

#[test]
fn a_registering_that_was_not_done_is_not_sent_again() {
    let server = played();
    let registration = taken_away(&server);
    server.fail("POST", "/environments/", Fault::CutBefore);
    let error = client(&server)
        .register(&registration, &password())
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unsettled);
    assert!(
        error
            .message
            .contains("does not list `QA` at `qa.example.com`"),
        "{error}"
    );
    assert_eq!(server.count("POST", ""), 1);
    client(&server)
        .register(&registration, &password())
        .unwrap();
}

#[test]
fn a_change_that_takes_too_long_is_asked_about() {
    let server = played();
    let options = Options {
        change: Duration::from_millis(150),
        ..quick()
    };
    let lifetime = LifeTime::new(&server.address(), token(), options).unwrap();
    server.fail(
        "DELETE",
        "/environments/",
        Fault::Slow(Duration::from_secs(2)),
    );
    assert_eq!(lifetime.unregister(QA).unwrap(), Unregistered::DoneUnheard);
}

#[test]
fn if_it_cannot_be_asked_about_nobody_claims_to_know() {
    let server = played();
    let options = Options {
        patience: Duration::ZERO,
        ..quick()
    };
    let lifetime = LifeTime::new(&server.address(), token(), options).unwrap();
    // The question before the deed gets through, those after it don't.
    server.fail("GET", "/environments/", Fault::Slow(Duration::ZERO));
    server.fail("DELETE", "/environments/", Fault::CutAfter);
    for _ in 0..3 {
        server.fail("GET", "/environments/", Fault::Status(503, String::new()));
    }
    let error = lifetime.unregister(QA).unwrap_err();
    assert_eq!(error.kind, Kind::Unsettled);
    assert!(error.message.contains("can't be asked"), "{error}");
}

#[test]
fn a_server_that_failed_is_quoted_after_the_state_of_the_world() {
    let server = played();
    let said = || {
        Fault::Status(
            500,
            "{\"Errors\": [\"Out of order.\"], \"StatusCode\": 500}".to_owned(),
        )
    };
    server.fail("DELETE", "/environments/", said());
    let error = client(&server).unregister(QA).unwrap_err();
    assert_eq!(error.kind, Kind::Server);
    assert!(
        error.message.starts_with("LifeTime still lists `QA`"),
        "{error}"
    );
    assert!(error.message.ends_with("Out of order."), "{error}");
    let registration = taken_away(&server);
    server.fail("POST", "/environments/", said());
    let error = client(&server)
        .register(&registration, &password())
        .unwrap_err();
    assert_eq!(error.kind, Kind::Server);
    assert!(
        error.message.starts_with("LifeTime does not list `QA`"),
        "{error}"
    );
}

#[test]
fn refusals_leave_everything_as_it_was() {
    let server = played();
    for (status, expected) in [
        (400, Kind::Refused),
        (401, Kind::Unauthorized),
        (403, Kind::Forbidden),
        (405, Kind::NotOffered),
        (409, Kind::Exists),
    ] {
        server.fail(
            "DELETE",
            "/environments/",
            Fault::Status(status, String::new()),
        );
        let error = client(&server).unregister(QA).unwrap_err();
        assert_eq!(error.kind, expected, "{error}");
        assert!(
            error.message.starts_with("nothing was changed: "),
            "{error}"
        );
    }
    let registration = taken_away(&server);
    let wrong = SecretString::from("open barley");
    let error = client(&server).register(&registration, &wrong).unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error.message.starts_with("nothing was changed: "),
        "{error}"
    );
    assert!(
        error.message.contains("Invalid Service Center credentials"),
        "{error}"
    );
}

#[test]
fn an_older_lifetime_is_told_from_an_unknown_environment() {
    for unknown_path in [404, 405] {
        let server = Played {
            version: 10,
            unknown_path,
            ..Played::default()
        }
        .start()
        .unwrap();
        let lifetime = client(&server);
        let error = lifetime.unregister(QA).unwrap_err();
        assert_eq!(error.kind, Kind::NotOffered, "{error}");
        assert!(
            error.message.starts_with("nothing was changed: "),
            "{error}"
        );
        let mut registration = lifetime.save("QA").unwrap().registration("admin", "lt");
        server.change(|state| drop(state.environments.remove(1)));
        let error = lifetime.register(&registration, &password()).unwrap_err();
        assert_eq!(error.kind, Kind::NotOffered, "{error}");
        registration.position = 0;
    }
    // Somebody else was faster: LifeTime no longer knows what it listed a moment ago.
    let server = played();
    server.fail(
        "DELETE",
        "/environments/",
        Fault::After(404, "{}".to_owned()),
    );
    assert_eq!(
        client(&server).unregister(QA).unwrap(),
        Unregistered::WasGone
    );
}

#[test]
fn another_lifetime_is_overridden_only_when_told_so() {
    let server = played();
    let mut registration = taken_away(&server);
    server.change(|state| state.elsewhere.push("qa.example.com".to_owned()));
    let lifetime = client(&server);
    assert_eq!(
        kind(lifetime.register(&registration, &password())),
        Kind::Refused
    );
    registration.override_previous = true;
    lifetime.register(&registration, &password()).unwrap();
}

#[test]
fn a_page_that_answers_in_lifetimes_place_is_no_yes() {
    let server = played();
    let page = "<html>Please log in</html>".to_owned();
    server.fail("DELETE", "/environments/", Fault::Status(200, page.clone()));
    let error = client(&server).unregister(QA).unwrap_err();
    assert_eq!(error.kind, Kind::Unsettled);
    assert!(error.message.contains("answered with a page"), "{error}");
    server.fail("DELETE", "/environments/", Fault::After(200, page));
    assert_eq!(
        client(&server).unregister(QA).unwrap(),
        Unregistered::DoneUnheard
    );
}
