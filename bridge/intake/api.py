"""The bot builder's front door: /v1/handoffs."""

# No postponed annotations here: FastAPI must see `Who`, which is made inside the function below.
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from pydantic.json_schema import models_json_schema

from bridge.accounts import Caller
from bridge.intake.answers import REFERENCE, SECURITY, KnownHandoff, Receipt, Timeline, answers
from bridge.intake.body import raw_body
from bridge.intake.callers import identify
from bridge.intake.idempotency import LONGEST_KEY, checked_key
from bridge.intake.problems import unusable
from bridge.intake.remembered import RememberedKeys
from bridge.intake.schema import HandoffRequest, MessagesRequest, PatchRequest, WithdrawRequest
from bridge.intake.service import LONGEST_WAIT_SECONDS, Intake

#: what `checked_key` takes
KEY_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_KEY,
    "pattern": "^[ -~]+$",
}
KEY_HEADERS: Final = ("Idempotency-Key", "webhook-id")


async def idempotency_key(request: Request) -> str | None:
    """Return the key under which a call is kept to one effect; the id of a signed call serves as well."""
    given, signed = (request.headers.get(name) for name in KEY_HEADERS)
    return checked_key(given or signed)


Body = Annotated[bytes, Depends(raw_body)]
Key = Annotated[str | None, Depends(idempotency_key)]
#: a longer body is read in a thread, so that it holds up nobody else
READ_AT_ONCE_BYTES: Final = 32_000
BODIES: Final = (HandoffRequest, PatchRequest, MessagesRequest, WithdrawRequest)
#: problems that any call may meet, and any that changes something
ANY: Final = (401, 413, 503)
CHANGING: Final = (*ANY, 400, 409, 422)


class Patience(BaseModel):
    """How long the bot waits for the ticket, as the query says."""

    wait: Literal["ticketed"] | None = None
    timeout_seconds: float = Field(3.0, ge=0, le=LONGEST_WAIT_SECONDS)

    @classmethod
    def asked_for(cls, request: Request) -> "Patience":
        """Raises Problem 422."""
        try:
            return cls.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise unusable(error) from None


def _parameters(place: Literal["header", "query"], schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe what may stand in a call's headers or query in OpenAPI, by name."""
    return [
        {"name": name, "in": place, "required": False, "schema": schema} for name, schema in schemas.items()
    ]


def _takes(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Describe body and key in OpenAPI; they are read by our own strict readers, not by the framework's."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    body = {"required": required, "content": {"application/json": {"schema": schema}}}
    keys = _parameters("header", dict.fromkeys(KEY_HEADERS, KEY_SCHEMA))
    return {"requestBody": body, "security": SECURITY, "parameters": keys}


def _asks(described: dict[str, Any], query: type[BaseModel]) -> dict[str, Any]:
    """Add the query that the call reads itself."""
    asked = _parameters("query", query.model_json_schema()["properties"])
    return {**described, "parameters": [*described["parameters"], *asked]}


def _looks(shape: type[BaseModel]) -> dict[str, Any]:
    """Describe a call that shows something of one handoff."""
    return {
        "response_model": None,
        "openapi_extra": {"security": SECURITY},
        "responses": answers(200, shape, 404, 422, *ANY),
    }


def _changes(status: int, model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Describe a call that changes one handoff and shows it."""
    return {
        "status_code": status,
        "response_model": None,
        "openapi_extra": _takes(model, required=required),
        "responses": answers(status, KnownHandoff, 404, *CHANGING),
    }


def body_schemas() -> dict[str, Any]:
    """Return the schemas of the bodies taken here, for the document's components."""
    _, schemas = models_json_schema([(model, "validation") for model in BODIES], ref_template=REFERENCE)
    found: dict[str, Any] = schemas["$defs"]
    return found


def _caller_of(intake: Intake) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that tells who calls."""
    remembered = RememberedKeys(intake.database, intake.clock)

    def ask_store(request: Request, body: bytes) -> Caller:
        call = f"{request.method} {request.url.path}"
        return identify(intake.database, intake.accounts, request.headers, body, intake.clock(), call=call)

    async def who(request: Request, body: Body) -> Caller:
        if known := remembered.recall(request.headers):
            return known
        return await run_in_threadpool(remembered.ask, request.headers, lambda: ask_store(request, body))

    return who


async def _accepted(intake: Intake, caller: Caller, body: bytes, key: str | None) -> dict[str, Any]:
    """Return the receipt. Nothing waits for the commit but the one who asked; what comes meanwhile gathers."""
    if len(body) > READ_AT_ONCE_BYTES:
        kept = await run_in_threadpool(intake.hand_over, caller, body, key)
    else:
        kept = intake.hand_over(caller, body, key)
    return kept.result() if kept.done() else await asyncio.wrap_future(kept)


def intake_routes(intake: Intake) -> APIRouter:
    router = APIRouter(prefix="/v1/handoffs", tags=["handoffs"])
    caller_of = _caller_of(intake)
    Who = Annotated[Caller, Depends(caller_of)]  # noqa: N806 - a type

    @router.post(
        "",
        status_code=202,
        response_model=None,
        openapi_extra=_asks(_takes(HandoffRequest), Patience),
        responses=answers(202, Receipt, *CHANGING),
    )
    async def hand_over(request: Request) -> JSONResponse:
        """Hand a conversation to people. 202 means it is kept, with its route, clocks and all that follows.

        Repeat with the same `Idempotency-Key` and body to get the same answer; `wait=ticketed` waits for the ticket.
        """
        # All by hand: the framework's dependencies and its rendering took a quarter of an accept's processor time.
        body = await raw_body(request)
        caller = await caller_of(request, body)
        patience = Patience.asked_for(request)
        key = await idempotency_key(request)
        answer = await _accepted(intake, caller, body, key)
        if patience.wait:
            seconds = patience.timeout_seconds
            ticket = await run_in_threadpool(intake.wait_for_ticket, caller, answer["id"], seconds)
            answer = {**answer, "ticket": ticket}
        return JSONResponse(answer, 202)

    @router.get("/{handoff_id}", **_looks(KnownHandoff))
    def look(handoff_id: str, caller: Who) -> dict[str, Any]:
        """See how far a handoff has come."""
        return intake.look(caller, handoff_id)

    @router.get("/{handoff_id}/timeline", **_looks(Timeline))
    def timeline(handoff_id: str, caller: Who) -> dict[str, Any]:
        """Every event of a handoff, in order."""
        return intake.timeline(caller, handoff_id)

    @router.patch("/{handoff_id}", **_changes(200, PatchRequest))
    def add_context(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """Add what the bot has learned since: ticket and card follow."""
        return intake.add_context(caller, handoff_id, body, key)

    @router.post("/{handoff_id}/messages", **_changes(202, MessagesRequest))
    def add_messages(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """The customer goes on writing while waiting."""
        return intake.add_messages(caller, handoff_id, body, key)

    @router.post("/{handoff_id}/withdraw", **_changes(202, WithdrawRequest, required=False))
    def withdraw(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """The customer left, or the bot took the conversation back."""
        return intake.withdraw(caller, handoff_id, body, key)

    return router
