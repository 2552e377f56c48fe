"""The desk file's people and channels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bridge.desk.entries import mapping_at, read_entry
from bridge.desk.mistakes import Complaints, Place
from bridge.desk.model import ChannelPolicy
from bridge.desk.schema import ChannelEntry, PersonEntry
from bridge.roster.model import Person


def read_people(raw: Any, vendors: frozenset[str], complaints: Complaints) -> dict[str, Person]:
    """Return the people by key. Beside the schema's keys, each vendor's name holds its id of the person."""
    people = {}
    for key, written, place in mapping_at(raw, ("people",), complaints):
        ids, rest = _ids(written, vendors, place, complaints)
        entry = read_entry(PersonEntry, rest, place, complaints)
        if entry is not None:
            people[key] = Person(
                key=key,
                name=entry.name,
                email=entry.email,
                role=entry.role,
                ids=ids,
                languages=entry.languages,
                skills=entry.skills,
                notify=entry.notify,
            )
    _check_ids(people, complaints)
    return people


def read_channels(raw: Any, complaints: Complaints) -> dict[str, ChannelPolicy]:
    channels = {}
    for name, written, place in mapping_at(raw, ("channels",), complaints):
        entry = read_entry(ChannelEntry, {} if written is None else written, place, complaints)
        if entry is not None:
            window, closes = entry.attention_window_minutes, entry.closes_after_hours
            channels[name] = ChannelPolicy(
                attention_window=None if window is None else timedelta(minutes=window),
                closes_after=None if closes is None else timedelta(hours=closes),
            )
    return channels


def _ids(
    written: Any, vendors: frozenset[str], place: Place, complaints: Complaints
) -> tuple[Mapping[str, str], Any]:
    """Take the vendors' ids out of a person's entry and return them with what is left."""
    if not isinstance(written, dict):
        return {}, written
    ids = {}
    for vendor in vendors.intersection(written):
        name = written[vendor]
        if isinstance(name, bool) or not isinstance(name, int | str) or not str(name).strip():
            complaints.add(
                (*place, vendor), f"must be the id of a user at {vendor}", "write a number or a word"
            )
        else:
            ids[vendor] = str(name).strip()
    return ids, {key: value for key, value in written.items() if key not in vendors}


def _check_ids(people: Mapping[str, Person], complaints: Complaints) -> None:
    """Note two people with one id: nobody could tell who of them answered."""
    holders: dict[tuple[str, str], str] = {}
    for key, person in people.items():
        for vendor, name in person.ids.items():
            first = holders.setdefault((vendor, name), key)
            if first != key:
                place = ("people", key, vendor)
                complaints.add(place, f"is the id of {first} too", "give each person an own id")
