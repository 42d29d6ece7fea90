//! Keeps secrets out of what a server says about a request.

use secrecy::{ExposeSecret, SecretString};

/// The longest message of a server that is passed on, in characters.
const LONGEST: usize = 500;

/// A server's text, fit to be shown: without the secrets that it was sent, without what steers a terminal, and not too
/// long.
pub(crate) fn presentable<'a>(
    text: &str,
    secrets: impl IntoIterator<Item = &'a SecretString>,
) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        for form in forms(secret.expose_secret()) {
            text = text.replace(&form, "***");
        }
    }
    let shown = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST);
    let shown: String = shown.collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How a text may come back: as it is, as JSON or XML write it, or in an address. The longest first, so that none is cut
/// apart by another.
fn forms(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let xml = quick_xml::escape::escape(secret).into_owned();
    let address = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
    let mut forms = vec![secret.to_owned(), json, xml, address.to_string()];
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_however_they_are_written() {
        let secret = SecretString::from("a\"<b>&c d\"");
        let said = "no: a\"<b>&c d\" / a\\\"<b>&c d\\\" / a&quot;&lt;b&gt;&amp;c d&quot; / a%22%3Cb%3E%26c%20d%22";
        assert_eq!(presentable(said, [&secret]), "no: *** / *** / *** / ***");
        assert_eq!(presentable("nothing", [&SecretString::from("")]), "nothing");
    }

    #[test]
    fn a_server_steers_no_terminal() {
        assert_eq!(presentable("a\u{1b}[31m\r\n b", []), "a [31m b");
        assert_eq!(presentable(&"x".repeat(9999), []).len(), LONGEST);
    }
}
