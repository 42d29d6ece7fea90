# ---- What every part uses

$Utf8 = New-Object Text.UTF8Encoding($false)
$LogFile = [IO.Path]::ChangeExtension($PSCommandPath, '.log')

# What must be seen nowhere: *** stands for it in every line. In memory alone, while a program runs.
$script:Secrets = @()
# What was done since the step began, and what is being done: where it stops, the message says so.
$script:Done = @()
$script:Doing = ''
$script:ExitCode = 1

function Hide-Secret([string]$Text) {
    foreach ($secret in @($script:Secrets | Sort-Object -Property Length -Descending)) {
        if ($secret.Length -gt 0) { $Text = $Text.Replace($secret, '***') }
    }
    return $Text
}

# Says a line, and keeps it in the record beside this script.
function Write-Line([string]$Text) {
    $line = Hide-Secret $Text
    Write-Host $line
    $stamp = (Get-Date).ToString('yyyy-MM-dd HH:mm:ss')
    [IO.File]::AppendAllText($LogFile, ($stamp + ' ' + $line + [Environment]::NewLine), $Utf8)
}

function Add-Done([string]$Text) {
    $script:Done += $Text
    $script:Doing = ''
    Write-Line ('    ' + $Text)
}

# A guard: evidence speaks against going on.
function Stop-Refused([string]$Why, [string]$Hint) {
    $script:ExitCode = 2
    throw ($Why + [Environment]::NewLine + 'hint: ' + $Hint)
}

# Something did not work.
function Stop-Failed([string]$Why, [string]$Hint) {
    $script:ExitCode = 1
    throw ($Why + [Environment]::NewLine + 'hint: ' + $Hint)
}

# It is a person's turn.
function Stop-ForPerson([string]$What) {
    $script:ExitCode = 3
    throw $What
}

function Read-Answer([string]$Question) {
    $answer = Read-Host -Prompt $Question
    if ($null -eq $answer) { $answer = '' }
    Write-Line ($Question + ': ' + $answer)
    return ([string]$answer).Trim()
}

# A password or token: asked for once, kept as a SecureString as long as this script runs, and written nowhere.
$script:Asked = @{}
function Read-Secret([string]$Whose) {
    if (-not $script:Asked.ContainsKey($Whose)) {
        $secure = Read-Host -Prompt $Whose -AsSecureString
        if ($secure.Length -eq 0) {
            Stop-Refused ('there is no value for: ' + $Whose) 'enter it, and press Enter'
        }
        $script:Asked[$Whose] = $secure
    }
    return $script:Asked[$Whose]
}

function Get-PlainText([Security.SecureString]$Secure) {
    $pointer = [Runtime.InteropServices.Marshal]::SecureStringToBSTR($Secure)
    try { return [Runtime.InteropServices.Marshal]::PtrToStringBSTR($pointer) }
    finally { [Runtime.InteropServices.Marshal]::ZeroFreeBSTR($pointer) }
}

# Puts a finished file in another one's place. The old one stays beside it, and its permissions stay with the name.
function Move-IntoPlace([string]$New, [string]$Path) {
    if (-not [IO.File]::Exists($Path)) {
        [IO.File]::Move($New, $Path)
        return ''
    }
    $script:Doing = 'putting the new ' + $Path + ' in place'
    $kept = $Path + '.before-' + (Get-Date).ToString('yyyyMMdd-HHmmss')
    [IO.File]::Replace($New, $Path, $kept)
    return (', the old file is ' + $kept)
}

# A name counts with its domain and without.
function Test-SameHost([string]$One, [string]$Other) {
    $hosts = @()
    foreach ($text in @($One, $Other)) {
        $bare = ($text.Trim().ToLowerInvariant() -split '://')[-1]
        $hosts += ($bare.TrimStart('[') -split '[/:,\\]')[0]
    }
    $first, $second = $hosts
    if ($first -eq '' -or $second -eq '' -or $first -eq 'localhost' -or $first -eq '127.0.0.1') { return $false }
    if ($first -match '^[0-9.]+$' -or $second -match '^[0-9.]+$') { return ($first -eq $second) }
    $firstHead, $secondHead = ($first -split '\.')[0], ($second -split '\.')[0]
    return ($first -eq $second -or $firstHead -eq $second -or $first -eq $secondHead)
}

# The platform's version on this machine; empty where it is not installed.
function Get-InstalledVersion {
    $key = 'HKLM:\SOFTWARE\OutSystems\Installer\Server'
    if (-not (Test-Path -LiteralPath $key)) { return '' }
    $value = (Get-Item -LiteralPath $key).GetValue('Server')
    if ($null -eq $value) { return '' }
    return [string]$value
}

function Test-OlderThan([string]$Version, [int]$Major, [int]$Minor) {
    $parts = $Version -split '\.'
    $found = 0, 0
    for ($at = 0; $at -lt 2; $at++) {
        $number = 0
        if ($at -ge $parts.Length -or -not [int]::TryParse($parts[$at], [ref]$number)) { return $true }
        $found[$at] = $number
    }
    return ($found[0] -lt $Major -or ($found[0] -eq $Major -and $found[1] -lt $Minor))
}
