"""The live check: what an admin is told before a customer waits."""

from __future__ import annotations

import pytest
from slack_shop import ASHA, RAVI, STRANGER, Shop

from bridge.roster.model import Person
from connectors.base import Finding
from connectors.errors import Busy
from connectors.slack import SlackChat
from sandbox.slack.standin import SCOPES, TOKEN


def check(shop: Shop, *, channels=(), people=(), token=TOKEN) -> dict[str, Finding]:
    chat = SlackChat(token=token, base_url=shop.url, channels=channels, people=people, clock=shop.clock)
    return {finding.where: finding for finding in chat.check()}


def test_a_workspace_with_everything_has_no_findings(shop):
    assert check(shop, channels=("C0MORNING", "C0ALL"), people=(ASHA, RAVI)) == {}


def test_a_wrong_token_is_the_one_finding(shop):
    found = check(shop, channels=("C0MORNING",), people=(STRANGER,), token="xoxb-wrong")

    assert list(found) == ["token"]
    assert found["token"].severity == "error"
    assert "bot token" in found["token"].remedy
    assert "xoxb-wrong" not in str(found)


def test_fault_31_a_lost_scope_says_what_stopped_working(shop):
    shop.slack.grant(SCOPES - {"im:write", "channels:history"})

    found = check(shop)

    assert {where: one.severity for where, one in found.items()} == {
        "scope im:write": "error",
        "scope channels:history": "warning",
    }
    assert "may repeat" in found["scope channels:history"].problem


@pytest.mark.parametrize("channel", ["C0NOWHERE", "C0SECRET"])
def test_a_channel_the_bot_cannot_see_is_an_error(shop, channel):
    shop.slack.add_channel("C0SECRET", "secret", private=True, with_bot=False)

    found = check(shop, channels=(channel,))

    assert found[f"channel {channel}"].severity == "error"
    assert "invite the bot" in found[f"channel {channel}"].remedy


def test_an_archived_channel_is_an_error(shop):
    shop.slack.archive("C0ALL")

    assert "archived" in check(shop, channels=("C0ALL",))["channel C0ALL"].problem


def test_a_public_channel_without_the_bot_is_a_warning(shop):
    shop.slack.remove("C0ALL")

    assert check(shop, channels=("C0ALL",))["channel C0ALL"].severity == "warning"


@pytest.mark.parametrize(
    "person",
    [STRANGER, Person(key="zoe", name="Zoe"), Person(key="zoe", name="Zoe", ids={"slack": "U0NOBODY"})],
)
def test_a_person_nobody_can_tag_is_an_error(shop, person):
    assert check(shop, people=(person,))["person zoe"].severity == "error"


def test_fault_27_a_deactivated_person_is_an_error(shop):
    shop.slack.deactivate("U07ASHA")

    assert "deactivated" in check(shop, people=(ASHA,))["person asha"].problem


def test_a_workspace_that_does_not_answer_is_not_a_finding(shop):
    shop.goes_wrong("auth.test", "html", status=502)

    with pytest.raises(Busy):
        check(shop)
