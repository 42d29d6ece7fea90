//! The plan: the final SQL, in order, with a reason for everything that is left out. Execution makes no choices.

mod cloning;
mod draft;
mod principals;
mod reason;
mod referrers;

pub use cloning::{Adopting, CloneOf, Cloned, Cloning, NoCopy, Part};
pub use draft::{Basis, DraftError, draft};
pub use reason::{LeftOut, Reason, WHOLE_STEP};
pub use referrers::{Elsewhere, Questions, Referrer};

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::dialect::Statement;
use crate::engine::{Engine, Role};
use crate::inventory::Head;
use crate::step::Profile;

/// The version of the file's shape.
pub const FORMAT: u32 = 1;

/// What will be done, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// The hash over everything below, whatever the stamp: what a person approves.
    pub id: String,
    /// What tells the files and backups of this plan from those of any other: digits, wherever they stand below. Empty
    /// where there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stamp: String,
    /// The version of envclone that made it.
    pub tool: String,
    /// The hash over the step files.
    pub catalogue: String,
    /// The profile.
    pub profile: Profile,
    /// The engine that it is spelled for.
    pub engine: Engine,
    /// The environment that the rows were counted in.
    pub basis: Basis,
    /// The source's databases: role, locator, identity.
    pub source: Vec<DatabaseId>,
    /// The target's databases; the identity is empty where the plan makes the database.
    pub target: Vec<DatabaseId>,
    /// What is done, in order.
    pub items: Vec<Item>,
    /// What is not done, and why.
    pub left_out: Vec<LeftOut>,
    /// What only a person can do.
    pub guides: Vec<Guidance>,
}

/// A database that a plan was made for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseId {
    /// Which one.
    pub role: Role,
    /// Where it is.
    pub locator: String,
    /// What the engine's evidence says it is.
    pub identity: String,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its number, from 1.
    pub seq: u32,
    /// The step that it comes from.
    pub step: String,
    /// What it does.
    pub title: String,
    /// How well the step is founded.
    pub profile: Option<Profile>,
    /// The database that it changes.
    pub database: Role,
    /// The transaction that it belongs to; none for a copy.
    pub group: Option<String>,
    /// The table that it changes; none for a copy.
    pub table: Option<String>,
    /// What is run.
    pub deed: Deed,
    /// Counts the rows that it would touch.
    pub count: String,
    /// Counts the rows that it should have touched and did not; 0 when it is done.
    pub check: String,
    /// The rows counted when the plan was made; none where nobody could count.
    pub expect: Option<u64>,
    /// The rows that are saved first.
    pub save: Option<Save>,
    /// Foreign keys to the rows that it deletes, which its step does not provide for: nothing may refer to them by these
    /// when their turn comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referrers: Vec<Referrer>,
}

/// What items that make the copy belong to, instead of a step.
pub const CLONE: &str = "clone";

/// What items belong to that a copy needs which somebody else made, before all steps.
pub const ADOPT: &str = "adopt";

/// What items belong to that come after all steps.
pub const OPEN: &str = "open";

/// What is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// A consistent copy of one database, never over an existing one.
    Copy {
        /// Where from.
        from: String,
        /// Where to.
        to: String,
    },
    /// Statements.
    Sql {
        /// In order.
        statements: Vec<Statement>,
    },
    /// Something that a server does by itself, outside of any transaction.
    Server(ServerDeed),
    /// A server's answer that is written down, for later statements to use.
    Note {
        /// Whose server.
        on: Side,
        /// What later statements call it.
        name: String,
        /// The query, which answers with one text.
        sql: String,
    },
}

/// Something that a server does by itself, outside of any transaction: a backup, a restore, a setting. Where nobody knows
/// how it ended, the item's check does; where that is not satisfied, it is done again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerDeed {
    /// Whose server.
    pub on: Side,
    /// Whether the target's database exists after it, and did not before.
    pub makes: bool,
    /// What must not be there before it is begun for the first time.
    pub obstacles: Vec<Obstacle>,
    /// The notes that its statements use.
    pub takes: Vec<String>,
    /// In order, each in a batch of its own.
    pub statements: Vec<Statement>,
    /// What must be listed after them.
    pub lists: Option<Listing>,
    /// What the server wrote about them, where it writes down what went wrong and goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<Account>>,
    /// The same for a person with the vendor's own tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<Box<ByHand>>,
    /// What statements that find out for themselves what to change will come to, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foresees: Option<Box<Foreseen>>,
    /// What an end in the middle of it leaves on the server.
    pub remains: String,
}

impl ServerDeed {
    /// Statements that make no database, with nothing in their way.
    #[must_use]
    pub fn new(on: Side, statements: Vec<Statement>, remains: String) -> Self {
        Self {
            on,
            makes: false,
            obstacles: Vec::new(),
            takes: Vec::new(),
            statements,
            lists: None,
            account: None,
            by_hand: None,
            foresees: None,
            remains,
        }
    }
}

/// What a deed will come to that looks for itself what there is to change, as far as it was known when the plan was made. It is
/// for who approves the plan: nothing of it is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreseen {
    /// What the statements are, and how far they can be relied on.
    pub about: String,
    /// What it would say, one for each thing that is known.
    pub statements: Vec<Statement>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// A file for the vendor's own tool, which does what a deed does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHand {
    /// The file's name.
    pub file: String,
    /// What it is for, with the command that reads it.
    pub about: String,
    /// Its text.
    pub text: String,
}

/// Which environment's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The one that is copied.
    Source,
    /// The copy's.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Something that is in the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obstacle {
    /// Statements that the query needs before it, in the same batch; empty where it needs none.
    pub first: String,
    /// The query that counts it; 0 where the way is free.
    pub count: String,
    /// What it is, as a sentence says it.
    pub what: String,
}

impl Obstacle {
    /// All that counts it, in one batch.
    #[must_use]
    pub fn batch(&self) -> String {
        format!("{}{}", self.first, self.count)
    }
}

/// A query whose first column must be just these texts, in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The query.
    pub sql: String,
    /// The texts.
    pub names: Vec<String>,
    /// What it means when they differ.
    pub otherwise: String,
    /// What to do then.
    pub hint: String,
}

impl Deed {
    /// Whether the target's database exists after it, and did not before.
    #[must_use]
    pub fn makes_a_database(&self) -> bool {
        match self {
            Self::Copy { .. } => true,
            Self::Server(deed) => deed.makes,
            Self::Sql { .. } | Self::Note { .. } => false,
        }
    }

    /// What is run, in order; nothing for a copy that the engine makes by itself.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        match self {
            Self::Sql { statements } => statements,
            Self::Server(deed) => &deed.statements,
            Self::Copy { .. } | Self::Note { .. } => &[],
        }
    }
}

/// Rows that are saved before they are changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// The query.
    pub sql: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Those of them that may hold a secret.
    pub secret: Vec<String>,
}

/// What only a person can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// The step.
    pub step: String,
    /// Its title.
    pub title: String,
    /// What to do.
    pub text: String,
}

/// What is wrong with a plan file.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// No JSON of this shape.
    #[error("it is no plan")]
    Shape(#[from] serde_json::Error),
    /// Written by another version.
    #[error("it has format {found}, this version of envclone reads format {FORMAT}")]
    Format {
        /// The file's format.
        found: u64,
    },
    /// Changed after it was written.
    #[error("it was changed after envclone wrote it: its id no longer matches its content")]
    Edited,
}

impl Plan {
    /// Reads a plan file.
    ///
    /// # Errors
    /// [`PlanError`]: another shape, another format, or edited by hand.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let head: Head = serde_json::from_str(text)?;
        if head.format != u64::from(FORMAT) {
            return Err(PlanError::Format { found: head.format });
        }
        let plan: Self = serde_json::from_str(text)?;
        if plan.id != plan.compute_id() {
            Err(PlanError::Edited)
        } else {
            Ok(plan)
        }
    }

    /// Takes in the rows that were counted, in the order of the items, leaves out what a copy that exists does
    /// not need any more, and gives the plan its id.
    #[must_use]
    pub fn counted(mut self, counts: &[Option<u64>]) -> Self {
        for (item, count) in self.items.iter_mut().zip(counts) {
            item.expect = *count;
        }
        if self.basis == Basis::Target {
            let (clean, dirty) = self
                .items
                .into_iter()
                .partition(|item| item.expect == Some(0));
            self.items = dirty;
            let clean: Vec<Item> = clean;
            self.left_out.extend(clean.into_iter().map(|item| LeftOut {
                step: item.step,
                part: item.title,
                reason: Reason::AlreadyClean,
            }));
        }
        for (seq, item) in (1..).zip(&mut self.items) {
            item.seq = seq;
        }
        self.id = self.compute_id();
        self
    }

    fn compute_id(&self) -> String {
        let bare = Self {
            id: String::new(),
            ..self.clone()
        };
        let mut text = serde_json::to_string(&bare).unwrap_or_default();
        if !self.stamp.is_empty() {
            text = text.replace(&self.stamp, "");
        }
        crate::digest(text.as_bytes())
    }

    /// The first twelve digits of the id: what people read and type.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Whether some item changes the database with this role.
    #[must_use]
    pub fn writes_to(&self, role: &Role) -> bool {
        self.items
            .iter()
            .any(|item| item.database == *role && matches!(item.deed, Deed::Sql { .. }))
    }

    /// The item with this number.
    #[must_use]
    pub fn item(&self, seq: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.seq == seq)
    }

    /// Number and transaction of each item, as [`crate::journal::replay`] wants them.
    #[must_use]
    pub fn groups(&self) -> Vec<(u32, Option<String>)> {
        self.items
            .iter()
            .map(|item| (item.seq, item.group.clone()))
            .collect()
    }

    /// The transactions, in the order in which they are begun.
    #[must_use]
    pub fn transactions(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for group in self.items.iter().filter_map(|item| item.group.as_deref()) {
            if !found.contains(&group) {
                found.push(group);
            }
        }
        found
    }

    /// The target's databases that a transaction changes. Its mark stands in the first one.
    #[must_use]
    pub fn spanned(&self, group: &str) -> Vec<&DatabaseId> {
        let changed = |database: &&DatabaseId| {
            self.items
                .iter()
                .any(|item| item.database == database.role && item.group.as_deref() == Some(group))
        };
        self.target.iter().filter(changed).collect()
    }

    /// The foreign keys to rows that an item deletes, from tables that no item changes.
    pub fn unprovided<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a Referrer> {
        item.referrers.iter().filter(|referrer| {
            let changed = self.items.iter().any(|other| referrer.is_of(other, item));
            !changed
        })
    }

    /// Whether the plan makes the target's databases.
    #[must_use]
    pub fn makes_the_copy(&self) -> bool {
        self.items.iter().any(|item| item.deed.makes_a_database())
    }

    /// The name of one side's database with this role.
    #[must_use]
    pub fn locator(&self, side: Side, role: &Role) -> Option<&str> {
        let databases = match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        };
        databases
            .iter()
            .find(|database| database.role == *role)
            .map(|database| database.locator.as_str())
    }
}
