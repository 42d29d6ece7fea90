//! A source and its copy in schemas, over the Oracle wire.

use std::fs;
use std::path::Path;

use envclone_db::oracle::Loader;
use envclone_db::{Access, Engine};
use envclone_rehearsal::oracle::{Loaders, fill};
use envclone_rehearsal::{Role, Spec};
use envclone_testing::oracle::{DBA, OracleLab, PASSWORD};
use envclone_testing::{rows, tables};
use envclone_tns_server::{Answer, MariaDb, Request};
use tempfile::TempDir;

use super::{CATALOG, Lab, Ran};

/// The seed and scale of the lab's files.
pub(crate) const SPEC: Spec = Spec { scale: 1, seed: 7 };

/// The variable that the settings take the password from.
const SECRET: &str = "ENVCLONE_ORACLE_PASSWORD";

/// The schemas of the source and those of its copy: Admin, Runtime, log, and the extra one.
pub(crate) const SOURCE: [&str; 4] = ["OSADMIN", "OSRUNTIME", "OSADMIN_LOG", "LEDGER"];
pub(crate) const TARGET: [&str; 4] = ["QA_OSADMIN", "QA_OSRUNTIME", "QA_OSADMIN_LOG", "QA_LEDGER"];

/// The line of settings that names the folder of one's own steps.
pub(crate) const OWN: &str = "steps = \"own\"";

/// No built-in step changes the rehearsal's extra schema: one of one's own does, so that all schemas have something to lose.
pub(crate) fn write_own_steps(folder: &Path) {
    let own = folder.join("own");
    fs::create_dir(&own).unwrap();
    let step = format!(
        "title = \"Let the ledger export nowhere\"\nwhy = \"Its settings name the source's partner.\"\n\
         source = \"Our runbook\"\nprofile = \"official\"\ndatabase = \"catalog:{CATALOG}\"\n\
         [[do]]\nset-columns.table = \"OSUSR_L3D_LEDGERSETTING\"\nset-columns.set.VALUE = \"nowhere\"\n"
    );
    fs::write(own.join("ledger.toml"), step).unwrap();
}

/// A source and a copy of it in one database, and settings that take the copy over.
pub(crate) struct Oracle {
    pub(crate) lab: OracleLab,
    folder: TempDir,
}

impl Oracle {
    /// Both sides filled; nothing where MariaDB is not installed.
    pub(crate) fn adopting(profile: &str) -> Option<Self> {
        Self::adopting_with(profile, |_| None)
    }

    /// The same, with a script that answers what it wants to.
    pub(crate) fn adopting_with(
        profile: &str,
        script: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Option<Self> {
        Self::adopting_played(profile, move |_, request| script(request))
    }

    /// The same, with a script that may have the database do something for its answer.
    pub(crate) fn adopting_played(
        profile: &str,
        script: impl Fn(&MariaDb, &Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Option<Self> {
        let all = [SOURCE, TARGET].concat();
        let lab = OracleLab::start_with(&all, script)?;
        fill_schemas(&lab, SOURCE);
        fill_schemas(&lab, TARGET);
        Some(Self::of(lab, profile, "adopt"))
    }

    /// The source filled, and no copy yet.
    pub(crate) fn making(lab: OracleLab, profile: &str) -> Self {
        fill_schemas(&lab, SOURCE);
        Self::of(lab, profile, "make")
    }

    fn of(lab: OracleLab, profile: &str, clone: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let side = |name: &str, schemas: [&str; 4]| {
            let [platform, runtime, log, extra] = schemas;
            format!(
                "[{name}]\nengine = \"oracle\"\nplatform = \"{platform}\"\nruntime = \"{runtime}\"\nlog = \"{log}\"\n\
                 [{name}.catalogs]\n{CATALOG} = \"{extra}\"\n\
                 [{name}.server]\nhost = \"127.0.0.1\"\nport = {}\nservice = \"freepdb1\"\nuser = \"{DBA}\"\n\
                 password = {{ env = \"{SECRET}\" }}\n",
                lab.front.port()
            )
        };
        let text = format!(
            "profile = \"{profile}\"\nclone = \"{clone}\"\n{OWN}\n{}{}",
            side("source", SOURCE),
            side("target", TARGET)
        );
        write_own_steps(folder.path());
        fs::write(folder.path().join("envclone.toml"), text).unwrap();
        Self { lab, folder }
    }

    /// The folder of the settings.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .env(SECRET, PASSWORD)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }

    /// A table of the Runtime schema whose two rows refer to front-ends of the Admin schema, and would go with them.
    pub(crate) fn surprised(&self, [platform, runtime, ..]: [&str; 4]) {
        let rack = format!("{runtime}.osusr_zzz_rack").to_lowercase();
        let parent = format!("{platform}.ossys_server").to_lowercase();
        let statements = [
            format!(
                "CREATE TABLE {rack} AS SELECT ID AS \"ID\", ID AS \"SERVERID\" FROM {parent} ORDER BY ID LIMIT 2"
            ),
            format!(
                "ALTER TABLE {rack} ADD CONSTRAINT FK_RACK FOREIGN KEY (SERVERID) REFERENCES {parent} (ID) ON DELETE CASCADE"
            ),
        ];
        let statements = statements.each_ref().map(String::as_str);
        self.lab.database.run(&statements).unwrap();
    }

    /// The id of a plan for it.
    pub(crate) fn plan_id(&self) -> String {
        let plan = self.run(&["plan", "--json"]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        plan["id"].as_str().unwrap()[..12].to_owned()
    }

    /// Every row of a side's tables with this role.
    pub(crate) fn content(&self, schemas: [&str; 4], role: &Role) -> Vec<(String, Vec<String>)> {
        content_of(&self.lab.engine(&schemas), schemas, role)
    }

    /// The copy has the rows that the same run leaves in files.
    #[track_caller]
    pub(crate) fn assert_like(&self, lab: &Lab, what: &str) {
        assert_like_files(&self.lab.engine(&TARGET), TARGET, lab, what);
    }
}

/// Every row of the tables with this role in schemas: Admin, Runtime, log, and the extra one.
fn content_of(engine: &dyn Engine, schemas: [&str; 4], role: &Role) -> Vec<(String, Vec<String>)> {
    let at = |name: &str| engine.open(&format!("{name}@test"), Access::Read).unwrap();
    let (platform, applications) = match role {
        Role::Platform => (0, 1),
        Role::Log => (2, 2),
        Role::Catalog(_) => (3, 3),
    };
    let (mut platform, mut applications) = (at(schemas[platform]), at(schemas[applications]));
    tables(&SPEC)
        .iter()
        .filter(|(its, _)| its == role)
        .map(|(_, table)| {
            let session = match table.name.starts_with("OSUSR_") {
                true => &mut applications,
                false => &mut platform,
            };
            let mut capitals = table.clone();
            capitals.name = capitals.name.to_uppercase();
            for column in &mut capitals.columns {
                column.name = column.name.to_uppercase();
            }
            (
                table.name.clone(),
                rows(session.as_mut(), &capitals, ['"', '"']),
            )
        })
        .collect()
}

/// Schemas have the rows that the same run leaves in files.
#[track_caller]
pub(crate) fn assert_like_files(engine: &dyn Engine, schemas: [&str; 4], lab: &Lab, what: &str) {
    let files = ["outsystems.db", "outsystems_log.db", "PROD_LEDGER.db"];
    let shapes = tables(&SPEC);
    for (file, role) in files.iter().zip(roles()) {
        let mut file = envclone_db::sqlite::open(&lab.target(file), Access::Read).unwrap();
        for (table, there) in content_of(engine, schemas, &role) {
            let (_, shape) = shapes
                .iter()
                .find(|(its, shape)| *its == role && shape.name == table)
                .unwrap();
            let mut shape = shape.clone();
            for column in &mut shape.columns {
                column.name = column.name.to_uppercase();
            }
            let here = rows(&mut file, &shape, ['"', '"']);
            assert_eq!(there.len(), here.len(), "{what} {role:?} {table}");
            for (there, here) in there.iter().zip(&here) {
                assert_eq!(there, here, "{what} {role:?} {table}");
            }
        }
    }
}

/// The databases of a side as files have them, in their order.
pub(crate) fn roles() -> [Role; 3] {
    [Role::Platform, Role::Log, Role::Catalog(CATALOG.to_owned())]
}

/// What the same run leaves in files.
pub(crate) fn on_files(profile: &str) -> Lab {
    let lab = Lab::adopted();
    let settings = format!("profile = \"{profile}\"\n{OWN}");
    lab.edit("profile = \"extra\"", &settings);
    write_own_steps(&lab.path(""));
    let ran = lab.refresh();
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    lab
}

fn fill_schemas(lab: &OracleLab, schemas: [&str; 4]) {
    let server = lab.server();
    let open = |name: &str| Loader::open(&server, name, || false).unwrap();
    let loaders = Loaders {
        platform: open(schemas[0]),
        runtime: open(schemas[1]),
        log: open(schemas[2]),
        catalogs: vec![(CATALOG.to_owned(), open(schemas[3]))],
    };
    fill(loaders, &SPEC, &mut |_| {}).unwrap();
}
