"""Zendesk as a helpdesk of the bridge. Source: Zendesk "Ticketing API", version 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from bridge.handoffs.model import TicketRef
from connectors.base import (
    ChangedTicket,
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
from connectors.errors import Gone
from connectors.mapping import FieldMapping
from connectors.merges import Chapter, whole_history
from connectors.moments import moment
from connectors.zendesk.access import VENDOR, ZendeskAccount
from connectors.zendesk.changing import Changing
from connectors.zendesk.checking import about_fields, about_groups, about_ourselves, about_webhook
from connectors.zendesk.client import ZendeskClient
from connectors.zendesk.directory import Directory
from connectors.zendesk.history import SOLVED, People, author_ids, merged_into, messages
from connectors.zendesk.opening import Opening
from connectors.zendesk.rates import LIMITS
from connectors.zendesk.rating import rating_of
from connectors.zendesk.webhook import PUBLISHED_TEST_SECRET, translated, verify

#: a first poll looks back so far
FIRST_LOOK_BACK = timedelta(minutes=5)
#: the export refuses a start within the last minute, by Zendesk's own clock, and hides that minute
LATEST_START = timedelta(minutes=2)
#: a cursor that is a moment and not yet one of Zendesk's
START = "start:"
DELETED = "deleted"

Json = Mapping[str, Any]


def _now() -> datetime:
    return datetime.now(UTC)


class ZendeskHelpdesk:
    """Keeps the contract of `connectors.base.Helpdesk`. Safe for threads; makes one attempt at each call.

    `webhook_secrets` may hold two while one replaces the other. `own_user_id` is our user at
    Zendesk, for a process that only receives; others ask. `groups` are the desk's groups, for `check`.
    """

    vendor = VENDOR

    def __init__(
        self,
        *,
        account: ZendeskAccount,
        mapping: FieldMapping,
        webhook_secrets: Sequence[str] = (),
        connection: str = VENDOR,
        groups: Sequence[str] = (),
        own_user_id: int | None = None,
        limits: Mapping[str, Limit] = LIMITS,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.connection = connection
        self.readings = RateReadings()
        self.limits = limits
        self._mapping = mapping
        self._configured_secrets = tuple(webhook_secrets)
        self._groups = tuple(groups)
        self._client = ZendeskClient(account, self.readings, clock)
        self._directory = Directory(self._client, clock, own_user_id)
        self._opening = Opening(
            account=account,
            connection=connection,
            client=self._client,
            directory=self._directory,
            mapping=mapping,
            clock=clock,
        )
        self._changing = Changing(opening=self._opening)

    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        """Open one ticket, or adopt the one an earlier attempt made. Raises ConnectorError."""
        return self._opening.open(draft, once)

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        """Change the ticket where it lives now. Busy when somebody else was faster. Raises ConnectorError."""
        return self._changing.change(ref, change, once)

    def history(self, ref: TicketRef) -> TicketHistory:
        """Tell the ticket as it is now; after a merge its own messages and the target's later ones."""
        return whole_history(ref.id, self._chapter, self._opening.ref)

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:
        """Return one page of changed tickets, a minute behind: Zendesk never shows the last one."""
        asked = cursor or self.cursor_at(now - FIRST_LOOK_BACK)
        if asked.startswith(START):
            latest = int((now - LATEST_START).timestamp())
            page = self._client.changed_since(min(int(asked.removeprefix(START)), latest))
        else:
            page = self._client.changed_after(asked)
        rows = [row for row in page.get("tickets") or () if isinstance(row, dict) and "id" in row]
        return ChangePage(
            cursor=_text(page.get("after_cursor")) or asked,
            tickets=tuple(
                ChangedTicket(ref=self._opening.ref(row["id"]), handoff_id=_text(row.get("external_id")))
                for row in rows
            ),
            more=page.get("end_of_stream") is False,
        )

    def cursor_at(self, moment: datetime) -> str:
        return f"{START}{int(moment.timestamp())}"

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:
        """Verify and translate a webhook without asking Zendesk. Raises NotFromVendor or NotForUs."""
        secrets = [secret for secret in self._configured_secrets if secret != PUBLISHED_TEST_SECRET]
        verify(headers, body, secrets, now)
        own_id = self._directory.own_id_if_known
        return translated(headers, body, own_id=own_id, not_people=self._mapping.not_people)

    def check(self) -> tuple[Finding, ...]:
        """Say what the account lacks of what the mapping and the desk count on. Raises ConnectorError."""
        wanted = (*map(self._mapping.group_named, self._groups), *self._mapping.groups.values())
        return tuple(
            chain(
                about_ourselves(self._client.me()),
                about_groups(wanted, self._client.groups()),
                about_fields(self._mapping, self._client.ticket_fields()),
                about_webhook(self._configured_secrets),
            )
        )

    def _chapter(self, ticket_id: str, after: datetime | None) -> Chapter | None:
        try:
            ticket = self._client.ticket(ticket_id)
            audits = self._client.audits(ticket_id)
        except Gone:
            return None
        told = TicketHistory(
            ref=self._opening.ref(ticket["id"]),
            state=_state(str(ticket.get("status")), self._mapping.solved or SOLVED),
            messages=messages(audits, self._people(ticket, audits), after=after),
            handoff_id=_text(ticket.get("external_id")),
            assignee_id=_text(ticket.get("assignee_id")),
            rating=rating_of(ticket),
            updated_at=moment(ticket.get("updated_at")),
        )
        return Chapter(told=told, merge=merged_into(ticket, audits))

    def _people(self, ticket: Json, audits: Sequence[Json]) -> People:
        wanted = author_ids(audits)
        users = self._client.users(wanted) if wanted else []
        return People(
            own_id=self._directory.own_id(),
            not_people=self._mapping.not_people,
            requester_id=ticket.get("requester_id"),
            users={user["id"]: user for user in users if "id" in user},
        )


def _state(status: str, solved: frozenset[str]) -> TicketState:
    if status == DELETED:
        return TicketState.DELETED
    return TicketState.SOLVED if status in solved else TicketState.OPEN


def _text(found: Any) -> str | None:
    return str(found) if found not in (None, "") else None
