"""The chat while much happens at once: presses are acknowledged in time, and no channel is flooded."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests
from running_shop import CHANNEL
from vendor_shop import POST, a_shop, a_still_shop

from sandbox.slack.sending import press_delivery
from sandbox.slack.standin import SIGNING_SECRET

#: Slack waits three seconds for an answer, and then tells the presser that it did not work
SLACK_WAITS_SECONDS = 3.0
PRESSERS = 8


@contextmanager
def a_flood(shop):
    """Let bots hand over as fast as they can, from four threads."""
    over = threading.Event()

    def flood():
        while not over.is_set():
            shop.hand_over(conversation_id=f"flood-{threading.get_ident()}-{time.monotonic_ns()}")

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def press(shop, handoff, number):
    """Press Claim as Slack tells it; return how long the answer took and its status."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U07RAVI", "name": "ravi", "team_id": "T0SHOP"},
        "team": {"id": "T0SHOP"},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "message_ts": f"{number}.1", "channel_id": CHANNEL},
        "actions": [
            {
                "action_id": "claim",
                "block_id": "b",
                "type": "button",
                "value": handoff,
                "action_ts": f"{number}.2",
            }
        ],
    }
    sent = press_delivery(f"{shop.url}/slack/events", payload, SIGNING_SECRET, shop.bridge.clock)
    began = time.monotonic()
    answer = requests.post(sent.url, data=sent.body, headers=sent.headers_for(1, None), timeout=30)
    return time.monotonic() - began, answer.status_code


def test_presses_are_acknowledged_in_time_while_bots_flood_the_store_and_the_chat_hangs(
    database_url, tmp_path
):
    with a_shop(database_url, tmp_path) as shop:
        handoffs = [shop.hand_over(conversation_id=f"wa-{number}") for number in range(40)]
        shop.goes_wrong("slack", "*", "delay", seconds=5, times=100_000)
        with a_flood(shop), ThreadPoolExecutor(PRESSERS) as pool:
            answers = list(pool.map(lambda one: press(shop, one[1], one[0]), enumerate(handoffs, 1)))
        shop.sandbox.script.clear()
        assert {status for _, status in answers} == {200}
        assert max(took for took, _ in answers) < SLACK_WAITS_SECONDS
        assert {shop.handoff(handoff).claimed_by for handoff in handoffs} == {"ravi"}


def test_fault_17_after_the_first_refusal_a_channel_gets_one_post_a_second_and_loses_none(
    sqlite_url, tmp_path
):
    """Thirty cards fall into a channel that takes one a second: after the first refusals none is refused again."""
    with a_still_shop(sqlite_url, tmp_path) as shop:
        shop.sandbox.slack._access.posts_per_second = 1
        handoffs = [shop.hand_over() for _ in range(30)]
        shop.pass_time(seconds=45)
        answers = shop.answers("slack", POST)
        assert answers[answers.index(429) :].count(200) == 29
        last_refusal = len(answers) - answers[::-1].index(429)
        assert answers[last_refusal:] == [200] * 29
        assert [len(shop.cards(handoff)) for handoff in handoffs] == [1] * 30


def test_fault_17_every_handoff_of_a_storm_can_be_claimed_and_its_rung_still_tags_the_backup(
    sqlite_url, tmp_path
):
    """Many handoffs fall into a channel that takes one post a second: each can be claimed, each rung tags somebody."""
    with a_still_shop(sqlite_url, tmp_path) as shop:
        shop.sandbox.slack._access.posts_per_second = 1
        first, *others = [shop.hand_over() for _ in range(12)]
        shop.pass_time(seconds=30)
        shop.press(first, "U07RAVI")
        shop.sandbox.outbox.drain(10)
        assert shop.handoff(first).claimed_by == "ravi"
        shop.pass_time(minutes=16)
        for handoff in others:
            assert any("<@U07RAVI>" in line for line in shop.thread(handoff))
