"""A press of one of our buttons. Source: Slack, "block_actions payloads"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.handoffs.model import CardRef
from connectors.base import Press
from connectors.slack.card import CLAIM

HANDOFF_ID_LIMIT = 255  #: characters; a longer value is none of ours


def press_of(payload: Mapping[str, Any], connection: str) -> Press | None:
    """Return the press, or None for a payload that lacks what ours always has.

    The id is made of what Slack says of the press: the same for a copy of it, another for the next press.
    """
    action = next((one for one in _maps(payload.get("actions")) if one.get("action_id") == CLAIM), None)
    if action is None:
        return None
    user, channel = _map(payload.get("user")), _text(_map(payload.get("channel")).get("id"))
    message = _text(_map(payload.get("container")).get("message_ts")) or _text(
        _map(payload.get("message")).get("ts")
    )
    handoff_id, user_id = _text(action.get("value")), _text(user.get("id"))
    pressed_at = _text(action.get("action_ts"))
    if not (handoff_id and user_id and pressed_at and len(handoff_id) <= HANDOFF_ID_LIMIT):
        return None
    team = _text(_map(payload.get("team")).get("id"))
    card = CardRef(connection=connection, channel=channel, message=message) if channel and message else None
    return Press(
        event_id=":".join(("press", team, channel, message, CLAIM, pressed_at, user_id)),
        action=CLAIM,
        handoff_id=handoff_id,
        user_id=user_id,
        user_name=_text(user.get("name")) or _text(user.get("username")) or user_id,
        card=card,
        extra={"team_id": team, "user_team_id": _text(user.get("team_id")) or team},
    )


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [_map(one) for one in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
