//! What a watcher hears while something takes its time.

use std::fmt;
use std::time::Duration;

use crate::patience::spelled;
use crate::service::{StartType, State};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A program wrote a line; secrets are replaced.
    Line(&'a str),
    /// A service's start type was set.
    StartTypeSet {
        /// Its display name.
        service: &'a str,
        /// To what.
        start_type: StartType,
    },
    /// A service was asked to stop or start.
    Asked {
        /// Its display name.
        service: &'a str,
        /// Where it should be.
        wanted: State,
    },
    /// It was asked, and said no for now.
    AskedInVain {
        /// Its display name.
        service: &'a str,
        /// What was said.
        said: &'a str,
        /// When it is asked again.
        again: Duration,
    },
    /// A service got where it should.
    Reached {
        /// Its display name.
        service: &'a str,
        /// Where it is.
        state: State,
        /// How long it took.
        waited: Duration,
    },
    /// A service is not on this machine, and need not be.
    Missing {
        /// Its display name.
        service: &'a str,
    },
    /// A file is held by another program, and waited for.
    StillLocked {
        /// How long already.
        waited: Duration,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => f.write_str(line),
            Self::StartTypeSet {
                service,
                start_type,
            } => write!(f, "{service}: start type set to {start_type}"),
            Self::Asked { service, wanted } => write!(f, "{service}: asked to be {wanted}"),
            Self::AskedInVain {
                service,
                said,
                again,
            } => write!(f, "{service}: {said}; asked again in {}", spelled(*again)),
            Self::Reached {
                service,
                state,
                waited,
            } => write!(f, "{service}: {state} after {}", spelled(*waited)),
            Self::Missing { service } => write!(f, "{service}: not on this machine"),
            Self::StillLocked { waited } => {
                write!(f, "held by another program for {}", spelled(*waited))
            }
        }
    }
}

/// Hears what happens, and can say to stop.
pub trait Watch {
    /// Hears it.
    fn event(&self, event: &Event<'_>);

    /// Whether a person wants it to end.
    fn interrupted(&self) -> bool;
}

/// A watcher that hears nothing and never says to stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Watch for Quiet {
    fn event(&self, _: &Event<'_>) {}

    fn interrupted(&self) -> bool {
        false
    }
}
