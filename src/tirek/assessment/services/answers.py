"""Bring in answers: read, check, show, and apply in one transaction what was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.files import answers as answer_files
from tirek.assessment.files.uploads import Unreadable, read_answers
from tirek.assessment.models import (
    AnswerImport,
    AnswerSheet,
    Calibration,
    CalibrationState,
    ImportState,
    Sitting,
    SittingState,
    Test,
    TestState,
)
from tirek.assessment.queries import tests as queries
from tirek.assessment.queries.seats import seats_on_papers
from tirek.assessment.refusals import InputsMoved, WrongState, must
from tirek.assessment.sitting import scanned
from tirek.storage.tables import Fault, shown

MOST_FAULTS_PERCENT = 5
"""With more of the sheets at fault than this, the file is to be mended first: what is wrong is probably the file."""
KEPT_FAULTS = 1000
BATCH = 5000
STEPS = 5
WAITING = (ImportState.RECEIVED, ImportState.CHECKED, ImportState.REFUSED)
Tell = Callable[[int, int, str], None]


@dataclass
class Plan:
    """What a file would do: sheets to add and to change, and every fault."""

    new: list[AnswerSheet] = field(default_factory=list)
    changed: list[AnswerSheet] = field(default_factory=list)
    n_unchanged: int = 0
    n_rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    whole: bool = False

    @property
    def n_good(self) -> int:
        return len(self.new) + len(self.changed) + self.n_unchanged

    @property
    def may_be_applied(self) -> bool:
        n_bad = self.n_rows - self.n_good
        return not self.whole and self.n_good > 0 and n_bad * 100 <= MOST_FAULTS_PERCENT * self.n_rows

    def counts(self) -> dict[str, int]:
        return {
            "n_rows": self.n_rows,
            "n_good": self.n_good,
            "n_new": len(self.new),
            "n_changed": len(self.changed),
            "n_unchanged": self.n_unchanged,
            "n_faults": len(self.faults),
        }


def nobody(done: int, total: int, message: str) -> None:
    """Progress that nobody reads."""


@transaction.atomic
def receive_answers(*, test_id: int, content: bytes, file_name: str, options: dict | None = None) -> AnswerImport:
    """Keep a file to be checked; nothing else is changed. ``options``: how a scanner's rows are read (`scanned.Signs`)."""
    must("assessment.manage")
    test = Test.objects.get(pk=test_id)
    _must_collect(test)
    sha256 = hashlib.sha256(content).hexdigest()
    _must_be_new(test, sha256)
    return AnswerImport.objects.create(
        test=test,
        org_lo=test.org_lo,
        file_name=file_name[:200],
        sha256=sha256,
        content=content,
        state=ImportState.RECEIVED,
        options=options or {},
        by_id=current_scope().user_id,
        at=timezone.now(),
    )


@transaction.atomic
def check_received(*, import_id: int, tell: Tell = nobody) -> AnswerImport:
    """Check a received file against the test and the register; a file already checked stays as it is."""
    must("assessment.manage")
    received = AnswerImport.objects.select_for_update().get(pk=import_id)
    if received.state != ImportState.RECEIVED:
        return received
    _must_collect(received.test)
    plan = plan_answers(received.test, bytes(received.content), received.file_name, tell, received.options)
    for name, value in plan.counts().items():
        setattr(received, name, value)
    received.state = ImportState.CHECKED if plan.may_be_applied else ImportState.REFUSED
    received.faults = [asdict(f) | {"warning": w} for f, w in _with_warnings(plan)[:KEPT_FAULTS]]
    received.at = timezone.now()
    received.save(update_fields=[*plan.counts(), "state", "faults", "at"])
    return received


@transaction.atomic
def check_answers(*, test_id: int, content: bytes, file_name: str, options: dict | None = None) -> AnswerImport:
    """Receive a file and check it at once."""
    received = receive_answers(test_id=test_id, content=content, file_name=file_name, options=options)
    return check_received(import_id=received.pk)


def _must_be_new(test: Test, sha256: str) -> None:
    if AnswerImport.objects.filter(test=test, sha256=sha256, state=ImportState.APPLIED).exists():
        raise WrongState(_("This very file has been applied already. There is nothing left to do."))


def _with_warnings(plan: Plan) -> list[tuple[Fault, bool]]:
    return [(fault, False) for fault in plan.faults] + [(fault, True) for fault in plan.warnings]


@transaction.atomic
def apply_answers(*, import_id: int, tell: Tell = nobody) -> AnswerImport:
    """Apply a checked file: all of its good sheets or, if anything moved since the check, none."""
    must("assessment.manage")
    test = Test.objects.select_for_update().get(imports=import_id)
    checked = AnswerImport.objects.select_for_update().get(pk=import_id)
    if checked.state == ImportState.APPLIED:
        return checked
    _must_collect(test)
    if checked.state == ImportState.RECEIVED:
        raise WrongState(_("This file is not checked yet."))
    if checked.state != ImportState.CHECKED:
        raise WrongState(_("This file was not found good enough to be applied. Mend it and check it again."))
    _must_be_new(test, checked.sha256)
    plan = plan_answers(test, bytes(checked.content), checked.file_name, tell, checked.options)
    if any(getattr(checked, name) != value for name, value in plan.counts().items()):
        raise InputsMoved(_("The register or the answers changed since the file was checked. Check it again."))
    tell(4, STEPS, _("Writing the answers"))
    write_sheets(test, new=plan.new, changed=plan.changed)
    checked.state = ImportState.APPLIED
    checked.applied_at = timezone.now()
    checked.save(update_fields=["state", "applied_at"])
    return checked


@transaction.atomic
def discard_import(*, import_id: int) -> None:
    must("assessment.manage")
    waiting = AnswerImport.objects.filter(pk=import_id, state__in=WAITING)
    waiting.update(state=ImportState.DISCARDED, content=b"")


def import_answers(*, test_id: int, content: bytes, file_name: str) -> AnswerImport:
    """Check and, if the file may be applied, apply: for the command line and for loading a demonstration."""
    checked = check_answers(test_id=test_id, content=content, file_name=file_name)
    return apply_answers(import_id=checked.pk) if checked.state == ImportState.CHECKED else checked


def _must_collect(test: Test) -> None:
    if test.state == TestState.PUBLISHED:
        raise WrongState(_("The results of this test are published. Withdraw them before you change answers."))


def write_sheets(test: Test, *, new: list[AnswerSheet], changed: list[AnswerSheet]) -> None:
    """Write sheets; their sittings are answered, and a calibration of the answers before is superseded."""
    AnswerSheet.objects.bulk_create(new, batch_size=BATCH)
    AnswerSheet.objects.bulk_update(changed, ["booklet", "codes", "sitting", "org_no"], batch_size=1000)
    sittings = {sheet.sitting_id for sheet in (*new, *changed)}
    Sitting.objects.filter(pk__in=sittings).exclude(state=SittingState.ANSWERED).update(state=SittingState.ANSWERED)
    if new or changed:
        supersede_calibration(test)


def supersede_calibration(test: Test) -> None:
    """The answers are no longer those that were calibrated."""
    current = Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED)
    current.update(state=CalibrationState.SUPERSEDED)
    if test.state != TestState.COLLECTING:
        test.state = TestState.COLLECTING
        test.save(update_fields=["state"])


def plan_answers(test: Test, content: bytes, file_name: str, tell: Tell = nobody, options: dict | None = None) -> Plan:
    """What the file would do to the answers as they are now."""
    tell(0, STEPS, _("Reading the file"))
    try:
        frame, row_faults, warnings = read_answers(content, file_name)
    except Unreadable as bad:
        return Plan(faults=bad.faults, whole=True)
    spoiled = {fault.row for fault in row_faults}
    sound = frame.filter(~pl.col("_row").is_in(list(spoiled))) if spoiled else frame
    tell(1, STEPS, _("Checking every answer"))
    design = queries.design_of(test)
    n_left_out = len(spoiled)
    if scanned.is_scanned(sound):
        n_before = sound.height
        sound, more_faults, more_warnings = _from_scanner(test, design, sound, options or {}, file_name)
        row_faults, warnings = row_faults + more_faults, warnings + more_warnings
        n_left_out += n_before - sound.height
    checked = answer_files.check(sound, design, file_name)
    plan = Plan(
        n_rows=checked.n_rows + n_left_out,
        faults=row_faults + checked.faults,
        warnings=warnings + checked.warnings,
        whole=checked.whole,
    )
    tell(2, STEPS, _("Looking the pupils up in the register"))
    _place_sheets(test, checked, file_name, plan)
    plan.faults.sort(key=lambda fault: fault.row or 0)
    return plan


def _from_scanner(test: Test, design: answer_files.Design, frame: pl.DataFrame, options: dict, file_name: str):
    """Rows by the number on the paper as rows by pupil."""
    seats = seats_on_papers(test, scanned.papers_in(frame))
    signs = scanned.Signs.from_options(options)
    return scanned.as_matrix(frame, booklets=design.booklets, seat_of=seats.get, signs=signs, file=file_name)


def _place_sheets(test: Test, checked: answer_files.Checked, file: str, plan: Plan) -> None:
    """Find each pupil and the sitting, and compare with the sheet already there."""
    pupils = queries.pupils_named(list(checked.sheets))
    places = queries.sittings_of(test, set(pupils.values()))
    booklets = queries.booklet_ids(test)
    have = queries.sheets_of(test, set(pupils.values()))
    placed: dict[int, int] = {}
    for name, (row, booklet, codes) in checked.sheets.items():
        person_id = pupils.get(name)
        fault = _pupil_fault(name, row, person_id, places, placed, file)
        if fault:
            plan.faults.append(fault)
            continue
        placed[person_id] = row
        sitting_id, org_no = places[person_id]
        sheet = AnswerSheet(
            test=test,
            sitting_id=sitting_id,
            person_id=person_id,
            booklet_id=booklets[booklet],
            org_no=org_no,
            codes=codes,
        )
        _compare(sheet, have.get(person_id), plan)


def _compare(sheet: AnswerSheet, before: tuple[int, int, bytes] | None, plan: Plan) -> None:
    if before is None:
        plan.new.append(sheet)
        return
    sheet.pk = before[0]
    if (sheet.booklet_id, sheet.codes) == before[1:]:
        plan.n_unchanged += 1
    else:
        plan.changed.append(sheet)


def _pupil_fault(name, row, person_id, places, placed, file) -> Fault | None:
    if person_id is None:
        what = _("The register has no such pupil in your scope.")
        return Fault(
            file, row, "pupil", shown(name), what, _("Check the identifier, or add the pupil to the register first.")
        )
    if person_id in placed:
        what = _("This pupil is already in row %(row)s.") % {"row": placed[person_id]}
        return Fault(file, row, "pupil", shown(name), what, _("Keep one of the two rows."))
    if person_id not in places:
        what = _("The pupil’s class has no sitting of this test.")
        return Fault(
            file, row, "pupil", shown(name), what, _("Open a sitting for the class, or correct the enrolment.")
        )
    return None
