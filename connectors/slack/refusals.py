"""What each of Slack's error codes asks of us. Source: the error tables of the methods' reference pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeGuard

from connectors.errors import (
    AccessDenied,
    Busy,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)

VENDOR = "slack"
MOVING_WAIT = timedelta(seconds=60)  #: while a workspace joins an organisation, for which no length is given

_CODE = re.compile(r"[a-z][a-z0-9_.]{1,60}")
_SCOPES = re.compile(r"[a-z][a-z0-9_.:,\s]{1,200}")

_NEW_TOKEN = "install the app again and give the bridge its new bot token"  # noqa: S105 - advice, no token
_INVITE = "invite the bot to the channel"
_ADMIN = "a workspace admin must allow the bot to do this"

DENIED: Mapping[str, str] = {
    "invalid_auth": _NEW_TOKEN,
    "not_authed": _NEW_TOKEN,
    "token_revoked": _NEW_TOKEN,
    "token_expired": _NEW_TOKEN,
    "account_inactive": _NEW_TOKEN,
    "not_allowed_token_type": "use the bot token, which begins with xoxb-",
    "missing_scope": "install the app again from its manifest",
    "no_permission": "install the app again from its manifest, or invite the bot",
    "not_in_channel": _INVITE,
    "access_denied": _ADMIN,
    "accesslimited": "allow the bridge's network address in the workspace",
    "ekm_access_denied": _ADMIN,
    "enterprise_is_restricted": _ADMIN,
    "org_login_required": _ADMIN,
    "team_access_not_granted": _ADMIN,
    "two_factor_setup_required": _ADMIN,
    "restricted_action": _ADMIN,
    "restricted_action_read_only_channel": "let the bot post in this channel, or name another",
    "restricted_action_thread_only_channel": "let the bot post in this channel, or name another",
    "restricted_action_non_threadable_channel": "allow threads in this channel, or name another",
    "restricted_action_thread_locked": "unlock the thread",
    "thread_locked": "unlock the thread",
}
GONE: Mapping[str, str] = {
    "channel_not_found": "name another channel; if it is private, invite the bot to it",
    "is_archived": "unarchive the channel or name another",
    "is_inactive": "unarchive the channel or name another",
    "message_not_found": "the post was deleted",
    "thread_not_found": "the post was deleted",
    "cannot_reply_to_message": "the post was deleted",
    "expired_trigger_id": "a dialog opens within three seconds of the press",
    "exchanged_trigger_id": "a press opens one dialog",
    "invalid_trigger_id": "a press opens one dialog",
}
NO_SUCH_USER = frozenset(
    {
        "users_not_found",
        "user_not_found",
        "user_disabled",
        "user_not_visible",
        "cannot_dm_bot",
        "invalid_user_combination",
    }
)
TOO_MANY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
#: "It's possible some aspect of the operation succeeded before the error was raised"
MAYBE_DONE = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})


class NoSuchUser(Gone):
    """Nobody by this id or e-mail can be reached in the workspace."""


def is_code(value: object) -> TypeGuard[str]:
    """Return whether this is an error code. The client puts the first words of an HTML page in its place."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def lost(detail: str, *, writes: bool) -> ConnectorError:
    """Return the error for an answer that did not come: a read has done nothing, a write may have."""
    return OutcomeUnknown(VENDOR, detail) if writes else Unreachable(VENDOR, detail)


def refusal(code: str, *, writes: bool, budget: str, needed: object = None) -> ConnectorError:
    """Return the error for a code. "Too many" used up the `budget`; `needed` is the scopes Slack names."""
    if code in TOO_MANY:
        return Busy(VENDOR, f"too many calls ({code})", limit=budget)
    if code in MAYBE_DONE:
        return lost(code, writes=writes)
    if code == "team_added_to_org":
        return Busy(VENDOR, f"{code}: the workspace is moving into an organisation", retry_after=MOVING_WAIT)
    if code in NO_SUCH_USER:
        return NoSuchUser(VENDOR, f"{code}: correct the person's Slack id or e-mail in the desk file")
    if code in GONE:
        return Gone(VENDOR, f"{code}: {GONE[code]}")
    if code in DENIED:
        return AccessDenied(VENDOR, f"{code}{_scopes(needed)}: {DENIED[code]}")
    return Rejected(VENDOR, code)


def _scopes(needed: object) -> str:
    if isinstance(needed, str) and _SCOPES.fullmatch(needed):
        return f" ({needed})"
    return ""
