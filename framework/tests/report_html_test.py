#!/usr/bin/env python3
"""Opens the page of a made-up run in a browser, and looks at what is shown.

    report_html_test.py build/report_sample
"""

import subprocess
import sys
import tempfile
import unittest

from browser import Browser

SAMPLE = ""
HOSTILE = "</script><script>document.title='gone'</script>"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.path = f"{cls.directory}/report.html"
        subprocess.run([SAMPLE, "html", cls.path], check=True, timeout=60)
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        self.browser.errors.clear()
        self.browser.requests.clear()
        self.browser.open(self.path)

    def tearDown(self):
        self.assertEqual(self.browser.errors, [])
        self.assertEqual([url for url in self.browser.requests
                          if not url.startswith(("file://" + self.path, "data:"))], [])

    def ask(self, expression):
        return self.browser.ask(expression)

    def names(self):
        return self.ask("[...document.querySelectorAll('#tests tbody tr')]"
                        ".map(row => row.cells[0].textContent)")

    def type(self, text):
        self.ask(f"(() => {{ const input = document.getElementById('filter');"
                 f"input.value = {text!r}; input.dispatchEvent(new Event('input')); }})()")

    def test_totals(self):
        totals = self.ask("Object.fromEntries([...document.querySelectorAll('.total')].map("
                          "total => [total.dataset.total, +total.firstChild.textContent]))")
        self.assertEqual(totals, {"tests": 10, "passed": 6, "crashed": 2, "skipped": 1,
                                  "failed": 1, "leaks": 6, "conflicts": 3})

    def test_hostile_names_are_text(self):
        self.assertEqual(self.ask("document.title"), "testcell report")
        self.assertEqual(self.ask("document.scripts.length"), 2)
        self.assertEqual(self.ask("document.querySelectorAll('#tests b, #tests i').length"), 0)
        self.assertIn(f"Odd<b>/0.{HOSTILE}", self.names())

    def test_filter(self):
        self.assertEqual(len(self.names()), 10)
        self.type("server starts")
        self.assertEqual(self.names(), ["Server.Starts", "Server.StartsAgain"])
        self.assertEqual(self.ask("document.getElementById('shown').textContent"),
                         "2 of 10 tests")
        self.type("SLEEP 1000")
        self.assertEqual(self.names(), ["Server.Starts"])
        self.type(":80")
        self.assertEqual(self.names(), ["Server.Starts", "Server.StartsAgain", "Server.Crashes"])
        self.type("no such test")
        self.assertEqual(self.names(), [])
        self.type("")
        self.ask("(() => { const select = document.getElementById('outcome');"
                 "select.value = 'crashed'; select.dispatchEvent(new Event('change')); })()")
        self.assertEqual(self.names(), ["Server.Crashes", "Server.Exits"])

    def test_sort(self):
        self.ask("document.querySelectorAll('#tests th')[2].click()")
        self.assertEqual(self.names()[0], "Server.Starts")
        self.ask("document.querySelectorAll('#tests th')[0].click()")
        self.assertEqual(self.names(), sorted(self.names()))

    def test_timeline(self):
        lanes = self.ask("[...document.querySelectorAll('#lanes button')].map(bar =>"
                         "[bar.getAttribute('aria-label').split(',')[0], +bar.dataset.lane])")
        self.assertEqual(dict(lanes)["Server.Starts"], 0)
        self.assertEqual(dict(lanes)["Server.StartsAgain"], 1)
        self.assertEqual(len(lanes), 10)
        self.ask("document.querySelector('#lanes button').focus()")
        self.assertEqual(self.ask("document.getElementById('beside').textContent"),
                         "Server.Starts passed, from 0 µs for 40 ms; "
                         "beside Server.StartsAgain, Server.Exits")
        self.ask("document.querySelector('#lanes button').click()")
        self.assertEqual(self.names(), ["Server.Starts", "Server.StartsAgain"])

    def test_matrix(self):
        rows = self.ask("[...document.querySelectorAll('#matrix tr')].map(row =>"
                        "[...row.cells].map(cell => cell.textContent))")
        self.assertEqual(rows[0][1:3], ["path /srv/shared *", "tcp 0.0.0.0:80, [::]:80"])
        marks = {row[0]: row[1:] for row in rows[1:]}
        self.assertEqual(marks["Odd.Other"], ["●", "", "●"])
        self.assertEqual(marks["Server.Starts"], ["", "●", ""])
        self.assertEqual(marks["Odd.Skipped"], ["●", "", ""])
        self.assertIn('set_tests_properties(Server.Starts Server.StartsAgain Server.Crashes\n'
                      '  PROPERTIES RESOURCE_LOCK "tcp_80")',
                      self.ask("document.getElementById('advice').textContent"))

    def test_leaks(self):
        said = self.ask("document.getElementById('leak-list').textContent")
        for text in ("run-wide: 5 tests leave this alike", "thread logger (tid 4)",
                     "process sleep 1000 (pid 7)", "allowed: kept on purpose",
                     "Broken, whose set-up did not succeed",
                     "/srv/shared (outside the cell, still there)"):
            self.assertIn(text, said)
        self.assertIn("fd *is never leftmatched nothing",
                      self.ask("document.getElementById('allowances').textContent"))
        self.assertIn("SetUpTestSuite of Plain",
                      self.ask("document.getElementById('shared-uses').textContent"))

    def test_light_and_dark(self):
        grounds = {}
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            grounds[scheme] = self.ask("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(grounds, {"light": "rgb(251, 251, 252)", "dark": "rgb(20, 23, 28)"})


if __name__ == "__main__":
    SAMPLE = sys.argv.pop(1)
    unittest.main()
