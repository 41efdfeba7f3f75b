"""Filters and edit forms of the register's pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.registry.models import InstitutionKind, Language, SettlementKind

ANY = [("", _("any"))]


class InstitutionFilter(forms.Form):
    q = forms.CharField(label=_("Name, code or BIN"), required=False, max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[*ANY, *InstitutionKind.choices])
    territory = forms.ChoiceField(label=_("District or city"), required=False)
    settlement = forms.ChoiceField(label=_("Settlement"), required=False, choices=[*ANY, *SettlementKind.choices])
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*ANY, *Language.choices])
    support = forms.BooleanField(label=_("Support schools only"), required=False)

    def __init__(self, *args, territories: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["territory"].choices = [*ANY, *territories]


class PeopleFilter(forms.Form):
    q = forms.CharField(
        label=_("Name, or the whole IIN"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
