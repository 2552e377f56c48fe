"""Bearer keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.handoffs.redaction import mask
from bridge.security.keys import hash_key, is_key, is_test, new_key, shown


@pytest.mark.parametrize(("test", "prefix"), [(False, "hb_live_"), (True, "hb_test_")])
def test_a_key_tells_what_traffic_it_is_for(test, prefix):
    key = new_key(test=test)
    assert key.startswith(prefix)
    assert is_test(key) is test
    assert len(key) == 40


def test_no_key_is_made_twice():
    assert len({new_key() for _ in range(1_000)}) == 1_000


def test_only_prefix_and_last_four_are_shown():
    key = new_key()
    assert shown(key) == f"hb_live_…{key[-4:]}"


def test_a_key_is_known_by_its_digest():
    key = new_key()
    assert is_key(key, hash_key(key))
    assert not is_key(new_key(), hash_key(key))
    assert len(hash_key(key)) == 64


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_looked_up(text):
    assert not is_key(text, hash_key("hb_live_other"))


def test_a_key_in_a_text_is_masked():
    assert mask(f"key {new_key()}.") == "key [secret]."
