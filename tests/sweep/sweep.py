"""The sweep: play the story undisturbed, then again for the places at which the bridge may die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet
from sweep_boundaries import OUTLIVES
from sweep_ending import Ending, differences, ending_of
from sweep_process import BridgeProcess
from sweep_stores import KeptStore
from sweep_story import BEGIN, STORY, Stage
from sweep_town import Remembered, Town, open_town

from bridge.accounts import MAIN, NewKey
from bridge.app import build_bridge, prepare
from bridge.settings import read_settings

#: more than one act can have
LIVES_OF_AN_ACT = 100
DESK = Path(__file__).with_name("desk.yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the bridge may die: the place of this `number`, from 1, in an act of the story.

    All places of one `state` leave the same behind: between them nothing happened that outlives the process.
    """

    act: int
    number: int
    label: str
    state: int

    def __str__(self) -> str:
        return f"{STORY[self.act].__name__} {self.number}, {self.label}"


@dataclass
class Rehearsal:
    """The undisturbed run: its places, and how it ends."""

    places: list[Place] = field(default_factory=list)
    ending: Ending = field(default_factory=dict)
    #: the town and the handoff's id as they were before each act
    before: list[tuple[Remembered, str]] = field(default_factory=list)

    def passed(self, act: int, labels: list[str]) -> None:
        """Take note of the places of an act, in order."""
        state = self.places[-1].state + 1 if self.places else 0
        for number, label in enumerate(labels, start=1):
            state += label.startswith(OUTLIVES)
            self.places.append(Place(act=act, number=number, label=label, state=state))

    def states(self) -> list[list[Place]]:
        """Return the places, those of one state together."""
        by_state: dict[int, list[Place]] = {}
        for place in self.places:
            by_state.setdefault(place.state, []).append(place)
        return list(by_state.values())


class Left(Exception):
    """The bridge has died where it was to die, and is not started again."""


class Sweep:
    """One town and one store, in which the story is played again and again."""

    def __init__(self, town: Town, store: KeptStore, process: BridgeProcess, key: str) -> None:
        self._town = town
        self._store = store
        self._process = process
        self._stage = Stage(town, process, self._start, key)
        self._seed = 0
        store.keep("ready")
        self._ready = town.remember()
        self._warm_up()

    def rehearse(self) -> Rehearsal:
        """Play the story with one life for each act, and keep everything as it is before each."""
        rehearsal = Rehearsal()
        self._put_back("ready", self._ready)
        for number, act in enumerate(STORY):
            self._store.keep(f"act-{number}")
            rehearsal.before.append((self._town.remember(), self._stage.handoff_id))
            self._begin(number, None)
            act(self._stage)
            rehearsal.passed(number, self._process.ask("trace")["passed"])
            rehearsal.ending = self._look()
            self._process.stop()
        return rehearsal

    def play(self, rehearsal: Rehearsal, place: Place) -> list[str]:
        """Let the bridge die at one place and play on to the end; return how that end differs."""
        try:
            self._play_act(rehearsal, place)
            for act in STORY[place.act + 1 :]:
                act(self._stage)
            return differences(self._look(), rehearsal.ending)
        except Exception as error:  # noqa: BLE001 - whatever it is, a death has made it
            return [f"the story could not go on: {error!r}"]
        finally:
            self._process.kill()

    def leave(self, rehearsal: Rehearsal, place: Place) -> str:
        """Let the bridge die at one place; return all that it left, in the store and in the town."""

        def stay_dead() -> None:
            raise Left

        self._stage.on_death = stay_dead
        try:
            self._play_act(rehearsal, place)
        except Left:
            self._assert_died_at(place)
            return f"{self._store.told()}\n{self._town.told()}"
        finally:
            self._stage.on_death = None
            self._process.kill()
        raise AssertionError(f"{place}: it died of nothing")

    def _play_act(self, rehearsal: Rehearsal, place: Place) -> None:
        remembered, self._stage.handoff_id = rehearsal.before[place.act]
        self._put_back(f"act-{place.act}", remembered)
        self._begin(place.act, place.number)
        STORY[place.act](self._stage)
        self._assert_died_at(place)

    def _assert_died_at(self, place: Place) -> None:
        died_at = self._process.died_at
        assert died_at == place.label, f"{place}: it died at {died_at}"

    def _warm_up(self) -> None:
        """Play the whole story in the life of the process from which all others are forked."""
        for act in STORY:
            act(self._stage)
        self._process.stop()

    def _put_back(self, kept: str, remembered: Remembered) -> None:
        self._store.restore(kept)
        self._town.restore(remembered)

    def _begin(self, act: int, dies_at: int | None) -> None:
        """Start a life for an act, and count from where it begins: with the first act, from its start."""
        self._process.died_at = None
        self._seed = act * LIVES_OF_AN_ACT
        self._start()
        if act > 0:
            self._process.ask("open")
        self._process.ask("arm", dies_at=dies_at)

    def _start(self) -> None:
        self._store.wait_until_left()
        self._process.start(self._seed)
        self._seed += 1  # each life draws its own names, the same in every run

    def _look(self) -> Ending:
        return ending_of(self._town, self._process.ask("look"), self._stage.handoff_id)


@contextmanager
def open_sweep(folder: Path, store: KeptStore, helpdesk: str, *, defect: str = "") -> Iterator[Sweep]:
    """Open a sweep on a migrated, empty store; a `defect` of `sweep_defects` is built into the bridge."""
    with open_town(folder, helpdesk) as town:
        environment = {
            **town.environment(),
            "HANDOFF_DATABASE_URL": store.url,
            "HANDOFF_DESK": str(DESK),
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
        }
        town.clock.set(BEGIN)
        key = _made_ready(environment, town.clock)
        given = {"environment": environment, "clock": str(town.clock.path), "defect": defect}
        with BridgeProcess(given, folder / "bridge.log") as process:
            town.connect(process.url, key.bearer, key.signing_secret)
            yield Sweep(town, store, process, key.bearer)


def _made_ready(environment: dict[str, str], clock: Callable[[], datetime]) -> NewKey:
    """Give the empty store its account, its desk and a key for the bot; return the key."""
    bridge = build_bridge(read_settings(environment), clock)
    try:
        prepare(bridge)
        return bridge.database.transact(lambda tx: bridge.accounts.create_key(tx, MAIN, "bot", clock()))
    finally:
        bridge.close()
