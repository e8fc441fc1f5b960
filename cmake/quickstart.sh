#!/bin/sh
# Builds Stoa and shows it on real data: a load, questions, a crash in the middle of a second load, and its recovery.
# Installs the Debian packages that are missing. Runs from anywhere; everything it makes is under build/quickstart.
set -eu
cd "$(dirname "$0")/.."
build=build/quickstart

./cmake/packages.sh
mkdir -p build
cmake --preset release -B $build -DSTOA_BUILD_TESTS=OFF -DSTOA_BUILD_BENCH=OFF >$build.log 2>&1 || {
  cat $build.log
  exit 1
}
cmake --build $build --target flights

flights=$build/examples/flights/flights
rm -rf $build/data
mkdir -p $build/data

echo
echo "=== 1. Load 200,000 flights and ask"
$flights --db $build/data/flights

echo
echo "=== 2. Load them again, and die by SIGKILL after 100,000 rows"
status=0
$flights --db $build/data/crashed --crash-after 100000 || status=$?
if [ $status != 137 ]; then
  echo "quickstart.sh: expected death by SIGKILL (137), got exit status $status" >&2
  exit 1
fi

echo
echo "=== 3. Reopen: recover, prove that nothing is missing, continue"
$flights --db $build/data/crashed

echo
echo "All done. The program is examples/flights; the shortest one is examples/quickstart.cc."
