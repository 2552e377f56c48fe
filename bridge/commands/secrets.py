"""`handoff secrets new`: a key for the secrets at rest."""

from __future__ import annotations

import argparse

from cryptography.fernet import Fernet

from bridge.commands.outcome import Commands, add_command


def add_to(commands: Commands) -> None:
    group = commands.add_parser("secrets", help="keys for the secrets at rest")
    secrets = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_command(
        secrets,
        "new",
        "print a new key for HANDOFF_SECRET_KEYS",
        "export HANDOFF_SECRET_KEYS=$(handoff secrets new)",
        _new,
    )


def _new(_given: argparse.Namespace) -> int:
    print(Fernet.generate_key().decode())
    return 0
