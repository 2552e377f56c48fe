"""The note of a shift change: who takes over from whom, what is open, and where the roster has gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, update

from bridge.delivery import ledger
from bridge.delivery.duties.cards import card_of
from bridge.delivery.duties.digest import line_of
from bridge.delivery.job import Errand, Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.desk.check import gaps_in_words
from bridge.handoffs.account import Account
from bridge.handoffs.model import State
from bridge.handoffs.rows import from_row
from bridge.handoffs.shift_change import Handed
from bridge.roster.on_duty import gaps
from bridge.store import Transaction, tables
from bridge.store.columns import written_out
from connectors.chat import Notice

DELIVERIES: Final = tables.deliveries
HANDOFFS: Final = tables.handoffs
KIND: Final = "shift_note"
MOST_LINES: Final = 10
GAPS_WITHIN: Final = timedelta(days=7)
OPEN: Final = written_out(State.OPEN.value, State.ANSWERED.value)


def shift_note(job: Job, bench: Workbench) -> Paid:
    """Post the note; one that comes when its shift is over tells nothing any more."""
    said = job.payload
    if said["until"] and datetime.fromisoformat(said["until"]) <= bench.now:
        return Paid(pointless="the shift it tells of is over", errand=_forget(job))
    notice = Notice(text=said["text"], tag=bench.people(list(said["tag"])))
    bench.chats[job.connection].post_in_channel(job.lane, notice, job.once)
    return Paid(errand=_forget(job))


def _forget(job: Job) -> Errand:
    """Keep nothing of what the note said of customers: it belongs to no handoff, and would outlive them all."""

    def forget(tx: Transaction, account: Account, _now: datetime) -> None:
        mine = (DELIVERIES.c.account_id == account.account_id, DELIVERIES.c.delivery_id == job.delivery_id)
        tx.execute(update(DELIVERIES).where(*mine).values(payload={}))

    return forget


def owe(tx: Transaction, account: Account, handed: Iterable[Handed], now: datetime) -> None:
    """Owe one note for each channel of the chat in which a shift changed hands, however many it covers."""
    notes: dict[str, list[Handed]] = {}
    for one in handed:
        notes.setdefault(_place(account, one), []).append(one)
    for place, together in notes.items():
        if account.chat and place:
            _owe(tx, account, account.chat, place, together, now)


def _owe(
    tx: Transaction, account: Account, chat: str, place: str, together: Sequence[Handed], now: datetime
) -> None:
    waiting, lines = _open(tx, account, [one.channel for one in together], now)
    if not waiting and all(one.duty is None for one in together):
        return  # nobody comes, and nobody waits: the desk is closed
    ends = [one.until for one in together if one.until]
    payload: dict[str, Any] = {
        "text": "\n".join(_text(account, together, waiting, lines, now)),
        "tag": list(dict.fromkeys(filter(None, (_called(account, one) for one in together)))),
        "until": min(ends).isoformat() if len(ends) == len(together) else None,
    }
    ledger.owe(tx, account.account_id, KIND, chat, now, payload=payload, lane=place)


def _place(account: Account, handed: Handed) -> str:
    """Return the chat's channel of the shift that begins; where none does, of the one that ended."""
    duty = handed.duty or handed.left
    return (duty.card_channel if duty else None) or account.desk.fallback.card_channel or ""


def _called(account: Account, handed: Handed) -> str | None:
    """Return whom the note tags: who comes on duty, or the lead where nobody does."""
    if handed.duty:
        return handed.duty.owner
    return (handed.left.lead if handed.left else None) or account.desk.fallback.lead


def _text(
    account: Account, together: Sequence[Handed], waiting: int, lines: Sequence[str], now: datetime
) -> Iterator[str]:
    heads: dict[str, list[str]] = {}
    for one in together:
        heads.setdefault(_head(account, one, now), []).append(one.channel)
    for head, channels in heads.items():
        yield f"{head} ({', '.join(channels)})."
    if not waiting:
        yield "No customer waits for an answer."
    else:
        yield f"{'1 customer waits' if waiting == 1 else f'{waiting} customers wait'} for an answer, the longest first:"
        yield from lines
        if waiting > len(lines):
            yield f"… and {waiting - len(lines)} more"
    yield from _gaps(account, [one.channel for one in together], now)


def _head(account: Account, handed: Handed, now: datetime) -> str:
    zone = ZoneInfo(account.desk.zone)
    until = f" until {_when(handed.until, now, zone)}" if handed.until else ""
    before = _name(account, handed.before)
    if handed.duty is None:
        return f"Nobody takes over from {before}{until}; what is open stays where it is"
    coming = _name(account, handed.duty.owner)
    if handed.before is None:
        return f"{coming} is on duty{until}; nobody was before"
    return f"{coming} takes over from {before}{until}"


def _open(
    tx: Transaction, account: Account, channels: Sequence[str], now: datetime
) -> tuple[int, Sequence[str]]:
    """Return how many customers of these channels wait for an answer, and a line for those who do so the longest."""
    waiting = _waiting(account, channels)
    count = tx.execute(select(func.count()).select_from(HANDOFFS).where(*waiting)).scalar_one()
    since = func.coalesce(HANDOFFS.c.started_at, HANDOFFS.c.asked_at)
    longest = select(HANDOFFS).where(*waiting).order_by(since, HANDOFFS.c.handoff_id).limit(MOST_LINES)
    found = [from_row(row) for row in tx.execute(longest).all()]
    return count, [line_of(card_of(account, handoff, "", now)) for handoff in found]


def _waiting(account: Account, channels: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        HANDOFFS.c.account_id == account.account_id,
        HANDOFFS.c.state.in_(OPEN),
        HANDOFFS.c.state == OPEN[0],
        HANDOFFS.c.channel.in_(channels),
    )


def _gaps(account: Account, channels: Sequence[str], now: datetime) -> Iterator[str]:
    for channel in channels:
        found = gaps(account.desk.roster, channel, now, now + GAPS_WITHIN)
        if found:
            said = gaps_in_words(found, account.desk.zone)
            yield f"Nobody is on duty for {channel} within seven days: {said}."


def _name(account: Account, key: str | None) -> str:
    person = account.person(key)
    return person.first_name if person else "somebody who has left the desk"


def _when(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
