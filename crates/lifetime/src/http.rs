//! Requests and their answers, and what can be said when there is none.

use crate::address::Address;
use crate::error::{Error, Kind};
use crate::options::{Options, Trust};
use crate::secrets::presentable;
use rustls::crypto::aws_lc_rs;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use ureq::http::{HeaderValue, Method, Request, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Timeout};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// Its media type, and the text.
    pub(crate) body: Option<(&'static str, Zeroizing<Vec<u8>>)>,
    /// Whether it only asks, and so may be sent again.
    pub(crate) asks: bool,
    /// What is in it that must not be in a message.
    pub(crate) secrets: Vec<SecretString>,
}

impl Call {
    pub(crate) fn get(url: String) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            asks: true,
            secrets: Vec::new(),
        }
    }
}

/// An answer, whatever its status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    /// What the server says about its status, fit to be shown; empty where it is a page for people.
    pub(crate) said: String,
    body: Vec<u8>,
}

/// No answer.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the request may have arrived.
    pub(crate) sent: bool,
}

/// One server, and how it is spoken to.
pub(crate) struct Http {
    pub(crate) address: Address,
    pub(crate) options: Options,
    asking: Agent,
    changing: Agent,
    token: Option<SecretString>,
}

impl Http {
    pub(crate) fn new(
        address: Address,
        token: Option<SecretString>,
        options: Options,
    ) -> Result<Self, Error> {
        if token.is_some() && !address.is_private() && !options.allow_plain {
            let message = format!(
                "nothing was sent: `{}://{}` is not encrypted, and the token would be readable on the way",
                address.scheme, address.authority
            );
            return Err(Error::new(Kind::Plain, message));
        }
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .root_certs(roots(&options.trust)?)
            .build();
        let agent = |limit: Duration| {
            let config = Agent::config_builder()
                .tls_config(tls.clone())
                .http_status_as_error(false)
                // A redirect is an answer: where it leads is for the caller to judge, and the token goes nowhere else.
                .max_redirects(0)
                .max_redirects_will_error(false)
                // A connection that was kept may be dead, and then nobody knows whether the request arrived.
                .max_idle_connections(0)
                .timeout_connect(Some(options.connect))
                .timeout_global(Some(limit))
                .user_agent(concat!("envclone/", env!("CARGO_PKG_VERSION")))
                .accept("application/json, application/soap+xml;q=0.9, */*;q=0.1");
            // A proxy is of no use on the way to this machine, and must not see an unencrypted token.
            let direct = address.is_here() || address.scheme == "http";
            let config = if direct { config.proxy(None) } else { config };
            Agent::new_with_config(config.build())
        };
        Ok(Self {
            asking: agent(options.question),
            changing: agent(options.change),
            address,
            options,
            token,
        })
    }

    /// The server, for a message.
    pub(crate) fn server(&self) -> &str {
        &self.address.authority
    }

    /// Sends a request, and a question again if there was no answer or a failing one.
    pub(crate) fn send(&self, call: &Call) -> Result<Reply, Failure> {
        let tries = if call.asks {
            self.options.tries.max(1)
        } else {
            1
        };
        let mut pause = self.options.pause;
        for _ in 1..tries {
            match self.send_once(call) {
                Ok(reply) if reply.status < 500 => return Ok(reply),
                Err(failure) if !passes(failure.error.kind) => return Err(failure),
                _ => thread::sleep(pause),
            }
            pause = pause.saturating_mul(2);
        }
        self.send_once(call)
    }

    fn send_once(&self, call: &Call) -> Result<Reply, Failure> {
        let fail = |error: ureq::Error| self.failure(&error, call);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.url.as_str());
        if let Some(token) = &self.token {
            let value = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
            let value = HeaderValue::from_str(&value)
                .map_err(|e| fail(ureq::http::Error::from(e).into()))?;
            request = request.header(header::AUTHORIZATION, value);
        }
        let agent = if call.asks {
            &self.asking
        } else {
            &self.changing
        };
        let response = match &call.body {
            None => agent.run(request.body(()).map_err(|e| fail(e.into()))?),
            Some((kind, body)) => {
                let request = request.header(header::CONTENT_TYPE, *kind);
                agent.run(request.body(body.as_slice()).map_err(|e| fail(e.into()))?)
            }
        };
        let mut response = response.map_err(fail)?;
        let body = response.body_mut().with_config().limit(LONGEST);
        let body = body.read_to_vec().map_err(fail)?;
        let location = response.headers().get(header::LOCATION);
        Ok(Reply {
            status: response.status().as_u16(),
            location: location.and_then(|value| value.to_str().ok().map(str::to_owned)),
            said: said(&body, self.secrets(call)),
            body,
        })
    }

    fn secrets<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a SecretString> {
        self.token.iter().chain(&call.secrets)
    }

    fn failure(&self, error: &ureq::Error, call: &Call) -> Failure {
        let (kind, sent) = sort(error);
        let text = presentable(&error.to_string(), self.secrets(call));
        let server = self.server();
        let message = match kind {
            Kind::Unreachable => format!("`{server}` can't be reached: {text}"),
            Kind::Certificate => format!("the certificate of `{server}` is not trusted: {text}"),
            Kind::TimedOut => format!("`{server}` did not answer in time: {text}"),
            Kind::Unexpected => format!("`{server}` does not answer as HTTP servers do: {text}"),
            Kind::Settings => format!("`{server}` can't be asked this way: {text}"),
            _ => format!("the connection to `{server}` was lost: {text}"),
        };
        Failure {
            error: Error::new(kind, message),
            sent,
        }
    }

    /// A reply that says yes, or else what its status means.
    pub(crate) fn accepted(&self, reply: Reply, what: &str) -> Result<Reply, Error> {
        let server = self.server();
        let status = reply.status;
        let said = match reply.said.as_str() {
            "" => String::new(),
            said => format!(": {said}"),
        };
        let (kind, message) = match status {
            200..=299 => return Ok(reply),
            300..=399 => {
                let to = presentable(reply.location.as_deref().unwrap_or("nowhere"), &self.token);
                (
                    Kind::Redirected,
                    format!(
                        "asked to {what}, `{server}` points to `{to}` ({status}); it was not followed"
                    ),
                )
            }
            400 => (
                Kind::Refused,
                format!("`{server}` refused to {what} (400){said}"),
            ),
            401 => (
                Kind::Unauthorized,
                format!("`{server}` does not accept the token (401){said}"),
            ),
            403 => (
                Kind::Forbidden,
                format!("`{server}` does not let this service account {what} (403){said}"),
            ),
            405 => (
                Kind::NotOffered,
                format!(
                    "this LifeTime can't {what}: it is an older one, or the feature is not enabled (405){said}"
                ),
            ),
            409 => (
                Kind::Exists,
                format!("`{server}` refused to {what}: it is there already (409){said}"),
            ),
            500..=599 => (
                Kind::Server,
                format!("`{server}` failed to {what} ({status}){said}"),
            ),
            _ => (
                Kind::Unexpected,
                format!("asked to {what}, `{server}` answered with status {status}{said}"),
            ),
        };
        Err(Error::new(kind, message))
    }
}

impl Reply {
    /// The answer's value; the default where there is nothing (204).
    pub(crate) fn value<T: DeserializeOwned + Default>(&self, what: &str) -> Result<T, Error> {
        if self.status == 204 {
            return Ok(T::default());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // The text itself stays out: nobody knows what is in it.
            let shape = if error.is_data() {
                format!(
                    "is not of the documented shape (line {}, column {})",
                    error.line(),
                    error.column()
                )
            } else {
                "is not JSON".to_owned()
            };
            Error::new(
                Kind::Unexpected,
                format!("the answer to the question to {what} {shape}"),
            )
        })
    }

    /// The answer as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Whether it is worth a further try.
fn passes(kind: Kind) -> bool {
    matches!(kind, Kind::Unreachable | Kind::Lost)
}

/// What an error of the library is, and whether the request may have arrived.
fn sort(error: &ureq::Error) -> (Kind, bool) {
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::ConnectProxyFailed(_) => (Kind::Unreachable, false),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => (Kind::TimedOut, false),
        ureq::Error::Timeout(_) => (Kind::TimedOut, true),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => (Kind::Settings, false),
        ureq::Error::Rustls(error) => sort_tls(error),
        ureq::Error::Io(error) => sort_io(error),
        ureq::Error::Protocol(_)
        | ureq::Error::BodyExceedsLimit(_)
        | ureq::Error::LargeResponseHeader(..) => (Kind::Unexpected, true),
        _ => (Kind::Lost, true),
    }
}

fn sort_tls(error: &rustls::Error) -> (Kind, bool) {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            (Kind::Certificate, false)
        }
        // So it is said where this machine has no authorities at all.
        rustls::Error::General(_) | rustls::Error::Other(_) => (Kind::Certificate, true),
        _ => (Kind::Lost, true),
    }
}

fn sort_io(error: &io::Error) -> (Kind, bool) {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return sort_tls(inner);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => (Kind::Unreachable, false),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => (Kind::TimedOut, true),
        _ => (Kind::Lost, true),
    }
}

fn roots(trust: &Trust) -> Result<RootCerts, Error> {
    let Trust::Only(pem) = trust else {
        return Ok(RootCerts::PlatformVerifier);
    };
    let certificates: Vec<Certificate<'static>> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        let message = "there is no certificate in the authorities' file; it has to be PEM (`-----BEGIN CERTIFICATE-----`)";
        return Err(Error::new(Kind::Settings, message));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// The API's own way to say what went wrong.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "Errors", default)]
    errors: Vec<String>,
}

/// What a server says, fit to be shown; nothing where it is a page for people.
fn said<'a>(body: &[u8], secrets: impl Iterator<Item = &'a SecretString>) -> String {
    let text = String::from_utf8_lossy(body);
    let text = match serde_json::from_str::<Exception>(&text) {
        Ok(exception) => exception.errors.join("; "),
        Err(_) if text.trim_start().starts_with(['<', '{', '[']) => String::new(),
        Err(_) => text.into_owned(),
    };
    presentable(&text, secrets)
}
