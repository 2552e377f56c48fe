"""Counts what passed over the wire: calls by kind, refusals, and how near each vendor's limit it came."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs

from sandbox.freshdesk import gate as freshdesk_gate
from sandbox.simulation.weather import Mishap
from sandbox.simulation.wire import Passed
from sandbox.zendesk import gate as zendesk_gate

ID: Final = re.compile(r"/(\d+|ho_\w+)(?=/|\.|$)")
MINUTE: Final = timedelta(minutes=1)
SLACK_POSTS: Final = 60  #: a minute in one channel, "one a second"
SLACK_UPDATES: Final = 50  #: a minute, the least of tier 3
TOO_MANY: Final = 429


@dataclass(kw_only=True, slots=True)
class Watched:
    """One limit of a vendor: so many calls in any minute, and the most there ever were."""

    limit: int
    peak: int = 0
    _calls: deque[datetime] = field(default_factory=deque)

    @property
    def share(self) -> float:
        return self.peak / self.limit

    def count(self, at: datetime) -> None:
        self._calls.append(at)
        while self._calls[0] <= at - MINUTE:
            self._calls.popleft()
        self.peak = max(self.peak, len(self._calls))


class Calls:
    """Hears of every call, and keeps no body. `then` is told of each call afterwards."""

    def __init__(self, then: Callable[[Passed], None]) -> None:
        self._then = then
        self.by_kind: Counter[tuple[str, str]] = Counter()
        self.mishaps: Counter[str] = Counter()
        self.over_the_limit: Counter[str] = Counter()  #: 429s that a vendor's own limit brought
        self.budgets: dict[str, Watched] = {}

    def __call__(self, passed: Passed) -> None:
        self.by_kind[passed.host, kind_of(passed)] += 1
        if passed.mishap is not None:
            self.mishaps[passed.mishap] += 1
        elif passed.status == TOO_MANY:
            self.over_the_limit[passed.host] += 1
        if passed.mishap not in (Mishap.REFUSED, Mishap.RESET_BEFORE):
            for name, limit in _budgets_of(passed):
                self.budgets.setdefault(name, Watched(limit=limit)).count(passed.at)
        self._then(passed)


def kind_of(passed: Passed) -> str:
    """Return the call without the ids in it."""
    if passed.host == "slack":
        return passed.path.rpartition("/")[2]
    return f"{passed.method} {ID.sub('/{id}', passed.path).removesuffix('.json').removeprefix('/api/v2')}"


def _budgets_of(passed: Passed) -> Iterator[tuple[str, int]]:
    kind = kind_of(passed)
    if passed.host == "zendesk":
        limits = zendesk_gate.Limits()
        yield "zendesk account", limits.account or 0
        if kind == "PUT /tickets/{id}":
            yield "zendesk ticket updates", limits.updates or 0
        elif "/incremental/" in kind:
            yield "zendesk exports", limits.exports or 0
    elif passed.host == "freshdesk":
        yield "freshdesk account", freshdesk_gate.GROWTH.account or 0
        if kind == "POST /tickets":
            yield "freshdesk tickets created", freshdesk_gate.GROWTH.creates or 0
        elif kind == "PUT /tickets/{id}":
            yield "freshdesk ticket updates", freshdesk_gate.GROWTH.updates or 0
        elif kind == "GET /tickets":
            yield "freshdesk ticket lists", freshdesk_gate.GROWTH.lists or 0
    elif kind == "chat.postMessage":
        yield f"slack posts in {_channel(passed)}", SLACK_POSTS
    elif kind == "chat.update":
        yield "slack updates", SLACK_UPDATES


def _channel(passed: Passed) -> str:
    try:
        channel = str(json.loads(passed.body).get("channel", ""))
    except ValueError:
        channel = parse_qs(passed.body.decode()).get("channel", [""])[0]
    return "direct messages" if channel.startswith("D") else channel
