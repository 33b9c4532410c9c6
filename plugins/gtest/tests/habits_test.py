#!/usr/bin/env python3
"""Runs the tests of habits/ in cells and plain, as users and at places of all kinds.

    habits_test.py build/habits/plain/habits build/habits/cells/habits [unittest arguments]

All that is printed and reported has to be the same. A test named ForGood
leaves its process changed: it is run alone in the plain run.
"""

import difflib
import os
import re
import shutil
import sys
import tempfile
import unittest

import runs

PLAIN = CELLS = ""
NOBODY = 65534
FOR_GOOD = "*.*ForGood"
IGNORED = [re.compile("^Running main"),
           re.compile("^testcell: only . cells? at once, not .: the limit of open files")]


def users():
    return (None, NOBODY) if os.geteuid() == 0 else (None,)


def as_user(user):
    if user is None:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


class Habits(unittest.TestCase):
    """What each of them shares."""
    maxDiff = None

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="habits-test.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.home)
        self.work = os.path.join(self.home, "work")
        os.mkdir(self.work)
        for directory in (self.home, self.work):
            os.chmod(directory, 0o777)
        for name, program in (("plain", PLAIN), ("cells", CELLS)):
            os.mkdir(os.path.join(self.home, name))
            shutil.copy(program, os.path.join(self.home, name, "habits"))
        self.give()

    def give(self, user=None):
        path = os.path.join(self.work, "habits-given")
        with open(path, "w", encoding="ascii") as file:
            file.write("given")
        if user is not None:
            os.chown(path, user, user)

    def run_one(self, variant, gtest_filter, *, program="../{}/habits", prefix=(), flags=(),
                user=None):
        self.give(user)
        command = [*as_user(user), *prefix, program.format(variant), *flags]
        before = sorted(os.listdir(self.work))
        result = runs.run(command, [f"--gtest_filter={gtest_filter}"], timeout=120, cwd=self.work)
        self.assertEqual(sorted(os.listdir(self.work)), before)
        return result

    def compare(self, *, flags=("--testcell_jobs=8", "--testcell_slow=0"), gtest_filter="*", **how):
        """One run of each; gives the verdicts by name."""
        pattern = gtest_filter + (":" if "-" in gtest_filter else "-") + FOR_GOOD
        plain = self.run_one("plain", pattern, **how)
        cells = self.run_one("cells", pattern, flags=flags, **how)
        for lines_of in (lambda run: runs.lines_of_xml(run.reports["xml"]),
                         lambda run: runs.lines_of_console(run.console, IGNORED)):
            lines = [lines_of(run) for run in (plain, cells)]
            if lines[0] != lines[1]:
                diff = difflib.unified_diff(*lines, "plain", "cells", lineterm="", n=2)
                self.fail("\n".join([str(how), *list(diff)[:60]]))
        self.assertEqual(plain.status, cells.status)
        return runs.verdicts(cells.reports["xml"])

    def test_for_every_user(self):
        for user in users():
            with self.subTest(user=user):
                # Where root has made the pipes nobody may not open them by name.
                names = "*-*ByTheNames*" if user is not None else "*"
                verdicts = self.compare(user=user, gtest_filter=names)
                failed = [name for name, verdict in verdicts.items() if verdict == "failed"]
                self.assertEqual(failed, ["Processes.HasManyDescriptors"])

    def test_what_is_done_for_good(self):
        for user in users():
            with self.subTest(user=user):
                cells = self.run_one("cells", FOR_GOOD, user=user)
                verdicts = runs.verdicts(cells.reports["xml"])
                self.assertGreater(len(verdicts), 1)
                for name, verdict in verdicts.items():
                    alone = self.run_one("plain", name, user=user)
                    # From where it is by then it can't write its report.
                    self.assertEqual(alone.status, 0, alone.console)
                    self.assertEqual(verdict, "passed" if user is None and os.geteuid() == 0
                                     else "skipped", cells.console)

    def test_one_job_and_shared_suites(self):
        self.compare(flags=("--testcell_jobs=1",))
        self.compare(flags=("--testcell_suites=shared", "--testcell_jobs=4"))

    def test_by_links_and_paths(self):
        for variant in ("plain", "cells"):
            os.makedirs(os.path.join(self.home, "links", variant))
            os.symlink(f"../../{variant}/habits", os.path.join(self.home, "links", variant,
                                                               "habits"))
        self.compare(program="../links/{}/habits")
        self.compare(program=os.path.join(self.home, "{}", "habits"))
        self.compare(program="./../work/../{}/habits")

    def test_by_the_search_path(self):
        for variant in ("plain", "cells"):
            os.rename(os.path.join(self.home, variant, "habits"),
                      os.path.join(self.home, variant, f"habits-{variant}"))
        path = ":".join([os.path.join(self.home, "plain"), os.path.join(self.home, "cells"),
                         os.environ["PATH"]])
        self.compare(program="habits-{}", prefix=["env", f"PATH={path}"],
                     gtest_filter="Signals.*:Names.*:Output.*")

    def test_in_a_directory_that_is_read_only(self):
        os.chmod(self.work, 0o555)
        self.compare(user=users()[-1],
                     gtest_filter="Signals.*:Handled.*:Files.*:Input.*:Users.*:Sockets.*")

    def test_with_few_descriptors(self):
        self.compare(prefix=["prlimit", "--nofile=64:64"], gtest_filter="*-*HasMany*")

    @unittest.skipIf(os.geteuid() != 0, "for root")
    def test_on_a_full_disk(self):
        """A cell's own copy of the directory is not full; but nothing may need more of the host's."""
        script = ("mount -t tmpfs -o size=64k,mode=777 full . && cd . && cp ../given habits-given && "
                  "{ cat /dev/zero >full || true; } 2>/dev/null && exec \"$@\"")
        shutil.copy(os.path.join(self.work, "habits-given"), os.path.join(self.home, "given"))
        self.compare(prefix=["unshare", "--mount", "sh", "-c", f"cd .; {script}", "sh"],
                     gtest_filter="Signals.*:Handled.*:Output.*:Names.*:Processes.*"
                                  "-*Daemon*:*Limit")


if __name__ == "__main__":
    PLAIN, CELLS = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main(verbosity=2)
