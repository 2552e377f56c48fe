"""The Zendesk stand-in's door: who calls, how often they may, and whether the call was answered before."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock

KEYS_LIVE = timedelta(hours=2)  #: of an Idempotency-Key
LONGEST_KEY = 255  #: characters
MINUTE = timedelta(minutes=1)
TICKET_WINDOW = timedelta(minutes=10)


@dataclass(kw_only=True, slots=True)
class Call:
    """One request as an endpoint sees it. `headers` are the answer's, and grow on the way."""

    method: str
    path: str
    base: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    sent: Mapping[str, str]  #: the request's headers, names in lower case
    body: bytes
    json: Any = None
    actor: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer outside 2xx, in the vendor's own words."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_found() -> Refusal:
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid(details: Mapping[str, Any]) -> Refusal:
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": dict(details)}
    return Refusal(422, body)


def fault(description: str, **more: Any) -> list[dict[str, Any]]:
    """Return one line of `details`."""
    return [{"description": description, "error": "InvalidValue", **more}]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Calls allowed; None switches a limit off."""

    account: int | None = 700  #: in a minute
    updates: int | None = 100  #: in a minute
    updates_of_one: int | None = 30  #: in ten minutes, by one user on one ticket
    exports: int | None = 10  #: in a minute


NO_LIMITS = Limits(account=None, updates=None, updates_of_one=None, exports=None)


class RateLimits:
    """Sliding windows by name."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self.limits = limits
        self._calls: dict[str, deque[datetime]] = {}

    def admit(self, call: Call) -> None:
        """Count the call and put the limits' headers on its answer. Raises Refusal with 429."""
        self._account(call)
        parts = call.path.strip("/").split("/")
        if call.method == "PUT" and len(parts) == 4 and parts[2] == "tickets":
            self._endpoint(call, "zendesk-ratelimit-tickets-update", self.limits.updates)
            user_id = (call.actor or {}).get("id")
            self._take(f"{user_id}:{parts[3]}", self.limits.updates_of_one, TICKET_WINDOW)
        if "/incremental/" in call.path:
            self._endpoint(call, "zendesk-ratelimit-incremental-exports-cursor", self.limits.exports)

    def _account(self, call: Call) -> None:
        total = self.limits.account
        if total is None:
            return
        left, resets = self._left("account", total, MINUTE)
        shown = str(max(0, left - 1))
        call.headers |= {
            "x-rate-limit": str(total),
            "x-rate-limit-remaining": shown,
            "ratelimit-limit": str(total),
            "ratelimit-remaining": shown,
            "ratelimit-reset": str(resets),
        }
        self._take("account", total, MINUTE)

    def _endpoint(self, call: Call, header: str, total: int | None) -> None:
        if total is None:
            return
        left, resets = self._left(header, total, MINUTE)
        call.headers[header] = f"total={total}; remaining={max(0, left - 1)}; resets={resets}"
        self._take(header, total, MINUTE)

    def _left(self, name: str, total: int, window: timedelta) -> tuple[int, int]:
        calls, now = self._calls.setdefault(name, deque()), self._clock()
        while calls and calls[0] <= now - window:
            calls.popleft()
        resets = (calls[0] + window - now) if calls else window
        return total - len(calls), max(1, round(resets.total_seconds()))

    def _take(self, name: str, total: int | None, window: timedelta) -> None:
        if total is None:
            return
        left, resets = self._left(name, total, window)
        if left <= 0:
            description = "Number of allowed API requests per minute exceeded"
            body = {"error": "APIRateLimitExceeded", "description": description}
            raise Refusal(429, body, {"Retry-After": str(resets)})
        self._calls[name].append(self._clock())


class Keys:
    """Idempotency keys and the answers they brought."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[datetime, str, int, Any]] = {}

    def earlier(self, call: Call) -> tuple[int, Any] | None:
        """Return the first answer to this key, None when it is new. Raises Refusal for another body."""
        key = call.sent.get("idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= LONGEST_KEY:
            raise Refusal(400, {"error": "IdempotentRequestError", "description": "The key is too long"})
        kept = self._kept.get(key)
        if kept is None or self._clock() - kept[0] >= KEYS_LIVE:
            call.headers["x-idempotency-lookup"] = "miss"
            return None
        if kept[1] != _digest(call):
            description = "Request parameters do not match the parameters of the request with the same key"
            raise Refusal(400, {"error": "IdempotentRequestError", "description": description})
        call.headers["x-idempotency-lookup"] = "hit"
        return kept[2], kept[3]

    def keep(self, call: Call, status: int, body: Any) -> None:
        key = call.sent.get("idempotency-key")
        if key is not None:
            self._kept[key] = (self._clock(), _digest(call), status, body)


class Door:
    """Finds out who calls: an API token with an agent's e-mail, or an OAuth token."""

    def __init__(self, users: Mapping[int, dict[str, Any]], api_token: str, oauth: Mapping[str, int]) -> None:
        self._users = users
        self._api_token = api_token
        self._oauth = dict(oauth)

    def actor(self, call: Call) -> dict[str, Any] | None:
        """Return the user, None for nobody. Raises Refusal with 401 for a wrong key."""
        kind, _, rest = call.sent.get("authorization", "").partition(" ")
        if not kind:
            return None
        found = self._by_token(rest) if kind.lower() == "basic" else self._users.get(self._oauth.get(rest, 0))
        if found is None:
            raise unauthorized()
        return found

    def _by_token(self, encoded: str) -> dict[str, Any] | None:
        try:
            name, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        email, _, way = name.rpartition("/")
        if way != "token" or token != self._api_token:
            return None
        staff = (one for one in self._users.values() if one["role"] != "end-user")
        return next((one for one in staff if one["email"] == email), None)


def unauthorized() -> Refusal:
    return Refusal(401, {"error": "Couldn't authenticate you"})


def _digest(call: Call) -> str:
    return hashlib.sha256(call.path.encode() + b"\n" + call.body).hexdigest()
