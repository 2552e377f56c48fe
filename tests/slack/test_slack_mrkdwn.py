"""Strangers' words in Slack's text format: shown as typed, doing nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.slack.mrkdwn import date_token, escape, group_mention, length, mention

LONG = 500


@pytest.mark.parametrize("token", ["<!channel>", "<!here|here>", "<@U07ASHA>", "<https://evil.example|bank>"])
def test_fault_54_a_customers_tokens_are_only_text(token):
    """A customer writes Slack's own tokens for channels, people and links: they are shown as typed."""
    shown = escape(f"please {token} help", LONG)

    assert "<" not in shown
    assert ">" not in shown
    assert "&lt;" in shown


def test_an_ampersand_is_escaped_once():
    assert escape("Tom & Jerry &amp; co", LONG) == "Tom &amp; Jerry &amp;amp; co"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*bold* ~gone~ `code`", "∗bold∗ ∼gone∼ ˋcodeˋ"),
        ("_sly_ order_no_12", "ˍslyˍ order_no_12"),
        ("__init__", "ˍˍinitˍˍ"),
    ],
)
def test_formatting_signs_become_look_alikes(typed, shown):
    assert escape(typed, LONG) == shown


def test_fault_52_what_turns_writing_round_is_taken_out():
    """A text holds signs that turn the direction of writing: they are not shown in Slack."""
    assert escape("pay \u202eevil\u202c \u2066now\u2069\u200f", LONG) == "pay evil now"


def test_nul_lone_surrogates_and_line_breaks_cannot_break_the_card():
    assert escape("a\x00b\ud800c\r\n\n\u2028d\t e", LONG) == "abc d e"


def test_fault_52_a_cut_keeps_families_and_syllables_whole():
    """A text of emoji families or Hindi is too long: it is cut between whole signs, never inside one."""
    family, syllable = "👨‍👩‍👧‍👦", "क्षि"

    assert escape(family * 5, length(family) * 2 + 1) == family * 2 + "…"
    assert escape(syllable * 5, length(syllable) * 2 + 2) == syllable * 2 + "…"


def test_fault_52_marks_piled_on_one_letter_are_thinned():
    """Thousands of marks are piled on one letter: all but a few are taken off."""
    assert length(escape("Z" + "\u0301" * 4000 + "algo", LONG)) < 20


def test_joiners_that_scripts_need_are_kept():
    assert escape("क्\u200dष می\u200cخواهم", LONG) == "क्\u200dष می\u200cخواهم"


def test_a_cut_never_leaves_half_an_escape():
    assert escape("<" * 100, 10) == "&lt;&lt;…"


@given(st.text(max_size=300), st.integers(min_value=1, max_value=60))
def test_any_text_stays_within_its_limit_and_says_nothing_to_slack(text, limit):
    shown = escape(text, limit)

    assert length(shown) <= limit
    assert not set(shown) & set("<>*~`\n\r\x00")
    shown.encode("utf-8")  # raises for half a surrogate pair


def test_a_date_token_counts_seconds_and_falls_back_to_utc():
    kolkata = timezone(timedelta(hours=5, minutes=30))
    at = datetime(2026, 11, 2, 17, 45, 59, tzinfo=kolkata)

    assert date_token(at, "by {time}") == f"<!date^{int(at.timestamp())}^by {{time}}|2026-11-02 12:15 UTC>"
    assert date_token(at, "{time}") == date_token(at.astimezone(UTC), "{time}")


def test_only_real_ids_become_mentions():
    assert mention("U07ASHA") == "<@U07ASHA>"
    assert group_mention("S0LEADS") == "<!subteam^S0LEADS>"
    assert group_mention("channel>") is None
    with pytest.raises(ValueError, match="not a Slack user's id"):
        mention("asha> <!channel")
