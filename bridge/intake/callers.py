"""Who is calling: a bearer key, or a request signed by Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from bridge.accounts import Accounts, Caller
from bridge.intake.problems import Problem
from bridge.intake.replays import is_replay
from bridge.security.signatures import BadSignature, verify
from bridge.security.vault import Tampered
from bridge.store import Database

log = structlog.get_logger()

#: names the key whose secret signed the request
KEY_HEADER: Final = "handoff-key"
#: not signed itself, so it counts as a part of what is asked for
IDEMPOTENCY_HEADER: Final = "idempotency-key"


def identify(
    database: Database,
    accounts: Accounts,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    *,
    call: str,
) -> Caller:
    """Return the caller. `headers` has lower-case names; `call` is "METHOD path", with all that is asked for.

    Raises Problem 401, which tells no more than that.
    """
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        with database.read() as connection:
            caller = accounts.caller(connection, bearer.strip())
    else:
        caller = _signed_by(database, accounts, headers, body, now, call)
    if caller is None:
        raise Problem(
            status=401,
            code="unauthorized",
            title="Not authorised",
            detail="Send a bearer key, or sign the request by Standard Webhooks and name the key in Handoff-Key.",
        )
    return caller


def _signed_by(
    database: Database,
    accounts: Accounts,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    call: str,
) -> Caller | None:
    """Return who signed the request, and note that this signature is used up."""
    with database.read() as connection:
        signer = _signer(accounts, connection, headers.get(KEY_HEADER, ""))
    if signer is None:
        return None
    caller, secret = signer
    try:
        signed = verify([secret], headers, body, now)
    except BadSignature:
        return None
    wanted = f"{call} {headers.get(IDEMPOTENCY_HEADER, '')}"
    replay = database.transact(lambda tx: is_replay(tx, caller.account_id, signed, wanted, body, now))
    return None if replay else caller


def _signer(accounts: Accounts, connection: Connection, key_id: str) -> tuple[Caller, str] | None:
    try:
        return accounts.signer(connection, key_id)
    except Tampered:
        log.error("sealed_secret_refused", key=key_id)
        return None
