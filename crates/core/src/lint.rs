//! Refusals by evidence: each lint is one way to point the tool at the wrong database.

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
        check: target_is_source,
    },
    Lint {
        id: "source-twice",
        refuses: "one database given for two roles of the source",
        hint: "correct `[source]` in envclone.toml",
        overridable: false,
        check: source_twice,
    },
    Lint {
        id: "target-twice",
        refuses: "one database given for two roles of the target",
        hint: "correct `[target]` in envclone.toml",
        overridable: false,
        check: target_twice,
    },
    Lint {
        id: "target-is-protected",
        refuses: "a target whose path contains a text of `safety.never`",
        hint: "choose another target, or correct `safety.never`",
        overridable: false,
        check: target_is_protected,
    },
    Lint {
        id: "source-missing",
        refuses: "a source database that does not exist",
        hint: "correct `[source]` in envclone.toml",
        overridable: false,
        check: source_missing,
    },
    Lint {
        id: "source-is-no-platform",
        refuses: "a source platform database without the platform's tables",
        hint: "check that `source.platform` names the platform database and not another one",
        overridable: false,
        check: source_is_no_platform,
    },
    Lint {
        id: "platform-too-old",
        refuses: "a source platform older than version 10, whose tables the steps are not written for",
        hint: "upgrade the source first, or follow that version's own procedure by hand",
        overridable: false,
        check: platform_too_old,
    },
    Lint {
        id: "target-exists",
        refuses: "copying over a database that exists",
        hint: "name a new target, or take the existing copy over with `clone = \"adopt\"`",
        overridable: false,
        check: target_exists,
    },
    Lint {
        id: "target-missing",
        refuses: "taking over a copy that does not exist",
        hint: "make the copy first, or let envclone make it with `clone = \"make\"`",
        overridable: false,
        check: target_missing,
    },
    Lint {
        id: "target-is-no-platform",
        refuses: "a target platform database without the platform's tables",
        hint: "check that `target.platform` names the copy of the platform database",
        overridable: false,
        check: target_is_no_platform,
    },
    Lint {
        id: "target-log-is-no-log",
        refuses: "a target log database without log tables",
        hint: "check that `target.log` names the copy of the log database",
        overridable: false,
        check: target_log_is_no_log,
    },
    Lint {
        id: "databases-differ",
        refuses: "a target that lacks a database which the source has, or has one more",
        hint: "give the target the same databases as the source: platform, log, and every catalog",
        overridable: false,
        check: databases_differ,
    },
    Lint {
        id: "catalog-unknown",
        refuses: "a catalog that the platform uses and the settings do not name",
        hint: "name it under `[source.catalogs]` and `[target.catalogs]`: a catalog that is not copied stays the source's",
        overridable: false,
        check: catalog_unknown,
    },
    Lint {
        id: "platform-versions-differ",
        refuses: "a target of another platform version than the source",
        hint: "a copy has its source's version: this target is another environment, or was upgraded since",
        overridable: true,
        check: versions_differ,
    },
    Lint {
        id: "not-a-copy",
        refuses: "a target whose modules are not the source's",
        hint: "this target is another environment: compare `envclone inspect` of both",
        overridable: false,
        check: not_a_copy,
    },
    Lint {
        id: "collation-tells-case",
        refuses: "a database whose collation tells upper from lower case: the platform does not support it, and statements would miss rows",
        hint: "the platform needs a collation that ignores case: find out how this database came to its own",
        overridable: false,
        check: collation_tells_case,
    },
    Lint {
        id: "collations-differ",
        refuses: "a target of another collation than the source",
        hint: "a restored copy keeps its source's collation: this target was made or changed otherwise",
        overridable: false,
        check: collations_differ,
    },
    Lint {
        id: "characters-lost",
        refuses: "a copy in a database whose character set does not have all characters of the source's, or may not have them",
        hint: "make the copy in a database of the source's character set (Oracle: or of AL32UTF8). Where only nobody knows whether characters are missing, decide by `--override characters-lost=REASON`",
        overridable: true,
        check: characters_lost,
    },
    Lint {
        id: "texts-too-long",
        refuses: "a copy in a database where texts of the source may not fit: a character takes more bytes, and columns hold a number of bytes",
        hint: "make the copy in a database of the source's character set; or find out how long the texts are, and decide by `--override texts-too-long=REASON`: an import that turns rows away is stopped by its log",
        overridable: true,
        check: texts_too_long,
    },
    Lint {
        id: "another-family",
        refuses: "a target that was not restored from a backup of the source, as the engine's own record says",
        hint: "this target comes from another database: restore a backup of the source, or correct the settings",
        overridable: false,
        check: another_family,
    },
    Lint {
        id: "restore-unproven",
        refuses: "a target of which the engine has no record that it was restored",
        hint: "let a login look that may see the engine's own record (SQL Server: `msdb` and the server's state); or decide by `--override restore-unproven=REASON`, which the report records",
        overridable: true,
        check: restore_unproven,
    },
    Lint {
        id: "import-unfinished",
        refuses: "a target in whose database an import was begun and has not ended",
        hint: "wait for its end, or go on with it (Data Pump: attach to it with `impdp attach=JOB`); where it is another schema's, decide by `--override import-unfinished=REASON`",
        overridable: true,
        check: import_unfinished,
    },
    Lint {
        id: "target-is-newer",
        refuses: "a target with log rows newer than the source's newest: source and target exchanged",
        hint: "a copy can't be ahead of its source: exchange `[source]` and `[target]`, or find out who works with the target",
        overridable: false,
        check: target_is_newer,
    },
    Lint {
        id: "no-common-moment",
        refuses: "copies of several databases that can't be rolled forward to one moment",
        hint: "give each database of the source the recovery model FULL and regular log backups; or do without, by `together = false` under [copy] or `--override no-common-moment=REASON`: what was written between two backups is then in one copy and not in the other",
        overridable: true,
        check: no_common_moment,
    },
    Lint {
        id: "source-is-a-clone",
        refuses: "a source that envclone itself made as a copy of the target",
        hint: "`[source]` and `[target]` are exchanged",
        overridable: false,
        check: source_is_a_clone,
    },
    Lint {
        id: "fresh-heartbeat",
        refuses: "a target whose log tables were written to a moment ago",
        hint: "a live environment writes logs all the time. Stop what works with the target, wait for `safety.heartbeat-minutes`, and try again",
        overridable: true,
        check: fresh_heartbeat,
    },
    Lint {
        id: "target-in-use",
        refuses: "a target that another program is working with",
        hint: "end that program, or find out whether this is the right database",
        overridable: true,
        check: target_in_use,
    },
    Lint {
        id: "login-of-the-source",
        refuses: "a new user of the copy whose login is a user of the source on the same server: it would open both",
        hint: "make a login for the copy alone, and name it under `[security.create]`; where only the permission to see logins is missing, decide by `--override login-of-the-source=REASON`",
        overridable: true,
        check: login_of_the_source,
    },
    Lint {
        id: "plan-for-another-target",
        refuses: "a plan that was made for another target",
        hint: "make a new plan with `envclone plan`",
        overridable: false,
        check: plan_for_another_target,
    },
    Lint {
        id: "plan-for-another-source",
        refuses: "a plan that was made for another source",
        hint: "make a new plan with `envclone plan`",
        overridable: false,
        check: plan_for_another_source,
    },
    Lint {
        id: "target-changed",
        refuses: "a target that changed after the plan was approved",
        hint: "make a new plan with `envclone plan`, and look at what it would touch now",
        overridable: false,
        check: target_changed,
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

fn target_is_source(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in &case.evidence.target {
        for source in case
            .evidence
            .source
            .iter()
            .filter(|source| same(source, target))
        {
            refuse(
                said,
                format!(
                    "the target's {} `{}` is the source's {} `{}`",
                    target.role.phrase(),
                    target.locator,
                    source.role.phrase(),
                    source.locator
                ),
            );
        }
    }
}

fn twice(side: &[DatabaseEvidence], name: &str, said: &mut Vec<Say>) {
    for (at, left) in side.iter().enumerate() {
        for right in side.iter().skip(at + 1).filter(|right| same(left, right)) {
            refuse(
                said,
                format!(
                    "the {name}'s {} and its {} are one: `{}`",
                    left.role.phrase(),
                    right.role.phrase(),
                    right.locator
                ),
            );
        }
    }
}

fn source_twice(case: &Case<'_>, said: &mut Vec<Say>) {
    twice(&case.evidence.source, "source", said);
}

fn target_twice(case: &Case<'_>, said: &mut Vec<Say>) {
    twice(&case.evidence.target, "target", said);
}

fn target_is_protected(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in &case.evidence.target {
        let path = format!("{}\n{}", target.locator, target.resolved).to_lowercase();
        for text in case
            .safety
            .never
            .iter()
            .filter(|text| !text.is_empty() && path.contains(&text.to_lowercase()))
        {
            refuse(
                said,
                format!(
                    "the target `{}` contains `{text}`, which `safety.never` protects",
                    target.resolved
                ),
            );
        }
    }
}

fn source_missing(case: &Case<'_>, said: &mut Vec<Say>) {
    for source in case.evidence.source.iter().filter(|source| !source.exists) {
        refuse(
            said,
            format!(
                "the source's {} `{}` does not exist",
                source.role.phrase(),
                source.locator
            ),
        );
    }
}

fn source_is_no_platform(case: &Case<'_>, said: &mut Vec<Say>) {
    if let Some(source) =
        platform(&case.evidence.source).filter(|source| source.exists && !source.has.platform)
    {
        refuse(
            said,
            format!(
                "`{}` has no table `ossys_espace` and `ossys_parameter`",
                source.locator
            ),
        );
    }
}

/// The oldest major version of the platform that the steps are written for.
const OLDEST_PLATFORM: u32 = 10;

fn platform_too_old(case: &Case<'_>, said: &mut Vec<Say>) {
    let version = platform(&case.evidence.source).and_then(|it| it.platform_version.known());
    let major = version.and_then(|version| version.split('.').next()?.trim().parse::<u32>().ok());
    if let (Some(version), Some(major)) = (version, major)
        && major < OLDEST_PLATFORM
    {
        refuse(said, format!("the source's platform has version {version}"));
    }
}

fn target_exists(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in case
        .evidence
        .target
        .iter()
        .filter(|target| case.makes_the_copy && target.exists)
    {
        refuse(
            said,
            format!(
                "the target's {} `{}` exists already",
                target.role.phrase(),
                target.locator
            ),
        );
    }
}

fn target_missing(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in case
        .evidence
        .target
        .iter()
        .filter(|target| !case.makes_the_copy && !target.exists)
    {
        refuse(
            said,
            format!(
                "the target's {} `{}` does not exist",
                target.role.phrase(),
                target.locator
            ),
        );
    }
}

fn target_is_no_platform(case: &Case<'_>, said: &mut Vec<Say>) {
    if let Some(target) =
        platform(&case.evidence.target).filter(|target| target.exists && !target.has.platform)
    {
        let what = if target.has.tables {
            "has no table `ossys_espace` and `ossys_parameter`"
        } else {
            "is empty"
        };
        refuse(said, format!("`{}` {what}", target.locator));
    }
}

fn target_log_is_no_log(case: &Case<'_>, said: &mut Vec<Say>) {
    let log = by_role(&case.evidence.target, &Role::Log);
    if let Some(log) = log.filter(|log| log.exists && (!log.has.logs || log.has.platform)) {
        let what = if log.has.platform {
            "is a platform database"
        } else {
            "has no log tables"
        };
        refuse(
            said,
            format!("the target's log database `{}` {what}", log.locator),
        );
    }
}

fn databases_differ(case: &Case<'_>, said: &mut Vec<Say>) {
    let roles = |side: &[DatabaseEvidence]| {
        side.iter()
            .map(|database| database.role.clone())
            .collect::<BTreeSet<_>>()
    };
    let (source, target) = (roles(&case.evidence.source), roles(&case.evidence.target));
    for role in source.difference(&target) {
        refuse(
            said,
            format!("the source has a {}, the target has none", role.phrase()),
        );
    }
    for role in target.difference(&source) {
        refuse(
            said,
            format!("the target has a {}, the source has none", role.phrase()),
        );
    }
}

fn catalog_unknown(case: &Case<'_>, said: &mut Vec<Say>) {
    let Some(source) = platform(&case.evidence.source) else {
        return;
    };
    for catalog in &source.catalogs {
        if by_role(&case.evidence.source, &Role::Catalog(catalog.clone())).is_none() {
            refuse(
                said,
                format!(
                    "the source's applications use the catalog `{catalog}`, which the settings do not name"
                ),
            );
        }
    }
}

fn versions_differ(case: &Case<'_>, said: &mut Vec<Say>) {
    let (Some(source), Some(target)) = (platform(&case.evidence.source), existing_platform(case))
    else {
        return;
    };
    match (&source.platform_version, &target.platform_version) {
        (Observed::Known(left), Observed::Known(right)) if left != right => {
            refuse(
                said,
                format!("the source has platform version {left}, the target {right}"),
            );
        }
        (Observed::Known(_), Observed::Known(_)) => {}
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            said.push((
                Level::Unknown,
                format!("the platform versions could not be compared: {why}"),
            ));
        }
    }
}

/// The target's platform database, where there is one to look at.
fn existing_platform<'a>(case: &Case<'a>) -> Option<&'a DatabaseEvidence> {
    platform(&case.evidence.target).filter(|target| target.exists && target.has.platform)
}

/// A copy has nearly all of its modules in common with its source; some may have come since.
fn not_a_copy(case: &Case<'_>, said: &mut Vec<Say>) {
    let (Some(source), Some(target)) = (platform(&case.evidence.source), existing_platform(case))
    else {
        return;
    };
    let known: BTreeSet<&String> = source.modules.iter().collect();
    let shared = target
        .modules
        .iter()
        .filter(|module| known.contains(module))
        .count();
    if target.modules.is_empty() || shared * 10 < target.modules.len() * 9 {
        refuse(
            said,
            format!(
                "of the target's modules ({}) the source has {shared} under the same id and key",
                target.modules.len()
            ),
        );
    }
}

fn collation_tells_case(case: &Case<'_>, said: &mut Vec<Say>) {
    for database in case.evidence.source.iter().chain(&case.evidence.target) {
        if let Some(collation) = &database.collation
            && collation.ignores_case == Some(false)
        {
            refuse(
                said,
                format!(
                    "`{}` has the collation {}",
                    database.locator, collation.name
                ),
            );
        }
    }
}

fn collations_differ(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in &case.evidence.target {
        let source = case
            .evidence
            .source
            .iter()
            .find(|source| source.role == target.role)
            .and_then(|source| source.collation.as_ref());
        if let (Some(source), Some(own)) = (source, &target.collation)
            && source.name != own.name
        {
            refuse(
                said,
                format!(
                    "`{}` has the collation {}, the source {}",
                    target.locator, own.name, source.name
                ),
            );
        }
    }
}

/// How both servers write texts down, where a copy is made that may be written down otherwise than its source.
fn encodings<'a>(case: &Case<'a>) -> Option<Result<Vec<Difference>, &'a str>> {
    let of = |side: &'a [DatabaseEvidence]| platform(side)?.encoding.as_ref();
    let evidence = case.evidence;
    let both = (of(&evidence.source)?, of(&evidence.target)?);
    case.makes_the_copy.then_some(match both {
        (Observed::Known(source), Observed::Known(target)) => Ok(differences(source, target)),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => Err(why),
    })
}

fn characters_lost(case: &Case<'_>, said: &mut Vec<Say>) {
    match encodings(case) {
        None => {}
        Some(Err(why)) => said.push((
            Level::Unknown,
            format!("the character sets could not be compared: {why}"),
        )),
        Some(Ok(found)) => {
            for one in found {
                match one {
                    Difference::Lost { .. } => refuse(said, one.to_string()),
                    Difference::Doubtful { .. } => said.push((Level::Unknown, one.to_string())),
                    Difference::Longer { .. } | Difference::Shorter => {}
                }
            }
        }
    }
}

fn texts_too_long(case: &Case<'_>, said: &mut Vec<Say>) {
    let found = match encodings(case) {
        None => return,
        Some(Err(why)) => {
            let what = format!("whether texts take more bytes could not be seen: {why}");
            return said.push((Level::Unknown, what));
        }
        Some(Ok(found)) => found,
    };
    for one in found {
        match one {
            Difference::Longer { .. } => {
                let databases = case.evidence.source.iter();
                said.extend(databases.filter_map(|source| longer(&one, source)));
            }
            Difference::Shorter => said.push((Level::Unknown, one.to_string())),
            Difference::Lost { .. } | Difference::Doubtful { .. } => {}
        }
    }
}

/// What is to be said of a database whose texts take more bytes in the copy: nothing where no column holds bytes.
fn longer(difference: &Difference, source: &DatabaseEvidence) -> Option<Say> {
    let columns = match source.byte_columns.as_ref()? {
        Observed::Known(0) => return None,
        Observed::Known(1) => "1 column".to_owned(),
        Observed::Known(columns) => format!("{columns} columns"),
        Observed::Unknown { why } => format!("some columns, how many could not be seen ({why}),"),
    };
    let what = format!(
        "{difference}: {columns} of `{}` hold a number of bytes, and whether their texts still fit is not known",
        source.locator
    );
    Some((Level::Unknown, what))
}

/// Existing target databases with the source's of the same role, and both lineages.
fn lineages<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a DatabaseEvidence, &'a Lineage, Option<&'a Lineage>)> {
    let evidence = case.evidence;
    evidence.target.iter().filter_map(move |target| {
        let source = evidence
            .source
            .iter()
            .find(|source| source.role == target.role)
            .and_then(|source| source.lineage.as_ref());
        Some((target, target.lineage.as_ref()?, source))
    })
}

fn another_family(case: &Case<'_>, said: &mut Vec<Say>) {
    for (target, lineage, source) in lineages(case) {
        let families = (
            lineage.family.known(),
            source.and_then(|source| source.family.known()),
        );
        if let (Some(target_family), Some(source_family)) = families
            && target_family != source_family
        {
            refuse(
                said,
                format!(
                    "`{}` belongs to the family {target_family}, the source to {source_family}",
                    target.locator
                ),
            );
        }
    }
}

fn restore_unproven(case: &Case<'_>, said: &mut Vec<Say>) {
    for (target, lineage, source) in lineages(case) {
        let differs = source
            .and_then(|source| source.own.known())
            .zip(lineage.own.known())
            .is_some_and(|(source, target)| source != target);
        // A family of its own refuses the run already; in the source's, another database was restored.
        let proven = lineage.family.known().is_some() && differs;
        let why = match &lineage.restored {
            Observed::Known(Some(_)) => continue,
            _ if proven => continue,
            Observed::Known(None) => "its server recorded no restore into it",
            Observed::Unknown { why } => why,
        };
        said.push((
            Level::Unknown,
            format!(
                "nothing proves that `{}` was restored: {why}",
                target.locator
            ),
        ));
    }
}

/// Which schemas it is for is in no list.
fn import_unfinished(case: &Case<'_>, said: &mut Vec<Say>) {
    let mut jobs: BTreeSet<&String> = BTreeSet::new();
    for (_, lineage, _) in lineages(case) {
        let found = lineage.unfinished.as_ref().and_then(Observed::known);
        jobs.extend(found.into_iter().flatten());
    }
    // While the copy is made, its own may be among them.
    if !jobs.is_empty() && !case.makes_the_copy {
        let jobs: Vec<&str> = jobs.into_iter().map(String::as_str).collect();
        said.push((
            Level::Unknown,
            format!(
                "the target's database lists imports that have not ended: {}; whether they are for the copy is not known",
                jobs.join(", ")
            ),
        ));
    }
}

fn target_is_newer(case: &Case<'_>, said: &mut Vec<Say>) {
    let newest = |side: &[DatabaseEvidence]| {
        side.iter()
            .filter_map(|database| database.newest_log.known()?.clone())
            .max()
    };
    if let (Some(source), Some(target)) =
        (newest(&case.evidence.source), newest(&case.evidence.target))
        && target > source
    {
        refuse(
            said,
            format!("the target's newest log row is of {target}, the source's of {source}"),
        );
    }
}

fn source_is_a_clone(case: &Case<'_>, said: &mut Vec<Say>) {
    for source in &case.evidence.source {
        let made_of = |target: &&DatabaseEvidence| {
            target.exists && source.marks.contains(&format!("clone-of {}", target.file))
        };
        if let Some(target) = case.evidence.target.iter().find(made_of) {
            refuse(
                said,
                format!(
                    "envclone made `{}` as a copy of `{}`",
                    source.locator, target.locator
                ),
            );
        }
    }
}

fn fresh_heartbeat(case: &Case<'_>, said: &mut Vec<Say>) {
    let limit = i64::from(case.safety.heartbeat_minutes) * 60;
    for target in case
        .evidence
        .target
        .iter()
        .filter(|target| target.exists && (target.has.platform || target.has.logs))
    {
        match &target.log_age_seconds {
            Observed::Known(Some(age)) if *age < limit => {
                refuse(
                    said,
                    format!(
                        "the newest log row of `{}` is {age} second{} old",
                        target.locator,
                        if *age == 1 { "" } else { "s" }
                    ),
                );
            }
            Observed::Known(_) => {}
            Observed::Unknown { why } => said.push((
                Level::Unknown,
                format!(
                    "whether `{}` is live could not be seen: {why}",
                    target.locator
                ),
            )),
        }
    }
}

fn target_in_use(case: &Case<'_>, said: &mut Vec<Say>) {
    for target in case.evidence.target.iter().filter(|target| target.exists) {
        match &target.in_use {
            Observed::Known(Some(who)) => {
                refuse(said, format!("{who} is working with `{}`", target.locator))
            }
            Observed::Known(None) => {}
            Observed::Unknown { why } => said.push((
                Level::Unknown,
                format!(
                    "whether `{}` is in use could not be seen: {why}",
                    target.locator
                ),
            )),
        }
    }
}

/// A login that is a user of the source comes into both, whoever of the two environments knows its password.
fn login_of_the_source(case: &Case<'_>, said: &mut Vec<Say>) {
    let evidence = case.evidence;
    for new in &case.security.create {
        let servers: BTreeSet<&String> = new
            .databases
            .iter()
            .filter_map(|role| by_role(&evidence.target, role)?.server.as_ref())
            .collect();
        let on_the_same = |source: &&DatabaseEvidence| {
            source
                .server
                .as_ref()
                .is_some_and(|server| servers.iter().any(|one| one.eq_ignore_ascii_case(server)))
        };
        for source in evidence.source.iter().filter(on_the_same) {
            match &source.logins {
                Some(Observed::Known(logins))
                    if logins
                        .iter()
                        .any(|login| login.to_lowercase() == new.login.to_lowercase()) =>
                {
                    refuse(
                        said,
                        format!(
                            "the login `{}`, which is to open the copy, is a user of the source's {} `{}` on the same server",
                            new.login,
                            source.role.phrase(),
                            source.locator
                        ),
                    );
                }
                Some(Observed::Unknown { why }) => said.push((
                    Level::Unknown,
                    format!(
                        "whether the login `{}` is a user of the source's {} could not be seen: {why}",
                        new.login,
                        source.role.phrase()
                    ),
                )),
                Some(Observed::Known(_)) | None => {}
            }
        }
    }
}

fn locators(side: &[DatabaseEvidence]) -> BTreeMap<&Role, &str> {
    side.iter()
        .map(|database| (&database.role, database.locator.as_str()))
        .collect()
}

fn planned(side: &[crate::plan::DatabaseId]) -> BTreeMap<&Role, &str> {
    side.iter()
        .map(|database| (&database.role, database.locator.as_str()))
        .collect()
}

fn no_common_moment(case: &Case<'_>, said: &mut Vec<Say>) {
    let left_out = case.plan.into_iter().flat_map(|plan| &plan.left_out);
    for part in left_out {
        if let Reason::NoLog { .. } = part.reason {
            said.push((Level::Unknown, part.reason.to_string()));
        }
    }
}

fn plan_for_another_target(case: &Case<'_>, said: &mut Vec<Say>) {
    let Some(plan) = case.plan else { return };
    if planned(&plan.target) != locators(&case.evidence.target) {
        refuse(
            said,
            format!(
                "plan {} was made for other target databases than the settings name",
                plan.short_id()
            ),
        );
    }
}

fn plan_for_another_source(case: &Case<'_>, said: &mut Vec<Say>) {
    let Some(plan) = case.plan else { return };
    if planned(&plan.source) != locators(&case.evidence.source) {
        refuse(
            said,
            format!(
                "plan {} was made for other source databases than the settings name",
                plan.short_id()
            ),
        );
    }
}

fn target_changed(case: &Case<'_>, said: &mut Vec<Say>) {
    let Some(plan) = case.plan.filter(|plan| plan.basis == Basis::Target) else {
        return;
    };
    for approved in &plan.target {
        let now = by_role(&case.evidence.target, &approved.role);
        if let Some(now) = now.filter(|now| now.identity != approved.identity) {
            refuse(
                said,
                format!(
                    "`{}` is not as it was when plan {} was made",
                    now.locator,
                    plan.short_id()
                ),
            );
        }
    }
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
