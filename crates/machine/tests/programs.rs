//! Real child processes: what they are told, how they end, what is kept of them, and that no secret is.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use envclone_machine::{
    Argument, Command, Event, Iis, Machine, MachineError, Patience, Quiet, StandIn, StartType,
    State, Watch, iis,
};
use secrecy::SecretString;

const SECRET: &str = "Pa$$ \"w0rd\" & <more>";

fn machine() -> (tempfile::TempDir, StandIn) {
    let folder = tempfile::tempdir().unwrap();
    let machine = StandIn::new(folder.path());
    (folder, machine)
}

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// Keeps what it hears, and interrupts at a line.
#[derive(Default)]
struct Ear {
    heard: RefCell<Vec<String>>,
    enough: Option<&'static str>,
}

impl Watch for Ear {
    fn event(&self, event: &Event<'_>) {
        self.heard.borrow_mut().push(event.to_string());
    }

    fn interrupted(&self) -> bool {
        let heard = self.heard.borrow();
        self.enough
            .is_some_and(|enough| heard.iter().any(|line| line == enough))
    }
}

/// Waits for a file of a script's, and reads the process number in it.
fn process(path: &Path) -> String {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    panic!("the script never wrote {}", path.display());
}

/// Whether a process is still at work, given a moment to end.
fn lives(process: &str) -> bool {
    for _ in 0..100 {
        let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // One that ended and was not asked after yet is listed as Z.
        let ended = status.is_empty() || status.contains(") Z ");
        if ended {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let (_folder, machine) = machine();
    machine.program("tool", "echo done; echo oh >&2");
    let command = Command::on_path("tool")
        .args(["/SetupInstall", "two words", ""])
        .arg(secret(SECRET));
    let outcome = machine.run(&command, &Quiet).unwrap().succeeded().unwrap();
    assert_eq!(
        machine.calls("tool"),
        [["/SetupInstall", "two words", "", SECRET]]
    );
    assert_eq!(outcome.stdout.text, "done\n");
    assert_eq!(outcome.stderr.text, "oh\n");
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn a_last_argument_goes_without_quotes_and_begins_no_other() {
    let (_folder, machine) = machine();
    machine.program("tool", "");
    let command = Command::on_path("tool")
        .last_unquoted(r"/D=D:\Platform Server")
        .unwrap()
        .arg("/S");
    assert_eq!(command.to_string(), r"tool /S /D=D:\Platform Server");
    machine.run(&command, &Quiet).unwrap().succeeded().unwrap();
    assert_eq!(
        machine.calls("tool"),
        [["/S", r"/D=D:\Platform Server"]],
        "it is the last one, whenever it was added"
    );
    for hole in ["/D=D:\\x\" /Q \"", "/D=x\n/Q", "/D=x\0", "/D=x\u{85}"] {
        let error = Command::on_path("tool").last_unquoted(hole).unwrap_err();
        assert!(
            matches!(error, MachineError::NoArgument { .. }),
            "{hole}: {error}"
        );
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    let (_folder, machine) = machine();
    machine.program(
        "tool",
        "printf 'using %s\\n' \"$2\"; printf 'bad %s' \"$2\" >&2; echo; echo hunter-of-keys; exit 3",
    );
    let command = Command::on_path("tool")
        .arg("/SetupInstall")
        .arg(secret(SECRET))
        .arg(format!("--connect=sa/{SECRET}@host"))
        .hiding(secret("hunter-of-keys"));
    let ear = Ear::default();
    let outcome = machine.run(&command, &ear).unwrap();
    assert_eq!(outcome.stdout.text, "using ***\n\n***\n");
    let error = outcome.clone().succeeded().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`tool /SetupInstall *** \"--connect=sa/***@host\"` ended with exit code 3; its last lines:\nusing ***\n***\nbad ***"
    );
    let argument = Argument::from(secret(SECRET));
    let shown = format!(
        "{command} {command:?} {argument} {argument:?} {outcome:?} {error} {error:?} {:?} {:?} {:?}",
        ear.heard.borrow(),
        machine.told(),
        machine
    );
    for part in ["Pa$$", "w0rd", "hunter"] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn a_secret_that_comes_in_pieces_is_found() {
    let (_folder, machine) = machine();
    machine.program(
        "tool",
        "printf 'a corr'; sleep 0.2; printf 'ect hor'; sleep 0.2; printf 'se and corr'",
    );
    let command = Command::on_path("tool").hiding(secret("correct horse"));
    let outcome = machine.run(&command, &Quiet).unwrap();
    assert_eq!(outcome.stdout.text, "a *** and corr");
}

#[test]
fn a_program_that_hangs_is_ended_with_what_it_started() {
    let (folder, machine) = machine();
    let child = folder.path().join("child");
    let grandchild = folder.path().join("grandchild");
    machine.program(
        "tool",
        &format!(
            "echo $$ > '{}'; sh -c 'echo $$ > \"{}\"; sleep 300; :' & echo waiting for the database; sleep 300",
            child.display(),
            grandchild.display()
        ),
    );
    let command = Command::on_path("tool")
        .arg(secret("geheim"))
        .limit(Duration::from_secs(2));
    let began = Instant::now();
    let error = machine.run(&command, &Quiet).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(8));
    assert_eq!(
        error.to_string(),
        "`tool ***` had not ended after 2 s, and was ended with what it had started; its last lines:\nwaiting for the database"
    );
    assert!(!lives(&process(&child)));
    assert!(!lives(&process(&grandchild)));
}

#[test]
fn a_person_can_end_a_program() {
    let (folder, machine) = machine();
    let child = folder.path().join("child");
    machine.program(
        "tool",
        &format!("echo $$ > '{}'; echo ready; sleep 300", child.display()),
    );
    let ear = Ear {
        enough: Some("ready"),
        ..Ear::default()
    };
    let error = machine.run(&Command::on_path("tool"), &ear).unwrap_err();
    assert!(matches!(error, MachineError::Interrupted { .. }), "{error}");
    assert!(!lives(&process(&child)));
}

#[test]
fn what_a_program_leaves_running_does_not_hold_us_up() {
    let (folder, machine) = machine();
    let left = folder.path().join("left");
    machine.program(
        "tool",
        &format!(
            "sh -c 'echo $$ > \"{}\"; exec sleep 300' & echo done",
            left.display()
        ),
    );
    let began = Instant::now();
    let outcome = machine.run(&Command::on_path("tool"), &Quiet).unwrap();
    assert_eq!(outcome.stdout.text, "done\n");
    assert!(began.elapsed() < Duration::from_secs(10));
    // It ended in time, so what it left is left alone.
    let left = process(&left);
    assert!(Path::new(&format!("/proc/{left}")).exists());
    std::process::Command::new("kill")
        .arg(&left)
        .status()
        .unwrap();
}

#[test]
fn of_a_long_output_the_first_and_the_last_are_kept() {
    let (_folder, machine) = machine();
    machine.program(
        "tool",
        "echo first; i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i+1)); done; echo last; exit 1",
    );
    let outcome = machine
        .run(&Command::on_path("tool").keeping(1000), &Quiet)
        .unwrap();
    let text = &outcome.stdout.text;
    assert!(text.starts_with("first\n"));
    assert!(text.ends_with("last\n"));
    assert_eq!(outcome.stdout.left_out, 3000 * 11 + 6 + 5 - 1000);
    assert!(text.contains("[32011 bytes left out]"));
    assert!(text.len() < 1100);
    let error = outcome.succeeded().unwrap_err().to_string();
    assert_eq!(error.lines().count(), 11);
    assert!(error.ends_with("last"));
}

#[test]
fn a_program_that_is_not_there_is_said_to_be_missing() {
    let (folder, machine) = machine();
    let path = folder.path().join("ConfigurationTool.com");
    let commands = [
        (Command::at(&path), path.display().to_string()),
        (
            Command::system("iisreset.exe"),
            "`iisreset.exe` was not found in".to_owned(),
        ),
        (
            Command::on_path("no-such-tool"),
            "the folders of PATH".to_owned(),
        ),
        // On PATH, but none of Windows' own: a namesake is not taken.
        (Command::system("sh"), "`sh` was not found".to_owned()),
    ];
    for (command, says) in commands {
        let error = machine.run(&command, &Quiet).unwrap_err();
        assert!(
            matches!(error, MachineError::ProgramMissing { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(&says), "{error}");
    }
}

#[test]
fn a_file_that_is_no_program_is_said_not_to_start() {
    let (folder, machine) = machine();
    let path = folder.path().join("ConfigurationTool.com");
    fs::write(&path, "no program").unwrap();
    let error = machine
        .run(&Command::at(&path).arg(secret("geheim")), &Quiet)
        .unwrap_err();
    assert!(matches!(error, MachineError::NotStarted { .. }), "{error}");
    assert!(!format!("{error:?}").contains("geheim"));
}

#[test]
fn a_program_that_is_killed_has_no_code() {
    let (_folder, machine) = machine();
    machine.program("tool", "kill -9 $$");
    let outcome = machine.run(&Command::on_path("tool"), &Quiet).unwrap();
    assert_eq!(outcome.code, None);
    let error = outcome.succeeded().unwrap_err().to_string();
    assert_eq!(
        error,
        "`tool` ended without an exit code: it was ended from outside; it wrote nothing"
    );
}

#[test]
fn a_program_works_in_its_folder_and_finds_others_before_path() {
    let (folder, machine) = machine();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    machine.program("other", "echo other");
    machine.program("tool", "pwd; other");
    let command = Command::on_path("tool").in_folder(&work);
    let outcome = machine.run(&command, &Quiet).unwrap();
    let work = work.canonicalize().unwrap();
    assert_eq!(outcome.stdout.text, format!("{}\nother\n", work.display()));
}

#[test]
fn iis_is_stopped_and_started_by_its_own_program() {
    let (_folder, machine) = machine();
    machine.program("iisreset.exe", "echo Internet services are being told");
    let machine = machine
        .service("W3SVC", State::Running, StartType::Automatic)
        .effect("iisreset.exe /stop", "W3SVC", State::Stopped, None)
        .effect("iisreset.exe /start", "W3SVC", State::Running, None);
    iis(&machine, Iis::Stop, &Patience::SERVICES, &Quiet).unwrap();
    iis(&machine, Iis::Start, &Patience::SERVICES, &Quiet).unwrap();
    assert_eq!(machine.calls("iisreset.exe"), [["/stop"], ["/start"]]);
    assert_eq!(Iis::Stop.command().to_string(), "iisreset.exe /stop");
}

#[test]
fn iis_that_only_says_it_stopped_is_not_believed() {
    let (_folder, machine) = machine();
    machine.program("iisreset.exe", "echo stopped");
    let machine = machine.service("W3SVC", State::Running, StartType::Automatic);
    let error = iis(&machine, Iis::Stop, &Patience::SERVICES, &Quiet).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service `W3SVC` is running after 10 min, not stopped"
    );
}

#[test]
fn an_iisreset_that_fails_is_told_in_its_own_words() {
    let (_folder, machine) = machine();
    machine.program(
        "iisreset.exe",
        "echo 'Access denied, you must be an administrator of the remote computer to use this command.'; exit 5",
    );
    let error = iis(&machine, Iis::Stop, &Patience::SERVICES, &Quiet).unwrap_err();
    assert!(
        error.to_string().contains("ended with exit code 5"),
        "{error}"
    );
    assert!(error.to_string().contains("Access denied"), "{error}");
}
