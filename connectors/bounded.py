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
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

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


class _Pool(HTTPConnectionPool):
    class ConnectionCls(HTTPConnection):
        response_class = BoundedResponse


class _SecurePool(HTTPSConnectionPool):
    class ConnectionCls(HTTPSConnection):
        response_class = BoundedResponse


class BoundedAdapter(HTTPAdapter):
    """For a `requests.Session`: one attempt at each call, and an answer read whole within its bounds."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send and read. Raises requests.RequestException, Oversized for a body that swells when unpacked."""
        response = super().send(request, *args, **{**options, "stream": True})
        body = bytearray()
        for piece in response.iter_content(PIECE):
            body += piece
            if len(body) > MOST_BYTES:
                response.close()
                raise Oversized("too long an answer")
        response._content = bytes(body)  # where requests itself puts a body that it has read
        return response


class _Http(urllib.request.HTTPHandler):
    class Connection(http.client.HTTPConnection):
        response_class = BoundedResponse

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self.Connection, req)


class _Https(urllib.request.HTTPSHandler):
    class Connection(http.client.HTTPSConnection):
        response_class = BoundedResponse

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self.Connection, req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would carry the key along to wherever the answer points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def open_bounded(request: urllib.request.Request, timeout: float) -> tuple[int, Mapping[str, str], str]:
    """Make one call by urllib; return status, headers and text. Raises what `urlopen` raises."""
    opener = urllib.request.build_opener(_Http, _Https, _NoRedirects)
    with opener.open(request, timeout=timeout) as answer:
        charset = answer.headers.get_content_charset() or "utf-8"
        return answer.status, answer.headers, answer.read().decode(charset)
