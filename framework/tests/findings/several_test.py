"""What it takes several cells to see, or more than rows of a table.

    several_test.py DRIVER
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DRIVER = os.path.abspath(sys.argv[1])
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Several(unittest.TestCase):
    def setUp(self):
        place = "/opt" if os.access("/opt", os.W_OK) else None
        self.home = tempfile.mkdtemp(prefix="several-", dir=place)
        self.addCleanup(shutil.rmtree, self.home)
        self.cwd, self.host = (os.path.join(self.home, name) for name in ("cwd", "host"))
        for path in (self.home, self.cwd, self.host):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o777)

    def start(self, *arguments, prefix=()):
        return subprocess.Popen(
            [*prefix, DRIVER, *arguments], cwd=self.cwd, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, ZOO_HOST=self.host))

    def end(self, process):
        """How often what was found: {(side, kind, name): count}, and what was said beside."""
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        rows = [line.split("\t")[1:4] for line in out.splitlines()]
        return collections.Counter(map(tuple, rows)), err

    def users(self):
        runs = [((), "--jobs=4"), ((), "--user=root")]
        if os.geteuid() == 0:
            runs[1] = ((), "--user-namespace")
            if subprocess.run([*NOBODY, "test", "-x", DRIVER], check=False).returncode == 0:
                runs += [(NOBODY, "--jobs=4"), (NOBODY, "--user=root")]
        return runs

    def found(self, payload):
        """The rows of it: [[side, kind, name, detail]], and what was said beside."""
        out, err = self.start(payload).communicate(timeout=120)
        return [line.split("\t")[1:] for line in out.splitlines()], err

    def test_a_name_that_the_kernel_chose(self):
        rows, said = self.found("autobound_left")
        self.assertEqual((len(rows), said), (2, ""), rows)
        self.assertRegex(rows[0][2], "^unix @[0-9a-f]{5}$")
        self.assertEqual(rows[1], ["use", "unix_abstract", rows[0][2][5:], "made_up "])
        self.assertEqual(self.found("autobound_clean"), ([], ""))

    def test_more_names_than_there_is_room_for(self):
        rows, said = self.found("names_many_left")
        self.assertEqual(collections.Counter(row[0] for row in rows),
                         {"lost": 1, "leak": 300, "use": 256})
        self.assertEqual(rows[0][2], "44")
        self.assertEqual(said, "names_many_left left or used more than can be told: at least 44 of "
                               "it is not listed\n")

    def test_what_the_test_process_itself_can_not_tell(self):
        rows, said = self.found("fds_many_left")
        self.assertEqual((len(rows), rows[0]), (501, ["lost", "", "100", ""]))
        self.assertEqual([row[2] for row in rows[1:]],
                         [f"fd {fd}: /etc/passwd" for fd in range(3, 503)])
        self.assertIn("at least 100 of it", said)

    def test_many_children_have_a_parent(self):
        rows, said = self.found("children_many_left")
        parents = {re.search(r"parent=(\S+)", row[3])[1] for row in rows}
        self.assertEqual((len(rows), len(parents), said), (40, 1, ""), rows)
        self.assertNotIn("gone", parents)

    @unittest.skipUnless(os.path.exists("/proc/sys/kernel/ns_last_pid"), "a kernel without it")
    def test_names_by_process_id_differ(self):
        """Of two runs at the same time, and of the processes that tests fork."""
        for prefix, argument in self.users():
            with self.subTest(argument, prefix=prefix):
                runs = [self.start("--jobs=4", argument, "--repeat=20", "pids_clean", prefix=prefix)
                        for _ in range(2)]
                names = collections.Counter()
                for run in runs:
                    found, said = self.end(run)
                    self.assertEqual(said, "")
                    self.assertFalse([row for row in found if row[0] == "outcome"])
                    names.update({row[2]: count for row, count in found.items()
                                  if row[:2] == ("use", "path") and row[2].startswith("/tmp/")})
                self.assertEqual((len(names), set(names.values())), (2 * 20 * 6, {1}))
                self.assertEqual(len(os.listdir(self.host)), 2 * 20 * 6)
                for name in os.listdir(self.host):
                    os.unlink(os.path.join(self.host, name))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
