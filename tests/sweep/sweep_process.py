"""The bridge's process as the test sees it: it is started, asked, dies where it was told to, and starts again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sweep_boundaries import EXIT_STATUS
from sweep_channel import Channel, Closed

#: of real time; only a machine under great load needs so much
PATIENCE_SECONDS: Final = 120
ZYGOTE: Final = Path(__file__).with_name("sweep_zygote.py")


class Died(Exception):
    """The process died where it was told to."""


class BridgeProcess:
    """At most one life at a time, always at the same address. A context manager."""

    def __init__(self, given: dict[str, Any], log: Path) -> None:
        """`given` holds the `environment`, and the file of the `clock`."""
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_SECONDS)
        numbers = [theirs.fileno(), self._door.fileno()]
        command = [sys.executable, str(ZYGOTE), *map(str, numbers), json.dumps(given)]
        with log.open("ab") as written:
            self._zygote = subprocess.Popen(command, pass_fds=numbers, stdout=written, stderr=written)
        self._log = log
        theirs.close()
        self._channel = Channel(ours)
        self._pid: int | None = None
        self.died_at: str | None = None  #: the place of the last death

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._channel.close()
        self._door.close()
        self._zygote.wait(10)

    def start(self, seed: int) -> None:
        """Begin a life, whose names are drawn from `seed`."""
        self._channel.send({"seed": seed})
        self._pid = self._hear()["pid"]

    def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """Have the process do something and return its answer. Raises Died."""
        self._channel.send({"do": what, **more})
        answer = self._hear()
        if "died_at" in answer or "ended" in answer:
            self._buried(answer)
            raise Died
        return answer

    def mourn(self) -> None:
        """Take note that it died while it was called by others. Raises AssertionError when it did not."""
        self._buried(self._hear())

    def stop(self) -> None:
        """End this life cleanly."""
        self._channel.send({"do": "stop"})
        ended = self._hear()
        assert ended == {"ended": 0}, ended
        self._pid = None

    def kill(self) -> None:
        """End this life, where there is one, as `kill -9` does."""
        if self._pid is None:
            return
        os.kill(self._pid, signal.SIGKILL)
        while "ended" not in self._hear():
            pass  # it may have been about to say something
        self._pid = None

    def _hear(self) -> dict[str, Any]:
        try:
            return self._channel.receive()
        except (Closed, TimeoutError) as error:
            raise AssertionError(f"the bridge says no more: {self._log.read_text()}") from error

    def _buried(self, told: dict[str, Any]) -> None:
        self.died_at = told.get("died_at")
        status = self._hear()["ended"] if self.died_at else told.get("ended")
        self._pid = None
        assert status == EXIT_STATUS, f"the bridge ended with {status}: {self._log.read_text()}"
