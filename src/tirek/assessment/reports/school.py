"""The school's report: how did our pupils do, and what should we work on? For teachers, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray
from scipy.stats import t as student

from tirek.assessment.models import Dimension, Release
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.reports.sections import Report, Section, between, dots, percent, strips, whole
from tirek.decisions.rules import RuleSet
from tirek_engines.assessment.expectation import AgainstExpectation, against_expectation, named

MOST_NAMED = 8
HALF = 0.5
Z95 = 1.96


@dataclass(frozen=True)
class Place:
    """A mean with its interval, points; without numbers where there are too few pupils."""

    name: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    n: int | None = None

    def as_dot(self) -> dict:
        if self.mean is None:
            return {"label": self.name, "few": True}
        return {"label": self.name, "value": self.mean, "low": self.low, "high": self.high, "n": self.n}


def school_report(release: Release, org_no: int, *, name: str, group: tuple[int, str] | None = None) -> Report:
    """Of a school, or of one of its classes; made of what the asker may see."""
    assert release.calibration is not None
    scaled = data.scaled_items(release.calibration)
    everybody = data.pupils_of(release, scaled, org_no=org_no)
    pupils = everybody.of_class(group[0]) if group else everybody
    rules = data.rules_of(release, "report")
    minimum = int(data.rules_of(release, "publication").value("minimal_group"))
    own = class_place(release, pupils, group[1], minimum) if group else school_place(release, org_no, name)
    found = _compared(scaled, pupils, release)
    sections = [
        how_they_did(release, own, pupils, org_no),
        *levels(release, org_no, own.name, is_class=group is not None),
        what_they_can(found.tasks, scaled, rules),
        *content_areas(found, rules),
        what_to_work_on(found.tasks, scaled, rules),
        *([] if group else by_class(release, everybody, minimum)),
        where_from(release),
    ]
    title = _("How did our pupils do, and what should we work on?")
    test = f"{queries.title_of(release.test)}, {release.test.school_year.code}"
    where = name if group is None else _("%(school)s, class %(group)s") % {"school": name, "group": group[1]}
    return Report(title, f"{where}. {test}", *_lead(own), sections, release.test.is_synthetic)


def _lead(own: Place) -> tuple[str, str]:
    if own.mean is None:
        return _("Too few pupils to say"), ""
    note = _("points on average; most likely between %(low)s and %(high)s")
    return whole(own.mean), note % {"low": whole(own.low), "high": whole(own.high)}


def school_place(release: Release, org_no: int, name: str) -> Place:
    school = data.school_of(org_no)
    return place_of(name, data.group_result(release, Dimension.SCHOOL, school.code if school else ""))


def place_of(name: str, row) -> Place:
    if row is None or row.mean is None:
        return Place(name, None)
    return Place(name, row.mean, row.low, row.high, row.se, row.n)


def class_place(release: Release, pupils: data.Pupils, name: str, minimum: int) -> Place:
    """Mean of the pupils' unshrunken estimates (WLE); their spread carries the error of measurement too."""
    scale = release.distribution["scale"]
    known = np.array([row.wle for row in pupils.results if row.wle is not None], dtype=np.float64)
    if known.size < minimum:
        return Place(name, None)
    points = scale["centre"] + scale["spread"] * (known - scale["origin"]) / scale["unit"]
    se = float(points.std(ddof=1) / np.sqrt(known.size))
    half = float(student.ppf(0.975, known.size - 1)) * se
    mean = float(points.mean())
    return Place(name, mean, mean - half, mean + half, se, int(known.size))


def how_they_did(release: Release, own: Place, pupils: data.Pupils, org_no: int) -> Section:
    district = data.district_of(org_no)
    places = [own]
    if district is not None:
        row = data.group_result(release, Dimension.DISTRICT, district.code)
        places.append(place_of(data.words_of(district, "name"), row))
    places.append(place_of(_("All who sat the test"), data.whole_result(release)))
    n = len(pupils.results)
    words = [
        ngettext("%(n)s pupil has a result.", "%(n)s pupils have a result.", n) % {"n": whole(n)},
        data.middle_in_words(release),
    ]
    if own.mean is None:
        words.append(_("They are too few for a mean: it would tell about single children."))
    else:
        words += [_told_apart(own, other) for other in places[1:] if other.mean is not None]
    chart = dots(
        _("Our pupils beside the others"),
        _("The dot is the mean, the line where it most likely lies. Where lines overlap widely, the difference may be chance."),
        [place.as_dot() for place in places], _("Pupils"), _("Mean, points"),
    )  # fmt: skip
    return Section(_("How did our pupils do?"), words, chart=chart, anchor="did")


def _told_apart(own: Place, other: Place) -> str:
    assert own.mean is not None
    assert other.mean is not None
    away = own.mean - other.mean
    facts = {"name": other.name, "points": whole(other.mean), "away": whole(abs(away))}
    if abs(away) < Z95 * np.hypot(own.se or 0.0, other.se or 0.0):
        return _("%(name)s: %(points)s points. No clear difference from ours.") % facts
    if away > 0:
        return _("%(name)s: %(points)s points. Ours are clearly above, by about %(away)s.") % facts
    return _("%(name)s: %(points)s points. Ours are clearly below, by about %(away)s.") % facts


def levels(release: Release, org_no: int, name: str, *, is_class: bool) -> list[Section]:
    """How the pupils spread over the levels, if a panel has set any."""
    standards = data.standards_of(release)
    if standards is None or is_class:
        return []
    school = data.school_of(org_no)
    kinds = [(name, Dimension.SCHOOL, school.code if school else ""), (_("All who sat the test"), Dimension.ALL, "all")]
    rows, told = [], []
    for label, dimension, code in kinds:
        above = standards.shares(dimension, code)
        if not above:
            told.append([label, _("too few pupils to say")])
            continue
        edges = [1.0, *[row.share or 0.0 for row in above], 0.0]
        parts = [{"label": level, "share": edges[k] - edges[k + 1]} for k, level in enumerate(standards.names)]
        rows.append({"label": label, "parts": parts})
        for level, row in zip(standards.names[1:], above, strict=True):
            told.append(
                [
                    label,
                    _("%(level)s or higher") % {"level": level},
                    percent(row.share),
                    between(row.low, row.high, percent),
                ]
            )
    chart = strips(
        _("Levels"), _("How many of a hundred pupils stand at each level."), rows, _("Pupils")
    ) if rows else None  # fmt: skip
    told = [row if len(row) == 4 else [row[0], row[1], "—", "—"] for row in told]
    return [
        Section(
            _("Which levels do they reach?"), chart=chart, rows=told, right=[2, 3], anchor="levels",
            columns=[_("Pupils"), _("Level"), _("Share"), _("Most likely between")],
        )
    ]  # fmt: skip


@dataclass(frozen=True)
class Compared:
    tasks: AgainstExpectation
    areas: AgainstExpectation
    area_names: tuple[str, ...]


def _compared(scaled: data.Scaled, pupils: data.Pupils, release: Release) -> Compared:
    spread = float(np.sqrt(release.calibration.fit.get("variance") or 1.0))
    areas = scaled.areas()
    shared = {"errors": scaled.errors, "sd": spread}
    single = [np.array([j]) for j in range(len(scaled.items))]
    return Compared(
        against_expectation(scaled.items, pupils.scores, single, **shared),
        against_expectation(scaled.items, pupils.scores, list(areas.values()), **shared),
        tuple(areas),
    )


def what_they_can(found: AgainstExpectation, scaled: data.Scaled, rules: RuleSet) -> Section:
    """Tasks that most pupils surely solve, and tasks that most surely do not."""
    low, high = _wilson(found)
    asked = found.answers >= int(rules.value("minimal_answers"))
    can = [j for j in np.argsort(-found.share, kind="stable") if asked[j] and low[j] > HALF][:MOST_NAMED]
    cannot = [j for j in np.argsort(found.share, kind="stable") if asked[j] and high[j] < HALF][:MOST_NAMED]
    columns = [
        _("Task"),
        _("Content area"),
        _("What it asks for"),
        _("Share of the points reached"),
        _("Most likely between"),
    ]
    rows = [
        [
            scaled.tasks[j].code, scaled.tasks[j].area or "—", scaled.tasks[j].words or "—", percent(found.share[j]),
            between(low[j], high[j], percent),
        ]
        for j in [*can, *cannot]
    ]  # fmt: skip
    words = [
        _("Most of our pupils can do: %(tasks)s.") % {"tasks": _listed(can, scaled)} if can
        else _("There is no task of which we can say with certainty that most of our pupils can do it.")
    ]  # fmt: skip
    words.append(
        _("Most of our pupils cannot yet do: %(tasks)s.") % {"tasks": _listed(cannot, scaled)} if cannot
        else _("There is no task of which we can say with certainty that most of our pupils cannot do it yet.")
    )  # fmt: skip
    closing = [_("Of the tasks not listed we cannot say for sure on which side of one half they lie.")] if rows else []
    if any(not scaled.tasks[j].words for j in [*can, *cannot]):
        closing.append(_("A task without words is still a secret: its wording is shown once it is released."))
    return Section(
        _("What can our pupils do, and what not yet?"), words, columns=columns if rows else [], rows=rows, right=[3, 4],
        closing=closing, anchor="can",
    )  # fmt: skip


def _listed(places, scaled: data.Scaled) -> str:
    """What the tasks ask for, each once, with their codes: an easy and a hard task may ask for the same."""
    by_words: dict[str, list[str]] = {}
    for j in places:
        by_words.setdefault(scaled.tasks[j].words.rstrip("."), []).append(scaled.tasks[j].code)
    return "; ".join(
        f"{words} ({', '.join(codes)})" if words else ", ".join(codes) for words, codes in by_words.items()
    )


def _wilson(found: AgainstExpectation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of the share of points (Wilson 1927), each answer counted once however many points it gives."""
    n = np.maximum(found.answers.astype(np.float64), 1.0)
    share = np.nan_to_num(found.share)
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return middle - half, middle + half


def content_areas(found: Compared, rules: RuleSet) -> list[Section]:
    """Areas of content against what the pupils' results as a whole let expect."""
    if len(found.area_names) < 2:
        return []
    out = _named(found.areas, rules)
    low, high = found.areas.band()
    words = {1: _("clearly better than expected"), -1: _("clearly weaker than expected"), 0: _("as expected")}
    rows = [
        [
            area, percent(found.areas.share[k]), percent(found.areas.expected_share[k]),
            between(low[k], high[k], percent), words[int(out[k])],
        ]
        for k, area in enumerate(found.area_names) if found.areas.answers[k] >= int(rules.value("minimal_answers"))
    ]  # fmt: skip
    if not rows:
        return []
    columns = [_("Content area"), _("Our pupils"), _("Expected"), _("By chance between"), _("What it says")]
    words_above = _("Expected is what pupils with the same results as ours reach elsewhere on the same tasks.")
    return [Section(_("Content areas"), [words_above], columns=columns, rows=rows, right=[1, 2, 3], anchor="areas")]


def _named(found: AgainstExpectation, rules: RuleSet) -> NDArray[np.int8]:
    return named(
        found,
        rate=float(rules.value("false_discoveries")),
        smallest=float(rules.value("smallest_gap")),
        minimum=int(rules.value("minimal_answers")),
    )


def what_to_work_on(found: AgainstExpectation, scaled: data.Scaled, rules: RuleSet) -> Section:
    """Tasks on which the pupils fall short of themselves; honest when there is none."""
    title, out = _("Which tasks should we work on?"), _named(found, rules)
    weak, strong = np.flatnonzero(out < 0), np.flatnonzero(out > 0)
    closing = [
        _("%(tasks)s: here our pupils do better than pupils with the same results elsewhere.") % {"tasks": _listed(strong, scaled)}
    ] if strong.size else []  # fmt: skip
    if not bool((found.answers >= int(rules.value("minimal_answers"))).any()):
        return Section(title, [_("Too few pupils answered each task to tell weakness from chance.")], anchor="work")
    if not weak.size:
        words = _(
            "Nothing stands out: on every task our pupils did about as well as pupils with the same results elsewhere."
            " What differs is no more than chance would make."
        )
        return Section(title, [words], closing=closing, anchor="work")
    low, high = found.band()
    weak = weak[np.argsort((found.share - found.expected_share)[weak], kind="stable")]
    rows = [
        [
            scaled.tasks[j].code, scaled.tasks[j].area or "—", scaled.tasks[j].words or "—", percent(found.share[j]),
            percent(found.expected_share[j]), between(low[j], high[j], percent),
        ]
        for j in weak
    ]  # fmt: skip
    words = [
        ngettext(
            "On %(n)s task our pupils did clearly worse than pupils with the same results elsewhere.",
            "On %(n)s tasks our pupils did clearly worse than pupils with the same results elsewhere.",
            len(rows),
        )
        % {"n": len(rows)},
        _("It is worth looking how this was taught, and at the answers themselves."),
    ]
    columns = [
        _("Task"),
        _("Content area"),
        _("What it asks for"),
        _("Our pupils"),
        _("Expected"),
        _("By chance between"),
    ]
    return Section(title, words, columns=columns, rows=rows, right=[3, 4, 5], closing=closing, anchor="work")


def by_class(release: Release, pupils: data.Pupils, minimum: int) -> list[Section]:
    """For the head: the classes in the alphabet's order."""
    groups = pupils.classes()
    if len(groups) < 2:
        return []
    places = [class_place(release, pupils.of_class(pk), name, minimum) for pk, name in groups]
    rows = [
        [p.name, whole(p.n), whole(p.mean), between(p.low, p.high)] if p.mean is not None
        else [p.name, "—", "—", _("too few pupils to say")]
        for p in places
    ]  # fmt: skip
    words = [_("Classes take in different pupils: a difference between them says nothing yet about the teaching.")]
    chart = dots(_("Classes"), words[0], [p.as_dot() for p in places], _("Class"), _("Mean, points"))
    columns = [_("Class"), _("Pupils"), _("Mean, points"), _("Most likely between")]
    return [
        Section(_("The classes"), words, chart=chart, columns=columns, rows=rows, right=[1, 2, 3], anchor="classes")
    ]


def where_from(release: Release) -> Section:
    """Where every number comes from: decisions, day, method."""
    calibration = release.calibration
    facts = [
        (_("Test"), release.test.code),
        (_("Published on"), date_format(release.at, "DATE_FORMAT")),
        (_("Decision on the results"), release.decision_number),
        (_("Decision on the calibration"), calibration.decision_number if calibration else "—"),
    ]
    if (standards := data.standards_of(release)) is not None:
        facts.append((_("Decision on the levels"), standards.panel.decision_number))
    words = [
        _(
            "Means: from the published results; the interval covers both who happened to sit the test and how short it is."
        ),
        _(
            "Tasks and content areas: the answers of our own pupils, each compared with what pupils of the same total on the"
            " same tasks reach. A task is named only where chance is an unlikely reason, all tasks considered together."
        ),
        _("No small group is shown, and nobody is ranked."),
    ]
    return Section(_("Where do these numbers come from?"), words, facts=facts, anchor="from")
