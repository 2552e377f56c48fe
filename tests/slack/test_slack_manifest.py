"""What an admin installs is what the code needs, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from connectors.slack.events import READ
from connectors.slack.manifest import PLACE, manifest, manifest_text
from connectors.slack.scopes import SCOPES
from connectors.slack.surfaces import SURFACE_EVENTS

SCOPES_PAGE = Path(__file__).parents[2] / "manifest" / "SCOPES.md"


def test_the_manifest_on_disk_is_the_one_the_code_makes():
    assert PLACE.read_text(encoding="utf-8") == manifest_text()


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_the_manifest_keeps_slacks_schema(vendor_file, version):
    schema = json.loads(vendor_file(f"slack/manifest.schema.{version}.json").read_text())

    jsonschema.validate(yaml.safe_load(manifest_text()), schema)


def test_every_scope_is_explained_by_its_feature():
    page = SCOPES_PAGE.read_text(encoding="utf-8")

    for scope in SCOPES:
        assert f"`{scope.name}`" in page
        assert scope.feature in page
        assert scope.without in page


def test_the_page_explains_no_slack_scope_that_is_not_asked_for():
    section = SCOPES_PAGE.read_text(encoding="utf-8").split("## Slack")[1].split("\n## ")[0]
    rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]

    assert rows == [scope.name for scope in SCOPES]


def test_buttons_reach_the_bridge():
    assert manifest()["settings"]["interactivity"]["request_url"].endswith("/slack/events")


def test_every_event_that_is_asked_for_is_read_and_explained():
    asked = manifest()["settings"]["event_subscriptions"]["bot_events"]
    page = SCOPES_PAGE.read_text(encoding="utf-8")

    assert sorted((*READ, *SURFACE_EVENTS)) == sorted(asked)
    assert [name for name in asked if f"`{name}`" not in page] == []
