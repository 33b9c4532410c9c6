"""The ladder: what a run does where the host refuses a full cell, and what it says.

    ladder_test.py --user=root|user TESTCELL REFUSE PAYLOAD PLAIN
"""
import contextlib
import json
import os
import signal
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import driver
from driver import SETTING

FULL = "ipc mnt net pid uts proc "
NO_NETWORK = ("clone3=ENOSYS", "newnet=EPERM")
NO_NAMESPACES = ("clone3=ENOSYS", "userns=EPERM", "newpid=EPERM")
EPERM = "EPERM (Operation not permitted)"
NO_NETWORK_TEXT = (f"cannot make a network namespace: {EPERM}; run as root with CAP_SYS_ADMIN "
                   "(docker: --privileged), or permit unshare and clone in the seccomp filter in "
                   "force")
SLEEP = f"86399.{os.getpid()}"  # nobody else's


def sleepers():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if SLEEP.encode() in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found


# A defect that is found so shall not be left on the host.
def end_sleepers():
    for pid in sleepers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


class Result:
    def __init__(self, done, home):
        self.done, self.status, self.stderr, self.stdout = done, done.status, done.stderr, done.stdout
        self.report = self.xml = None
        self.tests = {}
        if os.path.exists(f"{home}/report.json"):
            with open(f"{home}/report.json", encoding="utf-8") as file:
                self.report = json.load(file)
            self.tests = {test["name"]: test for test in self.report["tests"]}
        if os.path.exists(f"{home}/report.xml"):
            self.xml = {f"{suite.get('name')}.{case.get('name')}": case
                        for suite in ElementTree.parse(f"{home}/report.xml").getroot()
                        for case in suite}

    def properties(self, name):
        return {each.get("name"): each.get("value")
                for each in self.xml[name].iter("property")}

    def skipped(self, name):
        return [each.get("message") for each in self.xml[name].iter("skipped")]

    def __str__(self):
        return str(self.done)


class Ladder(unittest.TestCase):
    def setUp(self):
        self.refuse, self.payload, self.plain = SETTING.rest

    def tearDown(self):
        for name in os.listdir(SETTING.scratch):
            os.remove(f"{SETTING.scratch}/{name}")

    def run_tests(self, filters, *flags, refuse=(), prepare=None, prefix=None, cwd=None, **variables):
        """As this user, behind a filter of system calls, on a host that root has prepared."""
        home = SETTING.scratch
        command = [*(SETTING.prefix if prefix is None else prefix)]
        if refuse:
            command += [self.refuse, *refuse, "--"]
        command += [self.payload, f"--gtest_filter={filters}", f"--gtest_output=xml:{home}/report.xml",
                    f"--testcell_report=json:{home}/report.json", *flags]
        if prepare:
            command = ["unshare", "--mount", "sh", "-ec", f"{prepare}; exec \"$@\"", "sh", *command]
        for name in os.listdir(home):
            os.remove(f"{home}/{name}")
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd or home,
                              stdin=subprocess.DEVNULL, timeout=driver.DEADLINE_S,
                              env=driver.environment(LADDER_SLEEP=SLEEP, **variables))
        return Result(driver.Done(done.returncode, done.stdout, done.stderr), home)

    def assert_ran(self, done, own, rung, tests=("Plain.Passes",)):
        for name in tests:
            self.assertEqual(done.tests[name]["outcome"], "passed", done)
            self.assertEqual(done.tests[name]["rung"], rung, done)
            properties = done.properties(name)
            self.assertEqual(properties["own"], own, done)
            self.assertEqual(properties.get("testcell.rung"), None if rung == "full" else rung)
        self.assertEqual(done.report["isolation"], rung)

    def assert_refused(self, done, text):
        self.assertEqual((done.status, done.stderr), (2, f"testcell: {text}\n"), done)
        self.assertEqual(done.tests, {})
        self.assertNotIn("[ RUN", done.stdout)


class Default(Ladder):
    def test_a_refusal_ends_the_run_before_the_first_test(self):
        for flags in ((), ("--testcell_fallback=none",)):
            done = self.run_tests("Plain.Passes", *flags, refuse=NO_NETWORK)
            self.assert_refused(done, f"no test was run: {NO_NETWORK_TEXT}")

    def test_what_a_host_gives_is_not_given_up(self):
        for rung in ("none", "partial", "fork"):
            done = self.run_tests("Plain.Passes:Needs*.*:Marked.*:SharedCell.*", "--testcell_jobs=2",
                                  f"--testcell_fallback={rung}")
            self.assertEqual((done.status, done.stderr), (0, ""), done)
            self.assert_ran(done, FULL, "full", ("Plain.Passes", "NeedsIpc.Runs", "Marked.Runs",
                                                 "NeedsCgroups.Runs"))
            self.assertEqual((done.report["jobs"], done.report["missing"]), (2, []))
            self.assertNotIn("NO CELL", done.stdout)

    def test_a_bad_value(self):
        self.assert_refused(self.run_tests("Plain.Passes", "--testcell_fallback=much"),
                            "--testcell_fallback: 'much' is no value for it; it takes "
                            "(none|partial|fork)")


class MustIsolate(Ladder):
    FORBIDDEN = ("TESTCELL_MUST_ISOLATE is set in the environment, which forbids every fallback, and "
                 "one is asked for (--testcell_fallback or TESTCELL_FALLBACK)")

    def test_it_forbids_what_is_asked_for(self):
        for rung in ("partial", "fork"):
            done = self.run_tests("Plain.Passes", f"--testcell_fallback={rung}",
                                  TESTCELL_MUST_ISOLATE="1")
            self.assert_refused(done, self.FORBIDDEN)
            done = self.run_tests("Plain.Passes", TESTCELL_FALLBACK=rung, TESTCELL_MUST_ISOLATE="1")
            self.assert_refused(done, self.FORBIDDEN)

    def test_it_forbids_what_would_be_needed(self):
        done = self.run_tests("Plain.Passes", refuse=NO_NETWORK, TESTCELL_MUST_ISOLATE="1")
        self.assert_refused(done, f"no test was run: {NO_NETWORK_TEXT}")
        done = self.run_tests("Plain.Passes", cwd="/", TESTCELL_MUST_ISOLATE="1")
        self.assert_refused(done, "no test was run: the working directory / can't be made private: "
                            "an overlay on / would hide mounts; run from another directory, or pass "
                            "--testcell_cwd=shared")

    def test_the_root_directory_is_shared(self):
        done = self.run_tests("Plain.Passes", cwd="/")
        self.assertEqual((done.status, done.tests["Plain.Passes"]["rung"]), (0, "partial"), done)
        self.assertEqual(done.stderr, "testcell: the working directory / can't be made private: an "
                         "overlay on / would hide mounts; tests share it\n", done)

    def test_it_forbids_a_shared_working_directory(self):
        shared = "cannot make copy-on-write the working directory /proc/sys: E"
        done = self.run_tests("Plain.Passes", cwd="/proc/sys")
        self.assertEqual((done.status, done.tests["Plain.Passes"]["rung"]), (0, "partial"), done)
        self.assertTrue(done.stderr.startswith(f"testcell: {shared}"), done)
        done = self.run_tests("Plain.Passes", cwd="/proc/sys", TESTCELL_MUST_ISOLATE="1")
        self.assertEqual((done.status, done.tests), (2, {}), done)
        self.assertTrue(done.stderr.startswith(f"testcell: no test was run: {shared}"), done)

    def test_a_full_cell_is_no_fallback(self):
        done = self.run_tests("Plain.Passes", TESTCELL_MUST_ISOLATE="1")
        self.assertEqual((done.status, done.stderr), (0, ""), done)
        done = self.run_tests("Plain.Passes", "--testcell_cwd=shared", cwd="/",
                              TESTCELL_MUST_ISOLATE="1")
        self.assertEqual((done.status, done.stderr), (0, ""), done)
        done = self.run_tests("Plain.Passes", "--testcell_fallback=fork", TESTCELL_MUST_ISOLATE="0")
        self.assertEqual((done.status, done.stderr), (0, ""), done)


class Partial(Ladder):
    def test_without_the_network(self):
        done = self.run_tests("Plain.Passes*:Marked.*:NeedsIpc.*", "--testcell_fallback=partial",
                              refuse=NO_NETWORK)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(
            done.stderr,
            "testcell: ***** WARNING: NO FULL CELLS: tests run without what this host refuses "
            "(rung partial) *****\n"
            f"testcell: *  without network namespaces: {NO_NETWORK_TEXT}\n"
            "testcell: *    lost: private ports: tests share the network of the host\n"
            "testcell: *  one test at a time, since they could collide; --testcell_jobs=N for more\n",
            done)
        self.assert_ran(done, "ipc mnt pid uts proc ", "partial",
                        ("Plain.Passes", "Plain.PassesToo", "Marked.Runs", "NeedsIpc.Runs"))
        self.assertEqual(done.report["jobs"], 1)
        self.assertEqual(done.report["missing"],
                         [{"name": "network_namespace", "title": "network namespaces",
                           "reason": NO_NETWORK_TEXT,
                           "lost": "private ports: tests share the network of the host"}])
        self.assertIn("[ NO CELL  ] 4 tests ran without full isolation (rung partial), 0 skipped\n"
                      "             missing: network namespaces\n", done.stdout)

    def test_without_a_private_working_directory(self):
        done = self.run_tests("Plain.Passes", "--testcell_fallback=partial", cwd="/proc/sys")
        self.assert_ran(done, FULL, "partial")
        self.assertEqual([part["title"] for part in done.report["missing"]],
                         ["a private working directory"], done)
        self.assertNotIn("one test at a time", done.stderr)
        done = self.run_tests("Plain.Passes", "--testcell_fallback=partial",
                              "--testcell_cwd=private", cwd="/proc/sys")
        self.assertEqual((done.status, done.tests), (2, {}), done)

    def test_side_by_side_if_asked_for(self):
        done = self.run_tests("Plain.Passes*", "--testcell_fallback=partial", "--testcell_jobs=2",
                              refuse=NO_NETWORK)
        self.assertIn("testcell: *  up to 2 at once, as asked for: they may collide\n", done.stderr)
        self.assertEqual((done.status, done.report["jobs"]), (0, 2), done)

    def test_who_needs_it_is_skipped(self):
        done = self.run_tests("Plain.Passes:NeedsNetwork.*:SharedCell.*",
                              "--testcell_fallback=partial", refuse=NO_NETWORK)
        self.assertEqual(done.status, 0, done)
        for name in ("NeedsNetwork.Runs", "SharedCell.First", "SharedCell.Second"):
            self.assertEqual((done.tests[name]["outcome"], done.tests[name]["rung"]),
                             ("skipped", "partial"), done)
            self.assertEqual(len(done.skipped(name)), 1, done)
            self.assertIn(f"testcell: skipped: it needs what this host refuses: {NO_NETWORK_TEXT}",
                          done.skipped(name)[0])
            self.assertEqual(done.properties(name)["testcell.rung"], "partial")
        self.assert_ran(done, "ipc mnt pid uts proc ", "partial")
        self.assertIn("[ NO CELL  ] 1 test ran without full isolation (rung partial), 3 skipped\n"
                      "             missing: network namespaces\n", done.stdout)

    def test_nobody_is_left_to_run(self):
        done = self.run_tests("NeedsNetwork.*", "--testcell_fallback=partial", refuse=NO_NETWORK)
        self.assertEqual((done.status, done.tests["NeedsNetwork.Runs"]["outcome"]), (0, "skipped"),
                         done)

    def test_what_a_flag_asks_for_is_not_given_up(self):
        done = self.run_tests("Plain.Passes", "--testcell_fallback=fork", "--testcell_tmp=cow",
                              refuse=("mount=EPERM",))
        self.assert_refused(done, "no test was run: cannot make mounts private /: " + EPERM +
                            "; permit it in the seccomp filter or the security module in force "
                            "(docker: --security-opt seccomp=unconfined --security-opt "
                            "apparmor=unconfined); a flag asks for it")

    def test_nothing_is_left_of_a_cell(self):
        done = self.run_tests("Plain.Passes", "--testcell_fallback=partial", refuse=NO_NAMESPACES)
        self.assertEqual(done.status, 2, done)
        self.assertTrue(done.stderr.endswith(
            "; no part of a cell can be had without that, and --testcell_fallback=fork is what goes "
            "on without cells\n"), done)

    def test_a_mistake_in_options_is_no_refusal(self):
        done = self.run_tests("Plain.Passes", "--testcell_fallback=fork",
                              "--testcell_carry=/dev/shm/*.db")
        self.assertEqual(done.status, 2, done)
        self.assertIn("of files to carry back names /dev/shm", done.stderr)


class Fork(Ladder):
    def run_forked(self, filters, *flags, **options):
        return self.run_tests(filters, "--testcell_fallback=fork", *flags, refuse=NO_NAMESPACES,
                              **options)

    def test_a_process_of_its_own(self):
        done = self.run_forked("Plain.*")
        self.assertEqual(done.status, 1, done)
        self.assertTrue(done.stderr.startswith(
            "testcell: ***** WARNING: NO CELLS: each test is but a process of its own (rung fork) "
            "*****\n"), done)
        self.assertEqual({name: test["outcome"] for name, test in done.tests.items()},
                         {"Plain.Passes": "passed", "Plain.PassesToo": "passed",
                          "Plain.Fails": "failed", "Plain.Crashes": "crashed"})
        self.assert_ran(done, "", "fork", ("Plain.Passes", "Plain.PassesToo"))
        self.assertEqual(done.tests["Plain.Crashes"]["signal"], "SIGABRT")
        self.assertEqual(done.report["jobs"], 1)
        self.assertEqual(len(done.report["missing"]), 1)
        self.assertEqual(self.run_forked("Plain.P*", "--testcell_jobs=3").report["jobs"], 3)

    def test_who_asks_for_a_cell_is_skipped(self):
        done = self.run_forked("Plain.Passes:Marked.*:Needs*.*:SharedCell.*")
        self.assertEqual(done.status, 0, done)
        skipped = {name for name, test in done.tests.items() if test["outcome"] == "skipped"}
        self.assertEqual(skipped, set(done.tests) - {"Plain.Passes"}, done)
        self.assertEqual(len(skipped), 9)

    def test_what_a_test_leaves_ends_with_it(self):
        self.addCleanup(end_sleepers)
        for fate, name in (("passed", "IsLeft"), ("timed_out", "AndTheTestHangs"),
                           ("crashed", "AndTheTestDies")):
            limit = "1s" if fate == "timed_out" else "0"
            done = self.run_forked(f"Detached.{name}", f"--testcell_timeout={limit}")
            test = done.tests[f"Detached.{name}"]
            self.assertEqual(test["outcome"], fate, done)
            self.assertEqual(sleepers(), [], done)
            if fate == "timed_out":
                self.assertIn(f"sleep {SLEEP}", done.stdout)
            else:
                self.assertEqual([leak["what"].partition(" (pid")[0] for leak in test["leaks"]],
                                 [f"sleep {SLEEP}"], done)

    def test_signals_of_a_test_stay_with_its_group(self):
        done = self.run_forked("Signals.*:Plain.Passes")
        self.assertEqual((done.tests["Signals.ReachTheGroup"]["outcome"],
                          done.tests["Signals.ReachTheGroup"]["signal"]), ("crashed", "SIGKILL"), done)
        self.assert_ran(done, "", "fork")

    def test_a_command(self):
        self.addCleanup(end_sleepers)
        prefix = (self.refuse, *NO_NAMESPACES, "--")
        words = [*SETTING.prefix, *prefix, SETTING.testcell, "run", "--fallback=fork"]
        done = subprocess.run([*words, "--", "sh", "-c", f"setsid sleep {SLEEP} & exit 7"],
                              capture_output=True, text=True, check=False, cwd=SETTING.scratch,
                              stdin=subprocess.DEVNULL, env=driver.environment(), timeout=60)
        self.assertEqual(done.returncode, 7, done)
        self.assertEqual(sleepers(), [])
        self.assertIn("WARNING: NO CELLS", done.stderr)
        self.assertIn("process: ", done.stderr)  # which may be setsid still
        done = subprocess.run([*words, "--bind=/usr:/mnt", "--", "true"], capture_output=True,
                              text=True, check=False, cwd=SETTING.scratch, stdin=subprocess.DEVNULL,
                              env=driver.environment(), timeout=60)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("testcell: the command was not run: it needs what this host refuses: ",
                      done.stderr)

    def test_an_unmodified_program(self):
        words = [*SETTING.prefix, self.refuse, *NO_NAMESPACES, "--", SETTING.testcell, "gtest",
                 "--fallback=fork", f"--report=json:{SETTING.scratch}/report.json", "--", self.plain]
        done = subprocess.run([*words, "--gtest_filter=Outcome.Passes:Outcome.Fails"], capture_output=True, text=True,
                              check=False, cwd=SETTING.scratch, stdin=subprocess.DEVNULL,
                              env=driver.environment(), timeout=60)
        self.assertIn("WARNING: NO CELLS", done.stderr)
        with open(f"{SETTING.scratch}/report.json", encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(report["isolation"], "fork")
        self.assertEqual({test["rung"] for test in report["tests"]}, {"fork"})


if __name__ == "__main__":
    driver.main()
