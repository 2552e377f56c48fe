"""What stays when the bridge's process dies: the vendors, the bot, the customer, and the time."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sweep_clock import SharedClock
from sweep_post import Post

from bridge.security.signatures import verify
from sandbox.bot import CALLBACK_PATH, BotStandIn
from sandbox.server import serve
from sandbox.vendors import FRESHDESK, SLACK, ZENDESK

HELPDESKS: Final = {"zendesk": ZENDESK, "freshdesk": FRESHDESK}
AGENTS: Final = {"zendesk": 3601, "freshdesk": 4601}  #: Asha
REAL_PACE: Final = 1.0

#: the moment, and what each part of the town holds
Remembered = tuple[datetime, list[dict[str, Any]]]


class HearingBot(BotStandIn):
    """A bot that verifies by the town's clock, and keeps every callback as it came, repeats too."""

    def __init__(self, clock: SharedClock) -> None:
        super().__init__(clock=clock)
        self.heard: list[tuple[str, str]] = []  #: webhook-id and body

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        assert self._secret is not None
        verify([self._secret], headers, body, self._clock())

    def _take(self, headers: Mapping[str, str], body: bytes) -> None:
        super()._take(headers, body)
        self.heard.append((headers["webhook-id"], body.decode()))


class Town:
    """One helpdesk, one chat and one bot, each behind a port of its own."""

    def __init__(self, clock: SharedClock, helpdesk: str, servers: ExitStack) -> None:
        self.clock = clock
        self.vendor = helpdesk
        self.post = Post(clock)
        self.bot = HearingBot(clock)
        self._settings: dict[str, str] = {"HANDOFF_ALLOW_LOOPBACK_CALLBACKS": "true"}
        self.helpdesk, self.slack = (self._opened(vendor, servers) for vendor in (HELPDESKS[helpdesk], SLACK))
        self.bot.callback_url = servers.enter_context(serve(self.bot.app)).url + CALLBACK_PATH

    def environment(self) -> dict[str, str]:
        """Return the bridge's settings that point it here."""
        return dict(self._settings)

    def connect(self, bridge_url: str, key: str, secret: str) -> None:
        for one in (self.helpdesk, self.slack):
            one.connect(bridge_url)
        self.bot.connect(bridge_url, key, secret=secret)

    def agent_replies(self, text: str) -> None:
        self.helpdesk.reply(self._oldest_ticket(), AGENTS[self.vendor], text, public=True)

    def agent_solves(self) -> None:
        self.helpdesk.set_status(self._oldest_ticket(), "solved" if self.vendor == "zendesk" else 4)

    def asha_claims(self) -> None:
        """Press the button under the only card."""
        channels = self.slack.workspace.channels.values()
        channel, card = next(
            (channel, post) for channel in channels for post in channel.top_level() if post.blocks
        )
        self.slack.press(channel.id, card.ts, "claim", "U07ASHA")

    def remember(self) -> Remembered:
        """Return all that the town knows, to be put back by `restore`."""
        return self.clock(), [copy.deepcopy(self._kept(part), self._shared()) for part in self._parts()]

    def restore(self, remembered: Remembered) -> None:
        moment, memory = remembered
        self.clock.set(moment)
        self.post.forget()
        for part, kept in zip(self._parts(), memory, strict=True):
            vars(part).update(copy.deepcopy(kept, self._shared()))

    def told(self) -> str:
        """Return all that the town knows, in words, and the webhooks on their way."""
        return f"{self.clock()} {[self._kept(part) for part in self._parts()]} {self.post.told()}"

    def _oldest_ticket(self) -> int:
        return min(int(ticket["id"]) for ticket in self.helpdesk.snapshot()["tickets"])

    def _opened(self, vendor: Any, servers: ExitStack) -> Any:
        made = vendor.open(self.clock, self.post, REAL_PACE)
        self._settings |= vendor.settings(servers.enter_context(serve(made.app)).url)
        return made

    def _parts(self) -> list[Any]:
        """Return what holds the town's state."""
        if self.vendor == "zendesk":
            desk = [self.helpdesk.store, self.helpdesk.hooks, self.helpdesk._keys, self.helpdesk._limits]
        else:
            desk = [self.helpdesk.store, self.helpdesk.hooks, self.helpdesk.limits]
        return [*desk, self.slack.workspace, self.bot]

    @staticmethod
    def _kept(part: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(part).items() if name not in ("app", "router", "_lock")}

    def _shared(self) -> dict[int, Any]:
        """Return what a copy must not copy: there is one clock and one post."""
        return {id(one): one for one in (self.clock, self.post)}


@contextmanager
def open_town(folder: Path, helpdesk: str) -> Iterator[Town]:
    with ExitStack() as servers:
        yield Town(SharedClock(folder / "clock"), helpdesk, servers)
