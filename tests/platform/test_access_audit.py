"""The audit's filters, through its pages: each narrows, they add up, what fits nothing finds nothing, the file has the same."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, load

from tirek.access.audit_words import OURS
from tirek.access.models import Grant, PersonRead
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, because, loading
from tirek.registry import models

pytestmark = pytest.mark.django_db
CHANGES, READS = reverse("access:audit"), reverse("access:reads")
TOMORROW = (dt.date.today() + dt.timedelta(2)).isoformat()
DAYS_AGO = (dt.date.today() - dt.timedelta(2)).isoformat()


@pytest.fixture
def users(settings):
    settings.DEMONSTRATION = True
    return load()


@pytest.fixture
def changed(users):
    """Two people and two buildings changed by two users."""
    with loading():
        first, second = (e.person for e in models.Enrolment.objects.select_related("person").order_by("id")[:2])
        other = models.Institution.objects.get(code=ELSEWHERE)
    for user, act in (
        ("head", lambda: models.Person.objects.filter(pk=first.pk).update(given_name="Жаңа")),
        ("officer", lambda: models.Person.objects.filter(pk=second.pk).update(given_name="Басқа")),
        ("head", lambda: models.Building.objects.filter(org_no=first.org_no).update(floors=4)),
        ("officer", lambda: models.InstitutionState.objects.filter(institution=other).update(address="Абай, 1")),
    ):
        with because(user=users[user].pk, role=users[user].username), loading():
            act()
    return first, second, other


def shown(client, url=CHANGES, **asked):
    response = client.get(url, asked)
    assert response.status_code == 200
    return response


def tables(response) -> list[tuple[str, int]]:
    return [(change.table, change.object_id) for change in response.context["changes"] if change.label == "update"]


def test_each_filter_narrows_and_together_they_add_up(users, changed):
    first, second, other = changed
    client, whom = as_(users["auditor"]), ("registry.person", first.pk)
    seen = {table for table, _pk in tables(shown(client, user="head")) + tables(shown(client, user="officer"))}
    assert seen == {"registry.person", "registry.building", "registry.institutionstate"}
    assert tables(shown(client, table="registry.person")) == [("registry.person", second.pk), whom]
    assert tables(shown(client, person=str(first.public_id))) == [whom]
    by_head = tables(shown(client, user="HEAD"))
    assert whom in by_head
    assert ("registry.person", second.pk) not in by_head
    assert {t for t, _pk in tables(shown(client, org_no=ELSEWHERE))} == {"registry.institutionstate"}
    assert tables(shown(client, org_no=str(other.org_no))) == tables(shown(client, org_no=ELSEWHERE))
    assert tables(shown(client, table="registry.person", user="head", org_no=SCHOOL)) == [whom]
    assert tables(shown(client, table="registry.person", user="head", org_no=ELSEWHERE)) == []


def test_days_include_both_ends(users, changed):
    client = as_(users["auditor"])
    today = dt.date.today().isoformat()
    assert tables(shown(client, starts=DAYS_AGO, ends=TOMORROW)) == tables(shown(client))
    assert tables(shown(client, starts=TOMORROW)) == []
    assert tables(shown(client, ends=DAYS_AGO)) == []
    assert tables(shown(client, starts=DAYS_AGO, ends=today)) or tables(shown(client, starts=today, ends=TOMORROW))


def test_what_fits_nothing_finds_nothing_and_says_so(users, changed):
    client = as_(users["auditor"])
    for asked in ({"person": "Жоқадам"}, {"org_no": "жоқ мектеп"}, {"user": "nobody"}, {"person": "' or 1=1"}):
        response = shown(client, **asked)
        assert not response.context["changes"], asked
        assert "No change is like this" in response.content.decode()
    assert "nobody in your territory is found as" in shown(client, person="Жоқадам").content.decode()
    assert shown(client, starts="yesterday").context["form"].errors["starts"]


def test_the_one_who_is_found_leads_to_the_page_and_several_are_offered(users, changed):
    first, _second, _other = changed
    client = as_(users["auditor"])
    page = shown(client, person=str(first.public_id), org_no=NEIGHBOUR).content.decode()
    assert f'href="{reverse("registry:person", args=[first.public_id])}"' in page
    assert f'href="{reverse("registry:institution", args=[NEIGHBOUR])}"' in page
    several = shown(client, person="Қалиева")
    assert len(several.context["choice"].people) > 1
    assert not several.context["changes"], "until one is chosen"
    assert "person=" in several.content.decode()


def test_an_administrator_comes_from_the_filter_to_the_person_too(users, changed):
    first, *_rest = changed
    with loading():
        grant = Grant.objects.get(user=users["officer"])
        Grant.objects.filter(pk=grant.pk).update(role=Role.ADMINISTRATOR)
    client = as_(users["officer"])
    page = shown(client, person=str(first.public_id)).content.decode()
    address = reverse("registry:person", args=[first.public_id])
    assert f'href="{address}"' in page
    assert client.get(address).status_code == 200


def test_another_region_sees_neither_the_changes_nor_the_name(users, changed):
    first, *_rest = changed
    with loading():
        far = models.Territory.objects.filter(level="region").exclude(code="470000000").first()
        Grant.objects.filter(user=users["auditor"]).update(org_lo=far.org_lo, org_hi=far.org_hi, scope_code=far.code)
    response = shown(as_(users["auditor"]), person=str(first.public_id))
    assert tables(response) == []
    assert str(first) not in response.content.decode()
    assert tables(shown(as_(users["auditor"]), table="registry.person")) == []


def test_the_file_has_what_the_filter_left(users, changed):
    first, *_rest = changed
    client = as_(users["auditor"])
    answer = client.get(CHANGES, {"person": str(first.public_id), "download": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["number"] for row in rows if row["what"] == "registry.person"} == {str(first.pk)}
    assert "Жаңа" in {row["after"] for row in rows}
    assert "Басқа" not in {row["after"] for row in rows}


def test_looks_are_narrowed_by_the_same_fields(users, changed):
    first, second, _other = changed
    head, officer, auditor = as_(users["head"]), as_(users["officer"]), as_(users["auditor"])
    head.get(reverse("registry:person", args=[first.public_id]))
    officer.get(reverse("registry:person", args=[second.public_id]))
    looked = lambda **asked: [  # noqa: E731
        (r.user_id, r.person_id) for r in shown(auditor, READS, **asked).context["page"] if r.person_id
    ]
    assert looked(person=str(first.public_id)) == [(users["head"].pk, first.pk)]
    assert looked(user="officer") == [(users["officer"].pk, second.pk)]
    assert looked(org_no=SCHOOL, user="head") == [(users["head"].pk, first.pk)]
    assert looked(starts=TOMORROW) == []
    with acting_as(Scope(lo=0, hi=2_147_483_647, role=Role.AUDITOR)):
        assert PersonRead.objects.filter(user_id=users["auditor"].pk).exists(), "the auditor's own look is kept too"


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_field_that_the_audit_may_show_has_a_name_in_every_language(language):
    with translation.override(None):
        names = {
            str(column.verbose_name).removesuffix(" id"): f"{model._meta.label}.{column.name}"
            for model in apps.get_models()
            if getattr(model, "pgh_tracked_model", None)
            for column in model._meta.concrete_fields
            if column.name not in OURS
        }
    with translation.override(language):
        plain = {name: where for name, where in names.items() if gettext(name) == name and not name.isupper()}
    assert plain == {}, "say them in tirek/access/audit_fields.py"
