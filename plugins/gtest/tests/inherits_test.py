#!/usr/bin/env python3
"""What a test inherits: descriptors and environment, listed one by one.

    inherits_test.py root|user build/inherits_payload
"""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import users

PAYLOAD = ""
AS_USER = []
TIMEOUT_S = 60
LIMIT = 256
# Every way in which a cell, its probes or the run have descriptors of their own.
WAYS = ([], ["--testcell_uses=all"], ["--testcell_leaks=off", "--testcell_uses=off"],
        ["--testcell_suites=shared"], ["--testcell_suites=parent"],
        ["--testcell_environments=parent"], ["--testcell_tmp=cow"], ["--testcell_carry=*.log"],
        ["--testcell_net=host"], ["--testcell_cwd=shared"],
        ["--testcell_user=root"], ["--testcell_history=durations"],
        ["--testcell_report=json:r.json,html:r.html"], ["--gtest_repeat=2"],
        ["--testcell_retries=1"], ["--testcell_artifacts=kept"],
        ["--testcell_keep=failed"])


class Inherits(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory())
        if AS_USER:
            os.chown(self.directory, users.NOBODY, users.NOBODY)
        self.payload = shutil.copy(PAYLOAD, self.directory)
        os.chmod(self.payload, 0o755)
        self.file = self.enterContext(open(f"{self.directory}/given", "w", encoding="ascii"))
        self.environment = {"PATH": "/usr/bin:/bin", "GIVEN": "a value", "EMPTY": ""}

    def say(self, test, *flags):
        """The descriptors and the environment, as they are in a cell."""
        # Few, so that those of ours are all among the last ones.
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        done = subprocess.run([*AS_USER, self.payload, f"--gtest_filter=Test.{test}", *flags],
                              env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              cwd=self.directory, timeout=TIMEOUT_S, pass_fds=[self.file.fileno()],
                              preexec_fn=limit, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        descriptors = {}
        for number, stays, target in re.findall(r"^fd (\d+) (\w+) (.*)$", done.stdout, re.M):
            descriptors[int(number)] = (stays, target)
        return descriptors, set(re.findall(r"^env (.*)$", done.stdout, re.M))

    def assert_given(self, descriptors):
        """The streams, and what the program itself has inherited; takes them out."""
        self.assertEqual(descriptors.pop(0), ("stays", "/dev/null"))
        for stream in (1, 2):
            self.assertRegex(descriptors.pop(stream)[1], r"^pipe:")
        self.assertEqual(descriptors.pop(self.file.fileno()),
                         ("stays", f"{self.directory}/given"))

    def test_of_a_test_process(self):
        for flags in WAYS:
            with self.subTest(flags):
                descriptors, environment = self.say("SaysWhatItHas", *flags)
                self.assert_given(descriptors)
                # The results, and the output once more, for when the test closes its own.
                self.assertLessEqual(len(descriptors), 3, descriptors)
                for number, (stays, target) in descriptors.items():
                    self.assertEqual(stays, "cloexec", (number, target))
                    self.assertRegex(target, r"^pipe:", number)
                    self.assertGreater(number, LIMIT // 2)
                self.assertEqual(environment, {f"{k}={v}" for k, v in self.environment.items()})

    def test_of_a_program_that_it_executes(self):
        for flags in WAYS:
            with self.subTest(flags):
                descriptors, environment = self.say("ExecutesAProgram", *flags)
                self.assert_given(descriptors)
                self.assertEqual(descriptors, {})
                self.assertEqual(environment, {f"{k}={v}" for k, v in self.environment.items()})


if __name__ == "__main__":
    USER, PAYLOAD = sys.argv[1:3]
    del sys.argv[1:3]
    AS_USER = users.prefix(USER)
    unittest.main()
