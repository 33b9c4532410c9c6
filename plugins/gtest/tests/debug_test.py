"""--testcell_debug: one test in a cell, in the foreground; and debuggers."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import unittest

SANITIZER = sys.argv.pop()  # that the program was built with, or ""
PAYLOAD = sys.argv.pop()
TIMEOUT_S = 60


def run(*arguments, text="", command=(), environment=None):
    return subprocess.run([*command, PAYLOAD, *arguments], input=text, text=True, timeout=TIMEOUT_S,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, **(environment or {})})


class Debug(unittest.TestCase):
    def assert_done(self, done, status, *words):
        self.assertEqual(done.returncode, status, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)

    def test_stdin_and_output_are_the_tests(self):
        done = run("--testcell_debug=Debugged.IsTalkedTo", text="somebody\n")
        self.assert_done(done, 0, "stdin is none", "hello somebody\nin a cell: 1, process ",
                         "Running 1 test from 1 test suite")
        self.assertLess(done.stdout.index("[ RUN "), done.stdout.index("who is there?"))

    def test_its_process_is_named(self):
        with subprocess.Popen([PAYLOAD, "--testcell_debug=Debugged.IsTalkedTo"], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as process:
            line = process.stderr.readline()
            named = re.fullmatch(r"testcell: Debugged\.IsTalkedTo is process (\d+); "
                                 r"a debugger attaches to it by: gdb -p (\d+)\n", line)
            try:
                self.assertIsNotNone(named, line)
                with open(f"/proc/{named[1]}/status", encoding="ascii") as file:
                    self.assertRegex(file.read(), r"\nNSpid:\t\d+\t\d+\n")
            finally:
                process.communicate("somebody\n", timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0)

    def test_other_flags_give_way(self):
        done = run("--testcell_debug=Debugged.Fails", "--gtest_filter=Limited.*",
                   "--testcell_isolate=off")
        self.assert_done(done, 1, "as meant", "[  FAILED  ] Debugged.Fails")

    def test_no_time_limit(self):
        done = run("--testcell_debug=Limited.TakesItsTime", "--testcell_timeout=1ms", text="x" * 9)
        self.assert_done(done, 0, "waits", "[       OK ] Limited.TakesItsTime")

    def test_disabled_test(self):
        done = run(environment={"TESTCELL_DEBUG": "DISABLED_Debugged.MayBeAskedFor"})
        self.assert_done(done, 0, "[       OK ] DISABLED_Debugged.MayBeAskedFor")

    def test_no_such_test(self):
        done = run("--testcell_debug=Debugged.None")
        self.assert_done(done, 2, "testcell: no test was run: --testcell_debug=Debugged.None: "
                                  "there is no such test; --gtest_list_tests names them")

    def test_no_filters(self):
        for value in ("Debugged.*", "Debugged", "A.B:C.D"):
            self.assert_done(run(f"--testcell_debug={value}"), 2, "testcell_debug", value)

    def test_terminal_is_the_tests(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(PAYLOAD, [PAYLOAD, "--testcell_debug=Debugged.IsTalkedTo"])
        seen = b""
        try:
            typed = False
            while select.select([terminal], [], [], TIMEOUT_S)[0]:
                try:
                    seen += os.read(terminal, 4096)
                except OSError:  # EIO: nobody has it open any more
                    break
                if not typed and b"who is there? " in seen:
                    typed = True
                    os.write(terminal, b"somebody\n")
        finally:
            os.close(terminal)
            _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen)
        self.assertIn(b"stdin is a terminal", seen)
        self.assertIn(b"hello somebody", seen)


@unittest.skipUnless(shutil.which("gdb") and SANITIZER != "thread", "no gdb, or ThreadSanitizer")
class Gdb(unittest.TestCase):
    def gdb(self, *commands, arguments=()):
        words = [word for command in ("set confirm off", "set debuginfod enabled off", *commands)
                 for word in ("-ex", command)]
        done = subprocess.run(["gdb", "-nx", "-batch", *words, "--args", PAYLOAD, *arguments],
                              input="somebody\n", text=True, timeout=TIMEOUT_S, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout

    def test_a_debugger_has_the_tests_in_process(self):
        said = self.gdb("break StopHere", "run", "print number", "continue",
                        arguments=["--gtest_filter=Debugged.IsTalkedTo"])
        self.assertIn("testcell: a debugger is attached: the tests run in this process", said)
        self.assertIn("$1 = 42", said)
        self.assertIn("in a cell: 0", said)

    def test_it_stops_in_a_cell(self):
        said = self.gdb("set follow-fork-mode child", "break StopHere", "run", "print number",
                        "kill", arguments=["--testcell_debug=Debugged.IsTalkedTo"])
        self.assertIn("in a cell: 1", said)
        self.assertIn("hit Breakpoint 1, ", said)  # other lines may come between
        self.assertIn("StopHere (number=42)", said)
        self.assertIn("$1 = 42", said)


@unittest.skipUnless(shutil.which("valgrind") and not SANITIZER, "no valgrind, or a sanitizer")
class Valgrind(unittest.TestCase):
    def test_it_has_the_tests_in_process(self):
        done = run("--gtest_filter=Debugged.Fails", command=["valgrind", "-q"])
        self.assertIn("testcell: valgrind runs this program: the tests run in this process",
                      done.stdout)
        self.assertIn("as meant", done.stdout)


if __name__ == "__main__":
    unittest.main()
