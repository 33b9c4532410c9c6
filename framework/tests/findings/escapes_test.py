"""What tests do to the host's file systems, and what of it is found.

    escapes_test.py DRIVER [--repeat=N]
"""
import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

DRIVER = os.path.abspath(sys.argv[1])
REPEAT = next((int(a[9:]) for a in sys.argv[2:] if a.startswith("--repeat=")), 1)
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
MADE, CHANGED, DELETED = "made", "changed", "deleted"
MANY = {f"many{i}": MADE for i in range(400)}

# The leaks, and the uses.
EXPECTED = {
    "escape_made": ({"made": MADE}, {"made"}),
    "escape_made_clean": ({}, {"made"}),
    "escape_made_by_child": ({"made": MADE}, {"made"}),
    "escape_made_in_namespace": ({"made": MADE}, {"made"}),
    "escape_made_by_left_process": ({"made": MADE}, {"made"}),
    "escape_empty_made": ({"made": MADE}, {"made"}),
    "escape_kinds_made": ({"fifo": MADE, "symlink": MADE, "link": MADE},
                          {"fifo", "symlink", "link"}),
    "escape_directory_made": ({"work": MADE, "work/part": MADE}, {"work", "work/part"}),
    # What was made in a directory that is gone has no name any more.
    "escape_directory_clean": ({}, {"work"}),
    "escape_changed": ({"changed": CHANGED}, {"changed"}),
    "escape_replaced": ({"changed": CHANGED}, {"changed.new", "changed"}),
    "escape_renamed_before_removal": ({"made": MADE, "gone": DELETED},
                                      {"made.new", "made", "gone"}),
    "escape_moved_back_changed": ({"kept": CHANGED}, {"kept", "aside"}),
    "escape_moved_back_clean": ({}, {"kept", "aside"}),
    "escape_exchanged": ({"kept": CHANGED, "changed": CHANGED}, {"kept", "changed"}),
    "escape_mode_changed": ({"sub": CHANGED}, {"sub"}),
    "escape_deleted": ({"gone": DELETED}, {"gone"}),
    "escape_renamed": ({"gone": DELETED, "sub/new": MADE}, {"gone", "sub/new"}),
    "escape_mapped": ({"kept": CHANGED}, {"kept"}),
    "escape_before_a_pause": ({"made": MADE}, {"made", "passing"}),
    "escape_fifo_clean": ({}, set()),
    # The event would come with every write.
    "escape_truncated": ({}, set()),
    "escape_by_symlink": ({"made": MADE}, {"made"}),
    "escape_by_symlink_clean": ({}, set()),
    "escape_socket_made": ({"socket": MADE}, {"socket"}),
    "escape_socket_clean": ({}, {"socket"}),
    "escape_made_in_root": ({"sub/made": MADE}, {"sub/made"}),
    "escape_in_root_clean": ({}, set()),
    "escape_many_made": (MANY, set(MANY)),
    "escape_unnamed_clean": ({}, set()),
    "escape_unnamed_linked": ({"made": MADE}, {"made"}),
    "escape_unnamed_name_changed": ({"#12": CHANGED}, {"#12"}),
    "escape_opened_clean": ({}, set()),
    "escape_read_clean": ({}, set()),
    "escape_refused_clean": ({}, set()),
    "escape_devices_clean": ({}, set()),
    "escape_coverage_clean": ({}, set()),
    "escape_private_clean": ({}, set()),
    "escape_shared_clean": ({}, {"shared/made"}),
}

# As the system calls tell it.
EXPECTED_OF_CALLS = {
    **EXPECTED,
    "escape_truncated": ({"kept": CHANGED}, {"kept"}),
    "escape_directory_clean": ({}, {"work", "work/part"}),
    # Also what the kernel refuses then.
    "escape_refused_clean": ({}, {"sub"}),
}


def mount_overlay(merged):
    """Of directories that nobody can see, as a container's are."""
    place = merged + "-parts"
    for path in (merged, place):
        os.mkdir(path)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    for name in ("lower", "upper", "work"):
        os.mkdir(os.path.join(place, name))
    options = ",".join(f"{name}dir={place}/{name}" for name in ("lower", "upper", "work"))
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
    subprocess.run(["umount", "-l", place], check=True)


class Escapes(unittest.TestCase):
    def setUp(self):
        place = "/opt" if os.access("/opt", os.W_OK) else None
        self.home = tempfile.mkdtemp(prefix="escapes-", dir=place)
        self.host = os.path.join(self.home, "host")
        os.mkdir(self.host)
        self.addCleanup(shutil.rmtree, self.home)

    def prepare(self):
        for name in os.listdir(self.host):
            path = os.path.join(self.host, name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        for name in ("sub", "shared"):
            os.mkdir(os.path.join(self.host, name))
        os.mkfifo(os.path.join(self.host, "pipe"))
        for name in ("kept", "changed", "gone", "sub/kept", "#12"):
            with open(os.path.join(self.host, name), "w", encoding="utf-8") as file:
                file.write(name)

    def run_driver(self, payloads, *arguments, prefix=()):
        """{payload: ({leaked path: change}, {used path})}, and what was said beside."""
        cwd = os.path.join(self.home, "cwd")
        os.makedirs(cwd, exist_ok=True)
        if prefix:
            subprocess.run(["chown", "-R", "65534:65534", self.home], check=True)
        result = subprocess.run(
            [*prefix, DRIVER, f"--shared={self.host}/shared", *arguments, *payloads], cwd=cwd,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=120,
            env=dict(os.environ, ZOO_HOST=self.host))
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        found = collections.defaultdict(lambda: ({}, set()))
        for line in result.stdout.splitlines():
            payload, side, kind, name, detail = line.split("\t")
            self.assertNotEqual(side, "outcome", line)
            details = dict(pair.split("=", 1) for pair in detail.split() if "=" in pair)
            inside = name.startswith(self.host + "/")
            if side == "leak" and "escaped" in details:
                self.assertTrue(inside, line)
                self.assertEqual((kind, details["escaped"]), ("file", "true"))
                found[payload][0][name[len(self.host) + 1:]] = details["change"]
            elif side == "use" and inside:
                self.assertIn("shared", detail.split(), line)
                found[payload][1].add(name[len(self.host) + 1:])
        return found

    def check_all(self, expected, *arguments, prefix=()):
        for payload, (leaks, uses) in expected.items():
            with self.subTest(payload, arguments=arguments, prefix=prefix):
                self.prepare()
                found = self.run_driver([payload], *arguments, prefix=prefix)[payload]
                self.assertEqual(found[0], leaks)
                self.assertEqual(found[1], uses)

    def test_every_way_to_write(self):
        if os.geteuid() != 0:
            self.skipTest("the kernel lets root alone watch the host's file systems")
        for _ in range(REPEAT):
            self.check_all(EXPECTED)

    def test_events_and_calls_together(self):
        if os.geteuid() != 0:
            self.skipTest("the kernel lets root alone watch the host's file systems")
        self.check_all({**EXPECTED, "escape_truncated": ({"kept": CHANGED}, {"kept"})}, "--all")

    def test_others_are_not_taken_for_the_test(self):
        """Somebody else writes all the while, and so do tests in other cells."""
        if os.geteuid() != 0:
            self.skipTest("the kernel lets root alone watch the host's file systems")
        self.prepare()
        noise = subprocess.Popen(
            ["sh", "-c", 'while :; do echo x > noise; mv noise noise2; rm noise2; chmod 755 sub; done'],
            cwd=self.host, start_new_session=True)
        try:
            clean = ["escape_opened_clean", "escape_read_clean", "escape_devices_clean",
                     "escape_private_clean", "escape_shared_clean"]
            found = self.run_driver([*clean, "escape_changed"], "--jobs=4", "--repeat=20")
        finally:
            os.killpg(noise.pid, signal.SIGKILL)
            noise.wait()
        self.assertEqual(dict(found), {"escape_changed": ({"changed": CHANGED}, {"changed"}),
                                       "escape_shared_clean": ({}, {"shared/made"})})

    def test_an_overlay_tells_what_was_written(self):
        """The root of a container, most often."""
        if os.geteuid() != 0:
            self.skipTest("an ordinary user mounts no overlay")
        self.host = os.path.join(self.home, "merged")
        mount_overlay(self.host)
        self.addCleanup(subprocess.run, ["umount", self.host], check=True)
        for payload, leaks in (("escape_made", {"made": CHANGED}),
                               ("escape_changed", {"changed": CHANGED}),
                               ("escape_made_clean", {}), ("escape_opened_clean", {}),
                               ("escape_read_clean", {}), ("escape_shared_clean", {})):
            with self.subTest(payload):
                self.prepare()
                self.assertEqual(self.run_driver([payload])[payload][0], leaks)

    def runs_without_the_right_to_watch(self):
        runs = [((), "--user-namespace")] if os.geteuid() == 0 else [((), "--user=root")]
        if os.geteuid() == 0 and subprocess.run([*NOBODY, "test", "-x", DRIVER],
                                                check=False).returncode == 0:
            runs += [(NOBODY, "--jobs=1"), (NOBODY, "--user=root")]
        return runs

    def test_calls_tell_where_nobody_may_watch(self):
        for prefix, argument in self.runs_without_the_right_to_watch():
            for _ in range(REPEAT):
                self.check_all(EXPECTED_OF_CALLS, argument, "--all", prefix=prefix)

    def test_without_the_right_to_watch_nothing_is_said(self):
        for prefix, argument in self.runs_without_the_right_to_watch():
            with self.subTest(argument, prefix=prefix):
                self.prepare()
                found = self.run_driver(["escape_made", "escape_deleted"], argument, prefix=prefix)
                self.assertEqual(dict(found), {})


def main():
    # What is mounted here is nobody else's to see, nor to hold.
    if os.geteuid() == 0 and "ESCAPES_TEST_APART" not in os.environ:
        os.environ["ESCAPES_TEST_APART"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation=private", sys.executable,
                              os.path.abspath(__file__), *sys.argv[1:]])
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
