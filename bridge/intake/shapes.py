"""What a bot may send. Unknown members are kept and never refused; a wrong time is flagged, not refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from bridge.intake.moment import Moment, read_moment

TURNS: Final = 20_000  # the body's own limit comes first
LISTED: Final = 200
MEMBERS: Final = 500
MESSAGES: Final = 100
ADDRESS: Final = 2_000


def _address(url: str) -> str:
    """Refuse what is no plain web address. Where it leads is checked at each call, not here."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or _bad_port(url):
        raise ValueError("must be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    return url


def _bad_port(url: str) -> bool:
    try:
        return urlsplit(url).port == 0
    except ValueError:
        return True


def _named(member: str) -> BeforeValidator:
    """Take a bare text for an object with that one member."""
    return BeforeValidator(lambda value: {member: value} if isinstance(value, str) else value)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _role(value: Any) -> Any:
    """Take the role out of an object such as Bot Framework's `from`."""
    return value.get("role") or value.get("type") or "" if isinstance(value, Mapping) else value


Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Answer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=ADDRESS), AfterValidator(_address)
]
Time = Annotated[
    Moment,
    BeforeValidator(read_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}),
]


class _Part(BaseModel):
    """A null is taken as a member left out."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: member for name, member in value.items() if member is not None}


class CustomerPart(_Part):
    name: Word | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)] | None = None
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] | None = None
    external_id: Word | None = Field(None, validation_alias=AliasChoices("external_id", "id"))
    tier: Word | None = None
    locale: Annotated[str, StringConstraints(strip_whitespace=True, max_length=35)] | None = None


class TriggerPart(_Part):
    kind: Word = Field("", validation_alias=AliasChoices("kind", "type"))
    code: Word = Field("", validation_alias=AliasChoices("code", "reason"))


class SummaryPart(_Part):
    wants: Answer = ""
    tried: Answer = ""
    suspects: Answer = ""


class AttemptPart(_Part):
    what: Sentence = Field(validation_alias=AliasChoices("what", "action", "step"))
    outcome: Sentence | None = Field(None, validation_alias=AliasChoices("outcome", "result"))


class RecordPart(_Part):
    kind: Word = Field("record", validation_alias=AliasChoices("kind", "type"))
    id: Word | None = None
    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=ADDRESS)] | None = None


class TurnPart(_Part):
    speaker: Annotated[Word, BeforeValidator(_role)] = Field(
        validation_alias=AliasChoices("speaker", "role", "from")
    )
    text: str = Field("", validation_alias=AliasChoices("text", "content", "message"))
    at: Time | None = Field(None, validation_alias=AliasChoices("at", "timestamp", "time"))


class HintsPart(_Part):
    group: Word | None = None
    skill: Word | None = None
    owner: Word | None = None


class _Told(_Part):
    """What a bot can tell at handoff, and again later."""

    customer: CustomerPart = Field(default_factory=CustomerPart)
    topic: Word | None = None
    summary: Annotated[SummaryPart, _named("wants")] | None = None
    attempts: list[Annotated[AttemptPart, _named("what")]] = Field([], max_length=LISTED)
    records: list[Annotated[RecordPart, _named("id")]] = Field([], max_length=LISTED)
    fields: dict[str, Any] = Field({}, max_length=MEMBERS)
    verification: Annotated[list[Sentence], BeforeValidator(_listed)] = Field([], max_length=LISTED)
    sentiment: Word | None = None
    transcript: list[TurnPart] = Field([], max_length=TURNS)
    routing: HintsPart = Field(
        default_factory=HintsPart, validation_alias=AliasChoices("routing", "hints", "routing_hints")
    )
    callback_url: Address | None = None


class HandoffRequest(_Told):
    """A conversation to hand over. Only `conversation_id` and `channel` must be there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "c-4411",
                    "channel": "whatsapp",
                    "trigger": {"kind": "failure", "code": "no_match"},
                    "topic": "refund",
                    "customer": {"name": "Kiran Shah", "phone": "+91 98765 43210", "locale": "hi-IN"},
                    "summary": {
                        "wants": "the refund for order 4411",
                        "tried": "order lookup, which timed out",
                        "suspects": "the payment was split",
                    },
                    "transcript": [{"speaker": "customer", "text": "Where is my refund?"}],
                }
            ]
        }
    )

    conversation_id: Name
    channel: Name
    trigger: Annotated[TriggerPart, _named("kind")] = Field(default_factory=TriggerPart)
    started_at: Time | None = None
    asked_at: Time | None = None
    test: bool = False


class PatchRequest(_Told):
    """Any part of what a handoff tells. The conversation and its channel stay what they are."""

    conversation_id: Name | None = None
    channel: Name | None = None
    trigger: Annotated[TriggerPart, _named("kind")] | None = None


class MessagePart(TurnPart):
    speaker: Annotated[Word, BeforeValidator(_role)] = Field(
        "customer", validation_alias=AliasChoices("speaker", "role", "from")
    )
    id: Word | None = None


class MessagesRequest(_Part):
    """What was written since, mostly by the customer."""

    messages: list[Annotated[MessagePart, _named("text")]] = Field(min_length=1, max_length=MESSAGES)


class WithdrawRequest(_Part):
    reason: Sentence | None = Field(
        None, description="`customer_left` where the customer has gone: people see it so on the card"
    )
