#!/usr/bin/env bash
# Line counts of an instrumented program are the same in cells as in process,
# though its directory, where gcov's files are, is copy-on-write in each cell.
#   coverage_test.sh SOURCE_DIRECTORY LIBTESTCELL
set -euo pipefail
plugin=$1/plugins/gtest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > covered.cc <<'SOURCE'
#include <testcell/gtest.h>

static int Twice(int value) {
  if (value < 0) return 0;
  return 2 * value;
}
TEST(Covered, One) { EXPECT_EQ(Twice(1), 2); }
TEST(Covered, Two) { EXPECT_EQ(Twice(2), 4); }
TEST(Covered, Fails) { EXPECT_EQ(Twice(3), 7); }
SOURCE
includes=(-I"$plugin/include" -I"$1/framework/include")
g++ -std=c++17 --coverage -c covered.cc "${includes[@]}"
g++ -std=c++17 -c "$plugin/src/all.cc" "$plugin/src/main.cc" "${includes[@]}"
g++ --coverage ./*.o -o covered "$2" -lgtest -lfmt -lpthread \
  -Wl,--wrap=_ZN7testing8UnitTest14AddEnvironmentEPNS_11EnvironmentE \
  -Wl,--wrap=_ZN7testing8UnitTest3RunEv -Wl,-u,__gcov_dump -Wl,-u,__gcov_reset

count() {
  rm -f ./*.gcda
  ./covered --testcell_isolate="$1" > "$1.log" && return 1  # one test fails on purpose
  gcov --stdout covered.gcda 2>/dev/null | grep -E ':covered\.cc|covered\.cc$|^ *[0-9#-]+\*?: +[0-9]+:' |
    grep -A15 'static int Twice' > "$1.counts"
}
count off
count all
cat all.counts
grep -qE '^ *3\*?: +[0-9]+:static int Twice' all.counts
diff off.counts all.counts
