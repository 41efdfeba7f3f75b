"""Two publications one after the other: what the first showed does not give away what the second hides, nor the reverse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import indicator_world
import polars as pl
import pytest
from indicator_world import AS_OF, REGION

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.decisions.rules import rules_in_force
from tirek.indicators import joint, services
from tirek.indicators.cells import Cell, Hiding, suppressed
from tirek.indicators.definitions import indicator_of
from tirek.indicators.models import Release
from tirek.indicators.services import publishing
from tirek.registry.models import Enrolment, InstitutionState, Person
from tirek.storage import sealed
from tirek.storage.database import COUNTRY
from tirek_engines.disclosure.lines import suppress_lines

NOW = datetime(2025, 10, 5, 9, 0, tzinfo=UTC)
ANALYST = Scope(COUNTRY, role=Role.MINISTRY_ANALYST)
COUNTRY_CELL = ("country", "000000000", "", "")
REGION_1 = ("region", "100000000", "", "")
DISTRICT_1, DISTRICT_2 = ("district", "101000000", "", ""), ("district", "102000000", "", "")
RURAL, URBAN = ("district", "101000000", "rural", ""), ("district", "101000000", "urban", "")
SCHOOL_1, SCHOOL_2 = REGION + 100_000 + 10, REGION + 100_000 + 20  # 60 urban and 12 rural pupils of district 1


@pytest.fixture(autouse=True)
def world(db, tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    indicator_world.build()
    with loading():  # the second region has hidden cells of its own
        Enrolment.objects.filter(org_no__gte=2 * REGION).delete()
        InstitutionState.objects.update(is_support_school=False)  # nor is the rest of a support school hidden


def publish(code: str = "schools.pupils", as_of: date = AS_OF) -> Release:
    with acting_as(ANALYST):
        return services.publish(code, as_of=as_of, by=None, now=NOW)


def shown(release: Release) -> dict:
    rows = release.figures.values_list("level", "territory", "settlement", "kind", "numerator", "suppressed")
    return {tuple(row[:4]): None if row[5] else row[4] for row in rows}


def leave(org_no: int, pupils: int) -> None:
    with loading():
        gone = Enrolment.objects.filter(org_no=org_no, valid__contains=AS_OF).order_by("id")[:pupils]
        assert Enrolment.objects.filter(pk__in=[e.pk for e in gone]).delete()[0] >= pupils


def arrive(org_no: int, pupils: int) -> None:
    with loading():
        one = Enrolment.objects.filter(org_no=org_no, valid__contains=AS_OF).first()
        for number in range(pupils):
            person = Person.objects.create(family_name="Ж", given_name=str(number), sort_key="zh", org_no=org_no)
            Enrolment.objects.create(
                person=person, institution_id=one.institution_id, org_no=org_no, person_name="Ж", sort_key="zh",
                valid=one.valid, grade=5,
            )  # fmt: skip


def test_the_unchanged_neighbour_of_yesterday_protects_nothing_today():
    """Yesterday 60 and 12 of 72. Three of the 12 leave: 9 of 69 would be 69 - 60, so no total may be subtracted from."""
    first = shown(publish())
    assert (first[URBAN], first[RURAL], first[DISTRICT_1]) == (60, 12, 72)
    leave(SCHOOL_2, 3)
    second = shown(publish())
    assert second[RURAL] is None
    assert second[DISTRICT_1] is None  # hiding only the 60, which everybody knows, would hide nothing
    assert second[REGION_1] is None  # 139 - 70 of the other district, shown yesterday, would be 69 again
    assert second[COUNTRY_CELL] is None  # and the other region has nobody


def test_a_neighbour_that_changed_protects():
    """Both schools lose pupils: today's 50 are not what was shown, so they can hide the 9, and the total stays."""
    publish()
    leave(SCHOOL_1, 10)
    leave(SCHOOL_2, 3)
    second = shown(publish())
    assert (second[RURAL], second[URBAN], second[DISTRICT_1]) == (None, None, 59)


def test_what_is_hidden_today_is_not_told_by_tomorrow():
    """Today 9 and 60 of 69, both hidden. Tomorrow there are 12: to show the unchanged 60 would tell today's 9."""
    leave(SCHOOL_2, 3)
    first = shown(publish())
    assert (first[RURAL], first[URBAN], first[DISTRICT_1]) == (None, None, 69)
    arrive(SCHOOL_2, 3)
    second = shown(publish(as_of=date(2025, 10, 2)))
    assert second[URBAN] is None


def test_another_figure_of_the_same_pupils_remembers_too():
    publish("schools.pupils_per_school")
    leave(SCHOOL_2, 3)
    assert shown(publish("schools.pupils"))[DISTRICT_1] is None


def test_figures_of_one_snapshot_hide_the_same_whichever_comes_first():
    publish("support_schools.pupils")
    leave(SCHOOL_2, 3)
    first, second, third = (shown(publish(code)) for code in (
        "schools.pupils", "schools.pupils_per_school", "support_schools.pupils"))  # fmt: skip
    hidden = [{key for key, value in found.items() if value is None} for found in (first, second, third)]
    assert hidden[0] == hidden[1] == hidden[2] != set()


def test_publishing_again_without_a_change_is_refused():
    publish()
    leave(SCHOOL_2, 3)
    publish()
    with pytest.raises(services.AlreadyPublished):
        publish()


def test_what_was_remembered_is_sealed_and_verified():
    publish()
    leave(SCHOOL_2, 3)
    second = publish()
    frame = sealed.unseal(sealed.Sealed.from_dict(second.earlier))
    assert frame.filter(pl.col("territory") == "101000000", pl.col("settlement") == "urban")["numerator"][0] == 60
    assert services.verify(second.number, now=NOW).agrees
    publish("schools.pupils_per_teacher")  # later publications change nothing
    assert services.verify(second.number, now=NOW).agrees
    path = sealed.path_of(second.earlier["sha256"])
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert [d["what"] for d in services.verify(second.number, now=NOW).differences] == ["seal"]


def test_a_publication_from_before_this_was_sealed_still_verifies(monkeypatch):
    publish()
    leave(SCHOOL_2, 3)
    with monkeypatch.context() as then:
        then.setattr(publishing, "earlier_publications", lambda indicator, as_of: None)
        second = publish()
    assert (second.earlier, shown(second)[DISTRICT_1]) == (None, 69)  # the hole that was mended
    assert services.verify(second.number, now=NOW).agrees


def before_the_audit(name, on, org_lo, org_hi):
    """The rules as they were when hidden numbers were judged line by line."""
    rules = rules_in_force(name, on, org_lo, org_hi)
    (file, text), *local = rules.files
    return replace(rules, files=((file, text[: text.index("all_sums_together:")]), *local))


def test_a_publication_from_before_the_audit_is_verified_line_by_line(monkeypatch):
    asked = []

    def watch(*counts, **how):
        asked.append(how["all_sums_together"])
        return suppress_lines(*counts, **how)

    monkeypatch.setattr(joint, "suppress_lines", watch)
    with monkeypatch.context() as then:
        then.setattr(publishing, "rules_in_force", before_the_audit)
        old = publish()
    assert asked == [False]
    assert services.verify(old.number, now=NOW).agrees
    assert asked == [False, False]  # by the rules it was sealed with, not by today's
    new = publish(as_of=date(2025, 10, 2))
    assert services.verify(new.number, now=NOW).agrees
    assert asked[2:] == [True, True]


def test_the_audit_hides_what_line_by_line_left_open():
    """Districts by kinds: each sum alone hides enough, all together tell the 1 to within 5."""
    inner = [[35, 11, 1], [3, 11, 1], [18, 28, 29]]
    districts = [[sum(row), *row] for row in inner]
    table = {"R": [sum(column) for column in zip(*districts, strict=True)]}
    table |= {f"D{k}": row for k, row in enumerate(districts)}
    cells = [
        Cell("region" if place == "R" else "district", place, 1, 1, kind=kind, numerator=n, parent="" if place == "R" else "R")
        for place, row in table.items() for kind, n in zip(("", "a", "b", "c"), row, strict=True)
    ]  # fmt: skip
    pupils = indicator_of("schools.pupils")
    by_lines = {c.key for c in suppressed(cells, pupils, Hiding(10, all_sums_together=False)) if c.suppressed}
    audited = {c.key for c in suppressed(cells, pupils, Hiding(10, all_sums_together=True)) if c.suppressed}
    assert by_lines < audited
