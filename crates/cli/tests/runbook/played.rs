//! A SQL Server that is asked about a copy.

use envclone_tds_server::{Answer, Cell, Type};

/// What the played SQL Server has in the copy.
#[derive(Default)]
pub(crate) struct Database {
    /// Sessions with databases that are none of the copy's: catalog and machine.
    pub(crate) elsewhere: Vec<(String, String)>,
    pub(crate) front_ends: Vec<String>,
    /// Modules with their kinds, each of which is on the first front-end.
    pub(crate) modules: Vec<(String, String)>,
    /// The platform's own.
    pub(crate) system: Vec<String>,
    /// Modules that are on no front-end.
    pub(crate) undeployed: Vec<String>,
    /// Where active observers send what happens.
    pub(crate) observers: Vec<String>,
    /// Database connections: name and what they are configured with.
    pub(crate) connections: Vec<(String, String)>,
    pub(crate) waiting: i64,
    pub(crate) catalogs: Vec<(String, String)>,
}

fn texts(rows: &[Vec<String>], width: usize) -> Answer {
    let cells = |row: &Vec<String>| {
        row.iter()
            .map(|it| it.as_str().into())
            .collect::<Vec<Cell>>()
    };
    let columns = (0..width).map(|_| ("", Type::NVarcharMax));
    Answer::rows(columns, rows.iter().map(cells))
}

fn number(number: i64) -> Answer {
    Answer::rows([("", Type::BigInt)], [[Cell::Integer(number)]])
}

/// What it answers.
pub(crate) fn answer(sql: &str, database: &Database) -> Answer {
    let one = |texts: &[String]| texts.iter().map(|it| vec![it.clone()]).collect::<Vec<_>>();
    let has = |text: &str| sql.to_lowercase().contains(&text.to_lowercase());
    match sql {
        _ if has("HAS_PERMS_BY_NAME") => number(1),
        _ if has("dm_exec_sessions") => {
            let of = |(catalog, _): &&(String, String)| has(&format!("DB_ID(N'{catalog}')"));
            let row = |(_, name): &(String, String)| {
                let columns = [name.as_str(), "OutSystems", "os"];
                columns.map(str::to_owned).to_vec()
            };
            let rows: Vec<_> = database.elsewhere.iter().filter(of).map(row).collect();
            texts(&rows, 3)
        }
        _ if has("ossys_server") => texts(&one(&database.front_ends), 1),
        _ if has("ossys_modulefrontend") => {
            let front_end = database.front_ends.first().cloned().unwrap_or_default();
            let ordinary = database.modules.iter().map(|(name, _)| name);
            let rows: Vec<_> = ordinary
                .chain(&database.system)
                .filter(|name| !database.undeployed.contains(name))
                .map(|name| vec![format!("key-of-{name}"), front_end.clone()])
                .collect();
            texts(&rows, 2)
        }
        _ if has("requires_compilation") => number(database.waiting),
        _ if has("ossys_espace") => {
            let row = |name: &String, kind: &str| {
                [name.clone(), format!("KEY-OF-{name}"), kind.to_owned()].to_vec()
            };
            let system = database.system.iter().map(|name| row(name, "Service"));
            let ordinary = database.modules.iter();
            let ordinary = ordinary.map(|(name, kind)| row(name, kind));
            let rows: Vec<_> = match has("[IS_SYSTEM] = 1") {
                true => system.collect(),
                false => ordinary.collect(),
            };
            texts(&rows, 3)
        }
        _ if has("ossys_platformsvcs_observer") => texts(&one(&database.observers), 1),
        _ if has("ossys_dbconnection") => {
            let row = |(name, text): &(String, String)| vec![name.clone(), text.clone()];
            let all: Vec<_> = database.connections.iter().map(row).collect();
            texts(&all, 2)
        }
        _ if has("ossys_dbcatalog") => {
            let row = |(name, user): &(String, String)| vec![name.clone(), user.clone()];
            texts(&database.catalogs.iter().map(row).collect::<Vec<_>>(), 2)
        }
        _ if has("sys.") || has("DATABASEPROPERTYEX") => {
            Answer::error(300, 14, "VIEW SERVER STATE permission was denied")
        }
        _ if sql.starts_with("SELECT") => number(1),
        _ => Answer::Done,
    }
}
