"""`handoff notices preview`: what customers are told, as they would read it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bridge.commands.desk_file import add_desk_argument, read_desk_file
from bridge.commands.outcome import (
    Commands,
    Refused,
    add_command,
    add_group,
    print_json,
    settings_from_environment,
)
from bridge.notices.model import NOTICE_NAMES, Notices, Wording
from bridge.notices.reading import load_notices
from bridge.notices.samples import sample_values

MINUTES: Final = 15
NOON: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
#: sample moments: an answer by so much later, an opening a day later
BY, OPENS = timedelta(minutes=MINUTES), timedelta(days=1)


def add_to(commands: Commands) -> None:
    notices = add_group(commands, "notices", "what customers are told", "handoff notices preview --locale hi")
    preview = add_command(
        notices,
        "preview",
        "show every notice with sample names and times, as a customer would read it",
        "handoff notices preview --locale hi",
        _preview,
    )
    preview.add_argument("--locale", help="one of them alone; by default all")
    preview.add_argument("--json", action="store_true", help="print JSON")
    add_desk_argument(preview)


def _preview(given: argparse.Namespace) -> int:
    settings = settings_from_environment()
    wordings = _asked_for(load_notices(settings.mappings), given.locale)
    zone = read_desk_file(given.desk).zone if given.desk or settings.desk else "UTC"
    shown = [_shown(wording, zone) for wording in wordings]
    if given.json:
        print_json(shown)
        return 0
    for one in shown:
        print(f"{one['locale']}  {one['file']}")
        for name, text in one["notices"].items():
            print(f"  {name}\n    {text}")
    return 0


def _asked_for(notices: Notices, locale: str | None) -> list[Wording]:
    if locale is None:
        return list(notices)
    found = notices.named(locale)
    if found is None:
        known = ", ".join(wording.locale for wording in notices)
        raise Refused(f"there are no notices for {locale}; there are {known}")
    return [found]


def _shown(wording: Wording, zone: str) -> dict[str, Any]:
    by, opens = (wording.moment(NOON + ahead, NOON, zone) for ahead in (BY, OPENS))
    values = {**sample_values(("owner", "person", "minutes"), MINUTES), "by": by, "opens": opens}
    said = {
        kind.value: wording.say(kind, **{name: values[name] for name in names})
        for kind, names in NOTICE_NAMES.items()
    }
    return {"locale": wording.locale, "file": wording.file, "notices": said}
