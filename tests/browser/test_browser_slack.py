"""Everything an agent can do in Slack can be done at the page, with an app that answers as it was told."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sandbox.slack.events import SCOPE_OF
from sandbox.slack.installed import Command, Installed, Shortcut
from sandbox.slack.standin import SCOPES

ASHA, RAVI = "U07ASHA", "U07RAVI"


def plain(text):
    return {"type": "plain_text", "text": text}


def option(value, text):
    return {"text": plain(text), "value": value}


MODAL = {
    "type": "modal",
    "callback_id": "snooze",
    "title": plain("Snooze this handoff"),
    "submit": plain("Snooze"),
    "close": plain("Cancel"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "Priya waits for *her refund*. Who takes it, and when?"},
        },
        {
            "type": "input",
            "block_id": "reason",
            "label": plain("Why"),
            "hint": plain("The next person reads this."),
            "element": {
                "type": "plain_text_input",
                "action_id": "a",
                "multiline": True,
                "placeholder": plain("In your words"),
            },
        },
        {
            "type": "input",
            "block_id": "who",
            "optional": True,
            "label": plain("Give it to"),
            "element": {"type": "users_select", "action_id": "a", "placeholder": plain("Nobody")},
        },
        {
            "type": "input",
            "block_id": "day",
            "label": plain("Until"),
            "element": {"type": "datepicker", "action_id": "a", "initial_date": "2026-11-30"},
        },
        {
            "type": "input",
            "block_id": "level",
            "label": plain("How urgent"),
            "element": {
                "type": "radio_buttons",
                "action_id": "a",
                "options": [option("low", "Low"), option("high", "High")],
                "initial_option": option("low", "Low"),
            },
        },
        {
            "type": "input",
            "block_id": "also",
            "optional": True,
            "label": plain("Also"),
            "element": {
                "type": "checkboxes",
                "action_id": "a",
                "options": [option("tell", "Tell the customer"), option("note", "Leave a note")],
            },
        },
    ],
}
SURE = {
    "title": plain("Withdraw it?"),
    "text": {"type": "mrkdwn", "text": "The customer is *not* told."},
    "confirm": plain("Withdraw"),
    "deny": plain("Keep"),
    "style": "danger",
}
CARD = [
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*Waiting* for Asha &lt;img src=x onerror=alert(1)&gt;"},
        "accessory": {
            "type": "overflow",
            "action_id": "more",
            "options": [option("snooze", "Snooze…"), option("reassign", "Reassign…")],
        },
    },
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "snooze", "text": plain("Snooze"), "value": "ho_1"},
            {
                "type": "button",
                "action_id": "withdraw",
                "text": plain("Withdraw"),
                "style": "danger",
                "confirm": SURE,
            },
            {"type": "users_select", "action_id": "owner", "placeholder": plain("Give to somebody")},
        ],
    },
]


@pytest.fixture
def slack(workplace):
    """Return a workspace whose app asked for everything there is."""
    slack = workplace.sandbox.slack
    slack.grant(SCOPES | {scope for scope in SCOPE_OF.values() if scope} | {"links:write"})
    slack.installed = Installed(
        events=frozenset(SCOPE_OF),
        domains=frozenset({"zendesk.example"}),
        commands=(Command(name="/handoff", description="Who is on duty", hint="who"),),
        shortcuts=(
            Shortcut(callback_id="take_it", name="Take it over", on_messages=True),
            Shortcut(callback_id="report", name="Report a gap", on_messages=False),
        ),
    )
    return slack


@pytest.fixture
def heard(workplace, page):
    """Return how to wait for the next thing that the app was told of this kind."""

    def wait(kind, number=1):
        for _ in range(300):
            found = workplace.app.heard(kind)
            if len(found) >= number:
                return found[number - 1]
            page.wait_for_timeout(20)
        raise AssertionError(f"the app was not told of {kind}")

    return wait


@pytest.fixture
def card(workplace, page):
    """Return the card in the browser, in whose modal the app asks why."""
    client, app = workplace.client, workplace.app
    app.on["block_actions"] = lambda told: (
        client.views_open(trigger_id=told["trigger_id"], view=MODAL) and None
        if told["actions"][0]["action_id"] == "snooze"
        else None
    )
    client.chat_postMessage(channel="C0MORNING", text="card", blocks=CARD)
    return page.locator(".post").first


def act_as(page, name):
    page.get_by_label("Act as").select_option(label=name)


def test_a_modal_is_filled_in_mended_at_its_field_and_sent(slack, card, page, window, workplace, heard):
    workplace.app.on["view_submission"] = lambda told: (
        {"response_action": "errors", "errors": {"reason": "Say who calls back."}}
        if told["view"]["state"]["values"]["reason"]["a"]["value"] == "later"
        else None
    )
    act_as(page, "Ravi Iyer")
    card.get_by_role("button", name="Snooze").click()
    modal = page.get_by_role("dialog", name="Snooze this handoff")
    modal.get_by_label("Why").fill("later")
    modal.get_by_label("Give it to").select_option(label="Asha Rao")
    modal.get_by_label("High").check()
    modal.get_by_label("Leave a note").check()
    window.picture("modal")
    modal.get_by_role("button", name="Snooze").click()

    expect(modal.get_by_text("Say who calls back.")).to_be_visible()
    expect(modal.get_by_label("Why")).to_be_focused()
    expect(modal.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
    window.picture("modal-error")
    modal.get_by_label("Why").fill("the courier calls back")
    modal.get_by_role("button", name="Snooze").click()

    expect(modal).to_be_hidden()
    sent = heard("view_submission", 2)
    values = sent["view"]["state"]["values"]
    assert sent["user"]["id"] == RAVI
    assert values["reason"]["a"]["value"] == "the courier calls back"
    assert values["who"]["a"]["selected_user"] == ASHA
    assert values["day"]["a"]["selected_date"] == "2026-11-30"
    assert values["level"]["a"]["selected_option"]["value"] == "high"
    assert [one["value"] for one in values["also"]["a"]["selected_options"]] == ["note"]


def test_a_required_field_left_empty_is_said_at_once(slack, card, page, workplace):
    card.get_by_role("button", name="Snooze").click()
    modal = page.get_by_role("dialog")
    modal.get_by_role("button", name="Snooze").click()

    expect(modal.get_by_text("Please complete this required field.")).to_be_visible()
    assert workplace.app.heard("view_submission") == []


def test_escape_leaves_the_modal_and_the_focus_comes_back(slack, card, page, heard):
    button = card.get_by_role("button", name="Snooze")
    button.focus()
    page.keyboard.press("Enter")
    modal = page.get_by_role("dialog")
    expect(modal.get_by_label("Why")).to_be_focused()

    page.keyboard.press("Escape")

    expect(modal).to_be_hidden()
    expect(button).to_be_focused()
    assert heard("view_closed")["view"]["callback_id"] == "snooze"


def test_the_focus_stays_inside_the_modal(slack, card, page):
    card.get_by_role("button", name="Snooze").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    where = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"

    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate(where)


def test_what_is_typed_outlives_the_pages_own_refreshing(slack, card, page, workplace):
    card.get_by_role("button", name="Snooze").click()
    why = page.get_by_role("dialog").get_by_label("Why")
    why.fill("half a sent")
    view = slack.view_of(ASHA)
    changed = {**MODAL, "title": plain("Snooze it")}

    workplace.client.views_update(view_id=view["id"], view=changed)

    expect(page.get_by_role("dialog", name="Snooze it")).to_be_visible()
    expect(why).to_have_value("half a sent")


def test_only_the_one_who_acted_sees_the_modal(slack, card, page):
    card.get_by_role("button", name="Snooze").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    slack.press("C0MORNING", slack.snapshot()["channels"][0]["messages"][0]["ts"], "snooze", RAVI)

    page.wait_for_timeout(1500)  # longer than the page takes to look again
    expect(page.get_by_role("dialog")).to_be_hidden()
    act_as(page, "Ravi Iyer")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_an_overflow_menu_is_opened_and_chosen_from(slack, card, page, window, heard):
    card.get_by_label("More actions").click()
    window.picture("overflow")
    card.get_by_role("button", name="Reassign…").click()

    assert heard("block_actions")["actions"][0]["selected_option"]["value"] == "reassign"
    expect(card.get_by_role("button", name="Reassign…")).to_be_hidden()


def test_a_select_under_a_message_is_told(slack, card, heard):
    card.get_by_label("Give to somebody").select_option(label="Meera Shah")

    assert heard("block_actions")["actions"][0]["selected_user"] == "U07MEERA"


def test_a_dangerous_button_asks_first(slack, card, page, window, workplace, heard):
    card.get_by_role("button", name="Withdraw").click()
    asked = page.get_by_role("dialog", name="Withdraw it?")
    expect(asked).to_contain_text("The customer is not told.")
    window.picture("confirm")
    asked.get_by_role("button", name="Keep").click()
    expect(asked).to_be_hidden()
    assert workplace.app.heard("block_actions") == []

    card.get_by_role("button", name="Withdraw").click()
    asked.get_by_role("button", name="Withdraw").click()

    assert heard("block_actions")["actions"][0]["action_id"] == "withdraw"


def test_words_of_customers_stay_words(slack, card, page):
    expect(card).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".slack img")).to_have_count(0)


def test_a_command_is_typed_and_its_answer_is_seen_by_one(slack, page, workplace, window):
    workplace.app.on["slash_command"] = lambda told: {"text": f"*{told['text']}*: Asha is on duty."}
    page.get_by_label("Where to write").select_option(label="# support-evening")
    page.get_by_label("Message or command").fill("/handoff who")
    page.keyboard.press("Enter")

    whisper = page.locator(".whispers li")
    expect(whisper).to_contain_text("Only Asha Rao sees this")
    expect(whisper).to_contain_text("who: Asha is on duty.")
    window.picture("command")


def test_messages_are_written_in_channels_threads_and_directly(slack, page, heard):
    page.get_by_label("Where to write").select_option(label="# support-evening")
    page.get_by_label("Message or command").fill("@Handoff bridge who is on <duty>?")
    page.get_by_role("button", name="Send").last.click()
    post = page.locator(".post").first
    expect(post).to_contain_text("who is on <duty>?")

    post.get_by_role("button", name="Reply").click()
    page.get_by_label("Reply in the thread").fill("me")
    page.keyboard.press("Enter")
    expect(post.locator(".thread")).to_contain_text("me")
    page.get_by_label("Where to write").select_option(label="Handoff bridge (direct)")
    page.get_by_label("Message or command").fill("hello")
    page.keyboard.press("Enter")

    heard("event", 4)
    told = {(event["type"], event.get("channel_type")) for event in (heard("event", n) for n in range(1, 5))}
    assert told == {("message", "channel"), ("app_mention", None), ("message", "im")}


def test_shortcuts_are_used_on_messages_and_everywhere(slack, page, heard):
    slack.say("C0ALL", RAVI, "who has order 4411?")
    page.get_by_role("button", name="Take it over").click()
    page.locator("#shortcuts summary").click()
    page.get_by_role("button", name="Report a gap").click()

    assert heard("message_action")["message"]["text"] == "who has order 4411?"
    assert heard("shortcut")["callback_id"] == "report"


def test_the_home_tab_is_shown_and_worked(slack, page, workplace, window, heard):
    blocks = [
        {"type": "header", "text": plain("Your handoffs")},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*Priya* waits since 18:07"},
            "accessory": {"type": "button", "action_id": "take", "text": plain("Take"), "value": "ho_1"},
        },
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*Arjun* waits since 18:12"},
            "accessory": {"type": "button", "action_id": "take", "text": plain("Take"), "value": "ho_2"},
        },
    ]
    workplace.app.on["event"] = lambda told: (
        workplace.client.views_publish(user_id=told["event"]["user"], view={"type": "home", "blocks": blocks})
        and None
    )
    page.get_by_role("tab", name="App home").click()
    home = page.get_by_role("tabpanel", name="App home")
    expect(home).to_contain_text("Your handoffs")
    window.picture("home")
    home.get_by_role("button", name="Take").nth(1).click()

    told = heard("block_actions")
    assert (told["actions"][0]["value"], told["view"]["type"]) == ("ho_2", "home")
    act_as(page, "Ravi Iyer")
    assert heard("event", 2)["user"] == RAVI


def test_a_link_is_unfurled_below_its_message(slack, page, workplace, window):
    address = "https://shop.zendesk.example/agent/tickets/3512"
    preview = {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Waiting* for Asha"}}]}
    workplace.app.on["event"] = lambda told: (
        workplace.client.chat_unfurl(
            channel=told["event"]["channel"], ts=told["event"]["message_ts"], unfurls={address: preview}
        )
        and None
        if told["event"]["type"] == "link_shared"
        else None
    )
    page.get_by_label("Message or command").fill(f"see {address}")
    page.keyboard.press("Enter")

    expect(page.locator(".unfurl")).to_contain_text("Waiting for Asha")
    window.picture("unfurl")


def test_an_app_that_fails_is_told_of(slack, card, page, workplace):
    workplace.app.on["block_actions"] = lambda told: 500
    card.get_by_role("button", name="Snooze").click()

    expect(page.locator("#slack-trouble")).to_contain_text(
        "“Snooze” did not work: the app could not be reached."
    )
