"""The workspace as a demo finds it: the shop's three people and four channels."""

from __future__ import annotations

from sandbox.clock import Clock
from sandbox.slack.workspace import BOT_USER_ID, Channel, Group, User, Workspace

PEOPLE = {
    "U07ASHA": ("Asha Rao", "asha@shop.example"),
    "U07RAVI": ("Ravi Iyer", "ravi@shop.example"),
    "U07MEERA": ("Meera Shah", "meera@shop.example"),
}
CHANNELS = {
    "C0MORNING": "support-morning",
    "C0EVENING": "support-evening",
    "C0NIGHT": "support-night",
    "C0ALL": "support-all",
}
LEADS = "S0LEADS"


def shop(clock: Clock) -> Workspace:
    """Return a new workspace; the bot is in every channel."""
    workspace = Workspace(clock)
    bot = User(id=BOT_USER_ID, name="Handoff bridge", is_bot=True)
    people = [User(id=user_id, name=name, email=email) for user_id, (name, email) in PEOPLE.items()]
    workspace.users = {user.id: user for user in [bot, *people]}
    for channel_id, name in CHANNELS.items():
        workspace.channels[channel_id] = Channel(id=channel_id, name=name, members=set(workspace.users))
    workspace.groups = {LEADS: Group(id=LEADS, name="leads", users=["U07MEERA"])}
    return workspace
