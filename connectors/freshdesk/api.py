"""Freshdesk's calls by name: plain dictionaries in, the answers' own JSON out.

Each is one attempt, over a session of its thread's own: no retries, no redirects, never without a timeout.
Source: Freshdesk REST API v2.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

from connectors.base import RateReadings
from connectors.errors import Gone
from connectors.freshdesk.failures import VENDOR, failure
from connectors.freshdesk.rates import reading
from connectors.http_answers import TIMEOUT_SECONDS, json_of, lost, unanswered
from connectors.wire import VendorAdapter

PAGE: Final = 100  #: rows of a page at most; Freshdesk gives 30 unless asked
MOST_PAGES: Final = 50  #: of one list that is read to its end
ANY_PASSWORD: Final = "X"  # noqa: S105 - Freshdesk looks at the key alone

Json = dict[str, Any]


class Page(NamedTuple):
    rows: list[Json]
    more: bool  #: another page waits
    served_at: str | None  #: the answer's own date, as sent


class File(NamedTuple):
    name: str
    content: bytes
    kind: str


class FreshdeskApi:
    """Every method raises ConnectorError. Safe for threads.

    `base_url` is like https://shop.freshdesk.com; raises ValueError for something else.
    """

    def __init__(
        self, *, base_url: str, api_key: str, notes: RateReadings, clock: Callable[[], datetime]
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the base address of Freshdesk must be like https://shop.freshdesk.com")
        self._home = base_url.rstrip("/")
        self._auth = HTTPBasicAuth(api_key.encode(), ANY_PASSWORD)
        self._notes = notes
        self._clock = clock
        self._local = threading.local()

    def page_of_ticket(self, ticket_id: Any) -> str:
        """Return the address an agent opens."""
        return f"{self._home}/a/tickets/{ticket_id}"

    def ticket(self, ticket_id: str) -> Json:
        return self._object("GET", f"tickets/{_number(ticket_id)}")

    def tickets(self, *, page: int = 1, **asked: str) -> Page:
        """Return a page of the list, which is fresh where the search is minutes behind."""
        return self._page("tickets", page, asked)

    def search_tickets(self, query: str) -> list[Json]:
        found = self._object("GET", "search/tickets", params={"query": f'"{query}"'}).get("results")
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def create_ticket(self, fields: Mapping[str, Any]) -> Json:
        return self._object("POST", "tickets", json=fields)

    def update_ticket(self, ticket_id: Any, fields: Mapping[str, Any]) -> Json:
        return self._object("PUT", f"tickets/{_number(str(ticket_id))}", json=fields)

    def add_private_note(self, ticket_id: Any, body: str, file: File | None = None) -> Json:
        path = f"tickets/{_number(str(ticket_id))}/notes"
        if file is None:
            return self._object("POST", path, json={"body": body, "private": True})
        form = {"body": body, "private": "true"}
        return self._object("POST", path, data=form, files={"attachments[]": file})

    def add_note_by(self, ticket_id: Any, body: str, user_id: int) -> Json:
        """Write a private note under an agent's name."""
        sent = {"body": body, "private": True, "user_id": user_id}
        return self._object("POST", f"tickets/{_number(str(ticket_id))}/notes", json=sent)

    def reply_by(self, ticket_id: Any, body: str, user_id: int) -> Json:
        """Answer the customer under an agent's name; Freshdesk mails it to them."""
        sent = {"body": body, "user_id": user_id}
        return self._object("POST", f"tickets/{_number(str(ticket_id))}/reply", json=sent)

    def conversations(self, ticket_id: Any) -> list[Json]:
        return self._all(f"tickets/{_number(str(ticket_id))}/conversations")

    def ratings(self, ticket_id: Any) -> list[Json]:
        return self._all(f"tickets/{_number(str(ticket_id))}/satisfaction_ratings")

    def me(self) -> Json:
        return self._object("GET", "agents/me")

    def agents(self) -> list[Json]:
        return self._all("agents")

    def groups(self) -> list[Json]:
        return self._all("groups")

    def ticket_fields(self) -> list[Json]:
        return self._all("ticket_fields")

    def _object(self, method: str, path: str, **sent: Any) -> Json:
        answer = json_of(VENDOR, self._ask(method, path, **sent), method)
        if not isinstance(answer, dict):
            raise unanswered(VENDOR, "the answer was no object", method)
        return answer

    def _all(self, path: str) -> list[Json]:
        rows: list[Json] = []
        for number in range(1, MOST_PAGES + 1):
            page = self._page(path, number, {})
            rows += page.rows
            if not page.more:
                break
        return rows

    def _page(self, path: str, number: int, asked: Mapping[str, str]) -> Page:
        params = {**asked, "per_page": str(PAGE), "page": str(number)}
        response = self._ask("GET", path, params=params)
        rows = json_of(VENDOR, response, "GET")
        if not isinstance(rows, list):
            raise unanswered(VENDOR, "the answer was no list", "GET")
        # The link itself is not followed: one that led elsewhere would carry our key there.
        more = "next" in response.links
        return Page([row for row in rows if isinstance(row, dict)], more, response.headers.get("Date"))

    def _ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        address = f"{self._home}/api/v2/{path}"
        try:
            response = self._session().request(
                method, address, timeout=TIMEOUT_SECONDS, allow_redirects=False, **sent
            )
        except requests.RequestException as error:
            raise lost(VENDOR, error, method) from error
        told = reading(response.headers)
        if told is not None:
            self._notes.note(told)
        if not 200 <= response.status_code < 300:
            raise failure(response, method, path, self._clock())
        return response

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.auth = self._auth
            session.headers.update({"Accept": "application/json", "User-Agent": "handoff-bridge"})
            for scheme in ("http://", "https://"):
                session.mount(scheme, VendorAdapter())
        return session


def _number(ticket_id: str) -> str:
    if not ticket_id.isascii() or not ticket_id.isdigit():
        raise Gone(VENDOR, "no ticket has such an id")
    return ticket_id
