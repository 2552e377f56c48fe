"""One bridge, its vendors and its people, moved about in every order that hypothesis can think of.

After each step the ten rules are looked at, and at the end of each sequence everything that was
promised must have happened. `make soak-model` runs ten thousand sequences.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import model_expected as expected
import pytest
import structlog
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model_house import OTHER, TWIN, House, Seen, Template, desk_files, make_template
from model_rules import AT_THE_END, RULES, Town
from model_vendors import Webhook

from bridge.accounts import MAIN
from bridge.handoffs.model import CardRef
from bridge.intake.problems import Problem
from connectors.base import AuthorKind, Limit, TicketState
from connectors.chat import Action, Press
from connectors.errors import (
    EVERYTHING,
    AccessDenied,
    Busy,
    ConnectorError,
    NotFromVendor,
    OutcomeUnknown,
    Unreachable,
)

#: the suite runs a sample, the same each time; with a seed (`make soak-model`) two processes share the sequences
SEQUENCES: Final = int(os.environ.get("HANDOFF_MODEL_SEQUENCES", "20"))
SEED: Final = os.environ.get("HANDOFF_MODEL_SEED")
PARTS: Final = 2 if SEED else 1
STEPS: Final = 40

WHICH: Final = st.integers(0, 4)
WORKERS: Final = st.sampled_from(["first worker", "second worker"])
CONVERSATIONS: Final = st.sampled_from(["told", "read", "test"])
WORDS: Final = st.sampled_from(
    ["my parcel", "card 4111 1111 1111 1111", "my password is hunter2", "I am priya@customer.example"]
)
MINUTE: Final = timedelta(minutes=1)
#: calls a minute that each vendor takes, in the runs in which it is a strict one
STRICT: Final = 6
#: who wrote, and whether the customer can read it
NO_ANSWERS: Final = st.sampled_from(
    [(AuthorKind.PERSON, False), *((kind, True) for kind in AuthorKind if kind is not AuthorKind.PERSON)]
)
JUMPS: Final = st.sampled_from(
    [{"seconds": 5}, {"seconds": 31}, {"minutes": 3}, {"minutes": 9}, {"hours": 1}, {"hours": 9}]
)
TROUBLES: Final = ("answer lost", "away", "limit", "denied", "post_card", "post_in_thread", "direct_message")
#: how long the end waits, again and again, until every delay a vendor or a schedule may ask for has passed
PATIENCE: Final = ({"seconds": 31}, {"minutes": 6}, {"minutes": 16}, {"hours": 30})
#: budgets' windows that the end waits for at most
MOST_WINDOWS: Final = 40


def failures(vendor: str) -> dict[str, ConnectorError]:
    """Return the troubles in which nothing was done."""
    return {
        "away": Unreachable(vendor, "no connection"),
        "limit": Busy(vendor, "429", retry_after=timedelta(seconds=40), limit=EVERYTHING),
        "denied": AccessDenied(vendor, "the key is wrong"),
    }


class Handoffs(RuleBasedStateMachine):
    template: Template
    room: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.room))
        self.house = House(self.template, self.folder)
        self.town = Town(house=self.house)
        structlog.configure(processors=[self._listen])
        self.desk = "first"
        self.said = 0
        self.claims: list[tuple[datetime, str, str]] = []
        self.left_alone: dict[tuple[str, str], datetime] = {}
        self.sent: list[tuple[str, str, bytes, dict[str, Any]]] = []
        self.hands: dict[str, list[Any]] = {"first worker": [], "second worker": []}
        self.noticed: list[Any] = []
        self.looked_at: Seen | None = None

    def _listen(self, logger: object, method: str, event: Any) -> Any:
        self.town.log.append({**event, "level": method})
        raise structlog.DropEvent

    # What the bot does

    @initialize(limited=st.booleans(), conversation=CONVERSATIONS, ticketed=st.booleans())
    def the_first_customer_comes(self, limited: bool, conversation: str, ticketed: bool) -> None:
        limits = {EVERYTHING: Limit(calls=STRICT, per=MINUTE)} if limited else {}
        self.house.helpdesk.limits = self.house.chat.limits = limits
        self.bot_hands_over(account=MAIN, conversation=conversation, asked=None, words="my parcel")
        if ticketed:
            self.everything_is_paid()

    @rule(
        account=st.sampled_from([MAIN, MAIN, OTHER]),
        conversation=CONVERSATIONS,
        asked=st.sampled_from([None, 0, 3, 20]),
        words=WORDS,
    )
    def bot_hands_over(self, account: str, conversation: str, asked: int | None, words: str) -> None:
        words = self._said_once(words)
        body = {
            "conversation_id": conversation,
            "channel": "whatsapp",
            "customer": {"name": "Priya Nair", "email": "priya@customer.example"},
            "topic": words,
            "trigger": {"kind": "asked", "code": words},
            "summary": {"wants": words, "tried": words, "suspects": words},
            "transcript": [{"speaker": "customer", "text": words}],
            "test": conversation == "test",
        }
        ago = None if asked is None else timedelta(minutes=asked)
        if ago is not None:
            body["asked_at"] = (self.house.clock() - ago).isoformat()
        if conversation == "told":
            body["callback_url"] = "https://bot.example/callback"
        earlier = self._open_handoff(account, conversation)
        key = f"key-{len(self.sent)}"
        answer = self._hand_over(account, key, json.dumps(body).encode())
        if answer["status"] == "accepted":
            self._expect(answer, account, conversation, ago, earlier)
        else:
            assert earlier is not None
            assert answer["id"] == earlier.handoff_id
        self.town.kept[answer["id"]].words.append(words)
        assert answer["promised_at"] == self.town.kept[answer["id"]].due[0].isoformat()

    def _said_once(self, words: str) -> str:
        """Return the words with a number of their own, so that they can be found again."""
        self.said += 1
        return f"{words}, she says for the {self.said}th time"

    def _hand_over(self, account: str, key: str, body: bytes) -> dict[str, Any]:
        answer = self.house.intake.hand_over(self.template.callers[account], body, key).result()
        self.sent.append((account, key, body, answer))
        return answer

    def _open_handoff(self, account: str, conversation: str) -> Any:
        return next(
            (
                row
                for row in self.house.seen().handoffs.values()
                if (row.account_id, row.conversation_id) == (account, conversation)
                and row.state in ("open", "answered")
            ),
            None,
        )

    def _expect(
        self, answer: Any, account: str, conversation: str, ago: timedelta | None, earlier: Any
    ) -> None:
        desk = self.desk if account == MAIN else "first"
        kept = expected.promise(
            desk,
            ago,
            self.house.clock(),
            earlier.answered_at + timedelta(seconds=1) if earlier else None,
            account=account,
            conversation=conversation,
            test=conversation == "test",
            relayed=conversation == "told",
            ticket=self.town.ticket_of(earlier.handoff_id) if earlier and earlier.ticket else None,
        )
        self.town.kept[answer["id"]] = kept
        self._check_words(answer, kept)

    def _check_words(self, answer: Any, kept: expected.Promise) -> None:
        """Rule 7: the customer is told who has it and by when, or that nobody is there."""
        text = answer["customer_text"]
        local = kept.due[0].astimezone(expected.KOLKATA)
        if kept.owner is None:
            assert text.startswith("We have kept your conversation. Nobody is on duty right now;")
        elif kept.due[0] <= self.house.clock():
            assert text == f"{kept.owner} has your conversation and will answer as soon as possible."
        else:
            assert text.startswith(f"{kept.owner} has your conversation and will answer by {local:%H:%M}")

    @rule(which=WHICH, same_body=st.booleans())
    def bot_repeats_its_call(self, which: int, same_body: bool) -> None:
        account, key, body, answer = self._one_of(self.sent, which)
        caller = self.template.callers[account]
        if same_body:
            assert self.house.intake.hand_over(caller, body, key).result() == answer
            return
        with pytest.raises(Problem) as refused:
            self.house.intake.hand_over(caller, body + b" ", key).result()
        assert refused.value.status == 409

    @rule(which=WHICH, words=WORDS, of_its_own=st.booleans())
    def bot_tells_more(self, which: int, words: str, of_its_own: bool) -> None:
        """Either what it has learned, or what the customer has gone on writing."""
        words = self._said_once(words)
        if of_its_own:
            self._tell(which, "add_context", {"topic": words, "fields": {"said": words}})
        elif kept := self._tell(which, "add_messages", {"messages": [words]}):
            kept.words.append(words)

    def _tell(self, which: int, what: str, body: dict[str, Any]) -> expected.Promise | None:
        """Have the bot tell of a handoff; 409 where it is closed, and 404 for the bot of another account.

        Return the handoff that heard it, None for a closed one.
        """
        handoff_id = self._one_of(list(self.town.kept), which)
        account = self.town.kept[handoff_id].account
        is_open = self.house.seen().handoffs[handoff_id].state in ("open", "answered")
        tell = getattr(self.house.intake, what)
        for caller, status in (
            (account, None if is_open else 409),
            (OTHER if account == MAIN else MAIN, 404),
        ):
            arguments = (self.template.callers[caller], handoff_id, json.dumps(body).encode(), None)
            if status is None:
                tell(*arguments)
                continue
            with pytest.raises(Problem) as refused:
                tell(*arguments)
            assert refused.value.status == status
        return self.town.kept[handoff_id] if is_open else None

    @rule(which=WHICH)
    def bot_withdraws(self, which: int) -> None:
        handoff_id = self._one_of(list(self.town.kept), which)
        kept = self.town.kept[handoff_id]
        row, now = self.house.seen().handoffs[handoff_id], self.house.clock()
        self.house.intake.withdraw(self.template.callers[kept.account], handoff_id, b"{}", None)
        if row.state in ("open", "answered"):
            kept.withdrawn_at = max(now, row.answered_at or now)  # what was heard before counts, by any clock

    # What people do

    def _tickets(self) -> list[str]:
        """Return the tickets of the main account that people can write on now."""
        helpdesk = self.house.helpdesk
        return [
            ticket
            for ticket, draft in helpdesk.tickets.items()
            if self.town.kept[draft.handoff_id].account == MAIN
            and helpdesk.states.get(ticket) is not TicketState.DELETED
            and ticket not in helpdesk.merges
        ]

    @precondition(lambda self: self._tickets())
    @rule(which=WHICH, told=st.booleans())
    def person_replies(self, which: int, told: bool) -> None:
        self._write(which, AuthorKind.PERSON, public=True, told=told)

    @precondition(lambda self: self._tickets())
    @rule(which=WHICH, kind=NO_ANSWERS, told=st.booleans())
    def somebody_writes_what_is_no_answer(
        self, which: int, kind: tuple[AuthorKind, bool], told: bool
    ) -> None:
        author, public = kind
        self._write(which, author, public=public, told=told)

    def _write(self, which: int, kind: AuthorKind, *, public: bool, told: bool) -> None:
        self.house.helpdesk.write(self._one_of(self._tickets(), which), kind, public=public)
        if told:
            self._deliver(self.house.helpdesk.webhooks[-1], MAIN)

    @precondition(lambda self: self._tickets())
    @rule(which=WHICH, what=st.sampled_from(["solve", "reopen", "delete", "merge"]))
    def agent_handles_a_ticket(self, which: int, what: str) -> None:
        tickets, helpdesk = self._tickets(), self.house.helpdesk
        ticket, other = self._one_of(tickets, which), self._one_of(tickets, which + 1)
        if what == "merge" and other != ticket:
            helpdesk.merge(ticket, other)
        elif what in ("solve", "reopen"):
            helpdesk.become(ticket, TicketState.SOLVED if what == "solve" else TicketState.OPEN)
        elif what == "delete" and not helpdesk.messages.get(ticket) and not helpdesk.merges:
            helpdesk.become(ticket, TicketState.DELETED)

    @rule(which=WHICH, user=st.sampled_from(["U07ASHA", "U07RAVI", "U07MEERA", "U0STRANGER"]))
    def somebody_presses_claim(self, which: int, user: str) -> None:
        handoff_id = self._one_of(list(self.town.kept), which)
        press = Press(
            event_id=f"press-{handoff_id}-{user}",
            action=Action.CLAIM,
            handoff_id=handoff_id,
            user_id=user,
            user_name=user,
            card=CardRef(connection="chat", channel="C0DAY", message=handoff_id),
        )
        self.house.chat.emails = {"U07MEERA": "meera@shop.example"}
        self.house.press(press)

    # What the vendors do

    @precondition(lambda self: self.house.helpdesk.webhooks)
    @rule(which=st.integers(0, 9), account=st.sampled_from([MAIN, MAIN, MAIN, OTHER]))
    def webhook_arrives(self, which: int, account: str) -> None:
        """In any order, late, twice, not at all; at the wrong account it means nothing."""
        self._deliver(self._one_of(self.house.helpdesk.webhooks[::-1], which), account)

    def _deliver(self, webhook: Webhook, account: str) -> None:
        try:
            self.house.take_webhook(webhook, account)
        except NotFromVendor:
            assert abs(self.house.skew) > timedelta(minutes=5)

    @rule(vendor=st.sampled_from(["helpdesk", "chat"]), trouble=st.sampled_from(TROUBLES))
    def vendor_is_in_trouble(self, vendor: str, trouble: str) -> None:
        """The next call fails before or after its work was done; or the next of a kind is refused for good."""
        memory = self.house.vendors[vendor]
        if trouble == "answer lost":
            memory.fail_after(OutcomeUnknown(vendor, "the answer was lost"))
        elif trouble in failures(vendor):
            memory.fail_before(failures(vendor)[trouble])
        else:
            memory.trouble.refusals.append("open_ticket" if vendor == "helpdesk" else trouble)

    @rule(trouble=st.sampled_from([503, 500, 410, "asha", "ravi", "meera"]))
    def somebody_is_out_of_reach(self, trouble: int | str) -> None:
        """The bot's next answer is an error; or the chat no longer knows a person, or knows them again."""
        if isinstance(trouble, int):
            self.house.bot.answers.append(trouble)
        else:
            self.house.chat.strangers ^= {trouble}

    # What time and the machines do

    @rule(jump=JUMPS, at_work=st.booleans())
    def time_passes(self, jump: dict[str, int], at_work: bool) -> None:
        self.house.now += timedelta(**jump)
        if at_work:
            self.tick()
            self.everything_is_paid()

    @rule(worker=WORKERS, most=st.integers(1, 4))
    def worker_takes_jobs(self, worker: str, most: int) -> None:
        self.hands[worker] += self._claim(most)

    @rule(worker=WORKERS)
    def worker_pays_one(self, worker: str) -> None:
        for job in self._front(worker):
            self._pay(job)

    @rule(worker=WORKERS, how=st.sampled_from(["after its calls", "before its calls", "in order"]))
    def worker_ends(self, worker: str, how: str) -> None:
        """Killed after its calls were made and before any was written down, or before them; or stopped in order."""
        if how == "after its calls":
            for job in self.hands[worker] or self._claim(4):
                self.house.die_after_the_call(job)
        elif how == "in order":
            self.house.release(self.hands[worker])
        for memory in self.house.vendors.values():
            memory.trouble.left_alone_for = None  # it died with what it was told
        self.hands[worker].clear()

    def _front(self, worker: str) -> list[Any]:
        """Return the job that the worker holds or takes first, none where nothing is to be done."""
        jobs = self.hands[worker] or self._claim(1)
        return [jobs.pop(0)] if jobs else []

    @rule()
    def everything_is_paid(self) -> None:
        while jobs := self._claim(10):
            for job in jobs:
                self._pay(job)

    def _claim(self, most: int) -> list[Any]:
        """Rule 9: the longest wait first, within the vendor's limit, and nothing while it is to be left alone.

        First means first through its connection: each has its own share of what a worker can take.
        """
        now, waiting = self.house.clock(), self.house.ready()
        jobs = self.house.claim(most)
        taken = {job.delivery_id for job in jobs}
        for place in {place for place, _ in waiting.values()}:
            here = {id_: wait for id_, (of, wait) in waiting.items() if of == place}
            waits = [here[job.delivery_id] for job in jobs if job.delivery_id in here]
            left = [wait for id_, wait in here.items() if id_ not in taken]
            assert waits == sorted(waits)
            assert self.house.chat.limits or not left or max(waits, default=min(left)) <= min(left)
            assert self.house.chat.limits or not left or jobs
        for job in jobs:
            place = (job.account_id, job.connection)
            assert self.left_alone.get(place, now) <= now
            self.claims.append((now, *place))
            spent = [at for at, *there in self.claims if tuple(there) == place and now - MINUTE < at <= now]
            assert not self.house.connectors.limits_of(job.connection) or len(spent) <= 2 * STRICT
        return jobs

    def _pay(self, job: Any) -> None:
        self.house.payer.pay(job)
        memory = self.house.vendors.get(job.connection)
        if memory is not None and (asked := memory.trouble.left_alone_for):
            memory.trouble.left_alone_for = None
            self.left_alone[job.account_id, job.connection] = self.house.clock() + asked.retry_after

    @rule(notices=st.booleans())
    def slow_ticker(self, notices: bool) -> None:
        """It notices what is due, and fires that later, when others may have been there."""
        if notices:
            self.noticed = self.house.due()
            return
        for clock in self.noticed:
            self.house.fire(clock)

    @rule()
    def tick(self) -> None:
        """Look at the clocks until none is due: a rung that found nobody makes the next one due at once.

        What is too late to fire by itself is let fire by a person at once.
        """
        for _ in range(2 * len(expected.SHARES)):
            self.house.ticker.look()
            if not self.house.let_held_rungs_fire() and not self.house.due():
                return
        raise AssertionError("a clock that is due was not fired")

    @rule(what=st.sampled_from(["restart", "new desk", "clock ahead", "clock back", "twin"]), which=WHICH)
    def something_happens_to_the_bridge(self, what: str, which: int) -> None:
        """`twin` gives another account the same rows under the same ids."""
        mine = [id_ for id_, kept in self.town.kept.items() if kept.account == MAIN]
        if what == "restart":
            self.hands = {worker: [] for worker in self.hands}
            self.house.restart()
        elif what == "new desk":
            self.desk = "edited" if self.desk == "first" else "first"
            self.house.load_desk(self.desk)
        elif what == "twin" and not self.town.twins:
            self.house.copy_to_twin(self._one_of(mine, which))
            self.town.twins = self.house.seen().twins
        elif what.startswith("clock"):
            # The store's time believes a jump after ten minutes: no call that ran out before it is still under way.
            now = self.house.clock()
            self.hands = {
                worker: [job for job in jobs if job.lease_until > now] for worker, jobs in self.hands.items()
            }
            self.house.skew += timedelta(minutes=(2 if which else 60) * (1 if what == "clock ahead" else -1))

    # What must hold

    @invariant()
    def the_rules_hold(self) -> None:
        seen = self.house.seen()
        if seen is not self.looked_at:
            for holds in RULES:
                holds(seen, self.town)
        self.looked_at = seen

    def teardown(self) -> None:
        try:
            self._let_everything_come_to_rest()
            seen = self.house.seen()
            for holds in (*RULES, *AT_THE_END):
                holds(seen, self.town)
        finally:
            self.house.close()
            shutil.rmtree(self.folder)

    def _let_everything_come_to_rest(self) -> None:
        """Make the vendors well and let time pass until nothing can be waiting any more."""
        for vendor in self.house.vendors.values():
            vendor.get_well()
        self.house.bot.answers.clear()
        for wait in PATIENCE:
            self._wait(**wait)
        for _ in range(MOST_WINDOWS):
            if not self._is_owed_anything():
                return
            self._wait(minutes=1)

    def _wait(self, **duration: float) -> None:
        self.house.now += timedelta(**duration)
        self.tick()
        self.everything_is_paid()

    def _is_owed_anything(self) -> bool:
        """Return whether a vendor's budget may still hold something back."""
        return any(
            row.state in ("owed", "unknown") and row.kind != "read_changes" and row.account_id != TWIN
            for row in self.house.seen().rows["deliveries"]
        )

    @staticmethod
    def _one_of(things: list[Any], which: int) -> Any:
        return things[which % len(things)]


@pytest.fixture
def machine(sqlite_template: Path) -> Iterator[type[Handoffs]]:
    Handoffs.room = Path(tempfile.mkdtemp(prefix="model-", dir=sqlite_template.parent))
    desks = desk_files(Handoffs.room, expected.DESKS)
    Handoffs.template = make_template(sqlite_template, Handoffs.room, desks)
    yield Handoffs
    structlog.reset_defaults()
    shutil.rmtree(Handoffs.room)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_ten_rules_hold_whatever_happens_in_whatever_order(machine, part):
    chosen = settings(
        max_examples=SEQUENCES // PARTS,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        derandomize=SEED is None,
    )
    seeded = seed(int(SEED) + part)(machine) if SEED else machine
    run_state_machine_as_test(seeded, settings=chosen)


def test_an_answer_that_the_bot_took_from_a_dying_worker_counts_for_nothing_once_its_address_is_gone(machine):
    """Nobody knows that it arrived, and nobody can ask any more."""
    state = machine()
    state.the_first_customer_comes(limited=False, ticketed=True, conversation="told")
    state.person_replies(told=True, which=0)
    state.worker_ends(how="after its calls", worker="first worker")
    state.somebody_is_out_of_reach(trouble=410)
    state.bot_hands_over(account=MAIN, conversation="told", asked=None, words="my parcel")
    state.everything_is_paid()
    state.teardown()


def test_a_line_that_tagged_nobody_is_told_to_the_lead_although_its_worker_died_and_the_person_is_back(
    machine,
):
    state = machine()
    state.the_first_customer_comes(limited=False, ticketed=True, conversation="read")
    state.time_passes(at_work=True, jump={"minutes": 3})
    state.time_passes(at_work=False, jump={"minutes": 3})
    state.tick()  # the backup is called
    state.somebody_is_out_of_reach(trouble="ravi")
    state.worker_ends(how="after its calls", worker="first worker")
    state.somebody_is_out_of_reach(trouble="ravi")
    state.teardown()
