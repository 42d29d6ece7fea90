//! Who works with the target.

use super::*;

pub(super) fn fresh_heartbeat(case: &Case<'_>, said: &mut Vec<Say>) {
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

pub(super) fn target_in_use(case: &Case<'_>, said: &mut Vec<Say>) {
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
pub(super) fn login_of_the_source(case: &Case<'_>, said: &mut Vec<Say>) {
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
