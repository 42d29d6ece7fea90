//! How a run ended, in one sentence.

use super::*;

pub(super) fn outcome(parts: &Parts<'_>, steps: &[StepReport], totals: &Totals) -> Outcome {
    let Totals { items, done, .. } = totals;
    let (kind, sentence) = match parts.run.state {
        RunState::Refused => (OutcomeKind::Refused, refused(parts, *done)),
        RunState::Stopped => (
            OutcomeKind::Stopped,
            format!(
                "The run stopped; {} of {}.",
                grouped(*done),
                counted(*items, "item is done", "items are done")
            ),
        ),
        RunState::Finished if done < items => unfinished(parts, steps, totals),
        RunState::Finished => match parts.verification {
            None => (
                OutcomeKind::Unproven,
                "The copy was cleaned, but not verified.".to_owned(),
            ),
            Some(verification) => judged(verification),
        },
    };
    Outcome { kind, sentence }
}

/// The run went to its end, but items were skipped, or left rows that they should have touched.
pub(super) fn unfinished(
    parts: &Parts<'_>,
    steps: &[StepReport],
    totals: &Totals,
) -> (OutcomeKind, String) {
    let left = steps
        .iter()
        .flat_map(|step| &step.items)
        .filter(|item| item.state == DONE && !item.is_done())
        .count() as u64;
    let mut sentence = format!(
        "The run ended with {} of {} done.",
        grouped(totals.done),
        counted(totals.items, "item", "items")
    );
    if left > 0 {
        sentence += &format!(
            " {} rows that should have been touched.",
            counted(left, "item left", "items left")
        );
    }
    match parts.verification.map(judged) {
        Some((OutcomeKind::Residue, found)) => {
            (OutcomeKind::Residue, format!("{found} {sentence}"))
        }
        _ => (OutcomeKind::Stopped, sentence),
    }
}

pub(super) fn refused(parts: &Parts<'_>, done: u64) -> String {
    let count = parts
        .findings
        .iter()
        .filter(|finding| !overridden(parts, finding))
        .count() as u64;
    let why = match count {
        0 => "The run was refused".to_owned(),
        count => format!(
            "The run was refused for {}",
            counted(count, "reason", "reasons")
        ),
    };
    if done == 0 && parts.results.iter().all(|result| result.state == PENDING) {
        format!("{why}; nothing was changed.")
    } else {
        format!(
            "{why}; {}.",
            counted(done, "item is done", "items are done")
        )
    }
}

pub(super) fn overridden(parts: &Parts<'_>, finding: &Finding) -> bool {
    finding.level == Level::Unknown && parts.overrides.iter().any(|over| over.lint == finding.lint)
}

pub(super) fn judged(verification: &Verification) -> (OutcomeKind, String) {
    let tally = verification.tally();
    let coverage = &verification.coverage;
    let skipped = coverage.skipped.len() as u64;
    let not_made = || counted(u64::from(tally.unknown), "check", "checks");
    let mut sentence = if tally.residue > 0 {
        let left = || {
            let is_left = |check: &&Check| matches!(check.verdict, Verdict::Residue { .. });
            verification.checks.iter().filter(is_left)
        };
        let traces = left().filter(|check| check.id == "scan").count() as u64;
        let broken: BTreeSet<&str> = left()
            .map(|check| check.id.as_str())
            .filter(|id| *id != "scan")
            .collect();
        let broken = broken.len() as u64;
        let names = counted(
            traces,
            "place still names the source",
            "places still name the source",
        );
        let breaks = counted(
            broken,
            "requirement of a safe copy does not hold",
            "requirements of a safe copy do not hold",
        );
        match (traces, broken) {
            (_, 0) => format!("{names}."),
            (0, _) => format!("{breaks}."),
            _ => format!("{names}, and {breaks}."),
        }
    } else if coverage.tables == 0 && coverage.invariants == 0 {
        "The copy was cleaned, but verification had nothing to look at.".to_owned()
    } else if tally.unknown > 0 {
        format!(
            "Nothing of the source was found, but {} could not be made: the copy is not proven clean.",
            not_made()
        )
    } else if tally.accepted > 0 {
        format!(
            "The copy is clean but for {} that a person accepted.",
            counted(u64::from(tally.accepted), "place", "places")
        )
    } else {
        "The copy is clean: nothing of the source was found.".to_owned()
    };
    if tally.residue > 0 && tally.unknown > 0 {
        sentence += &format!(" {} could not be made.", not_made());
    }
    if skipped > 0 {
        sentence += &format!(
            " {} not looked at.",
            counted(skipped, "kind of place was", "kinds of place were")
        );
    }
    let kind = if tally.residue > 0 {
        OutcomeKind::Residue
    } else if tally.unknown > 0 || (coverage.tables == 0 && coverage.invariants == 0) {
        OutcomeKind::Unproven
    } else {
        OutcomeKind::Clean
    };
    (kind, sentence)
}
