"""What Slack refuses in a message. Source: Slack, Block Kit reference and chat.postMessage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.slack.workspace import SlackError

TEXT_KEPT = 40_000  #: characters; the rest is cut
BLOCKS = 50
SECTION_TEXT = 3_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
FIELDS = 10
FIELD_TEXT = 2_000
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
BUTTON_URL = 3_000
ACTION_ID = 255
ALL_BLOCKS = 13_200  #: characters; undocumented, bolt-js issue 2509
KINDS = frozenset(
    {"section", "context", "actions", "header", "divider", "image", "input", "markdown", "rich_text", "video"}
)

_ADDRESS = re.compile(r"https?://[^\s<>]+")


def checked_text(text: str, blocks: list[dict[str, Any]]) -> str:
    """Return the text as kept. Raises SlackError where there is nothing to show."""
    if not text and not blocks:
        raise SlackError("no_text")
    return text[:TEXT_KEPT]


def checked_blocks(blocks: object) -> list[dict[str, Any]]:
    """Return the blocks. Raises SlackError with what is wrong, in Slack's manner."""
    if blocks in (None, ""):
        return []
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    wrong = [f"[ERROR] {problem}" for problem in _problems(blocks)]
    if wrong:
        raise SlackError("invalid_blocks", response_metadata={"messages": wrong})
    if sum(len(text) for block in blocks for text in _texts(block)) > ALL_BLOCKS:
        raise SlackError("msg_blocks_too_long")
    return blocks


def checked_metadata(metadata: object) -> dict[str, Any] | None:
    if metadata in (None, "", {}):
        return None
    if (
        not isinstance(metadata, dict)
        or not isinstance(metadata.get("event_type"), str)
        or not isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")
    return metadata


def buttons(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each button with the block it sits in."""
    for block in blocks:
        for element in block.get("elements") or ():
            if isinstance(element, dict) and element.get("type") == "button":
                yield block, element


def _problems(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if len(blocks) > BLOCKS:
        yield f"no more than {BLOCKS} items allowed [json-pointer:/blocks]"
    for place, block in enumerate(blocks):
        for problem in _block_problems(block):
            yield f"{problem} [json-pointer:/blocks/{place}]"


def _block_problems(block: dict[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from _section_problems(block)
        case "header":
            yield from _text_problems(block.get("text"), HEADER_TEXT)
        case "context":
            yield from _element_problems(block, CONTEXT_ELEMENTS)
            for element in block.get("elements") or ():
                yield from _text_problems(element, SECTION_TEXT)
        case "actions":
            yield from _element_problems(block, ACTION_ELEMENTS)
        case kind if kind not in KINDS:
            yield f"unsupported type: {kind}"
    ids = [button.get("action_id") for _, button in buttons([block])]
    if len(ids) != len(set(ids)):
        yield "action_id already exists"
    for _, button in buttons([block]):
        yield from _button_problems(button)


def _section_problems(block: dict[str, Any]) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is not None or not fields:
        yield from _text_problems(block.get("text"), SECTION_TEXT)
    if fields and len(fields) > FIELDS:
        yield f"no more than {FIELDS} items allowed"
    for one in fields or ():
        yield from _text_problems(one, FIELD_TEXT)


def _text_problems(text: object, limit: int) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in ("mrkdwn", "plain_text"):
        yield "missing required field: text"
    elif not text.get("text"):
        yield "must be more than 0 characters"
    elif len(text["text"]) > limit:
        yield f"must be less than {limit + 1} characters"


def _element_problems(block: dict[str, Any], limit: int) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield "no fewer than 1 items allowed"
    elif len(elements) > limit:
        yield f"no more than {limit} items allowed"


def _button_problems(button: dict[str, Any]) -> Iterator[str]:
    label = button.get("text")
    if not isinstance(label, dict) or label.get("type") != "plain_text":
        yield "a button's text must be plain_text"
    elif not 0 < len(label.get("text", "")) <= BUTTON_TEXT:
        yield f"must be less than {BUTTON_TEXT + 1} characters"
    if len(button.get("value") or "") > BUTTON_VALUE or len(button.get("action_id") or "") > ACTION_ID:
        yield "value or action_id too long"
    url = button.get("url")
    if url is not None and (len(url) > BUTTON_URL or not _ADDRESS.fullmatch(url)):
        yield "invalid url"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
