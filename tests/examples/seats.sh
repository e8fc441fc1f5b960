#!/bin/sh
# seats.sh PROGRAM: a seat is taken once, and given back by who has it; on a new and on an old database.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/expected" <<'END'
seat 7: Ann
seat 7 is taken by 'Ann'
seat 7 is not yours
seat 7 is free
seat 7: Ben
seat 7 is free
END
for run in first second; do
  "$1" "$work/db" >"$work/$run"
  diff "$work/expected" "$work/$run"
done
