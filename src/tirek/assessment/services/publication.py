"""Publish a test's results once somebody has seen them; withdraw them when they turn out wrong."""

from __future__ import annotations

import json
from datetime import date, datetime

import polars as pl
from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.assessment import figures
from tirek.assessment.models import (
    Calibration,
    CalibrationState,
    Dimension,
    GroupResult,
    Link,
    LinkState,
    Release,
    ReleaseState,
    Test,
    TestState,
    Trend,
)
from tirek.assessment.refusals import NotGoodEnough, WrongState, must
from tirek.assessment.services import stale
from tirek.assessment.services.groups import SUPPRESSED, ranges_of
from tirek.assessment.services.panels import carry_over
from tirek.assessment.services.persons import keep_persons
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.indicators import services as indicators


@transaction.atomic
def publish_results(*, test_id: int, by: User | None, now: datetime) -> Release:
    """Publish the drafts of the current calibration; refused if it failed a check or if its inputs have moved."""
    must("figures.publish")
    test = Test.objects.select_for_update().get(pk=test_id)
    published = Release.objects.filter(test=test, state=ReleaseState.PUBLISHED).first()
    calibration = Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).first()
    if published is not None and calibration is not None and published.calibration_id == calibration.pk:
        return published
    if calibration is None:
        raise WrongState(_("The test is not calibrated. Calibrate it first."))
    if calibration.state != CalibrationState.GOOD:
        raise NotGoodEnough(_("A quality check failed, so these results would not be honest. See the checks."))
    decisions.publish(calibration.decision_number, by=by, now=now)
    link = _good_link(calibration)
    if link is not None:
        decisions.publish(link.decision_number, by=by, now=now)
    results = decisions.publish(calibration.results_number, by=by, now=now)
    release = _release(test, calibration, link, results, now)
    release.figure_number = _publish_figure(test, results, by, now)
    release.save(update_fields=["figure_number"])
    with loading():
        _keep_groups(release, test, results)
        if link is not None:
            _keep_trends(release, test, results)
        keep_persons(release, test, results, calibration)
    test.state = TestState.PUBLISHED
    test.save(update_fields=["state"])
    if link is not None:
        carry_over(release, by=by, now=now)
    return release


@transaction.atomic
def withdraw(*, test_id: int, by: User | None, now: datetime, because: str) -> Release:
    """Take published results back. The journal keeps them; pages no longer show them."""
    must("figures.publish")
    test = Test.objects.select_for_update().get(pk=test_id)
    release = Release.objects.filter(test=test, state=ReleaseState.PUBLISHED).first()
    if release is None:
        raise WrongState(_("The test has no published results."))
    if not because.strip():
        raise WrongState(_("Say why the results are withdrawn."))
    _refuse_while_linked_to(test)
    if release.calibration is not None:
        links = [release.link.decision_number] if release.link else []
        for number in (release.calibration.results_number, *links, release.calibration.decision_number):
            decisions.withdraw(number, by=by, now=now, because=because)
        if release.figure_number:
            indicators.withdraw(release.figure_number, by=by, now=now, because=because)
        Calibration.objects.filter(pk=release.calibration_id).update(state=CalibrationState.SUPERSEDED)
        stale.withdraw_levels(release, because=because, by=by, now=now)
    stale.revoke_reports(release, because=because, by=by, now=now)
    release.state, release.withdrawn_at = ReleaseState.WITHDRAWN, now
    release.withdrawn_because = because.strip()[:300]
    release.save(update_fields=["state", "withdrawn_at", "withdrawn_because"])
    test.state = TestState.COLLECTING
    test.save(update_fields=["state"])
    return release


def _good_link(calibration: Calibration) -> Link | None:
    """The link that the draft of results stands on."""
    return Link.objects.filter(calibration=calibration, state=LinkState.GOOD).select_related("base").first()


def _refuse_while_linked_to(test: Test) -> None:
    """Later results that stand on this test's scale would lose their ground."""
    with loading():
        later = Release.objects.filter(link__base=test, state=ReleaseState.PUBLISHED).select_related("test").first()
    if later is not None:
        raise WrongState(
            _("The published results of %(test)s stand on this test’s scale. Withdraw those first.")
            % {"test": later.test.code}
        )


def _publish_figure(test: Test, results, by: User | None, now: datetime) -> str:
    """Through the one door of public figures; number of the publication, empty where no figure is kept."""
    code = figures.code_of(test.subject, test.grade)
    if code is None:
        return ""
    day = date.fromisoformat(results.parameters["day"])
    try:
        return indicators.publish(code, as_of=day, by=by, now=now, decision=results.number).number
    except indicators.AlreadyPublished as already:
        return str(already.fields["number"])


def _release(test: Test, calibration: Calibration, link: Link | None, results, now: datetime) -> Release:
    tables = {name: journal.table(results, name) for name in ("distribution", "item_points")}
    return Release.objects.create(
        test=test,
        calibration=calibration,
        link=link,
        org_lo=test.org_lo,
        decision_number=results.number,
        state=ReleaseState.PUBLISHED,
        by_id=current_scope().user_id,
        at=now,
        distribution={name: table.to_dicts() for name, table in tables.items()}
        | {"scale": results.summary["scale"], "reliability": calibration.fit["reliability"]},
    )


def outcomes_of(decision) -> pl.DataFrame:
    """The sealed outcomes of a decision."""
    return journal.table(decision, "outcomes")


def _keep_groups(release: Release, test: Test, results) -> None:
    places = ranges_of(test)
    rows = outcomes_of(results).filter(pl.col("subject_kind").is_in([str(value) for value in Dimension.values]))
    made = []
    for kind, code, numbers, result, reason in rows.select(
        "subject_kind", "subject", "numbers", "result", "reason"
    ).iter_rows():
        found, more = json.loads(numbers), json.loads(result)
        lo, hi = places.get(code, (test.org_lo, test.org_hi))
        why = SUPPRESSED[-1 if reason == "nobody" else more["hidden"]]
        made.append(
            GroupResult(
                release=release,
                org_lo=lo,
                org_hi=hi,
                dimension=kind,
                code=code,
                suppressed=why,
                n_schools=found.get("schools"),
                sd=more.get("sd"),
                n=None if why else found.get("pupils"),
                **{name: found.get(name) for name in ("mean", "se", "low", "high")},
            )
        )
    GroupResult.objects.bulk_create(made)


def _keep_trends(release: Release, test: Test, results) -> None:
    base = Release.objects.get(test=release.link.base, state=ReleaseState.PUBLISHED)
    places = ranges_of(test)
    rows = outcomes_of(results).filter(pl.col("subject_kind").str.starts_with("trend_"))
    made = []
    for kind, code, numbers in rows.select("subject_kind", "subject", "numbers").iter_rows():
        found = json.loads(numbers)
        lo, hi = places.get(code, (test.org_lo, test.org_hi))
        made.append(
            Trend(
                release=release,
                base=base,
                org_lo=lo,
                org_hi=hi,
                dimension=kind.removeprefix("trend_"),
                code=code,
                before=found["before"],
                now=found["mean"],
                difference=found["change"],
                se=found["se"],
                link_se=found["link_points"],
                low=found["low"],
                high=found["high"],
            )
        )
    Trend.objects.bulk_create(made)
