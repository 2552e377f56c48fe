"""The desk file a command works on."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

from bridge.accounts import MAIN
from bridge.commands.outcome import Refused, settings_from_environment
from bridge.desk.load import load_desk
from bridge.desk.model import Desk
from bridge.feeds.overrides import with_feeds
from bridge.feeds.rows import readings
from bridge.people import covers
from bridge.roster.covers import with_covers
from bridge.settings import Settings
from bridge.store import Database, StoreUnavailable
from connectors.registry import VENDORS

_COVERS: Final = "may have covers, and the store that holds them"


def add_desk_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--desk", type=Path, help="the desk file (HANDOFF_DESK)")


def desk_path(given: Path | None) -> Path:
    """Return the path given, else HANDOFF_DESK. Raises Refused when there is neither."""
    path = given or settings_from_environment().desk
    if path is None:
        raise Refused("which desk? Give --desk FILE, or set HANDOFF_DESK")
    return path


def read_desk_in_force(given: Path | None) -> Desk:
    """Read the desk with what its calendars said when they were last read, and with who covers for whom.

    Where there is no store yet nobody has said anything. Raises as `read_desk_file`.
    """
    desk = read_desk_file(given)
    settings = settings_from_environment()
    if not desk.feeds and _is_no_store(settings):
        return desk
    database = Database(settings.database_url)
    try:
        with database.read() as connection:
            desk = with_feeds(desk, readings(connection, MAIN))
            return replace(desk, roster=with_covers(desk.roster, covers.read(connection, MAIN)))
    except StoreUnavailable:
        holds = "has calendars, and the store that holds what they say" if desk.feeds else _COVERS
        raise Refused(
            f"the desk {holds} cannot be read; check HANDOFF_DATABASE_URL and run `handoff migrate`"
        ) from None
    finally:
        database.close()


def _is_no_store(settings: Settings) -> bool:
    """Return whether no store is named and the file that stands for it by default is not there."""
    named = "database_url" in settings.model_fields_set
    return not named and not Path(settings.database_url.removeprefix("sqlite:///")).exists()


def read_desk_file(given: Path | None) -> Desk:
    """Read the desk. Raises Refused, or DeskRefused with every mistake of the file."""
    return load_desk(desk_path(given), VENDORS)
