# ---- IIS

function Set-Iis([string]$Verb, [string]$State) {
    $program = Join-Path $env:SystemRoot 'System32\iisreset.exe'
    Invoke-Program -Path $program -Arguments @($Verb) -Minutes 10
    $until = [DateTime]::UtcNow.AddMinutes(10)
    while ($true) {
        $service = Find-PlatformService @('W3SVC')
        if ($null -eq $service -or $service.State -eq $State) { return }
        if ([DateTime]::UtcNow -ge $until) {
            Stop-Failed ('IIS is ' + $service.State + ' after 10 minutes, and should be ' + $State) 'look into the System event log'
        }
        Start-Sleep -Seconds 1
    }
}

function Stop-Iis { Set-Iis '/stop' 'Stopped' }

function Start-Iis { Set-Iis '/start' 'Running' }
