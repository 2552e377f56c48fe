"""Two tellings of one conversation made one: what is said anew counts, what is left out stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final, TypeVar

from bridge.handoffs.model import Context, Customer, Hints, Summary, Trigger, TriggerKind, Turn

T = TypeVar("T")
Told = TypeVar("Told", Context, Customer, Hints, Summary)

#: turns kept of one handoff
LONGEST_TRANSCRIPT: Final = 5_000
UNSAID_TRIGGER: Final = Trigger(kind=TriggerKind.OTHER)


def joined(known: Context, more: Context) -> Context:
    """Return `known` with everything `more` says; records, attempts and facts add up, transcripts are joined.

    Customer, hints and summary are joined member by member. None and "" say nothing.
    """
    return replace(
        _said(known, more),
        channel=known.channel,
        trigger=known.trigger if more.trigger == UNSAID_TRIGGER else more.trigger,
        customer=_said(known.customer, more.customer),
        hints=_said(known.hints, more.hints),
        summary=_said(known.summary or Summary(), more.summary) if more.summary else known.summary,
        fields={**known.fields, **more.fields},
        extra={**known.extra, **more.extra},
        records=_both(known.records, more.records),
        attempts=_both(known.attempts, more.attempts),
        verification=_both(known.verification, more.verification),
        transcript=joined_transcript(known.transcript, more.transcript),
    )


def joined_transcript(known: tuple[Turn, ...], more: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the longer telling where one holds the other, else what was known and then what is new.

    A turn told more often than it was known is new as many times. Only the newest
    `LONGEST_TRANSCRIPT` turns are kept, of `more` as of the whole; older ones are dropped.
    """
    newest = more[-LONGEST_TRANSCRIPT:]
    if not newest or known[-len(newest) :] == newest:
        return known[-LONGEST_TRANSCRIPT:]
    if newest[: len(known)] == known:
        return newest
    return (*known, *_unheard(known, newest))[-LONGEST_TRANSCRIPT:]


def _said(known: Told, more: Told) -> Told:
    """Return `known` with each member that `more` says."""
    members = {member.name: getattr(more, member.name) for member in fields(more)}
    return replace(known, **{name: value for name, value in members.items() if value not in (None, "")})


def _both(known: tuple[T, ...], more: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _unheard(known: tuple[Turn, ...], more: tuple[Turn, ...]) -> Iterator[Turn]:
    heard = Counter(known)
    for turn in more:
        if heard[turn]:
            heard[turn] -= 1
        else:
            yield turn
