"""Items from QTI files: checked first, applied in one transaction, and taken back if somebody wishes."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.bank import packages, validity
from tirek.assessment.bank.facts import ItemFacts, VersionFacts, facts_of, same
from tirek.assessment.files import qti
from tirek.assessment.models import BankImport, BankImportState, BankItem, BankState, BankVersion, Item
from tirek.assessment.refusals import InputsMoved, NotAllowed, WrongState, must
from tirek.assessment.services.bank import (
    BadItem,
    create_item,
    holder,
    latest_of,
    move_item,
    revise_item,
)
from tirek.storage import sealed
from tirek.storage.database import LOADER
from tirek.storage.tables import Fault
from tirek_engines.errors import Refusal

MOST_BYTES = 20_000_000


@dataclass
class Planned:
    """An item of the file: what it would be, and what stands in the bank."""

    code: str
    what: str
    facts: ItemFacts
    version: VersionFacts
    item: BankItem | None = None
    before: BankVersion | None = None


@dataclass
class Plan:
    rows: list[Planned] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def count(self, what: str) -> int:
        return sum(row.what == what for row in self.rows)


@transaction.atomic
def check_items(
    *,
    content: bytes,
    file_name: str,
    language: str,
    subject: str,
    grade: int,
    content_area: str,
    by: int | None,
    now: dt.datetime,
) -> BankImport:
    """Keep the file and say what it would change. Nothing in the bank is changed."""
    must("assessment.manage")
    if len(content) > MOST_BYTES:
        raise Refusal(_("The file is larger than 20 MB. Split it."), code="too_large")
    low, high = holder()
    made = BankImport(
        org_lo=low, org_hi=high, file_name=file_name[-200:], sha256=hashlib.sha256(content).hexdigest(),
        language=language, subject=subject, grade=grade, content_area=content_area, by_id=by, at=now,
    )  # fmt: skip
    plan = _plan(made, content)
    made.n_new, made.n_changed, made.n_same = (plan.count(what) for what in ("new", "changed", "same"))
    made.faults = [
        {"file": f.file, "column": f.column, "value": f.value, "what": f.what, "what_to_do": f.what_to_do}
        for f in plan.faults
    ]
    made.state = BankImportState.CHECKED if plan.rows else BankImportState.REFUSED
    sealed.seal(content)
    made.save()
    return made


def plan_of(made: BankImport) -> Plan:
    """What the file would do to the bank as it is now."""
    return _plan(made, sealed.read(made.sha256))


def _plan(made: BankImport, content: bytes) -> Plan:
    reading = qti.read(made.file_name, content, language=made.language)
    plan = Plan(faults=list(reading.faults))
    codes = [task.code for task in reading.tasks]
    items = {item.code: item for item in BankItem.objects.filter(org_lo=made.org_lo, code__in=codes)}
    used = set(Item.objects.filter(version__item__in=items.values()).values_list("version__item_id", flat=True))
    for task in sorted(reading.tasks, key=lambda task: task.code):
        try:
            plan.rows.append(_planned(made, task, items.get(task.code), used))
        except BadItem as bad:
            plan.faults += [
                Fault(task.code, None, "", "", sentence, _("Mend the item and send it again."))
                for _name, sentence in bad.amiss
            ]
        except Refusal as refusal:
            plan.faults.append(Fault(task.code, None, "", "", refusal.message, _("Mend the item and send it again.")))
    return plan


def _planned(made: BankImport, task: qti.QtiTask, item: BankItem | None, used: set[int]) -> Planned:
    before = latest_of(item) if item else None
    version = packages.version_of(task, facts_of(before) if before else None)
    key = validity.tidy_key(task.kind, version.key)
    found = validity.code_amiss(task.code) + validity.amiss(task.kind, key, version.tolerance, version.wordings)
    if item is not None and item.pk in used and (item.kind, item.max_score) != (task.kind, task.max_score):
        message = _("A test has used this item, so its kind of answer and highest score stay.")
        found.append(("kind", message))
    if found:
        raise BadItem(found)
    version = VersionFacts(
        version.wordings, key, version.tolerance, version.pictures, _("Brought in: %(file)s") % {"file": made.file_name}
    )
    what = "new" if before is None else "same" if same(facts_of(before), version) else "changed"
    return Planned(task.code, what, _facts(made, task, item), version, item, before)


def _facts(made: BankImport, task: qti.QtiTask, item: BankItem | None) -> ItemFacts:
    if item is None:
        return ItemFacts(
            task.code, made.subject, made.grade, task.kind, content_area=made.content_area, max_score=task.max_score
        )
    can_do = {language: getattr(item, f"can_do_{language}") for language in ("kk", "ru", "en")}
    return ItemFacts(
        item.code, item.subject, item.grade, task.kind, item.content_area, task.max_score, item.minutes, can_do
    )


@transaction.atomic
def apply_items(*, import_id: int, by: int | None, now: dt.datetime) -> BankImport:
    """New items, and next versions of changed ones: all or none."""
    must("assessment.manage")
    made = _import(import_id, BankImportState.CHECKED)
    plan = plan_of(made)
    if (plan.count("new"), plan.count("changed")) != (made.n_new, made.n_changed):
        raise InputsMoved(_("The bank has changed since the file was checked. Check the file again."))
    log = []
    for row in plan.rows:
        if row.what == "new":
            item = create_item(facts=row.facts, version=row.version, by=by, now=now, held=(made.org_lo, made.org_hi))
            log.append([item.pk, 1, 0])
        elif row.what == "changed":
            version = revise_item(item_id=row.item.pk, facts=row.facts, version=row.version, by=by, now=now)
            log.append([row.item.pk, version.number, row.before.number])
    made.made, made.state, made.applied_at = log, BankImportState.APPLIED, now
    made.save()
    return made


@transaction.atomic
def take_back_items(*, import_id: int, by: int | None, now: dt.datetime) -> tuple[int, int]:
    """Retire the items it made, and put the wordings it changed back as a further version.

    What was changed again since, or was taken into a test, stays. Returns how many were put back and how many stayed.
    """
    must("assessment.manage")
    made = _import(import_id, BankImportState.APPLIED)
    back = 0
    for item_id, number, before in made.made:
        item = BankItem.objects.get(pk=item_id)
        latest = latest_of(item)
        if latest.number != number or Item.objects.filter(version=latest).exists():
            continue
        if before == 0:
            if item.state != BankState.RETIRED:
                because = _("The file %(name)s was taken back.") % {"name": made.file_name}
                move_item(item_id=item_id, state=BankState.RETIRED, because=because)
        else:
            _restore(item, before, made, by, now)
        back += 1
    made.state, made.taken_back_at = BankImportState.TAKEN_BACK, now
    made.save(update_fields=["state", "taken_back_at"])
    return back, len(made.made) - back


def _restore(item: BankItem, number: int, made: BankImport, by: int | None, now: dt.datetime) -> None:
    earlier = facts_of(item.versions.get(number=number))
    why = _("%(file)s was taken back") % {"file": made.file_name}
    version = VersionFacts(earlier.wordings, earlier.key, earlier.tolerance, earlier.pictures, why)
    can_do = {language: getattr(item, f"can_do_{language}") for language in ("kk", "ru", "en")}
    facts = ItemFacts(
        item.code, item.subject, item.grade, item.kind, item.content_area, item.max_score, item.minutes, can_do
    )
    revise_item(item_id=item.pk, facts=facts, version=version, by=by, now=now)


@transaction.atomic
def discard_items(*, import_id: int) -> None:
    """Put a checked file aside."""
    must("assessment.manage")
    made = _import(import_id, BankImportState.CHECKED)
    made.state = BankImportState.DISCARDED
    made.save(update_fields=["state"])


def _import(import_id: int, state: str) -> BankImport:
    made = BankImport.objects.select_for_update().filter(pk=import_id).first()
    scope = current_scope()
    if made is None or not (scope.database_role == LOADER or (scope.covers(made.org_lo) and scope.covers(made.org_hi))):
        raise NotAllowed(_("This file is not yours to apply."))
    if made.state != state:
        raise WrongState(_("The file was settled already: %(state)s.") % {"state": made.get_state_display()})
    return made
