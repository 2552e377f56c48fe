"""Writes the app manifest that an admin installs. `python -m connectors.slack.manifest` puts it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from connectors.slack.events import READ as EVENTS
from connectors.slack.scopes import SCOPES
from connectors.slack.surfaces import COMMAND, HAND_OFF_MESSAGE, SURFACE_EVENTS

PLACE = Path(__file__).parents[2] / "manifest" / "slack" / "manifest.yaml"
HOST = "bridge.example"  #: the admin puts the bridge's own host here
REQUEST_URL = f"https://{HOST}/slack/events"

HEAD = f"""\
# Slack app of the handoff bridge: paste it at "Create New App", "From a manifest".
# Put your bridge's host in place of {HOST}. Each scope is explained in ../SCOPES.md.
# Made by `python -m connectors.slack.manifest` from connectors/slack/scopes.py; change it there.
"""


def manifest() -> dict[str, Any]:
    """Return the manifest, which keeps both published manifest schemas, 1.0.0 and 2.0.0."""
    return {
        "display_information": {
            "name": "Handoff bridge",
            "description": "Brings conversations a support bot hands over to the person on duty.",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Handoff bridge", "always_online": True},
            "shortcuts": [
                {
                    "name": "Hand off this message",
                    "type": "message",
                    "callback_id": HAND_OFF_MESSAGE,
                    "description": "Gives it to whoever is on duty, with a ticket",
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "url": REQUEST_URL,
                    "description": "Who is on duty, what waits for you, standing in",
                    "usage_hint": "who [channel] [time] · mine · cover PERSON UNTIL · stats · help",
                    "should_escape": True,
                }
            ],
            "unfurl_domains": [HOST],
        },
        "oauth_config": {"scopes": {"bot": [scope.name for scope in SCOPES]}},
        "settings": {
            "event_subscriptions": {
                "request_url": REQUEST_URL,
                "bot_events": sorted((*EVENTS, *SURFACE_EVENTS)),
            },
            "interactivity": {"is_enabled": True, "request_url": REQUEST_URL},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }


def manifest_text() -> str:
    return HEAD + yaml.safe_dump(manifest(), sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(manifest_text(), encoding="utf-8")
