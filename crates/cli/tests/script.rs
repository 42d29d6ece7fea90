//! Scripts for a DBA: what lies beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use support::Lab;

#[test]
fn a_readme_says_what_the_scripts_do_not() {
    let lab = Lab::new();
    let side = |name: &str, database: &str| {
        format!(
            "[{name}]\nengine = \"sqlserver\"\nplatform = \"{database}\"\nlog = \"{database}_log\"\n"
        )
    };
    let text = format!(
        "profile = \"documented\"\nclone = \"adopt\"\nskip = [\"emails\"]\n{}{}",
        side("source", "outsystems@SQLPROD01"),
        side("target", "outsystems_test")
    );
    fs::write(lab.path("envclone.toml"), text).unwrap();
    let inventory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/inventory.json"
    );
    let ran = lab.run(&["script", "--inventory", inventory, "--out", "scripts"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let readme = fs::read_to_string(lab.path("scripts/README.txt")).unwrap();
    for text in [
        "for SQL Server, plan ",
        "They clean a copy that somebody else made",
        "  1. clean-platform.sql: clean the platform database outsystems_test, ",
        "     sqlcmd -b ",
        "  2. clean-log.sql: clean the log database outsystems_test_log, ",
        "Left for a person",
        "  Register the environment in LifeTime (lifetime-register)\n    ",
        "Left out, and why:",
        "  the settings leave it out (`skip`)\n    emails: whole step\n",
        "  it belongs to the profile `extra`\n",
    ] {
        assert!(readme.contains(text), "no `{text}` in:\n{readme}");
    }
    for file in fs::read_dir(lab.path("scripts")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.txt" || readme.contains(&name),
            "{name} is not in the order"
        );
        assert!(ran.out.contains(&name), "{}", ran.out);
    }
}

/// An inventory of another engine knows nothing of rights, which is not that there are none.
#[test]
fn a_script_from_another_engines_inventory_says_that_nobody_saw_any_rights() {
    let lab = Lab::new();
    let inventory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/inventory.json"
    );
    let arguments = ["script", "--engine", "oracle", "--inventory", inventory];
    let ran = lab.run(&[arguments.as_slice(), &["--out", "scripts"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = fs::read_to_string(lab.path("scripts/rights.sql")).unwrap();
    let unseen = "on its objects: the inventory does not have it";
    assert!(text.contains(unseen), "{text}");
}

#[test]
fn every_transaction_has_a_file_that_says_each_thing_once() {
    let lab = Lab::new();
    let inventory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/inventory.json"
    );
    for engine in ["sqlserver", "oracle", "sqlite"] {
        let ran = lab.run(&[
            "script",
            "--engine",
            engine,
            "--inventory",
            inventory,
            "--out",
            engine,
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let readme = fs::read_to_string(lab.path(engine).join("README.txt")).unwrap();
        let says = match engine {
            "oracle" => "all of it in one transaction.",
            _ => "each database in one transaction.",
        };
        assert!(readme.contains(says), "{engine}: {readme}");
        let names: &[&str] = match engine {
            "oracle" => &["rights.sql", "clean.sql"],
            _ => &["clean-platform.sql", "clean-log.sql"],
        };
        for name in names {
            let text = fs::read_to_string(lab.path(engine).join(name)).unwrap();
            let comments: Vec<Option<&str>> =
                text.lines().map(|line| line.strip_prefix("-- ")).collect();
            for two in comments.windows(2) {
                if let [Some(first), Some(second)] = two {
                    assert!(!first.ends_with(second), "{engine} {name}: {second}");
                }
            }
        }
    }
}

/// Scripts for settings with servers: what the platform's one holds, or what refused them.
fn with_servers(own: [&str; 2]) -> Result<String, String> {
    let lab = Lab::new();
    let side = |name: &str, own: &str| {
        format!(
            "[{name}]\nengine = \"sqlserver\"\nplatform = \"outsystems\"\nlog = \"outsystems_log\"\n\
             [{name}.server]\nhost = \"{name}.example.com\"\nuser = \"u\"\npassword = \"prompt\"\n{own}\n"
        )
    };
    let text = side("source", own[0]) + &side("target", own[1]);
    fs::write(lab.path("envclone.toml"), text).unwrap();
    let inventory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/inventory.json"
    );
    let ran = lab.run(&["script", "--inventory", inventory, "--out", "scripts"]);
    if ran.code == 0 {
        Ok(fs::read_to_string(lab.path("scripts/clean-platform.sql")).unwrap())
    } else {
        Err(ran.err)
    }
}

#[test]
fn a_script_knows_its_server_by_the_name_that_it_has_for_itself() {
    let script = with_servers(["name = \"SQLPROD01\"", "name = \"SQLTEST01\""]).unwrap();
    assert!(script.contains("@@SERVERNAME <> N'SQLTEST01'"), "{script}");
    assert!(script.contains("@@SERVERNAME = N'SQLPROD01'"), "{script}");
    assert!(
        !script.contains("example.com"),
        "an address is no name: {script}"
    );
    // The same catalog on two servers, and nothing that tells them apart: the script would take one for the other.
    let refused = with_servers(["", "name = \"SQLTEST01\""]).unwrap_err();
    assert!(refused.contains("names-alike"), "{refused}");
}
