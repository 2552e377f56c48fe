"""The Freshdesk stand-in's endpoints, by method and path, each from a call to a status and a body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import Clock
from sandbox.freshdesk import seed
from sandbox.freshdesk.gate import Call, fault, invalid, not_found
from sandbox.freshdesk.rules import check_ticket
from sandbox.freshdesk.store import NOTE, PUBLIC_NOTE, REPLY, FreshdeskStore, Row, stamp

Answered = tuple[int, Any]
Handler = Callable[[Call], Answered]

LONGEST_QUERY = 512  #: characters of a search
FOUND_AT_ONCE = 30
LISTED_FOR = timedelta(days=30)  #: without `updated_since`
ORDERS = ("created_at", "due_by", "updated_at", "status")
TERM = re.compile(r"(\w+):'?([^'\s]+)'?")


class FreshdeskCalls:
    """`told(ticket)` hears of each reply. The search is `search_lag` behind."""

    def __init__(
        self, store: FreshdeskStore, clock: Clock, told: Callable[[Row], None], search_lag: timedelta
    ) -> None:
        self._store = store
        self._clock = clock
        self._told = told
        self._search_lag = search_lag

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        yield "POST", "/tickets", self.create_ticket
        yield "GET", "/tickets", self.list_tickets
        yield "GET", "/tickets/{ticket_id}", self.read_ticket
        yield "PUT", "/tickets/{ticket_id}", self.update_ticket
        yield "DELETE", "/tickets/{ticket_id}", self.delete_ticket
        yield "GET", "/tickets/{ticket_id}/conversations", self.list_conversations
        yield "GET", "/tickets/{ticket_id}/satisfaction_ratings", self.list_ratings
        yield "POST", "/tickets/{ticket_id}/notes", self.add_note
        yield "POST", "/tickets/{ticket_id}/reply", self.reply
        yield "GET", "/search/tickets", self.search_tickets
        yield "GET", "/contacts", self.list_contacts
        yield "GET", "/contacts/{contact_id}", self.read_contact
        yield "GET", "/agents", lambda call: _paged(call, self._store.agents.values())
        yield "GET", "/agents/me", lambda _: (200, self._store.agents[seed.BRIDGE_ID])
        yield "GET", "/agents/{agent_id}", self.read_agent
        yield "GET", "/groups", lambda call: _paged(call, self._store.groups)
        yield "GET", "/ticket_fields", lambda call: _paged(call, self._store.fields.values())

    def nowhere(self, _call: Call) -> Answered:
        raise not_found()

    def create_ticket(self, call: Call) -> Answered:
        check_ticket(call.json, self._store.fields, self._store.has, new=True)
        return 201, self._store.create(call.json)

    def read_ticket(self, call: Call) -> Answered:
        ticket = self._ticket(call)
        return 200, self._with(ticket, call)

    def update_ticket(self, call: Call) -> Answered:
        ticket = self._live(call)
        check_ticket(call.json, self._store.fields, self._store.has, new=False)
        return 200, self._store.update(ticket["id"], call.json)

    def delete_ticket(self, call: Call) -> Answered:
        self._store.remove(self._live(call)["id"], spam=False)
        return 204, None

    def list_tickets(self, call: Call) -> Answered:
        query = call.query
        order, direction = query.get("order_by", "created_at"), query.get("order_type", "desc")
        if order not in ORDERS:
            raise invalid(fault("order_by", "invalid_value", "It should be one of these values"))
        rows = [row for row in self._listed(call) if row["updated_at"] >= self._since(call)]
        rows.sort(key=lambda row: (row.get(order) or "", row["id"]), reverse=direction == "desc")
        return _paged(call, [self._with(row, call) for row in rows])

    def list_conversations(self, call: Call) -> Answered:
        return _paged(call, self._store.conversations[self._ticket(call)["id"]])

    def list_ratings(self, call: Call) -> Answered:
        return 200, self._store.ratings.get(self._ticket(call)["id"], [])

    def add_note(self, call: Call) -> Answered:
        ticket, given = self._live(call), self._body(call)
        private = given.get("private", True) in (True, "true")
        kind = NOTE if private else PUBLIC_NOTE
        user_id = given.get("user_id") or seed.BRIDGE_ID
        row = self._store.say(
            ticket["id"], user_id, given["body"], kind=kind, private=private, attachments=call.files
        )
        return 201, row

    def reply(self, call: Call) -> Answered:
        ticket, given = self._live(call), self._body(call)
        user_id = given.get("user_id") or seed.BRIDGE_ID
        row = self._store.say(ticket["id"], user_id, given["body"], kind=REPLY, attachments=call.files)
        self._told(ticket)
        return 201, row

    def search_tickets(self, call: Call) -> Answered:
        query = call.query.get("query", "")
        if not re.fullmatch(r'"[^"]+"', query) or len(query) > LONGEST_QUERY:
            raise invalid(fault("query", "invalid_value", "It should be a string in double quotes"))
        terms = TERM.findall(query.strip('"'))
        rows = [row for row in self._indexed() if all(_matches(row, *term) for term in terms)]
        page = _page_of(call, most=10)
        return 200, {"results": rows[(page - 1) * FOUND_AT_ONCE : page * FOUND_AT_ONCE], "total": len(rows)}

    def list_contacts(self, call: Call) -> Answered:
        ways = ("email", "phone", "mobile", "unique_external_id")
        asked = {name: call.query[name] for name in ways if name in call.query}
        rows = [
            row
            for row in self._store.contacts.values()
            if all(row.get(name) == text for name, text in asked.items())
        ]
        return _paged(call, rows)

    def read_contact(self, call: Call) -> Answered:
        return 200, _found(self._store.contacts, call.params["contact_id"])

    def read_agent(self, call: Call) -> Answered:
        return 200, _found(self._store.agents, call.params["agent_id"])

    def _listed(self, call: Call) -> list[Row]:
        """Return the tickets that the filters leave. A contact nobody knows is a refusal, as at Freshdesk."""
        wanted = call.query.get("filter", "")
        rows = [row for row in self._store.tickets.values() if _is_on(wanted, row)]
        asked: dict[str, Any] = {
            name: call.query[name] for name in ("email", "unique_external_id") if name in call.query
        }
        if "requester_id" in call.query:
            asked["requester_id"] = int(call.query["requester_id"])
        for name, value in asked.items():
            known = name != "requester_id" or value in self._store.contacts
            contact = self._store.contact({name: value}) if known else None
            if contact is None:
                raise invalid(fault(name, "invalid_value", f"There is no contact matching the given {name}"))
            rows = [row for row in rows if row["requester_id"] == contact["id"]]
        return rows

    def _since(self, call: Call) -> str:
        return call.query.get("updated_since") or stamp(self._clock() - LISTED_FOR)

    def _indexed(self) -> list[Row]:
        seen_until = self._clock() - self._search_lag
        live = (row for row in self._store.tickets.values() if _is_on("", row))
        return [row for row in live if self._store.changed_at[row["id"]] <= seen_until]

    def _with(self, ticket: Row, call: Call) -> Row:
        """Return the ticket with what `include` asks for; the description is left out of lists otherwise."""
        parts = call.query.get("include", "").split(",")
        is_list = "ticket_id" not in call.params
        hidden = {"description", "description_text"} if is_list and "description" not in parts else set()
        shown = {name: value for name, value in ticket.items() if name not in hidden}
        if "requester" in parts:
            contact = self._store.contacts[ticket["requester_id"]]
            shown["requester"] = {name: contact[name] for name in ("id", "name", "email", "mobile", "phone")}
        if "conversations" in parts:
            shown["conversations"] = self._store.conversations[ticket["id"]][:10]
        return shown

    def _ticket(self, call: Call) -> Row:
        text = call.params["ticket_id"]
        return self._store.ticket(int(text) if text.isdigit() else 0)

    def _live(self, call: Call) -> Row:
        ticket = self._ticket(call)
        if ticket.get("deleted"):
            raise not_found()
        return ticket

    def _body(self, call: Call) -> Row:
        given = call.json if isinstance(call.json, dict) else {}
        if not isinstance(given.get("body"), str) or not given["body"]:
            raise invalid(fault("body", "missing_field", "It should be a/an String"))
        return given


def _paged(call: Call, rows: Iterable[Row]) -> Answered:
    """Return one page, with a link to the next where there is one."""
    every = list(rows)
    per_page = int(call.query.get("per_page", "30"))
    if not 1 <= per_page <= 100:
        raise invalid(fault("per_page", "invalid_value", "It should be a Positive Integer less than 101"))
    page = _page_of(call, most=300)
    if page * per_page < len(every):
        following = urlencode({**call.query, "page": page + 1})
        call.headers["link"] = f'<{call.address}?{following}>; rel="next"'
    return 200, every[(page - 1) * per_page : page * per_page]


def _page_of(call: Call, most: int) -> int:
    text = call.query.get("page", "1")
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(fault("page", "invalid_value", "It should be a Positive Integer"))
    return int(text)


def _is_on(wanted: str, ticket: Row) -> bool:
    """Return whether a ticket is on the list: the deleted ones and the spam are on lists of their own."""
    deleted, spam = bool(ticket.get("deleted")), bool(ticket.get("spam"))
    if wanted == "deleted":
        return deleted
    return spam and not deleted if wanted == "spam" else not (deleted or spam)


def _matches(ticket: Row, name: str, value: str) -> bool:
    if name == "tag":
        return value in ticket["tags"]
    found = ticket["custom_fields"].get(name, ticket.get(name))
    return str(found) == value


def _found(rows: dict[int, Row], text: str) -> Row:
    if not text.isdigit() or int(text) not in rows:
        raise not_found()
    return rows[int(text)]
