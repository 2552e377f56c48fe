"""Cutting and cleaning customers' words."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bridge.handoffs.text import ELLIPSIS, MARKS_PER_GRAPHEME, cap_marks, cut, one_line, strip_bidi

FAMILY = "👨‍👩‍👧‍👦"
PIECES = st.sampled_from([*"ab. \n", "न", "म", "स", "्", "ते", FAMILY, "🇮🇳", "\u0301", "\u202e"])
KNOTTY = st.lists(PIECES).map("".join)


def test_a_text_that_fits_stays_as_it_is():
    assert cut("Where is my refund?", 160) == "Where is my refund?"


def test_a_long_text_is_cut_after_a_sentence():
    text = "The refund of order 4411 has not come. The customer has asked three times since Monday."
    assert cut(text, 60) == "The refund of order 4411 has not come. …"


def test_without_a_sentence_in_reach_a_text_is_cut_between_words():
    assert cut("refund for the order that never came to my house", 30) == "refund for the order that…"


def test_a_string_without_spaces_is_cut_where_the_room_ends():
    assert cut("x" * 50, 10) == "x" * 9 + ELLIPSIS


def test_an_emoji_family_is_kept_whole_or_left_out():
    assert cut(f"help {FAMILY}{FAMILY}", 14) == f"help {FAMILY}{ELLIPSIS}"
    assert cut(f"help {FAMILY}{FAMILY}", 11) == f"help{ELLIPSIS}"


def test_a_hindi_syllable_is_not_torn():
    assert cut("नमस्तेनमस्ते", 5) == "नम…"


def test_no_room_is_refused():
    with pytest.raises(ValueError, match="no room"):
        cut("text", 0)


@given(KNOTTY, st.integers(min_value=1, max_value=40))
def test_a_cut_keeps_to_its_limit_and_to_whole_graphemes(text, limit):
    kept = cut(text, limit)
    assert len(kept) <= limit
    if kept != cap_marks(text):
        body = regex.findall(r"\X", kept.removesuffix(ELLIPSIS).rstrip())
        assert body == regex.findall(r"\X", cap_marks(text))[: len(body)]


@given(st.text())
def test_one_line_holds_no_line_end_and_no_control(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not regex.search(r"\p{Cc}", line)
    line.encode()


def test_half_a_surrogate_pair_is_replaced():
    assert one_line("a\ud800b") == "a\ufffdb"


def test_directions_cannot_be_turned():
    assert strip_bidi("refund \u202e54321\u202c \u2067now\u2069") == "refund 54321 now"


def test_zalgo_is_tamed():
    zalgo = "h" + "\u0301\u0489" * 40 + "elp"
    assert cap_marks(zalgo) == "h" + "\u0301\u0489" * (MARKS_PER_GRAPHEME // 2) + "elp"


def test_zalgo_leaves_room_for_letters():
    assert cut("a" + "\u0301" * 100 + "bc", 10) == "a" + "\u0301" * MARKS_PER_GRAPHEME + "bc"


def test_living_scripts_keep_all_their_marks():
    for text in ("क्षत्रिय", "Tiếng Việt", "שָׁלוֹם", FAMILY, "👩🏽‍⚕️"):
        assert cap_marks(text) == text
