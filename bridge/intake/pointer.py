"""Where in a document something stands. Source: RFC 6901, JSON Pointer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.handoffs.redaction import mask

#: a step is somebody's member name; more of it is not repeated to them
LONGEST_STEP: Final = 60


def pointer(steps: Iterable[str | int]) -> str:
    """Return the JSON pointer along member names and list places; empty for the whole document.

    Names are masked, long ones cut, and signs that cannot be shown or encoded become U+FFFD.
    """
    return "".join(f"/{_step(str(step))}" for step in steps)


def _step(step: str) -> str:
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in mask(step)[:LONGEST_STEP])
    return shown.replace("~", "~0").replace("/", "~1")
