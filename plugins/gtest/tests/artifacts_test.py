"""What is kept of failed tests, and that nothing is of others.

    artifacts_test.py root|user PAYLOAD

root: as who runs it; user: as nobody, which only root can do (else: status 77).
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import users

PAYLOAD = sys.argv[2]
PREFIX = users.prefix(sys.argv[1], PAYLOAD)


def packets(path):
    """The packets of a capture file, each as (seconds, bytes)."""
    with open(path, "rb") as file:
        data = file.read()
    magic, major, minor, _, _, longest, link = struct.unpack_from("=IHHIIII", data)
    assert (magic, major, minor, link) == (0xA1B23C4D, 2, 4, 1), data[:24]
    found, at = [], 24
    while at < len(data):
        seconds, nanoseconds, captured, length = struct.unpack_from("=IIII", data, at)
        assert captured <= min(length, longest) and nanoseconds < 10**9
        found.append((seconds + nanoseconds / 1e9, data[at + 16:at + 16 + captured]))
        assert len(found[-1][1]) == captured
        at += 16 + captured
    return found


def tcp_words(path, port):
    """What was sent to a TCP port by IPv4."""
    words = b""
    for _, packet in packets(path):
        if packet[12:14] != b"\x08\x00" or packet[23] != 6:
            continue
        ip = 14 + 4 * (packet[14] & 15)
        size = struct.unpack_from("!H", packet, 16)[0]
        if struct.unpack_from("!H", packet, ip + 2)[0] == port:
            words += packet[ip + 4 * (packet[ip + 12] >> 4):14 + size]
    return words


class Artifacts(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        os.chmod(self.directory, 0o777)
        self.kept = f"{self.directory}/kept/of the run"

    def run_tests(self, tests, *arguments, kept=True, status=None):
        flag = [f"--testcell_artifacts={self.kept}"] if kept else []
        done = subprocess.run([*PREFIX, PAYLOAD, f"--gtest_filter={tests}", *flag, *arguments],
                              cwd=self.directory, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done)
        return done

    def names(self):
        return sorted(os.listdir(self.kept)) if os.path.exists(self.kept) else []

    def text(self, test, name):
        with open(f"{self.kept}/{test}/{name}", encoding="utf-8") as file:
            return file.read()

    def files(self, test):
        """{path in the cell: text or link}"""
        top, found = f"{self.kept}/{test}/files", {}
        for directory, below, names in os.walk(top):
            for name in names + [name for name in below if os.path.islink(f"{directory}/{name}")]:
                path = f"{directory}/{name}"
                if os.path.islink(path):
                    found[path[len(top):]] = os.readlink(path)
                else:
                    with open(path, encoding="utf-8") as file:
                        found[path[len(top):]] = file.read()
        return found

    def test_everything(self):
        with open(f"{self.directory}/old.txt", "w", encoding="utf-8") as file:
            file.write("of the host")
        done = self.run_tests("Fails.WithEverything", "--gtest_output=xml:report.xml", status=1)
        self.assertEqual(self.names(), ["Fails.WithEverything"], done)
        name = "Fails.WithEverything"
        self.assertEqual(sorted(os.listdir(f"{self.kept}/{name}")),
                         ["files", "loopback.pcap", "outcome.txt", "processes.txt",
                          "sockets.txt", "stderr.txt", "stdout.txt"])
        self.assertEqual(self.text(name, "stdout.txt"), "said on stdout\n")
        self.assertEqual(self.text(name, "stderr.txt"), "said on stderr\n")
        self.assertEqual(self.files(name), {
            "/tmp/state": "of the test", "/tmp/deep/er": "below", "/tmp/link": "state",
            "/dev/shm/shared": "memory", f"{self.directory}/notes.txt": "beside the program"})
        self.assertRegex(self.text(name, "processes.txt"), r"^  pid \d+, sleeping, .*: sleep 1000\n")
        outcome = self.text(name, "outcome.txt")
        if PREFIX and os.environ.get("SANITIZER") == "thread":
            # It gives every process a second thread, and such a one can't enter a user namespace.
            self.assertIn("sockets.txt: not whole: ", outcome)
        else:
            self.assertRegex(self.text(name, "sockets.txt"),
                             r"(?m)^tcp 127\.0\.0\.1:80 listening  pid \d+ \(sleep\)$")
        self.assertRegex(outcome, r"^test: Fails.WithEverything\noutcome: failed\nattempt: 1\n"
                                  r"duration: \d+ ms\n")
        self.assertIn("for a reason", outcome)
        self.assertIn("- files: /tmp/pipe: is a named pipe\n", outcome)
        self.assertIn(f"- files: {self.directory}/old.txt: was removed\n", outcome)
        self.assertEqual(tcp_words(f"{self.kept}/{name}/loopback.pcap", 80), b"ping over lo")
        times = [time for time, _ in packets(f"{self.kept}/{name}/loopback.pcap")]
        self.assertEqual(times, sorted(times))
        self.assertIn(f"[ testcell ] what failed tests have left is in {self.kept} (1)\n",
                      done.stdout)
        properties = {item.get("name"): item.get("value") for item in
                      ElementTree.parse(f"{self.directory}/report.xml").iter("property")}
        self.assertEqual(properties["testcell.artifacts"], f"{self.kept}/{name}")
        self.assertEqual(os.path.exists(f"{self.directory}/notes.txt"), False)

    def test_much_is_cut(self):
        self.run_tests("Fails.WithMuch", "--testcell_uses=off", status=1)
        outcome = self.text("Fails.WithMuch", "outcome.txt")
        self.assertRegex(outcome, r"- loopback\.pcap: cut after \d+ packets, \d+ more were sent\n")
        self.assertRegex(outcome, r"- files: /tmp/second/big: cut after \d+ bytes\n")
        files = self.files("Fails.WithMuch")
        self.assertEqual(sum(len(text) for text in files.values()), 64 << 20)
        self.assertEqual(files["/tmp/first"], "small")
        words = tcp_words(f"{self.kept}/Fails.WithMuch/loopback.pcap", 80)
        self.assertEqual(words.strip(b"y"), b"")
        self.assertGreater(len(words), 2 << 20)
        self.assertLess(len(words), 5 << 20)

    def test_nothing_of_tests_that_pass(self):
        done = self.run_tests("Passes.*", status=0)
        self.assertEqual(self.names(), [])
        self.assertNotIn(self.kept, done.stdout)
        self.assertIn("captures: 1\n", done.stdout)

    def test_no_capture_without_the_flag(self):
        done = self.run_tests("Passes.*:Fails.WithEverything", kept=False, status=1)
        self.assertIn("captures: 0\n", done.stdout)
        self.assertEqual(self.names(), [])

    def test_crash(self):
        self.run_tests("Fails.ByCrashing", status=1)
        self.assertIn("outcome: crashed\n", self.text("Fails.ByCrashing", "outcome.txt"))
        self.assertIn("SIGABRT", self.text("Fails.ByCrashing", "outcome.txt"))
        self.assertEqual(self.text("Fails.ByCrashing", "stdout.txt"), "not long\n")
        self.assertEqual(self.files("Fails.ByCrashing"), {"/tmp/state": "before the crash"})
        self.assertEqual(self.text("Fails.ByCrashing", "processes.txt"),
                         "  no process any more\n")

    def test_time_limit(self):
        self.run_tests("Fails.ByHanging", "--testcell_timeout=1s", status=1)
        self.assertIn("outcome: timed_out\n", self.text("Fails.ByHanging", "outcome.txt"))
        processes = self.text("Fails.ByHanging", "processes.txt")
        self.assertRegex(processes, r"(?s)^  pid \d+, .*artifacts_payload.*\n    pid \d+, .*sleep 1000")

    def test_leak_that_fails(self):
        self.run_tests("Leaves.AFile", status=0)
        self.assertEqual(self.names(), [])
        self.run_tests("Leaves.AFile", "--testcell_leaks=fail", status=1)
        self.assertIn("/tmp/left", self.text("Leaves.AFile", "outcome.txt"))
        self.assertEqual(self.files("Leaves.AFile"), {"/tmp/left": "x"})

    def test_name_is_safe(self):
        self.run_tests("Some/*", status=1)
        self.assertEqual(self.names(), ["Some%2FNamed.Fails%2F0"])
        self.assertIn("test: Some/Named.Fails/0\n",
                      self.text("Some%2FNamed.Fails%2F0", "outcome.txt"))

    def test_attempts(self):
        done = self.run_tests("Fails.AtFirst", "--testcell_retries=2", "--testcell_cwd=shared",
                              "--gtest_output=xml:report.xml", status=0)
        self.assertEqual(self.names(), ["Fails.AtFirst"], done)
        os.unlink(f"{self.directory}/attempts")
        self.run_tests("Fails.ByCrashing", "--testcell_retries=1", status=1)
        self.assertEqual(self.names(), ["Fails.AtFirst", "Fails.ByCrashing",
                                        "Fails.ByCrashing.attempt-2"])
        self.assertIn("attempt: 2\n", self.text("Fails.ByCrashing.attempt-2", "outcome.txt"))

    def test_shared_cell(self):
        self.run_tests("Shared.*", status=1)
        self.assertEqual(self.names(), ["Shared.Fails"])
        self.assertIn("the second", self.text("Shared.Fails", "outcome.txt"))
        self.assertEqual(self.files("Shared.Fails"), {"/tmp/first": "1", "/tmp/third": "3"})

    def test_network_of_the_host(self):
        self.run_tests("HostNetwork.*", status=1)
        self.assertIn("- loopback.pcap: none: its network is the host's\n",
                      self.text("HostNetwork.Fails", "outcome.txt"))
        self.assertFalse(os.path.exists(f"{self.kept}/HostNetwork.Fails/loopback.pcap"))

    def test_one_stream(self):
        subprocess.run([*PREFIX, PAYLOAD, "--gtest_filter=Fails.WithEverything",
                        f"--testcell_artifacts={self.kept}"], cwd=self.directory,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        text = self.text("Fails.WithEverything", "output.txt")
        self.assertEqual(sorted(text.splitlines()), ["said on stderr", "said on stdout"])

    def test_earlier_ones_are_replaced_and_others_are_not(self):
        self.run_tests("Fails.ByCrashing", status=1)
        stale = f"{self.kept}/Fails.ByCrashing/files/tmp/stale"
        with open(stale, "w", encoding="utf-8") as file:
            file.write("x")
        self.run_tests("Fails.ByCrashing", status=1)
        self.assertFalse(os.path.exists(stale))
        os.unlink(f"{self.kept}/Fails.ByCrashing/outcome.txt")
        done = self.run_tests("Fails.ByCrashing", status=1)
        self.assertRegex(done.stderr, r"Fails.ByCrashing has left is not kept: .*Fails.ByCrashing "
                                      r"is not of testcell's making")
        self.assertFalse(os.path.exists(f"{self.kept}/Fails.ByCrashing/outcome.txt"))
        self.assertEqual(self.names(), ["Fails.ByCrashing"])

    def test_directory_that_cannot_be_made(self):
        with open(f"{self.directory}/kept", "w", encoding="utf-8") as file:
            file.write("a file")
        done = self.run_tests("Fails.ByCrashing", status=2)
        self.assertIn(f"cannot make {self.kept}", done.stderr)
        self.assertNotIn("[  FAILED  ]", done.stdout)

    def test_many_at_once(self):
        done = self.run_tests("Fails.ByCrashing:Fails.WithEverything:Passes.*", "--gtest_repeat=3",
                              "--testcell_jobs=4", status=1)
        self.assertEqual(self.names(), ["Fails.ByCrashing", "Fails.WithEverything"], done)
        self.assertEqual(len(re.findall("^said by one that passes", done.stdout, re.M)), 3, done)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
