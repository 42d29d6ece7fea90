//! The whole run over the Oracle wire, compared row by row with the same run on files.
//!
//! What speaks is the driver, and what executes is MariaDB in its Oracle mode, behind a front that plays Oracle. Where
//! MariaDB is not installed these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use support::oracle::{Oracle, SOURCE, on_files, roles};

#[test]
fn a_run_leaves_what_it_leaves_in_files() {
    for profile in ["official", "extra"] {
        let Some(oracle) = Oracle::adopting(profile) else {
            return;
        };
        let before: Vec<_> = roles()
            .iter()
            .map(|role| oracle.content(SOURCE, role))
            .collect();

        let id = oracle.plan_id();
        let ran = oracle.run(&["refresh", "--approve", &id]);
        eprintln!("{profile}:\n{}", ran.err);
        assert!([0, 7].contains(&ran.code), "{}", ran.err);

        oracle.assert_like(&on_files(profile), profile);
        for (before, role) in before.iter().zip(roles()) {
            assert!(
                oracle.content(SOURCE, &role) == *before,
                "{profile}: the source's {role:?} schemas were changed"
            );
        }
    }
}
