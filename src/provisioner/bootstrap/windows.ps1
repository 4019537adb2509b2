# Fetches the agent of this workspace from the server and runs it.
$ErrorActionPreference = "Stop"
$ProgressPreference = "SilentlyContinue"
$address = "${ACCESS_URL}bin/coder-{{system}}-{{processor}}.exe"
$directory = $env:BINARY_DIR
if (-not $directory) { $directory = Join-Path $env:TEMP ([guid]::NewGuid()) }
New-Item -ItemType Directory -Force -Path $directory | Out-Null
$binary = Join-Path $directory "coder.exe"

# A failed start stays for a day so that its output can be read.
trap {
    Write-Host "The agent did not start: $_. This output stays for 24 hours."
    Start-Sleep -Seconds 86400
    exit 1
}

[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
while ($true) {
    try {
        Invoke-WebRequest -UseBasicParsing -Uri $address -OutFile $binary
        break
    } catch {
        Write-Host "Cannot fetch $address yet; next try in 30 seconds."
        Start-Sleep -Seconds 30
    }
}

$env:CODER_AGENT_AUTH = "${AUTH_TYPE}"
$env:CODER_AGENT_URL = "${ACCESS_URL}"
$version = & $binary --version | Select-Object -First 1
if ($version -notmatch "Coder") {
    Write-Host "What came from $address is not an agent; it calls itself: $version"
    exit 2
}
& $binary agent
if ($LASTEXITCODE -ne 0) { throw "status $LASTEXITCODE" }
