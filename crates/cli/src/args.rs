//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    7  something of the source was found
    8  not approved
  130  interrupted"
)]
pub struct Cli {
    /// The settings file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "envclone.toml"
    )]
    pub settings: PathBuf,
    /// Print results as JSON
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
    /// Write the report of a run
    Report(Run),
    /// Write the plan as files that a DBA runs
    Script(Script),
    /// List the steps, or show one with its SQL for every engine
    Steps(Steps),
}

/// Options of `rehearse`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// Where the environments are built; a folder that is new or empty
    #[arg(long, value_name = "DIR", default_value = "rehearsal")]
    pub dir: PathBuf,
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
