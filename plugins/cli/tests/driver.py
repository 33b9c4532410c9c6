"""Starts the program testcell as root or as an ordinary user, with or without a
terminal, and says what it did.

    SCRIPT --user=root|user TESTCELL
"""
import argparse
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(__file__), "../../gtest/tests"))
import users  # noqa: E402

# One that nobody can reach, too, where there is one.
PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
DEADLINE_S = 60  # for what takes milliseconds: only a defect makes a test wait so long


class Setting:
    testcell = ""
    prefix = ()    # the words that make a command somebody else's
    user = ""
    rest = ()      # further programs
    scratch = ""   # a directory that is not below /tmp, of that user
    variables = {}  # set in every environment


SETTING = Setting()


def environment(**changes):
    """Ours, without flags of testcell's that somebody has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TESTCELL_")}
    kept.update(SETTING.variables, **changes)
    return kept


def words(*arguments):
    return [*SETTING.prefix, SETTING.testcell, *arguments]


def start(*arguments, env=None, prefix=(), **options):
    options.setdefault("cwd", SETTING.scratch)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([*prefix, *words(*arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment(**(env or {})), **options)


class Done:
    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    def __str__(self):
        return f"status {self.status}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


def finish(process, text=None):
    stdout, stderr = process.communicate(text, timeout=DEADLINE_S)
    return Done(process.returncode, stdout, stderr)


def run(*arguments, text=None, **options):
    if text is not None:
        options["stdin"] = subprocess.PIPE
    return finish(start(*arguments, **options), text)


def finish_in_full_user_namespace(script, command, variables=None):
    """A shell as root of a user namespace with all ids: the script, and then the command."""
    # The second shell is started as a root that is one.
    process = subprocess.Popen(
        ["unshare", "--user", "sh", "-c", "read go; exec sh -c \"$@\"", "sh",
         f"{script} && exec \"$@\"", "sh", *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=SETTING.scratch, env=environment(**(variables or {})))
    ours = os.readlink("/proc/self/ns/user")
    wait_until("it has its namespace",
               lambda: os.readlink(f"/proc/{process.pid}/ns/user") != ours)
    for kind in ("uid", "gid"):
        with open(f"/proc/{process.pid}/{kind}_map", "w", encoding="ascii") as file:
            file.write("0 0 65536")
    return finish(process, "go\n")


def read_line(stream):
    """The next line of a process that is to say something soon."""
    ready, _, _ = select.select([stream], [], [], DEADLINE_S)
    if not ready:
        raise AssertionError("nothing was said")
    return stream.readline().rstrip("\n")


def wait_until(what, condition):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.005)


def descendants(pid):
    """The states of all processes below one, by their ids."""
    parents, states = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry)], states[int(entry)] = int(fields[1]), fields[0]
    found, todo = {}, [pid]
    while todo:
        above = todo.pop()
        for child, parent in parents.items():
            if parent == above and states[child] not in "ZX":
                found[child] = states[child]
                todo.append(child)
    return found


class Terminal:
    """A command in a session of its own with a terminal, as a user has it."""

    def __init__(self, command, cwd=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd or SETTING.scratch)
                os.execvpe(command[0], command, environment(PS1="$ ", TERM="dumb"))
            finally:
                os._exit(99)
        self.seen = ""

    def expect(self, text):
        """Reads until the text has come; gives what stood before it."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            try:
                part = os.read(self.fd, 4096) if ready else b""
            except OSError:
                part = b""
            if not part:
                raise AssertionError(f"no {text!r} in {self.seen!r}")
            self.seen += part.decode(errors="replace")
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        """Exit status, or minus the signal."""
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self):
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", choices=("root", "user"), default="user")
    parser.add_argument("testcell")
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    if arguments.user == "root" and os.geteuid() != 0:
        print("skipped: not root")
        sys.exit(users.SKIPPED)
    somebody_else = arguments.user == "user" and os.geteuid() == 0
    if somebody_else:
        SETTING.prefix = users.AS_NOBODY
    SETTING.user = arguments.user
    directory = tempfile.mkdtemp(dir="/var/tmp" if os.path.isdir("/var/tmp") else None,
                                 prefix="cli-scratch-")
    try:
        # Wherever the build is, this user can get here.
        SETTING.testcell = shutil.copy(arguments.testcell, directory)
        SETTING.scratch = os.path.join(directory, "work")
        SETTING.rest = [shutil.copy(path, directory) for path in arguments.rest]
        os.mkdir(SETTING.scratch)
        os.chmod(directory, 0o755)
        if somebody_else:
            os.chown(SETTING.scratch, users.NOBODY, users.NOBODY)
        done = unittest.main(argv=sys.argv[:1], exit=False).result
    finally:
        shutil.rmtree(directory)
    sys.exit(0 if done.wasSuccessful() else 1)
