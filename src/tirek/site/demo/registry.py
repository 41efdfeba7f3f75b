"""Rows of territories, institutions, buildings and rooms, as the tables want them. Pure."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from tirek.registry import identifiers, names
from tirek.site.demo import plan as planning
from tirek.site.demo.plan import COUNSEL, GARDEN, SCHOOL, SMALL, Plan
from tirek.site.demo.words import NATURE

ONLINE_SINCE = dt.date(2024, 1, 15)  # satellite terminals and fibre: 19 % of schools well connected before, 95 % after
SUPPORT_SINCE = dt.date(2024, 4, 1)
SURVEYED_ON_MONTH_DAY = (10, 15)
NAMES = {
    "kk": {
        "school": "№ {n} «{w}» мектебі", "small_school": "№ {n} «{w}» шағын жинақты мектебі",
        "kindergarten": "№ {n} «{w}» балабақшасы", "counselling_centre": "№ {n} «{w}» кеңес беру орталығы",
        "college": "№ {n} «{w}» колледжі", "camp": "«{w}» балалар лагері", "department": "{p}: білім басқармасы",
        "psychological_centre": "{p}: психологиялық қолдау орталығы", "training_centre": "{p}: біліктілікті арттыру орталығы",
    },
    "ru": {
        "school": "Школа № {n} «{w}»", "small_school": "Малокомплектная школа № {n} «{w}»",
        "kindergarten": "Детский сад № {n} «{w}»", "counselling_centre": "Консультационный пункт № {n} «{w}»",
        "college": "Колледж № {n} «{w}»", "camp": "Детский лагерь «{w}»", "department": "{p}: управление образования",
        "psychological_centre": "{p}: центр психологической поддержки", "training_centre": "{p}: центр повышения квалификации",
    },
    "en": {
        "school": "School No. {n} “{w}”", "small_school": "Small School No. {n} “{w}”",
        "kindergarten": "Kindergarten No. {n} “{w}”", "counselling_centre": "Counselling Centre No. {n} “{w}”",
        "college": "College No. {n} “{w}”", "camp": "Children's Camp “{w}”", "department": "{p}: Education Department",
        "psychological_centre": "{p}: Psychological Support Centre", "training_centre": "{p}: Training Centre",
    },
}  # fmt: skip


def territories(plan: Plan) -> pl.DataFrame:
    keep = [c for c in plan.territories.columns if c not in ("schools", "support", "weight", "order", "parent")]
    frame = plan.territories.select("parent", *keep)
    return frame.with_columns(
        sort_key=pl.Series([names.sort_key(n) for n in frame["name_kk"]]), valid=pl.lit("[1997-05-08,)")
    )


def institutions(plan: Plan) -> pl.DataFrame:
    rng = np.random.default_rng([plan.seed, 2])
    frame = plan.institutions
    opened = pl.Series(rng.integers(1962, 2019, len(frame))).cast(pl.String)
    return frame.select("code", "org_no", "kind").with_columns(
        bin=pl.Series(_bins(len(frame))), open_period="[" + opened + "-09-01,)"
    )


def _bins(count: int) -> list[str]:
    """Fifth digit 9, which is not in use: nobody's real number. The check digit is right."""
    found: list[str] = []
    for serial in range(1, 2 * count + 2):
        found += identifiers.valid_iins([f"00019{serial:06d}"])
        if len(found) == count:
            break
    return found


def states(plan: Plan) -> pl.DataFrame:
    """A state before the schools were connected, one after, and one as a support school."""
    rng = np.random.default_rng([plan.seed, 3])
    frame, count = plan.institutions, len(plan.institutions)
    kind = frame["kind"].to_numpy()
    base = frame.select("code", "org_no", "territory", "kind", "is_support").with_columns(
        **_names(frame, rng),
        settlement_kind=pl.when(frame["is_rural"]).then(pl.lit("rural")).otherwise(pl.lit("urban")),
        is_public=pl.Series(~np.isin(kind, [GARDEN, COUNSEL]) | (rng.random(count) < 0.45)),
        languages=pl.Series(rng.choice(["{kk}", "{kk}", "{kk}", "{mixed}", "{kk,ru}", "{ru}"], count)),
        address=frame["place_kk"],
        longitude=pl.Series((frame["longitude"].to_numpy() + rng.normal(0, 0.015, count)).round(5)),
        latitude=pl.Series((frame["latitude"].to_numpy() + rng.normal(0, 0.010, count)).round(5)),
        capacity=pl.Series(_capacity(plan, rng)),
        heating=pl.Series(_heating(frame["is_rural"].to_numpy(), rng)),
        opened=institutions(plan)["open_period"].str.slice(1, 10),
    )
    return _periods(base, rng)


def _names(frame: pl.DataFrame, rng: np.random.Generator) -> dict[str, pl.Series]:
    words = rng.integers(0, len(NATURE), len(frame))
    made: dict[str, list[str]] = {"name_kk": [], "name_ru": [], "name_en": []}
    for row, word in zip(frame.iter_rows(named=True), words, strict=True):
        for place, language in enumerate(("kk", "ru", "en")):
            text = NAMES[language][row["kind"]]
            filled = text.format(n=row["number"], w=NATURE[word][place], p=row[f"place_{language}"])
            made[f"name_{language}"].append(filled)
    made["sort_key"] = [names.sort_key(name) for name in made["name_kk"]]
    return {column: pl.Series(values) for column, values in made.items()}


def _capacity(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    learners = plan.learners.sum(1)
    return np.where(learners > 0, (learners * rng.uniform(0.75, 1.25, len(learners)) / 10).round() * 10, 0).astype(int)


def _heating(rural: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    town = rng.choice(["central", "gas"], len(rural), p=[0.8, 0.2])
    village = rng.choice(["gas", "coal", "liquid", "electric"], len(rural), p=[0.62, 0.28, 0.06, 0.04])
    return np.where(rural, village, town)


def _periods(base: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    count = len(base)
    rural = (base["settlement_kind"] == "rural").to_numpy()
    good_before, good_after = rng.random(count) < 0.19, rng.random(count) < 0.95
    before = np.where(good_before & ~rural, "fibre", np.where(rng.random(count) < 0.6, "mobile", "none"))
    after = np.where(good_after, np.where(rural & (rng.random(count) < 0.7), "satellite", "fibre"), "mobile")
    speeds = {"none": 0.0, "mobile": 8.0, "satellite": 120.0, "fibre": 100.0}
    stages = [
        (base, base["opened"], str(ONLINE_SINCE), before, False),
        (base, pl.Series([str(ONLINE_SINCE)] * count), None, after, False),
        (base, pl.Series([str(SUPPORT_SINCE)] * count), "", after, True),
    ]
    frames = []
    for frame, starts, ends, connection, is_support in stages:
        chosen = frame["is_support"] if is_support else pl.Series([True] * count)
        end = pl.Series([str(SUPPORT_SINCE) if s and ends is None else (ends or "") for s in frame["is_support"]])
        made = frame.with_columns(
            valid="[" + starts + "," + end + ")",
            connectivity=pl.Series(connection),
            speed_mbps=pl.Series([speeds[c] for c in connection]),
            is_support_school=pl.lit(is_support),
        )
        frames.append(made.filter(chosen))
    return pl.concat(frames).drop("is_support", "opened", "kind")


def buildings(plan: Plan) -> pl.DataFrame:
    """One building each, and a second one for large schools."""
    rng = np.random.default_rng([plan.seed, 4])
    pupils = plan.learners.sum(1)
    first = plan.institutions.select("code", "org_no", "longitude", "latitude", "is_rural", address="place_kk")
    first = first.with_columns(number=pl.lit(1), pupils=pl.Series(pupils))
    second = first.filter(pl.col("pupils") > 1100).with_columns(number=pl.lit(2))
    frame = pl.concat([first, second]).sort("org_no", "number")
    count = len(frame)
    return frame.with_columns(
        institution_code="code", code=pl.format("{}", "number"), name=pl.format("{}-ғимарат", "number"),
        built_year=pl.Series(rng.integers(1958, 2024, count)), floors=pl.Series(rng.integers(1, 4, count)),
        area_m2=pl.Series((300 + frame["pupils"].to_numpy() * rng.uniform(4, 8, count)).round()),
        heating=pl.Series(_heating(frame["is_rural"].to_numpy(), rng)), valid=pl.lit("[1997-05-08,)"),
    ).drop("is_rural", "pupils", "number")  # fmt: skip


ALWAYS = ("library", "gym", "canteen", "teachers", "psychologist")
SUPPORT_ROOMS = ("stem", "robotics", "inclusive", "art_studio", "tv_studio", "recreation")


def rooms(plan: Plan) -> pl.DataFrame:
    """Rooms by the institution's size; in support schools the new rooms too. Rural rooms are in poorer condition."""
    rng = np.random.default_rng([plan.seed, 5])
    rows = [_rooms_of(i, row, plan.learners[i]) for i, row in enumerate(plan.institutions.iter_rows(named=True))]
    purposes = [purpose for row in rows for purpose in row]
    counts = [len(row) for row in rows]
    where = np.repeat(np.arange(len(rows)), counts)
    number = np.concatenate([np.arange(count) for count in counts]) if len(where) else where
    floor = number // 12 + 1
    rural = plan.institutions["is_rural"].to_numpy()[where]
    draw = rng.random(len(where)) + 0.12 * rural - 0.5 * np.isin(purposes, SUPPORT_ROOMS)
    steps = np.array(["good", "fair", "poor", "unusable"])
    surveyed = dt.date(plan.year - 1, *SURVEYED_ON_MONTH_DAY)
    return plan.institutions.select("code", "org_no")[where].with_columns(
        number=pl.Series([f"{f}{n % 12 + 1:02d}" for f, n in zip(floor, number, strict=True)]),
        name=pl.lit(""), purpose=pl.Series(purposes, dtype=pl.String), floor=pl.Series(floor),
        area_m2=pl.Series(rng.uniform(24, 72, len(where)).round(1)), places=pl.Series(rng.integers(12, 31, len(where))),
        condition=pl.Series(steps[np.searchsorted([0.52, 0.84, 1.06], draw)]), condition_date=pl.lit(surveyed),
        valid=pl.lit("[2015-09-01,)"),
    )  # fmt: skip


def _rooms_of(index: int, row: dict, learners: np.ndarray) -> list[str]:
    count = int(learners.sum())
    if row["kind"] in (SCHOOL, SMALL):
        small = max(1, int(learners[planning.GRADES][:4].sum()) // 45)
        subject = max(2, int(learners[planning.GRADES][4:].sum()) // 50)
        found = ["elementary"] * small + ["subject"] * subject + list(ALWAYS)
        found += ["laboratory"] * (1 + count // 900) if row["kind"] == SCHOOL else []
        return found + list(SUPPORT_ROOMS if row["is_support"] else SUPPORT_ROOMS[: index % 2])
    if row["kind"] == GARDEN:
        return (
            ["group"] * max(2, count // 22)
            + ["psychologist", "speech_therapy", "canteen"]
            + ["montessori"] * (index % 3 == 0)
        )
    return (
        ["subject"] * 6 + ["workshop"] * 3 + ["library", "canteen", "gym"]
        if row["kind"] == planning.COLLEGE
        else ["other"] * 2
    )
