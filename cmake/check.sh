#!/bin/bash
# Everything that must hold before a change is merged: builds with warnings as errors, layout and lint, all tests on an
# optimized build by g++, the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer by clang, and those with
# threads under ThreadSanitizer. Installs the Debian packages that are missing. Runs from anywhere.
#
# The last line is "N passed, N failed", of all stages together; the exit status is 0 only when nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1

# Test programs that start threads, for ThreadSanitizer.
concurrent_tests="base_test io_test wal_test memtable_test engine_test"

passed=0
failed=0
logs=build/check
mkdir -p $logs
export CCACHE_SLOPPINESS=pch_defines,time_macros
export UBSAN_OPTIONS=print_stacktrace=1
launcher=""
command -v ccache >/dev/null && launcher=-DCMAKE_CXX_COMPILER_LAUNCHER=ccache

# step WHAT COMMAND...: runs a command into a log; when it fails shows the log's end and counts it.
step() {
  local what=$1 begin=$SECONDS
  shift
  printf '%-45s ' "$what"
  if "$@" >"$logs/last.log" 2>&1 </dev/null; then
    echo "ok, $((SECONDS - begin)) s"
    return 0
  fi
  echo "FAILED"
  tail -n 60 "$logs/last.log"
  failed=$((failed + 1))
  return 1
}

# tests PRESET [CTEST ARGUMENTS]: runs the tests of a build and adds them up.
tests() {
  local preset=$1 begin=$SECONDS log=$logs/tests-$1.log summary bad total
  shift
  printf '%-45s ' "$preset: test"
  ctest --test-dir "build/$preset" --output-on-failure --timeout 900 -j "$(nproc)" "$@" >"$log" 2>&1 </dev/null
  summary=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1)
  bad=$(echo "$summary" | sed -E 's/.*, ([0-9]+) tests failed.*/\1/')
  total=$(echo "$summary" | sed -E 's/.*out of ([0-9]+).*/\1/')
  if [ -z "$summary" ]; then
    echo "FAILED: no tests ran"
    tail -n 60 "$log"
    failed=$((failed + 1))
    return
  fi
  echo "$((total - bad)) passed, $bad failed, $((SECONDS - begin)) s"
  [ "$bad" = 0 ] || tail -n 400 "$log"
  grep -hE '^(reliability|cassandra):' "build/$preset/Testing/Temporary/LastTest.log" 2>/dev/null | sed 's/^/  /'
  passed=$((passed + total - bad))
  failed=$((failed + bad))
}

# compiler PRESET: the option that replaces a preset's compiler where clang 14 is not to be had.
compiler() {
  [ "$1" = release ] || command -v clang++-14 >/dev/null || echo -DCMAKE_CXX_COMPILER=clang++
}

# stage PRESET TARGETS CTEST_ARGUMENTS...: configures, builds and tests one preset.
stage() {
  local preset=$1 targets=$2
  shift 2
  # shellcheck disable=SC2086
  step "$preset: configure" cmake --preset "$preset" $launcher $(compiler "$preset") &&
    step "$preset: build" cmake --build "build/$preset" --target $targets &&
    tests "$preset" "$@"
}

if step "packages" ./cmake/packages.sh all; then
  stage release all
  stage asan-ubsan all
  stage tsan "$concurrent_tests" -R "^(${concurrent_tests// /|})/"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
