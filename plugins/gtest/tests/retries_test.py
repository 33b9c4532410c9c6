"""Tests that fail are run again, and those that pass then are told from others.

    retries_test.py root|user PAYLOAD SCHEMA

root: as who runs it; user: as nobody, which only root can do (else: status 77).
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import users

try:
    import jsonschema
except ImportError:
    jsonschema = None

PAYLOAD, SCHEMA = sys.argv[2:4]
PREFIX = users.prefix(sys.argv[1], PAYLOAD)


class Done:
    def __init__(self, result, directory):
        self.status, self.stdout, self.stderr = result.returncode, result.stdout, result.stderr
        with open(f"{directory}/report.json", encoding="utf-8") as file:
            self.report = json.load(file)
        self.tests = {test["name"]: test for test in self.report["tests"]}
        self.cases = {}
        for case in ElementTree.parse(f"{directory}/report.xml").iter("testcase"):
            self.cases[f"{case.get('classname')}.{case.get('name')}"] = case

    def __str__(self):
        return f"status {self.status}\n{self.stdout}\n{self.stderr}"

    def fate(self, name):
        test = self.tests[name]
        return test["outcome"], test["attempts"], test["flaky"]

    def elements(self, name):
        """What the XML has beside properties."""
        return [child.tag for child in self.cases[name] if child.tag != "properties"]

    def properties(self, name):
        return {item.get("name"): item.get("value")
                for item in self.cases[name].iter("property")
                if item.get("name") in ("testcell.attempts", "testcell.flaky")}


class Retries(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        os.chmod(self.directory, 0o777)

    def attempts(self, name):
        path = f"{self.directory}/{name}"
        return os.path.getsize(path) if os.path.exists(path) else 0

    def command(self, tests, *arguments):
        return [*PREFIX, PAYLOAD, f"--gtest_filter={tests}", "--testcell_cwd=shared",
                "--gtest_output=xml:report.xml", "--testcell_report=json:report.json", *arguments]

    def run_tests(self, tests, *arguments):
        result = subprocess.run(self.command(tests, *arguments), cwd=self.directory,
                                capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                timeout=120, check=False)
        done = Done(result, self.directory)
        if jsonschema is not None:
            with open(SCHEMA, encoding="utf-8") as file:
                jsonschema.validate(done.report, json.load(file))
        return done

    def test_off_by_default(self):
        done = self.run_tests("Once.Fails")
        self.assertEqual((done.status, self.attempts("fails")), (1, 1), done)
        self.assertEqual(done.fate("Once.Fails"), ("failed", 1, False), done)
        self.assertEqual(done.elements("Once.Fails"), ["failure"], done)
        self.assertEqual(done.properties("Once.Fails"), {})

    def test_passes_later(self):
        done = self.run_tests("Once.*:Always.Passes", "--testcell_retries=3",
                              "--testcell_leaks=fail", "--testcell_jobs=4")
        self.assertEqual(done.status, 0, done)
        for name in ("Fails", "Crashes", "Leaks", "HasAFreshCell"):
            self.assertEqual(done.fate(f"Once.{name}"), ("passed", 2, True), done)
            self.assertEqual(done.elements(f"Once.{name}"), ["flakyFailure"], done)
            self.assertEqual(done.properties(f"Once.{name}"),
                             {"testcell.attempts": "2", "testcell.flaky": "true"}, done)
        self.assertEqual(done.fate("Once.IsSkippedThen"), ("skipped", 2, True), done)
        self.assertEqual(done.fate("Always.Passes"), ("passed", 1, False), done)
        self.assertEqual(self.attempts("passes"), 1)
        self.assertEqual(done.elements("Always.Passes"), [])
        self.assertIn("5 flaky tests", done.stdout)
        # Not for what is allowed; and it is the last attempt that counts.
        self.assertIn("file: /tmp/left", done.stdout)
        self.assertEqual([leak for leak in done.tests["Once.Leaks"]["leaks"]
                          if leak["allowed"] is None], [], done)
        self.assertIn("[  FLAKY   ] Once.Fails: both failed and passed in 2 attempts", done.stdout)

    def test_first_attempt_is_shown(self):
        done = self.run_tests("Once.Fails", "--testcell_retries=1")
        lines = done.stdout.splitlines()
        at = [lines.index(line) for line in (
            "[ RUN      ] Once.Fails", "attempt 1", "<at & first>", "attempt 1 is over",
            "[  RETRY   ] Once.Fails, which failed in attempt 1 of at most 2", "attempt 2")]
        self.assertEqual(at, sorted(at), done)
        element = done.cases["Once.Fails"].find("flakyFailure")
        self.assertIn("<at & first>", element.find("stackTrace").text)
        self.assertIn("retries_payload.cc:", element.find("stackTrace").text)
        self.assertIn("attempt", element.get("message"))

    def test_crash_is_told(self):
        done = self.run_tests("Once.Crashes", "--testcell_retries=1")
        self.assertIn("SIGABRT", done.cases["Once.Crashes"].find("flakyFailure").get("message"))
        self.assertIn("SIGABRT", done.stdout)

    def test_no_more_often_than_asked(self):
        done = self.run_tests("Twice.*", "--testcell_retries=1")
        self.assertEqual((done.status, self.attempts("twice")), (1, 2), done)
        self.assertEqual(done.fate("Twice.Fails"), ("failed", 2, False), done)
        os.unlink(f"{self.directory}/twice")
        done = self.run_tests("Twice.*", "--testcell_retries=2")
        self.assertEqual((done.status, self.attempts("twice")), (0, 3), done)
        self.assertEqual(done.fate("Twice.Fails"), ("passed", 3, True), done)
        self.assertEqual(done.elements("Twice.Fails"), ["flakyFailure", "flakyFailure"])

    def test_failing_always(self):
        done = self.run_tests("Always.*", "--testcell_retries=2")
        self.assertEqual((done.status, self.attempts("always")), (1, 3), done)
        self.assertEqual(done.fate("Always.Fails"), ("failed", 3, False), done)
        self.assertEqual(done.elements("Always.Fails"),
                         ["failure", "rerunFailure", "rerunFailure"], done)
        self.assertEqual(done.properties("Always.Fails"),
                         {"testcell.attempts": "3", "testcell.flaky": "false"})
        self.assertEqual(done.stdout.count("as ever"), 3, done)
        self.assertNotIn("FLAKY", done.stdout)

    def test_a_suite_of_its_own_opinion(self):
        done = self.run_tests("Never.*", "--testcell_retries=5")
        self.assertEqual((done.status, self.attempts("never")), (1, 1), done)

    def test_shared_cell(self):
        done = self.run_tests("Shared.*", "--testcell_retries=5")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.fate("Shared.Begins"), ("passed", 3, False), done)
        self.assertEqual(done.fate("Shared.FailsOnce"), ("passed", 3, True), done)
        self.assertEqual(done.fate("Shared.CrashesOnce"), ("passed", 3, True), done)
        self.assertEqual(done.elements("Shared.Begins"), [])
        self.assertEqual(done.elements("Shared.FailsOnce"), ["flakyFailure"])

    def test_set_up_that_fails(self):
        done = self.run_tests("SetUpFailsOnce.*", "--testcell_retries=1")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.fate("SetUpFailsOnce.Passes"), ("passed", 2, True), done)
        self.assertIn("not yet", done.stdout)

    def test_set_up_in_the_parent(self):
        done = self.run_tests("Once.Fails:Once.Crashes", "--testcell_retries=1",
                              "--testcell_suites=parent")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.fate("Once.Crashes"), ("passed", 2, True), done)

    def test_repeat(self):
        done = self.run_tests("Once.Fails", "--testcell_retries=1", "--gtest_repeat=2")
        self.assertEqual(done.fate("Once.Fails"), ("passed", 3, True), done)
        self.assertEqual(done.elements("Once.Fails"), [], done)  # the last iteration's

    def test_bad_values(self):
        for value in ("", "-1", "often"):
            result = subprocess.run([PAYLOAD, f"--testcell_retries={value}"], capture_output=True,
                                    text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 2, result)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
