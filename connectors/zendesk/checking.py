"""Whether a Zendesk account has what the mapping and the desk count on, in sentences an admin can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.base import Finding
from connectors.findings import error, warning
from connectors.mapping import FieldKind, FieldMapping, FieldRule
from connectors.zendesk.webhook import PUBLISHED_TEST_SECRET

#: Zendesk "Ticket Fields": which types can hold what a rule gives
FITTING_TYPES: Mapping[FieldKind, frozenset[str]] = {
    FieldKind.TEXT: frozenset({"text", "textarea", "regexp"}),
    FieldKind.PARAGRAPH: frozenset({"textarea"}),
    FieldKind.WHOLE: frozenset({"integer", "decimal"}),
    FieldKind.DECIMAL: frozenset({"decimal"}),
    FieldKind.YES_NO: frozenset({"checkbox"}),
    FieldKind.DATE: frozenset({"date"}),
    FieldKind.CHOICE: frozenset({"tagger"}),
    FieldKind.CHOICES: frozenset({"multiselect"}),
}

Json = Mapping[str, Any]


def about_ourselves(me: Json) -> Iterator[Finding]:
    """Say what is wrong with the user whose key we hold."""
    where = "zendesk sign-in"
    if not isinstance(me.get("id"), int):
        yield error(where, "the key belongs to nobody", "Create a new API token or OAuth token and set it.")
        return
    role = me.get("role")
    if role not in ("agent", "admin"):
        yield error(
            where, f"the user is {role!r}, not an agent", "Give the bridge's user the role of an admin."
        )
    elif role == "agent":
        problem = "an agent may not read the export of changed tickets"
        yield warning(where, problem, "Make the bridge's user an admin, or rely on the webhook alone.")
    if me.get("suspended") is True:
        yield error(where, "the user is suspended", "Unsuspend the bridge's user.")


def about_groups(wanted: Iterable[str], groups: Iterable[Json]) -> Iterator[Finding]:
    """Name the groups that are not there; each ticket for one would go to the default group."""
    known = {str(group.get("name", "")).strip().casefold() for group in groups if not group.get("deleted")}
    for name in dict.fromkeys(wanted):
        if name.strip().casefold() not in known:
            remedy = "Create the group, or name another in the desk file or under `groups` in the mapping."
            yield error(f"group {name}", "does not exist at Zendesk", remedy)


def about_fields(mapping: FieldMapping, fields: Iterable[Json]) -> Iterator[Finding]:
    """Name the mapped fields that are missing, switched off, of another type or without an option."""
    known = {str(found.get("id")): found for found in fields}
    for name, rule in mapping.fields.items():
        where = f"field {name} ({rule.field})"
        found = known.get(rule.field)
        if found is None:
            remedy = f"Set `fields.{name}.field` in the mapping to the field's id, or take the field out."
            yield error(where, "does not exist at Zendesk", remedy)
            continue
        if found.get("active") is False:
            yield error(where, "is deactivated", "Activate the field, or take it out of the mapping.")
        if found.get("type") not in FITTING_TYPES[rule.kind]:
            fitting = " or ".join(sorted(FITTING_TYPES[rule.kind]))
            problem = f"is of type {found.get('type')!r}; a {rule.kind.value} rule needs {fitting}"
            yield error(where, problem, f"Change `fields.{name}.kind`, or map to another field.")
        else:
            yield from _about_options(where, rule, found)


def about_webhook(secrets: Iterable[str]) -> Iterator[Finding]:
    """Say when replies can be heard of by polling alone."""
    kept = tuple(secrets)
    if PUBLISHED_TEST_SECRET in kept:
        problem = "the secret is Zendesk's published test secret, which everybody knows"
        yield error("zendesk webhook", problem, "Save the webhook and copy its own signing secret.")
    elif not kept:
        problem = "no signing secret is set; replies are noticed by polling only, minutes late"
        yield warning("zendesk webhook", problem, "Create the webhook and set ZENDESK_WEBHOOK_SECRET.")


def _about_options(where: str, rule: FieldRule, found: Json) -> Iterator[Finding]:
    options = {option.get("value") for option in found.get("custom_field_options") or ()}
    given = {*(rule.choices or {}).values(), *([rule.otherwise] if rule.otherwise is not None else [])}
    if rule.kind not in (FieldKind.CHOICE, FieldKind.CHOICES):
        return
    for value in sorted(str(value) for value in given if value not in options):
        yield error(where, f"has no option with the tag {value!r}", "Add the option, or correct `choices`.")
