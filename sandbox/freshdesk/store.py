"""The Freshdesk stand-in's state: contacts, tickets and what was said on them, as Freshdesk's own JSON."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.freshdesk import seed
from sandbox.freshdesk.gate import not_found
from sandbox.freshdesk.rules import REQUESTER

Row = dict[str, Any]
#: a conversation's source and category
REPLY, NOTE, PUBLIC_NOTE, FROM_CUSTOMER, SURVEY = (0, 3), (2, 2), (2, 3), (0, 1), (6, 7)


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class FreshdeskStore:
    """Not safe for threads by itself. What is not there raises LookupError."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.agents = seed.agents()
        self.groups = seed.groups()
        self.fields = seed.ticket_fields()
        self.contacts: dict[int, Row] = {}
        self.tickets: dict[int, Row] = {}
        self.conversations: dict[int, list[Row]] = {}
        self.ratings: dict[int, list[Row]] = {}  #: answers to surveys
        self.changed_at: dict[int, datetime] = {}  #: to the microsecond, for the lagging search

    def has(self, name: str, row_id: int) -> bool:
        """Return whether a field such as `group_id` may hold this id."""
        if name == "group_id":
            return any(group["id"] == row_id for group in self.groups)
        if name == "responder_id":
            return row_id in self.agents
        return row_id in self.contacts if name == "requester_id" else False

    def create(self, given: Mapping[str, Any]) -> Row:
        ticket_id, now = 30 + next(self._numbers), stamp(self._clock())
        custom = {name: None for name, field in self.fields.items() if not field["default"]}
        contact = self.contact(given) or self.add_contact(given)
        kept = {name: value for name, value in given.items() if name not in REQUESTER}
        ticket = {
            "cc_emails": [],
            "fwd_emails": [],
            "reply_cc_emails": [],
            "fr_escalated": False,
            "spam": False,
            "email_config_id": None,
            "group_id": None,
            "responder_id": None,
            "source": 2,
            "company_id": None,
            "association_type": None,
            "product_id": None,
            "type": None,
            "is_escalated": False,
            "associated_tickets_count": None,
            "tags": [],
            **kept,
            "id": ticket_id,
            "requester_id": contact["id"],
            "custom_fields": custom | dict(given.get("custom_fields") or {}),
            "description_text": plain(str(given.get("description") or "")),
            "created_at": now,
            "updated_at": now,
        }
        self.tickets[ticket_id] = ticket
        self.conversations[ticket_id] = []
        self.changed_at[ticket_id] = self._clock()
        return ticket

    def update(self, ticket_id: int, given: Mapping[str, Any]) -> Row:
        ticket = self.ticket(ticket_id)
        custom = ticket["custom_fields"] | dict(given.get("custom_fields") or {})
        kept = {name: value for name, value in given.items() if name not in REQUESTER}
        ticket.update(kept, custom_fields=custom)
        self._touch(ticket)
        return ticket

    def ticket(self, ticket_id: int) -> Row:
        """Return a ticket, a deleted one too. Raises Refusal with 404."""
        if ticket_id not in self.tickets:
            raise not_found()
        return self.tickets[ticket_id]

    def say(
        self,
        ticket_id: int,
        user_id: int | None,
        body: str,
        *,
        kind: tuple[int, int],
        incoming: bool = False,
        private: bool = False,
        **more: Any,
    ) -> Row:
        """Add a conversation in HTML to a ticket."""
        ticket, now = self.ticket(ticket_id), stamp(self._clock())
        row = {
            "body": f"<div>{body}</div>",
            "body_text": plain(body),
            "id": 670_000 + next(self._numbers),
            "incoming": incoming,
            "private": private,
            "user_id": user_id,
            "support_email": seed.SUPPORT_EMAIL if kind == REPLY else None,
            "source": kind[0],
            "category": kind[1],
            "to_emails": self._recipients(ticket) if kind == REPLY else [],
            "from_email": seed.SUPPORT_EMAIL if kind == REPLY else None,
            "cc_emails": [],
            "bcc_emails": None,
            "email_failure_count": None,
            "created_at": now,
            "updated_at": now,
            "attachments": [],
            "automation_id": None,
            "automation_type_id": None,
            "auto_response": False,
            "ticket_id": ticket_id,
            "source_additional_info": None,
            **more,
        }
        self.conversations[ticket_id].append(row)
        self._touch(ticket)
        return row

    def rate(self, ticket_id: int, score: int, words: str) -> None:
        """Keep an answer to the survey's default question."""
        ticket = self.ticket(ticket_id)
        answer = {
            "id": 90_000 + next(self._numbers),
            "ticket_id": ticket_id,
            "user_id": ticket["requester_id"],
            "agent_id": ticket["responder_id"],
            "feedback": words,
            "ratings": {"default_question": score},
            "created_at": stamp(self._clock()),
        }
        self.ratings.setdefault(ticket_id, []).append(answer)

    def remove(self, ticket_id: int, *, spam: bool) -> None:
        ticket = self.ticket(ticket_id)
        ticket["spam" if spam else "deleted"] = True
        self._touch(ticket)

    def contact(self, given: Mapping[str, Any]) -> Row | None:
        """Return the contact that a requester's fields name; None when there is none yet."""
        if given.get("requester_id"):
            return self.contacts[given["requester_id"]]
        for name in ("email", "phone", "unique_external_id"):
            if given.get(name):
                wanted = str(given[name]).casefold()
                found = (one for one in self.contacts.values() if str(one[name]).casefold() == wanted)
                return next(found, None)
        return None

    def add_contact(self, given: Mapping[str, Any]) -> Row:
        contact_id, now = 460_000 + next(self._numbers), stamp(self._clock())
        email = given.get("email")
        contact: Row = {
            "id": contact_id,
            "active": False,
            "name": given.get("name") or str(email or given.get("phone") or "").partition("@")[0],
            "email": email,
            "phone": given.get("phone"),
            "mobile": None,
            "unique_external_id": given.get("unique_external_id"),
            "twitter_id": None,
            "custom_fields": {},
            "created_at": now,
            "updated_at": now,
        }
        self.contacts[contact_id] = contact
        return contact

    def _touch(self, ticket: Row) -> None:
        ticket["updated_at"] = stamp(self._clock())
        self.changed_at[ticket["id"]] = self._clock()

    def _recipients(self, ticket: Row) -> list[str]:
        email = self.contacts[ticket["requester_id"]]["email"]
        return [email] if email else []


def plain(markup: str) -> str:
    """Return HTML as text, its paragraphs and breaks as new lines."""
    broken = re.sub(r"(?i)<br\s*/?>|</p>|</li>|</div>", "\n", markup)
    return html.unescape(re.sub(r"<[^>]+>", "", broken)).strip()


def as_html(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
