"""What Slack refuses in interactive elements. Source: Slack, "Block elements" and "Composition objects".

Every rule yields what is wrong with the place it is wrong at, as Slack's `response_metadata.messages` tell it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ACTION_ID = 255
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
BUTTON_URL = 3_000
PLACEHOLDER = 150
OPTION_TEXT = 75
OPTION_VALUE = 150
SELECT_OPTIONS = 100
CHOICE_OPTIONS = 10  #: of radio buttons and checkboxes
OVERFLOW_OPTIONS = 5
INPUT_LENGTH = 3_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_LABEL = 30
STYLES = frozenset({"primary", "danger"})

#: the same in actions blocks and beside sections
ACTING = frozenset(
    {
        "button",
        "overflow",
        "static_select",
        "users_select",
        "datepicker",
        "timepicker",
        "radio_buttons",
        "checkboxes",
    }
)
INPUTS = (ACTING - {"button", "overflow"}) | {"plain_text_input", "number_input"}

_ADDRESS = re.compile(r"https?://[^\s<>]+")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

Problem = tuple[str, str]  #: what is wrong, and its place below the view or message
Rule = Callable[[Mapping[str, Any], str], Iterator[Problem]]


def element_problems(element: object, at: str, among: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with an element that must be one of these kinds."""
    if not isinstance(element, dict):
        yield "must be an object", at
        return
    kind = element.get("type")
    if kind not in among:
        yield f"unsupported type: {kind}", f"{at}/type"
        return
    if len(element.get("action_id") or "") > ACTION_ID:
        yield f"must be less than {ACTION_ID + 1} characters", f"{at}/action_id"
    if element.get("placeholder") is not None:
        yield from text_problems(element["placeholder"], f"{at}/placeholder", PLACEHOLDER)
    if element.get("confirm") is not None:
        yield from _confirm_problems(element["confirm"], f"{at}/confirm")
    yield from _RULES[kind](element, at)


def text_problems(text: object, at: str, limit: int, *, plain: bool = True) -> Iterator[Problem]:
    """Yield what is wrong with a text object; `plain` refuses mrkdwn."""
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield "failed to match all allowed schemas", at
    elif not isinstance(text.get("text"), str) or not text["text"]:
        yield "must be more than 0 characters", f"{at}/text"
    elif len(text["text"]) > limit:
        yield f"must be less than {limit + 1} characters", f"{at}/text"


def options_of(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options, those of groups too."""
    groups = element.get("option_groups") or ()
    grouped = [option for group in groups if isinstance(group, dict) for option in group.get("options") or ()]
    return [one for one in [*(element.get("options") or ()), *grouped] if isinstance(one, dict)]


def _confirm_problems(confirm: object, at: str) -> Iterator[Problem]:
    if not isinstance(confirm, dict):
        yield "must be an object", at
        return
    yield from text_problems(confirm.get("title"), f"{at}/title", CONFIRM_TITLE)
    yield from text_problems(confirm.get("text"), f"{at}/text", CONFIRM_TEXT, plain=False)
    yield from text_problems(confirm.get("confirm"), f"{at}/confirm", CONFIRM_LABEL)
    yield from text_problems(confirm.get("deny"), f"{at}/deny", CONFIRM_LABEL)
    yield from _style_problems(confirm, at)


def _style_problems(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if element.get("style") not in (None, *STYLES):
        yield "must be a valid enum value", f"{at}/style"


def _button(button: Mapping[str, Any], at: str) -> Iterator[Problem]:
    yield from text_problems(button.get("text"), f"{at}/text", BUTTON_TEXT)
    yield from _style_problems(button, at)
    if len(button.get("value") or "") > BUTTON_VALUE:
        yield f"must be less than {BUTTON_VALUE + 1} characters", f"{at}/value"
    url = button.get("url")
    if url is not None and (len(url) > BUTTON_URL or not _ADDRESS.fullmatch(url)):
        yield "invalid url", f"{at}/url"


def _overflow(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    yield from _option_list(element.get("options"), f"{at}/options", OVERFLOW_OPTIONS)


def _static_select(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    options, groups = element.get("options"), element.get("option_groups")
    if (options is None) == (groups is None):
        yield "must provide either options or option_groups", at
    elif groups is not None:
        yield from _group_list(groups, f"{at}/option_groups")
    else:
        yield from _option_list(options, f"{at}/options", SELECT_OPTIONS)
    yield from _initial_option(element, at)


def _radio_buttons(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    yield from _option_list(element.get("options"), f"{at}/options", CHOICE_OPTIONS, plain=False)
    yield from _initial_option(element, at)


def _checkboxes(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    yield from _option_list(element.get("options"), f"{at}/options", CHOICE_OPTIONS, plain=False)
    initial = element.get("initial_options")
    if initial is None:
        return
    if not isinstance(initial, list) or not initial:
        yield "no fewer than 1 items allowed", f"{at}/initial_options"
    elif any(option not in options_of(element) for option in initial):
        yield "must be one of the provided options", f"{at}/initial_options"


def _initial_option(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    initial = element.get("initial_option")
    if initial is not None and initial not in options_of(element):
        yield "must be one of the provided options", f"{at}/initial_option"


def _group_list(groups: object, at: str) -> Iterator[Problem]:
    yield from _count(groups, at, SELECT_OPTIONS)
    for place, group in enumerate(groups if isinstance(groups, list) else ()):
        yield from text_problems(group.get("label"), f"{at}/{place}/label", OPTION_TEXT)
        yield from _option_list(group.get("options"), f"{at}/{place}/options", SELECT_OPTIONS)


def _option_list(options: object, at: str, most: int, *, plain: bool = True) -> Iterator[Problem]:
    yield from _count(options, at, most)
    for place, option in enumerate(options if isinstance(options, list) else ()):
        yield from _option(option, f"{at}/{place}", plain=plain)


def _option(option: object, at: str, *, plain: bool) -> Iterator[Problem]:
    if not isinstance(option, dict):
        yield "must be an object", at
        return
    yield from text_problems(option.get("text"), f"{at}/text", OPTION_TEXT, plain=plain)
    if option.get("description") is not None:
        yield from text_problems(option["description"], f"{at}/description", OPTION_TEXT, plain=plain)
    value = option.get("value")
    if not isinstance(value, str) or not value:
        yield "missing required field: value", at
    elif len(value) > OPTION_VALUE:
        yield f"must be less than {OPTION_VALUE + 1} characters", f"{at}/value"


def _count(items: object, at: str, most: int) -> Iterator[Problem]:
    if not isinstance(items, list) or not items:
        yield "no fewer than 1 items allowed", at
    elif len(items) > most:
        yield f"no more than {most} items allowed", at


def _plain_text_input(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    least, most = element.get("min_length", 0), element.get("max_length", INPUT_LENGTH)
    if not isinstance(least, int) or not 0 <= least <= INPUT_LENGTH:
        yield f"must be between 0 and {INPUT_LENGTH}", f"{at}/min_length"
    elif not isinstance(most, int) or not 1 <= most <= INPUT_LENGTH or most < least:
        yield f"must be between 1 and {INPUT_LENGTH}, and no less than min_length", f"{at}/max_length"
    elif len(element.get("initial_value") or "") > most:
        yield f"must be less than {most + 1} characters", f"{at}/initial_value"


def _number_input(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if not isinstance(element.get("is_decimal_allowed"), bool):
        yield "missing required field: is_decimal_allowed", at
    for name in ("min_value", "max_value", "initial_value"):
        value = element.get(name)
        if value is not None and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
            yield "must be a number in text", f"{at}/{name}"


def _datepicker(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if element.get("initial_date") is not None and not _DATE.fullmatch(element["initial_date"]):
        yield "must be a date as YYYY-MM-DD", f"{at}/initial_date"


def _timepicker(element: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if element.get("initial_time") is not None and not _TIME.fullmatch(element["initial_time"]):
        yield "must be a time as HH:mm", f"{at}/initial_time"


def _free(_element: Mapping[str, Any], _at: str) -> Iterator[Problem]:
    return iter(())


_RULES: Mapping[str, Rule] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _static_select,
    "users_select": _free,
    "datepicker": _datepicker,
    "timepicker": _timepicker,
    "radio_buttons": _radio_buttons,
    "checkboxes": _checkboxes,
    "plain_text_input": _plain_text_input,
    "number_input": _number_input,
}
