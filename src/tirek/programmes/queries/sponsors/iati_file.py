"""The programme's IATI file, checked; every fault with the page of the field that it comes from."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.programmes.iati.activity import write
from tirek.programmes.iati.checking import check
from tirek.programmes.models import Programme
from tirek.programmes.queries.sponsors.iati import SYNTHETIC_REPORTER, activity_of
from tirek.programmes.refusals import BadInput
from tirek.storage.tables import Fault

REFERENCE = re.compile(r"[A-Z]{2}-[A-Z0-9]+-[^\s/&|?]+")


@dataclass(frozen=True)
class FieldFault:
    """What is wrong, at which element, and the page where it is mended."""

    what: str
    to_do: str
    path: str
    row: int | None
    value: str
    source: str


@dataclass(frozen=True)
class File:
    """``faults`` keep it from being published, ``warnings`` do not."""

    data: bytes
    faults: list[FieldFault]
    warnings: list[FieldFault]

    def as_table(self, name: str) -> list[Fault]:
        return [Fault(name, f.row, f.path, f.value, f.what, f"{f.to_do} {f.source}".strip()) for f in self.faults]


def file_of(programme: Programme, *, reporter: str, now: dt.datetime) -> File:
    """Write and check. A programme of invented data reports under an invented identifier."""
    ref = reporter.strip() or (SYNTHETIC_REPORTER if programme.is_synthetic else "")
    if not REFERENCE.fullmatch(ref):
        raise BadInput(
            _("Who reports is not said. Give the office's IATI identifier, such as KZ-BIN-990140000019."),
            field="reporter",
        )
    written = write(activity_of(programme, reporter=ref, now=now))
    found = check(written.data, f"{programme.slug}.xml", timezone.localdate(now))
    page = written.source_of
    schema = [FieldFault(f.what, f.what_to_do, f.column, f.row, f.value, page(f.column)) for f in found.schema]
    rules = {
        severity: [
            FieldFault(f"{f.rule}: {f.message}", "", f.path, f.row, f.value, page(f.path))
            for f in found.rules
            if (f.severity in ("error", "critical")) == (severity == "error")
        ]
        for severity in ("error", "warning")
    }
    return File(written.data, schema + rules["error"], rules["warning"])
