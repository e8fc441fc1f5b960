#!/bin/sh
# run.sh BUILD_DIR CMAKE GENERATOR CXX: installs BUILD_DIR to a temporary prefix, moves the prefix elsewhere (an
# installed copy does not depend on where it was made), builds consumer/ against it twice and runs both programs.
set -eu
build=$1 cmake=$2 generator=$3 cxx=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/staged" >"$work/install.log"
mv "$work/staged" "$work/prefix"

echo "== find_package"
"$cmake" -G "$generator" -S "$here/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$cxx"
"$cmake" --build "$work/consumer"
LD_LIBRARY_PATH=$work/prefix/lib "$work/consumer/consumer" "$work/db-cmake"

echo "== pkg-config"
pc=$(dirname "$(find "$work/prefix" -name stoa.pc)")
export PKG_CONFIG_PATH="$pc"
# shellcheck disable=SC2046
"$cxx" -std=c++20 "$here/consumer/main.cc" -o "$work/consumer-pc" $(pkg-config --cflags --libs stoa)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir stoa) "$work/consumer-pc" "$work/db-pkg-config"

if [ -x "$work/prefix/bin/stoa" ]; then
  echo "== stoa verify"
  "$work/prefix/bin/stoa" verify "$work/db-cmake"
  echo "== stoa compact"
  "$work/prefix/bin/stoa" compact "$work/db-cmake" | grep "^table "
  if "$work/prefix/bin/stoa" compact "$work/db-cmake" no_such_table; then exit 1; fi
  echo "== stoa inspect"
  "$work/prefix/bin/stoa" inspect "$work/db-cmake" | grep "space amplification"
fi
