"""Processes, servers and disks fail at random under load: one ticket, one card, each rung once, no handoff lost.

The suite runs a sample of each; the full proofs are `make kill`. Each prints its seed, and
HANDOFF_KILL_SEED takes it up again.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import dying
import own_postgres
import pytest
from fleet import Fleet
from killed_shop import killed_shop
from small_disk import CannotMount, small_disk
from under_fire import Load, failing_over, filling, freezing, killing, prove, restarting

FULL = "HANDOFF_KILL_HANDOFFS" in os.environ
HANDOFFS = int(os.environ.get("HANDOFF_KILL_HANDOFFS", "24"))
WORKERS = 3 if FULL else 2
#: the product's own lease in the full proofs; in a sample, one that is over within it
LEASE_SECONDS = 30.0 if FULL else 4.0
RUNG_SECONDS = 20.0 if FULL else 6.0
KILL_EVERY = (0.5, 2.0)
RESTART_EVERY = (2.0, 6.0) if FULL else (1.0, 3.0)
#: so that a slow machine gets a process started at all
MOST_KILLS = 1000 if FULL else 5
LOAD = Load(
    count=HANDOFFS,
    seconds=60.0 if FULL else 5.0,
    patience=300.0 if FULL else 120.0,
    seed=int(os.environ.get("HANDOFF_KILL_SEED", random.randrange(1 << 32))),
)
SERVER_BYTES = 400 << 20


def prove_on(url, folder, trouble, *, webs=2 if FULL else 1, workers=WORKERS, load=LOAD, clocks_apart=False):
    program = (str(Path(dying.__file__)), "never", str(LEASE_SECONDS))
    with killed_shop(url, folder, rung_seconds=RUNG_SECONDS) as shop:
        fleet = Fleet(
            shop.environment,
            folder,
            webs=webs,
            workers=workers,
            program=program,
            clocks_apart=clocks_apart,
        )
        prove(shop, fleet, trouble, load)
        return fleet


def test_nothing_is_lost_or_doubled_when_processes_on_sqlite_are_killed(sqlite_url, tmp_path):
    prove_on(sqlite_url, tmp_path, killing(KILL_EVERY, MOST_KILLS), webs=1, workers=1)


def test_nothing_is_lost_or_doubled_when_processes_on_postgresql_are_killed(postgres_url, tmp_path):
    prove_on(postgres_url, tmp_path, killing(KILL_EVERY, MOST_KILLS), workers=WORKERS - 1, clocks_apart=True)


def test_a_worker_frozen_for_longer_than_its_lease_settles_and_sends_nothing_of_anothers(
    postgres_url, tmp_path
):
    prove_on(postgres_url, tmp_path, freezing(LEASE_SECONDS * 1.2))


@pytest.mark.postgres
def test_nothing_is_lost_or_doubled_when_postgresql_restarts_under_load(tmp_path):
    with own_postgres.own_postgres() as server:
        assert prove_on(server.url, tmp_path, restarting(server, RESTART_EVERY)).refused


@pytest.mark.postgres
def test_nothing_that_got_its_202_is_lost_when_a_synchronous_standby_takes_over(tmp_path):
    with own_postgres.own_postgres() as primary, own_postgres.with_standby(primary) as standby:
        trouble = failing_over(primary, standby, (0.5, 2.0))
        assert prove_on(own_postgres.url_of(primary, standby), tmp_path, trouble).refused


@pytest.mark.postgres
def test_nothing_is_lost_or_doubled_when_postgresql_runs_out_of_disk(tmp_path):
    try:
        with (
            own_postgres.a_room() as room,
            small_disk(room / "disk", SERVER_BYTES) as disk,
            own_postgres.own_postgres(disk.folder) as server,
        ):
            prove_on(server.url, tmp_path, filling(disk, server, 3.0), load=replace(LOAD, turns=30))
    except CannotMount as error:
        pytest.skip(f"{error}; tests/faults/test_faults_storage.py tells of a full disk without one")
