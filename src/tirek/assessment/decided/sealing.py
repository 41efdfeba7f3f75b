"""What a decision on a test is made from: answers without names, items, and where each pupil belongs.

A pupil is a keyed hash of test and register identifier: the same in every table of one test, another in each test, and
nobody without the installation's key can go back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from django.db.models import Max

from tirek.access.scope import loading
from tirek.assessment.decided.collection import collection_of
from tirek.assessment.decided.pseudonyms import pseudonyms
from tirek.assessment.models import AnswerSheet, BookletItem, Item, Sitting, Test
from tirek.assessment.sitting.marking import kind_without_version
from tirek.decisions.rules import rules_in_force
from tirek.registry.models import Institution, InstitutionState, Person, Territory, TerritoryLevel
from tirek_engines.psychometrics import NOT_ANSWERED

SUBJECT = "subject"
CALIBRATION_INPUTS = ("answers", "items", "groups", "collection")
RESULT_INPUTS = ("answers", "items", "places")


def inputs_of(test: Test) -> dict[str, Any]:
    """Answers, items and places as they are now, sorted so that equal contents are equal bytes."""
    with loading():
        items = _items(test)
        sheets = list(
            AnswerSheet.objects.filter(test=test).values_list("person_id", "sitting_id", "booklet_id", "codes")
        )
        names = pseudonyms(test, [sheet[0] for sheet in sheets])
        order = sorted(range(len(sheets)), key=names.__getitem__)
        sheets, names = [sheets[i] for i in order], [names[i] for i in order]
        codes = _matrix(test, sheets, items["item"].to_list())
        answers = pl.DataFrame({SUBJECT: names} | {c: codes[:, j] for j, c in enumerate(items["item"])})
        places = _places(test, sheets, names)
        groups = _groups(test, places, [sheet[0] for sheet in sheets])
        return {
            "answers": answers, "items": items, "places": places, "groups": groups, "collection": collection_of(test),
        }  # fmt: skip


def fresh_inputs(parameters: Mapping) -> dict[str, Any]:
    """For the journal: what the decision would be made from if it were made now."""
    with loading():
        test = Test.objects.get(code=parameters["test"])
        inputs = inputs_of(test)
        if "results" not in parameters:
            return {name: inputs[name] for name in CALIBRATION_INPUTS}
        if not parameters.get("link"):
            return {name: inputs[name] for name in RESULT_INPUTS}
        from tirek.assessment.decided.link_sealing import link_inputs  # it needs this module

        return {name: inputs[name] for name in RESULT_INPUTS} | link_inputs(parameters["link"])


def other_rules(test: Test, day) -> dict[str, dict]:
    """The rules of results lie in three files; the two that a decision does not name are sealed as inputs."""
    with loading():
        names = {"calibration_rules": "assessment.calibration", "scale_rules": "assessment.scale"}
        return {key: rules_in_force(name, day, test.org_lo, test.org_hi).sealable() for key, name in names.items()}


def facts_of(test: Test) -> dict:
    """What a figure says of its test: subject, grade, day, and the ranges of the districts."""
    with loading():
        days = Sitting.objects.filter(test=test).aggregate(last=Max("date"))
        inside = {"org_lo__gte": test.org_lo, "org_hi__lte": test.org_hi, "level": TerritoryLevel.DISTRICT}
        districts = Territory.objects.filter(**inside).values_list("code", "org_lo", "org_hi")
        return {
            "subject": test.subject,
            "grade": test.grade,
            "territory": test.territory.code,
            "level": test.territory.level,
            "day": days["last"].isoformat(),
            "districts": {code: [lo, hi] for code, lo, hi in districts},
        }


def _items(test: Test) -> pl.DataFrame:
    found = Item.objects.filter(test=test).select_related("version__item").order_by("position")
    rows = [(item.code, item.max_score, item.content_area, _kind(item)) for item in found]
    schema = {"item": pl.String, "max_score": pl.Int64, "content_area": pl.String, "kind": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _kind(item: Item) -> str:
    """The kind of answer; empty where nobody has said."""
    if item.version is not None:
        return item.version.item.kind
    return kind_without_version(item) if item.key else ""


def _matrix(test: Test, sheets: list[tuple], items: list[str]) -> np.ndarray:
    """Persons by items; 255 where the item is not in the person's booklet."""
    column = {code: j for j, code in enumerate(items)}
    places: dict[int, list[int]] = {}
    rows = BookletItem.objects.filter(booklet__test=test).order_by("booklet_id", "position")
    for booklet, item in rows.values_list("booklet_id", "item__code"):
        places.setdefault(booklet, []).append(column[item])
    matrix = np.full((len(sheets), len(items)), NOT_ANSWERED, np.uint8)
    by_booklet: dict[int, list[int]] = {}
    for i, sheet in enumerate(sheets):
        by_booklet.setdefault(sheet[2], []).append(i)
    for booklet, rows_of in by_booklet.items():
        packed = b"".join(bytes(sheets[i][3]) for i in rows_of)
        block = np.frombuffer(packed, np.uint8).reshape(len(rows_of), len(places[booklet]))
        matrix[np.ix_(rows_of, places[booklet])] = block
    return matrix


def _places(test: Test, sheets: list[tuple], names: list[str]) -> pl.DataFrame:
    """School, district, kind of settlement and language of each pupil on the day of the sitting."""
    sittings = {
        pk: (institution, org_no, date, language)
        for pk, institution, org_no, date, language in Sitting.objects.filter(test=test).values_list(
            "id", "institution_id", "org_no", "date", "language"
        )
    }
    schools = {institution for institution, *_rest in sittings.values()}
    codes = dict(Institution.objects.filter(pk__in=schools).values_list("id", "code"))
    settlements = _settlements(schools)
    districts = list(
        Territory.objects.filter(level=TerritoryLevel.DISTRICT, org_lo__gte=test.org_lo, org_hi__lte=test.org_hi)
        .order_by("org_lo")
        .values_list("code", "org_lo", "org_hi")
    )
    place_of: dict[int, tuple] = {}
    for pk, (institution, org_no, date, language) in sittings.items():
        settlement = next((k for valid, k in settlements.get(institution, []) if _on(valid, date)), "")
        district = next((code for code, lo, hi in districts if lo <= org_no <= hi), "")
        place_of[pk] = (codes[institution], org_no, district, settlement, language)
    rows = [(name, *place_of[sheet[1]]) for sheet, name in zip(sheets, names, strict=True)]
    schema = {SUBJECT: pl.String, "school": pl.String, "org_no": pl.Int64, "district": pl.String,
              "settlement": pl.String, "language": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _groups(test: Test, places: pl.DataFrame, person_ids: list[int]) -> pl.DataFrame:
    """By what it is asked whether items are fair: language of the test, sex, kind of settlement."""
    sat = AnswerSheet.objects.filter(test=test).values("person_id")
    sexes = dict(Person.objects.filter(pk__in=sat).exclude(sex="").values_list("id", "sex"))
    sex = [sexes.get(pk, "") for pk in person_ids]
    return places.select(SUBJECT, "language", "settlement").with_columns(pl.Series("sex", sex, dtype=pl.String))


def _settlements(schools: set[int]) -> dict[int, list[tuple]]:
    found: dict[int, list[tuple]] = {}
    states = InstitutionState.objects.filter(institution_id__in=schools)
    for institution, valid, kind in states.values_list("institution_id", "valid", "settlement_kind"):
        found.setdefault(institution, []).append((valid, kind))
    return found


def _on(valid, day) -> bool:
    return (valid.lower is None or valid.lower <= day) and (valid.upper is None or day < valid.upper)
