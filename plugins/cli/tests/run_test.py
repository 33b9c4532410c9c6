"""testcell run: what the command sees, and what its user gets back."""
import json
import os
import signal
import subprocess
import unittest

import driver
from driver import SETTING, run, start

BIND_80 = """
import socket, sys
server = socket.socket()
server.bind(("0.0.0.0", 80))
server.listen()
print("bound", flush=True)
sys.stdin.readline()
"""


class Status(unittest.TestCase):
    def check(self, done, status, stderr=""):
        self.assertEqual((done.status, done.stderr), (status, stderr), str(done))

    def test_is_the_commands(self):
        self.check(run("run", "--", "true"), 0)
        self.check(run("run", "--", "sh", "-c", "exit 7"), 7)

    def test_of_a_signal(self):
        self.check(run("run", "--", "sh", "-c", "kill -SEGV $$"), 128 + signal.SIGSEGV,
                   "testcell: 'sh' was ended by SIGSEGV (Segmentation fault)\n")
        self.check(run("run", "--", "sh", "-c", "kill -INT $$"), 128 + signal.SIGINT)
        self.check(run("run", "--", "sh", "-c", "kill -RTMIN $$"), 128 + 34,
                   "testcell: 'sh' was ended by signal 34\n")

    def test_not_found(self):
        self.check(run("run", "--", "no-such-program"), 127,
                   "testcell: 'no-such-program' is not in PATH\n")
        self.check(run("run", "--", "/no/such"), 127,
                   "testcell: cannot execute '/no/such': No such file or directory; /tmp, /var/tmp "
                   "and /dev/shm are the cell's own (see --bind, --tmp)\n")
        script = os.path.join(SETTING.scratch, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/no/interpreter\n")
        os.chmod(script, 0o755)
        self.check(run("run", "--", script), 127,
                   f"testcell: cannot execute '{script}': No such file or directory; the file is "
                   "there, so it is its interpreter that is missing\n")

    def test_not_executable(self):
        self.check(run("run", "--", "/etc/passwd"), 126,
                   "testcell: cannot execute '/etc/passwd': Permission denied\n")

    def test_time_limit(self):
        done = run("run", "--timeout=300ms", "--", "sleep", "1000")
        self.assertEqual(done.status, 124)
        self.assertRegex(done.stderr, r"\Atestcell: the time limit of 300 ms has passed; alive in "
                                      r"the cell were:\n  pid \d+, sleeping, .*: sleep 1000\n")

    def test_refused(self):
        for arguments, message in (
                ((), "there is no command to run; testcell run --help has the form"),
                (("--colour", "--", "true"), "--colour: there is no such flag; --help lists them"),
                (("--net=none", "--", "true"),
                 "--net: 'none' is no value for it; it takes (private|host)"),
                (("--bind=:x", "--", "true"),
                 "--bind: ':x' is no value for it; it takes SOURCE[:TARGET][:ro]"),
                (("--tmp-size=big", "--", "true"),
                 "--tmp-size: 'big' is no value for it; it takes bytes, or as in 64M, 2G"),
                (("--limit=files=3", "--", "true"),
                 "--limit: 'files=3' is no value for it; it takes NAME=SOFT[:HARD], counts (with "
                 "K, M, G) or 'unlimited', of as, core, cpu, data, fsize, locks, memlock, "
                 "msgqueue, nice, nofile, nproc, rtprio, rttime, sigpending, stack"),
                (("--host-name=a b", "--", "true"),
                 "the command was not run: Options::host_name: 'a b' is no host name: 1 to 64 "
                 "letters, digits, '-' and '.'"),
                (("--bind=/no/such", "--", "true"),
                 "the command was not run: cannot open /no/such: ENOENT (No such file or "
                 "directory); check the path in Options::binds, copy_on_write, read_only or "
                 "shared")):
            with self.subTest(arguments):
                self.check(run("run", *arguments), 2, f"testcell: {message}\n")
        self.check(run("run", "true", env={"TESTCELL_TMP": "big"}), 2,
                   "testcell: TESTCELL_TMP: 'big' is no value for it; it takes "
                   "(empty|cow|shared)\n")
        self.check(run("walk"), 2,
                   "testcell: there is no command 'walk'; testcell --help lists them\n")


class Command(unittest.TestCase):
    def output(self, *arguments, **options):
        done = run("run", *arguments, **options)
        self.assertEqual((done.status, done.stderr), (0, ""), str(done))
        return done.stdout

    def test_words_are_untouched(self):
        odd = ["", " ", "a b", "--", "--jobs=3", "'\"", "$HOME", "\\", "[x];y", "ü\n"]
        out = self.output("--", driver.PYTHON, "-c", "import sys; print(sys.argv[1:])", *odd)
        self.assertEqual(out, f"{odd}\n")

    def test_needs_no_dashes_before_it(self):
        self.assertEqual(self.output("--host-name", "db1", "sh", "-c", "echo $(hostname) $1", "x",
                                     "--"), "db1 --\n")

    def test_files_are_carried_back(self):
        kept = os.path.join(SETTING.scratch, "kept.txt")
        self.output("--carry=*.txt", "--", "sh", "-c", "echo kept > kept.txt; echo > gone.dat")
        with open(kept, encoding="ascii") as file:
            self.assertEqual(file.read(), "kept\n")
        self.assertFalse(os.path.exists(os.path.join(SETTING.scratch, "gone.dat")))
        for script, status in (("true", 2), ("exit 7", 7)):
            done = run("run", "--carry=kept.txt", "--", "sh", "-c",
                       f"rm kept.txt; mkdir kept.txt; {script}")
            self.assertEqual((done.status, done.stderr), (
                status, "testcell: kept.txt can't be carried back: ENOTDIR (Not a directory)\n"))
        os.remove(kept)

    def test_streams_are_passed_on(self):
        done = run("run", "--", "sh", "-c", "cat; echo error >&2", text="one\ntwo\n")
        self.assertEqual((done.status, done.stdout, done.stderr), (0, "one\ntwo\n", "error\n"))
        path = os.path.join(SETTING.scratch, "out")
        with open(path, "w", encoding="ascii") as file:
            file.write("before\n")
            file.flush()
            subprocess.run(driver.words("run", "--", "sh", "-c", "echo after; exec ls -i /proc/self/fd/1"),
                           stdout=file, check=True, cwd=SETTING.scratch, env=driver.environment())
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.readlines()[:2], ["before\n", "after\n"])

    def test_has_no_descriptor_more_than_without_a_cell(self):
        command = ["sh", "-c", "cd /proc/self/fd && echo *"]
        plain = subprocess.run([*SETTING.prefix, *command], stdout=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, check=True).stdout
        self.assertEqual(self.output("--", *command), plain)

    def test_has_the_signals_of_a_plain_run(self):
        command = ["grep", "^Sig[BI]", "/proc/self/status"]
        plain = subprocess.run([*SETTING.prefix, *command], stdout=subprocess.PIPE, text=True,
                               check=True, stdin=subprocess.DEVNULL).stdout
        self.assertEqual(self.output("--", *command), plain)

    def test_a_program_below_tmp_is_visible(self):
        program = os.path.join(SETTING.scratch, "program")
        with open(program, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\necho here\n")
        os.chmod(program, 0o755)
        self.assertEqual(self.output("--testcell_cwd=shared", "--", program, cwd="/"), "here\n")
        self.assertEqual(self.output("--testcell_cwd=shared", "--", "program", cwd="/",
                                     env={"PATH": SETTING.scratch + ":/usr/bin:/bin"}), "here\n")

    def test_who_it_is(self):
        who = subprocess.run([*SETTING.prefix, "id", "-u"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
        self.assertEqual(self.output("--", "id", "-u"), who)
        self.assertEqual(self.output("--user=root", "--", "id", "-u"), "0\n")


class Cell(unittest.TestCase):
    def output(self, *arguments, **options):
        done = run("run", *arguments, **options)
        self.assertEqual((done.status, done.stderr), (0, ""), str(done))
        return done.stdout

    def test_two_bind_the_same_port(self):
        both = [start("run", "--", driver.PYTHON, "-c", BIND_80, stdin=subprocess.PIPE)
                for _ in range(2)]
        self.assertEqual([driver.read_line(one.stdout) for one in both], ["bound"] * 2)
        self.assertEqual([driver.finish(one, "\n").status for one in both], [0, 0])

    def test_what_it_writes_is_gone(self):
        script = "echo x > here && echo x > /tmp/t && echo x > /run/testcell-r 2>&1; cat here /tmp/t"
        self.assertEqual(self.output("--", "sh", "-c", script).splitlines()[-2:], ["x", "x"])
        for path in (os.path.join(SETTING.scratch, "here"), "/tmp/t", "/run/testcell-r"):
            self.assertFalse(os.path.exists(path), path)

    def test_shared_directory(self):
        self.output("--cwd=shared", "--", "touch", "kept")
        self.assertTrue(os.path.exists(os.path.join(SETTING.scratch, "kept")))

    def test_flags_come_from_the_environment(self):
        script = "import os; print(len(os.listdir('/sys/class/net')) > 1, os.listdir('/tmp'))"
        with_flags = self.output("--", driver.PYTHON, "-c", script)
        self.assertEqual(with_flags, "False []\n")
        self.output("--", "touch", "kept2", env={"TESTCELL_CWD": "shared"})
        self.assertTrue(os.path.exists(os.path.join(SETTING.scratch, "kept2")))
        self.output("--cwd=private", "--", "touch", "kept3", env={"TESTCELL_CWD": "shared"})
        self.assertFalse(os.path.exists(os.path.join(SETTING.scratch, "kept3")))

    def test_binds(self):
        source = os.path.join(SETTING.scratch, "source")
        os.mkdir(source)
        os.chmod(source, 0o777)
        with open(os.path.join(source, "file"), "w", encoding="ascii") as file:
            file.write("text\n")
        self.assertEqual(self.output(f"--bind={source}:/mnt", "--", "cat", "/mnt/file"), "text\n")
        self.assertEqual(self.output("--bind", "source:/mnt:ro", "--", "sh", "-c",
                                     "touch /mnt/x 2>&1 || cat /mnt/file"),
                         "touch: cannot touch '/mnt/x': Read-only file system\ntext\n")
        self.output(f"--bind={source}:/mnt", "--", "touch", "/mnt/new")
        self.assertTrue(os.path.exists(os.path.join(source, "new")))
        self.assertEqual(self.output("--read-only=source", "--cwd=shared", "--", "sh", "-c",
                                     "touch source/x 2>&1 || true"),
                         "touch: cannot touch 'source/x': Read-only file system\n")
        self.output("--copy-on-write=source", "--cwd=shared", "--", "touch", "source/y")
        self.output("--shared=source", "--", "touch", "source/z", "w")
        self.assertTrue(os.path.exists(os.path.join(SETTING.scratch, "source", "z")))
        self.assertFalse(os.path.exists(os.path.join(SETTING.scratch, "w")))
        os.remove(os.path.join(SETTING.scratch, "source", "z"))
        self.assertFalse(os.path.exists(os.path.join(source, "y")))

    def test_environment_and_limits(self):
        self.assertEqual(
            self.output("--env=A=1=2", "--env", "B=", "--env=GONE", "--limit=nofile=64:128", "--",
                        "sh", "-c", "echo $A,$B.,${GONE-unset},$(ulimit -n),$(ulimit -Hn)",
                        env={"GONE": "here"}), "1=2,.,unset,64,128\n")

    def test_sizes(self):
        out = self.output("--tmp-size=1M", "--shm-size=2M", "--", "df", "-k", "--output=size",
                          "/tmp", "/dev/shm")
        self.assertEqual(out.split()[1:], ["1024", "2048"])


class Findings(unittest.TestCase):
    LEAVES = "echo text > /tmp/state; exit {}"
    TOLD = ("[ testcell ] 1 leak in 1 test\n"
            "[   LEAK   ] run.sh -c echo text > /tmp/state; exit {}\n"
            "             file: /tmp/state\n"
            "               size 5\n")

    def check(self, done, status, stderr):
        self.assertEqual((done.status, done.stdout, done.stderr), (status, "", stderr), str(done))

    def test_what_a_command_leaves_is_told_after_it(self):
        for status in (0, 7):
            self.check(run("run", "--leaks=report", "--", "sh", "-c", self.LEAVES.format(status)),
                       status, self.TOLD.format(status))

    def test_that_is_the_default_and_the_environment_can_change_it(self):
        command = ("run", "--", "sh", "-c", self.LEAVES.format(0))
        self.check(driver.finish(start(*command, prefix=("env", "-u", "TESTCELL_LEAKS"))), 0,
                   self.TOLD.format(0))
        self.check(run(*command, env={"TESTCELL_LEAKS": "off"}), 0, "")

    def test_a_leak_can_fail_a_command(self):
        for policy in ("fail", "strict"):
            for status, expected in ((0, 1), (7, 7)):
                self.check(run("run", f"--leaks={policy}", "--", "sh", "-c",
                               self.LEAVES.format(status)), expected, self.TOLD.format(status))
            self.check(run("run", f"--leaks={policy}", "--", "true"), 0, "")

    def test_a_process_that_is_left(self):
        # Until its exec is complete it has another name, or none.
        done = run("run", "--leaks=fail", "--", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & "
                   "until grep -qx sleep /proc/$!/cmdline; do :; done")
        self.assertEqual(done.status, 1)
        self.assertRegex(done.stderr, r"\n             process: sleep 1000 \(pid \d+\)\n")

    def test_a_report(self):
        path = os.path.join(SETTING.scratch, "report.json")
        page = os.path.join(SETTING.scratch, "report.html")
        script = BIND_80 + "open('/tmp/state', 'w')\nsys.exit(3)\n"
        done = run("run", "--leaks=report", f"--report=json:{path},html:{page}", "--", driver.PYTHON,
                   "-c", script, text="")
        self.assertEqual(done.status, 3, str(done))
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual([report["isolation"], report["conflicts"], len(report["tests"])],
                         ["full", [], 1])
        test = report["tests"][0]
        self.assertTrue(test["name"].startswith(f"run.{driver.PYTHON} -c"), test["name"])
        self.assertEqual([test["outcome"], test["exit_status"], test["signal"]], ["failed", 3, None])
        self.assertEqual([(leak["kind"], leak["what"]) for leak in test["leaks"]],
                         [("file", "/tmp/state")])
        self.assertEqual([(use["kind"], use["name"]) for use in test["uses"]],
                         [("tcp", "0.0.0.0:80"), ("path", "/tmp/state")])
        self.assertGreater(os.path.getsize(page), 1000)

    def test_how_it_ended_is_in_the_report(self):
        path = os.path.join(SETTING.scratch, "ended.json")
        for command, expected in ((["true"], ["passed", 0, None]),
                                  (["sh", "-c", "kill -KILL $$"], ["crashed", None, "SIGKILL"]),
                                  (["sleep", "1000"], ["timed_out", None, None])):
            run("run", "--timeout=300ms" if command[0] == "sleep" else "--timeout=0",
                f"--report=json:{path}", "--", *command)
            with open(path, encoding="utf-8") as file:
                test = json.load(file)["tests"][0]
            self.assertEqual([test["outcome"], test["exit_status"], test["signal"]], expected)

    def test_a_report_that_cannot_be_written_is_told_first(self):
        self.check(run("run", "--report=json:/no/such/report", "--", "echo", "ran"), 2,
                   "testcell: cannot write the report /no/such/report: mkostemp: ENOENT (No such "
                   "file or directory)\n")


class Signals(unittest.TestCase):
    TRAPS = "trap 'echo got {0}; exit 5' {0}; echo ready; while :; do sleep 1000 & wait $!; done"

    def test_go_on_to_the_command(self):
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH"):
            with self.subTest(name):
                process = start("run", "--", "sh", "-c", self.TRAPS.format(name))
                self.assertEqual(driver.read_line(process.stdout), "ready")
                process.send_signal(getattr(signal, "SIG" + name))
                done = driver.finish(process)
                self.assertEqual((done.status, done.stdout, done.stderr), (5, f"got {name}\n", ""))

    def test_unanswered_end_the_command(self):
        process = start("run", "--", "sh", "-c", "echo ready; exec sleep 1000")
        self.assertEqual(driver.read_line(process.stdout), "ready")
        process.send_signal(signal.SIGTERM)
        done = driver.finish(process)
        self.assertEqual((done.status, done.stderr),
                         (128 + signal.SIGTERM, "testcell: 'sh' was ended by SIGTERM (Terminated)\n"))

    def test_ignored_stay_ignored(self):
        process = start("run", "--", "sh", "-c", "echo ready; read line; echo $line",
                        stdin=subprocess.PIPE,
                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertEqual(driver.read_line(process.stdout), "ready")
        process.send_signal(signal.SIGHUP)
        done = driver.finish(process, "end\n")
        self.assertEqual((done.status, done.stdout), (0, "end\n"))

    def test_to_its_group_stay_in_the_cell(self):
        done = run("run", "--", "sh", "-c", "trap 'echo mine' TERM; kill -TERM 0; echo alive",
                   process_group=0)
        self.assertEqual((done.status, done.stdout), (0, "mine\nalive\n"))

    def test_a_stop_stops_the_cell(self):
        # Our child leads a group in our session, so it may be stopped.
        process = start("run", "--", "sh", "-c", "echo ready; read line; echo $line",
                        stdin=subprocess.PIPE, process_group=0)
        self.assertEqual(driver.read_line(process.stdout), "ready")
        process.send_signal(signal.SIGTSTP)
        self.assertTrue(os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]))
        driver.wait_until("the shell is stopped",
                          lambda: "T" in driver.descendants(process.pid).values())
        process.send_signal(signal.SIGCONT)
        driver.wait_until("the shell goes on",
                          lambda: "T" not in driver.descendants(process.pid).values())
        done = driver.finish(process, "on\n")
        self.assertEqual((done.status, done.stdout), (0, "on\n"))

    def test_a_killed_testcell_leaves_nothing(self):
        process = start("run", "--", "sh", "-c", "echo ready; sleep 1000 & exec sleep 1000")
        self.assertEqual(driver.read_line(process.stdout), "ready")
        below = driver.descendants(process.pid)
        self.assertGreaterEqual(len(below), 4)
        process.kill()
        driver.finish(process)  # reads to the end: nobody holds the pipe any more
        driver.wait_until("all of the cell is gone",
                          lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))


if __name__ == "__main__":
    # Most tests here are not about what their command leaves.
    SETTING.variables = {"TESTCELL_LEAKS": "off"}
    driver.main()
