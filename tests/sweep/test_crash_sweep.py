"""The bridge dies at every place of the main story, starts again, and the story ends as if it had not.

The suite lets it die at every place on SQLite, looks at what it left, and plays on from one place of all that
left the same; elsewhere it takes a sample. `make crash-sweep` does the first on both stores and with both helpdesks;
with HANDOFF_SWEEP=whole it plays on from every place there is.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from sweep import Place, Rehearsal, Sweep

#: from where the story is played on: "sample" in the suite, "states" for a place of each state, "whole" for all
DEPTH = os.environ.get("HANDOFF_SWEEP", "sample")
SEED = int(os.environ.get("HANDOFF_SWEEP_SEED", "20261127"))
SAMPLE = 12
SAMPLED_STATES = 3  #: whose places are compared where a sample will do
#: a sweep is cut into so many parts, for as many processes to share
PARTS = {"sample": 2, "states": 2, "whole": 8}[DEPTH]
PARTS_ELSEWHERE = 1 if DEPTH == "sample" else PARTS
SHOWN = 5

#: what was otherwise than it should be, by the place of the death
Differences = dict[Place, list[str]]


def one_of_each_state(rehearsal: Rehearsal) -> list[Place]:
    chance = random.Random(SEED)
    return [chance.choice(places) for places in rehearsal.states()]


def spread(rehearsal: Rehearsal) -> list[Place]:
    """Return a sample that reaches from the beginning to the end."""
    step = len(rehearsal.places) / SAMPLE
    first = random.Random(SEED).uniform(0, step)
    return [rehearsal.places[int(first + step * number)] for number in range(SAMPLE)]


def chosen(rehearsal: Rehearsal) -> list[Place]:
    return rehearsal.places if DEPTH == "whole" else one_of_each_state(rehearsal)


def play_all(sweep: Sweep, rehearsal: Rehearsal, places: list[Place]) -> Differences:
    """Return the places whose story ended otherwise, with the differences."""
    found = {place: sweep.play(rehearsal, place) for place in places}
    return {place: differences for place, differences in found.items() if differences}


def leave_all(sweep: Sweep, rehearsal: Rehearsal, states: list[list[Place]]) -> Differences:
    """Return the places that left something else behind than the first of their state."""
    found: Differences = {}
    for first, *others in states:
        left = sweep.leave(rehearsal, first)
        apart = [place for place in others if sweep.leave(rehearsal, place) != left]
        found |= {place: [f"leaves another thing than {first}"] for place in apart}
    return found


def say(where: str, rehearsal: Rehearsal, places: list[Place], played: list[Place], part: int) -> str:
    states = len({place.state for place in places})
    return (
        f"crash sweep on {where}, part {part + 1}: died at {len(places)} of {len(rehearsal.places)} places,"
        f" in {states} of {len(rehearsal.states())} states, played on from {len(played)}, seed {SEED}"
    )


def hold(swept: str, others: Differences, record_property) -> None:
    record_property("covered", f"{swept}: {f'{len(others)} DIFFER' if others else 'all as undisturbed'}")
    shown = [f"{place}: {differences}" for place, differences in list(others.items())[:SHOWN]]
    assert not others, "\n".join([swept, *shown])


def sweep_in_part(sweep: Sweep, where: str, part: int, record_property) -> None:
    """Let the bridge die at every place of this part of the states, and play on from the places chosen."""
    rehearsal = sweep.rehearse()
    states = rehearsal.states()[part::PARTS]
    played = chosen(rehearsal)[part::PARTS]
    others = leave_all(sweep, rehearsal, states) | play_all(sweep, rehearsal, played)
    places = [place for places in states for place in places]
    hold(say(where, rehearsal, places, played, part), others, record_property)


def sweep_a_sample(sweep: Sweep, where: str, record_property) -> None:
    """Play on from some places, and compare all that the deaths of some states leave."""
    rehearsal = sweep.rehearse()
    played, states = spread(rehearsal), random.Random(SEED).sample(rehearsal.states(), SAMPLED_STATES)
    others = leave_all(sweep, rehearsal, states) | play_all(sweep, rehearsal, played)
    places = list(dict.fromkeys([*played, *(place for places in states for place in places)]))
    hold(say(where, rehearsal, places, played, 0), others, record_property)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_death_at_any_place_changes_nothing_on_sqlite(open_on_sqlite, record_property, part):
    sweep_in_part(open_on_sqlite("zendesk"), "sqlite with zendesk", part, record_property)


@pytest.mark.parametrize("part", range(PARTS_ELSEWHERE))
def test_a_death_changes_nothing_with_a_helpdesk_that_knows_no_idempotency(
    open_on_sqlite, record_property, part
):
    sweep, where = open_on_sqlite("freshdesk"), "sqlite with freshdesk"
    if DEPTH == "sample":
        sweep_a_sample(sweep, where, record_property)
    else:
        sweep_in_part(sweep, where, part, record_property)


@pytest.mark.parametrize("part", range(PARTS_ELSEWHERE))
def test_a_death_changes_nothing_on_postgres(open_on_postgres, record_property, part):
    sweep, where = open_on_postgres("zendesk"), "postgres with zendesk"
    if DEPTH == "sample":
        sweep_a_sample(sweep, where, record_property)
    else:
        sweep_in_part(sweep, where, part, record_property)


@pytest.mark.parametrize("helpdesk", ["zendesk", "freshdesk"])
def test_the_undisturbed_story_is_the_one_that_was_meant(open_on_sqlite, helpdesk):
    ending = open_on_sqlite(helpdesk).rehearse().ending
    events = Counter(event.split('"')[1] for event in ending["events"])
    assert events["escalated"] == 2
    assert [
        events[once] for once in ("ticketed", "announced", "claimed", "answered", "message", "resolved")
    ] == [1] * 6
    assert len(ending["tickets"]) == len([post for post in ending["posts"] if '"handoff_card"' in post]) == 1
    assert len(ending["callbacks"]) == 10
    assert ending["clocks"] == ['[0, "fired"]', '[1, "fired"]', '[2, "fired"]', '[3, "cancelled"]']
    assert ending["books"] == ['{"accepted": 1, "dead": 0, "missing": 0, "owed": 0, "settled": 1}']
    assert ending["unpaid"] == ending["errors"] == []


def test_every_run_has_the_same_places(open_on_sqlite):
    sweep = open_on_sqlite("zendesk")
    assert sweep.rehearse().places == sweep.rehearse().places


@pytest.mark.parametrize(
    ("defect", "found"),
    [
        (
            "never_looks",
            {
                "sent POST /api/v2/tickets.json": "tickets too many",
                "sent POST /api/chat.postMessage": "posts too many",
            },
        ),
        ("settles_first", {"before POST /api/v2/tickets.json": "the story could not go on"}),
        ("forgets_the_key", {"answering POST /v1/handoffs": "events too many"}),
    ],
)
def test_a_defect_is_found(open_on_sqlite, defect, found):
    sweep = open_on_sqlite("zendesk", defect=defect)
    rehearsal = sweep.rehearse()
    for label, differs in found.items():
        place = next(place for place in rehearsal.places if place.label == label)
        assert any(one.startswith(differs) for one in sweep.play(rehearsal, place))
