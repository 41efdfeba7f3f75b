"""Forms of the ledger."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.ledger.models import AccountKind


class AccountFilter(forms.Form):
    words = forms.CharField(label=_("Code or name"), max_length=80, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *AccountKind.choices])
    on = forms.DateField(
        label=_("At the end of the day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class PeriodForm(forms.Form):
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self):
        data = super().clean()
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first."))
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why is it reversed?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
