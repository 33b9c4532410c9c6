#!/usr/bin/env python3
"""Runs a GoogleTest program plain and in cells, and compares what comes out.

    compare_runs.py 'build/feature_plain' 'build/feature_cells --testcell_jobs=4' \\
        [--console] [--ignore REGEX]... [--ignore-report REGEX]... [-- GTEST_ARGS...]

Each command is run with --gtest_output=xml and again with =json. Compared are
both reports and the exit statuses, and with --console what was printed. Times,
timestamps and properties named testcell.* are left out of the comparison.

Exit status: 0 the same, 1 different, 2 a run did not come to an end.
"""

import argparse
import difflib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

TIMES = ("time", "timestamp")
OWN_PREFIX = "testcell."


class RunFailed(Exception):
    """A run that gave nothing to compare."""


def run(command, report_format, args):
    """Gives the exit status, and the console output and the report as bytes."""
    with tempfile.TemporaryDirectory(prefix="compare_runs.") as directory:
        report_path = os.path.join(directory, "report." + report_format)
        line = command + args.gtest_args + [f"--gtest_output={report_format}:{report_path}"]
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=args.timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise RunFailed(f"not done after {args.timeout} s: {shlex.join(line)}\n"
                            + tail(error.stdout or b"")) from error
        except OSError as error:
            raise RunFailed(f"can't run {shlex.join(line)}: {error}") from error
        if not os.path.exists(report_path):
            raise RunFailed(f"no report from {shlex.join(line)}, exit status {done.returncode}\n"
                            + tail(done.stdout))
        with open(report_path, "rb") as report:
            return done.returncode, done.stdout, report.read()


def tail(output, lines=20):
    return "\n".join(output.decode("latin-1").splitlines()[-lines:])


# A report may hold bytes that are not UTF-8, because a message did. As Latin-1
# each byte is a character, so that nothing is lost and both sides stay alike.
# Each line of a flattened report begins with the names of what it is in, so that
# a line of the diff can be read alone.


def lines_of_xml(report):
    text = report.decode("latin-1").replace('encoding="UTF-8"', "", 1)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return lines_of_text(report)
    return list(flatten_xml(root, ""))


def flatten_xml(element, parent):
    name = element.get("name")
    if element.tag == "property" and name.startswith(OWN_PREFIX):
        return
    children = [line for child in element
                for line in flatten_xml(child, f"{parent}/{name}" if name else parent)]
    if element.tag == "properties":
        yield from children
        return
    path = f"{parent}/{name}: {element.tag}" if name else f"{parent}: {element.tag}"
    yield path
    for key, value in sorted(element.attrib.items()):
        if not key.startswith(OWN_PREFIX):
            yield f"{path} {key}={'*' if key in TIMES else repr(value)}"
    for line in (element.text or "").splitlines():
        if line.strip():
            yield f"{path} | {line!r}"
    yield from children


def lines_of_json(report):
    try:
        value = json.loads(report.decode("latin-1"), strict=False)
    except ValueError:
        return lines_of_text(report)
    return list(flatten_json(value, ""))


def flatten_json(value, path):
    if isinstance(value, dict):
        path = f"{path}/{value['name']}" if "name" in value else path
        for key, item in value.items():
            if not key.startswith(OWN_PREFIX):
                yield from flatten_json("*" if key in TIMES else item, f"{path}: {key}")
    elif isinstance(value, list):
        path = path.rsplit(": ", 1)[0]
        for item in value:
            yield path
            yield from flatten_json(item, path)
    else:
        yield f"{path}={value!r}"


def lines_of_text(report):
    """For a report that can't be parsed, such as GoogleTest's JSON of a failed Environment."""
    text = re.sub(r'\b(time|timestamp)("?[:=] ?)"[^"]*"', r"\1\2*", report.decode("latin-1"))
    # Without the comma at its end: it depends on whether a property follows.
    return [line.removesuffix(",") for line in text.splitlines() if f'"{OWN_PREFIX}' not in line]


def lines_of_console(output, args):
    text = output.decode("latin-1")
    text = re.sub(r"\(\d+ ms( total)?\)", r"(* ms\1)", text)
    text = re.sub(r"/compare_runs\.[^/\s]+/", "/", text)
    return [line for line in text.split("\n") if not any(p.search(line) for p in args.ignore)]


def report_difference(title, plain, cells, args):
    """Prints a diff, each line cut to what can be read; gives whether there is one."""
    if plain == cells:
        return False
    print(f"--- {title} differs")
    # What both begin and end with is kept from difflib, which may take lines of
    # one repetition for another's.
    begin = len(os.path.commonprefix([plain, cells]))
    end = min(len(os.path.commonprefix([plain[::-1], cells[::-1]])),
              min(len(plain), len(cells)) - begin)
    context = max(begin - 3, 0)
    print(f"from line {context + 1} on:")
    diff = difflib.unified_diff(plain[context:len(plain) - end], cells[context:len(cells) - end],
                                "plain", "cells", lineterm="", n=3)
    for count, line in enumerate(diff):
        if count >= args.max_lines:
            print(f"... more than {args.max_lines} lines; see --max-lines")
            break
        print(line if len(line) <= args.max_width
              else f"{line[:args.max_width]}... ({len(line)} characters)")
    return True


def compare(args):
    different = False
    count = "?"
    for report_format, lines_of in (("xml", lines_of_xml), ("json", lines_of_json)):
        plain = run(args.plain, report_format, args)
        cells = run(args.cells, report_format, args)
        if plain[0] != cells[0]:
            print(f"--- exit status differs: {plain[0]} plain, {cells[0]} in cells")
            print(tail(cells[1]))
            different = True
        plain_lines, cells_lines = ([line for line in lines_of(report[2])
                                     if not any(p.search(line) for p in args.ignore_report)]
                                    for report in (plain, cells))
        different |= report_difference(report_format, plain_lines, cells_lines, args)
        if report_format == "xml":
            count = sum(line.endswith(": testcase") for line in plain_lines)
            if args.console:
                different |= report_difference("console", lines_of_console(plain[1], args),
                                               lines_of_console(cells[1], args), args)
    if not different:
        print(f"the same: {count} tests, exit status {plain[0]}")
    return different


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("plain", type=shlex.split, help="the command without cells")
    parser.add_argument("cells", type=shlex.split, help="the command with cells")
    parser.add_argument("--console", action="store_true", help="compare the printed output, too")
    parser.add_argument("--ignore-report", action="append", default=[], type=re.compile,
                        metavar="REGEX", help="leave out lines of the reports that match")
    parser.add_argument("--ignore", action="append", default=[], type=re.compile, metavar="REGEX",
                        help="leave printed lines out in which this is found")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS",
                        help="for each run (default: %(default)s)")
    parser.add_argument("--max-lines", type=int, default=200, help="of each diff")
    parser.add_argument("--max-width", type=int, default=300, help="of each line of a diff")
    own, gtest_args = sys.argv[1:], []
    if "--" in own:
        split = own.index("--")
        own, gtest_args = own[:split], own[split + 1:]
    args = parser.parse_args(own)
    args.gtest_args = gtest_args
    return args


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the diff may be piped into head
    try:
        return 1 if compare(parse_arguments()) else 0
    except RunFailed as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
