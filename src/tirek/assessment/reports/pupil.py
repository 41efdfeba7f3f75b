"""A parent's report of the own child: what the result means, and what it does not say. Nobody is ranked."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext as _

from tirek.assessment.models import Release
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.reports.school import where_from
from tirek.assessment.reports.sections import Report, Section, between, dots, percent, whole
from tirek_engines.assessment.expectation import against_expectation
from tirek_engines.psychometrics import NOT_ANSWERED
from tirek_engines.psychometrics.items import Items

NODES = 61


def pupil_report(release: Release, person) -> Report | None:
    """None where the asker may not see the result, or there is none."""
    assert release.calibration is not None
    scaled = data.scaled_items(release.calibration)
    pupils = data.pupils_of(release, scaled, person_id=person.pk)
    if not pupils.results:
        return None
    result = pupils.results[0]
    low, high = result.points - 2 * result.points_se, result.points + 2 * result.points_se
    sections = [
        _meaning(release, result, low, high),
        *_level(release, result),
        _areas(release, scaled, pupils),
        _not_said(),
        where_from(release),
    ]
    title = _("The result of %(pupil)s") % {"pupil": person}
    subtitle = f"{queries.title_of(release.test)}, {release.test.school_year.code}"
    note = _("points; the true place is most likely between %(low)s and %(high)s")
    note = note % {"low": whole(low), "high": whole(high)}
    return Report(title, subtitle, whole(result.points), note, sections, release.test.is_synthetic)


def _meaning(release: Release, result, low: float, high: float) -> Section:
    words = [
        _("On the paper: %(score)s of %(highest)s points of the tasks that this pupil was given.")
        % {"score": result.raw_score, "highest": result.max_raw_score},
        _("Different pupils get different tasks, some harder than others. The points take that into account."),
        data.middle_in_words(release),
    ]
    mean, spread = data.middle(release)
    words.append(_beside_the_mean(low, high, mean))
    if result.flag:
        words.append(_("All answers were right, or none: how far beyond the test this goes nobody can say."))
    chart = dots(
        _("The pupil’s place"),
        _("The dot is the result, the line where the true place most likely lies. A test is short, so nobody’s is exact."),
        [
            {"label": _("This pupil"), "value": result.points, "low": low, "high": high},
            {"label": _("Two thirds of all pupils"), "value": mean, "low": mean - spread, "high": mean + spread},
        ],
        _("Who"), _("Points"),
    )  # fmt: skip
    return Section(_("What does the result mean?"), words, chart=chart, anchor="meaning")


def _beside_the_mean(low: float, high: float, mean: float) -> str:
    if low > mean:
        return _("This pupil most likely knows more of what was asked than the average pupil of the region.")
    if high < mean:
        return _("This pupil most likely knows less of what was asked than the average pupil of the region.")
    return _("From one test nobody can say whether this pupil is above or below the average of the region.")


def _level(release: Release, result) -> list[Section]:
    standards = data.standards_of(release)
    if standards is None:
        return []
    own = standards.level_at(result.eap)
    edges = [standards.level_at(result.eap + sign * 2 * result.eap_se) for sign in (-1, 1)]
    words = [_("The result stands at the level “%(level)s”.") % {"level": standards.names[own]}]
    if edges[0] != edges[1]:
        words.append(
            _("It is not certain: the true level may be anything from “%(low)s” to “%(high)s”.")
            % {"low": standards.names[edges[0]], "high": standards.names[edges[1]]}
        )
    return [Section(_("Which level is that?"), words, anchor="level")]


def _areas(release: Release, scaled: data.Scaled, pupils: data.Pupils) -> Section:
    """Areas only where the pupil met enough of them for a word that is not mostly chance."""
    title = _("What can this pupil do well?")
    wanted = float(data.rules_of(release, "report").value("area_reliability"))
    variance = float(release.calibration.fit.get("variance") or 1.0)
    shown = {
        name: places
        for name, places in scaled.areas().items()
        if reliability(scaled.items.take(_met(pupils, places)), variance) >= wanted
    }
    if not shown:
        words = _(
            "The parts of this test are too short to speak of separately: what they would say of one pupil is mostly chance."
        )
        return Section(title, [words], anchor="areas")
    found = against_expectation(scaled.items, pupils.scores, list(shown.values()), errors=scaled.errors)
    low, high = found.band()
    rows = [[name, percent(found.share[k]), between(low[k], high[k], percent)] for k, name in enumerate(shown)]
    words = [
        _("Usual is what pupils with the same result reach in this area. Within that range the pupil is as usual.")
    ]
    columns = [_("Content area"), _("Share of the points reached"), _("Usual for this result")]
    return Section(title, words, columns=columns, rows=rows, right=[1, 2], anchor="areas")


def _met(pupils: data.Pupils, places) -> np.ndarray:
    return places[pupils.scores[0, places] != NOT_ANSWERED]


def reliability(items: Items, variance: float) -> float:
    """Reliability of the EAP score on some items among all pupils: 1 - E[1/(I(theta) + 1/variance)] / variance."""
    if not len(items):
        return 0.0
    nodes = np.linspace(-4.0, 4.0, NODES) * np.sqrt(variance)
    weights = np.exp(-0.5 * nodes**2 / variance)
    left = 1.0 / (items.information(nodes).sum(axis=0) + 1.0 / variance)
    return float(1.0 - (weights @ left) / weights.sum() / variance)


def _not_said() -> Section:
    return Section(
        _("What does it not say?"),
        points=[
            _("It is no mark, and it decides nothing about this pupil."),
            _("It covers this subject on one day only: a cold or a bad night can be seen in it."),
            _("It says nothing about effort, character or talent."),
            _("It does not compare this pupil with classmates; such places would mostly be chance."),
        ],
        closing=[_("If you have questions, speak with the class’s teacher.")],
        anchor="not-said",
    )
