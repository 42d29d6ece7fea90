//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use envclone_core::release::Kind;

/// The settings file when nobody names one.
const DEFAULT_SETTINGS: &str = "envclone.toml";

/// Turn a copy of an OutSystems 11 environment's database into a safe other environment
#[derive(Debug, Parser)]
#[command(
    name = "envclone",
    version,
    max_term_width = 100,
    after_help = "Exit codes:
    0  clean
    1  unexpected
    2  usage
    3  settings or files invalid
    4  no access
    5  refused by evidence
    6  stopped and resumable
    7  something of the source was found, or something that would fire
    8  not approved
  130  interrupted"
)]
pub struct Cli {
    /// The settings file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = DEFAULT_SETTINGS
    )]
    pub settings: PathBuf,
    /// Print results as JSON; a failure is a JSON object, the last line of stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Show no progress, only results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Decide about missing evidence; recorded in the report. Evidence that speaks against a run can't be overridden
    #[arg(long = "override", global = true, value_name = "LINT=REASON")]
    pub overrides: Vec<String>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a synthetic environment and run the whole refresh on it
    Rehearse(Rehearse),
    /// Write a commented settings file
    Init(Init),
    /// Say for both environments what works, and which permissions are there or missing for each phase
    Doctor,
    /// Put a password into the system's keyring, for `password = { keyring = "NAME" }`
    KeepPassword(KeepPassword),
    /// Look at the source, and write its inventory
    Inspect(Output),
    /// Show what would be done: the SQL, the rows, and the reason for everything left out
    Plan(Output),
    /// Carry out a plan after approval
    Apply(Apply),
    /// Do all phases: inspect, plan, copy, clean, verify, report
    Refresh(Approval),
    /// Go on with a run that stopped
    Resume(Run),
    /// Look for anything of the source in the target
    Verify(Run),
    /// Count what would fire in the target once its services start
    ReleaseCheck(ReleaseCheck),
    /// Write the report of a run
    Report(Run),
    /// Write the plan as files that a DBA runs
    Script(Script),
    /// List the steps, or show one with its SQL for every engine
    Steps(Steps),
    /// Go on after the clean-up: the steps that lead from the copy to a running environment
    Runbook(RunbookArgs),
}

/// Options of `runbook`.
#[derive(Debug, Args)]
pub struct RunbookArgs {
    /// The run's folder; the newest one when absent
    #[arg(long, value_name = "DIR", global = true)]
    pub run: Option<PathBuf>,
    /// Print the runbook as a page (HTML) with boxes to tick
    #[arg(long)]
    pub print: bool,
    /// What to do with it; without one the steps are listed
    #[command(subcommand)]
    pub verb: Option<RunbookVerb>,
}

/// What can be done with a runbook.
#[derive(Debug, Subcommand)]
pub enum RunbookVerb {
    /// Make the runbook of a run
    Start {
        /// Which way the published procedure goes
        #[arg(value_enum)]
        way: WayArg,
    },
    /// Make it again from the settings as they are now; what was done stays done
    Renew,
    /// Show the next open step, and do or record it
    Next(Approved),
    /// List the steps, or show one whole
    Show {
        /// The step's number
        n: Option<u32>,
    },
    /// Do what envclone can do of a step, on this machine
    Do {
        /// The step's number
        n: u32,
        /// How it is approved
        #[command(flatten)]
        approved: Approved,
    },
    /// Look at a step's checks again; changes nothing
    Check {
        /// The step's number
        n: u32,
    },
    /// Record that a step was done; its checks are looked at first
    Done {
        /// The step's number
        n: u32,
        /// The machine that it was done on; this one when absent
        #[arg(long, value_name = "NAME")]
        machine: Option<String>,
        /// Why it counts as done although a check fails or can't be looked at
        #[arg(long, value_name = "REASON")]
        because: Option<String>,
    },
    /// Record that a step is not taken
    Skip {
        /// The step's number
        n: u32,
        /// Why
        #[arg(long, value_name = "REASON")]
        because: String,
    },
    /// Open a step again; what was done stays done
    Undo {
        /// The step's number
        n: u32,
    },
    /// Write the automated steps as PowerShell scripts to copy over, one for each machine
    Script {
        /// The folder to write them into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print what an environment is known by, for `[runbook.source]` of its copy's settings; run on its controller
    Identity {
        /// The folder with private.key and server.hsconf; the installation's own when absent
        folder: Option<PathBuf>,
    },
}

/// How something on this machine is approved.
#[derive(Debug, Args)]
pub struct Approved {
    /// Approve what envclone does without a question: the runbook's id, at least the first 12 digits
    #[arg(long, value_name = "RUNBOOK-ID")]
    pub approve: Option<String>,
}

/// A way on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WayArg {
    /// The platform is installed anew
    Fresh,
    /// An installed platform is led to the copy
    Reconfigure,
}

/// Options of `rehearse`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// Where the environments are built; a folder that is new or empty
    #[arg(long, value_name = "DIR", default_value = "rehearsal")]
    pub dir: PathBuf,
    /// Rehearse on a server: fills the empty databases that the settings name, source and target alike
    #[arg(long, value_enum, conflicts_with_all = ["dir", "profile"])]
    pub on: Option<ServerArg>,
    /// How large the factory is: 1 takes seconds, 100 is a real factory
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub scale: u32,
    /// The seed of the invented content
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The steps to take
    #[arg(long, value_enum, default_value_t = ProfileArg::Extra)]
    pub profile: ProfileArg,
}

/// A kind of server on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServerArg {
    /// SQL Server
    Sqlserver,
}

/// A profile on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileArg {
    /// The published procedure
    Official,
    /// And what other official articles add
    Documented,
    /// And what this project infers
    Extra,
}

/// What `keep-password` keeps.
#[derive(Debug, Args)]
pub struct KeepPassword {
    /// What the keyring keeps it as. The password is asked for, or read as a line from standard input
    pub name: String,
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Print the file instead of writing it
    #[arg(long)]
    pub print: bool,
}

/// Where a result goes.
#[derive(Debug, Args)]
pub struct Output {
    /// Write the result to a file
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Options of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// A plan that `envclone plan --out` wrote; without one a plan is made
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// How it is approved
    #[command(flatten)]
    pub approval: Approval,
}

/// How a plan is approved.
#[derive(Debug, Args)]
pub struct Approval {
    /// Approve this plan without a question: its id, at least the first 12 digits
    #[arg(long, value_name = "PLAN-ID")]
    pub approve: Option<String>,
}

/// Which run.
#[derive(Debug, Args)]
pub struct Run {
    /// The run's folder; the newest one when absent
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
}

/// Options of `release-check`.
#[derive(Debug, Args)]
pub struct ReleaseCheck {
    /// Hold these, reversibly, so that they don't fire: timers, emails, processes
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        conflicts_with = "release"
    )]
    pub hold: Vec<Kind>,
    /// Put back what was held of these: timers, emails, processes
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub release: Vec<Kind>,
    /// Approve this without a question: the id that was shown, at least its first 12 digits
    #[arg(long, value_name = "ID")]
    pub approve: Option<String>,
}

/// Options of `script`.
#[derive(Debug, Args)]
pub struct Script {
    /// The engine to write for; the settings' engine when absent
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    /// An inventory of the environment; the live source is inspected when absent
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// The folder to write to
    #[arg(long, short, value_name = "DIR", default_value = "envclone-script")]
    pub out: PathBuf,
}

/// An engine on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// SQL Server, for sqlcmd
    Sqlserver,
    /// Oracle, for SQL*Plus
    Oracle,
    /// SQLite, for the sqlite3 shell
    Sqlite,
}

/// Options of `steps`.
#[derive(Debug, Args)]
pub struct Steps {
    /// Show one step with its SQL for every engine
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// A folder with steps of one's own
    #[arg(long, value_name = "DIR")]
    pub own: Option<PathBuf>,
    /// Plan against this inventory; the rehearsal's when absent
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
}

impl Cli {
    /// A text in which the commands to go on with, which stand between backticks, repeat the settings file and the
    /// folders that the user gave.
    #[must_use]
    pub fn repeat(&self, text: &str) -> String {
        let settings = match &self.command {
            // A rehearsal has settings of its own.
            Command::Rehearse(rehearse) => Some(word(&rehearse.dir.join(DEFAULT_SETTINGS))),
            _ if self.settings == Path::new(DEFAULT_SETTINGS) => None,
            _ => Some(word(&self.settings)),
        };
        let text = match &settings {
            Some(settings) => text.replace(
                &format!(" in {DEFAULT_SETTINGS}"),
                &format!(" in {settings}"),
            ),
            None => text.to_owned(),
        };
        let piece = |(at, piece): (usize, &str)| match at % 2 {
            1 => self.command_again(piece, settings.as_deref()),
            _ => piece.to_owned(),
        };
        let pieces: Vec<String> = text.split('`').enumerate().map(piece).collect();
        pieces.join("`")
    }

    fn command_again(&self, command: &str, settings: Option<&str>) -> String {
        let verb = command
            .strip_prefix("envclone ")
            .and_then(|rest| rest.split_whitespace().next());
        let mut text = command.to_owned();
        let mut add = |option: &str, value: Option<String>| {
            if let Some(value) = value.filter(|_| !command.contains(option)) {
                text += &format!(" {option} {value}");
            }
        };
        match verb {
            Some("init") if command.contains("--print") => {}
            Some(
                "init" | "doctor" | "inspect" | "plan" | "apply" | "refresh" | "resume" | "verify"
                | "report" | "release-check" | "script" | "runbook",
            ) => add("--settings", settings.map(str::to_owned)),
            Some("steps") => {
                if let Command::Steps(Steps { own: Some(own), .. }) = &self.command {
                    add("--own", Some(word(own)));
                }
            }
            _ => {}
        }
        if let Some("resume" | "verify" | "report") = verb
            && let Command::Resume(run) | Command::Verify(run) | Command::Report(run) =
                &self.command
        {
            add("--run", run.run.as_deref().map(word));
        }
        if let (Some("runbook"), Command::Runbook(args)) = (verb, &self.command) {
            add("--run", args.run.as_deref().map(word));
        }
        text
    }
}

/// A path as a shell takes it for one word.
#[must_use]
pub fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "-_./\\:+=,@%".contains(c);
    match text.chars().all(plain) {
        true => text,
        false if cfg!(windows) => format!("\"{text}\""),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(arguments: &[&str], text: &str) -> String {
        let all = [&["envclone"], arguments].concat();
        Cli::try_parse_from(all).unwrap().repeat(text)
    }

    #[test]
    fn commands_to_go_on_with_repeat_what_was_given() {
        let resume = "run `envclone resume` to go on";
        assert_eq!(repeated(&["refresh"], resume), resume);
        assert_eq!(
            repeated(&["refresh", "--settings", "a b.toml"], resume),
            if cfg!(windows) {
                "run `envclone resume --settings \"a b.toml\"` to go on"
            } else {
                "run `envclone resume --settings 'a b.toml'` to go on"
            }
        );
        assert_eq!(
            repeated(&["resume", "--run", "runs/1"], resume),
            "run `envclone resume --run runs/1` to go on"
        );
        assert_eq!(
            repeated(
                &["plan", "--settings", "t.toml"],
                "correct `[target]` in envclone.toml"
            ),
            "correct `[target]` in t.toml"
        );
        assert_eq!(
            repeated(
                &["steps", "--own", "mine", "x"],
                "`envclone steps` lists them"
            ),
            "`envclone steps --own mine` lists them"
        );
        assert_eq!(
            repeated(&["rehearse", "--dir", "r"], "run `envclone resume`"),
            format!(
                "run `envclone resume --settings {}`",
                Path::new("r").join("envclone.toml").display()
            )
        );
        let print = "`envclone init --print` shows every key";
        assert_eq!(repeated(&["plan", "--settings", "t.toml"], print), print);
    }
}
