# ---- Programs

# One argument as Windows programs read a command line: backslashes count only in front of a quotation mark.
function ConvertTo-Argument([string]$Text) {
    if ($Text.Length -gt 0 -and $Text -notmatch '[\s"]') { return $Text }
    $escaped = [regex]::Replace($Text, '(\\*)"', '$1$1\"')
    $escaped = [regex]::Replace($escaped, '(\\+)\z', '$1$1')
    return ('"' + $escaped + '"')
}

# Where a program is that can be in several places; the first of them where it is in none.
function Find-Program([string[]]$Paths) {
    foreach ($path in $Paths) {
        if ([IO.File]::Exists([Environment]::ExpandEnvironmentVariables($path))) { return $path }
    }
    return $Paths[0]
}

# Ends a program with all that it started.
function Stop-Program([Diagnostics.Process]$Process, [string]$Path) {
    & (Join-Path $env:SystemRoot 'System32\taskkill.exe') /T /F /PID $Process.Id | Out-Null
    if ($Process.WaitForExit(30000)) {
        Write-Line ('    ' + $Path + ' was ended with what it had started; what it did so far stays done')
    } else {
        Write-Line ('    ' + $Path + ' could not be ended, and may go on: end process ' + $Process.Id + ' in the Task Manager')
    }
}

# Starts a program, says what it says, and returns its exit code. Passwords come in as `@{ Password = 'whose' }`, and are asked
# for here: they stand on the program's command line while it runs, and nowhere else.
function Start-Program([string]$Path, [object[]]$Arguments, [int]$Minutes) {
    $full = [Environment]::ExpandEnvironmentVariables($Path)
    if (-not [IO.File]::Exists($full)) {
        Stop-Failed ('there is no program ' + $full) 'install it, or correct the path in the settings and have the scripts written again'
    }
    $words = @()
    foreach ($argument in $Arguments) {
        if ($argument -is [hashtable] -and $argument.ContainsKey('Unquoted')) {
            # An installer reads its folder to the end of the line, without quotes.
            $words += [string]$argument['Unquoted']
        } elseif ($argument -is [hashtable]) {
            $plain = Get-PlainText (Read-Secret ('Password of ' + $argument['Password']))
            Add-Secret $plain
            $words += (ConvertTo-Argument $plain)
        } else {
            $words += (ConvertTo-Argument ([string]$argument))
        }
    }
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = $full
    $start.Arguments = $words -join ' '
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $script:Doing = 'running ' + $full
    $process = [Diagnostics.Process]::Start($start)
    $words = $null
    $start.Arguments = ''
    try {
        # Nobody answers a question that it asks.
        $process.StandardInput.Close()
        $readers = @($process.StandardOutput, $process.StandardError)
        $lines = @($readers[0].ReadLineAsync(), $readers[1].ReadLineAsync())
        $until = [DateTime]::UtcNow.AddMinutes($Minutes)
        $silent = 0
        while ($true) {
            $heard = $false
            for ($at = 0; $at -lt 2; $at++) {
                while ($null -ne $lines[$at] -and $lines[$at].IsCompleted) {
                    $line = $lines[$at].Result
                    $heard = $true
                    if ($null -eq $line) { $lines[$at] = $null }
                    else {
                        Write-Line ('    | ' + $line)
                        $lines[$at] = $readers[$at].ReadLineAsync()
                    }
                }
            }
            if ($process.HasExited) {
                # What it started may hold its output open: once it ended, five silent seconds are the end.
                if (($null -eq $lines[0] -and $null -eq $lines[1]) -or $silent -ge 25) { break }
                if (-not $heard) { $silent++ }
            } elseif ([DateTime]::UtcNow -ge $until) {
                Stop-Failed ($full + ' ran longer than ' + $Minutes + ' minutes') 'look for what it waited for, and run the step again'
            }
            if (-not $heard) { Start-Sleep -Milliseconds 200 }
        }
        return $process.ExitCode
    } finally {
        # It has a console of its own and does not hear Ctrl-C: whatever ends this script's wait for it ends it, too.
        if (-not $process.HasExited) { Stop-Program $process $full }
    }
}

# What it did stays in `$script:Doing` where it ended with something else than 0: nobody knows how far it came.
function Assert-ExitCode([string]$Path, [int]$Code, [string]$Hint, [string]$Otherwise = '') {
    if ($Code -ne 0) { Stop-Failed ($Path + ' ended with ' + $Code + $Otherwise) $Hint }
    Add-Done ($Path + ' ended with 0')
}

function Invoke-Program([string]$Path, [object[]]$Arguments, [int]$Minutes) {
    try { $code = Start-Program $Path $Arguments $Minutes }
    finally { Clear-Secret }
    Assert-ExitCode $Path $code 'its output stands above'
}
