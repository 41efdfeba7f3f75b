"""Keys of this installation, and the encryption and keyed hashing of identifiers.

Keys live in files (mode 0600) outside the database, so that a stolen dump tells no IIN. The environment variable
TIREK_SECRETS names another folder, for a vault's mount.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tirek.storage.database import home

NONCE_BYTES = 12
KEY_BYTES = 32
KEY_NAMES = ("django", "identifiers-encrypt", "identifiers-hash", "credentials")


def folder() -> Path:
    return Path(os.environ.get("TIREK_SECRETS") or home() / "secrets")


@cache
def key(name: str) -> bytes:
    """The 32 bytes of a named key; made at the first use, never replaced."""
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Written beside, then linked: of two who make it at once both read the first one's, and never half of it."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        os.unlink(beside)


def _read(path: Path) -> bytes:
    value = path.read_bytes()
    if len(value) != KEY_BYTES:
        raise RuntimeError(
            f"The key {path} holds {len(value)} bytes instead of {KEY_BYTES}. Restore it from the backup."
        )
    return value


def encrypt(text: str) -> bytes:
    """AES-256-GCM: random nonce, then ciphertext and tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key("identifiers-encrypt")).encrypt(nonce, text.encode(), None)


def encrypt_many(texts: Iterable[str]) -> list[bytes]:
    """As :func:`encrypt`, for many; None stays None."""
    seal, texts = AESGCM(key("identifiers-encrypt")).encrypt, list(texts)
    drawn = secrets.token_bytes(NONCE_BYTES * len(texts))  # once, not a call of the kernel's for each
    nonces = (drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES))
    return [None if t is None else n + seal(n, t.encode(), None) for n, t in zip(nonces, texts, strict=True)]


def decrypt(sealed: bytes) -> str:
    sealed = bytes(sealed)
    return AESGCM(key("identifiers-encrypt")).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()


FILE = b"tirek file"  # so that no identifier's ciphertext passes for a file


def encrypt_file(data: bytes) -> bytes:
    """As :func:`encrypt`, for the bytes of a file."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key("identifiers-encrypt")).encrypt(nonce, data, FILE)


def decrypt_file(sealed: bytes) -> bytes:
    return AESGCM(key("identifiers-encrypt")).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], FILE)


def keyed_hash(text: str) -> bytes:
    """HMAC-SHA-256: the same identifier always gives the same 32 bytes, and nobody without the key can try them all."""
    return hmac.digest(key("identifiers-hash"), text.encode(), hashlib.sha256)


def keyed_hash_many(texts: Iterable[str]) -> list[bytes]:
    secret, digest = key("identifiers-hash"), hmac.digest
    return [None if t is None else digest(secret, t.encode(), "sha256") for t in texts]
