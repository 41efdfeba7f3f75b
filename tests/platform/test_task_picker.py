"""Institutions are chosen by filters and ticks, without JavaScript too, and never outside the asker's territory."""

from __future__ import annotations

import re

import pytest
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, held, load

from tirek.registry import models
from tirek.tasks.models import Task

pytestmark = pytest.mark.django_db
ASK = "/tasks/ask/"


@pytest.fixture
def users() -> dict:
    return load()


def number(code: str) -> int:
    (found,) = held(models.Institution, code=code)
    return found.org_no


def hidden(response) -> dict[str, str]:
    return dict(re.findall(r'name="(chosen|shown)" value="([\d,]*)"', response.content.decode()))


def numbers(text: str) -> set[int]:
    return {int(part) for part in text.split(",") if part}


def test_a_choice_outlives_a_change_of_the_filter(users):
    client = as_(users["officer"])
    first = client.post(ASK, {"act": "show", "find": SCHOOL, "title": "Send the list"})
    assert numbers(hidden(first)["shown"]) == {number(SCHOOL)}
    assert "Send the list" in first.content.decode()
    second = client.post(
        ASK, hidden(first) | {"act": "show", "find": NEIGHBOUR, "tick": number(SCHOOL), "title": "Send the list"}
    )
    assert numbers(hidden(second)["chosen"]) == {number(SCHOOL)}
    assert numbers(hidden(second)["shown"]) == {number(NEIGHBOUR)}
    done = client.post(
        ASK, hidden(second) | {"act": "ask", "find": NEIGHBOUR, "tick": number(NEIGHBOUR), "title": "Send the list"}
    )
    assert done.status_code == 302
    assert {task.org_no for task in held(Task)} == {number(SCHOOL), number(NEIGHBOUR)}


def test_a_tick_taken_away_is_gone(users):
    client = as_(users["officer"])
    shown = client.post(ASK, {"act": "all", "find": SCHOOL})
    assert numbers(hidden(shown)["chosen"]) == {number(SCHOOL)}
    assert hidden(client.post(ASK, hidden(shown) | {"act": "show"}))["chosen"] == ""


def test_all_schools_of_a_district_at_once(users):
    client = as_(users["officer"])
    (state, *_rest) = held(models.InstitutionState, institution__code=SCHOOL)
    district = models.Territory.objects.get(pk=state.territory_id)
    chosen = numbers(hidden(client.post(ASK, {"act": "all", "place": district.code, "kind": "school"}))["chosen"])
    wanted = {
        found.org_no
        for found in held(models.InstitutionState, institution__kind="school", valid__upper_inf=True)
        if district.org_lo <= found.org_no <= district.org_hi
    }
    assert chosen == wanted
    assert len(chosen) > 1
    assert hidden(client.post(ASK, {"chosen": ",".join(map(str, chosen)), "act": "none"}))["chosen"] == ""


def test_another_territory_is_refused_on_the_server(users):
    client = as_(users["district"])
    outside = number(ELSEWHERE)
    assert hidden(client.post(ASK, {"act": "show", "tick": outside}))["chosen"] == ""
    refused = client.post(ASK, {"act": "ask", "title": "Send the list", "chosen": str(outside)})
    assert refused.status_code == 422
    assert "outside your territory" in refused.content.decode()
    refused = client.post(ASK, {"act": "ask", "title": "Send the list", "tick": number(SCHOOL) + 3})
    assert refused.status_code == 422
    assert held(Task) == []


def test_nothing_chosen_is_said(users):
    refused = as_(users["officer"]).post(ASK, {"act": "ask", "title": "Send the list"})
    assert refused.status_code == 422
    assert "No institution is chosen" in refused.content.decode()


def test_htmx_gets_the_list_alone(users):
    answer = as_(users["officer"]).post(ASK, {"act": "show", "find": SCHOOL}, headers={"HX-Request": "true"})
    assert answer.content.strip().startswith(b'<div id="picked"')


def test_nonsense_in_the_hidden_fields_is_no_failure(users):
    client = as_(users["officer"])
    for text in ("9" * 50, "-1,x,,²", "1;2"):
        assert client.post(ASK, {"act": "show", "chosen": text, "shown": text, "tick": text}).status_code == 200
    assert client.post(ASK, {"act": "show", "place": "no", "kind": "no"}).status_code == 200


def test_a_head_has_the_own_institution_chosen(users):
    assert numbers(hidden(as_(users["head"]).get(ASK))["chosen"]) == {number(SCHOOL)}
