"""The app as the manifest installs it: what it has asked to hear, and what it offers people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.slack.manifest import manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    name: str  #: with its slash
    description: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut:
    callback_id: str
    name: str
    on_messages: bool  #: False for one that is offered everywhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    events: frozenset[str] = frozenset()  #: such as "message.im"
    domains: frozenset[str] = frozenset()  #: whose links are unfurled
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()


def from_manifest(told: Mapping[str, Any] | None = None) -> Installed:
    """Return what a manifest offers, by default the one this product ships."""
    told = manifest() if told is None else told
    features, settings = told.get("features", {}), told.get("settings", {})
    return Installed(
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
        domains=frozenset(features.get("unfurl_domains", ())),
        commands=tuple(_command(one) for one in features.get("slash_commands", ())),
        shortcuts=tuple(_shortcut(one) for one in features.get("shortcuts", ())),
    )


def _command(told: Mapping[str, Any]) -> Command:
    return Command(
        name=told["command"], description=told.get("description", ""), hint=told.get("usage_hint", "")
    )


def _shortcut(told: Mapping[str, Any]) -> Shortcut:
    return Shortcut(
        callback_id=told["callback_id"], name=told["name"], on_messages=told.get("type") == "message"
    )
