# What ci's scripts share; sourced, not run.
# shellcheck shell=bash

testcell_presets=(dev release asan ubsan tsan)

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

is_preset() {
  local preset
  for preset in "${testcell_presets[@]}"; do
    [[ $preset == "$1" ]] && return 0
  done
  return 1
}

# configure PRESET [CMAKE ARGUMENTS]
configure() {
  local preset=$1 cache=build/$1/CMakeCache.txt
  shift
  mkdir -p "build/$preset" 2>/dev/null || true
  [[ -w build/$preset ]] ||
    fail "$PWD/build/$preset is not writable for $(id -un): use a clone of your own"
  # A tree that was copied or moved with its build directory: CMake refuses the
  # old cache, and nothing in it is worth keeping.
  if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd -P)" "$cache"; then
    say "configures anew: build/$preset was made for another path"
    rm -rf "$cache" "build/$preset/CMakeFiles"
  fi
  say "configures build/$preset"
  cmake --preset "$preset" "$@"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  say "builds ${*:-everything} in build/$preset"
  cmake --build --preset "$preset" ${1:+--target "$@"}
}
