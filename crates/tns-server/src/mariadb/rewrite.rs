//! The little that is said otherwise in MariaDB: placeholders, dictionary views, a few names.

use super::DICTIONARY;
use crate::lexer::{self, Kind, Token};

/// A statement for MariaDB.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Rewritten {
    pub(super) sql: String,
    /// Whether its placeholders are variables named by [`variable`], as in a PL/SQL block, instead of `?`.
    pub(super) block: bool,
    /// Which of a block's placeholders get values.
    pub(super) out: Vec<usize>,
}

/// The user variable that stands for a block's placeholder.
pub(super) fn variable(at: usize) -> String {
    format!("@envclone_bind_{at}")
}

pub(super) fn rewrite(sql: &str) -> Rewritten {
    let tokens = lexer::tokens(sql);
    let block = lexer::is_block(sql);
    let names: Vec<String> = lexer::binds(sql)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut rewritten = Rewritten {
        sql: String::with_capacity(sql.len()),
        block,
        out: Vec::new(),
    };
    let mut place = Place::default();
    let mut skipped = 0;
    for (at, token) in tokens.iter().enumerate() {
        if skipped > 0 {
            skipped -= 1;
            continue;
        }
        let next = |from: usize| {
            let rest = tokens.iter().enumerate().skip(from);
            rest.map(|(at, token)| (at, *token))
                .find(|(_, token)| token.kind != Kind::Blank)
        };
        match token.kind {
            Kind::Bind if block => {
                let number = names
                    .iter()
                    .position(|name| *name == token.name())
                    .unwrap_or_default();
                let assigned = next(at + 1).is_some_and(|(_, token)| token.kind == Kind::Assign);
                if assigned {
                    rewritten.sql += "SET ";
                }
                if (assigned || place.after_into) && !rewritten.out.contains(&number) {
                    rewritten.out.push(number);
                }
                rewritten.sql += &variable(number);
            }
            Kind::Bind => rewritten.sql += "?",
            Kind::Word | Kind::Quoted => {
                let follows = next(at + 1);
                let qualifies = follows.is_some_and(|(_, token)| token.symbol("."));
                if place.table && qualifies && token.name() == "SYS" {
                    // `SYS.` goes, what it qualifies is looked at as if it were not qualified.
                    skipped = follows.map_or(0, |(dot, _)| dot - at);
                    continue;
                }
                if token.is("DBMS_LOB") && qualifies {
                    let function = follows.and_then(|(dot, _)| next(dot + 1));
                    if let Some((last, _)) = function.filter(|(_, token)| token.is("GETLENGTH")) {
                        rewritten.sql += "OCTET_LENGTH";
                        skipped = last - at;
                        continue;
                    }
                }
                rewritten.sql += &name(
                    token,
                    place.table && !qualifies,
                    follows.map(|(_, token)| token),
                );
            }
            // To MariaDB two dashes are a comment only with a blank after them.
            Kind::Blank if token.text.starts_with("--") => {
                rewritten.sql += "-- ";
                rewritten.sql += &token.text[2..];
            }
            // A table that a block creates: MariaDB's timestamps end in 2038.
            Kind::Text if token.text.starts_with("'CREATE TABLE ") => {
                rewritten.sql += &token.text.replace("TIMESTAMP(", "DATETIME(");
            }
            _ => rewritten.sql += token.text,
        }
        place.pass(token);
    }
    rewritten
}

fn name(token: &Token<'_>, table: bool, follows: Option<Token<'_>>) -> String {
    // In quotes it is somebody's own table.
    if table && token.kind == Kind::Word && is_dictionary(&token.name()) {
        return format!("\"{DICTIONARY}\".\"{}\"", token.name().to_lowercase());
    }
    if token.is("SYSTIMESTAMP") {
        return "CURRENT_TIMESTAMP(6)".to_owned();
    }
    if token.is("SYS_CONTEXT") && follows.is_some_and(|token| token.symbol("(")) {
        return format!("{DICTIONARY}.sys_context");
    }
    match token.kind {
        // To MariaDB it begins a comment.
        Kind::Word if token.text.contains('#') => format!("\"{}\"", token.text),
        _ => token.text.to_owned(),
    }
}

fn is_dictionary(name: &str) -> bool {
    let name = name.to_uppercase();
    let begins = ["ALL_", "DBA_", "USER_", "V$", "GV$"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    begins || OTHERS.contains(&name.as_str())
}

/// Those of the dictionary's views whose names begin as no others do.
const OTHERS: [&str; 5] = [
    "NLS_DATABASE_PARAMETERS",
    "NLS_INSTANCE_PARAMETERS",
    "PRODUCT_COMPONENT_VERSION",
    "SESSION_PRIVS",
    "SESSION_ROLES",
];

/// Where in a statement one is.
#[derive(Default)]
struct Place {
    /// Whether a table's name is next.
    table: bool,
    /// Whether what comes next takes what a query gives.
    after_into: bool,
    inserting: bool,
    /// For each open parenthesis, and outside of them: whether it is a query, and whether its tables are being listed.
    levels: Vec<(bool, bool)>,
}

impl Place {
    fn pass(&mut self, token: &Token<'_>) {
        if token.kind == Kind::Blank {
            return;
        }
        if self.levels.is_empty() {
            self.levels.push((false, false));
        }
        let (query, listing) = self.levels.last().copied().unwrap_or_default();
        let mut now = (query, listing);
        self.table = false;
        match token.kind {
            Kind::Word => {
                let word = token.text.to_uppercase();
                match word.as_str() {
                    "SELECT" | "DELETE" => now = (true, false),
                    // `EXTRACT(YEAR FROM d)` lists no tables.
                    "FROM" if query => {
                        now = (true, true);
                        self.table = true;
                    }
                    "JOIN" => self.table = true,
                    "WHERE" | "GROUP" | "ORDER" | "HAVING" | "UNION" | "MINUS" | "INTERSECT"
                    | "SET" | "CONNECT" | "START" | "ON" | "USING" => now = (query, false),
                    _ => {}
                }
                match word.as_str() {
                    "INSERT" | "MERGE" => self.inserting = true,
                    "INTO" => self.after_into = !std::mem::take(&mut self.inserting),
                    "FROM" | "VALUES" | "USING" => self.after_into = false,
                    _ => {}
                }
            }
            Kind::Symbol => match token.text {
                "(" => {
                    self.levels.push((false, false));
                    return;
                }
                ")" => {
                    self.levels.pop();
                    return;
                }
                "," => self.table = listing,
                ";" => {
                    self.after_into = false;
                    now = (false, false);
                }
                _ => {}
            },
            _ => {}
        }
        if let Some(level) = self.levels.last_mut() {
            *level = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(sql: &str) -> String {
        rewrite(sql).sql
    }

    #[test]
    fn placeholders_become_question_marks() {
        let given = "UPDATE t SET a = :1, b = ':2' WHERE \"c:3\" = :4 -- :5";
        assert_eq!(
            sql(given),
            "UPDATE t SET a = ?, b = ':2' WHERE \"c:3\" = ? --  :5"
        );
    }

    #[test]
    fn placeholders_of_blocks_become_variables() {
        let given = "BEGIN :n := :n + :m; SELECT x INTO :o FROM t WHERE y = :m; END;";
        let expected = "BEGIN SET @envclone_bind_0 := @envclone_bind_0 + @envclone_bind_1; \
                        SELECT x INTO @envclone_bind_2 FROM t WHERE y = @envclone_bind_1; END;";
        let rewritten = rewrite(given);
        assert_eq!(rewritten.sql, expected);
        assert_eq!(rewritten.out, [0, 2]);
    }

    #[test]
    fn what_begins_a_comment_is_another() {
        let given = "SELECT serial#, 'a#' --why\nFROM v$session";
        let expected = "SELECT \"serial#\", 'a#' -- why\nFROM \"sys_dictionary\".\"v$session\"";
        assert_eq!(sql(given), expected);
    }

    #[test]
    fn timestamps_of_created_tables_do_not_end() {
        let given =
            "BEGIN EXECUTE IMMEDIATE 'CREATE TABLE t (a TIMESTAMP(6))'; x('TIMESTAMP(6)'); END;";
        let expected =
            "BEGIN EXECUTE IMMEDIATE 'CREATE TABLE t (a DATETIME(6))'; x('TIMESTAMP(6)'); END;";
        assert_eq!(sql(given), expected);
    }

    #[test]
    fn the_length_of_a_lob_is_that_of_its_bytes() {
        let given = "SELECT MAX(DBMS_LOB.GETLENGTH(\"C\")), dbms_lob . getlength(d) FROM t";
        let expected = "SELECT MAX(OCTET_LENGTH(\"C\")), OCTET_LENGTH(d) FROM t";
        assert_eq!(sql(given), expected);
        let other = "SELECT DBMS_LOB.FILEEXISTS(f), dbms_lob FROM t";
        assert_eq!(sql(other), other);
    }

    #[test]
    fn what_is_inserted_is_not_given() {
        let given = "BEGIN INSERT INTO t (a) SELECT :x FROM dual; INSERT INTO t VALUES (:y); END;";
        assert!(rewrite(given).out.is_empty());
    }

    #[test]
    fn dictionary_views_are_found_where_tables_are() {
        let cases = [
            (
                "SELECT user_id FROM ossys_user",
                "SELECT user_id FROM ossys_user",
            ),
            (
                "SELECT * FROM v$instance",
                "SELECT * FROM \"sys_dictionary\".\"v$instance\"",
            ),
            (
                "SELECT 1 FROM t, all_tables a",
                "SELECT 1 FROM t, \"sys_dictionary\".\"all_tables\" a",
            ),
            (
                "SELECT 1 FROM t JOIN \"DBA_SERVERS\" ON 1=1",
                "SELECT 1 FROM t JOIN \"DBA_SERVERS\" ON 1=1",
            ),
            (
                "SELECT 1 FROM sys.dba_users",
                "SELECT 1 FROM \"sys_dictionary\".\"dba_users\"",
            ),
            ("SELECT 1 FROM x.user_tables", "SELECT 1 FROM x.user_tables"),
            (
                "SELECT TRIM(a FROM user_name), user_x FROM t ORDER BY a, user_y",
                "SELECT TRIM(a FROM user_name), user_x FROM t ORDER BY a, user_y",
            ),
            (
                "SELECT (SELECT 1 FROM user_objects), user_name FROM t",
                "SELECT (SELECT 1 FROM \"sys_dictionary\".\"user_objects\"), user_name FROM t",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(sql(given), expected);
        }
    }
}
