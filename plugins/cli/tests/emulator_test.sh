#!/usr/bin/env bash
# A stranger's CMake project in cells by one configure flag.
#   emulator_test.sh TESTCELL
set -euo pipefail

testcell=$(realpath "$1")
source_directory=$(cd "$(dirname "$0")/stranger" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What lies below /tmp is visible in a cell if it was started from there.
cd "$work"

configure() {
  local build=$work/$1
  shift
  cmake -S "$source_directory" -B "$build" "$@" >"$build.log" 2>&1 || {
    cat "$build.log"
    exit 1
  }
  cmake --build "$build" >>"$build.log"
}

# Without cells: all of them in one, so that the host's port and file stay free.
configure plain
if "$testcell" run -- ctest --test-dir "$work/plain" -j8 >"$work/plain.out"; then
  echo "the tests are no obstacle to each other, and so no test of anything"
  exit 1
fi
grep -q '^13% tests passed, 7 tests failed out of 8$' "$work/plain.out" || {
  cat "$work/plain.out"
  exit 1
}

# CMake 3.29 has a variable for this purpose; before that the emulator is it,
# for every test whose command is a target.
configure cells "-DCMAKE_CROSSCOMPILING_EMULATOR=$testcell;run;--cwd=shared;--" \
  "-DCMAKE_TEST_LAUNCHER=$testcell;run;--"
ctest --test-dir "$work/cells" -j8 --output-on-failure
if [[ -e /tmp/stranger-state ]]; then
  echo "/tmp/stranger-state reached the host"
  exit 1
fi
