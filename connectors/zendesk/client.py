"""Zendesk's calls by name, made through zenpy: plain dictionaries in, the answers' own JSON out.

Answers are read as they came: zenpy's objects rename keys and make further calls when touched.
"""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from zenpy import Zenpy
from zenpy.lib.api_objects import Ticket, User

from connectors.base import RateReadings
from connectors.errors import ConnectorError, Gone
from connectors.http_answers import TIMEOUT_SECONDS, unanswered
from connectors.zendesk.access import VENDOR, ZendeskAccount
from connectors.zendesk.failures import from_library
from connectors.zendesk.session import LONGEST_KEY, ZendeskSession

USERS_AT_ONCE = 100  #: `users/show_many`
CHANGES_AT_ONCE = 1000  #: a page of the incremental export

# zenpy logs whole requests, customers' words and all, at DEBUG.
logging.getLogger("zenpy").setLevel(logging.WARNING)

Json = dict[str, Any]


class ZendeskClient:
    """Every method is one call, or one for each page, and raises ConnectorError. Safe for threads."""

    def __init__(self, account: ZendeskAccount, notes: RateReadings, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._notes = notes
        self._clock = clock
        self._local = threading.local()

    def me(self) -> Json:
        return self._one("user", lambda zenpy: zenpy.users.me())

    def ticket(self, ticket_id: str) -> Json:
        return self._one("ticket", lambda zenpy: zenpy.tickets(id=_number(ticket_id)))

    def tickets_of(self, external_id: str) -> list[Json]:
        """Return the tickets that carry this external id, oldest first.

        This list reads the database; the search index is minutes behind it.
        """
        asked = quote(external_id, safe="")
        found = self._all("tickets", lambda zenpy: list(zenpy.tickets(external_id=asked)))
        return sorted((one for one in found if one.get("external_id") == external_id), key=_id_of)

    def create(self, fields: Mapping[str, Any], key: str) -> Json:
        """Create one ticket under an idempotency key; return the answer with `ticket` and `audit`."""
        return self._write(lambda zenpy: zenpy.tickets.create(_ticket(fields)), key=_fit(key))

    def update(self, ticket_id: str, fields: Mapping[str, Any]) -> Json:
        return self._write(lambda zenpy: zenpy.tickets.update(_ticket({**fields, "id": _number(ticket_id)})))

    def audits(self, ticket_id: str) -> list[Json]:
        return self._all("audits", lambda zenpy: list(zenpy.tickets.audits(_number(ticket_id), include="")))

    def users(self, ids: Iterable[int]) -> list[Json]:
        """Return those of the users that exist."""
        found: list[Json] = []
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), USERS_AT_ONCE):
            some = wanted[start : start + USERS_AT_ONCE]
            found += self._all("users", lambda zenpy, some=some: list(zenpy.users(ids=some)))
        return found

    def users_of(self, external_id: str) -> list[Json]:
        asked = quote(external_id, safe="")
        return self._all("users", lambda zenpy: list(zenpy.users(external_id=asked)))

    def groups(self) -> list[Json]:
        return self._all("groups", lambda zenpy: list(zenpy.groups()))

    def ticket_fields(self) -> list[Json]:
        return self._all("ticket_fields", lambda zenpy: list(zenpy.ticket_fields()))

    def changed_since(self, start: int) -> Json:
        """Return one page of the export from a moment in seconds since 1970."""
        return self._page(start_time=start)

    def changed_after(self, cursor: str) -> Json:
        return self._page(cursor=quote(cursor, safe=""))

    def upload(self, name: str, content: bytes, content_type: str) -> str:
        """Return the token of a file; it lives an hour and may be used once."""
        answer = self._write(
            lambda zenpy: zenpy.attachments.upload(
                io.BytesIO(content), target_name=quote(name), content_type=content_type
            )
        )
        return str(_inside(answer, "upload", "POST")["token"])

    def _page(self, **asked: Any) -> Json:
        answers = self._ask(lambda zenpy: zenpy.tickets.incremental(per_page=CHANGES_AT_ONCE, **asked))
        return _only(answers, "GET")

    def _one(self, name: str, call: Callable[[Zenpy], Any]) -> Json:
        return _inside(_only(self._ask(call), "GET"), name, "GET")

    def _all(self, name: str, call: Callable[..., Any]) -> list[Json]:
        return [row for answer in self._ask(call) for row in answer.get(name) or () if isinstance(row, dict)]

    def _write(self, call: Callable[[Zenpy], Any], *, key: str | None = None) -> Json:
        return _only(self._ask(call, key=key), "POST")

    def _ask(self, call: Callable[[Zenpy], Any], *, key: str | None = None) -> list[Json]:
        zenpy, session = self._mine()
        session.answers, session.wrote, session.key = [], False, key
        try:
            call(zenpy)
        except ConnectorError:
            raise
        except Exception as error:  # zenpy stumbles over answers it does not know in many ways
            raise from_library(error, wrote=session.wrote, now=self._clock()) from error
        finally:
            session.key = None
        return [answer for answer in session.answers if answer is not None]

    def _mine(self) -> tuple[Zenpy, ZendeskSession]:
        """Return this thread's own client: zenpy's objects hold state between calls."""
        pair: tuple[Zenpy, ZendeskSession] | None = getattr(self._local, "pair", None)
        if pair is None:
            session = ZendeskSession(self._account, self._notes, self._clock)
            timeout = sum(TIMEOUT_SECONDS)  # unused: the session sets its own
            zenpy = Zenpy(
                subdomain=self._account.subdomain, session=session, timeout=timeout, disable_cache=True
            )
            pair = self._local.pair = (zenpy, session)
        return pair


def _ticket(fields: Mapping[str, Any]) -> Ticket:
    ticket = Ticket()
    for name, value in fields.items():
        setattr(ticket, name, User(**value) if name == "requester" else value)
    return ticket


def _number(ticket_id: str) -> int:
    if not ticket_id.isascii() or not ticket_id.isdigit():
        raise Gone(VENDOR, "no ticket has such an id")
    return int(ticket_id)


def _id_of(row: Json) -> int:
    return int(row.get("id") or 0)


def _fit(key: str) -> str:
    """Return the key as a header can carry it."""
    fits = len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
    return key if fits else hashlib.sha256(key.encode()).hexdigest()


def _only(answers: list[Json], method: str) -> Json:
    if not answers:
        raise unanswered(VENDOR, "the answer was empty", method)
    return answers[-1]


def _inside(answer: Json, name: str, method: str) -> Json:
    found = answer.get(name)
    if not isinstance(found, dict):
        raise unanswered(VENDOR, f"the answer holds no {name}", method)
    return found
