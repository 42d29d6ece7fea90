//! Programs: what is run, and what came of it. Secrets are shown as `***` wherever anything of it can be seen.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::{MachineError, Result};

/// What stands for a secret.
pub(crate) const HIDDEN: &str = "***";

/// How long a program may take where nobody says otherwise.
const LIMIT: Duration = Duration::from_secs(3600);

/// How much of each of its outputs is kept where nobody says otherwise.
const OUTPUT: usize = 256 * 1024;

/// Where a program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// At this path.
    At(PathBuf),
    /// One of Windows' own, in its system folder and nowhere else: an elevated process takes no namesake from PATH.
    System(String),
    /// On PATH, with or without its ending.
    OnPath(String),
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(path) => write!(f, "{}", path.display()),
            Self::System(name) | Self::OnPath(name) => f.write_str(name),
        }
    }
}

/// One argument.
#[derive(Clone)]
pub enum Argument {
    /// Anyone may see it.
    Text(String),
    /// Nobody sees it but the program, and whoever may list the machine's processes while it runs.
    Secret(SecretString),
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<SecretString> for Argument {
    fn from(secret: SecretString) -> Self {
        Self::Secret(secret)
    }
}

/// The argument as a person may see it, in quotes where it would else be no one argument.
impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str(HIDDEN),
            Self::Text(text) => quoted(text, f),
        }
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if text.is_empty() || text.contains(char::is_whitespace) {
        write!(f, "\"{text}\"")
    } else {
        f.write_str(text)
    }
}

/// What is run. Its `Display` is the command line, with `***` for what is secret.
#[derive(Clone)]
pub struct Command {
    pub(crate) program: Program,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) unquoted: Option<String>,
    pub(crate) hidden: Vec<SecretString>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) limit: Duration,
    pub(crate) output: usize,
}

impl Command {
    /// A program without arguments.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            unquoted: None,
            hidden: Vec::new(),
            folder: None,
            limit: LIMIT,
            output: OUTPUT,
        }
    }

    /// The program at a path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::new(Program::At(path.into()))
    }

    /// One of Windows' own.
    #[must_use]
    pub fn system(name: &str) -> Self {
        Self::new(Program::System(name.to_owned()))
    }

    /// A program on PATH.
    #[must_use]
    pub fn on_path(name: &str) -> Self {
        Self::new(Program::OnPath(name.to_owned()))
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<A: Into<Argument>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// With a last argument that the program gets as it stands, blanks and all, without the quotes that every other one has:
    /// installers read a folder so, to the end of the line.
    ///
    /// # Errors
    /// Where it has a quote or a control character in it, which could begin another argument.
    pub fn last_unquoted(mut self, argument: &str) -> Result<Self> {
        if argument.contains(|letter: char| letter == '"' || letter.is_control()) {
            return Err(MachineError::NoArgument {
                argument: argument.escape_debug().to_string(),
                why: "it has a quote or a control character in it".to_owned(),
            });
        }
        self.unquoted = Some(argument.to_owned());
        Ok(self)
    }

    /// With a secret that is no argument, but that the program may know from elsewhere and write.
    #[must_use]
    pub fn hiding(mut self, secret: SecretString) -> Self {
        self.hidden.push(secret);
        self
    }

    /// With its folder to work in.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// With its time: an hour where nobody says otherwise.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// With how many bytes of each output are kept: 256 KiB where nobody says otherwise, the first and the last of it.
    #[must_use]
    pub fn keeping(mut self, bytes: usize) -> Self {
        self.output = bytes;
        self
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Everything of it that nobody may see.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let arguments = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Secret(secret) => Some(secret),
            Argument::Text(_) => None,
        });
        arguments.chain(&self.hidden)
    }

    /// The arguments as the program gets them. To be called when it is started, and at no other time.
    #[cfg(any(windows, feature = "stand-in"))]
    pub(crate) fn exposed(&self) -> impl Iterator<Item = &str> {
        use secrecy::ExposeSecret;

        self.arguments.iter().map(|argument| match argument {
            Argument::Text(text) => text.as_str(),
            Argument::Secret(secret) => secret.expose_secret(),
        })
    }

    /// The command line without secrets. A text that holds one of the secrets is cleaned of it, too.
    fn shown(&self) -> String {
        let mut shown = String::new();
        let program = Argument::Text(self.program.to_string());
        for part in std::iter::once(&program).chain(&self.arguments) {
            let part = match part {
                Argument::Secret(_) => part.to_string(),
                Argument::Text(_) => clean(&part.to_string(), self.secrets()),
            };
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(&part);
        }
        if let Some(last) = &self.unquoted {
            shown.push(' ');
            shown.push_str(&clean(last, self.secrets()));
        }
        shown
    }
}

/// The text without what is secret.
fn clean<'a>(text: &str, secrets: impl Iterator<Item = &'a SecretString>) -> String {
    crate::redact::Redactor::new(secrets).text(text)
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("line", &self.shown())
            .field("folder", &self.folder)
            .field("limit", &self.limit)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

/// What a program wrote, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What was kept. Where something was left out, a line in its place says how much.
    pub text: String,
    /// How many bytes were left out between the first and the last that were kept.
    pub left_out: u64,
}

/// A program that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The command line, without secrets.
    pub command: String,
    /// Its exit code; none where it was ended from outside.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: Text,
    /// What it complained.
    pub stderr: Text,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// The outcome where the program ended with 0.
    ///
    /// # Errors
    /// Where it didn't: with its last lines.
    pub fn succeeded(self) -> Result<Self> {
        if self.code == Some(0) {
            return Ok(self);
        }
        Err(MachineError::Exited {
            last: self.last_lines(),
            command: self.command,
            code: self.code,
        })
    }

    /// The last lines that it wrote, complaints last.
    #[must_use]
    pub fn last_lines(&self) -> String {
        last_lines(&self.stdout.text, &self.stderr.text)
    }
}

/// How many lines of an output an error shows.
const LAST: usize = 10;

pub(crate) fn last_lines(stdout: &str, stderr: &str) -> String {
    let mut lines = last(stdout);
    lines.extend(last(stderr));
    lines.join("\n")
}

fn last(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(LAST)..].to_vec()
}
