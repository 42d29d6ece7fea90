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

# Started through a symbolic link or a junction, the tool corrupts settings. What a disk is mounted at is none.
function Assert-NoLink([string]$Path) {
    $real = Get-RealPath $Path
    if ($real -ne [IO.Path]::GetFullPath($Path).TrimEnd('\')) {
        Stop-Refused ('the Configuration Tool was not started: a link leads to it, and ' + $Path + ' is really ' + $real) ('say ' + [IO.Path]::GetDirectoryName($real) + ' under `install-folder` of `[runbook]`, renew the runbook, and have the scripts written again')
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
        $read = 0
        while ($read -lt $bytes.Length) {
            $more = $file.Read($bytes, $read, $bytes.Length - $read)
            if ($more -eq 0) { break }
            $read += $more
        }
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
    if ($LASTEXITCODE -ne 0) { throw ('icacls.exe ended with ' + $LASTEXITCODE) }
    return ('its log is kept for administrators only: ' + $Path)
}

# The errors that the log tells of since the mark. A log with passwords in it does not stay.
function Complete-Log([string]$Path, [long]$Mark) {
    $after = @{ Errors = @(); Log = 'it left no log'; Wrong = '' }
    # Where it can't be read, it may hold passwords.
    $holds = $true
    try {
        $text = ''
        if ([IO.File]::Exists($Path)) { $text = Read-Since $Path $Mark }
        $holds = Test-HoldsSecret $text
        $after['Errors'] = @($text -split '\r?\n' | Where-Object { $_ -match 'error|exception|failed|fatal|denied|could not|unable to' -and $_ -notmatch '0 error|no error|without error|error: none|errors: 0' } | ForEach-Object { Hide-Secret $_.Trim() })
    } catch {
        $after['Wrong'] = 'its log could not be read: ' + $_.Exception.GetBaseException().Message
    }
    try { $after['Log'] = Protect-Log $Path $holds }
    catch {
        $after['Wrong'] = 'its log could not be kept from others: ' + $_.Exception.GetBaseException().Message
        $after['Log'] = 'its log may hold passwords: delete ' + $Path
    }
    $after['Errors'] | Select-Object -Last 50 | ForEach-Object { Write-Line ('    log | ' + $_) }
    Write-Line ('    ' + $after['Log'])
    return $after
}

# The Scheduler may have been started. What is not known of the tool stays so, whatever becomes of this.
function Restore-SchedulerHold {
    $doing = $script:Doing
    try {
        Disable-Scheduler
        return ''
    } catch {
        $wrong = 'the Scheduler may run: ' + $_.Exception.Message
        Add-Done $wrong
        return $wrong
    } finally {
        $script:Doing = $doing
    }
}

# Another version would upgrade the database, and there is no way back.
function Assert-Version {
    $installed = Get-InstalledVersion
    if ($DatabaseVersion -eq '' -or $installed -ne $DatabaseVersion) {
        Stop-Refused ('the Configuration Tool was not started, since it would upgrade the database to another version: `' + $installed + '` is installed, the database has `' + $DatabaseVersion + '`') 'install the platform in exactly the version of the database; there is no way back from an upgrade'
    }
}

# A license for another serial number would take the place of one that may be right.
function Assert-Serial([string]$Wanted) {
    $key = 'HKLM:\SOFTWARE\OutSystems\Platform Server'
    $found = ''
    if (Test-Path -LiteralPath $key) { $found = ([string](Get-Item -LiteralPath $key).GetValue('SerialNumber')).Trim() }
    if ($Wanted -eq '' -or $found -eq '') {
        Write-Line '    whether the license is for this machine is not known: compare its serial number with the one of Service Center'
    } elseif ($found -ne $Wanted) {
        Stop-Refused ('the license was not uploaded: the serial number of this machine is ' + $found + ', the license is for ' + $Wanted) 'correct `serial` of `[runbook]`, or get a license for this machine''s serial number in the customer portal'
    }
}

function Invoke-ConfigurationTool([string]$Path, [object[]]$Arguments, [int]$Minutes) {
    Assert-Configuration 'the Configuration Tool was not started'
    Assert-Version
    Assert-SchedulerHeld
    Assert-NoLink $Path
    foreach ($framework in @('Framework64', 'Framework')) {
        Wait-Unlocked (Join-Path $env:SystemRoot ('Microsoft.NET\' + $framework + '\v4.0.30319\Config\machine.config'))
    }
    $log = Join-Path $env:SystemRoot 'Temp\ConfigurationTool.log'
    $mark = [long]0
    if ([IO.File]::Exists($log)) { $mark = (New-Object IO.FileInfo($log)).Length }
    $held = ''
    try {
        $code = Start-Program $Path $Arguments $Minutes
    } finally {
        # Whatever came of it, Ctrl-C too: the log may hold the passwords, and the Scheduler may have been started.
        try { $after = Complete-Log $log $mark }
        finally {
            Clear-Secret
            $held = Restore-SchedulerHold
        }
    }
    Assert-ExitCode $Path $code ('see what the tool said above before it is run again; ' + $after['Log']) ', and the database may have been changed'
    if ($held -ne '') { Stop-Failed $held 'take the step that disables the Scheduler, before anything else' }
    if ($after['Wrong'] -ne '') { Stop-Failed $after['Wrong'] $after['Log'] }
    $errors = $after['Errors']
    if ($errors.Length -gt 0) {
        Stop-Failed ('the Configuration Tool ended with 0, but its log tells of ' + $errors.Length + ' errors, the first: ' + $errors[0]) ('where nothing is wrong, `envclone runbook done` with `--because` says so; ' + $after['Log'])
    }
}
