"""testcell doctor: what it says of this host, and of hosts that refuse.

    doctor_test.py --user=root|user TESTCELL REFUSE
"""
import json
import os
import shutil
import subprocess
import unittest

import driver
import users
from driver import SETTING


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def host_state():
    return (sorted(name for name in os.listdir("/sys/fs/cgroup") if "testcell" in name),
            read("/proc/self/mountinfo"), read("/proc/sys/kernel/pid_max"))


def finish(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, cwd=SETTING.scratch, env=driver.environment(),
                          timeout=driver.DEADLINE_S)
    return driver.Done(done.returncode, done.stdout, done.stderr)


class Doctor(unittest.TestCase):
    def refuse(self, *calls):
        return (*SETTING.prefix, SETTING.rest[0], *calls, "--", SETTING.testcell)

    def examine(self, command, status, run=finish):
        """All rows by name, and the report."""
        done = run([*command, "doctor", "--json"])
        self.assertEqual(done.status, status, str(done))
        report = json.loads(done.stdout)
        self.assertEqual(report["works"], status == 0)
        for row in report["rows"]:
            if row["works"]:
                self.assertEqual([row[name] for name in ("error", "reason", "remedy", "lost")],
                                 [None] * 4, row)
            else:
                self.assertTrue(row["reason"] and row["lost"], row)
        return {row["name"]: row for row in report["rows"]}, report

    def plain(self):
        return (*SETTING.prefix, SETTING.testcell)


class ThisHost(Doctor):
    def test_works(self):
        rows, report = self.examine(self.plain(), 0)
        self.assertEqual(report["schema"], 1)
        self.assertEqual(report["rung"], "full")
        self.assertEqual(report["host"]["root"], not SETTING.prefix and os.geteuid() == 0)
        self.assertIsNone(report["fallback"])
        self.assertEqual([row["name"] for row in rows.values()
                          if row["required"] and not row["works"]], [])
        self.assertEqual(rows["user_namespace"]["required"], not report["host"]["root"])

    def test_text(self):
        done = finish([*self.plain(), "doctor"])
        self.assertEqual((done.status, done.stderr), (0, ""), str(done))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "testcell doctor: a cell with default options works here")
        for line in ("  works  network namespaces", "  works  ports below 1024",
                     "  works  copy-on-write here", "  works  cgroup namespaces (optional)"):
            self.assertIn(line, lines)
        self.assertEqual([line for line in lines if line.startswith("  FAILS")], [])

    def test_who_may_watch_the_hosts_files(self):
        rows, _ = self.examine(self.plain(), 0)
        row = rows["escapes"]
        self.assertFalse(row["required"])
        self.assertEqual((row["works"], row["error"]),
                         (True, None) if SETTING.user == "root" else (False, "EPERM"), row)
        if SETTING.user != "root":
            self.assertIn("--testcell_uses=all", row["remedy"])

    def test_says_what_a_user_can_try_by_hand(self):
        """Rows that do not depend on testcell, against other programs' findings."""
        rows, _ = self.examine(self.plain(), 0)
        as_root_inside = (*SETTING.prefix, "unshare", "--user", "--map-root-user", "--net")
        for name in ("veth", "dummy", "bridge"):
            command = [*as_root_inside, "ip", "link", "add", "probe0", "type", name]
            self.assertEqual(rows[name]["works"], finish(command).status == 0, rows[name])
        netem = finish([*as_root_inside, "tc", "qdisc", "add", "dev", "lo", "root", "netem",
                        "limit", "1000"])
        self.assertEqual(rows["netem"]["works"], netem.status == 0, rows["netem"])

    def test_leaves_nothing(self):
        before = host_state()
        self.examine(self.plain(), 0)
        self.assertEqual(host_state(), before)
        self.assertEqual(os.listdir(SETTING.scratch), [])

    @unittest.skipUnless(os.geteuid() == 0, "of root")
    def test_host_settings_are_not_tried_with_root_s_rights(self):
        """Those of root hold in user namespaces: it becomes nobody first, who is not known here."""
        if SETTING.user != "root":
            self.skipTest("of root")
        rows, _ = self.examine(["unshare", "--user", "--map-root-user", SETTING.testcell], 0)
        self.assertEqual((rows["pid_limit"]["works"], rows["pid_limit"]["error"]),
                         (False, "EINVAL"), rows["pid_limit"])
        self.assertTrue(rows["pid_limit"]["call"].startswith("setresgid(65534)"))

    def test_takes_no_more_words(self):
        done = finish([*self.plain(), "doctor", "more"])
        self.assertEqual((done.status, done.stderr), (2, "testcell: doctor takes no 'more'\n"))

    @unittest.skipUnless(os.geteuid() == 0, "of root")
    def test_root_without_capabilities(self):
        """It makes cells as an ordinary user does."""
        if SETTING.user != "root":
            self.skipTest("of root")
        for dropped in ("-sys_admin", "-net_admin"):
            rows, report = self.examine(
                ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", SETTING.testcell), 0)
            self.assertEqual((report["rung"], report["host"]["root"]), ("full", True))
            self.assertTrue(rows["user_namespace"]["required"])
            self.assertTrue(rows["overlay"]["works"])


class Refusals(Doctor):
    def test_user_namespaces_by_a_filter(self):
        root = SETTING.user == "root"  # who needs neither
        rows, report = self.examine(self.refuse("userns=EPERM", "clone3=ENOSYS"), 0 if root else 1)
        self.assertEqual(report["fallback"],
                         None if root else {"rung": "fork", "missing": ["user_namespace"]})
        row = rows["user_namespace"]
        self.assertEqual((row["works"], row["error"], row["call"]),
                         (False, "EPERM", "unshare(CLONE_NEWUSER)"))
        self.assertIn("a seccomp filter is in force", row["reason"])
        self.assertTrue(row["remedy"])
        self.assertEqual(rows["network_namespace"]["works"], SETTING.user == "root")
        self.assertTrue(report["host"]["seccomp"])
        self.assertEqual(rows["clone3"]["error"], "ENOSYS")
        self.assertFalse(rows["clone3"]["required"])

    def test_an_old_kernel(self):
        """One that lacks a call: the row that names it, and its remedy."""
        for call, name in (("pidfd_open", "pidfd"), ("close_range", "close_range"),
                           ("mount_setattr", "mount_setattr"), ("clone3", "clone3"),
                           ("seccomp", "seccomp_notification"), ("fanotify_init", "fanotify")):
            with self.subTest(call):
                done = finish([*self.refuse(call + "=ENOSYS"), "doctor", "--json"])
                rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
                self.assertEqual((rows[name]["works"], rows[name]["error"]), (False, "ENOSYS"))
                self.assertIn("does not know the call", rows[name]["reason"])

    def test_mounts_by_a_filter(self):
        rows, report = self.examine(self.refuse("mount=EPERM"), 1)
        for name in ("mount_namespace", "tmpfs", "proc", "overlay", "sysfs"):
            self.assertEqual((rows[name]["works"], rows[name]["error"]), (False, "EPERM"))
        self.assertIn("EPERM", report["reason"])
        text = finish([*self.refuse("mount=EPERM"), "doctor"])
        self.assertEqual(text.status, 1)
        self.assertTrue(text.stdout.startswith("testcell doctor: no cell works here: "), text)
        self.assertEqual(text.stdout.splitlines()[1],
                         "with --testcell_fallback=partial tests run without private mounts")
        self.assertIn("  FAILS  tmpfs\n", text.stdout)

    def test_host_names_by_a_filter(self):
        rows, _ = self.examine(self.refuse("sethostname=EPERM"), 1)
        self.assertEqual(rows["uts_namespace"]["call"], "sethostname()")


@unittest.skipUnless(os.geteuid() == 0, "needs root to make such a host")
class Hosts(Doctor):
    """An ordinary user on hosts that root has prepared."""

    def setUp(self):
        if SETTING.user == "root":
            self.skipTest("of ordinary users")

    def test_no_user_namespaces_left(self):
        rows, _ = self.examine([*users.AS_NOBODY, SETTING.testcell], 1,
                               lambda command: driver.finish_in_full_user_namespace(
                                   "echo 0 > /proc/sys/user/max_user_namespaces", command))
        row = rows["user_namespace"]
        self.assertEqual(row["error"], "ENOSPC")
        self.assertEqual(row["reason"], "unshare(CLONE_NEWUSER): ENOSPC (No space left on device); "
                                        "the sysctl user.max_user_namespaces is 0")
        self.assertEqual(row["remedy"], "raise it outside of this user namespace: sysctl -w "
                                        "user.max_user_namespaces=15000")

    def test_masked_proc(self):
        prepare = "mount -t tmpfs none /proc/bus && exec \"$@\""
        rows, report = self.examine(["unshare", "--mount", "sh", "-c", prepare, "sh", *users.AS_NOBODY,
                                     SETTING.testcell], 1)
        row = rows["proc"]
        self.assertEqual(row["error"], "EPERM")
        self.assertIn("parts of the host's /proc are covered: /proc/bus", row["reason"])
        self.assertTrue(row["remedy"])
        self.assertIn("cannot mount the cell's own proc on /proc: EPERM", report["reason"])
        self.assertEqual(report["fallback"], {"rung": "partial", "missing": ["proc"]})

    def test_chroot(self):
        root = os.path.join(os.path.dirname(SETTING.testcell), "root")
        prepare = (f"cd {root} && for d in usr bin lib lib64 etc proc dev sys tmp var; do "
                   "[ -e /$d ] || continue; mkdir -p $d && mount --rbind /$d $d; done && "
                   "exec chroot . \"$@\"")
        os.mkdir(root)
        self.addCleanup(shutil.rmtree, root)
        rows, report = self.examine(["unshare", "--mount", "sh", "-c", prepare, "sh", *users.AS_NOBODY,
                                     SETTING.testcell], 1)
        self.assertTrue(report["host"]["chroot"])
        self.assertIn("the program runs in a chroot", rows["user_namespace"]["reason"])


if __name__ == "__main__":
    driver.main()
