"""What stands in an input: its first value, what a person puts in, and how Slack tells it.

Source: Slack, "Block elements" and "view_submission payloads". A person's values are text; a list of texts for
checkboxes; None or "" clears.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.slack.elements import INPUT_LENGTH, options_of

Value = str | list[str] | None

NEEDED = "Please complete this required field."

#: where Slack keeps the value of each kind, and where an app puts its first one
TEXT_KEYS: Mapping[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "users_select": ("selected_user", "initial_user"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
}
OPTION_KINDS = frozenset({"static_select", "radio_buttons", "overflow"})
STATELESS = frozenset({"button", "overflow"})

_FORMS = {
    "number_input": (re.compile(r"-?\d+(\.\d+)?"), "Please enter a number."),
    "datepicker": (re.compile(r"\d{4}-\d{2}-\d{2}"), "Please enter a date."),
    "timepicker": (re.compile(r"\d{2}:\d{2}"), "Please enter a time."),
}


def first_state(element: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Slack holds of an element that nobody has touched."""
    kind = element["type"]
    if kind == "checkboxes":
        return {
            "type": kind,
            "selected_options": [_told(one) for one in element.get("initial_options") or ()],
        }
    if kind in OPTION_KINDS:
        initial = element.get("initial_option")
        return {"type": kind, "selected_option": None if initial is None else _told(initial)}
    key, initial_key = TEXT_KEYS[kind]
    return {"type": kind, key: element.get(initial_key) or None}


def state_of(element: Mapping[str, Any], value: Value) -> dict[str, Any]:
    """Return what Slack holds after a person put this in. Raises LookupError for an option that is not there."""
    kind = element["type"]
    if kind == "checkboxes":
        chosen = [value] if isinstance(value, str) and value else value or []
        return {"type": kind, "selected_options": [_told(_option(element, one)) for one in chosen]}
    if kind in OPTION_KINDS:
        return {"type": kind, "selected_option": _told(_option(element, str(value))) if value else None}
    return {"type": kind, TEXT_KEYS[kind][0]: str(value) if value else None}


def is_kept(element: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether what was put in still fits an element after its view was changed."""
    if state["type"] != element["type"]:
        return False
    chosen = state.get("selected_options") or [state.get("selected_option")]
    known = [_told(option) for option in options_of(element)]
    return all(option is None or option in known for option in chosen)


def complaint(block: Mapping[str, Any], state: Mapping[str, Any]) -> str | None:
    """Return what Slack's own client says at an input before anything is sent, or None."""
    value = next((told for name, told in state.items() if name != "type"), None)
    if value in (None, "", []):
        return None if block.get("optional") else NEEDED
    element = block["element"]
    if element["type"] == "plain_text_input":
        return _length_complaint(element, str(value))
    form, words = _FORMS.get(element["type"], (None, ""))
    if form is not None and not form.fullmatch(str(value)):
        return words
    return _number_complaint(element, str(value)) if element["type"] == "number_input" else None


def _length_complaint(element: Mapping[str, Any], value: str) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", INPUT_LENGTH)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter no more than {most} characters." if len(value) > most else None


def _number_complaint(element: Mapping[str, Any], value: str) -> str | None:
    if "." in value and not element["is_decimal_allowed"]:
        return "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and float(value) < float(least):
        return f"Please enter a number no less than {least}."
    return f"Please enter a number no more than {most}." if most and float(value) > float(most) else None


def _option(element: Mapping[str, Any], value: str) -> dict[str, Any]:
    found = next((option for option in options_of(element) if option["value"] == value), None)
    if found is None:
        raise LookupError(f"{element['type']} {element.get('action_id')} has no option {value}")
    return found


def _told(option: Mapping[str, Any]) -> dict[str, Any]:
    """Return an option as payloads hold it: Slack always tells whether emoji are drawn."""
    text = dict(option["text"])
    if text["type"] == "plain_text":
        text.setdefault("emoji", True)
    return {**option, "text": text}
