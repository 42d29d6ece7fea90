//! What proves that the target is a copy: each piece of evidence as a row.

use super::*;
use crate::encoding::{Encoding, differences};
use crate::evidence::{Collation, Identifier, Lineage};

pub(super) fn plan_facts(plan: &Plan) -> PlanFacts {
    PlanFacts {
        id: plan.id.clone(),
        tool: plan.tool.clone(),
        catalogue: plan.catalogue.clone(),
        profile: plan.profile,
        engine: plan.engine,
        basis: plan.basis,
        makes_the_copy: plan.makes_the_copy(),
    }
}

pub(super) fn databases(parts: &Parts<'_>) -> Vec<DatabasePair> {
    let mut pairs: Vec<DatabasePair> = Vec::new();
    let plan = parts.plan;
    let roles = plan.source.iter().chain(&plan.target).map(|it| &it.role);
    for role in roles {
        if pairs.iter().any(|pair| pair.role == role.to_string()) {
            continue;
        }
        let facts = |planned: &[crate::plan::DatabaseId], seen: Option<&Vec<DatabaseEvidence>>| {
            let planned = planned.iter().find(|it| it.role == *role);
            let seen = seen.and_then(|seen| seen.iter().find(|it| it.role == *role));
            let identity = planned
                .map(|it| it.identity.clone())
                .filter(|identity| !identity.is_empty())
                .or_else(|| {
                    let seen = seen.filter(|it| it.exists)?;
                    Some(seen.identity.clone())
                });
            DatabaseFacts {
                locator: planned.map(|it| it.locator.clone()).unwrap_or_default(),
                identity: identity.unwrap_or_default(),
            }
        };
        pairs.push(DatabasePair {
            role: role.to_string(),
            source: facts(&plan.source, parts.evidence.map(|it| &it.source)),
            target: facts(&plan.target, parts.evidence.map(|it| &it.target)),
        });
    }
    pairs
}

pub(super) fn proof(evidence: &Evidence) -> Vec<Proof> {
    let mut proof = Vec::new();
    for target in &evidence.target {
        let source = evidence.source.iter().find(|it| it.role == target.role);
        match source {
            Some(source) => proof_of(source, target, &mut proof),
            None => proof.push(Proof {
                database: target.role.to_string(),
                what: "Location".to_owned(),
                source: "none".to_owned(),
                target: target.resolved.clone(),
                says: "the source has no such database".to_owned(),
                weight: Weight::Against,
            }),
        }
    }
    for source in &evidence.source {
        if evidence.target.iter().all(|it| it.role != source.role) {
            proof.push(Proof {
                database: source.role.to_string(),
                what: "Location".to_owned(),
                source: source.resolved.clone(),
                target: "none".to_owned(),
                says: "the target has no such database".to_owned(),
                weight: Weight::Against,
            });
        }
    }
    proof
}

/// Source value, target value, what they say together, and what that is worth.
type Said = (String, String, String, Weight);

pub(super) fn proof_of(
    source: &DatabaseEvidence,
    target: &DatabaseEvidence,
    proof: &mut Vec<Proof>,
) {
    let role = target.role.to_string();
    let mut say = |what: &str, said: Said| {
        let (source, target, says, weight) = said;
        proof.push(Proof {
            database: role.clone(),
            what: what.to_owned(),
            source,
            target,
            says,
            weight,
        });
    };
    say("Location", location(source, target));
    say(
        "Database, as the engine knows it",
        engine_file(source, target),
    );
    for one in &source.identifiers {
        let there = target.identifiers.iter().find(|it| it.what == one.what);
        if let Some(there) = there {
            say(&one.what, identifier(one, there));
        }
    }
    if let (Some(left), Some(right)) = (&source.encoding, &target.encoding) {
        say("Character set", encoding(left, right));
    }
    if !target.exists {
        return;
    }
    if source.has.platform || target.has.platform {
        say("Platform version", version(source, target));
        say("Modules, by id and key", modules(source, target));
    }
    say("Newest log row", newest(source, target));
    say("Age of the newest log row", age(source, target));
    say("Used by another program", used(source, target));
    if let (Some(left), Some(right)) = (&source.collation, &target.collation) {
        say("Collation", collation(left, right));
    }
    if let Some(lineage) = &target.lineage {
        let source = source.lineage.as_ref();
        say("Family of backups", family(source, lineage));
        say("Restored", restored(source, lineage));
        if let Some(unfinished) = &lineage.unfinished {
            say("Imports that have not ended", imports(unfinished));
        }
    }
    say("Marks of envclone", marks(source, target));
}

pub(super) fn location(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let same = source.resolved == target.resolved;
    let (says, weight) = if same {
        ("both are the same place", Weight::Against)
    } else {
        ("two places", Weight::For)
    };
    (
        source.resolved.clone(),
        target.resolved.clone(),
        says.to_owned(),
        weight,
    )
}

pub(super) fn engine_file(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let file = |side: &DatabaseEvidence| {
        if side.exists {
            side.file.clone()
        } else {
            "does not exist".to_owned()
        }
    };
    let (says, weight) = match (source.exists, target.exists) {
        (false, _) => ("there is no source", Weight::Against),
        (true, false) => ("nothing stood where the copy was to be made", Weight::For),
        (true, true) if source.file == target.file => {
            ("both are one and the same database", Weight::Against)
        }
        (true, true) => ("two databases", Weight::For),
    };
    (file(source), file(target), says.to_owned(), weight)
}

pub(super) fn version(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<String>| side.known().cloned().unwrap_or_else(not_seen);
    let (says, weight) = match (&source.platform_version, &target.platform_version) {
        (Observed::Known(left), Observed::Known(right)) if left == right => {
            ("the same version, as a copy has".to_owned(), Weight::For)
        }
        (Observed::Known(_), Observed::Known(_)) => (
            "a copy has its source's version".to_owned(),
            Weight::Against,
        ),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (
        text(&source.platform_version),
        text(&target.platform_version),
        says,
        weight,
    )
}

pub(super) fn not_seen() -> String {
    "not seen".to_owned()
}

pub(super) fn modules(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let known: BTreeSet<&String> = source.modules.iter().collect();
    let of = target.modules.len();
    let shared = target
        .modules
        .iter()
        .filter(|module| known.contains(module))
        .count();
    let weight = if of > 0 && shared * 10 >= of * 9 {
        Weight::For
    } else {
        Weight::Against
    };
    (
        source.modules.len().to_string(),
        of.to_string(),
        format!("{shared} of the target's {of} are the source's"),
        weight,
    )
}

pub(super) fn newest(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<Option<String>>| match side.known() {
        Some(Some(at)) => at.clone(),
        Some(None) => "no log row".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match (&source.newest_log, &target.newest_log) {
        (Observed::Known(left), Observed::Known(right)) if right <= left => (
            "the target is not ahead of the source".to_owned(),
            Weight::For,
        ),
        (Observed::Known(_), Observed::Known(_)) => (
            "the target is ahead of the source, which a copy can't be".to_owned(),
            Weight::Against,
        ),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (
        text(&source.newest_log),
        text(&target.newest_log),
        says,
        weight,
    )
}

pub(super) fn age(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<Option<i64>>| match side.known() {
        Some(Some(seconds)) => span(*seconds),
        Some(None) => "no log row".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match &target.log_age_seconds {
        Observed::Known(Some(seconds)) => (
            format!("nothing wrote to the target's log for {}", span(*seconds)),
            Weight::For,
        ),
        Observed::Known(None) => ("the target keeps no log".to_owned(), Weight::Silent),
        Observed::Unknown { why } => (why.clone(), Weight::Silent),
    };
    (
        text(&source.log_age_seconds),
        text(&target.log_age_seconds),
        says,
        weight,
    )
}

pub(super) fn span(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) if minutes == 0 => format!("{seconds} s"),
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

pub(super) fn used(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<Option<String>>| match side.known() {
        Some(Some(who)) => who.clone(),
        Some(None) => "no".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match &target.in_use {
        Observed::Known(None) => ("nobody works with the target".to_owned(), Weight::For),
        Observed::Known(Some(_)) => ("somebody works with the target".to_owned(), Weight::Against),
        Observed::Unknown { why } => (why.clone(), Weight::Silent),
    };
    (text(&source.in_use), text(&target.in_use), says, weight)
}

pub(super) fn collation(source: &Collation, target: &Collation) -> Said {
    let (says, weight) = if source.name == target.name {
        ("the same, as a copy has", Weight::For)
    } else {
        ("a copy has its source's collation", Weight::Against)
    };
    (
        source.name.clone(),
        target.name.clone(),
        says.to_owned(),
        weight,
    )
}

/// Two of a kind are two databases; one alone says nothing, since two schemas are in one database.
pub(super) fn identifier(source: &Identifier, target: &Identifier) -> Said {
    let text = |side: &Identifier| side.value.known().cloned().unwrap_or_else(not_seen);
    let (says, weight) = match (&source.value, &target.value) {
        (Observed::Known(left), Observed::Known(right)) if left == right => {
            ("the same".to_owned(), Weight::Silent)
        }
        (Observed::Known(_), Observed::Known(_)) => ("two of them".to_owned(), Weight::For),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (text(source), text(target), says, weight)
}

/// A copy that is there is what it is: what was lost when it was made can't be seen in it.
pub(super) fn encoding(source: &Observed<Encoding>, target: &Observed<Encoding>) -> Said {
    let text = |side: &Observed<Encoding>| {
        side.known()
            .map_or_else(not_seen, |known| known.characters.clone())
    };
    let (says, weight) = match (source, target) {
        (Observed::Known(left), Observed::Known(right)) => {
            let found = differences(left, right);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            match found.is_empty() {
                true => ("texts stay as they are".to_owned(), Weight::For),
                false => (found.join("; "), Weight::Silent),
            }
        }
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (text(source), text(target), says, weight)
}

pub(super) fn imports(target: &Observed<Vec<String>>) -> Said {
    let (seen, says, weight) = match target {
        Observed::Known(jobs) if jobs.is_empty() => (
            "none".to_owned(),
            "no import is at work or was given up".to_owned(),
            Weight::Silent,
        ),
        Observed::Known(jobs) => (
            jobs.join(", "),
            "whether they are for the copy is not known".to_owned(),
            Weight::Silent,
        ),
        Observed::Unknown { why } => (not_seen(), why.clone(), Weight::Silent),
    };
    ("-".to_owned(), seen, says, weight)
}

pub(super) fn family(source: Option<&Lineage>, target: &Lineage) -> Said {
    let text = |side: Option<&Lineage>| {
        side.and_then(|side| side.family.known())
            .cloned()
            .unwrap_or_else(not_seen)
    };
    let known = source
        .and_then(|source| source.family.known())
        .zip(target.family.known());
    let (says, weight) = match known {
        Some((source, target)) if source == target => {
            ("both come from one first database", Weight::For)
        }
        Some(_) => ("the target comes from another database", Weight::Against),
        None => ("one of them could not be seen", Weight::Silent),
    };
    (text(source), text(Some(target)), says.to_owned(), weight)
}

pub(super) fn restored(source: Option<&Lineage>, target: &Lineage) -> Said {
    let text = |side: Option<&Lineage>| match side.and_then(|side| side.restored.known()) {
        Some(Some(from)) => from.clone(),
        Some(None) => "never".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match &target.restored {
        Observed::Known(Some(_)) => ("the target was restored".to_owned(), Weight::For),
        Observed::Known(None) => ("no restore is on record".to_owned(), Weight::Silent),
        Observed::Unknown { why } => (why.clone(), Weight::Silent),
    };
    (text(source), text(Some(target)), says, weight)
}

pub(super) fn marks(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &DatabaseEvidence| match side.marks.is_empty() {
        true => "none".to_owned(),
        false => side.marks.join(", "),
    };
    let made_of = |copy: &DatabaseEvidence, from: &DatabaseEvidence| {
        !from.file.is_empty() && copy.marks.contains(&format!("clone-of {}", from.file))
    };
    let (says, weight) = if made_of(source, target) {
        (
            "envclone made the source as a copy of the target",
            Weight::Against,
        )
    } else if made_of(target, source) {
        (
            "envclone made the target as a copy of the source",
            Weight::For,
        )
    } else {
        ("no mark binds the two", Weight::Silent)
    };
    (text(source), text(target), says.to_owned(), weight)
}
