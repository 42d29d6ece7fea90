# ---- Services. The Scheduler is the first to stop and the last to start, and disabled in between: the Configuration Tool
# ---- starts what is only stopped. One that is not on this machine is fine.

$SchedulerNames = @('OutSystems Scheduler Service', 'OutSystems Scheduler')
$SmsConnectorNames = @('OutSystems SMS Connector Service', 'OutSystems SMS Connector')
$DeploymentNames = @('OutSystems Deployment Service', 'OutSystems Deployment')
$ControllerNames = @('OutSystems Deployment Controller Service', 'OutSystems Deployment Controller')
$LogNames = @('OutSystems Log Service', 'OutSystems Log')

# The platform's documentation: ask again every 30 seconds; a first answer that is an error need not be the last word.
$AskAgainSeconds = 30
$PatienceSeconds = 600

function Find-PlatformService([string[]]$Names) {
    foreach ($name in $Names) {
        foreach ($service in @(Get-CimInstance -ClassName Win32_Service)) {
            if ($service.DisplayName -eq $name -or $service.Name -eq $name) { return $service }
        }
    }
    return $null
}

function Wait-ServiceState([string[]]$Names, [string]$State) {
    $began = [DateTime]::UtcNow
    $asked = $null
    $said = ''
    while ($true) {
        $service = Find-PlatformService $Names
        if ($null -eq $service) { return }
        if ($service.State -eq $State) { return }
        if ($State -eq 'Running' -and $service.StartMode -eq 'Disabled') {
            Stop-Failed ('`' + $service.DisplayName + '` is disabled, so it can''t start') 'set its start type, and run the step again'
        }
        $now = [DateTime]::UtcNow
        if (($now - $began).TotalSeconds -ge $PatienceSeconds) {
            Stop-Failed ('`' + $service.DisplayName + '` is ' + $service.State + ' after ' + $PatienceSeconds + ' s, and should be ' + $State + '. ' + $said) 'look into the Application event log, put it right, and run the step again'
        }
        $onItsWay = ($State -eq 'Stopped' -and $service.State -eq 'Stop Pending') -or ($State -eq 'Running' -and @('Start Pending', 'Continue Pending') -contains $service.State)
        if (-not $onItsWay -and ($null -eq $asked -or ($now - $asked).TotalSeconds -ge $AskAgainSeconds)) {
            $asked = $now
            $script:Doing = 'asking ' + $service.DisplayName + ' to be ' + $State
            try {
                # Both only ask. Start-Service would wait by itself, without a limit, as long as the service is starting.
                $controller = Get-Service -Name $service.Name
                if ($State -eq 'Stopped') { $controller.Stop() } else { $controller.Start() }
            } catch {
                $said = [string]$_.Exception.GetBaseException().Message
                Write-Line ('    ' + $service.DisplayName + ': ' + $said + '; asked again in ' + $AskAgainSeconds + ' s')
            }
        }
        Start-Sleep -Seconds 1
    }
}

function Disable-Scheduler {
    $service = Find-PlatformService $SchedulerNames
    if ($null -eq $service) {
        Add-Done 'OutSystems Scheduler Service: not on this machine'
        return
    }
    $script:Doing = 'disabling and stopping the Scheduler'
    # Disabled before it is stopped: nothing can start it in between.
    Set-Service -Name $service.Name -StartupType Disabled
    Wait-ServiceState $SchedulerNames 'Stopped'
    Set-Service -Name $service.Name -StartupType Disabled
    Add-Done ($service.DisplayName + ': disabled and stopped')
}

function Stop-PlatformServices {
    Disable-Scheduler
    foreach ($names in @($SmsConnectorNames, $DeploymentNames, $ControllerNames, $LogNames)) {
        $service = Find-PlatformService $names
        if ($null -eq $service) {
            Add-Done ($names[0] + ': not on this machine')
            continue
        }
        Wait-ServiceState $names 'Stopped'
        Add-Done ($service.DisplayName + ': stopped')
    }
}

# All but the Scheduler.
function Start-PlatformServices {
    Disable-Scheduler
    foreach ($names in @($LogNames, $ControllerNames, $DeploymentNames, $SmsConnectorNames)) {
        $service = Find-PlatformService $names
        if ($null -eq $service) {
            Add-Done ($names[0] + ': not on this machine')
        } elseif ($service.StartMode -eq 'Disabled' -and $service.State -eq 'Stopped') {
            Add-Done ($service.DisplayName + ': disabled, left so')
        } else {
            Wait-ServiceState $names 'Running'
            Add-Done ($service.DisplayName + ': running')
        }
    }
}

# The gate. This script can't see the copy's rows, so a person says what `envclone release-check` said.
$script:Released = $false
function Confirm-ReleaseCheck {
    Write-Line 'From here on timers, mails and processes run, as the copy has them.'
    Write-Line '`envclone runbook show` must say that the release check is done: nothing would fire, or somebody decided by name.'
    $answer = Read-Answer 'Type "release-check is green" to go on'
    if ($answer -cne 'release-check is green') {
        Stop-Refused 'the Scheduler was not released: nobody said that the release check is green' 'run `envclone release-check`, and record its step; then run this step again'
    }
    $script:Released = $true
}

function Start-Scheduler {
    if (-not $script:Released) {
        Stop-Refused 'the Scheduler was not released: the release check was not confirmed' 'run the step as a whole'
    }
    $service = Find-PlatformService $SchedulerNames
    if ($null -eq $service) {
        Add-Done 'OutSystems Scheduler Service: not on this machine'
        return
    }
    $script:Doing = 'releasing the Scheduler'
    Set-Service -Name $service.Name -StartupType Automatic
    Wait-ServiceState $SchedulerNames 'Running'
    Add-Done ($service.DisplayName + ': running')
}

function Assert-SchedulerHeld {
    $service = Find-PlatformService $SchedulerNames
    if ($null -eq $service) { return }
    if ($service.StartMode -ne 'Disabled' -or $service.State -ne 'Stopped') {
        Stop-Refused ('the Configuration Tool was not started, since it would start the Scheduler: `' + $service.DisplayName + '` is ' + $service.State + ', start type ' + $service.StartMode) 'take the step that disables the Scheduler first'
    }
}

# The services and IIS that are not stopped.
function Get-RunningService {
    foreach ($names in @($SchedulerNames, $SmsConnectorNames, $DeploymentNames, $ControllerNames, $LogNames, @('W3SVC'))) {
        $service = Find-PlatformService $names
        if ($null -ne $service -and $service.State -ne 'Stopped') { $service.DisplayName }
    }
}
