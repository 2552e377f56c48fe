"""The Freshdesk stand-in's door: who calls, how often they may, and refusals in the vendor's words."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock

MINUTE = timedelta(minutes=1)


@dataclass(kw_only=True, slots=True)
class Call:
    """One request as an endpoint sees it. `headers` are the answer's, and grow on the way."""

    method: str
    path: str  #: below /api/v2/
    address: str  #: the whole, without the query
    params: Mapping[str, str]
    query: Mapping[str, str]
    sent: Mapping[str, str]  #: the request's headers, names in lower case
    json: Any = None
    files: list[dict[str, Any]] = field(default_factory=list)  #: attachments of a form, name and size
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer outside 2xx, in the vendor's own words. `body` is None for an empty one."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_found() -> Refusal:
    return Refusal(404)


def fault(name: str, code: str, message: str) -> dict[str, Any]:
    return {"field": name, "message": message, "code": code}


def invalid(*faults: dict[str, Any], status: int = 400) -> Refusal:
    return Refusal(status, {"description": "Validation failed", "errors": list(faults)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Calls allowed in a minute, by the whole account; None switches a limit off."""

    account: int | None = 200
    creates: int | None = 80
    updates: int | None = 80
    lists: int | None = 20  #: of tickets, and as many of contacts


GROWTH = Limits()
NO_LIMITS = Limits(account=None, creates=None, updates=None, lists=None)


class RateLimits:
    """Sliding windows. A refused call counts too, as it does at Freshdesk."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self.limits = limits
        self._calls: dict[str, deque[datetime]] = {}

    def admit(self, call: Call) -> None:
        """Count the call and put the account's headers on its answer. Raises Refusal with 429."""
        cost = _cost(call)
        wait = self._take("account", self.limits.account, cost)
        if self.limits.account is not None:
            left = max(0, self.limits.account - len(self._calls["account"]))
            call.headers |= {
                "X-RateLimit-Total": str(self.limits.account),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Used-CurrentRequest": str(cost),
            }
        name, limit = self._own_limit(call)
        wait = max(wait, self._take(name, limit, 1))
        if wait:
            call.headers["X-RateLimit-Used-CurrentRequest"] = "0"
            body = {"message": "You have exceeded the limit of requests per minute"}
            raise Refusal(429, body, {"Retry-After": str(wait)})

    def _own_limit(self, call: Call) -> tuple[str, int | None]:
        match call.method, call.path.split("/"):
            case "POST", ["tickets"]:
                return "creates", self.limits.creates
            case "PUT", ["tickets", _]:
                return "updates", self.limits.updates
            case "GET", ["tickets" | "contacts" as what]:
                return f"lists of {what}", self.limits.lists
        return "", None

    def _take(self, name: str, limit: int | None, cost: int) -> int:
        """Count the call; return the seconds to wait when it is one too many, 0 when it may pass."""
        if limit is None:
            return 0
        calls, now = self._calls.setdefault(name, deque()), self._clock()
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        over = len(calls) + cost > limit
        calls.extend([now] * cost)
        return max(1, round((calls[0] + MINUTE - now).total_seconds())) if over else 0


def is_known(call: Call, api_key: str) -> bool:
    """Return whether the call carries the key, as the user of Basic auth with any password."""
    kind, _, encoded = call.sent.get("authorization", "").partition(" ")
    try:
        user = base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and user == api_key


def unauthorized() -> Refusal:
    message = "You have to be logged in to perform this action."
    return Refusal(401, {"code": "invalid_credentials", "message": message})


def _cost(call: Call) -> int:
    """Return the calls that this one counts for: each part included in a list of tickets costs two more."""
    parts = [part for part in call.query.get("include", "").split(",") if part]
    return 1 + 2 * len(parts) if call.path == "tickets" else 1 + len(parts)
