"""Hosts that refuse parts of a cell, by filters, sysctls, capabilities and mounts: what
is said of each, and which rung is reached.

    refusals_test.py --user=root|user TESTCELL REFUSE PAYLOAD
"""
import os
import shutil
import unittest

import driver
from driver import SETTING
from ladder_test import EPERM, FULL, NO_NETWORK_TEXT, SLEEP, Ladder, Result, sleepers

BY_ROOT = os.geteuid() == 0
OLD = "clone3=ENOSYS"  # else no filter sees the flags


class Refusals(Ladder):
    def setUp(self):
        self.refuse, self.payload = SETTING.rest

    @property
    def root(self):
        return SETTING.user == "root"

    def check(self, rung, own, missing, text, tests="Plain.Passes", **host):
        """Strictly the run ends before its first test and says why; else that rung."""
        done = self.run_tests(tests, **host)
        if rung == "full":
            self.assertEqual((done.status, done.stderr), (0, ""), done)
            self.assert_ran(done, own, "full")
            return done
        self.assertEqual(done.status, 2, done)
        self.assertIn(f"testcell: no test was run: {text}", done.stderr)
        self.assertEqual(done.tests, {})
        done = self.run_tests(tests, f"--testcell_fallback={rung}", **host)
        self.assertEqual(done.status, 0, done)
        self.assert_ran(done, own, rung)
        self.assertEqual([part["name"] for part in done.report["missing"]], missing, done)
        self.assertIn(text, done.stderr)
        return done


class Filters(Refusals):
    def test_calls_that_an_old_kernel_lacks(self):
        for call in ("clone3", "close_range", "pidfd_open", "mount_setattr", "fsopen", "seccomp",
                     "fanotify_init"):
            with self.subTest(call):
                self.check("full", FULL, [], "", refuse=(f"{call}=ENOSYS",))
        self.check("full", FULL, [], "", refuse=(
            "clone3=ENOSYS", "close_range=ENOSYS", "pidfd_open=ENOSYS", "mount_setattr=ENOSYS",
            "fsopen=ENOSYS"))

    def test_time_limits_without_process_descriptors(self):
        done = self.run_tests("Detached.AndTheTestHangs", "--testcell_timeout=1s",
                              refuse=("pidfd_open=ENOSYS",))
        self.assertEqual(done.tests["Detached.AndTheTestHangs"]["outcome"], "timed_out", done)
        driver.wait_until("the cell is gone", lambda: not sleepers())

    def test_read_only_paths(self):
        text = "cannot make read-only /usr: ENOSYS (Function not implemented); read-only paths need " \
               "Linux 5.12"
        refuse = ("mount_setattr=ENOSYS",)
        done = self.run_tests("Plain.Passes:NeedsReadOnly.*", refuse=refuse)
        self.assert_refused(done, f"no test was run: the CellOptions() of NeedsReadOnly: {text}")
        done = self.run_tests("Plain.Passes:NeedsReadOnly.*", "--testcell_fallback=partial",
                              refuse=refuse)
        self.assertEqual(done.status, 0, done)
        self.assertIn(text, done.skipped("NeedsReadOnly.Runs")[0])
        self.assertEqual(done.tests["Plain.Passes"]["rung"], "full", done)

    def test_namespaces(self):
        self.check("partial", "ipc mnt pid uts proc ", ["network_namespace"], NO_NETWORK_TEXT,
                   refuse=(OLD, "newnet=EPERM"))
        self.check("partial", "mnt net pid uts proc ", ["ipc_namespace"],
                   f"cannot make an IPC namespace: {EPERM}", refuse=(OLD, "newipc=EPERM"))
        self.check("partial", "ipc mnt net pid proc ", ["uts_namespace"],
                   f"cannot make a namespace of host names: {EPERM}", refuse=(OLD, "newuts=EPERM"))
        self.check("partial", "ipc net pid uts ", ["mount_namespace"],
                   f"cannot make a mount namespace: {EPERM}", refuse=(OLD, "newns=EPERM"))
        self.check("partial", "mnt pid proc ",
                   ["network_namespace", "ipc_namespace", "uts_namespace"],
                   f"cannot make a network namespace: {EPERM}",
                   refuse=(OLD, "newnet=EPERM", "newipc=EPERM", "newuts=EPERM"))
        self.check("fork", "", ["pid_namespace"], f"cannot make a process namespace: {EPERM}",
                   refuse=(OLD, "newpid=EPERM"))

    def test_user_namespaces(self):
        for call in ("userns=EPERM", "unshare=EPERM", "userns=ENOSPC"):
            with self.subTest(call):
                if self.root:
                    self.check("full", FULL, [], "", refuse=(call,))
                    continue
                self.check("fork", "", ["user_namespace"], "cannot make a user namespace: E",
                           refuse=(call,))

    def test_calls_in_a_cell(self):
        self.check("partial", "ipc net pid uts ", ["mount_namespace"],
                   f"cannot make mounts private /: {EPERM}; permit it in the seccomp filter",
                   refuse=("mount=EPERM",))
        self.check("partial", "ipc mnt net pid proc ", ["uts_namespace"],
                   f"cannot set the host name cell: {EPERM}; permit it in the seccomp filter",
                   refuse=("sethostname=EPERM",))

    def test_netlink_sockets(self):
        """As by systemd's RestrictAddressFamilies: what is said of sockets is less, not the cell."""
        for error in ("EAFNOSUPPORT", "EPERM"):
            with self.subTest(error):
                done = self.run_tests("Plain.Passes", refuse=(f"netlink={error}",))
                self.assertEqual(done.status, 0, done)
                self.assert_ran(done, FULL, "full")
                self.assertIn(f"NETLINK_SOCK_DIAG: {error}", done.stderr)

    def test_what_is_left_is_found_without_private_mounts(self):
        done = self.run_tests("Detached.IsLeft", "--testcell_fallback=partial",
                              refuse=("mount=EPERM",))
        leaks = done.tests["Detached.IsLeft"]["leaks"]
        self.assertEqual([leak["what"].partition(" (pid")[0] for leak in leaks], [f"sleep {SLEEP}"],
                         done)
        driver.wait_until("the cell is gone", lambda: not sleepers())

    def test_containers_of_today(self):
        """Docker's filter: clone3 is unknown to it, namespaces take CAP_SYS_ADMIN."""
        refuse = (OLD, "userns=EPERM", "newpid=EPERM", "newns=EPERM", "newnet=EPERM", "newipc=EPERM",
                  "newuts=EPERM", "newcgroup=EPERM", "mount=EPERM", "sethostname=EPERM")
        part = "pid_namespace" if self.root else "user_namespace"
        self.check("fork", "", [part], "cannot make a ", refuse=refuse)


class Sysctls(Refusals):
    """Of a user namespace around the run, whose root has set them to zero."""

    def limited(self, kind):
        script = f"echo 0 > /proc/sys/user/max_{kind}_namespaces; exec \"$@\""
        return {"prefix": (*SETTING.prefix, "unshare", "--user", "--map-root-user", "sh", "-ec", script,
                           "sh")}

    def text(self, what, kind):
        return (f"cannot make {what}: ENOSPC (No space left on device); sysctl -w "
                f"user.max_{kind}_namespaces=15000")

    def test_each_at_zero(self):
        self.check("partial", "ipc mnt pid uts proc ", ["network_namespace"],
                   self.text("a network namespace", "net"), **self.limited("net"))
        self.check("partial", "mnt net pid uts proc ", ["ipc_namespace"],
                   self.text("an IPC namespace", "ipc"), **self.limited("ipc"))
        self.check("partial", "ipc mnt net pid proc ", ["uts_namespace"],
                   self.text("a namespace of host names", "uts"), **self.limited("uts"))
        self.check("partial", "ipc net pid uts ", ["mount_namespace"],
                   self.text("a mount namespace", "mnt"), **self.limited("mnt"))
        self.check("fork", "", ["pid_namespace"], self.text("a process namespace", "pid"),
                   **self.limited("pid"))

    def test_only_some_options_need_it(self):
        done = self.run_tests("Plain.Passes:NeedsCgroups.*", **self.limited("cgroup"))
        self.assert_refused(done, "no test was run: the CellOptions() of NeedsCgroups: " +
                            self.text("a cgroup namespace", "cgroup"))
        done = self.run_tests("Plain.Passes:NeedsCgroups.*", "--testcell_fallback=partial",
                              **self.limited("cgroup"))
        self.assertEqual(done.tests["Plain.Passes"]["rung"], "full", done)
        self.assertIn(self.text("a cgroup namespace", "cgroup"), done.skipped("NeedsCgroups.Runs")[0])

    @unittest.skipUnless(BY_ROOT, "needs root to make such a host")
    def test_no_user_namespaces(self):
        if self.root:
            self.skipTest("of ordinary users")
        home = SETTING.scratch
        command = [*SETTING.prefix, self.payload, "--gtest_filter=Plain.Passes",
                   f"--testcell_report=json:{home}/report.json"]
        script = "echo 0 > /proc/sys/user/max_user_namespaces"
        done = driver.finish_in_full_user_namespace(script, command)
        self.assertEqual((done.status, done.stderr), (
            2, "testcell: no test was run: cannot make a user namespace: ENOSPC (No space left on "
            "device); raise the sysctl user.max_user_namespaces\n"), done)
        done = driver.finish_in_full_user_namespace(script, command, {"TESTCELL_FALLBACK": "fork"})
        self.assertEqual(Result(done, home).tests["Plain.Passes"]["rung"], "fork", done)


@unittest.skipUnless(BY_ROOT, "needs root to make such a host")
class Hosts(Refusals):
    def test_masked_proc(self):
        mask = "mount -t tmpfs none /proc/bus"
        if self.root:
            self.check("full", FULL, [], "", prepare=mask)
            return
        text = (f"cannot mount the cell's own proc on /proc: {EPERM}; the host masks part of it, as "
                "containers do by default; run the container with an unmasked /proc and /sys (docker, "
                "podman: --security-opt systempaths=unconfined)")
        done = self.check("partial", "ipc mnt net pid uts ", ["proc"], text, prepare=mask)
        self.assertEqual(done.report["jobs"], os.cpu_count())  # they don't collide
        done = self.run_tests("Detached.IsLeft", "--testcell_fallback=partial", prepare=mask)
        leaks = done.tests["Detached.IsLeft"]["leaks"]
        self.assertEqual([leak["what"].partition(" (pid")[0] for leak in leaks], [f"sleep {SLEEP}"],
                         done)
        driver.wait_until("the cell is gone", lambda: not sleepers())

    def test_masked_sys(self):
        mask = "mount -t tmpfs none /sys/kernel"
        if self.root:
            self.check("full", FULL, [], "", prepare=mask)
            return
        self.check("partial", FULL, ["sysfs"],
                   f"cannot mount the cell's own sysfs for /sys/class/net: {EPERM}; the host masks",
                   prepare=mask)

    def test_a_read_only_sys(self):
        """As in containers whose masks are lifted."""
        self.check("full", FULL, [], "",
                   prepare="mount --bind /sys /sys; mount -o remount,bind,ro /sys")

    def test_masked_as_containers_do(self):
        mask = ("for p in /proc/bus /proc/fs /proc/irq /proc/sys; do mount --bind $p $p; mount -o "
                "remount,bind,ro $p; done; mount -t tmpfs -o ro none /proc/acpi 2>/dev/null || :; "
                "mount --bind /sys /sys; mount -t tmpfs -o ro none /sys/kernel; "
                "mount -o remount,bind,ro /sys")
        if self.root:  # of a privileged container
            done = self.run_tests("Plain.Passes", "--testcell_fallback=partial", prepare=mask)
            self.assertEqual((done.status, done.tests["Plain.Passes"]["outcome"]), (0, "passed"), done)
            return
        done = self.run_tests("Plain.Passes", "--testcell_fallback=partial", prepare=mask)
        self.assertEqual(done.status, 0, done)
        self.assert_ran(done, "ipc mnt net pid uts ", "partial")
        self.assertEqual({part["name"] for part in done.report["missing"]},
                         {"proc", "low_ports", "sysfs"}, done)
        self.assertIn("EROFS (Read-only file system); as in containers; docker: --security-opt "
                      "systempaths=unconfined", done.stderr)

    def test_hidden_processes(self):
        done = self.run_tests("Plain.Passes:Detached.IsLeft", "--testcell_fallback=partial",
                              prepare="mount -t proc -o hidepid=2 none /proc")
        self.assertEqual(done.tests["Plain.Passes"]["outcome"], "passed", done)
        self.assertEqual(len(done.tests["Detached.IsLeft"]["leaks"]), 1, done)

    def test_a_read_only_root(self):
        home = SETTING.scratch
        self.check("full", FULL, [], "",
                   prepare=f"mount --bind {home} {home}; mount -o remount,bind,ro /")

    def test_chroot(self):
        root = os.path.join(os.path.dirname(SETTING.testcell), "root")
        os.mkdir(root)
        self.addCleanup(shutil.rmtree, root)
        enter = (f"cd {root}; for d in usr bin lib lib64 etc proc dev sys tmp var; do "
                 "[ -e /$d ] || continue; mkdir -p $d; mount --rbind /$d $d; done; "
                 "set -- chroot . \"$@\"")
        if self.root:
            self.check("partial", "ipc net pid uts ", ["mount_namespace"],
                       "cannot make mounts private /: EINVAL (Invalid argument)", prepare=enter)
        else:
            self.check("fork", "", ["user_namespace"], f"cannot make a user namespace: {EPERM}",
                       prepare=enter)

    def test_capabilities(self):
        if not self.root:
            self.skipTest("of root")
        for dropped in ("-sys_admin", "-net_admin", "-sys_admin,-net_admin,-sys_ptrace"):
            with self.subTest(dropped):  # in a user namespace, as an ordinary user
                self.check("full", FULL, [], "", prefix=(
                    "setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"))
        self.check("fork", "", ["user_namespace"],
                   f"cannot map the user into its namespace /proc/self/uid_map: {EPERM}; as root keep "
                   "CAP_SETFCAP, or run as an ordinary user",
                   prefix=("setpriv", "--bounding-set=-all", "--inh-caps=-all"))


del Ladder, Refusals  # by themselves they are no tests

if __name__ == "__main__":
    driver.main()
