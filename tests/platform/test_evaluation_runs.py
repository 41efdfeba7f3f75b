"""What schools add, and the gap of town and village: from published results of pupils to pages, figures and a verified decision."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from access_world import signed_in, user_with
from assessment_world import OFFICER, REGION
from django.test import Client
from django.utils import translation
from impact_region import MAY, exit_test, make_region, same_draws

from tirek.access.scope import acting_as, loading
from tirek.decisions import queries as journal
from tirek.decisions.services import publish, verify
from tirek.indicators.services.publishing import publish as publish_figure
from tirek.programmes.kinds_evaluation import GAP, VALUE_ADDED
from tirek.programmes.pages import gap as gap_pages
from tirek.programmes.pages import value_added as added_pages
from tirek.programmes.queries import evaluation as queries
from tirek.programmes.services.evaluation import compute_gap, compute_value_added
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
LANGUAGES = ("kk", "ru", "en")


@pytest.fixture(autouse=True)
def _the_same_in_every_run(settings, monkeypatch):
    """Accounts of a demonstration sign in without a second factor; draws do not depend on keys and numbers of rows."""
    settings.DEMONSTRATION = True
    same_draws(monkeypatch)


def made(kind: str):
    with acting_as(OFFICER):
        if kind == GAP:
            draft = compute_gap(test="ENTRANCE", by=None, now=MAY)
        else:
            draft = compute_value_added(before="ENTRANCE", after="EXIT", by=None, now=MAY)
        return publish(draft.number, by=None, now=MAY)


def client_of(role: str, span: tuple[int, int]) -> Client:
    kind = "region" if span == REGION else "institution"
    return signed_in(user_with(role, kind, f"{role}-{span[0]}", span))


class TestValueAdded:
    def test_from_two_tests_to_the_pages_of_those_concerned(self):
        world, programme = make_region()
        exit_test(world, programme, effect=2.0)
        run = made(VALUE_ADDED)
        rows = queries.school_outcomes(run)
        assert len(rows) == len(world.schools)
        assert run.summary["pupils"] == sum(row["numbers"]["pupils"] or 0 for row in rows)
        treated = {world.schools[k].org_no for k in range(8)}
        means = {
            side: [r["numbers"]["effect"] for r in rows if (r["org_no"] in treated) == side] for side in (True, False)
        }
        assert min(means[True]) > max(means[False]) - 30
        assert sum(means[True]) / 8 > sum(means[False]) / 16 + 20
        for row in rows:
            told = row["numbers"]
            assert abs(told["effect"]) <= abs(told["difference"]) + 0.1
            assert told["low"] <= told["effect"] <= told["high"]
        assert verify(run.number, by=None, now=MAY).agrees
        self.check_pages(world, run)
        self.check_figure(run)

    def check_pages(self, world, run):
        school, other = world.schools[0], world.schools[9]
        url = f"/programmes/value-added/{run.number}/"
        officer = client_of("regional_officer", REGION)
        page = officer.get(url).content.decode()
        assert f"/why/{school.code}/" in page
        assert f"/why/{other.code}/" in page
        head = client_of("school_head", (school.org_no, school.org_no))
        page = head.get(url).content.decode()
        assert f"/why/{school.code}/" in page
        assert f"/why/{other.code}/" not in page
        assert head.get("/programmes/value-added/").status_code == 200
        table = head.get(url + "?download=csv").content.decode("utf-8-sig")
        assert school.code in table
        assert other.code not in table
        assert Client().get(url).status_code == 302
        results = head.get(f"/institutions/{school.code}/results/")
        assert results.status_code == 200
        assert url in results.content.decode()
        assert (
            url
            not in client_of("teacher", (other.org_no, other.org_no))
            .get(f"/institutions/{school.code}/results/")
            .content.decode()
        )

    def check_figure(self, run):
        with acting_as(OFFICER):
            found = publish_figure("programmes.value_added.mathematics.4", as_of=dt.date(2026, 6, 10), by=None, now=MAY)
        with loading():
            figure = found.figures.get()
        assert figure.value == f"{run.summary['spread']:.1f}"

    def test_every_sentence_exists_in_every_language(self):
        world, programme = make_region()
        exit_test(world, programme)
        run = made(VALUE_ADDED)
        for language in LANGUAGES:
            with translation.override(language), acting_as(OFFICER):
                assert added_pages.headline(run.summary)
                assert all(added_pages.in_words(run.summary))
                assert added_pages.caterpillar(queries.school_outcomes(run), {})["rows"]
                assert all(row["text"] for row in added_pages.school_rows(run, OFFICER))

    def test_what_cannot_be_followed_is_refused_in_words(self):
        make_region(schools=8, treated=2)
        with acting_as(OFFICER), pytest.raises(Refusal) as refused:
            compute_value_added(before="ENTRANCE", after="ENTRANCE", by=None, now=MAY)
        assert refused.value.code == "wrong_state"
        with acting_as(OFFICER), pytest.raises(Refusal) as refused:
            compute_value_added(before="EARLY-2023", after="ENTRANCE", by=None, now=MAY)
        assert refused.value.code == "wrong_state"
        with acting_as(OFFICER), pytest.raises(Refusal) as refused:
            compute_gap(test="ENTRANCE", by=None, now=MAY)
        assert refused.value.code == "few_schools"


class TestGap:
    def test_a_gap_is_split_shown_to_everybody_and_becomes_a_figure(self):
        make_region()
        run = made(GAP)
        with loading():
            pupils = journal.table(run, "pupils")
        means = dict(pupils.group_by("settlement").agg(pl.col("result").mean()).iter_rows())
        assert run.summary["gap"] == pytest.approx(means["urban"] - means["rural"])
        assert run.summary["explained"] + run.summary["unexplained"] == pytest.approx(run.summary["gap"])
        assert verify(run.number, by=None, now=MAY).agrees
        page = Client().get(f"/programmes/gap/{run.number}/")
        assert page.status_code == 200
        table = Client().get(f"/programmes/gap/{run.number}/tables/parts/?form=csv")
        assert table.status_code == 200
        assert client_of("regional_officer", REGION).get("/programmes/gap/").status_code == 200
        outcomes = queries.part_outcomes(run)
        for language in LANGUAGES:
            with translation.override(language):
                assert gap_pages.headline(run.summary)
                assert all(part["text"] for part in gap_pages.parts(run, outcomes))
        with acting_as(OFFICER):
            found = publish_figure("programmes.gap.mathematics.4", as_of=dt.date(2026, 6, 10), by=None, now=MAY)
        with loading():
            figure = found.figures.get()
        assert figure.value == f"{run.summary['gap']:.1f}"
