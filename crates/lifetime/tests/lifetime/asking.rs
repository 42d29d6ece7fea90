//! Questions, and what LifeTime makes of them.

use crate::{client, kind, played, quick, token};
use envclone_lifetime::{Age, Kind, LifeTime, Options, SavedPermission, SavedRegistration};
use envclone_lifetime_server::{Fault, Options as Played};
use secrecy::SecretString;
use std::time::Duration;

#[test]
fn environments_are_listed_in_their_order() {
    let server = played();
    let all = client(&server).environments().unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|one| (one.name.as_str(), one.order))
        .collect();
    assert_eq!(
        names,
        [
            ("Development", Some(0)),
            ("QA", Some(1)),
            ("Production", Some(2))
        ]
    );
    assert_eq!(all[1].host_name.as_deref(), Some("qa.example.com"));
    assert_eq!(all[1].os_version.as_deref(), Some("11.33.0.44280"));
    assert_eq!(all[1].use_https, Some(true));
    let received = server.received();
    assert_eq!(received[0].path, "/lifetimeapi/rest/v2/environments/");
    assert_eq!(
        received[0].header("authorization"),
        Some("Bearer a-token-of-a-service-account")
    );
    server.change(|state| state.environments.clear());
    assert_eq!(client(&server).environments().unwrap(), []);
}

#[test]
fn fields_that_are_new_or_missing_do_no_harm() {
    let server = played();
    let list = r#"[{"Key": "k", "Name": "n", "IsNew": [1], "DetailsURL": "x"}]"#;
    server.fail("GET", "/environments/", Fault::Status(200, list.to_owned()));
    let all = client(&server).environments().unwrap();
    assert_eq!((all[0].key.as_str(), all[0].order), ("k", None));
}

#[test]
fn an_environment_is_found_by_name_or_key_in_any_case() {
    let server = played();
    let lifetime = client(&server);
    let key = "C7155BC0-2154-4b8e-9570-df86cad30b40";
    assert_eq!(
        lifetime.environment("qa").unwrap(),
        lifetime.environment(key).unwrap()
    );
    let error = lifetime.environment("QA2").unwrap_err();
    assert_eq!(error.kind, Kind::UnknownEnvironment);
    assert!(
        error.message.contains("`Development`, `QA`, `Production`"),
        "{error}"
    );
    server.change(|state| state.environments[0].name = "Qa".to_owned());
    assert_eq!(kind(lifetime.environment("qa")), Kind::Ambiguous);
}

#[test]
fn a_registration_is_saved_with_every_role_and_read_back() {
    let server = played();
    server.change(|state| state.roles[1].permissions.remove(1).level = 0);
    let saved = client(&server).save("QA").unwrap();
    assert_eq!(
        (saved.position, saved.address.as_str()),
        (1, "qa.example.com")
    );
    assert_eq!(saved.environment_type.as_deref(), Some("Test"));
    let full = SavedPermission {
        level: 6,
        create_applications: true,
        add_dependencies_to_system: true,
    };
    assert_eq!(saved.roles[0].permission, Some(full));
    assert_eq!(
        saved.roles[1].permission, None,
        "LifeTime said nothing of it"
    );
    assert_eq!(server.count("GET", "/roles/?IncludeEnvPermissions=true"), 1);
    let text = saved.to_json().unwrap();
    assert_eq!(SavedRegistration::from_json(&text).unwrap(), saved);
}

#[test]
fn a_saved_registration_of_another_format_is_refused() {
    let server = played();
    let text = client(&server).save("QA").unwrap().to_json().unwrap();
    let changed = [
        text.replace("\"format\": 1", "\"format\": 2"),
        text.replace("\"position\"", "\"place\""),
        text.replacen('{', "{\"more\": 1,", 1),
        text.replace("\"position\": 1", "\"position\": -1"),
        text[..text.len() / 2].to_owned(),
        String::new(),
    ];
    for text in changed {
        assert_eq!(kind(SavedRegistration::from_json(&text)), Kind::Saved);
    }
}

#[test]
fn what_could_not_be_registered_again_is_not_saved() {
    let server = played();
    for field in ["HostName", "Order"] {
        let list = r#"[{"Key": "k", "Name": "n", "HostName": "h", "Order": 1}]"#;
        let list = list.replace(field, "Other");
        server.fail("GET", "/environments/", Fault::Status(200, list));
        assert_eq!(kind(client(&server).save("n")), Kind::Unexpected);
    }
}

#[test]
fn every_status_is_told_from_the_others() {
    let server = played();
    let exception = r#"{"Errors": ["The Application is offline."], "StatusCode": 500}"#;
    for (status, body, expected) in [
        (400, exception, Kind::Refused),
        (401, "", Kind::Unauthorized),
        (403, exception, Kind::Forbidden),
        (404, "<html>not here</html>", Kind::NoLifeTime),
        (409, exception, Kind::Exists),
        (418, "", Kind::Unexpected),
        (200, "<html>Please log in</html>", Kind::Unexpected),
        (200, "{\"Key\": 1}", Kind::Unexpected),
        (200, "[{\"Key\": 1, \"Name\": \"n\"}]", Kind::Unexpected),
        (200, "", Kind::Unexpected),
    ] {
        server.fail(
            "GET",
            "/environments/",
            Fault::Status(status, body.to_owned()),
        );
        let error = client(&server).environments().unwrap_err();
        assert_eq!(error.kind, expected, "{status} {error}");
        let told = body == exception;
        assert_eq!(
            error.message.contains("The Application is offline."),
            told,
            "{error}"
        );
        assert!(!error.message.contains('<'), "{error}");
    }
}

#[test]
fn a_wrong_token_is_named_as_such() {
    let server = played();
    let lifetime =
        LifeTime::new(&server.address(), SecretString::from("another"), quick()).unwrap();
    assert_eq!(kind(lifetime.environments()), Kind::Unauthorized);
    assert_eq!(
        server.received().len(),
        1,
        "asked once: the answer will be the same"
    );
}

#[test]
fn questions_are_asked_again_where_that_may_help() {
    let server = played();
    let lifetime = client(&server);
    let trouble = || Fault::Status(503, "<html>busy</html>".to_owned());
    server.fail("GET", "/environments/", trouble());
    server.fail("GET", "/environments/", Fault::CutWithin);
    assert_eq!(lifetime.environments().unwrap().len(), 3);
    for _ in 0..3 {
        server.fail("GET", "/environments/", trouble());
    }
    assert_eq!(kind(lifetime.environments()), Kind::Server);
    for _ in 0..3 {
        server.fail("GET", "/environments/", Fault::CutBefore);
    }
    assert_eq!(kind(lifetime.environments()), Kind::Lost);
    assert_eq!(server.received().len(), 9);
}

#[test]
fn a_slow_answer_is_waited_for_only_so_long() {
    let server = played();
    let options = Options {
        question: Duration::from_millis(150),
        ..quick()
    };
    let lifetime = LifeTime::new(&server.address(), token(), options).unwrap();
    server.fail("GET", "/environments/", Fault::Slow(Duration::from_secs(2)));
    assert_eq!(kind(lifetime.environments()), Kind::TimedOut);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn an_age_is_told_by_what_there_is() {
    for unknown_path in [404, 405] {
        for (version, age) in [
            (22, Age::Since11_13),
            (13, Age::Since11_13),
            (12, Age::Since11_5),
            (5, Age::Since11_5),
            (4, Age::Before11_5),
        ] {
            let server = Played {
                version,
                unknown_path,
                ..Played::default()
            }
            .start()
            .unwrap();
            assert_eq!(client(&server).age().unwrap(), age, "{version}");
        }
    }
    let server = played();
    server.fail(
        "GET",
        "/permissionlevels/",
        Fault::Status(401, String::new()),
    );
    assert_eq!(kind(client(&server).age()), Kind::Unauthorized);
}

#[test]
fn a_lifetime_without_roles_is_an_older_one() {
    let server = Played {
        version: 4,
        ..Played::default()
    }
    .start()
    .unwrap();
    assert_eq!(kind(client(&server).save("QA")), Kind::NotOffered);
}
