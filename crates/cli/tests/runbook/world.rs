//! An environment that gets a copy: a finished run, its settings, its machines with their files, and what answers.
//!
//! The run is a real one of the rehearsal on files. Told to be one on a server, its plan names the databases of that
//! server: everything after the run goes by names, and the server is played.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use envclone::config::Config;
use envclone::folder::{RunFolder, write_json};
use envclone::journal_file::JournalFileOf;
use envclone_core::inventory::Inventory;
use envclone_core::journal::{Event, read};
use envclone_core::plan::Plan;
use envclone_lifetime_server as lifetime;
use envclone_machine::{StandIn, StartType, State};
use envclone_tds_server as tds;
use tempfile::TempDir;

use super::child::{ARGUMENTS, BEGIN, BETWEEN, FUSE, MACHINE};
use super::played::{Database, answer};
use super::support::{Lab, Ran};

/// Every password and token of the settings: none may be found anywhere.
pub(crate) const SECRETS: [(&str, &str); 4] = [
    ("T_DBA", "dba-Geheimnis-1"),
    ("T_USERS", "users-Geheimnis-2"),
    ("T_CENTER", "open sesame"),
    ("T_TOKEN", "a-token-of-a-service-account"),
];

/// The version of the rehearsal's platform.
pub(crate) const VERSION: &str = "11.28.1.42108";
pub(crate) const SCHEDULER: &str = "OutSystems Scheduler Service";
/// The installation folder; the blank is what real ones have.
pub(crate) const INSTALLED: &str = "Platform Server";

pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) lifetime: lifetime::Server,
    pub(crate) database: Arc<Mutex<Database>>,
    /// What `server.hsconf` of each machine says before the runbook.
    pub(crate) hsconf: String,
    _servers: Vec<tds::Server>,
    here: RefCell<String>,
}

/// A finished run on files, made once.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let lab = Lab::new();
        let ran = lab.refresh();
        assert_eq!(ran.code, 7, "{}", ran.err);
        lab.folder
    });
    folder.path()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

impl World {
    /// On SQL Server.
    pub(crate) fn new() -> Self {
        let database = Arc::new(Mutex::new(Database {
            front_ends: vec!["APP1".to_owned(), "app2".to_owned()],
            modules: ["Orders", "Billing", "Customers", "Stock", "Reports"]
                .map(|name| (name.to_owned(), "WebResponsive".to_owned()))
                .into_iter()
                .chain([("Widgets".to_owned(), "ReactiveLibrary".to_owned())])
                .collect(),
            system: vec!["ServiceCenter".to_owned()],
            catalogs: vec![
                ("(Main)".to_owned(), String::new()),
                ("T_LEDGER".to_owned(), "acc".to_owned()),
            ],
            ..Database::default()
        }));
        let played = |user: &str, password: &str| {
            let shared = Arc::clone(&database);
            let options = tds::Options {
                user: user.to_owned(),
                password: password.to_owned(),
                databases: Vec::new(),
                ..tds::Options::default()
            };
            options
                .start(move |request| answer(&request.sql, &shared.lock().unwrap()))
                .unwrap()
        };
        // Whoever looks at the copy, and the platform's users, which log in to the same databases on another port.
        let server = played("acc", SECRETS[1].1);
        let world = Self::with(
            Arc::clone(&database),
            HSCONF.replace(
                r"testsql.lab.example\OS11",
                &format!("127.0.0.1,{}", server.port()),
            ),
        );
        let side = |host: &str, port: u16| {
            format!(
                "server = {{ host = \"{host}\", port = {port}, user = \"acc\", password = {{ file = \"T_USERS\" }}, trust-certificate = true }}"
            )
        };
        let port = server.port();
        let text = format!(
            "[source]\nengine = \"sqlserver\"\nplatform = \"outsystems\"\nlog = \"outsystems_log\"\n{}\n\
             [source.catalogs]\nPROD_LEDGER = \"PROD_LEDGER\"\n\
             [target]\nengine = \"sqlserver\"\nplatform = \"T_platform\"\nlog = \"T_log\"\n{}\n\
             [target.catalogs]\nPROD_LEDGER = \"T_LEDGER\"\n{}[runbook.session]\ncatalog = \"T_sessions\"\n",
            side("localhost", port),
            side("127.0.0.1", port),
            world.about(true)
        );
        world.settle(&text);
        Self {
            _servers: vec![server],
            ..world
        }
    }

    /// On files: what needs a server can't be looked at, and what the databases say is real.
    pub(crate) fn on_files() -> Self {
        let world = Self::with(Arc::default(), HSCONF.to_owned());
        let text = fs::read_to_string(world.lab.path("envclone.toml")).unwrap();
        let text = format!("{text}{}", world.about(true));
        fs::write(world.lab.path("envclone.toml"), text).unwrap();
        world
    }

    /// Settings of the test's own, for a run whose databases they name.
    pub(crate) fn told(&self, text: &str) {
        self.settle(text);
    }

    fn with(database: Arc<Mutex<Database>>, hsconf: String) -> Self {
        let lab = Lab {
            folder: tempfile::tempdir().unwrap(),
        };
        copy(template(), lab.folder.path());
        // A run on files knows its databases by their paths.
        let from = template().canonicalize().unwrap();
        let to = lab.folder.path().canonicalize().unwrap();
        let run = lab.newest_run();
        move_run(&run, &|text| {
            text.replace(from.to_str().unwrap(), to.to_str().unwrap())
        });
        let options = lifetime::Options {
            platform: VERSION.to_owned(),
            ..lifetime::Options::default()
        };
        for (name, secret) in SECRETS {
            fs::write(lab.path(name), secret).unwrap();
        }
        let world = Self {
            lab,
            lifetime: options.start().unwrap(),
            database,
            hsconf,
            _servers: Vec::new(),
            here: RefCell::new(String::new()),
        };
        for name in ["APP1", "APP2"] {
            world.machine(name);
        }
        world
    }

    /// What the settings say beyond databases.
    pub(crate) fn about(&self, machines: bool) -> String {
        let machines = match machines {
            true => "machines = [\"APP1\", \"APP2\"]\n",
            false => "",
        };
        let (lifetime, folder) = (self.lifetime.address(), self.lab.folder.path().display());
        let account = "{ user = \"acc\", password = { file = \"T_USERS\" } }";
        format!(
            "[runbook]\n{machines}install-folder = \"{folder}/{INSTALLED}\"\npurpose = \"non-production\"\n\
             environment-name = \"Acceptance\"\nhost-name = \"acc.example.com\"\nserial = \"SERIAL-1\"\n\
             license-file = \"{folder}/acceptance.lic\"\ncatalog-mappings = \"{folder}/mappings.xml\"\nplatform-installer = \"{folder}/PlatformServer.exe\"\n\
             service-studio-installer = \"{folder}/ServiceStudio.exe\"\n\
             integration-studio-installer = \"{folder}/IntegrationStudio.exe\"\n\
             source.key = \"{}\"\nsuperuser = {{ user = \"dba\", password = {{ file = \"T_DBA\" }} }}\n\
             [runbook.users]\nplatform-admin = {account}\nplatform-runtime = {account}\nlog-admin = {account}\n\
             log-runtime = {account}\nsession = {account}\n\
             [runbook.cache]\nhost = \"APP1\"\naccount = {account}\n\
             [runbook.service-center]\naddress = \"{lifetime}\"\naccount = {{ user = \"admin\", password = {{ file = \"T_CENTER\" }} }}\n\
             [runbook.lifetime]\naddress = \"{lifetime}\"\ntoken = {{ file = \"T_TOKEN\" }}\nenvironment = \"QA\"\n",
            source_fingerprint()
        )
    }

    /// Writes the settings, and makes the run's plan one for their databases.
    fn settle(&self, text: &str) {
        let path = self.lab.path("envclone.toml");
        fs::write(&path, text).unwrap();
        let config = Config::load(&path).unwrap();
        let target = config.settings.target.databases();
        let names: Vec<_> = target
            .into_iter()
            .map(|(role, name)| (role, name.to_owned()))
            .collect();
        let run = RunFolder {
            path: self.lab.newest_run(),
        };
        let mut plan = run.plan().unwrap();
        plan.engine = config.settings.target.engine;
        let identity = plan.target[0].identity.clone();
        plan.target = names
            .into_iter()
            .map(|(role, locator)| envclone_core::plan::DatabaseId {
                role,
                locator,
                identity: identity.clone(),
            })
            .collect();
        again(&run, plan);
    }

    fn machine(&self, name: &str) {
        let folder = self.lab.path(name);
        let install = self.lab.path(INSTALLED);
        let (running, automatic) = (State::Running, StartType::Automatic);
        let machine = StandIn::with_platform(&folder)
            .named(name)
            .installed(&install, VERSION)
            .value(
                r"SOFTWARE\OutSystems\Platform Server",
                "SerialNumber",
                "serial-1",
            )
            .service("W3SVC", running, automatic)
            .effect("iisreset.exe /stop", "W3SVC", State::Stopped, None)
            .effect("iisreset.exe /start", "W3SVC", running, None)
            .installs("PlatformServer.exe", &install, VERSION)
            // The Configuration Tool restarts services, the Scheduler among them.
            .effect("ConfigurationTool.com", SCHEDULER, running, Some(automatic));
        fs::write(self.lab.path("acceptance.lic"), "a license").unwrap();
        let machine = machine.value(
            r"SOFTWARE\OutSystems\Installer\Service Studio 11",
            "Service Studio 11",
            "11.55.10.1",
        );
        machine.program("iisreset.exe", "");
        machine.program("icacls.exe", "");
        let config = machine_config(&folder);
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(config, "<configuration/>").unwrap();
        let files = folder.join(INSTALLED);
        for name in ["share/old", "BAR/old", "running/Module"] {
            fs::create_dir_all(files.join(name)).unwrap();
            fs::write(files.join(name).join("file"), "left").unwrap();
        }
        fs::write(files.join("server.hsconf"), &self.hsconf).unwrap();
        fs::write(files.join("private.key"), SOURCE_KEY).unwrap();
        for name in [
            "PlatformServer.exe",
            "ServiceStudio.exe",
            "IntegrationStudio.exe",
        ] {
            machine.program_at(&self.lab.path(name), "");
        }
        machine.program_at(&self.osp_tool(), "echo published");
        let _ = machine.kept();
        self.tool(
            name,
            &format!("{}\n{}", self.encrypts(), wrote_log(&folder, "all is well")),
        );
    }

    /// What the Configuration Tool does to passwords in clear text.
    pub(crate) fn encrypts(&self) -> String {
        let file = self.lab.path(INSTALLED).join("server.hsconf");
        format!(
            r#"sed -i -E 's#Password encrypted=.false. *>[^<]+#Password encrypted="true">$2$bm90#' '{}'"#,
            file.display()
        )
    }

    pub(crate) fn osp_tool(&self) -> PathBuf {
        let folder = self.lab.folder.path().display();
        PathBuf::from(format!(r"{folder}/Common\OutSystems\11\OSPTool.com"))
    }

    /// A file of the installation on a machine.
    pub(crate) fn file(&self, machine: &str, name: &str) -> PathBuf {
        self.at(machine);
        self.lab.path(INSTALLED).join(name)
    }

    /// The machine's own disk is the one that has the installation folder.
    fn at(&self, machine: &str) {
        let mut here = self.here.borrow_mut();
        let shared = self.lab.path(INSTALLED);
        if *here == machine {
            return;
        }
        if !here.is_empty() {
            fs::rename(&shared, self.lab.path(&here).join(INSTALLED)).unwrap();
        }
        fs::rename(self.lab.path(machine).join(INSTALLED), &shared).unwrap();
        machine.clone_into(&mut here);
    }

    /// The machine as it was left.
    pub(crate) fn seen(&self, machine: &str) -> StandIn {
        StandIn::kept_in(&self.lab.path(machine))
    }

    /// Changes a machine by hand.
    pub(crate) fn changed(&self, machine: &str, change: impl FnOnce(StandIn) -> StandIn) {
        let _ = change(self.seen(machine)).kept();
    }

    /// What the Configuration Tool does.
    pub(crate) fn tool(&self, machine: &str, script: &str) {
        let path = self.file(machine, "ConfigurationTool.com");
        self.seen(machine).program_at(&path, script);
    }

    pub(crate) fn tool_calls(&self, machine: &str) -> Vec<Vec<String>> {
        let path = self.file(machine, "ConfigurationTool.com");
        self.seen(machine).calls_at(&path)
    }

    /// Its log.
    pub(crate) fn log(&self, machine: &str) -> PathBuf {
        self.lab
            .path(machine)
            .join("Windows/Temp/ConfigurationTool.log")
    }

    /// Runs `envclone runbook` on a machine.
    pub(crate) fn run(&self, machine: &str, arguments: &[&str]) -> Ran {
        self.run_until(machine, arguments, None)
    }

    /// Likewise, and kills it (SIGKILL) at that order to the machine.
    pub(crate) fn run_until(&self, machine: &str, arguments: &[&str], fuse: Option<u32>) -> Ran {
        let mut command = self.command(machine, arguments);
        command.stdin(Stdio::null());
        if let Some(fuse) = fuse {
            command.env(FUSE, fuse.to_string());
        }
        let mut ran = Ran::of(command.output().unwrap());
        if let Some((_, rest)) = ran.out.split_once(BEGIN) {
            ran.out = rest.trim_start_matches('\n').to_owned();
        }
        for (_, secret) in SECRETS {
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "{}{}",
                ran.out,
                ran.err
            );
        }
        ran
    }

    /// The process of `envclone runbook` on a machine.
    pub(crate) fn command(&self, machine: &str, arguments: &[&str]) -> Command {
        self.at(machine);
        let settings = self.lab.path("envclone.toml");
        let mut all = vec!["--settings", settings.to_str().unwrap(), "runbook"];
        all.extend(arguments);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child::child", "--nocapture", "--test-threads=1"])
            .env(ARGUMENTS, all.join(&BETWEEN.to_string()))
            .env(MACHINE, self.lab.path(machine))
            .env("CommonProgramFiles", self.lab.path("Common"))
            .env("USER", "ana");
        command
    }

    /// Runs it, and it has to succeed.
    #[track_caller]
    pub(crate) fn must(&self, machine: &str, arguments: &[&str]) -> Ran {
        let ran = self.run(machine, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.out, ran.err);
        ran
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.lab.newest_run().join("runbook")
    }

    /// The source's database says that it has this version of the platform.
    pub(crate) fn has_version(&self, version: &str) {
        self.inventory(|inventory| inventory.platform_version = Some(version.to_owned()));
    }

    /// The source's database says that no LifeTime manages it.
    pub(crate) fn unmanaged(&self) {
        self.inventory(|inventory| inventory.factory.managed_by_lifetime = false);
    }

    fn inventory(&self, change: impl FnOnce(&mut Inventory)) {
        let path = self.lab.newest_run().join("inventory.json");
        let mut inventory = Inventory::read(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut inventory);
        fs::write(&path, serde_json::to_vec(&inventory.sealed()).unwrap()).unwrap();
    }

    /// The runbook as it was last renewed.
    pub(crate) fn runbook(&self) -> serde_json::Value {
        let journal = fs::read_to_string(self.folder().join("journal.jsonl")).unwrap();
        let renewed = journal
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|line| {
                let event = line.get("entry").unwrap_or(&line).clone();
                (event["event"] == "renewed")
                    .then(|| event["runbook"].as_str().unwrap()[..12].to_owned())
            })
            .next_back();
        let file = match renewed {
            Some(id) => format!("runbook-{id}.json"),
            None => "runbook.json".to_owned(),
        };
        serde_json::from_slice(&fs::read(self.folder().join(file)).unwrap()).unwrap()
    }

    /// What approves.
    pub(crate) fn id(&self) -> String {
        self.runbook()["id"].as_str().unwrap()[..12].to_owned()
    }

    /// The number of a step.
    pub(crate) fn n(&self, id: &str) -> String {
        let runbook = self.runbook();
        let steps = runbook["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == id);
        step.unwrap_or_else(|| panic!("there is no step {id}"))["n"].to_string()
    }

    /// Does a step with an approval.
    pub(crate) fn go(&self, machine: &str, step: &str) -> Ran {
        self.run(machine, &["do", &self.n(step), "--approve", &self.id()])
    }

    #[track_caller]
    pub(crate) fn goes(&self, machine: &str, step: &str) -> Ran {
        let ran = self.go(machine, step);
        assert_eq!(ran.code, 0, "{step} on {machine}\n{}{}", ran.out, ran.err);
        ran
    }

    /// Records a step as done.
    #[track_caller]
    pub(crate) fn done(&self, machine: &str, step: &str) -> Ran {
        self.must(machine, &["done", &self.n(step)])
    }

    /// Every file of the run's folder holds no secret.
    #[track_caller]
    pub(crate) fn no_secrets(&self) {
        fn files(folder: &Path, each: &mut dyn FnMut(&Path)) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => files(&path, each),
                    false => each(&path),
                }
            }
        }
        let mut count = 0;
        files(&self.lab.newest_run(), &mut |path| {
            count += 1;
            let bytes = fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for (_, secret) in SECRETS {
                assert!(!text.contains(secret), "{} holds {secret}", path.display());
            }
        });
        assert!(count > 8, "{count} files");
    }
}

/// Where the machine's machine.config is.
pub(crate) fn machine_config(folder: &Path) -> PathBuf {
    folder.join("Windows/Microsoft.NET/Framework64/v4.0.30319/Config/machine.config")
}

/// A script that writes a line into the Configuration Tool's log.
pub(crate) fn wrote_log(folder: &Path, line: &str) -> String {
    let log = folder.join("Windows/Temp/ConfigurationTool.log");
    format!("echo '{line}' >> '{}'", log.display())
}

/// Rewrites the run's files by their text, and gives plan and journal the ids that follow.
fn move_run(run: &Path, change: &dyn Fn(&str) -> String) {
    let folder = RunFolder {
        path: run.to_owned(),
    };
    let plan = fs::read_to_string(run.join("plan.json")).unwrap();
    let plan: Plan = serde_json::from_str(&change(&plan)).unwrap();
    again(&folder, plan);
}

/// Writes a plan that was changed, and the journal of its run.
fn again(run: &RunFolder, plan: Plan) {
    let expected: Vec<_> = plan.items.iter().map(|item| item.expect).collect();
    let plan = plan.counted(&expected);
    write_json(&run.file("plan.json"), &plan).unwrap();
    let path = run.file("journal.jsonl");
    let events = read(&fs::read(&path).unwrap()).unwrap().events();
    fs::remove_file(&path).unwrap();
    let mut journal = JournalFileOf::create(&path).unwrap();
    for mut event in events {
        if let Event::RunStarted { plan: id, .. } = &mut event {
            id.clone_from(&plan.id);
        }
        journal.append(&event).unwrap();
    }
}

/// The source's key, which the copy's machines have before the runbook.
pub(crate) const SOURCE_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZg==\n";

pub(crate) fn fingerprint(key: &str) -> String {
    let key = envclone_core::private_key::PrivateKey::read(key.as_bytes()).unwrap();
    key.fingerprint().to_string()
}

fn source_fingerprint() -> String {
    fingerprint(SOURCE_KEY)
}

/// A configuration file that leads to the database that the environment had before.
const HSCONF: &str = include_str!("server.hsconf");
