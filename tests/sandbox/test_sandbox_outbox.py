"""The outbox delivers as vendors do: in order, again when refused, and wrongly when the script says so."""

from __future__ import annotations

import pytest

from sandbox.faults import Fault
from sandbox.outbox import Answer


def goes_wrong(script, action, **more):
    script.add(Fault(vendor="shop", call="WEBHOOK *", action=action, **more))


def test_a_delivery_arrives_with_its_headers_and_exact_bytes(outbox, receiver):
    outbox.send(receiver.delivery('{"a":   1}\n', headers={"X-Mark": "42"}))
    outbox.drain()
    headers, body = receiver.seen[0]
    assert (headers["x-mark"], body) == ("42", b'{"a":   1}\n')


def test_deliveries_of_a_vendor_arrive_in_order(outbox, receiver):
    for number in range(5):
        outbox.send(receiver.delivery(str(number)))
    outbox.drain()
    assert receiver.bodies() == ["0", "1", "2", "3", "4"]


def test_a_refused_delivery_is_tried_again_until_accepted(outbox, receiver):
    receiver.answers = [503, 500]
    outbox.send(receiver.delivery(delays=(1, 1, 1)))
    outbox.drain()
    assert [(a.number, a.status) for a in outbox.log()] == [(1, 503), (2, 500), (3, 200)]


def test_a_delivery_without_patience_is_given_up(outbox, receiver):
    receiver.answers = [500, 500]
    outbox.send(receiver.delivery(delays=(1,)))
    outbox.drain()
    assert [a.status for a in outbox.log()] == [500, 500]


def test_a_vendor_may_decide_by_the_answer(outbox, receiver):
    receiver.answers = [403]
    outbox.send(receiver.delivery(patience=lambda answer, number: None if answer.status == 403 else 1.0))
    outbox.drain()
    assert [a.status for a in outbox.log()] == [403]


def test_headers_may_tell_the_attempt_and_why_the_last_one_failed(outbox, receiver):
    def headers(number: int, last: Answer | None) -> dict[str, str]:
        return {"X-Try": str(number), "X-Why": str(last.status if last else None)}

    receiver.answers = [500]
    outbox.send(receiver.delivery(headers=headers, delays=(1,)))
    outbox.drain()
    assert [(h["x-try"], h["x-why"]) for h, _ in receiver.seen] == [("1", "None"), ("2", "500")]


def test_nobody_listening_is_a_lost_attempt_not_a_crash(outbox, receiver):
    answers: list[Answer] = []
    delivery = receiver.delivery(on_answer=answers.append)
    nobody = type(delivery)(
        url="http://127.0.0.1:1/", headers={}, body=b"", vendor="shop", label="x", on_answer=answers.append
    )
    outbox.send(nobody)
    outbox.drain()
    assert answers == [Answer(error="connection")]


def test_fault_duplicate_delivers_twice(outbox, receiver, script):
    goes_wrong(script, "duplicate")
    outbox.send(receiver.delivery())
    outbox.drain()
    assert receiver.bodies() == ["first", "first"]


def test_fault_drop_never_delivers(outbox, receiver, script):
    goes_wrong(script, "drop")
    outbox.send(receiver.delivery(delays=(1,)))
    outbox.drain()
    assert receiver.seen == []
    assert [(a.error, a.fault) for a in outbox.log()] == [("dropped", "drop")]


def test_fault_hold_turns_the_order_round(outbox, receiver, script):
    goes_wrong(script, "hold")
    outbox.send(receiver.delivery("first"))
    outbox.send(receiver.delivery("second"))
    outbox.drain()
    assert receiver.bodies() == ["second", "first"]


def test_fault_hold_lets_the_last_one_go_when_drained(outbox, receiver, script):
    goes_wrong(script, "hold")
    outbox.send(receiver.delivery("alone"))
    outbox.drain()
    assert receiver.bodies() == ["alone"]


def test_fault_delay_lets_later_ones_pass(outbox, receiver, script):
    goes_wrong(script, "delay", seconds=0.05)
    outbox.send(receiver.delivery("late"))
    outbox.send(receiver.delivery("soon"))
    outbox.drain()
    assert receiver.bodies() == ["soon", "late"]


def test_fault_reset_after_loses_the_answer_so_it_comes_again(outbox, receiver, script):
    goes_wrong(script, "reset_after")
    outbox.send(receiver.delivery(delays=(1,)))
    outbox.drain()
    assert receiver.bodies() == ["first", "first"]


def test_fault_reset_before_loses_the_attempt_but_not_the_delivery(outbox, receiver, script):
    goes_wrong(script, "reset_before")
    outbox.send(receiver.delivery(delays=(1,)))
    outbox.drain()
    assert receiver.bodies() == ["first"]


def test_drain_says_when_something_is_still_on_its_way(outbox, receiver, script):
    goes_wrong(script, "delay", seconds=30)
    outbox.send(receiver.delivery())
    with pytest.raises(TimeoutError, match="1 deliveries"):
        outbox.drain(timeout=0.01)


def test_a_closed_outbox_takes_nothing(outbox, receiver):
    outbox.close()
    with pytest.raises(RuntimeError, match="closed"):
        outbox.send(receiver.delivery())
