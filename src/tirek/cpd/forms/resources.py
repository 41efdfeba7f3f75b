"""Forms of the catalogue of learning resources."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.forms.courses import ANY, Day, many
from tirek.cpd.forms.lessons import CLASSES, Files
from tirek.cpd.models import Licence, ResourceKind, TeachingLanguage
from tirek.registry.words import SUBJECTS


class ResourceFilter(forms.Form):
    q = forms.CharField(label=_("Words to look for"), required=False, max_length=100)
    subject = forms.ChoiceField(label=_("Subject"), required=False, choices=[*ANY, *SUBJECTS.items()])
    grade = forms.ChoiceField(label=_("Class"), required=False, choices=[*ANY, *CLASSES])
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*ANY, *TeachingLanguage.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[*ANY, *ResourceKind.choices])
    broken = forms.BooleanField(label=_("Reported as broken"), required=False)


class ResourceForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=ResourceKind.choices)
    subject = forms.ChoiceField(label=_("Subject"), choices=list(SUBJECTS.items()))
    grades = many(CLASSES, _("Classes"))
    language = forms.ChoiceField(label=_("Language"), choices=TeachingLanguage.choices)
    address = forms.URLField(label=_("Address"), max_length=500, required=False, assume_scheme="https")
    files = Files(label=_("File"), required=False)
    licence = forms.ChoiceField(label=_("Licence"), choices=Licence.choices)
    publisher = forms.CharField(label=_("Publisher"), max_length=200)
    reviewed_by = forms.CharField(label=_("Who looked at it"), max_length=200)
    reviewed_on = forms.DateField(label=_("Looked at on"), widget=Day())

    def facts(self) -> dict:
        found = {name: value for name, value in self.cleaned_data.items() if name != "files"}
        return found | {"grades": sorted(int(grade) for grade in found["grades"])}


class TableForm(forms.Form):
    table = forms.FileField(label=_("CSV or XLSX made from the template"))


class SettleForm(forms.Form):
    works = forms.ChoiceField(
        label=_("What did you find?"), widget=forms.RadioSelect,
        choices=[("yes", _("it opens")), ("no", _("it is gone: take it out of the catalogue"))],
    )  # fmt: skip
    address = forms.URLField(label=_("New address"), max_length=500, required=False, assume_scheme="https")

    def clean_works(self) -> bool:
        return self.cleaned_data["works"] == "yes"
