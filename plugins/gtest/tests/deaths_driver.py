"""Runs a payload as somebody, reads its verdicts, and sees what it left behind.

What is left is found by facts: this process is the subreaper of all that a run
starts, so that whoever outlives the run becomes a child of ours.
"""

import argparse
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

import users

PR_SET_CHILD_SUBREAPER = 36
DEADLINE_S = 60  # for what takes milliseconds: only a defect makes a test wait so long
# How a timed-out test's process is told of that waits for a signal; by its main
# thread if there is another one, as a sanitizer's.
IN_PAUSE = r"sleeping, [^\n]*\n *(?:main thread [^\n]*: )?in pause"


class Verdict:
    """What the XML says of one test."""

    def __init__(self, case):
        self.failures = [failure.get("message", "") + "\n" + (failure.text or "")
                         for failure in case.findall("failure")]
        self.text = "\n".join(self.failures)
        self.skipped = case.get("result") == "skipped"
        self.outcome = None
        for item in case.iter("property"):
            if item.get("name") == "testcell.outcome":
                self.outcome = item.get("value")

    @property
    def passed(self):
        return not self.failures and not self.skipped


class Run:
    def __init__(self, status, stdout, stderr, report, peak_memory_kib):
        self.status = status  # negative: the signal
        self.stdout = stdout
        self.stderr = stderr
        self.peak_memory_kib = peak_memory_kib
        self.tests = {}
        if report is not None:
            for case in ElementTree.fromstring(report).iter("testcase"):
                if case.get("status") == "run":
                    self.tests[f"{case.get('classname')}.{case.get('name')}"] = Verdict(case)

    def __str__(self):
        return (f"status {self.status}\n--- stdout\n{self.stdout[-4000:]}\n"
                f"--- stderr\n{self.stderr[-4000:]}")


def children(pid="self"):
    """Quickly; some may be missing while others end."""
    main_thread = os.getpid() if pid == "self" else pid
    try:
        with open(f"/proc/{pid}/task/{main_thread}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def children_of(pid):
    """By their parents' ids, which is exact for processes that stay."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] not in "ZX":
            found.append(int(entry))
    return found


def kill_child(parent, pid):
    """SIGKILL to that process, and to no other that has got its number since."""
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if pid not in children_of(parent):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="latin-1") as file:
            return f"{pid}: " + file.read().replace("\0", " ")
    except OSError:
        return f"{pid}: gone"


def names_like_ours(directory):
    """That the payloads give; other runs have theirs here at the same time."""
    try:
        return [f"{directory}/{name}" for name in os.listdir(directory)
                if "testcell_deaths" in name]
    except OSError:
        return []


def host_state():
    """What a run could leave on the host, by kind."""
    state = {}
    with open("/proc/self/mountinfo", encoding="latin-1") as file:
        state["mounts"] = [line.split(" ", 2)[2] for line in file]
    for kind in ("shm", "sem", "msg"):
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as file:
            state[kind] = [line.split()[0] for line in file if line.split()[0] == str(0x7e57de)]
    for directory in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run"):
        state[directory] = names_like_ours(directory)
    return state


class DeathsTest(unittest.TestCase):
    arguments = None
    maxDiff = None

    def setUp(self):
        # In /tmp, as a checkout may be: it must be visible in the cells.
        self.scratch = tempfile.mkdtemp(prefix="deaths-scratch.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.scratch)
        self.shared = os.path.join(self.scratch, "shared")
        for name in ("", "shared", "work", "tmp"):
            directory = os.path.join(self.scratch, name)
            os.makedirs(directory, exist_ok=True)
            os.chmod(directory, 0o777)
        self.before = host_state()
        self.processes = []

    def as_user(self):
        return self.arguments.user == "user" and os.geteuid() == 0

    def program(self, parent=False):
        """A copy that anybody may execute."""
        source = self.arguments.parent if parent else self.arguments.payload
        path = os.path.join(self.scratch, os.path.basename(source))
        if not os.path.exists(path):
            shutil.copy(source, path)
            os.chmod(path, 0o755)
        return path

    def fifo(self, name):
        path = os.path.join(self.shared, name)
        os.mkfifo(path)
        os.chmod(path, 0o666)
        return path

    def command(self, *flags, parent=False, limits=()):
        command = ["prlimit", *limits] if limits else []
        if self.as_user():
            command += users.AS_NOBODY
        return command + [self.program(parent), f"--gtest_output=xml:{self.scratch}/report.xml",
                          *flags]

    def start(self, *flags, parent=False, limits=(), environment=(), stdout=subprocess.PIPE,
              stderr=subprocess.PIPE, pipe_size=-1):
        report = os.path.join(self.scratch, "report.xml")
        with open(report, "w", encoding="ascii"):
            pass
        os.chmod(report, 0o666)
        process = subprocess.Popen(
            self.command(*flags, parent=parent, limits=limits), stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=stderr, pipesize=pipe_size,
            cwd=os.path.join(self.scratch, "work"),
            env={**os.environ, "DEATHS_SHARED": self.shared,
                 "TMPDIR": os.path.join(self.scratch, "tmp"), **dict(environment)})
        self.processes.append(process)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.returncode is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def report(self):
        with open(os.path.join(self.scratch, "report.xml"), "rb") as file:
            return file.read() or None

    def run_payload(self, gtest_filter, *flags, tells_nothing=False, **how):
        """A whole run, and the check that it left nothing."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(f"--gtest_filter={gtest_filter}", *flags, stdout=out, stderr=err,
                                 **how)
            status = self.reap(process)
            self.assert_nothing_left()
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("latin-1"))
        report = None if tells_nothing else self.report()
        return Run(status, *texts, report, self.peak_memory_kib())

    def reap(self, process):
        pidfd = os.pidfd_open(process.pid)
        try:
            ready, _, _ = select.select([pidfd], [], [], 4 * DEADLINE_S)
            if not ready:
                self.fail("the run does not end: " + "\n".join(
                    command_line(pid) for pid in [process.pid, *children_of(process.pid)]))
        finally:
            os.close(pidfd)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode

    def peak_memory_kib(self):
        """Of the supervisor, as it has said itself; 0 if it has not."""
        try:
            with open(os.path.join(self.shared, "peak_memory"), encoding="ascii") as file:
                return int(file.read())
        except OSError:
            return 0

    def assert_nothing_left(self):
        self.assert_no_processes()
        after = host_state()
        for kind, things in self.before.items():
            new = [thing for thing in after[kind] if thing not in things]
            self.assertEqual(new, [], f"left on the host: {kind}")
        for name in ("work", "tmp"):
            self.assertEqual(os.listdir(os.path.join(self.scratch, name)), [], name)

    def assert_no_processes(self):
        """Every process of the run is a child of ours by now, or was reaped by
        its parent; those that are about to end are waited for."""
        running = {process.pid for process in self.processes if process.returncode is None}
        deadline = time.monotonic() + DEADLINE_S
        while True:
            left = [pid for pid in children() if pid not in running]
            if not left:
                return
            pidfd = os.pidfd_open(left[0])
            try:
                ready, _, _ = select.select([pidfd], [], [], max(0, deadline - time.monotonic()))
            finally:
                os.close(pidfd)
            if not ready:
                names = [command_line(pid) for pid in left]
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                self.fail(f"processes left: {names}")
            os.waitpid(left[0], 0)

    def assert_passed(self, run, *names):
        for name in names:
            self.assertIn(name, run.tests, str(run))
            self.assertTrue(run.tests[name].passed, f"{name}: {run.tests[name].text}\n{run}")

    def assert_failed(self, run, name, pattern, outcome=None):
        self.assertIn(name, run.tests, str(run))
        verdict = run.tests[name]
        self.assertRegex(verdict.text, re.compile(pattern, re.DOTALL), f"{name}\n{run}")
        self.assertEqual(verdict.outcome, outcome, f"{name}\n{verdict.text}\n{run}")


def main():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--user", choices=("root", "user"), required=True)
    parser.add_argument("payload")
    parser.add_argument("parent")
    parser.add_argument("tests", nargs="*")
    DeathsTest.arguments = parser.parse_args()
    if DeathsTest.arguments.user == "root" and os.geteuid() != 0:
        print("skipped: not run by root")
        sys.exit(77)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("cannot become a subreaper")
    unittest.main(argv=[sys.argv[0], *DeathsTest.arguments.tests], verbosity=2)
