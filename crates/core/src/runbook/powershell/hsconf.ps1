# ---- server.hsconf: what it says, and whose it is

$Categories = @(
    'PlatformDatabaseConfiguration', 'LoggingDatabaseConfiguration', 'SessionDatabaseConfiguration', 'ServiceConfiguration',
    'ServerConfiguration', 'NetworkConfiguration', 'CacheInvalidationConfiguration', 'OtherConfigurations'
)
$DatabaseCategories = $Categories[0..2]

function Get-Element([Xml.XmlNode]$Parent) {
    foreach ($child in $Parent.get_ChildNodes()) {
        if ($child -is [Xml.XmlElement]) { $child }
    }
}

function Find-Element([Xml.XmlNode]$Parent, [string]$Name) {
    foreach ($child in @(Get-Element $Parent)) {
        if ($child.get_LocalName() -ceq $Name) { return $child }
    }
    return $null
}

# Nothing may be there twice: which of them the platform reads is not documented.
function Assert-Once([Xml.XmlNode]$Parent) {
    $seen = @()
    foreach ($child in @(Get-Element $Parent)) {
        $name = $child.get_LocalName()
        if ($seen -ccontains $name) { Stop-Failed ('server.hsconf can''t be used: `' + $name + '` is there twice') 'delete the one that does not count' }
        $seen += $name
    }
}

function Read-Configuration([string]$Path) {
    $document = New-Object Xml.XmlDocument
    $document.PreserveWhitespace = $true
    $document.XmlResolver = $null
    try { $document.Load($Path) }
    catch { Stop-Failed ($Path + ' can''t be used: ' + $_.Exception.Message) 'correct it, or take the file from a backup' }
    $root = $document.get_DocumentElement()
    if ($root.get_LocalName() -cne 'EnvironmentConfiguration') {
        Stop-Failed ($Path + ' is another file: its root is not `EnvironmentConfiguration`') 'take the file from a backup'
    }
    Assert-Once $root
    foreach ($category in @(Get-Element $root)) { Assert-Once $category }
    return $document
}

function Find-Key([Xml.XmlDocument]$Document, [string]$Category, [string]$Key) {
    $parent = Find-Element $Document.get_DocumentElement() $Category
    if ($null -eq $parent) { return $null }
    return (Find-Element $parent $Key)
}

function Test-Encrypted([Xml.XmlElement]$Element) {
    $said = $Element.GetAttribute('encrypted').Trim() -eq 'true'
    return ($said -or $Element.get_InnerText().Trim() -match '^\$2\$[A-Za-z0-9+/=]{25,}$')
}

# Which databases the file leads to, before it leads elsewhere. A script records nothing, so a person does.
function Show-Databases([string]$Path) {
    if (-not [IO.File]::Exists($Path)) {
        Add-Done ('there is no ' + $Path)
        return
    }
    try { $document = Read-Configuration $Path }
    catch {
        # Nothing is changed in it here, and services can be stopped all the same.
        Write-Line ('    ' + $_.Exception.Message)
        Add-Done ('which databases ' + $Path + ' leads to could not be read: look into it, and name those that are not the copy''s as `former` of `[runbook]`')
        return
    }
    foreach ($category in $DatabaseCategories) {
        foreach ($key in @('Server', 'TNSName', 'Host', 'ServiceName', 'Catalog', 'AdminUser', 'SessionUser')) {
            $element = Find-Key $document $category $key
            if ($null -eq $element -or (Test-Encrypted $element)) { continue }
            $text = $element.get_InnerText().Trim()
            if ($text -ne '') { Write-Line ('    ' + $category + '/' + $key + ': ' + $text) }
        }
    }
    Add-Done 'names that are not the copy''s belong into `former` of `[runbook]`: envclone looks for sessions there'
}

# The databases that a file leads to, as far as it says them. On Oracle a user is its schema.
function Get-LedTo([Xml.XmlDocument]$Document) {
    foreach ($category in $DatabaseCategories) {
        $said = @{}
        foreach ($key in @('Server', 'TNSName', 'Host', 'Port', 'ServiceName', 'Catalog', 'AdminUser', 'RuntimeUser', 'SessionUser')) {
            $said[$key] = ''
            $element = Find-Key $Document $category $key
            if ($null -ne $element -and -not (Test-Encrypted $element)) { $said[$key] = $element.get_InnerText().Trim() }
        }
        $server = $said['Server']
        $names = @($said['Catalog'])
        if ($server -eq '') {
            $names = @($said['AdminUser'], $said['RuntimeUser'], $said['SessionUser'])
            $server = $said['TNSName']
            if ($server -eq '') { $server = $said['Host'] + ':' + $said['Port'] + '/' + $said['ServiceName'] }
        }
        foreach ($name in $names) {
            if ($name -ne '') { @{ Name = $name; Server = $server; Alias = ($said['Server'] -eq '' -and $said['TNSName'] -ne '') } }
        }
    }
}

# The parts of a database server's name: HOST, HOST\INSTANCE, HOST,PORT, HOST:PORT/SERVICE.
function Split-Server([string]$Text) {
    $rest = $Text.Trim().ToLowerInvariant() -replace '^(tcp|np|lpc|admin):', ''
    $parts = @{ Host = $rest; Instance = ''; Port = ''; Service = '' }
    if ($rest -match '^([^/,\\:]*)(\\([^,/]*))?([,:](\d*))?(/(.*))?$') {
        $parts['Host'] = $Matches[1].Trim()
        # What is not there is not among the matches.
        if ($Matches.ContainsKey(3)) { $parts['Instance'] = $Matches[3].Trim() -replace '^mssqlserver$', '' }
        if ($Matches.ContainsKey(5)) { $parts['Port'] = $Matches[5] }
        if ($Matches.ContainsKey(7)) { $parts['Service'] = $Matches[7].Trim() }
    }
    if ($parts['Port'] -eq '' -and $parts['Service'] -ne '') { $parts['Port'] = '1521' }
    elseif ($parts['Port'] -eq '') { $parts['Port'] = '1433' }
    return $parts
}

# Whether a database server is the source's: yes, no, or unknown, where a name does not say where it leads.
function Test-SourceServer([string]$Server, [bool]$Alias, [string]$Source) {
    $one, $other = (Split-Server $Server), (Split-Server $Source)
    if ($Alias -and $one['Host'] -eq $other['Host']) { return 'yes' }
    $services = @($one['Service'], $other['Service'] | Where-Object { $_ -ne '' })
    if ($Alias -or $other['Host'] -eq '' -or $services.Length -eq 1) { return 'unknown' }
    if (-not (Test-SameHost $one['Host'] $other['Host'])) { return 'no' }
    if ($services.Length -eq 2 -and -not (Test-SameHost $services[0] $services[1])) { return 'no' }
    if ($one['Instance'] -ne '' -and $other['Instance'] -ne '') {
        # Where an instance is named, its port says nothing more.
        if ($one['Instance'] -ne $other['Instance']) { return 'no' }
    } elseif ($one['Instance'] -ne $other['Instance']) {
        return 'unknown'
    } elseif ($one['Port'] -ne $other['Port']) {
        return 'no'
    }
    return 'yes'
}

# A server that works with a database of the source is the source's, whatever it is called.
function Assert-NotOfSource {
    $path = Join-Path $InstallFolder 'server.hsconf'
    if (-not [IO.File]::Exists($path)) { return }
    try { $databases = @(Get-LedTo (Read-Configuration $path)) }
    catch {
        # Services can be stopped all the same. What works with the file refuses by itself.
        Write-Line ('whether this machine works with the source is not known: ' + $_.Exception.Message)
        return
    }
    foreach ($database in $databases) {
        foreach ($source in $SourceDatabases) {
            if ($database['Name'] -ne $source['Name']) { continue }
            $same = Test-SourceServer $database['Server'] $database['Alias'] $source['Server']
            if ($same -eq 'no') { continue }
            $told = $path + ' leads to `' + $database['Name'] + '` on `' + $database['Server'] + '`'
            if ($same -eq 'unknown') {
                $answer = Read-Answer ($told + ', and the source has a `' + $source['Name'] + '`. Is this another one? (yes/no)')
                if ($answer -eq 'yes') { continue }
            }
            Stop-Refused ($told + ', which is the source''s: this machine works with the source') 'run the script on the machine that gets the copy; where this is it, stop its services by hand, keep that file elsewhere and delete it here: a new one is written'
        }
    }
}

# Files of another folder than the platform's would be changed, and the platform's own would go on to lead elsewhere.
function Assert-InstallFolder {
    $installed = Get-InstalledFolder
    if ($installed -eq '') { return }
    if ((Get-RealPath $installed) -ne (Get-RealPath $InstallFolder)) {
        Stop-Refused ('the platform is installed in ' + $installed + ', and this script is for one in ' + $InstallFolder) 'say `install-folder` of `[runbook]` in the settings, and have the scripts written again'
    }
}
