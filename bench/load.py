"""A bot that hands conversations over through plain sockets: as light as a client in Python can be.

One thread, one epoll, requests glued from ready pieces, answers looked at only for their status: about 20 µs a
request, a fifth of what `requests` or httpx take. wrk is lighter still, but it sends no requests at a fixed rate
(so no latency at half load without the error of waiting clients), and it would be one more thing to install.

Run as a program it reads one order as JSON from standard input, and prints what it found as JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

#: stands in the body where each request has its own conversation
CONVERSATION: Final = "CONVERSATION"
READ_BYTES: Final = 65_536
LATE_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to send. `rate` is requests a second; 0 sends the next one as soon as one is answered."""

    ports: list[int]
    key: str
    body: dict[str, Any]
    first: str  #: what this order's conversations begin with
    clients: int
    seconds: float
    rate: float = 0.0
    path: str = "/v1/handoffs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What came back: handoffs accepted, other answers by status, and each wait in milliseconds."""

    accepted: int
    refused: dict[str, int]
    seconds: float
    waits_ms: list[float]
    cpu_seconds: float  #: of the client itself

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds


def hand_over(order: Order) -> Answers:
    """Have a process of its own send `order`; return what it was answered."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return Answers(**json.loads(done.stdout))


class _Client:
    """One connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._got = b""

    def ask(self, request: bytes, began: float) -> None:
        self.began = began
        self.socket.sendall(request)

    def answer(self) -> bytes | None:
        """Return the status of a whole answer, None while more of it is to come."""
        self._got += self.socket.recv(READ_BYTES)
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        status, self._got = self._got[9:12], b""
        return status


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


class _Run:
    def __init__(self, order: Order) -> None:
        body = json.dumps(order.body, ensure_ascii=False).encode()
        self._order = order
        self._pieces = body.split(CONVERSATION.encode())
        length = len(body) + (len(self._pieces) - 1) * (len(self._name(0)) - len(CONVERSATION))
        self._head = (
            f"POST {order.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {order.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\nIdempotency-Key: "
        ).encode()
        self._sent = 0
        self._waits: list[float] = []
        self._accepted = 0
        self._refused: dict[str, int] = {}

    def go(self) -> Answers:
        clients = [_Client(self._order.ports[n % len(self._order.ports)]) for n in range(self._order.clients)]
        self._free = deque(clients)
        began, busy = time.perf_counter(), time.process_time()
        with selectors.EpollSelector() as selector:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            self._exchange(selector, began)
        return Answers(
            accepted=self._accepted,
            refused=self._refused,
            seconds=time.perf_counter() - began,
            waits_ms=self._waits,
            cpu_seconds=time.process_time() - busy,
        )

    def _exchange(self, selector: selectors.BaseSelector, began: float) -> None:
        end = began + self._order.seconds
        while (now := time.perf_counter()) < end or len(self._free) < self._order.clients:
            if now > end + LATE_SECONDS:
                raise RuntimeError("an answer is missing")
            wait = self._send_what_is_due(began, now) if now < end else LATE_SECONDS
            for key, _ in selector.select(max(0.0, wait)):
                self._hear(key.data)

    def _send_what_is_due(self, began: float, now: float) -> float:
        """Send as many as are due and there are free clients; return after how many seconds the next is due."""
        rate = self._order.rate
        while self._free:
            # A request that had to wait for a free client has waited from when it was due.
            due = began + self._sent / rate if rate else now
            if due > now:
                return due - now
            self._free.popleft().ask(self._request(self._name(self._sent)), due)
            self._sent += 1
        return LATE_SECONDS

    def _hear(self, client: _Client) -> None:
        status = client.answer()
        if status is None:
            return
        self._waits.append((time.perf_counter() - client.began) * 1000)
        if status == b"202":
            self._accepted += 1
        else:
            self._refused[status.decode()] = self._refused.get(status.decode(), 0) + 1
        self._free.append(client)

    def _name(self, number: int) -> str:
        return f"{self._order.first}-{number:08d}"

    def _request(self, name: str) -> bytes:
        own = name.encode()
        return self._head + own + b"\r\n\r\n" + own.join(self._pieces)


if __name__ == "__main__":
    print(json.dumps(asdict(_Run(Order(**json.load(sys.stdin))).go())))
