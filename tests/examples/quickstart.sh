#!/bin/sh
# quickstart.sh PROGRAM: the first program of the README prints the three latest readings, on a new and on an old database.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/expected" <<'END'
'2001-01-01T00:04:00.000Z'  21.50
'2001-01-01T00:03:00.000Z'  21.25
'2001-01-01T00:02:00.000Z'  21.00
END
for run in first second; do
  "$1" "$work/db" >"$work/$run"
  diff "$work/expected" "$work/$run"
done
