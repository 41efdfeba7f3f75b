"""Results of schools before and after, with what is known of the scale of every wave: what an impact run seals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import hypot
from typing import Any

import polars as pl
from django.db.models import Count, F, Q

from tirek.access.scope import loading
from tirek.assessment.models import Dimension, GroupResult, Link, PersonResult, TestKind, Trend
from tirek.decisions import queries as journal
from tirek.programmes.decided.impact_sealed import PAIRS, PANEL, SCHOOLS, WAVES
from tirek.programmes.models import LeftBecause, Participation, Programme
from tirek.programmes.queries.impact_design import Wave, school_results, waves_of
from tirek.registry.models import Succession

FAR = dt.date(9999, 12, 31)


def panel_inputs(
    programme: Programme, *, subject: str, grade: int, begins: dt.date, comparison: str
) -> dict[str, pl.DataFrame]:
    """Panel, waves, schools and pairs. Read with the loader's eyes, after the right is checked."""
    waves = compared_waves(waves_of(programme, subject, grade), begins)
    chosen = journal.decision(comparison)
    design = journal.table(chosen, "schools")
    inside = set(design["org_no"].to_list())
    rows = [row for row in school_results(waves, programme) if row[0] in inside]
    return {
        "panel": pl.DataFrame(rows, schema=PANEL, orient="row"),
        "waves": _waves(waves, begins),
        "schools": _schools(programme, design, waves, begins),
        "pairs": journal.table(chosen, "pairs").select(list(PAIRS)),
    }


def compared_waves(waves: Sequence[Wave], begins: dt.date) -> list[Wave]:
    """All waves before; after, exit and interim tests: an autumn's entrance shows what pupils bring along from before.

    Where later waves are entrance tests only, they are what there is.
    """
    later = [wave for wave in waves if wave.last_day > begins]
    grown = [wave for wave in later if wave.test.kind != TestKind.ENTRANCE]
    return [wave for wave in waves if wave.last_day <= begins] + (grown or later)


def _waves(waves: Sequence[Wave], begins: dt.date) -> pl.DataFrame:
    """A wave stands on the entrance wave's scale if a chain of links leads from one to the other."""
    before = [wave for wave in waves if wave.last_day <= begins]
    base = before[-1] if before else None
    overall = {
        row.release_id: row
        for row in GroupResult.objects.filter(
            release__in=[w.release for w in waves], dimension=Dimension.ALL, suppressed=""
        )
    }
    rows = []
    for k, wave in enumerate(waves, 1):
        found = overall.get(wave.release.pk)
        path = _path(wave.release, base.release) if base else None
        rows.append((
            k, wave.test.code, wave.test.title_en, wave.last_day.isoformat(), wave.number, found.mean if found else None,
            found.sd if found else None, path is not None, path[0] if path else None, path[1] if path else None,
            _at_top(wave),
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=WAVES, orient="row")


def _path(release, base) -> tuple[float, float] | None:
    """Errors of linking between two publications: of a mean in points, and of the unit as a share; None without a chain."""
    one, other = _chain(release), _chain(base)
    shared = [r for r in one if r in other]
    if not shared:
        return None
    parts = [*one[: one.index(shared[0])], *other[: other.index(shared[0])]]
    mean = slope = 0.0
    for pk in parts:
        step_mean, step_slope = _step(pk)
        mean, slope = hypot(mean, step_mean), hypot(slope, step_slope)
    return mean, slope


def _chain(release) -> list[int]:
    """Publications from this one back along its links; a result without calibration stands alone."""
    found, seen = [release.pk], {release.test_id}
    link = release.link
    while link is not None and link.base_id not in seen:
        seen.add(link.base_id)
        base = link.base_calibration.releases.select_related("link").order_by("-at").first()
        if base is None:
            break
        found.append(base.pk)
        link = base.link
    return found


def _step(pk: int) -> tuple[float, float]:
    """What one link adds."""
    link = Link.objects.filter(releases=pk).first()
    trend = Trend.objects.filter(release_id=pk, dimension=Dimension.ALL, link_se__isnull=False).first()
    mean = float(trend.link_se) if trend is not None and trend.link_se is not None else 0.0
    slope = float(link.slope_se / link.slope) if link is not None and link.slope_se and link.slope else 0.0
    return mean, abs(slope)


def _at_top(wave: Wave) -> float | None:
    """Share of pupils with every point that could be had."""
    counted = PersonResult.objects.filter(release=wave.release).aggregate(
        n=Count("id"), top=Count("id", filter=Q(raw_score=F("max_raw_score")))
    )
    return counted["top"] / counted["n"] if counted["n"] else None


def _schools(programme: Programme, design: pl.DataFrame, waves: Sequence[Wave], begins: dt.date) -> pl.DataFrame:
    """Schools of the design: when each entered, whether it left meanwhile, whether it was merged or divided."""
    joined: dict[int, dt.date] = {}
    left: set[int] = set()
    for one in Participation.objects.filter(programme=programme).order_by("org_no", "valid"):
        joined.setdefault(one.org_no, one.valid.lower)
        (left.discard if one.valid.upper is None else left.add)(one.org_no)
    last = waves[-1].last_day if waves else begins
    merged = _merged(design["org_no"].to_list(), begins, last)
    ended = _ended(programme)
    rows = []
    for row in design.select("code", "org_no", "treated", "pupils").iter_rows(named=True):
        number = row["org_no"]
        entry = _entry(max(joined.get(number, FAR), begins), waves) if row["treated"] else 0
        gone = number in left and number not in ended
        rows.append((row["code"], number, row["treated"], entry, row["pupils"], gone, number in merged))
    return pl.DataFrame(rows, schema=SCHOOLS, orient="row")


def _entry(day: dt.date, waves: Sequence[Wave]) -> int:
    """The first wave that was sat after this day; one more than there are where none was."""
    return next((k for k, wave in enumerate(waves, 1) if wave.first_day > day), len(waves) + 1)


def _ended(programme: Programme) -> set[int]:
    """Schools whose time ended with the programme: they have not left it."""
    found = Participation.objects.filter(programme=programme, left_because=LeftBecause.ENDED)
    return set(found.values_list("org_no", flat=True))


def _merged(org_nos: list[int], begins: dt.date, until: dt.date) -> set[int]:
    found = Succession.objects.filter(date__gt=begins, date__lte=until)
    pairs = found.values_list("before__org_no", "after__org_no")
    return {number for pair in pairs for number in pair} & set(org_nos)


def first_later_day(programme: Programme, subject: str, grade: int, begins: dt.date) -> dt.date | None:
    """When the first wave after the programme began was opened: its first day of sitting."""
    waves = compared_waves(waves_of(programme, subject, grade), begins)
    later = [wave for wave in waves if wave.last_day > begins]
    return min((wave.first_day for wave in later), default=None)


def fresh_panel(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """For the journal: the inputs as they are now, asked the same way."""
    with loading():
        programme = Programme.objects.get(slug=parameters["programme"])
        return panel_inputs(
            programme, subject=parameters["subject"], grade=int(parameters["grade"]),
            begins=dt.date.fromisoformat(parameters["begins_on"]), comparison=parameters["comparison"],
        )  # fmt: skip
