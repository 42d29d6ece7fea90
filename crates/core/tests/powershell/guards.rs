//! Guards of the scripts that only their text shows, each with the removal that must be missed.

use super::*;

/// A guard that only its text shows: what must stand where, and the removal that makes it stand there no more.
struct Guard {
    function: &'static str,
    parts: &'static [&'static str],
    without: (&'static str, &'static str),
}

const fn guard(
    function: &'static str,
    parts: &'static [&'static str],
    without: (&'static str, &'static str),
) -> Guard {
    Guard {
        function,
        parts,
        without,
    }
}

const GUARDS: &[Guard] = &[
    // A file with passwords in clear text is not kept, nor one that was not finished.
    guard(
        "Set-Configuration",
        &[
            "$new = $Path + '.partial'",
            "[IO.File]::Delete($new)",
            "Read-Configuration",
        ],
        (
            "    [IO.File]::Delete($new)\n    if ([IO.File]::Exists($Path)) { $document",
            "    if ([IO.File]::Exists($Path)) { $document",
        ),
    ),
    guard(
        "Set-Configuration",
        &[
            "$keep = -not (Test-ClearText $document)",
            "set_InnerText",
            "Move-IntoPlace $new $Path $keep",
        ],
        ("$keep = -not (Test-ClearText $document)", "$keep = $true"),
    ),
    guard(
        "Test-ClearText",
        &[
            "-ne 'password'",
            "-ne ''",
            "-not (Test-Encrypted $element)",
            "return $true",
        ],
        (
            " -and -not (Test-Encrypted $element)) { return $true }",
            ") { return $true }",
        ),
    ),
    guard(
        "Move-IntoPlace",
        &[
            "if (-not $Keep)",
            "::Replace($New, $Path, [NullString]::Value)",
            "return",
            ".before-",
        ],
        ("if (-not $Keep)", "if ($false)"),
    ),
    guard(
        "Set-Configuration",
        &[
            "$cache = @(Get-CacheHost $document)",
            "@($Configuration) + $cache + $older",
        ],
        ("$cache = @(Get-CacheHost $document)", "$cache = @()"),
    ),
    // The source's key stays nowhere.
    guard(
        "Set-OwnKey",
        &[
            "[IO.File]::Delete($new)",
            "Test-SourceKey",
            "Move-IntoPlace $new $Path $false",
        ],
        (
            "Move-IntoPlace $new $Path $false",
            "Move-IntoPlace $new $Path $true",
        ),
    ),
    // Secrets are looked for as programs write them.
    guard(
        "Get-SecretPattern",
        &[
            "'&amp;'",
            "'&lt;'",
            "'&gt;'",
            "'&quot;'",
            "'&apos;'",
            r"'\\'",
            r#"'\"'"#,
            "[regex]::Escape",
        ],
        (".Replace('&', '&amp;')", ""),
    ),
    guard(
        "Hide-Secret",
        &["[regex]::Replace", "$script:Hidden"],
        (
            "[regex]::Replace($Text, ($script:Hidden -join '|'), '***')",
            "$Text",
        ),
    ),
    guard(
        "Complete-Log",
        &[
            "$holds = $true",
            "Read-Since",
            "$holds = Test-HoldsSecret $text",
            "Protect-Log $Path $holds",
        ],
        ("$holds = Test-HoldsSecret $text", "$holds = $false"),
    ),
    // A service is asked, and only the patience of this script is waited for.
    guard(
        "Wait-ServiceState",
        &[
            "$PatienceSeconds",
            "Stop-Failed",
            "Get-Service -Name",
            "$controller.Stop()",
            "$controller.Start()",
        ],
        ("$controller.Start()", "Start-Service -Name $service.Name"),
    ),
    // What is not known of the tool stays so, and nobody is sent to a log that is gone.
    guard(
        "Restore-SchedulerHold",
        &[
            "$doing = $script:Doing",
            "Disable-Scheduler",
            "finally",
            "$script:Doing = $doing",
        ],
        (
            "    } finally {\n        $script:Doing = $doing\n    }",
            "    }",
        ),
    ),
    guard(
        "Invoke-ConfigurationTool",
        &[
            "Assert-ExitCode",
            "again; ' + $after['Log'])",
            "the database may have been changed",
        ],
        ("again; ' + $after['Log'])", "again; ' + $log)"),
    ),
    // The registration of before is not the one that is wanted.
    guard(
        "Register-Environment",
        &[
            "Find-Registered",
            "(Get-Field $_ 'Key') -ne $saved.key -and",
            "Add-Done",
            "return",
            "$found.Length -gt 0",
            "Stop-Refused",
            "Invoke-LifeTime",
        ],
        ("(Get-Field $_ 'Key') -ne $saved.key -and ", ""),
    ),
    guard(
        "Register-Environment",
        &["LifeTimeAddress = $LifeTimeHost"],
        (
            "LifeTimeAddress = $LifeTimeHost",
            "LifeTimeAddress = $LifeTimeAddress",
        ),
    ),
    guard(
        "Get-Value",
        &[
            "-eq 204",
            "return",
            "try",
            "ConvertFrom-Json",
            "catch",
            "is not JSON",
        ],
        ("    if ($status -eq 204) { return }\n", ""),
    ),
    guard(
        "Get-Reply",
        &[
            "-lt 500",
            "$reply['Lost']",
            "Start-Sleep",
            "Invoke-LifeTime 'GET'",
        ],
        ("$reply['Status'] -lt 500 -and ", ""),
    ),
    // In the words of what reads it: crates/cli/src/runbook/connections.rs.
    guard(
        "Save-Connection",
        &[
            "/dbconnections/",
            "-ne 404",
            "-ne 405",
            "name =",
            "description =",
            "provider =",
            "WriteAllText($ConnectionsFile",
        ],
        (
            "                provider = [string](Get-Field $one 'providerName')\n",
            "",
        ),
    ),
    guard(
        "Save-Registration",
        &[
            "Assert-NotTheSource",
            "Save-Connection $key",
            "WriteAllText($RegistrationFile",
        ],
        ("    Save-Connection $key\n", ""),
    ),
    guard(
        "Assert-NotTheSource",
        &[
            "foreach ($source in $SourceAddresses)",
            "Test-SameHost",
            "Stop-Refused",
        ],
        ("$SourceAddresses", "@()"),
    ),
    guard(
        "Read-Registration",
        &[
            "ConvertFrom-Json",
            "format",
            "Assert-NotTheSource $saved.name $saved.address",
            "return $saved",
        ],
        ("    Assert-NotTheSource $saved.name $saved.address\n", ""),
    ),
    // What can't be deleted does not keep the rest.
    guard(
        "Remove-Content",
        &[
            "try",
            "GetFileSystemInfos",
            "catch",
            "foreach",
            "try",
            "Delete()",
            "catch",
            "$Found['Left'] +=",
        ],
        (
            "        try {\n            $link",
            "        if ($true) {\n            $link",
        ),
    ),
    guard(
        "Clear-PlatformFolder",
        &[
            "Get-LongPath $folder.FullName",
            "Remove-Content",
            "$left.Length -gt 0",
            "Stop-Failed",
        ],
        ("Get-LongPath $folder.FullName", "$folder.FullName"),
    ),
    guard("Get-LongPath", &[r"'\\?\'"], (r"'\\?\'", "''")),
    // The source's machines, another installation, a file that leads to the source.
    guard(
        "Assert-Here",
        &[
            "foreach ($source in $SourceMachines)",
            "if (Test-Here $source)",
            "Stop-Refused",
            "$Machine -ne '' -and -not (Test-Here $Machine)",
            "Stop-Refused",
        ],
        (
            "foreach ($source in $SourceMachines)",
            "foreach ($source in $SourceHosts)",
        ),
    ),
    guard(
        "Assert-Here",
        &["-not (Test-Here $Machine)", "Stop-Refused"],
        (" -and -not (Test-Here $Machine)", " -and $false"),
    ),
    guard(
        "Test-Here",
        &[
            "$env:COMPUTERNAME",
            "GetHostName()",
            "$Name.Trim().TrimEnd('.').Contains('.') -and $whole.Contains('.')",
            "$own = @($whole)",
            "Test-SameHost",
            "-gt 0",
        ],
        ("{ $own = @($whole) }", "{ }"),
    ),
    guard(
        "Test-SameHost",
        &[
            "(Test-Itself $first) -or (Test-Itself $second)",
            "return $false",
        ],
        (" -or (Test-Itself $second)", ""),
    ),
    guard(
        "Test-Itself",
        &[
            "''",
            "'.'",
            "'(local)'",
            "'localhost'",
            "'::1'",
            "-contains $Name",
            r"'^127\.",
        ],
        ("'(local)', ", ""),
    ),
    guard(
        "Assert-InstallFolder",
        &[
            "Get-InstalledFolder",
            "(Get-RealPath $installed) -ne (Get-RealPath $InstallFolder)",
            "Stop-Refused",
        ],
        ("Get-InstalledFolder", "''"),
    ),
    guard(
        "Assert-InstallFolder",
        &["(Get-RealPath $installed) -ne (Get-RealPath $InstallFolder)"],
        ("(Get-RealPath $installed)", "$installed"),
    ),
    guard(
        "Get-RealPath",
        &[
            "$links -lt 32",
            "if ($led -eq '') { $led = Get-LinkTarget $at } else { $led = [IO.Path]::Combine($led, $part) }",
            "if ($led -eq '') { return",
            "$full = [IO.Path]::GetFullPath($led)",
            "Stop-Refused",
        ],
        ("$led = Get-LinkTarget $at", "$led = ''"),
    ),
    guard(
        "Get-LinkTarget",
        &[
            "'Junction', 'SymbolicLink'",
            "$target -eq ''",
            "Stop-Refused",
            "'Volume",
            "return ''",
            "UNC",
            "Combine([IO.Path]::GetDirectoryName($Path), $target)",
        ],
        (r"    if ($target -match 'Volume\{') { return '' }", ""),
    ),
    guard(
        "Get-InstalledFolder",
        &["Get-Installed ''"],
        ("Get-Installed ''", "Get-Installed 'Server'"),
    ),
    guard(
        "Assert-NotOfSource",
        &[
            "try { $databases = @(Get-LedTo (Read-Configuration $path)) }",
            "catch",
            "is not known",
            "return",
            "foreach ($database in $databases)",
            "foreach ($source in $SourceDatabases)",
            "Test-SourceServer",
            "'no'",
            "continue",
            "'unknown'",
            "Read-Answer",
            "Stop-Refused",
        ],
        (
            "foreach ($source in $SourceDatabases)",
            "foreach ($source in @())",
        ),
    ),
    // Services of a server whose file is damaged can be stopped; what works with the file looks at it itself.
    guard(
        "Assert-NotOfSource",
        &["try {", "Read-Configuration $path", "catch", "return"],
        (
            "    try { $databases = @(Get-LedTo (Read-Configuration $path)) }\n    catch {",
            "    $databases = @(Get-LedTo (Read-Configuration $path))\n    if ($false) {",
        ),
    ),
    guard(
        "Show-Databases",
        &[
            "try { $document = Read-Configuration $Path }",
            "catch",
            "Add-Done",
            "`former`",
            "return",
        ],
        (
            "    try { $document = Read-Configuration $Path }\n    catch {",
            "    $document = Read-Configuration $Path\n    if ($false) {",
        ),
    ),
    guard(
        "Assert-NotOfSource",
        &["stop its services by hand", "delete it here"],
        ("stop its services by hand, ", ""),
    ),
    guard(
        "Invoke-Step",
        &["'script'", "Assert-InstallFolder", "Confirm-Step"],
        (
            "        Assert-InstallFolder\n        Confirm-Step",
            "        Confirm-Step",
        ),
    ),
    // A license for another machine.
    guard(
        "Assert-Serial",
        &["'SerialNumber'", "-ne $Wanted", "Stop-Refused"],
        ("-ne $Wanted", "-eq ''"),
    ),
    guard(
        "Step-license",
        &["Assert-Serial 'ABC-123'", "Invoke-ConfigurationTool"],
        ("    Assert-Serial 'ABC-123'\n", ""),
    ),
    // A tool that is reached through a link, and files that other programs hold.
    guard(
        "Assert-NoLink",
        &[
            "$real = Get-RealPath $Path",
            "$real -ne [IO.Path]::GetFullPath($Path)",
            "Stop-Refused",
        ],
        ("$real = Get-RealPath $Path", "$real = $Path"),
    ),
    guard(
        "Invoke-ConfigurationTool",
        &[
            "Assert-NoLink $Path",
            "'Framework64'",
            "'Framework'",
            "Wait-Unlocked",
            "Start-Program",
        ],
        ("    Assert-NoLink $Path\n", ""),
    ),
    guard(
        "Invoke-ConfigurationTool",
        &[
            "'Framework64'",
            "'Framework'",
            "Wait-Unlocked",
            "Start-Program",
        ],
        ("@('Framework64', 'Framework')", "@('Framework64')"),
    ),
    // An installer that wants a restart, and one that has nothing to do.
    guard(
        "Invoke-PlatformInstaller",
        &[
            "$code -eq 1",
            "$script:Restart = $true",
            "Add-Done",
            "return",
            "Assert-ExitCode",
        ],
        ("        $script:Restart = $true\n", ""),
    ),
    guard(
        "Invoke-Step",
        &["'Step-'", "$script:Restart", "Stop-ForPerson"],
        ("        if ($script:Restart)", "        if ($false)"),
    ),
    guard(
        "Invoke-PlatformInstaller",
        &[
            "Get-InstalledVersion",
            "$DatabaseVersion -ne ''",
            "-eq $DatabaseVersion",
            "return",
            "Start-Program",
        ],
        (" -and $installed -eq $DatabaseVersion", ""),
    ),
];

#[test]
fn a_guard_is_seen_and_its_removal_too() {
    let all = [Way::Fresh, Way::Reconfigure].map(|way| {
        plain(Engine::SqlServer, &["APP1"])
            .scripts(way)
            .remove(0)
            .text
    });
    for guard in GUARDS {
        let Guard {
            function,
            parts,
            without: (from, to),
        } = guard;
        let text = all
            .iter()
            .find(|text| text.contains(&format!("\nfunction {function}")))
            .unwrap_or_else(|| panic!("there is no function {function}"));
        assert!(has(text, function, parts), "{function}: {parts:?}");
        let own = source(text, function);
        assert!(own.contains(from), "{function} has no {from}");
        let removed = text.replace(own, &own.replacen(from, to, 1));
        assert!(faults(&removed).is_empty(), "{function} without {from}");
        assert!(!has(&removed, function, parts), "{function} without {from}");
    }
}
