//! What Service Center answers without a log-in.

use crate::address::Address;
use crate::error::{Error, Kind};
use crate::http::{Call, Http};
use crate::options::Options;
use quick_xml::Reader;
use quick_xml::events::Event;
use secrecy::zeroize::Zeroizing;
use std::fmt;
use ureq::http::Method;

/// The Service Center of an environment. No secret is sent to it, so it may be asked without TLS.
pub struct ServiceCenter {
    http: Http,
}

impl fmt::Debug for ServiceCenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceCenter")
            .field(&self.http.server())
            .finish()
    }
}

/// How Service Center answers a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCenterReply {
    /// The status, after redirects within the same server.
    pub status: u16,
    /// Where else it points, if it does.
    pub elsewhere: Option<String>,
}

impl ServiceCenterReply {
    /// Whether there is a page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What the platform says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformInfo {
    /// The platform's version, as in `11.33.0.44280`.
    pub version: String,
    /// The serial number that a licence is made for, where it is told.
    pub serial: Option<String>,
}

/// More redirects are a circle.
const REDIRECTS: usize = 5;

const QUESTION: &str = r#"<?xml version="1.0" encoding="utf-8"?><soap12:Envelope xmlns:soap12="http://www.w3.org/2003/05/soap-envelope"><soap12:Body><GetPlatformInfo xmlns="http://www.outsystems.com"/></soap12:Body></soap12:Envelope>"#;

impl ServiceCenter {
    /// Speaks to the Service Center at this address, from the first call on.
    ///
    /// # Errors
    /// If the address or the authorities can't be used.
    pub fn new(address: &str, options: Options) -> Result<Self, Error> {
        let address = Address::parse(address, &["/servicecenter"])?;
        let http = Http::new(address, None, options)?;
        Ok(Self { http })
    }

    /// Whether and how it answers. A status is an answer, also one that says that it does not work.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn answers(&self) -> Result<ServiceCenterReply, Error> {
        let mut url = self.http.address.at("/ServiceCenter/");
        for _ in 0..REDIRECTS {
            let call = Call::get(url.clone());
            let reply = self.http.send(&call).map_err(|failure| failure.error)?;
            let status = reply.status;
            let Some(location) = reply.location.filter(|_| (300..400).contains(&status)) else {
                return Ok(ServiceCenterReply {
                    status,
                    elsewhere: None,
                });
            };
            match self.within(&url, &location) {
                Some(next) => url = next,
                None => {
                    let elsewhere = Some(crate::secrets::presentable(&location, []));
                    return Ok(ServiceCenterReply { status, elsewhere });
                }
            }
        }
        let message = format!(
            "`{}` sends its clients round in a circle",
            self.http.server()
        );
        Err(Error::new(Kind::Redirected, message))
    }

    /// The address that a redirect leads to, if it is one of this server and at least as private.
    fn within(&self, from: &str, location: &str) -> Option<String> {
        let here = &self.http.address;
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(format!("{}://{}{location}", here.scheme, here.authority));
        }
        if !location.contains("://") {
            let folder = from.rfind('/').map_or(from, |at| &from[..=at]);
            return (!location.starts_with("//")).then(|| format!("{folder}{location}"));
        }
        let (bare, _) = location.split_once('?').unwrap_or((location, ""));
        let to = Address::parse(bare, &[]).ok()?;
        let as_private = to.scheme == "https" || here.scheme == "http";
        (to.host == here.host && as_private).then(|| location.to_owned())
    }

    /// The platform's version and serial number.
    ///
    /// # Errors
    /// If Service Center can't be asked, or its answer not be understood.
    pub fn platform(&self) -> Result<PlatformInfo, Error> {
        let what = "say the platform's version";
        let body = Zeroizing::new(QUESTION.as_bytes().to_vec());
        let call = Call {
            method: Method::POST,
            url: self
                .http
                .address
                .at("/ServiceCenter/OutSystemsPlatform.asmx"),
            body: Some(("application/soap+xml; charset=utf-8", body)),
            asks: true,
            secrets: Vec::new(),
        };
        let server = self.http.server();
        let reply = self.http.send(&call).map_err(|failure| failure.error)?;
        if reply.status == 404 {
            let message = format!("there is no Service Center at `{server}` (404)");
            return Err(Error::new(Kind::Unexpected, message));
        }
        let reply = self.http.accepted(reply, what)?;
        let text = reply.text();
        let version = element(&text, "Version").filter(|text| is_version(text));
        let Some(version) = version else {
            let message = format!("asked to {what}, `{server}` answered something else");
            return Err(Error::new(Kind::Unexpected, message));
        };
        let serial = element(&text, "Serial").filter(|text| !text.is_empty());
        Ok(PlatformInfo { version, serial })
    }
}

/// Numbers with dots between them.
fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.contains('.') && text.split('.').all(number)
}

/// The text of the first element of this name, whatever its prefix, within the answer to `GetPlatformInfo`.
fn element(xml: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut within = false;
    let mut text: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().as_ref() == "GetPlatformInfoResponse" => {
                within = true;
            }
            Event::Start(start) if within && start.local_name().as_ref() == name => {
                text = Some(String::new());
            }
            Event::Text(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(text) = &mut text {
                    let reference = format!("&{};", &*reference);
                    text.push_str(&quick_xml::escape::unescape(&reference).ok()?);
                }
            }
            Event::End(_) => {
                if let Some(text) = text {
                    return Some(text.trim().to_owned());
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_whatever_its_prefixes() {
        let answer = "<s:Envelope xmlns:s='x'><s:Version>9.9</s:Version><o:GetPlatformInfoResponse xmlns:o='y'>\
                      <o:Version> 11.33.0.44280 </o:Version><o:Serial>A&amp;B</o:Serial></o:GetPlatformInfoResponse></s:Envelope>";
        assert_eq!(element(answer, "Version").unwrap(), "11.33.0.44280");
        assert_eq!(element(answer, "Serial").unwrap(), "A&B");
        assert_eq!(element("<html><Version>1.2</Version>", "Version"), None);
        assert_eq!(
            element("<GetPlatformInfoResponse><Version>1", "Version"),
            None
        );
    }

    #[test]
    fn versions_are_numbers() {
        assert!(is_version("11.33.0.44280") && is_version("11.0"));
        for text in ["", "11", "11.", "11.x", "<b>11.0</b>"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
