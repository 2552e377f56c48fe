"""A conversation that comes again soon after it was over: whoever had it has it again, if they are on duty."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bridge.handoffs import rows
from bridge.handoffs.account import Account
from bridge.handoffs.model import Former, Handoff
from bridge.roster.on_duty import at_hand
from bridge.store import Transaction


def formers(
    tx: Transaction, account: Account, conversations: Collection[str], now: datetime
) -> dict[tuple[str, bool], Former]:
    """Return who had each conversation, by it and whether it is a test, where that ended not long ago.

    How long that is the desk says; what is open, was withdrawn or never somebody's is left out.
    """
    within = account.desk.reopen_within
    if not within or not conversations:
        return {}
    resolved = rows.find_resolved_conversations(
        tx.connection, account.account_id, conversations, now - within
    )
    known = rows.find_several(tx.connection, account.account_id, resolved.values()) if resolved else {}
    found = {place: former_of(account, known[handoff_id]) for place, handoff_id in resolved.items()}
    return {place: former for place, former in found.items() if former}


def former_of(account: Account, before: Handoff) -> Former | None:
    """Return who had a handoff that is over: who answered it, where the desk knows them, else its owner."""
    person = _who_answered(account, before) or before.owner
    if person is None or before.closed_at is None:
        return None
    return Former(person=person, until=before.closed_at)


def has_it_again(account: Account, channel: str, former: Former | None, now: datetime) -> str | None:
    """Return the key of whoever had the conversation, if they are on duty for its channel now; else None."""
    there = at_hand(account.desk.roster, channel, now) if former else frozenset()
    return former.person if former and former.person in there else None


def _who_answered(account: Account, before: Handoff) -> str | None:
    """Return the one person of the desk who bears the name under which the answer was written."""
    named = [key for key, person in account.desk.people.items() if person.name == before.answered_by]
    return named[0] if len(named) == 1 else None
