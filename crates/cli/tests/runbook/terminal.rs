//! Questions at a terminal: what is asked, what an answer does, and what nobody sees.

use std::process::Command;
use std::time::Duration;

use rexpect::session::{PtySession, spawn_command};

use super::child::{BEGIN, told};
use super::world::{SCHEDULER, SECRETS, World};

/// A command at a terminal of its own.
fn at_terminal(world: &World, arguments: &[&str]) -> PtySession {
    let command: Command = world.command("APP1", arguments);
    let limit = Duration::from_secs(60).as_millis();
    let mut session = spawn_command(command, Some(u64::try_from(limit).unwrap())).unwrap();
    session.exp_string(BEGIN).unwrap();
    session
}

/// Its exit code, none where a signal ended it, and what it showed until then.
fn ended(mut session: PtySession) -> (Option<i32>, String) {
    let shown = session.exp_eof().unwrap();
    // The library hands out a type of another one that it does not name: `Exited(Pid(4711), 8)`.
    let status = format!("{:?}", session.process().wait().unwrap());
    let code = status
        .strip_prefix("Exited(")
        .and_then(|rest| rest.trim_end_matches(')').rsplit(", ").next())
        .map(|code| code.parse().unwrap());
    (code, shown)
}

#[test]
fn a_step_is_shown_and_done_only_after_a_yes() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    let n = world.n("stop-services");
    for (answer, code) in [("no", 8), ("", 8), ("maybe", 8)] {
        let mut session = at_terminal(&world, &["do", &n]);
        let shown = session.exp_string("Do it now? (yes/no)").unwrap();
        assert!(shown.contains("On APP1 envclone will:"), "{shown}");
        assert!(
            shown.contains("disable and stop the OutSystems Scheduler Service"),
            "{shown}"
        );
        session.send_line(answer).unwrap();
        let (ended, shown) = ended(session);
        assert_eq!(ended, Some(code), "{shown}");
        assert!(shown.contains("nothing was changed"), "{shown}");
        assert_eq!(told(&world.seen("APP1"), SCHEDULER), "automatic running");
    }
    let mut session = at_terminal(&world, &["do", &n]);
    session.exp_string("Do it now? (yes/no)").unwrap();
    session.send_line("yes").unwrap();
    let (code, shown) = ended(session);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(told(&world.seen("APP1"), SCHEDULER), "disabled stopped");
}

#[test]
fn a_person_is_asked_whether_it_is_done() {
    let world = World::new();
    world.must("APP1", &["start", "reconfigure"]);
    for (answer, state) in [("no", "open"), ("yes", "done")] {
        let mut session = at_terminal(&world, &["next"]);
        session.exp_string("Is it done? (yes/no)").unwrap();
        session.send_line(answer).unwrap();
        let (code, shown) = ended(session);
        assert_eq!(code, Some(0), "{shown}");
        let show = world.must("APP1", &["show", "1"]).out;
        assert!(show.contains(&format!("state    {state}")), "{show}");
    }
    // Ctrl-C is no answer.
    let mut session = at_terminal(&world, &["next"]);
    session.exp_string("Do it now? (yes/no)").unwrap();
    session.send_control('c').unwrap();
    let (code, shown) = ended(session);
    assert_ne!(code, Some(0), "{shown}");
    let show = world.must("APP1", &["show", "2"]).out;
    assert!(show.contains("state    open"), "{show}");
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let world = World::new();
    let path = world.lab.path("envclone.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let from_file = "superuser = { user = \"dba\", password = { file = \"T_DBA\" } }";
    assert!(settings.contains(from_file));
    std::fs::write(
        &path,
        settings.replace(from_file, "superuser = { user = \"dba\" }"),
    )
    .unwrap();
    world.must("APP1", &["start", "reconfigure"]);
    world.goes("APP1", "stop-services");
    world.goes("APP1", "platform-database");
    let n = world.n("session-database");
    // Without a terminal nobody can be asked.
    let ran = world.go("APP1", "session-database");
    assert_eq!(ran.code, 4, "{}", ran.err);
    let mut session = at_terminal(&world, &["do", &n]);
    session.exp_string("Do it now? (yes/no)").unwrap();
    session.send_line("yes").unwrap();
    session.exp_string("user dba's password").unwrap();
    session.send_line(SECRETS[0].1).unwrap();
    let (code, shown) = ended(session);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(SECRETS[0].1), "{shown}");
    assert!(world.tool_calls("APP1")[0].contains(&SECRETS[0].1.to_owned()));
    world.no_secrets();
}
