"""Districts beside each other, and towns beside villages: which differ by more than chance?"""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext as _

from tirek.assessment.models import Dimension, Release
from tirek.assessment.pages.present import language_names, settlement_names, why_hidden
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.reports.school import Place, where_from
from tirek.assessment.reports.sections import Report, Section, between, decimal, dots, whole
from tirek_engines.assessment.comparison import pairwise


def comparison(release: Release) -> Report:
    gap = data.group_result(release, Dimension.GAP, "settlement")
    sections = [
        _towns(release, gap),
        *_districts(release),
        *_languages(release),
        *_levels(release),
        where_from(release),
    ]
    title = _("Where do pupils do better, and is it more than chance?")
    subtitle = f"{queries.title_of(release.test)}, {release.test.school_year.code}"
    if gap is None or gap.mean is None:
        return Report(title, subtitle, "", "", sections, release.test.is_synthetic)
    note = _("points: towns ahead of villages; most likely between %(low)s and %(high)s")
    note = note % {"low": whole(gap.low), "high": whole(gap.high)}
    return Report(title, subtitle, whole(gap.mean), note, sections, release.test.is_synthetic)


def _towns(release: Release, gap) -> Section:
    names = settlement_names()
    rows = data.group_results(release, Dimension.SETTLEMENT)
    places = [_place(names.get(row.code, row.code), row) for row in rows]
    if gap is None or gap.mean is None:
        words = _("The difference is not shown: one of the two groups has too few pupils, or nobody answered.")
    elif gap.low > 0:
        words = _("Pupils in towns are ahead by more than chance would make.")
    elif gap.high < 0:
        words = _("Pupils in villages are ahead by more than chance would make.")
    else:
        words = _("The difference between towns and villages may be chance.")
    chart = dots(_("Towns and villages"), words, [p.as_dot() for p in places], _("Settlement"), _("Mean, points"))
    return Section(_("Towns and villages"), [words], chart=chart, anchor="towns")


def _place(name: str, row) -> Place:
    return Place(name, row.mean, row.low, row.high, row.se, row.n)


def district_places(release: Release) -> list[Place]:
    """In the alphabet's order."""
    rows = data.group_results(release, Dimension.DISTRICT)
    names = queries.names_of_districts([row.code for row in rows])
    return sorted((_place(names.get(row.code, row.code), row) for row in rows), key=lambda place: place.name)


def _told_apart(places: list[Place]) -> np.ndarray:
    means = np.array([np.nan if p.mean is None else p.mean for p in places], dtype=np.float64)
    errors = np.array([np.nan if p.se is None else p.se for p in places], dtype=np.float64)
    return pairwise(means, errors)


def _districts(release: Release) -> list[Section]:
    places = district_places(release)
    if len(places) < 2:
        return []
    apart = _told_apart(places)
    pairs = len([p for p in places if p.mean is not None])
    pairs = pairs * (pairs - 1) // 2
    sure = int((apart == 1).sum())
    words = [
        _(
            "Of %(pairs)s pairs of districts, %(sure)s differ by more than chance would make; of the others we cannot say."
        )
        % {"pairs": whole(pairs), "sure": whole(sure)},
        _("All pairs are considered together: the chance that even one equal pair is called different is 5 in 100."),
    ]
    rows = [
        [p.name, "—", _("too few pupils to say"), "", ""] if p.mean is None
        else [p.name, whole(p.mean), between(p.low, p.high), _names(places, apart[k] == 1), _names(places, apart[k] == -1)]
        for k, p in enumerate(places)
    ]  # fmt: skip
    words_chart = _("The dot is the mean, the line where it most likely lies.")
    chart = dots(
        _("Districts and cities"), words_chart, [p.as_dot() for p in places], _("District or city"), _("Mean, points")
    )
    columns = [
        _("District or city"),
        _("Mean, points"),
        _("Most likely between"),
        _("Clearly above"),
        _("Clearly below"),
    ]
    closing = [_("In the alphabet’s order: a ranking would mostly rank chance.")]
    return [Section(_("Districts and cities"), words, chart=chart, columns=columns, rows=rows, right=[1, 2],
                    closing=closing, anchor="districts")]  # fmt: skip


def _names(places: list[Place], chosen) -> str:
    found = [places[k].name for k in np.flatnonzero(chosen)]
    return "; ".join(found) if found else "—"


def _languages(release: Release) -> list[Section]:
    names = language_names()
    places = [_place(names.get(row.code, row.code), row) for row in data.group_results(release, Dimension.LANGUAGE)]
    if len(places) < 2:
        return []
    words = _(
        "Pupils of different languages of the test also live in different places: the language need not be the cause."
    )
    chart = dots(_("Language of the test"), words, [p.as_dot() for p in places], _("Language"), _("Mean, points"))
    return [Section(_("Language of the test"), chart=chart, anchor="languages")]


def _levels(release: Release) -> list[Section]:
    """Shares at or above each level, with their errors."""
    standards = data.standards_of(release)
    if standards is None:
        return []
    names = settlement_names() | {"all": _("All who sat the test")}
    names |= queries.names_of_districts([row.code for row in data.group_results(release, Dimension.DISTRICT)])
    kinds = (Dimension.ALL, Dimension.SETTLEMENT, Dimension.DISTRICT)
    found = [row for kind in kinds for row in standards.panel.shares.filter(dimension=kind).order_by("code", "cut")]
    rows = [
        [
            names.get(row.code, row.code), _("%(level)s or higher") % {"level": standards.names[row.cut]},
            _share(row.share), between(row.low, row.high, _share) if not row.suppressed else why_hidden(row.suppressed),
        ]
        for row in found
    ]  # fmt: skip
    columns = [_("Group"), _("Level"), _("Share"), _("Most likely between")]
    words = [
        _("The intervals cover who sat the test and how short it is, not that another panel might have set other cuts.")
    ]
    return [Section(_("Levels"), words, columns=columns, rows=rows, right=[2, 3], anchor="levels")]


def _share(value: float | None) -> str:
    return "—" if value is None else f"{decimal(100 * value, 1)}\u00a0%"


def table(release: Release) -> tuple[list[tuple[str, str]], list[tuple]]:
    """The same as columns and rows for a file."""
    places = district_places(release)
    apart = _told_apart(places)
    columns = [
        ("district", _("District or city")), ("pupils", _("Pupils")), ("mean", _("Mean, points")),
        ("se", _("Standard error")), ("low", _("From")), ("high", _("To")), ("above", _("Clearly above")),
        ("below", _("Clearly below")),
    ]  # fmt: skip
    rows = [
        (p.name, p.n, p.mean, p.se, p.low, p.high, _names(places, apart[k] == 1), _names(places, apart[k] == -1))
        for k, p in enumerate(places)
    ]
    return columns, rows
