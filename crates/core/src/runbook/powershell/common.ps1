# ---- What every part uses

$Utf8 = New-Object Text.UTF8Encoding($false)
$LogFile = [IO.Path]::ChangeExtension($PSCommandPath, '.log')

# How that reads which must be seen nowhere: *** stands for it in every line. In memory alone, while a program runs or LifeTime
# is asked.
$script:Hidden = @()
# What was done since the step began, and what is being done: where it stops, the message says so.
$script:Done = @()
$script:Doing = ''
# Whether an installer asked for a restart of the machine.
$script:Restart = $false
$script:ExitCode = 1

# How a secret reads where programs write it: as it is, in XML, in JSON, on a command line. What is not ASCII may be other
# characters there, or question marks.
function Get-SecretPattern([string]$Secret) {
    $xml = $Secret.Replace('&', '&amp;').Replace('<', '&lt;').Replace('>', '&gt;')
    $attribute = $xml.Replace('"', '&quot;').Replace('''', '&apos;')
    $json = $Secret.Replace('\', '\\').Replace('"', '\"')
    $argument = [regex]::Replace($Secret, '(\\*)"', '$1$1\"')
    foreach ($form in @($Secret, $xml, $attribute, $json, $Secret.Replace('"', '\"'), $argument)) {
        $pattern = [regex]::Escape($form)
        if ($form -match '[^\x00-\x7F]') { $pattern = [regex]::Replace($pattern, '([^\x00-\x7F]|\\\?)+', '([^\x00-\x7F]|\?)+') }
        $pattern
    }
}

function Add-Secret([string]$Secret) {
    if ($Secret -eq '') { return }
    # Where two begin alike, the longer one comes first: nothing of it is left over.
    $script:Hidden = @(@($script:Hidden) + @(Get-SecretPattern $Secret) | Sort-Object -Property Length -Descending)
}

function Clear-Secret { $script:Hidden = @() }

function Test-HoldsSecret([string]$Text) {
    return ($script:Hidden.Length -gt 0 -and $Text -cmatch ($script:Hidden -join '|'))
}

function Hide-Secret([string]$Text) {
    if ($script:Hidden.Length -eq 0) { return $Text }
    return [regex]::Replace($Text, ($script:Hidden -join '|'), '***')
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

# Puts a finished file in another one's place, whose permissions stay with the name. The old one stays beside it where it may.
function Move-IntoPlace([string]$New, [string]$Path, [bool]$Keep) {
    $script:Doing = 'putting the new ' + $Path + ' in place'
    if (-not [IO.File]::Exists($Path)) {
        [IO.File]::Move($New, $Path)
        return ''
    }
    if (-not $Keep) {
        # $null would be handed over as an empty name, and refused.
        [IO.File]::Replace($New, $Path, [NullString]::Value)
        return ', and the old file was not kept'
    }
    $kept = $Path + '.before-' + (Get-Date).ToString('yyyyMMdd-HHmmss')
    [IO.File]::Replace($New, $Path, $kept)
    return (', the old file is ' + $kept)
}

# Names that stand for whichever machine they are read on.
function Test-Itself([string]$Name) {
    return (@('', '.', '(local)', 'localhost', '::1', '0:0:0:0:0:0:0:1') -contains $Name -or $Name -match '^127\.[0-9.]+$')
}

# A name counts with its domain and without.
function Test-SameHost([string]$One, [string]$Other) {
    $hosts = @()
    foreach ($text in @($One, $Other)) {
        $bare = ($text.Trim().ToLowerInvariant() -split '://')[-1]
        # An address of IPv6 has colons of its own, and brackets where a port follows.
        if ($bare -match '^[0-9a-f]*:[0-9a-f:.]*:') { $hosts += $bare }
        elseif ($bare -match '^\[([^\]]*)\]') { $hosts += $Matches[1] }
        else { $hosts += ($bare -split '[/:,\\]')[0].TrimEnd('.') }
    }
    $first, $second = $hosts
    if ((Test-Itself $first) -or (Test-Itself $second)) { return $false }
    if ($first -match '^[0-9.]+$' -or $second -match '^[0-9.]+$') { return ($first -eq $second) }
    $firstHead, $secondHead = ($first -split '\.')[0], ($second -split '\.')[0]
    return ($first -eq $second -or $firstHead -eq $second -or $first -eq $secondHead)
}

# Whether this machine is called so. Where both names have a domain they are the same one only with it: another environment may
# have a machine of the same short name.
function Test-Here([string]$Name) {
    $network = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $whole = ($network.HostName + '.' + $network.DomainName).TrimEnd('.')
    $own = @($env:COMPUTERNAME, [Net.Dns]::GetHostName(), $whole)
    if ($Name.Trim().TrimEnd('.').Contains('.') -and $whole.Contains('.')) { $own = @($whole) }
    return (@($own | Where-Object { Test-SameHost $_ $Name }).Length -gt 0)
}

# Where a symbolic link or a junction leads to; empty for anything else, and for what a disk is mounted at.
function Get-LinkTarget([string]$Path) {
    $item = Get-Item -LiteralPath $Path -Force -ErrorAction SilentlyContinue
    if ($null -eq $item -or @('Junction', 'SymbolicLink') -notcontains $item.LinkType) { return '' }
    $target = [string](@($item.Target)[0])
    if ($target -eq '') { Stop-Refused ('where the link ' + $Path + ' leads can''t be read') 'name folders by their real paths' }
    if ($target -match 'Volume\{') { return '' }
    if ($target -match '^UNC\\') { $target = '\' + $target.Substring(3) }
    return [IO.Path]::Combine([IO.Path]::GetDirectoryName($Path), $target)
}

# The same path without a link on the way.
function Get-RealPath([string]$Path) {
    $full = [IO.Path]::GetFullPath($Path)
    for ($links = 0; $links -lt 32; $links++) {
        $root = [IO.Path]::GetPathRoot($full)
        $at = $root
        $led = ''
        foreach ($part in @($full.Substring($root.Length) -split '\\' | Where-Object { $_ -ne '' })) {
            $at = [IO.Path]::Combine($at, $part)
            if ($led -eq '') { $led = Get-LinkTarget $at } else { $led = [IO.Path]::Combine($led, $part) }
        }
        if ($led -eq '') { return $at.TrimEnd('\') }
        $full = [IO.Path]::GetFullPath($led)
    }
    Stop-Refused ('the links on the way to ' + $Path + ' do not end') 'name folders by their real paths'
}

# What the platform's installer wrote into the registry; empty where it is not installed. The folder has no name there.
function Get-Installed([string]$Name) {
    $key = 'HKLM:\SOFTWARE\OutSystems\Installer\Server'
    if (-not (Test-Path -LiteralPath $key)) { return '' }
    $value = (Get-Item -LiteralPath $key).GetValue($Name)
    if ($null -eq $value) { return '' }
    return ([string]$value).Trim()
}

function Get-InstalledFolder { return (Get-Installed '') }

function Get-InstalledVersion { return (Get-Installed 'Server') }

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
