//! `doctor`: whether a run could begin, asked before anything begins.

use comfy_table::Table;
use envclone_core::dialect::Dialect;
use envclone_core::encoding::{Difference, differences};
use envclone_core::engine::Role;
use envclone_core::evidence::Observed;
use envclone_core::settings::{CloneMode, Environment};
use envclone_db::Engine;
use envclone_db::checkup::{Need, Purpose, Side, State};
use serde_json::json;

use super::print_json;
use crate::args::Cli;
use crate::config::Config;
use crate::failure::{Exit, Failure, Why};
use crate::inspect;
use crate::ui::data;

/// A need with the environment and database that it concerns.
struct Entry {
    side: &'static str,
    database: String,
    need: Need,
}

/// Asks both environments.
pub(super) fn run(cli: &Cli) -> Result<(), Failure> {
    let config = Config::load(&cli.settings)?;
    let engine = config.engine()?;
    let (source, target) = (&config.settings.source, &config.settings.target);
    let purpose = |side| Purpose {
        side,
        makes_the_copy: config.settings.clone == CloneMode::Make,
    };
    let mut entries = ask(engine.as_ref(), source, "source", purpose(Side::Source));
    entries.extend(ask(
        engine.as_ref(),
        target,
        "target",
        purpose(Side::Target),
    ));
    let makes = config.settings.clone == CloneMode::Make;
    if makes {
        entries.extend(texts(engine.as_ref(), config.dialect(), source, target));
    }
    if cli.json {
        let all: Vec<_> = entries.iter().map(as_json).collect();
        print_json(&json!({ "format": 1, "needs": all }))?;
    } else {
        data(&table(&entries).to_string());
    }
    let mut why = Vec::new();
    for entry in &entries {
        if let State::Missing { why: reason, hint } = &entry.need.state {
            let Entry {
                side,
                database,
                need,
            } = entry;
            why.push(Why {
                what: format!("{side}, {database}: no {}: {reason}", need.what),
                hint: Some(hint.clone()).filter(|hint| !hint.is_empty()),
            });
        }
    }
    if why.is_empty() {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::NoAccess,
        state: "nothing was changed; a run would not get through".to_owned(),
        why,
        hint: None,
    })
}

/// Whether a copy would have the source's texts as they are. A server that is not reached is told of already.
fn texts(
    engine: &dyn Engine,
    dialect: &dyn Dialect,
    source: &Environment,
    target: &Environment,
) -> Vec<Entry> {
    let entry = |need: Need| Entry {
        side: "target",
        database: Role::Platform.to_string(),
        need: need.of_server(),
    };
    let of = |environment: &Environment| {
        let server = inspect::server(engine, dialect, &environment.platform).ok()??;
        inspect::encoding(dialect, &server)
    };
    let what = "character set for the source's texts";
    let (source, target) = match (of(source), of(target)) {
        (Some(Observed::Known(source)), Some(Observed::Known(target))) => (source, target),
        (Some(Observed::Unknown { why }), Some(_)) | (Some(_), Some(Observed::Unknown { why })) => {
            return vec![entry(Need::lacking("clone", what, why, ""))];
        }
        _ => return Vec::new(),
    };
    let found = differences(&source, &target);
    if found.is_empty() {
        let same = format!("{}, as the source", target.characters);
        return vec![entry(Need::there("clone", what, same))];
    }
    let hint = "make the copy in a database of the source's character set";
    let need = |one: Difference| match one {
        Difference::Lost { .. } => Need::missing("clone", what, one.to_string(), hint),
        Difference::Doubtful { .. } | Difference::Longer { .. } | Difference::Shorter => {
            Need::lacking("clone", what, one.to_string(), hint)
        }
    };
    found.into_iter().map(need).map(entry).collect()
}

/// What each database of an environment needs; what concerns the server is said once.
fn ask(
    engine: &dyn Engine,
    environment: &Environment,
    name: &'static str,
    purpose: Purpose,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (role, database) in environment.databases() {
        for need in engine.checkup(database, purpose) {
            let server_wide = need.on_server && entries.iter().any(|entry| entry.need == need);
            if !server_wide {
                entries.push(Entry {
                    side: name,
                    database: role.to_string(),
                    need,
                });
            }
        }
    }
    entries
}

fn table(entries: &[Entry]) -> Table {
    let mut table = crate::ui::table(false);
    table.set_header(["side", "database", "phase", "needs", "", "what was found"]);
    for entry in entries {
        let (sign, found) = match &entry.need.state {
            State::There(seen) => ("ok", seen.clone()),
            State::Missing { why, hint } => ("missing", told(why, hint)),
            State::Lacking { why, hint } => ("lacking", told(why, hint)),
        };
        let on = if entry.need.on_server {
            "server"
        } else {
            &entry.database
        };
        table.add_row([
            entry.side,
            on,
            entry.need.phase,
            &entry.need.what,
            sign,
            &found,
        ]);
    }
    table
}

fn told(why: &str, hint: &str) -> String {
    if hint.is_empty() {
        why.to_owned()
    } else {
        format!("{why}: {hint}")
    }
}

fn as_json(entry: &Entry) -> serde_json::Value {
    let (state, found, hint) = match &entry.need.state {
        State::There(seen) => ("there", seen, ""),
        State::Missing { why, hint } => ("missing", why, hint.as_str()),
        State::Lacking { why, hint } => ("lacking", why, hint.as_str()),
    };
    json!({
        "side": entry.side,
        "database": (!entry.need.on_server).then_some(&entry.database),
        "phase": entry.need.phase,
        "needs": entry.need.what,
        "state": state,
        "found": found,
        "hint": hint,
    })
}
