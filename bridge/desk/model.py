"""The desk: one reviewed file's worth of people, channels, shifts, routes and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bridge.roster.model import Person, Roster
from bridge.routing.model import Fallback, RouteRule
from bridge.sla.model import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelPolicy:
    """What a channel allows. None means the desk does not say."""

    attention_window: timedelta | None = None  #: how long a customer of this channel stays
    closes_after: timedelta | None = None  #: after this the channel takes no message to the customer


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A calendar kept elsewhere whose events say who holds these channels. Its address may be a secret."""

    name: str
    url: str = field(repr=False)
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A desk that has passed every check of its file. The last of `routes` is the one for all others."""

    zone: str
    roster: Roster
    channels: Mapping[str, ChannelPolicy]
    routes: tuple[RouteRule, ...]
    policies: Mapping[str, Policy]
    helpdesk: str | None = None  #: the connection that gets tickets; None when there is only one
    fallback: Fallback = field(default_factory=Fallback)
    feeds: tuple[Feed, ...] = ()

    @property
    def people(self) -> Mapping[str, Person]:
        return self.roster.people

    @property
    def card_channels(self) -> tuple[str, ...]:
        """Return every channel of the chat that a card may be posted in, each once."""
        by_shift = (shift.card_channel for shift in self.roster.shifts)
        by_route = (rule.card_channel for rule in self.routes)
        named = (*by_shift, *by_route, self.fallback.card_channel)
        return tuple(dict.fromkeys(name for name in named if name))
