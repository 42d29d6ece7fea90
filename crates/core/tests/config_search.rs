//! Looking for the source in files that repeat what `server.hsconf` says.

#![allow(clippy::unwrap_used)]

use envclone_core::config_search::{KEYS, Name, Outcome, Search, SearchError, search};

const MACHINE: &str = include_str!("files/machine.config");

fn look(text: &str, names: &[&str]) -> Search {
    // Those in capitals are catalogs.
    let name = |it: &&str| match it.chars().any(char::is_lowercase) {
        true => Name::Machine((*it).to_owned()),
        false => Name::Database((*it).to_owned()),
    };
    let names: Vec<Name> = names.iter().map(name).collect();
    search(text.as_bytes(), &names).unwrap()
}

#[test]
fn names_are_found_with_their_line_and_key() {
    let found = look(MACHINE, &["prodsql", "PRODUCTION_REPORTS", "OUTSYSTEMS"]);
    let said: Vec<_> = found
        .occurrences
        .iter()
        .map(|it| (it.line, it.key.as_str(), it.name.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (
                5,
                "OutSystems.DB.Platform.Application.Runtime.ConnectionString(DEFAULT)",
                "prodsql"
            ),
            (11, "add/@connectionString", "PRODUCTION_REPORTS"),
        ]
    );
    assert_eq!(found.outcome(), Outcome::Found);
}

#[test]
fn a_catalog_is_looked_for_where_databases_are_named() {
    let found = look(MACHINE, &["OUTSYSTEMS"]);
    assert_eq!(found.occurrences, [], "neither in keys nor in paths");
    let text = MACHINE.replace("OUTSYSTEMS_T", "OutSystems");
    let lines: Vec<_> = look(&text, &["OUTSYSTEMS"])
        .occurrences
        .iter()
        .map(|it| it.line)
        .collect();
    assert_eq!(lines, [5]);
    let text = "<a><add key=\"x\" value=\"User Id=OSADMIN;\"/></a>";
    assert_eq!(look(text, &["OSADMIN"]).outcome(), Outcome::Found);
    assert_eq!(
        look(&text.replace("User Id=", "Owner:"), &["OSADMIN"]).outcome(),
        Outcome::Clean
    );
}

#[test]
fn what_is_encrypted_is_unknown_not_clean() {
    let found = look(MACHINE, &["nowhere"]);
    assert_eq!(found.occurrences, []);
    assert_eq!(found.hidden.len(), 1);
    assert_eq!(
        (found.hidden[0].line, found.hidden[0].key.as_str()),
        (
            7,
            "OutSystems.DB.Platform.Application.Admin.ConnectionString(DEFAULT)"
        )
    );
    assert_eq!(found.outcome(), Outcome::Unknown);
    for hidden in [
        "<configuration><appSettings configProtectionProvider=\"DataProtection\"/></configuration>",
        "<configuration><EncryptedData/></configuration>",
        "<configuration><appSettings file=\"more.config\"/></configuration>",
        "<configuration><connectionStrings configSource=\"more.config\"/></configuration>",
    ] {
        assert_eq!(
            look(hidden, &["nowhere"]).outcome(),
            Outcome::Unknown,
            "{hidden}"
        );
    }
}

#[test]
fn what_was_looked_at_whole_is_clean() {
    let text = "<appSettings><add key=\"a\" value=\"Data Source=testsql\"/></appSettings>";
    assert_eq!(look(text, &["prodsql"]).outcome(), Outcome::Clean);
}

#[test]
fn a_name_that_is_not_searched_for_is_not_clean() {
    let text = "<appSettings><add key=\"a\" value=\"Data Source=db1\"/></appSettings>";
    let found = look(text, &["db1"]);
    assert_eq!(found.left_out.len(), 1);
    assert_eq!(found.outcome(), Outcome::Unknown);
}

#[test]
fn documented_keys_are_recognised_with_the_tenant_behind_them() {
    let present = look(MACHINE, &[]).present;
    assert_eq!(present, [KEYS[5], KEYS[4], KEYS[10]]);
    let spaced = "<appSettings><add key=\"OutSystems.DB.Platform.Application.Session.ConnectionString (DEFAULT)\" value=\"\"/></appSettings>";
    assert_eq!(look(spaced, &[]).present, [KEYS[6]]);
}

#[test]
fn escapes_hide_nothing() {
    let text = "<appSettings><add key=\"OutSystems.ExternalConnections.x\" value=\"ProviderKey=SqlServer&#xD;&#xA;&lt;a&gt;&#112;rodsql&lt;/a&gt;\"/><b>prod<![CDATA[sql]]></b></appSettings>";
    let found = look(text, &["prodsql"]);
    assert_eq!(found.occurrences.len(), 2, "{found:?}");
}

#[test]
fn what_is_no_file_is_refused() {
    assert!(matches!(search(b"<a>", &[]), Err(SearchError::Xml(_))));
    assert!(matches!(
        search(b"\xFF", &[]),
        Err(SearchError::Encoding(_))
    ));
}
