# ---- LifeTime, by its API v2

[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

# Beside this script, in the form that envclone reads in the folder `runbook` of the run.
$RegistrationFile = Join-Path $PSScriptRoot 'lifetime-registration.json'
$ConnectionsFile = Join-Path $PSScriptRoot 'lifetime-connections.json'
# As LifeTime's documentation has it: the host, and nothing around it.
$LifeTimeHost = ([Uri]$LifeTimeAddress).Host.ToLowerInvariant()

# What went wrong, and what LifeTime says of it in its answer. A page for people is left out.
function Get-Said($Failure) {
    $errors = @()
    try { $errors = @(Get-Field (ConvertFrom-Json $Failure.ErrorDetails.Message) 'Errors') }
    catch { $errors = @() }
    $said = @(@([string]$Failure.Exception.Message) + $errors | Where-Object { $_ })
    return (Hide-Secret ($said -join '; '))
}

# One call. Status 0 is no answer; `Lost` says that asking again may help. Invoke-RestMethod is not used: version 5.1 of it reads
# UTF-8 as something else where the answer does not name it.
function Invoke-LifeTime([string]$Method, [string]$Path, [string]$Body) {
    $plain = Get-PlainText (Read-Secret 'Token of the LifeTime service account')
    Add-Secret $plain
    $seconds = 600
    if ($Method -eq 'GET') { $seconds = 60 }
    $call = @{
        Uri = $LifeTimeAddress + '/lifetimeapi/rest/v2/' + $Path
        Method = $Method
        Headers = @{ Authorization = 'Bearer ' + $plain; Accept = 'application/json' }
        UseBasicParsing = $true
        MaximumRedirection = 0
        TimeoutSec = $seconds
    }
    if ($Body -ne '') {
        $call['Body'] = [Text.Encoding]::UTF8.GetBytes($Body)
        $call['ContentType'] = 'application/json; charset=utf-8'
    }
    try {
        $reply = Invoke-WebRequest @call
        return @{ Status = [int]$reply.StatusCode; Text = [Text.Encoding]::UTF8.GetString($reply.RawContentStream.ToArray()); Error = ''; Lost = $false }
    } catch [Net.WebException] {
        $failure = $_
        $response = $failure.Exception.Response
        $status = 0
        if ($null -ne $response) { $status = [int]$response.StatusCode }
        $final = @('Timeout', 'TrustFailure', 'SecureChannelFailure') -contains [string]$failure.Exception.Status
        return @{ Status = $status; Text = ''; Error = (Get-Said $failure); Lost = ($status -eq 0 -and -not $final) }
    } catch [InvalidOperationException] {
        # So it is said where the answer leads to another address. The token goes nowhere else.
        return @{ Status = 300; Text = ''; Error = 'it leads to another address, which was not followed'; Lost = $false }
    } finally {
        $call = $null
        Clear-Secret
    }
}

# A question is asked up to three times where nobody answers, or a server that fails. A change is sent once.
function Get-Reply([string]$Path) {
    for ($round = 1; $round -lt 3; $round++) {
        $reply = Invoke-LifeTime 'GET' $Path ''
        if ($reply['Status'] -lt 500 -and -not $reply['Lost']) { return $reply }
        Start-Sleep -Seconds $round
    }
    return (Invoke-LifeTime 'GET' $Path '')
}

function Get-LifeTimeHint([int]$Status) {
    switch ($Status) {
        0 { return ('see that this machine reaches ' + $LifeTimeAddress + ', and trusts its certificate') }
        401 { return 'the token is not accepted: make a new one for the service account in LifeTime' }
        403 { return 'give the service account the right to manage the infrastructure in LifeTime' }
        404 { return 'this LifeTime does not have the call: it is older than 11.11.0, or the address is not LifeTime''s' }
        405 { return 'this LifeTime does not have the call: it is older than 11.11.0, or the feature is not enabled' }
    }
    return 'look into LifeTime''s own logs, and try again'
}

# What a reply says: nothing where there is nothing (204), and never its text in a message.
function Get-Value($Reply, [string]$What) {
    $status = $Reply['Status']
    if ($status -lt 200 -or $status -gt 299) { Stop-Failed ('LifeTime did not ' + $What + ': ' + $status + ' ' + $Reply['Error']) (Get-LifeTimeHint $status) }
    if ($status -eq 204) { return }
    try { $value = ConvertFrom-Json $Reply['Text'] }
    catch { Stop-Failed ('the answer to the question to ' + $What + ' is not JSON') 'see that the address in the settings is LifeTime''s, and that nothing answers in its place' }
    return $value
}

function Get-Field($Object, [string]$Name) {
    $property = $Object.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    return $property.Value
}

function Get-Environment {
    foreach ($one in (Get-Value (Get-Reply 'environments/') 'list its environments')) { $one }
}

function Find-Environment([string]$NameOrKey) {
    $found = @(Get-Environment | Where-Object { (Get-Field $_ 'Name') -eq $NameOrKey -or (Get-Field $_ 'Key') -eq $NameOrKey })
    if ($found.Length -gt 1) { Stop-Failed ('LifeTime lists more than one environment as `' + $NameOrKey + '`') 'name it by its key in the settings' }
    if ($found.Length -eq 0) { return $null }
    return $found[0]
}

# Which database connections the environment has, for `envclone runbook do`, which makes them again. Their parameters are not
# kept: they can hold a password. A LifeTime that can't list them is no reason to stop.
function Save-Connection([string]$Key) {
    $reply = Get-Reply ('environments/' + [Uri]::EscapeDataString($Key) + '/dbconnections/')
    $had = @()
    if ($reply['Status'] -ne 404 -and $reply['Status'] -ne 405) {
        foreach ($one in (Get-Value $reply 'list database connections')) {
            $had += [ordered]@{
                name = [string](Get-Field $one 'dbConnectionName')
                description = [string](Get-Field $one 'description')
                provider = [string](Get-Field $one 'providerName')
            }
        }
    }
    [IO.File]::WriteAllText($ConnectionsFile, (ConvertTo-Json -InputObject $had -Depth 8), $Utf8)
}

# The environment that LifeTime would lose, or get, must not be the one that was copied.
function Assert-NotTheSource([string]$Name, [string]$Address) {
    foreach ($source in $SourceAddresses) {
        if (Test-SameHost $Address $source) { Stop-Refused ('LifeTime reaches `' + $Name + '` at ' + $Address + ', which is the source''s') '`environment` of `[runbook.lifetime]` is the environment that gets the copy' }
    }
}

# What it takes to register the environment again. There are no secrets in it.
function Save-Registration {
    $environment = Find-Environment $LifeTimeEnvironment
    if ($null -eq $environment) { Stop-Failed ('LifeTime lists no environment `' + $LifeTimeEnvironment + '`') '`environment` of `[runbook.lifetime]` is what LifeTime calls it' }
    $address = Get-Field $environment 'HostName'
    $position = Get-Field $environment 'Order'
    if ($null -eq $address -or $null -eq $position) { Stop-Failed 'LifeTime does not say the address or the position of the environment, and without it it could not be registered again' 'take this step in LifeTime itself' }
    Assert-NotTheSource (Get-Field $environment 'Name') $address
    $key = Get-Field $environment 'Key'
    $roles = @()
    foreach ($role in (Get-Value (Get-Reply 'roles/?IncludeEnvPermissions=true') 'list its roles')) {
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
        lifetime = $LifeTimeHost
        key = $key
        name = (Get-Field $environment 'Name')
        address = $address
        position = [int]$position
        use_https = (Get-Field $environment 'UseHTTPS')
        os_version = (Get-Field $environment 'OSVersion')
        environment_type = (Get-Field $environment 'EnvironmentType')
        roles = $roles
    }
    Save-Connection $key
    # The last to be written: once it is there, nothing is saved again. Without a mark of its encoding, which a reader of JSON
    # would stumble over.
    [IO.File]::WriteAllText($RegistrationFile, (ConvertTo-Json -InputObject $saved -Depth 8), $Utf8)
    Add-Done ('what LifeTime knows of it is in ' + $RegistrationFile + ' and ' + $ConnectionsFile + '; copy both into the folder `runbook` of the run')
}

function Read-Registration {
    if (-not [IO.File]::Exists($RegistrationFile)) { Stop-Refused ('there is no ' + $RegistrationFile) 'it is written when the environment is unregistered; where envclone did that, copy it from the folder `runbook` of the run' }
    try { $saved = ConvertFrom-Json ([IO.File]::ReadAllText($RegistrationFile, $Utf8)) }
    catch { Stop-Failed ($RegistrationFile + ' is not JSON') 'copy it from the folder `runbook` of the run, or move it away where the environment is still registered' }
    if ((Get-Field $saved 'format') -ne 1) { Stop-Failed ($RegistrationFile + ' has another format than 1') 'have the scripts written by the envclone that wrote it' }
    # Somebody may have put another one here.
    Assert-NotTheSource $saved.name $saved.address
    return $saved
}

# Until when a change is looked for that was sent once. Where LifeTime refused it, nothing was changed.
function Get-LookedForUntil($Reply, [string]$What) {
    $status = $Reply['Status']
    if ($status -ge 300 -and $status -lt 500) {
        $script:Doing = ''
        Stop-Failed ('LifeTime did not ' + $What + ', and nothing was changed: ' + $status + ' ' + $Reply['Error']) (Get-LifeTimeHint $status)
    }
    # LifeTime itself says that it failed, so it is done with it. Else it, or what stands before it, may still be at it.
    if ($status -ge 500 -and @(502, 503, 504) -notcontains $status) { return [DateTime]::UtcNow }
    return [DateTime]::UtcNow.AddSeconds(60)
}

# Who is listed by this name or at this address.
function Find-Registered($Saved) {
    foreach ($one in @(Get-Environment)) {
        if ((Get-Field $one 'Name') -eq $Saved.name -or (Get-Field $one 'HostName') -eq $Saved.address) { $one }
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
    $until = Get-LookedForUntil $reply ('unregister ' + $saved.name)
    while ($null -ne (Find-Environment $saved.key)) {
        if ([DateTime]::UtcNow -ge $until) {
            Stop-Failed ('LifeTime still lists ' + $saved.name + ': ' + $reply['Status'] + ' ' + $reply['Error']) 'see that LifeTime is 11.11.0 or newer and not in maintenance mode, or unregister it there; then run the step again'
        }
        Start-Sleep -Seconds 5
    }
    Add-Done ($saved.name + ' was unregistered in LifeTime')
}

function Register-Environment {
    $saved = Read-Registration
    $found = @(Find-Registered $saved)
    # With the key that was saved, it may be the registration of before the refresh. Another key is a new one.
    $again = @($found | Where-Object { (Get-Field $_ 'Key') -ne $saved.key -and (Get-Field $_ 'Name') -eq $saved.name -and (Get-Field $_ 'HostName') -eq $saved.address })
    if ($again.Length -gt 0) {
        Add-Done ('LifeTime lists ' + $saved.name + ' already, with the new key ' + (Get-Field $again[0] 'Key'))
        return
    }
    if ($found.Length -gt 0) {
        $hint = 'see in LifeTime what it is: no two environments have one name or one address'
        if ((Get-Field $found[0] 'Key') -eq $saved.key) { $hint = 'its key is the one of before the refresh: take the step that unregisters the environment first; where somebody registered it since, record this step' }
        Stop-Refused ('nothing was registered: LifeTime lists `' + (Get-Field $found[0] 'Name') + '` at `' + (Get-Field $found[0] 'HostName') + '`') $hint
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
    $password = Get-PlainText (Read-Secret ('Password of ' + $ServiceCenterUser))
    $request = [ordered]@{
        EnvironmentName = $saved.name
        EnvironmentAddress = $saved.address
        ServiceCenterUsername = $ServiceCenterUser
        ServiceCenterPassword = $password
        LifeTimeAddress = $LifeTimeHost
        EnvironmentPosition = [int]$saved.position
        OverridePreviousLifetime = $false
    }
    if ($roles.Length -gt 0) { $request['EnvironmentRolePermissions'] = $roles }
    $text = ConvertTo-Json -InputObject $request -Depth 8
    $request = $null
    $script:Doing = 'registering ' + $saved.name
    Add-Secret $password
    $reply = Invoke-LifeTime 'POST' 'environments/' $text
    $text = $null
    $password = $null
    $until = Get-LookedForUntil $reply ('register ' + $saved.name)
    $found = @(Find-Registered $saved)
    while ($found.Length -eq 0) {
        if ([DateTime]::UtcNow -ge $until) {
            Stop-Failed ('LifeTime does not list ' + $saved.name + ': ' + $reply['Status'] + ' ' + $reply['Error']) 'see that both reach each other by HTTPS, and that their licenses have the same activation code; then run the step again'
        }
        Start-Sleep -Seconds 5
        $found = @(Find-Registered $saved)
    }
    Add-Done ($saved.name + ' was registered in LifeTime with the key ' + (Get-Field $found[0] 'Key'))
}
