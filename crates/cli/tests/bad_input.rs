//! What bad input gets: one screen that first says what was changed, then why, then a hint; the documented exit
//! code; and nothing lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

#[cfg(target_os = "linux")]
use support::with_mounts;
use support::{FILES, Lab, Ran, dump};

impl Ran {
    /// Ended with this code, nothing changed, all of these said, with a hint, on one screen.
    #[track_caller]
    fn failed(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}", self.err);
        assert!(
            self.err.contains("error: nothing was changed"),
            "{}",
            self.err
        );
        for text in says {
            assert!(
                self.err.contains(text),
                "does not say `{text}`:\n{}",
                self.err
            );
        }
        assert!(self.err.contains("hint:"), "{}", self.err);
        assert!(self.err.lines().count() < 25, "{}", self.err);
        assert!(self.out.is_empty(), "{}", self.out);
    }
}

#[test]
fn settings_with_an_unknown_key() {
    let lab = Lab::new();
    lab.settings("make", "profil = \"official\"");
    lab.run(&["plan"])
        .failed(3, &["unknown field `profil`", "line 3"]);
}

#[test]
fn settings_with_a_wrong_type() {
    let lab = Lab::new();
    lab.settings("make", "safety.heartbeat-minutes = \"long\"");
    lab.run(&["plan"])
        .failed(3, &["heartbeat-minutes", "expected u32"]);
}

#[test]
fn settings_that_do_not_exist() {
    let lab = Lab::new();
    lab.run(&["plan", "--settings", "nowhere.toml"])
        .failed(3, &["nowhere.toml", "envclone init"]);
}

#[test]
fn settings_that_encrypt_to_nobody() {
    let lab = Lab::new();
    lab.settings("make", "saved.secrets = \"encrypt\"");
    lab.run(&["plan"]).failed(3, &["saved.recipients"]);
    lab.settings(
        "make",
        "saved.secrets = \"encrypt\"\nsaved.recipients = [\"nobody\"]",
    );
    lab.run(&["plan"])
        .failed(3, &["`nobody` is no age public key"]);
}

#[test]
fn settings_that_skip_what_does_not_exist() {
    let lab = Lab::new();
    lab.settings("make", "skip = [\"front-end\"]");
    // Before anything is looked at, so that it costs nobody an inspection.
    fs::remove_dir_all(lab.path("source")).unwrap();
    lab.run(&["plan"]).failed(
        3,
        &[
            "`skip` names the step `front-end`",
            "the nearest ids are `front-ends`",
        ],
    );
}

#[test]
fn a_hint_names_the_settings_that_were_given() {
    let lab = Lab::new();
    fs::rename(lab.path("envclone.toml"), lab.path("test.toml")).unwrap();
    let plan = lab.run(&["plan", "--settings", "test.toml", "--out", "plan.json"]);
    assert!(
        plan.out.contains(" --settings test.toml` carries it out"),
        "{}",
        plan.out
    );
    fs::remove_dir(lab.path("target")).unwrap();
    let id: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(lab.path("plan.json")).unwrap()).unwrap();
    let id = id["id"].as_str().unwrap();
    let ran = lab.run(&["refresh", "--settings", "test.toml", "--approve", id]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains(" in test.toml"), "{}", ran.err);
    let ran = lab.run(&["verify", "--settings", "test.toml"]);
    ran.failed(4, &["`envclone refresh --settings test.toml` makes it"]);
}

#[test]
fn a_failure_for_machines() {
    let lab = Lab::new();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let ran = lab.run(arguments);
        assert!(ran.out.is_empty(), "{}", ran.out);
        let last = ran.err.lines().last().unwrap();
        let failure: serde_json::Value = serde_json::from_str(last).expect(&ran.err);
        assert_eq!(failure["exit"], ran.code);
        failure
    };
    let failure = json(&["resume", "--json"]);
    assert_eq!(failure["exit"], 3);
    assert_eq!(failure["state"], "nothing was changed");
    assert!(
        failure["why"][0]
            .as_str()
            .unwrap()
            .contains("there is no run")
    );
    assert!(
        failure["hints"][0]
            .as_str()
            .unwrap()
            .contains("envclone refresh")
    );
    assert_eq!(json(&["plan", "--jsn", "--json"])["exit"], 2);
    // What is a result stays on stdout, whole.
    let id = lab.plan_id();
    let ran = lab.run(&["refresh", "--json", "--approve", &id]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["outcome"]["kind"], "residue");
    let failure: serde_json::Value = serde_json::from_str(ran.err.lines().last().unwrap()).unwrap();
    assert_eq!(failure["exit"], 7);
}

#[test]
fn init_never_overwrites() {
    let lab = Lab::new();
    let before = fs::read(lab.path("envclone.toml")).unwrap();
    let ran = lab.run(&["init"]);
    ran.failed(
        4,
        &["there is already a `envclone.toml`", "--settings FILE"],
    );
    assert!(!ran.err.contains("os error"), "{}", ran.err);
    assert_eq!(before, fs::read(lab.path("envclone.toml")).unwrap());
}

#[test]
fn steps_of_ones_own_that_are_wrong() {
    let lab = Lab::new();
    fs::create_dir(lab.path("own")).unwrap();
    lab.settings("make", "steps = \"own\"");
    let step = |name: &str, text: &str| fs::write(lab.path("own").join(name), text).unwrap();
    let head = "title = \"t\"\nwhy = \"w\"\nsource = \"s\"\nprofile = \"official\"\n";
    step("mine.toml", "title = ");
    lab.run(&["plan"])
        .failed(3, &["step `mine` does not parse"]);
    step(
        "mine.toml",
        &format!("{head}[[do]]\nexplode.table = \"x\"\n"),
    );
    lab.run(&["plan"])
        .failed(3, &["step `mine`", "unknown variant `explode`"]);
    step(
        "mine.toml",
        &format!("{head}after = [\"nothing\"]\n[[do]]\ndelete-rows.table = \"x\"\n"),
    );
    lab.run(&["plan"])
        .failed(3, &["`nothing`, which does not exist"]);
    step("mine.toml", &format!("{head}[[do]]\ndelete-rows = {{}}\n"));
    lab.run(&["plan"])
        .failed(3, &["either `table` or `entity`"]);
    fs::rename(lab.path("own/mine.toml"), lab.path("own/front-ends.toml")).unwrap();
    lab.run(&["plan"])
        .failed(3, &["has the id of a built-in step"]);
}

#[test]
fn a_step_for_an_unknown_table_is_left_out_with_the_reason() {
    let lab = Lab::new();
    fs::create_dir(lab.path("own")).unwrap();
    lab.settings("make", "steps = \"own\"");
    let text = "title = \"t\"\nwhy = \"w\"\nsource = \"s\"\nprofile = \"official\"\n[[do]]\ndelete-rows.table = \"acme_settings\"\n";
    fs::write(lab.path("own/mine.toml"), text).unwrap();
    let plan = lab.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let (table, _) = plan.out.split_once("\n-- ").unwrap();
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    assert!(
        plan.out
            .contains("this environment has no such table:\n    mine: acme_settings\n"),
        "{}",
        plan.out
    );
}

#[test]
fn files_of_another_version_or_edited_by_hand() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["plan", "--out", "plan.json"]).code, 0);
    assert_eq!(lab.run(&["inspect", "--out", "inventory.json"]).code, 0);
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(lab.path(name)).unwrap();
        assert!(text.contains(from));
        fs::write(lab.path("edited.json"), text.replacen(from, to, 1)).unwrap();
    };
    let script = [
        "script",
        "--engine",
        "sqlserver",
        "--inventory",
        "edited.json",
    ];
    edit("plan.json", "ossys_Server", "ossys_User");
    lab.run(&["apply", "edited.json"])
        .failed(3, &["was changed after envclone wrote it", "envclone plan"]);
    edit("plan.json", "\"format\": 1", "\"format\": 99");
    lab.run(&["apply", "edited.json"]).failed(3, &["format 99"]);
    edit("inventory.json", "ossys_Server", "ossys_Serfer");
    lab.run(&script).failed(
        3,
        &["was changed after envclone wrote it", "envclone inspect"],
    );
    edit("inventory.json", "\"format\": 1", "\"format\": 99");
    lab.run(&script).failed(3, &["format 99"]);
    fs::write(lab.path("edited.json"), "{}").unwrap();
    lab.run(&script).failed(3, &["it is no inventory"]);
    lab.run(&["apply", "edited.json"])
        .failed(3, &["it is no plan"]);
    lab.run(&["apply", "nowhere.json"])
        .failed(4, &["nowhere.json"]);
}

#[test]
fn a_source_that_is_no_database() {
    let lab = Lab::new();
    fs::write(lab.source("outsystems.db"), "This is a letter to a friend, and long enough to be taken for a page of a database, or so one might think.").unwrap();
    lab.run(&["plan"])
        .failed(4, &["this is no SQLite database, or an encrypted one"]);
}

#[test]
fn a_copy_that_is_cut_off() {
    let lab = Lab::adopted();
    let bytes = fs::read(lab.target("outsystems.db")).unwrap();
    fs::write(lab.target("outsystems.db"), &bytes[..bytes.len() / 2]).unwrap();
    lab.run(&["plan"]).failed(4, &["damaged or cut off"]);
}

#[test]
#[cfg(unix)]
fn a_copy_that_is_locked() {
    let lab = Lab::adopted();
    let busy = rusqlite::Connection::open(lab.target("outsystems.db")).unwrap();
    busy.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    lab.run(&["plan"])
        .failed(4, &["another program holds the database"]);
    drop(busy);
}

#[test]
fn a_folder_for_the_copy_that_does_not_exist() {
    let lab = Lab::new();
    lab.settings_with("make", "", "source", "nowhere");
    let id = lab.plan_id();
    let ran = lab.run(&["refresh", "--approve", &id]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(
        ran.err.contains("nothing was changed; the journal is"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("its folder does not exist"), "{}", ran.err);
    fs::create_dir(lab.path("nowhere")).unwrap();
    assert!([0, 7].contains(&lab.run(&["resume"]).code));
}

#[test]
fn nobody_to_ask() {
    let lab = Lab::new();
    let ran = lab.run(&["refresh"]);
    ran.failed(8, &["there is no terminal to ask at", "--approve "]);
    assert!(!lab.target("outsystems.db").exists());
    // The source was not inspected for nothing.
    assert!(!ran.err.contains("inspect "), "{}", ran.err);
    assert_eq!(lab.run(&["plan", "--out", "plan.json"]).code, 0);
    let ran = lab.run(&["apply", "plan.json"]);
    let id = lab.plan_id();
    ran.failed(8, &[&format!("`envclone apply plan.json --approve {id}`")]);
    assert!(!ran.err.contains("inspect "), "{}", ran.err);
}

#[test]
fn the_wrong_plan_approved() {
    let lab = Lab::new();
    lab.run(&["refresh", "--approve", "123456789abc"])
        .failed(8, &["`123456789abc` was approved"]);
    // A few digits are no approval, even the right ones.
    let id = lab.plan_id();
    let ran = lab.run(&["refresh", "--approve", &id[..6]]);
    ran.failed(8, &["was approved, and at least 12 digits"]);
    assert!(!ran.err.contains("inspect "), "{}", ran.err);
    assert!(!lab.target("outsystems.db").exists());
}

#[test]
fn overrides_that_name_nothing() {
    let lab = Lab::new();
    lab.run(&["plan", "--override", "everything=yes"]).failed(
        2,
        &[
            "there is no guard `everything`",
            "can be overridden, where their evidence is missing: `platform-versions-differ`, ",
            "`fresh-heartbeat`, `target-in-use`, `login-of-the-source`\n",
            "these can't: `target-is-source`",
        ],
    );
    for without in ["fresh-heartbeat", "fresh-heartbeat= "] {
        lab.run(&["plan", "--override", without])
            .failed(2, &["has no reason"]);
    }
}

#[test]
fn a_journal_that_is_damaged() {
    let lab = Lab::new();
    assert!([0, 7].contains(&lab.refresh().code));
    let journal = lab.newest_run().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("\"rows\":", "\"rows\":1", 1)).unwrap();
    let before = dump(&lab.target("outsystems.db"));
    let ran = lab.run(&["resume"]);
    assert!([3, 4].contains(&ran.code), "{}", ran.err);
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
    assert_eq!(before, dump(&lab.target("outsystems.db")));
}

#[test]
fn resume_without_a_run() {
    Lab::new().run(&["resume"]).failed(3, &["there is no run"]);
}

#[test]
fn verify_without_a_target() {
    Lab::new()
        .run(&["verify"])
        .failed(4, &["does not exist", "envclone refresh"]);
}

#[test]
fn a_rehearsal_never_overwrites() {
    let lab = Lab::new();
    lab.run(&["rehearse", "--dir", "source"])
        .failed(5, &["is not empty"]);
    assert_eq!(
        fs::read_dir(lab.path("source")).unwrap().count(),
        FILES.len()
    );
}

#[test]
fn an_engine_without_a_server() {
    let lab = Lab::new();
    let text = "[source]\nengine = \"oracle\"\nplatform = \"OSADMIN\"\n[target]\nengine = \"oracle\"\nplatform = \"OSADMIN_TEST\"\n";
    fs::write(lab.path("envclone.toml"), text).unwrap();
    lab.run(&["plan"])
        .failed(3, &["[source.server] is missing", "envclone script"]);
    fs::write(
        lab.path("envclone.toml"),
        text.replacen("oracle", "sqlserver", 1),
    )
    .unwrap();
    lab.run(&["plan"])
        .failed(3, &["the source is on SQL Server, the target on Oracle"]);
}

#[test]
fn settings_of_servers_that_lead_nowhere() {
    let lab = Lab::new();
    fs::write(lab.path("password"), "made up\n").unwrap();
    let good = "host = \"127.0.0.1\"\nport = 9\nuser = \"u\"\npassword = { file = \"password\" }";
    let plan = |head: &str, server: &str| {
        let side = |name: &str| {
            format!("[{name}]\nengine = \"sqlserver\"\nplatform = \"os\"\n{server}\n")
                .replace("SIDE", name)
        };
        let text = format!("{head}\n{}{}", side("source"), side("target"));
        fs::write(lab.path("envclone.toml"), text).unwrap();
        lab.run(&["plan"])
    };
    let server = |lines: &str| format!("[SIDE.server]\n{lines}");
    let adopt = "clone = \"adopt\"";
    plan(adopt, "").failed(3, &["[source.server] is missing"]);
    plan("copy.stripes = 65", &server(good)).failed(3, &["[copy]: `stripes` is a number"]);
    plan("copy.restore-folder = 'x'", &server(good)).failed(3, &["`backup-folder`, which is"]);
    plan("", &server(good)).failed(4, &["the source's server 127.0.0.1:9", "firewall"]);
    plan(adopt, &server(good)).failed(4, &["the source's server 127.0.0.1:9", "firewall"]);
    for (lines, why) in [
        ("host = \"h\"".to_owned(), "needs `user` and `password`"),
        (
            good.replace("port = 9", "port = 9\ninstance = \"I\""),
            "exclude each other",
        ),
        (format!("{good}\nlogin = \"integrated\""), "takes no `user`"),
        (format!("{good}\nlogin = \"entra\""), "and no `user`"),
        (
            format!("{good}\nca-file = \"x\"\ntrust-certificate = true"),
            "exclude each other",
        ),
        (
            good.replace("{ file = \"password\" }", "\"made up\""),
            "line 9: `password` or `token` says where",
        ),
    ] {
        let ran = plan(adopt, &server(&lines));
        assert!(!ran.err.contains("made up"), "a password is shown");
        ran.failed(3, &[why]);
    }
    let secret = |from: &str| good.replace("{ file = \"password\" }", from);
    plan(adopt, &server(&secret("{ file = \"none\" }"))).failed(4, &["read the source's password"]);
    plan(adopt, &server(&secret("{ env = \"ENVCLONE_NOT_SET\" }")))
        .failed(4, &["ENVCLONE_NOT_SET"]);
    let none = plan(
        adopt,
        &server(&secret("{ keyring = \"envclone-has-none\" }")),
    );
    // Where there is a keyring it has none of this name; a machine without one says so.
    none.failed(4, &["keyring"]);
    plan(adopt, &server(&secret("\"prompt\""))).failed(4, &["no terminal to ask at"]);
}

#[test]
fn a_script_that_could_not_tell_source_from_target() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["inspect", "--out", "inventory.json"]).code, 0);
    let text = "[source]\nengine = \"sqlserver\"\nplatform = \"outsystems\"\n[target]\nengine = \"sqlserver\"\nplatform = \"OutSystems\"\n";
    fs::write(lab.path("envclone.toml"), text).unwrap();
    lab.run(&["script", "--inventory", "inventory.json"])
        .refused_by("names-alike");
}

/// A real full disk: a file system of two megabytes, where the system lets an ordinary user mount one.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_while_copying() {
    let lab = Lab::new();
    let id = lab.plan_id();
    let script = format!(
        "mount -t tmpfs -o size=2m tmpfs target && '{}' refresh --quiet --approve {id}; code=$?; ls target | wc -l; exit $code",
        assert_cmd::cargo::cargo_bin!("envclone").display()
    );
    let Some(ran) = with_mounts(&lab, &script) else {
        return;
    };
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(
        ran.err.contains("nothing was changed; the journal is"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("free some space, then run `envclone resume`"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out.trim(), "0", "an incomplete copy was left behind");
    assert!([0, 7].contains(&lab.run(&["resume"]).code));
}

/// A journal that can't be written stops the run before the deed.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_while_writing_the_journal() {
    let lab = Lab::new();
    let id = lab.plan_id();
    // Enough for the plan and the inventory, and not for the journal of all items.
    let key = fs::read(lab.path("envclone-runs/digest.key")).unwrap();
    for kilobytes in [560, 600, 640] {
        let script = format!(
            "mount -t tmpfs -o size={kilobytes}k tmpfs envclone-runs && cp key envclone-runs/digest.key && '{}' refresh --quiet --approve {id}",
            assert_cmd::cargo::cargo_bin!("envclone").display()
        );
        fs::write(lab.path("key"), &key).unwrap();
        let Some(ran) = with_mounts(&lab, &script) else {
            return;
        };
        assert!(
            [4, 6].contains(&ran.code),
            "{kilobytes}: {} {}",
            ran.code,
            ran.err
        );
        assert!(
            ran.err.contains("nothing was changed") || ran.err.contains("items are done"),
            "{}",
            ran.err
        );
        let connection = lab.target("outsystems.db");
        if connection.exists() {
            // The copy was made, and no transaction was committed without its journal.
            assert!(
                lab.number(&connection, "SELECT COUNT(*) FROM ossys_Server") > 0
                    || ran.err.contains("items are done"),
                "{}",
                ran.err
            );
            for name in FILES {
                let _ = fs::remove_file(lab.target(name));
            }
        }
    }
}

/// A copy on a file system that may not be written.
#[test]
#[cfg(target_os = "linux")]
fn a_copy_that_is_read_only() {
    let lab = Lab::adopted();
    let script = format!(
        "mount --bind target target && mount -o remount,bind,ro target && '{}' plan --quiet",
        assert_cmd::cargo::cargo_bin!("envclone").display()
    );
    if let Some(ran) = with_mounts(&lab, &script) {
        ran.failed(4, &["target"]);
    }
}

#[test]
fn a_password_is_kept_in_the_keyring_and_found_there_where_the_machine_has_one() {
    let lab = Lab::new();
    let name = format!("envclone-test-{}", std::process::id());
    let output = assert_cmd::Command::cargo_bin("envclone")
        .unwrap()
        .args(["keep-password", &name])
        .write_stdin("made up\n")
        .output()
        .unwrap();
    let kept = Ran::of(output);
    assert!(!kept.err.contains("made up") && kept.out.is_empty());
    if kept.code == 4 {
        eprintln!("not run: this machine has no keyring: {}", kept.err);
        return kept.failed(4, &["the system's keyring can't be used"]);
    }
    assert_eq!(kept.code, 0, "{}", kept.err);
    // It is found: what fails is the server, which nobody has.
    let side = |name: &str, entry: &str| {
        format!(
            "[{name}]\nengine = \"sqlserver\"\nplatform = \"os\"\n[{name}.server]\nhost = \"127.0.0.1\"\nport = 9\n\
             user = \"u\"\npassword = {{ keyring = \"{entry}\" }}\n"
        )
    };
    let text = side("source", &name) + &side("target", &name);
    fs::write(lab.path("envclone.toml"), text).unwrap();
    lab.run(&["plan"]).failed(4, &["127.0.0.1:9"]);
    let empty = assert_cmd::Command::cargo_bin("envclone")
        .unwrap()
        .args(["keep-password", &name])
        .write_stdin("\n")
        .output()
        .unwrap();
    Ran::of(empty).failed(3, &["an empty password is not kept"]);
}
