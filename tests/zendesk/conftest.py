"""A Zendesk stand-in on a real port, a clock that moves when told, and the connector that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stand_ins import NOON, OnTrial, Port, StillClock, open_port

from bridge.handoffs.model import Customer, Speaker, Turn
from bridge.roster.model import Person
from connectors.base import Note, Once, Priority, TicketChange, TicketDraft
from connectors.mapping import FieldMapping, shipped_mapping
from connectors.zendesk import ApiToken, ZendeskAccount, ZendeskHelpdesk
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk.gate import NO_LIMITS
from sandbox.zendesk.seed import API_TOKEN, BRIDGE_EMAIL

HANDOFF = "hof_0001"
ASHA = Person(key="asha", name="Asha Rao", email="asha@shop.example", ids={"zendesk": "3601"})
DOCUMENT: dict[str, Any] = {
    "handoff_id": HANDOFF,
    "topic": "billing_dispute",
    "channel": "whatsapp",
    "conversation_id": "conv-1",
    "trigger": {"kind": "asked", "code": "agent please"},
    "customer": {"name": "Lena", "email": "lena@customer.example", "tier": "gold"},
    "summary": {"wants": "Wants a refund", "tried": "", "suspects": ""},
    "promised_at": "2026-11-02T12:15:00+00:00",
    "verification": ["otp"],
    "test": False,
}


class Desk(OnTrial):
    """The stand-in as a test sees it: what arrived, and what goes wrong next."""

    vendor = "zendesk"

    def __init__(self, clock: StillClock, url: str) -> None:
        super().__init__(clock, url)
        self.zendesk = ZendeskStandIn(clock=clock, outbox=self.outbox, limits=NO_LIMITS)

    def calls(self, call: str) -> int:
        """Return how often "METHOD /path" arrived, answered or not."""
        return sum(f"{one.method} {one.path}" == call for one in self.journal.entries())

    @property
    def tickets(self) -> list[dict[str, Any]]:
        return list(self.zendesk.store.tickets.values())

    def comments(self, ticket_id: str | int) -> list[dict[str, Any]]:
        audits = self.zendesk.store.audits[int(ticket_id)]
        return [event for audit in audits for event in audit["events"] if event["type"] == "Comment"]

    def account(self, **more: Any) -> ZendeskAccount:
        return ZendeskAccount(
            sign_in=ApiToken(email=BRIDGE_EMAIL, token=API_TOKEN), base_url=self.url, **more
        )

    def connector(self, **more: Any) -> ZendeskHelpdesk:
        told = {"account": self.account(), "mapping": shipped_mapping("zendesk"), "clock": self.clock} | more
        return ZendeskHelpdesk(**told)


@pytest.fixture(scope="session")
def zendesk_port() -> Iterator[Port]:
    with open_port() as port:
        yield port


@pytest.fixture
def desk(zendesk_port: Port) -> Iterator[Desk]:
    it = Desk(StillClock(), zendesk_port.url)
    with it.behind(zendesk_port, it.zendesk.app):
        yield it


@pytest.fixture
def helpdesk(desk: Desk) -> ZendeskHelpdesk:
    return desk.connector()


@pytest.fixture
def mapping() -> FieldMapping:
    return shipped_mapping("zendesk")


@pytest.fixture
def asha() -> Person:
    return ASHA


@pytest.fixture
def draft() -> Callable[..., TicketDraft]:
    """Return how to make a draft; what is named takes the place of the ordinary."""

    def made(**more: Any) -> TicketDraft:
        ordinary: dict[str, Any] = {
            "handoff_id": HANDOFF,
            "subject": "Lena needs a person",
            "customer": Customer(name="Lena", email="lena@customer.example"),
            "note": note_of(
                ("Wants a refund", "Tried nothing; suspects a double charge"), "I was charged twice"
            ),
            "document": DOCUMENT,
            "group": "Billing",
            "assignee": ASHA,
            "priority": Priority.HIGH,
            "tags": ("vip",),
        }
        return TicketDraft(**(ordinary | more))

    return made


@pytest.fixture
def change() -> Callable[..., TicketChange]:
    def made(**more: Any) -> TicketChange:
        return TicketChange(**({"handoff_id": HANDOFF} | more))

    return made


@pytest.fixture
def note() -> Callable[..., Note]:
    return note_of


@pytest.fixture
def once() -> Once:
    return Once(key="dlv_0001")


def note_of(lines: tuple[str, ...] = ("A line",), *said: str) -> Note:
    turns = tuple(Turn(speaker=Speaker.CUSTOMER, text=text, at=NOON) for text in said)
    return Note(lines=lines, facts=(("Order", "A-17"),), transcript=turns)
