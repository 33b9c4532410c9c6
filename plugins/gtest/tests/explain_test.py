"""--testcell_explain: what it runs, and what it concludes.

    explain_test.py --user=(root|user) PAYLOAD [unittest arguments]
"""
import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import users

TIMEOUT_S = 120
ARGUMENTS = None


class Explain(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="explain-scratch.", dir="/tmp")
        # Not in the directory that is visible for the program's sake.
        self.host = tempfile.mkdtemp(prefix="explain-host.", dir="/tmp")
        for directory in (self.scratch, self.host):
            self.addCleanup(shutil.rmtree, directory)
            os.chmod(directory, 0o777)
        os.mkdir(f"{self.host}/deep")
        self.file = f"{self.host}/deep/state"
        with open(self.file, "w", encoding="ascii") as file:
            file.write("untouched")
        with open(f"{self.host}/other", "w", encoding="ascii"):
            pass
        if ARGUMENTS.user == "user" and os.geteuid() == 0:
            for path in (self.host, f"{self.host}/deep", self.file):
                os.chown(path, users.NOBODY, users.NOBODY)
        self.program = shutil.copy(ARGUMENTS.payload, self.scratch)
        os.chmod(self.program, 0o755)

    def serve(self, family, address):
        server = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(server.close)
        server.bind(address)
        server.listen(64)
        return server

    def command(self, test, *flags):
        user = users.AS_NOBODY
        as_other = ARGUMENTS.user == "user" and os.geteuid() == 0
        return [*(user if as_other else []), self.program, f"--testcell_explain={test}", *flags]

    def variables(self, environment):
        return {**os.environ, "EXPLAIN_FILE": self.file, "EXPLAIN_HOST": os.uname().nodename,
                "EXPLAIN_COUNTER": f"{self.scratch}/counter", **environment}

    def explain(self, test, *flags, status=0, **environment):
        """The output without its line breaks; the rows as (word, what) beside it."""
        done = subprocess.run(self.command(test, *flags), stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              cwd=self.scratch, timeout=TIMEOUT_S, env=self.variables(environment))
        self.said = done.stdout
        self.assertEqual(done.returncode, status, self.said)
        for line in self.said.splitlines():
            # A long path stays whole, and so does what is said on stderr.
            if " " in line.strip() and not line.startswith("testcell: "):
                self.assertLessEqual(len(line), 80, line)
        self.assertNotIn("[ RUN ", self.said)
        self.text = re.sub(r"\s+", " ", self.said)
        self.rows = re.findall(r"^  run +(\d+)  (\w+(?: \w+)?) +(.*(?:\n {20}.*)*)$", self.said,
                               re.MULTILINE)
        self.rows = [(int(number), word, re.sub(r"\s+", " ", what))
                     for number, word, what in self.rows]
        self.assertEqual([row[0] for row in self.rows], list(range(1, len(self.rows) + 1)))
        return self.text

    def assert_said(self, *words):
        for word in words:
            self.assertIn(word, self.text, self.said)

    def words(self, what):
        return [word for _, word, of in self.rows if of == what]


class Tests(Explain):
    """Other tests that a test depends on."""

    def test_needs_one_of_its_suite(self):
        self.explain("Needs.What")
        self.assert_said("Needs.What needs Needs.Makes to run before it",
                         "Alone it fails: made is 0", "nobody has made it",
                         "--testcell_suites=shared", f"({len(self.rows)} runs)")
        self.assertEqual(self.words("alone"), ["failed"] * 3)
        self.assertEqual(self.words("after all 3 tests before it"), ["passed"] * 2)
        self.assertGreaterEqual(self.words("after Needs.Makes").count("passed"), 2)

    def test_advice_holds(self):
        """What the report tells to do about it does help."""
        for flags, status in ((["--testcell_suites=shared"], 0), ([], 1)):
            command = [*self.command("")[:-1], "--gtest_filter=Needs.*", *flags]
            done = subprocess.run(command, cwd=self.scratch, stdout=subprocess.DEVNULL, check=False,
                                  timeout=TIMEOUT_S)
            self.assertEqual(done.returncode, status)

    def test_needs_one_of_another_suite(self):
        self.explain("NeedsFar.What")
        self.assert_said("NeedsFar.What needs Needs.Makes to run before it",
                         "No cell is shared by tests of several suites")
        self.assertNotIn("--testcell_suites=shared", self.text)

    def test_needs_a_file_that_another_test_leaves(self):
        self.explain("NeedsFile.What")
        self.assert_said("NeedsFile.What needs LeavesFile.OfTests to run before it")
        self.assertFalse(os.path.exists("/tmp/explain_left"))

    def test_needs_two_of_many(self):
        self.explain("NeedsTwo.OfMany")
        self.assert_said("needs Many.Test17 and Many.Test230 to run before it")
        self.assertLess(len(self.rows), 40)

    def test_broken_by_one_of_many(self):
        self.explain("Broken.ByOne")
        self.assert_said("Broken.ByOne is broken by Many.Test150, before it in the same process",
                         "somebody has set it")
        self.assertEqual(self.words("alone"), ["passed"] * 3)
        self.assertLess(len(self.rows), 25)

    def test_broken_by_two_together(self):
        self.explain("Broken.ByTwoTogether")
        self.assert_said("is broken by Many.Test60 and Many.Test61 together")

    def test_broken_by_crash_hang_and_skip(self):
        for test, word in (("Crashes", "crashed"), ("Hangs", "hung"), ("Skips", "skipped")):
            self.explain(f"Broken.{test}", "--gtest_filter=Many.Test149:Many.Test150",
                         "--testcell_timeout=5s")
            self.assert_said(f"Broken.{test} is broken by Many.Test150,")
            self.assertIn(word, [row[1] for row in self.rows if "after Many.Test150" in row[2]])

    def test_skips_unless_another_ran(self):
        self.explain("SkipsAlone.What", "--gtest_filter=Many.*")
        self.assert_said("SkipsAlone.What needs Many.Test150 to run before it", "Alone it skips:",
                         "not set by anybody")

    def test_filter_says_which_tests_there_are(self):
        self.explain("NeedsFar.What", "--gtest_filter=Needs.Makes:Needs.Other")
        self.assert_said("2 tests come before it")
        self.explain("NeedsFar.What", "--gtest_filter=-*Makes", status=1)
        self.assert_said("3 tests come before it", "NeedsFar.What fails wherever it runs")
        self.explain("Needs.Passes")
        self.assert_said("no test comes before it", "passes alone (3 runs)")

    def test_other_flags_give_way(self):
        self.explain("Needs.What", "--gtest_repeat=9", "--gtest_shuffle", "--gtest_fail_fast",
                     f"--gtest_output=xml:{self.scratch}/report.xml", "--testcell_jobs=4",
                     GTEST_TOTAL_SHARDS="5", GTEST_SHARD_INDEX="4")
        self.assert_said("Needs.What needs Needs.Makes to run before it")
        self.assertFalse(os.path.exists(f"{self.scratch}/report.xml"))

    def test_tests_before_it_that_end_the_process(self):
        self.explain("Ends.NeedsWhatIsBefore", "--gtest_filter=Ends.*", "--testcell_timeout=5s",
                     EXPLAIN_ENDS="1")
        self.assert_said("Ends.NeedsWhatIsBefore needs Ends.Sets to run before it",
                         "Ends.ByCrash ended the process (the test was ended by SIGABRT",
                         "Ends.ByExit ended the process (", "Ends.Never did not end (",
                         "Ends.Never is left out from here on")
        self.assertEqual([row[1] for row in self.rows].count("not run"), 3)

    def test_tests_before_it_that_crash_are_told_of(self):
        self.explain("Ends.ByExit", "--gtest_filter=Ends.Sets:Ends.ByCrash", status=1,
                     EXPLAIN_ENDS="1")
        self.assert_said("Ends.ByCrash is left out", "Ends.ByExit fails wherever it runs",
                         "ended its process by exit()")


class Host(Explain):
    """What cells hide."""

    def needs(self, test, *words, **environment):
        self.explain(f"Host.{test}", "--gtest_filter=Needs.*", **environment)
        self.assert_said(*words)

    def test_file_in_tmp(self):
        self.needs("File", f"needs what cells hide: the host's /tmp ({self.file})",
                   "--testcell_tmp=cow", "Options::binds", f"no {self.file}")

    def test_file_that_is_written(self):
        self.needs("WrittenFile", "needs what cells hide: the host's /tmp (", "--testcell_tmp=cow")
        with open(self.file, encoding="ascii") as file:
            self.assertEqual(file.read(), "untouched")

    def test_tcp_service(self):
        server = self.serve(socket.AF_INET, ("127.0.0.1", 0))
        port = server.getsockname()[1]
        self.needs("Tcp", "needs what cells hide: the host's network",
                   f"a service of the host: tcp 127.0.0.1:{port}", "--testcell_net=host",
                   EXPLAIN_PORT=str(port))

    def test_abstract_unix_service(self):
        name = f"explain-{os.getpid()}-{ARGUMENTS.user}"
        self.serve(socket.AF_UNIX, "\0" + name)
        self.needs("AbstractUnix", f"a service of the host: unix_abstract @{name}",
                   "--testcell_net=host", EXPLAIN_NAME=name)

    def test_service_and_file(self):
        server = self.serve(socket.AF_INET, ("0.0.0.0", 0))
        port = server.getsockname()[1]
        self.needs("TcpAndFile", f"the host's /tmp ({self.file}), and the host's network",
                   f"tcp 127.0.0.1:{port}", "--testcell_tmp=cow", "--testcell_net=host",
                   EXPLAIN_PORT=str(port))

    def test_service_and_another_test(self):
        server = self.serve(socket.AF_INET, ("127.0.0.1", 0))
        self.needs("TcpAndTest", "needs Needs.Makes to run before it, and what cells hide: "
                   "the host's network", EXPLAIN_PORT=str(server.getsockname()[1]))

    def test_host_name(self):
        self.needs("Name", "needs what cells hide: the host's name", "Options::uts_namespace")

    def test_what_no_cell_has(self):
        self.needs("Processes", "Host.Processes needs what no cell has", "this is a cell")
        self.assertEqual(self.words("alone, in a process without a cell"), ["passed"])


class Others(Explain):
    """Where there is nothing to find, or nothing to run."""

    def test_no_dependence(self):
        self.explain("Alone.Passes", "--gtest_filter=Needs.*")
        self.assert_said("no dependence found: Alone.Passes passes alone, and after the 4 tests")

    def test_disabled(self):
        self.explain("DISABLED_Off.Passes", "--gtest_filter=Needs.Makes")
        self.assert_said("passes alone, and after the one test before it")

    def test_always(self):
        self.explain("Always.Fails", "--gtest_filter=Needs.*", status=1)
        self.assert_said("Always.Fails fails wherever it runs", "as ever")
        self.explain("Always.Skips", "--gtest_filter=Needs.*", status=1)
        self.assert_said("Always.Skips skips wherever it runs", "as ever")

    def test_flaky(self):
        self.explain("Flaky.ByCounter", "--gtest_filter=Needs.*", "--testcell_cwd=shared",
                     status=1)
        self.assert_said("Flaky.ByCounter is flaky", "alone")
        self.assertEqual(self.words("alone"), ["passed", "failed"])

    def test_refusals(self):
        for flags, words in (
                (["Needs.None"], "there is no such test; --gtest_list_tests names them"),
                (["Needs.What", "--testcell_isolate=off"], "--testcell_isolate=off has none"),
                (["Needs.What", "--testcell_debug=Needs.What"], "explained or debugged"),
                (["Needs.*"], "'Needs.*' is no value for it"),
                (["Needs"], "'Needs' is no value for it")):
            self.explain(*flags, status=2)
            self.assert_said(words)
            self.assertEqual(self.rows, [])

    def test_a_host_without_cells(self):
        """Its limits leave no room for a descriptor of the supervisor's."""
        done = subprocess.run(["prlimit", "--nofile=8", *self.command("Needs.What")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=self.scratch, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("testcell: no test was run: ", done.stdout)

    def test_environment_variable(self):
        done = subprocess.run(self.command("")[:-1], stdout=subprocess.PIPE, text=True,
                              cwd=self.scratch, timeout=TIMEOUT_S, check=False,
                              env={**os.environ, "TESTCELL_EXPLAIN": "Needs.Other"})
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("no dependence found: Needs.Other", done.stdout)

    def test_interrupt(self):
        with subprocess.Popen(self.command("Broken.Hangs", "--gtest_filter=Many.Test150"),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              cwd=self.scratch) as process:
            for line in process.stdout:
                if line.startswith("  run   3"):  # the next one hangs
                    break
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        # Between two runs nobody has caught it.
        self.assertIn(process.returncode, (128 + signal.SIGINT, -signal.SIGINT))


del Explain  # by itself it is no test

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", choices=("root", "user"), required=True)
    parser.add_argument("payload")
    ARGUMENTS, rest = parser.parse_known_args()
    if ARGUMENTS.user == "root" and os.geteuid() != 0:
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
