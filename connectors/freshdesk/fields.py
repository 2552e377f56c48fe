"""From a draft or a change to the fields of a Freshdesk ticket, and what had to stay out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from connectors.base import TicketChange, TicketDraft
from connectors.freshdesk.directory import Directory
from connectors.freshdesk.failures import VENDOR, Refused
from connectors.freshdesk.note import public_line, subject_line
from connectors.mapping import FieldMapping
from connectors.note_html import harmless
from connectors.ticket_fields import Assigning, Fields, add_route

ASSIGNING: Final = Assigning(vendor=VENDOR, field="responder_id", id_called="Freshdesk agent id")
OPEN: Final = 2  #: the status every account has for new tickets
RESOLVED: Final = 4  #: the status every account has for work that is done
#: resolved and closed, as every account has them
SOLVED: Final = frozenset({"4", "5"})
KEY_FIELD: Final = "handoff_key"  #: the mapping's name of the field that holds the handoff's id
LONGEST_TAG: Final = 32  #: characters; what Freshdesk's own pages let one type
NOBODY: Final = "Customer"  #: a requester found by phone or id needs a name
PASSED_ON: Final = "Thank you. Your request was passed on to our team, and a person will answer you."

#: what is no custom field and may yet be filled by a rule of the mapping
OWN_FIELDS: Final = frozenset({"type", "product_id", "company_id", "email_config_id", "source"})
#: what an error names → what to leave out
CULPRITS: Final = {
    "agent": "responder_id",
    "agent_id": "responder_id",
    "responder": "responder_id",
    "group": "group_id",
    "ticket_type": "type",
    "product": "product_id",
    "company": "company_id",
}
#: what a new ticket cannot do without; a fault in the requester cannot be mended by leaving it out
REQUESTER: Final = frozenset({"requester", "requester_id", "email", "phone", "unique_external_id", "name"})
NEEDED: Final = frozenset({"subject", "description", "status"}) | REQUESTER
#: what a new ticket gets in place of a refused value that it cannot do without; every account has these
IN_PLACE: Final[Mapping[str, int]] = {"status": OPEN, "priority": 2}
#: what stays when Freshdesk names nothing that we know
LEAST: Final = NEEDED | {"tags", "priority", "source", "group_id"}

Json = Mapping[str, Any]


ROUTE: Final = frozenset({"group_id", "responder_id"})  #: the fields that make it somebody's


def drafted(draft: TicketDraft, mapping: FieldMapping, directory: Directory) -> Fields:
    """Return the fields of a new ticket. Its description is public, so it says nothing of the handoff."""
    made = Fields(values={"status": OPEN, **mapping.ticket})
    made.values |= {
        **requester(draft),
        "subject": subject_line(mapping.subject_for(draft.document) or draft.subject) or "Handoff",
        "description": public_line(str(mapping.ticket.get("description", PASSED_ON))),
        "tags": _clean_tags((*mapping.tags_for(draft.document), *draft.tags, *_mark(draft.handoff_id))),
    }
    add_route(made, draft, mapping, directory, ASSIGNING)
    _add_mapped(made, mapping, draft.document)
    key = key_field(mapping)
    if key is not None:
        made.values.setdefault("custom_fields", {})[key] = draft.handoff_id
    return made


def changed(change: TicketChange, mapping: FieldMapping, directory: Directory) -> Fields:
    """Return the fields to write, all but the tags, which are merged with those the ticket has."""
    made = Fields()
    add_route(made, change, mapping, directory, ASSIGNING)
    if change.document is not None:
        _add_mapped(made, mapping, change.document)
    return made


def add_tags(made: Fields, tags: Iterable[str], ticket: Json) -> None:
    """Add the tags that `ticket` lacks. A list of tags replaces the old one, so it holds both."""
    present = [str(tag) for tag in ticket.get("tags") or ()]
    known = {tag.casefold() for tag in present}
    added = [tag for tag in _clean_tags(tags) if tag.casefold() not in known]
    if added:
        made.values["tags"] = present + added


def add_solved(made: Fields, mapping: FieldMapping, ticket: Json) -> None:
    """Set the ticket to resolved, unless its work is done already: a closed one is not to be resolved anew."""
    if str(ticket.get("status")) not in (mapping.solved or SOLVED):
        made.values["status"] = RESOLVED


def unsolved(fields: Fields, refused: Refused, mapping: FieldMapping) -> Fields | None:
    """Return the fields without the status that Freshdesk would not have; None when none was wanted."""
    if fields.values.get("status") != RESOLVED:
        return None
    wants = ", ".join(_title(name, mapping) for name in sorted(refused.faults))
    told = (
        f"a ticket could not be set to resolved; the helpdesk refused it over {wants or 'a rule of its own'}"
    )
    values = {name: value for name, value in fields.values.items() if name != "status"}
    return Fields(values=values, problems=[*fields.problems, told], misrouted=fields.misrouted)


def drop_what_is_so(made: Fields, ticket: Json) -> None:
    """Leave out what the ticket holds already: a PUT that changes nothing costs a call, and may overwrite."""
    held = ticket.get("custom_fields") or {}
    custom = {
        name: value
        for name, value in made.values.pop("custom_fields", {}).items()
        if name not in held or held[name] != value
    }
    made.values = {
        name: value for name, value in made.values.items() if name not in ticket or ticket[name] != value
    }
    if custom:
        made.values["custom_fields"] = custom


def requester(draft: TicketDraft) -> dict[str, str]:
    """Return who asks. Freshdesk wants one way to tell them; without any, the handoff's own id is one."""
    customer = draft.customer
    name = subject_line(customer.name or "") or NOBODY
    if customer.email and customer.email.strip():
        return {"email": customer.email.strip(), "name": name}
    if customer.phone and customer.phone.strip():
        return {"phone": customer.phone.strip(), "name": name}
    return {"unique_external_id": (customer.external_id or "").strip() or draft.handoff_id, "name": name}


def handoff_of(ticket: Json, mapping: FieldMapping) -> str | None:
    """Return the handoff whose mark a ticket carries: by its key field, else by its tag."""
    key = key_field(mapping)
    found = (ticket.get("custom_fields") or {}).get(key) if key else None
    if isinstance(found, str) and found:
        return found
    tags = (str(tag) for tag in ticket.get("tags") or ())
    return next((tag for tag in tags if re.fullmatch(r"ho_[0-9a-f]{4,}", tag)), None)


def is_of(ticket: Json, handoff_id: str, mapping: FieldMapping) -> bool:
    return handoff_of(ticket, mapping) == handoff_id or handoff_id in (ticket.get("tags") or ())


def key_field(mapping: FieldMapping) -> str | None:
    """Return the custom field for the handoff's id; None when the admin has taken it out."""
    rule = mapping.fields.get(KEY_FIELD)
    return rule.field if rule else None


def without(
    fields: Fields, refused: Refused, mapping: FieldMapping, in_place: Mapping[str, Any] | None = None
) -> Fields | None:
    """Return the fields without those Freshdesk refused; None when that cannot mend it.

    `in_place` holds values for those that cannot be left out. Where Freshdesk names none that we sent,
    only what a ticket needs stays.
    """
    if not REQUESTER.isdisjoint(refused.faults):
        return None
    left = Fields(values=dict(fields.values), problems=list(fields.problems))
    left.values["custom_fields"] = dict(left.values.get("custom_fields", {}))
    for name, code in sorted(refused.faults.items()):
        if _leave_out(name, left.values, in_place or {}):
            told = f"field {_title(name, mapping)} was refused by the helpdesk ({code}), left out"
            left.problems.append(f"mapping broken: {told}")
    if not left.values["custom_fields"]:
        del left.values["custom_fields"]
    kept = left if len(left.problems) > len(fields.problems) else _least(fields, refused)
    if kept is not None:
        kept.misrouted = fields.misrouted or bool(ROUTE & (fields.values.keys() - kept.values.keys()))
    return kept


def _leave_out(name: str, values: dict[str, Any], in_place: Mapping[str, Any]) -> bool:
    """Take a field out by what an error calls it. Return False where it is not there, or must stay."""
    own = CULPRITS.get(name, name)
    if name in values["custom_fields"]:
        del values["custom_fields"][name]
    elif own in in_place and values.get(own) != in_place[own]:
        values[own] = in_place[own]
    elif own in values and own not in NEEDED and own not in in_place and own != "custom_fields":
        del values[own]
    else:
        return False
    return True


def _least(fields: Fields, refused: Refused) -> Fields | None:
    left = {name: value for name, value in fields.values.items() if name in LEAST}
    if left.keys() == fields.values.keys():
        return None
    named = ", ".join(sorted(refused.faults)) or "no field"
    told = f"mapping broken: the helpdesk refused the ticket and named {named}; all that may be was left out"
    return Fields(values=left, problems=[*fields.problems, told])


def _title(name: str, mapping: FieldMapping) -> str:
    title = next((title for title, rule in mapping.fields.items() if rule.field == name), None)
    return f"{title} ({name})" if title else name


def _add_mapped(made: Fields, mapping: FieldMapping, document: Json) -> None:
    filled = mapping.filled(document)
    made.problems += filled.problems
    custom: dict[str, Any] = {}
    for name, value in filled.fields.items():
        given = harmless(value) if isinstance(value, str) else value
        if name.startswith("cf_"):
            custom[name] = given
        elif name in OWN_FIELDS:
            made.values[name] = given
        else:
            made.problems.append(f"mapping broken: {name} is no field of a Freshdesk ticket; left out")
    if custom:
        made.values["custom_fields"] = custom


def _mark(handoff_id: str) -> tuple[str, ...]:
    """Return the handoff's id as a tag; none where a tag would cut it and so not be found again."""
    return (handoff_id,) if len(handoff_id) <= LONGEST_TAG else ()


def _clean_tags(tags: Iterable[str]) -> list[str]:
    """Return the tags as Freshdesk takes them: short, without commas, each once in any case."""
    cleaned = (" ".join(tag.replace(",", " ").split())[:LONGEST_TAG].strip() for tag in tags)
    return list({tag.casefold(): tag for tag in cleaned if tag}.values())
