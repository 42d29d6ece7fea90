//! A server in front of database files, which makes copies by backups and restores as SQL Server does, in a language of
//! its own: `VERB ARGUMENT…`, parted by `|`. What it knows it keeps in files, so that it outlives the process.

use std::fs;
use std::path::{Path, PathBuf};

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::Statement;
use envclone_core::plan::{Deed, Item, Listing, Obstacle, Plan, ServerDeed, Side};
use envclone_db::checkup::{Need, Purpose};
use envclone_db::{
    Access, Copied, Copies, DbError, Engine, Facts, Go, Lineage, Row, Session, Trouble, Value,
};

use super::Lab;

/// Database files, with a server in front of them.
pub(crate) struct Serving {
    engine: Box<dyn Engine>,
    /// Where backups go, and what was done.
    folder: PathBuf,
}

impl Serving {
    pub(crate) fn new(engine: Box<dyn Engine>, lab: &Path) -> Self {
        let folder = lab.join("server");
        fs::create_dir_all(&folder).unwrap();
        Self { engine, folder }
    }
}

/// An environment of which one step is carried out, so that it is about the copies.
pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    let catalogue = Catalogue::with(&[]).unwrap();
    let others: Vec<String> = catalogue
        .steps()
        .iter()
        .filter(|step| step.id != "front-ends")
        .map(|step| format!("\"{}\"", step.id))
        .collect();
    lab.settings("make", &format!("skip = [{}]", others.join(", ")));
    lab
}

/// The plan, with a server's deeds in the place of copies.
pub(crate) fn served(mut plan: Plan, lab: &Path) -> Plan {
    let backup = |item: &Item, ending: &str| {
        let file = lab
            .join("server")
            .join(format!("{}.{ending}", item.database));
        file.display().to_string()
    };
    let copies: Vec<(Item, String, String)> = plan
        .items
        .iter()
        .filter_map(|item| match &item.deed {
            Deed::Copy { from, to } => Some((item.clone(), from.clone(), to.clone())),
            _ => None,
        })
        .collect();
    let part = |item: &Item, title: &str, deed: ServerDeed, check: String| Item {
        title: format!("{title} the {}", item.database.phrase()),
        deed: Deed::Server(deed),
        check,
        ..item.clone()
    };
    let mut items = Vec::new();
    for (item, from, _) in &copies {
        let file = backup(item, "bak");
        let deed = ServerDeed {
            obstacles: vec![obstacle(&file)],
            ..deed(Side::Source, &[&format!("BACKUP|{from}|{file}")])
        };
        items.push(part(
            item,
            "Back up",
            deed,
            format!("LACKS|{file}.complete"),
        ));
    }
    let (first, ..) = &copies[0];
    items.push(Item {
        title: "Note the moment".to_owned(),
        deed: Deed::Note {
            on: Side::Source,
            name: "moment".to_owned(),
            sql: "MOMENT".to_owned(),
        },
        check: String::new(),
        ..first.clone()
    });
    for (item, _, to) in &copies {
        let file = backup(item, "bak");
        let verify = ServerDeed {
            lists: Some(Listing {
                sql: format!("LIST|{file}"),
                names: vec!["data".to_owned()],
                otherwise: "the backup has other files".to_owned(),
                hint: "make a new plan".to_owned(),
            }),
            ..deed(Side::Target, &[&format!("VERIFY|{file}")])
        };
        items.push(part(item, "Check the backup of", verify, String::new()));
        let restore = ServerDeed {
            makes: true,
            obstacles: vec![obstacle(to)],
            takes: vec!["moment".to_owned()],
            remains: format!("`{to}` may be half restored"),
            ..deed(
                Side::Target,
                &[
                    &format!("MAKE ROOM|{to}"),
                    &format!("RESTORE|{file}|{to}"),
                    &format!("RECOVER|{to}"),
                ],
            )
        };
        items.push(part(item, "Restore", restore, format!("LACKS|{to}")));
    }
    items.extend(
        plan.items
            .drain(..)
            .filter(|item| !matches!(item.deed, Deed::Copy { .. })),
    );
    for (item, ..) in &copies {
        let file = backup(item, "opened");
        let open = deed(Side::Target, &[&format!("WRITE|{file}")]);
        items.push(part(item, "Open", open, format!("LACKS|{file}")));
    }
    let expected: Vec<Option<u64>> = items.iter().map(|item| item.expect).collect();
    plan.items = items;
    plan.counted(&expected)
}

fn obstacle(path: &str) -> Obstacle {
    Obstacle {
        first: String::new(),
        count: format!("HAS|{path}"),
        what: format!("{path} exists already"),
    }
}

fn deed(on: Side, statements: &[&str]) -> ServerDeed {
    let statement = |sql: &&str| Statement {
        sql: (*sql).to_owned(),
        comment: sql.split('|').next().unwrap().to_lowercase(),
    };
    let statements = statements.iter().map(statement).collect();
    ServerDeed::new(on, statements, "nothing remains".to_owned())
}

/// A session with the server, which answers with one value.
struct Asking(PathBuf);

struct Answer(Vec<u8>);

impl Row for Answer {
    fn len(&self) -> usize {
        1
    }

    fn value(&self, _column: usize) -> Value<'_> {
        Value::Text(&self.0)
    }
}

impl Session for Asking {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        if sql.starts_with("HAS|") && self.0.join("blind").exists() {
            return Err(DbError::new(Trouble::NotPermitted, "denied (error 229)"));
        }
        let answer = match sql.split('|').collect::<Vec<_>>()[..] {
            ["HAS", path] => u8::from(Path::new(path).exists()).to_string(),
            ["LACKS", path] => u8::from(!Path::new(path).exists()).to_string(),
            ["LIST", path] => fs::read_to_string(format!("{path}.files")).unwrap_or("data".into()),
            ["MOMENT"] => {
                let asked = self.0.join("asked");
                let times = fs::read_to_string(&asked).unwrap_or_default() + "|";
                fs::write(asked, &times).unwrap();
                format!("moment {}", times.len())
            }
            _ => panic!("nobody asks `{sql}`"),
        };
        let _ = each(&Answer(answer.into_bytes()));
        Ok(())
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        panic!("nobody changes a server by `{sql}`")
    }

    fn begin(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        Ok(())
    }
}

/// Copies a file, and looks up in the middle of it.
fn copy(from: &str, to: &str, progress: &mut dyn FnMut(Copied) -> Go) -> Result<(), DbError> {
    let bytes = fs::read(from).unwrap();
    let (half, of) = (bytes.len() / 2, bytes.len() as u64);
    fs::write(to, &bytes[..half]).unwrap();
    let copied = Copied {
        done: half as u64,
        of,
        left: None,
    };
    if progress(copied).is_break() {
        return Err(DbError::new(Trouble::Interrupted, "interrupted"));
    }
    fs::write(to, bytes).unwrap();
    Ok(())
}

impl Engine for Serving {
    fn server(&self, _name: &str) -> Result<Box<dyn Session>, DbError> {
        Ok(Box::new(Asking(self.folder.clone())))
    }

    fn work(
        &self,
        _name: &str,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        let fails = self.folder.join("fails");
        if fs::read_to_string(&fails).is_ok_and(|verb| sql.starts_with(verb.trim())) {
            return Err(DbError::new(Trouble::Full, "the disk is full (error 3257)"));
        }
        match sql.split('|').collect::<Vec<_>>()[..] {
            ["BACKUP", from, to] => {
                copy(from, to, progress)?;
                fs::write(format!("{to}.complete"), "").unwrap();
            }
            ["VERIFY", file] => assert!(Path::new(file).exists()),
            ["MAKE ROOM", to] if Path::new(to).exists() => {
                return Err(DbError::new(Trouble::Exists, format!("{to} exists")));
            }
            ["MAKE ROOM", to] => {
                let _ = fs::remove_file(format!("{to}.restoring"));
            }
            ["RESTORE", from, to] => {
                let restoring = format!("{to}.restoring");
                assert!(!Path::new(&restoring).exists(), "nobody made room");
                copy(from, &restoring, progress)?;
            }
            ["RECOVER", to] => fs::rename(format!("{to}.restoring"), to).unwrap(),
            ["WRITE", file] => fs::write(file, "").unwrap(),
            _ => panic!("nobody sends `{sql}`"),
        }
        Ok(())
    }

    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        self.engine.open(name, access)
    }

    fn look(&self, name: &str) -> Result<Facts, DbError> {
        self.engine.look(name)
    }

    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        self.engine.in_use(name)
    }

    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError> {
        self.engine.lineage(name)
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        self.engine.checkup(name, purpose)
    }

    fn snapshot(&self, _names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        panic!("the server makes the copies")
    }

    fn partial_name(&self, name: &str) -> String {
        self.engine.partial_name(name)
    }

    fn publish(&self, _partial: &str, _name: &str) -> Result<(), DbError> {
        panic!("the server makes the copies")
    }

    fn discard(&self, _partial: &str) {
        panic!("the server makes the copies")
    }
}
