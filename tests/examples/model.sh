#!/bin/sh
# model.sh PROGRAM: the shop prints its orders, customers and counts. Partitions come in the order of their tokens.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/expected" <<'END'
Ann, order 1: 2 bowls 4 cups
Ann, order 2: 1 cups
Ann: town York
Bob, order null:
Bob: town Bath
sold: 5 cups
END
"$1" "$work/db" >"$work/printed"
sort "$work/printed" | diff "$work/expected" -
