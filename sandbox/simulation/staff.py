"""The people at work: they look at Slack and at the helpdesk, claim, answer, solve, and sometimes overlook."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from sandbox.simulation.case import Case
from sandbox.simulation.customers import lognormal
from sandbox.simulation.desks import WorkPlace
from sandbox.simulation.shop import TEAM, ZONE, Worker
from sandbox.simulation.timetable import Timetable
from sandbox.slack import SlackStandIn
from sandbox.slack.workspace import Message

MENTION: Final = re.compile(r"<@(U[A-Z0-9]+)>")
BY_SLACK: Final = {worker.slack: worker for worker in TEAM}

SEES_THE_CARD: Final = 0.86  #: share of cards that their owner notices; else a rung must call
HEEDS_A_CALL: Final = 0.9
NOTICING_SECONDS: Final = 70.0  #: median, with nothing else to do
CALLED_SECONDS: Final = 40.0
IN_THE_HELPDESK_SECONDS: Final = 1500.0  #: median until somebody finds a ticket without a card
ANSWERING_SECONDS: Final = 100.0
AT_NIGHT: Final = 1.7  #: everything takes so much longer
NIGHT_HOURS: Final = range(1, 9)
FULL_PLATE: Final = 12  #: open cases of one person that double the time
CLAIMS_FIRST: Final = 0.75
NOTES_FIRST: Final = 0.15
RULE_WRITES: Final = 0.1
WRITES_ONCE_MORE: Final = 0.25
SOLVES: Final = 0.6
SOLVES_UNANSWERED: Final = 0.01
TRY_AGAIN_SECONDS: Final = 45.0


class Staff:
    """`answered` is told of each first answer."""

    def __init__(
        self,
        *,
        chance: random.Random,
        timetable: Timetable,
        slack: SlackStandIn,
        desk: WorkPlace,
        case_of: Callable[[str], Case | None],
        answered: Callable[[Case], None],
    ) -> None:
        self._chance = chance
        self._timetable = timetable
        self._slack = slack
        self._desk = desk
        self._case_of = case_of
        self._answered = answered
        self._seen: Counter[str] = Counter()  #: messages of each channel that were looked at
        self._cards: dict[tuple[str, str], str] = {}  #: channel and ts of a card, to its handoff
        self._plate: Counter[str] = Counter()  #: open cases by person

    def look_at_slack(self) -> None:
        """Notice what has been posted since."""
        for channel in list(self._slack.workspace.channels.values()):
            new = channel.messages[self._seen[channel.id] :]
            self._seen[channel.id] += len(new)
            for message in new:
                self._notice(channel.id, message)

    def look_at_the_helpdesk(self) -> None:
        """Notice new tickets; whoever they are assigned to comes to them sooner or later."""
        for handoff_id, agent_id in self._desk.new_tickets():
            person = self._desk.person(agent_id) or self._chance.choice(TEAM)
            self._later(IN_THE_HELPDESK_SECONDS, person, partial(self._attend, handoff_id, person))

    def _notice(self, channel: str, message: Message) -> None:
        mark = message.metadata or {}
        if mark.get("event_type") == "handoff_card":
            handoff_id = mark["event_payload"]["handoff_id"]
            self._cards[channel, message.ts] = handoff_id
            self._called(handoff_id, str(message.blocks), SEES_THE_CARD, NOTICING_SECONDS)
        elif message.thread_ts and (channel, message.thread_ts) in self._cards:
            handoff_id = self._cards[channel, message.thread_ts]
            self._called(handoff_id, message.text, HEEDS_A_CALL, CALLED_SECONDS)

    def _called(self, handoff_id: str, text: str, share: float, median_seconds: float) -> None:
        for user_id in dict.fromkeys(MENTION.findall(text)):
            person = BY_SLACK.get(user_id)
            if person is not None and self._chance.random() < share:
                self._later(median_seconds, person, partial(self._attend, handoff_id, person))

    def _attend(self, handoff_id: str, person: Worker) -> None:
        case = self._case_of(handoff_id)
        if case is None or case.attended or case.is_over:
            return
        case.attended = True
        self._plate[person.key] += 1
        if self._chance.random() < CLAIMS_FIRST:
            self._claim(handoff_id, person)
        self._later(ANSWERING_SECONDS, person, lambda: self._answer(case, person))

    def _claim(self, handoff_id: str, person: Worker) -> None:
        place = next((place for place, card in self._cards.items() if card == handoff_id), None)
        if place is None:
            return
        try:
            self._slack.press(*place, "claim", person.slack)
        except LookupError:
            return  # the button is gone: somebody has it

    def _answer(self, case: Case, person: Worker) -> None:
        ticket_id = self._desk.ticket_of(case)
        if ticket_id is None:  # not there yet
            self._timetable.after(TRY_AGAIN_SECONDS, lambda: self._answer(case, person))
            return
        self._plate[person.key] -= 1
        if case.is_over:
            return
        if self._chance.random() < NOTES_FIRST:
            self._desk.write(ticket_id, person, "Let me ask the warehouse.", public=False)
        if self._chance.random() < RULE_WRITES:
            self._desk.rule_writes(ticket_id, "We have received your request.")
        if self._chance.random() < SOLVES_UNANSWERED:
            self._solve(case, ticket_id)
            return
        case.replies.append(self._desk.now())
        self._desk.write(
            ticket_id, person, "Hello, I am looking into it and will tell you today.", public=True
        )
        self._answered(case)
        if self._chance.random() < WRITES_ONCE_MORE:
            self._later(ANSWERING_SECONDS, person, lambda: self._write_once_more(case, ticket_id, person))
        if self._chance.random() < SOLVES:
            self._timetable.after(lognormal(self._chance, 1800), lambda: self._solve(case, ticket_id))

    def _write_once_more(self, case: Case, ticket_id: int, person: Worker) -> None:
        """After the first answer, and now and then after the ticket was solved; not to a customer who has left."""
        if case.withdrawn_at is None:
            case.replies.append(self._desk.now())
            self._desk.write(ticket_id, person, "It leaves our warehouse this evening.", public=True)

    def _solve(self, case: Case, ticket_id: int) -> None:
        if not case.is_over:
            case.solved_at = self._timetable.now
            self._desk.solve(ticket_id)

    def _later(self, median_seconds: float, person: Worker, action: Callable[[], None]) -> None:
        slower = (1 + self._plate[person.key] / FULL_PLATE) * (AT_NIGHT if self._is_night() else 1.0)
        self._timetable.after(lognormal(self._chance, median_seconds * slower), action)

    def _is_night(self) -> bool:
        local: datetime = self._timetable.now.astimezone(ZoneInfo(ZONE))
        return local.hour in NIGHT_HOURS
