"""Forms of open lessons and visits."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.forms.courses import ANY, Day
from tirek.cpd.forms.lessons import STARS
from tirek.cpd.models import TeachingLanguage, Visit
from tirek.registry.words import SUBJECTS


class CalendarFilter(forms.Form):
    subject = forms.ChoiceField(label=_("Subject"), required=False, choices=[*ANY, *SUBJECTS.items()])
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*ANY, *TeachingLanguage.choices])
    near = forms.BooleanField(label=_("Only in my district"), required=False)
    past = forms.BooleanField(label=_("What was"), required=False)


class VisitForm(forms.ModelForm):
    subject = forms.ChoiceField(label=_("Subject"), required=False, choices=[("", "—"), *SUBJECTS.items()])

    class Meta:
        model = Visit
        fields = ("kind", "title", "subject", "language", "day", "starts_at", "minutes", "places", "note")
        widgets = {"day": Day(), "starts_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}


class FeedbackForm(forms.Form):
    useful = forms.TypedChoiceField(
        label=_("How useful was it, from 1 to 5?"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    take_home = forms.CharField(
        label=_("What do you take to your own class?"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
