"""Each person's alert rules as a row."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from bridge.people.revision import grow
from bridge.roster.alerts import AlertRules, QuietHours
from bridge.store import Transaction, tables

RULES: Final = tables.alert_rules


def read(connection: Connection, account_id: str) -> dict[str, AlertRules]:
    """Return the rules of everybody who has set any, by their key in the desk."""
    found = connection.execute(select(RULES).where(RULES.c.account_id == account_id))
    return {row.person: _rules(row) for row in found}


def keep(tx: Transaction, account_id: str, person: str, rules: AlertRules) -> None:
    """Keep a person's rules in place of those before."""
    grow(tx, account_id)
    quiet = rules.quiet
    values = {
        "mine": rules.mine,
        "reminders": rules.reminders,
        "quiet_from": quiet.from_minute if quiet else None,
        "quiet_to": quiet.to_minute if quiet else None,
        "zone": quiet.zone if quiet else None,
    }
    place = {"account_id": account_id, "person": person}
    changed = tx.execute(update(RULES).filter_by(**place).values(**values))
    if changed.rowcount == 0:
        tx.execute(insert(RULES).values(**place, **values))


def _rules(row: Row[Any]) -> AlertRules:
    quiet = row.quiet_from is not None
    return AlertRules(
        mine=row.mine,
        reminders=row.reminders,
        quiet=QuietHours(from_minute=row.quiet_from, to_minute=row.quiet_to, zone=row.zone)
        if quiet
        else None,
    )
