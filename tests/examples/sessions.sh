#!/bin/bash
# sessions.sh PROGRAM: a table that takes care of what it holds; on a new and on an old database.
set -eu
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
expected="{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L10', 'window_seconds': '600'}"
for _ in new old; do
  output=$("$1" "$directory/db")
  if [ "$output" != "$expected" ]; then
    echo "unexpected output: $output"
    exit 1
  fi
done
