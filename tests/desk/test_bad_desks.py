"""Each mistake a desk file can hold, a file for each; its first line says where it is and what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.desk.load import load_desk
from bridge.desk.mistakes import DeskRefused

VENDORS = frozenset({"slack", "zendesk", "freshdesk"})
BAD = Path(__file__).parent / "bad"
EXPECTED = re.compile(r"# (?P<line>\d+) (?P<key>[^:]*(?::[^ ][^:]*)*): (?P<problem>.+)")


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_desk_is_refused_with_its_one_mistake(path):
    expected = EXPECTED.fullmatch(path.read_text().partition("\n")[0])
    assert expected is not None

    with pytest.raises(DeskRefused) as refused:
        load_desk(path, VENDORS)

    (mistake,) = refused.value.mistakes
    assert (mistake.line, mistake.key) == (int(expected["line"]), expected["key"])
    assert expected["problem"] in mistake.problem
    assert mistake.remedy
    assert mistake.file == path.name
