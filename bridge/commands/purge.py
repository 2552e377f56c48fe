"""`handoff purge`: remove closed handoffs that are older than wanted."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from bridge.accounts import account_ids
from bridge.app import Bridge
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import Commands, Refused, add_command, print_json
from bridge.handoffs.purging import count_purgeable
from bridge.worker.retention import SHORTEST_DAYS, purge


def add_to(commands: Commands) -> None:
    command = add_command(
        commands,
        "purge",
        "remove closed handoffs of long ago, with all that hangs on them",
        "handoff purge --older-than-days 365 --dry-run",
        _purge,
    )
    command.add_argument(
        "--older-than-days",
        type=days,
        metavar="N",
        help=f"closed at least so long ago, {SHORTEST_DAYS} or more (HANDOFF_RETENTION_DAYS)",
    )
    command.add_argument("--account", help="of this account alone; without it of all")
    command.add_argument("--dry-run", action="store_true", help="count, and remove nothing")
    command.add_argument("--json", action="store_true", help="print JSON")


def days(text: str) -> int:
    """Read a number of days, not less than the shortest. Raises ArgumentTypeError, for argparse."""
    if text.isascii() and text.isdigit() and int(text) >= SHORTEST_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} will not do; write a whole number, {SHORTEST_DAYS} or more")


def _purge(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    try:
        kept_days = given.older_than_days or bridge.settings.retention_days
        if kept_days is None:
            raise Refused("say how old: --older-than-days N, or set HANDOFF_RETENTION_DAYS")
        before = datetime.now(UTC) - timedelta(days=kept_days)
        accounts = _accounts(bridge, given.account)
        told = _would_go(bridge, accounts, before) if given.dry_run else _go(bridge, accounts, before)
    finally:
        bridge.close()
    if given.json:
        print_json({"closed_before": before, "dry_run": given.dry_run, **told})
    elif given.dry_run:
        print(f"{told['handoffs']} handoffs closed before {before:%Y-%m-%d} would be removed.")
    else:
        print(f"{told['handoffs']} handoffs closed before {before:%Y-%m-%d} are removed.")
    return 0


def _accounts(bridge: Bridge, named: str | None) -> list[str]:
    known = account_ids(bridge.database)
    if named is None:
        return known
    if named not in known:
        raise Refused(f"there is no account {named}; there are: {', '.join(known) or 'none'}")
    return [named]


def _would_go(bridge: Bridge, accounts: list[str], before: datetime) -> dict[str, int]:
    with bridge.database.read() as connection:
        return {"handoffs": sum(count_purgeable(connection, account_id, before) for account_id in accounts)}


def _go(bridge: Bridge, accounts: list[str], before: datetime) -> dict[str, int]:
    purged = purge(bridge.database, before, accounts=accounts)
    return {"handoffs": purged.handoffs, "events": purged.events}
