"""`handoff demo` as anybody runs it: a process of its own, no account, no setting."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime


def test_the_demo_plays_its_story_and_prints_one_object_of_what_was_seen():
    command = [sys.executable, "-m", "bridge.cli", "demo", "--headless", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["handoff_id"].startswith("ho_")
    assert seen["ticket"]["id"]
    assert seen["ticket"]["assignee"].split()[0] == seen["owner"]
    assert seen["card"].keys() == {"channel", "channel_name", "ts"}
    assert datetime.fromisoformat(seen["answered_at"]) < datetime.fromisoformat(seen["promised_at"])
    assert seen["answered_in_window"] is True
    assert (seen["outcome"], seen["bot"]) == ("solved", "resume")
    fires_one_rung_and_not_early(seen)
    owes_nothing(seen["counts"])


def fires_one_rung_and_not_early(seen):
    first, *later = seen["rungs"]
    due, fired = (datetime.fromisoformat(first[name]) for name in ("due", "fired"))
    assert due <= fired
    # A reply's time is the helpdesk's own, in whole seconds.
    assert fired.replace(microsecond=0) <= datetime.fromisoformat(seen["answered_at"])
    assert (fired - due).total_seconds() < 1
    assert [(rung["state"], rung["fired"]) for rung in later] == [("cancelled", None)] * 3
    assert sorted(rung["due"] for rung in seen["rungs"]) == [rung["due"] for rung in seen["rungs"]]


def owes_nothing(counts):
    deliveries = counts.pop("deliveries")
    assert counts == {"accepted": 1, "settled": 1, "owed": 0, "dead": 0, "missing": 0}
    assert "dead" not in deliveries
    assert deliveries["settled"] >= 5
