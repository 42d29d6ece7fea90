# ---- The Configuration Tool. It works on what server.hsconf says, and restarts services.

function Wait-Unlocked([string]$Path) {
    $until = [DateTime]::UtcNow.AddMinutes(10)
    while ([IO.File]::Exists($Path)) {
        try {
            $file = [IO.File]::Open($Path, [IO.FileMode]::Open, [IO.FileAccess]::ReadWrite, [IO.FileShare]::None)
            $file.Dispose()
            return
        } catch [IO.IOException] {
            if ([DateTime]::UtcNow -ge $until) { Stop-Failed ($Path + ' is held by another program for 10 minutes') 'end what holds it, and run the step again' }
            Write-Line ('    ' + $Path + ' is held by another program; looked at again in 10 s')
            Start-Sleep -Seconds 10
        }
    }
}

# What was written since, as text; at most the last 16 MiB.
function Read-Since([string]$Path, [long]$Mark) {
    $file = [IO.File]::Open($Path, [IO.FileMode]::Open, [IO.FileAccess]::Read, ([IO.FileShare]::ReadWrite -bor [IO.FileShare]::Delete))
    try {
        if ($Mark -gt $file.Length) { $Mark = 0 }
        $size = [Math]::Min($file.Length - $Mark, [long]16777216)
        [void]$file.Seek($file.Length - $size, [IO.SeekOrigin]::Begin)
        $bytes = New-Object 'byte[]' ([int]$size)
        $read = $file.Read($bytes, 0, $bytes.Length)
        return [Text.Encoding]::UTF8.GetString($bytes, 0, $read).Replace([string][char]0, '')
    } finally { $file.Dispose() }
}

# Keeps the log from whoever is no administrator; one that holds passwords is deleted.
function Protect-Log([string]$Path, [bool]$HoldsSecrets) {
    if (-not [IO.File]::Exists($Path)) { return 'it left no log' }
    if ($HoldsSecrets -or (Test-OlderThan (Get-InstalledVersion) 11 16)) {
        [IO.File]::Delete($Path)
        return 'its log was deleted, since it may hold passwords'
    }
    & (Join-Path $env:SystemRoot 'System32\icacls.exe') $Path /inheritance:r /grant:r '*S-1-5-32-544:F' '*S-1-5-18:F' | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Failed 'the Configuration Tool''s log could not be protected' ('it may hold passwords: delete ' + $Path) }
    return 'its log is kept for administrators only'
}

# Another version would upgrade the database, and there is no way back.
function Assert-Version {
    $installed = Get-InstalledVersion
    if ($DatabaseVersion -eq '' -or $installed -ne $DatabaseVersion) {
        Stop-Refused ('the Configuration Tool was not started, since it would upgrade the database to another version: `' + $installed + '` is installed, the database has `' + $DatabaseVersion + '`') 'install the platform in exactly the version of the database; there is no way back from an upgrade'
    }
}

function Invoke-ConfigurationTool([string]$Path, [object[]]$Arguments, [int]$Minutes) {
    Assert-Configuration 'the Configuration Tool was not started'
    Assert-Version
    Assert-SchedulerHeld
    Wait-Unlocked (Join-Path $env:SystemRoot 'Microsoft.NET\Framework64\v4.0.30319\Config\machine.config')
    $log = Join-Path $env:SystemRoot 'Temp\ConfigurationTool.log'
    $mark = [long]0
    if ([IO.File]::Exists($log)) { $mark = (New-Object IO.FileInfo($log)).Length }
    $errors = @()
    try {
        $code = Start-Program $Path $Arguments $Minutes
    } finally {
        # Whatever came of it: the log may hold the passwords, and the Scheduler may have been started.
        $holds = $false
        try {
            if ([IO.File]::Exists($log)) {
                $text = Read-Since $log $mark
                foreach ($secret in $script:Secrets) { if ($text.Contains($secret)) { $holds = $true } }
                $errors = @($text -split '\r?\n' | Where-Object { $_ -match 'error|exception|failed|fatal|denied|could not|unable to' -and $_ -notmatch '0 error|no error|without error|error: none|errors: 0' } | ForEach-Object { Hide-Secret $_.Trim() })
            }
        } finally {
            $script:Secrets = @()
            try { Write-Line ('    ' + (Protect-Log $log $holds)) }
            finally { Disable-Scheduler }
        }
    }
    Assert-ExitCode $Path $code ('its output stands above, and its log is ' + $log)
    if ($errors.Length -gt 0) {
        Stop-Failed ('the Configuration Tool ended with 0, but its log tells of ' + $errors.Length + ' errors, the first: ' + $errors[0]) ('read ' + $log + '; where nothing is wrong, `envclone runbook done` with `--because` says so')
    }
}
