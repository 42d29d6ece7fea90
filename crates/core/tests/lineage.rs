//! Refusals by what an engine with servers says of its databases: where they come from, how they compare texts.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use envclone_core::encoding::Encoding;
use envclone_core::engine::{Engine, Role};
use envclone_core::evidence::{Collation, Contents, DatabaseEvidence, Evidence, Lineage, Observed};
use envclone_core::lint::{Case, Level, lint};
use envclone_core::plan::{Basis, LeftOut, Plan, Reason};
use envclone_core::settings::{NewUser, Rights, Safety, Security};
use envclone_core::step::Profile;

fn seen(text: &str) -> Observed<String> {
    Observed::Known(text.to_owned())
}

fn unseen<T>() -> Observed<T> {
    Observed::Unknown {
        why: "not permitted".to_owned(),
    }
}

fn database(name: &str, lineage: Lineage) -> DatabaseEvidence {
    DatabaseEvidence {
        role: Role::Platform,
        locator: name.to_owned(),
        resolved: name.to_owned(),
        exists: true,
        file: name.to_owned(),
        identity: name.to_owned(),
        has: Contents {
            platform: true,
            logs: false,
            tables: true,
        },
        platform_version: seen("11.30.1"),
        modules: vec!["1:a".to_owned()],
        newest_log: Observed::Known(None),
        log_age_seconds: Observed::Known(None),
        in_use: Observed::Known(None),
        lineage: Some(lineage),
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

fn source() -> Lineage {
    Lineage {
        family: seen("F1"),
        own: seen("G1"),
        restored: Observed::Known(None),
        unfinished: None,
    }
}

/// The lint and level of everything that speaks against a run with this target.
struct Found(Vec<(String, Level)>);

impl Found {
    fn with(target: Lineage) -> Self {
        Self::of(database("prod", source()), database("copy", target))
    }

    fn of(source: DatabaseEvidence, target: DatabaseEvidence) -> Self {
        Self::by_plan(source, target, None)
    }

    fn by_plan(source: DatabaseEvidence, target: DatabaseEvidence, plan: Option<&Plan>) -> Self {
        Self::all(source, target, plan, &Security::default(), false)
    }

    /// Where the copy gets users.
    fn made(source: DatabaseEvidence, target: DatabaseEvidence, security: &Security) -> Self {
        Self::all(source, target, None, security, false)
    }

    fn all(
        source: DatabaseEvidence,
        target: DatabaseEvidence,
        plan: Option<&Plan>,
        security: &Security,
        makes_the_copy: bool,
    ) -> Self {
        let evidence = Evidence {
            source: vec![source],
            target: vec![target],
        };
        let case = Case {
            evidence: &evidence,
            safety: &Safety::default(),
            security,
            plan,
            makes_the_copy,
        };
        Self(
            lint(&case)
                .into_iter()
                .map(|finding| (finding.lint, finding.level))
                .collect(),
        )
    }

    fn refused_by(&self, id: &str) -> Option<Level> {
        self.0
            .iter()
            .find(|(lint, _)| lint == id)
            .map(|(_, level)| *level)
    }
}

#[test]
fn a_database_of_another_family_is_no_copy() {
    let found = Found::with(Lineage {
        family: seen("F2"),
        own: seen("G2"),
        restored: Observed::Known(Some("yesterday, from other".to_owned())),
        unfinished: None,
    });
    assert_eq!(found.refused_by("another-family"), Some(Level::Refused));
}

#[test]
fn a_restore_is_proven_by_history_or_by_ids() {
    let by_history = Lineage {
        family: unseen(),
        own: unseen(),
        restored: Observed::Known(Some("yesterday, from prod".to_owned())),
        unfinished: None,
    };
    let by_ids = Lineage {
        family: seen("F1"),
        own: seen("G2"),
        restored: Observed::Known(None),
        unfinished: None,
    };
    for proven in [by_history, by_ids] {
        assert_eq!(Found::with(proven).0, []);
    }
}

#[test]
fn what_nobody_may_see_proves_nothing() {
    let blind = Lineage {
        family: unseen(),
        own: unseen(),
        restored: unseen(),
        unfinished: None,
    };
    let never = Lineage {
        restored: Observed::Known(None),
        ..blind.clone()
    };
    // The files of the source, copied: same ids, and never restored.
    let files = source();
    for unproven in [blind, never, files] {
        let found = Found::with(unproven);
        assert_eq!(found.refused_by("restore-unproven"), Some(Level::Unknown));
    }
}

#[test]
fn collations_must_ignore_case_and_be_the_same() {
    let proven = Lineage {
        own: seen("G2"),
        ..source()
    };
    let with = |source_name: &str, target_name: &str| {
        let collation = |name: &str| {
            Some(Collation {
                name: name.to_owned(),
                ignores_case: Some(name.contains("CI")),
            })
        };
        let (mut left, mut right) = (database("prod", source()), database("copy", proven.clone()));
        left.collation = collation(source_name);
        right.collation = collation(target_name);
        Found::of(left, right)
    };
    assert_eq!(with("Latin1_CI_AI", "Latin1_CI_AI").0, []);
    let found = with("Latin1_CI_AI", "Latin1_CI_AS");
    assert_eq!(found.refused_by("collations-differ"), Some(Level::Refused));
    let found = with("Latin1_CS_AS", "Latin1_CS_AS");
    assert_eq!(
        found.refused_by("collation-tells-case"),
        Some(Level::Refused)
    );
    assert_eq!(found.refused_by("collations-differ"), None);
}

#[test]
fn copies_that_are_of_different_moments_are_for_a_person_to_decide() {
    let with = |reason| {
        let plan = Plan {
            format: 1,
            id: String::new(),
            stamp: String::new(),
            tool: String::new(),
            catalogue: String::new(),
            profile: Profile::Official,
            engine: Engine::SqlServer,
            basis: Basis::Source,
            source: Vec::new(),
            target: Vec::new(),
            items: Vec::new(),
            left_out: vec![LeftOut {
                step: "clone".to_owned(),
                part: "one moment for all databases".to_owned(),
                reason,
            }],
            guides: Vec::new(),
        };
        let target = Lineage {
            own: seen("G2"),
            ..source()
        };
        let (left, right) = (database("prod", source()), database("copy", target));
        Found::by_plan(left, right, Some(&plan))
    };
    let found = with(Reason::NoLog {
        database: "log database".to_owned(),
        model: "SIMPLE".to_owned(),
    });
    assert_eq!(found.refused_by("no-common-moment"), Some(Level::Unknown));
    // Whoever wrote it into the settings has decided.
    let found = with(Reason::NotTogether);
    assert_eq!(found.refused_by("no-common-moment"), None);
}

#[test]
fn a_login_of_the_source_on_the_same_server_is_no_login_of_the_copy() {
    let security = Security {
        create: vec![NewUser {
            databases: vec![Role::Platform],
            login: "OSRuntime".to_owned(),
            user: None,
            rights: Rights::Runtime,
        }],
        ..Security::default()
    };
    let with = |logins: Observed<Vec<String>>, server: &str, security: &Security| {
        let (mut left, mut right) = (
            database("prod", source()),
            database(
                "copy",
                Lineage {
                    own: seen("G2"),
                    ..source()
                },
            ),
        );
        left.logins = Some(logins);
        left.server = Some("SQL1".to_owned());
        right.server = Some(server.to_owned());
        // The copy need not exist yet.
        right.exists = false;
        Found::made(left, right, security).refused_by("login-of-the-source")
    };
    let logins = || Observed::Known(vec!["sa".to_owned(), "OSRUNTIME".to_owned()]);
    assert_eq!(with(logins(), "sql1", &security), Some(Level::Refused));
    assert_eq!(with(unseen(), "sql1", &security), Some(Level::Unknown));
    // Another server has a login of its own under that name.
    assert_eq!(with(logins(), "SQL2", &security), None);
    let other = Observed::Known(vec!["sa".to_owned()]);
    assert_eq!(with(other, "sql1", &security), None);
    assert_eq!(with(unseen(), "sql1", &Security::default()), None);
}

fn encoding(characters: &str, bytes: bool) -> Encoding {
    Encoding {
        characters: characters.to_owned(),
        unicode: characters == "AL32UTF8",
        bytes,
    }
}

#[test]
fn texts_that_would_not_come_across_end_a_run_that_makes_the_copy() {
    let with = |makes, from: Observed<Encoding>, to: Observed<Encoding>, columns| {
        let (mut left, mut right) = (database("prod", source()), database("copy", source()));
        left.encoding = Some(from);
        left.byte_columns = Some(columns);
        right.encoding = Some(to);
        right.exists = false;
        let found = Found::all(left, right, None, &Security::default(), makes);
        [
            found.refused_by("characters-lost"),
            found.refused_by("texts-too-long"),
        ]
    };
    let wide = |bytes| Observed::Known(encoding("AL32UTF8", bytes));
    let narrow = |bytes| Observed::Known(encoding("WE8MSWIN1252", bytes));
    let other = || Observed::Known(encoding("WE8ISO8859P15", true));
    let (some, none) = (|| Observed::Known(7), || Observed::Known(0));
    let (refused, unknown) = (Some(Level::Refused), Some(Level::Unknown));
    assert_eq!(with(true, wide(true), wide(true), some()), [None, None]);
    assert_eq!(
        with(true, wide(true), narrow(true), some()),
        [refused, None]
    );
    // A copy that is there has lost what it has lost.
    assert_eq!(with(false, wide(true), narrow(true), some()), [None, None]);
    assert_eq!(with(true, other(), narrow(true), some()), [unknown, None]);
    assert_eq!(
        with(true, narrow(true), wide(true), some()),
        [None, unknown]
    );
    assert_eq!(with(true, narrow(true), wide(true), none()), [None, None]);
    assert_eq!(
        with(true, narrow(true), wide(true), unseen()),
        [None, unknown]
    );
    assert_eq!(with(true, wide(false), wide(true), none()), [None, unknown]);
    assert_eq!(with(true, unseen(), wide(true), some()), [unknown, unknown]);
    assert_eq!(with(true, wide(true), unseen(), some()), [unknown, unknown]);
}

#[test]
fn an_import_that_has_not_ended_is_for_a_person_to_decide() {
    let with = |unfinished, makes| {
        let lineage = Lineage {
            unfinished,
            own: seen("G2"),
            ..source()
        };
        let (left, right) = (database("prod", source()), database("copy", lineage));
        let found = Found::all(left, right, None, &Security::default(), makes);
        found.refused_by("import-unfinished")
    };
    let one = || Some(Observed::Known(vec!["SYSTEM.J (NOT RUNNING)".to_owned()]));
    assert_eq!(with(one(), false), Some(Level::Unknown));
    assert_eq!(with(one(), true), None);
    assert_eq!(with(Some(Observed::Known(Vec::new())), false), None);
    // Who may not see them can't tell, and is asked about the proof of the copy already.
    assert_eq!(with(Some(unseen()), false), None);
    assert_eq!(with(None, false), None);
}
