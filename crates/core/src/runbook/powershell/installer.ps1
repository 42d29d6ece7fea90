# ---- The platform's installer

# Its exit codes are documented: 1 is done with a restart of the machine left, 2 is failed. What is installed in the right
# version is not installed again.
function Invoke-PlatformInstaller([string]$Path, [object[]]$Arguments, [int]$Minutes) {
    $installed = Get-InstalledVersion
    if ($DatabaseVersion -ne '' -and $installed -eq $DatabaseVersion) {
        Add-Done ('the platform is installed in the version of the database, ' + $installed + ', and was left')
        return
    }
    try { $code = Start-Program $Path $Arguments $Minutes }
    finally { Clear-Secret }
    if ($code -eq 1) {
        $script:Restart = $true
        Add-Done ($Path + ' ended with 1: it is installed, and the machine has to be restarted')
        return
    }
    Assert-ExitCode $Path $code 'its output stands above; 2 says of this installer that it failed'
}
