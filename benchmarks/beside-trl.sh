#!/usr/bin/env bash
# Times the jobs of `attune bench` and, where a Python with TRL is given, the same jobs with TRL; prints a Markdown table.
#
#   benchmarks/beside-trl.sh [JOB:PRESET ...]            # by default all jobs of S and M; "ppo+critic" is ppo --critic model
#   PYTHON=~/trl/bin/python benchmarks/beside-trl.sh ppo:S ppo+critic:S
#
#   ROUNDS (3)          how often each job is run on each side, in turn; the table has medians over the rounds
#   STEPS (3)           steps of a run, after one that is not counted
#   ATTUNE (./attune)   the command of Attune, such as one in another root
#   PYTHON              a Python with TRL; without it only Attune is timed
#   FLAGS               further options of `attune bench`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${ROUNDS:-3} steps=${STEPS:-3} python=${PYTHON:-}
read -ra attune <<< "${ATTUNE:-./attune}"
read -ra flags <<< "${FLAGS:-}"
jobs=("$@")
if [ ${#jobs[@]} -eq 0 ]; then
    for preset in S M; do
        for job in ppo ppo+critic generate sft reward dpo grpo; do jobs+=("$job:$preset"); done
    done
fi
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# The number of a key in the last line of a run's output.
number() { tail -n 1 "$1" | sed -n "s/.*\"$2\": *\([0-9.eE+-]*\).*/\1/p"; }

# Runs a command; its seconds and bytes are added to a file of the job and the side.
measure() {
    local file=$1
    shift
    if ! "$@" > "$results/output" 2> "$results/errors"; then
        tail -n 5 "$results/errors" >&2
        echo "failed: $*" >&2
        exit 1
    fi
    echo "$(number "$results/output" seconds_per_step) $(number "$results/output" peak_resident_bytes)" >> "$file"
}

median() { sort -g | awk '{ all[NR] = $1 } END { if (NR) print all[int((NR + 1) / 2)] }'; }
seconds() { cut -d ' ' -f 1 "$1" | median; }
megabytes() { cut -d ' ' -f 2 "$1" | median | awk '{ printf "%.0f", $1 / 1e6 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

for ((round = 1; round <= rounds; round++)); do
    for job in "${jobs[@]}"; do
        name=${job%%:*} preset=${job##*:}
        echo "round $round of $rounds: $name $preset" >&2
        options=()
        [ "$name" = "${name%+critic}" ] || options=(--critic model)
        method=${name%+critic}
        measure "$results/$job.attune" \
            "${attune[@]}" bench "$method" --preset "$preset" --steps "$steps" "${options[@]}" "${flags[@]}"
        [ -z "$python" ] || measure "$results/$job.trl" "$python" benchmarks/trl_jobs.py "$method" "$preset" "$steps"
    done
done

if [ -z "$python" ]; then
    echo "| job | seconds a step | memory (MB) |"
    echo "|---|---|---|"
else
    echo "| job | Attune, seconds a step | TRL | ratio | Attune, memory (MB) | TRL | ratio |"
    echo "|---|---|---|---|---|---|---|"
fi
for job in "${jobs[@]}"; do
    own=$results/$job.attune peer=$results/$job.trl
    title="\`${job%%:*}\` ${job##*:}"
    if [ -z "$python" ]; then
        echo "| $title | $(seconds "$own") | $(megabytes "$own") |"
    else
        echo "| $title | $(seconds "$own") | $(seconds "$peer") | $(ratio "$(seconds "$own")" "$(seconds "$peer")")" \
            "| $(megabytes "$own") | $(megabytes "$peer") | $(ratio "$(megabytes "$own")" "$(megabytes "$peer")") |"
    fi
done
