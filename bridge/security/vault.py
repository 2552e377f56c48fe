"""Secrets at rest: one data key for each account, wrapped by the keys of the deployment.

A value is sealed by AES-256-GCM together with the place it stands at, so a row copied elsewhere cannot be
opened there. The data key is wrapped by Fernet; several deployment keys serve while one replaces another.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_KEY_BITS: Final = 256
_NONCE: Final = 12  # bytes, as NIST SP 800-38D advises


class KeysUnreadable(Exception):
    """The deployment's keys cannot serve: malformed, missing, or not those that wrapped the data key."""


class Tampered(Exception):
    """A sealed value was changed, or stands at another place than it was sealed for. Refuse it, and alarm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a sealed value stands."""

    account: str
    table: str
    column: str
    row: str

    def bound(self) -> bytes:
        """Return the associated data `account|table|column|row`; a bar or percent sign inside is escaped."""
        parts = (self.account, self.table, self.column, self.row)
        return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts).encode()


class Vault:
    """Seals and opens. `keys` are Fernet keys, the newest first: it wraps, all of them unwrap."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise KeysUnreadable("no secret key is set")
        self._keys = MultiFernet([_fernet(key, number) for number, key in enumerate(keys, start=1)])

    def wrap_new_key(self) -> bytes:
        """Return a new data key, wrapped: what an account's row keeps."""
        return self._keys.encrypt(AESGCM.generate_key(_KEY_BITS))

    def check(self, wrapped_key: bytes) -> None:
        """Raise KeysUnreadable unless one of the keys opens this data key."""
        self._cipher(wrapped_key)

    def rewrap(self, wrapped_key: bytes) -> bytes:
        """Return the same data key wrapped by the newest key. What it has sealed stays as it is."""
        try:
            return self._keys.rotate(wrapped_key)
        except InvalidToken:
            raise _unwrappable() from None

    def seal(self, wrapped_key: bytes, place: Place, plaintext: bytes) -> bytes:
        """Return the value sealed for this place. Raises KeysUnreadable."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher(wrapped_key).encrypt(nonce, plaintext, place.bound())

    def open(self, wrapped_key: bytes, place: Place, sealed: bytes) -> bytes:
        """Return what was sealed for this place. Raises Tampered or KeysUnreadable."""
        cipher = self._cipher(wrapped_key)
        version, nonce, value = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if version != _VERSION or len(nonce) != _NONCE:
            raise Tampered(f"no sealed value at {place.table}.{place.column}")
        try:
            return cipher.decrypt(nonce, value, place.bound())
        except InvalidTag:
            raise Tampered(f"the value at {place.table}.{place.column} was not sealed for it") from None

    def _cipher(self, wrapped_key: bytes) -> AESGCM:
        try:
            return AESGCM(self._keys.decrypt(wrapped_key))
        except (InvalidToken, ValueError):
            raise _unwrappable() from None


def new_deployment_key() -> str:
    """Return a key for HANDOFF_SECRET_KEYS."""
    return Fernet.generate_key().decode()


def _fernet(key: str, number: int) -> Fernet:
    try:
        return Fernet(key)
    except (ValueError, TypeError):
        raise KeysUnreadable(f"secret key {number} is not 32 bytes in URL-safe base64") from None


def _unwrappable() -> KeysUnreadable:
    return KeysUnreadable("none of the secret keys opens this account's data key")
