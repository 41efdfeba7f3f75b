"""What schools add and the gap of town and village in the demonstration region, decided, published, and as figures. Synthetic."""

from __future__ import annotations

import contextlib
import datetime as dt

from django.utils import timezone

from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.indicators.services.publishing import AlreadyPublished, publish
from tirek.programmes.demonstration.impact import MATHEMATICS
from tirek.programmes.kinds_evaluation import GAP, VALUE_ADDED
from tirek.programmes.kinds_impact import IMPACT
from tirek.programmes.queries import evaluation as queries
from tirek.programmes.queries.pupils import pairs_to_follow, releases_with_pupils
from tirek.programmes.services.evaluation import compute_gap, compute_value_added
from tirek_engines.errors import Refusal

FIGURES = {IMPACT: "impact", VALUE_ADDED: "value_added", GAP: "gap"}


def demonstrate_evaluation(now: dt.datetime | None = None) -> dict:
    """Compute from the published tests of mathematics in grade 4. Safe to repeat; gives what is there."""
    now = now or timezone.now()
    with loading():
        releases = [
            r
            for r in releases_with_pupils()
            if (r.test.subject, r.test.grade) == (MATHEMATICS.subject, MATHEMATICS.grade)
        ]
        made = [_value_added(a.test.code, b.test.code, now) for a, b in pairs_to_follow(releases)[:1]]
        made += [_gap(releases[0].test.code, now)] if releases else []
        made += list(journal.decisions().filter(kind=IMPACT, state="published")[:1])
        return {run.kind: _figure(run, now) for run in made if run is not None}


def _value_added(before: str, after: str, now: dt.datetime):
    found = queries.of_tests(VALUE_ADDED, before=before, after=after).filter(state="published").first()
    return found or _published(lambda: compute_value_added(before=before, after=after, by=None, now=now), now)


def _gap(test: str, now: dt.datetime):
    found = queries.of_tests(GAP, test=test).filter(state="published").first()
    return found or _published(lambda: compute_gap(test=test, by=None, now=now), now)


def _published(compute, now: dt.datetime):
    """A region too small to say anything has no such run, which its pages say."""
    try:
        return decisions.publish(compute().number, by=None, now=now)
    except Refusal:
        return None


def _figure(run, now: dt.datetime) -> str:
    code = f"programmes.{FIGURES[run.kind]}.{run.parameters['subject']}.{run.parameters['grade']}"
    with contextlib.suppress(AlreadyPublished):
        publish(code, as_of=timezone.localdate(now), by=None, now=now, decision=run.number)
    return f"{run.number} {code}"
