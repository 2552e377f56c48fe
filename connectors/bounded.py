"""Vendors' answers, bounded: one deadline for the whole of an answer, and one size.

A socket's timeout covers one wait for bytes, so an answer that drips never meets it, and one that never
ends fills the memory. Both clients in use stand on `http.client`, whose response reads through one file:
there every byte is counted, of the head as of the body.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any, Final

import requests

#: from the sent request to the answer's last byte; less than the lease of a delivery
WHOLE_ANSWER_SECONDS: Final = 20.0
#: far above a full page of any list we read, packed or unpacked
MOST_BYTES: Final = 32 * 1024 * 1024
PIECE: Final = 64 * 1024


class Oversized(requests.RequestException):
    """The answer was longer than any answer we ask for."""


class _Measured(io.RawIOBase):
    """The bytes of one answer as they come in, by the deadline and up to the size."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._socket = connected
        self._patience = connected.gettimeout()
        self._until = time.monotonic() + WHOLE_ANSWER_SECONDS
        self._left = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("no whole answer in time")
        self._socket.settimeout(seconds if self._patience is None else min(seconds, self._patience))
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise Oversized("too long an answer")
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    def __init__(self, connected: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(connected, *args, **options)
        file: Any = self.fp
        self.fp: Any = io.BufferedReader(_Measured(file.detach(), connected))


def read_whole(response: requests.Response) -> None:
    """Read a streamed answer, unpacked, into its place. Raises requests.RequestException, Oversized."""
    body = bytearray()
    for piece in response.iter_content(PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            response.close()
            raise Oversized("too long an answer")
    response._content = bytes(body)  # where requests itself puts a body that it has read
