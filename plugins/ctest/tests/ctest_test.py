"""testcell_discover_tests and testcell_add_test, by a project of a user's.

    ctest_test.py BUILD_DIRECTORY    of testcell, whose installed package is used
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = tempfile.mkdtemp(dir="/var/tmp", prefix="ctest-scratch-")
BUILD = os.path.join(WORK, "build")
ODD = ["a;b", "[", "]]", "]=]", "[=[x", '\\"q\\"', "back\\\\slash", "$ENV{HOME} ${x} @y@",
       "two\\nlines", None, "# hash", "  # GetParam() = 1", "", ";", "\\\\;", "\\t"]
REGISTERED = ["with space", "a-b", "axb", "a*", "ab", "q?", "c:d", "e;f", "[g", "h]", "i\\j", "k]=]",
              "ä", " leading", "trailing ", "dot.dot", "#no", "l/m", "$n", "%o", '"p"', "'q'"]


def run(*command, status=0, **options):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("TESTCELL_", "CTEST_", "GTEST_"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment,
                          stdin=subprocess.DEVNULL, **options)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


class Report:
    """What ctest says: its word for each test on the console, and its JUnit file."""

    def __init__(self, console, junit):
        self.fates, self.statuses, self.output = {}, {}, {}
        for case in ElementTree.parse(junit).getroot().iter("testcase"):
            name = case.get("name")
            self.statuses[name] = case.get("status")
            self.output[name] = case.findtext("system-out") or ""
            line = re.search(re.escape(name) + r" \.* *(?:\*\*\*)?(.*?) +[\d.]+ sec$", console, re.M)
            self.fates[name] = line.group(1)


def ctest(*arguments, status=0):
    report = os.path.join(WORK, "junit.xml")
    done = run("ctest", "--test-dir", BUILD, "--output-junit", report,
               "--test-output-size-passed", "99999", *arguments, status=status)
    return Report(done.stdout, report)


class Discovered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shown = json.loads(run("ctest", "--test-dir", BUILD, "--show-only=json-v1").stdout)
        cls.tests = {test["name"]: test for test in shown["tests"]}

    def properties(self, name):
        return {one["name"]: one["value"] for one in self.tests[name]["properties"]}

    def with_prefix(self, prefix):
        return [name[len(prefix):].strip() for name in self.tests if name.startswith(prefix)]

    def test_names_are_cmakes(self):
        for kind in ("theirs", "theirs, ugly"):
            names = self.with_prefix(kind + ":")
            self.assertEqual(len(names), 7, names)
            self.assertEqual(self.with_prefix(f"as {kind}:"), names)

    def test_odd_names_are_exact(self):
        names = [name for name in self.tests if name.startswith("ours: Values/Odd.")]
        self.assertEqual(len(names), len(ODD))
        for name, value in zip(names, ODD):
            if value is not None:  # what GoogleTest prints of UTF-8 depends on its version
                self.assertEqual(name, f'ours: Values/Odd.Value/"{value}"')
        names = [name for name in self.tests if name.startswith("ours: Registered.")]
        self.assertEqual(names, [f"ours: Registered.{name}" for name in REGISTERED])
        self.assertIn("ours: Registered suite; [of] its own.case", self.tests)

    def test_names_are_unique(self):
        self.assertIn("ours: Alike.Value/opaque", self.tests)
        self.assertIn("ours: Alike.Value/1", self.tests)
        self.assertIn("ours: ByName.Value/n7", self.tests)

    def test_properties(self):
        properties = self.properties("Claims.InTurn/3")
        self.assertEqual(properties["LABELS"], ["one", "two"])
        self.assertEqual(properties["TIMEOUT"], 5)
        self.assertEqual(properties["WORKING_DIRECTORY"], BUILD)
        self.assertNotIn("PROCESSORS", properties)
        late = self.properties("<Claims.InTurn/1>")
        self.assertEqual(late["WORKING_DIRECTORY"], BUILD + "/elsewhere")
        self.assertEqual(self.tests["<Claims.InTurn/1>"]["command"][-2:],
                         ["--gtest_print_time=0", "--an argument; of two"])
        self.assertEqual(self.properties("suite Claims")["PROCESSORS"], 3)
        self.assertEqual(self.properties("program claims")["PROCESSORS"], 2)
        self.assertEqual(self.tests["suite Claims"]["command"],
                         [BUILD + "/claims", "--testcell_jobs=3", "--gtest_filter=Claims.*"])

    def test_lists(self):
        """TEST_LIST is set where TEST_INCLUDE_FILES are read; by PRE_TEST, in ctest itself."""
        with open(os.path.join(BUILD, "testcell_cases_5_tests.cmake"), encoding="utf-8") as file:
            self.assertIn("set( [=[late_tests]=] [=[<Claims.InTurn/1>]=]", file.read())


class Run(unittest.TestCase):
    def test_claims_of_one_port_at_once(self):
        report = ctest("-j8", "-R", "^Claims|^suite|^program|^<|^claim |^target")
        self.assertEqual(len(report.fates), 20 + 2 + 11 + 4 + 1)
        self.assertEqual(set(report.fates.values()), {"Passed"})
        for number in range(1, 5):
            claimed = report.output[f"claim {number}"]
            self.assertTrue(claimed.endswith(f"db{number}\n/\n"), claimed)
        for name in ("suite Claims", "program claims"):
            self.assertIn("20 tests from 1 test suite ran", report.output[name])
        with open(f"{BUILD}/elsewhere/../xml/<Claims.InTurn/1>.xml", encoding="utf-8") as file:
            self.assertIn('tests="1" failures="0"', file.read())

    def test_outcomes_show_as_such(self):
        report = ctest("-j8", "-R", "^Outcome", "-E", "Hangs", status=8)
        self.assertEqual(report.fates, {
            "Outcome.Passes": "Passed",
            "Outcome.Fails": "Failed",
            "Outcome.Skips": "Skipped",
            "Outcome.SkipsAfterAFailure": "Failed",
            "Outcome.Aborts": "Failed",
            "Outcome.IsNotRun": "Not Run (Disabled)",
            "OutcomeAllSkip.One": "Skipped",
            "OutcomeAllSkip.Two": "Skipped",
            "OutcomeSomeSkip.One": "Skipped",
            "OutcomeSomeSkip.Two": "Passed"})
        self.assertEqual([report.statuses["Outcome." + name] for name in (
            "Passes", "Fails", "Skips", "IsNotRun")], ["run", "fail", "notrun", "disabled"])
        self.assertIn("was ended by SIGABRT (Aborted)", report.output["Outcome.Aborts"])

    def test_programs_without_the_plugin(self):
        report = ctest("-j8", "-R", "^plain ", "-E", "Hangs|Outcome.*Skip", status=8)
        self.assertEqual(len(report.fates), 20 + 4 + len(REGISTERED) + 1 + 1)
        self.assertEqual({name: fate for name, fate in report.fates.items() if fate != "Passed"}, {
            "plain Outcome.Fails": "Failed",
            "plain Outcome.Aborts": "Failed",
            "plain Outcome.IsNotRun": "Not Run (Disabled)"})
        self.assertIn("20 tests from 1 test suite ran", report.output["plain suite Claims"])
        with open(f"{BUILD}/xml/plain Claims.InTurn/1.xml", encoding="utf-8") as file:
            self.assertIn('tests="1" failures="0"', file.read())
        report = ctest("-R", "^plain Outcome.*Skip", "-E", "AFailure")
        self.assertEqual(set(report.fates.values()), {"Skipped", "Passed"})

    def test_a_timeout_shows_as_such(self):
        report = ctest("-R", "^Outcome.Hangs$", status=8)
        self.assertEqual(report.fates, {"Outcome.Hangs": "Timeout"})

    def test_batches(self):
        report = ctest("-R", "^batched Outcome.*Skip|^ours: Outcome", status=0)
        self.assertEqual(report.fates, {
            "batched OutcomeAllSkip": "Skipped",
            "batched OutcomeSomeSkip": "Passed",
            "ours: Outcome.IsNotRun": "Not Run (Disabled)"})

    def test_odd_names_run_alone(self):
        report = ctest("-j8", "-R", "^ours: (Registered|Values|Alike|ByName|Plain|Typed)")
        self.assertEqual(set(report.fates.values()), {"Passed"})
        self.assertEqual(len(report.fates), len(REGISTERED) + 1 + len(ODD) + 2 + 2 + 5 + 2)
        for output in report.output.values():
            self.assertIn("[==========] 1 test from 1 test suite ran.", output)

    def test_discovers_again_what_was_built_again(self):
        for mode, name in (("POST_BUILD", "Claims.InTurn/3"), ("PRE_TEST", "<Claims.InTurn/1>")):
            with self.subTest(mode):
                os.utime(os.path.join(BUILD, "cases"))
                self.assertEqual(ctest("-R", "^" + re.escape(name) + "$").fates, {name: "Passed"})


class Mistakes(unittest.TestCase):
    def check(self, line, message):
        project = os.path.join(WORK, "mistake")
        shutil.rmtree(project, ignore_errors=True)
        os.mkdir(project)
        with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="ascii") as file:
            file.write("cmake_minimum_required(VERSION 3.20)\nproject(mistake LANGUAGES CXX)\n"
                       "find_package(GTest REQUIRED)\nfind_package(testcell REQUIRED)\n"
                       f"add_library(target INTERFACE)\n{line}\n")
        done = run("cmake", "-S", project, "-B", project + "/build",
                   "-DCMAKE_PREFIX_PATH=" + os.path.join(WORK, "prefix"), status=1)
        self.assertIn(message, " ".join(done.stderr.split()))

    def test_are_named(self):
        self.check("testcell_discover_tests(none)",
                   "testcell_discover_tests: there is no target 'none'.")
        self.check("testcell_discover_tests(target BATCH CASE)",
                   "testcell_discover_tests: BATCH is SUITE or BINARY, not 'CASE'.")
        self.check("testcell_discover_tests(target DISCOVERY_MODE LATE)",
                   "testcell_discover_tests: DISCOVERY_MODE is POST_BUILD or PRE_TEST, not 'LATE'.")
        self.check("testcell_discover_tests(target WHAT)",
                   "testcell_discover_tests: unknown arguments: WHAT")
        self.check("testcell_add_test(NAME x)", "testcell_add_test: NAME and COMMAND are required.")


def main():
    try:
        prefix = os.path.join(WORK, "prefix")
        run("cmake", "--install", sys.argv[1], "--prefix", prefix)
        run("cmake", "-S", os.path.join(HERE, "project"), "-B", BUILD, "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        run("cmake", "--build", BUILD)
        done = unittest.main(argv=sys.argv[:1], exit=False).result
    finally:
        shutil.rmtree(WORK)
    sys.exit(0 if done.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
