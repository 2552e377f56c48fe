"""What the Zendesk stand-in begins with: its people, groups, memberships and ticket fields."""

from __future__ import annotations

from typing import Any

API_TOKEN = "sandbox-zendesk-token"
OAUTH_TOKEN = "sandbox-zendesk-oauth"
WEBHOOK_SECRET = "sandbox-zendesk-webhook-secret"
BRIDGE_EMAIL = "bridge@shop.example"
BRIDGE_ID = 3600
BOT_ID = 3699
SEEDED_AT = "2026-01-05T08:00:00Z"

TRIGGER_OPTIONS = (
    "failure",
    "topic",
    "policy",
    "value",
    "complexity",
    "emotion",
    "opportunity",
    "asked",
    "other",
)
GROUPS = {3701: "Support", 3702: "Billing", 3703: "Escalations", 3704: "Returns"}
MEMBERS = {
    3600: (3701, 3702, 3703, 3704),
    3601: (3701, 3702),
    3602: (3701, 3702, 3704),
    3603: (3701, 3702, 3703, 3704),
    3699: (3701,),
}
_FIELDS = (
    (900101, "Handoff topic", "text"),
    (900102, "Handoff trigger", "tagger"),
    (900103, "Handoff conversation", "text"),
    (900104, "Handoff channel", "text"),
    (900105, "Customer tier", "text"),
    (900106, "Handoff promised by", "text"),
    (900107, "Customer wants", "textarea"),
    (900108, "Customer verified", "checkbox"),
)


def users() -> dict[int, dict[str, Any]]:
    """Return the agents, the bridge's own user and a bot with a seat, by id."""
    people = (
        (BRIDGE_ID, "Handoff Bridge", BRIDGE_EMAIL, "admin"),
        (3601, "Asha Rao", "asha@shop.example", "agent"),
        (3602, "Ravi Iyer", "ravi@shop.example", "agent"),
        (3603, "Meera Shah", "meera@shop.example", "admin"),
        (BOT_ID, "Helpful Bot", "bot@shop.example", "agent"),
    )
    return {each[0]: user(*each) for each in people}


def user(user_id: int, name: str, email: str | None, role: str = "end-user", **more: Any) -> dict[str, Any]:
    return {
        "id": user_id,
        "name": name,
        "email": email,
        "role": role,
        "active": True,
        "suspended": False,
        "verified": role != "end-user",
        "external_id": None,
        "phone": None,
        "created_at": SEEDED_AT,
        "updated_at": SEEDED_AT,
        "default_group_id": MEMBERS.get(user_id, (None,))[0],
        **more,
    }


def groups() -> list[dict[str, Any]]:
    return [
        {"id": group_id, "name": name, "deleted": False, "is_public": True, "created_at": SEEDED_AT}
        for group_id, name in GROUPS.items()
    ]


def memberships() -> list[dict[str, Any]]:
    pairs = [(user_id, group_id) for user_id, theirs in MEMBERS.items() for group_id in theirs]
    return [
        {"id": 3800 + place, "user_id": user_id, "group_id": group_id, "default": group_id == 3701}
        for place, (user_id, group_id) in enumerate(pairs, start=1)
    ]


def ticket_fields() -> dict[int, dict[str, Any]]:
    return {each[0]: _field(*each) for each in _FIELDS}


def _field(field_id: int, title: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": field_id,
        "title": title,
        "type": kind,
        "active": True,
        "required": False,
        "removable": True,
    }
    if kind == "tagger":
        found["custom_field_options"] = [
            {"id": field_id * 100 + place, "name": word.capitalize(), "value": f"handoff_{word}"}
            for place, word in enumerate(TRIGGER_OPTIONS, start=1)
        ]
    return found
