"""Modals and home tabs: how an app shows them, and what Slack holds of each. Source: Slack, views.* methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack import inputs
from sandbox.slack.call import Call
from sandbox.slack.content import elements
from sandbox.slack.triggers import usable_trigger
from sandbox.slack.view_rules import checked_view
from sandbox.slack.workspace import APP_ID, BOT_ID, TEAM_ID, OpenView, SlackError, Workspace

STACK = 3  #: modals one over the other


def open_view(call: Call) -> dict[str, Any]:
    workspace = call.workspace
    trigger = usable_trigger(workspace, call.text("trigger_id"))
    given = checked_view(call.value("view"), "modal")
    view = new_view(workspace, trigger.user_id, given)
    trigger.used = True
    workspace.modals[trigger.user_id] = [view]
    return {"view": shown_view(view)}


def push_view(call: Call) -> dict[str, Any]:
    workspace = call.workspace
    trigger = usable_trigger(workspace, call.text("trigger_id"))
    given = checked_view(call.value("view"), "modal")
    stack = workspace.modals.get(trigger.user_id, [])
    if not stack or stack[0].id != trigger.root_view_id:
        raise SlackError("not_found")
    view = pushed(workspace, stack, given)
    trigger.used = True
    return {"view": shown_view(view)}


def update_view(call: Call) -> dict[str, Any]:
    view = _wanted(call)
    given = checked_view(call.value("view"), view.given["type"])
    _check_hash(call, view)
    change(call.workspace, view, given)
    return {"view": shown_view(view)}


def publish_view(call: Call) -> dict[str, Any]:
    """Show a home tab: the latest one counts, whatever a user typed into the one before is gone."""
    workspace, user_id = call.workspace, call.text("user_id")
    if user_id not in workspace.users:
        raise SlackError("user_not_found")
    given = checked_view(call.value("view"), "home")
    known = workspace.homes.get(user_id)
    if known is None:
        workspace.homes[user_id] = new_view(workspace, user_id, given)
    else:
        _check_hash(call, known)
        change(workspace, known, given)
    return {"view": shown_view(workspace.homes[user_id])}


def new_view(
    workspace: Workspace, user_id: str, given: Mapping[str, Any], below: OpenView | None = None
) -> OpenView:
    """Return a view nobody has touched. Raises SlackError where its external id is taken."""
    _check_external_id(workspace, given, None)
    view_id = f"V{workspace.next_number():08d}"
    view = OpenView(
        id=view_id,
        user_id=user_id,
        given={},
        hash="",
        root_id=view_id if below is None else below.root_id,
        previous_id=None if below is None else below.id,
    )
    _fill(workspace, view, given)
    return view


def pushed(workspace: Workspace, stack: list[OpenView], given: Mapping[str, Any]) -> OpenView:
    """Put a view over the others and return it. Raises SlackError."""
    if len(stack) >= STACK:
        raise SlackError("push_limit_reached")
    view = new_view(workspace, stack[-1].user_id, given, below=stack[-1])
    stack.append(view)
    return view


def change(workspace: Workspace, view: OpenView, given: Mapping[str, Any]) -> None:
    """Give a view new content; what is typed stays where block id and action id stay. Raises SlackError."""
    _check_external_id(workspace, given, view)
    _fill(workspace, view, given)
    view.errors, view.trouble = {}, None


def shown_view(view: OpenView) -> dict[str, Any]:
    """Return a view as answers and payloads hold it."""
    given = view.given
    modal = {
        "title": given.get("title"),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "clear_on_close": bool(given.get("clear_on_close")),
        "notify_on_close": bool(given.get("notify_on_close")),
    }
    return {
        "id": view.id,
        "team_id": TEAM_ID,
        "type": given["type"],
        "blocks": given["blocks"],
        "private_metadata": given.get("private_metadata") or "",
        "callback_id": given.get("callback_id") or "",
        "state": {"values": view.values},
        "hash": view.hash,
        **modal,
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": APP_ID,
        "external_id": view.external_id,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }


def _wanted(call: Call) -> OpenView:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing view_id"]})
    view = call.workspace.view(view_id) if view_id else _by_external_id(call.workspace, external_id)
    if view is None:
        raise SlackError("not_found")
    return view


def _by_external_id(workspace: Workspace, external_id: str) -> OpenView | None:
    open_views = [*workspace.homes.values(), *(view for stack in workspace.modals.values() for view in stack)]
    return next((view for view in open_views if view.external_id == external_id), None)


def _check_hash(call: Call, view: OpenView) -> None:
    if call.text("hash") not in ("", view.hash):
        raise SlackError("hash_conflict")


def _check_external_id(workspace: Workspace, given: Mapping[str, Any], view: OpenView | None) -> None:
    external_id = given.get("external_id")
    taken = _by_external_id(workspace, external_id) if external_id else None
    if taken is not None and taken is not view:
        raise SlackError("duplicate_external_id")


def _fill(workspace: Workspace, view: OpenView, given: Mapping[str, Any]) -> None:
    workspace.views.append(dict(given))
    number = workspace.next_number()
    view.hash = f"{int(workspace.clock().timestamp())}.{number:08x}"
    blocks = [_with_ids(block, f"{number}-{place}") for place, block in enumerate(given["blocks"])]
    view.given = {**given, "blocks": blocks}
    view.values = _values(blocks, view.values)


def _with_ids(block: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a block with an id, and its elements with theirs, where the app gave none."""
    named = {**block, "block_id": block.get("block_id") or f"b{name}"}
    for key in ("element", "accessory"):
        if isinstance(block.get(key), dict) and block[key].get("type") != "image":
            named[key] = {**block[key], "action_id": block[key].get("action_id") or f"a{name}"}
    if block.get("type") == "actions":
        named["elements"] = [
            {**one, "action_id": one.get("action_id") or f"a{name}-{place}"}
            for place, one in enumerate(block["elements"])
        ]
    return named


def _values(
    blocks: list[dict[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for block, element in elements(blocks):
        if element["type"] not in inputs.STATELESS:
            known = before.get(block["block_id"], {}).get(element["action_id"])
            kept = known is not None and inputs.is_kept(element, known)
            state = known if kept else inputs.first_state(element)
            values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values
