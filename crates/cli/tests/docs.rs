//! Documents that say what the program says. `UPDATE_DOCS=1 cargo test -p envclone --test docs` rewrites them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use envclone::args::Cli;
use envclone::failure::Exit;
use envclone_core::lint::LINTS;

/// The width that help is rendered for, whatever terminal the test runs in.
const WIDTH: usize = 100;

/// Where the generated table of the guide begins and ends.
const LINTS_BEGIN: &str =
    "<!-- lints: kept by crates/cli/tests/docs.rs, UPDATE_DOCS=1 rewrites them -->\n";
const LINTS_END: &str = "<!-- /lints -->";

/// Names every exit code, and does not compile where one is missing.
macro_rules! exits {
    ($($exit:ident),* $(,)?) => {
        fn exits() -> Vec<u8> {
            let code = |exit: Exit| match exit {
                $(Exit::$exit => Exit::$exit as u8,)*
            };
            vec![$(code(Exit::$exit)),*]
        }
    };
}
exits![
    Unexpected,
    Usage,
    Invalid,
    NoAccess,
    Refused,
    Stopped,
    Residue,
    NotApproved,
    Interrupted
];

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

/// A document with the line ends of this program, whatever a checkout made of them.
fn read(name: &str) -> String {
    let path = document(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\r\n", "\n")
}

/// Compares a document with what it should be, or writes it.
fn keep(name: &str, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = document(name);
        fs::write(&path, wanted).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    } else {
        let first = read(name)
            .lines()
            .zip(wanted.lines())
            .find(|(have, want)| have != want)
            .map(|(have, want)| format!("it has\n  {have}\ninstead of\n  {want}"));
        assert!(
            read(name) == wanted,
            "docs/{name} is out of date: {}\n`UPDATE_DOCS=1 cargo test -p envclone --test docs` rewrites it",
            first.unwrap_or_else(|| "lines are missing at its end".to_owned())
        );
    }
}

/// A command's help without blanks at the ends of lines.
fn help(command: &mut clap::Command) -> String {
    let text = command.render_long_help().to_string();
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

#[test]
fn the_command_line_reference_is_the_programs_own_help() {
    let mut command = Cli::command().term_width(WIDTH);
    command.build();
    let mut text = "# Command line\n\nThe program's own help, kept by a test. [The guide](guide.md) says how things go together.\n".to_owned();
    write!(
        text,
        "\n## envclone\n\n```text\n{}\n```\n",
        help(&mut command)
    )
    .unwrap();
    for verb in command
        .get_subcommands_mut()
        .filter(|verb| verb.get_name() != "help")
    {
        let name = verb.get_name().to_owned();
        write!(
            text,
            "\n## envclone {name}\n\n```text\n{}\n```\n",
            help(verb)
        )
        .unwrap();
    }
    keep("cli.md", &text);
}

#[test]
fn the_guide_lists_every_guard_in_the_programs_own_words() {
    let guide = read("guide.md");
    let (before, rest) = guide
        .split_once(LINTS_BEGIN)
        .expect("the guide has the marker");
    let (_, after) = rest
        .split_once(LINTS_END)
        .expect("the guide has the closing marker");
    let mut table = "\n| guard | refuses |\n|---|---|\n".to_owned();
    for lint in LINTS {
        writeln!(table, "| `{}` | {} |", lint.id, lint.refuses).unwrap();
    }
    keep(
        "guide.md",
        &format!("{before}{LINTS_BEGIN}{table}\n{LINTS_END}{after}"),
    );
}

#[test]
fn every_exit_code_is_documented() {
    let (guide, help) = (read("guide.md"), Cli::command().render_help().to_string());
    let help: Vec<&str> = help.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for code in exits().into_iter().chain([0]) {
        assert!(
            guide
                .lines()
                .any(|line| line.starts_with(&format!("| {code} |"))),
            "docs/guide.md has no row for exit code {code}"
        );
        assert!(
            help.contains(&code.to_string().as_str()),
            "`envclone --help` does not name exit code {code}"
        );
    }
}

/// The rehearsal's inventory, which scripts and `steps ID` use where there is no database to look at. What differs
/// between machines and days is made the same.
#[test]
fn the_example_inventory_is_the_rehearsals() {
    let folder = tempfile::tempdir().unwrap();
    let spec = envclone_rehearsal::Spec { scale: 1, seed: 1 };
    let files = envclone_rehearsal::sqlite::create(folder.path(), &spec, &mut |_| {})
        .unwrap()
        .0;
    let text = format!(
        "[source]\nengine = \"sqlite\"\nplatform = {:?}\nlog = {:?}\n[source.catalogs]\n{} = {:?}\n[target]\nengine = \"sqlite\"\nplatform = \"none\"\n",
        files.platform, files.log, files.catalogs[0].0, files.catalogs[0].1
    );
    let settings = envclone_core::settings::Settings::read(&text).unwrap();
    let engine = envclone_db::engine(envclone_db::Reach::Files, || false);
    let eyes = envclone::inspect::Eyes {
        engine: engine.as_ref(),
        dialect: envclone_core::dialect::of(envclone_core::engine::Engine::Sqlite),
        key: &[7; 32],
    };
    let mut inventory = envclone::inspect::inventory(eyes, &settings.source).unwrap();
    inventory.taken_at = "2026-03-02T08:00:00Z".to_owned();
    for database in &mut inventory.databases {
        database.locator = Path::new(&database.locator)
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        database.file = format!("example of the {} database", database.role);
        database.identity.clone_from(&database.file);
        database.bytes = 0;
    }
    let json = serde_json::to_string_pretty(&inventory.sealed()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/inventory.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &json).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == json,
        "docs/examples/inventory.json is not the rehearsal's; UPDATE_DOCS=1 rewrites it"
    );
}
