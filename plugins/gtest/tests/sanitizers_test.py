"""What a sanitizer finds in a cell fails the test that it is of, and is named.

The library was built without the sanitizer, as an installed one is.
"""

import argparse
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
import os
import tempfile

PROGRAMS = {}


class Sanitizers(unittest.TestCase):
    def run_in(self, kind, tests, *flags):
        """The failures of each test, by name, and what the run printed."""
        with tempfile.TemporaryDirectory() as scratch:
            report = os.path.join(scratch, "report.xml")
            done = subprocess.run(
                [PROGRAMS[kind], f"--gtest_filter={tests}", f"--gtest_output=xml:{report}", *flags],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                check=False)
            self.assertTrue(os.path.exists(report), done.stdout)
            cases = ElementTree.parse(report).getroot().iter("testcase")
            failures = {f"{case.get('classname')}.{case.get('name')}":
                        [failure.get("message") for failure in case.findall("failure")]
                        for case in cases if case.get("status") == "run"}
        self.assertEqual(done.returncode, 1 if any(failures.values()) else 0, done.stdout)
        return failures, done.stdout

    def one_failure(self, kind, test, *flags):
        failures, output = self.run_in(kind, f"Clean.*:{test}", *flags)
        self.assertEqual(failures["Clean.Passes"], [], output)
        self.assertEqual(len(failures[test]), 1, output)
        return failures[test][0], output

    def test_memory_error_is_named_with_its_place(self):
        failure, _ = self.one_failure("address", "Address.UsesWhatIsFreed")
        self.assertRegex(failure, r"testcell: AddressSanitizer: heap-use-after-free "
                                  r"\S*sanitizers_payload\.cc:\d+ in ")
        self.assertIn("the whole report is in the test's output", failure)

    def test_memory_leak_is_its_tests(self):
        failure, output = self.one_failure("address", "Address.Leaks")
        self.assertIn("4 byte(s) leaked in 1 allocation(s)", failure)
        self.assertIn("sanitizers_payload.cc", output)  # where it was allocated

    def test_expected_death_is_none(self):
        failures, output = self.run_in("address", "Clean.*:*.DiesAsExpected")
        self.assertEqual(failures, {"Clean.Passes": [], "Address.DiesAsExpected": []}, output)

    def test_undefined_behaviour_is_named_with_its_place(self):
        failure, _ = self.one_failure("undefined", "Undefined.Overflows")
        self.assertRegex(failure, r"testcell: UndefinedBehaviorSanitizer: "
                                  r"\S*sanitizers_payload\.cc:\d+:\d+: runtime error: "
                                  r"signed integer overflow")

    def test_race_in_a_passing_test_fails_it(self):
        failure, _ = self.one_failure("thread", "Thread.Races")
        self.assertRegex(failure, r"testcell: ThreadSanitizer: data race "
                                  r"\S*sanitizers_payload\.cc:\d+")

    def test_output_that_was_held_is_shown_with_a_late_verdict(self):
        for kind, test, said in (("thread", "Thread.Races", "races passes"),
                                 ("address", "Address.Leaks", "leaks passes")):
            _, output = self.one_failure(kind, test, "--testcell_output=failed")
            self.assertIn(said, output)
            self.assertNotIn("clean passes", output)

    def test_summary_is_of_the_test_that_ended(self):
        """Not of the one before."""
        failures, output = self.run_in("address", "Address.UsesWhatIsFreed:Address.Leaks")
        self.assertIn("heap-use-after-free", failures["Address.UsesWhatIsFreed"][0], output)
        self.assertNotIn("heap-use-after-free", failures["Address.Leaks"][0], output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs=3)
    arguments = parser.parse_args()
    PROGRAMS.update(zip(("address", "undefined", "thread"), arguments.programs))
    unittest.main(argv=sys.argv[:1])
