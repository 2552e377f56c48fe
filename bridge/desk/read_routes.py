"""The desk file's routes."""

from __future__ import annotations

from typing import Any

from bridge.desk.entries import list_at, read_entry
from bridge.desk.known import Known
from bridge.desk.mistakes import Place, did_you_mean
from bridge.desk.schema import RouteEntry
from bridge.routing.facts import OPEN_ROOTS, PATHS, is_path
from bridge.routing.model import Condition, RouteRule


def read_routes(raw: Any, known: Known) -> tuple[RouteRule, ...]:
    """Return the rules in order. The last, and no other, must be the one for all others."""
    entries = [
        (number, read_entry(RouteEntry, written, place, known.complaints), place)
        for number, written, place in list_at(raw, ("routes",), known.complaints)
    ]
    _check_last(raw, known)
    return tuple(
        _rule(number + 1, entry, place, known) for number, entry, place in entries if entry is not None
    )


def _check_last(raw: Any, known: Known) -> None:
    if not isinstance(raw, list):
        return
    others = [
        number for number, written in enumerate(raw) if isinstance(written, dict) and "otherwise" in written
    ]
    if not others:
        remedy = "end with {otherwise: true, group: …, sla: …}"
        known.complaints.add(("routes",), "no route for all others", remedy)
    for number in others[:-1]:
        known.complaints.add(
            ("routes", number, "otherwise"), "a second route for all others", "keep the last"
        )
    if others and others[-1] != len(raw) - 1:
        problem = "the route for all others is not the last, so those below it are never reached"
        known.complaints.add(("routes", others[-1], "otherwise"), problem, "move it to the end")


def _rule(number: int, entry: RouteEntry, place: Place, known: Known) -> RouteRule:
    _check_when(entry, place, known)
    if entry.otherwise and entry.sla is None:
        known.complaints.add((*place, "sla"), "is missing on the route for all others", "add sla: …")
    if entry.sla is not None and entry.sla not in known.policies:
        known.complaints.unknown((*place, "sla"), "policy", entry.sla, known.policies)
    return RouteRule(
        number=number,
        when=tuple(_condition(path, entry, place, known) for path in entry.when or {}),
        group=entry.group,
        owner=known.maybe_person(entry.owner, (*place, "owner")),
        priority=entry.priority,
        policy=entry.sla,
        card_channel=entry.card_channel,
    )


def _check_when(entry: RouteEntry, place: Place, known: Known) -> None:
    if entry.otherwise is False:
        known.complaints.add((*place, "otherwise"), "must be true", "write true or leave the key out")
    elif entry.otherwise and entry.when is not None:
        problem = "a route for all others has a condition"
        known.complaints.add((*place, "when"), problem, "take away either when or otherwise")
    elif not entry.otherwise and not entry.when:
        known.complaints.add(place, "says for nothing when it counts", "add when: {topic: …}")


def _condition(path: str, entry: RouteEntry, place: Place, known: Known) -> Condition:
    tests = (entry.when or {})[path]
    if not is_path(path):
        candidates = [*PATHS, *(f"{root}.…" for root in OPEN_ROOTS)]
        known.complaints.add(
            (*place, "when", path), f"unknown field {path!r}", did_you_mean(path, candidates)
        )
    if path == "channel":
        for test in tests:
            if str(test.value) not in known.channels:
                known.complaints.unknown((*place, "when", path), "channel", str(test.value), known.channels)
    return Condition(path=path, tests=tests)
