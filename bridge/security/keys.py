"""Bearer keys of bots: made once, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from typing import Final

LIVE: Final = "hb_live_"
TEST: Final = "hb_test_"
#: letters and digits only, so that a double click takes the whole key; 32 of 62 are 190 bits
_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 32
_LAST: Final = 4


def new_key(*, test: bool = False) -> str:
    """Return a new bearer key: `hb_live_…`, or `hb_test_…` for test traffic."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return (TEST if test else LIVE) + drawn


def hash_key(key: str) -> str:
    """Return what is stored of a key, 64 hex digits. Takes any text, so that a false key is merely unknown.

    Plain SHA-256: a key is drawn from 190 bits, so there is nothing to guess that a slow hash, a salt or a
    pepper would protect. The same key always gives the same digest, by which its row is found.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_key(key: str, digest: str) -> bool:
    """Return whether a key has this digest. Takes the same time wherever they differ."""
    return hmac.compare_digest(hash_key(key).encode(), digest.encode())


def is_test(key: str) -> bool:
    return key.startswith(TEST)


def shown(key: str) -> str:
    """Return what may be shown of a key: its prefix and its last four signs."""
    return f"{TEST if is_test(key) else LIVE}…{key[-_LAST:]}"
