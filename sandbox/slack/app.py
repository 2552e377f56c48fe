"""The stand-in's HTTP side: token, scopes, limits, then the method."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from sandbox.slack import groups, posting, reading, unfurling, views
from sandbox.slack.answering import answer_by_url
from sandbox.slack.call import Call, arguments_of
from sandbox.slack.sockets import PATH, Sockets
from sandbox.slack.workspace import APP_ID, SlackError, Workspace

Method = Callable[[Call], dict[str, Any]]

#: each method with the scope that all its calls need
METHODS: Mapping[str, tuple[str | None, Method]] = {
    "auth.test": (None, reading.auth_test),
    "chat.postMessage": ("chat:write", posting.post_message),
    "chat.update": ("chat:write", posting.update),
    "chat.postEphemeral": ("chat:write", posting.post_ephemeral),
    "chat.getPermalink": (None, posting.permalink),
    "conversations.open": ("im:write", reading.open_conversation),
    "conversations.info": (None, reading.conversation_info),
    "conversations.history": (None, reading.history),
    "conversations.replies": (None, reading.replies),
    "conversations.list": ("channels:read", reading.list_conversations),
    "conversations.members": ("channels:read", reading.list_members),
    "users.info": ("users:read", reading.user_info),
    "users.getPresence": ("users:read", reading.user_presence),
    "dnd.info": ("dnd:read", reading.user_quiet),
    "users.lookupByEmail": ("users:read.email", reading.user_by_email),
    "users.list": ("users:read", reading.list_users),
    "chat.unfurl": ("links:write", unfurling.unfurl),
    "usergroups.list": ("usergroups:read", groups.list_groups),
    "usergroups.users.list": ("usergroups:read", groups.list_group_users),
    "usergroups.users.update": ("usergroups:write", groups.update_group_users),
    "reactions.add": ("reactions:write", posting.add_reaction),
    "views.open": (None, views.open_view),
    "views.push": (None, views.push_view),
    "views.update": (None, views.update_view),
    "views.publish": (None, views.publish_view),
}
CONNECT = "apps.connections.open"  #: the one method for the app's own token
READ_BACK = frozenset({"conversations.history", "conversations.replies"})


@dataclass(kw_only=True, slots=True)
class Access:
    """What the tokens may do, and how often. None leaves a thing unlimited."""

    token: str
    app_token: str
    scopes: frozenset[str]
    app_scopes: frozenset[str] = frozenset({"connections:write"})
    revoked: bool = False
    posts_per_second: int | None = None  #: in each channel
    history_per_minute: int | None = None  #: history and replies, each method by itself
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def enter(self, authorization: str, method: str) -> frozenset[str]:
        """Return the scopes of the token in the header. Raises SlackError where it is not the one for this method."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise SlackError("not_authed")
        if token not in (self.token, self.app_token):
            raise SlackError("invalid_auth")
        if self.revoked:
            raise SlackError("token_revoked")
        if (token == self.app_token) != (method == CONNECT):
            raise SlackError("not_allowed_token_type")
        return self.app_scopes if token == self.app_token else self.scopes

    def wait(self, method: str, call: Call, now: float) -> int | None:
        """Return the seconds to wait when this call is one too many, else None, and count it."""
        if method == "chat.postMessage" and self.posts_per_second is not None:
            return self._count(f"post {call.text('channel')}", self.posts_per_second, 1, now)
        if method in READ_BACK and self.history_per_minute is not None:
            return self._count(method, self.history_per_minute, 60, now)
        return None

    def _count(self, name: str, calls: int, seconds: int, now: float) -> int | None:
        times = self._calls.setdefault(name, deque())
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= calls:
            return max(1, round(times[0] + seconds - now))
        times.append(now)
        return None


def slack_app(workspace: Workspace, access: Access, lock: threading.RLock, sockets: Sockets) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.api_route("/api/{method}", methods=["GET", "POST"])
    def call(method: str, request: Request, body: bytes = Depends(_body)) -> JSONResponse:
        if method == CONNECT:
            return _connect(workspace, access, sockets, request)
        with lock:
            return _answer(workspace, access, method, request, body)

    @app.post("/{kind}/{team}/{number}/{secret}")
    def respond(
        kind: str, team: str, number: str, secret: str, body: bytes = Depends(_body)
    ) -> PlainTextResponse:
        with lock:
            return _respond(workspace, f"{kind}/{team}/{number}/{secret}", body)

    app.add_api_websocket_route(PATH, sockets.serve)
    return app


async def _body(request: Request) -> bytes:
    return await request.body()


def _answer(workspace: Workspace, access: Access, method: str, request: Request, body: bytes) -> JSONResponse:
    headers = {"x-oauth-scopes": ",".join(sorted(access.scopes))}
    try:
        access.enter(request.headers.get("authorization", ""), method)
        scope, handler = METHODS.get(method, (None, _unknown))
        arguments = arguments_of(request.url.query, request.headers.get("content-type", ""), body)
        call = Call(workspace, arguments, access.scopes)
        wait = access.wait(method, call, workspace.clock().timestamp())
        if wait is not None:
            return _json({"ok": False, "error": "ratelimited"}, {"retry-after": str(wait)}, status=429)
        if scope is not None:
            call.needs(scope)
        return _json({"ok": True, **handler(call)}, headers)
    except SlackError as error:
        return _json({"ok": False, "error": error.code, **error.further}, headers)


def _connect(workspace: Workspace, access: Access, sockets: Sockets, request: Request) -> JSONResponse:
    """Return the address of one link of Socket Mode, on this very port."""
    try:
        scopes = access.enter(request.headers.get("authorization", ""), CONNECT)
        Call(workspace, {}, scopes).needs("connections:write")
    except SlackError as error:
        return _json({"ok": False, "error": error.code, **error.further}, {})
    url = f"ws://{request.headers['host']}{PATH}?ticket={sockets.new_ticket()}&app_id={APP_ID}"
    return _json({"ok": True, "url": url}, {})


def _respond(workspace: Workspace, path: str, body: bytes) -> PlainTextResponse:
    try:
        answer_by_url(workspace, path, body)
    except SlackError as error:
        return PlainTextResponse(json.dumps({"ok": False, "error": error.code}), status_code=404)
    return PlainTextResponse("ok")


def _unknown(_call: Call) -> dict[str, Any]:
    raise SlackError("unknown_method")


def _json(content: dict[str, Any], headers: dict[str, str], status: int = 200) -> JSONResponse:
    return JSONResponse(
        content, status, headers | {"x-slack-req-id": "sandbox"}, media_type="application/json; charset=utf-8"
    )
