"""The Freshdesk stand-in's state as the page shows it."""

from __future__ import annotations

from typing import Any

from sandbox.freshdesk import seed
from sandbox.freshdesk.store import FreshdeskStore, Row
from sandbox.snapshots import Comment, HelpdeskSnapshot, Ticket

STATUS_WORDS = {int(code): labels[0].lower() for code, labels in seed.STATUSES.items()}
PRIORITY_WORDS = {code: label.lower() for label, code in seed.PRIORITIES.items()}


def snapshot(store: FreshdeskStore) -> HelpdeskSnapshot:
    tickets = sorted(store.tickets.values(), key=lambda one: -one["id"])
    return {
        "agents": [
            {"id": str(agent_id), "name": agent["contact"]["name"]}
            for agent_id, agent in store.agents.items()
            if agent_id != seed.BRIDGE_ID
        ],
        "tickets": [_ticket(store, one) for one in tickets],
    }


def _ticket(store: FreshdeskStore, ticket: Row) -> Ticket:
    groups = {group["id"]: group["name"] for group in store.groups}
    labels = {name: field["label"] for name, field in store.fields.items()}
    custom = ticket["custom_fields"].items()
    return {
        "id": str(ticket["id"]),
        "subject": ticket["subject"],
        "status": _status(ticket),
        "priority": PRIORITY_WORDS.get(ticket["priority"]),
        "group": groups.get(ticket["group_id"]),
        "assignee": _name(store, ticket["responder_id"]),
        "requester": _name(store, ticket["requester_id"]),
        "tags": list(ticket["tags"]),
        "fields": {labels.get(name, name): value for name, value in custom if value not in (None, "")},
        "comments": [
            _description(ticket),
            *(_comment(store, one) for one in store.conversations[ticket["id"]]),
        ],
    }


def _status(ticket: Row) -> str:
    if ticket.get("deleted"):
        return "deleted"
    return "spam" if ticket.get("spam") else STATUS_WORDS.get(ticket["status"], str(ticket["status"]))


def _description(ticket: Row) -> Comment:
    return {
        "id": f"description-{ticket['id']}",
        "at": ticket["created_at"],
        "author": "Description",
        "role": "bridge" if "handoff" in ticket["tags"] else "customer",
        "public": True,
        "text": ticket["description_text"],
    }


def _comment(store: FreshdeskStore, row: Row) -> Comment:
    attached = "".join(f"\n[{file['name']}]" for file in row["attachments"])
    return {
        "id": str(row["id"]),
        "at": row["created_at"],
        "author": _name(store, row["user_id"]) or "Freshdesk",
        "role": _role(store, row),
        "public": not row["private"],
        "text": row["body_text"] + attached,
    }


def _role(store: FreshdeskStore, row: Row) -> str:
    if row["automation_id"] is not None or row["auto_response"]:
        return "rule"
    if row["user_id"] == seed.BRIDGE_ID:
        return "bridge"
    return "agent" if row["user_id"] in store.agents else "customer"


def _name(store: FreshdeskStore, user_id: Any) -> str | None:
    if user_id in store.agents:
        return str(store.agents[user_id]["contact"]["name"])
    contact = store.contacts.get(user_id)
    return str(contact["name"]) if contact else None
