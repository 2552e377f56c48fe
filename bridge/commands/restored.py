"""`handoff restored`: say that the store was restored from a copy, before anything is started on it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from bridge.app import prepare
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import Commands, Refused, add_command, moment, print_json
from bridge.restoring import doubt


def add_to(commands: Commands) -> None:
    restored = add_command(
        commands,
        "restored",
        "after restoring a backup, before starting: doubt what the copy says, ask what it missed",
        "handoff restored --copied-at 2026-11-26T03:00Z",
        _restored,
    )
    restored.add_argument(
        "--copied-at", type=moment, required=True, metavar="MOMENT", help="when the copy was made, not after"
    )
    restored.add_argument("--json", action="store_true", help="print JSON")


def _restored(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    try:
        now = bridge.clock()
        if given.copied_at > now:
            raise Refused(f"--copied-at {given.copied_at.isoformat()} is still to come")
        prepare(bridge)
        doubted = doubt(bridge, given.copied_at, now)
    finally:
        bridge.close()
    if given.json:
        print_json(asdict(doubted))
        return 0
    print(f"{doubted.calls} owed calls will look for their own trace before they are sent.")
    print(f"{doubted.rungs} overdue clocks wait for a yes: `handoff held list`.")
    print(f"{doubted.helpdesks} helpdesks will be asked for everything that changed since the copy.")
    print("Start the bridge now. Say yes to what is held when the helpdesks' answers have come in.")
    return 0
