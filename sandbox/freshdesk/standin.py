"""The stand-in as others use it: an app to serve, a snapshot, and what people and rules do at Freshdesk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from sandbox.clock import Clock, system_clock
from sandbox.freshdesk import seed
from sandbox.freshdesk.calls import Answered, FreshdeskCalls
from sandbox.freshdesk.gate import GROWTH, Call, Limits, RateLimits, Refusal, is_known, unauthorized
from sandbox.freshdesk.hooks import GONE, Hooks
from sandbox.freshdesk.store import (
    FROM_CUSTOMER,
    NOTE,
    PUBLIC_NOTE,
    REPLY,
    SURVEY,
    FreshdeskStore,
    Row,
    as_html,
)
from sandbox.freshdesk.view import snapshot
from sandbox.outbox import Outbox
from sandbox.snapshots import HelpdeskSnapshot

API = "/api/v2"
HOOK_PATH = "/hooks/freshdesk/freshdesk"


class FreshdeskStandIn:
    """One account on the Growth plan. Safe for threads: one lock guards it all.

    `limits` are Freshdesk's own; `NO_LIMITS` switches them off. Without a `webhook_url` no webhooks go
    out. The search index is `search_lag` behind. Unknown tickets and agents raise LookupError.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        outbox: Outbox,
        limits: Limits = GROWTH,
        webhook_url: str | None = None,
        webhook_secret: str = seed.WEBHOOK_SECRET,
        api_key: str = seed.API_KEY,
        search_lag: timedelta = timedelta(minutes=2),
    ) -> None:
        self._lock = threading.RLock()
        self._api_key = api_key
        self.store = FreshdeskStore(clock)
        self.hooks = Hooks(outbox, webhook_url, webhook_secret)
        self.limits = RateLimits(clock, limits)
        self._calls = FreshdeskCalls(self.store, clock, self.hooks.ticket_changed, search_lag)
        self.app = self._built()

    def connect(self, bridge_url: str) -> None:
        """Tell where the bridge is; the automation rule's webhook goes to its address for Freshdesk."""
        self.send_webhooks_to(bridge_url.rstrip("/") + HOOK_PATH)

    def send_webhooks_to(self, url: str | None, secret: str | None = None) -> None:
        """Point the automation rule at a receiver; None stops it."""
        with self._lock:
            self.hooks.url, self.hooks.secret = url, secret or self.hooks.secret

    def reply(
        self, ticket_id: int, agent_id: int, text: str, public: bool = True, files: Sequence[str] = ()
    ) -> int:
        """Let an agent answer the customer, or write a private note; return the conversation's id.

        Files of these names are attached.
        """
        with self._lock:
            self._agent(agent_id)
            kind = REPLY if public else NOTE
            attached = [_attachment(number, name) for number, name in enumerate(files, start=1)]
            return self._said(
                ticket_id,
                agent_id,
                text,
                kind=kind,
                private=not public,
                tells=public,
                attachments=attached,
            )

    def public_note(self, ticket_id: int, agent_id: int, text: str) -> int:
        """Let an agent write a note that the customer sees in the portal and is not sent."""
        with self._lock:
            self._agent(agent_id)
            return self._said(ticket_id, agent_id, text, kind=PUBLIC_NOTE)

    def customer_writes(self, ticket_id: int, text: str) -> int:
        with self._lock:
            requester = self._known(ticket_id)["requester_id"]
            return self._said(ticket_id, requester, text, kind=FROM_CUSTOMER, incoming=True)

    def survey_answer(self, ticket_id: int, text: str, score: int = 103) -> int:
        """Let the customer answer a survey, which Freshdesk keeps as incoming; from 103, the best, to -103."""
        with self._lock:
            requester = self._known(ticket_id)["requester_id"]
            self.store.rate(ticket_id, score, text)
            return self._said(ticket_id, requester, text, kind=SURVEY, incoming=True)

    def rule_replies(self, ticket_id: int, text: str, agent_id: int = 4601) -> int:
        """Let an automation reply to the customer in an agent's name."""
        with self._lock:
            return self._said(
                ticket_id, agent_id, text, kind=REPLY, tells=True, automation_id=99, auto_response=True
            )

    def set_status(self, ticket_id: int, status: int) -> None:
        with self._lock:
            self._known(ticket_id)
            self.store.update(ticket_id, {"status": status})

    def assign(self, ticket_id: int, agent_id: int) -> None:
        with self._lock:
            self._agent(agent_id)
            self._known(ticket_id)
            self.store.update(ticket_id, {"responder_id": agent_id})

    def merge(self, source_id: int, target_id: int, agent_id: int = 4601) -> None:
        """Let an agent merge the first ticket into the second."""
        with self._lock:
            self._known(target_id)
            self.set_status(source_id, 5)
            told = f"This ticket is closed and merged into ticket {target_id}"
            self._said(source_id, agent_id, told, kind=NOTE, private=True)
            self._said(target_id, agent_id, f"Merged from ticket {source_id}", kind=NOTE, private=True)

    def delete(self, ticket_id: int, *, spam: bool = False) -> None:
        """Let an agent delete a ticket or mark it as spam."""
        with self._lock:
            ticket = self._known(ticket_id)
            self.store.remove(ticket_id, spam=spam)
            self.hooks.ticket_changed(ticket, GONE)

    def new_ticket(self, subject: str, email: str, text: str) -> int:
        """Let a customer write to the helpdesk without the bridge; return the ticket's id."""
        with self._lock:
            given = {"subject": subject, "email": email, "description": as_html(text)}
            return int(self.store.create(given | {"status": 2, "priority": 1, "source": 1})["id"])

    def remove_field(self, name: str) -> None:
        """Let an admin delete a custom field."""
        with self._lock:
            del self.store.fields[name]

    def snapshot(self) -> HelpdeskSnapshot:
        """Return the tickets with what was said on them, newest ticket first, for the page."""
        with self._lock:
            return snapshot(self.store)

    def _said(
        self,
        ticket_id: int,
        user_id: int,
        text: str,
        *,
        kind: tuple[int, int],
        tells: bool = False,
        **more: Any,
    ) -> int:
        ticket = self._known(ticket_id)
        row = self.store.say(ticket_id, user_id, as_html(text), kind=kind, **more)
        if tells:
            self.hooks.ticket_changed(ticket)
        return int(row["id"])

    def _known(self, ticket_id: int) -> Row:
        return self.store.tickets[ticket_id]

    def _agent(self, agent_id: int) -> Row:
        return self.store.agents[agent_id]

    def _built(self) -> FastAPI:
        app = FastAPI(title="Freshdesk stand-in", docs_url=None, redoc_url=None, openapi_url=None)
        for method, path, handler in self._calls.routes():
            app.add_api_route(API + path, self._endpoint(handler), methods=[method])
        everything = ["GET", "POST", "PUT", "DELETE"]
        app.add_api_route("/{rest:path}", self._endpoint(self._calls.nowhere), methods=everything)
        return app

    def _endpoint(self, handler: Callable[[Call], Answered]) -> Callable[..., Response]:
        def endpoint(call: Call = Depends(_read_call)) -> Response:  # noqa: B008 - FastAPI's way
            with self._lock:
                try:
                    status, body = self._answered(call, handler)
                except Refusal as refusal:
                    status, body = refusal.status, refusal.body
                    call.headers |= refusal.headers
                if body is None:
                    return Response(status_code=status, headers=call.headers)
                return JSONResponse(body, status_code=status, headers=call.headers)

        return endpoint

    def _answered(self, call: Call, handler: Callable[[Call], Answered]) -> Answered:
        if not is_known(call, self._api_key):
            raise unauthorized()
        self.limits.admit(call)
        return handler(call)


def _attachment(number: int, name: str) -> Row:
    return {
        "id": number,
        "name": name,
        "size": 3,
        "content_type": "image/jpeg",
        "attachment_url": f"https://shop.freshdesk.example/attachments/{number}/{name}",
    }


async def _read_call(request: Request) -> Call:
    sent = {name.lower(): value for name, value in request.headers.items()}
    call = Call(
        method=request.method,
        path=request.url.path.removeprefix(f"{API}/"),
        address=str(request.url.replace(query="")),
        params={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        sent=sent,
    )
    if sent.get("content-type", "").startswith("multipart/"):
        await _read_form(request, call)
    elif request.method in ("POST", "PUT"):
        call.json = await _json(request)
    return call


async def _read_form(request: Request, call: Call) -> None:
    async with request.form() as form:
        call.json = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        for number, file in enumerate(files, start=1):
            call.files.append(
                {"id": number, "name": file.filename, "size": file.size, "content_type": file.content_type}
            )


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None
