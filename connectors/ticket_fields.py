"""A helpdesk ticket's fields in the making: what goes into each, and what had to stay out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.base import TicketChange, TicketDraft
from connectors.mapping import FieldMapping


@dataclass(kw_only=True, slots=True)
class Fields:
    """A ticket's fields under the helpdesk's names; `problems` are plain words for the admin."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    misrouted: bool = False  #: the group or the person of the route had to stay out


class Groups(Protocol):
    def group_id(self, name: str) -> int | None:
        """Return the group of that name, in any case; None when there is none. Raises ConnectorError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigning:
    """How a helpdesk is told whose ticket it is."""

    vendor: str  #: under which the desk keeps people's ids
    field: str  #: of the ticket, for the person's id
    id_called: str  #: what an admin calls that id


def add_route(
    made: Fields,
    wanted: TicketDraft | TicketChange,
    mapping: FieldMapping,
    groups: Groups,
    assigning: Assigning,
) -> None:
    """Add priority, group and assignee as far as they are wanted and known. Raises ConnectorError."""
    if wanted.priority is not None:
        made.values["priority"] = mapping.priorities[wanted.priority]
    if wanted.group is not None:
        _add_group(made, mapping.group_named(wanted.group), groups)
    if wanted.assignee is not None:
        known = wanted.assignee.ids.get(assigning.vendor, "")
        if known.isascii() and known.isdigit():
            made.values[assigning.field] = int(known)
        else:
            made.misrouted = True
            made.problems.append(
                f"{wanted.assignee.name} has no {assigning.id_called} in the desk; nobody is assigned"
            )


def _add_group(made: Fields, name: str, groups: Groups) -> None:
    found = groups.group_id(name)
    if found is None:
        made.misrouted = True
        made.problems.append(f"group {name} does not exist at the helpdesk; its default group has it")
    else:
        made.values["group_id"] = found
