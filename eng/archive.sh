#!/usr/bin/env bash
# Builds an archive of Attune that needs no .NET: artifacts/attune-VERSION-RID.tar.gz. Usage: eng/archive.sh [linux-x64 | linux-arm64]
# The native library is not in it: it is built on first use, for the libtorch of the machine that runs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
rid=${1:-linux-x64}

publish=(dotnet publish src/Attune.Cli -c Release -r "$rid" --self-contained --nologo -v quiet -p:PublishReadyToRun=true)
version=$("${publish[@]}" -p:RunAnalyzers=false -p:DebugSymbols=false -p:DebugType=none -p:UseSharedCompilation=true \
  -o "artifacts/archive/$rid" --getProperty:Version)
name=attune-$version-$rid
rm -rf "artifacts/$name"
mv "artifacts/archive/$rid" "artifacts/$name"
cp -r LICENSE README.md CHANGELOG.md recipes "artifacts/$name/"
mkdir "artifacts/$name/data"
cp -r data/frontdesk "artifacts/$name/data/"
rm -rf "artifacts/$name/data/frontdesk/make"
tar -C artifacts -czf "artifacts/$name.tar.gz" "$name"
rm -rf "artifacts/$name"
echo "artifacts/$name.tar.gz"
