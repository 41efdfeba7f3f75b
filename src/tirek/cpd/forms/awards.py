"""Forms of state awards."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.cpd.forms.courses import ANY, Day
from tirek.cpd.models import AwardKind, NominationState


class AwardKindForm(forms.ModelForm):
    class Meta:
        model = AwardKind
        fields = ("code", "name_kk", "name_ru", "name_en", "issuer", "basis", "years")

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}


class RegisterFilter(forms.Form):
    q = forms.CharField(label=_("Name or number"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*ANY, *NominationState.choices])


class NominateForm(forms.Form):
    award = forms.ChoiceField(label=_("Award"))
    person = forms.TypedChoiceField(label=_("Who is proposed"), coerce=int)
    grounds = forms.CharField(
        label=_("Grounds"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("From 80 letters: what the person has done for pupils and colleagues."),
    )  # fmt: skip

    def __init__(self, *args, awards=(), people=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["award"].choices = list(awards)
        self.fields["person"].choices = list(people)


class DecideForm(forms.Form):
    is_yes = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect, choices=[("yes", _("supported")), ("no", _("not supported"))]
    )
    decided_on = forms.DateField(label=_("Decided on"), widget=Day())
    note = forms.CharField(
        label=_("Reason"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when it is not supported; the school reads it."),
    )  # fmt: skip
    act = forms.CharField(
        label=pgettext_lazy("signed paper", "Order"),
        max_length=200,
        required=False,
        help_text=_("Needed for the award itself."),
    )
