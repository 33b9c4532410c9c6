"""What set-ups use is theirs, and what they tear down is no leak; a test that ends in
one says so; ordinary tests leave nothing, and don't collide.

    setups_test.py root|user SETUPS_PAYLOAD PLAIN_PAYLOAD

root: as who runs it; user: as nobody, which only root can do (else: status 77).
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import users

SETUPS, PLAIN = sys.argv[2:4]
PREFIX = users.prefix(sys.argv[1], PLAIN)


def run(binary, *arguments):
    """The JSON report of a run that passes."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        path = os.path.join(directory, "report.json")
        command = [*PREFIX, binary, f"--testcell_report=json:{path}", "--gtest_brief=1", *arguments]
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=300, check=False)
        if result.returncode != 0:
            raise AssertionError(f"status {result.returncode}\n{result.stdout}{result.stderr}")
        with open(path, encoding="utf-8") as file:
            return json.load(file), result.stdout


def uses(test):
    return sorted(f"{use.get('by', 'test')} {use['kind']} {use['name']}" for use in test["uses"])


ENVIRONMENT = [
    "environment path /tmp/environment", "environment path /tmp/passing",
    "environment tcp 0.0.0.0:100", "environment tcp 0.0.0.0:101",
    "environment unix_abstract @environment",
]
SUITE = ["suite_setup path /tmp/suite", "suite_setup tcp 0.0.0.0:200",
         "suite_setup tcp 0.0.0.0:201"]


class SetUps(unittest.TestCase):
    def setUp(self):
        self.report, _ = run(SETUPS, "--testcell_jobs=4")
        self.tests = {test["name"]: test for test in self.report["tests"]}

    def test_uses_belong_to_whoever_was_in_charge(self):
        self.assertEqual(uses(self.tests["Suite.Uses"]),
                         sorted([*ENVIRONMENT, *SUITE, "test tcp 0.0.0.0:300"]))
        self.assertEqual(uses(self.tests["Suite.UsesTheSame"]),
                         sorted([*ENVIRONMENT, *SUITE, "test tcp 0.0.0.0:300",
                                 "test path /tmp/suite"]))
        self.assertEqual(uses(self.tests["Bare.Uses"]),
                         sorted([*ENVIRONMENT, "test tcp 0.0.0.0:300"]))

    def test_only_what_is_forgotten_is_left(self):
        for name, test in self.tests.items():
            leaks = sorted(leak["what"] for leak in test["leaks"])
            forgotten = ["/tmp/forgotten", "tcp 0.0.0.0:400 listening"]
            self.assertEqual(leaks, forgotten if name.startswith("Forgetful.") else [], name)

    def test_all_uses_see_the_same(self):
        report, _ = run(SETUPS, "--testcell_uses=all")
        for test in report["tests"]:
            self.assertEqual(uses(test), uses(self.tests[test["name"]]), test["name"])


class Ends(unittest.TestCase):
    def failure_of(self, variable, place, *arguments):
        """What is said of Suite.Uses."""
        command = [*PREFIX, SETUPS, "--gtest_filter=Suite.Uses", *arguments]
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o777)
            result = subprocess.run(command, cwd=directory, capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL, timeout=300, check=False,
                                    env={**os.environ, variable: place})
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        return result.stdout

    def test_where_a_test_ended_is_said(self):
        for place, said in (("environment", "while an Environment was set up: "),
                            ("suite", "while the suite was set up: "), ("test", ""),
                            ("suite's end", "when the test was over: "),
                            ("environment's end", "while an Environment was torn down: ")):
            with self.subTest(place=place):
                self.assertIn(f"testcell: {said}the test ended its process",
                              self.failure_of("SETUPS_END", place))

    def test_where_a_test_hangs_is_said(self):
        self.assertIn("testcell: while an Environment was set up: the time limit of 300 ms has",
                      self.failure_of("SETUPS_HANG", "environment", "--testcell_timeout=300ms"))

    def test_it_is_said_of_every_attempt(self):
        output = self.failure_of("SETUPS_END", "suite", "--testcell_retries=2")
        self.assertEqual(output.count("testcell: while the suite was set up: "), 3, output)


class Plain(unittest.TestCase):
    def check(self, *arguments):
        report, _ = run(PLAIN, *arguments)
        self.assertGreaterEqual(len(report["tests"]), 200)
        for test in report["tests"]:
            self.assertEqual(test["leaks"], [], test["name"])
            # Now and then mkstemp makes up a word, which one can't tell from a name.
            names = [use["name"] for use in test["uses"]
                     if not re.match(r"/tmp/(plain|gtest_captured_stream)\.\w{6}\b", use["name"])]
            self.assertEqual(names, [], test["name"])
        self.assertEqual(report["leaks"], [])
        self.assertEqual(report["conflicts"], [])

    def test_finds_nothing(self):
        self.check("--testcell_jobs=4")

    def test_finds_no_changed_state(self):
        self.check("--testcell_leaks=strict")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
