"""What is doubtful about a desk that has no mistakes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from rosters import local

import bridge.desk
from bridge.desk.check import DeskWarning, warnings
from bridge.desk.load import load_desk, read_desk

VENDORS = frozenset({"slack", "zendesk", "freshdesk"})
EXAMPLE = Path(bridge.desk.__file__).with_name("example.yaml")
MONDAY = local("2026-11-02T00:00")

SOUND = """
timezone: Asia/Kolkata
people:
  asha: {name: Asha Rao, slack: U07ASHA}
  ravi: {name: Ravi Iyer, email: ravi@shop.example}
channels: {whatsapp: {}}
shifts:
  - {name: always, days: daily, hours: "00:00-24:00", owners: asha, backup: ravi}
routes:
  - {when: {topic: refund}, group: Billing}
  - {otherwise: true, sla: standard}
sla:
  standard: {respond_within_minutes: 15, ladder: [{at: 100%, do: tag_backup}]}
"""


def warned(old: str = "", new: str = "", now: datetime = MONDAY) -> list[DeskWarning]:
    assert old in SOUND
    return list(warnings(read_desk(SOUND.replace(old, new) if old else SOUND, "desk.yaml", VENDORS), now))


def test_a_sound_desk_is_left_in_peace():
    assert warned() == []


def test_the_example_is_sound(frozen_now):
    assert warnings(load_desk(EXAMPLE, VENDORS), frozen_now) == ()


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        (
            "- {otherwise",
            "- {when: {topic: Refund, channel: whatsapp}, sla: standard}\n  - {otherwise",
            "routes[1]",
            "rule 1 takes all",
        ),
        (
            "channels:",
            "  meera: {name: Meera Shah, slack: U07}\nchannels:",
            "people.meera",
            "stands in no shift",
        ),
        ("email: ravi@shop.example", "role: lead", "people.ravi", "nothing can reach them"),
        (
            "  standard:",
            "  spare: {respond_within_minutes: 5, ladder: [{at: 100%, do: tag_lead}]}\n  standard:",
            "sla.spare",
            "no route uses it",
        ),
        (
            ", backup: ravi}",
            '}\n    # ravi\n  - {name: none, days: mon, hours: "10:00-11:00", owners: ravi, backup: asha}',
            "shifts[0]",
            "nobody stands behind",
        ),
        ("backup: ravi}", "backup: asha, lead: ravi}", "shifts[0]", "nobody stands behind"),
        ("at: 100%", "at: 99%", "sla.standard.ladder", "nothing happens when the promise is broken"),
        ("at: 100%", "at: 14m", "sla.standard.ladder", "nothing happens when the promise is broken"),
        (", ladder: [{at: 100%, do: tag_backup}]", "", "sla.standard.ladder", "nothing happens"),
    ],
)
def test_a_doubtful_thing_is_named_alone(old, new, where, problem):
    (warning,) = warned(old, new)

    assert warning.where == where
    assert problem in warning.problem
    assert warning.remedy
    assert warning.severity == "warning"


def test_gaps_ahead_are_summed_up_for_each_channel():
    (warning,) = warned('"00:00-24:00"', '"09:00-17:00"')

    assert warning.where == "channels.whatsapp"
    assert warning.problem == (
        "nobody is on duty for 112.0 hours of the next 7 days: "
        "Mon 02 Nov 00:00 to Mon 02 Nov 09:00, Mon 02 Nov 17:00 to Tue 03 Nov 09:00, "
        "Tue 03 Nov 17:00 to Wed 04 Nov 09:00 and 5 more"
    )


def test_a_night_that_a_clock_change_lengthens_is_noted():
    text = SOUND.replace("Asia/Kolkata", "Europe/Riga").replace('"00:00-24:00"', '"22:00-06:00"')
    desk = read_desk(text, "desk.yaml", VENDORS)

    notes = [found for found in warnings(desk, local("2026-10-01T00:00")) if found.severity == "note"]

    assert [note.problem for note in notes] == ["always of Sat 24 Oct 22:00 lasts 9 hours: clocks change"]


def test_clock_changes_further_off_are_not_noted():
    text = SOUND.replace("Asia/Kolkata", "Europe/Riga")
    desk = read_desk(text, "desk.yaml", VENDORS)

    assert warnings(desk, local("2026-08-01T00:00")) == ()
