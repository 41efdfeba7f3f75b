"""Forms of this app."""

from __future__ import annotations

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tirek.assessment.content_areas import area_code
from tirek.assessment.models import SittingMode, Subject, TestKind
from tirek.assessment.services.tests import ItemSpec
from tirek.registry.models import SchoolYear, Territory, TerritoryLevel
from tirek.registry.queries import territories


class TerritoryField(forms.ModelChoiceField):
    """Territories by their names in the reader's language."""

    def label_from_instance(self, obj: Territory) -> str:
        return territories.local_name(obj)


class TestForm(forms.Form):
    """A test as somebody writes it down: items a line each, booklets a line each."""

    code = forms.SlugField(label=_("Code"), max_length=64, help_text=_("Latin letters, digits and hyphens: M4-2026."))
    title_kk = forms.CharField(label=_("Title in Kazakh"), max_length=200)
    title_ru = forms.CharField(label=_("Title in Russian"), max_length=200)
    title_en = forms.CharField(label=_("Title in English"), max_length=200)
    subject = forms.ChoiceField(label=_("Subject"), choices=Subject.choices)
    grade = forms.IntegerField(label=_("Grade"), min_value=1, max_value=12)
    kind = forms.ChoiceField(label=_("Kind"), choices=TestKind.choices)
    school_year = forms.ModelChoiceField(label=_("School year"), queryset=SchoolYear.objects.none())
    territory = TerritoryField(label=_("Held in"), queryset=Territory.objects.none())
    tasks_open_on = forms.DateField(
        label=_("Tasks are open from"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Until that day, or for good if there is none, their wording is a secret of those who hold the test."),
    )  # fmt: skip
    items = forms.CharField(
        label=_("Items"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_(
            "A line each: code; highest score; key (if answers are letters); content area. Example: M01; 1; B; number"
        ),
    )
    booklets = forms.CharField(
        label=_("Booklets"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A line each: A: M01 M02 M03. Without booklets everybody gets all items."),
    )

    def __init__(self, *args, scope, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["school_year"].queryset = SchoolYear.objects.order_by("-starts_on")
        levels = [TerritoryLevel.REGION, TerritoryLevel.DISTRICT]
        places = Territory.objects.filter(level__in=levels).order_by("org_lo", "-org_hi")
        if not scope.is_country:
            places = places.filter(org_lo__gte=scope.lo or 0, org_hi__lte=scope.hi or -1)
        self.fields["territory"].queryset = places

    def clean_items(self) -> list[ItemSpec]:
        specs = []
        for number, line in enumerate(filter(str.strip, self.cleaned_data["items"].splitlines()), start=1):
            cells = [cell.strip() for cell in line.split(";")] + ["", "", ""]
            if not re.fullmatch(r"\d{0,3}", cells[1]):
                message = gettext("Line %(number)s: the highest score must be a whole number.")
                raise ValidationError(message % {"number": number})
            specs.append(ItemSpec(cells[0], int(cells[1] or 1), cells[2], area_code(cells[3])))
        return specs

    def clean_booklets(self) -> dict[str, list[str]] | None:
        booklets = {}
        for number, line in enumerate(filter(str.strip, self.cleaned_data["booklets"].splitlines()), start=1):
            name, colon, codes = line.partition(":")
            if not colon or not name.strip():
                message = gettext("Line %(number)s: write the booklet, a colon, and its items.")
                raise ValidationError(message % {"number": number})
            booklets[name.strip()] = codes.split()
        return booklets or None

    def as_arguments(self) -> dict:
        data = dict(self.cleaned_data)
        data["titles"] = {code: data.pop(f"title_{code}") for code in ("kk", "ru", "en")}
        return data


class AnswersForm(forms.Form):
    file = forms.FileField(label=_("File of answers"), help_text=_("CSV, XLSX or Parquet; at most 50 MB."))


class SittingsForm(forms.Form):
    date = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    mode = forms.ChoiceField(
        label=_("Mode"), choices=SittingMode.choices, initial=SittingMode.PAPER, widget=forms.RadioSelect
    )
    deal = forms.BooleanField(
        label=_("Deal the seats and booklets at once"), required=False, initial=True,
        help_text=_("Pupils who come to a class later get their seat on the sitting’s page."),
    )  # fmt: skip


class OpenTasksForm(forms.Form):
    day = forms.DateField(
        label=_("Tasks are open from"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Later than the last sitting. Empty: they stay a secret."),
    )  # fmt: skip


class WithdrawForm(forms.Form):
    because = forms.CharField(label=_("Why are the results withdrawn?"), max_length=300)
