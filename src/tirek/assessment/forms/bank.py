"""Forms of the item bank."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tirek.assessment.bank.facts import ItemFacts, VersionFacts, keep_picture
from tirek.assessment.bank.pictures import MOST_BYTES
from tirek.assessment.bank.validity import PictureFacts
from tirek.assessment.bank.wording import LANGUAGES, wording
from tirek.assessment.content_areas import area_code, area_name, areas
from tirek.assessment.forms.tests import TerritoryField
from tirek.assessment.models import AnswerKind, BankState, Subject, TestKind
from tirek.registry.models import SchoolYear, Territory, TerritoryLevel
from tirek_engines.errors import Refusal

ANY = [("", _("any"))]
GRADES = [(str(grade), str(grade)) for grade in range(1, 13)]
STEMS = {
    "kk": _("Task in Kazakh"),
    "ru": _("Task in Russian"),
    "en": _("Task in English"),
}
OPTIONS = {
    "kk": _("Options in Kazakh, one a line"),
    "ru": _("Options in Russian, one a line"),
    "en": _("Options in English, one a line"),
}
CAN_DO = {
    "kk": _("What a pupil who solves it can do, in Kazakh"),
    "ru": _("What a pupil who solves it can do, in Russian"),
    "en": _("What a pupil who solves it can do, in English"),
}
PICTURE_WORDS = {
    "kk": _("The picture in words, in Kazakh"),
    "ru": _("The picture in words, in Russian"),
    "en": _("The picture in words, in English"),
}
PICTURE_LANGUAGES = [("", _("for all languages")), ("kk", _("Kazakh")), ("ru", _("Russian")), ("en", _("English"))]


class Suggesting(forms.TextInput):
    """A line that offers the areas which have names in three languages."""

    def render(self, name, value, attrs=None, renderer=None):
        held = f"{name}-offered"
        offered = format_html_join("", '<option value="{}">', [(area.name,) for area in areas().values()])
        line = super().render(name, value, (attrs or {}) | {"list": held}, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', line, held, offered)

    def format_value(self, value):
        return area_name(value) if value else None


class AreaField(forms.CharField):
    """A content area: typed in any language, kept by its code where it has one."""

    def __init__(self, **kwargs):
        super().__init__(
            max_length=64, required=False, widget=Suggesting,
            help_text=_("Take one that is offered: it then has a name in every language."), **kwargs,
        )  # fmt: skip

    def clean(self, value):
        return area_code(super().clean(value))


class BankFilter(forms.Form):
    words = forms.CharField(label=_("Words of the task, or code"), required=False, max_length=200)
    subject = forms.ChoiceField(label=_("Subject"), required=False, choices=[*ANY, *Subject.choices])
    grade = forms.ChoiceField(label=_("Grade"), required=False, choices=[*ANY, *GRADES])
    content_area = forms.ChoiceField(label=_("Content area"), required=False)
    kind = forms.ChoiceField(label=_("Kind of answer"), required=False, choices=[*ANY, *AnswerKind.choices])
    state = forms.ChoiceField(label=_("State"), required=False, choices=[*ANY, *BankState.choices])

    def __init__(self, *args, areas: list[str] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["content_area"].choices = [
            *ANY,
            *sorted(((area, area_name(area)) for area in areas), key=lambda pair: pair[1]),
        ]


class ItemForm(forms.Form):
    """An item as somebody writes it: three languages beneath each other, the key once."""

    code = forms.CharField(label=_("Code"), max_length=32, help_text=_("Latin letters, digits and hyphens: MA-4-017."))
    subject = forms.ChoiceField(label=_("Subject"), choices=Subject.choices)
    grade = forms.IntegerField(label=_("Grade"), min_value=1, max_value=12)
    content_area = AreaField(label=_("Content area"))
    kind = forms.ChoiceField(label=_("Kind of answer"), choices=AnswerKind.choices)
    max_score = forms.IntegerField(label=_("Highest score"), min_value=1, max_value=100, initial=1)
    minutes = forms.DecimalField(
        label=_("Minutes"), min_value=Decimal("0.1"), max_value=Decimal("120"), max_digits=4, decimal_places=1,
        initial=Decimal("1.5"),
    )  # fmt: skip
    key = forms.CharField(
        label=_("Key"), max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("A letter or letters of the options; a number; or a word. A bar parts several right ones: 12|twelve."),
    )  # fmt: skip
    tolerance = forms.CharField(
        label=_("Tolerance of a number"), max_length=32, required=False, help_text=_("0.05 takes 1.95 to 2.05 for 2.")
    )

    def __init__(self, *args, pictures=(), is_used: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept = list(pictures)
        for language in LANGUAGES:
            self.fields[f"stem_{language}"] = _text(STEMS[language], 3)
            self.fields[f"options_{language}"] = _text(OPTIONS[language], 4)
        for language in LANGUAGES:
            self.fields[f"can_do_{language}"] = _line(CAN_DO[language], 200)
        for place, picture in enumerate(self.kept):
            self._add_kept(place, picture)
        self.fields["picture"] = forms.FileField(
            label=_("Another picture"), required=False, help_text=_("PNG, JPEG or SVG, at most 500 kB.")
        )
        self.fields["picture_language"] = forms.ChoiceField(
            label=_("The picture is"), required=False, choices=PICTURE_LANGUAGES
        )
        for language in LANGUAGES:
            self.fields[f"picture_words_{language}"] = _line(PICTURE_WORDS[language], 300)
        self.fields["why"] = _line(_("Why is the wording changed?"), 300)
        if not is_used:
            self.fields["why"].help_text = _("Needed once a test has used the item.")

    def _add_kept(self, place: int, picture: PictureFacts) -> None:
        for language in LANGUAGES:
            label = format_lazy("{name}: {words}", name=picture.name, words=PICTURE_WORDS[language])
            self.fields[f"kept_{place}_{language}"] = _line(label, 300, picture.words.get(language, ""))
        label = format_lazy("{name}: {words}", name=picture.name, words=_("take the picture out"))
        self.fields[f"drop_{place}"] = forms.BooleanField(label=label, required=False)

    def clean_picture(self):
        upload = self.cleaned_data.get("picture")
        if upload is None:
            return None
        if upload.size > MOST_BYTES:  # before it is read into memory
            raise forms.ValidationError(_("The picture is larger than 500 kB. Make it smaller."))
        try:
            media_type, digest = keep_picture(upload.read())
        except Refusal as refusal:
            raise forms.ValidationError(refusal.message) from None
        return PictureFacts(upload.name[-60:], digest, media_type)

    def facts(self) -> ItemFacts:
        names = ("code", "subject", "grade", "kind", "content_area", "max_score", "minutes")
        data = self.cleaned_data
        can_do = {language: data[f"can_do_{language}"] for language in LANGUAGES}
        return ItemFacts(**{name: data[name] for name in names}, can_do=can_do)

    def version(self) -> VersionFacts:
        data = self.cleaned_data
        wordings = {language: wording(data[f"stem_{language}"], data[f"options_{language}"]) for language in LANGUAGES}
        return VersionFacts(
            {language: made for language, made in wordings.items() if not made.is_empty},
            data["key"], data["tolerance"], tuple(self._pictures()), data["why"],
        )  # fmt: skip

    def _pictures(self) -> list[PictureFacts]:
        data = self.cleaned_data
        found = []
        for place, picture in enumerate(self.kept):
            if not data.get(f"drop_{place}"):
                words = {language: data.get(f"kept_{place}_{language}", "") for language in LANGUAGES}
                found.append(PictureFacts(picture.name, picture.sha256, picture.media_type, picture.language, words))
        if new := data.get("picture"):
            words = {language: data[f"picture_words_{language}"] for language in LANGUAGES}
            found.append(PictureFacts(new.name, new.sha256, new.media_type, data["picture_language"], words))
        return found


def _text(label, rows: int) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=5000, widget=forms.Textarea({"rows": rows}))


def _line(label, most: int, initial: str = "") -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=most, initial=initial)


def initial_of(item, facts: VersionFacts) -> dict:
    """What the form shows of an item and its latest version."""
    names = ("code", "subject", "grade", "kind", "content_area", "max_score", "minutes")
    found = {name: getattr(item, name) for name in names} | {"key": facts.key, "tolerance": facts.tolerance}
    for language in LANGUAGES:
        found[f"can_do_{language}"] = getattr(item, f"can_do_{language}")
        if held := facts.wordings.get(language):
            found[f"stem_{language}"] = held.stem
            found[f"options_{language}"] = "\n".join(held.options)
    return found


class BankImportForm(forms.Form):
    file = forms.FileField(
        label=_("File of items"),
        help_text=_("One QTI 3 item as XML, or a package as ZIP with its pictures; at most 20 MB."),
    )
    language = forms.ChoiceField(
        label=_("Language of items that name none"),
        choices=[("kk", _("Kazakh")), ("ru", _("Russian")), ("en", _("English"))],
    )
    subject = forms.ChoiceField(label=_("Subject of new items"), choices=Subject.choices)
    grade = forms.IntegerField(label=_("Grade of new items"), min_value=1, max_value=12)
    content_area = AreaField(label=_("Content area of new items"))


class PickFilter(forms.Form):
    words = forms.CharField(label=_("Words of the task, or code"), required=False, max_length=200)
    subject = forms.ChoiceField(label=_("Subject"), choices=Subject.choices, required=False)
    grade = forms.ChoiceField(label=_("Grade"), required=False, choices=[*ANY, *GRADES])
    content_area = forms.ChoiceField(label=_("Content area"), required=False)
    base = forms.ChoiceField(label=_("To be linked to"), required=False)

    def __init__(self, *args, areas: list[str] = (), bases: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["content_area"].choices = [
            *ANY,
            *sorted(((area, area_name(area)) for area in areas), key=lambda pair: pair[1]),
        ]
        self.fields["base"].choices = [("", _("no earlier test")), *bases]


class DesignForm(forms.Form):
    """How many blocks and booklets, and what the test is called."""

    blocks = forms.IntegerField(label=_("Blocks"), min_value=1, max_value=31, initial=1)
    per_booklet = forms.IntegerField(label=_("Blocks in a booklet"), min_value=1, max_value=31, initial=1)
    sitting_minutes = forms.IntegerField(label=_("Minutes of the sitting"), min_value=5, max_value=300, initial=75)
    seed = forms.IntegerField(
        label=_("Seed"), min_value=0, max_value=2_147_483_647, initial=1,
        help_text=_("The same number gives the same booklets."),
    )  # fmt: skip


class BankTestForm(DesignForm):
    code = forms.SlugField(label=_("Code"), max_length=64, help_text=_("Latin letters, digits and hyphens: M4-2026."))
    title_kk = forms.CharField(label=_("Title in Kazakh"), max_length=200)
    title_ru = forms.CharField(label=_("Title in Russian"), max_length=200)
    title_en = forms.CharField(label=_("Title in English"), max_length=200)
    grade = forms.IntegerField(label=_("Grade"), min_value=1, max_value=12)
    kind = forms.ChoiceField(label=_("Kind"), choices=TestKind.choices)
    school_year = forms.ModelChoiceField(label=_("School year"), queryset=SchoolYear.objects.none())
    territory = TerritoryField(label=_("Held in"), queryset=Territory.objects.none())

    def __init__(self, *args, scope, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["school_year"].queryset = SchoolYear.objects.order_by("-starts_on")
        levels = [TerritoryLevel.REGION, TerritoryLevel.DISTRICT]
        places = Territory.objects.filter(level__in=levels).order_by("org_lo", "-org_hi")
        if not scope.is_country:
            places = places.filter(org_lo__gte=scope.lo or 0, org_hi__lte=scope.hi or -1)
        self.fields["territory"].queryset = places
