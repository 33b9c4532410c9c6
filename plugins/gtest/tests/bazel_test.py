#!/usr/bin/env python3
"""Runs bazel_payload in the environment of a Bazel test, at several places.

    bazel_test.py build/bazel_payload [unittest arguments]

What the tests put into their temporary directory is theirs alone, what they
put into the directory of outputs, and what GoogleTest writes, is on the host.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PAYLOAD = ""
NOBODY = 65534
TIMEOUT_S = 120
# Where the runner's directories may be; the first is private in a cell.
PLACES = ("/tmp", "/opt" if os.access("/opt", os.W_OK) else os.path.expanduser("~"))


class Bazel(unittest.TestCase):
    """One test a kind of place; root runs each as nobody, too."""

    def run_in(self, place, *flags, below_cwd=False, user=None):
        home = tempfile.mkdtemp(prefix="bazel-test.", dir=place)
        self.addCleanup(shutil.rmtree, home)
        for name in ("", "work", "tmp", "tmpdir", "outputs"):
            os.makedirs(os.path.join(home, name), exist_ok=True)
            os.chmod(os.path.join(home, name), 0o777)
        payload = os.path.join(home, "payload")
        shutil.copy(PAYLOAD, payload)
        environment = {**os.environ, "TEST_TMPDIR": "tmp", "TMPDIR": "tmpdir",
                       "TEST_UNDECLARED_OUTPUTS_DIR": "outputs",
                       "GTEST_SHARD_STATUS_FILE": "status", "TEST_PREMATURE_EXIT_FILE": "premature",
                       "XML_OUTPUT_FILE": "report.xml"}
        for name in ("TEST_TMPDIR", "TMPDIR", "TEST_UNDECLARED_OUTPUTS_DIR",
                     "GTEST_SHARD_STATUS_FILE", "TEST_PREMATURE_EXIT_FILE", "XML_OUTPUT_FILE"):
            environment[name] = os.path.join(home, environment[name])
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        done = subprocess.run([*prefix, payload, "--testcell_jobs=4", *flags],
                              cwd=home if below_cwd else os.path.join(home, "work"),
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = {name: sorted(os.listdir(os.path.join(home, name)))
                 for name in ("tmp", "tmpdir", "outputs", "work")}
        self.assertEqual(found, {"tmp": [], "tmpdir": [], "outputs": ["0", "1"], "work": []})
        self.assertEqual(sorted(set(os.listdir(home)) - set(found)),
                         ["payload", "report.xml", "status"])

    def test_below_private_and_other_directories(self):
        for place in PLACES:
            for below_cwd in (False, True):
                for user in (None, NOBODY) if os.geteuid() == 0 else (None,):
                    with self.subTest(place=place, below_cwd=below_cwd, user=user):
                        self.run_in(place, below_cwd=below_cwd, user=user)

    def test_copy_on_write(self):
        for place in PLACES:
            with self.subTest(place=place):
                self.run_in(place, "--testcell_tmp=cow")


if __name__ == "__main__":
    PAYLOAD = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
