//! Whether what leads out of a copy leads to its source.

use envclone_core::evidence::Observed;
use envclone_core::inventory::Inventory;
use envclone_core::link::{Home, LEADS_OUT, Link};
use envclone_core::settings::Environment;
use envclone_core::verdict::{Check, Verdict};

use super::check;

/// One check for each kind that the copy has any of, or that could not be seen.
pub(super) fn checks(found: &Inventory, source: &Inventory, target: &Environment) -> Vec<Check> {
    let server = found.server.as_ref().map(|server| server.name.as_str());
    let home = Home::new(source, target, server);
    let mut checks = Vec::new();
    for database in &found.databases {
        for links in &database.links {
            let verdict = match &links.found {
                Observed::Known(links) => {
                    let led: Vec<&Link> =
                        links.iter().filter(|link| home.is_meant_by(link)).collect();
                    match led.first() {
                        None => Verdict::Clean,
                        Some(first) => Verdict::Residue {
                            rows: led.len() as u64,
                            sample: format!("{}: {}", first.name, first.to),
                        },
                    }
                }
                // What belongs to the server did not come with the copy.
                Observed::Unknown { .. } if links.of_server => continue,
                Observed::Unknown { why } => Verdict::Unknown { why: why.clone() },
            };
            checks.push(check(
                "leads-home",
                "nothing outside of tables leads to the source",
                &database.role,
                &format!("{LEADS_OUT}{}", links.kind),
                "",
                verdict,
            ));
        }
    }
    checks
}
