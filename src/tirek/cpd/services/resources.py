"""The catalogue of learning resources: entering, importing, reports that something does not open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.models import Licence, Resource, ResourceFlag, ResourceKind, TeachingLanguage
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, must_cover, own_range
from tirek.cpd.services.practice import keep_files, next_number, said
from tirek.registry.exchange.faults import Faults
from tirek.registry.exchange.reading import read_upload
from tirek.registry.words import SUBJECTS
from tirek.storage.tables import BadTable, Fault, shown
from tirek.storage.uploads import UploadRefused
from tirek.tasks.services import File

COLUMNS = (
    "title",
    "kind",
    "subject",
    "grades",
    "language",
    "address",
    "licence",
    "publisher",
    "reviewed_by",
    "reviewed_on",
)
CHOICES = {
    "kind": set(ResourceKind.values), "subject": set(SUBJECTS), "language": set(TeachingLanguage.values),
    "licence": set(Licence.values),
}  # fmt: skip
MOST_BYTES, MOST_ROWS = 5_000_000, 5_000


@transaction.atomic
def enter(*, facts: Mapping[str, Any], files: Sequence[File] = (), by: User, now: dt.datetime) -> Resource:
    """One resource, looked at by somebody on a day."""
    must("growth.manage")
    kept = keep_files(files)
    if not facts["address"] and not kept:
        raise BadValue(_("Give an address or a file."), code="nowhere", field="address")
    if facts["reviewed_on"] > now.date():
        raise BadValue(_("This day has not come yet."), code="bad_day", field="reviewed_on")
    lo, hi = own_range()
    try:
        with transaction.atomic():
            return Resource.objects.create(code=next_number("M", now), org_lo=lo, org_hi=hi, files=kept, **facts)
    except IntegrityError:
        raise BadValue(_("This address is in the catalogue already."), code="known", field="address") from None


@transaction.atomic
def import_resources(*, name: str, content: bytes, by: User, now: dt.datetime) -> int:
    """A CSV or XLSX with the columns `COLUMNS`. Raises `BadTable` with every fault by row; then nothing is entered."""
    must("growth.manage")
    table = _table(name, content)
    known = set(Resource.objects.exclude(address="").values_list("address", flat=True))
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for row in table.iter_rows(named=True):
        made, wrong = _row(row, name, known, now.date())
        faults += wrong
        rows.append(made)
        known.add(made.get("address", ""))
    if faults:
        raise BadTable(faults)
    lo, hi = own_range()
    made = [Resource(code=next_number("M", now), org_lo=lo, org_hi=hi, **row) for row in rows]
    return len(Resource.objects.bulk_create(made))


def _table(name: str, content: bytes):
    def whole(what: str, column: str = "", row: int | None = None) -> BadTable:
        to_do = _("Use the template of the catalogue.")
        return BadTable([Fault(name, row, column, "", what, to_do)])

    if len(content) > MOST_BYTES:
        raise whole(_("The file is larger than 5 MB."))
    try:
        tables = read_upload(name, content, Faults())
    except UploadRefused as refused:
        raise whole(refused.message) from None
    table = next((found for found in tables.values() if found.height), None)
    if table is None:
        raise whole(_("It has a header and no rows."))
    if table.height > MOST_ROWS:
        raise whole(_("It has more than %(n)s rows.") % {"n": MOST_ROWS})
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise whole(_("The column is missing."), missing[0], 1)
    return table


def _row(row: dict, name: str, known: set[str], today: dt.date) -> tuple[dict[str, Any], list[Fault]]:
    """What the row says, and everything that is wrong with it."""
    cells = {column: (row[column] or "").strip() for column in COLUMNS}
    faults: list[Fault] = []

    def fault(column: str, what: str, to_do: str) -> None:
        faults.append(Fault(name, int(row["_row"]), column, shown(row[column]), what, to_do))

    for column in ("title", "publisher", "reviewed_by"):
        if not 2 <= len(cells[column]) <= 200:
            fault(column, _("It is empty or longer than 200 letters."), _("Write it."))
    for column, allowed in CHOICES.items():
        if cells[column] not in allowed:
            fault(column, _("This word is not known."), ", ".join(sorted(allowed)))
    grades = [part.strip() for part in cells["grades"].replace(",", " ").split()]
    if not grades or not all(g.isascii() and g.isdecimal() and int(g) <= 11 for g in grades):
        fault("grades", _("These are no classes."), _("Write numbers from 0 to 11 with spaces between them."))
        grades = []
    try:
        URLValidator(schemes=["http", "https"])(cells["address"])
        if cells["address"] in known:
            fault("address", _("This address is in the catalogue already."), _("Leave the row out."))
    except ValidationError:
        fault("address", _("It is no address."), _("Write the whole address with https://."))
    day = _day(cells["reviewed_on"])
    if day is None or day > today:
        fault("reviewed_on", _("It is no day up to today."), _("Write it as 2026-03-31."))
    made = {**cells, "grades": sorted({int(g) for g in grades}), "reviewed_on": day}
    return made, faults


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


@transaction.atomic
def flag(*, code: str, text: str, by: User, now: dt.datetime) -> ResourceFlag:
    """Somebody who is signed in says that it does not open: once until the office has looked."""
    with loading():
        found = Resource.objects.select_for_update().filter(code=code, is_active=True).first()
        if found is None:
            raise NotThere(_("There is no such resource."))
        if ResourceFlag.objects.filter(resource=found, user_id=by.pk, settled_at=None).exists():
            raise WrongState(_("You have said so already. The office will look."), code="said_already")
        Resource.objects.filter(pk=found.pk).update(broken_n=F("broken_n") + 1)
        return ResourceFlag.objects.create(
            resource=found, user_id=by.pk, org_lo=found.org_lo, org_hi=found.org_hi, note=text.strip()[:300], at=now
        )


@transaction.atomic
def settle(*, code: str, works: bool, address: str = "", by: User, now: dt.datetime) -> Resource:
    """The office has looked: it opens again (perhaps elsewhere), or it leaves the catalogue."""
    must("growth.manage")
    found = Resource.objects.filter(code=code).first()
    if found is None:
        raise NotThere(_("There is no such resource."))
    must_cover(found.org_lo, found.org_hi)
    found = Resource.objects.select_for_update().get(pk=found.pk)
    if works and address:
        try:
            URLValidator(schemes=["http", "https"])(address)
        except ValidationError:
            raise BadValue(_("It is no address."), code="bad_address", field="address") from None
        if Resource.objects.filter(address=address).exclude(pk=found.pk).exists():
            raise BadValue(_("This address is in the catalogue already."), code="known", field="address")
        found.address = address
    found.is_active, found.broken_n, found.reviewed_on = works, 0, now.date()
    found.reviewed_by = said(str(by), "reviewed_by", longest=200)
    found.save(update_fields=["address", "is_active", "broken_n", "reviewed_on", "reviewed_by"])
    ResourceFlag.objects.filter(resource=found, settled_at=None).update(settled_at=now)
    return found
