//! Just enough of SQL to know where its placeholders and names are: not inside texts, comments and quoted names.

/// What a piece of a statement is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// White space or a comment.
    Blank,
    /// A name or keyword without quotes.
    Word,
    /// A name in double quotes, these included.
    Quoted,
    /// A text in single quotes, these included, also `q'[…]'`.
    Text,
    /// A placeholder, its colon included.
    Bind,
    /// `:=`
    Assign,
    /// Any other single character.
    Symbol,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

impl Token<'_> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// The name that a word, a quoted name or a placeholder stands for.
    pub(crate) fn name(&self) -> String {
        let text = self.text.trim_start_matches(':').trim_start();
        match text.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => text.to_uppercase(),
        }
    }
}

/// The whole statement in pieces: put together again they are the statement.
pub(crate) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = token(rest, first);
        let (text, after) = rest.split_at(length);
        tokens.push(Token { kind, text });
        rest = after;
    }
    tokens
}

fn token(rest: &str, first: char) -> (Kind, usize) {
    let until = |end: &str, from: usize| {
        rest[from..]
            .find(end)
            .map_or(rest.len(), |at| from + at + end.len())
    };
    match first {
        _ if first.is_whitespace() => (Kind::Blank, while_in(rest, char::is_whitespace)),
        '-' if rest.starts_with("--") => (Kind::Blank, until("\n", 0)),
        '/' if rest.starts_with("/*") => (Kind::Blank, until("*/", 2)),
        '\'' => (Kind::Text, until("'", 1)),
        '"' => (Kind::Quoted, until("\"", 1)),
        ':' if rest.starts_with(":=") => (Kind::Assign, 2),
        ':' => bind(rest).map_or((Kind::Symbol, 1), |length| (Kind::Bind, length)),
        'q' | 'Q' if rest[1..].starts_with('\'') => (Kind::Text, alternative_quotes(rest)),
        'n' | 'N' if rest[1..].starts_with('\'') => (Kind::Text, until("'", 2)),
        _ if first.is_alphanumeric() || first == '_' => (Kind::Word, while_in(rest, in_name)),
        _ => (Kind::Symbol, first.len_utf8()),
    }
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '#')
}

fn while_in(text: &str, set: impl Fn(char) -> bool) -> usize {
    text.find(|character| !set(character)).unwrap_or(text.len())
}

/// How long the placeholder is that begins here, if one does.
fn bind(rest: &str) -> Option<usize> {
    let name = rest[1..].trim_start();
    let from = rest.len() - name.len();
    match name.chars().next()? {
        '"' => name[1..].find('"').map(|at| from + at + 2),
        first if first.is_ascii_digit() => {
            Some(from + while_in(name, |character| character.is_ascii_digit()))
        }
        first if first.is_alphabetic() => Some(from + while_in(name, in_name)),
        _ => None,
    }
}

fn alternative_quotes(rest: &str) -> usize {
    let Some(open) = rest.chars().nth(2) else {
        return rest.len();
    };
    let close = match open {
        '[' => ']',
        '{' => '}',
        '<' => '>',
        '(' => ')',
        same => same,
    };
    let from = 2 + open.len_utf8();
    let end = format!("{close}'");
    rest[from..]
        .find(&end)
        .map_or(rest.len(), |at| from + at + end.len())
}

/// The first word, in capitals.
pub(crate) fn verb(sql: &str) -> String {
    tokens(sql)
        .iter()
        .find(|token| token.kind == Kind::Word)
        .map(|token| token.text.to_uppercase())
        .unwrap_or_default()
}

/// Whether a statement is a PL/SQL block, whose placeholders count once a name.
pub(crate) fn is_block(sql: &str) -> bool {
    matches!(verb(sql).as_str(), "BEGIN" | "DECLARE" | "CALL")
}

/// A statement's placeholders as the protocol counts them, and whether each takes what `RETURNING … INTO` gives.
pub(crate) fn binds(sql: &str) -> Vec<(String, bool)> {
    let block = is_block(sql);
    let (mut returning, mut into) = (false, false);
    let mut binds: Vec<(String, bool)> = Vec::new();
    for token in tokens(sql) {
        match token.kind {
            Kind::Word if token.is("RETURNING") => returning = !block,
            Kind::Word if returning && token.is("INTO") => into = true,
            Kind::Bind => {
                let name = token.name();
                if !block || binds.iter().all(|(known, _)| *known != name) {
                    binds.push((name, into));
                }
            }
            _ => {}
        }
    }
    binds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Vec<String> {
        binds(sql).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn placeholders_are_found() {
        let sql = "SELECT ':a', q'[it's :b]', \":c\" /* :d */ FROM t -- :e\nWHERE x = :1 AND y=:Name AND z=:1";
        assert_eq!(names(sql), ["1", "NAME", "1"]);
        assert_eq!(names("BEGIN :a := :a + :b; END;"), ["A", "B"]);
        assert_eq!(
            names("SELECT 1 FROM t WHERE a = 'o''clock :no' AND b = :yes"),
            ["YES"]
        );
        let both = [("1".to_owned(), false), ("2".to_owned(), true)];
        assert_eq!(binds("UPDATE t SET a = :1 RETURNING id INTO :2"), both);
    }

    #[test]
    fn pieces_are_the_whole() {
        for sql in [
            "",
            "x := 'unfinished",
            "a:=b;:",
            "SELECT é, \"ü\" FROM ñ /* open",
            "q'",
            "q'x",
            ":\"a b\"",
        ] {
            let whole: String = tokens(sql).iter().map(|token| token.text).collect();
            assert_eq!(whole, sql);
        }
    }

    #[test]
    fn verbs_are_found_behind_comments() {
        assert_eq!(verb("/* why */ -- so\n update t set x = 1"), "UPDATE");
        assert!(is_block(" begin null; end;"));
    }
}
