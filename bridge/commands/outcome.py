"""What commands share: how they are added, how they refuse, how they print."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from bridge.settings import Settings, SettingsRefused, read_settings

LARGEST_PORT: Final = 65535

Commands = Any  # argparse keeps the type of its subparsers to itself


class Refused(Exception):
    """The command cannot be carried out. The text says what is wrong and what would do."""


def add_command(
    commands: Commands, name: str, help_line: str, example: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Add a command with an example in its help."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_line,
        description=help_line,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_group(commands: Commands, name: str, help_line: str, example: str) -> Commands:
    """Add a command that has commands of its own, with an example in its help; return what takes those."""
    group = commands.add_parser(name, help=help_line, description=help_line, epilog=f"example: {example}")
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def settings_from_environment() -> Settings:
    return read_settings(os.environ)


def settings_with_secrets() -> Settings:
    """Return the settings of a process that keeps secrets. Raises SettingsRefused without a key for them."""
    settings = settings_from_environment()
    if not settings.secret_keys:
        raise SettingsRefused(
            "HANDOFF_SECRET_KEYS is not set: secrets at rest need a key. "
            "Make one with `handoff secrets new` and keep it."
        )
    return settings


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def moment(text: str) -> datetime:
    """Read an ISO 8601 moment with a zone, or `now`. Raises ArgumentTypeError, for argparse."""
    if text == "now":
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; write 2026-11-21T18:22+05:30, or now"
        ) from None
    if read.utcoffset() is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} has no zone; write 2026-11-21T18:22+05:30, or 2026-11-21T12:52Z for UTC"
        )
    return read


def port(text: str) -> int:
    """Read a port; 0 takes a free one. Raises ArgumentTypeError, for argparse."""
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number up to {LARGEST_PORT}")
