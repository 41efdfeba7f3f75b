"""Compute what schools add, and what the gap between town and village goes with. Publishing and withdrawing are the journal's."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.assessment.models import Release
from tirek.assessment.queries.results import published, test_by_code
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.programmes.kinds_evaluation import GAP, VALUE_ADDED
from tirek.programmes.queries import evaluation as queries
from tirek.programmes.queries.impact_design import days_of
from tirek.programmes.queries.pupils import followed_inputs, pairs_to_follow, pupil_inputs
from tirek.programmes.refusals import NotThere, WrongState, must
from tirek.programmes.services.impact import Tell, nobody
from tirek.storage.sealed import digest_of
from tirek_engines.errors import Refusal


@transaction.atomic
def compute_value_added(*, before: str, after: str, by: User | None, now: dt.datetime, tell: Tell = nobody):
    """Draft the value added from an earlier to a later published test. Asked twice from the same data, it is the same draft."""
    first, last = _release(before), _release(after)
    _right(last)
    if not pairs_to_follow([first, last]):
        raise WrongState(
            _(
                "These two tests do not follow each other: the later one has to be of the same subject and the same pupils."
            )
        )
    tell(0, 2, _("Following pupils from one test to the other"))
    with loading():
        inputs = followed_inputs(first, last)
    parameters = {"before": before, "after": after} | _facts(last)
    tell(1, 2, _("Estimating what schools add"))
    return _recorded(VALUE_ADDED, inputs, parameters, last, {"before": before, "after": after}, by, now)


@transaction.atomic
def compute_gap(*, test: str, by: User | None, now: dt.datetime, tell: Tell = nobody):
    """Draft the gap between town and village of a published test. Asked twice from the same data, it is the same draft."""
    release = _release(test)
    _right(release)
    tell(0, 2, _("Reading results, pupils and schools"))
    with loading():
        inputs = pupil_inputs(release)
    tell(1, 2, _("Splitting the gap"))
    return _recorded(GAP, inputs, {"test": test} | _facts(release), release, {"test": test}, by, now)


def _release(code: str) -> Release:
    test = test_by_code(code)
    found = published(test) if test is not None else None
    if found is None:
        raise NotThere(_("There are no published results of this test."))
    if found.calibration_id is None:
        raise WrongState(_("Of this test only means of schools were brought in: pupils’ own results are wanted."))
    return found


def _right(release: Release) -> None:
    must("programmes.manage", release.test.org_lo, release.test.org_hi)


def _facts(release: Release) -> dict:
    test = release.test
    return {
        "subject": test.subject, "grade": test.grade, "territory": test.territory.code, "level": test.territory.level,
        "org_lo": test.org_lo, "org_hi": test.org_hi, "day": days_of([test])[test.pk][1].isoformat(),
    }  # fmt: skip


def _recorded(
    kind: str, inputs: dict, parameters: dict, release: Release, codes: dict, by: User | None, now: dt.datetime
):
    before = queries.of_tests(kind, **codes).filter(state="published").first()
    key = f"{kind}:{digest_of(parameters)[:24]}:{''.join(digest_of(frame)[:12] for frame in inputs.values())}"
    with loading():
        same = journal.decisions().filter(idempotency_key__startswith=key)
        key = f"{key}:{same.filter(state__in=('withdrawn', 'superseded')).count()}"
    try:
        return decisions.record(
            kind=kind, inputs=inputs, parameters=parameters, org=(release.test.org_lo, release.test.org_hi), by=by, now=now,
            supersedes=before.number if before and before.idempotency_key != key else None, idempotency_key=key,
        )  # fmt: skip
    except Refusal as refusal:
        raise _in_words(refusal) from refusal


def _in_words(refusal: Refusal) -> Refusal:
    """What an engine refuses, in the reader's language."""
    fields = dict(refusal.fields)
    words = {
        "few_schools": _(
            "Results of %(found)s schools are known, and %(wanted)s are wanted: with fewer nothing can be said that holds for"
            " all. Take a test that more schools have sat."
        ),
        "nothing_varies": _("Nothing that is known of pupils and schools varies both in towns and in villages."),
        "one_group": _("All pupils of this test are in towns, or all in villages, so that there is no gap."),
        "collinear_in_group": _("What is known of pupils and schools cannot be told apart in towns or in villages."),
        "no_residual": _("The later results follow from the earlier ones without fail: are they the same test?"),
        "schools_of_one": _(
            "No school has two pupils with both results, so that schools and pupils cannot be told apart."
        ),
        "no_spread": _("All pupils have one and the same result, so that nothing can be compared."),
        "one_school": _("All pupils with both results are of one school, so that schools cannot be compared."),
    }
    if refusal.code not in words:
        return refusal
    return WrongState(words[refusal.code] % fields, code=refusal.code, **fields)
