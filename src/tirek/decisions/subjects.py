"""Whom an outcome is about, in words: an institution by its name, a territory by its own, a group by what it is."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from tirek.registry.queries import institutions, territories
from tirek.registry.queries import labels as register_labels

# kind of subject -> what the list of outcomes calls many of them
MANY = {
    "all": gettext_lazy("All together"),
    "district": gettext_lazy("Districts and cities"),
    "settlement": gettext_lazy("Towns and villages"),
    "language": gettext_lazy("Languages of instruction"),
    "gap": gettext_lazy("Differences between groups"),
    "school": gettext_lazy("Schools"),
    "room": gettext_lazy("Rooms"),
    "scale": gettext_lazy("Scales of questionnaires"),
    "result": gettext_lazy("Results of schools"),
    "person": gettext_lazy("Persons"),
    "application": gettext_lazy("Applications for categories"),
    "item": gettext_lazy("Items"),
    "test": gettext_lazy("The test as a whole"),
    "anchor": gettext_lazy("Common items"),
    "cut": gettext_lazy("Levels"),
    "trend_all": gettext_lazy("Change of all together"),
    "trend_district": gettext_lazy("Changes of districts and cities"),
    "trend_settlement": gettext_lazy("Changes of towns and villages"),
    "trend_language": gettext_lazy("Changes by language of instruction"),
    "trend_school": gettext_lazy("Changes of schools"),
    "trend_gap": gettext_lazy("Changes of differences between groups"),
    "share_all": gettext_lazy("Levels of all together"),
    "share_district": gettext_lazy("Levels in districts and cities"),
    "share_settlement": gettext_lazy("Levels in towns and villages"),
    "share_language": gettext_lazy("Levels by language of instruction"),
    "share_school": gettext_lazy("Levels of schools"),
}
GROUPS = {
    ("all", "all"): gettext_lazy("All together"),
    ("settlement", "urban"): gettext_lazy("Towns"),
    ("settlement", "rural"): gettext_lazy("Villages"),
    ("language", "kk"): pgettext_lazy("language of instruction", "Kazakh"),
    ("language", "ru"): pgettext_lazy("language of instruction", "Russian"),
    ("gap", "settlement"): gettext_lazy("Towns against villages"),
    ("gap", "language"): gettext_lazy("Kazakh against Russian classes"),
}
PATTERNS = {
    "person": gettext_noop("Person %(code)s"),
    "application": gettext_noop("Application %(code)s"),
    "item": gettext_noop("Item %(code)s"),
    "anchor": gettext_noop("Common item %(code)s"),
    "cut": gettext_noop("Cut score %(code)s, counted from the lowest"),
    "test": gettext_noop("Test %(code)s"),
    "scale": gettext_noop("Scale %(code)s"),
    "result": gettext_noop("Result %(code)s"),
}


def many(kind: str) -> str:
    """What the outcomes of this kind of subject are about."""
    return str(MANY.get(kind, kind))


def label(kind: str, code: str) -> str:
    """One subject, as a person would call it."""
    return labels([(kind, code)])[0]


def labels(subjects: Sequence[tuple[str, str]]) -> list[str]:
    """Subjects, each a kind and a code, as a person would call them; what has a name is asked for all together."""
    plain = [_plain(kind, code) for kind, code in subjects]
    codes: dict[str, set[str]] = defaultdict(set)
    for kind, code in plain:
        codes[kind].add(code)
    names = {
        ("school", code): name for code, name in register_labels.names_by_code(codes["school"], on=_today()).items()
    }
    names |= {("district", code): name for code, name in territories.names_by_code(codes["district"]).items()}
    names |= {("room", str(pk)): name for pk, name in _rooms({int(c) for c in codes["room"] if c.isdecimal()}).items()}
    return [_label(kind, code, names) for kind, code in subjects]


def _plain(kind: str, code: str) -> tuple[str, str]:
    """The group that a change or a level is about; anything else is itself."""
    if kind.startswith("share_"):
        return kind.removeprefix("share_"), code.rpartition("/")[0]
    return kind.removeprefix("trend_"), code


def _label(kind: str, code: str, names: Mapping[tuple[str, str], str]) -> str:
    if kind.startswith("trend_"):
        return _("Change: %(group)s") % {"group": _label(*_plain(kind, code), names)}
    if kind.startswith("share_"):
        named_group = _label(*_plain(kind, code), names)
        return _("%(group)s: cut score %(cut)s") % {"group": named_group, "cut": code.rpartition("/")[2]}
    if (kind, code) in GROUPS:
        return str(GROUPS[kind, code])
    if (kind, code) in names:
        return names[kind, code]
    pattern = PATTERNS.get(kind)
    return _(pattern) % {"code": code} if pattern else code


# sealed file -> what it holds, in words; a file of another name stands with its name alone
FILES = {
    "candidates": gettext_lazy("schools that could be chosen"),
    "results": gettext_lazy("published results of the schools"),
    "standing": gettext_lazy("needs that are known already"),
    "answers": gettext_lazy("answers of the pupils, without names"),
    "items": gettext_lazy("items of the test"),
    "groups": gettext_lazy("groups of each pupil"),
    "rules": gettext_lazy("rules in force"),
    "booklets": gettext_lazy("booklets"),
    "parameters": gettext_lazy("estimates of the items"),
    "steps": gettext_lazy("steps of the items"),
    "curves": gettext_lazy("observed curves of the items"),
    "dependence": gettext_lazy("items that go together"),
    "dif": gettext_lazy("fairness of the items"),
    "persons": gettext_lazy("abilities of the pupils, without names"),
    "outcomes": gettext_lazy("outcomes with their reasons"),
    "distribution": gettext_lazy("how the results are spread"),
    "item_points": gettext_lazy("places of the items on the scale"),
    "pairs": gettext_lazy("pairs of common items"),
    "drift": gettext_lazy("drift of the common items"),
    "replicates": gettext_lazy("items estimated anew without each place"),
    "base_parameters": gettext_lazy("estimates of the items in the earlier test"),
    "new_parameters": gettext_lazy("estimates of the items in this test"),
    "before": gettext_lazy("published results of the earlier test"),
    "ratings": gettext_lazy("judgements of the panel"),
    "calibration": gettext_lazy("estimates of the items and their errors"),
    "constants": gettext_lazy("slope and shift of the link"),
    "places": gettext_lazy("place of each pupil’s school"),
    "participants": gettext_lazy("minutes and scores of the participants, without names"),
    "sessions": gettext_lazy("sessions that were held"),
    "applications": gettext_lazy("applications, without names"),
    "judgements": gettext_lazy("points of the experts, without names"),
    "base_results": gettext_lazy("published results of the earlier test"),
    "responses": gettext_lazy("answers to the questionnaire, enciphered"),
    "frame": gettext_lazy("persons by the register, by school or as they can be drawn"),
    "schools_out": gettext_lazy("persons by the register and invited, by school"),
    "drawn": gettext_lazy("persons or classes that were drawn"),
    "questions": gettext_lazy("shares and means of the questions"),
    "scales": gettext_lazy("means of the scales"),
    "reliability": gettext_lazy("reliability of the scales"),
    "weights": gettext_lazy("weights of the schools’ answers"),
    "rooms": gettext_lazy("rooms of the register"),
    "schools": gettext_lazy("institutions"),
    "findings": gettext_lazy("what was last seen in each room"),
    "missing": gettext_lazy("items missing in each room"),
}


def file_words(name: str) -> str:
    """What a sealed file holds."""
    return str(FILES.get(name, ""))


def _today() -> dt.date:
    return timezone.localdate()


def _rooms(ids: set[int]) -> dict[int, str]:
    """Rooms by their number and their institution."""
    found = institutions.rooms_by_id(ids) if ids else []
    places = register_labels.names_by_org_no([room.org_no for room in found], on=_today())
    words = _("Room %(number)s, %(place)s")
    return {room.pk: words % {"number": room.number, "place": places.get(room.org_no, "")} for room in found}
