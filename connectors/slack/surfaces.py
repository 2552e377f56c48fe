"""What Slack sends us beside presses: our slash command, the home tab opened, a message picked, a link shared.

Source: Slack, "Implementing slash commands", "app_home_opened", "message_action", "link_shared".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any, Final

from slack_bolt import App, BoltResponse

from connectors.chat import Command, HomeOpened, PickedMessage, SharedLinks, Surfaces
from connectors.slack.notice import lines_of

COMMAND: Final = "/handoff"
HAND_OFF_MESSAGE: Final = "hand_off_message"  #: the callback of our message shortcut
CODE: Final = "slack_shortcut"  #: of the trigger of what is handed off so
HOME_TAB: Final = "home"
COMPOSER: Final = "COMPOSER"  #: in place of a channel while the message is still being written
ANSWER_LIMIT: Final = 3_000  #: characters of a section; an answer is one
LINKS_LIMIT: Final = 20

_HEARD: Final = "handoff_heard"  #: where a listener leaves what came, for `answered`
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")

Ack = Callable[[], BoltResponse]
Found = Mapping[str, Any]


#: events that a person causes by what they do in the chat, and as what they are kept
SURFACE_EVENTS: Final = {"app_home_opened": "opened", "link_shared": "shared"}


def listen(app: App) -> None:
    """Have `app` keep what is ours for `answered`."""
    app.command(COMMAND)(_keeping("command"))
    app.message_shortcut(HAND_OFF_MESSAGE)(_keeping("picked"))
    for event, kept in SURFACE_EVENTS.items():
        app.event(event)(_keeping(kept))


def answered(context: Mapping[str, Any], surfaces: Surfaces | None, team_id: str | None) -> Found | None:
    """Hand on what a listener kept; return what Slack is to show at once, None for nothing.

    What lacks what ours always has, or comes from another workspace than `team_id`, is forgotten.
    """
    kind, body = context.get(_HEARD) or ("", {})
    if surfaces is None or not kind or team_id not in (None, _team(body)):
        return None
    return _HANDLERS[kind](surfaces, body)


def _keeping(kind: str) -> Callable[[Ack, dict[str, Any], dict[str, Any]], None]:
    def keep(ack: Ack, body: dict[str, Any], context: dict[str, Any]) -> None:
        context[_HEARD] = (kind, body)
        ack()

    return keep


def _command(surfaces: Surfaces, body: Found) -> Found | None:
    user_id, trigger = _text(body.get("user_id")), _text(body.get("trigger_id"))
    if not (user_id and trigger):
        return None
    typed = unescape(_MENTION.sub(r"@\1", _text(body.get("text"))))
    command = Command(event_id=f"command:{_team(body)}:{trigger}", user_id=user_id, text=typed)
    shown = lines_of(surfaces.command(command), ANSWER_LIMIT)
    return {"response_type": "ephemeral", "text": shown, "mrkdwn": True}


def _opened(surfaces: Surfaces, body: Found) -> None:
    event = _map(body.get("event"))
    user_id = _text(event.get("user"))
    if user_id and event.get("tab") == HOME_TAB:
        surfaces.opened(HomeOpened(user_id=user_id))


def _picked(surfaces: Surfaces, body: Found) -> None:
    user, message = _map(body.get("user")), _map(body.get("message"))
    user_id, channel = _text(user.get("id")), _text(_map(body.get("channel")).get("id"))
    ts = _text(message.get("ts")) or _text(body.get("message_ts"))
    acted_at = _text(body.get("action_ts"))
    if not (user_id and channel and ts and acted_at):
        return
    surfaces.picked(
        PickedMessage(
            event_id=":".join(("picked", _team(body), channel, ts, acted_at, user_id)),
            user_id=user_id,
            user_name=_text(user.get("name")) or user_id,
            conversation_id=":".join(("slack", _team(body), channel, ts)),
            text=unescape(_MENTION.sub(r"@\1", _text(message.get("text")))),
            code=CODE,
            trigger=_text(body.get("trigger_id")) or None,
        )
    )


def _shared(surfaces: Surfaces, body: Found) -> None:
    event = _map(body.get("event"))
    user_id, place = _text(event.get("user")), _place(event)
    links = event.get("links")
    urls = [_text(_map(link).get("url")) for link in links[:LINKS_LIMIT]] if isinstance(links, list) else []
    theirs = _text(event.get("user_team")) or _text(event.get("source_team"))
    if user_id and place and any(urls) and theirs in ("", _team(body)):
        surfaces.shared(SharedLinks(user_id=user_id, place=place, urls=tuple(filter(None, urls))))


def _place(event: Found) -> dict[str, str]:
    """Return how `chat.unfurl` is told of the message; empty where the event does not say."""
    channel, ts = _text(event.get("channel")), _text(event.get("message_ts"))
    unfurl_id, source = _text(event.get("unfurl_id")), _text(event.get("source"))
    if channel == COMPOSER and unfurl_id and source:
        return {"unfurl_id": unfurl_id, "source": source}
    return {"channel": channel, "ts": ts} if channel and channel != COMPOSER and ts else {}


def _team(body: Found) -> str:
    return _text(body.get("team_id")) or _text(_map(body.get("team")).get("id"))


def _map(value: object) -> Found:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_HANDLERS: Final[Mapping[str, Callable[[Surfaces, Found], Found | None]]] = {
    "command": _command,
    "opened": _opened,
    "picked": _picked,
    "shared": _shared,
}
