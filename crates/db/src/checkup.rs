//! What an engine finds when it is asked whether a run could begin.

/// Which environment a database belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is copied, and only ever read.
    Source,
    /// It is the copy, or will be.
    Target,
}

/// What a checkup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The environment that the database belongs to.
    pub side: Side,
    /// Whether the run makes the copy, rather than takes one over.
    pub makes_the_copy: bool,
}

/// Something that a phase needs, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The phase that needs it: `connect`, `inspect`, `prove`, `clone`, `clean`.
    pub phase: &'static str,
    /// What it is, in a few words.
    pub what: String,
    /// Whether it concerns the server, and so all of an environment's databases at once.
    pub on_server: bool,
    /// Whether it is there.
    pub state: State,
}

/// Whether something that is needed is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is; what was seen.
    There(String),
    /// It is not: the run would end there. What to do about it.
    Missing {
        /// Why, in the engine's words where it has some.
        why: String,
        /// What to do.
        hint: String,
    },
    /// Without it a person has to decide, or know something that the tool can't see.
    Lacking {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
}

impl Need {
    /// Whether it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self.state, State::There(_))
    }

    /// The same, of the server.
    #[must_use]
    pub fn of_server(mut self) -> Self {
        self.on_server = true;
        self
    }

    /// Something that is there.
    #[must_use]
    pub fn there(phase: &'static str, what: &str, seen: impl Into<String>) -> Self {
        let state = State::There(seen.into());
        Self {
            phase,
            what: what.to_owned(),
            on_server: false,
            state,
        }
    }

    /// Something without which the run ends.
    #[must_use]
    pub fn missing(phase: &'static str, what: &str, why: impl Into<String>, hint: &str) -> Self {
        let state = State::Missing {
            why: why.into(),
            hint: hint.to_owned(),
        };
        Self {
            phase,
            what: what.to_owned(),
            on_server: false,
            state,
        }
    }

    /// Something without which a person has to decide.
    #[must_use]
    pub fn lacking(phase: &'static str, what: &str, why: impl Into<String>, hint: &str) -> Self {
        let state = State::Lacking {
            why: why.into(),
            hint: hint.to_owned(),
        };
        Self {
            phase,
            what: what.to_owned(),
            on_server: false,
            state,
        }
    }
}
