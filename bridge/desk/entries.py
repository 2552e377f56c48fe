"""One entry of the file against its schema, every fault of it noted in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bridge.desk.mistakes import Complaints, Place

EntryT = TypeVar("EntryT", bound=BaseModel)

#: pydantic's kinds of error whose own words need a remedy beside them
REMEDIES = {
    "string_type": ("must be text", "put it in quotes"),
    "string_too_short": ("is empty", "write a word or leave the key out"),
    "tuple_type": ("must be a list", "write [one, two]"),
    "dict_type": ("must be a mapping", "write key: value pairs"),
    "model_type": ("must be a mapping", "write key: value pairs"),
    "too_short": ("is empty", "name at least one"),
    "bool_type": ("must be true or false", "write true or leave the key out"),
    "bool_parsing": ("must be true or false", "write true or leave the key out"),
}
DATES = ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact")
TIMES = ("datetime_type", "datetime_parsing", "datetime_from_date_parsing")
BOUNDS = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
}


def read_entry(model: type[EntryT], raw: Any, place: Place, complaints: Complaints) -> EntryT | None:
    """Return the entry, or None when it has faults, which are then noted."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            _note(model, fault, place, complaints)
        return None


def mapping_at(raw: Any, place: Place, complaints: Complaints) -> Iterator[tuple[str, Any, Place]]:
    """Yield each key and value of a section that must be a mapping, with its place."""
    if raw is None:
        return
    if not isinstance(raw, dict):
        complaints.add(place, "must be a mapping", "write name: … pairs")
        return
    for key, value in raw.items():
        yield key, value, (*place, key)


def list_at(raw: Any, place: Place, complaints: Complaints) -> Iterator[tuple[int, Any, Place]]:
    """Yield each item of a section that must be a list, numbered from 0, with its place."""
    if raw is None:
        return
    if not isinstance(raw, list):
        complaints.add(place, "must be a list", "begin each entry with a dash")
        return
    for number, item in enumerate(raw):
        yield number, item, (*place, number)


def _note(model: type[BaseModel], fault: ErrorDetails, place: Place, complaints: Complaints) -> None:
    kind, context = fault["type"], fault.get("ctx", {})
    inner: Place = (*place, *fault["loc"])
    if kind == "desk":
        complaints.add(inner, context["problem"], context["remedy"])
    elif kind == "missing":
        complaints.add(inner, "is missing", f"add {inner[-1]}: …")
    elif kind == "extra_forbidden":
        complaints.unknown(inner, "key", str(inner[-1]), _known_keys(model, fault["loc"]))
    elif kind in ("literal_error", "enum"):
        complaints.add(inner, "is not a word known here", f"write {context['expected']}")
    else:
        complaints.add(inner, *_in_plain_words(kind, context, fault["msg"]))


def _in_plain_words(kind: str, context: dict[str, Any], message: str) -> tuple[str, str]:
    if kind in REMEDIES:
        return REMEDIES[kind]
    if kind in BOUNDS:
        return f"must be {BOUNDS[kind].format(**context)}", "change the number"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters", "shorten it"
    if kind in DATES:
        return "is not a date", "write a day that exists, such as 2026-11-02"
    if kind in TIMES:
        return "is not a time", "write 2026-11-02T09:00, with +05:30 behind it for another zone"
    if kind in ("float_type", "float_parsing", "int_type", "int_parsing"):
        return "must be a number", "write digits alone, without a unit"
    return message[:1].lower() + message[1:], "look at the desk file's reference"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand where an unknown one was found, within a list of entries too."""
    for step in loc[:-1]:
        inner = model.model_fields.get(str(step))
        entry = _entry_of(inner.annotation) if inner else None
        model = entry or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _entry_of(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next(
        (found for found in candidates if isinstance(found, type) and issubclass(found, BaseModel)), None
    )
