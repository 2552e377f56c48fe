"""Who is calling: a bearer key, or a request signed by Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from bridge.accounts import Accounts, Caller
from bridge.intake.problems import Problem
from bridge.security.signatures import BadSignature, verify
from bridge.security.vault import Tampered
from bridge.store import Database

log = structlog.get_logger()

#: names the key whose secret signed the request
KEY_HEADER: Final = "handoff-key"


def identify(
    database: Database, accounts: Accounts, headers: Mapping[str, str], body: bytes, now: datetime
) -> Caller:
    """Return the caller. `headers` has lower-case names. Raises Problem 401, which tells no more than that."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    with database.read() as connection:
        if scheme.lower() == "bearer" and bearer:
            caller = accounts.caller(connection, bearer.strip())
        else:
            signer = _signer(accounts, connection, headers.get(KEY_HEADER, ""))
            caller = _signed_by(signer, headers, body, now)
    if caller is None:
        raise Problem(
            status=401,
            code="unauthorized",
            title="Not authorised",
            detail="Send a bearer key, or sign the request by Standard Webhooks and name the key in Handoff-Key.",
        )
    return caller


def _signer(accounts: Accounts, connection: Connection, key_id: str) -> tuple[Caller, str] | None:
    try:
        return accounts.signer(connection, key_id)
    except Tampered:
        log.error("sealed_secret_refused", key=key_id)
        return None


def _signed_by(
    signer: tuple[Caller, str] | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> Caller | None:
    if signer is None:
        return None
    caller, secret = signer
    try:
        verify([secret], headers, body, now)
    except BadSignature:
        return None
    return caller
