"""testcell gtest: GoogleTest programs that know nothing of testcell.

    gtest_test.py --user=root|user TESTCELL PAYLOAD [PAYLOAD...]

The payloads are one program, linked in several ways.
"""
import json
import os
import unittest
import xml.etree.ElementTree as ElementTree

import driver
from driver import SETTING, run


def report_of(path):
    """Of each test that ran, by its full name: its element of the XML."""
    return {f"{case.get('classname')}.{case.get('name')}": case
            for case in ElementTree.parse(path).getroot().iter("testcase")
            if case.get("status") == "run"}


def programs():
    """Where programs are in the arguments; the rest are libraries of theirs."""
    return [i for i, path in enumerate(SETTING.rest) if not path.endswith(".so")]


class Program(unittest.TestCase):
    payload = 0

    def run_tests(self, tests, *arguments, flags=(), **options):
        self.xml = os.path.join(SETTING.scratch, "report.xml")
        if os.path.exists(self.xml):
            os.remove(self.xml)
        return run("gtest", *flags, "--", SETTING.rest[self.payload], f"--gtest_filter={tests}",
                   f"--gtest_output=xml:{self.xml}", *arguments, **options)

    def messages(self, name):
        return [failure.get("message") for failure in report_of(self.xml)[name].findall("failure")]


class EachLinkage(Program):
    def test_one_port_for_all(self):
        for self.payload in programs():
            with self.subTest(SETTING.rest[self.payload]):
                done = self.run_tests("Claims.*", flags=("--jobs=8",))
                self.assertEqual((done.status, done.stderr), (0, ""), str(done))
                self.assertIn("[==========] 20 tests from 1 test suite ran.", done.stdout)

    def test_odd_names_run_alone(self):
        for self.payload in programs():
            with self.subTest(SETTING.rest[self.payload]):
                done = self.run_tests("Registered*:*Odd*", flags=("--jobs=8",))
                self.assertEqual(done.status, 0, str(done))
                self.assertIn("[  PASSED  ] 39 tests.", done.stdout)
                self.assertIn("Registered suite; [of] its own.case", report_of(self.xml))


class Outcomes(Program):
    def test_failure(self):
        done = self.run_tests("Outcome.Fails")
        self.assertEqual(done.status, 1, str(done))
        self.assertEqual(done.stdout.count("Failure\nFailed\nas it should\n"), 1, str(done))
        message = self.messages("Outcome.Fails")
        self.assertEqual(len(message), 1)
        self.assertRegex(message[0], r"outcomes\.cc:\d+\nFailed\nas it should$")

    def test_skip(self):
        done = self.run_tests("Outcome.Skips")
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("[  SKIPPED ] Outcome.Skips (", done.stdout)
        self.assertEqual(done.stdout.count("not here"), 1)

    def test_crash(self):
        done = self.run_tests("Outcome.Aborts:Outcome.Passes")
        self.assertEqual(done.status, 1, str(done))
        self.assertIn("[       OK ] Outcome.Passes", done.stdout)
        self.assertIn("Failure\ntestcell: the test was ended by SIGABRT (Aborted)\n", done.stdout)
        self.assertRegex(self.messages("Outcome.Aborts")[0],
                         r"outcomes\.cc:\d+\ntestcell: the test was ended by SIGABRT \(Aborted\)$")

    def test_exit(self):
        done = self.run_tests("Outcome.Exits")
        self.assertEqual(done.status, 1, str(done))
        self.assertIn("before the exit\n", done.stdout)
        self.assertRegex(self.messages("Outcome.Exits")[0], "the test ended its process by exit"
                                                            r"\(\) or _exit\(\) with status 3$")

    def test_time_limit(self):
        done = self.run_tests("Outcome.Hangs", flags=("--timeout=500ms",))
        self.assertEqual(done.status, 1, str(done))
        self.assertRegex(self.messages("Outcome.Hangs")[0],
                         "testcell: the time limit of 500 ms has passed")

    def test_failing_surroundings(self):
        done = self.run_tests("Surroundings.*")
        self.assertEqual(done.status, 1, str(done))
        self.assertIn("the suite's tear-down fails\n", done.stdout)
        self.assertRegex(self.messages("Surroundings.Test")[0], "testcell: the test itself did not "
                                                                "fail, but the program ended with "
                                                                "status 1$")

    def test_output_is_as_printed(self):
        done = self.run_tests("Prints.*", "--gtest_print_time=0")
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("[ RUN      ] Prints.Out\nout\nno newline[       OK ] Prints.Out\n", done.stdout)
        self.assertEqual(done.stderr, "error\n")

    def test_disabled(self):
        done = self.run_tests("Outcome.DISABLED_*")
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("YOU HAVE 1 DISABLED TEST", done.stdout)
        done = self.run_tests("Outcome.DISABLED_*", "--gtest_also_run_disabled_tests")
        self.assertEqual(done.status, 1, str(done))

    def test_time_is_the_tests_own(self):
        self.run_tests("Outcome.Passes")
        self.assertLess(float(report_of(self.xml)["Outcome.Passes"].get("time")), 0.1)


class Retries(Program):
    def flags(self, *flags):
        attempts = os.path.join(SETTING.scratch, "attempts")
        if os.path.exists(attempts):
            os.remove(attempts)
        return ("--cwd=shared", *flags)

    def test_flaky(self):
        done = self.run_tests("Flaky.*", flags=self.flags("--retries=3"))
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("[  FLAKY   ] Flaky.FailsAtFirst: both failed and passed in 2 attempts",
                      done.stdout)
        case = report_of(self.xml)["Flaky.FailsAtFirst"]
        self.assertEqual(len(case.findall("flakyFailure")), 1)

    def test_not_asked_for(self):
        done = self.run_tests("Flaky.*", flags=self.flags())
        self.assertEqual(done.status, 1, str(done))
        self.assertNotIn("FLAKY", done.stdout)


class Words(Program):
    def test_settings_reach_who_they_are_for(self):
        done = self.run_tests("Words.*", "its own", "--too", "--gtest_random_seed=77",
                              "--gtest_shuffle", env={"GTEST_FILTER": "None.*", "GTEST_REPEAT": "3",
                                                      "GTEST_TOTAL_SHARDS": "1",
                                                      "GTEST_SHARD_INDEX": "0"})
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("Note: Randomizing tests' orders with a seed of 77", done.stdout)
        self.assertIn("words: its own --too\nseed: 77\n", done.stdout)

    def test_shards(self):
        ran = []
        for shard in range(3):
            done = self.run_tests("Claims.*", env={"GTEST_TOTAL_SHARDS": "3",
                                                   "GTEST_SHARD_INDEX": str(shard)})
            self.assertEqual(done.status, 0, str(done))
            ran.append(set(report_of(self.xml)))
        self.assertEqual([len(one) for one in ran], [7, 7, 6])
        self.assertEqual(len(set.union(*ran)), 20)

    def test_list(self):
        done = run("gtest", "--", SETTING.rest[0], "--gtest_list_tests", "--gtest_filter=Out*")
        self.assertEqual(done.status, 0, str(done))
        self.assertIn("Outcome.\n  Exits\n  Passes\n", done.stdout)

    def test_json(self):
        path = os.path.join(SETTING.scratch, "report.json")
        run("gtest", "--", SETTING.rest[0], "--gtest_filter=Outcome.Passes",
            f"--gtest_output=json:{path}")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["tests"], 1)

    def test_refused(self):
        for arguments, status, message in (
                ((), 2, "there is no program to run; testcell gtest --help has the form"),
                (("--tmp=big", "--", SETTING.rest[0]), 2,
                 "--tmp: 'big' is no value for it; it takes (empty|cow|shared)"),
                (("--listeners=cell", "--", SETTING.rest[0]), 2,
                 "--listeners=cell: there is no such flag; --help lists them"),
                (("--", "no-such-program"), 127, "'no-such-program' is not in PATH"),
                (("--", "true"), 2, "'true' is no GoogleTest program: asked by --gtest_list_tests, "
                                    "it lists none"),
                (("--", "false"), 2, "'false --gtest_list_tests' ended with status 1")):
            with self.subTest(arguments):
                done = run("gtest", *arguments)
                self.assertEqual((done.status, done.stderr), (status, f"testcell: {message}\n"))


if __name__ == "__main__":
    driver.main()
