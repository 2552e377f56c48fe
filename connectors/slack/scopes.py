"""The one list of what the bot may do, each with the feature that needs it. The manifest is made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    name: str
    feature: str  #: what needs it, for the admin who weighs the list
    without: str  #: what happens where it is not granted
    needed: bool = True  #: False where the bridge does without, less well


SCOPES: tuple[Scope, ...] = (
    Scope(
        name="chat:write",
        feature="Posts each handoff's card, edits it in place, and writes in its thread.",
        without="Nothing can be posted.",
    ),
    Scope(
        name="chat:write.public",
        feature="Posts in public channels of the roster without being invited to each.",
        without="The bot must be invited to every channel of the roster.",
        needed=False,
    ),
    Scope(
        name="im:write",
        feature="Opens a direct message to the person whom a rung of the ladder reminds or calls.",
        without="Rungs that tell one person directly cannot.",
    ),
    Scope(
        name="commands",
        feature="Answers /handoff, and hands off a message from its menu.",
        without="There is no command and no message shortcut.",
        needed=False,
    ),
    Scope(
        name="links:read",
        feature="Hears of links to the bridge's own pages, and of no others.",
        without="A link to a handoff stays a bare link.",
        needed=False,
    ),
    Scope(
        name="links:write",
        feature="Shows people of the desk under such a link how the handoff stands.",
        without="A link to a handoff stays a bare link.",
        needed=False,
    ),
    Scope(
        name="usergroups:read",
        feature="Reads who is in a user group that a shift names (`slack_user_group`).",
        without="Such a group is not kept equal to the roster.",
        needed=False,
    ),
    Scope(
        name="usergroups:write",
        feature="Puts whoever is on duty into that group, and takes all others out.",
        without="Such a group is not kept equal to the roster.",
        needed=False,
    ),
    Scope(
        name="users:read",
        feature=(
            "Sees whether the person to be called is an active member of the workspace and is there, "
            "so that the backup is called in time."
        ),
        without="A person who has left is noticed only when nobody answers.",
    ),
    Scope(
        name="users:read.email",
        feature="Finds the user for a person whom the desk file names by e-mail alone.",
        without="Each person needs a Slack id in the desk file.",
    ),
    Scope(
        name="dnd:read",
        feature="Sees whether the owner asked not to be disturbed; then the backup is called sooner.",
        without="An owner who asked not to be disturbed is waited for as long as any other.",
        needed=False,
    ),
    Scope(
        name="channels:read",
        feature="Checks that the public channels of the roster exist, are not archived and have the bot.",
        without="A wrong or archived channel is noticed only when a card cannot be posted.",
    ),
    Scope(
        name="groups:read",
        feature="The same check for private channels that the bot was invited to.",
        without="A wrong or archived private channel is noticed only when a card cannot be posted.",
    ),
    Scope(
        name="channels:history",
        feature=(
            "After a lost answer, and only then, looks in a public channel for the bot's own post, "
            "so that it is not posted twice."
        ),
        without='After a lost answer the bridge waits 30 seconds and posts again, marked "may repeat".',
        needed=False,
    ),
    Scope(
        name="groups:history",
        feature="The same look in private channels that the bot was invited to.",
        without='After a lost answer the bridge waits 30 seconds and posts again, marked "may repeat".',
        needed=False,
    ),
    Scope(
        name="im:history",
        feature="The same look in the bot's own direct messages.",
        without='After a lost answer the bridge waits 30 seconds and posts again, marked "may repeat".',
        needed=False,
    ),
)
