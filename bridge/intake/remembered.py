"""Keys that were good a moment ago, so that not every call must ask the store whose key it carries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.accounts import KEYS_CHANGED, Caller
from bridge.security.keys import hash_key
from bridge.store import Database

#: a key opens nothing any more so long after another process has revoked it, and at once where this one has
LONGEST: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    caller: Caller
    until: datetime


class RememberedKeys:
    """Bearer keys by their digests. Signed requests are not remembered: each must be verified."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._wakeups = database.wakeups
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._seen = -1
        self._lock = threading.Lock()

    def recall(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the caller, None when the store must be asked. `headers` has lower-case names."""
        digest = _digest(headers)
        with self._lock:
            self._forget_if_keys_changed()
            known = self._known.get(digest) if digest else None
        return known.caller if known and self._clock() < known.until else None

    def ask(self, headers: Mapping[str, str], ask: Callable[[], Caller]) -> Caller:
        """Return whom `ask` finds in the store, and remember it. Raises what `ask` raises."""
        with self._lock:
            self._forget_if_keys_changed()
            seen, until = self._seen, self._clock() + LONGEST
        caller, digest = ask(), _digest(headers)
        if digest:
            with self._lock:
                # A key that was revoked while we asked must not be remembered.
                if seen == self._seen:
                    self._known[digest] = _Known(caller=caller, until=until)
        return caller

    def _forget_if_keys_changed(self) -> None:
        seen = self._wakeups.count(KEYS_CHANGED)
        if seen != self._seen:
            self._seen = seen
            self._known.clear()


def _digest(headers: Mapping[str, str]) -> str | None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return hash_key(bearer.strip()) if scheme.lower() == "bearer" and bearer else None
