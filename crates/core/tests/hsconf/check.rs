//! What is seen after the Configuration Tool ran.

use envclone_core::hsconf::{At, Category, Difference, Guard};

use crate::support::*;

#[test]
fn a_file_that_says_what_was_wanted_has_no_differences() {
    for (before, wanted) in [(SQL_SERVER, sql_server()), (ORACLE, oracle())] {
        let text = written(&file(before), &wanted);
        let clear = file(&text).differences(&wanted);
        assert!(!clear.is_empty());
        assert!(
            clear
                .iter()
                .all(|it| matches!(it, Difference::ClearText { .. })),
            "{clear:?}"
        );
        assert_eq!(file(&encrypted(&text)).differences(&wanted), []);
    }
}

#[test]
fn what_points_elsewhere_is_seen() {
    let wanted = sql_server();
    let text = encrypted(&written(&file(SQL_SERVER), &wanted));
    let at = |category, key| At::new(category, key);
    let differences = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        file(&changed).differences(&wanted)
    };
    assert_eq!(
        differences("OUTSYSTEMS_T<", "OUTSYSTEMS_OLD<"),
        [Difference::Other {
            at: at(Category::Platform, "Catalog"),
            found: "OUTSYSTEMS_OLD".to_owned(),
            wanted: "OUTSYSTEMS_T".to_owned(),
        }]
    );
    let catalog = "<Catalog>OUTSYSTEMS_T</Catalog>";
    let gone = differences(catalog, "");
    assert_eq!(
        gone,
        [Difference::Missing {
            at: at(Category::Platform, "Catalog")
        }]
    );
    let hidden = differences(catalog, "<Catalog encrypted=\"true\">x</Catalog>");
    assert_eq!(
        hidden,
        [Difference::Hidden {
            at: at(Category::Platform, "Catalog")
        }]
    );
    let provider = differences(
        "<SessionDatabaseConfiguration ProviderKey=\"SqlServer\"",
        "<SessionDatabaseConfiguration ProviderKey=\"Oracle\"",
    );
    assert!(matches!(
        &provider[..],
        [Difference::Provider {
            category: Category::Session,
            ..
        }]
    ));
    let alias = ORACLE.replacen("<TNSName></TNSName>", "<TNSName>OSPROD</TNSName>", 1);
    let found = file(&alias).differences(&oracle());
    assert!(found.contains(&Difference::Other {
        at: at(Category::Platform, "TNSName"),
        found: "OSPROD".to_owned(),
        wanted: String::new(),
    }));
}

#[test]
fn a_second_edit_changes_nothing_but_secrets() {
    for (before, wanted) in [(SQL_SERVER, sql_server()), (ORACLE, oracle())] {
        let text = written(&file(before), &wanted);
        let again = file(&text);
        let edit = again.edit(&wanted, &Guard::default()).unwrap();
        assert!(edit.changes().iter().all(|it| it.key.ends_with("Password")));
        assert_eq!(written(&again, &wanted), text);
    }
}
