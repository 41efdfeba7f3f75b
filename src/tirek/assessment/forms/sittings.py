"""Forms of sittings."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.assessment.sitting.scanned import BLANK, DOUBLE


class SittingsFilter(forms.Form):
    test = forms.ChoiceField(label=_("Test"), required=False)
    words = forms.CharField(label=_("School"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("any")), ("open", _("open")), ("closed", _("closed"))]
    )

    def __init__(self, *args, tests: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["test"].choices = [("", _("any")), *tests]


class ScannedForm(forms.Form):
    file = forms.FileField(label=_("The scanner’s file"), help_text=_("CSV, XLSX or Parquet; at most 50 MB."))
    blank = forms.CharField(
        label=_("Signs of a place without a mark"), initial=BLANK, max_length=8, strip=False, required=False
    )
    double = forms.CharField(label=_("Signs of two marks in one place"), initial=DOUBLE, max_length=8, required=False)
    on_double = forms.ChoiceField(
        label=_("A place with two marks"),
        choices=[
            ("wrong", _("counts as a wrong answer")),
            ("fault", _("leaves the paper out until somebody looks at it")),
        ],
        widget=forms.RadioSelect,
        initial="wrong",
    )

    def options(self) -> dict:
        given = self.cleaned_data
        return {
            "blank": given["blank"] or BLANK,
            "double": given["double"] or DOUBLE,
            "double_is_fault": given["on_double"] == "fault",
        }


class ScoreForm(forms.Form):
    """A score of an open answer, 0 to the highest."""

    answer = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args, highest: int = 1, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["score"] = forms.TypedChoiceField(
            label=_("Score"), choices=[(n, str(n)) for n in range(highest + 1)], coerce=int, widget=forms.RadioSelect
        )
