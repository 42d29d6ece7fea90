//! How one gets in, and what is said where one doesn't.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use envclone_db::oracle::{Place, Server};
use envclone_db::{Access, DbError, Engine as _, Trouble};
use envclone_tns_server::{self as tns, Account, AccountState, Answer, Listener, Options};

use super::{BOTH, alone, alone_with, engine, never, of_release, options, script, server};

fn silent() -> tns::Server {
    script(|_| Answer::Done)
}

fn refused(server: &Server, name: &str) -> DbError {
    engine(server, never)
        .open(name, Access::Read)
        .err()
        .unwrap()
}

fn let_in(server: &Server) {
    engine(server, never)
        .open("QA@ora1/pdb", Access::Read)
        .unwrap();
}

/// Holds an error of the target against what all of them have in common.
fn told(error: &DbError) -> String {
    let told = error.to_string();
    assert!(
        told.starts_with("`QA@ora1/pdb`: the target's server ora1/pdb: "),
        "{told}"
    );
    for noise in ["\n", "Help:", "CONNECTION_ID", "let me in", "Similar"] {
        assert!(!told.contains(noise), "{noise:?}: {told}");
    }
    told
}

fn to_service(service: &str, server: &mut Server) {
    if let Place::Service { service: name, .. } = &mut server.place {
        service.clone_into(name);
    }
}

fn to_host(host: &str, server: &mut Server) {
    if let Place::Service { host: name, .. } = &mut server.place {
        host.clone_into(name);
    }
}

fn by_tls(server: &mut Server) {
    if let Place::Service { encrypted, .. } = &mut server.place {
        *encrypted = true;
    }
}

fn by_alias(name: &str, folder: impl Into<PathBuf>, server: &mut Server) {
    server.place = Place::Alias {
        name: name.to_owned(),
        folder: Some(folder.into()),
    };
}

/// A folder with a `tnsnames.ora` that knows `clone-1.world`.
fn tnsnames(at: &tns::Server) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_tnsnames(at, folder.path());
    folder
}

fn write_tnsnames(at: &tns::Server, folder: &Path) {
    let entry = format!(
        "CLONE-1.WORLD = (DESCRIPTION = (ADDRESS = (PROTOCOL = TCP)(HOST = 127.0.0.1)(PORT = {}))\n  \
         (CONNECT_DATA = (SERVICE_NAME = freepdb1)))\n",
        at.port()
    );
    fs::write(folder.join("tnsnames.ora"), entry).unwrap();
}

#[test]
fn a_service_is_reached_by_its_whole_name() {
    for release in BOTH {
        let many = Options {
            services: vec!["prod-db_1$x#.example.com".to_owned()],
            release,
            ..Options::default()
        };
        let at = options(many, |_| Answer::Done);
        let mut server = server(&at);
        to_service("PROD-db_1$x#.example.com", &mut server);
        for host in ["127.0.0.1", "localhost", "[127.0.0.1]"] {
            to_host(host, &mut server);
            let_in(&server);
        }
        let login = &at.logins()[0];
        assert_eq!(login.service, "PROD-db_1$x#.example.com");
        assert_eq!(
            (login.user.as_str(), login.program.as_str()),
            ("SYSTEM", "envclone")
        );
        assert!(!login.sysdba && !login.encrypted);
    }
}

#[test]
fn an_alias_leads_where_its_folder_says() {
    let at = silent();
    let folder = tnsnames(&at);
    let mut server = server(&at);
    by_alias("clone-1.world", folder.path(), &mut server);
    let_in(&server);
    assert_eq!(at.logins()[0].service, "freepdb1");

    by_alias("clone-2", folder.path(), &mut server);
    let error = refused(&server, "QA@ora1/pdb");
    assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
    let text = told(&error);
    assert!(text.contains("clone-2"), "{text}");
    assert!(text.contains("tnsnames.ora"), "{text}");

    let missing = folder.path().join("missing");
    by_alias("clone-1.world", &missing, &mut server);
    let error = refused(&server, "QA@ora1/pdb");
    assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
    let text = told(&error);
    assert!(text.contains(missing.to_str().unwrap()), "{text}");
    assert_eq!(at.logins().len(), 1);
}

#[test]
fn where_no_folder_is_set_the_environment_says_which() {
    let test = "connecting::where_no_folder_is_set_the_environment_says_which";
    let folder = tempfile::tempdir().unwrap();
    if alone_with(test, Some(folder.path())).is_some() {
        alone_with(test, None);
        return;
    }
    let at = silent();
    let mut server = server(&at);
    server.place = Place::Alias {
        name: "clone-1.world".to_owned(),
        folder: None,
    };
    if let Some(folder) = std::env::var_os("TNS_ADMIN") {
        write_tnsnames(&at, Path::new(&folder));
        let_in(&server);
    } else {
        let error = refused(&server, "QA@ora1/pdb");
        assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
        let text = told(&error);
        assert!(text.contains("`tns-admin`"), "{text}");
    }
}

#[test]
fn a_dba_comes_as_one() {
    let accounts = vec![
        Account::new("sys", "let me in").with_sysdba(),
        Account::new("osadmin", "let me in"),
    ];
    let two = Options {
        accounts,
        ..Options::default()
    };
    let at = options(two, |_| Answer::Done);
    let mut server = server(&at);
    server.user = "sys".to_owned();
    server.sysdba = true;
    let_in(&server);
    assert!(at.logins()[0].sysdba);

    server.user = "osadmin".to_owned();
    let error = refused(&server, "QA@ora1/pdb");
    assert_eq!(error.trouble, Trouble::Login, "{error}");
    assert!(told(&error).contains("ORA-01031"), "{error}");
}

#[test]
fn a_certificate_is_believed_only_on_grounds() {
    for release in BOTH {
        let encrypted = Options {
            release,
            tls: true,
            ..Options::default()
        };
        let (at, other) = (
            options(encrypted.clone(), |_| Answer::Done),
            options(encrypted, |_| Answer::Done),
        );
        let mut server = server(&at);
        by_tls(&mut server);
        for wallet in [
            None,
            Some(other.wallet().to_owned()),
            Some(PathBuf::from("no-such-folder")),
        ] {
            server.wallet = wallet;
            let error = refused(&server, "QA@ora1/pdb");
            assert_eq!(error.trouble, Trouble::Certificate, "{error}");
            told(&error);
        }
        assert!(at.logins().is_empty(), "no password went out");
        server.wallet = Some(at.wallet().to_owned());
        let_in(&server);
        assert!(at.logins()[0].encrypted);
    }
}

#[test]
fn encryption_that_is_not_to_be_had_is_not_done_without() {
    let at = silent();
    let mut server = server(&at);
    server.connect = Duration::from_secs(2);
    by_tls(&mut server);
    let error = refused(&server, "QA@ora1/pdb");
    assert!(at.logins().is_empty(), "no password went out");
    told(&error);
}

#[test]
fn who_does_not_get_in_is_told_which_side_and_why() {
    for release in BOTH {
        let known = Options {
            accounts: vec![
                Account::new("system", "let me in"),
                Account::new("oslocked", "let me in").in_state(AccountState::Locked),
                Account::new("osold", "let me in").in_state(AccountState::Expired),
            ],
            release,
            ..Options::default()
        };
        let at = options(known, |_| Answer::Done);
        let right = server(&at);
        let with = |change: &dyn Fn(&mut Server)| {
            let mut server = right.clone();
            change(&mut server);
            server
        };
        let wrong = with(&|server| server.password = "hunter-22".into());
        let cases = [
            (wrong, Trouble::Login, "ORA-01017"),
            (
                with(&|server| server.user = "nobody".to_owned()),
                Trouble::Login,
                "ORA-01017",
            ),
            (
                with(&|server| server.user = "oslocked".to_owned()),
                Trouble::Login,
                "ORA-28000",
            ),
            (
                with(&|server| server.user = "osold".to_owned()),
                Trouble::Login,
                "ORA-28001",
            ),
            (
                with(&|server| to_service("elsewhere", server)),
                Trouble::NoRoute,
                "ORA-12514",
            ),
        ];
        for (server, trouble, words) in cases {
            let error = refused(&server, "QA@ora1/pdb");
            assert_eq!(error.trouble, trouble, "{error}");
            let text = told(&error);
            assert!(text.contains(words) && !text.contains("hunter"), "{text}");
        }
        let elsewhere = with(&|server| to_service("elsewhere", server));
        let text = refused(&elsewhere, "PROD@ora1/pdb").to_string();
        assert!(text.contains("the source's server ora1/pdb: "), "{text}");
        assert!(text.contains("elsewhere"), "{text}");

        for (number, trouble) in [
            (12_516, Trouble::NoRoute),
            (12_528, Trouble::NotReady),
            (12_526, Trouble::NotReady),
        ] {
            at.set_listener(Listener::Refuses(number));
            let error = refused(&right, "QA@ora1/pdb");
            assert_eq!(error.trouble, trouble, "{error}");
            assert!(told(&error).contains(&format!("ORA-{number}")), "{error}");
        }
        at.set_listener(Listener::Closes);
        let error = refused(&right, "QA@ora1/pdb");
        assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
        told(&error);

        drop(at);
        let (took, error) = after(&right, never);
        assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
        assert!(took < Duration::from_millis(900), "{took:?}");
        assert!(told(&error).contains("refused"), "{error}");
    }
}

#[test]
fn what_the_first_statements_fail_with_names_the_side_as_well() {
    let at = Options::default()
        .start(|_| Answer::error(1012, "not logged on"))
        .unwrap();
    let error = refused(&server(&at), "QA@ora1/pdb");
    assert!(told(&error).contains("ORA-01012"), "{error}");
}

/// How long it took to be refused, and by what.
fn after(server: &Server, interrupted: fn() -> bool) -> (Duration, DbError) {
    let began = Instant::now();
    let error = engine(server, interrupted)
        .open("QA@ora1/pdb", Access::Read)
        .err()
        .unwrap();
    (began.elapsed(), error)
}

#[test]
fn a_listener_that_says_nothing_is_not_waited_for() {
    let at = silent();
    at.set_listener(Listener::Hangs(Duration::from_secs(60)));
    let folder = tnsnames(&at);
    let mut server = server(&at);
    server.connect = Duration::from_millis(1200);
    let mut aliased = server.clone();
    by_alias("clone-1.world", folder.path(), &mut aliased);
    let mut encrypted = server.clone();
    by_tls(&mut encrypted);
    for server in [server, aliased, encrypted] {
        let (took, error) = after(&server, never);
        assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
        assert!(told(&error).contains("no answer within 1.2s"), "{error}");
        let about = Duration::from_millis(1200)..Duration::from_secs(5);
        assert!(about.contains(&took), "{took:?}");
    }
}

static STOP: AtomicBool = AtomicBool::new(false);

#[test]
fn a_person_who_stops_does_not_wait_for_a_listener() {
    let at = silent();
    at.set_listener(Listener::Hangs(Duration::from_secs(60)));
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(300));
        STOP.store(true, Ordering::SeqCst);
    });
    let mut server = server(&at);
    server.connect = Duration::from_secs(60);
    let (took, error) = after(&server, || STOP.load(Ordering::SeqCst));
    assert_eq!(error.trouble, Trouble::Interrupted, "{error}");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn a_server_that_demands_its_own_encryption_is_told_from_others() {
    let test = "connecting::a_server_that_demands_its_own_encryption_is_told_from_others";
    if let Some(printed) = alone(test) {
        assert!(!printed.contains("panicked"), "{printed}");
        return;
    }
    for release in BOTH {
        let at = of_release(release, |_| Answer::Done);
        at.set_listener(Listener::DemandsEncryption);
        let error = refused(&server(&at), "QA@ora1/pdb");
        assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
        let text = told(&error);
        for words in ["Native Network Encryption", "sqlnet.ora", "TLS"] {
            assert!(text.contains(words), "{text}");
        }
        // The next one finds out for itself.
        at.set_listener(Listener::Open);
        let_in(&server(&at));
    }
}

#[test]
fn another_panic_of_the_driver_is_no_word_about_encryption() {
    let test = "connecting::another_panic_of_the_driver_is_no_word_about_encryption";
    if let Some(printed) = alone(test) {
        assert!(!printed.contains("panicked"), "{printed}");
        return;
    }
    let at = silent();
    let mut server = server(&at);
    // It resolves, and is no name that a certificate could have.
    let folder = tempfile::tempdir().unwrap();
    let entry = format!(
        "ODD = (DESCRIPTION = (ADDRESS = (PROTOCOL = TCPS)(HOST = 2130706433)(PORT = {}))(CONNECT_DATA = (SERVICE_NAME = s)))\n",
        at.port()
    );
    fs::write(folder.path().join("tnsnames.ora"), entry).unwrap();
    by_alias("odd", folder.path(), &mut server);
    let error = refused(&server, "QA@ora1/pdb");
    assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
    let text = told(&error);
    assert!(text.contains("gave up while it connected"), "{text}");
    assert!(!text.contains("Native Network Encryption"), "{text}");
}

#[test]
fn panics_of_other_threads_are_still_told() {
    let test = "connecting::panics_of_other_threads_are_still_told";
    if let Some(printed) = alone(test) {
        assert!(printed.contains("a panic that people see"), "{printed}");
        assert!(!printed.contains("not yet implemented"), "{printed}");
        return;
    }
    let at = silent();
    at.set_listener(Listener::DemandsEncryption);
    refused(&server(&at), "QA@ora1/pdb");
    for name in [Some("another"), None] {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = name {
            builder = builder.name(name.to_owned());
        }
        let loud = builder.spawn(|| std::panic::panic_any("a panic that people see"));
        assert!(loud.unwrap().join().is_err());
    }
}

#[test]
fn what_is_no_name_is_not_sent() {
    let at = silent();
    let folder = tnsnames(&at);
    let right = server(&at);
    for odd in [
        "",
        " ",
        "a b",
        "freepdb1)(SERVER=DEDICATED",
        "a/b",
        "a=b",
        "a\nb",
        "a\"b",
        "a'b",
        "a,b",
        "a;b",
        "a?b",
        "a@b",
        "a\\b",
        "a\0b",
    ] {
        let mut places = vec![right.clone(); 3];
        to_service(odd, &mut places[0]);
        to_host(odd, &mut places[1]);
        by_alias(odd, folder.path(), &mut places[2]);
        for (server, what) in places.iter().zip(["service", "host", "alias"]) {
            let error = refused(server, "QA@ora1/pdb");
            assert_eq!(error.trouble, Trouble::NoRoute, "{error}");
            let text = error.to_string();
            let end = format!("`{odd}` is no name of a {what}");
            assert!(text.ends_with(&end), "{text}");
            assert!(text.contains("the target's server"), "{text}");
        }
    }
    for odd in ["freepdb1:dedicated", "[freepdb1]"] {
        let mut places = vec![right.clone(); 2];
        to_service(odd, &mut places[0]);
        by_alias(odd, folder.path(), &mut places[1]);
        for server in places {
            let error = refused(&server, "QA@ora1/pdb");
            assert!(error.message.contains("is no name of a"), "{error}");
        }
    }
    assert_eq!((at.logins().len(), at.connections()), (0, 0));
}
