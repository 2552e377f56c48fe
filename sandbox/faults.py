"""The fault script: which calls to a stand-in go wrong, and how."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from sandbox.journal import Entry, Journal

__all__ = ["Action", "Entry", "Fault", "FaultMiddleware", "FaultScript", "Journal"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HTML_PAGE = (
    "<!doctype html><html><head><title>We will be right back</title></head>"
    "<body><h1>Down for maintenance</h1><p>Please try again later.</p></body></html>"
)
#: SO_LINGER switched on with zero seconds: closing sends RST, not FIN.
NO_LINGER = struct.pack("ii", 1, 0)


class Action(StrEnum):
    """How a call goes wrong; "in" is a call to a vendor, "out" a webhook from one."""

    DELAY = "delay"  #: in: handled `seconds` late; out: leaves `seconds` late, later ones pass it
    RESET_BEFORE = "reset_before"  #: in: TCP reset, nothing done; out: the attempt never arrives
    RESET_AFTER = "reset_after"  #: in: done, then reset without an answer; out: arrives, its answer is lost
    STATUS = "status"  #: in: nothing done, `status` answered; out: arrives, its answer is taken for `status`
    HTML = "html"  #: in: nothing done, `status` (200 too) with a page of HTML
    DUPLICATE = "duplicate"  #: in: handled twice, the second answer given; out: sent twice
    HOLD = "hold"  #: out: leaves after the vendor's next one, so their order is turned round
    DROP = "drop"  #: out: never leaves, and is never tried again


INCOMING = frozenset(
    {Action.DELAY, Action.RESET_BEFORE, Action.RESET_AFTER, Action.STATUS, Action.HTML, Action.DUPLICATE}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One line of the script.

    `vendor` and `call` are shell patterns; a call reads "POST /api/v2/tickets.json" (no query), a
    webhook "WEBHOOK <its label>". `times` is how many calls it spoils. `seconds` belongs to delay;
    `status`, `retry_after` (the header's text, as sent) and `body` to status and html.
    Raises ValueError when made of nonsense.
    """

    vendor: str
    call: str
    action: Action
    times: int = 1
    status: int = 500
    retry_after: str | None = None
    seconds: float = 0.0
    body: str | None = None  #: None gives the action's own body

    def __post_init__(self) -> None:
        object.__setattr__(self, "action", Action(self.action))
        if self.times < 1 or self.seconds < 0 or not 200 <= self.status <= 599:
            raise ValueError("a fault needs times >= 1, seconds >= 0 and a status from 200 to 599")

    def meets(self, vendor: str, call: str) -> bool:
        return fnmatchcase(vendor, self.vendor) and fnmatchcase(call, self.call)


class FaultScript:
    """The faults still to come, first added first used. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._lines.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    def left(self) -> tuple[tuple[Fault, int], ...]:
        """Return the faults still to come, each with how many calls it will yet spoil."""
        with self._lock:
            return tuple(self._lines)

    def take(
        self, vendor: str, method: str, path: str, *, among: frozenset[Action] = INCOMING
    ) -> Fault | None:
        """Return and use up once the first fault meant for this call; None lets the call go well.

        Only faults whose action is `among` these are looked at.
        """
        call = f"{method} {path}"
        with self._lock:
            for place, (fault, times) in enumerate(self._lines):
                if fault.action in among and fault.meets(vendor, call):
                    self._lines[place : place + 1] = [(fault, times - 1)] if times > 1 else []
                    return fault
        return None


class FaultMiddleware:
    """Lets calls go wrong as the script says and writes each into the journal.

    Pure ASGI, outermost around a stand-in. Calls whose path does not begin with `under` pass unseen.
    """

    def __init__(
        self, app: App, *, vendor: str, script: FaultScript, journal: Journal, under: str = "/"
    ) -> None:
        self.app = app
        self._vendor = vendor
        self._script = script
        self._journal = journal
        self._under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._under):
            await self.app(scope, receive, send)
            return
        fault = self._script.take(self._vendor, scope["method"], scope["path"])
        call = _Call(send, self._note_of(fault, scope))
        try:
            await self._handle(fault, scope, receive, call)
        finally:
            call.note()

    def _note_of(self, fault: Fault | None, scope: Scope) -> Callable[[int | None], None]:
        began = time.monotonic()

        def note(status: int | None) -> None:
            self._journal.note(
                self._vendor,
                scope["method"],
                scope["path"],
                status,
                fault=None if fault is None else fault.action.value,
                milliseconds=round((time.monotonic() - began) * 1000),
            )

        return note

    async def _handle(self, fault: Fault | None, scope: Scope, receive: Receive, call: _Call) -> None:
        match fault:
            case Fault(action=Action.DELAY):
                body = await _whole_body(
                    receive
                )  # kept, so that the work is done even for a client that left
                await asyncio.sleep(fault.seconds)
                await self.app(scope, _replay(body, receive), call)
            case Fault(action=Action.RESET_BEFORE):
                await _whole_body(receive)  # else the client may see a broken pipe while still writing
                await _reset(call, receive)
            case Fault(action=Action.RESET_AFTER):
                await self.app(scope, receive, _nowhere)
                await _reset(call, receive)
            case Fault(action=Action.STATUS | Action.HTML):
                await _answer(fault, receive, call)
            case Fault(action=Action.DUPLICATE):
                body = await _whole_body(receive)
                await self.app(dict(scope), _replay(body, receive), _nowhere)
                await self.app(scope, _replay(body, receive), call)
            case _:
                await self.app(scope, receive, call)


class _Call:
    """The `send` of one call. It writes the call into the journal before the client can know how it ended."""

    def __init__(self, send: Send, note: Callable[[int | None], None]) -> None:
        self.send = send  #: the server's own
        self._note = note
        self._noted = False
        self._status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif not message.get("more_body", False):
            self.note()
        await self.send(message)

    def note(self) -> None:
        if not self._noted:
            self._noted = True
            self._note(self._status)


async def _nowhere(message: Message) -> None:
    """Take an answer that nobody will see."""


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once, then waits for the client to hang up."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(fault: Fault, receive: Receive, send: Send) -> None:
    await _whole_body(receive)  # an unread body would make the server close the connection
    kind, text = b"application/json", '{"error":"injected"}'
    if fault.action is Action.HTML:
        kind, text = b"text/html; charset=utf-8", HTML_PAGE
    body = (text if fault.body is None else fault.body).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", fault.retry_after.encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _reset(call: _Call, receive: Receive) -> None:
    """Break the connection so that the client sees a reset, not an empty answer.

    ASGI has no word for this. uvicorn's `send` is a method of the request's cycle, and the cycle
    holds the transport.
    """
    call.note()
    transport: asyncio.Transport = call.send.__self__.transport  # type: ignore[attr-defined]
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # returning before the loss is noticed would make the server answer 500
