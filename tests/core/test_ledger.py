"""The ledger: leases, order, budgets, the breaker, dead letters."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bridge.delivery import ledger
from bridge.delivery.budgets import BREAKER_OPENS, PROBE_EVERY
from bridge.delivery.job import DeliveryState, Paid
from bridge.handoffs import lifecycle
from bridge.store import tables
from connectors.base import Limit, RateReading
from connectors.errors import EVERYTHING, AccessDenied, Busy, OutcomeUnknown, Rejected

MINUTE = timedelta(minutes=1)


def states(house, kind):
    return [row.state for row in house.all(tables.deliveries) if row.kind == kind]


def opened(house):
    return [about for call, about in house.helpdesk.calls if call == "open_ticket"]


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_runs_out(house):
    house.hand_over()
    assert len(house.claim()) == 1
    assert house.claim() == []
    house.later(seconds=31)
    (again,) = [job for job in house.claim() if job.kind == "open_ticket"]
    assert (again.attempt, again.look_first) == (2, True)


def test_a_worker_that_comes_back_late_settles_nothing(house):
    house.hand_over()
    (late,) = house.claim()
    house.later(seconds=31)
    house.claim()
    settled = house.database.transact(lambda tx: ledger.settle(tx, late, house.now))
    assert settled is False
    assert states(house, "open_ticket") == [DeliveryState.UNKNOWN]


def test_a_lost_answer_is_unknown_and_the_next_attempt_looks_first(house):
    house.helpdesk.fail_after(OutcomeUnknown("helpdesk", "reset"))
    house.hand_over()
    house.pay()
    assert states(house, "open_ticket") == [DeliveryState.UNKNOWN]
    house.later(seconds=2)
    (job,) = [job for job in house.claim() if job.kind == "open_ticket"]
    assert job.look_first


def test_a_refusal_before_any_work_is_owed_and_needs_no_look(house):
    house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.hand_over()
    house.pay()
    house.later(seconds=2)
    (job,) = [job for job in house.claim() if job.kind == "open_ticket"]
    assert (states(house, "open_ticket"), job.look_first) == ([DeliveryState.OWED], False)


def test_deliveries_of_one_handoff_to_one_connection_keep_their_order(house):
    receipt = house.hand_over()
    house.change(receipt.handoff_id, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    assert [job.kind for job in house.claim()] == ["open_ticket"]


def test_a_dead_letter_lets_those_behind_it_move_on(house):
    house.helpdesk.fail_before(Rejected("helpdesk", "no"))
    receipt = house.hand_over()
    house.change(receipt.handoff_id, lambda change: lifecycle.change_ticket(change, priority="urgent"))
    house.pay()
    assert states(house, "open_ticket") == [DeliveryState.DEAD]
    assert states(house, "update_ticket") == [DeliveryState.CANCELLED]


def test_the_longest_waiting_customer_goes_first(house):
    short = house.hand_over(conversation_id="short", started_at=house.now - timedelta(minutes=1))
    long = house.hand_over(conversation_id="long", started_at=house.now - timedelta(minutes=9))
    middle = house.hand_over(conversation_id="middle", started_at=house.now - timedelta(minutes=5))
    order = [job.handoff_id for job in house.claim() if job.kind == "open_ticket"]
    assert order == [long.handoff_id, middle.handoff_id, short.handoff_id]


def test_a_budget_is_spent_and_the_rest_waits_until_that_is_out_of_the_window(house):
    house.helpdesk.limits = {EVERYTHING: Limit(calls=3, per=MINUTE)}
    for number in range(5):
        house.hand_over(conversation_id=str(number))
    house.pay()
    assert len(house.helpdesk.tickets) == 3
    house.later(seconds=60)
    house.pay()
    assert len(house.helpdesk.tickets) == 3
    house.later(seconds=1)
    house.pay()
    assert len(house.helpdesk.tickets) == 5


def test_the_ledger_tells_when_a_used_up_budget_is_free_again(house):
    house.helpdesk.limits = {EVERYTHING: Limit(calls=1, per=MINUTE)}
    house.hand_over(conversation_id="1")
    house.hand_over(conversation_id="2")
    house.later(seconds=6)
    house.pay()

    with house.database.read() as connection:
        moment = ledger.next_moment(connection, house.now)

    assert timedelta(seconds=60) < moment - house.now <= timedelta(seconds=61)
    house.now = moment
    assert [job.kind for job in house.claim()] == ["open_ticket"]


def test_who_stands_behind_a_used_up_budget_gets_their_turn_at_once(house):
    house.helpdesk.limits = {EVERYTHING: Limit(calls=1, per=MINUTE)}
    for number in range(20):
        house.hand_over(conversation_id=str(number), started_at=house.now - timedelta(minutes=20 - number))
    house.hand_over(conversation_id="behind", callback_url="https://bot.example/callback")

    kinds = Counter(job.kind for job in house.claim(most=3))

    assert kinds == {"open_ticket": 1, "callback": 1}


def test_one_account_never_takes_all_places_of_a_worker(house):
    for number in range(6):
        house.hand_over(conversation_id=str(number))
    house.later(seconds=5)
    room = ledger.Room(threads=8, busy={("main", "bot"): 4})

    jobs = house.database.transact(lambda tx: ledger.claim(tx, house.now, room, house.budgets))

    assert Counter(job.connection for job in jobs) == {"helpdesk": 2, "chat": 1}
    assert room.less(jobs).most == 1


def test_a_vendors_own_count_of_its_limit_is_believed(house):
    house.helpdesk.limits = {EVERYTHING: Limit(calls=700, per=MINUTE)}
    house.helpdesk.readings.note(RateReading(limit=EVERYTHING, total=400, remaining=0, resets_in=MINUTE))
    house.hand_over(conversation_id="1")
    house.pay()
    house.hand_over(conversation_id="2")
    house.pay()
    assert len(house.helpdesk.tickets) == 1


def test_a_429_delays_the_connection_and_loses_nothing(house):
    house.helpdesk.fail_before(Busy("helpdesk", "429", retry_after=timedelta(seconds=40), limit=EVERYTHING))
    for number in range(3):
        house.hand_over(conversation_id=str(number))
    jobs = house.claim(most=1)
    house.payer.pay(jobs[0])
    house.later(seconds=39)
    assert [job for job in house.claim() if job.connection == "helpdesk"] == []
    house.later(seconds=2)
    house.pay()
    assert len(house.helpdesk.tickets) == 3


def test_bursts_are_tried_until_the_vendor_says_no(house):
    house.chat.limits = {"post": Limit(calls=1, per=MINUTE, until_refused=10)}
    for number in range(4):
        house.hand_over(conversation_id=str(number))
    house.later(seconds=6)
    house.chat.fail_before(Busy("chat", "429", retry_after=timedelta(seconds=30), limit="C0EVENING"))
    house.pay()
    house.later(seconds=31)
    house.pay()
    posted = len(house.chat.cards)
    house.later(seconds=60)
    house.pay()
    assert len(house.chat.cards) - posted == 1


def test_the_breaker_opens_on_failures_in_a_row_and_closes_on_success(house):
    for number in range(BREAKER_OPENS + 3):
        house.hand_over(conversation_id=str(number))
        house.helpdesk.fail_before(OutcomeUnknown("helpdesk", "503"))
    house.pay()
    assert len(opened(house)) <= BREAKER_OPENS + 3
    before = len(opened(house))
    house.later(seconds=5)
    assert [job for job in house.claim() if job.connection == "helpdesk"] == []
    house.later(seconds=PROBE_EVERY.total_seconds())
    assert len([job for job in house.claim() if job.connection == "helpdesk"]) == 1
    assert len(opened(house)) == before


def test_a_card_goes_out_while_the_helpdesk_is_down(house):
    for _ in range(40):
        house.helpdesk.fail_before(OutcomeUnknown("helpdesk", "503"))
    house.hand_over()
    house.pay()
    house.later(seconds=5)
    house.pay()
    assert house.chat.cards["1"][0].ticket is None


def test_a_missing_right_is_asked_for_again_and_never_given_up(house):
    house.helpdesk.fail_before(AccessDenied("helpdesk", "401"))
    house.hand_over()
    house.pay()
    house.later(minutes=5)
    house.pay()
    assert len(house.helpdesk.tickets) == 1


def test_fault_60_a_poison_delivery_is_buried_after_five_attempts(house, monkeypatch):
    """A delivery fails each time in a way nobody foresaw: a dead letter after five tries, and others go on."""

    def breaks(_job, _bench) -> Paid:
        raise ZeroDivisionError("never shown: a customer's words")

    monkeypatch.setitem(
        __import__("bridge.delivery.duties", fromlist=["DUTIES"]).DUTIES, "open_ticket", breaks
    )
    receipt = house.hand_over()
    for _ in range(8):
        house.pay()
        house.later(minutes=1)
    (dead,) = [row for row in house.all(tables.deliveries) if row.kind == "open_ticket"]
    assert (dead.state, dead.attempts, dead.error) == (DeliveryState.DEAD, 5, "ZeroDivisionError")
    assert "failed" in house.events(receipt.handoff_id)


def test_every_attempt_is_written_down_with_its_outcome(house):
    house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.hand_over()
    house.pay()
    house.later(seconds=2)
    house.pay()
    ticket = next(row for row in house.all(tables.deliveries) if row.kind == "open_ticket")
    tries = [row for row in house.all(tables.attempts) if row.delivery_id == ticket.delivery_id]
    assert [(row.attempt, row.outcome) for row in tries] == [(1, "busy"), (2, "settled")]


def test_what_was_claimed_and_not_begun_is_given_back_untouched(house):
    house.hand_over()
    jobs = house.claim()
    house.database.transact(lambda tx: ledger.release(tx, jobs))
    (again,) = house.claim()
    assert (again.attempt, again.look_first) == (1, False)


def test_the_ledger_tells_when_the_next_delivery_may_be_sent(house):
    house.hand_over()
    house.pay()
    house.hand_over(conversation_id="2")
    house.claim()
    with house.database.read() as connection:
        assert ledger.next_moment(connection, house.now) == house.now + timedelta(seconds=5)


@pytest.mark.parametrize("status", [410])
def test_a_callback_address_that_is_gone_is_given_up(house, status):
    house.sender.answers = [status]
    house.hand_over(callback_url="https://bot.example/callback")
    house.pay()
    assert DeliveryState.DEAD in states(house, "callback")


def test_a_callback_that_fails_is_sent_again_by_standard_webhooks_schedule(house):
    house.sender.answers = [500]
    house.hand_over(callback_url="https://bot.example/callback")
    house.pay()
    house.later(seconds=5)
    house.pay()
    first = house.sender.posts[0][2]
    assert [body for _, _, body in house.sender.posts].count(first) == 2
    assert set(states(house, "callback")) == {DeliveryState.SETTLED}


def test_a_callback_that_fails_does_not_hold_up_the_answer_behind_it(house):
    house.sender.answers = [500]
    receipt = house.hand_over(callback_url="https://bot.example/callback")
    answer = {"by": "Asha", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(receipt.handoff_id, lambda change: lifecycle.answered(change, **answer))
    house.pay()
    assert any(b"handoff.answered" in body for _, _, body in house.sender.posts[1:])


def test_one_connection_never_takes_all_places_of_a_worker(house):
    for number in range(6):
        house.hand_over(conversation_id=str(number))
    house.later(seconds=5)
    room = ledger.Room(threads=8)
    jobs = house.database.transact(lambda tx: ledger.claim(tx, house.now, room, house.budgets))
    assert Counter(job.connection for job in jobs) == {"helpdesk": 4, "chat": 2}


def test_however_many_connections_hang_a_place_is_left_for_the_next():
    busy = Counter()
    for number in range(6):
        place = ("main", f"vendor-{number}")
        wanted = [SimpleNamespace(account_id=place[0], connection=place[1]) for _ in range(64)]
        taken = ledger.Room(threads=64, busy=dict(busy)).fitting(wanted)
        busy[place] += len(taken)
        assert taken
    assert busy["main", "vendor-0"] == 32
    assert busy.total() < 64


def test_a_worker_leaves_alone_what_it_has_no_connector_for(house):
    house.hand_over()
    room = ledger.Room(threads=12, connections=("chat",))
    assert house.database.transact(lambda tx: ledger.claim(tx, house.now, room, house.budgets)) == []


def test_a_429_blocks_its_budget_no_longer_than_the_vendor_asked(house):
    for _ in range(6):
        house.helpdesk.fail_before(Busy("helpdesk", "no connection"))
    house.hand_over(conversation_id="old")
    for _ in range(6):
        house.pay()
        house.later(minutes=3)
    house.helpdesk.fail_before(Busy("helpdesk", "429", retry_after=timedelta(seconds=2), limit=EVERYTHING))
    house.pay()
    house.later(seconds=3)
    house.hand_over(conversation_id="new")
    house.pay()
    assert [draft.handoff_id for draft in house.helpdesk.tickets.values()] != []


def test_fault_60_an_effect_that_cannot_be_written_is_a_poison_message_and_not_a_loop(house, monkeypatch):
    """What a vendor answered cannot be written down, each time: a dead letter, not a loop."""

    def breaks(_change, _ref, _problems=()):
        raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates")

    monkeypatch.setattr(lifecycle, "ticketed", breaks)
    house.hand_over()
    for _ in range(8):
        house.pay()
        house.later(minutes=1)
    assert states(house, "open_ticket") == [DeliveryState.DEAD]
