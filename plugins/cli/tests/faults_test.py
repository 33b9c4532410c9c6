"""Every system call by which a cell is made fails once: the run says what could not be
done, with the error's name, or makes the same cell without it. Nothing hangs, nothing
is left, and no cell is less than it seems to be.

    faults_test.py --user=root|user TESTCELL INJECT
"""
import errno
import os
import platform
import re
import subprocess
import sys
import unittest

import driver
from driver import SETTING

INIT, WORKER, KEEPER = 3, 2, 1  # how many processes are above them, from the run on
# What a cell is: any difference is a defect. Namespaces are only told from the host's,
# and an address's flags are the business of the test for hosts that refuse netlink sockets.
SCRIPT = r"""
hostname; umask; ulimit -n; pwd; id -u; grep -E 'Cap(Eff|Bnd|Amb)' /proc/self/status
ls -A /tmp /var/tmp /dev/shm; ls /sys/class/net; cat /sys/class/net/lo/flags
sort /proc/net/if_inet6 | cut -d' ' -f1-4; getent hosts cell localhost; cat /proc/1/comm
cat /proc/sys/net/ipv4/ip_unprivileged_port_start; [ -d /run ] && echo run
echo x > made; echo made: $?; rm made
for kind in pid net mnt uts ipc; do
  [ "$(readlink /proc/self/ns/$kind)" = "$(eval echo \$HOST_$kind)" ] && echo shares $kind
done; true
"""
# They can't fail, and what they say is not looked at, or means death if it is not so.
NEVER_FAIL = {"umask", "getpid", "getppid"}
# After which the supervisor can't be told why: that the process is gone has to do.
SPEECHLESS = {"sendmsg"}
# The findings' own: the cell is whole, but what can't be seen is to be said.
WATCHES = {"fanotify_init", "fanotify_mark", "setsockopt", "bind"}
SHARED = re.compile(r"testcell: cannot make copy-on-write the working directory .*: (\w+) \(.*\); "
                    "pass --testcell_cwd=auto or shared, or run from another directory; "
                    "tests share the working directory\n")


def call_names():
    names = {}
    for header in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"):
        if os.path.exists(header):
            with open(header, encoding="ascii") as file:
                names.update((int(number), name) for name, number
                             in re.findall(r"^#define __NR_(\w+)\s+(\d+)", file.read(), re.M))
    return names


@unittest.skipUnless(platform.machine() == "x86_64", "registers of x86-64")
class Faults(unittest.TestCase):
    names = call_names()

    def run_with(self, depth, number, error):
        """One run in which that call fails: which one, and what came of it."""
        report = os.path.join(SETTING.scratch, "injected")
        kinds = ("pid", "net", "mnt", "uts", "ipc")
        host = {f"HOST_{kind}": os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
        try:
            done = subprocess.run(
                [*SETTING.prefix, SETTING.rest[0], str(depth), str(number), str(error), report, "--",
                 SETTING.testcell, "run", "--", "sh", "-c", SCRIPT], capture_output=True, text=True,
                check=False, stdin=subprocess.DEVNULL, cwd=SETTING.scratch,
                env=driver.environment(**host), timeout=driver.DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.fail(f"hangs: call {number} of the process at depth {depth}")
        call = None
        if os.path.exists(report):
            with open(report, encoding="ascii") as file:
                number = int(file.read())
            call = self.names.get(number, f"call {number}")
            os.unlink(report)
        return call, driver.Done(done.returncode, done.stdout, done.stderr)

    def judge(self, call, error, whole, done):
        name = errno.errorcode[error]
        if call in NEVER_FAIL:
            return "never"
        if done.status == 2 and call in SPEECHLESS:
            self.assertIn("the processes that make cells have died", done.stderr)
            return "refused"
        if done.status == 2:
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, r"^testcell: (the command was not run: )?cannot .*: "
                                          rf"({name}|ENOMEM) \(.*\)", done)
            return "refused"
        self.assertEqual((done.status, done.stdout), (0, whole.stdout), done)
        said = done.stderr
        if shared := SHARED.fullmatch(said):
            self.assertEqual(shared[1], name)
            return "shared"
        if call in WATCHES and not (call == "fanotify_init" and name == "EPERM"):
            self.assertRegex(said, rf"^testcell: cells can't watch .*: {name} \(.*\n$")
            return "unseen"
        # "fork a process that makes cells": the others go on.
        self.assertRegex(said, rf"^(testcell: cannot .*: {name} \(.*|testcell: cells can't watch .*"
                               rf": {name} \(.*)?\n?$")
        return "same"

    def sweep(self, depth, error, least):
        _, whole = self.run_with(depth, 1 << 20, error)
        self.assertEqual((whole.status, whole.stderr), (0, ""), whole)
        counts = {}
        for number in range(1, 1000):
            call, done = self.run_with(depth, number, error)
            if call is None:
                break
            with self.subTest(f"call {number}, {call}"):
                verdict = self.judge(call, error, whole, done)
                counts[verdict] = counts.get(verdict, 0) + 1
                self.assertEqual(sorted(os.listdir(SETTING.scratch)), [])
        print(f"depth {depth}, {errno.errorcode[error]}: {counts}", file=sys.stderr)
        self.assertGreater(counts.get("refused", 0), least)

    def test_of_init(self):
        self.sweep(INIT, errno.EIO, 30)

    def test_of_the_worker(self):
        self.sweep(WORKER, errno.EPERM if SETTING.prefix else errno.ENOSPC,
                   30 if SETTING.prefix else 1)

    def test_of_the_keeper(self):
        self.sweep(KEEPER, errno.EAGAIN, 0)


class Scarce(unittest.TestCase):
    """Little of everything, and then a little more: told by its name, or enough."""

    def check(self, limits, name):
        refused = 0
        for limit in limits:
            with self.subTest(limit):
                # The limit is the run's, and the user's: root's processes are not counted.
                done = subprocess.run(
                    [*SETTING.prefix, "prlimit", limit, SETTING.testcell, "run", "--", "true"],
                    capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                    cwd=SETTING.scratch, env=driver.environment(), timeout=driver.DEADLINE_S)
                if done.returncode == 0:
                    self.assertEqual(done.stderr, "")
                    continue
                refused += 1
                self.assertEqual(done.returncode, 2, done)
                self.assertRegex(done.stderr, rf"testcell: .*cannot .*: {name} \(")
        self.assertGreater(refused, 0)
        self.assertLess(refused, len(limits))

    def test_descriptors(self):
        self.check([f"--nofile={n}:{n}" for n in range(6, 40, 2)], "EMFILE")

    def test_memory(self):
        # A sanitizer's shadow is larger than any limit here.
        self.check([f"--as={n}000000:{n}000000" for n in (12, 400)], "ENOMEM")

    def test_processes(self):
        if SETTING.user == "root":
            self.skipTest("root's processes are not counted")
        many = 1 << 15
        self.check([f"--nproc={n}:{n}" for n in (1, 2, 3, 4, 5, many)], "EAGAIN")


if __name__ == "__main__":
    driver.main()
