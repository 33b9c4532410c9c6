"""Runs the payloads in cells and compares what was found with a table.

    findings_test.py DRIVER TABLE [--repeat=N] [--jobs=N]

Every row is to be found once a run, and nothing that has no row: payloads
without rows are to yield nothing.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

DRIVER = os.path.abspath(sys.argv[1])
TABLE = sys.argv[2]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
REPEAT = next((int(a[9:]) for a in sys.argv[3:] if a.startswith("--repeat=")), 3)
JOBS = next((int(a[7:]) for a in sys.argv[3:] if a.startswith("--jobs=")), 4)
failed = False


# ThreadSanitizer gives every process a thread, which blocks all signals: others that do
# are taken for it, and threads have to be looked for in /proc even where nothing is
# left to look with. It crashes in threads that libc starts, and reports a race in
# std::promise, of which it knows but half.
OTHERWISE = {"thread_blocking_all_left", "thread_of_timer_left", "thread_of_timer_clean",
             "thread_of_getaddrinfo_clean", "thread_ending_clean", "fd_all_numbers_taken",
             "proc_covered_left", "proc_unmounted_clean", "proc_unmounted_left"}
LEFT_OUT = OTHERWISE if os.environ.get("SANITIZER") == "thread" else set()


def expected(cwd, options):
    """The rows that hold with these: "strict" or "all" in the fifth column."""
    rows = collections.defaultdict(list)
    with open(TABLE, encoding="utf-8") as table:
        for line in table:
            if line.startswith("#"):
                continue
            payload, side, kind, name, *needed = line.rstrip("\n").split("\t")
            if not set(needed) <= set(options):
                continue
            if payload in LEFT_OUT:
                continue
            rows[payload].append((side, kind, name.replace("CWD", re.escape(cwd))))
    return rows


def compare(output, rows):
    """Problems, one a line. Each of the runs of a payload has the same rows."""
    problems = collections.Counter()
    counts = collections.Counter()
    for line in output.splitlines():
        payload, side, kind, name, _ = line.split("\t")
        if payload in LEFT_OUT:
            continue
        for row in rows[payload]:
            if row[:2] == (side, kind) and re.fullmatch(row[2], name):
                counts[payload, row] += 1
                break
        else:
            problems[f"not expected of {payload}: {side} {kind} {name}"] += 1
    for payload, wanted in rows.items():
        for row in wanted:
            missed = REPEAT * wanted.count(row) - counts[payload, row]
            if missed:
                problems[f"{missed} missed of {payload}: {' '.join(row)}"] += 1
    return [f"{problem} ({count} times)" for problem, count in problems.items()]


def make_directory():
    """A working directory with the files that payloads change."""
    place = "/opt" if os.access("/opt", os.W_OK) else None
    cwd = tempfile.mkdtemp(prefix="findings-", dir=place)
    os.mkdir(os.path.join(cwd, "sub"))
    for name in ("kept", "changed", "gone", "sub/kept"):
        with open(os.path.join(cwd, name), "w", encoding="utf-8") as file:
            file.write(name)
    return cwd


def run(what, arguments, prefix=(), options=("strict",)):
    global failed
    cwd = make_directory()
    if prefix:
        for path, _, files in os.walk(cwd):
            for name in [path] + [os.path.join(path, file) for file in files]:
                os.chown(name, 65534, 65534)
    command = [*prefix, DRIVER, f"--repeat={REPEAT}", f"--jobs={JOBS}", *arguments]
    command += [f"--{option}" for option in options]
    environment = dict(os.environ, ZOO_OLD="before", HOME="/")
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment,
                            stdin=subprocess.DEVNULL, check=False)
    problems = compare(result.stdout, expected(cwd, options))
    if result.returncode != 0 or (result.stderr and not LEFT_OUT):
        problems.append(f"status {result.returncode}, {result.stderr.strip()}")
    print(("FAILED  " if problems else "ok      ") + what, flush=True)
    for problem in problems:
        print("  " + problem)
    failed = failed or bool(problems)
    shutil.rmtree(cwd)


def main():
    root = os.geteuid() == 0
    run("as root" if root else "as this user", [])
    run("without changed state", [], options=())
    run("with all uses", [], options=("all",))
    if root:
        run("as root in a user namespace", ["--user-namespace"])
    if not root:
        run("as this user, who is root inside", ["--user=root"])
    elif subprocess.run([*NOBODY, "test", "-x", DRIVER], check=False).returncode == 0:
        run("as nobody", [], NOBODY)
        run("as nobody, with all uses", [], NOBODY, options=("all",))
        run("as nobody, who is root inside", ["--user=root"], NOBODY)
    else:
        print(f"skipped as nobody, who can't reach {DRIVER}")
    sys.exit(1 if failed else 0)


main()
