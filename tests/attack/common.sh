# Shared by the scripts of this folder: the program, a scratch folder, a file of pairs.
set -euo pipefail
cd "$(dirname "$0")/../.."
attune="dotnet ${ATTUNE_DLL:-src/Attune.Cli/bin/Release/net10.0/attune.dll}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

pairs() {      # pairs COUNT: decided pairs
  awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++)
    printf "{\"prompt\": \"prompt %d\", \"chosen\": \"good %d\", \"rejected\": \"bad %d\"}\n", i, i, i }'
}

open_pairs() { # open_pairs COUNT: pairs without a decision
  awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++)
    printf "{\"prompt\": \"prompt %d\", \"completions\": [\"one %d\", \"other %d\"]}\n", i, i, i }'
}

fail() { echo "FAILED: $*" >&2; exit 1; }
