"""The single door through which a figure becomes public. It hides small groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from django.db import connection

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import Scope, current_scope, loading
from tirek.decisions import queries as decisions
from tirek.decisions.kinds import function
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek.indicators.cells import Cell, Hiding, frame_of, suppressed
from tirek.indicators.computing import compute
from tirek.indicators.definitions import Indicator, indicator_of
from tirek.indicators.joint import suppressed_jointly
from tirek.indicators.models import Figure, Release, ReleaseState, Snapshot
from tirek.indicators.services.remembering import earlier_publications, tables_of, with_tables
from tirek.indicators.services.snapshotting import take_snapshot
from tirek.storage.database import LOADER
from tirek.storage.sealed import Sealed, seal_input
from tirek_engines.errors import Refusal

RULES = "disclosure.figures"
WHOLE_COUNTRY = (0, 2_147_483_647)


class NotAllowed(Refusal):
    """The asker may not publish these figures."""

    code = "not_allowed"
    http_status = 403


class AlreadyPublished(Refusal):
    """Exactly these figures are published already."""

    code = "already_published"
    http_status = 409


class RegisterMoved(Refusal):
    """The register of that day is no longer what the snapshot holds."""

    code = "inputs_moved"
    http_status = 409


class NothingDecided(Refusal):
    """The decision that a figure is made of is not there, or not published."""

    code = "nothing_decided"
    http_status = 409


@dataclass(frozen=True)
class Draft:
    """A figure as it would be published: with small groups hidden. Nothing of it is kept."""

    indicator: Indicator
    as_of: date
    cells: list[Cell]
    query: str
    rules: RuleSet
    snapshot: Snapshot | None = None
    decision_number: str = ""
    about: str = ""
    span: tuple[int, int] = WHOLE_COUNTRY
    earlier: pl.DataFrame | None = None


def draft(
    code: str, *, as_of: date, by: object, now: datetime, snapshot: Snapshot | None = None, decision: str | None = None
) -> Draft:
    """Compute a figure as of a day: on a sealed snapshot, or from a published decision.

    Without its number the decision is the newest one of the asker's territory that holds for a day up to ``as_of``.
    """
    indicator = indicator_of(code)
    scope = current_scope()
    with loading():
        rules = rules_in_force(RULES, as_of, *WHOLE_COUNTRY)
        if indicator.from_decision is not None:
            return draft_of_decision(indicator, decision or _latest_number(indicator, as_of, scope), as_of, rules)
        snapshot = snapshot or take_snapshot(as_of=as_of, by=by, now=now)
        earlier = earlier_publications(indicator, snapshot.as_of)
        return draft_on(indicator, snapshot, rules, earlier)


def draft_on(indicator: Indicator, snapshot: Snapshot, rules: RuleSet, earlier: pl.DataFrame | None) -> Draft:
    """Compute on the sealed tables alone: what publishing does, and verifying does again.

    ``earlier`` is what earlier publications tell; publications from before this was sealed have none.
    """
    tables = tables_of(snapshot.sha256)
    computed = compute(indicator, tables)
    remembered = with_tables(earlier, snapshot)
    cells = suppressed_jointly(computed.cells, indicator, tables, Hiding.by(rules), remembered)
    return Draft(indicator, snapshot.as_of, cells, computed.query, rules, snapshot, earlier=earlier)


def _latest_number(indicator: Indicator, as_of: date, scope: Scope) -> str:
    source = indicator.from_decision
    assert source is not None
    within = (scope.lo, scope.hi) if scope.lo is not None and scope.hi is not None and not scope.is_country else None
    for decision in decisions.published_of(source.kind, source.parameters, within):
        if not source.day or date.fromisoformat(decision.parameters[source.day]) <= as_of:
            return decision.number
    raise NothingDecided(
        f"The figure {indicator.code} is made of a published decision “{source.kind}”, and your territory has none yet."
    )


def draft_of_decision(indicator: Indicator, number: str, as_of: date, rules: RuleSet) -> Draft:
    """Cells from the sealed outcomes of a decision; the day is the one that the decision itself holds for."""
    source = indicator.from_decision
    assert source is not None
    decision = decisions.decision(number)
    facts = {name: decision.parameters.get(name) for name in source.parameters}
    if decision.kind != source.kind or facts != dict(source.parameters):
        raise NothingDecided(f"{decision.number} is no decision that the figure {indicator.code} is made of.")
    outcomes = decisions.table(decision, "outcomes")
    cells = function(source.cells)(decision, decisions.outcome_rows(outcomes))
    cells = suppressed(cells, indicator, Hiding.by(rules))
    return Draft(
        indicator,
        date.fromisoformat(decision.parameters[source.day]) if source.day else as_of,
        list(cells),
        "",
        rules,
        decision_number=decision.number,
        about=str(decision.parameters[source.about])[:80] if source.about else "",
        span=(decision.org_lo, decision.org_hi),
    )


def publish(
    code: str,
    *,
    as_of: date,
    by: User | None,
    now: datetime,
    snapshot: str | None = None,
    decision: str | None = None,
) -> Release:
    """Publish a figure as of a day; an earlier publication of the same figure for that day is superseded.

    With ``snapshot`` (a digest) it is refused when the register of that day has changed since the snapshot was taken.
    ``decision`` is the number of the published decision that the figure is made of.
    """
    scope = current_scope()
    found = _given_snapshot(snapshot, as_of, by, now)
    with connection.cursor() as cursor:  # before computing: what is hidden depends on what is published
        cursor.execute("select pg_advisory_xact_lock(hashtext('publish figures'))")
    ready = draft(code, as_of=as_of, by=by, now=now, snapshot=found, decision=decision)
    _check_right(scope, ready)
    with loading():
        _check_decision(ready)
        return _enter(ready, by, now)


def _given_snapshot(sha256: str | None, as_of: date, by: object, now: datetime) -> Snapshot | None:
    if sha256 is None:
        return None
    fresh = take_snapshot(as_of=as_of, by=by, now=now)
    if not fresh.sha256.startswith(sha256):
        raise RegisterMoved(
            f"The register as of {as_of} is no longer what the snapshot {sha256[:12]} holds. "
            "Look at the figure again and publish what it is now.",
            snapshot=sha256,
        )
    return fresh


def _check_decision(ready: Draft) -> None:
    """A figure is made of a decision in force; it stays so until the figure stands."""
    if not ready.decision_number:
        return
    state = decisions.state_kept(ready.decision_number)
    if state != decisions.PUBLISHED:
        raise NothingDecided(f"{ready.decision_number} is not published (it is {state}), so no figure is made of it.")


def _enter(ready: Draft, by: User | None, now: datetime) -> Release:
    indicator = ready.indicator
    cells = seal_input(frame_of(ready.cells))
    identity = {
        "indicator": indicator.code,
        "as_of": ready.as_of,
        "about": ready.about,
        "org_lo": ready.span[0],
        "org_hi": ready.span[1],
    }
    before = Release.objects.filter(**identity, state=ReleaseState.PUBLISHED).first()
    if before is not None and _same(before, ready, cells):
        raise AlreadyPublished(
            f"{indicator.code} as of {ready.as_of} is published already, with exactly these numbers, as {before.number} "
            f"by {before.published_by_name}. Nothing was changed.",
            number=before.number,
        )
    number = _next_number(now)
    if before is not None:
        Release.objects.filter(pk=before.pk).update(state=ReleaseState.SUPERSEDED, closed_at=now, closed_because=number)
    release = Release.objects.create(
        **identity,
        number=number,
        version=indicator.version,
        definition=indicator.definition(),
        definition_sha256=indicator.digest,
        query=ready.query,
        snapshot=ready.snapshot,
        decision_number=ready.decision_number,
        minimum=ready.rules.value("minimal_group"),
        rule_seal=seal_input(ready.rules.sealable()).as_dict(),
        earlier=None if ready.earlier is None else seal_input(ready.earlier).as_dict(),
        cells=cells.as_dict(),
        cell_count=len(ready.cells),
        hidden_count=sum(cell.suppressed for cell in ready.cells),
        supersedes=before,
        published_by=by,
        published_by_name=str(by or ""),
        published_at=now,
    )
    Figure.objects.bulk_create([_figure(release, cell) for cell in ready.cells], batch_size=2000)
    return release


def _same(before: Release, ready: Draft, cells: Sealed) -> bool:
    """The same numbers by the same definition; those of another decision are another figure, even if they are equal."""
    return (
        before.cells["sha256"] == cells.sha256
        and before.definition_sha256 == ready.indicator.digest
        and before.decision_number == ready.decision_number
    )


def _figure(release: Release, cell: Cell) -> Figure:
    names = ("level", "territory", "org_lo", "org_hi", "settlement", "kind", "numerator", "denominator", "value", "se",
             "low", "high", "persons", "suppressed")  # fmt: skip
    return Figure(release=release, **{name: getattr(cell, name) for name in names})


def _next_number(now: datetime) -> str:
    """Numbers follow each other within a year; the publishing lock is held."""
    from django.utils import timezone

    start = f"F-{timezone.localdate(now).year}-"
    last = Release.objects.filter(number__startswith=start).order_by("-number").values_list("number", flat=True).first()
    return f"{start}{int(last.rpartition('-')[2]) + 1 if last else 1:06d}"


def withdraw(number: str, *, by: User | None, now: datetime, because: str) -> Release:
    """Take a publication back, saying why. It stays readable."""
    scope = current_scope()
    if not because.strip():
        raise Refusal("Say why the figure is withdrawn.", code="reason_missing")
    with loading():
        release = Release.objects.select_for_update().get(number=number)
        ranges = list(release.figures.values_list("org_lo", "org_hi"))
        _check_ranges(scope, [*ranges, (release.org_lo, release.org_hi)] if release.decision_number else ranges)
        if release.state != ReleaseState.PUBLISHED:
            raise Refusal(f"{number} is {release.state} already.", code="not_published")
        release.state, release.closed_at, release.closed_because = (
            ReleaseState.WITHDRAWN,
            now,
            f"{by or ''}: {because}"[:300],
        )
        release.save(update_fields=["state", "closed_at", "closed_because"])
    return release


def _check_right(scope: Scope, ready: Draft) -> None:
    ranges = [(cell.org_lo, cell.org_hi) for cell in ready.cells]
    _check_ranges(scope, [*ranges, ready.span] if ready.decision_number else ranges)


def _check_ranges(scope: Scope, ranges: list[tuple[int, int]]) -> None:
    """Whoever publishes must have all that is published in his territory."""
    if scope.database_role == LOADER:
        return  # a job or the command line, whose right was checked before
    covered = all(scope.covers(lo) and scope.covers(hi) for lo, hi in ranges)
    if not scope.role or not may(scope.role, "figures.publish") or not covered:
        raise NotAllowed("Your role or territory does not allow you to publish these figures.")
