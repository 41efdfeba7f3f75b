"""Forms for providers, courses, cohorts and sessions."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.models import (
    Audience,
    Cohort,
    Course,
    CourseKind,
    Provider,
    Session,
    TeachingLanguage,
    Topic,
)
from tirek.registry.queries.territories import local_name

ANY = [("", _("All"))]


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


def many(choices, label) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(choices=choices, label=label, widget=forms.CheckboxSelectMultiple)


class CatalogueFilter(forms.Form):
    q = forms.CharField(label=_("Words of the title"), required=False, max_length=100)
    topic = forms.ChoiceField(label=_("Topic"), required=False, choices=[*ANY, *Topic.choices])
    audience = forms.ChoiceField(label=_("For whom"), required=False, choices=[*ANY, *Audience.choices])
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*ANY, *TeachingLanguage.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[*ANY, *CourseKind.choices])
    open = forms.BooleanField(label=_("Only what can be joined now"), required=False)


class CohortFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[*ANY, ("to_close", _("over, to be closed")), ("open", _("open")), ("completed", _("completed")),
                 ("cancelled", _("cancelled"))],
    )  # fmt: skip


class ProviderForm(forms.ModelForm):
    topics = many(Topic.choices, _("What it may teach"))

    class Meta:
        model = Provider
        fields = ("code", "name_kk", "name_ru", "name_en", "contact", "email", "phone", "topics", "basis", "is_active")
        help_texts = {
            "code": _("Small Latin letters, digits and hyphens: it stands in addresses and does not change."),
            "basis": _("The agreement or licence by which it teaches."),
        }

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}


class CourseForm(forms.ModelForm):
    topics = many(Topic.choices, _("Topics"))
    audiences = many(Audience.choices, _("For whom"))
    languages = many(TeachingLanguage.choices, _("Languages"))

    class Meta:
        model = Course
        fields = (
            "code", "provider", "kind", "name_kk", "name_ru", "name_en", "topics", "audiences", "languages", "place", "hours",
            "programme_kk", "programme_ru", "has_test", "asks_head", "is_active",
        )  # fmt: skip
        widgets = {"programme_kk": forms.Textarea(attrs={"rows": 6}), "programme_ru": forms.Textarea(attrs={"rows": 6})}
        help_texts = {"code": ProviderForm.Meta.help_texts["code"]}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["provider"].queryset = Provider.objects.filter(is_active=True).order_by("name_kk")
        self.fields["provider"].label_from_instance = local_name

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}


class CohortForm(forms.ModelForm):
    trainer = forms.CharField(
        label=_("Trainer: the name by which he or she signs in"), required=False, max_length=150,
        help_text=_("The trainer marks attendance on a phone. Empty: the office does."),
    )  # fmt: skip

    class Meta:
        model = Cohort
        fields = ("starts_on", "ends_on", "apply_until", "places", "venue", "place", "language")
        widgets = {"starts_on": Day(), "ends_on": Day(), "apply_until": Day()}

    def facts(self) -> dict:
        return dict(self.cleaned_data)


class SessionForm(forms.ModelForm):
    class Meta:
        model = Session
        fields = ("day", "starts_at", "minutes", "theme")
        widgets = {"day": Day(), "starts_at": forms.TimeInput(format="%H:%M", attrs={"type": "time"})}
        help_texts = {"minutes": _("From 15 to 720.")}

    def clean_minutes(self):
        minutes = self.cleaned_data["minutes"]
        if not 15 <= minutes <= 720:
            raise forms.ValidationError(_("A session lasts from 15 to 720 minutes."))
        return minutes


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class EnrolForm(forms.Form):
    find = forms.CharField(label=_("Name, or part of it"), required=False, max_length=100)
    need = forms.CharField(
        label=_("Need"),
        required=False,
        max_length=40,
        help_text=_("The number of the need that sends them, if there is one."),
    )


class ScoresForm(forms.Form):
    when = forms.ChoiceField(label=_("Which test"), choices=[])
    highest = forms.DecimalField(
        label=_("Highest score"), min_value=0, max_value=10_000, max_digits=7, decimal_places=2
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["when"].choices = [("before", _("before the course")), ("after", _("after the course"))]


class ScoresFileForm(ScoresForm):
    file = forms.FileField(label=_("File (XLSX or CSV)"), help_text=_("Made from the template: keep its first column."))
