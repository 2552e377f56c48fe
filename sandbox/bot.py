"""A small bot's side of the bridge: it hands over, passes on what the customer writes, takes callbacks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import requests
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from standardwebhooks import Webhook, WebhookVerificationError

from sandbox.chat import Conversation, Line, Side
from sandbox.clock import Clock, system_clock

TIMEOUT_SECONDS = 10.0
CALLBACK_PATH = "/bot/callback"
#: what the chat's head says after each of the bridge's events
STATES = {
    "handoff.accepted": "waiting for a person",
    "handoff.claimed": "a person has it",
    "handoff.answered": "talking to a person",
    "handoff.resolved": "settled",
    "handoff.withdrawn": "withdrawn",
    "handoff.failed": "failed",
}


class BridgeError(Exception):
    """The bridge refused or did not answer. `status` is None without an answer; `problem` is its text."""

    def __init__(self, status: int | None, problem: str) -> None:
        super().__init__(f"the bridge answered {status}: {problem}" if status else problem)
        self.status = status
        self.problem = problem


class BotStandIn:
    """Keeps one chat for each conversation. Safe for threads.

    `secret` is the callbacks' Standard Webhooks secret ("whsec_..."); None takes them unsigned.
    `app` serves `POST /bot/callback`, and so does `router` inside another app.
    """

    def __init__(self, *, clock: Clock = system_clock, secret: str | None = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._conversations: dict[str, Conversation] = {}
        self._events: list[dict[str, Any]] = []
        self._seen: set[str] = set()
        self._bridge_url: str | None = None
        self._key = ""
        self._secret = secret
        self.callback_url: str | None = None  #: put into a handoff that names none
        self.router = APIRouter()
        self.router.post(CALLBACK_PATH, status_code=204)(self._callback)
        self.app = FastAPI(openapi_url=None)
        self.app.include_router(self.router)

    def connect(self, bridge_url: str, key: str, *, secret: str | None = None) -> None:
        """Tell where the bridge is. `key` is the bearer key; a `secret` replaces the one before."""
        with self._lock:
            self._bridge_url, self._key = bridge_url.rstrip("/"), key
            self._secret = secret or self._secret

    @property
    def connected(self) -> bool:
        return self._bridge_url is not None

    def hand_off(self, payload: Mapping[str, Any], *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Pass a conversation to people and return the bridge's answer. Raises BridgeError.

        Without an `idempotency_key` the same payload has the same one, so a retry is safe.
        """
        body = dict(payload)
        if self.callback_url:
            body.setdefault("callback_url", self.callback_url)
        with self._lock:
            self._conversation(body["conversation_id"]).begin(body, self._clock())
        answer = self._post("/v1/handoffs", body, {"Idempotency-Key": idempotency_key or _key_for(body)})
        with self._lock:
            self._remember(self._conversation(body["conversation_id"]), answer)
        return answer

    def say(self, conversation_id: str, text: str) -> None:
        """The customer writes. Raises BridgeError when people have it but could not be told."""
        line = Line(at=self._clock(), side=Side.CUSTOMER, text=text)
        with self._lock:
            conversation = self._conversation(conversation_id)
            conversation.lines.append(line)
            handoff_id = conversation.handoff_id
        if handoff_id is None:
            return
        turn = {"speaker": "customer", "text": text, "at": line.at.isoformat()}
        try:
            self._post(f"/v1/handoffs/{handoff_id}/messages", {"messages": [turn]}, {})
        except BridgeError:
            with self._lock:
                self._mark_undelivered(conversation, line)
            raise

    def withdraw(self, conversation_id: str, reason: str) -> None:
        """The customer left, or the bot takes the conversation back. Raises BridgeError; LookupError for none."""
        with self._lock:
            handoff_id = self._conversations[conversation_id].handoff_id
        if handoff_id is None:
            raise LookupError(conversation_id)
        self._post(f"/v1/handoffs/{handoff_id}/withdraw", {"reason": reason}, {})

    def chat(self, conversation_id: str) -> tuple[Line, ...]:
        """Return what the customer sees, oldest first; empty for a conversation that never was."""
        with self._lock:
            known = self._conversations.get(conversation_id)
            return tuple(known.lines) if known else ()

    def events(self) -> tuple[dict[str, Any], ...]:
        """Return the callbacks as they came, each `webhook-id` once."""
        with self._lock:
            return tuple(self._events)

    def snapshot(self) -> dict[str, Any]:
        with self._lock:
            conversations = [known.snapshot() for known in self._conversations.values()]
            return {"connected": self.connected, "conversations": conversations}

    def clear(self) -> None:
        with self._lock:
            self._conversations.clear()
            self._events.clear()
            self._seen.clear()

    async def _callback(self, request: Request) -> Response:
        body = await request.body()
        await run_in_threadpool(self._take, dict(request.headers), body)
        return Response(status_code=204)

    def _take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Verify a callback and show it. Raises HTTPException: 401 unsigned, 400 unreadable."""
        self._verify(headers, body)
        try:
            event = json.loads(body)
            data = event["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise HTTPException(400, "not an event") from error
        with self._lock:
            if not self._is_new(headers.get("webhook-id")):
                return
            self._events.append(event)
            conversation = self._meant_by(event, data)
            if conversation is not None:
                self._show(conversation, str(event.get("type", "")), data)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if self._secret is None:
            return
        try:
            Webhook(self._secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:  # ValueError: a header that cannot be read
            raise HTTPException(401, "not signed by the bridge") from error

    def _is_new(self, event_id: str | None) -> bool:
        if event_id in self._seen:
            return False
        if event_id:
            self._seen.add(event_id)
        return True

    def _meant_by(self, event: Mapping[str, Any], data: Mapping[str, Any]) -> Conversation | None:
        said = {**event, **data}
        named = said.get("conversation_id")
        if named:
            return self._conversation(str(named))
        handoff_id = said.get("handoff_id")
        return next(
            (c for c in self._conversations.values() if handoff_id and c.handoff_id == handoff_id), None
        )

    def _show(self, conversation: Conversation, event: str, data: Mapping[str, Any]) -> None:
        conversation.handoff_id = data.get("handoff_id") or conversation.handoff_id
        conversation.state = STATES.get(event, conversation.state)
        message = data.get("message") or {}
        if message.get("text") or message.get("attachments"):
            conversation.show(message, event, self._clock())
        if data.get("customer_text"):
            conversation.tell(data["customer_text"], event, self._clock())

    def _conversation(self, conversation_id: str) -> Conversation:
        return self._conversations.setdefault(conversation_id, Conversation(conversation_id=conversation_id))

    def _remember(self, conversation: Conversation, answer: Mapping[str, Any]) -> None:
        conversation.handoff_id = answer.get("handoff_id") or answer.get("id")
        if conversation.state == "with the bot":
            conversation.state = STATES["handoff.accepted"]
        text = answer.get("customer_text")
        if text:
            conversation.tell(text, "handoff.accepted", self._clock())

    def _mark_undelivered(self, conversation: Conversation, line: Line) -> None:
        place = next(place for place, known in enumerate(conversation.lines) if known is line)
        conversation.lines[place] = Line(at=line.at, side=line.side, text=line.text, undelivered=True)

    def _post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if self._bridge_url is None:
            raise BridgeError(None, "the bot has not been told where the bridge is")
        try:
            response = requests.post(
                self._bridge_url + path,
                json=body,
                headers={"Authorization": f"Bearer {self._key}", **headers},
                timeout=TIMEOUT_SECONDS,
            )
        except requests.RequestException as error:
            raise BridgeError(None, f"the bridge did not answer ({type(error).__name__})") from error
        if not response.ok:
            raise BridgeError(response.status_code, response.text[:500])
        return dict(response.json()) if response.content else {}


def _key_for(payload: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()
    return f"bot-{digest[:32]}"
