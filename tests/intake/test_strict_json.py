"""JSON as it must be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.intake.strict_json import MAX_DEPTH, NUL_REMOVED, BadJson, read_json

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(alphabet="ab/~é", max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
PIECES = st.sampled_from(
    [
        *'[]{},:"\\ 0',
        "1e999",
        "NaN",
        "-Infinity",
        '"a":',
        "\\u0000",
        "\\ud800",
        "\0",
        "true",
        "é",
        "\ufeff",
        "9" * 5_000,
    ]
)


@given(JSON, st.booleans())
def test_good_json_is_read_as_it_is(value, ascii_only):
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == (value, ())


@pytest.mark.parametrize(
    ("body", "pointer", "problem"),
    [
        (b'{"a": {"b": 1, "b": 2}}', "/a/b", "twice"),
        (b'{"a": 1, "\\u0061": 2}', "/a", "twice"),
        (b'{"fields": {"amount": 1e999}}', "/fields/amount", "too large"),
        (b'{"x": [1, -1e999]}', "/x/1", "too large"),
        (b'{"x": NaN}', "/x", "not a number"),
        (b'{"x": [Infinity]}', "/x/0", "not a number"),
        (b'{"x": "\\ud800"}', "/x", "surrogate"),
        (b'{"x": {"\\udc00": 1}}', "/x/\xef\xbf\xbd", "surrogate"),
        (b'{"x": ["ok", "\xed\xa0\x80"]}', "/x/1", "not UTF-8"),
        (b'{"x": "\xff"}', "/x", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "", "byte order mark"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "/x", "too long"),
        (b'{"x": [1, 2,]}', "/x/2", "not JSON at line 1"),
        (b'{"x": "a\nb"}', "/x", "not JSON"),
        (b'{"a/b": {"c~d": nope}}', "/a~1b/c~0d", "not JSON"),
        (b'{"x": 1\x00}', "/x", "not JSON"),
        (b"", "", "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "", "not UTF-8"),
    ],
)
def test_fault_53_what_is_wrong_is_refused_with_its_place(body, pointer, problem):
    """The JSON has doubled names, infinities, half surrogates or a byte order mark: it is refused with the place."""
    with pytest.raises(BadJson, match=problem) as caught:
        read_json(body)
    assert caught.value.pointer == pointer.encode("latin-1").decode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"x": "a\\u0000b"}', {"x": "ab"}),
        (b'{"x\\u0000": ["\\u0000"]}', {"x": [""]}),
        (b'{"x": "a\x00b"}', {"x": "ab"}),
        (b'["say \\"\x00\\""]', ['say ""']),
    ],
)
def test_fault_53_nul_is_removed_with_a_flag(body, value):
    """A text holds NUL, which no database keeps: it is taken out, and the handoff is flagged."""
    assert read_json(body) == (value, (NUL_REMOVED,))


def test_names_that_are_the_same_without_nul_are_refused():
    with pytest.raises(BadJson, match="twice"):
        read_json(b'{"a": 1, "a\\u0000": 2}')


@pytest.mark.parametrize(
    "body", [b"[" * 3_000 + b"]" * 3_000, b"[" * 100_000, b'{"a":' * 3_000 + b"1" + b"}" * 3_000]
)
def test_fault_53_thousands_of_nested_arrays_are_refused(body):
    """Thousands of arrays are nested in each other: refused before the parser goes down them."""
    with pytest.raises(BadJson, match=f"deeper than {MAX_DEPTH}"):
        read_json(body)


def test_brackets_inside_texts_are_no_nesting():
    value = {"text": "[{" * 500 + '\\"'}
    assert read_json(json.dumps(value).encode())[0] == value


def test_the_deepest_allowed_nesting_is_read():
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert read_json(body)[0] is not None


def test_a_pair_of_surrogate_escapes_is_a_sign():
    assert read_json(b'"\\ud83d\\ude00"') == ("😀", ())


def test_a_refusal_repeats_no_value():
    with pytest.raises(BadJson) as caught:
        read_json(b'{"password": "hunter2", "password": "hunter2"}')
    assert "hunter2" not in f"{caught.value} {caught.value!r}"


@given(st.binary() | st.lists(PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode()))
def test_nothing_but_a_refusal_is_ever_raised(body):
    try:
        value, flags = read_json(body)
    except BadJson as refused:
        refused.pointer.encode()
    else:
        assert "\0" not in json.dumps(value, ensure_ascii=False)
        assert flags in ((), (NUL_REMOVED,))
