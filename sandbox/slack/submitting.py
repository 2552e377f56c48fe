"""Filling in a modal and sending it off.

Source: Slack, "Modals: updating, pushing and closing views, displaying errors".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.outbox import Answer
from sandbox.slack import inputs
from sandbox.slack.view_rules import checked_view
from sandbox.slack.views import change, pushed, shown_view
from sandbox.slack.workspace import OpenView, SlackError, Workspace

CANNOT_CONNECT = "We had some trouble connecting. Try again?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a person sees after pressing a modal's submit."""

    view: dict[str, Any] | None  #: the modal now on top; None where none is open
    errors: Mapping[str, str]  #: at its fields, by block id
    trouble: str | None = None  #: over the whole modal

    @property
    def closed(self) -> bool:
        return self.view is None


def fill(view: OpenView, values: Mapping[str, inputs.Value]) -> None:
    """Put values into inputs, by block id. Raises LookupError for an input or an option that is not there."""
    blocks = {block["block_id"]: block for block in view.given["blocks"] if block["type"] == "input"}
    for block_id, value in values.items():
        if block_id not in blocks:
            raise LookupError(f"the view has no input {block_id}")
        element = blocks[block_id]["element"]
        view.values[block_id] = {element["action_id"]: inputs.state_of(element, value)}
    view.errors = {block_id: text for block_id, text in view.errors.items() if block_id not in values}


def complaints(view: OpenView) -> dict[str, str]:
    """Return what Slack's own client says before anything is sent, by block id."""
    found = {}
    for block in view.given["blocks"]:
        if block["type"] == "input":
            state = view.values[block["block_id"]][block["element"]["action_id"]]
            words = inputs.complaint(block, state)
            if words is not None:
                found[block["block_id"]] = words
    return found


def take_answer(workspace: Workspace, view_id: str, answer: Answer) -> None:
    """Do to the modal what the app's answer says. A modal that is not open any more is left alone."""
    view = workspace.view(view_id)
    if view is None:
        return
    view.errors, view.trouble = {}, None
    try:
        _obey(workspace, view, _instruction(answer))
    except (SlackError, ValueError):
        view.trouble = CANNOT_CONNECT


def shown(workspace: Workspace, user_id: str) -> Shown:
    stack = workspace.modals.get(user_id)
    if not stack:
        return Shown(view=None, errors={})
    return Shown(view=shown_view(stack[-1]), errors=dict(stack[-1].errors), trouble=stack[-1].trouble)


def _instruction(answer: Answer) -> dict[str, Any]:
    """Return what the app answered, empty for "close this one". Raises ValueError."""
    if answer.status != 200:
        raise ValueError("no acknowledgement")
    text = answer.body.decode("utf-8").strip()
    told = json.loads(text) if text else {}
    if not isinstance(told, dict):
        raise ValueError("no object")  # noqa: TRY004 - to the person it is all the same trouble
    return told


def _obey(workspace: Workspace, view: OpenView, told: Mapping[str, Any]) -> None:
    stack = workspace.modals[view.user_id]
    match told.get("response_action"):
        case None:
            stack.remove(view)
        case "clear":
            stack.clear()
        case "errors":
            view.errors = _errors(view, told.get("errors"))
        case "update":
            change(workspace, view, checked_view(told.get("view"), "modal"))
        case "push":
            pushed(workspace, stack, checked_view(told.get("view"), "modal"))
        case _:
            raise ValueError("unknown response_action")


def _errors(view: OpenView, told: object) -> dict[str, str]:
    """Return errors that each belong to an input. Raises ValueError for any other, as Slack shows none of them then."""
    blocks = {block["block_id"] for block in view.given["blocks"] if block["type"] == "input"}
    if not isinstance(told, dict) or not told or not set(told) <= blocks:
        raise ValueError("errors for what is no input")
    return {block_id: str(text) for block_id, text in told.items()}
