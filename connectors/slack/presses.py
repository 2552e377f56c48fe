"""A press of one of our buttons, or a modal of ours sent off. Source: Slack, "block_actions", "view_submission"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.handoffs.model import CardRef
from connectors.chat import DESK_ACTIONS, Action, Press
from connectors.slack.card import MORE
from connectors.slack.dialogs import sent_off

HANDOFF_ID_LIMIT = 255  #: characters; a longer value is none of ours
ACTIONS = frozenset(Action)


def press_of(payload: Mapping[str, Any], connection: str) -> Press | None:
    """Return the press, or None for a payload that lacks what ours always has.

    The id is made of what Slack says of the press: the same for a copy of it, another for the next press.
    """
    action = next((one for one in _maps(payload.get("actions")) if _chosen(one) is not None), None)
    chosen = _chosen(action) if action else None
    if action is None or chosen is None:
        return None
    name, about = chosen
    handoff_id, subject = ("", about) if name in DESK_ACTIONS else (about, "")
    user, channel = _map(payload.get("user")), _text(_map(payload.get("channel")).get("id"))
    message = _text(_map(payload.get("container")).get("message_ts")) or _text(
        _map(payload.get("message")).get("ts")
    )
    user_id, pressed_at = _text(user.get("id")), _text(action.get("action_ts"))
    if not (user_id and pressed_at):
        return None
    team = _text(_map(payload.get("team")).get("id"))
    card = CardRef(connection=connection, channel=channel, message=message) if channel and message else None
    return Press(
        event_id=":".join(("press", team, channel, message, name, pressed_at, user_id)),
        action=name,
        handoff_id=handoff_id,
        user_id=user_id,
        user_name=_name(user),
        card=card,
        trigger=_text(payload.get("trigger_id")) or None,
        subject=subject,
        extra=_teams(payload),
    )


def sending_of(payload: Mapping[str, Any], connection: str) -> Press | None:
    """Return what a modal of ours brought, or None for another's. Sent off twice, the same modal has one id."""
    view, user = _map(payload.get("view")), _map(payload.get("user"))
    sent = sent_off(view, connection)
    user_id, view_id = _text(user.get("id")), _text(view.get("id"))
    if sent is None or not (user_id and view_id and _fits(sent.action, sent.handoff_id)):
        return None
    return Press(
        event_id=":".join(("dialog", _text(_map(payload.get("team")).get("id")), view_id, user_id)),
        action=sent.action,
        handoff_id=sent.handoff_id,
        user_id=user_id,
        user_name=_name(user),
        card=sent.card,
        trigger=_text(payload.get("trigger_id")) or None,
        entered=sent.entered,
        kept=sent.kept,
        extra=_teams(payload),
    )


def _fits(action: Action, handoff_id: str) -> bool:
    """Return whether the id may be one of ours; what is about the desk has none."""
    return not handoff_id if action in DESK_ACTIONS else 0 < len(handoff_id) <= HANDOFF_ID_LIMIT


def _chosen(action: Mapping[str, Any]) -> tuple[Action, str] | None:
    """Return what was pressed or chosen from the menu, and about what; None for what is not ours."""
    name, value = _text(action.get("action_id")), _text(action.get("value"))
    if name == MORE:
        name, _, value = _text(_map(action.get("selected_option")).get("value")).partition(":")
    if name not in ACTIONS or not 0 < len(value) <= HANDOFF_ID_LIMIT:
        return None
    return Action(name), value


def _teams(payload: Mapping[str, Any]) -> dict[str, str]:
    team = _text(_map(payload.get("team")).get("id"))
    return {"team_id": team, "user_team_id": _text(_map(payload.get("user")).get("team_id")) or team}


def _name(user: Mapping[str, Any]) -> str:
    return _text(user.get("name")) or _text(user.get("username")) or _text(user.get("id"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [_map(one) for one in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
