//! What is written.

use envclone_core::engine::Engine;
use envclone_core::hsconf::{At, Category, Change, Guard, Hsconf, Place, WriteError};
use secrecy::{ExposeSecret, SecretString};

use crate::support::*;

fn said(changes: &[Change]) -> String {
    let line = |it: &Change| {
        let from = it.from.as_deref().unwrap_or("(not there)");
        format!("{}/{}: {from} -> {}\n", it.category, it.key, it.to)
    };
    changes.iter().map(line).collect()
}

#[test]
fn a_file_for_sql_server_is_edited() {
    let hsconf = file(SQL_SERVER);
    insta::assert_snapshot!("sqlserver_file", written(&hsconf, &sql_server()));
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    insta::assert_snapshot!("sqlserver_changes", said(edit.changes()));
}

#[test]
fn a_file_for_oracle_is_edited() {
    let hsconf = file(ORACLE);
    insta::assert_snapshot!("oracle_file", written(&hsconf, &oracle()));
    let edit = hsconf.edit(&oracle(), &Guard::default()).unwrap();
    insta::assert_snapshot!("oracle_changes", said(edit.changes()));
}

#[test]
fn an_alias_empties_what_named_the_database_before() {
    let alias = Place::OracleAlias {
        name: "OSTEST2".to_owned(),
    };
    insta::assert_snapshot!("oracle_alias", written(&file(ORACLE), &oracle_with(alias)));
}

#[test]
fn files_are_made_from_nothing() {
    for (name, engine, wanted) in [
        ("sqlserver_fresh", Engine::SqlServer, sql_server()),
        ("oracle_fresh", Engine::Oracle, oracle()),
    ] {
        let text = written(&Hsconf::fresh(engine).unwrap(), &wanted);
        assert!(
            !text.replace("\r\n", "").contains('\n'),
            "lines end as on Windows"
        );
        insta::assert_snapshot!(name, text.replace("\r\n", "\n"));
        assert_eq!(file(&text).engine(), Some(engine));
    }
    assert!(Hsconf::fresh(Engine::Sqlite).is_err());
}

#[test]
fn what_is_missing_is_put_where_it_belongs() {
    let hsconf = |body: &str| {
        file(&format!(
            "<EnvironmentConfiguration>{body}</EnvironmentConfiguration>"
        ))
    };
    let mut wanted = sql_server();
    wanted.cache = None;
    let closed =
        "\n\t<PlatformDatabaseConfiguration ProviderKey=\"SqlServer\" />\n\t<!-- end -->\n";
    insta::assert_snapshot!(
        "closed_and_missing_categories",
        written(&hsconf(closed), &wanted)
    );
    let narrow = "<ServiceConfiguration><CompilerServerPort>12000</CompilerServerPort></ServiceConfiguration>";
    insta::assert_snapshot!("all_on_one_line", written(&hsconf(narrow), &wanted));
    let nothing = file("<EnvironmentConfiguration/>");
    let text = written(&nothing, &wanted);
    assert_eq!(file(&encrypted(&text)).differences(&wanted), []);
}

#[test]
fn marks_line_ends_and_encodings_stay() {
    let plain = written(&file(SQL_SERVER), &sql_server());
    let edit = |bytes: &[u8]| {
        let hsconf = Hsconf::read(bytes).unwrap();
        let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
        edit.write(&mut password).unwrap().expose_secret().to_vec()
    };
    assert_eq!(edit(&windows(SQL_SERVER)), windows(&plain));
    let wide = |text: &str| {
        let text = text.replace("utf-8", "utf-16");
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    assert_eq!(edit(&wide(SQL_SERVER)), wide(&plain));
}

#[test]
fn passwords_are_written_so_that_they_are_read_as_they_are() {
    let text = written(&file(SQL_SERVER), &sql_server());
    let line = format!("<AdminPassword encrypted=\"false\">{PASSWORD_WRITTEN}</AdminPassword>");
    assert_eq!(text.matches(&line).count(), 2, "{text}");
    assert!(Hsconf::read(text.as_bytes()).is_ok());
}

#[test]
fn names_are_written_so_that_they_are_read_as_they_are() {
    let mut wanted = sql_server();
    wanted.platform.admin = "R&D <\"admin\"> 'ü'".to_owned();
    let text = written(&file(SQL_SERVER), &wanted);
    assert!(
        text.contains("<AdminUser encrypted=\"false\">R&amp;D &lt;\"admin\"&gt; 'ü'</AdminUser>")
    );
    let again = file(&text);
    assert_eq!(
        again.value(Category::Platform, "AdminUser"),
        Some("R&D <\"admin\"> 'ü'")
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let clear = SQL_SERVER.replacen(
        "<AdminPassword encrypted=\"true\">$2$bm90IGEgcmVhbCB2ZWN0b3I=c29tZXRoaW5nIGVuY3J5cHRlZA==",
        "<AdminPassword encrypted=\"false\">hunter2 was here",
        1,
    );
    assert!(clear.contains("hunter2"));
    let hsconf = file(&clear);
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    let bytes = edit.write(&mut password).unwrap();
    let shown = format!(
        "{hsconf:?}{edit:?}{:?}{bytes:?}{}{:?}",
        edit.changes(),
        serde_json::to_string(edit.changes()).unwrap(),
        hsconf.differences(&sql_server()),
    );
    for secret in ["hunter2", "p&", "$2$", "bm90"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let passwords = edit
        .changes()
        .iter()
        .filter(|it| it.key.ends_with("Password"));
    let masked = |it: &Change| it.to == "***" && it.from.as_deref() == Some("***");
    assert_eq!(passwords.clone().count(), 6);
    assert!(passwords.clone().all(masked));
    assert_eq!(hsconf.value(Category::Platform, "AdminPassword"), None);
}

#[test]
fn the_from_of_an_encrypted_name_is_masked() {
    let encrypted = "$2$bm90IGEgcmVhbCB2ZWN0b3I=c29tZXRoaW5nIGVuY3J5cHRlZA==";
    let text = SQL_SERVER.replacen(
        "<Catalog>OSLOG_OLD",
        &format!("<Catalog encrypted=\"True\">{encrypted}"),
        1,
    );
    let hsconf = file(&text);
    let edit = hsconf.edit(&sql_server(), &Guard::default()).unwrap();
    let is = |it: &&Change| it.category == Category::Logging && it.key == "Catalog";
    let change = edit.changes().iter().find(is).unwrap();
    assert_eq!(
        (change.from.as_deref(), change.to.as_str()),
        (Some("***"), "OSLOG_T")
    );
    assert!(written(&hsconf, &sql_server()).contains("<Catalog encrypted=\"false\">OSLOG_T<"));
}

#[test]
fn nothing_is_written_without_every_secret() {
    let hsconf = file(ORACLE);
    let wanted = oracle();
    let edit = hsconf.edit(&wanted, &Guard::default()).unwrap();
    assert_eq!(edit.secrets().count(), 5);
    let at = At::new(Category::Session, "SessionPassword");
    let write = |secret: Option<&str>| {
        let mut some = |asked: &At| match secret {
            other if *asked == at => other.map(SecretString::from),
            _ => password(asked),
        };
        edit.write(&mut some).map(|_| ()).unwrap_err()
    };
    assert_eq!(write(None), WriteError::NoSecret(at.clone()));
    assert_eq!(write(Some("")), WriteError::Empty(at.clone()));
    assert_eq!(write(Some("bell\u{7}")), WriteError::Character(at.clone()));
    assert_eq!(write(Some("two\nlines")), WriteError::Character(at.clone()));
}
