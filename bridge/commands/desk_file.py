"""The desk file a command works on."""

from __future__ import annotations

import argparse
from pathlib import Path

from bridge.accounts import MAIN
from bridge.commands.outcome import Refused, settings_from_environment
from bridge.desk.load import load_desk
from bridge.desk.model import Desk
from bridge.feeds.overrides import with_feeds
from bridge.feeds.rows import readings
from bridge.store import Database, StoreUnavailable
from connectors.registry import VENDORS


def add_desk_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--desk", type=Path, help="the desk file (HANDOFF_DESK)")


def desk_path(given: Path | None) -> Path:
    """Return the path given, else HANDOFF_DESK. Raises Refused when there is neither."""
    path = given or settings_from_environment().desk
    if path is None:
        raise Refused("which desk? Give --desk FILE, or set HANDOFF_DESK")
    return path


def read_desk_in_force(given: Path | None) -> Desk:
    """Read the desk with what its calendars said when they were last read. Raises as `read_desk_file`."""
    desk = read_desk_file(given)
    if not desk.feeds:
        return desk
    database = Database(settings_from_environment().database_url)
    try:
        with database.read() as connection:
            return with_feeds(desk, readings(connection, MAIN))
    except StoreUnavailable:
        raise Refused(
            "the desk has calendars, and the store that holds what they say cannot be read; "
            "check HANDOFF_DATABASE_URL and run `handoff migrate`"
        ) from None
    finally:
        database.close()


def read_desk_file(given: Path | None) -> Desk:
    """Read the desk. Raises Refused, or DeskRefused with every mistake of the file."""
    return load_desk(desk_path(given), VENDORS)
