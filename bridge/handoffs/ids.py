"""Names for new rows: they sort by the time they were made and cannot be guessed."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Final

RANDOM_BYTES: Final = 8
_HANDOFF_ID: Final = re.compile(r"ho_([0-9a-f]{12})[0-9a-f]{16}")


def new_id(prefix: str, now: datetime) -> str:
    """Return `prefix_` and 28 hexadecimal digits: milliseconds since 1970, then chance."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}_{milliseconds:012x}{secrets.token_hex(RANDOM_BYTES)}"


def made_at(text: str) -> datetime | None:
    """Return when the handoff of this id was accepted; None for what is no handoff's id."""
    found = _HANDOFF_ID.fullmatch(text)
    return datetime.fromtimestamp(int(found[1], 16) / 1000, UTC) if found else None
