//! Refusals by evidence: each lint is one way to point the tool at the wrong database.

mod activity;
mod databases;
mod origin;
mod plan;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::encoding::{Difference, differences};
use crate::engine::Role;
use crate::evidence::{DatabaseEvidence, Evidence, Lineage, Observed};
use crate::plan::{Basis, Plan, Reason};
use crate::settings::{Environment, Safety, Security};

/// Why a run is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The lint's id.
    pub lint: String,
    /// Whether the evidence contradicts, or is missing.
    pub level: Level,
    /// What was seen.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// How much a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The evidence speaks against the run. Nothing overrides it.
    Refused,
    /// The evidence could not be had. A person may decide, and the report says who and why.
    Unknown,
}

/// All that a lint may look at.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What was observed.
    pub evidence: &'a Evidence,
    /// The guards' settings.
    pub safety: &'a Safety,
    /// The users that the copy gets.
    pub security: &'a Security,
    /// The plan, when there is one already.
    pub plan: Option<&'a Plan>,
    /// Whether the run makes the copy.
    pub makes_the_copy: bool,
}

/// One way to point the tool at the wrong database.
pub struct Lint {
    /// Its id.
    pub id: &'static str,
    /// What it refuses, for documentation.
    pub refuses: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Whether its evidence may be missing, which a person can decide about. Evidence that is seen is for nobody to
    /// decide.
    pub overridable: bool,
    check: fn(&Case<'_>, &mut Vec<Say>),
}

/// What a lint says: the level and what was seen.
type Say = (Level, String);

/// Every lint, in the order in which people read them.
pub const LINTS: &[Lint] = &[
    Lint {
        id: "target-is-source",
        refuses: "a target database that is a database of the source, by whatever path, link or role",
        hint: "correct `[target]` in envclone.toml",
        overridable: false,
        check: databases::target_is_source,
    },
    Lint {
        id: "source-twice",
        refuses: "one database given for two roles of the source",
        hint: "correct `[source]` in envclone.toml",
        overridable: false,
        check: databases::source_twice,
    },
    Lint {
        id: "target-twice",
        refuses: "one database given for two roles of the target",
        hint: "correct `[target]` in envclone.toml",
        overridable: false,
        check: databases::target_twice,
    },
    Lint {
        id: "target-is-protected",
        refuses: "a target whose path contains a text of `safety.never`",
        hint: "choose another target, or correct `safety.never`",
        overridable: false,
        check: databases::target_is_protected,
    },
    Lint {
        id: "source-missing",
        refuses: "a source database that does not exist",
        hint: "correct `[source]` in envclone.toml",
        overridable: false,
        check: databases::source_missing,
    },
    Lint {
        id: "source-is-no-platform",
        refuses: "a source platform database without the platform's tables",
        hint: "check that `source.platform` names the platform database and not another one",
        overridable: false,
        check: databases::source_is_no_platform,
    },
    Lint {
        id: "platform-too-old",
        refuses: "a source platform older than version 10, whose tables the steps are not written for",
        hint: "upgrade the source first, or follow that version's own procedure by hand",
        overridable: false,
        check: databases::platform_too_old,
    },
    Lint {
        id: "target-exists",
        refuses: "copying over a database that exists",
        hint: "name a new target, or take the existing copy over with `clone = \"adopt\"`",
        overridable: false,
        check: databases::target_exists,
    },
    Lint {
        id: "target-missing",
        refuses: "taking over a copy that does not exist",
        hint: "make the copy first, or let envclone make it with `clone = \"make\"`",
        overridable: false,
        check: databases::target_missing,
    },
    Lint {
        id: "target-is-no-platform",
        refuses: "a target platform database without the platform's tables",
        hint: "check that `target.platform` names the copy of the platform database",
        overridable: false,
        check: databases::target_is_no_platform,
    },
    Lint {
        id: "target-log-is-no-log",
        refuses: "a target log database without log tables",
        hint: "check that `target.log` names the copy of the log database",
        overridable: false,
        check: databases::target_log_is_no_log,
    },
    Lint {
        id: "databases-differ",
        refuses: "a target that lacks a database which the source has, or has one more",
        hint: "give the target the same databases as the source: platform, log, and every catalog",
        overridable: false,
        check: databases::databases_differ,
    },
    Lint {
        id: "catalog-unknown",
        refuses: "a catalog that the platform uses and the settings do not name",
        hint: "name it under `[source.catalogs]` and `[target.catalogs]`: a catalog that is not copied stays the source's",
        overridable: false,
        check: databases::catalog_unknown,
    },
    Lint {
        id: "platform-versions-differ",
        refuses: "a target of another platform version than the source",
        hint: "a copy has its source's version: this target is another environment, or was upgraded since",
        overridable: true,
        check: origin::versions_differ,
    },
    Lint {
        id: "not-a-copy",
        refuses: "a target whose modules are not the source's",
        hint: "this target is another environment: compare `envclone inspect` of both",
        overridable: false,
        check: origin::not_a_copy,
    },
    Lint {
        id: "collation-tells-case",
        refuses: "a database whose collation tells upper from lower case: the platform does not support it, and statements would miss rows",
        hint: "the platform needs a collation that ignores case: find out how this database came to its own",
        overridable: false,
        check: texts::collation_tells_case,
    },
    Lint {
        id: "collations-differ",
        refuses: "a target of another collation than the source",
        hint: "a restored copy keeps its source's collation: this target was made or changed otherwise",
        overridable: false,
        check: texts::collations_differ,
    },
    Lint {
        id: "characters-lost",
        refuses: "a copy in a database whose character set does not have all characters of the source's, or may not have them",
        hint: "make the copy in a database of the source's character set (Oracle: or of AL32UTF8). Where only nobody knows whether characters are missing, decide by `--override characters-lost=REASON`",
        overridable: true,
        check: texts::characters_lost,
    },
    Lint {
        id: "texts-too-long",
        refuses: "a copy in a database where texts of the source may not fit: a character takes more bytes, and columns hold a number of bytes",
        hint: "make the copy in a database of the source's character set; or find out how long the texts are, and decide by `--override texts-too-long=REASON`: an import that turns rows away is stopped by its log",
        overridable: true,
        check: texts::texts_too_long,
    },
    Lint {
        id: "another-family",
        refuses: "a target that was not restored from a backup of the source, as the engine's own record says",
        hint: "this target comes from another database: restore a backup of the source, or correct the settings",
        overridable: false,
        check: origin::another_family,
    },
    Lint {
        id: "restore-unproven",
        refuses: "a target of which the engine has no record that it was restored",
        hint: "let a login look that may see the engine's own record (SQL Server: `msdb` and the server's state); or decide by `--override restore-unproven=REASON`, which the report records",
        overridable: true,
        check: origin::restore_unproven,
    },
    Lint {
        id: "import-unfinished",
        refuses: "a target in whose database an import was begun and has not ended",
        hint: "wait for its end, or go on with it (Data Pump: attach to it with `impdp attach=JOB`); where it is another schema's, decide by `--override import-unfinished=REASON`",
        overridable: true,
        check: origin::import_unfinished,
    },
    Lint {
        id: "target-is-newer",
        refuses: "a target with log rows newer than the source's newest: source and target exchanged",
        hint: "a copy can't be ahead of its source: exchange `[source]` and `[target]`, or find out who works with the target",
        overridable: false,
        check: origin::target_is_newer,
    },
    Lint {
        id: "no-common-moment",
        refuses: "copies of several databases that can't be rolled forward to one moment",
        hint: "give each database of the source the recovery model FULL and regular log backups; or do without, by `together = false` under [copy] or `--override no-common-moment=REASON`: what was written between two backups is then in one copy and not in the other",
        overridable: true,
        check: plan::no_common_moment,
    },
    Lint {
        id: "source-is-a-clone",
        refuses: "a source that envclone itself made as a copy of the target",
        hint: "`[source]` and `[target]` are exchanged",
        overridable: false,
        check: origin::source_is_a_clone,
    },
    Lint {
        id: "fresh-heartbeat",
        refuses: "a target whose log tables were written to a moment ago",
        hint: "a live environment writes logs all the time. Stop what works with the target, wait for `safety.heartbeat-minutes`, and try again",
        overridable: true,
        check: activity::fresh_heartbeat,
    },
    Lint {
        id: "target-in-use",
        refuses: "a target that another program is working with",
        hint: "end that program, or find out whether this is the right database",
        overridable: true,
        check: activity::target_in_use,
    },
    Lint {
        id: "login-of-the-source",
        refuses: "a new user of the copy whose login is a user of the source on the same server: it would open both",
        hint: "make a login for the copy alone, and name it under `[security.create]`; where only the permission to see logins is missing, decide by `--override login-of-the-source=REASON`",
        overridable: true,
        check: activity::login_of_the_source,
    },
    Lint {
        id: "plan-for-another-target",
        refuses: "a plan that was made for another target",
        hint: "make a new plan with `envclone plan`",
        overridable: false,
        check: plan::plan_for_another_target,
    },
    Lint {
        id: "plan-for-another-source",
        refuses: "a plan that was made for another source",
        hint: "make a new plan with `envclone plan`",
        overridable: false,
        check: plan::plan_for_another_source,
    },
    Lint {
        id: "target-changed",
        refuses: "a target that changed after the plan was approved",
        hint: "make a new plan with `envclone plan`, and look at what it would touch now",
        overridable: false,
        check: plan::target_changed,
    },
];

/// What speaks against a run; nothing when the list is empty.
#[must_use]
pub fn lint(case: &Case<'_>) -> Vec<Finding> {
    LINTS.iter().flat_map(|lint| run(lint, case)).collect()
}

fn run(lint: &Lint, case: &Case<'_>) -> Vec<Finding> {
    let mut said = Vec::new();
    (lint.check)(case, &mut said);
    let finding = |(level, what)| Finding {
        lint: lint.id.to_owned(),
        level,
        what,
        hint: lint.hint.to_owned(),
    };
    said.into_iter().map(finding).collect()
}

fn refuse(said: &mut Vec<Say>, what: impl Into<String>) {
    said.push((Level::Refused, what.into()));
}

fn by_role<'a>(side: &'a [DatabaseEvidence], role: &Role) -> Option<&'a DatabaseEvidence> {
    side.iter().find(|database| database.role == *role)
}

fn platform(side: &[DatabaseEvidence]) -> Option<&DatabaseEvidence> {
    by_role(side, &Role::Platform)
}

/// The same database under another name: the engine says so, or the same place where nothing exists yet.
fn same(left: &DatabaseEvidence, right: &DatabaseEvidence) -> bool {
    (left.exists && right.exists && left.file == right.file) || left.resolved == right.resolved
}

/// A name by which a script could not tell the source from the target: the same on both sides, and the servers
/// (`NAME@SERVER`) not given or the same.
#[must_use]
pub fn indistinguishable(source: &Environment, target: &Environment) -> Option<String> {
    let parts = |name: &str| {
        let lower = name.to_lowercase();
        match lower.rsplit_once('@') {
            Some((name, server)) => (name.to_owned(), Some(server.to_owned())),
            None => (lower, None),
        }
    };
    let sources: Vec<_> = source
        .databases()
        .into_iter()
        .map(|(_, name)| parts(name))
        .collect();
    let alike = |name: &str| {
        let (target, server) = parts(name);
        sources.iter().any(|(source, other)| {
            *source == target && (server.is_none() || other.is_none() || server == *other)
        })
    };
    target
        .databases()
        .into_iter()
        .map(|(_, name)| name.to_owned())
        .find(|name| alike(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Contents;
    use crate::settings::{NewUser, Rights, Settings};

    fn alike(source: &str, target: &str) -> bool {
        let text = format!(
            "[source]\nengine = \"oracle\"\nplatform = \"{source}\"\n[target]\nengine = \"oracle\"\nplatform = \"{target}\"\n"
        );
        let settings = Settings::read(&text).unwrap();
        indistinguishable(&settings.source, &settings.target).is_some()
    }

    /// A database of which everything that may be unseen is.
    fn unseen(role: Role, name: &str) -> DatabaseEvidence {
        fn nothing<T>() -> Observed<T> {
            Observed::Unknown { why: String::new() }
        }
        DatabaseEvidence {
            role,
            locator: name.to_owned(),
            resolved: name.to_owned(),
            exists: true,
            file: name.to_owned(),
            identity: String::new(),
            has: Contents {
                platform: true,
                logs: true,
                tables: true,
            },
            platform_version: nothing(),
            modules: Vec::new(),
            newest_log: nothing(),
            log_age_seconds: nothing(),
            in_use: nothing(),
            lineage: Some(Lineage {
                family: nothing(),
                own: nothing(),
                restored: nothing(),
                unfinished: Some(nothing()),
            }),
            collation: None,
            encoding: Some(nothing()),
            byte_columns: Some(nothing()),
            identifiers: Vec::new(),
            logins: Some(nothing()),
            server: Some("SQL1".to_owned()),
            marks: Vec::new(),
            catalogs: Vec::new(),
        }
    }

    #[test]
    fn what_may_lack_evidence_is_what_can_be_overridden() {
        let evidence = Evidence {
            source: vec![unseen(Role::Platform, "s")],
            target: vec![unseen(Role::Platform, "t")],
        };
        let security = Security {
            create: vec![NewUser {
                databases: vec![Role::Platform],
                login: "NEW".to_owned(),
                user: None,
                rights: Rights::Runtime,
            }],
            ..Security::default()
        };
        let said = [true, false].map(|makes_the_copy| {
            lint(&Case {
                evidence: &evidence,
                safety: &Safety::default(),
                security: &security,
                plan: None,
                makes_the_copy,
            })
        });
        let unknown: BTreeSet<&str> = said
            .iter()
            .flatten()
            .filter(|finding| finding.level == Level::Unknown)
            .map(|finding| finding.lint.as_str())
            .collect();
        let overridable: BTreeSet<&str> = LINTS
            .iter()
            // The evidence of one is a plan, and the other's is that something was seen: their own tests have both.
            .filter(|lint| !["no-common-moment", "import-unfinished"].contains(&lint.id))
            .filter(|lint| lint.overridable)
            .map(|lint| lint.id)
            .collect();
        assert_eq!(unknown, overridable);
    }

    #[test]
    fn names_alike_need_two_servers() {
        assert!(alike("OSADMIN", "osadmin"));
        assert!(alike("OSADMIN@PROD", "OSADMIN"));
        assert!(alike("OSADMIN@PROD", "OSADMIN@prod"));
        assert!(!alike("OSADMIN@PROD", "OSADMIN@TEST"));
        assert!(!alike("OSADMIN", "OSADMIN_TEST"));
    }
}
