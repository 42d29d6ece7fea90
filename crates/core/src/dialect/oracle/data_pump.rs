//! Copying schemas by Data Pump, from the tool itself: no client software, one job for all schemas, of one moment.
//!
//! A job goes on when whoever began it is gone. A block that finds its job attaches to it instead of beginning another, so
//! that a run that was killed finishes it; that it is done is read in the log that the server wrote.

use std::collections::BTreeMap;

use super::Oracle;
use super::creation::{self, Making};
use super::rights;
use crate::account::{Account, Expected};
use crate::dialect::{Dialect as _, Statement, name_and_server};
use crate::engine::Role;
use crate::plan::{
    ByHand, CLONE, CloneOf, Cloned, Cloning, Deed, Guidance, NoCopy, Obstacle, Part, ServerDeed,
    Side,
};
use crate::settings::Copying;

/// How long a name may be where nobody knows that it may be longer.
const LONGEST_NAME: usize = 30;

/// One schema on its way.
pub(super) struct Schema<'a> {
    pub(super) of: &'a CloneOf<'a>,
    /// Its name at the source, in capitals.
    pub(super) from: String,
    /// Its name at the target, in capitals.
    pub(super) to: String,
}

/// A tablespace on its way.
pub(super) struct Tablespace {
    pub(super) from: String,
    pub(super) to: String,
    /// What the source's schemas have in it, about, in bytes.
    pub(super) bytes: u64,
}

pub(super) fn clone_schemas(d: &Oracle, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy> {
    older_server(cloning)?;
    let schemas: Vec<Schema<'_>> = cloning
        .databases
        .iter()
        .map(|of| Schema {
            of,
            from: name_and_server(of.from).0.to_uppercase(),
            to: name_and_server(of.to).0.to_uppercase(),
        })
        .collect();
    let tablespaces = tablespaces(&schemas, cloning.settings)?;
    let pump = Pump {
        d,
        settings: cloning.settings,
        schemas: &schemas,
        tablespaces: &tablespaces,
        stem: format!("envclone-{}", cloning.stamp),
        job: format!("ENVCLONE_{}", cloning.stamp),
    };
    let making = Making {
        d,
        settings: cloning.settings,
        schemas: &schemas,
        tablespaces: &tablespaces,
        destination: cloning.destination,
    };
    let mut cloned = Cloned {
        stamped: true,
        ..Cloned::default()
    };
    cloned.first.push(pump.export());
    cloned.first.extend(making.tablespaces());
    cloned.first.extend(making.users());
    cloned.first.push(pump.import());
    let parted = rights::part_company(d, &schemas, cloning.source, cloning.destination);
    cloned.first.extend(parted);
    if cloning.settings.mend_synonyms {
        cloned.first.push(creation::mend_synonyms(d, &schemas));
    }
    if cloning.settings.mend_grants {
        cloned.first.extend(rights::mend_grants(d, &schemas)?);
    }
    cloned
        .first
        .extend(schemas.iter().map(|schema| creation::compile(d, schema)));
    cloned.guides = pump.guides();
    cloned.guides.extend(not_copied(&schemas));
    cloned.guides.push(making.guide());
    Ok(cloned)
}

fn older_server(cloning: &Cloning<'_>) -> Result<(), NoCopy> {
    let (Some(source), Some(target)) = (cloning.source, cloning.destination) else {
        return Ok(());
    };
    match (source.major(), target.major()) {
        (Some(from), Some(to)) if to < from => Err(NoCopy::OlderServer {
            source_version: source.version.clone(),
            target_version: target.version.clone(),
        }),
        _ => Ok(()),
    }
}

/// Every tablespace that a schema has something in, and where the copy has it.
fn tablespaces(schemas: &[Schema<'_>], settings: &Copying) -> Result<Vec<Tablespace>, NoCopy> {
    let mut found: Vec<Tablespace> = Vec::new();
    let prefix = schemas.first().map_or("", |schema| schema.to.as_str());
    for file in schemas.iter().flat_map(|schema| &schema.of.found.files) {
        match found.iter_mut().find(|one| one.from == file.name) {
            Some(one) => one.bytes += file.bytes,
            None => {
                let named = settings
                    .tablespaces
                    .iter()
                    .find(|(from, _)| from.eq_ignore_ascii_case(&file.name))
                    .map(|(_, to)| to.to_uppercase());
                let to = named.unwrap_or_else(|| format!("{prefix}_{}", file.name));
                if to.len() > LONGEST_NAME {
                    return Err(NoCopy::Tablespace(file.name.clone()));
                }
                found.push(Tablespace {
                    from: file.name.clone(),
                    to,
                    bytes: file.bytes,
                });
            }
        }
    }
    Ok(found)
}

/// An export and its import.
struct Pump<'a> {
    d: &'a Oracle,
    settings: &'a Copying,
    schemas: &'a [Schema<'a>],
    tablespaces: &'a [Tablespace],
    /// What the files' names begin with.
    stem: String,
    job: String,
}

/// What a part is about that concerns all schemas.
pub(super) fn part(title: String, deed: ServerDeed, check: String) -> Part {
    Part {
        title,
        database: Role::Platform,
        deed: Deed::Server(deed),
        check,
    }
}

impl Pump<'_> {
    fn phrase(&self) -> String {
        let names: Vec<&str> = self.schemas.iter().map(|one| one.from.as_str()).collect();
        names.join(", ")
    }

    fn directory(&self) -> String {
        self.settings.directory.to_uppercase()
    }

    fn import_directory(&self) -> String {
        let given = self.settings.import_directory.as_ref();
        given.unwrap_or(&self.settings.directory).to_uppercase()
    }

    fn dump(&self) -> String {
        format!("{}-%U.dmp", self.stem)
    }

    fn export(&self) -> Part {
        let d = self.d;
        let title = format!("Export the schemas {}", self.phrase());
        let (job, directory) = (format!("{}_EXPORT", self.job), self.directory());
        let log = format!("{}-export.log", self.stem);
        let list: Vec<String> = self.schemas.iter().map(|one| d.text(&one.from)).collect();
        let mut set = vec![
            format!(
                "DBMS_DATAPUMP.METADATA_FILTER(handle => v_job, name => 'SCHEMA_LIST', value => {})",
                d.text(&list.join(", "))
            ),
            // One moment for all schemas, whatever is written meanwhile.
            "DBMS_DATAPUMP.SET_PARAMETER(handle => v_job, name => 'FLASHBACK_SCN', value => TIMESTAMP_TO_SCN(SYSTIMESTAMP))"
                .to_owned(),
        ];
        if self.settings.compress == Some(true) {
            set.push(
                "DBMS_DATAPUMP.SET_PARAMETER(handle => v_job, name => 'COMPRESSION', value => 'ALL')"
                    .to_owned(),
            );
        }
        let sql = self.block("EXPORT", "SCHEMA", &job, &directory, &log, &set);
        let first = format!("{}-01.dmp", self.stem);
        let deed = ServerDeed {
            obstacles: vec![
                existing_file(d, &directory, &first),
                existing_file(d, &directory, &log),
            ],
            account: Some(Box::new(Account {
                sql: log_text(d, &directory, &log),
                expected: Vec::new(),
            })),
            by_hand: Some(Box::new(self.export_parameters(&list, &log))),
            ..ServerDeed::new(
                Side::Source,
                vec![Statement {
                    sql,
                    comment: title.clone(),
                }],
                format!(
                    "the job {job} may go on in the source's database: `envclone resume` waits for it and goes on; to give up: \
                     attach to it with `expdp attach={job}` and say KILL_JOB, which removes its files {} as well",
                    self.dump()
                ),
            )
        };
        part(title, deed, log_check(d, &directory, &log, &job))
    }

    fn import(&self) -> Part {
        let d = self.d;
        let names: Vec<&str> = self.schemas.iter().map(|one| one.to.as_str()).collect();
        let title = format!("Import the schemas as {}", names.join(", "));
        let (job, directory) = (format!("{}_IMPORT", self.job), self.import_directory());
        let log = format!("{}-import.log", self.stem);
        let remap = |what: &str, from: &str, to: &str| {
            format!(
                "DBMS_DATAPUMP.METADATA_REMAP(handle => v_job, name => '{what}', old_value => {}, value => {})",
                d.text(from),
                d.text(to)
            )
        };
        let mut set: Vec<String> = self
            .schemas
            .iter()
            .map(|one| remap("REMAP_SCHEMA", &one.from, &one.to))
            .collect();
        set.extend(
            self.tablespaces
                .iter()
                .map(|one| remap("REMAP_TABLESPACE", &one.from, &one.to)),
        );
        // Users are there, and what would work or lead home by itself does not come along.
        set.push(format!(
            "DBMS_DATAPUMP.METADATA_FILTER(handle => v_job, name => 'EXCLUDE_PATH_LIST', value => {})",
            d.text(&LEFT_BEHIND.map(|path| d.text(path)).join(", "))
        ));
        set.push(
            "DBMS_DATAPUMP.SET_PARAMETER(handle => v_job, name => 'TABLE_EXISTS_ACTION', value => 'SKIP')"
                .to_owned(),
        );
        let sql = self.block("IMPORT", "FULL", &job, &directory, &log, &set);
        let deed = ServerDeed {
            account: Some(Box::new(Account {
                sql: log_text(d, &directory, &log),
                expected: expected(),
            })),
            by_hand: Some(Box::new(self.import_parameters(&log))),
            ..ServerDeed::new(
                Side::Target,
                vec![Statement {
                    sql,
                    comment: title.clone(),
                }],
                format!(
                    "the job {job} may go on in the target's database: `envclone resume` waits for it and goes on; to give up: \
                     attach to it with `impdp attach={job}`, say KILL_JOB, and drop the users {}",
                    names.join(", ")
                ),
            )
        };
        part(title, deed, log_check(d, &directory, &log, &job))
    }

    /// Has a job done: begins it, or goes on with it where it is there already, and waits for its end.
    fn block(
        &self,
        operation: &str,
        mode: &str,
        job: &str,
        directory: &str,
        log: &str,
        set: &[String],
    ) -> String {
        let d = self.d;
        let (job, directory) = (d.text(job), d.text(directory));
        let add = |file: &str, kind: &str| {
            format!(
                "DBMS_DATAPUMP.ADD_FILE(handle => v_job, filename => {}, directory => {directory}, filetype => DBMS_DATAPUMP.{kind}{})",
                d.text(file),
                // Only what an interrupted attempt of this very job left: the obstacles see to that.
                if operation == "EXPORT" || kind == LOG_FILE {
                    ", reusefile => 1"
                } else {
                    ""
                }
            )
        };
        let mut lines = vec![
            format!(
                "v_job := DBMS_DATAPUMP.OPEN(operation => '{operation}', job_mode => '{mode}', job_name => {job})"
            ),
            add(&self.dump(), DUMP_FILE),
            add(log, LOG_FILE),
        ];
        lines.extend_from_slice(set);
        if self.settings.parallel > 1 {
            lines.push(format!(
                "DBMS_DATAPUMP.SET_PARALLEL(handle => v_job, degree => {})",
                self.settings.parallel
            ));
        }
        lines.push("DBMS_DATAPUMP.START_JOB(handle => v_job)".to_owned());
        format!(
            "DECLARE\n  v_job NUMBER;\n  v_state VARCHAR2(30);\nBEGIN\n\
             \x20 BEGIN\n    v_job := DBMS_DATAPUMP.ATTACH(job_name => {job});\n  EXCEPTION\n    WHEN OTHERS THEN v_job := NULL;\n  END;\n\
             \x20 IF v_job IS NULL THEN\n    {};\n  ELSE\n    BEGIN\n      DBMS_DATAPUMP.START_JOB(handle => v_job);\n    EXCEPTION\n      \
             WHEN OTHERS THEN NULL;\n    END;\n  END IF;\n\
             \x20 DBMS_DATAPUMP.WAIT_FOR_JOB(handle => v_job, job_state => v_state);\n\
             \x20 IF v_state <> 'COMPLETED' THEN\n    RAISE_APPLICATION_ERROR(-20010, 'the job ended in the state ' || v_state);\n  END IF;\n\
             END;",
            lines.join(";\n    ")
        )
    }

    fn export_parameters(&self, list: &[String], log: &str) -> ByHand {
        let mut lines = vec![
            format!("DIRECTORY={}", self.directory()),
            format!("DUMPFILE={}", self.dump()),
            format!("LOGFILE={log}"),
            format!("SCHEMAS={}", list.join(",")),
            "FLASHBACK_TIME=SYSTIMESTAMP".to_owned(),
        ];
        if self.settings.compress == Some(true) {
            lines.push("COMPRESSION=ALL".to_owned());
        }
        self.parameters("export.par", "expdp", "source", lines)
    }

    fn import_parameters(&self, log: &str) -> ByHand {
        let mut lines = vec![
            format!("DIRECTORY={}", self.import_directory()),
            format!("DUMPFILE={}", self.dump()),
            format!("LOGFILE={log}"),
            "FULL=Y".to_owned(),
            format!("EXCLUDE={}", LEFT_BEHIND.join(",")),
            "TABLE_EXISTS_ACTION=SKIP".to_owned(),
        ];
        let remap = |what: &str, from: &str, to: &str| format!("{what}={from}:{to}");
        let schemas = self.schemas.iter();
        lines.extend(schemas.map(|one| remap("REMAP_SCHEMA", &one.from, &one.to)));
        let tablespaces = self.tablespaces.iter();
        lines.extend(tablespaces.map(|one| remap("REMAP_TABLESPACE", &one.from, &one.to)));
        self.parameters("import.par", "impdp", "target", lines)
    }

    fn parameters(&self, file: &str, tool: &str, side: &str, mut lines: Vec<String>) -> ByHand {
        if self.settings.parallel > 1 {
            lines.push(format!("PARALLEL={}", self.settings.parallel));
        }
        let about = format!("in the {side}'s database: {tool} USER@SERVICE parfile={file}");
        ByHand {
            file: file.to_owned(),
            text: format!("# {about}\n{}\n", lines.join("\n")),
            about,
        }
    }

    fn guides(&self) -> Vec<Guidance> {
        let mut guides = Vec::new();
        if self.import_directory() != self.directory() {
            guides.push(Guidance {
                step: CLONE.to_owned(),
                title: "Bring the dump to the target's directory".to_owned(),
                text: format!(
                    "The export writes {} into the directory {} of the source's database, and the import reads them in {} of the \
                     target's. Both have to be one folder (a share), or the files have to be copied while the run waits: it stops \
                     where they are missing, and `envclone resume` goes on.\nDone when the target's database finds the files.",
                    self.dump(),
                    self.directory(),
                    self.import_directory()
                ),
            });
        }
        guides.push(Guidance {
            step: CLONE.to_owned(),
            title: "Delete the dump files".to_owned(),
            text: format!(
                "They hold all of the source's data, and nothing needs them once the copy is verified: {} and {}-*.log in the \
                 directory {}.\nDone when neither the source's server nor the target's has them.",
                self.dump(),
                self.stem,
                self.directory()
            ),
        });
        guides
    }
}

/// Schemas that the copied ones refer to and that stay where they are: in another database they are missing, and in the same
/// one the copy would work with what the source works with.
fn not_copied(schemas: &[Schema<'_>]) -> Option<Guidance> {
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let links = schemas.iter().flat_map(|schema| &schema.of.found.links);
    for link in links
        .filter(|links| !links.of_server)
        .filter_map(|links| links.found.known())
        .flatten()
    {
        let owner = link.to.split_once('.').map(|(owner, _)| owner);
        let is_name = |owner: &&str| !owner.contains([' ', '@']);
        let copied = |owner: &str| schemas.iter().any(|schema| schema.from == owner);
        if let Some(owner) = owner.filter(is_name).filter(|owner| !copied(owner)) {
            *missing.entry(owner).or_default() += 1;
        }
    }
    let lines: Vec<String> = missing
        .iter()
        .map(|(owner, count)| {
            format!("{owner}: {count} synonyms, pieces of code or rights lead to it")
        })
        .collect();
    (!lines.is_empty()).then(|| Guidance {
        step: CLONE.to_owned(),
        title: "Decide about schemas that are referred to and not copied".to_owned(),
        text: format!(
            "The copied schemas refer to others, which the settings do not name:\n{}\nOne that holds application data belongs \
             under `[source.catalogs]` and `[target.catalogs]`; `envclone inspect` lists what leads there.\nDone when each is \
             either copied or meant to be shared.",
            lines.join("\n")
        ),
    })
}

const DUMP_FILE: &str = "KU$_FILE_TYPE_DUMP_FILE";
const LOG_FILE: &str = "KU$_FILE_TYPE_LOG_FILE";

/// What an import leaves in the dump: users are made beforehand, with rights of their own instead of production's; database
/// links lead to where they led at the source; jobs would begin to work as soon as they are there.
const LEFT_BEHIND: [&str; 8] = [
    "USER",
    "SYSTEM_GRANT",
    "ROLE_GRANT",
    "DEFAULT_ROLE",
    "TABLESPACE_QUOTA",
    "DB_LINK",
    "JOB",
    "PROCOBJ",
];

/// What an import may say, and the copy is complete nevertheless.
fn expected() -> Vec<Expected> {
    let one = |says: &[&str], because: &str| Expected {
        says: says.iter().map(|part| (*part).to_owned()).collect(),
        because: because.to_owned(),
    };
    vec![
        one(
            &["ORA-31684", "Object type USER"],
            "the users were made beforehand",
        ),
        one(
            &["ORA-31684", "Object type TABLESPACE"],
            "the tablespaces were made beforehand",
        ),
        one(
            &["ORA-39082"],
            "code that does not compile: it may name the source's schemas, which verification reports",
        ),
        one(
            &["ORA-39083", "OBJECT_GRANT", "ORA-01917"],
            "a right for a user or role that the target's database does not have",
        ),
    ]
}

/// A file that must not be in a directory.
fn existing_file(d: &Oracle, directory: &str, file: &str) -> Obstacle {
    Obstacle {
        first: String::new(),
        count: format!(
            "SELECT DBMS_LOB.FILEEXISTS(BFILENAME({}, {})) FROM dual",
            d.text(directory),
            d.text(file)
        ),
        what: format!("the directory {directory} has a file {file} already"),
    }
}

/// How much of a log is read at once, in bytes: what the server gives as one text.
const PIECE: u32 = 2000;

/// Functions of a query that reads a log: its length, 0 where it is not there, and a piece of it.
fn reading(d: &Oracle, directory: &str, log: &str) -> String {
    let file = format!("BFILENAME({}, {})", d.text(directory), d.text(log));
    format!(
        "WITH FUNCTION log_length RETURN NUMBER IS\n  v_file BFILE := {file};\nBEGIN\n  IF DBMS_LOB.FILEEXISTS(v_file) = 0 THEN\n    \
         RETURN 0;\n  END IF;\n  RETURN DBMS_LOB.GETLENGTH(v_file);\nEND;\n\
         FUNCTION log_piece(p_from NUMBER) RETURN VARCHAR2 IS\n  v_file BFILE := {file};\n  v_text VARCHAR2({PIECE});\nBEGIN\n  \
         DBMS_LOB.FILEOPEN(v_file);\n  v_text := UTL_RAW.CAST_TO_VARCHAR2(DBMS_LOB.SUBSTR(v_file, {PIECE}, p_from));\n  \
         DBMS_LOB.FILECLOSE(v_file);\n  RETURN v_text;\nEND;\n"
    )
}

/// The text of a log, in pieces.
fn log_text(d: &Oracle, directory: &str, log: &str) -> String {
    format!(
        "{}SELECT log_piece((LEVEL - 1) * {PIECE} + 1) FROM dual CONNECT BY LEVEL <= CEIL(log_length / {PIECE})",
        reading(d, directory, log)
    )
}

/// 0 when the log ends with the end of the job.
fn log_check(d: &Oracle, directory: &str, log: &str, job: &str) -> String {
    format!(
        "{}SELECT CASE WHEN log_length = 0 THEN 1 WHEN log_piece(GREATEST(1, log_length - {PIECE} + 1)) LIKE {} THEN 0 \
         WHEN log_piece(GREATEST(1, log_length - {PIECE} + 1)) LIKE {} THEN 0 ELSE 1 END FROM dual",
        reading(d, directory, log),
        d.text(&format!("%\"{job}\" successfully completed%")),
        d.text(&format!("%\"{job}\" completed with %error(s)%"))
    )
}
