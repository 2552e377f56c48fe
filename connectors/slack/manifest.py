"""Writes the app manifest that an admin installs. `python -m connectors.slack.manifest` puts it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from connectors.slack.events import READ as EVENTS
from connectors.slack.scopes import SCOPES

PLACE = Path(__file__).parents[2] / "manifest" / "slack" / "manifest.yaml"
REQUEST_URL = "https://bridge.example/slack/events"  #: the admin puts the bridge's own host here

HEAD = f"""\
# Slack app of the handoff bridge: paste it at "Create New App", "From a manifest".
# Put your bridge's host in place of {REQUEST_URL.split("/")[2]}. Each scope is explained in ../SCOPES.md.
# Made by `python -m connectors.slack.manifest` from connectors/slack/scopes.py; change it there.
"""


def manifest() -> dict[str, Any]:
    """Return the manifest, which keeps both published manifest schemas, 1.0.0 and 2.0.0."""
    return {
        "display_information": {
            "name": "Handoff bridge",
            "description": "Brings conversations a support bot hands over to the person on duty.",
        },
        "features": {"bot_user": {"display_name": "Handoff bridge", "always_online": True}},
        "oauth_config": {"scopes": {"bot": [scope.name for scope in SCOPES]}},
        "settings": {
            "event_subscriptions": {"request_url": REQUEST_URL, "bot_events": sorted(EVENTS)},
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
