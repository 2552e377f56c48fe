"""Real processes of the bridge against the sandbox, to be killed without mercy."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

START_SECONDS = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


#: what a process is started by
HANDOFF = ("-m", "bridge.cli")


class Process:
    """One process of the bridge; `kill` is `kill -9`, `freeze` is `kill -STOP`."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        program: Sequence[str] = HANDOFF,
    ) -> None:
        self._command = [sys.executable, *program, *command]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._began_at = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def ended(self) -> int | None:
        """Return its exit status, below 0 for the signal that ended it; None while it lives."""
        assert self._process is not None
        return self._process.poll()

    def is_up(self) -> bool:
        """Return whether it has begun to serve or to work, since it was started last."""
        said = self._log.read_bytes()[self._began_at :]
        return b"Listening at" in said or b"worker_started" in said

    def log(self) -> str:
        return self._log.read_text()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> int:
        process = self._process
        if process is None or process.poll() is not None:
            return 0
        process.send_signal(number)
        return process.wait(30)


class Fleet:
    """`webs` web processes and `workers` workers over one store, with a bot that retries until it gets its 202.

    With `clocks_apart` two more share a worker's work: one has the clocks, one the rest.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        *,
        webs: int,
        workers: int,
        program: Sequence[str] = HANDOFF,
        clocks_apart: bool = False,
    ) -> None:
        self.ports = [free_port() for _ in range(webs)]
        self.webs = [
            Process(["web", "--port", str(port)], environment, folder / f"web{port}.log", program)
            for port in self.ports
        ]
        parts: list[list[str]] = [[]] * workers
        if clocks_apart:
            parts += [["--only", "clocks"], ["--only", "deliveries"]]
        self.workers = [
            Process(["worker", *part], environment, folder / f"worker{n}.log", program)
            for n, part in enumerate(parts)
        ]
        self.accepted: dict[str, str] = {}  #: conversation → handoff, from the moment of its 202
        self.refused: list[str] = []  #: conversations, once for each 503

    def __enter__(self) -> Fleet:
        for process in (*self.webs, *self.workers):
            process.start()
        for port in self.ports:
            wait_for(lambda port=port: answers_ready(port), START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.webs, *self.workers):
            process.kill()

    def hand_over(self, key: str, bodies: list[dict[str, Any]], seconds: float, threads: int = 8) -> None:
        """Hand over each body until it is accepted, by any web process, spread over so long."""
        began, pause = time.monotonic(), seconds / len(bodies)

        def in_turn(place: int) -> None:
            time.sleep(max(0.0, began + place * pause - time.monotonic()))
            self._insist(key, bodies[place])

        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(in_turn, range(len(bodies))):
                pass

    def _insist(self, key: str, body: dict[str, Any]) -> None:
        conversation = body["conversation_id"]
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": conversation}
        until = time.monotonic() + 120
        while time.monotonic() < until:
            port = random.choice(self.ports)
            try:
                answer = requests.post(
                    f"http://127.0.0.1:{port}/v1/handoffs", json=body, headers=headers, timeout=20
                )
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if answer.status_code == 202:
                self.accepted[conversation] = answer.json()["id"]
                return
            assert answer.status_code == 503, answer.text
            self.refused.append(conversation)
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


def answers_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
