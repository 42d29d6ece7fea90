# ---- The folders share and BAR, and no other ones

function Test-Link([IO.FileSystemInfo]$Item) {
    return (($Item.Attributes -band [IO.FileAttributes]::ReparsePoint) -ne 0)
}

# Paths of more than 260 characters need a prefix, which .NET takes as long as it finds the folder by it.
function Get-LongPath([string]$Path) {
    $long = '\\?\' + $Path
    if ([IO.Directory]::Exists($long)) { return $long }
    return $Path
}

# A link is deleted, not what it leads to. What can't be deleted is named, and the rest is deleted all the same.
function Remove-Content([IO.DirectoryInfo]$Folder, [hashtable]$Found) {
    try { $items = @($Folder.GetFileSystemInfos()) }
    catch {
        $Found['Left'] += ($Folder.FullName + ': ' + $_.Exception.GetBaseException().Message)
        return
    }
    foreach ($item in $items) {
        $before = $Found['Left'].Length
        try {
            $link = Test-Link $item
            if ($item -is [IO.DirectoryInfo] -and -not $link) { Remove-Content $item $Found }
            elseif (-not $link -and $item.IsReadOnly) { $item.IsReadOnly = $false }
            # A folder that is not empty was named by what is in it.
            if ($Found['Left'].Length -eq $before) {
                $item.Delete()
                if ($link -or $item -is [IO.FileInfo]) { $Found['Files']++ }
            }
        } catch {
            $Found['Left'] += ($item.FullName + ': ' + $_.Exception.GetBaseException().Message)
        }
    }
}

function Clear-PlatformFolder([string]$Path) {
    foreach ($name in @(Get-RunningService)) {
        Stop-Refused ($name + ' still runs') 'stop the services and IIS first: -List names the steps'
    }
    $installation = New-Object IO.DirectoryInfo($InstallFolder.TrimEnd('\'))
    $folder = New-Object IO.DirectoryInfo($Path)
    $hint = 'nothing was deleted; correct `install-folder` in the settings, and have the scripts written again'
    if ($Path -notmatch '^[A-Za-z]:\\' -or $Path -match '(^|[\\/])\.{1,2}([\\/]|$)') { Stop-Refused ($Path + ' is no absolute path without `..`') $hint }
    if ($folder.Name -ne 'share' -and $folder.Name -ne 'BAR') { Stop-Refused ($Path + ' is neither `share` nor `BAR`') $hint }
    if ($folder.Parent.FullName.TrimEnd('\') -ne $installation.FullName) { Stop-Refused ($Path + ' is not right under the installation folder') $hint }
    if (-not [IO.File]::Exists((Join-Path $installation.FullName 'ConfigurationTool.com'))) { Stop-Refused ('the folder above ' + $Path + ' has no ConfigurationTool.com, so it is no platform server''s') $hint }
    if (Test-Link $installation) { Stop-Refused 'the installation folder is a link to another one' $hint }
    if (-not $folder.Exists) {
        Add-Done ($Path + ': there is none')
        return
    }
    if (Test-Link $folder) { Stop-Refused ($Path + ' is a link to another folder') $hint }
    $script:Doing = 'deleting what is in ' + $Path
    $found = @{ Files = 0; Left = @() }
    $long = Get-LongPath $folder.FullName
    Remove-Content (New-Object IO.DirectoryInfo($long)) $found
    $left = $found['Left']
    if ($left.Length -gt 0) {
        $first = @($left | Select-Object -First 20)
        $first | ForEach-Object { Write-Line ('    not deleted: ' + $_) }
        Stop-Failed ([string]$found['Files'] + ' files were deleted in ' + $Path + ', and ' + $left.Length + ' files or folders could not be, the first: ' + $left[0]) 'see what holds them, and run the step again'
    }
    Add-Done ([string]$found['Files'] + ' files deleted in ' + $Path)
}
