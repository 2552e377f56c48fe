"""Processes of the bridge as a deployment starts them, on free ports of this machine, over a store of the bench."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
LISTENING: Final = "Listening at http://127.0.0.1:"
WORKING: Final = "worker_started"
#: connections that nobody answers at: a web process owes them calls and makes none
NO_VENDORS: Final = {
    "ZENDESK_BASE_URL": "http://127.0.0.1:9",
    "ZENDESK_OAUTH_TOKEN": "none",
    "SLACK_BOT_TOKEN": "xoxb-none",
    "SLACK_API_BASE_URL": "http://127.0.0.1:9/api/",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A running process; `port` is 0 for one that serves nobody."""

    pid: int
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """`code` is the checkout whose bridge is run, None for this one: two versions are compared so."""

    environment: Mapping[str, str]
    folder: Path
    code: Path | None = None

    @contextmanager
    def running(self, *commands: str) -> Iterator[list[Process]]:
        """Run `handoff <command>` for each of `commands`, in their order."""
        with ExitStack() as stack:
            yield [stack.enter_context(self._process(one)) for one in commands]

    def make_key(self) -> str:
        """Return a new bearer key."""
        made = subprocess.run(
            [*self._program(), "keys", "create", "--name", "bench", "--json"],
            env=self._environ(), cwd=self.folder, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return str(json.loads(made.stdout)["key"])

    @contextmanager
    def _process(self, command: str) -> Iterator[Process]:
        log = self.folder / f"{command}-{time.monotonic_ns()}.log"
        port = () if command == "worker" else ("--port", "0")
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*self._program(), command, *port],
                env=self._environ(), cwd=self.folder, stdout=file, stderr=file,
            )  # fmt: skip
        try:
            said = _first_line(log, WORKING if command == "worker" else LISTENING)
            listening = 0 if command == "worker" else int(said.removeprefix(LISTENING))
            yield Process(pid=process.pid, port=listening)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)

    def _program(self) -> list[str]:
        return [sys.executable, "-m", "bridge.cli"]

    def _environ(self) -> dict[str, str]:
        path = {"PYTHONPATH": str(self.code)} if self.code else {}
        return {**os.environ, **path, **self.environment}


def deployment(
    url: str, folder: Path, vendors: Mapping[str, str] = NO_VENDORS, code: Path | None = None
) -> Deployment:
    """Return a deployment with the example desk over the store at `url`; logs are kept in `folder`."""
    desk = folder / "desk.yaml"
    with resources.as_file(resources.files("bridge.desk") / "example.yaml") as example:
        shutil.copyfile(example, desk)
    environment = {
        **vendors,
        "HANDOFF_DATABASE_URL": url,
        "HANDOFF_DESK": str(desk),
        "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
    }
    return Deployment(environment=environment, folder=folder, code=code)


def _first_line(log: Path, wanted: str) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        for line in log.read_text(encoding="utf-8").splitlines():
            if wanted in line:
                return line
        time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"it did not start: {log.read_text(encoding='utf-8')}")
