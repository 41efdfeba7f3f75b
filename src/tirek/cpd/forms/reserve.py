"""Forms of the leaders' reserve."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.cpd.forms.courses import ANY, Day, many
from tirek.cpd.models import CandidateState, Competition, Stage
from tirek.registry.words import POSITIONS


class CompetitionForm(forms.ModelForm):
    stages = many(Stage.choices, _("Stages"))

    class Meta:
        model = Competition
        fields = ("code", "name_kk", "name_ru", "name_en", "opens_on", "closes_on", "places", "stages")
        widgets = {"opens_on": Day(), "closes_on": Day()}

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}


class StatementForm(forms.Form):
    statement = forms.CharField(
        label=_("What would you change in a school, and how?"), max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}), help_text=_("From 80 letters. Commissioners read it."),
    )  # fmt: skip


class CandidateFilter(forms.Form):
    q = forms.CharField(label=_("Name or number"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*ANY, *CandidateState.choices])


class UsernameForm(forms.Form):
    username = forms.CharField(label=_("The name by which the person signs in"), max_length=150)


class MarkForm(forms.Form):
    points = forms.IntegerField(label=_("Mark from 0 to 100"), min_value=0, max_value=100)
    reason = forms.CharField(label=_("Why this mark"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class AppointForm(forms.Form):
    institution_code = forms.CharField(label=_("Code of the institution"), max_length=64)
    position = forms.ChoiceField(
        label=_("Position"), choices=[(code, POSITIONS[code]) for code in ("head", "deputy_head")]
    )
    from_date = forms.DateField(label=_("From which day"), widget=Day())
    act = forms.CharField(
        label=pgettext_lazy("signed paper", "Order"), max_length=200, help_text=_("Its number and date.")
    )


class MentorForm(forms.Form):
    username = forms.CharField(label=_("The name by which the mentor signs in"), max_length=150)
    plan = forms.CharField(label=_("Plan"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    starts_on = forms.DateField(label=_("From"), widget=Day())


class MeetingForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=Day())
    note = forms.CharField(label=_("What was spoken about"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ClosingForm(forms.Form):
    note = forms.CharField(label=_("What came of it"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
