"""The home tab, the command, the message shortcut and shared links, from the people at Slack to the running bridge."""

from __future__ import annotations

import json

import pytest
from running_shop import CHANNEL

from sandbox.slack.standin import SlackStandIn

pytestmark = pytest.mark.skipif(
    not hasattr(SlackStandIn, "open_home"), reason="the stand-in shows presses and posts alone"
)

PUBLIC_URL = "https://bridge.example"
ASHA, RAVI, MEERA = "U07ASHA", "U07RAVI", "U07MEERA"


@pytest.fixture
def slack(shop):
    return shop.sandbox.slack


def home_text(slack, user):
    home = slack.home_of(user)
    return "" if home is None else json.dumps(home["blocks"], ensure_ascii=False)


def home_shows(shop, slack, user, words):
    shop.until(f"{words!r} on the home tab", lambda: words in home_text(slack, user))


def said_to(slack, user, text):
    return "\n".join(post["text"] for post in slack.slash(user, CHANNEL, "/handoff", text))


def test_a_home_tab_shows_who_waits_and_a_press_on_it_claims(shop, slack):
    slack.open_home(ASHA)
    home_shows(shop, slack, ASHA, "Nobody waits for you.")
    handoff = shop.hand_over()

    home_shows(shop, slack, ASHA, "refund for order 4411")
    slack.press_in_view(ASHA, "claim", home=True)

    home_shows(shop, slack, ASHA, "*Claimed* by Asha Rao")
    assert shop.look(handoff)["claimed_by"] == {"first_name": "Asha"}
    assert slack.troubles_of(ASHA) == []


def test_a_channel_is_taken_over_on_the_home_tab_and_given_back(shop, slack):
    slack.open_home(RAVI)
    home_shows(shop, slack, RAVI, "Take over whatsapp")
    slack.press_in_view(RAVI, "take_over", home=True)
    shop.until("the dialog", lambda: slack.view_of(RAVI))

    assert slack.submit(RAVI, {"until": "soonish"}).errors.keys() == {"until"}
    assert slack.submit(RAVI, {"until": "tomorrow 9:00"}).closed
    assert "Ravi covers for Asha until" in said_to(slack, MEERA, "who")

    home_shows(shop, slack, RAVI, "Give it back")
    slack.press_in_view(RAVI, "give_back", home=True)
    shop.until("the roster again", lambda: "whatsapp: Asha Rao" in said_to(slack, MEERA, "who"))


def test_alert_rules_are_chosen_on_the_home_tab(shop, slack):
    slack.open_home(ASHA)
    home_shows(shop, slack, ASHA, "When a handoff becomes mine: no")
    slack.press_in_view(ASHA, "alerts", home=True)
    shop.until("the dialog", lambda: slack.view_of(ASHA))

    assert slack.submit(ASHA, {"mine": "yes", "quiet_from": "22:00", "quiet_to": "7:00"}).closed

    home_shows(shop, slack, ASHA, "When a handoff becomes mine: yes")
    home_shows(shop, slack, ASHA, "Quiet from 22:00 to 07:00")


def test_a_command_makes_a_cover_that_gets_the_next_handoff(shop, slack):
    assert said_to(slack, RAVI, "mine") == "Nobody waits for you."
    assert said_to(slack, RAVI, f"cover <@{ASHA}|asha> tomorrow 9:00").startswith(
        "You cover for Asha Rao on whatsapp"
    )

    handoff = shop.hand_over()

    assert shop.look(handoff)["owner"] == {"first_name": "Ravi"}
    assert "refund for order 4411" in said_to(slack, RAVI, "mine")
    assert said_to(slack, RAVI, "cover stop").startswith("Given back")


def test_a_message_is_handed_off_from_its_menu(shop, slack):
    ts = slack.say(CHANNEL, MEERA, "Where is my parcel?")
    slack.message_shortcut(RAVI, CHANNEL, ts, "hand_off_message")
    shop.until("the dialog", lambda: slack.view_of(RAVI))

    assert slack.submit(RAVI, {"channel": "whatsapp"}).closed

    shop.until(
        "Ravi's handoff on Asha's list", lambda: "Wants Where is my parcel?" in said_to(slack, ASHA, "mine")
    )
    shop.until("the line to Ravi", lambda: "Handed off: Asha has it." in json.dumps(slack.snapshot()))
    told = next(
        text
        for channel in slack.snapshot()["channels"]
        for text in (message["text"] for message in channel["messages"])
        if text.startswith("Handed off")
    )
    assert "|Open it>" in told
    assert slack.troubles_of(RAVI) == []


def test_a_shared_link_shows_how_the_handoff_stands(sqlite_url, open_shop):
    shop = open_shop(sqlite_url, settings={"HANDOFF_PUBLIC_URL": PUBLIC_URL})
    slack = shop.sandbox.slack
    handoff = shop.hand_over()
    url = f"{PUBLIC_URL}/handoffs/{handoff}"

    ts = slack.share_link(RAVI, CHANNEL, url)

    shop.until("the link's look", lambda: url in slack.unfurls(CHANNEL, ts))
    shown = json.dumps(slack.unfurls(CHANNEL, ts)[url], ensure_ascii=False)
    assert "refund for order 4411" in shown
    assert "owner Asha Rao" in shown
