"""The manual page and the completions hold what the program says of itself.

    manual_test.py TESTCELL PLUGIN_DIRECTORY
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

TESTCELL = ""
PLUGIN = ""
COMMANDS = ("run", "gtest", "enter", "merge", "doctor")


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60,
                          **options).stdout


def flags(command):
    """{--name: values or None} as --help has them."""
    text = output(TESTCELL, command, "--help")
    return {name: values for name, values in
            re.findall(r"^  (--[a-z-]+)(?:=(.*))?$", text, re.MULTILINE)}


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"there is no {program}")


class Manual(unittest.TestCase):
    PAGE = property(lambda self: os.path.join(PLUGIN, "docs/testcell.1"))

    @needs("man")
    def test_it_is_formatted_without_a_warning(self):
        done = subprocess.run(["man", "--warnings", "-l", "-Tutf8", self.PAGE], timeout=60, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("SYNOPSIS", re.sub(".\b", "", done.stdout))

    def test_it_has_every_flag_and_no_other(self):
        with open(self.PAGE, encoding="utf-8") as file:
            text = file.read()
        told = set(re.findall(r"^\.(?:It|Op) Fl (-[a-z-]+)", text, re.MULTILINE))
        known = {name[1:] for command in COMMANDS for name in flags(command)} - {"-help"}
        self.assertEqual(told, known)

    def test_it_has_every_command_and_value(self):
        with open(self.PAGE, encoding="utf-8") as file:
            text = file.read()
        for command in re.findall(r"^  testcell ([a-z]+) ", output(TESTCELL, "--help"), re.MULTILINE):
            self.assertIn(f".It Cm {command}\n", text)
        for command in COMMANDS:
            for name, values in flags(command).items():
                if re.fullmatch(r"\([a-z|]+\)", values or ""):
                    choice = values.strip("()").replace("|", " | ")
                    self.assertIn(f".It Fl {name[1:]} Ns = Ns Cm {choice}\n", text)


class Completion(unittest.TestCase):
    """The same questions to every shell; complete() is what it would offer."""

    def complete(self, line):
        raise NotImplementedError

    def check(self):
        self.assertEqual(sorted(self.complete("testcell ")),
                         sorted([*self.commands(), "--help", "--version"]))
        self.assertEqual(self.complete("testcell do"), ["doctor"])
        self.assertEqual(self.complete("testcell run --ne"), ["--net="])
        self.assertEqual(sorted(self.values("testcell run --net=", "--net=")), ["host", "private"])
        self.assertEqual(self.values("testcell gtest --suites=s", "--suites="), ["shared"])
        for command in COMMANDS:
            offered = {word.rstrip("=") for word in self.complete(f"testcell {command} --")
                       if not re.search("=.", word)}
            self.assertEqual(offered - {"--"}, set(flags(command)), command)

    @staticmethod
    def commands():
        return re.findall(r"^  testcell ([a-z]+) ", output(TESTCELL, "--help"), re.MULTILINE)

    def values(self, line, start):
        words = self.complete(line)
        return [word[len(start):] if word.startswith(start) else word for word in words]


class Bash(Completion):
    SCRIPT = r"""
source "$1"
line=$3
read -ra COMP_WORDS < <(sed 's/=/ = /g' <<<"$line")
[[ $line == *[\ =] ]] && COMP_WORDS+=("")
COMP_WORDS[0]=$2 COMP_LINE=$line COMP_POINT=${#line} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_testcell
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""

    def complete(self, line):
        return output("bash", "--norc", "-c", self.SCRIPT, "bash",
                      os.path.join(PLUGIN, "completions/testcell.bash"), TESTCELL, line).split()

    def test_what_bash_offers(self):
        self.check()

    def test_programs_are_offered_after_the_dashes(self):
        self.assertIn("env", self.complete("testcell run -- en"))

    def test_files_are_offered_to_merge(self):
        self.assertIn("/etc/passwd", self.complete("testcell merge out.json /etc/passw"))


class Fish(Completion):
    def complete(self, line):
        script = os.path.join(PLUGIN, "completions/testcell.fish")
        line = line.replace("testcell", TESTCELL, 1)
        text = output("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'",
                      env={**os.environ, "HOME": "/nonexistent"}, stderr=subprocess.DEVNULL)
        return [row.partition("\t")[0] for row in text.splitlines()]

    @needs("fish")
    def test_what_fish_offers(self):
        self.check()

    @needs("fish")
    def test_programs_are_offered_after_the_dashes(self):
        self.assertIn("env", self.complete("testcell run -- en"))

    @needs("fish")
    def test_files_are_offered_to_merge(self):
        self.assertIn("/etc/passwd", self.complete("testcell merge out.json /etc/passw"))

    def values(self, line, start):
        return [word for word in super().values(line, start) if word]


class Zsh(Completion):
    """With zsh's own functions in the place of its completion system."""

    SCRIPT = r"""
setopt extended_glob
compadd() {
  local -a offered; local all=$*
  offered=(${${(s: :)all}:#-S})
  offered=(${offered[@]:#})
  [[ $offered[1] == -- ]] && shift offered
  print -l -- ${(M)offered:#${(b)PREFIX}*}
}
compset() { PREFIX=${PREFIX#*=}; }
_files() { print files; }
_normal() { print normal $CURRENT $words; }
words=(${(s: :)3}); [[ $3 == *' ' ]] && words+=("")
words[1]=$2; CURRENT=$#words; PREFIX=$words[-1]
source $1
"""

    def complete(self, line):
        return output("zsh", "-f", "-c", self.SCRIPT, "zsh",
                      os.path.join(PLUGIN, "completions/testcell.zsh"), TESTCELL, line).split()

    @needs("zsh")
    def test_what_zsh_offers(self):
        self.check()

    @needs("zsh")
    def test_what_stands_after_the_dashes_is_the_programs(self):
        self.assertEqual(self.complete("testcell run -- env -"), ["normal", "2", "env", "-"])

    @needs("zsh")
    def test_files_are_offered_to_merge(self):
        self.assertEqual(self.complete("testcell merge out.json /etc/passw"), ["files"])


del Completion  # by itself it is no test

if __name__ == "__main__":
    TESTCELL, PLUGIN = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
