"""Forms of measures."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.programmes.models import Measure, MeasureState
from tirek.tasks.forms import Day


class MeasureForm(forms.Form):
    title = forms.CharField(label=_("What is done?"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    section = forms.CharField(label=_("Section"), max_length=200, required=False)
    owner_name = forms.CharField(label=_("Who answers for it?"), max_length=300)
    owner_code = forms.CharField(
        label=_("Code of the owning institution"), max_length=64, required=False,
        help_text=_("As the register has it. Only an institution of the register can be reminded."),
    )  # fmt: skip
    starts_on = forms.DateField(label=_("From"), widget=Day(), required=False)
    due_date = forms.DateField(label=_("Due"), widget=Day())
    budget = forms.DecimalField(
        label=_("Budget, tenge"), min_value=0, max_value=10**15, decimal_places=2, max_digits=18, required=False
    )
    source = forms.CharField(label=_("Source of money"), max_length=200, required=False)
    wanted = forms.CharField(label=_("What shows that it is done?"), max_length=500, required=False)

    def values(self) -> dict:
        """As the services take them: the budget in tiyn."""
        data = dict(self.cleaned_data)
        budget = data.pop("budget")
        return data | {"budget_tiyn": int(budget * 100) if budget is not None else None}

    @staticmethod
    def initial_of(measure: Measure) -> dict:
        found = {name: getattr(measure, name) for name in MeasureForm.base_fields if name != "budget"}
        tiyn = measure.budget_tiyn
        return found | {"budget": None if tiyn is None else Decimal(tiyn) / 100}


class MeasureFilter(forms.Form):
    text = forms.CharField(label=_("Words of the measure"), max_length=100, required=False)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("all")), ("late", _("overdue")), *MeasureState.choices]
    )
    section = forms.ChoiceField(label=_("Section"), required=False)

    def __init__(self, *args, sections=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["section"].choices = [("", _("all")), *((s, s) for s in sections)]


class ImportForm(forms.Form):
    file = forms.FileField(label=_("File with the plan"), help_text=_("CSV or XLSX; the columns as in the empty form."))


class ReportForm(forms.Form):
    note = forms.CharField(
        label=_("What was done?"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    file = forms.FileField(
        label=_("File that shows it"), required=False, help_text=_("PDF, picture, table or text, up to 20 MB.")
    )


class WordForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
