#!/usr/bin/env python3
"""Deaths and hangs: each is told by its cause, and no other test suffers."""

import re

from deaths_driver import IN_PAUSE, DeathsTest, main

# Test, what its failure says, its outcome.
DEATHS = (
    ("Death.Segfault", r"testcell: the test was ended by SIGSEGV \(Segmentation fault\)"),
    ("Death.Abort", r"testcell: the test was ended by SIGABRT \(Aborted\)"),
    ("Death.StackOverflow", r"testcell: the test was ended by SIGSEGV \(Segmentation fault\)"),
    ("Death.ExitsWith0", r"testcell: the test ended its process by exit\(\) or _exit\(\) with "
                         r"status 0"),
    ("Death.ExitsWith3AtOnce", r"testcell: the test ended its process by exit\(\) or _exit\(\) "
                               r"with status 3"),
    ("Death.PthreadExit", r"testcell: the test "),
    ("Death.KillsItself", r"testcell: the test was ended by SIGKILL \(Killed\)"),
    ("Death.SignalsItsGroup", r"testcell: the test was ended by SIGTERM \(Terminated\)"),
    ("Death.ThrowsInThread", r"testcell: the test was ended by SIGABRT \(Aborted\)"),
    ("Death.RealTimeSignal", r"testcell: the test was ended by signal 35"),
    ("Death.KeepsFailuresBeforeIt",
     r"the first failure.*the second failure.*ended by SIGABRT \(Aborted\)"),
    ("Death.KeepsOutputWithoutNewline", r"ended by SIGABRT \(Aborted\)"),
    ("TearDownDeath.InTearDownOfSuite", r"ended by SIGABRT \(Aborted\)"),
    ("SetUpDeath.InSetUpOfSuite", r"ended by SIGABRT \(Aborted\)"),
    ("Constructor.Aborts", r"ended by SIGABRT \(Aborted\)"),
)
SURVIVORS = ("GoodBefore.Passes", "Death.GoodBetween", "Survivor.KillsAllOthers",
             "GoodAfter.Passes")
FILTER = "Good*:Death.*:Survivor.*:TearDownDeath.*:SetUpDeath.*:Constructor.*"


class Verdicts(DeathsTest):
    def check(self, run):
        self.assertEqual(run.status, 1, str(run))
        for name, pattern in DEATHS:
            self.assert_failed(run, name, pattern, "crashed")
        self.assert_passed(run, *SURVIVORS)
        self.assert_failed(run, "GoodAfter.Fails", "an ordinary failure")
        self.assertTrue(run.tests["GoodAfter.Skips"].skipped)
        self.assertEqual(len(run.tests), len(DEATHS) + len(SURVIVORS) + 2, str(run))
        self.assertIn("half a line on stdout", run.stdout)
        self.assertIn("half a line on stderr", run.stderr)

    def test_one_after_the_other(self):
        self.check(self.run_payload(FILTER, "--testcell_jobs=1"))

    def test_many_at_once(self):
        self.check(self.run_payload(FILTER, "--testcell_jobs=8"))

    def test_together_in_one_cell(self):
        self.check(self.run_payload(FILTER, "--testcell_suites=shared", "--testcell_jobs=3"))

    def test_shuffled_and_repeated(self):
        run = self.run_payload("Good*:Death.*", "--gtest_shuffle", "--gtest_repeat=3",
                               "--testcell_jobs=4")
        self.assertEqual(run.status, 1, str(run))
        self.assertEqual(len(re.findall(r"\[       OK \] GoodBefore.Passes", run.stdout)), 3)

    def test_hangs_end_at_their_suites_limit(self):
        run = self.run_payload("Hang.*:Good*", "--testcell_jobs=4")
        self.assertEqual(run.status, 1, str(run))
        alive = r"testcell: the time limit of 2 s has passed; alive in the cell were:\n *pid \d+, "
        self.assert_failed(run, "Hang.StopsItself", alive + "stopped, ", "timed_out")
        self.assert_failed(run, "Hang.Loops", alive + "running, ", "timed_out")
        self.assert_failed(run, "Hang.IgnoresSigterm", alive + IN_PAUSE, "timed_out")
        self.assert_failed(run, "Hang.WithChildren",
                           "a failure before the hang.*" + alive
                           + "stopped, .*\n    pid [^\n]*sleeping", "timed_out")
        self.assert_passed(run, "GoodBefore.Passes", "GoodAfter.Passes")

    def test_hangs_end_at_the_runs_limit(self):
        run = self.run_payload("Slow.*:GoodBefore.*", "--testcell_timeout=1500ms",
                               "--testcell_slow=100ms", "--testcell_jobs=2")
        self.assertEqual(run.status, 1, str(run))
        self.assert_failed(run, "Slow.UntilKilled", "the time limit of 1500 ms has passed",
                           "timed_out")
        self.assertIn("testcell: Slow.UntilKilled is slow: it has been running for 100 ms",
                      run.stderr)
        self.assertEqual(run.stderr.count("is slow"), run.stderr.count("UntilKilled is slow")
                         + run.stderr.count("Passes is slow"))
        self.assert_passed(run, "GoodBefore.Passes")

    def test_exit_status_of_good_runs(self):
        run = self.run_payload("GoodBefore.*:GoodAfter.Passes:GoodAfter.Skips")
        self.assertEqual(run.status, 0, str(run))


if __name__ == "__main__":
    main()
