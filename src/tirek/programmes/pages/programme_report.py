"""A programme's report: schools, stages, needs, teachers, rooms, money, measures, results; each figure with its source and day."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.reports.sections import Report, Section, decimal, percent, whole
from tirek.decisions import queries as journal
from tirek.facilities.models import WorkState
from tirek.facilities.queries import works
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.models import (
    Agreement,
    Earmark,
    LeftBecause,
    Need,
    Participation,
    Programme,
    Selection,
    SelectionState,
)
from tirek.programmes.pages import impact as impact_pages
from tirek.programmes.pages import impact_words
from tirek.programmes.queries import impact, measures, needs
from tirek.programmes.queries.programmes import participations, stages
from tirek.programmes.queries.sponsors import money
from tirek.registry.queries.territories import local_name

TENGE = 100


def programme_report(programme: Programme, *, on: dt.date) -> Report:
    """The report as of a day. The caller has checked that the asker may read the programme."""
    now_inside = list(participations(programme, on=on))
    sections = [
        _schools(programme, now_inside, on), _stages(programme, now_inside), _needs(programme, on), _teachers(programme, on),
        _rooms(programme, on), _money(programme, on), _measures(programme, on), *_results(programme),
    ]  # fmt: skip
    period = _("%(first)s – %(last)s; as of %(day)s") % {
        "first": _day(programme.starts_on), "last": _day(programme.ends_on), "day": _day(on),
    }  # fmt: skip
    return Report(
        local_name(programme), period, whole(len(now_inside)), _("schools take part"), sections, programme.is_synthetic
    )


def _day(day: dt.date | dt.datetime) -> str:
    return date_format(day, "DATE_FORMAT")


def _counted(on: dt.date, source: str) -> list[str]:
    return [_("Counted as of %(day)s from: %(source)s.") % {"day": _day(on), "source": source}]


def _nothing(title: str, words: str) -> Section:
    return Section(title, [words])


def _decided(number: str) -> str:
    made = journal.decision(number)
    return _("decision %(number)s of %(day)s") % {"number": number, "day": _day(made.published_at or made.made_at)}


def _schools(programme: Programme, inside: list[Participation], on: dt.date) -> Section:
    title = _("1. Schools")
    ever = list(participations(programme).filter(valid__startswith__lte=on))
    if not ever:
        return _nothing(title, _("No school has been chosen yet."))
    left = [p for p in ever if p.valid.upper and p.valid.upper <= on and p.left_because != LeftBecause.ENDED]
    facts = [
        (_("Schools that take part"), whole(len({p.org_no for p in inside}))),
        (_("Schools that ever took part"), whole(len({p.org_no for p in ever}))),
        (_("Of them left before the end"), whole(len({p.org_no for p in left}))),
    ]
    rounds = Selection.objects.filter(programme=programme, state=SelectionState.APPLIED).order_by("joins_on")
    points = [
        _("Joined on %(day)s: %(source)s.") % {"day": _day(one.joins_on), "source": _decided(one.decision_number)}
        for one in rounds
    ]
    return Section(
        title, points=points, facts=facts, closing=_counted(on, _("participations in the register of programmes"))
    )


def _stages(programme: Programme, inside: list[Participation]) -> Section:
    title = _("2. Stages")
    known = stages(programme)
    if not known or not inside:
        return _nothing(title, _("No school stands in a stage."))
    rows = []
    for stage in known:
        own = [p for p in inside if p.stage_id == stage.pk]
        since = min((p.stage_since for p in own), default=None)
        rows.append([local_name(stage), whole(len(own)), _day(since) if since else "—"])
    return Section(title, columns=[_("Stage"), _("Schools"), _("Longest since")], rows=rows, right=[1])


def _needs(programme: Programme, on: dt.date) -> Section:
    title = _("3. Needs")
    found = needs.counts(current_scope(), programme)
    if not found.stood and not found.proposed:
        return _nothing(title, _("No need has been found yet."))
    facts = [
        (_("Needs accepted"), whole(found.stood)), (_("Of them met"), whole(found.met)),
        (_("Share met"), percent(found.met / found.stood) if found.stood else "—"),
        (_("Proposed and not yet decided"), whole(found.proposed)), (_("Rejected with a reason"), whole(found.rejected)),
    ]  # fmt: skip
    points = [
        _("Proposed by %(source)s.") % {"source": _decided(run.decision_number)} for run in needs.runs(programme)[:3]
    ]
    return Section(title, points=points, facts=facts, closing=_counted(on, _("the register of needs")))


def _codes(programme: Programme) -> list[str]:
    return [need.code for need in Need.objects.filter(programme=programme)]


def _teachers(programme: Programme, on: dt.date) -> Section:
    title = _("4. Teachers")
    from tirek.cpd.models import Participation as Taking
    from tirek.cpd.models import Standing

    found = Taking.objects.filter(need_code__in=_codes(programme), applied_at__date__lte=on)
    if not found.exists():
        return _nothing(title, _("No teacher has been put into a course because of a need of this programme."))
    done = found.filter(standing=Standing.COMPLETED)
    facts = [
        (_("Teachers in courses"), whole(found.values("person_id").distinct().count())),
        (_("Of them completed"), whole(done.values("person_id").distinct().count())),
        (_("Hours counted"), whole(done.aggregate(n=Sum("hours"))["n"] or 0)),
        (_("Courses held in groups"), whole(found.values("cohort_id").distinct().count())),
    ]
    return Section(title, facts=facts, closing=_counted(on, _("the lists of the courses’ groups")))


def _rooms(programme: Programme, on: dt.date) -> Section:
    title = _("5. Rooms")
    earmarks = [e.code for e in Earmark.objects.filter(agreement__programme=programme)]
    found = works.works_of(need_codes=_codes(programme)) | works.works_of(earmark_codes=earmarks)
    counted = works.state_counts(found.distinct())
    live = sum(n for state, n in counted.items() if state != WorkState.CANCELLED)
    if not live:
        return _nothing(title, _("No work has been opened for a need or a sponsor’s money of this programme."))
    accepted = found.filter(state=WorkState.ACCEPTED)
    facts = [
        (_("Works"), whole(live)), (_("Accepted by two people"), whole(counted.get(WorkState.ACCEPTED, 0))),
        (_("Rooms with accepted works"), whole(accepted.exclude(room=None).values("room_id").distinct().count())),
    ]  # fmt: skip
    labels = dict(WorkState.choices)
    rows = [[str(labels[state]), whole(counted[state])] for state in labels if counted.get(state)]
    return Section(
        title,
        facts=facts,
        columns=[_("State"), _("Works")],
        rows=rows,
        right=[1],
        closing=_counted(on, _("the journal of works")),
    )


def _money(programme: Programme, on: dt.date) -> Section:
    title = _("6. Money")
    agreements = list(Agreement.objects.filter(programme=programme))
    if not agreements:
        return _nothing(title, _("No sponsor has an agreement with this programme."))
    found = money.totals(agreements, on)
    facts = [
        (_("Agreed"), _tenge(found.agreed)), (_("Received"), _tenge(found.received - found.returned)),
        (_("Ordered"), _tenge(found.ordered)), (_("Accepted works"), _tenge(found.accepted)), (_("Paid"), _tenge(found.paid)),
        (_("Of it for accepted works"), _tenge(found.paid_for_accepted)),
        (_("Paid in advance"), _tenge(found.advance)), (_("Received and not yet paid out"), _tenge(found.waits)),
        (_("Promised and overdue"), _tenge(found.overdue)),
    ]  # fmt: skip
    words = [_("For every 100 tenge of accepted works %(paid)s tenge are paid.") % {
        "paid": whole(100 * found.paid_for_accepted / found.accepted)}] if found.accepted else []  # fmt: skip
    return Section(title, words, facts=facts, closing=_counted(on, _("the ledger, agreements and payments")))


def _tenge(tiyn: int) -> str:
    return _("%(amount)s ₸") % {"amount": whole(tiyn / TENGE)}


def _measures(programme: Programme, on: dt.date) -> Section:
    title = _("7. Plan of measures")
    found = measures.progress(programme, on=on)
    if not found.all:
        return _nothing(title, _("The plan of measures is empty."))
    facts = [
        (_("Measures"), whole(found.all)), (_("Done"), whole(found.done)), (_("Overdue"), whole(found.late)),
        (_("Due by now and done in time"), f"{whole(found.in_time)} / {whole(found.due)}"),
        (_("Budget"), _tenge(found.budget_tiyn)),
    ]  # fmt: skip
    return Section(title, facts=facts, closing=_counted(on, _("the plan of measures")))


def _results(programme: Programme) -> list[Section]:
    """Every published result, one section an outcome."""
    title = _("8. Did it work?")
    found = list({
        impact_pages.outcome_of(one): one
        for one in reversed(impact.decisions_of(programme, IMPACT).filter(state="published"))
    }.values())  # fmt: skip
    if not found:
        chosen = impact.published(programme, COMPARISON)
        words = _("It cannot be told yet: no result is published.")
        points = (
            [_("Comparison schools were chosen by %(source)s.") % {"source": _decided(chosen.number)}] if chosen else []
        )
        return [Section(title, [words], points=points)]
    return [_result(title, one) for one in found]


def _result(title: str, decision) -> Section:
    facts = decision.summary
    shown = [
        (_("Outcome"), impact_pages.outcome_words(impact_pages.outcome_of(decision))),
        (impact_words.figure_label(facts), decimal(facts["estimate"], 1)),
        (_("95 % interval"), impact_pages.between(facts["low"], facts["high"], lambda v: decimal(v, 1))),
        (_("Schools that take part and count"), whole(facts["treated_matched"] or facts["treated_seen"])),
        (_("Comparison schools"), whole(facts["comparison"])),
        (_("Published by"), _decided(decision.number)),
    ]
    told = [impact_words.check_words(check) for check in facts["checks"]]
    points = [check["words"] for check in told if check["state"] == impact_words.FAILED]
    lines = [impact_words.headline(facts), impact_words.in_spreads(facts)]
    return Section(title, [line for line in lines if line], points=points, facts=shown)
