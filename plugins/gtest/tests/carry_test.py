"""What is carried back from cells, as every kind of user.

    carry_test.py BINARY
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import users

BINARY = os.path.abspath(sys.argv[1])


def tree(directory):
    found = {}
    for path, directories, files in os.walk(directory):
        for name in directories + files:
            whole = os.path.join(path, name)
            found[os.path.relpath(whole, directory)] = whole
    return found


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Carry(unittest.TestCase):
    prefix = []
    flags = []

    def setUp(self):
        place = "/opt" if os.access("/opt", os.W_OK) else None
        self.home = tempfile.mkdtemp(prefix="carry-", dir=place)
        self.cwd = os.path.join(self.home, "cwd")
        for path in (self.cwd, self.cwd + "/existing", self.cwd + "/target"):
            os.mkdir(path)
        for name in ("removed.log", "existing.log"):
            with open(os.path.join(self.cwd, name), "w", encoding="utf-8") as file:
                file.write("host\n")
        os.symlink("target", self.cwd + "/lead")
        subprocess.run(["chmod", "-R", "a+rwX", self.home], check=True)
        if self.prefix:
            subprocess.run(["chown", "-hR", "65534:65534", self.home], check=True)

    def tearDown(self):
        shutil.rmtree(self.home)

    def run_tests(self, tests, carry="*.log", expect=0, flags=(), environment=None):
        command = [*self.prefix, BINARY, f"--gtest_filter={tests}", "--gtest_brief=1",
                   *self.flags, *flags]
        if carry:
            command.append(f"--testcell_carry={carry}")
        result = subprocess.run(command, cwd=self.cwd, capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=120,
                                env=dict(os.environ, **(environment or {})))
        self.output = result.stdout + result.stderr
        self.assertEqual(result.returncode, expect, self.output)

    def test_a_tree_comes_back_as_it_was_left(self):
        before = set(tree(self.cwd))
        os.umask(0o077)
        self.run_tests("Tree.*", "golden")
        os.umask(0o022)
        found = tree(self.cwd)
        self.assertEqual(set(found) - before, {
            "golden", "golden/a.txt", "golden/empty", "golden/link", "golden/locked",
            "golden/locked/b.txt", "golden/unreadable"})
        status = os.stat(found["golden/a.txt"])
        self.assertEqual(oct(status.st_mode), oct(0o100640), "without the set-user-id bit")
        self.assertEqual(status.st_mtime_ns, 1_234_567_890_000_005_000)
        self.assertEqual(os.readlink(found["golden/link"]), "a.txt")
        self.assertEqual(oct(os.stat(found["golden/locked"]).st_mode), oct(0o040500))
        self.assertEqual(oct(os.stat(found["golden/unreadable"]).st_mode), oct(0o100000))
        self.assertEqual(oct(os.stat(found["golden"]).st_mode), oct(0o040700), "0750 less umask")
        self.assertEqual(read(found["golden/locked/b.txt"]), "b\n")
        os.chmod(found["golden/locked"], 0o700)

    def test_a_pattern_takes_what_it_names_and_removals_are_not_carried(self):
        before = set(tree(self.cwd))
        self.run_tests("Tree.*", "*.log")
        found = tree(self.cwd)
        self.assertEqual(set(found) - before, {"big.log", "existing/new", "existing/new/c.log"})
        self.assertEqual(before - set(found), set())
        self.assertEqual(os.path.getsize(found["big.log"]), (3 << 20) + 3)
        self.assertEqual(read(found["existing.log"]), "host\nmore\n")
        self.assertEqual(read(found["removed.log"]), "host\n")

    def test_nothing_is_carried_that_was_not_asked_for(self):
        before = set(tree(self.cwd))
        self.run_tests("Tree.*", None)
        self.run_tests("Tree.*", "nothing/like/*,this")
        self.assertEqual(set(tree(self.cwd)), before)
        self.assertEqual(read(self.cwd + "/existing.log"), "host\n")

    def test_the_same_content_twice_is_fine(self):
        self.run_tests("Same.*", flags=["--gtest_repeat=3"])
        self.assertEqual(read(self.cwd + "/same.log"), "same\n")

    def test_no_test_sees_what_another_has_left(self):
        self.run_tests("Unseen.*", flags=["--testcell_jobs=1"])
        self.assertEqual(read(self.cwd + "/unseen.log"), "seen\n")

    def test_a_place_that_goes_away_fails_the_run(self):
        self.run_tests("Removes*", "gone.log", expect=1, flags=["--testcell_isolate=marked"])
        self.assertIn(f"testcell: {self.cwd}/existing/gone.log can't be carried back: ENOTDIR", self.output)
        self.assertIn("[  PASSED  ] 2 tests.", self.output)

    def test_other_content_fails_the_second(self):
        self.run_tests("Clash.*:Same.*", expect=1, flags=["--testcell_jobs=1"])
        self.assertIn("clash.log was already carried back by Clash.One with other content",
                      self.output)
        self.assertIn("carry_payload.cc", self.output)
        self.assertIn("[  FAILED  ] Clash.Two", self.output)
        self.assertIn("[  PASSED  ] 3 tests.", self.output)
        self.assertEqual(read(self.cwd + "/clash.log"), "one\n")
        self.assertEqual(read(self.cwd + "/same.log"), "same\n")
        self.run_tests("LinkClash.*", expect=1, flags=["--testcell_jobs=1"])
        self.assertIn("clash-link.log was already carried back by LinkClash.One", self.output)
        self.assertEqual(os.readlink(self.cwd + "/clash-link.log"), "one")

    def test_a_test_alone_may_carry_what_another_would(self):
        for test, text in (("One", "one\n"), ("Two", "two\n")):
            self.run_tests(f"Clash.{test}")
            self.assertEqual(read(self.cwd + "/clash.log"), text)

    def test_tests_that_end_badly_leave_their_files(self):
        self.run_tests("Ends.*", expect=1, flags=["--testcell_timeout=500ms"])
        for name in ("failing", "crashing", "hanging"):
            self.assertEqual(read(f"{self.cwd}/{name}.log"), name + "\n")
        self.assertIn("as it should", self.output)
        self.assertIn("SIGABRT", self.output)
        self.assertIn("the time limit of 500 ms has passed", self.output)
        self.assertNotIn("carried", self.output)

    def test_no_file_is_written_through_a_link_of_the_host(self):
        self.run_tests("Replaced.*", "astray.log", expect=1)
        self.assertIn("lead can't be carried back: ENOTDIR", self.output)
        self.assertEqual(os.listdir(self.cwd + "/target"), [])

    def test_a_host_that_takes_no_file_is_told_of(self):
        if os.geteuid() == 0 and not self.prefix:
            self.skipTest("root passes over permissions")
        os.chmod(self.cwd + "/existing", 0o555)
        self.run_tests("Refused.*", expect=1)
        self.assertIn("existing/refused.log can't be carried back: EACCES", self.output)
        self.assertEqual(os.listdir(self.cwd + "/existing"), [])

    def test_options_name_directories_and_patterns(self):
        elsewhere = os.path.join(self.home, "elsewhere")
        os.mkdir(elsewhere)
        os.chmod(elsewhere, 0o777)
        self.run_tests("Elsewhere.*", f"{self.home}/**/absolute",
                       environment={"ELSEWHERE": elsewhere})
        self.assertEqual(set(tree(elsewhere)), {"absolute", "state", "state/db"})

    def test_a_shared_working_directory_has_nothing_to_carry(self):
        self.run_tests("Same.One", flags=["--testcell_cwd=shared"])
        self.assertEqual(read(self.cwd + "/same.log"), "same\n")
        self.run_tests("Clash.*", flags=["--testcell_cwd=shared"])

    def test_bad_patterns_are_refused(self):
        for patterns in ("../a", "a,,b"):
            self.run_tests("Same.*", patterns, expect=2)
            self.assertIn(f"--testcell_carry: '{patterns}' is no value for it", self.output)
        self.run_tests("Same.*", "/dev/shm/*.db", expect=2)
        self.assertIn("no test was run: the pattern '/dev/shm/*.db' of files to carry back names "
                      "/dev/shm, which is not copy-on-write", self.output)

    def test_nothing_else_is_left(self):
        before = set(tree(self.cwd))
        place = os.path.join(self.home, "place")
        os.mkdir(place)
        os.chmod(place, 0o777)
        self.run_tests("Clash.*", "*", expect=1, environment={"TMPDIR": place})
        self.assertEqual(set(tree(self.cwd)) - before, {"clash.log"})
        self.assertEqual(os.listdir(place), [])


def main():
    suites = [("as root" if os.geteuid() == 0 else "as this user", [], [])]
    if os.geteuid() == 0:
        if users.can_execute(BINARY):
            suites += [("as nobody", users.AS_NOBODY, []), ("as nobody, root inside", users.AS_NOBODY,
                                                  ["--testcell_user=root"])]
        else:
            print(f"skipped as nobody, who can't reach {BINARY}")
    good = True
    for what, prefix, flags in suites:
        print(what, flush=True)
        Carry.prefix, Carry.flags = prefix, flags
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Carry)
        good = unittest.TextTestRunner(stream=sys.stdout).run(suite).wasSuccessful() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
