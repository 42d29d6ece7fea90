//! What goes back to the client.

use serde_json::{Value, json};

/// An answer: a status, and text with it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        let kind = match body.bytes().next() {
            Some(b'{' | b'[') => "application/json; charset=utf-8",
            Some(b'<') if body.starts_with("<?xml") => "application/soap+xml; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        Self {
            status,
            headers: vec![("Content-Type", kind.to_owned())],
            body,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }

    /// The API's own errors.
    pub(crate) fn exception(status: u16, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self::json(status, &json!({"Errors": [message], "StatusCode": status}))
    }

    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        let mut answer = Self::new(302, "<html>moved</html>");
        answer.headers.push(("Location", to.into()));
        answer
    }
}
