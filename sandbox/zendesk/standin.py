"""The stand-in as others use it: an app to serve, a snapshot, and what people at the page can do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.clock import Clock
from sandbox.outbox import Outbox
from sandbox.snapshots import HelpdeskSnapshot
from sandbox.zendesk import seed
from sandbox.zendesk.calls import ZendeskCalls
from sandbox.zendesk.gate import Call, Door, Keys, Limits, RateLimits, Refusal, unauthorized
from sandbox.zendesk.hooks import Hooks
from sandbox.zendesk.shown import shown
from sandbox.zendesk.store import ZendeskStore

NOBODY = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
API = "/api/v2"
HOOK_PATH = "/hooks/zendesk/zendesk"  #: where a bridge with one Zendesk connection listens
Answered = tuple[int, Any]


class ZendeskStandIn:
    """One account. Safe for threads: one lock guards it all.

    `limits` are Zendesk's own; `NO_LIMITS` of `sandbox.zendesk.gate` switches them off. Without a
    `webhook_url` no webhooks go out. The search index is `search_lag` behind; the export never shows the
    last `export_lag`.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        outbox: Outbox,
        limits: Limits | None = None,
        webhook_url: str | None = None,
        webhook_secret: str = seed.WEBHOOK_SECRET,
        api_token: str = seed.API_TOKEN,
        oauth_token: str = seed.OAUTH_TOKEN,
        search_lag: timedelta = timedelta(minutes=2),
        export_lag: timedelta = timedelta(minutes=1),
    ) -> None:
        self._lock = threading.RLock()
        self.store = ZendeskStore(clock)
        self.hooks = Hooks(clock, outbox, webhook_url, webhook_secret)
        self._limits = RateLimits(clock, limits or Limits())
        self._keys = Keys(clock)
        self._door = Door(self.store.users, api_token, {oauth_token: seed.BRIDGE_ID})
        self._calls = ZendeskCalls(
            self.store, clock, self._tell, search_lag=search_lag, export_lag=export_lag
        )
        self.app = self._built()

    def connect(self, bridge_url: str) -> None:
        """Point the account's webhook at a bridge."""
        self.send_webhooks_to(bridge_url.rstrip("/") + HOOK_PATH)

    def send_webhooks_to(self, url: str | None, secret: str | None = None) -> None:
        """Point the account's webhook at any receiver; None stops it."""
        with self._lock:
            self.hooks.url, self.hooks.secret = url, secret or self.hooks.secret

    def reply(
        self, ticket_id: int, agent_id: int, text: str, *, public: bool = True, files: Sequence[str] = ()
    ) -> int:
        """Let an agent (or the bot with a seat) write, and attach files of these names; return the comment's id.

        Raises LookupError.
        """
        with self._lock, _as_lookup():
            uploads = [self.store.upload(name, b"...", "image/jpeg")["token"] for name in files]
            asked = {"comment": {"body": text, "public": public, "uploads": uploads}}
            return self._changed(*self.store.update(ticket_id, asked, self.store.users[agent_id]))

    def customer_writes(self, ticket_id: int, text: str) -> int:
        """Let the requester write; return the comment's id. Raises LookupError."""
        with self._lock, _as_lookup():
            requester = self.store.users[self.store.ticket(ticket_id)["requester_id"]]
            asked = {"comment": {"body": text, "public": True}}
            return self._changed(*self.store.update(ticket_id, asked, requester))

    def trigger_writes(self, ticket_id: int, text: str) -> int:
        """Let a trigger write to the customer; return the comment's id. Raises LookupError."""
        with self._lock, _as_lookup():
            return self._changed(*self.store.by_rule(ticket_id, text))

    def set_status(self, ticket_id: int, status: str, agent_id: int = 3601) -> None:
        with self._lock, _as_lookup():
            self.store.update(ticket_id, {"status": status}, self.store.users[agent_id])

    def assign(self, ticket_id: int, agent_id: int) -> None:
        with self._lock, _as_lookup():
            self.store.update(ticket_id, {"assignee_id": agent_id}, self.store.users[agent_id])

    def merge(self, source_id: int, target_id: int, agent_id: int = 3601) -> None:
        """Let an agent merge the first ticket into the second. Raises LookupError."""
        with self._lock, _as_lookup():
            self.store.merge(target_id, [source_id], self.store.users[agent_id], {})

    def delete(self, ticket_id: int, *, spam: bool = False) -> None:
        with self._lock, _as_lookup():
            self.store.remove(ticket_id, spam=spam)

    def rate(self, ticket_id: int, score: str, comment: str | None = None) -> None:
        """Let the requester answer the survey: "good" or "bad". Raises LookupError."""
        with self._lock, _as_lookup():
            self.store.rate(ticket_id, score, comment)

    def new_ticket(self, subject: str, email: str, text: str) -> int:
        """Let a customer write to the helpdesk without the bridge; return the ticket's id."""
        with self._lock:
            customer = self.store.user_by_email(email) or self.store.add_user(email.partition("@")[0], email)
            ticket, audit = self.store.create({"subject": subject, "comment": {"body": text}}, customer)
            self._changed(ticket, audit)
            return int(ticket["id"])

    def snapshot(self) -> HelpdeskSnapshot:
        """Return what the page shows."""
        with self._lock:
            return shown(self.store, self._calls.comments_of)

    def _changed(self, ticket: dict[str, Any], audit: dict[str, Any]) -> int:
        self._tell(ticket, audit)
        return next(int(event["id"]) for event in audit["events"] if event["type"] == "Comment")

    def _tell(self, ticket: dict[str, Any], audit: dict[str, Any]) -> None:
        for event in audit["events"]:
            if event["type"] == "Comment":
                author = self.store.users.get(event["author_id"], {"id": event["author_id"], "role": "agent"})
                self.hooks.comment_added(ticket, event, author)

    def _built(self) -> FastAPI:
        app = FastAPI(title="Zendesk stand-in", docs_url=None, redoc_url=None, openapi_url=None)
        for method, path, handler in self._calls.routes():
            app.add_api_route(API + path, self._endpoint(handler), methods=[method])
        everything = ["GET", "POST", "PUT", "DELETE"]
        app.add_api_route("/{rest:path}", self._endpoint(self._calls.nowhere), methods=everything)
        app.add_middleware(WithoutJsonEnding)
        return app

    def _endpoint(self, handler: Callable[[Call], Answered]) -> Callable[..., Response]:
        def endpoint(call: Call = Depends(_read_call)) -> Response:  # noqa: B008 - FastAPI's way
            with self._lock:
                try:
                    status, body = self._answered(call, handler)
                except Refusal as refusal:
                    status, body = refusal.status, refusal.body
                    call.headers |= refusal.headers
            if status == 204:
                return Response(status_code=204, headers=call.headers)
            return JSONResponse(body, status_code=status, headers=call.headers)

        return endpoint

    def _answered(self, call: Call, handler: Callable[[Call], Answered]) -> Answered:
        call.actor = self._door.actor(call)
        if call.actor is None:
            if call.path == f"{API}/users/me":
                return 200, {"user": NOBODY}
            raise unauthorized()
        self._limits.admit(call)
        if (call.method, call.path) != ("POST", f"{API}/tickets"):
            return handler(call)
        earlier = self._keys.earlier(call)
        if earlier is not None:
            return earlier
        try:
            status, body = handler(call)
        except Refusal as refusal:  # what was refused uses its key up, too
            self._keys.keep(call, refusal.status, refusal.body)
            raise
        self._keys.keep(call, status, json.loads(json.dumps(body)))
        return status, body


@contextmanager
def _as_lookup() -> Iterator[None]:
    """Say in Python's words that a ticket is not there or takes no change."""
    try:
        yield
    except Refusal as refusal:
        raise LookupError(f"the ticket refuses that ({refusal.status})") from refusal


class WithoutJsonEnding:
    """Takes `.json` off the path: Zendesk knows every path with it and without."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(".json"):
            scope = {**scope, "path": scope["path"].removesuffix(".json")}
        await self._app(scope, receive, send)


async def _read_call(request: Request) -> Call:
    body = await request.body()
    return Call(
        method=request.method,
        path=request.url.path.removesuffix(".json"),
        base=f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
        params={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        sent={name.lower(): value for name, value in request.headers.items()},
        body=body,
        json=_json(body),
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
