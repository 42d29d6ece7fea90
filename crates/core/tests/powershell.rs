//! The scripts of a runbook: a parser of its own accepts each of them, and nothing of the settings gets out of its quotes.
//!
//! The grammar is not PowerShell's own, and runs nothing. What else can be seen without one is looked at in the parsed text:
//! every command exists, every variable is set somewhere, and each guard stands in front of what it guards.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

#[path = "powershell/guards.rs"]
mod guards;
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use envclone_core::engine::Engine;
use envclone_core::harvest::{Identity, Kind};
use envclone_core::hsconf::Refusal;
use envclone_core::runbook::powershell::{Script, quoted, scripts};
use envclone_core::runbook::step::Way;
use envclone_core::runbook::{Parts, make};
use envclone_core::settings::Settings;
use proptest::prelude::*;
use tree_sitter::{Node, Parser, Tree};

/// The parts that are the same in every script.
const LIBRARY: &[(&str, &str)] = &[
    (
        "common",
        include_str!("../src/runbook/powershell/common.ps1"),
    ),
    (
        "hsconf",
        include_str!("../src/runbook/powershell/hsconf.ps1"),
    ),
    (
        "services",
        include_str!("../src/runbook/powershell/services.ps1"),
    ),
    (
        "program",
        include_str!("../src/runbook/powershell/program.ps1"),
    ),
    (
        "installer",
        include_str!("../src/runbook/powershell/installer.ps1"),
    ),
    ("iis", include_str!("../src/runbook/powershell/iis.ps1")),
    (
        "folder",
        include_str!("../src/runbook/powershell/folder.ps1"),
    ),
    ("key", include_str!("../src/runbook/powershell/key.ps1")),
    (
        "configuration",
        include_str!("../src/runbook/powershell/configuration.ps1"),
    ),
    (
        "configuration-tool",
        include_str!("../src/runbook/powershell/configuration-tool.ps1"),
    ),
    (
        "lifetime",
        include_str!("../src/runbook/powershell/lifetime.ps1"),
    ),
    ("run", include_str!("../src/runbook/powershell/run.ps1")),
];

/// Commands of Windows PowerShell 5.1.
const COMMANDS: &[&str] = &[
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "Get-CimInstance",
    "Get-Date",
    "Get-Item",
    "Get-Service",
    "Invoke-WebRequest",
    "Join-Path",
    "New-Object",
    "Out-Null",
    "Read-Host",
    "Select-Object",
    "Set-Service",
    "Set-StrictMode",
    "Sort-Object",
    "Start-Sleep",
    "Test-Path",
    "Where-Object",
    "Write-Host",
];

/// Variables that PowerShell sets.
const AUTOMATIC: &[&str] = &[
    "_",
    "true",
    "false",
    "null",
    "matches",
    "psscriptroot",
    "pscommandpath",
    "psversiontable",
    "lastexitcode",
];

/// Every value that a script can show, each from one setting.
struct Environment<'a> {
    engine: Engine,
    machines: Vec<String>,
    word: &'a str,
}

fn toml(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        let _ = write!(quoted, "\\U{:08X}", u32::from(c));
    }
    quoted + "\""
}

impl Environment<'_> {
    fn settings(&self) -> Settings {
        let name = self.engine.name();
        let (servers, names) = match self.engine {
            Engine::Oracle => (
                ["db-prod", "db-test"].map(|host| format!("server = {{ host = \"{host}\", service = \"APPS\", user = \"DBA1\", password = \"prompt\" }}")),
                ["OS", "T_"].map(|prefix| format!("platform = \"{prefix}ADMIN\"\nruntime = \"{prefix}RUNTIME\"\nlog = \"{prefix}LOG\"\nlog-runtime = \"{prefix}LOGRUN\"")),
            ),
            _ => (
                ["db-prod", "db-test"].map(|host| format!("server = {{ host = \"{host}\", user = \"dba\", password = \"prompt\" }}")),
                ["os", "t_"].map(|prefix| format!("platform = \"{prefix}platform\"\nlog = \"{prefix}log\"")),
            ),
        };
        let more = match self.engine {
            Engine::Oracle => {
                "tablespace = \"SESSIONS\"\n[runbook.tablespaces]\nadmin = \"A\"\nindex = \"I\"\nruntime = \"R\"\nlog = \"L\"\nlog-index = \"LI\"\nlog-runtime = \"LR\"\n"
            }
            _ => "catalog = \"t_sessions\"\n",
        };
        let machines: Vec<String> = self.machines.iter().map(|it| toml(it)).collect();
        let word = |plain: &str| toml(&format!("{plain}{}", self.word));
        let text = format!(
            "[source]\nengine = \"{name}\"\n{}\n{}\n[target]\nengine = \"{name}\"\n{}\n{}\n\
             [runbook]\nmachines = [{}]\nserial = {}\nlicense-file = {}\nplatform-installer = {}\nhost-name = {}\nenvironment-name = {}\n\
             source.key = \"{}\"\nsuperuser = {{ user = {}, password = \"prompt\" }}\n\
             [runbook.users]\nplatform-admin = {{ user = {} }}\nplatform-runtime = {{ user = \"acc_runtime\" }}\n\
             log-admin = {{ user = \"acc_log\" }}\nlog-runtime = {{ user = \"acc_logrun\" }}\nsession = {{ user = \"acc_session\" }}\n\
             [runbook.service-center]\naddress = \"https://acceptance.example.com\"\naccount = {{ user = {}, password = \"prompt\" }}\n\
             [runbook.cache]\nhost = \"cache-test\"\n\
             [runbook.lifetime]\naddress = \"https://lifetime.example.com\"\ntoken = {{ env = \"TOKEN\" }}\nenvironment = {}\n\
             [runbook.session]\n{more}",
            names[0],
            servers[0],
            names[1],
            servers[1],
            machines.join(", "),
            word("ABC-123"),
            word(r"D:\Licenses\acceptance.lic"),
            word(r"D:\Setup\PlatformServer.exe"),
            word("acceptance.example.com"),
            word("Acceptance"),
            "0123456789abcdef".repeat(4),
            word("setup"),
            word("acc_admin"),
            word("admin"),
            word("Acceptance"),
        );
        Settings::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn try_scripts(&self, way: Way, settings: &Settings) -> Result<Vec<Script>, Vec<Refusal>> {
        self.with_parts(settings, |parts| scripts(&make(way, parts).unwrap(), parts))
    }

    fn with_parts<T>(&self, settings: &Settings, act: impl FnOnce(&Parts<'_>) -> T) -> T {
        let mut inventory = support::inventory(1, self.engine);
        inventory.platform_version = Some("11.19.0".to_owned());
        inventory.identities = [
            (Kind::FrontEnd, "PRODWEB01.corp.example"),
            (Kind::ZoneAddress, "apps.example.com"),
        ]
        .map(|(kind, value)| Identity {
            kind,
            value: value.to_owned(),
            length: None,
            found_in: String::new(),
        })
        .into();
        let target: Vec<_> = settings
            .target
            .databases()
            .into_iter()
            .map(|(role, name)| (role, name.to_owned()))
            .collect();
        let parts = Parts {
            settings,
            inventory: &inventory,
            target: &target,
            run: Some("20261127-100000-abc"),
            plan: Some("abc"),
        };
        act(&parts)
    }

    fn scripts(&self, way: Way) -> Vec<Script> {
        self.try_scripts(way, &self.settings()).unwrap()
    }
}

fn plain(engine: Engine, machines: &[&str]) -> Environment<'static> {
    Environment {
        engine,
        machines: machines.iter().map(|&it| it.to_owned()).collect(),
        word: "",
    }
}

fn every_script() -> Vec<Script> {
    let mut all = Vec::new();
    for engine in [Engine::SqlServer, Engine::Oracle] {
        for way in Way::ALL {
            for machines in [&[][..], &["APP1", "APP2"]] {
                all.extend(plain(engine, machines).scripts(way));
            }
        }
    }
    all
}

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .unwrap();
    parser.parse(text, None).unwrap()
}

/// Every node, in the order of the text.
fn nodes<'t>(tree: &'t Tree) -> Vec<Node<'t>> {
    below(tree.root_node())
}

fn below(root: Node<'_>) -> Vec<Node<'_>> {
    let mut open = vec![root];
    let mut all = Vec::new();
    while let Some(node) = open.pop() {
        all.push(node);
        let mut cursor = node.walk();
        let mut children: Vec<_> = node.children(&mut cursor).collect();
        children.reverse();
        open.append(&mut children);
    }
    all
}

fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    &text[node.byte_range()]
}

/// Where a text is no PowerShell.
fn faults(text: &str) -> Vec<String> {
    let tree = parse(text);
    nodes(&tree)
        .into_iter()
        .filter(|node| node.is_error() || node.is_missing())
        .map(|node| {
            let line = node.start_position().row;
            format!(
                "line {}: {}",
                line + 1,
                text.lines().nth(line).unwrap_or_default()
            )
        })
        .collect()
}

/// The commands and members that are called below a node, in the order of the text.
fn called(node: Node<'_>, text: &str) -> Vec<String> {
    below(node)
        .into_iter()
        .filter(|node| {
            matches!(
                node.kind(),
                "command_name" | "command_name_expr" | "member_name"
            )
        })
        .map(|node| text_of(node, text).to_owned())
        .collect()
}

/// What a function calls, in the order of its text.
fn function(text: &str, name: &str) -> Vec<String> {
    let tree = parse(text);
    let all = nodes(&tree);
    let found = all.iter().find(|node| {
        let mut cursor = node.walk();
        node.kind() == "function_statement"
            && node
                .children(&mut cursor)
                .any(|it| it.kind() == "function_name" && text_of(it, text) == name)
    });
    called(
        *found.unwrap_or_else(|| panic!("there is no function {name}")),
        text,
    )
}

#[track_caller]
fn in_this_order(calls: &[String], order: &[&str]) {
    let mut rest = calls.iter();
    for wanted in order {
        assert!(
            rest.any(|it| it == wanted),
            "{wanted} is not where it belongs in {calls:?}"
        );
    }
}

#[test]
fn a_parser_of_its_own_accepts_every_script() {
    for script in every_script() {
        let faults = faults(&script.text);
        assert!(faults.is_empty(), "{}: {}", script.name, faults.join("\n"));
    }
}

#[test]
fn the_parser_refuses_what_is_no_powershell() {
    let script = plain(Engine::SqlServer, &["APP1"])
        .scripts(Way::Reconfigure)
        .remove(0);
    let broken = |from: &str, to: &str| {
        assert!(script.text.contains(from), "{from}");
        script.text.replacen(from, to, 1)
    };
    for text in [
        broken(
            "function Hide-Secret([string]$Text) {",
            "function Hide-Secret([string]$Text {",
        ),
        broken("$Machine = 'APP1'", "$Machine = 'APP1"),
        broken("$Machine = 'APP1'", "$Machine = 'AP'P1'"),
        broken("foreach ($entry in $chosen)", "foreach ($entry of $chosen)"),
        broken(
            "        } catch [IO.IOException] {",
            "        catch [IO.IOException] {",
        ),
        broken("exit $script:ExitCode", "exit $script:ExitCode }"),
    ] {
        assert!(!faults(&text).is_empty());
    }
}

#[test]
fn every_command_exists_and_every_variable_is_set() {
    for script in every_script() {
        let tree = parse(&script.text);
        let all = nodes(&tree);
        let kinds = |kind: &str| {
            all.iter()
                .filter(|node| node.kind() == kind)
                .map(|node| text_of(*node, &script.text))
                .collect::<BTreeSet<_>>()
        };
        let functions = kinds("function_name");
        for command in kinds("command_name") {
            assert!(
                functions.contains(command) || COMMANDS.contains(&command),
                "{}: {command}",
                script.name
            );
        }
        let bare = |name: &str| {
            name.trim_start_matches(['$', '@'])
                .to_lowercase()
                .replace("script:", "")
        };
        let mut set: BTreeSet<String> = AUTOMATIC.iter().map(|&it| it.to_owned()).collect();
        for node in &all {
            let names = matches!(
                node.kind(),
                "left_assignment_expression" | "script_parameter" | "foreach_statement"
            );
            if names {
                // Of a loop, its own variable is the first.
                let many = if node.kind() == "foreach_statement" {
                    1
                } else {
                    9
                };
                let variables = below(*node)
                    .into_iter()
                    .filter(|it| it.kind() == "variable")
                    .take(many);
                set.extend(variables.map(|it| bare(text_of(it, &script.text))));
            }
        }
        for variable in kinds("variable") {
            let known = set.contains(&bare(variable)) || variable.starts_with("$env:");
            assert!(known, "{}: {variable} is set nowhere", script.name);
        }
    }
}

/// Names have no case: a function that sets `$provider` no longer sees the script's `$Provider`.
#[test]
fn no_function_hides_a_variable_of_the_script() {
    for script in every_script() {
        let tree = parse(&script.text);
        let all = nodes(&tree);
        let functions: Vec<_> = all
            .iter()
            .filter(|node| node.kind() == "function_statement")
            .map(Node::byte_range)
            .collect();
        let set = |within: bool| {
            let mut names = BTreeSet::new();
            for node in &all {
                let inside = functions.iter().any(|it| it.contains(&node.start_byte()));
                let many = match node.kind() {
                    "foreach_statement" => 1,
                    "left_assignment_expression" | "script_parameter" => 9,
                    _ => continue,
                };
                if inside == within {
                    let variables = below(*node)
                        .into_iter()
                        .filter(|it| it.kind() == "variable")
                        .take(many);
                    names.extend(variables.map(|it| text_of(it, &script.text).to_lowercase()));
                }
            }
            names
        };
        let (outer, inner) = (set(false), set(true));
        assert!(outer.contains("$runbookid") && inner.contains("$text"));
        // What stands in a function's own assignment as an index or an object is there, too: these are only read.
        let hidden: Vec<_> = inner
            .intersection(&outer)
            .filter(|name| *name != "$entry" && !name.starts_with("$script:"))
            .collect();
        assert!(hidden.is_empty(), "{}: {hidden:?}", script.name);
    }
}

#[test]
fn nothing_in_it_is_newer_than_windows_powershell() {
    for script in every_script() {
        for newer in [
            "??",
            "&&",
            "||",
            "?.",
            "-Parallel",
            "-AsArray",
            "-SkipHttpErrorCheck",
            "0xF",
            "0xf",
        ] {
            assert!(!script.text.contains(newer), "{}: {newer}", script.name);
        }
        // A character outside the file's own encoding would read otherwise without the mark.
        let bytes = script.bytes();
        assert!(bytes.starts_with(b"\xEF\xBB\xBF# "));
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert_eq!(
            text.replace("\r\n", "\n").trim_start_matches('\u{FEFF}'),
            script.text
        );
    }
}

#[test]
fn each_guard_stands_in_front_of_what_it_guards() {
    let script = plain(Engine::SqlServer, &["APP1", "APP2"])
        .scripts(Way::Reconfigure)
        .remove(0);
    let text = &script.text;
    in_this_order(
        &function(text, "Invoke-ConfigurationTool"),
        &[
            "Assert-Configuration",
            "Assert-Version",
            "Assert-SchedulerHeld",
            "Wait-Unlocked",
            "Start-Program",
            "Complete-Log",
            "Clear-Secret",
            "Restore-SchedulerHold",
            "Assert-ExitCode",
            "Stop-Failed",
            "Stop-Failed",
            "Stop-Failed",
        ],
    );
    in_this_order(
        &function(text, "Complete-Log"),
        &[
            "Read-Since",
            "Test-HoldsSecret",
            "Hide-Secret",
            "Protect-Log",
        ],
    );
    in_this_order(
        &function(text, "Clear-PlatformFolder"),
        &[
            "Get-RunningService",
            "Stop-Refused",
            "Stop-Refused",
            "Stop-Refused",
            "Stop-Refused",
            "Stop-Refused",
            "Test-Link",
            "Stop-Refused",
            "Test-Link",
            "Stop-Refused",
            "Remove-Content",
        ],
    );
    in_this_order(
        &function(text, "Remove-Content"),
        &[
            "GetFileSystemInfos",
            "Test-Link",
            "Remove-Content",
            "Delete",
        ],
    );
    in_this_order(
        &function(text, "Set-Configuration"),
        &[
            "Delete",
            "Read-Configuration",
            "Stop-Refused",
            "Assert-NothingOfSource",
            "Test-ClearText",
            "Read-Secret",
            "Save",
            "Move-IntoPlace",
            "Delete",
        ],
    );
    in_this_order(
        &function(text, "Assert-NothingOfSource"),
        &[
            "Test-Encrypted",
            "Stop-Refused",
            "Test-SameHost",
            "Escape",
            "Stop-Refused",
        ],
    );
    in_this_order(
        &function(text, "Step-start-services"),
        &[
            "Assert-Configuration",
            "Confirm-ReleaseCheck",
            "Start-PlatformServices",
            "Start-Scheduler",
        ],
    );
    let other = plain(Engine::SqlServer, &["APP1", "APP2"])
        .scripts(Way::Reconfigure)
        .remove(1);
    in_this_order(
        &function(&other.text, "Step-other-machines"),
        &[
            "Assert-Configuration",
            "Start-Iis",
            "Start-PlatformServices",
        ],
    );
    in_this_order(
        &function(text, "Assert-Configuration"),
        &[
            "Stop-Refused",
            "Get-Difference",
            "Read-Configuration",
            "Stop-Refused",
        ],
    );
    in_this_order(
        &function(text, "Confirm-ReleaseCheck"),
        &["Read-Answer", "Stop-Refused"],
    );
    in_this_order(
        &function(text, "Start-Scheduler"),
        &["Stop-Refused", "Set-Service", "Wait-ServiceState"],
    );
    in_this_order(
        &function(text, "Disable-Scheduler"),
        &["Set-Service", "Wait-ServiceState", "Set-Service"],
    );
    in_this_order(
        &function(text, "Stop-PlatformServices"),
        &["Disable-Scheduler", "Wait-ServiceState"],
    );
    in_this_order(
        &function(text, "Set-OwnKey"),
        &[
            "Delete",
            "Read-Key",
            "Stop-Refused",
            "Test-SourceKey",
            "GetBytes",
            "WriteAllText",
            "Move-IntoPlace",
            "Delete",
        ],
    );
    in_this_order(
        &function(text, "Test-SourceKey"),
        &[
            "Test-Fingerprint",
            "Get-Fingerprint",
            "Read-Answer",
            "Stop-Refused",
        ],
    );
    in_this_order(
        &function(text, "Save-Registration"),
        &[
            "Find-Environment",
            "Assert-NotTheSource",
            "Save-Connection",
            "WriteAllText",
        ],
    );
    in_this_order(
        &function(text, "Unregister-Environment"),
        &[
            "Save-Registration",
            "Read-Registration",
            "Find-Environment",
            "Invoke-LifeTime",
            "Get-LookedForUntil",
            "Find-Environment",
            "Stop-Failed",
        ],
    );
    in_this_order(
        &function(text, "Register-Environment"),
        &[
            "Read-Registration",
            "Find-Registered",
            "Add-Done",
            "Stop-Refused",
            "Read-Secret",
            "Add-Secret",
            "Invoke-LifeTime",
            "Get-LookedForUntil",
            "Find-Registered",
            "Stop-Failed",
        ],
    );
    in_this_order(
        &function(text, "Assert-Here"),
        &[
            "Stop-Refused",
            "IsInRole",
            "Stop-Refused",
            "Test-Here",
            "Stop-Refused",
            "Test-Here",
            "Stop-Refused",
        ],
    );
    in_this_order(
        &function(text, "Invoke-Step"),
        &[
            "Stop-ForPerson",
            "Assert-InstallFolder",
            "Confirm-Step",
            "('Step-' + $entry['Id'])"
                .replace("$entry", "$Entry")
                .as_str(),
        ],
    );
    let tree = parse(text);
    let all = called(tree.root_node(), text);
    let end = all.iter().rposition(|it| it == "Assert-Here").unwrap();
    in_this_order(
        &all[end..],
        &[
            "Assert-Here",
            "Assert-InstallFolder",
            "Assert-NotOfSource",
            "Invoke-Runbook",
        ],
    );
    assert!(text.contains("$Machine = 'APP1'\n"));
}

/// The text of a function.
fn source<'t>(text: &'t str, name: &str) -> &'t str {
    let head = format!("\nfunction {name}");
    let starts = |at: &usize| {
        let next = text[at + head.len()..].chars().next();
        next.is_some_and(|c| matches!(c, ' ' | '('))
    };
    let mut found = text.match_indices(&head).map(|(at, _)| at);
    let from = found
        .find(starts)
        .unwrap_or_else(|| panic!("there is no function {name}"));
    let rest = &text[from..];
    let line = rest[1..].lines().next().unwrap();
    match line.ends_with('}') {
        true => line,
        false => &rest[..rest.find("\n}\n").unwrap()],
    }
}

/// Whether these stand in a function in this order.
fn has(text: &str, name: &str, parts: &[&str]) -> bool {
    let mut rest = source(text, name);
    parts.iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// What is called in the `finally` of a function, whatever it is that ends it.
fn at_last(text: &str, name: &str) -> Vec<String> {
    let own = source(text, name);
    let tree = parse(own);
    nodes(&tree)
        .into_iter()
        .filter(|node| node.kind() == "finally_clause")
        .flat_map(|node| called(node, own))
        .collect()
}

#[test]
fn whatever_ends_it_a_program_ends_first_and_the_scheduler_is_held_then() {
    let text = &plain(Engine::SqlServer, &["APP1"])
        .scripts(Way::Reconfigure)
        .remove(0)
        .text;
    let program = at_last(text, "Start-Program");
    in_this_order(&program, &["HasExited", "Stop-Program"]);
    let tool = at_last(text, "Invoke-ConfigurationTool");
    in_this_order(
        &tool,
        &["Complete-Log", "Clear-Secret", "Restore-SchedulerHold"],
    );
    assert!(has(text, "Stop-Program", &["/T /F /PID", "WaitForExit"]));
    // The program's own `finally` is within the one that holds the Scheduler.
    assert!(has(
        text,
        "Invoke-ConfigurationTool",
        &["try {", "Start-Program", "} finally {", "Complete-Log"]
    ));
    // Ctrl-C is caught by nothing: what is known of it is said all the same.
    let end = text.rfind("\n} finally {\n").unwrap();
    let last: Vec<&str> = ["-not $script:Ended", "Write-State", "exit $script:ExitCode"]
        .into_iter()
        .filter(|part| text[end..].contains(part))
        .collect();
    assert_eq!(last.len(), 3, "{last:?}");
    assert_eq!(text.matches("$script:Ended = $true").count(), 2);
}

#[test]
fn every_script_knows_the_source_s_machines_and_databases() {
    for script in every_script() {
        let text = &script.text;
        // Without its domain a name is looked for in texts; a machine of another domain has the same one.
        let machines = "\n$SourceMachines = @(\n    'PRODWEB01.corp.example'\n)\n\
                        $SourceHosts = @(\n    'PRODWEB01.corp.example'\n    'PRODWEB01'\n)\n";
        assert!(text.contains(machines), "{}", script.name);
        let database = match text.contains("Name = 'osplatform'; Server = 'db-prod' }") {
            true => "oslog",
            false => "OSADMIN",
        };
        let known = text.contains(&format!("\n    @{{ Name = '{database}'; Server = 'db-prod"));
        assert!(known, "{}", script.name);
        for guard in ["Assert-Here", "Assert-InstallFolder", "Assert-NotOfSource"] {
            assert!(text.contains(&format!("\n        {guard}\n")), "{guard}");
        }
    }
}

#[test]
fn nothing_is_started_by_a_script_that_does_not_know_where_it_must_lead() {
    let environment = plain(Engine::SqlServer, &["APP1"]);
    let mut settings = environment.settings();
    let made = |settings: &Settings| {
        let made = environment.try_scripts(Way::Reconfigure, settings);
        made.unwrap().remove(0).text
    };
    let known = made(&settings);
    assert!(has(
        &known,
        "Step-start-iis",
        &["Assert-Configuration", "Start-Iis"]
    ));
    settings.runbook.users.session = None;
    let unknown = made(&settings);
    for step in ["Step-start-iis", "Step-start-services", "Step-apply"] {
        let calls = function(&unknown, step);
        assert!(calls.iter().all(|it| it == "Write-Line"), "{calls:?}");
        assert!(has(&unknown, step, &["[runbook.users] session"]), "{step}");
    }
    assert!(faults(&unknown).is_empty());
    assert!(!unknown.contains("Assert-Configuration"));
}

#[test]
fn certificates_of_a_file_are_not_passed_over_in_silence() {
    let environment = plain(Engine::SqlServer, &["APP1"]);
    let mut settings = environment.settings();
    let made = |settings: &Settings| {
        let made = environment.try_scripts(Way::Reconfigure, settings);
        made.unwrap().remove(0).text
    };
    let plain = made(&settings);
    settings.runbook.lifetime.as_mut().unwrap().ca_file = Some("it's\nca.pem".to_owned());
    let own = made(&settings);
    assert!(faults(&own).is_empty());
    for (step, does) in [
        ("Step-lifetime-unregister", "Unregister-Environment"),
        ("Step-lifetime-register", "Register-Environment"),
    ] {
        assert_eq!(function(&plain, step), [does]);
        assert_eq!(function(&own, step), ["Write-Line", does]);
        assert!(has(&own, step, &["\n    # ", "that this machine trusts\n"]));
    }
}

#[test]
fn the_cache_is_on_the_controller_where_nobody_says_otherwise() {
    let environment = plain(Engine::SqlServer, &["APP1", "APP2"]);
    let mut settings = environment.settings();
    let made = |settings: &Settings| {
        let made = environment.try_scripts(Way::Reconfigure, settings);
        made.unwrap().remove(0).text
    };
    let said = made(&settings);
    assert!(said.contains("\n$CacheHostIfUnsaid = ''\n$SeveralMachines = $true\n"));
    settings.runbook.cache = None;
    let unsaid = made(&settings);
    assert!(unsaid.contains("\n$CacheHostIfUnsaid = 'APP1'\n"));
    assert!(!unsaid.contains("Value = 'cache-test'"));
}

#[test]
fn only_the_platform_s_installer_has_documented_exit_codes() {
    let environment = plain(Engine::SqlServer, &["APP1"]);
    let mut settings = environment.settings();
    settings.runbook.service_studio_installer = Some(r"D:\Setup\ServiceStudio.exe".to_owned());
    settings.runbook.catalog_mappings = Some(r"D:\Setup\mappings.xml".to_owned());
    settings.runbook.integration_studio_installer =
        Some(r"D:\Setup\IntegrationStudio.exe".to_owned());
    let made = environment.try_scripts(Way::Fresh, &settings).unwrap();
    let text = &made[0].text;
    for (step, does) in [
        ("Step-platform-server", "Invoke-PlatformInstaller"),
        ("Step-service-studio", "Invoke-Program"),
        ("Step-integration-studio", "Invoke-Program"),
        ("Step-republish", "Invoke-Program"),
    ] {
        assert_eq!(function(text, step)[0], does);
    }
}

#[test]
fn a_password_is_never_a_part_of_a_script_and_always_asked_for() {
    let script = plain(Engine::SqlServer, &["APP1"])
        .scripts(Way::Fresh)
        .remove(0);
    for whose in ["setup", "admin"] {
        assert!(
            script
                .text
                .contains(&format!("@{{ Password = '{whose}' }}")),
            "{whose}"
        );
    }
    for (key, whose) in [
        ("AdminPassword", "acc_admin"),
        ("SessionPassword", "acc_session"),
    ] {
        assert!(
            script.text.contains(&format!(
                "Key = '{key}'; Kind = 'password'; Value = ''; Whose = '{whose}'"
            )),
            "{key}"
        );
    }
    // What is asked for is a SecureString until a program or a file needs it, and every line is cleaned before it is written.
    assert!(function(&script.text, "Read-Secret").contains(&"Read-Host".to_owned()));
    assert!(
        script
            .text
            .contains("Read-Host -Prompt $Whose -AsSecureString")
    );
    in_this_order(
        &function(&script.text, "Write-Line"),
        &["Hide-Secret", "Write-Host", "AppendAllText"],
    );
    for forgotten in [
        "Start-Transcript",
        "ConvertFrom-SecureString",
        "Export-Clixml",
    ] {
        assert!(!script.text.contains(forgotten));
    }
}

#[test]
fn a_script_that_would_lead_to_the_source_is_not_written() {
    let environment = plain(Engine::SqlServer, &["APP1"]);
    let refused = |change: fn(&mut Settings)| {
        let mut settings = environment.settings();
        change(&mut settings);
        environment
            .try_scripts(Way::Reconfigure, &settings)
            .unwrap_err()
    };
    let cache = refused(|it| it.runbook.cache.as_mut().unwrap().host = "prodweb01".to_owned());
    assert!(
        matches!(cache[..], [Refusal::Cache { .. }, ..]),
        "{cache:?}"
    );
    let controller = refused(|it| it.runbook.machines = vec!["PRODWEB01".to_owned()]);
    assert!(
        matches!(controller[..], [Refusal::Controller { .. }, ..]),
        "{controller:?}"
    );
    // What is no value of the file, but where a script would log in and publish.
    let center = refused(|it| {
        let center = it.runbook.service_center.as_mut().unwrap();
        center.address = "https://prodweb01.corp.example".to_owned();
    });
    assert!(
        matches!(&center[..], [Refusal::OfSource { setting, .. }] if setting == "[runbook.service-center] address"),
        "{center:?}"
    );
    let name = refused(|it| it.runbook.host_name = Some("PRODWEB01".to_owned()));
    assert!(
        matches!(&name[..], [Refusal::OfSource { setting, .. }] if setting == "[runbook] host-name"),
        "{name:?}"
    );
    let sessions = refused(|it| {
        it.runbook.session.server = Some("db-prod".to_owned());
        it.runbook.session.catalog = Some("osplatform".to_owned());
    });
    assert!(
        matches!(sessions[..], [Refusal::Session { .. }, ..]),
        "{sessions:?}"
    );
}

/// A runbook keeps the host that the settings had when it was made.
#[test]
fn a_script_of_a_runbook_that_publishes_on_the_source_is_not_written() {
    let environment = plain(Engine::SqlServer, &["APP1"]);
    let mut settings = environment.settings();
    settings.runbook.catalog_mappings = Some(r"D:\Setup\mappings.xml".to_owned());
    let right = settings.clone();
    let center = settings.runbook.service_center.as_mut().unwrap();
    center.address = "https://prodctl.corp.example".to_owned();
    for way in Way::ALL {
        let made = environment.with_parts(&settings, |parts| make(way, parts).unwrap());
        let write = |settings: &Settings| {
            environment.with_parts(settings, |parts| scripts(&made, parts).map(drop))
        };
        // Nobody knew then that it is the source's controller.
        write(&right).unwrap();
        let mut known = right.clone();
        known.runbook.source.controller = Some("prodctl".to_owned());
        let refused = write(&known).unwrap_err();
        let [refusal] = refused.as_slice() else {
            panic!("{refused:?}");
        };
        assert_eq!(
            *refusal,
            Refusal::PublishesOnSource {
                host: "prodctl".to_owned()
            }
        );
        assert!(refusal.hint().contains("`envclone runbook renew`"));
        let renewed = environment.with_parts(&known, |parts| make(way, parts).unwrap());
        environment
            .with_parts(&known, |parts| scripts(&renewed, parts).map(drop))
            .unwrap();
    }
}

#[test]
fn a_machine_has_its_own_steps_and_waits_for_the_others() {
    let made = plain(Engine::SqlServer, &["APP1.example.com", "../APP2"]).scripts(Way::Reconfigure);
    let names: Vec<_> = made.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["1-APP1-example-com.ps1", "2----APP2.ps1"]);
    let [controller, other] = made.try_into().unwrap();
    assert!(controller.text.contains("\nfunction Step-license {"));
    assert!(!other.text.contains("\nfunction Step-license {"));
    assert!(other.text.contains("\nfunction Step-stop-services {"));
    // It has nothing to do with what only the controller does.
    for part in ["function Invoke-LifeTime", "function Set-OwnKey"] {
        assert!(
            controller.text.contains(part) && !other.text.contains(part),
            "{part}"
        );
    }
    assert!(
        controller
            .text
            .contains("Ask = 'Are steps 3 to 5 done on ../APP2, too?'"),
        "{}",
        controller.text
    );
    assert!(
        other.text.contains(
            "Ask = 'Are steps 1 to 2 done, on APP1.example.com or where they are taken?'"
        )
    );
    assert_eq!(
        plain(Engine::Oracle, &[]).scripts(Way::Fresh)[0].name,
        "controller.ps1"
    );
}

/// A script without what is the same in all of them.
fn own(script: &Script) -> String {
    let mut text = script.text.clone();
    for (name, part) in LIBRARY {
        text = text.replace(part, &format!("(powershell/{name}.ps1)\n"));
    }
    // The id is a hash over everything, the version too.
    let id = text.split("Runbook ").nth(1).unwrap()[..64].to_owned();
    text.replace(&id, "(id)")
        .replace(&id[..12], "(short id)")
        .replace(env!("CARGO_PKG_VERSION"), "(version)")
}

#[test]
fn scripts_as_they_are_read() {
    for (name, engine, way, machines) in [
        (
            "sqlserver_fresh",
            Engine::SqlServer,
            Way::Fresh,
            &["APP1", "APP2"][..],
        ),
        (
            "sqlserver_reconfigure",
            Engine::SqlServer,
            Way::Reconfigure,
            &["APP1", "APP2"],
        ),
        ("oracle_fresh", Engine::Oracle, Way::Fresh, &["APP1"]),
        ("oracle_reconfigure", Engine::Oracle, Way::Reconfigure, &[]),
    ] {
        for script in plain(engine, machines).scripts(way) {
            let file = script.name.trim_end_matches(".ps1");
            insta::assert_snapshot!(format!("{name}_{file}"), own(&script));
        }
    }
}

/// What a PowerShell would make of an expression of texts and characters, by its own rules for them.
fn evaluated(expression: &str) -> Option<String> {
    let quotes = ['\'', '\u{2018}', '\u{2019}', '\u{201A}', '\u{201B}'];
    let inner = match expression.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?,
        None => expression,
    };
    let mut units: Vec<u16> = Vec::new();
    let mut rest = inner;
    let mut first = true;
    loop {
        if let Some(text) = rest.strip_prefix(quotes) {
            let mut chars = text.char_indices().peekable();
            rest = loop {
                let (at, c) = chars.next()?;
                if !quotes.contains(&c) {
                    units.extend(c.encode_utf16(&mut [0; 2]).iter());
                    continue;
                }
                match chars.next_if(|(_, c)| quotes.contains(c)) {
                    Some((_, second)) => units.extend(second.encode_utf16(&mut [0; 2]).iter()),
                    None => break &text[at + c.len_utf8()..],
                }
            };
        } else {
            // A number in front would make a sum of it.
            let number = rest.strip_prefix("[char]").filter(|_| !first)?;
            let end = number
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(number.len());
            units.push(number[..end].parse().ok()?);
            rest = &number[end..];
        }
        if rest.is_empty() {
            return String::from_utf16(&units).ok();
        }
        rest = rest.strip_prefix(" + ")?;
        first = false;
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'".to_owned()),
        Just("''".to_owned()),
        Just("\u{2018}; calc; \u{2019}".to_owned()),
        Just("\u{201A}\u{201B}'".to_owned()),
        Just("$(Stop-Computer)".to_owned()),
        Just("`n`0$env:PATH".to_owned()),
        Just("\r\nStop-Computer\r\n".to_owned()),
        Just("#> <# @' '@".to_owned()),
        Just("\u{2028}\u{85}\u{0}".to_owned()),
        Just("\"%PATH%\\\\\"".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_quoted_text_is_this_text_and_nothing_else(text in hostile()) {
        let expression = quoted(&text);
        prop_assert_eq!(evaluated(&expression), Some(text));
        prop_assert!(!expression.chars().any(char::is_control));
        let line = format!("$Value = {expression}");
        let tree = parse(&line);
        prop_assert!(faults(&line).is_empty(), "{}", line);
        for node in nodes(&tree) {
            prop_assert!(!matches!(node.kind(), "command" | "command_name" | "expandable_string_literal" | "comment" | "sub_expression"), "{}", line);
        }
        let variables = nodes(&tree).into_iter().filter(|it| it.kind() == "variable").count();
        prop_assert_eq!(variables, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Settings can hold anything; a script has the same commands whatever they hold.
    #[test]
    fn no_setting_gets_out_of_its_quotes(word in hostile(), engine in prop_oneof![Just(Engine::SqlServer), Just(Engine::Oracle)]) {
        // The guard over server.hsconf refuses these in what it is to hold.
        let clean = word.chars().all(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')) && word.trim_end() == word;
        let environment = Environment { engine, machines: vec![format!("APP1{}", word.trim())], word: &word };
        let settings = environment.settings();
        match environment.try_scripts(Way::Reconfigure, &settings) {
            Err(_) => prop_assert!(!clean, "{:?} was refused", word),
            Ok(made) => {
                let text = &made[0].text;
                prop_assert!(faults(text).is_empty(), "{:?}: {:?}", word, faults(text));
                let usual = plain(engine, &["APP1"]).scripts(Way::Reconfigure).remove(0);
                let calls = |text: &str| called(parse(text).root_node(), text);
                prop_assert_eq!(calls(text), calls(&usual.text));
            }
        }
    }
}
