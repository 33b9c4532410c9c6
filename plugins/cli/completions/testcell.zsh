#compdef testcell
# Completion of testcell for zsh. Commands, flags and values come from what
# testcell itself says with --help, so that they are those of the version at hand.
_testcell() {
  local -a found
  local program=$words[1] dashes=${words[(I)--]}
  if ((CURRENT == 2)); then
    found=(${(f)"$($program --help 2>/dev/null | sed -n 's/^  testcell \([a-z]*\) .*/\1/p')"})
    compadd -- $found --help --version
  elif ((dashes > 0 && dashes < CURRENT)); then
    shift dashes words
    ((CURRENT -= dashes))
    _normal
  elif [[ $words[2] == merge && $PREFIX != -* ]]; then
    _files
  elif [[ $PREFIX == --*=* ]]; then
    found=(${(s:|:)"$($program $words[2] --help 2>/dev/null |
      sed -n "s/^  ${PREFIX%%=*}=(\([^):]*\))\$/\1/p")"})
    compset -P '*='
    if (($#found)); then compadd -- $found; else _files; fi
  else
    found=(${(f)"$($program $words[2] --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*=\{0,1\}\).*/\1/p')"})
    compadd -S '' -- ${(M)found:#*=}
    compadd -- ${found:#*=} --
  fi
}
_testcell "$@"
