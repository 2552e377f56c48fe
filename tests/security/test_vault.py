"""Secrets at rest."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.security.vault import KeysUnreadable, Place, Tampered, Vault, new_deployment_key

KEY = new_deployment_key()
VAULT = Vault([KEY])
WRAPPED = VAULT.wrap_new_key()
PLACE = Place(account="acme", table="keys", column="sealed_secret", row="key_1")


@given(st.binary())
def test_what_is_sealed_can_be_opened_in_its_place(secret):
    assert VAULT.open(WRAPPED, PLACE, VAULT.seal(WRAPPED, PLACE, secret)) == secret


@pytest.mark.parametrize("part", ["account", "table", "column", "row"])
def test_fault_67_a_value_copied_elsewhere_is_refused(part):
    """A sealed value is copied to another place: it is bound to its own and refused."""
    sealed = VAULT.seal(WRAPPED, PLACE, b"secret")
    with pytest.raises(Tampered):
        VAULT.open(WRAPPED, dataclasses.replace(PLACE, **{part: "other"}), sealed)


def test_fault_67_a_value_of_another_account_is_refused_with_that_accounts_key():
    """A sealed value is copied to another account: refused, with either account's key."""
    sealed = VAULT.seal(WRAPPED, PLACE, b"secret")
    with pytest.raises(Tampered):
        VAULT.open(VAULT.wrap_new_key(), PLACE, sealed)


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_a_changed_byte_is_refused(position):
    sealed = bytearray(VAULT.seal(WRAPPED, PLACE, b"secret"))
    sealed[position] ^= 1
    with pytest.raises(Tampered):
        VAULT.open(WRAPPED, PLACE, bytes(sealed))


@given(st.binary(max_size=40))
def test_anything_else_than_a_sealed_value_is_refused(junk):
    with pytest.raises(Tampered):
        VAULT.open(WRAPPED, PLACE, junk)


@given(
    st.tuples(st.text(), st.text(), st.text(), st.text()),
    st.tuples(st.text(), st.text(), st.text(), st.text()),
)
def test_two_places_are_never_bound_to_the_same_data(one, other):
    first, second = (Place(account=a, table=t, column=c, row=r) for a, t, c, r in (one, other))
    assert (first.bound() == second.bound()) is (one == other)


def test_a_bar_in_a_name_does_not_move_the_border():
    one, other = (Place(account=a, table=t, column="c", row="r") for a, t in (("a|b", "c"), ("a", "b|c")))
    assert one.bound() != other.bound()


def test_a_value_is_not_sealed_the_same_way_twice():
    assert VAULT.seal(WRAPPED, PLACE, b"secret") != VAULT.seal(WRAPPED, PLACE, b"secret")


def test_an_old_key_opens_until_the_data_key_is_wrapped_anew():
    sealed, new_key = VAULT.seal(WRAPPED, PLACE, b"secret"), new_deployment_key()
    rewrapped = Vault([new_key, KEY]).rewrap(WRAPPED)
    assert Vault([new_key, KEY]).open(WRAPPED, PLACE, sealed) == b"secret"
    assert Vault([new_key]).open(rewrapped, PLACE, sealed) == b"secret"


def test_a_data_key_that_no_key_opens_is_told_clearly():
    with pytest.raises(KeysUnreadable, match="none of the secret keys"):
        Vault([new_deployment_key()]).seal(WRAPPED, PLACE, b"secret")


@pytest.mark.parametrize(
    ("keys", "words"), [([], "no secret key"), ([KEY, "short"], "secret key 2"), (["é"], "key 1")]
)
def test_keys_that_cannot_serve_are_told_without_showing_them(keys, words):
    with pytest.raises(KeysUnreadable, match=words) as caught:
        Vault(keys)
    assert "short" not in str(caught.value)
