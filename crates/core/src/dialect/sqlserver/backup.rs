//! Copying databases by BACKUP and RESTORE.
//!
//! All backups are COPY_ONLY: the source's own chain of backups does not notice them. Where there are several databases,
//! each one's log is backed up after all full backups, and every copy is rolled forward to one moment in between, so that
//! they belong together. A copy is closed to everyone but administrators until the last part of the plan opens it.

use super::SqlServer;
use crate::dialect::{Dialect as _, Statement, name_and_server};
use crate::engine::Role;
use crate::inventory::{DataFile, Holds};
use crate::plan::{
    CLONE, CloneOf, Cloned, Cloning, Deed, Guidance, LeftOut, Listing, NoCopy, Obstacle, Part,
    Reason, ServerDeed, Side,
};
use crate::settings::{Broker, Copying, Recovery};

/// What the restores call the moment that all copies are of.
const MOMENT: &str = "moment";

/// The edition of Azure SQL Database, which makes no backups that one could restore elsewhere.
const AZURE_DATABASE: &str = "SQL Azure";

/// A page of a database, in which it counts the growth of its files.
const PAGE_KB: u32 = 8;

pub(super) fn clone_databases(d: &SqlServer, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy> {
    can_restore(cloning)?;
    let copies = cloning
        .databases
        .iter()
        .map(|one| Copy::new(d, cloning, one))
        .collect::<Result<Vec<_>, _>>()?;
    let alone = alone(&copies, cloning.settings.together);
    let together = copies.len() > 1 && alone.is_none();
    let mut cloned = Cloned {
        stamped: true,
        ..Cloned::default()
    };
    // The largest first: while the others are backed up, the source's own log backups may take the log that is needed.
    let mut by_size: Vec<&Copy<'_>> = copies.iter().collect();
    by_size.sort_by_key(|copy| std::cmp::Reverse(copy.of.found.bytes));
    cloned
        .first
        .extend(by_size.iter().map(|copy| copy.back_up()));
    if together {
        cloned.first.push(note_the_moment(&copies));
        cloned
            .first
            .extend(by_size.iter().map(|copy| copy.back_up_log()));
    }
    for copy in &copies {
        cloned.first.push(copy.check_backup(together));
        cloned.first.push(copy.restore(together));
        cloned.first.push(copy.set_up());
    }
    cloned.last.extend(copies.iter().map(Copy::open));
    cloned.left_out.extend(alone.map(|reason| LeftOut {
        step: CLONE.to_owned(),
        part: "one moment for all databases".to_owned(),
        reason,
    }));
    let mut files: Vec<&str> = Vec::new();
    for copy in &copies {
        files.extend(copy.full.iter().map(String::as_str));
        files.extend(copy.log.iter().filter(|_| together).map(String::as_str));
    }
    cloned.guides.push(Guidance {
        step: CLONE.to_owned(),
        title: "Delete the backups".to_owned(),
        text: format!(
            "They hold all of the source's data, and nothing needs them once the copy is verified:\n{}\n\
             Done when neither the source's server nor a share has them.",
            files.join("\n")
        ),
    });
    Ok(cloned)
}

/// Why the copies are not all of one moment; nothing where they are.
fn alone(copies: &[Copy<'_>], wanted: bool) -> Option<Reason> {
    let several = copies.len() > 1;
    let unlogged = copies.iter().find(|copy| !keeps_its_log(copy.of));
    match unlogged.filter(|_| several) {
        _ if several && !wanted => Some(Reason::NotTogether),
        Some(copy) => Some(Reason::NoLog {
            database: copy.of.role.phrase(),
            model: copy.of.found.recovery_model.clone().unwrap_or_default(),
        }),
        None => None,
    }
}

/// Whether a log backup of the database can be rolled forward to any moment. A bulk-logged one can't where something was
/// loaded in bulk, and one in FULL only once it was backed up by its owners: COPY_ONLY begins no chain of logs.
fn keeps_its_log(of: &CloneOf<'_>) -> bool {
    of.found
        .recovery_model
        .as_ref()
        .is_some_and(|model| model.eq_ignore_ascii_case("FULL"))
}

fn can_restore(cloning: &Cloning<'_>) -> Result<(), NoCopy> {
    let servers = [cloning.source, cloning.destination];
    let service = servers
        .into_iter()
        .flatten()
        .find(|server| server.edition.eq_ignore_ascii_case(AZURE_DATABASE));
    if let Some(service) = service {
        return Err(NoCopy::Service(service.name.clone()));
    }
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

/// One database on its way.
struct Copy<'a> {
    d: &'a SqlServer,
    settings: &'a Copying,
    compresses: bool,
    of: &'a CloneOf<'a>,
    /// Its catalog at the source.
    from: &'a str,
    /// Its catalog at the target.
    to: &'a str,
    /// The backup's name in the servers' histories.
    name: String,
    /// The files of the full backup, as the source's server sees them.
    full: Vec<String>,
    /// The files of the log backup, as the source's server sees them.
    log: Vec<String>,
    /// The same as the target's server sees them.
    full_there: Vec<String>,
    log_there: Vec<String>,
    /// Each file of the database, and where the copy has it.
    files: Vec<(&'a DataFile, String)>,
}

impl<'a> Copy<'a> {
    fn new(
        d: &'a SqlServer,
        cloning: &'a Cloning<'a>,
        of: &'a CloneOf<'a>,
    ) -> Result<Self, NoCopy> {
        let settings = cloning.settings;
        let (from, to) = (name_and_server(of.from).0, name_and_server(of.to).0);
        let backups = settings
            .backup_folder
            .as_ref()
            .or(cloning
                .source
                .and_then(|server| server.backup_folder.as_ref()))
            .ok_or(NoCopy::Folder {
                what: "backups",
                key: "backup-folder",
            })?;
        let there = settings.restore_folder.as_ref().unwrap_or(backups);
        let stem = file_stem(&format!("{from}-{}", cloning.stamp));
        let stripes = |folder: &str, ending: &str| -> Vec<String> {
            (1..=settings.stripes)
                .map(|stripe| match settings.stripes {
                    1 => join(folder, &format!("{stem}{ending}")),
                    _ => join(folder, &format!("{stem}-{stripe}{ending}")),
                })
                .collect()
        };
        Ok(Self {
            d,
            settings,
            compresses: cloning.source.is_none_or(|server| server.compresses),
            of,
            from,
            to,
            name: format!("envclone {from} {}", cloning.stamp),
            full: stripes(backups, ".bak"),
            log: stripes(backups, ".trn"),
            full_there: stripes(there, ".bak"),
            log_there: stripes(there, ".trn"),
            files: placed(cloning, of, to)?,
        })
    }

    fn part(&self, title: String, deed: ServerDeed, check: String) -> Part {
        Part {
            title,
            database: self.of.role.clone(),
            deed: Deed::Server(deed),
            check,
        }
    }

    fn phrase(&self) -> String {
        self.of.role.phrase()
    }

    fn back_up(&self) -> Part {
        let d = self.d;
        let name = d.text(&self.name);
        self.backup_part(
            &format!("Back up the {}", self.phrase()),
            &self.backup("DATABASE", &self.full, &name),
            &self.full,
            self.backed_up(&name, "D", ""),
            None,
        )
    }

    fn back_up_log(&self) -> Part {
        let d = self.d;
        let (full, log) = (d.text(&self.name), d.text(&format!("{} log", self.name)));
        // Where another log backup ran after the full one, ours begins where that one ended.
        let gap = format!(
            "f.name = {full} AND f.database_name = {0} AND f.type = 'D' AND b.name = {log} AND b.database_name = {0} AND b.type = 'L' \
             AND b.first_lsn > f.last_lsn AND b.backup_set_id = (SELECT MAX(n.backup_set_id) FROM msdb.dbo.backupset n \
             WHERE n.name = {log} AND n.database_name = {0})",
            d.text(self.from)
        );
        let gap = format!("FROM msdb.dbo.backupset b CROSS JOIN msdb.dbo.backupset f WHERE {gap}");
        let listing = Listing {
            sql: format!("SELECT b.database_name {gap}"),
            names: Vec::new(),
            otherwise: format!(
                "another log backup of the {} ran between its full backup and its log backup, and has the log that is missing \
                 between the two",
                self.phrase()
            ),
            hint: "let the source's log backups rest from the end of its full backup to the run's log backup, and begin anew \
                   with `envclone refresh`; or do without one moment for all databases: `together = false` under [copy]"
                .to_owned(),
        };
        self.backup_part(
            &format!("Back up the log of the {}", self.phrase()),
            &self.backup("LOG", &self.log, &log),
            &self.log,
            self.backed_up(&log, "L", &format!(" AND NOT EXISTS (SELECT 1 {gap})")),
            Some(listing),
        )
    }

    /// FORMAT writes over nothing but what an interrupted attempt of this very plan left: the obstacles see to that.
    fn backup(&self, what: &str, files: &[String], name: &str) -> String {
        let compression = match self.settings.compress.unwrap_or(true) && self.compresses {
            true => ", COMPRESSION",
            false => "",
        };
        format!(
            "BACKUP {what} {}\nTO {}\nWITH COPY_ONLY, FORMAT, CHECKSUM{compression}, STATS = 5,\nNAME = {name}",
            self.d.identifier(self.from),
            devices(self.d, files)
        )
    }

    /// 0 when the server has a complete backup of this name on record.
    fn backed_up(&self, name: &str, kind: &str, and: &str) -> String {
        format!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM msdb.dbo.backupset b WHERE b.name = {name} AND b.database_name = {} \
             AND b.type = '{kind}' AND b.is_copy_only = 1 AND b.has_backup_checksums = 1 AND b.is_damaged = 0){and} THEN 0 ELSE 1 END",
            self.d.text(self.from)
        )
    }

    fn backup_part(
        &self,
        title: &str,
        sql: &str,
        files: &[String],
        check: String,
        lists: Option<Listing>,
    ) -> Part {
        self.part(
            title.to_owned(),
            ServerDeed {
                on: Side::Source,
                makes: false,
                obstacles: existing_files(self.d, files, "backup file"),
                takes: Vec::new(),
                statements: vec![Statement {
                    sql: sql.to_owned(),
                    comment: title.to_owned(),
                }],
                lists,
                account: None,
                by_hand: None,
                foresees: None,
                remains: format!(
                    "an incomplete backup may remain on the source's server: {}; `envclone resume` writes it anew",
                    files.join(", ")
                ),
            },
            check,
        )
    }

    /// Where the backup is read, and by the server that will restore it.
    fn check_backup(&self, together: bool) -> Part {
        let d = self.d;
        let verify = |files: &[String], what: &str| Statement {
            sql: format!(
                "RESTORE VERIFYONLY FROM {} WITH CHECKSUM",
                devices(d, files)
            ),
            comment: format!(
                "read the {what} of the {} and compare its checksums",
                self.phrase()
            ),
        };
        let mut statements = vec![verify(&self.full_there, "backup")];
        if together {
            statements.push(verify(&self.log_there, "log backup"));
        }
        self.part(
            format!("Check the backup of the {}", self.phrase()),
            ServerDeed {
                lists: Some(Listing {
                    sql: format!("RESTORE FILELISTONLY FROM {}", devices(d, &self.full_there)),
                    names: self.files.iter().map(|(file, _)| file.name.clone()).collect(),
                    otherwise: format!(
                        "the backup of the {} has other files than the plan gives places to: the source got or lost one since",
                        self.phrase()
                    ),
                    hint: "make a new plan with `envclone plan`".to_owned(),
                }),
                ..ServerDeed::new(Side::Target, statements, "nothing remains of it".to_owned())
            },
            String::new(),
        )
    }

    fn restore(&self, together: bool) -> Part {
        let d = self.d;
        let (to, to_text) = (d.identifier(self.to), d.text(self.to));
        let title = format!("Restore the {} as {}", self.phrase(), self.to);
        let planned = self.planned_paths();
        let places: Vec<String> = self
            .files
            .iter()
            .map(|(file, path)| format!("MOVE {} TO {}", d.text(&file.name), d.text(path)))
            .collect();
        let mut statements = vec![
            Statement {
                // Anything but the remains of an interrupted attempt ends the batch.
                sql: format!(
                    "IF DB_ID({to_text}) IS NOT NULL\nBEGIN\n    IF EXISTS (SELECT 1 FROM sys.databases WHERE name = {to_text} AND \
                     state_desc = N'RESTORING')\n    AND NOT EXISTS (SELECT 1 FROM sys.master_files WHERE database_id = DB_ID({to_text}) \
                     AND physical_name NOT IN ({planned}))\n        DROP DATABASE {to};\n    ELSE\n        THROW 51000, {}, 1;\nEND",
                    d.text(&format!("the database {} exists", self.to))
                ),
                comment: format!(
                    "make room: remove what an interrupted restore of {} left, and nothing else",
                    self.to
                ),
            },
            Statement {
                sql: format!(
                    "RESTORE DATABASE {to}\nFROM {}\nWITH {},\nCHECKSUM, NORECOVERY, STATS = 5",
                    devices(d, &self.full_there),
                    places.join(",\n")
                ),
                comment: format!(
                    "restore under another name, into files of its own: {}",
                    self.to
                ),
            },
        ];
        if together {
            statements.push(Statement {
                sql: format!(
                    "RESTORE LOG {to}\nFROM {}\nWITH CHECKSUM, NORECOVERY, STATS = 5, STOPAT = @{MOMENT}",
                    devices(d, &self.log_there)
                ),
                comment: "roll forward to the moment that all copies are of".to_owned(),
            });
        }
        let closed = if self.settings.restricted {
            ", RESTRICTED_USER"
        } else {
            ""
        };
        statements.push(Statement {
            sql: format!("RESTORE DATABASE {to} WITH RECOVERY{closed}"),
            comment: match self.settings.restricted {
                true => "bring the copy online, for administrators only".to_owned(),
                false => "bring the copy online".to_owned(),
            },
        });
        let name = d.text(&self.name);
        let check = format!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM msdb.dbo.restorehistory r JOIN msdb.dbo.backupset b \
             ON b.backup_set_id = r.backup_set_id JOIN sys.databases t ON t.name = r.destination_database_name \
             WHERE t.name = {to_text} AND t.state_desc = N'ONLINE' AND b.name = {name} \
             AND r.restore_date >= DATEADD(minute, -1, t.create_date)) THEN 0 ELSE 1 END"
        );
        self.part(
            title,
            ServerDeed {
                on: Side::Target,
                makes: true,
                obstacles: self.in_the_way(),
                takes: match together {
                    true => vec![MOMENT.to_owned()],
                    false => Vec::new(),
                },
                statements,
                lists: None,
                account: None,
                by_hand: None,
                foresees: None,
                remains: format!(
                    "the database {0} may remain on the target's server in the state RESTORING; `envclone resume` removes and \
                     restores it; to give up: DROP DATABASE {1}",
                    self.to,
                    d.identifier(self.to)
                ),
            },
            check,
        )
    }

    fn planned_paths(&self) -> String {
        let paths: Vec<String> = self
            .files
            .iter()
            .map(|(_, path)| self.d.text(path))
            .collect();
        paths.join(", ")
    }

    /// A database of the copy's name, or a file at one of its places.
    fn in_the_way(&self) -> Vec<Obstacle> {
        let d = self.d;
        let paths: Vec<String> = self.files.iter().map(|(_, path)| path.clone()).collect();
        let mut obstacles = vec![
            Obstacle {
                first: String::new(),
                count: format!(
                    "SELECT COUNT(*) FROM sys.databases WHERE name = {}",
                    d.text(self.to)
                ),
                what: format!("the target's server has a database {} already", self.to),
            },
            Obstacle {
                first: String::new(),
                count: format!(
                    "SELECT COUNT(*) FROM sys.master_files WHERE physical_name IN ({})",
                    self.planned_paths()
                ),
                what: format!(
                    "a database of the target's server uses a file that the copy {} would have",
                    self.to
                ),
            },
        ];
        obstacles.extend(existing_files(d, &paths, "database file"));
        obstacles
    }

    fn set_up(&self) -> Part {
        let d = self.d;
        let to = d.identifier(self.to);
        let settings = self.settings;
        let mut statements = Vec::new();
        let mut wanted = Vec::new();
        let mut set = |sql: String, comment: &str, deviates: Option<String>| {
            statements.push(Statement {
                sql,
                comment: comment.to_owned(),
            });
            wanted.extend(deviates);
        };
        let model = match settings.recovery {
            Recovery::Simple => Some("SIMPLE"),
            Recovery::Full => Some("FULL"),
            Recovery::Keep => None,
        };
        if let Some(model) = model {
            set(
                format!("ALTER DATABASE {to} SET RECOVERY {model}"),
                "what the copy keeps of its changes",
                Some(format!("recovery_model_desc <> N'{model}'")),
            );
        }
        let (trust, wrong) = match settings.trustworthy {
            true => ("ON", 0),
            false => ("OFF", 1),
        };
        set(
            format!("ALTER DATABASE {to} SET TRUSTWORTHY {trust}"),
            "whether code in it may reach out of it",
            Some(format!("is_trustworthy_on = {wrong}")),
        );
        let named = d.text(self.to);
        match settings.broker {
            Broker::Off => set(
                format!("ALTER DATABASE {to} SET DISABLE_BROKER WITH ROLLBACK IMMEDIATE"),
                "Service Broker sends nothing",
                Some("is_broker_enabled = 1".to_owned()),
            ),
            // The second time it would get yet another identifier.
            Broker::New => set(
                format!(
                    "IF EXISTS (SELECT 1 FROM sys.databases WHERE name = {named} AND is_broker_enabled = 0)\n    \
                     ALTER DATABASE {to} SET NEW_BROKER WITH ROLLBACK IMMEDIATE"
                ),
                "Service Broker with an identifier of its own, the source's conversations ended",
                Some("is_broker_enabled = 0".to_owned()),
            ),
        }
        if let Some(level) = settings.compatibility {
            set(
                format!("ALTER DATABASE {to} SET COMPATIBILITY_LEVEL = {level}"),
                "the compatibility level",
                Some(format!("compatibility_level <> {level}")),
            );
        }
        for (file, _) in self
            .files
            .iter()
            .filter(|(file, _)| file.holds != Holds::Other)
        {
            set(
                format!(
                    "ALTER DATABASE {to} MODIFY FILE (NAME = {}, FILEGROWTH = {}MB)",
                    d.text(&file.name),
                    settings.growth_mb
                ),
                "a fixed growth, as the vendor recommends",
                None,
            );
        }
        let check = format!(
            "SELECT (SELECT COUNT(*) FROM sys.databases WHERE name = {named} AND ({})) + (SELECT COUNT(*) FROM sys.master_files \
             WHERE database_id = DB_ID({named}) AND type IN (0, 1) AND (is_percent_growth = 1 OR growth <> {}))",
            wanted.join(" OR "),
            u64::from(settings.growth_mb) * 1024 / u64::from(PAGE_KB)
        );
        self.part(
            format!("Set the copy {} up", self.to),
            ServerDeed::new(
                Side::Target,
                statements,
                format!(
                    "some settings of the copy {} may be the source's; `envclone resume` sets all of them",
                    self.to
                ),
            ),
            check,
        )
    }

    /// The owner comes last: a login that is no administrator has the right to work with the copy from owning it.
    fn open(&self) -> Part {
        let d = self.d;
        let (to, named) = (d.identifier(self.to), d.text(self.to));
        let mut statements = vec![Statement {
            sql: format!("ALTER DATABASE {to} SET MULTI_USER"),
            comment: "let in whom its users let in".to_owned(),
        }];
        let mut wrong = vec!["user_access_desc <> N'MULTI_USER'".to_owned()];
        match self.settings.owner.as_deref() {
            Some(LOGIN) => {}
            Some(owner) => {
                statements.push(Statement {
                    sql: format!(
                        "ALTER AUTHORIZATION ON DATABASE::{to} TO {}",
                        d.identifier(owner)
                    ),
                    comment: format!("the copy belongs to {owner}"),
                });
                wrong.push(format!(
                    "owner_sid IS NULL OR owner_sid <> SUSER_SID({})",
                    d.text(owner)
                ));
            }
            None => {
                // The administrator may have been renamed; its identifier is the same everywhere.
                statements.push(Statement {
                    sql: format!(
                        "DECLARE @sql nvarchar(max) = {} + QUOTENAME(SUSER_SNAME(0x01));\nEXEC (@sql)",
                        d.text(&format!("ALTER AUTHORIZATION ON DATABASE::{to} TO "))
                    ),
                    comment: "the copy belongs to the server's administrator".to_owned(),
                });
                wrong.push("owner_sid IS NULL OR owner_sid <> 0x01".to_owned());
            }
        }
        let check = format!(
            "SELECT COUNT(*) FROM sys.databases WHERE name = {named} AND ({})",
            wrong.join(" OR ")
        );
        self.part(
            format!("Open the copy {}", self.to),
            ServerDeed::new(
                Side::Target,
                statements,
                format!(
                    "the copy {} is clean and may still be closed to all but administrators; `envclone resume` opens it",
                    self.to
                ),
            ),
            check,
        )
    }
}

/// The setting that leaves a copy to the login that restores it.
const LOGIN: &str = "login";

/// Between the full backups and the log backups.
fn note_the_moment(copies: &[Copy<'_>]) -> Part {
    let names: Vec<&str> = copies.iter().map(|copy| copy.from).collect();
    Part {
        title: format!(
            "Note the moment that the copies are of: {}",
            names.join(", ")
        ),
        database: Role::Platform,
        deed: Deed::Note {
            on: Side::Source,
            name: MOMENT.to_owned(),
            // In the time that the server's logs are written in, whatever the session's language.
            sql: "SELECT CONVERT(varchar(23), GETDATE(), 126)".to_owned(),
        },
        check: String::new(),
    }
}

/// Where the copy has each file: no two at one place, and none at the source's.
fn placed<'a>(
    cloning: &'a Cloning<'a>,
    of: &'a CloneOf<'a>,
    to: &str,
) -> Result<Vec<(&'a DataFile, String)>, NoCopy> {
    if of.found.files.is_empty() {
        return Err(NoCopy::NoFiles(of.role.phrase()));
    }
    let settings = cloning.settings;
    let there = cloning.destination;
    let folder = |holds: Holds| -> Result<&String, NoCopy> {
        let (own, default, what, key) = match holds {
            Holds::Log => (
                &settings.log_folder,
                there.and_then(|server| server.log_folder.as_ref()),
                "transaction logs",
                "log-folder",
            ),
            Holds::Rows | Holds::Other => (
                &settings.data_folder,
                there.and_then(|server| server.data_folder.as_ref()),
                "data files",
                "data-folder",
            ),
        };
        own.as_ref().or(default).ok_or(NoCopy::Folder { what, key })
    };
    let mut placed: Vec<(&DataFile, String)> = Vec::new();
    for file in &of.found.files {
        let folder = folder(file.holds)?;
        let ending = match file.holds {
            Holds::Other => String::new(),
            _ => ending(&file.path, file.holds),
        };
        let stem = file_stem(&format!("{to}-{}", file.name));
        let mut path = join(folder, &format!("{stem}{ending}"));
        let mut number = 2;
        while placed
            .iter()
            .any(|(_, other)| other.eq_ignore_ascii_case(&path))
        {
            path = join(folder, &format!("{stem}-{number}{ending}"));
            number += 1;
        }
        placed.push((file, path));
    }
    Ok(placed)
}

/// The ending of a file's name, `.mdf` and its like.
fn ending(path: &str, holds: Holds) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let usual = if holds == Holds::Log { "ldf" } else { "mdf" };
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| ending.len() <= 4 && ending.chars().all(char::is_alphanumeric))
        .unwrap_or(usual);
    format!(".{ending}")
}

/// A name without what no file's name may have.
fn file_stem(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect()
}

/// A file in a folder of a server, Windows or Linux, or at a URL.
fn join(folder: &str, name: &str) -> String {
    let slash = if folder.contains('/') { '/' } else { '\\' };
    format!("{}{slash}{name}", folder.trim_end_matches(['/', '\\']))
}

fn is_url(place: &str) -> bool {
    ["https://", "s3://"].iter().any(|scheme| {
        place
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })
}

fn devices(d: &SqlServer, files: &[String]) -> String {
    let device = |file: &String| {
        let kind = if is_url(file) { "URL" } else { "DISK" };
        format!("{kind} = {}", d.text(file))
    };
    files.iter().map(device).collect::<Vec<_>>().join(",\n")
}

/// Files that must not be there. A login that is no administrator sees none: then the server's own refusal remains.
fn existing_files(d: &SqlServer, files: &[String], what: &str) -> Vec<Obstacle> {
    let obstacle = |file: &String| Obstacle {
        first: format!(
            "DECLARE @there int;\nEXEC master.dbo.xp_fileexist {}, @there OUTPUT;\n",
            d.text(file)
        ),
        count: "SELECT ISNULL(@there, 0)".to_owned(),
        what: format!("the {what} {file} exists already"),
    };
    files
        .iter()
        .filter(|file| !is_url(file))
        .map(obstacle)
        .collect()
}
