"""`handoff keys create | list | revoke`: the keys with which bots call."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bridge.accounts import MAIN
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import Commands, Refused, add_command, add_group, print_json


def add_to(commands: Commands) -> None:
    keys = add_group(
        commands, "keys", "make, list and revoke the keys of bots", "handoff keys create --name shop-bot"
    )
    create = add_command(
        keys, "create", "make a key; it is shown once", "handoff keys create --name shop-bot", _create
    )
    create.add_argument("--name", required=True, help="what the key is for")
    create.add_argument(
        "--test", action="store_true", help="handoffs with it never count in the honest number"
    )
    listed = add_command(keys, "list", "list keys, without their secrets", "handoff keys list --json", _list)
    revoke = add_command(keys, "revoke", "close a key for good", "handoff keys revoke key_019…", _revoke)
    revoke.add_argument("key_id", help="as `handoff keys list` shows it")
    for command in (create, listed, revoke):
        command.add_argument("--json", action="store_true", help="print JSON")


def _create(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    now = datetime.now(UTC)
    bridge.database.transact(lambda tx: bridge.accounts.ensure(tx, MAIN, bridge.connectors.vendors, now))
    key = bridge.database.transact(
        lambda tx: bridge.accounts.create_key(tx, MAIN, given.name, now, test=given.test)
    )
    bridge.close()
    if given.json:
        print_json({"key_id": key.key_id, "key": key.bearer, "signing_secret": key.signing_secret})
        return 0
    print(f"Key             {key.bearer}")
    print(f"Signing secret  {key.signing_secret}")
    print(f"Key id          {key.key_id}")
    print("\nKeep both now: they are not shown again. The secret signs what the bridge tells your bot.")
    return 0


def _list(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    with bridge.database.read() as connection:
        found = bridge.accounts.keys(connection, MAIN)
    bridge.close()
    if given.json:
        print_json(found)
        return 0
    for key in found:
        state = f"revoked {key['revoked_at']:%Y-%m-%d}" if key["revoked_at"] else "open"
        print(f"{key['key_id']}  {key['shown']:24}  {state:20}  {key['name']}")
    if not found:
        print("No keys yet. Make one with `handoff keys create --name NAME`.")
    return 0


def _revoke(given: argparse.Namespace) -> int:
    bridge = open_bridge()
    now = datetime.now(UTC)
    revoked = bridge.database.transact(lambda tx: bridge.accounts.revoke_key(tx, MAIN, given.key_id, now))
    bridge.close()
    if not revoked:
        raise Refused(f"there is no open key {given.key_id}; `handoff keys list` shows them")
    if given.json:
        print_json({"key_id": given.key_id, "revoked": True})
    else:
        print(f"{given.key_id} is revoked.")
    return 0
