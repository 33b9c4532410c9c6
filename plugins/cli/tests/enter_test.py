"""Cells of failed tests are kept, entered, and taken down with their run.

    enter_test.py root|user TESTCELL PAYLOAD PLAIN_PROGRAM

root: as who runs it; user: as nobody, which only root can do (else: status 77).
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(__file__), "../../gtest/tests"))
import users  # noqa: E402

TESTCELL, PAYLOAD, PLAIN = sys.argv[2:5]
OTHER = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
PREFIX = users.prefix(sys.argv[1], TESTCELL, PAYLOAD)
LIMIT = 120  # seconds, after which something hangs


def as_root_too():
    """Who can enter a cell of ours."""
    return [PREFIX, []] if PREFIX else [[]]


class Run:
    """One that keeps cells, up to where it waits."""

    def __init__(self, directory, tests, *arguments, before=(),
                 program=(PAYLOAD, "--testcell_keep=failed")):
        self.process = subprocess.Popen(
            [*PREFIX, *before, *program, f"--gtest_filter={tests}", *arguments], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            if "kept until this run ends" in line:
                break
        self.cells = {name: int(number) for name, number in re.findall(
            r"^\[   KEPT   \] (\S+): testcell enter (\d+)$", self.output, re.M)}
        self.inits = {number: os.pidfd_open(number) for number in self.cells.values()}

    def end(self, number=signal.SIGINT):
        if self.process.returncode is None:
            self.process.send_signal(number)
            self.output += self.process.stdout.read()
            self.process.wait(LIMIT)
            self.process.stdout.close()
        return self.process.returncode

    def ended(self):
        """The cells are gone, all of them."""
        return all(select.select([init], [], [], LIMIT)[0] for init in self.inits.values())

    def close(self):
        self.end(signal.SIGKILL)
        for init in self.inits.values():
            os.close(init)


def enter(number, *command, prefix=None, **options):
    options = {"stdin": subprocess.DEVNULL, **options}
    words = ["--", *command] if command else []
    return subprocess.run([*(PREFIX if prefix is None else prefix), TESTCELL, "enter",
                           str(number), *words], capture_output=True, text=True, timeout=LIMIT,
                          check=False, **options)


class Keep(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        os.chmod(self.directory, 0o777)

    def run_tests(self, tests, *arguments, **options):
        run = Run(self.directory, tests, *arguments, **options)
        self.addCleanup(run.close)
        return run

    def one(self, tests, *arguments):
        run = self.run_tests(tests, *arguments)
        self.assertEqual(len(run.cells), 1, run.output)
        return run, next(iter(run.cells.values()))

    def said(self, done, text, status=2):
        self.assertEqual((done.returncode, done.stdout), (status, ""), done)
        self.assertIn(text, done.stderr)

    def test_inside(self):
        _, number = self.one("Fails.WithEverything")
        script = ("cat /tmp/state; echo; hostname; cat /proc/1/comm notes.txt; echo; pwd; id -u;"
                  "cat /proc/[0-9]*/comm | grep sleep; grep -c ':0050 00000000:0000 0A' /proc/net/tcp;"
                  "cat /proc/sys/kernel/hostname")
        for prefix in as_root_too():
            done = enter(number, "sh", "-c", script, prefix=prefix)
            self.assertEqual(done.stdout.splitlines(), [
                "of the test", "cell", "testcell-kept", "beside the program", self.directory,
                "65534" if PREFIX else str(os.geteuid()), "sleep", "1", "cell"], done)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_capabilities_are_the_tests(self):
        _, number = self.one("Fails.WithEverything")
        for prefix in as_root_too():
            done = enter(number, "grep", "CapEff", "/proc/self/status", prefix=prefix)
            capabilities = int(done.stdout.split()[1], 16)
            self.assertTrue(capabilities & 1 << 21, done)  # CAP_SYS_ADMIN
            if PREFIX or os.geteuid() != 0:
                self.assertFalse(capabilities & 1 << 1, done)  # CAP_DAC_OVERRIDE

    def test_status(self):
        _, number = self.one("Fails.ByCrashing")
        self.assertEqual(enter(number, "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(enter(number, "sh", "-c", "kill -TERM $$").returncode, 143)
        self.said(enter(number, "no-such-program"), "no-such-program", 127)
        self.said(enter(number, "/etc/passwd"), "/etc/passwd", 126)

    def test_shell(self):
        _, number = self.one("Fails.ByCrashing")
        done = enter(number, stdin=None, input="echo in: $(cat /tmp/state)\nexit 5\n",
                     env={**os.environ, "SHELL": "/bin/sh"})
        self.assertEqual((done.returncode, done.stdout), (5, "in: before the crash\n"), done)

    def test_wrong_numbers(self):
        _, number = self.one("Fails.ByCrashing")
        self.said(enter(os.getpid()), f"process {os.getpid()} (")
        self.said(enter(os.getpid()), "is no kept cell; kept ")
        self.said(enter(os.getpid()), str(number))
        self.said(enter(999999999), "there is no kept cell 999999999: it has ended, or never was")
        self.said(enter("x1"), "'x1' is no number of a cell")
        self.said(enter("-1"), "-1: there is no such flag")
        done = subprocess.run([TESTCELL, "enter"], capture_output=True, text=True, check=False)
        self.said(done, "there is no cell to enter")

    def test_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        _, number = self.one("Fails.ByCrashing")
        owner = 65534 if PREFIX else 0
        self.said(enter(number, "true", prefix=OTHER),
                  f"cell {number} is of user {owner}: enter it as that user, or as root")

    def test_interrupted(self):
        run, number = self.one("Fails.WithEverything")
        self.assertIn(f"kept until this run ends, by kill {run.process.pid}\n", run.output)
        self.assertIsNone(run.process.poll())
        self.assertEqual(run.end(), 1, run.output)
        self.assertTrue(run.ended())
        self.said(enter(number, "true"), f"there is no kept cell {number}: it has ended")

    def test_terminated(self):
        run, _ = self.one("Fails.ByCrashing")
        self.assertEqual(run.end(signal.SIGTERM), 1, run.output)
        self.assertTrue(run.ended())

    def test_killed(self):
        run, _ = self.one("Fails.ByHanging", "--testcell_timeout=1s")
        run.end(signal.SIGKILL)
        self.assertTrue(run.ended())

    def test_command_ends_with_the_cell(self):
        run, number = self.one("Fails.ByCrashing")
        command = subprocess.Popen(
            [*PREFIX, TESTCELL, "enter", str(number), "--", "sh", "-c", "echo in; exec sleep 1000"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(command.stdout.readline(), "in\n")
        run.end()
        _, error = command.communicate(timeout=LIMIT)
        self.assertEqual(command.returncode, 137)
        self.assertIn("the cell has ended, and the command with it", error)

    def test_signal_goes_to_the_command(self):
        _, number = self.one("Fails.ByCrashing")
        command = subprocess.Popen(
            [*PREFIX, TESTCELL, "enter", str(number), "--", "sh", "-c",
             "trap 'exit 9' TERM; echo in; while :; do sleep 0.05; done"],
            stdout=subprocess.PIPE, text=True)
        self.assertEqual(command.stdout.readline(), "in\n")
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=LIMIT)
        self.assertEqual(command.returncode, 9)

    def test_time_limit(self):
        _, number = self.one("Fails.ByHanging", "--testcell_timeout=1s")
        done = enter(number, "sh", "-c", "cat /proc/[0-9]*/comm")
        self.assertIn("artifacts_paylo\n", done.stdout)

    def test_nothing_to_keep(self):
        done = subprocess.run([*PREFIX, PAYLOAD, "--gtest_filter=Passes.*",
                               "--testcell_keep=failed"], cwd=self.directory, timeout=LIMIT,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done)
        self.assertNotIn("KEPT", done.stdout)

    def test_many(self):
        run = self.run_tests("So/Many.*", "--testcell_jobs=2")
        self.assertEqual(len(run.cells), 8, run.output)
        self.assertIn("[ testcell ] 2 more cells of failed tests are not kept\n", run.output)
        self.assertEqual(run.end(), 1)
        self.assertTrue(run.ended())

    def test_few_descriptors(self):
        run = self.run_tests("So/Many.*:Passes.*", "--testcell_jobs=2", before=[
            "sh", "-c", 'ulimit -n 60; exec "$@"', "sh"])
        self.assertIn(" 12 tests from 2 test suites ran.", run.output)
        self.assertIn("10 FAILED TESTS", run.output)
        self.assertLess(len(run.cells), 8, run.output)

    def test_last_attempt(self):
        run, _ = self.one("Fails.ByCrashing:Passes.*", "--testcell_retries=2")
        self.assertEqual(list(run.cells), ["Fails.ByCrashing"])
        self.assertEqual(run.output.count("[  RETRY   ]"), 2)

    def test_shared_cell(self):
        run, number = self.one("Shared.*")
        self.assertEqual(list(run.cells), ["Shared.Fails"])
        self.assertEqual(enter(number, "cat", "/tmp/third").stdout, "3")

    def test_with_artifacts(self):
        _, number = self.one("Fails.WithEverything", "--testcell_artifacts=kept")
        with open(f"{self.directory}/kept/Fails.WithEverything/processes.txt",
                  encoding="utf-8") as file:
            self.assertIn("sleep 1000", file.read())
        self.assertEqual(enter(number, "cat", "/tmp/state").stdout, "of the test")

    def test_network_of_the_host(self):
        _, number = self.one("HostNetwork.*")
        done = enter(number, "readlink", "/proc/self/ns/net")
        self.assertEqual(done.stdout.strip(), os.readlink("/proc/self/ns/net"), done)

    def test_leak_that_fails(self):
        _, number = self.one("Leaves.AFile", "--testcell_leaks=fail")
        self.assertEqual(enter(number, "cat", "/tmp/left").stdout, "x")

    def test_old_programs(self):
        run = self.run_tests("Outcome.Fails:Outcome.Passes", program=[
            TESTCELL, "gtest", "--keep=failed", "--artifacts=kept", "--", PLAIN])
        self.assertEqual(list(run.cells), ["Outcome.Fails"], run.output)
        self.assertEqual(os.listdir(f"{self.directory}/kept"), ["Outcome.Fails"])
        self.assertEqual(enter(run.cells["Outcome.Fails"], "hostname").stdout, "cell\n")

    def at_terminal(self, key):
        """The status of a run that ends by a key."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.directory)
            words = [*PREFIX, PAYLOAD, "--gtest_filter=Fails.ByCrashing", "--testcell_keep=failed"]
            os.execvp(words[0], words)
        output = b""
        while b"by Enter or Ctrl-C" not in output:
            output += os.read(terminal, 4096)
        number = int(re.search(rb"testcell enter (\d+)", output)[1])
        init = os.pidfd_open(number)
        os.write(terminal, key)
        _, status = os.waitpid(process, 0)
        self.assertTrue(select.select([init], [], [], LIMIT)[0])
        os.close(init)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status)

    def test_terminal(self):
        for key in (b"\n", b"\x03", b"\x04"):
            self.assertEqual(self.at_terminal(key), 1, key)

    def test_shell_at_terminal(self):
        _, number = self.one("Fails.ByCrashing")
        process, terminal = pty.fork()
        if process == 0:
            os.environ["SHELL"] = "/bin/bash"
            os.environ["PS1"] = "ready> "
            words = [*PREFIX, TESTCELL, "enter", str(number), "--", "bash", "--norc", "-i"]
            os.execvp(words[0], words)

        def until(text):
            output = b""
            while text not in output:
                output += os.read(terminal, 4096)
            return output

        until(b"ready> ")
        os.write(terminal, b"sh -c 'echo be''gun; exec sleep 1000'\n")
        until(b"begun")
        os.write(terminal, b"\x1a")  # job control works: it is stopped
        self.assertNotIn(b"no job control", until(b"Stopped"))
        os.write(terminal, b"kill %1; exit 3\n")
        until(b"exit 3")
        # A shell warns of a job that it leaves behind.
        os.write(terminal, b"exit 3\n")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass  # the other end is closed
        _, status = os.waitpid(process, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 3)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
