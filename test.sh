#!/usr/bin/env bash
# Runs every test, or with `golden` only those against reference numbers; sets the machine up and builds first.
# ATTUNE_GOLDEN names another folder of reference numbers than tests/golden.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
eng/setup.sh tests
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export ATTUNE_GOLDEN_TALLY="$PWD/artifacts/golden-tally"
rm -rf "$ATTUNE_GOLDEN_TALLY"
mkdir "$ATTUNE_GOLDEN_TALLY"

filter=()
case "${1:-}" in
  "") ;;
  golden) filter=(--filter "Category=Golden") ;;
  *) echo "usage: ./test.sh [golden]" >&2; exit 2 ;;
esac

# Two projects at a time, as most keep one processor busy; by name backwards, so that the longest comes first.
mapfile -t assemblies < <(printf '%s\n' tests/*.Tests/bin/Release/net10.0/*.Tests.dll | sort -r)
status=0
dotnet test "${assemblies[@]}" --nologo "${filter[@]}" -- RunConfiguration.MaxCpuCount=2 || status=$?
echo
echo "Golden cases compared:"
if [ -n "$(ls "$ATTUNE_GOLDEN_TALLY")" ]; then
  awk '{ n = $1; $1 = ""; count[$0] += n } END { for (kind in count) printf "  %6d %s\n", count[kind], kind }' \
    "$ATTUNE_GOLDEN_TALLY"/* | sort -k2
else
  echo "  none"
fi
exit $status
