"""Names for new rows: they sort by the time they were made and cannot be guessed."""

from __future__ import annotations

import os
import re
import secrets
import threading
from datetime import UTC, datetime
from typing import Final

RANDOM_BYTES: Final = 8
DRAWN_BYTES: Final = 4096
_HANDOFF_ID: Final = re.compile(r"ho_([0-9a-f]{12})[0-9a-f]{16}")


class _Chance:
    """The system's chance, drawn for many ids at once: while one draws, every other thread goes first."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # or both would go on with the same bytes

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._left = b""

    def take(self, size: int) -> bytes:
        with self._lock:
            if len(self._left) < size:
                self._left = secrets.token_bytes(DRAWN_BYTES)
            taken, self._left = self._left[:size], self._left[size:]
        return taken


_CHANCE: Final = _Chance()


def new_id(prefix: str, now: datetime) -> str:
    """Return `prefix_` and 28 hexadecimal digits: milliseconds since 1970, then chance."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}_{milliseconds:012x}{_CHANCE.take(RANDOM_BYTES).hex()}"


def made_at(text: str) -> datetime | None:
    """Return when the handoff of this id was accepted; None for what is no handoff's id."""
    found = _HANDOFF_ID.fullmatch(text)
    return datetime.fromtimestamp(int(found[1], 16) / 1000, UTC) if found else None
