//! The plan as files for `sqlcmd`: what a DBA runs on the source's server, on the target's, and in each copy.

use super::SqlServer;
use crate::dialect::phases::{Phases, phases};
use crate::dialect::sqlite::file_name;
use crate::dialect::{Dialect as _, ScriptFile, ScriptGuard, name_and_server, spell};
use crate::engine::Role;
use crate::plan::{Deed, Item, Plan, Side};

/// What `back-up.sql` prints and `restore.sql` is told.
const MOMENT: &str = "$(Moment)";

/// Every file, in the order in which they are run.
pub(super) fn files(d: &SqlServer, plan: &Plan, guard: &ScriptGuard) -> Vec<ScriptFile> {
    let Phases {
        source,
        target,
        last,
    } = phases(plan);
    let on_server = |name, does, on, items: &[&Item]| {
        let asked = Asked {
            name,
            does,
            on,
            items,
        };
        (!items.is_empty()).then(|| d.server_file(plan, guard, &asked))
    };
    let mut files = Vec::new();
    files.extend(on_server(
        "back-up.sql",
        "back the source up, beside its own chain of backups",
        Side::Source,
        &source,
    ));
    files.extend(on_server(
        "restore.sql",
        "restore the backups under other names, into other files",
        Side::Target,
        &target,
    ));
    let written = guard.target.iter().filter(|(role, _)| plan.writes_to(role));
    files.extend(written.map(|(role, name)| d.script_file(plan, guard, role, name)));
    files.extend(on_server(
        "open.sql",
        "open the clean copies",
        Side::Target,
        &last,
    ));
    files
}

/// A file that is run on a server, and not in a database.
struct Asked<'a> {
    name: &'a str,
    does: &'a str,
    on: Side,
    items: &'a [&'a Item],
}

impl SqlServer {
    fn server_file(&self, plan: &Plan, guard: &ScriptGuard, asked: &Asked<'_>) -> ScriptFile {
        let databases = match asked.on {
            Side::Source => &guard.source,
            Side::Target => &guard.target,
        };
        let server = databases
            .first()
            .and_then(|(_, name)| name_and_server(name).1);
        let takes = asked.items.iter().any(|item| match &item.deed {
            Deed::Server(deed) => !deed.takes.is_empty(),
            _ => false,
        });
        // Without a variable, what looks like one in a name stays what it is.
        let variables = if takes {
            "-v Moment=\"MOMENT THAT back-up.sql PRINTED\""
        } else {
            "-x"
        };
        let mut text = format!(
            "{}\n{}\n:on error exit\nSET NOCOUNT ON;\nSET XACT_ABORT ON;\nGO\n",
            spell::comment(&format!(
                "envclone: {}, plan {}",
                asked.does,
                plan.short_id()
            )),
            spell::comment(&format!(
                "run with: sqlcmd -b {variables} -S {} -d master -i {}",
                server.unwrap_or("SERVER"),
                asked.name
            )),
        );
        if let Some(server) = server {
            text += &self.refusal(
                &format!("@@SERVERNAME <> {}", self.text(server)),
                &format!("this script was made for the server {server}"),
            );
        }
        if takes {
            text += &self.refusal(
                &format!("TRY_CONVERT(datetime, {}, 126) IS NULL", self.text(MOMENT)),
                "the moment that back-up.sql printed is needed, as it was printed",
            );
        }
        let deeds = asked.items.iter().filter_map(|item| match &item.deed {
            Deed::Server(deed) => Some(deed),
            _ => None,
        });
        for obstacle in deeds.flat_map(|deed| &deed.obstacles) {
            let found = format!("({}) <> 0", obstacle.count);
            text += &obstacle.first;
            text += &self.refusal(&found, &obstacle.what);
        }
        for item in asked.items {
            text += &self.server_item(item);
        }
        ScriptFile {
            name: asked.name.to_owned(),
            about: asked.does.to_owned(),
            items: asked.items.len(),
            text,
        }
    }

    fn server_item(&self, item: &Item) -> String {
        let mut text = format!(
            "\n{}\n",
            spell::comment(&format!("{} {}: {}", item.seq, item.step, item.title))
        );
        match &item.deed {
            Deed::Server(deed) => {
                let notes: Vec<(&str, &str)> = deed
                    .takes
                    .iter()
                    .map(|note| (note.as_str(), MOMENT))
                    .collect();
                for statement in &deed.statements {
                    text += &spell::statement_comment(item, statement);
                    text += &format!("{};\nGO\n", self.with_notes(&statement.sql, &notes));
                }
                if let Some(listing) = &deed.lists {
                    text += &self.listed(&listing.sql, &listing.names);
                }
                if !item.check.is_empty() {
                    let failed = self.text(&format!("item {} is not done", item.seq));
                    text += &format!("IF ({}) <> 0 THROW 51000, {failed}, 1;\nGO\n", item.check);
                }
            }
            Deed::Note { name, sql, .. } => {
                text += &format!(
                    "DECLARE @{name} nvarchar(128) = ({sql});\nRAISERROR(N'{name}: %s', 0, 1, @{name}) WITH NOWAIT;\nGO\n"
                );
            }
            Deed::Sql { .. } | Deed::Copy { .. } => {}
        }
        text
    }

    /// A person compares what is listed: what RESTORE lists has other columns in every version of the server.
    fn listed(&self, sql: &str, names: &[String]) -> String {
        let expected = match names {
            [] => "nothing may be listed here".to_owned(),
            names => format!(
                "these must be listed here, and no others: {}",
                names.join(", ")
            ),
        };
        format!("PRINT {};\n{sql};\nGO\n", self.text(&expected))
    }

    fn script_file(
        &self,
        plan: &Plan,
        guard: &ScriptGuard,
        role: &Role,
        target: &str,
    ) -> ScriptFile {
        let (name, server) = name_and_server(target);
        let file = format!("clean-{}.sql", file_name(&role.to_string()));
        let mut text = format!(
            "{}\n{}\n{}\n:on error exit\nSET NOCOUNT ON;\nSET XACT_ABORT ON;\nGO\n",
            spell::comment(&format!(
                "envclone: clean-up of the {} {name}, plan {}",
                role.phrase(),
                plan.short_id()
            )),
            spell::comment(&format!(
                "run with: sqlcmd -b -x -S {} -d {name} -i {file}",
                server.unwrap_or("SERVER")
            )),
            spell::comment("one transaction; any error undoes all of it and ends the script"),
        );
        text += &self.guards(guard, name, server);
        text += "BEGIN TRY\nBEGIN TRANSACTION;\nDECLARE @rows bigint;\n";
        let cleans = |item: &&Item| item.database == *role && item.group.is_some();
        let items: Vec<&Item> = plan.items.iter().filter(cleans).collect();
        for item in &items {
            text += &self.script_item(item);
        }
        text += "COMMIT TRANSACTION;\nPRINT N'committed';\nEND TRY\nBEGIN CATCH\n";
        text += "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\nPRINT N'rolled back: nothing was changed';\nTHROW;\nEND CATCH\nGO\n";
        ScriptFile {
            name: file,
            about: format!("clean the {} {name}", role.phrase()),
            items: items.len(),
            text,
        }
    }

    /// The script refuses on any database but the target, on the source, on one that nobody restored and on one
    /// that its own front-ends are working with.
    fn guards(&self, guard: &ScriptGuard, name: &str, server: Option<&str>) -> String {
        let mut conditions = vec![(
            format!("DB_NAME() <> {}", self.text(name)),
            format!("this script was made for the database {name}"),
        )];
        if let Some(server) = server {
            conditions.push((
                format!("@@SERVERNAME <> {}", self.text(server)),
                format!("this script was made for the server {server}"),
            ));
        }
        for (_, source) in &guard.source {
            let (database, server) = name_and_server(source);
            let same_server = server.map_or_else(String::new, |server| {
                format!(" AND @@SERVERNAME = {}", self.text(server))
            });
            conditions.push((
                format!("DB_NAME() = {}{same_server}", self.text(database)),
                "this is the source".to_owned(),
            ));
        }
        conditions.push((
            "NOT EXISTS (SELECT 1 FROM msdb.dbo.restorehistory WHERE destination_database_name = DB_NAME())".to_owned(),
            "this database was not restored from anything".to_owned(),
        ));
        conditions.push((
            format!(
                "OBJECT_ID(N'[dbo].[ossys_Server]', N'U') IS NOT NULL AND EXISTS (SELECT 1 FROM sys.dm_exec_sessions s JOIN {} f \
                 ON f.[NAME] = s.host_name COLLATE DATABASE_DEFAULT WHERE s.database_id = DB_ID() AND s.session_id <> @@SPID)",
                self.table("ossys_Server")
            ),
            "its own front-ends are working with this database".to_owned(),
        ));
        conditions
            .into_iter()
            .map(|(condition, why)| self.refusal(&condition, &why))
            .collect()
    }

    /// Ends the script where a condition holds: nothing after it is run.
    fn refusal(&self, condition: &str, why: &str) -> String {
        let message = self.text(&format!("refused: {why}; nothing was changed"));
        format!(
            "IF {condition}\nBEGIN\n    RAISERROR({message}, 16, 1);\n    SET NOEXEC ON;\nEND\nGO\n"
        )
    }

    fn script_item(&self, item: &Item) -> String {
        let Deed::Sql { statements } = &item.deed else {
            return String::new();
        };
        let mut text = format!(
            "\n{}\n",
            spell::comment(&format!("{} {}: {}", item.seq, item.step, item.title))
        );
        for statement in statements {
            text += &format!(
                "{}{};\nSET @rows = ROWCOUNT_BIG();\n",
                spell::statement_comment(item, statement),
                statement.sql
            );
            let label = self.text(&format!("{} {}: ", item.seq, item.step));
            text += &format!("PRINT {label} + CAST(@rows AS nvarchar(20)) + N' rows';\n");
        }
        let failed = self.text(&format!("step {} left rows behind", item.step));
        text + &format!("IF ({}) <> 0 THROW 51000, {failed}, 1;\n", item.check)
    }
}
