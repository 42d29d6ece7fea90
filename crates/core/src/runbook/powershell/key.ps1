# ---- private.key. It is compared by its fingerprint, as `envclone runbook identity` prints it: BLAKE3 over the key's 16 bytes.

$KeyHint = 'take the file from a backup of this server, or move it away for a new key; never take the source''s'
$Word = [uint64]4294967295

function Invoke-Quarter($State, [int]$A, [int]$B, [int]$C, [int]$D, [uint64]$X, [uint64]$Y) {
    $shifts = @(@(16, 12), @(8, 7))
    $words = @($X, $Y)
    for ($half = 0; $half -lt 2; $half++) {
        $State[$A] = ($State[$A] + $State[$B] + $words[$half]) -band $Word
        $mixed = $State[$D] -bxor $State[$A]
        $by = $shifts[$half][0]
        $State[$D] = (($mixed -shr $by) -bor ($mixed -shl (32 - $by))) -band $Word
        $State[$C] = ($State[$C] + $State[$D]) -band $Word
        $mixed = $State[$B] -bxor $State[$C]
        $by = $shifts[$half][1]
        $State[$B] = (($mixed -shr $by) -bor ($mixed -shl (32 - $by))) -band $Word
    }
}

# One block that is a whole message: flags 1 (begin), 2 (end) and 8 (root).
function Get-Fingerprint([byte[]]$Bytes) {
    $start = [uint64[]]@(1779033703, 3144134277, 1013904242, 2773480762, 1359893119, 2600822924, 528734635, 1541459225)
    $state = [uint64[]]($start + $start[0..3] + @([uint64]0, [uint64]0, [uint64]$Bytes.Length, [uint64]11))
    $message = New-Object 'uint64[]' 16
    for ($at = 0; $at -lt $Bytes.Length; $at++) {
        $index = [int][Math]::Floor($at / 4)
        $message[$index] = $message[$index] -bor ([uint64]$Bytes[$at] -shl (8 * ($at % 4)))
    }
    $order = @(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
    for ($round = 0; $round -lt 7; $round++) {
        for ($column = 0; $column -lt 4; $column++) {
            Invoke-Quarter $state $column (4 + $column) (8 + $column) (12 + $column) $message[2 * $column] $message[2 * $column + 1]
        }
        for ($line = 0; $line -lt 4; $line++) {
            Invoke-Quarter $state $line (4 + ($line + 1) % 4) (8 + ($line + 2) % 4) (12 + ($line + 3) % 4) $message[8 + 2 * $line] $message[9 + 2 * $line]
        }
        $message = [uint64[]]@($order | ForEach-Object { $message[$_] })
    }
    $text = ''
    for ($at = 0; $at -lt 8; $at++) {
        $value = $state[$at] -bxor $state[$at + 8]
        for ($byte = 0; $byte -lt 4; $byte++) { $text += '{0:x2}' -f (($value -shr (8 * $byte)) -band [uint64]255) }
    }
    return $text
}

# Whether the comparison can be trusted on this machine: a known answer, looked at before any key is.
function Test-Fingerprint {
    try { return ((Get-Fingerprint ([Text.Encoding]::ASCII.GetBytes('0123456789abcdef'))) -eq $KnownFingerprint) }
    catch { return $false }
}

# Lines that begin with -- are comments; the first other one is the key.
function Read-Key([string]$Path) {
    foreach ($line in [IO.File]::ReadAllLines($Path)) {
        $text = $line.Trim()
        if ($text -eq '' -or $text.StartsWith('--')) { continue }
        try { $bytes = [Convert]::FromBase64String($text) }
        catch { Stop-Failed ($Path + ' can''t be used: its key is not base64') $KeyHint }
        if ($bytes.Length -ne 16) { Stop-Failed ($Path + ' can''t be used: its key has not 16 bytes') $KeyHint }
        return , $bytes
    }
    Stop-Failed ($Path + ' can''t be used: there is no key in it') $KeyHint
}

# Whether a key is the source's. Where this machine can't tell, a person does.
function Test-SourceKey([byte[]]$Key) {
    if (Test-Fingerprint) { return ((Get-Fingerprint $Key) -eq $SourceKey.Trim().ToLowerInvariant()) }
    Write-Line ('The source''s fingerprint is ' + $SourceKey)
    Write-Line 'This PowerShell can''t compute the fingerprint. Run `envclone runbook identity` on this machine.'
    $answer = Read-Answer 'Are both the same? (same/different)'
    if ($answer -ne 'same' -and $answer -ne 'different') {
        Stop-Refused 'whether the key is the source''s was not said' 'compare the fingerprints, and run the step again'
    }
    return ($answer -eq 'same')
}

function Set-OwnKey([string]$Path) {
    $new = $Path + '.partial'
    # One that was cut off may have left it.
    [IO.File]::Delete($new)
    if ([IO.File]::Exists($Path)) {
        $key = Read-Key $Path
        if ($SourceKey -eq '') {
            Stop-Refused 'whether the key is the source''s can''t be told: the settings have no `key` of `[runbook.source]`' 'run `envclone runbook identity` on the source''s controller, put what it prints into the settings, and have the scripts written again'
        }
        if (-not (Test-SourceKey $key)) {
            Add-Done 'the key is the environment''s own, and was left'
            return
        }
    }
    $bytes = New-Object 'byte[]' 16
    $random = New-Object Security.Cryptography.RNGCryptoServiceProvider
    try { $random.GetBytes($bytes) } finally { $random.Dispose() }
    $lines = @(
        '-- The key of this environment. Every server of its farm has the same, no other environment has it.'
        '-- Keep a copy in a safe place: without it, nothing that it encrypted can be decrypted.'
        [Convert]::ToBase64String($bytes)
        ''
    )
    try {
        [IO.File]::WriteAllText($new, ($lines -join "`r`n"), $Utf8)
        # A file that is there has the source's key, and that stays nowhere on this machine.
        $kept = Move-IntoPlace $new $Path $false
    } finally {
        if ([IO.File]::Exists($new)) { [IO.File]::Delete($new) }
    }
    Add-Done ('a new key was put in place' + $kept + '; every other machine of the environment needs the same file')
    if (Test-Fingerprint) { Write-Line ('    its fingerprint is ' + (Get-Fingerprint $bytes)) }
}
