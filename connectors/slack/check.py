"""The live check: does the workspace have what the desk and the bridge count on?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bridge.roster.model import Person
from connectors.base import Finding
from connectors.errors import AccessDenied, Gone
from connectors.findings import error, warning
from connectors.slack.api import SlackApi
from connectors.slack.people import Directory
from connectors.slack.refusals import NoSuchUser
from connectors.slack.scopes import SCOPES

SCOPES_HEADER = "x-oauth-scopes"


def findings(
    api: SlackApi, directory: Directory, channels: Sequence[str], people: Sequence[Person]
) -> Iterator[Finding]:
    """Yield what is wrong. With a dead token nothing else is asked. Raises ConnectorError."""
    try:
        headers = api.headers(api.client.auth_test)
    except AccessDenied as denied:
        yield error("token", "Slack refuses the bot token", denied.detail)
        return
    granted = headers.get(SCOPES_HEADER)
    if granted is not None:
        yield from _scopes(frozenset(scope.strip() for scope in granted.split(",")))
    for channel in channels:
        yield from _channel(api, channel)
    for person in people:
        yield from _person(api, directory, person)


def _scopes(granted: frozenset[str]) -> Iterator[Finding]:
    for scope in SCOPES:
        if scope.name not in granted:
            found = error if scope.needed else warning
            remedy = "install the app again from its manifest"
            yield found(f"scope {scope.name}", f"not granted. {scope.without}", remedy)


def _channel(api: SlackApi, channel: str) -> Iterator[Finding]:
    where = f"channel {channel}"
    try:
        answer = api.read(api.client.conversations_info, channel=channel)
    except (Gone, AccessDenied) as refused:
        yield error(where, "the bot cannot see it", refused.detail)
        return
    about: dict[str, Any] = answer.get("channel") or {}
    if about.get("is_archived"):
        yield error(where, "it is archived", "unarchive it or name another in the desk file")
    elif not about.get("is_member"):
        yield from _not_a_member(where, bool(about.get("is_private")))


def _not_a_member(where: str, private: bool) -> Iterator[Finding]:
    invite = "invite the bot: /invite @Handoff bridge"
    if private:
        yield error(where, "it is private and the bot is not in it", invite)
    else:
        problem = "the bot can post but, not being in it, cannot look for its own posts after a lost answer"
        yield warning(where, problem, invite)


def _person(api: SlackApi, directory: Directory, person: Person) -> Iterator[Finding]:
    where = f"person {person.key}"
    remedy = "correct slack or email in the desk file"
    try:
        user_id = directory.user_id(person)
        user = _user(api, user_id) if user_id is not None else None
    except (NoSuchUser, AccessDenied) as refused:
        yield error(where, "Slack does not tell who this is", refused.detail)
        return
    if user is None:
        yield error(where, "no user of the workspace has this id or e-mail", remedy)
    elif user.get("deleted"):
        yield error(where, "the user is deactivated", "take the person off the roster")


def _user(api: SlackApi, user_id: str) -> dict[str, Any]:
    return api.read(api.client.users_info, user=user_id).get("user") or {}
