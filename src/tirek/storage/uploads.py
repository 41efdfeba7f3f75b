"""Files that strangers send: measured before they are opened, and never written where they wish to be.

An archive's entries are read into memory one by one, under limits on their number, size, ratio and total; nothing is
unpacked to disk, so a path in a name can harm nobody, and is refused all the same because it tells of a bad sender.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tirek.storage.said import said as _
from tirek_engines.errors import Refusal

CHUNK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What an upload may be at most."""

    file_bytes: int = 1 << 30
    entries: int = 200
    entry_bytes: int = 2 << 30
    total_bytes: int = 4 << 30
    ratio: int = 200
    ratio_from_bytes: int = 10 << 20  # small files may compress as well as they like


LIMITS = Limits()
OLE = b"\xd0\xcf\x11\xe0"
SIGNATURES = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PAR1", "parquet"), (OLE, "xls"),
    (b"%PDF", "pdf"), (b"\x1f\x8b", "gzip"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "rar"), (b"\x89PNG", "png"),
)  # fmt: skip


class UploadRefused(Refusal):
    """The file cannot be opened, or it is not safe to."""

    code = "upload_refused"


def looks_like(data: bytes) -> str:
    """zip, xlsx, parquet, json, text or another format's name, by the bytes and not by the file's name."""
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return _kind_of_zip(data) if name == "zip" else name
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "json" if start[:1] == b"{" else "text"


def _kind_of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        return "broken zip"
    if "xl/workbook.xml" in names:
        return "xlsx"
    documents = {"content.xml": "ods", "word/document.xml": "docx", "ppt/presentation.xml": "pptx"}
    return next((kind for name, kind in documents.items() if name in names), "zip")


def open_archive(data: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    """Contents of a zip by name (folders left out). Raises `UploadRefused` for a broken or dangerous one."""
    if len(data) > limits.file_bytes:
        raise UploadRefused(_("The file is larger than is accepted. Split it."), code="too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(entries, limits)
            return _read_entries(archive, entries, limits)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        raise UploadRefused(
            _("The archive is damaged (%(why)s). Pack it again and send the whole file.") % {"why": error},
            code="broken_zip",
        ) from None


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise UploadRefused(
            _("The archive holds %(n)d files; at most %(most)d are accepted.")
            % {"n": len(entries), "most": limits.entries},
            code="too_many",
        )
    _check_twice(entries)
    for entry in entries:
        _check_name(entry.filename)
        if entry.flag_bits & 1:
            raise UploadRefused(
                _("%(name)s is encrypted. Pack it without a password.") % {"name": entry.filename}, code="encrypted"
            )
        if entry.file_size > limits.entry_bytes:
            raise UploadRefused(_("%(name)s is too large unpacked.") % {"name": entry.filename}, code="zip_bomb")
        if entry.file_size > limits.ratio_from_bytes and entry.file_size > limits.ratio * max(1, entry.compress_size):
            raise UploadRefused(
                _("%(name)s unpacks to %(n)d times its size. Such archives are not opened.")
                % {"name": entry.filename, "n": entry.file_size // max(1, entry.compress_size)},
                code="zip_bomb",
            )
    if sum(entry.file_size for entry in entries) > limits.total_bytes:
        raise UploadRefused(_("The archive is too large unpacked. Split it."), code="zip_bomb")


def _check_twice(entries: list[zipfile.ZipInfo]) -> None:
    """A zip may hold two files of one name; most programs show only the last."""
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries, start=1):
        first = seen.setdefault(entry.filename, place)
        if first != place:
            raise UploadRefused(
                _(
                    "The archive holds two files called %(name)s, its files %(first)d and %(second)d. Leave one of them out."
                )
                % {"name": entry.filename, "first": first, "second": place},
                code="file_twice",
            )


def _check_name(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\x00" in name or name[1:2] == ":":
        raise UploadRefused(
            _("The archive holds a file that wants to lie elsewhere: %(name)s. Pack the files without folders.")
            % {"name": repr(name)},
            code="path_in_zip",
        )


def _read_entries(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> dict[str, bytes]:
    """Sizes in a zip's directory may lie: count what really comes out."""
    contents: dict[str, bytes] = {}
    left = limits.total_bytes
    for entry in entries:
        parts: list[bytes] = []
        size = 0
        with archive.open(entry) as file:
            while part := file.read(CHUNK):
                size += len(part)
                left -= len(part)
                if left < 0 or size > max(entry.file_size, CHUNK):
                    raise UploadRefused(
                        _("%(name)s is larger than it says.") % {"name": entry.filename}, code="zip_bomb"
                    )
                parts.append(part)
        contents[entry.filename] = b"".join(parts)
    return contents


def pack(contents: Mapping[str, bytes]) -> bytes:
    """A zip of these files; the same contents give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()
