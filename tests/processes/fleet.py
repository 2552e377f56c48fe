"""Real processes of the bridge against the sandbox, to be killed without mercy."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

START_SECONDS = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Process:
    """One process of the bridge; `kill` is `kill -9`."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "bridge.cli", *command]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        process = self._process
        if process is None or process.poll() is not None:
            return 0
        process.send_signal(number)
        return process.wait(30)


class Fleet:
    """`webs` web processes and `workers` workers over one store, with a bot that retries until it gets its 202."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, webs: int, workers: int) -> None:
        self.ports = [free_port() for _ in range(webs)]
        self.webs = [
            Process(["web", "--port", str(port)], environment, folder / f"web{port}.log")
            for port in self.ports
        ]
        self.workers = [Process(["worker"], environment, folder / f"worker{n}.log") for n in range(workers)]

    def __enter__(self) -> Fleet:
        for process in (*self.webs, *self.workers):
            process.start()
        for port in self.ports:
            wait_for(lambda port=port: _answers(port), START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.webs, *self.workers):
            process.kill()

    def kill_at_random(
        self, chance: random.Random, until: threading.Event, every: tuple[float, float]
    ) -> int:
        """Kill and start again one process after another until told to stop; return how many were killed."""
        killed = 0
        while not until.wait(chance.uniform(*every)):
            victim = chance.choice([*self.webs, *self.workers])
            victim.kill()
            victim.start()
            killed += 1
        return killed

    def hand_over(self, key: str, bodies: list[dict[str, Any]], threads: int = 8) -> dict[str, str]:
        """Hand over each body until it is accepted, by any web process; return conversation → handoff."""
        with ThreadPoolExecutor(threads) as pool:
            return dict(pool.map(lambda body: self._insist(key, body), bodies))

    def _insist(self, key: str, body: dict[str, Any]) -> tuple[str, str]:
        conversation = body["conversation_id"]
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": conversation}
        until = time.monotonic() + 120
        while time.monotonic() < until:
            port = random.choice(self.ports)
            try:
                answer = requests.post(
                    f"http://127.0.0.1:{port}/v1/handoffs", json=body, headers=headers, timeout=10
                )
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if answer.status_code == 202:
                return conversation, answer.json()["id"]
            assert answer.status_code == 503, answer.text
            time.sleep(0.1)
        raise AssertionError(f"{conversation} was never accepted")


def wait_for(look: Any, seconds: float, every: float = 0.1) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds:g} s")


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
