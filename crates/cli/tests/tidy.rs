//! Fences of the house, each a line that is easily crossed and hard to see.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every Rust file of a folder with its text up to its own tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
                found.push((
                    path.strip_prefix(root())
                        .unwrap()
                        .display()
                        .to_string()
                        .replace('\\', "/"),
                    code,
                ));
            }
        }
    }
    assert!(found.len() > 5, "{folder} has lost its files");
    found
}

/// Lines of code, comments left out.
fn lines(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn sql_is_spelled_by_the_dialects_alone() {
    let words = [
        "SELECT ",
        "DELETE FROM",
        "INSERT INTO",
        "UPDATE ",
        "CREATE TABLE",
        "PRAGMA ",
    ];
    let mut crossed = Vec::new();
    for (path, code) in [sources("crates/core/src"), sources("crates/cli/src")].concat() {
        if path.contains("/dialect/") {
            continue;
        }
        for (at, line) in lines(&code) {
            if line.contains('"') && words.iter().any(|word| line.contains(word)) {
                crossed.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
    }
    assert!(
        crossed.is_empty(),
        "SQL outside dialect/ and db:\n{}",
        crossed.join("\n")
    );
}

#[test]
fn nothing_decides_by_engine_but_the_dialects() {
    let names = ["SqlServer", "Oracle", "Sqlite"];
    // What the shell calls the core's engines, where it has engines of its own.
    let engines = names.map(|name| [format!("Engine::{name}"), format!("Name::{name}")]);
    let engines = engines.concat();
    let mut crossed = Vec::new();
    for (path, code) in [sources("crates/core/src"), sources("crates/cli/src")].concat() {
        // The command line has its own names for the engines, translated in one place. How a server is reached is each
        // engine's own: in the settings, and where they become sessions. Which keys the platform's own file has on which engine is
        // the vendor's, and stands there as a table.
        let apart = [
            "command/script.rs",
            "settings/server.rs",
            "src/connect.rs",
            "hsconf/keys.rs",
            "hsconf/wanted.rs",
        ];
        if path.contains("/dialect/") || apart.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        for (at, line) in lines(&code) {
            if engines.iter().any(|engine| line.contains(engine.as_str())) {
                crossed.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
    }
    assert!(
        crossed.is_empty(),
        "an engine is asked for outside dialect/:\n{}",
        crossed.join("\n")
    );
}

#[test]
fn the_core_has_no_driver_and_the_sessions_no_core() {
    let manifest =
        |name: &str| fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).unwrap();
    let dependencies = |name: &str| {
        manifest(name)
            .split("[dev-dependencies]")
            .next()
            .unwrap()
            .to_owned()
    };
    for forbidden in [
        "rusqlite",
        "envclone-db",
        "envclone-rehearsal",
        "clap",
        "indicatif",
        "ctrlc",
    ] {
        assert!(
            !dependencies("core").contains(forbidden),
            "core depends on {forbidden}"
        );
    }
    for forbidden in ["envclone-core", "envclone-rehearsal", "clap", "serde"] {
        assert!(
            !dependencies("db").contains(forbidden),
            "db depends on {forbidden}"
        );
    }
    for part in ["machine", "lifetime"] {
        for forbidden in ["envclone-core", "envclone-db", "clap"] {
            assert!(
                !dependencies(part).contains(forbidden),
                "{part} depends on {forbidden}"
            );
        }
    }
    // What judges the clean-up shares no list with it.
    assert!(!dependencies("rehearsal").contains("envclone-core"));
    for part in ["core", "db", "rehearsal", "cli"] {
        assert!(
            !dependencies(part).contains("envclone-testing"),
            "{part} depends on what is for tests"
        );
    }
    for (path, code) in sources("crates/core/src") {
        for forbidden in [
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "Timestamp::now",
            "SystemTime",
        ] {
            assert!(!code.contains(forbidden), "{path} uses {forbidden}");
        }
    }
}

#[test]
fn every_guard_has_a_test_that_names_it() {
    let tests: String = [
        "crates/cli/tests/refusals.rs",
        "crates/core/tests/lineage.rs",
    ]
    .map(|file| fs::read_to_string(root().join(file)).unwrap())
    .concat();
    for lint in envclone_core::lint::LINTS {
        assert!(
            tests.contains(&format!("refused_by(\"{}\")", lint.id)),
            "no test is refused by {}",
            lint.id
        );
    }
}

#[test]
fn every_step_file_is_in_the_catalogue_and_short() {
    let built_in = envclone_core::catalogue::BUILT_IN;
    for entry in fs::read_dir(root().join("crates/core/steps")).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            built_in.iter().any(|(known, _)| *known == id),
            "{id} is not in BUILT_IN"
        );
        assert!(
            fs::read_to_string(&path).unwrap().lines().count() <= 40,
            "{id} has more than 40 lines"
        );
    }
}
