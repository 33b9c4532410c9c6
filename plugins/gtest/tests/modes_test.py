#!/usr/bin/env python3
"""Runs modes_payload with testcell's flags, and checks what ran where.

    modes_test.py build/modes_payload [unittest arguments]
"""

import os
import re
import subprocess
import sys
import unittest

PAYLOAD = ""
TIMEOUT_S = 60


def run(*flags, tests=None, environment=None):
    """Gives the finished process; `tests` is a --gtest_filter."""
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(("TESTCELL_", "GTEST_", "MODES_"))}
    variables.update(environment or {})
    line = [PAYLOAD, *flags] + ([f"--gtest_filter={tests}"] if tests else [])
    return subprocess.run(line, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)


class ModesTestCase(unittest.TestCase):
    """What the tests below share."""

    def check_lines(self, done, *lines, status=0):
        """Each of `lines` is printed exactly once, as a line of its own."""
        text = f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, status, text)
        for line in lines:
            self.assertEqual(done.stdout.splitlines().count(line), 1, f"{line!r} in {text}")

    def check_refused(self, done, *words):
        """The program ends at once with status 2, and says why in one line."""
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertNotIn("[ RUN ", done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("testcell: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Flags(ModesTestCase):
    """The command line, the environment and the program's own defaults."""

    def test_unknown_flag(self):
        self.check_refused(run("--testcell_job=1"), "--testcell_job:", "--help")

    def test_bad_values(self):
        for flag, value, takes in (("isolate", "some", "(all|marked|off)"),
                                   ("jobs", "-1", "COUNT"), ("jobs", "", "COUNT"),
                                   ("timeout", "5", "DURATION"), ("slow", "1 s", "DURATION"),
                                   ("suites", "Cell", "(cell|parent|shared)")):
            with self.subTest(flag=flag, value=value):
                self.check_refused(run(f"--testcell_{flag}={value}"), f"--testcell_{flag}:",
                                   f"'{value}'", takes)

    def test_flag_without_value(self):
        self.check_refused(run("--testcell_jobs"), "needs a value", "--testcell_jobs=VALUE")

    def test_bad_environment(self):
        self.check_refused(run(environment={"TESTCELL_JOBS": "many"}), "TESTCELL_JOBS:", "'many'")

    def test_bad_default(self):
        self.check_refused(run(environment={"MODES_DEFAULT": "colour=red"}),
                           'testcell::SetDefault("colour")')

    def test_flags_are_taken_out(self):
        done = run("one", "--testcell_jobs=1", "--testcell_isolate=off", "two", tests="Plain.*")
        self.check_lines(done, "argument left: one", "argument left: two", "Plain.Where in parent")
        self.assertNotIn("argument left: --", done.stdout)

    def test_precedence(self):
        default = {"MODES_DEFAULT": "isolate=off"}
        self.check_lines(run(tests="Plain.*", environment=default), "Plain.Where in parent")
        variable = {"MODES_DEFAULT": "isolate=all", "TESTCELL_ISOLATE": "off"}
        self.check_lines(run(tests="Plain.*", environment=variable), "Plain.Where in parent")
        self.check_lines(run("--testcell_isolate=all", tests="Plain.*", environment=variable),
                         "Plain.Where in cell")

    def check_help(self, done):
        """GoogleTest's flags, then all of testcell's, in order; no test is run."""
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("[ RUN ", done.stdout)
        google_test = done.stdout.find("--gtest_filter")
        own = [done.stdout.find(f"--testcell_{flag}=") for flag in (
            "isolate", "jobs", "timeout", "slow", "cwd", "tmp", "net", "user", "output",
            "environments", "suites", "listeners", "serial", "retries", "artifacts",
            "keep")]
        self.assertGreaterEqual(google_test, 0, done.stdout)
        self.assertGreater(min(own), google_test, done.stdout)
        self.assertEqual(own, sorted(own))

    def test_help(self):
        self.check_help(run("--help"))

    def test_unknown_flag_of_googletest(self):
        self.check_help(run("--gtest_unheard_of"))

    def test_help_only_with_googletests(self):
        for spelling in ("-h", "-?"):  # which versions take these differs
            with self.subTest(spelling=spelling):
                done = run(spelling, "--gtest_list_tests")
                self.assertEqual("--gtest_filter" in done.stdout, "--testcell_jobs=" in done.stdout)

    def test_list_tests(self):
        done = run("--gtest_list_tests", tests="Suite.*")
        self.check_lines(done, "Suite.", "  One", "  Two")
        self.assertNotIn("listener", done.stdout)


class Isolate(ModesTestCase):
    """--testcell_isolate, with a fixture that is marked."""

    TESTS = "Plain.*:Marked.*"

    def test_all(self):
        for flags in ((), ("--testcell_isolate=all",)):
            self.check_lines(run(*flags, tests=self.TESTS), "Plain.Where in cell",
                             "Marked.Where in cell of modes-cell")

    def test_marked(self):
        done = run("--testcell_isolate=marked", tests=self.TESTS)
        self.check_lines(done, "Plain.Where in parent", "Marked.Where in cell of modes-cell")

    def test_off(self):
        done = run("--testcell_isolate=off", tests=self.TESTS)
        self.check_lines(done, "Plain.Where in parent",
                         f"Marked.Where in parent of {os.uname().nodename}")


    def test_fixture_is_that_of_the_first_test(self):
        for isolate in ("all", "marked"):
            done = run(f"--testcell_isolate={isolate}", tests="MixedMarked.Other:MixedMarked.Again")
            self.check_lines(done, "MixedMarked.Again in cell of modes-cell", status=1)
            self.assertIn("[  FAILED  ] MixedMarked.Other", done.stdout)


class Environments(ModesTestCase):
    """--testcell_environments."""

    def test_cell(self):
        for flags in ((), ("--testcell_environments=cell",)):
            self.check_lines(run(*flags, tests="Plain.*"), "environment in cell",
                             "environment torn down in cell")

    def test_parent(self):
        done = run("--testcell_environments=parent", tests="Plain.*")
        self.check_lines(done, "Plain.Where in cell", "environment in parent",
                         "environment torn down in parent")


class Suites(ModesTestCase):
    """--testcell_suites."""

    def test_cell(self):
        for flags in ((), ("--testcell_suites=cell",)):
            self.check_lines(run(*flags, tests="Suite.*"),
                             "Suite.One after 0 tests, set up in cell",
                             "Suite.Two after 0 tests, set up in cell", "suite torn down in cell")

    def test_parent(self):
        done = run("--testcell_suites=parent", tests="Suite.*")
        self.check_lines(done, "Suite.One after 0 tests, set up in parent",
                         "Suite.Two after 0 tests, set up in parent", "suite torn down in parent")

    def test_shared(self):
        done = run("--testcell_suites=shared", tests="Suite.*")
        self.check_lines(done, "Suite.One after 0 tests, set up in cell",
                         "Suite.Two after 1 tests, set up in cell", "suite torn down in cell")


class Listeners(ModesTestCase):
    """--testcell_listeners and testcell::AddCellListener."""

    def check_listeners(self, flags, *places):
        done = run(*flags, tests="Plain.*")
        expected = [f"{name} listener: {event} of Where in {place}" for event in ("start", "end")
                    for name, place in (("cell", "cell"), *(("user", p) for p in places))]
        self.check_lines(done, *expected, "[       OK ] Plain.Where (" + self.time_of(done))
        seen = [line for line in done.stdout.splitlines() if " listener: " in line]
        self.assertEqual(sorted(seen), sorted(expected))

    @staticmethod
    def time_of(done):
        return done.stdout.partition("OK ] Plain.Where (")[2].partition("\n")[0]

    def test_parent(self):
        self.check_listeners((), "parent")
        self.check_listeners(("--testcell_listeners=parent",), "parent")

    def test_cell(self):
        self.check_listeners(("--testcell_listeners=cell",), "cell")

    def test_both(self):
        self.check_listeners(("--testcell_listeners=both",), "cell", "parent")

    def test_failure_of_an_environment(self):
        """GoogleTest tells it once; each listener hears of it where it is."""
        for mode, places in (("parent", ["parent"]), ("cell", ["cell"]),
                             ("both", ["cell", "parent"])):
            with self.subTest(mode=mode):
                done = run(f"--testcell_listeners={mode}", tests="Plain.*",
                           environment={"MODES_FAIL_ENVIRONMENT": "1"})
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertEqual(done.stdout.count(": Failure\n"), 1, done.stdout)
                heard = re.findall(r"user listener: the environment fails in (\w+)", done.stdout)
                self.assertEqual(sorted(heard), places, done.stdout)

    def test_without_cells(self):
        done = run("--testcell_isolate=off", tests="Plain.*")
        self.check_lines(done, "user listener: start of Where in parent")
        self.assertNotIn("cell listener", done.stdout)

    def test_cell_listener_fails_a_test(self):
        done = run(tests="Verdict.Passes:Plain.*", environment={"MODES_FAIL": "Passes"})
        self.check_lines(done, "the cell's listener fails it", "[  FAILED  ] Verdict.Passes",
                         status=1)
        self.assertIn("[       OK ] Plain.Where", done.stdout)


    def test_throwing_listener_in_the_parent(self):
        """It can't end the test; all else holds, and a line says so."""
        done = run(tests="Nested.*:Plain.*", environment={"MODES_THROW": "1"})
        self.check_lines(done, "the test goes on", "[  FAILED  ] Nested.Fails",
                         "[  FAILED  ] Nested.FailsAgain", status=1)
        self.assertIn("[       OK ] Plain.Where", done.stdout)
        self.assertEqual(done.stderr.count("a listener threw"), 1, done.stderr)
        self.assertIn("--testcell_listeners=both", done.stderr)

    def test_throwing_listener_in_the_cell(self):
        for place in ("cell", "both"):
            done = run(f"--testcell_listeners={place}", tests="Nested.*:Plain.*",
                       environment={"MODES_THROW": "1"})
            self.check_lines(done, "[  FAILED  ] Nested.Fails", "[  FAILED  ] Nested.FailsAgain",
                             status=1)
            self.assertNotIn("the test goes on", done.stdout)
            self.assertNotIn("a listener threw", done.stderr)


class Output(ModesTestCase):
    """--testcell_output."""

    def test_immediate(self):
        for flags in ((), ("--testcell_output=immediate",)):
            self.check_lines(run(*flags, tests="Verdict.*"), "output of a test that passes",
                             "output of a test that fails", "as it should", status=1)

    def test_failed(self):
        done = run("--testcell_output=failed", tests="Verdict.*")
        self.check_lines(done, "output of a test that fails", "as it should", status=1)
        self.assertNotIn("output of a test that passes", done.stdout)
        self.assertIn("[       OK ] Verdict.Passes", done.stdout)


if __name__ == "__main__":
    PAYLOAD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
