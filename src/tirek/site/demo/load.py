"""The demonstration into the database: COPY into temporary tables, then INSERT ... SELECT as the loader.

Two stages. *registry*: territories, institutions, buildings, rooms: one transaction, what the first page needs. *people*: in
batches of whole institutions, each a transaction that ends with the institutions' headcounts; so a batch with
headcounts is done, and a load that was interrupted goes on where it stopped. Nothing is ever loaded twice.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pgtrigger
import polars as pl
from django.db import connection, connections
from django.utils import timezone

from tirek.access.scope import loading
from tirek.registry.models import Headcount, Institution, InstitutionState, SchoolYear, Territory
from tirek.registry.queries import people as people_queries
from tirek.registry.services.counts import recount
from tirek.site.demo import people, registry
from tirek.site.demo.plan import SCALES, Plan, make_plan
from tirek.storage import secrets
from tirek_engines.errors import Refusal

BATCH_PEOPLE = 60_000
AUDITED_PEOPLE = 250_000  # larger loads leave no "created" row a person in the history
INDEX_LATER_PEOPLE = 50_000  # larger loads build the search index once, at the end
Progress = Callable[[int, int, str], None]


class DemonstrationRefused(Refusal):
    code = "demonstration_refused"


@dataclass(frozen=True)
class Loaded:
    """What a call of :func:`load` did."""

    plan: Plan
    institutions: int
    people: int
    is_complete: bool


def load(
    *,
    scale: str = "mangystau",
    seed: int = 1,
    stage: str = "all",
    year: int | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Load the registry, the people, or both. A complete load is left as it is; one of another kind is refused."""
    tell = progress or (lambda done, total, message: None)
    with loading():
        found = people_queries.school_year(on=dt.date.max)
        plan = make_plan(scale, seed, year or (found.starts_on.year if found else _year_of(timezone.localdate())))
        present = _compare(plan)
    if not present:
        load_registry(plan, tell)
    people_loaded = load_people(plan, tell) if stage != "registry" else 0
    with loading():
        complete = Headcount.objects.count() >= len(plan.institutions)
    return Loaded(plan, 0 if present else len(plan.institutions), people_loaded, complete)


def _year_of(day: dt.date) -> int:
    return day.year if day.month >= 8 else day.year - 1


def _compare(plan: Plan) -> bool:
    """Whether exactly this plan's institutions are there; False for an empty register."""
    have = set(InstitutionState.objects.values_list("institution__code", "institution__kind", "name_kk"))
    if not have and not Territory.objects.exists():
        return False
    wanted = registry.states(plan).join(plan.institutions.select("code", "kind"), on="code")
    if not have >= set(wanted.select("code", "kind", "name_kk").iter_rows()):
        raise DemonstrationRefused(
            "The register already holds other territories or institutions, or a demonstration of another size or seed. "
            "Load the demonstration into an empty database, or repeat the size and seed that were loaded first."
        )
    return True


def load_registry(plan: Plan, tell: Progress) -> None:
    """Everything but people, in one transaction."""
    steps = 6
    with loading(), connection.cursor() as cursor:
        tell(0, steps, "territories")
        territory_ids = _territories(cursor, plan)
        tell(1, steps, "school years")
        _school_years(plan)
        tell(2, steps, "institutions")
        ids = _insert(cursor, "registry_institution", registry.institutions(plan))
        institution_ids = dict(zip(plan.institutions["code"], ids, strict=True))
        states = registry.states(plan)
        states = states.with_columns(
            institution_id=_look_up(states["code"], institution_ids),
            territory_id=_look_up(states["territory"], territory_ids),
        )
        _insert(cursor, "registry_institutionstate", states.drop("code", "territory"))
        tell(4, steps, "buildings and rooms")
        _buildings_and_rooms(cursor, plan, institution_ids)
    _analyze()
    tell(steps, steps, "registry")


def _territories(cursor, plan: Plan) -> dict[str, int]:
    frame = registry.territories(plan)
    ids = _allocate(cursor, "registry_territory", len(frame))
    known = dict(zip(frame["code"], ids.tolist(), strict=True))
    parents = pl.Series([known.get(code) for code in frame["parent"]], dtype=pl.Int64)
    _insert(cursor, "registry_territory", frame.drop("parent").with_columns(parent_id=parents), ids)
    return known


def _school_years(plan: Plan) -> None:
    for year in range(plan.year - 3, plan.year + 1):
        days = {"starts_on": dt.date(year, 9, 1), "ends_on": dt.date(year + 1, 5, 25)}
        SchoolYear.objects.get_or_create(code=f"{year}-{year + 1}", defaults=days)


def _buildings_and_rooms(cursor, plan: Plan, institution_ids: dict[str, int]) -> None:
    buildings = registry.buildings(plan)
    owner = _look_up(buildings["institution_code"], institution_ids)
    ids = _insert(cursor, "registry_building", buildings.drop("institution_code").with_columns(institution_id=owner))
    first = dict(zip(buildings["institution_code"].reverse(), reversed(ids.tolist()), strict=True))
    rooms = registry.rooms(plan)
    rooms = rooms.with_columns(
        institution_id=_look_up(rooms["code"], institution_ids), building_id=_look_up(rooms["code"], first)
    )
    _insert(cursor, "registry_room", rooms.drop("code"))


def batches(plan: Plan) -> list[tuple[int, int]]:
    """Neighbouring institutions, some tens of thousands of people at a time; the same for the same plan."""
    people_of = plan.learners.sum(1) + plan.staff + plan.guardians
    number = np.cumsum(people_of) // BATCH_PEOPLE
    starts = np.flatnonzero(np.diff(number, prepend=-1)).tolist()
    return list(zip(starts, [*starts[1:], len(people_of)], strict=True))


def load_people(plan: Plan, tell: Progress) -> int:
    """People of the institutions that have no headcount yet. Gives how many were loaded."""
    with loading():
        done = set(Headcount.objects.values_list("org_no", flat=True))
        ids = dict(Institution.objects.values_list("org_no", "id"))
        year_id = SchoolYear.objects.get(code=f"{plan.year}-{plan.year + 1}").pk
    org_nos = plan.institutions["org_no"].to_list()
    wanted = [part for part in batches(plan) if not done.issuperset(org_nos[slice(*part)])]
    total = int(plan.learners.sum() + plan.staff.sum() + plan.guardians.sum())
    is_bulk = total > AUDITED_PEOPLE
    loaded = 0
    with _search_index_later(bool(wanted) and total > INDEX_LATER_PEOPLE):
        for first, last in wanted:
            batch = people.make_batch(plan, first, last)
            quiet = pgtrigger.ignore() if is_bulk else contextlib.nullcontext()
            with loading(), quiet, connection.cursor() as cursor:
                _load_batch(cursor, plan, batch, (first, last), ids, year_id)
            loaded += len(batch.persons)
            tell(loaded, total, "people")
    if wanted:
        _analyze()
    elif total > INDEX_LATER_PEOPLE:
        _restore_search_index()
    return loaded


def _restore_search_index() -> None:
    """Where a load was killed between its last person and the index."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('person_grams') is null")
        is_missing = cursor.fetchone()[0]
    if is_missing:
        _build_search_index()


def _load_batch(cursor, plan: Plan, batch: people.Batch, part: tuple[int, int], ids: dict, year_id: int) -> None:
    institution = pl.Series([ids[org_no] for org_no in plan.institutions["org_no"][slice(*part)]])
    person = pl.Series(_insert_persons(cursor, batch.persons))
    classes = batch.classes.with_columns(
        institution_id=institution.gather(batch.classes["place"]), school_year_id=pl.lit(year_id)
    )
    group = pl.Series(_insert(cursor, "registry_classgroup", classes.drop("place")))

    def tied(frame: pl.DataFrame) -> pl.DataFrame:
        made = {"person_id": person.gather(frame["person"])}
        if "place" in frame.columns:
            made["institution_id"] = institution.gather(frame["place"])
        if "class_row" in frame.columns:
            made["class_group_id"] = group.gather(frame["class_row"])
        return frame.with_columns(**made).drop("person", "place", "class_row", strict=False)

    _insert(cursor, "registry_enrolment", tied(batch.enrolments))
    _insert(cursor, "registry_employment", tied(batch.employments))
    _insert(cursor, "registry_teaching", tied(batch.teachings))
    pairs = batch.guardianships
    org_no = plan.institutions["org_no"][slice(*part)].gather(pairs["place"])
    _insert(cursor, "registry_guardianship", pl.DataFrame({
        "guardian_id": person.gather(pairs["guardian"]), "child_id": person.gather(pairs["child"]), "org_no": org_no,
        "kind": ["parent"] * len(pairs), "valid": [f"[{plan.year - 1}-09-01,)"] * len(pairs),
    }))  # fmt: skip
    _headcounts(cursor, plan, batch, part, institution)


def _insert_persons(cursor, frame: pl.DataFrame) -> np.ndarray:
    iins = frame["iin"].to_list()
    sealed = ["\\x" + value.hex() for value in secrets.encrypt_many(iins)]
    hashed = ["\\x" + value.hex() for value in secrets.keyed_hash_many(iins)]
    grams = "{" + frame["name_grams"].list.unique().cast(pl.List(pl.String)).list.join(",") + "}"
    columns = ("public_id", "family_name", "given_name", "patronymic", "birth_date", "sex", "sort_key", "org_no")
    rows = frame.select(*columns).with_columns(
        iin_encrypted=pl.Series(sealed), iin_hash=pl.Series(hashed), name_grams=grams
    )
    return _insert(cursor, "registry_person", rows)


def _headcounts(cursor, plan: Plan, batch: people.Batch, part: tuple[int, int], institution: pl.Series) -> None:
    teachers = batch.employments.filter(pl.col("position") == "teacher")["place"].value_counts()
    counted = dict(teachers.iter_rows())
    first, last = part
    numbers = plan.institutions["org_no"][first:last]
    # somebody may have worked with an institution before its people came: then its count is made anew
    early = list(Headcount.objects.filter(org_no__in=numbers.to_list()).values_list("org_no", flat=True))
    Headcount.objects.filter(org_no__in=early).delete()
    _insert(cursor, "registry_headcount", pl.DataFrame({
        "institution_id": institution, "org_no": numbers,
        "pupils": plan.learners[first:last].sum(1), "staff": plan.staff[first:last],
        "teachers": [counted.get(place, 0) for place in range(last - first)],
        "counted_at": [timezone.now().isoformat()] * (last - first),
    }), np.zeros(0))  # fmt: skip
    recount(early)


def _look_up(codes: pl.Series, ids: dict[str, int]) -> pl.Series:
    return codes.replace_strict(ids, return_dtype=pl.Int64)


def _allocate(cursor, table: str, count: int) -> np.ndarray:
    cursor.execute("select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)", [table, count])
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def _insert(cursor, table: str, frame: pl.DataFrame, ids: np.ndarray | None = None) -> np.ndarray:
    """Insert a frame whose columns are the table's; gives the new rows' ids in the frame's order."""
    if ids is None:
        ids = _allocate(cursor, table, len(frame))
    if len(ids):
        frame = frame.with_columns(id=pl.Series(ids))
    columns = ", ".join(f'"{column}"' for column in frame.columns)
    cursor.execute(f"create temporary table stage (like {table}) on commit drop")
    with cursor.copy(f"copy stage ({columns}) from stdin (format csv)") as copy:
        for part in frame.iter_slices(100_000):
            copy.write(part.write_csv(include_header=False).encode())
    cursor.execute(f"insert into {table} ({columns}) select {columns} from stage")  # noqa: S608
    cursor.execute("drop table stage")
    return ids


def _analyze() -> None:
    """Statistics for the planner, by the owner of the tables."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("analyze")


@contextlib.contextmanager
def _search_index_later(is_large: bool) -> Iterator[None]:
    """Building the trigram index once is many times quicker than growing it a person at a time."""
    if is_large:
        with connections["owner"].cursor() as cursor:
            cursor.execute("drop index if exists person_grams")
    try:
        yield
    finally:
        if is_large:
            _build_search_index()


def _build_search_index() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("set maintenance_work_mem = '1GB'")
        cursor.execute(
            "create index if not exists person_grams on registry_person using gin"
            " (registry_placed_grams(name_grams, org_no)) with (fastupdate = on, gin_pending_list_limit = 1024)"
        )
        cursor.execute("vacuum analyze")


def scales() -> list[str]:
    return list(SCALES)
