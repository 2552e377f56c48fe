"""A ticket followed through merges: where it lives now, and what was said on the way there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from bridge.handoffs.model import TicketRef
from connectors.base import TicketHistory, TicketMessage, TicketState

MOST_MERGES: Final = 5  #: followed one after another

Json = Mapping[str, Any]


class Merge(NamedTuple):
    into: str  #: the other ticket's id
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """What one ticket tells by itself, and where its story goes on; None where it ends."""

    told: TicketHistory
    merge: Merge | None


class Present(NamedTuple):
    ticket: Json
    since: datetime | None  #: as in `TicketRef.since`


def present(ref: TicketRef, read: Callable[[str], Json], merge_of: Callable[[Json], Merge | None]) -> Present:
    """Return the ticket, or the one it was merged into."""
    ticket, since = read(ref.id), ref.since
    for _ in range(MOST_MERGES):
        merge = merge_of(ticket)
        if merge is None:
            break
        ticket, since = read(merge.into), merge.at
    return Present(ticket, since)


def whole_history(
    ticket_id: str,
    read: Callable[[str, datetime | None], Chapter | None],
    ref_of: Callable[[str], TicketRef],
) -> TicketHistory:
    """Tell the ticket as it is now; after a merge its own messages and the target's later ones.

    `read` returns a ticket's chapter, of its messages those made then or later; None when it is gone.
    """
    messages: tuple[TicketMessage, ...] = ()
    after: datetime | None = None
    handoff_id: str | None = None
    for _ in range(MOST_MERGES + 1):
        chapter = read(ticket_id, after)
        if chapter is None:
            return TicketHistory(
                ref=ref_of(ticket_id), state=TicketState.DELETED, messages=messages, handoff_id=handoff_id
            )
        last = chapter.told
        messages += last.messages
        handoff_id = handoff_id or last.handoff_id
        if chapter.merge is None:
            break
        ticket_id, after = chapter.merge
    in_order = tuple(sorted(messages, key=lambda one: one.at))
    ref = replace(last.ref, since=after) if after else last.ref
    return replace(last, ref=ref, messages=in_order, handoff_id=handoff_id)
