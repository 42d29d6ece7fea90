//! Values as PowerShell reads them.

/// A text as a PowerShell expression that is this text and nothing else, whatever is in it.
///
/// Between single quotation marks nothing is replaced. What ends such a string is `'` and each of its typographic sisters,
/// which PowerShell takes for the same: `'` is doubled, the sisters are written as numbers, and so is whatever is not seen.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut parts = Vec::new();
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\'' => plain.push_str("''"),
            c if must_be_a_number(c) => {
                parts.push(format!("'{plain}'"));
                plain.clear();
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    parts.push(format!("[char]{unit}"));
                }
            }
            c => plain.push(c),
        }
    }
    match parts.is_empty() {
        true => format!("'{plain}'"),
        // A character in front of a text would make a sum of numbers of it: a text stands first.
        false => format!("({} + '{plain}')", parts.join(" + ")),
    }
}

/// Whether a character could end a string or a line, or make a line look like another one.
fn must_be_a_number(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2018}'..='\u{201B}'      // quotation marks
            | '\u{200B}'..='\u{200F}'    // no width, direction
            | '\u{2028}'..='\u{202E}'    // line ends, direction
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'..='\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}')
}

/// Texts as an array, each on a line of its own.
#[must_use]
pub(super) fn list(texts: impl IntoIterator<Item = impl AsRef<str>>, indent: &str) -> String {
    let lines: Vec<String> = texts
        .into_iter()
        .map(|text| format!("{indent}    {}\n", quoted(text.as_ref())))
        .collect();
    match lines.is_empty() {
        true => "@()".to_owned(),
        false => format!("@(\n{}{indent})", lines.concat()),
    }
}

/// A text as comment lines. What could end a line is a space.
#[must_use]
pub(super) fn comment(text: &str) -> String {
    let line = |line: &str| {
        let clean: String = line
            .chars()
            .map(|c| if must_be_a_number(c) { ' ' } else { c })
            .collect();
        format!("# {clean}").trim_end().to_owned() + "\n"
    };
    text.split('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_text() {
        for (text, expected) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("it's", "'it''s'"),
            ("$(calc) `n $x", "'$(calc) `n $x'"),
            ("a\u{2019}; calc", "('a' + [char]8217 + '; calc')"),
            ("\r\n", "('' + [char]13 + '' + [char]10 + '')"),
            ("Übung, 日本", "'Übung, 日本'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_comment_stays_one_comment() {
        assert_eq!(
            comment("a\rStop-Computer\u{2028}b\nc #> d"),
            "# a Stop-Computer b\n# c #> d\n"
        );
    }
}
