//! Whom the client speaks to, and whom not.

use crate::{client, kind, played, quick, token, trusting};
use envclone_lifetime::{Kind, LifeTime, Options, Trust};
use envclone_lifetime_server::Fault;
use secrecy::SecretString;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

fn encrypted() -> envclone_lifetime_server::Server {
    let options = envclone_lifetime_server::Options {
        tls: true,
        ..Default::default()
    };
    options.start().unwrap()
}

#[test]
fn tls_is_spoken_with_whom_the_authorities_vouch_for() {
    let server = encrypted();
    let lifetime = LifeTime::new(&server.address(), token(), trusting(&server)).unwrap();
    assert_eq!(lifetime.environments().unwrap().len(), 3);
}

#[test]
fn nobody_else_gets_the_token() {
    let (server, other) = (encrypted(), encrypted());
    for options in [quick(), trusting(&other)] {
        let lifetime = LifeTime::new(&server.address(), token(), options).unwrap();
        assert_eq!(kind(lifetime.environments()), Kind::Certificate);
    }
    // A name that the certificate is not for.
    let address = server.address().replace("127.0.0.1", "127.0.0.2");
    let lifetime = LifeTime::new(&address, token(), trusting(&server)).unwrap();
    assert!(matches!(
        kind(lifetime.environments()),
        Kind::Certificate | Kind::Unreachable
    ));
    assert!(server.received().is_empty());
}

#[test]
fn the_token_goes_nowhere_in_the_clear_unless_told_so() {
    let new = |address: &str, allow_plain| {
        let options = Options {
            allow_plain,
            ..quick()
        };
        LifeTime::new(address, token(), options)
    };
    assert_eq!(kind(new("http://lt.example.com", false)), Kind::Plain);
    assert_eq!(
        kind(new("http://127.0.0.1.example.com", false)),
        Kind::Plain
    );
    assert!(new("http://lt.example.com", true).is_ok());
    assert!(new("http://127.0.0.1", false).is_ok());
    assert!(
        new("lt.example.com", false).is_ok(),
        "https where nothing is said"
    );
}

#[test]
fn the_token_follows_no_redirect() {
    let (server, other) = (played(), played());
    for to in [
        format!("{}/lifetimeapi/rest/v2/environments/", other.address()),
        "/elsewhere".to_owned(),
    ] {
        server.fail("GET", "/environments/", Fault::Redirect(to.clone()));
        let error = client(&server).environments().unwrap_err();
        assert_eq!(error.kind, Kind::Redirected);
        assert!(error.message.contains(&to), "{error}");
    }
    assert!(other.received().is_empty());
    server.fail("DELETE", "/environments/", Fault::Redirect(other.address()));
    let key = server.state().environments[1].key.clone();
    let error = client(&server).unregister(&key).unwrap_err();
    assert_eq!(error.kind, Kind::Redirected);
    assert!(error.message.starts_with("nothing was changed"), "{error}");
    assert!(other.received().is_empty());
}

#[test]
fn unusable_settings_are_refused_before_anything_is_sent() {
    for text in ["", "two words", "line\n", "ä"] {
        let new = LifeTime::new("lt.example.com", SecretString::from(text), quick());
        assert_eq!(kind(new), Kind::Settings, "{text:?}");
    }
    assert_eq!(
        kind(LifeTime::new("ftp://lt", token(), quick())),
        Kind::Settings
    );
    let options = Options {
        trust: Trust::Only(b"no certificate".to_vec()),
        ..quick()
    };
    assert_eq!(
        kind(LifeTime::new("lt.example.com", token(), options)),
        Kind::Settings
    );
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let lifetime = LifeTime::new(&address, token(), quick()).unwrap();
    assert_eq!(kind(lifetime.environments()), Kind::Unreachable);
    let key = "1ee9297b-edfc-4826-ad95-2a8a6e40957f";
    let error = lifetime.unregister(key).unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.message.starts_with("nothing was changed"), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_waited_for_only_so_long() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = Options {
        question: Duration::from_millis(200),
        connect: Duration::from_millis(200),
        ..quick()
    };
    for scheme in ["http", "https"] {
        let address = format!("{scheme}://127.0.0.1:{port}");
        let lifetime = LifeTime::new(&address, token(), options.clone()).unwrap();
        let begin = Instant::now();
        assert_eq!(kind(lifetime.environments()), Kind::TimedOut);
        // Once: a server that is too slow is not helped by more questions.
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
}

#[test]
fn a_server_that_speaks_no_http_is_told_from_one_that_is_not_there() {
    let talker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", talker.local_addr().unwrap());
    std::thread::spawn(move || {
        for tcp in talker.incoming() {
            let _ = tcp.unwrap().write_all(b"220 mail.example.com ESMTP\r\n");
        }
    });
    let lifetime = LifeTime::new(&address, token(), quick()).unwrap();
    assert!(matches!(
        kind(lifetime.environments()),
        Kind::Unexpected | Kind::Lost
    ));
}

#[test]
fn no_connection_is_used_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let _ = tcp.read(&mut [0; 4096]);
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
            // Open, but nobody reads from it any more.
            kept.push(tcp);
        }
    });
    let lifetime = LifeTime::new(&address, token(), quick()).unwrap();
    for _ in 0..3 {
        assert_eq!(lifetime.environments().unwrap(), []);
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let server = played();
    let long = format!("[{}]", " ".repeat(17 << 20));
    server.fail("GET", "/environments/", Fault::Status(200, long));
    assert_eq!(kind(client(&server).environments()), Kind::Unexpected);
}

/// Runs one of these tests by itself in another environment.
fn again(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[test]
fn no_proxy_stands_on_the_way_to_this_machine() {
    let nowhere = "http://127.0.0.1:1";
    let variables = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"].map(|name| (name, nowhere));
    again("asking::environments_are_listed_in_their_order", &variables);
    again(
        "addresses::tls_is_spoken_with_whom_the_authorities_vouch_for",
        &variables,
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_machine_that_trusts_nobody_is_no_lost_connection() {
    let none = [("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")];
    again("addresses::nobody_else_gets_the_token", &none);
}
