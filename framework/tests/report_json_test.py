#!/usr/bin/env python3
"""Checks the JSON of a made-up run against the schema in the docs, and against what it is.

    report_json_test.py build/report_sample framework/docs/report.schema.json
"""

import json
import subprocess
import sys
import tempfile
import unittest

import jsonschema

SAMPLE = SCHEMA = ""


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)
        with tempfile.TemporaryDirectory() as directory:
            path = f"{directory}/report.json"
            subprocess.run([SAMPLE, "json", path], check=True, timeout=60)
            with open(path, encoding="utf-8") as file:
                cls.report = json.load(file)
        cls.tests = {test["name"]: test for test in cls.report["tests"]}

    def test_schema(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        jsonschema.Draft7Validator(self.schema).validate(self.report)

    def test_schema_refuses(self):
        validator = jsonschema.Draft7Validator(self.schema)
        for path, bad in ((("tests", 0, "outcome"), "fine"), (("jobs",), 0), (("schema",), 2),
                          (("tests", 1, "leaks", 0, "kind"), "memory"),
                          (("tests", 1, "leaks", 0, "detail", "escaped"), "yes"),
                          (("tests", 1, "uses", 0, "kind"), "sctp"),
                          (("conflicts", 0, "tests"), ["A.a"]),
                          (("leaks", 0, "tests"), 3), (("allowances", 0, "kind"), None)):
            with self.subTest(path=path):
                report = json.loads(json.dumps(self.report))
                place = report
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = bad
                self.assertFalse(validator.is_valid(report))
                del place[path[-1]]
                self.assertEqual(validator.is_valid(report), path[-1] == "escaped")

    def test_run(self):
        report = dict(self.report)
        self.assertRegex(report.pop("version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual({name: report[name] for name in
                          ("schema", "tool", "jobs", "isolation", "wall_ms")},
                         {"schema": 1, "tool": "testcell", "jobs": 4, "isolation": "full",
                          "wall_ms": 70})
        self.assertEqual(len(self.tests), 10)

    def test_a_test_that_left_something(self):
        self.assertEqual(self.tests["Server.Starts"], {
            "name": "Server.Starts", "outcome": "passed", "signal": None, "exit_status": 0,
            "attempts": 1, "flaky": False, "start_ms": 0, "wall_ms": 40, "cpu_ms": 0,
            "max_rss_kib": 0, "rung": "full",
            "leaks": [{"kind": "process", "what": "sleep 1000 (pid 7)", "allowed": None,
                       "detail": {"parent": "server_test (pid 2)", "age_ms": 30, "zip": "007"}}],
            "uses": [{"kind": "tcp", "name": "0.0.0.0:80"}]})

    def test_fates(self):
        fates = {name: (test["outcome"], test["signal"], test["exit_status"], test["rung"])
                 for name, test in self.tests.items()}
        self.assertEqual(fates["Server.Crashes"], ("crashed", "SIGSEGV", None, "full"))
        self.assertEqual(fates["Server.Exits"], ("crashed", None, 3, "full"))
        self.assertEqual(fates["Odd.Skipped"], ("skipped", None, 0, "full"))
        self.assertEqual(fates["Plain.InProcess"], ("passed", None, 0, "off"))
        self.assertEqual(fates["Plain.Interrupted"], ("failed", "SIGINT", 0, "full"))

    def test_findings_of_the_run(self):
        self.assertEqual(self.report["leaks"], [
            {"kind": "thread", "what": "logger (tid 4)", "allowed": None, "detail": {},
             "tests": ["Cache.Keeps", "Server.Starts", "Server.StartsAgain", "Server.Crashes",
                       "Server.Exits"], "suite": None},
            {"kind": "zombie", "what": "true (pid 9)", "allowed": None, "detail": {},
             "tests": [], "suite": "Broken"}])
        self.assertEqual(self.tests["Cache.Keeps"]["leaks"][0]["allowed"], "kept on purpose")
        self.assertEqual(self.report["allowances"], [
            {"kind": "fd", "pattern": "fd *", "reason": "is never left", "matched": 0},
            {"kind": "posix_shm", "pattern": "/seg*", "reason": "kept on purpose", "matched": 1}])
        self.assertEqual(self.report["shared_uses"], [
            {"kind": "tcp", "name": "127.0.0.1:81", "by": "suite_setup", "suite": "Plain",
             "tests": 1}])
        conflicts = [(conflict["kind"], conflict["name"], conflict["real"], conflict["tests"])
                     for conflict in self.report["conflicts"]]
        self.assertEqual(conflicts[:2], [
            ("path", "/srv/shared", True, ["Odd.Other", "Odd.Skipped"]),
            ("tcp", "0.0.0.0:80, [::]:80", False,
             ["Server.Starts", "Server.StartsAgain", "Server.Crashes"])])

    def test_what_could_not_be_listed(self):
        counts = {name: test.get("not_listed") for name, test in self.tests.items()}
        self.assertEqual(counts.pop("Cache.Keeps"), 7)
        self.assertEqual(set(counts.values()), {None})

    def test_bytes_that_are_no_text(self):
        odd = self.tests["Odd<b>/0.</script><script>document.title='gone'</script>"]
        self.assertTrue(odd["leaks"][0]["what"].startswith('/tmp/\ufffd"&<b>'))


if __name__ == "__main__":
    SAMPLE, SCHEMA = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main()
