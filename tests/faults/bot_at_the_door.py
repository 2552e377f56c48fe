"""A bot that calls the front door over real HTTP, with a bearer key or by signing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import requests
from vendors_town import Town

from bridge.accounts import MAIN, NewKey
from bridge.security.signatures import sign


def asking(**parts: Any) -> dict[str, Any]:
    """Return the least that hands a conversation over, with `parts` in addition."""
    return {"conversation_id": "wa-1", "channel": "whatsapp", "trigger": {"kind": "asked"}, **parts}


@dataclass(frozen=True)
class Door:
    url: str
    key: NewKey
    clock: Callable[[], datetime]

    @classmethod
    def to(cls, town: Town, account_id: str = MAIN) -> Self:
        """Make a key of the account and return the door it opens."""
        bridge = town.bridge
        key = bridge.database.transact(
            lambda tx: bridge.accounts.create_key(tx, account_id, "bot", town.clock())
        )
        return cls(f"{town.url}/v1/handoffs", key, town.clock)

    def call(
        self, method: str, path: str = "", body: Any = b"", headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Call with the bearer key, and with the key named for retries in `headers` if any."""
        bearer = {"Authorization": f"Bearer {self.key.bearer}"}
        return self.as_it_is(method, path, body, bearer | (headers or {}))

    def post(self, body: Any, path: str = "", **headers: str) -> requests.Response:
        return self.call("POST", path, body, headers)

    def look(self, handoff_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/{handoff_id}")
        answer.raise_for_status()
        return dict(answer.json())

    def signed(self, body: bytes, *, message_id: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
        """Return the headers that sign a body by Standard Webhooks."""
        headers = sign([self.key.signing_secret], message_id, at or self.clock(), body)
        return {**headers, "Handoff-Key": self.key.key_id}

    def as_it_is(self, method: str, path: str, body: Any, headers: dict[str, str]) -> requests.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.request(method, self.url + path, data=raw, headers=headers, timeout=10)
