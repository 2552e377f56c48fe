"""Accounts as the store holds them: their desk, their connections, their keys."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bridge.desk.load import desk_text, read_desk
from bridge.desk.model import Desk
from bridge.feeds import rows as feed_rows
from bridge.feeds.overrides import with_feeds
from bridge.handoffs.account import Account
from bridge.handoffs.ids import new_id
from bridge.handoffs.model import Handoff
from bridge.notices.model import Notices
from bridge.notices.reading import shipped_notices
from bridge.people import alerts, covers
from bridge.roster.covers import with_covers
from bridge.security.keys import hash_key, new_key, shown
from bridge.security.signatures import new_secret
from bridge.security.vault import Place, Vault
from bridge.store import Database, Transaction, tables

MAIN: Final = "main"  #: the account of a deployment that serves one company
DESKS: Final = tables.desk_versions
KEYS: Final = tables.keys
SEALED: Final = select(KEYS.c.sealed_secret).where(
    KEYS.c.account_id == bindparam("account_id"), KEYS.c.key_id == bindparam("key_id")
)
ACCOUNTS: Final = tables.accounts
NEWEST: Final = select(
    func.max(DESKS.c.version).label("desk"),
    select(ACCOUNTS.c.revision)
    .where(ACCOUNTS.c.account_id == bindparam("account_id"))
    .scalar_subquery()
    .label("revision"),
).where(DESKS.c.account_id == bindparam("account_id"))
WRAPPED: Final = select(ACCOUNTS.c.wrapped_key).where(ACCOUNTS.c.account_id == bindparam("account_id"))
CONNECTIONS: Final = tables.connections
#: what is woken when a key was revoked
KEYS_CHANGED: Final = "keys"


class NoDesk(Exception):
    """The account has no desk yet; load one with HANDOFF_DESK."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Whoever holds a key."""

    account_id: str
    key_id: str
    test: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A key as it is shown once: the bearer key, and the secret that signs by Standard Webhooks."""

    key_id: str
    bearer: str
    signing_secret: str


class Accounts:
    """`helpdesks` and `chats` are the connections that this process can reach, the preferred ones first.

    `notices` is what customers are told, None for what comes with the product.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        helpdesk_vendors: Collection[str],
        chat_vendors: Collection[str],
        helpdesks: tuple[str, ...] = (),
        chats: tuple[str, ...] = (),
        notices: Notices | None = None,
    ) -> None:
        self._vault = vault
        self._vendors = frozenset((*helpdesk_vendors, *chat_vendors))
        self._helpdesk_vendors = helpdesk_vendors
        self._chat_vendors = chat_vendors
        self._helpdesks = helpdesks
        self._chats = chats
        self._notices = notices or shipped_notices()
        self._known: dict[tuple[str, int], Account] = {}
        self._with_feeds: dict[str, tuple[Account, tuple[datetime | None, ...], Account]] = {}
        self._with_people: dict[str, tuple[Account, int, Account]] = {}
        self._lock = threading.Lock()

    def of(self, connection: Connection, account_id: str) -> Account:
        """Return the account with its newest desk. Raises NoDesk."""
        newest = connection.execute(NEWEST, {"account_id": account_id}).one()
        version = newest.desk
        if version is None:
            raise NoDesk(account_id)
        with self._lock:
            known = self._known.get((account_id, version))
            if known is None:
                known = self._known[account_id, version] = self._read(connection, account_id, version)
        whole = self._with_calendars(connection, known) if known.desk.feeds else known
        if newest.revision:
            whole = self._with_what_people_set(connection, whole, newest.revision)
        return whole if whole.helpdesk and whole.chat else self._with_others(connection, whole)

    def ensure(self, tx: Transaction, account_id: str, vendors: Mapping[str, str], now: datetime) -> None:
        """Make the account and its connections (connection → vendor) where they are missing.

        Raises KeysUnreadable when the deployment's keys do not open what the account has sealed.
        """
        found = tx.execute(select(ACCOUNTS.c.wrapped_key).where(ACCOUNTS.c.account_id == account_id)).first()
        if found:
            self._vault.check(found.wrapped_key)
        else:
            wrapped = self._vault.wrap_new_key()
            tx.execute(
                insert(ACCOUNTS).values(
                    account_id=account_id, name=account_id, wrapped_key=wrapped, created_at=now
                )
            )
        known = set(
            tx.execute(
                select(CONNECTIONS.c.connection).where(CONNECTIONS.c.account_id == account_id)
            ).scalars()
        )
        for connection, vendor in vendors.items():
            if connection not in known:
                place = {
                    "account_id": account_id,
                    "connection": connection,
                    "vendor": vendor,
                    "hook": connection,
                }
                tx.execute(insert(CONNECTIONS).values(**place, created_at=now))

    def load_desk(self, tx: Transaction, account_id: str, path: Path, now: datetime) -> int:
        """Keep the desk file as the account's newest version, unless it is that already. Raises DeskRefused."""
        text = desk_text(path)
        digest = hashlib.sha256(text.encode()).hexdigest()
        newest = tx.execute(
            select(DESKS.c.version, DESKS.c.digest)
            .where(DESKS.c.account_id == account_id)
            .order_by(DESKS.c.version.desc())
            .limit(1)
        ).first()
        if newest and newest.digest == digest:
            return int(newest.version)
        read_desk(text, path.name, self._vendors)
        version = (newest.version if newest else 0) + 1
        values = {"digest": digest, "file_name": path.name, "text": text, "loaded_at": now}
        tx.execute(insert(DESKS).values(account_id=account_id, version=version, **values))
        return version

    def create_key(
        self, tx: Transaction, account_id: str, name: str, now: datetime, *, test: bool = False
    ) -> NewKey:
        """Make a key. Its bearer form is kept as a hash only, its secret sealed."""
        key_id, bearer, secret = new_id("key", now), new_key(test=test), new_secret()
        sealed = self._vault.seal(
            self._wrapped(tx.connection, account_id), _secret_place(account_id, key_id), secret.encode()
        )
        tx.execute(
            insert(KEYS).values(
                account_id=account_id,
                key_id=key_id,
                name=name,
                digest=hash_key(bearer),
                shown=shown(bearer),
                test=test,
                sealed_secret=sealed,
                created_at=now,
            )
        )
        return NewKey(key_id=key_id, bearer=bearer, signing_secret=secret)

    def keys(self, connection: Connection, account_id: str) -> list[dict[str, Any]]:
        """Return the keys without their secrets, the newest first."""
        columns = (
            KEYS.c.key_id,
            KEYS.c.name,
            KEYS.c.shown,
            KEYS.c.test,
            KEYS.c.created_at,
            KEYS.c.revoked_at,
        )
        found = connection.execute(
            select(*columns).where(KEYS.c.account_id == account_id).order_by(KEYS.c.created_at.desc())
        )
        return [dict(row._mapping) for row in found]

    def revoke_key(self, tx: Transaction, account_id: str, key_id: str, now: datetime) -> bool:
        """Close a key for good. Return False when there is no such key open."""
        revoked = tx.execute(
            update(KEYS)
            .where(KEYS.c.account_id == account_id, KEYS.c.key_id == key_id, KEYS.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        tx.wake(KEYS_CHANGED)
        return revoked.rowcount == 1

    def caller(self, connection: Connection, bearer: str) -> Caller | None:
        """Return whose bearer key this is; None for an unknown or revoked one."""
        return _caller(connection, KEYS.c.digest == hash_key(bearer))

    def signer(self, connection: Connection, key_id: str) -> tuple[Caller, str] | None:
        """Return who signs with this key, and the secret; None for an unknown or revoked one."""
        caller = _caller(connection, KEYS.c.key_id == key_id)
        return (caller, self._secret(connection, caller.account_id, key_id)) if caller else None

    def secrets_of(self, connection: Connection, handoff: Handoff) -> tuple[str, ...]:
        """Return the secrets that sign what the bot of this handoff is told."""
        if handoff.key_id is None:
            return ()
        return (self._secret(connection, handoff.account_id, handoff.key_id),)

    def _read(self, connection: Connection, account_id: str, version: int) -> Account:
        row = connection.execute(
            select(DESKS.c.text, DESKS.c.file_name).where(
                DESKS.c.account_id == account_id, DESKS.c.version == version
            )
        ).one()
        desk = read_desk(row.text, row.file_name, self._vendors)
        return Account(
            account_id=account_id,
            desk=desk,
            desk_version=version,
            helpdesk=_preferred(desk, self._helpdesks),
            chat=self._chats[0] if self._chats else None,
            notices=self._notices,
        )

    def _with_calendars(self, connection: Connection, account: Account) -> Account:
        """Add what the desk's calendars say, as they were last read."""
        newest = feed_rows.newest(connection, account.account_id)
        with self._lock:
            known = self._with_feeds.get(account.account_id)
            if known is None or known[:2] != (account, newest):
                readings = feed_rows.readings(connection, account.account_id)
                whole = replace(account, desk=with_feeds(account.desk, readings))
                known = self._with_feeds[account.account_id] = (account, newest, whole)
        return known[2]

    def _with_what_people_set(self, connection: Connection, account: Account, revision: int) -> Account:
        """Add who covers for whom, and what each person wants to be told."""
        with self._lock:
            known = self._with_people.get(account.account_id)
            if known is None or known[0] is not account or known[1] != revision:
                made = covers.read(connection, account.account_id)
                desk = replace(account.desk, roster=with_covers(account.desk.roster, made))
                rules = alerts.read(connection, account.account_id)
                whole = replace(account, desk=desk, covers=made, alerts=rules)
                known = self._with_people[account.account_id] = (account, revision, whole)
        return known[2]

    def _with_others(self, connection: Connection, account: Account) -> Account:
        """Add what only other processes of the deployment can reach: they pay what is owed through it."""
        rows = connection.execute(
            select(CONNECTIONS.c.connection, CONNECTIONS.c.vendor)
            .where(CONNECTIONS.c.account_id == account.account_id)
            .order_by(CONNECTIONS.c.created_at)
        ).all()
        helpdesks = tuple(row.connection for row in rows if row.vendor in self._helpdesk_vendors)
        chats = [row.connection for row in rows if row.vendor in self._chat_vendors]
        return replace(
            account,
            helpdesk=account.helpdesk or _preferred(account.desk, helpdesks),
            chat=account.chat or next(iter(chats), None),
        )

    def _secret(self, connection: Connection, account_id: str, key_id: str) -> str:
        sealed = connection.execute(SEALED, {"account_id": account_id, "key_id": key_id}).scalar_one()
        opened = self._vault.open(
            self._wrapped(connection, account_id), _secret_place(account_id, key_id), sealed
        )
        return str(opened, "utf-8")

    def _wrapped(self, connection: Connection, account_id: str) -> bytes:
        wrapped: bytes = connection.execute(WRAPPED, {"account_id": account_id}).scalar_one()
        return wrapped


def account_ids(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(ACCOUNTS.c.account_id)).scalars())


def _preferred(desk: Desk, helpdesks: tuple[str, ...]) -> str | None:
    if desk.helpdesk in helpdesks:
        return desk.helpdesk
    return helpdesks[0] if helpdesks else None


def _caller(connection: Connection, condition: Any) -> Caller | None:
    row = connection.execute(
        select(KEYS.c.account_id, KEYS.c.key_id, KEYS.c.test).where(condition, KEYS.c.revoked_at.is_(None))
    ).first()
    return Caller(**row._mapping) if row else None


def _secret_place(account_id: str, key_id: str) -> Place:
    return Place(account=account_id, table="keys", column="sealed_secret", row=key_id)
