"""Forms of certification: windows, applications, judgements, experts, appeals."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.forms.courses import ANY, Day
from tirek.cpd.models import TARGETS, ApplicationState, Window
from tirek.cpd.queries.criteria import Criterion


class WindowForm(forms.ModelForm):
    categories = forms.TypedMultipleChoiceField(
        choices=TARGETS, label=_("Categories"), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Window
        fields = ("code", "opens_on", "closes_on", "categories", "commission")
        widgets = {"opens_on": Day(), "closes_on": Day()}

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}


class ApplicationForm(forms.Form):
    def __init__(self, *args, criteria: list[Criterion], categories: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        if categories:
            self.fields["wanted"] = forms.ChoiceField(
                label=_("Which category do you apply for?"), choices=categories, widget=forms.RadioSelect
            )
        for criterion in criteria:
            self.fields[f"text_{criterion.code}"] = forms.CharField(
                label=criterion.title, required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
                help_text=_("What do you do, and what came of it? Do not write your name or your school: experts judge blind."),
            )  # fmt: skip

    def statements(self) -> dict[str, str]:
        return {name.removeprefix("text_"): v for name, v in self.cleaned_data.items() if name.startswith("text_")}


class JudgementForm(forms.Form):
    def __init__(self, *args, criteria: list[Criterion], **kwargs):
        super().__init__(*args, **kwargs)
        for criterion in criteria:
            self.fields[f"points_{criterion.code}"] = forms.IntegerField(
                label=_("Points from 0 to %(highest)s") % {"highest": criterion.highest}, min_value=0,
                max_value=criterion.highest,
            )  # fmt: skip
            self.fields[f"reason_{criterion.code}"] = forms.CharField(
                label=_("Why these points"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
            )

    def given(self, prefix: str) -> dict:
        return {name.removeprefix(prefix): v for name, v in self.cleaned_data.items() if name.startswith(prefix)}


class QueueFilter(forms.Form):
    q = forms.CharField(label=_("Name or number"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*ANY, *ApplicationState.choices])
    wanted = forms.ChoiceField(label=_("Category"), required=False, choices=[*ANY, *TARGETS])


class ExpertForm(forms.Form):
    username = forms.CharField(label=_("The name by which the expert signs in"), max_length=150)


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why do you not agree?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Other experts will judge your work anew. They do not read this text and do not see the earlier points."),
    )  # fmt: skip


class BecauseForm(forms.Form):
    because = forms.CharField(label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Whoever checks the certificate reads it. Write no personal data.")
    )
