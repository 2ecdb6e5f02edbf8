#!/bin/bash
# Kills `attune feedback restore --force` at its first, second, … rename: there must be a whole store under its name after each.
. "$(dirname "$0")/common.sh"

pairs 20000 > "$scratch/backup.jsonl"
pairs 100 > "$scratch/old.jsonl"
$attune feedback import "$scratch/backup.jsonl" --project hotel --new --folder "$scratch/source" > /dev/null
$attune feedback backup "$scratch/backup.db" --folder "$scratch/source" > /dev/null
for at in 1 2 3 4 5 6; do
  for call in rename renameat renameat2 link; do
    rm -rf "$scratch/studio"
    $attune feedback import "$scratch/old.jsonl" --project hotel --new --folder "$scratch/studio" > /dev/null
    if strace -qq -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$at" \
        $attune feedback restore "$scratch/backup.db" --folder "$scratch/studio" --force > /dev/null 2>&1; then
      continue                          # it has no such call
    fi
    [ -s "$scratch/studio/studio.db" ] || fail "no store after a kill at $call $at"
    found=$($attune feedback list --folder "$scratch/studio")
    case "$found" in
      "hotel: 100 items, 100 of 100 annotations" | "hotel: 20,000 items, 20,000 of 20,000 annotations") ;;
      *) fail "after a kill at $call $at the store says: $found" ;;
    esac
    echo "killed at $call $at: $found"
  done
done
echo "held: there was a whole store after every kill"
