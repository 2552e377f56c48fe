"""The helpdesk's stand-in as the people who work in it see it, the same for each vendor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from sandbox.freshdesk import FreshdeskStandIn
from sandbox.simulation.case import Case
from sandbox.simulation.shop import TEAM, Worker
from sandbox.zendesk import ZendeskStandIn

FRESHDESK_SOLVED = 4


class WorkPlace(Protocol):
    def now(self) -> datetime:
        """Return the moment by the helpdesk's clock."""
        ...

    def new_tickets(self) -> Iterator[tuple[str, int | None]]:
        """Yield the handoff and the assignee of each ticket that came since the last look."""
        ...

    def tickets(self) -> dict[str, list[int]]:
        """Return all tickets by the handoff they carry."""
        ...

    def ticket_of(self, case: Case) -> int | None:
        """Return the ticket somebody would answer, None while there is none."""
        ...

    def person(self, agent_id: int | None) -> Worker | None: ...

    def write(self, ticket_id: int, person: Worker, text: str, *, public: bool) -> None: ...

    def rule_writes(self, ticket_id: int, text: str) -> None: ...

    def solve(self, ticket_id: int) -> None: ...


class _Tickets(ABC):
    """Looks through a stand-in's tickets, each once."""

    mark: str
    assignee: str

    def __init__(self, standin: Any) -> None:
        self.standin = standin
        self._seen = 0
        self._by_handoff: dict[str, list[int]] = {}
        self._by_conversation: dict[str, int] = {}

    def now(self) -> datetime:
        moment: datetime = self.standin.store._clock()
        return moment

    def new_tickets(self) -> Iterator[tuple[str, int | None]]:
        rows = list(self.standin.store.tickets.values())
        new, self._seen = rows[self._seen :], len(rows)
        for ticket in new:
            handoff_id = self._handoff_of(ticket)
            if handoff_id:
                self._by_handoff.setdefault(handoff_id, []).append(ticket["id"])
                yield handoff_id, ticket[self.assignee]

    def tickets(self) -> dict[str, list[int]]:
        for _ in self.new_tickets():
            pass
        return self._by_handoff

    def ticket_of(self, case: Case) -> int | None:
        own = self._by_handoff.get(case.handoff_id or "")
        if own:
            self._by_conversation[case.conversation_id] = own[0]
            return own[0]
        # Handed over anew while its ticket was open: it goes on there.
        return self._by_conversation.get(case.conversation_id)

    def person(self, agent_id: int | None) -> Worker | None:
        return next((one for one in TEAM if agent_id in (one.zendesk, one.freshdesk)), None)

    @abstractmethod
    def _handoff_of(self, ticket: dict[str, Any]) -> str | None:
        """Return the handoff that the ticket was opened for, None for none."""


class AtZendesk(_Tickets):
    assignee = "assignee_id"
    standin: ZendeskStandIn

    def write(self, ticket_id: int, person: Worker, text: str, *, public: bool) -> None:
        self.standin.reply(ticket_id, person.zendesk, text, public=public)

    def rule_writes(self, ticket_id: int, text: str) -> None:
        self.standin.trigger_writes(ticket_id, text)

    def solve(self, ticket_id: int) -> None:
        self.standin.set_status(ticket_id, "solved")

    def _handoff_of(self, ticket: dict[str, Any]) -> str | None:
        handoff_id: str | None = ticket["external_id"]
        return handoff_id


class AtFreshdesk(_Tickets):
    assignee = "responder_id"
    standin: FreshdeskStandIn

    def write(self, ticket_id: int, person: Worker, text: str, *, public: bool) -> None:
        self.standin.reply(ticket_id, person.freshdesk, text, public=public)

    def rule_writes(self, ticket_id: int, text: str) -> None:
        self.standin.rule_replies(ticket_id, text)

    def solve(self, ticket_id: int) -> None:
        self.standin.set_status(ticket_id, FRESHDESK_SOLVED)

    def _handoff_of(self, ticket: dict[str, Any]) -> str | None:
        return ticket["custom_fields"].get("cf_handoff_key") or None
