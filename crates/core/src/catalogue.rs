//! The steps: the built-in ones, and a folder of one's own as a second layer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;

use crate::step::{Action, Step};

/// Every built-in step file, in the order of their names.
macro_rules! built_in {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../steps/", $id, ".toml")))),*]
    };
}

/// The built-in step files: id and text.
pub const BUILT_IN: &[(&str, &str)] = built_in![
    "catalog-owners",
    "catalogs",
    "catalogs-again",
    "connections-again",
    "database-connections",
    "database-users",
    "deployment-zones",
    "emails",
    "empty-logs",
    "empty-logs-platform",
    "extension-databases",
    "external-authentication",
    "front-ends",
    "host-parameters",
    "identity-service-parameters",
    "integration-endpoints",
    "lifetime-observers",
    "lifetime-offline",
    "lifetime-properties",
    "lifetime-register",
    "lifetime-registry",
    "login-attempts",
    "login-messages",
    "login-messages-platform",
    "mobile-again",
    "mobile-configuration",
    "new-database-users",
    "process-queues",
    "saml",
    "saml-again",
    "saml-properties",
    "sap-endpoints",
    "secret-site-properties",
    "secrets-again",
    "security-parameters",
    "sessions",
    "timer-marks",
    "zones-again",
];

/// Steps in an order in which they can run.
#[derive(Clone, Debug)]
pub struct Catalogue {
    steps: Vec<Step>,
    digest: String,
}

/// What is wrong with a step file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is no TOML, or names what does not exist.
    #[error("step `{id}` does not parse")]
    Parse {
        /// The step.
        id: String,
        /// What the reader says, with line and column.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// It contradicts itself.
    #[error("step `{id}`: {what}")]
    Invalid {
        /// The step.
        id: String,
        /// What is wrong.
        what: String,
    },
    /// It has the id of a built-in step.
    #[error("step `{0}` has the id of a built-in step, which a step of one's own cannot replace")]
    Shadows(String),
    /// It wants to run before or after a step that does not exist.
    #[error("step `{id}` names the step `{other}`, which does not exist")]
    NoSuchStep {
        /// The step.
        id: String,
        /// The step that it names.
        other: String,
    },
    /// Steps that each want to run after the other.
    #[error("these steps each want to run after another one of them: {0}")]
    Cycle(String),
}

impl CatalogueError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Shadows(_) => {
                "give it another id; to leave the built-in step out, name it in `skip` of the settings, which the report shows"
            }
            Self::NoSuchStep { .. } => "`envclone steps` lists the ids",
            _ => "CONTRIBUTING.md shows a whole step; `envclone steps ID` shows a built-in one",
        }
    }
}

impl Catalogue {
    /// The built-in steps with a second layer of `(id, text)`.
    ///
    /// # Errors
    /// [`CatalogueError`] for the first file that is wrong.
    pub fn with(own: &[(String, String)]) -> Result<Self, CatalogueError> {
        let mut steps = Vec::new();
        let mut hashed = String::new();
        for (id, text) in BUILT_IN {
            steps.push(parse(id, text)?);
            hashed += text;
        }
        for (id, text) in own {
            if BUILT_IN.iter().any(|(built_in, _)| built_in == id) {
                return Err(CatalogueError::Shadows(id.clone()));
            }
            steps.push(parse(id, text)?);
            hashed += text;
        }
        Ok(Self {
            steps: order(steps)?,
            digest: crate::digest(hashed.as_bytes()),
        })
    }

    /// The steps, each after those that it must follow, otherwise by profile and id.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The hash over all step files.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// Reads one step file.
fn parse(id: &str, text: &str) -> Result<Step, CatalogueError> {
    let parsed = toml::Deserializer::parse(text).and_then(Step::deserialize);
    let mut step = parsed.map_err(|cause| CatalogueError::Parse {
        id: id.to_owned(),
        cause: Box::new(cause),
    })?;
    id.clone_into(&mut step.id);
    let invalid = |what: &str| {
        Err(CatalogueError::Invalid {
            id: id.to_owned(),
            what: what.to_owned(),
        })
    };
    if id.is_empty()
        || !id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return invalid("the file's name is the id, in lower case with hyphens");
    }
    if step.actions.is_empty() {
        return invalid("it does nothing");
    }
    for action in &step.actions {
        match action {
            Action::DeleteRows(it) if it.table.is_some() == it.entity.is_some() => {
                return invalid("`delete-rows` wants either `table` or `entity`");
            }
            Action::SetColumns(it) if it.table.is_some() == it.entity.is_some() => {
                return invalid("`set-columns` wants either `table` or `entity`");
            }
            Action::SetColumns(it) if it.set.is_empty() => {
                return invalid("`set-columns` sets nothing");
            }
            _ => {}
        }
    }
    Ok(step)
}

/// Sorts the steps so that each comes after those that it names, otherwise by profile and id.
fn order(mut steps: Vec<Step>) -> Result<Vec<Step>, CatalogueError> {
    steps.sort_by(|left, right| (left.profile, &left.id).cmp(&(right.profile, &right.id)));
    let ids: BTreeSet<String> = steps.iter().map(|step| step.id.clone()).collect();
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for step in &steps {
        for other in step.after.iter().chain(&step.before) {
            if !ids.contains(other) {
                return Err(CatalogueError::NoSuchStep {
                    id: step.id.clone(),
                    other: other.clone(),
                });
            }
        }
        waits
            .entry(step.id.clone())
            .or_default()
            .extend(step.after.iter().cloned());
        for later in &step.before {
            waits
                .entry(later.clone())
                .or_default()
                .insert(step.id.clone());
        }
    }
    let mut sorted = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let ready = steps.iter().position(|step| {
            waits.get(&step.id).is_none_or(|on| {
                on.iter()
                    .all(|id| sorted.iter().any(|done: &Step| done.id == *id))
            })
        });
        let Some(ready) = ready else {
            let stuck: Vec<_> = steps.iter().map(|step| format!("`{}`", step.id)).collect();
            return Err(CatalogueError::Cycle(stuck.join(", ")));
        };
        sorted.push(steps.remove(ready));
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(files: &[(&str, &str)]) -> Result<Catalogue, CatalogueError> {
        let files: Vec<_> = files
            .iter()
            .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
            .collect();
        Catalogue::with(&files)
    }

    /// A step that is right, with further lines before its action.
    fn step(lines: &str) -> String {
        format!(
            "title = \"t\"\nwhy = \"w\"\nsource = \"s\"\nprofile = \"official\"\n{lines}\n\
             [[do]]\ndelete-rows.table = \"t\"\n"
        )
    }

    #[test]
    fn the_built_in_steps_are_in_order() {
        let catalogue = own(&[]).unwrap();
        assert_eq!(catalogue.steps().len(), BUILT_IN.len());
        let ids: Vec<_> = BUILT_IN.iter().map(|(id, _)| *id).collect();
        assert!(ids.is_sorted(), "the list is in the order of the names");
        let position = |id: &str| catalogue.steps().iter().position(|step| step.id == id);
        for step in catalogue.steps() {
            for other in &step.after {
                assert!(position(other) < position(&step.id), "{}", step.id);
            }
        }
    }

    #[test]
    fn built_in_files_are_short_and_say_where_they_come_from() {
        for (id, text) in BUILT_IN {
            assert!(text.lines().count() <= 40, "{id} is too long for one step");
            let step = parse(id, text).unwrap();
            for said in [&step.title, &step.why, &step.source] {
                assert!(!said.trim().is_empty(), "{id}");
            }
            assert!(!step.title.ends_with('.'), "{id}");
        }
    }

    #[test]
    fn a_file_that_does_not_parse_is_named() {
        let error = own(&[("mine", "title = ")]).unwrap_err();
        assert!(
            matches!(&error, CatalogueError::Parse { id, .. } if id == "mine"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_verb_is_refused() {
        let text = step("").replace("delete-rows", "truncate");
        let CatalogueError::Parse { cause, .. } = own(&[("mine", &text)]).unwrap_err() else {
            panic!("it should not parse");
        };
        assert!(
            cause.to_string().contains("unknown variant `truncate`"),
            "{cause}"
        );
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        for text in [step("afer = []"), step("").replace(".table", ".tabel")] {
            let CatalogueError::Parse { cause, .. } = own(&[("mine", &text)]).unwrap_err() else {
                panic!("it should not parse");
            };
            assert!(cause.to_string().contains("unknown field"), "{cause}");
        }
    }

    #[test]
    fn an_unknown_neighbour_is_refused() {
        for word in ["after", "before"] {
            let text = step(&format!("{word} = [\"front-end\"]"));
            let error = own(&[("mine", &text)]).unwrap_err();
            assert!(
                matches!(&error, CatalogueError::NoSuchStep { id, other } if id == "mine" && other == "front-end"),
                "{error}"
            );
        }
    }

    #[test]
    fn steps_that_wait_for_each_other_are_refused() {
        let one = step("after = [\"two\"]");
        let two = step("after = [\"three\"]");
        let three = step("before = [\"two\"]\nafter = [\"one\"]");
        let error = own(&[("one", &one), ("two", &two), ("three", &three)]).unwrap_err();
        let CatalogueError::Cycle(stuck) = &error else {
            panic!("{error}");
        };
        for id in ["`one`", "`two`", "`three`"] {
            assert!(stuck.contains(id), "{stuck}");
        }
        let itself = own(&[("mine", &step("after = [\"mine\"]"))]).unwrap_err();
        assert!(matches!(itself, CatalogueError::Cycle(_)), "{itself}");
    }

    #[test]
    fn a_built_in_step_can_not_be_replaced() {
        let error = own(&[("front-ends", &step(""))]).unwrap_err();
        assert!(
            matches!(&error, CatalogueError::Shadows(id) if id == "front-ends"),
            "{error}"
        );
    }

    #[test]
    fn an_action_wants_either_a_table_or_an_entity() {
        let both = step("").replace(
            "delete-rows.table",
            "delete-rows.entity = \"e\"\ndelete-rows.table",
        );
        let neither = step("").replace("delete-rows.table = \"t\"", "delete-rows.save = true");
        let set = step("").replace("delete-rows.table = \"t\"", "set-columns.set.A = 1");
        let nothing = step("").replace(
            "delete-rows.table = \"t\"",
            "set-columns.table = \"t\"\nset-columns.set = {}",
        );
        for text in [both, neither, set, nothing] {
            let error = own(&[("mine", &text)]).unwrap_err();
            assert!(matches!(error, CatalogueError::Invalid { .. }), "{error}");
        }
    }

    #[test]
    fn an_id_is_a_plain_name() {
        for id in ["", "Mine", "my step", "../mine", "my_step"] {
            assert!(own(&[(id, &step(""))]).is_err(), "`{id}`");
        }
    }

    #[test]
    fn a_step_of_ones_own_stands_where_it_says() {
        let first = step("before = [\"catalogs\"]").replace("official", "extra");
        let last = step("after = [\"timer-marks\"]");
        let catalogue = own(&[("a-first", &first), ("a-last", &last)]).unwrap();
        let position = |id: &str| {
            let found = catalogue.steps().iter().position(|step| step.id == id);
            found.unwrap()
        };
        assert!(position("a-first") < position("catalogs"));
        assert!(position("a-last") > position("timer-marks"));
    }

    #[test]
    fn the_digest_tells_catalogues_apart() {
        let plain = own(&[]).unwrap();
        let more = own(&[("mine", &step(""))]).unwrap();
        assert_eq!(plain.digest(), own(&[]).unwrap().digest());
        assert_ne!(plain.digest(), more.digest());
    }
}
