//! A runbook's automated steps as PowerShell scripts, one for each machine, for whoever would rather not run envclone there.
//!
//! What the scripts do is what the shell does for the same [`Deed`]s, with the same guards; the parts that are the same for every
//! environment are files beside this one. They are written for Windows PowerShell 5.1, which every supported server has.

mod body;
mod quote;

use std::collections::BTreeSet;
use std::fmt::Write as _;

pub use quote::quoted;

use super::configuration::{guard, of_source, source_host, wanted};
use super::deed::{Argument, Deed, Installs};
use super::step::{Place, Way};
use super::{Parts, Runbook, Step};
use crate::harvest::Kind;
use crate::hsconf::{Forbidden, Hsconf, Refusal, Value, Wanted};
use quote::{comment, list};

/// A script, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file's name.
    pub name: String,
    /// The machine that it is for; none where the settings name none.
    pub machine: Option<String>,
    /// Its text, with lines ended by `\n`.
    pub text: String,
}

impl Script {
    /// The file's content. Windows PowerShell 5.1 takes a file without the mark for one of the machine's own code page.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        format!("\u{FEFF}{}", self.text.replace('\n', "\r\n")).into_bytes()
    }
}

/// Parts of a script that are the same for every environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Library {
    Common,
    /// `server.hsconf` as it is, and whose it is.
    Hsconf,
    Services,
    Program,
    Installer,
    Iis,
    Folder,
    Key,
    /// What `server.hsconf` must say: only where that is known.
    Configuration,
    ConfigurationTool,
    LifeTime,
    Run,
}

impl Library {
    fn text(self) -> &'static str {
        match self {
            Self::Common => include_str!("powershell/common.ps1"),
            Self::Hsconf => include_str!("powershell/hsconf.ps1"),
            Self::Services => include_str!("powershell/services.ps1"),
            Self::Program => include_str!("powershell/program.ps1"),
            Self::Installer => include_str!("powershell/installer.ps1"),
            Self::Iis => include_str!("powershell/iis.ps1"),
            Self::Folder => include_str!("powershell/folder.ps1"),
            Self::Key => include_str!("powershell/key.ps1"),
            Self::Configuration => include_str!("powershell/configuration.ps1"),
            Self::ConfigurationTool => include_str!("powershell/configuration-tool.ps1"),
            Self::LifeTime => include_str!("powershell/lifetime.ps1"),
            Self::Run => include_str!("powershell/run.ps1"),
        }
    }

    /// What a deed needs.
    fn of(deed: &Deed) -> &'static [Self] {
        match deed {
            Deed::NoteDatabases { .. } => &[Self::Hsconf],
            Deed::DisableScheduler
            | Deed::StopServices
            | Deed::StartServices
            | Deed::ReleaseScheduler => &[Self::Services],
            Deed::StopIis | Deed::StartIis => &[Self::Services, Self::Program, Self::Iis],
            Deed::EmptyFolder { .. } => &[Self::Services, Self::Folder],
            Deed::OwnKey { .. } => &[Self::Key],
            Deed::Configure { .. } => &[Self::Configuration],
            Deed::Run { .. } if deed.is_configuration_tool() => &[
                Self::Services,
                Self::Program,
                Self::Configuration,
                Self::ConfigurationTool,
            ],
            Deed::Run { path, .. } if path.ends_with("OSPTool.com") => &[Self::Program],
            Deed::Run {
                installs: Some(Installs::Platform),
                ..
            } => &[Self::Program, Self::Installer],
            Deed::Run { .. } => &[Self::Program],
            Deed::UnregisterLifetime | Deed::RegisterLifetime => &[Self::LifeTime],
            Deed::CreateConnections { .. } => &[],
        }
    }
}

/// What a machine has to do with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// The script does it.
    Script,
    /// A person does it here.
    Person,
    /// It is taken elsewhere.
    Elsewhere,
}

impl How {
    fn name(self) -> &'static str {
        ["script", "person", "elsewhere"][self as usize]
    }
}

/// What one machine's script is made of.
struct Maker<'a> {
    runbook: &'a Runbook,
    parts: &'a Parts<'a>,
    wanted: Option<Wanted>,
    /// Its place among the machines.
    at: usize,
}

/// The scripts, the controller's first.
///
/// # Errors
/// Every [`Refusal`] of the guard over `server.hsconf`, and of the other settings: a script that would lead a server to the
/// source, or be sent to it, is not written.
pub fn scripts(runbook: &Runbook, parts: &Parts<'_>) -> Result<Vec<Script>, Vec<Refusal>> {
    let guard = guard(parts, false);
    let mut refusals = Vec::new();
    for step in &runbook.steps {
        let Some(wanted) = step.wanted() else {
            continue;
        };
        // A file with nothing in it: what a server's own file keeps is looked at by the script, on that server.
        if refusals.is_empty()
            && let Ok(file) = Hsconf::fresh(wanted.engine())
        {
            refusals = file.edit(wanted, &guard).err().unwrap_or_default();
        }
    }
    let told = of_source(parts);
    refusals.extend(match told.is_empty() {
        true => publishes_on_source(runbook, parts),
        false => told,
    });
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let written = runbook.steps.iter().find_map(|step| step.wanted().cloned());
    let wanted = written.or_else(|| wanted(parts).ok());
    let count = runbook.machines.len().max(1);
    let script = |at: usize| {
        Maker {
            runbook,
            parts,
            wanted: wanted.clone(),
            at,
        }
        .script()
    };
    Ok((0..count).map(script).collect())
}

/// Where the runbook itself still publishes on the source: it keeps the host that the settings had when it was made.
fn publishes_on_source(runbook: &Runbook, parts: &Parts<'_>) -> Vec<Refusal> {
    let deeds = runbook.steps.iter().flat_map(|step| &step.deeds);
    let arguments = deeds.flat_map(|deed| match deed {
        Deed::Run {
            path, arguments, ..
        } if path.ends_with("OSPTool.com") => arguments.as_slice(),
        _ => &[],
    });
    let hosts = arguments.filter_map(|argument| match argument {
        Argument::Text(text) | Argument::Unquoted(text) => source_host(parts, text),
        Argument::Password(_) => None,
    });
    let hosts: BTreeSet<String> = hosts.collect();
    hosts
        .into_iter()
        .map(|host| Refusal::PublishesOnSource { host })
        .collect()
}

/// A machine's name as a part of a file's name.
fn plain(name: &str) -> String {
    name.chars()
        .map(
            |c| match c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
                true => c,
                false => '-',
            },
        )
        .collect()
}

impl Maker<'_> {
    fn machine(&self) -> Option<&str> {
        self.runbook.machines.get(self.at).map(String::as_str)
    }

    /// The file of a machine. The number keeps two names apart that are spelled alike, and off Windows' reserved ones.
    fn name_of(&self, at: usize) -> String {
        match self.runbook.machines.get(at) {
            Some(machine) => format!("{}-{}.ps1", at + 1, plain(machine)),
            None => "controller.ps1".to_owned(),
        }
    }

    fn how(&self, step: &Step) -> How {
        let here = match step.on {
            Place::Controller | Place::Anywhere => self.at == 0,
            Place::FrontEnds => self.at > 0,
            Place::EveryMachine => true,
        };
        let scripted = |deed: &Deed| match deed {
            // Connections have passwords and parameters of their own, and envclone makes them from any computer.
            Deed::CreateConnections { .. } => false,
            // A new environment is registered from the settings, after a look at what LifeTime lists.
            Deed::RegisterLifetime => self.runbook.way == Way::Reconfigure,
            // Nothing that works with the database is started where nobody knows to which one the file must lead.
            deed => self.wanted.is_some() || !(deed.is_configuration_tool() || starts(deed)),
        };
        match (
            here,
            !step.deeds.is_empty() && step.deeds.iter().all(scripted),
        ) {
            (false, _) => How::Elsewhere,
            (true, false) => How::Person,
            (true, true) => How::Script,
        }
    }

    fn script(&self) -> Script {
        let mut text = self.header();
        text += PARAMETERS;
        text += &self.values();
        for part in self.libraries() {
            text.push('\n');
            text += part.text();
        }
        text += "\n# ---- The steps\n";
        for step in &self.runbook.steps {
            text += &body::function(self, step);
        }
        text += &self.table();
        text.push('\n');
        text += Library::Run.text();
        Script {
            name: self.name_of(self.at),
            machine: self.machine().map(str::to_owned),
            text,
        }
    }

    /// Whether a step starts what works with the database that `server.hsconf` names.
    fn starts_by_file(&self, step: &Step) -> bool {
        self.wanted.is_some() && step.deeds.iter().any(starts)
    }

    fn libraries(&self) -> BTreeSet<Library> {
        let mut parts = BTreeSet::from([Library::Common, Library::Hsconf]);
        for step in &self.runbook.steps {
            if self.how(step) == How::Script {
                parts.extend(step.deeds.iter().flat_map(Library::of));
                if self.starts_by_file(step) {
                    parts.insert(Library::Configuration);
                }
            }
        }
        parts
    }

    fn header(&self) -> String {
        let runbook = self.runbook;
        let run = runbook
            .run
            .as_deref()
            .unwrap_or("(none: the copy was cleaned by scripts)");
        let machine = self
            .machine()
            .unwrap_or("whichever machine it is started on");
        let of = |how: How| {
            let steps = runbook.steps.iter().filter(|step| self.how(step) == how);
            let numbers: Vec<String> = steps.map(|step| step.n.to_string()).collect();
            match numbers.is_empty() {
                true => "none".to_owned(),
                false => numbers.join(", "),
            }
        };
        let name = self.name_of(self.at);
        comment(&format!(
            "{title}\n\
             Runbook {id}\n\
             Run     {run}\n\
             Machine {machine}\n\
             Copy    {target}\n\
             \n\
             Written by envclone {tool}. What envclone would do itself on this machine, as a script to read, copy over and run.\n\
             It asks before each step, stops where a person is next, and can be run again: what is done is found done.\n\
             \n\
             The script does steps {script}. It tells how to do steps {person}. Taken elsewhere: {elsewhere}.\n\
             It does not look at the databases, does not check a step, and records nothing in the runbook: after each step it prints the\n\
             command of envclone that does. Passwords and tokens are asked for, and are written nowhere but where the platform needs them:\n\
             in clear text in server.hsconf until the Configuration Tool has encrypted them, and on a program's command line while it runs.\n\
             The lines that it shows are kept in a .log file beside it, without secrets.\n\
             \n\
             In Windows PowerShell 5.1, started as an administrator:\n\
             \x20 .\\{name} -List            the steps\n\
             \x20 .\\{name}                  all steps up to the next one for a person\n\
             \x20 .\\{name} -From 7          the same, from step 7 on\n\
             \x20 .\\{name} -Step 7          step 7 alone\n\
             \x20 .\\{name} -Approve {short}    without asking before each step of this runbook\n\
             Exit codes: 0 done; 1 something failed; 2 refused, since evidence speaks against it; 3 a person is next.",
            title = runbook.way.title(),
            id = runbook.id,
            target = runbook.target.join(", "),
            tool = runbook.tool,
            script = of(How::Script),
            person = of(How::Person),
            elsewhere = of(How::Elsewhere),
            short = runbook.short_id(),
        ))
    }

    /// What the script knows of the environment.
    fn values(&self) -> String {
        let settings = &self.parts.settings.runbook;
        let guard = guard(self.parts, false);
        let machine = self.machine().unwrap_or_default();
        let mut text = "\n# ---- What is known of the environment\n\n".to_owned();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "${name} = {value}");
        };
        line("RunbookId", quoted(&self.runbook.id));
        line("Machine", quoted(machine));
        line("InstallFolder", quoted(settings.install_folder()));
        line("SourceMachines", list(&guard.forbidden.hosts, ""));
        line("SourceHosts", list(guard.forbidden.terms(), ""));
        line("SourceDatabases", databases(&guard.forbidden));
        let libraries = self.libraries();
        if libraries.contains(&Library::Key) {
            line(
                "SourceKey",
                quoted(settings.source.key.as_deref().unwrap_or_default().trim()),
            );
            line(
                "KnownFingerprint",
                quoted(&crate::digest(b"0123456789abcdef")),
            );
        }
        if libraries.contains(&Library::ConfigurationTool)
            || libraries.contains(&Library::Installer)
        {
            let version = self.parts.inventory.platform_version.as_deref();
            line("DatabaseVersion", quoted(version.unwrap_or_default()));
        }
        if libraries.contains(&Library::LifeTime) {
            let lifetime = settings.lifetime.as_ref();
            let own = lifetime
                .map(|it| it.address.trim_end_matches('/'))
                .unwrap_or_default();
            let address = match own.contains("://") {
                true => own.to_owned(),
                false => format!("https://{own}"),
            };
            let center = settings.service_center.as_ref();
            line("LifeTimeAddress", quoted(&address));
            line(
                "LifeTimeEnvironment",
                quoted(
                    lifetime
                        .map(|it| it.environment.as_str())
                        .unwrap_or_default(),
                ),
            );
            line(
                "ServiceCenterUser",
                quoted(
                    center
                        .map(|it| it.account.user.as_str())
                        .unwrap_or_default(),
                ),
            );
            line("SourceAddresses", list(self.source_addresses(), ""));
        }
        if let Some(wanted) = &self.wanted
            && libraries.contains(&Library::Configuration)
        {
            line("Provider", quoted(wanted.provider().unwrap_or_default()));
            let unsaid = match &wanted.cache {
                Some(_) => None,
                None => self.runbook.machines.first(),
            };
            let several = self.runbook.machines.len() > 1;
            line(
                "CacheHostIfUnsaid",
                quoted(unsaid.map(String::as_str).unwrap_or_default()),
            );
            line("SeveralMachines", format!("${several}"));
            line("Configuration", configuration(wanted));
        }
        text
    }

    /// Where the source itself is reached: at its machines, and at the addresses of its deployment zones.
    fn source_addresses(&self) -> Vec<String> {
        let identities = self.parts.inventory.identities.iter();
        let zones = identities
            .filter(|it| it.kind == Kind::ZoneAddress && !it.value.is_empty())
            .map(|it| it.value.clone());
        let machines = guard(self.parts, false).forbidden.hosts;
        machines.into_iter().chain(zones).collect()
    }

    /// The steps, as the script goes through them.
    fn table(&self) -> String {
        let entries: String = self
            .runbook
            .steps
            .iter()
            .map(|step| self.entry(step))
            .collect();
        format!("\n$Steps = @(\n{entries})\n")
    }

    fn entry(&self, step: &Step) -> String {
        let how = self.how(step);
        let shows: Vec<String> = match how {
            How::Script => body::shows(self, step),
            How::Person => step.why.lines().map(str::to_owned).collect(),
            How::Elsewhere => Vec::new(),
        };
        format!(
            "    @{{\n        Number = {}\n        Id = {}\n        Title = {}\n        How = {}\n        Where = {}\n        Anywhere = ${}\n        Ask = {}\n        Too = {}\n        Shows = {}\n    }}\n",
            step.n,
            quoted(&step.id),
            quoted(&step.title),
            quoted(how.name()),
            quoted(step.on.phrase()),
            step.on == Place::Anywhere,
            quoted(&self.ask(step).unwrap_or_default()),
            quoted(&self.too(step)),
            list(shows, "        "),
        )
    }

    /// The other machines that a step is taken on.
    fn too(&self, step: &Step) -> String {
        let machines = self.runbook.machines_of(step).iter().map(String::as_str);
        let others = machines.filter(|name| Some(*name) != self.machine());
        others.collect::<Vec<_>>().join(", ")
    }

    fn others(&self) -> Vec<&str> {
        let machines = self.runbook.machines.iter().enumerate();
        machines
            .filter(|(at, _)| *at != self.at)
            .map(|(_, name)| name.as_str())
            .collect()
    }

    /// What has to be so on other machines before a step: what this machine can't see, a person says.
    fn ask(&self, step: &Step) -> Option<String> {
        if self.runbook.machines.len() < 2 {
            return None;
        }
        let before = self
            .runbook
            .steps
            .iter()
            .rev()
            .skip_while(|it| it.n >= step.n);
        let others = self.others().join(", ");
        let waits = |on: Place| match (self.at, step.on) {
            (0, Place::Controller | Place::Anywhere) => {
                matches!(on, Place::EveryMachine | Place::FrontEnds)
            }
            (0, _) => on == Place::FrontEnds,
            (_, _) => matches!(on, Place::Controller | Place::Anywhere),
        };
        let steps: Vec<u32> = before
            .take_while(|it| waits(it.on))
            .map(|it| it.n)
            .collect();
        let (last, first) = (steps.first()?, steps.last()?);
        let numbers = match first == last {
            true => format!("step {first}"),
            false => format!("steps {first} to {last}"),
        };
        Some(match self.at {
            0 => format!("Are {numbers} done on {others}, too?"),
            _ => format!(
                "Are {numbers} done, on {} or where they are taken?",
                self.runbook.machines[0]
            ),
        })
    }
}

const PARAMETERS: &str = "
[CmdletBinding()]
param(
    [ValidateRange(0, 1000)]
    [int]$Step = 0,
    [ValidateRange(1, 1000)]
    [int]$From = 1,
    [string]$Approve = '',
    [switch]$List
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
";

/// Whether it starts what works with the database that `server.hsconf` names, without looking at that itself.
fn starts(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::StartIis | Deed::StartServices | Deed::ReleaseScheduler
    )
}

/// The source's databases: catalogs, on Oracle schemas. Where nobody said which server one is on, its is empty.
fn databases(forbidden: &Forbidden) -> String {
    let all = forbidden.catalogs.iter().chain(&forbidden.users);
    let lines: String = all
        .map(|it| {
            let server = it.server.as_deref().unwrap_or_default();
            let (name, server) = (quoted(&it.name), quoted(server));
            format!("    @{{ Name = {name}; Server = {server} }}\n")
        })
        .collect();
    match lines.is_empty() {
        true => "@()".to_owned(),
        false => format!("@(\n{lines})"),
    }
}

/// What `server.hsconf` must say.
fn configuration(wanted: &Wanted) -> String {
    let mut text = "@(\n".to_owned();
    for entry in wanted.entries() {
        let (category, key) = (quoted(&entry.category.to_string()), quoted(&entry.key));
        let more = match &entry.value {
            Value::Text(value) => format!("Kind = 'text'; Value = {}", quoted(value)),
            Value::Nothing => "Kind = 'nothing'; Value = ''".to_owned(),
            Value::Secret => {
                let at = format!("{}/{}", entry.category, entry.key);
                let whose = wanted.user_of(entry.category, &entry.key).unwrap_or(&at);
                format!("Kind = 'password'; Value = ''; Whose = {}", quoted(whose))
            }
        };
        let _ = writeln!(
            text,
            "    @{{ Category = {category}; Key = {key}; {more} }}"
        );
    }
    text + ")"
}

/// The account that an argument's password belongs to.
fn owner(parts: &Parts<'_>, argument: &Argument) -> Option<String> {
    let Argument::Password(name) = argument else {
        return None;
    };
    Some(
        name.user(parts)
            .unwrap_or_else(|| name.setting().to_owned()),
    )
}
