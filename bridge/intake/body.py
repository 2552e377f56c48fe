"""Reading a request's body: at most one megabyte, then strict JSON."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from bridge.intake.problems import Problem

MOST_BYTES: Final = 1_000_000


async def raw_body(request: Request) -> bytes:
    """Return the body as it came. Raises Problem 413 as soon as it is known to be too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise _too_long()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _too_long()
    return bytes(body)


def _too_long() -> Problem:
    return Problem(
        status=413,
        code="body_too_large",
        title="The body is too large",
        detail=f"A handoff may hold {MOST_BYTES} bytes. Send the newest turns, and a link to the rest.",
    )
