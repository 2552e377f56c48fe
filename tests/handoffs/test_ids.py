"""Names of new rows: none is ever given twice, and they sort by their moment."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from bridge.handoffs.ids import DRAWN_BYTES, RANDOM_BYTES, made_at, new_id

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
IDS_IN_ONE_DRAW = DRAWN_BYTES // RANDOM_BYTES
#: a child of a process that has drawn for many ids, and its parent, name one row each
FORKING = """
import os
from datetime import UTC, datetime
from bridge.handoffs.ids import new_id
now = datetime(2026, 11, 2, 12, tzinfo=UTC)
new_id("ho", now)
if child := os.fork():
    os.waitpid(child, 0)
print(new_id("ho", now))
"""


def test_many_threads_never_get_the_same_id():
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id("dl", NOON), range(20 * IDS_IN_ONE_DRAW)))
    assert len(set(made)) == len(made)


def test_a_forked_process_never_gives_an_id_of_its_parent():
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    ids = done.stdout.split()
    assert len(ids) == len(set(ids)) == 2


def test_ids_sort_by_their_moment_and_tell_it():
    ids = [new_id("ho", NOON + timedelta(milliseconds=number)) for number in range(20)]
    assert ids == sorted(ids)
    assert made_at(ids[3]) == NOON + timedelta(milliseconds=3)
