"""From what a bot sent to the words of the core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from bridge.handoffs.joining import joined_transcript
from bridge.handoffs.model import (
    Attempt,
    Context,
    Customer,
    Hints,
    Record,
    Speaker,
    Summary,
    Trigger,
    TriggerKind,
    Turn,
)
from bridge.intake.moment import (
    TIME_UNREADABLE,
    TIME_WITHOUT_ZONE,
    Moment,
    believed_ask,
    believed_start,
    believed_turn,
)
from bridge.intake.problems import Problem
from bridge.intake.shapes import HandoffRequest, MessagesRequest, PatchRequest, TriggerPart, TurnPart

SPEAKER_UNKNOWN: Final = "speaker_unknown"

#: what bots call the speakers; anything else is shown as the system's
_SPEAKERS: Final = {
    **dict.fromkeys(
        ("customer", "user", "visitor", "client", "end_user", "contact", "human", "guest"), Speaker.CUSTOMER
    ),
    **dict.fromkeys(("bot", "assistant", "ai", "chatbot", "virtual_agent"), Speaker.BOT),
    **dict.fromkeys(("person", "agent", "operator", "support", "admin", "teammate"), Speaker.PERSON),
    **dict.fromkeys(("system", "tool", "function", "event", "developer"), Speaker.SYSTEM),
}
_KINDS: Final = {kind.value: kind for kind in TriggerKind}
#: parts whose members are translated one by one; what else they hold is kept by its path
_SINGLE: Final = ("customer", "trigger", "summary", "routing")
_LISTS: Final = ("attempts", "records", "transcript")
_PLAIN: Final = ("topic", "sentiment", "callback_url")


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A request in the words of the core. Times are aware and in UTC; `started_at` is None when unknown."""

    context: Context
    started_at: datetime | None
    asked_at: datetime
    flags: tuple[str, ...]


def to_context(request: HandoffRequest, received_at: datetime) -> Accepted:
    """Translate a handoff. Times are believed as far as `bridge.intake.moment` says; flags tell where not."""
    asked_at, ask_flags = believed_ask(request.asked_at, received_at)
    started_at, start_flags = believed_start(request.started_at, asked_at, received_at)
    context = Context(
        conversation_id=request.conversation_id,
        channel=request.channel,
        trigger=_trigger(request.trigger),
        **_told(request, received_at),
        extra=_extra(request),
    )
    flags = (*ask_flags, *start_flags, *_time_flags(request), *_speaker_flags(request.transcript))
    return Accepted(
        context=context, started_at=started_at, asked_at=asked_at, flags=tuple(dict.fromkeys(flags))
    )


def merge_patch(context: Context, request: PatchRequest, received_at: datetime) -> Context:
    """Return the context with what the patch says; customer, summary, hints and fields part by part.

    A transcript is joined with the turns known: those that came as messages stay.
    Raises Problem 422 when the patch names another conversation or channel.
    """
    for name in ("conversation_id", "channel"):
        given = getattr(request, name)
        if given is not None and given != getattr(context, name):
            raise _unchangeable(name)
    told = {name: value for name, value in _told(request, received_at).items() if _is_told(request, name)}
    if "customer" in told:
        told["customer"] = replace(context.customer, **_given(request.customer, Customer))
    if "hints" in told:
        told["hints"] = replace(context.hints, **_given(request.routing, Hints))
    if request.summary is not None:
        told["summary"] = replace(context.summary or Summary(), **_given(request.summary, Summary))
    if "transcript" in told:
        told["transcript"] = joined_transcript(context.transcript, told["transcript"])
    if request.trigger is not None:
        told["trigger"] = _trigger(request.trigger)
    told["fields"] = {**context.fields, **request.fields}
    return replace(context, **told, extra={**context.extra, **_extra(request)})


def to_turns(request: MessagesRequest, received_at: datetime) -> tuple[Turn, ...]:
    """Translate messages written after the handoff; one without a time was written when it came."""
    turns = (_turn(message, received_at) for message in request.messages)
    return tuple(turn if turn.at else replace(turn, at=received_at) for turn in turns)


def _told(request: HandoffRequest | PatchRequest, received_at: datetime) -> dict[str, Any]:
    customer, hints, summary = request.customer, request.routing, request.summary
    return {
        "customer": Customer(**{name: getattr(customer, name) for name in Customer.__dataclass_fields__}),
        "summary": Summary(wants=summary.wants, tried=summary.tried, suspects=summary.suspects)
        if summary
        else None,
        "attempts": tuple(Attempt(what=part.what, outcome=part.outcome) for part in request.attempts),
        "records": tuple(Record(kind=part.kind, id=part.id, url=part.url) for part in request.records),
        "fields": request.fields,
        "verification": tuple(request.verification),
        "transcript": joined_transcript((), tuple(_turn(part, received_at) for part in request.transcript)),
        "hints": Hints(group=hints.group, skill=hints.skill, owner=hints.owner),
        **{name: getattr(request, name) or None for name in _PLAIN},
    }


def _is_told(request: PatchRequest, name: str) -> bool:
    return {"hints": "routing"}.get(name, name) in request.model_fields_set


def _given(part: BaseModel, target: Any) -> dict[str, Any]:
    return {
        name: getattr(part, name) for name in part.model_fields_set if name in target.__dataclass_fields__
    }


def _trigger(part: TriggerPart) -> Trigger:
    """Keep a kind we do not know as OTHER, with its text in front of the code."""
    kind = part.kind.lower().replace("-", "_").replace(" ", "_")
    if kind in _KINDS:
        return Trigger(kind=_KINDS[kind], code=part.code)
    code = ": ".join(text for text in (part.kind, part.code) if text)
    return Trigger(kind=TriggerKind.OTHER, code=code)


def _turn(part: TurnPart, received_at: datetime) -> Turn:
    return Turn(
        speaker=_speaker(part.speaker) or Speaker.SYSTEM,
        text=part.text,
        at=believed_turn(part.at, received_at),
    )


def _speaker(role: str) -> Speaker | None:
    return _SPEAKERS.get(role.lower().replace("-", "_").replace(" ", "_"))


def _speaker_flags(turns: Iterable[TurnPart]) -> tuple[str, ...]:
    return (SPEAKER_UNKNOWN,) if any(_speaker(turn.speaker) is None for turn in turns) else ()


def _time_flags(request: HandoffRequest) -> tuple[str, ...]:
    turns: list[Moment] = [turn.at for turn in request.transcript if turn.at]
    times = [time for time in (request.asked_at, request.started_at, *turns) if time]
    without_zone = any(not time.zoned for time in times)
    unreadable = any(turn.at is None for turn in turns)
    return (*((TIME_WITHOUT_ZONE,) if without_zone else ()), *((TIME_UNREADABLE,) if unreadable else ()))


def _extra(request: HandoffRequest | PatchRequest) -> dict[str, Any]:
    """Return members we do not know, those of parts by their path: `customer.segment`, `transcript.3.id`."""
    extra = dict(request.model_extra or {})
    for name in _SINGLE:
        extra |= _inner(name, getattr(request, name))
    for name in _LISTS:
        for number, part in enumerate(getattr(request, name)):
            extra |= _inner(f"{name}.{number}", part)
    return extra


def _inner(path: str, part: BaseModel | None) -> dict[str, Any]:
    unknown = part.model_extra if part else None
    return {f"{path}.{name}": value for name, value in (unknown or {}).items()}


def _unchangeable(name: str) -> Problem:
    return Problem(
        status=422,
        code="unchangeable",
        title="A handoff keeps its conversation and channel",
        detail="Hand the other conversation over with POST /v1/handoffs.",
        pointer=f"/{name}",
    )
