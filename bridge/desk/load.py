"""Reads a desk file whole: either a desk without a mistake, or every mistake at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from bridge.desk import words
from bridge.desk.document import read_document
from bridge.desk.entries import read_entry
from bridge.desk.known import Known, known_names
from bridge.desk.mistakes import Complaints, DeskRefused, Mistake, did_you_mean
from bridge.desk.model import Desk
from bridge.desk.read_people import read_channels, read_people
from bridge.desk.read_policies import read_calendars, read_policies
from bridge.desk.read_roster import read_feeds, read_overrides, read_shifts
from bridge.desk.read_routes import read_routes
from bridge.desk.schema import REQUIRED_SECTIONS, SECTIONS, FallbackEntry, HandingOnEntry
from bridge.roster.model import Roster
from bridge.routing.model import Fallback

LARGEST_BYTES = 1024 * 1024


def load_desk(path: Path, vendors: frozenset[str]) -> Desk:
    """Read the desk file at `path`. `vendors` are the names whose ids people may carry.

    Raises DeskRefused with every mistake, also when the file cannot be read.
    """
    return read_desk(desk_text(path), path.name, vendors)


def desk_text(path: Path) -> str:
    """Return the text of a desk file. Raises DeskRefused when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(
            path, f"cannot be read: {error.strerror}", "check the path and its rights"
        ) from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is not text in UTF-8", "save the file as UTF-8") from None


def read_desk(text: str, file_name: str, vendors: frozenset[str]) -> Desk:
    """Read a desk from text; `file_name` stands in its mistakes. Raises DeskRefused with all of them."""
    document = read_document(text, file_name)
    complaints, data = document.complaints, document.data
    if not isinstance(data, dict):
        complaints.add((), "the file holds no mapping", "begin with timezone: and people:")
        complaints.raise_if_any()
    _check_sections(data, complaints)
    desk = _desk(data, vendors, complaints)
    complaints.raise_if_any()
    return desk


def _check_sections(data: dict[str, Any], complaints: Complaints) -> None:
    for name in data:
        if name not in SECTIONS:
            complaints.unknown((name,), "key", name, SECTIONS)
    for name in REQUIRED_SECTIONS:
        if data.get(name) in (None, {}, []):
            complaints.add((name,), "is missing", f"add {name}: …")


def _desk(data: dict[str, Any], vendors: frozenset[str], complaints: Complaints) -> Desk:
    known = known_names(data, complaints)
    zone = _zone(data, complaints)
    calendars = read_calendars(data.get("calendars"), zone, complaints)
    handing_on = _handing_on(data, complaints)
    return Desk(
        zone=zone,
        roster=Roster(
            zone=zone,
            people=read_people(data.get("people"), vendors, complaints),
            shifts=read_shifts(data.get("shifts"), zone, known),
            overrides=read_overrides(data.get("overrides"), zone, known),
        ),
        feeds=read_feeds(data.get("feeds"), known),
        channels=read_channels(data.get("channels"), complaints),
        routes=read_routes(data.get("routes"), known),
        policies=read_policies(data.get("sla"), calendars, known),
        helpdesk=_helpdesk(data.get("helpdesk"), vendors, complaints),
        fallback=_fallback(data.get("fallback"), known),
        language=_language(data.get("language"), complaints),
        shift_change=handing_on.shift_change,
        reopen_within=timedelta(hours=handing_on.reopen_within_hours),
    )


def _zone(data: dict[str, Any], complaints: Complaints) -> str:
    """Return the desk's zone; UTC stands in for one that is noted as missing or unknown."""
    written = data.get("timezone")
    if written is None:
        return "UTC"
    try:
        return words.zone(written)
    except PydanticCustomError as error:
        complaints.add_error(("timezone",), error)
        return "UTC"


def _language(written: Any, complaints: Complaints) -> str | None:
    if written is None:
        return None
    try:
        return words.locale(written)
    except PydanticCustomError as error:
        complaints.add_error(("language",), error)
        return None


def _helpdesk(written: Any, vendors: frozenset[str], complaints: Complaints) -> str | None:
    if written is None:
        return None
    if not isinstance(written, str):
        complaints.add(("helpdesk",), "must be the name of one connection", did_you_mean("", vendors))
        return None
    if written not in vendors:
        complaints.unknown(("helpdesk",), "connection", written, vendors)
    return written


def _fallback(written: Any, known: Known) -> Fallback:
    entry = read_entry(FallbackEntry, {} if written is None else written, ("fallback",), known.complaints)
    if entry is None:
        return Fallback()
    lead = known.maybe_person(entry.lead, ("fallback", "lead"))
    return Fallback(card_channel=entry.card_channel, lead=lead)


def _handing_on(data: dict[str, Any], complaints: Complaints) -> HandingOnEntry:
    """Return the two keys as written; what is ordinary stands in for one that is noted as a mistake."""
    written = {name: data[name] for name in HandingOnEntry.model_fields if data.get(name) is not None}
    return read_entry(HandingOnEntry, written, (), complaints) or HandingOnEntry()


def _unreadable(path: Path, problem: str, remedy: str) -> DeskRefused:
    return DeskRefused((Mistake(file=path.name, line=1, key="", problem=problem, remedy=remedy),))
