"""What must always hold, looked at after every step; the numbers are those of the ten rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from model_expected import KOLKATA, Promise, first_answer, outcome
from model_house import OTHER, START, House, Seen

from bridge.accounts import MAIN
from bridge.reports.accounting import books
from bridge.reports.period import Period
from bridge.reports.report import make_report
from bridge.reports.rows import received_in
from connectors.base import AuthorKind, TicketMessage, TicketState

OPEN: Final = ("open", "answered")
OWED: Final = ("owed", "unknown")
SAME_ANSWER: Final = timedelta(seconds=1)
LISTENS_ON: Final = timedelta(days=7)
ANEW: Final = "handed_over_anew"
GIVEN_UP_AFTER: Final = timedelta(hours=48)
#: what nobody may read in the chat or in a log
CANARIES: Final = ("4111 1111 1111 1111", "4111111111111111", "hunter2", "priya@customer.example")
FALLBACK: Final = "C0FALLBACK"
CALLS: Final = ("thread_note", "direct_message", "channel_note")
BROKEN: Final = ("rung_broke", "tick_broke", "delivery_broke", "settling_broke", "claiming_broke")


@dataclass
class Town:
    """The bridge, what it has promised, and what was seen of it at this step."""

    house: House
    kept: dict[str, Promise] = field(default_factory=dict)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    twins: list[tuple[Any, ...]] = field(default_factory=list)
    heard: int = 0  #: callbacks looked at already
    stopped: set[str] = field(default_factory=set)  #: rungs' calls that were never begun

    def ticket_of(self, handoff_id: str) -> str | None:
        return self.kept[handoff_id].ticket or self.house.helpdesk.ticket_of(handoff_id)

    def said_on(self, ticket_id: str | None, since: datetime | None = None) -> list[tuple[datetime, bool]]:
        """Return what was written on a ticket, and after a merge on the other one, as (when, by a person in public)."""
        return [
            (one.at, one.public and one.author.kind is AuthorKind.PERSON)
            for one in self.messages_on(ticket_id, since)
        ]

    def messages_on(self, ticket_id: str | None, since: datetime | None = None) -> list[TicketMessage]:
        if ticket_id is None:
            return []
        merge = self.house.helpdesk.merges.get(ticket_id)
        own = [
            one for one in self.house.helpdesk.messages.get(ticket_id, ()) if since is None or one.at >= since
        ]
        return own + (self.messages_on(merge.into, merge.at) if merge else [])

    def answers_to(self, handoff_id: str) -> datetime | None:
        return first_answer(self.said_on(self.ticket_of(handoff_id)), self.kept[handoff_id])


def rule_1_what_was_accepted_is_kept(seen: Seen, town: Town) -> None:
    """202 means kept: every handoff is there, with what it was promised."""
    assert set(seen.handoffs) == set(town.kept)
    for handoff_id, kept in town.kept.items():
        row = seen.handoffs[handoff_id]
        promised = {clock.rung for clock in seen.of("clocks", handoff_id)}
        assert (row.account_id, row.conversation_id, row.test) == (kept.account, kept.conversation, kept.test)
        assert (row.asked_at, row.promised_at) == (kept.asked_at, kept.due[0])
        assert promised == set(kept.due)


def rule_2_one_ticket_and_one_card(seen: Seen, town: Town) -> None:
    """No call has a second effect, however often its worker died or its answer was lost."""
    helpdesk, chat = town.house.helpdesk, town.house.chat
    tickets = Counter(draft.handoff_id for draft in helpdesk.tickets.values())
    repeated = {key: times for key, times in (helpdesk.effects + chat.effects).items() if times > 1}
    assert not repeated
    assert all(times == 1 for times in tickets.values())
    cards = Counter(posted[0].handoff_id for posted in chat.cards.values())
    for handoff_id, times in cards.items():
        asked = [row for row in seen.of("deliveries", handoff_id) if row.kind == "post_card"]
        assert times <= len(asked)
        assert len([row for row in asked if row.state != "dead"]) <= 1


def rule_3_a_rung_fires_once_and_never_early(seen: Seen, town: Town) -> None:
    for handoff_id, kept in town.kept.items():
        events = seen.of("timeline", handoff_id)
        escalated = {row.data["rung"]: row for row in events if row.event == "escalated"}
        fired = [clock for clock in seen.of("clocks", handoff_id) if clock.state == "fired"]
        assert Counter(row.event for row in events)["escalated"] == len(escalated)
        assert {clock.rung for clock in fired if clock.rung} == set(escalated)
        assert Counter(row.event for row in events)["breached"] <= 1
        for clock in fired:
            below = escalated.get(clock.rung - 1)
            pulled = below is not None and not below.data["reached"] and below.recorded_at <= clock.settled_at
            assert clock.settled_at >= kept.due[clock.rung] or pulled


def rule_3_only_what_is_over_an_hour_late_waits_for_a_yes(seen: Seen, town: Town) -> None:
    for handoff_id in town.kept:
        held_at = [row.recorded_at for row in seen.of("timeline", handoff_id) if row.event == "rungs_held"]
        for clock in seen.of("clocks", handoff_id):
            if clock.state == "held":
                assert max(held_at) - clock.due_at > timedelta(hours=1)


def rule_3_what_was_stopped_calls_nobody(seen: Seen, town: Town) -> None:
    """A rung's call that nobody had begun when the customer's wait ended is never made."""
    for handoff_id in town.kept:
        if seen.handoffs[handoff_id].state != "open":
            town.stopped.update(
                owed.delivery_id
                for owed in seen.of("deliveries", handoff_id)
                if owed.rung is not None and owed.state in ("owed", "cancelled") and not owed.attempts
            )
    made = town.house.helpdesk.effects + town.house.chat.effects
    assert town.stopped.isdisjoint(made)


def rule_4_only_a_persons_public_message_stops_the_clocks(seen: Seen, town: Town) -> None:
    for handoff_id, kept in town.kept.items():
        row = seen.handoffs[handoff_id]
        states = {clock.state for clock in seen.of("clocks", handoff_id)}
        times = [
            at for at, answers in town.said_on(town.ticket_of(handoff_id)) if answers and at >= kept.asked_at
        ]
        assert row.answered_at is None or row.answered_at in times
        if row.state == "open":
            assert row.answered_at is None
            assert states <= {"armed", "fired", "held"}
        else:
            assert states.isdisjoint({"armed", "held"})
            assert row.state not in ("answered", "resolved") or row.answered_at is not None
        assert (row.state == "withdrawn") == (kept.withdrawn_at is not None)


def rule_5_the_books_balance(seen: Seen, town: Town) -> None:
    with town.house.database.read() as connection:
        found = {id_: books(connection, id_, START - timedelta(days=1)) for id_ in (MAIN, OTHER)}
    for account_id, counted in found.items():
        assert counted.missing == 0
        assert counted.accepted == sum(kept.account == account_id for kept in town.kept.values())


def rule_5_the_numbers_have_no_gaps(seen: Seen, town: Town) -> None:
    """The timeline and what is owed are numbered from 1, and nothing is missing between."""
    for handoff_id in town.kept:
        numbers = [
            row.number for row in (*seen.of("timeline", handoff_id), *seen.of("deliveries", handoff_id))
        ]
        assert sorted(numbers) == list(range(1, seen.handoffs[handoff_id].counter + 1))


def rule_5_only_what_was_refused_is_given_up(seen: Seen, town: Town) -> None:
    refusals = ("cannot be taken", "no such ticket", "the key is wrong", "the address is gone")
    for row in seen.rows["deliveries"]:
        if row.state == "dead":
            too_old = row.settled_at - row.first_tried_at > GIVEN_UP_AFTER
            assert too_old or row.kind == "callback" or any(refusal in row.error for refusal in refusals)


def rule_6_no_account_touches_another(seen: Seen, town: Town) -> None:
    """A twin holds the same rows under the same ids, and nothing ever happens to them."""
    assert seen.twins == town.twins


def rule_7_the_bot_is_told_only_what_has_happened(seen: Seen, town: Town) -> None:
    news = town.house.bot.heard[town.heard :]
    town.heard += len(news)
    for one in news:
        kept = town.kept[one.handoff_id]
        if one.event == "ticketed":
            assert one.data["ticket"] in town.house.helpdesk.tickets
        elif one.event == "announced":
            assert any(posted[0].handoff_id == one.handoff_id for posted in town.house.chat.cards.values())
        elif one.event == "message":
            said = one.data["message"]
            written = {one.id: one.text for all_ in town.house.helpdesk.messages.values() for one in all_}
            assert written[said["id"]] == said["text"]
            if one.taken and kept.relayed_at is None and said["id"] in _answers_known(seen, one.handoff_id):
                kept.relayed_at = one.at
        elif one.event == "escalated":
            assert "reached" in one.data


def _answers_known(seen: Seen, handoff_id: str) -> set[str]:
    """Return the ids of the messages that were the answer when they were heard of."""
    return {row.message_id for row in seen.of("messages", handoff_id) if row.answer}


def rule_7_each_message_is_shown_once_and_only_what_a_person_wrote(seen: Seen, town: Town) -> None:
    """What is passed on has an id that is passed on once, and was written to the customer by a person."""
    by_people = {
        one.id
        for all_ in town.house.helpdesk.messages.values()
        for one in all_
        if one.public and one.author.kind is AuthorKind.PERSON
    }
    for handoff_id in town.kept:
        told = [
            row.data["message"]["id"] for row in seen.of("timeline", handoff_id) if row.event == "message"
        ]
        assert len(told) == len(set(told))
        assert by_people.issuperset(told)


def rule_8_customers_words_stay_where_they_belong(seen: Seen, town: Town) -> None:
    shown = (
        f"{[posted[-1] for posted in town.house.chat.cards.values()]} {town.house.chat.notices} {town.log}"
    )
    assert [canary for canary in CANARIES if canary in shown] == []


def rule_3_nobody_on_duty_makes_the_next_rung_due_at_once(seen: Seen, town: Town) -> None:
    for handoff_id in town.kept:
        clocks = {clock.rung: clock for clock in seen.of("clocks", handoff_id)}
        for row in seen.of("timeline", handoff_id):
            above = clocks.get(row.data["rung"] + 1) if row.event == "escalated" else None
            if above is not None and not row.data["reached"] and above.state == "armed":
                assert above.due_at <= row.recorded_at


def nothing_broke(seen: Seen, town: Town) -> None:
    assert [entry for entry in town.log if entry["event"] in BROKEN] == []


RULES: Final[tuple[Callable[[Seen, Town], None], ...]] = (
    rule_1_what_was_accepted_is_kept,
    rule_2_one_ticket_and_one_card,
    rule_3_a_rung_fires_once_and_never_early,
    rule_3_only_what_is_over_an_hour_late_waits_for_a_yes,
    rule_3_nobody_on_duty_makes_the_next_rung_due_at_once,
    rule_3_what_was_stopped_calls_nobody,
    rule_4_only_a_persons_public_message_stops_the_clocks,
    rule_5_the_books_balance,
    rule_5_the_numbers_have_no_gaps,
    rule_5_only_what_was_refused_is_given_up,
    rule_6_no_account_touches_another,
    rule_7_the_bot_is_told_only_what_has_happened,
    rule_7_each_message_is_shown_once_and_only_what_a_person_wrote,
    rule_8_customers_words_stay_where_they_belong,
    nothing_broke,
)


def everything_owed_was_paid(seen: Seen, town: Town) -> None:
    """Vendors are well again and time has passed: nothing is owed but the next poll, no clock is overdue."""
    owed = [
        (row.kind, row.error)
        for row in seen.rows["deliveries"]
        if row.state in OWED and row.account_id != "twin"
    ]
    assert [each for each in owed if each[0] != "read_changes"] == []
    assert [
        clock for clock in seen.rows["clocks"] if clock.state == "armed" and clock.account_id != "twin"
    ] == []


def told_in_a_digest(seen: Seen, handoff_id: str) -> bool:
    """Return whether the card came too late for a customer who waits no more, and shares a post with others."""
    spared = [row for row in seen.of("deliveries", handoff_id) if "digest" in (row.error or "")]
    return bool(spared) and seen.handoffs[handoff_id].state != "open"


def every_handoff_has_its_ticket_and_its_card(seen: Seen, town: Town) -> None:
    refused = {*town.house.helpdesk.trouble.refused, *town.house.chat.trouble.refused}
    cards = {posted[0].handoff_id for posted in town.house.chat.cards.values()}
    for handoff_id in town.kept:
        row = seen.handoffs[handoff_id]
        given_up = [owed for owed in seen.of("deliveries", handoff_id) if owed.state == "dead"]
        dead = {owed.kind for owed in given_up}
        given_up_in_doubt = {owed.kind for owed in given_up if owed.attempts > 1}
        assert (row.ticket is not None) == (town.ticket_of(handoff_id) is not None) or "open_ticket" in dead
        assert row.ticket is not None or handoff_id in refused
        assert row.card is not None or "post_card" in dead or told_in_a_digest(seen, handoff_id)
        assert (row.card is not None) == (handoff_id in cards) or "post_card" in given_up_in_doubt


def every_card_shows_what_became_of_its_handoff(seen: Seen, town: Town) -> None:
    for handoff_id in town.kept:
        row = seen.handoffs[handoff_id]
        dead = {owed.kind for owed in seen.of("deliveries", handoff_id) if owed.state == "dead"}
        if row.card is None or "update_card" in dead:
            continue
        shown = town.house.chat.cards[row.card["message"]][-1]
        assert (shown.closing is None) == (row.state in OPEN)
        assert shown.answered_by == row.answered_by


def every_rung_of_an_unanswered_handoff_fired(seen: Seen, town: Town) -> None:
    for handoff_id, kept in town.kept.items():
        if seen.handoffs[handoff_id].state == "open":
            fired = {row.data["rung"] for row in seen.of("timeline", handoff_id) if row.event == "escalated"}
            assert fired == set(kept.due) - {0}


def what_reached_nobody_was_said_in_the_fallback_channel(seen: Seen, town: Town) -> None:
    """A call that was refused for good, or that could tag nobody, is heard by the lead."""
    chat = town.house.chat
    for handoff_id in town.kept:
        owed = {row.delivery_id: row for row in seen.of("deliveries", handoff_id)}
        said = [row for row in owed.values() if row.kind == "channel_note" and row.lane == FALLBACK]
        for row in owed.values():
            if row.state == "dead" and row.kind in CALLS and row.lane != FALLBACK:
                assert any(other.rung == row.rung for other in said)
        if chat.tagged_nobody & {id_ for id_, row in owed.items() if row.state == "settled"}:
            assert any("could not be reached" in row.payload["text"] for row in said)


def what_could_not_be_made_was_told(seen: Seen, town: Town) -> None:
    for handoff_id in town.kept:
        dead = [row.kind for row in seen.of("deliveries", handoff_id) if row.state == "dead"]
        failed = [row.data["what"] for row in seen.of("timeline", handoff_id) if row.event == "failed"]
        assert ("open_ticket" in dead) == ("open_ticket" in failed)
        told = "post_card" in failed or told_in_a_digest(seen, handoff_id)
        assert seen.handoffs[handoff_id].card is not None or told


def every_word_of_the_customer_reached_the_ticket(seen: Seen, town: Town) -> None:
    """In the order in which they were written, on the ticket or in what was added to it."""
    helpdesk = town.house.helpdesk
    for handoff_id, kept in town.kept.items():
        ticket = town.ticket_of(handoff_id)
        states = {row.state for row in seen.of("deliveries", handoff_id) if row.connection == "helpdesk"}
        if ticket is None or "dead" in states:
            continue
        notes = [
            helpdesk.tickets[ticket].note,
            *(one.note for _, one in helpdesk.changed if one.handoff_id == handoff_id),
        ]
        read = [turn.text for note in notes if note for turn in note.transcript]
        assert [words for words in dict.fromkeys(read) if words in kept.words] == kept.words


def every_answer_was_heard(seen: Seen, town: Town) -> None:
    for handoff_id in town.kept:
        expected, found = town.answers_to(handoff_id), seen.handoffs[handoff_id].answered_at
        assert (expected is None) == (found is None)
        assert expected is None or expected <= found < expected + SAME_ANSWER


def every_message_of_a_person_was_passed_on(seen: Seen, town: Town) -> None:
    """Once for its customer: by the handoff that was asked for before it was written, by a later one once there is."""
    for handoff_id, kept in town.kept.items():
        row = seen.handoffs[handoff_id]
        anew = [each.data["asked_at"] for each in seen.of("timeline", handoff_id) if each.event == ANEW]
        ends = [datetime.fromisoformat(at) for at in anew]
        said = [
            one.id
            for one in town.messages_on(town.ticket_of(handoff_id))
            if one.public
            and one.author.kind is AuthorKind.PERSON
            and one.at >= kept.asked_at
            and all(one.at < end for end in ends)
            and (kept.withdrawn_at is None or one.at <= kept.withdrawn_at)
            and (row.closed_at is None or one.at < row.closed_at + LISTENS_ON)
        ]
        told = [
            each.data["message"]["id"] for each in seen.of("timeline", handoff_id) if each.event == "message"
        ]
        assert sorted(told) == sorted(said)


def rule_10_the_honest_number_is_the_models_own(seen: Seen, town: Town) -> None:
    now = town.house.clock()
    period = Period(starts_at=START - timedelta(days=1), ends_at=now + timedelta(days=1), zone=KOLKATA.key)
    for account_id in (MAIN, OTHER):
        with town.house.database.read() as connection:
            report = make_report(received_in(connection, account_id, period), period, now)
        counted = {name.value: set(ids) for name, ids in report.overall.calendar.outcomes.items() if ids}
        assert counted == _counted_by_the_model(town, account_id)


def _counted_by_the_model(town: Town, account_id: str) -> dict[str, set[str]]:
    counted: dict[str, set[str]] = {}
    for handoff_id, kept in town.kept.items():
        if kept.account == account_id and not kept.test:
            deleted = town.house.helpdesk.states.get(_place(town, handoff_id)) is TicketState.DELETED
            name = outcome(kept, town.answers_to(handoff_id), deleted=deleted)
            counted.setdefault(name, set()).add(handoff_id)
    return counted


def _place(town: Town, handoff_id: str) -> str:
    ticket = town.ticket_of(handoff_id)
    return town.house.helpdesk.place_of(ticket) if ticket else ""


AT_THE_END: Final[Iterable[Callable[[Seen, Town], None]]] = (
    everything_owed_was_paid,
    every_handoff_has_its_ticket_and_its_card,
    every_card_shows_what_became_of_its_handoff,
    every_rung_of_an_unanswered_handoff_fired,
    what_reached_nobody_was_said_in_the_fallback_channel,
    what_could_not_be_made_was_told,
    every_word_of_the_customer_reached_the_ticket,
    every_answer_was_heard,
    every_message_of_a_person_was_passed_on,
    rule_10_the_honest_number_is_the_models_own,
)
