"""Cards that come too late to call anybody, told together: one post for each channel, one line for each card."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update

from bridge.delivery import ledger
from bridge.delivery.job import DeliveryState, Job, Paid
from bridge.delivery.retry import LONGEST_WAIT
from bridge.delivery.workbench import Workbench
from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff, State
from bridge.store import Transaction, tables
from connectors.chat import Card, Notice

DELIVERIES: Final = tables.deliveries
KIND: Final = "card_digest"
#: a card so late, of a customer who waits no more, only tells what was
STALE_AFTER: Final = timedelta(minutes=5)
#: cards that failed together come back within this, and then share one post; nobody waits for it
GATHERS_FOR: Final = LONGEST_WAIT
MOST_LINES: Final = 20


def is_stale(handoff: Handoff, now: datetime) -> bool:
    return handoff.state is not State.OPEN and now - handoff.received_at > STALE_AFTER


def line_of(card: Card) -> str:
    """Return what the digest says of one card. As in the card, every word of the customer is masked."""
    about = ", ".join(part for part in (card.customer, card.topic) if part) or "a customer"
    ending = f"answered by {card.answered_by}" if card.answered_by else card.closing or card.state.value
    return f"• {about}: {ending}"


def add(tx: Transaction, account: Account, connection: str, channel: str, line: str, now: datetime) -> None:
    """Put a line into the channel's digest that nobody has begun to send, else owe a new one."""
    waiting = tx.execute(
        select(DELIVERIES.c.delivery_id, DELIVERIES.c.payload)
        .where(*_place(account, connection, channel))
        .with_for_update()
    ).first()
    if waiting is None:
        payload: dict[str, Any] = {"lines": [line]}
        later = now + GATHERS_FOR
        ledger.owe(
            tx, account.account_id, KIND, connection, now, payload=payload, lane=channel, not_before=later
        )
        return
    tx.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.account_id == account.account_id, DELIVERIES.c.delivery_id == waiting.delivery_id)
        .values(payload={"lines": [*waiting.payload["lines"], line]})
    )


def card_digest(job: Job, bench: Workbench) -> Paid:
    lines = list(job.payload["lines"])
    more = [f"… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    head = f"While nothing could be posted here, {len(lines)} handoffs came and are over:"
    text = "\n".join([head, *lines[:MOST_LINES], *more])
    bench.chats[job.connection].post_in_channel(job.lane, Notice(text=text), job.once)
    return Paid()


def _place(account: Account, connection: str, channel: str) -> tuple[Any, ...]:
    return (
        DELIVERIES.c.account_id == account.account_id,
        DELIVERIES.c.connection == connection,
        DELIVERIES.c.kind == KIND,
        DELIVERIES.c.lane == channel,
        DELIVERIES.c.state == DeliveryState.OWED,
        DELIVERIES.c.attempts == 0,
        DELIVERIES.c.lease.is_(None),
    )
