"""JSON, a line each, between the test and the processes it lets die; one question is on its way at a time."""

from __future__ import annotations

import json
import socket
from typing import Any, Final

CHUNK: Final = 65_536


class Closed(Exception):
    """Nobody is at the other end any more."""


class Channel:
    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._unread = b""

    def send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        """Wait for the next message. Raises Closed."""
        while b"\n" not in self._unread:
            chunk = self._socket.recv(CHUNK)
            if not chunk:
                raise Closed
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        self._socket.close()
