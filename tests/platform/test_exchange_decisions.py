"""What an officer decides of an import: who looks like whom, what may end; and how long its files are kept."""

import datetime as dt

import pytest
from exchange_world import AS_OF, REGION, iin, make_world, pupil, pupils

from tirek.access.scope import acting_as, loading
from tirek.registry.exchange import alike, kept, services
from tirek.registry.models import Enrolment, Import, ImportState, Person
from tirek.storage import jobs, sealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_world()


def check(source, data, name="pupils.csv", kind="learners", as_of=AS_OF):
    with acting_as(REGION):
        found = services.upload(source=source, file_name=name, data=data, row_kind=kind, as_of=as_of)
        return services.stage(import_id=found.pk)


def bring(source, data, **more):
    found = check(source, data, **more)
    with acting_as(REGION):
        return services.apply(import_id=found.pk, endings=services.endings_of(found))


@pytest.fixture
def twins(source):
    """Two known people without a number, and a file in which both have one."""
    bring(source, pupils(pupil(1, number=""), pupil(2, "Ким", number="")))
    return check(source, pupils(pupil(1, grade="6"), pupil(2, "Ким")))


def test_both_sides_are_shown_field_by_field(twins):
    with acting_as(REGION):
        pairs, total = alike.page(twins, 1)
    assert total == 2
    fields = {label: (one, two, differs) for label, one, two, differs in pairs[0].fields}
    assert fields["Class or position"] == ("6 Ә", "5 Ә", True)
    assert fields["Family name"] == ("Әлиева", "Әлиева", False)
    number, known, _differs = fields["IIN"]
    assert (number[-1], known) == (iin(1)[-1], "") or "•" in number or "*" in number
    assert iin(1) not in str(pairs)


def test_one_is_the_same_and_one_is_new_and_undo_takes_both_back(twins):
    with acting_as(REGION):
        pairs, _total = alike.page(twins, 1)
        known = pairs[0].person_id
        found = services.decide(import_id=twins.pk, choices={pairs[0].row: known, pairs[1].row: None})
        assert found.decisions == {pairs[0].row: known, pairs[1].row: "new"}
        assert found.counts["undecided"] == 0
        services.apply(import_id=found.pk)
        assert Person.objects.get(pk=known).iin_hash is not None
        assert Person.objects.count() == 3
        services.take_back(import_id=found.pk)
        assert Person.objects.count() == 2
        assert Person.objects.get(pk=known).iin_hash is None
        found.refresh_from_db()
        assert found.decisions[pairs[0].row] == known  # who said what is kept


@pytest.mark.parametrize(("answer", "people"), [("same", 2), ("new", 4)])
def test_one_answer_for_all(twins, answer, people):
    with acting_as(REGION):
        services.decide(import_id=twins.pk, all_as=answer)
        services.apply(import_id=twins.pk)
        assert Person.objects.count() == people


def test_a_decision_is_taken_back_before_it_is_applied(twins):
    with acting_as(REGION):
        services.decide(import_id=twins.pk, all_as="new")
        found = services.decide(import_id=twins.pk, all_as="open")
    assert (found.decisions, found.counts["undecided"]) == ({}, 2)


def test_nobody_is_made_somebody_who_was_not_proposed(twins):
    with acting_as(REGION), pytest.raises(services.NotApplicable):
        services.decide(import_id=twins.pk, choices={"pupils.csv:2": 999_999})


class TestEndings:
    def test_a_complete_file_ends_nothing_until_the_number_is_confirmed(self, source):
        with loading():
            type(source).objects.update(is_complete=True)
            source.refresh_from_db()
        bring(source, pupils(pupil(1), pupil(2)))
        found = check(source, pupils(pupil(1)), as_of=dt.date(2026, 11, 1))
        with acting_as(REGION):
            for wrong in (None, 0, 2):
                with pytest.raises(services.EndingsNotConfirmed) as refused:
                    services.apply(import_id=found.pk, endings=wrong)
            assert refused.value.fields["endings"] == 1
            assert Enrolment.objects.filter(valid__upper_inf=True).count() == 2
            services.apply(import_id=found.pk, endings=1)
            assert Enrolment.objects.filter(valid__upper_inf=True).count() == 1


class TestFiles:
    def test_nothing_of_an_upload_lies_on_the_disk_as_it_came(self, source, tmp_path, monkeypatch):
        monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
        found = check(source, pupils(pupil(1), pupil(2, birth="31.02.2012")))
        files = [path for path in (tmp_path / "sealed").rglob("*") if path.is_file()]
        assert len(files) == len(found.sealed)
        for path in files:
            data = path.read_bytes()
            assert iin(1).encode() not in data
            assert not data.startswith((b"PAR1", b"PK\x03\x04"))
            assert pupils(pupil(1), pupil(2, birth="31.02.2012"))[:24] not in data
        assert kept.read(found) == pupils(pupil(1), pupil(2, birth="31.02.2012"))

    def test_they_are_forgotten_after_their_term(self, source, tmp_path, monkeypatch, settings,
                                                 django_capture_on_commit_callbacks):  # fmt: skip
        monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
        applied, waiting = bring(source, pupils(pupil(1))), check(source, pupils(pupil(2)))
        young = check(source, pupils(pupil(3)))
        with loading():
            Import.objects.exclude(pk=young.pk).update(created_at=applied.created_at - dt.timedelta(days=91))
        with django_capture_on_commit_callbacks(execute=True):
            assert kept.forget_old() == 2
        with acting_as(REGION):
            for found in (applied, waiting):
                found.refresh_from_db()
                assert (found.sealed, found.forgotten_at is not None, len(found.sha256)) == ({}, True, 64)
            assert (applied.state, waiting.state) == (ImportState.APPLIED, ImportState.DISCARDED)
            assert applied.counts["rows"] == 1
            with pytest.raises(kept.Forgotten):
                kept.read(applied)
            assert kept.read(young)
            services.take_back(import_id=applied.pk)  # from the history, not from the file
            assert not Person.objects.exists()
        assert kept.forget_old() == 0


def test_one_user_cannot_fill_the_queue(source, monkeypatch):
    monkeypatch.setattr(jobs, "OPEN_JOBS", 2)
    with acting_as(REGION):
        for state in ("queued", "queued"):
            jobs.Job.objects.create(work="x:y", title="t", created_by=REGION.user_id, state=state, asker={})
        with pytest.raises(jobs.TooManyJobs) as refused:
            jobs.start(_nothing, title="one more")
        assert "2 jobs" in refused.value.message


@jobs.work
def _nothing(job):
    return {}
