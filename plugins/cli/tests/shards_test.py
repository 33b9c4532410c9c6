#!/usr/bin/env python3
"""Runs a program's tests in shards, as each engine of CI would start them.

    shards_test.py [--write] TESTCELL PLUGIN_PROGRAM PLAIN_PROGRAM PAGE

The tables of PAGE (framework/docs/shards.md) have to say what happened; --write
makes them say so.
"""
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

TESTCELL = PLUGIN = PLAIN = PAGE = ""
WRITE = False
TIMEOUT_S = 100
MOST_SHARDS = 5
MARKER = "<!-- shards_test.py writes {} from here -->"
END = "<!-- to here -->"
TESTS = sorted([f"All/Numbers.Pass/{i}" for i in range(7)]
               + ["Environment.IsTheUsers", "Other.Passes", "Other.Skips"])


def slurm(first, step):
    return lambda index, count: {
        "SLURM_ARRAY_TASK_ID": first + step * index, "SLURM_ARRAY_TASK_MIN": first,
        "SLURM_ARRAY_TASK_MAX": first + step * (count - 1), "SLURM_ARRAY_TASK_STEP": step,
        "SLURM_ARRAY_TASK_COUNT": count}


def simple(index_name, count_name, first=0):
    return lambda index, count: {index_name: first + index, count_name: count}


# In the rows of the table: what starts the jobs, and the engine that testcell names.
ENGINES = (
    ("GoogleTest's own protocol", "GoogleTest", simple("GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS")),
    ("Bazel, `shard_count`", "Bazel", simple("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS")),
    ("Buildkite, `parallelism`", "Buildkite",
     simple("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT")),
    ("CircleCI, `parallelism`", "CircleCI", simple("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL")),
    ("GitLab CI, `parallel`", "GitLab CI", simple("CI_NODE_INDEX", "CI_NODE_TOTAL", 1)),
    ("Kubernetes, `completionMode: Indexed`", "Kubernetes",
     simple("JOB_COMPLETION_INDEX", "JOB_COMPLETION_TOTAL")),
    ("Slurm, `--array=0-N`", "Slurm", slurm(0, 1)),
    ("Slurm, `--array=10-N:5`", "Slurm", slurm(10, 5)),
)
REFUSED = (
    ("a number that is none", {"CIRCLE_NODE_INDEX": "one", "CIRCLE_NODE_TOTAL": "3"}),
    ("a number out of range", {"CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "3"}),
    ("an index without a count", {"JOB_COMPLETION_INDEX": "0"}),
    ("a count without an index", {"CI_NODE_TOTAL": "3"}),
    ("a list of ids (`--array=1,4,9`)",
     {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "9",
      "SLURM_ARRAY_TASK_STEP": "1", "SLURM_ARRAY_TASK_COUNT": "3"}),
    ("two engines that differ", {"BUILDKITE_PARALLEL_JOB": "0", "BUILDKITE_PARALLEL_JOB_COUNT": "2",
                                 "JOB_COMPLETION_INDEX": "1", "JOB_COMPLETION_TOTAL": "2"}),
)
OURS = re.compile("TESTCELL_|EXPECTED_|GTEST_|TEST_|CI$|CI_|CIRCLE_|BUILDKITE_|SLURM_|JOB_")


def environment(changes):
    kept = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return {**kept, **{name: str(value) for name, value in changes.items()}}


class Case(unittest.TestCase):
    WAYS = ("the plugin", "`testcell gtest`")

    def setUp(self):
        # Not below /tmp, where the cells have their own.
        self.directory = tempfile.mkdtemp(dir="/var/tmp", prefix="shards-")
        self.addCleanup(shutil.rmtree, self.directory)

    def run_tests(self, way, changes, *arguments):
        """`arguments` are testcell's flags, without --testcell_, or GoogleTest's."""
        flags = ["--testcell_" + flag for flag in arguments if not flag.startswith("--")]
        theirs = [flag for flag in arguments if flag.startswith("--")]
        command = [PLUGIN, *flags, *theirs]
        if way == self.WAYS[1]:
            command = [TESTCELL, "gtest", *flags, "--", PLAIN, *theirs]
        return subprocess.run(command, cwd=self.directory, env=environment(changes), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)

    @staticmethod
    def ran(done):
        return re.findall(r"^\[ RUN      \] (\S+)$", done.stdout, re.MULTILINE)

    def write_or_compare(self, name, table):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        before, marker, rest = page.partition(MARKER.format(name))
        there, end, after = rest.partition(END)
        self.assertTrue(marker and end, f"{PAGE} has no place for {name}")
        if WRITE:
            with open(PAGE, "w", encoding="utf-8") as file:
                file.write(f"{before}{marker}\n\n{table}\n{end}{after}")
        else:
            self.assertEqual(there.strip(), table.strip(), f"{PAGE} says otherwise; see --write")


class Engines(Case):
    def shard(self, way, engine, changes, index, count):
        """The tests of one shard."""
        expected = {"EXPECTED_" + name: value for name, value in changes.items()
                    if name.startswith("GTEST_") and way == self.WAYS[0]}
        done = self.run_tests(way, {**changes, **expected}, "shard=auto")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = ", ".join(f"{name}={value}" for name, value in changes.items())
        self.assertEqual(done.stderr, f"testcell: shard {index + 1} of {count}, as {engine} says: "
                                      f"{said}\n")
        note = f"Note: This is test shard {index + 1} of {count}.\n"
        self.assertEqual(note in done.stdout, count > 1, done.stdout)
        return self.ran(done)

    def mark(self, way, engine, variables):
        for count in range(1, MOST_SHARDS + 1):
            with concurrent.futures.ThreadPoolExecutor() as pool:
                shards = list(pool.map(lambda index, count=count: self.shard(
                    way, engine, variables(index, count), index, count), range(count)))
            self.assertEqual(sorted(sum(shards, [])), TESTS)
            sizes = [len(shard) for shard in shards]
            self.assertLessEqual(max(sizes) - min(sizes), 1)
        return f"1 to {MOST_SHARDS}"

    def test_each_test_runs_once(self):
        lines = ["| engine | the second of three shards | with the plugin | by `testcell gtest` |",
                 "|---|---|---|---|"]
        for title, engine, variables in ENGINES:
            with self.subTest(title):
                marks = [self.mark(way, engine, variables) for way in self.WAYS]
                said = " ".join(f"`{name}={value}`" for name, value in variables(1, 3).items())
                lines.append(f"| {title} | {said} | {marks[0]} | {marks[1]} |")
        self.write_or_compare("the engines", "\n".join(lines) + "\n")

    def test_what_is_refused(self):
        lines = ["| environment | `testcell: no test was run: --testcell_shard=auto:` |", "|---|---|"]
        for title, changes in REFUSED:
            with self.subTest(title):
                said = set()
                for way in self.WAYS:
                    done = self.run_tests(way, changes, "shard=auto")
                    self.assertEqual((done.returncode, self.ran(done)), (2, []), done.stderr)
                    said.add(done.stderr)
                    self.assertIn(", ".join(f"{name}={value}" for name, value in changes.items())[:40],
                                  done.stderr)
                self.assertEqual(len(said), 1, said)
                message = re.fullmatch("testcell: no test was run: --testcell_shard=auto: (.*)\n",
                                       said.pop()).group(1)
                lines.append(f"| {title} | {message} |")
        self.write_or_compare("the refusals", "\n".join(lines) + "\n")


class Choice(Case):
    GITLAB = {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2"}

    def test_without_an_engine_all_tests_run(self):
        for way in self.WAYS:
            done = self.run_tests(way, {}, "shard=auto")
            self.assertEqual((done.returncode, done.stderr), (
                0, "testcell: there is no engine of shards in the environment: all tests are in "
                   "this one\n"))
            self.assertEqual(sorted(self.ran(done)), TESTS)

    def test_without_the_flag_engines_are_not_looked_at(self):
        for way in self.WAYS:
            for changes in ({}, {"TESTCELL_SHARD": ""}):
                done = self.run_tests(way, {**self.GITLAB, **changes})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(sorted(self.ran(done)), TESTS)

    def test_the_environment_has_the_flag_too(self):
        for way in self.WAYS:
            done = self.run_tests(way, {**self.GITLAB, "TESTCELL_SHARD": "auto"})
            self.assertIn("testcell: shard 1 of 2, as GitLab CI says", done.stderr)
            self.assertEqual(len(self.ran(done)), 5)

    def test_another_value_is_refused(self):
        done = self.run_tests(self.WAYS[0], {}, "shard=3")
        self.assertEqual((done.returncode, done.stderr), (
            2, "testcell: --testcell_shard: '3' is no value for it; it takes (auto)\n"))

    def test_googletests_variables_decide(self):
        own = {"GTEST_SHARD_INDEX": "2", "GTEST_TOTAL_SHARDS": "4"}
        for way in self.WAYS:
            expected = {"EXPECTED_" + name: value for name, value in own.items()}
            done = self.run_tests(way, {**self.GITLAB, **own, **expected}, "shard=auto",
                                  "--gtest_filter=-Environment.*")
            self.assertEqual((done.returncode, done.stderr), (
                0, "testcell: shard 3 of 4, as GoogleTest says: GTEST_SHARD_INDEX=2, "
                   "GTEST_TOTAL_SHARDS=4\n"))

    def test_outside_of_cells(self):
        # The environment of such a test is the program's.
        done = self.run_tests(self.WAYS[0], self.GITLAB, "shard=auto", "isolate=off",
                              "--gtest_filter=-Environment.*")
        self.assertEqual((done.returncode, len(self.ran(done))), (0, 5), done.stderr)

    def test_a_test_to_debug_runs_in_every_shard(self):
        for index in (1, 2):
            done = self.run_tests(self.WAYS[0], {**self.GITLAB, "CI_NODE_INDEX": index},
                                  "shard=auto", "debug=Other.Passes")
            self.assertEqual((done.returncode, self.ran(done)), (0, ["Other.Passes"]), done.stderr)

    def test_more_shards_than_tests(self):
        for way in self.WAYS:
            ran = []
            for index in range(1, 4):
                done = self.run_tests(way, {"CI_NODE_INDEX": index, "CI_NODE_TOTAL": 3},
                                      "shard=auto", "--gtest_filter=Other.*")
                self.assertEqual(done.returncode, 0, done.stderr)
                ran += self.ran(done)
            self.assertEqual(sorted(ran), ["Other.Passes", "Other.Skips"])

    def test_bazels_status_file_is_touched(self):
        path = os.path.join(self.directory, "status")
        for way in self.WAYS:
            for changes in ({"TEST_TOTAL_SHARDS": "2", "TEST_SHARD_INDEX": "1"}, {},
                            {"GTEST_TOTAL_SHARDS": "1", "GTEST_SHARD_INDEX": "0"}):
                done = self.run_tests(way, {**changes, "TEST_SHARD_STATUS_FILE": path}, "shard=auto",
                                      "--gtest_filter=-Environment.*")
                self.assertEqual(done.returncode, 0, done.stderr)
                os.remove(path)

    def test_listing_tests_needs_no_shard(self):
        done = self.run_tests(self.WAYS[0], {"CI_NODE_INDEX": "x"}, "shard=auto",
                              "--gtest_list_tests")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Balanced(Case):
    """--testcell_balance: each test in one shard, whatever the history holds."""
    LONG = {"All/Numbers.Pass/0": 9000, "All/Numbers.Pass/3": 8000, "All/Numbers.Pass/6": 7000}

    def write(self, text, name="history"):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    @staticmethod
    def digest(path):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    @staticmethod
    def text(durations):
        return "testcell history 1\n" + "".join(
            f"{milliseconds} {name}\n" for name, milliseconds in durations.items())

    def shard(self, index, count, *arguments, way=Case.WAYS[0]):
        return self.run_tests(way, {"CIRCLE_NODE_INDEX": index, "CIRCLE_NODE_TOTAL": count},
                              "shard=auto", *arguments)

    def all_shards(self, count, *arguments, way=Case.WAYS[0]):
        """What ran, by shards: each test once."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = list(pool.map(lambda index: self.shard(index, count, *arguments, way=way),
                                 range(count)))
        for done in runs:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [self.ran(done) for done in runs]

    def check(self, path, *arguments, way=Case.WAYS[0], most=MOST_SHARDS):
        before = self.digest(path)
        for count in range(1, most + 1):
            shards = self.all_shards(count, f"history={path}", f"balance={before}", *arguments,
                                     way=way)
            self.assertEqual(sorted(sum(shards, [])), TESTS)
        self.assertEqual(self.digest(path), before)

    def test_long_tests_are_apart(self):
        path = self.write(self.text(dict.fromkeys(TESTS, 10) | self.LONG))
        for way in self.WAYS:
            with self.subTest(way):
                self.check(path, way=way)
        shards = self.all_shards(3, f"history={path}", f"balance={self.digest(path)}")
        self.assertEqual([len(set(shard) & set(self.LONG)) for shard in shards], [1, 1, 1])
        # GoogleTest's own shards of these tests are not like that.
        shards = self.all_shards(3)
        self.assertNotEqual([len(set(shard) & set(self.LONG)) for shard in shards], [1, 1, 1])

    def test_histories_that_nobody_expects(self):
        texts = {
            "empty": "", "nothing": self.text({}), "others": self.text({"No.Such": 5}),
            "huge durations": self.text(dict.fromkeys(TESTS, 2**63 - 1)),
            "overflow": self.text(dict.fromkeys(TESTS, 10**40)),
            "one of all": self.text({TESTS[-1]: 2**62}),
            "negative": self.text(dict.fromkeys(TESTS, -5)),
            "cut": self.text(dict.fromkeys(TESTS, 7))[:60],
            "bytes": b"testcell history 1\n\0\xff\xfe\n\n \n5\n5 \n5\0 A\n" + os.urandom(5000),
            "one line": b"testcell history 1\n" + b"9" * 1_000_000,
            "many": self.text({f"Other.{i}": i for i in range(100_000)} | self.LONG),
        }
        for name, text in texts.items():
            with self.subTest(name):
                self.check(self.write(text), most=3)

    def test_other_ways_to_run(self):
        path = self.write(self.text(self.LONG))
        digest = self.digest(path)
        for arguments in (("--gtest_shuffle", "--gtest_random_seed=7"), ("isolate=off",),
                          ("suites=shared",), ("isolate=marked",)):
            with self.subTest(arguments):
                shards = self.all_shards(3, f"history={path}", f"balance={digest}",
                                         "--gtest_filter=-Environment.*", *arguments)
                self.assertEqual(sorted(sum(shards, [])),
                                 [name for name in TESTS if name != "Environment.IsTheUsers"])
        shards = self.all_shards(2, f"history={path}", f"balance={digest}", "--gtest_repeat=3")
        self.assertEqual(sorted(sum(shards, [])), sorted(3 * TESTS))
        shards = self.all_shards(4, f"history={path}", f"balance={digest}", "--gtest_filter=Other.*",
                                 "--gtest_also_run_disabled_tests")
        self.assertEqual(shards[3], [])
        self.assertEqual(sorted(sum(shards, [])),
                         ["Other.DISABLED_Waits", "Other.Passes", "Other.Skips"])

    def test_reports_have_each_test_once(self):
        path = self.write(self.text(self.LONG))
        reported = []
        for index in range(3):
            xml = os.path.join(self.directory, "report.xml")
            done = self.shard(index, 3, f"history={path}", f"balance={self.digest(path)}",
                              f"--gtest_output=xml:{xml}")
            self.assertEqual(done.returncode, 0, done.stderr)
            root = ElementTree.parse(xml).getroot()
            cases = [f"{case.get('classname')}.{case.get('name')}"
                     for case in root.iter("testcase")]
            self.assertEqual(int(root.get("tests")), len(cases))
            self.assertIn(f"testcell: by the history {len(self.ran(done))} of 10 tests are in this "
                          "shard\n", done.stderr)
            reported += cases
        self.assertEqual(sorted(reported), sorted([*TESTS, "Other.DISABLED_Waits"]))

    def test_a_shard_with_another_history_refuses_to_run(self):
        path = self.write(self.text(self.LONG))
        other = self.write(self.text({"Other.Passes": 5}), "other")
        balance = f"balance={self.digest(path)}"
        for bad in (other, os.path.join(self.directory, "none"), self.write("garbage", "garbage")):
            for way in self.WAYS:
                with self.subTest(bad, way=way):
                    done = self.shard(1, 2, f"history={bad}", balance, way=way)
                    self.assertEqual((done.returncode, self.ran(done)), (2, []), done.stderr)
                    self.assertIn("testcell: no test was run: ", done.stderr)
                    self.assertIn(bad, done.stderr)
        # With its digest a file is still not what it isn't.
        done = self.shard(1, 2, f"history={bad}", f"balance={self.digest(bad)}")
        self.assertEqual((done.returncode, self.ran(done)), (2, []), done.stderr)
        # Tried again with the right one it runs what is missing.
        shards = [self.ran(self.shard(index, 2, f"history={path}", balance)) for index in (0, 1)]
        self.assertEqual(sorted(sum(shards, [])), TESTS)

    def test_without_a_digest_histories_may_differ(self):
        texts = [self.text(self.LONG), self.text({"Other.Passes": 500000}), self.text({}), ""]
        for count in range(2, MOST_SHARDS + 1):
            shards = []
            for index in range(count):
                # The last one has none, as a machine that never ran these tests.
                path = os.path.join(self.directory, f"new-{count}") if index == count - 1 else \
                    self.write(texts[index], f"history-{index}")
                done = self.shard(index, count, f"history={path}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("testcell: the shards are GoogleTest's own: the history divides them "
                              "with --testcell_balance=SHA256 only", done.stderr)
                shards.append(self.ran(done))
                with open(path, encoding="ascii") as file:
                    self.assertIn(f" {shards[-1][0]}\n", file.read())
            self.assertEqual(sorted(sum(shards, [])), TESTS)

    def test_a_history_that_a_shard_has_updated_divides_no_more(self):
        path = self.write(self.text(self.LONG))
        balance = f"balance={self.digest(path)}"
        self.assertEqual(self.shard(0, 2, f"history={path}", balance).returncode, 0)
        self.assertEqual(self.shard(0, 2, f"history={path}").returncode, 0)
        done = self.shard(1, 2, f"history={path}", balance)
        self.assertEqual((done.returncode, self.ran(done)), (2, []))
        self.assertRegex(done.stderr, "has the SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}: it is not the "
                                      "one that divides the shards\n")

    def test_bad_flags(self):
        path = self.write(self.text(self.LONG))
        done = self.run_tests(self.WAYS[0], {}, f"balance={self.digest(path)}")
        self.assertEqual((done.returncode, done.stderr), (
            2, "testcell: no test was run: --testcell_balance needs --testcell_history\n"))
        for bad in ("0123", "x" * 64, self.digest(path).upper(), self.digest(path) + "0"):
            done = self.run_tests(self.WAYS[0], {}, f"history={path}", f"balance={bad}")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"'{bad}' is no value for it; it takes SHA256\n", done.stderr)

    def test_what_sha256sum_prints_is_a_digest(self):
        path = self.write(self.text(self.LONG))
        said = subprocess.run(["sha256sum", path], check=True, stdout=subprocess.PIPE, text=True,
                              timeout=TIMEOUT_S).stdout.rstrip("\n")
        done = self.shard(0, 2, f"history={path}", f"balance={said}")
        self.assertEqual(done.returncode, 0, done.stderr)
        # A file that nobody may write to will do, in a directory that nobody may, either.
        os.chmod(path, 0o444)
        os.chmod(self.directory, 0o555)
        done = self.shard(0, 2, f"history={path}", f"balance={said}")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    WRITE = sys.argv[1] == "--write"
    TESTCELL, PLUGIN, PLAIN, PAGE = map(os.path.abspath, sys.argv[1 + WRITE:5 + WRITE])
    unittest.main(argv=[sys.argv[0], *sys.argv[5 + WRITE:]])
