//! What the three forms of a report say, and what they never do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where it stands"
)]

use envclone::render;
use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::Statement;
use envclone_core::engine::{Engine, Role};
use envclone_core::evidence::{Contents, DatabaseEvidence, Evidence, Observed};
use envclone_core::lint::{Finding, Level};
use envclone_core::plan::{Basis, DatabaseId, Deed, Guidance, Item, LeftOut, Plan, Reason};
use envclone_core::report::{
    DONE, ItemResult, OutcomeKind, Override, Parts, Report, RunFacts, RunState, SavedFile,
};
use envclone_core::settings::Accept;
use envclone_core::step::Profile;
use envclone_core::verdict::{self, Check, Coverage, Verdict, Verification};

/// All that a report is made of, owned.
struct Case {
    plan: Plan,
    catalogue: Catalogue,
    evidence: Option<Evidence>,
    findings: Vec<Finding>,
    overrides: Vec<Override>,
    run: RunFacts,
    results: Vec<ItemResult>,
    verification: Option<Verification>,
    saved: Vec<SavedFile>,
}

impl Case {
    fn report(&self) -> Report {
        Report::new(Parts {
            plan: &self.plan,
            catalogue: Some(&self.catalogue),
            evidence: self.evidence.as_ref(),
            findings: &self.findings,
            overrides: &self.overrides,
            run: &self.run,
            results: &self.results,
            verification: self.verification.as_ref(),
            saved: &self.saved,
            runbook: None,
        })
    }

    fn all(&self) -> [String; 3] {
        let report = self.report();
        [
            render::html(&report).unwrap(),
            render::markdown(&report),
            render::json(&report).unwrap(),
        ]
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn database(role: Role, locator: &str, identity: &str) -> DatabaseId {
    DatabaseId {
        role,
        locator: text(locator),
        identity: text(identity),
    }
}

fn item(step: &str, title: &str, comment: &str, table: &str, expect: u64) -> Item {
    Item {
        seq: 0,
        step: text(step),
        title: format!("{title}: {comment}"),
        profile: Some(Profile::Official),
        database: Role::Platform,
        group: Some(text("platform")),
        table: Some(text(table)),
        deed: Deed::Sql {
            statements: vec![Statement {
                sql: text("DELETE FROM everything"),
                comment: text(comment),
            }],
        },
        count: String::new(),
        check: String::new(),
        expect: Some(expect),
        save: None,
        referrers: Vec::new(),
    }
}

fn copy(role: Role) -> Item {
    Item {
        title: format!("Copy the {role} database"),
        profile: None,
        group: None,
        table: None,
        expect: None,
        deed: Deed::Copy {
            from: text("a"),
            to: text("b"),
        },
        database: role,
        ..item("clone", "", "", "", 0)
    }
}

fn done(seq: u32, rows: u64, millis: u64) -> ItemResult {
    ItemResult {
        seq,
        before: Some(rows),
        rows: Some(rows),
        after: Some(0),
        millis: Some(millis),
        state: text(DONE),
        note: None,
    }
}

fn check(id: &str, title: &str, table: &str, column: &str, verdict: Verdict) -> Check {
    Check {
        id: text(id),
        title: text(title),
        database: text("platform"),
        table: text(table),
        column: text(column),
        verdict,
    }
}

fn trace(table: &str, column: &str, rows: u64, sample: &str) -> Check {
    check(
        "scan",
        "nothing names the source",
        table,
        column,
        Verdict::Residue {
            rows,
            sample: text(sample),
        },
    )
}

fn observed(role: Role, locator: &str, file: &str) -> DatabaseEvidence {
    DatabaseEvidence {
        role,
        locator: text(locator),
        resolved: format!("/data/{locator}"),
        exists: true,
        file: text(file),
        identity: format!("{file} change 9"),
        has: Contents {
            platform: true,
            logs: true,
            tables: true,
        },
        platform_version: Observed::Known(text("11.30.1.45172")),
        modules: (1..=214).map(|id| format!("{id}:key")).collect(),
        newest_log: Observed::Known(Some(text("2026-03-14 17:59:31"))),
        log_age_seconds: Observed::Known(Some(11_078)),
        in_use: Observed::Known(None),
        lineage: None,
        collation: None,
        encoding: None,
        byte_columns: None,
        identifiers: Vec::new(),
        logins: None,
        server: None,
        marks: Vec::new(),
        catalogs: Vec::new(),
    }
}

fn facts(state: RunState) -> RunFacts {
    RunFacts {
        run: text("2026-03-14-qa-refresh"),
        tool: text("0.1.0"),
        who: text("m.alvarez"),
        machine: text("ops-07"),
        started: text("2026-03-14T21:04:09Z"),
        finished: Some(text("2026-03-14T21:17:54Z")),
        resumed: 0,
        state,
    }
}

fn numbered(mut items: Vec<Item>) -> Vec<Item> {
    for (seq, item) in (1..).zip(&mut items) {
        item.seq = seq;
    }
    items
}

/// A step of one's own, as `(id, text)`.
fn own_step(id: &str, title: &str, why: &str, profile: &str) -> (String, String) {
    let toml = format!(
        "title = {title:?}\nwhy = {why:?}\nsource = \"Migrate an Environment Using a Database Clone\"\n\
         profile = {profile:?}\n[[do]]\nguide.text = \"x\"\n"
    );
    (text(id), toml)
}

/// One copy, one step of two items, everything else once.
fn small() -> Case {
    // Built-in steps change; the steps of these runs are the runs' own.
    let catalogue = Catalogue::with(&[own_step(
        "own-front-ends",
        "Empty the list of front-ends",
        "Publishing in the clone would deploy to the source's front-ends.",
        "official",
    )])
    .unwrap();
    let title = "Empty the list of front-ends";
    let items = numbered(vec![
        copy(Role::Platform),
        item(
            "own-front-ends",
            title,
            "delete rows of ossys_zone_server that refer to ossys_server",
            "ossys_zone_server",
            4,
        ),
        item(
            "own-front-ends",
            title,
            "delete rows of ossys_server",
            "ossys_server",
            3,
        ),
    ]);
    let plan = Plan {
        format: 1,
        id: text("5f2c1a9be07d4411"),
        stamp: String::new(),
        tool: text("0.1.0"),
        catalogue: catalogue.digest().to_owned(),
        profile: Profile::Documented,
        engine: Engine::Sqlite,
        basis: Basis::Source,
        source: vec![database(Role::Platform, "prod.db", "file 11 header a1")],
        target: vec![database(Role::Platform, "qa.db", "")],
        items,
        left_out: vec![LeftOut {
            step: text("lifetime"),
            part: text("whole step"),
            reason: Reason::NoSuchTable {
                table: text("osusr_lt|x"),
            },
        }],
        guides: vec![Guidance {
            step: text("dns"),
            title: text("Point the copy's names at the copy"),
            text: text("Set the DNS names of `qa.example.org`.\nCheck with a browser."),
        }],
    };
    let mut target = observed(Role::Platform, "qa.db", "");
    target.exists = false;
    Case {
        plan,
        catalogue,
        evidence: Some(Evidence {
            source: vec![observed(Role::Platform, "prod.db", "file 11")],
            target: vec![target],
        }),
        findings: vec![Finding {
            lint: text("fresh-heartbeat"),
            level: Level::Unknown,
            what: text("whether `qa.db` is live could not be seen: no log table"),
            hint: text("wait for `safety.heartbeat-minutes`"),
        }],
        overrides: vec![Override {
            lint: text("fresh-heartbeat"),
            because: text("the server is switched off"),
            who: text("m.alvarez"),
        }],
        run: facts(RunState::Finished),
        results: vec![
            ItemResult {
                before: None,
                rows: None,
                ..done(1, 0, 61_400)
            },
            done(2, 4, 12),
            done(3, 3, 9),
        ],
        verification: Some(Verification {
            format: verdict::FORMAT,
            checks: vec![
                check(
                    "no-front-end",
                    "publishing deploys to no front-end of the source",
                    "ossys_server",
                    "",
                    Verdict::Clean,
                ),
                trace(
                    "OSUSR_abc_Setting",
                    "VALUE",
                    1_204,
                    "https://prod.example.org/…",
                ),
                check(
                    "no-mail",
                    "no mail to real people is kept",
                    "ossys_email",
                    "",
                    Verdict::Unknown {
                        why: text("no permission to read it"),
                    },
                ),
                check(
                    "scan",
                    "nothing names the source",
                    "oslog_Error_1",
                    "Server",
                    Verdict::Accepted {
                        rows: 88,
                        because: text("old errors, kept for support"),
                    },
                ),
            ],
            coverage: Coverage {
                databases: 1,
                tables: 412,
                rows: 9_812_004,
                text_bytes: 1_930_000_000,
                binary_bytes: 88_000_000,
                terms: 31,
                secrets: 12,
                invariants: 64,
                skipped: vec![(text("compressed values"), text("they are not unpacked"))],
            },
        }),
        saved: vec![SavedFile {
            path: text("saved/ossys_server.jsonl"),
            rows: 3,
            secrets: text("withheld"),
        }],
    }
}

/// The size of a real run: what the pages are looked at with.
fn large() -> Case {
    let mut case = small();
    let steps = [
        (
            "own-front-ends",
            "Empty the list of front-ends",
            "The copy lists the source's front-ends: publishing in the clone would deploy to them. Rows that refer to a front-end go first.",
            "official",
        ),
        (
            "own-zones",
            "Remove selective deployment zones",
            "Zones name front-ends that the copy does not have, so nothing would be deployed.",
            "official",
        ),
        (
            "own-lifetime",
            "Detach the copy from LifeTime",
            "LifeTime would go on managing the copy as if it were its source: the registration key is made anew, and whoever watched the source stops watching the copy.",
            "official",
        ),
        (
            "own-connections",
            "Remove connections to databases of the source",
            "An extension of the copy would write into the source's external databases.",
            "official",
        ),
        (
            "own-emails",
            "Empty the mail queue",
            "Mails that wait would be sent to real people as soon as the scheduler starts.",
            "official",
        ),
        (
            "own-timers",
            "Reset timers that count as running",
            "A timer that was running when the copy was made would never start again.",
            "documented",
        ),
        (
            "own-processes",
            "Stop process activities that are due",
            "Due activities would run twice: in the source and in the copy.",
            "documented",
        ),
        (
            "own-integrations",
            "Point integrations nowhere",
            "REST and SOAP integrations would call partners with the source's credentials.",
            "documented",
        ),
        (
            "own-sessions",
            "End all sessions",
            "A session token of the source would be valid in the copy.",
            "extra",
        ),
        (
            "own-mobile",
            "Remove mobile builds and certificates",
            "A build made in the copy would be signed as the source's application.",
            "documented",
        ),
    ];
    let own: Vec<(String, String)> = steps
        .iter()
        .map(|(id, title, why, profile)| own_step(id, title, why, profile))
        .collect();
    case.catalogue = Catalogue::with(&own).unwrap();
    case.plan.catalogue = case.catalogue.digest().to_owned();
    case.plan.id = text("5f2c1a9be07d4411a3c05e6677d1fe2090b8cc1d2f5a4e0b97ad3310c4e8f6b2");
    let log = database(Role::Log, "/srv/os11/prod-log.db", "file 12 header b7");
    let customers = Role::Catalog(text("Customers"));
    case.plan.source.extend([
        log,
        database(
            customers.clone(),
            "/srv/os11/prod-customers.db",
            "file 13 header c0",
        ),
    ]);
    case.plan.target.extend([
        database(Role::Log, "/srv/os11/qa-log.db", ""),
        database(customers.clone(), "/srv/os11/qa-customers.db", ""),
    ]);
    let tables = [
        &["ossys_app_pool_server", "ossys_zone_server", "ossys_server"][..],
        &[
            "ossys_platformconfig",
            "ossys_moduleinternaladdress",
            "ossys_modulefrontend",
        ],
        &[
            "ossys_platformsvcs_observer",
            "ossys_cloudservices_observer",
            "ossys_parameter",
            "OSUSR_LT1_ENVIRONMENT",
        ],
        &[
            "ossys_extension_dbconnection",
            "ossys_developer_dbconnection",
            "ossys_dbconnection",
            "ossys_dbconfiguration",
        ],
        &["ossys_email_status", "ossys_email_content", "ossys_email"],
        &["ossys_cyclic_job", "ossys_cyclic_job_shared"],
        &[
            "ossys_bpm_event",
            "ossys_bpm_event_queue",
            "ossys_bpm_activity",
        ],
        &[
            "ossys_rest_web_reference",
            "ossys_soap_consume",
            "ossys_web_reference",
            "ossys_sapconfig",
        ],
        &[
            "ossys_login",
            "ossys_persistent_login",
            "ossys_sso_session",
            "ossys_sessiontoken",
            "ossys_refresh_token",
        ],
        &[
            "ossys_app_mobile_config",
            "ossys_mobile_certificate",
            "ossys_app_mobile_build",
        ],
    ];
    let mut items = vec![copy(Role::Platform), copy(Role::Log), copy(customers)];
    let mut results: Vec<ItemResult> = [(1, 402_300), (2, 188_040), (3, 61_400)]
        .into_iter()
        .map(|(seq, millis)| ItemResult {
            before: None,
            rows: None,
            ..done(seq, 0, millis)
        })
        .collect();
    for ((id, title, _, profile), tables) in steps.iter().zip(tables) {
        for table in tables {
            let verb = if matches!(*id, "own-timers" | "own-integrations") {
                "set columns of"
            } else {
                "delete rows of"
            };
            let seq = u32::try_from(items.len() + 1).unwrap();
            let rows = u64::from(seq).pow(3) % 977 * if *id == "own-emails" { 291 } else { 1 };
            let mut item = item(id, title, &format!("{verb} {table}"), table, rows);
            item.profile = Some(match *profile {
                "documented" => Profile::Documented,
                "extra" => Profile::Extra,
                _ => Profile::Official,
            });
            items.push(item);
            results.push(done(seq, rows, rows / 9 + 4));
        }
    }
    case.plan.items = numbered(items);
    case.results = results;
    for (step, part, reason) in [
        (
            "sap",
            "ossys_sapconfig_ext",
            Reason::NoSuchTable {
                table: text("ossys_sapconfig_ext"),
            },
        ),
        (
            "mobile",
            "ossys_ios_config_details",
            Reason::NoSuchTable {
                table: text("ossys_ios_config_details"),
            },
        ),
        (
            "mobile",
            "ossys_android_config_details",
            Reason::NoSuchTable {
                table: text("ossys_android_config_details"),
            },
        ),
        ("logs", "whole step", Reason::SwitchedOff),
        (
            "passwords",
            "whole step",
            Reason::NotInProfile {
                needs: text("extra"),
            },
        ),
        (
            "saml",
            "whole step",
            Reason::NotInProfile {
                needs: text("extra"),
            },
        ),
    ] {
        case.plan.left_out.push(LeftOut {
            step: text(step),
            part: text(part),
            reason,
        });
    }
    case.plan.guides.extend([
        Guidance { step: text("licence"), title: text("Upload a licence for the copy"), text: text("The source's licence is bound to its serial number. Ask for one and upload it in Service Center, Administration, Licensing.") },
        Guidance { step: text("certificates"), title: text("Renew certificates that modules use"), text: text("Certificates with a private key were copied with the database. Make new ones for the copy, and replace them in each module that has one.") },
    ]);
    let evidence = case.evidence.as_mut().unwrap();
    evidence
        .source
        .push(observed(Role::Log, "prod-log.db", "file 12"));
    evidence
        .target
        .push(observed(Role::Log, "qa-log.db", "file 44"));
    let verification = case.verification.as_mut().unwrap();
    let mut checks: Vec<Check> = (0..34)
        .map(|at| {
            let table = [
                "OSUSR_k3f_SiteSettings",
                "OSUSR_k3f_Document",
                "OSUSR_9ab_Webhook",
                "oslog_Integration_4",
                "OSUSR_77q_CustomerPortalNotificationTemplate",
            ][at % 5];
            trace(
                table,
                [
                    "URL", "BODY", "CALLBACK", "Endpoint", "FOOTER", "HOST", "NOTE",
                ][at / 5],
                (at as u64 * 7919) % 1_300 + 1,
                "…see https://erp.prod.contoso-manufacturing.example/orders/••••••••/attachments…",
            )
        })
        .collect();
    for (id, title, table) in [
        (
            "no-connection",
            "no connection leads to a database of the source",
            "ossys_dbconnection",
        ),
        (
            "no-session",
            "no session of the source is valid in the copy",
            "ossys_login",
        ),
        (
            "no-session",
            "no session of the source is valid in the copy",
            "ossys_sso_session",
        ),
        (
            "no-session",
            "no session of the source is valid in the copy",
            "ossys_refresh_token",
        ),
        (
            "no-pending-mail",
            "no mail waits to be sent",
            "ossys_email_status",
        ),
        (
            "no-running-timer",
            "no timer counts as running on a front-end of the source",
            "ossys_cyclic_job",
        ),
        (
            "no-zone-address",
            "no module is called at an address of the source",
            "ossys_moduleinternaladdress",
        ),
    ] {
        checks.push(check(id, title, table, "", Verdict::Clean));
    }
    checks.push(check(
        "no-service-account",
        "no service account of the source can call LifeTime's interface",
        "ossys_userserviceaccount",
        "",
        Verdict::Residue {
            rows: 2,
            sample: text("svc-lifetime"),
        },
    ));
    verification.checks.extend(checks);
    case
}

#[test]
fn markdown_of_a_small_run() {
    let hash = [("[0-9a-f]{64}", "[hash over the step files]")];
    insta::with_settings!({filters => hash.to_vec()}, {
        insta::assert_snapshot!(render::markdown(&small().report()));
    });
}

#[test]
fn json_of_a_small_run() {
    let hash = [("[0-9a-f]{64}", "[hash over the step files]")];
    insta::with_settings!({filters => hash.to_vec()}, {
        insta::assert_snapshot!(render::json(&small().report()).unwrap());
    });
}

#[test]
fn json_reads_back() {
    let report = large().report();
    let read: Report = serde_json::from_str(&render::json(&report).unwrap()).unwrap();
    assert_eq!(read, report);
}

/// The tags of a page, each closed in order, and the text between them.
fn well_formed(page: &str) -> Vec<&str> {
    let void = ["!DOCTYPE", "meta", "br"];
    let (mut open, mut tags, mut rest) = (Vec::new(), Vec::new(), page);
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(
            !text.contains('>') || text.contains('{'),
            "stray `>` in {text:?}"
        );
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag that ends");
        let tag = &rest[..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        rest = &rest[end + 1..];
        let name = tag.split_whitespace().next().unwrap().trim_end_matches('/');
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !void.contains(&name) && !tag.ends_with('/') {
            open.push(name);
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    tags
}

#[test]
fn the_page_is_well_formed_and_asks_for_nothing() {
    for case in [small(), large()] {
        let page = render::html(&case.report()).unwrap();
        for tag in well_formed(&page) {
            let name = tag.split_whitespace().next().unwrap();
            assert!(
                !["script", "link", "img", "iframe", "object", "base", "form"].contains(&name),
                "<{tag}>"
            );
            assert!(!tag.contains(" src=") && !tag.contains(" on"), "<{tag}>");
            assert!(
                !tag.contains("href=") || tag.contains("href=\"#"),
                "<{tag}>"
            );
            assert!(
                !tag.starts_with("th") || tag == "thead" || tag.contains("scope="),
                "<{tag}>"
            );
        }
        let style = page.split("</style>").next().unwrap();
        assert!(!style.contains("url(") && !style.contains("@import"));
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(
            page.matches("<table").count(),
            page.matches("<caption").count()
        );
    }
    // The pages to look at.
    let folder = env!("CARGO_TARGET_TMPDIR");
    std::fs::write(
        format!("{folder}/report.html"),
        render::html(&large().report()).unwrap(),
    )
    .unwrap();
    std::fs::write(
        format!("{folder}/report.md"),
        render::markdown(&large().report()),
    )
    .unwrap();
}

/// The small run with a hostile text wherever a text comes from outside.
fn hostile(evil: &str) -> Case {
    let mut case = small();
    let evil = || text(evil);
    case.plan.source[0].locator = evil();
    case.plan.source[0].identity = evil();
    case.plan.items[1].title = evil();
    case.plan.items[1].step = evil();
    case.plan.left_out[0].part = evil();
    case.plan.guides[0] = Guidance {
        step: evil(),
        title: evil(),
        text: evil(),
    };
    case.plan.id = evil();
    let evidence = case.evidence.as_mut().unwrap();
    evidence.source[0].resolved = evil();
    evidence.source[0].marks = vec![evil()];
    case.findings[0].what = evil();
    case.overrides[0].because = evil();
    case.run.run = evil();
    case.run.who = evil();
    case.run.started = evil();
    case.results[1].state = evil();
    case.results[1].note = Some(evil());
    let verification = case.verification.as_mut().unwrap();
    verification.checks.extend([
        trace(&evil(), &evil(), 1, &evil()),
        check(&evil(), &evil(), &evil(), &evil(), Verdict::Clean),
        check(
            &evil(),
            &evil(),
            &evil(),
            &evil(),
            Verdict::Unknown { why: evil() },
        ),
    ]);
    verification.coverage.skipped.push((evil(), evil()));
    case.saved[0].path = evil();
    case.saved[0].secrets = evil();
    case
}

#[test]
fn hostile_names_stay_names() {
    for evil in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style></title><b>&amp;",
        "a|b`c|<i>`d``e\\|\n| f |",
        "`<script>`|`\n# head",
        "[x](javascript:alert(1))",
    ] {
        let page = render::html(&hostile(evil).report()).unwrap();
        let tags = well_formed(&page);
        assert!(
            tags.iter()
                .all(|tag| !tag.contains("alert") || tag.contains("content=")),
            "{evil}"
        );
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<i>"));
        assert_eq!(
            tags.len(),
            well_formed(&render::html(&hostile("x").report()).unwrap()).len() + code_tags(&tags)
                - code_tags(&well_formed(&render::html(&hostile("x").report()).unwrap())),
            "{evil}"
        );

        let markdown = render::markdown(&hostile(evil).report());
        let plain = render::markdown(&hostile("x").report());
        assert_eq!(markdown.lines().count(), plain.lines().count(), "{evil}");
        for (line, plain) in markdown.lines().zip(plain.lines()) {
            assert_eq!(cells(line), cells(plain), "{line}");
            assert_eq!(line.starts_with('#'), plain.starts_with('#'), "{line}");
            let outside = outside_code(line);
            let markup = outside.replace("<code>", "").replace("</code>", "");
            assert!(!markup.contains('<'), "{line}");
            assert!(!outside.contains("[x]("), "{line}");
        }
    }
}

fn code_tags(tags: &[&str]) -> usize {
    tags.iter().filter(|tag| tag.ends_with("code")).count()
}

/// The cells of a table's line: a pipe after an odd number of backslashes does not part them.
fn cells(line: &str) -> usize {
    let (mut cells, mut escaped) = (0, false);
    for c in line.chars() {
        if c == '|' && !escaped {
            cells += 1;
        }
        escaped = c == '\\' && !escaped;
    }
    cells
}

/// A line without its code spans, read as GitHub does: a run of backticks ends at a run of the same length.
fn outside_code(line: &str) -> String {
    let line = line.replace("\\\\", "").replace("\\`", "");
    let (mut out, mut rest) = (String::new(), line.as_str());
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let fence = rest.len() - rest.trim_start_matches('`').len();
        let runs = |text: &str| text.len() - text.trim_start_matches('`').len();
        let mut end = fence;
        loop {
            let next = rest[end..].find('`').expect("code that ends") + end;
            let length = runs(&rest[next..]);
            end = next + length;
            if length == fence {
                break;
            }
        }
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn a_secret_is_in_none_of_them() {
    let secret = "hunter2-PLANTED";
    let mut case = small();
    // Where secrets are while a run goes on: statements, queries and saved rows. None of it enters a report.
    for item in &mut case.plan.items {
        item.count = text(secret);
        item.check = text(secret);
        if let Deed::Sql { statements } = &mut item.deed {
            for statement in statements {
                statement.sql = format!("UPDATE t SET PASSWORD = '{secret}'");
            }
        }
    }
    case.evidence.as_mut().unwrap().source[0].modules = vec![text(secret)];
    // A sample comes masked from verification.
    let checks = &mut case.verification.as_mut().unwrap().checks;
    checks.push(trace("t", "PASSWORD", 1, "••••••••"));
    for text in case.all() {
        assert!(!text.contains(secret));
        assert!(text.contains("••••••••"));
    }
}

/// The outcome of the small run after a change.
fn outcome(change: impl FnOnce(&mut Case)) -> (OutcomeKind, String) {
    let mut case = small();
    change(&mut case);
    let outcome = case.report().outcome;
    (outcome.kind, outcome.sentence)
}

fn only(case: &mut Case, verdicts: &[&str]) {
    let verification = case.verification.as_mut().unwrap();
    verification.coverage.skipped.clear();
    verification.checks.retain(|check| {
        let name = match check.verdict {
            Verdict::Clean => "clean",
            Verdict::Residue { .. } => "residue",
            Verdict::Accepted { .. } => "accepted",
            Verdict::Unknown { .. } => "unknown",
        };
        verdicts.contains(&name)
    });
}

#[test]
fn the_outcome_says_how_it_stands() {
    use OutcomeKind::{Clean, Refused, Residue, Stopped, Unproven};
    let is = |found: (OutcomeKind, String), kind, sentence: &str| {
        assert_eq!(found, (kind, text(sentence)));
    };
    is(
        outcome(|case| only(case, &["clean"])),
        Clean,
        "The copy is clean: nothing of the source was found.",
    );
    is(
        outcome(|case| only(case, &["clean", "accepted"])),
        Clean,
        "The copy is clean but for 1 place that a person accepted.",
    );
    is(
        outcome(|case| only(case, &["clean", "unknown"])),
        Unproven,
        "Nothing of the source was found, but 1 check could not be made: the copy is not proven clean.",
    );
    is(
        outcome(|case| only(case, &["residue"])),
        Residue,
        "1 place still names the source.",
    );
    is(
        outcome(|_| ()),
        Residue,
        "1 place still names the source. 1 check could not be made. 1 kind of place was not looked at.",
    );
    is(
        outcome(|case| case.verification = None),
        Unproven,
        "The copy was cleaned, but not verified.",
    );
    is(
        outcome(|case| {
            only(case, &[]);
            case.verification.as_mut().unwrap().coverage = Coverage::default();
        }),
        Unproven,
        "The copy was cleaned, but verification had nothing to look at.",
    );
    is(
        outcome(|case| {
            case.run.state = RunState::Stopped;
            case.results.truncate(1);
        }),
        Stopped,
        "The run stopped; 1 of 3 items are done.",
    );
    is(
        outcome(|case| {
            only(case, &["clean"]);
            case.results[2].after = Some(2);
        }),
        Stopped,
        "The run ended with 2 of 3 items done. 1 item left rows that should have been touched.",
    );
    is(
        outcome(|case| {
            case.run.state = RunState::Refused;
            case.results.clear();
            case.overrides.clear();
        }),
        Refused,
        "The run was refused for 1 reason; nothing was changed.",
    );
}

#[test]
fn what_was_not_done_becomes_work() {
    let mut case = small();
    case.run.state = RunState::Stopped;
    case.verification = None;
    case.results[1].state = text("failed");
    case.results[1].note = Some(text("the disk is full"));
    case.results.truncate(2);
    let report = case.report();
    let tasks: Vec<&str> = report.tasks.iter().map(|task| task.text.as_str()).collect();
    assert_eq!(tasks[0], "failed: the disk is full.");
    assert_eq!(tasks[1], "pending.");
    assert_eq!(report.tasks.len(), 3);
}

#[test]
fn reasons_come_only_from_the_steps_that_the_plan_was_made_of() {
    let mut case = small();
    assert!(case.report().steps[1].why.is_some());
    assert_eq!(case.report().steps[1].title, "Empty the list of front-ends");
    case.plan.catalogue = text("another");
    assert!(case.report().steps[1].why.is_none());
    assert_eq!(case.report().steps[1].title, "Empty the list of front-ends");
}

#[test]
fn what_a_person_accepted_is_no_work() {
    let mut case = small();
    let rule = Accept {
        table: text("OSUSR_abc_*"),
        column: None,
        because: text("an archive"),
    };
    case.verification = case.verification.map(|it| it.judged(&[rule]));
    let verified = case.report().verification.unwrap();
    assert!(verified.residue.is_empty());
    assert_eq!(verified.accepted.len(), 2);
}
