#!/bin/bash
# Tries to sign in with names of a megabyte and with 600 different names, in a heap of 256 MiB.
. "$(dirname "$0")/common.sh"

$attune studio invite Olga --role owner --folder "$scratch/studio" > /dev/null 2>&1
DOTNET_GCHeapHardLimit=0x10000000 $attune studio --folder "$scratch/studio" --listen 127.0.0.1:0 > "$scratch/out" 2>&1 &
studio=$!
until grep -q "Attune Studio" "$scratch/out"; do sleep 0.1; done
site=$(grep -o 'http://127.0.0.1:[0-9]*' "$scratch/out")
page=$(curl -s -c "$scratch/cookies" "$site/sign-in")
token=$(sed -n 's/.*name="form-token" content="\([^"]*\)".*/\1/p' <<< "$page")
memory() { awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$studio/status"; }

before=$(memory)
head -c 1000000 /dev/zero | tr '\0' a > "$scratch/name"
for ((i = 0; i < 40; i++)); do
  curl -s -o /dev/null -w '%{http_code}\n' -b "$scratch/cookies" -H "RequestVerificationToken: $token" -H Expect: \
    --data "password=x&name=$i" --data "@$scratch/name" "$site/sign-in" || true
done > "$scratch/codes"
for ((i = 0; i < 600; i++)); do
  echo "url = \"$site/sign-in\""; echo "data = \"password=x&name=$i\""; echo "output = /dev/null"
  echo "cookie = \"$scratch/cookies\""; echo "header = \"RequestVerificationToken: $token\""; echo 'write-out = "%{http_code}\n"'; echo next
done > "$scratch/requests"
sed -i '$d' "$scratch/requests"
curl -s -K "$scratch/requests" >> "$scratch/codes" || true
echo "status codes: $(sort "$scratch/codes" | uniq -c | tr '\n' ' ')"
echo "memory: $before MiB before, $(memory) MiB after"
grep -q '^500' "$scratch/codes" && fail "the studio answered 500"
[ "$(memory)" -lt $((before + 150)) ] || fail "the studio holds $(memory) MiB"
kill -INT $studio
wait $studio || fail "exit code $?"
echo "held: memory was bounded"
