"""`handoff run` as a process of its own, with all it writes kept in one file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 30.0


class BridgeProcess:
    """Web and worker in one process, on a free port. A context manager; `url` is known inside."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._log = folder / "bridge.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> BridgeProcess:
        command = [sys.executable, "-m", "bridge.cli", "run", "--port", "0"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.url = self._listening_at()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_SECONDS)

    def log(self) -> str:
        """Return everything the process has written, to standard output and to standard error."""
        return self._log.read_text(encoding="utf-8")

    def make_key(self) -> dict[str, str]:
        """Return a key as `handoff keys create` shows it: `key_id`, `key`, `signing_secret`."""
        command = [sys.executable, "-m", "bridge.cli", "keys", "create", "--name", "bot", "--json"]
        made = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=60, check=True
        )
        return dict(json.loads(made.stdout))

    def _listening_at(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            for line in self.log().splitlines():
                if line.startswith("Listening at "):
                    return line.removeprefix("Listening at ")
            time.sleep(0.05)
        raise AssertionError(f"the bridge does not listen: {self.log()}")
