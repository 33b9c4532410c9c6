"""Runs isolation_test as every kind of user and from every kind of place.

    isolation_test.py BINARY [SECOND_RUN...]

What tests write must not reach the host, wherever the run was started.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import users

BINARY = os.path.abspath(sys.argv[1])
failures = []


def bound_through(*paths):
    """The entries of private directories that lead to these paths."""
    names = []
    for path in paths:
        for place in ("/tmp/", "/var/tmp/", "/dev/shm/"):
            if path.startswith(place):
                names.append(path[len(place):].split("/")[0])
    return ":".join(names)


def run(what, arguments, cwd, prefix=(), binary=BINARY, expect=0, contains=None):
    command = [*prefix, binary, "--testcell_jobs=4", "--gtest_brief=1", *arguments]
    environment = dict(os.environ, BOUND_THROUGH=bound_through(BINARY, cwd + "/"))
    before = set(os.listdir(cwd))
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment,
                            stdin=subprocess.DEVNULL, check=False)
    output = result.stdout + result.stderr
    problems = []
    if result.returncode != expect:
        problems.append(f"status {result.returncode}, not {expect}")
    if contains and contains not in output:
        problems.append(f"no '{contains}' in the output")
    left = set(os.listdir(cwd)) - before
    if cwd in ("/", "/tmp"):  # others make files there meanwhile
        left = {name for name in left if "claimed" in name}
    if left:
        problems.append(f"left {left} in {cwd}")
    for path in ("/run/testcell-claimed", "/tmp/claimed", "/var/tmp/claimed", "/dev/shm/claimed"):
        if os.path.exists(path):
            problems.append(f"{path} reached the host")
    print(("ok      " if not problems else "FAILED  ") + what, flush=True)
    if problems:
        failures.append(what)
        print("  " + "; ".join(problems) + "\n" + output)


def processes(name):
    """Those of that name, zombies included, as state and process id."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                pid, rest = file.read().split(" (", 1)
        except (OSError, ValueError):
            continue  # no process, or gone
        comm, fields = rest.rsplit(") ", 1)
        if comm == name:
            found.append(f"{pid} {fields[0]}")
    return found


def leaves_no_process(user, directory, prefix):
    """When a run has ended, so have all processes of it, at that very moment."""
    name = f"left-{os.getpid()}"
    program = os.path.join(directory, name)
    shutil.copy(BINARY, program)
    os.chmod(program, 0o755)
    for repeat in range(5):
        subprocess.run([*prefix, program, "--testcell_jobs=4", "--gtest_filter=Pair.*"],
                       cwd=directory, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        left = processes(name)
        print(("ok      " if not left else "FAILED  ") + f"{user}, processes after run {repeat + 1}")
        if left:
            failures.append(f"{user}, left processes: {left}")
            print("  " + "; ".join(left), flush=True)
    os.unlink(program)


def everybody():
    yield "as root" if os.geteuid() == 0 else "as this user", ()
    if os.geteuid() != 0:
        return
    # As in a container that is nobody's but the user's own.
    yield "as root of a user namespace", ["unshare", "--user", "--map-root-user"]
    if users.can_execute(BINARY):
        yield "as nobody", users.AS_NOBODY
    else:
        print(f"skipped as nobody, who can't reach {BINARY}")


def main():
    for user, prefix in everybody():
        home = tempfile.mkdtemp(prefix="isolation-", dir="/opt" if os.access("/opt", os.W_OK) else None)
        os.chmod(home, 0o777)
        run(f"{user}, in a directory", [], home, prefix)
        if prefix or os.geteuid() != 0:
            run(f"{user}, who is root inside", ["--testcell_user=root"], home, prefix)
        run(f"{user}, with /tmp copy-on-write", ["--testcell_tmp=cow", "--gtest_filter=Pair.*"],
            home, prefix)
        run(f"{user}, in /", ["--gtest_filter=-Pair.*:InUser*"], "/", prefix)
        run(f"{user}, in / with a private working directory", ["--testcell_cwd=private"], "/",
            prefix, expect=2, contains="no test was run: the working directory / can't be made")
        for place in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
            if not os.access(place, os.W_OK):
                continue
            below = tempfile.mkdtemp(prefix="isolation-", dir=place)
            os.chmod(below, 0o777)
            binary = os.path.join(below, "program")
            shutil.copy(BINARY, binary)
            os.chmod(binary, 0o755)
            run(f"{user}, program and directory below {place}", [], below, prefix, binary)
            link = os.path.join(below, "link")
            os.symlink("program", link)
            run(f"{user}, by a relative symbolic link below {place}", [], below, prefix, "./link")
            shutil.rmtree(below)
        run(f"{user}, in /tmp itself", ["--gtest_filter=Pair.*:Names.*"], "/tmp", prefix)
        leaves_no_process(user, home, prefix)
        shutil.rmtree(home)
    print(f"{len(failures)} failed" if failures else "all as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
