"""Slack's own news that concern us: channels closed, people gone, the app taken out. Source: Slack, "Events API"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.chat import ChatEvent, ChatEventKind
from connectors.slack.attention import is_full_member

EVENT_ID_LIMIT: Final = 200  #: characters; Slack's have some twenty

Event = Mapping[str, Any]


def event_of(payload: Mapping[str, Any]) -> ChatEvent | None:
    """Return what an event callback tells; None for what changes nothing for us."""
    told, event_id = _map(payload.get("event")), _text(payload.get("event_id"))
    read = READ.get(_text(told.get("type")))
    if read is None or not 0 < len(event_id) <= EVENT_ID_LIMIT:
        return None
    return read(event_id, told, _own_users(payload))


def _closed(event_id: str, told: Event, _own: frozenset[str]) -> ChatEvent | None:
    return _about_channel(event_id, ChatEventKind.CHANNEL_CLOSED, told)


def _opened(event_id: str, told: Event, _own: frozenset[str]) -> ChatEvent | None:
    return _about_channel(event_id, ChatEventKind.CHANNEL_USABLE, told)


def _left(event_id: str, told: Event, _own: frozenset[str]) -> ChatEvent | None:
    return _about_channel(event_id, ChatEventKind.BOT_REMOVED, told)


def _member_left(event_id: str, told: Event, own: frozenset[str]) -> ChatEvent | None:
    return _left(event_id, told, own) if told.get("user") in own else None


def _member_joined(event_id: str, told: Event, own: frozenset[str]) -> ChatEvent | None:
    return _opened(event_id, told, own) if told.get("user") in own else None


def _user_changed(event_id: str, told: Event, _own: frozenset[str]) -> ChatEvent | None:
    user = _map(told.get("user"))
    user_id, email = _text(user.get("id")), _text(_map(user.get("profile")).get("email"))
    if not user_id or is_full_member(user):
        return None
    return ChatEvent(
        event_id=event_id,
        kind=ChatEventKind.PERSON_GONE,
        user_id=user_id,
        email=email.strip().lower() or None,
    )


def _tokens_revoked(event_id: str, told: Event, own: frozenset[str]) -> ChatEvent | None:
    """A person's token is none of ours: we only use the bot's."""
    return _app_gone(event_id, told, own) if _map(told.get("tokens")).get("bot") else None


def _app_gone(event_id: str, _told: Event, _own: frozenset[str]) -> ChatEvent:
    return ChatEvent(event_id=event_id, kind=ChatEventKind.ACCESS_LOST)


#: A renamed channel is not among them: it keeps its id, and we know it by that.
READ: Final[Mapping[str, Callable[[str, Event, frozenset[str]], ChatEvent | None]]] = {
    "channel_archive": _closed,
    "channel_deleted": _closed,
    "group_archive": _closed,
    "group_deleted": _closed,
    "channel_unarchive": _opened,
    "group_unarchive": _opened,
    "channel_left": _left,
    "group_left": _left,
    "member_left_channel": _member_left,
    "member_joined_channel": _member_joined,
    "user_change": _user_changed,
    "tokens_revoked": _tokens_revoked,
    "app_uninstalled": _app_gone,
}


def _about_channel(event_id: str, kind: ChatEventKind, told: Event) -> ChatEvent | None:
    channel = _text(told.get("channel"))
    return ChatEvent(event_id=event_id, kind=kind, channel=channel) if channel else None


def _own_users(payload: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the bot itself, for whom Slack sends this event."""
    listed = payload.get("authorizations")
    told = [_map(one) for one in listed] if isinstance(listed, list) else []
    return frozenset(_text(one.get("user_id")) for one in told if one.get("is_bot"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
