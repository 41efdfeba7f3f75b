"""People of some institutions: learners, staff, guardians, classes and what ties them together. Pure.

Everybody's identifier is right by its check digit and can belong to nobody: the seventh digit, which stands for century and
sex and is 1 to 6 on every issued card, is 8 (female) or 9 (male) here. Birth date and serial number follow from a person's
place in the whole plan, so that any batch of institutions gives the same people whatever was loaded before it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np
import polars as pl

from tirek.registry import identifiers, names
from tirek.site.demo import plan as planning
from tirek.site.demo.plan import Plan
from tirek.site.demo.words import FAMILIES, FEMALE, LETTERS, MALE, SUBJECTS

AGES = np.array([2, 3, 4, 5, *range(6, 17), 17, 18, 19, 20])  # on 1 September, by level of `learners`
CLASS_SIZE = {"school": 27, "small_school": 12, "kindergarten": 24, "college": 25}
YOUNGEST_ADULT, ADULT_YEARS = 24, 41
CATEGORIES = ["teacher", "moderator", "expert", "researcher", "master"]
CATEGORY_SHARES = [0.28, 0.31, 0.24, 0.15, 0.02]
FIRST_DAY = np.datetime64("1970-01-01")


@dataclass(frozen=True)
class Batch:
    """Frames whose ``person``, ``class`` and ``institution`` columns are row numbers in the batch or the plan."""

    persons: pl.DataFrame
    classes: pl.DataFrame
    enrolments: pl.DataFrame
    employments: pl.DataFrame
    teachings: pl.DataFrame
    guardianships: pl.DataFrame


def make_batch(plan: Plan, first: int, last: int) -> Batch:
    """People of the plan's institutions ``first`` to ``last - 1``."""
    rng = [np.random.default_rng([plan.seed, 6, place]) for place in range(first, last)]
    classes, class_of = _classes(plan, first, last)
    learners = _learners(plan, first, last, class_of)
    staff = _staff(plan, first, last, rng)
    guardians, pairs = _guardians(plan, first, last, len(learners), len(staff), learners)
    persons = _named(plan, pl.concat([learners, staff, guardians], how="diagonal"), pairs, first, last)
    return Batch(
        persons, classes, _enrolments(plan, persons, classes, len(learners)),
        _employments(plan, persons, len(learners), len(staff)),
        _teachings(plan, classes, staff, len(learners)), pairs,
    )  # fmt: skip


def _classes(plan: Plan, first: int, last: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Classes, and the class of every learner in order of institution and level."""
    rows, class_of = [], []
    kinds = plan.institutions["kind"][first:last].to_list()
    org_nos = plan.institutions["org_no"][first:last].to_list()
    for place, (kind, org_no) in enumerate(zip(kinds, org_nos, strict=True)):
        for level, count in enumerate(plan.learners[first + place]):
            if not count:
                continue
            number = -(-int(count) // CLASS_SIZE[kind])
            class_of.append(len(rows) + np.arange(count) * number // count)
            grade = level - 3 if 4 <= level <= 14 else (level - 14 if level > 14 else None)
            for order in range(number):
                letter = LETTERS[order % len(LETTERS)] * (1 + order // len(LETTERS))
                letter = f"{level + 2} {letter}" if grade is None else letter
                rows.append((place, org_no, grade, letter, "kk" if (order + place) % 5 else "ru", 1 + (order % 3 == 2)))
    whole, text = pl.Int64, pl.String  # said, not guessed: the first hundred may be kindergartens without a grade
    schema = {"place": whole, "org_no": whole, "grade": whole, "letter": text, "language": text, "shift": whole}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame, np.concatenate(class_of) if class_of else np.zeros(0, dtype=int)


def _learners(plan: Plan, first: int, last: int, class_of: np.ndarray) -> pl.DataFrame:
    counts = plan.learners[first:last]
    place = np.repeat(np.arange(last - first), counts.sum(1))
    level = np.concatenate([np.repeat(np.arange(planning.LEVELS), row) for row in counts]) if len(place) else place
    before = plan.learners[:first].sum(0)
    order = np.zeros(len(place), dtype=np.int64)
    for column in np.unique(level):
        chosen = level == column
        order[chosen] = before[column] + np.arange(chosen.sum())
    start = np.array([np.datetime64(f"{plan.year - age - 1}-09-01") for age in AGES])[level]
    birth = start + (order * 131) % 365
    return _person_columns(place, birth, order // 365).with_columns(
        level=pl.Series(level), class_row=pl.Series(class_of)
    )


def _grown_ups(plan: Plan, counts: np.ndarray, first: int, last: int, offset: int) -> tuple[np.ndarray, pl.DataFrame]:
    place = np.repeat(np.arange(last - first), counts[first:last])
    number = offset + counts[:first].sum() + np.arange(len(place))
    age = YOUNGEST_ADULT + number % ADULT_YEARS
    order = number // ADULT_YEARS
    start = (plan.year - age - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    return number, _person_columns(place, start + (order * 131) % 365, order // 365)


def _person_columns(place: np.ndarray, birth: np.ndarray, serial: np.ndarray) -> pl.DataFrame:
    days = (birth - FIRST_DAY).astype(np.int32)
    return pl.DataFrame({"place": place, "birth_date": pl.Series(days).cast(pl.Date), "serial": serial})


def _staff(plan: Plan, first: int, last: int, rng: list) -> pl.DataFrame:
    _, frame = _grown_ups(plan, plan.staff, first, last, 0)
    counts = plan.staff[first:last]
    rank = np.concatenate([np.arange(count) for count in counts]) if len(frame) else np.zeros(0, dtype=int)
    draws = np.concatenate([r.random((count, 2)) for r, count in zip(rng, counts, strict=True)]) if len(frame) else rank
    kinds = plan.institutions["kind"][first:last].to_numpy()[frame["place"].to_numpy()]
    return frame.with_columns(rank=pl.Series(rank), kind=pl.Series(kinds), draw=draws[:, 0], since=draws[:, 1])


def _guardians(plan: Plan, first: int, last: int, n_learners: int, n_staff: int, learners: pl.DataFrame):
    """A guardian for the first learners of an institution; every third has the next learner as well."""
    _, frame = _grown_ups(plan, plan.guardians, first, last, int(plan.staff.sum()))
    starts = np.concatenate([[0], np.cumsum(plan.learners[first:last].sum(1))])
    counts = plan.guardians[first:last]
    rank = np.concatenate([np.arange(count) for count in counts]) if len(frame) else np.zeros(0, dtype=int)
    total = plan.learners[first:last].sum(1)[frame["place"].to_numpy()]
    child = starts[frame["place"].to_numpy()] + (rank * 3) % np.maximum(total, 1)
    guardian = n_learners + n_staff + np.arange(len(frame))
    second = (rank % 3 == 0) & (rank * 3 + 1 < total)
    rows = pl.DataFrame({"guardian": np.concatenate([guardian, guardian[second]]),
                         "child": np.concatenate([child, child[second] + 1])})  # fmt: skip
    return frame, rows.with_columns(place=learners["place"].gather(rows["child"]))


def _named(plan: Plan, frame: pl.DataFrame, pairs: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Names, identifiers, keys; children share their first guardian's family name."""
    rng = np.random.default_rng([plan.seed, 7, first])
    count = len(frame)
    male = rng.random(count) < 0.5
    family, given = rng.integers(0, len(FAMILIES), count), rng.integers(0, 40, count)
    father = rng.integers(0, len(MALE), count)
    family[pairs["child"].to_numpy()] = family[pairs["guardian"].to_numpy()]
    families = np.array([FAMILIES, [name + "а" for name in FAMILIES]], dtype=object)
    givens = np.array([MALE, FEMALE], dtype=object)
    sex = (~male).astype(int)
    patronymic = np.array([[n + "ұлы" for n in MALE], [n + "қызы" for n in MALE]], dtype=object)[sex, father]
    columns = {"family_name": families[sex, family], "given_name": givens[sex, given], "patronymic": patronymic}
    org_no = plan.institutions["org_no"][first:last].to_numpy()[frame["place"].to_numpy()]
    frame = frame.with_columns(
        **{name: pl.Series(list(values), dtype=pl.String) for name, values in columns.items()},
        sex=pl.Series(np.where(male, "m", "f")), org_no=pl.Series(org_no),
    ).with_columns(person_name=pl.concat_str("family_name", "given_name", "patronymic", separator=" "))  # fmt: skip
    full = frame["person_name"].to_list()
    return frame.with_columns(
        iin=pl.Series(_iins(frame, male)), sort_key=pl.Series(names.sort_keys(full)),
        name_grams=names.grams_many(full), public_id=pl.Series(_uuids(rng, count)),
    )  # fmt: skip


def _iins(frame: pl.DataFrame, male: np.ndarray) -> list[str]:
    days = frame["birth_date"].dt.strftime("%y%m%d").cast(pl.Int64).to_numpy()
    number = (days * 10 + np.where(male, 9, 8)) * 10_000 + frame["serial"].to_numpy()
    digits = _spread(number)
    check = identifiers.check_digits(digits)
    refused = check == identifiers.NEVER_ISSUED  # 5000 more gives another first remainder, never 10 again
    number = number + np.where(refused, 5000, 0)
    check = np.where(refused, identifiers.check_digits(_spread(number)), check)
    return pl.Series(number * 10 + check).cast(pl.String).str.zfill(12).to_list()


def _spread(number: np.ndarray) -> np.ndarray:
    return (number[:, None] // 10 ** np.arange(10, -1, -1) % 10).astype(np.uint8)


def _uuids(rng: np.random.Generator, count: int) -> list[str]:
    return [str(uuid.UUID(bytes=row.tobytes(), version=4)) for row in rng.integers(0, 256, (count, 16), dtype=np.uint8)]


def _enrolments(plan: Plan, persons: pl.DataFrame, classes: pl.DataFrame, n_learners: int) -> pl.DataFrame:
    frame = persons.head(n_learners).select("place", "org_no", "person_name", "sort_key", "class_row")
    grade = classes["grade"].gather(frame["class_row"])
    return frame.with_columns(person=pl.int_range(pl.len()), grade=grade, valid=pl.lit(f"[{plan.starts_on},)"),
                              entry_reason=pl.lit(""), exit_reason=pl.lit(""))  # fmt: skip


def _employments(plan: Plan, persons: pl.DataFrame, n_learners: int, n_staff: int) -> pl.DataFrame:
    frame = persons.slice(n_learners, n_staff).select(
        "place", "org_no", "person_name", "sort_key", "rank", "kind", "draw", "since", "birth_date"
    )
    teaches = pl.col("kind").is_in(["school", "small_school", "college"])
    position = (
        pl.when(pl.col("rank") == 0).then(pl.lit("head"))
        .when(pl.col("kind") == "department").then(pl.lit("officer"))
        .when(pl.col("rank") == 1).then(pl.lit("psychologist"))
        .when(teaches).then(pl.lit("teacher"))
        .when(pl.col("kind") == "kindergarten").then(pl.lit("educator"))
        .otherwise(pl.lit("methodologist"))
    )  # fmt: skip
    bounds = np.cumsum(CATEGORY_SHARES)[:-1]
    category = np.array(CATEGORIES)[np.searchsorted(bounds, frame["draw"].to_numpy())]
    grown_up = frame["birth_date"].dt.year().to_numpy() + 22
    years = np.maximum((plan.year - 1 - frame["since"].to_numpy() ** 2 * 18).astype(int), grown_up)
    frame = frame.with_columns(position=position, years=pl.Series(years), drawn=pl.Series(category))
    subject = pl.Series([SUBJECTS[rank % len(SUBJECTS)] for rank in frame["rank"]], dtype=pl.String)
    is_teacher = pl.col("position") == "teacher"
    return frame.with_columns(
        person=pl.int_range(pl.len()) + n_learners, subject=pl.when(is_teacher).then(subject).otherwise(pl.lit("")),
        category=pl.when(is_teacher).then(pl.col("drawn")).otherwise(pl.lit("")),
        rate=pl.lit("1.00"), is_main=pl.lit(True), valid=pl.format("[{}-08-25,)", "years"),
    ).select("place", "org_no", "person", "person_name", "sort_key", "position", "subject", "category", "rate", "is_main",
             "valid")  # fmt: skip


def _teachings(plan: Plan, classes: pl.DataFrame, staff: pl.DataFrame, n_learners: int) -> pl.DataFrame:
    """A class teacher each, and some of the class's subjects, spread over the institution's teachers."""
    per_class = plan.scale.teachings_per_class
    rows = classes.with_row_index("class_row").with_columns(order=pl.int_range(pl.len()).over("place"))
    spans = staff.with_row_index("row").group_by("place").agg(start=pl.col("row").min(), count=pl.len())
    rows = rows.join(spans, on="place", how="inner").filter(pl.col("count") > 2)
    lessons = rows.join(pl.DataFrame({"lesson": np.arange(per_class)}), how="cross").sort("class_row", "lesson")
    turn = (pl.col("order") + pl.col("lesson") * 16) % (pl.col("count") - 2) + 2
    subjects = pl.Series(SUBJECTS)
    taught = subjects.gather(lessons.select(turn % len(SUBJECTS)).to_series())
    in_kindergarten = pl.col("grade").is_null()
    return lessons.with_columns(person=pl.col("start").cast(pl.Int64) + turn + n_learners, turn=turn).with_columns(
        subject=pl.when(in_kindergarten).then(pl.lit("")).otherwise(pl.lit(taught)), is_class_teacher=pl.col("lesson") == 0,
        valid=pl.lit(f"[{plan.starts_on},)"),
    ).unique(["class_row", "person"], keep="first", maintain_order=True).select(
        "org_no", "person", "class_row", "subject", "is_class_teacher", "valid")  # fmt: skip
