#!/usr/bin/env bash
# Line counts of an instrumented program, and of one that it runs, are the same in
# cells as in process, though its directory, where the counts' files are, is
# copy-on-write in each cell.
#   coverage_test.sh gcc|clang SOURCE_DIRECTORY LIBTESTCELL
set -euo pipefail
compiler=$1 plugin=$2/plugins/gtest library=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > covered.cc <<'SOURCE'
#include <testcell/gtest.h>

#include <cstdlib>

static int Twice(int value) {
  if (value < 0) return 0;
  return 2 * value;
}
TEST(Covered, One) { EXPECT_EQ(Twice(1), 2); }
TEST(Covered, Two) { EXPECT_EQ(Twice(2), 4); }
TEST(Covered, Fails) { EXPECT_EQ(Twice(3), 7); }
TEST(Covered, Runs) { EXPECT_EQ(std::system("./child/child a; ./child/child"), 0); }
SOURCE
mkdir child
cat > child/child.cc <<'SOURCE'
static int Half(int value) {
  if (value > 1) return 0;
  return value / 2;
}
int main(int count, char**) { return Half(count); }
SOURCE
includes=(-I"$plugin/include" -I"$2/framework/include")
wraps=(-Xlinker --wrap=_ZN7testing8UnitTest14AddEnvironmentEPNS_11EnvironmentE
  -Xlinker --wrap=_ZN7testing8UnitTest3RunEv)
libraries=("$library" -lgtest -lfmt -lpthread)
g++ -std=c++17 -c "$plugin/src/all.cc" "$plugin/src/main.cc" "${includes[@]}"

# The counts of a function's three lines, without their places.
lines_of() { grep -A2 "static int $1(" | sed -n 's/^ *\([0-9#-]*\)\*\?[:|].*/\1/p'; }

run() { ! ./covered "--testcell_isolate=$1" > "$1.log" 2>&1; }  # one test fails

gcc_build() {
  g++ -std=c++17 --coverage -c covered.cc "${includes[@]}"
  g++ --coverage ./*.o -o covered "${libraries[@]}" "${wraps[@]}" \
    -Wl,-u,__gcov_dump -Wl,-u,__gcov_reset
  (cd child && g++ --coverage child.cc -o child)
}
gcc_count() {
  rm -f ./*.gcda child/*.gcda
  run "$1"
  gcov --stdout covered.gcda 2>/dev/null | sed 's/^ *\([^:]*\): *[0-9]*:/\1:/' | lines_of Twice
  (cd child && gcov --stdout ./*.gcda 2>/dev/null) | sed 's/^ *\([^:]*\): *[0-9]*:/\1:/' |
    lines_of Half
}

# What a child program counts goes where it is told, as without cells.
clang_build() {
  clang++ -std=c++17 -fprofile-instr-generate -fcoverage-mapping -c covered.cc "${includes[@]}"
  clang++ -fprofile-instr-generate ./*.o -o covered "${libraries[@]}" "${wraps[@]}"
  clang++ child/child.cc -o child/child
}
clang_count() {
  run "$1"
  llvm-profdata merge ./*.profraw -o merged.profdata
  llvm-cov show ./covered -instr-profile=merged.profdata covered.cc |
    sed 's/^ *[0-9]*| *\([0-9]*\)|/\1|/' | lines_of Twice
}

"${compiler}_build"
"${compiler}_count" off > off.counts
"${compiler}_count" all > all.counts
cat all.counts
[[ $(head -1 all.counts) == 3 ]]
diff off.counts all.counts
if [[ $compiler == gcc ]]; then
  [[ $(sed -n 4p all.counts) == 2 ]]
else
  # Two runs are no more than one, unless the user has them added up.
  "${compiler}_count" all | diff all.counts -
  ls default.profraw default_cells_*.profraw
  grep -q 'default_cells_\*.profraw' all.log
  rm ./*.profraw
  LLVM_PROFILE_FILE=mine_%m.profraw clang_count all | diff all.counts -
  [[ ! -e default.profraw && $(echo ./*_cells_*) == './*_cells_*' ]]
fi
