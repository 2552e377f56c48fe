"""A bridge on a store that gets into trouble, and how it tells of it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

import requests
from bridges import system_clock
from fleet import wait_for
from killed_shop import killed_shop
from sqlalchemy import insert, select, text

from bridge.app import build_web, build_worker
from bridge.store import tables
from sandbox.server import serve

ACCOUNTS = tables.accounts
PATIENCE_SECONDS = 60.0


@contextmanager
def running(url, folder, *, work=True):
    """Give a shop whose web and worker run in this process, and where it listens."""
    with killed_shop(url, folder) as shop, serve(build_web(shop.bridge)) as web:
        worker = build_worker(shop.bridge)
        if work:
            worker.start()
        try:
            yield shop, web.port
        finally:
            if work:
                worker.stop()


def ready(port):
    return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=20)


def assert_not_ready(port, why):
    answer = ready(port)
    assert answer.status_code == 503
    assert why in answer.json()["reason"]


def assert_refused(answer):
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def assert_accepted_in_the_end(shop, port, number):
    wait_for(lambda: shop.post(port, number).status_code == 202, PATIENCE_SECONDS)


def assert_each_has_one_ticket(shop):
    wait_for(lambda: shop.owed() == 0, PATIENCE_SECONDS)
    accepted = [row.handoff_id for row in shop.rows(tables.handoffs)]
    assert shop.tickets() == Counter(accepted)
    assert shop.books().balance


def add(tx, account_id, size=1):
    row = {"account_id": account_id, "name": "x" * size, "created_at": system_clock()}
    tx.execute(insert(ACCOUNTS).values(**row))
    return account_id


def kept(database):
    with database.read() as connection:
        return set(connection.execute(select(ACCOUNTS.c.account_id)).scalars())


def refuse_handoffs(database, code):
    """Let the server itself refuse every new handoff with this SQLSTATE."""
    raising = f"BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '{code}'; END"
    trigger = "CREATE TRIGGER refuse BEFORE INSERT ON handoffs EXECUTE FUNCTION refuse()"
    database.transact(
        lambda tx: [
            tx.execute(text(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$")),
            tx.execute(text(trigger)),
        ]
    )


def metrics(port):
    return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
