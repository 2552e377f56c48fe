"""The Zendesk stand-in's endpoints, each from a call to a status and a body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.clock import Clock
from sandbox.zendesk.gate import Call, Refusal, not_found
from sandbox.zendesk.store import ZendeskStore

Json = dict[str, Any]
Answered = tuple[int, Any]
Handler = Callable[[Call], Answered]

PAGE, LONGEST_PAGE, LONGEST_EXPORT_PAGE = 100, 100, 1000
MOST_FOUND = 1000  #: by a search; further pages are refused
TICKET_KEYS = frozenset(
    {
        "additional_tags",
        "assignee_id",
        "brand_id",
        "comment",
        "custom_fields",
        "description",
        "due_at",
        "external_id",
        "group_id",
        "metadata",
        "priority",
        "requester",
        "requester_id",
        "safe_update",
        "status",
        "subject",
        "submitter_id",
        "tags",
        "ticket_form_id",
        "type",
        "updated_stamp",
        "via_followup_source_id",
        "via_id",
    }
)


class ZendeskCalls:
    """Called under the stand-in's lock. `tell` hears of each audit, to send its webhooks."""

    def __init__(
        self,
        store: ZendeskStore,
        clock: Clock,
        tell: Callable[[Json, Json], None],
        *,
        search_lag: timedelta,
        export_lag: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._search_lag = search_lag
        self._export_lag = export_lag

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Yield method, path below /api/v2 and handler; fixed paths come before those with an id."""
        yield from (
            ("GET", "/tickets", self.list_tickets),
            ("POST", "/tickets", self.create_ticket),
            ("GET", "/tickets/show_many", self.show_tickets),
            ("GET", "/tickets/{id}", self.show_ticket),
            ("PUT", "/tickets/{id}", self.update_ticket),
            ("DELETE", "/tickets/{id}", self.delete_ticket),
            ("PUT", "/tickets/{id}/mark_as_spam", self.mark_as_spam),
            ("GET", "/tickets/{id}/audits", self.audits),
            ("GET", "/tickets/{id}/comments", self.comments),
            ("GET", "/tickets/{id}/tags", self.tags),
            ("PUT", "/tickets/{id}/tags", self.add_tags),
            ("POST", "/tickets/{id}/merge", self.merge),
            ("GET", "/incremental/tickets/cursor", self.changed_tickets),
            ("GET", "/search", self.search),
            ("POST", "/uploads", self.upload),
            ("GET", "/users", self.list_users),
            ("GET", "/users/me", self.me),
            ("GET", "/users/show_many", self.show_users),
            ("GET", "/users/{id}", self.show_user),
            ("GET", "/users/{id}/group_memberships", self.memberships),
            ("GET", "/groups", self.groups),
            ("GET", "/groups/assignable", self.groups),
            ("GET", "/group_memberships", self.memberships),
            ("GET", "/ticket_fields", self.ticket_fields),
            ("GET", "/ticket_fields/{id}", self.ticket_field),
        )

    def nowhere(self, call: Call) -> Answered:  # noqa: ARG002 - whatever was asked
        raise Refusal(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def create_ticket(self, call: Call) -> Answered:
        ticket, audit = self._store.create(_asked_ticket(call), _actor(call))
        self._tell(ticket, audit)
        call.headers["location"] = f"{call.base}/api/v2/tickets/{ticket['id']}.json"
        return 201, {"ticket": self._shown(call, ticket), "audit": audit}

    def update_ticket(self, call: Call) -> Answered:
        asked = _asked_ticket(call)
        current = self._store.ticket(_id(call))
        if asked.get("safe_update") and asked.get("updated_stamp") != current["updated_at"]:
            description = "Safe Update prevented the update due to a race condition"
            raise Refusal(409, {"error": "UpdateConflict", "description": description})
        ticket, audit = self._store.update(_id(call), asked, _actor(call))
        self._tell(ticket, audit)
        return 200, {"ticket": self._shown(call, ticket), "audit": audit}

    def list_tickets(self, call: Call) -> Answered:
        found = [one for one in self._store.tickets.values() if one["status"] != "deleted"]
        if "external_id" in call.query:
            found = [one for one in found if one["external_id"] == call.query["external_id"]]
        return 200, _paged(call, "tickets", [self._shown(call, one) for one in found])

    def show_tickets(self, call: Call) -> Answered:
        wanted = _ids(call)
        found = [one for one in self._store.tickets.values() if one["id"] in wanted]
        return 200, {"tickets": [self._shown(call, one) for one in found], "count": len(found)}

    def show_ticket(self, call: Call) -> Answered:
        return 200, {"ticket": self._shown(call, self._store.ticket(_id(call)))}

    def delete_ticket(self, call: Call) -> Answered:
        self._store.remove(_id(call))
        return 204, None

    def mark_as_spam(self, call: Call) -> Answered:
        self._store.remove(_id(call), spam=True)
        return 200, {}

    def audits(self, call: Call) -> Answered:
        self._store.ticket(_id(call))
        return 200, _paged(call, "audits", self._store.audits[_id(call)])

    def comments(self, call: Call) -> Answered:
        self._store.ticket(_id(call))
        found = self.comments_of(_id(call))
        page = _paged(call, "comments", found)
        if call.query.get("include") == "users":
            authors = {one["author_id"] for one in found}
            page["users"] = [self._store.users[each] for each in authors if each in self._store.users]
        return 200, page

    def comments_of(self, ticket_id: int) -> list[Json]:
        """Return the comments of a ticket, oldest first."""
        return [
            {**event, "created_at": audit["created_at"], "via": audit["via"], "metadata": audit["metadata"]}
            for audit in self._store.audits[ticket_id]
            for event in audit["events"]
            if event["type"] == "Comment"
        ]

    def tags(self, call: Call) -> Answered:
        return 200, {"tags": self._store.ticket(_id(call))["tags"]}

    def add_tags(self, call: Call) -> Answered:
        ticket = self._store.ticket(_id(call))
        tags = [*ticket["tags"], *((call.json or {}).get("tags") or ())]
        self._store.update(_id(call), {"tags": tags}, _actor(call))
        return 200, {"tags": ticket["tags"]}

    def merge(self, call: Call) -> Answered:
        asked = call.json or {}
        self._store.merge(_id(call), list(asked.get("ids") or ()), _actor(call), asked)
        done = {"id": "8b726e606741012ffc2d782bcb7848fe", "status": "completed", "total": 1, "progress": 1}
        return 200, {"job_status": done}

    def changed_tickets(self, call: Call) -> Answered:
        """Return tickets in the order of their last change; a page may end amid equal times."""
        if _actor(call)["role"] != "admin":
            raise Refusal(403, {"error": "Forbidden", "description": "You do not have access to this page"})
        after, limit = self._start(call), min(int(call.query.get("per_page", 1000)), LONGEST_EXPORT_PAGE)
        shown_until = int((self._clock() - self._export_lag).timestamp())
        places = [(one["generated_timestamp"], one["id"], one) for one in self._store.tickets.values()]
        later = sorted(one[:2] for one in places if one[:2] > after and one[0] <= shown_until)
        page = later[:limit]
        cursor = _encoded(page[-1] if page else after)
        following = f"{call.base}/api/v2/incremental/tickets/cursor.json?cursor={quote(cursor)}"
        return 200, {
            "tickets": [self._shown(call, self._store.tickets[ticket_id]) for _, ticket_id in page],
            "after_cursor": cursor,
            "after_url": following,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(later) <= limit,
        }

    def search(self, call: Call) -> Answered:
        """Find tickets by `external_id:` or by a word of the subject, as they were some minutes ago."""
        page = int(call.query.get("page", 1))
        if page * PAGE > MOST_FOUND:
            raise Refusal(422, {"error": "invalid", "description": "Invalid search: too many results"})
        indexed = (self._clock() - self._search_lag).timestamp()
        words = [word for word in call.query.get("query", "").split() if not word.startswith("type:")]
        known = [one for one in self._store.tickets.values() if one["generated_timestamp"] <= indexed]
        found = [one for one in known if all(_matches(one, word) for word in words)]
        rows = [{**self._shown(call, one), "result_type": "ticket"} for one in found]
        return 200, {"results": rows[(page - 1) * PAGE : page * PAGE], "count": len(rows), "next_page": None}

    def upload(self, call: Call) -> Answered:
        name = call.query.get("filename")
        if not name:
            raise Refusal(400, {"error": "AttachmentUnprocessable", "description": "filename is missing"})
        content_type = call.sent.get("content-type", "application/octet-stream")
        return 201, {"upload": self._store.upload(name, call.body, content_type)}

    def me(self, call: Call) -> Answered:
        return 200, {"user": _actor(call)}

    def list_users(self, call: Call) -> Answered:
        role = call.query.get("role", call.query.get("role[]"))
        return 200, _paged(
            call, "users", [u for u in self._store.users.values() if role in (None, u["role"])]
        )

    def show_users(self, call: Call) -> Answered:
        names = [name.lower() for name in call.query.get("external_ids", "").split(",") if name]
        users = self._store.users.values()
        found = [one for one in users if one["id"] in _ids(call)]
        found += [one for one in users if (one["external_id"] or "").lower() in names]
        return 200, {"users": found, "count": len(found), "next_page": None}

    def show_user(self, call: Call) -> Answered:
        found = self._store.users.get(_id(call))
        if found is None:
            raise not_found()
        return 200, {"user": found}

    def groups(self, call: Call) -> Answered:
        return 200, _paged(call, "groups", self._store.groups)

    def memberships(self, call: Call) -> Answered:
        rows = self._store.memberships
        if "id" in call.params:
            rows = [one for one in rows if one["user_id"] == _id(call)]
        return 200, _paged(call, "group_memberships", rows)

    def ticket_fields(self, call: Call) -> Answered:
        return 200, _paged(call, "ticket_fields", list(self._store.fields.values()))

    def ticket_field(self, call: Call) -> Answered:
        found = self._store.fields.get(_id(call))
        if found is None:
            raise not_found()
        return 200, {"ticket_field": found}

    def _start(self, call: Call) -> tuple[int, int]:
        if "cursor" in call.query:
            return _decoded(call.query["cursor"])
        start = int(call.query.get("start_time", "0"))
        if start > (self._clock() - self._export_lag).timestamp():
            description = "Too recent start_time. Use a start_time older than 60 seconds"
            raise Refusal(422, {"error": "InvalidValue", "description": description})
        return start, -1

    def _shown(self, call: Call, ticket: Json) -> Json:
        return {"url": f"{call.base}/api/v2/tickets/{ticket['id']}.json", **ticket}


def _asked_ticket(call: Call) -> Json:
    asked = (call.json or {}).get("ticket") if isinstance(call.json, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, {"error": "InvalidRequest", "description": "ticket is missing"})
    unknown = sorted(set(asked) - TICKET_KEYS)
    if unknown:
        keys = ", ".join(f'"ticket.{key}"' for key in unknown)
        call.headers["x-zendesk-api-warn"] = f"{{:unpermitted_keys=>[{keys}], :invalid_values=>[]}}"
    return {key: value for key, value in asked.items() if key in TICKET_KEYS}


def _paged(call: Call, name: str, rows: list[Json]) -> Json:
    """Return a page by cursor where `page[size]` asks for it, else one by number."""
    if "page[size]" in call.query:
        size = min(int(call.query["page[size]"]), LONGEST_PAGE)
        start = int(call.query.get("page[after]", "0"))
        more = start + size < len(rows)
        query = {**call.query, "page[after]": str(start + size)}
        following = f"{call.base}{call.path}.json?{urlencode(query)}" if more else None
        meta = {"has_more": more, "after_cursor": str(start + size) if more else None, "before_cursor": None}
        return {name: rows[start : start + size], "meta": meta, "links": {"next": following, "prev": None}}
    page = int(call.query.get("page", 1))
    more = page * PAGE < len(rows)
    following = f"{call.base}{call.path}.json?{urlencode({**call.query, 'page': page + 1})}" if more else None
    shown = rows[(page - 1) * PAGE : page * PAGE]
    return {name: shown, "count": len(rows), "next_page": following, "previous_page": None}


def _actor(call: Call) -> Json:
    assert call.actor is not None  # noqa: S101 - the door lets nobody else in
    return call.actor


def _id(call: Call) -> int:
    text = call.params["id"]
    if not text.isascii() or not text.isdigit():
        raise not_found()
    return int(text)


def _ids(call: Call) -> set[int]:
    return {int(each) for each in call.query.get("ids", "").split(",") if each.isdigit()}


def _matches(ticket: Json, word: str) -> bool:
    if word.startswith("external_id:"):
        return bool(ticket["external_id"] == word.removeprefix("external_id:").strip('"'))
    return word.lower() in str(ticket["subject"] or "").lower() or word in ticket["tags"]


def _encoded(place: tuple[int, int]) -> str:
    return base64.b64encode(f"{place[0]}.0||{place[1]}|".encode()).decode()


def _decoded(cursor: str) -> tuple[int, int]:
    try:
        moment, _, rest = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return int(moment), int(rest.strip("|"))
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, {"error": "InvalidCursor", "description": "cursor is invalid"}) from error
