"""Calls to addresses that others gave us: looked up once, checked, reached at what was checked, and bounded.

A bot's callback address could lead into our own network, change between the check and the call, send us on,
drip its answer or never end it. Here none of that works.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import certifi

from bridge.security.addresses import is_loopback, is_public
from connectors.errors import Busy, OutcomeUnknown, Rejected
from connectors.fence import must_be_held

RECEIVER: Final = "receiver"
DEADLINE: Final = timedelta(seconds=15)
MOST_BYTES: Final = 64 * 1024

_PORTS: Final = {"https": 443, "http": 80}
_PATH_SIGNS: Final = "/%:@!$&'()*+,;=~?-._"

#: host and port to addresses; raises OSError
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. A redirect is an answer like any other, and no success."""

    status: int
    body: bytes  #: its beginning, as sent
    headers: Mapping[str, str]  #: lower-case names

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    most_bytes: int  #: read of the answer


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    secure: bool
    host: str  #: ASCII, without brackets
    port: int
    path: str

    @property
    def shown(self) -> str:
        """Return the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host, each once. Numbers in decimal, octal and short forms are read too."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class GuardedSender:
    """Sends to public https addresses. `allow_loopback` adds this machine, also by plain http.

    `deadline` covers a call from the look-up to the last byte. `ca_file` replaces the usual certificates.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool,
        deadline: timedelta = DEADLINE,
        ca_file: str | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._seconds = deadline.total_seconds()
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())
        self._resolve = resolve

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post a body and return what is answered, whatever its status.

        Raises Rejected for an address that must not be called, Busy when no connection came about or the
        caller's lease has run out, so nothing was sent, and OutcomeUnknown when the answer was lost, late or
        no HTTP.
        """
        return self._call(_Call(method="POST", headers=headers, body=body, most_bytes=MOST_BYTES), url)

    def get(self, url: str, most_bytes: int) -> Answer:
        """Fetch what is at an address, its first `most_bytes`. Raises as `post` does."""
        return self._call(_Call(method="GET", headers={}, body=None, most_bytes=most_bytes), url)

    def _call(self, call: _Call, url: str) -> Answer:
        until = time.monotonic() + self._seconds
        target = _read_url(url)
        addresses = self._checked(target, until)
        with (
            closing(_connect(addresses, target.port, until)) as plain,
            _Watch(plain, until) as watch,
            closing(self._secured(plain, target)) as connected,
        ):
            return _exchange(connected, watch, target, call)

    def _checked(self, target: _Target, until: float) -> Sequence[str]:
        """Return the addresses of the target when every one of them may be called."""
        addresses = _within(until, lambda: self._resolve(target.host, target.port))
        here = self._allow_loopback and all(is_loopback(address) for address in addresses)
        if not target.secure and not here:
            raise Rejected(RECEIVER, "the address must begin with https")
        if not here and not all(is_public(address) for address in addresses):
            raise Rejected(RECEIVER, "the address leads to a network that must not be called")
        return addresses

    def _secured(self, plain: socket.socket, target: _Target) -> socket.socket:
        """Shake hands under the name in the URL, though the connection goes to a checked number."""
        if not target.secure:
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=target.host.rstrip("."))
        except (OSError, ValueError) as error:
            raise Busy(RECEIVER, f"no secure connection ({type(error).__name__})") from None


def _read_url(url: str) -> _Target:
    """Take the URL apart once; the call is made to these parts, so no second reader can differ."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        raise Rejected(RECEIVER, "the address is malformed") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise Rejected(RECEIVER, "the address is no web address")
    if "@" in parts.netloc or any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise Rejected(RECEIVER, "the address holds what an address must not hold")
    path = quote(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/", safe=_PATH_SIGNS)
    return _Target(secure=parts.scheme == "https", host=host, port=port or _PORTS[parts.scheme], path=path)


def _within(until: float, look_up: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Look up in a thread of its own, because a resolver knows no deadline. Raises Busy."""
    found: list[str] = []

    def work() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(look_up())

    thread = threading.Thread(target=work, name="look-up", daemon=True)
    thread.start()
    thread.join(max(0.0, until - time.monotonic()))
    if thread.is_alive() or not found:
        raise Busy(RECEIVER, "the host name was not found")
    return found


def _connect(addresses: Sequence[str], port: int, until: float) -> socket.socket:
    """Connect to the first of the checked addresses that answers. Raises Busy."""
    for address in addresses:
        left = until - time.monotonic()
        if left <= 0:
            break
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=left)
    raise Busy(RECEIVER, "no connection")


def _exchange(connected: socket.socket, watch: _Watch, target: _Target, call: _Call) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.auto_open = 0  # never by itself to an address that was not checked
    connection.sock = connected
    if call.method == "POST":
        must_be_held()
    try:
        headers = {**call.headers, "Host": target.shown, "Connection": "close"}
        connection.request(call.method, target.path, call.body, headers)
        response = connection.getresponse()
        shown = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(status=response.status, body=response.read(call.most_bytes), headers=shown)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutcomeUnknown(RECEIVER, _lost(watch, error)) from None
    if watch.expired:  # a body without a length looks whole when it is cut
        raise OutcomeUnknown(RECEIVER, "no whole answer in time")
    return answer


def _lost(watch: _Watch, error: Exception) -> str:
    return "no answer in time" if watch.expired else f"the answer was lost ({type(error).__name__})"


class _Watch:
    """Ends a connection at its deadline, however lively the other side keeps it."""

    def __init__(self, plain: socket.socket, until: float) -> None:
        left = max(0.0, until - time.monotonic())
        plain.settimeout(left + 1)  # the watch comes first
        self._own = plain.dup()  # the socket itself is handed on to TLS
        self._timer = threading.Timer(left, self._end)
        self._timer.daemon = True
        self.expired = False

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._own.close()

    def _end(self) -> None:
        self.expired = True
        with suppress(OSError):
            self._own.shutdown(socket.SHUT_RDWR)
