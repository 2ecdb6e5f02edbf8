#!/bin/bash
# Opens 1,500 connections that send nothing, and 20 that send a byte a second, to a studio that may open 1,024 files.
. "$(dirname "$0")/common.sh"

(ulimit -n 1024; exec $attune studio --folder "$scratch/studio" --listen 127.0.0.1:0) > "$scratch/out" 2>&1 &
studio=$!
until grep -q "Attune Studio" "$scratch/out"; do sleep 0.1; done
grep "attune:" "$scratch/out" || fail "the studio did not say that it accepts few connections"
port=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\).*|\1|p' "$scratch/out")

(
  ulimit -n 4096
  for ((i = 0; i < 1500; i++)); do
    exec {socket}<>"/dev/tcp/127.0.0.1/$port"
  done
  sleep 90
) & clients=$!
for ((i = 0; i < 20; i++)); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port"; while printf G >&3; do sleep 1; done) 2> /dev/null &
done
for ((second = 0; second < 80; second++)); do
  kill -0 $studio 2> /dev/null || fail "the studio ended after $second seconds: $(tail -3 "$scratch/out")"
  sleep 1
done
echo "descriptors of the studio at the end: $(ls /proc/$studio/fd | wc -l)"
pkill -P $clients || true
kill $clients 2> /dev/null || true
wait $clients 2> /dev/null || true
curl -sf -o /dev/null --max-time 10 "http://127.0.0.1:$port/" || fail "no page after the clients were gone"
kill -INT $studio
wait $studio || fail "exit code $?"
echo "held: the studio lived, and answered when the idle clients were gone"
