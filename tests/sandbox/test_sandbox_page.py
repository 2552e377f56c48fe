"""The page's endpoints over real HTTP, with a town that only remembers what was done in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.bot import BotStandIn
from sandbox.faults import Fault, FaultScript, Journal
from sandbox.page.app import page_app
from sandbox.server import serve
from sandbox.slack.submitting import Shown

PAGE = Path(__file__).parents[2] / "sandbox" / "page"


@dataclass
class Remembering:
    """Takes any act, and remembers its name and what it was given."""

    done: list[tuple[Any, ...]]

    def __getattr__(self, name: str) -> Any:
        def act(*given: Any, **named: Any) -> Any:
            self.done.append((name, *given, *named.items()))
            return Shown(view=None, errors={})

        return act


@dataclass
class FakeTown:
    script: FaultScript = field(default_factory=FaultScript)
    journal: Journal = field(default_factory=Journal)
    bot: BotStandIn = field(default_factory=BotStandIn)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    url: str = ""

    @property
    def slack(self) -> Any:
        return Remembering(self.done)

    def addresses(self) -> dict[str, str]:
        return {"Zendesk": "http://127.0.0.1:8901"}

    def snapshot(self) -> dict[str, Any]:
        return {"bot": self.bot.snapshot()}

    def reply(self, vendor: str, ticket_id: str, agent_id: str, text: str, *, public: bool) -> None:
        if ticket_id == "404":
            raise KeyError("ticket 404")
        self.done.append((vendor, ticket_id, agent_id, text, public))

    def press(self, channel: str, ts: str, action_id: str, user_id: str, value: str | None = None) -> None:
        self.done.append((channel, ts, action_id, user_id, value))

    def hand_over_example(self) -> dict[str, Any]:
        return self.bot.hand_off({"conversation_id": "wa-1"})

    def reset(self) -> None:
        self.done.append(("reset",))

    def post(self, path: str, **body: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=5)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=5)


@pytest.fixture
def town() -> Iterator[FakeTown]:
    it = FakeTown()
    with serve(page_app(it)) as running:
        it.url = running.url
        yield it


def test_the_page_names_the_addresses_and_allows_no_foreign_script(town):
    answer = town.get("/")
    assert "http://127.0.0.1:8901" in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_every_file_the_page_asks_for_is_there(town):
    for path in ("page.css", "page.js", "icon.svg"):
        assert town.get(f"/static/{path}").status_code == 200


def test_nothing_on_the_page_is_written_as_markup():
    for script in (PAGE / "static").glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script.read_text()), (
            script
        )


def test_the_page_has_every_element_its_scripts_look_for():
    html = (PAGE / "templates" / "page.html").read_text()
    there = set(re.findall(r'\bid="([^"]+)"', html))
    for script in (PAGE / "static").glob("*.js"):
        assert set(re.findall(r'byId\("([^"]+)"\)', script.read_text())) <= there, script


def test_every_input_on_the_page_has_a_label():
    html = (PAGE / "templates" / "page.html").read_text()
    outside = re.sub(r"<label\b.*?</label>", "", html, flags=re.DOTALL)
    assert re.findall(r"<(?:input|select|textarea)[^>]*>", outside) == [
        '<input id="say-text" placeholder="Write as the customer" autocomplete="off" maxlength="4000">'
    ]
    assert '<label class="unseen" for="say-text">' in html


def test_the_state_is_the_towns_snapshot(town):
    assert town.get("/state").json() == {"bot": {"connected": False, "conversations": []}}


@pytest.mark.parametrize("public", [True, False])
def test_act_reply_answers_a_ticket_as_an_agent(town, public):
    answer = town.post(
        "/act/reply", vendor="zendesk", ticket_id="7", agent_id="3601", text="Hello", public=public
    )
    assert answer.status_code == 204
    assert town.done == [("zendesk", "7", "3601", "Hello", public)]


def test_act_reply_to_a_ticket_that_is_not_there_is_404(town):
    answer = town.post("/act/reply", vendor="zendesk", ticket_id="404", agent_id="1", text="Hello")
    assert (answer.status_code, "ticket 404" in answer.text) == (404, True)


def test_act_reply_without_a_text_is_refused(town):
    answer = town.post("/act/reply", vendor="zendesk", ticket_id="7", agent_id="1", text="")
    assert answer.status_code == 422


def test_act_press_presses_a_button(town):
    town.post("/act/press", channel="C1", ts="1.2", action_id="claim", user_id="U1")
    town.post("/act/press", channel="C1", ts="1.2", action_id="take", user_id="U1", value="ho_2")
    assert town.done == [("C1", "1.2", "claim", "U1", None), ("C1", "1.2", "take", "U1", "ho_2")]


@pytest.mark.parametrize(
    ("path", "told", "done"),
    [
        (
            "choose",
            {"channel": "C1", "ts": "1.2", "action_id": "more", "value": ["a", "b"]},
            [("choose", "C1", "1.2", "more", "U1", ["a", "b"])],
        ),
        ("write", {"channel": "C1", "text": "hi"}, [("type_in", "U1", "C1", "hi", None)]),
        (
            "write",
            {"channel": "C1", "text": "hi", "thread_ts": "1.2"},
            [("type_in", "U1", "C1", "hi", "1.2")],
        ),
        (
            "command",
            {"channel": "C1", "command": "/handoff", "text": "who"},
            [("slash", "U1", "C1", "/handoff", "who")],
        ),
        ("shortcut", {"callback_id": "gap"}, [("shortcut", "U1", "gap")]),
        (
            "shortcut",
            {"callback_id": "take", "channel": "C1", "ts": "1.2"},
            [("message_shortcut", "U1", "C1", "1.2", "take")],
        ),
        (
            "view/press",
            {"action_id": "take", "value": "1", "home": True},
            [("press_in_view", "U1", "take", "1", ("home", True))],
        ),
        (
            "view/choose",
            {"action_id": "a", "value": "x", "values": {"b": "typed"}},
            [("fill", "U1", {"b": "typed"}), ("choose_in_view", "U1", "a", "x", ("home", False))],
        ),
        ("view/close", {}, [("close_view", "U1")]),
        ("home", {"tab": "messages"}, [("open_home", "U1", "messages")]),
    ],
)
def test_what_one_does_in_slack_is_done_as_the_chosen_user(town, path, told, done):
    assert town.post(f"/act/slack/{path}", user_id="U1", **told).status_code == 204
    assert town.done == done


def test_a_submission_is_answered_with_what_the_user_sees(town):
    answer = town.post("/act/slack/view/submit", user_id="U1", values={"b": "x", "c": None})
    assert answer.json() == {"view": None, "errors": {}, "trouble": None}
    assert town.done == [("submit", "U1", {"b": "x", "c": None})]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("write", {"channel": "C1", "text": ""}),
        ("command", {"channel": "C1", "command": "handoff"}),
        ("home", {"tab": "elsewhere"}),
    ],
)
def test_an_act_in_slack_that_makes_no_sense_is_refused(town, path, told):
    assert town.post(f"/act/slack/{path}", user_id="U1", **told).status_code == 422
    assert town.done == []


def test_act_say_writes_as_the_customer(town):
    assert town.post("/act/say", conversation_id="wa-1", text="hello").status_code == 204
    assert [line.text for line in town.bot.chat("wa-1")] == ["hello"]


def test_an_example_without_a_bridge_says_why_not(town):
    answer = town.post("/act/example")
    assert (answer.status_code, "where the bridge is" in answer.text) == (502, True)


def test_faults_are_added_listed_and_cleared(town):
    told = {"vendor": "slack", "call": "POST *", "action": "status", "status": 429, "times": 2}
    assert town.post("/faults", **told).status_code == 201
    (line,) = town.get("/faults").json()
    assert (line["call"], line["left"]) == ("POST *", 2)
    requests.delete(f"{town.url}/faults", timeout=5)
    assert town.get("/faults").json() == []


@pytest.mark.parametrize("wrong", [{"action": "explode"}, {"action": "delay", "times": 0}])
def test_a_fault_that_makes_no_sense_is_refused(town, wrong):
    assert town.post("/faults", **wrong).status_code == 422
    assert town.script.left() == ()


def test_the_journal_is_read_from_where_one_left_off(town):
    town.journal.note("slack", "POST", "/api/chat.postMessage", 200)
    town.journal.note("slack", "POST", "/api/chat.update", 200)
    assert [entry["path"] for entry in town.get("/journal?after=1").json()] == ["/api/chat.update"]


def test_reset_starts_the_town_again(town):
    assert town.post("/reset").status_code == 204
    assert town.done == [("reset",)]


def test_the_bots_callback_lives_on_the_pages_port(town):
    event = {"type": "handoff.message", "data": {"conversation_id": "wa-1", "message": {"text": "Hello"}}}
    assert town.post("/bot/callback", **event).status_code == 204
    assert [line.text for line in town.bot.chat("wa-1")] == ["Hello"]


def test_faults_in_the_script_are_the_ones_the_control_shows(town):
    town.script.add(Fault(vendor="zendesk", call="*", action="hold"))
    assert [line["action"] for line in town.get("/faults").json()] == ["hold"]
