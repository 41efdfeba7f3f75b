"""What officers type about questionnaires and rounds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.surveys.models import Audience, FormVersion, Sampling
from tirek.tasks.forms import Day

GRADES = [(str(grade), str(grade)) for grade in range(1, 13)]


class BringForm(forms.Form):
    file = forms.FileField(
        label=_("XLSForm"),
        help_text=_("A workbook .xlsx or .xls with the sheets survey, choices and settings; up to 5 MB."),
    )
    title_kk = forms.CharField(
        label=_("Name in Kazakh"),
        max_length=200,
        required=False,
        help_text=_("For a new questionnaire. A new version keeps the name."),
    )
    title_ru = forms.CharField(label=_("Name in Russian"), max_length=200, required=False)
    title_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)


class RoundForm(forms.Form):
    version = forms.ChoiceField(label=_("Questionnaire and version"))
    audience = forms.ChoiceField(label=_("Who answers?"), choices=Audience.choices)
    grades = forms.MultipleChoiceField(
        label=_("Grades"), choices=GRADES, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("For pupils and parents. None ticked means all."),
    )  # fmt: skip
    place = forms.ChoiceField(label=_("Where?"), required=False)  # empty: the whole territory
    only_support = forms.BooleanField(label=_("Support schools only"), required=False)
    codes = forms.CharField(
        label=_("Or these schools"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Codes of schools, one a line. Then the two fields above do not count."),
    )  # fmt: skip
    opens_on = forms.DateField(label=_("First day"), widget=Day())
    closes_on = forms.DateField(label=_("Last day"), widget=Day())
    sampling = forms.ChoiceField(label=_("Who is asked?"), choices=Sampling.choices)
    sample_size = forms.IntegerField(
        label=_("How many in each school?"), required=False, min_value=1, max_value=2000,
        help_text=_("Persons or classes that are drawn by lot. Empty if everybody is asked."),
    )  # fmt: skip
    has_poster = forms.BooleanField(label=_("A poster with one link may be hung up"), required=False, initial=True)

    def __init__(self, *args, versions=(), places=(), language="kk", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [(str(v.pk), version_label(v, language)) for v in versions]
        self.fields["place"].choices = list(places)

    def clean_version(self) -> int:
        return int(self.cleaned_data["version"])

    def clean_grades(self) -> list[int]:
        return [int(grade) for grade in self.cleaned_data["grades"]]


def version_label(version: FormVersion, language: str) -> str:
    title = getattr(version.form, f"title_{language}", "") or version.form.title_kk
    return f"{title} · {version.number}"


class MoveForm(forms.Form):
    closes_on = forms.DateField(label=_("New last day"), widget=Day())


class SlipsForm(forms.Form):
    count = forms.IntegerField(label=_("How many slips?"), min_value=1, max_value=3000)
    class_label = forms.CharField(
        label=_("Class"),
        max_length=24,
        required=False,
        help_text=_("Printed on the slips, for example 8Б. Empty for teachers."),
    )
