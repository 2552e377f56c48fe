"""Calls an ASGI app in the caller's own thread, without a server and without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Waited(Exception):
    """The app waited for something. Nothing here ever comes: endpoints are `def`, and threads are off."""


def call(app: Any, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
    """Return the app's answer to one request. Raises what the app raises, and Waited."""
    answer: dict[str, Any] = {"body": b""}
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"], answer["headers"] = message["status"], message["headers"]
        else:
            answer["body"] += message.get("body", b"")

    _drive(app(_scope(method, url, headers, body), receive, send))
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer["headers"]}
    return HttpAnswer(status=answer["status"], headers=told, body=answer["body"])


@contextmanager
def without_threads() -> Iterator[None]:
    """Let apps run their `def` endpoints where they stand, in place of a thread pool."""

    async def here(work: Callable[..., T], *given: Any, **_limits: Any) -> T:
        return work(*given)

    with patch("anyio.to_thread.run_sync", here):
        yield


def _drive(coroutine: Any) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise Waited


def _scope(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(url)
    sent = {name.lower(): value for name, value in headers.items()}
    sent |= {"host": parts.netloc, "content-length": str(len(body))}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": (parts.hostname, parts.port or 80),
    }
