#!/usr/bin/env python3
"""Runs a GoogleTest program plain and in cells, and compares what comes out.

    compare_runs.py 'build/feature_plain' 'build/feature_cells --testcell_jobs=4' \\
        [--console] [--ignore REGEX]... [--ignore-report REGEX]... [-- GTEST_ARGS...]

Each command is run with --gtest_output=xml and again with =json. Compared are
both reports and the exit statuses, and with --console what was printed. Times,
timestamps, addresses and properties named testcell.* are left out of the
comparison. With --stream what goes to --gtest_stream_result_to is compared, too,
and with --bazel both run in the environment of a Bazel test, and the files that
they leave there are compared.

Exit status: 0 the same, 1 different, 2 a run did not come to an end.
"""

import argparse
import difflib
import os
import re
import shlex
import signal
import sys

import runs


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


def compare_format(report_format, args):
    """Both runs with one format of the report; how many tests, and whether they differ."""
    def lines_of(report):
        return [line for line in runs.LINES_OF[report_format](report)
                if not any(pattern.search(line) for pattern in args.ignore_report)]

    how = {"report_format": report_format, "timeout": args.timeout, "stream": args.stream,
           "bazel": args.bazel}
    plain = runs.run(args.plain, args.gtest_args, **how)
    cells = runs.run(args.cells, args.gtest_args, **how)
    different = False
    if plain.status != cells.status:
        print(f"--- exit status differs: {plain.status} plain, {cells.status} in cells")
        print(runs.tail(cells.console))
        different = True
    lines = lines_of(plain.reports[report_format])
    different |= report_difference(report_format, lines, lines_of(cells.reports[report_format]),
                                   args)
    if args.console:
        different |= report_difference("console", runs.lines_of_console(plain.console, args.ignore),
                                       runs.lines_of_console(cells.console, args.ignore), args)
    different |= report_difference("stream", runs.lines_of_stream(plain.stream),
                                   runs.lines_of_stream(cells.stream), args)
    different |= report_difference("set of files", sorted(map(repr, plain.files.items())),
                                   sorted(map(repr, cells.files.items())), args)
    count = sum(line.endswith(": testcase") for line in lines)
    return different, f"{count} tests, exit status {plain.status}"


def compare(args):
    different, what = compare_format("xml", args)
    if not args.bazel:  # whose XML_OUTPUT_FILE has one format
        different |= compare_format("json", args)[0]
    if not different:
        print(f"the same: {what}")
    return different


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("plain", type=shlex.split, help="the command without cells")
    parser.add_argument("cells", type=shlex.split, help="the command with cells")
    parser.add_argument("--console", action="store_true", help="compare the printed output, too")
    parser.add_argument("--stream", action="store_true", help="compare streamed results, too")
    parser.add_argument("--bazel", action="store_true", help="run as Bazel would")
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
    except runs.RunFailed as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
