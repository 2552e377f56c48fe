"""Another way for what could not be said where it belongs: the fallback channel of the desk.

A rung that reached nobody has not fired; a card that nobody sees is no card.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import update

from bridge.delivery.job import Job
from bridge.handoffs import defects
from bridge.handoffs.change import Change
from bridge.store import tables

CLOCKS: Final = tables.clocks
#: kinds that call people, and so must be heard somewhere
CALLS: Final = ("thread_note", "direct_message", "channel_note")


def has_one(change: Change, job: Job) -> bool:
    """Return whether the fallback channel is another place than where this was to be said."""
    fallback = change.account.desk.fallback.card_channel
    if not fallback or job.connection != change.account.chat:
        return False
    said_in = job.payload.get("channel", job.lane)
    return job.kind in ("post_card", *CALLS) and said_in != fallback


def tell(change: Change, job: Job, error: str, address: str) -> None:
    """Let the lead hear once that a channel cannot be posted in, with the way to where it is mended."""
    channel = job.payload.get("channel") or job.lane
    if channel:
        defects.meets(change, about(channel), words(channel, error, address))


def words(channel: str, problem: str, address: str) -> str:
    return f"What belongs in {channel} comes here. {problem}. See {address}"


def about(channel: str) -> str:
    """Return the name under which a channel's defect is kept."""
    return f"channel {channel}"


def take(change: Change, job: Job) -> None:
    """Owe it to the fallback channel; of a rung's lines the first one, tagging the lead besides."""
    fallback = change.account.desk.fallback
    channel = fallback.card_channel or ""
    if job.kind == "post_card":
        change.owe("post_card", job.connection, payload={"channel": channel}, lane=channel)
        return
    if job.rung is not None and not _not_yet_reached(change, job.rung):
        return
    people = [*job.payload.get("tag", []), job.payload.get("to"), fallback.lead]
    payload = {
        "text": job.payload["text"],
        "tag": [person for person in dict.fromkeys(people) if person],
        "channel": channel,
    }
    change.owe("channel_note", job.connection, payload=payload, lane=channel, rung=job.rung)


def _not_yet_reached(change: Change, rung: int) -> bool:
    """Write down that the rung reached nobody where it should have; False when that is known already."""
    marked = change.tx.execute(
        update(CLOCKS)
        .where(
            CLOCKS.c.account_id == change.handoff.account_id,
            CLOCKS.c.handoff_id == change.handoff.handoff_id,
            CLOCKS.c.rung == rung,
            CLOCKS.c.reached.is_(None),
        )
        .values(reached=False)
    )
    return marked.rowcount == 1
