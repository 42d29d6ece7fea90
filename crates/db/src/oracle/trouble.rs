//! The server's and the driver's errors in our kinds.

use oracledb::{Error, ErrorKind};

use crate::{DbError, Trouble};

/// What went wrong, in the server's own words with its number.
pub(super) fn told(error: &Error) -> DbError {
    let text = match error.kind() {
        ErrorKind::NoConfigDir => {
            "nothing says where tnsnames.ora is: neither `tns-admin` nor TNS_ADMIN or ORACLE_HOME in the environment"
                .to_owned()
        }
        _ => words(&error.to_string()),
    };
    let trouble = match error.kind() {
        ErrorKind::DbError(said) => kind(said.code(), &text),
        // Only the words tell this from a connection that broke.
        ErrorKind::StreamOperation if is_about_tls(&text) => Trouble::Certificate,
        ErrorKind::ListenerRefusedConnection(_, _, _, code) => match of_number(*code) {
            Trouble::Other => Trouble::NoRoute,
            trouble => trouble,
        },
        ErrorKind::CallTimeoutExceeded => Trouble::TimedOut,
        ErrorKind::DeadConnection
        | ErrorKind::NotConnected
        | ErrorKind::OutOfData
        | ErrorKind::StreamOperation
        | ErrorKind::UnableToRecover => Trouble::Lost,
        ErrorKind::InvalidServiceName(..)
        | ErrorKind::InvalidSid(..)
        | ErrorKind::UnexpectedRefuse(_)
        | ErrorKind::InvalidConnectString(..)
        | ErrorKind::InvalidDescriptorNode(..)
        | ErrorKind::InvalidNetworkName(_)
        | ErrorKind::InvalidRedirect(_)
        | ErrorKind::NoConfigDir
        | ErrorKind::NoConnectString
        | ErrorKind::IfileCycleDetected(..)
        | ErrorKind::TnsAliasNotFound(..) => Trouble::NoRoute,
        ErrorKind::NoCredentials => Trouble::Login,
        ErrorKind::TlsOperation
        | ErrorKind::PemFileOperation
        | ErrorKind::WalletPasswordMissingOrInvalid(..)
        | ErrorKind::WalletPrivateKeyInvalid(_)
        | ErrorKind::WalletUnreadable(_) => Trouble::Certificate,
        ErrorKind::NotImplemented(_)
        | ErrorKind::ServerVersionNotSupported
        | ErrorKind::UnsupportedDbType(_) => Trouble::Unsupported,
        _ => Trouble::Other,
    };
    DbError::new(trouble, text)
}

/// A message on one line, without the address of its explanation and what names nothing but one attempt to connect.
fn words(message: &str) -> String {
    let lines = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Help: "));
    let text = lines.collect::<Vec<_>>().join("; ");
    let text = text.replace(". (Similar to ORA-", " (ORA-");
    match text.find(" (CONNECTION_ID=") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Whether what failed on the wire is encryption, by what the driver's TLS library says.
fn is_about_tls(text: &str) -> bool {
    [
        "certificate",
        "received corrupt message",
        "received fatal alert",
        "HandshakeFailure",
        "peer is incompatible",
        "peer misbehaved",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// What kind of trouble the server means. Where its own number tells only where it happened, as those of PL/SQL, of recursive
/// statements and of parallel servers do, the next one that means something counts.
fn kind(code: usize, text: &str) -> Trouble {
    let others = text.split("ORA-").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
    });
    std::iter::once(code)
        .chain(others)
        .map(of_number)
        .find(|trouble| *trouble != Trouble::Other)
        .unwrap_or(Trouble::Other)
}

/// What kind of trouble one of the server's numbers means.
fn of_number(code: usize) -> Trouble {
    match code {
        1005 | 1017 | 1045 | 28000 | 28001 | 28002 | 28003 | 28009 => Trouble::Login,
        942 | 4043 | 1918 | 1917 | 39165 | 39166 | 31655 => Trouble::NotFound,
        // Starting up, shutting down, mounted, restricted; the last three as the listener says it.
        1033 | 1034 | 1089 | 1090 | 1109 | 1035 | 12526..=12528 => Trouble::NotReady,
        1031 | 1749 | 1924 | 1950 | 990 | 27486 | 31631 | 39181 | 6564 => Trouble::NotPermitted,
        1456 | 16000 => Trouble::ReadOnly,
        2291 | 2292 => Trouble::Constraint,
        60 | 8177 => Trouble::Deadlock,
        54 | 30006 | 4021 => Trouble::Locked,
        257
        | 1536
        | 1631
        | 1632
        | 1650..=1659
        | 1683
        | 1688
        | 1691
        | 1692
        | 12953
        | 12954
        | 19502
        | 19809
        | 27072
        | 30036
        | 39171 => Trouble::Full,
        955 | 1119 | 1537 | 1543 | 1920 | 27038 | 31641 | 39151 => Trouble::Exists,
        39002 | 39070 | 39087 | 29283 | 31640 | 27037 => Trouble::Path,
        39142 | 39140 | 39208 => Trouble::OlderServer,
        1578 | 31619 | 39059 => Trouble::Damaged,
        1013 => Trouble::TimedOut,
        28 | 1012 | 1041 | 2396 | 2399 | 3113 | 3114 | 3135 => Trouble::Lost,
        12514 | 12505 | 12516 | 12518..=12520 | 12541 | 12545 | 12154 | 12170 => Trouble::NoRoute,
        28759 | 29024 | 28860 | 28862 => Trouble::Certificate,
        28374 | 28365 => Trouble::Key,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_message_is_one_line_of_what_matters() {
        let said = "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'X' must be declared\n\
                    Help: https://docs.example.com/error-help/db/ora-06550/\n";
        assert_eq!(
            words(said),
            "ORA-06550: line 1, column 7:; PLS-00201: identifier 'X' must be declared"
        );
        let said = "service \"x\" is not registered (CONNECTION_ID=abc==)";
        assert_eq!(words(said), "service \"x\" is not registered");
        let said = "listener refused connection. (Similar to ORA-12528) (CONNECTION_ID=abc==)";
        assert_eq!(words(said), "listener refused connection (ORA-12528)");
    }
}
