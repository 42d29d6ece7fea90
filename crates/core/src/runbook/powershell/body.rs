//! Each step as a function, and what is shown before it is approved.

use std::fmt::Write as _;

use super::quote::{comment, quoted};
use super::{How, Maker, owner, starts};
use crate::platform_trap::traps;
use crate::runbook::Step;
use crate::runbook::configuration::wanted;
use crate::runbook::deed::{Argument, Deed, Installs, places};

/// A step's function; none for a step that is taken elsewhere.
pub(super) fn function(maker: &Maker<'_>, step: &Step) -> String {
    let how = maker.how(step);
    if how == How::Elsewhere {
        return String::new();
    }
    let number = match &step.published {
        Some(published) => format!("Step {}, {published} of the article", step.n),
        None => format!("Step {}, this project's own", step.n),
    };
    let head = comment(&format!("{number}: {}\n{}", step.title, step.why));
    let body = match how {
        How::Script => calls(maker, step),
        How::Person | How::Elsewhere => told(maker, step),
    };
    format!("\n{head}function Step-{} {{\n{body}}}\n", step.id)
}

/// What a person is told to do.
fn told(maker: &Maker<'_>, step: &Step) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        let _ = writeln!(text, "    Write-Line {}", quoted(line.trim_end()));
    };
    for value in &step.values {
        let known = value.value.as_deref();
        let blank = format!("(not in the settings: {})", value.setting);
        line(&format!("  {}: {}", value.label, known.unwrap_or(&blank)));
    }
    step.text.lines().for_each(|one| line(&format!("  {one}")));
    let mut missing = step.missing.clone();
    if step
        .deeds
        .iter()
        .any(|deed| deed.is_configuration_tool() || starts(deed))
    {
        missing.extend(wanted(maker.parts).err().unwrap_or_default());
    }
    if !missing.is_empty() {
        line(&format!(
            "  The script would do it with these settings: {}",
            missing.join(", ")
        ));
    } else if !step.deeds.is_empty() {
        line(&format!(
            "  envclone does it from any computer: envclone runbook do {}",
            step.n
        ));
    }
    text
}

/// The calls that do a step.
fn calls(maker: &Maker<'_>, step: &Step) -> String {
    let mut text = String::new();
    // Guards and questions come before anything of the step is begun.
    if maker.starts_by_file(step) {
        text += "    Assert-Configuration 'nothing was started'\n";
    }
    if step.deeds.contains(&Deed::ReleaseScheduler) {
        text += "    Confirm-ReleaseCheck\n";
    }
    if step.deeds.iter().any(Deed::uploads_license) {
        let serial = maker.parts.settings.runbook.serial.as_deref();
        text += &format!(
            "    Assert-Serial {}\n",
            quoted(serial.unwrap_or_default().trim())
        );
    }
    text += &own_authorities(maker, step);
    step.deeds
        .iter()
        .for_each(|deed| text += &format!("    {}\n", call(maker, deed)));
    text
}

/// Windows PowerShell believes the certificates that the machine does, and no others.
fn own_authorities(maker: &Maker<'_>, step: &Step) -> String {
    let calls = |deed: &Deed| matches!(deed, Deed::UnregisterLifetime | Deed::RegisterLifetime);
    let lifetime = maker.parts.settings.runbook.lifetime.as_ref();
    let file = lifetime.and_then(|it| it.ca_file.as_deref());
    let Some(file) = file.filter(|_| step.deeds.iter().any(calls)) else {
        return String::new();
    };
    let said = format!(
        "`ca-file` of `[runbook.lifetime]`, {file}, is not read by a script: LifeTime's certificate must be one that this machine trusts"
    );
    format!(
        "    {}    Write-Line {}\n",
        comment(&said),
        quoted(&format!("  {said}"))
    )
}

fn call(maker: &Maker<'_>, deed: &Deed) -> String {
    match deed {
        Deed::NoteDatabases { path } => format!("Show-Databases {}", quoted(path)),
        Deed::DisableScheduler => "Disable-Scheduler".to_owned(),
        Deed::StopServices => "Stop-PlatformServices".to_owned(),
        Deed::StartServices => "Start-PlatformServices".to_owned(),
        Deed::ReleaseScheduler => "Start-Scheduler".to_owned(),
        Deed::StopIis => "Stop-Iis".to_owned(),
        Deed::StartIis => "Start-Iis".to_owned(),
        Deed::EmptyFolder { path } => format!("Clear-PlatformFolder {}", quoted(path)),
        Deed::OwnKey { path } => format!("Set-OwnKey {}", quoted(path)),
        Deed::Configure { path, .. } => format!("Set-Configuration {}", quoted(path)),
        Deed::Run {
            path,
            arguments,
            minutes,
            installs,
            ..
        } => {
            let verb = verb(deed, *installs);
            let word = |argument: &Argument| match argument {
                Argument::Text(text) => format!("        {}\n", quoted(text)),
                Argument::Unquoted(text) => {
                    format!("        @{{ Unquoted = {} }}\n", quoted(text))
                }
                Argument::Password(_) => {
                    let whose = owner(maker.parts, argument).unwrap_or_default();
                    format!("        @{{ Password = {} }}\n", quoted(&whose))
                }
            };
            let words: String = arguments.iter().map(word).collect();
            let path = match places(path).as_slice() {
                [only] => quoted(only),
                several => {
                    let several: Vec<String> = several.iter().map(|one| quoted(one)).collect();
                    format!("(Find-Program @({}))", several.join(", "))
                }
            };
            format!("{verb} -Path {path} -Minutes {minutes} -Arguments @(\n{words}    )")
        }
        Deed::UnregisterLifetime => "Unregister-Environment".to_owned(),
        Deed::RegisterLifetime => "Register-Environment".to_owned(),
        // No script does it: envclone does, from any computer.
        Deed::CreateConnections { .. } => String::new(),
    }
}

/// The function that runs a program. Only of the platform's installer it is documented what its exit codes mean.
fn verb(deed: &Deed, installs: Option<Installs>) -> &'static str {
    match installs {
        _ if deed.is_configuration_tool() => "Invoke-ConfigurationTool",
        Some(Installs::Platform) => "Invoke-PlatformInstaller",
        Some(Installs::Studio) | None => "Invoke-Program",
    }
}

/// What is shown before a step is approved.
pub(super) fn shows(maker: &Maker<'_>, step: &Step) -> Vec<String> {
    let mut lines: Vec<String> = step.why.lines().map(str::to_owned).collect();
    lines.push(String::new());
    lines.extend(step.text.lines().map(str::to_owned));
    lines.push(String::new());
    lines.push("The script will:".to_owned());
    for deed in &step.deeds {
        lines.push(format!("- {}", deed.shown()));
        for name in deed.passwords() {
            lines.push(format!(
                "  the password of {} stands on the command line while it runs: whoever may list this machine's processes can read it",
                name.setting()
            ));
        }
        if deed.is_configuration_tool() {
            let version = maker.parts.inventory.platform_version.as_deref();
            let known = version.and_then(|it| traps(it).ok()).unwrap_or_default();
            lines.extend(known.iter().map(|trap| {
                format!(
                    "  known of {}: {}; {}",
                    version.unwrap_or_default(),
                    trap.what,
                    trap.check
                )
            }));
        }
    }
    lines
}
