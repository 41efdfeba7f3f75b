"""Forms of "Did it work": the plan of the analysis, and the power of a design."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.tasks.forms import Day


class PlanForm(forms.Form):
    outcome = forms.ChoiceField(label=_("What was the programme to change?"))
    question = forms.CharField(
        label=_("What is to be found out?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In your own words. It is sealed with the choice and shown with the result."),
    )  # fmt: skip
    begins = forms.DateField(
        label=_("Last day that counts as before"), widget=Day(),
        help_text=_("Results of tests sat up to this day choose the comparison; later ones show what changed."),
    )  # fmt: skip

    def __init__(self, *args, outcomes=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = outcomes


class PowerForm(forms.Form):
    treated = forms.IntegerField(label=_("Schools that take part"), min_value=2, max_value=5000)
    others = forms.IntegerField(label=_("Comparison schools"), min_value=2, max_value=20_000)
    pupils = forms.IntegerField(label=_("Pupils tested in a school"), min_value=1, max_value=5000)
    rho = forms.DecimalField(
        label=_("Share of the differences that lies between schools"), min_value=0, max_value=1, max_digits=4, decimal_places=3,
        help_text=_("From 0 to 1; 0.1 to 0.25 is common."),
    )  # fmt: skip
    explained = forms.DecimalField(
        label=_("Share of the differences between schools that earlier results explain"), min_value=0, max_value=0.99,
        max_digits=4, decimal_places=3, help_text=_("From 0 to 0.99; 0.5 to 0.8 is common."),
    )  # fmt: skip
