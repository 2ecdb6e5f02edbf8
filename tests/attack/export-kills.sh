#!/bin/bash
# Kills `attune feedback export --force` at its first, second, … rename: there must be a whole export under its name after each.
. "$(dirname "$0")/common.sh"

pairs 1000 > "$scratch/pairs.jsonl"
$attune feedback import "$scratch/pairs.jsonl" --project hotel --new --folder "$scratch/studio" > /dev/null
export="feedback export --project hotel --folder $scratch/studio --output $scratch/export"
$attune $export > /dev/null
for at in 1 2 3 4 5 6; do
  for call in rename renameat renameat2 rmdir; do
    if strace -qq -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$at" $attune $export --force > /dev/null 2>&1; then
      continue                          # it has no such call
    fi
    [ -e "$scratch/export/manifest.json" ] || fail "no export after a kill at $call $at: $(ls "$scratch")"
    [ "$(wc -l < "$scratch/export/train.jsonl")" = 1000 ] || fail "the export is not whole after a kill at $call $at"
    echo "killed at $call $at: whole"
  done
done
echo "held: there was a whole export after every kill"
