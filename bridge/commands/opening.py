"""A bridge that a command may work with."""

from __future__ import annotations

from bridge.app import Bridge, build_bridge
from bridge.commands.outcome import Refused, settings_with_secrets
from bridge.store.migrate import is_current


def open_bridge() -> Bridge:
    """Build the bridge of this process. Raises SettingsRefused, and Refused for a store of another version."""
    bridge = build_bridge(settings_with_secrets())
    if not is_current(bridge.database):
        bridge.close()
        raise Refused("the store is empty or of another version; run `handoff migrate` first")
    return bridge
