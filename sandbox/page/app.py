"""The page's HTTP: what there is to see, what one may do, and the fault script's control."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from sandbox.bot import BotStandIn, BridgeError
from sandbox.faults import Action, Fault, FaultScript
from sandbox.journal import Journal
from sandbox.page.slack_acts import add_slack_acts

HERE = Path(__file__).parent
#: Nothing from elsewhere, and no script but our own files: what customers write stays text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class Town(Protocol):
    """What the page shows and acts in. Unknown tickets, messages, people: LookupError."""

    script: FaultScript
    journal: Journal
    bot: BotStandIn

    @property
    def slack(self) -> Any: ...

    def addresses(self) -> dict[str, str]: ...

    def snapshot(self) -> dict[str, Any]: ...

    def reply(self, vendor: str, ticket_id: str, agent_id: str, text: str, *, public: bool) -> None: ...

    def press(
        self, channel: str, ts: str, action_id: str, user_id: str, value: str | None = None
    ) -> None: ...

    def hand_over_example(self) -> dict[str, Any]: ...

    def reset(self) -> None: ...


class FaultForm(BaseModel):
    vendor: str = "*"
    call: str = "*"
    action: Action
    times: int = Field(default=1, ge=1, le=1_000)
    status: int = Field(default=500, ge=200, le=599)
    retry_after: str | None = None
    seconds: float = Field(default=0.0, ge=0, le=600)
    body: str | None = None


class Reply(BaseModel):
    vendor: str
    ticket_id: str = Field(pattern=r"^\d{1,18}$")
    agent_id: str = Field(pattern=r"^\d{1,18}$")
    text: str = Field(min_length=1, max_length=60_000)
    public: bool = True


class ButtonPress(BaseModel):
    channel: str
    ts: str
    action_id: str
    user_id: str
    value: str | None = None  #: tells apart buttons that share an action id


class Saying(BaseModel):
    conversation_id: str = Field(min_length=1)
    text: str = Field(min_length=1, max_length=60_000)


def page_app(town: Town) -> FastAPI:
    """Return the app of the page, the bot's callback with it."""
    app = FastAPI(title="Handoff sandbox", openapi_url=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.include_router(town.bot.router)
    _add_views(app, town)
    _add_acts(app, town)
    add_slack_acts(app, town)
    _add_control(app, town)
    return app


def _add_views(app: FastAPI, town: Town) -> None:
    templates = Jinja2Templates(directory=HERE / "templates")

    @app.get("/", response_class=HTMLResponse)
    def page(request: Request) -> HTMLResponse:
        told = {"addresses": town.addresses(), "actions": list(Action)}
        return templates.TemplateResponse(
            request, "page.html", told, headers={"Content-Security-Policy": POLICY}
        )

    @app.get("/state")
    def state() -> dict[str, Any]:
        return town.snapshot()


def _add_acts(app: FastAPI, town: Town) -> None:
    @app.exception_handler(LookupError)
    def unknown(_request: Request, error: LookupError) -> PlainTextResponse:
        return PlainTextResponse(f"not there: {error}", status_code=404)

    @app.exception_handler(BridgeError)
    def bridge_failed(_request: Request, error: BridgeError) -> PlainTextResponse:
        return PlainTextResponse(str(error), status_code=502)

    @app.post("/act/reply", status_code=204)
    def reply(body: Reply) -> None:
        town.reply(body.vendor, body.ticket_id, body.agent_id, body.text, public=body.public)

    @app.post("/act/press", status_code=204)
    def press(body: ButtonPress) -> None:
        town.press(body.channel, body.ts, body.action_id, body.user_id, body.value)

    @app.post("/act/say", status_code=204)
    def say(body: Saying) -> None:
        town.bot.say(body.conversation_id, body.text)

    @app.post("/act/example")
    def example() -> dict[str, Any]:
        return town.hand_over_example()


def _add_control(app: FastAPI, town: Town) -> None:
    @app.get("/faults")
    def faults() -> list[dict[str, Any]]:
        return [asdict(fault) | {"left": left} for fault, left in town.script.left()]

    @app.post("/faults", status_code=201)
    def add_fault(body: FaultForm) -> dict[str, Any]:
        fault = Fault(**body.model_dump())
        town.script.add(fault)
        return asdict(fault)

    @app.delete("/faults", status_code=204)
    def clear_faults() -> None:
        town.script.clear()

    @app.get("/journal")
    def journal(after: Annotated[int, Query(ge=0)] = 0) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in town.journal.entries(after)]

    @app.post("/reset", status_code=204)
    def reset() -> None:
        town.reset()
