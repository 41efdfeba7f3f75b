"""What reports are made from. Pupils' rows are read in the asker's own scope, so that the row policies hold; items and
their difficulties, which only the holder of a test sees in full, are read by the program and shown as shares and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from tirek.access.scope import loading
from tirek.assessment.codes import as_scores
from tirek.assessment.content_areas import area_name
from tirek.assessment.models import (
    AnswerSheet,
    BookletItem,
    Calibration,
    CalibrationState,
    Dimension,
    GroupResult,
    Item,
    ItemEstimate,
    LevelShare,
    Panel,
    PanelState,
    PersonResult,
    Release,
    ResearchFile,
    Sitting,
)
from tirek.decisions import queries as journal
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek.registry.models import Enrolment, Institution, Territory, TerritoryLevel
from tirek_engines.assessment.standards import ordered_booklet
from tirek_engines.psychometrics import NOT_ANSWERED
from tirek_engines.psychometrics.items import Items

LANGUAGES = ("kk", "ru", "en")


def words_of(thing: Any, name: str) -> str:
    """A text kept in three languages, in the reader's; else in whichever there is."""
    own = (get_language() or "kk")[:2]
    for code in (own, *LANGUAGES):
        if text := getattr(thing, f"{name}_{code}", "") or "":
            return text
    return ""


def rules_of(release: Release, name: str) -> RuleSet:
    """The rules of the day on which the results were published."""
    with loading():
        return rules_in_force(f"assessment.{name}", timezone.localdate(release.at), release.org_lo, release.test.org_hi)


@dataclass(frozen=True)
class TaskOnScale:
    """An item of the test with its place on the scale."""

    code: str
    area: str
    can_do: str
    wording: str
    max_score: int
    difficulty: float
    error: float
    secret_wording: str = ""

    @property
    def words(self) -> str:
        """What a pupil who solves it can do; without such words the task itself, shortened, once it is no secret."""
        return _short(self.can_do or self.wording)

    @property
    def words_for_holder(self) -> str:
        """The same for those who hold the test and know its tasks anyway."""
        return _short(self.can_do or self.wording or self.secret_wording)


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + "…"


@dataclass(frozen=True)
class Scaled:
    """The items that count, as the engine takes them, and what each is about."""

    items: Items
    tasks: tuple[TaskOnScale, ...]

    @property
    def errors(self) -> NDArray[np.float64]:
        return np.array([task.error for task in self.tasks])

    def areas(self) -> dict[str, NDArray[np.int64]]:
        """Places of the items of each content area that is named."""
        names = sorted({task.area for task in self.tasks if task.area})
        return {n: np.array([j for j, task in enumerate(self.tasks) if task.area == n], np.int64) for n in names}


def scaled_items(calibration: Calibration) -> Scaled:
    """Items whose categories are their scores; the few with scores that nobody got are left aside."""
    with loading():
        found = ItemEstimate.objects.filter(calibration=calibration, difficulty__isnull=False)
        rows = [
            row
            for row in found.select_related("item__test", "item__version__item").order_by("item__position")
            if len(row.steps or [row.difficulty]) == row.item.max_score
        ]
    steps = np.array([len(row.steps or [0]) for row in rows], np.int64)
    slopes = np.array([row.slope or 1.0 for row in rows])
    intercepts = np.zeros((len(rows), int(steps.max(initial=1))))
    for j, row in enumerate(rows):
        intercepts[j, : steps[j]] = -np.cumsum(row.steps or [slopes[j] * (row.difficulty or 0.0)])
    items = Items(
        names=tuple(row.item.code for row in rows),
        models=tuple(row.model or "rasch" for row in rows),
        slopes=slopes,
        intercepts=intercepts,
        guessing=np.array([row.guessing or 0.0 for row in rows]),
        n_steps=steps,
        values=tuple(tuple(range(n + 1)) for n in steps.tolist()),
        dimensions=np.zeros(len(rows), np.int64),
    )
    return Scaled(items, tuple(_task(row) for row in rows))


def places_in_points(release: Release) -> list[tuple[str, float]]:
    """Where a pupil has an even chance of each point of each item, whatever its model: the label and the place."""
    if release.calibration is None:
        return []
    scaled, scale = scaled_items(release.calibration), release.distribution["scale"]
    many = {task.code: task.max_score > 1 for task in scaled.tasks}
    found = []
    for page in ordered_booklet(scaled.items, response_probability=0.5):
        label = (
            _("%(item)s, %(n)s or more points") % {"item": page.item, "n": page.step} if many[page.item] else page.item
        )
        if np.isfinite(page.location):
            place = scale["centre"] + scale["spread"] * (page.location - scale["origin"]) / scale["unit"]
            found.append((label, float(place)))
    return found


def is_open(item: Item) -> bool:
    """Whether a task's wording may be shown: one of the bank once it was released, another from its test's day on."""
    if item.version_id:
        return not item.version.item.is_secure
    opens = item.test.tasks_open_on
    return opens is not None and opens <= timezone.localdate()


def _task(row: ItemEstimate) -> TaskOnScale:
    item, kept = row.item, row.item.version.item if row.item.version_id else None
    return TaskOnScale(
        code=item.code,
        area=area_name((kept.content_area if kept else "") or item.content_area),
        can_do=words_of(kept, "can_do") if kept else "",
        wording=words_of(item, "wording") if is_open(item) else "",
        max_score=item.max_score,
        difficulty=row.difficulty or 0.0,
        error=row.difficulty_se or 0.0,
        secret_wording=words_of(item, "wording"),
    )


@dataclass(frozen=True)
class Pupils:
    """Pupils with a published result, their answers as scores (255: none), and their classes."""

    results: tuple[PersonResult, ...]
    scores: NDArray[np.uint8]
    class_of: tuple[tuple[int, str] | None, ...]

    def of_class(self, pk: int) -> Pupils:
        keep = [i for i, group in enumerate(self.class_of) if group and group[0] == pk]
        return Pupils(tuple(self.results[i] for i in keep), self.scores[keep], tuple(self.class_of[i] for i in keep))

    def classes(self) -> list[tuple[int, str]]:
        return sorted({group for group in self.class_of if group}, key=lambda group: group[1])


def pupils_of(release: Release, scaled: Scaled, *, org_no: int | None = None, person_id: int | None = None) -> Pupils:
    """Of one school or of one pupil, as far as the asker may see them."""
    found = PersonResult.objects.filter(release=release).order_by("person_id")
    found = found.filter(org_no=org_no) if person_id is None else found.filter(person_id=person_id)
    results = {row.person_id: row for row in found}
    sheets = AnswerSheet.objects.filter(test=release.test, person_id__in=results).order_by("person_id")
    kept = [sheet for sheet in sheets if sheet.person_id in results]
    codes = _matrix(release, scaled, kept)
    rules = rules_of(release, "calibration")
    scores = as_scores(
        codes, omitted=rules.value("omitted_counts_as"), not_reached=rules.value("not_reached_counts_as")
    )
    groups = _classes(release, [sheet.person_id for sheet in kept])
    return Pupils(tuple(results[s.person_id] for s in kept), scores, tuple(groups.get(s.person_id) for s in kept))


def _matrix(release: Release, scaled: Scaled, sheets: list[AnswerSheet]) -> NDArray[np.uint8]:
    column = {code: j for j, code in enumerate(scaled.items.names)}
    with loading():
        places: dict[int, list[str]] = {}
        rows = BookletItem.objects.filter(booklet__test=release.test).order_by("booklet_id", "position")
        for booklet, code in rows.values_list("booklet_id", "item__code"):
            places.setdefault(booklet, []).append(code)
    codes = np.full((len(sheets), len(column)), NOT_ANSWERED, np.uint8)
    for i, sheet in enumerate(sheets):
        answered = zip(places[sheet.booklet_id], bytes(sheet.codes), strict=True)
        for code, value in answered:
            if code in column:
                codes[i, column[code]] = value
    return codes


def _classes(release: Release, persons: list[int]) -> dict[int, tuple[int, str]]:
    with loading():
        last = Sitting.objects.filter(test=release.test).order_by("-date").values_list("date", flat=True).first()
    found = Enrolment.objects.filter(person_id__in=persons, class_group__isnull=False, valid__contains=last)
    rows = found.values_list("person_id", "class_group_id", "class_group__grade", "class_group__letter")
    return {person: (pk, f"{grade}{letter}") for person, pk, grade, letter in rows if letter is not None}


def school_of(org_no: int) -> Institution | None:
    return Institution.objects.filter(org_no=org_no).first()


def district_of(org_no: int) -> Territory | None:
    inside = {"org_lo__lte": org_no, "org_hi__gte": org_no, "level": TerritoryLevel.DISTRICT}
    return Territory.objects.filter(**inside).first()


def group_result(release: Release, dimension: str, code: str) -> GroupResult | None:
    return GroupResult.objects.filter(release=release, dimension=dimension, code=code).first()


def group_results(release: Release, dimension: str) -> list[GroupResult]:
    return list(GroupResult.objects.filter(release=release, dimension=dimension).order_by("org_lo", "code"))


@dataclass(frozen=True)
class Standards:
    """Levels in force for a publication: names from the lowest, cuts in logits with errors."""

    panel: Panel
    names: tuple[str, ...]
    cuts: tuple[float, ...]
    errors: tuple[float, ...]

    def level_at(self, theta: float) -> int:
        return int(np.searchsorted(self.cuts, theta, side="right"))

    def shares(self, dimension: str, code: str) -> list[LevelShare]:
        """Shares at or above each cut of a group; empty when there are none or they are not shown."""
        found = list(self.panel.shares.filter(dimension=dimension, code=code).order_by("cut"))
        return found if len(found) == len(self.cuts) and not any(row.suppressed for row in found) else []


def level_names(panel: Panel) -> tuple[str, ...]:
    own = (get_language() or "kk")[:2]
    return tuple(str(level.get(own) or level.get("kk") or level.get("en")) for level in panel.levels)


def standards_of(release: Release) -> Standards | None:
    """Levels set on the very calibration that was published: on another scale the cuts would mean nothing."""
    if release.calibration is None:
        return None
    with loading():
        panel = Panel.objects.filter(test=release.test, state=PanelState.CLOSED).order_by("-closed_at").first()
        if panel is None or not panel.decision_number:
            return None
        decision = journal.decision(panel.decision_number)
        if decision.parameters.get("calibration") != release.calibration.decision_number:
            return None
    cuts = tuple(cut["logits"] for cut in panel.cuts)
    return Standards(panel, level_names(panel), cuts, tuple(cut["error"] for cut in panel.cuts))


def n_items(release: Release) -> int:
    with loading():
        return Item.objects.filter(test=release.test).count()


def whole_result(release: Release) -> GroupResult | None:
    return group_result(release, Dimension.ALL, "all")


def middle(release: Release) -> tuple[float, float]:
    """Mean and spread of all who sat the test, in points: those published, else those that a scale of its own is given."""
    found = whole_result(release)
    if found is None or found.mean is None or found.sd is None:
        return 500.0, 100.0
    return found.mean, found.sd


def middle_in_words(release: Release) -> str:
    mean, spread = middle(release)
    return _(
        "The mean of all who sat the test is %(mean)s points, and two thirds of them lie between %(low)s and %(high)s."
    ) % {"mean": round(mean), "low": round(mean - spread), "high": round(mean + spread)}


def open_panel(test) -> Panel | None:
    return Panel.objects.filter(test=test, state=PanelState.OPEN).first()


def good_calibration(test) -> Calibration | None:
    """The calibration that a panel may work on: one with results, drafts or published."""
    return Calibration.objects.filter(test=test, state=CalibrationState.GOOD).exclude(results_number="").first()


@dataclass(frozen=True)
class ClosedPanel:
    panel: Panel
    cuts: list[tuple[str, float, float]]


def closed_panels(test) -> list[ClosedPanel]:
    """Panels that set cut scores, the latest first: names of the levels above each cut, logits, error."""
    found = Panel.objects.filter(test=test).exclude(state=PanelState.OPEN).exclude(decision_number="")
    found = found.select_related("carried_from__test").order_by("-closed_at")
    return [
        ClosedPanel(
            panel,
            [(n, cut["logits"], cut["error"]) for n, cut in zip(level_names(panel)[1:], panel.cuts, strict=False)],
        )
        for panel in found
    ]


def research_files(release: Release) -> list[ResearchFile]:
    """Made from this publication, the latest first."""
    return list(ResearchFile.objects.filter(release=release).order_by("-at")[:20])


def research_file(code: str, public_id) -> ResearchFile | None:
    return ResearchFile.objects.filter(public_id=public_id, release__test__code=code).first()
