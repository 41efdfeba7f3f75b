"""Needs in words: what each is about, its evidence with links, what answers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tirek.decisions import queries as journal
from tirek.decisions.kinds import kind_of
from tirek.programmes.kinds import NEEDS
from tirek.programmes.models import LinkKind, Need, NeedLink
from tirek.programmes.queries import needs as queries
from tirek.programmes.queries.programmes import districts_of, states_of
from tirek.registry.models import Room
from tirek.registry.queries.territories import local_name


@dataclass(frozen=True)
class Evidence:
    """One finding that a need rests on: in words, with a link and the number of its decision."""

    words: str
    why: str
    url: str = ""
    decision: str = ""


@dataclass(frozen=True)
class Answer:
    """A work or a course group that answers a need."""

    words: str
    state: str
    url: str = ""
    earmark: str = ""
    is_done: bool = False
    work: Any = None


@dataclass(frozen=True)
class Shown:
    """A need as lists and pages show it."""

    need: Need
    title: str
    school: str
    school_code: str
    district: str
    why: str
    answers: list[Answer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return reverse("programmes:need", args=[self.need.number])


def shown(found: Iterable[Need], *, with_answers: bool = True) -> list[Shown]:
    """Needs in words, with a few questions for all of them together."""
    some = list(found)
    org_nos = sorted({n.org_no for n in some})
    states, places = states_of(org_nos, on=timezone.localdate()), districts_of(org_nos)
    rooms, links = queries.rooms_of(some), queries.links([n.pk for n in some]) if with_answers else {}
    answers = answers_of(some, links) if with_answers else {}
    topics = topic_names(n.topic for n in some)
    return [
        Shown(
            n, title_of(n, rooms, topics), local_name(states[n.org_no]) if n.org_no in states else str(n.org_no),
            states[n.org_no].institution.code if n.org_no in states else "",
            local_name(places[n.org_no]) if n.org_no in places else "", why(n.reason, n.numbers), answers.get(n.pk, []),
        )
        for n in some
    ]  # fmt: skip


def title_of(need: Need, rooms: Mapping[int, Room], topics: Mapping[str, str]) -> str:
    """What the need is about, in one line."""
    if need.title:
        return need.title
    kind, _sign, rest = need.subject.partition(":")
    if kind == "room":
        return room_words(rooms.get(need.room_id or 0))
    if kind == "scale":
        return _("%(topic)s: what %(audience)s say") % {
            "topic": topics.get(need.topic, need.topic), "audience": audience_words(rest.split(":")[1] if ":" in rest else ""),
        }  # fmt: skip
    if kind == "result":
        return _("%(topic)s: results of grade %(grade)s") % {
            "topic": topics.get(need.topic, need.topic),
            "grade": rest.rsplit(":", 1)[-1],
        }
    return need.code


def room_words(room: Room | None) -> str:
    if room is None:
        return _("A room that is closed by now")
    return _("Room %(number)s, %(purpose)s") % {"number": room.number, "purpose": room.get_purpose_display()}


def topics() -> list[tuple[str, str]]:
    """Topics of courses, as the courses have them."""
    from tirek.cpd.models import Topic

    return [(code, str(label)) for code, label in Topic.choices]


def topic_names(topics: Iterable[str]) -> dict[str, str]:
    """Topics of courses in words; what is none, as its questionnaire calls the scale."""
    from tirek.cpd.models import Topic
    from tirek.surveys.queries.published import scale_titles

    known, asked = {str(code): str(label) for code, label in Topic.choices}, set(topics)
    language = (translation.get_language() or "en")[:2]
    known |= scale_titles(asked - known.keys(), language)
    return {topic: _first_large(known.get(topic, topic)) for topic in asked}


def topic_words(topic: str) -> str:
    return topic_names([topic])[topic]


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def audience_words(audience: str) -> str:
    return {"teachers": _("teachers"), "pupils": _("pupils"), "parents": _("parents")}.get(audience, audience)


def why(reason: str, numbers: Mapping[str, Any]) -> str:
    """The rule's sentence in the reader's language; nothing for a need that a person has written."""
    if not reason:
        return ""
    language = (translation.get_language() or "en")[:2]
    return journal.reason_texts(kind_of(NEEDS), reason, numbers).get(language, "")


def evidence_of(need: Need, merged: Iterable[Need] = ()) -> list[Evidence]:
    """What the need rests on, that of merged ones with it."""
    rooms = queries.rooms_of([need, *merged])
    by_id = {room.pk: room for room in rooms.values()}
    refs = [str(one.get("ref", "")).split(":") for one in need.evidence if one.get("kind") == "scale"]
    scales = topic_names(parts[2] for parts in refs if len(parts) > 2)
    found = []
    for one in need.evidence:
        kind, ref = one.get("kind", ""), str(one.get("ref", ""))
        said = why(one.get("reason", ""), one.get("numbers") or {})
        decision = one.get("decision") or one.get("proposed_by") or ""
        if kind == "room" and ref.isdecimal():
            found.append(
                Evidence(room_words(by_id.get(int(ref))), said, reverse("programmes:room", args=[int(ref)]), decision)
            )
        elif kind == "scale":
            _org, audience, scale = [*ref.split(":"), "", ""][:3]
            words = _("Questionnaire of %(audience)s, scale “%(scale)s”") % {
                "audience": audience_words(audience),
                "scale": scales.get(scale, scale),
            }
            found.append(Evidence(words, said, "", decision))
        elif kind == "result":
            subject, grade = [*ref.split(":"), "", ""][1:3]
            words = _("Monitoring: %(subject)s, grade %(grade)s") % {"subject": topic_words(subject), "grade": grade}
            found.append(Evidence(words, said, "", decision))
        elif kind == "course":
            words = _("Course group %(code)s: completed by %(completed)s of the %(sent)s people who were sent") % {
                "code": ref, "completed": one["numbers"]["completed"], "sent": one["numbers"]["sent"],
            }  # fmt: skip
            found.append(Evidence(words, "", _address("cpd:cohort", ref), decision))
    return found


def answers_of(found: list[Need], links: Mapping[int, list[NeedLink]]) -> dict[int, list[Answer]]:
    """Works and course groups, with their state, for many needs at once."""
    all_links = [link for some in links.values() for link in some]
    works = _works([n for n in found if any(k.kind == LinkKind.WORK for k in links.get(n.pk, []))])
    cohorts = _cohorts(sorted({int(k.ref) for k in all_links if k.kind == LinkKind.COHORT}))
    made: dict[int, list[Answer]] = {}
    for need in found:
        rows = works.get(need.code, [])
        rows = [
            *rows,
            *(cohorts[k.ref] for k in links.get(need.pk, []) if k.kind == LinkKind.COHORT and k.ref in cohorts),
        ]
        if rows:
            made[need.pk] = rows
    return made


def _works(found: list[Need]) -> dict[str, list[Answer]]:
    from tirek.facilities.queries.works import works_of

    made: dict[str, list[Answer]] = {}
    for work in works_of(need_codes=[n.code for n in found]) if found else ():
        url = _address("facilities:work", work.pk)
        made.setdefault(work.need_code, []).append(
            Answer(work.title, work.get_state_display(), url, work.earmark_code, work.state == "accepted", work)
        )
    return made


def _cohorts(ids: list[int]) -> dict[str, Answer]:
    from tirek.cpd.models import Cohort

    found = Cohort.objects.filter(pk__in=ids).select_related("course") if ids else ()
    return {
        str(c.pk): Answer(
            local_name(c.course), c.get_state_display(), _address("cpd:cohort", c.code), "", c.state == "completed"
        )
        for c in found
    }


def _address(name: str, *arguments: Any) -> str:
    from django.urls import NoReverseMatch

    try:
        return reverse(name, args=list(arguments))
    except NoReverseMatch:
        return ""
