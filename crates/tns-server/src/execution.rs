//! Statements: what they are asked with, who answers, and how that is told.

use crate::answer::{Answer, Column, OracleError, Value};
use crate::backend::{Backend, Bind, Call, Request};
use crate::calls::{Execute, Raw};
use crate::cursor::{Cursor, direction};
use crate::respond;
use crate::session::{End, Session};
use crate::wire::Wire;
use std::io;
use std::net::TcpStream;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often to look whether the client has given up on what is being executed.
const LOOK: Duration = Duration::from_millis(50);

/// What came of asking.
enum Outcome {
    Answer(Answer),
    Broken,
    Closed,
}

impl Session<'_> {
    pub(crate) fn execute(&mut self, call: Execute) -> io::Result<End> {
        let id = match self.cursor(&call) {
            Ok(id) => id,
            Err(error) => {
                self.outcome(Some(&error), 0, 0);
                return Ok(End::Answered);
            }
        };
        let fetch = call.fetch;
        if let Some(defines) = call.defines {
            self.cursor_of(id).defines = Some(defines);
            return match fetch {
                Some(rows) => self.fetch(id, rows, true),
                None => {
                    self.outcome(None, id, 0);
                    Ok(End::Answered)
                }
            };
        }
        let request = match self.request(id, &call) {
            Ok(request) => request,
            Err(error) => {
                self.outcome(Some(&error), id, 0);
                return Ok(End::Answered);
            }
        };
        self.shared.record(&request);
        match self.ask(&request)? {
            Outcome::Answer(answer) => self.tell(id, &request, &call, answer),
            Outcome::Broken => Ok(End::Broken),
            Outcome::Closed => Ok(End::Closed),
        }
    }

    /// The statement's cursor, made where it is new.
    fn cursor(&mut self, call: &Execute) -> Result<u32, OracleError> {
        let id = match (&call.sql, call.cursor) {
            (Some(_), 0) if self.cursors.len() >= self.shared.options.open_cursors => {
                return Err(OracleError::new(1000, "maximum open cursors exceeded"));
            }
            (Some(sql), 0) => {
                self.last_cursor = self.last_cursor % 65_000 + 1;
                self.cursors.insert(self.last_cursor, Cursor::new(sql));
                self.last_cursor
            }
            (Some(sql), known) => {
                let cursor = self
                    .cursors
                    .entry(known)
                    .or_insert_with(|| Cursor::new(sql));
                if cursor.sql != *sql {
                    *cursor = Cursor::new(sql);
                }
                known
            }
            (None, known) => known,
        };
        let invalid = || OracleError::new(1001, "invalid cursor");
        let cursor = self.cursors.get_mut(&id).ok_or_else(invalid)?;
        if let Some(binds) = &call.binds {
            cursor.binds.clone_from(binds);
            cursor.directions = vec![direction::IN; binds.len()];
        }
        Ok(id)
    }

    fn cursor_of(&mut self, id: u32) -> &mut Cursor {
        self.cursors.entry(id).or_insert_with(|| Cursor::new(""))
    }

    fn request(&mut self, id: u32, call: &Execute) -> Result<Request, OracleError> {
        let Some(cursor) = self.cursors.get(&id) else {
            return Err(OracleError::new(1001, "invalid cursor"));
        };
        let name = |at: usize| cursor.names.get(at).map(|(name, _)| name.clone());
        let binds: Vec<Bind> = cursor
            .binds
            .iter()
            .enumerate()
            .map(|(at, bind)| Bind {
                name: name(at).unwrap_or_default(),
                kind: bind.declared(),
                size: bind.size,
            })
            .collect();
        let mut rows = Vec::with_capacity(call.rows.len());
        for raw in &call.rows {
            let mut row = Vec::with_capacity(raw.len());
            for (raw, bind) in raw.iter().zip(&cursor.binds) {
                row.push(match raw {
                    Raw::Absent => Value::Null,
                    Raw::Bytes(bytes) => respond::read(*bind, bytes)
                        .map_err(|error| OracleError::new(932, error.to_string()))?,
                    Raw::Locator(locator) => self.lobs.value(locator)?,
                });
            }
            rows.push(row);
        }
        Ok(Request {
            connection: self.who.connection,
            user: self.who.user.clone(),
            call: match (call.execute, call.again) {
                (false, _) => Call::Parse,
                (true, true) => Call::Again,
                (true, false) => Call::Statement,
            },
            sql: cursor.sql.clone(),
            binds,
            rows,
            autocommit: call.commit,
        })
    }

    /// Asks the script, and whatever stands behind it.
    fn ask(&mut self, request: &Request) -> io::Result<Outcome> {
        let answer = (self.shared.script)(request).unwrap_or(Answer::PassOn);
        self.work(request, answer)
    }

    /// Does what an answer takes, until there is something to tell.
    fn work(&mut self, request: &Request, answer: Answer) -> io::Result<Outcome> {
        Ok(match answer {
            Answer::PassOn => {
                let answer = self.pass_on(request)?;
                match answer {
                    Some(Answer::PassOn) => Outcome::Answer(Answer::Done),
                    Some(answer) => Outcome::Answer(answer),
                    None => Outcome::Broken,
                }
            }
            Answer::Slow(wait, answer) => match self.wire.packet_within(wait)? {
                None => return self.work(request, *answer),
                Some(packet) if packet.marker().is_some() => Outcome::Broken,
                Some(_) => Outcome::Closed,
            },
            Answer::Deaf(wait, answer) => {
                thread::sleep(wait);
                return self.work(request, *answer);
            }
            Answer::Cut => Outcome::Closed,
            Answer::Lost(answer) => {
                self.work(request, *answer)?;
                Outcome::Closed
            }
            Answer::Vanish(answer) => {
                self.work(request, *answer)?;
                self.shared.vanish(self.who.connection);
                Outcome::Closed
            }
            Answer::CutAfter(rows, answer) => match self.work(request, *answer)? {
                Outcome::Answer(answer @ Answer::Rows { .. }) => {
                    Outcome::Answer(answer.cut_after(rows))
                }
                other => other,
            },
            Answer::Again(times, answer) => match self.work(request, *answer)? {
                Outcome::Answer(answer @ Answer::Rows { .. }) => {
                    Outcome::Answer(answer.again(times))
                }
                other => other,
            },
            answer => Outcome::Answer(answer),
        })
    }

    /// Has the backend do it; nothing where the client gave up meanwhile.
    fn pass_on(&mut self, request: &Request) -> io::Result<Option<Answer>> {
        let done = match transaction_end(request) {
            Some(true) => self.backend.commit().map(|()| Answer::Done),
            Some(false) => self.backend.rollback().map(|()| Answer::Done),
            None => executed(self.backend.as_mut(), &self.wire, request)?,
        };
        let broken = match self.wire.packet_within(Duration::ZERO)? {
            Some(packet) => packet.marker().is_some(),
            None => false,
        };
        Ok((!broken).then(|| done.unwrap_or_else(Answer::Error)))
    }

    /// Has the backend do something that the client asked for on the way, and that isn't answered.
    pub(crate) fn aside(&mut self, sql: &str) {
        let request = Request {
            connection: self.who.connection,
            user: self.who.user.clone(),
            call: Call::Statement,
            sql: sql.to_owned(),
            binds: Vec::new(),
            rows: Vec::new(),
            autocommit: false,
        };
        self.shared.record(&request);
        if let None | Some(Answer::PassOn) = (self.shared.script)(&request) {
            // Nothing waits for an answer that could say that it failed.
            let _ = self.backend.execute(&request);
        }
    }

    pub(crate) fn end_transaction(&mut self, commit: bool) -> io::Result<End> {
        let (call, sql) = match commit {
            true => (Call::Commit, "COMMIT"),
            false => (Call::Rollback, "ROLLBACK"),
        };
        let request = Request {
            connection: self.who.connection,
            user: self.who.user.clone(),
            call,
            sql: sql.to_owned(),
            binds: Vec::new(),
            rows: Vec::new(),
            autocommit: false,
        };
        self.shared.record(&request);
        match self.ask(&request)? {
            Outcome::Answer(Answer::Error(error)) => self.outcome(Some(&error), 0, 0),
            Outcome::Answer(_) => {
                self.changed = false;
                self.status();
            }
            Outcome::Broken => return Ok(End::Broken),
            Outcome::Closed => return Ok(End::Closed),
        }
        Ok(End::Answered)
    }

    /// Tells a client what came of its statement.
    fn tell(
        &mut self,
        id: u32,
        request: &Request,
        call: &Execute,
        answer: Answer,
    ) -> io::Result<End> {
        if let Answer::Error(error) = &answer {
            self.outcome(Some(error), id, 0);
            return Ok(End::Answered);
        }
        self.note(request, &answer);
        if call.commit {
            if let Err(error) = self.backend.commit() {
                self.outcome(Some(&error), id, 0);
                return Ok(End::Answered);
            }
            self.changed = false;
        }
        let (answer, cut_after, times) = match answer {
            Answer::CutAfter(after, answer) => (*answer, Some(after), 1),
            Answer::Again(times, answer) => (*answer, None, times),
            answer => (answer, None, 1),
        };
        match answer {
            Answer::Rows { columns, rows } => {
                let cursor = self.cursor_of(id);
                cursor.cut_after = cut_after;
                cursor.again = rows.len() as u64 * times.saturating_sub(1);
                return self.tell_rows(id, call, columns, rows);
            }
            Answer::Changed(counts) => {
                respond::parameters(&mut self.out, call.counts.then_some(&counts));
                self.outcome(None, id, counts.iter().sum());
            }
            Answer::Out(values) => self.tell_out(id, request, &values)?,
            Answer::Returned(rows) => self.tell_returned(id, &rows)?,
            _ => self.tell_out(id, request, &[])?,
        }
        Ok(End::Answered)
    }

    /// Keeps in mind whether there is something to commit.
    fn note(&mut self, request: &Request, answer: &Answer) {
        match request.verb().as_str() {
            "COMMIT" => self.changed = false,
            "ROLLBACK" => self.changed &= transaction_end(request).is_none(),
            "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "GRANT" | "REVOKE" | "COMMENT" => {
                self.changed &= request.sql.to_uppercase().contains("SESSION");
            }
            "BEGIN" | "DECLARE" | "CALL" => self.changed = true,
            _ => {
                self.changed |= match answer {
                    Answer::Changed(counts) => counts.iter().any(|count| *count > 0),
                    Answer::Returned(_) => true,
                    _ => false,
                };
            }
        }
    }

    fn tell_rows(
        &mut self,
        id: u32,
        call: &Execute,
        columns: Vec<Column>,
        rows: Vec<Vec<Value>>,
    ) -> io::Result<End> {
        let cursor = self.cursor_of(id);
        let known = call.sql.is_none() && cursor.columns == columns;
        if !known {
            cursor.defines = None;
        }
        cursor.columns = columns;
        cursor.rows = rows.into();
        cursor.fetched = 0;
        let waits = cursor.waits_for_defines();
        if !known {
            respond::columns(&mut self.out, self.version, &self.cursors[&id].columns);
        }
        match call.fetch {
            Some(rows) if !waits && call.execute => self.fetch(id, rows, true),
            _ => {
                self.outcome(None, id, 0);
                Ok(End::Answered)
            }
        }
    }

    /// Sends up to so many more rows; fewer say that there are no more. Only an execution returns parameters.
    pub(crate) fn fetch(&mut self, id: u32, rows: u64, executing: bool) -> io::Result<End> {
        let Some(cursor) = self.cursors.get_mut(&id) else {
            let error = OracleError::new(1001, "invalid cursor");
            self.outcome(Some(&error), 0, 0);
            return Ok(End::Answered);
        };
        if cursor.columns.is_empty() {
            let error = OracleError::new(1002, "fetch out of sequence");
            self.outcome(Some(&error), id, 0);
            return Ok(End::Answered);
        }
        let mut count = 0;
        let mut cut = false;
        respond::row_header(&mut self.out, rows);
        while count < rows {
            cut = cursor
                .cut_after
                .is_some_and(|after| cursor.fetched >= after);
            if cut {
                break;
            }
            let Some(row) = cursor.rows.pop_front() else {
                break;
            };
            let defines = cursor.defines.as_deref();
            respond::row(
                &mut self.out,
                &mut self.lobs,
                &cursor.columns,
                defines,
                &row,
            )?;
            if cursor.again > 0 {
                cursor.again -= 1;
                cursor.rows.push_back(row);
            }
            count += 1;
            cursor.fetched += 1;
        }
        let fetched = cursor.fetched;
        if cut {
            self.wire.send_unfinished(&self.out.0)?;
            return Ok(End::Closed);
        }
        if executing {
            respond::parameters(&mut self.out, None);
        }
        let none_left = (count < rows).then(|| OracleError::new(1403, "no data found"));
        self.outcome(none_left.as_ref(), id, fetched);
        Ok(End::Answered)
    }

    /// Tells that it is done, and the OUT binds' values.
    fn tell_out(
        &mut self,
        id: u32,
        request: &Request,
        values: &[(usize, Value)],
    ) -> io::Result<()> {
        let block = self.cursor_of(id).block;
        let binds = self.cursor_of(id).binds.clone();
        if block && !binds.is_empty() {
            let given = |at: usize| values.iter().find(|(place, _)| *place == at);
            let null = |at: usize| {
                request
                    .rows
                    .iter()
                    .all(|row| row.get(at).is_none_or(Value::is_null))
            };
            let directions: Vec<u8> = (0..binds.len())
                .map(|at| match (given(at), null(at)) {
                    (None, _) => direction::IN,
                    (Some(_), true) => direction::OUT,
                    (Some(_), false) => direction::BOTH,
                })
                .collect();
            respond::directions(&mut self.out, &directions);
            self.cursor_of(id).directions = directions;
            if !values.is_empty() {
                for _ in 0..request.executions() {
                    let out = (0..binds.len()).filter_map(|at| Some((binds[at], &given(at)?.1)));
                    respond::out_values(&mut self.out, &mut self.lobs, out)?;
                }
            }
        }
        respond::parameters(&mut self.out, None);
        self.outcome(None, id, if block { 1 } else { 0 });
        Ok(())
    }

    fn tell_returned(&mut self, id: u32, rows: &[Vec<Value>]) -> io::Result<()> {
        let cursor = self.cursor_of(id);
        let directions: Vec<u8> = (0..cursor.binds.len())
            .map(|at| match cursor.is_returned(at) {
                true => direction::OUT,
                false => direction::IN,
            })
            .collect();
        let binds: Vec<_> = (0..cursor.binds.len())
            .filter(|at| cursor.is_returned(*at))
            .map(|at| cursor.binds[at])
            .collect();
        respond::directions(&mut self.out, &directions);
        respond::returned(&mut self.out, &mut self.lobs, &binds, rows)?;
        respond::parameters(&mut self.out, None);
        self.outcome(None, id, rows.len() as u64);
        Ok(())
    }
}

/// Whether a request ends the transaction, and if so whether by a commit.
fn transaction_end(request: &Request) -> Option<bool> {
    match request.verb().as_str() {
        "COMMIT" => Some(true),
        "ROLLBACK" => {
            let to = |word: &str| word.eq_ignore_ascii_case("TO");
            (!request.sql.split_whitespace().any(to)).then_some(false)
        }
        _ => None,
    }
}

/// Has the backend execute something, and ends that when the client gives up or goes.
fn executed(
    backend: &mut dyn Backend,
    wire: &Wire,
    request: &Request,
) -> io::Result<Result<Answer, OracleError>> {
    let Some(cancel) = backend.cancel() else {
        return Ok(backend.execute(request));
    };
    let tcp = wire.watched()?;
    let (done, watched) = mpsc::channel::<()>();
    Ok(thread::scope(|scope| {
        scope.spawn(move || {
            while watched.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if something_came(&tcp) {
                    cancel();
                }
            }
        });
        let answer = backend.execute(request);
        drop(done);
        answer
    }))
}

/// A client that waits for its answer sends nothing, unless it breaks off, or has gone.
fn something_came(tcp: &TcpStream) -> bool {
    let instant = Some(Duration::from_millis(1));
    tcp.set_read_timeout(instant).is_ok() && tcp.peek(&mut [0]).is_ok()
}
