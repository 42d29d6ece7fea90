//! Which databases a file leads to, and what it says of its environment.

use envclone_core::hsconf::{Category, Guard, Hsconf, Place, Refusal};

use super::support::{ORACLE, SQL_SERVER, file, oracle_with, refused, sql_server};

fn leads(text: &str) -> Vec<String> {
    let file = file(text);
    file.leads_to().iter().map(ToString::to_string).collect()
}

#[test]
fn catalogs_are_told_with_their_server() {
    let on = |name: &str| format!("{name} on testsql.lab.example\\OS11");
    assert_eq!(
        leads(SQL_SERVER),
        ["OSLOG_OLD", "OSSESSION_OLD", "OUTSYSTEMS_OLD"].map(on)
    );
    // What is encrypted is not known.
    let hidden = SQL_SERVER.replacen(
        "<Catalog>OUTSYSTEMS_OLD</Catalog>",
        "<Catalog encrypted=\"true\">$2$bm90</Catalog>",
        1,
    );
    assert_ne!(hidden, SQL_SERVER);
    assert_eq!(leads(&hidden), ["OSLOG_OLD", "OSSESSION_OLD"].map(on));
}

#[test]
fn on_oracle_users_are_told_with_service_or_alias() {
    insta::assert_snapshot!(leads(ORACLE).join("\n"));
}

#[test]
fn an_environment_is_known_by_its_file_without_a_secret() {
    let identity = file(SQL_SERVER).identity("4f1c".to_owned());
    insta::assert_snapshot!(toml::to_string(&identity).unwrap());
    let identity = file(ORACLE).identity("4f1c".to_owned());
    insta::assert_snapshot!(toml::to_string(&identity).unwrap());
}

#[test]
fn sessions_on_the_source_s_server_must_be_known_apart() {
    let by_service = oracle_with(Place::OracleService {
        host: "testora.lab.example".to_owned(),
        port: 1521,
        service: "OSTEST".to_owned(),
    });
    let unknown_on = |server: &str| Guard {
        sessions_unknown_on: Some(server.to_owned()),
        ..Guard::default()
    };
    for (text, wanted, same, other, own) in [
        (
            SQL_SERVER,
            sql_server(),
            "TESTSQL\\OS11",
            "prodsql.example",
            "Catalog",
        ),
        (
            ORACLE,
            by_service,
            "testora:1521/ostest",
            "testora:1521/OSPROD",
            "SessionUser",
        ),
    ] {
        let found = refused(text, &wanted, &unknown_on(same));
        assert!(
            matches!(&found[..], [Refusal::SessionUnknown { at }] if at.category == Category::Session && at.key == own),
            "{found:?}"
        );
        // On another server they are other sessions, whatever they are called.
        assert!(file(text).edit(&wanted, &unknown_on(other)).is_ok());
    }
}

#[test]
fn a_cache_that_nobody_names_is_on_the_controller() {
    let mut wanted = sql_server();
    wanted.cache = None;
    let machines = ["APP1".to_owned(), "APP2".to_owned()];
    let host = |text: &str, machines: &[String]| {
        let wanted = file(text).completed(&wanted, machines);
        wanted.cache.map(|cache| cache.host)
    };
    assert_eq!(host(SQL_SERVER, &machines), None, "the file names one");
    let own = "<ServiceHost>testweb01</ServiceHost>";
    assert!(SQL_SERVER.contains(own));
    let controller = Some("APP1".to_owned());
    for said in ["", "<ServiceHost/>", "<ServiceHost>localhost</ServiceHost>"] {
        let text = SQL_SERVER.replace(own, said);
        assert_eq!(host(&text, &machines), controller, "{said}");
    }
    // On the only machine, that machine is right.
    let text = SQL_SERVER.replace(own, "<ServiceHost>localhost</ServiceHost>");
    assert_eq!(host(&text, &machines[..1]), None);
    let fresh = Hsconf::fresh(wanted.engine()).unwrap();
    let completed = fresh.completed(&wanted, &machines);
    assert_eq!(completed.cache.map(|cache| cache.host), controller);
}
