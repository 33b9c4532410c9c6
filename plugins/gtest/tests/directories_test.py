"""Directories that Options make copy-on-write, read-only or shared, as every
kind of user: what tests may write, and what of it reaches the host.

    directories_test.py BINARY
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import users

BINARY = os.path.abspath(sys.argv[1])
IN_TMP = "/tmp/directories-shared"
DIRECTORIES = ("cow/shared", "cow/read_only/cow", "read_only/cow/shared", "read_only/shared",
               "shared/read_only", "cwd/shared", "cwd/read_only")


class Directories(unittest.TestCase):
    prefix = []
    flags = []
    environment = {}

    def setUp(self):
        place = "/opt" if os.access("/opt", os.W_OK) else None
        self.home = tempfile.mkdtemp(prefix="directories-", dir=place)
        for name in DIRECTORIES:
            os.makedirs(os.path.join(self.home, name))
        with open(os.path.join(self.home, "cow/file"), "w", encoding="utf-8") as file:
            file.write("host\n")
        os.makedirs(IN_TMP, exist_ok=True)
        if self.prefix:
            subprocess.run(["chown", "-R", "65534:65534", self.home, IN_TMP], check=True)

    def tearDown(self):
        shutil.rmtree(self.home)
        shutil.rmtree(IN_TMP)

    def run_tests(self, tests, expect=0, flags=(), directory="cwd"):
        environment = dict(os.environ, DIRECTORIES=self.home, **self.environment)
        result = subprocess.run([*self.prefix, BINARY, f"--gtest_filter={tests}", "--gtest_brief=1",
                                 *self.flags, *flags], cwd=f"{self.home}/{directory}", check=False,
                                capture_output=True, text=True, env=environment, timeout=60,
                                stdin=subprocess.DEVNULL)
        self.output = result.stdout + result.stderr
        self.assertEqual(result.returncode, expect, self.output)

    def written(self):
        return {os.path.relpath(path, self.home) for path, _, files in os.walk(self.home)
                if "written" in files}

    def test_the_closest_option_holds(self):
        self.run_tests("Nested.*")
        self.assertEqual(self.written(), {"cow/shared", "read_only/cow/shared",
                                          "read_only/shared", "shared"})
        with open(self.home + "/cow/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "host\ncell\n")
        self.assertEqual(os.listdir(IN_TMP), ["written"])

    @unittest.skipIf(os.geteuid() != 0, "only root mounts")
    def test_mounts_where_the_user_never_comes(self):
        """Somebody else's, below the working directory."""
        hidden = os.path.join(self.home, "cow/hidden")
        os.makedirs(hidden + "/mount")
        os.chmod(hidden, 0o700)
        self.prefix = ["unshare", "--mount", "sh", "-ec",
                       f"mount -t tmpfs none {hidden}/mount; exec \"$@\"", "sh", *self.prefix]
        self.run_tests("Plain.*", directory="cow")

    def test_parts_of_the_working_directory(self):
        self.run_tests("InWorkingDirectory.*")
        self.assertEqual(self.written(), {"cwd/shared"})

    def test_the_working_directory_itself(self):
        self.run_tests("ReadOnly.*")
        self.assertEqual(self.written(), set())
        self.run_tests("Shared.*", flags=["--testcell_cwd=private"])
        self.assertEqual(self.written(), set())
        self.run_tests("Shared.*")
        self.assertEqual(self.written(), {"cwd"})

    def test_a_missing_one_is_told(self):
        self.run_tests("Missing.*", expect=2)
        self.assertIn("no test was run: cannot open /no/such: ENOENT (No such file or directory); "
                      "check the path in Options::binds, copy_on_write, read_only or shared",
                      self.output)


def main():
    suites = [("as root" if os.geteuid() == 0 else "as this user", [], [], {})]
    if os.geteuid() == 0:
        suites.append(("as root in a user namespace", [], [], {"USER_NAMESPACE": "1"}))
        if users.can_execute(BINARY):
            suites.append(("as nobody", users.AS_NOBODY, [], {}))
            suites.append(("as nobody, root inside", users.AS_NOBODY, ["--testcell_user=root"], {}))
        else:
            print(f"skipped as nobody, who can't reach {BINARY}")
    good = True
    for what, prefix, flags, environment in suites:
        print(what, flush=True)
        Directories.prefix, Directories.flags = prefix, flags
        Directories.environment = environment
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Directories)
        good = unittest.TextTestRunner(stream=sys.stdout).run(suite).wasSuccessful() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
