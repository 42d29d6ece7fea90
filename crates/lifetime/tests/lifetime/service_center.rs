//! Service Center's answers.

use crate::{kind, played, quick, trusting};
use envclone_lifetime::{Kind, ServiceCenter};
use envclone_lifetime_server::{Fault, Options as Played, Server};

fn ask(server: &Server) -> ServiceCenter {
    ServiceCenter::new(&server.address(), quick()).unwrap()
}

#[test]
fn it_answers_with_the_page_that_it_points_to() {
    let server = Played {
        tls: true,
        ..Played::default()
    }
    .start()
    .unwrap();
    let address = format!("{}/ServiceCenter/", server.address());
    let service_center = ServiceCenter::new(&address, trusting(&server)).unwrap();
    let reply = service_center.answers().unwrap();
    assert_eq!(
        (reply.status, reply.is_page(), reply.elsewhere),
        (200, true, None)
    );
    assert_eq!(server.count("GET", "/ServiceCenter/"), 2);
}

#[test]
fn redirects_within_the_server_are_followed_and_others_told() {
    let (server, other) = (played(), played());
    let (here, there) = (
        server.address(),
        other.address().replace("127.0.0.1", "localhost"),
    );
    for (to, status) in [
        ("Login.aspx".to_owned(), 200),
        (format!("{here}/ServiceCenter/Login.aspx?a=b"), 404),
        ("/nothing".to_owned(), 404),
    ] {
        server.fail("GET", "/ServiceCenter/", Fault::Redirect(to.clone()));
        let reply = ask(&server).answers().unwrap();
        assert_eq!((reply.status, reply.elsewhere), (status, None), "{to}");
    }
    for to in [
        format!("{there}/ServiceCenter/"),
        "//evil.example.com/".to_owned(),
        "https://evil.example.com".to_owned(),
    ] {
        server.fail("GET", "/ServiceCenter/", Fault::Redirect(to.clone()));
        let reply = ask(&server).answers().unwrap();
        assert_eq!(
            (reply.status, reply.is_page(), reply.elsewhere),
            (302, false, Some(to))
        );
    }
    assert!(other.received().is_empty());
    for _ in 0..5 {
        server.fail(
            "GET",
            "/ServiceCenter/",
            Fault::Redirect("/ServiceCenter/".to_owned()),
        );
    }
    assert_eq!(kind(ask(&server).answers()), Kind::Redirected);
}

#[test]
fn an_error_is_an_answer_and_silence_is_none() {
    let server = played();
    for _ in 0..3 {
        server.fail(
            "GET",
            "/ServiceCenter/",
            Fault::Status(503, "<html>Service Unavailable</html>".to_owned()),
        );
    }
    let reply = ask(&server).answers().unwrap();
    assert_eq!((reply.status, reply.is_page()), (503, false));
    for _ in 0..3 {
        server.fail("GET", "/ServiceCenter/", Fault::CutBefore);
    }
    assert_eq!(kind(ask(&server).answers()), Kind::Lost);
}

#[test]
fn the_platform_tells_its_version_and_serial_number() {
    let server = played();
    let info = ask(&server).platform().unwrap();
    assert_eq!(info.version, "11.33.0.44280");
    assert_eq!(info.serial.as_deref(), Some("ABC-DEF-GHI"));
    let request = server.received().pop().unwrap();
    assert_eq!(
        request.header("content-type"),
        Some("application/soap+xml; charset=utf-8")
    );
    assert_eq!(request.header("authorization"), None);
    server.fail("POST", ".asmx", Fault::CutBefore);
    assert_eq!(
        ask(&server).platform().unwrap(),
        info,
        "it only asks, so it asks again"
    );
    let silent = Played {
        serial: String::new(),
        ..Played::default()
    }
    .start()
    .unwrap();
    assert_eq!(ask(&silent).platform().unwrap().serial, None);
}

#[test]
fn what_is_no_version_is_not_taken_for_one() {
    let server = played();
    for body in [
        "<html>Version 11.0</html>",
        "",
        "<?xml version=\"1.0\"?><GetPlatformInfoResponse><Version>new</Version></GetPlatformInfoResponse>",
    ] {
        server.fail("POST", ".asmx", Fault::Status(200, body.to_owned()));
        assert_eq!(kind(ask(&server).platform()), Kind::Unexpected);
    }
    server.fail("POST", ".asmx", Fault::Status(404, String::new()));
    assert_eq!(kind(ask(&server).platform()), Kind::Unexpected);
    for _ in 0..3 {
        server.fail(
            "POST",
            ".asmx",
            Fault::Status(500, "<?xml version=\"1.0\"?><Fault/>".to_owned()),
        );
    }
    assert_eq!(kind(ask(&server).platform()), Kind::Server);
}
