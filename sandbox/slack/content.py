"""What Slack refuses in blocks, of messages and of views. Source: Slack, Block Kit reference and chat.postMessage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.slack.elements import ACTING, INPUTS, Problem, element_problems, text_problems
from sandbox.slack.workspace import SlackError

TEXT_KEPT = 40_000  #: characters; the rest is cut
BLOCKS = 50
SECTION_TEXT = 3_000
HEADER_TEXT = 150
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
FIELDS = 10
FIELD_TEXT = 2_000
LABEL_TEXT = 2_000  #: of an input's label and hint
BLOCK_ID = 255
ALL_BLOCKS = 13_200  #: characters; undocumented, bolt-js issue 2509
KINDS = frozenset(
    {"section", "context", "actions", "header", "divider", "image", "input", "markdown", "rich_text", "video"}
)


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
    wrong = in_words(block_problems(blocks, "/blocks", BLOCKS))
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


def in_words(problems: Iterable[Problem]) -> list[str]:
    """Return problems as `response_metadata.messages` holds them."""
    return [f"[ERROR] {what} [json-pointer:{where}]" for what, where in problems]


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each interactive element with the block it sits in."""
    for block in blocks:
        for element in (*(block.get("elements") or ()), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and element.get("type") in ACTING | INPUTS:
                yield block, element


def buttons(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each button with the block it sits in."""
    return ((block, one) for block, one in elements(blocks) if one["type"] == "button")


def block_problems(blocks: list[dict[str, Any]], at: str, most: int) -> Iterator[Problem]:
    """Yield what is wrong with a list of blocks that stands at this place."""
    if len(blocks) > most:
        yield f"no more than {most} items allowed", at
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        yield from _block_problems(block, f"{at}/{place}")
        yield from _id_problems(block, f"{at}/{place}", seen)


def _id_problems(block: dict[str, Any], at: str, seen: set[str]) -> Iterator[Problem]:
    block_id = block.get("block_id")
    if block_id and len(block_id) > BLOCK_ID:
        yield f"must be less than {BLOCK_ID + 1} characters", f"{at}/block_id"
    if block_id and block_id in seen:
        yield f"block_id `{block_id}` already exists", f"{at}/block_id"
    if block_id:
        seen.add(block_id)
    ids = [element.get("action_id") for _, element in elements([block]) if element.get("action_id")]
    if len(ids) != len(set(ids)):
        yield "action_id already exists", at


def _block_problems(block: dict[str, Any], at: str) -> Iterator[Problem]:
    match block.get("type"):
        case "section":
            yield from _section_problems(block, at)
        case "header":
            yield from text_problems(block.get("text"), f"{at}/text", HEADER_TEXT)
        case "context":
            yield from _count_problems(block, f"{at}/elements", CONTEXT_ELEMENTS)
            for place, element in enumerate(block.get("elements") or ()):
                yield from _context_problems(element, f"{at}/elements/{place}")
        case "actions":
            yield from _count_problems(block, f"{at}/elements", ACTION_ELEMENTS)
            for place, element in enumerate(block.get("elements") or ()):
                yield from element_problems(element, f"{at}/elements/{place}", ACTING)
        case "input":
            yield from _input_problems(block, at)
        case kind if kind not in KINDS:
            yield f"unsupported type: {kind}", at


def _section_problems(block: dict[str, Any], at: str) -> Iterator[Problem]:
    fields = block.get("fields")
    if block.get("text") is not None or not fields:
        yield from text_problems(block.get("text"), f"{at}/text", SECTION_TEXT, plain=False)
    if fields and len(fields) > FIELDS:
        yield f"no more than {FIELDS} items allowed", f"{at}/fields"
    for place, one in enumerate(fields or ()):
        yield from text_problems(one, f"{at}/fields/{place}", FIELD_TEXT, plain=False)
    accessory = block.get("accessory")
    if accessory is not None and not (isinstance(accessory, dict) and accessory.get("type") == "image"):
        yield from element_problems(accessory, f"{at}/accessory", ACTING)


def _context_problems(element: object, at: str) -> Iterator[Problem]:
    if not (isinstance(element, dict) and element.get("type") == "image"):
        yield from text_problems(element, at, SECTION_TEXT, plain=False)


def _input_problems(block: dict[str, Any], at: str) -> Iterator[Problem]:
    yield from text_problems(block.get("label"), f"{at}/label", LABEL_TEXT)
    if block.get("hint") is not None:
        yield from text_problems(block["hint"], f"{at}/hint", LABEL_TEXT)
    yield from element_problems(block.get("element"), f"{at}/element", INPUTS)


def _count_problems(block: dict[str, Any], at: str, limit: int) -> Iterator[Problem]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield "no fewer than 1 items allowed", at
    elif len(elements) > limit:
        yield f"no more than {limit} items allowed", at


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
