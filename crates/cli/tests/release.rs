//! `release-check` on files: what it counts, and that nothing but the copy is ever looked at or held.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use envclone_core::evidence::Observed;
use envclone_core::release::{ReleaseCheck, Standing};
use support::{Lab, Ran, dump};

const PLATFORM: &str = "outsystems.db";

fn check_of(ran: &Ran) -> ReleaseCheck {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}\n{}{}", ran.out, ran.err))
}

fn check(lab: &Lab) -> ReleaseCheck {
    let ran = lab.run(&["release-check", "--json"]);
    let check = check_of(&ran);
    assert_eq!(
        ran.code,
        if check.is_green() { 0 } else { 7 },
        "{}",
        ran.err
    );
    check
}

#[track_caller]
fn count(check: &ReleaseCheck, id: &str) -> u64 {
    let row = check.rows.iter().find(|row| row.id == id).unwrap();
    *row.count.known().unwrap()
}

fn counts(check: &ReleaseCheck) -> Vec<(&str, u64)> {
    let rows = check.rows.iter();
    rows.map(|row| (row.id.as_str(), *row.count.known().unwrap()))
        .collect()
}

/// What a query by hand says of the copy.
fn by_hand(lab: &Lab, sql: &str) -> u64 {
    lab.number(&lab.target(PLATFORM), sql).try_into().unwrap()
}

const DUE_TIMERS: &str = "SELECT COUNT(*) FROM (SELECT META_CYCLIC_JOB_ID, NEXT_RUN FROM ossys_Cyclic_Job UNION ALL \
     SELECT META_CYCLIC_JOB_ID, NEXT_RUN FROM ossys_Cyclic_Job_Shared) j JOIN ossys_Meta_Cyclic_Job m \
     ON m.ID = j.META_CYCLIC_JOB_ID AND m.IS_ACTIVE = 1 JOIN ossys_Espace e ON e.ID = m.ESPACE_ID AND e.IS_ACTIVE = 1 \
     WHERE j.NEXT_RUN <= datetime('now', 'localtime')";

const DUE_ACTIVITIES: &str = "SELECT COUNT(*) FROM ossys_BPM_Activity a JOIN ossys_BPM_Process p ON p.Id = a.Process_Id \
     JOIN ossys_BPM_Process_Definition d ON d.Id = p.PROCESS_DEF_ID JOIN ossys_Espace e ON e.ID = d.Espace_Id \
     JOIN ossys_BPM_Activity_Definition ad ON ad.Id = a.Activity_Def_Id JOIN ossys_Tenant t ON t.ID = a.Tenant_Id \
     WHERE (a.Is_Running_Since IS NULL OR a.Is_Running_Since = '1900-01-01 00:00:00') \
     AND a.Next_Run <> '1900-01-01 00:00:00' AND a.Next_Run <= datetime('now', 'localtime') \
     AND a.Status_Id NOT IN (5, 11, 12, 13) AND p.STATUS_ID NOT IN (2, 4, 5) AND d.Is_Active = 1 AND d.Is_Locked = 0 \
     AND e.IS_ACTIVE = 1 AND ad.Is_Active = 1 AND t.IS_ACTIVE = 1";

#[test]
fn everything_that_fires_in_a_raw_copy_is_counted() {
    let lab = Lab::adopted();
    let before = dump(&lab.target(PLATFORM));
    let check = check(&lab);
    let (timers, activities) = (by_hand(&lab, DUE_TIMERS), by_hand(&lab, DUE_ACTIVITIES));
    // Four of them are planted: an overdue one, one that was running, and two of tenants.
    assert!(timers > 4 && activities > 1, "{timers} {activities}");
    assert_eq!(
        counts(&check),
        [
            ("timers-due", timers),
            ("timers-when-published", 1),
            ("timers-running", 2),
            ("timers-in-an-hour", 0),
            ("timers-in-a-day", 0),
            ("emails-queued", 1),
            ("emails-running", 0),
            ("events-queued", 2),
            ("activities-due", activities),
            ("activities-running", 1),
        ]
    );
    assert!(!check.is_green());
    assert_eq!(dump(&lab.target(PLATFORM)), before);
}

#[test]
fn what_comes_later_is_told_and_fires_nothing() {
    let lab = Lab::adopted();
    let set = |timer: i64, after: &str| {
        format!(
            "UPDATE ossys_Cyclic_Job_Shared SET NEXT_RUN = datetime('now', 'localtime', '{after}') WHERE META_CYCLIC_JOB_ID = {timer};"
        )
    };
    let all = "UPDATE ossys_Cyclic_Job_Shared SET NEXT_RUN = NULL; UPDATE ossys_Cyclic_Job SET NEXT_RUN = NULL;";
    // Timer 15 belongs to a deleted module.
    let sql = [
        all,
        &set(11, "+30 minutes"),
        &set(12, "+20 hours"),
        &set(13, "+30 hours"),
        &set(15, "-1 hours"),
    ]
    .concat();
    lab.sql(&lab.target(PLATFORM), &sql);
    let check = check(&lab);
    assert_eq!(count(&check, "timers-due"), 0);
    assert_eq!(count(&check, "timers-in-an-hour"), 1);
    assert_eq!(count(&check, "timers-in-a-day"), 2);
    let later = check.rows.iter().filter(|row| !row.fires);
    assert!(later.clone().all(|row| row.standing() == Standing::Green));
    assert_eq!(later.count(), 2);
}

/// A copy in which nothing fires.
fn quiet() -> Lab {
    let lab = Lab::adopted();
    let sql = "DELETE FROM ossys_Cyclic_Job; DELETE FROM ossys_Cyclic_Job_Shared; DELETE FROM OSSYS_EMAIL_STATUS; \
        DELETE FROM ossys_BPM_Event; DELETE FROM ossys_BPM_Event_Queue; DELETE FROM ossys_BPM_Activity;";
    lab.sql(
        &lab.target(PLATFORM),
        &format!("PRAGMA foreign_keys = OFF; {sql}"),
    );
    lab
}

#[test]
fn a_quiet_copy_is_green_and_each_thing_that_fires_makes_it_red() {
    let lab = quiet();
    let ran = lab.run(&["release-check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("nothing would fire"), "{}", ran.err);
    let sql = |sql: &str| lab.sql(&lab.target(PLATFORM), sql);
    let cases = [
        (
            "timers-due",
            "INSERT INTO ossys_Cyclic_Job (ID, META_CYCLIC_JOB_ID, TENANT_ID, NEXT_RUN) VALUES (1, 11, 2, '2020-01-01 00:00:00')",
            "ossys_Cyclic_Job",
        ),
        (
            "timers-when-published",
            "INSERT INTO ossys_Cyclic_Job_Shared (META_CYCLIC_JOB_ID, SCHEDULE) VALUES (12, 'When Published')",
            "ossys_Cyclic_Job_Shared",
        ),
        (
            "timers-running",
            "INSERT INTO ossys_Cyclic_Job_Shared (META_CYCLIC_JOB_ID, IS_RUNNING_SINCE) VALUES (12, '2020-01-01 00:00:00')",
            "ossys_Cyclic_Job_Shared",
        ),
        (
            "emails-queued",
            "INSERT INTO OSSYS_EMAIL_STATUS (ID, TENANT_ID, SENT, NEXT_RUN) VALUES (1, 2, NULL, NULL)",
            "OSSYS_EMAIL_STATUS",
        ),
        (
            "events-queued",
            "INSERT INTO ossys_BPM_Event (Id) VALUES (1)",
            "ossys_BPM_Event",
        ),
        (
            "events-queued",
            "INSERT INTO ossys_BPM_Event_Queue (Id) VALUES (1)",
            "ossys_BPM_Event_Queue",
        ),
        (
            "activities-due",
            "INSERT INTO ossys_BPM_Activity (Tenant_Id, Id, Activity_Def_Id, Process_Id, Status_Id, Next_Run) VALUES (2, 1, 1, 41, 9, '2020-01-01 00:00:00')",
            "ossys_BPM_Activity",
        ),
        (
            "activities-running",
            "INSERT INTO ossys_BPM_Activity (Tenant_Id, Id, Process_Id, Status_Id, Is_Running_Since) VALUES (2, 1, 41, 9, '2020-01-01 00:00:00')",
            "ossys_BPM_Activity",
        ),
    ];
    for (id, insert, table) in cases {
        sql(&format!("PRAGMA foreign_keys = OFF; {insert}"));
        let check = check(&lab);
        let red = check
            .rows
            .iter()
            .filter(|row| row.standing() == Standing::Red);
        let red: Vec<_> = red.map(|row| row.id.as_str()).collect();
        assert_eq!(red, [id]);
        assert!(!check.is_green());
        sql(&format!("DELETE FROM {table}"));
    }
    assert!(check(&lab).is_green());
}

#[test]
fn what_an_environment_lacks_is_left_out_and_what_nobody_can_see_is_not_green() {
    let lab = quiet();
    let sql = |sql: &str| lab.sql(&lab.target(PLATFORM), sql);
    sql("DROP TABLE ossys_BPM_Event");
    let seen = check(&lab);
    let row = seen
        .rows
        .iter()
        .find(|row| row.id == "events-queued")
        .unwrap();
    assert_eq!(row.count, Observed::Known(0));
    assert_eq!(row.left_out.len(), 1);
    assert!(row.left_out[0].why.contains("ossys_bpm_event"));
    assert!(seen.is_green());
    sql("DROP TABLE OSSYS_EMAIL_STATUS");
    let seen = check(&lab);
    let unknown = seen
        .rows
        .iter()
        .filter(|row| row.standing() == Standing::Unknown);
    let unknown: Vec<_> = unknown.map(|row| row.id.as_str()).collect();
    assert_eq!(unknown, ["emails-queued", "emails-running"]);
    assert!(!seen.is_green());
    let ran = lab.run(&["release-check"]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(ran.err.contains("ossys_email_status"), "{}", ran.err);
}

#[test]
fn endpoints_are_the_effective_ones_and_show_no_credentials() {
    let lab = quiet();
    lab.sql(
        &lab.target(PLATFORM),
        "UPDATE OSSYS_SOAP_CONSUME SET EFFECTIVE_URL = 'https://me:s3cret@Tax.example.net:8443/T/T024BE7LH/x?key=s3cret';
         UPDATE OSSYS_REST_WEB_REFERENCE SET EFFECTIVE_URL = ' ' WHERE ID = 11;",
    );
    let ran = lab.run(&["release-check", "--json"]);
    assert!(
        !ran.out.contains("s3cret") && !ran.out.contains("T024BE7LH"),
        "{}",
        ran.out
    );
    let check = check_of(&ran);
    let found = check.endpoints.found.known().unwrap();
    let of = |name: &str, kind: &str| {
        let one = found
            .iter()
            .find(|one| one.name == name && one.kind == kind);
        one.map(|one| (one.host.as_str(), one.address.as_str(), one.module.as_str()))
    };
    let soap = (
        "tax.example.net",
        "https://Tax.example.net:8443/T/…/x",
        "Partner_IS",
    );
    assert_eq!(of("TaxService", "SOAP"), Some(soap));
    // A blank one gives way to the design's.
    assert!(
        of("PartnerApi", "REST")
            .unwrap()
            .1
            .ends_with("/PartnerStub/rest/v2")
    );
    assert_eq!(
        of("PartnerApi", "REST token").unwrap().0,
        "login.partner.example.net"
    );
    assert_eq!(of("Weather", "REST").unwrap().0, "weather.example.org");
    assert_eq!(
        of("Stock", "SOAP (web reference)").unwrap().0,
        "stock.warehouse.example.net"
    );
    assert_eq!(of("Books", "SAP").unwrap().0, "books.example.net");
    assert_eq!(
        of("Books", "SAP router").unwrap().1,
        "/H/router.books.example.net"
    );
    let properties = found.iter().filter(|one| one.kind == "site property");
    assert!(properties.clone().count() > 0);
    for one in properties {
        let sql = format!(
            "SELECT COUNT(*) FROM ossys_Site_Property_Definition WHERE NAME = '{}'",
            one.name
        );
        assert!(by_hand(&lab, &sql) > 0, "{one:?}");
    }
    assert!(check.is_green(), "endpoints make nothing red by themselves");
}

#[test]
fn the_source_is_refused() {
    let lab = Lab::adopted();
    lab.settings_with("adopt", "", "source", "source");
    let before = dump(&lab.source(PLATFORM));
    lab.run(&["release-check"]).refused_by("target-is-source");
    assert_eq!(dump(&lab.source(PLATFORM)), before);
}
