"""Somebody stands in for somebody else: above the roster, within the other's own turns, and no further."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.roster.alerts import QuietHours
from bridge.roster.covers import Cover, with_covers
from bridge.roster.model import Override, Person, Roster, Rotation, Shift, WallHours
from bridge.roster.on_duty import on_duty

PEOPLE = {
    key: Person(key=key, name=name)
    for key, name in {"asha": "Asha Rao", "ravi": "Ravi Iyer", "meera": "Meera Shah"}.items()
}
DAY = WallHours(opens_minute=9 * 60, closes_minute=17 * 60)
EVENING = WallHours(opens_minute=17 * 60, closes_minute=23 * 60)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def shift(name, hours, *owners, **more):
    return Shift(
        name=name,
        channels=("web", "mail"),
        days=frozenset(range(7)),
        hours=hours,
        zone="UTC",
        owners=owners,
        **more,
    )


ROSTER = Roster(
    zone="UTC",
    people=PEOPLE,
    shifts=(shift("day", DAY, "ravi", backup="asha"), shift("evening", EVENING, "meera")),
)


def cover(owner="asha", before="ravi", hours=3.0, **changes):
    made = Cover(
        cover_id=f"{owner} for {before}",
        owner=owner,
        in_place_of=before,
        channels=("web",),
        starts_at=NOON,
        ends_at=NOON + timedelta(hours=hours),
        made_by=owner,
        made_at=NOON,
    )
    return replace(made, **changes)


def holder(roster, at, channel="web"):
    duty = on_duty(roster, channel, at)
    return duty and duty.owner


def test_a_cover_counts_from_its_start_and_not_at_its_end():
    roster = with_covers(ROSTER, [cover()])

    edges = (NOON - timedelta(seconds=1), NOON, NOON + timedelta(hours=3))
    assert [holder(roster, at) for at in edges] == ["ravi", "asha", "ravi"]
    assert holder(roster, NOON, "mail") == "ravi"


def test_a_cover_says_who_said_so():
    duty = on_duty(with_covers(ROSTER, [cover()]), "web", NOON)

    assert duty.override.note == "Asha covers for Ravi until 15:00, says Asha"


def test_a_cover_that_ends_another_day_says_which():
    duty = on_duty(with_covers(ROSTER, [cover(hours=22)]), "web", NOON)

    assert duty.override.note == "Asha covers for Ravi until Sun 22 Nov 10:00, says Asha"


def test_a_cover_takes_no_turn_of_anybody_else():
    roster = with_covers(ROSTER, [cover(hours=24)])

    assert holder(roster, NOON + timedelta(hours=6)) == "meera"
    assert holder(roster, NOON + timedelta(hours=23)) == "asha"


def test_a_cover_stands_above_the_file_s_overrides():
    by_file = Override(channels=("web",), starts_at=NOON, ends_at=NOON + timedelta(hours=2), owner="ravi")

    assert holder(with_covers(replace(ROSTER, overrides=(by_file,)), [cover()]), NOON) == "asha"


def test_who_covers_may_be_covered_in_turn():
    chain = [cover(), cover("meera", "asha", hours=1)]

    roster = with_covers(ROSTER, chain)

    assert [holder(roster, NOON + timedelta(hours=passed)) for passed in (0, 1, 3)] == [
        "meera",
        "asha",
        "ravi",
    ]


def test_the_cover_of_a_cover_that_was_given_back_covers_nobody():
    given_back = cover(ends_at=NOON)

    assert holder(with_covers(ROSTER, [given_back, cover("meera", "asha", hours=1)]), NOON) == "ravi"


def test_the_backup_who_covers_has_no_backup_of_their_own_name():
    duty = on_duty(with_covers(ROSTER, [cover()]), "web", NOON)

    assert (duty.owner, duty.backup) == ("asha", None)


@pytest.mark.parametrize("gone", ["owner", "in_place_of", "made_by"])
def test_a_cover_of_people_the_desk_no_longer_knows_counts_for_nothing(gone):
    assert holder(with_covers(ROSTER, [cover(**{gone: "zoe"})]), NOON) == "ravi"


def test_a_cover_follows_the_rotation():
    weekly = shift("day", DAY, "ravi", "meera", rotation=Rotation.WEEKLY, rotation_start=date(2026, 11, 16))
    roster = with_covers(replace(ROSTER, shifts=(weekly,)), [cover(hours=24 * 9)])

    assert holder(roster, NOON + timedelta(days=1)) == "asha"
    assert holder(roster, NOON + timedelta(days=3)) == "meera"  # it is her week


@pytest.mark.parametrize(
    ("hour", "quiet"), [(21, False), (22, True), (23, True), (0, True), (6, True), (7, False), (12, False)]
)
def test_quiet_hours_run_past_midnight(hour, quiet):
    hours = QuietHours(from_minute=22 * 60, to_minute=7 * 60, zone="UTC")

    assert (datetime(2026, 11, 21, hour, tzinfo=UTC) in hours) is quiet


def test_quiet_hours_are_on_the_person_s_own_clocks():
    hours = QuietHours(from_minute=9 * 60, to_minute=10 * 60, zone="Asia/Kolkata")

    assert datetime(2026, 11, 21, 4, 0, tzinfo=UTC) in hours
    assert datetime(2026, 11, 21, 9, 30, tzinfo=UTC) not in hours
