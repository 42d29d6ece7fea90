# ---- LifeTime, by its API v2

[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$RegistrationFile = Join-Path $PSScriptRoot 'lifetime-registration.json'

# One call. Status 0 is no answer. Invoke-RestMethod is not used: version 5.1 of it reads UTF-8 as something else where the
# answer does not name it.
function Invoke-LifeTime([string]$Method, [string]$Path, [string]$Body) {
    $plain = Get-PlainText (Read-Secret 'Token of the LifeTime service account')
    $script:Secrets = @($plain)
    $call = @{
        Uri = $LifeTimeAddress + '/lifetimeapi/rest/v2/' + $Path
        Method = $Method
        Headers = @{ Authorization = 'Bearer ' + $plain; Accept = 'application/json' }
        UseBasicParsing = $true
        MaximumRedirection = 0
        TimeoutSec = 300
    }
    if ($Body -ne '') {
        $call['Body'] = [Text.Encoding]::UTF8.GetBytes($Body)
        $call['ContentType'] = 'application/json; charset=utf-8'
    }
    try {
        $reply = Invoke-WebRequest @call
        return @{ Status = [int]$reply.StatusCode; Text = [Text.Encoding]::UTF8.GetString($reply.RawContentStream.ToArray()); Error = '' }
    } catch [Net.WebException] {
        $status = 0
        if ($null -ne $_.Exception.Response) { $status = [int]$_.Exception.Response.StatusCode }
        return @{ Status = $status; Text = ''; Error = (Hide-Secret $_.Exception.Message) }
    } finally {
        $call = $null
        $script:Secrets = @()
    }
}

function Get-FromLifeTime([string]$Path, [string]$What) {
    $reply = Invoke-LifeTime 'GET' $Path ''
    $hint = switch ($reply['Status']) {
        0 { 'see that this machine reaches ' + $LifeTimeAddress + ', and trusts its certificate' }
        401 { 'the token is not accepted: make a new one for the service account in LifeTime' }
        404 { 'this LifeTime does not have the call: it is older than 11.5.0, or the address is not LifeTime''s' }
        default { 'look into LifeTime''s own logs, and try again' }
    }
    if ($reply['Status'] -lt 200 -or $reply['Status'] -gt 299) { Stop-Failed ('LifeTime did not ' + $What + ': ' + $reply['Status'] + ' ' + $reply['Error']) $hint }
    return (ConvertFrom-Json $reply['Text'])
}

function Get-Field($Object, [string]$Name) {
    $property = $Object.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    return $property.Value
}

function Get-Environment {
    foreach ($one in (Get-FromLifeTime 'environments/' 'list its environments')) { $one }
}

function Find-Environment([string]$NameOrKey) {
    $found = @(Get-Environment | Where-Object { (Get-Field $_ 'Name') -eq $NameOrKey -or (Get-Field $_ 'Key') -eq $NameOrKey })
    if ($found.Length -gt 1) { Stop-Failed ('LifeTime lists more than one environment as `' + $NameOrKey + '`') 'name it by its key in the settings' }
    if ($found.Length -eq 0) { return $null }
    return $found[0]
}

# What it takes to register the environment again, in the form that envclone reads. There are no secrets in it.
function Save-Registration {
    $environment = Find-Environment $LifeTimeEnvironment
    if ($null -eq $environment) { Stop-Failed ('LifeTime lists no environment `' + $LifeTimeEnvironment + '`') '`environment` of `[runbook.lifetime]` is what LifeTime calls it' }
    $address = Get-Field $environment 'HostName'
    $position = Get-Field $environment 'Order'
    if ($null -eq $address -or $null -eq $position) { Stop-Failed 'LifeTime does not say the address or the position of the environment, and without it it could not be registered again' 'take this step in LifeTime itself' }
    foreach ($source in $SourceAddresses) {
        if (Test-SameHost $address $source) { Stop-Refused ('LifeTime reaches `' + (Get-Field $environment 'Name') + '` at ' + $address + ', which is the source''s') '`environment` of `[runbook.lifetime]` is the environment that gets the copy' }
    }
    $key = Get-Field $environment 'Key'
    $roles = @()
    foreach ($role in (Get-FromLifeTime 'roles/?IncludeEnvPermissions=true' 'list its roles')) {
        $permission = $null
        foreach ($one in (Get-Field $role 'environmentPermissions')) {
            if ($null -ne $one -and (Get-Field $one 'environmentKey') -eq $key) {
                $permission = [ordered]@{
                    level = [int](Get-Field $one 'level')
                    create_applications = [bool](Get-Field $one 'createApplications')
                    add_dependencies_to_system = [bool](Get-Field $one 'addDependenciesToSystem')
                }
            }
        }
        $roles += [ordered]@{ key = (Get-Field $role 'key'); name = (Get-Field $role 'name'); permission = $permission }
    }
    $saved = [ordered]@{
        format = 1
        lifetime = ([Uri]$LifeTimeAddress).Host.ToLowerInvariant()
        key = $key
        name = (Get-Field $environment 'Name')
        address = $address
        position = [int]$position
        use_https = (Get-Field $environment 'UseHTTPS')
        os_version = (Get-Field $environment 'OSVersion')
        environment_type = (Get-Field $environment 'EnvironmentType')
        roles = $roles
    }
    # Without a mark of its encoding, which a reader of JSON would stumble over.
    [IO.File]::WriteAllText($RegistrationFile, (ConvertTo-Json -InputObject $saved -Depth 8), $Utf8)
    Add-Done ('what LifeTime knows of it is in ' + $RegistrationFile + '; copy it into the folder `runbook` of the run')
}

function Read-Registration {
    if (-not [IO.File]::Exists($RegistrationFile)) { Stop-Refused ('there is no ' + $RegistrationFile) 'it is written when the environment is unregistered; where envclone did that, copy it from the folder `runbook` of the run' }
    $saved = ConvertFrom-Json ([IO.File]::ReadAllText($RegistrationFile, $Utf8))
    if ((Get-Field $saved 'format') -ne 1) { Stop-Failed ($RegistrationFile + ' has another format than 1') 'have the scripts written by the envclone that wrote it' }
    return $saved
}

# A change is sent once. Where its answer is lost, LifeTime's list says whether it was done.
function Wait-Listed([string]$NameOrKey, [bool]$Listed) {
    $until = [DateTime]::UtcNow.AddMinutes(2)
    while ($true) {
        if (($null -ne (Find-Environment $NameOrKey)) -eq $Listed) { return $true }
        if ([DateTime]::UtcNow -ge $until) { return $false }
        Start-Sleep -Seconds 5
    }
}

function Unregister-Environment {
    # What was saved before is not saved again: the environment may be gone already.
    if (-not [IO.File]::Exists($RegistrationFile)) { Save-Registration }
    $saved = Read-Registration
    if ($null -eq (Find-Environment $saved.key)) {
        Add-Done ('LifeTime does not list ' + $saved.name + ' any more')
        return
    }
    $script:Doing = 'unregistering ' + $saved.name
    $reply = Invoke-LifeTime 'DELETE' ('environments/' + [Uri]::EscapeDataString($saved.key) + '/') ''
    if (-not (Wait-Listed $saved.key $false)) {
        Stop-Failed ('LifeTime still lists ' + $saved.name + ': ' + $reply['Status'] + ' ' + $reply['Error']) 'see that LifeTime is 11.11.0 or newer and not in maintenance mode, or unregister it there; then run the step again'
    }
    Add-Done ($saved.name + ' was unregistered in LifeTime')
}

function Register-Environment {
    $saved = Read-Registration
    foreach ($one in @(Get-Environment)) {
        if ((Get-Field $one 'Name') -eq $saved.name -or (Get-Field $one 'HostName') -eq $saved.address) {
            if ((Get-Field $one 'Key') -eq $saved.key) { Stop-Refused ('LifeTime lists ' + (Get-Field $one 'Name') + ' with the key that it had before') 'unregister it first; where it was registered since and got the same key again, `envclone runbook done` records the step' }
            Add-Done ('LifeTime lists ' + (Get-Field $one 'Name') + ' already')
            return
        }
    }
    $roles = @()
    foreach ($role in $saved.roles) {
        $body = [ordered]@{ RoleKey = $role.key; PermissionLevel = 0; CanCreateApplications = $false; CanAddDependenciesToSystem = $false }
        if ($null -ne $role.permission) {
            $body['PermissionLevel'] = [int]$role.permission.level
            $body['CanCreateApplications'] = [bool]$role.permission.create_applications
            $body['CanAddDependenciesToSystem'] = [bool]$role.permission.add_dependencies_to_system
        }
        $roles += $body
    }
    $request = [ordered]@{
        EnvironmentName = $saved.name
        EnvironmentAddress = $saved.address
        ServiceCenterUsername = $ServiceCenterUser
        ServiceCenterPassword = (Get-PlainText (Read-Secret ('Password of ' + $ServiceCenterUser)))
        LifeTimeAddress = $LifeTimeOwnAddress
        EnvironmentPosition = [int]$saved.position
        OverridePreviousLifetime = $false
    }
    if ($roles.Length -gt 0) { $request['EnvironmentRolePermissions'] = $roles }
    $text = ConvertTo-Json -InputObject $request -Depth 8
    $request = $null
    $script:Doing = 'registering ' + $saved.name
    $reply = Invoke-LifeTime 'POST' 'environments/' $text
    $text = $null
    if (-not (Wait-Listed $saved.name $true)) {
        Stop-Failed ('LifeTime does not list ' + $saved.name + ': ' + $reply['Status'] + ' ' + $reply['Error']) 'see that both reach each other by HTTPS, and that their licenses have the same activation code; then run the step again'
    }
    Add-Done ($saved.name + ' was registered in LifeTime')
}
