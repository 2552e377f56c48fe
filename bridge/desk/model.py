"""The desk: one reviewed file's worth of people, channels, shifts, routes and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from bridge.roster.model import Person, Roster
from bridge.routing.model import Fallback, RouteRule
from bridge.sla.model import Policy

#: a conversation handed over again so soon goes to whoever had it
REOPEN_WITHIN: Final = timedelta(hours=24)


class ShiftChange(StrEnum):
    """What becomes of open, unanswered handoffs when another person comes on duty."""

    MOVE = "move"  #: they go to that person
    STAY = "stay"  #: whoever has them keeps them


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
    language: str | None = None  #: in which customers of no known language are told; None for English
    shift_change: ShiftChange = ShiftChange.MOVE
    reopen_within: timedelta = REOPEN_WITHIN  #: zero for never

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
