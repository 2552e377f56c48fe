"""What the Freshdesk stand-in refuses: unknown fields, wrong types, choices it does not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.freshdesk.gate import fault, invalid
from sandbox.freshdesk.seed import PRIORITIES, SOURCES, STATUSES, TYPES

LONGEST_TEXT = 255  #: characters of a subject and of a single-line field
LONGEST_TAG = 32
WAYS = ("requester_id", "email", "phone", "unique_external_id")
REQUESTER = (*WAYS, "name")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
Faults = Iterator[dict[str, Any]]

INTEGERS = ("requester_id", "responder_id", "group_id", "company_id", "product_id", "email_config_id")
TEXTS = ("subject", "description", "email", "phone", "unique_external_id", "name", "type")
CHOICES: Mapping[str, list[Any]] = {
    "status": [int(code) for code in STATUSES],
    "priority": list(PRIORITIES.values()),
    "source": list(SOURCES.values()),
    "type": list(TYPES),
}
KNOWN = frozenset((*INTEGERS, *TEXTS, *CHOICES, "tags", "custom_fields", "cc_emails"))
CUSTOM: Mapping[str, tuple[type[Any], str]] = {
    "custom_text": (str, "String"),
    "custom_paragraph": (str, "String"),
    "custom_dropdown": (str, "String"),
    "custom_checkbox": (bool, "Boolean"),
    "custom_number": (int, "Integer"),
}


def check_ticket(
    given: Any, fields: Mapping[str, Mapping[str, Any]], has: Callable[[str, Any], bool], *, new: bool
) -> None:
    """Raise Refusal, with every fault at once, unless a ticket can be made or changed so.

    `has(name, id)` tells whether the account has such a group, agent or contact.
    """
    if not isinstance(given, dict):
        raise invalid(fault("body", "invalid_json", "Request body has invalid json format"))
    found = [
        *_own(given, has),
        *_custom(given.get("custom_fields") or {}, fields),
        *(_needed(given) if new else ()),
    ]
    if found:
        raise invalid(*found)


def _own(given: Mapping[str, Any], has: Callable[[str, Any], bool]) -> Faults:
    for name, value in given.items():
        if name not in KNOWN:
            yield fault(name, "invalid_field", "Unexpected/invalid field in request")
        elif value is None:
            continue
        elif name in INTEGERS:
            yield from _integer(name, value, has)
        elif name in CHOICES and value not in CHOICES[name]:
            yield _not_one_of(name, CHOICES[name])
        elif name in TEXTS and not isinstance(value, str):
            yield fault(name, "datatype_mismatch", "It should be a/an String")
    yield from _sizes(given)


def _integer(name: str, value: Any, has: Callable[[str, Any], bool]) -> Faults:
    if not isinstance(value, int) or isinstance(value, bool):
        yield fault(name, "datatype_mismatch", "It should be a/an Positive Integer")
    elif not has(name, value):
        yield fault(
            name, "invalid_value", f"There is no {name.removesuffix('_id')} matching the given {name}"
        )


def _sizes(given: Mapping[str, Any]) -> Faults:
    if len(str(given.get("subject") or "")) > LONGEST_TEXT:
        yield fault(
            "subject", "too_long", f"Has {len(given['subject'])} characters, it can have {LONGEST_TEXT}"
        )
    email = given.get("email")
    if isinstance(email, str) and not ADDRESS.fullmatch(email):
        yield fault("email", "invalid_value", "It should be in the 'valid email address' format")
    tags = given.get("tags") or []
    if not isinstance(tags, list):
        yield fault("tags", "datatype_mismatch", "It should be a/an Array")
    elif any(len(str(tag)) > LONGEST_TAG or "," in str(tag) for tag in tags):
        yield fault("tags", "invalid_value", "It should contain elements of 32 characters without commas")


def _custom(given: Any, fields: Mapping[str, Mapping[str, Any]]) -> Faults:
    if not isinstance(given, dict):
        yield fault("custom_fields", "datatype_mismatch", "It should be a/an key/value pair")
        return
    for name, value in given.items():
        field = fields.get(name)
        if field is None or field["default"]:
            yield fault(name, "invalid_field", "Unexpected/invalid field in request")
            continue
        if value is None:
            continue
        kind, called = CUSTOM[field["type"]]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            yield fault(
                name,
                "datatype_mismatch",
                f"Value set is of type {type(value).__name__}. It should be a/an {called}",
            )
        elif "choices" in field and value not in field["choices"]:
            yield _not_one_of(name, field["choices"])
        elif field["type"] == "custom_text" and len(str(value)) > LONGEST_TEXT:
            yield fault(name, "too_long", f"Has {len(str(value))} characters, it can have {LONGEST_TEXT}")


def _needed(given: Mapping[str, Any]) -> Faults:
    if not any(given.get(way) for way in WAYS):
        yield fault("requester_id", "missing_field", f"Please fill at least 1 of {', '.join(WAYS)}")
    if given.get("phone") and not (given.get("email") or given.get("name")):
        yield fault("name", "missing_field", "It should be present along with phone")
    for name in ("subject", "description"):
        if not given.get(name):
            yield fault(name, "missing_field", "It should be a/an String")
    for name in ("status", "priority"):
        if given.get(name) is None:
            yield _not_one_of(name, CHOICES[name], code="missing_field")


def _not_one_of(name: str, choices: list[Any], code: str = "invalid_value") -> dict[str, Any]:
    listed = ",".join(str(choice) for choice in choices)
    return fault(name, code, f"It should be one of these values: '{listed}'")
