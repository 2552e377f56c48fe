"""A dialog as a Slack modal, and what comes back when it is sent off.

What the dialog carries goes along in `private_metadata`, which Slack shows nobody and hands back unchanged.
Source: Slack, "Modals" and Block Kit reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.handoffs.model import CardRef
from connectors.chat import Action, Choice, Dialog, DialogField, FieldKind
from connectors.slack.blocks import SECTION_LIMIT, Block, plain, section
from connectors.slack.mrkdwn import escape

CALLBACK = "handoff"  #: of every modal of ours
VALUE = "value"  #: the action_id inside each input block
TITLE_LIMIT = 24
LABEL_LIMIT = 2_000
OPTION_LABEL_LIMIT = 75
OPTION_VALUE_LIMIT = 150
CHOICES_LIMIT = 100
INPUT_LIMIT = 3_000
METADATA_LIMIT = 3_000
HINT_LIMIT = 2_000


class TooLong(ValueError):
    """The dialog carries more than a modal can."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentOff:
    """A modal that was sent off: which, about what, with what it carried and what was entered."""

    action: Action
    handoff_id: str
    kept: Mapping[str, str]
    entered: Mapping[str, str]
    card: CardRef | None


def view_of(dialog: Dialog) -> dict[str, Any]:
    """Return the modal. Raises TooLong."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(dialog.title, TITLE_LIMIT),
        "submit": plain(dialog.submit, TITLE_LIMIT),
        "close": plain("Cancel", TITLE_LIMIT),
        "private_metadata": _carried(dialog),
        "blocks": list(_blocks(dialog)),
    }


def sent_off(view: Mapping[str, Any], connection: str) -> SentOff | None:
    """Return what a modal of ours brought back; None for one that is not ours."""
    try:
        carried = json.loads(view["private_metadata"])
        card = carried["card"]
        return SentOff(
            action=Action(carried["action"]),
            handoff_id=str(carried["handoff_id"]),
            kept={str(name): str(value) for name, value in carried["kept"].items()},
            entered=dict(_entered(view["state"]["values"])),
            card=CardRef(connection=connection, channel=card[0], message=card[1]) if card else None,
        )
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return None


def fields_of(view: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that a modal shows."""
    blocks = view.get("blocks")
    shown = [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    return [str(block.get("block_id")) for block in shown if block.get("type") == "input"]


def _carried(dialog: Dialog) -> str:
    card = [dialog.card.channel, dialog.card.message] if dialog.card else None
    carried = {
        "action": dialog.action.value,
        "handoff_id": dialog.handoff_id,
        "card": card,
        "kept": dict(dialog.kept),
    }
    text = json.dumps(carried, ensure_ascii=False, separators=(",", ":"))
    if len(text) > METADATA_LIMIT:
        raise TooLong(f"the dialog carries {len(text)} characters")
    return text


def _blocks(dialog: Dialog) -> Iterator[Block]:
    if dialog.lines:
        each = SECTION_LIMIT // len(dialog.lines) - 1
        yield section("\n".join(escape(line, each) for line in dialog.lines))
    if dialog.quoted is not None:
        # Plain text: nothing in it is formatting, so what is read here is what will be read there.
        yield {"type": "section", "text": plain(dialog.quoted, SECTION_LIMIT)}
    for one in dialog.fields:
        yield _input(one)


def _input(one: DialogField) -> Block:
    block: Block = {
        "type": "input",
        "block_id": one.name,
        "optional": not one.required,
        "label": plain(one.label, LABEL_LIMIT),
        "element": _element(one),
    }
    return block | ({"hint": plain(one.hint, HINT_LIMIT)} if one.hint else {})


def _element(one: DialogField) -> Block:
    if one.kind is FieldKind.CHOICE:
        fitting = [choice for choice in one.choices if len(choice.value) <= OPTION_VALUE_LIMIT]
        options = {choice.value: _option(choice) for choice in fitting[:CHOICES_LIMIT]}
        chosen = {"initial_option": options[one.initial]} if one.initial in options else {}
        return {"type": "static_select", "action_id": VALUE, "options": list(options.values()), **chosen}
    longest = min(one.longest, INPUT_LIMIT)
    return {
        "type": "plain_text_input",
        "action_id": VALUE,
        "multiline": one.kind is FieldKind.TEXT,
        "max_length": longest,
        **({"initial_value": one.initial[:longest]} if one.initial else {}),
    }


def _option(choice: Choice) -> Block:
    return {"text": plain(choice.label, OPTION_LABEL_LIMIT), "value": choice.value}


def _entered(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, elements in values.items():
        element = elements[VALUE]
        option = element.get("selected_option")
        value = option["value"] if isinstance(option, dict) else element.get("value")
        if isinstance(value, str):
            yield str(name), value
