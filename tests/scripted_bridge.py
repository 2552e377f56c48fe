"""An app in the place of the bridge: it takes what Slack sends, checks the signature, and answers as it was told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool

from sandbox.server import serve
from sandbox.slack.standin import SIGNING_SECRET

#: gets what was told; returns a status, a text, a JSON object, or None for an empty 200
Answering = Callable[[dict[str, Any]], int | str | dict[str, Any] | None]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Heard:
    kind: str  #: such as "block_actions", "slash_command", "event"
    told: dict[str, Any]
    headers: Mapping[str, str]


class SlackClock:
    """What slack_sdk takes for the time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


class ScriptedBridge:
    """`on["view_submission"] = answer` tells what to answer; what nobody set is acknowledged."""

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self.on: dict[str, Answering] = {}
        self.url = ""
        self._verifier = SignatureVerifier(SIGNING_SECRET, SlackClock(clock))
        self._lock = threading.Lock()
        self._heard: list[Heard] = []

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """Return what was told of this kind, oldest first; of events the events themselves."""
        return [one.told["event"] if kind == "event" else one.told for one in self.all(kind)]

    def all(self, kind: str) -> list[Heard]:
        with self._lock:
            return [one for one in self._heard if one.kind == kind]

    def take(self, heard: Heard) -> int | str | dict[str, Any] | None:
        """Keep what was told and return the answer to it."""
        with self._lock:
            self._heard.append(heard)
        answering = self.on.get(heard.kind)
        return None if answering is None else answering(heard.told)

    def app(self) -> FastAPI:
        api = FastAPI()

        @api.post("/slack/events")
        async def hear(request: Request) -> Response:
            body, headers = await request.body(), dict(request.headers)
            if not self._verifier.is_valid_request(body, headers):
                return Response(status_code=401)
            return response(await run_in_threadpool(self.take, heard_of(body.decode(), headers)))

        return api


@contextmanager
def a_scripted_bridge(clock: Callable[[], datetime] = wall_clock) -> Iterator[ScriptedBridge]:
    bridge = ScriptedBridge(clock)
    with serve(bridge.app()) as running:
        bridge.url = running.url
        yield bridge


def heard_of(body: str, headers: Mapping[str, str]) -> Heard:
    if headers["content-type"] == "application/json":
        return Heard(kind="event", told=json.loads(body), headers=headers)
    fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    if "payload" not in fields:
        return Heard(kind="slash_command", told=fields, headers=headers)
    told = json.loads(fields["payload"])
    return Heard(kind=told["type"], told=told, headers=headers)


def response(answer: int | str | dict[str, Any] | None) -> Response:
    if isinstance(answer, int):
        return Response(status_code=answer)
    if isinstance(answer, dict):
        return Response(json.dumps(answer), media_type="application/json")
    return Response(answer or "", media_type="text/plain")
