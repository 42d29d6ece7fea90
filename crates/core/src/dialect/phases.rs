//! The parts of a plan as they are run in turn: by one server, by the other, in each copy, and after all that.

use crate::plan::{Deed, Item, Plan, ServerDeed, Side};

/// What servers do by themselves, in the order of the plan.
pub(super) struct Phases<'a> {
    /// The source's, before anything else.
    pub(super) source: Vec<&'a Item>,
    /// The target's, before anything is cleaned.
    pub(super) target: Vec<&'a Item>,
    /// The target's, when all is clean.
    pub(super) last: Vec<&'a Item>,
}

pub(super) fn phases(plan: &Plan) -> Phases<'_> {
    let follows = |item: &Item| {
        plan.items
            .iter()
            .any(|other| other.group.is_some() && other.seq < item.seq)
    };
    let (last, first): (Vec<&Item>, Vec<&Item>) = plan
        .items
        .iter()
        .filter(|item| item.group.is_none())
        .partition(|item| follows(item));
    let (source, target) = first
        .into_iter()
        .partition(|item| side(item) == Side::Source);
    Phases {
        source,
        target,
        last,
    }
}

fn side(item: &Item) -> Side {
    match &item.deed {
        Deed::Server(ServerDeed { on, .. }) | Deed::Note { on, .. } => *on,
        Deed::Sql { .. } | Deed::Copy { .. } => Side::Target,
    }
}
