"""The contract every connector keeps: domain types in, domain types out, vendor JSON never above this line.

A call returns a value or raises one of `connectors.errors`; None and False never mean failure.
A connector never sleeps and never retries: the delivery ledger does. What a chat takes and tells beside
this is in `connectors.chat`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bridge.handoffs.model import Customer, TicketRef, Turn
from bridge.roster.model import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """How a call is kept to one effect, however often it is tried.

    `key` is the same for every attempt at one delivery. `look_first` is True when an earlier
    attempt may have done the work: the connector then looks for its trace before sending again.
    """

    key: str
    look_first: bool = False
    first_tried_at: datetime | None = None  #: aware; None on the first attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A vendor's limit, as a budget that all processes share: `calls` in each `per`.

    Where a vendor lets bursts pass, `until_refused` is what we spend in each `per` until it says no;
    from then on `calls` counts, until the budget has rested.
    """

    calls: int
    per: timedelta
    until_refused: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RateReading:
    """What a vendor's answer said of one of its limits. `resets_in` is None where it did not say.

    `calls` is how many answers of one attempt spoke of this limit; the last of them counts.
    """

    limit: str
    total: int
    remaining: int
    resets_in: timedelta | None = None
    calls: int = 1


class RateReadings:
    """Readings that calls of this thread have brought in and the ledger has not yet taken."""

    def __init__(self) -> None:
        self._local = threading.local()

    def note(self, reading: RateReading) -> None:
        pending = self._pending()
        before = pending.get(reading.limit)
        calls = reading.calls + (before.calls if before else 0)
        pending[reading.limit] = replace(reading, calls=calls)

    def take(self) -> tuple[RateReading, ...]:
        taken = tuple(self._pending().values())
        self._pending().clear()
        return taken

    def _pending(self) -> dict[str, RateReading]:
        pending: dict[str, RateReading] | None = getattr(self._local, "pending", None)
        if pending is None:
            pending = self._local.pending = {}
        return pending


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What the person reads on the ticket: the two lines, the facts, then the whole conversation, unmasked."""

    lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    transcript: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketDraft:
    """A ticket to open. `document` is the whole handoff as JSON, which the mapping's expressions read."""

    handoff_id: str
    subject: str
    customer: Customer
    note: Note
    document: Mapping[str, Any]
    group: str | None = None  #: the group's name in the helpdesk; None leaves it to the helpdesk's default
    assignee: Person | None = None
    priority: Priority = Priority.NORMAL
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """What a person wrote in the chat, to stand on the ticket under their name, word for word."""

    author: Person
    text: str
    public: bool  #: for the customer; else for the team alone


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketChange:
    """What to change on a ticket; None leaves a thing as it is. `note` is always private.

    A change carries a note of ours or a person's `comment`, never both.
    """

    handoff_id: str
    note: Note | None = None
    comment: Comment | None = None
    priority: Priority | None = None
    group: str | None = None
    assignee: Person | None = None
    tags: tuple[str, ...] = ()  #: added, never replacing
    document: Mapping[str, Any] | None = None  #: given when the mapped fields are to be written again
    solved: bool = (
        False  #: the work is done; where the helpdesk will not have it so, the rest is written all the same
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketOutcome:
    """Where the ticket lives now (another place after a merge or a follow-up), and what had to be left out.

    After a merge `ref` says since when it is this handoff's too, as `TicketHistory` does.
    """

    ref: TicketRef
    problems: tuple[
        str, ...
    ] = ()  #: plain words for the admin: "field cf_topic does not exist at the helpdesk"
    misrouted: bool = False  #: the group or the person of the route could not have it
    found: bool = False  #: True when an earlier attempt's work was found instead of done again
    said: TicketMessage | None = None  #: the change's comment as it stands on the ticket


class AuthorKind(StrEnum):
    """Who wrote a message on a ticket, as far as the vendor lets us tell. Only a PERSON can answer a customer."""

    PERSON = "person"
    CUSTOMER = "customer"
    BRIDGE = "bridge"  #: our own integration user
    BOT = "bot"
    RULE = "rule"  #: trigger, automation, auto-reply, survey


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    kind: AuthorKind
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file beside a message. We pass its address on and fetch nothing."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketMessage:
    id: str
    at: datetime
    author: Author
    public: bool  #: the customer can read it
    text: str
    attachments: tuple[Attachment, ...] = ()


class TicketState(StrEnum):
    OPEN = "open"
    SOLVED = "solved"
    DELETED = "deleted"  #: or marked as spam


class Rating(StrEnum):
    GOOD = "good"
    NEUTRAL = "neutral"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRating:
    """What the customer said in the helpdesk's survey; `words` is None where they added none."""

    rating: Rating
    words: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketHistory:
    """One ticket as the helpdesk tells it now; `ref` is where it lives after merges."""

    ref: TicketRef
    state: TicketState
    messages: tuple[TicketMessage, ...]
    handoff_id: str | None = None  #: None when the ticket carries no handoff's mark
    assignee_id: str | None = None
    rating: CustomerRating | None = None  #: None while the customer has given none
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedTicket:
    ref: TicketRef
    handoff_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePage:
    """Tickets that changed since `cursor` was taken; `more` says another page waits already."""

    cursor: str
    tickets: tuple[ChangedTicket, ...]
    more: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpdeskEvent:
    """A webhook, verified and translated. `message` is None when it is a hint and the ticket must be read.

    `event_id` is the vendor's id that stays over redeliveries, or one derived from the body. `whole` is
    False where the body leaves open what is attached to the message: then only the ticket tells all of it.
    """

    event_id: str
    ticket_id: str
    handoff_id: str | None = None
    message: TicketMessage | None = None
    whole: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of a live check: what is wrong and what would do."""

    severity: str  #: "error" or "warning"
    where: str
    problem: str
    remedy: str


class Connector(Protocol):
    vendor: str
    connection: str
    readings: RateReadings
    #: by name: `EVERYTHING` for the whole connection, else a delivery's kind
    limits: Mapping[str, Limit]

    def check(self) -> tuple[Finding, ...]:
        """Ask the vendor whether what the mapping and the desk count on is there. Raises ConnectorError."""
        ...


class Helpdesk(Connector, Protocol):
    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome: ...

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome: ...

    def history(self, ref: TicketRef) -> TicketHistory: ...

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:
        """Return one page of changed tickets. None starts a few minutes before `now`."""
        ...

    def cursor_at(self, moment: datetime) -> str:
        """Return the cursor from which `changes` tells everything that changed since `moment`."""
        ...

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:
        """Verify and translate a webhook. `headers` has lower-case names. Raises NotFromVendor or NotForUs."""
        ...
