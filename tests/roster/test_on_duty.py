"""Who holds a channel at a moment: shifts, rotations, overrides, backups."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from rosters import daily, local, override, roster, shift, weekly

from bridge.roster.model import Override, Shift, WallHours
from bridge.roster.on_duty import at_hand, next_change, next_duty, on_duty


def owner_at(held, at: datetime) -> str | None:
    duty = on_duty(held, "whatsapp", at)
    return duty.owner if duty else None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-02T08:59:59.999999", None),
        ("2026-11-02T09:00", "asha"),
        ("2026-11-02T16:59:59.999999", "asha"),
        ("2026-11-02T17:00", None),
    ],
)
def test_a_shift_has_its_start_and_not_its_end(moment, expected):
    held = roster(shift(hours="09:00-17:00"))

    assert owner_at(held, local(moment)) == expected


def test_fault_39_the_moment_where_two_shifts_meet_belongs_to_the_later_one():
    """A handoff comes at the very moment one shift ends and the next begins: the one that begins has it."""
    held = roster(
        shift("morning", "09:00-17:00", owners=("asha",)), shift("evening", "17:00-01:00", owners=("ravi",))
    )

    assert owner_at(held, local("2026-11-02T17:00")) == "ravi"


def test_a_shift_over_midnight_belongs_to_the_day_it_begins():
    held = roster(shift("night", "22:00-06:00", days="mon"))

    assert owner_at(held, local("2026-11-03T05:59")) == "asha"  # Tuesday morning
    assert owner_at(held, local("2026-11-02T05:59")) is None  # Monday morning is Sunday's night


def test_a_whole_day_ends_at_midnight():
    held = roster(shift("all day", "00:00-24:00", days="mon"))

    assert owner_at(held, local("2026-11-02T23:59")) == "asha"
    assert owner_at(held, local("2026-11-03T00:00")) is None


def test_another_channel_is_not_held():
    assert on_duty(roster(shift()), "email", local("2026-11-02T10:00")) is None


def test_a_duty_tells_the_shift_with_its_people_and_times():
    held = roster(shift(backup="ravi", lead="meera", card_channel="C0MORNING"))

    duty = on_duty(held, "whatsapp", local("2026-11-02T10:00"))

    assert duty is not None
    assert (duty.shift, duty.owner, duty.backup, duty.lead) == ("morning", "asha", "ravi", "meera")
    assert duty.card_channel == "C0MORNING"
    assert duty.starts_at == local("2026-11-02T09:00")
    assert duty.ends_at == local("2026-11-02T17:00")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-02", "asha"),
        ("2026-11-08", "asha"),
        ("2026-11-09", "ravi"),
        ("2026-11-16", "asha"),
        ("2026-11-01", "ravi"),  # the week before the start counts backwards
    ],
)
def test_a_weekly_rotation_passes_on_after_seven_days(day, expected):
    held = roster(shift(**weekly("2026-11-02", "asha", "ravi")))

    assert owner_at(held, local(f"{day}T10:00")) == expected


def test_a_daily_rotation_goes_by_the_day_the_shift_begins():
    held = roster(shift("night", "22:00-06:00", **daily("2026-11-02", "asha", "ravi", "meera")))

    nights = [owner_at(held, local(f"2026-11-0{day}T03:00")) for day in (3, 4, 5, 6)]

    assert nights == ["asha", "ravi", "meera", "asha"]


@pytest.mark.parametrize(
    ("moment", "owner", "backup"),
    [("2026-11-02T10:00", "asha", "ravi"), ("2026-11-09T10:00", "ravi", "asha")],
)
def test_a_backup_who_is_the_owner_gives_way_to_the_next_of_the_rotation(moment, owner, backup):
    held = roster(shift(backup="ravi", **weekly("2026-11-02", "asha", "ravi")))

    duty = on_duty(held, "whatsapp", local(moment))

    assert duty is not None
    assert (duty.owner, duty.backup) == (owner, backup)


def test_a_backup_who_is_the_only_owner_leaves_nobody():
    duty = on_duty(roster(shift(owners=("ravi",), backup="ravi")), "whatsapp", local("2026-11-02T10:00"))

    assert duty is not None
    assert duty.backup is None


def test_fault_36_of_two_shifts_that_overlap_the_later_start_counts():
    """Two shifts overlap: the one that began later counts, never both."""
    held = roster(
        shift("evening", "16:00-22:00", owners=("ravi",)), shift("morning", "09:00-17:00", owners=("asha",))
    )

    assert owner_at(held, local("2026-11-02T15:59")) == "asha"
    assert owner_at(held, local("2026-11-02T16:30")) == "ravi"


def test_a_short_shift_inside_a_long_one_gives_it_back():
    held = roster(shift("day", "09:00-21:00"), shift("lunch", "12:00-13:00", owners=("ravi",)))

    duty = on_duty(held, "whatsapp", local("2026-11-02T14:00"))

    assert duty is not None
    assert (duty.shift, duty.starts_at) == ("day", local("2026-11-02T13:00"))


def test_fault_36_the_override_made_last_counts_above_all():
    """Two people stand in for the same hours: the one entered last has them."""
    first = override(local("2026-11-02T09:00"), local("2026-11-02T17:00"), "ravi")
    second = override(local("2026-11-02T08:00"), local("2026-11-02T12:00"), "meera")
    held = roster(shift(), overrides=(first, second))

    assert owner_at(held, local("2026-11-02T11:59")) == "meera"
    assert owner_at(held, local("2026-11-02T12:00")) == "ravi"


def test_an_override_keeps_the_shift_and_says_that_it_counts():
    swap = override(local("2026-11-02T12:00"), local("2026-11-02T14:00"), "meera", note="dentist")
    held = roster(shift(backup="ravi", card_channel="C0MORNING"), overrides=(swap,))

    duty = on_duty(held, "whatsapp", local("2026-11-02T13:00"))

    assert duty is not None
    assert (duty.shift, duty.owner, duty.backup, duty.override) == ("morning", "meera", "ravi", swap)
    assert (duty.starts_at, duty.ends_at) == (local("2026-11-02T12:00"), local("2026-11-02T14:00"))


def test_an_override_cuts_the_duty_it_stands_in():
    swap = override(local("2026-11-02T12:00"), local("2026-11-02T14:00"), "meera")
    held = roster(shift(), overrides=(swap,))

    before = on_duty(held, "whatsapp", local("2026-11-02T10:00"))
    after = on_duty(held, "whatsapp", local("2026-11-02T14:00"))

    assert before is not None
    assert after is not None
    assert (before.ends_at, after.starts_at) == (local("2026-11-02T12:00"), local("2026-11-02T14:00"))


def test_an_override_covers_a_time_that_no_shift_does():
    cover = override(local("2026-11-01T20:00"), local("2026-11-01T23:00"), "meera", backup="asha")

    duty = on_duty(roster(shift(), overrides=(cover,)), "whatsapp", local("2026-11-01T21:00"))

    assert duty is not None
    assert (duty.shift, duty.owner, duty.backup, duty.card_channel) == (None, "meera", "asha", None)


def test_whom_an_override_replaces_does_not_become_the_backup():
    away = override(local("2026-11-02T09:00"), local("2026-11-02T17:00"), "ravi")

    duty = on_duty(roster(shift(backup="ravi"), overrides=(away,)), "whatsapp", local("2026-11-02T10:00"))

    assert duty is not None
    assert (duty.owner, duty.backup) == ("ravi", None)


def test_an_override_s_own_backup_counts():
    away = override(local("2026-11-02T09:00"), local("2026-11-02T17:00"), "ravi", backup="asha")

    duty = on_duty(roster(shift(backup="meera"), overrides=(away,)), "whatsapp", local("2026-11-02T10:00"))

    assert duty is not None
    assert duty.backup == "asha"


def test_the_next_duty_is_the_next_opening():
    held = roster(shift(days="mon-fri"))

    duty = next_duty(held, "whatsapp", local("2026-11-06T18:00"))  # a Friday evening

    assert duty is not None
    assert duty.starts_at == local("2026-11-09T09:00")


def test_the_next_duty_is_not_the_one_that_runs_now():
    held = roster(shift())

    duty = next_duty(held, "whatsapp", local("2026-11-02T09:00"))

    assert duty is not None
    assert duty.starts_at == local("2026-11-03T09:00")


def test_the_next_duty_beyond_two_weeks_is_none():
    late = override(local("2026-11-20T09:00"), local("2026-11-20T10:00"), "asha")
    held = roster(overrides=(late,))

    assert next_duty(held, "whatsapp", local("2026-11-06T08:00")) is None
    assert next_duty(held, "whatsapp", local("2026-11-06T09:30")) is not None


def test_a_shift_without_an_owner_is_refused():
    with pytest.raises(ValueError, match="no owner"):
        shift(owners=())


@pytest.mark.parametrize(
    ("opens", "closes"), [(540, 540), (540, 480), (540, 540 + 1441), (1440, 1500), (-1, 60)]
)
def test_hours_that_are_no_hours_are_refused(opens, closes):
    with pytest.raises(ValueError, match="hours"):
        WallHours(opens_minute=opens, closes_minute=closes)


def test_a_rotation_without_a_start_is_refused():
    with pytest.raises(ValueError, match="together"):
        Shift(**{**_fields(shift(**weekly("2026-11-02", "asha"))), "rotation_start": None})


def test_an_override_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        override(datetime(2026, 11, 2), datetime(2026, 11, 3), "asha")  # noqa: DTZ001 - the fault under test


def test_an_override_that_ends_before_it_begins_is_refused():
    start = local("2026-11-02T09:00")
    with pytest.raises(ValueError, match="end after"):
        Override(channels=("whatsapp",), starts_at=start, ends_at=start - timedelta(hours=1), owner="asha")


def _fields(made: Shift) -> dict[str, object]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        on_duty(roster(shift()), "whatsapp", datetime(2026, 11, 2))  # noqa: DTZ001 - the fault under test


def test_the_next_change_is_when_another_person_comes_and_not_when_another_shift_begins():
    held = roster(
        shift("early", "09:00-12:00", owners=("asha",)),
        shift("noon", "12:00-17:00", owners=("asha",)),
        shift("evening", "17:00-01:00", owners=("ravi",)),
    )

    assert next_change(held, "whatsapp", local("2026-11-02T10:00")) == local("2026-11-02T17:00")


def test_the_next_change_is_also_when_nobody_comes_and_when_somebody_does_again():
    held = roster(shift(hours="09:00-17:00"))

    assert next_change(held, "whatsapp", local("2026-11-02T10:00")) == local("2026-11-02T17:00")
    assert next_change(held, "whatsapp", local("2026-11-02T17:00")) == local("2026-11-03T09:00")


def test_no_change_is_foretold_where_one_person_holds_all_hours():
    held = roster(shift(hours="00:00-24:00"))

    assert next_change(held, "whatsapp", local("2026-11-02T10:00")) is None


def test_at_hand_are_owner_and_backup_of_every_shift_that_runs():
    held = roster(
        shift("long", "09:00-20:00", owners=("asha",), backup="leela"),
        shift("late", "17:00-22:00", owners=("ravi",), backup="meera"),
    )

    assert at_hand(held, "whatsapp", local("2026-11-02T10:00")) == {"asha", "leela"}
    assert at_hand(held, "whatsapp", local("2026-11-02T18:00")) == {"asha", "leela", "ravi", "meera"}
    assert at_hand(held, "whatsapp", local("2026-11-02T23:00")) == frozenset()


def test_whom_an_override_replaces_is_not_at_hand():
    errand = override(local("2026-11-02T10:00"), local("2026-11-02T11:00"), "meera")
    held = roster(shift(owners=("asha",), backup="ravi"), overrides=(errand,))

    assert at_hand(held, "whatsapp", local("2026-11-02T10:30")) == {"meera", "ravi"}
