"""The shop of the simulated day: who works when, as a desk file and as users of the stand-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from sandbox.freshdesk import FreshdeskStandIn
from sandbox.slack import SlackStandIn
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk import seed as zendesk_seed

ZONE: Final = "Asia/Kolkata"
CHANNELS: Final = ("whatsapp", "web", "email")
FALLBACK: Final = "C0ALL"
LEAD: Final = "meera"


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """One of the desk's people. Ids are those at Slack, Zendesk and Freshdesk."""

    key: str
    name: str
    slack: str
    zendesk: int
    freshdesk: int

    @property
    def email(self) -> str:
        return f"{self.key}@shop.example"


def _worker(number: int, name: str) -> Worker:
    key = name.split(maxsplit=1)[0].lower()
    return Worker(
        key=key, name=name, slack=f"U07{key.upper()}", zendesk=3600 + number, freshdesk=4600 + number
    )


NAMES: Final = (
    "Asha Rao",
    "Ravi Iyer",
    "Meera Shah",
    "Dev Patel",
    "Nila Menon",
    "Kabir Singh",
    "Tara Das",
    "Imran Khan",
    "Rosa Thomas",
)
TEAM: Final = tuple(_worker(number, name) for number, name in enumerate(NAMES, start=1))

#: name, hours, Slack channel, owner and backup for each channel; None leaves a gap
SHIFTS: Final = (
    ("morning", "09:00-17:00", "C0MORNING", (("asha", "ravi"), ("dev", "nila"), ("tara", "asha"))),
    ("evening", "17:00-01:00", "C0EVENING", (("ravi", "kabir"), ("nila", "dev"), ("tara", "ravi"))),
    ("night", "01:00-09:00", "C0NIGHT", (("imran", "rosa"), ("rosa", "imran"), None)),
)
LADDER: Final = [
    {"at": "50%", "do": ["remind_owner"]},
    {"at": "100%", "do": ["tag_backup", "raise_priority", "tell_customer"]},
    {"at": "150%", "do": ["reassign_to_backup", "tag_lead"]},
    {"at": "200%", "do": [{"page": "lead"}, {"move_group": "Escalations"}]},
]


def desk_text(helpdesk: str) -> str:
    """Return the desk file."""
    desk: dict[str, Any] = {
        "timezone": ZONE,
        "helpdesk": helpdesk,
        "people": {
            one.key: {
                "name": one.name,
                "email": one.email,
                "slack": one.slack,
                "zendesk": one.zendesk,
                "freshdesk": one.freshdesk,
            }
            for one in TEAM
        },
        "channels": {
            "whatsapp": {"attention_window_minutes": 15, "closes_after_hours": 24},
            "web": {"attention_window_minutes": 5},
            "email": {"attention_window_minutes": 120},
        },
        "shifts": [shift for named in SHIFTS for shift in _shifts(*named)],
        "routes": [
            {
                "when": {"topic": ["delivered_not_received"]},
                "group": "Support",
                "priority": "high",
                "sla": "fast",
            },
            {"when": {"topic": ["refund"]}, "group": "Billing", "priority": "high", "sla": "fast"},
            {"when": {"channel": "email"}, "group": "Support", "sla": "by_mail"},
            {"otherwise": True, "group": "Support", "sla": "standard"},
        ],
        "sla": {
            "fast": {"respond_within_minutes": 5, "ladder": LADDER},
            "standard": {"respond_within_minutes": 15, "ladder": LADDER},
            "by_mail": {"respond_within_minutes": 60, "ladder": LADDER[:2]},
        },
        "fallback": {"slack_channel": FALLBACK, "lead": LEAD},
    }
    return yaml.safe_dump(desk, sort_keys=False)


def hire_at_zendesk(standin: ZendeskStandIn) -> None:
    store = standin.store
    for worker in TEAM:
        if worker.zendesk not in store.users:
            user = zendesk_seed.user(worker.zendesk, worker.name, worker.email, "agent")
            store.users[worker.zendesk] = user | {"default_group_id": store.groups[0]["id"]}
        in_groups = {row["group_id"] for row in store.memberships if row["user_id"] == worker.zendesk}
        for group in store.groups:
            if group["id"] not in in_groups:
                place = {"id": 3800 + len(store.memberships) + 1, "default": False}
                store.memberships.append(place | {"user_id": worker.zendesk, "group_id": group["id"]})


def hire_at_freshdesk(standin: FreshdeskStandIn) -> None:
    agents = standin.store.agents
    for worker in TEAM:
        like = agents[TEAM[0].freshdesk]
        contact = like["contact"] | {"name": worker.name, "email": worker.email}
        agents.setdefault(worker.freshdesk, like | {"id": worker.freshdesk, "contact": contact})


def hire_at_slack(standin: SlackStandIn) -> None:
    for worker in TEAM:
        standin.add_user(worker.slack, worker.name, worker.email)
        for channel in standin.workspace.channels.values():
            channel.members.add(worker.slack)


def _shifts(name: str, hours: str, slack_channel: str, owners: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{name} {channel}",
            "channels": [channel],
            "days": "daily",
            "hours": hours,
            "owners": [pair[0]],
            "backup": pair[1],
            "lead": LEAD,
            "slack_channel": slack_channel,
        }
        for channel, pair in zip(CHANNELS, owners, strict=True)
        if pair is not None
    ]
