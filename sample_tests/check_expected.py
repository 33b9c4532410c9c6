#!/usr/bin/env python3
"""Runs the samples and compares every case's outcome with a table.

A row of the table: SUITE.CASE <tab> BINARY [FLAGS] <tab> passed|failed|skipped
A case that ran and is not in the table is an error, and so is one that is in
the table and did not run. Blank lines and those that begin with # are skipped.
"""

import argparse
import collections
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

OUTCOMES = ("passed", "failed", "skipped")
REPORT = "report.json"
SKIPPED_STATUS = 77  # SKIP_RETURN_CODE in CMakeLists.txt


def read_table(path):
    """Gives {command: {case: outcome}}."""
    table = collections.defaultdict(dict)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or fields[2] not in OUTCOMES or fields[0] in table[fields[1]]:
            sys.exit(f"{path}:{number}: not CASE, COMMAND and {'|'.join(OUTCOMES)}, once each: {line}")
        table[fields[1]][fields[0]] = fields[2]
    return table


def outcome_of(test):
    if test.get("failures"):
        return "failed"
    return {"COMPLETED": "passed", "SKIPPED": "skipped"}.get(test["result"], test["result"])


def run(command, options, scratch, user):
    """Runs one command; gives its cases' outcomes, its exit status and its output."""
    binary, *flags = command.split()
    report = scratch / REPORT
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [options.directory / binary, *flags, f"--testcell_jobs={options.jobs}",
         f"--gtest_output=json:{report}"],
        cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        **user)
    outcomes = {}
    if report.exists():
        for suite in json.loads(report.read_text())["testsuites"]:
            for test in suite["testsuite"]:
                if test["status"] == "RUN":
                    outcomes[f"{suite['name']}.{test['name']}"] = outcome_of(test)
    return outcomes, done.returncode, done.stdout


def compare(expected, actual, status):
    """Gives what is wrong, a line each."""
    for case in expected.keys() - actual.keys():
        yield f"{case}: did not run"
    for case in actual.keys() - expected.keys():
        yield f"{case}: {actual[case]}, but has no row in the table"
    for case in expected.keys() & actual.keys():
        if expected[case] != actual[case]:
            yield f"{case}: expected {expected[case]}, was {actual[case]}"
    expected_status = int("failed" in expected.values())
    if status != expected_status:
        yield f"exit status {status}, expected {expected_status}"


def ordinary_user(binary, scratch):
    """Gives what makes subprocess.run an ordinary user's; exits if there is no way."""
    if os.getuid() != 0:
        print("not root: the other test is unprivileged already")
        sys.exit(SKIPPED_STATUS)
    nobody = pwd.getpwnam("nobody")
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    os.chown(scratch, nobody.pw_uid, nobody.pw_gid)
    for path in (binary, scratch):
        if subprocess.run(["test", "-x", path], check=False, **user).returncode != 0:
            print(f"{path} is out of the reach of {nobody.pw_name}")
            sys.exit(SKIPPED_STATUS)
    return user


def check(table, options, scratch, user):
    wrong = 0
    unknown = set(options.binaries) - {command.split()[0] for command in table}
    for binary in sorted(unknown):
        print(f"{binary}: no row in {options.table}")
        wrong += 1
    for command, expected in table.items():
        outcomes, status, output = run(command, options, scratch, user)
        problems = sorted(compare(expected, outcomes, status))
        left = sorted(path.name for path in scratch.iterdir() if path.name != REPORT)
        problems += [f"{name}: left in the host's working directory" for name in left]
        print(f"{'WRONG' if problems else 'ok   '} {command}: {len(outcomes)} cases")
        if problems:
            print(*problems, output, sep="\n")
            wrong += 1
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--directory", type=pathlib.Path, required=True, help="of the binaries")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--unprivileged", action="store_true", help="run them as nobody")
    parser.add_argument("binaries", nargs="*", help="each must have a row")
    options = parser.parse_args()

    table = read_table(options.table)
    # In the build directory and not in /tmp, so that what a cell does to /tmp
    # makes no difference here.
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="samples-", dir=options.directory))
    try:
        binary = options.directory / next(iter(table)).split()[0]
        user = ordinary_user(binary, scratch) if options.unprivileged else {}
        return 1 if check(table, options, scratch, user) else 0
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    sys.exit(main())
