//! The users of a copy's databases: those that came with it go, those that the settings name come.

use super::draft::{Draft, blank};
use super::{Basis, Deed, Guidance, Item, Reason, WHOLE_STEP};
use crate::dialect::{UserChange, Users};
use crate::engine::Role;
use crate::evidence::Observed;
use crate::inventory::Database;
use crate::principal::{FoundAs, LoginOf, NewUser, Principal, Principals};
use crate::step::{ByHand, Step};

/// What a person is told of the users, collected over all databases.
#[derive(Default)]
struct Told {
    /// What changes of owners mean for applications.
    effects: Vec<String>,
    /// Users that stay and have no login on the server.
    orphans: Vec<String>,
    /// Users that stay and may come in.
    staying: Vec<String>,
    /// What nobody could look at.
    unseen: Vec<String>,
}

impl Draft<'_> {
    /// Drops the platform's users in every database, or says why not.
    pub(super) fn drop_principals(&mut self, step: &Step, it: &ByHand) {
        let users = match self.dialect.users() {
            Ok(users) => users,
            Err(reason) => return self.without_users(step, it, reason),
        };
        let mut told = Told::default();
        let mut blind = false;
        for database in &self.inventory.databases {
            let why = match &database.principals {
                Some(Observed::Known(principals)) => {
                    self.drop_in(step, users, database, principals, &mut told);
                    continue;
                }
                Some(Observed::Unknown { why }) => why.clone(),
                None => "the inventory does not list them".to_owned(),
            };
            blind = true;
            let phrase = database.role.phrase();
            self.leave_out(step, &phrase, Reason::UsersUnseen { why });
        }
        if blind {
            self.guide(step, &step.title, it.by_hand.trim());
        } else {
            self.missing_users(step);
        }
        self.tell(step, told);
    }

    /// Where the engine has no users there is nothing to do; where it has others, a person does it.
    fn without_users(&mut self, step: &Step, it: &ByHand, reason: Reason) {
        if reason != Reason::NoUsers {
            self.guide(step, &step.title, it.by_hand.trim());
        }
        self.leave_out(step, WHOLE_STEP, reason);
    }

    fn drop_in(
        &mut self,
        step: &Step,
        users: &dyn Users,
        database: &Database,
        principals: &Principals,
        told: &mut Told,
    ) {
        let role = &database.role;
        told.unseen.extend(
            principals
                .unseen
                .iter()
                .map(|what| format!("{}: {what}", role.phrase())),
        );
        let mut found_any = false;
        for principal in &principals.all {
            let found_as = self.found_as(principal);
            if found_as.is_empty() {
                self.note_staying(role, principal, told);
                continue;
            }
            found_any = true;
            match self.drop_one(users, role, principal) {
                Ok(change) => {
                    let effects = change.effects.iter();
                    told.effects
                        .extend(effects.map(|effect| format!("{}: {effect}", role.phrase())));
                    let because: Vec<_> = found_as.iter().map(|one| one.phrase()).collect();
                    let title = format!("{} ({})", change.comment, because.join(", "));
                    self.user_item(step, role, title, change);
                }
                Err(reason) => {
                    let part = format!("{} of the {}", principal.name, role.phrase());
                    self.leave_out(step, &part, reason);
                    if principal.login == LoginOf::Missing {
                        self.note_staying(role, principal, told);
                    }
                }
            }
        }
        if !found_any {
            self.leave_out(step, &role.phrase(), Reason::NoPlatformUser);
        }
    }

    fn drop_one(
        &self,
        users: &dyn Users,
        role: &Role,
        principal: &Principal,
    ) -> Result<UserChange, Reason> {
        let made_here = matches!(&principal.login, LoginOf::Named(login)
            if self.security.makes(role, &principal.name, login));
        if !principal.kind.is_user() {
            Err(Reason::NoUser)
        } else if self.security.keeps(&principal.name) {
            Err(Reason::Kept)
        } else if made_here {
            Err(Reason::MadeHere)
        } else if !principal.runs_modules.is_empty() {
            Err(Reason::RunsModules {
                modules: principal.runs_modules.clone(),
            })
        } else {
            users.drop_user(principal)
        }
    }

    /// By what a principal is to be dropped; nothing where it is none of the platform's.
    fn found_as(&self, principal: &Principal) -> Vec<FoundAs> {
        let mut found = principal.found_as.clone();
        if self.security.drops(&principal.name) {
            found.push(FoundAs::Settings);
        }
        found
    }

    /// Names in the settings that no database knows: a misspelt one would stay.
    fn missing_users(&mut self, step: &Step) {
        let inventory = self.inventory;
        let known = |name: &String| {
            inventory
                .databases
                .iter()
                .filter_map(Database::users)
                .any(|users| users.all.iter().any(|one| one.is_named(name)))
        };
        for name in self.security.users.iter().filter(|name| !known(name)) {
            self.leave_out(step, name, Reason::NoSuchUser);
        }
    }

    fn note_staying(&self, role: &Role, principal: &Principal, told: &mut Told) {
        let made_here = matches!(&principal.login, LoginOf::Named(login)
            if self.security.makes(role, &principal.name, login));
        if !principal.kind.is_user() || made_here {
            return;
        }
        let name = format!("{} of the {}", principal.name, role.phrase());
        // Which logins the target's server has is not known from the source's.
        match (&principal.login, self.basis) {
            (LoginOf::Missing, Basis::Target) => told.orphans.push(name),
            (LoginOf::Named(login), Basis::Target) => {
                told.staying.push(format!("{name}, by the login {login}"));
            }
            _ => told.staying.push(name),
        }
    }

    /// Makes the users that the settings name.
    pub(super) fn create_principals(&mut self, step: &Step, it: &ByHand) {
        let users = match self.dialect.users() {
            Ok(users) => users,
            Err(reason) => {
                self.guide(step, &step.title, it.by_hand.trim());
                return self.leave_out(step, WHOLE_STEP, reason);
            }
        };
        if self.security.create.is_empty() {
            self.guide(step, &step.title, it.by_hand.trim());
            return self.leave_out(step, WHOLE_STEP, Reason::NoneToMake);
        }
        for new in &self.security.create {
            for role in &new.databases {
                if self.inventory.database(role).is_none() {
                    let database = role.to_string();
                    self.leave_out(step, new.name(), Reason::NoSuchDatabase { database });
                    continue;
                }
                let change = users.create_user(&NewUser {
                    name: new.name(),
                    login: &new.login,
                    roles: new.rights.roles(),
                });
                self.user_item(step, role, change.comment.clone(), change);
            }
        }
    }

    fn user_item(&mut self, step: &Step, role: &Role, title: String, mut change: UserChange) {
        // The report takes what an item does from the comment that ends its title.
        for statement in &mut change.statements {
            if statement.comment == change.comment {
                statement.comment.clone_from(&title);
            }
        }
        self.push(Item {
            title: format!("{}: {title}", step.title),
            profile: Some(step.profile),
            database: role.clone(),
            group: Some(self.transaction(role)),
            deed: Deed::Sql {
                statements: change.statements,
            },
            check: change.count.clone(),
            count: change.count,
            ..blank(&step.id)
        });
    }

    fn guide(&mut self, step: &Step, title: &str, text: &str) {
        self.guides.push(Guidance {
            step: step.id.clone(),
            title: title.to_owned(),
            text: text.to_owned(),
        });
    }

    fn tell(&mut self, step: &Step, told: Told) {
        let mut section = |title: &str, intro: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                // A line is one, whatever is in a name.
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                let line =
                    |line: &String| format!("- {}", line.chars().map(plain).collect::<String>());
                let lines: Vec<_> = lines.iter().map(line).collect();
                self.guide(step, title, &format!("{intro}\n{}", lines.join("\n")));
            }
        };
        section(
            "Judge what new owners mean for the applications",
            "What the dropped users owned goes to dbo, and permissions that they gave end:",
            told.effects,
        );
        section(
            "Decide about the users without a login",
            "They came with the copy, its server has no login for them, and nobody comes in as them until it has one. \
             Drop them, or give them a login of this server:",
            told.orphans,
        );
        section(
            "Decide about the other users that came with the copy",
            "Nothing shows that they are the platform's, so they stay, with all that they may do. To have one dropped, name it \
             in `security.users`:",
            told.staying,
        );
        section(
            "Look for what dropped users own",
            "This could not be looked at. Where a dropped user owns something of it, the server refuses to drop it, and the \
             database's clean-up is undone:",
            told.unseen,
        );
    }
}
