"""Rows 63 and 64 at the bots' door: what is not signed, not now, or not for this call."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from bot_at_the_door import asking
from bridges import all_of
from sqlalchemy import select

from bridge.intake.replays import SOURCE, forget_signatures
from bridge.store import tables

BODY = json.dumps(asking()).encode()
HELLO = json.dumps({"messages": ["Hello?"]}).encode()


def refused(answer):
    """Return whether the answer is a 401 that tells no more than every other 401."""
    return answer.status_code == 401 and set(answer.json()) == {"type", "title", "status", "code", "detail"}


@pytest.mark.parametrize("away", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_fault_63_a_signature_of_another_time_is_refused(door, away):
    """A signature is more than five minutes old, or from the future: 401, with nothing said."""
    headers = door.signed(BODY, at=door.clock() + away)
    assert refused(door.as_it_is("POST", "", BODY, headers))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature", "Handoff-Key"])
def test_fault_63_a_header_that_is_missing_is_refused(door, missing):
    """A header of the signature is missing: 401, the same as for a wrong one."""
    headers = {name: value for name, value in door.signed(BODY).items() if name != missing}
    assert refused(door.as_it_is("POST", "", BODY, headers))


def test_fault_63_a_body_that_was_changed_is_refused(door, town):
    """A signed body was changed on the way: 401, and no handoff."""
    assert refused(door.as_it_is("POST", "", BODY.replace(b"wa-1", b"wa-2"), door.signed(BODY)))
    assert all_of(town.bridge, tables.handoffs) == []


def test_fault_63_a_signature_used_for_another_call_is_refused(door, town):
    """Somebody who read a signed request uses its signature for a call of their own: 401, nothing changes."""
    first, second = (door.post(asking(conversation_id=f"wa-{number}")).json()["id"] for number in range(2))
    headers = door.signed(HELLO)
    assert door.as_it_is("POST", f"/{first}/messages", HELLO, headers).status_code == 202
    assert refused(door.as_it_is("POST", f"/{second}/messages", HELLO, headers))
    another = {**headers, "Idempotency-Key": "another"}  # not signed, so anybody may write it
    assert refused(door.as_it_is("POST", f"/{first}/messages", HELLO, another))
    assert [door.look(one)["turns"] for one in (first, second)] == [1, 0]


def test_fault_63_a_signed_look_is_good_for_one_look(door):
    """A signed request that only reads is sent again by somebody else: 401, and nothing is shown."""
    handoff_id = door.post(asking()).json()["id"]
    headers = door.signed(b"")
    assert door.as_it_is("GET", f"/{handoff_id}", b"", headers).json()["id"] == handoff_id
    assert refused(door.as_it_is("GET", f"/{handoff_id}", b"", headers))
    assert refused(door.as_it_is("GET", f"/{handoff_id}/timeline", b"", headers))


def test_fault_63_the_very_same_call_again_is_a_retry(door, town):
    """A bot whose answer was lost sends the same signed call again: one effect, and the first answer."""
    headers = door.signed(BODY)
    first, second = (door.as_it_is("POST", "", BODY, headers) for _ in range(2))
    assert (first.status_code, second.json()) == (202, first.json())
    assert len(all_of(town.bridge, tables.handoffs)) == 1


def test_fault_63_used_signatures_are_forgotten_after_ten_minutes(door, town):
    """Signatures that were used pile up: they are kept for ten minutes, by then they are too old to be taken."""
    headers = door.signed(BODY, at=door.clock() + timedelta(minutes=5))
    door.as_it_is("POST", "", BODY, headers)

    def kept():
        with town.bridge.database.read() as connection:
            used = select(tables.inbox.c.event_id).where(tables.inbox.c.source == SOURCE)
            return len(connection.execute(used).all())

    town.clock.later(minutes=10)
    forget_signatures(town.bridge.database, town.clock())
    assert kept() == 1
    town.clock.later(seconds=1)
    forget_signatures(town.bridge.database, town.clock())
    assert (kept(), refused(door.as_it_is("POST", "", BODY, headers))) == (0, True)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature", "Handoff-Key"])
def test_fault_64_junk_in_a_header_is_refused(door, name):
    """A header of the signature holds no time, no base64, or signs of another script: 401, never 500."""
    answers = [
        door.as_it_is("POST", "", BODY, {**door.signed(BODY), name: junk.encode().decode("latin-1")})
        for junk in ("", "☃", "soon", "-1", "1e9", "9" * 40, "v1,", "v1,%%%", "v1 " * 999, "٣٣")
    ]
    assert all(refused(answer) for answer in answers)
