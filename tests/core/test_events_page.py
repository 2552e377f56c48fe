"""The page for bot builders tells the events that there are, and what each of them holds."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.handoffs.hearing import HEARD, TOLD

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
ROW = re.compile(r"^\| `handoff\.(\w+)` \| [^|]+ \|([^|]*)\|$", re.MULTILINE)


def test_the_page_tells_every_event_a_bot_hears_with_its_members():
    told = {event: tuple(re.findall(r"`(\w+)`", members)) for event, members in ROW.findall(PAGE.read_text())}
    assert told.keys() == TOLD
    for event, members in told.items():
        assert set(HEARD.get(event, ())) <= set(members)
