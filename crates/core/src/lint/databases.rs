//! Which databases a run is about: that they are there, apart, and what they are said to be.

use super::*;

pub(super) fn target_is_source(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn source_twice(case: &Case<'_>, said: &mut Vec<Say>) {
    twice(&case.evidence.source, "source", said);
}

pub(super) fn target_twice(case: &Case<'_>, said: &mut Vec<Say>) {
    twice(&case.evidence.target, "target", said);
}

pub(super) fn target_is_protected(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn source_missing(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn source_is_no_platform(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn platform_too_old(case: &Case<'_>, said: &mut Vec<Say>) {
    let version = platform(&case.evidence.source).and_then(|it| it.platform_version.known());
    let major = version.and_then(|version| version.split('.').next()?.trim().parse::<u32>().ok());
    if let (Some(version), Some(major)) = (version, major)
        && major < OLDEST_PLATFORM
    {
        refuse(said, format!("the source's platform has version {version}"));
    }
}

pub(super) fn target_exists(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_missing(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_is_no_platform(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_log_is_no_log(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn databases_differ(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn catalog_unknown(case: &Case<'_>, said: &mut Vec<Say>) {
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
