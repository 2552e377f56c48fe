"""What a person says of the bot's context. Source: docs/glossary.md, "context retention"."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import select

from bridge.handoffs.change import Change
from bridge.roster.model import Person
from bridge.store import tables

TIMELINE: Final = tables.timeline
RATED: Final = "context_rated"
REMARKED: Final = "context_remarked"


class Verdict(StrEnum):
    HELPED = "helped"
    FAILED = "failed"
    RE_ASKED = "re_asked"  #: the person had to ask for something that the bot had been told


def rate(change: Change, by: Person, verdict: Verdict) -> bool:
    """Keep the verdict; return False where this person has said the same before."""
    if verdict in _verdicts(change, by):
        return False
    change.note(RATED, actor=by.key, verdict=verdict.value)
    return True


def remark(change: Change, by: Person, verdict: Verdict, words: str) -> None:
    """Keep the line that a person adds to their verdict."""
    change.note(REMARKED, actor=by.key, verdict=verdict.value, words=words)


def _verdicts(change: Change, by: Person) -> set[str]:
    said = change.tx.execute(
        select(TIMELINE.c.data).where(
            TIMELINE.c.account_id == change.handoff.account_id,
            TIMELINE.c.handoff_id == change.handoff.handoff_id,
            TIMELINE.c.event == RATED,
            TIMELINE.c.actor == by.key,
        )
    )
    return {data["verdict"] for data in said.scalars()}
