//! The machine that this runs on, where it is a Windows machine: its registry, files, programs and services.
//!
//! `ENVCLONE_TEST_SERVICE` names a service that the test may stop, start and disable. Without it, that is not tested.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use envclone_machine::{
    Command, MachineError, Patience, Quiet, StartType, State, empty_folder, find, here, link_on,
    names, put_in_place, start, stop, wait_until_unlocked,
};
use secrecy::SecretString;

const BRIEF: Patience = Patience {
    limit: Duration::from_secs(30),
    again: Duration::from_secs(5),
    look: Duration::from_millis(100),
};

#[test]
fn the_registry_answers() {
    let here = here();
    assert!(!here.name().unwrap().is_empty());
    assert!(here.windows_folder().unwrap().join("System32").is_dir());
    let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    assert!(here.registry(key, "CurrentVersion").unwrap().is_some());
    assert_eq!(here.registry(key, "no such value").unwrap(), None);
    assert_eq!(here.registry(r"SOFTWARE\no such key", "").unwrap(), None);
    // A number is told in decimal.
    let key = r"SYSTEM\CurrentControlSet\Services\Spooler";
    if let Some(start) = here.registry(key, "Start").unwrap() {
        start.parse::<u32>().unwrap();
    }
}

#[test]
fn a_service_that_is_not_there_is_none() {
    let here = here();
    assert_eq!(here.service("envclone: no such service").unwrap(), None);
    assert_eq!(here.service(r"no/such\service").unwrap(), None);
    let error = here.ask_to_stop("envclone: no such service").unwrap_err();
    assert!(
        matches!(error, MachineError::ServiceMissing { .. }),
        "{error}"
    );
    let error = here
        .set_start_type("envclone: no such service", StartType::Manual)
        .unwrap_err();
    assert!(
        matches!(error, MachineError::ServiceMissing { .. }),
        "{error}"
    );
    for service in envclone_machine::PlatformService::STOPPING {
        find(here.as_ref(), service).unwrap();
    }
}

#[test]
fn a_service_is_stopped_started_and_disabled() {
    let Ok(name) = std::env::var("ENVCLONE_TEST_SERVICE") else {
        println!("not run: ENVCLONE_TEST_SERVICE names no service");
        return;
    };
    let here = here();
    let here = here.as_ref();
    assert!(here.elevated().unwrap());
    let found = here.service(&name).unwrap().unwrap();
    println!("{found:?}");
    let by_display_name = here.service(&found.display_name).unwrap().unwrap();
    assert_eq!(by_display_name.key, found.key);
    here.set_start_type(&name, StartType::Manual).unwrap();
    start(here, &name, &BRIEF, &Quiet).unwrap();
    here.ask_to_start(&name).unwrap();
    here.set_start_type(&name, StartType::Disabled).unwrap();
    assert_eq!(
        here.service(&name).unwrap().unwrap().start_type,
        StartType::Disabled
    );
    stop(here, &found.display_name, &BRIEF, &Quiet).unwrap();
    here.ask_to_stop(&name).unwrap();
    let error = here.ask_to_start(&name).unwrap_err();
    assert!(
        matches!(error, MachineError::ServiceDisabled { .. }),
        "{error}"
    );
    assert_eq!(here.service(&name).unwrap().unwrap().state, State::Stopped);
    here.set_start_type(&name, found.start_type).unwrap();
    if found.state == State::Running {
        start(here, &name, &BRIEF, &Quiet).unwrap();
    }
}

#[test]
fn a_program_gets_its_arguments_and_shows_no_secret() {
    let here = here();
    let secret: SecretString = "geheim".to_owned().into();
    let command = Command::system("cmd.exe")
        .args(["/d", "/c", "echo", "two words"])
        .arg(secret);
    let outcome = here.run(&command, &Quiet).unwrap().succeeded().unwrap();
    assert!(outcome.stdout.text.contains("two words"), "{outcome:?}");
    assert!(outcome.stdout.text.contains("***"), "{outcome:?}");
    let outcome = here
        .run(
            &Command::on_path("cmd").args(["/d", "/c", "exit", "7"]),
            &Quiet,
        )
        .unwrap();
    assert_eq!(outcome.code, Some(7));
    let error = here
        .run(&Command::system("no such.exe"), &Quiet)
        .unwrap_err();
    assert!(
        matches!(error, MachineError::ProgramMissing { .. }),
        "{error}"
    );
}

#[test]
fn a_last_argument_stands_on_the_command_line_without_quotes() {
    let here = here();
    let command = Command::system("cmd.exe")
        .args(["/d", "/c", "echo", "two words"])
        .last_unquoted(r"/D=C:\Platform Server")
        .unwrap();
    let outcome = here.run(&command, &Quiet).unwrap().succeeded().unwrap();
    let line = outcome.stdout.text.trim_end();
    assert!(
        line.ends_with(r#""two words" /D=C:\Platform Server"#),
        "{outcome:?}"
    );
}

#[test]
fn the_machine_knows_its_dns_host_name() {
    let here = here();
    let names = names(here.as_ref()).unwrap();
    let by_itself = Command::system("hostname.exe");
    let Ok(outcome) = here.run(&by_itself, &Quiet) else {
        println!("not checked: there is no hostname.exe");
        return;
    };
    let told = outcome.stdout.text.trim().to_lowercase();
    println!("{names:?} {told}");
    assert!(
        names
            .iter()
            .any(|name| name.to_lowercase() == told || told.starts_with(&name.to_lowercase())),
        "{names:?} {told}"
    );
}

#[test]
fn a_file_in_another_s_place_is_whole_and_leaves_nothing_beside_it() {
    use std::os::windows::fs::MetadataExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.hsconf");
    put_in_place(&path, b"one").unwrap();
    let made = fs::metadata(&path).unwrap().creation_time();
    std::thread::sleep(Duration::from_millis(50));
    put_in_place(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    // What ReplaceFile hands on shows that it was asked: a rename brings the new file's own.
    println!(
        "creation time kept: {}",
        fs::metadata(&path).unwrap().creation_time() == made
    );
    // One that somebody holds stays as it is, and nothing is left beside it.
    let holder = OpenOptions::new()
        .read(true)
        .share_mode(0)
        .open(&path)
        .unwrap();
    let error = put_in_place(&path, b"three").unwrap_err();
    drop(holder);
    assert_eq!(fs::read(&path).unwrap(), b"two");
    // Wine leaves an empty file of its own.
    for entry in fs::read_dir(folder.path()).unwrap() {
        let left = entry.unwrap().path();
        let name = left.display().to_string();
        assert!(!name.contains("partial"), "{name}: {error:?}");
        assert_ne!(fs::read(&left).unwrap(), b"three", "{name}");
    }
}

#[test]
fn a_file_that_is_held_for_a_moment_is_replaced_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.hsconf");
    put_in_place(&path, b"one").unwrap();
    let holder = OpenOptions::new()
        .read(true)
        .share_mode(0)
        .open(&path)
        .unwrap();
    let lets_go = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(holder);
    });
    put_in_place(&path, b"two").unwrap();
    lets_go.join().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
}

#[test]
fn a_junction_on_the_way_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    fs::write(real.join("tool"), "").unwrap();
    assert_eq!(link_on(&real.join("tool")).unwrap(), None);
    let alias = folder.path().join("alias");
    let made = here().run(
        &Command::system("cmd.exe")
            .args(["/d", "/c", "mklink", "/J"])
            .args([alias.display().to_string(), real.display().to_string()]),
        &Quiet,
    );
    let there = fs::symlink_metadata(&alias).is_ok_and(|it| it.is_symlink());
    if !there {
        println!("not checked: no junction could be made: {made:?}");
        return;
    }
    assert_eq!(link_on(&alias.join("tool")).unwrap(), Some(alias));
}

#[test]
fn a_program_that_hangs_is_ended_with_what_it_started() {
    let here = here();
    let folder = tempfile::tempdir().unwrap();
    let beat = folder.path().join("beat");
    // A child that starts a child which writes for as long as it lives.
    let line = format!("for /l %i in (0,0,1) do @echo x>>{}", beat.display());
    let command = Command::system("cmd.exe")
        .args(["/d", "/c", "cmd.exe", "/d", "/c", &line])
        .limit(Duration::from_secs(3));
    let began = Instant::now();
    let error = here.run(&command, &Quiet).unwrap_err();
    assert!(matches!(error, MachineError::TimedOut { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
    let size = || fs::metadata(&beat).map(|it| it.len()).unwrap_or_default();
    assert!(size() > 0, "the grandchild never ran");
    std::thread::sleep(Duration::from_millis(500));
    let before = size();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(size(), before, "the grandchild goes on");
}

#[test]
fn a_file_that_somebody_holds_is_locked() {
    let here = here();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.config");
    assert!(here.is_locked(&path).is_err());
    fs::write(&path, "").unwrap();
    assert!(!here.is_locked(&path).unwrap());
    let holder = OpenOptions::new()
        .read(true)
        .share_mode(0)
        .open(&path)
        .unwrap();
    assert!(here.is_locked(&path).unwrap());
    let patience = Patience {
        limit: Duration::from_secs(1),
        ..BRIEF
    };
    let error = wait_until_unlocked(here.as_ref(), &path, &patience, &Quiet).unwrap_err();
    assert!(matches!(error, MachineError::Locked { .. }), "{error}");
    drop(holder);
    wait_until_unlocked(here.as_ref(), &path, &patience, &Quiet).unwrap();
}

#[test]
fn a_folder_is_emptied_of_files_that_may_only_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let installation = folder.path();
    fs::write(installation.join("ConfigurationTool.com"), "").unwrap();
    let share = installation.join("Share");
    fs::create_dir_all(share.join("a")).unwrap();
    let file = share.join("a").join("one");
    fs::write(&file, "12345").unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    let emptied = empty_folder(installation, &share).unwrap();
    assert_eq!((emptied.files, emptied.folders, emptied.bytes), (1, 1, 5));
    // What somebody holds stays, and is named.
    fs::write(share.join("held"), "").unwrap();
    let holder = OpenOptions::new()
        .read(true)
        .share_mode(0)
        .open(share.join("held"))
        .unwrap();
    let error = empty_folder(installation, &share).unwrap_err();
    assert!(matches!(error, MachineError::LeftOver { .. }), "{error}");
    drop(holder);
    empty_folder(installation, &share).unwrap();
    assert!(share.is_dir());
}
