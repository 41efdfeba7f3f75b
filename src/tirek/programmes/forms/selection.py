"""Forms of the choice of schools."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.tasks.forms import Day


class RoundForm(forms.Form):
    places = forms.IntegerField(label=_("How many schools?"), min_value=1, max_value=10_000)
    districts = forms.MultipleChoiceField(
        label=_("Of which districts and cities?"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of them."),
    )  # fmt: skip
    day = forms.DateField(label=_("Register as of"), widget=Day(), help_text=_("The rules of this day hold."))
    joins_on = forms.DateField(label=_("The schools join on"), widget=Day())

    def __init__(self, *args, districts=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["districts"].choices = districts


class TrialForm(forms.Form):
    """Another rule, tried and not kept."""

    weight_application = forms.IntegerField(label=_("Weight of the application"), min_value=0, max_value=100)
    weight_size = forms.IntegerField(label=_("Weight of the size"), min_value=0, max_value=100)
    weight_rooms = forms.IntegerField(label=_("Weight of the rooms"), min_value=0, max_value=100)
    weight_result = forms.IntegerField(label=_("Weight of low results"), min_value=0, max_value=100)
    smallest_school = forms.IntegerField(label=_("Fewest pupils"), min_value=0, max_value=100_000)
    largest_school = forms.IntegerField(label=_("Most pupils"), min_value=1, max_value=100_000)
    application_from = forms.IntegerField(label=_("Fewest points of an application"), min_value=0, max_value=100)
    rural_percent = forms.IntegerField(label=_("Least share of rural schools, %"), min_value=0, max_value=100)
    district_places = forms.CharField(label=_("Places of the districts"), max_length=2000)

    def clean(self):
        data = super().clean()
        weights = [data.get(f"weight_{name}") for name in ("application", "size", "rooms", "result")]
        if None not in weights and sum(weights) != 100:
            self.add_error(
                "weight_application",
                _("The weights must add up to 100; now they give %(sum)s.") % {"sum": sum(weights)},
            )
        return data


class BecauseForm(forms.Form):
    because = forms.CharField(label=_("Why?"), max_length=280, widget=forms.Textarea(attrs={"rows": 2}))


class ApplicationsForm(forms.Form):
    file = forms.FileField(
        label=_("Table of the panel"),
        help_text=_("CSV or XLSX with the columns: school (its code), points (0 to 100), received (a day), note."),
    )
