"""testcell run at a terminal: what a user types does what it does without a cell."""
import fcntl
import os
import shlex
import signal
import struct
import termios
import unittest

import driver
from driver import Terminal


def quoted(*arguments):
    return shlex.join(driver.words("run", *arguments))


class AtATerminal(unittest.TestCase):
    def terminal(self, *command):
        terminal = Terminal(list(command))
        self.addCleanup(terminal.close)
        return terminal

    def shell(self):
        """An interactive shell, with job control."""
        terminal = self.terminal("bash", "--norc", "--noediting", "-i")
        terminal.expect("$ ")
        return terminal

    def command(self, terminal, text):
        terminal.type(text + "\n")
        terminal.expect(text + "\r\n")

    def test_streams_are_the_terminal(self):
        terminal = self.terminal(*driver.words(
            "run", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && tty > /dev/tty"))
        terminal.expect("/dev/pts/")
        self.assertEqual(terminal.wait(), 0)

    def test_interrupt_ends_the_command_and_a_script(self):
        script = quoted("--", "sh", "-c", "echo ready; exec sleep 1000") + "; echo went on"
        terminal = self.terminal("bash", "-c", script)
        terminal.expect("ready")
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), -signal.SIGINT)
        self.assertNotIn("went on", terminal.seen)

    def test_interrupt_may_be_handled(self):
        script = quoted("--", "sh", "-c", "trap 'echo handled; exit 3' INT; echo ready; "
                                          "while :; do sleep 1000 & wait $!; done")
        # The shell, too, may be hit before it waits for its command.
        terminal = self.terminal("bash", "-c", f"trap : INT; {script}; echo status $?; exit 4")
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("handled")
        terminal.expect("status 3")
        self.assertEqual(terminal.wait(), 4)

    def test_interrupt_comes_once(self):
        count = ("import signal, sys\n"
                 "signal.signal(signal.SIGINT, lambda *_: print('interrupt', flush=True))\n"
                 "print('ready', flush=True)\n"
                 "print('read', sys.stdin.readline(), flush=True)\n")
        terminal = self.terminal(*driver.words("run", "--", driver.PYTHON, "-c", count))
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("interrupt")
        terminal.type("line\n")
        self.assertNotIn("interrupt", terminal.expect("read line"))
        self.assertEqual(terminal.wait(), 0)

    def test_stop_and_go_on(self):
        shell = self.shell()
        self.command(shell, quoted("--", "sh", "-c", "echo ready; read line; echo got $line"))
        shell.expect("ready")
        shell.type("\x1a")
        shell.expect("Stopped")
        shell.expect("$ ")
        self.command(shell, "fg")
        shell.type("text\n")
        shell.expect("got text")
        shell.expect("$ ")
        self.command(shell, "echo status $?")
        shell.expect("status 0")

    def test_in_the_background_it_may_not_read(self):
        shell = self.shell()
        self.command(shell, quoted("--", "sh", "-c", "read line; echo got $line") + " &")
        shell.expect("$ ")
        # The shell's own child: what stands for the command, and stops after it.
        driver.wait_until("the job is stopped", lambda: all(
            driver.descendants(shell.pid).get(child) == "T" for child in children(shell.pid)))
        self.command(shell, "jobs")
        shell.expect("Stopped")
        self.command(shell, "fg")
        shell.type("text\n")
        shell.expect("got text")

    def test_beside_others_in_a_pipeline(self):
        shell = self.shell()
        self.command(shell, quoted("--", "sh", "-c", "echo from the cell; exec sleep 1000") +
                     " | sed -u s/cell/box/")
        shell.expect("from the box")
        shell.type("\x03")
        shell.expect("$ ")
        self.assertEqual(driver.descendants(shell.pid), {})

    def test_a_shell_of_its_own_has_job_control(self):
        shell = self.shell()
        self.command(shell, "PS1='inner> ' " + quoted("--", "bash", "--norc", "--noediting", "-i"))
        self.assertNotIn("no job control", shell.expect("inner> "))
        self.command(shell, "sleep 1000")
        driver.wait_until("sleep runs", lambda: "S" in [
            state for pid, state in driver.descendants(shell.pid).items()
            if name_of(pid) == "sleep"])
        shell.type("\x1a")
        shell.expect("Stopped")
        shell.expect("inner> ")
        self.command(shell, "fg")
        # The shell names the job before it hands it the terminal.
        driver.wait_until("sleep has the terminal", lambda: name_of(
            os.tcgetpgrp(shell.fd)) == "sleep")
        shell.type("\x03")
        shell.expect("inner> ")
        self.command(shell, "exit 6")
        shell.expect("$ ")
        # The terminal is the outer shell's again.
        self.command(shell, "echo status $?; cat")
        shell.expect("status 6")
        shell.type("typed\n")
        shell.expect("typed\r\ntyped")

    def test_resize(self):
        show = ("import os, signal\n"
                "def say(*_): print('now', os.get_terminal_size(), flush=True); os._exit(0)\n"
                "signal.signal(signal.SIGWINCH, say)\n"
                "print('ready', flush=True)\n"
                "signal.pause()\n")
        terminal = self.terminal(*driver.words("run", "--", driver.PYTHON, "-c", show))
        terminal.expect("ready")
        fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        terminal.expect("columns=77, lines=33")
        self.assertEqual(terminal.wait(), 0)

    def test_settings_come_back_after_a_crash(self):
        shell = self.shell()
        self.command(shell, quoted("--", "sh", "-c", "stty -echo raw; kill -KILL $$") +
                     "; stty -a | grep -o ' .\\?echo \\| .\\?icanon '")
        shell.expect("was ended by SIGKILL (Killed)")
        said = shell.expect("$ ")
        self.assertEqual(said.split(), ["icanon", "echo"], said)

    def test_output_elsewhere_is_no_terminal(self):
        """As under ctest: a session of its own, although stdin is the terminal."""
        out = os.path.join(driver.SETTING.scratch, "session")
        terminal = self.terminal("bash", "-c", quoted(
            "--", "sh", "-c", "ps -o sid= -p $$; trap 'echo mine; exit' TERM; kill -TERM 0") +
            f" > {out} 2>&1; echo status $?")
        terminal.expect("status 0")
        with open(out, encoding="ascii") as file:
            self.assertEqual(file.read().split(), ["1", "mine"])

    def test_interrupt_with_output_elsewhere(self):
        out = os.path.join(driver.SETTING.scratch, "redirected")
        terminal = self.terminal("bash", "-c", quoted(
            "--", "sh", "-c", "echo ready; exec sleep 1000") + f" > {out} 2>&1; echo went on")
        driver.wait_until("the command runs", lambda: os.path.exists(out) and os.path.getsize(out))
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), -signal.SIGINT)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    driver.main()
