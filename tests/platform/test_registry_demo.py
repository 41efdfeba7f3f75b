"""The demonstration is the same for the same seed, looks as the sources say, and is never loaded twice."""

import numpy as np
import polars as pl
import pytest
from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry import identifiers
from tirek.registry.models import (
    Employment,
    Enrolment,
    Guardianship,
    Headcount,
    Institution,
    InstitutionState,
    Person,
    Room,
    Territory,
)
from tirek.registry.queries import counts, own
from tirek.registry.services.counts import recount
from tirek.site.demo import load as loading_module
from tirek.site.demo import people, plan, registry, truth, users
from tirek.site.demo.load import DemonstrationRefused, load
from tirek.storage import secrets

YEAR = 2025


def test_the_same_seed_gives_the_same_region():
    first, again, other = (plan.make_plan("tiny", seed, YEAR) for seed in (1, 1, 2))
    assert first.digest() == again.digest() != other.digest()
    assert registry.states(first).equals(registry.states(again))
    assert registry.rooms(first).equals(registry.rooms(again))
    batches = [people.make_batch(p, 0, len(p.institutions)) for p in (first, again)]
    assert batches[0].persons.equals(batches[1].persons)
    assert batches[0].teachings.equals(batches[1].teachings)


def test_the_digest_of_a_known_seed():
    """A change of the generator changes everybody's demonstration: change this number on purpose only."""
    assert plan.make_plan("tiny", 1, YEAR).digest()[:16] == "7c71a7270918de01"


def test_the_shape_of_mangystau():
    made = plan.make_plan("mangystau", 1, YEAR)
    kinds = dict(made.institutions["kind"].value_counts().iter_rows())
    support = made.institutions["is_support"].to_numpy()
    assert kinds["school"] + kinds["small_school"] == 150
    assert (kinds["counselling_centre"], kinds["college"], int(support.sum())) == (169, 26, 50)
    assert made.learners[support].sum() == 60_000
    assert (made.staff[support] - 2).sum() == 7_000
    assert made.territories.filter(pl.col("level") == "region").height == 20
    assert made.territories.filter(pl.col("level") == "district").height == 7


def test_the_shape_of_turkestan():
    made = plan.make_plan("turkestan", 1, YEAR)
    schools = made.institutions["kind"].is_in(["school", "small_school"]).to_numpy()
    assert (int(schools.sum()), int(made.learners[schools].sum())) == (1_084, 554_654)


@pytest.mark.parametrize("scale", ["tiny", "mangystau", "turkestan", "country"])
def test_every_number_lies_in_its_territory(scale):
    made = plan.make_plan(scale, 1, YEAR)
    joined = made.institutions.join(made.territories, left_on="territory", right_on="code")
    assert joined.filter(~pl.col("org_no").is_between("org_lo", "org_hi")).is_empty()
    assert made.institutions["org_no"].is_unique().all()
    inner = made.territories.filter(pl.col("parent") != "")
    around = inner.join(made.territories, left_on="parent", right_on="code", suffix="_up")
    assert around.filter((pl.col("org_lo") < pl.col("org_lo_up")) | (pl.col("org_hi") > pl.col("org_hi_up"))).is_empty()


def test_identifiers_are_right_unique_and_nobodys():
    made = plan.make_plan("tiny", 1, YEAR)
    persons = people.make_batch(made, 0, len(made.institutions)).persons
    assert persons["iin"].is_unique().all()
    assert identifiers.check_iins(persons["iin"])["problem"].null_count() == len(persons)
    assert set(persons["iin"].str.slice(6, 1)) == {"8", "9"}


def test_identifiers_stay_unique_in_the_country():
    made = plan.make_plan("country", 1, YEAR)
    numbers = [people.make_batch(made, *part).persons["iin"] for part in loading_module.batches(made)[:2]]
    last = loading_module.batches(made)[-1]
    numbers.append(people.make_batch(made, *last).persons["iin"])
    assert pl.concat(numbers).is_unique().all()


@pytest.mark.django_db(databases=["default", "owner"])
def test_loading_twice_doubles_nothing(monkeypatch):
    monkeypatch.setattr(loading_module, "_analyze", lambda: None)
    first = load(scale="tiny", year=YEAR, stage="registry")
    assert (first.institutions, first.is_complete) == (38, False)
    done = load(scale="tiny", year=YEAR)
    assert (done.institutions, done.is_complete) == (0, True)
    again = load(scale="tiny", year=YEAR)
    assert (again.people, again.is_complete) == (0, True)
    with loading():
        assert Institution.objects.count() == 38
        assert Person.objects.count() == done.people
        assert Enrolment.objects.count() == int(done.plan.learners.sum())
        assert Employment.objects.count() == int(done.plan.staff.sum())
        assert Room.objects.exists()
        _look_at_one_school(done.plan)


def _look_at_one_school(made):
    school = InstitutionState.objects.filter(is_support_school=True).order_by("org_no").first()
    kept = Headcount.objects.get(org_no=school.org_no)
    assert kept.pupils == Enrolment.objects.filter(org_no=school.org_no).count() > 0
    assert kept.teachers == Employment.objects.filter(org_no=school.org_no, position="teacher").count() > 0
    assert InstitutionState.objects.filter(institution=school.institution_id).count() == 3
    person = Person.objects.filter(org_no=school.org_no).order_by("id").first()
    number = secrets.decrypt(person.iin_encrypted)
    assert identifiers.check_iin(number).is_valid
    assert secrets.keyed_hash(number) == bytes(person.iin_hash)
    country, region = (
        Territory.objects.get(level=level, org_lo__lte=school.org_no, org_hi__gte=school.org_no)
        for level in ("country", "region")
    )
    today, then = max(made.starts_on, timezone.localdate()), made.starts_on
    assert counts.by_territory([country], on=today)[country.pk].pupils == int(made.learners.sum()), "as last counted"
    assert counts.by_territory([region], on=then)[region.pk].pupils == int(made.learners.sum()), "row by row"


@pytest.mark.django_db(databases=["default", "owner"])
def test_an_interrupted_load_goes_on(monkeypatch):
    monkeypatch.setattr(loading_module, "_analyze", lambda: None)
    monkeypatch.setattr(loading_module, "BATCH_PEOPLE", 700)
    calls = []

    def stop_after_two(done, total, message):
        calls.append(done)
        if message == "people" and len([c for c in calls if c]) > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(scale="tiny", year=YEAR, progress=stop_after_two)
    done = load(scale="tiny", year=YEAR)
    assert done.is_complete
    with loading():
        assert Enrolment.objects.count() == int(done.plan.learners.sum())
        assert Person.objects.values("iin_hash").distinct().count() == Person.objects.count()


@pytest.mark.django_db(databases=["default", "owner"])
def test_work_that_comes_before_the_people_loses_nobody(monkeypatch):
    monkeypatch.setattr(loading_module, "_analyze", lambda: None)
    load(scale="tiny", year=YEAR, stage="registry")
    with loading():
        first = Institution.objects.order_by("org_no").first()
        recount([first.org_no])
        assert Headcount.objects.get(org_no=first.org_no).staff == 0
    done = load(scale="tiny", year=YEAR)
    with loading():
        assert Headcount.objects.get(org_no=first.org_no).staff == done.plan.staff[0] > 0


@pytest.mark.django_db(databases=["default", "owner"])
def test_another_seed_or_size_is_refused(monkeypatch):
    monkeypatch.setattr(loading_module, "_analyze", lambda: None)
    load(scale="tiny", year=YEAR, stage="registry")
    with pytest.raises(DemonstrationRefused):
        load(scale="mangystau", year=YEAR, stage="registry")
    with pytest.raises(DemonstrationRefused):
        load(scale="tiny", seed=2, year=YEAR)


@pytest.mark.django_db(databases=["default", "owner"])
def test_accounts_have_scopes_and_own_people(monkeypatch):
    monkeypatch.setattr(loading_module, "_analyze", lambda: None)
    load(scale="tiny", year=YEAR)
    assert users.make_users() == len(users.ACCOUNTS)
    assert users.make_users() == 0
    with loading():
        found = {user.username: user for user in User.objects.filter(is_demonstration=True)}
        parent, teacher = found["parent"], found["teacher"]
        children = own.own_ids(parent.person_id, "parent") - {parent.person_id}
        assert len(children) == Guardianship.objects.filter(guardian_id=parent.person_id).count() > 0
        assert len(own.own_ids(teacher.person_id, "teacher")) > 5
        grant = found["head"].grants.get()
    with acting_as(Scope(lo=grant.org_lo, hi=grant.org_hi)):
        assert set(Person.objects.values_list("org_no", flat=True)) == {grant.org_lo}


def test_the_truth_is_what_it_says():
    made = plan.make_plan("mangystau", 1, YEAR)
    schools = truth.schools_of(made)
    answered, true = truth.entrance_monitoring(seed=1, grade=4, schools=schools, school=truth.pupils_of(made, 4))
    rural = schools.is_rural[answered.school]
    assert true.realised_gap_logits == pytest.approx(
        answered.abilities[~rural].mean() - answered.abilities[rural].mean()
    )
    assert true.realised_gap_logits == pytest.approx(truth.URBAN_RURAL_GAP_LOGITS, abs=0.12)
    assert answered.difficulties.mean() == pytest.approx(0, abs=1e-12)


def test_answers_are_missing_by_design_and_follow_the_model():
    made = plan.make_plan("mangystau", 1, YEAR)
    answered, _ = truth.entrance_monitoring(
        seed=1, grade=9, schools=truth.schools_of(made), school=truth.pupils_of(made, 9)
    )
    codes = answered.answers
    presented = codes != truth.NOT_PRESENTED
    assert set(presented.sum(1)) == {3 * truth.ITEMS_PER_BLOCK}
    together = np.zeros((truth.BLOCKS, truth.BLOCKS))
    for booklet in truth.BOOKLETS:
        together[np.ix_(booklet, booklet)] += 1
    assert set(together[~np.eye(truth.BLOCKS, dtype=bool)]) == {1}
    scored = np.isin(codes, [0, 1, truth.OMITTED])
    expected = 1 / (1 + np.exp(answered.difficulties - answered.abilities[:, None]))
    share = ((codes == 1) & scored).sum(0) / scored.sum(0)
    assert share == pytest.approx((expected * scored).sum(0) / scored.sum(0), abs=0.02)
    assert 0.01 < (codes == truth.OMITTED).sum() / presented.sum() < 0.04
    assert (codes == truth.NOT_REACHED).any()


def test_earlier_years_for_every_school():
    made = plan.make_plan("mangystau", 1, YEAR)
    schools = truth.schools_of(made)
    earlier = truth.earlier_results(1, schools, np.full(len(schools.org_no), 60))
    assert earlier.shape == (150, 3)
    gap = earlier[~schools.is_rural].mean() - earlier[schools.is_rural].mean()
    assert gap == pytest.approx(100 * truth.URBAN_RURAL_GAP_LOGITS, abs=12)
