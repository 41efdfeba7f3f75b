"""A region with three schools and their teachers, a questionnaire, and a round that is open."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass

import xlsxwriter
from access_world import BACKEND, FAR, NEIGHBOUR, SCHOOL, build
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import Employment, Institution, Person
from tirek.surveys.models import FormVersion, Round, RoundSchool
from tirek.surveys.queries import rounds as queries
from tirek.surveys.services import codes, forms, rounds

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
SECOND = SCHOOL + 10
OFFICE = Scope(lo=10_000_000, hi=19_999_999, role=Role.PROGRAMME_OFFICE)
HEAD = Scope(lo=SCHOOL, hi=SCHOOL, role=Role.SCHOOL_HEAD)
LANGUAGES = ("Қазақша (kk)", "Русский (ru)", "English (en)")


def workbook(
    survey: list[dict], choices: list[dict] = (), settings: dict | None = None, scales: list[dict] = ()
) -> bytes:
    """An XLSForm from rows; a label is given once and stands in every language with the language's mark."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, rows in (
            ("survey", survey),
            ("choices", list(choices)),
            ("settings", [settings or {}]),
            ("scales", list(scales)),
        ):
            heads = list(dict.fromkeys(head for row in rows for head in row))
            sheet = book.add_worksheet(name)
            for number, row in enumerate([dict(zip(heads, heads, strict=True)), *rows] if heads else []):
                sheet.write_row(number, 0, [row.get(head, "") for head in heads])
    return target.getvalue()


def labelled(text: str) -> dict[str, str]:
    return {f"label::{language}": f"{text} [{language[-3:-1]}]" for language in LANGUAGES}


def small_form(*, version: str = "1", extra: list[dict] = (), text: str = "Lesson") -> bytes:
    """Three statements of one scale, an age with a rule, a question that depends on it, an open one."""
    agree = [{"list_name": "agree", "name": str(n), **labelled(f"A{n}")} for n in range(1, 6)]
    survey = [
        {"type": "begin_group", "name": "g", **labelled("Group")},
        *({"type": "select_one agree", "name": f"s{n}", **labelled(f"{text} {n}"), "required": "yes", "scale": "lessons",
           "reverse": "yes" if n == 3 else ""} for n in (1, 2, 3)),
        {"type": "end_group", "name": ""},
        {"type": "integer", "name": "age", **labelled("Age"), "constraint": ". >= 18 and . < 100",
         **{f"constraint_message::{one}": f"Adults only [{one[-3:-1]}]" for one in LANGUAGES}},
        {"type": "select_one agree", "name": "old", **labelled("Old"), "relevant": "${age} > 60", "required": "yes"},
        {"type": "calculate", "name": "double", "calculation": "${age} * 2"},
        {"type": "text", "name": "said", **labelled("Say it <b>${age}</b>")},
        *extra,
    ]  # fmt: skip
    scales = [{"scale": "lessons", **labelled("Lessons")}]
    return workbook(survey, agree, {"form_id": "small", "form_title": "Small", "version": version}, scales)


@dataclass
class World:
    access: object
    version: FormVersion
    round: Round

    def user(self, role: str):
        return self.access.users[role]

    def client(self, role: str) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(self.user(role), backend=BACKEND)
        return client

    def school(self, org_no: int = SCHOOL) -> RoundSchool:
        with loading():
            return RoundSchool.objects.get(round=self.round, org_no=org_no)

    def poster(self, org_no: int = SCHOOL) -> str:
        row = self.school(org_no)
        return f"/surveys/answer/at/{queries.poster_key(row.pk, row.series)}/"

    def token(self, org_no: int = SCHOOL) -> str:
        row = self.school(org_no)
        return queries.collect_token(row.pk, row.series)

    def slips(self, count: int, org_no: int = SCHOOL) -> list[str]:
        scope = Scope(lo=org_no, hi=org_no, role=Role.SCHOOL_HEAD)
        with acting_as(scope):
            made = codes.printed_slips(
                round_id=self.round.pk,
                org_no=org_no,
                count=count,
                class_label="",
                by=self.user(Role.SCHOOL_HEAD),
                now=NOW,
            )
        return [slip.code for slip in made]


def employ(org_no: int, count: int) -> None:
    with loading():
        school = Institution.objects.get(org_no=org_no)
        for number in range(count):
            made = Person.objects.create(
                family_name=f"Сұлтанбеков{org_no}",
                given_name=f"Дархан{number}",
                sort_key=f"t{number:03}",
                org_no=org_no,
            )
            Employment.objects.create(
                person=made, institution=school, org_no=org_no, person_name=str(made), sort_key=made.sort_key,
                position="teacher", valid=DateRange(dt.date(2020, 9, 1), None),
            )  # fmt: skip


def make(*, teachers=((SCHOOL, 12), (NEIGHBOUR, 12)), data: bytes | None = None, open_it: bool = True, **plan) -> World:
    access = build()
    for org_no, count in teachers:
        employ(org_no, count)
    office = access.users[Role.PROGRAMME_OFFICE]
    with acting_as(OFFICE):
        version = forms.bring_version(
            data=data or small_form(),
            name="small.xlsx",
            titles=forms.Titles("Шағын", "Малая", "Small"),
            by=office,
            now=NOW,
        )
        forms.approve_version(version_id=version.pk, by=office, now=NOW)
        made = rounds.plan_round(
            plan=rounds.Plan(
                version.pk, "teachers", [no for no, _n in teachers], TODAY, TODAY + dt.timedelta(days=10), **plan
            ),
            by=office, now=NOW,
        )  # fmt: skip
        if open_it:
            made = rounds.open_round(round_id=made.pk, by=office, now=NOW)
    return World(access, version, made)


def answer_all(world: World, code: str, *, s: str = "4", said: str = "", age: str = "30") -> None:
    """The whole questionnaire through the pages, without a script."""
    client = Client(headers={"accept-language": "en"})
    assert client.post("/surveys/answer/", {"code": code}).status_code == 302
    first = {f"q:g/s{n}": s for n in (1, 2, 3)}
    assert client.post("/surveys/answer/page/", {"page": "0", "act": "next", **first}).status_code == 302
    assert (
        client.post("/surveys/answer/page/", {"page": "1", "act": "next", "q:age": age, "q:said": said}).status_code
        == 302
    )
    assert client.post("/surveys/answer/check/").headers["Location"].endswith("/done/")


__all__ = ["FAR", "NEIGHBOUR", "SCHOOL"]
