//! A plan that no longer fits what it was made for.

use super::*;

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

pub(super) fn no_common_moment(case: &Case<'_>, said: &mut Vec<Say>) {
    let left_out = case.plan.into_iter().flat_map(|plan| &plan.left_out);
    for part in left_out {
        if let Reason::NoLog { .. } = part.reason {
            said.push((Level::Unknown, part.reason.to_string()));
        }
    }
}

pub(super) fn plan_for_another_target(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn plan_for_another_source(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_changed(case: &Case<'_>, said: &mut Vec<Say>) {
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
