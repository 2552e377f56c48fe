"""Which stand-ins there are, and which settings point a bridge at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from sandbox import freshdesk
from sandbox.clock import Clock
from sandbox.freshdesk import FreshdeskStandIn
from sandbox.outbox import Outbox
from sandbox.slack import SlackStandIn, standin
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk import seed as zendesk_seed

#: how far Zendesk and Freshdesk lag behind: what a search finds, and what Zendesk's export shows
SEARCH_LAG = timedelta(minutes=2)
EXPORT_LAG = timedelta(minutes=1)


class StandIn(Protocol):
    """A vendor with its state."""

    app: Any

    def connect(self, bridge_url: str) -> None:
        """Send webhooks to that bridge from now on."""
        ...

    def snapshot(self) -> Any:
        """Return the state in a shape of `sandbox.snapshots`."""
        ...


Opened_co = TypeVar("Opened_co", bound=StandIn, covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor(Generic[Opened_co]):
    """One kind of stand-in."""

    name: str
    label: str
    open: Callable[[Clock, Outbox, float], Opened_co]  #: the number multiplies how far its lists lag behind
    address: str  #: the setting that takes its address
    path: str = ""  #: what that address ends in
    secrets: Mapping[str, str]  #: the other settings

    def settings(self, url: str) -> dict[str, str]:
        """Return the bridge's settings for this vendor, served at `url`."""
        return {self.address: url + self.path, **self.secrets}


ZENDESK = Vendor(
    name="zendesk",
    label="Zendesk",
    open=lambda clock, outbox, pace: ZendeskStandIn(
        clock=clock, outbox=outbox, search_lag=SEARCH_LAG * pace, export_lag=EXPORT_LAG * pace
    ),
    address="ZENDESK_BASE_URL",
    secrets={
        "ZENDESK_EMAIL": zendesk_seed.BRIDGE_EMAIL,
        "ZENDESK_API_TOKEN": zendesk_seed.API_TOKEN,
        "ZENDESK_WEBHOOK_SECRET": zendesk_seed.WEBHOOK_SECRET,
    },
)
FRESHDESK = Vendor(
    name="freshdesk",
    label="Freshdesk",
    open=lambda clock, outbox, pace: FreshdeskStandIn(
        clock=clock, outbox=outbox, search_lag=SEARCH_LAG * pace
    ),
    address="FRESHDESK_BASE_URL",
    secrets={
        "FRESHDESK_API_KEY": freshdesk.API_KEY,
        "FRESHDESK_WEBHOOK_SECRET": freshdesk.WEBHOOK_SECRET,
    },
)
SLACK = Vendor(
    name="slack",
    label="Slack",
    open=lambda clock, outbox, _pace: SlackStandIn(clock=clock, outbox=outbox),
    address="SLACK_API_BASE_URL",
    path="/api/",
    secrets={"SLACK_BOT_TOKEN": standin.TOKEN, "SLACK_SIGNING_SECRET": standin.SIGNING_SECRET},
)
VENDORS: tuple[Vendor[StandIn], ...] = (ZENDESK, FRESHDESK, SLACK)
