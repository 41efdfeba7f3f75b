"""django-import-export doing an import's work: the same CSV into the same tables, with the same numbers encrypted and audited.

As its manual shows it: a preview (a dry run, rolled back) and then the import that the preview's reader confirms, which is
what "check and compare" and "apply" are here. Two ways: a row at a time, its default, with the differences that the preview
shows; and in bulk, a resource for people and one for enrolments, without differences, with rows found by one query each.
Institutions and classes are looked up in dictionaries in both.
"""

from __future__ import annotations

import datetime as dt

import tablib
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from import_export import fields, resources, widgets
from import_export.instance_loaders import CachedInstanceLoader

from tirek.access.scope import because, loading
from tirek.registry import identifiers, names
from tirek.registry.models import ClassGroup, Enrolment, Institution, Person, SchoolYear
from tirek.storage import secrets

BEGINS = dt.date(2026, 9, 1)


class Bytes(widgets.Widget):
    def clean(self, value, row=None, **kwargs):
        return value or None

    def render(self, value, obj=None, **kwargs):
        return bytes(value).hex() if value else ""


class Known:
    """What every row needs and one query gives: institutions by code, classes by name."""

    def __init__(self):
        self.institutions = {i.code: i for i in Institution.objects.all()}
        self.year = SchoolYear.objects.get()
        self.classes = {(c.institution_id, c.grade, c.letter): c for c in ClassGroup.objects.all()}

    def class_group(self, institution: Institution, grade: int, letter: str) -> ClassGroup:
        key = (institution.pk, grade, letter)
        if key not in self.classes:
            self.classes[key] = ClassGroup.objects.create(
                institution=institution, org_no=institution.org_no, school_year=self.year, grade=grade, letter=letter,
                language="kk",
            )  # fmt: skip
        return self.classes[key]


def prepare_person(row, known: Known) -> None:
    """What our pipeline does to a row before it reaches the table."""
    checked = identifiers.check_iin(row["ИИН"])
    if not checked.is_valid:
        raise ValidationError({"iin_hash": str(checked.problems)})
    if row["Код организации"] not in known.institutions:
        raise ValidationError({"org_no": "unknown institution"})
    row["iin_encrypted"] = secrets.encrypt(checked.value)
    row["org_no"] = known.institutions[row["Код организации"]].org_no
    row["sort_key"] = names.person_sort_key(row["Фамилия"], row["Имя"])
    row["name_grams"] = names.grams(names.full_name(row["Фамилия"], row["Имя"]))
    row["sex"] = {"жен": "f", "муж": "m"}[row["Пол"]]


class PersonResource(resources.ModelResource):
    iin_hash = fields.Field("iin_hash", "iin_hash", widget=Bytes())
    iin_encrypted = fields.Field("iin_encrypted", "iin_encrypted", widget=Bytes())
    family_name = fields.Field("family_name", "Фамилия")
    given_name = fields.Field("given_name", "Имя")
    birth_date = fields.Field("birth_date", "Дата рождения", widget=widgets.DateWidget("%d.%m.%Y"))
    sex = fields.Field("sex", "sex")
    sort_key = fields.Field("sort_key", "sort_key")
    org_no = fields.Field("org_no", "org_no", widget=widgets.IntegerWidget())

    class Meta:
        model = Person
        fields = ("iin_hash", "iin_encrypted", "family_name", "given_name", "birth_date", "sex", "sort_key", "org_no")
        import_id_fields = ("iin_hash",)
        clean_model_instances = True

    def __init__(self, known: Known):
        super().__init__()
        self.known = known

    def before_import(self, dataset, **kwargs):
        dataset.append_col([secrets.keyed_hash(iin) for iin in dataset["ИИН"]], header="iin_hash")

    def before_import_row(self, row, **kwargs):
        prepare_person(row, self.known)

    def import_instance(self, instance, row, **kwargs):
        super().import_instance(instance, row, **kwargs)
        instance.name_grams = row["name_grams"]


class PupilResource(PersonResource):
    """A row at a time: the person, then the enrolment."""

    def after_save_instance(self, instance, row, **kwargs):
        school = self.known.institutions[row["Код организации"]]
        found = Enrolment.objects.filter(person=instance, valid__upper_inf=True).first()
        if found is None:
            made = Enrolment(
                person=instance, institution=school, org_no=school.org_no, person_name=str(instance), grade=row["Класс"],
                class_group=self.known.class_group(school, int(row["Класс"]), row["Литера"]),
                sort_key=instance.sort_key, valid=DateRange(BEGINS, None),
            )  # fmt: skip
            made.full_clean(exclude=["class_group", "person", "institution"])
            made.save()


class BulkPersonResource(PersonResource):
    """Fields are checked, but that a number is unique is left to the database: full_clean() would ask it for every row."""

    class Meta(PersonResource.Meta):
        clean_model_instances = False
        use_bulk, batch_size, skip_diff, instance_loader_class = True, 1000, True, CachedInstanceLoader

    def validate_instance(self, instance, *args, **kwargs):
        instance.clean_fields()


class BulkEnrolmentResource(resources.ModelResource):
    person_id = fields.Field("person_id", "person_id", widget=widgets.IntegerWidget())

    class Meta:
        model = Enrolment
        fields = ("person_id",)
        import_id_fields = ("person_id",)
        use_bulk, batch_size, skip_diff, instance_loader_class = True, 1000, True, CachedInstanceLoader

    def __init__(self, known: Known):
        super().__init__()
        self.known = known

    def before_import(self, dataset, **kwargs):
        hashes = [secrets.keyed_hash(iin) for iin in dataset["ИИН"]]
        ids = {bytes(h): pk for pk, h in Person.objects.filter(iin_hash__in=hashes).values_list("id", "iin_hash")}
        dataset.append_col([ids[h] for h in hashes], header="person_id")

    def import_instance(self, instance, row, **kwargs):
        super().import_instance(instance, row, **kwargs)
        school = self.known.institutions[row["Код организации"]]
        name = names.full_name(row["Фамилия"], row["Имя"])
        instance.person_id, instance.institution_id, instance.org_no = row["person_id"], school.pk, school.org_no
        instance.class_group_id = self.known.class_group(school, int(row["Класс"]), row["Литера"]).pk
        instance.person_name, instance.sort_key, instance.grade = name, names.sort_key(name), int(row["Класс"])
        instance.valid = DateRange(BEGINS, None)

    def validate_instance(self, instance, *args, **kwargs):
        instance.clean_fields(exclude=["person", "institution", "class_group"])


def measure(text: str, *, in_bulk: bool) -> dict[str, dict[str, float]]:
    """Seconds of the preview and of the import of this CSV, on the wall and of the processors."""
    from imports import Clock, backend_of

    measured = {}
    for step in ("preview", "import"):
        with because(peer="django-import-export"), loading():
            clock = Clock(backend_of(connection))
            known = Known()
            made = (BulkPersonResource(known), BulkEnrolmentResource(known)) if in_bulk else (PupilResource(known),)
            _import(made, text, is_preview=step == "preview", in_bulk=in_bulk)
        measured[step] = clock.read()
    return measured


def _import(made, text: str, *, is_preview: bool, in_bulk: bool) -> None:
    from django.db import transaction

    with transaction.atomic():  # both resources of the bulk way in one, so that nothing is half imported
        for resource in made:
            data = tablib.Dataset().load(text, format="csv", delimiter=";")
            result = resource.import_data(
                data, dry_run=is_preview and not in_bulk, use_transactions=True, raise_errors=True
            )
            assert not result.has_errors(), result.base_errors or result.row_errors()[0]
            assert not result.has_validation_errors(), result.invalid_rows[0].error
        transaction.set_rollback(is_preview)
