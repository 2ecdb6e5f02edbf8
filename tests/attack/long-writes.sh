#!/bin/bash
# Imports 250,000 items, on the page and by the command, and changes the settings of their project, while somebody asks for the next item
# again and again.
. "$(dirname "$0")/common.sh"

most=${MOST:-2}        # seconds that a request for the next item may take on a quiet machine
open_pairs 250000 > "$scratch/items.jsonl"
open_pairs 1000 > "$scratch/few.jsonl"
$attune feedback import "$scratch/few.jsonl" --project hotel --new --folder "$scratch/studio" > /dev/null
$attune studio --folder "$scratch/studio" --listen 127.0.0.1:0 > "$scratch/out" 2>&1 &
studio=$!
trap 'kill $studio; wait $studio || true; rm -rf "$scratch"' EXIT
until grep -q "Attune Studio" "$scratch/out"; do sleep 0.1; done
address=$(grep -o 'http://[0-9.:]*' "$scratch/out")

request() {    # request PATH ARGUMENTS…: with the cookies and the form token of a page
  local path=$1; shift
  curl -sS -b "$scratch/cookies" -c "$scratch/cookies" -H "RequestVerificationToken: $token" "$@" "$address$path"
}

token=""
token=$(request /projects/1/settings | grep -o 'form-token" content="[^"]*' | cut -d'"' -f3)

ask() {        # until the file "over" is there; one line with the seconds of each request
  until [ -e "$scratch/over" ]; do
    request /api/projects/1/next -o /dev/null -w '%{time_total} %{http_code}\n' --json '{"count": 2}'
  done
}

settings() {   # settings OVERLAP ORDER
  request /projects/1/settings -o /dev/null -w "settings: %{time_total} s, %{http_code}\n" -d "name=hotel&Task=Pairwise&StrengthLevels=0" \
    -d "RatingLevels=0&Overlap=$1&OverlapPercent=50&Order=$2&RandomPercent=20&CheckEvery=0&CalibrationPercent=0&LeaseMinutes=30"
}

check() {      # check NAME: the requests that were answered since the last check
  local slowest; slowest=$(sort -g "$scratch/times" | tail -1)
  echo "$1: $(wc -l < "$scratch/times") requests for the next item; the slowest took ${slowest% *} s"
  grep -qv " 200$" "$scratch/times" && fail "a request was not answered: $(grep -v ' 200$' "$scratch/times" | head -1)"
  awk -v most=$most -v slowest="${slowest% *}" 'BEGIN { exit slowest > most }' || late="$late $1"
  : > "$scratch/times"
}

late=""
ask >> "$scratch/times" &
asking=$!
request /projects/1/items -o /dev/null -w "import: %{time_total} s, %{http_code}\n" -F "file=@$scratch/items.jsonl" -F decisions=Keep
check "import on the page"
$attune feedback import "$scratch/items.jsonl" --project hotel --folder "$scratch/studio"
check "import by the command"
settings 2 Random
settings 3 Informative
settings 1 Fixed
touch "$scratch/over"
wait $asking
check "settings"
[ -z "$late" ] || fail "a request took more than $most s:$late"
echo "held"
