"""One handoff as the report sees it: its times, and no word of the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.handoffs.model import Outcome, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """Times are aware and in UTC. `shift` and `named_owner` are those of the route, frozen at acceptance."""

    handoff_id: str
    channel: str
    shift: str | None  #: None when no shift covered the moment
    named_owner: str | None  #: None on a roster gap
    state: State
    test: bool
    relayed: bool  #: the bot was told of the answer; while there is none, it gave an address for it
    window: timedelta
    asked_at: datetime
    received_at: datetime
    promised_at: datetime
    started_at: datetime | None = None  #: None when the bot did not say
    ticketed_at: datetime | None = None
    carded_at: datetime | None = None
    answered_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None  #: None where nobody said how it ended
    rerouted: bool = False  #: a person had to choose the group anew
    re_asked: bool | None = None  #: a person had to ask again what the bot knew; None where nobody said
    rating: str | None = None  #: the customer's, by the helpdesk's survey; None for none
    on_another_ticket: bool = (
        False  #: its ticket was that of another handoff that went on when this one was closed
    )

    @property
    def window_ends_at(self) -> datetime:
        return self.asked_at + self.window

    @property
    def reached_at(self) -> datetime | None:
        """Return when a person's answer reached the customer: the bot took it, or it was written where no bot relays.

        None while nobody has answered, and while a relay is owed or has failed for good.
        """
        return self.delivered_at if self.relayed else self.answered_at

    @property
    def withdrawn_unanswered(self) -> bool:
        """Return whether it was withdrawn, or the customer left, before anybody answered.

        An answer that came later is no excuse.
        """
        left = self.state is State.RESOLVED and self.outcome is Outcome.CUSTOMER_LEFT
        return (left or self.state is State.WITHDRAWN) and self._closed_unanswered

    @property
    def merged_away(self) -> bool:
        """Return whether a person called it a duplicate, unanswered, and the helpdesk bears that out by a merge.

        A word alone takes nothing out of the number: then it is a miss as any other.
        """
        said = self.state is State.RESOLVED and self.outcome is Outcome.DUPLICATE
        return said and self.on_another_ticket and self._closed_unanswered

    @property
    def _closed_unanswered(self) -> bool:
        return self.answered_at is None or (self.closed_at is not None and self.closed_at < self.answered_at)
