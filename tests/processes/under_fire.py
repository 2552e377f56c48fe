"""What goes wrong while a fleet works, and the proof that nothing was lost or doubled by it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import own_postgres
from fleet import START_SECONDS, Fleet, wait_for
from killed_shop import KilledShop, conversation
from postgres_server import PostgresServer
from small_disk import SmallDisk

from bridge.reports.accounting import Books
from bridge.store import StoreUnavailable, tables

#: makes trouble until it is told to stop; tells how often it struck
Trouble = Callable[[Fleet, random.Random, threading.Event], int]
SAMPLE_SECONDS = 0.2
MANY = 1 << 30
FELT_SECONDS = 30.0


def killing(every: tuple[float, float], most: int) -> Trouble:
    """Kill one process after another with `kill -9`, at most so often, and start it again.

    Three of four are given the time to come up, however slow the machine; the others may die on the way.
    """

    def make(fleet: Fleet, chance: random.Random, done: threading.Event) -> int:
        for number in range(most):
            if done.wait(chance.uniform(*every)):
                return number
            victim = chance.choice([*fleet.webs, *fleet.workers])
            victim.kill()
            victim.start()
            if chance.random() < 0.75:
                wait_for(victim.is_up, START_SECONDS)
        return most

    return make


def freezing(seconds: float) -> Trouble:
    """Freeze one worker after another for so long, in the middle of whatever it does."""

    def make(fleet: Fleet, chance: random.Random, done: threading.Event) -> int:
        frozen = 0
        while not done.wait(chance.uniform(0.2, 1.0)):
            victim = chance.choice(fleet.workers)
            victim.freeze()
            time.sleep(seconds)
            victim.thaw()
            frozen += 1
        return frozen

    return make


def restarting(server: PostgresServer, every: tuple[float, float]) -> Trouble:
    """Stop the server at once, as a crash does, and start it again a moment later.

    The first time it stays away until a bot was refused over it.
    """

    def make(fleet: Fleet, chance: random.Random, done: threading.Event) -> int:
        restarts = 0
        while not done.wait(chance.uniform(*every)):
            server.stop()
            felt(fleet)
            time.sleep(chance.uniform(0.0, 1.5))
            server.start()
            restarts += 1
        return restarts

    return make


def failing_over(primary: PostgresServer, standby: PostgresServer, after: tuple[float, float]) -> Trouble:
    """Kill the first server under load, and let its synchronous standby take over once a bot was refused."""

    def make(fleet: Fleet, chance: random.Random, _done: threading.Event) -> int:
        time.sleep(chance.uniform(*after))
        own_postgres.kill(primary)
        felt(fleet)
        time.sleep(chance.uniform(0.0, 1.0))
        standby.promote()
        return 1

    return make


def filling(disk: SmallDisk, server: PostgresServer, seconds: float) -> Trouble:
    """Fill the server's disk under load, until a bot was refused and for so long after.

    A server that gave up over it is started again.
    """

    def make(fleet: Fleet, chance: random.Random, _done: threading.Event) -> int:
        time.sleep(chance.uniform(0.0, 0.5))
        disk.fill()
        felt(fleet)
        time.sleep(seconds)
        disk.clear()
        if not server.answers():
            server.stop_if_running()
            server.start()
        return 1

    return make


def felt(fleet: Fleet) -> None:
    """Wait until a bot was refused, so that the trouble was one."""
    wait_for(lambda: fleet.refused, FELT_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Load:
    """`count` handoffs within `seconds`, each with so many turns of talk.

    Whatever follows from them is done after `patience` seconds more.
    """

    count: int
    seconds: float
    patience: float
    seed: int
    turns: int = 0


def prove(shop: KilledShop, fleet: Fleet, trouble: Trouble, load: Load) -> None:
    """Hand over amid the trouble. Raises AssertionError for anything lost or doubled."""
    count, patience = load.count, load.patience
    print(f"seed {load.seed}")
    bodies = [conversation(number, turns=load.turns) for number in range(count)]
    with fleet, books_watched(shop, fleet) as samples:
        with in_trouble(trouble, fleet, load.seed) as strikes:
            fleet.hand_over(shop.key, bodies, load.seconds)
            wait_for(lambda: if_there(shop.owed) <= count // 10, patience)
        assert sum(strikes) > 0
        wait_for(lambda: if_there(shop.owed) == 0 and if_there(shop.armed) == 0, patience)
    assert_nothing_lost_or_doubled(shop, fleet, count)
    assert_books_always_balanced(samples)


def assert_nothing_lost_or_doubled(shop: KilledShop, fleet: Fleet, count: int) -> None:
    once_each = Counter(dict.fromkeys(fleet.accepted.values(), 1))
    assert len(once_each) == count
    assert {row.handoff_id for row in shop.rows(tables.handoffs)} == set(once_each)
    assert shop.tickets() == once_each
    assert shop.cards() == once_each
    assert shop.lines() == once_each
    assert shop.fired() == once_each


def assert_books_always_balanced(samples: list[tuple[int, Books]]) -> None:
    assert samples
    assert [books for _, books in samples if not books.balance] == []
    assert [books for told, books in samples if books.accepted < told] == []
    _, last = samples[-1]
    assert (last.owed, last.dead) == (0, 0)


@contextmanager
def in_trouble(trouble: Trouble, fleet: Fleet, seed: int) -> Iterator[list[int]]:
    """Make trouble at the side, and give how often it struck; what breaks in the making is raised at the end."""
    done, broken = threading.Event(), []
    strikes: list[int] = []

    def make() -> None:
        try:
            strikes.append(trouble(fleet, random.Random(seed), done))
        except Exception as error:  # noqa: BLE001 - it is raised by whoever waits for the end
            broken.append(error)

    maker = threading.Thread(target=make)
    maker.start()
    try:
        yield strikes
    finally:
        done.set()
        maker.join()
    if broken:
        raise broken[0]


@contextmanager
def books_watched(shop: KilledShop, fleet: Fleet) -> Iterator[list[tuple[int, Books]]]:
    """Give the books as they stood all the while, each with how many 202s had been seen before the look."""
    samples: list[tuple[int, Books]] = []
    done = threading.Event()

    def look() -> None:
        told = len(fleet.accepted)
        with suppress(StoreUnavailable):
            samples.append((told, shop.books()))

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        done.set()
        watcher.join()
    look()


def if_there(count: Callable[[], int]) -> int:
    """Return what is counted; very many while the store is away."""
    try:
        return count()
    except StoreUnavailable:
        return MANY
