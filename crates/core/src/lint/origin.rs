//! Where the target comes from: a copy of this source, whole, and not newer than it.

use super::*;

pub(super) fn versions_differ(case: &Case<'_>, said: &mut Vec<Say>) {
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
pub(super) fn not_a_copy(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn another_family(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn restore_unproven(case: &Case<'_>, said: &mut Vec<Say>) {
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
pub(super) fn import_unfinished(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_is_newer(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn source_is_a_clone(case: &Case<'_>, said: &mut Vec<Say>) {
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
