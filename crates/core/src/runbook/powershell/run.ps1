# ---- What this script does when it is started

function Assert-Here {
    if ($PSVersionTable.PSVersion.Major -ne 5 -or -not [Environment]::Is64BitProcess) {
        Stop-Refused 'this is not the 64-bit Windows PowerShell 5.1: a Configuration Tool before 11.25 may fail when PowerShell 7 starts it' 'start powershell.exe, not pwsh.exe, from System32'
    }
    $principal = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        Stop-Refused 'this changes services and files of the platform, and this process is not elevated' 'start Windows PowerShell with Run as administrator'
    }
    foreach ($source in $SourceMachines) {
        if (Test-Here $source) {
            Stop-Refused ('this machine is ' + $env:COMPUTERNAME + ', and `' + $source + '` is a machine of the source') 'run the script on the machine that gets the copy; nothing of the source is ever changed'
        }
    }
    if ($Machine -ne '' -and -not (Test-Here $Machine)) {
        Stop-Refused ('this machine is ' + $env:COMPUTERNAME + ', and the script is for ' + $Machine) 'run it there; every machine has a script of its own'
    }
}

function Get-Record($Entry) {
    $command = 'envclone runbook done ' + $Entry['Number']
    if ($Entry['Anywhere']) { return $command }
    if ($Machine -ne '') { return ($command + ' --machine ' + $Machine) }
    return ($command + ' --machine ' + $env:COMPUTERNAME)
}

function Get-GoOn([int]$Number) {
    return ('.\' + [IO.Path]::GetFileName($PSCommandPath) + ' -From ' + $Number)
}

function Confirm-Step($Entry) {
    if ($Entry['Ask'] -ne '') {
        $answer = Read-Answer ($Entry['Ask'] + ' (yes/no)')
        if ($answer -ne 'yes') { Stop-ForPerson ('Step ' + $Entry['Number'] + ' waits for that. Then go on with: ' + (Get-GoOn $Entry['Number'])) }
    }
    if ($Approve -ne '') {
        if ($Approve.Length -ge 12 -and $RunbookId.StartsWith($Approve, [StringComparison]::Ordinal)) { return }
        Stop-Refused ('`' + $Approve + '` was approved, and this is runbook ' + $RunbookId.Substring(0, 12)) '`envclone runbook show` shows the runbook'
    }
    $answer = Read-Answer 'Do it now? (yes/no)'
    if ($answer -ne 'yes') { Stop-ForPerson ('Step ' + $Entry['Number'] + ' was not approved. Go on with: ' + (Get-GoOn $Entry['Number'])) }
}

function Invoke-Step($Entry) {
    $script:Done = @()
    $script:Doing = ''
    Write-Line ''
    Write-Line ('Step ' + $Entry['Number'] + ': ' + $Entry['Title'])
    if ($Entry['How'] -eq 'elsewhere') {
        Stop-ForPerson ('It is taken ' + $Entry['Where'] + '. `envclone runbook show` says when it is done.')
    }
    foreach ($line in $Entry['Shows']) { Write-Line ('  ' + $line) }
    if ($Entry['How'] -eq 'script') {
        # An installer may have put the platform elsewhere since the script was started.
        Assert-InstallFolder
        Confirm-Step $Entry
    }
    & ('Step-' + $Entry['Id'])
    if ($Entry['How'] -eq 'script') {
        Write-Line ('Done. Look at its checks and record it: ' + (Get-Record $Entry))
        if ($Entry['Too'] -ne '') { Write-Line ('It is taken on ' + $Entry['Too'] + ', too.') }
        if ($script:Restart) { Stop-ForPerson ('Restart this machine. Then go on with: ' + (Get-GoOn ($Entry['Number'] + 1))) }
    } else {
        Write-Line ('When it is done, record it: ' + (Get-Record $Entry))
    }
}

# One step, or all up to the next one that is somebody else's.
function Invoke-Runbook {
    $chosen = @($Steps | Where-Object { ($Step -eq 0 -and $_['Number'] -ge $From) -or ($Step -ne 0 -and $_['Number'] -eq $Step) })
    if ($chosen.Length -eq 0) { Stop-Failed ('there is no such step: the runbook has ' + $Steps.Length) '-List lists them' }
    foreach ($entry in $chosen) {
        if ($entry['How'] -eq 'elsewhere' -and $Step -eq 0) {
            $next = @($chosen | Where-Object { $_['Number'] -gt $entry['Number'] -and $_['How'] -ne 'elsewhere' })
            if ($next.Length -eq 0) { break }
            Stop-ForPerson ('Steps ' + $entry['Number'] + ' to ' + ($next[0]['Number'] - 1) + ' are taken elsewhere: `envclone runbook show` says when they are done. Then go on with: ' + (Get-GoOn $next[0]['Number']))
        }
        Invoke-Step $entry
        if ($entry['How'] -eq 'person') {
            Stop-ForPerson ('It is your turn. Then go on with: ' + (Get-GoOn ($entry['Number'] + 1)))
        }
    }
}

# How the world is where the script did not come to its end.
function Write-State {
    if ($script:Done.Length -eq 0 -and $script:Doing -eq '') { Write-Line 'nothing was changed' }
    if ($script:Done.Length -gt 0) { Write-Line ('the step stopped; done before it ended: ' + ($script:Done -join '; ')) }
    if ($script:Doing -ne '') { Write-Line ('it stopped while ' + $script:Doing + '; what of it was done is not known, and running the step again finds out') }
}

$script:Ended = $false
try {
    if ($List) {
        foreach ($entry in $Steps) { Write-Host ('{0,3}  {1,-9}  {2}' -f $entry['Number'], $entry['How'], $entry['Title']) }
    } else {
        Assert-Here
        Assert-InstallFolder
        Assert-NotOfSource
        Write-Line ('Runbook ' + $RunbookId.Substring(0, 12) + ' on ' + $env:COMPUTERNAME + ', started by ' + $env:USERNAME)
        Invoke-Runbook
        Write-Line 'Nothing is left of what this script was asked for.'
    }
    $script:ExitCode = 0
    $script:Ended = $true
} catch {
    $script:Ended = $true
    if ($script:ExitCode -ne 3) { Write-State }
    Write-Line ([string]$_.Exception.Message)
} finally {
    Clear-Secret
    $script:Asked = @{}
    # After Ctrl-C nothing is caught.
    if (-not $script:Ended) {
        Write-State
        Write-Line 'it was interrupted'
    }
}
exit $script:ExitCode
