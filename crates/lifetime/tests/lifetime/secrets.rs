//! What must not be seen anywhere: not in errors, not in `Debug`, not in a log, not in a saved file.

use crate::{played, quick};
use envclone_lifetime::{ConnectionData, LifeTime, ServiceCenter, Trust};
use envclone_lifetime_server::{Fault, Options as Played};
use log::{LevelFilter, Log, Metadata, Record};
use secrecy::SecretString;
use std::sync::Mutex;

const TOKEN: &str = "TOKEN-4711";
const PASSWORD: &str = "PASSWORD-\"0815\"";
const PARAMETERS: &str = "Pwd=PARAMETERS-42";
/// What all secrets have in them, however they are escaped.
const TRACES: [&str; 3] = ["4711", "0815", "PARAMETERS-42"];

static LOGGED: Mutex<String> = Mutex::new(String::new());

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }
    fn log(&self, record: &Record) {
        let mut logged = LOGGED.lock().unwrap();
        logged.push_str(&format!("{} {}\n", record.target(), record.args()));
    }
    fn flush(&self) {}
}

fn clean(text: &str) {
    for trace in TRACES {
        assert!(!text.contains(trace), "{trace} in {text}");
    }
}

#[test]
fn secrets_are_nowhere_to_be_seen() {
    log::set_logger(&Keep).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let played = Played {
        token: TOKEN.to_owned(),
        administrator: ("admin".to_owned(), PASSWORD.to_owned()),
        tls: true,
        ..Played::default()
    };
    let server = played.start().unwrap();
    let options = crate::trusting(&server);
    clean(&format!("{options:?}"));
    let lifetime = LifeTime::new(&server.address(), SecretString::from(TOKEN), options).unwrap();
    let key = server.state().environments[1].key.clone();
    let password = SecretString::from(PASSWORD);
    let data = ConnectionData {
        name: "CRM".to_owned(),
        provider_key: "Oracle".to_owned(),
        description: String::new(),
        user: "me".to_owned(),
        password: password.clone(),
        parameters: Some(SecretString::from(PARAMETERS)),
    };
    clean(&format!("{lifetime:?} {data:?}"));
    lifetime.create_connection(&key, &data).unwrap();
    clean(&format!("{:?}", lifetime.connections(&key).unwrap()));
    let saved = lifetime.save("QA").unwrap();
    clean(&saved.to_json().unwrap());
    lifetime.unregister(&key).unwrap();
    let registration = saved.registration("admin", "lt.example.com");
    clean(&format!("{registration:?}"));

    // A server that repeats everything that it was sent, in each of its ways to say no.
    let echo = serde_json_text(&format!("{TOKEN} {PASSWORD}"));
    for status in [201, 302, 400, 401, 403, 405, 409, 418, 500, 503] {
        server.fail(
            "POST",
            "/environments/",
            Fault::Status(status, echo.clone()),
        );
        let error = lifetime.register(&registration, &password).unwrap_err();
        clean(&format!("{error} {error:?} {}", error.hint()));
    }
    // A shape that is not the documented one, and whose error could quote the value.
    let shape = format!(
        "{{\"EnvironmentKey\": \"k\", \"ImportedUsers\": {:?}}}",
        PASSWORD
    );
    server.fail("POST", "/environments/", Fault::Status(201, shape));
    let error = lifetime.register(&registration, &password).unwrap_err();
    clean(&format!("{error:?}"));
    lifetime.register(&registration, &password).unwrap();
    let key = &lifetime.environment("QA").unwrap().key;
    let plain = format!("{TOKEN} {PASSWORD} {PARAMETERS}");
    let echo = serde_json_text(&format!("{plain} PARAMETERS-42"));
    for body in [&echo, &plain] {
        for status in [200, 400, 500] {
            server.fail(
                "POST",
                "/testdbconnection/",
                Fault::Status(status, body.clone()),
            );
            match lifetime.test_connection(key, &data) {
                Ok(text) => clean(&text),
                Err(error) => clean(&format!("{error} {error:?}")),
            }
        }
    }
    server.fail(
        "GET",
        "/environments/",
        Fault::Redirect(format!("https://evil.example.com/?{TOKEN}")),
    );
    clean(&lifetime.environments().unwrap_err().to_string());

    // What the library of HTTP logs on its lowest level are the very bytes of requests.
    assert_eq!(log::STATIC_MAX_LEVEL, LevelFilter::Off);
    assert_eq!(LOGGED.lock().unwrap().as_str(), "");
}

fn serde_json_text(message: &str) -> String {
    let message = message.replace('"', "\\\"");
    format!("{{\"Errors\": [\"{message}\"], \"StatusCode\": 0}}")
}

#[test]
fn addresses_with_a_password_are_not_repeated() {
    let address = "https://me:hunter2@lt.example.com";
    let lifetime = LifeTime::new(address, SecretString::from(TOKEN), quick());
    let service_center = ServiceCenter::new(address, quick());
    for error in [lifetime.err().unwrap(), service_center.err().unwrap()] {
        assert!(!format!("{error:?}").contains("hunter2"), "{error}");
    }
    assert!(!format!("{:?}", Trust::Only(b"PEM".to_vec())).contains("80"));
    drop(played());
}
