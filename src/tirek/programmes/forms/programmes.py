"""Forms of programmes, their stages and their schools."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.programmes import blueprints
from tirek.programmes.models import LeftBecause
from tirek.programmes.services.leaving import NEEDS_LAPSE, NEEDS_STAY
from tirek.tasks.forms import Day

ANY = [("", _("all"))]


class NamesForm(forms.Form):
    name_kk = forms.CharField(label=_("Name in Kazakh"), max_length=200)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=200)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)

    def names(self) -> dict[str, str]:
        return {language: self.cleaned_data[f"name_{language}"] for language in blueprints.LANGUAGES}


class NewProgrammeForm(NamesForm):
    template = forms.ChoiceField(label=_("Template"))
    slug = forms.SlugField(
        label=_("Short name in addresses"), max_length=60, help_text=_("Latin letters and digits, such as otpan.")
    )
    territory = forms.ChoiceField(label=_("Territory"))
    starts_on = forms.DateField(label=_("First day"), widget=Day())
    ends_on = forms.DateField(label=_("Last day"), widget=Day())
    places = forms.IntegerField(
        label=_("How many schools take part?"), min_value=0, max_value=10_000, required=False,
        help_text=_("Empty: as many as the template says."),
    )  # fmt: skip
    parent = forms.ChoiceField(label=_("Part of"), required=False)
    office = forms.CharField(label=_("Who carries it out?"), max_length=200, required=False)

    def __init__(self, *args, templates=(), territories=(), parents=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = templates
        self.fields["territory"].choices = territories
        self.fields["parent"].choices = [("", _("of no wider programme")), *parents]
        self.order_fields(["template", "name_kk", "name_ru", "name_en", "slug"])


class ChangeProgrammeForm(NamesForm):
    office = forms.CharField(label=_("Who carries it out?"), max_length=200, required=False)
    ends_on = forms.DateField(label=_("Last day"), widget=Day())


class StageForm(NamesForm):
    days = forms.IntegerField(label=_("Days planned"), min_value=1, max_value=blueprints.MOST_DAYS)


class TemplateForm(forms.Form):
    text = forms.CharField(
        label=_("Template"),
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false", "class": "code"}),
        max_length=blueprints.MOST_CHARACTERS,
        help_text=_("Stages with the days planned and what must be there to pass each; names in three languages."),
    )


class BoardFilter(forms.Form):
    district = forms.ChoiceField(label=_("District or city"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    only = forms.ChoiceField(
        label=_("Show"), required=False,
        choices=[("", _("all")), ("stuck", _("only the stuck ones")), ("ready", _("only those that may go on"))],
    )  # fmt: skip

    def __init__(self, *args, districts=(), stages=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [*ANY, *districts]
        self.fields["stage"].choices = [*ANY, *stages]


class ConfirmForm(forms.Form):
    note = forms.CharField(
        label=_("What shows it?"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    file = forms.FileField(label=_("File"), required=False, help_text=_("PDF, picture, table or text, up to 20 MB."))


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Why?"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class LeaveForm(forms.Form):
    because = forms.ChoiceField(
        label=_("Why does the school leave?"),
        choices=[(v, label) for v, label in LeftBecause.choices if v != LeftBecause.MERGED],
    )
    on = forms.DateField(label=_("From which day?"), widget=Day())
    needs = forms.ChoiceField(
        label=_("Its open needs"), widget=forms.RadioSelect, initial=NEEDS_LAPSE,
        choices=[
            (NEEDS_LAPSE, _("lapse, except those that a work or a course answers already")),
            (NEEDS_STAY, _("stay with the school")),
        ],
    )  # fmt: skip
    note = forms.CharField(label=_("How did it come about?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ReportedForm(forms.Form):
    programme = forms.ChoiceField(label=_("Programme"))
    indicator = forms.ChoiceField(label=_("Figure"))
    day = forms.DateField(label=_("As of"), widget=Day())
    numerator = forms.IntegerField(label=_("Above the line"), min_value=0)
    denominator = forms.IntegerField(label=_("Below the line"), min_value=1, required=False)
    source = forms.CharField(label=_("Where does it come from?"), max_length=300)

    def __init__(self, *args, programmes=(), indicators=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["programme"].choices = programmes
        self.fields["indicator"].choices = indicators
