"""A headless Chromium, driven over a pipe: opens a page, and asks it questions."""

import json
import os
import shutil
import signal
import subprocess
import tempfile

DEADLINE_S = 90


class Browser:
    """Use as a context manager. Errors of the page are gathered in `errors`."""

    def __init__(self):
        self.errors = []
        self.requests = []
        self._loaded = set()
        self._last_id = 0
        self._answers = {}
        self._pending = b""

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="testcell_browser_")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # Chromium's --remote-debugging-pipe has fixed numbers: 3 to read, 4 to write.
        line = (f'exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage'
                f' --no-first-run --disable-background-networking --remote-debugging-pipe'
                f' --user-data-dir="$0" about:blank 3<&{to_read} 4>&{to_write}')
        self._process = subprocess.Popen(
            ["bash", "-c", line, self._profile], pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._profile, "TMPDIR": self._profile},
            start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        signal.signal(signal.SIGALRM, self._give_up)
        signal.alarm(DEADLINE_S)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", self._session)
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        os.close(self._to)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, path):
        frame = self._call("Page.navigate", self._session, url=f"file://{path}")
        while frame["loaderId"] not in self._loaded:
            self._receive()

    def ask(self, expression):
        """The value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", self._session, expression=expression,
                            returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def prefer(self, scheme):
        self._call("Emulation.setEmulatedMedia", self._session,
                   features=[{"name": "prefers-color-scheme", "value": scheme}])

    def _give_up(self, *_):
        raise TimeoutError(f"chromium did not answer within {DEADLINE_S} s")

    def _call(self, method, session=None, **parameters):
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while self._last_id not in self._answers:
            self._receive()
        answer = self._answers.pop(self._last_id)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self):
        while b"\0" not in self._pending:
            data = os.read(self._from, 1 << 16)
            if not data:
                raise AssertionError("chromium has ended")
            self._pending += data
        text, self._pending = self._pending.split(b"\0", 1)
        message = json.loads(text)
        if "id" in message:
            self._answers[message["id"]] = message
            return
        parameters = message.get("params", {})
        method = message["method"]
        if method == "Page.lifecycleEvent" and parameters["name"] == "load":
            self._loaded.add(parameters["loaderId"])
        elif method == "Page.loadEventFired":
            self._loaded.add(self._navigated)
        elif method == "Page.frameNavigated":
            self._navigated = parameters["frame"]["loaderId"]
        elif method == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.errors.append(parameters)
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.errors.append(parameters["entry"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
