"""Forms of content areas."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.assessment.models import Subject


class NamesForm(forms.Form):
    """What an area is called in three languages."""

    name_kk = forms.CharField(label=_("Name in Kazakh"), max_length=100)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=100)

    def names(self) -> dict[str, str]:
        return {language: self.cleaned_data[f"name_{language}"] for language in ("kk", "ru", "en")}


class AreaForm(NamesForm):
    """A new area."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Latin letters, digits and hyphens, for files and exchange: ecology."),
    )
    subject = forms.ChoiceField(label=_("Subject"), choices=Subject.choices)
    field_order = ("subject", "name_kk", "name_ru", "name_en", "code")
