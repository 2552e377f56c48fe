"""What an interaction allows the app to do: show a view within three seconds, answer by address for half an hour."""

from __future__ import annotations

from sandbox.slack.workspace import TEAM_ID, OpenView, ResponseUrl, SlackError, Trigger, Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


def new_trigger(workspace: Workspace, user_id: str, view: OpenView | None = None) -> str:
    """Return a trigger id; `view` is the modal it comes from, onto which the app may push."""
    trigger_id = f"{workspace.next_number()}.{TEAM_ID}.sandbox"
    workspace.triggers[trigger_id] = Trigger(
        user_id=user_id,
        until=workspace.clock().timestamp() + TRIGGER_SECONDS,
        root_view_id=None if view is None else view.root_id,
    )
    return trigger_id


def usable_trigger(workspace: Workspace, trigger_id: str) -> Trigger:
    """Return a trigger that is neither used nor too old. Raises SlackError."""
    trigger = workspace.triggers.get(trigger_id)
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if workspace.clock().timestamp() > trigger.until:
        raise SlackError("expired_trigger_id")
    return trigger


def new_response_url(
    workspace: Workspace,
    base_url: str,
    kind: str,
    user_id: str,
    channel_id: str,
    message_ts: str | None = None,
) -> str:
    """Return an address for answers; `kind` is "actions", "commands" or "app", as in Slack's own."""
    path = f"{kind}/{TEAM_ID}/{workspace.next_number()}/sandbox"
    workspace.response_urls[path] = ResponseUrl(
        user_id=user_id,
        channel_id=channel_id,
        message_ts=message_ts,
        until=workspace.clock().timestamp() + RESPONSE_SECONDS,
        uses_left=RESPONSE_USES,
    )
    return f"{base_url}/{path}"


def use_response_url(workspace: Workspace, path: str) -> ResponseUrl:
    """Return what the address answers, and count the use. Raises SlackError."""
    known = workspace.response_urls.get(path)
    if known is None:
        raise SlackError("invalid_url")
    if workspace.clock().timestamp() > known.until:
        raise SlackError("expired_url")
    if known.uses_left < 1:
        raise SlackError("used_url")
    known.uses_left -= 1
    return known
