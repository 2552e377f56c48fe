"""One call of the Web API: its arguments, sent as JSON or as a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from sandbox.slack.workspace import BOT_USER_ID, Channel, SlackError, Workspace

STRUCTURED = frozenset({"blocks", "metadata", "view", "attachments", "unfurls"})  #: JSON text inside a form


class Call:
    def __init__(self, workspace: Workspace, arguments: Mapping[str, Any], scopes: frozenset[str]) -> None:
        self.workspace = workspace
        self.scopes = scopes
        self._arguments = arguments

    def text(self, name: str) -> str:
        """Return an argument as text, empty where it is missing."""
        value = self._arguments.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not text.isdecimal():
            raise SlackError("invalid_arguments")
        return int(text)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"1", "true"}

    def value(self, name: str) -> Any:
        """Return an argument that is not text; a form brings it as JSON. Raises SlackError."""
        value = self._arguments.get(name)
        if isinstance(value, str) and value and name in STRUCTURED:
            try:
                return json.loads(value)
            except ValueError:
                raise SlackError("invalid_json") from None
        return value

    def channel(self) -> Channel:
        """Return the channel the bot can see. Raises SlackError."""
        channel = self.workspace.channels.get(self.text("channel"))
        if channel is None or (channel.private and BOT_USER_ID not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def needs(self, scope: str) -> None:
        """Raise SlackError unless the token has the scope."""
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))


def arguments_of(query: str, content_type: str, body: bytes) -> dict[str, Any]:
    """Return the arguments of a request. Raises SlackError for what cannot be read."""
    given: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if not body:
        return given
    if content_type.partition(";")[0].strip() == "application/json":
        return given | _json_object(body)
    try:
        return given | dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
    except UnicodeDecodeError:
        raise SlackError("invalid_form_data") from None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(read, dict):
        raise SlackError("json_not_object")
    return read
