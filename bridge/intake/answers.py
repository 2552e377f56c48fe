"""What a bot may be answered, for the OpenAPI document: the shapes, and which problems each call may meet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from bridge.handoffs.model import BotMay, Outcome, State, TriggerKind
from bridge.intake.problems import MEDIA_TYPE

REFERENCE: Final = "#/components/schemas/{model}"
#: when each problem is met, by status
PROBLEMS: Final = {
    400: "The body is not JSON that we take, or the idempotency key cannot be used",
    401: "The key is unknown or revoked, or the signature is not good for this call",
    404: "This key's account has no such handoff",
    409: "The idempotency key was used with another body, or the handoff is closed",
    413: "The body is larger than a megabyte",
    422: "The request has another shape than asked for; `errors` says where",
    503: "Nothing can be kept or read right now; try again",
}
#: either proves who calls
SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"signed": []}]
SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key as `handoff keys create` printed it.",
    },
    "signed": {
        "type": "apiKey",
        "in": "header",
        "name": "Handoff-Key",
        "description": "The key's id, on a request signed by Standard Webhooks with the key's secret.",
    },
}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow")


class Somebody(_Answer):
    """A person of the desk."""

    first_name: str


class Ticket(_Answer):
    id: str
    url: str | None


class Receipt(_Answer):
    """The handoff is kept."""

    id: str
    status: Literal["accepted", "updated"] = Field(description="updated: the conversation was open already")
    owner: Somebody | None = Field(description="null while nobody is on duty")
    customer_text: str = Field(description="what may be told to the customer now, in their language")
    promised_at: datetime
    ticket: Ticket | None = Field(None, description="with `wait=ticketed` alone; null while there is none")


class KnownTrigger(_Answer):
    kind: TriggerKind
    code: str


class KnownSummary(_Answer):
    wants: str
    tried: str
    suspects: str
    built: bool = Field(description="made by rules, because the bot sent none")


class KnownHandoff(_Answer):
    """A handoff as its bot sees it: what it sent, and how far it has come."""

    id: str
    state: State
    test: bool
    conversation_id: str
    channel: str
    topic: str | None
    trigger: KnownTrigger
    customer: dict[str, Any]
    fields: dict[str, Any]
    records: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    verification: list[str]
    sentiment: str | None
    summary: KnownSummary
    language: str | None
    flags: list[str]
    started_at: datetime | None
    asked_at: datetime
    received_at: datetime
    promised_at: datetime
    channel_closes_at: datetime | None = Field(
        description="from when the channel takes no message to the customer; null for one that does not close"
    )
    owner: Somebody | None
    claimed_by: Somebody | None
    claimed_at: datetime | None
    answered_by: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None = Field(
        description="how it ended for people; null while open, or where nobody said"
    )
    bot: BotMay = Field(description="silent: people have the conversation; resume: the bot has it again")
    rung: int = Field(description="the highest rung of the ladder that has fired")
    turns: int
    ticket: Ticket | None
    announced: bool = Field(description="its card stands in the chat")
    window_seconds: int


class Event(_Answer):
    sequence: int
    event: str
    actor: str
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]


class Timeline(_Answer):
    id: str
    events: list[Event]


class ToldEvent(_Answer):
    """An event as a callback tells it."""

    type: str
    timestamp: datetime
    data: dict[str, Any]


class EventPage(_Answer):
    """Events of this key's handoffs, oldest first."""

    events: list[ToldEvent]
    next: str | None = Field(description="to be given as `after` the next time; null before the first event")
    more: bool


class Mistake(_Answer):
    pointer: str = Field(description="where in the body, as a JSON pointer")
    problem: str


class ProblemDocument(_Answer):
    """RFC 9457. It names places and rules, and never repeats a value."""

    type: str
    title: str
    status: int
    code: str = Field(description="stable")
    detail: str | None = None
    errors: list[Mistake] = []


SHAPES: Final = (Receipt, KnownHandoff, Timeline, EventPage, ProblemDocument)


def answers(status: int, shape: type[BaseModel], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return what a call may be answered: the shape with `status`, or one of the problems."""
    return {
        status: _answer(shape.__doc__ or shape.__name__, "application/json", shape),
        **{one: _answer(PROBLEMS[one], MEDIA_TYPE, ProblemDocument) for one in sorted(problems)},
    }


def answer_schemas() -> dict[str, Any]:
    """Return the schemas of the answers, for the document's components."""
    _, schemas = models_json_schema([(shape, "validation") for shape in SHAPES], ref_template=REFERENCE)
    found: dict[str, Any] = schemas["$defs"]
    return found


def _answer(description: str, media_type: str, shape: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model=shape.__name__)}
    return {"description": description, "content": {media_type: {"schema": schema}}}
