"""Runs a GoogleTest program, and makes what comes out comparable: times,
timestamps, addresses, properties named testcell.* and testcell's summary of
findings are left out."""

import json
import os
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

TIMES = ("time", "timestamp")
OWN_PREFIX = "testcell."


class RunFailed(Exception):
    """A run that gave nothing to compare."""


@dataclass
class Result:
    """What a run left. A report is None where the program wrote none."""
    status: int
    console: bytes
    reports: dict = field(default_factory=dict)
    stream: bytes = b""
    files: dict = field(default_factory=dict)


def tail(output, lines=20):
    return "\n".join(output.decode("latin-1").splitlines()[-lines:])


class StreamReader:
    """The other end of --gtest_stream_result_to, for one run."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.bytes = b""
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        connection, _ = self.socket.accept()
        with connection:
            while part := connection.recv(1 << 16):
                self.bytes += part

    def finish(self):
        # In line behind the program, for one that never came.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.socket.close()
        return self.bytes


def bazel_environment(directory, report_path):
    """What Bazel's test-setup.sh gives to a test, all of it below `directory`."""
    names = {"TEST_TMPDIR": "tmp", "TEST_UNDECLARED_OUTPUTS_DIR": "outputs"}
    for name in names.values():
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    names.update(GTEST_SHARD_STATUS_FILE="shard_status", TEST_SHARD_STATUS_FILE="shard_status",
                 TEST_PREMATURE_EXIT_FILE="premature_exit")
    paths = {name: os.path.join(directory, path) for name, path in names.items()}
    return {**paths, "XML_OUTPUT_FILE": report_path}


def files_in(directory):
    """Content by relative path."""
    found = {}
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            relative = os.path.relpath(path, directory)
            if relative.startswith(("report.", "tmp/")):  # the report, and what is a cell's own
                continue
            with open(path, "rb") as file:
                found[relative] = file.read()
    return found


def run(command, gtest_args=(), report_format="xml", environment=None, timeout=300, stream=False,
        bazel=False, cwd=None):
    """Never raises for what the program does, but for not coming to an end."""
    with tempfile.TemporaryDirectory(prefix="compare_runs.") as directory:
        report_path = os.path.join(directory, "report." + report_format)
        variables = {**os.environ, **(environment or {})}
        line = [*command, *gtest_args]
        os.chmod(directory, 0o777)  # the run may be another user's
        # A place of its own for temporary files: what one run leaves is not for the next.
        os.mkdir(os.path.join(directory, "tmp"))
        os.chmod(os.path.join(directory, "tmp"), 0o777)
        variables["TEST_TMPDIR"] = os.path.join(directory, "tmp")
        if bazel:
            variables.update(bazel_environment(directory, report_path))
        else:
            line.append(f"--gtest_output={report_format}:{report_path}")
        reader = StreamReader() if stream else None
        if reader:
            line.append(f"--gtest_stream_result_to=127.0.0.1:{reader.port}")
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout, check=False,
                                  env=variables, cwd=cwd)
        except subprocess.TimeoutExpired as error:
            raise RunFailed(f"not done after {timeout} s: {shlex.join(line)}\n"
                            + tail(error.stdout or b"")) from error
        except OSError as error:
            raise RunFailed(f"can't run {shlex.join(line)}: {error}") from error
        finally:
            streamed = reader.finish() if reader else b""
        console = done.stdout
        if reader:
            console = console.replace(f":{reader.port}".encode(), b":*")
        result = Result(done.returncode, console, {report_format: None}, streamed)
        if os.path.exists(report_path):
            with open(report_path, "rb") as report:
                result.reports[report_format] = report.read()
        if bazel:
            result.files = files_in(directory)
        return result


# A report may hold bytes that are not UTF-8, because a message did. As Latin-1
# each byte is a character, so that nothing is lost and both sides stay alike.
# Each line of a flattened report begins with the names of what it is in, so that
# a line of the diff can be read alone.


def without_addresses(text):
    """GoogleTest prints pointers, and no two programs have the same ones."""
    return re.sub(r"\b0x[0-9a-f]{5,16}\b", "0x*", text)


def parse_xml(report):
    """The root element; None for a report that is none."""
    if report is None:
        return None
    text = without_addresses(report.decode("latin-1").replace('encoding="UTF-8"', "", 1))
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None


def lines_of_xml(report):
    if report is None:
        return ["no report"]
    root = parse_xml(report)
    return lines_of_text(report) if root is None else list(flatten_xml(root, ""))


def verdicts(report):
    """By name: passed, failed or skipped."""
    found = {}
    for case in parse_xml(report).iter("testcase"):
        verdict = "passed" if case.get("result") == "completed" else "skipped"
        if case.find("failure") is not None:
            verdict = "failed"
        if case.get("status") == "run":
            found[f"{case.get('classname')}.{case.get('name')}"] = verdict
    return found


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
    if report is None:
        return ["no report"]
    try:
        value = json.loads(without_addresses(report.decode("latin-1")), strict=False)
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


LINES_OF = {"xml": lines_of_xml, "json": lines_of_json}


FINDINGS = re.compile(r"(\x1b\[[0-9;]*m)?\[( testcell |   LEAK   | ALLOWED  | CONFLICT )\]")


def without_findings(lines):
    """Without testcell's summary of leaks and conflicts, and the lines that belong to it."""
    inside = False
    for line in lines:
        inside = bool(FINDINGS.match(line)) or (
            inside and line.startswith((" ", "set_tests_properties(")))
        if not inside:
            yield line


def lines_of_console(output, ignore=()):
    text = without_addresses(output.decode("latin-1"))
    text = re.sub(r"\(\d+ ms( total)?\)", r"(* ms\1)", text)
    text = re.sub(r"/compare_runs\.[^/\s]+/", "/", text)
    return [line for line in without_findings(text.split("\n"))
            if not any(p.search(line) for p in ignore)]


def lines_of_stream(stream):
    text = without_addresses(stream.decode("latin-1"))
    text = re.sub(r"elapsed_time=\d+ms", "elapsed_time=*", text)
    return text.splitlines()
