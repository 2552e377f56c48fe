"""Whether a Freshdesk account has what the mapping and the desk count on, in sentences an admin can act on.

Choices are read from the account: type is a list, source, priority and group are name → id, and status is
id → [agents' label, customers' label]. Source: Freshdesk API page, "List All Ticket Fields".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.base import Finding
from connectors.findings import error, warning
from connectors.freshdesk.fields import KEY_FIELD, OPEN, OWN_FIELDS
from connectors.mapping import FieldKind, FieldMapping, FieldRule

FIELDS_PAGE: Final = "Admin > Workflows > Ticket Fields"

#: which types of custom fields can hold what a rule gives
FITTING_TYPES: Final[Mapping[FieldKind, frozenset[str]]] = {
    FieldKind.TEXT: frozenset({"custom_text", "custom_paragraph"}),
    FieldKind.PARAGRAPH: frozenset({"custom_paragraph"}),
    FieldKind.WHOLE: frozenset({"custom_number"}),
    FieldKind.DECIMAL: frozenset({"custom_decimal"}),
    FieldKind.YES_NO: frozenset({"custom_checkbox"}),
    FieldKind.DATE: frozenset({"custom_date"}),
    FieldKind.CHOICE: frozenset({"custom_dropdown", "nested_field"}),
    FieldKind.CHOICES: frozenset({"custom_multi_select_dropdown"}),
}
#: fields every ticket of ours fills, by the account's names
FILLED: Final = frozenset({"requester", "subject", "description", "status", "priority"})
#: the account's name of a field → the mapping's
OWN_NAMES: Final = {"ticket_type": "type", "product": "product_id", "company": "company_id"}

Json = Mapping[str, Any]


def about_ourselves(me: Json) -> Iterator[Finding]:
    """Say what is wrong with the agent whose key we hold."""
    where = "freshdesk sign-in"
    if not isinstance(me.get("id"), int):
        yield error(where, "the key belongs to no agent", "Copy the API key of the bridge's own agent.")
    elif me.get("occasional") is True:
        problem = "the agent is an occasional one and spends a day pass for each day it acts"
        yield warning(where, problem, "Make the bridge's agent a full-time one.")
    if me.get("ticket_scope") not in (None, 1):
        problem = "the agent sees only some tickets"
        yield error(where, problem, "Give the bridge's agent global access to tickets.")


def about_groups(wanted: Iterable[str], group_id: Callable[[str], int | None]) -> Iterator[Finding]:
    """Name the groups that are not there; tickets for one would stay without a group."""
    for name in dict.fromkeys(wanted):
        if group_id(name) is None:
            remedy = "Create the group, or name another in the desk file or under `groups` in the mapping."
            yield error(f"group {name}", "does not exist at Freshdesk", remedy)


def about_fields(mapping: FieldMapping, fields: Iterable[Json]) -> Iterator[Finding]:
    """Name mapped fields that are missing, of another type or without a choice, and needed ones nobody fills."""
    known = {str(found.get("name")): found for found in fields}
    for name, rule in mapping.fields.items():
        yield from _about_rule(name, rule, known)
    yield from _about_choices(mapping, known)
    yield from _about_needed(mapping, known)
    if KEY_FIELD not in mapping.fields:
        problem = "is not mapped; after a lost answer tickets are found by their tag alone"
        yield warning(f"field {KEY_FIELD}", problem, f"Map `{KEY_FIELD}` to a text field of its own.")


def about_webhook(secrets: Iterable[str]) -> Iterator[Finding]:
    """Say when replies can be heard of by polling alone."""
    if not any(secrets):
        problem = "no shared secret is set; replies are noticed by polling only, up to half a minute late"
        remedy = "Set FRESHDESK_WEBHOOK_SECRET and paste it into the automation rule's header."
        yield warning("freshdesk webhook", problem, remedy)


def _about_rule(name: str, rule: FieldRule, known: Mapping[str, Json]) -> Iterator[Finding]:
    where = f"field {name} ({rule.field})"
    if rule.field in OWN_FIELDS:
        return
    found = known.get(rule.field)
    if found is None:
        remedy = f"Create it in {FIELDS_PAGE}, or take `fields.{name}` out of the mapping."
        yield error(where, "does not exist at Freshdesk", remedy)
    elif found.get("type") not in FITTING_TYPES[rule.kind]:
        fitting = " or ".join(sorted(FITTING_TYPES[rule.kind]))
        problem = f"is of type {found.get('type')!r}; a {rule.kind.value} rule needs {fitting}"
        yield error(where, problem, f"Change `fields.{name}.kind`, or map to another field.")
    elif rule.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        given = {*(rule.choices or {}).values(), *([rule.otherwise] if rule.otherwise is not None else [])}
        yield from _missing(where, given, _names(found), f"fields.{name}.choices")


def _about_choices(mapping: FieldMapping, known: Mapping[str, Json]) -> Iterator[Finding]:
    ticket = mapping.ticket
    wanted = {
        "priority": (set(mapping.priorities.values()), "priorities"),
        "status": ({ticket.get("status", OPEN), *mapping.solved}, "ticket.status or solved"),
        "source": ({ticket["source"]} if "source" in ticket else set(), "ticket.source"),
        "ticket_type": ({ticket["type"]} if "type" in ticket else set(), "ticket.type"),
    }
    for name, (given, key) in wanted.items():
        if name in known:
            yield from _missing(f"field {name}", given, _codes(known[name]), key)


def _about_needed(mapping: FieldMapping, known: Mapping[str, Json]) -> Iterator[Finding]:
    filled = FILLED | {rule.field for rule in mapping.fields.values()} | mapping.ticket.keys()
    for name, found in known.items():
        if found.get("required_for_agents") is True and OWN_NAMES.get(name, name) not in filled | {"group"}:
            problem = "is required of agents and filled by nobody; Freshdesk may refuse our tickets"
            yield error(f"field {name}", problem, f"Map it, or make it optional in {FIELDS_PAGE}.")


def _missing(where: str, given: Iterable[Any], offered: set[str], key: str) -> Iterator[Finding]:
    for value in sorted({str(value) for value in given} - offered):
        yield error(where, f"has no choice {value!r}", f"Add the choice, or correct `{key}` in the mapping.")


def _names(field: Json) -> set[str]:
    """Return a custom field's choices, a list or the names of a nest."""
    return {str(choice) for choice in field.get("choices") or ()}


def _codes(field: Json) -> set[str]:
    """Return what a ticket holds for each choice of one of the account's own fields."""
    choices = field.get("choices") or ()
    if not isinstance(choices, dict):
        return {str(choice) for choice in choices}
    by_code = all(isinstance(label, list) for label in choices.values())
    return {str(code) for code in (choices if by_code else choices.values())}
