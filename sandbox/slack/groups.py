"""The methods about user groups. Source: Slack, usergroups.* methods."""

from __future__ import annotations

from typing import Any

from sandbox.slack.call import Call
from sandbox.slack.workspace import TEAM_ID, Group, SlackError


def list_groups(call: Call) -> dict[str, Any]:
    return {"usergroups": [_about(group) for group in call.workspace.groups.values()]}


def list_group_users(call: Call) -> dict[str, Any]:
    return {"users": list(_wanted(call).users)}


def update_group_users(call: Call) -> dict[str, Any]:
    """Replace a group's users. Slack takes no empty list: a group is disabled instead."""
    group = _wanted(call)
    given = call.value("users")
    ids = given if isinstance(given, list) else str(given or "").split(",")
    users = list(dict.fromkeys(user_id.strip() for user_id in ids if user_id.strip()))
    if not users:
        raise SlackError("no_users_provided")
    known = call.workspace.users
    if any(user_id not in known or known[user_id].is_bot or known[user_id].deleted for user_id in users):
        raise SlackError("invalid_users")
    group.users = users
    return {"usergroup": _about(group)}


def _wanted(call: Call) -> Group:
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return group


def _about(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.name,
        "users": list(group.users),
        "user_count": len(group.users),
    }
