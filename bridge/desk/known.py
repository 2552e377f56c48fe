"""The names a desk file declares, and what refers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.desk.mistakes import Complaints, Place

#: words that a rung's page understands, so no person or role may bear them
PAGED_BY_PART = ("owner", "backup", "lead")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Every declared name, also of entries with mistakes of their own, so that none is reported twice."""

    people: frozenset[str]
    roles: Mapping[str, str]
    channels: tuple[str, ...]
    policies: frozenset[str]
    calendars: frozenset[str]
    complaints: Complaints

    def person(self, name: str, place: Place) -> str:
        """Return the key of the person that `name`, a key or a role, means; unknown names are noted."""
        key = self.roles.get(name, name)
        if key not in self.people:
            self.complaints.unknown(place, "person", name, [*self.people, *self.roles])
        return key

    def maybe_person(self, name: str | None, place: Place) -> str | None:
        return None if name is None else self.person(name, place)

    def channels_at(self, names: tuple[str, ...] | None, place: Place) -> tuple[str, ...]:
        """Return the named channels, all of the desk's when none is named; unknown ones are noted."""
        for number, name in enumerate(names or ()):
            if name not in self.channels:
                self.complaints.unknown((*place, number), "channel", name, self.channels)
        return self.channels if names is None else names


def known_names(data: Mapping[str, Any], complaints: Complaints) -> Known:
    """Gather the names of a file and check that the roles mean people."""
    people = frozenset(_keys(data, "people"))
    roles = {name: key for name, key in _section(data, "roles").items() if isinstance(key, str)}
    for name, key in _section(data, "roles").items():
        _check_role(name, key, people, complaints)
    for section in ("people", "roles"):
        for name in set(_keys(data, section)).intersection(PAGED_BY_PART):
            complaints.add((section, name), f"{name!r} has a meaning in ladders", "choose another word")
    return Known(
        people=people,
        roles=roles,
        channels=_keys(data, "channels"),
        policies=frozenset(_keys(data, "sla")),
        calendars=frozenset(_keys(data, "calendars")),
        complaints=complaints,
    )


def _check_role(name: str, key: Any, people: frozenset[str], complaints: Complaints) -> None:
    if not isinstance(key, str):
        complaints.add(("roles", name), "must name one person", "write the person's key")
    elif key not in people:
        complaints.unknown(("roles", name), "person", key, people)
    elif name in people:
        complaints.add(("roles", name), f"{name!r} is a person already", "choose another word for the role")


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    return section if isinstance(section, dict) else {}


def _keys(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_section(data, name))
