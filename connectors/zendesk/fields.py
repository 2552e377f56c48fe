"""From a draft or a change to the fields of a Zendesk ticket, and what had to stay out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.handoffs.model import Customer
from connectors.base import TicketChange, TicketDraft
from connectors.mapping import FieldMapping
from connectors.note_html import harmless
from connectors.ticket_fields import Assigning, Fields, add_route
from connectors.zendesk.access import VENDOR
from connectors.zendesk.directory import Directory
from connectors.zendesk.failures import Refused
from connectors.zendesk.note import subject_line

ASSIGNING = Assigning(vendor=VENDOR, field="assignee_id", id_called="Zendesk user id")
SOLVED = "solved"  #: the status that says the work is done
DELIVERY_MARK = "handoff_delivery"  #: in the audit's own metadata: which delivery made it
NOBODY = "Customer"  #: a requester's name may not be empty
TAG_REST = re.compile(r"[^\w:/.-]+")

#: what an error names → what to leave out
CULPRITS = {
    "assignee": "assignee_id",
    "assignee_id": "assignee_id",
    "group": "group_id",
    "group_id": "group_id",
    "priority": "priority",
    "type": "type",
    "ticket_type": "type",
    "brand": "brand_id",
    "brand_id": "brand_id",
    "ticket_form": "ticket_form_id",
    "ticket_form_id": "ticket_form_id",
    "tags": "tags",
}


def drafted(draft: TicketDraft, mapping: FieldMapping, directory: Directory) -> Fields:
    """Return the fields of a new ticket, all but its requester and its note."""
    made = Fields(values=dict(mapping.ticket))
    tags = (*mapping.tags_for(draft.document), *draft.tags)
    made.values |= {
        "subject": subject_line(mapping.subject_for(draft.document) or draft.subject),
        "external_id": draft.handoff_id,
        "submitter_id": directory.own_id(),
        "tags": _clean_tags(tags),
    }
    add_route(made, draft, mapping, directory, ASSIGNING)
    _add_custom_fields(made, mapping, draft.document)
    return made


def changed(
    change: TicketChange, mapping: FieldMapping, directory: Directory, ticket: Mapping[str, Any]
) -> Fields:
    """Return the fields to write on `ticket`. A list of tags replaces the old one, so it holds both."""
    made = Fields()
    add_route(made, change, mapping, directory, ASSIGNING)
    if change.document is not None:
        _add_custom_fields(made, mapping, change.document)
    if change.solved:
        made.values["status"] = SOLVED
    present = [str(tag) for tag in ticket.get("tags") or ()]
    added = [tag for tag in _clean_tags(change.tags) if tag not in present]
    if added:
        made.values |= {
            "tags": present + added,
            "safe_update": True,
            "updated_stamp": ticket.get("updated_at"),
        }
    return made


def requester(customer: Customer) -> dict[str, Any]:
    """Return who asks, as the ticket's own call makes or finds them: by e-mail, or new by name alone."""
    name = customer.name or customer.email or customer.phone or customer.external_id or NOBODY
    who = {"name": subject_line(name) or NOBODY}
    if customer.email:
        return who | {"email": customer.email.strip()}
    return who | ({"phone": customer.phone.strip()} if customer.phone else {})


def unsolved(fields: Fields, refused: Refused, mapping: FieldMapping) -> Fields | None:
    """Return the fields without the status that Zendesk would not have; None when none was wanted."""
    if fields.values.get("status") != SOLVED:
        return None
    titles = {rule.field: f"{name} ({rule.field})" for name, rule in mapping.fields.items()}
    wants = ", ".join(titles.get(name, name) for name in sorted(refused.named - {"base"}))
    told = f"a ticket could not be set to solved; the helpdesk refused it over {wants or 'a rule of its own'}"
    values = {name: value for name, value in fields.values.items() if name != "status"}
    return Fields(values=values, problems=[*fields.problems, told], misrouted=fields.misrouted)


def without(fields: Mapping[str, Any], refused: Refused, mapping: FieldMapping) -> Fields | None:
    """Return the fields without what Zendesk refused; None when nothing can be left out.

    Where it names nothing we know, all custom fields and the assignee stay out.
    """
    left = Fields(values=dict(fields))
    _leave_out(left, refused.named, mapping)
    if not left.problems:
        _leave_out(left, frozenset({"assignee", "custom_fields"}), mapping)
    if not left.problems:
        return None
    return left


def _leave_out(left: Fields, named: frozenset[str], mapping: FieldMapping) -> None:
    for key in dict.fromkeys(CULPRITS[name] for name in sorted(named) if name in CULPRITS):
        if left.values.pop(key, None) is not None:
            left.misrouted |= key in ("group_id", "assignee_id")
            left.problems.append(f"{key.removesuffix('_id')} was refused by the helpdesk and left out")
    if "requester" in named and len(left.values.get("requester", {})) > 1:
        left.values["requester"] = {"name": left.values["requester"]["name"]}
        left.problems.append("the customer's address was refused by the helpdesk; the name alone is given")
    _leave_out_custom_fields(left, named, mapping)


def _leave_out_custom_fields(left: Fields, named: frozenset[str], mapping: FieldMapping) -> None:
    titles = {rule.field: name for name, rule in mapping.fields.items()}
    kept: list[Any] = []
    for one in left.values.get("custom_fields", ()):
        if str(one["id"]) in named or "custom_fields" in named:
            title = titles.get(str(one["id"]), "a field")
            left.problems.append(f"field {title} ({one['id']}) was refused by the helpdesk and left out")
        else:
            kept.append(one)
    if "custom_fields" in left.values:
        left.values["custom_fields"] = kept


def _add_custom_fields(made: Fields, mapping: FieldMapping, document: Mapping[str, Any]) -> None:
    filled = mapping.filled(document)
    made.problems += filled.problems
    rows = []
    for name, value in filled.fields.items():
        if name.isascii() and name.isdigit():
            rows.append({"id": int(name), "value": harmless(value) if isinstance(value, str) else value})
        else:
            made.problems.append(f"field {name} is no id of a Zendesk field and was left out")
    if rows:
        made.values["custom_fields"] = rows


def _clean_tags(tags: Sequence[str]) -> list[str]:
    """Return the tags as Zendesk keeps them: lower case, without spaces, each once."""
    cleaned = (TAG_REST.sub("_", tag.strip().lower()).strip("_") for tag in tags)
    return list(dict.fromkeys(tag for tag in cleaned if tag))
