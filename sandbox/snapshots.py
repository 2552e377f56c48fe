"""What the page reads from each stand-in's `snapshot()`. Times are ISO 8601 text, ids are text."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Agent(TypedDict):
    id: str
    name: str


class Comment(TypedDict):
    id: str
    at: str
    author: str  #: a name
    role: str  #: "agent", "customer", "bridge" or "rule"
    public: bool
    text: str


class Ticket(TypedDict):
    id: str
    subject: str
    status: str
    priority: str | None
    group: str | None  #: a name
    assignee: str | None  #: a name
    requester: str | None  #: a name
    tags: list[str]
    fields: dict[str, Any]  #: custom fields that hold a value, by title or key
    comments: list[Comment]  #: oldest first


class HelpdeskSnapshot(TypedDict):
    agents: list[Agent]
    tickets: list[Ticket]  #: newest first


class Message(TypedDict):
    ts: str
    author: str  #: a name
    text: str  #: mrkdwn
    blocks: list[dict[str, Any]]  #: Block Kit, as posted
    edited: NotRequired[bool]
    unfurls: NotRequired[dict[str, dict[str, Any]]]  #: by address, each with its blocks
    replies: list[Message]


class Channel(TypedDict):
    id: str
    name: str  #: without "#"; a person's name for a direct message
    messages: list[Message]  #: oldest first


class Modal(TypedDict):
    view: dict[str, Any]  #: as Slack tells it, with what is typed in `state.values`
    errors: dict[str, str]  #: by block id
    trouble: str | None


class ChatSnapshot(TypedDict):
    users: dict[str, str]  #: id to name
    groups: NotRequired[dict[str, str]]  #: user groups, id to name
    channels: list[Channel]
    modals: dict[str, Modal]  #: the one on top, by user
    homes: dict[str, dict[str, Any]]  #: the home tab, by user
    troubles: list[dict[str, Any]]  #: `at` (seconds since 1970), `user_id`, `text`, oldest first
    commands: list[dict[str, Any]]  #: what the manifest offers
    shortcuts: list[dict[str, Any]]
