#!/usr/bin/env python3
"""testcell merge: reports of shards, and files that are none.

    merge_test.py TESTCELL PROGRAM SCHEMA

PROGRAM is plain_tests, of which many bind one port.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema

TESTCELL = PROGRAM = SCHEMA = ""
TIMEOUT_S = 100
FILTER = "--gtest_filter=Claims.*:Outcome.Passes:Outcome.Fails:Outcome.Skips:Outcome.*abled*"
SHARDS = 3


def environment(changes):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("TESTCELL_", "GTEST_"))}
    return {**kept, **changes}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(dir="/var/tmp", prefix="merge-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.run_shard("whole", {})
        for index in range(SHARDS):
            cls.run_shard(f"shard-{index}", {"GTEST_TOTAL_SHARDS": str(SHARDS),
                                             "GTEST_SHARD_INDEX": str(index)})

    @classmethod
    def run_shard(cls, name, changes):
        done = subprocess.run(
            [TESTCELL, "gtest", f"--report=json:{name}.json", "--cwd=shared", "--", PROGRAM, FILTER,
             f"--gtest_output=xml:{cls.directory}/{name}.xml"], cwd=cls.directory, check=False,
            env=environment(changes), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=TIMEOUT_S)
        if done.returncode not in (0, 1):
            raise AssertionError(done.stdout.decode())

    def path(self, name):
        return os.path.join(self.directory, name)

    def setUp(self):
        for name in ("out", "history"):
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def write(self, name, text):
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def merge(self, *words, **options):
        return subprocess.run([TESTCELL, "merge", *words], cwd=self.directory, check=False, text=True,
                              env=environment({}), stdin=subprocess.DEVNULL, timeout=TIMEOUT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def merged(self, *words):
        done = self.merge("out", *words)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return self.read("out")

    def refused(self, *words, status=1):
        """What it says; OUT is not there."""
        done = self.merge(*words)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertFalse([name for name in os.listdir(self.directory) if name.startswith("out")])
        return done.stderr.removeprefix("testcell: ").rstrip("\n")


class Json(Case):
    INPUTS = [f"shard-{index}.json" for index in range(SHARDS)]

    def test_shards_make_the_whole(self):
        report = json.loads(self.merged(*self.INPUTS))
        with open(SCHEMA, encoding="utf-8") as file:
            jsonschema.Draft7Validator(json.load(file)).validate(report)
        whole = json.loads(self.read("whole.json"))
        fixed = ("name", "outcome", "exit_status", "signal", "rung", "uses", "attempts", "flaky")

        def facts(report):
            return sorted(json.dumps([test[name] for name in fixed]) for test in report["tests"])

        def conflicts(report):
            return [(entry["kind"], entry["name"], sorted(entry["tests"]))
                    for entry in report["conflicts"]]

        self.assertEqual(facts(report), facts(whole))
        self.assertEqual(conflicts(report), conflicts(whole))
        self.assertEqual(len(conflicts(whole)[0][2]), 20)
        inputs = [json.loads(self.read(name)) for name in self.INPUTS]
        self.assertEqual(report["jobs"], max(part["jobs"] for part in inputs))
        self.assertGreaterEqual(report["wall_ms"], sum(part["wall_ms"] for part in inputs))
        self.assertEqual((report["isolation"], report["version"]),
                         (whole["isolation"], whole["version"]))

    def test_one_input_stays_what_it_is(self):
        report, whole = json.loads(self.merged("whole.json")), json.loads(self.read("whole.json"))
        self.assertEqual(report, whole)

    def test_the_same_test_twice(self):
        self.assertRegex(self.refused("out", "shard-0.json", "shard-1.json", "shard-0.json"),
                         r"^shard-0\.json: it has \w+\.\S+, which shard-0\.json has, too$")
        self.assertRegex(self.refused("out", "shard-1.json", "whole.json"),
                         r"^whole\.json: it has \w+\.\S+, which shard-1\.json has, too$")

    def test_what_is_no_report(self):
        text = self.read("shard-1.json")
        for name, content, expected in (
                ("cut", text[:len(text) // 2], "not JSON at byte \\d+"),
                ("empty", "", "it is neither JSON nor XML"),
                ("garbage", os.urandom(1000).replace(b"{", b"").replace(b"<", b""),
                 "it is neither JSON nor XML"),
                ("schema", text.replace('"schema": 1', '"schema": 2'),
                 "its schema is 2, and only 1 is known"),
                ("googletest", '{"tests": 0, "testsuites": []}', "it is no report of testcell's"),
                ("bytes", text.encode().replace(b"Claims", b"\xff\xfe"), "not JSON at byte \\d+"),
                ("deep", '{"a":' * 100000, "it is nested too deep"),
                ("wrong", text.replace('"passed"', '"fine"', 1),
                 r"tests\[\d+\]\.outcome is 'fine', which is none that is known")):
            with self.subTest(name):
                self.write(name, content)
                self.assertRegex(self.refused("out", "shard-0.json", name), f"^{name}: {expected}$")

    def test_what_cannot_be_read(self):
        self.assertEqual(self.refused("out", "shard-0.json", "none.json"),
                         "none.json: cannot read it: No such file or directory")
        self.assertEqual(self.refused("out", "."), ".: cannot read it: Is a directory")
        self.assertEqual(self.refused("out", "/dev/zero"), "/dev/zero: it is larger than 128 MiB")

    def test_kinds_that_don_t_mix(self):
        self.assertEqual(self.refused("out", "shard-0.json", "shard-1.xml"),
                         "shard-1.xml: it is XML, and those before it are JSON")
        self.assertEqual(self.refused("out", "shard-0.xml", "shard-1.json"),
                         "shard-1.json: it is JSON, and those before it are XML")

    def test_out(self):
        self.assertIn("cannot write the report /no/such/out", self.refused("/no/such/out", "whole.json"))
        # One of the inputs is read before it is replaced; a failure leaves it as it is.
        shutil.copy(self.path("shard-0.json"), self.path("all.json"))
        self.assertEqual(self.merge("all.json", "all.json", "shard-1.json").returncode, 0)
        before = self.read("all.json")
        self.assertEqual(self.merge("all.json", "all.json", "shard-1.json").returncode, 1)
        self.assertEqual(self.read("all.json"), before)
        done = self.merge("/dev/stdout", "all.json", "shard-2.json")
        self.assertEqual(len(json.loads(done.stdout)["tests"]),
                         len(json.loads(self.read("whole.json"))["tests"]))

    def test_words_that_are_wrong(self):
        for words in ((), ("out",), ("--history=history", "out"), ("--no-such", "out", "whole.json")):
            self.refused(*words, status=2)

    def test_durations_are_kept(self):
        done = self.merge("--history=history", "out", *self.INPUTS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = self.read("history").splitlines()
        self.assertEqual(lines[0], "testcell history 1")
        whole = json.loads(self.read("whole.json"))
        self.assertEqual(sorted(line.partition(" ")[2] for line in lines[1:]),
                         sorted(test["name"] for test in whole["tests"]))
        self.write("history", "somebody's\n")
        os.remove(self.path("out"))
        self.assertIn("testcell does not touch it",
                      self.refused("--history=history", "out", *self.INPUTS))


class Xml(Case):
    INPUTS = [f"shard-{index}.xml" for index in range(SHARDS)]
    COUNTS = ("tests", "failures", "disabled", "errors", "skipped")

    @staticmethod
    def cases(root):
        return {f"{case.get('classname')}.{case.get('name')}":
                (case.get("status"), case.get("result"),
                 [(child.tag, child.get("message"), child.text) for child in case
                  if child.tag in ("failure", "skipped")]) for case in root.iter("testcase")}

    def test_shards_make_the_whole(self):
        root = ElementTree.fromstring(self.merged(*self.INPUTS))
        whole = ElementTree.fromstring(self.read("whole.xml"))
        self.assertEqual(self.cases(root), self.cases(whole))
        suites = {suite.get("name"): suite for suite in root}
        self.assertEqual(sorted(suites), sorted(suite.get("name") for suite in whole))
        for mine, other in [(root, whole)] + [(suites[suite.get("name")], suite) for suite in whole]:
            for name in self.COUNTS:
                self.assertEqual(mine.get(name), other.get(name), (mine.get("name"), name))
        parts = [ElementTree.fromstring(self.read(name)) for name in self.INPUTS]
        self.assertAlmostEqual(float(root.get("time")),
                               sum(float(part.get("time")) for part in parts), 6)
        self.assertEqual(root.get("timestamp"), min(part.get("timestamp") for part in parts))
        self.assertEqual(root.get("name"), "AllTests")

    def test_what_is_odd_stays(self):
        text = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="1" failures="1" disabled="0" errors="0" time="0." timestamp="2026-01-01T00:00:00"
            name="AllTests" own="&lt;&#x0A;&quot;">
  <testsuite name="A" tests="1" failures="1" disabled="0" errors="0" time="1.5">
    <testcase name="a&amp;b" status="run" classname="A" time="0.5">
      <failure message="x&#x0A;y" type=""><![CDATA[one ]]>]]&gt;<![CDATA[ two
three]]></failure>
      <properties><property name="p" value="v"/></properties>
    </testcase>
    <testcase name="" status="run" classname=""><failure message="set-up" type=""/></testcase>
  </testsuite>
</testsuites>"""
        self.write("a.xml", text)
        self.write("b.xml", text.replace("a&amp;b", "c").replace('time="1.5"', 'time="2"')
                   .replace(' own="&lt;&#x0A;&quot;"', ' own="other" random_seed="3"'))
        root = ElementTree.fromstring(self.merged("a.xml", "b.xml"))
        self.assertEqual((root.get("own"), root.get("random_seed"), root.get("tests")),
                         ("<\n\"", "3", "2"))
        suite, = root
        self.assertEqual((suite.get("time"), suite.get("failures")), ("3.500", "2"))
        self.assertEqual([case.get("name") for case in suite], ["a&b", "", "c", ""])
        failure, properties = suite[0]
        self.assertEqual((failure.get("message"), failure.text),
                         ("x\ny", "one ]]> two\nthree"))
        self.assertEqual(properties[0].attrib, {"name": "p", "value": "v"})

    def test_the_same_test_twice(self):
        self.assertRegex(self.refused("out", "shard-1.xml", "whole.xml"),
                         r"^whole\.xml: it has \w+\.\S+, which shard-1\.xml has, too$")
        # Within one report that is the program's own business.
        twice = """<testsuites tests="2" failures="0"><testsuite name="A" tests="2" failures="0">
<testcase name="a" status="run"/><testcase name="a" status="run"/></testsuite></testsuites>"""
        self.write("twice.xml", twice)
        self.assertEqual(self.merged("twice.xml").count("<testcase"), 2)

    def test_what_is_no_report(self):
        text = self.read("shard-1.xml")
        good = '<testsuites tests="1" failures="0">%s</testsuites>'
        for name, content, expected in (
                ("cut", text[:len(text) // 2], "not XML at byte \\d+: .*"),
                ("more", text + "<more/>", "not XML at byte \\d+: something follows the root element"),
                ("junit", "<testsuite name='a' tests='1' failures='0'/>",
                 "its root is <testsuite>, not <testsuites>"),
                ("list", '<testsuites tests="1" name="AllTests"/>',
                 '<testsuites name="AllTests"> has no number of failures'),
                ("count", '<testsuites tests="-1" failures="0"/>',
                 "<testsuites> has no number of tests"),
                ("other", good % "<other/>", "there is a <other> in <testsuites>"),
                ("nameless", good % '<testsuite tests="1" failures="0"/>', "a <testsuite> has no name"),
                ("status", good % '<testsuite name="A" tests="1" failures="0">'
                                  '<testcase name="a"/></testsuite>',
                 'a <testcase> of <testsuite name="A"> has no name or no status'),
                ("deep", "<a>" * 100000, "not XML at byte \\d+: elements are nested too deep"),
                ("ends", "<a></b>", "not XML at byte \\d+: an end tag has another's name"),
                ("name", "<!a/>", "not XML at byte \\d+: a name is missing")):
            with self.subTest(name):
                self.write(name, content)
                self.assertRegex(self.refused("out", "shard-0.xml", name), f"^{name}: {expected}$")

    def test_large_and_odd_texts_take_no_time(self):
        for piece in ("&", "&#", "&amp", "<!--", "]]>", "<![CDATA["):
            text = f'<testsuites tests="0" failures="0" x="{piece.replace("<", "") * 300000}">' \
                   f"{piece * 300000}</testsuites>"
            self.write("large.xml", text)
            self.assertIn(self.merge("out", "large.xml").returncode, (0, 1))

    def test_durations_are_kept(self):
        self.assertEqual(self.merge("--history=history", "out", *self.INPUTS).returncode, 0)
        ran = [name for name, case in self.cases(ElementTree.fromstring(self.read("whole.xml"))).items()
               if case[0] == "run"]
        self.assertEqual(sorted(line.partition(" ")[2]
                                for line in self.read("history").splitlines()[1:]), sorted(ran))


class Damage(Case):
    def test_damaged_reports_are_joined_or_refused(self):
        choice = random.Random(6)
        for kind, pieces in (("xml", (b"<", b">", b"/", b'"', b"&", b"\0", b"]]>", b"<![CDATA[", b"\xff")),
                             ("json", (b"{", b"}", b"[", b'"', b",", b"null", b"\\u0000", b"\xff", b"-1"))):
            with open(self.path(f"shard-1.{kind}"), "rb") as file:
                whole = file.read()
            for _ in range(60):
                text = bytearray(whole)
                for _ in range(choice.randint(1, 4)):
                    at = choice.randrange(len(text))
                    text[at:at + choice.choice((0, 1, 1, 20))] = choice.choice(pieces)
                if choice.random() < 0.2:
                    del text[choice.randrange(len(text)):]
                self.write("damaged", bytes(text))
                done = self.merge("out", f"shard-0.{kind}", "damaged")
                self.assertIn(done.returncode, (0, 1), bytes(text))
                if done.returncode == 0:
                    again = self.merge("again", "out")
                    self.assertEqual((again.returncode, again.stderr), (0, ""), bytes(text))
                    os.remove(self.path("out"))
                else:
                    self.assertRegex(done.stderr, "^testcell: damaged: ")


if __name__ == "__main__":
    TESTCELL, PROGRAM, SCHEMA = map(os.path.abspath, sys.argv[1:4])
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
