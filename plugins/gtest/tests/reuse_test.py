"""A cell that a test has left as it was serves others, and no other cell does.

    reuse_test.py root|user|user_as_root PAYLOAD TESTCELL SCHEMA

root: as who runs it; user: as nobody, which only root can do (else: status 77);
user_as_root: as nobody who is uid 0 in the cell.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

try:
    import jsonschema
except ImportError:
    jsonschema = None

import users

MODE, PAYLOAD, TESTCELL, SCHEMA = sys.argv[1:5]
PREFIX = users.prefix(MODE)
os.environ["REUSE_PROGRAM"] = PAYLOAD  # what leads there is seen in the cells, too
FLAGS = ["--testcell_user=root"] if MODE == "user_as_root" else []
# As many runs as it takes, at most, for a cell to go from each test to another.
RUNS = 10


class Done:
    def __init__(self, result, directory):
        self.status, self.stdout, self.stderr = result.returncode, result.stdout, result.stderr
        with open(f"{directory}/report.json", encoding="utf-8") as file:
            self.report = json.load(file)
        self.tests = {test["name"]: test for test in self.report["tests"]}
        self.cells = {}  # by test, in the order of the run
        for case in ElementTree.parse(f"{directory}/report.xml").iter("testcase"):
            for item in case.iter("property"):
                if item.get("name") == "cell":
                    self.cells[f"{case.get('classname')}.{case.get('name')}"] = item.get("value")

    def __str__(self):
        return f"status {self.status}\n{self.stdout[-6000:]}\n{self.stderr}"

    def followers(self, name):
        """The tests that had its cell after it."""
        start = self.tests[name]["start_ms"]
        names = list(self.cells)
        later = names[names.index(name) + 1:]
        return [other for other in later if self.cells[other] == self.cells[name]
                and self.tests[other]["start_ms"] >= start]


class Reuse(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        # Not below /tmp, which is to be empty in the cells.
        scratch = tempfile.TemporaryDirectory(dir="/var/lib" if os.getuid() == 0 else ".")
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        os.chmod(self.directory, 0o777)
        with open(f"{self.directory}/given", "w", encoding="utf-8") as file:
            file.write("as it was\n")
        if PREFIX:
            os.chown(f"{self.directory}/given", users.NOBODY, users.NOBODY)

    def run_payload(self, test_filter, *flags, program=None, reuse="clean",
                    environment=None):
        result = subprocess.run(
            [*PREFIX, *(program or [PAYLOAD]), f"--gtest_filter={test_filter}",
             f"--gtest_output=xml:{self.directory}/report.xml", "--testcell_jobs=1",
             f"--testcell_report=json:{self.directory}/report.json",
             f"--testcell_reuse={reuse}", *FLAGS, *flags],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, check=False,
            env={**os.environ, **(environment or {})})
        if not os.path.exists(f"{self.directory}/report.json"):
            self.fail(result.stdout + result.stderr)
        done = Done(result, self.directory)
        if jsonschema is not None:
            with open(SCHEMA, encoding="utf-8") as file:
                jsonschema.validate(done.report, json.load(file))
        return done

    def test_a_cell_that_is_left_as_it_was_serves_others_and_they_see_nothing(self):
        names, followed = {"none yet"}, set()
        for _ in range(RUNS):
            done = self.run_payload("Takes.*:IsRefused.*:Follows.*:Takes.*")
            self.assertEqual(done.status, 0, done)
            names = {name for name in done.cells if not name.startswith("Follows.")}
            followed |= {name for name in names if done.followers(name)}
            self.assertIn("REUSE", done.stdout)
            if followed >= names:
                break
        # Whether the kernel has been looking for these in time is its own affair; and
        # one may find that it was the first of a cell for which there was no other.
        late = {"Takes.NamesInFlight", "Takes.NamespacesOfItsOwn"}
        self.assertLessEqual(names - followed, late, done)

    def test_a_cell_in_which_something_is_left_serves_no_other(self):
        done = self.run_payload("Leaves.*:Follows.*")
        self.assertEqual(done.status, 0, done)
        self.assertGreater(len(done.cells), 20)
        for name in done.cells:
            if name.startswith("Leaves.") and done.tests[name]["outcome"] == "passed":
                self.assertEqual(done.followers(name), [], f"{name}\n{done}")

    def test_each_trace_is_looked_for_between_clean_tests(self):
        """What comes between is no matter: cells of both kinds are about at once."""
        for repeat in range(2):
            done = self.run_payload("-EndsBadly.*:HasCapabilities.*:AsksForRoot.*",
                                    "--testcell_jobs=2", "--gtest_shuffle",
                                    f"--gtest_random_seed={repeat + 1}")
            self.assertEqual(done.status, 0, done)

    def test_reused_cells_are_counted(self):
        done = self.run_payload("Follows.*:Takes.Nothing")
        reused = [name for name, test in done.tests.items() if test.get("reused")]
        self.assertEqual(done.report["reused"], len(reused))
        self.assertEqual(len(set(done.cells.values())), len(done.cells) - len(reused), done)
        self.assertGreaterEqual(len(reused), 2, done)
        self.assertIn(f"{len(reused)} of 4 tests had a cell that another had left clean",
                      done.stdout)

    def test_no_cell_of_a_process_that_had_threads_before_it_gave_up_its_capabilities(self):
        """Each thread has its own."""
        for environment, reused in ({}, True), ({"REUSE_THREADS": "1"}, False):
            done = self.run_payload("IsRefused.ToGainCapabilities:Follows.*",
                                    environment=environment)
            self.assertEqual(done.status, 0, done)
            self.assertEqual(done.report["reused"] > 0, reused, done)

    def test_by_default_no_cell_is_used_again(self):
        done = self.run_payload("Follows.*", reuse="never")
        self.assertEqual(len(set(done.cells.values())), 3, done)
        self.assertNotIn("reused", done.report)
        self.assertNotIn("REUSE", done.stdout)

    def test_a_cell_of_a_test_that_did_not_pass_is_not_used_again(self):
        done = self.run_payload("EndsBadly.*:Follows.*")
        self.assertEqual(done.status, 1, done)
        for name in ("EndsBadly.ByAFailure",):
            self.assertEqual(done.followers(name), [], done)
        for name in ("Follows.First", "Follows.Second", "Follows.Third"):
            self.assertEqual(done.tests[name]["outcome"], "passed", done)

    def test_suites_that_ask_for_capabilities_have_them_and_fresh_cells(self):
        done = self.run_payload("HasCapabilities.*:AsksForRoot.*")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.report["reused"], 0, done)

    def test_what_is_not_looked_at_is_not_known_to_be_clean(self):
        result = subprocess.run([*PREFIX, PAYLOAD, "--testcell_reuse=clean",
                                 "--testcell_leaks=off"], cwd=self.directory, text=True,
                                capture_output=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2, result)
        self.assertIn("--testcell_reuse=clean needs --testcell_leaks", result.stderr)

    def test_cells_that_are_watched_by_their_calls_are_not_used_again(self):
        done = self.run_payload("Follows.*", "--testcell_uses=all")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.report["reused"], 0)

    @unittest.skipUnless(TESTCELL, "the program testcell is not built")
    def test_an_unmodified_binary_has_it_too(self):
        result = subprocess.run(
            [*PREFIX, TESTCELL, "gtest", "--testcell_reuse=clean", "--testcell_jobs=1", *FLAGS,
             "--", PAYLOAD, "--gtest_filter=Takes.Nothing:Follows.*", "--testcell_isolate=off"],
            cwd=self.directory, text=True, capture_output=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout[-3000:] + result.stderr)
        self.assertIn("had a cell that another had left clean", result.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
