//! What the Configuration Tool of some versions gets wrong, and what is done about it.

use serde::Serialize;

/// A version of the platform, as far as it is looked at: `11.21.0`, with or without a build behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlatformVersion([u32; 3]);

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform version, as `11.21.0` or `11.21.0.40000` would be")]
pub struct UnknownVersion(String);

impl std::str::FromStr for PlatformVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let parts: Vec<u32> = text
            .trim()
            .split('.')
            .map(|part| part.parse().map_err(|_| unknown()))
            .collect::<Result<_, _>>()?;
        // One number is a major version: of which traps it has, it says nothing.
        match parts.as_slice() {
            [major, minor] => Ok(Self([*major, *minor, 0])),
            [major, minor, patch] | [major, minor, patch, _] => Ok(Self([*major, *minor, *patch])),
            _ => Err(unknown()),
        }
    }
}

/// Something to be done otherwise, or looked at afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trap {
    /// Its name.
    pub id: &'static str,
    /// The first version that has it; every one when absent.
    #[serde(skip)]
    from: Option<PlatformVersion>,
    /// The first version that no longer has it; none when absent.
    #[serde(skip)]
    until: Option<PlatformVersion>,
    /// What happens.
    pub what: &'static str,
    /// What is done about it.
    pub check: &'static str,
}

const fn since(version: [u32; 3]) -> Option<PlatformVersion> {
    Some(PlatformVersion(version))
}

const fn before(version: [u32; 3]) -> Option<PlatformVersion> {
    Some(PlatformVersion(version))
}

/// Every trap that the release notes and the tool's reference name.
const TRAPS: &[Trap] = &[
    Trap {
        id: "no-apply-settings",
        from: None,
        until: before([11, 10, 0]),
        what: "the Configuration Tool has no `/ApplySettingsFactory`",
        check: "apply the settings in Service Center, with a solution of all components",
    },
    Trap {
        id: "service-center-every-time",
        // The notes of 11.11.1 list it among what was mended, in words that can be read either way.
        from: None,
        until: before([11, 11, 2]),
        what: "every run of the Configuration Tool may install Service Center again",
        check: "have IIS running whenever the tool runs, and allow for the time",
    },
    Trap {
        id: "old-connection",
        from: None,
        until: before([11, 13, 2]),
        what: "after a change the Configuration Tool may go on with the old database's connection",
        check: "compare server.hsconf with what was wanted after the run, and look for sessions on the old database",
    },
    Trap {
        id: "module-front-ends-emptied",
        from: since([11, 12, 2]),
        until: before([11, 15, 0]),
        what: "the Configuration Tool may delete all rows of OSSYS_MODULEFRONTEND: timers and processes stand still",
        check: "publish everything before the Scheduler starts, and see that the table is not empty",
    },
    Trap {
        id: "credentials-in-log",
        from: None,
        until: before([11, 16, 0]),
        what: "the Configuration Tool writes credentials into its log in clear text",
        check: "let nobody else read ConfigurationTool.log, and delete it after each run",
    },
    Trap {
        id: "old-scripts",
        from: None,
        until: before([11, 18, 0]),
        what: "publishing runs scripts again that an earlier deployment left behind",
        check: "empty the folders `share` and `BAR` while services and IIS are stopped",
    },
    Trap {
        id: "old-credentials",
        from: None,
        until: before([11, 21, 0]),
        what: "the Configuration Tool may use the credentials of the connection before",
        check: "look for sessions of the old users after the run, and log in with the new ones",
    },
    Trap {
        id: "powershell-7",
        from: None,
        until: before([11, 25, 0]),
        what: "the Configuration Tool may fail when PowerShell 7 starts it",
        check: "start it from cmd.exe, from Windows PowerShell 5.1 or from a program",
    },
    Trap {
        id: "invalid-values-unseen",
        from: None,
        until: before([11, 29, 0]),
        what: "the Configuration Tool puts defaults in the place of invalid values of server.hsconf, and says nothing",
        check: "check the values before the run, and compare the file with what was wanted after it",
    },
    Trap {
        id: "invalid-values-abort",
        from: since([11, 29, 0]),
        until: None,
        what: "the Configuration Tool stops at an invalid value of server.hsconf when nobody is there to ask",
        check: "check the values before the run",
    },
    Trap {
        id: "symbolic-link",
        from: None,
        until: None,
        what: "settings are damaged when the Configuration Tool is started through a symbolic link to its folder",
        check: "start it by the folder's real path",
    },
    Trap {
        id: "symbolic-link-right",
        from: None,
        until: None,
        what: "the Configuration Tool needs the right `Create Symbolic Links`",
        check: "see that the account has it before the run",
    },
];

impl Trap {
    fn holds(&self, version: PlatformVersion) -> bool {
        self.from.is_none_or(|from| version >= from)
            && self.until.is_none_or(|until| version < until)
    }
}

/// The traps of a version.
///
/// # Errors
/// [`UnknownVersion`], when it is none: then nothing can be said about its traps.
pub fn traps(version: &str) -> Result<Vec<Trap>, UnknownVersion> {
    let version = version.parse()?;
    Ok(TRAPS
        .iter()
        .copied()
        .filter(|trap| trap.holds(version))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(version: &str, id: &str) -> bool {
        traps(version).unwrap().iter().any(|trap| trap.id == id)
    }

    #[test]
    fn each_trap_ends_and_begins_at_its_version() {
        for (id, last, first_without) in [
            ("no-apply-settings", "11.9.1", "11.10.0"),
            ("service-center-every-time", "11.11.1", "11.11.2"),
            ("old-connection", "11.13.1", "11.13.2"),
            ("module-front-ends-emptied", "11.14.1", "11.15.0"),
            ("credentials-in-log", "11.15.1", "11.16.0"),
            ("old-scripts", "11.17.2", "11.18.0"),
            ("old-credentials", "11.20.3", "11.21.0"),
            ("powershell-7", "11.24.9", "11.25.0"),
            ("invalid-values-unseen", "11.28.2", "11.29.0"),
        ] {
            assert!(has(last, id), "{id} {last}");
            assert!(!has(first_without, id), "{id} {first_without}");
        }
        for (id, last_without, first) in [
            ("module-front-ends-emptied", "11.12.1", "11.12.2"),
            ("invalid-values-abort", "11.28.9", "11.29.0"),
        ] {
            assert!(!has(last_without, id), "{id} {last_without}");
            assert!(has(first, id), "{id} {first}");
        }
    }

    #[test]
    fn versions_are_numbers_not_texts() {
        assert!(has("11.9.1", "old-connection"), "9 is less than 13");
        assert!(
            has("11.9.1.41000", "old-connection"),
            "a build is not looked at"
        );
        assert!(!has("11.100.0", "invalid-values-unseen"));
        assert!(has("11.15", "credentials-in-log") && !has("11.16", "credentials-in-log"));
    }

    #[test]
    fn links_are_a_trap_in_every_version() {
        for version in ["11.0.0", "11.21.0", "11.40.0"] {
            assert!(has(version, "symbolic-link") && has(version, "symbolic-link-right"));
        }
    }

    #[test]
    fn of_what_is_no_version_nothing_is_said() {
        for text in [
            "",
            "11",
            "eleven",
            "11.x.0",
            "11.21.0.1.2",
            "11..0",
            "-11.2",
        ] {
            assert!(traps(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_trap_is_named_twice() {
        let mut ids: Vec<_> = TRAPS.iter().map(|trap| trap.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TRAPS.len());
    }
}
