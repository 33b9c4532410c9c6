# Completion of testcell for bash. Commands, flags and values come from what
# testcell itself says with --help, so that they are those of the version at hand.
_testcell() {
  local before=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]-}
  # Not COMP_WORDS, where '=' may stand by itself.
  local word=${before##*[[:space:]]} name values
  local -i i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    values=$("$program" --help 2>/dev/null | sed -n 's/^  testcell \([a-z]*\) .*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$values --help --version" -- "$word")
    return
  fi
  # The command to be run, and what is its own.
  for ((i = 2; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -- ]] || continue
    if ((i + 1 == COMP_CWORD)); then
      mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
    elif declare -F _command_offset >/dev/null; then
      _command_offset $((i + 1))
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    return
  done
  if [[ $command == merge && $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    return
  fi
  if [[ $word == --*=* ]]; then
    name=${word%%=*} word=${word#*=}
    values=$("$program" "$command" --help 2>/dev/null |
      sed -n "s/^  $name=(\([^):]*\))\$/\1/p" | tr '|' ' ')
    if [[ -n $values ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    # Readline replaces what follows its last word break.
    [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/$name=}")
    return
  fi
  values=$("$program" "$command" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*=\{0,1\}\).*/\1/p')
  mapfile -t COMPREPLY < <(compgen -W "$values --" -- "$word")
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _testcell testcell
