"""`handoff secrets new`: a key for the secrets at rest."""

from __future__ import annotations

import argparse

from cryptography.fernet import Fernet

from bridge.commands.outcome import Commands, add_command, add_group


def add_to(commands: Commands) -> None:
    secrets = add_group(commands, "secrets", "keys for the secrets at rest", "handoff secrets new")
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
