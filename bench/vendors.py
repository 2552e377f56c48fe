"""A helpdesk and a chat that take their time: each call holds its thread so long, and always succeeds.

No HTTP is spoken, so that what is measured is the bridge and not an HTTP library.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bridge.handoffs.model import CardRef, TicketRef
from bridge.roster.model import Person
from connectors.base import (
    ChangePage,
    Finding,
    HelpdeskEvent,
    Limit,
    Once,
    RateReadings,
    TicketChange,
    TicketDraft,
    TicketHistory,
    TicketOutcome,
    TicketState,
)
from connectors.chat import Attention, Card, CardOutcome, Dialog, Home, Notice, Reach
from connectors.errors import NotForUs
from connectors.registry import Connectors

HELPDESK, CHAT = "helpdesk", "chat"


class TakenCall(NamedTuple):
    """A call that wrote something: from when to when, on the clock that all processes of the machine share."""

    delivery_id: str
    began: float
    ended: float


class _Slow:
    vendor = "slow"

    def __init__(self, connection: str, seconds: float) -> None:
        self.connection = connection
        self.readings = RateReadings()
        self.limits: Mapping[str, Limit] = {}
        self.taken: list[TakenCall] = []
        self._seconds = seconds

    def check(self) -> tuple[Finding, ...]:
        return ()

    def _take_time(self) -> None:
        if self._seconds:
            time.sleep(self._seconds)

    def _write(self, once: Once) -> None:
        began = time.monotonic()
        self._take_time()
        self.taken.append(TakenCall(once.key, began, time.monotonic()))


class SlowHelpdesk(_Slow):
    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        self._write(once)
        return TicketOutcome(ref=self._ref(draft.handoff_id))

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:  # noqa: ARG002
        self._write(once)
        return TicketOutcome(ref=ref)

    def history(self, ref: TicketRef) -> TicketHistory:
        self._take_time()
        return TicketHistory(ref=ref, state=TicketState.OPEN, messages=(), handoff_id=ref.id)

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:  # noqa: ARG002
        return ChangePage(cursor=now.isoformat(), tickets=())

    def cursor_at(self, moment: datetime) -> str:
        return moment.isoformat()

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:  # noqa: ARG002
        raise NotForUs("it sends no webhooks")

    def _ref(self, ticket_id: str) -> TicketRef:
        return TicketRef(
            connection=self.connection, id=ticket_id, url=f"https://helpdesk.example/{ticket_id}"
        )


class SlowChat(_Slow):
    def post_card(self, card: Card, once: Once) -> CardOutcome:
        self._write(once)
        return CardOutcome(ref=CardRef(connection=self.connection, channel=card.channel, message=once.key))

    def find_card(self, channel: str, once: Once) -> CardOutcome | None:  # noqa: ARG002
        return None

    def update_card(self, ref: CardRef, card: Card) -> None:  # noqa: ARG002
        self._take_time()

    def post_in_thread(self, ref: CardRef, notice: Notice, once: Once) -> Reach:  # noqa: ARG002
        return self._reach(notice.tag, once)

    def post_in_channel(self, channel: str, notice: Notice, once: Once) -> Reach:  # noqa: ARG002
        return self._reach(notice.tag, once)

    def direct_message(self, person: Person, notice: Notice, once: Once) -> Reach:
        return self._reach((*notice.tag, person), once)

    def email_of(self, user_id: str) -> str | None:  # noqa: ARG002
        return None

    def address_of(self, channel: str) -> str:
        return f"https://chat.example/{channel}"

    def attention(self, person: Person) -> Attention:  # noqa: ARG002
        self._take_time()
        return Attention.HERE

    def open_dialog(self, trigger: str, dialog: Dialog) -> None:  # noqa: ARG002
        self._take_time()

    def tell_privately(self, channel: str, user_id: str, text: str) -> None:  # noqa: ARG002
        self._take_time()

    def tell_user(self, user_id: str, notice: Notice, once: Once) -> None:  # noqa: ARG002
        self._write(once)

    def publish_home(self, user_id: str, home: Home) -> None:  # noqa: ARG002
        self._take_time()

    def unfurl(self, place: Mapping[str, str], cards: Mapping[str, Card]) -> None:  # noqa: ARG002
        self._take_time()

    def link_to(self, card: CardRef) -> str:
        self._take_time()
        return f"https://chat.example/{card.channel}/{card.message}"

    def keep_group(self, group: str, people: Sequence[Person]) -> bool:  # noqa: ARG002
        self._take_time()
        return True

    def _reach(self, people: tuple[Person, ...], once: Once) -> Reach:
        self._write(once)
        return Reach(people=frozenset(person.key for person in people))


def slow_vendors(seconds: float) -> Connectors:
    """Return a helpdesk and a chat whose every call takes so long."""
    return Connectors(
        helpdesks={HELPDESK: SlowHelpdesk(HELPDESK, seconds)}, chats={CHAT: SlowChat(CHAT, seconds)}
    )


def taken_by(connectors: Connectors) -> list[TakenCall]:
    """Return the calls that these slow vendors took."""
    vendors = (*connectors.helpdesks.values(), *connectors.chats.values())
    return [call for vendor in vendors if isinstance(vendor, _Slow) for call in vendor.taken]
