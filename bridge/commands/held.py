"""`handoff held list | fire | drop`: rungs so late that they wait for a person's yes."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from dataclasses import asdict

from bridge.accounts import MAIN
from bridge.app import Bridge
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import Commands, Refused, add_command, add_group, print_json
from bridge.handoffs import holding
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.rows import UnknownHandoff
from bridge.store import Transaction

End = Callable[..., int]


def add_to(commands: Commands) -> None:
    held = add_group(
        commands, "held", "rungs over an hour late, which wait for your yes", "handoff held fire --all"
    )
    listed = add_command(held, "list", "show them, the oldest first", "handoff held list", _list)
    fire = add_command(held, "fire", "yes: let them fire now", "handoff held fire ho_019…", _fire)
    drop = add_command(held, "drop", "no: never fire them", "handoff held drop --all", _drop)
    for command in (fire, drop):
        which = command.add_mutually_exclusive_group(required=True)
        which.add_argument("handoff_id", nargs="?", help="the handoff whose rungs are meant")
        which.add_argument("--all", action="store_true", help="those of every handoff")
        command.add_argument("--by", help="who says so, for the timeline; by default the name of your login")
    for command in (listed, fire, drop):
        command.add_argument("--json", action="store_true", help="print JSON")


def _list(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    try:
        found = _held(bridge)
    finally:
        bridge.close()
    if given.json:
        print_json([asdict(clock) for clock in found])
        return 0
    for clock in found:
        what = f"rung {clock.rung}" if clock.rung else "the promise"
        print(f"{clock.handoff_id}  {what:11}  was due {clock.due_at:%Y-%m-%d %H:%M:%S} UTC")
    if not found:
        print("Nothing waits for a yes.")
    return 0


def _fire(given: argparse.Namespace) -> int:
    return _end(given, holding.let_fire, "let fire")


def _drop(given: argparse.Namespace) -> int:
    return _end(given, holding.drop, "dropped")


def _end(given: argparse.Namespace, end: End, done: str) -> int:
    bridge = open_bridge()
    try:
        meant = sorted({clock.handoff_id for clock in _held(bridge)}) if given.all else [given.handoff_id]
        count = sum(_end_one(bridge, handoff_id, end, given.by or getpass.getuser()) for handoff_id in meant)
    finally:
        bridge.close()
    if given.json:
        print_json({"clocks": count})
    else:
        print(f"{count} held clocks {done}.")
    return 0


def _end_one(bridge: Bridge, handoff_id: str, end: End, by: str) -> int:
    now = bridge.clock()

    def work(tx: Transaction) -> int:
        change: Change = open_change(tx, bridge.accounts.of(tx.connection, MAIN), handoff_id, now)
        count = end(change, by=by)
        change.write()
        return count

    try:
        return bridge.database.transact(work)
    except UnknownHandoff:
        raise Refused(f"there is no handoff {handoff_id}; `handoff held list` shows which wait") from None


def _held(bridge: Bridge) -> list[holding.HeldClock]:
    with bridge.database.read() as connection:
        return holding.held(connection, MAIN)
