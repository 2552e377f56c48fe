"""The wire between the bridge, its vendors and the bot: every call passes here, takes its time, may go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.simulation.asgi import HttpAnswer, call
from sandbox.simulation.weather import Mishap, Weather

DELAY_ASKED: Final = (5, 30)  #: seconds, of a 429 out of the blue
HTML: Final = b"<!doctype html><title>We will be right back</title>"
NO_ANSWER: Final = frozenset({Mishap.REFUSED, Mishap.RESET_BEFORE, Mishap.RESET_AFTER, Mishap.TIMED_OUT})


class NoAnswer(Exception):
    """The caller gets no answer; `mishap` says what it sees."""

    def __init__(self, mishap: Mishap) -> None:
        super().__init__(mishap)
        self.mishap = mishap


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """One server. A call takes about `median_seconds`; `spread` 0 makes that exact."""

    name: str
    app: Any
    median_seconds: float
    spread: float = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """One call as it went. `status` is None for one without an answer."""

    at: datetime
    host: str
    method: str
    path: str
    body: bytes
    status: int | None
    mishap: Mishap | None


class Wire:
    """`heard` is told of each call once it has gone."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        chance: random.Random,
        weather: Weather,
        heard: Callable[[Passed], None],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._weather = weather
        self._heard = heard
        self._hosts: dict[str, Host] = {}
        self._seconds = 0.0

    def connect(self, url: str, host: Host) -> None:
        self._hosts[urlsplit(url).netloc] = host

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float
    ) -> HttpAnswer:
        """Make one call now. Raises NoAnswer, and LookupError for a host that is not there."""
        host = self._hosts[urlsplit(url).netloc]
        mishap = self._weather.of_call(host.name)
        answer = self._answer(host, mishap, method, url, headers, body)
        self._seconds += timeout_seconds if mishap is Mishap.TIMED_OUT else self._latency(host)
        status = None if mishap in NO_ANSWER or answer is None else answer.status
        path = urlsplit(url).path
        self._heard(
            Passed(
                at=self._clock(),
                host=host.name,
                method=method,
                path=path,
                body=body,
                status=status,
                mishap=mishap,
            )
        )
        if mishap in NO_ANSWER or answer is None:
            raise NoAnswer(mishap or Mishap.REFUSED)
        return answer

    def seconds_taken(self) -> float:
        """Return how long the calls since the last asking have taken."""
        taken, self._seconds = self._seconds, 0.0
        return taken

    def _answer(
        self,
        host: Host,
        mishap: Mishap | None,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> HttpAnswer | None:
        match mishap:
            case Mishap.REFUSED | Mishap.RESET_BEFORE:
                return None
            case Mishap.BUSY:
                wait = {"Retry-After": str(self._chance.randint(*DELAY_ASKED))}
                return HttpAnswer(status=429, headers=wait, body=b"{}")
            case Mishap.BROKEN:
                return HttpAnswer(status=self._chance.choice((502, 503)), headers={}, body=b"")
            case Mishap.HTML:
                return HttpAnswer(status=200, headers={"Content-Type": "text/html"}, body=HTML)
        return call(host.app, method, url, headers, body)

    def _latency(self, host: Host) -> float:
        return host.median_seconds * min(self._chance.lognormvariate(0.0, host.spread), 5.0)
