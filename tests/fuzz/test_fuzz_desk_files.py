"""Desk files with mistakes of every kind: refused with a place and a remedy, or a desk that works."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from importlib import resources

import yaml
from fuzzing import tries
from hypothesis import given
from hypothesis import strategies as st

from bridge.desk.check import warnings
from bridge.desk.load import read_desk
from bridge.desk.mistakes import DeskRefused
from bridge.roster.on_duty import next_duty, on_duty

NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)
VENDORS = frozenset({"slack", "zendesk", "freshdesk"})
EXAMPLE = (resources.files("bridge.desk") / "example.yaml").read_text()
LINES = EXAMPLE.splitlines(keepends=True)

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.text(max_size=20),
        st.sampled_from(
            [
                "09:00-09:00", "25:00-26:00", "mon-fri", "-", "mon--sun", "100%", "-1%", "9" * 400 + "%", "0 min",
                "asha", "lead", "Asia/Kolkata", "../../etc/passwd", "Europe", "", " ", "\x00", "2026-02-30",
                "2026-03-29 02:30", "0001-01-01 00:00", "9999-12-31 23:59", ">= 1e999", "C0X", "🏳️‍🌈", "\u202e",
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


def read(text):
    """Read a desk, use it if there is one, and hold a refusal to what it promises."""
    desk, mistakes = parsed(text)
    for mistake in mistakes:
        assert 1 <= mistake.line <= text.count("\n") + 2
        assert mistake.problem
        assert mistake.remedy
    if desk is None:
        assert mistakes
        return
    warnings(desk, NOW)
    for channel in desk.channels:
        on_duty(desk.roster, channel, NOW)
        next_duty(desk.roster, channel, NOW)


def parsed(text):
    try:
        return read_desk(text, "desk.yaml", VENDORS), ()
    except DeskRefused as refused:
        return None, refused.mistakes


def places(tree, path=()):
    """Yield the path of every value in a document."""
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


PLACES = list(places(yaml.safe_load(EXAMPLE)))[1:]


@given(path=st.sampled_from(PLACES), value=values, way=st.sampled_from(["replace", "remove", "rename"]))
@tries(25)
def test_one_value_that_is_another_is_refused_or_works(path, value, way):
    tree = copy.deepcopy(yaml.safe_load(EXAMPLE))
    around = tree
    for step in path[:-1]:
        around = around[step]
    if way == "replace":
        around[path[-1]] = value
    else:
        taken = around.pop(path[-1])
        if way == "rename" and isinstance(around, dict):
            around[str(value)[:20]] = taken
    read(yaml.safe_dump(tree, allow_unicode=True))


@given(data=st.data())
@tries(25)
def test_lines_that_were_moved_cut_or_written_over_are_refused_or_work(data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "double", "cut", "write", "swap"]))
        if change == "drop" and len(lines) > 1:
            del lines[place]
        elif change == "double":
            lines.insert(place, lines[place])
        elif change == "cut":
            lines[place] = lines[place][: data.draw(st.integers(0, len(lines[place])))]
        elif change == "write":
            lines[place] = data.draw(st.text(max_size=30)) + "\n"
        else:
            lines[place], lines[0] = lines[0], lines[place]
    read("".join(lines))


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"#%@` \n\tab", max_size=80))
@tries(40)
def test_any_text_at_all_is_refused_or_works(text):
    read(text)
