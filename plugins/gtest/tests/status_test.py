"""The status line: on a terminal, and nowhere else; and the history of durations.

    status_test.py PAYLOAD
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

PAYLOAD = ""
DEADLINE_S = 60  # for what takes milliseconds: only a defect makes a test wait so long


def environment(changes):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("TESTCELL_", "GTEST_")) and name not in ("CI", "NO_COLOR")}
    kept.update({"TERM": "xterm", **changes})
    return kept


class Screen:
    """What an xterm of 80 columns shows after some output."""

    def __init__(self, output):
        self.rows, self.row, self.column, self.saved = [""], 0, 0, (0, 0)
        for plain, sequence in re.findall(r"([^\x1b]+)|\x1b(\[[0-9;]*[A-Za-z]|[D78])", output):
            for c in plain:
                self.put(c)
            self.control(sequence)

    def put(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self.down()
        else:
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[:self.column] + c + row[self.column + 1:]
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")

    def control(self, sequence):
        if sequence == "D":
            self.down()
        elif sequence == "[A":
            self.row -= 1
        elif sequence == "7":
            self.saved = (self.row, self.column)
        elif sequence == "8":
            self.row, self.column = self.saved
        elif sequence == "[K":
            self.rows[self.row] = self.rows[self.row][:self.column]
        elif not sequence.endswith("m") and sequence:
            raise AssertionError(f"an unknown sequence: {sequence!r}")

    def text(self):
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n") + "\n"


class Terminal:
    def __init__(self, directory, arguments, changes):
        self.seen, self.ended = "", False
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(directory)
                os.execve(PAYLOAD, [PAYLOAD, *arguments], environment(changes))
            finally:
                os._exit(99)

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        try:
            part = os.read(self.fd, 65536) if ready else b""
        except OSError:
            part = b""
        self.seen += part.decode()
        return part

    def expect(self, pattern):
        end = time.monotonic() + DEADLINE_S
        while not re.search(pattern, self.seen):
            if not self.read(max(0, end - time.monotonic())):
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")

    def finish(self):
        while self.read(DEADLINE_S):
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Case(unittest.TestCase):
    def setUp(self):
        # Not below /tmp, where the cells have their own.
        self.directory = tempfile.mkdtemp(dir="/var/tmp", prefix="status-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, "history")

    def arguments(self, *more):
        return ["--testcell_cwd=shared", "--testcell_jobs=2", *more]

    def run_piped(self, *more):
        return subprocess.run([PAYLOAD, *self.arguments(*more)], cwd=self.directory, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=DEADLINE_S, env=environment({}))

    def write_history(self, text):
        with open(self.path, "w", encoding="ascii") as file:
            file.write(text)

    def read_history(self):
        with open(self.path, encoding="ascii") as file:
            return file.read()


class StatusLine(Case):
    def setUp(self):
        super().setUp()
        self.fifo = os.path.join(self.directory, "fifo")
        os.mkfifo(self.fifo)

    def start(self, *more, **changes):
        return Terminal(self.directory, self.arguments("--gtest_filter=Status.*", *more), changes)

    def release(self):
        os.close(os.open(self.fifo, os.O_WRONLY))

    def test_it_stands_below_the_output_and_is_gone_in_the_end(self):
        terminal = self.start()
        terminal.expect(r"2 of 3 done, 1 running, 1 failed; longest: Status\.Waits 0:0")
        shown = Screen(terminal.seen).text().splitlines()
        self.assertTrue(shown[-1].startswith("[ testcell ] 2 of 3 done, "), shown)
        self.assertEqual(shown[-2], "waits", shown)
        self.release()
        self.assertEqual(terminal.finish(), 1)
        shown = Screen(terminal.seen).text()
        self.assertIn("\nwaits no more\n[       OK ] Status.Waits", shown)
        self.assertNotIn("of 3 done", shown)
        self.assertNotIn("\n\n\n", shown)

    def test_what_is_left_is_known_by_the_history(self):
        self.write_history("testcell history 1\n100000 Status.Waits\n1 Status.Passes\n")
        terminal = self.start(f"--testcell_history={self.path}")
        terminal.expect(r"2 of 3 done, 1 running, 1 failed, 1:\d\d left; longest: Stat")
        self.release()
        self.assertEqual(terminal.finish(), 1)

    def test_a_notice_takes_its_place(self):
        terminal = self.start("--testcell_slow=300ms")
        terminal.expect(r"Status\.Waits is slow[^\n]*\n[^\n]*\n[^\n]*of 3 done")
        self.release()
        self.assertEqual(terminal.finish(), 1)
        self.assertEqual(Screen(terminal.seen).text().count(" of 3 done"), 0)

    def test_there_is_none_where_nobody_looks(self):
        for changes in ({"CI": "true"}, {"TERM": "dumb"}, {"TERM": ""}):
            with self.subTest(changes):
                # When the notice has come, a status line would have come before.
                terminal = self.start("--testcell_slow=300ms", **changes)
                terminal.expect(r"Status\.Waits is slow")
                self.release()
                self.assertEqual(terminal.finish(), 1)
                self.assertNotIn("\033D", terminal.seen)
                self.assertNotIn(" done, ", terminal.seen)
        for value in ("", "false", "0"):
            terminal = self.start(CI=value)
            terminal.expect("2 of 3 done")
            self.release()
            self.assertEqual(terminal.finish(), 1)

    def test_there_is_none_in_a_pipe(self):
        process = subprocess.Popen(
            [PAYLOAD, *self.arguments("--gtest_filter=Status.*", "--testcell_slow=300ms")],
            cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment({}))
        self.assertIn("Status.Waits is slow", process.stderr.readline())
        self.release()
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
        self.assertEqual((process.returncode, stderr), (1, ""))
        self.assertNotIn("\033", stdout)
        self.assertNotIn(" done, ", stdout)


class History(Case):
    ORDER = "--gtest_filter=Order.*"

    def order(self, *more):
        path = os.path.join(self.directory, "order")
        # One at a time, so that there is an order to see.
        done = self.run_piped(self.ORDER, "--testcell_serial=*", *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(re.findall(r"OK \] Order\.(\w)", done.stdout), ["A", "B", "C", "D"])
        with open(path, encoding="ascii") as file:
            order = file.read().split()
        os.remove(path)
        return order

    def test_what_is_unknown_or_long_starts_first(self):
        self.assertEqual(self.order(), ["A", "B", "C", "D"])
        self.write_history("testcell history 1\n1 Order.A\n500000 Order.B\n900000 Order.C\n")
        self.assertEqual(self.order("--testcell_history=history"), ["D", "C", "B", "A"])

    def test_one_job_keeps_the_order(self):
        self.write_history("testcell history 1\n1 Order.A\n500000 Order.B\n900000 Order.C\n")
        self.assertEqual(self.order("--testcell_history=history", "--testcell_jobs=1"),
                         ["A", "B", "C", "D"])

    def test_a_run_updates_it(self):
        self.write_history("testcell history 1\n7 Gone.Test\n500000 Order.B\n")
        self.order("--testcell_history=history")
        lines = self.read_history().splitlines()
        self.assertEqual([line.split()[-1] for line in lines],
                         ["1", "Gone.Test", "Order.A", "Order.B", "Order.C", "Order.D"])
        took = {name: int(text) for text, name in map(str.split, lines[1:])}
        self.assertEqual(took["Gone.Test"], 7)
        self.assertTrue(250000 < took["Order.B"] < 350000, took)
        self.assertTrue(0 < took["Order.A"] < 100000, took)

    def test_a_file_of_somebody_elses_stays_as_it_is(self):
        self.write_history("something else\n")
        done = self.run_piped(self.ORDER, f"--testcell_history={self.path}")
        self.assertEqual((done.returncode, done.stderr), (
            2, f"testcell: no test was run: {self.path} holds something else than durations of "
               "tests: testcell does not touch it\n"))
        self.assertEqual(self.read_history(), "something else\n")

    def test_a_file_that_cannot_be_written_is_told_before_the_run(self):
        done = self.run_piped(self.ORDER, "--testcell_history=/no/such/file")
        self.assertEqual((done.returncode, done.stderr), (
            2, "testcell: no test was run: cannot open the history /no/such/file: ENOENT (No such "
               "file or directory)\n"))


if __name__ == "__main__":
    PAYLOAD = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
