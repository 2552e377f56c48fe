"""Runs an ASGI app on a real port, in a thread, for as long as somebody needs it."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import uvicorn

START_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.005


class Running:
    """A server that accepts connections until `stop()`, which may be called more than once."""

    def __init__(self, app: Any, *, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port), backlog=512)
        # asyncio sets this only on sockets that it opened itself; without it an answer may wait 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(_quiet_config(app))
        # A daemon, so that a forgotten server cannot keep the process alive.
        self._thread = threading.Thread(target=self._serve, name=f"server-{self.port}", daemon=True)
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Return when the server accepts. Raises RuntimeError when the app cannot start."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server at {self.url} did not start") from self._failure
            time.sleep(POLL_SECONDS)
        return self

    def begin_to_stop(self) -> None:
        """Tell the server to stop, without waiting: several stop in the time of one."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Close the port and wait until the thread has ended."""
        self.begin_to_stop()
        self._thread.join(STOP_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = failure


def serve(app: Any, port: int = 0, host: str = "127.0.0.1") -> Running:
    """Start `app` and return it running; port 0 takes any free one. Raises OSError when the port is taken.

    Works as a context manager, and any number of times in one process.
    """
    return Running(app, host=host, port=port).start()


def _quiet_config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",  # the fault script reaches for this protocol's transport
        ws="wsproto",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
