#!/bin/bash
# Stops a studio by SIGINT and SIGTERM: its file alone must then have everything.
. "$(dirname "$0")/common.sh"

pairs 5000 > "$scratch/pairs.jsonl"
for signal in INT TERM; do
  rm -rf "$scratch/studio" "$scratch/copy.db"
  # A shell ignores SIGINT in the background.
  env --default-signal=INT $attune studio --folder "$scratch/studio" --listen 127.0.0.1:0 > "$scratch/out" 2>&1 &
  studio=$!
  until grep -q "Attune Studio" "$scratch/out"; do sleep 0.1; done
  $attune feedback import "$scratch/pairs.jsonl" --project hotel --new --folder "$scratch/studio" > /dev/null
  kill -$signal $studio
  wait $studio || fail "exit code $? after SIG$signal"
  cp "$scratch/studio/studio.db" "$scratch/copy.db"
  found=$($attune feedback list --folder "$scratch/copy.db")
  [ "$found" = "hotel: 5,000 items, 5,000 of 5,000 annotations" ] || fail "after SIG$signal the file has: $found"
  echo "SIG$signal: $found"
done
echo "held: the file was whole after every stop"
