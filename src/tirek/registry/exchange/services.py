"""An upload's way into the register and back: upload, check, apply, undo, discard. One transaction each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl
from django.db import IntegrityError, transaction
from django.utils import timezone

from tirek.access.scope import because, current_scope, loading
from tirek.registry.exchange import kept, pipeline, staging, undo
from tirek.registry.exchange.faults import ERROR, KEPT, Faults, count
from tirek.registry.models import Import, ImportState, MappingProfile, Source, SourceKind
from tirek.registry.services.counts import recount_touched
from tirek.storage.said import again, kept_of
from tirek.storage.said import nsaid as ngettext
from tirek.storage.said import said as _
from tirek.storage.uploads import LIMITS, UploadRefused
from tirek_engines.errors import Refusal

ALIKE = "alike"
LOCK_CLASS = 7461728  # advisory lock (class, source): one import of a source is checked or applied at a time


class AlreadyUploaded(Refusal):
    """The same file of the same source is on its way already."""

    code = "already_uploaded"
    http_status = 409


class NotApplicable(Refusal):
    """The import is not in a state, or not in order, for what was asked."""

    code = "not_applicable"
    http_status = 409


class EndingsNotConfirmed(NotApplicable):
    """Nobody has agreed to the number of enrolments and employments that would end."""

    code = "endings_not_confirmed"


class RegisterMoved(Refusal):
    """The register changed between checking and applying."""

    code = "register_moved"
    http_status = 409


def upload(*, source: Source, file_name: str, data: bytes, row_kind: str = "", as_of=None,
           profile: MappingProfile | None = None) -> Import:  # fmt: skip
    """Keep the bytes, encrypted, and open an import. The same file twice at once: the second is told about the first."""
    if len(data) > LIMITS.file_bytes:
        raise UploadRefused(_("The file is larger than is accepted. Split it."), code="too_large")
    if not data:
        raise UploadRefused(_("The file is empty. Export it again."), code="empty")
    if source.kind == SourceKind.ONEROSTER:
        row_kind, profile = "", None
    elif profile is None:
        profile = source.profiles.filter(row_kind=row_kind).order_by("-version").first()
    digest = hashlib.sha256(data).hexdigest()
    try:
        with transaction.atomic():
            found = Import.objects.create(
                source=source, profile=profile, org_no=source.org_lo, row_kind=row_kind, file_name=file_name[-200:],
                sha256=digest, size=len(data), as_of=as_of or timezone.localdate(), created_by=current_scope().user_id,
            )  # fmt: skip
            found.sealed = {kept.UPLOAD: kept.keep(data)}  # after the row, which refuses the same file again
            found.save(update_fields=["sealed"])
            return found
    except IntegrityError:
        first = Import.objects.filter(source=source, sha256=digest).order_by("-pk").first()
        raise AlreadyUploaded(
            _("This file was uploaded already: import %(number)s. Go on there, or discard it first.")
            % {"number": first.pk if first else "?"},
            import_id=first.pk if first else None,
        ) from None


def save_profile(*, source: Source, row_kind: str, columns: dict) -> MappingProfile:
    """A new version of the mapping; versions that imports refer to stay as they were."""
    last = source.profiles.filter(row_kind=row_kind).order_by("-version").first()
    if last and last.columns == columns:
        return last
    return MappingProfile.objects.create(
        source=source, org_no=source.org_lo, row_kind=row_kind, version=last.version + 1 if last else 1, columns=columns,
        created_by=current_scope().user_id,
    )  # fmt: skip


def stage(*, import_id: int, tell: Callable = lambda *_: None) -> Import:
    """Read, check and compare an upload; afterwards it can be applied, or it is said why not."""
    with loading_for(import_id) as found:
        _expect(found, ImportState.UPLOADED, ImportState.STAGED, ImportState.REFUSED)
        faults = Faults()
        try:
            staged = pipeline.stage(found, lambda: kept.read(found), faults, tell)
        except UploadRefused as refusal:
            faults.add(found.file_name, None, "", "", refusal.message, "", ERROR, refusal.code)
            staged = pipeline.Staged()
        _keep(found, staged, faults)
    return found


def _keep(found: Import, staged: pipeline.Staged, faults: Faults) -> None:
    table = faults.frame()
    differences = [d for d in staged.differences if d.height]
    frames = {
        "faults": table,
        "differences": pl.concat(differences) if differences else pl.DataFrame(),
        ALIKE: pl.concat(staged.alike, how="diagonal") if staged.alike else pl.DataFrame(),
        **{f"part {kind}": frame for kind, frame in staged.parts.items()},
    }
    kept.forget(found, but=(kept.UPLOAD,))
    found.sealed |= {name: kept.keep_frame(frame) for name, frame in frames.items() if frame.height}
    found.counts = {
        "rows": staged.rows, **count(table), "things": staged.counts, "undecided": frames[ALIKE].height,
        "complete": sorted(staged.complete), "endings": sum(t.get("missing", 0) for t in staged.counts.values()),
    }  # fmt: skip
    why_not = _why_not(found, faults)
    found.refusal, found.counts["refusal"] = str(why_not), kept_of(why_not)
    found.state = ImportState.REFUSED if found.refusal else ImportState.STAGED
    found.staged_at = timezone.now()
    found.save(update_fields=["sealed", "counts", "refusal", "state", "staged_at"])


def _why_not(found: Import, faults: Faults) -> str:
    """Thresholds of the source decide whether the good rows may go in without the others."""
    counts, source = found.counts, found.source
    if faults.has_file_errors():
        return _("The file as a whole has errors. Mend them and upload it again.")
    rows = counts["rows"]
    if rows == 0:
        return _("There is nothing to import in this file.")
    if 100 * counts["faulty_rows"] > source.max_faulty_percent * rows:
        return ngettext(
            "%(n)d row of %(rows)d is faulty; this source allows %(limit)g %%. Mend it and upload the file again.",
            "%(n)d rows of %(rows)d are faulty; this source allows %(limit)g %%. Mend them and upload the file again.",
            counts["faulty_rows"],
        ) % {"n": counts["faulty_rows"], "rows": rows, "limit": source.max_faulty_percent}
    for thing in ("enrolment", "employment"):
        actions = counts["things"].get(thing, {})
        gone, kept = actions.get("missing", 0), sum(actions.get(a, 0) for a in ("unchanged", "changed", "moved"))
        if gone and 100 * gone > source.max_missing_percent * (gone + kept):
            return ngettext(
                "%(n)d person would disappear; this source allows %(limit)g %%. Check that the file is complete.",
                "%(n)d people would disappear; this source allows %(limit)g %%. Check that the file is complete.",
                gone,
            ) % {"n": gone, "limit": source.max_missing_percent}
    return ""


def refusal_of(found: Import) -> str:
    """Why it cannot be applied, in the reader's language."""
    stored = found.counts.get("refusal") if found.refusal else None
    return again(stored) if stored else found.refusal


def decide(*, import_id: int, choices: dict[str, int | None] | None = None, all_as: str = "") -> Import:
    """Say of rows that look like somebody known whether they are that person (None: a new person), then check again.

    ``all_as`` is "same" or "new" for all rows that wait; "open" takes all decisions back.
    """
    with loading_for(import_id) as found:
        _expect(found, ImportState.STAGED, ImportState.REFUSED)
        proposed = {r["row"]: r["person_id"] for r in alike_of(found).iter_rows(named=True)}
        if all_as in ("same", "new"):
            choices = {row: person if all_as == "same" else None for row, person in proposed.items()}
        for row, person_id in (choices or {}).items():
            if row not in proposed or person_id not in (None, proposed[row]):
                raise NotApplicable(_("This row is not waiting for a decision."))
        said = {row: "new" if person is None else person for row, person in (choices or {}).items()}
        found.decisions = {} if all_as == "open" else {**found.decisions, **said}
        found.save(update_fields=["decisions"])
    return stage(import_id=import_id)


def endings_of(found: Import) -> int:
    """How many enrolments and employments would end because a complete file leaves them out."""
    return found.counts.get("endings", 0)


def apply(*, import_id: int, tell: Callable = lambda *_: None, endings: int | None = None) -> Import:
    """Merge what was checked, in one transaction. Refuses when the register has moved since.

    ``endings``: how many enrolments and employments a person has agreed to end because the file leaves them out.
    """
    with because(import_id=import_id) as context_id, loading_for(import_id) as found:
        _expect(found, ImportState.STAGED)
        expected = endings_of(found)
        if expected and endings != expected:
            raise EndingsNotConfirmed(
                _("%(n)d enrolments or employments would end, for this complete file leaves them out. Confirm this number.")
                % {"n": expected}, endings=expected,
            )  # fmt: skip
        parts = [name for kind in pipeline.PART_ORDER if (name := f"part {kind}") in found.sealed]
        done: dict = {}
        for place, name in enumerate(parts):
            tell(place, len(parts) + 1, _("Writing into the register"))
            frame = _part(found, name)
            if frame.height:
                pipeline.add_counts(done, _merged(found, name.removeprefix("part "), frame))
        if f"part {pipeline.RECORDS}" in found.sealed:
            pipeline.keep_records(found, _part(found, f"part {pipeline.RECORDS}"))
        if not _same(done, found.counts["things"]):
            raise _moved()
        recount_touched(context_id)
        staging.rest_between_steps("before commit")
        _close(
            found,
            ImportState.APPLIED,
            applied_by=current_scope().user_id,
            applied_at=timezone.now(),
            context_id=context_id,
        )
    staging.rest_between_steps("after commit")
    return found


def _merged(found: Import, kind: str, frame: pl.DataFrame) -> dict:
    try:
        return pipeline.merge_part(found, kind, frame)
    except (pipeline.Moved, IntegrityError):
        raise _moved() from None


def _moved() -> RegisterMoved:
    return RegisterMoved(
        _("The register has changed since this import was checked. Nothing was written: check it again.")
    )


def _same(one: dict, two: dict) -> bool:
    plain = [{t: {a: n for a, n in actions.items() if n} for t, actions in c.items()} for c in (one, two)]
    return all(plain[0].get(t, {}) == plain[1].get(t, {}) for t in {*plain[0], *plain[1]})


def take_back(*, import_id: int) -> dict[str, int]:
    """Undo an applied import from the history, unless its rows were changed since."""
    with because(undo_of_import=import_id) as context_id, loading_for(import_id) as found:
        _expect(found, ImportState.APPLIED)
        done = undo.take_back(str(found.context_id))
        recount_touched(context_id)
        _close(found, ImportState.UNDONE, undone_by=current_scope().user_id, undone_at=timezone.now())
    return done


def discard(*, import_id: int) -> Import:
    with loading_for(import_id) as found:
        _expect(found, ImportState.UPLOADED, ImportState.STAGED, ImportState.REFUSED)
        _close(found, ImportState.DISCARDED)
    return found


def _close(found: Import, state: str, **values) -> None:
    found.state = state
    for name, value in values.items():
        setattr(found, name, value)
    found.save(update_fields=["state", *values])


@contextmanager
def loading_for(import_id: int) -> Iterator[Import]:
    """The import, read in the asker's own scope (which is the right to it); then the loader's role, under the source's lock."""
    with transaction.atomic():
        found = Import.objects.select_related("source", "profile").filter(pk=import_id).first()
        if found is None:
            raise NotApplicable(_("There is no such import in your territory."))
        if not staging.one("select pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, found.source_id])[0]:
            raise NotApplicable(_("Another import of this source is being worked on. Try again when it is done."))
        found.refresh_from_db(fields=["state"])
        with loading():
            yield found


def _expect(found: Import, *states: str) -> None:
    if found.state not in states:
        raise NotApplicable(
            _("Import %(number)s is already %(state)s.") % {"number": found.pk, "state": found.get_state_display()}
        )


def _part(found: Import, name: str) -> pl.DataFrame:
    return kept.read_frame(found, name)


def faults_of(found: Import) -> pl.DataFrame:
    return _part(found, "faults") if "faults" in found.sealed else pl.DataFrame(schema=KEPT)


def differences_of(found: Import) -> pl.DataFrame:
    return _part(found, "differences") if "differences" in found.sealed else pl.DataFrame()


def alike_of(found: Import) -> pl.DataFrame:
    """Rows that look like somebody known: row, person_id, and what the row says of the person."""
    frame = _part(found, ALIKE) if ALIKE in found.sealed else pl.DataFrame()
    return frame if frame.width else pl.DataFrame(schema={"row": pl.String, "person_id": pl.Int64})


def as_json(found: Import) -> str:
    return json.dumps(
        {"import": found.pk, "state": found.state, "refusal": found.refusal, **found.counts}, ensure_ascii=False
    )
