//! Nothing in a name or a text gets out of its quotes, on any engine.
//!
//! The readers here know each engine's quotes from its manual and share nothing with the code that writes them.

#![allow(clippy::unwrap_used)]

use envclone_core::dialect::{self, Dialect, HeldColumn, Mark};
use envclone_core::engine::Engine;
use envclone_core::filter::{Filter, Literal, Rows, Source, Test};
use envclone_core::release::Kind;
use proptest::prelude::*;

/// What stands in quotes.
#[derive(Debug, PartialEq)]
enum Quoted {
    Name(String),
    Text(String),
}

/// Statement without what is quoted, and what was: `None` where a quote or a comment does not end, or a NUL stands.
fn read(engine: Engine, sql: &str) -> Option<(String, Vec<Quoted>)> {
    let (mut plain, mut quoted) = (String::new(), Vec::new());
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        let (end, doubles, name) = match (engine, c) {
            (_, '\0') => return None,
            (_, '\'') => ('\'', true, false),
            (Engine::SqlServer, '[') => (']', true, true),
            // A name in Oracle has no way to hold a quote.
            (Engine::Oracle, '"') => ('"', false, true),
            (_, '"') => ('"', true, true),
            (_, '-') if rest.peek() == Some(&'-') => return None,
            (_, '/') if rest.peek() == Some(&'*') => return None,
            _ => {
                plain.push(c);
                continue;
            }
        };
        let mut inside = String::new();
        loop {
            match rest.next()? {
                '\0' => return None,
                c if c == end && doubles && rest.peek() == Some(&end) => {
                    rest.next();
                    inside.push(c);
                }
                c if c == end => break,
                c => inside.push(c),
            }
        }
        plain.push(if name { '¤' } else { '§' });
        quoted.push(if name {
            Quoted::Name(inside)
        } else {
            Quoted::Text(inside)
        });
    }
    Some((plain, quoted))
}

/// Texts that try to get out.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => r#"['"\[\]\\%_;/*\x00\n` -]{1,3}"#,
        1 => Just("'; DROP TABLE ossys_user; --".to_owned()),
        1 => Just("]; DROP TABLE ossys_user; --".to_owned()),
        1 => Just("\" OR 1=1 --".to_owned()),
        1 => Just("\nGO\n".to_owned()),
        2 => "\\PC{1,4}",
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// What must come back from a name.
fn name_read(engine: Engine, name: &str) -> String {
    let name = name.replace('\0', "");
    match engine {
        Engine::Oracle => name.replace('"', "").to_uppercase(),
        _ => name,
    }
}

/// A filter with every test, whose names and texts all come from one list.
fn filter(words: &[String]) -> Filter {
    let word = |at: usize| words[at % words.len()].clone();
    let rows = |at: usize, filter| {
        let (table, column) = (word(at), word(at + 1));
        Box::new(Rows {
            table,
            column,
            filter,
        })
    };
    let lookup = Source::Lookup {
        table: word(1),
        column: word(2),
        key: word(3),
        matches: word(4),
    };
    let tests = [
        Test::Is(word(0)),
        Test::Not(word(1)),
        Test::In(vec![word(2), word(3)]),
        Test::NotIn(vec![word(3), word(4)]),
        Test::Empty(false),
        Test::NoDate(true),
        Test::StartsWith(word(0)),
        Test::Contains(word(1)),
        Test::InRows(rows(2, Filter::column(&word(4), Test::Is(word(0))))),
        Test::NotInRows(rows(3, Filter::default())),
        Test::Differs(Source::Literal(Literal::Text(word(4)))),
        Test::Differs(lookup),
        Test::NotNumbers(vec![2, 4]),
        Test::Due,
        Test::Coming(24),
    ];
    let columns = tests.into_iter().enumerate();
    Filter::All(
        columns
            .map(|(at, test)| Filter::Column(word(at), test))
            .collect(),
    )
}

/// Every statement that the verbs spell.
fn statements(d: &dyn Dialect, words: &[String]) -> Vec<String> {
    let (table, filter) = (&words[0], filter(words));
    let set = [
        (
            words[1].clone(),
            Source::Literal(Literal::Text(words[2].clone())),
        ),
        (words[2].clone(), Source::Literal(Literal::Empty)),
    ];
    let mark = Mark {
        kind: words[0].clone(),
        run: words[1].clone(),
        plan: words[2].clone(),
        group: words[3].clone(),
        proof: words[4].clone(),
        at: "2026-03-02 08:00:00".to_owned(),
    };
    // A table's and a column's names are the program's own: only what a person is called comes from outside.
    let held = HeldColumn {
        kind: Kind::Timers,
        table: "t",
        key: "k",
        column: "c",
        dates: true,
        rows: filter.clone(),
        to: Literal::Never,
    };
    vec![
        d.keep_values(&held, &words[0], &words[1]),
        d.put_back(&held),
        d.count(table, &filter),
        d.select(table, &[&words[3], &words[4]], &filter),
        d.newest(&[(table, &words[1]), (table, &words[0])]),
        d.delete_rows(table, &filter),
        d.set_columns(table, &set, &filter),
        d.insert_mark(&mark),
    ]
}

proptest! {
    #[test]
    fn a_name_stays_in_its_quotes(name in hostile()) {
        for engine in Engine::ALL {
            let sql = format!("a {} z", dialect::of(engine).identifier(&name));
            let wanted = vec![Quoted::Name(name_read(engine, &name))];
            prop_assert_eq!(read(engine, &sql), Some(("a ¤ z".to_owned(), wanted)), "{}: {}", engine, sql);
        }
    }

    #[test]
    fn a_text_stays_in_its_quotes(text in hostile()) {
        for engine in Engine::ALL {
            let sql = format!("a {} z", dialect::of(engine).text(&text));
            let (plain, quoted) = read(engine, &sql).unwrap();
            prop_assert_eq!(plain.replace('N', ""), "a § z", "{}: {}", engine, sql);
            prop_assert_eq!(quoted, vec![Quoted::Text(text.replace('\0', ""))]);
        }
    }

    #[test]
    fn no_word_changes_what_a_statement_does(words in prop::collection::vec(hostile(), 5)) {
        let harmless: Vec<String> = ["t", "a", "b", "c", "d"].map(str::to_owned).to_vec();
        // A text of blanks or nothing may be spelled otherwise; none of these is.
        let words: Vec<String> = words.into_iter().map(|word| format!("x{word}")).collect();
        for engine in Engine::ALL {
            let d = dialect::of(engine);
            for (wild, tame) in statements(d, &words).iter().zip(statements(d, &harmless)) {
                let shape = |sql: &str| read(engine, sql).map(|(plain, _)| plain);
                prop_assert!(shape(wild).is_some(), "{engine}: {wild}");
                prop_assert_eq!(shape(wild), shape(&tame), "{}: {}", engine, wild);
            }
        }
    }

    #[test]
    fn a_pattern_means_its_own_text(text in hostile()) {
        let test = Filter::column("C", Test::StartsWith(text.clone()));
        for engine in Engine::ALL {
            let sql = dialect::of(engine).count("T", &test);
            let (_, quoted) = read(engine, &sql).unwrap();
            let pattern = quoted.into_iter().find_map(|it| match it {
                Quoted::Text(text) => Some(text),
                Quoted::Name(_) => None,
            });
            prop_assert_eq!(unescape(engine, &pattern.unwrap()), Some(text.replace('\0', "")), "{}", sql);
        }
    }
}

/// The text that a pattern of the form `text%` stands for; nothing where it stands for more, or the engine refuses it.
fn unescape(engine: Engine, pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern.strip_suffix('%')?.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match (engine, rest.next()?) {
                (Engine::Oracle, c) if !"%_\\".contains(c) => return None,
                (_, c) => text.push(c),
            },
            '%' | '_' => return None,
            '[' if engine == Engine::SqlServer => return None,
            c => text.push(c),
        }
    }
    Some(text)
}
