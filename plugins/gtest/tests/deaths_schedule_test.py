#!/usr/bin/env python3
"""What runs together, what runs alone, and what takes too long."""

from deaths_driver import IN_PAUSE, DeathsTest, main


class Schedule(DeathsTest):
    def check_all_pass(self, count, gtest_filter, *flags, allowed="0"):
        run = self.run_payload(gtest_filter, *flags, environment={"DEATHS_ALLOWED": allowed})
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(run.tests), count, str(run))
        self.assert_passed(run, *run.tests)

    def test_never_more_than_the_jobs(self):
        for jobs in ("1", "3"):
            self.check_all_pass(12, "All/Watched.*", f"--testcell_jobs={jobs}", allowed=jobs)

    def test_as_many_as_the_jobs(self):
        self.check_all_pass(3, "Meeting.*", "--testcell_jobs=3")

    def test_serial_tests_are_alone(self):
        self.check_all_pass(16, "All/Watched.*:All/Serial.*", "--testcell_jobs=4",
                            "--testcell_serial=All/Serial.*", allowed="4")

    def test_exclusive_resources_are_not_overbooked(self):
        self.check_all_pass(12, "All/Device.*:All/OtherUserOfDevice.*", "--testcell_jobs=6")

    def test_shared_suite_goes_on_after_a_crash(self):
        run = self.run_payload("Together.*", "--testcell_suites=shared", "--testcell_jobs=2")
        self.assertEqual(run.status, 1, str(run))
        self.assert_failed(run, "Together.Dies", "a failure before the death.*SIGABRT", "crashed")
        self.assert_failed(run, "Together.DiesToo", "with status 4", "crashed")
        self.assert_passed(run, "Together.First", "Together.Second", "Together.FirstAfterTheDeath",
                           "Together.SecondAfterTheDeath", "Together.Last")
        self.assertEqual(len(run.tests), 7, str(run))

    def test_output_between_tests_that_share_a_cell(self):
        self.check_all_pass(40, "All/Chatter.*", "--testcell_suites=shared", "--gtest_repeat=5")

    def test_timeout_names_the_process_tree(self):
        run = self.run_payload("Hang.WithChildren:Hang.IgnoresSigterm", "--testcell_jobs=2")
        self.assertEqual(run.status, 1, str(run))
        self.assert_failed(run, "Hang.WithChildren",
                           r"time limit of 2 s has passed; alive in the cell were:\n"
                           r" *pid \d+, stopped, .*\n    pid \d+, " + IN_PAUSE, "timed_out")
        # By the system call, or by the wait channel where only that can be read.
        self.assert_failed(run, "Hang.IgnoresSigterm", r"pid \d+, " + IN_PAUSE, "timed_out")

    def test_slow_test_is_told_of_once(self):
        run = self.run_payload("Slow.*", "--testcell_timeout=800ms", "--testcell_slow=100ms")
        self.assertEqual(run.status, 1, str(run))
        self.assert_failed(run, "Slow.UntilKilled", "the time limit of 800 ms has passed",
                           "timed_out")
        self.assertEqual(run.stderr.count("testcell: Slow.UntilKilled is slow: it has been "
                                          "running for 100 ms"), 1, run.stderr)


if __name__ == "__main__":
    main()
