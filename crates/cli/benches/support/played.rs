//! A server that plays SQL Server for measuring: what it is asked for is read once from the rehearsal's files, encoded, and
//! kept, so that a second answer costs it next to nothing.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use envclone_core::dialect;
use envclone_core::engine::Engine as Name;
use envclone_rehearsal::{Kind, Spec};
use envclone_tds_server::{Answer, Cell, Encoded, Request, Server, Type};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement};

use super::Bench;

/// The server, and what can be changed about it while it runs.
pub struct Played {
    pub server: Server,
    script: Arc<Script>,
}

/// What the server knows.
struct Script {
    /// The files behind the databases, by their names.
    files: BTreeMap<String, Mutex<Connection>>,
    /// What columns hold, by table and column.
    kinds: BTreeMap<(String, String), Kind>,
    /// Answers by database and SQL.
    known: Mutex<BTreeMap<(String, String), Answer>>,
    /// How often the rows of a whole table are sent.
    times: AtomicU64,
    /// Whether nothing is counted anywhere, as after a clean-up.
    clean: AtomicBool,
}

/// What asks how many rows the statement before it changed.
const COUNTED: &str = "SELECT ROWCOUNT_BIG()";

impl Played {
    /// Plays the source of a bench, and a copy of it.
    pub fn start(bench: &Bench, spec: &Spec) -> Self {
        let mut files = BTreeMap::new();
        for ((_, name), file) in bench
            .settings
            .source
            .databases()
            .iter()
            .zip(Bench::files(&bench.settings.source))
        {
            let open = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY);
            files.insert(stem(name), Mutex::new(open.unwrap()));
        }
        let mut kinds = BTreeMap::new();
        for (_, table) in envclone_testing::tables(spec) {
            for column in &table.columns {
                let place = (table.name.to_lowercase(), column.name.to_lowercase());
                kinds.insert(place, column.kind);
            }
        }
        let script = Arc::new(Script {
            files,
            kinds,
            known: Mutex::default(),
            times: AtomicU64::new(1),
            clean: AtomicBool::new(false),
        });
        for (role, name) in bench.settings.source.databases() {
            let tables = &bench.inventory.database(&role).unwrap().tables;
            script.list(&stem(name), tables);
        }
        let shared = Arc::clone(&script);
        let server = Server::start(move |request| shared.answer(request)).unwrap();
        Self { server, script }
    }

    /// Settings for it; `more` goes to the server's.
    pub fn settings(&self, bench: &Bench, more: &str) -> String {
        let names: Vec<String> = bench
            .settings
            .source
            .databases()
            .into_iter()
            .map(|(_, name)| stem(name))
            .collect();
        let password = bench.folder.path().join("password");
        fs::write(&password, "let me in").unwrap();
        let server = format!(
            "host = \"127.0.0.1\"\nport = {}\nuser = \"sa\"\npassword = {{ file = '{}' }}\ntrust-certificate = true\n{more}",
            self.server.port(),
            password.display()
        );
        let copies: Vec<String> = names.iter().map(|name| format!("{name}{COPY}")).collect();
        super::server_settings([&names, &copies], &server)
    }

    /// How often the rows of a whole table are sent from now on.
    pub fn repeat(&self, times: u64) {
        self.script.times.store(times, Ordering::SeqCst);
    }

    /// Answers every count with nothing from now on.
    pub fn clean(&self) {
        self.script.clean.store(true, Ordering::SeqCst);
    }

    /// Gives a database more tables than its file has, up to so many tables and columns.
    pub fn pad(&self, bench: &Bench, tables: usize, columns: usize) {
        let (role, name) = bench.settings.source.databases().remove(0);
        let mut all = bench.inventory.database(&role).unwrap().tables.clone();
        for (name, names) in super::padding(&all, tables, columns) {
            let like = all[0].clone();
            all.push(envclone_core::inventory::Table {
                name,
                columns: names,
                ..like
            });
        }
        self.script.list(&stem(name), &all);
    }
}

/// What the copies' names end with.
const COPY: &str = "_copy";

/// A database's name, from its file's.
fn stem(file: &str) -> String {
    let path = std::path::Path::new(file);
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Script {
    /// Makes the server list these tables for a database.
    fn list(&self, database: &str, tables: &[envclone_core::inventory::Table]) {
        let queries = dialect::of(Name::SqlServer).inspection();
        let columns = tables.iter().flat_map(|table| {
            let row = |column: &String| vec![table.name.clone(), column.clone()];
            table.columns.iter().map(row)
        });
        let keys = tables.iter().flat_map(|table| {
            table.foreign_keys.iter().map(|key| {
                vec![
                    table.name.clone(),
                    key.column.clone(),
                    key.table.clone(),
                    key.to.clone(),
                ]
            })
        });
        let mut known = self.known.lock().unwrap();
        known.insert(
            (database.to_owned(), queries.columns),
            texts(2, columns.collect()),
        );
        known.insert(
            (database.to_owned(), queries.foreign_keys),
            texts(4, keys.collect()),
        );
    }

    /// A statement whose rows are counted changes nothing; questions are answered one by one.
    fn answer(&self, request: &Request) -> Answer {
        let parts = request.parts();
        let asked = match parts.iter().position(|part| *part == COUNTED) {
            Some(at) => &parts[at..],
            None => &parts,
        };
        match asked {
            [one] => self.part(request, one),
            many => Answer::Many(many.iter().map(|one| self.part(request, one)).collect()),
        }
    }

    fn part(&self, request: &Request, sql: &str) -> Answer {
        let database = request.database.trim_end_matches(COPY).to_owned();
        let number = |number: i64| Answer::rows([("n", Type::BigInt)], [[number.into()]]);
        let begins = |with: &str| sql.starts_with(with);
        if ["SET ", "BEGIN ", "COMMIT ", "IF @@TRANCOUNT"]
            .into_iter()
            .any(begins)
        {
            return Answer::Done;
        }
        if begins("DECLARE @granted") || sql == COUNTED {
            return number(0);
        }
        if begins("SELECT 1") || begins("SELECT SUM(CAST(size") {
            return number(1);
        }
        if self.clean.load(Ordering::SeqCst) && begins("SELECT COUNT") {
            return number(0);
        }
        let inspection = dialect::of(Name::SqlServer).inspection();
        if begins("SELECT CAST(SERVERPROPERTY('ServerName')") && sql.contains("sys.databases") {
            // The facts about a database: its name is the query's last word.
            let name = sql.rsplit('\'').nth(1).unwrap_or_default();
            let facts = [
                "PLAYED",
                name,
                "5",
                "2026-01-01T00:00:00",
                "Latin1_General_CI_AI",
            ];
            return texts(5, vec![facts.map(str::to_owned).to_vec()]);
        }
        if inspection.server.as_deref() == Some(sql) {
            return texts(7, vec![vec![String::new(); 7]]);
        }
        if [inspection.files, inspection.recovery_model].contains(&Some(sql.to_owned())) {
            return texts(4, Vec::new());
        }
        if sql.contains("GETDATE()") {
            return texts(1, vec![vec!["2026-01-01 00:00:00".to_owned()]]);
        }
        let place = (database, sql.to_owned());
        let is_known = self.known.lock().unwrap().contains_key(&place);
        if !is_known && (sql.contains("sys.") || sql.contains("msdb.")) {
            // What else the catalogue has: nothing.
            return texts(1, Vec::new());
        }
        if let Some(answer) = self.known.lock().unwrap().get(&place) {
            return self.repeated(sql, answer.clone());
        }
        let answer = self.read(&place.0, sql);
        self.known.lock().unwrap().insert(place, answer.clone());
        self.repeated(sql, answer)
    }

    fn repeated(&self, sql: &str, answer: Answer) -> Answer {
        match answer {
            Answer::Again(rows, _) if sql.contains(" FROM [dbo]") && !sql.contains(" WHERE ") => {
                Answer::Again(rows, self.times.load(Ordering::SeqCst))
            }
            other => other,
        }
    }

    /// What a database's file has. What these queries say differs little between the two engines.
    fn read(&self, database: &str, sql: &str) -> Answer {
        let Some(file) = self.files.get(database) else {
            return Answer::error(911, 16, format!("no database {database}"));
        };
        let spelled = sql
            .replace("[dbo].", "")
            .replace("N'", "'")
            .replace("COUNT_BIG", "COUNT");
        let file = file.lock().unwrap();
        match file.prepare(&spelled) {
            Ok(statement) => self.rows(sql, statement),
            Err(error) => Answer::error(102, 15, format!("{error} in {sql}")),
        }
    }

    fn rows(&self, sql: &str, mut statement: Statement<'_>) -> Answer {
        let table = sql
            .split("[dbo].[")
            .nth(1)
            .and_then(|rest| rest.split(']').next())
            .unwrap_or_default()
            .to_lowercase();
        let columns: Vec<(String, Type)> = statement
            .column_names()
            .map(|name| {
                let kind = self.kinds.get(&(table.clone(), name.to_lowercase()));
                let counts = sql.starts_with("SELECT COUNT");
                (name.to_owned(), kind.map_or(of_other(counts), |it| of(*it)))
            })
            .collect();
        let mut encoded = Encoded::new(columns.clone());
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells = columns.iter().enumerate();
            let cells = cells.map(|(at, (_, kind))| cell(*kind, row.get_ref(at).unwrap()));
            encoded.push(&cells.collect::<Vec<_>>());
        }
        Answer::Again(Arc::new(encoded), 1)
    }
}

fn texts(columns: usize, rows: Vec<Vec<String>>) -> Answer {
    let columns = vec![("t".to_owned(), Type::NVarchar(256)); columns];
    let mut encoded = Encoded::new(columns);
    for row in rows {
        encoded.push(&row.into_iter().map(Cell::from).collect::<Vec<_>>());
    }
    Answer::Again(Arc::new(encoded), 1)
}

fn of(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::Int,
        Kind::BigInt => Type::BigInt,
        Kind::Bit => Type::Bit,
        Kind::DateTime => Type::DateTime,
        Kind::Decimal => Type::Decimal(8),
        Kind::Text(Some(length)) => u16::try_from(length)
            .ok()
            .filter(|length| *length <= 4000)
            .map_or(Type::NVarcharMax, Type::NVarchar),
        Kind::Text(None) => Type::NVarcharMax,
        Kind::Binary => Type::VarbinaryMax,
    }
}

fn of_other(counts: bool) -> Type {
    if counts {
        Type::BigInt
    } else {
        Type::NVarcharMax
    }
}

fn cell(kind: Type, value: ValueRef<'_>) -> Cell {
    let text = || match value {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null | ValueRef::Blob(_) => String::new(),
    };
    match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (Type::DateTime, _) => Cell::Moment(text().parse().unwrap()),
        (Type::Decimal(_), _) => {
            let number: f64 = text().parse().unwrap();
            Cell::Decimal((number * 1e8).round() as i128)
        }
        (Type::NVarchar(_) | Type::NVarcharMax, _) => text().into(),
        (_, ValueRef::Integer(number)) => number.into(),
        (_, ValueRef::Blob(bytes)) => bytes.to_vec().into(),
        (kind, value) => panic!("{value:?} in a column of {kind:?}"),
    }
}
