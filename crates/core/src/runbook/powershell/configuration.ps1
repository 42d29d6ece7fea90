# ---- server.hsconf: what it must say

# Keys whose whole value is a machine's name.
$HostKeys = @('Server', 'Host', 'CompilerServerHostname', 'OutgoingIPAddress', 'ServiceHost')
# Keys that say to whom a server belongs: one that is encrypted can't be judged.
$JudgedKeys = $HostKeys + @('AdminUser', 'RuntimeUser', 'SessionUser', 'Catalog', 'TNSName')

# The categories and nothing in them, for a server that has no file.
function New-Configuration {
    $text = '<?xml version="1.0" encoding="utf-8"?>' + "`r`n" + '<EnvironmentConfiguration>' + "`r`n"
    foreach ($name in $Categories) {
        $attribute = ''
        if ($DatabaseCategories -ccontains $name) { $attribute = ' ProviderKey="' + $Provider + '"' }
        $text += '  <' + $name + $attribute + '>' + "`r`n" + '  </' + $name + '>' + "`r`n"
    }
    $document = New-Object Xml.XmlDocument
    $document.PreserveWhitespace = $true
    $document.XmlResolver = $null
    $document.LoadXml($text + '</EnvironmentConfiguration>' + "`r`n")
    return $document
}

# Where the file does not say what is wanted. Of a password, that there is one is all that can be seen.
function Get-Difference([Xml.XmlDocument]$Document) {
    foreach ($name in $DatabaseCategories) {
        $category = Find-Element $Document.get_DocumentElement() $name
        if ($null -eq $category) { '`' + $name + '` is not in the file' }
        elseif ($category.GetAttribute('ProviderKey') -cne $Provider) { '`' + $name + '` is not for ' + $Provider }
    }
    foreach ($one in $Configuration) {
        $at = '`' + $one['Category'] + '/' + $one['Key'] + '`'
        $element = Find-Key $Document $one['Category'] $one['Key']
        $text = ''
        if ($null -ne $element) { $text = $element.get_InnerText().Trim() }
        if ($one['Kind'] -eq 'password') {
            if ($text -eq '') { $at + ' is not in the file' }
        } elseif ($null -eq $element) {
            if ($one['Kind'] -eq 'text') { $at + ' is not in the file' }
        } elseif (Test-Encrypted $element) {
            $at + ' is encrypted: whether it is what was wanted can''t be told'
        } elseif ($text -cne $one['Value']) {
            $at + ' is `' + $text + '`, not `' + $one['Value'] + '`'
        }
    }
}

# Whether a password that is wanted is in the file as everybody can read it: it was written before, and nobody encrypted it.
function Test-ClearText([Xml.XmlDocument]$Document) {
    foreach ($one in $Configuration) {
        if ($one['Kind'] -ne 'password') { continue }
        $element = Find-Key $Document $one['Category'] $one['Key']
        if ($null -ne $element -and $element.get_InnerText().Trim() -ne '' -and -not (Test-Encrypted $element)) { return $true }
    }
    return $false
}

# Led elsewhere by the file, the Configuration Tool would upgrade another environment's database, and the services work with it.
function Assert-Configuration([string]$Otherwise) {
    $path = Join-Path $InstallFolder 'server.hsconf'
    $hint = 'take the step that configures the platform database first, here or in the Configuration Tool''s own window; on other machines copy the controller''s file'
    if (-not [IO.File]::Exists($path)) { Stop-Refused ($Otherwise + ': there is no ' + $path) $hint }
    $wrong = @(Get-Difference (Read-Configuration $path))
    if ($wrong.Length -gt 0) { Stop-Refused ($Otherwise + ': ' + $wrong[0]) $hint }
}

# What the file keeps must name no machine of the source. What it gets was looked at when this script was written.
function Assert-NothingOfSource([Xml.XmlDocument]$Document) {
    foreach ($category in @(Get-Element $Document.get_DocumentElement())) {
        $of = $category.get_LocalName()
        if ($Categories -cnotcontains $of) { continue }
        foreach ($element in @(Get-Element $category)) {
            $name = $element.get_LocalName()
            $wanted = @($Configuration | Where-Object { $_['Category'] -ceq $of -and $_['Key'] -ceq $name })
            if ($wanted.Length -gt 0) { continue }
            $at = '`' + $of + '/' + $name + '`'
            if (Test-Encrypted $element) {
                if ($JudgedKeys -ccontains $name) { Stop-Refused ($at + ' is encrypted: whether it is the source''s can''t be told') 'say in the settings what it must be, and have the scripts written again' }
                continue
            }
            $value = $element.get_InnerText()
            $whole = $HostKeys -ccontains $name
            foreach ($source in $SourceHosts) {
                if ($whole) { $found = @($value -split '[,; ]' | Where-Object { Test-SameHost $_ $source }).Length -gt 0 }
                else { $found = $source.Length -ge 4 -and $value -match ('(?<![A-Za-z0-9_])' + [regex]::Escape($source) + '(?![A-Za-z0-9_])') }
                if ($found) { Stop-Refused ($at + ' has the source''s machine `' + $source + '` in it') 'change it in the file, or say in the settings what it must be' }
            }
        }
    }
}

# What is encrypted and is not written anew. Nobody can decrypt it once the environment has another private.key.
function Get-EncryptedBesides([Xml.XmlDocument]$Document) {
    foreach ($category in @(Get-Element $Document.get_DocumentElement())) {
        $of = $category.get_LocalName()
        if ($Categories -cnotcontains $of) { continue }
        foreach ($element in @(Get-Element $category)) {
            $name = $element.get_LocalName()
            $wanted = @($Configuration | Where-Object { $_['Category'] -ceq $of -and $_['Key'] -ceq $name })
            if ($wanted.Length -eq 0 -and (Test-Encrypted $element) -and $element.get_InnerText().Trim() -ne '') {
                @{ Category = $of; Key = $name; Kind = 'password'; Value = ''; Whose = ($of + '/' + $name) }
            }
        }
    }
}

# Those of them that a person says were encrypted with a key that was replaced.
function Select-OlderSecret([Xml.XmlDocument]$Document) {
    $besides = @(Get-EncryptedBesides $Document)
    if ($besides.Length -eq 0) { return }
    Write-Line 'The file keeps these encrypted:'
    $besides | ForEach-Object { Write-Line ('    ' + $_['Whose']) }
    $answer = Read-Answer 'Did this environment get a new private.key since? (yes/no)'
    if ($answer -eq 'yes') { $besides }
    elseif ($answer -ne 'no') {
        Stop-Refused 'whether the key is a new one was not said' 'step private-key says so: look at the .log file beside this script'
    }
}

# The key's element, made at the end of its category where there is none.
function Get-OrAddKey([Xml.XmlDocument]$Document, [string]$Category, [string]$Key) {
    $root = $Document.get_DocumentElement()
    $parent = Find-Element $root $Category
    if ($null -eq $parent) {
        $parent = $Document.CreateElement($Category)
        if ($DatabaseCategories -ccontains $Category) { $parent.SetAttribute('ProviderKey', $Provider) }
        [void]$parent.AppendChild($Document.CreateWhitespace("`r`n  "))
        [void]$root.AppendChild($Document.CreateWhitespace('  '))
        [void]$root.AppendChild($parent)
        [void]$root.AppendChild($Document.CreateWhitespace("`r`n"))
    }
    $element = Find-Element $parent $Key
    if ($null -eq $element) {
        $element = $Document.CreateElement($Key)
        $last = $parent.get_LastChild()
        if ($last -is [Xml.XmlWhitespace]) {
            [void]$parent.InsertBefore($Document.CreateWhitespace("`r`n    "), $last)
            [void]$parent.InsertBefore($element, $last)
        } else {
            [void]$parent.AppendChild($element)
        }
    }
    return $element
}

# Where nobody says where the cache invalidation service is, and the file does not either, or says only "this machine" on one of
# several, it is on the controller.
function Get-CacheHost([Xml.XmlDocument]$Document) {
    if ($CacheHostIfUnsaid -eq '') { return }
    $said = ''
    $element = Find-Key $Document 'CacheInvalidationConfiguration' 'ServiceHost'
    if ($null -ne $element) {
        if (Test-Encrypted $element) { return }
        $said = $element.get_InnerText().Trim()
    }
    $itself = @('.', '(local)', 'localhost', '127.0.0.1', '::1', '[::1]') -contains $said
    if ($said -eq '' -or ($SeveralMachines -and $itself)) {
        Write-Line ('    the cache invalidation service is on the controller, ' + $CacheHostIfUnsaid)
        @{ Category = 'CacheInvalidationConfiguration'; Key = 'ServiceHost'; Kind = 'text'; Value = $CacheHostIfUnsaid }
    }
}

function Set-Configuration([string]$Path) {
    $new = $Path + '.partial'
    # One that was cut off may have left passwords.
    [IO.File]::Delete($new)
    if ([IO.File]::Exists($Path)) { $document = Read-Configuration $Path } else { $document = New-Configuration }
    foreach ($name in $DatabaseCategories) {
        $category = Find-Element $document.get_DocumentElement() $name
        if ($null -ne $category -and $category.GetAttribute('ProviderKey') -cne $Provider) {
            Stop-Refused ('`' + $name + '` is not for ' + $Provider + ' in this file') 'take a template for the database''s engine: ConfigurationTool.com /GenerateTemplates makes them'
        }
    }
    Assert-NothingOfSource $document
    $older = @(Select-OlderSecret $document)
    $cache = @(Get-CacheHost $document)
    $wrong = @(Get-Difference $document)
    if ($wrong.Length -eq 0 -and $older.Length -eq 0 -and $cache.Length -eq 0) {
        $answer = Read-Answer 'The file says all of it already. Enter its passwords anew? (yes/no)'
        if ($answer -ne 'yes') {
            Add-Done 'the file says all of it already, and was left'
            return
        }
    }
    $wrong | ForEach-Object { Write-Line ('    ' + $_) }
    # Passwords in clear text were written here before, and the file before that was kept then.
    $keep = -not (Test-ClearText $document)
    try {
        foreach ($one in @($Configuration) + $cache + $older) {
            if ($one['Kind'] -eq 'nothing' -and $null -eq (Find-Key $document $one['Category'] $one['Key'])) { continue }
            $value = $one['Value']
            if ($one['Kind'] -eq 'password') {
                $value = Get-PlainText (Read-Secret ('Password of ' + $one['Whose']))
                Add-Secret $value
                if ($value -match '[\x00-\x1F\x7F]') { Stop-Refused ('the password of ' + $one['Whose'] + ' has a character that the file can''t hold') 'choose a password without control characters' }
            }
            $element = Get-OrAddKey $document $one['Category'] $one['Key']
            if ($one['Kind'] -eq 'password' -or (Test-Encrypted $element)) { $element.SetAttribute('encrypted', 'false') }
            $element.set_InnerText($value)
        }
        try {
            $document.Save($new)
            $kept = Move-IntoPlace $new $Path $keep
        } finally {
            if ([IO.File]::Exists($new)) { [IO.File]::Delete($new) }
        }
    } finally {
        Clear-Secret
    }
    Add-Done ('server.hsconf was written' + $kept + '; its passwords are in clear text until the Configuration Tool has run')
}
