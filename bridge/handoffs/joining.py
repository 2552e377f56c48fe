"""Two tellings of one conversation made one: what is said anew counts, what is left out stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from bridge.handoffs.model import Context, Turn

T = TypeVar("T")


def joined(known: Context, more: Context) -> Context:
    """Return `known` with everything `more` says; records, attempts and facts add up, transcripts are joined."""
    silent = Context(conversation_id=known.conversation_id, channel=known.channel, trigger=known.trigger)
    said = {
        name: getattr(more, name)
        for name in Context.__dataclass_fields__
        if getattr(more, name) != getattr(silent, name)
    }
    together = {
        "channel": known.channel,
        "fields": {**known.fields, **more.fields},
        "extra": {**known.extra, **more.extra},
        "records": _both(known.records, more.records),
        "attempts": _both(known.attempts, more.attempts),
        "verification": _both(known.verification, more.verification),
        "transcript": _transcript(known.transcript, more.transcript),
    }
    return replace(known, **{**said, **together})


def _both(known: tuple[T, ...], more: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _transcript(known: tuple[Turn, ...], more: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the longer telling where one holds the other, else what was known and then what is new."""
    if not more or known[-len(more) :] == more:
        return known
    if more[: len(known)] == known:
        return more
    return (*known, *(turn for turn in more if turn not in known))
