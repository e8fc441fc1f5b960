#!/bin/sh
# flights.sh PROGRAM: the sample is loaded with a crash in the middle and another one soon after the first; what the program
# prints then is compared with what a few lines of awk say about the same data.
set -eu
flights=$1
sample=$(dirname "$0")/../../examples/flights/flights-200k.csv.zst
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "flights.sh: $1" >&2
  cat "$work/report" >&2
  exit 1
}
expect() { grep -q -- "$1" "$work/report" || fail "expected: $1"; }

for rows in 77777 100000; do
  status=0
  "$flights" --db "$work/db" --crash-after $rows >"$work/report" 2>&1 || status=$?
  [ $status = 137 ] || fail "expected death by SIGKILL after $rows rows, got exit status $status"
done
"$flights" --db "$work/db" >"$work/report" 2>&1 || fail "exit status $?"

expect '^Continuing a load: 100,000 rows had been acknowledged, the database counts 100,000$'
expect 'every one of them is there with the contents it has in the input; 0 missing'
[ "$(grep -c '200,000 ' "$work/report")" -ge 6 ] || fail "expected six counts of 200,000 rows"

# A second load, without a crash, must find nothing to do and the same answers.
cp "$work/report" "$work/first"
"$flights" --db "$work/db" >"$work/report" 2>&1 || fail "exit status $? of a run on a loaded database"
expect '^Continuing a load: 200,000 rows had been acknowledged, the database counts 200,000$'
answers() { sed -n '/^The ten latest departures/,/^What the SSTables hold/p' "$1"; }
answers "$work/first" >"$work/answers-first"
answers "$work/report" >"$work/answers-second"
diff "$work/answers-first" "$work/answers-second"

count=$(zstd -dcq "$sample" | grep -c '^2001-01-10 [0-9:]*,ORD,LGA,')
expect "^  *$count flights"
delays=$(zstd -dcq "$sample" | awk -F, '$2 == "ORD" && $3 == "LGA" { ++n; sum += $4; if (n == 1 || $4 > worst) worst = $4 }
                                        END { printf "%d *%.1f *%d", n, sum / n, worst }')
expect "LGA *$delays"
