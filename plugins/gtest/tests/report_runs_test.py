#!/usr/bin/env python3
"""Runs report_payload, and reads the reports that it writes.

    report_runs_test.py root|user build/report_payload framework/docs/report.schema.json

root: as who runs it; user: as nobody, which only root can do (else: status 77).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema

import users

PAYLOAD = SCHEMA = ""
AS_USER = []
TIMEOUT_S = 60


class Done:
    """A run that has ended."""

    def __init__(self, status, stdout, stderr, report, xml):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.report = report
        self.tests = {test["name"]: test for test in report["tests"]} if report else {}
        self.xml = ElementTree.fromstring(xml) if xml else None

    def properties(self, name):
        suite, case = name.split(".")
        found = self.xml.find(f".//testcase[@classname='{suite}'][@name='{case}']")
        return {item.get("name"): item.get("value") for item in found.iter("property")}

    def failures(self, name):
        suite, case = name.split(".")
        found = self.xml.find(f".//testcase[@classname='{suite}'][@name='{case}']")
        return [failure.text for failure in found.iter("failure")]

    def summary(self):
        """What testcell says after GoogleTest."""
        lines = self.stdout.splitlines()
        return [line for line in lines
                if line[:12] in ("[ testcell ]", "[   LEAK   ]", "[ ALLOWED  ]", "[ CONFLICT ]")]

    def __str__(self):
        return f"exit status {self.status}\n{self.stdout}{self.stderr}"


class ReportTestCase(unittest.TestCase):
    def setUp(self):
        with open(SCHEMA, encoding="utf-8") as file:
            self.validator = jsonschema.Draft7Validator(json.load(file))
        self.directory = self.enterContext(tempfile.TemporaryDirectory())
        if AS_USER:
            os.chown(self.directory, users.NOBODY, users.NOBODY)
        # A copy that anybody may execute, wherever the build directory is.
        self.payload = shutil.copy(PAYLOAD, self.directory)
        os.chmod(self.payload, 0o755)
        self.path = f"{self.directory}/report.json"

    def start(self, tests, *flags, environment=None, report=True, prefix=()):
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith(("TESTCELL_", "GTEST_", "REPORT_"))}
        variables.update(environment or {})
        line = [*AS_USER, *prefix, self.payload, f"--gtest_filter={tests}", f"--gtest_output=xml:{self.directory}/x.xml",
                *flags] + ([f"--testcell_report=json:{self.path}"] if report else [])
        return subprocess.Popen(line, env=variables, stdin=subprocess.DEVNULL, text=True,
                                cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
        report = xml = None
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                report = json.load(file)
            self.validator.validate(report)
        if os.path.exists(f"{self.directory}/x.xml"):
            with open(f"{self.directory}/x.xml", encoding="utf-8") as file:
                xml = file.read()
        return Done(process.returncode, stdout, stderr, report, xml)

    def run_tests(self, tests, *flags, **arguments):
        return self.finish(self.start(tests, *flags, **arguments))


class Groups(ReportTestCase):
    """A user namespace has its own limit of fanotify's groups."""

    def run_with(self, groups, tests="Collides.*"):
        limit = f"echo {groups} > /proc/sys/user/max_fanotify_groups; exec \"$@\""
        done = self.run_tests(tests, "--testcell_jobs=2", "--testcell_slow=5m", prefix=[
            "unshare", "--user", "--map-root-user", "sh", "-ec", limit, "sh"])
        self.assertEqual(done.status, 0, done)
        return done

    def test_none_left_is_said_once(self):
        done = self.run_with(0)
        self.assertEqual(done.stderr.count("cells can't watch files by fanotify_init: EMFILE"), 1,
                         done)
        self.assertIn("sysctl user.max_fanotify_groups", done.stderr)
        self.assertEqual(done.report["conflicts"], [])

    def test_enough(self):
        done = self.run_with(1000)
        self.assertEqual(done.stderr, "", done)

    def test_a_full_queue_is_said(self):
        """Who may not watch the host's files reads events when a test is over."""
        done = self.run_with(1000, "Uses.MoreEventsThanTheKernelKeeps")
        self.assertEqual(done.stderr, not_listed("Uses.MoreEventsThanTheKernelKeeps", 1), done)


def not_listed(test, count):
    return f"testcell: {test} left or used more than can be told: at least {count} of it is not " \
        "listed\n"


class Locks(ReportTestCase):
    """What ctest -j needs where tests have no cells."""

    def locks(self, tests):
        done = self.run_tests(tests, "--testcell_leaks=off")
        lines = done.stdout.splitlines()
        begin = [i for i, line in enumerate(lines) if line.startswith("set_tests_properties(")]
        return "\n".join(lines[begin[0]:]) if begin else ""

    def test_names_are_those_of_ctest(self):
        self.assertEqual(self.locks("*ByValue*"),
                         "set_tests_properties(Some/ByValue.Collides/10 "
                         "Some/ByValue.Collides/11\n"
                         "  PROPERTIES RESOURCE_LOCK \"path_/tmp/by_value\")")
        self.assertRegex(self.locks("ByType*"),
                         r'set_tests_properties\("ByType.Collides<int>"\n'
                         r'  "ByType.Collides<std::.*string.*>"\n'
                         r'  PROPERTIES RESOURCE_LOCK "path_/tmp/by_type"\)')

    def test_set_ups_are_made_by_every_process(self):
        locks = self.locks("SharesASetUp.*:Collides.*")
        self.assertIn("set_tests_properties(SharesASetUp.One SharesASetUp.Two\n"
                      "  PROPERTIES RESOURCE_LOCK \"path_/tmp/by_set_up\")", locks)
        self.assertIn("(Collides.First Collides.Second\n", locks)

    def test_nothing_is_said_where_only_a_set_up_is_shared(self):
        self.assertEqual(self.locks("SharesASetUp.*"), "")


class Bounds(ReportTestCase):
    def test_leaks(self):
        done = self.run_tests("LeavesMany.MoreFilesThanAreListed")
        self.assertEqual(len(done.tests["LeavesMany.MoreFilesThanAreListed"]["leaks"]), 500, done)
        self.assertEqual(done.stderr, not_listed("LeavesMany.MoreFilesThanAreListed", 20), done)

    def test_uses(self):
        done = self.run_tests("Uses.MorePathsThanAreListed")
        self.assertEqual(len(done.tests["Uses.MorePathsThanAreListed"]["uses"]), 2000, done)
        self.assertEqual(done.stderr, not_listed("Uses.MorePathsThanAreListed", 20), done)

    def test_as_many_as_are_listed(self):
        done = self.run_tests("LeavesMany.Files:Uses.ManyPaths")
        self.assertEqual(len(done.tests["LeavesMany.Files"]["leaks"]), 480, done)
        self.assertEqual(len(done.tests["Uses.ManyPaths"]["uses"]), 1980, done)
        self.assertEqual(done.stderr, "", done)


class Reports(ReportTestCase):
    def test_fates(self):
        done = self.run_tests("Plain.*:Ends.*:Marked.*", "--testcell_jobs=3")
        self.assertEqual(done.status, 1, done)
        self.assertEqual((done.report["jobs"], done.report["isolation"]), (3, "full"), done)
        fates = {name: (test["outcome"], test["signal"], test["exit_status"], test["rung"])
                 for name, test in done.tests.items()}
        self.assertEqual(fates, {"Plain.Passes": ("passed", None, 0, "full"),
                                 "Plain.Fails": ("failed", None, 0, "full"),
                                 "Plain.Skips": ("skipped", None, 0, "full"),
                                 "Marked.Passes": ("passed", None, 0, "full"),
                                 "Ends.BySignal": ("crashed", "SIGKILL", None, "full"),
                                 "Ends.ByExit": ("crashed", None, 3, "full")})
        self.assertEqual(list(fates), [f"{suite.get('name')}.{case.get('name')}"
                                       for suite in done.xml for case in suite.iter("testcase")])
        for test in done.tests.values():
            self.assertLessEqual(test["start_ms"] + test["wall_ms"], done.report["wall_ms"] + 1)
            self.assertGreater(test["max_rss_kib"], 0)

    def test_in_process(self):
        done = self.run_tests("Plain.Passes:Marked.Passes", "--testcell_isolate=marked")
        self.assertEqual({name: test["rung"] for name, test in done.tests.items()},
                         {"Plain.Passes": "off", "Marked.Passes": "full"}, done)
        self.assertEqual(done.report["isolation"], "full")
        done = self.run_tests("Plain.*:Marked.*", "--testcell_isolate=off")
        self.assertEqual({name: (test["rung"], test["outcome"])
                          for name, test in done.tests.items()},
                         {"Plain.Passes": ("off", "passed"), "Plain.Fails": ("off", "failed"),
                          "Plain.Skips": ("off", "skipped"), "Marked.Passes": ("off", "passed")},
                         done)
        self.assertEqual((done.report["isolation"], done.report["jobs"]), ("off", 1))

    def test_shared_suite(self):
        done = self.run_tests("Plain.*", "--testcell_suites=shared")
        self.assertEqual([test["outcome"] for test in done.report["tests"]],
                         ["passed", "failed", "skipped"], done)

    def test_repeat(self):
        mark = f"{self.directory}/mark"
        done = self.run_tests("Flaky.*:Plain.Passes", "--gtest_repeat=3", "--testcell_tmp=shared",
                              "--testcell_cwd=shared",
                              environment={"REPORT_PAYLOAD_MARK": mark})
        self.assertEqual({name: (test["outcome"], test["attempts"], test["flaky"])
                          for name, test in done.tests.items()},
                         {"Flaky.FailsInTheFirstIterationAlone": ("failed", 3, True),
                          "Plain.Passes": ("passed", 3, False)}, done)

    def test_interrupted(self):
        process = self.start("Plain.Passes:Waits.*:Plain.Skips", "--testcell_jobs=1")
        lines = []
        while not lines or lines[-1] != "waits\n":
            lines.append(process.stdout.readline())
            self.assertNotEqual(lines[-1], "", lines)
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.status, 130, done)
        waits = done.tests["Waits.ToBeInterrupted"]
        self.assertEqual((waits["outcome"], waits["signal"]), ("failed", "SIGINT"))
        self.assertEqual(done.tests["Plain.Passes"]["outcome"], "passed")

    def test_no_test(self):
        done = self.run_tests("None.*")
        self.assertEqual((done.status, done.report["tests"], done.report["isolation"]),
                         (0, [], "off"), done)

    def test_html(self):
        page = f"{self.directory}/report.html"
        done = self.run_tests("Plain.Passes",
                              environment={"TESTCELL_REPORT": f"html:{page},json:{self.path}"},
                              report=False)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(list(done.tests), ["Plain.Passes"])
        with open(page, encoding="utf-8") as file:
            self.assertIn('"name":"Plain.Passes"', file.read())


class Flags(ReportTestCase):
    def test_report_that_cannot_be_written(self):
        for path, error in ((f"{self.directory}/none/r.json", "ENOENT"),
                            (self.directory, "EISDIR")):
            done = self.run_tests("Plain.Passes", f"--testcell_report=json:{path}", report=False)
            self.assertEqual(done.status, 2, done)
            self.assertNotIn("[ RUN", done.stdout)
            self.assertIn(f"testcell: no test was run: cannot write the report {path}: ",
                          done.stderr)
            self.assertIn(error, done.stderr)

    def test_report_whose_directory_goes_away(self):
        path = f"{self.directory}/d/r.json"
        os.mkdir(os.path.dirname(path))
        os.chmod(os.path.dirname(path), 0o777)
        process = self.start("Plain.Passes:Waits.*", f"--testcell_report=json:{path}",
                             "--testcell_jobs=1", report=False)
        while process.stdout.readline() != "waits\n":
            self.assertIsNone(process.poll())
        os.rmdir(os.path.dirname(path))
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.status, 130, done)
        self.assertIn(f"testcell: cannot write the report {path}: mkostemp: ENOENT", done.stderr)

    def test_bad_values(self):
        for flag, value in (("report", "r.json"), ("report", "xml:r.xml"), ("report", "json:"),
                            ("report", "json:a,"), ("report", "json:a,html:a"),
                            ("leaks", "yes"), ("uses", "some"), ("conflicts", "strict")):
            done = self.run_tests("Plain.Passes", f"--testcell_{flag}={value}", report=False)
            self.assertEqual(done.status, 2, done)
            self.assertIn(f"--testcell_{flag}: '{value}' is no value for it; it takes (",
                          done.stderr)

    def test_help(self):
        done = self.run_tests("Plain.Passes", "--help", report=False)
        for flag in ("leaks=(off|report|fail|strict)", "uses=(off|default|all)",
                     "conflicts=(off|report|fail)", "report=(json:PATH|html:PATH)[,...]"):
            self.assertIn(f"  --testcell_{flag}\n", done.stdout)

    def test_listing_needs_no_report(self):
        done = self.run_tests("Plain.Passes", "--gtest_list_tests",
                              f"--testcell_report=json:{self.directory}/none/r", report=False)
        self.assertEqual((done.status, done.stderr), (0, ""), done)


class Allowances(ReportTestCase):
    def test_that_match_nothing(self):
        done = self.run_tests("Allows.*", environment={"REPORT_PAYLOAD_ALLOW": "1"})
        self.assertEqual(done.summary(), ["[ ALLOWED  ] matched nothing: file /tmp/none* "
                                          "(too careful)"], done)
        self.assertEqual([(entry["kind"], entry["pattern"], entry["matched"])
                          for entry in done.report["allowances"]],
                         [("file", "/tmp/singleton", 0), ("fd", "fd 77*", 0),
                          ("file", "/tmp/none*", 0)])

    def test_silence(self):
        done = self.run_tests("Plain.Passes:Plain.Skips", report=False)
        self.assertEqual(done.summary(), [], done)
        self.assertTrue(done.stdout.rstrip().endswith("[  SKIPPED ] Plain.Skips"), done)


class Leaks(ReportTestCase):
    def whats(self, done, name):
        return [(leak["kind"], leak["what"], leak["allowed"]) for leak in done.tests[name]["leaks"]]

    def test_report(self):
        done = self.run_tests("Leaves.*:LeavesBySuite.*:LeaksOff.*:Plain.Passes")
        self.assertEqual(done.status, 1, done)
        self.assertEqual(self.whats(done, "Leaves.AFile"), [("file", "/tmp/left", None)])
        self.assertEqual(self.whats(done, "Leaves.AFileAllowed"),
                         [("file", "/tmp/kept_on_purpose", "read at the next start")])
        self.assertEqual(self.whats(done, "LeavesBySuite.AFileAllowed"),
                         [("file", "/tmp/of_suite", "the suite's own file")])
        self.assertEqual(self.whats(done, "LeaksOff.AFile"), [])
        self.assertEqual(done.tests["LeaksOff.AFile"]["uses"], [])
        self.assertEqual(self.whats(done, "Plain.Passes"), [])
        (kind, what, allowed), = self.whats(done, "Leaves.AProcess")
        self.assertEqual((kind, allowed), ("process", None))
        self.assertRegex(what, r"^report_payload.* \(pid \d+\)$")
        self.assertEqual(done.summary(), [
            "[ testcell ] 3 leaks in 3 tests", "[   LEAK   ] Leaves.AFile",
            "[   LEAK   ] Leaves.AProcess", "[   LEAK   ] Leaves.AFileAndFails",
            "[ ALLOWED  ] 1 leak: file /tmp/of_suite (the suite's own file)",
            "[ ALLOWED  ] 1 leak: file /tmp/kept* (read at the next start)"], done)

    def test_properties(self):
        done = self.run_tests("Leaves.AFile:Leaves.AFileAllowed:Collides.First:Plain.Passes")
        self.assertEqual(done.properties("Leaves.AFile")["testcell.leaks"], "file: /tmp/left")
        self.assertEqual(done.properties("Leaves.AFileAllowed")["testcell.leaks"],
                         "file: /tmp/kept_on_purpose (allowed: read at the next start)")
        self.assertEqual(done.properties("Collides.First"), {"testcell.uses": "path /tmp/state"})
        self.assertEqual(done.properties("Plain.Passes"), {})

    def test_fail(self):
        done = self.run_tests("Leaves.AFile*:Plain.Passes:LeaksOff.*", "--testcell_leaks=fail")
        self.assertEqual(done.status, 1, done)
        self.assertEqual({name: test["outcome"] for name, test in done.tests.items()},
                         {"Leaves.AFile": "failed", "Leaves.AFileAndFails": "failed",
                          "Leaves.AFileAllowed": "passed", "Plain.Passes": "passed",
                          "LeaksOff.AFile": "passed"}, done)
        failure, = done.failures("Leaves.AFile")
        self.assertRegex(failure, r"report_payload\.cc:\d+\ntestcell: left behind in the cell:\n"
                                  r"  file: /tmp/left\n")
        first, second = done.failures("Leaves.AFileAndFails")
        self.assertIn("its own failure", first)
        self.assertIn("file: /tmp/left_by_failed", second)

    def test_fail_by_options(self):
        done = self.run_tests("Leaves.AFile:LeaksFail.*")
        self.assertEqual({name: test["outcome"] for name, test in done.tests.items()},
                         {"Leaves.AFile": "passed", "LeaksFail.AFile": "failed"}, done)
        done = self.run_tests("LeaksFail.*:Leaves.AFile", "--testcell_leaks=off")
        self.assertEqual({name: len(test["leaks"]) for name, test in done.tests.items()},
                         {"Leaves.AFile": 0, "LeaksFail.AFile": 1}, done)

    def test_off(self):
        done = self.run_tests("Leaves.AFile:Allows.*:Collides.*", "--testcell_leaks=off",
                              "--testcell_uses=off")
        self.assertEqual((done.status, done.summary()), (0, []), done)
        self.assertEqual([test["leaks"] + test["uses"] for test in done.report["tests"]],
                         [[], [], [], []])
        self.assertEqual(done.report["allowances"], [])

    def test_run_wide(self):
        done = self.run_tests("Most/Alike.*:Plain.Passes")
        leak, = done.report["leaks"]
        self.assertEqual((leak["kind"], leak["what"], len(leak["tests"]), leak["suite"]),
                         ("file", "/tmp/singleton", 4, None))
        self.assertEqual([test["leaks"] for test in done.report["tests"]], [[]] * 5)
        self.assertIn("[   LEAK   ] run-wide: 4 tests leave this alike", done.summary())

    def test_run_wide_allowed_by_main(self):
        done = self.run_tests("Most/Alike.*", "--testcell_leaks=fail",
                              environment={"REPORT_PAYLOAD_ALLOW": "1"})
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.report["leaks"][0]["allowed"], "a singleton's")
        self.assertIn("[ ALLOWED  ] 4 leaks: file /tmp/singleton (a singleton's)", done.summary())

    def test_shared_cell(self):
        done = self.run_tests("Shared.*", "--testcell_suites=shared")
        self.assertEqual(self.whats(done, "Shared.One"), [])
        self.assertEqual(self.whats(done, "Shared.Two"), [("file", "/tmp/of_one", None)])

    def test_set_up_that_fails(self):
        done = self.run_tests("BrokenSetUp.*")
        leak, = done.report["leaks"]
        self.assertEqual((leak["what"], leak["tests"], leak["suite"]),
                         ("/tmp/of_broken_set_up", [], "BrokenSetUp"))

    def test_repeat_says_it_once(self):
        done = self.run_tests("Leaves.AFile:Leaves.AProcess", "--gtest_repeat=3")
        self.assertEqual([len(test["leaks"]) for test in done.report["tests"]], [1, 1])
        self.assertEqual(done.summary()[0], "[ testcell ] 2 leaks in 2 tests")


class Conflicts(ReportTestCase):
    def test_report(self):
        done = self.run_tests("Collides.*:Plain.Passes")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.report["conflicts"], [
            {"kind": "path", "name": "/tmp/state", "tests": ["Collides.First", "Collides.Second"],
             "shared": False, "real": False}])
        text = done.stdout[done.stdout.index("[ testcell ]"):]
        self.assertEqual(text, """\
[ testcell ] 1 conflict
[ CONFLICT ] path /tmp/state: 2 tests would collide
             Collides.First, Collides.Second
[ CONFLICT ] In cells they don't. Without cells, ctest -j needs:
set_tests_properties(Collides.First Collides.Second
  PROPERTIES RESOURCE_LOCK "path_/tmp/state")
""")

    def test_fail(self):
        done = self.run_tests("Collides.*:Plain.Passes", "--testcell_conflicts=fail")
        self.assertEqual(done.status, 1, done)
        self.assertEqual([test["outcome"] for test in done.report["tests"]], ["passed"] * 3)
        self.assertIn("testcell: these tests would collide without cells:\n"
                      "  path /tmp/state: Collides.First, Collides.Second\n", done.stdout)
        failures = [failure.text for failure in done.xml.iter("failure")]
        self.assertEqual(len(failures), 1, ElementTree.tostring(done.xml))
        self.assertIn("path /tmp/state", failures[0])

    def test_off(self):
        done = self.run_tests("Collides.*", "--testcell_conflicts=off")
        self.assertEqual((done.status, done.summary(), done.report["conflicts"]), (0, [], []), done)
        self.assertEqual(done.tests["Collides.First"]["uses"],
                         [{"kind": "path", "name": "/tmp/state"}])

    def test_colour(self):
        done = self.run_tests("Collides.*", "--gtest_color=yes", report=False)
        self.assertIn("\033[0;33m[ testcell ]\033[m 1 conflict\n", done.stdout)


class Escapes(ReportTestCase):
    """What tests write to the host's own files, which their cells share. For an
    ordinary user it is seen with all uses."""

    def setUp(self):
        super().setUp()
        # In no directory that a cell has anew.
        place = "/opt" if os.access("/opt", os.W_OK) else None
        self.host = self.enterContext(tempfile.TemporaryDirectory(dir=place))
        os.mkdir(f"{self.host}/shared")
        for name in ("before", "after"):
            os.mkfifo(f"{self.host}/{name}")
        with open(f"{self.host}/read", "w", encoding="utf-8") as file:
            file.write("read")
        for name in ("", "shared", "before", "after", "read"):
            os.chmod(f"{self.host}/{name}", 0o777)

    def run_tests(self, tests, *flags, **arguments):
        flags = ["--testcell_uses=all"] * bool(AS_USER) + ["--testcell_jobs=2", *flags]
        return super().run_tests(tests, *flags,
                                 environment={"REPORT_PAYLOAD_HOST": self.host}, **arguments)

    def escapes(self, done, name):
        return [(leak["what"], leak["detail"]["change"]) for leak in done.tests[name]["leaks"]
                if leak["kind"] == "file" and leak["detail"].get("escaped") is True]

    def test_the_same_path_at_once(self):
        names = ["Meets.AndWritesTheSame", "Meets.AndWritesTheSameAgain"]
        done = self.run_tests(":".join(names))
        self.assertEqual(done.status, 0, done)
        same = f"{self.host}/same"
        # Both may have found that there is none yet.
        changes = sorted(self.escapes(done, names[0]) + self.escapes(done, names[1]))
        self.assertEqual([what for what, change in changes], [same, same], done)
        self.assertIn((same, "made"), changes)
        self.assertEqual(done.report["conflicts"], [
            {"kind": "path", "name": same, "tests": names, "shared": True, "real": True}])
        self.assertIn(f"[ CONFLICT ] path {same}: 2 tests DID collide, on the host",
                      done.summary())
        self.assertIn("[ CONFLICT ] Cells share the host's files.", done.stdout)
        done = self.run_tests(":".join(names), "--testcell_conflicts=fail")
        self.assertEqual(done.status, 1, done)
        self.assertIn(f"path {same}: {', '.join(names)} (they did, on the host)", done.stdout)

    def test_the_same_path_in_turn(self):
        done = self.run_tests("InTurn.*", "--testcell_jobs=1")
        self.assertEqual(done.status, 0, done)
        same = f"{self.host}/same"
        self.assertEqual(done.report["conflicts"], [
            {"kind": "path", "name": same, "tests": ["InTurn.First", "InTurn.Second"],
             "shared": True, "real": False}])

    def test_different_paths(self):
        done = self.run_tests("Meets.AndWritesOne:Meets.AndWritesAnother")
        self.assertEqual((done.status, done.report["conflicts"]), (0, []), done)
        self.assertEqual(self.escapes(done, "Meets.AndWritesOne"),
                         [(f"{self.host}/one", "made")], done)

    def test_readers(self):
        done = self.run_tests("Meets.AndReads*")
        self.assertEqual((done.status, done.report["conflicts"], done.summary()), (0, [], []), done)

    def test_what_is_meant_to_be_shared_is_no_leak_but_collides(self):
        done = self.run_tests("MeetsInShared.*")
        self.assertEqual(done.status, 0, done)
        self.assertEqual([test["leaks"] for test in done.report["tests"]], [[], []], done)
        lock = f"{self.host}/shared/lock"
        self.assertEqual(done.report["conflicts"], [
            {"kind": "path", "name": lock, "tests": ["MeetsInShared.One", "MeetsInShared.Other"],
             "shared": True, "real": True}])

    def test_fail(self):
        done = self.run_tests("InTurn.First", "--testcell_leaks=fail")
        self.assertEqual(done.status, 1, done)
        self.assertIn(f"file: {self.host}/same (outside the cell, still there)",
                      done.failures("InTurn.First")[0])

    def test_an_ordinary_user_has_to_ask(self):
        done = self.run_tests("InTurn.*", "--testcell_uses=default")
        self.assertEqual([len(test["leaks"]) for test in done.report["tests"]],
                         [0, 0] if AS_USER else [1, 1], done)


if __name__ == "__main__":
    USER, PAYLOAD, SCHEMA = sys.argv[1:4]
    del sys.argv[1:4]
    AS_USER = users.prefix(USER)
    unittest.main()
