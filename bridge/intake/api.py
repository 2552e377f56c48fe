"""The bot builder's front door: /v1/handoffs."""

# No postponed annotations here: FastAPI must see `Who`, which is made inside the function below.
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bridge.accounts import Caller
from bridge.intake.body import raw_body
from bridge.intake.callers import identify
from bridge.intake.idempotency import checked_key
from bridge.intake.schema import HandoffRequest, MessagesRequest, PatchRequest, WithdrawRequest
from bridge.intake.service import Intake


def idempotency_key(
    given: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
    signed: Annotated[str | None, Header(alias="webhook-id")] = None,
) -> str | None:
    """Return the key under which a call is kept to one effect; the id of a signed call serves as well."""
    return checked_key(given or signed)


Body = Annotated[bytes, Depends(raw_body)]
Key = Annotated[str | None, Depends(idempotency_key)]
BODIES: Final = (HandoffRequest, PatchRequest, MessagesRequest, WithdrawRequest)
REFERENCE: Final = "#/components/schemas/{model}"


def _takes(model: type[BaseModel]) -> dict[str, Any]:
    """Describe the body in OpenAPI; it is read by our own strict reader, not by the framework's."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def body_schemas() -> dict[str, Any]:
    """Return the schemas of the bodies taken here, for the document's components."""
    _, schemas = models_json_schema([(model, "validation") for model in BODIES], ref_template=REFERENCE)
    found: dict[str, Any] = schemas["$defs"]
    return found


def intake_routes(intake: Intake) -> APIRouter:
    router = APIRouter(prefix="/v1/handoffs", tags=["handoffs"])

    def who(request: Request, body: Body) -> Caller:
        call = f"{request.method} {request.url.path}"
        return identify(intake.database, intake.accounts, request.headers, body, intake.clock(), call=call)

    Who = Annotated[Caller, Depends(who)]  # noqa: N806 - a type

    @router.post("", status_code=202, openapi_extra=_takes(HandoffRequest))
    def hand_over(
        caller: Who,
        body: Body,
        key: Key,
        wait: Annotated[str | None, Query(pattern="^ticketed$")] = None,
        timeout_seconds: Annotated[float, Query(ge=0, le=10)] = 3.0,
    ) -> dict[str, Any]:
        """Hand a conversation to people. 202 means it is kept, with its route, clocks and all that follows.

        Repeat with the same `Idempotency-Key` and body to get the same answer; `wait=ticketed` waits for the ticket.
        """
        answer = intake.hand_over(caller, body, key)
        if wait:
            answer = {**answer, "ticket": intake.wait_for_ticket(caller, answer["id"], timeout_seconds)}
        return answer

    @router.get("/{handoff_id}")
    def look(handoff_id: str, caller: Who) -> dict[str, Any]:
        """See how far a handoff has come."""
        return intake.look(caller, handoff_id)

    @router.get("/{handoff_id}/timeline")
    def timeline(handoff_id: str, caller: Who) -> dict[str, Any]:
        """Every event of a handoff, in order."""
        return intake.timeline(caller, handoff_id)

    @router.patch("/{handoff_id}", openapi_extra=_takes(PatchRequest))
    def add_context(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """Add what the bot has learned since: ticket and card follow."""
        return intake.add_context(caller, handoff_id, body, key)

    @router.post("/{handoff_id}/messages", status_code=202, openapi_extra=_takes(MessagesRequest))
    def add_messages(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """The customer goes on writing while waiting."""
        return intake.add_messages(caller, handoff_id, body, key)

    @router.post("/{handoff_id}/withdraw", status_code=202, openapi_extra=_takes(WithdrawRequest))
    def withdraw(handoff_id: str, caller: Who, body: Body, key: Key) -> dict[str, Any]:
        """The customer left, or the bot took the conversation back."""
        return intake.withdraw(caller, handoff_id, body, key)

    return router
