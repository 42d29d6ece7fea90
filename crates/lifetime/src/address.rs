//! Where a server is.

use crate::error::{Error, Kind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::net::IpAddr;
use ureq::http::Uri;

/// What needs no escape within one part of a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A server's address: scheme, host and port, and the path before its own pages where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) host: String,
    /// Without a `/` at its end; empty for most.
    pub(crate) prefix: String,
}

impl Address {
    /// Reads an address as people write it. Without a scheme it is `https`. `pages` are the server's own paths, at which
    /// a copied address may end.
    pub(crate) fn parse(text: &str, pages: &[&str]) -> Result<Self, Error> {
        let wrong = |why: &str| Error::new(Kind::Settings, format!("`{}` {why}", shown(text)));
        let text = text.trim();
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| wrong("is no address"))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let authority = uri.authority().ok_or_else(|| wrong("names no server"))?;
        if scheme != "https" && scheme != "http" {
            return Err(wrong("is neither an https:// nor an http:// address"));
        }
        if authority.as_str().contains('@') {
            return Err(wrong("has a user or password in it, where none belongs"));
        }
        if uri.query().is_some() {
            return Err(wrong(
                "has a query in it; only the server's address is needed",
            ));
        }
        let mut prefix = uri.path().trim_end_matches('/');
        let lower = prefix.to_ascii_lowercase();
        if let Some(at) = pages.iter().find_map(|page| lower.find(page)) {
            prefix = &prefix[..at];
        }
        Ok(Self {
            scheme,
            authority: authority.as_str().to_ascii_lowercase(),
            host: authority.host().to_ascii_lowercase(),
            prefix: prefix.to_owned(),
        })
    }

    /// Whether nobody can listen on the way: it is encrypted, or never leaves this machine.
    pub(crate) fn is_private(&self) -> bool {
        self.scheme == "https" || self.is_here()
    }

    /// Whether it is this very machine.
    pub(crate) fn is_here(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}://{}{}{path}", self.scheme, self.authority, self.prefix)
    }
}

/// An address without what might be a password in it.
fn shown(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

/// A path of these parts, with a `/` at its end. Parts that would lead elsewhere are refused.
pub(crate) fn path<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<String, Error> {
    let mut path = String::new();
    for part in parts {
        if matches!(part, "" | "." | "..") {
            let message = format!("`{part}` is no key or name that LifeTime could be asked about");
            return Err(Error::new(Kind::Unknown, message));
        }
        path.extend(utf8_percent_encode(part, PLAIN));
        path.push('/');
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_addresses_in_many_ways() {
        let pages = ["/lifetimeapi", "/lifetime"];
        for text in [
            "lt.example.com",
            "https://LT.example.com/",
            " https://lt.example.com/lifetime ",
            "https://lt.example.com/LifeTime/Environments.aspx",
            "lt.example.com/lifetimeapi/rest/v2/",
        ] {
            let address = Address::parse(text, &pages).unwrap();
            assert_eq!(address.at("/x"), "https://lt.example.com/x", "{text}");
        }
        let behind = Address::parse("http://gate:8443/os/lifetime", &pages).unwrap();
        assert_eq!(behind.at("/x"), "http://gate:8443/os/x");
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in [
            "",
            "ftp://lt",
            "https://",
            "lt?a=b",
            "a b",
            "https://me:hunter2@lt",
        ] {
            let error = Address::parse(text, &[]).unwrap_err();
            assert_eq!(error.kind, Kind::Settings, "{text}");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_private_without_tls() {
        let private = |text: &str| Address::parse(text, &[]).unwrap().is_private();
        assert!(private("https://lt.example.com"));
        assert!(
            private("http://127.0.0.1:8080")
                && private("http://[::1]")
                && private("http://localhost")
        );
        assert!(!private("http://lt.example.com") && !private("http://10.0.0.1"));
        assert!(
            !private("http://127.0.0.1.example.com") && !private("http://localhost.example.com")
        );
    }

    #[test]
    fn names_stay_within_their_part_of_a_path() {
        let escaped = path(["a/b", "..c", "ä ?#"]).unwrap();
        assert_eq!(escaped, "a%2Fb/..c/%C3%A4%20%3F%23/");
        for part in ["", ".", ".."] {
            assert_eq!(path(["a", part, "b"]).unwrap_err().kind, Kind::Unknown);
        }
    }
}
