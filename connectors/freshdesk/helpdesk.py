"""Freshdesk as a helpdesk of the bridge. Source: Freshdesk REST API, version 2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from bridge.handoffs.model import TicketRef
from connectors.base import (
    ChangedTicket,
    ChangePage,
    CustomerRating,
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
from connectors.errors import Gone, Rejected
from connectors.freshdesk.api import FreshdeskApi
from connectors.freshdesk.changes import Cursor, read_page
from connectors.freshdesk.changing import Changing
from connectors.freshdesk.checking import about_fields, about_groups, about_ourselves, about_webhook
from connectors.freshdesk.conversation import SURVEY, People, merged_into, messages
from connectors.freshdesk.directory import Directory
from connectors.freshdesk.failures import VENDOR
from connectors.freshdesk.fields import SOLVED, handoff_of
from connectors.freshdesk.opening import SETTLING, Opening
from connectors.freshdesk.rates import LIMITS
from connectors.freshdesk.rating import newest_rating
from connectors.freshdesk.webhook import translated, verify
from connectors.mapping import FieldMapping
from connectors.merges import Chapter, whole_history
from connectors.moments import moment

Json = Mapping[str, Any]


def _now() -> datetime:
    return datetime.now(UTC)


class FreshdeskHelpdesk:
    """Keeps the contract of `connectors.base.Helpdesk`. Safe for threads; makes one attempt at each call.

    `base_url` is like https://shop.freshdesk.com. `webhook_secrets` may hold two while one replaces
    the other. `groups` are the desk's groups, for `check`. For `settling` after a lost answer a ticket is
    looked for and not made again. Raises ValueError for a base address that is none.
    """

    vendor = VENDOR

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        mapping: FieldMapping,
        webhook_secrets: Sequence[str] = (),
        connection: str = VENDOR,
        groups: Sequence[str] = (),
        limits: Mapping[str, Limit] = LIMITS,
        settling: timedelta = SETTLING,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.connection = connection
        self.readings = RateReadings()
        self.limits = limits
        self._mapping = mapping
        self._secrets = tuple(webhook_secrets)
        self._groups = tuple(groups)
        self._api = FreshdeskApi(base_url=base_url, api_key=api_key, notes=self.readings, clock=clock)
        self._directory = Directory(self._api, clock)
        self._opening = Opening(
            connection=connection,
            api=self._api,
            directory=self._directory,
            mapping=mapping,
            clock=clock,
            settling=settling,
        )
        self._changing = Changing(opening=self._opening)

    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        """Open one ticket with one note, or finish what an earlier attempt began. Raises ConnectorError."""
        return self._opening.open(draft, once)

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        """Change the ticket where it lives now. Raises ConnectorError, Gone when it is deleted or spam."""
        return self._changing.change(ref, change, once)

    def history(self, ref: TicketRef) -> TicketHistory:
        """Tell the ticket as it is now; after a merge its own messages and the target's later ones."""
        return whole_history(ref.id, self._chapter, self._opening.ref)

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:
        """Return one page of changed tickets, by one call. None starts a few minutes before `now`."""
        after, rows, more = read_page(self._api, Cursor.read(cursor, now), now)
        return ChangePage(
            cursor=after.model_dump_json(),
            tickets=tuple(
                ChangedTicket(ref=self._opening.ref(row["id"]), handoff_id=handoff_of(row, self._mapping))
                for row in rows
            ),
            more=more,
        )

    def cursor_at(self, moment: datetime) -> str:
        return Cursor.at(moment).model_dump_json()

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:
        """Verify a webhook and return its hint without asking Freshdesk. Raises NotFromVendor or NotForUs.

        The message is None: the body is not signed, so the ticket must be read. The event's id is
        another for each arrival; `connectors.freshdesk.webhook.translated` says why.
        """
        verify(headers, self._secrets)
        return translated(body, now)

    def check(self) -> tuple[Finding, ...]:
        """Say what the account lacks of what the mapping and the desk count on. Raises ConnectorError."""
        wanted = (*map(self._mapping.group_named, self._groups), *self._mapping.groups.values())
        self._directory.forget_groups()
        return tuple(
            chain(
                about_ourselves(self._api.me()),
                about_groups(wanted, self._directory.group_id),
                about_fields(self._mapping, self._api.ticket_fields()),
                about_webhook(self._secrets),
            )
        )

    def _chapter(self, ticket_id: str, after: datetime | None) -> Chapter | None:
        try:
            ticket = self._api.ticket(ticket_id)
            rows = self._api.conversations(ticket_id)
        except Gone:
            return None
        people = self._people(ticket)
        assignee = ticket.get("responder_id")
        told = TicketHistory(
            ref=self._opening.ref(ticket.get("id")),
            state=_state(ticket, self._mapping.solved or SOLVED),
            messages=messages(rows, people, after=after),
            handoff_id=handoff_of(ticket, self._mapping),
            assignee_id=None if assignee is None else str(assignee),
            rating=self._rating(ticket_id, rows),
            updated_at=moment(ticket.get("updated_at")),
        )
        return Chapter(told=told, merge=merged_into(ticket, rows, people.own_id))

    def _rating(self, ticket_id: str, rows: Iterable[Json]) -> CustomerRating | None:
        """Return the customer's rating. It is asked for only where the ticket shows that a survey was answered."""
        if not any(row.get("source") == SURVEY for row in rows):
            return None
        try:
            return newest_rating(self._api.ratings(ticket_id))
        except Rejected:  # a plan without surveys, or a key that may not read them
            return None

    def _people(self, ticket: Json) -> People:
        return People(
            own_id=self._directory.own_id(),
            not_people=self._mapping.not_people,
            requester_id=ticket.get("requester_id"),
            agent_name=self._directory.agent_name,
        )


def _state(ticket: Json, solved: frozenset[str]) -> TicketState:
    if ticket.get("deleted") is True or ticket.get("spam") is True:
        return TicketState.DELETED
    return TicketState.SOLVED if str(ticket.get("status")) in solved else TicketState.OPEN
