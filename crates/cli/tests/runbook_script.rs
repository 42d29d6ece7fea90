//! `runbook script`: the files that it writes, and what it refuses to write.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::fs;

use support::Lab;

/// What the settings say of the environment beyond its databases.
const RUNBOOK: &str = "[runbook]\nmachines = [\"APP1\", \"APP2\"]\n";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.settings("make", "");
    lab.edit("[source]", &format!("{RUNBOOK}\n[source]"));
    let refreshed = lab.refresh();
    // What is planted for verification to find is found; the run is complete all the same.
    assert_eq!(refreshed.code, 7, "{}", refreshed.err);
    lab
}

#[test]
fn each_machine_gets_a_file_that_windows_powershell_reads() {
    let lab = lab();
    let before = lab.run(&["runbook", "script", "--out", "scripts"]);
    assert_ne!(before.code, 0);
    assert!(before.err.contains("has no runbook"), "{}", before.err);
    assert!(!lab.path("scripts").exists());

    let started = lab.run(&["runbook", "start", "reconfigure"]);
    assert_eq!(started.code, 0, "{}", started.err);
    let written = lab.run(&["runbook", "script", "--out", "scripts"]);
    assert_eq!(written.code, 0, "{}", written.err);
    assert_eq!(written.out.lines().count(), 2, "{}", written.out);
    for (name, machine) in [("1-APP1.ps1", "APP1"), ("2-APP2.ps1", "APP2")] {
        assert!(written.out.contains(name), "{}", written.out);
        let bytes = fs::read(lab.path("scripts").join(name)).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("\u{FEFF}# "), "{name}");
        assert!(
            text.contains(&format!("\r\n$Machine = '{machine}'\r\n")),
            "{name}"
        );
    }
    let again = lab.run(&["--json", "runbook", "script", "--out", "scripts"]);
    let listed: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(listed[1]["machine"], "APP2", "{}", again.out);
}
