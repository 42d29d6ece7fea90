//! A MariaDB of one's own, in its Oracle mode, as what executes a session's statements.

mod errors;
mod rewrite;
mod session;
mod types;

use crate::answer::{OracleError, Value};
use crate::backend::{Backend, Backends, Session};
use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use session::MariaDbSession;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The database that Oracle's dictionary views are looked for in.
const DICTIONARY: &str = "sys_dictionary";
/// Oracle's dialect, as far as there is one. Backslashes are nothing special to Oracle.
const MODE: &str = "ORACLE,EMPTY_STRING_IS_NULL,STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES";
/// Compares without regard to case and accents, as `BINARY_AI` does, and with regard to blanks at the end.
const COLLATION: &str = "utf8mb4_unicode_nopad_ci";
/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// Both the program and what prepares its directory have to agree on these.
const FILES: [&str; 4] = [
    "--no-defaults",
    "--innodb-flush-method=nosync",
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:2M:autoextend",
];

/// Why there is no MariaDB.
#[derive(Debug, thiserror::Error)]
pub enum MariaDbError {
    /// It isn't installed: `mariadbd` or `mariadb-install-db` is not found.
    #[error("`{0}` is not installed; it is part of Debian's package mariadb-server")]
    NotInstalled(&'static str),
    /// It can't be started.
    #[error("`{program}` can't be started")]
    Start {
        /// Which program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It ended at once, or doesn't answer.
    #[error("`{program}` does not work: {output}")]
    Broken {
        /// Which program.
        program: &'static str,
        /// What it wrote at the end.
        output: String,
    },
    /// Files can't be written.
    #[error("no temporary directory")]
    Files(#[from] io::Error),
    /// It doesn't take what it is prepared with.
    #[error("MariaDB can't be prepared")]
    Prepare(#[from] mysql::Error),
}

/// A private MariaDB in a temporary directory, behind a socket of its file system alone. It ends, and is removed, with the
/// last of its clones; a server that executes with it has one.
///
/// # What is different from Oracle
/// * Each schema is a MariaDB database of the same name in lower case. Who logs in is in the database of his name, if
///   there is one. `ALTER SESSION SET CURRENT_SCHEMA` leads to another; anything else that `ALTER SESSION` sets is kept in a
///   user variable of that name, `@nls_date_format` for example, and changes nothing.
/// * Texts are compared without regard to case and accents, whatever `NLS_COMP` and `NLS_SORT` say.
/// * Unqualified names after FROM and JOIN that begin with `all_`, `dba_`, `user_`, `v$` or `gv$`, as well as those that
///   are qualified with `SYS`, are looked for in the database `sys_dictionary`, where a test makes the views that it
///   needs: it is empty but for the functions `current_user_name()` and `current_schema_name()`, both in capitals.
///   `SYS_CONTEXT` is called there, too.
/// * `SYSTIMESTAMP`, names with `#` in them, and comments without a blank after `--` are bridged. MariaDB itself knows
///   `FETCH FIRST n ROWS ONLY`, `NVL`, `DECODE`, `DUAL`, `ROWNUM`, `MINUS`, `TO_CHAR`, `||` and `SYSDATE`. It doesn't know `MERGE`,
///   `(+)`, `CONNECT BY`, `TO_DATE` and PL/SQL's packages: a script can play them.
/// * In PL/SQL blocks a bind is OUT that is assigned to with `:=` or stands after INTO. Of several rows of binds the last
///   one's OUT values are given.
/// * `TIMESTAMP` is MariaDB's, which begins in 1970: a column `DATETIME(6)` is read as Oracle's.
/// * A deadlock undoes the whole transaction, not the statement alone.
/// * Errors have Oracle's numbers where there is one for it, and MariaDB's text in brackets; else it is ORA-00600.
#[derive(Clone)]
pub struct MariaDb {
    instance: Arc<Instance>,
}

struct Instance {
    directory: TempDir,
    process: Mutex<Child>,
    /// Ends the other process if this one, killed, can't.
    watchman: Option<Child>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(watchman) = &mut self.watchman {
            let _ = watchman.kill();
            let _ = watchman.wait();
        }
        let process = self
            .process
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // It may have ended already; what it has in its files is not needed any more.
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl MariaDb {
    /// Whether it is installed.
    #[must_use]
    pub fn is_installed() -> bool {
        program("mariadbd").is_ok() && program("mariadb-install-db").is_ok()
    }

    /// Starts one, which takes about a second.
    ///
    /// # Errors
    /// If it isn't installed, or does not start.
    pub fn start() -> Result<Self, MariaDbError> {
        let (server, installer) = (program("mariadbd")?, program("mariadb-install-db")?);
        let directory = tempfile::Builder::new().prefix("mariadb-").tempdir()?;
        install(&installer, directory.path())?;
        let process = launch(&server, directory.path())?;
        let instance = Instance {
            watchman: watchman(process.id(), directory.path()),
            directory,
            process: Mutex::new(process),
        };
        let started = Self {
            instance: Arc::new(instance),
        };
        started.prepare(started.first_connection()?)?;
        Ok(started)
    }

    /// The one that this process shares: started where nobody has it, ended with its last clone. Tests that run at once
    /// and keep to schemas of their own save the second that each would wait. The dictionary they share.
    ///
    /// # Errors
    /// If it isn't installed, or does not start.
    pub fn shared() -> Result<Self, MariaDbError> {
        static SHARED: Mutex<Weak<Instance>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = shared.upgrade() {
            return Ok(Self { instance });
        }
        let started = Self::start()?;
        *shared = Arc::downgrade(&started.instance);
        Ok(started)
    }

    /// Makes a schema, as an empty database.
    ///
    /// # Errors
    /// If there is one of that name.
    pub fn create_schema(&self, name: &str) -> Result<(), OracleError> {
        self.run(&[&format!("CREATE DATABASE \"{}\"", name.to_lowercase())])
    }

    /// Executes statements as they are, in MariaDB's Oracle mode, and commits.
    ///
    /// # Errors
    /// With the first statement that fails.
    pub fn run(&self, statements: &[&str]) -> Result<(), OracleError> {
        let mut connection = self.connect().map_err(|error| errors::oracle(&error, ""))?;
        for statement in statements.iter().chain(&["COMMIT"]) {
            connection
                .query_drop(statement)
                .map_err(|error| errors::oracle(&error, statement))?;
        }
        Ok(())
    }

    /// The rows of a query that is executed as it is, in MariaDB's Oracle mode.
    ///
    /// # Errors
    /// If it fails.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<Value>>, OracleError> {
        let fail = |error: mysql::Error| errors::oracle(&error, sql);
        let mut connection = self.connect().map_err(fail)?;
        let mut result = connection.query_iter(sql).map_err(fail)?;
        types::rows(&mut result).map_err(fail)
    }

    /// Its temporary directory, with its data, its log and its socket.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.instance.directory.path()
    }

    fn options(&self) -> Opts {
        let mode = format!("SET sql_mode = '{MODE}', autocommit = 0");
        OptsBuilder::new()
            .user(Some("root"))
            .socket(self.socket().to_str())
            .prefer_socket(false)
            // Oracle counts the rows that a statement finds, also those that it leaves as they were.
            .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
            .init(vec![
                format!("SET NAMES utf8mb4 COLLATE {COLLATION}"),
                mode,
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
            ])
            .into()
    }

    fn socket(&self) -> PathBuf {
        self.instance.directory.path().join("socket")
    }

    fn connect(&self) -> Result<Conn, mysql::Error> {
        Conn::new(self.options())
    }

    /// Waits until it answers.
    fn first_connection(&self) -> Result<Conn, MariaDbError> {
        let end = Instant::now() + PATIENCE;
        loop {
            let error = match self.connect() {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let mut process = self
                .instance
                .process
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if process.try_wait()?.is_some() || Instant::now() > end {
                let log = self.instance.directory.path().join("log");
                let written = std::fs::read_to_string(log).unwrap_or_default();
                return Err(broken("mariadbd", &format!("{written}{error}")));
            }
            drop(process);
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn prepare(&self, mut connection: Conn) -> Result<(), MariaDbError> {
        connection.query_drop(format!("CREATE DATABASE {DICTIONARY}"))?;
        for what in ["user", "schema"] {
            connection.query_drop(format!(
                "CREATE FUNCTION {DICTIONARY}.current_{what}_name RETURN VARCHAR2(128) AS BEGIN RETURN @current_{what}_name; END"
            ))?;
        }
        Ok(())
    }
}

impl Backends for MariaDb {
    fn open(&self, session: &Session) -> Result<Box<dyn Backend>, OracleError> {
        let connection = self.connect().map_err(|error| errors::oracle(&error, ""))?;
        let session = MariaDbSession::new(connection, self.options(), session)?;
        Ok(Box::new(session))
    }
}

/// Where a program is: servers are not on everybody's path.
fn program(name: &'static str) -> Result<PathBuf, MariaDbError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .ok_or(MariaDbError::NotInstalled(name))
}

/// A shell that waits for the end of its input, which comes when this process ends, however it does. Then it ends a server
/// that is still there, and removes its directory.
#[cfg(unix)]
fn watchman(server: u32, directory: &Path) -> Option<Child> {
    use std::os::unix::process::CommandExt;
    Command::new("sh")
        .args(["-c", "cat > /dev/null; kill -9 \"$0\"; rm -rf \"$1\""])
        .arg(server.to_string())
        .arg(directory)
        // What a terminal sends to all that runs in it should not end the one that cleans up after it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

#[cfg(not(unix))]
fn watchman(_: u32, _: &Path) -> Option<Child> {
    None
}

/// What root has to say so that MariaDB runs as root. Nobody else may say it.
#[cfg(unix)]
fn leave(own: &Path) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt;
    Ok((own.metadata()?.uid() == 0).then_some("--user=root"))
}

#[cfg(not(unix))]
fn leave(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

fn broken(program: &'static str, output: &str) -> MariaDbError {
    let lines: Vec<&str> = output.lines().collect();
    let output = lines[lines.len().saturating_sub(5)..].join("; ");
    MariaDbError::Broken { program, output }
}

/// Makes the system's tables.
fn install(program: &Path, directory: &Path) -> Result<(), MariaDbError> {
    const PROGRAM: &str = "mariadb-install-db";
    let output = Command::new(program)
        .args(FILES)
        .args([
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ])
        .args(leave(directory)?)
        .arg(format!("--datadir={}", directory.join("data").display()))
        // In a common directory one that starts removes the temporary tables of another.
        .env("TMPDIR", directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| MariaDbError::Start {
            program: PROGRAM,
            source,
        })?;
    match output.status.success() {
        true => Ok(()),
        false => Err(broken(PROGRAM, &String::from_utf8_lossy(&output.stderr))),
    }
}

fn launch(program: &Path, directory: &Path) -> Result<Child, MariaDbError> {
    let file = |name: &str| directory.join(name).display().to_string();
    let start = |source| MariaDbError::Start {
        program: "mariadbd",
        source,
    };
    let log = std::fs::File::create(directory.join("log"))?;
    Command::new(program)
        .args(FILES)
        .args([
            "--skip-networking",
            "--skip-log-bin",
            "--skip-name-resolve",
            "--lower-case-table-names=1",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-lock-wait-timeout=5",
            "--lock-wait-timeout=5",
            "--max-allowed-packet=256M",
            "--performance-schema=OFF",
        ])
        .args(leave(directory)?)
        .arg(format!("--collation-server={COLLATION}"))
        .arg(format!("--datadir={}", file("data")))
        .arg(format!("--socket={}", file("socket")))
        .arg(format!("--pid-file={}", file("pid")))
        .arg(format!("--tmpdir={}", directory.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(start)
}
