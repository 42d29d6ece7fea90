# ---- The folders share and BAR, and no other ones

function Test-Link([IO.FileSystemInfo]$Item) {
    return (($Item.Attributes -band [IO.FileAttributes]::ReparsePoint) -ne 0)
}

# A link is deleted, not what it leads to.
function Remove-Content([IO.DirectoryInfo]$Folder) {
    $count = 0
    foreach ($item in $Folder.GetFileSystemInfos()) {
        if ($item -is [IO.DirectoryInfo]) {
            if (-not (Test-Link $item)) { $count += (Remove-Content $item) }
            $item.Delete()
        } else {
            if (-not (Test-Link $item) -and $item.IsReadOnly) { $item.IsReadOnly = $false }
            $item.Delete()
            $count++
        }
    }
    return $count
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
    $count = Remove-Content $folder
    Add-Done ([string]$count + ' files deleted in ' + $Path)
}
