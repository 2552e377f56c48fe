"""The one table of vendors: what the settings connect, and what they leave out."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from bridge.desk.load import read_desk
from bridge.settings import Settings, read_settings
from connectors.mapping import MappingRefused
from connectors.registry import VENDORS, Unconnectable, build_connectors, build_link, build_receiver, doubts

ZENDESK = {"ZENDESK_SUBDOMAIN": "shop", "ZENDESK_OAUTH_TOKEN": "t"}
FRESHDESK = {"FRESHDESK_DOMAIN": "shop.freshdesk.com", "FRESHDESK_API_KEY": "k"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-t", "SLACK_SIGNING_SECRET": "s"}


def connected(**settings):
    return build_connectors(read_settings(settings))


def test_without_settings_nothing_is_connected():
    found = connected()
    assert (dict(found.helpdesks), dict(found.chats), found.vendors) == ({}, {}, {})


def test_each_connection_is_found_by_its_name():
    found = connected(**ZENDESK, **FRESHDESK, **SLACK)
    assert found.vendors == {"zendesk": "zendesk", "freshdesk": "freshdesk", "slack": "slack"}
    assert frozenset(found.vendors) == VENDORS
    assert found.of("slack") is found.chats["slack"]


def test_a_connection_without_a_connector_has_no_limits():
    found = connected(**SLACK)
    assert found.of("bot") is None
    assert found.limits_of("bot") == {}
    assert found.limits_of("slack")


@pytest.mark.parametrize("vendor", [ZENDESK, FRESHDESK])
@pytest.mark.parametrize("part", [0, 1])
def test_half_of_a_helpdesks_settings_is_refused(vendor, part):
    name = list(vendor)[part]
    with pytest.raises(Unconnectable, match=f"^{name.split('_')[0].lower()}: give "):
        connected(**{name: vendor[name]})


def test_what_is_missing_is_told_without_the_secrets_that_are_there():
    with pytest.raises(Unconnectable) as refused:
        connected(ZENDESK_API_TOKEN="canary", ZENDESK_SUBDOMAIN="shop")
    assert "canary" not in str(refused.value)


def test_an_address_of_another_server_stands_for_the_vendors_own():
    found = connected(ZENDESK_BASE_URL="http://127.0.0.1:1", ZENDESK_OAUTH_TOKEN="t")
    assert list(found.helpdesks) == ["zendesk"]


def test_presses_are_taken_only_with_the_secret_that_verifies_them():
    def nothing(*_):
        return None

    assert build_receiver(read_settings({"SLACK_BOT_TOKEN": "t"}), nothing, nothing, nothing) is None
    assert build_receiver(read_settings(SLACK), nothing, nothing, nothing) is not None


def test_an_admins_own_mapping_takes_the_place_of_ours(tmp_path: Path):
    folder = tmp_path / "helpdesks"
    folder.mkdir()
    with pytest.raises(Unconnectable, match=r"no helpdesks/zendesk\.yaml"):
        connected(**ZENDESK, HANDOFF_MAPPINGS=str(tmp_path))
    (folder / "zendesk.yaml").write_text("fields: 3\n")
    with pytest.raises(MappingRefused):
        connected(**ZENDESK, HANDOFF_MAPPINGS=str(tmp_path))


def test_the_live_check_counts_on_every_group_and_channel_of_the_desk():
    text = (resources.files("bridge.desk") / "example.yaml").read_text(encoding="utf-8")
    desk = read_desk(text, "example.yaml", VENDORS)
    found = build_connectors(read_settings({**ZENDESK, **SLACK}), desk)
    assert set(found.helpdesks["zendesk"]._groups) == {"Support", "Billing", "Escalations"}
    assert set(found.chats["slack"]._channels) == {"C0MORNING", "C0EVENING", "C0NIGHT"}


def test_every_connector_tells_the_time_by_the_clock_it_is_given(frozen_now):
    found = build_connectors(read_settings({**ZENDESK, **FRESHDESK, **SLACK}), clock=lambda: frozen_now)
    asked = (*(desk._opening.clock for desk in found.helpdesks.values()), found.chats["slack"]._clock)
    assert {clock() for clock in asked} == {frozen_now}


def test_connections_that_can_speak_and_not_hear_are_doubted():
    settings = Settings(
        slack_bot_token="xoxb-1",
        zendesk_subdomain="shop",
        freshdesk_api_key="k",
        freshdesk_webhook_secret="s",
    )
    assert [doubt.where for doubt in doubts(settings)] == ["SLACK_SIGNING_SECRET", "ZENDESK_WEBHOOK_SECRET"]


def test_a_chat_that_is_heard_by_a_link_of_our_own_needs_no_secret():
    settings = Settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1")
    assert doubts(settings) == ()


def test_a_link_is_built_only_with_the_apps_own_token():
    def nothing(*_):
        return None

    linked = read_settings({"SLACK_BOT_TOKEN": "t", "SLACK_APP_TOKEN": "xapp-t"})
    receiver = build_receiver(linked, nothing, nothing, nothing)
    assert receiver is not None
    link = build_link(linked, receiver, nothing, nothing)
    assert link is not None
    link.stop()
    assert build_link(read_settings(SLACK), receiver, nothing, nothing) is None


def test_an_apps_token_without_the_bots_is_half_a_connection():
    with pytest.raises(Unconnectable, match="give SLACK_BOT_TOKEN"):
        connected(SLACK_APP_TOKEN="xapp-t")
