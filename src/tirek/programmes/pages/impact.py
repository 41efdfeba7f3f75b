"""The two pages of one sealed run as plain data: charts, rows, and the experts' sections that page and PDF share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.assessment.models import Subject
from tirek.assessment.queries.results import names_of_schools, test_by_code, title_of
from tirek.assessment.reports.sections import Report, Section, between, decimal, whole
from tirek.decisions import queries as journal
from tirek.programmes.pages import impact_words as words
from tirek.programmes.queries import impact as queries
from tirek.programmes.queries.impact import Outcome
from tirek.registry.queries.territories import local_name
from tirek_engines.evaluation.matching import ADJUSTABLE, ALIKE


def outcome_words(outcome: Outcome) -> str:
    return _("%(subject)s in grade %(grade)s") % {"subject": Subject(outcome.subject).label, "grade": outcome.grade}


def outcome_of(decision) -> Outcome:
    return Outcome(decision.parameters["subject"], int(decision.parameters["grade"]))


def wave_names(decision) -> dict[int, str]:
    """Day of each wave, as a label."""
    rows = queries.table(decision, "waves").select("wave", "day").iter_rows()
    return {wave: date_format(dt.date.fromisoformat(day), "YEAR_MONTH_FORMAT") for wave, day in rows}


def wave_titles(decision) -> dict[int, str]:
    """Title of each wave's test in the reader's language."""
    found = {}
    for wave, code, title in queries.table(decision, "waves").select("wave", "test", "title").iter_rows():
        test = test_by_code(code)
        found[wave] = title_of(test) if test else title
    return found


def dated_waves(decision) -> list[str]:
    """Each wave's test with its day: the same test of several years can be told apart."""
    days = wave_names(decision)
    return [
        _("%(test)s: %(day)s") % {"test": title, "day": days[wave]} for wave, title in wave_titles(decision).items()
    ]


def entry_exit_chart(decision) -> dict | None:
    """Both sides at the entrance and at the exit, with their intervals."""
    means = queries.table(decision, "means")
    names, facts = wave_names(decision), decision.summary
    wanted = [facts["before"], *[w for w in sorted(set(means["wave"])) if w > facts["before"]]]
    sides = [("treated", _("Schools that take part")), ("comparison", _("Comparison schools"))]
    series = []
    for side, label in sides:
        rows = {row["wave"]: row for row in means.filter(pl.col("side") == side).iter_rows(named=True)}
        if rows:
            series.append({"label": label, "points": [_point(rows.get(w), names[w]) for w in wanted]})
    if not series:
        return None
    return {
        "kind": "lines", "title": _("How did the results move before and after?"), "words": _sides_words(means, facts),
        "label_head": _("Schools"), "series": series, "decimals": 0,
    }  # fmt: skip


def _point(row: Mapping[str, Any] | None, label: str) -> dict:
    if row is None:
        return {"label": label, "few": True}
    half = 1.96 * row["se"] if row["se"] is not None else None
    ends = {} if half is None else {"low": row["mean"] - half, "high": row["mean"] + half}
    return {"label": label, "value": row["mean"]} | ends


def _sides_words(means: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    at = {(row["side"], row["wave"]): row["mean"] for row in means.iter_rows(named=True)}
    numbers = {
        f"{side}_{when}": whole(at.get((side, facts[when])))
        for side in ("treated", "comparison")
        for when in ("before", "after")
    }
    if ("comparison", facts["after"]) not in at:
        return _("The schools that take part went from %(treated_before)s to %(treated_after)s points.") % numbers
    return (
        _(
            "The schools that take part went from %(treated_before)s to %(treated_after)s points, the comparison schools from"
            " %(comparison_before)s to %(comparison_after)s."
        )
        % numbers
    )


def interval_chart(facts: Mapping[str, Any]) -> dict | None:
    """The estimate with its interval against zero."""
    if facts["low"] is None or facts["high"] is None:
        return None
    return {
        "kind": "dots", "title": _("How sure is it?"),
        "words": _("The line shows all values that agree with the results (95 %); zero would mean no difference."),
        "label_head": _("Estimate"), "value_head": _("Points"), "decimals": 1,
        "rows": [{"label": words.figure_label(facts), "value": facts["estimate"], "low": facts["low"], "high": facts["high"],
                  "text": decimal(facts["estimate"], 1)}],
        "reference": {"value": 0.0, "label": _("no difference")},
    }  # fmt: skip


def balance_chart(balance: pl.DataFrame, waves: Mapping[str, str]) -> dict | None:
    """Standardised differences before and after the choice."""
    if balance.is_empty():
        return None
    rows = []
    for row in balance.iter_rows(named=True):
        name = words.fact_words(row["fact"], waves)
        for label, value in (
            (_("%(fact)s: all other schools") % {"fact": name}, row["smd_before"]),
            (_("%(fact)s: the schools chosen") % {"fact": name}, row["smd"]),
        ):
            rows.append({"label": label, "value": value, "text": decimal(value, 2)})
    return {
        "kind": "dots", "title": _("How alike were both sides before?"),
        "words": _("Differences in standard deviations: up to 0.05 alike, up to 0.25 to be adjusted for, beyond not comparable."),
        "label_head": _("Fact"), "value_head": _("Standardised difference"), "decimals": 2, "tick_decimals": 2, "rows": rows,
        "reference": {"value": 0.0, "label": _("no difference")}, "lowest": -0.3, "highest": 0.3,
        "bounds": (-ADJUSTABLE, -ALIKE, ALIKE, ADJUSTABLE),
    }  # fmt: skip


def balance_rows(balance: pl.DataFrame, waves: Mapping[str, str]) -> list[list[str]]:
    return [
        [
            words.fact_words(row["fact"], waves), decimal(row["mean_treated"], 1), decimal(row["mean_comparison"], 1),
            decimal(row["smd"], 2), decimal(row["smd_before"], 2), words.verdict_words(row["smd"]),
        ]
        for row in balance.iter_rows(named=True)
    ]  # fmt: skip


def balance_columns() -> list[str]:
    return [
        _("Fact"), _("Schools that take part"), _("Comparison schools"), _("Standardised difference"),
        _("Before choosing"), _("Verdict"),
    ]  # fmt: skip


def balance_names(decision) -> dict[str, str]:
    return {f"wave {wave}": name for wave, name in wave_names(decision).items()}


def school_rows(decision, scope: Scope, only: str = "") -> list[dict[str, Any]]:
    """Schools of the asker's scope with the reason of each."""
    found = [row for row in queries.school_outcomes(decision) if scope.covers(row["org_no"])]
    day = dt.date.fromisoformat(decision.parameters["day"])
    names = names_of_schools([row["org_no"] for row in found], day)
    kind = journal.kind_of(decision.kind)
    rows = []
    for row in found:
        if only and row["reason"] != only:
            continue
        told = {name: value for name, value in row["numbers"].items() if value is not None}
        text = journal.reason_texts(kind, row["reason"], told)[_language()]
        rows.append(row | {"name": names.get(row["org_no"], row["subject"]), "text": text})
    return sorted(rows, key=lambda row: (-row["result"].get("weight", 0.0), row["name"]))


def _language() -> str:
    from django.utils.translation import get_language

    return (get_language() or "en")[:2]


def experts_report(decision, programme) -> Report:
    """Everything behind the estimate, from the sealed run; the same on the page and in the PDF."""
    facts = decision.summary
    with loading():
        chosen = journal.decision(decision.parameters["comparison"])
    sections = [
        _answer(facts), _plan(decision, chosen), _checks(facts), _design(decision, chosen), _estimates(decision, facts),
        _events(decision), _groups(decision), _errors(decision, facts), _waves(decision), _method(),
        _numbers(decision, chosen),
    ]  # fmt: skip
    title = _("Did it work? For experts")
    subtitle = f"{local_name(programme)}: {outcome_words(outcome_of(decision))}"
    return Report(
        title, subtitle, decimal(facts["estimate"], 1), words.figure_label(facts), [s for s in sections if s is not None],
        programme.is_synthetic,
    )  # fmt: skip


def plain_report(decision, programme) -> Report:
    """The page that anybody understands, for print."""
    facts = decision.summary
    means = queries.table(decision, "means").filter(pl.col("compared"))
    names = wave_names(decision)
    sides = {"treated": _("Schools that take part"), "comparison": _("Comparison schools")}
    rows = [
        _point(row, f"{sides[row['side']]}, {names[row['wave']]}") | {"text": whole(row["mean"])}
        for row in means.sort("side", "wave", descending=[True, False]).iter_rows(named=True)
    ]
    chart = {"kind": "dots", "title": _("How did the results move before and after?"), "rows": rows,
             "words": _sides_words(means, facts), "label_head": _("Schools"), "value_head": _("Points")}  # fmt: skip
    sections = [
        Section(_("The answer"), [words.headline(facts), words.in_spreads(facts)]),
        Section(_("Before and after"), chart=chart),
        Section(_("What this does not say"), points=words.does_not_say(facts, outcome_words(outcome_of(decision)))),
        _checks(facts),
        Section(
            _("Where from"), facts=[(_("Decision"), decision.number), (_("Published on"), _day(decision.published_at))]
        ),
    ]
    return Report(
        _("Did it work?"), f"{local_name(programme)}: {outcome_words(outcome_of(decision))}", decimal(facts["estimate"], 1),
        words.figure_label(facts), sections, programme.is_synthetic,
    )  # fmt: skip


def _day(value) -> str:
    return date_format(value, "DATE_FORMAT") if value else _("not published yet")


def _answer(facts: Mapping[str, Any]) -> Section:
    lines = [words.headline(facts)] + ([words.in_spreads(facts)] if words.in_spreads(facts) else [])
    return Section(_("1. Answer"), lines)


def _plan(decision, chosen) -> Section:
    facts = [
        (_("Question"), chosen.parameters["question"]),
        (_("Outcome"), outcome_words(outcome_of(decision))),
        (_("Estimand"), _("mean effect on the schools that take part, each counting once")),
        (_("First estimate"), _("differences in differences; by wave of entry where schools entered at several")),
        (_("Intervals"), _("wild cluster bootstrap, whole schools, 95 %")),
        (
            _("Last day that counts as before"),
            date_format(dt.date.fromisoformat(chosen.parameters["begins_on"]), "DATE_FORMAT"),
        ),
        (_("Plan and comparison sealed on"), date_format(chosen.made_at, "DATETIME_FORMAT")),
        (_("Decision"), chosen.number),
    ]
    lines = [_("This was sealed together with the choice of comparison schools and cannot be changed afterwards.")]
    if chosen.parameters.get("results_known"):
        lines.append(_("Results of after the start were published already when it was sealed."))
    return Section(_("2. Plan of the analysis"), lines, facts=facts)


def _checks(facts: Mapping[str, Any]) -> Section:
    states = {words.PASSED: _("holds"), words.FAILED: _("does not hold"), words.UNKNOWN: _("not known")}
    rows = []
    for check in facts["checks"]:
        told = words.check_words(check)
        state = _("forbids the word effect") if told["forbids"] else states[told["state"]]
        rows.append([told["words"], state])
    return Section(_("Checks of the design"), columns=[_("Check"), _("State")], rows=rows)


def _design(decision, chosen) -> Section:
    balance, names = queries.table(decision, "balance"), balance_names(decision)
    summary = chosen.summary
    lines = [
        _(
            "Of %(candidates)s other schools %(comparison)s were chosen for %(matched)s of %(treated)s schools that take part:"
            " the same kind of settlement and language of instruction exactly, then the nearest in all earlier results and in size,"
            " not further than a caliper."
        )
        % {name: summary[name] for name in ("candidates", "comparison", "matched", "treated")}
    ]
    return Section(
        _("Who is compared with whom"), lines, chart=balance_chart(balance, names), columns=balance_columns(),
        rows=balance_rows(balance, names), right=[1, 2, 3, 4],
        closing=[_("The table is that of the schools that count in the end; means of results are on the scale of the entrance.")],
    )  # fmt: skip


def _estimates(decision, facts: Mapping[str, Any]) -> Section:
    rows = [
        [
            words.estimator_words(row["design"], row["estimand"]), decimal(row["estimate"], 1), decimal(row["se_cr1"], 2),
            decimal(row["se_cr3"], 2), decimal(row["p"], 4), between(row["low"], row["high"], lambda v: decimal(v, 1)),
            whole(row["schools"]),
        ]
        for row in queries.table(decision, "estimators").iter_rows(named=True)
    ]  # fmt: skip
    columns = [
        _("Estimate"), _("Points"), _("Error (CR1)"), _("Error (CR3)"), _("p (bootstrap)"), _("95 % interval"), _("Schools"),
    ]  # fmt: skip
    closing = [_("The first row was named beforehand; the others show how much depends on the choices made.")]
    return Section(_("All estimates"), columns=columns, rows=rows, right=[1, 2, 3, 4, 5, 6], closing=closing)


def _events(decision) -> Section | None:
    events = queries.table(decision, "events")
    if events.is_empty():
        return None
    rows, dots = [], []
    for row in events.iter_rows(named=True):
        label = _("%(n)s waves since entry") % {"n": int(row["event"])}
        dots.append(
            {
                "label": label,
                "value": row["estimate"],
                "low": row["low"],
                "high": row["high"],
                "text": decimal(row["estimate"], 1),
            }
        )
        rows.append(
            [
                label,
                decimal(row["estimate"], 1),
                decimal(row["se"], 2),
                between(row["low"], row["high"], lambda v: decimal(v, 1)),
                decimal(row["p"], 3),
            ]
        )
    chart = {
        "kind": "dots", "title": _("Event study"), "rows": dots, "label_head": _("Wave"), "value_head": _("Points"),
        "words": _("Before entry the differences should lie around zero: each wave is compared with the one before it."),
        "reference": {"value": 0.0, "label": _("no difference")}, "decimals": 1,
    }  # fmt: skip
    columns = [_("Wave"), _("Points"), _("Error"), _("95 % interval"), _("p")]
    return Section(_("Event study"), chart=chart, columns=columns, rows=rows, right=[1, 2, 3, 4])


def _groups(decision) -> Section | None:
    if "groups" not in decision.outputs:
        return None
    names = wave_names(decision)
    rows = [
        [names.get(int(row["group"]), ""), names.get(int(row["wave"]), ""), decimal(row["estimate"], 1), decimal(row["se"], 2),
         whole(row["treated"]), whole(row["comparison"])]
        for row in queries.table(decision, "groups").iter_rows(named=True)
    ]  # fmt: skip
    columns = [_("Entered"), _("Wave"), _("Points"), _("Error"), _("Take part"), _("Compared")]
    return Section(_("By wave of entry"), columns=columns, rows=rows, right=[2, 3, 4, 5])


def _errors(decision, facts: Mapping[str, Any]) -> Section:
    found = [
        (_("Standard error (CR1)"), decimal(facts["se"], 2)), (_("Standard error (CR3)"), decimal(facts["se_cr3"], 2)),
        (_("p of the bootstrap"), decimal(facts["p"], 4)), (_("Draws"), whole(facts["draws"])),
        (_("p of the randomisation test"), decimal(facts["permutation_p"], 4)),
        (_("Error of the link, points"), decimal(facts["link_error"], 2)),
        (_("Interval without the error of the link"), between(facts["low_without_link"], facts["high_without_link"], lambda v: decimal(v, 1))),
        (_("Interval"), between(facts["low"], facts["high"], lambda v: decimal(v, 1))),
    ]  # fmt: skip
    lines = [
        _(
            "A link’s shift cancels when changes are compared; what stays is the error of the scale’s unit. To a change without"
            " comparison the whole error of the link is added."
        )
    ]
    return Section(_("Errors"), lines, facts=found)


def _waves(decision) -> Section:
    titles, names = wave_titles(decision), wave_names(decision)
    rows = [
        [
            titles[row["wave"]],
            names[row["wave"]],
            _("yes") if row["linked"] else _("no, put there by its spread"),
            row["release"],
        ]
        for row in queries.table(decision, "waves").iter_rows(named=True)
    ]
    return Section(
        _("Waves"), columns=[_("Test"), _("Sat"), _("On the entrance’s scale"), _("Published by")], rows=rows
    )


def _method() -> Section:
    lines = [
        _("Mahalanobis distance within the caliper, with replacement (Rosenbaum and Rubin 1985; Stuart 2010)."),
        _("Differences in differences on cross products by school; CR1 as in fixest, CR3 the jackknife over schools."),
        _("Restricted wild cluster bootstrap with intervals by inversion (MacKinnon, Nielsen and Webb 2023); all patterns of signs where there are few schools."),
        _("Effects by wave of entry: Callaway and Sant’Anna (2021). Bounds of comparability: What Works Clearinghouse 5.0."),
    ]  # fmt: skip
    return Section(_("Method"), points=lines)


def _numbers(decision, chosen) -> Section:
    found = [
        (_("Decision on the impact"), decision.number), (_("Decision on the comparison"), chosen.number),
        (_("Published on"), _day(decision.published_at)), (_("Rules"), f"{decision.rule} {decision.rule_version}"),
        (_("Engine"), decision.engine_version),
    ]  # fmt: skip
    return Section(_("Numbers"), facts=found)
