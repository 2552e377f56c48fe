"""The `handoff` command. Each subcommand is one file in `bridge/commands`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bridge.commands import (
    check,
    demo,
    held,
    keys,
    notices,
    purge,
    report,
    restored,
    roster,
    route,
    sandbox,
    secrets,
    serve,
    simulate,
)
from bridge.commands.outcome import Refused
from bridge.desk.mistakes import DeskRefused
from bridge.notices.reading import NoticesRefused
from bridge.security.vault import KeysUnreadable
from bridge.settings import SettingsRefused
from bridge.store import StoreUnavailable, UnknownStore
from connectors.mapping import MappingRefused
from connectors.registry import Unconnectable

COMMANDS: Final = (
    demo,
    serve,
    sandbox,
    check,
    roster,
    route,
    report,
    notices,
    held,
    restored,
    keys,
    secrets,
    purge,
    simulate,
)
#: what a user can mend; the text says what is wrong and what would do
MENDABLE: Final = (
    Refused,
    SettingsRefused,
    DeskRefused,
    MappingRefused,
    NoticesRefused,
    Unconnectable,
    UnknownStore,
)
MISUSED: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 good, 1 warnings or no, 2 an error the user can mend."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except MENDABLE as error:
        print(f"handoff: {error}", file=sys.stderr)
        return MISUSED
    except KeysUnreadable as error:
        print(f"handoff: HANDOFF_SECRET_KEYS: {error}", file=sys.stderr)
        return MISUSED
    except StoreUnavailable as error:
        print(f"handoff: the store cannot be reached ({error}); check HANDOFF_DATABASE_URL", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="handoff",
        description="Makes the handoff from a support bot to people hold.",
        epilog="Try `handoff demo`: everything at once, with a story played through it. No account needed.",
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return root


if __name__ == "__main__":
    sys.exit(main())
