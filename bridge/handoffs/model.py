"""What one handoff is: the words a bot sends, and where the conversation stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bridge.routing.model import Route
from bridge.sla.model import Policy


class TriggerKind(StrEnum):
    """Why a bot hands over. `OTHER` keeps a kind this version does not know; its text stays in the code."""

    FAILURE = "failure"
    TOPIC = "topic"
    POLICY = "policy"
    VALUE = "value"
    COMPLEXITY = "complexity"
    EMOTION = "emotion"
    OPPORTUNITY = "opportunity"
    ASKED = "asked"
    OTHER = "other"


class Speaker(StrEnum):
    """Who said one turn of the transcript."""

    CUSTOMER = "customer"
    BOT = "bot"
    PERSON = "person"
    SYSTEM = "system"


class State(StrEnum):
    """Where a handoff stands. `OPEN` and `ANSWERED` conversations are still in a person's hands."""

    OPEN = "open"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    ORPHANED = "orphaned"  #: its ticket was deleted or marked as spam; still a miss in the honest number


class Outcome(StrEnum):
    """How a conversation ended for people. Only `SOLVED` says that somebody answered."""

    SOLVED = "solved"
    NOT_SOLVED = "not_solved"
    CUSTOMER_LEFT = "customer_left"
    DUPLICATE = "duplicate"
    SPAM = "spam"


class BotMay(StrEnum):
    """What a bot is to do in its conversation."""

    SILENT = "silent"  #: people have it: what the bot said beside them would confuse the customer
    RESUME = "resume"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    kind: TriggerKind
    code: str = ""  #: the bot's own reason, kept as sent


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    tier: str | None = None
    locale: str | None = None  #: BCP 47, as the bot sent it


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    speaker: Speaker
    text: str
    at: datetime | None = None  #: aware; None when the bot did not say


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One thing the bot tried, and how it went."""

    what: str
    outcome: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Something the conversation is about: an order, an invoice, a page."""

    kind: str
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Three short answers. Any may be empty when nobody knows."""

    wants: str = ""
    tried: str = ""
    suspects: str = ""
    built: bool = False  #: True when made by our rules because the bot gave none


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """Where the bot would send it. The desk file decides."""

    group: str | None = None
    skill: str | None = None
    owner: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Everything the bot told us, cleaned but not masked."""

    conversation_id: str
    channel: str
    trigger: Trigger
    customer: Customer = field(default_factory=Customer)
    topic: str | None = None
    summary: Summary | None = None  #: as the bot sent it; None when it sent none
    attempts: tuple[Attempt, ...] = ()
    records: tuple[Record, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)  #: collected facts, by the bot's own names
    verification: tuple[str, ...] = ()  #: checks of identity already done
    sentiment: str | None = None
    transcript: tuple[Turn, ...] = ()
    hints: Hints = field(default_factory=Hints)
    callback_url: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  #: fields we do not know, kept as sent


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketRef:
    """Where the ticket lives. What was said on it before `since` was said to others: None for its own ticket."""

    connection: str
    id: str
    url: str | None = None
    since: datetime | None = None  #: aware; when the handoff's own ticket was merged into this one


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRef:
    """Where the card was posted; `message` is the vendor's id of the post inside `channel`."""

    connection: str
    channel: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Former:
    """Who had the conversation when it was handed over before. `person` is a key of the desk."""

    person: str
    until: datetime  #: aware; when that handoff was over


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoff:
    """One conversation passed to people, with the route and policy it was accepted under.

    Times are aware and in UTC. `started_at` is None when the bot did not say when the
    conversation began. `owner` is the key of a person of the desk, None on a roster gap.
    """

    account_id: str
    handoff_id: str
    state: State
    context: Context
    summary: Summary
    route: Route
    policy: Policy
    window: (
        timedelta  #: the customer's attention, frozen at acceptance; the honest number measures against it
    )
    asked_at: datetime
    received_at: datetime
    promised_at: datetime
    closes_after: timedelta | None = None  #: how long after the customer's last message the channel is open
    channel_closes_at: datetime | None = None  #: and when it closes; None for a channel that does not
    started_at: datetime | None = None
    desk_version: int = 0
    key_id: str | None = None  #: the key that handed it over; its secret signs the callbacks
    test: bool = False
    flags: tuple[str, ...] = ()
    owner: str | None = None
    rung: int = 0  #: highest rung of the ladder that has fired
    ticket: TicketRef | None = None
    ticketed_at: datetime | None = None
    card: CardRef | None = None
    carded_at: datetime | None = None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    delivered_at: datetime | None = None  #: the answer reached the bot; None where none is relayed
    customer_wrote_at: datetime | None = None  #: to whoever has it, who has not written since
    owner_called_at: datetime | None = None  #: when the owner was last told of such words
    undelivered_at: datetime | None = None  #: when the bot was given up on for the last reply
    closed_at: datetime | None = None
    snoozed_until: datetime | None = None  #: no rung of the ladder fires before
    snoozed_by: str | None = None
    rating: str | None = None  #: the customer's, by the helpdesk's survey: good, neutral or bad
    outcome: Outcome | None = None  #: None while it is open, and where nobody said how it ended
    outcome_by: str | None = None  #: key of the person who said so; None where the helpdesk or the bot did
    handed_on_from: str | None = None  #: key of who had it until the shift change; None once others decided
    former: Former | None = None  #: None when the conversation was not handed over shortly before
    revision: int = 1

    @property
    def waiting_since(self) -> datetime:
        """Return when the customer's whole wait began: with the bot, where that is known."""
        return self.started_at or self.asked_at

    @property
    def is_open(self) -> bool:
        """Return whether people still have the conversation."""
        return self.state in (State.OPEN, State.ANSWERED)

    @property
    def bot(self) -> BotMay:
        """Return what the bot is to do as far as this handoff is concerned."""
        return BotMay.SILENT if self.is_open else BotMay.RESUME
