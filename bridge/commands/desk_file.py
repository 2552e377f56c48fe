"""The desk file a command works on."""

from __future__ import annotations

import argparse
from pathlib import Path

from bridge.commands.outcome import Refused, settings_from_environment
from bridge.desk.load import load_desk
from bridge.desk.model import Desk
from connectors.registry import VENDORS


def add_desk_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--desk", type=Path, help="the desk file (HANDOFF_DESK)")


def desk_path(given: Path | None) -> Path:
    """Return the path given, else HANDOFF_DESK. Raises Refused when there is neither."""
    path = given or settings_from_environment().desk
    if path is None:
        raise Refused("which desk? Give --desk FILE, or set HANDOFF_DESK")
    return path


def read_desk_file(given: Path | None) -> Desk:
    """Read the desk. Raises Refused, or DeskRefused with every mistake of the file."""
    return load_desk(desk_path(given), VENDORS)
