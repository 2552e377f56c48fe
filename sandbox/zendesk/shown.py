"""What the sandbox's page shows of the Zendesk stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.snapshots import Agent, Comment, HelpdeskSnapshot, Ticket
from sandbox.zendesk.seed import BRIDGE_ID
from sandbox.zendesk.store import ZendeskStore

Json = dict[str, Any]


def shown(store: ZendeskStore, comments_of: Callable[[int], list[Json]]) -> HelpdeskSnapshot:
    """Return the agents and the tickets, newest first."""
    staff = [one for one in store.users.values() if one["role"] != "end-user" and one["id"] != BRIDGE_ID]
    newest = sorted(store.tickets.values(), key=lambda one: -one["id"])
    return {
        "agents": [Agent(id=str(one["id"]), name=one["name"]) for one in staff],
        "tickets": [_ticket(store, one, comments_of(one["id"])) for one in newest],
    }


def _ticket(store: ZendeskStore, ticket: Json, comments: list[Json]) -> Ticket:
    titles = {field_id: found["title"] for field_id, found in store.fields.items()}
    groups = {group["id"]: group["name"] for group in store.groups}
    return {
        "id": str(ticket["id"]),
        "subject": ticket["subject"] or "",
        "status": ticket["status"],
        "priority": ticket["priority"],
        "group": groups.get(ticket["group_id"]),
        "assignee": store.users.get(ticket["assignee_id"], {}).get("name"),
        "requester": store.users.get(ticket["requester_id"], {}).get("name"),
        "tags": list(ticket["tags"]),
        "fields": {titles.get(one["id"], str(one["id"])): one["value"] for one in ticket["custom_fields"]},
        "comments": [_comment(store, one) for one in comments],
    }


def _comment(store: ZendeskStore, comment: Json) -> Comment:
    author = store.users.get(comment["author_id"], {"name": "A trigger", "role": "rule"})
    roles = {"end-user": "customer", "rule": "rule"}
    role = "bridge" if comment["author_id"] == BRIDGE_ID else roles.get(author["role"], "agent")
    return {
        "id": str(comment["id"]),
        "at": comment["created_at"],
        "author": author["name"],
        "role": role,
        "public": comment["public"],
        "text": comment["body"],
    }
