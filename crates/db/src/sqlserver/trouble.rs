//! The server's and the driver's errors in our kinds.

use tiberius::error::{Error, IoErrorKind};

use crate::{DbError, Trouble};

/// What went wrong, in the server's own words with its number.
pub(super) fn told(error: &Error) -> DbError {
    match error {
        Error::Server(said) => DbError::new(
            kind(said.code()),
            format!("{} (error {})", said.message().trim(), said.code()),
        ),
        Error::Tls(said) => DbError::new(
            Trouble::Certificate,
            format!("no encrypted connection: {said}"),
        ),
        Error::Io { kind, message } => {
            let trouble = match kind {
                IoErrorKind::InvalidData => Trouble::Certificate,
                IoErrorKind::TimedOut => Trouble::TimedOut,
                _ => Trouble::Lost,
            };
            DbError::new(trouble, message.clone())
        }
        other => DbError::new(Trouble::Other, other.to_string()),
    }
}

/// What kind of trouble the server's numbers mean.
fn kind(code: u32) -> Trouble {
    match code {
        18452 | 18456 | 18470 | 18486 | 18487 | 18488 => Trouble::Login,
        208 | 911 | 4060 | 4063 => Trouble::NotFound,
        // Restoring, recovering, suspect, offline, single-user, emergency, not accessible.
        922 | 924 | 926 | 927 | 942 | 945 | 952 | 959 | 976 | 978 | 983 => Trouble::NotReady,
        229 | 230 | 262 | 297 | 300 | 371 | 916 | 3110 | 5011 | 15151 | 15247 | 15562 => {
            Trouble::NotPermitted
        }
        3906 | 3908 => Trouble::ReadOnly,
        547 => Trouble::Constraint,
        1205 => Trouble::Deadlock,
        1222 | 5061 | 3101 | 3702 => Trouble::Locked,
        1101 | 1105 | 3257 | 5149 | 9002 => Trouble::Full,
        1801 | 1834 | 3132 | 3141 | 5170 => Trouble::Exists,
        823 | 824 | 825 | 3183 | 3189 | 3203 => Trouble::Damaged,
        _ => Trouble::Other,
    }
}
