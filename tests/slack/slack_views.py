"""Views made of slack_sdk's own models, for tests of the stand-in."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import (
    ButtonElement,
    CheckboxesElement,
    DatePickerElement,
    InputBlock,
    NumberInputElement,
    Option,
    OverflowMenuElement,
    PlainTextInputElement,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
    TimePickerElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

FREE = Option(value="free", label="Free for a minute")
BUSY = Option(value="busy", label="Busy")
REASON = InputBlock(
    block_id="reason",
    label="Why",
    element=PlainTextInputElement(action_id="text", multiline=True, min_length=3, max_length=200),
)
OPTIONAL = {
    "who": UserSelectElement(action_id="a", placeholder="Somebody"),
    "when": DatePickerElement(action_id="a", initial_date="2026-11-03"),
    "at": TimePickerElement(action_id="a"),
    "state": StaticSelectElement(action_id="a", options=[FREE, BUSY], initial_option=BUSY),
    "mood": RadioButtonsElement(action_id="a", options=[FREE, BUSY]),
    "also": CheckboxesElement(action_id="a", options=[FREE, BUSY], initial_options=[FREE]),
    "count": NumberInputElement(action_id="a", is_decimal_allowed=False, min_value="1", max_value="9"),
}
EVERY_INPUT = [REASON] + [
    InputBlock(block_id=name, label=name, element=element, optional=True)
    for name, element in OPTIONAL.items()
]
OVERFLOW = OverflowMenuElement(action_id="more", options=[FREE, BUSY])
#: two rows with a button of one action id, told apart by its value
ROWS = [
    SectionBlock(
        block_id=f"row{number}",
        text=f"Number {number}",
        accessory=ButtonElement(action_id="take", text=f"Take {number}", value=f"{number}"),
    )
    for number in (1, 2)
]


def modal(*blocks: Any, **changes: Any) -> View:
    """Return a modal, by default with one required text."""
    told = {"type": "modal", "callback_id": "snooze", "title": "Snooze", "submit": "Save", "close": "Cancel"}
    return View(**{**told, "blocks": list(blocks) or [REASON], **changes})


def home(*blocks: Any) -> View:
    return View(type="home", blocks=list(blocks) or [SectionBlock(text="Nothing waits.")])


def raw(view: View, **changes: Any) -> dict[str, Any]:
    """Return a view as JSON, changed past what slack_sdk would let through."""
    return {**view.to_dict(), **changes}
