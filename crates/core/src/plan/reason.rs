//! Why something is not in a plan: data, not a log line.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::Role;

/// The part that stands for all of a step.
pub const WHOLE_STEP: &str = "whole step";

/// Something that is not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The step.
    pub step: String,
    /// Which part of it.
    pub part: String,
    /// Why.
    pub reason: Reason,
}

/// Why a step, or a part of one, is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reason {
    /// This platform version has no such table.
    NoSuchTable {
        /// The table.
        table: String,
    },
    /// This platform version's table has no such column.
    NoSuchColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// No active module has such an entity.
    NoSuchEntity {
        /// The entity's key.
        key: String,
    },
    /// The environment has no such database.
    NoSuchDatabase {
        /// Which one.
        database: String,
    },
    /// The settings leave it out.
    SwitchedOff,
    /// The profile does not contain it.
    NotInProfile {
        /// The profile that does.
        needs: String,
    },
    /// The copy exists and has no row that it would touch.
    AlreadyClean,
    /// A person makes the copy, and envclone takes over after it.
    ByHand,
    /// Each copy may be of the end of its own backup: the settings say so.
    NotTogether,
    /// The engine's databases have no users.
    NoUsers,
    /// An import gives the schemas to users that are made for it.
    NewSchemas,
    /// Nobody could see which users a database has.
    UsersUnseen {
        /// Why.
        why: String,
    },
    /// No user of the platform was recognized.
    NoPlatformUser,
    /// No database has the user that the settings name.
    NoSuchUser,
    /// The settings keep a user.
    Kept,
    /// The settings make it.
    MadeHere,
    /// It is a role, and users are dropped.
    NoUser,
    /// Code runs as a user.
    RunsModules {
        /// The code.
        modules: Vec<String>,
    },
    /// A user owns what can't have another owner.
    OwnsForGood {
        /// What.
        what: String,
    },
    /// The settings make no user.
    NoneToMake,
    /// A database can't be rolled forward to the others' moment.
    NoLog {
        /// Which one.
        database: String,
        /// Its recovery model.
        model: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchTable { table } => write!(f, "this environment has no table `{table}`"),
            Self::NoSuchColumn { table, column } => {
                write!(f, "the table `{table}` has no column `{column}`")
            }
            Self::NoSuchEntity { key } => write!(f, "no active module has the entity {key}"),
            Self::NoSuchDatabase { database } => {
                write!(f, "this environment has no {}", Role::phrase_of(database))
            }
            Self::SwitchedOff => write!(f, "the settings leave it out (`skip`)"),
            Self::NotInProfile { needs } => write!(f, "it belongs to the profile `{needs}`"),
            Self::AlreadyClean => write!(f, "the copy has no row left that it would touch"),
            Self::ByHand => write!(f, "the copy is made by hand and taken over"),
            Self::NotTogether => write!(
                f,
                "the settings do without it (`together`): each copy is of the end of its own backup"
            ),
            Self::NoUsers => write!(f, "this engine's databases have no users"),
            Self::NewSchemas => write!(f, "an import gives the schemas to new users"),
            Self::UsersUnseen { why } => write!(f, "its users could not be seen: {why}"),
            Self::NoPlatformUser => write!(f, "no user of the platform was found in it"),
            Self::NoSuchUser => write!(f, "no database has a user of this name"),
            Self::Kept => write!(f, "the settings keep it (`security.keep`)"),
            Self::MadeHere => write!(f, "the settings make it (`security.create`)"),
            Self::NoUser => write!(f, "it is a role, and only users are dropped"),
            Self::RunsModules { modules } => write!(
                f,
                "code runs as it, and a user of whom that is so can't be dropped: {}",
                modules.join(", ")
            ),
            Self::OwnsForGood { what } => {
                write!(f, "it owns what can't be given to another: {what}")
            }
            Self::NoneToMake => write!(f, "the settings make none (`security.create`)"),
            Self::NoLog { database, model } => write!(
                f,
                "the {database} has recovery model {model} and can't be rolled forward to the others' moment: each copy is of \
                 the end of its own backup"
            ),
        }
    }
}
