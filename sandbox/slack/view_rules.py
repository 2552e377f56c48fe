"""What Slack refuses in a view. Source: Slack, "View objects" and the errors of views.open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.content import block_problems, in_words
from sandbox.slack.elements import Problem, text_problems
from sandbox.slack.workspace import SlackError

BLOCKS = 100
TITLE = 24  #: characters; of submit and close too
PRIVATE_METADATA = 3_000
CALLBACK_ID = 255
EXTERNAL_ID = 255
BYTES = 250_000

_BOTH = frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"})
ALLOWED: Mapping[str, frozenset[str]] = {
    "modal": _BOTH | {"title", "close", "submit", "clear_on_close", "notify_on_close"},
    "home": _BOTH,
}
_LIMITS = {"private_metadata": PRIVATE_METADATA, "callback_id": CALLBACK_ID, "external_id": EXTERNAL_ID}


def checked_view(view: object, kind: str) -> dict[str, Any]:
    """Return a view of this type, "modal" or "home". Raises SlackError with what is wrong, as Slack words it."""
    if not isinstance(view, dict):
        raise _refused([("missing required field: view", "")])
    if len(json.dumps(view, ensure_ascii=False).encode()) > BYTES:
        raise SlackError("view_too_large")
    problems = list(_view_problems(view, kind))
    if problems:
        raise _refused([("failed to match all allowed schemas", "/view"), *problems])
    return view


def _refused(problems: list[Problem]) -> SlackError:
    return SlackError("invalid_arguments", response_metadata={"messages": in_words(problems)})


def _view_problems(view: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    if view.get("type") != kind:
        yield f"unsupported type: {view.get('type')}", "/view/type"
        return
    for name in sorted(set(view) - ALLOWED[kind]):
        yield f"invalid additional property: {name}", "/view"
    if kind == "modal":
        yield from _modal_problems(view)
    for name, limit in _LIMITS.items():
        if len(view.get(name) or "") > limit:
            yield f"must be less than {limit + 1} characters", f"/view/{name}"
    yield from _content_problems(view.get("blocks"))


def _modal_problems(view: Mapping[str, Any]) -> Iterator[Problem]:
    if view.get("title") is None:
        yield "missing required field: title", "/view"
    for name in ("title", "submit", "close"):
        if view.get(name) is not None:
            yield from text_problems(view[name], f"/view/{name}", TITLE)
    if view.get("submit") is None and isinstance(view.get("blocks"), list):
        for place, block in enumerate(view["blocks"]):
            if isinstance(block, dict) and block.get("type") == "input":
                yield "must define `submit` to use `input` block", f"/view/blocks/{place}/input"


def _content_problems(blocks: object) -> Iterator[Problem]:
    if not isinstance(blocks, list):
        yield "missing required field: blocks", "/view"
    elif not all(isinstance(block, dict) for block in blocks):
        yield "must be an object", "/view/blocks"
    else:
        yield from block_problems(blocks, "/view/blocks", BLOCKS)
