"""A desk file read whole: what it becomes, and how all its mistakes come at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from rosters import local, utc

import bridge.desk
from bridge.desk.load import LARGEST_BYTES, load_desk, read_desk
from bridge.desk.mistakes import DeskRefused
from bridge.desk.model import Desk, ShiftChange
from bridge.roster.on_duty import gaps, on_duty
from bridge.routing.choose import choose
from bridge.sla.model import CalendarKind, Step, StepKind

VENDORS = frozenset({"slack", "zendesk", "freshdesk"})
EXAMPLE = Path(bridge.desk.__file__).with_name("example.yaml")

SMALL = """
timezone: Europe/Riga
people:
  asha: {name: Asha Rao, slack: U07ASHA, zendesk: 3601, languages: [no, hi]}
  ravi: {name: Ravi Iyer, email: ravi@shop.example}
channels:
  whatsapp: {attention_window_minutes: 15, closes_after_hours: 24}
  web:
shifts:
  - {name: morning, days: mon-fri, hours: "09:00-17:00", owners: asha, slack_channel: C0MORNING}
routes:
  - {otherwise: true, sla: standard}
sla:
  standard: {respond_within_minutes: 15}
"""

LADDER = """
    respond_within_minutes: 15
    ladder: &ladder
      - {at: 2m, do: remind_owner}
      - {after_minutes: 10, do: [page: ravi]}
      - {at: 100%, do: [move_group: Late, tag_lead]}
"""


def small(extra: str = "", swap: Mapping[str, str] = MappingProxyType({})) -> Desk:
    """Return the small desk with `extra` at its end and each text of `swap` replaced by its value."""
    text = SMALL + extra
    for old, new in swap.items():
        assert old in text
        text = text.replace(old, new)
    return read_desk(text, "desk.yaml", VENDORS)


@pytest.fixture
def example() -> Desk:
    return load_desk(EXAMPLE, VENDORS)


def test_the_example_covers_whatsapp_around_the_clock(example):
    start = local("2026-11-02T00:00")

    assert gaps(example.roster, "whatsapp", start, start + timedelta(days=365)) == ()


def test_the_example_sends_a_lost_parcel_to_the_owner_of_the_morning(example):
    duty = on_duty(example.roster, "whatsapp", local("2026-11-03T10:00"))

    route = choose(example.routes, {"topic": "delivered_not_received"}, duty, example.fallback)

    assert (route.group, route.owner, route.backup, route.card_channel) == (
        "Support",
        "asha",
        "ravi",
        "C0MORNING",
    )
    assert example.policies[route.policy].respond_within == timedelta(minutes=5)


def test_people_carry_their_ids_as_text_by_vendor():
    asha = small().people["asha"]

    assert asha.ids == {"slack": "U07ASHA", "zendesk": "3601"}
    assert asha.languages == ("no", "hi")  # not a truth value


def test_a_vendor_that_is_not_connected_is_no_key():
    with pytest.raises(DeskRefused, match="unknown key 'slack'"):
        read_desk(SMALL, "desk.yaml", frozenset({"zendesk"}))


def test_channels_say_what_they_know():
    channels = small().channels

    assert channels["whatsapp"].attention_window == timedelta(minutes=15)
    assert channels["whatsapp"].closes_after == timedelta(hours=24)
    assert channels["web"].attention_window is None


def test_a_shift_without_channels_holds_all_of_them():
    (shift,) = small().roster.shifts

    assert shift.channels == ("whatsapp", "web")
    assert (shift.zone, shift.owners, shift.card_channel) == ("Europe/Riga", ("asha",), "C0MORNING")


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("mon-sat", {0, 1, 2, 3, 4, 5}),
        ("fri-mon", {4, 5, 6, 0}),
        ('"mon,wed, fri"', {0, 2, 4}),
        ("[Monday, thu-fri]", {0, 3, 4}),
    ],
)
def test_days_are_read_in_every_form(written, days):
    (shift,) = small(swap={"days: mon-fri": f"days: {written}"}).roster.shifts

    assert shift.days == days


def test_an_override_is_in_the_desk_s_zone_unless_it_has_its_own():
    desk = small(
        "overrides:\n"
        "  - {from: 2026-12-24 09:00, to: 2026-12-25, owner: ravi}\n"
        "  - {from: 2026-12-24T09:00+05:30, to: 2026-12-24T10:00Z, owner: ravi, channels: web}\n"
    )

    first, second = desk.roster.overrides
    assert (first.starts_at, first.ends_at) == (utc("2026-12-24T07:00"), utc("2026-12-24T22:00"))
    assert (second.starts_at, second.ends_at) == (utc("2026-12-24T03:30"), utc("2026-12-24T10:00"))
    assert (first.channels, second.channels) == (("whatsapp", "web"), ("web",))


def test_a_role_stands_for_its_person_wherever_a_person_may_stand():
    desk = small(
        "roles: {account_manager: ravi}\nfallback: {lead: account_manager}\n",
        swap={"{otherwise: true,": "{otherwise: true, owner: account_manager,"},
    )

    assert (desk.routes[-1].owner, desk.fallback.lead) == ("ravi", "ravi")


def test_a_ladder_is_read_with_shares_times_and_targets():
    desk = small(swap={"{respond_within_minutes: 15}": LADDER})

    rungs = desk.policies["standard"].ladder
    assert [rung.after for rung in rungs] == [timedelta(minutes=2), timedelta(minutes=10), None]
    assert rungs[1].steps == (Step(kind=StepKind.PAGE, target="ravi"),)
    assert [step.kind for step in rungs[2].steps] == [StepKind.MOVE_GROUP, StepKind.TAG_LEAD]
    assert [rung.number for rung in rungs] == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "kind"), [("always", "always"), ("shift", "shift"), ("shift hours", "shift")]
)
def test_every_desk_has_two_calendars(written, kind):
    desk = small(
        swap={"{respond_within_minutes: 15}": f"{{respond_within_minutes: 15, calendar: {written}}}"}
    )

    assert desk.policies["standard"].calendar.kind is CalendarKind(kind)


def test_a_calendar_takes_the_desk_s_zone_and_several_spans_a_day():
    desk = small(
        'calendars: {office: {hours: {sat: ["10:00-13:00", "14:00-17:00"]}, holidays: [2026-12-25]}}\n',
        swap={"{respond_within_minutes: 15}": "{respond_within_minutes: 15, calendar: office}"},
    )

    calendar = desk.policies["standard"].calendar
    assert (calendar.kind, calendar.zone) == (CalendarKind.HOURS, "Europe/Riga")
    assert [(opening.weekday, opening.hours.opens_minute) for opening in calendar.openings] == [
        (5, 600),
        (5, 840),
    ]
    assert calendar.holidays == (date(2026, 12, 25),)


def test_an_alias_may_repeat_a_ladder():
    fast = "  fast: {respond_within_minutes: 11, ladder: *ladder}\n"

    desk = small(fast, swap={"{respond_within_minutes: 15}": LADDER})

    assert desk.policies["fast"].ladder == desk.policies["standard"].ladder


def test_a_file_with_five_mistakes_reports_five_in_the_order_of_the_file():
    text = (
        SMALL.replace("Europe/Riga", "Europe/Rigga")
        .replace("name: Ravi Iyer, email", "name: Ravi Iyer, emial")
        .replace("owners: asha", "owners: ash")
        .replace("sla: standard", "sla: standart")
    ) + "calender: {}\n"

    with pytest.raises(DeskRefused) as refused:
        read_desk(text, "desk.yaml", VENDORS)

    assert [(mistake.line, mistake.key) for mistake in refused.value.mistakes] == [
        (2, "timezone"),
        (5, "people.ravi.emial"),
        (10, "shifts[0].owners[0]"),
        (12, "routes[0].sla"),
        (15, "calender"),
    ]


def test_a_mistake_reads_as_one_line_with_what_would_do():
    with pytest.raises(DeskRefused) as refused:
        small(swap={"owners: asha": "owners: ahsa"})

    assert str(refused.value) == (
        "desk.yaml:10: shifts[0].owners[0]: unknown person 'ahsa'; did you mean 'asha'?"
    )


def test_a_broken_person_is_still_known_to_those_who_name_them():
    with pytest.raises(DeskRefused) as refused:
        small(swap={"name: Asha Rao": "name: 7"})

    assert [mistake.key for mistake in refused.value.mistakes] == ["people.asha.name"]


def test_a_shift_that_a_clock_change_never_meets_is_fine():
    (shift,) = small(swap={"09:00-17:00": "03:10-03:50"}).roster.shifts  # clocks change on Sundays

    assert shift.hours.opens_minute == 190


def test_shifts_may_begin_together_on_different_days():
    saturday = 'shifts:\n  - {name: sat, days: sat, hours: "09:00-12:00", owners: ravi}'

    assert len(small(swap={"shifts:": saturday}).roster.shifts) == 2


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DeskRefused, match="cannot be read"):
        load_desk(tmp_path / "none.yaml", VENDORS)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DeskRefused, match="cannot be read"):
        load_desk(tmp_path, VENDORS)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_bytes("timezone: Ärger".encode("latin-1"))

    with pytest.raises(DeskRefused, match="not text in UTF-8"):
        load_desk(path, VENDORS)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text(SMALL, encoding="utf-8-sig")

    assert load_desk(path, VENDORS) == small()


@pytest.mark.parametrize("size", [300_000, LARGEST_BYTES + 10])
def test_a_file_larger_than_any_desk_is_refused(tmp_path, size):
    path = tmp_path / "desk.yaml"
    path.write_text("#" * size)

    with pytest.raises(DeskRefused, match="larger than"):
        load_desk(path, VENDORS)


def test_a_control_character_is_refused_with_its_line():
    with pytest.raises(DeskRefused) as refused:
        read_desk("timezone: UTC\npeople: \x07\n", "desk.yaml", VENDORS)

    assert [(mistake.line, mistake.key) for mistake in refused.value.mistakes] == [(2, "")]


def test_a_desk_that_says_nothing_hands_on_at_a_shift_change_and_remembers_a_day():
    desk = small()
    assert (desk.shift_change, desk.reopen_within) == (ShiftChange.MOVE, timedelta(hours=24))


def test_a_desk_may_leave_handoffs_where_they_are_and_remember_shorter_or_never():
    desk = small("shift_change: stay\nreopen_within_hours: 1.5\n")
    assert (desk.shift_change, desk.reopen_within) == (ShiftChange.STAY, timedelta(minutes=90))
    assert small("reopen_within_hours: 0\n").reopen_within == timedelta(0)


def test_a_shift_may_name_the_user_group_that_is_to_hold_who_is_on_duty():
    named = small(swap={"slack_channel: C0MORNING": "slack_channel: C0MORNING, slack_user_group: S0ONDUTY"})

    assert [shift.user_group for shift in named.roster.shifts] == ["S0ONDUTY"]
    assert [shift.user_group for shift in small().roster.shifts] == [None]
