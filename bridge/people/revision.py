"""The number that grows with all that people set, so that every process knows when to read it anew."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, update

from bridge.store import Transaction, tables

ACCOUNTS: Final = tables.accounts
GROW: Final = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.account_id == bindparam("its_account"))
    .values(revision=ACCOUNTS.c.revision + 1)
)


def grow(tx: Transaction, account_id: str) -> None:
    """Say that something was set. Of two transactions that do so the second waits for the first."""
    tx.execute(GROW, {"its_account": account_id})
