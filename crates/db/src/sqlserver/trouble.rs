//! The server's and the driver's errors in our kinds.

use tiberius::error::{Error, IoErrorKind};

use crate::{DbError, Trouble};

/// What went wrong, in the server's own words with its number.
pub(super) fn told(error: &Error) -> DbError {
    match error {
        Error::Server(said) => DbError::new(
            kind(said.code(), said.message()),
            format!("{} (error {})", said.message().trim(), said.code()),
        ),
        Error::Tls(said) => DbError::new(
            Trouble::Certificate,
            format!("no encrypted connection: {said}"),
        ),
        Error::Io { kind, message } => match kind {
            IoErrorKind::InvalidData => DbError::new(Trouble::Certificate, message.clone()),
            IoErrorKind::TimedOut => DbError::new(Trouble::TimedOut, message.clone()),
            _ if ended(*kind, message) => DbError::new(
                Trouble::Lost,
                "the connection ended in the middle of it: the server, or something on the way to it, closed it",
            ),
            _ => DbError::new(Trouble::Lost, message.clone()),
        },
        other => DbError::new(Trouble::Other, other.to_string()),
    }
}

/// Whether there was just an end. In an encrypted connection the driver hands it over inside of another error, as TLS's.
fn ended(kind: IoErrorKind, message: &str) -> bool {
    kind == IoErrorKind::UnexpectedEof || message.contains("close_notify")
}

/// What kind of trouble the server's numbers mean.
fn kind(code: u32, message: &str) -> Trouble {
    match code {
        18452 | 18456 | 18470 | 18486 | 18487 | 18488 => Trouble::Login,
        208 | 911 | 4060 | 4063 | 4064 => Trouble::NotFound,
        // Restoring, recovering, suspect, offline, single-user, emergency, not accessible.
        922 | 924 | 926 | 927 | 942 | 945 | 952 | 959 | 976 | 978 | 983 => Trouble::NotReady,
        229 | 230 | 262 | 297 | 300 | 371 | 916 | 3110 | 5011 | 15151 | 15247 | 15562 => {
            Trouble::NotPermitted
        }
        3906 | 3908 => Trouble::ReadOnly,
        547 => Trouble::Constraint,
        1205 => Trouble::Deadlock,
        1222 | 5061 | 3101 | 3702 => Trouble::Locked,
        // 1827: more than the edition holds.
        1101 | 1105 | 1827 | 3257 | 5149 | 9002 => Trouble::Full,
        1801 | 1834 | 3132 | 3141 | 3154 | 3159 | 5170 => Trouble::Exists,
        823 | 824 | 825 | 3183 | 3189 | 3203 | 3241 | 3242 | 3243 => Trouble::Damaged,
        3169 => Trouble::OlderServer,
        4305 | 4326 => Trouble::LogGap,
        33111 => Trouble::Key,
        40510 | 41901 => Trouble::Unsupported,
        3201 | 3202 | 3271 | 3634 | 5123 | 5133 => file(message),
        _ => Trouble::Other,
    }
}

/// What kind of trouble a server has with a file: its message cites the operating system's number in all languages, and
/// what that means in brackets after it.
fn file(message: &str) -> Trouble {
    // ERROR_DISK_FULL, and the same of Linux.
    const FULL: [&str; 2] = ["112", "28"];
    let numbers = message
        .split('(')
        .filter_map(|before| before.rsplit(|c: char| !c.is_ascii_digit()).next());
    if numbers.into_iter().any(|number| FULL.contains(&number)) {
        Trouble::Full
    } else {
        Trouble::Path
    }
}
