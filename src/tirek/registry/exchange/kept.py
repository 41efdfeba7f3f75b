"""An import's files: the upload and what was read from it. Encrypted on the disk, and forgotten when their term is over.

An upload holds IINs as its sender wrote them, so it is never on the disk as it came. Each file has a nonce of its own: two
imports never share one, and forgetting the one leaves the other whole.
"""

from __future__ import annotations

import datetime as dt
import io

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import because, loading
from tirek.registry.models import Import, ImportState
from tirek.storage import sealed, secrets
from tirek_engines.errors import Refusal

UPLOAD = "upload"


class Forgotten(Refusal):
    """The files of an import are gone, for their term is over."""

    code = "forgotten"
    http_status = 410


def keep(data: bytes) -> dict:
    """What is to be remembered of a file that is kept."""
    locked = secrets.encrypt_file(data)
    return sealed.Sealed(sealed.seal(locked), len(data), sealed.BYTES).as_dict()


def keep_frame(frame: pl.DataFrame) -> dict:
    return keep(sealed.parquet_bytes(frame)) | {"rows": frame.height}


def read(found: Import, name: str = UPLOAD) -> bytes:
    if name not in found.sealed:
        raise Forgotten(_("The files of this import are no longer kept. Its history is."))
    return secrets.decrypt_file(sealed.read(found.sealed[name]["sha256"]))


def read_frame(found: Import, name: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(read(found, name)))


def forget(found: Import, *, but: tuple[str, ...] = ()) -> None:
    """Delete the files from the disk. Counts, decisions, the upload's SHA-256 and the history of the rows stay."""
    gone = [sealed.path_of(facts["sha256"]) for name, facts in found.sealed.items() if name not in but]

    def delete() -> None:
        for path in gone:
            path.unlink(missing_ok=True)

    transaction.on_commit(delete)  # a power cut before leaves them all
    found.sealed = {name: facts for name, facts in found.sealed.items() if name in but}


def last_kept_day() -> dt.datetime:
    """Imports begun before this moment are forgotten."""
    return timezone.now() - dt.timedelta(days=settings.IMPORT_FILES_KEPT_DAYS)


def forget_old() -> int:
    """Forget what is over its term; what nobody has applied in that time is discarded. How many imports it were."""
    with loading():
        due = Import.objects.filter(forgotten_at=None, created_at__lt=last_kept_day()).order_by("pk")
        numbers = list(due.values_list("pk", flat=True))
    for number in numbers:
        with because(forgotten_import=number), loading():
            _forget_one(Import.objects.select_for_update().get(pk=number))
    return len(numbers)


def _forget_one(found: Import) -> None:
    if found.is_open:
        found.state = ImportState.DISCARDED
    forget(found)
    found.forgotten_at = timezone.now()
    found.save(update_fields=["state", "sealed", "forgotten_at"])
