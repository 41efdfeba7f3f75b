"""Sealed files: bytes kept under their own SHA-256, written once, checked at every reading.

What a decision or a figure was computed from lies here. A file's name is its digest, so equal contents are stored once and
a changed file can no longer be read as what it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from tirek.storage.database import home
from tirek_engines.errors import Refusal

PARQUET = "parquet"
JSON = "json"
BYTES = "bytes"
ROW_GROUP_ROWS = 131_072
_DIGEST = re.compile(r"[0-9a-f]{64}")


class SealBroken(Refusal):
    """A sealed file is gone, or is no longer what was sealed."""

    code = "seal_broken"
    http_status = 409


@dataclass(frozen=True)
class Sealed:
    """What is remembered of a sealed file."""

    sha256: str
    size: int
    format: str
    rows: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "size": self.size, "format": self.format, "rows": self.rows}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Sealed:
        return cls(value["sha256"], value["size"], value["format"], value.get("rows"))


def folder() -> Path:
    return home() / "sealed"


def path_of(sha256: str) -> Path:
    """Where the file of a digest lies, whether or not it is there."""
    if not _DIGEST.fullmatch(sha256):
        raise SealBroken(f"{sha256!r} is not a SHA-256 digest.")
    return folder() / sha256[:2] / sha256


def seal(data: bytes) -> str:
    """Keep these bytes; returns their SHA-256. On return they are on the disk, not only in its cache."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(sha256)
    if path.exists() and path.read_bytes() == data:
        return sha256
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)  # a mode is given to the last folder only
    path.parent.mkdir(exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    _sync_folder(path.parent)
    return sha256


def read(sha256: str) -> bytes:
    """The sealed bytes. Raises `SealBroken` when they are gone or changed."""
    path = path_of(sha256)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SealBroken(
            f"The sealed file {sha256} is gone. Restore the folder “sealed” from the backup.", sha256=sha256
        ) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SealBroken(
            f"The sealed file {sha256} was changed after it was sealed. Restore it from the backup.", sha256=sha256
        )
    return data


def seal_input(value: pl.DataFrame | Mapping[str, Any] | bytes) -> Sealed:
    """Seal a table as Parquet, a record as canonical JSON, or bytes as they are."""
    if isinstance(value, pl.DataFrame):
        data = parquet_bytes(value)
        return Sealed(seal(data), len(data), PARQUET, value.height)
    if isinstance(value, bytes):
        return Sealed(seal(value), len(value), BYTES)
    data = json_bytes(value)
    return Sealed(seal(data), len(data), JSON, 1)


def unseal(sealed: Sealed) -> Any:
    """What was sealed: a table, a record or bytes."""
    data = read(sealed.sha256)
    if sealed.format == PARQUET:
        return pl.read_parquet(io.BytesIO(data))
    return json.loads(data) if sealed.format == JSON else data


def digest_of(value: pl.DataFrame | Mapping[str, Any] | bytes) -> str:
    """The digest under which a value would be sealed."""
    if isinstance(value, pl.DataFrame):
        value = parquet_bytes(value)
    data = value if isinstance(value, bytes) else json_bytes(value)
    return hashlib.sha256(data).hexdigest()


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Parquet whose bytes depend on the rows and the version of Polars only."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=True, row_group_size=ROW_GROUP_ROWS
    )
    return buffer.getvalue()


def json_bytes(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, no NaN; days and moments in ISO 8601, Decimal as its digits in a text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)
    return text.encode()


def _plain(value: object) -> object:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sealed as JSON")


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
