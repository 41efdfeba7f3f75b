"""Forms of the register of requests to teachers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.forms.courses import Day
from tirek.cpd.models import Demand


class DemandForm(forms.ModelForm):
    class Meta:
        model = Demand
        fields = ("office", "title", "purpose", "legal_basis", "minutes", "due_date", "repeats")
        widgets = {"due_date": Day()}
        help_texts = {
            "title": _("One sentence that begins with a verb."),
            "legal_basis": _("The act and clause that allow you to ask for it."),
            "minutes": _("How long it takes one teacher, honestly."),
            "repeats": _("If Tirek holds it, do not ask: take it from the register."),
        }

    def clean_minutes(self):
        minutes = self.cleaned_data["minutes"]
        if not 1 <= minutes <= 6000:
            raise forms.ValidationError(_("Write from 1 to 6,000 minutes."))
        return minutes


class DemandFilter(forms.Form):
    q = forms.CharField(label=_("Words of the request"), required=False, max_length=100)
    repeats = forms.BooleanField(label=_("Only what repeats data that are held"), required=False)


class ObjectionForm(forms.Form):
    rule = forms.ChoiceField(label=_("Which rule does it break?"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("What is wrong"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args, rules: list[tuple[str, str]], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rule"].choices = rules
