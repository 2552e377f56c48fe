"""Socket Mode: connections an app opens, and envelopes that go out through them. Source: Slack, "Using Socket Mode"."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.outbox import Answer, Parcel
from sandbox.slack.workspace import APP_ID

PATH = "/link/"
CONNECTIONS = 10
NO_CONNECTION = Answer(error="connection")
#: what Slack says of a link that stays for a few seconds more; every other reason ends it at once
WARNING = "warning"


@dataclass(eq=False, slots=True)
class Connection:
    """One open link."""

    websocket: WebSocket
    loop: asyncio.AbstractEventLoop

    def send(self, message: Mapping[str, Any], seconds: float) -> None:
        """Send from any thread. Raises what a broken link raises, and TimeoutError."""
        work = asyncio.run_coroutine_threadsafe(self.websocket.send_text(json.dumps(message)), self.loop)
        work.result(seconds)

    def say_goodbye(self, reason: str) -> None:
        """Tell why the link ends, and end it unless it is only a warning. A link that broke is no fault."""
        with suppress(Exception):
            self.send(_goodbye(reason), 1.0)
            if reason != WARNING:
                asyncio.run_coroutine_threadsafe(self.websocket.close(), self.loop).result(1.0)


class _Ack:
    """Waits for what the app says to one envelope, by whichever link."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._come = threading.Event()
        self._answer = Answer(error="timeout")

    def settle(self, answer: Answer) -> None:
        self._answer = answer
        self._come.set()

    def wait(self, seconds: float) -> Answer:
        self._come.wait(seconds)
        return self._answer


class Sockets:
    """The app's links. Safe for threads; what waits, waits in the outbox's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tickets: set[str] = set()
        self._open: list[Connection] = []
        self._waiting: dict[str, _Ack] = {}  #: by envelope

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)

    def new_ticket(self) -> str:
        """Return what lets one connection in."""
        with self._lock:
            ticket = f"ticket-{next(self._numbers)}"
            self._tickets.add(ticket)
            return ticket

    async def serve(self, websocket: WebSocket) -> None:
        """Keep a link until one side leaves it."""
        if not self._admit(websocket.query_params.get("ticket", "")):
            await websocket.close()
            return
        await websocket.accept()
        connection = Connection(websocket, asyncio.get_running_loop())
        if not self._enter(connection):
            await websocket.send_text(json.dumps(_goodbye("too_many_websockets")))
            await websocket.close()
            return
        try:
            await websocket.send_text(json.dumps(self._hello()))
            while True:
                self._take(await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self._leave(connection)

    def envelope(self, kind: str, payload: Mapping[str, Any]) -> Envelope:
        """Return how a delivery goes out as "interactive", "slash_commands" or "events_api"."""
        return Envelope(self, kind, payload)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every link to make place for a new one; but for a warning, end them all."""
        with self._lock:
            told = list(self._open)
            if reason != WARNING:
                self._open.clear()
        for connection in told:
            connection.say_goodbye(reason)

    def next_connection(self, but: Connection | None) -> Connection | None:
        """Return the link that has rested longest, if possible another than `but`; None where there is none."""
        with self._lock:
            found = next((one for one in self._open if one is not but), but if but in self._open else None)
            if found is not None:
                self._open.remove(found)
                self._open.append(found)
            return found

    def send(self, connection: Connection, message: Mapping[str, Any], seconds: float) -> Answer:
        """Send an envelope by this link, and return what the app says to it within this time."""
        ack = _Ack(connection)
        with self._lock:
            envelope_id = f"envelope-{next(self._numbers)}"
            self._waiting[envelope_id] = ack
        try:
            connection.send({"envelope_id": envelope_id, **message}, seconds)
        except Exception:  # noqa: BLE001 - however a link breaks, the envelope has not arrived
            return NO_CONNECTION
        else:
            return ack.wait(seconds)
        finally:
            with self._lock:
                self._waiting.pop(envelope_id, None)

    def _admit(self, ticket: str) -> bool:
        with self._lock:
            known = ticket in self._tickets
            self._tickets.discard(ticket)
            return known

    def _enter(self, connection: Connection) -> bool:
        with self._lock:
            if len(self._open) >= CONNECTIONS:
                return False
            self._open.append(connection)
            return True

    def _leave(self, connection: Connection) -> None:
        with self._lock:
            if connection in self._open:
                self._open.remove(connection)
            lost = [ack for ack in self._waiting.values() if ack.connection is connection]
        for ack in lost:
            ack.settle(NO_CONNECTION)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self),
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 3600},
            "connection_info": {"app_id": APP_ID},
        }

    def _take(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return  # Slack says nothing to what is no envelope either
        if not isinstance(said, dict):
            return
        with self._lock:
            ack = self._waiting.get(str(said.get("envelope_id")))
        if ack is not None:
            payload = said.get("payload")
            ack.settle(Answer(status=200, body=b"" if payload is None else json.dumps(payload).encode()))


class Envelope:
    """Carries one delivery: every attempt in an envelope of its own, a repeated one by another link if there is one."""

    def __init__(self, sockets: Sockets, kind: str, payload: Mapping[str, Any]) -> None:
        self._sockets = sockets
        self._kind = kind
        self._payload = payload
        self._last: Connection | None = None

    def __call__(self, parcel: Parcel) -> Answer:
        connection = self._last = self._sockets.next_connection(self._last)
        if connection is None:
            return NO_CONNECTION
        return self._sockets.send(connection, self._message(parcel), parcel.delivery.timeout_seconds)

    def _message(self, parcel: Parcel) -> dict[str, Any]:
        message = {
            "type": self._kind,
            "payload": self._payload,
            "accepts_response_payload": self._kind != "events_api",
        }
        if self._kind != "events_api":
            return message
        return message | {"retry_attempt": parcel.number - 1, "retry_reason": _reason(parcel.last)}


def _reason(last: Answer | None) -> str:
    if last is None:
        return ""
    return "timeout" if last.error == "timeout" else "connection_failed"


def _goodbye(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
