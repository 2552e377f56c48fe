"""What stands in the files that come with the product, and which of them a customer is told from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from bridge.notices.model import LONGEST_NOTICE, NOTICE_NAMES, NoticeKind
from bridge.notices.reading import load_notices, read_wording, shipped_notices
from bridge.notices.samples import sample_values

NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)
LATIN = re.compile(r"[A-Za-z]+")
LOCALES = ("en", "hi")


def said(locale, kind, minutes=15):
    return shipped_notices().of(locale).say(kind, **sample_values(NOTICE_NAMES[kind], minutes))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_says_all_it_is_given_on_one_line(locale, kind):
    text = said(locale, kind)

    required = set(NOTICE_NAMES[kind]) - ({"by"} if kind is NoticeKind.WAITING else set())
    assert all(str(value) in text for value in sample_values(required, 15).values())
    assert text == " ".join(text.split())
    assert "{" not in text


@pytest.mark.parametrize("kind", NoticeKind)
def test_the_hindi_is_in_devanagari_but_for_names_and_zones(kind):
    assert set(LATIN.findall(said("hi", kind))) <= {"Asha", "Ravi", "IST"}


@pytest.mark.parametrize(
    ("locale", "one", "two"),
    [("en", "1 minute.", "2 minutes."), ("hi", "1 मिनट हो गया है।", "2 मिनट हो गए हैं।")],
)
def test_one_minute_is_said_otherwise_than_two(locale, one, two):
    assert one in said(locale, NoticeKind.WAITING, minutes=1)
    assert two in said(locale, NoticeKind.WAITING, minutes=2)


@pytest.mark.parametrize(
    ("locale", "today", "tomorrow"),
    [
        ("en", "18:22 (IST)", "18:22 on Sunday 22 November (IST)"),
        ("hi", "18:22 बजे (IST)", "रविवार, 22 नवंबर को 18:22 बजे (IST)"),
    ],
)
def test_a_moment_is_told_in_the_desks_zone_with_its_day_in_the_language(locale, today, tomorrow):
    wording = shipped_notices().of(locale)

    assert wording.moment(NOW, NOW, "Asia/Kolkata") == today
    assert wording.moment(NOW + timedelta(days=1), NOW, "Asia/Kolkata") == tomorrow


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("hi",), "hi"),
        (("hi-IN",), "hi"),
        (("HI_in.UTF-8",), "hi"),
        (("hi-Deva-IN-x-shop",), "hi"),
        (("hil", "hi"), "hi"),
        (("ta-IN", "hi"), "hi"),
        (("en-GB", "hi"), "en"),
        (("ta", None), "en"),
        (("ta", "kn"), "en"),
        ((None, None), "en"),
        (("", "hi"), "hi"),
        (("-", "hi"), "hi"),
    ],
)
def test_a_locale_falls_back_to_a_wider_one_then_to_the_desks_then_to_english(asked, told):
    assert shipped_notices().of(*asked).locale == told


def test_an_own_file_replaces_the_shipped_one_and_another_locale_is_added(tmp_path, shipped):
    (tmp_path / "notices").mkdir()
    own = shipped("en").replace("has joined your conversation", "is with you")
    (tmp_path / "notices" / "en.yaml").write_text(own, encoding="utf-8")
    (tmp_path / "notices" / "pt-BR.yaml").write_text(shipped("en"), encoding="utf-8")

    notices = load_notices(tmp_path)

    assert notices.of("en").say(NoticeKind.JOINED, person="Asha") == "Asha is with you."
    assert notices.of("pt-BR").locale == "pt-BR"
    assert notices.of("hi").file.endswith("mappings/notices/hi.yaml")


def test_mappings_without_notices_leave_the_shipped_ones(tmp_path):
    assert load_notices(tmp_path).of("hi").locale == "hi"


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% for %}", "{0.__class__}", "<b>Asha</b>", "%(owner)s"])
def test_a_name_with_a_templates_signs_or_markup_is_data(name):
    assert said_to(name) == f"{name} has joined your conversation."


@pytest.mark.parametrize(
    ("name", "shown"),
    [("A\nsha\x07", "A sha"), ("\u202eahsA", "ahsA"), ("\ud800x", "\ufffdx"), ("Asha\u0000", "Asha")],
)
def test_a_names_control_characters_and_turns_of_direction_are_left_out(name, shown):
    assert said_to(name) == f"{shown} has joined your conversation."


def test_a_name_without_end_is_cut_and_the_text_keeps_its_end():
    assert said_to("A" * 5_000) == f"{'A' * 79}… has joined your conversation."


def test_a_notice_never_comes_out_longer_than_its_bound(shipped):
    text = shipped("en").replace("{{ person }} has", "{{ person }}" * 20 + " has")
    wording = read_wording(text, "en.yaml", "en")

    assert len(wording.say(NoticeKind.JOINED, person="A" * 80)) <= LONGEST_NOTICE


def test_plurals_of_any_language_can_be_written(shipped):
    several = "{{ 'minuty' if minutes % 10 in (2, 3, 4) and not 11 < minutes % 100 <= 14 else 'minut' }}"
    text = shipped("en").replace('"minute" if minutes == 1 else "minutes"', several[3:-3])
    wording = read_wording(text, "pl.yaml", "pl")

    for minutes, word in [(3, "minuty"), (13, "minut"), (23, "minuty"), (5, "minut")]:
        assert f"{minutes} {word}." in wording.say(NoticeKind.WAITING, minutes=minutes, by="")


def said_to(person):
    return shipped_notices().of("en").say(NoticeKind.JOINED, person=person)
