"""What goes wrong that day: single mishaps by chance, spells of trouble at hours of the seed's choosing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from sandbox.faults import Action, Fault, FaultScript

T = TypeVar("T")


class Mishap(StrEnum):
    """How a call to a vendor, to the bot or to the bridge goes wrong."""

    REFUSED = "refused"  #: no connection
    RESET_BEFORE = "reset_before"  #: nothing done
    RESET_AFTER = "reset_after"  #: done, its answer lost
    TIMED_OUT = "timed_out"  #: done, its answer too late
    BUSY = "busy"  #: nothing done, 429 with a delay
    BROKEN = "broken"  #: nothing done, 502 or 503
    HTML = "html"  #: nothing done, 200 with a page of HTML


@dataclass(frozen=True, kw_only=True, slots=True)
class Spell:
    """For so long `share` of the calls to a host go wrong in one way."""

    host: str
    mishap: Mishap
    begins_at: datetime
    ends_at: datetime
    share: float

    def is_on(self, host: str, now: datetime) -> bool:
        return host == self.host and self.begins_at <= now < self.ends_at


#: share of all calls, outside of spells
BY_CHANCE: Final[Mapping[Mishap, float]] = {
    Mishap.RESET_BEFORE: 0.002,
    Mishap.RESET_AFTER: 0.002,
    Mishap.TIMED_OUT: 0.002,
    Mishap.BUSY: 0.0005,
    Mishap.BROKEN: 0.002,
    Mishap.HTML: 0.0005,
}
#: host, how, for how many minutes, share of its calls
SPELLS: Final = (
    ("slack", Mishap.REFUSED, 60, 1.0),
    ("helpdesk", Mishap.BROKEN, 12, 0.8),
    ("helpdesk", Mishap.BUSY, 3, 1.0),
    ("helpdesk", Mishap.TIMED_OUT, 4, 0.7),
    ("bot", Mishap.REFUSED, 6, 1.0),
)
#: what never comes from the bridge itself, or would pass for an answer of a bot
NEVER_FROM: Final[Mapping[str, frozenset[Mishap]]] = {
    "bridge": frozenset({Mishap.BUSY, Mishap.HTML}),
    "bot": frozenset({Mishap.HTML}),
}
HELPDESK: Final = "helpdesk"  #: in a spell, whichever the day's is
#: share of webhooks
WEBHOOKS: Final[Mapping[Action, float]] = {
    Action.DROP: 0.03,
    Action.DUPLICATE: 0.03,
    Action.DELAY: 0.03,
    Action.HOLD: 0.01,
    Action.RESET_AFTER: 0.01,
    Action.RESET_BEFORE: 0.01,
    Action.STATUS: 0.01,
}
LATEST_WEBHOOK_SECONDS: Final = 180.0


class Weather:
    """Draws the mishaps of one day. `calm` lets everything go well."""

    def __init__(
        self,
        chance: random.Random,
        clock: Callable[[], datetime],
        *,
        helpdesk: str,
        hours: float,
        calm: bool = False,
    ) -> None:
        self._chance = chance
        self._clock = clock
        self._calm = calm
        self.spells: Sequence[Spell] = () if calm else tuple(self._spells(helpdesk, clock(), hours))

    def of_call(self, host: str) -> Mishap | None:
        """Return how the next call to `host` goes wrong, None for a good one."""
        if self._calm:
            return None
        now = self._clock()
        for spell in self.spells:
            if spell.is_on(host, now) and self._chance.random() < spell.share:
                return spell.mishap
        drawn = _drawn(self._chance, BY_CHANCE)
        return None if drawn in NEVER_FROM.get(host, ()) else drawn

    def of_webhook(self, among: frozenset[Action]) -> Action | None:
        if self._calm:
            return None
        return _drawn(self._chance, {action: share for action, share in WEBHOOKS.items() if action in among})

    def happens(self, share: float) -> bool:
        """Return whether something that goes wrong so often goes wrong now."""
        return not self._calm and self._chance.random() < share

    def _spells(self, helpdesk: str, start: datetime, hours: float) -> list[Spell]:
        found = []
        for host, mishap, minutes, share in SPELLS:
            length = timedelta(minutes=min(minutes, hours * 5))
            begins_at = start + timedelta(hours=hours * self._chance.uniform(0.05, 0.9))
            name = helpdesk if host == HELPDESK else host
            found.append(
                Spell(host=name, mishap=mishap, begins_at=begins_at, ends_at=begins_at + length, share=share)
            )
        return found


class WebhookFaults(FaultScript):
    """A script for the vendors' outbox that is never used up."""

    def __init__(self, weather: Weather, chance: random.Random) -> None:
        super().__init__()
        self._weather = weather
        self._chance = chance

    def take(
        self, vendor: str, method: str, path: str, *, among: frozenset[Action] = frozenset()
    ) -> Fault | None:
        action = self._weather.of_webhook(among)
        if action is None:
            return None
        seconds = self._chance.uniform(0, LATEST_WEBHOOK_SECONDS) if action is Action.DELAY else 0.0
        return Fault(vendor=vendor, call=f"{method} {path}", action=action, seconds=seconds, status=502)


def _drawn(chance: random.Random, shares: Mapping[T, float]) -> T | None:
    point = chance.random()
    for kind, share in shares.items():
        point -= share
        if point < 0:
            return kind
    return None
