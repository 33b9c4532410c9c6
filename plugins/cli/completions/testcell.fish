# Completion of testcell for fish. Commands, flags and values come from what
# testcell itself says with --help, so that they are those of the version at hand.
function __testcell_words
    set -l words (commandline -opc)
    if test (count $words) -eq 1
        $words[1] --help 2>/dev/null | string replace -rf '^  testcell ([a-z]+) .*?  +(.*)' '$1\t$2'
        string join \n -- --help --version
        return
    end
    set -l name (commandline -ct | string match -rg '^(--[a-z-]+)=')
    $words[1] $words[2] --help 2>/dev/null | while read -l line
        set -l flag (string match -rg '^ *(--[a-z-]+=?)' -- $line)
        or continue
        if test "$flag" != "$name="
            test -n "$name"; or echo $flag
            continue
        end
        string match -rg '=\\(([^):]+)\\)$' -- $line | string split '|' | string replace -r '^' -- $flag
    end
end
function __testcell_has_command
    contains -- -- (commandline -opc)
end
complete -c testcell -f -n 'not __testcell_has_command' -a '(__testcell_words)'
complete -c testcell -F -n '__fish_seen_subcommand_from merge'
complete -c testcell -n __testcell_has_command -a '(__fish_complete_subcommand --commandline (string split -m 1 " -- " -- (commandline -pc))[2])'
