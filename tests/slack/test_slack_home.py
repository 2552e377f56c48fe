"""The home tab, links shown, groups kept and lines to one user, as Slack is asked for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fastapi import Depends, FastAPI, Request
from slack_sdk.models.views import View
from slack_shop import CARD, TICKET
from stand_ins import NOON, StillClock

from bridge.handoffs.model import CardRef
from bridge.roster.model import Person
from connectors.base import Once
from connectors.chat import (
    Action,
    Card,
    Choice,
    Dialog,
    DialogField,
    FieldKind,
    Holding,
    Home,
    HomeCover,
    HomeGap,
    Notice,
)
from connectors.errors import Busy, Rejected
from connectors.slack import SlackChat
from connectors.slack.dialogs import view_of
from connectors.slack.home import home_view
from sandbox.server import serve

LATER = NOON + timedelta(hours=3)
ASHA = Person(key="asha", name="Asha Rao", ids={"slack": "U07ASHA"})
RAVI = Person(key="ravi", name="Ravi Iyer", ids={"slack": "U07RAVI"})
UNKNOWN = Person(key="zoe", name="Zoe")
REF = CardRef(connection="slack", channel="C0MORNING", message="1.2")


@dataclass
class Api:
    """Takes calls of the Web API and answers what a test has laid down for a method."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, method: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.calls if name == method]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def slack(api: Api) -> Iterator[SlackChat]:
    app = FastAPI()

    async def body_of(request: Request) -> bytes:
        return await request.body()

    @app.post("/api/{method}")
    def call(method: str, request: Request, body: bytes = Depends(body_of)) -> dict[str, Any]:
        is_json = request.headers.get("content-type", "").startswith("application/json")
        given = json.loads(body) if is_json else dict(parse_qsl(body.decode()))
        api.calls.append((method, {**request.query_params, **given}))
        return {"ok": True, **api.answers.get(method, {})}

    with serve(app) as running:
        yield SlackChat(token="xoxb-test", base_url=f"{running.url}/api/", clock=StillClock())


def read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def full_home(**changes: Any) -> Home:
    held = Holding(channel="web", name="Ravi <!here>", ends_at=LATER, shift="evening", note="Asha covers")
    home = Home(
        waiting=(CARD,),
        more_waiting=3,
        answered=2,
        mine_now=(held,),
        mine_next=replace(held, starts_at=LATER),
        covers=(HomeCover(cover_id="cv_1", text="You cover for Ravi Iyer on web", ends_at=LATER),),
        others_now=(held,),
        gaps=(HomeGap(channel="web", ends_at=LATER), HomeGap(channel="mail", starts_at=LATER, ends_at=LATER)),
        alerts=("When a handoff becomes mine: no",),
    )
    return replace(home, **changes)


def texts(view: Any) -> str:
    return json.dumps(view, ensure_ascii=False)


def buttons(view: dict[str, Any]) -> list[tuple[str, str | None]]:
    rows = [block for block in view["blocks"] if block["type"] == "actions"]
    return [(one["action_id"], one.get("value")) for block in rows for one in block["elements"]]


def test_a_home_is_what_slack_takes():
    view = home_view(full_home(), NOON)

    View(**view).validate_json()
    assert view["type"] == "home"


def test_a_home_has_the_buttons_of_each_handoff_and_of_the_desk():
    view = home_view(full_home(waiting=(replace(CARD, ticket=TICKET),)), NOON)

    named = [name for name, _ in buttons(view)]
    assert named[:5] == ["claim", "reply", "note", "open_ticket", "more"]
    assert ("take_over", "web") in buttons(view)
    assert ("give_back", "cv_1") in buttons(view)
    assert named[-1] == "alerts"


def test_a_home_counts_down_in_each_reader_s_own_client():
    shown = texts(home_view(full_home(), NOON))

    assert f"<!date^{int(CARD.promised_at.timestamp())}^" in shown
    assert f"<!date^{int(LATER.timestamp())}^" in shown


def test_a_home_mentions_nobody_and_formats_nothing():
    shown = texts(home_view(full_home(), NOON))

    assert "<!here>" not in shown
    assert "<@" not in shown


def test_the_fullest_home_is_within_slack_s_limits():
    word = "<&>" * 400
    card = replace(CARD, lines=(word, word), reason=word, topic=word, customer=word, ticket=TICKET)
    held = Holding(channel=word, name=word, ends_at=LATER, shift=word, note=word)
    home = full_home(
        waiting=(card,) * 12,
        others_now=(held,) * 40,
        gaps=(HomeGap(channel=word, ends_at=LATER),) * 8,
        covers=(HomeCover(cover_id="cv", text=word, ends_at=LATER),) * 30,
    )

    view = home_view(home, NOON)

    View(**view).validate_json()
    assert len(view["blocks"]) <= 100
    sections = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    assert max(map(len, sections)) <= 3_000


def test_a_stranger_s_home_shows_one_sentence():
    view = home_view(Home(refusal="Only people of this desk."), NOON)

    assert [block["text"]["text"] for block in view["blocks"]] == ["Only people of this desk."]


def test_an_empty_home_says_that_nobody_waits():
    view = home_view(Home(), NOON)

    View(**view).validate_json()
    assert "Nobody waits for you." in texts(view)


def test_a_home_is_published_for_its_user(slack, api):
    slack.publish_home("U07ASHA", full_home())

    (asked,) = api.named("views.publish")
    assert asked["user_id"] == "U07ASHA"
    assert read(asked["view"]) == home_view(full_home(), NOON)


def test_a_lost_answer_to_a_home_is_no_riddle(slack, api):
    api.answers["views.publish"] = {"ok": False, "error": "internal_error"}

    with pytest.raises(Busy):
        slack.publish_home("U07ASHA", full_home())


def test_a_user_is_written_to_alone(slack, api, once):
    api.answers["conversations.open"] = {"channel": {"id": "D1"}}
    api.answers["chat.postMessage"] = {"ts": "1.2"}

    slack.tell_user("U07ASHA", Notice(text="Given <!here> back", link="https://shop.slack.com/a/1"), once)

    (asked,) = api.named("chat.postMessage")
    assert asked["channel"] == "D1"
    assert asked["text"] == "Given &lt;!here&gt; back <https://shop.slack.com/a/1|Open it>"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a|<!here>", "https://a b"])
def test_what_is_no_address_makes_no_link(slack, api, once, link):
    api.answers["conversations.open"] = {"channel": {"id": "D1"}}
    api.answers["chat.postMessage"] = {"ts": "1.2"}

    slack.tell_user("U07ASHA", Notice(text="Done.", link=link), once)

    assert "<!here>" not in api.named("chat.postMessage")[0]["text"]


def test_a_link_shows_the_card_without_its_buttons(slack, api):
    card: Card = replace(CARD, owner=ASHA)

    slack.unfurl({"channel": "C1", "ts": "1.2"}, {"https://bridge.example/handoffs/ho_1": card})

    (asked,) = api.named("chat.unfurl")
    (blocks,) = [shown["blocks"] for shown in read(asked["unfurls"]).values()]
    assert (asked["channel"], asked["ts"]) == ("C1", "1.2")
    assert [block["type"] for block in blocks] == ["section", "context"]
    assert "owner Asha Rao" in texts(blocks)


def test_a_link_in_a_message_being_written_is_shown_by_its_unfurl(slack, api):
    slack.unfurl({"unfurl_id": "abc", "source": "composer"}, {"https://bridge.example/handoffs/ho_1": CARD})

    (asked,) = api.named("chat.unfurl")
    assert (asked["unfurl_id"], asked["source"]) == ("abc", "composer")


def test_the_address_of_a_card_is_asked_for(slack, api):
    api.answers["chat.getPermalink"] = {"permalink": "https://shop.slack.com/archives/C0MORNING/p12"}

    assert slack.link_to(REF) == "https://shop.slack.com/archives/C0MORNING/p12"
    assert api.named("chat.getPermalink") == [{"channel": "C0MORNING", "message_ts": "1.2"}]


def test_a_group_that_differs_is_changed_whole(slack, api):
    api.answers["usergroups.users.list"] = {"users": ["U07MEERA", "U07ASHA"]}

    assert slack.keep_group("S0ONDUTY", [ASHA, RAVI])

    assert api.named("usergroups.users.update") == [{"usergroup": "S0ONDUTY", "users": "U07ASHA,U07RAVI"}]


def test_a_group_that_is_as_it_should_be_is_left_alone(slack, api):
    api.answers["usergroups.users.list"] = {"users": ["U07RAVI", "U07ASHA"]}

    assert not slack.keep_group("S0ONDUTY", [ASHA, RAVI])
    assert api.named("usergroups.users.update") == []


def test_a_group_is_never_emptied(slack, api):
    with pytest.raises(Rejected, match="takes no empty one"):
        slack.keep_group("S0ONDUTY", [UNKNOWN])
    assert api.calls == []


def test_what_stands_in_a_field_at_first_is_shown():
    choices = (Choice(value="yes", label="Yes"), Choice(value="no", label="No"))
    fields = (
        DialogField(name="mine", label="Mine", kind=FieldKind.CHOICE, choices=choices, initial="no"),
        DialogField(name="until", label="Until", kind=FieldKind.LINE, initial="18:00", longest=3),
        DialogField(name="gone", label="Gone", kind=FieldKind.CHOICE, choices=choices, initial="maybe"),
    )
    view = view_of(Dialog(action=Action.ALERTS, handoff_id="", title="x", submit="x", fields=fields))

    View(**view).validate_json()
    choice, line, gone = (block["element"] for block in view["blocks"])
    assert choice["initial_option"]["value"] == "no"
    assert line["initial_value"] == "18:"
    assert "initial_option" not in gone


@pytest.fixture
def once() -> Once:
    return Once(key="dl_1")
