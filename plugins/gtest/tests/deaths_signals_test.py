#!/usr/bin/env python3
"""Signals to a run and to its processes: what was found is told, nothing stays."""

import os
import random
import re
import select
import signal
import tempfile
import xml.etree.ElementTree as ElementTree

from deaths_driver import DEADLINE_S, DeathsTest, children, children_of, kill_child, main

POINTS = range(1, 61, 3)  # lines of output after which the supervisor is killed
KILLS = int(os.environ.get("DEATHS_KILLS", "20"))  # of it, at random moments


class Signals(DeathsTest):
    def await_readable(self, fd):
        ready, _, _ = select.select([fd], [], [], DEADLINE_S)
        self.assertTrue(ready, "nothing came in time")

    def reader(self, name):
        """A pipe that tests tell things by; never at its end of file."""
        fd = os.open(self.fifo(name), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        return fd

    def finish(self, process):
        """Exit status and both outputs; the pipes end when their last holder does."""
        texts = {process.stdout: b"", process.stderr: b""}
        open_streams = list(texts)
        while open_streams:
            ready, _, _ = select.select(open_streams, [], [], DEADLINE_S)
            self.assertTrue(ready, "the output does not end")
            for stream in ready:
                part = os.read(stream.fileno(), 1 << 16)
                texts[stream] += part
                if not part:
                    open_streams.remove(stream)
        status = self.reap(process)
        self.assert_nothing_left()
        return status, *(text.decode("latin-1") for text in texts.values())

    def verdicts(self):
        """Of the tests that the report names, whether each of them failed."""
        return {case.get("name"): bool(case.findall("failure"))
                for case in ElementTree.fromstring(self.report()).iter("testcase")
                if case.get("status") == "run"}

    def check_interrupted(self, number, *flags):
        held = self.reader("held")
        self.fifo("release")
        process = self.start("--gtest_filter=Held.*", "--testcell_jobs=1", *flags)
        self.await_readable(held)
        process.send_signal(number)
        status, out, err = self.finish(process)
        self.assertEqual(status, 128 + number, out + err)
        self.assertRegex(err, r"testcell: interrupted; 2 tests were not run")
        self.assertEqual(self.verdicts(), {"Before": False, "InTheMiddle": True})
        report = self.report().decode()
        self.assertIn("before it is held", report)
        self.assertIn(f"the run was interrupted by {signal.Signals(number).name}", report)

    def test_sigint(self):
        self.check_interrupted(signal.SIGINT)

    def test_sigterm(self):
        self.check_interrupted(signal.SIGTERM)

    def test_sigint_ends_all_repetitions(self):
        self.check_interrupted(signal.SIGINT, "--gtest_repeat=3")

    def test_sigkill_of_the_supervisor_at_any_line(self):
        steps = self.reader("steps")
        for point in POINTS:
            with self.subTest(point=point):
                # The pipe takes so little that the run can't end before it is killed.
                process = self.start("--gtest_filter=All/Steps.*", "--testcell_jobs=3",
                                     "--gtest_repeat=5", pipe_size=4096)
                lines = 0
                while lines < point:
                    self.await_readable(process.stdout)
                    part = os.read(process.stdout.fileno(), 1)
                    self.assertTrue(part, "the output ended early")
                    lines += part == b"\n"
                process.kill()
                status, _, _ = self.finish(process)
                self.assertEqual(status, -signal.SIGKILL)
                try:
                    os.read(steps, 1 << 16)
                except BlockingIOError:
                    pass  # killed before the first step

    def check_random_kill(self, seed):
        dice = random.Random(seed)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start("--gtest_filter=All/Short.*", "--testcell_jobs=3",
                                 "--gtest_repeat=5", stdout=out, stderr=err)
            for _ in range(int(10 ** dice.uniform(0, 4.3))):  # a while, by no clock
                children(process.pid)
            process.kill()
            status = self.reap(process)
            self.assert_nothing_left()
        return status

    def test_sigkill_of_the_supervisor_at_random_moments(self):
        statuses = []
        for _ in range(KILLS):
            seed = random.randrange(1 << 32)
            with self.subTest(seed=seed):
                statuses.append(self.check_random_kill(seed))
        self.assertIn(-signal.SIGKILL, statuses)  # not all had ended before

    def test_sigkill_of_a_worker(self):
        held = self.reader("held")
        self.fifo("release")
        process = self.start("--gtest_filter=Held.*:GoodBefore.*", "--testcell_jobs=1")
        self.await_readable(held)
        (keeper,) = children_of(process.pid)
        workers = children_of(keeper)
        # The one whose cell holds the test: its init has a child.
        busy = [worker for worker in workers
                if any(children_of(init) for init in children_of(worker))]
        self.assertEqual(len(busy), 1, f"{workers}")
        os.kill(busy[0], signal.SIGKILL)
        status, out, err = self.finish(process)
        self.assertEqual(status, 1, out + err)
        self.assertEqual(self.verdicts(), {"Passes": False, "Before": False, "InTheMiddle": True,
                                           "After": False, "LongAfter": False})
        self.assertTrue(re.search(r"killed from outside", self.report().decode()), out + err)

    def kill_workers(self, process, dice):
        """At random moments, until the run ends or enough have died."""
        kills = 0
        with os.fdopen(os.pidfd_open(process.pid), "rb") as pidfd:
            while kills < 100 and not select.select([pidfd], [], [], 0)[0]:
                for keeper in children(process.pid):
                    workers = children(keeper)
                    for _ in range(dice.randrange(100)):  # a while, by no clock
                        workers = children(keeper) or workers
                    if workers and kill_child(keeper, dice.choice(workers)):
                        kills += 1
        return kills

    def check_random_kills(self, seed):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start("--gtest_filter=All/Short.*", "--testcell_jobs=3", stdout=out,
                                 stderr=err)
            kills = self.kill_workers(process, random.Random(seed))
            status = self.reap(process)
            self.assert_nothing_left()
        cases = [case for case in ElementTree.fromstring(self.report()).iter("testcase")
                 if case.get("status") == "run"]
        self.assertEqual(len(cases), 300)
        failures = [failure.text for case in cases for failure in case.findall("failure")]
        self.assertEqual(status, 1 if failures else 0)
        self.assertLessEqual(len(failures), kills, failures[:3])
        for text in failures:
            self.assertRegex(text, r"ended by SIGKILL \(Killed\), and the test with it \(out of "
                                   r"memory, or killed from outside\?\)")
        return kills

    def test_sigkill_of_workers_at_random_moments(self):
        for _ in range(10):
            seed = random.randrange(1 << 32)
            with self.subTest(seed=seed):
                self.assertGreater(self.check_random_kills(seed), 0)


if __name__ == "__main__":
    main()
