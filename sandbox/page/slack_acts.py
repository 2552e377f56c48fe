"""What a person at the page does in Slack, each act as the user whom the page says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Protocol

from fastapi import FastAPI
from pydantic import BaseModel, Field

Value = str | list[str] | None


class SlackTown(Protocol):
    """Where there is a Slack to act in (`sandbox.slack.acts`)."""

    @property
    def slack(self) -> Any: ...


class Act(BaseModel):
    user_id: str


class Choice(Act):
    channel: str
    ts: str
    action_id: str
    value: Value = None


class ViewAct(Act):
    action_id: str
    value: Value = None
    home: bool = False
    values: dict[str, Value] = {}  #: what stands in the modal's inputs, by block id


class Submission(Act):
    values: dict[str, Value] = {}


class HomeVisit(Act):
    tab: str = Field(default="home", pattern="^(home|messages)$")


class Writing(Act):
    channel: str
    text: str = Field(min_length=1, max_length=12_000)
    thread_ts: str | None = None


class Command(Act):
    channel: str
    command: str = Field(pattern=r"^/\S+$")
    text: str = Field(default="", max_length=12_000)


class Shortcut(Act):
    callback_id: str
    channel: str | None = None  #: with `ts` for one on a message
    ts: str | None = None


def add_slack_acts(app: FastAPI, town: SlackTown) -> None:
    _add_message_acts(app, town)
    _add_view_acts(app, town)


def _add_message_acts(app: FastAPI, town: SlackTown) -> None:
    @app.post("/act/slack/choose", status_code=204)
    def choose(body: Choice) -> None:
        town.slack.choose(body.channel, body.ts, body.action_id, body.user_id, body.value)

    @app.post("/act/slack/write", status_code=204)
    def write(body: Writing) -> None:
        town.slack.type_in(body.user_id, body.channel, body.text, body.thread_ts)

    @app.post("/act/slack/command", status_code=204)
    def command(body: Command) -> None:
        town.slack.slash(body.user_id, body.channel, body.command, body.text)

    @app.post("/act/slack/shortcut", status_code=204)
    def shortcut(body: Shortcut) -> None:
        if body.channel is not None and body.ts is not None:
            town.slack.message_shortcut(body.user_id, body.channel, body.ts, body.callback_id)
        else:
            town.slack.shortcut(body.user_id, body.callback_id)


def _add_view_acts(app: FastAPI, town: SlackTown) -> None:
    @app.post("/act/slack/view/press", status_code=204)
    def press_in_view(body: ViewAct) -> None:
        _fill(town, body)
        town.slack.press_in_view(body.user_id, body.action_id, body.value, home=body.home)

    @app.post("/act/slack/view/choose", status_code=204)
    def choose_in_view(body: ViewAct) -> None:
        _fill(town, body)
        town.slack.choose_in_view(body.user_id, body.action_id, body.value, home=body.home)

    @app.post("/act/slack/view/submit")
    def submit(body: Submission) -> dict[str, Any]:
        return asdict(town.slack.submit(body.user_id, body.values))

    @app.post("/act/slack/view/close", status_code=204)
    def close(body: Act) -> None:
        town.slack.close_view(body.user_id)

    @app.post("/act/slack/home", status_code=204)
    def open_home(body: HomeVisit) -> None:
        town.slack.open_home(body.user_id, body.tab)


def _fill(town: SlackTown, body: ViewAct) -> None:
    if body.values:
        town.slack.fill(body.user_id, body.values)
