"""A retail story, played through a real bridge and seen at the stand-ins: a parcel that never came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sandbox.assembly import Sandbox
from sandbox.conversation import conversation
from sandbox.onlooker import Onlooker, StoryFailed

__all__ = ["Story", "StoryFailed"]

ANSWER: Final = (
    "Hello Priya, this is {first_name}. I am sorry about your parcel. The courier's photo shows another door, "
    "so I have sent a new one today; it arrives tomorrow before noon."
)
FOLLOW_UP: Final = "Thank you! Can it come to my office instead? I am not at home before noon."
SECOND_ANSWER: Final = "Of course. I have told the courier: tomorrow before noon, to your office."


@dataclass(kw_only=True)
class Story:
    """Plays once. `tell` hears of each step as it is seen; `step_seconds` is how long one may take."""

    sandbox: Sandbox
    bridge_url: str
    key: str
    now: datetime
    tell: Callable[[str], None]
    step_seconds: float = 30.0
    seen: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.look = Onlooker(
            sandbox=self.sandbox, bridge_url=self.bridge_url, key=self.key, step_seconds=self.step_seconds
        )

    def play(self) -> dict[str, Any]:
        """Return what was seen, step by step. Raises StoryFailed."""
        self._hand_over()
        self._announced()
        self._rung_fires()
        self._claim()
        self._reply_from_chat()
        self._follow_up()
        self._reply_in_helpdesk()
        self._give_back()
        return self.seen

    @property
    def _handoff(self) -> str:
        return str(self.seen["handoff_id"])

    @property
    def _card(self) -> tuple[str, str]:
        return self.seen["card"]["channel"], self.seen["card"]["ts"]

    @property
    def _owner(self) -> str:
        """Return the owner's id in the chat."""
        return self.look.user(self.seen["owner"])

    def _hand_over(self) -> None:
        answer = self.sandbox.bot.hand_off(conversation(self.now))
        self.seen |= {
            "handoff_id": answer["id"],
            "conversation_id": conversation(self.now)["conversation_id"],
            "promised_at": answer["promised_at"],
            "owner": answer["owner"]["first_name"] if answer["owner"] else None,
        }
        self.tell(f"The bot hands over: {answer['id']}, kept.")
        self.tell(f"The customer reads: “{answer['customer_text']}”")

    def _announced(self) -> None:
        ticket = self.look.see("the ticket in the helpdesk", lambda: self.look.ticket(self._handoff))
        channel, card = self.look.see("the card in the shift's channel", lambda: self.look.card(ticket["id"]))
        self.seen |= {
            "ticket": {key: ticket[key] for key in ("id", "subject", "group", "assignee", "priority")},
            "card": {"channel": channel["id"], "channel_name": channel["name"], "ts": card["ts"]},
        }
        self.tell(f"Ticket {ticket['id']} stands in {ticket['group']}, assigned to {ticket['assignee']}.")
        self.tell(f"The card stands in #{channel['name']} and names {self.seen['owner']}, who is on duty.")

    def _rung_fires(self) -> None:
        self.tell("Nobody answers yet; the clock runs.")
        line = self.look.see(
            "the first rung of the ladder", lambda: next(iter(self.look.thread(*self._card)), None)
        )
        self.tell(f"The clock fires its first rung: “{_plain(line['text'])}”")

    def _claim(self) -> None:
        self.sandbox.press(*self._card, "claim", self._owner)
        self.look.see("the claim", lambda: self.look.handoff(self._handoff)["claimed_by"])
        self.tell(f"{self.seen['owner']} presses Claim.")

    def _reply_from_chat(self) -> None:
        """The owner answers without leaving the chat: what they see before they send is what the customer reads."""
        text, slack = ANSWER.format(first_name=self.seen["owner"]), self.sandbox.slack
        slack.press(*self._card, "reply", self._owner)
        self.look.see("the reply's modal", lambda: self.look.modal(self._owner, "Reply to customer"))
        slack.submit(self._owner, {"text": text})
        shown = self.look.see("the last look", lambda: self.look.modal(self._owner, "Send this?"))
        if text not in str(shown["blocks"]):
            raise StoryFailed("the last look shows other words than were written")
        self.tell(f"{self.seen['owner']} replies from Slack and sees exactly what the customer will read.")
        slack.submit(self._owner)
        self.look.see("the reply on the ticket", lambda: self.look.comment(self._handoff, text, public=True))
        handoff = self.look.see("the stopped clock", self._answered)
        self.seen["answered_at"] = handoff["answered_at"]
        self.tell(f"It stands on the ticket, and the clock stops: answered by {handoff['answered_by']}.")
        self._reads(text)
        self.look.see("the card turned to answered", lambda: self.look.card_says(*self._card, "Answered"))

    def _follow_up(self) -> None:
        self.sandbox.bot.say(self.seen["conversation_id"], FOLLOW_UP)
        self.look.see(
            "the customer's words on the ticket",
            lambda: self.look.comment(self._handoff, FOLLOW_UP, public=False),
        )
        self.look.see("the card's word of it", lambda: self.look.card_says(*self._card, "wrote again"))
        self.tell("The customer writes again; it stands on the ticket, and the card says so.")

    def _reply_in_helpdesk(self) -> None:
        agent_id, ticket_id = self.look.agent(self.seen["owner"]), self.seen["ticket"]["id"]
        self.sandbox.reply("zendesk", ticket_id, agent_id, SECOND_ANSWER, public=True)
        self.tell(f"{self.seen['owner']} answers on the ticket this time.")
        self._reads(SECOND_ANSWER)

    def _give_back(self) -> None:
        slack = self.sandbox.slack
        slack.choose(*self._card, "more", self._owner, f"resolve:{self._handoff}")
        self.look.see("the resolving modal", lambda: self.look.modal(self._owner, "Resolve"))
        slack.submit(self._owner, {"outcome": "solved"})
        told = self.look.see("the return to the bot", lambda: self.look.told(self._handoff, "resolved"))
        self.look.see("the solved ticket", lambda: self._ticket_is("solved"))
        self.seen |= {"outcome": told[-1]["outcome"], "bot": told[-1]["bot"]}
        self.tell(f"{self.seen['owner']} resolves it: the ticket is solved, and the bot may go on.")
        self.look.see("the card closed", lambda: self.look.card_says(*self._card, "Closed"))

    def _reads(self, text: str) -> None:
        self.look.see("the words in the customer's chat", lambda: self._lines_with(text))
        if self._lines_with(text) != 1:
            raise StoryFailed("the customer read the same words twice")
        self.tell(f"The customer reads: “{text}”")

    def _lines_with(self, text: str) -> int:
        lines = self.sandbox.bot.chat(self.seen["conversation_id"])
        return sum(line.text == text for line in lines)

    def _answered(self) -> dict[str, Any] | None:
        handoff = self.look.handoff(self._handoff)
        return handoff if handoff["answered_at"] else None

    def _ticket_is(self, status: str) -> bool:
        return (self.look.ticket(self._handoff) or {}).get("status") == status


def _plain(text: str) -> str:
    return " ".join(text.split())
