"""The page on which classes and staff are chosen that leave an institution: a thousand people, found by filters and pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from django import forms
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tirek.registry import chosen, words
from tirek.registry.forms import ANY
from tirek.registry.queries import people

ROWS = 50


class StaffFilter(forms.Form):
    find = forms.CharField(
        label=gettext_lazy("Name"), required=False, max_length=100, widget=forms.TextInput({"hx-preserve": "true"})
    )
    position = forms.ChoiceField(label=gettext_lazy("Position"), required=False)
    only_chosen = forms.BooleanField(label=gettext_lazy("Show only the chosen"), required=False)

    def __init__(self, *args, positions: list[str] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["position"].choices = [*ANY, *((code, words.position(code)) for code in positions)]


@dataclass(frozen=True)
class ClassRow:
    pk: int
    name: str
    grade: int | None
    pupils: int
    is_chosen: bool


@dataclass(frozen=True)
class Choice:
    """What is chosen so far, and what of the staff the page shows. Only people of this institution are ever in it."""

    classes: list[ClassRow]
    staff: dict[int, str]
    filter: StaffFilter
    page: Page
    found: int

    @property
    def grades(self) -> list[tuple[int | None, str, list[ClassRow]]]:
        parts = groupby(self.classes, key=lambda row: row.grade)
        return [
            (grade, _("without a grade") if grade is None else _("Grade %(grade)s") % {"grade": grade}, list(rows))
            for grade, rows in parts
        ]

    @property
    def chosen_classes(self) -> list[ClassRow]:
        return [row for row in self.classes if row.is_chosen]

    @property
    def pupils(self) -> int:
        return sum(row.pupils for row in self.chosen_classes)

    @property
    def chosen_text(self) -> str:
        return chosen.text(self.staff)

    @property
    def shown_text(self) -> str:
        return chosen.text(row.pk for row in self.page)


def choice(request: HttpRequest, institution_id: int, org_no: int, on) -> Choice:
    """The choice after the button that was pressed: a grade, all of the list, the chosen classes' teachers, none."""
    post = request.POST
    classes = _classes(request, institution_id, org_no, on)
    everybody = people.staff(request.scope, on=on, org_no=org_no)
    names = {row.pk: row for row in everybody}
    picked = chosen.sent(post) & names.keys()
    positions = sorted({row.position for row in names.values()}, key=words.position)
    form = StaffFilter(post or None, positions=positions)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = [row for row in names.values() if _fits(row, asked, picked)]
    picked = _after(post.get("do"), picked, found, names, [row.pk for row in classes if row.is_chosen], on, request)
    page = Paginator(found, ROWS).get_page(post.get("page"))
    staff = {pk: f"{names[pk].person_name}, {words.position(names[pk].position)}" for pk in names if pk in picked}
    return Choice(classes, staff, form, page, len(found))


def _after(act: str | None, picked: set[int], found: list, names: dict, classes: list[int], on, request) -> set[int]:
    if act == "all":
        return picked | {row.pk for row in found}
    if act == "none":
        return set()
    if act == "teachers":
        teachers = {t.person_id for pk in classes for t in people.teachings(request.scope, on=on, class_group_id=pk)}
        return picked | {pk for pk, row in names.items() if row.person_id in teachers}
    return picked


def _fits(row, asked: dict, picked: set[int]) -> bool:
    if asked.get("only_chosen") and row.pk not in picked:
        return False
    if asked.get("position") and row.position != asked["position"]:
        return False
    name = row.person_name.casefold()
    return all(word in name for word in asked.get("find", "").casefold().split())


def _classes(request: HttpRequest, institution_id: int, org_no: int, on) -> list[ClassRow]:
    year = people.school_year(on=on)
    groups = list(people.class_groups(institution_id, year=year)) if year else []
    sizes = Counter(
        people.pupils(request.scope, on=on, org_no=org_no).order_by().values_list("class_group_id", flat=True)
    )
    ticked = chosen.numbers(",".join(request.POST.getlist("classes")))
    whole = chosen.numbers(request.POST.get("grade", ""))
    return [ClassRow(g.pk, str(g), g.grade, sizes[g.pk], g.pk in ticked or g.grade in whole) for g in groups]
