"""The technical report of a cycle, as whoever accredits a test asks for it: generated from the sealed runs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.assessment.content_areas import area_name
from tirek.assessment.models import (
    AnswerSheet,
    Booklet,
    Dimension,
    Item,
    ItemEstimate,
    Link,
    PersonResult,
    Release,
    Sitting,
    SittingState,
)
from tirek.assessment.pages.present import (
    check_words,
    dropped_words,
    language_names,
    method_words,
    model_words,
    settlement_names,
    why_hidden,
)
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.reports.compare import district_places
from tirek.assessment.reports.research import sealed_rules
from tirek.assessment.reports.sections import Report, Section, between, decimal, dots, percent, whole
from tirek.decisions import queries as journal
from tirek.decisions.kinds import kind_of
from tirek.registry.models import Enrolment
from tirek_engines import ENGINE_VERSION
from tirek_engines.assessment.standards import error_at

PLACES = (-2.0, -1.0, 0.0, 1.0, 2.0)


def technical_report(release: Release) -> Report:
    """Everything about one publication. The caller has checked that the asker holds the test."""
    assert release.calibration is not None
    with loading():
        calibration = journal.decision(release.calibration.decision_number)
        results = journal.decision(release.decision_number)
        scaled = data.scaled_items(release.calibration)
        sections = [
            _purpose(release),
            _design(release),
            _response(release),
            _scaling(release, calibration),
            _checks(release),
            _items(release),
            *_fairness(calibration),
            _linking(release),
            _errors(release, scaled),
            _results(release),
            _standards(release),
            _rules(calibration, results),
            _numbers(release, calibration, results),
        ]
    title = _("Technical report")
    subtitle = f"{queries.title_of(release.test)}, {release.test.school_year.code} ({release.test.code})"
    reliability = release.calibration.fit.get("reliability")
    note = _("reliability of the pupils’ results")
    return Report(title, subtitle, decimal(reliability), note, sections, release.test.is_synthetic)


def _purpose(release: Release) -> Section:
    test = release.test
    facts = [
        (_("Subject"), test.get_subject_display()),
        (_("Grade"), str(test.grade)),
        (_("Kind"), test.get_kind_display()),
        (_("Held in"), data.words_of(test.territory, "name")),
        (_("School year"), test.school_year.code),
        (_("Minutes"), str(test.minutes)),
        (_("Published on"), date_format(release.at, "DATE_FORMAT")),
    ]
    words = [
        _("The test says how groups of pupils stand in a subject. It is not made to decide about single pupils."),
    ]
    return Section(_("1. Purpose"), words, facts=facts)


def _design(release: Release) -> Section:
    items = list(Item.objects.filter(test=release.test))
    areas: dict[str, list[Item]] = {}
    for item in items:
        areas.setdefault(area_name(item.content_area) or "—", []).append(item)
    rows = [
        [area, whole(len(own)), whole(sum(i.max_score for i in own)), percent(len(own) / len(items))]
        for area, own in sorted(areas.items())
    ]
    booklets = Booklet.objects.filter(test=release.test).annotate(n=Count("places")).order_by("code")
    facts = [
        (_("Items"), whole(len(items))),
        (_("Highest score of all items"), whole(sum(item.max_score for item in items))),
        (_("Booklets"), "; ".join(f"{b.code}: {b.n}" for b in booklets)),
    ]
    words = [
        _("Every pupil gets one booklet. Items outside it are missing by design and count neither for nor against.")
    ]
    columns = [_("Content area"), _("Items"), _("Points"), _("Share of the items")]
    return Section(_("2. Design"), words, facts=facts, columns=columns, rows=rows, right=[1, 2, 3])


def _response(release: Release) -> Section:
    """Who should have sat it by the register, and who did."""
    sittings = Sitting.objects.filter(test=release.test).exclude(state=SittingState.CANCELLED)
    last = sittings.order_by("-date").values_list("date", flat=True).first()
    groups = list(sittings.values_list("class_group_id", flat=True))
    schools = set(sittings.values_list("institution_id", flat=True))
    expected = Enrolment.objects.filter(valid__contains=last, grade=release.test.grade, institution_id__in=schools)
    if all(groups):
        expected = expected.filter(class_group_id__in=groups)
    sheets = AnswerSheet.objects.filter(test=release.test)
    answered = set(sheets.values_list("sitting__institution_id", flat=True))
    n, m = expected.count(), sheets.count()
    rows = []
    names, of = language_names(), dict(expected.values_list("class_group__language").annotate(n=Count("id")))
    for code, there in sheets.values_list("sitting__language").annotate(n=Count("id")).order_by("sitting__language"):
        rows.append([names.get(code, code), whole(of.get(code, 0)), whole(there)])
    facts = [
        (_("Schools with a sitting"), whole(len(schools))),
        (_("Schools with answers"), f"{whole(len(answered))} ({percent(len(answered) / max(len(schools), 1))})"),
        (_("Pupils of these classes in the register on the day"), whole(n)),
        (_("Pupils with answers"), f"{whole(m)} ({percent(m / max(n, 1))})"),
        (_("Day of the last sitting"), date_format(last, "DATE_FORMAT")),
    ]
    words = [
        _("No sample is drawn: all classes with a sitting are asked, and all pupils weigh the same."),
        _("Who was absent is not made up for: if absent pupils differ from the others, the means are off by that."),
    ]
    columns = [_("Language of the test"), _("By the register (language of the class)"), _("With answers")]
    return Section(_("3. Population and response"), words, facts=facts, columns=columns, rows=rows, right=[1, 2])


def _scaling(release: Release, calibration) -> Section:
    fit, scale = calibration.summary["fit"], release.distribution["scale"]
    given = sealed_rules(calibration).values()
    facts = [
        (_("Model"), model_words(str(fit.get("model") or release.calibration.model))),
        (_("Pupils"), whole(fit["n"])),
        (_("Items on the scale"), whole(fit["n_items"])),
        (_("Log-likelihood"), decimal(fit["loglik"], 2)),
        (_("Iterations"), whole(fit["iterations"])),
        (_("Variance of ability, logits"), decimal(fit["variance"], 3)),
        (_("Left-out answers count as"), _policy(given.get("omitted_counts_as"))),
        (_("Tasks not reached count as"), _policy(given.get("not_reached_counts_as"))),
        (_("Scale"), _("%(centre)s + %(spread)s × (ability – %(origin)s) / %(unit)s") % {
            "centre": decimal(scale["centre"], 0), "spread": decimal(scale["spread"], 0),
            "origin": decimal(scale["origin"], 4), "unit": decimal(scale["unit"], 4),
        }),
    ]  # fmt: skip
    words = [
        _(
            "Items are calibrated by marginal maximum likelihood; abilities are taken as normally distributed in that step."
        ),
        _("Means of groups come from plausible values drawn given school, district, settlement and language."),
    ]
    return Section(_("4. Scaling"), words, facts=facts)


def _policy(value: Any) -> str:
    return {"wrong": _("wrong answers"), "missing": _("no answers")}.get(str(value), str(value))


def _checks(release: Release) -> Section:
    found = [check_words(check) for check in release.calibration.checks]
    rows = [
        [
            check["words"],
            _("passed") if check["passed"] else _("look"),
            decimal(check["found"]),
            decimal(check["wanted"]),
        ]
        for check in found
    ]
    columns = [pgettext("quality", "Check"), _("Outcome"), _("Found"), _("Wanted")]
    return Section(_("5. Quality checks"), columns=columns, rows=rows, right=[2, 3])


def _items(release: Release) -> Section:
    found = (
        ItemEstimate.objects.filter(calibration=release.calibration).select_related("item").order_by("item__position")
    )
    rows = [
        [
            row.item.code, area_name(row.item.content_area) or "—", decimal(row.difficulty), decimal(row.difficulty_se),
            decimal(row.infit), decimal(row.outfit), decimal(row.point_biserial), percent(row.share_right), whole(row.n),
            dropped_words(row.dropped_because) if row.dropped_because else "",
        ]
        for row in found
    ]  # fmt: skip
    columns = [
        _("Item"), _("Content area"), _("Difficulty"), _("Standard error"), _("Infit"), _("Outfit"),
        _("Item–rest correlation"), _("Share of points"), _("Answers"), _("Note"),
    ]  # fmt: skip
    words = [_("Difficulties in logits. Infit and outfit near 1 mean that the item behaves as the model says.")]
    return Section(_("6. Items and their fit"), words, columns=columns, rows=rows, right=[2, 3, 4, 5, 6, 7, 8])


def _fairness(calibration) -> list[Section]:
    """Whether items are equally hard for equally able pupils of different groups."""
    title = _("7. Fairness of the items (DIF)")
    if "dif" not in calibration.outputs:
        return [Section(title, [_("This calibration holds no analysis of DIF.")])]
    found = journal.table(calibration, "dif")
    marked = [row for row in found.iter_rows(named=True) if str(row.get("class", "A")) not in ("A", "", "None")]
    words = [
        _("Items are compared by Mantel-Haenszel between groups of equally able pupils, in the classes of ETS: A negligible,"
          " B moderate, C large."),
        _("%(n)s comparisons were made; %(marked)s are of class B or C.") % {"n": whole(found.height), "marked": whole(len(marked))},
    ]  # fmt: skip
    names = [
        c for c in ("by", "group", "dimension", "item", "effect", "delta", "se", "p", "class") if c in found.columns
    ]
    rows = [[_cell(row[name]) for name in names] for row in marked]
    return [Section(title, words, columns=[_head(name) for name in names], rows=rows)]


def _cell(value: Any) -> str:
    return decimal(value) if isinstance(value, float) else str(value)


def _head(name: str) -> str:
    words = {
        "by": _("By"), "group": _("Group"), "dimension": _("By"), "item": _("Item"), "effect": _("Effect"),
        "delta": _("Effect"), "se": _("Standard error"), "p": _("p-value"), "class": _("Class"),
    }  # fmt: skip
    return words.get(name, name)


def _linking(release: Release) -> Section:
    title, link = _("8. Linking"), getattr(release, "link", None)
    if link is None:
        words = _("The test stands on a scale of its own. Its means are not to be compared with those of other tests.")
        return Section(title, [words])
    facts = [
        (_("Linked to"), link.base.code), (_("Method"), method_words(link.method)), (_("Common items used"), whole(link.n_anchors)),
        (_("Slope"), decimal(link.slope, 4)), (_("Intercept"), decimal(link.intercept, 4)),
        (_("Linking error, logits"), decimal(link.error, 4)),
        (_("What linking adds to the error of a change, logits"), decimal(_of_changes(link), 4)),
        (_("Decision"), link.decision_number),
    ]  # fmt: skip
    return Section(title, facts=facts)


def _of_changes(link: Link) -> float | None:
    """The whole linking error where the link was made before the other was known."""
    found = journal.decision(link.decision_number).summary.get("error_trend")
    return link.error if found is None else found


def _errors(release: Release, scaled: data.Scaled) -> Section:
    scale = release.distribution["scale"]
    at = [scale["origin"] + step * scale["unit"] for step in PLACES]
    errors = error_at(scaled.items, np.array(at))
    rows = [
        [whole(scale["centre"] + step * scale["spread"]), decimal(e * scale["spread"] / scale["unit"], 1)]
        for step, e in zip(PLACES, errors, strict=True)
    ]
    persons = PersonResult.objects.filter(release=release)
    extreme = persons.exclude(flag="").count()
    facts = [
        (_("Reliability (EAP)"), decimal(release.calibration.fit.get("reliability"))),
        (_("Pupils with a result"), whole(persons.count())),
        (_("With all answers right or none"), whole(extreme)),
    ]
    words = [
        _("The error of a pupil’s result if all items had been given. Errors of group means are in section 9; they join the"
          " error between schools and that of plausible values by Rubin’s rules."),
    ]  # fmt: skip
    columns = [_("At, points"), _("Standard error, points")]
    return Section(
        _("Reliability and errors of measurement"), words, facts=facts, columns=columns, rows=rows, right=[0, 1]
    )


def _results(release: Release) -> Section:
    names: Mapping[str, str] = settlement_names() | language_names() | {"all": _("All who sat the test")}
    kinds = (Dimension.ALL, Dimension.SETTLEMENT, Dimension.LANGUAGE)
    rows = [
        [
            names.get(row.code, row.code), whole(row.n), decimal(row.mean, 1), decimal(row.se, 1),
            between(row.low, row.high) if not row.suppressed else why_hidden(row.suppressed), decimal(row.sd, 1),
        ]
        for kind in kinds for row in data.group_results(release, kind)
    ]  # fmt: skip
    columns = [
        _("Group"),
        _("Pupils"),
        _("Mean, points"),
        _("Standard error"),
        _("Interval (95 per cent)"),
        _("Spread"),
    ]
    chart = dots(
        _("Districts and cities"), _("The dot is the mean, the line where it most likely lies."),
        [place.as_dot() for place in district_places(release)], _("District or city"), _("Mean, points"),
    )  # fmt: skip
    return Section(_("9. Results"), chart=chart, columns=columns, rows=rows, right=[1, 2, 3, 4, 5])


def _standards(release: Release) -> Section:
    title, found = _("10. Levels"), data.standards_of(release)
    if found is None:
        return Section(title, [_("No levels have been set on this calibration.")])
    panel = found.panel
    rows = [
        [level, decimal(cut), decimal(error)]
        for level, cut, error in zip(found.names[1:], found.cuts, found.errors, strict=True)
    ]
    facts = [
        (_("Method"), panel.get_method_display()),
        (_("Rounds"), whole(panel.round)),
        (_("Panellists"), whole(panel.ratings.values("panellist").distinct().count())),
        (_("Response probability"), decimal(panel.response_probability)),
        (_("Decision"), panel.decision_number),
    ]
    columns = [_("Level"), _("Begins at, logits"), _("Standard error between panellists")]
    return Section(title, facts=facts, columns=columns, rows=rows, right=[1, 2])


def _rules(*decisions) -> Section:
    rows = []
    for decision in decisions:
        found = sealed_rules(decision)
        rows += [
            [found.name, f"{_described(found, name)} ({name})", str(value), _day(decision.rule_version)]
            for name, value in sorted(found.values().items())
        ]
    columns = [_("Rules"), _("Rule"), _("Value"), _("In force from")]
    return Section(_("11. Rules in force"), columns=columns, rows=rows)


def _described(rules, name: str) -> str:
    """What a rule says, in the reader's language."""
    told = rules.described(name)
    return told.get((get_language() or "kk")[:2]) or told.get("en", "")


def _day(version: str) -> str:
    try:
        return date_format(date.fromisoformat(version), "DATE_FORMAT")
    except ValueError:
        return version


def _numbers(release: Release, calibration, results) -> Section:
    rows = [
        [d.number, str(kind_of(d.kind).title), d.rule_sha256[:16], d.engine_version] for d in (calibration, results)
    ]
    facts = [
        (f"{results.number}: {name}", " ".join(textwrap.wrap(kept["sha256"], 16)))  # in groups, to fit the line
        for name, kept in sorted(results.inputs.items())
    ]
    words = [
        _("Every number of this report comes from the sealed files below; “tirek verify NUMBER” computes a decision again"
          " and compares. Engine %(version)s.") % {"version": ENGINE_VERSION},
    ]  # fmt: skip
    columns = [_("Decision"), _("What it decides"), _("Rules, SHA-256"), _("Engine")]
    if release.figure_number:
        facts.append((_("Figure"), release.figure_number))
    return Section(_("12. Decisions, seals and figures"), words, facts=facts, columns=columns, rows=rows)
