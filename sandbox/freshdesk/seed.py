"""What the Freshdesk stand-in begins with: its agents, groups and ticket fields."""

from __future__ import annotations

from typing import Any

API_KEY = "sandbox-freshdesk-key"
WEBHOOK_SECRET = "sandbox-freshdesk-webhook-secret"
BRIDGE_ID = 4600
SEEDED_AT = "2026-01-05T08:00:00Z"
SUPPORT_EMAIL = "support@shop.example"

AGENTS = {
    BRIDGE_ID: ("Handoff bridge", "bridge@shop.example"),
    4601: ("Asha Rao", "asha@shop.example"),
    4602: ("Ravi Iyer", "ravi@shop.example"),
    4603: ("Meera Shah", "meera@shop.example"),
}
GROUPS = {4701: "Support", 4702: "Billing", 4703: "Escalations", 4704: "Returns"}
TYPES = ["Question", "Incident", "Problem", "Feature Request", "Refund"]
SOURCES = {"Email": 1, "Portal": 2, "Phone": 3, "Chat": 7, "Feedback Widget": 9, "Outbound Email": 10}
PRIORITIES = {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
STATUSES = {
    "2": ["Open", "Being Processed"],
    "3": ["Pending", "Awaiting your Reply"],
    "4": ["Resolved", "This ticket has been Resolved"],
    "5": ["Closed", "This ticket has been Closed"],
}
REASONS = [
    "Bot failed",
    "Topic",
    "Policy",
    "Value",
    "Too complex",
    "Upset customer",
    "Opportunity",
    "Asked for a person",
    "Other",
]
#: name, label, type, needed
_OWN = (
    ("requester", "Search a requester", "default_requester", True),
    ("subject", "Subject", "default_subject", True),
    ("ticket_type", "Type", "default_ticket_type", False),
    ("source", "Source", "default_source", False),
    ("status", "Status", "default_status", True),
    ("priority", "Priority", "default_priority", True),
    ("group", "Group", "default_group", False),
    ("agent", "Agent", "default_agent", False),
    ("description", "Description", "default_description", True),
)
_CUSTOM = (
    ("cf_handoff_key", "Handoff key", "custom_text"),
    ("cf_topic", "Topic", "custom_text"),
    ("cf_handoff_reason", "Handoff reason", "custom_dropdown"),
    ("cf_conversation", "Conversation", "custom_text"),
    ("cf_channel", "Channel", "custom_text"),
    ("cf_customer_tier", "Customer tier", "custom_text"),
    ("cf_promised_by", "Promised by", "custom_text"),
    ("cf_customer_wants", "Customer wants", "custom_paragraph"),
    ("cf_customer_verified", "Customer verified", "custom_checkbox"),
)


def agents() -> dict[int, dict[str, Any]]:
    return {agent_id: _agent(agent_id, *who) for agent_id, who in AGENTS.items()}


def groups() -> list[dict[str, Any]]:
    return [
        {
            "id": group_id,
            "name": name,
            "description": f"{name} team",
            "escalate_to": None,
            "unassigned_for": None,
            "business_hour_id": None,
            "group_type": "support_agent_group",
            "created_at": SEEDED_AT,
            "updated_at": SEEDED_AT,
            "auto_ticket_assign": 0,
        }
        for group_id, name in GROUPS.items()
    ]


def ticket_fields() -> dict[str, dict[str, Any]]:
    """Return the fields by name."""
    own = [_field(4800 + place, *told) for place, told in enumerate(_OWN)]
    custom = [_field(4850 + place, *told, needed=False) for place, told in enumerate(_CUSTOM)]
    return {field["name"]: field for field in (*own, *custom)}


def _agent(agent_id: int, name: str, email: str) -> dict[str, Any]:
    return {
        "id": agent_id,
        "available": True,
        "occasional": False,
        "ticket_scope": 1,
        "type": "support_agent",
        "signature": None,
        "created_at": SEEDED_AT,
        "updated_at": SEEDED_AT,
        "last_active_at": SEEDED_AT,
        "contact": {
            "active": True,
            "email": email,
            "name": name,
            "job_title": None,
            "language": "en",
            "mobile": None,
            "phone": None,
            "time_zone": "Kolkata",
            "created_at": SEEDED_AT,
            "updated_at": SEEDED_AT,
        },
    }


def _field(field_id: int, name: str, label: str, kind: str, needed: bool) -> dict[str, Any]:
    choices: dict[str, Any] = {
        "ticket_type": TYPES,
        "source": SOURCES,
        "status": STATUSES,
        "priority": PRIORITIES,
        "group": {group: group_id for group_id, group in GROUPS.items()},
        "agent": {who[0]: agent_id for agent_id, who in AGENTS.items()},
        "cf_handoff_reason": REASONS,
    }
    found: dict[str, Any] = {
        "id": field_id,
        "name": name,
        "label": label,
        "description": label,
        "position": field_id - 4799,
        "required_for_closure": False,
        "required_for_agents": needed,
        "type": kind,
        "default": not name.startswith("cf_"),
        "customers_can_edit": False,
        "label_for_customers": label,
        "required_for_customers": False,
        "displayed_to_customers": name in ("requester", "subject", "status", "description"),
        "created_at": SEEDED_AT,
        "updated_at": SEEDED_AT,
    }
    return found | ({"choices": choices[name]} if name in choices else {})
