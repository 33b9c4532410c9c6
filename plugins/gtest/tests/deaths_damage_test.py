#!/usr/bin/env python3
"""Harm to descriptors, output, children and memory: the verdict comes through."""

import os

from deaths_driver import DeathsTest, main

OUTPUT_BYTES = 100 * 1000 * 1000
# The supervisor's, whatever its tests print.
MEMORY_KIB = int(os.environ.get("DEATHS_MEMORY_MIB", "64")) * 1024


class Damage(DeathsTest):
    def check_passing_and_failing(self, gtest_filter, passing, failing):
        for flags in (("--testcell_jobs=1",), ("--testcell_jobs=6",)):
            run = self.run_payload(gtest_filter, *flags)
            self.assertEqual(run.status, 1 if failing else 0, str(run))
            self.assert_passed(run, *passing)
            for name, pattern, outcome in failing:
                self.assert_failed(run, name, pattern, outcome)
            self.assertEqual(len(run.tests), len(passing) + len(failing), str(run))
        return run

    def test_descriptors_that_a_test_closes(self):
        run = self.check_passing_and_failing(
            "Closes.*:GoodAfter.Passes",
            ("Closes.AllFrom0AndPasses", "Closes.AllFrom3AndPasses", "GoodAfter.Passes"),
            (("Closes.AllFrom0AndFails", "before.*after", None),
             ("Closes.AllFrom3AndFails", "after", None),
             ("Closes.AllFrom0AndCrashes", r"before.*ended by SIGABRT", "crashed"),
             ("Closes.AllFrom0AndLoses", r"the test closed its results pipe, and \d+ bytes of its "
                                         r"results found no other way out", None),
             ("Closes.AllAndReusesTheNumbers", "after", None)))
        self.assertIn("still printed", run.stdout)

    def test_descriptors_that_a_test_scribbles_on(self):
        self.check_passing_and_failing(
            "Writes.*:Limits.FewDescriptors:GoodAfter.Passes", ("GoodAfter.Passes",),
            (("Writes.GarbageEverywhere", "after the garbage", None),
             ("Writes.OverHighDescriptors", "after dup2", None),
             ("Limits.FewDescriptors", "with few descriptors", None)))

    def test_children_that_speak_out_of_turn(self):
        run = self.check_passing_and_failing(
            "Fork.*:Child.*",
            ("Fork.ChildFailsAndDoesNotCount", "Fork.ChildReturnsFromTheBody",
             "Fork.ChildReturnsAfterItsParent", "Fork.ChildExitsThroughHandlers",
             "Child.IgnoresSigchld", "Child.IsWaitedFor"), ())
        self.assertRegex(run.stderr, r"\[testcell\] process \d+, forked by the test, came back "
                                     r"from it; ended here")

    def test_what_a_test_leaves_ends_with_it(self):
        run = self.run_payload("Leaves.*-*ManyKinds*:GoodAfter.Passes", "--testcell_jobs=2")
        self.assertEqual(run.status, 0, str(run)[:2000])
        self.assert_passed(run, "Leaves.DaemonThatHoldsTheOutput", "Leaves.WriterThatNeverStops")

    def test_things_of_many_kinds_stay_in_the_cell(self):
        run = self.run_payload("Leaves.ManyKindsOfThings", "--gtest_repeat=2")
        self.assertEqual(run.status, 0, str(run))

    def test_many_processes(self):
        run = self.run_payload("Forks.*:GoodAfter.Passes", "--testcell_jobs=2")
        self.assertEqual(run.status, 0, str(run))
        self.assert_passed(run, "Forks.ManyProcesses", "GoodAfter.Passes")

    def assert_little_memory(self, run):
        self.assertGreater(run.peak_memory_kib, 0)
        self.assertLess(run.peak_memory_kib, MEMORY_KIB)

    def test_output_is_bounded_in_memory(self):
        self.fifo("written")
        run = self.run_payload("Output.*", "--testcell_jobs=2")
        self.assertEqual(run.status, 0, str(run)[:2000])
        self.assertGreater(len(run.stdout), 2 * OUTPUT_BYTES)
        self.assertEqual(run.stdout.count("o" * 999 + "\n"), 2 * OUTPUT_BYTES // 1000)
        self.assert_little_memory(run)

    def test_output_of_passing_tests_that_nobody_wants(self):
        self.fifo("written")
        run = self.run_payload("Output.*", "--testcell_jobs=2", "--testcell_output=failed")
        self.assertEqual(run.status, 0, str(run)[:2000])
        self.assertNotIn("ooo", run.stdout)
        self.assert_little_memory(run)

    def test_output_of_a_failing_test_that_is_held(self):
        run = self.run_payload("OutputOfFailure.*", "--testcell_jobs=2",
                               "--testcell_output=failed")
        self.assertEqual(run.status, 1, str(run)[:2000])
        self.assert_failed(run, "OutputOfFailure.OfOneAtItsTurn", "after its output")
        self.assertEqual(run.stdout.count("o" * 999 + "\n"), OUTPUT_BYTES // 1000)
        self.assertLess(run.stdout.rindex("ooo"), run.stdout.index("after its output"))
        self.assert_little_memory(run)

    def test_output_of_tear_downs_is_bounded_in_memory(self):
        run = self.run_payload("OutputOfTearDown.*", "--testcell_jobs=2")
        self.assertEqual(run.status, 0, str(run)[:2000])
        self.assertEqual(run.stdout.count("o" * 999 + "\n"), OUTPUT_BYTES // 1000)
        self.assert_little_memory(run)

    def test_full_file_systems_are_told_as_the_cause(self):
        run = self.run_payload("Small*")
        self.assertEqual(run.status, 1, str(run))
        full = (r"the cell's private file system, for [^\n]*/tmp, [^\n]*copy-on-write directories, "
                r"is full \(1 MiB\); raise Options::tmp_size_bytes")
        for name in ("SmallTmp.IsFilled", "SmallTmp.IsFilledByTheWorkingDirectory",
                     "SmallTmpThatIsCleaned.IsFilled"):
            self.assert_failed(run, name, "No space left on device.*testcell: " + full)
            self.assertEqual(len(run.tests[name].failures), 2, run.tests[name].text)
        self.assert_failed(run, "SmallTmp.IsFilledByAMapping",
                           r"the test was ended by SIGBUS \(Bus error\); " + full, "crashed")
        self.assert_failed(run, "SmallShm.IsFilled", r"testcell: the cell's private file system on "
                           r"/dev/shm is full \(128 KiB\); raise Options::shm_size_bytes")
        self.assert_failed(run, "SmallTmp.HoldsWhatFits", "for another reason")
        self.assertNotIn("full", run.tests["SmallTmp.HoldsWhatFits"].text)

    def test_few_descriptors_for_the_run(self):
        low = ("--nofile=64:64",)
        run = self.run_payload("Good*:Death.Abort", "--testcell_jobs=1", limits=low)
        self.assertEqual(run.status, 1, str(run))
        self.assert_passed(run, "GoodBefore.Passes", "GoodAfter.Passes")
        self.assert_failed(run, "Death.Abort", "SIGABRT", "crashed")
        run = self.run_payload("Good*:Death.*", "--testcell_jobs=20", limits=low)
        self.assertEqual(run.status, 1, str(run))
        self.assert_passed(run, "GoodBefore.Passes", "Death.GoodBetween", "GoodAfter.Passes")
        self.assertRegex(run.stderr, r"testcell: only \d cells? at once, not 20: the limit of open "
                                     r"files \(ulimit -n\) is too low")
        run = self.run_payload("Good*:Death.*", "--testcell_jobs=20", limits=("--nofile=12:12",),
                               tells_nothing=True)
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("testcell: only 1 cell at once, not 20: the limit of open files", run.stderr)
        self.assertRegex(run.stderr, r"no test was run: .*EMFILE \(Too many open files\)")

    def test_program_that_ignores_sigchld(self):
        run = self.run_payload("Child.*:Mask.*", "ignore-sigchld", parent=True)
        self.assertEqual(run.status, 1, str(run))
        self.assert_passed(run, "Child.IsAsInMain", "Mask.IsAsInMain")
        self.assert_failed(run, "Child.Crashes", "SIGABRT", "crashed")
        self.assert_failed(run, "Child.Exits", "with status 5", "crashed")
        run = self.run_payload("Child.IsAsInMain", parent=True)
        self.assertEqual(run.status, 0, str(run))

    def test_program_with_threads_and_sockets(self):
        run = self.run_payload("Mask.*", "thread", "socket", "epoll", parent=True)
        self.assertEqual(run.status, 0, str(run))
        self.assertRegex(run.stderr,
                         r"testcell: warning: 1 more thread runs before the tests start and will "
                         r"not be in any cell: 'early bird' \(\d+\); start it in SetUpTestSuite "
                         r"or in an Environment, or run the program by `testcell gtest`, which "
                         r"starts it anew for each test\n")
        self.assertRegex(run.stderr, r"testcell: warning: tests share event loops with threads "
                                     r"that run already \(fd \d+: epoll\): ")
        self.assertRegex(run.stderr,
                         r"testcell: warning: the program listens before the tests start, on the "
                         r"host's network, which no cell sees: 0\.0\.0\.0:\d+ \(fd \d+\); start "
                         r"the server in SetUpTestSuite or in an Environment\n")

    def test_program_with_closed_streams(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                command = self.command("--gtest_filter=Good*:Death.Abort:Closes.*")
                program = ["sh", "-c", 'exec "$@" ' + closed, "sh", *command]
                process = self.start_raw(program)
                status = self.reap(process)
                self.assertEqual(status, 1)
                self.assert_nothing_left()

    def start_raw(self, command):
        import subprocess  # pylint: disable=import-outside-toplevel
        report = os.path.join(self.scratch, "report.xml")
        with open(report, "w", encoding="ascii"):
            os.chmod(report, 0o666)
        process = subprocess.Popen(command, cwd=os.path.join(self.scratch, "work"),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        self.addCleanup(self.end, process)
        return process


if __name__ == "__main__":
    main()
