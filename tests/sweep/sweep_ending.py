"""What is compared: all that people, vendors and the bot can see, and what the bridge keeps of it.

Left out are the names that are drawn by chance, the moments, and the order of what has none.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from sweep_town import Town

#: of a row of the timeline: how late a rung was is another thing after a death
MOMENTS: Final = frozenset({"late_ms", "promised_at"})

DELIVERY_ID: Final = re.compile(r"\bdl_[0-9a-f]{28}\b")

Ending = dict[str, list[str]]


def ending_of(town: Town, looked: dict[str, Any], handoff_id: str) -> Ending:
    kept = looked["kept"]
    told = {
        "tickets": (_ticket(one) for one in town.helpdesk.snapshot()["tickets"]),
        "posts": _posts(town),
        "callbacks": (_callback(body) for body in _by_id(town).values()),
        "events": (_event(row) for row in kept["timeline"]),
        "messages": ((row["message_id"], row["answer"], row["relayed"]) for row in kept["messages"]),
        "clocks": ((row["rung"], row["state"]) for row in kept["clocks"]),
        "unpaid": ((row["kind"], row["state"]) for row in kept["deliveries"] if _unpaid(row)),
        "handoffs": (_handoff(row) for row in kept["handoffs"]),
        "books": [looked["books"]],
        "errors": looked["errors"],
    }
    return {name: _listed(parts, handoff_id) for name, parts in told.items()}


def differences(ending: Ending, undisturbed: Ending) -> list[str]:
    """Return in words what one ending has more or less than the other."""
    found = []
    for name, expected in undisturbed.items():
        there, meant = Counter(ending[name]), Counter(expected)
        found += [f"{name} lost: {one}" for one in (meant - there).elements()]
        found += [f"{name} too many: {one}" for one in (there - meant).elements()]
    return found


def _by_id(town: Town) -> dict[str, str]:
    """Return the body that came under each webhook-id. Raises AssertionError where two differ."""
    bodies: dict[str, str] = {}
    for webhook_id, body in town.bot.heard:
        assert bodies.setdefault(webhook_id, body) == body, f"{webhook_id} came with two bodies"
    return bodies


def _ticket(ticket: dict[str, Any]) -> Any:
    comments = [
        {name: one[name] for name in ("author", "role", "public", "text")} for one in ticket["comments"]
    ]
    return {**ticket, "comments": comments}


def _posts(town: Town) -> Iterable[Any]:
    for channel in town.slack.workspace.channels.values():
        cards = {post.ts: "card" for post in channel.top_level() if post.metadata}
        for post in channel.messages:
            place = cards.get(post.thread_ts, post.thread_ts)
            kind = post.metadata and post.metadata["event_type"]
            yield [channel.id, place, kind, post.text, post.blocks]


def _callback(body: str) -> Any:
    event = json.loads(body)
    data = {name: value for name, value in event["data"].items() if name not in {"sequence", *MOMENTS}}
    return [event["type"], data]


def _unpaid(row: dict[str, Any]) -> bool:
    """Return whether a delivery was not made; that the polls go on for ever is as it should be."""
    return row["state"] not in ("settled", "cancelled") and bool(row["handoff_id"])


def _event(row: dict[str, Any]) -> Any:
    return [row["event"], row["actor"], {name: row["data"][name] for name in row["data"].keys() - MOMENTS}]


def _handoff(row: dict[str, Any]) -> Any:
    moments = {name for name in row if name.endswith("_at")} - {"asked_at", "promised_at", "answered_at"}
    return {name: value for name, value in row.items() if name not in {*moments, "card", "counter"}}


def _listed(parts: Iterable[Any], handoff_id: str) -> list[str]:
    texts = (json.dumps(part, sort_keys=True, default=str, ensure_ascii=False) for part in parts)
    return sorted(DELIVERY_ID.sub("<delivery>", text.replace(handoff_id, "<handoff>")) for text in texts)
