//! One session of MariaDB.

use super::rewrite::{self, Rewritten, variable};
use super::{DICTIONARY, errors, types};
use crate::answer::{Answer, OracleError, Value};
use crate::backend::{Backend, Call, Request, Session};
use crate::lexer::{self, Kind, Token};
use mysql::prelude::{Protocol, Queryable};
use mysql::{Conn, Opts, Params, QueryResult};

/// Executes what one client asks for.
pub(super) struct MariaDbSession {
    connection: Conn,
    options: Opts,
}

impl MariaDbSession {
    pub(super) fn new(connection: Conn, options: Opts, who: &Session) -> Result<Self, OracleError> {
        let mut session = Self {
            connection,
            options,
        };
        session.set("current_user_name", &who.user)?;
        // SYS, and accounts without tables, have no database of their own.
        if session.enter(&who.user).is_err() {
            session.enter(DICTIONARY)?;
            session.set("current_schema_name", &who.user)?;
        }
        Ok(session)
    }

    fn set(&mut self, variable: &str, value: &str) -> Result<(), OracleError> {
        let sql = format!("SET @{variable} = ?");
        self.connection
            .exec_drop(&sql, (value,))
            .map_err(|error| errors::oracle(&error, &sql))
    }

    fn enter(&mut self, schema: &str) -> Result<(), OracleError> {
        let sql = format!("USE `{}`", schema.to_lowercase().replace('`', "``"));
        let fail = |error| errors::oracle(&error, "ALTER SESSION");
        self.connection.query_drop(sql).map_err(fail)?;
        self.set("current_schema_name", &schema.to_uppercase())
    }

    /// What `ALTER SESSION SET` sets: pairs of names and values.
    fn alter(&mut self, sql: &str) -> Result<Answer, OracleError> {
        let tokens: Vec<Token<'_>> = lexer::tokens(sql)
            .into_iter()
            .filter(|token| token.kind != Kind::Blank)
            .collect();
        for three in tokens.windows(3) {
            let [name, equals, value] = three else {
                continue;
            };
            if name.kind != Kind::Word || !equals.symbol("=") {
                continue;
            }
            if name.is("CURRENT_SCHEMA") {
                self.enter(&value.name())?;
            } else {
                let value = value.text.trim_matches('\'');
                self.set(&name.text.to_lowercase(), value)?;
            }
        }
        Ok(Answer::Done)
    }

    fn statement(
        &mut self,
        request: &Request,
        rewritten: &Rewritten,
    ) -> Result<Answer, mysql::Error> {
        let quoted = quoted(&request.sql);
        if request.call == Call::Parse {
            let statement = self.connection.prep(&rewritten.sql)?;
            let columns = statement.columns();
            return Ok(match columns.is_empty() {
                true => Answer::Done,
                false => Answer::Rows {
                    columns: types::columns(&columns, &quoted),
                    rows: Vec::new(),
                },
            });
        }
        if request.binds.is_empty() {
            let mut result = self.connection.query_iter(&rewritten.sql)?;
            let answer = answer(&mut result, &quoted)?;
            return Ok(match answer {
                Answer::Changed(_) if !changes(&request.verb()) => Answer::Done,
                answer => answer,
            });
        }
        let mut counts = Vec::new();
        for row in &request.rows {
            let values = Params::Positional(row.iter().map(types::theirs).collect());
            let mut result = self.connection.exec_iter(&rewritten.sql, values)?;
            match answer(&mut result, &quoted)? {
                Answer::Changed(changed) => counts.extend(changed),
                rows => return Ok(rows),
            }
        }
        Ok(Answer::Changed(counts))
    }

    /// A PL/SQL block, its binds as variables.
    fn block(&mut self, request: &Request, rewritten: &Rewritten) -> Result<Answer, mysql::Error> {
        let once = vec![Vec::new()];
        let rows = match request.rows.is_empty() {
            true => &once,
            false => &request.rows,
        };
        let mut given = Vec::new();
        for row in rows {
            for (at, value) in row.iter().enumerate() {
                let sql = format!("SET {} = ?", variable(at));
                self.connection.exec_drop(sql, (types::theirs(value),))?;
            }
            self.connection.query_drop(&rewritten.sql)?;
            given.clear();
            for at in &rewritten.out {
                let mut result = self
                    .connection
                    .query_iter(format!("SELECT {}", variable(*at)))?;
                let value = types::rows(&mut result)?
                    .pop()
                    .and_then(|mut row| row.pop());
                given.push((*at, value.unwrap_or(Value::Null)));
            }
        }
        Ok(match given.is_empty() {
            true => Answer::Done,
            false => Answer::Out(given),
        })
    }
}

impl Backend for MariaDbSession {
    fn execute(&mut self, request: &Request) -> Result<Answer, OracleError> {
        let mut words = lexer::tokens(&request.sql)
            .into_iter()
            .filter(|token| token.kind == Kind::Word);
        let (first, second) = (words.next(), words.next());
        let is = |word: Option<Token<'_>>, text| word.is_some_and(|word| word.is(text));
        if is(first, "ALTER") && is(second, "SESSION") {
            return self.alter(&request.sql);
        }
        let rewritten = rewrite::rewrite(&request.sql);
        match rewritten.block {
            true if request.call == Call::Parse => Ok(Answer::Done),
            true => self.block(request, &rewritten),
            false => self.statement(request, &rewritten),
        }
        .map_err(|error| errors::oracle(&error, &request.sql))
    }

    fn commit(&mut self) -> Result<(), OracleError> {
        let done = self.connection.query_drop("COMMIT");
        done.map_err(|error| errors::oracle(&error, "COMMIT"))
    }

    fn rollback(&mut self) -> Result<(), OracleError> {
        let done = self.connection.query_drop("ROLLBACK");
        done.map_err(|error| errors::oracle(&error, "ROLLBACK"))
    }

    fn cancel(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        let (options, id) = (self.options.clone(), self.connection.connection_id());
        Some(Box::new(move || {
            // If it can't be killed it ends by itself.
            let _ = Conn::new(options.clone())
                .and_then(|mut connection| connection.query_drop(format!("KILL QUERY {id}")));
        }))
    }
}

/// What came of a statement.
fn answer<P: Protocol>(
    result: &mut QueryResult<'_, '_, '_, P>,
    quoted: &[String],
) -> Result<Answer, mysql::Error> {
    let theirs = result.columns().as_ref().to_vec();
    if theirs.is_empty() {
        return Ok(Answer::changed(result.affected_rows()));
    }
    Ok(Answer::Rows {
        columns: types::columns(&theirs, quoted),
        rows: types::rows(result)?,
    })
}

/// Whether a statement's outcome is a number of rows.
fn changes(verb: &str) -> bool {
    matches!(verb, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "REPLACE")
}

fn quoted(sql: &str) -> Vec<String> {
    lexer::tokens(sql)
        .iter()
        .filter(|token| token.kind == Kind::Quoted)
        .map(Token::name)
        .collect()
}
