"""Names for new rows: they sort by the time they were made and cannot be guessed."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

RANDOM_BYTES: Final = 8


def new_id(prefix: str, now: datetime) -> str:
    """Return `prefix_` and 28 hexadecimal digits: milliseconds since 1970, then chance."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}_{milliseconds:012x}{secrets.token_hex(RANDOM_BYTES)}"
