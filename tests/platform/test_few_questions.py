"""Every page that a role can reach asks the database little: from the navigation along the links, world by world."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from access_world import BACKEND
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from tirek.access.models import User
from tirek.access.scope import acting_as
from tirek.site import navigation

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
pytestmark = pytest.mark.django_db

MOST = 12
NO_QUESTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "select set_config")
KEPT = '"registry_territory"."is_synthetic" LIMIT 1'  # asked once in half a minute, not once a page
NO_PAGE = re.compile(r"/(static|accounts|api)/|download|\.(csv|xlsx|pdf|parquet|json|yaml|zip|svg|png|xml)\b|/file")

# pages that honestly ask more, and why
PROBES = 16, "each requirement of a stage is looked up in the records of another app: rooms, works, courses, results"
WHOLE_STORY = 18, "all that was ever seen, done, changed or learned, given or paid by one place, teacher or sponsor"
REPORT = 42, "a report that is printed and kept: its shares, levels, rules and errors are all read when it is made"
ASKS_MORE = {
    "programmes:programme": PROBES, "programmes:school": PROBES,
    "facilities:school": WHOLE_STORY, "facilities:room": WHOLE_STORY, "programmes:room": WHOLE_STORY,
    "registry:history": WHOLE_STORY, "programmes:sponsor": WHOLE_STORY,
    "cpd:mine": WHOLE_STORY, "cpd:portfolio": WHOLE_STORY, "cpd:cohort": WHOLE_STORY,
    "assessment:school_report": REPORT, "assessment:pupil_report": REPORT, "assessment:technical": REPORT,
    "assessment:compare": REPORT,
}  # fmt: skip


class Page(NamedTuple):
    who: str
    path: str
    view: str
    questions: list[str]


def walk(who: str, user: User, apps: tuple[str, ...]) -> list[Page]:
    """The pages of some apps that a user can open, from the navigation and along the links."""
    client = Client(headers={"accept-language": "en"}, raise_request_exception=True)
    client.force_login(user, backend=BACKEND)
    client.get("/help/")  # the name of one's place is kept from here on
    waiting = [url for entry in navigation.ENTRIES if (url := navigation.address(entry.address))]
    seen: set[tuple[str, bool]] = set()
    pages: list[Page] = []
    while waiting:
        path = waiting.pop(0)
        shape = _shape(path)
        if shape is None or shape in seen or not shape[0].startswith(apps):
            continue
        seen.add(shape)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code < 500, f"{who} {path}"
        if answer.status_code in (301, 302):
            waiting.append(answer["Location"])
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            known = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(NO_QUESTION)]
            questions = [sql for sql in known if not sql.endswith(KEPT)]
            pages.append(Page(who, path, shape[0], questions))
            waiting += _links(answer, path)
    return pages


def _shape(path: str) -> tuple[str, bool] | None:
    """The view of an address, and whether something is asked of it; one address of each is looked at."""
    place, _mark, asked = path.partition("?")
    try:
        return resolve(place).view_name, bool(asked)
    except Resolver404:
        return None


def _links(answer: HttpResponse, path: str) -> list[str]:
    found = (html.unescape(link) for link in re.findall(r'href="([^"#]+)', answer.content.decode()))
    whole = (path.partition("?")[0] + link if link.startswith("?") else link for link in found)
    return [link for link in whole if link.startswith("/") and not NO_PAGE.search(link)]


def register() -> dict[str, User]:
    from region_world import load

    users = load()
    return {who: users[who] for who in ("officer", "head", "teacher", "parent")}


def programme() -> dict[str, User]:
    import programme_world

    users = programme_world.build(joined=True).users
    return {who: users[who] for who in ("office", "head", "coordinator")}


def money() -> dict[str, User]:
    import sponsor_world

    world = sponsor_world.build_money()
    with acting_as(world.office):
        sponsor_world.receive(world)
        sponsor_world.earmark(world)
    users = world.access.users
    return {"office": users["programme_office"], "head": users["school_head"], "sponsor": world.users[0]}


def rooms() -> dict[str, User]:
    import rooms_world

    world = rooms_world.build()
    return {name: getattr(world, name) for name in ("coordinator", "office")}


def questionnaires() -> dict[str, User]:
    import survey_world

    users = survey_world.make().access.users
    return {role: users[role] for role in ("programme_office", "school_head")}


def growth() -> dict[str, User]:
    import cpd_world

    world = cpd_world.build()
    cpd_world.enrol(world, "ana", "bek")
    return {who: world.users[who] for who in ("office", "head", "ana")}


def monitoring() -> dict[str, User]:
    import assessment_world
    from access_world import user_with
    from django.utils import timezone

    from tirek.access.roles import Role, ScopeKind
    from tirek.assessment.services.answers import import_answers
    from tirek.assessment.services.calibration import calibrate_test
    from tirek.assessment.services.publication import publish_results

    world = assessment_world.make_world()
    test = assessment_world.make_test(world)
    with acting_as(assessment_world.OFFICER):
        import_answers(test_id=test.pk, content=assessment_world.answers_csv(world, test), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=timezone.now())
        publish_results(test_id=test.pk, by=None, now=timezone.now())
    kinds = {Role.REGIONAL_OFFICER: ScopeKind.REGION, Role.PROGRAMME_OFFICE: ScopeKind.REGION, Role.SCHOOL_HEAD: None}
    return {str(role): user_with(role, kind) for role, kind in kinds.items()}


PLACES = ("home", "registry:institution", "registry:person")  # where the panels of all apps stand
WORLDS: dict[str, tuple[Callable[[], dict[str, User]], tuple[str, ...], int]] = {
    "register": (register, ("",), 30),
    "programme": (programme, (*PLACES, "programmes:"), 15),
    "money": (money, (*PLACES, "programmes:sponsor", "ledger:"), 8),
    "rooms": (rooms, (*PLACES, "facilities:", "registry:room"), 8),
    "questionnaires": (questionnaires, (*PLACES, "surveys:"), 8),
    "growth": (growth, (*PLACES, "cpd:"), 12),
    "monitoring": (monitoring, (*PLACES, "assessment:", "decisions:"), 12),
}


@pytest.mark.parametrize("name", WORLDS)
def test_no_page_asks_the_database_often(name, settings, tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    settings.DEMONSTRATION = True  # nobody here has a second factor
    make, apps, fewest_views = WORLDS[name]
    pages = [page for who, user in make().items() for page in walk(who, user, apps)]
    views = len({page.view for page in pages})
    assert views >= fewest_views, "the walk found too little to say anything"
    over = [page for page in pages if len(page.questions) > ASKS_MORE.get(page.view, (MOST, ""))[0]]
    over.sort(key=lambda page: -len(page.questions))
    told = [f"{len(page.questions)} {page.view} {page.who} {page.path}" for page in over]
    if over:
        pytest.fail("\n".join([*told, *(question[:150] for question in over[0].questions)]), pytrace=False)
