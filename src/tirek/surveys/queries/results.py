"""Published results: what a decision says, cut to what the asker may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.decisions import queries as decisions
from tirek.registry.models import Territory
from tirek.registry.queries import labels
from tirek.registry.queries.territories import local_name
from tirek.surveys.forms.definition import Definition, definition_of
from tirek.surveys.forms.joining import COUNTED, Item, choice_label, joined
from tirek.surveys.models import FormVersion, PublishedScale, Response, Round

ALL, DISTRICT, SCHOOL = "all", "district", "school"


@dataclass(frozen=True)
class ScaleResult:
    """A scale of one school in the latest published round of its questionnaire. Small groups are never given."""

    org_no: int
    audience: str
    form_code: str
    form_version: int
    scale_code: str
    mean: float
    low_share: float
    n: int
    invited: int
    closed_on: dt.date


def scale_results(org_nos: Iterable[int], on: dt.date) -> list[ScaleResult]:
    """Scales of some schools as they were known on a day: of each questionnaire and audience the latest round.

    The caller limits ``org_nos`` to the asker's scope; the row policies do the same again.
    """
    rows = PublishedScale.objects.filter(org_no__in=list(org_nos), closed_on__lte=on).order_by("closed_on", "pk")
    rows = list(rows)
    numbers = {row.number for row in rows}
    with loading():  # whether a result still stands is no secret; its head may lie outside a school's range
        published = decisions.decisions().filter(number__in=numbers, state=decisions.PUBLISHED)
        standing = set(published.values_list("number", flat=True))
    latest: dict[tuple, ScaleResult] = {}
    for row in rows:
        if row.number in standing:
            latest[row.org_no, row.audience, row.form_code, row.scale_code] = ScaleResult(
                row.org_no, row.audience, row.form_code, row.form_version, row.scale_code, row.mean, row.low_share, row.n,
                row.invited, row.closed_on,
            )  # fmt: skip
    return sorted(latest.values(), key=lambda r: (r.org_no, r.audience, r.form_code, r.scale_code))


@dataclass(frozen=True)
class GroupChoice:
    """A group whose results may be asked for."""

    kind: str
    code: str
    label: str

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.code}"


def groups_of(found: Round, scope: Scope) -> list[GroupChoice]:
    """Everybody, every district, and the schools of the asker's scope."""
    with loading():
        decision = decisions.decision(found.result_number)
        frame = decisions.table(decision, "frame")
        on = decision.made_at.date()
        districts = Territory.objects.filter(code__in=frame["district"].unique().to_list())
        names = {t.code: t for t in districts}
        own = [(no, code) for no, code in frame.select("org_no", "school").iter_rows() if scope.covers(no)]
        schools = labels.names_by_org_no([no for no, _school in own], on=on)
    groups = [GroupChoice(ALL, ALL, _("All schools of the round"))]
    groups += [GroupChoice(DISTRICT, code, local_name(names[code])) for code in sorted(names)]
    return groups + [GroupChoice(SCHOOL, code, schools.get(no, code)) for no, code in own]


@dataclass(frozen=True)
class Tables:
    """The sealed tables of a published result."""

    questions: pl.DataFrame
    scales: pl.DataFrame
    reliability: pl.DataFrame
    weights: pl.DataFrame
    frame: pl.DataFrame
    items: pl.DataFrame
    decision: object
    outcomes: list[dict]


def tables_of(found: Round) -> Tables:
    """Read as the loader: what single schools have is cut by the caller with :func:`visible`."""
    with loading():
        decision = decisions.decision(found.result_number)
        tables = {
            n: decisions.table(decision, n) for n in ("questions", "scales", "reliability", "weights", "frame", "items")
        }
        outcomes = decisions.outcome_rows(decisions.table(decision, "outcomes"))
    return Tables(**tables, decision=decision, outcomes=outcomes)


def visible(table: pl.DataFrame, frame: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Rows of everybody and the districts, and of the schools that lie in the scope."""
    own = [code for no, code in frame.select("org_no", "school").iter_rows() if scope.covers(no)]
    return table.filter((pl.col("group_kind") != SCHOOL) | pl.col("group").is_in(own))


def items_of(found: Round, kinds: Iterable[str] = COUNTED) -> list[Item]:
    """Questions of the versions that were answered."""
    with loading():
        return joined(definitions_of(found), kinds)


def definitions_of(found: Round) -> dict[int, Definition]:
    """The versions that were answered in a round, by number. Read as the loader."""
    ids = Response.objects.filter(round=found).order_by().values_list("version_id", flat=True).distinct()
    versions = FormVersion.objects.filter(pk__in=[*ids, found.version_id])
    return {version.number: definition_of(version.xform_sha256) for version in versions}


def labelled(items: Sequence[Item], language: str) -> dict[str, dict]:
    """By key: the question's words, its choices' words, and the versions it stood in."""
    return {
        item.key: {
            "label": item.control.label.say(language) or item.name,
            "choices": {choice: choice_label(item, choice, language) for choice in item.choices},
            "versions": item.versions,
        }
        for item in items
    }
