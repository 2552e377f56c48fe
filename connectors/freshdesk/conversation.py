"""A ticket's conversations read as messages: who said what to whom, and where a merge took it.

What counts as an answer was read off real records: a public reply has source 0 and category 3, is not
incoming, and comes from an agent. The ticket's `stats` are not asked: on one recorded ticket an agent had
replied and `first_responded_at` stayed empty, while `requester_responded_at` was a survey's answer.
The description is no conversation and is no message here: it is the bridge's own public line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.base import Attachment, Author, AuthorKind, TicketMessage
from connectors.merges import Merge
from connectors.moments import moment

REPLY, NOTE, SURVEY = 0, 2, 6  #: a conversation's `source`
TO_CUSTOMER, FEEDBACK = 3, 7  #: its `category`
CLOSED: Final = 5
#: what Freshdesk writes, as a private note, on a ticket that an agent merges into another
MERGED_INTO: Final = re.compile(
    r"\W*(?:this ticket is )?closed and merged into ticket\W{0,3}(\d{1,18})", re.IGNORECASE
)

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Whom we can tell apart. `agent_name` returns None for somebody who is no agent."""

    own_id: int
    not_people: frozenset[str]
    requester_id: Any
    agent_name: Callable[[int], str | None]

    def author(self, row: Json) -> Author:
        """Return who wrote it. Only somebody known to be an agent is a person of ours."""
        user_id = row.get("user_id")
        kind = self._kind(row, user_id)
        name = self.agent_name(user_id) if kind is AuthorKind.PERSON and isinstance(user_id, int) else None
        return Author(kind=kind, id=None if user_id is None else str(user_id), name=name)

    def _kind(self, row: Json, user_id: Any) -> AuthorKind:
        if is_by_rule(row) or not isinstance(user_id, int):
            return AuthorKind.RULE
        if user_id == self.own_id:
            return AuthorKind.BRIDGE
        if str(user_id) in self.not_people:
            return AuthorKind.BOT
        if row.get("incoming") is True or user_id == self.requester_id:
            return AuthorKind.CUSTOMER
        return AuthorKind.RULE if self.agent_name(user_id) is None else AuthorKind.PERSON


def is_by_rule(row: Json) -> bool:
    """Return whether nobody wrote it: an automation, an automatic reply, a survey's answer."""
    if row.get("automation_id") is not None or row.get("auto_response") is True:
        return True
    return row.get("source") == SURVEY or row.get("category") == FEEDBACK


def reached_the_customer(row: Json) -> bool:
    """Return whether the customer was written to, or wrote.

    A reply is; a public note is not, for it is shown in the portal and sent to nobody, nor is a
    forwarded mail, which goes to somebody else. Records of older accounts have no category.
    """
    if row.get("private") is not False:
        return False
    if row.get("incoming") is True:
        return True
    return row.get("source") == REPLY and row.get("category", TO_CUSTOMER) in (TO_CUSTOMER, None)


def messages(
    rows: Iterable[Json], people: People, *, after: datetime | None = None
) -> tuple[TicketMessage, ...]:
    """Return the conversations as messages, oldest first; with `after`, those made then or later."""
    dated = [(at, row) for row in rows if (at := moment(row.get("created_at"))) is not None]
    found = [_message(at, row, people) for at, row in dated if after is None or at >= after]
    return tuple(sorted(found, key=lambda one: one.at))


def merged_into(ticket: Json, rows: Iterable[Json], own_id: int) -> Merge | None:
    """Return the ticket this one was merged into, and when; None when it was not.

    Freshdesk keeps no field for it: the ticket is closed and an agent's private note begins with that
    sentence. Customers type it easily, so neither they nor our notes, which quote them, are believed.
    """
    if ticket.get("status") != CLOSED:
        return None
    nobody = (own_id, ticket.get("requester_id"))
    notes = (row for row in rows if row.get("private") is True and row.get("user_id") not in nobody)
    for row in sorted(notes, key=lambda row: str(row.get("created_at")), reverse=True):
        found = MERGED_INTO.match(str(row.get("body_text") or ""))
        at = moment(row.get("created_at"))
        if found and at and found[1] != str(ticket.get("id")):
            return Merge(found[1], at)
    return None


def _message(at: datetime, row: Json, people: People) -> TicketMessage:
    return TicketMessage(
        id=str(row.get("id")),
        at=at,
        author=people.author(row),
        public=reached_the_customer(row),
        text=str(row.get("body_text") or "").strip(),
        attachments=tuple(_attachments(row)),
    )


def _attachments(row: Json) -> Iterator[Attachment]:
    for one in row.get("attachments") or ():
        url = one.get("attachment_url") if isinstance(one, dict) else None
        if isinstance(url, str) and url:
            yield Attachment(name=str(one.get("name") or "file"), url=url)
