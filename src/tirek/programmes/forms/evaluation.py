"""Which test, or which two, is to be looked at."""

from __future__ import annotations

from django import forms


class ChoiceOfTest(forms.Form):
    test = forms.ChoiceField()

    def __init__(self, *args, choices=(), label="", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["test"].choices = choices
        self.fields["test"].label = label
